//! The terminal of the caller: who is in its foreground, how it is set, what is typed and shown
//! there.

use kernel::signal;
use rustix::event::{PollFd, PollFlags, Timespec, poll};
use rustix::fs::{OFlags, fcntl_getfl};
use rustix::io::{Errno, read, write};
use rustix::stdio::{stderr, stdin, stdout};
use rustix::termios::{
    LocalModes, OptionalActions, OutputModes, SpecialCodeIndex, Termios, Winsize, tcgetattr,
    tcgetpgrp, tcgetwinsize, tcsetattr,
};
use std::os::fd::BorrowedFd;

/// Bytes that are read of what was typed before the keyboard is taken: a terminal keeps no more.
const MOST_BEFORE: usize = 4 << 10;

/// A terminal among the standard streams of this process.
#[derive(Debug)]
pub(crate) struct HostTerminal {
    /// What is shown is written here.
    screen: BorrowedFd<'static>,
    /// What is typed is read here; `None`: the terminal is open for writing only.
    keyboard: Option<BorrowedFd<'static>>,
    /// How the terminal was set at first.
    found: Termios,
    /// Whether standard input and standard output are the terminal. Behind another standard output,
    /// another program may write to the terminal.
    is_input: bool,
    is_output: bool,
    /// Keys are read as they are typed, and mean nothing to the terminal itself.
    is_raw: bool,
    /// The terminal has gone.
    is_gone: bool,
}

impl HostTerminal {
    /// The terminal among standard input, output and error; `None`: none of these is one.
    pub(crate) fn of(terminals: [bool; 3]) -> Option<Self> {
        let streams = [stdin(), stdout(), stderr()];
        let among = |order: [usize; 3]| {
            let those = order.into_iter().filter(|&at| terminals[at]);
            those.map(|at| streams[at]).collect::<Vec<_>>()
        };
        let screen = *among([1, 2, 0]).first()?;
        let is_readable = |file: &BorrowedFd<'_>| {
            fcntl_getfl(file).is_ok_and(|flags| flags & OFlags::ACCMODE != OFlags::WRONLY)
        };
        Some(Self {
            screen,
            keyboard: among([0, 2, 1]).into_iter().find(is_readable),
            found: tcgetattr(screen).ok()?,
            is_input: terminals[0],
            is_output: terminals[1],
            is_raw: false,
            is_gone: false,
        })
    }

    /// Whether both standard input and standard output are the terminal.
    pub(crate) fn is_whole(&self) -> bool {
        self.is_input && self.is_output
    }

    /// Whether this process may read what is typed. Of a terminal that controls no session, or
    /// another one than this process's, everybody may who has it open.
    pub(crate) fn is_in_foreground(&self) -> bool {
        match tcgetpgrp(self.screen) {
            Ok(front) => front.as_raw_pid() == signal::process_group(),
            Err(error) => error == Errno::NOTTY,
        }
    }

    /// The settings with which a pseudo-terminal begins that is shown here; `at_once`: it has the
    /// keyboard. As long as the terminal itself turns the ends of lines into what a screen needs,
    /// the other one must not.
    pub(crate) fn settings(&self, at_once: bool) -> Termios {
        let mut settings = self.found.clone();
        if !at_once {
            settings.output_modes.remove(OutputModes::OPOST);
        }
        settings
    }

    /// The terminal's size.
    pub(crate) fn size(&self) -> Option<Winsize> {
        tcgetwinsize(self.screen).ok()
    }

    /// Reads the lines that were typed before the keyboard is taken, as the keys that make them.
    /// The kernel has made lines of them already: an end of file would be read as a NUL later.
    pub(crate) fn typed_before(&self) -> Vec<u8> {
        let (mut keys, mut line) = (Vec::new(), [0; 4 << 10]);
        while keys.len() < MOST_BEFORE && self.offers_lines() && self.has_line() {
            let Some(length) = self.typed(&mut line) else { break };
            keys.extend(&line[..length]);
            // A line without its end was ended by the key for an end of file.
            if line[..length].last() != Some(&b'\n') {
                keys.push(self.found.special_codes[SpecialCodeIndex::VEOF]);
            }
        }
        keys
    }

    /// Whether a line can be read, of a terminal that has not gone.
    fn has_line(&self) -> bool {
        let Some(keyboard) = self.keyboard() else { return false };
        let mut fds = [PollFd::from_borrowed_fd(keyboard, PollFlags::IN)];
        let now = Timespec { tv_sec: 0, tv_nsec: 0 };
        poll(&mut fds, Some(&now)) == Ok(1) && fds[0].revents() == PollFlags::IN
    }

    /// Takes the keyboard: every key is read as it is typed.
    pub(crate) fn take(&mut self) {
        let mut raw = self.found.clone();
        raw.make_raw();
        if !self.is_output {
            raw.output_modes = self.found.output_modes;
        }
        self.is_raw = tcsetattr(self.screen, OptionalActions::Drain, &raw).is_ok();
    }

    /// Whether this process turns the ends of lines by itself while it has the keyboard.
    pub(crate) fn passes_output(&self) -> bool {
        self.is_output && self.found.output_modes.contains(OutputModes::OPOST)
    }

    /// Whether a line that is typed now may be meant for a command that does not read yet: one that
    /// waits by poll(2) is not stopped in the background. A program that reads single keys, such as
    /// less(1), has the terminal for itself.
    pub(crate) fn offers_lines(&self) -> bool {
        self.is_input
            && self.is_in_foreground()
            && tcgetattr(self.screen)
                .is_ok_and(|settings| settings.local_modes.contains(LocalModes::ICANON))
    }

    /// Whether standard input is the terminal.
    pub(crate) fn is_input(&self) -> bool {
        self.is_input
    }

    /// Gives the keyboard back, to whoever is in the foreground with this process.
    pub(crate) fn release(&mut self) {
        // In the background, the settings are another program's by now.
        if std::mem::take(&mut self.is_raw) && self.is_in_foreground() {
            let _ = tcsetattr(self.screen, OptionalActions::Drain, &self.found);
        }
    }

    /// Where keys can be waited for.
    pub(crate) fn keyboard(&self) -> Option<BorrowedFd<'static>> {
        self.keyboard.filter(|_| !self.is_gone)
    }

    /// Reads what has been typed. `None`: this process is not in the foreground. No byte at all:
    /// the terminal has gone.
    pub(crate) fn typed(&self, keys: &mut [u8]) -> Option<usize> {
        match (self.is_in_foreground(), self.keyboard()) {
            (true, Some(keyboard)) => match read(keyboard, &mut *keys) {
                Err(Errno::INTR | Errno::AGAIN) => None,
                // Of a terminal that has gone, and in a foreground that was lost just now.
                Err(_) => self.is_in_foreground().then_some(0),
                Ok(length) => Some(length),
            },
            _ => None,
        }
    }

    /// Shows `bytes`. A terminal that has gone shows nothing.
    pub(crate) fn show(&mut self, mut bytes: &[u8]) {
        while !bytes.is_empty() && !self.is_gone {
            match write(self.screen, bytes) {
                Ok(length) => bytes = &bytes[length..],
                Err(Errno::INTR) => {}
                Err(Errno::AGAIN) => {
                    let _ = poll(&mut [PollFd::new(&self.screen, PollFlags::OUT)], None);
                }
                Err(_) => self.is_gone = true,
            }
        }
    }
}

impl Drop for HostTerminal {
    fn drop(&mut self) {
        self.release();
    }
}
