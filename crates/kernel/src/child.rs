//! A child of this process, by its pidfd: its end waited for, signals passed on; pidfd_open(2),
//! waitid(2).

use crate::keys;
use crate::signal::{self, Caught};
use rustix::event::{PollFd, PollFlags, Timespec, poll};
use rustix::io::{Errno, read};
use rustix::process::{Signal, WaitId, WaitIdOptions, pidfd_send_signal, waitid};
use std::io;
use std::iter;
use std::os::fd::{AsFd, BorrowedFd, OwnedFd};
use std::time::Duration;

/// A child of this process.
#[derive(Debug)]
pub struct Child {
    pidfd: OwnedFd,
    pid: u32,
    /// What [`Child::kill`] sends.
    killed_by: i32,
    /// Whether the child's group gets what the keys of this process's terminal send.
    has_keys: bool,
    /// Where another process, whose child this one really is, tells how it ended.
    answer: Option<OwnedFd>,
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
        Self { pidfd, pid, killed_by: libc::SIGKILL, has_keys: false, answer: None }
    }

    /// A process that is another one's child. That one collects it, and then sends
    /// [`Ended::message`] on the other end of `answer`; when it dies, that end closes.
    #[must_use]
    pub fn told_of(pid: u32, pidfd: OwnedFd, answer: OwnedFd) -> Self {
        Self { answer: Some(answer), ..Self::new(pid, pidfd) }
    }

    /// The same child, which stands for another process and ends that one, and then itself, by
    /// `signal`.
    #[must_use]
    pub fn killed_by(self, signal: i32) -> Self {
        Self { killed_by: signal, ..self }
    }

    /// The same child, which leads a session of its own: what the keys of the terminal send to this
    /// process is sent to the child's group first, as long as the child has not been collected.
    #[must_use]
    pub fn with_keys(self) -> Self {
        keys::pass_on_to(self.pid);
        Self { has_keys: true, ..self }
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

    /// Ends the child, whatever it does.
    pub fn kill(&self) {
        // A child that has just ended cannot be signalled, and needs no signal.
        let _ = signal::send(self.pidfd.as_fd(), self.killed_by);
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
        if self.has_keys {
            // Before the child is collected: afterwards its number may be another process's.
            keys::forget(self.pid);
        }
        if let Some(answer) = &self.answer {
            // The process has ended, so the answer is on its way.
            return Ended::hear(answer.as_fd()).map(Some);
        }
        let id = WaitId::PidFd(self.pidfd.as_fd());
        let status = waitid(id, WaitIdOptions::EXITED)?;
        let status = status.ok_or(io::ErrorKind::NotFound)?;
        Ok(Some(Ended::of(status.exit_status(), status.terminating_signal())))
    }
}

impl Ended {
    /// What wait(2) has said of a process that has ended: its status, or the signal that killed it.
    #[must_use]
    pub fn of(status: Option<i32>, signal: Option<i32>) -> Self {
        signal.map_or(Self::Exited(status.unwrap_or(0)), Self::Signaled)
    }

    /// The end as another process is told of it.
    #[must_use]
    pub fn message(self) -> [u8; 5] {
        let (kind, number) = match self {
            Self::Exited(status) => (b'e', status),
            Self::Signaled(signal) => (b's', signal),
        };
        let [a, b, c, d] = number.to_ne_bytes();
        [kind, a, b, c, d]
    }

    /// Waits for the message. Whoever does not send one has died, and with it all its children: an
    /// init.
    fn hear(answer: BorrowedFd<'_>) -> io::Result<Self> {
        let mut message = [0; 5];
        let length = loop {
            match read(answer, &mut message) {
                Err(Errno::INTR) => {}
                length => break length?,
            }
        };
        let [kind, number @ ..] = message;
        let number = i32::from_ne_bytes(number);
        Ok(match kind {
            b'e' if length == message.len() => Self::Exited(number),
            b's' if length == message.len() => Self::Signaled(number),
            _ => Self::Signaled(libc::SIGKILL),
        })
    }
}

impl Child {
    /// Waits for the end of a child that leads a session of its own, without a terminal, as a shell
    /// does for a program in the foreground. What asks this process to end is passed on to the
    /// child, and when the child stops, this process stops too, until both are continued. What the
    /// keys of a terminal, or its end, send to the foreground is passed on to the child's group:
    /// the child is in no session with a terminal.
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
            let caught: Vec<Caught> = caught.collect();
            // A shell continues the processes of a job one after the other, and this one may be the
            // first: a stop of the child that SIGCHLD has reported is over then.
            let continued = caught.iter().any(|caught| caught.signal == libc::SIGCONT);
            if continued {
                self.signal_group(libc::SIGCONT);
            }
            for caught in caught {
                match caught.signal {
                    // The kernel stops no orphaned group by SIGTSTP, and the child's group is one:
                    // its parent is in another session.
                    libc::SIGTSTP => self.signal_group(libc::SIGSTOP),
                    libc::SIGCHLD if !continued => self.follow_stop()?,
                    signal if !PASSED_ON.contains(&signal) => {}
                    signal if caught.is_from_terminal() => self.signal_group(signal),
                    signal => drop(signal::send(self.as_fd(), signal)),
                }
            }
        }
    }

    /// Signals the child's process group, which has the child's number. The child has not been
    /// collected, so the number cannot be another group's.
    fn signal_group(&self, signal: i32) {
        let _ = signal::kill(-(self.pid as i32), signal);
    }

    /// Stops this process too when the child has been stopped; both are continued together.
    fn follow_stop(&self) -> io::Result<()> {
        let options = WaitIdOptions::STOPPED | WaitIdOptions::NOHANG;
        if waitid(WaitId::PidFd(self.as_fd()), options)?.is_some() {
            signal::stop(false);
            self.signal_group(libc::SIGCONT);
        }
        Ok(())
    }
}

/// Signals that a process in front of another one reads. They are blocked before the other one is
/// made, so that none ends this process in between; the other one starts with none blocked.
pub const FOREGROUND: [i32; 13] = [
    libc::SIGINT,
    libc::SIGQUIT,
    libc::SIGTERM,
    libc::SIGHUP,
    libc::SIGUSR1,
    libc::SIGUSR2,
    libc::SIGALRM,
    libc::SIGCHLD,
    libc::SIGCONT,
    libc::SIGTSTP,
    libc::SIGWINCH,
    // Unblocked, these would stop a process in the background that uses its terminal.
    libc::SIGTTIN,
    libc::SIGTTOU,
];

/// Those of them that are meant for the program that the process stands for.
pub const PASSED_ON: [i32; 7] = [
    libc::SIGINT,
    libc::SIGQUIT,
    libc::SIGTERM,
    libc::SIGHUP,
    libc::SIGUSR1,
    libc::SIGUSR2,
    libc::SIGALRM,
];

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
