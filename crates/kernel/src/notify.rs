//! System calls that another process answers: seccomp_unotify(2). And the memory of the process
//! that waits for the answer: process_vm_readv(2).

use crate::call::{call, check};
use std::io;
use std::mem::zeroed;
use std::os::fd::{AsRawFd, BorrowedFd, FromRawFd, OwnedFd, RawFd};

/// linux/seccomp.h: once a notification has been received, a signal that does not kill the caller
/// waits for the answer. Without this, an interrupted call would be made again, and carried out
/// several times.
const WAIT_KILLABLE_RECV: u64 = 1 << 5;

/// Loads a classic BPF program as this process's system call filter, as
/// [`crate::confine::load_filter`] does, and answers the descriptor on which the calls arrive for
/// which the program answers `SECCOMP_RET_USER_NOTIF`. Allocates nothing.
///
/// # Errors
/// `EBUSY`: the process has a filter with a listener already. `EINVAL`: Linux before 5.19.
pub fn load_filter(program: &[libc::sock_filter]) -> io::Result<OwnedFd> {
    let program = libc::sock_fprog {
        len: u16::try_from(program.len()).map_err(|_| io::ErrorKind::InvalidInput)?,
        filter: program.as_ptr().cast_mut(),
    };
    let (mode, program) = (libc::SECCOMP_SET_MODE_FILTER as usize, &raw const program as usize);
    let flags = (libc::SECCOMP_FILTER_FLAG_NEW_LISTENER | WAIT_KILLABLE_RECV) as usize;
    // SAFETY: the kernel copies `len` instructions from the slice, which outlives the call.
    let listener = unsafe { call(libc::SYS_seccomp, [mode, flags, program, 0, 0]) }?;
    // SAFETY: the answer is a new descriptor that nobody else owns.
    Ok(unsafe { OwnedFd::from_raw_fd(listener as RawFd) })
}

/// A system call that waits for an answer.
#[derive(Debug, Clone, Copy)]
pub struct Request {
    /// What the call is answered by; no other has the same on this listener.
    pub id: u64,
    /// The thread that waits, in this process's pid namespace; 0: it has no number here.
    pub thread: u32,
    /// The number of the call.
    pub number: i32,
    /// The arguments.
    pub arguments: [u64; 6],
}

/// Receives a system call: `SECCOMP_IOCTL_NOTIF_RECV`. Waits for one where none waits.
///
/// # Errors
/// `ENOENT`: the process that made the call has been killed.
pub fn receive(listener: BorrowedFd<'_>) -> io::Result<Request> {
    // SAFETY: plain integers, and the kernel wants them to be zero.
    let mut request: libc::seccomp_notif = unsafe { zeroed() };
    // SECCOMP_IOWR(0, struct seccomp_notif)
    let ask = 0xc050_2100_u32 as libc::Ioctl;
    // SAFETY: the kernel writes one structure, of the size that is part of the request's number.
    check(unsafe { libc::ioctl(listener.as_raw_fd(), ask, &raw mut request) }.into())?;
    Ok(Request {
        id: request.id,
        thread: request.pid,
        number: request.data.nr,
        arguments: request.data.args,
    })
}

/// Has the kernel wake who answers on the processor of the caller, which sleeps meanwhile, and
/// back: `SECCOMP_IOCTL_NOTIF_SET_FLAGS`, `SECCOMP_USER_NOTIF_FD_SYNC_WAKE_UP`. Before Linux 6.6
/// nothing changes.
pub fn wake_in_place(listener: BorrowedFd<'_>) {
    // SECCOMP_IOW(4, __u64)
    let (ask, sync_wake_up) = (0x4008_2104_u32 as libc::Ioctl, 1_u64);
    // SAFETY: the number is the argument itself; no memory is touched.
    unsafe { libc::ioctl(listener.as_raw_fd(), ask, sync_wake_up) };
}

/// Whether the process still waits for the answer to `id`: `SECCOMP_IOCTL_NOTIF_ID_VALID`. While it
/// does, the number of its thread is no other thread's.
#[must_use]
pub fn waits(listener: BorrowedFd<'_>, id: u64) -> bool {
    // SECCOMP_IOW(2, __u64)
    let ask = 0x4008_2102_u32 as libc::Ioctl;
    // SAFETY: the kernel reads one number.
    unsafe { libc::ioctl(listener.as_raw_fd(), ask, &raw const id) == 0 }
}

/// Answers the call. An error is an errno.
///
/// # Errors
/// `ENOENT`: the process does not wait any more.
pub fn answer(listener: BorrowedFd<'_>, id: u64, answer: Result<i64, i32>) -> io::Result<()> {
    let (val, error) = match answer {
        Ok(value) => (value, 0),
        Err(errno) => (0, -errno),
    };
    respond(listener, libc::seccomp_notif_resp { id, val, error, flags: 0 })
}

/// Leaves the call to the kernel, which reads its arguments anew and carries it out with the rights
/// of the process that has made it.
///
/// # Errors
/// `ENOENT`: the process does not wait any more.
pub fn leave(listener: BorrowedFd<'_>, id: u64) -> io::Result<()> {
    let flags = libc::SECCOMP_USER_NOTIF_FLAG_CONTINUE as u32;
    respond(listener, libc::seccomp_notif_resp { id, val: 0, error: 0, flags })
}

/// `SECCOMP_IOCTL_NOTIF_SEND`.
fn respond(listener: BorrowedFd<'_>, response: libc::seccomp_notif_resp) -> io::Result<()> {
    // SECCOMP_IOWR(1, struct seccomp_notif_resp)
    let ask = 0xc018_2101_u32 as libc::Ioctl;
    // SAFETY: the kernel reads one structure, of the size that is part of the request's number.
    check(unsafe { libc::ioctl(listener.as_raw_fd(), ask, &raw const response) }.into()).map(drop)
}

/// Reads memory of another process, at most up to the end of `into`: process_vm_readv(2). Answers
/// how much there was.
///
/// # Errors
/// `EFAULT`: there is nothing at `address`. `EPERM`. `ESRCH`.
pub fn read_memory(thread: u32, address: u64, into: &mut [u8]) -> io::Result<usize> {
    let local = libc::iovec { iov_base: into.as_mut_ptr().cast(), iov_len: into.len() };
    let remote = libc::iovec { iov_base: address as *mut libc::c_void, iov_len: into.len() };
    // SAFETY: the kernel writes into `into` alone; the address in the other process is checked by
    // the kernel.
    let read = unsafe {
        libc::process_vm_readv(thread as i32, &raw const local, 1, &raw const remote, 1, 0)
    };
    Ok(check(read as libc::c_long)? as usize)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    #[cfg_attr(miri, ignore = "process_vm_readv(2) is unknown to Miri")]
    fn memory_of_a_process() {
        let (text, mut got) = (*b"before", [0; 6]);
        let this = std::process::id();
        assert_eq!(read_memory(this, text.as_ptr() as u64, &mut got).unwrap(), 6);
        assert_eq!(&got, b"before");
        let error = read_memory(this, 1, &mut got).unwrap_err();
        assert_eq!(error.raw_os_error(), Some(libc::EFAULT));
    }
}
