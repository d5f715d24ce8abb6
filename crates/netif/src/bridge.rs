//! What ifconfig(8) can set of a bridge and of its members, besides who is a member: bridge(4).

mod vlans;

use rustix::io::Errno;

use crate::address::EtherAddress;
use crate::change::by_index;
use crate::error::{Error, Request};
use crate::interface::{Interface, USER_HZ};
use crate::kind::Kind;
use crate::name::InterfaceName;
use crate::neighbour::{NDMSG, ndmsg};
use crate::uapi::{af, ifla, nda, nlm, rtm};
use crate::wire::{Message, Netlink, attributes, u16_at, u32_at};

pub use vlans::{PortVlanChange, PortVlans, VlanSet};

/// A setting of a bridge as a whole; times in seconds.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
#[allow(missing_docs)] // the words of ifconfig(8)
pub enum BridgeSetting {
    HelloTime(u32),
    ForwardDelay(u32),
    MaxAge(u32),
    Timeout(u32),
    Priority(u16),
    MaxAddresses(u32),
    Stp(bool),
}

/// A setting of one member.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
#[allow(missing_docs)] // the words of ifconfig(8)
pub enum PortSetting {
    Private(bool),
    Discover(bool),
    Learn(bool),
    /// 0 to 252, in steps of 4.
    Priority(u8),
    PathCost(u32),
}

/// A link-level address to which a bridge knows the way.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Learned {
    /// Frames to this address take that way.
    pub address: EtherAddress,
    /// The number of the member behind which it is.
    pub member: u32,
    /// The 802.1Q tag, if the bridge looks at tags.
    pub vlan: u16,
    /// The address was put there by `static`, and stays.
    pub is_static: bool,
    /// The seconds since a frame last came from the address.
    pub age: u32,
}

impl BridgeSetting {
    /// FreeBSD's name of the request.
    fn name(self) -> &'static str {
        match self {
            Self::HelloTime(_) => "BRDGSHT",
            Self::ForwardDelay(_) => "BRDGSFD",
            Self::MaxAge(_) => "BRDGSMA",
            Self::Timeout(_) => "BRDGSTO",
            Self::Priority(_) => "BRDGSPRI",
            Self::MaxAddresses(_) => "BRDGSCACHE",
            Self::Stp(_) => "unable to set bridge flags",
        }
    }

    fn request(self) -> Request {
        let name = self.name();
        Request::Other(match self {
            Self::HelloTime(value) | Self::ForwardDelay(value) | Self::MaxAge(value) => {
                format!("{name} {value}")
            }
            Self::Timeout(value) | Self::MaxAddresses(value) => format!("{name} {value}"),
            Self::Priority(value) => format!("{name} {value}"),
            Self::Stp(_) => name.to_owned(),
        })
    }

    fn write(self, data: &mut Message) {
        let ticks = |seconds: u32| seconds.saturating_mul(USER_HZ);
        match self {
            Self::HelloTime(value) => data.number(ifla::BR_HELLO_TIME, ticks(value)),
            Self::ForwardDelay(value) => data.number(ifla::BR_FORWARD_DELAY, ticks(value)),
            Self::MaxAge(value) => data.number(ifla::BR_MAX_AGE, ticks(value)),
            Self::Timeout(value) => data.number(ifla::BR_AGEING_TIME, ticks(value)),
            Self::Priority(value) => data.attribute(ifla::BR_PRIORITY, &value.to_ne_bytes()),
            Self::MaxAddresses(value) => data.number(ifla::BR_FDB_MAX_LEARNED, value),
            Self::Stp(on) => data.number(ifla::BR_STP_STATE, u32::from(on)),
        };
    }
}

impl PortSetting {
    fn request(self) -> Request {
        Request::Other(match self {
            Self::Priority(value) => format!("BRDGSIFPRIO {value}"),
            Self::PathCost(value) => format!("BRDGSIFCOST {value}"),
            _ => "unable to set bridge flags".to_owned(),
        })
    }

    /// The request that FreeBSD's ifconfig makes first, and names in its message if `IF` is no
    /// member.
    fn lookup(self) -> Request {
        match self {
            Self::Priority(_) | Self::PathCost(_) => self.request(),
            _ => Request::Other("unable to get bridge flags".to_owned()),
        }
    }

