//! Why there is no tree.

use std::fmt;
use std::io;
use std::path::{Path, PathBuf};

use crate::tree::Tree;

/// Why there is no base, or no root. `Display` is what follows the program's name on standard
/// error.
#[derive(Debug)]
pub enum Error {
    /// A name that can be neither a file's nor an argument of mmdebstrap: what it should name, and
    /// the name.
    NotAName(&'static str, String),
    /// The caller is not root, and only root can give files away.
    NotRoot,
    /// mmdebstrap(1) is not installed.
    NoMmdebstrap,
    /// No suite was given, and the host is not Debian but the named system.
    NoSuite(String),
    /// No apt source carries the suite.
    NoSource(String),
    /// The base's place has something else.
    NotABase(PathBuf),
    /// The existing base lacks this package.
    Without(PathBuf, String),
    /// The existing base is of another suite than this one.
    OtherSuite(PathBuf, String),
    /// The root's place has something else.
    Occupied(PathBuf),
    /// No directory can have this name.
    NotADirectoryName(PathBuf),
    /// An earlier run was killed and has left this mount.
    StillMounted(PathBuf),
    /// The suite has none of these packages.
    NoPackage {
        /// The tree that was to have them.
        tree: Tree,
        /// Their names, with blanks between them.
        packages: String,
        /// The suite.
        suite: String,
    },
    /// A program failed.
    Program {
        /// The tree that the program worked on.
        tree: Tree,
        /// The program's name.
        program: &'static str,
        /// How the program ended, in words.
        status: String,
        /// The last lines of the program's standard error, without those about its steps.
        last_lines: Vec<String>,
    },
    /// A file or directory, what was to be done with it, and the kernel's answer.
    Io(&'static str, PathBuf, io::Error),
}

impl Error {
    /// For `map_err`: `what` could not be done with `path`.
    pub(crate) fn io(what: &'static str, path: &Path) -> impl FnOnce(io::Error) -> Self {
        move |error| Self::Io(what, path.to_owned(), error)
    }
}

impl fmt::Display for Error {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::NotAName(kind, name) => {
                write!(f, "\"{name}\" is not the name of a {kind}: use letters, digits and +-._")
            }
            Self::NotRoot => f.write_str(
                "must be root, as the files of a base belong to many users: run this as root",
            ),
            Self::NoMmdebstrap => {
                f.write_str("mmdebstrap is not installed: apt-get install mmdebstrap")
            }
            Self::NoSuite(id) => {
                write!(f, "this host is {id}, not Debian: name a suite with --suite")
            }
            Self::NoSource(suite) => write!(
                f,
                "no apt source of this host carries {suite} main: add one to /etc/apt/sources.list.d"
            ),
            Self::NotABase(path) => write!(
                f,
                "{}: is not a Debian base: choose another name, or remove it first",
                path.display()
            ),
            Self::Without(path, package) => write!(
                f,
                "{}: was made without {package}: choose another name, or remove it first",
                path.display()
            ),
            Self::OtherSuite(path, suite) => write!(
                f,
                "{}: is not of suite {suite}: choose another name, or remove it first",
                path.display()
            ),
            Self::Occupied(path) => {
                write!(
                    f,
                    "{}: is neither empty nor the root of a jail: choose another directory, or empty it",
                    path.display()
                )
            }
            Self::NotADirectoryName(path) => {
                write!(f, "{}: no directory can be made there", path.display())
            }
            Self::StillMounted(path) => {
                write!(f, "{}: is still mounted by an earlier run: umount it", path.display())
            }
            Self::NoPackage { tree, packages, suite } => write!(
                f,
                "{tree}: Debian {suite} has no package {packages}; apt-cache search finds names"
            ),
            Self::Program { tree, program, status, last_lines } => {
                write!(f, "{tree}: {program} failed: {status}")?;
                last_lines.iter().try_for_each(|line| write!(f, "\n\t{line}"))
            }
            Self::Io(what, path, error) => {
                write!(f, "{what} {}: {}", path.display(), strerror::of(error))
            }
        }
    }
}

impl std::error::Error for Error {}

/// Checks the name of a `kind` of things: whether it is safe as a file name and as an argument of
/// mmdebstrap.
///
/// # Errors
/// The name does not begin with a letter or a digit, or has characters other than those and `+-._`.
pub fn valid_name(kind: &'static str, name: String) -> Result<String, Error> {
    // Neither a path nor an option can begin in this way.
    let is_safe = |c: char| c.is_ascii_alphanumeric() || "+-._".contains(c);
    if name.starts_with(|c: char| c.is_ascii_alphanumeric()) && name.chars().all(is_safe) {
        return Ok(name);
    }
    Err(Error::NotAName(kind, name))
}
