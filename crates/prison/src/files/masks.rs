//! What of /proc and /sys a jail sees empty, and what it can only read.
//!
//! Both are attached within /proc and /sys as soon as these are, so that a second view of either
//! ([`crate::spec::MountSource::Proc`]) has them too. What covers a file or a directory is empty,
//! read-only, and made for this jail alone: were it the host's /dev/null, a jail could learn by
//! inotify(7) when the host uses that, and lock it.

use crate::control::{Report, Stage};
use crate::files::tree::file_system;
use crate::spec::Users;
use kernel::mount;
use rustix::fs::{Access, AtFlags, CWD, FileType, Mode, accessat, mkdirat, mknodat};
use rustix::io::Errno;
use rustix::mount::{MoveMountFlags, OpenTreeFlags, move_mount, open_tree};
use std::io;
use std::os::fd::{AsFd, BorrowedFd, OwnedFd};
use std::path::Path;

/// A path below /proc or /sys.
type Name = &'static str;

/// Files and directories of /proc that tell of the host or of other jails.
const PROC_FILES: [Name; 7] =
    ["kcore", "keys", "timer_list", "sched_debug", "latency_stats", "timer_stats", "interrupts"];
const PROC_DIRECTORIES: [Name; 3] = ["acpi", "asound", "scsi"];

/// Files of /proc that the host's root alone can read: for a jail whose root that is.
const FILES_OF_HOSTS_ROOT: [Name; 6] =
    ["slabinfo", "vmallocinfo", "pagetypeinfo", "kpagecount", "kpageflags", "kpagecgroup"];

/// Parts of /proc that the host's root may write to, init's among them: read-only for a jail whose
/// root that is.
const READ_ONLY: [Name; 7] = ["1", "sys", "sysrq-trigger", "irq", "bus", "fs", "mtrr"];

/// Directories of /sys that tell of the host's hardware: its firmware's tables, and the energy that
/// its processors take.
const SYS_DIRECTORIES: [Name; 2] = ["firmware", "devices/virtual/powercap"];

const COVER: u64 = libc::MOUNT_ATTR_RDONLY
    | libc::MOUNT_ATTR_NOSUID
    | libc::MOUNT_ATTR_NODEV
    | libc::MOUNT_ATTR_NOEXEC;

/// Where /sys says how often each processor was too hot; `*` is its number.
const THROTTLING: &str = "devices/system/cpu/cpu*/thermal_throttle";

/// Each path, how a jail sees it that has ids of its own, and how one with the host's.
pub(crate) fn described() -> impl Iterator<Item = (String, &'static str, &'static str)> {
    let below = |root: &'static str, names: &'static [Name], own, inherit| {
        names.iter().map(move |name| (format!("/{root}/{name}"), own, inherit))
    };
    let is_roots = "readable for the host's root alone";
    let is_written = "the host's part is writable for its root alone";
    below("proc", &PROC_FILES, "empty", "empty")
        .chain(below("proc", &PROC_DIRECTORIES, "empty", "empty"))
        .chain(below("proc", &FILES_OF_HOSTS_ROOT, is_roots, "empty"))
        .chain(below("proc", &READ_ONLY, is_written, "read-only"))
        .chain(below("sys", &SYS_DIRECTORIES, "empty", "empty"))
        .chain(below("sys", &[THROTTLING], "empty", "empty"))
}

/// An empty file and an empty directory, to cover others with.
pub(crate) struct Masks {
    file: Cover,
    directory: Cover,
}

/// A mount that covers, and of which all later ones are clones.
struct Cover {
    mount: OwnedFd,
    is_attached: bool,
}

impl Masks {
    /// Makes them. The caller is init, whose mount namespace is private, and still has the host's
    /// root.
    pub(crate) fn make() -> Result<Self, Report> {
        empty().map_err(|error| failed("/proc", error))
    }

    /// Covers what a jail is not to see of the /proc that has just been attached.
    pub(crate) fn cover_proc(&mut self, proc: BorrowedFd<'_>, users: Users) -> Result<(), Report> {
        let of_hosts_root = if users == Users::Host { &FILES_OF_HOSTS_ROOT[..] } else { &[] };
        for name in PROC_FILES.iter().chain(of_hosts_root) {
            self.file.over(proc, name).map_err(|error| failed("/proc", error))?;
        }
        for name in PROC_DIRECTORIES {
            self.directory.over(proc, name).map_err(|error| failed("/proc", error))?;
        }
        Ok(())
    }

