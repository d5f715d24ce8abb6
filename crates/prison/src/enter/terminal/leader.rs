//! The leader of a session on a pseudo-terminal: a process in the prison, between the caller and
//! the command.
//!
//! The kernel stops no process of an orphaned group by SIGTSTP: a command whose parent is in
//! another session could not be stopped by a key. So the command's parent is in its session. The
//! leader lets the command into the foreground of the pseudo-terminal and out of it, says when the
//! command stops, and how it ended. When the caller dies the leader ends the command.
//!
//! The leader is a copy of its caller, with the jail's rights and the user of the jail's root, so
//! that the leader can signal a command whose user has changed. Nobody in the jail can trace it or
//! read its memory.

use crate::control::receive;
use crate::enter::attach::{Entering, report};
use crate::enter::copy::ByCopy;
use crate::enter::process::{Command, Failure, Step, Streams};
use kernel::child::Ended;
use kernel::lean::Recluse;
use kernel::process::{Side, clone3, exit_now};
use kernel::{descriptor, signal};
use rustix::event::{PollFd, PollFlags, poll};
use rustix::net::{SendFlags, send};
use rustix::process::{
    Pid, WaitId, WaitIdOptions, getpid, ioctl_tiocsctty, setpgid, setsid, waitid,
};
use rustix::termios::{tcgetpgrp, tcsetpgrp};
use std::io;
use std::os::fd::{AsFd, BorrowedFd, OwnedFd};

/// What ps(1) in the jail shows of a leader.
const TITLE: &[u8] = b"kletka: [terminal]";

/// What the caller has the leader do.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Order {
    /// Let the command go on, with the keyboard.
    Front,
    /// Let the command go on, in the background.
    Back,
    /// Send this signal to the command.
    Signal(i32),
    /// Send this signal to the command's process group.
    SignalGroup(i32),
}

/// What the leader says of the command.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum News {
    /// Stopped by this signal.
    Stopped(i32),
    Ended(Ended),
}

/// A message: a letter and a number.
type Message = [u8; 5];

fn message(letter: u8, number: i32) -> Message {
    let [a, b, c, d] = number.to_ne_bytes();
    [letter, a, b, c, d]
}

/// Reads a message; `None`: the other side has gone.
fn parse(bytes: &[u8]) -> Option<(u8, i32)> {
    let [letter, a, b, c, d] = *<&Message>::try_from(bytes).ok()?;
    Some((letter, i32::from_ne_bytes([a, b, c, d])))
}

impl Order {
    /// Gives the order. A leader that has ended needs none.
    pub(crate) fn give(self, line: BorrowedFd<'_>) {
        let message = match self {
            Self::Front => message(b'f', 0),
            Self::Back => message(b'b', 0),
            Self::Signal(number) => message(b's', number),
            Self::SignalGroup(number) => message(b'g', number),
        };
        let _ = send(line, &message, SendFlags::NOSIGNAL);
    }

    /// Waits for the next order; `None`: the caller has died.
    fn take(line: BorrowedFd<'_>) -> Option<Self> {
        let mut bytes = Message::default();
        let length = receive(line, &mut bytes);
        match parse(&bytes[..length])? {
            (b'f', _) => Some(Self::Front),
            (b'b', _) => Some(Self::Back),
            (b's', number) => Some(Self::Signal(number)),
            (b'g', number) => Some(Self::SignalGroup(number)),
            _ => None,
        }
    }
}

impl News {
    fn tell(self, line: BorrowedFd<'_>) {
        let message = match self {
            Self::Stopped(signal) => message(b's', signal),
            Self::Ended(Ended::Exited(status)) => message(b'x', status),
            Self::Ended(Ended::Signaled(signal)) => message(b'k', signal),
        };
        let _ = send(line, &message, SendFlags::NOSIGNAL);
    }

