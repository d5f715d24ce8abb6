//! Interfaces that are made and removed by command: `create` and `destroy`. epair(4), bridge(4),
//! vlan(4) …
//!
//! An epair is a veth pair, a bridge Linux's bridge, a vlan an 802.1Q link, a lagg a bond, a
//! created lo a dummy. As on FreeBSD they are down at first, and one end of an epair is destroyed
//! with the other.

use rustix::io::Errno;
use std::io;
use std::os::fd::BorrowedFd;

use crate::address::{EtherAddress, Identity};
use crate::error::{Error, Request};
use crate::interface::Interface;
use crate::kind::{self, Kind, LaggProtocol, Tunnel, TunnelKind, Vlan, Vxlan};
use crate::name::InterfaceName;
use crate::uapi::{ifla, nlm, rtm};
use crate::wire::{LINK_BODY, Message, Netlink, within};

/// Tags of 802.1Q that are not reserved.
const TAGS: std::ops::RangeInclusive<u16> = 1..=4094;

/// What is to be made: a kind, and its unit number; `None`: the lowest free one.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Cloner {
    /// `epair`, `epairN`: two Ethernet interfaces with a cable between them, `epairNa` and
    /// `epairNb`.
    Epair(Option<u32>),
    /// `bridge`, `bridgeN`.
    Bridge(Option<u32>),
    /// `vlan`, `vlanN`.
    Vlan(Option<u32>),
    /// `IF.TAG`: a vlan whose name says its parent and its tag.
    VlanOf(InterfaceName, u16),
    /// `lo`, `loN`; not `lo0`.
    Lo(Option<u32>),
    /// `lagg`, `laggN`.
    Lagg(Option<u32>),
    /// `vxlan`, `vxlanN`.
    Vxlan(Option<u32>),
    /// `gif`, `gifN`, `gre`, `greN`.
    Tunnel(TunnelKind, Option<u32>),
    /// `wg`, `wgN`.
    Wireguard(Option<u32>),
    /// `tap`, `tapN`.
    Tap(Option<u32>),
    /// `vmnet`, `vmnetN`: a tap for a virtual machine.
    Vmnet(Option<u32>),
    /// `tun`, `tunN`.
    Tun(Option<u32>),
}

impl Cloner {
    /// Reads the name that is written before `create`. `None`: no cloner takes this name.
    #[must_use]
    pub fn parse(name: &str) -> Option<Self> {
        let digits = name.find(|c: char| c.is_ascii_digit()).unwrap_or(name.len());
        let kind: fn(Option<u32>) -> Self = match &name[..digits] {
            "epair" => Self::Epair,
            "bridge" => Self::Bridge,
            "vlan" => Self::Vlan,
            "lo" => Self::Lo,
            "lagg" => Self::Lagg,
            "vxlan" => Self::Vxlan,
            "gif" => |unit| Self::Tunnel(TunnelKind::Gif, unit),
            "gre" => |unit| Self::Tunnel(TunnelKind::Gre, unit),
            "wg" => Self::Wireguard,
            "tap" => Self::Tap,
            "vmnet" => Self::Vmnet,
            "tun" => Self::Tun,
            _ => return Self::parse_vlan_of(name),
        };
        match &name[digits..] {
            "" => Some(kind(None)),
            // An end of an epair has vlans too: `epair0a.7`.
            unit => match number(unit) {
                Some(unit) => Some(kind(Some(unit))),
                None => Self::parse_vlan_of(name),
            },
        }
    }

    fn parse_vlan_of(name: &str) -> Option<Self> {
        let (parent, tag) = name.rsplit_once('.')?;
        let tag = u16::try_from(number(tag)?).ok().filter(|tag| TAGS.contains(tag))?;
        Some(Self::VlanOf(InterfaceName::parse(parent).ok()?, tag))
    }
}

/// Reads a unit number: digits without a leading zero, as FreeBSD's ifc_name2unit() does.
fn number(text: &str) -> Option<u32> {
    // parse() alone would take a plus sign.
    let plain = text.bytes().all(|byte| byte.is_ascii_digit());
    let short = text == "0" || !text.starts_with('0');
    (plain && short).then(|| text.parse().ok())?
}

