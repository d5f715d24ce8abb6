//! Putting a prison's file system together: init's first task.
//!
//! This happens in init's own mount namespace, which the host's user namespace owns, so that
//! nothing inside can change it. What needs no ids of the jail is made ahead ([`Own`]), while the
//! jail's first process is still busy with namespaces; then [`build`] attaches everything in order.

use crate::confine::ids::Ids;
use crate::control::{Report, Stage};
use crate::error::{Calling, Error};
use crate::files::bounds;
use crate::files::dev;
use crate::files::exports;
use crate::files::layer::{Layer, Made, PROC, RUN, SYS};
use crate::files::masks::{self, Masks};
use crate::files::texts::Texts;
use crate::files::tree::{QUIET, Together, Tree, attributes, file_system};
use crate::mediate::Allowed;
use crate::registry::limits::{self, Limits};
use crate::spec::{Dev, MountOptions, Text, Users};
use kernel::mount;
use rustix::fs::{
    CWD, Gid, Mode, OFlags, ResolveFlags, Uid, fchmod, fchown, mkdirat, open, openat, openat2,
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

/// What init builds; complete before init is born.
pub(crate) struct Plan {
    pub(crate) name: String,
    pub(crate) ids: Ids,
    pub(crate) users: Users,
    pub(crate) root: Tree,
    /// What the host has mounted below the root.
    pub(crate) submounts: Vec<Tree>,
    /// Closed by init when it has reported: to close a clone takes 40 µs.
    pub(crate) _unused: Option<Together>,
    /// The jail gets a fresh /run.
    pub(crate) run: bool,
    /// kletka's programs, for /run/kletka.
    pub(crate) programs: Option<Tree>,
    /// The lines of fstab(5).
    pub(crate) mounts: Vec<Planned>,
    /// Files with other contents.
    pub(crate) texts: Vec<Text>,
    pub(crate) dev: Option<Dev>,
    /// The network is not that of the command that makes the prison.
    pub(crate) joins_network: bool,
    pub(crate) children: Limits,
    /// The jail is going to have a mount namespace of its own.
    pub(crate) mounts_itself: bool,
    /// What init does for the jail.
    /// The jail may serve NFS.
    pub(crate) serves_nfs: bool,
    pub(crate) allowed: Allowed,
    pub(crate) persist: bool,
    /// The prison's processes live in a Landlock domain of init's.
    pub(crate) domain: bool,
}

/// A mount over the root.
pub(crate) enum Planned {
    /// A file system that is made already.
    Tree(Tree),
    /// What the root has at `of`, shown at `target` too.
    View { of: &'static str, target: PathBuf, options: MountOptions },
}

impl Planned {
    fn target(&self) -> &Path {
        match self {
            Self::Tree(tree) => &tree.target,
            Self::View { target, .. } => target,
        }
    }
}

impl Plan {
    /// Whether a line of fstab(5) mounts something here.
    fn has_line_at(&self, target: &Path) -> bool {
        self.mounts.iter().any(|planned| planned.target() == target)
    }

    /// The trees that the command has made, and still has to give ids to.
    pub(crate) fn cloned(&self) -> impl Iterator<Item = &Tree> {
        [&self.root].into_iter().chain(self.beside_root())
    }

    /// Those of them that are not the root.
    pub(crate) fn beside_root(&self) -> impl Iterator<Item = &Tree> {
        let programs = self.programs.iter();
        let mounts = self.mounts.iter().filter_map(|planned| match planned {
            Planned::Tree(tree) => Some(tree),
            Planned::View { .. } => None,
        });
        self.submounts.iter().chain(programs).chain(mounts)
    }
}

/// The file systems that init makes itself.
pub(crate) struct Own {
    proc: OwnedFd,
    run: Option<Tree>,
    dev: Vec<Tree>,
}

impl Own {
    /// Makes these file systems, detached. Init is in the jail's pid namespace, whose processes
    /// this /proc shows.
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
            run: run.transpose().map_err(about("/run"))?,
            dev: match &plan.dev {
                Some(dev) => {
                    let shares_memory = !plan.has_line_at(Path::new(dev::SHM));
                    let made = dev::trees(dev, plan.ids, plan.users, shares_memory);
                    made.map_err(about("/dev"))?
                }
                None => Vec::new(),
            },
        })
    }
}

