//! Prisons that have some addresses of a network stack that they share with the host: `ip4.addr`
//! and `ip6.addr` of jail(8). The crate [`addresses`] has the programs and tables; here is where a
//! prison finds them, and who holds them.
//!
//! All prisons of a registry that are on one stack use the same programs, which are found by the
//! control group of any of them: the group that prisons inside are in, too. Each init holds the
//! link by which packets find their sockets. A prison that has a stack for itself needs no such
//! link, and is held to its addresses all the same: so 127.0.0.1 and the ports below 1024 mean the
//! same to both.

use crate::cgroup;
use crate::confine::ids::Ids;
use crate::error::{Calling, Error};
use crate::permission::Permission;
use crate::registry::Registry;
use crate::registry::record::Record;
use crate::spec::{Addresses, Families, Users};
use crate::vnet::own_network;
use crate::within::within_network;
use ::addresses::{Network, Rule, Share, both, close_ports, open_ports};
use kernel::namespace::{self, Namespace};
use rustix::net::{AddressFamily, SocketType, socket};
use std::fmt;
use std::fs::{self, File};
use std::io;
use std::net::{IpAddr, Ipv4Addr, Ipv6Addr};
use std::os::fd::{AsFd, BorrowedFd, OwnedFd};
use std::os::unix::fs::MetadataExt;
use std::path::PathBuf;
use std::str::FromStr;

/// The first port that everybody may bind, where the kernel does not say.
const UNPRIVILEGED: u16 = 1024;

/// Holds a prison that has no processes yet to its addresses of the caller's stack; `others` are
/// the cgroups of those that are held already. What is answered has to stay open as long as the
/// prison lives.
pub(crate) fn hold(others: &[PathBuf], record: &Record) -> Result<OwnedFd, Error> {
    let stack = own_network()?;
    let stack = stack.as_fd();
    // Without its link on this stack, another prison is on another one.
    let found = networks_of(others).find_map(|network| {
        let link = network.link(stack).ok().flatten()?;
        Some((network, link))
    });
    let made = || {
        let network = Network::make()?;
        let link = network.look_up(stack)?;
        Ok((network, link))
    };
    let (network, link) = found.map_or_else(made, Ok).map_err(refused)?;
    attach(&network, record, cookie()?)?;
    Ok(link)
}

/// Holds a prison that has no processes yet, and that is alone on the network stack `stack`, to its
/// addresses. As in [`hold`], `others` may have the programs.
pub(crate) fn hold_apart(
    others: &[PathBuf],
    record: &Record,
    stack: BorrowedFd<'_>,
) -> Result<(), Error> {
    let found = networks_of(others).next();
    let network = found.map_or_else(Network::make, Ok).map_err(refused)?;
    attach(&network, record, within_network(stack, cookie)??)
}

/// Keeps a prison that is to be in another one, `outer`, to the addresses that the outer one has:
/// its own have to be among these, and without its own it has all of them, as they are now.
/// `shares`: the prison has no network stack of its own. Answers whether the record has changed.
///
/// # Errors
/// [`Error::NotOuters`]; [`Error::AddressesInside`]: the outer prison is not on the host's stack.
pub(crate) fn keep_within(
    record: &mut Record,
    outer: &Record,
    shares: bool,
) -> Result<bool, Error> {
    let on_hosts_stack = outer.rights.shares_network();
    let (own, outers) = match (&record.addresses, &outer.addresses) {
        (Some(_), _) if !on_hosts_stack || record.is_carried() => {
            return Err(Error::AddressesInside);
        }
        (None, Some(_)) if shares && !on_hosts_stack => return Err(Error::AddressesInside),
        (_, None) => return Ok(false),
        (None, Some(_)) if !shares => return Ok(false),
        (own, Some(outers)) => (own.as_ref(), outers),
    };
    let mut kept = outers.clone();
    let families = record.rights.families;
    match own {
        Some(own) => {
            if let Some(foreign) = foreign(own, outers) {
                return Err(Error::NotOuters(foreign, outer.name.clone()));
            }
            if own.v4 != Share::All {
                kept.v4 = own.v4.clone();
            }
            if own.v6 != Share::All {
                kept.v6 = own.v6.clone();
            }
            kept.sources = own.sources.clone();
        }
        None if !families.inet => kept.v4 = Share::default(),
        None if !families.inet6 => kept.v6 = Share::default(),
        None => {}
    }
    record.addresses = Some(kept);
    record.rights.is_held = true;
    Ok(true)
}

