//! Interfaces as ifconfig(8) lists them: read from the kernel, in FreeBSD's terms.

use rustix::io::Errno;

use crate::address::{EtherAddress, InterfaceAddress};
use crate::bridge::PortVlans;
use crate::error::Error;
use crate::fib::Fib;
use crate::group::{alternative_names, of_alternative_name};
use crate::inet6::{self, Inet6Options};
use crate::kind::{Bridge, Kind};
use crate::maker::Maker;
use crate::name::InterfaceName;
use crate::uapi::{arphrd, iff, ifla, rtm};
use crate::wire::{self, LINK_BODY, Message, Netlink, attributes, text, u16_at, u32_at};

/// Linux counts a bridge's times in hundredths of a second towards programs, whatever its own clock
/// does.
pub(crate) const USER_HZ: u32 = 100;

/// An interface and its addresses.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Interface {
    /// The interface's number, unique in its network namespace.
    pub index: u32,
    /// The interface's name on FreeBSD.
    pub name: InterfaceName,
    /// The flags, in FreeBSD's numbering.
    pub flags: Flags,
    /// The largest packet that the interface sends.
    pub mtu: u32,
    /// The link-level address.
    pub ether: Option<EtherAddress>,
    /// The text that `descr` has set.
    pub description: Option<String>,
    /// What the interface is.
    pub kind: Kind,
    /// The number of the bridge or lagg that the interface is a member of.
    pub master: Option<u32>,
    /// What the interface is to its bridge.
    pub port: Option<BridgePort>,
    /// The groups that the interface was put in; not those that follow from its kind.
    pub groups: Vec<String>,
    /// For whom the interface was made, if that is known.
    pub maker: Option<Maker>,
    /// Other names that Linux knows the interface by.
    pub alternative_names: Vec<String>,
    /// The state of the interface as a port of a lagg.
    pub lagg_port: Option<LaggPort>,
    /// What has passed through the interface.
    pub counters: Counters,
    /// What the interface does about IPv6; `None`: it has no IPv6 at all.
    pub inet6: Option<Inet6Options>,
    /// The routing table of what the interface receives; 0 until [`Netlink::find_fibs`] has looked.
    pub fib: Fib,
    /// The addresses; [`Netlink::link`] and [`Netlink::links`] leave them out.
    pub addresses: Vec<InterfaceAddress>,
}

/// What has passed through an interface since it exists: bytes where the name says so, else
/// packets.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
#[allow(missing_docs)] // the columns of netstat -i
pub struct Counters {
    pub received: u64,
    pub received_bytes: u64,
    pub receive_errors: u64,
    pub receive_drops: u64,
    pub sent: u64,
    pub sent_bytes: u64,
    pub send_errors: u64,
    pub send_drops: u64,
    pub collisions: u64,
}

/// A port of a lagg.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct LaggPort {
    /// The port has a carrier.
    pub active: bool,
    /// The port waits for another one to fail.
    pub backup: bool,
}

/// A member of a bridge.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
#[allow(missing_docs)] // the words of ifconfig's listing
pub struct BridgePort {
    pub number: u16,
    /// The priority in FreeBSD's eight bits.
    pub priority: u16,
    pub path_cost: u32,
    pub learning: bool,
    /// Frames to unknown addresses leave here: FreeBSD's `discover`.
    pub discover: bool,
    /// The member exchanges no frames with other private members: FreeBSD's `private`.
    pub private: bool,
    /// The state that the spanning tree gives the port: disabled, listening, learning, forwarding,
    /// blocking.
    pub state: u8,
    /// The bridge that connects the port's segment to the root, if that bridge's port has the same
    /// id as this one.
    pub designated: Option<EtherAddress>,
    /// Its vlans; [`Netlink::find_vlans`] fills them in.
    pub vlans: PortVlans,
}

/// Flags of an interface, in the numbering of FreeBSD's net/if.h.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct Flags(pub u32);

impl Flags {
    /// `IFF_UP`.
    pub const UP: u32 = 0x1;
    /// `IFF_BROADCAST`.
    pub const BROADCAST: u32 = 0x2;
    /// `IFF_LOOPBACK`.
    pub const LOOPBACK: u32 = 0x8;
    /// `IFF_POINTOPOINT`.
    pub const POINTOPOINT: u32 = 0x10;
    /// `IFF_PROMISC`.
    pub const PROMISC: u32 = 0x100;
    /// Carrier: the flag that FreeBSD's netlink adds.
    pub const LOWER_UP: u32 = 0x0100_0000;

