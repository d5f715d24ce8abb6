//! Changing a file whole, by [`replacement`].
//!
//! The new file is like the old one, and stands where that does, through symbolic links. Two commands that change one file
//! wait for each other.

use crate::cli::answer::reason;
use crate::cli::replacement;
use rustix::fs::{FlockOperation, Mode, OFlags, flock, fstat, open, stat};
use std::fs::{self, File};
use std::io::{self, Read};
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
        new if new != old => replace(&real, &new).map_err(failed),
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

fn replace(path: &Path, text: &[u8]) -> io::Result<()> {
    let (Some(folder), Some(name)) = (path.parent(), path.file_name()) else {
        return Err(io::ErrorKind::InvalidInput.into());
    };
    let folder = open(folder, OFlags::RDONLY | OFlags::DIRECTORY | OFlags::CLOEXEC, Mode::empty())?;
    replacement::replace(&folder, name.as_ref(), text)
}
