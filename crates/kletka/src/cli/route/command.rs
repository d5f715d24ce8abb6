//! The command line of route(8), read as a whole before anything is changed.

use std::fmt;
use std::net::{IpAddr, Ipv4Addr, Ipv6Addr};

use netif::{InterfaceName, Prefix, RouteKind, netmask_length};

/// sysexits(3): wrong usage, as FreeBSD's route answers it.
const EX_USAGE: u8 = 64;
/// sysexits(3): an address that is none.
const EX_NOHOST: u8 = 68;

/// A whole command line.
#[derive(Debug, PartialEq, Eq)]
pub(super) struct Command {
    pub(super) verb: Verb,
    /// The verb as it was written: it is printed again.
    pub(super) verb_text: String,
    /// `-q`: only the exit status tells.
    pub(super) quiet: bool,
    /// `-j`: the jail whose table is meant.
    pub(super) jail: Option<String>,
    /// `flush`: the only family that is meant.
    pub(super) family: Option<Family>,
    pub(super) destination: Prefix,
    /// As it was written, without the length of its prefix.
    pub(super) destination_text: String,
    pub(super) is_host: bool,
    pub(super) gateway: Option<Gateway>,
    pub(super) kind: RouteKind,
    pub(super) mtu: Option<u32>,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Verb {
    Add,
    Change,
    Delete,
    Get,
    Flush,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Family {
    Inet,
    Inet6,
}

/// Where a route leads through.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) enum Gateway {
    /// An address; a link-local one says on which interface (`fe80::1%epair1b`).
    Address(IpAddr, Option<InterfaceName>),
    /// `-iface`.
    Interface(InterfaceName),
}

impl fmt::Display for Gateway {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Address(address, None) => address.fmt(f),
            Self::Address(address, Some(scope)) => write!(f, "{address}%{scope}"),
            Self::Interface(name) => name.fmt(f),
        }
    }
}

/// What is wrong with a command line. `Display` is what follows `route: `.
#[derive(Debug, PartialEq, Eq)]
pub(super) enum UsageError {
    Usage,
    BadKeyword(String),
    NotSupported(String),
    BadAddress(String),
    BadValue(String),
    NoFib(String),
}

impl UsageError {
    pub(super) fn exit_status(&self) -> u8 {
        if let Self::BadAddress(_) = self { EX_NOHOST } else { EX_USAGE }
    }
}

impl fmt::Display for UsageError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let usage = "usage: route [-j jail] [-46nq] command [[modifiers] args]";
        match self {
            Self::Usage => f.write_str(usage),
            Self::BadKeyword(word) => write!(f, "bad keyword: {word}\nroute: {usage}"),
            Self::NotSupported(word) => {
                write!(f, "{word}: this part of FreeBSD's route is not supported")
            }
            Self::BadAddress(word) => write!(f, "bad address: {word}"),
            Self::BadValue(word) => write!(f, "{word}: bad value"),
            Self::NoFib(fib) => write!(f, "-fib {fib}: there is only fib 0 as yet"),
        }
    }
}

/// Keywords of FreeBSD's route(8) that this one does not have.
#[rustfmt::skip]
const NOT_HERE: &[&str] = &[
    "monitor", "osi", "link", "x25", "sa", "xns", "cloning", "dynamic", "expire",
    "genmask", "hopcount", "ifa", "ifp", "lock", "lockrest", "proto1", "proto2", "proto3", "proxy",
    "recvpipe", "rtt", "rttvar", "sendpipe", "ssthresh", "sticky", "nosticky", "xresolve", "weight",
    "nostatic", "dst", "llinfo", "modify",
];

/// Understands a command line.
pub(super) fn parse(arguments: &[String]) -> Result<Command, UsageError> {
    let mut reader = Reader::default();
    let mut words = arguments.iter().map(String::as_str);
    let verb_text = reader.options(&mut words)?;
    let verb = match verb_text {
        "add" => Verb::Add,
        "change" => Verb::Change,
        "delete" | "del" => Verb::Delete,
        "get" | "show" => Verb::Get,
        "flush" => Verb::Flush,
        word => return Err(unknown(word, word)),
    };
    while let Some(word) = words.next() {
        reader.word(word, &mut words)?;
    }
    reader.finish(verb, verb_text)
}

fn unknown(word: &str, keyword: &str) -> UsageError {
    if NOT_HERE.contains(&keyword) {
        UsageError::NotSupported(word.to_owned())
    } else {
        UsageError::BadKeyword(keyword.to_owned())
    }
}

/// The words, sorted but not yet understood: what they mean depends on words that follow.
#[derive(Default)]
struct Reader<'a> {
    quiet: bool,
    jail: Option<String>,
    /// A family was named.
    family: Option<Family>,
    inet6: bool,
    force_host: bool,
    force_net: bool,
    through_interface: bool,
    kind: Option<RouteKind>,
    destination: Option<&'a str>,
    gateway: Option<&'a str>,
    length: Option<u8>,
    mtu: Option<u32>,
}

