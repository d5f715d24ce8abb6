//! What the hardware of an interface does for the kernel: `rxcsum`, `tso`, `lro` … of ifconfig(8).
//!
//! Linux calls them features and has many more; ethtool's part of generic netlink knows them by
//! name.

use std::collections::BTreeMap;
use std::os::fd::BorrowedFd;

use rustix::io::Errno;

use crate::error::{Error, Request};
use crate::media::{self, Media};
use crate::name::InterfaceName;
use crate::uapi::genl;
use crate::wire::{GENERIC_BODY, Message, Netlink, attributes, header_index, text, u16_at};

/// One of FreeBSD's capabilities.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
#[allow(missing_docs)] // the words of ifconfig(8)
pub enum Capability {
    RxCsum,
    TxCsum,
    VlanHwTag,
    Tso4,
    Tso6,
    Lro,
    VlanHwFilter,
    RxCsum6,
    TxCsum6,
}

impl Capability {
    /// Each capability with its bit and its name in listings (net/if.h, `IFCAP_*`), and Linux's
    /// features for it.
    #[rustfmt::skip]
    const TABLE: &'static [(Self, u32, &'static str, &'static [&'static str])] = &[
        (Self::RxCsum,       0x1,       "RXCSUM",         &["rx-checksum"]),
        // Drivers have one of the two: a checksum of IPv4 alone, or of any protocol.
        (Self::TxCsum,       0x2,       "TXCSUM",         &["tx-checksum-ipv4", "tx-checksum-ip-generic"]),
        (Self::VlanHwTag,    0x10,      "VLAN_HWTAGGING", &["rx-vlan-hw-parse", "tx-vlan-hw-insert"]),
        (Self::Tso4,         0x100,     "TSO4",           &["tx-tcp-segmentation"]),
        (Self::Tso6,         0x200,     "TSO6",           &["tx-tcp6-segmentation"]),
        // Hardware GRO joins packets as LRO does, and does as much harm in a bridge where the
        // hardware errs.
        (Self::Lro,          0x400,     "LRO",            &["rx-lro", "rx-gro-hw"]),
        (Self::VlanHwFilter, 0x10000,   "VLAN_HWFILTER",  &["rx-vlan-filter"]),
        // Linux has one feature for checksums of both families.
        (Self::RxCsum6,      0x20_0000, "RXCSUM_IPV6",    &["rx-checksum"]),
        (Self::TxCsum6,      0x40_0000, "TXCSUM_IPV6",    &["tx-checksum-ipv6", "tx-checksum-ip-generic"]),
    ];

    fn features(self) -> &'static [&'static str] {
        Self::TABLE.iter().find(|(it, ..)| *it == self).map_or(&[], |&(.., features)| features)
    }
}

/// What one interface can do, and what it does.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Capabilities {
    active: Vec<String>,
    changeable: Vec<String>,
    /// How the interface sends, if [`Ethtool::all`] asked and the driver says so.
    pub media: Option<Media>,
}

impl Capabilities {
    /// Whether `capability` is on.
    #[must_use]
    pub fn has(&self, capability: Capability) -> bool {
        capability.features().iter().any(|feature| self.active.iter().any(|it| it == feature))
    }

    /// The capabilities that are on, as FreeBSD's bits and their names.
    #[must_use]
    pub fn listed(&self) -> (u32, Vec<&'static str>) {
        let on = Capability::TABLE.iter().filter(|(it, ..)| self.has(*it));
        on.fold((0, Vec::new()), |(bits, mut names), &(_, bit, name, _)| {
            names.push(name);
            (bits | bit, names)
        })
    }

    /// The features of `capability` that have to change for it to be `on`; `None`: the interface
    /// cannot do that.
    fn to_change(&self, capability: Capability, on: bool) -> Option<Vec<&'static str>> {
        let is = |list: &[String], feature: &&&str| list.iter().any(|it| it == **feature);
        let features = capability.features().iter();
        let differ = features.filter(|feature| is(&self.active, feature) != on);
        let mut differ: Vec<&str> = differ.filter(|it| is(&self.changeable, it)).copied().collect();
        if capability == Capability::Lro && on {
            // Both features do the same, and no hardware does both at once: one of them is enough.
            differ.truncate(usize::from(!self.has(capability)));
        }
        (!differ.is_empty() || self.has(capability) == on).then_some(differ)
    }
}

