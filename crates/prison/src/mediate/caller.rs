//! Who makes a call that is to be answered: read from a /proc that is mounted nowhere.

use crate::confine::ids::Ids;
use crate::mediate::Kept;
use kernel::namespace::Identity;
use kernel::notify;
use rustix::fs::{FileType, Mode, OFlags, fstat, openat};
use rustix::io::{Errno, read};
use rustix::process::{Pid, PidfdFlags, PidfdGetfdFlags, pidfd_getfd, pidfd_open};
use std::ffi::CString;
use std::io;
use std::os::fd::{AsFd, OwnedFd};

/// CAP_FOWNER, CAP_LINUX_IMMUTABLE and CAP_SYS_ADMIN: capabilities(7).
const FOWNER: u64 = 1 << 3;
pub(super) const LINUX_IMMUTABLE: u64 = 1 << 9;
pub(super) const SYS_ADMIN: u64 = 1 << 21;

/// The process that waits for an answer, as it was when it was looked at.
#[derive(Debug)]
pub(super) struct Caller {
    thread: u32,
    process: u32,
    pub(super) root: OwnedFd,
    pub(super) directory: OwnedFd,
    /// The user and the group with which its files are looked at, as the jail sees them.
    pub(super) user: u32,
    pub(super) group: u32,
    /// Its capabilities in its user namespace, each a bit.
    capabilities: u64,
}

impl Caller {
    /// Looks at the process of a thread.
    ///
    /// # Errors
    /// `EPERM`: the process is not directly in the jail's namespaces. `ESRCH`.
    pub(super) fn find(kept: &Kept, thread: u32, ids: Ids) -> io::Result<Self> {
        if thread == 0 {
            return Err(Errno::PERM.into());
        }
        let open = |name: &str, flags| {
            let path = format!("{thread}/{name}");
            openat(&kept.proc, path, flags | OFlags::CLOEXEC, Mode::empty())
        };
        let mounts = open("ns/mnt", OFlags::RDONLY)?;
        let is_same = |one: &OwnedFd, other: &OwnedFd| {
            Ok::<_, io::Error>(Identity::of(one.as_fd())? == Identity::of(other.as_fd())?)
        };
        let users = kept.users.as_ref().map(|users| {
            let theirs = open("ns/user", OFlags::RDONLY)?;
            is_same(&theirs, users)
        });
        if !is_same(&mounts, &kept.mounts)? || !users.transpose()?.unwrap_or(true) {
            return Err(Errno::PERM.into());
        }
        let mut status = vec![0; 8 * PAGE];
        let length = read(open("status", OFlags::RDONLY)?, &mut status)?;
        let status = Status(String::from_utf8_lossy(&status[..length]).into_owned());
        let inside = |on_host: Option<u64>| {
            let on_host = on_host.and_then(|id| u32::try_from(id).ok());
            on_host.and_then(|id| ids.inside(id)).ok_or(Errno::PERM)
        };
        Ok(Self {
            thread,
            process: status.number("Tgid:", 0, 10).unwrap_or(0) as u32,
            root: open("root", OFlags::PATH | OFlags::DIRECTORY)?,
            directory: open("cwd", OFlags::PATH | OFlags::DIRECTORY)?,
            // The fourth is the file system's.
            user: inside(status.number("Uid:", 3, 10))?,
            group: inside(status.number("Gid:", 3, 10))?,
            capabilities: status.number("CapEff:", 0, 16).unwrap_or(0),
        })
    }

    /// Refuses a caller that may not mount.
    pub(super) fn check_may_mount(&self) -> io::Result<()> {
        if self.has(SYS_ADMIN) { Ok(()) } else { Err(Errno::PERM.into()) }
    }

    /// Whether the caller has this capability in the jail.
    pub(super) fn has(&self, capability: u64) -> bool {
        self.capabilities & capability != 0
    }

