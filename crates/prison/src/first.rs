//! The jail's first process: a child of the command that makes the prison, born
//! in init's pid namespace.
//!
//! The process joins the namespaces that the [`Maker`] has made, gives up what the jail does not
//! allow while init builds, and waits to become the first command that runs in the jail. Like the
//! maker, this process works in the memory of the command, on a stack of its own: to copy a process
//! costs more than all that this one does. So the process only makes system calls, and allocates
//! nothing.

use crate::cgroup::legacy::{self, Groups};
use crate::control;
use crate::enter::attach::{Reporting, announce, executed_or_collected, fork_into, report};
use crate::enter::copy::ByCopy;
use crate::enter::namespaces::{Joining, Maker};
use crate::enter::process::{Command, Confinement, Ready, Step, Streams, become_root};
use crate::error::{Calling, Error};
use crate::prison::Prison;
use kernel::birth::{self, Home};
use kernel::child::Child;
use kernel::descriptor::Inherited;
use kernel::process::{Stack, Work, exit_now};
use kernel::{confine, namespace};
use rustix::io::{Errno, read, write};
use rustix::pipe::{PipeFlags, pipe_with};
use rustix::thread::{ThreadNameSpaceType, move_into_thread_name_spaces};
use std::io;
use std::os::fd::{AsFd, BorrowedFd, OwnedFd};

/// The jail's first process, which waits to execute the command that it was made for. When this
/// value is dropped, the process ends.
#[derive(Debug)]
pub struct Waiting {
    child: Option<Child>,
    /// A byte written here lets the process continue; closing the pipe ends it.
    go: Option<OwnedFd>,
    line: OwnedFd,
    /// The process's stack, and what it reads: both stay until it has ended or executed.
    _memory: Option<(Stack, Box<Task>)>,
}

impl Waiting {
    /// Lets the process execute `command`, which it was made with. Returns when that has happened.
    ///
    /// # Errors
    /// [`Error::Process`] says which step failed.
    pub fn go(mut self, command: &Command) -> Result<Child, Error> {
        let (Some(go), Some(child)) = (self.go.take(), self.child.take()) else {
            return Err(Error::Died);
        };
        // A process that has died reports no error, and looks executed here; but then the prison
        // has died too, which is noticed next.
        let _ = write(&go, b"g");
        let child = executed_or_collected(child, &self.line, command)?;
        Ok(if command.background { child } else { child.with_keys() })
    }
}

impl Drop for Waiting {
    fn drop(&mut self) {
        self.go = None;
        if let Some(child) = self.child.take() {
            // Until a process is collected, its pid namespace cannot end, nor can init.
            let _ = child.wait(None);
        }
    }
}

/// Where the first process is made.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Place<'a> {
    /// The prison's directory in the tree of cgroup v2.
    pub(crate) cgroup: Option<BorrowedFd<'a>>,
    pub(crate) groups: &'a Groups,
    /// The prison that the new one is in.
    pub(crate) outer: Option<&'a Prison>,
    /// The kinds of namespaces of which the new prison has none of its own.
    pub(crate) shared: ThreadNameSpaceType,
    /// The outer end of the line to the prison's init.
    pub(crate) door: BorrowedFd<'a>,
}

/// The first process, while the prison is being made.
pub(crate) struct First {
    waiting: Waiting,
    /// Where the process says how far it is: an errno for each thing done.
    said: OwnedFd,
}

impl First {
    /// Makes the process in `prison`; it begins to join the namespaces of `maker`.
    pub(crate) fn start(
        prison: &Prison,
        maker: &Maker,
        command: Option<(&Command, Streams)>,
        Place { cgroup, groups, outer, shared, door }: Place<'_>,
    ) -> Result<Self, Error> {
        let hold = prison.hold.as_ref().ok_or(Error::Died)?;
        let line = Reporting::new()?;
        let (told, go) = pipe_with(PipeFlags::CLOEXEC).calling("pipe2")?;
        let (said, says) = pipe_with(PipeFlags::CLOEXEC).calling("pipe2")?;
        let rights = prison.record.rights;
        // What the new process has from the caller is outside of `outer`.
        let outer = outer.filter(|_| !shared.is_empty());
        // The process itself looks up a user that only the jail's files know. For that it must be
        // free to allocate, and gets memory of its own.
        let looks_up = command.is_some_and(|(command, _)| command.is_looked_up_inside());
        let copy = prison.copy()?;
        let by = copy.as_ref().map(|copy| ByCopy::new(copy, Inherited::of(&line.child)));
        let ready = command
            .filter(|_| !looks_up)
            .map(|(it, streams)| it.ready(streams, by).map_err(|failure| it.error(&failure)));
        let task = Box::new(Task {
            init: Inherited::of(&prison.init),
            outer: outer.map(|outer| (Inherited::of(&outer.init), shared)),
            groups: groups.inherited(),
            joining: maker.joining(),
            // With copies of these ends, the process would never see its parent close them.
            parents: [hold, &go, &said].map(Inherited::of),
            told: Inherited::of(&told),
            says: Inherited::of(&says),
            line: Inherited::of(&line.child),
            mounts: rights.mounts_itself(),
            confinement: Confinement::of(rights).heard_at(Inherited::of(door)),
            ready: ready.transpose()?,
            by,
        });
        let init = prison.init.as_fd();
        // In a jail a process in between has to make the new one, which then shares no memory with
        // this one.
        let (child, memory) = match Home::find()? {
            Some(home) if !looks_up => {
                let (child, stack) = share_memory(&task, init, &home, cgroup)?;
                (child, Some((stack, task)))
            }
            _ => (fork_into(init, cgroup, || task.run(command))?, None),
        };
        let waiting =
            Waiting { child: Some(child), go: Some(go), line: line.parent, _memory: memory };
        Ok(Self { waiting, said })
    }

