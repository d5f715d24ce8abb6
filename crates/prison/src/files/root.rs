//! Putting a prison's file system together: init's first task.
//!
//! It happens in init's own mount namespace, which the host's user namespace owns, so that nothing
//! inside can change it. What needs no ids of the jail is made ahead ([`Own`]), while the jail's
//! first process is still busy making namespaces; then [`build`] attaches everything in order.

use crate::confine::ids::Ids;
use crate::control::{Report, Stage};
use crate::error::{Calling, Error};
use crate::files::dev;
use crate::files::layer::{Layer, Made, PROC, RUN, SYS};
use crate::files::tree::{Tree, attributes, file_system};
use crate::registry::limits::{self, Limits};
use crate::spec::{MountOptions, Users};
use kernel::mount;
use rustix::fs::{
    CWD, Gid, Mode, OFlags, ResolveFlags, Uid, fchown, mkdirat, open, openat, openat2,
};
use rustix::io::{Errno, write};
use rustix::mount::{
    MountPropagationFlags, MoveMountFlags, OpenTreeFlags, UnmountFlags, mount_change, move_mount,
    open_tree, unmount,
};
use rustix::process::{chdir, fchdir, pivot_root};
use rustix::thread::{ThreadNameSpaceType, move_into_thread_name_spaces};
use std::os::fd::{AsFd, BorrowedFd, OwnedFd};
use std::path::{Path, PathBuf};

/// Files of /proc that tell of the host, as far as the jail's ids do not close them: shown empty.
const MASKED: [&str; 4] = ["proc/kcore", "proc/keys", "proc/timer_list", "proc/sched_debug"];

/// Parts of /proc that the host's root may write to: read-only for a jail whose root that is.
const READ_ONLY: [&str; 5] = ["proc/sys", "proc/sysrq-trigger", "proc/irq", "proc/bus", "proc/fs"];

/// What init builds; complete before init is born.
pub(crate) struct Plan {
    pub(crate) name: String,
    pub(crate) ids: Ids,
    pub(crate) users: Users,
    pub(crate) root: Tree,
    /// What the host has mounted below the root.
    pub(crate) submounts: Vec<Tree>,
    /// It gets a fresh /run.
    pub(crate) run: bool,
    /// kletka's programs, for /run/kletka.
    pub(crate) programs: Option<Tree>,
    /// The lines of fstab(5).
    pub(crate) mounts: Vec<Planned>,
    pub(crate) devfs: bool,
    /// The network is not that of the command that makes the prison.
    pub(crate) joins_network: bool,
    pub(crate) children: Limits,
    /// The jail is going to have a mount namespace of its own.
    pub(crate) mounts_itself: bool,
    pub(crate) persist: bool,
}

/// A mount over the root.
pub(crate) enum Planned {
    /// It is made.
    Tree(Tree),
    /// What the root has at `of`, seen at `target` too.
    View { of: &'static str, target: PathBuf, options: MountOptions },
}

impl Plan {
    /// The trees that the command has cloned from the host's, and still has to give ids to.
    pub(crate) fn cloned(&self) -> impl Iterator<Item = &Tree> {
        let programs = self.programs.iter();
        let mounts = self.mounts.iter().filter_map(|planned| match planned {
            Planned::Tree(tree) => Some(tree),
            Planned::View { .. } => None,
        });
        [&self.root].into_iter().chain(&self.submounts).chain(programs).chain(mounts)
    }
}

/// The file systems that init makes itself.
pub(crate) struct Own {
    proc: OwnedFd,
    null: Option<OwnedFd>,
    run: Option<Tree>,
    dev: Vec<Tree>,
}

const QUIET: u64 = libc::MOUNT_ATTR_NOSUID | libc::MOUNT_ATTR_NODEV | libc::MOUNT_ATTR_NOEXEC;

impl Own {
    /// Makes them, detached. Init is in the jail's pid namespace, whose /proc this becomes.
    pub(crate) fn make(plan: &Plan) -> Result<Self, Report> {
        let about = |path: &'static str| {
            move |error: Error| match error {
                Error::Mount(_, error) | Error::Call(_, error) => {
                    Stage::FileSystem.failed(Path::new(path), error)
                }
                _ => Stage::FileSystem.failed(Path::new(path), rustix::io::Errno::INVAL),
            }
        };
        let proc = file_system("proc", &[], QUIET)
            .map_err(|error| Stage::FileSystem.failed(Path::new("/proc"), error))?;
        let run = plan.run.then(|| run_directory(plan));
        Ok(Self {
            proc,
            null: open_tree(CWD, "/dev/null", clone_flags()).ok(),
            run: run.transpose().map_err(about("/run"))?,
            dev: match plan.devfs {
                true => dev::trees(plan.ids, plan.users).map_err(about("/dev"))?,
                false => Vec::new(),
            },
        })
    }
}

