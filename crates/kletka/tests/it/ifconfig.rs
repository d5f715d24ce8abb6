//! ifconfig(8) on the kernel: every verb, with FreeBSD's words and messages.

use crate::sandbox::Sandbox;
use crate::session;

/// The lines of the article's jail.conf, verbatim. Not every kernel has vlans: here `re0.7` is the
/// end of a cable.
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
$ until ifconfig epair1b | grep -q RUNNING; do :; done
$ ifconfig epair1b
epair1b: flags=1008843<UP,BROADCAST,RUNNING,SIMPLEX,MULTICAST,LOWER_UP> metric 0 mtu 1500
	description: jail side of the epair only visible in the jail
	ether xx:xx:xx:xx:xx:xx
	inet 192.168.1.240 netmask 0xffffff00 broadcast 192.168.1.255
	groups: epair
	media: Ethernet 10Gbase-T (10Gbase-T <full-duplex>)
	status: active
$ until ifconfig bridge1 | grep -q RUNNING; do :; done
$ ifconfig bridge1
bridge1: flags=1008843<UP,BROADCAST,RUNNING,SIMPLEX,MULTICAST,LOWER_UP> metric 0 mtu 1500
	description: bridge for the jail samba
	ether xx:xx:xx:xx:xx:xx
	id xx:xx:xx:xx:xx:xx priority 32768 hellotime 2 fwddelay 15
	maxage 20 holdcnt 1 proto stp maxaddr 0 timeout 300
	root id xx:xx:xx:xx:xx:xx priority 32768 ifcost 0 port 0
	bridge flags=0<>
	member: re0.7 flags=3<LEARNING,DISCOVER>
	        port 1 priority 128 path cost 2 vlan protocol 802.1q
	member: epair1a flags=3<LEARNING,DISCOVER>
	        port 2 priority 128 path cost 2 vlan protocol 802.1q
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
$ ifconfig stf0 create
ifconfig: SIOCIFCREATE2 (stf0): Invalid argument (what can be created: epairN, bridgeN, vlanN, IF.TAG, laggN, loN, tapN, tunN, vmnetN, vxlanN, gifN, greN, wgN)
[1]
$ ifconfig gif0 create
ifconfig: SIOCIFCREATE2 (gif0): Invalid argument (on Linux it is made whole: create tunnel SOURCE DESTINATION)
[1]
$ ifconfig epair7 create laggproto lacp
ifconfig: epair7: what is said after create is for another kind of interface
[1]
$ ifconfig vlan7 create
ifconfig: SIOCIFCREATE2 (vlan7): Invalid argument (on Linux a vlan is made whole: create vlan TAG vlandev IF)
[1]
$ ifconfig bridge0 destroy; ifconfig bridge1 destroy; ifconfig epair0b destroy
$ ifconfig epair1a destroy; ifconfig wan destroy; ifconfig -l
lo0
$ ifconfig -C
bridge epair gif gre lagg lo tap tun vlan vmnet vxlan wg
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
$ ifconfig -f inet:cidr,inet6:cidr epair1a | grep -e 'inet ' -e fd00 | sed 's/ tentative//'
	inet 10.1.0.1/16 broadcast 10.1.0.255
	inet6 fd00:1::5/128
$ IFCONFIG_FORMAT=inet:dotted ifconfig epair1a inet | grep 'inet '
	inet 10.1.0.1 netmask 255.255.0.0 broadcast 10.1.0.255
$ IFCONFIG_FORMAT=inet:dotted ifconfig -f inet:cidr -j 99 epair1a
ifconfig: jail 99 not found; jls(8) lists the jails that run, jail -c starts one of jail.conf
[1]
$ IFCONFIG_FORMAT=inet,inet:roman,ether:dash,addr:host,inet:cidr ifconfig epair1a | grep -e 'inet ' -e ether
	ether 02-00-5e-00-00-0a
	inet 10.1.0.1/16 broadcast 10.1.0.255
ifconfig: Skipping invalid format specification: inet
ifconfig: Skipping invalid format specification: inet:roman
ifconfig: Skipping invalid format specification: addr:host
$ IFCONFIG_FORMAT=roman ifconfig epair1a mtu 1400
ifconfig: Skipping invalid format specification: roman
$ IFCONFIG_FORMAT= ifconfig -l
lo0 epair1a epair1b
$ ifconfig -f inet:roman epair1a
ifconfig: -f inet:roman: this format is not supported
[1]
$ ifconfig epair1a promisc allmulti -arp; ifconfig epair1a | head -n 1
epair1a: flags=1008bc3<UP,BROADCAST,RUNNING,NOARP,PROMISC,ALLMULTI,SIMPLEX,MULTICAST,LOWER_UP> metric 0 mtu 1400
$ ifconfig epair1a -promisc -allmulti arp; ifconfig epair1a | head -n 1
epair1a: flags=1008843<UP,BROADCAST,RUNNING,SIMPLEX,MULTICAST,LOWER_UP> metric 0 mtu 1400
$ ifconfig epair1a inet6 fe80::5%epair1a/64; ifconfig epair1a inet6 | grep -o fe80::5%epair1a
fe80::5%epair1a
$ ifconfig epair1a ether random; ifconfig epair1a ether | grep -c 02:00:5e
0
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

