//! Interfaces that come and go by command: `create` and `destroy`. epair(4), bridge(4), vlan(4).
//!
//! An epair is a veth pair, a bridge Linux's bridge, a vlan an 802.1Q link. As on FreeBSD they are
//! down when they come, and destroying one end of an epair takes the other along.

use rustix::io::Errno;

use crate::address::EtherAddress;
use crate::error::{Error, Request};
use crate::interface::Kind;
use crate::name::InterfaceName;
use crate::uapi::{ifla, nlm, rtm};
use crate::wire::{Message, Netlink};

/// Length of `struct ifinfomsg`.
pub(crate) const LINK_BODY: usize = 16;

/// Tags of 802.1Q that are not reserved.
const TAGS: std::ops::RangeInclusive<u16> = 1..=4094;

/// What is to be made: a kind, and its number unless the lowest free one will do.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Cloner {
    /// `epair`, `epairN`: two Ethernet interfaces with a cable between them, `epairNa` and `epairNb`.
    Epair(Option<u32>),
    /// `bridge`, `bridgeN`.
    Bridge(Option<u32>),
    /// `vlan`, `vlanN`.
    Vlan(Option<u32>),
    /// `IF.TAG`: a vlan whose name says which.
    VlanOf(InterfaceName, u16),
}

impl Cloner {
    /// Understands what is written before `create`. `None`: no cloner takes this name.
    #[must_use]
    pub fn parse(name: &str) -> Option<Self> {
        let digits = name.find(|c: char| c.is_ascii_digit()).unwrap_or(name.len());
        let kind = match &name[..digits] {
            "epair" => Self::Epair,
            "bridge" => Self::Bridge,
            "vlan" => Self::Vlan,
            _ => return Self::parse_vlan_of(name),
        };
        match &name[digits..] {
            "" => Some(kind(None)),
            unit => number(unit).map(|unit| kind(Some(unit))),
        }
    }

    fn parse_vlan_of(name: &str) -> Option<Self> {
        let (parent, tag) = name.rsplit_once('.')?;
        let tag = u16::try_from(number(tag)?).ok().filter(|tag| TAGS.contains(tag))?;
        Some(Self::VlanOf(InterfaceName::parse(parent).ok()?, tag))
    }
}

/// A unit number: digits, no leading zero.
fn number(text: &str) -> Option<u32> {
    let plain = text.bytes().all(|byte| byte.is_ascii_digit());
    let short = text == "0" || !text.starts_with('0');
    (plain && short).then(|| text.parse().ok())?
}

impl Netlink {
    /// Makes an epair. Answers the name of its first end.
    ///
    /// # Errors
    /// `Exists`: one of the two names is taken.
    pub fn create_epair(&mut self, unit: Option<u32>) -> Result<InterfaceName, Error> {
        self.create("epair", 'a', unit, |netlink, name| {
            // The kernel makes the peer first: as on FreeBSD, `a` gets the lower number of the two.
            let other = name.with_last('b');
            let mut message = creation(&other);
            // Both ends get addresses of the kernel's making, locally administered ones. Stable
            // addresses, from the host's identity and the name, go in here as `ifla::ADDRESS`.
            message.nest(ifla::LINKINFO, |info| {
                info.string(ifla::INFO_KIND, "veth").nest(ifla::INFO_DATA, |data| {
                    data.nest(ifla::VETH_INFO_PEER, |peer| {
                        peer.raw(&[0; LINK_BODY]).string(ifla::IFNAME, name.kernel());
                    });
                });
            });
            netlink.change(message)
        })
    }

    /// Makes a bridge. Answers its name.
    ///
    /// It gets an address of its own, because Linux would otherwise let it take that of a member,
    /// and change it as members come and go; FreeBSD's keeps the one that it was made with.
    ///
    /// # Errors
    /// `Exists`: the name is taken.
    pub fn create_bridge(&mut self, unit: Option<u32>) -> Result<InterfaceName, Error> {
        self.create("bridge", '\0', unit, |netlink, name| {
            let mut message = creation(name);
            message.attribute(ifla::ADDRESS, &EtherAddress::random().0);
            message.nest(ifla::LINKINFO, |info| {
                info.string(ifla::INFO_KIND, "bridge");
            });
            netlink.change(message)
        })
    }

    /// Makes the vlan `vlanN` of `parent` with the lowest free number, or with `unit`.
    ///
    /// # Errors
    /// As [`Netlink::create_vlan_named`].
    pub fn create_vlan(
        &mut self,
        unit: Option<u32>,
        tag: u16,
        parent: &InterfaceName,
    ) -> Result<InterfaceName, Error> {
        let index = self.parent_index(parent, &unit_name("vlan", '\0', unit))?;
        self.create("vlan", '\0', unit, |netlink, name| netlink.change(vlan(name, tag, index)))
    }

    /// Makes the vlan of `parent` that is called `name`, as `re0.7` is.
    ///
    /// # Errors
    /// `Exists`; `EINVAL` for a tag outside 1 to 4094; `EOPNOTSUPP`: this kernel has no vlans.
    pub fn create_vlan_named(
        &mut self,
        name: &InterfaceName,
        tag: u16,
        parent: &InterfaceName,
    ) -> Result<(), Error> {
        let index = self.parent_index(parent, name.as_str())?;
        let made = self.change(vlan(name, tag, index));
        made.map_err(|errno| self.not_created(name.as_str(), name, "vlan", errno))
    }

