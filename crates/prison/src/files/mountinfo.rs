//! What is mounted, as the kernel lists it: /proc/self/mountinfo, proc_pid_mountinfo(5).

use rustix::fs::{AtFlags, CWD, StatxFlags, statx};
use std::ffi::OsString;
use std::fs;
use std::io::Read;
use std::os::unix::ffi::OsStringExt;
use std::os::unix::fs::MetadataExt;
use std::path::{Path, PathBuf};

/// One line of /proc/self/mountinfo: proc_pid_mountinfo(5).
pub(crate) struct MountLine {
    pub(crate) id: u64,
    pub(crate) device: String,
    pub(crate) point: PathBuf,
    pub(crate) file_system: String,
    /// Of the file system itself; the kernel's octal escapes undone.
    pub(crate) options: Vec<u8>,
}

/// The line of the mount that `path` is on.
pub(crate) fn mount_line_of(path: &Path) -> Option<MountLine> {
    let found = statx(CWD, path, AtFlags::empty(), StatxFlags::MNT_ID).ok()?;
    mount_lines().into_iter().find(|line| line.id == found.stx_mnt_id)
}

pub(crate) fn mount_lines() -> Vec<MountLine> {
    // The kernel gives at most a page at a time; starting with room for it saves half of the calls.
    let mut text = Vec::with_capacity(8192);
    let read =
        fs::File::open("/proc/self/mountinfo").and_then(|mut file| file.read_to_end(&mut text));
    if read.is_err() {
        return Vec::new();
    }
    text.split(|&byte| byte == b'\n').filter_map(mount_line).collect()
}

fn mount_line(line: &[u8]) -> Option<MountLine> {
    let mut fields = line.split(|&byte| byte == b' ');
    let id = std::str::from_utf8(fields.next()?).ok()?.parse().ok()?;
    let device = String::from_utf8_lossy(fields.nth(1)?).into_owned();
    let point = unescape(fields.nth(1)?);
    let mut rest = fields.skip_while(|field| field != b"-").skip(1);
    let file_system = String::from_utf8_lossy(rest.next()?).into_owned();
    let options = unescape(rest.nth(1)?).into_os_string().into_vec();
    Some(MountLine { id, device, point, file_system, options })
}

/// Undoes the kernel's `\040` in a path.
fn unescape(field: &[u8]) -> PathBuf {
    let mut out = Vec::with_capacity(field.len());
    let mut rest = field;
    while let Some((&first, tail)) = rest.split_first() {
        let octal = tail.get(..3).and_then(|digits| std::str::from_utf8(digits).ok());
        match octal.and_then(|digits| u8::from_str_radix(digits, 8).ok()) {
            Some(byte) if first == b'\\' => {
                out.push(byte);
                rest = &tail[3..];
            }
            _ => {
                out.push(first);
                rest = tail;
            }
        }
    }
    PathBuf::from(OsString::from_vec(out))
}

/// The name of the file system that `path` is on.
pub(crate) fn file_system_of(path: &Path) -> Option<String> {
    let device = fs::metadata(path).ok()?.dev();
    let device = format!("{}:{}", libc::major(device), libc::minor(device));
    mount_lines().into_iter().rev().find(|line| line.device == device).map(|line| line.file_system)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn mountinfo_lines() {
        let line =
            mount_line(b"36 35 98:0 /mnt1 /mnt/a\\040b rw,noatime master:1 - ext3 /dev/root rw");
        let line = line.unwrap();
        assert_eq!((line.id, line.device.as_str()), (36, "98:0"));
        assert_eq!(line.point, Path::new("/mnt/a b"));
        assert_eq!(line.file_system, "ext3");
        assert!(mount_line(b"36 35").is_none());
    }
}
