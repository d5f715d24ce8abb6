//! Putting a process into a prison: jail_attach(2), and what its parent sees of it.
//!
//! The new process is the caller's child, born in the prison's pid namespace and cgroup. It tells init
//! of itself while it still has the host's rights, joins the other namespaces, and executes.

use crate::child::Child;
use crate::control::ATTACHED;
use crate::error::{Calling, Error};
use crate::prison::Prison;
use crate::process::{Command, Confinement, Failure, Ready, Step, become_root};
use crate::spec::Users;
use crate::sys::{self, Namespace, Side, Stack};
use rustix::io::{Errno, read, write};
use rustix::pipe::{PipeFlags, pipe_with};
use rustix::process::Signal;
use rustix::thread::{
    LinkNameSpaceType, ThreadNameSpaceType, move_into_link_name_space, move_into_thread_name_spaces,
};
use std::cell::Cell;
use std::fs::File;
use std::io;
use std::os::fd::{AsFd, BorrowedFd, IntoRawFd, OwnedFd};

/// The line on which a new process reports why it could not execute. It closes when it could.
pub(crate) struct Reporting {
    pub(crate) parent: OwnedFd,
    pub(crate) child: OwnedFd,
}

impl Reporting {
    pub(crate) fn new() -> Result<Self, Error> {
        let (parent, child) = pipe_with(PipeFlags::CLOEXEC).calling("pipe2")?;
        Ok(Self { parent, child })
    }
}

/// Tells the parent, and ends this process.
pub(crate) fn report(to: BorrowedFd<'_>, failure: &Failure) -> ! {
    let mut bytes = [0; 8];
    bytes[..4].copy_from_slice(&(failure.step as u32).to_ne_bytes());
    bytes[4..].copy_from_slice(&failure.errno.to_ne_bytes());
    let _ = write(to, &bytes);
    sys::exit_now(1)
}

/// Waits for the new process to execute, or to say why it could not.
fn executed(report: &OwnedFd, command: &Command) -> Result<(), Error> {
    let mut bytes = [0; 8];
    let length = loop {
        match read(report, &mut bytes) {
            Err(Errno::INTR) => {}
            answer => break answer.calling("read")?,
        }
    };
    if length < bytes.len() {
        return Ok(());
    }
    let word = |at: usize| [bytes[at], bytes[at + 1], bytes[at + 2], bytes[at + 3]];
    let number = u32::from_ne_bytes(word(0));
    let step = Step::ALL.into_iter().find(|step| *step as u32 == number).unwrap_or(Step::Done);
    Err(command.error(&Failure { step, errno: i32::from_ne_bytes(word(4)) }))
}

/// Makes a process in the pid namespace behind `init` and in `cgroup`; a child runs `inside` and ends.
pub(crate) fn fork_into(
    init: BorrowedFd<'_>,
    cgroup: Option<BorrowedFd<'_>>,
    inside: impl FnOnce(),
) -> Result<Child, Error> {
    match clone_into(init, 0, cgroup)? {
        Side::Parent { pid, pidfd } => Ok(Child::new(pid, pidfd)),
        Side::Child => {
            inside();
            sys::exit_now(1)
        }
    }
}

/// This process's pid namespace, to come back to; `None` in a jail, where it belongs to the outside: whoever leaves it
/// cannot come back.
pub(crate) fn way_back() -> Result<Option<File>, Error> {
    let own = File::open("/proc/self/ns/pid").calling("/proc/self/ns/pid")?;
    match come_back(&own) {
        Err(Errno::PERM) => Ok(None),
        other => other.map(|()| Some(own)).calling("setns"),
    }
}

fn come_back(own: &File) -> rustix::io::Result<()> {
    move_into_link_name_space(own.as_fd(), Some(LinkNameSpaceType::ProcessID))
}

/// Has the children of this process born in the pid namespace behind `init`; itself stays where it is.
fn bear_in(init: BorrowedFd<'_>) -> rustix::io::Result<()> {
    move_into_thread_name_spaces(init, ThreadNameSpaceType::PROCESS_ID)
}

