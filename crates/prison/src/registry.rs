//! The registry: which prisons there are, one file each under /run/kletka/jails.
//!
//! The kernel is the truth; the registry only finds it again. Every look checks that a prison's
//! init (the process and its start time) still lives, and clears what has died: its file and its
//! cgroup. Files are replaced whole by rename(2). One lock, held for the length of a few file
//! operations, keeps two commands from taking the same jid, name or ids.

pub(crate) mod limits;
pub(crate) mod nested;
pub(crate) mod process_id;
pub(crate) mod record;
pub(crate) mod reservation;

use crate::cgroup;
use crate::confine::ids::Ranges;
use crate::confine::rights::Rights;
use crate::error::Error;
use crate::spec::Spec;
use crate::work;
use kernel::descriptor::close_many;
use kernel::proc::read_small;
use limits::Limits;
use process_id::ProcessId;
use record::{Broken, LARGEST, Record};
use reservation::{Reservation, Unreadable};
use rustix::fs::{Dir, FlockOperation, Mode, OFlags, flock, mkdir, open, openat};
use rustix::io::{Errno, read};
use std::cell::RefCell;
use std::ffi::{CStr, OsStr, OsString};
use std::fs;
use std::io;
use std::os::fd::{AsFd, BorrowedFd, OwnedFd};
use std::os::unix::ffi::OsStrExt;
use std::os::unix::fs::FileExt;
use std::path::{Path, PathBuf};
use std::time::{SystemTime, UNIX_EPOCH};

/// The directory of records, opened.
#[derive(Debug)]
pub struct Registry {
    directory: PathBuf,
    place: Place,
    boot: String,
    /// Files that were no records, when the directory was last looked at.
    broken: RefCell<Vec<PathBuf>>,
}

/// Where this command runs.
#[derive(Debug, Clone, Copy)]
enum Place {
    /// On the host.
    Host,
    /// In a jail that may have jails inside.
    Jail(Limits),
    /// In a jail that may not.
    Closed,
}

/// Files that are open at once while all are read.
const AT_ONCE: usize = 64;
/// A record while it is being written, under the lock.
const NEW: &str = ".new";

/// What [`Registry::look`] finds.
struct Found {
    /// Dead ones too, by jid.
    records: Vec<Record>,
    /// Those from which no prison can be found, by file name.
    broken: Vec<(OsString, Broken)>,
    /// There is what somebody has left who died over writing.
    unfinished: bool,
}

impl Found {
    /// What the broken ones keep from new prisons.
    fn unreadable(&self) -> Vec<Unreadable> {
        let jid = |name: &OsString| name.to_str()?.parse().ok();
        let each = self.broken.iter();
        each.map(|(name, broken)| Unreadable { jid: jid(name), ids: broken.ids }).collect()
    }
}

/// The registry's lock; dropping it lets the next command in. The file
/// holds the last jid given out.
struct Lock(fs::File);

