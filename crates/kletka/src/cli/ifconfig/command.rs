//! The command line of ifconfig(8), read as a whole before anything is changed.
//!
//! [`parse`] turns words into a [`Command`]: a listing, or changes in the order in which they are to be
//! made. As on FreeBSD the address comes after the other changes, wherever it stood. A parameter that
//! FreeBSD's ifconfig has and this one has not is refused by name.

use std::fmt;
use std::net::IpAddr;

use netif::{EtherAddress, InterfaceAddress, InterfaceName, MalformedAddress, NameTooLong, Prefix};

use super::words;

/// A whole command line.
#[derive(Debug, PartialEq, Eq)]
pub(super) struct Invocation {
    /// `-j`: the jail whose network is meant.
    pub(super) jail: Option<String>,
    pub(super) command: Command,
}

#[derive(Debug, PartialEq, Eq)]
pub(super) enum Command {
    /// `-C`: the kinds that `create` knows.
    Cloners,
    /// `-l`, `-g GROUP`: names alone, on one line or one on each.
    Names(Selection, Separator),
    /// `-a`, no argument, or an interface alone.
    List(Selection),
    Configure(Configuration),
}

/// What stands between the names of a listing of names.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Separator {
    Blank,
    Line,
}

/// Which interfaces a listing shows, and what of them.
#[derive(Debug, Default, PartialEq, Eq)]
pub(super) struct Selection {
    pub(super) interface: Option<String>,
    /// `-u`: `Some(true)`, `-d`: `Some(false)`.
    pub(super) up: Option<bool>,
    pub(super) group: Option<String>,
    pub(super) family: Option<Family>,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Family {
    Inet,
    Inet6,
    Ether,
}

/// Changes of one interface.
#[derive(Debug, Default, PartialEq, Eq)]
pub(super) struct Configuration {
    pub(super) interface: String,
    pub(super) create: bool,
    /// `vlan TAG vlandev IF`, for `create`.
    pub(super) vlan: Option<(u16, InterfaceName)>,
    pub(super) changes: Vec<Change>,
}

#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) enum Change {
    Up,
    Down,
    Mtu(u32),
    Ether(EtherAddress),
    /// Empty: `-descr`.
    Description(String),
    Rename(InterfaceName),
    AddMember(InterfaceName),
    DeleteMember(InterfaceName),
    /// To the jail.
    Vnet(String),
    /// Back from the jail.
    Reclaim(String),
    Destroy,
    Address(NewAddress),
    DeleteAddress(IpAddr),
    /// `delete` without an address.
    DeleteFirstInet,
}

#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct NewAddress {
    pub(super) address: InterfaceAddress,
    /// Without `alias` an IPv4 address takes the place of the first one.
    pub(super) replaces: bool,
    /// No mask was given: it follows from the address's class.
    pub(super) guessed: bool,
}

/// What is wrong with a command line. `Display` is what follows `ifconfig: `.
#[derive(Debug, PartialEq, Eq)]
pub(super) enum UsageError {
    /// Not understood at all: FreeBSD prints its usage.
    Usage,
    Text(String),
    Option(char),
    UnknownFamily(String),
    RequiresArgument(String),
    NotSupported(String),
    BadValue(String),
    BadWidth(String),
    Name(NameTooLong),
    Ether(MalformedAddress),
    VlanInvalid,
    VlanRange,
    VlanAmbiguous,
    VlanBoth,
    VlanFixed,
}

impl fmt::Display for UsageError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Usage => f.write_str(
                "usage: ifconfig [-j jail] interface [address_family] [address] [parameters]\n       \
                 ifconfig interface create [parameters]\n       \
                 ifconfig [-j jail] -a [-d] [-u] [-g group] [address_family]\n       \
                 ifconfig [-j jail] -l [-d] [-u] [address_family]\n       \
                 ifconfig -C",
            ),
            Self::Text(word) => write!(f, "{word}: not valid text"),
            Self::Option(option) => write!(f, "-{option}: this option is not supported"),
            Self::UnknownFamily(word) => write!(f, "Address family '{word}' unknown."),
            Self::RequiresArgument(verb) => write!(f, "'{verb}' requires argument"),
            Self::NotSupported(verb) => {
                write!(f, "{verb}: this parameter of FreeBSD's ifconfig is not supported")
            }
            Self::BadValue(word) => write!(f, "{word}: bad value"),
            Self::BadWidth(word) => write!(f, "{word}: bad value (width invalid)"),
            Self::Name(error) => error.fmt(f),
            Self::Ether(error) => error.fmt(f),
            Self::VlanInvalid => f.write_str("invalid value for vlan"),
            Self::VlanRange => f.write_str("value for vlan out of range"),
            Self::VlanAmbiguous => f.write_str("ambiguous vlan specification"),
            Self::VlanBoth => f.write_str("both vlan and vlandev must be specified"),
            Self::VlanFixed => f.write_str(
                "vlan and vlandev are for create: on Linux a vlan keeps its tag and its parent",
            ),
        }
    }
}

