//! ifconfig(8) on vlans, laggs, tunnels, loopbacks and wg, with FreeBSD's words, and the packets
//! that they carry. The kernel of a machine that builds kletka may lack these kinds.

use crate::it::session;
use crate::sandbox::Sandbox;

/// A host with the card re0. The other end of its cable is in the namespace `lan`.
fn host() -> Option<Sandbox> {
    let sandbox = crate::sandbox()?;
    sandbox.ok("ip netns add lan && ip link add re0 type veth peer name lan0 netns lan");
    sandbox.ok("ifconfig re0 10.0.0.1/24 up && ip -n lan link set lan0 up");
    sandbox.ok("ip -n lan address add 10.0.0.2/24 dev lan0");
    for (namespace, link, address) in [("", "re0", "fd00::1"), ("-n lan", "lan0", "fd00::2")] {
        sandbox.ok(&format!("ip {namespace} address add {address}/64 nodad dev {link}"));
    }
    Some(sandbox)
}

fn end(sandbox: &Sandbox) {
    sandbox.ok("ip link delete re0 && ip netns delete lan && /bin/umount /run/netns");
    assert_eq!(sandbox.ok("ifconfig -l"), "lo0\n");
}

#[test]
fn vlans() {
    let Some(sandbox) = host() else { return };
    session::check(
        &sandbox,
        "\
$ ifconfig re0.7 create vlanpcp 3
$ ifconfig re0.7 | grep vlan:
	vlan: 7 vlanproto: 802.1q vlanpcp: 3 parent interface: re0
$ ifconfig re0.7 vlanpcp 5; ifconfig re0.7 | grep -o 'vlanpcp: .'
vlanpcp: 5
$ ifconfig vlan create vlan 8 vlandev re0 vlanproto 802.1ad descr outer
vlan0
$ ifconfig vlan0 | grep vlan:
	vlan: 8 vlanproto: 802.1ad vlanpcp: 0 parent interface: re0
$ ifconfig re0.7 -vlandev
ifconfig: -vlandev: not supported on Linux: a vlan has its parent as long as it is there: destroy
[1]
$ ifconfig re0 vlanpcp 3
ifconfig: SIOCSVLANPCP: Invalid argument (vlanpcp is for vlans)
[1]
$ ifconfig -g vlan
re0.7
vlan0
$ ifconfig re0.7 destroy; ifconfig vlan0 destroy
",
    );
    end(&sandbox);
}

/// Frames carry the priority of the vlan.
#[test]
fn the_priority_of_a_vlan() {
    let Some(sandbox) = host() else { return };
    sandbox.ok("ifconfig re0.7 create vlanpcp 5 && ifconfig re0.7 10.7.0.1/24 up");
    sandbox.ok(
        "ip netns exec lan tcpdump -U -l -e -n -c 1 -i lan0 vlan 7 and arp > /tmp/wire 2> /tmp/said & echo $! > /tmp/pid; \
         until grep -q listening /tmp/said; do :; done",
    );
    sandbox.ok("busybox arping -c 1 -w 1 -I re0.7 10.7.0.2 > /dev/null || true");
    sandbox.ok("until grep -q 'vlan 7' /tmp/wire; do :; done");
    let wire = sandbox.ok("cat /tmp/wire");
    assert!(wire.contains("vlan 7, p 5,"), "{wire}");
    sandbox.ok("ifconfig re0.7 destroy");
    end(&sandbox);
}

#[test]
fn loopbacks_and_wg() {
    let Some(sandbox) = host() else { return };
    session::check(
        &sandbox,
        "\
$ ifconfig lo1 create inet 127.1.0.1/32
$ ifconfig lo create
lo2
$ ifconfig lo1 | grep -v flags
	inet 127.1.0.1 netmask 0xffffffff
	groups: lo
$ ifconfig wg create descr tunnel
wg0
$ ifconfig wg0
wg0: flags=90<POINTOPOINT,NOARP> metric 0 mtu 1420
	description: tunnel
	groups: wg
$ ifconfig lo1 destroy; ifconfig lo2 destroy; ifconfig wg0 destroy
",
    );
    end(&sandbox);
}

