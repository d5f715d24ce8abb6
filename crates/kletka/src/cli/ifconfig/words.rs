//! The words of FreeBSD's ifconfig(8): families of addresses, and the parameters not supported here.

use super::command::Family;

/// The family that `word` names.
pub(super) fn family(word: &str) -> Option<Family> {
    match word {
        "inet" => Some(Family::Inet),
        "inet6" => Some(Family::Inet6),
        "ether" | "link" | "lladdr" => Some(Family::Ether),
        _ => None,
    }
}

/// Whether FreeBSD's ifconfig has a parameter of this name, `-` for its opposite included.
pub(super) fn is_freebsds(word: &str) -> bool {
    NOT_HERE.contains(&word.strip_prefix('-').unwrap_or(word))
}

/// Parameters of ifconfig(8) that this one does not have, in the order of their sections.
#[rustfmt::skip]
const NOT_HERE: &[&str] = &[
    // any interface
    "arp", "staticarp", "stickyarp", "debug", "allmulti", "promisc", "monitor", "metric", "media",
    "mediaopt", "mode", "instance", "inst", "rxcsum", "txcsum", "rxcsum6", "txcsum6", "tso", "tso4",
    "tso6", "lro", "wol", "wol_ucast", "wol_mcast", "wol_magic", "txrtlmt", "txtls", "mextpg", "toe",
    "polling", "netcons", "link0", "link1", "link2", "tunnel", "deletetunnel", "tunnelfib", "fib",
    "group", "maclabel", "pcp", "hwrxtstmp", "normal", "compress", "noicmp", "ipdst", "random",
    // inet6
    "anycast", "tentative", "deprecated", "autoconf", "accept_rtadv", "auto_linklocal", "defaultif",
    "ifdisabled", "nud", "no_dad", "no_radr", "no_prefer_iface", "prefer_source", "pltime", "vltime",
    "eui64", "stableaddr",
    // bridge
    "discover", "learn", "sticky", "private", "span", "stp", "edge", "autoedge", "ptp", "autoptp",
    "flush", "flushall", "static", "deladdr", "addr", "maxaddr", "timeout", "hellotime", "fwddelay",
    "maxage", "priority", "proto", "holdcnt", "ifpriority", "ifpathcost", "ifmaxaddr", "untagged",
    "tagged", "ifuntagged", "iftagged", "addtagged", "deltagged", "vlanfilter", "defuntagged",
    // vlan
    "vlanproto", "vlanpcp", "vlanmtu", "vlanhwtag", "vlanhwfilter", "vlanhwtso", "vlanhwcsum",
    // lagg
    "laggport", "laggproto", "lagghash", "laggtype", "lacp_strict", "lacp_fast_timeout",
    "use_flowid", "use_numa", "flowid_shift", "rr_limit",
    // carp, pfsync
    "vhid", "advbase", "advskew", "pass", "state", "peer", "peer6", "mcast", "mcast6", "syncdev",
    "syncpeer", "maxupd", "defer",
    // vxlan, gif, gre, stf, ipsec, wireguard, wireless
    "vni", "vxlanid", "vxlanlocal", "vxlanremote", "vxlangroup", "vxlandev", "vxlanlearn",
    "grekey", "enable_seq", "enable_csum", "udpencap", "udpport", "ignore_source", "noclamp",
    "stfv4net", "stfv4br", "reqid", "wgkey", "wgpeer", "wgport", "wlandev", "wlanmode", "ssid",
    "authmode", "channel",
];
