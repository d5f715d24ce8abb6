//! The programs and tables of one network stack: made with its first jail, found again by the
//! programs of any of its jails, and gone with the last.
//!
//! Nothing is pinned. The control groups hold the programs that are attached to them, and these
//! hold the tables; what looks packets up runs as long as somebody holds its [link](Network::link),
//! which every jail's init does.

use crate::programs::{OF_A_GROUP, OF_A_NETWORK, Source as Program};
use crate::rule::Rule;
use crate::tables::{Table, bytes};
use kernel::bpf::{self, Hook, Map, Update};
use std::io;
use std::net::IpAddr;
use std::os::fd::{AsFd, AsRawFd, BorrowedFd, OwnedFd};

/// The programs and tables of one network stack.
#[derive(Debug)]
pub struct Network {
    tables: Tables,
    programs: Vec<(Hook, OwnedFd)>,
}

/// The bits of a list's number that are its control group's; those above are counted up with each
/// change.
const GROUP_BITS: u64 = (1 << 48) - 1;

impl Network {
    /// Makes programs and tables.
    ///
    /// # Errors
    /// `EINVAL`: the kernel lacks a hook or a table, and the error says which; `EPERM` without the
    /// host's root.
    pub fn make() -> io::Result<Self> {
        let tables = Table::ALL.map(|table| Map::new(&table.shape()));
        let mut made = Vec::new();
        for (table, shape) in tables.into_iter().zip(Table::ALL.map(Table::shape)) {
            made.push(table.map_err(|error| named(shape.name, &error))?);
        }
        let Ok(tables) = Tables::try_from(made) else {
            return Err(io::ErrorKind::InvalidData.into());
        };
        let programs = OF_A_GROUP.iter().map(|source| Ok((source.hook, load(source, &tables)?)));
        let programs: Vec<(Hook, OwnedFd)> = programs.collect::<io::Result<_>>()?;
        // So that all tables are found by this one.
        if let Some((_, first)) = programs.first() {
            tables.iter().try_for_each(|table| bpf::bind_map(first.as_fd(), table))?;
        }
        Ok(Self { tables, programs })
    }

    /// Begins to look packets of this process's network stack up for jails that share the stack.
    /// Whoever holds the answered descriptor keeps packets going to the jails.
    ///
    /// # Errors
    /// As [`Network::make`].
    pub fn look_up(&self, stack: BorrowedFd<'_>) -> io::Result<OwnedFd> {
        bpf::link(stack, load(&OF_A_NETWORK, &self.tables)?.as_fd(), OF_A_NETWORK.hook)
    }

    /// Finds what a jail's control group holds. `None`: no programs of ours are attached to it.
    ///
    /// # Errors
    /// `EPERM` without the host's root.
    pub fn of(group: BorrowedFd<'_>) -> io::Result<Option<Self>> {
        let mut programs = Vec::new();
        let mut tables = None;
        for Program { hook, .. } in &OF_A_GROUP {
            for id in bpf::attached(group, *hook)? {
                let program = bpf::program(id)?;
                let (_, maps) = bpf::maps_of(program.as_fd())?;
                if tables.is_none() {
                    tables = tables_among(&maps)?;
                }
                let Some((_, ids)) = &tables else { continue };
                if maps.iter().any(|map| ids.contains(map)) {
                    programs.push((*hook, program));
                }
            }
        }
        Ok(tables.map(|(tables, _)| Self { tables, programs }))
    }

    /// The link of the program that looks packets up, which some jail's init holds.
    ///
    /// # Errors
    /// `EPERM` without the host's root.
    pub fn link(&self, stack: BorrowedFd<'_>) -> io::Result<Option<OwnedFd>> {
        let owners = self.table(Table::Owners).id()?;
        for id in bpf::attached(stack, Hook::Lookup)? {
            let (id, maps) = bpf::maps_of(bpf::program(id)?.as_fd())?;
            if maps.contains(&owners) {
                return bpf::link_of(id);
            }
        }
        Ok(None)
    }

    fn table(&self, table: Table) -> &Map {
        &self.tables[table as usize]
    }

