//! The registry: which prisons there are, in one file each under /run/kletka/jails.
//!
//! The kernel is the truth; the registry only finds a prison again. Every look asks the kernel what
//! has become of a prison ([`fate`]). A look changes nothing and needs no right to write: only
//! commands that make or end prisons clear what dead ones have left. Files are replaced whole by
//! rename(2). One lock, held for the length of a few file operations, keeps two commands from
//! taking the same jid, name or ids.

mod children;
mod directory;
pub(crate) mod fate;
mod index;
pub(crate) mod inside;
pub(crate) mod limits;
mod listing;
pub(crate) mod lost;
pub(crate) mod nested;
pub(crate) mod process_id;
pub(crate) mod record;
mod rename;
pub(crate) mod reservation;
#[cfg(test)]
mod tests;
pub(crate) mod unseen;

use crate::cgroup::{self, legacy::Hierarchies};
use crate::confine::ids::{Ids, Ranges};
use crate::confine::rights::Rights;
use crate::error::{Calling, Error, UnionFault};
use crate::files::{launcher, lines};
use crate::pending::Pending;
use crate::shared;
use crate::spec::{Spec, Users};
use crate::title;
use crate::work;
use directory::{Found, NEW};
use fate::{Fate, Viewpoint};
use index::{Index, Summary};
use kernel::proc::read_small;
use limits::Limits;
use process_id::ProcessId;
use record::{LARGEST, Record};
use reservation::{Held, Reservation};
use rustix::fs::{FlockOperation, Mode, OFlags, flock, mkdir, open};
use rustix::io::Errno;
use std::cell::RefCell;
use std::fs;
use std::io::{self, Write};
use std::os::fd::{AsFd, OwnedFd};
use std::os::unix::fs::{FileExt, MetadataExt};
use std::path::{Path, PathBuf};
use std::sync::OnceLock;
use std::time::{SystemTime, UNIX_EPOCH};
use unseen::Unseen;

/// The directory of the host's registry.
const HOST: &str = "/run/kletka";

/// The directory of records, opened.
#[derive(Debug)]
pub struct Registry {
    directory: PathBuf,
    place: Place,
    viewpoint: Viewpoint,
    /// What was left out when the directory was last listed.
    left_out: RefCell<LeftOut>,
}

/// What a list of prisons leaves out.
#[derive(Debug, Default)]
struct LeftOut {
    /// Files that do not say which prison they are about.
    broken: Vec<PathBuf>,
    /// Prisons of which nobody can tell from here whether they live, by name.
    unseen: Vec<(String, Unseen)>,
    /// Prisons that have ended, and have left something.
    ended: Vec<Record>,
    /// Files that are no records.
    junk: Vec<PathBuf>,
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
    /// On the host, as an ordinary user: [`listing`].
    Listing,
}

/// The prisons of the registry, by what has become of them, each row by jid.
#[derive(Default)]
struct Survey {
    /// Those that live, or are being made.
    living: Vec<Record>,
    /// Those of which nobody can tell from here.
    unseen: Vec<(Record, Unseen)>,
    /// Those whose processes have not all ended.
    ending: Vec<Record>,
    /// Those of which nothing runs.
    dead: Vec<Record>,
}

/// What was chosen for a new prison.
struct Chosen {
    taken: Reservation,
    /// The cgroup of the prison that it is to be in.
    outer_cgroup: Option<PathBuf>,
    /// The cgroups of prisons that are held to addresses.
    held: Vec<PathBuf>,
}

/// So many records are all looked at each time: then what the dead have left is cleared at once,
/// and it takes little longer than to ask the index.
const FEW: u64 = 32;
/// Where there are more, so many are looked at each time.
const SOME: usize = 8;
/// How many jids are tried before all records are looked at.
const TRIES: usize = 256;

/// The registry's lock; dropping it lets the next command in. The file holds the last jid given
/// out, and what the index says of all: a file of its own would cost each start more system calls.
struct Lock(fs::File);

