//! What the host mounts below the root of a prison that runs: it appears in the prison, as on
//! FreeBSD, and leaves it when the host unmounts it.
//!
//! A prison has a mount namespace of its own, and nothing is propagated to it. So a [`MountPoint`]
//! knows the prisons whose roots it lies below. What is mounted on it is attached on the host and,
//! as a clone with the prison's ids, at the same place of each. Whoever lives in the prison can
//! exchange what lies on the way at any time: the host's side is opened without following a link
//! of the prison's, and used by descriptor; the prison's side is opened below its root, without any
//! link.

use crate::error::{Calling, Error};
use crate::files::layer::{DEV, PROC, RUN, SYS};
use crate::files::mountinfo::{NOTHING, is_root_of_mount, mount_line_of, mount_lines_of};
use crate::files::overlay::CLONE;
use crate::files::root::{place, put};
use crate::files::source::Sources;
use crate::files::tree::{KERNEL, Tree};
use crate::prison::Prison;
use crate::registry::Registry;
use crate::registry::record::Record;
use crate::remount::{put_at, unmount_at, within_mounts};
use crate::spec::{MountOptions, Users};
use kernel::proc::by_descriptor;
use rustix::fs::{AtFlags, Mode, OFlags, Statx, StatxFlags, fstat, open, statx};
use rustix::io::Errno;
use rustix::mount::{MountPropagationFlags, UnmountFlags, mount_change, open_tree, unmount};
use std::fs;
use std::os::fd::{AsFd, BorrowedFd, OwnedFd};
use std::path::{Path, PathBuf};

/// A place of the host where something can be mounted.
#[derive(Debug)]
pub struct MountPoint {
    opened: OwnedFd,
    /// Absolute, without links.
    path: PathBuf,
    views: Vec<View>,
}

