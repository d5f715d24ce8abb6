//! Commands on a terminal. A jail never gets the terminal of the host, from which its processes
//! could read what is typed later: the command has a pseudo-terminal of the jail's own
//! ([`pty`]), and the caller copies what is typed and shown ([`session`]), as long as the command
//! runs. [`host`] is the terminal of the caller, [`leader`] the process inside that leads the
//! session, for which the kernel's job control needs one.
//!
//! A command whose input and output are both the terminal has the keyboard at once. Any other
//! begins in the background of its pseudo-terminal, and gets the keyboard when it reads or changes
//! the terminal, which stops it there: in `jexec web cat log | less` the keyboard is less(1)'s.

pub(crate) mod host;
pub(crate) mod leader;
pub(crate) mod pty;
pub(crate) mod session;

use crate::enter::attach::{Reporting, executed, executed_or_collected, report};
use crate::enter::process::{Command, Step};
use crate::enter::streams::{self, Given};
use crate::error::{Calling, Error};
use crate::prison::Prison;
use host::HostTerminal;
use kernel::child::{Child, Ended, hold_foreground_signals};
use kernel::process::{Side, clone3, exit_now};
use kernel::{descriptor, signal};
use session::{KILL, Place, Session};
use std::io;
use std::os::fd::AsFd;

/// A command in a prison that runs in the foreground of this process, which stands for the command:
/// jexec(8).
#[derive(Debug)]
pub struct Foreground(Kind);

#[derive(Debug)]
enum Kind {
    Plain(Child),
    OnTerminal(Session),
}

impl Foreground {
    /// Waits for the command's end. Signals are passed on to the command, and when the command is
    /// stopped, this process stops too, until both are continued.
    ///
    /// # Errors
    /// Of signalfd(2), poll(2) or waitid(2); none is expected.
    pub fn wait(self) -> io::Result<Ended> {
        match self.0 {
            Kind::Plain(child) => child.wait_in_foreground(),
            Kind::OnTerminal(session) => session.wait(),
        }
    }
}

impl Prison {
    /// Runs a command inside, as [`Prison::spawn`] does, for which this process stands from now on:
    /// its signals wait for [`Foreground::wait`].
    ///
    /// # Errors
    /// Those of [`Prison::spawn`].
    pub fn run(&self, command: &Command) -> Result<Foreground, Error> {
        let given = streams::given(command)?;
        // Held before the process exists: a signal that came in between would end this process and
        // leave the command running.
        hold_foreground_signals();
        let Some(host) = HostTerminal::of(given.terminals) else {
            let child = self.enter(command, given.streams, true)?;
            return Ok(Foreground(Kind::Plain(child)));
        };
        let line = Reporting::new()?;
        let at_once = host.is_whole() && host.is_in_foreground();
        let place = Place { host, pty: self.pty()?, at_once };
        let session = Session::start(self, command, &given, place, line.child.as_fd())?;
        drop(line.child);
        match executed(&line.parent, command) {
            Ok(()) => Ok(Foreground(Kind::OnTerminal(session))),
            Err(error) => {
                session.collect();
                Err(error)
            }
        }
    }

    /// Runs a command inside, on a terminal, by a process that stands for the command: this process
    /// has other things to do. That process outlives this one, as the command does.
    pub(crate) fn run_beside(
        &self,
        command: &Command,
        given: &Given,
        host: HostTerminal,
    ) -> Result<Child, Error> {
        let line = Reporting::new()?;
        let place = Place { host, pty: self.pty()?, at_once: false };
        let child = match clone3(0, None).calling("clone3")? {
            Side::Child => stand_for(self, command, given, place, line),
            Side::Parent { pid, pidfd } => Child::new(pid, pidfd).killed_by(KILL),
        };
        drop(line.child);
        executed_or_collected(child, &line.parent, command)
    }
}

/// Runs the life of a process that stands for a command, and ends as the command does.
#[expect(unsafe_code, reason = "the process alone knows that it uses nothing of its maker's")]
fn stand_for(
    prison: &Prison,
    command: &Command,
    given: &Given,
    place: Place,
    line: Reporting,
) -> ! {
    hold_foreground_signals();
    let session = match Session::start(prison, command, given, place, line.child.as_fd()) {
        Ok(session) => session,
        Err(error) => report(line.child.as_fd(), &Step::Terminal.failed(error.into_io())),
    };
    // With the line to init open here too, the prison would live on without its maker and without
    // processes; with the registry's lock, nobody could make another one.
    // SAFETY: the process was copied, and never returns to functions that use other descriptors.
    unsafe { descriptor::close_all_but(session.descriptors()) };
    match session.wait() {
        Ok(Ended::Exited(status)) => exit_now(status),
        Ok(Ended::Signaled(signal)) => {
            signal::die_by(signal);
            exit_now(128 + signal)
        }
        Err(_) => exit_now(1),
    }
}
