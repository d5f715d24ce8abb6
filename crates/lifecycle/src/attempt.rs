//! The start of a jail, or what follows its removal, while it is under way: a file that says so.
//!
//! Hooks make things on the host before the prison is there, and until then nothing but jail(8)
//! itself knows of the start. So a file has the jail's name, and is locked until the jail has
//! started. Two starts of one jail are not under way at the same time: what the hooks of one have
//! made, those of the other would take for their own. The file is removed when nothing has to be
//! undone any more. A jail(8) that was killed leaves its file, without a lock: the next start then
//! knows that there may be something to be undone first.

use crate::error::Error;
use crate::jail::Jail;
use jailparam::param;
use prison::Registry;
use rustix::fs::{FlockOperation, flock};
use rustix::io::Errno;
use std::fs::{self, DirBuilder, File};
use std::io::{self, Write};
use std::os::unix::fs::{DirBuilderExt, MetadataExt, OpenOptionsExt};
use std::path::{Path, PathBuf};

/// The folder of these files, in the registry's directory.
const FOLDER: &str = "starts";

/// A start that is under way. It ends when this value is dropped.
#[derive(Debug)]
pub(crate) struct Attempt {
    path: PathBuf,
    /// Holds the lock.
    _file: File,
    /// Whether an earlier start was killed.
    follows_a_killed_one: bool,
}

impl Attempt {
    /// Begins a start of `jail`, or what follows its removal; `None` for a jail without a name.
    ///
    /// # Errors
    /// Another start is under way, or the file cannot be made.
    pub(crate) fn begin(registry: &Registry, jail: &Jail) -> Result<Option<Self>, Error> {
        let Some(path) = path(registry, jail) else { return Ok(None) };
        let failed = |error| Error::Attempt(path.clone(), error);
        loop {
            let mut file = open(&path).map_err(failed)?;
            match flock(&file, FlockOperation::NonBlockingLockExclusive) {
                Err(Errno::WOULDBLOCK) => return Err(Error::BeingStarted),
                locked => locked.map_err(|error| failed(error.into()))?,
            }
            let found = file.metadata().map_err(failed)?;
            // A start that has ended since has removed the file that was opened here.
            if found.nlink() == 0 {
                continue;
            }
            // A file is empty only between its opening and this.
            let follows_a_killed_one = found.len() > 0;
            if !follows_a_killed_one {
                writeln!(file, "{}", std::process::id()).map_err(failed)?;
            }
            return Ok(Some(Self { path, _file: file, follows_a_killed_one }));
        }
    }

    /// Takes over what a start has left that was killed, if there is such a start.
    pub(crate) fn take_over(registry: &Registry, jail: &Jail) -> Option<Self> {
        let path = path(registry, jail)?;
        let file = File::open(&path).ok()?;
        flock(&file, FlockOperation::NonBlockingLockExclusive).ok()?;
        let is_there = file.metadata().is_ok_and(|found| found.nlink() > 0);
        is_there.then_some(Self { path, _file: file, follows_a_killed_one: true })
    }

    /// Whether an earlier start was killed, and what its hooks have made is still there.
    pub(crate) fn follows_a_killed_one(&self) -> bool {
        self.follows_a_killed_one
    }
}

impl Drop for Attempt {
    fn drop(&mut self) {
        // A file that cannot be removed has the next start undo what is not there, which does no
        // harm.
        let _ = fs::remove_file(&self.path);
    }
}

/// The file of `jail`, by the jail's name or else its number.
fn path(registry: &Registry, jail: &Jail) -> Option<PathBuf> {
    let name = jail.text(param::NAME).and_then(|name| name.into_string().ok());
    let name = name.or_else(|| jail.jid().map(|jid| jid.to_string()))?;
    // No prison can have a name with a slash; the creation refuses it.
    let is_plain = !name.contains('/') && name != "." && name != "..";
    is_plain.then(|| registry.directory().join(FOLDER).join(name))
}

fn open(path: &Path) -> io::Result<File> {
    let open = || File::options().read(true).append(true).create(true).mode(0o600).open(path);
    open().or_else(|error| match (error.kind(), path.parent()) {
        (io::ErrorKind::NotFound, Some(folder)) => {
            DirBuilder::new().recursive(true).mode(0o700).create(folder).and_then(|()| open())
        }
        _ => Err(error),
    })
}
