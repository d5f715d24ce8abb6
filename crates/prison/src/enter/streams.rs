//! What a command in a prison gets as its standard streams: what its caller has, but no directory,
//! and no terminal of the host.

use crate::enter::process::{Command, StdStream, Streams};
use crate::error::{Calling, Error};
use kernel::descriptor::Inherited;
use rustix::fs::{FileType, Mode, OFlags, fstat, open};
use rustix::stdio::{stderr, stdin, stdout};
use rustix::termios::isatty;
use std::os::fd::{AsFd, BorrowedFd, OwnedFd};

/// The streams as messages name them, in the order of their descriptors.
const NAMES: [&str; 3] = ["standard input", "standard output", "standard error"];

/// The standard streams of a command.
pub(crate) struct Given {
    pub(crate) streams: Streams,
    /// Which of them are terminals of the caller's. A command in the background has none.
    pub(crate) terminals: [bool; 3],
    /// What a command in the background has in place of a terminal.
    _null: Option<OwnedFd>,
}

/// Looks at the streams of `command`.
///
/// # Errors
/// [`Error::Directory`]: by the `..` of a directory that lies outside the jail's root, a process
/// would leave that root.
pub(crate) fn given(command: &Command) -> Result<Given, Error> {
    let mut terminals = [false; 3];
    for (at, name) in NAMES.into_iter().enumerate() {
        // A stream that is closed is no danger.
        let Ok(found) = fstat(file(command, at)) else { continue };
        match FileType::from_raw_mode(found.st_mode) {
            FileType::Directory => return Err(Error::Directory(name)),
            // A terminal that a parameter names is meant: only the caller's own is replaced.
            FileType::CharacterDevice if matches!(command.streams[at], StdStream::Inherit) => {
                terminals[at] = isatty(file(command, at));
            }
            _ => {}
        }
    }
    let given = Given { streams: command.inherited(), terminals, _null: None };
    if command.background { given.without_terminals() } else { Ok(given) }
}

/// The same for a command that no caller stands for: without a terminal.
///
/// # Errors
/// As of [`given`].
pub(crate) fn given_without_terminals(command: &Command) -> Result<Given, Error> {
    given(command)?.without_terminals()
}

/// The file behind the stream of this number.
fn file(command: &Command, at: usize) -> BorrowedFd<'_> {
    match (&command.streams[at], at) {
        (StdStream::File(file), _) => file.as_fd(),
        (StdStream::Inherit, 0) => stdin(),
        (StdStream::Inherit, 1) => stdout(),
        (StdStream::Inherit, _) => stderr(),
    }
}

impl Given {
    /// Gives the command /dev/null in place of each terminal.
    fn without_terminals(self) -> Result<Self, Error> {
        if !self.terminals.contains(&true) {
            return Ok(self);
        }
        let flags = OFlags::RDWR | OFlags::CLOEXEC;
        let null = open("/dev/null", flags, Mode::empty()).calling("/dev/null")?;
        let streams = self.with_terminal(Inherited::of(&null));
        Ok(Self { streams, terminals: [false; 3], _null: Some(null) })
    }

    /// The streams with `other` in place of each terminal.
    pub(crate) fn with_terminal(&self, other: Inherited) -> Streams {
        let mut streams = self.streams;
        for (stream, is_terminal) in streams.iter_mut().zip(self.terminals) {
            if is_terminal {
                *stream = Some(other);
            }
        }
        streams
    }
}
