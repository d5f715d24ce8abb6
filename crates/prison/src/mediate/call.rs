//! What a call asks for: the arguments of mount(2) and umount(2), which a jail has written. Values
//! only; nothing here acts.

use crate::mediate::FileSystems;
use crate::permission::Permission;
use rustix::io::Errno;
use std::ffi::{CStr, CString};

/// A setting of a file system: a key, and for most keys a value.
pub(super) type Setting = (CString, Option<CString>);

/// The most settings that are read.
const MOST: usize = 64;

/// What mount(2) asks for.
#[derive(Debug, PartialEq, Eq)]
pub(super) enum Mount {
    /// To show a directory or a file at another place too.
    Bind {
        recursive: bool,
        attributes: u64,
    },
    /// To show what lies below one of the directories that init has made: its place in
    /// [`super::Kept`].
    View(usize),
    /// To mount a new file system. `descriptor`: the caller's, by which a program serves it.
    New {
        kind: &'static CStr,
        settings: Vec<Setting>,
        attributes: u64,
        descriptor: Option<i32>,
    },
    /// To change a mount.
    Change {
        attributes: u64,
        settings: Vec<Setting>,
    },
    Move,
    /// What is so already.
    Nothing,
}

/// The flags that are another thing than a new mount, and those that say how that is shown; a call
/// has others from programs of old that the kernel overlooks too.
const SHARING: u64 = libc::MS_SHARED | libc::MS_SLAVE | libc::MS_UNBINDABLE;

/// MS_* flags and the attributes of a mount that they mean.
const ATTRIBUTES: [(u64, u64); 7] = [
    (libc::MS_RDONLY, libc::MOUNT_ATTR_RDONLY),
    (libc::MS_NOSUID, libc::MOUNT_ATTR_NOSUID),
    (libc::MS_NODEV, libc::MOUNT_ATTR_NODEV),
    (libc::MS_NOEXEC, libc::MOUNT_ATTR_NOEXEC),
    (libc::MS_NODIRATIME, libc::MOUNT_ATTR_NODIRATIME),
    (libc::MS_NOATIME, libc::MOUNT_ATTR_NOATIME),
    (libc::MS_STRICTATIME, libc::MOUNT_ATTR_STRICTATIME),
];

/// The attributes of a mount with these flags.
fn attributes(flags: u64) -> u64 {
    // MS_NOATIME and MS_STRICTATIME are two values of one field.
    let flags = if flags & libc::MS_NOATIME == 0 { flags } else { flags & !libc::MS_STRICTATIME };
    let given = ATTRIBUTES.iter().filter(|(flag, _)| flags & flag != 0);
    given.fold(0, |all, (_, attribute)| all | attribute)
}

/// The attributes that a change of a mount sets or clears.
pub(super) const CHANGED: u64 = libc::MOUNT_ATTR_RDONLY
    | libc::MOUNT_ATTR_NOSUID
    | libc::MOUNT_ATTR_NODEV
    | libc::MOUNT_ATTR_NOEXEC
    | libc::MOUNT_ATTR_NODIRATIME
    | libc::MOUNT_ATTR__ATIME;

