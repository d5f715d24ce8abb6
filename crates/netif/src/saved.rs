//! A network as it was, kept in the kernel's own words, and the way back to it.
//!
//! Kept are interfaces with all their settings, addresses, routes of all tables, routing rules, and
//! neighbours that somebody has put there. What the kernel said is sent back to it unchanged, so
//! that nothing is lost which has no name in this crate. Not kept are the settings of /proc/sys
//! (except what an interface does about IPv6), queueing disciplines, next hops that are objects of
//! their own, rules of the firewall, and the VLAN table of a bridge that looks at tags.

mod inet6;
mod link;
mod table;

use std::collections::BTreeMap;

use rustix::io::Errno;

use crate::change::{by_index, flags_by_index, link_body};
use crate::error::{Error, strerror};
use crate::name::InterfaceName;
use crate::uapi::{iff, ifla, rtm};
use crate::wire::{LINK_BODY, Message, Netlink, u32_at};

use link::Link;
use table::{Object, Table};

/// A network as it was when it was saved.
#[derive(Debug)]
pub(crate) struct Saved {
    links: Vec<Link>,
    /// One list for each of [`Table::ALL`], in that order.
    tables: [Vec<Object>; 4],
}

/// The number that each interface of a [`Saved`] has today: one that was made again has a new one.
struct Numbers(BTreeMap<u32, u32>);

impl Numbers {
    fn now(&self, was: u32) -> Option<u32> {
        // 0 stands for no interface, then and now.
        if was == 0 { Some(0) } else { self.0.get(&was).copied() }
    }

    /// Replaces the number at byte `at`. `None`: the interface does not exist today.
    fn replace(&self, bytes: &mut [u8], at: usize) -> Option<()> {
        let now = self.now(u32_at(bytes, at)?)?;
        bytes[at..at + 4].copy_from_slice(&now.to_ne_bytes());
        Some(())
    }
}

impl Saved {
    /// Whether `now` has all that this network has, and nothing more but what the kernel has added.
    #[must_use]
    pub(crate) fn is_still(&self, now: &Self) -> bool {
        let made = |table: &[Object]| -> Vec<Object> {
            table.iter().filter(|object| !object.is_kernels).cloned().collect()
        };
        let same = |table: Table| {
            let (was, is) = (self.table(table), now.table(table));
            let given = was.iter().filter(|object| object.is_kernels);
            made(was) == made(is) && given.into_iter().all(|object| is.contains(object))
        };
        let mut pairs = self.links.iter().zip(&now.links);
        self.links.len() == now.links.len()
            && pairs.all(|(was, is)| was.is_as(is))
            && Table::ALL.into_iter().all(same)
    }

    /// The interfaces that could not be made again: tun and tap, which a program holds; wg, which
    /// has keys; an epair whose other end is in another network.
    #[must_use]
    pub(crate) fn irreplaceable(&self) -> Vec<&InterfaceName> {
        let cannot = self.links.iter().filter(|link| !link.is_replaceable(&self.links));
        cannot.map(|link| &link.name).collect()
    }

    /// The bridges that look at tags: their VLAN tables are not saved.
    #[must_use]
    pub(crate) fn filtering(&self) -> Vec<&InterfaceName> {
        let filters = |link: &&Link| {
            let on = |(kind, value): &(u16, Vec<u8>)| {
                *kind == ifla::BR_VLAN_FILTERING && value.first() == Some(&1)
            };
            link.is("bridge") && link.settings.iter().any(on)
        };
        self.links.iter().filter(filters).map(|link| &link.name).collect()
    }

    /// The bridges whose spanning tree hides some of their times: these times are not saved.
    #[must_use]
    pub(crate) fn with_borrowed_times(&self) -> Vec<&InterfaceName> {
        let hides = self.links.iter().filter(|link| link.has_borrowed_times());
        hides.map(|link| &link.name).collect()
    }

