//! One command of a start or stop while it runs: a hook on the host, or a command in the jail. Both
//! are handled alike: a command has to end with status 0, within `exec.timeout` seconds if that is
//! given.

use crate::error::Error;
use crate::family;
use prison::{Child, Ended};
use rustix::io::Errno;
use rustix::process::{Pid, PidfdFlags, pidfd_open};
use std::io;
use std::os::fd::{AsFd, BorrowedFd, OwnedFd};
use std::os::unix::process::ExitStatusExt;
use std::process::{self, ExitStatus};
use std::time::Duration;

/// A command that runs.
pub(crate) struct Running {
    process: Process,
    /// How messages name the command.
    line: String,
    /// Whether the command's time is over; then it has been killed.
    late: bool,
}

enum Process {
    /// On the host.
    Hook(process::Child, OwnedFd),
    /// In the jail.
    Inside(Child),
}

impl Running {
    /// Watches a hook that was started just now.
    ///
    /// # Errors
    /// No descriptor is left to watch the hook with.
    pub(crate) fn hook(child: process::Child, line: String) -> io::Result<Self> {
        // The child has not been collected, so its number cannot be another process's. A pidfd is a
        // descriptor that one poll(2) can wait for beside all others.
        let pidfd = pidfd_open(pid(&child)?, PidfdFlags::empty())?;
        Ok(Self { process: Process::Hook(child, pidfd), line, late: false })
    }

    /// Watches a command that was started in the jail just now.
    pub(crate) fn inside(child: Child, line: String) -> Self {
        Self { process: Process::Inside(child), line, late: false }
    }

    /// Answers true when the command has ended with status 0. A command whose time is `over` is
    /// killed, and its end still has to be waited for.
    ///
    /// # Errors
    /// How the command failed.
    pub(crate) fn has_ended(&mut self, over: bool) -> Result<bool, Error> {
        self.late |= over;
        let ended = self.process.ended().map_err(|error| Error::Exec(self.line.clone(), error))?;
        let line = || self.line.clone();
        match ended {
            // Whatever the status is: the command may have ended by itself just before it was
            // killed.
            Some(_) if self.late => Err(Error::TimedOut(line())),
            Some(Ended::Exited(0)) => Ok(true),
            Some(Ended::Exited(_)) => Err(Error::Failed(line())),
            Some(Ended::Signaled(signal)) => Err(Error::Signaled(line(), signal)),
            None => {
                if self.late {
                    self.process.kill();
                }
                Ok(false)
            }
        }
    }
}

impl AsFd for Running {
    /// Becomes readable when the command has ended.
    fn as_fd(&self) -> BorrowedFd<'_> {
        match &self.process {
            Process::Hook(_, pidfd) => pidfd.as_fd(),
            Process::Inside(child) => child.as_fd(),
        }
    }
}

impl Process {
    /// Collects the process if it has ended, and answers how.
    fn ended(&mut self) -> io::Result<Option<Ended>> {
        match self {
            Self::Hook(child, _) => Ok(child.try_wait()?.map(how)),
            Self::Inside(child) => child.wait(Some(Duration::ZERO)),
        }
    }

    /// Kills the process; a hook with all that it has started. The process has not been collected:
    /// its number is still its own.
    fn kill(&self) {
        match self {
            Self::Hook(child, _) => {
                // The hook's shell alone would leave on the host the program that it waits for.
                if let Ok(pid) = pid(child) {
                    family::kill(pid);
                }
            }
            Self::Inside(child) => {
                // What the command has started ends with the jail. The command itself is collected
                // at the next look.
                child.kill();
            }
        }
    }
}

fn pid(child: &process::Child) -> io::Result<Pid> {
    let pid = i32::try_from(child.id()).ok().and_then(Pid::from_raw);
    pid.ok_or_else(|| Errno::SRCH.into())
}

fn how(status: ExitStatus) -> Ended {
    let signal = status.signal().map(Ended::Signaled);
    signal.unwrap_or_else(|| Ended::Exited(status.code().unwrap_or_default()))
}
