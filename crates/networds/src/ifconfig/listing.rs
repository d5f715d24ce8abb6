//! What ifconfig(8) prints of an interface: the lines and their order are FreeBSD's.
//!
//! Interfaces come in as plain values, and text goes out. Lines without a counterpart on Linux are
//! left out; scripts look for `inet`, `ether`, `member:`, `groups:` and `status:`.

use std::fmt::{self, Write};
use std::net::{IpAddr, Ipv4Addr, Ipv6Addr};

use netif::{
    Capabilities, EtherAddress, Fib, Flags, Interface, InterfaceAddress, Kind, Lifetimes, Media,
};

use super::family::AddressFamily;
use super::format::{Mask, Separation};
use super::selection::Selection;

mod kinds;

pub use kinds::learned;
use kinds::{write_bridge, write_member, write_span};

/// The interfaces among `all` that a selection means.
#[must_use]
pub fn chosen<'a>(all: &'a [Interface], selection: &Selection) -> Vec<&'a Interface> {
    let fits = |interface: &&Interface| {
        selection.up.is_none_or(|up| interface.flags.has(Flags::UP) == up)
            && selection.group.as_deref().is_none_or(|group| is_in(interface, group))
            && !selection.without.as_deref().is_some_and(|group| is_in(interface, group))
            && selection.interface.as_deref().is_none_or(|name| is_called(interface, name))
            // The family chooses among all interfaces, but only limits what is shown of one that
            // was named.
            && (selection.interface.is_some()
                || selection.family.is_none_or(|family| has_family(interface, family)))
    };
    all.iter().filter(fits).collect()
}

fn is_called(interface: &Interface, name: &str) -> bool {
    // Administrators of Linux write `lo`; both names mean the one loopback.
    interface.name.as_str() == if name == "lo" { "lo0" } else { name }
}

fn has_family(interface: &Interface, family: AddressFamily) -> bool {
    match family {
        AddressFamily::Ether => interface.ether.is_some(),
        family => interface.addresses.iter().any(|address| is_of(address, family)),
    }
}

fn is_of(address: &InterfaceAddress, family: AddressFamily) -> bool {
    match address.prefix.address {
        IpAddr::V4(_) => family == AddressFamily::Inet,
        IpAddr::V6(_) => family == AddressFamily::Inet6,
    }
}

fn is_in(interface: &Interface, wanted: &str) -> bool {
    // On FreeBSD every interface is in the group `all`.
    wanted == "all" || groups(interface).any(|group| group == wanted)
}

/// The group that follows from an interface's kind, then the groups that it was put in.
fn groups(interface: &Interface) -> impl Iterator<Item = &str> {
    group(interface).into_iter().chain(interface.groups.iter().map(String::as_str))
}

/// The group that FreeBSD puts a cloned interface in.
fn group(interface: &Interface) -> Option<&str> {
    match &interface.kind {
        Kind::Loopback | Kind::Lo => Some("lo"),
        Kind::Epair => Some("epair"),
        Kind::Bridge(_) => Some("bridge"),
        Kind::Vlan { .. } => Some("vlan"),
        Kind::Lagg { .. } => Some("lagg"),
        Kind::Vxlan(_) => Some("vxlan"),
        Kind::Tunnel(kind, _) => Some(kind.word()),
        Kind::Wireguard => Some("wg"),
        // if_tuntap.c: a vmnet is a tap of another name.
        Kind::Tap if interface.name.as_str().starts_with("vmnet") => Some("vmnet"),
        Kind::Tap => Some("tap"),
        Kind::Tun => Some("tun"),
        Kind::Ethernet => None,
        Kind::Other(kind) => Some(kind),
    }
}

/// The whole entry of one interface. `all` are the interfaces of its network, and the selection
/// limits what is shown. `capabilities`: what the hardware does, if the kernel says so.
#[must_use]
pub fn entry(
    interface: &Interface,
    capabilities: Option<&Capabilities>,
    all: &[Interface],
    selection: &Selection,
) -> String {
    let mut text = String::new();
    // Writing to a string never fails.
    let _ = write_entry(&mut text, interface, capabilities, all, selection);
    text
}

