//! The registry: which prisons there are, one file each under /run/kletka/jails.
//!
//! The kernel is the truth; the registry only finds it again. Every look checks that a prison's init
//! (the process and its start time) still lives, and clears what has died: its file and its cgroup.
//! Files are replaced whole by rename(2). One lock, held for the length of a few file operations,
//! keeps two commands from taking the same jid, name or ids.

use crate::cgroup;
use crate::error::Error;
use crate::ids::{self, Ids};
use crate::record::{ProcessId, Record, Rights, read_small};
use crate::spec::{Spec, Users};
use rustix::fs::{Dir, FlockOperation, Mode, OFlags, flock, mkdir, open, openat};
use rustix::io::{Errno, read};
use std::fs;
use std::io;
use std::os::unix::fs::FileExt;
use std::path::{Path, PathBuf};
use std::time::{SystemTime, UNIX_EPOCH};

/// The largest jid that is given out before counting starts again: FreeBSD's `JAIL_MAX`.
const JID_MAX: u32 = 999_999;

/// The directory of records, opened.
#[derive(Debug)]
pub struct Registry {
    directory: PathBuf,
    boot: String,
}

/// Bytes that a record may have; a path and a host name are the longest things in it.
const LARGEST: usize = 16 << 10;
/// A record while it is being written, under the lock.
const NEW: &str = ".new";

/// What [`Registry::look`] finds.
struct Found {
    records: Vec<Record>,
    /// There is something that is no record.
    unfinished: bool,
}

/// The registry's lock; dropping it lets the next command in. The file holds the last jid given out.
struct Lock(fs::File);

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
    /// The host's registry, /run/kletka, made when it is missing.
    ///
    /// # Errors
    /// [`Error::NotRoot`] when an unprivileged user calls; [`Error::Registry`].
    pub fn open() -> Result<Self, Error> {
        Self::open_at(Path::new("/run/kletka"))
    }

    fn open_at(directory: &Path) -> Result<Self, Error> {
        // Nearly always it is there.
        if !directory.join("jails").is_dir() {
            make_private(directory)?;
            make_private(&directory.join("jails"))?;
        }
        let boot = read_small("/proc/sys/kernel/random/boot_id").unwrap_or_default();
        Ok(Self { directory: directory.into(), boot: boot.trim_end().into() })
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

    fn lock_to_write(&self) -> Result<Lock, Error> {
        self.lock(FlockOperation::LockExclusive)
    }

    /// A directory that is read while an entry of it is replaced may show neither the old nor the new one.
    fn lock_to_read(&self) -> Result<Lock, Error> {
        self.lock(FlockOperation::LockShared)
    }

    /// The prisons that live, by jid.
    ///
    /// # Errors
    /// [`Error::Registry`] when the directory cannot be read.
    pub fn prisons(&self) -> Result<Vec<Record>, Error> {
        let found = self.look(&self.lock_to_read()?)?;
        let total = found.records.len();
        let mut alive = found.records;
        alive.retain(|record| self.is_alive(record));
        if alive.len() < total || found.unfinished {
            alive = self.sweep(&self.lock_to_write()?)?;
        }
        alive.retain(|record| record.init.is_some());
        Ok(alive)
    }

    /// The living prison of this jid or name: jail_getid(3).
    ///
    /// # Errors
    /// [`Error::Registry`] when the directory cannot be read.
    pub fn find(&self, jid_or_name: &str) -> Result<Option<Record>, Error> {
        let found = match jid_or_name.parse() {
            // A name of digits is the jid.
            Ok(jid) => fs::read(self.file(jid)).ok().and_then(|bytes| Record::parse(&bytes)),
            Err(_) => {
                let found = self.look(&self.lock_to_read()?)?;
                found.records.into_iter().find(|record| record.name == jid_or_name)
            }
        };
        let Some(record) = found else { return Ok(None) };
        if !self.is_alive(&record) {
            self.sweep(&self.lock_to_write()?)?;
            return Ok(None);
        }
        Ok(record.init.is_some().then_some(record))
    }

    /// What is in the directory, dead records too, by jid.
    fn look(&self, _lock: &Lock) -> Result<Found, Error> {
        let path = self.directory.join("jails");
        let failed = |error: Errno| Error::Registry(path.clone(), error.into());
        let flags = OFlags::RDONLY | OFlags::DIRECTORY | OFlags::CLOEXEC;
        let directory = open(&path, flags, Mode::empty()).map_err(failed)?;
        let mut found = Found { records: Vec::new(), unfinished: false };
        let mut room = [0; LARGEST];
        for entry in Dir::read_from(&directory).map_err(failed)? {
            let entry = entry.map_err(failed)?;
            let name = entry.file_name();
            if matches!(name.to_bytes(), b"." | b"..") {
                continue;
            }
            let flags = OFlags::RDONLY | OFlags::NOFOLLOW | OFlags::CLOEXEC;
            let file = openat(&directory, name, flags, Mode::empty()).map_err(failed)?;
            let length = read(file, &mut room).map_err(failed)?;
            // What cannot be understood is the remainder of a write that was cut short.
            match Record::parse(&room[..length]) {
                Some(record) if name.to_bytes() != NEW.as_bytes() => found.records.push(record),
                _ => found.unfinished = true,
            }
        }
        found.records.sort_by_key(|record| record.jid);
        Ok(found)
    }

    /// Whether a prison lives, or the command that is making it does.
    fn is_alive(&self, record: &Record) -> bool {
        record.boot == self.boot
            && record.init.or(record.creator).is_some_and(|process| process.open().is_some())
    }

    /// Clears what prisons that have died left: their cgroups and files. The others, by jid.
    fn sweep(&self, lock: &Lock) -> Result<Vec<Record>, Error> {
        let (alive, dead): (Vec<_>, Vec<_>) =
            self.look(lock)?.records.into_iter().partition(|record| self.is_alive(record));
        dead.iter().for_each(|record| self.clear(record));
        // Whoever was writing it has died: the lock is ours.
        let _ = fs::remove_file(self.directory.join("jails").join(NEW));
        Ok(alive)
    }

    fn clear(&self, record: &Record) {
        // A record that is kept has the next command try again.
        if record.cgroup.as_deref().is_none_or(cgroup::remove) {
            let _ = fs::remove_file(self.file(record.jid));
        }
    }

    fn file(&self, jid: u32) -> PathBuf {
        self.directory.join("jails").join(jid.to_string())
    }

    /// Takes a jid, a name, ids and a cgroup's path for a prison that is about to be made.
    pub(crate) fn reserve(&self, spec: &Spec, rights: Rights) -> Result<Record, Error> {
        let lock = self.lock_to_write()?;
        let records = self.sweep(&lock)?;
        let jid = match spec.jid {
            Some(jid) if records.iter().any(|record| record.jid == jid) => {
                return Err(Error::JidTaken(jid));
            }
            Some(jid) => jid,
            None => next_jid(lock.last_jid(), &records),
        };
        let name = spec.name.clone().unwrap_or_else(|| jid.to_string());
        if records.iter().any(|record| record.name == name) {
            return Err(Error::NameTaken(name));
        }
        check_name(&name, jid)?;
        let taken: Vec<Ids> = records.iter().map(|record| record.ids).collect();
        let ids = match spec.users {
            Users::Own => Ids::free(&taken, &ids::subordinate_ranges()).ok_or(Error::NoIds)?,
            Users::Host => Ids::SAME,
        };
        let record = Record {
            jid,
            name,
            path: spec.path.clone(),
            ids,
            cgroup: cgroup::path(jid, unique()),
            parameters: spec.parameters.clone(),
            rights,
            creator: ProcessId::own(),
            init: None,
            boot: self.boot.clone(),
        };
        self.store(&lock, &record)?;
        lock.set_last_jid(jid)
            .map_err(|error| Error::Registry(self.directory.join("lock"), error))?;
        Ok(record)
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
        let current = fs::read(self.file(record.jid)).ok().and_then(|bytes| Record::parse(&bytes));
        let same = |current: &Record| current.cgroup == record.cgroup && current.ids == record.ids;
        if current.as_ref().is_some_and(same) {
            self.clear(record);
        }
        Ok(())
    }
}

