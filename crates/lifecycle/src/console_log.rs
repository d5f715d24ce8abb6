//! `exec.consolelog` of jail(8): the file that gets what the commands of a jail print.
//!
//! Below the jail's root no link is followed: the jail could have made one to have a file of the
//! host written to.

use crate::error::Error;
use crate::spec;
use jailparam::param;
use rustix::fs::{Mode, OFlags, ResolveFlags, open, openat2};
use rustix::io::Errno;
use std::io;
use std::os::fd::OwnedFd;
use std::path::Path;

const PARAMETER: &str = param::EXEC_CONSOLELOG.parameter().name;

/// Opens the `log` of a jail that has this `root`, to append to it, and makes it if it is missing.
///
/// # Errors
/// [`Error::SymbolicLink`] below the root; otherwise that of open(2).
pub(crate) fn open_to_append(root: &Path, log: &Path) -> Result<OwnedFd, Error> {
    check_absolute(log)?;
    let flags = OFlags::WRONLY | OFlags::CREATE | OFlags::APPEND | OFlags::NOCTTY;
    // The jail may have put a FIFO there: without a reader its opening would wait for ever.
    let inside = flags | OFlags::NONBLOCK;
    reach(root, log, flags, inside, Mode::RUSR | Mode::WUSR).map_err(failed(root, log))
}

/// Looks whether there is a directory for the `log` of a jail that has this `root`, and none in its
/// place; makes nothing.
///
/// # Errors
/// Those of [`open_to_append`].
pub(crate) fn check(root: &Path, log: &Path) -> Result<(), Error> {
    check_absolute(log)?;
    let Some(directory) = log.parent().filter(|directory| *directory != root) else {
        return Ok(());
    };
    let flags = OFlags::PATH | OFlags::DIRECTORY;
    let reach = |path| reach(root, path, flags, flags, Mode::empty());
    let found =
        reach(directory).and_then(|_| if reach(log).is_ok() { Err(Errno::ISDIR) } else { Ok(()) });
    found.map_err(failed(root, log))
}

fn check_absolute(log: &Path) -> Result<(), Error> {
    let wrong = || Error::NotAbsolute(PARAMETER, log.into());
    log.is_absolute().then_some(()).ok_or_else(wrong)
}

/// Opens `path` with `flags`, or with the flags for `inside` below the root.
fn reach(
    root: &Path,
    path: &Path,
    flags: OFlags,
    inside: OFlags,
    mode: Mode,
) -> Result<OwnedFd, Errno> {
    match path.strip_prefix(root) {
        Ok(rest) if root != Path::new("/") => {
            let resolve = ResolveFlags::IN_ROOT | ResolveFlags::NO_SYMLINKS;
            let root = open(root, OFlags::PATH | OFlags::CLOEXEC, Mode::empty())?;
            openat2(root, rest, inside | OFlags::CLOEXEC, mode, resolve)
        }
        _ => open(path, flags | OFlags::CLOEXEC, mode),
    }
}

fn failed<'p>(root: &'p Path, log: &'p Path) -> impl FnOnce(Errno) -> Error + 'p {
    move |error| match error {
        Errno::LOOP => {
            let link = spec::first_link(root, log).unwrap_or_else(|| log.into());
            Error::SymbolicLink(PARAMETER, link)
        }
        error => Error::Log(log.into(), io::Error::from(error)),
    }
}