fn write_entry(
    out: &mut String,
    interface: &Interface,
    capabilities: Option<&Capabilities>,
    all: &[Interface],
    selection: &Selection,
) -> fmt::Result {
    write_head(out, interface, capabilities)?;
    write_addresses(out, interface, selection)?;
    // With one family FreeBSD prints its lines alone, and IPv6's options belong to IPv6.
    match selection.family {
        None => {}
        Some(AddressFamily::Inet6) => return write_inet6_options(out, interface),
        Some(AddressFamily::Inet | AddressFamily::Ether) => return Ok(()),
    }
    if let Kind::Bridge(bridge) = &interface.kind {
        write_bridge(out, bridge)?;
        // In the order of their numbers: Linux does not report in which order they were added.
        for member in all.iter().filter(|member| member.master == Some(interface.index)) {
            write_member(out, member, bridge)?;
        }
        for port in &bridge.spans {
            write_span(out, *port, all)?;
        }
    }
    kinds::write_before_groups(out, interface, all)?;
    let groups: Vec<&str> = groups(interface).collect();
    if !groups.is_empty() {
        writeln!(out, "\tgroups: {}", groups.join(" "))?;
    }
    kinds::write_after_groups(out, interface, all)?;
    if interface.fib != Fib::DEFAULT {
        writeln!(out, "\tfib: {}", interface.fib)?;
    }
    write_link(out, interface, capabilities.and_then(|known| known.media))?;
    write_inet6_options(out, interface)
}

/// The lines that every entry begins with: flags, description, options, the ends of a tunnel.
fn write_head(
    out: &mut String,
    interface: &Interface,
    capabilities: Option<&Capabilities>,
) -> fmt::Result {
    write!(out, "{}: flags={:x}", interface.name, interface.flags.0)?;
    let names: Vec<_> = interface.flags.names().collect();
    if !names.is_empty() {
        write!(out, "<{}>", names.join(","))?;
    }
    // Linux has no metric of an interface, and FreeBSD's is 0 unless somebody sets it.
    writeln!(out, " metric 0 mtu {}", interface.mtu)?;
    if let Some(description) = &interface.description {
        writeln!(out, "\tdescription: {description}")?;
    }
    // FreeBSD leaves the line out if nothing is on.
    if let Some((bits, names)) = capabilities.map(Capabilities::listed).filter(|it| it.0 != 0) {
        writeln!(out, "\toptions={bits:x}<{}>", names.join(","))?;
    }
    if let Kind::Tunnel(_, Some(tunnel)) = &interface.kind {
        let family = if tunnel.local.is_ipv4() { "inet" } else { "inet6" };
        writeln!(out, "\ttunnel {family} {} --> {}", tunnel.local, tunnel.remote)?;
    }
    Ok(())
}

/// The addresses of the family that is shown, or of all families.
fn write_addresses(out: &mut String, interface: &Interface, selection: &Selection) -> fmt::Result {
    let shows = |wanted| selection.family.is_none_or(|family| family == wanted);
    if let Some(ether) = interface.ether.filter(|_| shows(AddressFamily::Ether)) {
        writeln!(out, "\tether {}", separated(ether, selection.format.ether))?;
    }
    // By family, as FreeBSD lists them; the kernel's order is kept within each.
    for wanted in [AddressFamily::Inet, AddressFamily::Inet6] {
        let addresses = interface.addresses.iter().filter(|address| is_of(address, wanted));
        for address in addresses.filter(|_| shows(wanted)) {
            write_address(out, interface, address, selection)?;
        }
    }
    Ok(())
}

fn write_inet6_options(out: &mut String, interface: &Interface) -> fmt::Result {
    let Some(options) = interface.inet6 else { return Ok(()) };
    let names: Vec<&str> = options.names().collect();
    writeln!(out, "\tnd6 options={:x}<{}>", options.0, names.join(","))
}

fn write_address(
    out: &mut String,
    interface: &Interface,
    address: &InterfaceAddress,
    selection: &Selection,
) -> fmt::Result {
    match address.prefix.address {
        IpAddr::V4(own) => write_inet(out, own, address, selection),
        IpAddr::V6(own) => write_inet6(out, own, interface, address, selection),
    }
}