/// Makes a directory for root alone; that it is there is fine too.
fn make_private(directory: &Path) -> Result<(), Error> {
    match mkdir(directory, Mode::RWXU) {
        Ok(()) | Err(Errno::EXIST) => Ok(()),
        Err(Errno::ACCESS | Errno::PERM) => Err(Error::NotRoot),
        Err(error) => Err(Error::Registry(directory.into(), error.into())),
    }
}

/// The jid after the last one given out, as FreeBSD counts: one that was used lately is not reused.
fn next_jid(last: u32, records: &[Record]) -> u32 {
    let last = if last < JID_MAX { last } else { 0 };
    let free = |jid: &u32| records.iter().all(|record| record.jid != *jid);
    (last + 1..=JID_MAX).chain(1..=last).find(free).unwrap_or(JID_MAX)
}

/// Refuses what cannot be a jail's name: kern_jail.c, "name cannot be numeric (unless it is the jid)".
fn check_name(name: &str, jid: u32) -> Result<(), Error> {
    let numeric = name.bytes().all(|byte| byte.is_ascii_digit());
    let unusable = name.chars().any(|c| c == '/' || c.is_control()) || name.starts_with('-');
    if name.contains('.') {
        return Err(Error::NestedName(name.to_owned()));
    }
    if name.is_empty() || unusable || (numeric && name != jid.to_string()) {
        return Err(Error::BadName(name.to_owned()));
    }
    Ok(())
}

fn unique() -> u64 {
    let now = SystemTime::now().duration_since(UNIX_EPOCH).unwrap_or_default();
    now.as_nanos() as u64 ^ u64::from(std::process::id()) << 40
}
