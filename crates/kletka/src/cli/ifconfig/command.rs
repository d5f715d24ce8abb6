//! The command line of ifconfig(8), read as a whole before anything is changed.
//!
//! [`parse`] turns words into a [`Command`]: a listing, or changes in the order in which they are to be
//! made. As on FreeBSD the address comes after the other changes, wherever it stood. A parameter that
//! FreeBSD's ifconfig has and this one has not is refused by name.

mod creation;
mod error;
mod format;
mod reader;

use std::net::IpAddr;

use netif::{
    BridgeSetting, Capability, EtherAddress, GroupName, Inet6Option, InterfaceAddress,
    InterfaceName, LaggProtocol, Mode, PortSetting, Tunnel,
};

use super::words::{self, Family};
pub(super) use creation::Creation;
pub(super) use error::UsageError;
pub(super) use format::{Format, Mask, Separation};

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
    /// `-G`: those in this group are not meant.
    pub(super) without: Option<String>,
    pub(super) family: Option<Family>,
    /// `-L`: for how long the addresses are there.
    pub(super) lifetimes: bool,
    /// `-f`: how addresses are written.
    pub(super) format: Format,
}

/// Changes of one interface.
#[derive(Debug, Default, PartialEq, Eq)]
pub(super) struct Configuration {
    pub(super) interface: String,
    pub(super) create: bool,
    /// What `create` is told of the kind.
    pub(super) creation: Creation,
    pub(super) changes: Vec<Change>,
}

#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) enum Change {
    Up,
    Down,
    Mtu(u32),
    Mode(Mode, OnOff),
    Ether(EtherAddress),
    /// Empty: `-descr`.
    Description(String),
    Rename(InterfaceName),
    Group(GroupName),
    Ungroup(GroupName),
    Capability(Vec<Capability>, OnOff),
    Inet6(Inet6Option, bool),
    AddMember(InterfaceName),
    DeleteMember(InterfaceName),
    Span(InterfaceName),
    RemoveSpan(InterfaceName),
    Bridge(BridgeSetting),
    Member(InterfaceName, PortSetting),
    /// The spanning tree, for a member.
    Stp(InterfaceName, bool),
    /// `addr`.
    ShowAddresses,
    Static(InterfaceName, EtherAddress),
    Forget(EtherAddress),
    /// `flush`, and with `true` `flushall`.
    Flush(bool),
    LaggPort(InterfaceName),
    RemoveLaggPort(InterfaceName),
    LaggProtocol(LaggProtocol),
    Tunnel(Tunnel),
    VlanPriority(u8),
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

/// A switch, and the word that turned it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct OnOff {
    pub(super) on: bool,
    pub(super) word: String,
}

#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct NewAddress {
    pub(super) address: InterfaceAddress,
    /// Without `alias` an IPv4 address takes the place of the first one.
    pub(super) replaces: bool,
    /// No mask was given: it follows from the address's class.
    pub(super) guessed: bool,
    /// `eui64`: the lower half of the address is that of the interface's link-local one.
    pub(super) eui64: bool,
}

/// Understands a command line.
pub(super) fn parse(arguments: &[String]) -> Result<Invocation, UsageError> {
    parse_with(Format::default(), arguments)
}

/// Understands a command line that says what is to be different from `format`.
pub(super) fn parse_with(format: Format, arguments: &[String]) -> Result<Invocation, UsageError> {
    let mut options = Options::default();
    options.selection.format = format;
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
                if !matches!(letter, 'f' | 'G' | 'g' | 'j') {
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
                    'f' => self.selection.format.read(&value)?,
                    'G' => self.selection.without = Some(value),
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
            'L' => self.selection.lifetimes = true,
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
            words => return reader::read(interface, words).map(Command::Configure),
        }
        Ok(Command::List(self.selection))
    }
}

fn family_of(word: &str) -> Result<Family, UsageError> {
    words::family(word).ok_or_else(|| UsageError::UnknownFamily(word.to_owned()))
}

#[cfg(test)]
mod tests;