/// A fresh /run, as every Linux system has it, with a place for kletka's programs.
fn run_directory(plan: &Plan) -> Result<Tree, Error> {
    let options = MountOptions { nosuid: true, ..MountOptions::default() };
    let mode = [("mode", "755".to_owned())];
    let root = plan.ids.first;
    let run = Tree::tmpfs(RUN.target.into(), options, &mode, (root, root))?;
    mkdirat(&run.fd, "kletka", Mode::from_raw_mode(0o755)).calling("mkdirat")?;
    if plan.children.max > 0 {
        registry_of_jail(run.fd.as_fd(), plan).calling("mkdirat")?;
    }
    Ok(run.optional())
}

/// The registry of a jail that may have jails inside, with its limits, in its /run.
fn registry_of_jail(run: BorrowedFd<'_>, plan: &Plan) -> rustix::io::Result<()> {
    let name = limits::DIRECTORY.trim_start_matches("/run/");
    let root = (Some(Uid::from_raw(plan.ids.first)), Some(Gid::from_raw(plan.ids.first)));
    mkdirat(run, name, Mode::RWXU)?;
    let flags = OFlags::RDONLY | OFlags::DIRECTORY | OFlags::CLOEXEC;
    let directory = openat(run, name, flags, Mode::empty())?;
    let flags = OFlags::CREATE | OFlags::WRONLY | OFlags::CLOEXEC;
    let limits = openat(&directory, limits::FILE, flags, Mode::RUSR)?;
    write(&limits, plan.children.text().as_bytes())?;
    fchown(&limits, root.0, root.1)?;
    fchown(&directory, root.0, root.1)
}

fn clone_flags() -> OpenTreeFlags {
    OpenTreeFlags::OPEN_TREE_CLONE | OpenTreeFlags::OPEN_TREE_CLOEXEC
}

/// Attaches everything and joins the namespaces of `first`, the jail's first process.
pub(crate) fn build(plan: &Plan, own: &Own, first: BorrowedFd<'_>) -> Result<(), Report> {
    let slash = Path::new("/");
    let mut joined = ThreadNameSpaceType::HOST_NAME_AND_NIS_DOMAIN_NAME
        | ThreadNameSpaceType::INTER_PROCESS_COMMUNICATION
        | ThreadNameSpaceType::CONTROL_GROUP;
    joined.set(ThreadNameSpaceType::NETWORK, plan.joins_network);
    move_into_thread_name_spaces(first, joined)
        .map_err(|error| Stage::Namespaces.failed(slash, error))?;
    let sys = sys_directory(plan)?;
    enter(&plan.root).map_err(|error| Stage::Root.failed(slash, error))?;
    let root = open("/", OFlags::PATH | OFlags::CLOEXEC, Mode::empty())
        .map_err(|error| Stage::Root.failed(slash, error))?;
    let root = root.as_fd();
    for layer in Layer::ORDER {
        attach_layer(layer, (plan, own, sys.as_ref()), root)?;
    }
    // Over a /proc with covered files, the kernel mounts none for the jails inside.
    if plan.children.max == 0 {
        mask(own, root)?;
    }
    if plan.users == Users::Host {
        write_protect(root)?;
    }
    // What was cloned from a shared mount of the host would go on following it.
    mount_change("/", MountPropagationFlags::PRIVATE | MountPropagationFlags::REC)
        .map_err(|error| Stage::Root.failed(slash, error))
}

/// A /sys, if the root has a place for it. It shows the network namespace of whoever makes it, so
/// not before that is joined; and a jail can make one only while it sees its
/// own, so before that is left.
fn sys_directory(plan: &Plan) -> Result<Option<OwnedFd>, Report> {
    if place(plan.root.fd.as_fd(), Path::new(SYS.target)).is_err() {
        return Ok(None);
    }
    let made = file_system("sysfs", &[], QUIET | SYS.attributes());
    match made.map_err(|error| error.raw_os_error()) {
        Ok(sys) => Ok(Some(sys)),
        // A jail that shares the network of the one that it is in shares its view of it.
        Err(Some(libc::EPERM)) => Ok(open_tree(CWD, "/sys", clone_flags()).ok()),
        Err(errno) => {
            let errno = Errno::from_raw_os_error(errno.unwrap_or(libc::EINVAL));
            Err(Stage::FileSystem.failed(Path::new("/sys"), errno))
        }
    }
}

/// Makes `root` the root of this mount namespace and lets go of the host's: pivot_root(2).
fn enter(root: &Tree) -> rustix::io::Result<()> {
    mount_change("/", MountPropagationFlags::PRIVATE | MountPropagationFlags::REC)?;
    let empty = MoveMountFlags::MOVE_MOUNT_F_EMPTY_PATH;
    move_mount(root.fd.as_fd(), "", CWD, "/", empty)?;
    fchdir(root.fd.as_fd())?;
    pivot_root(".", ".")?;
    unmount(".", UnmountFlags::DETACH)?;
    chdir("/")
}

