//! Putting a process into a prison, jail_attach(2), and reporting to its parent.
//!
//! The new process is the caller's child, born in the prison's pid namespace and cgroup. The
//! process announces itself to init with the host's rights, joins the other namespaces, and
//! executes.

use crate::cgroup::legacy::Groups;
use crate::control::ATTACHED;
use crate::enter::copy::{self, ByCopy};
use crate::enter::delegate::Way;
use crate::enter::process::{Command, Confinement, Failure, Ready, Step, Streams, become_root};
use crate::enter::streams;
use crate::enter::terminal::host::HostTerminal;
use crate::error::{Calling, Error};
use crate::prison::Prison;
use crate::registry::inside::Outer;
use crate::spec::Users;
use crate::tie::{Life, Tying, way_to_init};
use kernel::birth::{self, Home};
use kernel::child::Child;
use kernel::descriptor::Inherited;
use kernel::namespace::{self, Namespace};
use kernel::process::{Side, Stack, Work, exit_now};
use kernel::{confine, signal};
use rustix::io::{Errno, read, write};
use rustix::pipe::{PipeFlags, pipe_with};
use rustix::thread::{
    LinkNameSpaceType, ThreadNameSpaceType, move_into_link_name_space, move_into_thread_name_spaces,
};
use std::cell::Cell;
use std::io;
use std::os::fd::{AsFd, BorrowedFd, OwnedFd};

/// The pipe on which a new process reports why it could not execute. Execution closes it.
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

/// Reports to the parent, and ends this process.
pub(crate) fn report(to: BorrowedFd<'_>, failure: &Failure) -> ! {
    let _ = write(to, &failure.in_short());
    exit_now(1)
}

/// Waits for the new process to execute, or to report why it could not.
pub(crate) fn executed(report: &OwnedFd, command: &Command) -> Result<(), Error> {
    let mut bytes = [0; 8];
    let length = loop {
        match read(report, &mut bytes) {
            Err(Errno::INTR) => {}
            answer => break answer.calling("read")?,
        }
    };
    match Failure::parse(&bytes[..length]) {
        None => Ok(()),
        Some((failure, _)) => Err(command.error(&failure)),
    }
}

/// Makes a process in the pid namespace behind `init` and in `cgroup`; the child runs `inside` and
/// ends.
pub(crate) fn fork_into(
    init: BorrowedFd<'_>,
    cgroup: Option<BorrowedFd<'_>>,
    inside: impl FnOnce(),
) -> Result<Child, Error> {
    match birth::copy(init, 0, cgroup)? {
        Side::Parent { pid, pidfd } => Ok(Child::new(pid, pidfd)),
        Side::Child => {
            inside();
            exit_now(1)
        }
    }
}

/// Announces this process to init. It is in the pid namespace but not in the jail's user namespace
/// yet, which has no right to signal init.
pub(crate) fn announce() -> io::Result<()> {
    signal::kill(1, ATTACHED)
}

impl Prison {
    /// Runs a command inside: jail_attach(2) and execve(2). Returns when the command has been
    /// executed. On a terminal, the child is a process that stands for the command.
    ///
    /// # Errors
    /// [`Error::Process`] says which step failed; [`Error::Died`]: the prison is gone;
    /// [`Error::Directory`].
    pub fn spawn(&self, command: &Command) -> Result<Child, Error> {
        let given = streams::given(command)?;
        match HostTerminal::of(given.terminals) {
            Some(host) => self.run_beside(command, &given, host),
            None if command.background => self.enter(command, given.streams, false),
            None => self.enter(command, given.streams, false).map(Child::with_keys),
        }
    }

    /// Runs a command inside with these standard streams, among which is no terminal. The command
    /// that `ends_with_this` process is killed when this process ends before it.
    pub(crate) fn enter(
        &self,
        command: &Command,
        streams: Streams,
        ends_with_this: bool,
    ) -> Result<Child, Error> {
        if let Some(way) = Way::of(self)? {
            return way.spawn(command, streams, ends_with_this);
        }
        let users = self.user_namespace()?;
        let (cgroup, groups) = (self.open_cgroup()?, self.open_groups()?);
        let life = ends_with_this.then(|| Life::of_this_process(self)).flatten();
        let entry = Entry::new(self, users.as_ref(), &groups, command);
        let entry = if ends_with_this { entry.ending_with(life.as_ref()) } else { entry };
        let cgroup = cgroup.as_ref().map(AsFd::as_fd);
        let copy = self.copy()?;
        match (command.ready_ahead(streams), Home::find()?) {
            (Some(ready), Some(home)) if copy.is_none() => {
                let ready = ready.map_err(|failure| command.error(&failure))?;
                entry.share_memory(&ready, &home, cgroup)
            }
            _ => entry.fork(cgroup, streams, copy.as_ref()),
        }
    }
}

