//! Why there is no tree.

use std::fmt;
use std::io;
use std::path::{Path, PathBuf};

use crate::tree::Tree;

/// Why there is no base, or no root. `Display` is what follows the program's name on standard error.
#[derive(Debug)]
pub enum Error {
    /// A name that cannot be a file's, or an argument of mmdebstrap: what it should name, and the name itself.
    NotAName(&'static str, String),
    /// Only root can give files away.
    NotRoot,
    /// The program that makes bases is not there.
    NoMmdebstrap,
    /// The host is the named system, not Debian, and no suite was given.
    NoSuite(String),
    /// No apt source carries the suite.
    NoSource(String),
    /// There is something else under the name of the base.
    NotABase(PathBuf),
    /// The base that is there lacks a package that was asked for.
    Without(PathBuf, String),
    /// The base that is there is of another suite.
    OtherSuite(PathBuf, String),
    /// There is something else in the place of the root.
    Occupied(PathBuf),
    /// No directory can have this name.
    NotADirectoryName(PathBuf),
    /// An earlier run was killed and left this mount.
    StillMounted(PathBuf),
    /// A program failed.
    Program {
        /// What it worked on.
        tree: Tree,
        /// The program's name.
        program: &'static str,
        /// How the program ended, in words.
        status: String,
        /// The last lines that the program wrote on standard error, those about its steps left out.
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
            Self::NotAName(kind, name) => write!(f, "\"{name}\" is not the name of a {kind}"),
            Self::NotRoot => f.write_str("must be root: the files of a base belong to many users"),
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
                write!(f, "{}: is neither empty nor the root of a jail", path.display())
            }
            Self::NotADirectoryName(path) => {
                write!(f, "{}: no directory can be made there", path.display())
            }
            Self::StillMounted(path) => {
                write!(f, "{}: is still mounted by an earlier run: umount it", path.display())
            }
            Self::Program { tree, program, status, last_lines } => {
                write!(f, "{tree}: {program} failed: {status}")?;
                last_lines.iter().try_for_each(|line| write!(f, "\n\t{line}"))
            }
            Self::Io(what, path, error) => write!(f, "{what} {}: {error}", path.display()),
        }
    }
}

impl std::error::Error for Error {}

/// A name of a `kind` of things that is safe as a file name and as an argument of mmdebstrap.
///
/// # Errors
/// Another beginning than a letter or a digit, and other characters than those and `+-._`.
pub fn valid_name(kind: &'static str, name: String) -> Result<String, Error> {
    let is_safe = |c: char| c.is_ascii_alphanumeric() || "+-._".contains(c);
    if name.starts_with(|c: char| c.is_ascii_alphanumeric()) && name.chars().all(is_safe) {
        return Ok(name);
    }
    Err(Error::NotAName(kind, name))
}
