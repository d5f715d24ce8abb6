//! The caller's side of a command on a pseudo-terminal: keys, output, signals and job control are
//! passed between the terminal of the host and that of the jail.

use crate::control;
use crate::enter::attach::{Entry, fork_into};
use crate::enter::copy::ByCopy;
use crate::enter::delegate::{Binding, Way};
use crate::enter::process::Command;
use crate::enter::streams::Given;
use crate::enter::terminal::host::HostTerminal;
use crate::enter::terminal::leader::{Leader, News, OnTerminal, Order};
use crate::enter::terminal::pty::Pty;
use crate::error::{Calling, Error};
use crate::prison::Prison;
use kernel::child::{Child, Ended, FOREGROUND, PASSED_ON, readable};
use kernel::descriptor::Inherited;
use kernel::signal;
use rustix::event::{PollFd, PollFlags, Timespec, poll};
use rustix::io::{Errno, read, write};
use rustix::termios::{OptionalActions, OutputModes, tcgetattr, tcsetattr, tcsetwinsize};
use std::collections::VecDeque;
use std::io;
use std::os::fd::{AsFd, BorrowedFd, OwnedFd};
use std::time::Duration;

/// Ends the command of a session: sent to a process that stands for a command.
pub(crate) const KILL: i32 = 46;

/// After this time a process without the keyboard looks again whether a line can be meant for it.
const LOOK_AGAIN: Timespec = Timespec { tv_sec: 0, tv_nsec: 250_000_000 };

/// Bytes that are passed on at once.
const CHUNK: usize = 64 << 10;
/// The most that a pseudo-terminal keeps of what was written to it.
const KEPT: usize = 128 << 10;

/// A command on a pseudo-terminal, and the terminal of the host for which that stands.
#[derive(Debug)]
pub(crate) struct Session {
    host: HostTerminal,
    leader: Child,
    line: OwnedFd,
    signals: OwnedFd,
    /// `None`: the terminal of the host has gone, and the other one was hung up.
    master: Option<OwnedFd>,
    /// What was typed and has not been passed on yet.
    typed: VecDeque<u8>,
    has_keyboard: bool,
    /// The command is to have the keyboard whenever this process is in the foreground.
    wants_keyboard: bool,
}

/// Where a session takes place.
pub(crate) struct Place {
    pub(crate) host: HostTerminal,
    /// What stands for the terminal of the host.
    pub(crate) pty: Pty,
    /// The command has the keyboard at once.
    pub(crate) at_once: bool,
}

impl Session {
    /// Runs `command` in `prison`, on the terminal there that `place` says. `report` tells of its
    /// execution.
    pub(crate) fn start(
        prison: &Prison,
        command: &Command,
        given: &Given,
        Place { host, pty, at_once }: Place,
        report: BorrowedFd<'_>,
    ) -> Result<Self, Error> {
        tcsetattr(&pty.slave, OptionalActions::Now, &host.settings(at_once))
            .calling("tcsetattr")?;
        if let Some(size) = host.size() {
            tcsetwinsize(&pty.master, size).calling("TIOCSWINSZ")?;
        }
        let (line, theirs) = control::line().calling("socketpair")?;
        let signals =
            signal::descriptor(&[&FOREGROUND[..], &[KILL]].concat()).calling("signalfd")?;
        let streams = given.with_terminal(Inherited::of(&pty.slave));
        let terminal = OnTerminal { terminal: pty.slave.as_fd(), line: theirs.as_fd(), at_once };
        let leader = match Way::of(prison)? {
            Some(way) => way.send(command, streams, report, &Binding::On(terminal))?,
            None => {
                let (users, copy) = (prison.user_namespace()?, prison.copy()?);
                let (cgroup, groups) = (prison.open_cgroup()?, prison.open_groups()?);
                let entry = Entry::new(prison, users.as_ref(), &groups, command);
                let by = copy.as_ref().map(|copy| ByCopy::new(copy, Inherited::of(report)));
                let leader = Leader { entry: &entry, command, streams, report, terminal, by };
                let cgroup = cgroup.as_ref().map(AsFd::as_fd);
                fork_into(prison.init().as_fd(), cgroup, || leader.lead())?
            }
        };
        let mut session = Self {
            host,
            leader,
            line,
            signals,
            master: Some(pty.master),
            typed: VecDeque::new(),
            has_keyboard: false,
            wants_keyboard: at_once,
        };
        if at_once {
            session.take_keyboard();
        }
        Ok(session)
    }