    fn table(&self, table: Table) -> &[Object] {
        // One for each, in the order of `ALL`.
        &self.tables[table as usize]
    }
}

impl Netlink {
    /// Saves the network as it is.
    ///
    /// # Errors
    /// `Listing`.
    pub(crate) fn save(&mut self) -> Result<Saved, Error> {
        let [addresses, rules, routes, neighbours] = Table::ALL;
        let tables =
            [addresses.read(self)?, rules.read(self)?, routes.read(self)?, neighbours.read(self)?];
        Ok(Saved { links: self.saved_links()?, tables })
    }

    fn saved_links(&mut self) -> Result<Vec<Link>, Error> {
        let request = || Message::new(rtm::GETLINK, 0, &[0; LINK_BODY]);
        let collect = |found: &mut Vec<Link>, body: &[u8]| found.extend(Link::parse(body));
        let mut links = self.dump(request, collect).map_err(Error::Listing)?;
        links.sort_by_key(|link| link.index);
        Ok(links)
    }

    /// Puts the network back as it was `saved`, as far as possible. Answers what could not be put
    /// back.
    pub(crate) fn put_back(&mut self, saved: &Saved) -> Vec<String> {
        let mut problems = Vec::new();
        // New interfaces are removed and names given back first, so that no name is in the way of
        // an interface that is made again. A step that fails does not end the rest: half a network
        // is better than none.
        for step in [remove_new, rename, recreate, adjust, adjust_inet6] {
            let outcome = step(self, saved);
            problems.extend(outcome.unwrap_or_else(|error| vec![error.to_string()]));
        }
        // Addresses and routes name interfaces by number, and numbers are final only now.
        let numbers = match self.saved_links() {
            Ok(now) => numbers(saved, &now),
            Err(error) => return problems.into_iter().chain([error.to_string()]).collect(),
        };
        for table in Table::ALL {
            let outcome = put_back_table(self, table, saved.table(table), &numbers);
            problems.extend(outcome.unwrap_or_else(|error| vec![error.to_string()]));
        }
        problems
    }
}

fn problem(what: impl std::fmt::Display, about: &str, errno: Errno) -> String {
    format!("{what}: {about}: {}", strerror(errno))
}

/// The number of each saved interface in `now`. It is the same interface, or the one that was made
/// again under its name.
fn numbers(saved: &Saved, now: &[Link]) -> Numbers {
    let today = |was: &Link| {
        // The same number with another driver is another interface: an interface may be made with a
        // number of one's choice.
        let same = now.iter().find(|link| link.index == was.index && link.driver == was.driver);
        same.or_else(|| now.iter().find(|link| link.name == was.name)).map(|link| link.index)
    };
    Numbers(saved.links.iter().filter_map(|was| Some((was.index, today(was)?))).collect())
}

/// Destroys interfaces that are new. Hardware that has come meanwhile stays.
fn remove_new(netlink: &mut Netlink, saved: &Saved) -> Result<Vec<String>, Error> {
    let was_there = |link: &Link| {
        saved.links.iter().any(|it| it.index == link.index && it.driver == link.driver)
    };
    let now = netlink.saved_links()?;
    let mut problems = Vec::new();
    for link in now.iter().filter(|link| link.driver.is_some() && !was_there(link)) {
        match netlink.change(Message::new(rtm::DELLINK, 0, &link_body(link.index, 0, 0))) {
            // The other end of an epair is destroyed with the first.
            Ok(()) | Err(Errno::NODEV) => {}
            Err(errno) => problems.push(problem(&link.name, "destroy", errno)),
        }
    }
    Ok(problems)
}