#[test]
fn laggs() {
    let Some(sandbox) = host() else { return };
    sandbox.ok("ifconfig epair1 create up; ifconfig epair2 create up; ifconfig epair1b up; ifconfig epair2b up");
    session::check(
        &sandbox,
        "\
$ ifconfig lagg0 create laggproto lacp
$ ifconfig lagg0 up laggproto failover laggport epair1a laggport epair2a 10.9.0.1/24
$ ifconfig lagg0 laggproto failover laggport epair1a
$ ifconfig epair1b laggproto lacp
ifconfig: SIOCSLAGG: Invalid argument (laggproto is for laggs)
[1]
$ until ifconfig lagg0 | grep -q MASTER; do :; done
$ ifconfig lagg0 | grep lagg | grep -v flags=1
	laggproto failover lagghash l2
	laggport: epair1a flags=5<MASTER,ACTIVE>
	laggport: epair2a flags=0<>
	groups: lagg
$ ifconfig lagg0 laggproto loadbalance
ifconfig: SIOCSLAGG: Device busy (on Linux only while it has no ports)
[1]
$ ifconfig lagg0 -laggport epair2a
$ ifconfig lagg0 -laggport epair2a
ifconfig: SIOCSLAGGDELPORT: No such file or directory
[1]
$ ifconfig lagg0 laggport epair9a
ifconfig: lagg0 epair9a: SIOCSLAGGPORT: Device not configured
[1]
$ ifconfig re0 laggport epair2a
ifconfig: re0 epair2a: SIOCSLAGGPORT: Invalid argument (laggport is for laggs)
[1]
$ ifconfig lagg0 destroy; ifconfig epair1a destroy; ifconfig epair2a destroy
",
    );
    end(&sandbox);
}

/// Tunnels over IPv4 and IPv6, with IPv4 and IPv6 inside.
#[test]
fn tunnels() {
    let Some(sandbox) = host() else { return };
    let lan = "ip netns exec lan";
    for (kind, here, there, more) in [
        ("gif", "10.0.0.1", "10.0.0.2", ""),
        ("gif", "fd00::1", "fd00::2", ""),
        ("gre", "10.0.0.1", "10.0.0.2", " grekey 7"),
        ("gre", "fd00::1", "fd00::2", ""),
    ] {
        let ends = [("", here, there, 1, 2), (lan, there, here, 2, 1)];
        for (namespace, own, other, mine, yours) in ends {
            sandbox
                .ok(&format!("{namespace} ifconfig {kind}0 create tunnel {own} {other}{more} up"));
            sandbox.ok(&format!(
                "{namespace} ifconfig {kind}0 inet 10.8.0.{mine} 10.8.0.{yours} netmask 255.255.255.255"
            ));
            sandbox.ok(&format!("{namespace} ip address add fd08::{mine}/64 nodad dev {kind}0"));
        }
        let entry = sandbox.ok(&format!("ifconfig {kind}0"));
        let family = if here.contains(':') { "inet6" } else { "inet" };
        for line in [
            format!("\ttunnel {family} {here} --> {there}\n"),
            "\tinet 10.8.0.1 --> 10.8.0.2 netmask 0xffffffff\n".to_owned(),
            format!("\tgroups: {kind}\n"),
        ] {
            assert!(entry.contains(&line), "{line}{entry}");
        }
        assert_eq!(entry.contains("\tgrekey: 0x7 (7)\n"), more == " grekey 7", "{entry}");
        sandbox.ok("busybox ping -c 1 -W 20 10.8.0.2 && busybox ping -6 -c 1 -W 20 fd08::2");
        if kind == "gif" {
            sandbox.ok(&format!("ifconfig gif0 tunnel {here} {there}"));
        }
        for namespace in ["", lan] {
            sandbox.ok(&format!("{namespace} ifconfig {kind}0 destroy"));
        }
    }
    end(&sandbox);
}