/// Reads the flags, the type and the data of mount(2), in a jail that may mount `allowed`.
///
/// # Errors
/// `EPERM`: the jail may not mount that.
pub(super) fn mount(
    flags: u64,
    kind: &CStr,
    data: &CStr,
    allowed: FileSystems,
) -> Result<Mount, Errno> {
    let attributes = attributes(flags);
    let needs = |permissions: &[Permission], mount| {
        let has = permissions.iter().any(|&permission| allowed.has(permission));
        if has { Ok(mount) } else { Err(Errno::PERM) }
    };
    let has = |flag| flags & flag != 0;
    if has(libc::MS_REMOUNT) {
        let settings = if has(libc::MS_BIND) { Vec::new() } else { settings(data)? };
        return Ok(Mount::Change { attributes, settings });
    }
    if has(libc::MS_BIND) {
        let bind = Mount::Bind { recursive: has(libc::MS_REC), attributes: 0 };
        return needs(&[Permission::MountNullfs], bind);
    }
    // Every mount of a jail is private.
    if has(libc::MS_PRIVATE) {
        return if allowed == FileSystems::default() {
            Err(Errno::PERM)
        } else {
            Ok(Mount::Nothing)
        };
    }
    if has(SHARING) {
        return Err(Errno::PERM);
    }
    if has(libc::MS_MOVE) {
        return Ok(Mount::Move);
    }
    let new = |kind| {
        let settings = settings(data)?;
        Ok::<_, Errno>(Mount::New { kind, settings, attributes, descriptor: None })
    };
    match kind.to_bytes() {
        b"tmpfs" => needs(&[Permission::MountTmpfs], new(c"tmpfs")?),
        b"nullfs" => {
            needs(&[Permission::MountNullfs], Mount::Bind { recursive: false, attributes })
        }
        b"proc" => needs(&[Permission::MountProcfs, Permission::MountLinprocfs], Mount::View(0)),
        b"procfs" => needs(&[Permission::MountProcfs], Mount::View(0)),
        b"linprocfs" => needs(&[Permission::MountLinprocfs], Mount::View(0)),
        b"sysfs" | b"linsysfs" => needs(&[Permission::MountLinsysfs], Mount::View(1)),
        b"devfs" | b"devtmpfs" => needs(&[Permission::MountDevfs], Mount::View(2)),
        // /dev/fd shows a process its own descriptors already.
        b"fdescfs" => needs(&[Permission::MountFdescfs], Mount::Nothing),
        name if name == b"fuse" || name.starts_with(b"fuse.") => {
            let subtype = name.strip_prefix(b"fuse.").filter(|it| !it.is_empty());
            needs(&[Permission::MountFusefs], fuse(data, subtype, attributes)?)
        }
        _ => Err(Errno::PERM),
    }
}

/// A file system of a program's. Its data have the number of a descriptor of that program.
fn fuse(data: &CStr, subtype: Option<&[u8]>, attributes: u64) -> Result<Mount, Errno> {
    let mut settings = settings(data)?;
    let is_descriptor = |setting: &Setting| setting.0.to_bytes() == b"fd";
    let place = settings.iter().position(is_descriptor).ok_or(Errno::INVAL)?;
    let number = settings.remove(place).1.and_then(|text| text.to_str().ok()?.parse().ok());
    let descriptor = Some(number.ok_or(Errno::INVAL)?);
    // One is enough: a second one would be a number of another process's.
    if settings.iter().any(is_descriptor) {
        return Err(Errno::INVAL);
    }
    if let Some(subtype) = subtype {
        settings.push((c"subtype".into(), Some(text(subtype)?)));
    }
    Ok(Mount::New { kind: c"fuse", settings, attributes, descriptor })
}

/// Reads `key=value,flag`.
fn settings(data: &CStr) -> Result<Vec<Setting>, Errno> {
    let words = data.to_bytes().split(|byte| *byte == b',').filter(|word| !word.is_empty());
    let setting = |word: &[u8]| match word.iter().position(|byte| *byte == b'=') {
        Some(at) => Ok((text(&word[..at])?, Some(text(&word[at + 1..])?))),
        None => Ok((text(word)?, None)),
    };
    let settings: Vec<Setting> = words.take(MOST + 1).map(setting).collect::<Result<_, _>>()?;
    if settings.len() > MOST { Err(Errno::INVAL) } else { Ok(settings) }
}

