//! Why a line of fstab(5) cannot be used.

use std::fmt;

/// A line that cannot be used. Its `Display` begins with the number of the line: `3: reason`.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Error {
    /// The number of the line, from 1.
    pub line: usize,
    /// What is wrong with the line.
    pub kind: ErrorKind,
}

/// The kinds of faults of a line.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum ErrorKind {
    /// The line has fewer than three fields; the line.
    MissingInformation(Vec<u8>),
    /// An escape has no meaning; the line.
    Parse(Vec<u8>),
    /// The file system is one that kletka does not mount.
    UnknownFileSystem(Vec<u8>),
    /// The source is no device, where one is needed.
    UnknownDevice(Vec<u8>),
    /// An overlay lacks layers.
    NoLayers,
    /// The option does not exist for this file system here.
    UnknownOption {
        /// The option as the line has it.
        option: Vec<u8>,
        /// The file system of the line.
        fstype: &'static str,
    },
    /// The value of the option is impossible.
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
            Self::MissingInformation(line) => write!(
                f,
                "{}: missing information; a line is SOURCE MOUNTPOINT TYPE OPTIONS",
                text(line)
            ),
            Self::Parse(line) => write!(
                f,
                "{}: fstab parse error; a line is SOURCE MOUNTPOINT TYPE OPTIONS 0 0, and a blank \
                 in a name is \\040",
                text(line)
            ),
            // Linux's words for what nullfs is.
            Self::UnknownFileSystem(fstype) if matches!(&**fstype, b"bind" | b"none") => write!(
                f,
                "{}: file system not supported; nullfs shows a directory of the host",
                text(fstype)
            ),
            Self::UnknownFileSystem(fstype) if fstype == b"zfs" => write!(
                f,
                "zfs: file system not supported; give the data set a mountpoint on the host by \
                 zfs(8), and show that to a jail by nullfs"
            ),
            Self::UnknownFileSystem(fstype) => write!(
                f,
                "{}: file system not supported; mount it by Linux's mount(8), and show it to a jail \
                 by nullfs",
                text(fstype)
            ),
            Self::UnknownDevice(source) => write!(
                f,
                "{}: a file system of disks needs a device's absolute path, such as \
                 /dev/sda1",
                text(source)
            ),
            Self::NoLayers => write!(f, "overlay: needs lowerdir=, and upperdir= with workdir="),
            Self::UnknownOption { option, fstype } => {
                write!(f, "{}: mount option not supported for {fstype}; leave it out", text(option))
            }
            Self::BadValue(option) => write!(f, "{}: invalid value", text(option)),
        }
    }
}

impl std::error::Error for Error {}
