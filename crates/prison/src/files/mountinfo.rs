//! The mounts of this process's namespace, as the kernel lists them: /proc/self/mountinfo,
//! proc_pid_mountinfo(5).

use rustix::fs::{AtFlags, Mode, OFlags, StatxAttributes, StatxFlags, open, statx};
use std::ffi::OsString;
use std::fs;
use std::io::{self, Read};
use std::os::fd::{AsFd, BorrowedFd, OwnedFd};
use std::os::unix::ffi::OsStringExt;
use std::os::unix::fs::MetadataExt;
use std::path::{Path, PathBuf};

/// One line of /proc/self/mountinfo: proc_pid_mountinfo(5).
pub(crate) struct MountLine {
    pub(crate) id: u64,
    pub(crate) device: String,
    /// The directory of the file system that is shown at the mount point.
    pub(crate) root: PathBuf,
    pub(crate) point: PathBuf,
    pub(crate) file_system: String,
    /// Options of the file system itself; the kernel's octal escapes are undone.
    pub(crate) options: Vec<u8>,
}

/// Finds the line of the mount that `file` is on.
pub(crate) fn mount_line_of(file: &OwnedFd) -> Option<MountLine> {
    let mount = mount_of(file.as_fd()).ok()?;
    mount_lines().into_iter().find(|line| line.id == mount)
}

/// Whether anything is mounted below the directory `root`; `None`: only the list of all mounts
/// tells.
#[must_use]
pub fn has_mounts_below(root: &Path) -> Option<bool> {
    let flags = OFlags::PATH | OFlags::DIRECTORY | OFlags::CLOEXEC;
    kernel::mount::has_mounts_below(open(root, flags, Mode::empty()).ok()?.as_fd())
}

/// What is asked of a file where the mount alone is asked about, which the kernel tells in any
/// case: a file system that a program in the jail serves tells init nothing.
pub(crate) const NOTHING: StatxFlags = StatxFlags::empty();

/// The number of the mount that `file` is on.
pub(crate) fn mount_of(file: BorrowedFd<'_>) -> rustix::io::Result<u64> {
    Ok(statx(file, "", AtFlags::EMPTY_PATH, StatxFlags::MNT_ID)?.stx_mnt_id)
}

/// Whether `file` is the root of the mount that it is on.
pub(crate) fn is_root_of_mount(file: BorrowedFd<'_>) -> rustix::io::Result<bool> {
    let found = statx(file, "", AtFlags::EMPTY_PATH, NOTHING)?;
    Ok(found.stx_attributes.contains(StatxAttributes::MOUNT_ROOT))
}

pub(crate) fn mount_lines() -> Vec<MountLine> {
    mount_lines_of("self").unwrap_or_default()
}

/// The mounts that a process sees, below its root. `process` is its name in /proc.
///
/// # Errors
/// The list cannot be read.
pub(crate) fn mount_lines_of(process: &str) -> io::Result<Vec<MountLine>> {
    // The kernel gives at most a page at a time: room for one from the start saves half of the
    // calls.
    let mut text = Vec::with_capacity(8192);
    fs::File::open(format!("/proc/{process}/mountinfo"))?.read_to_end(&mut text)?;
    Ok(mountinfo::lines(&text).map(MountLine::from).collect())
}

impl From<mountinfo::Line<'_>> for MountLine {
    fn from(line: mountinfo::Line<'_>) -> Self {
        Self {
            id: line.id,
            device: String::from_utf8_lossy(line.device).into_owned(),
            root: PathBuf::from(OsString::from_vec(line.root())),
            point: PathBuf::from(OsString::from_vec(line.target())),
            file_system: String::from_utf8_lossy(line.fstype).into_owned(),
            options: line.file_system_options(),
        }
    }
}

/// The name of the file system that `path` is on.
pub(crate) fn file_system_of(path: &Path) -> Option<String> {
    let device = fs::metadata(path).ok()?.dev();
    let device = format!("{}:{}", libc::major(device), libc::minor(device));
    mount_lines().into_iter().rev().find(|line| line.device == device).map(|line| line.file_system)
}
