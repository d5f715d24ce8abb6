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
use rustix::mount::{MountPropagationFlags, MoveMountFlags, mount_change, move_mount, open_tree};
use rustix::process::{chroot, fchdir};
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
        fchdir(&self.root).calling("fchdir")?;
        chroot(".").calling("chroot")?;
        fchdir(&self.directory).calling("fchdir")
    }
}
