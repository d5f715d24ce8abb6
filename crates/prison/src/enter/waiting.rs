//! A process of a prison that one program creates and another one starts: `create` and `start` of
//! the OCI's runtime specification, and of services.
//!
//! Unlike [`crate::Waiting`], which lives in its maker's memory and ends with its maker, such a
//! process has memory of its own. The process is in the prison, confined, with its standard
//! streams, and waits to execute the command with which it was created. A socket in the registry's
//! directory, root's alone, is the way to it: whoever connects first starts the process, and hears
//! on the same connection why it could not execute. The prison's record names the process, so the
//! two programs need not know of each other.

use crate::control::receive;
use crate::enter::attach::{Entry, Reporting, executed_or_collected, fork_into, report};
use crate::enter::copy::ByCopy;
use crate::enter::process::{Command, Failure, connect_streams};
use crate::enter::streams;
use crate::error::Error;
use crate::prison::Prison;
use crate::registry::Registry;
use crate::registry::process_id::ProcessId;
use kernel::child::Child;
use kernel::descriptor::{self, Inherited};
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

/// The first message of the process to whoever starts it.
const STARTS: &[u8] = b"s";

/// The largest message: step, errno, and the subject of the step.
const MOST: usize = 8 + libc::PATH_MAX as usize;

impl Prison {
    /// Makes a process inside that waits to execute `command` until some process, this one or
    /// another, calls [`Prison::start_waiting`]. Returns when the process waits. Until it is
    /// started, the prison lives on; the caller may end.
    ///
    /// # Errors
    /// [`Error::Waits`]: a process waits already. [`Error::Process`] says which step failed;
    /// [`Error::Died`]: the prison is gone; [`Error::Registry`]; [`Error::Directory`].
    pub fn spawn_waiting(
        &mut self,
        registry: &Registry,
        command: &Command,
    ) -> Result<Child, Error> {
        if self.waiting().is_some() {
            return Err(Error::Waits);
        }
        let path = registry.waiting(&self.record)?;
        // Before the process: it inherits the socket, and needs no path of the host's once inside.
        let door = door(&path).map_err(|error| Error::Registry(path.clone(), error.into()))?;
        let made = self.make_waiting(&door, command).and_then(|child| {
            self.record.waiting = ProcessId::of(child.pid(), child.as_fd());
            registry.rewrite(&self.record)?;
            Ok(child)
        });
        if made.is_err() {
            let _ = fs::remove_file(&path);
        }
        made
    }

    fn make_waiting(&self, door: &OwnedFd, command: &Command) -> Result<Child, Error> {
        // The command is started by another program, at another terminal or at none.
        let given = streams::given_without_terminals(command)?;
        let copy = self.copy()?;
        let (users, cgroup) = (self.user_namespace()?, self.open_cgroup()?);
        let groups = self.open_groups()?;
        let entry = Entry::new(self, users.as_ref(), &groups, command);
        let line = Reporting::new()?;
        let cgroup = cgroup.as_ref().map(AsFd::as_fd);
        let child = fork_into(self.init().as_fd(), cgroup, || {
            if let Err(failure) = entry.enter().and_then(|()| connect_streams(&given.streams)) {
                report(line.child.as_fd(), &failure);
            }
            // In a session of its own, the process gets neither the keys nor the hang-up of the
            // maker's terminal.
            let _ = setsid();
            let_go([door.as_fd(), copy.as_ref().unwrap_or(door).as_fd()]);
            wait(door, copy.as_ref(), command)
        })?;
        // The process closes its copy of this end when it waits. With this one open, read(2) would
        // not see that.
        drop(line.child);
        executed_or_collected(child, &line.parent, command)
    }

    /// The number of the process that waits to be started, as the host counts; `None`: no process
    /// waits.
    pub fn waiting(&self) -> Option<u32> {
        let waiting = self.record.waiting?;
        waiting.open().map(|_| waiting.pid)
    }

    /// Has the process that [`Prison::spawn_waiting`] made execute its command. Returns when that
    /// has happened.
    ///
    /// # Errors
    /// [`Error::NoneWaits`]: no process waits, or another caller was faster. [`Error::Process`] and
    /// [`Error::NoSuchUser`] say why it could not execute; then the process has ended.
    pub fn start_waiting(&mut self, registry: &Registry) -> Result<(), Error> {
        let path = registry.waiting(&self.record)?;
        let line = knock(&path).map_err(|_| Error::NoneWaits)?;
        let mut first = [0; STARTS.len()];
        // connect(2) succeeds before accept(2): only this message shows that no other caller was
        // first.
        if receive(line.as_fd(), &mut first) != STARTS.len() {
            return Err(Error::NoneWaits);
        }
        let _ = fs::remove_file(&path);
        // Before the outcome is known: started or failed, nobody waits any more.
        self.record.waiting = None;
        registry.rewrite(&self.record)?;
        let mut answer = [0; MOST];
        let length = receive(line.as_fd(), &mut answer);
        match Failure::parse(&answer[..length]) {
            // execve(2) closes the connection, and nothing was said.
            None => Ok(()),
            Some((failure, subject)) => Err(failure.error(subject)),
        }
    }
}

/// Opens the socket to a process that is going to wait. What an earlier one has left there is
/// removed.
fn door(path: &Path) -> rustix::io::Result<OwnedFd> {
    match rustix::fs::unlink(path) {
        Ok(()) | Err(Errno::NOENT) => {}
        Err(error) => return Err(error),
    }
    let door = socket()?;
    // By a name in a file system: abstract names belong to a network, and the jail may share this
    // one.
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

/// Closes all that the maker had open: the prison's line to its maker, locks, terminals. Kept open,
/// the line would let the prison live on without processes.
#[expect(unsafe_code, reason = "the process alone knows that it uses nothing of its maker's")]
fn let_go(keep: [BorrowedFd<'_>; 2]) {
    // SAFETY: the process was copied; `wait`, which never returns, uses these and 0 to 2 alone.
    unsafe { descriptor::close_all_but(keep) };
}

/// Runs the process's life from when it is in place.
fn wait(door: &OwnedFd, copy: Option<&OwnedFd>, command: &Command) -> ! {
    let line = loop {
        match accept_with(door, SocketFlags::CLOEXEC) {
            Ok(line) => break line,
            Err(Errno::INTR | Errno::CONNABORTED) => {}
            Err(_) => exit_now(1),
        }
    };
    // The door closes when the command is executed, or when this process ends: whoever else has
    // connected then reads an end.
    let _ = send(&line, STARTS, SendFlags::NOSIGNAL);
    let by = copy.map(|copy| ByCopy::new(copy, Inherited::of(&line)));
    let failure = command.execute_in_place(by);
    let message = failure.to_bytes(&command.subject(failure.step));
    let _ = send(&line, &message[..message.len().min(MOST)], SendFlags::NOSIGNAL);
    exit_now(1)
}
