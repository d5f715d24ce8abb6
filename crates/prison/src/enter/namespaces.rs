//! The namespaces that belong to a jail's own user namespace. A process makes them that does
//! nothing else.
//!
//! A network namespace takes the kernel longer (0.4 ms) than everything else in a jail. So that
//! work begins first, on another processor, while the registry is written, the trees are cloned and
//! init is born; the jail's first process then only joins. The maker shares this process's memory
//! and lives until [`Maker`] is dropped.
//!
//! The kernel counts what is used in a user namespace (inotify instances, queued signals, message
//! queues) for whoever has made that namespace. So the maker takes the host's id of the jail's root
//! first: made by root, the namespaces of all jails would share root's own limits with the host.

use crate::confine::ids::Ids;
use crate::error::{Calling, Error};
use crate::spec::{Network, Spec, Users};
use crate::vnet;
use kernel::child::Child;
use kernel::descriptor::Inherited;
use kernel::interface;
use kernel::namespace::{self, Namespace};
use kernel::process::{Stack, Work, clone3_sharing, exit_now};
use rustix::event::{PollFd, PollFlags, poll};
use rustix::fs::{Mode, OFlags, open};
use rustix::io::{Errno, read, write};
use rustix::pipe::{PipeFlags, pipe_with};
use rustix::process::{Pid, PidfdFlags, Signal, getpid, getppid, pidfd_open};
use rustix::system::{setdomainname, sethostname};
use rustix::thread::{ThreadNameSpaceType, move_into_thread_name_spaces};
use std::io;
use std::os::fd::{AsFd, OwnedFd};
use std::os::unix::ffi::OsStrExt;
use std::sync::atomic::{AtomicI32, Ordering};

/// The process that makes the namespaces, and keeps them until another process is in them.
pub(crate) struct Maker {
    process: Child,
    /// Becomes readable when the process has done its work.
    done: OwnedFd,
    task: Box<Task>,
    _stack: Stack,
}

/// What the maker does, and how it went.
struct Task {
    /// CLONE_NEW* flags.
    namespaces: i32,
    /// Those of them that the caller's user namespace owns.
    of_caller: i32,
    /// Whose namespaces these are; `None`: the caller's.
    owner: Option<Ids>,
    hostname: Vec<u8>,
    domainname: Vec<u8>,
    loopback: bool,
    parent: Pid,
    /// The pipe on which the maker says that the work is done; the parent's copy of this end is
    /// closed.
    done: Inherited,
    /// Errno of unshare(2), and of the steps after it; 0 when all went well.
    unshared: AtomicI32,
    named: AtomicI32,
}

impl Maker {
    /// Begins to make what `spec` asks for, in the name of the jail's root, who has the first of
    /// `ids` on the host.
    #[expect(unsafe_code, reason = "what a process does in shared memory is known here alone")]
    pub(crate) fn start(spec: &Spec, ids: Ids) -> Result<Self, Error> {
        let (done, says_so) = pipe_with(PipeFlags::CLOEXEC).calling("pipe2")?;
        let optional = [
            (spec.network != Network::Host, libc::CLONE_NEWNET),
            (!spec.ipc.is_inherited, libc::CLONE_NEWIPC),
            (spec.users != Users::Host, libc::CLONE_NEWUSER),
        ];
        let wanted = optional.into_iter().filter(|(wanted, _)| *wanted);
        let namespaces = wanted.fold(libc::CLONE_NEWUTS, |all, (_, flag)| all | flag);
        let task = Box::new(Task {
            namespaces,
            of_caller: if spec.network == Network::Carried { libc::CLONE_NEWNET } else { 0 },
            owner: (spec.users == Users::Own).then_some(ids),
            hostname: spec.hostname.as_bytes().to_owned(),
            domainname: spec.domainname.as_bytes().to_owned(),
            loopback: spec.network == Network::Own,
            parent: getpid(),
            // A copy in the maker alone: with the parent's own end open, its death would go
            // unnoticed.
            done: Inherited::of(&says_so),
            unshared: AtomicI32::new(0),
            named: AtomicI32::new(0),
        });
        // Without CLONE_VFORK: both work at the same time, which is the point.
        let mut stack = Stack::new().calling("mmap")?;
        // SAFETY: `work` makes system calls without libc, so it touches no errno, and allocates
        // nothing; what it reads stays as it is, what it writes is atomic. Dropping the `Maker`
        // ends the process before its stack and task are freed.
        let made = unsafe { clone3_sharing(0, None, &mut stack, &*task) };
        let (pid, pidfd) = made.calling("clone3")?;
        Ok(Self { process: Child::new(pid, pidfd), done, task, _stack: stack })
    }

