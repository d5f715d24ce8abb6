//! An interface as it was: what it is, its settings, its master, and the request that makes it
//! again.

use crate::address::EtherAddress;
use crate::change::{by_index, flags_by_index, link_body};
use crate::interface;
use crate::name::InterfaceName;
use crate::uapi::{arphrd, genl, iff, ifla, nlm, rtm};
use crate::wire::{self, LINK_BODY, Message, attributes, find, text, u16_at, u32_at};

use super::Numbers;
use super::inet6::Inet6;

/// The flags that somebody sets; the kernel derives the others.
const FLAGS: u32 =
    iff::UP | iff::DEBUG | iff::NOARP | iff::PROMISC | iff::ALLMULTI | iff::MULTICAST;

/// Kinds that can be made again from what the kernel says of them. wg needs its keys, tun and tap
/// their program.
const MADE: [&str; 13] = [
    "bond", "bridge", "dummy", "gre", "gretap", "ip6gre", "ip6tnl", "ipip", "macvlan", "sit",
    "vlan", "vrf", "vxlan",
];

/// The settings of a bridge: linux/if_link.h, `IFLA_BR_*`. The other numbers are its timers, and
/// what it has learned.
const BRIDGE: [std::ops::RangeInclusive<u16>; 6] =
    [1..=9, 20..=20, 22..=25, 27..=39, 41..=46, 49..=49];
/// The settings of a bridge that the kernel does not always report as they were set: see
/// [`borrowed`].
const BRIDGE_TIMES: [u16; 4] =
    [ifla::BR_FORWARD_DELAY, ifla::BR_HELLO_TIME, ifla::BR_MAX_AGE, ifla::BR_AGEING_TIME];
/// The settings of a member of a bridge: `IFLA_BRPORT_*`.
const PORT: [std::ops::RangeInclusive<u16>; 7] =
    [2..=10, 12..=12, 25..=25, 27..=33, 37..=37, 39..=40, 42..=43];

/// Flags of a vlan: linux/if_vlan.h, `VLAN_FLAG_*`.
const VLAN_FLAGS: u32 = 0x1f;

type Settings = Vec<(u16, Vec<u8>)>;

/// An interface as the kernel reports it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Link {
    pub(super) index: u32,
    pub(super) name: InterfaceName,
    pub(super) flags: u32,
    pub(super) mtu: u32,
    pub(super) queue: Option<u32>,
    pub(super) ether: Option<EtherAddress>,
    pub(super) description: Option<String>,
    pub(super) master: Option<u32>,
    pub(super) alternative_names: Vec<String>,
    /// Linux's driver; `None`: the interface is hardware, which nobody makes.
    pub(super) driver: Option<String>,
    pub(super) settings: Settings,
    /// The settings that it has as a member of a bridge.
    pub(super) port: Settings,
    /// What the interface does about IPv6.
    pub(super) inet6: Option<Inet6>,
    /// The interface below a vlan, or the other end of an epair.
    other: Option<u32>,
    /// Whether `other` is in another network.
    is_other_elsewhere: bool,
}

impl Link {
    /// Reads the body of an `RTM_NEWLINK`.
    pub(super) fn parse(body: &[u8]) -> Option<Self> {
        let interface = interface::parse(body)?;
        let all = body.get(LINK_BODY..)?;
        let find = |wanted| find(all, wanted);
        let info = find(ifla::LINKINFO).unwrap_or_default();
        let inside = |wanted| wire::find(info, wanted);
        let driver = inside(ifla::INFO_KIND).map(text);
        let data = inside(ifla::INFO_DATA).unwrap_or_default();
        let settings = of_driver(driver.as_deref().unwrap_or_default(), data);
        let of_bridge = inside(ifla::INFO_SLAVE_KIND).map(text).as_deref() == Some("bridge");
        let port = inside(ifla::INFO_SLAVE_DATA).filter(|_| of_bridge).unwrap_or_default();
        Some(Self {
            index: interface.index,
            flags: u32_at(body, 8)? & FLAGS,
            mtu: interface.mtu,
            queue: find(ifla::TXQLEN).and_then(|value| u32_at(value, 0)),
            ether: find(ifla::ADDRESS)
                .filter(|_| u16_at(body, 2) == Some(arphrd::ETHER))
                .and_then(|value| value.try_into().ok().map(EtherAddress)),
            description: interface.description,
            master: interface.master,
            alternative_names: interface.alternative_names,
            settings,
            port: kept(port, |kind| within(&PORT, kind)),
            other: find(ifla::LINK).and_then(|value| u32_at(value, 0)),
            is_other_elsewhere: find(ifla::LINK_NETNSID).is_some(),
            inet6: find(ifla::AF_SPEC).and_then(Inet6::parse),
            driver,
            name: interface.name,
        })
    }

