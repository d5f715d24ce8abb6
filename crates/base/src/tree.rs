//! A directory tree: its name in messages, and what can be seen of it.

use std::fmt;
use std::fs;
use std::io;
use std::path::{Path, PathBuf};

/// A tree that this crate makes. `Display` is its name in messages.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Tree {
    /// A base, with its name.
    Base(String),
    /// A jail's root, with its path.
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

/// How a tree came to exist.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Outcome {
    /// This call has made it.
    Made,
    /// The tree existed and is unchanged.
    Found,
    /// Another process has made the tree while this one waited.
    FoundLater,
}

/// Whether there is anything at `path` below `root`.
pub(crate) fn has(root: &Path, path: &str) -> bool {
    // Not followed: a link of the tree means a place in the tree, and here it would lead to the
    // host's.
    root.join(path).symlink_metadata().is_ok()
}

/// Whether the directory `path` has no entry, or does not exist.
pub(crate) fn is_empty(path: &Path) -> io::Result<bool> {
    match fs::read_dir(path) {
        Err(error) if error.kind() == io::ErrorKind::NotFound => Ok(true),
        other => Ok(other?.next().is_none()),
    }
}