    /// Waits for the next news; `None`: the leader has ended.
    pub(crate) fn take(line: BorrowedFd<'_>) -> Option<Self> {
        let mut bytes = Message::default();
        let length = receive(line, &mut bytes);
        match parse(&bytes[..length])? {
            (b's', signal) => Some(Self::Stopped(signal)),
            (b'x', status) => Some(Self::Ended(Ended::Exited(status))),
            (b'k', signal) => Some(Self::Ended(Ended::Signaled(signal))),
            _ => None,
        }
    }
}

/// All that a leader needs.
pub(crate) struct Leader<'a> {
    pub(crate) entry: &'a dyn Entering,
    pub(crate) command: &'a Command,
    pub(crate) streams: Streams,
    /// Where a failure is reported.
    pub(crate) report: BorrowedFd<'a>,
    pub(crate) terminal: OnTerminal<'a>,
    pub(crate) by: Option<ByCopy>,
}

/// The session that a leader leads.
pub(crate) struct OnTerminal<'a> {
    /// The pseudo-terminal.
    pub(crate) terminal: BorrowedFd<'a>,
    /// The leader's end of the line to the caller.
    pub(crate) line: BorrowedFd<'a>,
    /// The command has the keyboard at once.
    pub(crate) at_once: bool,
}

impl Leader<'_> {
    /// Runs the leader's whole life, in a copy of the caller.
    pub(crate) fn lead(&self) -> ! {
        hide_arguments();
        match self.begin() {
            Ok((command, pidfd)) => self.watch(command, pidfd),
            Err(failure) => report(self.report, &failure),
        }
    }

    /// Enters, begins a session, and makes the command's process.
    fn begin(&self) -> Result<(Pid, OwnedFd), Failure> {
        let failed = |error: io::Error| Step::Terminal.failed(error);
        self.entry.join()?;
        setsid().map_err(|error| failed(error.into()))?;
        ioctl_tiocsctty(self.terminal.terminal).map_err(|error| failed(error.into()))?;
        // Before the rights are given up: the filter takes clone3(2) away.
        match clone3(0, None).map_err(failed)? {
            Side::Child => report(self.report, &self.execute()),
            Side::Parent { pid, pidfd } => {
                self.entry.confine()?;
                let pid =
                    Pid::from_raw(pid as i32).ok_or(failed(io::ErrorKind::NotFound.into()))?;
                Ok((pid, pidfd))
            }
        }
    }

    /// Becomes the command, in the command's process. Returns only what failed.
    fn execute(&self) -> Failure {
        let own = getpid();
        let grouped = setpgid(None, None).and_then(|()| match self.terminal.at_once {
            true => tcsetpgrp(self.terminal.terminal, own),
            false => Ok(()),
        });
        if let Err(error) = grouped {
            return Step::Terminal.failed(error);
        }
        match self.entry.confine() {
            Ok(()) => self.command.execute_in_session(self.streams, self.by),
            Err(failure) => failure,
        }
    }

    /// Stands by the command until its end.
    #[expect(unsafe_code, reason = "the leader alone knows that it uses nothing of its caller's")]
    fn watch(&self, command: Pid, pidfd: OwnedFd) -> ! {
        let Ok(signals) = signal::descriptor(&[libc::SIGCHLD]) else { exit_now(1) };
        for file in
            [rustix::stdio::dup2_stdin, rustix::stdio::dup2_stdout, rustix::stdio::dup2_stderr]
        {
            let _ = file(self.terminal.terminal);
        }
        let keep = [self.terminal.terminal, self.terminal.line, pidfd.as_fd(), signals.as_fd()];
        // Among the others are the terminal of the host, and the line on which the command's
        // execution is reported.
        // SAFETY: the leader is a copy, and never returns to functions that use other descriptors.
        unsafe { descriptor::close_all_but(keep) };
        let (terminal, line) = (self.terminal.terminal, self.terminal.line);
        let mut watch = Watch { command, pidfd, terminal, line, front: command };
        loop {
            let mut fds = [
                PollFd::from_borrowed_fd(line, PollFlags::IN),
                PollFd::from_borrowed_fd(signals.as_fd(), PollFlags::IN),
            ];
            if poll(&mut fds, None).is_err() {
                continue;
            }
            let ordered = !fds[0].revents().is_empty();
            while signal::next(signals.as_fd()).is_some() {}
            watch.look();
            if ordered {
                watch.obey();
            }
        }
    }
}

