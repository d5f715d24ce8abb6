//! Signals: sent with a number, blocked, read from a descriptor; signal(7).

use crate::call::{call, check};
use std::io;
use std::mem::{MaybeUninit, size_of, size_of_val};
use std::os::fd::{AsRawFd, BorrowedFd, FromRawFd, OwnedFd, RawFd};

/// Sends `signal` to the process `pid`, to all processes of the pid namespace when it is -1:
/// kill(2). Allocates nothing.
///
/// # Errors
/// `ESRCH`: there is none. `EPERM`.
pub fn kill(pid: i32, signal: i32) -> io::Result<()> {
    // SAFETY: kill touches no memory.
    unsafe { call(libc::SYS_kill, [pid as usize, signal as usize, 0, 0, 0]) }.map(drop)
}

/// Sends `signal`, which may be a real-time one, to the process behind
/// `pidfd`: pidfd_send_signal(2).
///
/// # Errors
/// `ESRCH`: it has ended. `EPERM`.
pub fn send(pidfd: BorrowedFd<'_>, signal: i32) -> io::Result<()> {
    let (fd, none) = (pidfd.as_raw_fd(), std::ptr::null::<libc::siginfo_t>());
    // SAFETY: integers and a null pointer, which asks the kernel to fill the information in.
    check(unsafe { libc::syscall(libc::SYS_pidfd_send_signal, fd, signal, none, 0) }).map(drop)
}

/// Queues `signal` with a `value` to the process behind `pidfd`: pidfd_send_signal(2), sigqueue(3).
///
/// # Errors
/// `ESRCH`: it has ended. `EPERM`. `EAGAIN`: too many are queued.
pub fn queue(pidfd: BorrowedFd<'_>, signal: i32, value: i32) -> io::Result<()> {
    /// The part of siginfo_t that SI_QUEUE uses.
    #[repr(C)]
    struct Queued {
        signal: i32,
        errno: i32,
        code: i32,
        padding: i32,
        pid: i32,
        uid: u32,
        value: u64,
        rest: [u64; 12],
    }
    const { assert!(size_of::<Queued>() == size_of::<libc::siginfo_t>()) };
    let info = Queued {
        signal,
        errno: 0,
        code: libc::SI_QUEUE,
        padding: 0,
        pid: 0,
        uid: 0,
        value: u64::from(value as u32),
        rest: [0; 12],
    };
    let fd = pidfd.as_raw_fd();
    // SAFETY: the kernel copies one siginfo_t, whose size `info` has, and keeps no pointer.
    check(unsafe { libc::syscall(libc::SYS_pidfd_send_signal, fd, signal, &raw const info, 0) })
        .map(drop)
}

/// Blocks `signals`, in this process and in those that it makes: sigprocmask(2).
pub fn block(signals: &[i32]) {
    block_set(signals);
}

fn block_set(signals: &[i32]) -> libc::sigset_t {
    let mut set = MaybeUninit::uninit();
    // SAFETY: sigemptyset initialises `set`; the others read and change that set alone.
    unsafe {
        libc::sigemptyset(set.as_mut_ptr());
        for &signal in signals {
            libc::sigaddset(set.as_mut_ptr(), signal);
        }
        libc::sigprocmask(libc::SIG_BLOCK, set.as_ptr(), std::ptr::null_mut());
        set.assume_init()
    }
}

/// Blocks `signals` and opens a descriptor to read them from: signalfd(2).
///
/// # Errors
/// `EMFILE` and the like: there is no descriptor left.
pub fn descriptor(signals: &[i32]) -> io::Result<OwnedFd> {
    let set = block_set(signals);
    // SAFETY: the kernel copies the set, which is initialised and alive.
    let answer =
        unsafe { libc::signalfd(-1, &raw const set, libc::SFD_CLOEXEC | libc::SFD_NONBLOCK) };
    let fd = check(answer.into())?;
    // SAFETY: a new descriptor that nobody else owns.
    Ok(unsafe { OwnedFd::from_raw_fd(fd as RawFd) })
}

/// A signal read from a [`descriptor`].
#[derive(Debug, Clone, Copy)]
pub struct Caught {
    /// Which one.
    pub signal: i32,
    /// Who sent it, in this process's pid namespace; 0: somebody outside.
    pub sender: u32,
    /// How it was sent: sigaction(2), `si_code`. The sender of an `SI_USER` is the kernel's word.
    pub code: i32,
    /// The number that came with it: [`queue`].
    pub value: i32,
}

/// The next signal, if one is waiting.
pub fn next(signalfd: BorrowedFd<'_>) -> Option<Caught> {
    let mut info = MaybeUninit::<libc::signalfd_siginfo>::uninit();
    let size = size_of_val(&info);
    // SAFETY: the kernel writes at most `size` bytes into `info`.
    let read = unsafe { libc::read(signalfd.as_raw_fd(), info.as_mut_ptr().cast(), size) };
    if read != size as isize {
        return None;
    }
    // SAFETY: a whole structure has just been read.
    let info = unsafe { info.assume_init() };
    Some(Caught {
        signal: info.ssi_signo as i32,
        sender: info.ssi_pid,
        code: info.ssi_code,
        value: info.ssi_int,
    })
}

/// Gives a program the signals as execve(2) should find them: nothing blocked, SIGPIPE not ignored.
pub fn reset() {
    let mut set = MaybeUninit::uninit();
    // SAFETY: sigemptyset initialises `set` before sigprocmask reads it;
    // SIG_DFL runs no code of ours.
    unsafe {
        libc::sigemptyset(set.as_mut_ptr());
        libc::sigprocmask(libc::SIG_SETMASK, set.as_ptr(), std::ptr::null_mut());
        for signal in [libc::SIGPIPE, libc::SIGINT, libc::SIGQUIT, libc::SIGTERM, libc::SIGHUP] {
            libc::signal(signal, libc::SIG_DFL);
        }
    }
}

/// This process's group; 0 when it is one of outside the pid namespace, as
/// after jexec(8). getpgid(2)
pub fn process_group() -> i32 {
    // SAFETY: no memory is touched.
    unsafe { libc::getpgid(0) }
}
