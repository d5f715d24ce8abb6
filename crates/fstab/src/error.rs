//! Why a line of fstab(5) cannot be used.

use std::fmt;

/// A line that cannot be taken. `Display` begins with the line's number: `3: reason`.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Error {
    /// From 1.
    pub line: usize,
    /// What is wrong with it.
    pub kind: ErrorKind,
}

/// The things that can be wrong with a line.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum ErrorKind {
    /// Fewer than three fields; the line.
    MissingInformation(Vec<u8>),
    /// An escape that means nothing, a number that is none, too many fields; the line.
    Parse(Vec<u8>),
    /// A file system that kletka does not mount.
    UnknownFileSystem(Vec<u8>),
    /// What is to be mounted is no device.
    UnknownDevice(Vec<u8>),
    /// An overlay of nothing.
    NoLayers,
    /// An option that this file system does not have here.
    UnknownOption {
        /// As it stands on the line.
        option: Vec<u8>,
        /// The line's file system.
        fstype: &'static str,
    },
    /// An option whose value is not what it must be.
    BadValue(Vec<u8>),
}

impl fmt::Display for Error {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}: {}", self.line, self.kind)
    }
}

impl fmt::Display for ErrorKind {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let text = String::from_utf8_lossy;
        match self {
            Self::MissingInformation(line) => write!(f, "{}: missing information", text(line)),
            Self::Parse(line) => write!(f, "{}: fstab parse error", text(line)),
            Self::UnknownFileSystem(fstype) => {
                write!(f, "{}: file system not supported", text(fstype))
            }
            Self::UnknownDevice(source) => {
                write!(f, "{}: a file system of disks needs a device's absolute path", text(source))
            }
            Self::NoLayers => write!(f, "overlay: needs lowerdir=, and upperdir= with workdir="),
            Self::UnknownOption { option, fstype } => {
                write!(f, "{}: mount option not supported for {fstype}", text(option))
            }
            Self::BadValue(option) => write!(f, "{}: invalid value", text(option)),
        }
    }
}

impl std::error::Error for Error {}
