//! What is particular to each kind of cloned interface: what is said when it is made, and what
//! ifconfig(8) lists. vlan(4), lagg(4), vxlan(4), gif(4), gre(4), wg(4), lo(4).

use std::net::IpAddr;

use crate::address::{EtherAddress, from_octets, octets};
use crate::name::InterfaceName;
use crate::uapi::ifla;
use crate::wire::{self, Message, attributes, u16_at, u32_at};

/// The type of a frame with a tag of 802.1Q, and of 802.1ad.
const ETHERTYPE_8021Q: u16 = 0x8100;
const ETHERTYPE_8021AD: u16 = 0x88a8;
/// `GRE_KEY`, in network order: packets have a key.
const GRE_KEY: [u8; 2] = [0x20, 0];
/// Hops that a tunnel's own packets may take: FreeBSD's `net.inet.ip.gifttl`.
const TUNNEL_HOPS: u8 = 64;
/// How often a lagg looks at the carrier of its ports, in milliseconds. By default Linux never
/// does.
const CARRIER_INTERVAL: u32 = 100;

/// What an interface is: FreeBSD's groups, and what each listing adds.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Kind {
    /// lo(4).
    Loopback,
    /// Hardware, or what looks like it.
    Ethernet,
    /// One end of an epair(4).
    Epair,
    /// bridge(4).
    Bridge(Bridge),
    /// vlan(4).
    Vlan {
        /// The 802.1Q tag.
        tag: u16,
        /// The tag is of 802.1ad, around other tags, and not of 802.1Q.
        stacked: bool,
        /// The priority of its frames.
        priority: u8,
        /// The number of the interface below; `None`: that interface is in another namespace.
        parent: Option<u32>,
    },
    /// lo(4) that was created: Linux's dummy, which drops all that is not for the host itself.
    Lo,
    /// lagg(4).
    Lagg {
        /// How the lagg uses its ports; `None`: in a way that FreeBSD does not have.
        protocol: Option<LaggProtocol>,
        /// What of a packet is hashed, as a number of the bonding driver.
        hash: u8,
        /// The port in use, with failover.
        active: Option<u32>,
    },
    /// vxlan(4).
    Vxlan(Vxlan),
    /// gif(4) or gre(4), and its ends where both are set.
    Tunnel(TunnelKind, Option<Tunnel>),
    /// wg(4).
    Wireguard,
    /// tap(4).
    Tap,
    /// tun(4).
    Tun,
    /// A kind of Linux that has no name here.
    Other(String),
}

/// Spanning tree numbers of a bridge, times in seconds.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
#[allow(missing_docs)] // the words of ifconfig's listing
pub struct Bridge {
    pub id: EtherAddress,
    pub priority: u16,
    pub hello_time: u32,
    pub forward_delay: u32,
    pub max_age: u32,
    pub timeout: u32,
    pub stp: bool,
    pub root_id: EtherAddress,
    pub root_priority: u16,
    pub root_cost: u32,
    pub root_port: u16,
    /// Whether the bridge looks at the tags of frames; `None`: this kernel's bridges cannot.
    pub vlan_filter: Option<bool>,
    /// The vlan of new members' frames without a tag.
    pub default_untagged: Option<u16>,
    /// How many addresses the bridge learns, 0: without limit; `None`: the kernel does not count.
    pub max_addresses: Option<u32>,
    /// The numbers of its span ports; [`find_spans`](crate::Netlink::find_spans) fills them in.
    pub spans: Vec<u32>,
}

/// A vlan that is to be made: `vlan`, `vlandev`, `vlanproto`, `vlanpcp`.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Vlan {
    /// The 802.1Q tag.
    pub tag: u16,
    /// The interface below.
    pub parent: InterfaceName,
    /// The tag is of 802.1ad, around other tags.
    pub stacked: bool,
    /// The priority of its frames.
    pub priority: u8,
}

/// How a lagg uses its ports: lagg(4), `laggproto`.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub enum LaggProtocol {
    /// One port at a time, the first that has a carrier: FreeBSD's default.
    #[default]
    Failover,
    /// Each flow keeps to one port.
    LoadBalance,
    /// The ports in turn.
    RoundRobin,
    /// All ports at once.
    Broadcast,
    /// 802.1AX: the ports that the other end agrees to.
    Lacp,
}

impl LaggProtocol {
    /// FreeBSD's word and the bonding driver's number.
    const TABLE: [(Self, &'static str, u8); 5] = [
        (Self::Failover, "failover", 1),
        (Self::LoadBalance, "loadbalance", 2),
        (Self::RoundRobin, "roundrobin", 0),
        (Self::Broadcast, "broadcast", 3),
        (Self::Lacp, "lacp", 4),
    ];

    /// The protocol that FreeBSD calls so.
    #[must_use]
    pub fn parse(word: &str) -> Option<Self> {
        Self::TABLE.iter().find(|(_, known, _)| *known == word).map(|&(protocol, ..)| protocol)
    }

    /// FreeBSD's word for the protocol.
    #[must_use]
    pub fn word(self) -> &'static str {
        Self::TABLE.iter().find(|(it, ..)| *it == self).map_or("", |&(_, word, _)| word)
    }