/// A prison that keeps the mounts that it has while it runs: its name, and the parameter by which
/// it does. What its root has mounted could stand in the way, for one.
pub type Apart = (String, &'static str);

/// The place, as a prison sees it.
#[derive(Debug)]
struct View {
    prison: Prison,
    target: PathBuf,
}

/// Opens what the host names, a directory or a file: links are followed, but none that a prison of
/// `registry` may have made.
///
/// # Errors
/// [`Error::Mount`]; [`Error::LinkOfJail`].
pub fn open_on_host(registry: Option<&Registry>, path: &Path) -> Result<OwnedFd, Error> {
    let path = std::path::absolute(path).map_err(|error| Error::Mount(path.into(), error))?;
    Sources::of_registry(registry).open(&path)
}

impl MountPoint {
    /// Finds the place that is `path`, and who sees it among the prisons of `registry`.
    ///
    /// # Errors
    /// Those of [`open_on_host`]; [`Error::Registry`].
    pub fn open(registry: Option<&Registry>, path: &Path) -> Result<Self, Error> {
        let opened = open_on_host(registry, path)?;
        let link = by_descriptor(&opened);
        let path = fs::read_link(&link).map_err(|error| Error::Path(link, error))?;
        let views = View::of(registry, &path)?;
        Ok(Self { opened, path, views })
    }

    /// The owner, the group and the permission bits of what is mounted over.
    ///
    /// # Errors
    /// [`Error::MountPoint`].
    pub fn owner_and_mode(&self) -> Result<(u32, u32, u32), Error> {
        let stat = fstat(&self.opened).map_err(|error| self.failed(error))?;
        Ok((stat.st_uid, stat.st_gid, stat.st_mode & 0o7777))
    }

    /// Attaches a detached mount here, and a clone of it in every prison that sees the place. Where
    /// one of that fails, nothing is mounted. Answers the prisons that do not see it.
    ///
    /// # Errors
    /// [`Error::MountPoint`]; [`Error::CannotIdmap`].
    pub fn mount(&self, mount: &OwnedFd) -> Result<Vec<Apart>, Error> {
        put(mount.as_fd(), self.opened.as_fd()).map_err(|error| self.failed(error))?;
        let shown = self.settle(mount).and_then(|()| self.show(mount));
        shown.inspect_err(|_| {
            // Detached, as somebody may have the new mount open already.
            let _ = unmount(by_descriptor(mount), UnmountFlags::DETACH);
        })
    }

    /// Makes the new mount private: below a shared one, such as systemd's `/`, it is shared too.
    fn settle(&self, mount: &OwnedFd) -> Result<(), Error> {
        mount_change(by_descriptor(mount), MountPropagationFlags::PRIVATE)
            .map_err(|error| self.failed(error))
    }

    fn show(&self, mount: &OwnedFd) -> Result<Vec<Apart>, Error> {
        let is_kernels =
            || mount_line_of(mount).is_some_and(|line| KERNEL.contains(&line.file_system.as_str()));
        // A prison has its own, or none.
        if self.views.is_empty() || is_kernels() {
            return Ok(Vec::new());
        }
        let (mut shown, mut blind): (Vec<&View>, _) = (Vec::new(), Vec::new());
        for view in &self.views {
            if let Some(why) = view.prison.record.keeps_mounts() {
                blind.push((view.prison.record.name.clone(), why));
                continue;
            }
            match view.show(mount, &self.path) {
                Ok(()) => shown.push(view),
                Err(Error::Died) => {}
                Err(error) => {
                    shown.iter().for_each(|view| view.unmount());
                    return Err(error);
                }
            }
        }
        Ok(blind)
    }

    fn failed(&self, error: Errno) -> Error {
        Error::MountPoint(self.path.clone(), error.into())
    }
}

impl View {
    /// The prisons whose roots `path`, which has no links, lies below.
    fn of(registry: Option<&Registry>, path: &Path) -> Result<Vec<Self>, Error> {
        let Some(registry) = registry else { return Ok(Vec::new()) };
        let sources = Sources::of_registry(Some(registry));
        let found = registry.prisons()?.into_iter().filter(|record| !record.is_inside());
        Ok(found.filter_map(|record| Self::below(record, path, &sources)).collect())
    }

    fn below(record: Record, path: &Path, sources: &Sources<'_>) -> Option<Self> {
        let root = sources.root(&record.path).ok()?;
        let root = fs::read_link(by_descriptor(&root)).ok()?;
        let inside = path.strip_prefix(root).ok()?;
        // A prison cannot lose what its root is.
        if inside.as_os_str().is_empty() {
            return None;
        }
        let target = Path::new("/").join(inside);
        Some(Self { prison: Prison::open(record)?, target })
    }

    /// Attaches a clone of what the host has just mounted at `path`.
    fn show(&self, mount: &OwnedFd, path: &Path) -> Result<(), Error> {
        let record = &self.prison.record;
        let options = MountOptions::default();
        let tree = Tree::clone_of(mount, path, self.target.clone(), options)?;
        let is_own = record.rights.users == Users::Own;
        let users = is_own.then(|| record.ids.user_namespace()).transpose();
        let users = users.calling("unshare")?;
        tree.settle(users.as_ref().map(AsFd::as_fd))?;
        within_mounts(self.prison.init.as_fd(), |root| {
            match place(root, &self.target) {
                // The prison has a file system of its own there, which lies over the host's.
                Err(Errno::NOENT) if self.is_in_own_file_system() => Ok(()),
                _ => put_at(root, tree.fd.as_fd(), &self.target),
            }
        })
    }

    fn is_in_own_file_system(&self) -> bool {
        [RUN, PROC, SYS, DEV].iter().any(|made| self.target.starts_with(made.target))
    }

    /// Takes back what [`View::show`] has done.
    fn unmount(&self) {
        // A prison that has died has no mounts.
        let _ = within_mounts(self.prison.init.as_fd(), |root| {
            let _ = unmount_at(root, &self.target, UnmountFlags::DETACH);
            Ok(())
        });
    }

    /// Unmounts what is mounted here, if it is what the host has. Answers a detached clone of it.
    fn hide(&self, hosts: &Statx, flags: UnmountFlags) -> Result<Option<OwnedFd>, Error> {
        within_mounts(self.prison.init.as_fd(), |root| {
            let Ok(point) = place(root, &self.target) else { return Ok(None) };
            let failed = |error: Errno| Error::MountPoint(self.target.clone(), error.into());
            if !is_root_of_mount(point.as_fd()).map_err(failed)?
                || identity(&look(point.as_fd()).map_err(failed)?) != identity(hosts)
            {
                return Ok(None);
            }
            let clone = open_tree(&point, "", CLONE).map_err(failed)?;
            // Open, it would be in use.
            drop(point);
            unmount_at(root, &self.target, flags).map_err(failed)?;
            Ok(Some(clone))
        })
    }

    fn put_back(&self, clone: &OwnedFd) {
        let _ = within_mounts(self.prison.init.as_fd(), |root| {
            put_at(root, clone.as_fd(), &self.target)
        });
    }

    /// Whether the prison has a mount here, by the kernel's list: nothing in the prison is opened.
    fn has_mount(&self) -> bool {
        let Some(init) = self.prison.record.init else { return false };
        let lines = mount_lines_of(&init.pid.to_string()).unwrap_or_default();
        lines.iter().any(|line| line.point == self.target)
    }
}

/// Unmounts what the host has mounted at `path`, which has no links, in the prisons that see it
/// and then on the host. Where one of that fails, all stays mounted. Answers the prisons that
/// keep it.
///
/// # Errors
/// [`Error::MountPoint`], with `EBUSY`: somebody uses it; [`Error::Registry`].
pub fn unmount_on_host(
    registry: Option<&Registry>,
    path: &Path,
    flags: UnmountFlags,
) -> Result<Vec<Apart>, Error> {
    let failed = |error: Errno| Error::MountPoint(path.into(), error.into());
    let root = open("/", OFlags::PATH | OFlags::CLOEXEC, Mode::empty()).map_err(failed)?;
    let views = View::of(registry, path)?;
    let hosts = match views.is_empty() {
        true => None,
        false => {
            Some(place(root.as_fd(), path).and_then(|point| look(point.as_fd())).map_err(failed)?)
        }
    };
    let (mut hidden, mut kept): (Vec<(&View, OwnedFd)>, _) = (Vec::new(), Vec::new());
    let put_back =
        |hidden: &[(&View, OwnedFd)]| hidden.iter().for_each(|(view, clone)| view.put_back(clone));
    for (view, hosts) in views.iter().filter_map(|view| Some((view, hosts.as_ref()?))) {
        if let Some(why) = view.prison.record.keeps_mounts() {
            kept.extend(view.has_mount().then(|| (view.prison.record.name.clone(), why)));
            continue;
        }
        match view.hide(hosts, flags) {
            Ok(clone) => hidden.extend(clone.map(|clone| (view, clone))),
            Err(Error::Died) => {}
            Err(error) => {
                put_back(&hidden);
                return Err(match error {
                    // The host's name of it, which the caller knows.
                    Error::MountPoint(_, error) => Error::MountPoint(path.into(), error),
                    error => error,
                });
            }
        }
    }
    unmount_here(root.as_fd(), path, flags).map_err(|error| {
        put_back(&hidden);
        failed(error)
    })?;
    Ok(kept)
}

/// Unmounts on the host. The working directory stays what it is.
fn unmount_here(root: BorrowedFd<'_>, path: &Path, flags: UnmountFlags) -> rustix::io::Result<()> {
    let directory = open(".", OFlags::PATH | OFlags::CLOEXEC, Mode::empty());
    let done = unmount_at(root, path, flags);
    // Who stands in a directory that is gone stays in `/`'s.
    let _ = directory.and_then(rustix::process::fchdir);
    done
}

/// Looks at the root of a mount without asking a server.
fn look(file: BorrowedFd<'_>) -> rustix::io::Result<Statx> {
    statx(file, "", AtFlags::EMPTY_PATH | AtFlags::STATX_DONT_SYNC, NOTHING | StatxFlags::INO)
}

/// What tells the root of a mount from other files.
fn identity(found: &Statx) -> (u32, u32, u64) {
    (found.stx_dev_major, found.stx_dev_minor, found.stx_ino)
}
