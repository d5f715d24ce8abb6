//! Command lines, and the changes that they ask for.

use netif::{
    BridgeSetting, Capability, GroupName, Inet6Option, InterfaceAddress, InterfaceName, Mode,
    PortSetting, Prefix, Tunnel, Vlan,
};

use super::*;

fn words(line: &str) -> Vec<String> {
    line.split(' ').map(|word| word.replace('_', " ")).filter(|word| !word.is_empty()).collect()
}

fn changes(line: &str) -> Result<Vec<Change>, String> {
    match parse(&words(line)).map_err(|error| error.to_string())?.purpose {
        Purpose::Configure(configuration) => Ok(configuration.changes),
        other => Err(format!("{other:?}")),
    }
}

fn interface(name: &str) -> InterfaceName {
    InterfaceName::parse(name).unwrap()
}

fn address(prefix: &str, replaces: bool) -> Change {
    let (address, length) = prefix.split_once('/').unwrap();
    let prefix = Prefix { address: address.parse().unwrap(), length: length.parse().unwrap() };
    let (guessed, eui64) = (false, false);
    Change::Address(NewAddress { address: InterfaceAddress::new(prefix), replaces, guessed, eui64 })
}

/// The lines of the article's jail.conf; `_` is a blank inside quotes.
#[test]
#[rustfmt::skip]
fn an_article_on_samba_in_a_jail() {
    use Change::{Bridge, Description, Destroy, Up};
    let add = |member| Bridge(BridgeChange::AddMember(interface(member), vec![]));
    let delete = |member| Bridge(BridgeChange::DeleteMember(interface(member)));
    for (line, want) in [
        ("re0.7 up", vec![Up]),
        ("epair1a up descr jail_samba_side_of_the_epair",
            vec![Up, Description("jail samba side of the epair".into())]),
        ("bridge1 up addm re0.7 addm epair1a descr bridge_for_the_jail_samba",
            vec![Up, add("re0.7"), add("epair1a"),
                 Description("bridge for the jail samba".into())]),
        ("epair1b 192.168.1.240/24 up descr jail_side",
            vec![Up, Description("jail side".into()), address("192.168.1.240/24", true)]),
        ("bridge1 deletem epair1a deletem re0.7",
            vec![delete("epair1a"), delete("re0.7")]),
        ("epair1a destroy", vec![Destroy]),
        ("bridge1 destroy", vec![Destroy]),
    ] {
        assert_eq!(changes(line), Ok(want), "{line}");
    }
}

#[test]
#[rustfmt::skip]
fn addresses() {
    let ether = || Change::Ether("02:00:00:00:00:0a".parse().unwrap());
    let mode = |mode, on, word: &str| Change::Mode(mode, OnOff { on, word: word.into() });
    for (line, want) in [
        ("em0 inet 10.0.0.1 netmask 255.255.255.0",        vec![address("10.0.0.1/24", true)]),
        ("em0 10.0.0.1 netmask 0xffff0000 up",             vec![Change::Up, address("10.0.0.1/16", true)]),
        ("em0 10.6/24",                                    vec![address("10.0.0.6/24", true)]),         // inet_aton(3)
        ("em0 inet 0xa.0.262/16",                          vec![address("10.0.1.6/16", true)]),
        ("em0 inet 0x0a000006/32 alias",                   vec![address("10.0.0.6/32", false)]),
        ("em0 inet 010.0.0.1/32 alias",                    vec![address("8.0.0.1/32", false)]),          // octal
        ("em0 inet 10.0.0.2/32 alias",                     vec![address("10.0.0.2/32", false)]),
        ("em0 alias 10.0.0.2/32",                          vec![address("10.0.0.2/32", false)]),
        ("em0 inet 10.0.0.2 -alias",                       vec![Change::DeleteAddress("10.0.0.2".parse().unwrap())]),
        ("em0 -alias 10.0.0.2/24",                         vec![Change::DeleteAddress("10.0.0.2".parse().unwrap())]),
        ("em0 inet delete",                                vec![Change::DeleteFirstInet]),
        ("em0 inet6 2001:db8::5 prefixlen 48",             vec![address("2001:db8::5/48", false)]),
        ("em0 inet6 2001:db8::5/128 alias",                vec![address("2001:db8::5/128", false)]),
        ("em0 inet6 2001:db8::5",                          vec![address("2001:db8::5/64", false)]), // af_inet6.c: 64
        ("em0 inet 10.0.0.1/24 inet6 fd00::1/64 mtu 1400", vec![address("10.0.0.1/24", true),
                                                                Change::Mtu(1400), address("fd00::1/64", false)]),
        ("em0 ether 02:00:00:00:00:0a",                    vec![ether()]),
        ("em0 link 2:0:0:0:0:a up",                        vec![ether(), Change::Up]),
        ("em0 lladdr 02:00:00:00:00:0a",                   vec![ether()]),
        ("em0 inet6 fe80::1%em0/64",                       vec![address("fe80::1/64", false)]),
        ("em0 inet6 fe80::1%em0 prefixlen 10",             vec![address("fe80::1/10", false)]),
        ("em0 promisc -arp",                               vec![mode(Mode::Promiscuous, true, "promisc"), mode(Mode::Arp, false, "-arp")]),
        ("em0 name wan",                                   vec![Change::Rename(interface("wan"))]),
        ("epair1b vnet samba",                             vec![Change::Vnet("samba".into())]),
        ("epair1b -vnet samba",                            vec![Change::Reclaim("samba".into())]),
        ("em0 fib 2 up",                                   vec![Change::Fib(netif::Fib::new(2).unwrap()), Change::Up]),
        ("em0 tunnelfib 0 up",                             vec![Change::Up]),
        ("em0 -descr",                                     vec![Change::Description(String::new())]),
        ("em0 inet6 -ifdisabled up",                       vec![Change::Inet6(Inet6Option::Disabled, false), Change::Up]),
    ] {
        assert_eq!(changes(line), Ok(want), "{line}");
    }
}

