//! Replacing a file whole: readers find the old text or the new one, and a crash leaves one of them.
//!
//! The new file has the old one's mode and owner, and stands where the old one does, through symbolic links. Access
//! lists and other extended attributes are not carried over. Two commands that change one file wait for each other.

use crate::cli::mount::reason;
use rustix::fs::{
    AtFlags, FlockOperation, Mode, OFlags, fchmod, fchown, flock, fstat, fsync, open, openat,
    renameat, stat, unlinkat,
};
use rustix::process::{Gid, Uid};
use std::fs::{self, File};
use std::io::{self, Read, Write};
use std::os::fd::{AsFd, OwnedFd};
use std::path::Path;

/// Replaces the text of `path` by what `change` makes of it; the same text leaves the file alone.
///
/// # Errors
/// What `change` says; the file cannot be read or replaced.
pub(super) fn edit(
    path: &Path,
    change: impl FnOnce(&[u8]) -> Result<Vec<u8>, String>,
) -> Result<(), String> {
    let failed = |error: io::Error| format!("{}: {}", path.display(), reason(error));
    let real = fs::canonicalize(path).map_err(failed)?;
    let mut file = locked(&real).map_err(failed)?;
    let mut old = Vec::new();
    file.read_to_end(&mut old).map_err(failed)?;
    match change(&old)? {
        new if new != old => replace(&real, &file, &new).map_err(failed),
        _ => Ok(()),
    }
}

/// The file, locked. Who held the lock before may have put another file in its place: then that one is meant.
fn locked(path: &Path) -> io::Result<File> {
    // A device must not be replaced, and a pipe would keep us waiting.
    if !fs::metadata(path)?.is_file() {
        return Err(io::Error::other("not a regular file"));
    }
    loop {
        let file = File::open(path)?;
        flock(&file, FlockOperation::LockExclusive)?;
        let (held, there) = (fstat(&file)?, stat(path)?);
        if (held.st_dev, held.st_ino) == (there.st_dev, there.st_ino) {
            return Ok(file);
        }
    }
}

fn replace(path: &Path, old: &File, text: &[u8]) -> io::Result<()> {
    let (Some(folder), Some(name)) = (path.parent(), path.file_name()) else {
        return Err(io::ErrorKind::InvalidInput.into());
    };
    let folder = open(folder, OFlags::RDONLY | OFlags::DIRECTORY | OFlags::CLOEXEC, Mode::empty())?;
    let new_name = format!(".{}.{}", name.to_string_lossy(), std::process::id());
    let flags = OFlags::WRONLY | OFlags::CREATE | OFlags::EXCL | OFlags::CLOEXEC;
    let new = openat(&folder, &new_name, flags, Mode::RUSR | Mode::WUSR)?;
    let done = fill(new, old, text).and_then(|()| Ok(renameat(&folder, &new_name, &folder, name)?));
    if let Err(error) = done {
        // The first failure is the one to tell.
        let _ = unlinkat(&folder, &new_name, AtFlags::empty());
        return Err(error);
    }
    Ok(fsync(folder)?)
}

fn fill(new: OwnedFd, old: &File, text: &[u8]) -> io::Result<()> {
    let like = fstat(old)?;
    // Only root may give a file away; for others it is theirs already, or the edit fails.
    let same = fstat(new.as_fd())?;
    if (same.st_uid, same.st_gid) != (like.st_uid, like.st_gid) {
        let (uid, gid) = (Uid::from_raw(like.st_uid), Gid::from_raw(like.st_gid));
        fchown(&new, Some(uid), Some(gid))?;
    }
    fchmod(&new, Mode::from_raw_mode(like.st_mode & 0o7777))?;
    let mut new = File::from(new);
    new.write_all(text)?;
    new.sync_all()
}
