//! What ifconfig(8) prints of an interface: the lines and their order are FreeBSD's.
//!
//! Pure: interfaces in, text out. Lines that have no counterpart on Linux (`options`, `nd6 options`)
//! are left out; scripts look for `inet`, `ether`, `member:`, `groups:` and `status:`.

use std::fmt::{self, Write};
use std::net::IpAddr;

use netif::{Bridge, BridgePort, Flags, Interface, InterfaceAddress, Kind};

use super::command::{Family, Selection};

/// Which of `all` a selection means.
pub(super) fn chosen<'a>(all: &'a [Interface], selection: &Selection) -> Vec<&'a Interface> {
    let fits = |interface: &&Interface| {
        selection.up.is_none_or(|up| interface.flags.has(Flags::UP) == up)
            && selection.group.as_deref().is_none_or(|g| g == "all" || group(interface) == Some(g))
            && selection.interface.as_deref().is_none_or(|name| is_called(interface, name))
            && (selection.interface.is_some()
                || selection.family.is_none_or(|family| has_family(interface, family)))
    };
    all.iter().filter(fits).collect()
}

fn is_called(interface: &Interface, name: &str) -> bool {
    interface.name.as_str() == if name == "lo" { "lo0" } else { name }
}

fn has_family(interface: &Interface, family: Family) -> bool {
    match family {
        Family::Ether => interface.ether.is_some(),
        family => interface.addresses.iter().any(|address| is_of(address, family)),
    }
}

fn is_of(address: &InterfaceAddress, family: Family) -> bool {
    match address.prefix.address {
        IpAddr::V4(_) => family == Family::Inet,
        IpAddr::V6(_) => family == Family::Inet6,
    }
}

/// The group that FreeBSD puts a cloned interface in.
fn group(interface: &Interface) -> Option<&str> {
    match &interface.kind {
        Kind::Loopback => Some("lo"),
        Kind::Epair => Some("epair"),
        Kind::Bridge(_) => Some("bridge"),
        Kind::Vlan { .. } => Some("vlan"),
        Kind::Ethernet => None,
        Kind::Other(kind) => Some(kind),
    }
}

/// The whole entry of one interface; `all` are its neighbours, `family` limits what is shown.
pub(super) fn entry(interface: &Interface, all: &[Interface], family: Option<Family>) -> String {
    let mut text = String::new();
    // Writing to a string does not fail.
    let _ = write_entry(&mut text, interface, all, family);
    text
}

fn write_entry(
    out: &mut String,
    interface: &Interface,
    all: &[Interface],
    family: Option<Family>,
) -> fmt::Result {
    write!(out, "{}: flags={:x}", interface.name, interface.flags.0)?;
    let names: Vec<_> = interface.flags.names().collect();
    if !names.is_empty() {
        write!(out, "<{}>", names.join(","))?;
    }
    writeln!(out, " metric 0 mtu {}", interface.mtu)?;
    if let Some(description) = &interface.description {
        writeln!(out, "\tdescription: {description}")?;
    }
    let shows = |wanted| family.is_none_or(|family| family == wanted);
    if let Some(ether) = interface.ether.filter(|_| shows(Family::Ether)) {
        writeln!(out, "\tether {ether}")?;
    }
    for wanted in [Family::Inet, Family::Inet6] {
        let addresses = interface.addresses.iter().filter(|address| is_of(address, wanted));
        for address in addresses.filter(|_| shows(wanted)) {
            write_address(out, interface, address)?;
        }
    }
    if family.is_some() {
        return Ok(());
    }
    if let Kind::Bridge(bridge) = &interface.kind {
        write_bridge(out, bridge)?;
        for member in all.iter().filter(|member| member.master == Some(interface.index)) {
            write_member(out, member, bridge.stp)?;
        }
    }
    if let Some(group) = group(interface) {
        writeln!(out, "\tgroups: {group}")?;
    }
    write_link(out, interface, all)
}

fn write_address(
    out: &mut String,
    interface: &Interface,
    address: &InterfaceAddress,
) -> fmt::Result {
    match address.prefix.address {
        IpAddr::V4(own) => {
            write!(out, "\tinet {own}")?;
            if let Some(destination) = address.destination {
                write!(out, " --> {destination}")?;
            }
            write!(out, " netmask {:#x}", address.prefix.mask4())?;
            if let Some(broadcast) = address.broadcast.filter(|_| address.prefix.length != 0) {
                write!(out, " broadcast {broadcast}")?;
            }
        }
        IpAddr::V6(own) => {
            let link_local = own.is_unicast_link_local();
            write!(out, "\tinet6 {own}")?;
            if link_local {
                write!(out, "%{}", interface.name)?;
            }
            if let Some(destination) = address.destination {
                write!(out, " --> {destination}")?;
            }
            write!(out, " prefixlen {}", address.prefix.length)?;
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
        }
    }
    writeln!(out)
}

