//! The command that changes the network. It is killed when it takes longer than its time.

use std::ffi::OsString;
use std::os::fd::AsFd;
use std::os::unix::process::{CommandExt, ExitStatusExt};
use std::process::{Child, Command, ExitCode, ExitStatus};
use std::time::{Duration, Instant};

use rustix::process::{Pid, PidfdFlags, Signal, kill_process_group, pidfd_open};

use super::PAUSE;
use super::waiting::Waiting;

/// How long the kernel may take to end a command that was killed.
const END: Duration = Duration::from_secs(1);

/// What became of the command.
pub(super) enum Outcome {
    /// The command has ended or could not be run. This is the exit status for that.
    Ended(ExitCode),
    /// The command was killed.
    Hung,
}

/// Runs `command` for at most `patience`. Once somebody has confirmed, the time is unlimited.
pub(super) fn run(command: &[OsString], patience: Duration, waiting: &mut Waiting) -> Outcome {
    // A process group of its own, so that all processes of the command can be killed together.
    let started = Command::new(&command[0]).args(&command[1..]).process_group(0).spawn();
    let mut child = match started {
        Ok(child) => child,
        Err(error) => {
            super::say(format_args!("{}: {error}", command[0].display()));
            // sh(1)'s status for a command that cannot be run.
            return Outcome::Ended(ExitCode::from(127));
        }
    };
    let end = Instant::now() + patience;
    while !ends(&child, PAUSE) {
        // The waiting ends before the kill: a confirmation that came in between would succeed, and
        // the change would be undone nevertheless.
        if Instant::now() >= end && !waiting.end() {
            let _ = kill_process_group(Pid::from_child(&child), Signal::KILL);
            // The network is put back next: a process that still runs could change it again.
            ends(&child, END);
            return Outcome::Hung;
        }
    }
    Outcome::Ended(child.wait().map_or(ExitCode::FAILURE, exit_code))
}

/// Whether the process ends within `time`.
fn ends(child: &Child, time: Duration) -> bool {
    let pidfd = pidfd_open(Pid::from_child(child), PidfdFlags::empty());
    // The process has not been waited for, so its number still belongs to it.
    pidfd.is_ok_and(|pidfd| prison::readable(pidfd.as_fd(), Some(time)).unwrap_or(false))
}

/// Answers the exit status that sh(1) would show for a command that ended like this.
pub(super) fn exit_code(status: ExitStatus) -> ExitCode {
    let code = status.code().or(status.signal().map(|signal| 128 + signal)).unwrap_or(1);
    ExitCode::from(u8::try_from(code).unwrap_or(1))
}
