//! Changes of an interface that exists: the verbs of ifconfig(8), one request each.

use std::os::fd::{AsRawFd, BorrowedFd};

use rustix::io::Errno;

use crate::address::EtherAddress;
use crate::error::{Error, Request};
use crate::interface::{Flags, Interface};
use crate::kind::{self, Kind, LaggProtocol, Tunnel};
use crate::name::InterfaceName;
use crate::uapi::{iff, ifla, rtm};
use crate::wire::{LINK_BODY, Message, Netlink};

/// The longest description that Linux keeps: `IFALIASZ` without the NUL.
const LONGEST_DESCRIPTION: usize = 255;

/// An interface that may join a bridge: the answer of [`Netlink::check_member`].
#[derive(Debug)]
pub struct Joining {
    /// The number of the bridge; `None`: the bridge is yet to be made.
    bridge: Option<u32>,
    /// The interface.
    pub member: Interface,
}

/// What an interface does besides being up.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Mode {
    /// The interface asks for the link-level addresses of its neighbours: `arp`.
    Arp,
    /// The interface takes every frame: `promisc`.
    Promiscuous,
    /// The interface takes every multicast frame: `allmulti`.
    AllMulticast,
    /// The driver reports what it does in the kernel's log: `debug`.
    Debug,
}

impl Mode {
    fn flag(self) -> u32 {
        match self {
            Self::Arp => iff::NOARP,
            Self::Promiscuous => iff::PROMISC,
            Self::AllMulticast => iff::ALLMULTI,
            Self::Debug => iff::DEBUG,
        }
    }
}

impl Netlink {
    /// `up`: brings the interface up.
    ///
    /// # Errors
    /// The kernel's, as `up: …`.
    pub fn up(&mut self, name: &InterfaceName) -> Result<(), Error> {
        let message = by_name(name, link_body(0, iff::UP, iff::UP));
        self.apply(name, message, Request::Up)
    }

    /// `down`: takes the interface down.
    ///
    /// # Errors
    /// The kernel's, as `down: …`.
    pub fn down(&mut self, name: &InterfaceName) -> Result<(), Error> {
        let message = by_name(name, link_body(0, 0, iff::UP));
        self.apply(name, message, Request::Down)
    }

    /// `promisc`, `allmulti`, `debug`, `-arp` and their opposites: turns a mode on or off. `word`
    /// is the word of the command line.
    ///
    /// # Errors
    /// The kernel's, as `WORD: …`.
    pub fn set_mode(
        &mut self,
        name: &InterfaceName,
        mode: Mode,
        on: bool,
        word: &str,
    ) -> Result<(), Error> {
        // On a bridge Linux's one flag serves the span ports as well: while there are any, the
        // administrator's word is kept apart from the flag.
        if mode == Mode::Promiscuous {
            let known = self.link(name)?;
            let is_bridge = matches!(known.kind, Kind::Bridge(_));
            if is_bridge && self.keep_asked_for(known.index, on)? {
                return Ok(());
            }
        }
        let flag = mode.flag();
        // Linux's flag says the opposite: that there is no ARP.
        let set = on != (mode == Mode::Arp);
        let message = by_name(name, link_body(0, if set { flag } else { 0 }, flag));
        self.apply(name, message, Request::Other(word.to_owned()))
    }

    /// `mtu`: sets the largest packet, in bytes.
    ///
    /// # Errors
    /// `EINVAL`: the interface cannot carry that much, or so little.
    pub fn set_mtu(&mut self, name: &InterfaceName, mtu: u32) -> Result<(), Error> {
        let mut message = by_name(name, [0; LINK_BODY]);
        message.number(ifla::MTU, mtu);
        self.apply(name, message, Request::Mtu)
    }

    /// `ether`: sets the link-level address.
    ///
    /// # Errors
    /// `EADDRNOTAVAIL`: a multicast address; `EOPNOTSUPP`: the interface has no address to change.
    pub fn set_ether(&mut self, name: &InterfaceName, ether: EtherAddress) -> Result<(), Error> {
        let mut message = by_name(name, [0; LINK_BODY]);
        message.attribute(ifla::ADDRESS, &ether.0);
        // FreeBSD names SIOCAIFADDR for addresses of every family, the link-level one included.
        self.apply(name, message, Request::AddAddress)
    }