/// Linux sends one message of the spanning tree in its hold time, and counts no addresses.
fn write_bridge(out: &mut String, bridge: &Bridge) -> fmt::Result {
    let Bridge { id, priority, hello_time, forward_delay, max_age, timeout, .. } = bridge;
    let Bridge { root_id, root_priority, root_cost, root_port, .. } = bridge;
    writeln!(
        out,
        "\tid {id} priority {priority} hellotime {hello_time} fwddelay {forward_delay}\n\
         \tmaxage {max_age} holdcnt 1 proto stp maxaddr 0 timeout {timeout}\n\
         \troot id {root_id} priority {root_priority} ifcost {root_cost} port {root_port}"
    )
}

fn write_member(out: &mut String, member: &Interface, stp: bool) -> fmt::Result {
    let default = BridgePort::default();
    let port = member.port.as_ref().unwrap_or(&default);
    // FreeBSD's IFBIF_* flags.
    let flags = [
        (port.learning, 0x1, "LEARNING"),
        (port.discover, 0x2, "DISCOVER"),
        (stp, 0x4, "STP"),
        (port.private, 0x400, "PRIVATE"),
    ];
    let set = flags.iter().filter(|(set, ..)| *set);
    let (bits, names) = set.fold((0, Vec::new()), |(bits, mut names), &(_, bit, name)| {
        names.push(name);
        (bits | bit, names)
    });
    writeln!(
        out,
        "\tmember: {} flags={bits:x}<{}>\n\
         \t        ifmaxaddr 0 port {} priority {} path cost {}",
        member.name,
        names.join(","),
        port.number,
        port.priority,
        port.path_cost
    )
}

fn write_link(out: &mut String, interface: &Interface, all: &[Interface]) -> fmt::Result {
    if let Kind::Vlan { tag, stacked, parent } = interface.kind {
        let protocol = if stacked { "802.1ad" } else { "802.1q" };
        let found = all.iter().find(|other| Some(other.index) == parent);
        let parent = found.map_or("<none>", |parent| parent.name.as_str());
        writeln!(out, "\tvlan: {tag} vlanproto: {protocol} vlanpcp: 0 parent interface: {parent}")?;
    }
    if interface.kind == Kind::Epair {
        writeln!(out, "\tmedia: Ethernet 10Gbase-T (10Gbase-T <full-duplex>)")?;
    }
    if matches!(interface.kind, Kind::Epair | Kind::Ethernet | Kind::Vlan { .. }) {
        let carrier = interface.flags.has(Flags::LOWER_UP);
        writeln!(out, "\tstatus: {}", if carrier { "active" } else { "no carrier" })?;
    }
    Ok(())
}

#[cfg(test)]
mod tests {
    use netif::{EtherAddress, InterfaceName, Prefix};

    use super::*;

    fn interface(index: u32, name: &str, flags: u32, kind: Kind) -> Interface {
        Interface {
            index,
            name: InterfaceName::parse(name).unwrap(),
            flags: Flags(flags),
            mtu: 1500,
            ether: Some(EtherAddress([2, 0, 0, 0, 0, 10])),
            description: None,
            kind,
            master: None,
            port: None,
            addresses: Vec::new(),
        }
    }

    fn address(address: &str, length: u8) -> InterfaceAddress {
        InterfaceAddress::new(Prefix { address: address.parse().unwrap(), length })
    }

    /// The jail's end of the article's epair, and lo0, as FreeBSD 14 prints them.
    #[test]
    fn an_epair_and_the_loopback() {
        let mut epair = interface(5, "epair1b", 0x100_8843, Kind::Epair);
        epair.description = Some("jail side of the epair".into());
        let tentative = InterfaceAddress { tentative: true, ..address("fe80::ff:fe00:a", 64) };
        epair.addresses = vec![tentative, address("fd00::5", 64), address("192.168.1.240", 24)];
        let want = "\
epair1b: flags=1008843<UP,BROADCAST,RUNNING,SIMPLEX,MULTICAST,LOWER_UP> metric 0 mtu 1500
\tdescription: jail side of the epair
\tether 02:00:00:00:00:0a
\tinet 192.168.1.240 netmask 0xffffff00 broadcast 192.168.1.255
\tinet6 fe80::ff:fe00:a%epair1b prefixlen 64 tentative scopeid 0x5
\tinet6 fd00::5 prefixlen 64
\tgroups: epair
\tmedia: Ethernet 10Gbase-T (10Gbase-T <full-duplex>)
\tstatus: active
";
        assert_eq!(entry(&epair, &[], None), want);
        let want = "\
epair1b: flags=1008843<UP,BROADCAST,RUNNING,SIMPLEX,MULTICAST,LOWER_UP> metric 0 mtu 1500
\tdescription: jail side of the epair
\tinet 192.168.1.240 netmask 0xffffff00 broadcast 192.168.1.255
";
        assert_eq!(entry(&epair, &[], Some(Family::Inet)), want);

        let mut lo0 = interface(1, "lo0", 0x100_0049, Kind::Loopback);
        let plain = InterfaceAddress { broadcast: None, ..address("127.0.0.1", 8) };
        (lo0.ether, lo0.mtu, lo0.addresses) = (None, 65536, vec![plain, address("::1", 128)]);
        let want = "\
lo0: flags=1000049<UP,LOOPBACK,RUNNING,LOWER_UP> metric 0 mtu 65536
\tinet 127.0.0.1 netmask 0xff000000
\tinet6 ::1 prefixlen 128
\tgroups: lo
";
        assert_eq!(entry(&lo0, &[], None), want);
    }