/// Overwrites the arguments and the environment of this process, which are its caller's: in the
/// jail, everybody may read the arguments.
#[expect(unsafe_code, reason = "the leader alone knows that it never goes back")]
fn hide_arguments() {
    // SAFETY: the leader is a copy of a process, so it has one thread; it never returns to its
    // caller's functions, and reads neither arguments nor environment.
    unsafe { Recluse::new() }.set_title(TITLE);
}

/// The command that a leader stands by.
struct Watch<'a> {
    command: Pid,
    pidfd: OwnedFd,
    terminal: BorrowedFd<'a>,
    line: BorrowedFd<'a>,
    /// The group that has the keyboard when the command has it: the command's own, or that of a job
    /// of the command.
    front: Pid,
}

impl Watch<'_> {
    /// Says what has happened to the command, and ends with it.
    fn look(&mut self) {
        let what = WaitIdOptions::EXITED | WaitIdOptions::STOPPED | WaitIdOptions::NOHANG;
        while let Ok(Some(status)) = waitid(WaitId::PidFd(self.pidfd.as_fd()), what) {
            if let Some(signal) = status.stopping_signal() {
                self.note_front();
                News::Stopped(signal).tell(self.line);
                continue;
            }
            let ended = Ended::of(status.exit_status(), status.terminating_signal());
            // What the command has left in the background is in the foreground of the terminal, as
            // far as the kernel knows, which would send it SIGHUP now.
            let _ = tcsetpgrp(self.terminal, getpid());
            News::Ended(ended).tell(self.line);
            exit_now(0)
        }
    }

    /// Notes who has the keyboard, if not the leader itself.
    fn note_front(&mut self) {
        if let Ok(front) = tcgetpgrp(self.terminal)
            && front != getpid()
        {
            self.front = front;
        }
    }

    fn obey(&mut self) {
        match Order::take(self.line) {
            Some(Order::Front) => {
                // A job that has ended meanwhile has no group any more.
                if tcsetpgrp(self.terminal, self.front).is_err() {
                    let _ = tcsetpgrp(self.terminal, self.command);
                }
                self.signal_group(libc::SIGCONT);
            }
            Some(Order::Back) => {
                let _ = tcsetpgrp(self.terminal, getpid());
                self.signal_group(libc::SIGCONT);
            }
            Some(Order::Signal(number)) => {
                let _ = signal::kill(self.command.as_raw_pid(), number);
            }
            Some(Order::SignalGroup(number)) => self.signal_group(number),
            None => self.end(),
        }
    }

    /// Signals the command's group. The command has not been collected: its number is its own.
    fn signal_group(&self, number: i32) {
        let _ = signal::kill(-self.command.as_raw_pid(), number);
    }

    /// Ends the command, whose caller has died: jexec(8) is its command on FreeBSD.
    fn end(&self) -> ! {
        let _ = signal::kill(self.command.as_raw_pid(), libc::SIGKILL);
        let _ = tcsetpgrp(self.terminal, getpid());
        exit_now(0)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::control::line;

    #[test]
    fn orders_and_news_arrive() {
        let (caller, leader) = line().unwrap();
        for order in [Order::Front, Order::Back, Order::Signal(2), Order::SignalGroup(15)] {
            order.give(caller.as_fd());
            assert_eq!(Order::take(leader.as_fd()), Some(order));
        }
        for news in [
            News::Stopped(libc::SIGTSTP),
            News::Ended(Ended::Exited(255)),
            News::Ended(Ended::Signaled(9)),
        ] {
            news.tell(leader.as_fd());
            assert_eq!(News::take(caller.as_fd()), Some(news));
        }
        drop(caller);
        assert_eq!(Order::take(leader.as_fd()), None);
    }
}