    /// Waits until the process is in its namespaces.
    pub(crate) fn has_joined(&self) -> Result<(), Error> {
        self.hear()?.calling("setns")
    }

    /// Has the process make a mount namespace for the jail to mount in.
    pub(crate) fn unshare_mounts(&self) -> Result<(), Error> {
        let go = self.waiting.go.as_ref().ok_or(Error::Died)?;
        write(go, b"m").map_err(|_| Error::Died)?;
        self.hear()?.calling("unshare")
    }

    /// Ends the making: what is left is a process that waits.
    pub(crate) fn into_waiting(self) -> Waiting {
        self.waiting
    }

    /// Waits for the process to say how something went.
    fn hear(&self) -> Result<io::Result<()>, Error> {
        let mut errno = [0; 4];
        if read(&self.said, &mut errno).calling("read")? != errno.len() {
            return Err(Error::Died);
        }
        Ok(control::outcome(errno))
    }
}

/// Makes the process in the caller's memory.
#[expect(unsafe_code, reason = "what a process does in shared memory is known here alone")]
fn share_memory(
    task: &Task,
    init: BorrowedFd<'_>,
    home: &Home,
    cgroup: Option<BorrowedFd<'_>>,
) -> Result<(Child, Stack), Error> {
    let mut stack = Stack::new().calling("mmap")?;
    // SAFETY: `work` makes system calls without libc, so it touches no errno, and allocates
    // nothing; what it reads stays as it is. `Waiting` keeps the stack and the task until the
    // process has executed or ended. A jail's root could kill the process, were there another one
    // inside already: nothing would be left half done.
    let child = unsafe { birth::sharing((init, home), 0, cgroup, &mut stack, task) }?;
    Ok((child, stack))
}

/// The process's work, and all that this needs.
#[derive(Debug)]
struct Task {
    init: Inherited,
    /// A process some of whose namespaces this one joins.
    outer: Option<(Inherited, ThreadNameSpaceType)>,
    /// The prison's groups in cgroup v1.
    groups: Vec<Inherited>,
    joining: Joining,
    /// Ends of pipes that belong to the parent, which waits for their closing.
    parents: [Inherited; 3],
    told: Inherited,
    says: Inherited,
    line: Inherited,
    /// The jail mounts in a namespace of its own.
    mounts: bool,
    confinement: Confinement,
    /// What the process executes.
    ready: Option<Ready>,
    by: Option<ByCopy>,
}

impl Work for Task {
    fn work(&self) -> ! {
        self.run(None)
    }
}

impl Task {
    /// Runs the process's whole life. With `command`, the process has memory of its own, and looks
    /// up the user who is to run that command.
    fn run(&self, command: Option<(&Command, Streams)>) -> ! {
        let joined = self.join();
        let is_in = joined.is_ok();
        self.say(joined);
        if !is_in {
            exit_now(1);
        }
        self.parents.into_iter().for_each(Inherited::close);
        let is_root = become_root().map_err(|error| Step::Ids.failed(error));
        if self.mounts {
            // Not before init has built: the kernel locks what the copied namespace has at this
            // moment, and nothing that is mounted later.
            self.wait_for_word();
            self.say(namespace::unshare(libc::CLONE_NEWNS));
        }
        // While init builds: keyring, capabilities and filter need the jail's ids and nothing else.
        let confined = is_root.and_then(|()| self.confinement.apply());
        self.wait_for_word();
        let failure = match (confined, &self.ready, command) {
            (Err(failure), ..) => failure,
            (_, Some(ready), _) => ready.execute(),
            (_, _, Some((command, streams))) => command.execute(streams, self.by),
            _ => exit_now(0),
        };
        report(self.line.as_fd(), &failure)
    }

    /// Joins init's mount namespace and announces itself while the host's rights last, then joins
    /// the jail's own namespaces.
    fn join(&self) -> io::Result<()> {
        // First: once inside, the jail's processes could otherwise trace one that still has the
        // host's rights.
        confine::hide_from_ptrace()?;
        // Before the cgroup namespace is made, whose root these groups become.
        self.groups.iter().try_for_each(legacy::enter)?;
        move_into_thread_name_spaces(self.init.as_fd(), ThreadNameSpaceType::MOUNT)?;
        if let Some((outer, shared)) = &self.outer {
            move_into_thread_name_spaces(outer.as_fd(), *shared)?;
        }
        // The jail's user namespace has no right to signal init, which has the host's ids.
        announce()?;
        // The new cgroup namespace has the jail's cgroup, in which this process was born, as its
        // root, and the user namespace of this moment as its owner, whose root may mount cgroups.
        // Of version 1 these are also the host's: a jail that may mount does not own its own.
        if self.mounts {
            namespace::unshare(libc::CLONE_NEWCGROUP)?;
            return self.joining.join();
        }
        self.joining.join()?;
        namespace::unshare(libc::CLONE_NEWCGROUP)
    }

    /// Tells the command that makes the prison how a step went; 0 is success.
    fn say(&self, outcome: io::Result<()>) {
        let _ = write(self.says, &control::told(outcome));
    }

    /// Waits to be told to continue. Ends the process when there is nothing to run, or the command
    /// that makes the jail has died.
    fn wait_for_word(&self) {
        let mut byte = [0];
        loop {
            match read(self.told, &mut byte) {
                Ok(1) => return,
                Err(Errno::INTR) => {}
                _ => exit_now(0),
            }
        }
    }
}