/// The article's rc.conf: the vlan of a card is made at boot, and destroyed again.
#[test]
fn vlans_by_rc_conf() {
    let Some(sandbox) = host() else { return };
    sandbox.write(
        "/etc/rc.conf",
        "vlans_re0=\"7 vlan0 office\"\ncreate_args_vlan0=\"vlan 9\"\ncreate_args_office=\"vlan 10\"\nifconfig_re0_7=\"up\"\nifconfig_re0_7_descr=\"home\"\n\
         cloned_interfaces=\"bridge1\"\nifconfig_bridge1=\"addm re0.7\"\n",
    );
    // All interfaces are made before the first is configured, so the bridge finds the vlan that is
    // to be its member.
    let done = sandbox.run("service netif start");
    assert_eq!((done.stderr.as_str(), done.status), ("", 0), "{}", done.stdout);
    session::check(
        &sandbox,
        "\
$ ifconfig re0.7 | grep -e descr -e vlan:
	description: home
	vlan: 7 vlanproto: 802.1q vlanpcp: 0 parent interface: re0
$ ifconfig vlan0 | grep vlan:
	vlan: 9 vlanproto: 802.1q vlanpcp: 0 parent interface: re0
$ ifconfig office | grep vlan:
	vlan: 10 vlanproto: 802.1q vlanpcp: 0 parent interface: re0
$ ifconfig bridge1 | grep -o 'member: [^ ]*'
member: re0.7
$ kletka net guard 1 sh -c 'ifconfig re0.7 destroy; ifconfig bridge1 destroy'
kletka: net guard: re0: cannot be made again if the command destroys them
kletka: net guard: no sign of life within 1 s: undone
[1]
$ ifconfig bridge1 | grep -o 'member: [^ ]*'
member: re0.7
$ service netif stop
Stopping Network: office vlan0 re0.7 bridge1.
",
    );
    end(&sandbox);
}

/// The guard of the network makes every kind of interface again, except for those that it names
/// beforehand.
#[test]
fn the_guard_makes_every_kind_again() {
    let Some(sandbox) = host() else { return };
    sandbox.ok(
        "ifconfig epair3 create up; ifconfig epair4 create up; \
         ip link add lagg0 type bond mode 802.3ad xmit_hash_policy layer3+4 miimon 200 lacp_rate fast && \
         ifconfig lagg0 laggport epair3a laggport epair4a inet 10.6.0.1/24 up && \
         ifconfig lagg0.9 create vlanpcp 3 up && ip link add link re0 name re0.8 type vlan id 8 protocol 802.1ad gvrp on && \
         ifconfig lo1 create inet 10.9.0.1/32 up && ifconfig gif0 create tunnel 10.0.0.1 10.0.0.2 && \
         ifconfig gif1 create tunnel fd00::1 fd00::2 && ifconfig gre0 create tunnel 10.0.0.1 10.0.0.2 grekey 7 up && \
         ifconfig gre1 create tunnel fd00::1 fd00::2 && ip link add tap0 type gretap local 10.0.0.1 remote 10.0.0.3 dev re0 && \
         ip link add ipip0 type ipip local 10.0.0.1 remote 10.0.0.4 ttl 9 && \
         ifconfig vxlan1 create vxlanid 42 vxlanlocal 10.0.0.1 vxlanremote 10.0.0.2 up && \
         ip link add vrf0 type vrf table 70 && ip link set vrf0 up && ip link set gif1 master vrf0 && \
         ip link add link lagg0 name mac0 type macvlan mode private && ifconfig wg0 create && \
         ip link add bridge5 type bridge vlan_filtering 1 vlan_default_pvid 3 && ip link set lagg0.9 master bridge5 && ip link set bridge5 up && \
         ip address add 10.5.0.1/24 dev bridge5 && ip route add 10.55.0.0/16 via 10.5.0.2",
    );
    let details = "ip -d -o link | sed -e 's/^[0-9]*: //' -e 's/ state [A-Z]*//' -e 's/@if[0-9]*//' -e 's/[a-z_]*timer *[0-9.]*//g' \
                       -e 's/designated_[a-z]* [^ ]*//g' -e 's/root_[a-z]* [^ ]*//g' -e 's/<[^>]*>//' -e 's/port_[a-z]* [^ ]*//g' \
                       -e 's/topology_change[_a-z]* [0-9]//g' -e 's/state [a-z]*//g' -e 's/fdb_n_learned [0-9]*//' \
                       -e 's/ad_[a-z_]*state_str.*link-netns.*//' -e 's/bond_slave.*//' -e 's/permaddr [^ ]*//' -e 's/ ad_[a-z_]* [^ ]*//g' -e 's/mii_status.*queue_id.*//' | sort; \
                   ip -o address | sed -e 's/^[0-9]*: //' -e 's/tentative//' -e 's/nodad//' | grep -v fe80 | sort; \
                   ip route | sed 's/ linkdown//'";
    let before = sandbox.ok(details);
    let all = "mac0 vrf0 vxlan1 ipip0 tap0 gre1 gre0 gif1 gif0 lo1 re0.8 lagg0.9 lagg0 bridge5 wg0";
    let done = sandbox.run(&format!(
        "kletka net guard 5 sh -c 'printf \"link delete %s\\n\" {all} | ip -force -batch -; kill -STOP $$' > /dev/null"
    ));
    assert_eq!(done.status, 1);
    let want = "\
kletka: net guard: re0 wg0: cannot be made again if the command destroys them
kletka: net guard: bridge5: the VLANs of its members are not put back
kletka: net guard: sh has not ended within 5 s: killed, and undone
kletka: net guard: wg0: is gone, and cannot be made again
";
    assert_eq!(done.stderr, want);
    let (after, mut lost) = (sandbox.ok(details), Vec::new());
    for (from, to, sign) in [(&before, &after, "-"), (&after, &before, "+")] {
        let has = |line: &&str| !to.lines().any(|other| other == *line);
        lost.extend(from.lines().filter(has).map(|line| format!("{sign}{line}")));
    }
    lost.retain(|line| !line.starts_with("-wg0"));
    assert!(lost.is_empty(), "{lost:#?}");
    sandbox.ok(&format!(
        "printf 'link delete %s\\n' {all} | ip -force -batch - 2> /dev/null; ifconfig epair3a destroy; ifconfig epair4a destroy"
    ));
    end(&sandbox);
}

