//! Entries as FreeBSD 14 prints them.

use netif::{Bridge, BridgePort, EtherAddress, InterfaceName, Prefix};

use super::super::format::Format;
use super::*;

fn interface(index: u32, name: &str, flags: u32, kind: Kind) -> Interface {
    Interface {
        index,
        name: InterfaceName::parse(name).unwrap(),
        flags: Flags(flags),
        mtu: 1500,
        ether: Some(EtherAddress([2, 0, 0, 0, 0, 10])),
        description: None,
        kind,
        master: None,
        port: None,
        groups: Vec::new(),
        maker: None,
        alternative_names: Vec::new(),
        lagg_port: None,
        counters: netif::Counters::default(),
        inet6: None,
        fib: netif::Fib::DEFAULT,
        addresses: Vec::new(),
    }
}

fn address(address: &str, length: u8) -> InterfaceAddress {
    InterfaceAddress::new(Prefix { address: address.parse().unwrap(), length })
}

/// The jail's end of the article's epair, and lo0, as FreeBSD 14 prints them.
#[test]
fn an_epair_and_the_loopback() {
    let mut epair = interface(5, "epair1b", 0x100_8843, Kind::Epair);
    epair.description = Some("jail side of the epair".into());
    let tentative = InterfaceAddress { tentative: true, ..address("fe80::ff:fe00:a", 64) };
    epair.addresses = vec![tentative, address("fd00::5", 64), address("192.168.1.240", 24)];
    let want = "\
epair1b: flags=1008843<UP,BROADCAST,RUNNING,SIMPLEX,MULTICAST,LOWER_UP> metric 0 mtu 1500
\tdescription: jail side of the epair
\tether 02:00:00:00:00:0a
\tinet 192.168.1.240 netmask 0xffffff00 broadcast 192.168.1.255
\tinet6 fe80::ff:fe00:a%epair1b prefixlen 64 tentative scopeid 0x5
\tinet6 fd00::5 prefixlen 64
\tgroups: epair
\tmedia: Ethernet 10Gbase-T (10Gbase-T <full-duplex>)
\tstatus: active
";
    assert_eq!(entry(&epair, None, &[], &Selection::default()), want);
    let want = "\
epair1b: flags=1008843<UP,BROADCAST,RUNNING,SIMPLEX,MULTICAST,LOWER_UP> metric 0 mtu 1500
\tdescription: jail side of the epair
\tinet 192.168.1.240 netmask 0xffffff00 broadcast 192.168.1.255
";
    let only = Selection { family: Some(AddressFamily::Inet), ..Selection::default() };
    assert_eq!(entry(&epair, None, &[], &only), want);

    let mut lo0 = interface(1, "lo0", 0x100_0049, Kind::Loopback);
    let plain = InterfaceAddress { broadcast: None, ..address("127.0.0.1", 8) };
    (lo0.ether, lo0.mtu, lo0.addresses) = (None, 65536, vec![plain, address("::1", 128)]);
    let want = "\
lo0: flags=1000049<UP,LOOPBACK,RUNNING,LOWER_UP> metric 0 mtu 65536
\tinet 127.0.0.1 netmask 0xff000000
\tinet6 ::1 prefixlen 128
\tgroups: lo
";
    assert_eq!(entry(&lo0, None, &[], &Selection::default()), want);
}

#[test]
fn a_bridge_and_its_members() {
    let id = EtherAddress([2, 0, 0, 0, 0, 10]);
    let (priority, root_priority) = (32768, 32768);
    let times = (2, 15, 20, 300);
    let bridge = Bridge {
        id,
        priority,
        hello_time: times.0,
        forward_delay: times.1,
        max_age: times.2,
        timeout: times.3,
        root_id: id,
        root_priority,
        ..Bridge::default()
    };
    let bridge = interface(7, "bridge1", 0x8802, Kind::Bridge(bridge));
    let mut member = interface(
        8,
        "re0.7",
        0x8943,
        Kind::Vlan { tag: 7, stacked: false, priority: 0, parent: Some(9) },
    );
    (member.master, member.ether) = (Some(7), None);
    let (learning, discover) = (true, true);
    member.port = Some(BridgePort {
        number: 1,
        priority: 128,
        path_cost: 2,
        learning,
        discover,
        ..BridgePort::default()
    });
    let re0 = interface(9, "re0", 0, Kind::Ethernet);
    let all = [bridge, member, re0];
    let want = "\
bridge1: flags=8802<BROADCAST,SIMPLEX,MULTICAST> metric 0 mtu 1500
\tether 02:00:00:00:00:0a
\tid 02:00:00:00:00:0a priority 32768 hellotime 2 fwddelay 15
\tmaxage 20 holdcnt 1 proto stp maxaddr 0 timeout 300
\troot id 02:00:00:00:00:0a priority 32768 ifcost 0 port 0
\tbridge flags=0<>
\tmember: re0.7 flags=3<LEARNING,DISCOVER>
\t        port 1 priority 128 path cost 2 vlan protocol 802.1q
\tgroups: bridge
";
    assert_eq!(entry(&all[0], None, &all, &Selection::default()), want);
    let want = "\
re0.7: flags=8943<UP,BROADCAST,RUNNING,PROMISC,SIMPLEX,MULTICAST> metric 0 mtu 1500
\tgroups: vlan
\tvlan: 7 vlanproto: 802.1q vlanpcp: 0 parent interface: re0
\tstatus: no carrier
";
    assert_eq!(entry(&all[1], None, &all, &Selection::default()), want);
    assert_eq!(
        entry(&all[2], None, &all, &Selection::default()),
        "re0: flags=0 metric 0 mtu 1500\n\tether 02:00:00:00:00:0a\n\tstatus: no carrier\n"
    );
}