    pub(super) fn is(&self, driver: &str) -> bool {
        self.driver.as_deref() == Some(driver)
    }

    /// Whether the interface is as `other`, in all that both report.
    pub(super) fn is_as(&self, other: &Self) -> bool {
        let told = |link: &Self, by: &Self| {
            let mut link = link.clone();
            let is_told = |kind| by.settings.iter().any(|it| it.0 == kind);
            if link.is("bridge") {
                link.settings.retain(|it| !BRIDGE_TIMES.contains(&it.0) || is_told(it.0));
            }
            link
        };
        told(self, other) == told(other, self)
    }

    /// Whether the interface is a bridge some of whose times are hidden.
    pub(super) fn has_borrowed_times(&self) -> bool {
        let is_told = |kind: &u16| self.settings.iter().any(|it| it.0 == *kind);
        self.is("bridge") && !BRIDGE_TIMES.iter().all(is_told)
    }

    /// Whether the interface can be made again, where `all` is the whole network. Hardware need not
    /// be.
    pub(super) fn is_replaceable(&self, all: &[Self]) -> bool {
        match self.driver.as_deref() {
            None => true,
            Some("veth") => self.peer(all).is_some(),
            // The kernel reports a list of addresses in another form than it takes one.
            Some("macvlan")
                if self.settings.iter().any(|it| it.0 == ifla::MACVLAN_MACADDR_DATA) =>
            {
                false
            }
            Some(driver) => MADE.contains(&driver) && !self.is_other_elsewhere,
        }
    }

