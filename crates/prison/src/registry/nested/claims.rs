//! What records of a jail's own registry claim, and what of it is believed. No system calls.

use crate::confine::rights::Rights;
use crate::registry::inside::Inner;
use crate::registry::limits::Limits;
use crate::registry::process_id::ProcessId;
use crate::registry::record::Record;
use crate::registry::reservation::check_name;
use crate::spec::Users;
use std::collections::{BTreeMap, HashMap, HashSet};
use std::path::{Component, Path, PathBuf};

/// The records that are believed so far, and what none of those to come may claim again.
pub(super) struct Claims {
    believed: Vec<Record>,
    /// How many records are believed at most.
    most: usize,
    names: HashSet<String>,
    inits: HashSet<u32>,
}

/// The jids that are taken in one registry: by prisons, or set aside for those inside them. From
/// the first of a range to its last.
#[derive(Default)]
struct Taken(BTreeMap<u32, u32>);

impl Claims {
    /// Makes a list for at most `most` records beside those that are `known`.
    pub(super) fn new(most: u32, known: &[Record]) -> Self {
        Self {
            believed: Vec::new(),
            most: most as usize,
            names: known.iter().map(|record| record.name.clone()).collect(),
            inits: known.iter().filter_map(|record| record.init).map(|init| init.pid).collect(),
        }
    }

    pub(super) fn believed(&self) -> &[Record] {
        &self.believed
    }

    pub(super) fn into_believed(self) -> Vec<Record> {
        self.believed
    }

    /// Takes those of the `files` of the registry of `outer` that can be true. `inner` tells what
    /// is known of a process that a record names as an init.
    pub(super) fn take_all(
        &mut self,
        outer: &Record,
        mut files: Vec<(u32, Record)>,
        inner: impl Fn(ProcessId) -> Option<Inner>,
    ) {
        // A jail that was made inside another one of this registry follows that one.
        files.sort_by_cached_key(|(jid, record)| (record.name.matches('.').count(), *jid));
        let (mut taken, mut by_name) = (Taken::default(), HashMap::new());
        for (jid, record) in files {
            if self.believed.len() >= self.most {
                return;
            }
            let name = record.name.clone();
            let between = match name.rsplit_once('.') {
                None => Some(outer),
                Some((between, _)) => by_name.get(between).map(|&at: &usize| &self.believed[at]),
            };
            let Some(between) = between else { continue };
            if jid == record.jid
                && is_possible(&record, outer)
                && let Some(inner) = record.init.and_then(&inner)
                && let Some(seen) = seen_from_outside(record, outer, between, inner)
                && !self.inits.contains(&inner.init.pid)
                && !self.names.contains(&seen.name)
                && taken.take(seen.jid, seen.children)
            {
                self.inits.insert(inner.init.pid);
                self.names.insert(seen.name.clone());
                by_name.insert(name, self.believed.len());
                self.believed.push(seen);
            }
        }
    }
}

impl Taken {
    /// Takes a jid and those for the jails inside, unless one of them is taken.
    fn take(&mut self, jid: u32, inside: Limits) -> bool {
        let inside = inside.has_room().then(|| (inside.first, inside.end()));
        let is_free = self.is_free(jid, jid)
            && inside.is_none_or(|(first, last)| {
                !(first..=last).contains(&jid) && self.is_free(first, last)
            });
        if is_free {
            self.0.insert(jid, jid);
            self.0.extend(inside);
        }
        is_free
    }

    fn is_free(&self, first: u32, last: u32) -> bool {
        self.0.range(..=last).next_back().is_none_or(|(_, &end)| end < first)
    }
}

/// Whether a record can be that of a jail in the jail `outer`, as far as the record itself shows.
fn is_possible(record: &Record, outer: &Record) -> bool {
    record.boot == outer.boot
        // Jids outside of those that were set aside may be other prisons'.
        && outer.children.contains(record.jid)
        && outer.children.has_within(record.children)
        && record.name.split('.').all(|label| check_name(label, record.jid).is_ok())
        && is_plain(&record.path)
}

/// Whether a path leads down from the root and has no character that a terminal would obey or be
/// deceived by.
fn is_plain(path: &Path) -> bool {
    let mut components = path.components();
    components.next() == Some(Component::RootDir)
        && components.all(|component| matches!(component, Component::Normal(_)))
        && path.to_string_lossy().chars().all(vis::is_plain)
}

/// Whether a parameter has no character that a terminal would obey or be deceived by.
fn is_printable((name, value): &(String, Vec<u8>)) -> bool {
    let is_plain = |text: &str| text.chars().all(vis::is_plain);
    is_plain(name) && std::str::from_utf8(value).is_ok_and(is_plain)
}

/// Turns a record of the registry of the jail `outer` into the terms of the registry outside. The
/// record's jail is in the jail `between`: `outer`, or another one of that registry.
fn seen_from_outside(
    record: Record,
    outer: &Record,
    between: &Record,
    inner: Inner,
) -> Option<Record> {
    Some(Record {
        name: format!("{}.{}", outer.name, record.name),
        path: path_from_outside(&outer.path, &record.path)?,
        // Its users have the outer jail's ids: no others can be mapped inside.
        ids: outer.ids,
        // Never what the record says: the host writes to and removes what these name.
        cgroup: outer.cgroup.clone(),
        parent: between.jid,
        // The init's number is the outer jail's registry's, like all numbers there.
        pid_namespace: outer.pid_namespace,
        rights: rights(record.rights, inner).within(between.rights).within(outer.rights),
        creator: None,
        work: Vec::new(),
        waiting: None,
        pending: None,
        domain: false,
        init: Some(inner.init),
        outer: outer.init,
        parameters: record.parameters.into_iter().filter(is_printable).collect(),
        ..record
    })
}

fn path_from_outside(outer: &Path, path: &Path) -> Option<PathBuf> {
    Some(outer.join(path.strip_prefix("/").ok()?))
}

/// The rights of a record, where the kernel knows better what they are about.
fn rights(claimed: Rights, inner: Inner) -> Rights {
    Rights {
        // Without a user namespace of its own, its root is the outer jail's root and has that one's
        // power over all that the outer jail owns.
        users: if inner.has_users { Users::Outer } else { Users::Host },
        own_network: claimed.own_network && inner.has_network,
        // Only the host makes one.
        carried_network: false,
        ..claimed
    }
}