    /// Linux's flag, FreeBSD's, and its name in listings.
    const TABLE: &'static [(u32, u32, &'static str)] = &[
        (iff::UP, Self::UP, "UP"),
        (iff::BROADCAST, Self::BROADCAST, "BROADCAST"),
        (iff::DEBUG, 0x4, "DEBUG"),
        (iff::LOOPBACK, Self::LOOPBACK, "LOOPBACK"),
        (iff::POINTOPOINT, Self::POINTOPOINT, "POINTOPOINT"),
        (iff::RUNNING, 0x40, "RUNNING"),
        (iff::NOARP, 0x80, "NOARP"),
        (iff::PROMISC, Self::PROMISC, "PROMISC"),
        (iff::ALLMULTI, 0x200, "ALLMULTI"),
        // A sender does not hear itself: true of every broadcast interface of Linux.
        (iff::BROADCAST, 0x800, "SIMPLEX"),
        (iff::MULTICAST, 0x8000, "MULTICAST"),
        (iff::LOWER_UP, Self::LOWER_UP, "LOWER_UP"),
    ];

    pub(crate) fn from_kernel(linux: u32) -> Self {
        let set = Self::TABLE.iter().filter(|(from, ..)| linux & from != 0);
        // One flag of Linux may stand for two of FreeBSD: BROADCAST does.
        Self(set.fold(0, |flags, (_, to, _)| flags | to))
    }

    /// Whether all of `flags` are set.
    #[must_use]
    pub fn has(self, flags: u32) -> bool {
        self.0 & flags == flags
    }

    /// The names of the flags that are set, in the order of their bits.
    pub fn names(self) -> impl Iterator<Item = &'static str> {
        Self::TABLE.iter().filter(move |(_, flag, _)| self.has(*flag)).map(|&(.., name)| name)
    }
}

impl Netlink {
    /// The interface `name` without its addresses.
    ///
    /// # Errors
    /// `NoInterface`.
    pub fn link(&mut self, name: &InterfaceName) -> Result<Interface, Error> {
        // By name, because a listing takes 40 ms on a host with 1,600 epairs.
        let mut message = Message::new(rtm::GETLINK, 0, &[0; LINK_BODY]);
        message.string(ifla::IFNAME, name.kernel());
        let answer = self.get(message).map_err(|errno| match errno {
            Errno::NODEV => Error::NoInterface(name.to_string()),
            errno => Error::Listing(errno),
        })?;
        parse(&answer).ok_or(Error::Listing(Errno::BADMSG))
    }

    /// The number of the interface `name`.
    ///
    /// # Errors
    /// `NoInterface`.
    pub fn index(&mut self, name: &InterfaceName) -> Result<u32, Error> {
        self.link(name).map(|interface| interface.index)
    }

    /// All interfaces in the order of their numbers, without their addresses.
    ///
    /// # Errors
    /// `Listing`.
    pub fn links(&mut self) -> Result<Vec<Interface>, Error> {
        let request = || Message::new(rtm::GETLINK, 0, &[0; LINK_BODY]);
        let collect = |found: &mut Vec<Interface>, body: &[u8]| found.extend(parse(body));
        let mut found = self.dump(request, collect).map_err(Error::Listing)?;
        found.sort_by_key(|interface| interface.index);
        Ok(found)
    }

    /// All interfaces in the order of their numbers, with their addresses.
    ///
    /// # Errors
    /// `Listing`.
    pub fn interfaces(&mut self) -> Result<Vec<Interface>, Error> {
        let mut interfaces = self.links()?;
        for (index, address) in self.addresses()? {
            if let Some(owner) = interfaces.iter_mut().find(|i| i.index == index) {
                owner.addresses.push(address);
            }
        }
        Ok(interfaces)
    }
}

