//! The command lines of ifconfig(8), route(8), netstat(1), arp(8), ndp(8) and setfib(1).

use super::table::Word::{Any, Choice, Interface, Program, Running};
use super::table::{Flag, Grammar, Word, each, flag, hidden, with};

pub(crate) static IFCONFIG: Grammar = Grammar {
    refused: "Dkmv",
    language: Some(networds::ifconfig::language),
    ..Grammar::new("ifconfig")
};

/// sysexits(3): wrong usage. FreeBSD's route exits with this.
const EX_USAGE: u8 = 64;

pub(crate) static ROUTE: Grammar = Grammar {
    status: EX_USAGE,
    refused: "dtv",
    language: Some(networds::route::language),
    ..Grammar::new("route")
};

/// The families of addresses.
const FAMILY: Word = Choice(&["inet", "inet6"]);

pub(crate) static NETSTAT: Grammar = Grammar {
    usage: &[
        "netstat -r [-46n] [-F fib] [-f address_family] [-j jail]",
        "netstat -i [-46bdnW] [-f address_family] [-I interface] [-j jail]",
    ],
    flags: &[
        flag("-r", "show the routing table"),
        flag("-i", "show the interfaces"),
        with("-I", "interface", Interface, "show this interface"),
        flag("-4", "only IPv4"),
        flag("-6", "only IPv6"),
        flag("-b", "bytes, too"),
        flag("-d", "dropped packets, too"),
        with("-F", "fib", Any, "the number of the routing table"),
        with("-f", "family", FAMILY, "only this family"),
        with("-j", "jail", Running, "in the network of this jail"),
        flag("-n", "numbers stay numbers, as in any case"),
        flag("-W", "cut no address"),
    ],
    refused: "aABCcghLlMmNPpQqRSTsuwxz",
    permutes: true,
    ..Grammar::new("netstat")
};

/// The options of arp(8) and ndp(8), without those of one alone.
const ALL: Flag = flag("-a", "show all entries");
const JAIL: Flag = with("-j", "jail", Running, "in the network of this jail");
const NUMBERS: Flag = flag("-n", "numbers stay numbers, as in any case");
pub(crate) static ARP: Grammar = Grammar {
    usage: &[
        "arp [-n] [-i interface] [-j jail] hostname",
        "arp [-n] [-i interface] [-j jail] -a",
        "arp -d [-j jail] hostname [pub]",
        "arp -d [-i interface] [-j jail] -a",
        "arp -s [-j jail] hostname ether_addr [temp] [pub [only]]",
        "arp -S [-j jail] hostname ether_addr [temp] [pub [only]]",
    ],
    flags: &[
        ALL,
        flag("-d", "forget the entry, or with -a all of them"),
        with("-i", "interface", Interface, "only entries of this interface"),
        JAIL,
        NUMBERS,
        flag("-S", "put an entry there, in place of the old one"),
        flag("-s", "put an entry there"),
    ],
    refused: "f",
    permutes: true,
    ..Grammar::new("arp")
};

pub(crate) static NDP: Grammar = Grammar {
    usage: &[
        "ndp [-n] [-j jail] hostname",
        "ndp [-n] [-j jail] -a",
        "ndp -c [-j jail]",
        "ndp -d [-j jail] hostname",
        "ndp -s [-j jail] hostname ether_addr [temp] [proxy]",
    ],
    flags: &[
        ALL,
        flag("-c", "forget all entries that are not permanent"),
        flag("-d", "forget the entry"),
        JAIL,
        NUMBERS,
        flag("-s", "put an entry there"),
        Flag { is_hidden: true, ..with("-i", "interface", Any, "") },
    ],
    refused: "f",
    permutes: true,
    ..Grammar::new("ndp")
};

pub(crate) static SETFIB: Grammar = Grammar {
    usage: &["setfib [-[F]]value command"],
    flags: &[
        with("-F", "value", Any, "the number of the routing table"),
        // The number may be written as an option.
        hidden("-0"),
        hidden("-1"),
        hidden("-2"),
        hidden("-3"),
        hidden("-4"),
        hidden("-5"),
        hidden("-6"),
        hidden("-7"),
        hidden("-8"),
        hidden("-9"),
    ],
    rules: &[each(&[Program(1)])],
    ..Grammar::new("setfib")
};