#[test]
fn a_mask_that_was_not_given_is_guessed() {
    for (line, length) in [("em0 10.0.0.1", 8), ("em0 172.16.0.1", 16), ("em0 192.168.1.1", 24)] {
        let changes = changes(line).unwrap();
        let [Change::Address(new)] = &changes[..] else { panic!("{line}") };
        assert_eq!((new.address.prefix.length, new.guessed), (length, true), "{line}");
    }
}

#[test]
#[rustfmt::skip]
fn what_is_refused() {
    for (line, want) in [
        ("em0 up media auto",             "media: this parameter of FreeBSD's ifconfig is not supported"),
        ("bridge1 addm em0 -sticky em0",  "-sticky: not supported on Linux: what a bridge learns may wander and be forgotten; static keeps an address where it is"),
        ("em0 fib 16",                    "ioctl (SIOCSIFFIB): Invalid argument (there are fibs 0 to 15)"),
        ("gif0 tunnelfib 1",              "ioctl (SIOCSTUNFIB): Invalid argument (tunnels send by fib 0)"),
        ("em0 fib x",                     "fib x not valid"),                      // iffib.c
        ("gif0 -tunnel",                  "-tunnel: not supported on Linux: a tunnel has its ends as long as it is there: destroy"),
        ("em0 group web2",                "setifgroup: group names may not end in a digit"), // ifgroup.c
        ("em0 -group abcdefghijklmnop",   "unsetifgroup: group name too long"),
        ("bridge1 ifpriority em0 256",    "invalid value: 256"),                   // ifbridge.c
        ("bridge1 hellotime soon",        "invalid value: soon"),
        ("bridge1 deladdr 02:00",         "invalid address: 02:00"),
        ("bridge1 static em0 02:00",      "em0: invalid address: 02:00"),
        ("vlan7 create vlan 7 vlandev re0 vlanpcp 8", "value for vlan_pcp out of range"), // ifvlan.c
        ("vlan7 vlanproto isl",           "invalid value for vlanproto"),
        ("lagg0 create laggproto none",   "laggproto none: not supported on Linux: a bond always uses its ports"),
        ("lagg0 laggproto fast",          "unknown aggregation protocol: fast"),   // iflagg.c
        ("gif0 tunnel 10.0.0.1 fd00::1",  "source and destination address families do not match"), // ifconfig.c
        ("gif0 tunnel here 10.0.0.1",     "error in parsing address string: here"),
        ("vxlan0 create vni 0x1000000",   "invalid network identifier: 0x1000000"), // ifvxlan.c
        ("vxlan0 create vni 1 vxlanremote 239.0.0.1", "remote address cannot be multicast"),
        ("vxlan0 vni 1",                  "vxlanid and the like are for create: on Linux a vxlan keeps what it was made with"),
        ("em0 foo",                       "foo: bad value"),                       // in_getip()
        ("em0 10.0.0.256",                "10.0.0.256: bad value"),
        ("em0 10.256.1",                  "10.256.1: bad value"),
        ("em0 10.0.0.1.2",                "10.0.0.1.2: bad value"),
        ("em0 10..1",                     "10..1: bad value"),
        ("em0 10.0.0.1.",                 "10.0.0.1.: bad value"),
        ("em0 10.0.0.1/33",               "10.0.0.1/33: bad value (width invalid)"),
        ("em0 10.0.0.1/x",                "10.0.0.1/x: bad value (width invalid)"),
        ("em0 fe80::1/64",                "fe80::1/64: bad value"),                // not without inet6
        ("em0 inet6 10.0.0.1",            "10.0.0.1: bad value"),
        ("em0 10.0.0.1 netmask 1.2.3.4",  "1.2.3.4: bad value"),
        ("em0 inet6 fd00::1 prefixlen 129", "129: bad value"),
        ("em0 mtu big",                   "big: bad value"),
        ("em0 descr",                     "'descr' requires argument"),
        ("em0 up addm",                   "'addm' requires argument"),
        ("em0 alias",                     "'alias' requires argument"),
        ("em0 ether 02:00",               "malformed link-level address"),
        ("bridge1 addm bridge1234567890", "bridge1234567890: interface name too long"),
        ("vlan7 create vlan 7",           "both vlan and vlandev must be specified"),
        ("vlan7 create vlandev re0",      "both vlan and vlandev must be specified"),
        ("vlan7 create vlan x vlandev re0",    "invalid value for vlan"),
        ("vlan7 create vlan 4095 vlandev re0", "value for vlan out of range"),
        ("re0.7 create vlan 8 vlandev re0",    "ambiguous vlan specification"),
        ("re0.7 create vlan 7 vlandev re1",    "ambiguous vlan specification"),
        ("vlan7 vlan 7 vlandev re0",      "vlan and vlandev are for create: on Linux a vlan keeps its tag and its parent"),
        ("re0.7 vlan 7",                  "both vlan and vlandev must be specified"),
        ("em0 inet6 fe80::1%em1/64",      "fe80::1%em1/64: bad value"),
        ("em0 metric 1",                  "metric: this parameter of FreeBSD's ifconfig is not supported"),
        ("-f inet:roman",                 "-f inet:roman: this format is not supported"),
        ("-x",                            "-x: this option is not supported"),
        ("-a atalk",                      "Address family 'atalk' unknown."),
    ] {
        assert_eq!(changes(line), Err(want.to_owned()), "{line}");
    }
    for line in ["-l -a", "-u -d", "-a inet inet6", "-g"] {
        assert_eq!(parse(&words(line)), Err(UsageError::Usage), "{line}");
    }
}

