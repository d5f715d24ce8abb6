//! Files of the host or below a directory: [`rc::Files`] on a disk.
//!
//! On the host a symbolic link is followed, as every program does. A jail's tree is different: whoever is root in the jail
//! writes it, while it is read. There no link is followed, nothing above the tree is reached, and what is not a plain file
//! of a reasonable size is not even opened. A change is a new file that takes the old one's place: what reads meanwhile
//! finds the one or the other.

use std::fs::{self, File};
use std::io::{self, Read};
use std::os::fd::{AsRawFd, OwnedFd};
use std::path::{Path, PathBuf};

use rc::Files;
use rustix::fs::{
    AtFlags, CWD, Dir, FileType, Mode, OFlags, ResolveFlags, Stat, fstat, open, openat, openat2,
    statat,
};
use rustix::io::Errno;

use crate::replacement;

/// No rc.conf is longer.
const LONGEST: u64 = 1 << 20;
/// No rc.conf.d has more files for one service.
const MOST: usize = 1 << 10;

/// A tree of files.
#[derive(Debug)]
pub enum Tree {
    /// The machine's own.
    Host,
    /// Below this directory, where somebody else is root.
    Foreign(OwnedFd),
}

impl Tree {
    /// The tree below `directory`.
    ///
    /// # Errors
    /// There is no such directory.
    pub fn below(directory: &Path) -> io::Result<Self> {
        let flags = OFlags::PATH | OFlags::DIRECTORY | OFlags::CLOEXEC;
        Ok(Self::Foreign(open(directory, flags, Mode::empty())?))
    }

    /// Opens `path` so that nothing happens to what is there.
    fn look(&self, path: &Path, flags: OFlags) -> Result<OwnedFd, Errno> {
        let flags = flags | OFlags::PATH | OFlags::CLOEXEC;
        match self {
            Self::Host => open(path, flags, Mode::empty()),
            Self::Foreign(root) => {
                let inside = path.strip_prefix("/").unwrap_or(path);
                let resolve =
                    ResolveFlags::IN_ROOT | ResolveFlags::NO_SYMLINKS | ResolveFlags::NO_MAGICLINKS;
                openat2(root, inside, flags, Mode::empty(), resolve)
            }
        }
    }

    /// The directory that a new file `path` has to be made in, and the file's name there.
    fn place(&self, path: &Path) -> io::Result<(OwnedFd, PathBuf)> {
        let path = match self {
            Self::Host => match fs::canonicalize(path) {
                Err(error) if error.kind() == io::ErrorKind::NotFound && !path.is_symlink() => {
                    path.to_owned()
                }
                target => target?,
            },
            Self::Foreign(_) => path.to_owned(),
        };
        let name = path.file_name().ok_or(Errno::ISDIR)?;
        let parent = path.parent().filter(|parent| !parent.as_os_str().is_empty());
        let directory = self.look(parent.unwrap_or(Path::new(".")), OFlags::DIRECTORY);
        Ok((directory.map_err(wording)?, name.into()))
    }
}

impl Files for Tree {
    fn read(&self, path: &str) -> io::Result<Option<Vec<u8>>> {
        let file = match self.look(Path::new(path), OFlags::empty()) {
            Ok(file) => file,
            Err(Errno::NOENT | Errno::NOTDIR) => return Ok(None),
            Err(error) => return Err(wording(error)),
        };
        let stat = fstat(&file)?;
        plain(&stat)?;
        let mut text = Vec::new();
        File::open(again(&file))?.take(LONGEST + 1).read_to_end(&mut text)?;
        if text.len() as u64 > LONGEST { Err(Errno::FBIG.into()) } else { Ok(Some(text)) }
    }

    fn list(&self, path: &str) -> io::Result<Option<Vec<String>>> {
        let directory = match self.look(Path::new(path), OFlags::DIRECTORY) {
            Ok(directory) => directory,
            Err(Errno::NOENT | Errno::NOTDIR) => return Ok(None),
            Err(error) => return Err(wording(error)),
        };
        let follow = match self {
            Self::Host => AtFlags::empty(),
            Self::Foreign(_) => AtFlags::SYMLINK_NOFOLLOW,
        };
        let mut names = Vec::new();
        let opened =
            openat(CWD, again(&directory), OFlags::RDONLY | OFlags::CLOEXEC, Mode::empty())?;
        for entry in Dir::new(opened)? {
            let entry = entry?;
            let stat = statat(&directory, entry.file_name(), follow);
            if stat.is_ok_and(|stat| plain(&stat).is_ok())
                && let Ok(name) = entry.file_name().to_str()
            {
                names.push(name.to_owned());
            }
            if names.len() > MOST {
                return Err(Errno::FBIG.into());
            }
        }
        names.sort();
        Ok(Some(names))
    }

    fn replace(&self, path: &str, content: &[u8]) -> io::Result<()> {
        let (directory, name) = self.place(Path::new(path))?;
        match statat(&directory, &name, AtFlags::SYMLINK_NOFOLLOW) {
            Ok(stat) => plain(&stat)?,
            Err(Errno::NOENT) => {}
            Err(error) => return Err(error.into()),
        }
        replacement::replace(&directory, &name, content)
    }
}

/// Only a plain file is one that is read or replaced: a device acts when it is opened, a FIFO waits.
fn plain(stat: &Stat) -> io::Result<()> {
    match FileType::from_raw_mode(stat.st_mode) {
        FileType::RegularFile => Ok(()),
        FileType::Directory => Err(Errno::ISDIR.into()),
        FileType::Symlink => Err(wording(Errno::LOOP)),
        _ => Err(io::Error::other("not a regular file")),
    }
}

/// The name by which what is open as a path can be opened for use.
fn again(file: &OwnedFd) -> PathBuf {
    format!("/proc/self/fd/{}", file.as_raw_fd()).into()
}

/// An answer of openat2(2), in words that fit.
fn wording(error: Errno) -> io::Error {
    match error {
        Errno::LOOP => io::Error::other("a symbolic link, which is not followed in a jail's tree"),
        error => error.into(),
    }
}
