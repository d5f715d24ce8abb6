//! PID 1 of a prison: it builds the prison's file system, then waits until the prison ends.
//!
//! Init lives in the host's user namespace and in the jail's other ones, so that nothing inside can
//! signal, trace or read it. It executes nothing and parses nothing. It is told things by signals with
//! a number, which only the host's root can send: [`ATTACHED`] and the others below. Without
//! `persist` it ends with the last process; either way it first gives the interfaces that came from
//! the host back, because a network namespace that dies takes a veth and its other end with it.

use crate::error::Error;
use crate::sys::{self, Caught};
use crate::tree::{Tree, file_system};
use crate::vnet;
use rustix::event::{PollFd, PollFlags, poll};
use rustix::fs::{CWD, Mode, OFlags, ResolveFlags, open, openat2};
use rustix::io::Errno;
use rustix::mount::{
    MountPropagationFlags, MoveMountFlags, OpenTreeFlags, UnmountFlags, mount_change, move_mount,
    open_tree, unmount,
};
use rustix::net::{
    AddressFamily, RecvFlags, SendFlags, SocketFlags, SocketType, recv, send, socketpair,
};
use rustix::process::{
    Pid, PidfdFlags, WaitId, WaitIdOptions, fchdir, pidfd_open, pivot_root, setsid, umask, waitid,
};
use rustix::system::sethostname;
use rustix::thread::{ThreadNameSpaceType, move_into_thread_name_spaces, set_name};
use std::ffi::OsString;
use std::io;
use std::os::fd::{AsFd, AsRawFd, BorrowedFd, OwnedFd};
use std::os::unix::ffi::OsStrExt;
use std::path::Path;

/// The sender is a process that was put into the prison, and is none of init's children.
pub(crate) const ATTACHED: i32 = 40;
/// The interface with this index came from the host.
pub(crate) const INTERFACE: i32 = 41;
/// SIGTERM to all processes; the prison ends with the last of them.
pub(crate) const TERMINATE: i32 = 42;
/// SIGKILL to all processes, and the end.
pub(crate) const REMOVE: i32 = 43;

/// Files of /proc that tell of the host or act on it: shown empty.
const MASKED: [&str; 5] = ["kcore", "keys", "sysrq-trigger", "timer_list", "kallsyms"];

/// What init builds; made complete before it is born.
pub(crate) struct Plan {
    pub(crate) name: String,
    pub(crate) root: Tree,
    pub(crate) trees: Vec<Tree>,
    pub(crate) hostname: OsString,
    pub(crate) domainname: OsString,
    pub(crate) loopback: bool,
    pub(crate) own_network: bool,
    pub(crate) persist: bool,
}

/// A report of init's to the command that makes the prison.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct Report {
    /// One of [`Stage`], as a number.
    stage: u32,
    /// Which of the plan's trees, for the stages about one.
    index: u32,
    errno: i32,
}

/// How far init has come.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
#[repr(u32)]
enum Stage {
    Up,
    Root,
    Kernel,
    Place,
    Mount,
    Namespaces,
    Names,
}

/// What a stage failed with; the index is the tree's, where there is one.
struct Failed(Stage, u32, io::Error);

/// The command's words to init, in this order.
pub(crate) mod word {
    /// Ids and mounts are ready: build.
    pub(crate) const BUILD: u8 = b'b';
    /// The prison is in the registry. When the line closes before, init ends: nobody would find it.
    pub(crate) const RECORDED: u8 = b'r';
    /// The start is over; answered if the prison goes on.
    pub(crate) const SETTLE: u8 = b's';
}

/// The two ends of the line between the command that makes a prison and its init. While the command
/// holds its end, the prison lives on without processes; when it closes, init is on its own.
pub(crate) fn control() -> io::Result<(OwnedFd, OwnedFd)> {
    let kind = (AddressFamily::UNIX, SocketType::SEQPACKET, SocketFlags::CLOEXEC);
    Ok(socketpair(kind.0, kind.1, kind.2, None)?)
}

impl Report {
    const SIZE: usize = 12;

    fn send(self, to: BorrowedFd<'_>) -> io::Result<()> {
        let mut bytes = [0; Self::SIZE];
        bytes[..4].copy_from_slice(&self.stage.to_ne_bytes());
        bytes[4..8].copy_from_slice(&self.index.to_ne_bytes());
        bytes[8..].copy_from_slice(&self.errno.to_ne_bytes());
        send(to, &bytes, SendFlags::NOSIGNAL)?;
        Ok(())
    }