    /// `descr`: describes the interface; an empty text removes the description, as `-descr` does.
    ///
    /// # Errors
    /// `ENAMETOOLONG`: more than 255 bytes, which is Linux's limit; FreeBSD's is 1024.
    pub fn set_description(&mut self, name: &InterfaceName, text: &str) -> Result<(), Error> {
        // The kernel's own error names neither the length nor the limit.
        if text.len() > LONGEST_DESCRIPTION {
            return Err(Request::Description
                .refused_because(Errno::NAMETOOLONG, "Linux keeps at most 255 bytes"));
        }
        let mut message = by_name(name, [0; LINK_BODY]);
        message.string(ifla::IFALIAS, text);
        self.apply(name, message, Request::Description)
    }

    /// `name`: gives the interface another name.
    ///
    /// # Errors
    /// `EEXIST`: that name is taken.
    pub fn rename(&mut self, name: &InterfaceName, new: &InterfaceName) -> Result<(), Error> {
        // By its number, which stays the same while the name changes.
        let index = self.index(name)?;
        let message = || {
            let mut message = by_index(index);
            message.string(ifla::IFNAME, new.kernel());
            message
        };
        match self.change(message()) {
            Ok(()) => Ok(()),
            // Before Linux 6.2 an interface can be renamed only while it is down.
            Err(Errno::BUSY) => {
                // Found out first: down and up again, the interface would lose its routes for
                // nothing.
                if new != name && self.index(new).is_ok() {
                    return Err(Request::Name.refused(Errno::EXIST));
                }
                self.down(name)?;
                let renamed = self.apply(name, message(), Request::Name);
                // Up again in either case: a refused name must not leave the interface down.
                self.up(if renamed.is_ok() { new } else { name }).and(renamed)
            }
            Err(errno) => Err(Request::Name.refused(errno)),
        }
    }

    /// Checks whether `member` may join `bridge`, or a bridge that is yet to be made; changes
    /// nothing. Answers what [`Netlink::join`] needs.
    ///
    /// # Errors
    /// `ENOENT`: no such member; `EEXIST`: `member` is in this bridge already; `EBUSY`: in another
    /// one; `EINVAL`: `bridge` is no bridge, or `member` cannot be in one.
    pub fn check_member(
        &mut self,
        bridge: Option<&InterfaceName>,
        member: &InterfaceName,
    ) -> Result<Joining, Error> {
        let bridge = bridge.map(|bridge| self.link(bridge)).transpose()?;
        let request = || Request::AddMember(member.clone());
        let joining = self.link(member).map_err(|error| match error {
            Error::NoInterface(_) => request().refused(Errno::NOENT),
            error => error,
        })?;
        // Linux would take a member away from another bridge without a word; FreeBSD refuses.
        let because = match (joining.master, &bridge) {
            (_, Some(Interface { kind, .. })) if !matches!(kind, Kind::Bridge(_)) => {
                (Errno::INVAL, "addm is for bridges")
            }
            (None, _) if matches!(joining.kind, Kind::Bridge(_) | Kind::Loopback) => {
                (Errno::INVAL, "this interface cannot be in a bridge")
            }
            // A copy that leaves by a span port must not come back in as a frame of the bridge.
            (None, Some(bridge)) if self.has_span(bridge, joining.index)? => {
                (Errno::BUSY, "Interface is a span port of this bridge")
            }
            (None, _) => {
                return Ok(Joining { bridge: bridge.map(|it| it.index), member: joining });
            }
            (Some(master), Some(bridge)) if master == bridge.index => {
                (Errno::EXIST, "Interface is already a member of this bridge")
            }
            (Some(_), _) => (Errno::BUSY, "Interface is already a member of another bridge"),
        };
        Err(request().refused_because(because.0, because.1))
    }

    /// `addm`: makes `member` a port of `bridge`.
    ///
    /// # Errors
    /// As [`Netlink::check_member`].
    pub fn add_member(
        &mut self,
        bridge: &InterfaceName,
        member: &InterfaceName,
    ) -> Result<(), Error> {
        let joining = self.check_member(Some(bridge), member)?;
        self.join(&joining)
    }

    /// Makes the checked interface a port of its bridge: the second half of
    /// [`Netlink::add_member`], for callers that look at the member in between.
    ///
    /// # Errors
    /// The kernel's, as `BRDGADD …`.
    pub fn join(&mut self, joining: &Joining) -> Result<(), Error> {
        let name = &joining.member.name;
        let request = Request::AddMember(name.clone());
        let Some(bridge) = joining.bridge else { return Err(request.refused(Errno::NXIO)) };
        let mut message = by_index(joining.member.index);
        message.number(ifla::MASTER, bridge);
        self.apply(name, message, request).map_err(|error| match error {
            Error::Refused { request, errno: Errno::XFULL, .. } => request.refused_because(
                Errno::NOSPC,
                "a bridge of Linux has at most 1,023 members: a second bridge takes more",
            ),
            error => error,
        })
    }

