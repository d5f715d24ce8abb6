//! A prison's file systems, as detached mounts: made by the host, seen by nobody, attached later by
//! [`crate::init`] in the prison's own mount namespace. Closing one is all that undoing it takes.

use crate::error::{Calling, Error};
use crate::ids::Ids;
use crate::overlay;
use crate::spec::{MountOptions, Users};
use crate::sys;
use rustix::fs::{AtFlags, CWD, StatxFlags, statfs, statx};
use rustix::io::Errno;
use rustix::mount::{
    FsMountFlags, FsOpenFlags, MountAttrFlags, OpenTreeFlags, fsconfig_create, fsconfig_set_flag,
    fsconfig_set_string, fsmount, fsopen, open_tree,
};
use std::ffi::OsString;
use std::fs;
use std::io::{self, Read};
use std::os::fd::{AsFd, BorrowedFd, OwnedFd};
use std::os::unix::ffi::OsStringExt;
use std::os::unix::fs::MetadataExt;
use std::path::{Path, PathBuf};

/// The type that statfs(2) gives for an overlay.
const OVERLAYFS_MAGIC: i64 = 0x794c_7630;

/// File systems of the kernel itself: a jail has its own of them, or none.
const KERNEL: [&str; 20] = [
    "autofs",
    "binfmt_misc",
    "bpf",
    "cgroup",
    "cgroup2",
    "configfs",
    "debugfs",
    "devpts",
    "devtmpfs",
    "efivarfs",
    "fusectl",
    "hugetlbfs",
    "mqueue",
    "nsfs",
    "proc",
    "pstore",
    "rpc_pipefs",
    "securityfs",
    "sysfs",
    "tracefs",
];

/// Owner and group of a directory, as the jail sees them.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Owner {
    pub(crate) uid: u32,
    pub(crate) gid: u32,
}

/// A detached mount and the place it is made for.
#[derive(Debug)]
pub(crate) struct Tree {
    pub(crate) fd: OwnedFd,
    /// Absolute path inside the jail.
    pub(crate) target: PathBuf,
    /// What an error message calls it.
    pub(crate) source: PathBuf,
    /// The file system, where `source` does not lie on it but is it.
    kind: Option<String>,
    /// Mounts where the target is missing are left out: the kernel's own, in a base without them.
    pub(crate) optional: bool,
    /// MOUNT_ATTR_* flags to set, with the ids, before it is attached.
    attributes: u64,
    /// Its files have ids of the disk, which the jail is to see as its own.
    idmapped: bool,
    /// It is a clone of what the host has at `source`.
    cloned: bool,
}

pub(crate) fn attributes(options: MountOptions) -> u64 {
    let flags = [
        (options.read_only, libc::MOUNT_ATTR_RDONLY),
        (options.nosuid, libc::MOUNT_ATTR_NOSUID),
        (options.noexec, libc::MOUNT_ATTR_NOEXEC),
        (options.noatime, libc::MOUNT_ATTR_NOATIME),
    ];
    let set = flags.into_iter().filter(|(on, _)| *on);
    set.fold(libc::MOUNT_ATTR_NODEV, |all, (_, flag)| all | flag)
}

impl Tree {
    /// A second view of what the host has at `source`: open_tree(2), `OPEN_TREE_CLONE`.
    pub(crate) fn clone_of(
        source: &Path,
        target: PathBuf,
        options: MountOptions,
    ) -> Result<Self, Error> {
        let flags = OpenTreeFlags::OPEN_TREE_CLONE | OpenTreeFlags::OPEN_TREE_CLOEXEC;
        let fd = open_tree(CWD, source, flags)
            .map_err(|error| Error::Mount(source.into(), error.into()))?;
        let (source, attributes) = (source.into(), attributes(options));
        Ok(Self { source, attributes, idmapped: true, cloned: true, ..Self::made(fd, target) })
    }

    /// The same for a root: one on an overlay is made again over its layers, with the jail's ids.
    pub(crate) fn root_of(path: &Path, users: Users, ids: Ids) -> Result<Self, Error> {
        let tree = Self::clone_of(path, "/".into(), MountOptions::default())?;
        let on_overlay =
            users == Users::Own && statfs(path).is_ok_and(|fs| fs.f_type == OVERLAYFS_MAGIC);
        match on_overlay.then(|| overlay::idmapped(path, ids)).transpose()?.flatten() {
            Some(fd) => Ok(Self { fd, idmapped: false, cloned: false, ..tree }),
            None => Ok(tree),
        }
    }

