//! Files of the host or below a directory: [`rc::Files`] on a disk.
//!
//! On the host symbolic links are followed, as every program does. A jail's tree is different: the
//! root of the jail may change the tree while it is read. So no link is followed there, nothing
//! above the tree is reached, and only plain files of a reasonable size are opened. A change is a
//! new file that takes the old one's place: a reader finds the one or the other.

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

/// A file that is longer is no rc.conf, but an attempt to fill the reader's memory.
const LONGEST: u64 = 1 << 20;
/// No rc.conf.d has more files for one service.
const MOST: usize = 1 << 10;

/// A tree of files.
#[derive(Debug)]
pub enum Tree {
    /// The machine's own files.
    Host,
    /// The files below this directory, where somebody else is root.
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

    /// Opens `path` without any effect on what is there.
    fn look(&self, path: &Path, flags: OFlags) -> Result<OwnedFd, Errno> {
        let flags = flags | OFlags::PATH | OFlags::CLOEXEC;
        match self {
            Self::Host => open(path, flags, Mode::empty()),
            Self::Foreign(root) => {
                let inside = path.strip_prefix("/").unwrap_or(path);
                // A magic link in a /proc of the jail's would lead out of the tree.
                let resolve =
                    ResolveFlags::IN_ROOT | ResolveFlags::NO_SYMLINKS | ResolveFlags::NO_MAGICLINKS;
                openat2(root, inside, flags, Mode::empty(), resolve)
            }
        }
    }

    /// Opens the directory in which a new file `path` has to be made, and answers the file's name
    /// there.
    fn place(&self, path: &Path) -> io::Result<(OwnedFd, PathBuf)> {
        let path = match self {
            Self::Host => match fs::canonicalize(path) {
                // A link that leads nowhere is an error: replacing it would cut the link.
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
        // Looked at first and opened then, through the same descriptor: a jail cannot exchange the
        // file between.
        plain(&stat)?;
        let mut text = Vec::new();
        // The size is not asked for: a file can grow, and one of /proc says 0.
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

/// Whether a file is plain. Others are neither read nor replaced: opening a device has effects, and
/// opening a pipe waits.
fn plain(stat: &Stat) -> io::Result<()> {
    match FileType::from_raw_mode(stat.st_mode) {
        FileType::RegularFile => Ok(()),
        FileType::Directory => Err(Errno::ISDIR.into()),
        FileType::Symlink => Err(wording(Errno::LOOP)),
        _ => Err(io::Error::other("not a regular file")),
    }
}

/// The name by which a file that was opened as a path can be opened again, for reading.
fn again(file: &OwnedFd) -> PathBuf {
    format!("/proc/self/fd/{}", file.as_raw_fd()).into()
}

/// An error of openat2(2), with better words for a link.
fn wording(error: Errno) -> io::Error {
    match error {
        Errno::LOOP => io::Error::other("a symbolic link, which is not followed in a jail's tree"),
        error => error.into(),
    }
}
