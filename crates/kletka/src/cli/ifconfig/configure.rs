//! Carries out the changes of one command line.
//!
//! What can be looked up beforehand is: the interface, the members of a bridge, the networks of jails.
//! So a line with a mistake in it changes nothing, where FreeBSD's ifconfig stops half way.

use std::collections::HashMap;
use std::fmt;

use netif::{Cloner, Error, Flags, Interface, InterfaceName, NameTooLong, Netlink};
use prison::Prison;
use rustix::io::Errno;

use super::command::{Change, Configuration, NewAddress};

/// Why a change was not made. `Display` is what follows `ifconfig: `.
#[derive(Debug)]
pub(super) enum ConfigureError {
    Kernel(Error),
    Name(NameTooLong),
    /// `create` of an interface that is not one of ours to make.
    NoCloner(String),
    /// A vlan needs its tag and its parent at once.
    VlanUnfinished(String),
    /// `vlan` and `vlandev` for another kind.
    NotVlan(String),
    Jail(String),
    /// `vnet`: the jail does not get it.
    Vnet(prison::Error),
    /// `-vnet`: the interface cannot be had back.
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
            Self::Kernel(error) => error.fmt(f),
            Self::Name(error) => error.fmt(f),
            Self::NoCloner(name) => write!(
                f,
                "SIOCIFCREATE2 ({name}): Invalid argument \
                 (what can be created: epairN, bridgeN, vlanN, IF.TAG)"
            ),
            Self::VlanUnfinished(name) => write!(
                f,
                "SIOCIFCREATE2 ({name}): Invalid argument \
                 (on Linux a vlan is made whole: create vlan TAG vlandev IF)"
            ),
            Self::NotVlan(name) => write!(f, "{name}: vlan and vlandev are for a vlan"),
            Self::Jail(reason) => f.write_str(reason),
            Self::Vnet(error) => error.fmt(f),
            Self::Reclaim { jail, name, error } => {
                write!(f, "SIOCSIFRVNET({jail}, {name}): ")?;
                match error {
                    // FreeBSD's answer to an interface that is not in that jail.
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

/// The jails that a command line names, by those names.
pub(super) type Prisons = HashMap<String, Prison>;

/// Finds a jail by its name or number.
pub(super) type FindPrison = fn(&str) -> Result<Prison, String>;

/// Makes the changes. `Ok`: the name to print, when it is another than the one that was given.
pub(super) fn configure(
    netlink: &mut Netlink,
    wanted: &Configuration,
    find_prison: FindPrison,
) -> Result<Option<InterfaceName>, ConfigureError> {
    let given = InterfaceName::parse(&wanted.interface).map_err(ConfigureError::Name)?;
    let existing = look(netlink, &given, wanted)?;
    let prisons = prisons(wanted, find_prison)?;
    check_members(netlink, &given, wanted, existing.is_some())?;
    warn_about_masks(wanted, existing.as_ref());
    let makes = existing.is_none() && wanted.create;
    let mut current = if makes { create(netlink, &given, wanted)? } else { given.clone() };
    let mut changes = wanted.changes.iter();
    let done = changes.try_for_each(|c| apply(netlink, &mut current, c, wanted, &prisons));
    if let (Err(_), true) = (&done, makes) {
        // What was made goes again: nothing is left of a line that failed. It was there a moment ago;
        // should it not go, the first error says more.
        let _ = netlink.destroy(&current);
    }
    done?;
    Ok((current != given).then_some(current))
}

/// The interface, when it is there. It must be, or not be, as the command line has it.
fn look(
    netlink: &mut Netlink,
    name: &InterfaceName,
    wanted: &Configuration,
) -> Result<Option<Interface>, ConfigureError> {
    // It may come out of a jail first.
    let comes = matches!(wanted.changes.first(), Some(Change::Reclaim(_)));
    match netlink.link(name) {
        // As on FreeBSD, `create` with changes after it may find the interface there; not so a vlan,
        // which would not become the one that is asked for.
        Ok(_) if wanted.create && (wanted.changes.is_empty() || wanted.vlan.is_some()) => {
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
        match change {
            Change::DeleteMember(member) => leaving.push(member),
            // A member that leaves first may join again.
            Change::AddMember(member) if !leaving.contains(&member) => {
                netlink.check_member(exists.then_some(name), member)?;
            }
            _ => {}
        }
    }
    Ok(())
}

fn warn_about_masks(wanted: &Configuration, existing: Option<&Interface>) {
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
    netlink: &mut Netlink,
    given: &InterfaceName,
    wanted: &Configuration,
) -> Result<InterfaceName, ConfigureError> {
    let cloner = Cloner::parse(given.as_str());
    if wanted.vlan.is_some() && !matches!(cloner, Some(Cloner::Vlan(_) | Cloner::VlanOf(..))) {
        return Err(ConfigureError::NotVlan(given.to_string()));
    }
    let made = match (cloner, &wanted.vlan) {
        (Some(Cloner::Epair(unit)), _) => netlink.create_epair(unit)?,
        (Some(Cloner::Bridge(unit)), _) => netlink.create_bridge(unit)?,
        (Some(Cloner::Vlan(unit)), Some((tag, parent))) => {
            netlink.create_vlan(unit, *tag, parent)?
        }
        (Some(Cloner::Vlan(_)), None) => {
            return Err(ConfigureError::VlanUnfinished(given.to_string()));
        }
        (Some(Cloner::VlanOf(parent, tag)), _) => {
            netlink.create_vlan_named(given, tag, &parent)?;
            given.clone()
        }
        (None, _) => return Err(ConfigureError::NoCloner(given.to_string())),
    };
    Ok(made)
}

fn apply(
    netlink: &mut Netlink,
    current: &mut InterfaceName,
    change: &Change,
    wanted: &Configuration,
    prisons: &Prisons,
) -> Result<(), ConfigureError> {
    match change {
        Change::Up => netlink.up(current)?,
        Change::Down => netlink.down(current)?,
        Change::Mtu(mtu) => netlink.set_mtu(current, *mtu)?,
        Change::Ether(ether) => netlink.set_ether(current, *ether)?,
        Change::Description(text) => netlink.set_description(current, text)?,
        Change::Rename(new) => {
            netlink.rename(current, new)?;
            *current = new.clone();
        }
        Change::AddMember(member) => netlink.add_member(current, member)?,
        Change::DeleteMember(member) => netlink.delete_member(current, member)?,
        Change::Destroy => netlink.destroy(current)?,
        Change::Address(new) => add_address(netlink, current, new, wanted)?,
        Change::DeleteAddress(address) => netlink.delete_address(current, *address)?,
        Change::DeleteFirstInet => netlink.delete_first_inet(current)?,
        Change::Vnet(jail) => {
            if let Some(prison) = prisons.get(jail) {
                prison.give_interface(current.as_str()).map_err(ConfigureError::Vnet)?;
            }
        }
        Change::Reclaim(jail) => {
            if let Some(prison) = prisons.get(jail) {
                let name = current.as_str();
                prison.take_interface(name).map_err(|error| ConfigureError::Reclaim {
                    jail: jail.clone(),
                    name: current.clone(),
                    error,
                })?;
            }
        }
    }
    Ok(())
}

/// Gives the interface an address. FreeBSD's kernel brings an interface up with its first address.
fn add_address(
    netlink: &mut Netlink,
    name: &InterfaceName,
    new: &NewAddress,
    wanted: &Configuration,
) -> Result<(), Error> {
    if new.replaces {
        match netlink.delete_first_inet(name) {
            // There was none.
            Ok(()) | Err(Error::Refused { errno: Errno::ADDRNOTAVAIL, .. }) => {}
            Err(error) => return Err(error),
        }
    }
    netlink.add_address(name, &new.address)?;
    let said = |change: &Change| matches!(change, Change::Up | Change::Down);
    if wanted.changes.iter().any(said) { Ok(()) } else { netlink.up(name) }
}
