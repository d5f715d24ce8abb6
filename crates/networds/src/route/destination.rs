//! The destination of a route, and what route(8) assumes when parts of it are left out.

use std::net::{IpAddr, Ipv4Addr, Ipv6Addr};

use netif::Prefix;

use super::error::UsageError;

/// What the other words say about a destination.
#[derive(Debug, Clone, Copy, Default)]
pub(super) struct Hints {
    /// The destination is of IPv6.
    pub(super) inet6: bool,
    /// `-host`.
    pub(super) force_host: bool,
    /// `-net`, or a mask was given.
    pub(super) force_net: bool,
    /// The length of the destination's prefix.
    pub(super) length: Option<u8>,
}

/// Reads a destination, and answers whether it is a host.
pub(super) fn parse(text: &str, hints: Hints) -> Result<(Prefix, bool), UsageError> {
    let bad = || UsageError::BadAddress(text.to_owned());
    let any: IpAddr =
        if hints.inet6 { Ipv6Addr::UNSPECIFIED.into() } else { Ipv4Addr::UNSPECIFIED.into() };
    if text == "default" {
        return Ok((Prefix::default_of(any), false));
    }
    let (address, length) = match text.split_once('/') {
        Some((address, length)) => (address, Some(length.parse().map_err(|_| bad())?)),
        None => (text, hints.length),
    };
    let is_net = hints.force_net || text.contains('/');
    // Rust's parser takes four numbers only; FreeBSD's functions take fewer.
    let short = || abbreviated(address, is_net).map(IpAddr::from).filter(|_| !hints.inet6);
    let address: IpAddr = address.parse().ok().or_else(short).ok_or_else(bad)?;
    let width = Prefix::width(any);
    if address.is_ipv4() != any.is_ipv4() || length.is_some_and(|length| length > width) {
        return Err(bad());
    }
    // The words decide, then the length, then the address itself.
    let is_host = match (hints.force_host, hints.force_net, length) {
        (true, ..) => true,
        // A length means a net, even the full one: route(8) prints `net` then.
        (_, true, _) | (.., Some(_)) => false,
        _ => has_host_part(address),
    };
    let usual = || if is_host { width } else { length_of_net(address) };
    let length = if hints.force_host { width } else { length.unwrap_or_else(usual) };
    Ok((Prefix { address, length }, is_host))
}

/// An address with fewer than four numbers, as in route(8): `-net 128.32` is 128.32.0.0, but the
/// host `128.32` is 128.0.0.32. inet_network(3), inet_aton(3).
fn abbreviated(text: &str, is_net: bool) -> Option<Ipv4Addr> {
    // parse() would take a plus sign.
    if text.contains('+') {
        return None;
    }
    let parts: Vec<u32> = text.split('.').map(str::parse).collect::<Result<_, _>>().ok()?;
    let (last, first) = parts.split_last().filter(|(_, first)| first.len() < 3)?;
    let places = 32 - 8 * first.len() as u32;
    // inet_aton(3) lets the last number fill all places that are left; inet_network(3) does not.
    let last_fits = if is_net { *last < 256 } else { u64::from(*last) < 1 << places };
    if !last_fits || first.iter().any(|part| *part > 255) {
        return None;
    }
    let whole = first.iter().zip([24, 16]).fold(0, |whole, (part, place)| whole | part << place);
    Some(Ipv4Addr::from_bits(whole | if is_net { last << (places - 8) } else { *last }))
}

/// Whether an address without a length means a host: for IPv4 by its class, for IPv6 by its lower
/// half.
fn has_host_part(address: IpAddr) -> bool {
    match address {
        IpAddr::V4(address) => {
            let bits = match address.octets()[0] {
                // The host part of classes A, B and C.
                0..=127 => 24,
                128..=191 => 16,
                _ => 8,
            };
            address.to_bits() & ((1 << bits) - 1) != 0
        }
        IpAddr::V6(address) => address.to_bits() & u128::from(u64::MAX) != 0,
    }
}

/// The length of a net that was written without one: up to its last byte that is not zero.
fn length_of_net(address: IpAddr) -> u8 {
    match address {
        IpAddr::V4(address) => 32 - (address.to_bits().trailing_zeros() / 8 * 8) as u8,
        // `::` is the default route.
        IpAddr::V6(address) if address.is_unspecified() => 0,
        IpAddr::V6(_) => 64,
    }
}
