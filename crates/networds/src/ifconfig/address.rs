//! An address of an interface, to which each word adds a little: ifconfig(8), af_inet(4).

use std::net::{IpAddr, Ipv4Addr};

use netif::{InterfaceAddress, Lifetimes, Prefix};

use super::change::{Change, NewAddress};
use super::error::UsageError;
use super::value::{bad_value, inet_aton, number_in};

/// What has been said of an address so far.
#[derive(Default)]
pub(super) struct PendingAddress {
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

/// What is done with the address.
#[derive(Default, Clone, Copy, PartialEq, Eq)]
pub(super) enum Role {
    /// An IPv4 address takes the place of the interface's first one.
    #[default]
    Replace,
    /// The address is added to the others.
    Alias,
    /// The address is removed.
    Delete,
}

/// One of the two lifetimes.
#[derive(Clone, Copy, PartialEq, Eq)]
pub(super) enum Lifetime {
    /// `pltime`.
    Preferred,
    /// `vltime`.
    Valid,
}

impl PendingAddress {
    /// `alias`, `delete`.
    pub(super) fn set_role(&mut self, role: Role) {
        self.role = role;
    }

    /// `netmask`, for IPv4.
    pub(super) fn set_mask(&mut self, text: &str) -> Result<(), UsageError> {
        self.length = Some(netif::netmask_length(text).ok_or_else(|| bad_value(text))?);
        Ok(())
    }

    /// `broadcast`.
    pub(super) fn set_broadcast(&mut self, text: &str) -> Result<(), UsageError> {
        self.broadcast = Some(text.parse().map_err(|_| bad_value(text))?);
        Ok(())
    }

    /// `prefixlen`, for IPv6.
    pub(super) fn set_prefix_length(&mut self, text: &str) -> Result<(), UsageError> {
        let length = text.parse().ok().filter(|&length| length <= 128);
        self.length = Some(length.ok_or_else(|| bad_value(text))?);
        Ok(())
    }

    /// `pltime`, `vltime`, in seconds. All ones stands for ever: netinet6/nd6.h,
    /// ND6_INFINITE_LIFETIME.
    pub(super) fn set_lifetime(&mut self, which: Lifetime, seconds: u32) {
        let seconds = Some(seconds).filter(|seconds| *seconds != u32::MAX);
        match which {
            Lifetime::Preferred => self.lifetimes.preferred = seconds,
            Lifetime::Valid => self.lifetimes.valid = seconds,
        }
    }

    /// `deprecated`.
    pub(super) fn set_deprecated(&mut self, on: bool) {
        // Linux has no such flag: an address is deprecated once its preferred lifetime has ended.
        self.lifetimes.preferred = on.then_some(0);
    }

    /// `eui64`.
    pub(super) fn set_eui64(&mut self) -> Result<(), UsageError> {
        // `eui64` fills the lower half in. The words of the message are FreeBSD's.
        if matches!(self.address, Some(IpAddr::V6(own)) if own.to_bits() as u64 != 0) {
            return Err(UsageError::Message("interface index is already filled".to_owned()));
        }
        self.eui64 = true;
        Ok(())
    }

    /// `ADDRESS`, `ADDRESS/LENGTH`; a second one is the other end of a point-to-point link.
    ///
    /// `scope` is what may follow an IPv6 address: `%` and the name of the interface. `None`: the
    /// address is of IPv4.
    pub(super) fn take(&mut self, word: &str, scope: Option<&str>) -> Result<(), UsageError> {
        if self.address.is_some() {
            return self.take_destination(word);
        }
        let (text, length) = match word.split_once('/') {
            Some((text, length)) => (text, Some(length)),
            None => (word, None),
        };
        let address: IpAddr = match scope {
            Some(scope) => {
                // A link-local address belongs to the interface of the line in any case.
                let plain = text.strip_suffix(scope).unwrap_or(text);
                IpAddr::V6(plain.parse().map_err(|_| bad_value(word))?)
            }
            None => IpAddr::V4(inet_aton(text).ok_or_else(|| bad_value(word))?),
        };
        if let Some(length) = length {
            // parse() alone would take a plus sign.
            let digits = length.bytes().all(|byte| byte.is_ascii_digit());
            // FreeBSD's message differs from that of a bad address, so the width is checked apart.
            let length = length.parse().ok().filter(|&l| digits && l <= Prefix::width(address));
            let bad_width = || UsageError::BadWidth(word.to_owned());
            self.length = Some(length.ok_or_else(bad_width)?);
        }
        self.address = Some(address);
        Ok(())
    }

