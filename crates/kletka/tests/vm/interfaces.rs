//! Whole listings of vlans, laggs, loopbacks and wg, with IPv4 and IPv6, and limits that only newer
//! kernels have.

use std::path::Path;

use crate::it::session;

/// A vlan that is made by its name, tags around tags, priorities, and settings that cannot be
/// changed later.
#[test]
fn vlans() {
    let Some(sandbox) = crate::sandbox() else { return };
    sandbox.ok("ifconfig epair0 create up; ifconfig epair0b up");
    session::check(
        &sandbox,
        "\
$ ifconfig epair0a.7 create vlanproto 802.1ad vlanpcp 5 up
$ ifconfig epair0a.7
epair0a.7: flags=1008843<UP,BROADCAST,RUNNING,SIMPLEX,MULTICAST,LOWER_UP> metric 0 mtu 1500
	ether xx:xx:xx:xx:xx:xx
	groups: vlan
	vlan: 7 vlanproto: 802.1ad vlanpcp: 5 parent interface: epair0a
	status: active
$ ifconfig epair0a.7 vlanpcp 3 && ifconfig epair0a.7 | grep vlan:
	vlan: 7 vlanproto: 802.1ad vlanpcp: 3 parent interface: epair0a
$ ifconfig epair0a.7.9 create && ifconfig epair0a.7.9 | grep vlan:
	vlan: 9 vlanproto: 802.1q vlanpcp: 0 parent interface: epair0a.7
$ ifconfig vlan create vlan 8 vlandev epair0a inet 10.8.0.1/24
vlan0
$ ifconfig vlan0 inet6 fd00:8::1/64 && ifconfig vlan0 | grep -e 'inet 10' -e 'inet6 fd' -e vlan: | sed 's/ tentative//'
	inet 10.8.0.1 netmask 0xffffff00 broadcast 10.8.0.255
	inet6 fd00:8::1 prefixlen 64
	vlan: 8 vlanproto: 802.1q vlanpcp: 0 parent interface: epair0a
$ ifconfig -g vlan
epair0a.7
epair0a.7.9
vlan0
$ ifconfig epair0a.7 vlanpcp 8
ifconfig: value for vlan_pcp out of range
[1]
$ ifconfig epair0a vlanpcp 3
ifconfig: SIOCSVLANPCP: Invalid argument (vlanpcp is for vlans)
[1]
$ ifconfig epair0a.7 vlan 8 vlandev epair0a
ifconfig: vlan and vlandev are for create: on Linux a vlan keeps its tag and its parent
[1]
$ ifconfig epair0a destroy; ifconfig -l
lo0
",
    );
    sandbox.check();
}

#[test]
fn loopbacks_and_laggs() {
    let Some(sandbox) = crate::sandbox() else { return };
    sandbox.ok("ifconfig epair0 create; ifconfig epair1 create; ifconfig epair0b up");
    session::check(
        &sandbox,
        "\
$ ifconfig lo1 create inet 10.9.0.1/32 up
$ ifconfig lo1 inet6 fd00:9::1/128
$ ifconfig lo1
lo1: flags=10008c3<UP,BROADCAST,RUNNING,NOARP,SIMPLEX,LOWER_UP> metric 0 mtu 1500
	inet 10.9.0.1 netmask 0xffffffff
	inet6 fd00:9::1 prefixlen 128
	groups: lo
$ busybox ping -c 1 -W 10 10.9.0.1 > /dev/null && busybox ping -6 -c 1 -W 10 fd00:9::1 > /dev/null
$ ifconfig lo create && ifconfig -g lo
lo2
lo0
lo1
lo2
$ ifconfig lo1 destroy; ifconfig lo2 destroy
$ ifconfig lagg create laggport epair0a laggport epair1a up 10.8.0.1/24
lagg0
$ ifconfig lagg0 inet6 fd00:8::1/64; until ifconfig lagg0 | grep -q RUNNING; do :; done
$ ifconfig lagg0 | sed 's/ tentative//'
lagg0: flags=1008843<UP,BROADCAST,RUNNING,SIMPLEX,MULTICAST,LOWER_UP> metric 0 mtu 1500
	ether xx:xx:xx:xx:xx:xx
	inet 10.8.0.1 netmask 0xffffff00 broadcast 10.8.0.255
	inet6 fd00:8::1 prefixlen 64
	laggproto failover lagghash l2
	laggport: epair0a flags=5<MASTER,ACTIVE>
	laggport: epair1a flags=0<>
	groups: lagg
	status: active
$ ifconfig lagg0 laggproto lacp
ifconfig: SIOCSLAGG: Device busy (on Linux only while it has no ports)
[1]
$ ifconfig lagg0 laggproto none
ifconfig: laggproto none: not supported on Linux: a bond always uses its ports
[1]
$ ifconfig lagg0 laggport nosuch
ifconfig: lagg0 nosuch: SIOCSLAGGPORT: Device not configured
[1]
$ ifconfig lagg0 -laggport epair1b
ifconfig: SIOCSLAGGDELPORT: No such file or directory
[1]
$ ifconfig epair0b laggport epair1b
ifconfig: epair0b epair1b: SIOCSLAGGPORT: Invalid argument (laggport is for laggs)
[1]
$ ifconfig lagg0 -laggport epair0a -laggport epair1a laggproto lacp down
$ ifconfig lagg0 | grep lagg
lagg0: flags=8802<BROADCAST,SIMPLEX,MULTICAST> metric 0 mtu 1500
	laggproto lacp lagghash l3,l4
	groups: lagg
$ ifconfig lagg0 destroy; ifconfig epair0a destroy; ifconfig epair1a destroy; ifconfig -l
lo0
",
    );
    sandbox.check();
}

