//! Jails whose records are lost: found by their control groups, adopted or ended.
//!
//! The name of a cgroup says which registry its jail was in, and the jail's jid and ids. The kernel
//! and init tell the rest of what is needed to find and enter a jail. What only a record had is
//! gone: an adopted jail grants nothing to processes that enter, until it is started again.

use crate::cgroup::{self, legacy::Hierarchies};
use crate::confine::ids::{Ids, Ranges};
use crate::confine::rights::Rights;
use crate::error::Error;
use crate::registry::inside::{is_own, numbers, same};
use crate::registry::process_id::ProcessId;
use crate::registry::record::Record;
use crate::registry::reservation::check_name;
use crate::registry::unseen::Unseen;
use crate::registry::{Place, Registry, Survey};
use crate::spec::Users;
use crate::title;
use crate::vnet::own_network;
use kernel::namespace::{self, Namespace};
use kernel::proc::read_small;
use rustix::process::{Pid, PidfdFlags, pidfd_open};
use std::ffi::OsString;
use std::fs;
use std::os::fd::{AsFd, BorrowedFd};
use std::os::unix::ffi::OsStringExt;
use std::os::unix::fs::MetadataExt;
use std::path::{Path, PathBuf};

/// A jail without a record.
#[derive(Debug, Clone)]
pub struct Lost {
    /// Its jid.
    pub jid: u32,
    /// Its name, if its init lives.
    pub name: Option<String>,
    /// Its control group.
    pub cgroup: PathBuf,
    ids: Ids,
    init: Option<ProcessId>,
}

/// What has become of a jail that was to be mended.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Mended {
    /// The jail of this name has a record again. An old file in its place was kept under this name.
    Adopted(String, Option<PathBuf>),
    /// The processes of this cgroup were killed, or it had none.
    Ended(PathBuf),
    /// What the jail of this name had left is cleared.
    Cleared(String),
    /// The jail was left as it is, for this reason.
    Left(String, &'static str),
}

impl Registry {
    /// The jails of this registry without a record that can be read, by jid.
    ///
    /// # Errors
    /// [`Error::Registry`] when the directory cannot be read.
    pub fn lost(&self) -> Result<Vec<Lost>, Error> {
        if !matches!(self.place, Place::Host) {
            return Ok(Vec::new());
        }
        let _lock = self.lock_to_read();
        let records = self.look()?.records;
        let mut lost: Vec<Lost> =
            self.without_record(&records).map(|(path, name)| Lost::of(path, name)).collect();
        lost.sort_by_key(|lost| lost.jid);
        Ok(lost)
    }

    /// Clears what is dead, and adopts or ends each jail without a record.
    ///
    /// # Errors
    /// [`Error::Registry`] when the directory cannot be read or written; [`Error::Unseen`] when it
    /// cannot be said whether a jail without a record has its init.
    pub fn mend(&self) -> Result<Vec<Mended>, Error> {
        if matches!(self.place, Place::Closed) {
            return Ok(Vec::new());
        }
        let mut mended = self.clear_what_ends()?;
        for lost in self.lost()? {
            mended.push(self.mend_one(&lost)?);
        }
        Ok(mended)
    }

    /// Clears prisons that are dead, those among them that only their empty cgroup shows to be
    /// dead, and kills what is left of those whose init is gone.
    fn clear_what_ends(&self) -> Result<Vec<Mended>, Error> {
        let lock = self.lock_to_write()?;
        let Survey { unseen, ending, dead, .. } = self.survey(self.look()?.records);
        // Init is in the cgroup for its whole life.
        let is_empty = |record: &Record, why: &Unseen| {
            let path = record.cgroup.as_deref().filter(|path| path.exists());
            matches!(why, Unseen::Elsewhere | Unseen::Somewhere)
                && record.init.is_some()
                && path.is_some_and(|path| cgroup::is_populated(path) == Ok(false))
        };
        let unseen = unseen.into_iter().filter(|(record, why)| is_empty(record, why));
        let all = unseen.map(|(record, _)| record).chain(ending).chain(dead);
        let mut mended = Vec::new();
        for record in all {
            mended.push(if self.clear(&lock, &record, cgroup::end) {
                Mended::Cleared(record.name)
            } else {
                Mended::Left(record.name, "its control group or its working directories are in use")
            });
        }
        Ok(mended)
    }

    fn mend_one(&self, lost: &Lost) -> Result<Mended, Error> {
        let lock = self.lock_to_write()?;
        let called = || lost.name.clone().unwrap_or_else(|| lost.jid.to_string());
        let left = |why| Ok(Mended::Left(called(), why));
        let found = self.look()?;
        let Some((init, name)) = lost.init.zip(lost.name.as_ref()) else {
            return if lost.is_out_of_sight() {
                left("its processes are in another pid namespace: run this command there")
            } else if let Err(why) = ProcessId::can_be_seen() {
                Err(Error::Unseen(called(), why))
            } else if cgroup::end(&lost.cgroup, Hierarchies::All) {
                Ok(Mended::Ended(lost.cgroup.clone()))
            } else {
                left("its processes do not end")
            };
        };
        if found.broken.iter().any(|(jid, broken)| *jid == lost.jid && broken.is_newer) {
            return left("a newer kletka has written its record: use that one");
        }
        if found.records.iter().any(|record| record.jid == lost.jid || record.name == *name) {
            return left(
                "another jail has its jid or name: end one of the two, by kill(1) of its init",
            );
        }
        let Some(record) = self.record_of(lost, init, name, &found.records) else {
            return left("what is to be known of it cannot be found out");
        };
        let kept = self.set_aside(lost.jid)?;
        self.store(&lock, &record)?;
        Ok(Mended::Adopted(record.name, kept))
    }

