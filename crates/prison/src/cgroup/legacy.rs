//! A prison's groups in the hierarchies of cgroup v1, on a host that still has them beside v2:
//! cgroups(7), "Cgroups version 1".
//!
//! No process is born into such a group: each enters by itself. The groups have the names that the
//! prison's directory has in the tree of v2, which therefore says where all of them are.

use crate::cgroup::{make, remove_up};
use crate::confine::rights::Rights;
use crate::error::{Calling, Error};
use kernel::descriptor::Inherited;
use rustix::fs::{Mode, OFlags, open, statfs};
use rustix::io::{Errno, write};
use std::fs;
use std::io;
use std::os::fd::OwnedFd;
use std::path::{Path, PathBuf};

/// The type that statfs(2) gives for cgroup v1.
const CGROUP_MAGIC: i64 = 0x0027_e0eb;
/// Where v2 is mounted when v1 is there too: systemd's and OpenRC's hybrid layout.
const UNIFIED: &str = "/sys/fs/cgroup/unified";
/// Where the hierarchies of v1 are mounted then.
const MOUNTS: &str = "/sys/fs/cgroup";

/// The hierarchy that limits the number of processes.
const PIDS: &str = "pids";
/// The names under which hierarchies are mounted.
const HIERARCHIES: [&str; 17] = [
    PIDS,
    "memory",
    "cpu",
    "cpuacct",
    "cpu,cpuacct",
    "cpuset",
    "devices",
    "freezer",
    "blkio",
    "net_cls",
    "net_prio",
    "net_cls,net_prio",
    "perf_event",
    "hugetlb",
    "rdma",
    "systemd",
    "openrc",
];

/// In which hierarchies a prison has groups.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Hierarchies {
    /// That of the number of processes: each further one costs each start and each entry 20 µs.
    Pids,
    /// All: the jail may mount them, and is to see nothing of the host's.
    All,
}

impl Hierarchies {
    /// Those that a prison with these rights needs.
    pub(crate) fn of(rights: Rights) -> Self {
        let mounts = rights.children || rights.mounts_itself();
        if mounts { Self::All } else { Self::Pids }
    }

    /// Those in which a prison with these rights may have left groups. A record without any right
    /// may be that of a jail whose own record was lost, and with it its rights.
    pub(crate) fn left_by(rights: Rights) -> Self {
        if rights == Rights::NONE { Self::All } else { Self::of(rights) }
    }

    fn names(self) -> &'static [&'static str] {
        match self {
            Self::Pids => &[PIDS],
            Self::All => &HIERARCHIES,
        }
    }
}

/// The groups of a prison, opened for processes to enter.
#[derive(Debug, Default)]
pub(crate) struct Groups(Vec<OwnedFd>);

impl Groups {
    /// Makes the groups of the prison whose directory is `cgroup`. Hierarchies that this process
    /// may not write to are left out.
    pub(crate) fn make(cgroup: &Path, hierarchies: Hierarchies) -> Result<Self, Error> {
        let mut groups = Vec::new();
        for name in hierarchies.names() {
            let mount = Path::new(MOUNTS).join(name);
            let Some(group) = group(cgroup, name).filter(|_| is_hierarchy(&mount)) else {
                continue;
            };
            match make(&group) {
                // "cpu" and "cpuacct" may be two names of one hierarchy.
                Err(error) if error.kind() == io::ErrorKind::AlreadyExists => continue,
                Err(error) if is_closed(&error) => continue,
                made => made.map_err(|error| Error::Mount(group.clone(), error))?,
            }
            if *name == "cpuset" {
                fill_cpuset(&mount, &group).map_err(|error| Error::Mount(group.clone(), error))?;
            }
            groups.push(open_tasks(&group).calling("cgroup")?);
        }
        Ok(Self(groups))
    }

    /// Opens the groups that the prison of `cgroup` has.
    pub(crate) fn open(cgroup: &Path, hierarchies: Hierarchies) -> Result<Self, Error> {
        let groups = hierarchies.names().iter().filter_map(|name| group(cgroup, name));
        let opened = groups.filter_map(|group| match open_tasks(&group) {
            Err(Errno::NOENT) => None,
            opened => Some(opened),
        });
        opened.collect::<Result<_, _>>().map(Self).calling("cgroup")
    }

