//! The file that says that a guard waits, and its lock, which the kernel lets go
//! of when that guard dies.
//!
//! Who takes the file away has confirmed the change. Whatever looks at it or changes it holds the
//! lock of the directory, so that a change is either confirmed or undone. A file without an owner
//! is of a guard that was killed: the next one removes it.

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
    /// Whether it was confirmed until it waited no longer; `None`: it waits.
    ended: Option<bool>,
}

/// The file, and whose it is.
enum Found {
    None,
    /// Of a guard that lives: its process number.
    Of(u32),
    /// Of one that is gone.
    Stale(u32),
}

impl Waiting {
    /// Says that this process waits.
    pub(super) fn begin() -> Result<Self, String> {
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
        let file = OpenOptions::new().write(true).create_new(true).mode(0o600).open(FILE);
        let locked = file.and_then(|mut file| {
            flock(&file, FlockOperation::NonBlockingLockExclusive)?;
            writeln!(file, "{}", std::process::id())?;
            Ok(Self { file, ended: None })
        });
        locked.map_err(|error| about(FILE, error))
    }

    /// Whether somebody has confirmed.
    pub(super) fn is_confirmed(&self) -> bool {
        self.ended.unwrap_or_else(|| fstat(&self.file).is_ok_and(|stat| stat.st_nlink == 0))
    }

    /// Waits no longer: from here on it is too late to confirm. Answers whether somebody has until
    /// now, however often it is asked.
    pub(super) fn end(&mut self) -> bool {
        if let Some(is_confirmed) = self.ended {
            return is_confirmed;
        }
        // Without the lock, which nothing keeps for long, it is as good as without anybody else.
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

/// The lock of the directory.
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
    match flock(&file, FlockOperation::NonBlockingLockShared) {
        Ok(()) => Ok(Found::Stale(pid)),
        Err(Errno::WOULDBLOCK) => Ok(Found::Of(pid)),
        Err(errno) => Err(about(FILE, errno.into())),
    }
}

fn about(path: &str, error: io::Error) -> String {
    format!("{path}: {error}")
}