/// Makes a process in the pid namespace behind `init`, or with `CLONE_NEWPID` in one inside that.
pub(crate) fn clone_into(
    init: BorrowedFd<'_>,
    namespaces: u64,
    cgroup: Option<BorrowedFd<'_>>,
) -> Result<Side, Error> {
    if namespaces & libc::CLONE_NEWPID as u64 != 0 {
        // Only a process that is in a pid namespace makes one inside it.
        return sibling(|| clone_into(init, sys::CLONE_FILES, None), namespaces, cgroup, || Ok(()));
    }
    let Some(own) = way_back()? else {
        // SAFETY: kletka's commands have one thread.
        let between = || unsafe { sys::clone3(sys::CLONE_FILES, None) }.calling("clone3");
        return sibling(between, namespaces, cgroup, || bear_in(init));
    };
    bear_in(init).map_err(|_| Error::Died)?;
    // SAFETY: kletka's commands have one thread.
    let cloned = unsafe { sys::clone3(namespaces, cgroup) };
    if matches!(cloned, Ok(Side::Child)) {
        // With CLONE_FILES it is the parent's descriptor.
        std::mem::forget(own);
        return Ok(Side::Child);
    }
    come_back(&own).calling("setns")?;
    cloned.calling("clone3")
}

/// Makes a process in the pid namespace behind `init` that works in this one's memory: [`sys::clone3_sharing`]; `back` is
/// this process's own pid namespace.
///
/// # Safety
/// As for [`sys::clone3_sharing`]. On an error no process is left that uses `stack` or `argument`.
pub(crate) unsafe fn clone_sharing(
    (init, back): (BorrowedFd<'_>, &File),
    flags: u64,
    cgroup: Option<BorrowedFd<'_>>,
    stack: &mut Stack,
    run: extern "C" fn(*mut libc::c_void) -> !,
    argument: *mut libc::c_void,
) -> Result<Child, Error> {
    // What the new process is going to say of itself holds for the memory, so it holds from its birth.
    sys::hide_from_ptrace().calling("prctl")?;
    bear_in(init).map_err(|_| Error::Died)?;
    // SAFETY: by this function's contract.
    let made = unsafe { sys::clone3_sharing(flags, cgroup, stack, run, argument) };
    let returned = come_back(back).calling("setns");
    let (pid, pidfd) = made.calling("clone3")?;
    let child = Child::new(pid, pidfd);
    if let Err(error) = returned {
        // It must not outlive its stack.
        let _ = child.signal(Signal::KILL);
        let _ = child.wait(None);
        return Err(error);
    }
    Ok(child)
}

/// Has a process that shares this one's descriptors `prepare` itself and make another child of this one. It ends then,
/// and leaves the new one's pidfd here.
fn sibling(
    between: impl FnOnce() -> Result<Side, Error>,
    namespaces: u64,
    cgroup: Option<BorrowedFd<'_>>,
    prepare: impl FnOnce() -> rustix::io::Result<()>,
) -> Result<Side, Error> {
    let (told, tell) = pipe_with(PipeFlags::CLOEXEC).calling("pipe2")?;
    let between = match between()? {
        Side::Parent { pid, pidfd } => Child::new(pid, pidfd),
        Side::Child => {
            // SAFETY: kletka's commands have one thread.
            let clone = || unsafe { sys::clone3(namespaces | sys::CLONE_PARENT, cgroup) };
            match prepare().map(|()| clone()) {
                Ok(Ok(Side::Child)) => return Ok(Side::Child),
                Ok(Ok(Side::Parent { pidfd, .. })) => {
                    let _ = write(&tell, &pidfd.into_raw_fd().to_ne_bytes());
                }
                _ => {}
            }
            sys::exit_now(0)
        }
    };
    between.wait(None).calling("waitid")?;
    drop(tell);
    let mut number = [0; 4];
    if read(&told, &mut number).calling("read")? != number.len() {
        return Err(Error::Died);
    }
    sys::adopt_pidfd(i32::from_ne_bytes(number)).map_err(|_| Error::Died)
}

/// Tells init of this process, which is inside its pid namespace but not inside its user namespace yet.
pub(crate) fn announce() -> io::Result<()> {
    sys::kill(1, ATTACHED)
}

impl Prison {
    /// Runs a command inside: jail_attach(2) and execve(2). Returns when it has been executed.
    ///
    /// # Errors
    /// [`Error::Process`] says which step failed; [`Error::Died`] that the prison is gone.
    pub fn spawn(&self, command: &Command) -> Result<Child, Error> {
        let users = self.user_namespace()?;
        let cgroup = self.open_cgroup()?;
        let entry = Entry {
            init: self.init().as_fd(),
            users: users.as_ref().map(AsFd::as_fd),
            confinement: Confinement::of(self.record().rights),
            command,
        };
        let cgroup = cgroup.as_ref().map(AsFd::as_fd);
        match (command.ready_ahead(), way_back()?) {
            (Some(ready), Some(back)) => {
                let ready = ready.map_err(|failure| command.error(&failure))?;
                entry.share_memory(&ready, &back, cgroup)
            }
            _ => entry.fork(cgroup),
        }
    }
}

/// All that a process needs which is going to enter a prison.
struct Entry<'a> {
    init: BorrowedFd<'a>,
    users: Option<BorrowedFd<'a>>,
    confinement: Confinement,
    command: &'a Command,
}

