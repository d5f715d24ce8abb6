//! For whom an interface was made.
//!
//! An interface is to be known by those who made it even if they are killed just then. Linux takes
//! one word with the request that makes an interface and keeps it as long as the interface lives,
//! whatever its name and wherever it is moved: the number of its group, which iproute2 uses to
//! change many interfaces at once and which is 0 otherwise. So a number that follows from the
//! maker's name stands there. Groups of FreeBSD, which have names, are something else:
//! [`crate::GroupName`].

use rustix::io::Errno;

use crate::address::hash;
use crate::change::by_name;
use crate::error::{Error, Request};
use crate::name::InterfaceName;
use crate::uapi::ifla;
use crate::wire::{LINK_BODY, Message, Netlink};

/// Somebody for whom interfaces are made.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Maker(u32);

/// Set in the number of every maker. The groups that people number are small.
const MARK: u32 = 1 << 30;

impl Maker {
    /// The hooks of the jail `name`.
    #[must_use]
    pub fn hooks_of(name: &str) -> Self {
        Self::of("hooks", name)
    }

    /// The service `name` of the host.
    #[must_use]
    pub fn service(name: &str) -> Self {
        Self::of("service", name)
    }

    /// Whoever carries addresses of the host into jails.
    #[must_use]
    pub fn of_carried() -> Self {
        Self::service("ipvlan")
    }

    fn of(kind: &str, name: &str) -> Self {
        // The number is an `int` to the kernel: the highest bit stays 0.
        Self(MARK | hash([kind, name]) as u32 & (MARK - 1))
    }

    /// The maker that the group's number of an interface stands for.
    pub(crate) fn from_group(number: u32) -> Option<Self> {
        (number & !(MARK - 1) == MARK).then_some(Self(number))
    }

    pub(crate) fn describe(self, message: &mut Message) {
        message.number(ifla::GROUP, self.0);
    }
}

impl Netlink {
    /// Makes interfaces for `maker` from here on.
    pub fn make_for(&mut self, maker: Maker) {
        self.maker = Some(maker);
    }

    /// Marks an interface that was made just now, if interfaces are made for somebody.
    pub(crate) fn mark(&mut self, name: &InterfaceName) -> Result<(), Errno> {
        let Some(maker) = self.maker else { return Ok(()) };
        let mut message = by_name(name, [0; LINK_BODY]);
        maker.describe(&mut message);
        self.change(message)
    }

    /// Gives to another maker what one has made and is in this network.
    ///
    /// # Errors
    /// The interfaces cannot be listed, or the kernel refused.
    pub fn hand_over(&mut self, from: Maker, to: Maker) -> Result<(), Error> {
        for link in self.links()?.into_iter().filter(|link| link.maker == Some(from)) {
            let mut message = by_name(&link.name, [0; LINK_BODY]);
            to.describe(&mut message);
            self.apply(&link.name, message, Request::Other("group".into()))?;
        }
        Ok(())
    }

    /// Takes from an interface the mark of its maker.
    ///
    /// # Errors
    /// There is no such interface, or the kernel refused.
    pub fn forget_maker(&mut self, name: &InterfaceName) -> Result<(), Error> {
        let mut message = by_name(name, [0; LINK_BODY]);
        message.number(ifla::GROUP, 0);
        self.apply(name, message, Request::Other("group".into()))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn numbers() {
        let makers = [
            Maker::hooks_of("web"),
            Maker::hooks_of("db"),
            Maker::hooks_of(""),
            Maker::service("web"),
            Maker::service("netif"),
        ];
        for (at, maker) in makers.iter().enumerate() {
            assert_eq!(makers.iter().position(|it| it == maker), Some(at));
            assert_eq!(Maker::from_group(maker.0), Some(*maker));
        }
        for number in [0, 1, 42, MARK - 1, MARK << 1, u32::MAX] {
            assert_eq!(Maker::from_group(number), None, "{number:#x}");
        }
    }
}