    /// `deletem`: takes `member` out of `bridge`.
    ///
    /// # Errors
    /// `ENOENT`: `member` is not in this bridge.
    pub fn delete_member(
        &mut self,
        bridge: &InterfaceName,
        member: &InterfaceName,
    ) -> Result<(), Error> {
        let request = || Request::DeleteMember(member.clone());
        let from = self.index(bridge)?;
        let leaving = match self.link(member) {
            Ok(leaving) if leaving.master == Some(from) => leaving.index,
            // FreeBSD looks the name up among the members only, so a name that no interface has is
            // the same error.
            Ok(_) | Err(Error::NoInterface(_)) => return Err(request().refused(Errno::NOENT)),
            Err(error) => return Err(error),
        };
        let mut message = by_index(leaving);
        // Master 0 is no bridge.
        message.number(ifla::MASTER, 0);
        self.apply(member, message, request())
    }

    /// `laggport`: makes `port` a port of `lagg`. The port is down for a moment.
    ///
    /// # Errors
    /// `EBUSY`: `port` is in another lagg or in a bridge; `EINVAL`: `lagg` is no lagg.
    pub fn add_lagg_port(
        &mut self,
        lagg: &InterfaceName,
        port: &InterfaceName,
    ) -> Result<(), Error> {
        let request = || Request::Other(format!("{lagg} {port}: SIOCSLAGGPORT"));
        let to = self.link(lagg)?;
        if !matches!(to.kind, Kind::Lagg { .. }) {
            return Err(request().refused_because(Errno::INVAL, "laggport is for laggs"));
        }
        let joining = self.link(port).map_err(|error| match error {
            // FreeBSD's kernel looks the port up as an interface first, and answers ENXIO.
            Error::NoInterface(_) => request().refused(Errno::NXIO),
            error => error,
        })?;
        match joining.master {
            // No error, as on FreeBSD: a start may be repeated.
            Some(master) if master == to.index => return Ok(()),
            Some(_) => return Err(request().refused(Errno::BUSY)),
            None => {}
        }
        // The bonding driver refuses a port that is up, and brings the port up itself once it is
        // one.
        self.down(port)?;
        let mut message = by_index(joining.index);
        message.number(ifla::MASTER, to.index);
        self.apply(port, message, request())
    }

    /// `-laggport`: takes `port` out of `lagg`.
    ///
    /// # Errors
    /// `ENOENT`: `port` is no port of this lagg.
    pub fn remove_lagg_port(
        &mut self,
        lagg: &InterfaceName,
        port: &InterfaceName,
    ) -> Result<(), Error> {
        let request = || Request::Other("SIOCSLAGGDELPORT".to_owned());
        let leaving = self.member(lagg, port, request)?;
        let mut message = by_index(leaving.index);
        message.number(ifla::MASTER, 0);
        self.apply(port, message, request())
    }

    /// `laggproto`: sets the protocol of a lagg without ports. The lagg is down for a moment.
    ///
    /// # Errors
    /// `EBUSY`: the lagg has ports; `EINVAL`: `lagg` is no lagg.
    pub fn set_lagg_protocol(
        &mut self,
        lagg: &InterfaceName,
        to: LaggProtocol,
    ) -> Result<(), Error> {
        let request = || Request::Other("SIOCSLAGG".into());
        let links = self.links()?;
        let found = links.iter().find(|link| link.name == *lagg);
        let found = found.ok_or_else(|| Error::NoInterface(lagg.to_string()))?;
        match found.kind {
            // The FreeBSD Handbook has `laggproto` in the line that brings a lagg up: said again,
            // it must not fail.
            Kind::Lagg { protocol: Some(known), .. } if known == to => return Ok(()),
            Kind::Lagg { .. } => {}
            _ => return Err(request().refused_because(Errno::INVAL, "laggproto is for laggs")),
        }
        if links.iter().any(|link| link.master == Some(found.index)) {
            return Err(
                request().refused_because(Errno::BUSY, "on Linux only while it has no ports")
            );
        }
        // The bonding driver changes its mode only while the lagg is down.
        let is_up = found.flags.has(Flags::UP);
        if is_up {
            self.down(lagg)?;
        }
        let mut message = by_index(found.index);
        kind::describe(&mut message, "bond", |data| kind::lagg(data, to));
        let changed = self.apply(lagg, message, request());
        if is_up { self.up(lagg).and(changed) } else { changed }
    }