/// LRO is turned off when hardware becomes a member of a bridge, and is on again after the undoing.
/// A lagg stands for the hardware.
#[test]
fn the_guard_turns_lro_on_again() {
    let Some(sandbox) = host() else { return };
    sandbox.ok("ifconfig lagg0 create");
    session::check(
        &sandbox,
        "\
$ kletka net guard 1 ifconfig bridge0 create addm lagg0
kletka: net guard: re0: cannot be made again if the command destroys them
ifconfig: lagg0: LRO turned off: what the hardware joins, a bridge cannot send on
kletka: net guard: no sign of life within 1 s: undone
[1]
$ ifconfig lagg0 | grep -c LRO
1
$ ifconfig -l
lo0 re0 lagg0
$ ifconfig lagg0 destroy
",
    );
    end(&sandbox);
}

/// bridge(4) of FreeBSD 15: members without vlans get nothing, members of one vlan reach each
/// other, a vlan(4) on the bridge is the host's way into a vlan. FreeBSD's
/// tests/sys/net/if_bridge_test.sh.
#[test]
fn vlans_of_bridge_members() {
    let Some(sandbox) = crate::sandbox() else { return };
    for (number, address) in [(1, "10.0.0.1"), (2, "10.0.0.2"), (3, "10.0.0.3")] {
        sandbox.ok(&format!(
            "ip netns add n{number} && ifconfig epair{number} create && ifconfig epair{number}a up && \
             ip link set epair{number}b netns n{number} && ip -n n{number} link set epair{number}b up && \
             ip -n n{number} address add {address}/24 dev epair{number}b"
        ));
    }
    let ping = |from: &str, to: &str, count: u8| {
        let ping = format!("ip netns exec {from} busybox ping -c {count} -W 1 {to}");
        sandbox.run(&ping).status == 0
    };
    // The first packets may be lost with a question for the address that nobody answered before.
    let reaches = |from: &str, to: &str| ping(from, to, 8);
    let misses = |from: &str, to: &str| !ping(from, to, 1);
    sandbox.ok("ifconfig bridge0 create vlanfilter up");
    sandbox.ok("ifconfig bridge0 addm epair1a addm epair2a untagged 20 addm epair3a tagged 20");
    assert!(misses("n1", "10.0.0.2"), "a member without vlans");
    sandbox.ok("ifconfig bridge0 ifuntagged epair1a 30");
    assert!(misses("n1", "10.0.0.2"), "two vlans");
    sandbox.ok("ifconfig bridge0 ifuntagged epair1a 20");
    assert!(reaches("n1", "10.0.0.2"), "one vlan");
    // A trunk: the frames keep their tag.
    sandbox.ok("ip -n n3 address flush dev epair3b && \
         ip -n n3 link add link epair3b name v20 up type vlan id 20 && \
         ip -n n3 address add 10.0.0.3/24 dev v20");
    assert!(reaches("n1", "10.0.0.3"), "a member with a tag");
    // The host is in a vlan by a vlan(4), and not by the bridge itself.
    sandbox.ok("ifconfig bridge0 10.0.0.9/24");
    assert!(misses("n1", "10.0.0.9"), "the host without a tag");
    sandbox.ok("ifconfig bridge0 delete 10.0.0.9; ifconfig bridge0.20 create 10.0.0.9/24");
    assert!(reaches("n1", "10.0.0.9"), "the host by its vlan");
    session::check(
        &sandbox,
        "\
$ ifconfig bridge0 iftagged epair3a 100-149
$ ifconfig bridge0 +iftagged epair3a 139-199
$ ifconfig bridge0 -iftagged epair3a 104,105,150-159
$ ifconfig bridge0 | grep -e 'bridge flags' -e member -e 'path cost'
	bridge flags=1<VLANFILTER>
	member: epair1a flags=3<LEARNING,DISCOVER>
	        port 1 priority 128 path cost 2 vlan protocol 802.1q untagged 20
	member: epair2a flags=3<LEARNING,DISCOVER>
	        port 2 priority 128 path cost 2 vlan protocol 802.1q untagged 20
	member: epair3a flags=3<LEARNING,DISCOVER>
	        port 3 priority 128 path cost 2 vlan protocol 802.1q tagged 100-103,106-149,160-199
$ ifconfig bridge0 -vlanfilter
ifconfig: BRDGSFLAGS: Device busy (without vlanfilter Linux would not keep members apart: first -ifuntagged IF and iftagged IF none)
[1]
$ ifconfig bridge0 defuntagged 7
ifconfig: BRDGSDEFPVID: Device busy (on Linux only while the bridge has no members)
[1]
$ ifconfig bridge0 -ifuntagged epair1a -ifuntagged epair2a iftagged epair3a none -vlanfilter
$ ifconfig bridge0 ifuntagged epair1a 20
ifconfig: BRDGSIFPVID 20: Operation not supported (on Linux members have vlans only with vlanfilter)
[1]
$ ifconfig bridge0 deletem epair1a deletem epair2a deletem epair3a
$ ifconfig bridge0 vlanfilter defuntagged 10 addm epair1a addm epair2a untagged 11
$ ifconfig bridge0 | grep -e 'bridge flags' -e untagged
	bridge flags=1<VLANFILTER> defuntagged=10
	        port 1 priority 128 path cost 2 vlan protocol 802.1q untagged 10
	        port 2 priority 128 path cost 2 vlan protocol 802.1q untagged 11
$ ifconfig bridge0 ifuntagged epair3a 10
ifconfig: BRDGSIFPVID 10: No such file or directory
[1]
$ ifconfig bridge0.20 destroy; ifconfig bridge0 destroy
",
    );
    for number in 1..=3 {
        sandbox.ok(&format!("ifconfig epair{number}a destroy; ip netns delete n{number}"));
    }
    sandbox.ok("/bin/umount /run/netns");
}