/// Opens a mount point. Links are not followed, as jail(8) does not: below its root a jail may have
/// put any, and they are its own business at best.
pub(crate) fn place(root: BorrowedFd<'_>, target: &Path) -> rustix::io::Result<OwnedFd> {
    let resolve = ResolveFlags::IN_ROOT | ResolveFlags::NO_SYMLINKS;
    openat2(root, target, OFlags::PATH | OFlags::CLOEXEC, Mode::empty(), resolve)
}

fn put(mount: BorrowedFd<'_>, place: BorrowedFd<'_>) -> rustix::io::Result<()> {
    let empty = MoveMountFlags::MOVE_MOUNT_F_EMPTY_PATH | MoveMountFlags::MOVE_MOUNT_T_EMPTY_PATH;
    move_mount(mount, "", place, "", empty)
}

/// Attaches all of a layer that the prison has.
fn attach_layer(
    layer: Layer,
    (plan, own, sys): (&Plan, &Own, Option<&OwnedFd>),
    root: BorrowedFd<'_>,
) -> Result<(), Report> {
    let each = |trees: &[Tree]| trees.iter().try_for_each(|tree| attach(tree, root));
    match layer {
        Layer::Proc => attach_kernel(&own.proc, root, PROC),
        Layer::Sys => sys.map_or(Ok(()), |sys| attach_kernel(sys, root, SYS)),
        Layer::Submounts => each(&plan.submounts),
        Layer::Run => each(own.run.as_slice()),
        Layer::Programs => each(plan.programs.as_slice()),
        Layer::Lines => plan.mounts.iter().try_for_each(|planned| match planned {
            Planned::Tree(tree) => attach(tree, root),
            Planned::View { of, target, options } => view(root, of, target, *options),
        }),
        Layer::Dev => each(&own.dev),
    }
}

/// Attaches one of the kernel's own file systems, in a root that has a place for it.
fn attach_kernel(mount: &OwnedFd, root: BorrowedFd<'_>, made: Made) -> Result<(), Report> {
    let target = Path::new(made.target);
    let Ok(place) = place(root, target) else { return Ok(()) };
    put(mount.as_fd(), place.as_fd()).map_err(|error| Stage::Mount.failed(target, error))
}

fn attach(tree: &Tree, root: BorrowedFd<'_>) -> Result<(), Report> {
    match place(root, &tree.target) {
        Err(_) if tree.optional => Ok(()),
        Err(error) => Err(Stage::Place.failed(&tree.target, error)),
        Ok(place) => put(tree.fd.as_fd(), place.as_fd())
            .map_err(|error| Stage::Mount.failed(&tree.target, error)),
    }
}

/// Shows what the root has at `of` at `target` too.
fn view(
    root: BorrowedFd<'_>,
    of: &str,
    target: &Path,
    options: MountOptions,
) -> Result<(), Report> {
    let failed = |error| Stage::Mount.failed(target, error);
    let place = place(root, target).map_err(|error| Stage::Place.failed(target, error))?;
    let clone = open_tree(root, of, clone_flags()).map_err(failed)?;
    mount::set_attributes(clone.as_fd(), attributes(options) | QUIET, None)
        .map_err(|error| Stage::Mount.failed(target, error))?;
    put(clone.as_fd(), place.as_fd()).map_err(failed)
}

fn mask(own: &Own, root: BorrowedFd<'_>) -> Result<(), Report> {
    let Some(null) = &own.null else { return Ok(()) };
    let mut attached = false;
    for file in MASKED {
        let Ok(place) = place(root, Path::new(file)) else { continue };
        // Linux before 6.15 clones attached mounts only: the first place gets this one itself.
        let masked = if attached {
            open_tree(null, "", clone_flags() | OpenTreeFlags::AT_EMPTY_PATH)
                .and_then(|null| put(null.as_fd(), place.as_fd()))
        } else {
            put(null.as_fd(), place.as_fd())
        };
        masked.map_err(|error| Stage::Mount.failed(Path::new(file), error))?;
        attached = true;
    }
    Ok(())
}

/// Covers [`READ_ONLY`] with read-only views of themselves.
fn write_protect(root: BorrowedFd<'_>) -> Result<(), Report> {
    for file in READ_ONLY {
        let Ok(place) = place(root, Path::new(file)) else { continue };
        let view = open_tree(&place, "", clone_flags() | OpenTreeFlags::AT_EMPTY_PATH);
        let protected = view.map_err(std::io::Error::from).and_then(|view| {
            mount::set_attributes(view.as_fd(), QUIET | libc::MOUNT_ATTR_RDONLY, None)?;
            Ok(put(view.as_fd(), place.as_fd())?)
        });
        protected.map_err(|error| Stage::Mount.failed(Path::new(file), error))?;
    }
    Ok(())
}