/// ethtool's socket in one network namespace.
pub struct Ethtool {
    netlink: Netlink,
    family: u16,
}

impl Ethtool {
    /// Opens the socket in the caller's namespace. `None`: this kernel's ethtool does not speak
    /// netlink.
    ///
    /// # Errors
    /// There is no socket to be had.
    pub fn open() -> Result<Option<Self>, Error> {
        Netlink::open_generic().map(Self::on)
    }

    /// Opens the socket in the network namespace `there`; the caller's own namespace is `here`.
    ///
    /// # Errors
    /// As [`Netlink::open_in`].
    pub fn open_in(there: BorrowedFd<'_>, here: BorrowedFd<'_>) -> Result<Option<Self>, Error> {
        Netlink::inside(there, here, Netlink::open_generic).map(Self::on)
    }

    fn on(mut netlink: Netlink) -> Option<Self> {
        // The kernel numbers the families of generic netlink as they are loaded: only the name is
        // fixed.
        let mut message = Message::new(genl::CONTROLLER, 0, &[genl::GET_FAMILY, 1, 0, 0]);
        message.string(genl::FAMILY_NAME, "ethtool");
        let Ok(answer) = netlink.get(message) else { return None };
        let found = attributes(answer.get(GENERIC_BODY..).unwrap_or_default());
        let mut ids = found.filter(|&(kind, _)| kind == genl::FAMILY_ID);
        let family = ids.next().and_then(|(_, value)| u16_at(value, 0));
        family.map(|family| Self { netlink, family })
    }

    /// The capabilities of all interfaces, by the numbers of the interfaces.
    ///
    /// # Errors
    /// `Listing`.
    pub fn all(&mut self) -> Result<BTreeMap<u32, Capabilities>, Error> {
        let family = self.family;
        let request = || {
            let mut message = Message::new(family, 0, &[genl::FEATURES_GET, 1, 0, 0]);
            message.nest(genl::FEATURES_HEADER | genl::NESTED, |_| {});
            message
        };
        let collect = |found: &mut BTreeMap<u32, Capabilities>, body: &[u8]| {
            found.extend(parse(body));
        };
        let mut all = self.netlink.dump(request, collect).map_err(Error::Listing)?;
        // Linux before 5.6 has no such request, and a listing without media is better than none.
        let media = self.netlink.dump(|| media::request(family), media::collect);
        for (index, media) in media.unwrap_or_default() {
            all.entry(index).or_default().media = Some(media);
        }
        Ok(all)
    }

    /// The capabilities of one interface.
    ///
    /// # Errors
    /// `NoInterface`; `EOPNOTSUPP`: the interface has no such thing.
    pub fn of(&mut self, name: &InterfaceName) -> Result<Capabilities, Error> {
        let answer = self.netlink.get(self.message(genl::FEATURES_GET, name));
        match answer {
            Ok(body) => Ok(parse(&body).map(|(_, found)| found).unwrap_or_default()),
            Err(Errno::NODEV) => Err(Error::NoInterface(name.to_string())),
            Err(errno) => Err(Error::Listing(errno)),
        }
    }

    /// Turns `capability` on or off; `verb` is the word of the command line.
    ///
    /// # Errors
    /// `EINVAL`: the interface cannot do that.
    pub fn set(
        &mut self,
        name: &InterfaceName,
        capability: Capability,
        on: bool,
        verb: &str,
    ) -> Result<(), Error> {
        let refused = |errno| Request::Other(verb.to_owned()).refused(errno);
        let features = self.of(name)?.to_change(capability, on);
        let features = features.ok_or_else(|| refused(Errno::INVAL))?;
        if features.is_empty() {
            return Ok(());
        }
        let mut message = self.message(genl::FEATURES_SET, name);
        message.nest(genl::FEATURES_WANTED | genl::NESTED, |wanted| {
            // A set with a mask: bits that are not named stay as they are.
            wanted.nest(genl::BITSET_BITS | genl::NESTED, |bits| {
                for feature in features {
                    bits.nest(genl::BITS_BIT | genl::NESTED, |bit| {
                        bit.string(genl::BIT_NAME, feature);
                        // A named bit without a value is turned off.
                        if on {
                            bit.attribute(genl::BIT_VALUE, &[]);
                        }
                    });
                }
            });
        });
        self.netlink.change(message).map_err(refused)?;
        // The kernel answers well even when another feature stands in the way, so the result is
        // looked at.
        if self.of(name)?.has(capability) == on { Ok(()) } else { Err(refused(Errno::INVAL)) }
    }