/// The same, in the memory that parent and child share.
struct Shared<'a> {
    entry: &'a Entry<'a>,
    ready: &'a Ready,
    failure: Cell<Option<Failure>>,
}

impl Entry<'_> {
    /// Enters, in the new process. Allocates nothing.
    fn enter(&self) -> Result<(), Failure> {
        enter(self.init, self.users).and_then(|()| self.confinement.apply())
    }

    /// A process that shares this one's memory until it executes: a fifth of a fork's price.
    fn share_memory(
        &self,
        ready: &Ready,
        back: &File,
        cgroup: Option<BorrowedFd<'_>>,
    ) -> Result<Child, Error> {
        extern "C" fn run(shared: *mut libc::c_void) -> ! {
            // SAFETY: it is what `share_memory` passes, and waits for the end of this function with.
            let shared = unsafe { &*shared.cast::<Shared<'_>>() };
            let entered = shared.entry.enter();
            let failed = entered.err().unwrap_or_else(|| shared.ready.execute());
            shared.failure.set(Some(failed));
            sys::exit_now(1)
        }
        let shared = Shared { entry: self, ready, failure: Cell::new(None) };
        let mut stack = Stack::new();
        let argument = (&raw const shared).cast_mut().cast();
        let flags = libc::CLONE_VFORK as u64;
        // SAFETY: `run` works on its stack, makes system calls and notes a failure; whatever it needs has been allocated.
        // This process sleeps meanwhile, so nothing is done to it by two at once, and errno is nobody's. A jail's root
        // can kill the process once it is inside, but there is nothing that it could leave half done.
        let child =
            unsafe { clone_sharing((self.init, back), flags, cgroup, &mut stack, run, argument) }?;
        match shared.failure.take() {
            None => Ok(child),
            Some(failure) => {
                let _ = child.wait(None);
                Err(self.command.error(&failure))
            }
        }
    }

    /// A process that is free to read files and to allocate: its user is looked up in the jail, with the
    /// jail's rights.
    fn fork(&self, cgroup: Option<BorrowedFd<'_>>) -> Result<Child, Error> {
        let line = Reporting::new()?;
        let child = fork_into(self.init, cgroup, || {
            let failure = self.enter().err().unwrap_or_else(|| self.command.execute());
            report(line.child.as_fd(), &failure);
        })?;
        drop(line.child);
        executed_or_collected(child, &line.parent, self.command)
    }
}

impl Prison {
    /// Its user namespace, if it has one: the owner of its host name, as init lives in another one.
    fn user_namespace(&self) -> Result<Option<OwnedFd>, Error> {
        if self.record().rights.users == Users::Host {
            return Ok(None);
        }
        let names = sys::namespace(self.init().as_fd(), Namespace::Uts).map_err(|_| Error::Died)?;
        sys::owner(names.as_fd()).calling("NS_GET_USERNS").map(Some)
    }
}

/// Waits for the execution, in the parent; a child that could not execute is collected.
pub(crate) fn executed_or_collected(
    child: Child,
    report: &OwnedFd,
    command: &Command,
) -> Result<Child, Error> {
    match executed(report, command) {
        Ok(()) => Ok(child),
        Err(error) => {
            let _ = child.wait(None);
            Err(error)
        }
    }
}

/// Joins the prison's namespaces, the user namespace last, and becomes its root.
fn enter(init: BorrowedFd<'_>, users: Option<BorrowedFd<'_>>) -> Result<(), Failure> {
    let namespaces = |error: io::Error| Step::Namespaces.failed(error);
    sys::hide_from_ptrace().map_err(namespaces)?;
    announce().map_err(namespaces)?;
    let all = ThreadNameSpaceType::MOUNT
        | ThreadNameSpaceType::NETWORK
        | ThreadNameSpaceType::HOST_NAME_AND_NIS_DOMAIN_NAME
        | ThreadNameSpaceType::INTER_PROCESS_COMMUNICATION
        | ThreadNameSpaceType::CONTROL_GROUP;
    move_into_thread_name_spaces(init, all).map_err(|error| namespaces(error.into()))?;
    if let Some(users) = users {
        move_into_link_name_space(users, Some(LinkNameSpaceType::User))
            .map_err(|error| namespaces(error.into()))?;
    }
    become_root().map_err(|error| Step::Ids.failed(error))
}
