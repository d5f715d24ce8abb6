//! Carries out the changes of one command line.
//!
//! The interface, the members of a bridge and the networks of jails are looked up before the first
//! change. So a line with a mistake changes nothing, where FreeBSD's ifconfig stops half way.

use std::collections::HashMap;
use std::fmt;
use std::net::{IpAddr, Ipv6Addr};

use netif::{
    BridgeSetting, Capability, Cloner, Error, EtherAddress, Flags, Interface, InterfaceAddress,
    InterfaceName, Kind, Maker, NameTooLong, Netlink, PortVlanChange, Prefix, Request,
};
use networds::ifconfig::{BridgeChange, Change, Configuration, NewAddress, UsageError, listing};
use prison::Prison;
use rustix::io::Errno;

use super::identity::undone;
use super::network::Network;

/// Why a change was not made. `Display` writes the text that follows `ifconfig: `.
#[derive(Debug)]
pub(super) enum ConfigureError {
    Kernel(Error),
    Name(NameTooLong),
    /// `create` was said with a name that belongs to no kind of interface.
    NoCloner(String),
    /// A vlan needs its tag and its parent when it is made.
    VlanUnfinished(String),
    /// A tunnel needs its ends when it is made, and a vxlan its number.
    Unfinished(String, &'static str),
    /// The words after `create` are for another kind of interface.
    OtherKind(String),
    Usage(UsageError),
    /// `eui64` was said, and the interface has no link-local address.
    NoLinkLocal,
    Jail(String),
    /// A hook that undoes a start would take away what the start has not made.
    NotOfThisStart(InterfaceName),
    /// `vnet`: the jail does not get the interface.
    Vnet(prison::Error),
    /// `-vnet`: the jail does not give the interface back.
    Reclaim {
        jail: String,
        name: InterfaceName,
        error: prison::Error,
    },
}

impl From<Error> for ConfigureError {
    fn from(error: Error) -> Self {
        Self::Kernel(error)
    }
}

impl fmt::Display for ConfigureError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Kernel(error @ Error::Exists(name)) if name == "gre0" => {
                write!(f, "{error} (on Linux it is the kernel's own: take another number)")
            }
            Self::Kernel(error) => error.fmt(f),
            Self::Name(error) => error.fmt(f),
            Self::NoCloner(name) => write!(
                f,
                "SIOCIFCREATE2 ({name}): Invalid argument (what can be created: epairN, bridgeN, \
                 vlanN, IF.TAG, laggN, loN, tapN, tunN, vmnetN, vxlanN, gifN, greN, \
                 wgN)"
            ),
            Self::VlanUnfinished(name) => write!(
                f,
                "SIOCIFCREATE2 ({name}): Invalid argument \
                 (on Linux a vlan is made whole: create vlan TAG vlandev IF)"
            ),
            Self::Unfinished(name, how) => write!(
                f,
                "SIOCIFCREATE2 ({name}): Invalid argument (on Linux it is made whole: create {how})"
            ),
            Self::OtherKind(name) => {
                write!(f, "{name}: what is said after create is for another kind of interface")
            }
            Self::Usage(error) => error.fmt(f),
            Self::NoLinkLocal => f.write_str(
                "could not determine link local address \
                 (on Linux an interface has one when it is up)",
            ),
            Self::Jail(reason) => f.write_str(reason),
            Self::NotOfThisStart(name) => {
                write!(f, "{name}: kept: not made by the start that is undone")
            }
            Self::Vnet(error) => error.fmt(f),
            Self::Reclaim { jail, name, error } => {
                write!(f, "SIOCSIFRVNET({jail}, {name}): ")?;
                match error {
                    // FreeBSD says this of an interface that is not in that jail.
                    prison::Error::Interface(_, error) if is_missing(error) => {
                        f.write_str("Device not configured")
                    }
                    error => error.fmt(f),
                }
            }
        }
    }
}

fn is_missing(error: &std::io::Error) -> bool {
    error.raw_os_error() == Some(Errno::NODEV.raw_os_error())
}

/// The jails of a command line, by the names that it has for them.
pub(super) type Prisons = HashMap<String, Prison>;