/// Gives interfaces their old names again.
fn rename(netlink: &mut Netlink, saved: &Saved) -> Result<Vec<String>, Error> {
    let now = netlink.saved_links()?;
    let same = |was: &Link| now.iter().find(|link| link.index == was.index);
    let differs = |was: &&Link| same(was).is_some_and(|link| link.name != was.name);
    let renamed: Vec<&Link> = saved.links.iter().filter(differs).collect();
    let mut problems = Vec::new();
    // Two passes, as two interfaces may have exchanged names: all get a name that nobody has, and
    // then their own.
    for (pass, link) in [0, 1].into_iter().flat_map(|pass| renamed.iter().map(move |it| (pass, it)))
    {
        let name =
            if pass == 0 { format!("guard{}", link.index) } else { link.name.kernel().into() };
        let message = || {
            let mut message = by_index(link.index);
            message.string(ifla::IFNAME, &name);
            message
        };
        let mut done = netlink.change(message());
        if done == Err(Errno::BUSY) {
            // Before Linux 6.2 an interface can be renamed only while it is down; `adjust` brings
            // it up again.
            done = netlink
                .change(flags_by_index(link.index, 0, iff::UP))
                .and_then(|()| netlink.change(message()));
        }
        problems.extend(done.err().map(|errno| problem(&link.name, "name", errno)));
    }
    Ok(problems)
}

/// Makes interfaces again that no longer exist.
fn recreate(netlink: &mut Netlink, saved: &Saved) -> Result<Vec<String>, Error> {
    // An interface is made after the one that it is on: each round makes what has become possible.
    loop {
        let now = netlink.saved_links()?;
        let numbers = numbers(saved, &now);
        let missing = saved.links.iter().filter(|link| numbers.now(link.index).is_none());
        let (mut problems, mut progress) = (Vec::new(), false);
        for link in missing {
            if link.driver.is_none() {
                problems.push(format!(
                    "{}: has left this network: it cannot be brought back",
                    link.name
                ));
                continue;
            }
            if !link.is_replaceable(&saved.links) {
                problems.push(format!("{}: is gone, and cannot be made again", link.name));
                continue;
            }
            let Some(message) = link.creation(&saved.links, &numbers) else {
                problems.push(format!("{}: what it was on is gone", link.name));
                continue;
            };
            match netlink.change(message) {
                Ok(()) => progress = true,
                // The other end of an epair was made with the first.
                Err(Errno::EXIST) if progress => {}
                Err(Errno::EXIST) => {
                    problems.push(format!("{}: its other end has left this network", link.name));
                }
                Err(errno) => problems.push(problem(&link.name, "create", errno)),
            }
        }
        if !progress {
            return Ok(problems);
        }
    }
}

/// Sets each interface as it was. A second pass sets what depends on other interfaces, as an mtu
/// does.
fn adjust(netlink: &mut Netlink, saved: &Saved) -> Result<Vec<String>, Error> {
    let first = adjust_once(netlink, saved)?;
    if first.is_empty() { Ok(first) } else { adjust_once(netlink, saved) }
}

fn adjust_once(netlink: &mut Netlink, saved: &Saved) -> Result<Vec<String>, Error> {
    let mut problems = Vec::new();
    let mut say = |link: &Link, what: &str, done: Result<(), Errno>| {
        problems.extend(done.err().map(|errno| problem(&link.name, what, errno)));
    };
    let now = netlink.saved_links()?;
    let numbers = numbers(saved, &now);
    let both = |now: &[Link]| -> Vec<(Link, Link)> {
        let today = |was: &Link| {
            let index = numbers.now(was.index)?;
            now.iter().find(|link| link.index == index).cloned()
        };
        saved.links.iter().filter_map(|was| Some((was.clone(), today(was)?))).collect()
    };
    for (was, is) in both(&now) {
        let master = was.master.and_then(|master| numbers.now(master));
        if master != is.master {
            say(&was, "member", enter(netlink, saved, &was, &is, master));
        }
    }
    // Read anew: a member changes its master, and is changed by it.
    let now = netlink.saved_links()?;
    for (mut was, is) in both(&now) {
        // The lagg has given this address to its port, and gives the old one back when the port
        // leaves.
        if now.iter().any(|it| Some(it.index) == is.master && it.is("bond")) {
            was.ether = is.ether;
        }
        for (what, message) in was.changes(&is, &numbers) {
            say(&was, what, netlink.change(message));
        }
        if let Some(message) = was.port_change(&is) {
            say(&was, "member", netlink.change(message));
        }
    }
    Ok(problems)
}

