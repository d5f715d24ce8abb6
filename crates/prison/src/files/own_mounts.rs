//! A mount namespace of this process's own, for the time in which an overlay is made.
//!
//! Before Linux 6.15 overlayfs takes as layers only what is mounted in the namespace of the process
//! that makes the overlay, and open_tree(2) clones nothing else. What a prison is made of is
//! detached: mounted nowhere. So this process goes into a namespace that nobody else sees, attaches
//! the layers there, makes the overlay, which keeps private clones of its layers, and comes back.
//! Nothing is left behind, even by a process that is killed: the namespace ends with its last
//! process.

use crate::error::{Calling, Error};
use crate::files::overlay::CLONE;
use kernel::namespace;
use rustix::fs::{CWD, Mode, OFlags, open};
use rustix::mount::{
    MountPropagationFlags, MoveMountFlags, UnmountFlags, mount_change, move_mount, open_tree,
    unmount,
};
use rustix::process::{chroot, fchdir, pivot_root};
use rustix::thread::{LinkNameSpaceType, move_into_link_name_space};
use std::fs::File;
use std::io;
use std::os::fd::{AsFd, BorrowedFd, OwnedFd};

/// Shows that this process is in a mount namespace that nobody else sees.
pub(crate) struct OwnMounts(());

impl OwnMounts {
    /// Calls `act` in a mount namespace of this process's own, and comes back. All other processes
    /// go on seeing the mounts that they see.
    ///
    /// # Errors
    /// What `act` answers; [`Error::Call`]: the namespace cannot be made or left.
    pub(crate) fn with<T>(act: impl FnOnce(&Self) -> Result<T, Error>) -> Result<T, Error> {
        let home = Home::find()?;
        namespace::unshare(libc::CLONE_NEWNS).calling("unshare")?;
        // The namespace's copies are peers of the host's mounts: what is attached would appear on
        // the host too.
        let private =
            mount_change("/", MountPropagationFlags::PRIVATE | MountPropagationFlags::REC);
        let done = private.calling("mount").and_then(|()| act(&Self(())));
        home.come_back()?;
        done
    }

    /// Attaches a detached mount of a directory. It stays attached as long as the namespace is
    /// there.
    pub(crate) fn attach(&self, mount: BorrowedFd<'_>) -> io::Result<()> {
        // One over the other on the root: paths begin below all of them, at the root of this
        // process.
        Ok(move_mount(mount, "", CWD, "/", MoveMountFlags::MOVE_MOUNT_F_EMPTY_PATH)?)
    }

    /// Attaches `mount`, and puts a detached clone in its place, for use afterwards. Answers the
    /// mount that is attached.
    pub(crate) fn lend(&self, mount: &mut OwnedFd) -> io::Result<OwnedFd> {
        self.attach(mount.as_fd())?;
        let clone = open_tree(&*mount, "", CLONE)?;
        Ok(std::mem::replace(mount, clone))
    }
}

/// Makes a mount namespace with nothing but `root` in it, a detached mount, and answers its file.
///
/// # Errors
/// [`Error::Call`]. Then there is no such namespace.
pub(crate) fn namespace_of(root: &OwnedFd) -> Result<OwnedFd, Error> {
    let mut made = None;
    OwnMounts::with(|mounts| {
        // Before the host's /proc leaves the namespace.
        made = Some(File::open("/proc/self/ns/mnt").calling("/proc/self/ns/mnt")?.into());
        mounts.attach(root.as_fd()).calling("move_mount")?;
        fchdir(root).calling("fchdir")?;
        pivot_root(".", ".").calling("pivot_root")?;
        unmount(".", UnmountFlags::DETACH).calling("umount2")
    })?;
    made.ok_or(Error::Died)
}

/// Where this process was before.
pub(crate) struct Home {
    mounts: File,
    root: OwnedFd,
    directory: OwnedFd,
}

impl Home {
    pub(crate) fn find() -> Result<Self, Error> {
        let directory = |path| {
            let flags = OFlags::PATH | OFlags::DIRECTORY | OFlags::CLOEXEC;
            open(path, flags, Mode::empty()).calling("open")
        };
        let mounts = File::open("/proc/self/ns/mnt").calling("/proc/self/ns/mnt")?;
        Ok(Self { mounts, root: directory("/")?, directory: directory(".")? })
    }

    pub(crate) fn come_back(self) -> Result<(), Error> {
        move_into_link_name_space(self.mounts.as_fd(), Some(LinkNameSpaceType::Mount))
            .calling("setns")?;
        // setns(2) has made the namespace's root this process's root and working directory.
        self.see().calling("chroot")?;
        fchdir(&self.directory).calling("fchdir")
    }

    /// Makes the root from before the root and the working directory of this process, in whatever
    /// namespace that is.
    pub(crate) fn see(&self) -> rustix::io::Result<()> {
        fchdir(&self.root)?;
        chroot(".")
    }
}