/// Finds a jail by its name or number.
pub(super) type FindPrison = fn(&str) -> Result<Prison, String>;

/// Makes the changes. Answers the text to print: addresses that were asked for, and the name of the
/// interface if that is not the name that was given.
pub(super) fn configure(
    network: &mut Network,
    wanted: &Configuration,
    find_prison: FindPrison,
) -> Result<String, ConfigureError> {
    let given = InterfaceName::parse(&wanted.interface).map_err(ConfigureError::Name)?;
    let netlink = &mut network.netlink;
    let existing = if says_itself(wanted) { None } else { look(netlink, &given, wanted)? };
    let prisons = prisons(wanted, find_prison)?;
    // A single change to an interface that is there needs no look beforehand: the kernel refuses it
    // whole.
    if wanted.changes.len() > 1 || wanted.create {
        check_members(netlink, &given, wanted, existing.is_some())?;
    }
    warn_about_masks(wanted, existing.as_ref());
    let makes = existing.is_none() && wanted.create;
    let mut current = if makes { create(network, &given, wanted)? } else { given.clone() };
    let mut said = String::new();
    let mut line = Line { network, wanted, prisons: &prisons, said: &mut said };
    let done = wanted.changes.iter().try_for_each(|change| line.apply(&mut current, change));
    if let (Err(_), true) = (&done, makes) {
        // An interface that a failed line has made is destroyed: otherwise the corrected line would
        // find the name taken. If this fails as well, the first error says more.
        let _ = network.netlink.destroy(&current);
    }
    done?;
    if wanted.changes.iter().any(changes_routes) && network.may_have_fib(&current)? {
        network.netlink.follow_fib(&current)?;
    }
    if current != given {
        said += &format!("{current}\n");
    }
    Ok(said)
}

/// Whether routes follow from the change, which the table of an interface's fib is to have.
fn changes_routes(change: &Change) -> bool {
    let deletes = matches!(change, Change::DeleteAddress(_) | Change::DeleteFirstInet);
    deletes || matches!(change, Change::Up | Change::Address(_))
}

/// Whether the kernel's answer to the first change already says that the interface is missing, or
/// is there. Then one request to the kernel, a look at the interface, is saved.
fn says_itself(wanted: &Configuration) -> bool {
    if wanted.create {
        return wanted.changes.is_empty() && Cloner::parse(&wanted.interface).is_some();
    }
    // These changes have a message of their own for a missing interface, or need to know more about
    // it.
    let looks = |change: &Change| match change {
        Change::Vnet(_) | Change::Reclaim(_) => true,
        Change::Bridge(BridgeChange::AddMember(..)) => wanted.changes.len() > 1,
        Change::Address(new) => new.guessed,
        _ => false,
    };
    !wanted.changes.iter().any(looks)
}

/// Looks up the interface. Refuses a command line that wants the interface to be there, or to be
/// missing, when it is not so.
fn look(
    netlink: &mut Netlink,
    name: &InterfaceName,
    wanted: &Configuration,
) -> Result<Option<Interface>, ConfigureError> {
    // A leading `-vnet` fetches the interface from a jail, so it may be missing here.
    let comes = matches!(wanted.changes.first(), Some(Change::Reclaim(_)));
    match netlink.link(name) {
        // As on FreeBSD, `create` with changes after it may find the interface there. A vlan or a
        // tunnel may not: an interface that is there would not become what was described.
        Ok(_) if wanted.create && (wanted.changes.is_empty() || !wanted.creation.is_empty()) => {
            Err(Error::Exists(name.to_string()).into())
        }
        Ok(interface) => Ok(Some(interface)),
        Err(Error::NoInterface(_)) if wanted.create || comes => Ok(None),
        Err(error) => Err(error.into()),
    }
}

fn prisons(wanted: &Configuration, find_prison: FindPrison) -> Result<Prisons, ConfigureError> {
    let mut prisons = Prisons::new();
    for change in &wanted.changes {
        if let Change::Vnet(jail) | Change::Reclaim(jail) = change {
            let prison = find_prison(jail).map_err(ConfigureError::Jail)?;
            prisons.insert(jail.clone(), prison);
        }
    }
    Ok(prisons)
}

