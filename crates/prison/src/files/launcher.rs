//! The launcher: a mount namespace with nothing of the host's in it, in which inits are born.
//!
//! A new mount namespace is a copy of the one that its maker is in, and the kernel copies, and lets
//! go of, each mount of the host: 1.6 µs for each. So the first start on a host with many mounts
//! makes a namespace whose only mount is a small tmpfs, and later ones take their copies of that.
//!
//! The tmpfs is mounted at [`DIRECTORY`] too, where the namespace is bound to a file of it: bound
//! once for the whole host, it ends with the unmounting of the two. The kernel carries no mount
//! namespace along into copies, so one that is found there was made from the caller's own. It is
//! believed only if its root is the very tmpfs that it is bound in; anything else, and what a
//! command left half made that was killed, is unmounted, and made anew. Where that is not possible
//! a start copies what the host has mounted.

use crate::error::{Calling, Error};
use crate::files::mountinfo::is_root_of_mount;
use crate::files::overlay::CLONE;
use crate::files::own_mounts::{self, Home};
use crate::files::root;
use crate::files::tree::{QUIET, file_system};
use crate::registry::Registry;
use kernel::mount::has_more_mounts_than;
use kernel::process::{Side, clone3};
use rustix::fs::{CWD, FileType, Mode, OFlags, fstat, mkdirat, mknodat, open, openat, stat};
use rustix::io::Errno;
use rustix::mount::{
    FsPickFlags, MountPropagationFlags, MoveMountFlags, UnmountFlags, fsconfig_reconfigure,
    fsconfig_set_flag, fspick, mount_change, move_mount, open_tree, unmount,
};
use rustix::process::{chroot, fchdir};
use rustix::thread::{
    CpuSet, LinkNameSpaceType, move_into_link_name_space, sched_getaffinity, sched_setaffinity,
};
use std::fs;
use std::io;
use std::os::fd::{AsFd, BorrowedFd, OwnedFd};
use std::path::Path;

/// Where the tmpfs is mounted, below the directory of the registry.
pub(crate) const DIRECTORY: &str = "launcher";
/// The file that the namespace is bound to, and the directory that inits mount on.
const PIN: &str = "mounts";
const PLACE: &str = "proc";

/// With fewer mounts than this on the host, to copy them takes no longer than what a launcher
/// takes, and nothing has to stay mounted.
const MANY: usize = 64;

/// A launcher, opened.
pub(crate) struct Launcher {
    namespace: OwnedFd,
    /// Device and inode of its root.
    root: (u64, u64),
}

/// What [`Launcher::bear`] has made.
pub(crate) enum Born {
    /// The calling process goes on as before.
    Parent(Side),
    /// This is the new process. Its root is the caller's, until it goes to its namespace's own.
    Child(Birthplace),
}

/// The root of the namespace that a process was born in.
pub(crate) struct Birthplace(OwnedFd);

impl Birthplace {
    /// Makes it the root and the working directory of this process.
    pub(crate) fn go(&self) -> rustix::io::Result<()> {
        fchdir(&self.0)?;
        chroot(".")
    }
}

impl Launcher {
    /// Opens the host's launcher. One that is missing is made where the host has many mounts.
    /// `None`: the host's mounts have to be copied.
    pub(crate) fn find(registry: &Registry) -> Option<Self> {
        let directory = registry.directory().join(DIRECTORY);
        Self::open(&directory).or_else(|| {
            // In a user namespace the kernel mounts a /proc only where one is in sight already.
            if !has_more_mounts_than(MANY)? || !is_initial_user_namespace() {
                return None;
            }
            // Another command may have made it meanwhile.
            let made = registry.locked(|| Self::open(&directory).or_else(|| make(&directory)));
            made.ok().flatten()
        })
    }

    /// Opens the launcher that is bound in `directory`.
    fn open(directory: &Path) -> Option<Self> {
        let flags = OFlags::RDONLY | OFlags::NOFOLLOW | OFlags::CLOEXEC;
        let namespace = open(directory.join(PIN), flags, Mode::empty()).ok()?;
        // The file itself, which nothing is bound to, is on the same device as the directory.
        let (bound, root) = (fstat(&namespace).ok()?, stat(directory).ok()?);
        (bound.st_dev != root.st_dev)
            .then_some(Self { namespace, root: (root.st_dev, root.st_ino) })
    }

    /// Makes a copy of this process in new `namespaces` (CLONE_NEW* flags), with the mount
    /// namespace a copy of the launcher. `None`: this is no launcher, and nothing was made.
    ///
    /// # Errors
    /// [`Error::Call`].
    pub(crate) fn bear(
        &self,
        namespaces: u64,
        cgroup: Option<BorrowedFd<'_>>,
    ) -> Result<Option<Born>, Error> {
        let home = Home::find()?;
        let kind = Some(LinkNameSpaceType::Mount);
        if move_into_link_name_space(self.namespace.as_fd(), kind).is_err() {
            return Ok(None);
        }
        // setns(2) has made the root of the namespace this process's own.
        let is_launcher = stat("/").is_ok_and(|found| (found.st_dev, found.st_ino) == self.root);
        let cloned = is_launcher.then(|| clone3(namespaces, cgroup));
        if matches!(cloned, Some(Ok(Side::Child))) {
            return born(&home).map(|place| Some(Born::Child(place)));
        }
        // After a failure too.
        home.come_back()?;
        cloned.transpose().calling("clone3").map(|side| side.map(Born::Parent))
    }
}

