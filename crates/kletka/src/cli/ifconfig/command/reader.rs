//! The parameters of one interface, word by word.

use std::net::{IpAddr, Ipv4Addr};
use std::ops::RangeInclusive;

use netif::{
    BridgeSetting, Capability, EtherAddress, GroupName, Inet6Option, InterfaceAddress,
    InterfaceName, Lifetimes, Mode, PortSetting, Prefix,
};

use super::super::words;
use super::{Change, Configuration, Creation, Family, NewAddress, OnOff, UsageError};

/// Reads the parameters of one interface.
pub(super) fn read(interface: &str, words: &[String]) -> Result<Configuration, UsageError> {
    let mut reader = Reader { scope: format!("%{interface}"), ..Reader::default() };
    let mut words = words.iter().map(String::as_str);
    while let Some(word) = words.next() {
        reader.word(word, &mut words)?;
    }
    reader.finish_address()?;
    let mut changes = reader.changes;
    if reader.create {
        // What is wrong with it is said before anything is made.
        reader.creation.vlan(interface)?;
    } else {
        let at = reader.creation_at;
        changes.splice(at..at, reader.creation.changes()?);
        reader.creation = Creation::default();
    }
    let (create, creation) = (reader.create, reader.creation);
    Ok(Configuration { interface: interface.to_owned(), create, creation, changes })
}

/// Reads parameters one after the other.
#[derive(Default)]
struct Reader {
    create: bool,
    creation: Creation,
    /// How many changes were read before the first word of `creation`.
    creation_at: usize,
    changes: Vec<Change>,
    family: Option<Family>,
    address: PendingAddress,
    /// What may follow an address of IPv6: `%` and the name of the interface.
    scope: String,
}

/// An address, of which every word may say a little more.
#[derive(Default)]
struct PendingAddress {
    address: Option<IpAddr>,
    /// The other end of a point-to-point link.
    destination: Option<IpAddr>,
    length: Option<u8>,
    broadcast: Option<Ipv4Addr>,
    /// `pltime`, `vltime`; `deprecated` is a preferred lifetime that is over.
    lifetimes: Lifetimes,
    eui64: bool,
    role: Role,
}

#[derive(Default, Clone, Copy, PartialEq, Eq)]
enum Role {
    #[default]
    Replace,
    Alias,
    Delete,
}