#[test]
#[rustfmt::skip]
fn creations() {
    let re0 = || interface("re0");
    let plain = || Vlan { tag: 7, parent: re0(), stacked: false, priority: 0 };
    for (line, name, vlan, changes) in [
        ("epair1 create",                     "epair1", None,          vec![]),
        ("bridge create up",                  "bridge", None,          vec![Change::Up]),
        ("re0.7 create",                      "re0.7",  Some(plain()), vec![]),
        ("re0.7 create vlan 7 vlandev re0",   "re0.7",  Some(plain()), vec![]),
        ("vlan7 create vlan 7 vlandev re0 up", "vlan7", Some(plain()), vec![Change::Up]),
        ("vlan plumb vlandev re0 vlan 7",     "vlan",   Some(plain()), vec![]),
        ("vlan create vlan 7 vlandev re0 vlanproto 802.1ad vlanpcp 5", "vlan",
            Some(Vlan { stacked: true, priority: 5, ..plain() }), vec![]),
        ("lagg0 create laggproto lacp laggport re0", "lagg0", None, vec![Change::LaggPort(re0())]),
    ] {
        let Ok(Purpose::Configure(got)) = parse(&words(line)).map(|i| i.purpose) else { panic!("{line}") };
        assert_eq!((got.interface.as_str(), got.create, got.changes), (name, true, changes), "{line}");
        assert_eq!(got.creation.vlan(name), Ok(vlan), "{line}");
    }
}

