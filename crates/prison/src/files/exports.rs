//! What the kernel's NFS server may serve of a jail with `allow.nfsd`: jail(8), nfsd(7).
//!
//! Linux's server is in the kernel. A jail's programs, rpc.nfsd(8) and rpc.mountd(8), tell it by
//! files in /proc/fs/nfsd what to do in the jail's network: init mounts these files there. An NFS
//! client names a file by a handle that it may have made up, and reaches with that every file of
//! the file system which a served directory is on. So only a file system that is the jail's alone
//! may be served: its root. Everything else that the jail sees of the host is mounted with an id
//! map that changes no id, for the server refuses what is id-mapped.

use crate::confine::ids::Ids;
use crate::control::{Report, Stage};
use crate::error::{Calling, Error};
use crate::files::mountinfo::{MountLine, is_root_of_mount, mount_line_of};
use crate::files::root::{self, Plan};
use crate::files::source::Sources;
use crate::files::tree::{QUIET, Tree, file_system};
use std::os::fd::{AsFd, BorrowedFd, OwnedFd};
use std::path::Path;

/// Where the server's control files are.
const CONTROL: &str = "/proc/fs/nfsd";

/// Checks that `root` is the root of a file system which the host's own root is not on.
///
/// # Errors
/// [`Error::NotOwnFileSystem`].
pub(crate) fn check_root(root: &Tree, sources: &Sources<'_>) -> Result<(), Error> {
    let refused = || Error::NotOwnFileSystem(root.source.clone());
    if root.has_mounts {
        return Err(refused());
    }
    // What is no clone was made for the jail, as an overlay, or is a disk of its own.
    let Some(path) = root.directory() else { return Ok(()) };
    let (opened, host) = (sources.open(path)?, sources.open(Path::new("/"))?);
    let is_whole = |line: &MountLine| line.root == Path::new("/");
    let line = mount_line_of(&opened).filter(is_whole).ok_or_else(refused)?;
    let is_mounted = is_root_of_mount(opened.as_fd()).calling("statx")?;
    let is_hosts = mount_line_of(&host).is_none_or(|hosts| hosts.device == line.device);
    if is_mounted && !is_hosts { Ok(()) } else { Err(refused()) }
}

/// Gives the trees of `plan` their attributes, all but the root with an id map.
///
/// # Errors
/// [`Error::CannotKeepFromNfsd`]; [`Error::Call`].
pub(crate) fn settle(plan: &Plan) -> Result<(), Error> {
    plan.root.settle(None)?;
    let apart = Ids::same_user_namespace().calling("unshare")?;
    for tree in plan.beside_root() {
        tree.settle(Some(apart.as_fd())).map_err(|error| match error {
            Error::CannotIdmap { path, file_system } => {
                Error::CannotKeepFromNfsd { path, file_system }
            }
            other => other,
        })?;
    }
    Ok(())
}

/// Makes the server's control files for the network namespace of the caller, which is init.
pub(crate) fn control_files() -> Result<OwnedFd, Report> {
    // The kernel loads its server where that is a module.
    file_system("nfsd", &[], QUIET).map_err(|error| Stage::Server.failed(CONTROL.as_ref(), error))
}

/// Attaches the control files in the /proc of the jail. Where nobody sees them any more, the kernel
/// ends the server: it goes with the jail.
pub(crate) fn attach(control: &OwnedFd, root: BorrowedFd<'_>) -> Result<(), Report> {
    let failed = |error| Stage::Server.failed(CONTROL.as_ref(), error);
    let place = root::place(root, CONTROL.as_ref()).map_err(failed)?;
    root::put(control.as_fd(), place.as_fd()).map_err(failed)
}
