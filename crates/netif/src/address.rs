//! Addresses as they are written: dotted, hexadecimal, with a prefix length; link-level ones.

use std::fmt;
use std::hash::{BuildHasher, RandomState};
use std::net::{IpAddr, Ipv4Addr, Ipv6Addr};
use std::str::FromStr;

use crate::uapi::{af, ifa};
use crate::wire::u32_at;

/// An address, and how many of its leading bits name the network.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub struct Prefix {
    /// The whole address, host part included.
    pub address: IpAddr,
    /// 0 to 32, or to 128.
    pub length: u8,
}

impl Prefix {
    /// The number of bits in an address of this family.
    #[must_use]
    pub fn width(address: IpAddr) -> u8 {
        if address.is_ipv4() { 32 } else { 128 }
    }

    /// The prefix that is a whole family: `default`.
    #[must_use]
    pub fn default_of(address: IpAddr) -> Self {
        let address = match address {
            IpAddr::V4(_) => Ipv4Addr::UNSPECIFIED.into(),
            IpAddr::V6(_) => Ipv6Addr::UNSPECIFIED.into(),
        };
        Self { address, length: 0 }
    }

    /// The mask of this length, as an address.
    #[must_use]
    pub fn mask(self) -> IpAddr {
        match self.address {
            IpAddr::V4(_) => Ipv4Addr::from_bits(self.mask4()).into(),
            IpAddr::V6(_) => {
                let bits = u128::MAX.checked_shl(128 - u32::from(self.length)).unwrap_or(0);
                Ipv6Addr::from_bits(bits).into()
            }
        }
    }

    /// The mask of this length as a 32-bit number, which is how ifconfig prints it.
    #[must_use]
    pub fn mask4(self) -> u32 {
        u32::MAX.checked_shl(32 - u32::from(self.length.min(32))).unwrap_or(0)
    }

    /// The same network with a host part of zero.
    #[must_use]
    pub fn network(self) -> Self {
        let address = match (self.address, self.mask()) {
            (IpAddr::V4(address), IpAddr::V4(mask)) => IpAddr::V4(address & mask),
            (IpAddr::V6(address), IpAddr::V6(mask)) => IpAddr::V6(address & mask),
            (address, _) => address,
        };
        Self { address, ..self }
    }

    /// Whether `address` is in this network.
    #[must_use]
    pub fn contains(self, address: IpAddr) -> bool {
        self.network() == Self { address, ..self }.network()
    }

    /// The broadcast address of an IPv4 network that has one.
    #[must_use]
    pub fn broadcast(self) -> Option<Ipv4Addr> {
        match self.address {
            IpAddr::V4(address) if self.length < 31 => {
                Some(address | Ipv4Addr::from_bits(!self.mask4()))
            }
            _ => None,
        }
    }
}

/// The length of a netmask as ifconfig(8) takes it: `255.255.255.0` or `0xffffff00`. `None`: no
/// mask, or a mask with holes, which no Linux address can have.
#[must_use]
pub fn netmask_length(text: &str) -> Option<u8> {
    let bits = match text.strip_prefix("0x") {
        Some(digits) => u32::from_str_radix(digits, 16).ok()?,
        None => text.parse::<Ipv4Addr>().ok()?.to_bits(),
    };
    let length = bits.leading_ones();
    (length + bits.trailing_zeros() >= 32).then_some(length as u8)
}

/// A link-level address.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Hash)]
pub struct EtherAddress(pub [u8; 6]);

/// The text is no link-level address.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct MalformedAddress;

impl EtherAddress {
    /// An address of our own making: unicast, locally administered, different at each call.
    #[must_use]
    pub fn random() -> Self {
        // The standard library's hasher is keyed from the kernel's random numbers.
        Self::local(RandomState::new().hash_one(0))
    }

    /// The first six bytes of `number`, as a locally administered unicast address.
    fn local(number: u64) -> Self {
        let [first, b, c, d, e, f, ..] = number.to_le_bytes();
        // Bit 0 of the first byte means multicast, bit 1 locally administered.
        Self([first & !1 | 2, b, c, d, e, f])
    }
}

/// What the link-level addresses of a machine's interfaces follow from: they are the same after
/// every boot, and the same on no other machine.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Identity(u64);