impl Drop for Lock {
    fn drop(&mut self) {
        // Closing the file is not enough: a process that was made meanwhile has a copy of the
        // descriptor, and the lock belongs to both.
        let _ = flock(&self.0, FlockOperation::Unlock);
    }
}

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
    /// The directory of the registry, which is root's alone.
    #[must_use]
    pub fn directory(&self) -> &Path {
        &self.directory
    }

    /// The host's registry, /run/kletka, made when it is missing; in a jail that may have
    /// jails inside, the jail's own.
    ///
    /// # Errors
    /// [`Error::NotRoot`] when an unprivileged user calls; [`Error::Registry`].
    pub fn open() -> Result<Self, Error> {
        let registry = |directory: &str, place| Self {
            directory: directory.into(),
            place,
            viewpoint: Viewpoint::own(),
            left_out: RefCell::default(),
        };
        let host = registry(HOST, Place::Host);
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

    /// The registry as the caller may read it: an ordinary user of the host finds in it what
    /// jls(8) prints, and the prisons that the host has made.
    ///
    /// # Errors
    /// Those of [`Registry::open`].
    pub fn open_to_list() -> Result<Self, Error> {
        let directory = PathBuf::from(listing::DIRECTORY);
        match Self::open() {
            // Where neither directory is, there is nothing to list. The registry alone is an older
            // kletka's, and jails may run.
            Err(Error::NotRoot)
                if !is_jailed() && (directory.is_dir() || !Path::new(HOST).exists()) =>
            {
                let (viewpoint, left_out) = (Viewpoint::own(), RefCell::default());
                Ok(Self { directory, place: Place::Listing, viewpoint, left_out })
            }
            opened => opened,
        }
    }

    fn made(self) -> Result<Self, Error> {
        let made = make_private(&self.directory)
            .and_then(|()| make_private(&self.directory.join("jails")));
        if made.is_ok() && matches!(self.place, Place::Host) {
            // What is listed in it later tries again, and says what is wrong.
            let _ = listing::make_directory();
        }
        match made {
            // Nothing is there to be read, and whoever is to write there is going to fail.
            Err(Error::Registry(_, error)) if error.kind() == io::ErrorKind::ReadOnlyFilesystem => {
                Ok(self)
            }
            made => made.map(|()| self),
        }
    }

    /// The directory of records.
    fn records(&self) -> PathBuf {
        match self.place {
            Place::Listing => self.directory.clone(),
            _ => self.directory.join("jails"),
        }
    }

    /// Names a failure to read the directory of records.
    fn unreadable(&self, error: Errno) -> Error {
        Error::Registry(self.records(), error.into())
    }

    fn lock_to_write(&self) -> Result<Lock, Error> {
        let path = self.directory.join("lock");
        // O_CLOEXEC: a program executed with this descriptor would hold the lock for its whole
        // life.
        let flags = OFlags::CREATE | OFlags::RDWR | OFlags::CLOEXEC;
        let file = open(&path, flags, Mode::RUSR | Mode::WUSR);
        let exclusively = FlockOperation::LockExclusive;
        let locked = file.and_then(|file| flock(&file, exclusively).map(|()| file));
        locked.map(|file| Lock(file.into())).map_err(|error| match error {
            Errno::ACCESS => Error::NotRoot,
            error => Error::Registry(path, error.into()),
        })
    }

    /// Unmounts what starts have mounted for those after them on a host with many mounts.
    ///
    /// # Errors
    /// [`Error::Registry`], or of umount2(2).
    pub fn unmount_launcher(&self) -> Result<(), Error> {
        launcher::remove(self)
    }

    /// Calls `act` while no other command makes or removes a prison.
    pub(crate) fn locked<T>(&self, act: impl FnOnce() -> T) -> Result<T, Error> {
        let _lock = self.lock_to_write()?;
        Ok(act())
    }

    /// Keeps other commands from changing prisons for as long as the answer lives: each command
    /// starts from what the one before has changed.
    ///
    /// # Errors
    /// [`Error::Registry`].
    pub fn changing(&self) -> Result<Changing, Error> {
        let locked = self.lock_to_change(FlockOperation::LockExclusive);
        locked.map_err(|error| self.unreadable(error))
    }

    fn lock_to_change(&self, how: FlockOperation) -> rustix::io::Result<Changing> {
        let flags = OFlags::RDONLY | OFlags::DIRECTORY | OFlags::CLOEXEC;
        // Another lock than `lock`, which is taken for each record that is written under this one.
        let directory = open(self.records(), flags, Mode::empty())?;
        flock(&directory, how)?;
        Ok(Changing(directory))
    }

    /// Opens the file of the lock for reading. `None`: nobody has written here, or this command may
    /// not.
    fn open_lock(&self) -> Option<fs::File> {
        let flags = OFlags::RDONLY | OFlags::NONBLOCK | OFlags::CLOEXEC;
        open(self.directory.join("lock"), flags, Mode::empty()).ok().map(fs::File::from)
    }

    /// Locks for reading.
    fn lock_to_read(&self) -> Option<fs::File> {
        let file = self.open_lock()?;
        flock(&file, FlockOperation::LockShared).ok()?;
        Some(file)
    }

    /// What [`Registry::prisons`] has left out although it may live: [`Error::BrokenRecord`] or
    /// [`Error::Unseen`] each.
    pub fn broken(&self) -> Vec<Error> {
        let left_out = self.left_out.borrow();
        let broken = left_out.broken.iter().cloned().map(Error::BrokenRecord);
        let unseen = left_out.unseen.iter().cloned();
        broken.chain(unseen.map(|(name, why)| Error::Unseen(name, why))).collect()
    }

    /// The prisons that [`Registry::prisons`] or [`Registry::find`] has just left out because they
    /// have ended, and that nobody has cleared yet.
    pub fn ended(&self) -> Vec<Record> {
        self.left_out.borrow().ended.clone()
    }

    /// The files that [`Registry::prisons`] has found among the records and that are about no jail:
    /// [`Error::NoRecord`] each.
    pub fn junk(&self) -> Vec<Error> {
        self.left_out.borrow().junk.iter().cloned().map(Error::NoRecord).collect()
    }

    /// Answers the prisons that live, by jid. Nothing is changed.
    ///
    /// # Errors
    /// [`Error::Registry`] when the directory cannot be read.
    pub fn prisons(&self) -> Result<Vec<Record>, Error> {
        if matches!(self.place, Place::Closed) {
            return Ok(Vec::new());
        }
        let found = self.look_undisturbed()?;
        let Survey { mut living, unseen, ending, dead } = self.survey(found.records);
        let unseen = unseen.into_iter().map(|(record, why)| (record.name, why));
        let mut left_out = self.left_out.borrow_mut();
        left_out.unseen = unseen.collect();
        left_out.ended = [ending, dead].concat();
        drop(left_out);
        // A prison that is being made has no init yet, and may never come up.
        living.retain(|record| record.init.is_some());
        let has_new_name = |it: &&Record| it.pending.as_ref().is_some_and(Pending::has_new_name);
        let renamed: Vec<Record> = living.iter().filter(has_new_name).cloned().collect();
        let mut living: Vec<_> = living.into_iter().map(|record| self.completed(record)).collect();
        // What was read of those inside may be older than their names.
        renamed.iter().for_each(|outer| drop(rename::follow(outer, &mut living)));
        self.add_those_inside(&mut living);
        count_those_inside(&mut living);
        Ok(living)
    }

    /// Finds the living prison of this jid or name: jail_getid(3). Nothing is changed.
    ///
    /// # Errors
    /// [`Error::Registry`] when the directory cannot be read; [`Error::BrokenRecord`];
    /// [`Error::Unseen`].
    pub fn find(&self, jid_or_name: &str) -> Result<Option<Record>, Error> {
        if matches!(self.place, Place::Closed) {
            return Ok(None);
        }
        let Survey { living, unseen, ending, dead } = self.survey(self.named(jid_or_name)?);
        self.left_out.borrow_mut().ended = [ending, dead].concat();
        if let Some(record) = living.into_iter().find(|record| record.init.is_some()) {
            let inside = self.inside(&record)?.len() as u32;
            return Ok(Some(Record { inside, ..self.completed(record) }));
        }
        if let Some((record, why)) = unseen.into_iter().next() {
            return Err(Error::Unseen(record.name, why));
        }
        let jid: Option<u32> = jid_or_name.parse().ok();
        let is_it = |it: &Record| jid.map_or(it.name == jid_or_name, |jid| it.jid == jid);
        // Only a name with a dot, or a jid, can be that of a prison inside another one.
        if (jid.is_none() && !jid_or_name.contains('.')) || !self.may_have_nested() {
            return Ok(None);
        }
        Ok(self.prisons()?.into_iter().find(is_it))
    }

    /// The records of this jid or name, of dead prisons too: a dead one may be left beside a living
    /// one of its name.
    fn named(&self, jid_or_name: &str) -> Result<Vec<Record>, Error> {
        // A jid is found by its file alone, and a name of digits is the jid.
        if let Ok(jid) = jid_or_name.parse() {
            return Ok(self.read(jid)?.into_iter().collect());
        }
        if let Some(found) = self.by_index(jid_or_name) {
            return Ok(found.into_iter().collect());
        }
        let mut found = self.look_undisturbed()?;
        found.records.retain(|record| record.name == jid_or_name);
        let is_it = |broken: &record::Broken| broken.name.as_deref() == Some(jid_or_name);
        match found.broken.iter().find(|(_, broken)| is_it(broken)) {
            Some((jid, _)) if found.records.is_empty() => Err(Error::BrokenRecord(self.file(*jid))),
            _ => Ok(found.records),
        }
    }

    /// The record of this name, as the index knows it. `None`: the index is wrong, or what it leads
    /// to is not as it says.
    fn by_index(&self, name: &str) -> Option<Option<Record>> {
        let found = self.read_index(|index, _| Some(index.jid_of(name)))?;
        let Some(jid) = found else { return Some(None) };
        let record = self.read(jid).ok()??;
        (record.name == name).then_some(Some(record))
    }

    /// Whether some prisons may have others inside.
    fn may_have_nested(&self) -> bool {
        self.read_index(|_, summary| Some(summary.nested > 0)).unwrap_or(true)
    }

    /// Answers what `read` finds in the index; `None` also when the index is wrong.
    fn read_index<T>(&self, read: impl Fn(&Index<'_>, &Summary) -> Option<T>) -> Option<T> {
        let lock = self.open_lock()?;
        let index = self.index(&lock)?;
        let once = || read(&index, &index.summary()?);
        once().or_else(|| {
            // A command may be in the middle of a change.
            flock(&lock, FlockOperation::LockShared).ok()?;
            once()
        })
    }

    /// The index, which only the host's registry has: a jail that may have jails inside has few.
    fn index<'r>(&'r self, lock: &'r fs::File) -> Option<Index<'r>> {
        let boot = self.viewpoint.boot().filter(|_| matches!(self.place, Place::Host))?;
        Some(Index::new(&self.directory, lock, boot))
    }

    /// Reads everything in the directory, as it was at one moment: a directory that is read while
    /// an entry is replaced may show neither the old nor the new one.
    fn look_undisturbed(&self) -> Result<Found, Error> {
        // Without the lock first, which would keep others from changing anything meanwhile.
        let lock = self.open_lock();
        let index = lock.as_ref().and_then(|lock| self.index(lock));
        let summary = || index.and_then(|index| index.summary());
        if let Some(before) = summary() {
            let found = self.look()?;
            if summary().is_some_and(|after| after.state() == before.state()) {
                return Ok(found);
            }
        }
        // Where the lock cannot be opened, nobody has written here, or this command may not.
        let _locked =
            lock.and_then(|lock| flock(&lock, FlockOperation::LockShared).ok().map(|()| lock));
        self.look()
    }

    /// Reads the record of this jid, if there is one; the prison may be dead.
    fn read(&self, jid: u32) -> Result<Option<Record>, Error> {
        match directory::one(&self.records(), jid).map_err(|error| self.unreadable(error))? {
            None => Ok(None),
            Some(record) => record.map(Some).map_err(|_| Error::BrokenRecord(self.file(jid))),
        }
    }

    /// Reads everything in the directory, and notes what is broken.
    fn look(&self) -> Result<Found, Error> {
        let path = self.records();
        let found = directory::all(&path).map_err(|error| self.unreadable(error))?;
        self.left_out.replace(LeftOut {
            broken: found.broken.iter().map(|(jid, _)| self.file(*jid)).collect(),
            junk: found.junk.iter().map(|name| path.join(name)).collect(),
            ..LeftOut::default()
        });
        Ok(found)
    }

    /// Asks the kernel what has become of these prisons.
    fn survey(&self, records: Vec<Record>) -> Survey {
        let mut survey = Survey::default();
        for (fate, record) in self.viewpoint.fates(&records).into_iter().zip(records) {
            match fate {
                Fate::Lives => survey.living.push(record),
                Fate::Unseen(why) => survey.unseen.push((record, why)),
                Fate::Ends => survey.ending.push(record),
                Fate::Dead => survey.dead.push(record),
            }
        }
        survey
    }

    /// Completes a change of a living prison, if a command was killed in the middle of that.
    fn completed(&self, record: Record) -> Record {
        if record.pending.is_none() && !record.has_unsure_mounts() {
            return record;
        }
        // The command that makes the change holds this lock for as long as it lives.
        let Ok(_changing) = self.lock_to_change(FlockOperation::NonBlockingLockExclusive) else {
            return record;
        };
        match self.read(record.jid) {
            Ok(Some(current)) if is_same(&current, &record) => self.complete(current),
            _ => record,
        }
    }

    fn complete(&self, mut record: Record) -> Record {
        if record.has_unsure_mounts()
            && let Some(mounts) = record.mounted()
        {
            record.mounts = Some(mounts);
            let _ = self.rewrite(&record);
        }
        if let Some(init) = record.init
            && let Some(pidfd) = init.open()
            && let Some(pending) = &record.pending
            && pending.carry_out_inside(self, &record).is_ok()
            && pending.carry_out(&record, pidfd.as_fd()).is_ok()
        {
            record.pending = None;
            // Who may only read has done what the record says, too, and the next one writes it.
            let _ = self.rewrite(&record);
        }
        record
    }

    /// Clears what dead prisons have left: their cgroups and files. Answers the prisons that live
    /// or may live, by jid, and what else is held.
    fn sweep(&self, lock: &Lock) -> Result<(Vec<Record>, Vec<Held>), Error> {
        // Whoever was writing this file has died: writing needs the lock, which is the caller's.
        let _ = fs::remove_file(self.records().join(NEW));
        let found = self.look()?;
        let mut held: Vec<Held> = found.broken.iter().map(Held::of_broken).collect();
        // What a broken record holds, no index can say.
        let is_whole = found.broken.is_empty();
        // One without processes is left by a prison that has ended, perhaps of a registry that was
        // on a device of this number before.
        let lost = self.without_record(&found.records);
        let lost = lost.filter(|(path, _)| cgroup::is_whole_populated(path) != Ok(false));
        held.extend(lost.map(|(_, name)| Held::of_cgroup(name)));
        let Survey { mut living, unseen, ending, dead } = self.survey(found.records);
        living.extend(unseen.into_iter().map(|(record, _)| record));
        living.sort_by_key(|record| record.jid);
        // What cannot be cleared yet keeps its jid and ids, and its name is free.
        let stays: Vec<&Record> =
            dead.iter().filter(|record| !self.clear(lock, record, cgroup::remove)).collect();
        if is_whole && let Some(index) = self.index(&lock.0).filter(|it| it.summary().is_none()) {
            // Those that live come last: they have their names.
            let all: Vec<_> = stays.iter().copied().chain(&ending).chain(&living).collect();
            let _ = index.renew(&all, &Ranges::read());
        }
        held.extend(ending.iter().chain(stays).map(Held::of));
        Ok((living, held))
    }

    /// The cgroups of this registry that none of its records names.
    fn without_record(&self, records: &[Record]) -> impl Iterator<Item = (PathBuf, cgroup::Name)> {
        let known: Vec<_> = records.iter().filter_map(|record| record.cgroup.as_deref()).collect();
        cgroup::others(self.device(), &known).into_iter()
    }

    /// The device that the registry is on.
    fn device(&self) -> u64 {
        fs::metadata(&self.directory).map_or(0, |about| about.dev())
    }

    /// Clears what dead prisons have left. A prison whose end cannot be proved stays.
    ///
    /// # Errors
    /// [`Error::Registry`] when the directory cannot be read.
    pub fn clear_dead(&self) -> Result<(), Error> {
        if matches!(self.place, Place::Closed) {
            return Ok(());
        }
        let lock = self.lock_to_write()?;
        match self.index(&lock.0).and_then(|index| Some((index, index.summary()?))) {
            Some((index, summary)) if summary.records > FEW => {
                self.sweep_some(&lock, &index, summary).map(drop)
            }
            _ => self.sweep(&lock).map(drop),
        }
    }

    /// Clears what some of the dead prisons have left, others each time, and answers what the index
    /// says afterwards; `None`: the index is wrong.
    fn sweep_some(
        &self,
        lock: &Lock,
        index: &Index<'_>,
        summary: Summary,
    ) -> Result<Option<Summary>, Error> {
        let some = directory::some(&self.records(), summary.cursor, SOME);
        let (records, cursor) = some.map_err(|error| self.unreadable(error))?;
        let Survey { dead, .. } = self.survey(records);
        for record in &dead {
            self.clear(lock, record, cgroup::remove);
        }
        let after = index.summary();
        Ok(after.map(|mut summary| {
            summary.cursor = cursor;
            index.keep(&summary);
            summary
        }))
    }

    /// Clears what a prison has left, its cgroup by `remove`, and answers whether nothing is left.
    fn clear(&self, lock: &Lock, record: &Record, remove: fn(&Path, Hierarchies) -> bool) -> bool {
        if record.waiting.is_some() {
            let _ = fs::remove_file(self.waiting_directory().join(record.jid.to_string()));
        }
        // Where something could not be removed, the record stays, and the next command tries again.
        let work_is_gone = record.work.iter().all(|work| work::remove(work));
        shared::forget(record);
        if matches!(self.place, Place::Host) {
            listing::withdraw(record);
        }
        let hierarchies = Hierarchies::left_by(record.rights);
        record.cgroup.as_deref().is_none_or(|cgroup| remove(cgroup, hierarchies))
            && work_is_gone
            && self.remove_record(lock, record).is_ok()
    }

    fn remove_record(&self, lock: &Lock, record: &Record) -> io::Result<()> {
        let remove = || fs::remove_file(self.file(record.jid));
        self.change(lock, remove, |index, summary| {
            index.remove(record);
            if let Some(summary) = summary {
                summary.remove(record);
            }
            Ok(())
        })
    }

    /// Makes a change of the directory of records, and mends the index. `mend` gets what an index
    /// says that was right before.
    fn change(
        &self,
        lock: &Lock,
        change: impl FnOnce() -> io::Result<()>,
        mend: impl FnOnce(&Index<'_>, Option<&mut Summary>) -> io::Result<()>,
    ) -> io::Result<()> {
        let Some(index) = self.index(&lock.0) else { return change() };
        let mut summary = index.summary();
        if summary.is_some() {
            index.begin()?;
        }
        change()?;
        // What could not be mended stays wrong, and is made anew.
        if mend(&index, summary.as_mut()).is_ok()
            && let Some(summary) = summary
        {
            index.finish(summary);
        }
        Ok(())
    }

    fn file(&self, jid: u32) -> PathBuf {
        self.records().join(jid.to_string())
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
            Place::Listing => Err(Error::NotRoot),
        }
    }

    /// Takes a jid, a name, ids and a cgroup's path for a prison that is about to be made, and
    /// writes them down. `begin` gets the ids as soon as they are chosen, and starts what the
    /// kernel needs longest for; what that answers is dropped when the rest fails. Answers the
    /// cgroups of the other prisons that are held to addresses, too.
    pub(crate) fn reserve<T>(
        &self,
        spec: &Spec,
        rights: Rights,
        begin: impl FnOnce(Ids) -> Result<T, Error>,
    ) -> Result<(Record, T, Vec<PathBuf>), Error> {
        self.limits()?;
        let (boot, namespace) = self
            .viewpoint
            .recorded()
            .map_err(|(path, error)| Error::Registry(path.into(), error.into()))?;
        let creator = ProcessId::own().calling("pidfd_open")?;
        let lock = self.lock_to_write()?;
        let ranges = Ranges::read();
        let Chosen { taken, outer_cgroup, held } =
            match self.choose_by_index(&lock, spec, rights, &ranges)? {
                Some(chosen) => chosen,
                None => self.choose_among_all(&lock, spec, rights, &ranges)?,
            };
        let begun = begin(taken.ids)?;
        let record = Record {
            jid: taken.jid,
            name: taken.name,
            parent: taken.parent,
            children: taken.children,
            path: spec.path.clone(),
            ids: taken.ids,
            cgroup: cgroup::path(
                cgroup::Name { jid: taken.jid, ids: taken.ids.first, registry: self.device() },
                unique(),
                outer_cgroup.as_deref(),
                taken.children.has_room(),
            ),
            addresses: spec.addresses.clone(),
            mark: spec.mark,
            mounts: lines::recorded(&spec.mounts),
            parameters: spec.parameters.clone(),
            rights,
            creator: Some(creator),
            boot,
            pid_namespace: Some(namespace),
            ..Record::empty()
        };
        self.store(&lock, &record)?;
        lock.set_last_jid(taken.last)
            .map_err(|error| Error::Registry(self.directory.join("lock"), error))?;
        Ok((record, begun, held))
    }

    /// Chooses what a new prison gets, beside all prisons that there are.
    fn choose_among_all(
        &self,
        lock: &Lock,
        spec: &Spec,
        rights: Rights,
        ranges: &Ranges,
    ) -> Result<Chosen, Error> {
        let outer = self.limits()?;
        let (mut records, held) = self.sweep(lock)?;
        self.add_those_inside(&mut records);
        if outer.is_some_and(|outer| records.len() >= outer.max as usize) {
            return Err(Error::Limit);
        }
        if let Some(addresses) = &spec.addresses {
            shared::check_free(addresses, rights.carried_network, &records)?;
        }
        let beside = (&records[..], &held[..]);
        let taken = Reservation::choose(spec, beside, lock.last_jid(), outer, ranges)?;
        let outer = records.iter().find(|record| record.jid == taken.parent);
        let outer_cgroup = outer.and_then(|outer| outer.cgroup.clone());
        let held = records.into_iter().filter(Record::is_held);
        Ok(Chosen { taken, outer_cgroup, held: held.filter_map(|other| other.cgroup).collect() })
    }

    /// Chooses what a new prison gets by the index, without a look at each of the others. `None`:
    /// they have to be looked at, because there are few, because the index is wrong, or because
    /// something is in the way of this prison, which may have ended.
    fn choose_by_index(
        &self,
        lock: &Lock,
        spec: &Spec,
        rights: Rights,
        ranges: &Ranges,
    ) -> Result<Option<Chosen>, Error> {
        let Some(index) = self.index(&lock.0) else { return Ok(None) };
        let is_plain = |summary: &Summary| {
            let carries = summary.carried > 0 || rights.carried_network;
            summary.records > FEW
                && summary.nested == 0
                && !(carries && spec.addresses.is_some())
                && summary.is_of(ranges)
        };
        let Some(summary) = index.summary().filter(is_plain) else { return Ok(None) };
        let is_nested = |name: &String| name.contains('.');
        if spec.children > 0 || spec.name.as_ref().is_some_and(is_nested) {
            return Ok(None);
        }
        let Some(mut summary) = self.sweep_some(lock, &index, summary)? else { return Ok(None) };
        // A prison whose record is lost has a cgroup, which names its jid and ids.
        let groups = cgroup::common_unless(summary.groups, self.device());
        let is_free = |jid: &u32| {
            groups.iter().all(|group| group.jid != *jid)
                && !fs::exists(self.file(*jid)).unwrap_or(true)
        };
        let jid =
            spec.jid.or_else(|| reservation::after(lock.last_jid()).take(TRIES).find(is_free));
        let Some(jid) = jid.filter(is_free) else { return Ok(None) };
        let name = spec.name.clone().unwrap_or_else(|| jid.to_string());
        if index.jid_of(&name).is_some() {
            return Ok(None);
        }
        reservation::check_name(&name, jid)?;
        let ids = match spec.users {
            Users::Own => {
                let is_taken = |ids: Ids| {
                    groups.iter().any(|group| group.ids == ids.first)
                        || index.jid_with(ids).is_some()
                };
                Ids::free_from(summary.lowest, ranges, is_taken)
            }
            Users::Outer | Users::Host => Some(Ids::SAME),
        };
        let Some(ids) = ids else { return Ok(None) };
        if ids != Ids::SAME {
            summary.lowest = ids.first;
        }
        index.keep(&summary);
        let held = spec.addresses.as_ref().map(|_| index.held()).transpose();
        let Ok(held) = held else { return Ok(None) };
        let children = Limits::default();
        let taken = Reservation { jid, name, parent: 0, children, ids, last: jid };
        Ok(Some(Chosen { taken, outer_cgroup: None, held: held.unwrap_or_default() }))
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
        let Survey { living, unseen, .. } = self.survey(self.look()?.records);
        let mut holders = living.iter().chain(unseen.iter().map(|(record, _)| record));
        let holder = holders.find(|other| other.work.iter().any(|work| work == directory));
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
        if !outer.children.has_room() {
            return Ok(Vec::new());
        }
        let mut inside = self.prisons()?;
        inside.retain(|record| record.is_within(outer));
        inside.sort_by_key(|record| std::cmp::Reverse(record.name.matches('.').count()));
        Ok(inside)
    }

    /// Writes the record of a prison that is being made.
    pub(crate) fn write(&self, record: &Record) -> Result<(), Error> {
        // A prison that is being made gets another name with the one that it is in.
        if record.parent != 0 {
            return self.rewrite(record);
        }
        self.store(&self.lock_to_write()?, record)
    }

    /// Writes the record of a prison that is in the registry already. The name stays as it is
    /// there: [`Registry::rename`].
    ///
    /// # Errors
    /// [`Error::Died`]: the prison has ended, and another one may have its jid.
    pub(crate) fn rewrite(&self, record: &Record) -> Result<(), Error> {
        let lock = self.lock_to_write()?;
        match self.read(record.jid)? {
            Some(current) if is_same(&current, record) && current.name == record.name => {
                self.store(&lock, record)
            }
            Some(current) if is_same(&current, record) => {
                self.store(&lock, &Record { name: current.name, ..record.clone() })
            }
            _ => Err(Error::Died),
        }
    }

    fn store(&self, lock: &Lock, record: &Record) -> Result<(), Error> {
        self.store_in_place_of(lock, record, None)
    }

    /// Writes a record, in place of one with another `name`, if there is one.
    fn store_in_place_of(
        &self,
        lock: &Lock,
        record: &Record,
        name: Option<&str>,
    ) -> Result<(), Error> {
        let path = self.file(record.jid);
        let bytes = record.to_bytes();
        // A longer one could not be read again, and its prison not be found.
        if bytes.len() > LARGEST {
            return Err(Error::Registry(path, io::ErrorKind::FileTooLarge.into()));
        }
        // Only what runs is listed, and what a jail has made itself is known to root alone.
        if matches!(self.place, Place::Host) && record.init.is_some() {
            listing::publish(record)?;
        }
        // rename(2) needs the same file system; one name suffices, as only one command writes at a
        // time.
        let new = self.records().join(NEW);
        let is_known = fs::exists(&path).unwrap_or(false);
        let write = || {
            let written = create_new(&new).and_then(|mut file| file.write_all(&bytes));
            written.and_then(|()| fs::rename(&new, &path)).inspect_err(|_| {
                let _ = fs::remove_file(&new);
            })
        };
        // Nothing else that the index says of a prison ever changes.
        let mend = |index: &Index<'_>, summary: Option<&mut Summary>| match (summary, name) {
            (Some(_), Some(name)) => index.rename(record, name),
            (Some(summary), None) if !is_known => index.add(record, summary),
            _ => Ok(()),
        };
        self.change(lock, write, mend).map_err(|error| Error::Registry(path, error))
    }

    /// Forgets a prison that has ended, but not another that has got its jid meanwhile.
    pub(crate) fn forget(&self, record: &Record) -> Result<(), Error> {
        let lock = self.lock_to_write()?;
        let current = self.read(record.jid).unwrap_or_default();
        // Cleared by what this registry's file says: `record` may come from a jail's own registry,
        // which may say anything.
        if let Some(current) = current.filter(|current| is_same(current, record)) {
            self.clear(&lock, &current, cgroup::end);
        }
        Ok(())
    }
}