    fn take_destination(&mut self, word: &str) -> Result<(), UsageError> {
        let short = || inet_aton(word).map(IpAddr::V4);
        let destination = word.parse().ok().or_else(short).ok_or_else(|| bad_value(word))?;
        let own = self.address;
        // Both ends of a link speak one family. A third address would have no meaning.
        let fits = own.is_some_and(|own| own.is_ipv4() == destination.is_ipv4());
        if !fits || self.destination.is_some() {
            return Err(bad_value(word));
        }
        self.destination = Some(destination);
        Ok(())
    }

    /// The change that the words ask for. `None`: they said nothing of an address.
    pub(super) fn finish(self, is_inet6: bool) -> Result<Option<Change>, UsageError> {
        match (self.address, self.role) {
            // FreeBSD's interfaces have an address only once, so its prefix need not be given.
            (Some(address), Role::Delete) => Ok(Some(Change::DeleteAddress(address))),
            (Some(address), Role::Replace | Role::Alias) => Ok(Some(self.added(address))),
            (None, Role::Delete) if is_inet6 => {
                Err(UsageError::RequiresArgument("delete".to_owned()))
            }
            (None, Role::Delete) => Ok(Some(Change::DeleteFirstInet)),
            (None, Role::Replace | Role::Alias) => self.without_address(),
        }
    }

    fn added(self, address: IpAddr) -> Change {
        let length = self.length.unwrap_or_else(|| usual_length(address));
        // As on FreeBSD, an IPv4 address without a mask gets one by its class.
        let mut new = InterfaceAddress::new(Prefix { address, length });
        new.broadcast = self.broadcast.or(new.broadcast);
        new.destination = self.destination;
        new.lifetimes = self.lifetimes;
        Change::Address(NewAddress {
            address: new,
            // FreeBSD does so for IPv4 alone: an IPv6 address is always one more.
            replaces: self.role == Role::Replace && address.is_ipv4(),
            guessed: self.length.is_none() && address.is_ipv4(),
            eui64: self.eui64,
        })
    }

    fn without_address(self) -> Result<Option<Change>, UsageError> {
        let refused = |what: &str| Err(UsageError::NotSupported(what.to_owned()));
        if self.length.is_some() || self.broadcast.is_some() {
            return refused("a mask without its address");
        }
        if self.lifetimes != Lifetimes::default() || self.eui64 {
            return refused("a flag without its address");
        }
        if self.role == Role::Alias {
            return Err(UsageError::RequiresArgument("alias".to_owned()));
        }
        Ok(None)
    }
}

/// A lifetime in seconds; `word` is `pltime` or `vltime`.
pub(super) fn seconds(word: &str, text: &str) -> Result<u32, UsageError> {
    let invalid = || UsageError::Message(format!("invalid {word}"));
    number_in(text, 0..=u32::MAX).ok_or_else(invalid)
}

/// The length that an address without a mask gets: by its class, and 64 for IPv6.
fn usual_length(address: IpAddr) -> u8 {
    match address {
        // Classes A, B and C.
        IpAddr::V4(address) => match address.octets()[0] {
            0..=127 => 8,
            128..=191 => 16,
            _ => 24,
        },
        IpAddr::V6(_) => 64,
    }
}