    /// Covers what a jail is not to see of the /sys that has just been attached.
    pub(crate) fn cover_sys(&mut self, sys: BorrowedFd<'_>) -> Result<(), Report> {
        for name in SYS_DIRECTORIES {
            self.directory.over(sys, name).map_err(|error| failed("/sys", error))?;
        }
        self.cover_throttling(sys).map_err(|error| failed("/sys", error))
    }

    /// Covers how often each processor was too hot. Few machines tell, and then the first
    /// processor does.
    fn cover_throttling(&mut self, sys: BorrowedFd<'_>) -> rustix::io::Result<()> {
        for number in 0.. {
            let directory = THROTTLING.replace('*', &number.to_string());
            let covered = self.directory.over(sys, &directory)?;
            let processor = directory.rsplit_once('/').map_or("", |(processor, _)| processor);
            if !covered && (number == 0 || !exists(sys, processor)) {
                break;
            }
        }
        Ok(())
    }
}

impl Cover {
    /// Covers `name` below `at`, a file system of the kernel's, if it has such a file. The kernel
    /// follows no link there.
    fn over(&mut self, at: BorrowedFd<'_>, name: &str) -> rustix::io::Result<bool> {
        // Asked first: for a clone that is closed without having been attached, the kernel waits
        // until no processor looks at it, 40 µs.
        if !exists(at, name) {
            return Ok(false);
        }
        // Linux before 6.15 clones attached mounts only: the first place gets this mount itself.
        let clone = self.is_attached.then(|| clone_of(self.mount.as_fd(), "")).transpose()?;
        attach(clone.as_ref().unwrap_or(&self.mount).as_fd(), at, name)?;
        self.is_attached = true;
        Ok(true)
    }
}

/// Lets the jail only read what the host's root may write to in its /proc.
pub(crate) fn write_protect(proc: BorrowedFd<'_>) -> Result<(), Report> {
    for name in READ_ONLY {
        protect(proc, name).map_err(|error| failed("/proc", error))?;
    }
    Ok(())
}

/// Covers `name` with a read-only view of itself, if there is such a file.
fn protect(at: BorrowedFd<'_>, name: &str) -> io::Result<()> {
    if !exists(at, name) {
        return Ok(());
    }
    let view = clone_of(at, name)?;
    mount::set_attributes(view.as_fd(), COVER, None)?;
    Ok(attach(view.as_fd(), at, name)?)
}

fn empty() -> io::Result<Masks> {
    let tmpfs = file_system("tmpfs", &[("mode", "555"), ("size", "4k"), ("nr_inodes", "4")], 0)?;
    mknodat(&tmpfs, "file", FileType::RegularFile, Mode::from_raw_mode(0o444), 0)?;
    mkdirat(&tmpfs, "directory", Mode::from_raw_mode(0o555))?;
    mount::set_attributes(tmpfs.as_fd(), COVER, None)?;
    // To be cloned, it has to be attached. The host's /proc is not needed any more: it leaves this
    // mount namespace with the host's root, and this mount with both.
    attach(tmpfs.as_fd(), CWD, "/proc")?;
    let cover = |name| {
        let mount = clone_of(tmpfs.as_fd(), name)?;
        Ok::<_, Errno>(Cover { mount, is_attached: false })
    };
    Ok(Masks { file: cover("file")?, directory: cover("directory")? })
}

/// Clones a mount, or of a mount what it has below.
fn clone_of(at: BorrowedFd<'_>, name: &str) -> rustix::io::Result<OwnedFd> {
    let mut flags = OpenTreeFlags::OPEN_TREE_CLONE | OpenTreeFlags::OPEN_TREE_CLOEXEC;
    flags.set(OpenTreeFlags::AT_EMPTY_PATH, name.is_empty());
    open_tree(at, name, flags | OpenTreeFlags::AT_SYMLINK_NOFOLLOW)
}

fn attach(mount: BorrowedFd<'_>, at: BorrowedFd<'_>, name: &str) -> rustix::io::Result<()> {
    move_mount(mount, "", at, name, MoveMountFlags::MOVE_MOUNT_F_EMPTY_PATH)
}

fn exists(at: BorrowedFd<'_>, name: &str) -> bool {
    accessat(at, name, Access::EXISTS, AtFlags::empty()).is_ok()
}

fn failed(below: &str, error: impl Into<io::Error>) -> Report {
    let errno = Errno::from_io_error(&error.into()).unwrap_or(Errno::INVAL);
    Stage::Mount.failed(Path::new(below), errno)
}