    /// Waits for init's report; [`Error::Died`] when init is gone.
    pub(crate) fn receive(from: BorrowedFd<'_>) -> Result<Self, Error> {
        let mut bytes = [0; Self::SIZE];
        let received = loop {
            match recv(from, &mut bytes[..], RecvFlags::empty()) {
                Err(Errno::INTR) => {}
                Ok((length, _)) => break length,
                Err(_) => break 0,
            }
        };
        if received != Self::SIZE {
            return Err(Error::Died);
        }
        let word = |at: usize| [bytes[at], bytes[at + 1], bytes[at + 2], bytes[at + 3]];
        Ok(Self {
            stage: u32::from_ne_bytes(word(0)),
            index: u32::from_ne_bytes(word(4)),
            errno: i32::from_ne_bytes(word(8)),
        })
    }

    /// What the report says of a plan.
    pub(crate) fn check(self, root: &Path, trees: &[Tree]) -> Result<(), Error> {
        let error = io::Error::from_raw_os_error(self.errno);
        let target =
            || trees.get(self.index as usize).map_or(root.into(), |tree| tree.target.clone());
        let is = |stage: Stage| self.stage == stage as u32;
        if is(Stage::Up) {
            return Ok(());
        }
        Err(if is(Stage::Root) {
            Error::Mount(root.into(), error)
        } else if is(Stage::Place) && self.errno == libc::ELOOP {
            Error::SymbolicLink(target())
        } else if is(Stage::Place) {
            Error::MountPoint(target(), error)
        } else if is(Stage::Mount) {
            Error::Mount(target(), error)
        } else if is(Stage::Namespaces) {
            Error::Call("setns", error)
        } else if is(Stage::Names) {
            Error::Call("host.hostname", error)
        } else {
            Error::Call("mount", error)
        })
    }
}

/// What init is told by signals. They are blocked before init is born: a signal that a pid namespace's
/// first process neither handles nor blocks is lost.
pub(crate) const SIGNALS: [i32; 4] = [ATTACHED, INTERFACE, TERMINATE, REMOVE];

/// Init's whole life. `control` is its end of [`control`]; `network` the host's network namespace.
pub(crate) fn run(plan: Plan, control: &OwnedFd, network: &OwnedFd) -> ! {
    // Without its signals init would be deaf; then it is better not to be.
    let Ok(signals) = sys::signalfd(&[libc::SIGCHLD, ATTACHED, INTERFACE, TERMINATE, REMOVE])
    else {
        std::process::exit(1)
    };
    let _ = setsid();
    if hear(control.as_fd()) != Some(word::BUILD) {
        std::process::exit(1);
    }
    let mut init = Init { persist: plan.persist, ..Init::default() };
    init.take_signals(signals.as_fd());
    let built = match init.attached.first() {
        Some((_, first)) => build(&plan, first.as_fd()),
        None => Err(Failed(Stage::Namespaces, 0, io::ErrorKind::NotFound.into())),
    };
    let report = match &built {
        Ok(()) => Report { stage: Stage::Up as u32, index: 0, errno: 0 },
        Err(Failed(stage, index, error)) => Report {
            stage: *stage as u32,
            index: *index,
            errno: error.raw_os_error().unwrap_or(libc::EINVAL),
        },
    };
    if built.is_ok() {
        settle_in(
            &plan,
            [control.as_raw_fd(), network.as_raw_fd(), signals.as_raw_fd()],
            &mut init,
        );
    }
    if report.send(control.as_fd()).is_err()
        || built.is_err()
        || hear(control.as_fd()) != Some(word::RECORDED)
    {
        std::process::exit(1);
    }
    init.live(signals.as_fd(), control.as_fd());
    init.give_interfaces_back(network.as_fd());
    std::process::exit(0)
}

/// Waits for the command's next word; `None` when it has died or closed the line.
fn hear(control: BorrowedFd<'_>) -> Option<u8> {
    let mut byte = [0];
    loop {
        match recv(control, &mut byte[..], RecvFlags::empty()) {
            Err(Errno::INTR) => {}
            Ok((1, _)) => return Some(byte[0]),
            _ => return None,
        }
    }
}

