//! The options of arp(8) and ndp(8) that change entries: `-s`, `-S`, `-d`, `-c`.

use std::net::IpAddr;

use netif::{EtherAddress, Interface, Neighbour, NeighbourState};

use super::{Failure, Options, entries};
use crate::cli::network::ifconfig::network::Network;

/// Changes entries of IPv4, or of IPv6. Answers what is printed.
pub(super) fn run(options: &Options, inet6: bool) -> Result<String, Failure> {
    match options.change {
        Some('s') => set(options, inet6),
        Some('S') => {
            // As on FreeBSD, what was there goes first, and nothing may have been.
            let said = delete(options, inet6).unwrap_or_default();
            Ok(said + &set(options, inet6)?)
        }
        Some('c') => clear(options, inet6),
        _ if options.all => clear(options, inet6),
        _ => delete(options, inet6),
    }
}

/// `-s HOST ETHER [temp] [pub | proxy]`.
fn set(options: &Options, inet6: bool) -> Result<String, Failure> {
    let [host, ether, words @ ..] = options.operands.as_slice() else {
        return Err(Failure::Usage);
    };
    let (address, scope) = address(host, inet6)?;
    let (mut state, mut is_proxy) = (NeighbourState::Permanent, false);
    for word in words {
        match (word.as_str(), inet6) {
            ("temp", _) => state = NeighbourState::Reachable,
            ("pub", false) | ("proxy", true) => is_proxy = true,
            // FreeBSD takes `pub only`, and the second word for nothing.
            ("only", false) if is_proxy => {}
            ("reject" | "blackhole", false) => {
                let text = format!(
                    "{word}: not supported on Linux: route(8) has -{word} for the host {host}"
                );
                return Err(Failure::Named(text));
            }
            _ => return Err(Failure::Named(format!("Invalid parameter '{word}'"))),
        }
    }
    let ether = if is_proxy { own(ether)? } else { Some(parse_ether(ether)?) };
    let mut network = Network::open(options.jail.as_deref()).map_err(Failure::Named)?;
    let Some(link) = link_of(&mut network, address, scope)? else {
        let text = format!("cannot intuit interface index and type for {host}");
        return Err(Failure::Named(text));
    };
    let interface = link.index;
    let neighbour =
        Neighbour { address, interface, ether, state, is_router: false, is_proxy, age: 0 };
    network.netlink.put_neighbour(&neighbour).map_err(named)?;
    Ok(String::new())
}

/// `-d HOST`.
fn delete(options: &Options, inet6: bool) -> Result<String, Failure> {
    let Some(host) = options.host() else { return Err(Failure::Usage) };
    let is_proxy = match options.operands.get(1).map(String::as_str) {
        Some("pub") if options.change == Some('d') && !inet6 => true,
        Some(_) if options.change == Some('d') => return Err(Failure::Usage),
        _ => false,
    };
    let (address, scope) = address(host, inet6)?;
    let mut network = Network::open(options.jail.as_deref()).map_err(Failure::Named)?;
    let missing = || Failure::Named(format!("delete: cannot locate {host}"));
    if is_proxy {
        let link = link_of(&mut network, address, scope)?.ok_or_else(missing)?;
        let proxy = published(address, &link);
        network.netlink.forget_neighbour(&proxy).map_err(|_| missing())?;
        return Ok(format!("{host} ({address}) deleted\n"));
    }
    let mut found = entries(options, inet6)?;
    let in_scope = |link: &Interface| scope.is_none_or(|scope| link.name.as_str() == scope);
    found.retain(|(neighbour, link)| neighbour.address == address && in_scope(link));
    if found.is_empty() {
        // Published addresses are no entries for the kernel, and are not listed.
        let proxy = link_of(&mut network, address, scope)?.map(|link| published(address, &link));
        let gone = proxy.is_some_and(|it| network.netlink.forget_neighbour(&it).is_ok());
        if !gone {
            return Err(missing());
        }
    }
    for (neighbour, _) in &found {
        network.netlink.forget_neighbour(neighbour).map_err(named)?;
    }
    Ok(format!("{host} ({address}) deleted\n"))
}

/// `arp -d -a`, `ndp -c`: all entries, or those of one interface. Permanent ones stay with `-c`.
fn clear(options: &Options, inet6: bool) -> Result<String, Failure> {
    let mut network = Network::open(options.jail.as_deref()).map_err(Failure::Named)?;
    let mut said = String::new();
    for (neighbour, _) in entries(options, inet6)? {
        if inet6 && neighbour.state == NeighbourState::Permanent {
            continue;
        }
        let address = neighbour.address;
        // An entry that went meanwhile is gone as it was to be.
        if network.netlink.forget_neighbour(&neighbour).is_ok() {
            said += &format!("{address} ({address}) deleted\n");
        }
    }
    Ok(said)
}

/// The address that a command line names, and its interface: `fe80::1%em0`.
fn address(host: &str, inet6: bool) -> Result<(IpAddr, Option<&str>), Failure> {
    let unknown = || Failure::Named(format!("{host}: unknown host"));
    let (plain, scope) = match host.split_once('%') {
        Some((plain, scope)) if inet6 => (plain, Some(scope)),
        _ => (host, None),
    };
    let address: IpAddr = plain.parse().map_err(|_| unknown())?;
    if address.is_ipv6() == inet6 { Ok((address, scope)) } else { Err(unknown()) }
}

fn parse_ether(text: &str) -> Result<EtherAddress, Failure> {
    text.parse().map_err(|_| Failure::Named(format!("invalid Ethernet address '{text}'")))
}

/// Accepts the link-level address of a published entry: Linux answers with the interface's own.
fn own(text: &str) -> Result<Option<EtherAddress>, Failure> {
    if text == "auto" {
        return Ok(None);
    }
    parse_ether(text)?;
    let because = "on Linux what is published has the interface's own address: say auto";
    Err(Failure::Named(format!("{text}: not supported: {because}")))
}

/// The interface on whose link `address` is: that with the longest prefix that has it.
fn link_of(
    network: &mut Network,
    address: IpAddr,
    scope: Option<&str>,
) -> Result<Option<Interface>, Failure> {
    let links = network.netlink.interfaces().map_err(named)?;
    if let Some(scope) = scope {
        return Ok(links.into_iter().find(|link| link.name.as_str() == scope));
    }
    let length = |link: &Interface| {
        let own = link.addresses.iter().map(|it| it.prefix);
        own.filter(|prefix| prefix.contains(address)).map(|prefix| prefix.length).max()
    };
    Ok(links.into_iter().filter(|link| length(link).is_some()).max_by_key(length))
}

fn published(address: IpAddr, link: &Interface) -> Neighbour {
    let (interface, state) = (link.index, NeighbourState::Permanent);
    let (ether, is_router, is_proxy, age) = (None, false, true, 0);
    Neighbour { address, interface, ether, state, is_router, is_proxy, age }
}

fn named(error: netif::Error) -> Failure {
    Failure::Named(error.to_string())
}
