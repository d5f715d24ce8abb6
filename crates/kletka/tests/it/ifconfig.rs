//! ifconfig(8) on the kernel: every verb, in the words of FreeBSD.

use crate::sandbox::Sandbox;
use crate::session;

/// The lines of the article's jail.conf, verbatim but for the vlan, which not every kernel has: here
/// `re0.7` is the end of a cable.
#[test]
fn the_article() {
    let Some(sandbox) = Sandbox::new() else { return };
    sandbox.ok("ifconfig epair70 create; ifconfig epair70a name re0.7");
    session::check(
        &sandbox,
        "\
$ ifconfig epair1 create
epair1a
$ ifconfig bridge1 create
$ ifconfig re0.7 up
$ ifconfig epair1a up descr 'jail samba side of the epair'
$ ifconfig bridge1 up addm re0.7 addm epair1a descr 'bridge for the jail samba'
$ ifconfig epair1b 192.168.1.240/24 up descr 'jail side of the epair only visible in the jail'
$ ifconfig epair1b
epair1b: flags=1008843<UP,BROADCAST,RUNNING,SIMPLEX,MULTICAST,LOWER_UP> metric 0 mtu 1500
	description: jail side of the epair only visible in the jail
	ether xx:xx:xx:xx:xx:xx
	inet 192.168.1.240 netmask 0xffffff00 broadcast 192.168.1.255
	groups: epair
	media: Ethernet 10Gbase-T (10Gbase-T <full-duplex>)
	status: active
$ ifconfig bridge1
bridge1: flags=1008843<UP,BROADCAST,RUNNING,SIMPLEX,MULTICAST,LOWER_UP> metric 0 mtu 1500
	description: bridge for the jail samba
	ether xx:xx:xx:xx:xx:xx
	id xx:xx:xx:xx:xx:xx priority 32768 hellotime 2 fwddelay 15
	maxage 20 holdcnt 1 proto stp maxaddr 0 timeout 300
	root id xx:xx:xx:xx:xx:xx priority 32768 ifcost 0 port 0
	member: re0.7 flags=3<LEARNING,DISCOVER>
	        ifmaxaddr 0 port 1 priority 32 path cost 2
	member: epair1a flags=3<LEARNING,DISCOVER>
	        ifmaxaddr 0 port 2 priority 32 path cost 2
	groups: bridge
$ ifconfig bridge1 deletem epair1a deletem re0.7
$ ifconfig epair1a destroy
$ ifconfig bridge1 destroy
$ ifconfig re0.7 destroy
$ ifconfig -l
lo0
",
    );
}

#[test]
fn names_and_numbers() {
    let Some(sandbox) = Sandbox::new() else { return };
    session::check(
        &sandbox,
        "\
$ ifconfig epair create
epair0a
$ ifconfig epair create
epair1a
$ ifconfig epair0 create
ifconfig: interface epair0 already exists
[1]
$ ifconfig epair0a destroy
$ ifconfig epair create descr first up
epair0a
$ ifconfig epair create name wan
wan
$ ifconfig bridge create
bridge0
$ ifconfig bridge0 create
ifconfig: interface bridge0 already exists
[1]
$ ifconfig bridge0 create up
$ ifconfig bridge create addm wan mtu 1400
bridge1
$ ifconfig -g epair
epair1a
epair1b
epair0a
epair0b
wan
epair2b
$ ifconfig -l
lo0 epair1a epair1b epair0a epair0b wan epair2b bridge0 bridge1
$ ifconfig -lu
lo0 epair0a bridge0
$ ifconfig -l inet
lo0
$ ifconfig wan name bridge0
ifconfig: ioctl (set name): File exists
[1]
$ ifconfig epair1234567890 create
ifconfig: SIOCIFCREATE2 (epair1234567890): Invalid argument
[1]
$ ifconfig tap0 create
ifconfig: SIOCIFCREATE2 (tap0): Invalid argument (what can be created: epairN, bridgeN, vlanN, IF.TAG)
[1]
$ ifconfig vlan7 create
ifconfig: SIOCIFCREATE2 (vlan7): Invalid argument (on Linux a vlan is made whole: create vlan TAG vlandev IF)
[1]
$ ifconfig bridge0 destroy; ifconfig bridge1 destroy; ifconfig epair0b destroy
$ ifconfig epair1a destroy; ifconfig wan destroy; ifconfig -l
lo0
$ ifconfig -C
bridge epair vlan
",
    );
}

