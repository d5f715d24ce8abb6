//! Changes a file as a whole: a new file with the old one's properties takes its place, through
//! symbolic links. Two commands that change one file wait for each other.

use rustix::fs::{FlockOperation, Mode, OFlags, flock, fstat, open, stat};
use std::fmt;
use std::fs::{self, File};
use std::io::{self, Read};
use std::path::{Path, PathBuf};

use crate::replacement;

/// Why a file is unchanged. `Display` names the file if the kernel refused; else it has the
/// change's own words.
#[derive(Debug)]
pub enum EditError<E> {
    /// The file cannot be read or replaced.
    File(PathBuf, io::Error),
    /// The change itself has refused.
    Change(E),
}

impl<E: fmt::Display> fmt::Display for EditError<E> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::File(path, error) => write!(f, "{}: {}", path.display(), strerror::of(error)),
            Self::Change(error) => error.fmt(f),
        }
    }
}

impl<E: fmt::Debug + fmt::Display> std::error::Error for EditError<E> {}

/// Replaces the text of `path` by what `change` makes of it. The same text leaves the file alone.
///
/// # Errors
/// The error of `change`, or the file cannot be read or replaced.
pub fn edit<E>(
    path: &Path,
    change: impl FnOnce(&[u8]) -> Result<Vec<u8>, E>,
) -> Result<(), EditError<E>> {
    let failed = |error| EditError::File(path.to_owned(), error);
    // The file that a link leads to is changed, and the link stays.
    let real = fs::canonicalize(path).map_err(failed)?;
    let mut file = locked(&real).map_err(failed)?;
    let mut old = Vec::new();
    file.read_to_end(&mut old).map_err(failed)?;
    match change(&old).map_err(EditError::Change)? {
        new if new != old => replace(&real, &new).map_err(failed),
        _ => Ok(()),
    }
}

/// Opens and locks the file.
fn locked(path: &Path) -> io::Result<File> {
    // A device must not be replaced, and opening a pipe would wait for a writer.
    if !fs::metadata(path)?.is_file() {
        return Err(io::Error::other("not a regular file"));
    }
    loop {
        let file = File::open(path)?;
        flock(&file, FlockOperation::LockExclusive)?;
        let (held, there) = (fstat(&file)?, stat(path)?);
        // Whoever held the lock may have put another file in its place meanwhile: then the lock is
        // on the old one.
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