/// The right to change prisons: [`Registry::changing`].
#[derive(Debug)]
pub struct Changing(#[expect(dead_code, reason = "closing it lets go of the lock")] OwnedFd);

impl Lock {
    /// The last jid that was given out; 0 when none was, or power was lost over it.
    fn last_jid(&self) -> u32 {
        let mut bytes = [0; 4];
        let read = self.0.read_exact_at(&mut bytes, 0);
        if read.is_ok() { u32::from_le_bytes(bytes) } else { 0 }
    }

    fn set_last_jid(&self, jid: u32) -> io::Result<()> {
        self.0.write_all_at(&jid.to_le_bytes(), 0)
    }
}

impl Registry {
    /// The host's registry, /run/kletka, made when it is missing; in a jail that may have
    /// jails inside, the jail's own.
    ///
    /// # Errors
    /// [`Error::NotRoot`] when an unprivileged user calls; [`Error::Registry`].
    pub fn open() -> Result<Self, Error> {
        let boot = read_small("/proc/sys/kernel/random/boot_id").unwrap_or_default();
        let registry = |directory: &str, place| Self {
            directory: directory.into(),
            place,
            boot: boot.trim_end().to_owned(),
            broken: RefCell::default(),
        };
        let host = registry("/run/kletka", Place::Host);
        // Nearly always it is there.
        if host.directory.join("jails").is_dir() {
            return Ok(host);
        }
        let Some(limits) = jailed() else {
            return host.made();
        };
        match limits {
            Some(limits) => registry(limits::DIRECTORY, Place::Jail(limits)).made(),
            None => Ok(registry(limits::DIRECTORY, Place::Closed)),
        }
    }

    fn made(self) -> Result<Self, Error> {
        make_private(&self.directory)?;
        make_private(&self.directory.join("jails"))?;
        Ok(self)
    }

    fn lock(&self, how: FlockOperation) -> Result<Lock, Error> {
        let path = self.directory.join("lock");
        let flags = OFlags::CREATE | OFlags::RDWR | OFlags::CLOEXEC;
        let file = open(&path, flags, Mode::RUSR | Mode::WUSR);
        let locked = file.and_then(|file| flock(&file, how).map(|()| file));
        locked.map(|file| Lock(file.into())).map_err(|error| match error {
            Errno::ACCESS => Error::NotRoot,
            error => Error::Registry(path, error.into()),
        })
    }

    /// Keeps other commands from changing prisons for as long as the answer lives: each one starts
    /// from what the one before has made of them.
    ///
    /// # Errors
    /// [`Error::Registry`].
    pub fn changing(&self) -> Result<Changing, Error> {
        let path = self.directory.join("jails");
        let failed = |error: Errno| Error::Registry(path.clone(), error.into());
        let flags = OFlags::RDONLY | OFlags::DIRECTORY | OFlags::CLOEXEC;
        let directory = open(&path, flags, Mode::empty()).map_err(failed)?;
        flock(&directory, FlockOperation::LockExclusive).map_err(failed)?;
        Ok(Changing(directory))
    }

    fn lock_to_write(&self) -> Result<Lock, Error> {
        self.lock(FlockOperation::LockExclusive)
    }

    /// A directory that is read while an entry of it is replaced may show neither
    /// the old nor the new one.
    fn lock_to_read(&self) -> Result<Lock, Error> {
        self.lock(FlockOperation::LockShared)
    }

    /// The files of the registry that [`Registry::prisons`] has come upon, and from which no prison
    /// can be found: [`Error::BrokenRecord`] each.
    pub fn broken(&self) -> Vec<Error> {
        self.broken.borrow().iter().cloned().map(Error::BrokenRecord).collect()
    }

    /// The prisons that live, by jid.
    ///
    /// # Errors
    /// [`Error::Registry`] when the directory cannot be read.
    pub fn prisons(&self) -> Result<Vec<Record>, Error> {
        if matches!(self.place, Place::Closed) {
            return Ok(Vec::new());
        }
        let found = self.look(&self.lock_to_read()?)?;
        let unfinished = found.unfinished;
        let (mut alive, dead) = self.divide(found.records);
        if !dead.is_empty() || unfinished {
            (alive, _) = self.sweep(&self.lock_to_write()?)?;
        }
        alive.retain(|record| record.init.is_some());
        self.add_those_inside(&mut alive);
        count_those_inside(&mut alive);
        Ok(alive)
    }

    /// The living prison of this jid or name: jail_getid(3).
    ///
    /// # Errors
    /// [`Error::Registry`] when the directory cannot be read; [`Error::BrokenRecord`].
    pub fn find(&self, jid_or_name: &str) -> Result<Option<Record>, Error> {
        if matches!(self.place, Place::Closed) {
            return Ok(None);
        }
        // A name of digits is the jid.
        let jid: Option<u32> = jid_or_name.parse().ok();
        let found = match jid {
            Some(jid) => self.read(jid)?,
            None => self.find_by_name(jid_or_name)?,
        };
        let Some(record) = found else {
            let is_it = |it: &Record| jid.map_or(it.name == jid_or_name, |jid| it.jid == jid);
            // It may be inside another one.
            let any = jid.is_some() || jid_or_name.contains('.');
            let all = if any { self.prisons()? } else { Vec::new() };
            return Ok(all.into_iter().find(is_it));
        };
        if !self.is_alive(&record) {
            self.sweep(&self.lock_to_write()?)?;
            return Ok(None);
        }
        let inside = self.inside(&record)?.len() as u32;
        Ok(record.init.is_some().then_some(Record { inside, ..record }))
    }

    /// The record of this jid, if there is one; the prison may be dead.
    fn read(&self, jid: u32) -> Result<Option<Record>, Error> {
        let file = self.file(jid);
        let Ok(bytes) = fs::read(&file) else { return Ok(None) };
        Record::parse(&bytes).map(Some).map_err(|_| Error::BrokenRecord(file))
    }

    /// The same by name.
    fn find_by_name(&self, name: &str) -> Result<Option<Record>, Error> {
        let found = self.look(&self.lock_to_read()?)?;
        if let Some(record) = found.records.into_iter().find(|record| record.name == name) {
            return Ok(Some(record));
        }
        let mut broken = found.broken.into_iter();
        match broken.find(|(_, broken)| broken.name.as_deref() == Some(name)) {
            None => Ok(None),
            Some((file, _)) => Err(Error::BrokenRecord(self.directory.join("jails").join(file))),
        }
    }

    /// What is in the directory, dead records too, by jid.
    fn look(&self, _lock: &Lock) -> Result<Found, Error> {
        let path = self.directory.join("jails");
        let failed = |error: Errno| Error::Registry(path.clone(), error.into());
        let flags = OFlags::RDONLY | OFlags::DIRECTORY | OFlags::CLOEXEC;
        let directory = open(&path, flags, Mode::empty()).map_err(failed)?;
        let mut found = Found { records: Vec::new(), broken: Vec::new(), unfinished: false };
        let mut room = [0; LARGEST + 1];
        // Open until there are so many: to close them all is one call.
        let mut files = Vec::with_capacity(AT_ONCE);
        for entry in Dir::read_from(&directory).map_err(failed)? {
            let entry = entry.map_err(failed)?;
            let name = entry.file_name();
            if matches!(name.to_bytes(), b"." | b"..") {
                continue;
            }
            let (file, record) = read_record(directory.as_fd(), name, &mut room).map_err(failed)?;
            match record {
                _ if name.to_bytes() == NEW.as_bytes() => found.unfinished = true,
                Ok(record) => found.records.push(record),
                Err(broken) => {
                    found.broken.push((OsStr::from_bytes(name.to_bytes()).to_owned(), broken));
                }
            }
            files.push(file);
            if files.len() == AT_ONCE {
                close_many(files.drain(..));
            }
        }
        close_many(files.into_iter());
        found.records.sort_by_key(|record| record.jid);
        let files = found.broken.iter().map(|(name, _)| path.join(name));
        self.broken.replace(files.collect());
        Ok(found)
    }

    /// Whether a prison lives, or the command that is making it does.
    fn is_alive(&self, record: &Record) -> bool {
        record.boot == self.boot
            && record.init.or(record.creator).is_some_and(|process| process.open().is_some())
    }

    /// Those that live and those that do not, in the same order: [`Registry::is_alive`] for many.
    fn divide(&self, records: Vec<Record>) -> (Vec<Record>, Vec<Record>) {
        let process =
            |record: &Record| record.init.or(record.creator).filter(|_| record.boot == self.boot);
        let processes: Vec<_> = records.iter().map(process).collect();
        let mut living = ProcessId::living(&processes).into_iter();
        records.into_iter().partition(|_| living.next() == Some(true))
    }

    /// Clears what prisons that have died left: their cgroups and files. The others, by jid, and
    /// those of which nobody knows.
    fn sweep(&self, lock: &Lock) -> Result<(Vec<Record>, Vec<Unreadable>), Error> {
        let found = self.look(lock)?;
        let unreadable = found.unreadable();
        let (alive, dead) = self.divide(found.records);
        dead.iter().for_each(|record| self.clear(record));
        // Whoever was writing it has died: the lock is ours.
        let _ = fs::remove_file(self.directory.join("jails").join(NEW));
        Ok((alive, unreadable))
    }

    fn clear(&self, record: &Record) {
        if record.waiting.is_some() {
            let _ = fs::remove_file(self.directory.join("waiting").join(record.jid.to_string()));
        }
        // A record that is kept has the next command try again.
        let work_is_gone = record.work.iter().all(|work| work::remove(work));
        if record.cgroup.as_deref().is_none_or(cgroup::remove) && work_is_gone {
            let _ = fs::remove_file(self.file(record.jid));
        }
    }

    fn file(&self, jid: u32) -> PathBuf {
        self.directory.join("jails").join(jid.to_string())
    }

    /// The way to the process of a prison that waits to be started: a socket
    /// in a directory of root's.
    pub(crate) fn waiting(&self, record: &Record) -> Result<PathBuf, Error> {
        let directory = self.directory.join("waiting");
        make_private(&directory)?;
        Ok(directory.join(record.jid.to_string()))
    }

    /// The limits of the jail that this command runs in; `None` on the host.
    ///
    /// # Errors
    /// [`Error::NotPermitted`]: no jails may be made here.
    pub(crate) fn limits(&self) -> Result<Option<Limits>, Error> {
        match self.place {
            Place::Host => Ok(None),
            Place::Jail(limits) => Ok(Some(limits)),
            Place::Closed => Err(Error::NotPermitted),
        }
    }

    /// Takes a jid, a name, ids and a cgroup's path for a prison that is about to be made.
    pub(crate) fn reserve(&self, spec: &Spec, rights: Rights) -> Result<Record, Error> {
        let outer = self.limits()?;
        let lock = self.lock_to_write()?;
        let (mut records, unreadable) = self.sweep(&lock)?;
        self.add_those_inside(&mut records);
        if outer.is_some_and(|outer| records.len() >= outer.max as usize) {
            return Err(Error::Limit);
        }
        let (last, ranges) = (lock.last_jid(), Ranges::read());
        let taken = Reservation::choose(spec, (&records, &unreadable), last, outer, &ranges)?;
        let record = Record {
            jid: taken.jid,
            name: taken.name,
            parent: taken.parent,
            children: taken.children,
            path: spec.path.clone(),
            ids: taken.ids,
            cgroup: cgroup::path(taken.jid, unique()),
            parameters: spec.parameters.clone(),
            rights,
            creator: ProcessId::own(),
            boot: self.boot.clone(),
            ..Record::empty()
        };
        self.store(&lock, &record)?;
        lock.set_last_jid(taken.last)
            .map_err(|error| Error::Registry(self.directory.join("lock"), error))?;
        Ok(record)
    }

    /// Writes down that `directory` is made for the prison of `record`, and goes with it.
    ///
    /// # Errors
    /// [`Error::WorkTaken`] when it is one that a living prison has;
    /// [`Error::WorkShared`] when this one has it.
    pub(crate) fn claim(&self, record: &mut Record, directory: &Path) -> Result<(), Error> {
        if record.work.iter().any(|work| work == directory) {
            return Err(Error::WorkShared(directory.into()));
        }
        let lock = self.lock_to_write()?;
        let (living, _) = self.sweep(&lock)?;
        let holder = living.iter().find(|other| other.work.iter().any(|work| work == directory));
        if let Some(holder) = holder {
            return Err(Error::WorkTaken(directory.into(), holder.name.clone()));
        }
        record.work.push(directory.into());
        self.store(&lock, record)
    }

    /// Adds the prisons that jails have made themselves, where they may.
    fn add_those_inside(&self, records: &mut Vec<Record>) {
        let inside: Vec<Record> = records.iter().flat_map(nested::view).collect();
        if !inside.is_empty() {
            records.extend(inside);
            records.sort_by_key(|record| record.jid);
        }
    }

    /// The prisons inside `outer`, those further inside first.
    pub(crate) fn inside(&self, outer: &Record) -> Result<Vec<Record>, Error> {
        if outer.children.max == 0 {
            return Ok(Vec::new());
        }
        let mut inside = self.prisons()?;
        inside.retain(|record| record.is_within(outer));
        inside.sort_by_key(|record| std::cmp::Reverse(record.name.matches('.').count()));
        Ok(inside)
    }

    /// Writes a prison's record, in place of the one before.
    pub(crate) fn write(&self, record: &Record) -> Result<(), Error> {
        self.store(&self.lock_to_write()?, record)
    }

    fn store(&self, _lock: &Lock, record: &Record) -> Result<(), Error> {
        let path = self.file(record.jid);
        let bytes = record.to_bytes();
        if bytes.len() > LARGEST {
            return Err(Error::Registry(path, io::ErrorKind::FileTooLarge.into()));
        }
        let new = self.directory.join("jails").join(NEW);
        fs::write(&new, bytes)
            .and_then(|()| fs::rename(&new, &path))
            .map_err(|error: io::Error| Error::Registry(path, error))
    }

    /// Forgets a prison that has ended; not one that has taken its jid meanwhile.
    pub(crate) fn forget(&self, record: &Record) -> Result<(), Error> {
        let _lock = self.lock_to_write()?;
        let current = self.read(record.jid).unwrap_or_default();
        let same = |current: &Record| current.cgroup == record.cgroup && current.ids == record.ids;
        // What it says, not what was read elsewhere: a jail's own registry may say anything.
        if let Some(current) = current.filter(same) {
            self.clear(&current);
        }
        Ok(())
    }
}

/// Counts, for each jail that may have any, the jails inside it.
fn count_those_inside(records: &mut [Record]) {
    for at in 0..records.len() {
        if records[at].children.max > 0 {
            let inside = records.iter().filter(|record| record.is_within(&records[at]));
            records[at].inside = inside.count() as u32;
        }
    }
}

/// Reads a file of the registry, in one go, and answers with it.
fn read_record(
    directory: BorrowedFd<'_>,
    name: &CStr,
    room: &mut [u8],
) -> rustix::io::Result<(OwnedFd, Result<Record, Broken>)> {
    let flags = OFlags::RDONLY | OFlags::NOFOLLOW | OFlags::CLOEXEC;
    let file = openat(directory, name, flags, Mode::empty())?;
    let length = read(&file, &mut *room)?;
    let record = Record::parse(&room[..length]);
    Ok((file, if length > LARGEST { Err(Broken::default()) } else { record }))
}

/// Whether this process is in a jail: there, process 1 is one of ours and says so. With the host's
/// users or with its own, a jail has no other that is as good: a user namespace alone is none, and
/// one of these a host may be in itself.
#[must_use]
pub fn is_jailed() -> bool {
    read_small("/proc/1/cmdline").is_some_and(|title| title.starts_with("kletka: "))
}

/// The limits of the jail that this is, if it is one, and if it may have jails inside.
fn jailed() -> Option<Option<Limits>> {
    let limits = || read_small(&format!("{}/{}", limits::DIRECTORY, limits::FILE));
    is_jailed().then(|| limits().and_then(|text| Limits::parse(&text)))
}

/// Makes a directory for root alone; that it is there is fine too.
fn make_private(directory: &Path) -> Result<(), Error> {
    match mkdir(directory, Mode::RWXU) {
        Ok(()) | Err(Errno::EXIST) => Ok(()),
        Err(Errno::ACCESS | Errno::PERM) => Err(Error::NotRoot),
        Err(error) => Err(Error::Registry(directory.into(), error.into())),
    }
}

fn unique() -> u64 {
    let now = SystemTime::now().duration_since(UNIX_EPOCH).unwrap_or_default();
    now.as_nanos() as u64 ^ u64::from(std::process::id()) << 40
}