    /// The other end of an epair, if it is in this network too.
    pub(super) fn peer<'a>(&self, all: &'a [Self]) -> Option<&'a Self> {
        let is_here = self.is("veth") && !self.is_other_elsewhere;
        all.iter().find(|link| is_here && Some(link.index) == self.other)
    }

    /// The request that makes the interface, as far as one request can. `None`: the interface below
    /// does not exist.
    pub(super) fn creation(&self, all: &[Self], numbers: &Numbers) -> Option<Message> {
        let mut message = Message::new(rtm::NEWLINK, nlm::CREATE | nlm::EXCL, &[0; LINK_BODY]);
        message.string(ifla::IFNAME, self.name.kernel());
        if let Some(ether) = self.ether {
            message.attribute(ifla::ADDRESS, &ether.0);
        }
        let driver = self.driver.as_deref()?;
        if matches!(driver, "vlan" | "macvlan") {
            message.number(ifla::LINK, numbers.now(self.other?)?);
        }
        let settings = match driver {
            // The other settings may contradict what the driver has at first; `changes` sets them
            // afterwards.
            "bond" => self.settings.iter().filter(|it| it.0 == ifla::BOND_MODE).cloned().collect(),
            "bridge" => Vec::new(),
            _ => self.renumbered(numbers)?,
        };
        let peer = self.peer(all);
        message.nest(ifla::LINKINFO, |info| {
            info.string(ifla::INFO_KIND, driver).nest(ifla::INFO_DATA, |data| match peer {
                Some(peer) => {
                    data.nest(ifla::VETH_INFO_PEER, |other| {
                        other.raw(&[0; LINK_BODY]).string(ifla::IFNAME, peer.name.kernel());
                        if let Some(ether) = peer.ether {
                            other.attribute(ifla::ADDRESS, &ether.0);
                        }
                    });
                }
                None => write(data, &settings),
            });
        });
        Some(message)
    }

    /// The settings with today's numbers of interfaces.
    fn renumbered(&self, numbers: &Numbers) -> Option<Settings> {
        let through = match self.driver.as_deref() {
            Some("vxlan") => Some(ifla::VXLAN_LINK),
            Some("sit" | "ipip" | "ip6tnl" | "gre" | "gretap" | "ip6gre") => Some(ifla::IPTUN_LINK),
            _ => None,
        };
        let mut settings = self.settings.clone();
        for (_, value) in settings.iter_mut().filter(|it| Some(it.0) == through) {
            numbers.replace(value, 0)?;
        }
        Some(settings)
    }

    /// The requests that make `now`, which is this interface today, as this one was; each with the
    /// word for it in an error message.
    pub(super) fn changes(&self, now: &Self, numbers: &Numbers) -> Vec<(&'static str, Message)> {
        let mut changes = Vec::new();
        let change = |flags, mask| flags_by_index(now.index, flags, mask);
        let driver = self.driver.clone().unwrap_or_default();
        let wanted = self.renumbered(numbers).unwrap_or_else(|| self.settings.clone());
        if wanted != now.settings {
            // Other drivers, such as those of tunnels, take what is not named for 0; these three
            // leave it as it is.
            let partly = matches!(driver.as_str(), "bond" | "bridge" | "vlan");
            let differ = wanted.iter().filter(|it| !partly || !now.settings.contains(it)).cloned();
            let differ: Settings = differ.collect();
            let mut message = change(0, 0);
            message.nest(ifla::LINKINFO, |info| {
                info.string(ifla::INFO_KIND, &driver);
                info.nest(ifla::INFO_DATA, |data| write(data, &differ));
            });
            if !differ.is_empty() {
                changes.push(("settings", message));
            }
        }
        if self.mtu != now.mtu {
            let mut message = change(0, 0);
            message.number(ifla::MTU, self.mtu);
            changes.push(("mtu", message));
        }
        if let Some(ether) = self.ether.filter(|_| self.ether != now.ether) {
            // Most hardware takes another address only while it is down.
            changes.push(("down", change(0, iff::UP)));
            let mut message = change(0, 0);
            message.attribute(ifla::ADDRESS, &ether.0);
            changes.push(("ether", message));
            let up = self.flags & iff::UP;
            changes.push(("up", change(up, iff::UP)));
        }
        if let Some(queue) = self.queue.filter(|_| self.queue != now.queue) {
            let mut message = change(0, 0);
            message.number(ifla::TXQLEN, queue);
            changes.push(("queue", message));
        }
        if self.description != now.description {
            let mut message = change(0, 0);
            message.string(ifla::IFALIAS, self.description.as_deref().unwrap_or_default());
            changes.push(("description", message));
        }
        for name in self.alternative_names.iter().filter(|it| !now.alternative_names.contains(it)) {
            changes.push(("name", now.property(rtm::NEWLINKPROP, nlm::CREATE | nlm::EXCL, name)));
        }
        for name in now.alternative_names.iter().filter(|it| !self.alternative_names.contains(it)) {
            changes.push(("name", now.property(rtm::DELLINKPROP, 0, name)));
        }
        if self.flags != now.flags {
            changes.push(("flags", change(self.flags, self.flags ^ now.flags)));
        }
        changes
    }

    /// The request that sets `now` as a member of its bridge, if anything differs.
    pub(super) fn port_change(&self, now: &Self) -> Option<Message> {
        let differ: Settings =
            self.port.iter().filter(|it| !now.port.contains(it)).cloned().collect();
        if differ.is_empty() || now.port.is_empty() {
            return None;
        }
        let mut message = by_index(now.index);
        message.nest(ifla::LINKINFO, |info| {
            info.string(ifla::INFO_SLAVE_KIND, "bridge");
            info.nest(ifla::INFO_SLAVE_DATA, |data| write(data, &differ));
        });
        Some(message)
    }

    fn property(&self, kind: u16, flags: u16, name: &str) -> Message {
        let mut message = Message::new(kind, flags, &link_body(self.index, 0, 0));
        message.nest(ifla::PROP_LIST | genl::NESTED, |list| {
            list.string(ifla::ALT_IFNAME, name);
        });
        message
    }
}

