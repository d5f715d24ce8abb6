//! What a jail may use of the host's network stack.

use crate::tables::{bytes, rule};
use std::net::{IpAddr, Ipv4Addr, Ipv6Addr};

/// The addresses and the rights of one jail.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct Rule {
    /// What it has of IPv4.
    pub v4: Share<Ipv4Addr>,
    /// What it has of IPv6.
    pub v6: Share<Ipv6Addr>,
    /// The jail is alone on its network stack, which has these addresses and no others.
    pub apart: bool,
    /// `allow.raw_sockets`: may send ICMP.
    pub raw_sockets: bool,
    /// `allow.reserved_ports`: the jail's root may bind ports below [`Rule::unprivileged`].
    pub reserved_ports: bool,
    /// The jail's root, as the host numbers users.
    pub root: u32,
    /// The jail has users of its own, in a user namespace that the host has made.
    pub own_users: bool,
    /// The first port that anybody may bind: `net.ipv4.ip_unprivileged_port_start`.
    pub unprivileged: u16,
    /// From which of the addresses destinations are reached, where it is not the first:
    /// `ip4.saddrsel`, `ip6.saddrsel`.
    pub sources: Vec<Source>,
}

/// What a jail has of the addresses of one family.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Share<A> {
    /// These, the first of which stands for the jail. None: not even a socket of the family.
    These(Vec<A>),
    /// All that the host has.
    All,
}

impl<A> Share<A> {
    /// The addresses that are the jail's own.
    pub fn own(&self) -> &[A] {
        match self {
            Self::These(addresses) => addresses,
            Self::All => &[],
        }
    }

    /// Adds an address to those that are the jail's own.
    pub fn push(&mut self, address: A) {
        if let Self::These(addresses) = self {
            addresses.push(address);
        }
    }

    /// Whether the jail has nothing of the family.
    pub fn is_nothing(&self) -> bool {
        self.count() == 0
    }

    fn count(&self) -> u32 {
        match self {
            Self::These(addresses) => addresses.len() as u32,
            Self::All => u32::MAX,
        }
    }
}

impl<A> Default for Share<A> {
    fn default() -> Self {
        Self::These(Vec::new())
    }
}

/// The addresses of both families that are a jail's own, those of IPv4 first.
pub fn both<'a>(
    v4: &'a Share<Ipv4Addr>,
    v6: &'a Share<Ipv6Addr>,
) -> impl Iterator<Item = IpAddr> + 'a {
    let v4 = v4.own().iter().copied().map(IpAddr::V4);
    v4.chain(v6.own().iter().copied().map(IpAddr::V6))
}

/// Destinations, and the jail's address that they are reached from.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Source {
    /// The beginning that the destinations have in common.
    pub prefix: IpAddr,
    /// How many bits of it count.
    pub length: u8,
    /// One of the jail's addresses, of the same family.
    pub address: IpAddr,
}

impl Rule {
    /// All addresses of its own, those of IPv4 first.
    pub fn addresses(&self) -> impl Iterator<Item = IpAddr> + '_ {
        both(&self.v4, &self.v6)
    }

    /// Writes the permissions into a value of [`crate::tables::Table::Rules`].
    pub(crate) fn permit(&self, value: &mut [u8]) {
        let Some(bytes) =
            value.get_mut(rule::FLAGS as usize..).and_then(|rest| rest.first_chunk_mut())
        else {
            return;
        };
        let given = [(self.raw_sockets, rule::RAW), (self.reserved_ports, rule::RESERVED)];
        let given = given.iter().filter(|(is_given, _)| *is_given).map(|(_, flag)| flag);
        let others = u32::from_ne_bytes(*bytes) & !(rule::RAW | rule::RESERVED);
        *bytes = given.fold(others, |all, flag| all | flag).to_ne_bytes();
    }

    /// The value of [`crate::tables::Table::Rules`].
    pub(crate) fn value(&self, list: u64, group: u64, network: u64) -> [u8; rule::SIZE as usize] {
        let selects = |of: fn(&IpAddr) -> bool| self.sources.iter().any(|s| of(&s.address));
        let flags = [
            (self.raw_sockets, rule::RAW),
            (self.reserved_ports, rule::RESERVED),
            (selects(IpAddr::is_ipv4), rule::SELECT4),
            (selects(IpAddr::is_ipv6), rule::SELECT6),
            (self.v4 == Share::All, rule::ANY4),
            (self.v6 == Share::All, rule::ANY6),
            (self.apart, rule::APART),
            (self.own_users, rule::OWN_USERS),
        ];
        let flags = flags.iter().filter(|(is_set, _)| *is_set).map(|(_, flag)| flag).sum::<u32>();
        let mut value = [0; rule::SIZE as usize];
        let mut put = |at: i16, bytes: &[u8]| {
            value[at as usize..][..bytes.len()].copy_from_slice(bytes);
        };
        put(rule::LIST, &list.to_ne_bytes());
        put(rule::GROUP, &group.to_ne_bytes());
        put(rule::NETWORK, &network.to_ne_bytes());
        let first6 = self.v6.own().first().map_or([0; 16], |first| bytes(IpAddr::V6(*first)));
        put(rule::FIRST6, &first6);
        put(rule::FIRST4, &self.v4.own().first().map_or([0; 4], Ipv4Addr::octets));
        put(rule::COUNT4, &self.v4.count().to_ne_bytes());
        put(rule::COUNT6, &self.v6.count().to_ne_bytes());
        put(rule::FLAGS, &flags.to_ne_bytes());
        put(rule::ROOT, &self.root.to_ne_bytes());
        put(rule::UNPRIVILEGED, &u32::from(self.unprivileged).to_ne_bytes());
        value
    }
}
