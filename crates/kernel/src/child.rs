//! A child of this process, by its pidfd: its end waited for, signals passed on, the terminal
//! shared; pidfd_open(2), waitid(2), tcsetpgrp(3).

use crate::signal;
use rustix::event::{PollFd, PollFlags, Timespec, poll};
use rustix::io::Errno;
use rustix::process::{Signal, WaitId, WaitIdOptions, pidfd_send_signal, waitid};
use rustix::stdio::stdin;
use rustix::termios::{tcgetpgrp, tcsetpgrp};
use std::io;
use std::iter;
use std::os::fd::{AsFd, BorrowedFd, OwnedFd};
use std::time::Duration;

/// A child of this process.
#[derive(Debug)]
pub struct Child {
    pidfd: OwnedFd,
    pid: u32,
}

/// How a [`Child`] ended.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Ended {
    /// exit(3), with this status.
    Exited(i32),
    /// By this signal.
    Signaled(i32),
}

impl Child {
    /// The child with this number and this pidfd.
    #[must_use]
    pub fn new(pid: u32, pidfd: OwnedFd) -> Self {
        Self { pidfd, pid }
    }

    /// Its number, in this process's pid namespace.
    #[must_use]
    pub fn pid(&self) -> u32 {
        self.pid
    }

    /// Sends it a signal.
    ///
    /// # Errors
    /// `ESRCH` when it has ended.
    pub fn signal(&self, signal: Signal) -> io::Result<()> {
        Ok(pidfd_send_signal(&self.pidfd, signal)?)
    }

    /// Waits for its end; `None` when `timeout` passes first.
    ///
    /// # Errors
    /// Of waitid(2); none is expected.
    pub fn wait(&self, timeout: Option<Duration>) -> io::Result<Option<Ended>> {
        if !readable(self.pidfd.as_fd(), timeout)? {
            return Ok(None);
        }
        let id = WaitId::PidFd(self.pidfd.as_fd());
        let status = waitid(id, WaitIdOptions::EXITED)?;
        let status = status.ok_or(io::ErrorKind::NotFound)?;
        Ok(Some(match (status.exit_status(), status.terminating_signal()) {
            (_, Some(signal)) => Ended::Signaled(signal),
            (status, None) => Ended::Exited(status.unwrap_or(0)),
        }))
    }
}

impl Child {
    /// Waits for its end as a shell does for a program in the foreground: a signal that asks this
    /// process to end is passed on, and when the child stops, so does this process, until it goes
    /// on. Keys of the terminal reach the child by themselves, which is in the same process group.
    ///
    /// # Errors
    /// Of signalfd(2), poll(2) or waitid(2); none is expected.
    pub fn wait_in_foreground(&self) -> io::Result<Ended> {
        let signals = signal::descriptor(&FOREGROUND)?;
        loop {
            let mut fds = [
                PollFd::from_borrowed_fd(self.as_fd(), PollFlags::IN),
                PollFd::from_borrowed_fd(signals.as_fd(), PollFlags::IN),
            ];
            match poll(&mut fds, None) {
                Err(Errno::INTR) => continue,
                answer => answer?,
            };
            if !fds[0].revents().is_empty()
                && let Some(ended) = self.wait(None)?
            {
                return Ok(ended);
            }
            let caught = iter::from_fn(|| signal::next(signals.as_fd()));
            let caught: Vec<i32> = caught.map(|caught| caught.signal).collect();
            // A shell continues all that it has stopped, one after the other: this process may be
            // first. What SIGCHLD told of the child's stop is then over.
            let continued = caught.contains(&libc::SIGCONT);
            if continued {
                let _ = self.signal(Signal::CONT);
            }
            for signal in caught {
                match signal {
                    libc::SIGTERM => self.signal(Signal::TERM)?,
                    libc::SIGHUP => self.signal(Signal::HUP)?,
                    libc::SIGCHLD if !continued => self.follow_stop()?,
                    _ => {}
                }
            }
        }
    }

    /// When the child has been stopped, stops this process too, and both go on together.
    fn follow_stop(&self) -> io::Result<()> {
        let options = WaitIdOptions::STOPPED | WaitIdOptions::NOHANG;
        if waitid(WaitId::PidFd(self.as_fd()), options)?.is_some() {
            // A shell with job control has the terminal for its own process
            // group: it gets it again.
            let front = tcgetpgrp(stdin()).ok();
            signal::kill(std::process::id() as i32, libc::SIGSTOP)?;
            if let Some(front) = front
                && is_in_foreground()
            {
                let _ = tcsetpgrp(stdin(), front);
            }
            self.signal(Signal::CONT)?;
        }
        Ok(())
    }
}

/// Signals that [`Child::wait_in_foreground`] looks after. They are blocked before the child is
/// made, so that none ends this process in between; the child starts with none blocked.
const FOREGROUND: [i32; 7] = [
    libc::SIGINT,
    libc::SIGQUIT,
    libc::SIGTERM,
    libc::SIGHUP,
    libc::SIGCHLD,
    libc::SIGCONT,
    libc::SIGTTOU,
];

/// Whether this process's group is in the terminal's foreground.
#[must_use]
pub fn is_in_foreground() -> bool {
    tcgetpgrp(stdin()).is_ok_and(|front| front.as_raw_pid() == signal::process_group())
}

/// Keeps the signals of [`Child::wait_in_foreground`] waiting until it is called.
pub fn hold_foreground_signals() {
    signal::block(&FOREGROUND);
}

impl AsFd for Child {
    /// A pidfd, readable when the process has ended.
    fn as_fd(&self) -> BorrowedFd<'_> {
        self.pidfd.as_fd()
    }
}

/// Waits until `fd` can be read; false when `timeout` passes first.
///
/// # Errors
/// Of poll(2); none is expected.
pub fn readable(fd: BorrowedFd<'_>, timeout: Option<Duration>) -> io::Result<bool> {
    let timeout = timeout.map(|time| Timespec {
        tv_sec: i64::try_from(time.as_secs()).unwrap_or(i64::MAX),
        tv_nsec: time.subsec_nanos().into(),
    });
    loop {
        match poll(&mut [PollFd::from_borrowed_fd(fd, PollFlags::IN)], timeout.as_ref()) {
            Err(Errno::INTR) => {}
            answer => return Ok(answer? > 0),
        }
    }
}
