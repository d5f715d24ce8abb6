//! What can go wrong with a name or its value, in the words of FreeBSD's sysctl(8).

use std::fmt;
use std::io;

use rustix::io::Errno;

/// Why a name was not read or written. `Display` is what follows `sysctl: `.
#[derive(Debug)]
pub enum Error {
    /// There is no such name.
    Unknown(String),
    /// The name is a node: only names below it have values.
    Node(String),
    /// The value cannot be written.
    ReadOnly(&'static str),
    /// The value is empty where a number is needed.
    Empty,
    /// The value is no number where one is needed.
    NoNumber(String),
    /// The value cannot be another one on Linux.
    Fixed {
        /// The name.
        name: &'static str,
        /// Its value.
        value: &'static str,
    },
    /// The value needs a feature that the kernel has not loaded.
    NoModule {
        /// The name.
        name: &'static str,
        /// The module that brings the feature.
        module: &'static str,
    },
    /// The kernel refused.
    Io {
        /// What was asked for: a name, or a name and its new value.
        what: String,
        /// The kernel's answer.
        error: io::Error,
    },
}

impl fmt::Display for Error {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Unknown(name) => write!(f, "unknown oid '{name}'"),
            Self::Node(name) => write!(f, "oid '{name}' isn't a leaf node"),
            Self::Empty => f.write_str("empty numeric value"),
            Self::NoNumber(value) => write!(f, "invalid integer '{value}'"),
            Self::ReadOnly(name) => write!(f, "oid '{name}' is read only"),
            Self::Fixed { name, value } => write!(f, "{name}: is always {value} on Linux"),
            Self::NoModule { name, module } => {
                write!(f, "{name}: this kernel has no such filter: load the module {module}")
            }
            Self::Io { what, error } => {
                write!(f, "{what}: {}", reason(error))
            }
        }
    }
}

impl std::error::Error for Error {}

/// The kernel's answer in FreeBSD's words.
#[must_use]
pub fn reason(error: &io::Error) -> String {
    match error.raw_os_error().map(Errno::from_raw_os_error) {
        // Linux denies access to a file, where FreeBSD does not permit the operation.
        Some(Errno::ACCESS) => strerror::of_number(Errno::PERM.raw_os_error()),
        _ => strerror::of(error),
    }
}