/// Looks whether a prison may have `addresses` from now on: those of a prison that is in it have to
/// be among them, and they among those of the prison that it is in.
pub(crate) fn check_change(
    registry: &Registry,
    record: &Record,
    addresses: &Addresses,
) -> Result<(), Error> {
    for inner in registry.inside(record)? {
        if let Some(foreign) = inner.addresses.as_ref().and_then(|own| foreign(own, addresses)) {
            return Err(Error::InsideHas(inner.name, foreign));
        }
    }
    if record.parent == 0 {
        return Ok(());
    }
    let outer = registry.find(&record.parent.to_string())?.ok_or(Error::Died)?;
    let foreign = outer.addresses.as_ref().and_then(|outers| foreign(addresses, outers));
    foreign.map_or(Ok(()), |address| Err(Error::NotOuters(address, outer.name.clone())))
}

/// Looks whether a prison may have these addresses beside the `others`: an address in a network of
/// a prison's is that one's alone.
pub(crate) fn check_free<'r>(
    addresses: &Addresses,
    are_carried: bool,
    others: impl IntoIterator<Item = &'r Record>,
) -> Result<(), Error> {
    for other in others.into_iter().filter(|other| are_carried || other.is_carried()) {
        let mut all = both(&addresses.v4, &addresses.v6);
        if let Some(address) = all.find(|address| other.has_address(*address)) {
            return Err(Error::OfAnother(address, other.name.clone()));
        }
    }
    Ok(())
}

impl Registry {
    /// Looks whether the prison of `record` may have these addresses beside the other prisons.
    ///
    /// # Errors
    /// [`Error::OfAnother`]; [`Error::Registry`].
    pub fn check_addresses(&self, record: &Record, addresses: &Addresses) -> Result<(), Error> {
        let prisons = self.prisons()?;
        let others = prisons.iter().filter(|other| other.jid != record.jid);
        check_free(addresses, record.is_carried(), others)
    }
}

/// The first of these addresses that is not among the `others`.
fn foreign(addresses: &Addresses, others: &Addresses) -> Option<IpAddr> {
    both(&addresses.v4, &addresses.v6).find(|address| match address {
        IpAddr::V4(address) => others.v4 != Share::All && !others.v4.own().contains(address),
        IpAddr::V6(address) => others.v6 != Share::All && !others.v6.own().contains(address),
    })
}

/// Attaches the programs to the control group of a prison.
fn attach(network: &Network, record: &Record, cookie: u64) -> Result<(), Error> {
    let (Some(addresses), Some(cgroup)) = (&record.addresses, &record.cgroup) else {
        return Err(Error::NoAddressRules("cgroup v2 is not mounted".into()));
    };
    let group = cgroup::open_whole_to_query(cgroup).calling("cgroup")?;
    let (group, rule) = (group.as_fd(), rule(record, addresses));
    network.hold((group, number(group)?), cookie, &rule).map_err(refused)
}

/// The programs that prisons have, by their cgroups.
fn networks_of(cgroups: &[PathBuf]) -> impl Iterator<Item = Network> {
    // A prison that is being made has no cgroup yet, or no programs.
    let groups = cgroups.iter().filter_map(|cgroup| cgroup::open_whole_to_query(cgroup).ok());
    groups.filter_map(|group| Network::of(group.as_fd()).ok().flatten())
}

fn refused(error: io::Error) -> Error {
    Error::NoAddressRules(error.to_string())
}

/// Holds a prison to the addresses of its record, instead of those of before.
pub(crate) fn change(
    record: &Record,
    init: BorrowedFd<'_>,
    before: &Addresses,
) -> Result<(), Error> {
    let (Some(addresses), Some(cgroup)) = (&record.addresses, &record.cgroup) else {
        return Ok(());
    };
    let group = cgroup::open_whole_to_query(cgroup).map_err(|_| Error::Died)?;
    let network = Network::of(group.as_fd()).map_err(refused)?.ok_or(Error::Died)?;
    let cookie = if record.rights.carried_network {
        let stack = namespace::of_process(init, Namespace::Net).map_err(|_| Error::Died)?;
        within_network(stack.as_fd(), cookie)??
    } else {
        cookie()?
    };
    let (before, after) = (rule(record, before), rule(record, addresses));
    network.change(number(group.as_fd())?, cookie, Some(&before), &after).map_err(refused)
}

/// Lets the root of a prison that has no processes yet bind ports below 1024, where the prison is
/// on the host's stack with all its addresses. Without the program, because there is no cgroup v2
/// or no right to load one, these ports stay refused.
pub(crate) fn open_reserved_ports(record: &Record) {
    if let (true, Some(cgroup)) = (needs_ports(record), &record.cgroup)
        && let Ok(group) = cgroup::open_whole_to_query(cgroup)
    {
        let Families { inet, inet6 } = record.rights.families;
        let _ = open_ports(group.as_fd(), root(record), [inet, inet6]);
    }
}

/// Whether the capability for ports below 1024 is one over another stack than the prison's.
fn needs_ports(record: &Record) -> bool {
    record.rights.allow.has(Permission::ReservedPorts) && has_others_stack(record)
}

fn has_others_stack(record: &Record) -> bool {
    let rights = record.rights;
    rights.shares_network() && rights.users != Users::Host && record.addresses.is_none()
}

