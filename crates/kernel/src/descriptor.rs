//! Descriptors: many of them closed at once, close_range(2); and those that a new process has
//! copies of.

use crate::call::call;
use std::io;
use std::os::fd::{AsFd, AsRawFd, BorrowedFd, FromRawFd, IntoRawFd, OwnedFd, RawFd};

/// Marks every descriptor from 3 upwards to be closed by execve(2). Allocates nothing.
///
/// # Errors
/// Of close_range(2): `ENOSYS`.
pub fn close_on_exec_from_3() -> io::Result<()> {
    let (last, mode) = (u32::MAX as usize, libc::CLOSE_RANGE_CLOEXEC as usize);
    // SAFETY: CLOSE_RANGE_CLOEXEC closes nothing now, so no descriptor is pulled from its owner.
    unsafe { call(libc::SYS_close_range, [3, last, mode, 0, 0]) }.map(drop)
}

/// Closes these descriptors, those with consecutive numbers by one call.
pub fn close_many(fds: impl Iterator<Item = OwnedFd>) {
    let mut numbers: Vec<RawFd> = fds.map(IntoRawFd::into_raw_fd).collect();
    // Without this, a third of the system calls of jls(8) for 1,000 jails are close(2).
    numbers.sort_unstable();
    for row in numbers.chunk_by(|before, after| before + 1 == *after) {
        if let (Some(first), Some(last)) = (row.first(), row.last()) {
            // SAFETY: all of the row were owned by this function's caller, who has given them up.
            unsafe { libc::syscall(libc::SYS_close_range, *first, *last, 0) };
        }
    }
}

/// Closes every descriptor from 3 upwards but `keep`.
///
/// # Safety
/// No other descriptor may be used, or dropped, by this process afterwards.
pub unsafe fn close_all_but<const N: usize>(keep: [BorrowedFd<'_>; N]) {
    let mut keep = keep.map(|fd| fd.as_raw_fd());
    keep.sort_unstable();
    let mut first = 3;
    for fd in keep {
        if fd > first {
            // SAFETY: the caller gives these descriptors up.
            unsafe { libc::syscall(libc::SYS_close_range, first, fd - 1, 0) };
        }
        first = first.max(fd + 1);
    }
    // SAFETY: as above.
    unsafe { libc::syscall(libc::SYS_close_range, first, u32::MAX, 0) };
}

/// A descriptor as a process that is made later has it: a copy with the same number.
///
/// The value is made from an open descriptor of the parent and used by the new process alone, which
/// has had its copy since birth, whatever the parent has closed meanwhile.
#[derive(Debug, Clone, Copy)]
pub struct Inherited(RawFd);

impl Inherited {
    /// The copy that a process is going to have of `fd`; until that process is made, `fd` stays
    /// open.
    pub fn of(fd: impl AsFd) -> Self {
        Self(fd.as_fd().as_raw_fd())
    }

    /// Closes the new process's copy, which must not be used again.
    pub fn close(self) {
        // SAFETY: the number was a descriptor's. Its owner is a value of the parent's, which this
        // process never drops: it leaves by execve(2) or exit(2). Not by libc: the process may
        // share its parent's memory, and errno with it.
        let _ = unsafe { call(libc::SYS_close, [self.0 as usize, 0, 0, 0, 0]) };
    }
}

impl AsRawFd for Inherited {
    fn as_raw_fd(&self) -> RawFd {
        self.0
    }
}

/// Takes over the descriptor of this number from 3 up, which the program was executed with; closed
/// by a further execve(2). `None`: there is no such descriptor. To be called when the program
/// begins, before it opens anything.
#[must_use]
pub fn handed_down(number: RawFd) -> Option<OwnedFd> {
    let (command, flags) = (libc::F_SETFD as usize, libc::FD_CLOEXEC as usize);
    // SAFETY: F_SETFD touches no memory.
    let set = unsafe { call(libc::SYS_fcntl, [number as usize, command, flags, 0, 0]) };
    // SAFETY: the descriptor is open, as the call has shown, and was so before this program began:
    // no value of the program owns it.
    (number > 2 && set.is_ok()).then(|| unsafe { OwnedFd::from_raw_fd(number) })
}

impl AsFd for Inherited {
    fn as_fd(&self) -> BorrowedFd<'_> {
        // SAFETY: the number was that of an open descriptor, of which this process has had a copy
        // from its birth; `close` alone closes that copy.
        unsafe { BorrowedFd::borrow_raw(self.0) }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::fs::File;
    use std::io::Read;

    #[test]
    #[cfg_attr(miri, ignore = "close_range(2) is unknown to Miri")]
    fn many_are_closed_and_no_other() {
        let open = || File::open("/dev/zero").unwrap();
        let (mut kept, files) = (open(), [open(), open()]);
        let numbers = files.each_ref().map(AsRawFd::as_raw_fd);
        close_many(files.into_iter().map(OwnedFd::from));
        for number in numbers {
            assert!(!std::fs::exists(format!("/proc/self/fd/{number}")).unwrap());
        }
        assert_eq!(kept.read(&mut [0; 4]).unwrap(), 4);
    }
}