impl Reader {
    fn word<'a>(
        &mut self,
        word: &'a str,
        rest: &mut impl Iterator<Item = &'a str>,
    ) -> Result<(), UsageError> {
        let mut argument =
            || rest.next().ok_or_else(|| UsageError::RequiresArgument(word.to_owned()));
        let change = match word {
            "create" | "plumb" => {
                self.create = true;
                return Ok(());
            }
            "destroy" | "unplumb" => Change::Destroy,
            "up" => Change::Up,
            "down" => Change::Down,
            "mtu" => Change::Mtu(number(argument()?)?),
            "descr" | "description" => Change::Description(argument()?.to_owned()),
            "-descr" | "-description" => Change::Description(String::new()),
            "name" => Change::Rename(name(argument()?)?),
            "group" => Change::Group(group("setifgroup", argument()?)?),
            "-group" => Change::Ungroup(group("unsetifgroup", argument()?)?),
            // The only one that there is.
            "fib" | "tunnelfib" => return only_fib(word, argument()?),
            "vnet" => Change::Vnet(argument()?.to_owned()),
            "-vnet" => Change::Reclaim(argument()?.to_owned()),
            "laggport" => Change::LaggPort(name(argument()?)?),
            "-laggport" => Change::RemoveLaggPort(name(argument()?)?),
            word => {
                let switch =
                    || capability(word).or_else(|| inet6_option(word)).or_else(|| mode(word));
                if let Some(change) = switch() {
                    change
                } else if let Some(change) = bridge_word(word, &mut argument)? {
                    change
                } else if self.creation_word(word, &mut argument)? {
                    return Ok(());
                } else {
                    return self.address_word(word, argument);
                }
            }
        };
        self.changes.push(change);
        Ok(())
    }

    fn creation_word<'a>(
        &mut self,
        word: &'a str,
        argument: impl FnMut() -> Result<&'a str, UsageError>,
    ) -> Result<bool, UsageError> {
        if self.creation.is_empty() {
            self.creation_at = self.changes.len();
        }
        self.creation.word(word, argument)
    }

    /// The words that say something about an address; anything else is one.
    fn address_word<'a>(
        &mut self,
        word: &'a str,
        mut argument: impl FnMut() -> Result<&'a str, UsageError>,
    ) -> Result<(), UsageError> {
        if let Some(family) = words::family(word) {
            self.finish_address()?;
            self.family = Some(family);
            return Ok(());
        }
        if let Some(because) = words::why_not(word) {
            return Err(UsageError::NoCounterpart { word: word.to_owned(), because });
        }
        match word {
            "alias" | "add" => self.address.role = Role::Alias,
            "-alias" | "delete" | "remove" => self.address.role = Role::Delete,
            "netmask" => {
                let mask = argument()?;
                let length = netif::netmask_length(mask).filter(|_| !self.is_inet6());
                self.address.length = Some(length.ok_or_else(|| bad_value(mask))?);
            }
            "broadcast" => {
                let text = argument()?;
                self.address.broadcast = Some(text.parse().map_err(|_| bad_value(text))?);
            }
            "prefixlen" if self.is_inet6() => {
                let text = argument()?;
                let length = text.parse().ok().filter(|&length| length <= 128);
                self.address.length = Some(length.ok_or_else(|| bad_value(text))?);
            }
            "prefixlen" => return Err(UsageError::NotSupported("prefixlen for inet".into())),
            "pltime" | "vltime" => {
                let seconds = number_in(argument()?, 0..=u32::MAX);
                let seconds =
                    seconds.ok_or_else(|| UsageError::Message(format!("invalid {word}")))?;
                self.only_inet6(word)?;
                // All ones is for ever: netinet6/nd6.h, ND6_INFINITE_LIFETIME.
                let seconds = Some(seconds).filter(|seconds| *seconds != u32::MAX);
                if word == "pltime" {
                    self.address.lifetimes.preferred = seconds;
                } else {
                    self.address.lifetimes.valid = seconds;
                }
            }
            "deprecated" | "-deprecated" if !self.is_inet6() => {
                let message = "address flags can be set only for inet6 addresses";
                return Err(UsageError::Message(message.to_owned()));
            }
            "deprecated" => self.address.lifetimes.preferred = Some(0),
            "-deprecated" => self.address.lifetimes.preferred = None,
            "eui64" => {
                self.only_inet6(word)?;
                let own = self.address.address;
                if matches!(own, Some(IpAddr::V6(own)) if own.to_bits() as u64 != 0) {
                    let message = "interface index is already filled";
                    return Err(UsageError::Message(message.to_owned()));
                }
                self.address.eui64 = true;
            }
            word if words::is_freebsds(word) => {
                return Err(UsageError::NotSupported(word.to_owned()));
            }
            "random" if self.family == Some(Family::Ether) => {
                self.changes.push(Change::Ether(EtherAddress::random()));
            }
            word if self.family == Some(Family::Ether) => {
                let ether = word.parse().map_err(UsageError::Ether)?;
                self.changes.push(Change::Ether(ether));
            }
            word => self.take_address(word)?,
        }
        Ok(())
    }

    fn is_inet6(&self) -> bool {
        self.family == Some(Family::Inet6)
    }

    fn only_inet6(&self, word: &str) -> Result<(), UsageError> {
        let wrong = || UsageError::Message(format!("{word} not allowed for the AF"));
        if self.is_inet6() { Ok(()) } else { Err(wrong()) }
    }

    /// `ADDRESS` or `ADDRESS/LENGTH`.
    fn take_address(&mut self, word: &str) -> Result<(), UsageError> {
        if self.address.address.is_some() {
            return self.take_destination(word);
        }
        let (text, length) = match word.split_once('/') {
            Some((text, length)) => (text, Some(length)),
            None => (word, None),
        };
        let address: IpAddr = if self.is_inet6() {
            // A link-local address is one of this interface in any case.
            let plain = text.strip_suffix(&self.scope).unwrap_or(text);
            IpAddr::V6(plain.parse().map_err(|_| bad_value(word))?)
        } else {
            IpAddr::V4(text.parse().map_err(|_| bad_value(word))?)
        };
        if let Some(length) = length {
            let digits = length.bytes().all(|byte| byte.is_ascii_digit());
            let length = length.parse().ok().filter(|&l| digits && l <= Prefix::width(address));
            let bad_width = || UsageError::BadWidth(word.to_owned());
            self.address.length = Some(length.ok_or_else(bad_width)?);
        }
        self.address.address = Some(address);
        Ok(())
    }

    /// The second address: the other end of a point-to-point link.
    fn take_destination(&mut self, word: &str) -> Result<(), UsageError> {
        let destination: IpAddr = word.parse().map_err(|_| bad_value(word))?;
        let own = self.address.address;
        let fits = own.is_some_and(|own| own.is_ipv4() == destination.is_ipv4());
        if !fits || self.address.destination.is_some() {
            return Err(bad_value(word));
        }
        self.address.destination = Some(destination);
        Ok(())
    }

    /// Closes the address that has been read, if any: at a new family, and at the end.
    fn finish_address(&mut self) -> Result<(), UsageError> {
        let pending = std::mem::take(&mut self.address);
        let change = match (pending.address, pending.role) {
            (Some(address), Role::Delete) => Change::DeleteAddress(address),
            (None, Role::Delete) if self.is_inet6() => {
                return Err(UsageError::RequiresArgument("delete".into()));
            }
            (None, Role::Delete) => Change::DeleteFirstInet,
            (None, _) if pending.length.is_some() || pending.broadcast.is_some() => {
                return Err(UsageError::NotSupported("a mask without its address".into()));
            }
            (None, _) if pending.lifetimes != Lifetimes::default() || pending.eui64 => {
                return Err(UsageError::NotSupported("a flag without its address".into()));
            }
            (None, Role::Alias) => return Err(UsageError::RequiresArgument("alias".into())),
            (None, Role::Replace) => return Ok(()),
            (Some(address), role) => {
                let length = pending.length.unwrap_or_else(|| usual_length(address));
                let mut new = InterfaceAddress::new(Prefix { address, length });
                new.broadcast = pending.broadcast.or(new.broadcast);
                new.destination = pending.destination;
                new.lifetimes = pending.lifetimes;
                Change::Address(NewAddress {
                    address: new,
                    replaces: role == Role::Replace && address.is_ipv4(),
                    guessed: pending.length.is_none() && address.is_ipv4(),
                    eui64: pending.eui64,
                })
            }
        };
        self.changes.push(change);
        Ok(())
    }
}