/// Puts the prison's file system together, in init's own mount namespace, which the host owns: nothing
/// inside can change it. Then joins the namespaces of `first`, the jail's first process.
fn build(plan: &Plan, first: BorrowedFd<'_>) -> Result<(), Failed> {
    let null = open_tree(CWD, "/dev/null", clone_flags());
    enter_root(&plan.root).map_err(|error| Failed(Stage::Root, 0, error.into()))?;
    let kernel = |error: io::Error| Failed(Stage::Kernel, 0, error);
    let quiet = libc::MOUNT_ATTR_NOSUID | libc::MOUNT_ATTR_NODEV | libc::MOUNT_ATTR_NOEXEC;
    mount_kernel("proc", "/proc", quiet).map_err(kernel)?;

    let mut joined = ThreadNameSpaceType::HOST_NAME_AND_NIS_DOMAIN_NAME
        | ThreadNameSpaceType::INTER_PROCESS_COMMUNICATION
        | ThreadNameSpaceType::CONTROL_GROUP;
    joined.set(ThreadNameSpaceType::NETWORK, plan.own_network);
    move_into_thread_name_spaces(first, joined)
        .map_err(|error| Failed(Stage::Namespaces, 0, error.into()))?;
    if plan.own_network {
        mount_kernel("sysfs", "/sys", quiet | libc::MOUNT_ATTR_RDONLY).map_err(kernel)?;
    }
    for (index, tree) in plan.trees.iter().enumerate() {
        attach(tree, index as u32)?;
    }
    if let Ok(null) = null {
        mask_proc(null.as_fd()).map_err(|error| kernel(error.into()))?;
    }
    set_names(plan).map_err(|error| Failed(Stage::Names, 0, error))
}

fn clone_flags() -> OpenTreeFlags {
    OpenTreeFlags::OPEN_TREE_CLONE | OpenTreeFlags::OPEN_TREE_CLOEXEC
}

/// Makes `root` the root of this mount namespace and lets go of the host's: pivot_root(2).
fn enter_root(root: &Tree) -> rustix::io::Result<()> {
    mount_change("/", MountPropagationFlags::PRIVATE | MountPropagationFlags::REC)?;
    let empty = MoveMountFlags::MOVE_MOUNT_F_EMPTY_PATH;
    move_mount(root.fd.as_fd(), "", CWD, "/", empty)?;
    fchdir(root.fd.as_fd())?;
    pivot_root(".", ".")?;
    unmount(".", UnmountFlags::DETACH)?;
    rustix::process::chdir("/")
}

/// Mounts one of the kernel's file systems, for the namespaces that init is in, if there is a place.
fn mount_kernel(kind: &str, target: &str, attributes: u64) -> io::Result<()> {
    let Ok(place) = place(Path::new(target)) else { return Ok(()) };
    let mount = file_system(kind, &[])?;
    sys::mount_setattr(mount.as_fd(), attributes, None)?;
    Ok(put(mount.as_fd(), place.as_fd())?)
}

/// Opens a mount point. Links are not followed, as jail(8) does not: below its root a jail may have
/// put any, and they are its own business at best.
fn place(target: &Path) -> rustix::io::Result<OwnedFd> {
    let root = open("/", OFlags::PATH | OFlags::CLOEXEC, Mode::empty())?;
    let inside = target.strip_prefix("/").unwrap_or(target);
    let inside = if inside.as_os_str().is_empty() { Path::new(".") } else { inside };
    let resolve = ResolveFlags::IN_ROOT | ResolveFlags::NO_SYMLINKS;
    openat2(root, inside, OFlags::PATH | OFlags::CLOEXEC, Mode::empty(), resolve)
}

fn put(mount: BorrowedFd<'_>, place: BorrowedFd<'_>) -> rustix::io::Result<()> {
    let empty = MoveMountFlags::MOVE_MOUNT_F_EMPTY_PATH | MoveMountFlags::MOVE_MOUNT_T_EMPTY_PATH;
    move_mount(mount, "", place, "", empty)
}

fn attach(tree: &Tree, index: u32) -> Result<(), Failed> {
    match place(&tree.target) {
        Err(_) if tree.optional => Ok(()),
        Err(error) => Err(Failed(Stage::Place, index, error.into())),
        Ok(place) => put(tree.fd.as_fd(), place.as_fd())
            .map_err(|error| Failed(Stage::Mount, index, error.into())),
    }
}

fn mask_proc(null: BorrowedFd<'_>) -> rustix::io::Result<()> {
    for file in MASKED {
        let Ok(place) = place(&Path::new("/proc").join(file)) else { continue };
        let empty = OpenTreeFlags::AT_EMPTY_PATH;
        put(open_tree(null, "", clone_flags() | empty)?.as_fd(), place.as_fd())?;
    }
    Ok(())
}

/// Host name, domain name, loopback: what belongs to the namespaces just joined.
fn set_names(plan: &Plan) -> io::Result<()> {
    sethostname(plan.hostname.as_bytes())?;
    sys::setdomainname(&plan.domainname)?;
    if plan.loopback {
        sys::loopback_up(vnet::ioctl_socket()?.as_fd())?;
    }
    Ok(())
}