impl<'a> Reader<'a> {
    /// Reads the options. Answers the verb.
    fn options(
        &mut self,
        words: &mut impl Iterator<Item = &'a str>,
    ) -> Result<&'a str, UsageError> {
        while let Some(word) = words.next() {
            let Some(letters) = word.strip_prefix('-') else { return Ok(word) };
            for (at, letter) in letters.char_indices() {
                match letter {
                    '4' => self.set_family(Family::Inet),
                    '6' => self.set_family(Family::Inet6),
                    'q' => self.quiet = true,
                    // Numbers are never turned into names here.
                    'n' => {}
                    'j' => {
                        let attached = &letters[at + 1..];
                        let name = Some(attached).filter(|name| !name.is_empty());
                        let name = name.or_else(|| words.next()).ok_or(UsageError::Usage)?;
                        self.jail = Some(name.to_owned());
                        break;
                    }
                    'd' | 't' | 'v' => {
                        return Err(UsageError::NotSupported(format!("-{letter}")));
                    }
                    _ => return Err(UsageError::Usage),
                }
            }
        }
        Err(UsageError::Usage)
    }

    fn set_family(&mut self, family: Family) {
        (self.family, self.inet6) = (Some(family), family == Family::Inet6);
    }

    fn word(
        &mut self,
        word: &'a str,
        rest: &mut impl Iterator<Item = &'a str>,
    ) -> Result<(), UsageError> {
        let mut argument = || rest.next().ok_or(UsageError::Usage);
        let Some(keyword) = word.strip_prefix('-') else { return self.positional(word) };
        match keyword {
            "inet" | "4" => self.set_family(Family::Inet),
            "inet6" | "6" => self.set_family(Family::Inet6),
            // The one table that there is.
            "fib" => match argument()? {
                "0" | "default" | "all" => {}
                fib => return Err(UsageError::NoFib(fib.to_owned())),
            },
            "host" => self.force_host = true,
            "net" => self.force_net = true,
            "iface" | "interface" => self.through_interface = true,
            "static" => {}
            "reject" => self.kind = Some(RouteKind::Reject),
            "blackhole" => self.kind = Some(RouteKind::Blackhole),
            "gateway" => self.gateway = Some(argument()?),
            "mtu" => {
                let text = argument()?;
                let mtu = text.parse().map_err(|_| UsageError::BadValue(text.to_owned()))?;
                self.mtu = Some(mtu);
            }
            "netmask" => self.mask(argument()?)?,
            "prefixlen" => {
                let text = argument()?;
                let bad = || UsageError::BadValue(text.to_owned());
                self.length = Some(text.parse().map_err(|_| bad())?);
                self.force_net = true;
            }
            keyword => return Err(unknown(word, keyword)),
        }
        Ok(())
    }

    fn positional(&mut self, word: &'a str) -> Result<(), UsageError> {
        match (self.destination, self.gateway) {
            (None, _) => self.destination = Some(word),
            (Some(_), None) => self.gateway = Some(word),
            (Some(_), Some(_)) => self.mask(word)?,
        }
        Ok(())
    }

    fn mask(&mut self, text: &str) -> Result<(), UsageError> {
        let length = netmask_length(text).ok_or_else(|| UsageError::BadAddress(text.to_owned()))?;
        (self.length, self.force_net) = (Some(length), true);
        Ok(())
    }

    fn finish(self, verb: Verb, verb_text: &str) -> Result<Command, UsageError> {
        let text = match (verb, self.destination) {
            (Verb::Flush, None) => "default",
            (Verb::Flush, Some(_)) => return Err(UsageError::Usage),
            (_, text) => text.ok_or(UsageError::Usage)?,
        };
        let (destination, is_host) = self.destination(text)?;
        let destination_text = text.split('/').next().unwrap_or(text).to_owned();
        let gateway = self.gateway.map(|text| self.gateway(text)).transpose()?;
        Ok(Command {
            verb,
            verb_text: verb_text.to_owned(),
            quiet: self.quiet,
            jail: self.jail,
            family: self.family,
            destination,
            destination_text,
            is_host,
            gateway,
            kind: self.kind.unwrap_or(RouteKind::Unicast),
            mtu: self.mtu,
        })
    }

    /// The destination, and whether it is a host and not a net.
    fn destination(&self, text: &str) -> Result<(Prefix, bool), UsageError> {
        let bad = || UsageError::BadAddress(text.to_owned());
        let any: IpAddr =
            if self.inet6 { Ipv6Addr::UNSPECIFIED.into() } else { Ipv4Addr::UNSPECIFIED.into() };
        if text == "default" {
            return Ok((Prefix::default_of(any), false));
        }
        let (address, length) = match text.split_once('/') {
            Some((address, length)) => (address, Some(length.parse().map_err(|_| bad())?)),
            None => (text, self.length),
        };
        let is_net = self.force_net || text.contains('/');
        let short = || abbreviated(address, is_net).map(IpAddr::from).filter(|_| !self.inet6);
        let address: IpAddr = address.parse().ok().or_else(short).ok_or_else(bad)?;
        let width = Prefix::width(any);
        if address.is_ipv4() != any.is_ipv4() || length.is_some_and(|length| length > width) {
            return Err(bad());
        }
        let is_host = match (self.force_host, self.force_net, length) {
            (true, ..) => true,
            (_, true, _) | (.., Some(_)) => false,
            _ => has_host_part(address),
        };
        let usual = || if is_host { width } else { length_of_net(address) };
        let length = if self.force_host { width } else { length.unwrap_or_else(usual) };
        Ok((Prefix { address, length }, is_host))
    }

    fn gateway(&self, text: &str) -> Result<Gateway, UsageError> {
        let bad = || UsageError::BadAddress(text.to_owned());
        if self.through_interface {
            return InterfaceName::parse(text).map(Gateway::Interface).map_err(|_| bad());
        }
        let (address, scope) = match text.split_once('%') {
            Some((address, scope)) => (address, Some(scope)),
            None => (text, None),
        };
        let address: IpAddr = address.parse().map_err(|_| bad())?;
        let scope = scope.map(InterfaceName::parse).transpose().map_err(|_| bad())?;
        if address.is_ipv6() == self.inet6 {
            Ok(Gateway::Address(address, scope))
        } else {
            Err(bad())
        }
    }
}