/// Whether two records are about one prison.
fn is_same(one: &Record, other: &Record) -> bool {
    one.cgroup == other.cgroup && one.ids == other.ids
}

/// Counts, for each jail that may have any, the jails inside it.
fn count_those_inside(records: &mut [Record]) {
    for at in 0..records.len() {
        if records[at].children.has_room() {
            let inside = records.iter().filter(|record| record.is_within(&records[at]));
            records[at].inside = inside.count() as u32;
        }
    }
}

/// Whether this process is in a jail: process 1 is one of ours there, and its title says so.
/// Nothing else tells a jail from a host: a host may itself run in a user namespace, and a jail
/// with `kletka.userns = inherit` has none.
#[must_use]
pub fn is_jailed() -> bool {
    // A process stays on its side for its whole life, and several parts of a command ask.
    static ANSWER: OnceLock<bool> = OnceLock::new();
    let look =
        || read_small("/proc/1/cmdline").is_some_and(|line| line.starts_with(title::BEGINNING));
    *ANSWER.get_or_init(look)
}

/// The limits of the jail that this process is in, if it is in one, and if that may have jails
/// inside.
fn jailed() -> Option<Option<Limits>> {
    let limits = || read_small(&format!("{}/{}", limits::DIRECTORY, limits::FILE));
    is_jailed().then(|| limits().and_then(|text| Limits::parse(&text)))
}

/// Makes a file under a name that nothing else has: what lies there was left by a command that has
/// died.
fn create_new(path: &Path) -> io::Result<fs::File> {
    let create = || fs::OpenOptions::new().write(true).create_new(true).open(path);
    match create() {
        Err(error) if error.kind() == io::ErrorKind::AlreadyExists => {
            fs::remove_file(path).or_else(|_| fs::remove_dir(path))?;
            create()
        }
        created => created,
    }
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