/// A mistake anywhere in a line: nothing of the line is done.
#[test]
fn a_wrong_line_changes_nothing() {
    let Some(sandbox) = Sandbox::new() else { return };
    sandbox.ok("ifconfig epair1 create; ifconfig bridge1 create");
    let before = sandbox.ok("ifconfig -a");
    for line in [
        "ifconfig bridge1 up addm epair1a addm nosuch",
        "ifconfig bridge1 up addm epair1a descr x sticky epair1a",
        "ifconfig bridge1 up addm epair1a span nosuch",
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

/// A vlan is made if the kernel has them. Otherwise one clear line says that it has none.
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

/// A link-level address follows from the machine, the jail and the name: it is the same after every
/// boot, and every interface has another one. Without an identity of the machine the kernel chooses
/// addresses.
#[test]
fn link_level_addresses() {
    let Some(sandbox) = Sandbox::new() else { return };
    let ether = |name: &str| {
        let said = sandbox.ok(&format!("ifconfig {name} ether"));
        said.split_whitespace().last().unwrap().to_owned()
    };
    let made = |environment: &str, unit: u32| {
        sandbox.ok(&format!("{environment} ifconfig epair{unit} create"));
        let ends = [ether(&format!("epair{unit}a")), ether(&format!("epair{unit}b"))];
        sandbox.ok(&format!("ifconfig epair{unit}a destroy"));
        ends
    };
    sandbox.write("/etc/machine-id", "0123456789abcdef0123456789abcdef\n");
    let mut all: Vec<String> = Vec::new();
    for (environment, unit) in
        [("", 0), ("", 1), ("JNAME=web", 1), ("JNAME=db", 1), ("JNAME=db", 10)]
    {
        let ends = made(environment, unit);
        assert_eq!(made(environment, unit), ends, "{environment} {unit}");
        all.extend(ends);
    }
    // Another machine: the same name gets another address.
    sandbox.write("/etc/machine-id", "0123456789abcdef0123456789abcdee\n");
    all.extend(made("", 0));
    let distinct: std::collections::BTreeSet<&String> = all.iter().collect();
    assert_eq!(distinct.len(), all.len(), "{all:?}");
    for ether in &all {
        let first = u8::from_str_radix(&ether[..2], 16).unwrap();
        assert_eq!(first & 3, 2, "unicast, locally administered: {ether}");
    }
    sandbox.ok("ifconfig bridge0 create");
    let bridge = ether("bridge0");
    sandbox.ok("ifconfig bridge0 destroy; ifconfig bridge0 create");
    assert_eq!(ether("bridge0"), bridge);
    sandbox.ok("ifconfig bridge0 destroy");

    sandbox.write("/etc/machine-id", "uninitialized\n");
    assert_ne!(made("", 0), made("", 0));
}

#[test]
fn groups() {
    let Some(sandbox) = Sandbox::new() else { return };
    sandbox.ok("ifconfig epair1 create; ifconfig epair2 create");
    session::check(
        &sandbox,
        "\
$ ifconfig epair1a group jails group web up
$ ifconfig epair1a group web
$ ifconfig epair2b group web
$ ifconfig epair1a | grep groups
	groups: epair jails web
$ ifconfig -g web
epair1a
epair2b
$ ifconfig -g jails
epair1a
$ ifconfig -a -g jails | grep flags
epair1a: flags=8803<UP,BROADCAST,SIMPLEX,MULTICAST> metric 0 mtu 1500
$ ifconfig -g nosuch
$ ifconfig epair1a name wan
wan
$ ifconfig epair1a -group web
ifconfig: interface epair1a does not exist
[1]
$ ifconfig wan -group web
$ ifconfig -g web
epair2b
$ ifconfig wan -group web
ifconfig:  SIOCDIFGROUP: No such file or directory
[1]
$ ifconfig wan group web2
ifconfig: setifgroup: group names may not end in a digit
[1]
$ ifconfig wan destroy; ifconfig epair2a destroy
",
    );
}

#[test]
fn bridges() {
    let Some(sandbox) = Sandbox::new() else { return };
    sandbox.ok("ifconfig epair1 create up; ifconfig epair2 create; ifconfig bridge0 create");
    session::check(
        &sandbox,
        "\
$ ifconfig bridge0 addm epair1a addm epair2a private epair1a -discover epair2a -learn epair2a
$ ifconfig bridge0 ifpriority epair1a 64 ifpathcost epair2a 55
$ ifconfig bridge0 hellotime 3 fwddelay 10 maxage 25 priority 4096 timeout 600
$ ifconfig bridge0 | grep -v -e 'root id' -e maxage -e 'bridge flags'
bridge0: flags=8802<BROADCAST,SIMPLEX,MULTICAST> metric 0 mtu 1500
	ether xx:xx:xx:xx:xx:xx
	id xx:xx:xx:xx:xx:xx priority 4096 hellotime 3 fwddelay 10
	member: epair1a flags=403<LEARNING,DISCOVER,PRIVATE>
	        port 1 priority 64 path cost 2 vlan protocol 802.1q
	member: epair2a flags=0<>
	        port 2 priority 128 path cost 55 vlan protocol 802.1q
	groups: bridge
$ ifconfig bridge0 | grep -o 'timeout.*'
timeout 600
$ ifconfig bridge0 -private epair1a discover epair2a learn epair2a
$ ifconfig bridge0 stp epair1a
ifconfig: WARNING: on Linux a bridge has a spanning tree or not: on for all members of bridge0
$ ifconfig bridge0 | grep -A 2 member
	member: epair1a flags=7<LEARNING,DISCOVER,STP>
	        port 1 priority 64 path cost 2 proto stp
	        role disabled state disabled vlan protocol 802.1q
	member: epair2a flags=7<LEARNING,DISCOVER,STP>
	        port 2 priority 128 path cost 55 proto stp
	        role disabled state disabled vlan protocol 802.1q
$ ifconfig bridge0 stp epair2a
$ ifconfig bridge0 deletem epair2a -stp epair1a
$ ifconfig bridge0 static epair1a 02:00:5e:00:00:01
$ ifconfig bridge0 addr
02:00:5e:00:00:01 Vlan0 epair1a 0 flags=1<STATIC>
$ ifconfig bridge0 flush addr
02:00:5e:00:00:01 Vlan0 epair1a 0 flags=1<STATIC>
$ ifconfig bridge0 deladdr 02:00:5e:00:00:01 addr
$ ifconfig bridge0 deladdr 02:00:5e:00:00:01
ifconfig: BRDGDADDR 02:00:5e:00:00:01: No such file or directory
[1]
$ ifconfig bridge0 static epair1a 02:00:5e:00:00:02 flushall addr
$ ifconfig bridge0 private epair2a
ifconfig: unable to get bridge flags: No such file or directory
[1]
$ ifconfig bridge0 ifpriority epair2a 64
ifconfig: BRDGSIFPRIO 64: No such file or directory
[1]
$ ifconfig bridge0 hellotime 99
ifconfig: BRDGSHT 99: Invalid argument
[1]
$ ifconfig epair1a hellotime 2
ifconfig: BRDGSHT 2: Invalid argument (this is not a bridge)
[1]
$ ifconfig epair1a addr
ifconfig: unable to get address cache: Invalid argument
[1]
$ ifconfig bridge0 destroy; ifconfig epair1a destroy; ifconfig epair2a destroy
",
    );
}

/// A bridge learns which addresses are behind which member, and remembers them for some time.
#[test]
fn what_a_bridge_learns() {
    let Some(sandbox) = Sandbox::new() else { return };
    sandbox.ok("ifconfig epair1 create up; ifconfig epair1b ether 02:00:5e:00:00:01 up");
    sandbox.ok("ifconfig bridge0 create up addm epair1a");
    sandbox
        .ok("ifconfig epair1b 10.0.0.1/24; busybox arping -c 1 -w 1 -I epair1b 10.0.0.2 || true");
    let line = sandbox.ok("until ifconfig bridge0 addr | grep 02:00:5e:00:00:01; do :; done");
    let words: Vec<&str> = line.split_whitespace().collect();
    assert_eq!(words[..3], ["02:00:5e:00:00:01", "Vlan0", "epair1a"], "{line}");
    assert!((290..=300).contains(&words[3].parse::<u32>().unwrap()), "{line}");
    assert_eq!(words[4], "flags=0<>");
    sandbox.ok("ifconfig epair1b down; ifconfig bridge0 flush");
    assert_eq!(sandbox.ok("ifconfig bridge0 addr"), "");
    sandbox.ok("ifconfig bridge0 destroy; ifconfig epair1a destroy");
}

/// A static address stays with its member, even if another member sends from it.
#[test]
fn a_static_address_does_not_wander() {
    let Some(sandbox) = Sandbox::new() else { return };
    sandbox.ok("ifconfig epair1 create up; ifconfig epair2 create up; ifconfig epair1b up");
    sandbox.ok("ifconfig bridge0 create up addm epair1a addm epair2a");
    sandbox.ok("ifconfig bridge0 static epair1a 02:00:5e:00:00:02");
    sandbox.ok("ifconfig epair2b ether 02:00:5e:00:00:02 inet 10.0.0.1/24 up");
    sandbox.ok("until ifconfig epair2a | grep 'status: active'; do :; done");
    sandbox.ok("busybox arping -c 1 -w 1 -I epair2b 10.0.0.2 || true");
    let line = sandbox.ok("ifconfig bridge0 addr | grep 02:00:5e:00:00:02");
    assert_eq!(line, "02:00:5e:00:00:02 Vlan0 epair1a 0 flags=1<STATIC>\n");
    sandbox.ok("ifconfig bridge0 destroy; ifconfig epair1a destroy; ifconfig epair2a destroy");
}

/// A span port is no member, and is listed as FreeBSD lists it.
#[test]
fn span_ports() {
    let Some(sandbox) = Sandbox::new() else { return };
    sandbox.ok("ifconfig epair1 create; ifconfig epair2 create; ifconfig epair3 create");
    session::check(
        &sandbox,
        "\
$ ifconfig bridge0 create addm epair1a span epair2a
$ ifconfig bridge0 | grep -e '^bridge0' -e member: -e 'path cost'
bridge0: flags=8902<BROADCAST,PROMISC,SIMPLEX,MULTICAST> metric 0 mtu 1500
	member: epair1a flags=3<LEARNING,DISCOVER>
	        port 1 priority 128 path cost 2 vlan protocol 802.1q
	member: epair2a flags=8<SPAN>
	        port 4 priority 0 path cost 0
$ ifconfig bridge0 span epair2a
ifconfig: BRDGADDS epair2a: Device busy
[1]
$ ifconfig bridge0 addm epair2a
ifconfig: BRDGADD epair2a: Device busy (Interface is a span port of this bridge)
[1]
$ ifconfig bridge0 span epair1a
ifconfig: BRDGADDS epair1a: Device busy
[1]
$ ifconfig bridge0 span epair9a
ifconfig: BRDGADDS epair9a: No such file or directory
[1]
$ ifconfig bridge0 span lo0
ifconfig: BRDGADDS lo0: Invalid argument
[1]
$ ifconfig bridge0 span bridge0
ifconfig: BRDGADDS bridge0: Invalid argument
[1]
$ ifconfig bridge1 create; ifconfig bridge0 up span bridge1
ifconfig: BRDGADDS bridge1: Invalid argument
[1]
$ ifconfig bridge1 destroy
$ ifconfig epair3a span epair2a
ifconfig: BRDGADDS epair2a: Invalid argument (span is for bridges)
[1]
$ ifconfig bridge0 -span epair3a
ifconfig: BRDGDELS epair3a: No such file or directory
[1]
$ ifconfig bridge0 span epair3a; ifconfig bridge0 | grep -c SPAN
2
$ ifconfig epair3a destroy; ifconfig bridge0 | grep -c SPAN
1
$ ifconfig bridge0 -span epair2a; ifconfig bridge0 | grep -e SPAN -e PROMISC
[1]
$ tc qdisc show dev bridge0 | grep clsact
[1]
$ ifconfig bridge0 destroy; ifconfig epair1a destroy; ifconfig epair2a destroy
",
    );
}

/// `promisc` belongs to the administrator: span ports leave it as it was set, also when it was set
/// while they were there.
#[test]
fn span_ports_and_promisc() {
    let Some(sandbox) = Sandbox::new() else { return };
    sandbox.ok("ifconfig epair1 create; ifconfig epair2 create; ifconfig bridge0 create");
    let is_promiscuous = || sandbox.ok("ifconfig bridge0 | head -n 1").contains("PROMISC");
    for (before, meanwhile, with_ports, after) in [
        ("-promisc", "up", true, false),
        ("promisc", "up", true, true),
        ("promisc", "-promisc", true, false),
        ("-promisc", "promisc", true, true),
        ("promisc", "promisc -promisc promisc", true, true),
    ] {
        sandbox.ok(&format!("ifconfig bridge0 {before}; ifconfig bridge0 span epair1a"));
        sandbox.ok(&format!("ifconfig bridge0 span epair2a; ifconfig bridge0 {meanwhile}"));
        assert_eq!(is_promiscuous(), with_ports, "{before}, {meanwhile}");
        let refused = sandbox.run("ifconfig bridge0 addm epair1a");
        let want =
            "ifconfig: BRDGADD epair1a: Device busy (Interface is a span port of this bridge)\n";
        assert_eq!(refused.stderr, want, "{before}, {meanwhile}");
        sandbox.ok("ifconfig bridge0 -span epair1a");
        assert_eq!(is_promiscuous(), with_ports, "{before}, {meanwhile}");
        sandbox.ok("ifconfig bridge0 -span epair2a");
        assert_eq!(is_promiscuous(), after, "{before}, {meanwhile}");
        assert_eq!(sandbox.run("tc qdisc show dev bridge0 | grep clsact").status, 1);
    }
    // The kernel does not report a span port that is destroyed: the next command finds out.
    session::check(
        &sandbox,
        "\
$ ifconfig bridge0 -promisc span epair1a; ifconfig epair1a destroy
$ ifconfig bridge0 span epair2a; ifconfig bridge0 -span epair2a; ifconfig bridge0 | grep PROMISC
[1]
$ ifconfig bridge0 promisc span epair2a; ifconfig epair2a destroy; ifconfig bridge0 -promisc
$ ifconfig bridge0 | grep PROMISC
[1]
$ ifconfig bridge0 destroy
",
    );
}

/// A span port gets one copy of every frame: of those that pass through the bridge, that come to
/// the host, and that the host sends. This includes frames of members that have joined after it.
#[test]
fn what_a_span_port_hears() {
    let Some(sandbox) = Sandbox::new() else { return };
    sandbox.ok("ip netns add one; ip netns add two");
    sandbox.ok("ifconfig epair1 create up; ifconfig epair2 create up; ifconfig epair3 create up");
    sandbox.ok("ifconfig epair3b up; ifconfig bridge0 create up span epair3a 10.0.0.254/24");
    sandbox.ok("ifconfig bridge0 inet6 fd00::fe/64");
    sandbox.ok("ifconfig bridge0 addm epair1a addm epair2a");
    for (namespace, end, number) in [("one", "epair1b", 1), ("two", "epair2b", 2)] {
        sandbox.ok(&format!("ip link set {end} netns {namespace}"));
        let inside = format!("ip netns exec {namespace} ifconfig {end}");
        sandbox.ok(&format!("{inside} 10.0.0.{number}/24 up"));
        sandbox.ok(&format!("{inside} inet6 fd00::{number}/64"));
        sandbox.ok(&format!("while {inside} inet6 | grep -q tentative; do :; done"));
    }
    sandbox.ok("while ifconfig bridge0 inet6 | grep -q tentative; do :; done");
    sandbox.ok(
        "tcpdump -U -l -n -i epair3b icmp or icmp6 > /tmp/wire 2> /tmp/said & echo $! > /tmp/pid; \
         until grep -q listening /tmp/said; do :; done",
    );
    for (from, to) in [("one", "10.0.0.2"), ("one", "10.0.0.254"), ("two", "fd00::1")] {
        sandbox.ok(&format!("ip netns exec {from} busybox ping -c 1 -W 10 {to}"));
    }
    sandbox.ok("busybox ping -c 1 -W 10 10.0.0.1");
    for (from, to) in [
        ("10.0.0.1", "10.0.0.2"),
        ("10.0.0.2", "10.0.0.1"),
        ("10.0.0.1", "10.0.0.254"),
        ("10.0.0.254", "10.0.0.1"),
        ("fd00::2", "fd00::1"),
    ] {
        let line = format!("{from} > {to}: ICMP.*echo");
        sandbox.ok(&format!("until grep -q '{line}' /tmp/wire; do :; done"));
    }
    // The capture ends with the host's question or its answer, so everything before these is
    // complete.
    assert_eq!(sandbox.ok("grep -c '10.0.0.1 > 10.0.0.2: ICMP echo request' /tmp/wire"), "1\n");
    assert_eq!(sandbox.ok("grep -c 'fd00::2 > fd00::1: ICMP6, echo request' /tmp/wire"), "1\n");
    sandbox.ok("kill $(cat /tmp/pid); ifconfig bridge0 destroy; ifconfig epair3a destroy");
    sandbox.ok("ifconfig epair1a destroy; ifconfig epair2a destroy");
    sandbox.ok("ip netns delete one; ip netns delete two; /bin/umount /run/netns");
}

/// Settings of hardware on an epair. The tests compare with what the kernel answers.
#[test]
fn capabilities() {
    let Some(sandbox) = Sandbox::new() else { return };
    sandbox.ok("ifconfig epair1 create");
    let options = || sandbox.ok("ifconfig epair1a | grep options= || true");
    let has = |name: &str| options().split(['<', ',', '>']).any(|word| word == name);
    assert!(has("TXCSUM") && has("TXCSUM_IPV6") && has("TSO4") && has("TSO6"), "{}", options());
    sandbox.ok("ifconfig epair1a -tso -txcsum -txcsum6");
    assert!(!has("TXCSUM") && !has("TSO4") && !has("TSO6"), "{}", options());
    sandbox.ok("ifconfig epair1a txcsum tso4");
    assert!(has("TXCSUM") && has("TSO4") && !has("TSO6"), "{}", options());
    session::check(
        &sandbox,
        "\
$ ifconfig epair1a -lro
$ ifconfig epair1a lro
ifconfig: lro: Invalid argument
[1]
$ ifconfig epair9a tso
ifconfig: interface epair9a does not exist
[1]
$ ifconfig epair1a destroy
",
    );
}

/// A vxlan over IPv4 and IPv6, if the kernel has vxlans.
#[test]
fn vxlans() {
    let Some(sandbox) = Sandbox::new() else { return };
    sandbox.ok("ifconfig epair1 create; ifconfig epair1a 10.0.0.1/24 up; ifconfig epair1b up");
    session::check(
        &sandbox,
        "\
$ ifconfig vxlan create vxlanid 42 vxlanlocal 10.0.0.1 vxlanremote 10.0.0.2 up
vxlan0
$ ifconfig vxlan0 | grep -v ether
vxlan0: flags=1008843<UP,BROADCAST,RUNNING,SIMPLEX,MULTICAST,LOWER_UP> metric 0 mtu 1450
	groups: vxlan
	vxlan vni 42 local 10.0.0.1:4789 remote 10.0.0.2:4789
	status: active
$ ifconfig vxlan7 create vni 43 vxlangroup ff05::1 vxlandev epair1a vxlanlocalport 8472
$ ifconfig vxlan7 | grep vni
	vxlan vni 43 group [ff05::1]:8472
$ ifconfig vxlan8 create
ifconfig: SIOCIFCREATE2 (vxlan8): Invalid argument (on Linux it is made whole: create vxlanid NUMBER …)
[1]
$ ifconfig vxlan0 create vxlanid 1
ifconfig: interface vxlan0 already exists
[1]
$ ifconfig vxlan0 destroy; ifconfig vxlan7 destroy; ifconfig epair1a destroy
",
    );
}

/// Words that mean the same as others, and several switches in one line.
#[test]
fn synonyms() {
    let Some(sandbox) = Sandbox::new() else { return };
    session::check(
        &sandbox,
        "\
$ ifconfig epair3 plumb description first
epair3a
$ ifconfig epair3b up
$ ifconfig epair3a link 02:00:5e:00:00:01 -description up
$ ifconfig epair3a lladdr 2-0-5e-0-0-2 inet 10.0.0.1/24 add inet6 no_dad fd00::1/64 add
$ while ifconfig epair3a | grep -q tentative; do :; done
$ ifconfig epair3a
epair3a: flags=1008843<UP,BROADCAST,RUNNING,SIMPLEX,MULTICAST,LOWER_UP> metric 0 mtu 1500
	ether 02:00:5e:00:00:02
	inet 10.0.0.1 netmask 0xffffff00 broadcast 10.0.0.255
	inet6 fd00::1 prefixlen 64
	groups: epair
	media: Ethernet 10Gbase-T (10Gbase-T <full-duplex>)
	status: active
$ ifconfig epair3a down; ifconfig epair3a | grep inet | sed 's/ tentative//'
	inet 10.0.0.1 netmask 0xffffff00 broadcast 10.0.0.255
	inet6 fd00::1 prefixlen 64
$ ifconfig epair3a up; ifconfig epair3a | grep inet | sed 's/ tentative//'
	inet 10.0.0.1 netmask 0xffffff00 broadcast 10.0.0.255
	inet6 fd00::1 prefixlen 64
$ ifconfig epair3a inet 10.0.0.1 remove inet6 fd00::1 remove down fib 0 tunnelfib 0
$ ifconfig epair3a | grep -v -e media -e groups
epair3a: flags=8802<BROADCAST,SIMPLEX,MULTICAST> metric 0 mtu 1500
	ether 02:00:5e:00:00:02
	status: no carrier
$ ifconfig epair3a unplumb; ifconfig -l
lo0
",
    );
}

/// The listing of IPv6 addresses with their lifetimes, as FreeBSD writes it.
#[test]
fn inet6_addresses() {
    let Some(sandbox) = Sandbox::new() else { return };
    sandbox.ok("ifconfig epair1 create; ifconfig epair1b up; ifconfig epair1a inet6 no_dad up");
    session::check(
        &sandbox,
        "\
$ ifconfig epair1a inet6 fd00::1/64
$ ifconfig epair1a inet6 fd00::2/64 deprecated
$ ifconfig epair1a inet6 fd00::3 prefixlen 64 pltime 1000 vltime 2000 alias
$ ifconfig epair1a inet6 fd00::4/64 vltime 0x7d0 pltime 4294967295
ifconfig: ioctl (SIOCAIFADDR): Invalid argument
[1]
$ while ifconfig epair1a inet6 | grep -q tentative; do :; done
$ ifconfig -L epair1a inet6 | sed -e 's/ 99[0-9]/ 1000/' -e 's/199[0-9]$/2000/' | grep fd00
	inet6 fd00::3 prefixlen 64 pltime 1000 vltime 2000
	inet6 fd00::2 prefixlen 64 deprecated pltime 0 vltime infty
	inet6 fd00::1 prefixlen 64
$ ifconfig epair1a inet6 | grep fd00::3
	inet6 fd00::3 prefixlen 64
$ ifconfig epair1a inet6 fd00::2/64 -deprecated; ifconfig epair1a inet6 | grep fd00::2
	inet6 fd00::2 prefixlen 64
$ ifconfig epair1a inet6 fd00::1/64 deprecated; ifconfig epair1a inet6 | grep fd00::1
	inet6 fd00::1 prefixlen 64 deprecated
$ ifconfig epair1a inet6 fd00::1 eui64
ifconfig: interface index is already filled
[1]
$ ifconfig epair2 create inet6 fd01:: eui64
ifconfig: could not determine link local address (on Linux an interface has one when it is up)
[1]
$ ifconfig epair1a inet6 pltime 5
ifconfig: a flag without its address: this parameter of FreeBSD's ifconfig is not supported
[1]
$ ifconfig epair1a inet 10.0.0.1/24 vltime 5
ifconfig: vltime not allowed for the AF
[1]
$ ifconfig epair1a inet6 fd00::9 vltime soon
ifconfig: invalid vltime
[1]
$ ifconfig epair1a inet 10.0.0.1/24 deprecated
ifconfig: address flags can be set only for inet6 addresses
[1]
$ ifconfig epair1a inet6 fd00::9 anycast
ifconfig: anycast: not supported on Linux: an address of many hosts is no address of an interface
[1]
$ ifconfig epair1a inet6 fd00::9 prefer_source
ifconfig: prefer_source: not supported on Linux: ip-addrlabel(8) says which address packets leave with
[1]
$ ifconfig epair1a inet6 -autoconf
ifconfig: -autoconf: not supported on Linux: the kernel alone says it of an address
[1]
",
    );
    // The lower half of the address is that of the link-local address, which the kernel adds a
    // moment after `up`.
    sandbox.ok("until ifconfig epair1a inet6 | grep -q 'inet6 fe80:'; do :; done");
    sandbox.ok("ifconfig epair1a inet6 fd02:: eui64");
    let halves = |start: &str| {
        let said = sandbox.ok(&format!("ifconfig epair1a inet6 | grep 'inet6 {start}'"));
        said.split([' ', '%']).nth(1).unwrap().trim_start_matches(start).to_owned()
    };
    assert_eq!(halves("fd02::"), halves("fe80::"));
    sandbox.ok("ifconfig epair1a destroy");
}

/// An address that another host on the link already has is first `tentative`, then `duplicated`.
#[test]
fn duplicate_addresses() {
    let Some(sandbox) = Sandbox::new() else { return };
    sandbox.ok("ip netns add other; ifconfig epair1 create up; ip link set epair1b netns other");
    sandbox.ok("ip netns exec other ifconfig epair1b inet6 no_dad fd00::1/64 up");
    sandbox.ok("ifconfig epair1a inet6 fd00::1/64; ifconfig epair1a inet6 fd00::2/64");
    let of = |address: &str| sandbox.ok(&format!("ifconfig epair1a inet6 | grep {address}"));
    assert_eq!(of("fd00::2"), "\tinet6 fd00::2 prefixlen 64 tentative\n");
    sandbox.ok("until ifconfig epair1a inet6 | grep -q 'fd00::1 .*duplicated'; do :; done");
    assert_eq!(of("fd00::1"), "\tinet6 fd00::1 prefixlen 64 tentative duplicated\n");
    sandbox.ok("while ifconfig epair1a inet6 | grep -q 'fd00::2 .*tentative'; do :; done");
    assert_eq!(of("fd00::2"), "\tinet6 fd00::2 prefixlen 64\n");
    sandbox.ok("ifconfig epair1a destroy; ip netns delete other; /bin/umount /run/netns");
}

/// The options of IPv6 of an interface: FreeBSD's `nd6 options`.
#[test]
fn inet6_options() {
    let Some(sandbox) = Sandbox::new() else { return };
    sandbox.ok("ifconfig epair1 create; ifconfig epair1b up");
    let options = || sandbox.ok("ifconfig epair1a | tail -n 1");
    for (line, want) in [
        ("-accept_rtadv auto_linklocal -no_dad -ifdisabled", "21<PERFORMNUD,AUTO_LINKLOCAL>"),
        ("accept_rtadv", "23<PERFORMNUD,ACCEPT_RTADV,AUTO_LINKLOCAL>"),
        ("no_radr", "63<PERFORMNUD,ACCEPT_RTADV,AUTO_LINKLOCAL,NO_RADR>"),
        ("-accept_rtadv -no_radr no_dad", "121<PERFORMNUD,AUTO_LINKLOCAL,NO_DAD>"),
        ("-auto_linklocal", "101<PERFORMNUD,NO_DAD>"),
        ("ifdisabled", "109<PERFORMNUD,IFDISABLED,NO_DAD>"),
    ] {
        sandbox.ok(&format!("ifconfig epair1a inet6 {line}"));
        assert_eq!(options(), format!("\tnd6 options={want}\n"), "{line}");
    }
    // By default routers are heard as long as nothing is forwarded. With `accept_rtadv` they are
    // always heard.
    let accepts = || sandbox.ok("ifconfig epair1b | tail -n 1").contains("ACCEPT_RTADV");
    for (line, want) in [
        ("sysctl net.inet6.ip6.forwarding=0", true),
        ("sysctl net.inet6.ip6.forwarding=1", false),
        ("ifconfig epair1b inet6 accept_rtadv", true),
        ("sysctl net.inet6.ip6.forwarding=0", true),
        (
            "echo 1 > /proc/sys/net/ipv6/conf/epair1b/accept_ra; sysctl net.inet6.ip6.forwarding=1",
            false,
        ),
        ("ifconfig epair1b inet6 -accept_rtadv", false),
        ("sysctl net.inet6.ip6.forwarding=0", false),
        ("ifconfig epair1b inet6 accept_rtadv", true),
        ("sysctl net.inet6.ip6.forwarding=1", true),
        ("sysctl net.inet6.ip6.forwarding=0", true),
    ] {
        sandbox.ok(line);
        assert_eq!(accepts(), want, "{line}");
    }
    // The options have an effect, and are not only listed.
    let refused = sandbox.run("ifconfig epair1a inet6 fd00::1/64");
    let want = "ifconfig: ioctl (SIOCAIFADDR): Permission denied (there is no IPv6 on this interface: -ifdisabled)\n";
    assert_eq!(refused.stderr, want);
    sandbox.ok("ifconfig epair1a inet6 -ifdisabled; ifconfig epair1a inet6 fd00::1/64");
    sandbox.ok("while ifconfig epair1a inet6 | grep -q tentative; do :; done");
    let said = sandbox.ok("ifconfig epair1a inet6");
    assert!(said.contains("\tinet6 fd00::1 prefixlen 64\n") && !said.contains("fe80"), "{said}");
    sandbox.ok("ifconfig epair1a inet6 auto_linklocal");
    sandbox.ok("until ifconfig epair1a inet6 | grep -q 'inet6 fe80:'; do :; done");
    session::check(
        &sandbox,
        "\
$ ifconfig epair9a inet6 accept_rtadv
ifconfig: interface epair9a does not exist
[1]
$ ifconfig epair1a inet6 -nud
ifconfig: -nud: not supported on Linux: the kernel always asks whether a neighbour is still there
[1]
$ ifconfig epair1a inet6 defaultif
ifconfig: defaultif: not supported on Linux: route -6 add default -iface IF does it
[1]
$ ifconfig epair1a destroy
",
    );
}

/// A tap and a tun exist until they are destroyed, even if no program has them open.
#[test]
fn taps_and_tuns() {
    let Some(sandbox) = Sandbox::new() else { return };
    session::check(
        &sandbox,
        "\
$ ifconfig tap create up
tap0
$ ifconfig tap7 create ether 02:00:5e:00:00:07 descr 'a virtual machine'
$ ifconfig tap7 create
ifconfig: interface tap7 already exists
[1]
$ ifconfig tap create
tap1
$ ifconfig tun create
tun0
$ ifconfig tun0 inet 10.0.0.1 10.0.0.2 netmask 255.255.255.255
$ ifconfig tun0 inet6 fd00::1/64
$ while ifconfig -a | grep -e ^tap -e ^tun | grep -q RUNNING; do :; done
$ ifconfig tap0
tap0: flags=8803<UP,BROADCAST,SIMPLEX,MULTICAST> metric 0 mtu 1500
	ether xx:xx:xx:xx:xx:xx
	groups: tap
	media: Ethernet 1000baseT <full-duplex>
	status: no carrier
$ ifconfig tap7
tap7: flags=8802<BROADCAST,SIMPLEX,MULTICAST> metric 0 mtu 1500
	description: a virtual machine
	ether 02:00:5e:00:00:07
	groups: tap
	media: Ethernet 1000baseT <full-duplex>
	status: no carrier
$ ifconfig tun0 | sed 's/ tentative//'
tun0: flags=8091<UP,POINTOPOINT,NOARP,MULTICAST> metric 0 mtu 1500
	inet 10.0.0.1 --> 10.0.0.2 netmask 0xffffffff
	inet6 fd00::1 prefixlen 64
	groups: tun
$ ifconfig vmnet create; ifconfig vmnet0 | grep -e groups -e media; ifconfig vmnet0 destroy
vmnet0
	groups: vmnet
	media: Ethernet 1000baseT <full-duplex>
$ ifconfig -g tap
tap0
tap7
tap1
$ ifconfig bridge0 create addm tap0; ifconfig bridge0 | grep member
	member: tap0 flags=3<LEARNING,DISCOVER>
$ ifconfig tap2 create mtu 1
ifconfig: ioctl (set mtu): Invalid argument
[1]
$ ifconfig tap3 create laggproto lacp
ifconfig: tap3: what is said after create is for another kind of interface
[1]
$ ifconfig bridge0 destroy; ifconfig tap0 destroy; ifconfig tap1 destroy; ifconfig tap7 destroy
$ ifconfig tun0 destroy; ifconfig -l
lo0
",
    );
    // On a host without /dev/net/tun one line says so.
    sandbox.ok("/bin/mount -t tmpfs none /dev");
    let done = sandbox.run("ifconfig tap0 create");
    assert_eq!(
        (done.stderr.as_str(), done.status),
        (
            "ifconfig: SIOCIFCREATE2 (tap0): Operation not supported (there is no /dev/net/tun: \
             load the module tun, or let the jail's devfs have it)\n",
            1
        )
    );
    sandbox.ok("/bin/umount /dev");
}

/// Kinds of interfaces that not every kernel has. On a kernel without one, one clear line says so.
#[test]
fn kinds_that_this_kernel_lacks() {
    let Some(sandbox) = Sandbox::new() else { return };
    for (line, name, module) in [
        ("lo1 create", "lo1", "no loopbacks beside lo0: load the module dummy"),
        ("lagg0 create", "lagg0", "no link aggregation: load the module bonding"),
        (
            "gif0 create tunnel 1.2.3.4 5.6.7.8",
            "gif0",
            "no such tunnels: load the module sit, or ip6_tunnel for IPv6 outside",
        ),
        (
            "gre0 create tunnel 1.2.3.4 5.6.7.8",
            "gre0",
            "no GRE: load the module ip_gre, or ip6_gre for IPv6 outside",
        ),
        ("wg0 create", "wg0", "no WireGuard: load the module wireguard"),
    ] {
        // The module of a kind of tunnel makes a device in every network when it is loaded. That
        // device stays, and would count as left behind.
        let first = name.starts_with('g') && sandbox.run("modprobe -n -q sit ip_gre").status == 0;
        if first {
            continue;
        }
        let done = sandbox.run(&format!("ifconfig {line}"));
        if done.status == 0 {
            sandbox.ok(&format!("ifconfig {name} destroy"));
            continue;
        }
        let want = format!(
            "ifconfig: SIOCIFCREATE2 ({name}): Operation not supported (this kernel has {module})\n"
        );
        assert_eq!(done.stderr, want, "{line}");
    }
}

/// Each change is one request to the kernel. One more request asks for what must be known first,
/// such as the number of an interface or the names that are taken.
#[test]
#[rustfmt::skip]
fn requests_to_the_kernel() {
    let Some(sandbox) = Sandbox::new() else { return };
    for (line, want) in [
        ("epair7 create",             1),
        ("epair create",              2), // and the names that are taken
        ("bridge0 create",            1),
        ("epair7a up",                1),
        ("epair7a mtu 1400",          1),
        ("epair7a descr web",         1),
        ("epair7a ether 02:00:5e:00:00:01", 1),
        ("epair7a inet 10.0.0.1/24 alias up", 3), // two changes, and its number
        ("epair7a inet6 fd00::1/64 up", 3),
        ("bridge0 addm epair7a",      4), // and whether it may: both, and the span ports
        ("bridge0 timeout 30",        2),
        ("epair7a destroy",           1),
    ] {
        sandbox.ok(&format!("strace -o /tmp/trace -e trace=sendto ifconfig {line}"));
        assert_eq!(sandbox.ok("grep -c ^sendto /tmp/trace"), format!("{want}\n"), "{line}");
    }
    sandbox.ok("ifconfig epair0a destroy; ifconfig bridge0 destroy");
}

/// `--help` is an answer, on standard output; wrong usage is an error, on standard error.
#[test]
fn help() {
    let Some(sandbox) = Sandbox::new() else { return };
    session::check(
        &sandbox,
        "\
$ ifconfig --help 2>/dev/null | grep -e usage -e addm -e ' sticky '
usage: ifconfig [-j jail] interface [address_family] [address] [parameters]
  addm interface            Makes an interface a member; untagged VLAN and tagged LIST may
  sticky                    what a bridge learns may wander and be forgotten; static keeps an
$ ifconfig --help >/dev/null
$ ifconfig -l -a 2>&1 >/dev/null | head -n 1
usage: ifconfig [-j jail] interface [address_family] [address] [parameters]
$ ifconfig -l -a 2>/dev/null
[1]
",
    );
}

/// A name that another interface has, as its own or as a further one, is refused, and nothing is
/// lost: neither interface changes.
#[test]
fn a_name_that_is_taken() {
    let Some(sandbox) = Sandbox::new() else { return };
    sandbox.ok(
        "ifconfig epair1 create; ifconfig bridge0 create; ifconfig bridge0 inet 10.1.0.1/24 up",
    );
    sandbox.ok("ifconfig epair1b up; ifconfig epair1a inet 10.0.0.1/24 up; ifconfig epair1a inet6 no_dad fd00::1/64");
    sandbox.ok("ip link property add dev epair1b altname further; route add 10.9.0.0/16 10.0.0.2");
    // Whether an address is still looked for elsewhere changes by itself.
    let state =
        "ip -o address | sed 's/ tentative//'; netstat -rn; ifconfig -l; ip -d link | grep altname";
    let before = sandbox.ok(state);
    for name in ["bridge0", "epair1b", "lo0", "lo", "further"] {
        let done = sandbox.run(&format!("ifconfig epair1a name {name}"));
        let want = "ifconfig: ioctl (set name): File exists\n"; // sbin/ifconfig/ifconfig.c, setifname()
        assert_eq!((&*done.stdout, &*done.stderr, done.status), ("", want, 1), "{name}");
        let done = sandbox.run(&format!("ifconfig bridge create name {name}"));
        assert_eq!((&*done.stdout, &*done.stderr, done.status), ("", want, 1), "{name}");
        assert_eq!(sandbox.ok(state), before, "{name}");
    }
    // if_rename(): the name that an interface has is no other.
    let done = sandbox.run("ifconfig epair1a name epair1a");
    assert_eq!((&*done.stdout, &*done.stderr, done.status), ("", "", 0));
    assert_eq!(sandbox.ok(state), before);
    sandbox.ok("ifconfig epair1a destroy; ifconfig bridge0 destroy");
}

/// The words about vlans of members are checked before the kernel is asked; what it then says
/// depends on the kernel. FreeBSD's tests/sys/net/if_bridge_test.sh, `vlan_ifconfig_iftagged`.
#[test]
fn wrong_vlans_of_members() {
    let Some(sandbox) = Sandbox::new() else { return };
    session::check(
        &sandbox,
        "\
$ ifconfig bridge0 iftagged epair1a 0-10
ifconfig: invalid vlan set: 0-10
[1]
$ ifconfig bridge0 addm epair1a untagged 0
ifconfig: invalid VLAN identifier: 0
[1]
$ ifconfig bridge0 addm epair1a tagged
ifconfig: 'tagged' requires argument
[1]
$ ifconfig bridge0 defuntagged 4095
ifconfig: invalid vlan id: 4095
[1]
$ ifconfig bridge0 ifuntagged epair1a
ifconfig: 'ifuntagged' requires argument
[1]
$ ifconfig bridge0 qinq
ifconfig: qinq: not supported on Linux: the tags that a bridge looks at are of one protocol, 802.1q
[1]
$ ifconfig lo0 vlanfilter
ifconfig: BRDGSFLAGS: Invalid argument (this is not a bridge)
[1]
",
    );
}
