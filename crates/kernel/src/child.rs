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
    /// Killed by this signal.
    Signaled(i32),
}

impl Child {
    /// The child with this number and this pidfd.
    #[must_use]
    pub fn new(pid: u32, pidfd: OwnedFd) -> Self {
        Self { pidfd, pid }
    }

    /// The child's number in this process's pid namespace.
    #[must_use]
    pub fn pid(&self) -> u32 {
        self.pid
    }

    /// Sends the child a signal.
    ///
    /// # Errors
    /// `ESRCH`: the child has ended.
    pub fn signal(&self, signal: Signal) -> io::Result<()> {
        Ok(pidfd_send_signal(&self.pidfd, signal)?)
    }

    /// Waits for the child's end; `None` when `timeout` passes first.
    ///
    /// # Errors
    /// Of waitid(2); none is expected.
    pub fn wait(&self, timeout: Option<Duration>) -> io::Result<Option<Ended>> {
        // waitid(2) has no time limit; a pidfd becomes readable when its process ends.
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
    /// Waits for the child's end as a shell does for a program in the foreground: a signal that
    /// asks this process to end is passed on to the child, and when the child stops, this process
    /// stops too, until both are continued. Keys of the terminal are not passed on: the child is in
    /// the same process group and has them from the terminal.
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
            // A shell continues the processes of a job one after the other, and this one may be the
            // first: a stop of the child that SIGCHLD has reported is over then.
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

    /// Stops this process too when the child has been stopped; both are continued together.
    fn follow_stop(&self) -> io::Result<()> {
        let options = WaitIdOptions::STOPPED | WaitIdOptions::NOHANG;
        if waitid(WaitId::PidFd(self.as_fd()), options)?.is_some() {
            // The child may be a shell with job control, which had given the terminal to a process
            // group of its own: that group gets the terminal again afterwards.
            let front = tcgetpgrp(stdin()).ok();
            // SIGSTOP cannot be blocked or ignored: the shell above is sure to see the stop.
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

/// Signals that [`Child::wait_in_foreground`] reads. They are blocked before the child is made, so
/// that none ends this process in between; the child starts with none blocked.
const FOREGROUND: [i32; 7] = [
    libc::SIGINT,
    libc::SIGQUIT,
    libc::SIGTERM,
    libc::SIGHUP,
    libc::SIGCHLD,
    libc::SIGCONT,
    // Unblocked, it would stop a process in the background that calls tcsetpgrp(3).
    libc::SIGTTOU,
];

/// Whether this process's group is in the terminal's foreground.
#[must_use]
pub fn is_in_foreground() -> bool {
    tcgetpgrp(stdin()).is_ok_and(|front| front.as_raw_pid() == signal::process_group())
}

/// Blocks the signals of [`Child::wait_in_foreground`], so that they wait until it reads them.
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
