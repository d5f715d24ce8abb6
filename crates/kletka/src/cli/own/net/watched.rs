//! The command that changes the network: it has some time, and is killed when it takes longer.

use std::ffi::OsString;
use std::os::fd::AsFd;
use std::os::unix::process::{CommandExt, ExitStatusExt};
use std::process::{Child, Command, ExitCode, ExitStatus};
use std::time::{Duration, Instant};

use rustix::process::{Pid, PidfdFlags, Signal, kill_process_group, pidfd_open};

use super::PAUSE;
use super::waiting::Waiting;

/// How long the kernel may take to end what was killed.
const END: Duration = Duration::from_secs(1);

/// What became of the command.
pub(super) enum Outcome {
    /// It has ended, or could not be run, and this is the exit status for it.
    Ended(ExitCode),
    /// It was killed.
    Hung,
}

/// Runs `command` for at most `patience`; as long as it likes once somebody has confirmed.
pub(super) fn run(command: &[OsString], patience: Duration, waiting: &mut Waiting) -> Outcome {
    // A group of its own, so that what it has started can be killed with it.
    let started = Command::new(&command[0]).args(&command[1..]).process_group(0).spawn();
    let mut child = match started {
        Ok(child) => child,
        Err(error) => {
            super::say(format_args!("{}: {error}", command[0].display()));
            return Outcome::Ended(ExitCode::from(127));
        }
    };
    let end = Instant::now() + patience;
    while !ends(&child, PAUSE) {
        // What is killed can no longer be confirmed: nobody is told that it stays.
        if Instant::now() >= end && !waiting.end() {
            let _ = kill_process_group(Pid::from_child(&child), Signal::KILL);
            ends(&child, END);
            return Outcome::Hung;
        }
    }
    Outcome::Ended(child.wait().map_or(ExitCode::FAILURE, exit_code))
}

/// Whether it ends within `time`.
fn ends(child: &Child, time: Duration) -> bool {
    let pidfd = pidfd_open(Pid::from_child(child), PidfdFlags::empty());
    // It has not been waited for, so it is there.
    pidfd.is_ok_and(|pidfd| prison::readable(pidfd.as_fd(), Some(time)).unwrap_or(false))
}

/// The exit status of who ran it, as sh(1) has it.
pub(super) fn exit_code(status: ExitStatus) -> ExitCode {
    let code = status.code().or(status.signal().map(|signal| 128 + signal)).unwrap_or(1);
    ExitCode::from(u8::try_from(code).unwrap_or(1))
}