    /// The descriptors from 3 up that [`Session::wait`] uses.
    pub(crate) fn descriptors(&self) -> [BorrowedFd<'_>; 4] {
        let master = self.master.as_ref().map_or(self.line.as_fd(), AsFd::as_fd);
        [self.leader.as_fd(), self.line.as_fd(), self.signals.as_fd(), master]
    }

    /// Collects the leader of a command that could not be executed.
    pub(crate) fn collect(self) {
        let _ = self.leader.wait(None);
    }

    /// Passes all on until the command's end.
    pub(crate) fn wait(mut self) -> io::Result<Ended> {
        let ended = loop {
            self.sleep()?;
            self.show(CHUNK);
            self.offer_keyboard();
            self.pass_keys();
            self.take_signals();
            if let Some(ended) = self.hear()? {
                break ended;
            }
        };
        // Reading waits for nothing: what the command has written before its end is there.
        self.show(KEPT);
        self.host.release();
        self.leader.wait(None)?;
        Ok(ended)
    }

    /// Sleeps until there is something to do.
    fn sleep(&self) -> io::Result<()> {
        let input = |fd| PollFd::from_borrowed_fd(fd, PollFlags::IN);
        let mut fds =
            vec![input(self.leader.as_fd()), input(self.line.as_fd()), input(self.signals.as_fd())];
        if let Some(master) = &self.master {
            let out = if self.typed.is_empty() { PollFlags::empty() } else { PollFlags::OUT };
            fds.push(PollFd::new(master, PollFlags::IN | out));
        }
        let watches_lines = !self.has_keyboard && self.host.is_input();
        let offers_lines = watches_lines && self.host.offers_lines();
        if let Some(keyboard) = self.host.keyboard().filter(|_| offers_lines || self.reads_keys()) {
            fds.push(input(keyboard));
        }
        // Nothing tells when the terminal's foreground or its settings change.
        let time = (watches_lines && !offers_lines).then_some(LOOK_AGAIN);
        match poll(&mut fds, time.as_ref()) {
            Err(Errno::INTR) => Ok(()),
            answer => Ok(answer.map(|_| ())?),
        }
    }

    /// Gives the command the keyboard when a line has been typed that nobody else reads.
    fn offer_keyboard(&mut self) {
        if !self.has_keyboard && self.host.offers_lines() && self.is_typed() {
            self.wants_keyboard = true;
            self.go_on();
        }
    }

    /// Whether something has been typed and not been read.
    fn is_typed(&self) -> bool {
        let is_ready = |keyboard| matches!(readable(keyboard, Some(Duration::ZERO)), Ok(true));
        self.host.keyboard().is_some_and(is_ready)
    }

    /// Whether the next keys are wanted: the jail's terminal has taken those before.
    fn reads_keys(&self) -> bool {
        self.has_keyboard && self.typed.is_empty()
    }

    /// Shows what the jail's terminal shows, at most this much of it.
    fn show(&mut self, most: usize) {
        let mut bytes = [0; 16 << 10];
        let mut shown = 0;
        while let Some(master) = &self.master
            && shown < most
        {
            match read(master, &mut bytes) {
                Ok(length @ 1..) => {
                    self.host.show(&bytes[..length]);
                    shown += length;
                }
                Err(Errno::INTR) => {}
                // Nothing is there, or nobody has the other end open.
                _ => return,
            }
        }
    }

