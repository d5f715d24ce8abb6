//! The words of FreeBSD's ifconfig(8): families of addresses, and the parameters not supported here.

/// A family of addresses.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Family {
    Inet,
    Inet6,
    Ether,
}

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

/// Why Linux has nothing for a parameter, where that can be said in a few words.
pub(super) fn why_not(word: &str) -> Option<&'static str> {
    let word = word.strip_prefix('-').unwrap_or(word);
    let found = NO_COUNTERPART.iter().find(|(words, _)| words.contains(&word));
    found.map(|&(_, because)| because)
}

/// All parameters that Linux has nothing for.
#[cfg(test)]
pub(super) fn without_counterpart() -> impl Iterator<Item = &'static str> {
    NO_COUNTERPART.iter().flat_map(|(words, _)| words.iter().copied())
}

#[rustfmt::skip]
const NO_COUNTERPART: &[(&[&str], &str)] = &[
    (&["sticky"],                            "what a bridge learns may wander and be forgotten; static keeps an address where it is"),
    (&["ifmaxaddr"],                         "a bridge counts addresses as a whole: maxaddr"),
    (&["edge", "autoedge", "ptp", "autoptp"], "the kernel's spanning tree is 802.1D, without edges and point-to-point links"),
    (&["proto", "holdcnt"],                  "the kernel's spanning tree is 802.1D, which has no such choice"),
    (&["vlandev"],                           "a vlan has its parent as long as it is there: destroy"),
    (&["tunnel", "deletetunnel"],            "a tunnel has its ends as long as it is there: destroy"),
    (&["lagghash", "use_flowid", "flowid_shift", "lacp_strict", "lacp_fast_timeout", "rr_limit"], "the bonding driver's own settings are in /sys/class/net/IF/bonding"),
    (&["anycast"],                           "an address of many hosts is no address of an interface"),
    (&["tentative", "autoconf"],             "the kernel alone says it of an address"),
    (&["prefer_source", "no_prefer_iface"],  "ip-addrlabel(8) says which address packets leave with"),
    (&["nud"],                               "the kernel always asks whether a neighbour is still there"),
    (&["defaultif"],                         "route -6 add default -iface IF does it"),
    (&["stableaddr"],                        "net.ipv6.conf.IF.addr_gen_mode does it"),
    (&["wgkey", "wgpeer", "wgport"],         "keys and peers of a wg are given by wg(8)"),
];

/// Parameters of ifconfig(8) that this one does not have, in the order of their sections.
#[rustfmt::skip]
const NOT_HERE: &[&str] = &[
    // any interface
    "staticarp", "stickyarp", "monitor", "metric", "media",
    "mediaopt", "mode", "instance", "inst",
    "wol", "wol_ucast", "wol_mcast", "wol_magic", "txrtlmt", "txtls", "mextpg", "toe",
    "polling", "netcons", "link0", "link1", "link2",
    "maclabel", "pcp", "hwrxtstmp", "normal", "compress", "noicmp", "ipdst",
    // inet6
    "ipv6_only",
    // bridge
    "untagged",
    "tagged", "ifuntagged", "iftagged", "addtagged", "deltagged", "vlanfilter", "defuntagged",
    // vlan
    "vlanmtu", "vlanhwtso", "vlanhwcsum",
    // lagg
    "laggtype",
    "use_numa",
    // carp, pfsync
    "vhid", "advbase", "advskew", "pass", "state", "peer", "peer6", "mcast", "mcast6", "syncdev",
    "syncpeer", "maxupd", "defer",
    // vxlan, gif, gre, stf, ipsec, wireguard, wireless
    "enable_seq", "enable_csum", "udpencap", "udpport", "ignore_source", "noclamp",
    "stfv4net", "stfv4br", "reqid", "wlandev", "wlanmode", "ssid",
    "authmode", "channel",
];