    /// An empty tmpfs; its root belongs to the jail's id `owner`.
    pub(crate) fn tmpfs(
        target: PathBuf,
        options: MountOptions,
        settings: &[(&str, String)],
        owner: (u32, u32),
    ) -> Result<Self, Error> {
        Self::tmpfs_with(target, attributes(options), settings, owner)
    }

    /// The same, with MOUNT_ATTR_* flags: /dev alone goes without `NODEV`.
    pub(crate) fn tmpfs_with(
        target: PathBuf,
        attributes: u64,
        settings: &[(&str, String)],
        (uid, gid): (u32, u32),
    ) -> Result<Self, Error> {
        let owner = [("uid", uid.to_string()), ("gid", gid.to_string())];
        let settings: Vec<_> =
            owner.iter().chain(settings).map(|(k, v)| (*k, v.as_str())).collect();
        let fd = file_system("tmpfs", &settings, attributes)
            .map_err(|error| Error::Mount(target.clone(), error))?;
        Ok(Self::made(fd, target))
    }

    /// A file system that has just been made, with the jail's ids in it and its attributes set.
    pub(crate) fn made(fd: OwnedFd, target: PathBuf) -> Self {
        let source = target.clone();
        Self {
            fd,
            target,
            source,
            kind: None,
            optional: false,
            attributes: 0,
            idmapped: false,
            cloned: false,
        }
    }

    /// Leaves this mount out when the root has no place for it.
    pub(crate) fn optional(self) -> Self {
        Self { optional: true, ..self }
    }

    /// A tmpfs(5) whose root directory has this owner in the jail.
    pub(crate) fn tmpfs_of(
        target: PathBuf,
        options: MountOptions,
        settings: &[(&str, String)],
        owner: Owner,
        ids: Ids,
    ) -> Result<Self, Error> {
        let (Some(uid), Some(gid)) = (ids.on_host(owner.uid), ids.on_host(owner.gid)) else {
            return Err(Error::Mount(target, io::ErrorKind::InvalidInput.into()));
        };
        Self::tmpfs(target, options, settings, (uid, gid))
    }

    /// An overlay of directories of the host.
    pub(crate) fn overlay(
        lower: &[PathBuf],
        upper: Option<&(PathBuf, PathBuf)>,
        target: PathBuf,
        options: MountOptions,
        ids: Option<Ids>,
    ) -> Result<Self, Error> {
        let made = overlay::of_layers(lower, upper, ids, attributes(options));
        let fd = made.map_err(|error| Error::Mount(target.clone(), error))?;
        Ok(Self::made(fd, target))
    }

    /// The file system on a device.
    pub(crate) fn of_disk(
        kind: &str,
        device: &Path,
        target: PathBuf,
        options: MountOptions,
    ) -> Result<Self, Error> {
        let failed = |error: io::Error| Error::Mount(device.into(), error);
        let context = fsopen(kind, FsOpenFlags::FSOPEN_CLOEXEC).map_err(|error| match error {
            Errno::NODEV => Error::NoFileSystem(kind.to_owned()),
            error => failed(error.into()),
        })?;
        let made = fsconfig_set_string(context.as_fd(), "source", device).and_then(|()| {
            if options.read_only {
                fsconfig_set_flag(context.as_fd(), "ro")?;
            }
            fsconfig_create(context.as_fd())?;
            let attributes = MountAttrFlags::from_bits_retain(attributes(options) as u32);
            fsmount(context.as_fd(), FsMountFlags::FSMOUNT_CLOEXEC, attributes)
        });
        let fd = made.map_err(|error| failed(error.into()))?;
        let (attributes, source) = (attributes(options), device.into());
        let kind = Some(kind.to_owned());
        Ok(Self { source, kind, attributes, idmapped: true, ..Self::made(fd, target) })
    }

    /// The directory of the host that it is a clone of, if it is one.
    pub(crate) fn directory(&self) -> Option<&Path> {
        self.cloned.then_some(&self.source)
    }

    /// Whether it is mounted `ro`.
    pub(crate) fn is_read_only(&self) -> bool {
        self.attributes & libc::MOUNT_ATTR_RDONLY != 0
    }

    /// Whether its files have the ids of the disk still.
    pub(crate) fn has_ids_of_disk(&self) -> bool {
        self.idmapped
    }

    /// Does what [`Tree::settle`] would do later, for who needs it now: a layer of another file system.
    pub(crate) fn settle_now(&mut self, userns: Option<BorrowedFd<'_>>) -> Result<(), Error> {
        self.settle(userns)?;
        self.idmapped = false;
        Ok(())
    }

