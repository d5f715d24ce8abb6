//! Puts a file or a link in its place at once, by rename(2): a program that runs meanwhile finds
//! the old one or the new one.

use super::error::Error;
use std::borrow::Cow;
use std::ffi::OsString;
use std::fs::{self, File, OpenOptions};
use std::io::{self, Read, Write};
use std::os::unix::fs::{OpenOptionsExt, PermissionsExt, symlink};
use std::path::{Path, PathBuf};

/// A file to be installed.
pub(super) struct InstalledFile {
    /// The path, below the prefix.
    pub(super) path: String,
    pub(super) mode: u32,
    pub(super) text: Cow<'static, str>,
}

/// A name that leads to the binary.
pub(super) struct Link {
    /// The path, below the prefix.
    pub(super) path: String,
    /// The path that the link leads to.
    pub(super) to: &'static str,
}

impl InstalledFile {
    pub(super) fn new(path: String, mode: u32, text: impl Into<Cow<'static, str>>) -> Self {
        Self { path, mode, text: text.into() }
    }
}

/// Makes the file `path`, unless it already has this content and mode. Answers whether it was made.
pub(super) fn put(path: &Path, mode: u32, content: &[u8]) -> Result<bool, Error> {
    let is_right = |file: &mut File| {
        let mut found = Vec::new();
        let right = file.metadata()?.permissions().mode() & 0o7777 == mode;
        file.read_to_end(&mut found).map(|_| right && found == content)
    };
    if File::open(path).and_then(|mut file| is_right(&mut file)).unwrap_or(false) {
        return Ok(false);
    }
    let new = beside(path)?;
    let open = OpenOptions::new().write(true).create_new(true).mode(mode).open(&new);
    let mut file = open.map_err(Error::io("cannot make", &new))?;
    file.write_all(content).map_err(Error::io("cannot write", &new))?;
    // The umask has taken bits of the mode that the file was opened with. The text must be on the
    // disk before the name is: a loss of power would otherwise leave an empty file.
    file.set_permissions(fs::Permissions::from_mode(mode))
        .and_then(|()| file.sync_all())
        .map_err(Error::io("cannot write", &new))?;
    fs::rename(&new, path).map_err(Error::io("cannot make", path))?;
    Ok(true)
}

/// Makes the symbolic link `path`, unless it already leads there. Answers whether it was made.
pub(super) fn link(path: &Path, to: &Path) -> Result<bool, Error> {
    if fs::read_link(path).is_ok_and(|found| found == to) {
        return Ok(false);
    }
    let new = beside(path)?;
    symlink(to, &new).map_err(Error::io("cannot make", &new))?;
    fs::rename(&new, path).map_err(Error::io("cannot make", path))?;
    Ok(true)
}

/// Answers a temporary name beside `path`. Makes the directory if it is missing, and removes what a
/// run that was killed has left under that name.
fn beside(path: &Path) -> Result<PathBuf, Error> {
    let directory = path.parent().unwrap_or(path);
    fs::create_dir_all(directory).map_err(Error::io("cannot make", directory))?;
    // In the same directory: rename(2) cannot move a file to another file system.
    let mut name = OsString::from(".");
    name.push(path.file_name().unwrap_or_default());
    name.push(".new");
    let new = directory.join(name);
    match fs::remove_file(&new) {
        Err(error) if error.kind() != io::ErrorKind::NotFound => {
            Err(Error::io("cannot remove", &new)(error))
        }
        _ => Ok(new),
    }
}
