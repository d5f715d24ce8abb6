//! The catalogue: every word of FreeBSD's route(8), with what it does here.

use std::slice;

use netif::RouteKind;

use super::command::{IpFamily, Verb};
use super::error::{USAGE, UsageError};
use super::reader::RouteReader;
use crate::word::Argument::{Choice, Value};
use crate::word::{self, Argument, Flag, Found, Group, Language, Support, Takes, word};

type Outcome = Result<(), UsageError>;

/// The destination. Modifiers may come before it.
const DESTINATION: Argument = Value("destination");

/// What a modifier does, by whether a word follows it.
#[derive(Debug, Clone, Copy)]
pub(super) enum Modifier {
    /// Nothing follows.
    Alone(fn(&mut RouteReader<'_>) -> Outcome),
    /// One word follows.
    With(Argument, for<'a> fn(&mut RouteReader<'a>, &'a str) -> Outcome),
}

use Modifier::{Alone, With};

impl Takes for Modifier {
    fn arguments(&self) -> Vec<Argument> {
        match self {
            Self::Alone(_) => Vec::new(),
            Self::With(argument, _) => vec![*argument],
        }
    }
}

impl Takes for Verb {
    fn arguments(&self) -> Vec<Argument> {
        match self {
            Self::Add | Self::Change => vec![DESTINATION, Value("gateway")],
            Self::Delete | Self::Get => vec![DESTINATION],
            Self::Flush => Vec::new(),
        }
    }
}

/// The first word.
#[rustfmt::skip]
static VERBS: Group<Verb> = Group { title: "Commands", words: &[
    word(&["add"], "Adds a route").full(Verb::Add),
    word(&["change"], "Changes the gateway of a route").full(Verb::Change),
    word(&["delete", "del"], "Deletes a route").full(Verb::Delete),
    word(&["get", "show"], "Prints the route to a destination").full(Verb::Get),
    word(&["flush"], "Deletes the routes that lead through a gateway")
        .partly("routes of the kernel, which follow from addresses, stay", Verb::Flush),
    word(&["monitor"], "Prints changes as they are made").absent(),
] };

/// The words with a minus before them; the rows have them without it.
#[expect(clippy::redundant_closure_for_method_calls, reason = "a method is of one lifetime only")]
#[rustfmt::skip]
static MODIFIERS: Group<Modifier> = Group { title: "Modifiers", words: &[
    word(&["4", "inet"], "Addresses are of IPv4")
        .full(Alone(|line| { line.set_family(IpFamily::Inet); Ok(()) })),
    word(&["6", "inet6"], "Addresses are of IPv6")
        .full(Alone(|line| { line.set_family(IpFamily::Inet6); Ok(()) })),
    word(&["net"], "The destination is a network")
        .full(Alone(|line| { line.force_net = true; Ok(()) })),
    word(&["host"], "The destination is a host")
        .full(Alone(|line| { line.force_host = true; Ok(()) })),
    word(&["iface", "interface"], "The gateway is an interface, and the destination behind it")
        .full(Alone(|line| { line.through_interface = true; Ok(()) })),
    word(&["gateway"], "The gateway")
        .full(With(Value("address"), |line, text| { line.gateway = Some(text); Ok(()) })),
    word(&["netmask"], "The mask of the destination")
        .full(With(Value("mask"), |line, text| line.set_mask(text))),
    word(&["prefixlen"], "The length of the prefix of the destination")
        .full(With(Value("length"), |line, text| line.set_prefix_length(text))),
    word(&["reject"], "Packets are refused: the sender is told")
        .full(Alone(|line| { line.kind = Some(RouteKind::Reject); Ok(()) })),
    word(&["blackhole"], "Packets are dropped")
        .full(Alone(|line| { line.kind = Some(RouteKind::Blackhole); Ok(()) })),
    word(&["static"], "The route was made by hand, as all that are made here")
        .full(Alone(|_| Ok(()))),
    word(&["mtu"], "The longest packet, in bytes")
        .full(With(Value("bytes"), |line, text| line.set_mtu(text))),
    word(&["fib"], "The routing tables: numbers from 0 to 15, and ranges as in `1,4-6`; `all`; or \
          `default`, that of the process, which counts without the word too")
        .full(With(Value("fibs"), |line, text| line.set_fibs(text))),
    word(&["nostatic"], "The route was made by a program").absent(),
    word(&["proto1", "proto2", "proto3"], "Marks for routing programs").absent(),
    word(&["cloning", "xresolve", "llinfo"], "How a link-level address is found").absent(),
    word(&["proxy"], "Answers arp(4) for the destination").absent(),
    word(&["dynamic", "modify"], "The route comes from a redirection").absent(),
    word(&["sticky", "nosticky"], "Whether the route stays when it is not used").absent(),
    word(&["weight"], "How often the route is used among others").absent(),
    word(&["ifa"], "The address that packets leave with").absent(),
    word(&["ifp"], "The interface that packets leave through").absent(),
    word(&["genmask"], "The mask of routes that follow from this one").absent(),
    word(&["dst"], "The destination").absent(),
    word(&["lock", "lockrest"], "The kernel does not change what follows").absent(),
    word(&["expire", "hopcount", "recvpipe", "sendpipe", "ssthresh", "rtt", "rttvar"],
         "Metrics of the route").absent(),
    word(&["link", "sa", "osi", "x25", "xns"], "Families of addresses").absent(),
] };

/// The options before the first word.
#[rustfmt::skip]
const FLAGS: &[Flag] = &[
    Flag { letter: '4', argument: None, about: "Addresses are of IPv4" },
    Flag { letter: '6', argument: None, about: "Addresses are of IPv6" },
    Flag { letter: 'j', argument: Some(Argument::Jail), about: "In the network of this jail" },
    Flag { letter: 'n', argument: None, about: "Addresses stay numbers, as in any case" },
    Flag { letter: 'q', argument: None, about: "Only the exit status tells" },
];

/// Looks up a command.
pub(super) fn find_verb(word: &str) -> Option<Found<'_, Verb>> {
    word::find(slice::from_ref(&VERBS), word)
}

/// Looks up a modifier, which was written as `-KEYWORD`.
pub(super) fn find_modifier(keyword: &str) -> Option<Found<'_, Modifier>> {
    word::find(slice::from_ref(&MODIFIERS), keyword)
}

/// The commands and modifiers that there are, without a minus.
pub(super) fn keywords() -> impl Iterator<Item = &'static str> {
    word::taken(slice::from_ref(&VERBS)).chain(word::taken(slice::from_ref(&MODIFIERS)))
}

/// Whether FreeBSD's route has this word and this one lacks it.
pub(super) fn is_freebsds(keyword: &str) -> bool {
    // Modifiers and commands share one list of keywords in FreeBSD's route.
    let verb = find_verb(keyword).map(|found| matches!(found.row.support, Support::Absent));
    let modifier = find_modifier(keyword).map(|found| matches!(found.row.support, Support::Absent));
    verb.or(modifier).unwrap_or(false)
}

/// The language as documents show it.
#[must_use]
pub fn language() -> Language {
    // Documents show modifiers as they are written.
    let mut section = MODIFIERS.section();
    let names = section.entries.iter_mut().flat_map(|entry| &mut entry.names);
    names.for_each(|name| name.insert(0, '-'));
    Language {
        command: "route",
        usage: USAGE,
        flags: FLAGS,
        firsts: VERBS.section(),
        subject: None,
        sections: vec![section],
        operand: Some(Choice(&["default"])),
    }
}