fn check_members(
    netlink: &mut Netlink,
    name: &InterfaceName,
    wanted: &Configuration,
    exists: bool,
) -> Result<(), ConfigureError> {
    let mut leaving = Vec::new();
    for change in &wanted.changes {
        let Change::Bridge(change) = change else { continue };
        if let BridgeChange::DeleteMember(member) = change {
            leaving.push(member);
        }
        // A member that leaves the bridge earlier in the line may join again.
        if let BridgeChange::AddMember(member, _) = change
            && !leaving.contains(&member)
        {
            netlink.check_member(exists.then_some(name), member)?;
        }
        if let BridgeChange::Span(port) = change {
            netlink.check_span(port)?;
        }
    }
    Ok(())
}

fn warn_about_masks(wanted: &Configuration, existing: Option<&Interface>) {
    // FreeBSD's ifconfig does not warn for a loopback.
    let loopback = existing.is_some_and(|interface| interface.flags.has(Flags::LOOPBACK));
    let guessed = |change: &Change| matches!(change, Change::Address(new) if new.guessed);
    if !loopback && wanted.changes.iter().any(guessed) {
        complain!(
            "ifconfig: WARNING: setting interface address without mask is deprecated,\n\
             default mask may not be correct."
        );
    }
}

fn create(
    network: &mut Network,
    given: &InterfaceName,
    wanted: &Configuration,
) -> Result<InterfaceName, ConfigureError> {
    let identity = network.identity();
    let netlink = &mut network.netlink;
    let said = &wanted.creation;
    let vlan = said.vlan(given.as_str()).map_err(ConfigureError::Usage)?;
    let unfinished = |how| ConfigureError::Unfinished(given.to_string(), how);
    let made = match Cloner::parse(given.as_str()) {
        Some(Cloner::Epair(unit)) if said.is_empty() => {
            netlink.create_epair(unit, identity.as_ref())
        }
        Some(Cloner::Bridge(unit)) if said.is_empty() => {
            netlink.create_bridge(unit, identity.as_ref())
        }
        Some(Cloner::Lo(unit)) if said.is_empty() => netlink.create_lo(unit),
        Some(Cloner::Wireguard(unit)) if said.is_empty() => netlink.create_wireguard(unit),
        Some(Cloner::Vlan(unit)) => {
            let vlan = vlan.ok_or_else(|| ConfigureError::VlanUnfinished(given.to_string()))?;
            netlink.create_vlan(unit, &vlan)
        }
        Some(Cloner::VlanOf(..)) => {
            let vlan = vlan.ok_or_else(|| ConfigureError::VlanUnfinished(given.to_string()))?;
            netlink.create_vlan_named(given, &vlan).map(|()| given.clone())
        }
        Some(Cloner::Lagg(unit)) if !said.is_vlan() && said.tunnel().is_none() => {
            netlink.create_lagg(unit, said.lagg.unwrap_or_default())
        }
        Some(Cloner::Vxlan(unit)) => {
            let vxlan = vxlan(netlink, wanted)?.ok_or_else(|| unfinished("vxlanid NUMBER …"))?;
            netlink.create_vxlan(unit, &vxlan)
        }
        Some(Cloner::Tunnel(kind, unit)) => {
            let tunnel = said.tunnel().ok_or_else(|| unfinished("tunnel SOURCE DESTINATION"))?;
            netlink.create_tunnel(unit, kind, &tunnel)
        }
        Some(Cloner::Tap(unit)) if said.is_empty() => network.create_tap("tap", unit),
        Some(Cloner::Vmnet(unit)) if said.is_empty() => network.create_tap("vmnet", unit),
        Some(Cloner::Tun(unit)) if said.is_empty() => network.create_tap("tun", unit),
        Some(_) => return Err(ConfigureError::OtherKind(given.to_string())),
        None => return Err(ConfigureError::NoCloner(given.to_string())),
    };
    Ok(made?)
}

