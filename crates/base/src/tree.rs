//! A directory tree: what it is called, and what can be seen of it.

use std::fmt;
use std::fs;
use std::io;
use std::path::{Path, PathBuf};

/// A tree that is made here. `Display` is how messages call it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Tree {
    /// A base, by its name.
    Base(String),
    /// A jail's root, by its path.
    Root(PathBuf),
}

impl fmt::Display for Tree {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Base(name) => write!(f, "base {name}"),
            Self::Root(path) => write!(f, "root {}", path.display()),
        }
    }
}

/// How a tree came to be there.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Outcome {
    /// This call made it.
    Made,
    /// The tree was there, and stays as it is.
    Found,
    /// Another process made the tree while this one waited for it.
    FoundLater,
}

/// Is there something at `path` below `root`? The last name may be a link to anywhere.
pub(crate) fn has(root: &Path, path: &str) -> bool {
    root.join(path).symlink_metadata().is_ok()
}

/// Is there no entry in the directory `path`? A directory that is not there has none.
pub(crate) fn is_empty(path: &Path) -> io::Result<bool> {
    match fs::read_dir(path) {
        Err(error) if error.kind() == io::ErrorKind::NotFound => Ok(true),
        other => Ok(other?.next().is_none()),
    }
}