/// An address with fewer than four numbers: route(8), `-net 128.32` is 128.32.0.0, and `128.32` the host
/// 128.0.0.32. inet_network(3), inet_aton(3).
fn abbreviated(text: &str, is_net: bool) -> Option<Ipv4Addr> {
    if text.contains('+') {
        return None;
    }
    let parts: Vec<u32> = text.split('.').map(str::parse).collect::<Result<_, _>>().ok()?;
    let (last, first) = parts.split_last().filter(|(_, first)| first.len() < 3)?;
    let places = 32 - 8 * first.len() as u32;
    let last_fits = if is_net { *last < 256 } else { u64::from(*last) < 1 << places };
    if !last_fits || first.iter().any(|part| *part > 255) {
        return None;
    }
    let whole = first.iter().zip([24, 16]).fold(0, |whole, (part, place)| whole | part << place);
    Some(Ipv4Addr::from_bits(whole | if is_net { last << (places - 8) } else { *last }))
}

/// Whether an address without a length means a host: by its class, and by the lower half of IPv6.
fn has_host_part(address: IpAddr) -> bool {
    match address {
        IpAddr::V4(address) => {
            let bits = match address.octets()[0] {
                0..=127 => 24,
                128..=191 => 16,
                _ => 8,
            };
            address.to_bits() & ((1 << bits) - 1) != 0
        }
        IpAddr::V6(address) => address.to_bits() & u128::from(u64::MAX) != 0,
    }
}