/// Answers the vxlan that was described, with its interface looked up. `None`: no number was given.
fn vxlan(
    netlink: &mut Netlink,
    wanted: &Configuration,
) -> Result<Option<netif::Vxlan>, ConfigureError> {
    let Some(words) = &wanted.creation.vxlan else { return Ok(None) };
    let Some(id) = words.id else { return Ok(None) };
    let device = words.device.as_ref().map(|device| netlink.index(device)).transpose()?;
    Ok(Some(netif::Vxlan { id, device, ..words.values.clone() }))
}

/// A command line that is being carried out.
struct Line<'a> {
    network: &'a mut Network,
    wanted: &'a Configuration,
    prisons: &'a Prisons,
    /// The text to print.
    said: &'a mut String,
}

impl Line<'_> {
    /// Refuses to take an interface away in a hook that undoes a start, unless a hook of the same
    /// jail has made the interface: another jail may run with it.
    fn may_take(&mut self, current: &InterfaceName, change: &Change) -> Result<(), ConfigureError> {
        let Some(jail) = undone() else { return Ok(()) };
        let taken = match change {
            Change::Destroy => current,
            Change::Bridge(BridgeChange::DeleteMember(member)) => member,
            Change::Reclaim(from)
                if self.prisons.get(from).is_some_and(|it| it.record().name != jail) =>
            {
                return Err(ConfigureError::NotOfThisStart(current.clone()));
            }
            _ => return Ok(()),
        };
        if self.network.netlink.link(taken)?.maker == Some(Maker::hooks_of(&jail)) {
            return Ok(());
        }
        Err(ConfigureError::NotOfThisStart(taken.clone()))
    }

    fn apply(
        &mut self,
        current: &mut InterfaceName,
        change: &Change,
    ) -> Result<(), ConfigureError> {
        self.may_take(current, change)?;
        let netlink = &mut self.network.netlink;
        match change {
            Change::Up => netlink.up(current)?,
            Change::Down => self.network.down(current)?,
            Change::Fib(fib) => self.network.set_fib(current, *fib)?,
            Change::Mtu(mtu) => netlink.set_mtu(current, *mtu)?,
            Change::Mode(mode, switch) => {
                netlink.set_mode(current, *mode, switch.on, &switch.word)?;
            }
            Change::Ether(ether) => netlink.set_ether(current, *ether)?,
            Change::RandomEther => netlink.set_ether(current, EtherAddress::random())?,
            Change::Description(text) => netlink.set_description(current, text)?,
            Change::Rename(new) => {
                netlink.rename(current, new)?;
                let old = std::mem::replace(current, new.clone());
                // The rules of a fib are by the name.
                if self.network.may_have_fib(current)? {
                    let fib = self.network.netlink.fib_of(&old)?;
                    self.network.netlink.forget_fib(&old)?;
                    self.network.set_fib(current, fib)?;
                }
            }
            Change::Group(group) => netlink.add_group(current, group)?,
            Change::Ungroup(group) => netlink.remove_group(current, group)?,
            Change::Capability(capabilities, switch) => {
                let ethtool = self.network.ethtool(&switch.word)?;
                for capability in capabilities {
                    ethtool.set(current, *capability, switch.on, &switch.word)?;
                }
            }
            Change::Inet6(option, on) => self.network.set_inet6(current, *option, *on)?,
            Change::Destroy => {
                let has_fib = self.network.may_have_fib(current)?;
                self.network.netlink.destroy(current)?;
                if has_fib {
                    self.network.netlink.forget_fib(current)?;
                }
            }
            Change::Address(new) => add_address(netlink, current, new, self.wanted)?,
            Change::DeleteAddress(address) => netlink.delete_address(current, *address)?,
            Change::DeleteFirstInet => netlink.delete_first_inet(current)?,
            Change::LaggPort(port) => netlink.add_lagg_port(current, port)?,
            Change::RemoveLaggPort(port) => netlink.remove_lagg_port(current, port)?,
            Change::LaggProtocol(protocol) => netlink.set_lagg_protocol(current, *protocol)?,
            Change::Tunnel(tunnel) => netlink.set_tunnel(current, tunnel)?,
            Change::VlanPriority(priority) => netlink.set_vlan_priority(current, *priority)?,
            Change::Vnet(jail) | Change::Reclaim(jail) => {
                let gives = matches!(change, Change::Vnet(_));
                let has_fib = gives && self.network.may_have_fib(current)?;
                if let Some(prison) = self.prisons.get(jail) {
                    move_interface(prison, jail, current, gives)?;
                }
                if has_fib {
                    self.network.netlink.forget_fib(current)?;
                }
            }
            Change::Bridge(change) => self.apply_to_bridge(current, change)?,
        }
        Ok(())
    }

    fn apply_to_bridge(
        &mut self,
        current: &InterfaceName,
        change: &BridgeChange,
    ) -> Result<(), ConfigureError> {
        let netlink = &mut self.network.netlink;
        match change {
            BridgeChange::AddMember(member, vlans) => self.add_member(current, member, vlans)?,
            BridgeChange::DeleteMember(member) => netlink.delete_member(current, member)?,
            BridgeChange::Span(port) => netlink.add_span(current, port)?,
            BridgeChange::RemoveSpan(port) => netlink.remove_span(current, port)?,
            BridgeChange::Set(setting) => netlink.set_bridge(current, *setting)?,
            BridgeChange::SetMember(member, setting) => {
                netlink.set_port(current, member, *setting)?;
            }
            BridgeChange::VlanFilter(on) => netlink.set_vlan_filter(current, *on)?,
            BridgeChange::DefaultUntagged(tag) => netlink.set_default_untagged(current, *tag)?,
            BridgeChange::MemberVlans(member, change) => {
                netlink.set_port_vlans(current, member, change)?;
            }
            BridgeChange::Stp(member, on) => set_stp(netlink, current, member, *on)?,
            BridgeChange::ShowAddresses => {
                *self.said += &addresses(netlink, current)?;
            }
            BridgeChange::Static(member, ether) => netlink.add_static(current, member, *ether)?,
            BridgeChange::Forget(ether) => netlink.forget(current, *ether)?,
            BridgeChange::Flush => netlink.flush_learned(current, false)?,
            BridgeChange::FlushAll => netlink.flush_learned(current, true)?,
        }
        Ok(())
    }

    /// Carries out `addm`. A member that does not get its vlans leaves again.
    fn add_member(
        &mut self,
        bridge: &InterfaceName,
        member: &InterfaceName,
        vlans: &[PortVlanChange],
    ) -> Result<(), ConfigureError> {
        let netlink = &mut self.network.netlink;
        let joining = netlink.check_member(Some(bridge), member)?;
        if !vlans.is_empty() {
            netlink.check_filter(bridge, || Request::AddMember(member.clone()))?;
        }
        // Asked before the member joins: Linux itself may turn LRO off then, and nobody would be
        // told.
        let spoils = joins_packets(self.network, &joining.member)?;
        let netlink = &mut self.network.netlink;
        netlink.join(&joining)?;
        let given = vlans.iter().try_for_each(|it| netlink.set_port_vlans(bridge, member, it));
        given.inspect_err(|_| {
            // The first error says more.
            let _ = netlink.delete_member(bridge, member);
        })?;
        if spoils { self.stop_joining(member) } else { Ok(()) }
    }

    /// Turns LRO off, because a bridge cannot send on what the hardware has joined. LRO stays on if
    /// the administrator turns it on again.
    fn stop_joining(&mut self, member: &InterfaceName) -> Result<(), ConfigureError> {
        complain!(
            "ifconfig: {member}: LRO turned off: what the hardware joins, a bridge cannot send on"
        );
        let ethtool = self.network.ethtool("-lro")?;
        Ok(ethtool.set(member, Capability::Lro, false, "-lro")?)
    }
}

