//! A pseudo-terminal in a prison's /dev/pts, made from outside: devpts, TIOCGPTPEER. Nothing of it
//! is found by a name that the jail could lead elsewhere.

use crate::error::{Calling, Error};
use crate::files::dev::{self, TTY_GROUP};
use crate::prison::Prison;
use crate::registry::process_id::ProcessId;
use kernel::proc::by_descriptor;
use rustix::fs::{
    FileType, Gid, Mode, OFlags, ResolveFlags, Uid, fchmod, fchown, fstat, fstatfs, makedev, open,
    openat, openat2,
};
use rustix::pty::{OpenptFlags, ioctl_tiocgptpeer, unlockpt};
use std::os::fd::OwnedFd;

/// The type that statfs(2) gives for devpts.
const DEVPTS_MAGIC: i64 = 0x1cd1;

/// How the master is opened: never as the caller's own terminal, and never waited for.
const MASTER: OFlags =
    OFlags::RDWR.union(OFlags::NOCTTY).union(OFlags::NONBLOCK).union(OFlags::CLOEXEC);

/// Both ends of a pseudo-terminal.
#[derive(Debug)]
pub(crate) struct Pty {
    pub(crate) master: OwnedFd,
    /// What is a terminal to the jail.
    pub(crate) slave: OwnedFd,
}

impl Prison {
    /// Makes a pseudo-terminal that belongs to the jail's root.
    pub(crate) fn pty(&self) -> Result<Pty, Error> {
        let ids = self.record().ids;
        // A jail that has no /dev/pts, or has used up its terminals, gets one that has no name
        // inside.
        let master = match self.ptmx() {
            Some(master) => master,
            None => {
                let instance = dev::terminals(ids).calling("devpts")?;
                openat(instance, "ptmx", MASTER, Mode::empty()).calling("ptmx")?
            }
        };
        unlockpt(&master).calling("TIOCSPTLCK")?;
        let slave = OpenptFlags::RDWR | OpenptFlags::NOCTTY | OpenptFlags::CLOEXEC;
        let slave = ioctl_tiocgptpeer(&master, slave).calling("TIOCGPTPEER")?;
        let (user, group) = (Uid::from_raw(ids.first), Gid::from_raw(ids.first + TTY_GROUP));
        fchown(&slave, Some(user), Some(group)).calling("fchown")?;
        fchmod(&slave, Mode::RUSR | Mode::WUSR | Mode::WGRP).calling("fchmod")?;
        Ok(Pty { master, slave })
    }

    /// Opens a new master of the jail's /dev/pts. What lies there is looked at before it is opened:
    /// the jail's root may have put anything in its place, and opening some devices does something.
    fn ptmx(&self) -> Option<OwnedFd> {
        let root = self.record().init.and_then(ProcessId::root)?;
        let resolve =
            ResolveFlags::IN_ROOT | ResolveFlags::NO_SYMLINKS | ResolveFlags::NO_MAGICLINKS;
        let flags = OFlags::PATH | OFlags::CLOEXEC;
        let found = openat2(root, "dev/pts/ptmx", flags, Mode::empty(), resolve).ok()?;
        let is_device = fstat(&found).is_ok_and(|node| {
            FileType::from_raw_mode(node.st_mode) == FileType::CharacterDevice
                && node.st_rdev == makedev(5, 2)
        });
        let is_devpts = fstatfs(&found).is_ok_and(|fs| fs.f_type == DEVPTS_MAGIC);
        let master = (is_device && is_devpts).then(|| by_descriptor(&found))?;
        open(master, MASTER, Mode::empty()).ok()
    }
}
