//! The tables that the programs share with each other and with the commands, and how their keys and
//! values are laid out.
//!
//! Addresses of both families are in 16 bytes, IPv4 as `::ffff:a.b.c.d`. Whatever a key holds of a
//! jail is the number of its control group, which no other jail of the machine has, or the number
//! of a *list*: a jail whose addresses change gets a new list, so that a socket meets the old
//! addresses or the new ones, and never some of each.

use kernel::bpf::{MapKind, MapShape};
use std::net::IpAddr;

/// The tables of one network.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Table {
    /// Of each control group: [`Rule`].
    Rules,
    /// The addresses of lists.
    Allowed,
    /// From which address of a list a destination is reached: longest prefix first.
    Sources,
    /// Whose an address is.
    Owners,
    /// The ports that sockets of jails are bound to, as their programs see them.
    Bound,
    /// The ports that the kernel has chosen for such sockets.
    Hidden,
    /// Listening sockets.
    Listeners,
    /// Of each socket with a port that its program does not see: [`BOUND_KEY`] and more.
    Sockets,
}

impl Table {
    /// All of them, in the order in which they are numbered.
    pub(crate) const ALL: [Self; 8] = [
        Self::Rules,
        Self::Allowed,
        Self::Sources,
        Self::Owners,
        Self::Bound,
        Self::Hidden,
        Self::Listeners,
        Self::Sockets,
    ];

    /// What the kernel is to make.
    pub(crate) fn shape(self) -> MapShape {
        let (kind, name, key, value, entries) = match self {
            Self::Rules => (MapKind::PerGroup, c"kletka_rules", 8, rule::SIZE, 0),
            Self::Allowed => (MapKind::Hash, c"kletka_allowed", 24, 4, ENTRIES),
            Self::Sources => (MapKind::LongestPrefix, c"kletka_sources", 28, 16, ENTRIES),
            Self::Owners => (MapKind::Hash, c"kletka_owners", 20, 8, ENTRIES),
            Self::Bound => (MapKind::Hash, c"kletka_bound", bound::SIZE, bound::VALUE, PORTS),
            Self::Hidden => (MapKind::Hash, c"kletka_hidden", 4, hidden::VALUE, 2 * PORTS),
            Self::Listeners => (MapKind::Sockets, c"kletka_listen", bound::SIZE, 8, LISTENERS),
            Self::Sockets => (MapKind::PerSocket, c"kletka_sockets", 4, socket::SIZE, 0),
        };
        MapShape { kind, name, key: key as u32, value: value as u32, entries }
    }
}

/// How many entries a table may have that takes memory for those that are there.
const ENTRIES: u32 = 16_384;
/// All ports of a protocol: no jail can fill what keeps its ports hidden.
const PORTS: u32 = 65_536;
/// How many sockets of jails may listen: the kernel makes room for all of them beforehand.
const LISTENERS: u32 = 16_384;

/// Where the parts of a jail's rule are, in bytes.
pub(crate) mod rule {
    /// The number of the list: `u64`.
    pub(crate) const LIST: i16 = 0;
    /// The number of the control group: `u64`.
    pub(crate) const GROUP: i16 = 8;
    /// The cookie of the network that the rule is about: `u64`.
    pub(crate) const NETWORK: i16 = 16;
    /// The first IPv6 address.
    pub(crate) const FIRST6: i16 = 24;
    /// The first IPv4 address, in network order.
    pub(crate) const FIRST4: i16 = 40;
    /// How many IPv4 addresses there are.
    pub(crate) const COUNT4: i16 = 44;
    /// How many IPv6 addresses there are.
    pub(crate) const COUNT6: i16 = 48;
    /// [`RAW`] and the like.
    pub(crate) const FLAGS: i16 = 52;
    /// The jail's root, as the host numbers users.
    pub(crate) const ROOT: i16 = 56;
    /// The first port that anybody may bind.
    pub(crate) const UNPRIVILEGED: i16 = 60;
    /// Bytes of a rule.
    pub(crate) const SIZE: i16 = 64;

