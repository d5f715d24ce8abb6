//! The lines that only one kind of interface has.

use std::fmt::{self, Write};
use std::net::IpAddr;

use netif::{Bridge, BridgePort, Interface, Kind, Learned, TunnelKind, Vxlan};

/// The state of a port in the spanning tree: net/bridgestp.h, `STP_STATES`. Linux uses the same
/// numbers.
const STP_STATES: [&str; 5] = ["disabled", "listening", "learning", "forwarding", "blocking"];

/// The lines of a bridge. holdcnt is 1: Linux sends one message of the spanning tree in its hold
/// time.
pub(super) fn write_bridge(out: &mut String, bridge: &Bridge) -> fmt::Result {
    // Linux counts no addresses before 6.7: FreeBSD has no word for that, and 0 is no limit here.
    let Bridge { id, priority, hello_time, forward_delay, max_age, timeout, .. } = bridge;
    let Bridge { root_id, root_priority, root_cost, root_port, max_addresses, .. } = bridge;
    let most = max_addresses.unwrap_or(0);
    let filters = bridge.vlan_filter == Some(true);
    let (bits, names) = flags([(filters, 0x1, "VLANFILTER")]);
    write!(
        out,
        "\tid {id} priority {priority} hellotime {hello_time} fwddelay {forward_delay}\n\
         \tmaxage {max_age} holdcnt 1 proto stp maxaddr {most} timeout {timeout}\n\
         \troot id {root_id} priority {root_priority} ifcost {root_cost} port {root_port}\n\
         \tbridge flags={bits:x}<{names}>"
    )?;
    if let Some(tag) = bridge.default_untagged {
        write!(out, " defuntagged={tag}")?;
    }
    writeln!(out)
}

pub(super) fn write_member(out: &mut String, member: &Interface, bridge: &Bridge) -> fmt::Result {
    let default = BridgePort::default();
    let port = member.port.as_ref().unwrap_or(&default);
    // The flags of FreeBSD's net/if_bridgevar.h, `IFBIF_*`.
    let (bits, names) = flags([
        (port.learning, 0x1, "LEARNING"),
        (port.discover, 0x2, "DISCOVER"),
        (bridge.stp, 0x4, "STP"),
        (port.private, 0x400, "PRIVATE"),
    ]);
    write!(
        out,
        "\tmember: {} flags={bits:x}<{names}>\n\
         \t        port {} priority {} path cost {}",
        member.name, port.number, port.priority, port.path_cost
    )?;
    if bridge.stp {
        let state = STP_STATES.get(usize::from(port.state)).unwrap_or(&STP_STATES[0]);
        write!(out, " proto stp\n\t        role {} state {state}", role(port, bridge))?;
    }
    write!(out, " vlan protocol 802.1q")?;
    if let Some(tag) = port.vlans.untagged {
        write!(out, " untagged {tag}")?;
    }
    if !port.vlans.tagged.is_empty() {
        write!(out, " tagged {}", port.vlans.tagged)?;
    }
    writeln!(out)
}

/// The line of a span port, which on FreeBSD has a number and nothing else.
pub(super) fn write_span(out: &mut String, port: u32, all: &[Interface]) -> fmt::Result {
    let name = name_of(all, Some(port));
    writeln!(out, "\tmember: {name} flags=8<SPAN>\n\t        port {port} priority 0 path cost 0")
}

/// The role of a port in the spanning tree: net/bridgestp.h, `STP_ROLES`.
fn role(port: &BridgePort, bridge: &Bridge) -> &'static str {
    // Linux reports states alone. The role follows from them and from the bridge at the other end.
    match port.state {
        0 => "disabled",
        _ if bridge.root_port != 0 && port.number == bridge.root_port => "root",
        _ if port.designated == Some(bridge.id) => "designated",
        _ => "alternate",
    }
}