fn text(bytes: &[u8]) -> Result<CString, Errno> {
    CString::new(bytes).map_err(|_| Errno::INVAL)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::permission::Allow;

    #[test]
    #[rustfmt::skip]
    fn what_mount_asks_for() {
        let all = FileSystems(0xff);
        let none = FileSystems::default();
        let only = |permission| FileSystems::of(Allow::NOTHING.with(Permission::Mount).with(permission));
        let key = |key: &CStr, value: Option<&CStr>| (key.to_owned(), value.map(CStr::to_owned));
        let bind = |recursive, attributes| Ok(Mount::Bind { recursive, attributes });
        let read_only = libc::MOUNT_ATTR_RDONLY;
        let tmpfs = |settings, attributes| {
            Ok(Mount::New { kind: c"tmpfs", settings, attributes, descriptor: None })
        };
        for (flags, kind, data, allowed, want) in [
            (libc::MS_BIND,                   c"",         c"",          all,  bind(false, 0)),
            (libc::MS_BIND | libc::MS_REC,    c"none",     c"",          all,  bind(true, 0)),
            (libc::MS_BIND | libc::MS_RDONLY, c"",         c"",          all,  bind(false, 0)), // as the kernel
            (libc::MS_BIND,                   c"tmpfs",    c"",          only(Permission::MountTmpfs), Err(Errno::PERM)),
            (libc::MS_RDONLY,                 c"nullfs",   c"",          all,  bind(false, read_only)),
            (libc::MS_RDONLY,                 c"tmpfs",    c"size=1m,x", all,  tmpfs(vec![key(c"size", Some(c"1m")), key(c"x", None)], read_only)),
            (0,                               c"tmpfs",    c"",          none, Err(Errno::PERM)),
            (0,                               c"proc",     c"",          only(Permission::MountLinprocfs), Ok(Mount::View(0))),
            (0,                               c"procfs",   c"",          only(Permission::MountLinprocfs), Err(Errno::PERM)),
            (0,                               c"sysfs",    c"",          all,  Ok(Mount::View(1))),
            (0,                               c"devfs",    c"",          all,  Ok(Mount::View(2))),
            (0,                               c"fdescfs",  c"",          all,  Ok(Mount::Nothing)),
            (0,                               c"fdescfs",  c"",          none, Err(Errno::PERM)),
            (0,                               c"fuse.x",   c"fd=3,a=b",  all,  Ok(Mount::New { kind: c"fuse", settings: vec![key(c"a", Some(c"b")), key(c"subtype", Some(c"x"))], attributes: 0, descriptor: Some(3) })),
            (0,                               c"fuse",     c"fd=3,fd=4", all,  Err(Errno::INVAL)),
            (0,                               c"fuse",     c"a=b",       all,  Err(Errno::INVAL)),
            (0,                               c"fuseblk",  c"fd=3",      all,  Err(Errno::PERM)),
            (0,                               c"ramfs",    c"",          all,  Err(Errno::PERM)),
            (0,                               c"cgroup2",  c"",          all,  Err(Errno::PERM)),
            (0,                               c"zfs",      c"",          all,  Err(Errno::PERM)),
            (libc::MS_PRIVATE | libc::MS_REC, c"none",     c"",          all,  Ok(Mount::Nothing)),
            (libc::MS_PRIVATE,                c"none",     c"",          none, Err(Errno::PERM)),
            (libc::MS_SHARED,                 c"none",     c"",          all,  Err(Errno::PERM)),
            (libc::MS_MOVE,                   c"",         c"",          all,  Ok(Mount::Move)),
            (libc::MS_REMOUNT | libc::MS_RDONLY, c"",      c"size=2m",   all,  Ok(Mount::Change { attributes: read_only, settings: vec![key(c"size", Some(c"2m"))] })),
            (libc::MS_REMOUNT | libc::MS_BIND, c"",        c"size=2m",   all,  Ok(Mount::Change { attributes: 0, settings: vec![] })),
            (libc::MS_NOATIME | libc::MS_STRICTATIME, c"tmpfs", c"",     all,  tmpfs(vec![], libc::MOUNT_ATTR_NOATIME)),
        ] {
            assert_eq!(mount(flags, kind, data, allowed), want, "{flags:#x} {kind:?} {data:?}");
        }
    }
}
