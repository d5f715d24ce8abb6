//! Files of /proc: proc(5).

use rustix::fs::{Mode, OFlags, open};
use rustix::io::read;
use std::os::fd::{AsRawFd, OwnedFd};
use std::path::PathBuf;

/// A file of /proc that has less than a kilobyte, in one read(2). `None`: it
/// cannot be read, or is no text.
#[must_use]
pub fn read_small(path: &str) -> Option<String> {
    let mut bytes = [0; 1024];
    let file = open(path, OFlags::RDONLY | OFlags::CLOEXEC, Mode::empty()).ok()?;
    let length = read(file, &mut bytes).ok()?;
    String::from_utf8(bytes[..length].to_vec()).ok()
}

/// The path by which an open file is found again, whatever its name is now: /proc/self/fd.
#[must_use]
pub fn by_descriptor(file: &OwnedFd) -> PathBuf {
    format!("/proc/self/fd/{}", file.as_raw_fd()).into()
}