    fn message(&self, command: u8, name: &InterfaceName) -> Message {
        let mut message = Message::new(self.family, 0, &[command, 1, 0, 0]);
        message.nest(genl::FEATURES_HEADER | genl::NESTED, |header| {
            header.string(genl::HEADER_NAME, name.kernel());
        });
        message
    }
}

/// An interface's number and capabilities from an answer to `FEATURES_GET`.
fn parse(body: &[u8]) -> Option<(u32, Capabilities)> {
    let (mut index, mut found) = (None, Capabilities::default());
    for (kind, value) in attributes(body.get(GENERIC_BODY..)?) {
        match kind {
            genl::FEATURES_HEADER => index = header_index(value),
            genl::FEATURES_ACTIVE => found.active = names(value),
            genl::FEATURES_HW => found.changeable = names(value),
            _ => {}
        }
    }
    Some((index?, found))
}

/// The names of the bits of a set that are on. A set with a mask has those that are off, too,
/// without a value.
fn names(bitset: &[u8]) -> Vec<String> {
    let mut names = Vec::new();
    let parts = |value, wanted| attributes(value).filter(move |(kind, _)| *kind == wanted);
    let has_mask = parts(bitset, genl::BITSET_NOMASK).next().is_none();
    for (_, bits) in parts(bitset, genl::BITSET_BITS) {
        for (_, bit) in parts(bits, genl::BITS_BIT) {
            let is_on = !has_mask || parts(bit, genl::BIT_VALUE).next().is_some();
            let name = parts(bit, genl::BIT_NAME).filter(|_| is_on);
            names.extend(name.map(|(_, name)| text(name)));
        }
    }
    names
}

#[cfg(test)]
mod tests {
    use super::*;

    /// linux/ethtool_netlink.h: with `NOMASK` each bit that is named is on; without it, a bit that
    /// has a value.
    #[test]
    fn bits_that_are_on() {
        for (has_mask, want) in [(false, &["a", "b"][..]), (true, &["b"])] {
            let mut message = Message::new(0, 0, &[]);
            let start = message.bytes().len();
            if !has_mask {
                message.attribute(genl::BITSET_NOMASK, &[]);
            }
            message.nest(genl::BITSET_BITS, |bits| {
                for (name, on) in [("a", false), ("b", true)] {
                    bits.nest(genl::BITS_BIT, |bit| {
                        bit.string(genl::BIT_NAME, name);
                        if on {
                            bit.attribute(genl::BIT_VALUE, &[]);
                        }
                    });
                }
            });
            assert_eq!(names(&message.bytes()[start..]), want);
        }
    }

    #[test]
    #[rustfmt::skip]
    fn what_has_to_change() {
        let list = |names: &[&str]| names.iter().map(|&name| name.to_owned()).collect::<Vec<_>>();
        let card = Capabilities {
            active: list(&["rx-lro", "rx-checksum", "tx-checksum-ip-generic"]),
            changeable: list(&["rx-lro", "rx-gro-hw", "tx-checksum-ip-generic"]),
            media: None,
        };
        for (capability, on, want) in [
            (Capability::Lro,    false, Some(vec!["rx-lro"])),
            (Capability::Lro,    true,  Some(vec![])),                  // one of the two will do
            (Capability::RxCsum, true,  Some(vec![])),                  // is so
            (Capability::RxCsum, false, None),                          // and stays so
            (Capability::TxCsum, false, Some(vec!["tx-checksum-ip-generic"])),
            (Capability::Tso4,   true,  None),
            (Capability::Tso4,   false, Some(vec![])),
        ] {
            assert_eq!(card.to_change(capability, on), want, "{capability:?} {on}");
        }
        let names = vec!["RXCSUM", "TXCSUM", "LRO", "RXCSUM_IPV6", "TXCSUM_IPV6"];
        assert_eq!(card.listed(), (0x60_0403, names));
    }
}