    /// Removes an interface that was created by command.
    ///
    /// # Errors
    /// `EINVAL`: it was not created by command, as on FreeBSD.
    pub fn destroy(&mut self, name: &InterfaceName) -> Result<(), Error> {
        let mut message = Message::new(rtm::DELLINK, 0, &[0; LINK_BODY]);
        message.string(ifla::IFNAME, name.kernel());
        self.change(message).map_err(|errno| match errno {
            Errno::NODEV => Error::NoInterface(name.to_string()),
            // Linux has three words for it: hardware, the loopback, and a tunnel's first device.
            Errno::OPNOTSUPP | Errno::INVAL => Request::Destroy.refused(Errno::INVAL),
            errno => Request::Destroy.refused(errno),
        })
    }

    /// Makes `KIND` + unit + `end`; without a unit the lowest free one. Two callers may want the
    /// same free one at the same time: the second tries the next.
    fn create(
        &mut self,
        kind: &str,
        end: char,
        unit: Option<u32>,
        make: impl Fn(&mut Self, &InterfaceName) -> Result<(), Errno>,
    ) -> Result<InterfaceName, Error> {
        let called = unit_name(kind, '\0', unit);
        let mut candidate = unit.map_or_else(|| self.lowest_free(kind, end), Ok)?;
        loop {
            let name = InterfaceName::parse(&unit_name(kind, end, Some(candidate)))
                .map_err(|_| Request::Create(called.clone()).refused(Errno::INVAL))?;
            let errno = match make(self, &name) {
                Ok(()) => return Ok(name),
                Err(errno) => errno,
            };
            let next = match (errno, unit) {
                (Errno::EXIST, None) => self.lowest_free(kind, end)?,
                _ => candidate,
            };
            if next == candidate {
                return Err(self.not_created(&called, &name, kind, errno));
            }
            candidate = next;
        }
    }

    /// Why `name`, for which `called` was asked, was not made. A kind that this kernel lacks is named
    /// with the module that has it.
    fn not_created(
        &mut self,
        called: &str,
        name: &InterfaceName,
        kind: &str,
        errno: Errno,
    ) -> Error {
        let request = Request::Create(called.to_owned());
        match (errno, kind) {
            (Errno::EXIST, "vlan") if self.link(name).is_err() => {
                request.refused_because(errno, "the parent has a vlan with this tag already")
            }
            (Errno::EXIST, _) => Error::Exists(called.to_owned()),
            (Errno::OPNOTSUPP, kind) => request.refused_because(errno, missing_module(kind)),
            _ => request.refused(errno),
        }
    }

    /// The lowest number that no interface of this kind has. An epair that lies in a jail altogether
    /// is not seen from here; its number may be given again.
    fn lowest_free(&mut self, kind: &str, end: char) -> Result<u32, Error> {
        let taken: Vec<String> = self.links()?.into_iter().map(|i| i.name.to_string()).collect();
        let other = if end == 'a' { 'b' } else { end };
        let free = |unit: &u32| {
            [end, other].iter().all(|&end| !taken.contains(&unit_name(kind, end, Some(*unit))))
        };
        Ok((0..).find(free).unwrap_or(u32::MAX))
    }

    fn parent_index(&mut self, parent: &InterfaceName, name: &str) -> Result<u32, Error> {
        match self.link(parent) {
            Ok(parent) if matches!(parent.kind, Kind::Loopback) => {
                Err(Request::Create(name.to_owned()).refused(Errno::PROTONOSUPPORT))
            }
            Ok(parent) => Ok(parent.index),
            Err(Error::NoInterface(_)) => Err(Request::Create(name.to_owned())
                .refused_because(Errno::NXIO, "the parent interface does not exist")),
            Err(error) => Err(error),
        }
    }
}

/// `epair7a` from `epair`, 7 and `a`; an end of NUL is none.
fn unit_name(kind: &str, end: char, unit: Option<u32>) -> String {
    let unit = unit.map(|unit| unit.to_string()).unwrap_or_default();
    let end = if end == '\0' { String::new() } else { end.to_string() };
    format!("{kind}{unit}{end}")
}

fn creation(name: &InterfaceName) -> Message {
    let mut message = Message::new(rtm::NEWLINK, nlm::CREATE | nlm::EXCL, &[0; LINK_BODY]);
    message.string(ifla::IFNAME, name.kernel());
    message
}

fn vlan(name: &InterfaceName, tag: u16, parent: u32) -> Message {
    let mut message = creation(name);
    message.number(ifla::LINK, parent).nest(ifla::LINKINFO, |info| {
        info.string(ifla::INFO_KIND, "vlan").nest(ifla::INFO_DATA, |data| {
            data.attribute(ifla::VLAN_ID, &tag.to_ne_bytes());
        });
    });
    message
}

fn missing_module(kind: &str) -> &'static str {
    match kind {
        "vlan" => "this kernel has no 802.1Q VLANs: load the module 8021q",
        "bridge" => "this kernel has no bridges: load the module bridge",
        _ => "this kernel has no epairs: load the module veth",
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    #[rustfmt::skip]
    fn cloners() {
        let re0 = || InterfaceName::parse("re0").unwrap();
        for (name, want) in [
            ("epair",    Some(Cloner::Epair(None))),
            ("epair7",   Some(Cloner::Epair(Some(7)))),
            ("epair0",   Some(Cloner::Epair(Some(0)))),
            ("epair7a",  None),                            // if_epair.c takes digits only
            ("epair07",  None),                            // ifc_name2unit(): no leading zeros
            ("bridge1",  Some(Cloner::Bridge(Some(1)))),
            ("vlan7",    Some(Cloner::Vlan(Some(7)))),
            ("re0.7",    Some(Cloner::VlanOf(re0(), 7))),  // vlan(4): IF.TAG
            ("re0.0",    None),                            // a priority tag is no vlan
            ("re0.4095", None),                            // reserved
            ("re0.",     None),
            (".7",       None),
            ("tap0",     None),
            ("epair99999999999", None),
        ] {
            assert_eq!(Cloner::parse(name), want, "{name:?}");
        }
    }
}