/// An interface from the body of an `RTM_NEWLINK`.
pub(crate) fn parse(body: &[u8]) -> Option<Interface> {
    let hardware = u16_at(body, 2)?;
    let flags = Flags::from_kernel(u32_at(body, 8)?);
    let kind = match hardware {
        arphrd::LOOPBACK => Kind::Loopback,
        arphrd::ETHER => Kind::Ethernet,
        other => Kind::Other(format!("link#{other}")),
    };
    let mut interface = Interface {
        index: u32_at(body, 4)?,
        name: InterfaceName::from_kernel(String::new()),
        flags,
        mtu: 0,
        ether: None,
        description: None,
        kind,
        master: None,
        port: None,
        groups: Vec::new(),
        maker: None,
        alternative_names: Vec::new(),
        lagg_port: None,
        counters: Counters::default(),
        inet6: None,
        fib: Fib::DEFAULT,
        addresses: Vec::new(),
    };
    let (mut parent, mut elsewhere) = (None, false);
    // The kernel adds attributes in any order, and new kernels add more: each is taken if it is
    // known.
    for (kind, value) in attributes(body.get(LINK_BODY..)?) {
        match kind {
            ifla::IFNAME => interface.name = InterfaceName::from_kernel(text(value)),
            ifla::MTU => interface.mtu = u32_at(value, 0)?,
            ifla::MASTER => interface.master = u32_at(value, 0),
            ifla::LINK => parent = u32_at(value, 0),
            ifla::LINK_NETNSID => elsewhere = true,
            ifla::IFALIAS => interface.description = Some(text(value)),
            ifla::STATS64 => interface.counters = parse_counters(value),
            ifla::GROUP => interface.maker = u32_at(value, 0).and_then(Maker::from_group),
            ifla::PROP_LIST => interface.alternative_names = alternative_names(value).collect(),
            ifla::ADDRESS if hardware == arphrd::ETHER => {
                interface.ether = value.try_into().ok().map(EtherAddress);
            }
            ifla::LINKINFO => parse_info(&mut interface, value),
            ifla::AF_SPEC => interface.inet6 = inet6::parse(value),
            _ => {}
        }
    }
    if let Kind::Vlan { parent: known, .. } = &mut interface.kind {
        // A number of another namespace may be some other interface's here.
        *known = parent.filter(|_| !elsewhere);
    }
    if interface.kind == Kind::Lo {
        // Linux's dummy has an address, FreeBSD's loopback none.
        interface.ether = None;
    }
    let groups = interface.alternative_names.iter().filter_map(|it| of_alternative_name(it));
    interface.groups = groups.collect();
    Some(interface)
}

/// The first fields of `struct rtnl_link_stats64`.
fn parse_counters(value: &[u8]) -> Counters {
    let field = |at: usize| {
        let bytes = value.get(at * 8..at * 8 + 8).and_then(|bytes| bytes.try_into().ok());
        bytes.map_or(0, u64::from_ne_bytes)
    };
    Counters {
        received: field(0),
        sent: field(1),
        received_bytes: field(2),
        sent_bytes: field(3),
        receive_errors: field(4),
        send_errors: field(5),
        receive_drops: field(6),
        send_drops: field(7),
        collisions: field(9),
    }
}

/// What the kind of the interface, and of the bridge that it is in, say about it.
fn parse_info(interface: &mut Interface, info: &[u8]) {
    let find = |wanted| wire::find(info, wanted);
    let data = find(ifla::INFO_DATA).unwrap_or_default();
    match find(ifla::INFO_KIND).map(text).as_deref() {
        Some("bridge") => interface.kind = Kind::Bridge(parse_bridge(data)),
        Some(driver) => interface.kind = crate::kind::parse(driver, data),
        None => {}
    }
    let port = find(ifla::INFO_SLAVE_DATA).unwrap_or_default();
    match find(ifla::INFO_SLAVE_KIND).map(text).as_deref() {
        Some("bridge") => interface.port = Some(parse_port(port)),
        Some("bond") => interface.lagg_port = Some(parse_lagg_port(port)),
        _ => {}
    }
}

/// A port of the bonding driver: `BOND_STATE_BACKUP` is 1, `BOND_LINK_UP` 0.
fn parse_lagg_port(data: &[u8]) -> LaggPort {
    let byte = |wanted| wire::find(data, wanted).and_then(|value| value.first().copied());
    let active = byte(ifla::BOND_PORT_MII) == Some(0);
    LaggPort { active, backup: byte(ifla::BOND_PORT_STATE) == Some(1) }
}