    fn number(self) -> u8 {
        Self::TABLE.iter().find(|(it, ..)| *it == self).map_or(1, |&(.., number)| number)
    }

    fn from_number(number: u8) -> Option<Self> {
        Self::TABLE.iter().find(|(.., it)| *it == number).map(|&(protocol, ..)| protocol)
    }
}

/// An overlay: `vxlanid`, `vxlanlocal`, `vxlanremote` or `vxlangroup`, `vxlandev` …
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Vxlan {
    /// The number of the network.
    pub id: u32,
    /// The address that its packets come from.
    pub local: Option<IpAddr>,
    /// The other end, or the multicast group that all ends are in.
    pub remote: Option<IpAddr>,
    /// The interface that the packets go through.
    pub device: Option<u32>,
    /// The UDP port of all ends; 0 stands for 4789.
    pub port: u16,
    /// How far packets go; 0: the kernel's default.
    pub hops: u8,
    /// Addresses are not learned from packets.
    pub deaf: bool,
}

/// A tunnel of gif(4) or gre(4).
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Tunnel {
    /// The address of this end.
    pub local: IpAddr,
    /// The address of the other end.
    pub remote: IpAddr,
    /// `grekey`: tells tunnels between the same ends apart; 0 is none.
    pub key: u32,
}

/// Which kind of tunnel.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum TunnelKind {
    /// gif(4): IPv4 and IPv6 inside either.
    Gif,
    /// gre(4).
    Gre,
}

impl TunnelKind {
    /// FreeBSD's word.
    #[must_use]
    pub fn word(self) -> &'static str {
        if self == Self::Gif { "gif" } else { "gre" }
    }

    /// Linux's driver, which depends on the family outside; inside, each takes both families.
    pub(crate) fn driver(self, outside: IpAddr) -> &'static str {
        match (self, outside) {
            (Self::Gif, IpAddr::V4(_)) => "sit",
            (Self::Gif, IpAddr::V6(_)) => "ip6tnl",
            (Self::Gre, IpAddr::V4(_)) => "gre",
            (Self::Gre, IpAddr::V6(_)) => "ip6gre",
        }
    }
}

/// Appends the part of a request that says what kind an interface is, with the attributes that
/// `fill` writes.
pub(crate) fn describe(message: &mut Message, driver: &str, fill: impl FnOnce(&mut Message)) {
    message.nest(ifla::LINKINFO, |info| {
        info.string(ifla::INFO_KIND, driver).nest(ifla::INFO_DATA, fill);
    });
}

impl Vlan {
    pub(crate) fn describe(&self, message: &mut Message, parent: u32) {
        let protocol = if self.stacked { ETHERTYPE_8021AD } else { ETHERTYPE_8021Q };
        message.number(ifla::LINK, parent);
        describe(message, "vlan", |data| {
            data.attribute(ifla::VLAN_ID, &self.tag.to_ne_bytes());
            data.attribute(ifla::VLAN_PROTOCOL, &protocol.to_be_bytes());
            // 0 is what a new vlan has: no map is needed.
            if self.priority != 0 {
                vlan_priority(data, self.priority);
            }
        });
    }
}

/// Gives all frames this priority, whatever their priority in the kernel's queues is.
pub(crate) fn vlan_priority(data: &mut Message, priority: u8) {
    data.nest(ifla::VLAN_EGRESS_QOS, |map| {
        // The kernel's queues have these 16 priorities (`TC_PRIO_MAX`); the driver maps each alone.
        for queue in 0..16u32 {
            let entry = [queue.to_ne_bytes(), u32::from(priority).to_ne_bytes()].concat();
            map.attribute(ifla::VLAN_QOS_MAPPING, &entry);
        }
    });
}

pub(crate) fn lagg(data: &mut Message, protocol: LaggProtocol) {
    data.attribute(ifla::BOND_MODE, &[protocol.number()]);
    data.number(ifla::BOND_MIIMON, CARRIER_INTERVAL);
    // FreeBSD hashes l2,l3,l4; the bonding driver's nearest is l3,l4.
    let hashes = matches!(protocol, LaggProtocol::LoadBalance | LaggProtocol::Lacp);
    data.attribute(ifla::BOND_HASH, &[u8::from(hashes)]);
}

impl Vxlan {
    pub(crate) fn describe(&self, message: &mut Message) {
        let of_family = |address: IpAddr, four, six| if address.is_ipv4() { four } else { six };
        describe(message, "vxlan", |data| {
            data.number(ifla::VXLAN_ID, self.id);
            if let Some(local) = self.local {
                let kind = of_family(local, ifla::VXLAN_LOCAL, ifla::VXLAN_LOCAL6);
                data.attribute(kind, &octets(local));
            }
            if let Some(remote) = self.remote {
                let kind = of_family(remote, ifla::VXLAN_GROUP, ifla::VXLAN_GROUP6);
                data.attribute(kind, &octets(remote));
            }
            if let Some(device) = self.device {
                data.number(ifla::VXLAN_LINK, device);
            }
            if self.hops != 0 {
                data.attribute(ifla::VXLAN_TTL, &[self.hops]);
            }
            data.attribute(ifla::VXLAN_LEARNING, &[u8::from(!self.deaf)]);
            let port = if self.port == 0 { 4789 } else { self.port };
            data.attribute(ifla::VXLAN_PORT, &port.to_be_bytes());
        });
    }
}

