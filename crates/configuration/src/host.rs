//! What a configuration needs to know of the machine that it is for.

use std::io;
use std::path::Path;

/// The machine.
pub trait Host {
    /// Whether `path` is a directory.
    ///
    /// # Errors
    /// What stat(2) says; `ENOTDIR` of anything else.
    fn directory(&self, path: &Path) -> io::Result<()>;

    /// Whether `path` is a file that can be read.
    ///
    /// # Errors
    /// What open(2) says.
    fn file(&self, path: &Path) -> io::Result<()>;

    /// Whether a hook can execute `program`: one without a slash is looked for in
    /// the PATH that hooks have.
    ///
    /// # Errors
    /// What execve(2) would say.
    fn program(&self, program: &Path) -> io::Result<()>;

    /// Whether the absolute path `program` can be executed by a jail whose root is `root`;
    /// links in it stay inside.
    ///
    /// # Errors
    /// What execve(2) would say.
    fn program_in(&self, root: &Path, program: &Path) -> io::Result<()>;

    /// Whether there is a ruleset of this number.
    fn has_ruleset(&self, number: u16) -> bool;

    /// Whether there is a network interface of this name.
    fn has_interface(&self, name: &str) -> bool;
}

/// A machine that has everything: only jails are compared with each other.
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
}