/// Makes a fresh /run, as every Linux system has it, with a place for kletka's programs.
fn run_directory(plan: &Plan) -> Result<Tree, Error> {
    let options = MountOptions { nosuid: true, ..MountOptions::default() };
    let root = plan.ids.first;
    let settings = bounds::RUN.settings("755");
    let run = Tree::tmpfs(RUN.target.into(), options, &settings, (root, root))?;
    mkdirat(&run.fd, "kletka", Mode::from_raw_mode(0o755)).calling("mkdirat")?;
    if plan.children.has_room() {
        registry_of_jail(run.fd.as_fd(), plan).calling("mkdirat")?;
    }
    container_mark(run.fd.as_fd(), plan).calling("openat")?;
    Ok(run.optional())
}

/// Writes the mark by which programs of Linux know that they are in a container:
/// systemd-detect-virt(1), and whatever gathers facts about machines.
fn container_mark(run: BorrowedFd<'_>, plan: &Plan) -> rustix::io::Result<()> {
    let root = (Some(Uid::from_raw(plan.ids.first)), Some(Gid::from_raw(plan.ids.first)));
    mkdirat(run, "systemd", Mode::from_raw_mode(0o755))?;
    let flags = OFlags::RDONLY | OFlags::DIRECTORY | OFlags::CLOEXEC;
    let directory = openat(run, "systemd", flags, Mode::empty())?;
    let flags = OFlags::CREATE | OFlags::WRONLY | OFlags::CLOEXEC;
    let mark = openat(&directory, "container", flags, Mode::empty())?;
    write(&mark, b"kletka\n")?;
    // openat(2)'s mode would be cut by the umask.
    fchmod(&mark, Mode::from_raw_mode(0o444))?;
    fchmod(&directory, Mode::from_raw_mode(0o755))?;
    fchown(&mark, root.0, root.1)?;
    fchown(&directory, root.0, root.1)
}

/// Makes the place of /run in a root of a system that has none, such as FreeBSD's. Where that
/// cannot be done, the jail has no /run.
pub(crate) fn make_place_of_run(root: BorrowedFd<'_>) {
    let is_missing = || place(root, Path::new(RUN.target)).err() == Some(Errno::NOENT);
    // An empty directory, in which nothing can run, stays as it is.
    if place(root, Path::new("/bin")).is_err() || !is_missing() {
        return;
    }
    let name = RUN.target.trim_start_matches('/');
    if mkdirat(root, name, Mode::from_raw_mode(0o755)).is_ok() {
        let flags = OFlags::RDONLY | OFlags::DIRECTORY | OFlags::NOFOLLOW | OFlags::CLOEXEC;
        // mkdirat(2)'s mode was cut by the umask.
        let opened = openat(root, name, flags, Mode::empty());
        let _ = opened.and_then(|it| fchmod(it, Mode::from_raw_mode(0o755)));
    }
}

