//! Tries what a prison's file systems need of the kernel, on mounts that nobody sees and that are
//! gone afterwards.

use crate::confine::ids::Ids;
use crate::error::{Calling, Error};
use crate::files::overlay::{self, Layers};
use crate::files::own_mounts::OwnMounts;
use crate::files::source::Sources;
use crate::files::tree::{Tree, file_system};
use crate::spec::MountOptions;
use kernel::mount;
use kernel::proc::by_descriptor;
use rustix::fs::{Mode, OFlags, mkdirat, openat};
use rustix::io::Errno;
use rustix::mount::{FsOpenFlags, fsopen};
use std::os::fd::{AsFd, OwnedFd};
use std::path::Path;

/// Tries whether the files at `path` can be shown under the ids of a jail, as its root would be: on
/// a clone that nobody sees, in a user namespace that is gone afterwards. An overlay is judged by
/// its layers.
///
/// # Errors
/// [`Error::NoUserNamespaces`]; [`Error::CannotIdmap`]; [`Error::Mount`]: `path` cannot be cloned.
pub fn try_idmap(path: &Path) -> Result<(), Error> {
    let users = Ids::SOME.user_namespace().map_err(Error::NoUserNamespaces)?;
    let opened = Sources::of_host().root(path)?;
    if let Some(tried) = overlay::try_layers(&opened, users.as_fd()) {
        return tried.map_err(|error| match error {
            Error::Mount(_, error) if error.raw_os_error() == Some(libc::EINVAL) => {
                let file_system = "a layer of the overlay".into();
                Error::CannotIdmap { path: path.into(), file_system }
            }
            other => other,
        });
    }
    let tree = Tree::clone_of(&opened, path, "/".into(), MountOptions::default())?;
    tree.settle(Some(users.as_fd()))
}

/// Tries whether an overlay can be made as a jail's root is: of layers in memory, with the ids of a
/// jail where a tmpfs can have them.
///
/// # Errors
/// [`Error::NoFileSystem`]; [`Error::NoUserNamespaces`]; [`Error::Call`]: the step that failed.
pub fn try_overlay() -> Result<(), Error> {
    if fsopen("overlay", FsOpenFlags::FSOPEN_CLOEXEC).is_err_and(|error| error == Errno::NODEV) {
        return Err(Error::NoFileSystem("overlay".into()));
    }
    let users = Ids::SOME.user_namespace().map_err(Error::NoUserNamespaces)?;
    let memory = file_system("tmpfs", &[], 0).calling("tmpfs")?;
    let [lower, upper, work] = ["lower", "upper", "work"].map(|name| directory(&memory, name));
    let (lower, upper, work) = (lower?, upper?, work?);
    let ids = match mount::set_attributes(memory.as_fd(), 0, Some(users.as_fd())) {
        Ok(()) => Ids::SOME,
        // Before Linux 6.3: layers on a disk can have the ids of a jail all the same.
        Err(_) => Ids::SAME,
    };
    OwnMounts::with(|mounts| {
        mounts.attach(memory.as_fd()).calling("move_mount")?;
        let upper = Some((by_descriptor(&upper), by_descriptor(&work)));
        let layers = Layers::of_ready(vec![by_descriptor(&lower)], upper);
        layers.mount_ready(ids, 0).calling("overlay").map(drop)
    })
}

/// Makes a directory in a file system, and opens it.
fn directory(memory: &OwnedFd, name: &str) -> Result<OwnedFd, Error> {
    mkdirat(memory, name, Mode::from_raw_mode(0o755)).calling("mkdirat")?;
    let flags = OFlags::PATH | OFlags::DIRECTORY | OFlags::CLOEXEC;
    openat(memory, name, flags, Mode::empty()).calling("openat")
}
