//! A prison's file systems, as detached mounts: the host makes them, nobody sees them, and
//! [`crate::init`] attaches them later in the prison's own mount namespace. To close one is all
//! that undoing it takes.

use crate::confine::ids::Ids;
use crate::error::{Calling, Error};
use crate::files::mountinfo::{file_system_of, mount_lines};
use crate::files::source::Sources;
use crate::files::{overlay, root};
use crate::spec::{MountOptions, Users};
use kernel::mount;
use kernel::proc::by_descriptor;
use rustix::fs::{AtFlags, StatxFlags, fstatfs, statx};
use rustix::io::Errno;
use rustix::mount::{
    FsMountFlags, FsOpenFlags, MountAttrFlags, OpenTreeFlags, fsconfig_create, fsconfig_set_flag,
    fsconfig_set_string, fsmount, fsopen, open_tree,
};
use std::fs;
use std::io;
use std::os::fd::{AsFd, BorrowedFd, OwnedFd};
use std::path::{Path, PathBuf};

/// The MOUNT_ATTR_* flags of a file system of the kernel's own.
pub(crate) const QUIET: u64 =
    libc::MOUNT_ATTR_NOSUID | libc::MOUNT_ATTR_NODEV | libc::MOUNT_ATTR_NOEXEC;

/// The type that statfs(2) gives for an overlay.
const OVERLAYFS_MAGIC: i64 = 0x794c_7630;