    #[test]
    fn a_bridge_and_its_members() {
        let id = EtherAddress([2, 0, 0, 0, 0, 10]);
        let (priority, root_priority) = (32768, 32768);
        let times = (2, 15, 20, 300);
        let bridge = Bridge {
            id,
            priority,
            hello_time: times.0,
            forward_delay: times.1,
            max_age: times.2,
            timeout: times.3,
            root_id: id,
            root_priority,
            ..Bridge::default()
        };
        let bridge = interface(7, "bridge1", 0x8802, Kind::Bridge(bridge));
        let mut member =
            interface(8, "re0.7", 0x8943, Kind::Vlan { tag: 7, stacked: false, parent: Some(9) });
        (member.master, member.ether) = (Some(7), None);
        let (learning, discover) = (true, true);
        member.port = Some(BridgePort {
            number: 1,
            priority: 32,
            path_cost: 2,
            learning,
            discover,
            private: false,
        });
        let re0 = interface(9, "re0", 0, Kind::Ethernet);
        let all = [bridge, member, re0];
        let want = "\
bridge1: flags=8802<BROADCAST,SIMPLEX,MULTICAST> metric 0 mtu 1500
\tether 02:00:00:00:00:0a
\tid 02:00:00:00:00:0a priority 32768 hellotime 2 fwddelay 15
\tmaxage 20 holdcnt 1 proto stp maxaddr 0 timeout 300
\troot id 02:00:00:00:00:0a priority 32768 ifcost 0 port 0
\tmember: re0.7 flags=3<LEARNING,DISCOVER>
\t        ifmaxaddr 0 port 1 priority 32 path cost 2
\tgroups: bridge
";
        assert_eq!(entry(&all[0], &all, None), want);
        let want = "\
re0.7: flags=8943<UP,BROADCAST,RUNNING,PROMISC,SIMPLEX,MULTICAST> metric 0 mtu 1500
\tgroups: vlan
\tvlan: 7 vlanproto: 802.1q vlanpcp: 0 parent interface: re0
\tstatus: no carrier
";
        assert_eq!(entry(&all[1], &all, None), want);
        assert_eq!(
            entry(&all[2], &all, None),
            "re0: flags=0 metric 0 mtu 1500\n\tether 02:00:00:00:00:0a\n\tstatus: no carrier\n"
        );
    }

    #[test]
    #[rustfmt::skip]
    fn selections() {
        let mut epair = interface(2, "epair1a", 0x8843, Kind::Epair);
        epair.addresses = vec![address("10.0.0.1", 24)];
        let mut lo0 = interface(1, "lo0", 0x8, Kind::Loopback);
        lo0.ether = None;
        let all = [lo0, epair];
        let any = Selection::default;
        for (selection, want) in [
            (any(),                                                      "lo0 epair1a"),
            (Selection { up: Some(true), ..any() },                      "epair1a"),
            (Selection { up: Some(false), ..any() },                     "lo0"),
            (Selection { family: Some(Family::Ether), ..any() },         "epair1a"),
            (Selection { family: Some(Family::Inet), ..any() },          "epair1a"),
            (Selection { family: Some(Family::Inet6), ..any() },         ""),
            (Selection { group: Some("epair".into()), ..any() },         "epair1a"),
            (Selection { group: Some("all".into()), ..any() },           "lo0 epair1a"),
            (Selection { interface: Some("lo0".into()), ..any() },       "lo0"),
            (Selection { interface: Some("epair9a".into()), ..any() },   ""),
        ] {
            let names: Vec<_> = chosen(&all, &selection).iter().map(|i| i.name.as_str()).collect();
            assert_eq!(names.join(" "), want, "{selection:?}");
        }
    }
}
