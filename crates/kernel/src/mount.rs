//! Mounts, and the ids with which files are looked at and made.

use crate::call::check;
use rustix::fs::{AtFlags, StatxAttributes, StatxFlags, statx};
use std::ffi::{CStr, CString, OsStr};
use std::fs::File;
use std::io::{self, BufRead, BufReader};
use std::mem::{MaybeUninit, size_of, size_of_val};
use std::os::fd::{AsRawFd, BorrowedFd};
use std::os::unix::ffi::OsStrExt;
use std::path::{Path, PathBuf};

/// Shows the files of `tree` under the ids of `userns`, if there is one, sets MOUNT_ATTR_* flags,
/// and makes the mount private: mount_setattr(2).
///
/// `tree` is detached: made by open_tree(2) with `OPEN_TREE_CLONE`, and never attached yet.
///
/// # Errors
/// `EINVAL`: the file system cannot be idmapped. `EPERM`: the mount is idmapped already.
pub fn set_attributes(
    tree: BorrowedFd<'_>,
    attributes: u64,
    userns: Option<BorrowedFd<'_>>,
) -> io::Result<()> {
    let attr = libc::mount_attr {
        attr_set: attributes | userns.map_or(0, |_| libc::MOUNT_ATTR_IDMAP),
        // How times of access are kept is one value of several bits, and the kernel wants the old
        // value cleared.
        attr_clr: if attributes & libc::MOUNT_ATTR__ATIME == 0 {
            0
        } else {
            libc::MOUNT_ATTR__ATIME
        },
        // A clone of a shared mount is its peer: pivot_root(2) refuses a shared root, and what is
        // mounted on one of the two would appear on the other.
        propagation: libc::MS_PRIVATE,
        userns_fd: userns.map_or(0, |userns| userns.as_raw_fd() as u64),
    };
    let (fd, flags, size) = (tree.as_raw_fd(), libc::AT_EMPTY_PATH, size_of_val(&attr));
    // SAFETY: the kernel reads the NUL-terminated literal and `size` bytes of `attr`, both alive
    // until it returns; it writes nothing, keeps no pointer. Both descriptors are borrowed: open.
    check(unsafe {
        libc::syscall(libc::SYS_mount_setattr, fd, c"".as_ptr(), flags, &raw const attr, size)
    })
    .map(drop)
}

/// Sets and clears MOUNT_ATTR_* flags of the mount behind `mount`, whose root that is:
/// mount_setattr(2).
///
/// # Errors
/// `EPERM`: the kernel has locked a flag that would change. `EINVAL`: it is no mount's root.
pub fn change_attributes(mount: BorrowedFd<'_>, set: u64, clear: u64) -> io::Result<()> {
    let attr = libc::mount_attr { attr_set: set, attr_clr: clear, propagation: 0, userns_fd: 0 };
    let (fd, flags, size) = (mount.as_raw_fd(), libc::AT_EMPTY_PATH, size_of_val(&attr));
    // SAFETY: the kernel reads the NUL-terminated literal and `size` bytes of `attr`, both alive
    // until it returns; it writes nothing, keeps no pointer. The descriptor is borrowed: open.
    check(unsafe {
        libc::syscall(libc::SYS_mount_setattr, fd, c"".as_ptr(), flags, &raw const attr, size)
    })
    .map(drop)
}

/// Whether anything is mounted below the directory `root`: statx(2) and listmount(2), since Linux
/// 6.8. The list of all mounts, /proc/self/mountinfo, takes 1.3 ms for each 1,000 mounts.
///
/// `None`: the kernel cannot tell, or `root` is not the root of its mount, below which all that is
/// mounted beside the directory lies too.
#[must_use]
pub fn has_mounts_below(root: BorrowedFd<'_>) -> Option<bool> {
    let (number, attributes) = numbered(root)?;
    if !attributes.contains(StatxAttributes::MOUNT_ROOT) {
        return None;
    }
    let count = list_mounts(number, &mut [0]);
    count.ok().map(|count| count > 0)
}

/// The number of the mount that `file` is on, which no other mount ever has: statx(2),
/// `STATX_MNT_ID_UNIQUE`. `None`: Linux before 6.8.
#[must_use]
pub fn number(file: BorrowedFd<'_>) -> Option<u64> {
    numbered(file).map(|(number, _)| number)
}

fn numbered(file: BorrowedFd<'_>) -> Option<(u64, StatxAttributes)> {
    let unique = StatxFlags::from_bits_retain(libc::STATX_MNT_ID_UNIQUE);
    let found = statx(file, c"", AtFlags::EMPTY_PATH, unique).ok()?;
    let is_told = found.stx_mask & libc::STATX_MNT_ID_UNIQUE != 0;
    is_told.then_some((found.stx_mnt_id, found.stx_attributes))
}