/// The article's trap: hardware that joins packets becomes a member of a bridge. A lagg stands for
/// the hardware.
#[test]
fn a_bridge_turns_lro_off() {
    let Some(sandbox) = crate::sandbox() else { return };
    session::check(
        &sandbox,
        "\
$ ifconfig lagg0 create
$ ifconfig lagg0 | grep -c LRO
1
$ ifconfig bridge0 create addm lagg0
ifconfig: lagg0: LRO turned off: what the hardware joins, a bridge cannot send on
$ ifconfig lagg0 | grep -c LRO
0
[1]
$ ifconfig bridge0 deletem lagg0
$ ifconfig lagg0 lro && ifconfig lagg0 | grep -c LRO
1
$ ifconfig bridge0 destroy; ifconfig lagg0 destroy; ifconfig -l
lo0
",
    );
    sandbox.check();
}

/// The same trap with a card of this machine, whose driver turns LRO on by itself.
#[test]
fn a_bridge_turns_lro_of_a_card_off() {
    let Some(sandbox) = crate::sandbox() else { return };
    // A sandbox has no hardware, so the card is moved into its network. The kernel moves the card
    // back when that network ends.
    let own = sandbox.outside(Path::new("/"));
    let card = "modprobe vmxnet3 && for card in /sys/class/net/*; do \
                    case $(readlink $card/device/driver) in */vmxnet3) echo ${card##*/} ;; esac; \
                done";
    let machine = |line: &str| {
        let done = std::process::Command::new("sh").args(["-c", line]).output().unwrap();
        assert!(done.status.success(), "{line}: {done:?}");
        String::from_utf8(done.stdout).unwrap().trim().to_owned()
    };
    let card = machine(card);
    assert!(!card.is_empty(), "no card with LRO: tests/vm/run");
    let pid = own.iter().nth(2).unwrap().to_string_lossy().into_owned();
    machine(&format!("ip link set {card} netns {pid} name re0"));
    session::check(
        &sandbox,
        "\
$ ifconfig re0 | grep -c LRO
1
$ ifconfig bridge0 create up addm re0
ifconfig: re0: LRO turned off: what the hardware joins, a bridge cannot send on
$ ifconfig re0 | grep -c LRO
0
[1]
$ kletka doctor | grep -c -e member
0
[1]
$ ifconfig bridge0 deletem re0 && ifconfig re0 lro && ifconfig re0 | grep -c LRO
1
$ ifconfig bridge0 destroy
",
    );
    let inside = format!("nsenter --target {pid} --net");
    machine(&format!("{inside} ip link set re0 netns $$ name {card}"));
    sandbox.check();
}

#[test]
fn wireguard_and_limits() {
    let Some(sandbox) = crate::sandbox() else { return };
    session::check(
        &sandbox,
        "\
$ ifconfig wg create inet 10.5.0.1/24 up
wg0
$ ifconfig wg0 inet6 fd00:5::1/64 && ifconfig wg0
wg0: flags=10000d1<UP,POINTOPOINT,RUNNING,NOARP,LOWER_UP> metric 0 mtu 1420
	inet 10.5.0.1 netmask 0xffffff00
	inet6 fd00:5::1 prefixlen 64
	groups: wg
$ ifconfig wg0 wgport 51820
ifconfig: wgport: not supported on Linux: keys and peers of a wg are given by wg(8)
[1]
$ ifconfig wg0 destroy
$ ifconfig bridge0 create
",
    );
    let done = sandbox.run("ifconfig bridge0 maxaddr 9");
    if done.status == 0 {
        assert!(sandbox.ok("ifconfig bridge0").contains(" maxaddr 9 "));
    } else {
        let want = "ifconfig: BRDGSCACHE 9: Operation not supported \
                    (needs Linux 6.7: before, a bridge learns without limit)\n";
        assert_eq!(done.stderr, want);
    }
    sandbox.ok("ifconfig bridge0 destroy");
    sandbox.check();
}