impl Netlink {
    /// Makes an epair and answers the name of its first end. Its link-level addresses follow from
    /// the `identity`; without one the kernel makes up new ones each time.
    ///
    /// # Errors
    /// `Exists`: one of the two names is taken.
    pub fn create_epair(
        &mut self,
        unit: Option<u32>,
        identity: Option<&Identity>,
    ) -> Result<InterfaceName, Error> {
        self.create("epair", 'a', unit, |netlink, name| {
            // The kernel makes the peer first, so `a` is the peer: as on FreeBSD, `a` gets the
            // lower number.
            let other = name.with_last('b');
            let mut message = netlink.creation(&other);
            ether(&mut message, identity, &other);
            message.nest(ifla::LINKINFO, |info| {
                info.string(ifla::INFO_KIND, "veth").nest(ifla::INFO_DATA, |data| {
                    data.nest(ifla::VETH_INFO_PEER, |peer| {
                        peer.raw(&[0; LINK_BODY]).string(ifla::IFNAME, name.kernel());
                        ether(peer, identity, name);
                        if let Some(maker) = netlink.maker {
                            maker.describe(peer);
                        }
                    });
                });
            });
            netlink.change(message)
        })
    }

    /// Makes a bridge and answers its name.
    ///
    /// # Errors
    /// `Exists`: the name is taken.
    pub fn create_bridge(
        &mut self,
        unit: Option<u32>,
        identity: Option<&Identity>,
    ) -> Result<InterfaceName, Error> {
        self.create("bridge", '\0', unit, |netlink, name| {
            // Left to itself, Linux's bridge takes the address of a member, and another one as
            // members come and go. FreeBSD's bridge keeps the address that it was made with.
            let own = identity.map_or_else(EtherAddress::random, |it| it.ether(name.as_str()));
            let mut message = netlink.creation(name);
            message.attribute(ifla::ADDRESS, &own.0);
            // A new member is in no vlan before it was given one: Linux's default would be 1.
            kind::describe(&mut message, "bridge", |data| {
                data.attribute(ifla::BR_VLAN_DEFAULT_PVID, &[0, 0]);
            });
            netlink.change(message)
        })
    }

    /// Makes the vlan `vlanN` with the lowest free number, or with `unit`.
    ///
    /// # Errors
    /// As [`Netlink::create_vlan_named`].
    pub fn create_vlan(&mut self, unit: Option<u32>, vlan: &Vlan) -> Result<InterfaceName, Error> {
        let parent = self.vlan_parent(&vlan.parent, &unit_name("vlan", '\0', unit))?;
        self.create("vlan", '\0', unit, |netlink, name| netlink.make_vlan(name, vlan, &parent))
    }

    /// Makes a vlan that is called `name`, such as `re0.7`.
    ///
    /// # Errors
    /// `Exists`; `EINVAL` for a tag outside 1 to 4094; `EOPNOTSUPP`: this kernel has no vlans.
    pub fn create_vlan_named(&mut self, name: &InterfaceName, vlan: &Vlan) -> Result<(), Error> {
        let parent = self.vlan_parent(&vlan.parent, name.as_str())?;
        let made = self.make_vlan(name, vlan, &parent);
        made.map_err(|errno| self.not_created(name.as_str(), name, "vlan", errno))
    }

    fn make_vlan(
        &mut self,
        name: &InterfaceName,
        vlan: &Vlan,
        parent: &Interface,
    ) -> Result<(), Errno> {
        let mut message = self.creation(name);
        vlan.describe(&mut message, parent.index);
        self.change(message)?;
        self.admit_vlan(parent, vlan.tag).inspect_err(|_| {
            // The first error says more than that of this attempt to leave nothing behind.
            let _ = self.destroy(name);
        })
    }

    /// Makes a `loN`; `lo0` always exists.
    ///
    /// # Errors
    /// As [`Netlink::create_bridge`]; `EOPNOTSUPP`: this kernel has no such interfaces.
    pub fn create_lo(&mut self, unit: Option<u32>) -> Result<InterfaceName, Error> {
        self.create_kind("lo", "dummy", unit, |_| {})
    }

