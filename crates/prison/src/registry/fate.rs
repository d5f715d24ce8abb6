//! Whether the prison of a record lives: what the kernel says of its boot, its pid namespace, its
//! process and its cgroup.
//!
//! Whoever takes a living prison for dead clears it away, so a prison counts as dead only on proof:
//! another boot; or, seen from the pid namespace in which the prison was made, a process that is
//! gone together with a cgroup that has no processes. What cannot be seen is [`Fate::Unseen`].

use crate::cgroup;
use crate::registry::process_id::{Presence, ProcessId};
use crate::registry::record::Record;
use crate::registry::unseen::{BOOT, OWN_NAMESPACE, Unseen};
use rustix::fs::{Mode, OFlags, open, stat};
use rustix::io::{Errno, read};

/// What has become of a prison.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) enum Fate {
    /// The prison lives, or the command that is making it.
    Lives,
    /// Its init is gone, and its cgroup still has processes.
    Ends,
    /// Nothing of it runs.
    Dead,
    /// Nobody can tell from here.
    Unseen(Unseen),
}

/// From where prisons are looked at.
#[derive(Debug)]
pub(crate) struct Viewpoint {
    /// kernel.random.boot_id.
    boot: Result<String, Errno>,
    /// The inode number of this process's pid namespace.
    namespace: Result<u64, Errno>,
}

impl Viewpoint {
    /// The viewpoint of this process.
    pub(crate) fn own() -> Self {
        let namespace = stat(OWN_NAMESPACE).map(|stat| stat.st_ino);
        Self { boot: boot(), namespace }
    }

    /// What the record of a prison that is made here says of this viewpoint: boot and pid
    /// namespace.
    ///
    /// # Errors
    /// The file that cannot be read: a prison without these could not be judged later.
    pub(crate) fn recorded(&self) -> Result<(String, u64), (&'static str, Errno)> {
        let boot = self.boot.clone().map_err(|errno| (BOOT, errno))?;
        let namespace = self.namespace.map_err(|errno| (OWN_NAMESPACE, errno))?;
        Ok((boot, namespace))
    }

    /// kernel.random.boot_id, if it is known.
    pub(crate) fn boot(&self) -> Option<&str> {
        self.boot.as_deref().ok()
    }

    /// What has become of each prison.
    pub(crate) fn fates(&self, records: &[Record]) -> Vec<Fate> {
        let processes: Vec<_> = records.iter().map(|record| self.process(record)).collect();
        let known: Vec<_> = processes.iter().filter_map(|known| known.clone().ok()).collect();
        let mut presences = ProcessId::presences(&known).into_iter();
        let fates = processes.into_iter().zip(records).map(|(process, record)| {
            if let Err(fate) = process {
                return fate;
            }
            match presences.next() {
                Some(Presence::Gone) => without_process(record),
                Some(Presence::Unseen(why)) => Fate::Unseen(why),
                Some(Presence::Lives) | None => Fate::Lives,
            }
        });
        fates.collect()
    }

    /// The process that a prison lives with; or its fate, when the number of that process means
    /// nothing here.
    fn process(&self, record: &Record) -> Result<ProcessId, Fate> {
        let boot = self.boot.as_ref().map_err(|errno| Fate::Unseen(Unseen::Boot(*errno)))?;
        if record.boot.is_empty() {
            return Err(Fate::Unseen(Unseen::SomeBoot));
        }
        if record.boot != *boot {
            return Err(Fate::Dead);
        }
        match (record.pid_namespace, self.namespace) {
            (Some(_), Err(errno)) => return Err(Fate::Unseen(Unseen::OwnNamespace(errno))),
            (Some(its), Ok(own)) if its != own => return Err(Fate::Unseen(Unseen::Elsewhere)),
            _ => {}
        }
        record.init.or(record.creator).ok_or(Fate::Lives)
    }
}

/// The fate of a prison whose process is not in this pid namespace.
fn without_process(record: &Record) -> Fate {
    let populated = record.cgroup.as_deref().map(|path| (path, cgroup::is_populated(path)));
    match populated {
        // An older kletka wrote no pid namespace: the process may live in another one.
        None | Some((_, Ok(true))) if record.pid_namespace.is_none() => {
            Fate::Unseen(Unseen::Somewhere)
        }
        None | Some((_, Ok(false))) => Fate::Dead,
        Some((_, Ok(true))) => Fate::Ends,
        Some((path, Err(errno))) => Fate::Unseen(Unseen::Cgroup(path.into(), errno)),
    }
}

/// Reads kernel.random.boot_id.
fn boot() -> Result<String, Errno> {
    let file = open(BOOT, OFlags::RDONLY | OFlags::CLOEXEC, Mode::empty())?;
    let mut bytes = [0; 64];
    let length = read(file, &mut bytes)?;
    let text = String::from_utf8_lossy(&bytes[..length]).trim_end().to_owned();
    if text.is_empty() { Err(Errno::NODATA) } else { Ok(text) }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::registry::process_id::Mark;
    use std::path::PathBuf;

    /// Death needs proof: what cannot be seen is not dead.
    #[test]
    #[rustfmt::skip]
    fn fates() {
        let own = ProcessId::own().unwrap();
        let other = ProcessId { mark: Mark::Inode(1), ..own };
        let here = || Viewpoint { boot: Ok("b".into()), namespace: Ok(7) };
        let blind = || Viewpoint { boot: Err(Errno::NOENT), ..here() };
        let lost = || Viewpoint { namespace: Err(Errno::NOENT), ..here() };
        let gone = Some("/sys/fs/cgroup/kletka/none");
        let no_cgroup = Unseen::Cgroup("/dev/null".into(), Errno::NOTDIR);
        for (from, boot, namespace, init, cgroup, want) in [
            (here(),  "b", Some(7), own,   None,              Fate::Lives),
            (here(),  "b", None,    own,   gone,              Fate::Lives),
            (here(),  "b", Some(7), other, None,              Fate::Dead),
            (here(),  "b", Some(7), other, gone,              Fate::Dead),
            (here(),  "b", Some(7), other, Some("/dev/null"), Fate::Unseen(no_cgroup)),
            (here(),  "b", Some(8), own,   gone,              Fate::Unseen(Unseen::Elsewhere)),
            (here(),  "b", Some(8), other, gone,              Fate::Unseen(Unseen::Elsewhere)),
            (here(),  "b", None,    other, None,              Fate::Unseen(Unseen::Somewhere)),
            (here(),  "b", None,    other, gone,              Fate::Dead),
            (here(),  "a", Some(7), own,   None,              Fate::Dead),
            (here(),  "",  Some(7), own,   None,              Fate::Unseen(Unseen::SomeBoot)),
            (blind(), "a", Some(7), other, gone,              Fate::Unseen(Unseen::Boot(Errno::NOENT))),
            (lost(),  "b", Some(7), other, gone,              Fate::Unseen(Unseen::OwnNamespace(Errno::NOENT))),
            (lost(),  "b", None,    own,   gone,              Fate::Lives),
        ] {
            let record = Record {
                boot: boot.into(),
                pid_namespace: namespace,
                init: Some(init),
                cgroup: cgroup.map(PathBuf::from),
                ..Record::empty()
            };
            assert_eq!(from.fates(&[record]), [want], "{from:?} {boot} {namespace:?} {init:?}");
        }
    }
}