fn within(ranges: &[std::ops::RangeInclusive<u16>], kind: u16) -> bool {
    ranges.iter().any(|range| range.contains(&kind))
}

fn kept(data: &[u8], is_kept: impl Fn(u16) -> bool) -> Settings {
    let kept = attributes(data).filter(|&(kind, _)| is_kept(kind));
    kept.map(|(kind, value)| (kind, value.to_vec())).collect()
}

/// The settings of a driver, in the form in which it takes them.
fn of_driver(driver: &str, data: &[u8]) -> Settings {
    let without = |kinds: &[u16]| kept(data, |kind| !kinds.contains(&kind));
    match driver {
        "bridge" => {
            let borrowed = borrowed(data);
            kept(data, |kind| within(&BRIDGE, kind) && !borrowed.contains(&kind))
        }
        // What the driver finds out by itself cannot be set.
        "bond" => without(&[ifla::BOND_ACTIVE, ifla::BOND_PRIMARY, ifla::BOND_AD_INFO]),
        "macvlan" => without(&[ifla::MACVLAN_MACADDR_COUNT, ifla::MACVLAN_QUEUE_USED]),
        "vlan" => {
            let mut settings = without(&[]);
            // The kernel reports all bits, and accepts only those that exist.
            for (_, value) in settings.iter_mut().filter(|it| it.0 == ifla::VLAN_FLAGS) {
                value.truncate(4);
                value.extend(VLAN_FLAGS.to_ne_bytes());
            }
            settings
        }
        "vxlan" => {
            let mut settings = without(&[]);
            // The kernel reports these always, but takes their presence for a yes: one that is off
            // must not be named.
            let named = [ifla::VXLAN_REMCSUM_TX, ifla::VXLAN_REMCSUM_RX, ifla::VXLAN_TTL_INHERIT];
            settings.retain(|(kind, value)| !named.contains(kind) || value != &[0]);
            let inherits = settings.iter_mut().filter(|it| it.0 == ifla::VXLAN_TTL_INHERIT);
            inherits.for_each(|(_, value)| value.clear());
            settings
        }
        _ => without(&[]),
    }
}

/// The times that a bridge has from its spanning tree for now, which the kernel reports in place of
/// its own. While the tree changes, a bridge forgets stations sooner than it is set to; a bridge
/// that is not the root has the root's other times.
fn borrowed(data: &[u8]) -> &'static [u16] {
    let byte = |wanted| find(data, wanted).and_then(|value| value.first().copied());
    let is_changing = byte(ifla::BR_TOPOLOGY_CHANGE).is_some_and(|it| it != 0);
    let is_in_tree = find(data, ifla::BR_STP_STATE).and_then(|value| u32_at(value, 0)) == Some(1);
    let is_root = find(data, ifla::BR_ROOT_ID) == find(data, ifla::BR_BRIDGE_ID);
    match (is_in_tree && !is_root, is_changing) {
        (false, false) => &[],
        (false, true) => &BRIDGE_TIMES[3..],
        (true, false) => &BRIDGE_TIMES[..3],
        (true, true) => &BRIDGE_TIMES,
    }
}

fn write(message: &mut Message, settings: &[(u16, Vec<u8>)]) {
    for (kind, value) in settings {
        message.attribute(*kind, value);
    }
}
