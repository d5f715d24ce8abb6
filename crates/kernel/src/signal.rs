//! Signals: sent with a number, blocked, read from a descriptor; signal(7).

use crate::call::{call, check};
use std::io;
use std::mem::{MaybeUninit, size_of, size_of_val};
use std::os::fd::{AsRawFd, BorrowedFd, FromRawFd, OwnedFd, RawFd};

/// Sends `signal` to the process `pid`; -1 means all processes of the pid namespace but this one:
/// kill(2). Allocates nothing.
///
/// # Errors
/// `ESRCH`: there is no such process. `EPERM`.
pub fn kill(pid: i32, signal: i32) -> io::Result<()> {
    // SAFETY: kill touches no memory.
    unsafe { call(libc::SYS_kill, [pid as usize, signal as usize, 0, 0, 0]) }.map(drop)
}

/// Sends `signal`, which may be a real-time one, to the process behind
/// `pidfd`: pidfd_send_signal(2).
///
/// # Errors
/// `ESRCH`: the process has ended. `EPERM`.
pub fn send(pidfd: BorrowedFd<'_>, signal: i32) -> io::Result<()> {
    let (fd, none) = (pidfd.as_raw_fd(), std::ptr::null::<libc::siginfo_t>());
    // SAFETY: integers and a null pointer, which asks the kernel to fill the information in.
    check(unsafe { libc::syscall(libc::SYS_pidfd_send_signal, fd, signal, none, 0) }).map(drop)
}

/// Queues `signal` with a `value` to the process behind `pidfd`: pidfd_send_signal(2), sigqueue(3).
///
/// # Errors
/// `ESRCH`: the process has ended. `EPERM`. `EAGAIN`: too many signals are queued.
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
        // A process may send negative codes alone: those from 0 up are the kernel's word.
        code: libc::SI_QUEUE,
        padding: 0,
        pid: 0,
        uid: 0,
        // A union sigval: its number lies in the first four bytes.
        value: u64::from(value as u32),
        rest: [0; 12],
    };
    let fd = pidfd.as_raw_fd();
    // SAFETY: the kernel copies one siginfo_t, whose size `info` has, and keeps no pointer.
    check(unsafe { libc::syscall(libc::SYS_pidfd_send_signal, fd, signal, &raw const info, 0) })
        .map(drop)
}

/// Blocks `signals` in this process and its later children: sigprocmask(2).
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
    /// The signal's number.
    pub signal: i32,
    /// The sender's number in this process's pid namespace; 0: the sender is outside.
    pub sender: u32,
    /// How the signal was sent: sigaction(2), `si_code`. With `SI_USER` the kernel vouches for the
    /// sender; with other codes the sender itself says who it is.
    pub code: i32,
    /// The number that came with the signal: [`queue`].
    pub value: i32,
}

impl Caught {
    /// Whether the kernel has sent the signal to a whole process group: for a key of its terminal,
    /// or for the terminal's end.
    #[must_use]
    pub fn is_from_terminal(&self) -> bool {
        self.code == libc::SI_KERNEL
    }
}