/// File systems of the kernel itself: a jail has instances of its own, or none. Most cannot be
/// idmapped either.
pub(crate) const KERNEL: [&str; 21] = [
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
    "nfsd",
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

/// A detached mount and the place for which it is made.
#[derive(Debug)]
pub(crate) struct Tree {
    pub(crate) fd: OwnedFd,
    /// Absolute path inside the jail.
    pub(crate) target: PathBuf,
    /// The name that an error message has for it.
    pub(crate) source: PathBuf,
    /// The file system's name, where `source` is a device that holds it.
    kind: Option<String>,
    /// Left out where the target is missing: the kernel's own file systems, in a base without
    /// places for them.
    pub(crate) optional: bool,
    /// MOUNT_ATTR_* flags that are set, with the ids, before the mount is attached.
    attributes: u64,
    /// The files still have the ids of the disk, which the jail is to see as its own.
    idmapped: bool,
    /// This is a clone of what the host has at `source`.
    cloned: bool,
    /// What is mounted below `source` is in the clone.
    pub(crate) has_mounts: bool,
}

/// Whether a mount cannot be cloned alone, as others are locked below it; open_tree(2) has no other
/// word for that.
fn is_locked(error: &Error) -> bool {
    matches!(error, Error::Mount(_, error) if error.raw_os_error() == Some(libc::EINVAL))
}

pub(crate) fn attributes(options: MountOptions) -> u64 {
    let flags = [
        (options.read_only, libc::MOUNT_ATTR_RDONLY),
        (options.nosuid, libc::MOUNT_ATTR_NOSUID),
        (options.noexec, libc::MOUNT_ATTR_NOEXEC),
        (options.noatime, libc::MOUNT_ATTR_NOATIME),
    ];
    let set = flags.into_iter().filter(|(on, _)| *on);
    // Device nodes work in a jail's /dev alone, or any tree with one would reach a disk.
    set.fold(libc::MOUNT_ATTR_NODEV, |all, (_, flag)| all | flag)
}

impl Tree {
    /// Makes a second view of what the host has at `source`: open_tree(2), `OPEN_TREE_CLONE`.
    /// `opened` is `source`, which stays the name in messages.
    pub(crate) fn clone_of(
        opened: &OwnedFd,
        source: &Path,
        target: PathBuf,
        options: MountOptions,
    ) -> Result<Self, Error> {
        // Not AT_RECURSIVE: one file system below that cannot be idmapped would fail the whole
        // tree.
        let fd = open_tree(opened, "", overlay::CLONE)
            .map_err(|error| Error::Mount(source.into(), error.into()))?;
        Ok(Self::cloned(fd, source, target, options))
    }

    /// Makes the view that becomes a root, of what is `opened` at `path`. One on an overlay is made
    /// again over its layers, with the jail's ids.
    pub(crate) fn root_of(
        (opened, path): (&OwnedFd, &Path),
        users: Users,
        ids: Ids,
        sources: &Sources<'_>,
    ) -> Result<Self, Error> {
        let tree = Self::clone_of(opened, path, "/".into(), MountOptions::default());
        if users != Users::Own && tree.as_ref().is_err_and(is_locked) {
            return Self::clone_with_mounts(opened, path);
        }
        let tree = tree?;
        let on_overlay =
            users == Users::Own && fstatfs(opened).is_ok_and(|fs| fs.f_type == OVERLAYFS_MAGIC);
        let idmapped = || overlay::idmapped((opened, path), ids, sources);
        match on_overlay.then(idmapped).transpose()?.flatten() {
            Some(fd) => Ok(Self { fd, idmapped: false, cloned: false, ..tree }),
            None => Ok(tree),
        }
    }

    /// Makes the view that becomes a root in a jail, of a directory with mounts below that belong
    /// to the host: the kernel clones them together or not at all.
    fn clone_with_mounts(opened: &OwnedFd, path: &Path) -> Result<Self, Error> {
        let flags = overlay::CLONE | OpenTreeFlags::AT_RECURSIVE;
        let fd = open_tree(opened, "", flags)
            .map_err(|error| Error::Mount(path.into(), error.into()))?;
        let tree = Self::cloned(fd, path, "/".into(), MountOptions::default());
        Ok(Self { has_mounts: true, ..tree })
    }

    /// Takes a clone of what the host has at `source`.
    fn cloned(fd: OwnedFd, source: &Path, target: PathBuf, options: MountOptions) -> Self {
        let (source, attributes) = (source.into(), attributes(options));
        Self { source, attributes, idmapped: true, cloned: true, ..Self::made(fd, target) }
    }

    /// Makes an empty tmpfs, whose root directory belongs to `owner`, an id of the host's.
    pub(crate) fn tmpfs(
        target: PathBuf,
        options: MountOptions,
        settings: &[(&str, String)],
        owner: (u32, u32),
    ) -> Result<Self, Error> {
        Self::tmpfs_with(target, attributes(options), settings, owner)
    }

    /// Does the same with MOUNT_ATTR_* flags: /dev is the only tmpfs without `NODEV`.
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

    /// Takes a file system that has just been made, with the jail's ids in it and its attributes
    /// set.
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
            has_mounts: false,
        }
    }

    /// Leaves this mount out when the root has no place for it.
    pub(crate) fn optional(self) -> Self {
        Self { optional: true, ..self }
    }

    /// Makes a tmpfs(5) whose root directory has this owner in the jail.
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

    /// Makes an overlay of directories of the host.
    pub(crate) fn overlay(
        lower: &[PathBuf],
        upper: Option<&(PathBuf, PathBuf)>,
        (target, options): (PathBuf, MountOptions),
        owner: (Users, Ids),
        sources: &Sources<'_>,
    ) -> Result<Self, Error> {
        let attributes = attributes(options);
        let fd = overlay::of_layers((lower, upper), &target, owner, attributes, sources)?;
        Ok(Self::made(fd, target))
    }

    /// Mounts the file system on a device, whose name in messages is `device`.
    pub(crate) fn of_disk(
        kind: &str,
        (opened, device): (&OwnedFd, &Path),
        target: PathBuf,
        options: MountOptions,
    ) -> Result<Self, Error> {
        let failed = |error: io::Error| Error::Mount(device.into(), error);
        let context = fsopen(kind, FsOpenFlags::FSOPEN_CLOEXEC).map_err(|error| match error {
            Errno::NODEV => Error::NoFileSystem(kind.to_owned()),
            error => failed(error.into()),
        })?;
        // The name that the jail sees, where nothing but the host makes names.
        let is_hosts = device.starts_with("/dev");
        let source = if is_hosts { device.to_owned() } else { by_descriptor(opened) };
        let made = fsconfig_set_string(context.as_fd(), "source", source).and_then(|()| {
            if options.read_only {
                // The file system itself, too: a write-protected device can be mounted in no other
                // way.
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

    /// The directory of the host of which this is a clone, if it is one.
    pub(crate) fn directory(&self) -> Option<&Path> {
        self.cloned.then_some(&self.source)
    }

    /// Whether the tree is mounted `ro`.
    pub(crate) fn is_read_only(&self) -> bool {
        self.attributes & libc::MOUNT_ATTR_RDONLY != 0
    }

    /// Whether the files still have the ids of the disk.
    pub(crate) fn has_ids_of_disk(&self) -> bool {
        self.idmapped
    }

    /// Leaves files on an overlay their ids, as it cannot be idmapped: for what everybody may read
    /// and execute, and nobody writes.
    pub(crate) fn with_ids_of_host_on_overlay(mut self) -> Result<Self, Error> {
        if fstatfs(&self.fd).is_ok_and(|fs| fs.f_type == OVERLAYFS_MAGIC) {
            self.settle_now(None)?;
        }
        Ok(self)
    }

    /// Does now what [`Tree::settle`] would do later: a layer of another file system must have its
    /// ids before.
    pub(crate) fn settle_now(&mut self, userns: Option<BorrowedFd<'_>>) -> Result<(), Error> {
        self.settle(userns)?;
        // A mount can be idmapped only once.
        self.idmapped = false;
        Ok(())
    }

    /// Sets the attributes, and shows files that have the disk's ids under those of `userns`, if
    /// there is one.
    pub(crate) fn settle(&self, userns: Option<BorrowedFd<'_>>) -> Result<(), Error> {
        if !self.idmapped {
            return Ok(());
        }
        match mount::set_attributes(self.fd.as_fd(), self.attributes, userns) {
            // EINVAL is all that the kernel says of a file system without idmapped mounts.
            Err(error) if userns.is_some() && error.raw_os_error() == Some(libc::EINVAL) => {
                let kind = self.kind.clone().or_else(|| file_system_of(&self.source));
                let file_system = kind.unwrap_or_else(|| "it".into());
                Err(Error::CannotIdmap { path: self.source.clone(), file_system })
            }
            other => other.calling("mount_setattr"),
        }
    }
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

/// A clone of a directory with all that is mounted below it.
///
/// The kernel numbers mounts in the order in which they are made, and never uses a number again
/// (since Linux 6.8). So when the next clone has the next number, nothing was mounted below the
/// directory. To list what the host has mounted takes 1.1 ms for each 1,000 mounts.
#[derive(Debug)]
pub(crate) struct Together(OwnedFd);

impl Together {
    /// Clones it. `None`: the kernel answers at once what is mounted there, or does not number.
    pub(crate) fn of(directory: &OwnedFd) -> Option<Self> {
        if mount::has_mounts_below(directory.as_fd()).is_some() {
            return None;
        }
        let flags = overlay::CLONE | OpenTreeFlags::AT_RECURSIVE;
        open_tree(directory, "", flags).ok().map(Self)
    }

    /// Whether the clone is one mount alone; `next` was made right after it. False: that is not
    /// known, as others have made mounts meanwhile.
    pub(crate) fn is_alone(&self, next: &Tree) -> bool {
        let number = |tree: &OwnedFd| mount::number(tree.as_fd());
        match (number(&self.0), number(&next.fd)) {
            (Some(own), Some(next)) => next == own + 1,
            _ => false,
        }
    }
}

/// Clones what the host has mounted below the directory `root`, each mount by itself. The kernel's
/// own file systems, everything below them and everything below `hidden` is left out.
pub(crate) fn submounts(root: &OwnedFd, hidden: &[&str]) -> Result<Vec<Tree>, Error> {
    if mount::has_mounts_below(root.as_fd()) == Some(false) {
        return Ok(Vec::new());
    }
    // mountinfo has no links in its paths, and neither has the name of what is open.
    let link = by_descriptor(root);
    let path = fs::read_link(&link).map_err(|error| Error::Path(link, error))?;
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
        let Some(opened) = visible(root, inside, line.id) else { continue };
        let target = Path::new("/").join(inside);
        trees.push(Tree::clone_of(&opened, &line.point, target, MountOptions::default())?);
    }
    Ok(trees)
}

/// Opens the root of the mount `id`, which lies at `inside` of `root`. `None`: something was
/// mounted over it, or over a directory above.
fn visible(root: &OwnedFd, inside: &Path, id: u64) -> Option<OwnedFd> {
    let opened = root::place(root.as_fd(), inside).ok()?;
    let seen = statx(&opened, "", AtFlags::EMPTY_PATH, StatxFlags::MNT_ID).ok()?;
    (seen.stx_mnt_id == id).then_some(opened)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_kernels_file_systems_stay_outside() {
        let proc = Sources::of_host().open(Path::new("/proc")).unwrap();
        let trees = submounts(&proc, &[]);
        assert!(trees.unwrap().is_empty());
        assert_eq!(file_system_of(Path::new("/proc")).as_deref(), Some("proc"));
    }
}