/// Sets what each interface does about IPv6.
fn adjust_inet6(netlink: &mut Netlink, saved: &Saved) -> Result<Vec<String>, Error> {
    let now = netlink.saved_links()?;
    let numbers = numbers(saved, &now);
    let mut problems = Vec::new();
    for was in &saved.links {
        let index = numbers.now(was.index);
        // After the mtu, below which an interface may have no IPv6, and before addresses, which
        // need it.
        let Some(is) = now.iter().find(|link| Some(link.index) == index) else { continue };
        let refused = was.inet6.as_ref().map(|inet6| inet6.set(&is.name, is.inet6.as_ref()));
        let refused = refused.into_iter().flatten();
        problems.extend(refused.map(|(file, errno)| problem(&was.name, file, errno)));
    }
    Ok(problems)
}

/// Makes `is` a member of the master of `was`, whose number today is `master`.
fn enter(
    netlink: &mut Netlink,
    saved: &Saved,
    was: &Link,
    is: &Link,
    master: Option<u32>,
) -> Result<(), Errno> {
    let join = |netlink: &mut Netlink, master: u32| {
        let mut message = by_index(is.index);
        message.number(ifla::MASTER, master);
        netlink.change(message)
    };
    if is.master.is_some() {
        join(netlink, 0)?;
    }
    let Some(master) = master else { return Ok(()) };
    let of_bond = saved.links.iter().any(|it| Some(it.index) == was.master && it.is("bond"));
    if of_bond {
        // The bonding driver refuses a port that is up.
        netlink.change(flags_by_index(is.index, 0, iff::UP))?;
    }
    join(netlink, master)
}

fn put_back_table(
    netlink: &mut Netlink,
    table: Table,
    saved: &[Object],
    numbers: &Numbers,
) -> Result<Vec<String>, Error> {
    // What was on an interface that is gone has been reported with that interface.
    let wanted: Vec<Object> =
        saved.iter().filter_map(|object| table.renumbered(object, numbers)).collect();
    let now = table.read(netlink)?;
    let mut problems = Vec::new();
    let is_wrong = |it: &&Object| {
        !it.is_kernels && !wanted.contains(it) || is_out_of_order(table, it, &now, &wanted)
    };
    for object in now.iter().filter(is_wrong) {
        if let Err(errno) = table.delete(netlink, object) {
            problems.push(problem(table.word(), "delete", errno));
        }
    }
    let now = table.read(netlink)?;
    let mut missing: Vec<&Object> = wanted.iter().filter(|it| !now.contains(it)).collect();
    // A route may need another route first, so the refused ones are tried again as long as one
    // succeeds.
    loop {
        let before = missing.len();
        let mut refused = Vec::new();
        missing.retain(|object| match table.add(netlink, object) {
            Ok(()) => false,
            Err(errno) => {
                refused.push(problem(table.word(), "add", errno));
                true
            }
        });
        if missing.is_empty() || missing.len() == before {
            problems.extend(refused);
            return Ok(problems);
        }
    }
}

/// Whether an IPv4 address has the wrong place among those of its interface: packets come from the
/// first one.
fn is_out_of_order(table: Table, object: &Object, now: &[Object], wanted: &[Object]) -> bool {
    if table != Table::Addresses || object.is_inet6() {
        return false;
    }
    let same = |it: &&Object| !it.is_inet6() && it.interface() == object.interface();
    !now.iter().filter(same).eq(wanted.iter().filter(same))
}