#[test]
#[rustfmt::skip]
fn the_words_of_kinds() {
    let em0 = || interface("em0");
    let bridge = |changes: Vec<_>| changes.into_iter().map(Change::Bridge).collect::<Vec<_>>();
    let member = |setting| vec![Change::Bridge(BridgeChange::SetMember(em0(), setting))];
    let switch = |capabilities, on, word: &str| vec![Change::Capability(capabilities, OnOff { on, word: word.into() })];
    let tunnel = |local: &str, remote: &str, key| {
        vec![Change::Tunnel(Tunnel { local: local.parse().unwrap(), remote: remote.parse().unwrap(), key })]
    };
    for (line, want) in [
        ("bridge1 -discover em0",       member(PortSetting::Discover(false))),
        ("bridge1 private em0",         member(PortSetting::Private(true))),
        ("bridge1 ifpriority em0 64",   member(PortSetting::Priority(64))),
        ("bridge1 ifpathcost em0 55",   member(PortSetting::PathCost(55))),
        ("bridge1 stp em0",             bridge(vec![BridgeChange::Stp(em0(), true)])),
        ("bridge1 addm em0 priority 0x1000", bridge(vec![BridgeChange::AddMember(em0(), vec![]), BridgeChange::Set(BridgeSetting::Priority(4096))])),
        ("bridge1 flush addr",          bridge(vec![BridgeChange::Flush, BridgeChange::ShowAddresses])),
        ("em0 tso",                     switch(vec![Capability::Tso4, Capability::Tso6], true, "tso")),
        ("em0 -lro",                    switch(vec![Capability::Lro], false, "-lro")),
        ("gif0 inet tunnel 1.2.3.4 5.6.7.8", tunnel("1.2.3.4", "5.6.7.8", 0)),
        ("gre0 tunnel fd00::1 fd00::2 grekey 7", tunnel("fd00::1", "fd00::2", 7)),
        ("vlan7 vlanpcp 3",             vec![Change::VlanPriority(3)]),
        ("em0 group jails",             vec![Change::Group(GroupName::parse("jails").unwrap())]),
    ] {
        assert_eq!(changes(line), Ok(want), "{line}");
    }
    let Ok(point_to_point) = changes("gif0 inet 10.0.0.1 10.0.0.2 netmask 255.255.255.252") else { panic!() };
    let [Change::Address(new)] = &point_to_point[..] else { panic!("{point_to_point:?}") };
    assert_eq!(new.address.destination, Some("10.0.0.2".parse().unwrap()));
}

#[test]
#[rustfmt::skip]
fn listings() {
    let all = Selection::default;
    let one = |name: &str| Selection { interface: Some(name.into()), ..all() };
    for (line, want) in [
        ("",             Purpose::List(all())),
        ("-a",           Purpose::List(all())),
        ("-f inet:cidr,inet6:cidr -G lo", Purpose::List(Selection {
            without: Some("lo".into()),
            format: Format { inet: Mask::Slash, inet6_slash: true, ..Format::default() }, ..all() })),
        ("-f ether:dash -f default", Purpose::List(all())),
        ("-L lo0",       Purpose::List(Selection { lifetimes: true, ..one("lo0") })),
        ("-a -u",        Purpose::List(Selection { up: Some(true), ..all() })),
        ("-ad inet",     Purpose::List(Selection { up: Some(false), family: Some(AddressFamily::Inet), ..all() })),
        ("lo0",          Purpose::List(one("lo0"))),
        ("lo0 inet6",    Purpose::List(Selection { family: Some(AddressFamily::Inet6), ..one("lo0") })),
        ("-l",           Purpose::Names(all(), Separator::Blank)),
        ("-lu ether",    Purpose::Names(Selection { up: Some(true), family: Some(AddressFamily::Ether), ..all() }, Separator::Blank)),
        ("-g epair",     Purpose::Names(Selection { group: Some("epair".into()), ..all() }, Separator::Line)),
        ("-a -g epair",  Purpose::List(Selection { group: Some("epair".into()), ..all() })),
        ("-C",           Purpose::Cloners),
    ] {
        assert_eq!(parse(&words(line)), Ok(Invocation { jail: None, purpose: want }), "{line}");
    }
    assert_eq!(parse(&words("-j samba -l")).unwrap().jail.as_deref(), Some("samba"));
}

/// The lines of rc.conf(5): the name of the interface and `create` do not stand in them.
#[test]
fn parameters_alone() {
    let line = |line: &str| match parse(&words(line))?.purpose {
        Purpose::Configure(configuration) => Ok(configuration),
        other => panic!("{line}: {other:?}"),
    };
    let same = "inet 10.0.0.1/24 mtu 1400 up";
    assert_eq!(parameters::read("em0", &words(same)), line(&format!("em0 {same}")));
    for (text, whole) in [
        ("vlan 9 descr lan", "vlan create vlandev em0 vlan 9 descr lan"),
        ("vlandev em1 vlan 9", "vlan create vlandev em1 vlan 9"),
        ("", "vlan create vlandev em0"), // the tag is missing
        ("vlan", "vlan create vlandev em0 vlan"),
    ] {
        let got = parameters::read_creation("vlan", Some("em0"), &words(text));
        assert_eq!(got, line(whole), "{text}");
    }
    let got = parameters::read_creation("bridge1", None, &words("addm em0"));
    assert_eq!(got, line("bridge1 create addm em0"));
    let got = parameters::read_creation("vlan", Some("longer_than_any_name"), &words("vlan"));
    assert!(matches!(got, Err(UsageError::Name(_))), "{got:?}");
}