/// What a new process does before it becomes a command. Nothing of this allocates.
pub(crate) trait Entering {
    /// Joins the prison's namespaces as its root.
    fn join(&self) -> Result<(), Failure>;

    /// Gives up rights.
    fn confine(&self) -> Result<(), Failure>;
}

/// All that a process needs to enter a prison from outside.
pub(crate) struct Entry<'a> {
    init: BorrowedFd<'a>,
    users: Option<BorrowedFd<'a>>,
    groups: &'a Groups,
    confinement: Confinement,
    command: &'a Command,
    /// The door of an init that answers calls of the new process.
    _door: Option<OwnedFd>,
    /// The caller's life, with which the new process is to end.
    life: Option<Ending>,
}

/// How a new process ends with its caller.
#[derive(Debug, Clone, Copy)]
enum Ending {
    ByInit(Tying),
    /// As far as the kernel remembers it.
    ByKernel,
}

impl Entering for Entry<'_> {
    fn join(&self) -> Result<(), Failure> {
        enter(self.init, self.users, self.groups)
    }

    fn confine(&self) -> Result<(), Failure> {
        self.confinement.apply()
    }
}

/// The same, and the outcome, in memory that parent and child share.
struct Shared<'a> {
    entry: &'a Entry<'a>,
    ready: &'a Ready,
    failure: Cell<Option<Failure>>,
}

impl Work for Shared<'_> {
    fn work(&self) -> ! {
        let entered = self.entry.enter();
        let failed = entered.err().unwrap_or_else(|| self.ready.execute());
        self.failure.set(Some(failed));
        exit_now(1)
    }
}

impl<'a> Entry<'a> {
    /// The way into `prison`, whose user namespace is `users`, and whose groups in cgroup v1 are
    /// `groups`.
    pub(crate) fn new(
        prison: &'a Prison,
        users: Option<&'a OwnedFd>,
        groups: &'a Groups,
        command: &'a Command,
    ) -> Self {
        let rights = prison.record().rights;
        let door = rights.has_listener().then(|| way_to_init(prison)).flatten();
        let confinement = Confinement::of_outsider(rights);
        let confinement = match &door {
            Some(door) => confinement.heard_at(Inherited::of(door)),
            None => confinement,
        };
        Self {
            init: prison.init().as_fd(),
            users: users.map(AsFd::as_fd),
            groups,
            confinement,
            command,
            _door: door,
            life: None,
        }
    }

    /// The same way, for a process that ends when this one does.
    fn ending_with(self, life: Option<&Life>) -> Self {
        let life = life.map_or(Ending::ByKernel, |life| Ending::ByInit(life.tying()));
        Self { life: Some(life), ..self }
    }

    /// Enters and gives up rights, in the new process. Allocates nothing.
    pub(crate) fn enter(&self) -> Result<(), Failure> {
        let tied = match self.life {
            Some(Ending::ByInit(tying)) => tying.tie().is_ok(),
            Some(Ending::ByKernel) => false,
            None => true,
        };
        self.join()?;
        if !tied {
            let _ = confine::die_with_parent();
        }
        self.confine()
    }