    /// Makes a lagg without ports.
    ///
    /// # Errors
    /// As [`Netlink::create_lo`].
    pub fn create_lagg(
        &mut self,
        unit: Option<u32>,
        protocol: LaggProtocol,
    ) -> Result<InterfaceName, Error> {
        self.create_kind("lagg", "bond", unit, |data| kind::lagg(data, protocol))
    }

    /// Makes a wg; its keys and peers are given by wg(8).
    ///
    /// # Errors
    /// As [`Netlink::create_lo`].
    pub fn create_wireguard(&mut self, unit: Option<u32>) -> Result<InterfaceName, Error> {
        self.create_kind("wg", "wireguard", unit, |_| {})
    }

    /// Makes a vxlan.
    ///
    /// # Errors
    /// As [`Netlink::create_lo`].
    pub fn create_vxlan(
        &mut self,
        unit: Option<u32>,
        vxlan: &Vxlan,
    ) -> Result<InterfaceName, Error> {
        self.create("vxlan", '\0', unit, |netlink, name| {
            let mut message = netlink.creation(name);
            // With a device the kernel subtracts the headers from that one's mtu; without, it
            // subtracts nothing. FreeBSD takes Ethernet's 1500 and subtracts 50 or, for IPv6
            // outside, 70.
            if vxlan.device.is_none() {
                let outside_is_6 = vxlan.remote.or(vxlan.local).is_some_and(|it| it.is_ipv6());
                message.number(ifla::MTU, if outside_is_6 { 1430 } else { 1450 });
            }
            vxlan.describe(&mut message);
            netlink.change(message)
        })
    }

    /// Makes a tunnel.
    ///
    /// # Errors
    /// As [`Netlink::create_lo`].
    pub fn create_tunnel(
        &mut self,
        unit: Option<u32>,
        kind: TunnelKind,
        tunnel: &Tunnel,
    ) -> Result<InterfaceName, Error> {
        self.create(kind.word(), '\0', unit, |netlink, name| {
            let mut message = netlink.creation(name);
            tunnel.describe(&mut message, kind);
            netlink.change(message)
        })
    }

    /// Makes a tap, a vmnet or a tun, as `kind` says, in the caller's network namespace or in that
    /// of `place`: another namespace, and the caller's own.
    ///
    /// `Exists`; else the error of /dev/net/tun. `EOPNOTSUPP`: this kernel has none. `EPERM`: the
    /// other namespace cannot be entered.
    pub fn create_tap(
        &mut self,
        kind: &str,
        unit: Option<u32>,
        place: Option<(BorrowedFd<'_>, BorrowedFd<'_>)>,
    ) -> Result<InterfaceName, Error> {
        let carries_frames = kind != "tun";
        self.create(kind, '\0', unit, |netlink, name| {
            // No request of rtnetlink makes one: /dev/net/tun makes it in the namespace of the
            // caller.
            let make = || kernel::tap::create(name.as_str(), carries_frames);
            let made = match place {
                None => make(),
                Some((there, here)) => within(there, here, make).map_err(|_| Errno::PERM)?,
            };
            let refused = |error: io::Error| match Errno::from_io_error(&error) {
                // /dev/net/tun has its own word for a taken name.
                Some(Errno::BUSY) => Errno::EXIST,
                // Without the module, or without a node that the jail's devfs shows.
                Some(Errno::NOENT | Errno::NODEV | Errno::NXIO) => Errno::OPNOTSUPP,
                other => other.unwrap_or(Errno::INVAL),
            };
            let tap = made.map_err(refused)?;
            // The interface vanishes with its descriptor until it is kept: none is left without
            // its maker's mark.
            netlink.mark(name)?;
            tap.keep().map_err(refused)
        })
    }

    /// Makes an interface that needs no other one.
    fn create_kind(
        &mut self,
        kind: &str,
        driver: &str,
        unit: Option<u32>,
        fill: impl Fn(&mut Message),
    ) -> Result<InterfaceName, Error> {
        self.create(kind, '\0', unit, |netlink, name| {
            let mut message = netlink.creation(name);
            kind::describe(&mut message, driver, &fill);
            netlink.change(message)
        })
    }