fn write_inet(
    out: &mut String,
    own: Ipv4Addr,
    address: &InterfaceAddress,
    selection: &Selection,
) -> fmt::Result {
    write!(out, "\tinet {own}")?;
    if let Some(destination) = address.destination {
        write!(out, " --> {destination}")?;
    }
    match selection.format.inet {
        Mask::Hexadecimal => write!(out, " netmask {:#x}", address.prefix.mask4())?,
        Mask::Dotted => write!(out, " netmask {}", address.prefix.mask())?,
        Mask::Slash => write!(out, "/{}", address.prefix.length)?,
    }
    if let Some(broadcast) = address.broadcast.filter(|_| address.prefix.length != 0) {
        write!(out, " broadcast {broadcast}")?;
    }
    writeln!(out)
}

fn write_inet6(
    out: &mut String,
    own: Ipv6Addr,
    interface: &Interface,
    address: &InterfaceAddress,
    selection: &Selection,
) -> fmt::Result {
    let link_local = own.is_unicast_link_local();
    write!(out, "\tinet6 {own}")?;
    // A link-local address means nothing without its interface.
    if link_local {
        write!(out, "%{}", interface.name)?;
    }
    if let Some(destination) = address.destination {
        write!(out, " --> {destination}")?;
    }
    let before = if selection.format.inet6_slash { "/" } else { " prefixlen " };
    write!(out, "{before}{}", address.prefix.length)?;
    for (said, word) in [
        (address.tentative, "tentative"),
        (address.duplicated, "duplicated"),
        (address.deprecated, "deprecated"),
        (address.autoconf, "autoconf"),
        (address.temporary, "temporary"),
    ] {
        if said {
            write!(out, " {word}")?;
        }
    }
    if link_local {
        write!(out, " scopeid {:#x}", interface.index)?;
    }
    // FreeBSD's `-L` writes nothing for an address that stays for ever.
    if selection.lifetimes && address.lifetimes != Lifetimes::default() {
        write_lifetimes(out, address.lifetimes)?;
    }
    writeln!(out)
}

fn write_lifetimes(out: &mut String, lifetimes: Lifetimes) -> fmt::Result {
    for (word, seconds) in [("pltime", lifetimes.preferred), ("vltime", lifetimes.valid)] {
        let seconds = seconds.map_or("infty".to_owned(), |seconds| seconds.to_string());
        write!(out, " {word} {seconds}")?;
    }
    Ok(())
}

/// A link-level address in the form that `-f ether:` asks for.
fn separated(ether: EtherAddress, separation: Separation) -> String {
    let plain = ether.to_string();
    match separation {
        Separation::Colon => plain,
        Separation::Dash => plain.replace(':', "-"),
        Separation::Dotted => {
            let [a, b, c, d, e, f] = ether.0;
            format!("{a:02x}{b:02x}.{c:02x}{d:02x}.{e:02x}{f:02x}")
        }
    }
}

fn write_link(out: &mut String, interface: &Interface, media: Option<Media>) -> fmt::Result {
    match (&interface.kind, media) {
        (Kind::Ethernet, Some(media)) => writeln!(out, "\tmedia: {media}")?,
        // FreeBSD's if_epair.c and if_tuntap.c report these, though there is no medium.
        (Kind::Epair, _) => writeln!(out, "\tmedia: Ethernet 10Gbase-T (10Gbase-T <full-duplex>)")?,
        (Kind::Tap, _) => writeln!(out, "\tmedia: Ethernet 1000baseT <full-duplex>")?,
        _ => {}
    }
    let has_status = matches!(
        interface.kind,
        Kind::Epair
            | Kind::Ethernet
            | Kind::Tap
            | Kind::Vlan { .. }
            | Kind::Lagg { .. }
            | Kind::Vxlan(_)
    );
    if has_status {
        // FreeBSD reports the carrier, and not whether the interface is up.
        let carrier = interface.flags.has(Flags::LOWER_UP);
        writeln!(out, "\tstatus: {}", if carrier { "active" } else { "no carrier" })?;
    }
    Ok(())
}

#[cfg(test)]
mod tests;