/// Whether a program in the kernel carries out some of the prison's permissions.
pub(crate) fn carries_out_permissions(record: &Record) -> bool {
    record.addresses.is_some() || has_others_stack(record)
}

/// Has the programs carry out the permissions of the record.
pub(crate) fn permit(record: &Record) -> Result<(), Error> {
    let Some(cgroup) = &record.cgroup else { return Ok(()) };
    let group = cgroup::open_whole_to_query(cgroup).map_err(|_| Error::Died)?;
    let group = group.as_fd();
    let Some(addresses) = &record.addresses else {
        // As at the start: without a program there is nothing to take back.
        let _ = close_ports(group);
        open_reserved_ports(record);
        return Ok(());
    };
    let network = Network::of(group).map_err(refused)?.ok_or(Error::Died)?;
    network.permit(number(group)?, &rule(record, addresses)).map_err(refused)
}

/// Forgets the addresses of a prison that has ended and whose cgroup is still there. What cannot be
/// forgotten leads to no socket.
pub(crate) fn forget(record: &Record) {
    let (Some(addresses), Some(cgroup)) = (&record.addresses, &record.cgroup) else { return };
    let Ok(group) = cgroup::open_whole_to_query(cgroup) else { return };
    if let (Ok(Some(network)), Ok(number)) = (Network::of(group.as_fd()), number(group.as_fd())) {
        let _ = network.forget(number, &rule(record, addresses));
    }
}

/// What the programs are to hold the prison to.
fn rule(record: &Record, addresses: &Addresses) -> Rule {
    let allow = record.rights.allow;
    let unprivileged = fs::read_to_string("/proc/sys/net/ipv4/ip_unprivileged_port_start");
    let unprivileged = unprivileged.ok().and_then(|text| text.trim().parse().ok());
    Rule {
        v4: addresses.v4.clone(),
        v6: addresses.v6.clone(),
        apart: record.rights.carried_network,
        raw_sockets: allow.has(Permission::RawSockets),
        reserved_ports: allow.has(Permission::ReservedPorts),
        root: root(record),
        own_users: record.rights.users != Users::Host,
        unprivileged: unprivileged.unwrap_or(UNPRIVILEGED),
        sources: addresses.sources.clone(),
    }
}

/// The prison's root, as the host numbers users.
fn root(record: &Record) -> u32 {
    match record.rights.users {
        Users::Host => Ids::SAME.first,
        Users::Own | Users::Outer => record.ids.first,
    }
}

/// The number by which the kernel's programs know a control group: its inode's.
fn number(group: BorrowedFd<'_>) -> Result<u64, Error> {
    let file = File::from(group.try_clone_to_owned().calling("dup")?);
    Ok(file.metadata().calling("fstat")?.ino())
}

/// The number by which the kernel's programs know this process's network stack.
fn cookie() -> Result<u64, Error> {
    let socket = socket(AddressFamily::INET, SocketType::DGRAM, None).calling("socket")?;
    kernel::interface::network_cookie(socket.as_fd()).calling("getsockopt")
}

impl fmt::Display for Addresses {
    /// Writes all that [`Addresses::parse`] reads.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let mut words = Vec::new();
        match &self.v4 {
            Share::These(addresses) => words.extend(addresses.iter().map(ToString::to_string)),
            Share::All => words.push("inet".to_owned()),
        }
        match &self.v6 {
            Share::These(addresses) => words.extend(addresses.iter().map(ToString::to_string)),
            Share::All => words.push("inet6".to_owned()),
        }
        f.write_str(&words.join(" "))
    }
}

impl Record {
    /// Whether the prison is held to addresses of the host.
    pub fn is_held(&self) -> bool {
        self.addresses.is_some()
    }

    /// Whether the addresses are in a network stack of the prison's, which belongs to the host.
    pub fn is_carried(&self) -> bool {
        self.rights.carried_network
    }

    /// The addresses of the host that the prison is held to.
    pub fn addresses(&self) -> impl Iterator<Item = IpAddr> + '_ {
        self.addresses.iter().flat_map(|all| both(&all.v4, &all.v6))
    }

    /// Whether the prison is held to addresses of the host, and this is one of them.
    pub fn has_address(&self, address: IpAddr) -> bool {
        self.addresses().any(|own| own == address)
    }
}

impl Addresses {
    /// Reads what `Display` wrote. `None`: a word is no address.
    pub(crate) fn parse(text: &str) -> Option<Self> {
        let mut all = Self::default();
        for word in text.split(' ').filter(|word| !word.is_empty()) {
            match (word, Ipv4Addr::from_str(word), Ipv6Addr::from_str(word)) {
                ("inet", ..) => all.v4 = Share::All,
                ("inet6", ..) => all.v6 = Share::All,
                (_, Ok(address), _) => all.v4.push(address),
                (_, _, Ok(address)) => all.v6.push(address),
                _ => return None,
            }
        }
        Some(all)
    }
}