/// The bits that are set, and their names.
fn flags<const N: usize>(table: [(bool, u32, &str); N]) -> (u32, String) {
    let set = table.iter().filter(|(set, ..)| *set);
    let (bits, names) = set.fold((0, Vec::new()), |(bits, mut names), &(_, bit, name)| {
        names.push(name);
        (bits | bit, names)
    });
    (bits, names.join(","))
}

/// A line of `addr`; `timeout` is in seconds. net/if_bridgevar.h, `IFBAFBITS`.
#[must_use]
pub fn learned(learned: &Learned, all: &[Interface], timeout: u32) -> String {
    let member = name_of(all, Some(learned.member));
    // FreeBSD prints the time that is left, Linux reports the time that has passed.
    let left = if learned.is_static { 0 } else { timeout.saturating_sub(learned.age) };
    let (bits, names) = flags([(learned.is_static, 1, "STATIC")]);
    let Learned { address, vlan, .. } = learned;
    format!("{address} Vlan{vlan} {member} {left} flags={bits:x}<{names}>\n")
}

fn name_of(all: &[Interface], index: Option<u32>) -> &str {
    all.iter().find(|it| Some(it.index) == index).map_or("<none>", |it| it.name.as_str())
}

pub(super) fn write_before_groups(
    out: &mut String,
    interface: &Interface,
    all: &[Interface],
) -> fmt::Result {
    let Kind::Lagg { protocol, hash, active } = &interface.kind else { return Ok(()) };
    // Policies of the bonding driver without a word of FreeBSD's are listed as the nearest one.
    // xmit_hash_policy: 0 is layer2, 1 layer3+4, 2 layer2+3.
    let hash = match hash {
        0 => "l2",
        1 => "l3,l4",
        _ => "l2,l3",
    };
    let protocol = protocol.map_or("unknown", netif::LaggProtocol::word);
    writeln!(out, "\tlaggproto {protocol} lagghash {hash}")?;
    for port in all.iter().filter(|port| port.master == Some(interface.index)) {
        let state = port.lagg_port;
        let up = state.is_some_and(|state| state.active);
        // A lagg without a port in use, as with loadbalance, has no master.
        let (bits, names) = flags([
            (active.is_some() && *active == Some(port.index), 0x1, "MASTER"),
            (up && state.is_some_and(|state| !state.backup), 0x4, "ACTIVE"),
        ]);
        writeln!(out, "\tlaggport: {} flags={bits:x}<{names}>", port.name)?;
    }
    Ok(())
}

pub(super) fn write_after_groups(
    out: &mut String,
    interface: &Interface,
    all: &[Interface],
) -> fmt::Result {
    match &interface.kind {
        Kind::Vlan { tag, stacked, priority, parent } => {
            let protocol = if *stacked { "802.1ad" } else { "802.1q" };
            // FreeBSD's word for a vlan without a parent. Here the parent is in another network.
            let parent = parent.map_or("<none>", |parent| name_of(all, Some(parent)));
            writeln!(
                out,
                "\tvlan: {tag} vlanproto: {protocol} vlanpcp: {priority} parent interface: {parent}"
            )
        }
        Kind::Vxlan(vxlan) => write_vxlan(out, vxlan),
        Kind::Tunnel(TunnelKind::Gre, Some(tunnel)) if tunnel.key != 0 => {
            writeln!(out, "\tgrekey: {:#x} ({})", tunnel.key, tunnel.key)
        }
        _ => Ok(()),
    }
}

fn write_vxlan(out: &mut String, vxlan: &Vxlan) -> fmt::Result {
    let (local, remote) = (vxlan.local, vxlan.remote);
    write!(out, "\tvxlan vni {}", vxlan.id)?;
    for (word, end) in [("local", local), ("remote", remote)] {
        let Some(end) = end else { continue };
        // Linux keeps a group in the place of the other end; FreeBSD calls it by its own word.
        let word = if end.is_multicast() { "group" } else { word };
        match end {
            IpAddr::V4(end) => write!(out, " {word} {end}:{}", vxlan.port)?,
            IpAddr::V6(end) => write!(out, " {word} [{end}]:{}", vxlan.port)?,
        }
    }
    writeln!(out)
}