/// The length that an address without a mask gets: by its class, and 64 for IPv6.
fn usual_length(address: IpAddr) -> u8 {
    match address {
        IpAddr::V4(address) => match address.octets()[0] {
            0..=127 => 8,
            128..=191 => 16,
            _ => 24,
        },
        IpAddr::V6(_) => 64,
    }
}

fn bad_value(word: &str) -> UsageError {
    UsageError::BadValue(word.to_owned())
}

pub(super) fn name(word: &str) -> Result<InterfaceName, UsageError> {
    InterfaceName::parse(word).map_err(UsageError::Name)
}

fn number(word: &str) -> Result<u32, UsageError> {
    word.parse().map_err(|_| bad_value(word))
}

/// A number as strtoul(3) reads it with base 0, within bounds.
pub(super) fn number_in(word: &str, bounds: RangeInclusive<u32>) -> Option<u32> {
    let value = match word.strip_prefix("0x") {
        Some(digits) => u32::from_str_radix(digits, 16),
        None => word.parse(),
    };
    value.ok().filter(|value| bounds.contains(value))
}

/// `fib`, `tunnelfib`: what FreeBSD's kernel says of a number that it has no table for.
fn only_fib(word: &str, number: &str) -> Result<(), UsageError> {
    let request = if word == "fib" { "SIOCSIFFIB" } else { "SIOCSTUNFIB" };
    let refused = match number_in(number, 0..=u32::MAX) {
        Some(0) => return Ok(()),
        Some(_) => format!("ioctl ({request}): Invalid argument (there is only fib 0 as yet)"),
        None => format!("{word} {number} not valid"),
    };
    Err(UsageError::Message(refused))
}

fn group(verb: &'static str, word: &str) -> Result<GroupName, UsageError> {
    GroupName::parse(word).map_err(|error| UsageError::Group { verb, error })
}

/// Whether a word turns something on, and what: off is said by a minus.
fn switched(word: &str) -> (bool, &str) {
    word.strip_prefix('-').map_or((true, word), |name| (false, name))
}

