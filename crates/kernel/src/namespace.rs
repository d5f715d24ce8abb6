//! Namespaces: making them, and opening those of a process; namespaces(7), ioctl_nsfs(2).

use crate::call::{call, check};
use rustix::fs::fstat;
use std::fs::File;
use std::io;
use std::os::fd::{AsRawFd, BorrowedFd, FromRawFd, OwnedFd, RawFd};

/// Every CLONE_NEW* flag that [`unshare`] takes.
pub(crate) const NEW: i32 = libc::CLONE_NEWCGROUP
    | libc::CLONE_NEWIPC
    | libc::CLONE_NEWNET
    | libc::CLONE_NEWNS
    | libc::CLONE_NEWPID
    | libc::CLONE_NEWUSER
    | libc::CLONE_NEWUTS;

/// Makes new namespaces (CLONE_NEW* flags) for this process: unshare(2). Allocates nothing.
///
/// # Errors
/// Of unshare(2): `EPERM`, `ENOSPC` …
pub fn unshare(namespaces: i32) -> io::Result<()> {
    // unshare(2) takes other flags too, such as CLONE_FILES, which change more.
    let flags = (namespaces & NEW) as usize;
    // SAFETY: only namespaces change, no memory and no descriptor.
    unsafe { call(libc::SYS_unshare, [flags, 0, 0, 0, 0]) }.map(drop)
}

/// A namespace of the process behind a pidfd, by ioctl: ioctl_nsfs(2), linux/pidfd.h.
#[derive(Debug, Clone, Copy)]
pub enum Namespace {
    /// The tree of control groups.
    Cgroup = 0xff01,
    /// System V and POSIX objects.
    Ipc = 0xff02,
    /// What is mounted.
    Mount = 0xff03,
    /// The network stack.
    Net = 0xff04,
    /// Process ids.
    Pid = 0xff05,
    /// User and group ids.
    User = 0xff09,
    /// Host name and NIS domain name.
    Uts = 0xff0a,
}

impl Namespace {
    /// The namespace's file in /proc/PID/ns.
    fn file(self) -> &'static str {
        match self {
            Self::Cgroup => "cgroup",
            Self::Ipc => "ipc",
            Self::Mount => "mnt",
            Self::Net => "net",
            Self::Pid => "pid",
            Self::User => "user",
            Self::Uts => "uts",
        }
    }
}

/// Opens a namespace of the process behind `pidfd`: `PIDFD_GET_*_NAMESPACE`; on Linux before 6.11,
/// which has no such request, by its file in /proc.
///
/// # Errors
/// `ESRCH`, or `NotFound`: the process has ended.
pub fn of_process(pidfd: BorrowedFd<'_>, which: Namespace) -> io::Result<OwnedFd> {
    // A pidfd cannot mean a later process with the same number, as a path in /proc can.
    match open_by_ioctl(pidfd, which as libc::Ioctl) {
        Err(error) if error.raw_os_error() == Some(libc::ENOTTY) => by_file(pidfd, which),
        opened => opened,
    }
}

fn by_file(pidfd: BorrowedFd<'_>, which: Namespace) -> io::Result<OwnedFd> {
    let pid = pid_of(pidfd)?;
    let file = File::open(format!("/proc/{pid}/ns/{}", which.file()))?;
    // The process may have ended, and its number been given to another, before the file was opened.
    if pid_of(pidfd)? == pid { Ok(file.into()) } else { Err(io::ErrorKind::NotFound.into()) }
}

/// Answers the number of the process behind `pidfd`, -1 when that has ended: pidfd_open(2),
/// proc_pid_fdinfo(5).
pub fn pid_of(pidfd: BorrowedFd<'_>) -> io::Result<i32> {
    let about = std::fs::read_to_string(format!("/proc/self/fdinfo/{}", pidfd.as_raw_fd()))?;
    let pid = about.lines().find_map(|line| line.strip_prefix("Pid:"));
    pid.and_then(|pid| pid.trim().parse().ok()).ok_or(io::ErrorKind::NotFound.into())
}

/// What tells a namespace from all others that exist: its file's device and inode.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Identity(u64, u64);

impl Identity {
    /// The identity of an open namespace, which stays the only one of its kind while it is open.
    ///
    /// # Errors
    /// Of fstat(2).
    pub fn of(namespace: BorrowedFd<'_>) -> io::Result<Self> {
        let stat = fstat(namespace)?;
        Ok(Self(stat.st_dev, stat.st_ino))
    }
}

/// Opens the user namespace that owns `namespace`: `NS_GET_USERNS`, ioctl_nsfs(2).
///
/// # Errors
/// `EPERM`: the owner is outside of this process's own user namespace.
pub fn owner(namespace: BorrowedFd<'_>) -> io::Result<OwnedFd> {
    // linux/nsfs.h; libc has no name for it.
    open_by_ioctl(namespace, 0xb701)
}

/// Opens the namespace that `inner`, a pid or a user namespace, is in: `NS_GET_PARENT`,
/// ioctl_nsfs(2).
///
/// # Errors
/// `EPERM`: the parent is outside of this process's own namespace.
pub fn parent(inner: BorrowedFd<'_>) -> io::Result<OwnedFd> {
    // linux/nsfs.h; libc has no name for it.
    open_by_ioctl(inner, 0xb702)
}

/// Answers the number that the process `pid` of a pid namespace has here: `NS_GET_TGID_FROM_PIDNS`,
/// ioctl_nsfs(2).
///
/// # Errors
/// `ESRCH`: there is no such process. `ENOTTY`: Linux before 6.11.
pub fn pid_from(namespace: BorrowedFd<'_>, pid: u32) -> io::Result<u32> {
    const NS_GET_TGID_FROM_PIDNS: libc::Ioctl = 0x8004_b707_u32 as libc::Ioctl;
    // SAFETY: the argument of this request is a number, no pointer.
    let answer = unsafe { libc::ioctl(namespace.as_raw_fd(), NS_GET_TGID_FROM_PIDNS, pid) };
    check(answer.into()).map(|pid| pid as u32)
}

fn open_by_ioctl(fd: BorrowedFd<'_>, request: libc::Ioctl) -> io::Result<OwnedFd> {
    // SAFETY: these requests take no argument and touch no memory of ours.
    let answer = check(unsafe { libc::ioctl(fd.as_raw_fd(), request, 0) }.into())?;
    // SAFETY: the answer is a new descriptor that nobody else owns.
    Ok(unsafe { OwnedFd::from_raw_fd(answer as RawFd) })
}