/// Reads the next signal, if one is waiting.
pub fn next(signalfd: BorrowedFd<'_>) -> Option<Caught> {
    let mut info = MaybeUninit::<libc::signalfd_siginfo>::uninit();
    let size = size_of_val(&info);
    // SAFETY: the kernel writes at most `size` bytes into `info`.
    let read = unsafe { libc::read(signalfd.as_raw_fd(), info.as_mut_ptr().cast(), size) };
    // The descriptor does not block: EAGAIN means that no signal waits.
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

/// Bytes of a set of signals, as the kernel has it.
const SET: usize = 8;

/// Prepares the signals for execve(2), which keeps what is blocked and what is ignored: nothing is
/// blocked, and SIGPIPE and the signals that end a program are not ignored. Allocates nothing, and
/// leaves errno as it is.
pub fn reset() {
    unblock_all();
    // Rust's runtime ignores SIGPIPE; a shell may have had the others ignored.
    default(&[libc::SIGPIPE, libc::SIGINT, libc::SIGQUIT, libc::SIGTERM, libc::SIGHUP]);
}

/// Blocks no signal any more: sigprocmask(2).
pub(crate) fn unblock_all() {
    let (none, how) = ([0_u64; SET / 8], libc::SIG_SETMASK as usize);
    let arguments = [how, none.as_ptr() as usize, 0, SET, 0];
    // SAFETY: the kernel reads the empty set, and with a null pointer tells nothing of the old one.
    let _ = unsafe { call(libc::SYS_rt_sigprocmask, arguments) };
}

/// Has these signals do again what they do by default: sigaction(2).
pub(crate) fn default(signals: &[i32]) {
    // The kernel's structure has four words at most, and in each of them 0 is the default.
    let default = [0_u64; 4];
    for &signal in signals {
        let arguments = [signal as usize, default.as_ptr() as usize, 0, SET, 0];
        // SAFETY: the kernel reads the structure. SIG_DFL runs no code of ours.
        let _ = unsafe { call(libc::SYS_rt_sigaction, arguments) };
    }
}

/// Has the kernel end this process in so many seconds, by SIGALRM: setitimer(2).
pub fn die_after(seconds: u32) {
    default(&[libc::SIGALRM]);
    let only = [1_u64 << (libc::SIGALRM - 1)];
    let arguments = [libc::SIG_UNBLOCK as usize, only.as_ptr() as usize, 0, SET, 0];
    // SAFETY: the kernel reads the set, and with a null pointer tells nothing of the old one.
    let _ = unsafe { call(libc::SYS_rt_sigprocmask, arguments) };
    let once = libc::itimerval {
        it_interval: libc::timeval { tv_sec: 0, tv_usec: 0 },
        it_value: libc::timeval { tv_sec: seconds.into(), tv_usec: 0 },
    };
    let arguments = [libc::ITIMER_REAL as usize, &raw const once as usize, 0, 0, 0];
    // SAFETY: the kernel reads one structure, and with a null pointer tells nothing of the old one.
    let _ = unsafe { call(libc::SYS_setitimer, arguments) };
}

/// Has the signals by which a terminal stops programs do that again: a parent without job control
/// may have had them ignored. Allocates nothing, and leaves errno as it is.
pub fn reset_stops() {
    default(&[libc::SIGTSTP, libc::SIGTTIN, libc::SIGTTOU]);
}

/// Stops this process as the terminal's key does, by SIGTSTP, which is blocked; returns when the
/// process is continued. Where nobody could continue it, in an orphaned process group, the kernel
/// does not stop it. With `group`, all other processes of its group get the signal too.
pub fn stop(group: bool) {
    let whom = if group { 0 } else { std::process::id() as i32 };
    let _ = kill(whom, libc::SIGTSTP);
    let stop = [1_u64 << (libc::SIGTSTP - 1)];
    for how in [libc::SIG_UNBLOCK, libc::SIG_BLOCK] {
        let arguments = [how as usize, stop.as_ptr() as usize, 0, SET, 0];
        // SAFETY: the kernel reads the set, and with a null pointer tells nothing of the old one.
        let _ = unsafe { call(libc::SYS_rt_sigprocmask, arguments) };
    }
}

/// Ends this process by `signal`, so that its parent sees the same end as that of a process for
/// which this one stood. Returns where the signal does not end a process.
pub fn die_by(signal: i32) {
    // No core file: it would show the memory of the wrong program.
    let _ = crate::confine::hide_from_ptrace();
    default(&[signal]);
    unblock_all();
    let _ = kill(std::process::id() as i32, signal);
}

/// The number of this process's group: getpgid(2). 0 means that the group is one outside the pid
/// namespace, as after jexec(8).
pub fn process_group() -> i32 {
    // SAFETY: no memory is touched.
    unsafe { libc::getpgid(0) }
}
