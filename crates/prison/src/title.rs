//! What ps(1) shows of a prison's init: the prison's name, also when that has changed.
//!
//! The title finds the name again of a prison whose record is lost ([`crate::registry::lost`]), and
//! tells a process inside that it is in a jail.

use crate::control::send_with;
use crate::tie::way_behind;
use kernel::lean;
use rustix::fs::{MemfdFlags, memfd_create};
use rustix::net::SendFlags;
use std::fs::File;
use std::io;
use std::os::fd::{AsFd, BorrowedFd, OwnedFd};
use std::os::unix::fs::FileExt;

/// The message at init's door that a title comes with: a file that has the name.
pub(crate) const TITLE: u8 = b'n';

/// What every title begins with.
pub(crate) const BEGINNING: &str = "kletka: ";
/// What every title ends with.
const END: &str = " [init]";

/// The title of the init of the prison `name`.
pub(crate) fn of(name: &str) -> String {
    format!("{BEGINNING}{name}{END}")
}

/// The name in a command line of /proc, if that is the title of an init.
pub(crate) fn name_in(command_line: &str) -> Option<&str> {
    command_line.trim_end_matches('\0').strip_prefix(BEGINNING)?.strip_suffix(END)
}

/// Has the init behind `pidfd` show another name.
///
/// # Errors
/// `EPERM`: Yama forbids it.
pub(crate) fn tell(pidfd: BorrowedFd<'_>, name: &str) -> io::Result<()> {
    let door = way_behind(pidfd)?;
    let file = File::from(memfd_create("title", MemfdFlags::CLOEXEC)?);
    file.write_all_at(name.as_bytes(), 0)?;
    Ok(send_with(door, [TITLE, 0], &[file.as_fd()], SendFlags::DONTWAIT)?)
}

/// In init: shows the name that has come through the door.
pub(crate) fn take(fds: Vec<OwnedFd>) {
    let mut name = [0; 256];
    let file = fds.into_iter().next().map(File::from);
    let length = file.and_then(|file| file.read_at(&mut name, 0).ok()).unwrap_or(0);
    if let Ok(name) = std::str::from_utf8(&name[..length]) {
        lean::retitle(of(name).as_bytes());
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn names_are_found_in_titles() {
        assert_eq!(name_in(&of("web")), Some("web"));
        assert_eq!(name_in("kletka: a.b [init]\0\0"), Some("a.b"));
        assert_eq!((name_in("sh\0-c\0"), name_in("kletka: [terminal]")), (None, None));
    }
}