    /// Moves away what lies in the place of a record.
    fn set_aside(&self, jid: u32) -> Result<Option<PathBuf>, Error> {
        let (from, to) = (self.file(jid), self.directory.join(format!("unreadable.{jid}")));
        match fs::rename(&from, &to) {
            Ok(()) => Ok(Some(to)),
            Err(error) if error.kind() == std::io::ErrorKind::NotFound => Ok(None),
            Err(error) => Err(Error::Registry(from, error)),
        }
    }

    /// Makes a record of what the kernel says.
    fn record_of(
        &self,
        lost: &Lost,
        init: ProcessId,
        name: &str,
        records: &[Record],
    ) -> Option<Record> {
        let labels = name.split('.').all(|label| check_name(label, lost.jid).is_ok());
        let outer = name.rsplit_once('.').map(|(outer, _)| outer);
        let parent = match outer {
            None => 0,
            Some(outer) => records.iter().find(|record| record.name == outer)?.jid,
        };
        let pidfd = init.open().filter(|_| labels)?;
        let (boot, pid_namespace) = self.viewpoint.recorded().ok()?;
        let path = root_of(init.pid);
        let text = path.as_os_str().as_encoded_bytes().to_vec();
        Some(Record {
            jid: lost.jid,
            name: name.to_owned(),
            parent,
            path,
            ids: lost.ids,
            cgroup: Some(lost.cgroup.clone()),
            rights: rights(pidfd.as_fd(), lost.ids)?,
            init: Some(init),
            boot,
            pid_namespace: Some(pid_namespace),
            parameters: vec![("name".into(), name.into()), ("path".into(), text)],
            ..Record::empty()
        })
    }
}

impl Lost {
    fn of(cgroup: PathBuf, name: cgroup::Name) -> Self {
        let init = init_among(&cgroup::processes(&cgroup));
        let (init, title) = init.unzip();
        Self { jid: name.jid, name: title, cgroup, ids: Ids { first: name.ids }, init }
    }

    /// Whether there are processes that this pid namespace does not have: their number is 0.
    fn is_out_of_sight(&self) -> bool {
        cgroup::processes(&self.cgroup).contains(&0)
    }
}

/// Finds the init among the processes of a jail's cgroup, and the jail's name in the init's title.
/// Jails inside have inits, too, whose pid namespaces are further in; and no process of the jail is
/// process 1 of a pid namespace and in the host's user namespace, as its init is.
fn init_among(processes: &[u32]) -> Option<(ProcessId, String)> {
    let init = |&pid: &u32| {
        let line = read_small(&format!("/proc/{pid}/cmdline"))?;
        let name = title::name_in(&line)?;
        let numbers = numbers(pid).filter(|numbers| numbers.last() == Some(&1))?;
        let pidfd =
            pidfd_open(Pid::from_raw(i32::try_from(pid).ok()?)?, PidfdFlags::empty()).ok()?;
        let users = namespace::of_process(pidfd.as_fd(), Namespace::User).ok()?;
        let is_outside = is_own(users.as_fd()).ok()?;
        let id = ProcessId::of(pid, pidfd.as_fd()).filter(|_| is_outside)?;
        Some((numbers.len(), id, name.to_owned()))
    };
    let outermost = processes.iter().filter_map(init).min_by_key(|(depth, ..)| *depth);
    outermost.map(|(_, id, name)| (id, name))
}

/// The least that is true of what processes in the jail may do.
fn rights(init: BorrowedFd<'_>, ids: Ids) -> Option<Rights> {
    let names = namespace::of_process(init, Namespace::Uts).ok()?;
    let shares_users = is_own(namespace::owner(names.as_fd()).ok()?.as_fd()).ok()?;
    let users = match (shares_users, ids == Ids::SAME) {
        (true, _) => Users::Host,
        (false, true) => Users::Outer,
        (false, false) => Users::Own,
    };
    let network = namespace::of_process(init, Namespace::Net).ok()?;
    let own = own_network().ok()?;
    Some(Rights { users, own_network: !same(&network, &own), ..Rights::NONE })
}

/// The jail's root as the host sees it; by way of init where no path leads there.
fn root_of(init: u32) -> PathBuf {
    let root = PathBuf::from(format!("/proc/{init}/root"));
    by_mounts(init, &root).unwrap_or(root)
}

fn by_mounts(init: u32, root: &Path) -> Option<PathBuf> {
    let [theirs, ours] = [init.to_string(), "self".into()]
        .map(|who: String| fs::read(format!("/proc/{who}/mountinfo")).unwrap_or_default());
    let top = mountinfo::lines(&theirs).find(|line| line.target() == b"/")?;
    let about = fs::metadata(root).ok()?;
    let is_it = |path: &PathBuf| {
        fs::metadata(path).is_ok_and(|it| (it.dev(), it.ino()) == (about.dev(), about.ino()))
    };
    let mut paths =
        mountinfo::lines(&ours).filter(|line| line.device == top.device).filter_map(|line| {
            let (inside, shown) = (path(top.root()), path(line.root()));
            Some(path(line.target()).join(inside.strip_prefix(shown).ok()?))
        });
    paths.find(is_it)
}

fn path(bytes: Vec<u8>) -> PathBuf {
    OsString::from_vec(bytes).into()
}

/// The ranges from which jails get their ids, first and last of each.
#[must_use]
pub fn ranges_of_ids() -> Vec<(u32, u32)> {
    Ranges::read().ours().to_vec()
}

/// Whether jails get this id, unless a file of accounts has it: for accounts that only a name
/// service knows.
#[must_use]
pub fn is_jails_id(id: u32) -> bool {
    Ranges::read().has(id)
}
