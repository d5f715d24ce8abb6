//! The registry: which prisons there are, in one file each under /run/kletka/jails.
//!
//! The kernel is the truth; the registry only finds a prison again. Every look checks that a
//! prison's init still lives ([`process_id`]), and clears the file and the cgroup of one that has
//! died. Files are replaced whole by rename(2). One lock, held for the length of a few file
//! operations, keeps two commands from taking the same jid, name or ids.

pub(crate) mod inside;
pub(crate) mod limits;
pub(crate) mod nested;
pub(crate) mod process_id;
pub(crate) mod record;
pub(crate) mod reservation;

use crate::cgroup;
use crate::confine::ids::Ranges;
use crate::confine::rights::Rights;
use crate::error::{Error, UnionFault};
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
    /// Files that were no records when the directory was last looked at.
    broken: RefCell<Vec<PathBuf>>,
}

/// Where this command runs.
#[derive(Debug, Clone, Copy)]
enum Place {
    /// On the host.
    Host,
    /// In a jail that may have jails inside.
    Jail(Limits),
    /// In a jail that may have none inside.
    Closed,
}

/// How many files are open at once while all are read: closed together, they cost one call.
const AT_ONCE: usize = 64;
/// A record while it is being written, under the lock.
const NEW: &str = ".new";

/// What [`Registry::look`] finds.
struct Found {
    /// The records by jid, those of dead prisons too.
    records: Vec<Record>,
    /// The files from which no prison can be found, by name.
    broken: Vec<(OsString, Broken)>,
    /// There is a file that somebody was writing and did not finish.
    unfinished: bool,
}

impl Found {
    /// The jids and ids that no new prison may get, because a broken record may hold them.
    fn unreadable(&self) -> Vec<Unreadable> {
        let jid = |name: &OsString| name.to_str()?.parse().ok();
        let each = self.broken.iter();
        each.map(|(name, broken)| Unreadable { jid: jid(name), ids: broken.ids }).collect()
    }
}

/// The registry's lock; dropping it lets the next command in. The file holds the last jid given
/// out: a file of its own would cost each start more system calls.
struct Lock(fs::File);