    fn write(self, data: &mut Message) {
        match self {
            Self::Private(on) => data.attribute(ifla::BRPORT_ISOLATED, &[u8::from(on)]),
            Self::Discover(on) => data.attribute(ifla::BRPORT_UNICAST_FLOOD, &[u8::from(on)]),
            Self::Learn(on) => data.attribute(ifla::BRPORT_LEARNING, &[u8::from(on)]),
            // Linux has six bits of priority: the upper ones of FreeBSD's eight.
            Self::Priority(value) => {
                data.attribute(ifla::BRPORT_PRIORITY, &u16::from(value >> 2).to_ne_bytes())
            }
            Self::PathCost(value) => data.number(ifla::BRPORT_COST, value),
        };
    }
}

impl Netlink {
    /// Changes a setting of a bridge.
    ///
    /// # Errors
    /// `EINVAL`: `name` is no bridge, or the value is out of range.
    pub fn set_bridge(&mut self, name: &InterfaceName, to: BridgeSetting) -> Result<(), Error> {
        let bridge = self.link(name)?;
        let Kind::Bridge(known) = &bridge.kind else {
            return Err(to.request().refused_because(Errno::INVAL, "this is not a bridge"));
        };
        // An older kernel would take the attribute, and ignore it.
        if matches!(to, BridgeSetting::MaxAddresses(_)) && known.max_addresses.is_none() {
            let because = "needs Linux 6.7: before, a bridge learns without limit";
            return Err(to.request().refused_because(Errno::OPNOTSUPP, because));
        }
        let mut message = by_index(bridge.index);
        crate::kind::describe(&mut message, "bridge", |data| to.write(data));
        self.apply(name, message, to.request()).map_err(out_of_range)
    }

    /// Changes a setting of one member of a bridge.
    ///
    /// # Errors
    /// `ENOENT`: `member` is not in this bridge; `EINVAL`: the value is out of range.
    pub fn set_port(
        &mut self,
        bridge: &InterfaceName,
        member: &InterfaceName,
        to: PortSetting,
    ) -> Result<(), Error> {
        let port = self.member(bridge, member, || to.lookup())?;
        // Refused rather than rounded: ifconfig(8) would list another number than the one that was
        // set.
        if matches!(to, PortSetting::Priority(value) if value % 4 != 0) {
            let because = "on Linux a multiple of 4";
            return Err(to.request().refused_because(Errno::INVAL, because));
        }
        let mut message = by_index(port.index);
        message.nest(ifla::LINKINFO, |info| {
            info.string(ifla::INFO_SLAVE_KIND, "bridge");
            info.nest(ifla::INFO_SLAVE_DATA, |data| to.write(data));
        });
        self.apply(member, message, to.request()).map_err(out_of_range)
    }

    /// The interface `member`, which must be in `bridge`.
    ///
    /// # Errors
    /// `ENOENT`: `member` is not in `bridge`.
    pub fn member(
        &mut self,
        bridge: &InterfaceName,
        member: &InterfaceName,
        request: impl Fn() -> Request,
    ) -> Result<Interface, Error> {
        let index = self.index(bridge)?;
        match self.link(member) {
            Ok(port) if port.master == Some(index) => Ok(port),
            Ok(_) | Err(Error::NoInterface(_)) => Err(request().refused(Errno::NOENT)),
            Err(error) => Err(error),
        }
    }

    /// `addr`: the addresses that a bridge knows, without the members' own.
    ///
    /// # Errors
    /// `Listing`.
    pub fn learned(&mut self, bridge: &InterfaceName) -> Result<Vec<Learned>, Error> {
        let found = self.link(bridge)?;
        let mut all = self.all_learned(found.index)?;
        if matches!(found.kind, Kind::Bridge(bridge) if bridge.vlan_filter != Some(true)) {
            // The kernel keeps a static address also for the VLAN that it would have if the bridge
            // looked at tags.
            all.retain(|learned| learned.vlan == 0);
        }
        Ok(all)
    }

    fn all_learned(&mut self, index: u32) -> Result<Vec<Learned>, Error> {
        let request = || {
            let mut message = Message::new(rtm::GETNEIGH, 0, &ndmsg(af::BRIDGE, 0, 0, 0));
            message.number(nda::MASTER, index);
            message
        };
        let collect = |found: &mut Vec<Learned>, body: &[u8]| found.extend(parse(body, index));
        self.dump(request, collect).map_err(Error::Listing)
    }