/// Whether `member` is hardware that joins packets, or a lagg of such hardware.
fn joins_packets(network: &mut Network, member: &Interface) -> Result<bool, Error> {
    if !matches!(member.kind, Kind::Ethernet | Kind::Lagg { .. }) {
        return Ok(false);
    }
    // A kernel whose ethtool does not speak netlink cannot be asked; it turns LRO off by itself.
    let Ok(ethtool) = network.ethtool("-lro") else { return Ok(false) };
    Ok(ethtool.of(&member.name)?.has(Capability::Lro))
}

/// Carries out `stp` and `-stp`. On Linux a bridge as a whole takes part in a spanning tree; its
/// members have no switch of their own.
fn set_stp(
    netlink: &mut Netlink,
    bridge: &InterfaceName,
    member: &InterfaceName,
    on: bool,
) -> Result<(), Error> {
    let lookup = || Request::Other("unable to get bridge flags".to_owned());
    let port = netlink.member(bridge, member, lookup)?;
    let links = netlink.links()?;
    let known = links.iter().find(|link| Some(link.index) == port.master).map(|link| &link.kind);
    if matches!(known, Some(Kind::Bridge(known)) if known.stp == on) {
        return Ok(());
    }
    // Without other members, FreeBSD's meaning and Linux's are the same, and nothing has to be
    // said.
    if links.iter().any(|link| link.master == port.master && link.index != port.index) {
        let word = if on { "on" } else { "off" };
        complain!(
            "ifconfig: WARNING: on Linux a bridge has a spanning tree or not: \
             {word} for all members of {bridge}"
        );
    }
    netlink.set_bridge(bridge, BridgeSetting::Stp(on))
}

