//! Why jail(8) does not do what it was asked, for one jail or for all: the text that follows
//! `jail: ` on standard error.

use crate::depend::DependError;
use crate::error::Error;
use crate::jail::Jail;
use crate::recorded::Unreadable;
use crate::report::{self, Fault};
use std::fmt;
use std::io;
use std::path::PathBuf;

/// A reason, in jail(8)'s words. The text names the jail, if the jail has a name.
#[derive(Debug)]
pub enum Refusal {
    /// The registry failed, or a prison.
    Prison(prison::Error),
    /// The configuration has these faults, each reported on a line.
    Faults(Vec<Fault>),
    /// The jail of this name does not run.
    NotFound(String),
    /// No file describes the jail of this name, which is to be started; with the name that may have
    /// been meant.
    NotConfigured(String, Option<String>),
    /// The command line describes no jail that runs.
    NoJail,
    /// The jail runs already: the one of this name, or one without a name.
    Exists(Option<String>),
    /// `-C` was asked for, and this jail still runs.
    Runs(String),
    /// The dependencies cannot be put in order.
    Depend(DependError),
    /// `depend` on the command line names a jail that does not run.
    NoDependency(String),
    /// A path on the command line is relative, and the current directory cannot be found.
    CurrentDirectory(io::Error),
    /// The check before a start has found this fault in the jail that the command line describes.
    Missing(String),
    /// The start or stop of a jail cannot be planned or begun.
    Step(Prefix, Error),
    /// The record of a prison cannot be used.
    Record(Prefix, Unreadable),
    /// A parameter would get a value that it cannot have.
    Parameter(Prefix, Box<jailparam::Error>),
    /// This parameter cannot be changed while the jail runs.
    Fixed(Prefix, &'static str),
    /// The prison could not be changed.
    Change(Prefix, prison::Error),
    /// The file of `-J` cannot be opened.
    Open(PathBuf, io::Error),
    /// Output, or the file of `-J`, cannot be written.
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
    /// Refuses for all faults of a file, a jail or its parameters.
    pub fn faults<F: Into<Fault>>(faults: impl IntoIterator<Item = F>) -> Self {
        Self::Faults(faults.into_iter().map(Into::into).collect())
    }

    /// Refuses what can only be done to a `jail` that runs.
    pub(crate) fn not_found(jail: &Jail) -> Self {
        jail.called().map_or(Self::NoJail, Self::NotFound)
    }

    /// Turns an error in planning the start or stop of `jail` into a refusal.
    pub(crate) fn step(jail: &Jail) -> impl FnOnce(Error) -> Self + '_ {
        |error| match jail.place_of(&error) {
            Some(place) => Self::faults([Fault::new(format!("{}{error}", jail.prefix()), place)]),
            None => Self::Step(jail.into(), error),
        }
    }

    /// The text that follows `PROGRAM: `. Each further line begins with `PROGRAM: ` already. With
    /// `excerpts`, the lines of the files at fault are shown below.
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
            Self::NotFound(name) => {
                write!(f, "\"{name}\" not found; it does not run: jls(8) lists the jails that do")
            }
            Self::NotConfigured(name, None) => {
                write!(f, "\"{name}\" not found; no section of jail.conf(5) has this name")
            }
            Self::NotConfigured(name, meant) => {
                write!(f, "\"{name}\" not found{}", nearest::hint(meant.as_deref()))
            }
            Self::NoJail => f.write_str("no jail specified; add name=NAME or jid=JID"),
            Self::Exists(Some(name)) => {
                write!(f, "\"{name}\" already exists; jail -rc starts it anew, jail -m changes it")
            }
            Self::Exists(None) => f.write_str("already exists; jls(8) shows it"),
            Self::Runs(name) => write!(
                f,
                "\"{name}\" is running: -C is for jails that are gone; jail -r {name} stops it"
            ),
            Self::Depend(error) => error.fmt(f),
            Self::NoDependency(name) => {
                write!(f, "depends on nonexistent jail \"{name}\"; start that one first")
            }
            Self::CurrentDirectory(error) => {
                write!(f, "current directory: {}; give path from / on", strerror::of(error))
            }
            Self::Write(error) => write!(f, "writing: {}", strerror::of(error)),
            Self::Open(path, error) => {
                write!(f, "open {}: {}", path.display(), strerror::of(error))
            }
            Self::Missing(message) => f.write_str(message),
            Self::Step(prefix, error) => write!(f, "{prefix}{error}"),
            Self::Record(prefix, error) => write!(f, "{prefix}{error}"),
            Self::Parameter(prefix, error) => write!(f, "{prefix}{error}"),
            Self::Fixed(prefix, parameter) => {
                write!(
                    f,
                    "{prefix}{parameter} cannot be changed after creation; stop the jail, and start \
                     it with the new value"
                )
            }
            Self::Change(prefix, error) => write!(f, "{prefix}{error}"),
        }
    }
}

impl std::error::Error for Refusal {}