    /// The jail may send ICMP.
    pub(crate) const RAW: u32 = 1;
    /// The jail's root may bind ports below [`UNPRIVILEGED`].
    pub(crate) const RESERVED: u32 = 2;
    /// The source of IPv4 depends on the destination.
    pub(crate) const SELECT4: u32 = 4;
    /// The source of IPv6 depends on the destination.
    pub(crate) const SELECT6: u32 = 8;
    /// The jail has all IPv4 addresses of the host, and [`COUNT4`] is the highest number.
    pub(crate) const ANY4: u32 = 16;
    /// The jail has all IPv6 addresses of the host, and [`COUNT6`] is the highest number.
    pub(crate) const ANY6: u32 = 32;
    /// Nobody else is on the jail's network stack: its sockets keep the ports that they ask for.
    pub(crate) const APART: u32 = 64;
    /// The jail has users of its own, and so a user namespace inside the host's.
    pub(crate) const OWN_USERS: u32 = 128;
}

/// Where the parts of a key of [`Table::Bound`] and [`Table::Listeners`] are, in bytes.
pub(crate) mod bound {
    /// The number of the control group: `u64`.
    pub(crate) const GROUP: i16 = 0;
    /// The address, or zeros for all.
    pub(crate) const ADDRESS: i16 = 8;
    /// The port: `u16`, in the processor's order.
    pub(crate) const PORT: i16 = 24;
    /// The family of the socket: `u16`.
    pub(crate) const FAMILY: i16 = 26;
    /// Which of several sockets of the port: `u32`; 0 in [`super::Table::Bound`].
    pub(crate) const SLOT: i16 = 28;
    /// Bytes of a key.
    pub(crate) const SIZE: i16 = 32;

    /// How many sockets of one port [`super::Table::Listeners`] has: those beyond share places.
    pub(crate) const SLOTS: u32 = 8;

    /// In a value: the port that the kernel has chosen, `u32`.
    pub(crate) const CHOSEN: i16 = 0;
    /// In a value: the user who has bound it, `u32`.
    pub(crate) const USER: i16 = 4;
    /// In a value: whether the socket shares the port (SO_REUSEPORT), `u32`.
    pub(crate) const SHARED: i16 = 8;
    /// In a value: how many sockets have it, `u32`.
    pub(crate) const COUNT: i16 = 12;
    /// Bytes of a value.
    pub(crate) const VALUE: i16 = 16;
}

/// Where the parts of a value of [`Table::Hidden`] are, in bytes. A key is a port and a protocol,
/// `u16` each.
pub(crate) mod hidden {
    /// How many sockets have the port: `u32`.
    pub(crate) const COUNT: i16 = 0;
    /// The number of their control group: `u64`.
    pub(crate) const GROUP: i16 = 8;
    /// Bytes of a value.
    pub(crate) const VALUE: i16 = 16;
}

/// Where the parts of a value of [`Table::Sockets`] are, in bytes. A key of [`bound`] is in front.
pub(crate) mod socket {
    /// As [`super::bound::USER`].
    pub(crate) const USER: i16 = 32;
    /// As [`super::bound::SHARED`].
    pub(crate) const SHARED: i16 = 36;
    /// The port that the kernel has chosen, once it is counted in [`super::Table::Hidden`]; else 0.
    pub(crate) const CHOSEN: i16 = 40;
    /// The socket's protocol.
    pub(crate) const PROTOCOL: i16 = 44;
    /// Not 0: the socket is counted in [`super::Table::Bound`] too.
    pub(crate) const COUNTED: i16 = 48;
    /// Bytes of a value.
    pub(crate) const SIZE: i16 = 56;
}

/// An address in the form of the tables.
pub(crate) fn bytes(address: IpAddr) -> [u8; 16] {
    match address {
        IpAddr::V4(address) => address.to_ipv6_mapped(),
        IpAddr::V6(address) => address,
    }
    .octets()
}