/// Whether this process's mount namespace has more than `count` mounts: listmount(2), since Linux
/// 6.8; before, the list of all mounts is read up to there.
///
/// `None`: nobody tells.
#[must_use]
pub fn has_more_mounts_than(count: usize) -> Option<bool> {
    let mut ids = vec![0; count + 1];
    // linux/mount.h, `LSMT_ROOT`: all mounts below this process's root.
    let listed = list_mounts(u64::MAX, &mut ids).or_else(|_| count_lines(count + 1)).ok()?;
    Some(listed > count)
}

/// Writes the numbers of mounts below the mount with this unique number into `ids`, as many as have
/// room, and answers how many those are.
fn list_mounts(mount: u64, ids: &mut [u64]) -> io::Result<usize> {
    /// `struct mnt_id_req` in its first version.
    #[repr(C)]
    struct Request {
        size: u32,
        spare: u32,
        mount: u64,
        after: u64,
    }
    // The number is the same on all architectures that kletka is built for.
    const LISTMOUNT: libc::c_long = 458;
    let request = Request { size: size_of::<Request>() as u32, spare: 0, mount, after: 0 };
    let flags: libc::c_uint = 0;
    // SAFETY: the kernel reads the `size` bytes of `request`, writes at most `ids.len()` numbers
    // into `ids`, both alive until it returns, and keeps no pointer.
    let count = check(unsafe {
        libc::syscall(LISTMOUNT, &raw const request, ids.as_mut_ptr(), ids.len(), flags)
    })?;
    Ok(count as usize)
}

/// Counts the lines of /proc/self/mountinfo, and stops at `most`.
fn count_lines(most: usize) -> io::Result<usize> {
    let table = BufReader::new(File::open("/proc/self/mountinfo")?);
    table.split(b'\n').take(most).try_fold(0, |count, line| line.map(|_| count + 1))
}

/// Makes these the user and the group with which files are looked at and made: setfsuid(2),
/// setfsgid(2). Neither fails for root.
pub fn set_file_system_ids(user: u32, group: u32) {
    // SAFETY: two integers; no memory is touched.
    unsafe {
        libc::setfsgid(group);
        libc::setfsuid(user);
    }
}

/// Resolves symbolic links, `.` and `..`: realpath(3). The standard library's function has libc
/// allocate the answer; nothing else uses that allocator, and to set it up takes 40 µs.
///
/// # Errors
/// Of realpath(3): `ENOENT`, `ENOTDIR` …
pub fn realpath(path: &Path) -> io::Result<PathBuf> {
    let path = CString::new(path.as_os_str().as_bytes())?;
    let mut real = [MaybeUninit::<libc::c_char>::uninit(); libc::PATH_MAX as usize];
    // SAFETY: `path` is NUL-terminated, and the answer has room for PATH_MAX bytes, which is
    // what the function may write.
    let answer = unsafe { libc::realpath(path.as_ptr(), real.as_mut_ptr().cast()) };
    if answer.is_null() {
        return Err(io::Error::last_os_error());
    }
    // SAFETY: `answer` points to `real`, which now holds a NUL-terminated string.
    let real = unsafe { CStr::from_ptr(answer) };
    Ok(OsStr::from_bytes(real.to_bytes()).into())
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::fs;
    use std::os::fd::AsFd;

    /// What the kernel answers at once is what the list of all mounts says.
    #[test]
    fn mounts_below_a_directory() {
        let all = fs::read_to_string("/proc/self/mountinfo").unwrap();
        let points: Vec<&str> = all.lines().map(|it| it.split(' ').nth(4).unwrap()).collect();
        for point in ["/", "/proc", "/sys", "/dev", "/dev/pts", "/etc/.."] {
            let Ok(directory) = File::open(point) else { continue };
            let Some(answer) = has_mounts_below(directory.as_fd()) else { continue };
            let real = realpath(Path::new(point)).unwrap();
            let is_below = |it: &&str| Path::new(it).starts_with(&real) && Path::new(it) != real;
            // A mount that something covers may be listed too, and is not below.
            assert!(answer || !points.iter().any(is_below), "{point}");
        }
        assert_eq!(has_more_mounts_than(0), Some(true));
        assert_eq!(has_more_mounts_than(1_000_000), Some(false));
        assert_eq!(count_lines(1).unwrap(), 1);
        let plain = File::open("/usr/bin").unwrap();
        if !points.contains(&"/usr/bin") {
            assert_eq!(has_mounts_below(plain.as_fd()), None);
        }
    }
}