fn parse_bridge(data: &[u8]) -> Bridge {
    let mut bridge = Bridge::default();
    let (mut filters, mut knows_vlans) = (false, false);
    for (kind, value) in attributes(data) {
        let seconds = u32_at(value, 0).unwrap_or_default() / USER_HZ;
        match kind {
            ifla::BR_FORWARD_DELAY => bridge.forward_delay = seconds,
            ifla::BR_HELLO_TIME => bridge.hello_time = seconds,
            ifla::BR_MAX_AGE => bridge.max_age = seconds,
            ifla::BR_AGEING_TIME => bridge.timeout = seconds,
            ifla::BR_STP_STATE => bridge.stp = u32_at(value, 0).unwrap_or_default() != 0,
            ifla::BR_PRIORITY => bridge.priority = u16_at(value, 0).unwrap_or_default(),
            ifla::BR_BRIDGE_ID => bridge.id = bridge_id(value).1,
            ifla::BR_ROOT_ID => (bridge.root_priority, bridge.root_id) = bridge_id(value),
            ifla::BR_ROOT_PORT => bridge.root_port = u16_at(value, 0).unwrap_or_default(),
            ifla::BR_VLAN_FILTERING => filters = value.first() == Some(&1),
            ifla::BR_VLAN_DEFAULT_PVID => {
                knows_vlans = true;
                bridge.default_untagged = u16_at(value, 0).filter(|&tag| tag != 0);
            }
            ifla::BR_FDB_MAX_LEARNED => bridge.max_addresses = u32_at(value, 0),
            ifla::BR_ROOT_PATH_COST => bridge.root_cost = u32_at(value, 0).unwrap_or_default(),
            _ => {}
        }
    }
    // A kernel without vlans in bridges says that the bridge does not filter, and nothing more.
    bridge.vlan_filter = knows_vlans.then_some(filters);
    bridge
}

/// `struct ifla_bridge_id`: two bytes of priority, in network order, and an address.
fn bridge_id(value: &[u8]) -> (u16, EtherAddress) {
    let Ok([high, low, address @ ..]) = <[u8; 8]>::try_from(value) else {
        return Default::default();
    };
    (u16::from_be_bytes([high, low]), EtherAddress(address))
}

fn parse_port(data: &[u8]) -> BridgePort {
    let mut port = BridgePort::default();
    let (mut own, mut designated) = (None, None);
    for (kind, value) in attributes(data) {
        let on = value.first().is_some_and(|&byte| byte != 0);
        match kind {
            ifla::BRPORT_NO => port.number = u16_at(value, 0).unwrap_or_default(),
            ifla::BRPORT_PRIORITY => port.priority = u16_at(value, 0).unwrap_or_default() << 2,
            ifla::BRPORT_COST => port.path_cost = u32_at(value, 0).unwrap_or_default(),
            ifla::BRPORT_LEARNING => port.learning = on,
            ifla::BRPORT_UNICAST_FLOOD => port.discover = on,
            ifla::BRPORT_ISOLATED => port.private = on,
            ifla::BRPORT_STATE => port.state = value.first().copied().unwrap_or_default(),
            ifla::BRPORT_DESIGNATED_BRIDGE => port.designated = Some(bridge_id(value).1),
            ifla::BRPORT_ID => own = u16_at(value, 0),
            ifla::BRPORT_DESIGNATED_PORT => designated = u16_at(value, 0),
            _ => {}
        }
    }
    port.designated = port.designated.filter(|_| own == designated);
    port
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    #[rustfmt::skip]
    fn flags() {
        for (linux, bits, names) in [
            (0x11043, 0x100_8843, "UP BROADCAST RUNNING SIMPLEX MULTICAST LOWER_UP"), // as FreeBSD 14 prints it
            (0x1002,  0x8802,     "BROADCAST SIMPLEX MULTICAST"),
            (0x10049, 0x100_0049, "UP LOOPBACK RUNNING LOWER_UP"),
            (0x20,    0,          ""),
        ] {
            let got = Flags::from_kernel(linux);
            assert_eq!((got.0, got.names().collect::<Vec<_>>().join(" ")), (bits, names.to_owned()));
        }
    }

    #[test]
    fn a_short_answer_is_no_interface() {
        assert_eq!(parse(&[0; 3]), None);
        assert_eq!(parse(&[]), None);
    }
}
