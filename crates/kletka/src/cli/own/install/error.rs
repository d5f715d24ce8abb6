//! Why something was not installed: the text that follows `kletka: install: `.

use std::fmt;
use std::io;
use std::path::{Path, PathBuf};

/// Why something was not installed.
#[derive(Debug)]
pub(super) enum Error {
    /// The command line makes no sense.
    Usage(String),
    /// Another program has the name of one of our links.
    Stranger(PathBuf),
    /// These jails run, and would have no program to stop them.
    Running(String),
    /// Which jails run is not known.
    Registry(String),
    /// What could not be done, with which file or directory, and the kernel's answer.
    Io(&'static str, PathBuf, io::Error),
}

impl Error {
    /// Makes an error for `map_err`: `what` could not be done with `path`.
    pub(super) fn io(what: &'static str, path: &Path) -> impl FnOnce(io::Error) -> Self {
        move |error| Self::Io(what, path.to_owned(), error)
    }
}

impl From<lexopt::Error> for Error {
    fn from(error: lexopt::Error) -> Self {
        Self::Usage(error.to_string())
    }
}

impl fmt::Display for Error {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Usage(problem) | Self::Registry(problem) => f.write_str(problem),
            Self::Running(jails) => {
                write!(f, "jails are running: stop them first: jail -r {jails}")
            }
            Self::Stranger(path) => write!(
                f,
                "{}: is not kletka's: remove it, or choose another prefix",
                path.display()
            ),
            Self::Io(what, path, error) => write!(f, "{what} {}: {error}", path.display()),
        }
    }
}