/// The length of a net that was written without one: to its last byte that is not zero.
fn length_of_net(address: IpAddr) -> u8 {
    match address {
        IpAddr::V4(address) => 32 - (address.to_bits().trailing_zeros() / 8 * 8) as u8,
        IpAddr::V6(address) if address.is_unspecified() => 0,
        IpAddr::V6(_) => 64,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn command(line: &str) -> Result<Command, String> {
        let words: Vec<String> = line.split_whitespace().map(str::to_owned).collect();
        parse(&words).map_err(|error| error.to_string())
    }

    #[test]
    #[rustfmt::skip]
    fn routes() {
        use Verb::{Add, Change, Delete, Get};
        for (line, verb, destination, is_host, gateway) in [
            ("add default 192.168.1.250",               Add,    "0.0.0.0/0",      false, "192.168.1.250"),
            ("-n add default 192.168.1.250",            Add,    "0.0.0.0/0",      false, "192.168.1.250"),
            ("add -inet default 10.0.0.1",              Add,    "0.0.0.0/0",      false, "10.0.0.1"),
            ("-6 add default fd00::1",                  Add,    "::/0",           false, "fd00::1"),
            ("add -inet6 default fe80::1%epair1b",      Add,    "::/0",           false, "fe80::1%epair1b"),
            ("add -net 10.0.0.0/8 192.168.1.1",         Add,    "10.0.0.0/8",     false, "192.168.1.1"),
            ("add 10.0.0.0/8 192.168.1.1",              Add,    "10.0.0.0/8",     false, "192.168.1.1"),
            ("add -net 10.1.0.0 192.168.1.1",           Add,    "10.1.0.0/16",    false, "192.168.1.1"),
            ("add -net 10.0.0.0 192.168.1.1 255.255.0.0", Add,  "10.0.0.0/16",    false, "192.168.1.1"),
            ("add -net 10.0.0.0 -netmask 0xffff0000 192.168.1.1", Add, "10.0.0.0/16", false, "192.168.1.1"),
            ("add -net 128.32 10.0.0.1",                Add,    "128.32.0.0/16",  false, "10.0.0.1"), // route(8)
            ("add -net 128.32.130 10.0.0.1",            Add,    "128.32.130.0/24", false, "10.0.0.1"),
            ("add 128.32 10.0.0.1",                     Add,    "128.0.0.32/32",  true,  "10.0.0.1"),
            ("add 128.32.130 10.0.0.1",                 Add,    "128.32.0.130/32", true, "10.0.0.1"),
            ("add 192.168.64/20 10.0.0.1",              Add,    "192.168.64.0/20", false, "10.0.0.1"),
            ("add 10/8 10.0.0.1",                       Add,    "10.0.0.0/8",     false, "10.0.0.1"),
            ("add 10.0.0.5 192.168.1.1",                Add,    "10.0.0.5/32",    true,  "192.168.1.1"),
            ("add 192.168.9.0 192.168.1.1",             Add,    "192.168.9.0/24", false, "192.168.1.1"),
            ("add -host 10.0.0.0 192.168.1.1",          Add,    "10.0.0.0/32",    true,  "192.168.1.1"),
            ("add -host 10.0.0.5 -iface epair1b",       Add,    "10.0.0.5/32",    true,  "epair1b"),
            ("add -inet6 fd01:: -prefixlen 48 fd00::1", Add,    "fd01::/48",      false, "fd00::1"),
            ("add -inet6 fd01::/48 fd00::1",            Add,    "fd01::/48",      false, "fd00::1"),
            ("add -inet6 fd01::5 fd00::1",              Add,    "fd01::5/128",    true,  "fd00::1"),
            ("change default -gateway 10.0.0.2",        Change, "0.0.0.0/0",      false, "10.0.0.2"),
            ("delete default",                          Delete, "0.0.0.0/0",      false, ""),
            ("del -net 10.0.0.0/8",                     Delete, "10.0.0.0/8",     false, ""),
            ("-n get default",                          Get,    "0.0.0.0/0",      false, ""),
            ("show 10.0.0.5",                           Get,    "10.0.0.5/32",    true,  ""),
        ] {
            let got = command(line).unwrap();
            let prefix = format!("{}/{}", got.destination.address, got.destination.length);
            let through = got.gateway.as_ref().map(ToString::to_string).unwrap_or_default();
            assert_eq!((got.verb, prefix.as_str(), got.is_host, through.as_str()),
                       (verb, destination, is_host, gateway), "{line}");
        }
    }

    #[test]
    #[rustfmt::skip]
    fn what_is_refused() {
        for (line, want, status) in [
            ("",                           "usage: route [-j jail] [-46nq] command [[modifiers] args]", 64),
            ("add",                        "usage: route [-j jail] [-46nq] command [[modifiers] args]", 64),
            ("-x add default 10.0.0.1",    "usage: route [-j jail] [-46nq] command [[modifiers] args]", 64),
            ("put default 10.0.0.1",       "bad keyword: put\nroute: usage: route [-j jail] [-46nq] command [[modifiers] args]", 64),
            ("add -fast default 10.0.0.1", "bad keyword: fast\nroute: usage: route [-j jail] [-46nq] command [[modifiers] args]", 64),
            ("monitor",                    "monitor: this part of FreeBSD's route is not supported", 64),
            ("add default 10.0.0.1 -fib 2", "-fib 2: there is only fib 0 as yet", 64),
            ("add default router",         "bad address: router", 68),
            ("add fd00::/8 fd01::1",       "bad address: fd00::/8", 68),
            ("add 10.0.0.0/33 10.0.0.1",   "bad address: 10.0.0.0/33", 68),
            ("add -net 10.256 10.0.0.1",   "bad address: 10.256", 68),
            ("add 10.0.65536 10.0.0.1",    "bad address: 10.0.65536", 68),
            ("-6 add 10/8 fd00::1",        "bad address: 10/8", 68),
            ("-6 add default 10.0.0.1",    "bad address: 10.0.0.1", 68),
            ("add -net 10.0.0.0 10.0.0.1 255.0.255.0", "bad address: 255.0.255.0", 68),
        ] {
            let words: Vec<String> = line.split_whitespace().map(str::to_owned).collect();
            let error = parse(&words).unwrap_err();
            assert_eq!((error.to_string().as_str(), error.exit_status()), (want, status), "{line}");
        }
    }
}
