//! The index of the registry: by what one prison is found, or found missing, without a look at the
//! others.
//!
//! The directory `index` has three directories of symbolic links, which ls(1) shows: `names` leads
//! from a name to a jid, `ids` from the first id of a range to a jid, and `held` from the jid of a
//! prison that is held to addresses to its cgroup. What concerns all of them together is a line in
//! the file of the lock: [`Summary`].
//!
//! The records are the truth. The line says for which state of their directory the index is right:
//! its time of change. A change of the directory, by whomever, leaves an index that counts as wrong
//! until the same command has mended it; the death of a command in between leaves it wrong, and so
//! does an older kletka, which knows no index. A wrong index costs a look at all records, and the
//! next command that makes a prison makes the index anew.

use crate::cgroup;
use crate::confine::ids::{Ids, Ranges};
use crate::registry::record::Record;
use rustix::fs::{Stat, stat};
use std::fs::{self, File};
use std::io;
use std::os::unix::fs::{FileExt, symlink};
use std::path::{Path, PathBuf};

/// Where the line begins in the file of the lock: after the last jid.
const AT: u64 = 4;
/// Bytes that the line has: a shorter one is filled up with spaces.
const ROOM: usize = 384;
/// How the line begins. Another number is another format, of a kletka that is not this one.
const HEAD: &str = "\nindex=1 ";
/// What is written over the head while the index is wrong.
const WRONG: &str = "\nindex=0 ";

/// A link by name to the jid of a prison.
const NAMES: &str = "index/names";
/// A link by the first of its ids to the jid of a prison.
const IDS: &str = "index/ids";
/// A link by jid to the cgroup of a prison that is held to addresses.
const HELD: &str = "index/held";

/// What the index says of all prisons together.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Summary {
    /// How many records there are.
    pub(crate) records: u64,
    /// How many of them name a directory among the cgroups of all prisons.
    pub(crate) groups: u64,
    /// How many are inside another prison, or may have others inside.
    pub(crate) nested: u64,
    /// How many have addresses in a network stack of their own.
    pub(crate) carried: u64,
    /// No range of ids below this one is free.
    pub(crate) lowest: u32,
    /// Where the next command goes on to look for prisons that have ended: an offset in the
    /// directory of records.
    pub(crate) cursor: u64,
    /// The state of the directory of records that the index is right for.
    state: String,
    /// The ranges that ids are given from, if the ids of all prisons are such as these give.
    ranges: Option<String>,
}

/// What stands for the ranges when there are none.
const NO_RANGES: &str = "none";

/// The index of one registry.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Index<'r> {
    /// The directory of the registry.
    directory: &'r Path,
    /// The file of the lock.
    lock: &'r File,
    /// kernel.random.boot_id.
    boot: &'r str,
}

impl<'r> Index<'r> {
    pub(crate) fn new(directory: &'r Path, lock: &'r File, boot: &'r str) -> Self {
        Self { directory, lock, boot }
    }

    /// The state of the directory of records.
    fn state(&self) -> Option<String> {
        let Stat { st_ino, st_size, st_ctime, st_ctime_nsec, .. } =
            stat(self.directory.join("jails")).ok()?;
        Some(format!("{st_ino}/{st_size}/{st_ctime}.{st_ctime_nsec:09}"))
    }

    /// Reads what the index says; `None` when it is wrong, or there is none.
    pub(crate) fn summary(&self) -> Option<Summary> {
        let mut bytes = [0; ROOM];
        self.lock.read_exact_at(&mut bytes, AT).ok()?;
        let text = std::str::from_utf8(&bytes).ok()?;
        let mut words = text.strip_prefix(HEAD)?.split_ascii_whitespace();
        let mut value = |key: &str| words.next()?.strip_prefix(key)?.strip_prefix('=');
        let (boot, state) = (value("boot")?, value("jails")?.to_owned());
        if boot != self.boot || state != self.state()? {
            return None;
        }
        Some(Summary {
            state,
            records: value("records")?.parse().ok()?,
            groups: value("groups")?.parse().ok()?,
            nested: value("nested")?.parse().ok()?,
            carried: value("carried")?.parse().ok()?,
            lowest: value("lowest")?.parse().ok()?,
            cursor: value("cursor")?.parse().ok()?,
            ranges: Some(value("ranges")?.to_owned()).filter(|text| text != NO_RANGES),
        })
    }

    /// Marks the index as wrong: the records are about to change.
    ///
    /// # Errors
    /// That cannot be written, and nothing may be changed.
    pub(crate) fn begin(&self) -> io::Result<()> {
        self.lock.write_all_at(WRONG.as_bytes(), AT)
    }

    /// Marks the index as right for the records as they are now. Where that cannot be written, the
    /// index stays wrong.
    pub(crate) fn finish(&self, mut summary: Summary) {
        if let Some(state) = self.state() {
            summary.state = state;
            self.keep(&summary);
        }
    }

    /// Writes what has been found out about records that have not changed.
    pub(crate) fn keep(&self, summary: &Summary) {
        let Summary { state, records, groups, nested, carried, lowest, cursor, ranges } = summary;
        let (boot, ranges) = (self.boot, ranges.as_deref().unwrap_or(NO_RANGES));
        let line = format!(
            "{HEAD}boot={boot} jails={state} records={records} groups={groups} nested={nested} \
             carried={carried} lowest={lowest} cursor={cursor} ranges={ranges}"
        );
        if line.len() < ROOM {
            let _ = self.lock.write_all_at(format!("{line:<0$}\n", ROOM - 1).as_bytes(), AT);
        }
    }

