//! Extended attributes of the system: FreeBSD's `EXTATTR_NAMESPACE_SYSTEM`, Linux's `trusted.`, and
//! `security.NTACL`, which is Samba's; setxattr(2), getxattr(2), removexattr(2).
//!
//! Linux wants a capability over the host for these. So the server reads and writes them, and no
//! others, on files of the jail's own users. A path is resolved by a maker, with the caller's
//! rights. Every other attribute is the kernel's matter, with the rights of the caller.

use crate::mediate::Kept;
use rustix::fs::{
    OFlags, XattrFlags, fcntl_getfl, fstatfs, getxattr, getxattr_query, removexattr, setxattr,
};
use rustix::process::{chdir, fchdir};
use std::ffi::CStr;
use std::io;
use std::os::fd::{AsRawFd, OwnedFd};

/// The longest value: linux/limits.h, `XATTR_SIZE_MAX`.
pub(super) const LARGEST: u64 = 1 << 16;

/// The type that statfs(2) gives for file systems that a program serves.
const FUSE: i64 = 0x6573_5546;

/// Beginnings of names that mean something to the kernel: to overlays, and to lists of access.
const KERNELS: [&[u8]; 2] = [b"trusted.overlay.", b"trusted.SGI_"];

/// What a call does with an attribute.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) enum Access {
    /// Reads up to so many bytes; 0 asks for the length.
    Get(usize),
    Set(Vec<u8>, XattrFlags),
    Remove,
}

/// How the file of a call is found.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum By {
    Descriptor,
    Path { follows: bool },
}

/// What a call does, by its number.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Kind {
    Get,
    Set,
    Remove,
}

/// What the calls that come here do, and how each finds its file.
pub(super) fn call(number: i64) -> Option<(Kind, By)> {
    let (path, link) = (By::Path { follows: true }, By::Path { follows: false });
    Some(match number {
        libc::SYS_getxattr => (Kind::Get, path),
        libc::SYS_lgetxattr => (Kind::Get, link),
        libc::SYS_fgetxattr => (Kind::Get, By::Descriptor),
        libc::SYS_setxattr => (Kind::Set, path),
        libc::SYS_lsetxattr => (Kind::Set, link),
        libc::SYS_fsetxattr => (Kind::Set, By::Descriptor),
        libc::SYS_removexattr => (Kind::Remove, path),
        libc::SYS_lremovexattr => (Kind::Remove, link),
        libc::SYS_fremovexattr => (Kind::Remove, By::Descriptor),
        _ => return None,
    })
}

/// Whether the server does this with an attribute of this name. Everybody reads what begins with
/// `security.`.
pub(super) fn is_of_system(name: &CStr, kind: Kind) -> bool {
    let name = name.to_bytes();
    let is_trusted = name.starts_with(b"trusted.")
        && !KERNELS.iter().any(|beginning| name.starts_with(beginning));
    is_trusted || name == b"security.NTACL" && kind != Kind::Get
}

/// Whether the attributes of this file, as the caller has it open, are the server's to read and
/// write: what a program serves asks that program, and a descriptor without rights has none.
pub(super) fn is_served(file: &OwnedFd, by: By) -> io::Result<bool> {
    let is_path = by == By::Descriptor && fcntl_getfl(file)?.contains(OFlags::PATH);
    Ok(!is_path && fstatfs(file)?.f_type != FUSE)
}

/// Carries out an access. Answers what was read, and the length of the value.
///
/// # Errors
/// Those of the file system. `EROFS`: the mount is read-only.
pub(super) fn carry_out(
    kept: &Kept,
    file: &OwnedFd,
    name: &CStr,
    access: Access,
) -> io::Result<(Vec<u8>, usize)> {
    // By descriptor, whatever kind that is: this /proc is mounted nowhere.
    fchdir(&kept.proc)?;
    let path = format!("self/fd/{}", file.as_raw_fd());
    let done = match access {
        Access::Get(0) => getxattr_query(&*path, name).map(|length| (Vec::new(), length)),
        Access::Get(room) => {
            let mut value = vec![0; room];
            getxattr(&*path, name, &mut value).map(|length| {
                value.truncate(length);
                (value, length)
            })
        }
        Access::Set(value, flags) => {
            setxattr(&*path, name, &value, flags).map(|()| (Vec::new(), 0))
        }
        Access::Remove => removexattr(&*path, name).map(|()| (Vec::new(), 0)),
    };
    let _ = chdir(c"/");
    Ok(done?)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn names_of_the_system() {
        for (name, get, set) in [
            (c"trusted.note", true, true),
            (c"trusted.", true, true),
            (c"trusted.overlay.opaque", false, false),
            (c"trusted.SGI_ACL_FILE", false, false),
            (c"security.NTACL", false, true),
            (c"security.NTACL2", false, false),
            (c"security.capability", false, false),
            (c"security.selinux", false, false),
            (c"user.trusted.note", false, false),
            (c"system.posix_acl_access", false, false),
            (c"", false, false),
        ] {
            let got = [Kind::Get, Kind::Set, Kind::Remove].map(|kind| is_of_system(name, kind));
            assert_eq!(got, [get, set, set], "{name:?}");
        }
    }
}