    /// Holds the processes of a control group, which has none yet, to a rule. `cookie` is the
    /// network's.
    ///
    /// # Errors
    /// What the kernel says; the group's programs that are attached by then stay.
    pub fn hold(&self, group: (BorrowedFd<'_>, u64), cookie: u64, rule: &Rule) -> io::Result<()> {
        let (descriptor, number) = group;
        for (hook, program) in &self.programs {
            bpf::attach(descriptor, program.as_fd(), *hook)?;
        }
        self.change(number, cookie, None, rule)
    }

    /// Gives a control group that is held already another rule, instead of `before`: a socket that
    /// is made or bound meanwhile meets one of the two as a whole.
    ///
    /// # Errors
    /// What the kernel says.
    pub fn change(
        &self,
        group: u64,
        cookie: u64,
        before: Option<&Rule>,
        rule: &Rule,
    ) -> io::Result<()> {
        let first = group & GROUP_BITS;
        let old = before.map(|_| self.list(group)).transpose()?;
        let list = old.map_or(first, |old| old.wrapping_add(GROUP_BITS + 1));
        for address in rule.addresses() {
            self.allow(list, address)?;
            self.own(address, group)?;
        }
        for source in &rule.sources {
            let key = source_key(list, source.length, source.prefix);
            let address = bytes(source.address);
            self.table(Table::Sources).update(&key, &address, Update::Any)?;
        }
        let value = rule.value(list, group, cookie);
        self.table(Table::Rules).update(&group.to_ne_bytes(), &value, Update::Present)?;
        let Some((before, old)) = before.zip(old) else { return Ok(()) };
        self.forget_list(old, before)?;
        for address in before.addresses() {
            if !rule.addresses().any(|kept| kept == address) {
                self.disown(address, group)?;
            }
        }
        Ok(())
    }

    /// Gives a control group that is held already the permissions of a rule, and nothing else of
    /// it.
    ///
    /// # Errors
    /// What the kernel says.
    pub fn permit(&self, group: u64, rule: &Rule) -> io::Result<()> {
        let (rules, key) = (self.table(Table::Rules), group.to_ne_bytes());
        let Some(mut value) = rules.get(&key)? else { return Ok(()) };
        rule.permit(&mut value);
        rules.update(&key, &value, Update::Present)
    }

    /// Forgets a control group that is gone, or about to be.
    ///
    /// # Errors
    /// What the kernel says.
    pub fn forget(&self, group: u64, rule: &Rule) -> io::Result<()> {
        self.forget_list(self.list(group)?, rule)?;
        rule.addresses().try_for_each(|address| self.disown(address, group))
    }

    /// The number of the list that a control group is held to; its first, if it is gone.
    fn list(&self, group: u64) -> io::Result<u64> {
        let value = self.table(Table::Rules).get(&group.to_ne_bytes())?;
        let list = value.and_then(|value| Some(u64::from_ne_bytes(*value.first_chunk()?)));
        Ok(list.unwrap_or(group & GROUP_BITS))
    }

    fn forget_list(&self, list: u64, rule: &Rule) -> io::Result<()> {
        for address in rule.addresses() {
            self.table(Table::Allowed).delete(&allowed_key(list, address))?;
        }
        // Only a jail with several addresses of a family has any.
        if rule.v4.own().len() < 2 && rule.v6.own().len() < 2 {
            return Ok(());
        }
        let keys = self.table(Table::Sources).keys()?;
        let mut of_list = keys.iter().filter(|key| key.get(4..12) == Some(&list.to_ne_bytes()));
        of_list.try_for_each(|key| self.table(Table::Sources).delete(key).map(drop))
    }

    fn allow(&self, list: u64, address: IpAddr) -> io::Result<()> {
        self.table(Table::Allowed).update(&allowed_key(list, address), &[1; 4], Update::Any)
    }

    /// Enters the group among the owners of an address: they are numbered without gaps.
    fn own(&self, address: IpAddr, group: u64) -> io::Result<()> {
        let owners = self.owners(address)?;
        if owners.contains(&group) {
            return Ok(());
        }
        self.set_owner(address, owners.len(), group)
    }

    fn disown(&self, address: IpAddr, group: u64) -> io::Result<()> {
        let owners = self.owners(address)?;
        let Some(place) = owners.iter().position(|owner| *owner == group) else { return Ok(()) };
        let last = owners.len() - 1;
        if place != last {
            self.set_owner(address, place, owners[last])?;
        }
        self.table(Table::Owners).delete(&owner_key(address, last)).map(drop)
    }

    fn owners(&self, address: IpAddr) -> io::Result<Vec<u64>> {
        let mut owners = Vec::new();
        while let Some(value) = self.table(Table::Owners).get(&owner_key(address, owners.len()))? {
            owners.push(value.first_chunk().map_or(0, |bytes| u64::from_ne_bytes(*bytes)));
        }
        Ok(owners)
    }

    fn set_owner(&self, address: IpAddr, place: usize, group: u64) -> io::Result<()> {
        let key = owner_key(address, place);
        self.table(Table::Owners).update(&key, &group.to_ne_bytes(), Update::Any)
    }
}

type Tables = [Map; Table::ALL.len()];

/// Loads a program that uses these tables.
fn load(source: &Program, tables: &Tables) -> io::Result<OwnedFd> {
    let table = |table: Table| tables[table as usize].as_fd().as_raw_fd();
    let code = (source.write)().finish(table);
    bpf::load(source.hook, source.name, &code).map_err(|error| named(source.name, &error))
}

/// The tables among these maps, and their numbers; `None` unless all are there.
fn tables_among(maps: &[u32]) -> io::Result<Option<(Tables, Vec<u32>)>> {
    let mut tables: [Option<Map>; Table::ALL.len()] = Default::default();
    let mut ids = Vec::new();
    for id in maps {
        let (map, name) = Map::by_id(*id)?;
        let is_called = |table: &Table| {
            let own = table.shape().name.to_bytes();
            name.starts_with(own) && name[own.len()..].iter().all(|byte| *byte == 0)
        };
        if let Some(table) = Table::ALL.into_iter().find(is_called) {
            tables[table as usize].get_or_insert(map);
            ids.push(*id);
        }
    }
    let tables: Vec<Map> = tables.into_iter().flatten().collect();
    Ok(Tables::try_from(tables).ok().map(|tables| (tables, ids)))
}

fn allowed_key(list: u64, address: IpAddr) -> Vec<u8> {
    [list.to_ne_bytes().as_slice(), &bytes(address)].concat()
}

fn owner_key(address: IpAddr, place: usize) -> Vec<u8> {
    [bytes(address).as_slice(), &(place as u32).to_ne_bytes()].concat()
}

/// The prefix of an IPv4 network is 96 bits longer in the form of the tables.
fn source_key(list: u64, length: u8, prefix: IpAddr) -> Vec<u8> {
    let mapped = if prefix.is_ipv4() { 96 } else { 0 };
    let bits = 64 + mapped + u32::from(length);
    [bits.to_ne_bytes().as_slice(), &list.to_ne_bytes(), &bytes(prefix)].concat()
}

/// The error, with what could not be made.
fn named(what: &std::ffi::CStr, error: &io::Error) -> io::Error {
    io::Error::new(error.kind(), format!("{}: {error}", what.to_string_lossy()))
}