    /// Sets the attributes, and shows the files under the ids of `userns`, if there is one, where they have the
    /// disk's.
    pub(crate) fn settle(&self, userns: Option<BorrowedFd<'_>>) -> Result<(), Error> {
        if !self.idmapped {
            return Ok(());
        }
        match sys::mount_setattr(self.fd.as_fd(), self.attributes, userns) {
            Err(error) if userns.is_some() && error.raw_os_error() == Some(libc::EINVAL) => {
                let kind = self.kind.clone().or_else(|| file_system_of(&self.source));
                let file_system = kind.unwrap_or_else(|| "it".into());
                Err(Error::CannotIdmap { path: self.source.clone(), file_system })
            }
            other => other.calling("mount_setattr"),
        }
    }
}

/// Tries whether the files at `path` can be shown under the ids of a jail, as its root would be: on a clone that nobody
/// sees, in a user namespace that is gone afterwards. An overlay is judged by its layers.
///
/// # Errors
/// [`Error::NoUserNamespaces`]; [`Error::CannotIdmap`]; [`Error::Mount`]: it cannot be cloned.
pub fn try_idmap(path: &Path) -> Result<(), Error> {
    let users = Ids::SOME.user_namespace().map_err(Error::NoUserNamespaces)?;
    if let Some(tried) = overlay::try_layers(path, users.as_fd()) {
        return tried.map_err(|error| match error.raw_os_error() {
            Some(libc::EINVAL) => Error::CannotIdmap {
                path: path.into(),
                file_system: "a layer of the overlay".into(),
            },
            _ => Error::Mount(path.into(), error),
        });
    }
    Tree::clone_of(path, "/".into(), MountOptions::default())?.settle(Some(users.as_fd()))
}

/// Makes a file system and a detached mount of it: fsopen(2), fsconfig(2), fsmount(2).
/// `attributes` are MOUNT_ATTR_* flags.
pub(crate) fn file_system(
    kind: &str,
    settings: &[(&str, &str)],
    attributes: u64,
) -> io::Result<OwnedFd> {
    let context = fsopen(kind, FsOpenFlags::FSOPEN_CLOEXEC)?;
    for &(key, value) in settings {
        fsconfig_set_string(context.as_fd(), key, value)?;
    }
    fsconfig_create(context.as_fd())?;
    let attributes = MountAttrFlags::from_bits_retain(attributes as u32);
    Ok(fsmount(context.as_fd(), FsMountFlags::FSMOUNT_CLOEXEC, attributes)?)
}

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

fn mount_lines() -> Vec<MountLine> {
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

/// What the host has mounted below `path` comes along, each mount by itself; the kernel's own file
/// systems, and all below them and below `hidden`, do not.
pub(crate) fn submounts(path: &Path, hidden: &[&str]) -> Result<Vec<Tree>, Error> {
    let path = sys::realpath(path).map_err(|error| Error::Path(path.into(), error))?;
    let mut left_out: Vec<PathBuf> = hidden.iter().map(|dir| path.join(&dir[1..])).collect();
    let mut trees = Vec::new();
    for line in mount_lines() {
        let Ok(inside) = line.point.strip_prefix(&path) else { continue };
        if inside.as_os_str().is_empty() || left_out.iter().any(|dir| line.point.starts_with(dir)) {
            continue;
        }
        if KERNEL.contains(&line.file_system.as_str()) {
            left_out.push(line.point);
            continue;
        }
        if !is_visible(&line) {
            continue;
        }
        let target = Path::new("/").join(inside);
        trees.push(Tree::clone_of(&line.point, target, MountOptions::default())?);
    }
    Ok(trees)
}

/// Whether a mount can be reached: something may have been mounted over it, or over a directory above.
fn is_visible(line: &MountLine) -> bool {
    let flags = AtFlags::SYMLINK_NOFOLLOW | AtFlags::NO_AUTOMOUNT;
    let seen = statx(CWD, &line.point, flags, StatxFlags::MNT_ID);
    seen.is_ok_and(|seen| seen.stx_mnt_id == line.id)
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

    #[test]
    fn the_kernels_file_systems_stay_outside() {
        let trees = submounts(Path::new("/proc"), &[]);
        assert!(trees.unwrap().is_empty());
        assert_eq!(file_system_of(Path::new("/proc")).as_deref(), Some("proc"));
    }
}