    /// Removes an interface that was created by command.
    ///
    /// # Errors
    /// `EINVAL`: the interface was not created by command, as on FreeBSD.
    pub fn destroy(&mut self, name: &InterfaceName) -> Result<(), Error> {
        let mut message = Message::new(rtm::DELLINK, 0, &[0; LINK_BODY]);
        message.string(ifla::IFNAME, name.kernel());
        self.change(message).map_err(|errno| match errno {
            Errno::NODEV => Error::NoInterface(name.to_string()),
            // Linux refuses hardware, the loopback and a tunnel module's first device with
            // different errors.
            Errno::OPNOTSUPP | Errno::INVAL => Request::Destroy.refused(Errno::INVAL),
            errno => Request::Destroy.refused(errno),
        })
    }

    /// Whether the kernel has Linux's `driver`: `veth`, `vlan` … If the driver is a module, the
    /// kernel loads it. Nothing is made.
    ///
    /// # Errors
    /// `EPERM`: the caller may not make interfaces, and learns nothing.
    pub fn has_driver(&mut self, driver: &str) -> Result<bool, Error> {
        let mut message = Message::new(rtm::NEWLINK, nlm::CREATE | nlm::EXCL, &[0; LINK_BODY]);
        // The kernel looks for the driver first and at the address then, and no driver has
        // addresses of one byte.
        message.attribute(ifla::ADDRESS, &[0]).nest(ifla::LINKINFO, |info| {
            info.string(ifla::INFO_KIND, driver);
        });
        match self.change(message) {
            // The rights are checked before the driver, so this answer says nothing of it.
            Err(errno @ Errno::PERM) => Err(Request::Create(driver.to_owned()).refused(errno)),
            outcome => Ok(outcome != Err(Errno::OPNOTSUPP)),
        }
    }