impl Identity {
    /// The identity of a machine, and of the jail that its interfaces are made for or in. Only a
    /// hash of both is kept: a machine's id is not for everybody on its network.
    #[must_use]
    pub fn new(machine: &str, jail: &str) -> Self {
        Self(fnv(fnv(FNV_START, machine.as_bytes()), jail.as_bytes()))
    }

    /// The address of the interface `name`. The two ends of an epair never have the same address.
    #[must_use]
    pub fn ether(&self, name: &str) -> EtherAddress {
        // Two hashes may be equal, even and odd addresses never are.
        let mut ether = EtherAddress::local(mixed(fnv(self.0, name.as_bytes())));
        let is_second = name.starts_with("epair") && name.ends_with('b');
        ether.0[5] = ether.0[5] & !1 | u8::from(is_second);
        ether
    }
}

/// A number that follows from the texts, the same for ever.
pub(crate) fn hash<const N: usize>(texts: [&str; N]) -> u64 {
    mixed(texts.iter().fold(FNV_START, |state, text| fnv(state, text.as_bytes())))
}

const FNV_START: u64 = 0xcbf2_9ce4_8422_2325;

/// FNV-1a over the text, and a byte that no text has between one text and the next.
fn fnv(state: u64, text: &[u8]) -> u64 {
    let step = |state: u64, &byte: &u8| (state ^ u64::from(byte)).wrapping_mul(0x0100_0000_01b3);
    text.iter().chain(&[0xff]).fold(state, step)
    // Written out here, because the results must never change: the standard library's hashes may.
}