#[test]
fn addresses() {
    let Some(sandbox) = Sandbox::new() else { return };
    sandbox.ok("ifconfig epair1 create; ifconfig epair1b up");
    session::check(
        &sandbox,
        "\
$ ifconfig epair1a inet 10.0.0.1 netmask 255.255.255.0
$ ifconfig epair1a 10.0.0.2/24
$ ifconfig epair1a inet 10.0.0.3/32 alias
$ ifconfig epair1a alias 10.1.0.1 netmask 0xffff0000 broadcast 10.1.0.255
$ ifconfig epair1a inet6 fd00::5 prefixlen 48
$ ifconfig epair1a inet6 fd00:1::5/128 alias
$ ifconfig epair1a ether 02:00:5e:00:00:0a mtu 1400 -descr
$ ifconfig epair1a inet
epair1a: flags=1008843<UP,BROADCAST,RUNNING,SIMPLEX,MULTICAST,LOWER_UP> metric 0 mtu 1400
	inet 10.0.0.2 netmask 0xffffff00 broadcast 10.0.0.255
	inet 10.0.0.3 netmask 0xffffffff
	inet 10.1.0.1 netmask 0xffff0000 broadcast 10.1.0.255
$ ifconfig epair1a inet6 | sed 's/ tentative//' | sort
	inet6 fd00:1::5 prefixlen 128
	inet6 fd00::5 prefixlen 48
epair1a: flags=1008843<UP,BROADCAST,RUNNING,SIMPLEX,MULTICAST,LOWER_UP> metric 0 mtu 1400
$ ifconfig epair1a ether
epair1a: flags=1008843<UP,BROADCAST,RUNNING,SIMPLEX,MULTICAST,LOWER_UP> metric 0 mtu 1400
	ether 02:00:5e:00:00:0a
$ ifconfig epair1a -alias 10.0.0.3
$ ifconfig epair1a inet delete
$ ifconfig epair1a inet6 fd00::5 delete
$ ifconfig epair1a inet 10.0.0.3 delete
ifconfig: ioctl (SIOCDIFADDR): Can't assign requested address
[1]
$ ifconfig epair1a down; ifconfig epair1a inet
epair1a: flags=8802<BROADCAST,SIMPLEX,MULTICAST> metric 0 mtu 1400
	inet 10.1.0.1 netmask 0xffff0000 broadcast 10.1.0.255
$ ifconfig epair1a 192.168.7.1
ifconfig: WARNING: setting interface address without mask is deprecated,
default mask may not be correct.
$ ifconfig epair1a inet | grep inet
	inet 192.168.7.1 netmask 0xffffff00 broadcast 192.168.7.255
$ ifconfig lo0 127.0.0.9 alias; ifconfig lo0 inet | grep 127.0.0.9
	inet 127.0.0.9 netmask 0xff000000
$ ifconfig epair1a destroy
",
    );
}

#[test]
fn what_the_kernel_refuses() {
    let Some(sandbox) = Sandbox::new() else { return };
    sandbox.ok(
        "ifconfig epair1 create; ifconfig bridge1 create addm epair1a; ifconfig bridge2 create",
    );
    session::check(
        &sandbox,
        "\
$ ifconfig epair9a
ifconfig: interface epair9a does not exist
[1]
$ ifconfig epair9a up
ifconfig: interface epair9a does not exist
[1]
$ ifconfig epair9a destroy
ifconfig: interface epair9a does not exist
[1]
$ ifconfig bridge1234567890
ifconfig: interface bridge1234567890 does not exist
[1]
$ ifconfig bridge1234567890 up
ifconfig: bridge1234567890: interface name too long
[1]
$ ifconfig lo0 destroy
ifconfig: SIOCIFDESTROY: Invalid argument
[1]
$ ifconfig bridge1 addm re9
ifconfig: BRDGADD re9: No such file or directory
[1]
$ ifconfig bridge1 addm epair1a
ifconfig: BRDGADD epair1a: File exists (Interface is already a member of this bridge)
[1]
$ ifconfig bridge2 addm epair1a
ifconfig: BRDGADD epair1a: Device busy (Interface is already a member of another bridge)
[1]
$ ifconfig epair1b addm epair1a
ifconfig: BRDGADD epair1a: Invalid argument (addm is for bridges)
[1]
$ ifconfig bridge2 deletem epair1a
ifconfig: BRDGDEL epair1a: No such file or directory
[1]
$ ifconfig epair1b ether 01:00:5e:00:00:01
ifconfig: ioctl (SIOCAIFADDR): Can't assign requested address
[1]
$ ifconfig epair1b mtu 20
ifconfig: ioctl (set mtu): Invalid argument
[1]
$ ifconfig vlan7 create vlan 7 vlandev re9
ifconfig: SIOCIFCREATE2 (vlan7): Device not configured (the parent interface does not exist)
[1]
$ ifconfig bridge1 destroy; ifconfig bridge2 destroy; ifconfig epair1b destroy
",
    );
}