    /// Makes `KIND` + unit + `end`; without a unit, the lowest free one.
    fn create(
        &mut self,
        kind: &str,
        end: char,
        unit: Option<u32>,
        make: impl Fn(&mut Self, &InterfaceName) -> Result<(), Errno>,
    ) -> Result<InterfaceName, Error> {
        // FreeBSD's messages name the epair, not one of its ends.
        let called = unit_name(kind, '\0', unit);
        let mut candidate = unit.map_or_else(|| self.lowest_free(kind, end), Ok)?;
        loop {
            let name = InterfaceName::parse(&unit_name(kind, end, Some(candidate)))
                .map_err(|_| Request::Create(called.clone()).refused(Errno::INVAL))?;
            let errno = match make(self, &name) {
                Ok(()) => return Ok(name),
                Err(errno) => errno,
            };
            // Another process may have taken the unit since: then the next free one. A taken name
            // that is not listed, such as an alternative one, ends the search.
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

    /// Why `name`, for which `called` was asked, was not made. If this kernel lacks the kind, the
    /// error names the module that has it.
    fn not_created(
        &mut self,
        called: &str,
        name: &InterfaceName,
        kind: &str,
        errno: Errno,
    ) -> Error {
        let request = Request::Create(called.to_owned());
        match (errno, kind) {
            // Linux has one error for a taken name and for a second vlan of a tag on one parent:
            // without the name, it is the tag.
            (Errno::EXIST, "vlan") if self.link(name).is_err() => {
                request.refused_because(errno, "the parent has a vlan with this tag already")
            }
            (Errno::EXIST, _) => Error::Exists(called.to_owned()),
            (Errno::OPNOTSUPP, kind) => request.refused_because(errno, missing_module(kind)),
            _ => request.refused(errno),
        }
    }

    /// The lowest unit that no interface of this kind has. An epair of which both ends are in jails
    /// is not seen from here, so its unit may be given again.
    fn lowest_free(&mut self, kind: &str, end: char) -> Result<u32, Error> {
        let taken: Vec<String> = self.links()?.into_iter().map(|i| i.name.to_string()).collect();
        // Either end may be in a jail alone, and its unit must not be given again.
        let other = if end == 'a' { 'b' } else { end };
        let free = |unit: &u32| {
            [end, other].iter().all(|&end| !taken.contains(&unit_name(kind, end, Some(*unit))))
        };
        Ok((0..).find(free).unwrap_or(u32::MAX))
    }

    /// The beginning of a request for a new interface.
    fn creation(&self, name: &InterfaceName) -> Message {
        // `EXCL`: without it the kernel would change an interface that has the name already.
        let mut message = Message::new(rtm::NEWLINK, nlm::CREATE | nlm::EXCL, &[0; LINK_BODY]);
        message.string(ifla::IFNAME, name.kernel());
        if let Some(maker) = self.maker {
            maker.describe(&mut message);
        }
        message
    }

    fn vlan_parent(&mut self, parent: &InterfaceName, name: &str) -> Result<Interface, Error> {
        match self.link(parent) {
            Ok(parent) if matches!(parent.kind, Kind::Loopback) => {
                // The error of FreeBSD's vlan(4) for a parent that is not Ethernet.
                Err(Request::Create(name.to_owned()).refused(Errno::PROTONOSUPPORT))
            }
            Ok(parent) => Ok(parent),
            Err(Error::NoInterface(_)) => Err(Request::Create(name.to_owned())
                .refused_because(Errno::NXIO, "the parent interface does not exist")),
            Err(error) => Err(error),
        }
    }
}

/// `epair7a` from `epair`, 7 and `a`; an `end` of NUL stands for no letter.
fn unit_name(kind: &str, end: char, unit: Option<u32>) -> String {
    let unit = unit.map(|unit| unit.to_string()).unwrap_or_default();
    let end = if end == '\0' { String::new() } else { end.to_string() };
    format!("{kind}{unit}{end}")
}

/// Gives `name` its address by the `identity`, if there is one.
fn ether(message: &mut Message, identity: Option<&Identity>, name: &InterfaceName) {
    if let Some(identity) = identity {
        message.attribute(ifla::ADDRESS, &identity.ether(name.as_str()).0);
    }
}

/// What a kernel lacks if it cannot make this kind, and the module to load.
fn missing_module(kind: &str) -> &'static str {
    match kind {
        "vlan" => "this kernel has no 802.1Q VLANs: load the module 8021q",
        "bridge" => "this kernel has no bridges: load the module bridge",
        "lo" => "this kernel has no loopbacks beside lo0: load the module dummy",
        "lagg" => "this kernel has no link aggregation: load the module bonding",
        "vxlan" => "this kernel has no VXLANs: load the module vxlan",
        "gif" => {
            "this kernel has no such tunnels: load the module sit, or ip6_tunnel for IPv6 outside"
        }
        "gre" => "this kernel has no GRE: load the module ip_gre, or ip6_gre for IPv6 outside",
        "wg" => "this kernel has no WireGuard: load the module wireguard",
        "tap" | "tun" | "vmnet" => {
            "there is no /dev/net/tun: load the module tun, or let the jail's devfs have it"
        }
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
            ("epair0a.7", Some(Cloner::VlanOf(InterfaceName::parse("epair0a").unwrap(), 7))),
            ("re0.0",    None),                            // a priority tag is no vlan
            ("re0.4095", None),                            // reserved
            ("re0.",     None),
            (".7",       None),
            ("lo1",      Some(Cloner::Lo(Some(1)))),
            ("lagg",     Some(Cloner::Lagg(None))),
            ("vxlan3",   Some(Cloner::Vxlan(Some(3)))),
            ("gif0",     Some(Cloner::Tunnel(TunnelKind::Gif, Some(0)))),
            ("gre0",     Some(Cloner::Tunnel(TunnelKind::Gre, Some(0)))),
            ("wg0",      Some(Cloner::Wireguard(Some(0)))),
            ("tap0",     Some(Cloner::Tap(Some(0)))),
            ("vmnet1",   Some(Cloner::Vmnet(Some(1)))),
            ("tun",      Some(Cloner::Tun(None))),
            ("stf0",     None),
            ("epair99999999999", None),
        ] {
            assert_eq!(Cloner::parse(name), want, "{name:?}");
        }
    }
}
