//! The working directory of a union: made on the host for a prison, and removed with it.
//!
//! The kernel needs a working directory on the mount of the layer that takes what is written;
//! kletka makes a hidden one beside that layer. No link on the way there is followed: a jail may be
//! able to write to the directories around.

use crate::error::{Error, UnionFault};
use kernel::proc::by_descriptor;
use rustix::fs::{
    AtFlags, Mode, OFlags, ResolveFlags, fstat, mkdirat, open, openat, openat2, unlinkat,
};
use rustix::io::Errno;
use rustix::process::geteuid;
use std::ffi::{OsStr, OsString};
use std::fs;
use std::io;
use std::os::fd::OwnedFd;
use std::path::Path;

/// What the kernel makes in a working directory: linux/Documentation/filesystems/overlayfs.rst.
const OF_THE_KERNEL: [&str; 2] = ["work", "index"];

/// Checks that the working directory, if there is one already, is kletka's.
///
/// # Errors
/// [`UnionFault::NotWork`].
pub(crate) fn check(work: &Path) -> Result<(), Error> {
    match open_work(work) {
        Ok(directory) if is_ours(&directory) => Ok(()),
        Err(Errno::NOENT) => Ok(()),
        _ => Err(Error::Union(work.into(), UnionFault::NotWork)),
    }
}

/// Makes the working directory. One that was left when the machine lost power is used again.
///
/// # Errors
/// [`Error::Mount`].
pub(crate) fn make(work: &Path) -> Result<(), Error> {
    let made = parent_and_name(work).and_then(|(parent, name)| mkdirat(parent, name, Mode::RWXU));
    match made {
        Ok(()) | Err(Errno::EXIST) => Ok(()),
        Err(error) => Err(Error::Mount(work.into(), error.into())),
    }
}

/// Removes a working directory when its prison is gone; answers whether nothing is left to do.
/// Anything else under its name, or in it, is somebody's, and stays.
pub(crate) fn remove(work: &Path) -> bool {
    let Ok(directory) = open_work(work) else { return true };
    // By descriptor, and fs::remove_dir_all follows no link: the jail may have put one there.
    let mut parts = OF_THE_KERNEL.map(|part| by_descriptor(&directory).join(part)).into_iter();
    let gone = [io::ErrorKind::NotFound, io::ErrorKind::NotADirectory];
    let is_done = |error: io::Error| gone.contains(&error.kind());
    let emptied = parts.all(|part| fs::remove_dir_all(part).map_or_else(is_done, |()| true));
    let removed =
        parent_and_name(work).and_then(|(parent, name)| unlinkat(parent, name, AtFlags::REMOVEDIR));
    let is_theirs = [Errno::NOENT, Errno::NOTDIR, Errno::NOTEMPTY];
    emptied && removed.map_or_else(|errno| is_theirs.contains(&errno), |()| true)
}

/// Opens the directory of this name; a symbolic link is refused.
fn open_work(work: &Path) -> rustix::io::Result<OwnedFd> {
    let (parent, name) = parent_and_name(work)?;
    let flags = OFlags::RDONLY | OFlags::DIRECTORY | OFlags::NOFOLLOW | OFlags::CLOEXEC;
    openat(parent, name, flags, Mode::empty())
}

/// Whether a directory is what kletka leaves when the machine loses power: root's alone, with
/// nothing in it but the kernel's.
fn is_ours(work: &OwnedFd) -> bool {
    let private = fstat(work).is_ok_and(|stat| {
        stat.st_uid == geteuid().as_raw() && stat.st_mode & 0o7777 == Mode::RWXU.as_raw_mode()
    });
    let known = |name: OsString| OF_THE_KERNEL.iter().any(|part| name == *part);
    private
        && fs::read_dir(by_descriptor(work))
            .is_ok_and(|mut all| all.all(|one| one.is_ok_and(|one| known(one.file_name()))))
}

/// Opens the directory that holds `path` without following a link: the jail may be able to write to
/// directories on the way.
fn parent_and_name(path: &Path) -> rustix::io::Result<(OwnedFd, &OsStr)> {
    let (parent, name) = path.parent().zip(path.file_name()).ok_or(Errno::INVAL)?;
    let root = open("/", OFlags::PATH | OFlags::CLOEXEC, Mode::empty())?;
    let inside = parent.strip_prefix("/").ok().filter(|inside| !inside.as_os_str().is_empty());
    let inside = inside.unwrap_or(Path::new("."));
    let flags = OFlags::PATH | OFlags::DIRECTORY | OFlags::CLOEXEC;
    let parent = openat2(root, inside, flags, Mode::empty(), ResolveFlags::NO_SYMLINKS)?;
    Ok((parent, name))
}
