//! The flags of files that only root sets and clears: FreeBSD's `schg` and `sappnd`, which are `i`
//! and `a` of chattr(1); ioctl(2), `FS_IOC_SETFLAGS`.
//!
//! Linux wants a capability over the host for these two. So the server changes them, and nothing
//! else, on a file that the caller has open: one of the jail's own users' files, in a mount that is
//! not read-only. Every other change is the kernel's, with the rights of the caller.

use crate::confine::ids::Ids;
use crate::mediate::Kept;
use crate::mediate::caller::{Caller, LINUX_IMMUTABLE};
use crate::mediate::privileges::Privileges;
use rustix::fs::{IFlags, ioctl_getflags, ioctl_setflags};
use rustix::io::Errno;
use std::io;
use std::os::fd::OwnedFd;

/// The flags that only root changes.
const ROOTS: IFlags = IFlags::IMMUTABLE.union(IFlags::APPEND);

/// What is to be done about a change of flags.
#[derive(Debug, PartialEq, Eq)]
enum Verdict {
    /// The kernel decides.
    Leave,
    Refuse,
    Change,
}

/// What is done where a file has the flags `now` and is to have those that are `wanted`.
fn verdict(now: IFlags, wanted: IFlags, has: Privileges) -> Verdict {
    let changed = now.symmetric_difference(wanted);
    if !changed.intersects(ROOTS) || !has.has(Privileges::SET_FLAGS) {
        return Verdict::Leave;
    }
    // As on FreeBSD from securelevel 1 on: a file that has one keeps what it has.
    let may_change = !now.intersects(ROOTS) || has.has(Privileges::CLEAR_FLAGS);
    if may_change && ROOTS.contains(changed) { Verdict::Change } else { Verdict::Refuse }
}

/// A file whose flags are to be changed, and who asks for that.
pub(super) struct Change<'a> {
    pub(super) kept: &'a Kept,
    pub(super) caller: &'a Caller,
    pub(super) ids: Ids,
    /// The file, as the caller has it open, in a copy that stays the same file.
    pub(super) file: OwnedFd,
    pub(super) wanted: u32,
}

impl Change<'_> {
    /// Changes the flags. False: this is left to the kernel.
    ///
    /// # Errors
    /// `EPERM`: the caller may not; those of the file system.
    pub(super) fn carry_out(&self, has: Privileges) -> io::Result<bool> {
        let caller = self.caller;
        if !caller.has(LINUX_IMMUTABLE) || !caller.governs(self.kept, self.ids, &self.file)? {
            return Ok(false);
        }
        // What has no flags is asked by the kernel once more, and answers the caller itself.
        let Ok(now) = ioctl_getflags(&self.file) else { return Ok(false) };
        let wanted = IFlags::from_bits_retain(self.wanted);
        match verdict(now, wanted, has) {
            Verdict::Leave => Ok(false),
            Verdict::Refuse => Err(Errno::PERM.into()),
            Verdict::Change => {
                ioctl_setflags(&self.file, wanted)?;
                Ok(true)
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    #[rustfmt::skip]
    fn verdicts() {
        use Verdict::{Change, Leave, Refuse};
        let (none, i, a, d) = (IFlags::empty(), IFlags::IMMUTABLE, IFlags::APPEND, IFlags::NODUMP);
        let (set, all) = (Privileges::SET_FLAGS, Privileges(3));
        for (now, wanted, has, want) in [
            (none,  i,     all,           Change),
            (none,  i | a, all,           Change),
            (i,     none,  all,           Change),
            (i,     a,     all,           Change),
            (d,     d | i, all,           Change),
            // sys/ufs/ufs/ufs_vnops.c, ufs_setattr(): securelevel_gt()
            (none,  i,     set,           Change),
            (i,     none,  set,           Refuse),
            (i,     i | a, set,           Refuse),
            (d | i, i,     set,           Leave),
            // One of the two and another one at once.
            (none,  d | i, all,           Refuse),
            (none,  d,     all,           Leave),
            (i,     i,     all,           Leave),
            (none,  i,     Privileges(0), Leave),
            (i,     none,  Privileges(0), Leave),
        ] {
            assert_eq!(verdict(now, wanted, has), want, "{now:?} {wanted:?} {has:?}");
        }
    }
}
