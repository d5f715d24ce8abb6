//! Facts of the machine that a configuration is for.

use std::io;
use std::path::Path;

/// The machine. A trait, because this crate makes no system calls and its tests make machines up.
pub trait Host {
    /// Whether `path` is a directory.
    ///
    /// # Errors
    /// The error of stat(2); `ENOTDIR` for anything but a directory.
    fn directory(&self, path: &Path) -> io::Result<()>;

    /// Whether `path` is a file that can be read.
    ///
    /// # Errors
    /// The error of open(2).
    fn file(&self, path: &Path) -> io::Result<()>;

    /// Whether a hook can execute `program`. One without a slash is searched in the PATH of hooks.
    ///
    /// # Errors
    /// The error that execve(2) would have.
    fn program(&self, program: &Path) -> io::Result<()>;

    /// Whether a jail whose root is `root` can execute the absolute path `program`. Symbolic links
    /// in the path stay inside the root.
    ///
    /// # Errors
    /// The error that execve(2) would have.
    fn program_in(&self, root: &Path, program: &Path) -> io::Result<()>;

    /// Whether there is a ruleset of this number.
    fn has_ruleset(&self, number: u16) -> bool;

    /// Whether there is a network interface of this name.
    fn has_interface(&self, name: &str) -> bool;

    /// Whether the kernel tells its messages to others than the host's root.
    fn tells_messages(&self) -> bool;
}

/// A machine that has everything: then jails are compared with each other only.
#[derive(Clone, Copy, Debug, Default)]
pub struct Anything;

impl Host for Anything {
    fn directory(&self, _: &Path) -> io::Result<()> {
        Ok(())
    }

    fn file(&self, _: &Path) -> io::Result<()> {
        Ok(())
    }

    fn program(&self, _: &Path) -> io::Result<()> {
        Ok(())
    }

    fn program_in(&self, _: &Path, _: &Path) -> io::Result<()> {
        Ok(())
    }

    fn has_ruleset(&self, _: u16) -> bool {
        true
    }

    fn has_interface(&self, _: &str) -> bool {
        true
    }

    fn tells_messages(&self) -> bool {
        true
    }
}