/// `rxcsum`, `-tso` …: what the hardware does.
fn capability(word: &str) -> Option<Change> {
    let (on, name) = switched(word);
    let capabilities = match name {
        "rxcsum" => vec![Capability::RxCsum],
        "txcsum" => vec![Capability::TxCsum],
        "rxcsum6" => vec![Capability::RxCsum6],
        "txcsum6" => vec![Capability::TxCsum6],
        "tso" => vec![Capability::Tso4, Capability::Tso6],
        "tso4" => vec![Capability::Tso4],
        "tso6" => vec![Capability::Tso6],
        "lro" => vec![Capability::Lro],
        "vlanhwtag" => vec![Capability::VlanHwTag],
        "vlanhwfilter" => vec![Capability::VlanHwFilter],
        _ => return None,
    };
    Some(Change::Capability(capabilities, OnOff { on, word: word.to_owned() }))
}

/// `promisc`, `-arp` …: what an interface does beside being up.
fn mode(word: &str) -> Option<Change> {
    let (on, name) = switched(word);
    let mode = match name {
        "arp" => Mode::Arp,
        "promisc" => Mode::Promiscuous,
        "allmulti" => Mode::AllMulticast,
        "debug" => Mode::Debug,
        _ => return None,
    };
    Some(Change::Mode(mode, OnOff { on, word: word.to_owned() }))
}

/// `accept_rtadv`, `-ifdisabled` …: what an interface does about IPv6.
fn inet6_option(word: &str) -> Option<Change> {
    let (on, name) = switched(word);
    let option = match name {
        "accept_rtadv" => Inet6Option::AcceptRtadv,
        "ifdisabled" => Inet6Option::Disabled,
        "auto_linklocal" => Inet6Option::AutoLinkLocal,
        "no_radr" => Inet6Option::NoDefaultRouter,
        "no_dad" => Inet6Option::NoDuplicateDetection,
        _ => return None,
    };
    Some(Change::Inet6(option, on))
}

/// The words of a bridge.
fn bridge_word<'a>(
    word: &str,
    mut argument: impl FnMut() -> Result<&'a str, UsageError>,
) -> Result<Option<Change>, UsageError> {
    let on = !word.starts_with('-');
    let change = match word {
        "addm" => Change::AddMember(name(argument()?)?),
        "deletem" => Change::DeleteMember(name(argument()?)?),
        "span" => Change::Span(name(argument()?)?),
        "-span" => Change::RemoveSpan(name(argument()?)?),
        "private" | "-private" => Change::Member(name(argument()?)?, PortSetting::Private(on)),
        "discover" | "-discover" => Change::Member(name(argument()?)?, PortSetting::Discover(on)),
        "learn" | "-learn" => Change::Member(name(argument()?)?, PortSetting::Learn(on)),
        "stp" | "-stp" => Change::Stp(name(argument()?)?, on),
        "ifpriority" => {
            let member = name(argument()?)?;
            Change::Member(member, PortSetting::Priority(value(argument()?, 255)? as u8))
        }
        "ifpathcost" => {
            let member = name(argument()?)?;
            Change::Member(member, PortSetting::PathCost(value(argument()?, u32::MAX)?))
        }
        "static" => {
            let member = name(argument()?)?;
            let text = argument()?;
            let bad = |_| UsageError::Message(format!("{member}: invalid address: {text}"));
            let ether = text.parse().map_err(bad)?;
            Change::Static(member, ether)
        }
        "deladdr" => {
            let text = argument()?;
            let bad = |_| UsageError::Invalid("invalid address", text.to_owned());
            Change::Forget(text.parse().map_err(bad)?)
        }
        "addr" => Change::ShowAddresses,
        "flush" => Change::Flush(false),
        "flushall" => Change::Flush(true),
        "hellotime" => Change::Bridge(BridgeSetting::HelloTime(value(argument()?, 255)?)),
        "fwddelay" => Change::Bridge(BridgeSetting::ForwardDelay(value(argument()?, 255)?)),
        "maxage" => Change::Bridge(BridgeSetting::MaxAge(value(argument()?, 255)?)),
        "timeout" => Change::Bridge(BridgeSetting::Timeout(value(argument()?, u32::MAX)?)),
        "maxaddr" => Change::Bridge(BridgeSetting::MaxAddresses(value(argument()?, u32::MAX)?)),
        "priority" => Change::Bridge(BridgeSetting::Priority(value(argument()?, 0xffff)? as u16)),
        _ => return Ok(None),
    };
    Ok(Some(change))
}

/// A value of a bridge.
fn value(word: &str, most: u32) -> Result<u32, UsageError> {
    let invalid = || UsageError::Invalid("invalid value", word.to_owned());
    number_in(word, 0..=most).ok_or_else(invalid)
}