/// Understands a command line.
pub(super) fn parse(arguments: &[String]) -> Result<Invocation, UsageError> {
    let mut options = Options::default();
    let rest = options.read(arguments)?;
    let jail = options.jail.take();
    let command = options.command(rest)?;
    Ok(Invocation { jail, command })
}

/// The options before the interface.
#[derive(Default)]
struct Options {
    all: bool,
    names: bool,
    cloners: bool,
    jail: Option<String>,
    selection: Selection,
}

impl Options {
    /// Reads the leading options, as getopt(3) would. Answers the words after them.
    fn read<'a>(&mut self, arguments: &'a [String]) -> Result<&'a [String], UsageError> {
        let mut rest = arguments;
        while let [first, after @ ..] = rest {
            let Some(letters) = first.strip_prefix('-').filter(|letters| !letters.is_empty())
            else {
                break;
            };
            rest = after;
            if letters == "-" {
                break;
            }
            for (at, letter) in letters.char_indices() {
                if !matches!(letter, 'g' | 'j') {
                    self.set(letter)?;
                    continue;
                }
                let attached = &letters[at + 1..];
                let value = if attached.is_empty() {
                    let (value, after) = rest.split_first().ok_or(UsageError::Usage)?;
                    rest = after;
                    value.clone()
                } else {
                    attached.to_owned()
                };
                match letter {
                    'g' => self.selection.group = Some(value),
                    _ => self.jail = Some(value),
                }
                break;
            }
        }
        Ok(rest)
    }

    fn set(&mut self, letter: char) -> Result<(), UsageError> {
        match letter {
            'a' => self.all = true,
            'l' => self.names = true,
            'C' => self.cloners = true,
            'u' if self.selection.up != Some(false) => self.selection.up = Some(true),
            'd' if self.selection.up != Some(true) => self.selection.up = Some(false),
            'u' | 'd' => return Err(UsageError::Usage),
            // No module is ever loaded from here.
            'n' => {}
            other => return Err(UsageError::Option(other)),
        }
        Ok(())
    }

    /// The command that these options and the words after them make.
    fn command(mut self, rest: &[String]) -> Result<Command, UsageError> {
        if self.cloners {
            return Ok(Command::Cloners);
        }
        if self.names && self.all {
            return Err(UsageError::Usage);
        }
        let group_alone = self.selection.group.is_some() && !self.all;
        if self.all || self.names || group_alone || rest.is_empty() {
            self.selection.family = match rest {
                [] => None,
                [word] => Some(family_of(word)?),
                _ => return Err(UsageError::Usage),
            };
            return Ok(match (self.names, group_alone) {
                (true, _) => Command::Names(self.selection, Separator::Blank),
                (false, true) => Command::Names(self.selection, Separator::Line),
                (false, false) => Command::List(self.selection),
            });
        }
        let (interface, words) = rest.split_first().ok_or(UsageError::Usage)?;
        match words {
            [] => self.selection.interface = Some(interface.clone()),
            [word] if words::family(word).is_some() => {
                self.selection.interface = Some(interface.clone());
                self.selection.family = words::family(word);
            }
            words => return configuration(interface, words).map(Command::Configure),
        }
        Ok(Command::List(self.selection))
    }
}

fn family_of(word: &str) -> Result<Family, UsageError> {
    words::family(word).ok_or_else(|| UsageError::UnknownFamily(word.to_owned()))
}

/// Reads the parameters of one interface.
fn configuration(interface: &str, words: &[String]) -> Result<Configuration, UsageError> {
    let mut reader = Reader::default();
    let mut words = words.iter().map(String::as_str);
    while let Some(word) = words.next() {
        reader.word(word, &mut words)?;
    }
    reader.finish_address()?;
    let vlan = match (reader.tag, reader.parent) {
        (None, None) => None,
        (Some(_), Some(_)) if !reader.create => return Err(UsageError::VlanFixed),
        _ if !reader.create => return Err(UsageError::VlanBoth),
        (tag, parent) => Some(complete_vlan(interface, tag, parent)?),
    };
    Ok(Configuration {
        interface: interface.to_owned(),
        create: reader.create,
        vlan,
        changes: reader.changes,
    })
}

