//! Why jail(8) does not do what it was asked, or not to all jails: what follows `jail: ` on
//! standard error.

use crate::depend::DependError;
use crate::error::Error;
use crate::jail::Jail;
use crate::recorded::Unreadable;
use crate::report::{self, Fault};
use std::fmt;
use std::io;
use std::path::PathBuf;

/// What is refused, in jail(8)'s words. Each names the jail that it is about, where that has a
/// name.
#[derive(Debug)]
pub enum Refusal {
    /// The registry or a prison.
    Prison(prison::Error),
    /// The configuration has these faults: a line each.
    Faults(Vec<Fault>),
    /// Neither a file nor the registry has this jail.
    NotFound(String),
    /// The command line describes no jail that runs.
    NoJail,
    /// The jail, by its name if it has one, runs already.
    Exists(Option<String>),
    /// `-C` of this jail, which is not gone.
    Runs(String),
    /// The dependencies cannot be put in order.
    Depend(DependError),
    /// `depend` on the command line names a jail that does not run.
    NoDependency(String),
    /// The path of this jail is not absolute.
    RelativePath {
        /// The jail.
        jail: String,
        /// Its `path`.
        path: String,
    },
    /// The current directory, from which a path on the command line leads, cannot be found.
    CurrentDirectory(io::Error),
    /// The check before a start has found this, for the jail that the command line describes.
    Missing(String),
    /// The start or stop of a jail cannot be planned, or not be begun with.
    Step(Prefix, Error),
    /// The record of a prison cannot be used.
    Record(Prefix, Unreadable),
    /// A parameter would get a value that it cannot have.
    Parameter(Prefix, Box<jailparam::Error>),
    /// A change of this parameter needs a jail to be created anew.
    Fixed(Prefix, &'static str),
    /// A prison that runs cannot be changed.
    Change(Prefix, prison::Error),
    /// The file of `-J` cannot be opened.
    Open(PathBuf, io::Error),
    /// What is to be shown or noted cannot be written.
    Write(io::Error),
}

/// How a message about a jail begins: `NAME: `, or nothing where the command line describes the
/// jail.
#[derive(Debug)]
pub struct Prefix(String);

impl From<&Jail> for Prefix {
    fn from(jail: &Jail) -> Self {
        Self(jail.prefix())
    }
}

impl fmt::Display for Prefix {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}

impl Refusal {
    /// All faults of a file, a jail or its parameters.
    pub fn faults<F: Into<Fault>>(faults: impl IntoIterator<Item = F>) -> Self {
        Self::Faults(faults.into_iter().map(Into::into).collect())
    }

    /// `jail` is not there.
    pub(crate) fn not_found(jail: &Jail) -> Self {
        jail.called().map_or(Self::NoJail, Self::NotFound)
    }

    /// The start or stop of `jail` cannot be planned.
    pub(crate) fn step(jail: &Jail) -> impl FnOnce(Error) -> Self {
        |error| Self::Step(jail.into(), error)
    }

    /// The text that follows `PROGRAM: `; further lines begin with that themselves. `excerpts`
    /// shows the lines of files that faults are about.
    pub fn lines(&self, program: &str, excerpts: bool) -> String {
        match self {
            Self::Faults(faults) => report::lines(program, faults.iter().cloned(), excerpts),
            other => other.to_string(),
        }
    }
}

impl From<prison::Error> for Refusal {
    fn from(error: prison::Error) -> Self {
        Self::Prison(error)
    }
}

impl From<jailconf::Diagnostics> for Refusal {
    fn from(faults: jailconf::Diagnostics) -> Self {
        Self::faults(&faults.0)
    }
}

impl From<Vec<jailparam::Error>> for Refusal {
    fn from(errors: Vec<jailparam::Error>) -> Self {
        Self::faults(&errors)
    }
}

impl fmt::Display for Refusal {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Prison(error) => error.fmt(f),
            Self::Faults(faults) => f.write_str(&report::lines("", faults.iter().cloned(), false)),
            Self::NotFound(name) => write!(f, "\"{name}\" not found"),
            Self::NoJail => f.write_str("no jail specified"),
            Self::Exists(Some(name)) => write!(f, "\"{name}\" already exists"),
            Self::Exists(None) => f.write_str("already exists"),
            Self::Runs(name) => write!(f, "\"{name}\" is running: -C is for jails that are gone"),
            Self::Depend(error) => error.fmt(f),
            Self::NoDependency(name) => write!(f, "depends on nonexistent jail \"{name}\""),
            Self::RelativePath { jail, path } => {
                write!(f, "{jail}: path {path}: not an absolute pathname")
            }
            Self::CurrentDirectory(error) | Self::Write(error) => f.write_str(&strerror::of(error)),
            Self::Open(path, error) => {
                write!(f, "open {}: {}", path.display(), strerror::of(error))
            }
            Self::Missing(message) => f.write_str(message),
            Self::Step(prefix, error) => write!(f, "{prefix}{error}"),
            Self::Record(prefix, error) => write!(f, "{prefix}{error}"),
            Self::Parameter(prefix, error) => write!(f, "{prefix}{error}"),
            Self::Fixed(prefix, parameter) => {
                write!(f, "{prefix}{parameter} cannot be changed after creation")
            }
            Self::Change(prefix, error) => write!(f, "{prefix}{error}"),
        }
    }
}

impl std::error::Error for Refusal {}