    /// Moves the calling process into these groups. Allocates nothing.
    pub(crate) fn enter(&self) -> io::Result<()> {
        self.0.iter().try_for_each(enter)
    }

    /// The groups as a process has them that is made later.
    pub(crate) fn inherited(&self) -> Vec<Inherited> {
        self.0.iter().map(Inherited::of).collect()
    }
}

/// Moves the calling process into the group whose file `tasks` this is.
pub(crate) fn enter(tasks: impl std::os::fd::AsFd) -> io::Result<()> {
    // 0 is the caller. A process that another one moves, by its number, holds up the whole machine
    // for 10 ms.
    write(tasks, b"0")?;
    Ok(())
}

/// Removes the groups of a prison that has ended; answers whether they are gone.
pub(crate) fn remove(cgroup: &Path, hierarchies: Hierarchies) -> bool {
    let groups = hierarchies.names().iter().filter_map(|name| group(cgroup, name));
    // Every one of them, whatever became of those before.
    groups.filter(|group| !remove_up(group)).count() == 0
}

/// The group in the hierarchy of the number of processes, if this host has that.
pub(crate) fn pids(directory: &Path) -> Option<PathBuf> {
    group(directory, PIDS).filter(|_| is_hierarchy(&Path::new(MOUNTS).join(PIDS)))
}

/// The group of a prison in the hierarchy of this name; `None` where v2 is alone.
fn group(cgroup: &Path, hierarchy: &str) -> Option<PathBuf> {
    let inside = cgroup.strip_prefix(UNIFIED).ok()?;
    Some(Path::new(MOUNTS).join(hierarchy).join(inside))
}

/// Whether a hierarchy is mounted there. Elsewhere mkdir(2) would make a plain directory.
fn is_hierarchy(mount: &Path) -> bool {
    statfs(mount).is_ok_and(|fs| fs.f_type == CGROUP_MAGIC)
}

fn is_closed(error: &io::Error) -> bool {
    matches!(error.raw_os_error(), Some(libc::EROFS | libc::EACCES | libc::EPERM))
}

fn open_tasks(group: &Path) -> rustix::io::Result<OwnedFd> {
    open(group.join("tasks"), OFlags::WRONLY | OFlags::CLOEXEC, Mode::empty())
}

/// Gives a group, and those that it lies in, the processors and memory of the hierarchy's root: a
/// group without any takes no process.
fn fill_cpuset(mount: &Path, group: &Path) -> io::Result<()> {
    let inside = group.strip_prefix(mount).unwrap_or(Path::new(""));
    let mut parent = mount.to_path_buf();
    for part in inside {
        let child = parent.join(part);
        for file in ["cpuset.cpus", "cpuset.mems"] {
            if fs::read_to_string(child.join(file))?.trim().is_empty() {
                let value = fs::read_to_string(parent.join(file))?;
                write_file(&child.join(file), value.trim())?;
            }
        }
        parent = child;
    }
    Ok(())
}

/// Writes a value to a file of a cgroup by one write(2).
pub(crate) fn write_file(file: &Path, value: &str) -> io::Result<()> {
    // No O_CREAT: where the file is missing, nothing can be made.
    let file = open(file, OFlags::WRONLY | OFlags::CLOEXEC, Mode::empty())?;
    write(file, value.as_bytes())?;
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    #[rustfmt::skip]
    fn groups_lie_where_the_directory_of_v2_does() {
        for (cgroup, want) in [
            ("/sys/fs/cgroup/unified/kletka/1.a",      Some("/sys/fs/cgroup/pids/kletka/1.a")),
            ("/sys/fs/cgroup/unified/kletka/1.a/self", Some("/sys/fs/cgroup/pids/kletka/1.a/self")),
            ("/sys/fs/cgroup/kletka/1.a",              None), // v2 alone
        ] {
            assert_eq!(group(Path::new(cgroup), PIDS).as_deref(), want.map(Path::new), "{cgroup}");
        }
    }
}
