//! What a bridge and its members can be told besides who is a member: bridge(4), ifconfig(8).

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

/// An address that a bridge knows the way to.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Learned {
    /// Whose frames go there.
    pub address: EtherAddress,
    /// The number of the member behind which it is.
    pub member: u32,
    /// The 802.1Q tag, where the bridge looks at tags.
    pub vlan: u16,
    /// It was put there, and stays.
    pub is_static: bool,
    /// The seconds since it was last heard of.
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

    /// What FreeBSD asks for first, and says when `IF` is no member.
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
            // Six bits on Linux, the upper ones of FreeBSD's eight.
            Self::Priority(value) => {
                data.attribute(ifla::BRPORT_PRIORITY, &u16::from(value >> 2).to_ne_bytes())
            }
            Self::PathCost(value) => data.number(ifla::BRPORT_COST, value),
        };
    }
}

impl Netlink {
    /// Changes a bridge.
    ///
    /// # Errors
    /// `EINVAL`: it is no bridge, or the value is out of range.
    pub fn set_bridge(&mut self, name: &InterfaceName, to: BridgeSetting) -> Result<(), Error> {
        let bridge = self.link(name)?;
        let Kind::Bridge(known) = &bridge.kind else {
            return Err(to.request().refused_because(Errno::INVAL, "this is not a bridge"));
        };
        if matches!(to, BridgeSetting::MaxAddresses(_)) && known.max_addresses.is_none() {
            let because = "needs Linux 6.7: before, a bridge learns without limit";
            return Err(to.request().refused_because(Errno::OPNOTSUPP, because));
        }
        let mut message = by_index(bridge.index);
        crate::kind::describe(&mut message, "bridge", |data| to.write(data));
        self.apply(name, message, to.request()).map_err(out_of_range)
    }

    /// Changes a member of a bridge.
    ///
    /// # Errors
    /// `ENOENT`: it is no member of this bridge; `EINVAL`: the value is out of range.
    pub fn set_port(
        &mut self,
        bridge: &InterfaceName,
        member: &InterfaceName,
        to: PortSetting,
    ) -> Result<(), Error> {
        let port = self.member(bridge, member, || to.lookup())?;
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

    /// `member`, which must be in `bridge`.
    ///
    /// # Errors
    /// `ENOENT`: it is not.
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

    /// `addr`: the addresses that a bridge knows, without those of its members themselves.
    ///
    /// # Errors
    /// `Listing`.
    pub fn learned(&mut self, bridge: &InterfaceName) -> Result<Vec<Learned>, Error> {
        let found = self.link(bridge)?;
        let mut all = self.all_learned(found.index)?;
        if matches!(found.kind, Kind::Bridge(bridge) if !bridge.vlan_filter) {
            // The kernel keeps a static address also for the VLAN that frames
            // would have if it filtered.
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

    /// `static`: frames to `address` leave through `member`.
    ///
    /// # Errors
    /// `ENOENT`: it is no member.
    pub fn add_static(
        &mut self,
        bridge: &InterfaceName,
        member: &InterfaceName,
        address: EtherAddress,
    ) -> Result<(), Error> {
        let request = || Request::Other(format!("BRDGSADDR {member}"));
        let port = self.member(bridge, member, request)?;
        // Not to be forgotten, but not the bridge's own either; and not to wander to where a frame
        // with this address comes from.
        let flags = nda::FLAG_MASTER | nda::FLAG_STICKY;
        let body = ndmsg(af::BRIDGE, port.index, nda::STATE_NOARP, flags);
        let flags = nlm::CREATE | nlm::REPLACE;
        let mut message = Message::new(rtm::NEWNEIGH, flags, &body);
        message.attribute(nda::LLADDR, &address.0);
        self.apply(member, message, request())
    }

    /// `deladdr`: forgets an address.
    ///
    /// # Errors
    /// `ENOENT`: the bridge does not know it.
    pub fn forget(&mut self, bridge: &InterfaceName, address: EtherAddress) -> Result<(), Error> {
        let request = || Request::Other(format!("BRDGDADDR {address}"));
        let index = self.index(bridge)?;
        let mut known = self.all_learned(index)?;
        known.retain(|it| it.address == address);
        if known.is_empty() {
            return Err(request().refused(Errno::NOENT));
        }
        known.iter().try_for_each(|learned| self.delete_learned(bridge, learned, request()))
    }

    /// `flush`: forgets what was learned; `flushall`: also what was put there.
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
        // The kernel's flush leaves what was put there.
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

/// FreeBSD knows one word for a value that will not do, Linux two.
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
            nda::CACHEINFO => learned.age = u32_at(value, 8)? / USER_HZ,
            _ => {}
        }
    }
    learned.address = address?;
    // What is permanent are the addresses of the members and of the bridge.
    (master == Some(bridge) && state & nda::STATE_PERMANENT == 0).then_some(learned)
}