/// Lets go of what the command left init with: descriptors, terminal, command line.
fn settle_in(plan: &Plan, keep: [i32; 3], init: &mut Init) {
    // The first process's pidfd is above `keep` and about to be closed: it is opened again.
    let first: Vec<u32> = init.attached.drain(..).map(|(pid, _)| pid).collect();
    if let Ok(null) = open("/dev/null", OFlags::RDWR, Mode::empty()) {
        let _ = rustix::stdio::dup2_stdin(&null);
        let _ = rustix::stdio::dup2_stdout(&null);
        let _ = rustix::stdio::dup2_stderr(&null);
    }
    // SAFETY: `run` never returns, so what the closed descriptors belong to is never dropped or used.
    unsafe { sys::close_all_but(keep) };
    for pid in first {
        init.watch(pid);
    }
    umask(Mode::from_raw_mode(0o022));
    let _ = set_name(c"kletka");
    // SAFETY: init reads neither its arguments nor its environment.
    unsafe { sys::set_title(format!("kletka: {} [init]", plan.name).as_bytes()) };
}

/// What init knows of its prison.
#[derive(Default)]
struct Init {
    persist: bool,
    /// SIGKILL has been asked for.
    ending: bool,
    /// The command that makes the prison has finished with it, or died.
    settled: bool,
    /// Processes that were put in from outside, with a pidfd each.
    attached: Vec<(u32, OwnedFd)>,
    /// Interfaces that came from the host, as this network namespace numbers them.
    interfaces: Vec<i32>,
}

impl Init {
    /// Waits, reaps and obeys until the prison ends.
    fn live(&mut self, signals: BorrowedFd<'_>, control: BorrowedFd<'_>) {
        loop {
            self.take_signals(signals);
            if self.ending {
                // Again on every turn: a process may have been put in a moment ago.
                let _ = sys::kill(-1, libc::SIGKILL);
            }
            let empty = !reap() && self.attached.is_empty();
            if empty && (self.ending || (self.settled && !self.persist)) {
                return;
            }
            self.wait(signals, control);
        }
    }

    /// Sleeps until something happens, and drops the attached processes that have ended.
    fn wait(&mut self, signals: BorrowedFd<'_>, control: BorrowedFd<'_>) {
        let mut fds = vec![PollFd::from_borrowed_fd(signals, PollFlags::IN)];
        fds.extend(self.attached.iter().map(|(_, pidfd)| PollFd::new(pidfd, PollFlags::IN)));
        if !self.settled {
            fds.push(PollFd::from_borrowed_fd(control, PollFlags::IN));
        }
        if poll(&mut fds, None).is_err() {
            return;
        }
        let ready: Vec<bool> = fds.iter().map(|fd| !fd.revents().is_empty()).collect();
        let mut ended = ready.iter().skip(1);
        self.attached.retain(|_| ended.next() == Some(&false));
        if !self.settled && ready.last() == Some(&true) {
            self.settled = true;
            if hear(control) == Some(word::SETTLE) {
                self.answer(control);
            }
        }
    }

    /// Tells the command that has finished with the prison whether the prison goes on.
    fn answer(&self, control: BorrowedFd<'_>) {
        if self.persist || reap() || !self.attached.is_empty() {
            let _ = send(control, b"alive", SendFlags::NOSIGNAL);
        }
    }

    fn take_signals(&mut self, signals: BorrowedFd<'_>) {
        while let Some(Caught { signal, sender, value }) = sys::next_signal(signals) {
            match signal {
                ATTACHED => self.watch(sender),
                INTERFACE => self.interfaces.push(value),
                TERMINATE => {
                    let _ = sys::kill(-1, libc::SIGTERM);
                    self.persist = false;
                }
                REMOVE => self.ending = true,
                _ => {}
            }
        }
    }

    fn watch(&mut self, pid: u32) {
        let pid = i32::try_from(pid).ok().and_then(Pid::from_raw);
        if let Some(pid) = pid
            && let Ok(pidfd) = pidfd_open(pid, PidfdFlags::empty())
        {
            self.attached.push((pid.as_raw_nonzero().get() as u32, pidfd));
        }
    }

    /// Returns the interfaces to the host; one whose name is taken there gets a free one.
    fn give_interfaces_back(&self, network: BorrowedFd<'_>) {
        let Ok(route) = vnet::route_socket() else { return };
        for &index in &self.interfaces {
            let moved = vnet::move_interface(route.as_fd(), index, network, None);
            if moved.is_err_and(|error| error.raw_os_error() == Some(libc::EEXIST)) {
                let name = format!("vnet{}.{index}", std::process::id());
                let _ = vnet::move_interface(route.as_fd(), index, network, Some(&name));
            }
        }
    }
}

/// Collects children that have ended; whether others are left.
fn reap() -> bool {
    loop {
        match waitid(WaitId::All, WaitIdOptions::EXITED | WaitIdOptions::NOHANG) {
            Ok(Some(_)) | Err(Errno::INTR) => {}
            Ok(None) => return true,
            Err(_) => return false,
        }
    }
}