/// Unmounts the launcher, if there is one: no start needs it any more.
pub(crate) fn remove(registry: &Registry) -> Result<(), Error> {
    let directory = registry.directory().join(DIRECTORY);
    registry.locked(|| clear(&directory))?.calling("umount2")
}

/// Goes back to the root of the parent, whose /dev and /proc a new process still needs.
fn born(home: &Home) -> Result<Birthplace, Error> {
    let flags = OFlags::PATH | OFlags::DIRECTORY | OFlags::CLOEXEC;
    let place = open("/", flags, Mode::empty()).calling("open")?;
    home.see().calling("chroot")?;
    Ok(Birthplace(place))
}

/// Whether this process is in the user namespace that the kernel began with: its number is the same
/// everywhere, linux/proc_ns.h.
fn is_initial_user_namespace() -> bool {
    const PROC_USER_INIT_INO: u64 = 0xEFFF_FFFD;
    stat("/proc/self/ns/user").is_ok_and(|found| found.st_ino == PROC_USER_INIT_INO)
}

/// Makes a launcher, with the registry locked. What lies in `directory` is unmounted before.
fn make(directory: &Path) -> Option<Launcher> {
    clear(directory).ok()?;
    if mount(directory).is_err() {
        let _ = clear(directory);
        return None;
    }
    Launcher::open(directory)
}

/// Unmounts all that is mounted at `directory`. Starts that have opened a launcher go on with it.
fn clear(directory: &Path) -> io::Result<()> {
    let flags = OFlags::PATH | OFlags::DIRECTORY | OFlags::NOFOLLOW | OFlags::CLOEXEC;
    loop {
        let opened = match open(directory, flags, Mode::empty()) {
            Err(Errno::NOENT) => return Ok(()),
            opened => opened?,
        };
        if !is_root_of_mount(opened.as_fd())? {
            return Ok(());
        }
        drop(opened);
        unmount(directory, UnmountFlags::DETACH | UnmountFlags::NOFOLLOW)?;
    }
}

fn mount(directory: &Path) -> Result<(), Error> {
    match fs::create_dir(directory) {
        Err(error) if error.kind() != io::ErrorKind::AlreadyExists => {
            return Err(error).calling("mkdir");
        }
        _ => {}
    }
    let tmpfs = tmpfs().calling("tmpfs")?;
    move_mount(&tmpfs, "", CWD, directory, MoveMountFlags::MOVE_MOUNT_F_EMPTY_PATH)
        .calling("move_mount")?;
    // What is bound in it is to be bound here alone.
    mount_change(directory, MountPropagationFlags::PRIVATE).calling("mount")?;
    let pin = openat(&tmpfs, PIN, OFlags::PATH | OFlags::CLOEXEC, Mode::empty()).calling("open")?;
    bind(&tmpfs, pin.as_fd())
}

/// Makes a mount namespace with nothing but `root` in it, and binds it to `pin`.
///
/// The kernel binds only namespaces with a higher number than the caller's own. Since Linux 6.18
/// each processor gives numbers out of a row of its own, and the one that gave the caller's has
/// higher ones.
fn bind(root: &OwnedFd, pin: BorrowedFd<'_>) -> Result<(), Error> {
    let allowed = sched_getaffinity(None).calling("sched_getaffinity")?;
    let mut bound = bind_here(root, pin);
    for processor in 0..CpuSet::MAX_CPU {
        if !matches!(&bound, Err(error) if has_low_number(error)) {
            break;
        }
        let mut only = CpuSet::new();
        only.set(processor);
        // Of most numbers there is no processor.
        if sched_setaffinity(None, &only).is_ok() {
            bound = bind_here(root, pin);
        }
    }
    sched_setaffinity(None, &allowed).calling("sched_setaffinity")?;
    bound
}

/// Whether the namespace has a lower number than the caller's: `ELOOP` from move_mount(2), `EINVAL`
/// from open_tree(2).
fn has_low_number(error: &Error) -> bool {
    let numbers = [Some(libc::ELOOP), Some(libc::EINVAL)];
    matches!(error, Error::Call(_, error) if numbers.contains(&error.raw_os_error()))
}

fn bind_here(root: &OwnedFd, pin: BorrowedFd<'_>) -> Result<(), Error> {
    let root = open_tree(root, "", CLONE).calling("open_tree")?;
    let namespace = own_mounts::namespace_of(&root)?;
    let bound = open_tree(&namespace, "", CLONE).calling("open_tree")?;
    root::put(bound.as_fd(), pin).calling("move_mount")
}

/// Makes the tmpfs, which nobody can write to afterwards, wherever it may be seen.
fn tmpfs() -> io::Result<OwnedFd> {
    let settings = [("mode", "555"), ("size", "4k"), ("nr_inodes", "4")];
    let tmpfs = file_system("tmpfs", &settings, QUIET)?;
    mkdirat(&tmpfs, PLACE, Mode::from_raw_mode(0o555))?;
    mknodat(&tmpfs, PIN, FileType::RegularFile, Mode::from_raw_mode(0o400), 0)?;
    let context = fspick(&tmpfs, "", FsPickFlags::FSPICK_EMPTY_PATH | FsPickFlags::FSPICK_CLOEXEC)?;
    fsconfig_set_flag(context.as_fd(), "ro")?;
    fsconfig_reconfigure(context.as_fd())?;
    Ok(tmpfs)
}
