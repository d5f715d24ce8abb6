//! A process of a prison that one program creates and another one starts: `create` and `start` of
//! the OCI's runtime specification, and of services.
//!
//! Other than [`crate::Waiting`], which lives in its maker's memory and ends with its maker, it has
//! memory of its own. It is in the prison, confined, with its standard streams, and waits to
//! execute the command that it was created with. A socket in the registry's directory, root's
//! alone, is the way to it: whoever connects first starts it, and is told on the same connection
//! why it could not execute. The prison's record says that there is one, so the two programs
//! need not know of each other.

use crate::control::receive;
use crate::enter::attach::{Entry, Reporting, executed_or_collected, fork_into, report};
use crate::enter::process::{Command, Failure};
use crate::error::Error;
use crate::prison::Prison;
use crate::registry::Registry;
use crate::registry::process_id::ProcessId;
use kernel::child::Child;
use kernel::descriptor;
use kernel::process::exit_now;
use rustix::io::Errno;
use rustix::net::{
    AddressFamily, SendFlags, SocketAddrUnix, SocketFlags, SocketType, accept_with, bind, connect,
    listen, send, socket_with,
};
use rustix::process::setsid;
use std::fs;
use std::os::fd::{AsFd, BorrowedFd, OwnedFd};
use std::path::Path;

/// What the process says first to whoever starts it.
const STARTS: &[u8] = b"s";

/// The largest message: step, errno, and what the step is about.
const MOST: usize = 8 + libc::PATH_MAX as usize;

impl Prison {
    /// Makes a process inside that waits to execute `command` until some process, this one or
    /// another, calls [`Prison::start_waiting`]. Returns when it waits. The prison lives on while
    /// it does; the caller need not.
    ///
    /// # Errors
    /// [`Error::Waits`]: one waits already. [`Error::Process`] says which step failed; [`Error::Died`]
    /// that the prison is gone; [`Error::Registry`].
    pub fn spawn_waiting(
        &mut self,
        registry: &Registry,
        command: &Command,
    ) -> Result<Child, Error> {
        if self.waiting().is_some() {
            return Err(Error::Waits);
        }
        let path = registry.waiting(&self.record)?;
        let door = door(&path).map_err(|error| Error::Registry(path.clone(), error.into()))?;
        let made = self.make_waiting(&door, command).and_then(|child| {
            self.record.waiting = ProcessId::of(child.pid(), child.as_fd());
            registry.write(&self.record)?;
            Ok(child)
        });
        if made.is_err() {
            let _ = fs::remove_file(&path);
        }
        made
    }

    fn make_waiting(&self, door: &OwnedFd, command: &Command) -> Result<Child, Error> {
        let (users, cgroup) = (self.user_namespace()?, self.open_cgroup()?);
        let entry = Entry::new(self, users.as_ref(), command);
        let line = Reporting::new()?;
        let cgroup = cgroup.as_ref().map(AsFd::as_fd);
        let child = fork_into(self.init().as_fd(), cgroup, || {
            if let Err(failure) = entry.enter().and_then(|()| command.connect_streams()) {
                report(line.child.as_fd(), &failure);
            }
            // A key of the maker's terminal, or its end, is no business of this process.
            let _ = setsid();
            let_go(door.as_fd());
            wait(door, command)
        })?;
        drop(line.child);
        executed_or_collected(child, &line.parent, command)
    }

    /// The number of the process that waits to be started, as the host counts; `None`: none does.
    pub fn waiting(&self) -> Option<u32> {
        let waiting = self.record.waiting?;
        waiting.open().map(|_| waiting.pid)
    }

    /// Has the process that [`Prison::spawn_waiting`] made execute its
    /// command. Returns when it has.
    ///
    /// # Errors
    /// [`Error::NoneWaits`]: there is none, or somebody was faster. [`Error::Process`] and
    /// [`Error::NoSuchUser`] say why it could not; then it has ended.
    pub fn start_waiting(&mut self, registry: &Registry) -> Result<(), Error> {
        let path = registry.waiting(&self.record)?;
        let line = knock(&path).map_err(|_| Error::NoneWaits)?;
        let mut first = [0; STARTS.len()];
        if receive(line.as_fd(), &mut first) != STARTS.len() {
            return Err(Error::NoneWaits);
        }
        let _ = fs::remove_file(&path);
        self.record.waiting = None;
        registry.write(&self.record)?;
        let mut answer = [0; MOST];
        let length = receive(line.as_fd(), &mut answer);
        match Failure::parse(&answer[..length]) {
            // The connection closes by itself when the command is executed.
            None => Ok(()),
            Some((failure, subject)) => Err(failure.error(subject)),
        }
    }
}

/// Opens the way to a process that will wait. What an earlier one has left there is removed.
fn door(path: &Path) -> rustix::io::Result<OwnedFd> {
    match rustix::fs::unlink(path) {
        Ok(()) | Err(Errno::NOENT) => {}
        Err(error) => return Err(error),
    }
    let door = socket()?;
    bind(&door, &SocketAddrUnix::new(path)?)?;
    listen(&door, 1)?;
    Ok(door)
}

fn knock(path: &Path) -> rustix::io::Result<OwnedFd> {
    let line = socket()?;
    connect(&line, &SocketAddrUnix::new(path)?)?;
    Ok(line)
}

fn socket() -> rustix::io::Result<OwnedFd> {
    socket_with(AddressFamily::UNIX, SocketType::SEQPACKET, SocketFlags::CLOEXEC, None)
}

/// Closes all that the maker had open: the prison's line to its maker, locks, terminals.
#[expect(unsafe_code, reason = "the process alone knows that it uses nothing of its maker's")]
fn let_go(door: BorrowedFd<'_>) {
    // SAFETY: the process was copied; `wait`, which never returns, uses the door and 0 to 2 alone.
    unsafe { descriptor::close_all_but([door]) };
}

/// The process's life from when it is in place.
fn wait(door: &OwnedFd, command: &Command) -> ! {
    let line = loop {
        match accept_with(door, SocketFlags::CLOEXEC) {
            Ok(line) => break line,
            Err(Errno::INTR | Errno::CONNABORTED) => {}
            Err(_) => exit_now(1),
        }
    };
    // The door closes when the command is executed, or with this process: whoever
    // else knocks hears nothing.
    let _ = send(&line, STARTS, SendFlags::NOSIGNAL);
    let failure = command.execute_in_place();
    let message = failure.to_bytes(&command.subject(failure.step));
    let _ = send(&line, &message[..message.len().min(MOST)], SendFlags::NOSIGNAL);
    exit_now(1)
}