/// Spreads differences over all bits: the finalizer of splitmix64.
fn mixed(mut state: u64) -> u64 {
    // FNV alone changes few bits when names differ in the last letter only.
    state = (state ^ (state >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
    state = (state ^ (state >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
    state ^ (state >> 31)
}

impl FromStr for EtherAddress {
    type Err = MalformedAddress;

    fn from_str(text: &str) -> Result<Self, MalformedAddress> {
        let mut bytes = [0; 6];
        let mut parts = text.split([':', '-', '.']);
        for byte in &mut bytes {
            let part = parts.next().filter(|part| (1..=2).contains(&part.len()));
            let part = part.ok_or(MalformedAddress)?;
            *byte = u8::from_str_radix(part, 16).map_err(|_| MalformedAddress)?;
        }
        if parts.next().is_some() { Err(MalformedAddress) } else { Ok(Self(bytes)) }
        // link_addr(3) takes these separators, and single digits.
    }
}

impl fmt::Display for EtherAddress {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let [a, b, c, d, e, g] = self.0;
        write!(f, "{a:02x}:{b:02x}:{c:02x}:{d:02x}:{e:02x}:{g:02x}")
    }
}

impl fmt::Display for MalformedAddress {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("malformed link-level address")
    }
}

impl std::error::Error for MalformedAddress {}

/// The kernel's number for an address's family.
pub(crate) fn family(address: IpAddr) -> u8 {
    if address.is_ipv4() { af::INET } else { af::INET6 }
}

/// An address as the kernel takes it: its bytes in network order.
pub(crate) fn octets(address: IpAddr) -> Vec<u8> {
    match address {
        IpAddr::V4(address) => address.octets().to_vec(),
        IpAddr::V6(address) => address.octets().to_vec(),
    }
}

/// The address in an attribute, by its length.
pub(crate) fn from_octets(bytes: &[u8]) -> Option<IpAddr> {
    let v4 = <[u8; 4]>::try_from(bytes).map(IpAddr::from);
    v4.or_else(|_| <[u8; 16]>::try_from(bytes).map(IpAddr::from)).ok()
}

/// An address of an interface.
#[derive(Debug, Clone, PartialEq, Eq)]
#[allow(clippy::struct_excessive_bools)] // the words that ifconfig prints after the address
pub struct InterfaceAddress {
    /// The address and the length of its network's prefix.
    pub prefix: Prefix,
    /// The other end, if the link is point-to-point.
    pub destination: Option<IpAddr>,
    /// The address that all hosts of an IPv4 network receive.
    pub broadcast: Option<Ipv4Addr>,
    /// IPv6: the address is not yet known to be unique on the link.
    pub tentative: bool,
    /// IPv6: another host has the address.
    pub duplicated: bool,
    /// IPv6: the address is not used for new connections.
    pub deprecated: bool,
    /// IPv6: the address comes from a router's advertisement, and expires.
    pub autoconf: bool,
    /// IPv6: the address changes for privacy.
    pub temporary: bool,
    /// The address was lent to the interface: [`crate::Netlink::lend`].
    pub is_lent: bool,
    /// How long the address stays.
    pub lifetimes: Lifetimes,
}

/// For how many more seconds an address is there; `None`: for ever.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct Lifetimes {
    /// The address is used for new connections: `pltime`.
    pub preferred: Option<u32>,
    /// The address is there: `vltime`.
    pub valid: Option<u32>,
}

impl InterfaceAddress {
    /// A plain address with the broadcast address that follows from it.
    #[must_use]
    pub fn new(prefix: Prefix) -> Self {
        let broadcast = prefix.broadcast();
        Self {
            prefix,
            broadcast,
            destination: None,
            tentative: false,
            duplicated: false,
            deprecated: false,
            autoconf: false,
            temporary: false,
            is_lent: false,
            lifetimes: Lifetimes::default(),
        }
    }

    /// The same address without its lifetimes, which differ at each look.
    #[must_use]
    pub fn timeless(&self) -> Self {
        Self { lifetimes: Lifetimes::default(), ..self.clone() }
    }
}

impl Lifetimes {
    /// `struct ifa_cacheinfo`. Its two time stamps are the kernel's and stay 0.
    pub(crate) fn bytes(self) -> [u8; 16] {
        let mut bytes = [0; 16];
        for (at, seconds) in [(0, self.preferred), (4, self.valid)] {
            let seconds = seconds.unwrap_or(ifa::FOREVER);
            bytes[at..at + 4].copy_from_slice(&seconds.to_ne_bytes());
        }
        bytes
    }

    pub(crate) fn parse(bytes: &[u8]) -> Self {
        let seconds = |at| u32_at(bytes, at).filter(|seconds| *seconds != ifa::FOREVER);
        Self { preferred: seconds(0), valid: seconds(4) }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    #[rustfmt::skip]
    fn netmasks() {
        for (text, want) in [
            ("255.255.255.0",   Some(24)), // ifconfig(8): dotted …
            ("0xffffff00",      Some(24)), // … or hexadecimal
            ("255.255.255.255", Some(32)),
            ("0.0.0.0",         Some(0)),
            ("0xffffff01",      None),     // FreeBSD counts its bits; a Linux address cannot have it
            ("255.0.255.0",     None),
            ("24",              None),
            ("0x",              None),
        ] {
            assert_eq!(netmask_length(text), want, "{text:?}");
        }
    }

    #[test]
    #[rustfmt::skip]
    fn prefixes() {
        for (address, length, mask, network, broadcast) in [
            ("192.168.1.240", 24, "255.255.255.0",   "192.168.1.0",   Some("192.168.1.255")),
            ("10.1.2.3",       0, "0.0.0.0",         "0.0.0.0",       Some("255.255.255.255")),
            ("10.1.2.3",      31, "255.255.255.254", "10.1.2.2",      None),
            ("10.1.2.3",      32, "255.255.255.255", "10.1.2.3",      None),
            ("fd00::5:1",     64, "ffff:ffff:ffff:ffff::", "fd00::",  None),
            ("fd00::5:1",      0, "::",              "::",            None),
            ("::1",          128, "ffff:ffff:ffff:ffff:ffff:ffff:ffff:ffff", "::1", None),
        ] {
            let prefix = Prefix { address: address.parse().unwrap(), length };
            assert_eq!(prefix.mask().to_string(), mask, "{prefix:?}");
            assert_eq!(prefix.network().address.to_string(), network, "{prefix:?}");
            assert_eq!(prefix.broadcast().map(|b| b.to_string()).as_deref(), broadcast);
        }
    }

    #[test]
    #[rustfmt::skip]
    fn link_level_addresses() {
        for (text, want) in [
            ("02:00:5e:10:00:0a", Some("02:00:5e:10:00:0a")),
            ("2-0-5e-10-0-A",     Some("02:00:5e:10:00:0a")), // link_addr(3) takes these too
            ("02:00:5e:10:00",    None),
            ("02:00:5e:10:00:0a:1", None),
            ("02:00:5e:10:00:zz", None),
            ("random",            None),
        ] {
            let got = text.parse::<EtherAddress>().ok().map(|address| address.to_string());
            assert_eq!(got.as_deref(), want, "{text:?}");
        }
        assert_eq!(EtherAddress::random().0[0] & 3, 2);
    }
}
