//! fstab(5) as a language: the lines of `/etc/fstab` and of jail(8)'s `mount.fstab` and `mount`,
//! and the meaning of their options.
//!
//! [`parse`] reads the lines as jail(8) does; [`Entry::mount`] reads the file system and the
//! options of one line. If kletka cannot mount what a line asks for, the line is refused by name.
//! No system calls: the crate reads no file and mounts nothing, and whether a path exists is left
//! to the caller.
//!
//! May use: no other crate; no system calls.

mod entry;
mod error;
mod escape;
mod file_system;
mod flags;
mod number;
mod overlay;
mod tmpfs;

pub use entry::{Entry, parse, parse_line, parse_value};
pub use error::{Error, ErrorKind};
pub use file_system::{FileSystem, Kernel, Mount};
pub use flags::Flags;
pub use overlay::Overlay;
pub use tmpfs::Tmpfs;