    /// `tunnel`: gives a tunnel that exists other ends and another key.
    ///
    /// # Errors
    /// `EINVAL`: `name` is no tunnel. `EAFNOSUPPORT`: the ends are of the other family.
    pub fn set_tunnel(&mut self, name: &InterfaceName, tunnel: &Tunnel) -> Result<(), Error> {
        let request = || Request::Other("SIOCSIFPHYADDR".into());
        let found = self.link(name)?;
        let Kind::Tunnel(kind, old) = found.kind else {
            return Err(request().refused_because(Errno::INVAL, "tunnel is for gif and gre"));
        };
        // Linux has a driver for each family, and an interface keeps its driver.
        if old.is_some_and(|old| old.local.is_ipv4() != tunnel.local.is_ipv4()) {
            let because = "on Linux a tunnel keeps its family: create it anew";
            return Err(request().refused_because(Errno::AFNOSUPPORT, because));
        }
        let mut message = by_index(found.index);
        tunnel.describe(&mut message, kind);
        self.apply(name, message, request())
    }

    /// `vlanpcp`: sets the priority of a vlan's frames.
    ///
    /// # Errors
    /// `EINVAL`: `name` is no vlan.
    pub fn set_vlan_priority(&mut self, name: &InterfaceName, priority: u8) -> Result<(), Error> {
        let request = || Request::Other("SIOCSVLANPCP".into());
        let found = self.link(name)?;
        if !matches!(found.kind, Kind::Vlan { .. }) {
            return Err(request().refused_because(Errno::INVAL, "vlanpcp is for vlans"));
        }
        let mut message = by_index(found.index);
        kind::describe(&mut message, "vlan", |data| kind::vlan_priority(data, priority));
        self.apply(name, message, request())
    }

    /// `vnet`: moves the interface to another network namespace. There the interface is down,
    /// without addresses and in no bridge, as on FreeBSD; it keeps its description and its
    /// link-level address.
    ///
    /// # Errors
    /// `EEXIST`: the name is taken there; `EINVAL`: the interface is bound to its network, as `lo0`
    /// is.
    pub fn move_to(&mut self, name: &InterfaceName, network: BorrowedFd<'_>) -> Result<(), Error> {
        let mut message = by_name(name, [0; LINK_BODY]);
        // An open descriptor is never negative, so the cast keeps its number.
        message.number(ifla::NET_NS_FD, network.as_raw_fd().cast_unsigned());
        self.apply(name, message, Request::Vnet)
    }

    /// Sends a change; an interface that is not there is reported as such, whatever was asked.
    pub(crate) fn apply(
        &mut self,
        name: &InterfaceName,
        message: Message,
        request: Request,
    ) -> Result<(), Error> {
        self.change(message).map_err(|errno| match errno {
            Errno::NODEV => Error::NoInterface(name.to_string()),
            errno => request.refused(errno),
        })
    }
}

/// A change of the link that the kernel finds by its name: one request, no question for the number
/// before it.
pub(crate) fn by_name(name: &InterfaceName, body: [u8; LINK_BODY]) -> Message {
    let mut message = Message::new(rtm::NEWLINK, 0, &body);
    message.string(ifla::IFNAME, name.kernel());
    message
}

/// A change of the interface with this number.
pub(crate) fn by_index(index: u32) -> Message {
    flags_by_index(index, 0, 0)
}

/// A change of an interface's flags: each flag in `mask` becomes what it is in `flags`.
pub(crate) fn flags_by_index(index: u32, flags: u32, mask: u32) -> Message {
    Message::new(rtm::NEWLINK, 0, &link_body(index, flags, mask))
}

/// `struct ifinfomsg`: the number of an interface, or 0 if an attribute names it; flags as in
/// [`flags_by_index`].
pub(crate) fn link_body(index: u32, flags: u32, mask: u32) -> [u8; LINK_BODY] {
    // The kernel leaves all flags alone when `flags` and `mask` are both 0; a mask of 0 alone would
    // mean every flag.
    let mut body = [0; LINK_BODY];
    body[4..8].copy_from_slice(&index.to_ne_bytes());
    body[8..12].copy_from_slice(&flags.to_ne_bytes());
    body[12..].copy_from_slice(&mask.to_ne_bytes());
    body
}
