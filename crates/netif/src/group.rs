//! Groups of interfaces: `group` of ifconfig(8).
//!
//! An interface of FreeBSD is in any number of groups, which have names; one of Linux has a single
//! group number. But an interface of Linux keeps its alternative names wherever it is moved, so a
//! group is kept as one of these: `group.NAME.` and some digits, because no two interfaces may have
//! the same alternative name.

use std::fmt;
use std::hash::{BuildHasher, RandomState};

use rustix::io::Errno;

use crate::error::{Error, Request};
use crate::name::InterfaceName;
use crate::uapi::{genl, ifla, nlm, rtm};
use crate::wire::{LINK_BODY, Message, Netlink, attributes, text};

const PREFIX: &str = "group.";
/// The longest name of a group: `IFNAMSIZ` without the NUL.
const LONGEST: usize = 15;

/// The name of a group.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct GroupName(String);

/// Why a group cannot have a name. `Display` is FreeBSD's message without its first word.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum MalformedGroup {
    /// The name would look like an interface's: it ends in a digit.
    Digit,
    /// The name has more than 15 bytes.
    TooLong,
    /// The name is empty, or has characters that no name on Linux has.
    Odd,
}

impl fmt::Display for MalformedGroup {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::Digit => "group names may not end in a digit",
            Self::TooLong => "group name too long",
            Self::Odd => "no group can have this name",
        })
    }
}

impl std::error::Error for MalformedGroup {}

impl GroupName {
    /// Takes `name` if a group may have it.
    ///
    /// # Errors
    /// `name` ends in a digit, is too long, or cannot be kept on Linux.
    pub fn parse(name: &str) -> Result<Self, MalformedGroup> {
        // Linux's own rule for names, and the dot, which ends the group's name in ours.
        let odd = |c: char| matches!(c, '/' | ':' | '.') || c.is_whitespace() || c.is_control();
        match name {
            name if name.ends_with(|c: char| c.is_ascii_digit()) => Err(MalformedGroup::Digit),
            name if name.len() > LONGEST => Err(MalformedGroup::TooLong),
            name if name.is_empty() || name.contains(odd) => Err(MalformedGroup::Odd),
            name => Ok(Self(name.to_owned())),
        }
    }
}

/// The names in a list of an interface's alternative names.
pub(crate) fn alternative_names(list: &[u8]) -> impl Iterator<Item = String> {
    attributes(list).filter(|(kind, _)| *kind == ifla::ALT_IFNAME).map(|(_, name)| text(name))
}

/// The group that an alternative name stands for; `None`: the name is somebody else's.
pub(crate) fn of_alternative_name(name: &str) -> Option<String> {
    let (group, _) = name.strip_prefix(PREFIX)?.rsplit_once('.')?;
    GroupName::parse(group).ok().map(|group| group.0)
}

impl Netlink {
    /// `group`: puts the interface in a group. An interface that is in the group already is no
    /// error.
    ///
    /// # Errors
    /// The kernel's, as ` SIOCAIFGROUP: …`.
    pub fn add_group(&mut self, name: &InterfaceName, group: &GroupName) -> Result<(), Error> {
        if self.link(name)?.groups.contains(&group.0) {
            return Ok(());
        }
        // Random, and not counted: another interface with this group may be in another namespace
        // now, and come back.
        let unique = RandomState::new().hash_one(name) as u32;
        let alternative = format!("{PREFIX}{}.{unique:08x}", group.0);
        let message = property(rtm::NEWLINKPROP, nlm::CREATE | nlm::EXCL, name, &alternative);
        self.apply(name, message, Request::Other(" SIOCAIFGROUP".into()))
    }

    /// `-group`: takes the interface out of a group.
    ///
    /// # Errors
    /// `ENOENT`: the interface is not in the group.
    pub fn remove_group(&mut self, name: &InterfaceName, group: &GroupName) -> Result<(), Error> {
        let request = || Request::Other(" SIOCDIFGROUP".into());
        let names = self.link(name)?.alternative_names;
        let found = names.into_iter().find(|it| of_alternative_name(it).as_ref() == Some(&group.0));
        let found = found.ok_or_else(|| request().refused(Errno::NOENT))?;
        self.apply(name, property(rtm::DELLINKPROP, 0, name, &found), request())
    }
}

fn property(kind: u16, flags: u16, name: &InterfaceName, alternative: &str) -> Message {
    let mut message = Message::new(kind, flags, &[0; LINK_BODY]);
    message.string(ifla::IFNAME, name.kernel());
    message.nest(ifla::PROP_LIST | genl::NESTED, |list| {
        list.string(ifla::ALT_IFNAME, alternative);
    });
    message
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    #[rustfmt::skip]
    fn names() {
        for (name, want) in [
            ("jails",             Ok("jails".to_owned())),
            ("web2",              Err(MalformedGroup::Digit)),   // ifgroup.c, setifgroup()
            ("abcdefghijklmnop",  Err(MalformedGroup::TooLong)),
            ("",                  Err(MalformedGroup::Odd)),
            ("a.b",               Err(MalformedGroup::Odd)),
        ] {
            assert_eq!(GroupName::parse(name).map(|group| group.0), want, "{name:?}");
        }
        assert_eq!(of_alternative_name("group.jails.0a0b0c0d").as_deref(), Some("jails"));
        assert_eq!(of_alternative_name("enp0s3"), None);
        assert_eq!(of_alternative_name("group.web2.0a0b0c0d"), None);
    }
}