/// Makes the registry of a jail that may have jails inside, with its limits, in its /run.
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
    // Not the user namespace: init keeps the host's rights, and so the jail none over init.
    let mut joined = ThreadNameSpaceType::HOST_NAME_AND_NIS_DOMAIN_NAME
        | ThreadNameSpaceType::INTER_PROCESS_COMMUNICATION
        | ThreadNameSpaceType::CONTROL_GROUP;
    joined.set(ThreadNameSpaceType::NETWORK, plan.joins_network);
    move_into_thread_name_spaces(first, joined)
        .map_err(|error| Stage::Namespaces.failed(slash, error))?;
    // The namespace's copies are peers of the host's mounts: what follows would be done to the
    // host, too.
    mount_change("/", MountPropagationFlags::PRIVATE | MountPropagationFlags::REC)
        .map_err(|error| Stage::Root.failed(slash, error))?;
    // After the joining and before `enter`: `sys_directory` says why.
    let sys = sys_directory(plan)?;
    let control_of_server = plan.serves_nfs.then(exports::control_files).transpose()?;
    // The kernel lets a user namespace mount a /proc only where it sees one without covered files:
    // jails inside need theirs.
    let mut masks = (!plan.children.has_room()).then(Masks::make).transpose()?;
    let texts = Texts::make(&plan.texts)?;
    enter(&plan.root).map_err(|error| Stage::Root.failed(slash, error))?;
    let root = open("/", OFlags::PATH | OFlags::CLOEXEC, Mode::empty())
        .map_err(|error| Stage::Root.failed(slash, error))?;
    let root = root.as_fd();
    for layer in Layer::ORDER {
        match (layer, &sys) {
            (Layer::Proc, _) => {
                attach_proc(plan, &own.proc, root, masks.as_mut())?;
                control_of_server.iter().try_for_each(|control| exports::attach(control, root))?;
            }
            (Layer::Texts, _) => texts.attach(root)?,
            (Layer::Sys, Some(sys)) => attach_sys(sys, root, masks.as_mut())?,
            _ => attach_layer(layer, plan, own, root)?,
        }
    }
    // A clone of a shared mount of the host would go on receiving what is mounted there.
    mount_change("/", MountPropagationFlags::PRIVATE | MountPropagationFlags::REC)
        .map_err(|error| Stage::Root.failed(slash, error))
}

/// Makes a /sys, if the root has a place for it. A sysfs shows the network namespace of its maker,
/// so init joins that namespace first; and a jail can make a sysfs only while it sees one, so the
/// old root is left afterwards.
fn sys_directory(plan: &Plan) -> Result<Option<OwnedFd>, Report> {
    if place(plan.root.fd.as_fd(), Path::new(SYS.target)).is_err() {
        return Ok(None);
    }
    let made = file_system("sysfs", &[], QUIET | SYS.attributes());
    match made.map_err(|error| error.raw_os_error()) {
        Ok(sys) => Ok(Some(sys)),
        // A jail that shares the network of its outer jail gets a clone of the outer /sys.
        Err(Some(libc::EPERM)) => Ok(open_tree(CWD, "/sys", clone_flags()).ok()),
        Err(errno) => {
            let errno = Errno::from_raw_os_error(errno.unwrap_or(libc::EINVAL));
            Err(Stage::FileSystem.failed(Path::new("/sys"), errno))
        }
    }
}

/// Makes `root` the root of this mount namespace and lets go of the host's: pivot_root(2).
fn enter(root: &Tree) -> rustix::io::Result<()> {
    let empty = MoveMountFlags::MOVE_MOUNT_F_EMPTY_PATH;
    // pivot_root(2) wants a mount point, which the detached root is not yet.
    move_mount(root.fd.as_fd(), "", CWD, "/", empty)?;
    fchdir(root.fd.as_fd())?;
    // The old root then lies over the new one, and needs no directory inside of it.
    pivot_root(".", ".")?;
    // Lazily: with the host's other mounts below, it is busy. All of them leave this namespace.
    unmount(".", UnmountFlags::DETACH)?;
    chdir("/")
}

/// Opens a mount point. Links are not followed, as in FreeBSD's jail(8): below its root a jail may
/// have made any, and they could lead the mount elsewhere.
pub(crate) fn place(root: BorrowedFd<'_>, target: &Path) -> rustix::io::Result<OwnedFd> {
    let resolve = ResolveFlags::IN_ROOT | ResolveFlags::NO_SYMLINKS;
    openat2(root, target, OFlags::PATH | OFlags::CLOEXEC, Mode::empty(), resolve)
}

/// Attaches a mount at a place.
pub(crate) fn put(mount: BorrowedFd<'_>, place: BorrowedFd<'_>) -> rustix::io::Result<()> {
    let empty = MoveMountFlags::MOVE_MOUNT_F_EMPTY_PATH | MoveMountFlags::MOVE_MOUNT_T_EMPTY_PATH;
    move_mount(mount, "", place, "", empty)
}

