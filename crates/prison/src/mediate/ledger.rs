//! Which mounts a jail has made: only those may it unmount, move or remount.
//!
//! The list is a file in memory, which each process that answers calls has from init: there is one
//! such process at a time. Init writes what is done for the jail into the same file, so that a
//! process which lives already is told at once.

use crate::files::mountinfo::NOTHING;
use crate::mediate::Allowed;
use rustix::fs::{AtFlags, MemfdFlags, StatxFlags, memfd_create, statx};
use rustix::io::{Errno, pread, pwrite};
use std::io;
use std::os::fd::{BorrowedFd, OwnedFd};

/// The most mounts that a jail may have made. The kernel's own limit is for a namespace as a whole.
const MOST: usize = 1024;

/// Of statx(2), since Linux 6.8: a number that no other mount ever had.
const UNIQUE: StatxFlags = StatxFlags::from_bits_retain(0x4000);

/// As what a jail has made a mount.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum As {
    /// A mount like any other.
    One = 0,
    /// A view, with mounts below that cover parts of it, and that are unmounted with it alone.
    View = 1,
}

/// Bytes of an entry.
const ENTRY: usize = 24;

/// Where in the file the call that is being answered stands, what is done for the jail, and the
/// first entry.
const REQUEST: u64 = 0;
const ALLOWED: u64 = 8;
const ENTRIES: u64 = 16;

/// The list, behind the call that is being answered and what is done for the jail.
#[derive(Debug)]
pub(super) struct Ledger(OwnedFd);

/// A mount: the number that it is known by, and its number in mountinfo, which may later be
/// another mount's.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct Id {
    known: u64,
    shown: u64,
}

impl Id {
    /// The mount in which `file` is.
    pub(super) fn of(file: BorrowedFd<'_>) -> io::Result<Self> {
        let ask = |what| statx(file, "", AtFlags::EMPTY_PATH, what);
        let shown = ask(NOTHING)?.stx_mnt_id;
        // FUSE refuses this too.
        let known = ask(UNIQUE).map_or(shown, |seen| seen.stx_mnt_id);
        Ok(Self { known, shown })
    }

    fn may_be_reused(self) -> bool {
        self.known == self.shown
    }
}

impl Ledger {
    pub(super) fn new() -> io::Result<Self> {
        Ok(Self(memfd_create(c"mounts", MemfdFlags::CLOEXEC)?))
    }

    /// Forgets the call that was answered last.
    pub(super) fn forget_request(&self) {
        self.set_request(0);
    }

    pub(super) fn set_request(&self, id: u64) {
        let _ = pwrite(&self.0, &id.to_ne_bytes(), REQUEST);
    }

    /// The call that is being answered, once it has been received.
    pub(super) fn request(&self) -> Option<u64> {
        self.number(REQUEST).filter(|&id| id != 0)
    }

    pub(super) fn set_allowed(&self, allowed: Allowed) {
        let _ = pwrite(&self.0, &allowed.number().to_ne_bytes(), ALLOWED);
    }

    /// What is done for the jail.
    pub(super) fn allowed(&self) -> Allowed {
        self.number(ALLOWED).map(Allowed::of_number).unwrap_or_default()
    }

    fn number(&self, place: u64) -> Option<u64> {
        let mut bytes = [0; 8];
        let read = pread(&self.0, &mut bytes, place).ok()?;
        (read == bytes.len()).then(|| u64::from_ne_bytes(bytes))
    }

    /// What the jail has made this mount as. `None`: the jail has not made it.
    pub(super) fn find(&self, id: Id) -> Option<As> {
        let all = self.all().ok()?;
        all.into_iter().find(|(one, _)| *one == id).map(|(_, made)| made)
    }

    /// Adds a mount. `shown` are the numbers of all mounts that there are.
    ///
    /// # Errors
    /// `ENOSPC`: the jail has made too many.
    pub(super) fn add(&self, id: Id, made: As, shown: impl FnOnce() -> Vec<u64>) -> io::Result<()> {
        let mut all = self.all()?;
        if all.len() >= MOST || id.may_be_reused() {
            let shown = shown();
            all.retain(|(one, _)| shown.contains(&one.shown));
        }
        if all.len() >= MOST {
            return Err(Errno::NOSPC.into());
        }
        all.push((id, made));
        self.write(&all)
    }

    pub(super) fn remove(&self, id: Id) -> io::Result<()> {
        let mut all = self.all()?;
        all.retain(|(one, _)| *one != id);
        self.write(&all)
    }

    fn all(&self) -> io::Result<Vec<(Id, As)>> {
        let mut bytes = vec![0; MOST * ENTRY];
        let length = pread(&self.0, &mut bytes, ENTRIES)?;
        let number = |bytes: &[u8]| bytes.try_into().map_or(0, u64::from_ne_bytes);
        let all = bytes[..length].chunks_exact(ENTRY).map(|entry| {
            let id = Id { known: number(&entry[..8]), shown: number(&entry[8..16]) };
            (id, if number(&entry[16..]) == 0 { As::One } else { As::View })
        });
        // What is behind the end of a list that has become shorter is zero.
        Ok(all.take_while(|(id, _)| id.known != 0).collect())
    }

    fn write(&self, all: &[(Id, As)]) -> io::Result<()> {
        let entries = all.iter().flat_map(|(id, made)| [id.known, id.shown, *made as u64]);
        let bytes: Vec<u8> = entries.chain([0; 3]).flat_map(u64::to_ne_bytes).collect();
        if pwrite(&self.0, &bytes, ENTRIES)? == bytes.len() {
            Ok(())
        } else {
            Err(Errno::NOSPC.into())
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::mediate::FileSystems;
    use crate::mediate::privileges::Privileges;

    #[test]
    #[cfg_attr(miri, ignore = "memfd_create(2) is unknown to Miri")]
    fn mounts_come_and_go() {
        let ledger = Ledger::new().unwrap();
        let id = |known, shown| Id { known, shown };
        ledger.forget_request();
        let allowed = Allowed { file_systems: FileSystems(5), privileges: Privileges(3) };
        ledger.set_allowed(allowed);
        assert_eq!(ledger.request(), None);
        ledger.set_request(7);
        ledger.add(id(101, 1), As::One, Vec::new).unwrap();
        ledger.add(id(102, 2), As::View, Vec::new).unwrap();
        ledger.remove(id(101, 1)).unwrap();
        assert_eq!((ledger.find(id(101, 1)), ledger.find(id(102, 2))), (None, Some(As::View)));
        // A number that may be used again is forgotten with its mount.
        ledger.add(id(3, 3), As::One, || vec![2]).unwrap();
        ledger.add(id(4, 4), As::One, || vec![2]).unwrap();
        assert_eq!((ledger.find(id(102, 2)), ledger.find(id(3, 3))), (Some(As::View), None));
        assert_eq!((ledger.request(), ledger.allowed()), (Some(7), allowed));
        for known in 200..200 + MOST as u64 - 2 {
            ledger.add(id(known, 2), As::One, || vec![2, 4]).unwrap();
        }
        let full = ledger.add(id(99, 9), As::One, || vec![2, 4]).unwrap_err();
        assert_eq!(full.raw_os_error(), Some(libc::ENOSPC));
    }
}