    /// Makes the index anew from all records, the last of a name being the one that lives.
    pub(crate) fn renew(&self, records: &[&Record], ranges: &Ranges) -> io::Result<()> {
        self.begin()?;
        for directory in [NAMES, IDS, HELD].map(|name| self.directory.join(name)) {
            fs::create_dir_all(&directory)?;
            for entry in fs::read_dir(&directory)? {
                fs::remove_file(entry?.path())?;
            }
        }
        let mut summary = Summary {
            records: 0,
            groups: 0,
            nested: 0,
            carried: 0,
            lowest: 0,
            cursor: 0,
            state: String::new(),
            ranges: ranges.text(),
        };
        for record in records {
            // Such a range may overlap with one that is given by these.
            if record.ids != Ids::SAME && !ranges.gives(record.ids) {
                summary.ranges = None;
            }
            self.add(record, &mut summary)?;
        }
        self.finish(summary);
        Ok(())
    }

    /// Adds a record that was not there.
    pub(crate) fn add(&self, record: &Record, summary: &mut Summary) -> io::Result<()> {
        let jid = record.jid.to_string();
        link(&jid, &self.directory.join(NAMES).join(&record.name))?;
        if record.ids != Ids::SAME {
            link(&jid, &self.directory.join(IDS).join(record.ids.first.to_string()))?;
        }
        if let Some(cgroup) = record.cgroup.as_deref().filter(|_| record.is_held()) {
            link(cgroup, &self.directory.join(HELD).join(&jid))?;
        }
        summary.count(record, |number| number.checked_add(1));
        Ok(())
    }

    /// Removes what leads to a record that is gone, in an index that is right or wrong.
    pub(crate) fn remove(&self, record: &Record) {
        let jid = record.jid.to_string();
        for link in [
            self.directory.join(NAMES).join(&record.name),
            self.directory.join(IDS).join(record.ids.first.to_string()),
        ] {
            unlink(&jid, &link);
        }
        if record.is_held() {
            let _ = fs::remove_file(self.directory.join(HELD).join(jid));
        }
    }

    /// Leads to a record by its name, and no more by the one that it had `before`.
    pub(crate) fn rename(&self, record: &Record, before: &str) -> io::Result<()> {
        let (names, jid) = (self.directory.join(NAMES), record.jid.to_string());
        link(&jid, &names.join(&record.name))?;
        unlink(&jid, &names.join(before));
        Ok(())
    }

    /// The jid of the prison of this name, in an index that is right.
    pub(crate) fn jid_of(&self, name: &str) -> Option<u32> {
        self.linked(NAMES, name)
    }

    /// The jid of the prison whose ids these are, in an index that is right.
    pub(crate) fn jid_with(&self, ids: Ids) -> Option<u32> {
        self.linked(IDS, &ids.first.to_string())
    }

    fn linked(&self, directory: &str, name: &str) -> Option<u32> {
        let link = self.directory.join(directory).join(name);
        fs::read_link(link).ok()?.to_str()?.parse().ok()
    }

    /// The cgroups of the prisons that are held to addresses.
    ///
    /// # Errors
    /// They cannot be listed.
    pub(crate) fn held(&self) -> io::Result<Vec<PathBuf>> {
        let entries = fs::read_dir(self.directory.join(HELD))?;
        entries.map(|entry| fs::read_link(entry?.path())).collect()
    }
}

impl Summary {
    /// What tells this state of the records from others.
    pub(crate) fn state(&self) -> &str {
        &self.state
    }

    /// Whether all ids that prisons have are such as these ranges give.
    pub(crate) fn is_of(&self, ranges: &Ranges) -> bool {
        self.ranges.is_some() && self.ranges == ranges.text()
    }

    /// Counts out a record that is gone.
    pub(crate) fn remove(&mut self, record: &Record) {
        if record.ids != Ids::SAME {
            self.lowest = self.lowest.min(record.ids.first);
        }
        self.count(record, |number| number.checked_sub(1));
    }

    /// Counts a record in or out. A number that cannot be counted stays.
    fn count(&mut self, record: &Record, count: impl Fn(u64) -> Option<u64>) {
        let is_common = record.cgroup.as_deref().is_some_and(cgroup::is_in_common);
        let is_nested = record.children.has_room() || record.name.contains('.');
        for (number, counts) in [
            (&mut self.records, true),
            (&mut self.groups, is_common),
            (&mut self.nested, is_nested),
            (&mut self.carried, record.is_carried()),
        ] {
            if let Some(counted) = count(*number).filter(|_| counts) {
                *number = counted;
            }
        }
    }
}

/// Removes a link, if it leads there: another prison may have got the name of one that had ended.
fn unlink(to: &str, at: &Path) {
    if fs::read_link(at).is_ok_and(|found| found.as_os_str() == to) {
        let _ = fs::remove_file(at);
    }
}

/// Makes a link, in place of one that is there.
fn link(to: impl AsRef<Path>, at: &Path) -> io::Result<()> {
    match symlink(&to, at) {
        Err(error) if error.kind() == io::ErrorKind::AlreadyExists => {
            fs::remove_file(at)?;
            symlink(to, at)
        }
        made => made,
    }
}