/// The right to change prisons: [`Registry::changing`].
#[derive(Debug)]
pub struct Changing(#[expect(dead_code, reason = "closing it lets go of the lock")] OwnedFd);

impl Lock {
    /// The last jid that was given out; 0 when none was, or when the machine lost power before it
    /// was written.
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
        // Nearly always the directory is there: one stat(2) says so, and that this is no jail.
        if host.directory.join("jails").is_dir() {
            return Ok(host);
        }
        // Not by the id map: a host may have one, and a jail with the host's users has none.
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
        // O_CLOEXEC: a program executed with this descriptor would hold the lock for its whole
        // life.
        let flags = OFlags::CREATE | OFlags::RDWR | OFlags::CLOEXEC;
        let file = open(&path, flags, Mode::RUSR | Mode::WUSR);
        let locked = file.and_then(|file| flock(&file, how).map(|()| file));
        locked.map(|file| Lock(file.into())).map_err(|error| match error {
            Errno::ACCESS => Error::NotRoot,
            error => Error::Registry(path, error.into()),
        })
    }

    /// Keeps other commands from changing prisons for as long as the answer lives: each command
    /// starts from what the one before has changed.
    ///
    /// # Errors
    /// [`Error::Registry`].
    pub fn changing(&self) -> Result<Changing, Error> {
        let path = self.directory.join("jails");
        let failed = |error: Errno| Error::Registry(path.clone(), error.into());
        let flags = OFlags::RDONLY | OFlags::DIRECTORY | OFlags::CLOEXEC;
        // Another lock than `lock`, which is taken for each record that is written under this one.
        let directory = open(&path, flags, Mode::empty()).map_err(failed)?;
        flock(&directory, FlockOperation::LockExclusive).map_err(failed)?;
        Ok(Changing(directory))
    }

    fn lock_to_write(&self) -> Result<Lock, Error> {
        self.lock(FlockOperation::LockExclusive)
    }

    /// Locks for reading: a directory that is read while an entry is replaced may show neither the
    /// old nor the new one.
    fn lock_to_read(&self) -> Result<Lock, Error> {
        self.lock(FlockOperation::LockShared)
    }

    /// The files that [`Registry::prisons`] has found and that do not say which prison they are
    /// about: [`Error::BrokenRecord`] each.
    pub fn broken(&self) -> Vec<Error> {
        self.broken.borrow().iter().cloned().map(Error::BrokenRecord).collect()
    }

    /// Answers the prisons that live, by jid.
    ///
    /// # Errors
    /// [`Error::Registry`] when the directory cannot be read.
    pub fn prisons(&self) -> Result<Vec<Record>, Error> {
        if matches!(self.place, Place::Closed) {
            return Ok(Vec::new());
        }
        // Readers share the lock; only when something is to be cleared does one take it alone.
        let found = self.look(&self.lock_to_read()?)?;
        let unfinished = found.unfinished;
        let (mut alive, dead) = self.divide(found.records);
        if !dead.is_empty() || unfinished {
            // Read again: between the two locks, jids of dead prisons may have been given out.
            (alive, _) = self.sweep(&self.lock_to_write()?)?;
        }
        // A prison that is being made has no init yet, and may never come up.
        alive.retain(|record| record.init.is_some());
        self.add_those_inside(&mut alive);
        count_those_inside(&mut alive);
        Ok(alive)
    }

    /// Finds the living prison of this jid or name: jail_getid(3).
    ///
    /// # Errors
    /// [`Error::Registry`] when the directory cannot be read; [`Error::BrokenRecord`].
    pub fn find(&self, jid_or_name: &str) -> Result<Option<Record>, Error> {
        if matches!(self.place, Place::Closed) {
            return Ok(None);
        }
        // A jid is found by its file alone, and a name of digits is the jid.
        let jid: Option<u32> = jid_or_name.parse().ok();
        let found = match jid {
            Some(jid) => self.read(jid)?,
            None => self.find_by_name(jid_or_name)?,
        };
        let Some(record) = found else {
            let is_it = |it: &Record| jid.map_or(it.name == jid_or_name, |jid| it.jid == jid);
            // Only a name with a dot, or a jid, can be that of a prison inside another one.
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

    /// Reads the record of this jid, if there is one; the prison may be dead.
    fn read(&self, jid: u32) -> Result<Option<Record>, Error> {
        let file = self.file(jid);
        let Ok(bytes) = fs::read(&file) else { return Ok(None) };
        Record::parse(&bytes).map(Some).map_err(|_| Error::BrokenRecord(file))
    }

    /// Reads the record of this name, if there is one; the prison may be dead.
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

    /// Reads everything in the directory, dead prisons' records too, by jid. The argument shows
    /// that the caller has locked it.
    fn look(&self, _lock: &Lock) -> Result<Found, Error> {
        let path = self.directory.join("jails");
        let failed = |error: Errno| Error::Registry(path.clone(), error.into());
        let flags = OFlags::RDONLY | OFlags::DIRECTORY | OFlags::CLOEXEC;
        let directory = open(&path, flags, Mode::empty()).map_err(failed)?;
        let mut found = Found { records: Vec::new(), broken: Vec::new(), unfinished: false };
        // One byte more than a record may have shows that a file is too long.
        let mut room = [0; LARGEST + 1];
        // Files stay open until there are this many: to close them all is one call.
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

    /// Whether a prison lives, or the command that is making it.
    fn is_alive(&self, record: &Record) -> bool {
        record.boot == self.boot
            && record.init.or(record.creator).is_some_and(|process| process.open().is_some())
    }

    /// Divides records into those of living and of dead prisons, each in the same order:
    /// [`Registry::is_alive`] for many.
    fn divide(&self, records: Vec<Record>) -> (Vec<Record>, Vec<Record>) {
        let process =
            |record: &Record| record.init.or(record.creator).filter(|_| record.boot == self.boot);
        let processes: Vec<_> = records.iter().map(process).collect();
        let mut living = ProcessId::living(&processes).into_iter();
        records.into_iter().partition(|_| living.next() == Some(true))
    }

    /// Clears what dead prisons have left: their cgroups and files. Answers the living ones, by
    /// jid, and what cannot be read.
    fn sweep(&self, lock: &Lock) -> Result<(Vec<Record>, Vec<Unreadable>), Error> {
        let found = self.look(lock)?;
        let unreadable = found.unreadable();
        let (alive, dead) = self.divide(found.records);
        dead.iter().for_each(|record| self.clear(record));
        // Whoever was writing this file has died: writing needs the lock, which is ours.
        let _ = fs::remove_file(self.directory.join("jails").join(NEW));
        Ok((alive, unreadable))
    }

    fn clear(&self, record: &Record) {
        if record.waiting.is_some() {
            let _ = fs::remove_file(self.waiting_directory().join(record.jid.to_string()));
        }
        // Where something could not be removed, the record stays, and the next command tries again.
        let work_is_gone = record.work.iter().all(|work| work::remove(work));
        if record.cgroup.as_deref().is_none_or(cgroup::remove) && work_is_gone {
            let _ = fs::remove_file(self.file(record.jid));
        }
    }

    fn file(&self, jid: u32) -> PathBuf {
        self.directory.join("jails").join(jid.to_string())
    }

    /// The directory of the sockets by which waiting processes are started.
    fn waiting_directory(&self) -> PathBuf {
        self.directory.join("waiting")
    }

    /// The path of the socket by which a prison's waiting process is started, in a directory of
    /// root's.
    pub(crate) fn waiting(&self, record: &Record) -> Result<PathBuf, Error> {
        let directory = self.waiting_directory();
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

    /// Takes a jid, a name, ids and a cgroup's path for a prison that is about to be made, and
    /// writes them down.
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

    /// Writes down that `directory` is made for the prison of `record`, and is removed with it.
    ///
    /// # Errors
    /// [`UnionFault::Taken`]: a living prison has that directory; [`UnionFault::Shared`]: this
    /// prison has it already.
    pub(crate) fn claim(&self, record: &mut Record, directory: &Path) -> Result<(), Error> {
        if record.work.iter().any(|work| work == directory) {
            return Err(Error::Union(directory.into(), UnionFault::Shared));
        }
        let lock = self.lock_to_write()?;
        let (living, _) = self.sweep(&lock)?;
        let holder = living.iter().find(|other| other.work.iter().any(|work| work == directory));
        if let Some(holder) = holder {
            return Err(Error::Union(directory.into(), UnionFault::Taken(holder.name.clone())));
        }
        // Written before the directory is made: whoever finds the record after a crash removes it.
        record.work.push(directory.into());
        self.store(&lock, record)
    }

    /// Adds the prisons that jails have made themselves, in jails that may.
    fn add_those_inside(&self, records: &mut Vec<Record>) {
        let view = |jail: &Record| nested::view(jail, records);
        let inside: Vec<Record> = records.iter().flat_map(view).collect();
        if !inside.is_empty() {
            records.extend(inside);
            records.sort_by_key(|record| record.jid);
        }
    }

    /// Answers the prisons inside `outer`, those further inside first: they have to end first.
    pub(crate) fn inside(&self, outer: &Record) -> Result<Vec<Record>, Error> {
        if outer.children.max == 0 {
            return Ok(Vec::new());
        }
        let mut inside = self.prisons()?;
        inside.retain(|record| record.is_within(outer));
        inside.sort_by_key(|record| std::cmp::Reverse(record.name.matches('.').count()));
        Ok(inside)
    }

    /// Writes a prison's record in place of the one before.
    pub(crate) fn write(&self, record: &Record) -> Result<(), Error> {
        self.store(&self.lock_to_write()?, record)
    }

    fn store(&self, _lock: &Lock, record: &Record) -> Result<(), Error> {
        let path = self.file(record.jid);
        let bytes = record.to_bytes();
        // A longer one could not be read again, and its prison not be found.
        if bytes.len() > LARGEST {
            return Err(Error::Registry(path, io::ErrorKind::FileTooLarge.into()));
        }
        // rename(2) needs the same file system; one name suffices, as only one command writes at a
        // time.
        let new = self.directory.join("jails").join(NEW);
        fs::write(&new, bytes)
            .and_then(|()| fs::rename(&new, &path))
            .map_err(|error: io::Error| Error::Registry(path, error))
    }

    /// Forgets a prison that has ended, but not another that has got its jid meanwhile.
    pub(crate) fn forget(&self, record: &Record) -> Result<(), Error> {
        let _lock = self.lock_to_write()?;
        let current = self.read(record.jid).unwrap_or_default();
        let same = |current: &Record| current.cgroup == record.cgroup && current.ids == record.ids;
        // Cleared by what this registry's file says: `record` may come from a jail's own registry,
        // which may say anything.
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

/// Reads a file of the registry by one read(2), and answers with the open file too.
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

/// Whether this process is in a jail: process 1 is one of ours there, and its title says so.
/// Nothing else tells a jail from a host: a host may itself run in a user namespace, and a jail
/// with `kletka.userns = inherit` has none.
#[must_use]
pub fn is_jailed() -> bool {
    read_small("/proc/1/cmdline").is_some_and(|title| title.starts_with("kletka: "))
}

/// The limits of the jail that this process is in, if it is in one, and if that may have jails
/// inside.
fn jailed() -> Option<Option<Limits>> {
    let limits = || read_small(&format!("{}/{}", limits::DIRECTORY, limits::FILE));
    is_jailed().then(|| limits().and_then(|text| Limits::parse(&text)))
}

/// Makes a directory for root alone; one that exists already is fine too.
fn make_private(directory: &Path) -> Result<(), Error> {
    match mkdir(directory, Mode::RWXU) {
        Ok(()) | Err(Errno::EXIST) => Ok(()),
        Err(Errno::ACCESS | Errno::PERM) => Err(Error::NotRoot),
        Err(error) => Err(Error::Registry(directory.into(), error.into())),
    }
}

fn unique() -> u64 {
    let now = SystemTime::now().duration_since(UNIX_EPOCH).unwrap_or_default();
    // The process id tells two commands of one nanosecond apart, where clocks are coarse.
    now.as_nanos() as u64 ^ u64::from(std::process::id()) << 40
}
