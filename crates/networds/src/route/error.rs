//! What can be wrong with a command line of route(8), in FreeBSD's words.

use std::fmt;

/// sysexits(3): wrong usage; FreeBSD's route exits with it.
const EX_USAGE: u8 = 64;
/// sysexits(3): the text is no address.
const EX_NOHOST: u8 = 68;

/// How route is called.
pub(super) const USAGE: &str = "route [-j jail] [-46nq] command [[modifiers] args]";

/// What is wrong with a command line. `Display` is what follows `route: `.
#[derive(Debug, PartialEq, Eq)]
pub enum UsageError {
    /// The line is not understood at all: FreeBSD prints its usage.
    Usage,
    /// A word that FreeBSD's route does not have, and the one that was probably meant.
    BadKeyword(String, Option<&'static str>),
    /// A word that FreeBSD's route has and this one lacks.
    NotSupported(String),
    /// The text is no address.
    BadAddress(String),
    /// The text is no number.
    BadValue(String),
    /// The number of a table that does not exist.
    NoFib(String),
}

impl UsageError {
    /// The exit status, by sysexits(3).
    #[must_use]
    pub fn exit_status(&self) -> u8 {
        if let Self::BadAddress(_) = self { EX_NOHOST } else { EX_USAGE }
    }
}

impl std::error::Error for UsageError {}

impl fmt::Display for UsageError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Usage => write!(f, "usage: {USAGE}"),
            Self::BadKeyword(word, meant) => {
                let hint = nearest::hint(*meant);
                write!(f, "bad keyword: {word}{hint}\nroute: usage: {USAGE}")
            }
            Self::NotSupported(word) => {
                write!(f, "{word}: this part of FreeBSD's route is not supported")
            }
            Self::BadAddress(word) => write!(f, "bad address: {word}"),
            Self::BadValue(word) => write!(f, "{word}: bad value"),
            Self::NoFib(fib) => write!(f, "invalid fib number: {fib}"),
        }
    }
}
