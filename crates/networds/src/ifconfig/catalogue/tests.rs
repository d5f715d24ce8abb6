//! The catalogue is sound and complete, and says what the parser does.

use netif::{Cloner, LaggProtocol};

use super::*;
use crate::ifconfig::{Change, Format, Purpose, UsageError, parse};

fn entries() -> Vec<Entry> {
    language().sections.into_iter().flat_map(|section| section.entries).collect()
}

/// The words of `struct cmd` in FreeBSD 15's sbin/ifconfig, and those with `-` that do something
/// else than turn off. The families of addresses come first.
const FREEBSD: &str = "
    inet inet6 ether link lladdr
    up down arp promisc add alias -alias delete remove debug netmask metric broadcast ipdst prefixlen
    mtu name link0 link1 link2 monitor staticarp stickyarp allmulti normal compress noicmp
    descr -descr description -description fib tunnelfib tunnel -tunnel deletetunnel vnet -vnet
    group -group create plumb destroy unplumb maclabel random
    rxcsum txcsum rxcsum6 txcsum6 netcons pcp polling tso tso4 tso6 toe lro wol wol_ucast wol_mcast
    wol_magic txrtlmt txtls mextpg hwrxtstmp media mediaopt mode instance inst
    anycast tentative deprecated autoconf prefer_source pltime vltime eui64
    accept_rtadv no_radr defaultif ifdisabled nud auto_linklocal no_prefer_iface no_dad stableaddr
    addm deletem discover learn sticky span -span flush flushall static deladdr edge autoedge ptp
    autoptp stp private maxaddr addr hellotime fwddelay maxage priority proto holdcnt timeout
    ifpriority ifpathcost ifmaxaddr vlanfilter ifuntagged -ifuntagged iftagged
    +iftagged -iftagged ifvlanproto qinq defqinq defuntagged -defuntagged
    vlan vlandev -vlandev vlanproto vlanpcp vlanmtu vlanhwtag vlanhwfilter vlanhwtso vlanhwcsum
    laggtype laggport -laggport laggproto lagghash use_flowid use_numa lacp_strict lacp_txtest
    lacp_rxtest lacp_fast_timeout flowid_shift rr_limit
    vni vxlanid vxlanlocal vxlanremote vxlangroup vxlanlocalport vxlanremoteport vxlanportrange
    vxlantimeout vxlanmaxaddr vxlandev vxlanttl vxlanlearn vxlanflush vxlanflushall vxlanhwcsum
    vxlanhwtso grekey udpport enable_csum enable_seq udpencap ignore_source noclamp
    advbase advskew pass vhid state peer mcast peer6 mcast6
    syncdev syncif syncpeer maxupd defer stfv4net stfv4br reqid wlandev wlanmode ssid";

#[test]
fn every_parameter_of_freebsd_has_a_row() {
    for word in FREEBSD.split_whitespace() {
        assert!(find(word).is_some(), "{word}");
    }
}

#[test]
fn the_catalogue_is_sound() {
    let entries = entries();
    for (at, entry) in entries.iter().enumerate() {
        for name in &entry.names {
            let earlier = entries[..at].iter().any(|earlier| earlier.names.contains(name));
            assert!(!earlier, "{name} stands there twice");
        }
        let reason = match entry.standing {
            Standing::Partly(reason) | Standing::Refused(reason) => reason,
            Standing::Full | Standing::Absent => "none",
        };
        for text in [entry.about, reason] {
            assert!(!text.is_empty() && !text.ends_with('.'), "{:?}: no full stop", entry.names);
            assert!(text.matches('`').count() % 2 == 0, "{:?}: a quote is open", entry.names);
        }
    }
}

/// An example of what may follow a word; `word` tells what kind of value is wanted.
fn sample(word: &str, argument: Argument) -> &'static str {
    match (word, argument) {
        (_, Argument::Interface) => "em1",
        (_, Argument::Jail | Argument::Group) => "web",
        (_, Argument::Choice(choice)) => choice[0],
        ("static" | "deladdr", Argument::Value("address")) => "02:00:00:00:00:0a",
        ("vxlangroup", Argument::Value("address")) => "239.0.0.1",
        (_, Argument::Value("address")) => "10.0.0.1",
        (_, Argument::Value("mask")) => "255.255.255.0",
        ("fib" | "tunnelfib", _) => "0",
        (_, Argument::Value("name" | "text")) => "wan",
        (_, Argument::Value(_)) => "7",
    }
}

/// A line on which the word is allowed.
fn line_of(word: &str) -> Vec<String> {
    let before: &[&str] = match word {
        "prefixlen" | "pltime" | "vltime" | "deprecated" | "-deprecated" | "eui64" => {
            &["em0", "inet6", "fd00::"]
        }
        "netmask" | "broadcast" | "alias" | "add" => &["em0", "10.0.0.1"],
        "grekey" => &["gre0", "tunnel", "10.0.0.1", "10.0.0.2"],
        "random" => &["em0", "ether"],
        "vlan" => &["vlan0", "create", "vlandev", "em0"],
        "vlandev" | "vlanproto" => &["vlan0", "create", "vlan", "7", "vlandev", "em0"],
        word if word.contains("vxlan") || word == "vni" => &["vxlan0", "create"],
        _ => &["em0"],
    };
    before.iter().chain([&word]).map(|&word| word.to_owned()).collect()
}

/// Every word takes as many words as its row says, and no fewer. Every refused word is refused.
#[test]
fn rows_say_what_the_parser_does() {
    for entry in entries() {
        for name in &entry.names {
            let mut line = line_of(name);
            match entry.standing {
                Standing::Full | Standing::Partly(_) => {}
                Standing::Refused(because) => {
                    let word = name.clone();
                    assert_eq!(parse(&line), Err(UsageError::NoCounterpart { word, because }));
                    continue;
                }
                Standing::Absent => {
                    assert_eq!(parse(&line), Err(UsageError::NotSupported(name.clone())));
                    continue;
                }
            }
            for argument in &entry.arguments {
                assert_eq!(parse(&line), Err(UsageError::RequiresArgument(name.clone())));
                line.push(sample(name, *argument).to_owned());
            }
            // The change at the end shows that no word has swallowed it.
            line.push("destroy".to_owned());
            let Ok(Purpose::Configure(wanted)) = parse(&line).map(|line| line.purpose) else {
                panic!("{line:?}: {:?}", parse(&line));
            };
            assert!(wanted.changes.contains(&Change::Destroy), "{line:?}");
        }
    }
}

#[test]
fn every_option_is_read() {
    for flag in FLAGS {
        let mut line = vec![format!("-{}", flag.letter)];
        line.extend(flag.argument.map(|argument| sample("", argument).to_owned()));
        assert!(parse(&line).is_ok(), "{line:?}");
    }
    let Argument::Choice(formats) = FORMAT else { panic!() };
    for format in formats {
        assert_eq!(Format::of_environment(format).1, Vec::<&str>::new());
    }
}

#[test]
fn kinds_and_protocols_are_those_of_the_kernel() {
    assert_eq!(cloners(), "bridge epair gif gre lagg lo tap tun vlan vmnet vxlan wg\n");
    assert!(CLONED.iter().all(|kind| Cloner::parse(kind.name).is_some()));
    let protocol = entries().into_iter().find(|entry| entry.names[0] == "laggproto").unwrap();
    let [Argument::Choice(protocols)] = protocol.arguments[..] else { panic!() };
    assert!(protocols.iter().all(|word| LaggProtocol::parse(word).is_some()));
}
