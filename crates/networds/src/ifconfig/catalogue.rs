//! The catalogue: every word of FreeBSD's ifconfig(8), with what it does here.
//!
//! One file for each subject, one row for each word. The order is that of the manual page.

mod bridge;
mod clone;
mod hardware;
mod inet6;
mod interface;

use super::action::Action;
use super::error::USAGE;
use super::family::AddressFamily;
use crate::word::{
    self, Argument, Entry, Flag, Found, Group, Language, Section, Standing, Support,
};

/// All words, by subject.
pub(super) static WORDS: &[Group<Action>] = &[
    Group { title: "Parameters of all interfaces", words: interface::WORDS },
    Group { title: "Parameters of hardware", words: hardware::WORDS },
    Group { title: "Parameters of IPv6", words: inet6::WORDS },
    Group { title: "Parameters of a bridge", words: bridge::WORDS },
    Group { title: "Parameters of a vlan", words: clone::VLAN },
    Group { title: "Parameters of a lagg", words: clone::LAGG },
    Group { title: "Parameters of a tunnel", words: clone::TUNNEL },
    Group { title: "Parameters of a vxlan", words: clone::VXLAN },
    Group { title: "Parameters of other kinds", words: clone::OTHER },
];

/// The options before the interface.
#[rustfmt::skip]
pub(super) const FLAGS: &[Flag] = &[
    Flag { letter: 'a', argument: None, about: "All interfaces, as without any argument" },
    Flag { letter: 'C', argument: None, about: "The kinds that can be created" },
    Flag { letter: 'd', argument: None, about: "Only those that are down" },
    Flag { letter: 'f', argument: Some(FORMAT), about: "How addresses are written" },
    Flag { letter: 'g', argument: Some(Argument::Group), about: "Only those in this group" },
    Flag { letter: 'G', argument: Some(Argument::Group), about: "All but those in this group" },
    Flag { letter: 'j', argument: Some(Argument::Jail), about: "In the network of this jail" },
    Flag { letter: 'L', argument: None, about: "For how long IPv6 addresses are there" },
    Flag { letter: 'l', argument: None, about: "Names alone" },
    Flag { letter: 'n', argument: None, about: "No kernel module is loaded, as in any case" },
    Flag { letter: 'u', argument: None, about: "Only those that are up" },
];

const FORMAT: Argument = Argument::Choice(&[
    "ether:colon",
    "ether:dash",
    "ether:dotted",
    "inet:hex",
    "inet:dotted",
    "inet:cidr",
    "inet6:numeric",
    "inet6:cidr",
    "default",
]);

/// A kind of interface that `create` makes.
#[derive(Debug, Clone, Copy)]
pub struct Cloned {
    /// FreeBSD's word for the kind; a number may follow.
    pub name: &'static str,
    /// What the kind is, in the manner of a row of the catalogue.
    pub about: &'static str,
}

/// All kinds that `create` makes, in the order of `ifconfig -C`.
#[rustfmt::skip]
pub const CLONED: &[Cloned] = &[
    Cloned { name: "bridge", about: "A bridge; its link-level address follows from the same as \
        those of an epair" },
    Cloned { name: "epair", about: "`epairNa` and `epairNb`, a cable with two ends: veth; their \
        link-level addresses follow from the machine's id, the jail in or for which the epair is \
        made, and the name, and stay the same" },
    Cloned { name: "gif", about: "A tunnel, whose ends are given with `create`" },
    Cloned { name: "gre", about: "A tunnel, whose ends are given with `create`" },
    Cloned { name: "lagg", about: "Several interfaces as one: bonding" },
    Cloned { name: "lo", about: "A further loopback: dummy" },
    Cloned { name: "tap", about: "Ethernet whose other end is a program; it is there until it is \
        destroyed, whether a program has it open or not; programs find it by /dev/net/tun" },
    Cloned { name: "tun", about: "As `tap`, with packets in place of frames" },
    Cloned { name: "vlan", about: "A vlan; tag and parent are given with `create`, or by a name of \
        the form `IF.TAG`" },
    Cloned { name: "vmnet", about: "A `tap` by another name" },
    Cloned { name: "vxlan", about: "Ethernet over UDP" },
    Cloned { name: "wg", about: "WireGuard; keys and peers are given by wg(8)" },
];

/// What `ifconfig -C` prints.
#[must_use]
pub fn cloners() -> String {
    CLONED.iter().map(|kind| kind.name).collect::<Vec<_>>().join(" ") + "\n"
}

/// The words that do something here.
pub fn words() -> impl Iterator<Item = &'static str> {
    word::taken(WORDS)
}

/// The row of `word`, if it is in the catalogue.
pub(super) fn find(word: &str) -> Option<Found<'_, Action>> {
    word::find(WORDS, word)
}

/// The family that `word` names.
pub(super) fn family(word: &str) -> Option<AddressFamily> {
    match find(word)?.row.support {
        Support::Full(Action::Family(family)) | Support::Partly(Action::Family(family), _) => {
            Some(family)
        }
        _ => None,
    }
}

/// The language as documents show it.
#[must_use]
pub fn language() -> Language {
    let sections: Vec<Section> = WORDS.iter().map(Group::section).collect();
    let kind = |kind: &Cloned| Entry {
        names: vec![kind.name.to_owned()],
        arguments: Vec::new(),
        about: kind.about,
        standing: Standing::Full,
    };
    let entries = CLONED.iter().map(kind).collect();
    Language {
        command: "ifconfig",
        usage: USAGE,
        flags: FLAGS,
        firsts: Section { title: "Kinds that can be created", entries },
        subject: Some(Argument::Interface),
        sections,
        operand: None,
    }
}

#[cfg(test)]
mod tests;
