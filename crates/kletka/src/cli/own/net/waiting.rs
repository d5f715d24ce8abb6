//! The file that says that a guard waits. The guard holds a lock on the file, which the kernel
//! releases when the guard dies.
//!
//! Removing the file confirms the change. Whoever looks at the file or changes it holds the lock of
//! the directory meanwhile, so that a change is either confirmed or undone. A file without a lock
//! belongs to a guard that was killed: the next guard removes the file.

use std::fs::{self, DirBuilder, File, OpenOptions};
use std::io::{self, Read, Write};
use std::os::unix::fs::{DirBuilderExt, OpenOptionsExt};

use rustix::fs::{FlockOperation, flock, fstat};
use rustix::io::Errno;

const DIRECTORY: &str = "/run/kletka";
const FILE: &str = "/run/kletka/net-guard";

/// A guard that waits.
pub(super) struct Waiting {
    file: File,
    /// Whether the change was confirmed before the guard stopped waiting. `None`: the guard still
    /// waits.
    ended: Option<bool>,
}

/// The state of the file, with the guard that it belongs to.
enum Found {
    None,
    /// A guard that lives has the file: its process number.
    Of(u32),
    /// A guard that is gone has left the file: its process number.
    Stale(u32),
}

impl Waiting {
    /// Makes the file, which says that this process waits.
    pub(super) fn begin() -> Result<Self, String> {
        // Root's alone: whoever may remove the file can confirm.
        let made = DirBuilder::new().recursive(true).mode(0o700).create(DIRECTORY);
        made.map_err(|error| about(DIRECTORY, error))?;
        let _lock = lock()?;
        match find()? {
            Found::None => {}
            Found::Of(pid) => return Err(format!("another guard waits: process {pid}")),
            Found::Stale(pid) => {
                super::say(format_args!(
                    "the guard that was process {pid} was killed: its change has not been undone"
                ));
                fs::remove_file(FILE).map_err(|error| about(FILE, error))?;
            }
        }
        // `create_new` follows no link that somebody may have put here.
        let file = OpenOptions::new().write(true).create_new(true).mode(0o600).open(FILE);
        let locked = file.and_then(|mut file| {
            flock(&file, FlockOperation::NonBlockingLockExclusive)?;
            writeln!(file, "{}", std::process::id())?;
            Ok(Self { file, ended: None })
        });
        locked.map_err(|error| about(FILE, error))
    }

    /// Whether somebody has confirmed the change.
    pub(super) fn is_confirmed(&self) -> bool {
        // By the open file, not by its name: another guard's file of this name says nothing about
        // this one.
        self.ended.unwrap_or_else(|| fstat(&self.file).is_ok_and(|stat| stat.st_nlink == 0))
    }

    /// Stops waiting: from now on it is too late to confirm. Answers whether somebody has confirmed
    /// before; a second call gives the same answer.
    pub(super) fn end(&mut self) -> bool {
        if let Some(is_confirmed) = self.ended {
            return is_confirmed;
        }
        // If the lock cannot be had, the undoing goes on all the same: a host that is cut off must
        // not stay so because of a lock.
        let _lock = lock();
        let is_confirmed = self.is_confirmed();
        if !is_confirmed {
            let _ = fs::remove_file(FILE);
        }
        *self.ended.insert(is_confirmed)
    }

    /// Confirms the change that a guard watches over.
    pub(super) fn confirm() -> Result<(), String> {
        const NOTHING: &str = "nothing waits to be confirmed";
        if !fs::exists(DIRECTORY).unwrap_or(true) {
            return Err(NOTHING.to_owned());
        }
        let _lock = lock()?;
        match find()? {
            Found::None => Err(NOTHING.to_owned()),
            Found::Of(_) => fs::remove_file(FILE).map_err(|error| about(FILE, error)),
            Found::Stale(pid) => {
                fs::remove_file(FILE).map_err(|error| about(FILE, error))?;
                Err(format!(
                    "{NOTHING}: the guard that was process {pid} was killed, its change stays"
                ))
            }
        }
    }
}

/// Takes the lock of the directory. The lock is held as long as the answer lives.
fn lock() -> Result<File, String> {
    let directory = File::open(DIRECTORY).map_err(|error| about(DIRECTORY, error))?;
    flock(&directory, FlockOperation::LockExclusive).map_err(|e| about(DIRECTORY, e.into()))?;
    Ok(directory)
}

/// Looks at the file, under the directory's lock.
fn find() -> Result<Found, String> {
    let mut file = match File::open(FILE) {
        Ok(file) => file,
        Err(error) if error.kind() == io::ErrorKind::NotFound => return Ok(Found::None),
        Err(error) => return Err(about(FILE, error)),
    };
    let mut text = String::new();
    file.read_to_string(&mut text).map_err(|error| about(FILE, error))?;
    let pid = text.trim().parse().unwrap_or(0);
    // A process number alone proves nothing, as the kernel gives it to a new process: the lock says
    // whether the guard lives.
    match flock(&file, FlockOperation::NonBlockingLockShared) {
        Ok(()) => Ok(Found::Stale(pid)),
        Err(Errno::WOULDBLOCK) => Ok(Found::Of(pid)),
        Err(errno) => Err(about(FILE, errno.into())),
    }
}

fn about(path: &str, error: io::Error) -> String {
    format!("{path}: {error}")
}