impl Tunnel {
    pub(crate) fn describe(&self, message: &mut Message, kind: TunnelKind) {
        describe(message, kind.driver(self.local), |data| match kind {
            TunnelKind::Gif => {
                data.attribute(ifla::IPTUN_LOCAL, &octets(self.local));
                data.attribute(ifla::IPTUN_REMOTE, &octets(self.remote));
                data.attribute(ifla::IPTUN_TTL, &[TUNNEL_HOPS]);
                // 0 is any protocol: IPv4 and IPv6 both pass, as in gif(4).
                data.attribute(ifla::IPTUN_PROTO, &[0]);
            }
            TunnelKind::Gre => {
                data.attribute(ifla::GRE_LOCAL, &octets(self.local));
                data.attribute(ifla::GRE_REMOTE, &octets(self.remote));
                data.attribute(ifla::GRE_TTL, &[TUNNEL_HOPS]);
                let flags = if self.key == 0 { [0, 0] } else { GRE_KEY };
                // The driver takes a key only with its flag, and each direction has its own.
                data.attribute(ifla::GRE_IFLAGS, &flags).attribute(ifla::GRE_OFLAGS, &flags);
                let key = self.key.to_be_bytes();
                data.attribute(ifla::GRE_IKEY, &key).attribute(ifla::GRE_OKEY, &key);
            }
        });
    }
}

/// The kind of an interface, from the name of its Linux driver and what the driver says of it.
pub(crate) fn parse(driver: &str, data: &[u8]) -> Kind {
    let find = |wanted| wire::find(data, wanted);
    let byte = |wanted| find(wanted).and_then(|value| value.first().copied()).unwrap_or(0);
    let address = |wanted| find(wanted).and_then(from_octets);
    match driver {
        "veth" => Kind::Epair,
        "dummy" => Kind::Lo,
        "wireguard" => Kind::Wireguard,
        // linux/if_tun.h: IFF_TUN is 1, IFF_TAP 2.
        "tun" if byte(ifla::TUN_TYPE) == 1 => Kind::Tun,
        "tun" => Kind::Tap,
        "vlan" => Kind::Vlan {
            tag: find(ifla::VLAN_ID).and_then(|value| u16_at(value, 0)).unwrap_or(0),
            stacked: find(ifla::VLAN_PROTOCOL) == Some(&ETHERTYPE_8021AD.to_be_bytes()),
            priority: find(ifla::VLAN_EGRESS_QOS).map_or(0, priority_of),
            // The link's own attribute says it, not the driver's.
            parent: None,
        },
        "bond" => Kind::Lagg {
            protocol: LaggProtocol::from_number(byte(ifla::BOND_MODE)),
            hash: byte(ifla::BOND_HASH),
            active: find(ifla::BOND_ACTIVE).and_then(|value| u32_at(value, 0)),
        },
        "vxlan" => Kind::Vxlan(Vxlan {
            id: find(ifla::VXLAN_ID).and_then(|value| u32_at(value, 0)).unwrap_or(0),
            local: address(ifla::VXLAN_LOCAL).or(address(ifla::VXLAN_LOCAL6)),
            remote: address(ifla::VXLAN_GROUP).or(address(ifla::VXLAN_GROUP6)),
            device: find(ifla::VXLAN_LINK).and_then(|value| u32_at(value, 0)),
            port: find(ifla::VXLAN_PORT).and_then(|value| u16_at(value, 0)).map_or(0, u16::from_be),
            hops: byte(ifla::VXLAN_TTL),
            deaf: byte(ifla::VXLAN_LEARNING) == 0,
        }),
        "sit" | "ip6tnl" | "ipip" => {
            let ends = address(ifla::IPTUN_LOCAL).zip(address(ifla::IPTUN_REMOTE));
            let tunnel = ends.map(|(local, remote)| Tunnel { local, remote, key: 0 });
            Kind::Tunnel(TunnelKind::Gif, tunnel)
        }
        "gre" | "ip6gre" => {
            let ends = address(ifla::GRE_LOCAL).zip(address(ifla::GRE_REMOTE));
            let key =
                find(ifla::GRE_OKEY).and_then(|value| u32_at(value, 0)).map_or(0, u32::from_be);
            let tunnel = ends.map(|(local, remote)| Tunnel { local, remote, key });
            Kind::Tunnel(TunnelKind::Gre, tunnel)
        }
        other => Kind::Other(other.to_owned()),
    }
}

/// The priority that frames of the first queue get; all others get the same.
fn priority_of(map: &[u8]) -> u8 {
    let first = attributes(map).find(|(_, entry)| u32_at(entry, 0) == Some(0));
    first.and_then(|(_, entry)| u32_at(entry, 4)).map_or(0, |priority| priority as u8)
}