/// `-f`, with the output of af_link.c, af_inet.c and af_inet6.c.
#[test]
fn formats() {
    let mut tunnel = interface(5, "gif0", 0x8051, Kind::Ethernet);
    tunnel.ether = Some(EtherAddress([2, 0, 0x5e, 0x10, 0, 10]));
    let far =
        InterfaceAddress { destination: Some([10, 0, 0, 2].into()), ..address("10.0.0.1", 30) };
    tunnel.addresses = vec![InterfaceAddress { broadcast: None, ..far }, address("fd00::5", 64)];
    let format = |ether, inet, inet6_slash| {
        let format = Format { ether, inet, inet6_slash };
        let text = entry(&tunnel, None, &[], &Selection { format, ..Selection::default() });
        text.lines().skip(1).take(3).map(|line| format!("{}\n", line.trim())).collect::<String>()
    };
    assert_eq!(
        format(Separation::Colon, Mask::Hexadecimal, false),
        "ether 02:00:5e:10:00:0a\ninet 10.0.0.1 --> 10.0.0.2 netmask 0xfffffffc\n\
         inet6 fd00::5 prefixlen 64\n"
    );
    assert_eq!(
        format(Separation::Dash, Mask::Dotted, true),
        "ether 02-00-5e-10-00-0a\ninet 10.0.0.1 --> 10.0.0.2 netmask 255.255.255.252\n\
         inet6 fd00::5/64\n"
    );
    assert_eq!(
        format(Separation::Dotted, Mask::Slash, true),
        "ether 0200.5e10.000a\ninet 10.0.0.1 --> 10.0.0.2/30\ninet6 fd00::5/64\n"
    );
}

#[test]
fn the_medium_of_a_card() {
    let card = interface(4, "re0", 0x8843, Kind::Ethernet);
    let mut known = Capabilities::default();
    let lines = |known: &Capabilities| {
        let text = entry(&card, Some(known), &[], &Selection::default());
        text.lines().skip(2).map(|line| format!("{}\n", line.trim())).collect::<String>()
    };
    assert_eq!(lines(&known), "status: no carrier\n");
    known.media = Some(Media { autoselect: true, speed: Some(1000), full_duplex: Some(true) });
    let want = "media: Ethernet autoselect (1000baseT <full-duplex>)\nstatus: no carrier\n";
    assert_eq!(lines(&known), want);
}

#[test]
#[rustfmt::skip]
fn selections() {
    let mut epair = interface(2, "epair1a", 0x8843, Kind::Epair);
    epair.addresses = vec![address("10.0.0.1", 24)];
    let mut lo0 = interface(1, "lo0", 0x8, Kind::Loopback);
    lo0.ether = None;
    let all = [lo0, epair];
    let any = Selection::default;
    for (selection, want) in [
        (any(),                                                      "lo0 epair1a"),
        (Selection { up: Some(true), ..any() },                      "epair1a"),
        (Selection { up: Some(false), ..any() },                     "lo0"),
        (Selection { family: Some(AddressFamily::Ether), ..any() },         "epair1a"),
        (Selection { family: Some(AddressFamily::Inet), ..any() },          "epair1a"),
        (Selection { family: Some(AddressFamily::Inet6), ..any() },         ""),
        (Selection { group: Some("epair".into()), ..any() },         "epair1a"),
        (Selection { group: Some("all".into()), ..any() },           "lo0 epair1a"),
        (Selection { without: Some("epair".into()), ..any() },       "lo0"),
        (Selection { interface: Some("lo0".into()), ..any() },       "lo0"),
        (Selection { interface: Some("epair9a".into()), ..any() },   ""),
    ] {
        let names: Vec<_> = chosen(&all, &selection).iter().map(|i| i.name.as_str()).collect();
        assert_eq!(names.join(" "), want, "{selection:?}");
    }
}