    /// `static`: makes frames to `address` leave through `member`.
    ///
    /// # Errors
    /// `ENOENT`: `member` is not in this bridge.
    pub fn add_static(
        &mut self,
        bridge: &InterfaceName,
        member: &InterfaceName,
        address: EtherAddress,
    ) -> Result<(), Error> {
        let request = || Request::Other(format!("BRDGSADDR {member}"));
        let port = self.member(bridge, member, request)?;
        // NOARP: the entry does not age, and is not the bridge's own address. STICKY: the entry
        // stays behind this member even when a frame from the address comes in elsewhere.
        let flags = nda::FLAG_MASTER | nda::FLAG_STICKY;
        let body = ndmsg(af::BRIDGE, port.index, nda::STATE_NOARP, flags);
        let flags = nlm::CREATE | nlm::REPLACE;
        let mut message = Message::new(rtm::NEWNEIGH, flags, &body);
        message.attribute(nda::LLADDR, &address.0);
        self.apply(member, message, request())
    }

    /// `deladdr`: makes the bridge forget an address.
    ///
    /// # Errors
    /// `ENOENT`: the bridge does not know it.
    pub fn forget(&mut self, bridge: &InterfaceName, address: EtherAddress) -> Result<(), Error> {
        let request = || Request::Other(format!("BRDGDADDR {address}"));
        let index = self.index(bridge)?;
        // Looked up, because the kernel wants the member with the address, and `deladdr` does not
        // say it.
        let mut known = self.all_learned(index)?;
        known.retain(|it| it.address == address);
        if known.is_empty() {
            return Err(request().refused(Errno::NOENT));
        }
        known.iter().try_for_each(|learned| self.delete_learned(bridge, learned, request()))
    }

    /// `flush`: makes the bridge forget what it has learned; `flushall`: also what was put there.
    ///
    /// # Errors
    /// The kernel's, as `BRDGFLUSH: …`.
    pub fn flush_learned(&mut self, bridge: &InterfaceName, all: bool) -> Result<(), Error> {
        let request = || Request::Other("BRDGFLUSH".to_owned());
        let found = self.link(bridge)?;
        if !matches!(found.kind, Kind::Bridge(_)) {
            return Err(request().refused_because(Errno::INVAL, "this is not a bridge"));
        }
        let mut message = by_index(found.index);
        crate::kind::describe(&mut message, "bridge", |data| {
            data.attribute(ifla::BR_FDB_FLUSH, &[]);
        });
        self.apply(bridge, message, request())?;
        // The kernel's flush leaves static addresses.
        let stay = if all { self.all_learned(found.index)? } else { Vec::new() };
        stay.iter().try_for_each(|learned| self.delete_learned(bridge, learned, request()))
    }

    fn delete_learned(
        &mut self,
        bridge: &InterfaceName,
        learned: &Learned,
        request: Request,
    ) -> Result<(), Error> {
        let body = ndmsg(af::BRIDGE, learned.member, 0, nda::FLAG_MASTER);
        let mut message = Message::new(rtm::DELNEIGH, 0, &body);
        message.attribute(nda::LLADDR, &learned.address.0);
        if learned.vlan != 0 {
            message.attribute(nda::VLAN, &learned.vlan.to_ne_bytes());
        }
        self.apply(bridge, message, request)
    }
}

/// FreeBSD has one error for a value that is out of range, Linux has two.
fn out_of_range(error: Error) -> Error {
    match error {
        Error::Refused { request, errno: Errno::RANGE, because } => {
            Error::Refused { request, errno: Errno::INVAL, because }
        }
        error => error,
    }
}

/// An address that the bridge `bridge` knows, from the body of an `RTM_NEWNEIGH`.
fn parse(body: &[u8], bridge: u32) -> Option<Learned> {
    let (member, state) = (u32_at(body, 4)?, u16_at(body, 8)?);
    let mut learned = Learned {
        address: EtherAddress::default(),
        member,
        vlan: 0,
        is_static: state & nda::STATE_NOARP != 0,
        age: 0,
    };
    let (mut master, mut address) = (None, None);
    for (kind, value) in attributes(body.get(NDMSG..)?) {
        match kind {
            nda::LLADDR => address = value.try_into().ok().map(EtherAddress),
            nda::VLAN => learned.vlan = u16_at(value, 0)?,
            nda::MASTER => master = u32_at(value, 0),
            // `ndm_updated`: a bridge confirms nothing, so that field is empty.
            nda::CACHEINFO => learned.age = u32_at(value, 8)? / USER_HZ,
            _ => {}
        }
    }
    learned.address = address?;
    // Permanent entries are the addresses of the members and of the bridge itself.
    (master == Some(bridge) && state & nda::STATE_PERMANENT == 0).then_some(learned)
}