    /// Makes a process that shares this one's memory until it executes: a fifth of a fork's price.
    #[expect(unsafe_code, reason = "what a process does in shared memory is known here alone")]
    fn share_memory(
        &self,
        ready: &Ready,
        home: &Home,
        cgroup: Option<BorrowedFd<'_>>,
    ) -> Result<Child, Error> {
        let shared = Shared { entry: self, ready, failure: Cell::new(None) };
        let mut stack = Stack::new().calling("mmap")?;
        // This process sleeps until the other executes: it would only wait for that anyway.
        let flags = libc::CLONE_VFORK as u64;
        // SAFETY: `work` works on its stack, makes system calls and notes a failure; whatever it
        // needs has been allocated. This process sleeps meanwhile, so nothing is changed by two at
        // once, and errno is nobody's. A jail's root can kill the process once it is inside, but
        // the process leaves nothing half done.
        let child =
            unsafe { birth::sharing((self.init, home), flags, cgroup, &mut stack, &shared) }?;
        match shared.failure.take() {
            None => Ok(child),
            Some(failure) => {
                let _ = child.wait(None);
                Err(self.command.error(&failure))
            }
        }
    }

    /// Makes a process that is free to read files and to allocate: the process looks its user up in
    /// the jail, with the jail's rights.
    fn fork(
        &self,
        cgroup: Option<BorrowedFd<'_>>,
        streams: Streams,
        copy: Option<&OwnedFd>,
    ) -> Result<Child, Error> {
        let line = Reporting::new()?;
        let by = copy.map(|copy| ByCopy::new(copy, Inherited::of(&line.child)));
        let child = fork_into(self.init, cgroup, || {
            let failure = self.enter().err().unwrap_or_else(|| self.command.execute(streams, by));
            report(line.child.as_fd(), &failure);
        })?;
        drop(line.child);
        executed_or_collected(child, &line.parent, self.command)
    }
}

impl Prison {
    /// What a process executes first that enters this prison, where that is not the command.
    pub(crate) fn copy(&self) -> Result<Option<OwnedFd>, Error> {
        let needs_one = self.record().rights.users == Users::Host;
        needs_one.then(copy::of_this_program).transpose().calling("/proc/self/exe")
    }

    /// Opens the prison's user namespace, if it has one. Init lives in another, so the owner of its
    /// host name's namespace is asked for.
    ///
    /// Of a prison that a jail has made, all namespaces are looked at anew: whatever its record
    /// says, no process may end up outside of that jail, or with the caller's users.
    pub(crate) fn user_namespace(&self) -> Result<Option<OwnedFd>, Error> {
        let record = self.record();
        if let Some(outer) = record.outer {
            let outer = Outer::of(outer).ok_or(Error::Died)?;
            let users = outer.users_of(self.init().as_fd());
            return users.map_err(|_| Error::NotInside(record.name.clone()));
        }
        if record.rights.users == Users::Host {
            return Ok(None);
        }
        let names =
            namespace::of_process(self.init().as_fd(), Namespace::Uts).map_err(|_| Error::Died)?;
        namespace::owner(names.as_fd()).calling("NS_GET_USERNS").map(Some)
    }
}

/// Waits for the execution, in the parent. A child that could not execute is collected:
/// uncollected, it would keep the prison from ending.
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

/// Joins the prison's groups and namespaces, and becomes its root.
fn enter(
    init: BorrowedFd<'_>,
    users: Option<BorrowedFd<'_>>,
    groups: &Groups,
) -> Result<(), Failure> {
    let namespaces = |error: io::Error| Step::Namespaces.failed(error);
    // Before anything else: the jail's processes could trace this one, which still has the host's
    // rights, and use its descriptors.
    confine::hide_from_ptrace().map_err(namespaces)?;
    groups.enter().map_err(namespaces)?;
    // Init ends with its last process: it has to know of this one before that can happen.
    announce().map_err(namespaces)?;
    // Not the user namespace: init's is the host's, so the jail's is joined by a descriptor of its
    // own.
    let all = ThreadNameSpaceType::MOUNT
        | ThreadNameSpaceType::NETWORK
        | ThreadNameSpaceType::HOST_NAME_AND_NIS_DOMAIN_NAME
        | ThreadNameSpaceType::INTER_PROCESS_COMMUNICATION
        | ThreadNameSpaceType::CONTROL_GROUP;
    move_into_thread_name_spaces(init, all).map_err(|error| namespaces(error.into()))?;
    // Last: with the jail's rights, namespaces that the host owns could not be joined.
    if let Some(users) = users {
        move_into_link_name_space(users, Some(LinkNameSpaceType::User))
            .map_err(|error| namespaces(error.into()))?;
    }
    become_root().map_err(|error| Step::Ids.failed(error))
}