/// Attaches everything that the prison has of a layer.
fn attach_layer(layer: Layer, plan: &Plan, own: &Own, root: BorrowedFd<'_>) -> Result<(), Report> {
    let each = |trees: &[Tree]| trees.iter().try_for_each(|tree| attach(tree, root));
    match layer {
        // [`build`] attaches these, and covers parts of them.
        Layer::Proc | Layer::Sys | Layer::Texts => Ok(()),
        Layer::Submounts => each(&plan.submounts),
        Layer::Run => each(own.run.as_slice()),
        Layer::Programs => each(plan.programs.as_slice()),
        Layer::Lines | Layer::LinesInDev => {
            let is_here =
                |planned: &&Planned| Layer::of_line(planned.target(), plan.dev.is_some()) == layer;
            plan.mounts.iter().filter(is_here).try_for_each(|planned| match planned {
                Planned::Tree(tree) => attach(tree, root),
                Planned::View { of, target, options } => view(root, of, target, *options),
            })
        }
        Layer::Dev => each(&own.dev),
    }
}

/// Attaches the jail's /proc, hides parts of it, and lets the host's root only read others. A root
/// with a user namespace of its own has no right to write there anyway.
fn attach_proc(
    plan: &Plan,
    proc: &OwnedFd,
    root: BorrowedFd<'_>,
    masks: Option<&mut Masks>,
) -> Result<(), Report> {
    if !attach_kernel(proc, root, PROC)? {
        return Ok(());
    }
    masks.map_or(Ok(()), |masks| masks.cover_proc(proc.as_fd(), plan.users))?;
    match plan.users {
        Users::Host => masks::write_protect(proc.as_fd()),
        Users::Own | Users::Outer => Ok(()),
    }
}

/// Attaches the jail's /sys, and hides parts of it.
fn attach_sys(
    sys: &OwnedFd,
    root: BorrowedFd<'_>,
    masks: Option<&mut Masks>,
) -> Result<(), Report> {
    match masks {
        Some(masks) if attach_kernel(sys, root, SYS)? => masks.cover_sys(sys.as_fd()),
        Some(_) => Ok(()),
        None => attach_kernel(sys, root, SYS).map(drop),
    }
}

/// Attaches one of the kernel's own file systems, in a root that has a place for it.
fn attach_kernel(mount: &OwnedFd, root: BorrowedFd<'_>, made: Made) -> Result<bool, Report> {
    let target = Path::new(made.target);
    let Ok(place) = place(root, target) else { return Ok(false) };
    put(mount.as_fd(), place.as_fd()).map_err(|error| Stage::Mount.failed(target, error))?;
    Ok(true)
}

fn attach(tree: &Tree, root: BorrowedFd<'_>) -> Result<(), Report> {
    match place(root, &tree.target) {
        Err(_) if tree.optional => Ok(()),
        Err(error) => Err(Stage::Place.failed(&tree.target, error)),
        Ok(place) => put(tree.fd.as_fd(), place.as_fd())
            .map_err(|error| Stage::Mount.failed(&tree.target, error)),
    }
}

/// Shows at `target`, too, what the root has at `of`, with what covers parts of that.
fn view(
    root: BorrowedFd<'_>,
    of: &str,
    target: &Path,
    options: MountOptions,
) -> Result<(), Report> {
    let failed = |error| Stage::Mount.failed(target, error);
    let place = place(root, target).map_err(|error| Stage::Place.failed(target, error))?;
    let flags = clone_flags() | OpenTreeFlags::AT_RECURSIVE;
    let clone = open_tree(root, of, flags).map_err(failed)?;
    mount::set_attributes(clone.as_fd(), attributes(options) | QUIET, None)
        .map_err(|error| Stage::Mount.failed(target, error))?;
    put(clone.as_fd(), place.as_fd()).map_err(failed)
}