/// Answers what `addr` prints.
fn addresses(netlink: &mut Netlink, bridge: &InterfaceName) -> Result<String, Error> {
    let learned = netlink.learned(bridge)?;
    let links = netlink.links()?;
    let itself = links.iter().find(|link| link.name == *bridge);
    let timeout = match itself.map(|link| &link.kind) {
        Some(Kind::Bridge(known)) => known.timeout,
        _ => {
            let request = Request::Other("unable to get address cache".to_owned());
            return Err(Error::Refused { request, errno: Errno::INVAL, because: None });
        }
    };
    Ok(learned.iter().map(|it| listing::learned(it, &links, timeout)).collect())
}

/// Carries out `vnet` and `-vnet`.
fn move_interface(
    prison: &Prison,
    jail: &str,
    name: &InterfaceName,
    gives: bool,
) -> Result<(), ConfigureError> {
    if gives {
        return prison.give_interface(name.as_str()).map_err(ConfigureError::Vnet);
    }
    prison.take_interface(name.as_str()).map_err(|error| ConfigureError::Reclaim {
        jail: jail.to_owned(),
        name: name.clone(),
        error,
    })
}

/// Gives the interface an address, and brings it up.
fn add_address(
    netlink: &mut Netlink,
    name: &InterfaceName,
    new: &NewAddress,
    wanted: &Configuration,
) -> Result<(), ConfigureError> {
    if new.eui64 {
        let address = with_interface_id(netlink, name, new.address.clone())?;
        netlink.add_address(name, &address)?;
    } else if new.replaces {
        netlink.replace_address(name, &new.address)?;
    } else {
        netlink.add_address(name, &new.address)?;
    }
    // FreeBSD's kernel brings an interface up with its first address, unless the line says
    // otherwise.
    let said = |change: &Change| matches!(change, Change::Up | Change::Down);
    if wanted.changes.iter().any(said) { Ok(()) } else { Ok(netlink.up(name)?) }
}

/// Carries out `eui64`: gives the address the lower half of the interface's link-local address.
fn with_interface_id(
    netlink: &mut Netlink,
    name: &InterfaceName,
    address: InterfaceAddress,
) -> Result<InterfaceAddress, ConfigureError> {
    let index = netlink.index(name)?;
    let own = netlink.addresses()?.into_iter().filter(|(owner, _)| *owner == index);
    let link_local = own.into_iter().find_map(|(_, own)| match own.prefix.address {
        IpAddr::V6(own) if own.is_unicast_link_local() => Some(own),
        _ => None,
    });
    let (Some(link_local), IpAddr::V6(upper)) = (link_local, address.prefix.address) else {
        return Err(ConfigureError::NoLinkLocal);
    };
    let whole = upper.to_bits() | link_local.to_bits() & u128::from(u64::MAX);
    let prefix = Prefix { address: Ipv6Addr::from_bits(whole).into(), ..address.prefix };
    Ok(InterfaceAddress { prefix, ..address })
}