    /// Whether the caller may do to this file or directory what its owner may: it is one of the
    /// jail's users', and the caller is that user or has power over the files of all of them.
    pub(super) fn governs(&self, kept: &Kept, ids: Ids, file: &OwnedFd) -> io::Result<bool> {
        let about = fstat(file)?;
        // The same call means something else to a device or a socket.
        let kind = FileType::from_raw_mode(about.st_mode);
        let is_file = matches!(kind, FileType::RegularFile | FileType::Directory);
        // The id-mapped mount says whose the file is: nobody's of the jail has no id there.
        let (user, group) = (ids.inside(about.st_uid), ids.inside(about.st_gid));
        let owns = user == Some(self.user) || self.has(FOWNER);
        // What the host changes in the jail's /dev stays the host's to change.
        let is_of_dev = kept.device_of_dev().is_some_and(|dev| dev == about.st_dev);
        Ok(is_file && user.is_some() && group.is_some() && owns && !is_of_dev)
    }

    /// Reads a number that the call points to.
    pub(super) fn number(&self, address: u64) -> io::Result<u32> {
        let mut bytes = [0; 4];
        let length = notify::read_memory(self.thread, address, &mut bytes)?;
        if length == bytes.len() { Ok(u32::from_ne_bytes(bytes)) } else { Err(Errno::FAULT.into()) }
    }

    /// Reads a text that the call points to: [`text_of`].
    pub(super) fn text(&self, address: u64) -> io::Result<CString> {
        text_of(self.thread, address)
    }

    /// Reads so many bytes that the call points to.
    pub(super) fn bytes(&self, address: u64, length: usize) -> io::Result<Vec<u8>> {
        let mut bytes = vec![0; length];
        let read =
            if length == 0 { 0 } else { notify::read_memory(self.thread, address, &mut bytes)? };
        if read == length { Ok(bytes) } else { Err(Errno::FAULT.into()) }
    }

    /// Takes a copy of a descriptor of the caller.
    pub(super) fn descriptor(&self, number: i32) -> io::Result<OwnedFd> {
        let process = i32::try_from(self.process).ok().and_then(Pid::from_raw);
        let pidfd = pidfd_open(process.ok_or(Errno::SRCH)?, PidfdFlags::empty())?;
        Ok(pidfd_getfd(pidfd, number, PidfdGetfdFlags::empty())?)
    }
}

const PAGE: usize = 4096;

/// Reads a text that a call of a thread points to, of less than a page. A null pointer is an empty
/// text.
pub(super) fn text_of(thread: u32, address: u64) -> io::Result<CString> {
    if address == 0 {
        return Ok(CString::default());
    }
    let mut text: Vec<u8> = Vec::new();
    let mut page = vec![0; PAGE];
    while text.len() < PAGE {
        // Page by page: the next one may not be mapped, and need not be.
        let at = address.checked_add(text.len() as u64).ok_or(Errno::FAULT)?;
        let room = PAGE - at as usize % PAGE;
        let length = notify::read_memory(thread, at, &mut page[..room])?;
        if let Some(end) = page[..length].iter().position(|byte| *byte == 0) {
            text.extend(&page[..end]);
            return CString::new(text).map_err(|_| Errno::INVAL.into());
        }
        if length == 0 {
            return Err(Errno::FAULT.into());
        }
        text.extend(&page[..length]);
    }
    Err(Errno::NAMETOOLONG.into())
}

/// Opens the memory of a thread, to be written to. Unlike a number, what is open stays the memory
/// of this process when the process has ended.
pub(super) fn memory(kept: &Kept, thread: u32) -> io::Result<OwnedFd> {
    let flags = OFlags::WRONLY | OFlags::CLOEXEC;
    Ok(openat(&kept.proc, format!("{thread}/mem"), flags, Mode::empty())?)
}

/// The text of /proc/PID/status.
struct Status(String);

impl Status {
    /// The number at a place of a line.
    fn number(&self, line: &str, place: usize, base: u32) -> Option<u64> {
        let rest = self.0.lines().find_map(|it| it.strip_prefix(line))?;
        u64::from_str_radix(rest.split_ascii_whitespace().nth(place)?, base).ok()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn numbers_of_a_status() {
        let text = "Name:\tUid:\t7\nTgid:\t12\nUid:\t0\t0\t0\t1000\nCapEff:\t0000000000200000\n";
        let status = Status(text.into());
        let got = [("Tgid:", 0, 10), ("Uid:", 3, 10), ("CapEff:", 0, 16), ("Gid:", 3, 10)]
            .map(|(line, place, base)| status.number(line, place, base));
        assert_eq!(got, [Some(12), Some(1000), Some(SYS_ADMIN), None]);
    }
}