/// What is missing of tag and parent comes from a name of the form `IF.TAG`, which may not gainsay
/// what was said.
fn complete_vlan(
    interface: &str,
    tag: Option<u16>,
    parent: Option<InterfaceName>,
) -> Result<(u16, InterfaceName), UsageError> {
    let named = match netif::Cloner::parse(interface) {
        Some(netif::Cloner::VlanOf(parent, tag)) => Some((tag, parent)),
        _ => None,
    };
    match (named, tag, parent) {
        (Some(named), tag, parent) => {
            let agrees = tag.is_none_or(|tag| tag == named.0)
                && parent.is_none_or(|parent| parent == named.1);
            if agrees { Ok(named) } else { Err(UsageError::VlanAmbiguous) }
        }
        (None, Some(tag), Some(parent)) => Ok((tag, parent)),
        _ => Err(UsageError::VlanBoth),
    }
}

/// Reads parameters one after the other.
#[derive(Default)]
struct Reader {
    create: bool,
    tag: Option<u16>,
    parent: Option<InterfaceName>,
    changes: Vec<Change>,
    family: Option<Family>,
    address: PendingAddress,
}

/// An address, of which every word may say a little more.
#[derive(Default)]
struct PendingAddress {
    address: Option<IpAddr>,
    length: Option<u8>,
    broadcast: Option<std::net::Ipv4Addr>,
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
            "vlan" => {
                self.tag = Some(tag(argument()?)?);
                return Ok(());
            }
            "vlandev" => {
                self.parent = Some(name(argument()?)?);
                return Ok(());
            }
            "destroy" | "unplumb" => Change::Destroy,
            "up" => Change::Up,
            "down" => Change::Down,
            "mtu" => Change::Mtu(number(argument()?)?),
            "descr" | "description" => Change::Description(argument()?.to_owned()),
            "-descr" | "-description" => Change::Description(String::new()),
            "name" => Change::Rename(name(argument()?)?),
            "addm" => Change::AddMember(name(argument()?)?),
            "deletem" => Change::DeleteMember(name(argument()?)?),
            "vnet" => Change::Vnet(argument()?.to_owned()),
            "-vnet" => Change::Reclaim(argument()?.to_owned()),
            word => return self.address_word(word, argument),
        };
        self.changes.push(change);
        Ok(())
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
            word if words::is_freebsds(word) => {
                return Err(UsageError::NotSupported(word.to_owned()));
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

    /// `ADDRESS` or `ADDRESS/LENGTH`.
    fn take_address(&mut self, word: &str) -> Result<(), UsageError> {
        if self.address.address.is_some() {
            return Err(UsageError::NotSupported(format!("{word}: a destination address")));
        }
        let (text, length) = match word.split_once('/') {
            Some((text, length)) => (text, Some(length)),
            None => (word, None),
        };
        let address: IpAddr = if self.is_inet6() {
            IpAddr::V6(text.parse().map_err(|_| bad_value(word))?)
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
            (None, Role::Alias) => return Err(UsageError::RequiresArgument("alias".into())),
            (None, Role::Replace) => return Ok(()),
            (Some(address), role) => {
                let length = pending.length.unwrap_or_else(|| usual_length(address));
                let mut new = InterfaceAddress::new(Prefix { address, length });
                new.broadcast = pending.broadcast.or(new.broadcast);
                Change::Address(NewAddress {
                    address: new,
                    replaces: role == Role::Replace && address.is_ipv4(),
                    guessed: pending.length.is_none() && address.is_ipv4(),
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

fn name(word: &str) -> Result<InterfaceName, UsageError> {
    InterfaceName::parse(word).map_err(UsageError::Name)
}

fn number(word: &str) -> Result<u32, UsageError> {
    word.parse().map_err(|_| bad_value(word))
}

fn tag(word: &str) -> Result<u16, UsageError> {
    let value: u64 = word.parse().map_err(|_| UsageError::VlanInvalid)?;
    u16::try_from(value).ok().filter(|tag| (1..=4094).contains(tag)).ok_or(UsageError::VlanRange)
}

#[cfg(test)]
mod tests;