/// A mistake anywhere in a line, and nothing of it is done.
#[test]
fn a_wrong_line_changes_nothing() {
    let Some(sandbox) = Sandbox::new() else { return };
    sandbox.ok("ifconfig epair1 create; ifconfig bridge1 create");
    let before = sandbox.ok("ifconfig -a");
    for line in [
        "ifconfig bridge1 up addm epair1a addm nosuch",
        "ifconfig bridge1 up addm epair1a descr x stp epair1a",
        "ifconfig epair1a 10.0.0.1/24 up mtu big",
        "ifconfig epair1a up descr",
        "ifconfig epair1a up 10.0.0.1/33",
        "ifconfig epair1b up vnet nosuch",
        "ifconfig bridge create addm nosuch",
        "ifconfig epair2 create mtu 1",
        "ifconfig bridge2 create addm bridge1",
    ] {
        assert_eq!(sandbox.run(line).status, 1, "{line}");
        assert_eq!(sandbox.ok("ifconfig -a"), before, "{line}");
    }
    sandbox.ok("ifconfig bridge1 destroy; ifconfig epair1a destroy");
}

/// A vlan where the kernel has them, one clear line where it has not.
#[test]
fn vlans() {
    let Some(sandbox) = Sandbox::new() else { return };
    sandbox.ok("ifconfig epair1 create up; ifconfig epair1b name re0; ifconfig re0 up");
    let done = sandbox.run("ifconfig re0.7 create vlan 7 vlandev re0");
    if done.status != 0 {
        let want = "ifconfig: SIOCIFCREATE2 (re0.7): Operation not supported \
                    (this kernel has no 802.1Q VLANs: load the module 8021q)\n";
        assert_eq!((done.stderr.as_str(), done.status), (want, 1));
        sandbox.ok("ifconfig re0 destroy");
        return;
    }
    session::check(
        &sandbox,
        "\
$ ifconfig re0.7 up
$ ifconfig re0.7 | grep -e vlan -e status
	groups: vlan
	vlan: 7 vlanproto: 802.1q vlanpcp: 0 parent interface: re0
	status: active
$ ifconfig re0.7 create vlan 7 vlandev re0 up
ifconfig: interface re0.7 already exists
[1]
$ ifconfig vlan create vlan 8 vlandev re0
vlan0
$ ifconfig vlan9 create vlan 8 vlandev re0
ifconfig: SIOCIFCREATE2 (vlan9): File exists (the parent has a vlan with this tag already)
[1]
$ ifconfig vlan create vlan 8 vlandev re0
ifconfig: SIOCIFCREATE2 (vlan): File exists (the parent has a vlan with this tag already)
[1]
$ ifconfig vlan create vlan 9 vlandev lo0
ifconfig: SIOCIFCREATE2 (vlan): Protocol not supported
[1]
$ ifconfig re0.7 destroy; ifconfig vlan0 destroy; ifconfig re0 destroy
",
    );
}

/// Inside a jail the caller is root of a user namespace of its own, and has its own network.
#[test]
fn in_a_user_namespace() {
    let Some(sandbox) = Sandbox::new() else { return };
    let line = "unshare --user --map-root-user --net sh -c '\
                ifconfig epair create && ifconfig epair0b 10.0.0.2/24 up descr x && ifconfig epair0a up && \
                route add default 10.0.0.1 && ifconfig epair0b inet | grep inet'";
    let want = "epair0a\nadd net default: gateway 10.0.0.1\n\
                \tinet 10.0.0.2 netmask 0xffffff00 broadcast 10.0.0.255\n";
    assert_eq!(sandbox.ok(line), want);
    let done = sandbox.run("setpriv --reuid 65534 --clear-groups ifconfig epair create");
    assert_eq!(done.stderr, "ifconfig: SIOCIFCREATE2 (epair): Operation not permitted\n");
    let done = sandbox.run("setpriv --reuid 65534 --clear-groups ifconfig lo0 up");
    assert_eq!(done.stderr, "ifconfig: up: permission denied\n");
}