    /// Waits until all is made, and maps the jail's ids in its user namespace. Answers that
    /// namespace if files are to be shown under these ids.
    pub(crate) fn finish(&self, ids: Ids, users: Users) -> Result<Option<OwnedFd>, Error> {
        let done = loop {
            match read(&self.done, &mut [0]) {
                Err(Errno::INTR) => {}
                done => break done.calling("read")?,
            }
        };
        // The pipe has closed without a word: somebody has killed the maker.
        if done == 0 {
            return Err(Error::Died);
        }
        let errno = |from: &AtomicI32| match from.load(Ordering::Acquire) {
            0 => Ok(()),
            errno => Err(io::Error::from_raw_os_error(errno)),
        };
        errno(&self.task.unshared).map_err(no_namespaces)?;
        errno(&self.task.named).calling("host.hostname")?;
        if users == Users::Host {
            return Ok(None);
        }
        // By the parent: a process inside may map no id of the host but its own.
        ids.write_maps(self.process.pid()).calling("uid_map")?;
        if users == Users::Outer {
            return Ok(None);
        }
        let users = namespace::of_process(self.process.as_fd(), Namespace::User);
        users.calling("PIDFD_GET_USER_NAMESPACE").map(Some)
    }

    /// The network namespace, once it is made.
    pub(crate) fn network(&self) -> Result<OwnedFd, Error> {
        namespace::of_process(self.process.as_fd(), Namespace::Net).map_err(|_| Error::Died)
    }

    /// The way into these namespaces.
    pub(crate) fn joining(&self) -> Joining {
        let namespaces = ThreadNameSpaceType::from_bits_retain(self.task.namespaces as u32);
        Joining { maker: Inherited::of(&self.process), namespaces }
    }
}

/// The way into the namespaces of a [`Maker`] that lives.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Joining {
    /// The maker's pidfd, as a process has it that is made later.
    maker: Inherited,
    namespaces: ThreadNameSpaceType,
}

impl Joining {
    /// Moves the calling process, which has the host's rights, into these namespaces, by one
    /// setns(2).
    pub(crate) fn join(self) -> io::Result<()> {
        Ok(move_into_thread_name_spaces(self.maker.as_fd(), self.namespaces)?)
    }
}

impl Drop for Maker {
    fn drop(&mut self) {
        // The maker works in memory that is about to be freed: it has to be gone.
        let _ = self.process.signal(Signal::KILL);
        let _ = self.process.wait(None);
    }
}

impl Work for Task {
    fn work(&self) -> ! {
        let (outcome, place) = match self.unshare() {
            Ok(()) => (self.set_names(), &self.named),
            failed => (failed, &self.unshared),
        };
        if let Err(error) = outcome {
            place.store(error.raw_os_error().unwrap_or(libc::EINVAL), Ordering::Release);
        }
        // Only now: a reader takes the errors that were stored before for all there are.
        let _ = write(self.done, b"d");
        self.wait_for_parents_end();
        exit_now(0)
    }
}

impl Task {
    fn unshare(&self) -> io::Result<()> {
        if self.of_caller != 0 {
            namespace::unshare(self.of_caller)?;
        }
        if let Some(ids) = self.owner {
            ids.become_owner()?;
        }
        namespace::unshare(self.namespaces & !self.of_caller)
    }

    /// Sets host name, domain name and loopback, which belong to the namespaces just made.
    fn set_names(&self) -> io::Result<()> {
        sethostname(&self.hostname)?;
        setdomainname(&self.domainname)?;
        if self.loopback {
            interface::loopback_up(vnet::ioctl_socket()?.as_fd())?;
            tell_neighbours();
        }
        Ok(())
    }

    /// Sleeps until the parent kills this process, or has died without doing so.
    fn wait_for_parents_end(&self) {
        let Ok(parent) = pidfd_open(self.parent, PidfdFlags::empty()) else { return };
        // A parent that died before pidfd_open(2) is not this process's parent any more: the pidfd
        // may be another process's.
        if getppid() == Some(self.parent) {
            let mut fds = [PollFd::from_borrowed_fd(parent.as_fd(), PollFlags::IN)];
            while poll(&mut fds, None) == Err(Errno::INTR) {}
        }
    }
}

/// Has interfaces of the network namespace say their addresses when they come up or get another
/// link-level address, as FreeBSD's do: else neighbours go on sending to the old one for a while.
fn tell_neighbours() {
    // Nothing is allocated: this process has its parent's memory.
    for file in
        [c"/proc/sys/net/ipv4/conf/all/arp_notify", c"/proc/sys/net/ipv6/conf/all/ndisc_notify"]
    {
        // A kernel without IPv6 lacks the second, and inside a jail /proc/sys may be read-only:
        // neighbours then find out by themselves, later.
        let Ok(file) = open(file, OFlags::WRONLY | OFlags::CLOEXEC, Mode::empty()) else {
            continue;
        };
        let _ = write(&file, b"1");
    }
}

/// Explains a failure of unshare(2): most likely there are no user namespaces.
fn no_namespaces(error: io::Error) -> Error {
    match error.raw_os_error() {
        Some(libc::EINVAL | libc::ENOSPC | libc::EPERM) => Error::NoUserNamespaces(error),
        _ => Error::Call("unshare", error),
    }
}