    /// Passes on what has been typed.
    fn pass_keys(&mut self) {
        let mut keys = [0; 4 << 10];
        if self.reads_keys() && self.is_typed() {
            match self.host.typed(&mut keys) {
                Some(0) => self.hang_up(),
                Some(length) => self.typed.extend(&keys[..length]),
                None if self.host.is_in_foreground() => {}
                // Another program has the foreground now, without having stopped this one.
                None => self.give_keyboard_back(),
            }
        }
        let Some(master) = &self.master else { return };
        while !self.typed.is_empty() {
            match write(master, self.typed.as_slices().0) {
                Ok(length) => drop(self.typed.drain(..length)),
                Err(Errno::INTR) => {}
                Err(_) => return,
            }
        }
    }

    /// Hangs the jail's terminal up, as that of the host was.
    fn hang_up(&mut self) {
        self.has_keyboard = false;
        self.typed.clear();
        self.master = None;
    }

    /// Acts on the signals that wait. Answers whether this process was continued.
    fn take_signals(&mut self) -> bool {
        let mut continued = false;
        while let Some(caught) = signal::next(self.signals.as_fd()) {
            match caught.signal {
                libc::SIGCONT => {
                    continued = true;
                    self.go_on();
                }
                libc::SIGWINCH => self.resize(),
                libc::SIGTSTP => self.order(Order::SignalGroup(libc::SIGTSTP)),
                KILL => self.order(Order::Signal(libc::SIGKILL)),
                signal if !PASSED_ON.contains(&signal) => {}
                signal if caught.is_from_terminal() => self.order(Order::SignalGroup(signal)),
                signal => self.order(Order::Signal(signal)),
            }
        }
        continued
    }

    fn order(&self, order: Order) {
        order.give(self.line.as_fd());
    }

    /// Gives the jail's terminal the size of the host's.
    fn resize(&self) {
        if let (Some(master), Some(size)) = (&self.master, self.host.size()) {
            let _ = tcsetwinsize(master, size);
        }
    }

    /// Hears what has happened to the command; answers how it ended.
    fn hear(&mut self) -> io::Result<Option<Ended>> {
        let now = Some(Duration::ZERO);
        while readable(self.line.as_fd(), now)? {
            match News::take(self.line.as_fd()) {
                Some(News::Stopped(signal)) => self.follow(signal),
                Some(News::Ended(ended)) => return Ok(Some(ended)),
                // Somebody in the jail has killed the leader.
                None => return self.leader.wait(None),
            }
        }
        Ok(None)
    }

    /// Follows the command, which `signal` has stopped.
    fn follow(&mut self, signal: i32) {
        let needs_terminal = [libc::SIGTTIN, libc::SIGTTOU].contains(&signal);
        self.wants_keyboard |= needs_terminal;
        if needs_terminal && self.host.is_in_foreground() {
            self.go_on();
            return;
        }
        // The terminal of the host has not seen the key that stopped the command, nor that the
        // command has read in the background: it would have stopped the whole group.
        let group = needs_terminal || (self.has_keyboard && signal == libc::SIGTSTP);
        self.give_keyboard_back();
        signal::stop(group);
        if !self.take_signals() {
            // In an orphaned group nobody could continue this process, so the kernel has not
            // stopped it. The command goes on too.
            self.go_on();
        }
    }

    /// Lets the command go on, with the keyboard if that is its turn.
    fn go_on(&mut self) {
        if self.wants_keyboard && self.host.is_in_foreground() {
            self.take_keyboard();
            self.resize();
            self.order(Order::Front);
        } else {
            self.give_keyboard_back();
            self.order(Order::Back);
        }
    }

    fn take_keyboard(&mut self) {
        if !self.has_keyboard
            && self.host.passes_output()
            && let Some(master) = &self.master
        {
            // The terminal of the host shows from now on what is written, and nothing else.
            let _ = set_output_processing(master);
        }
        self.typed.extend(self.host.typed_before());
        self.host.take();
        self.has_keyboard = true;
    }

    fn give_keyboard_back(&mut self) {
        self.host.release();
        self.has_keyboard = false;
    }
}

/// Has a pseudo-terminal turn the ends of lines into what a screen needs. It began without.
fn set_output_processing(master: &OwnedFd) -> rustix::io::Result<()> {
    let mut settings = tcgetattr(master)?;
    settings.output_modes.insert(OutputModes::OPOST);
    tcsetattr(master, OptionalActions::Now, &settings)
}
