//! Mounting on the host: what is mounted is made first, attached nowhere, and [`MountPoint`]
//! attaches it. So it appears in the jails that run and whose roots it lies below, and no jail
//! leads it elsewhere.

use crate::cli::answer::reason;
use fstab::{Entry, FileSystem, Flags, Kernel, Mount, Tmpfs};
use prison::{MountPoint, Registry};
use rustix::mount::{
    FsMountFlags, FsOpenFlags, MountAttrFlags, OpenTreeFlags, fsconfig_create, fsconfig_set_flag,
    fsconfig_set_string, fsmount, fsopen, open_tree,
};
use std::io;
use std::os::fd::{AsFd, OwnedFd};
use std::os::unix::ffi::OsStrExt;
use std::path::Path;

/// Mounts a file system, and shows it to the jails that run and whose roots it lies below. The
/// error is the text that follows `mount: `.
pub(super) fn apply(entry: &Entry, what: &Mount) -> Result<(), String> {
    let shown = what.target.display();
    let registry = registry("mount");
    let point = MountPoint::open(registry.as_ref(), &what.target).map_err(in_words)?;
    let failed = |error: io::Error| format!("{shown}: {}", reason(error));
    let made = match &what.file_system {
        FileSystem::Nullfs { source } => nullfs(registry.as_ref(), source)?,
        FileSystem::Tmpfs(tmpfs) => {
            let owner = point.owner_and_mode().map_err(in_words)?;
            let settings = tmpfs_settings(tmpfs, owner);
            file_system("tmpfs", &entry.source, &settings, false).map_err(failed)?
        }
        FileSystem::Kernel(kind) => {
            let kind = if *kind == Kernel::Proc { "proc" } else { "sysfs" };
            file_system(kind, kind.as_bytes(), &[], false).map_err(failed)?
        }
        FileSystem::Disk { kind, device } => {
            let device = device.as_os_str().as_bytes();
            file_system(kind, device, &[], what.flags.read_only).map_err(failed)?
        }
        // `check` has refused these types.
        FileSystem::Overlay(_) | FileSystem::Union { .. } => return Ok(()),
    };
    kernel::mount::set_attributes(made.as_fd(), attributes(what.flags), None).map_err(failed)?;
    for (jail, why) in point.mount(&made).map_err(in_words)? {
        complain!("mount: {shown}: jail {jail} has {why} and does not see it until its next start");
    }
    Ok(())
}

/// The jails that run. One that cannot be read is told, and stops nobody from mounting.
pub(crate) fn registry(applet: &str) -> Option<Registry> {
    match Registry::open() {
        Ok(registry) => Some(registry),
        // To mount takes root in any case.
        Err(prison::Error::NotRoot) => None,
        Err(error) => {
            complain!("{applet}: {error}; jails that run are left out");
            None
        }
    }
}

fn in_words(error: prison::Error) -> String {
    error.to_string()
}

/// Shows a directory or file once more, without what is mounted below.
fn nullfs(registry: Option<&Registry>, source: &Path) -> Result<OwnedFd, String> {
    let opened = prison::open_on_host(registry, source).map_err(in_words)?;
    let flags = OpenTreeFlags::OPEN_TREE_CLONE
        | OpenTreeFlags::OPEN_TREE_CLOEXEC
        | OpenTreeFlags::AT_EMPTY_PATH;
    let clone = open_tree(&opened, "", flags);
    clone.map_err(|error| format!("{}: {}", source.display(), reason(error)))
}

/// Makes a file system, mounted nowhere yet: fsopen(2).
fn file_system(
    kind: &str,
    source: &[u8],
    settings: &[(&str, String)],
    read_only: bool,
) -> io::Result<OwnedFd> {
    let context = fsopen(kind, FsOpenFlags::FSOPEN_CLOEXEC)?;
    fsconfig_set_string(context.as_fd(), "source", source)?;
    for (name, value) in settings {
        fsconfig_set_string(context.as_fd(), *name, value.as_str())?;
    }
    if read_only {
        // The file system itself, too: a write-protected device can be mounted in no other way.
        fsconfig_set_flag(context.as_fd(), "ro")?;
    }
    fsconfig_create(context.as_fd())?;
    Ok(fsmount(context.as_fd(), FsMountFlags::FSMOUNT_CLOEXEC, MountAttrFlags::empty())?)
}

/// The MOUNT_ATTR_* flags of these options. A nullfs keeps those that its source has.
fn attributes(flags: Flags) -> u64 {
    let mut attributes = MountAttrFlags::empty();
    attributes.set(MountAttrFlags::MOUNT_ATTR_RDONLY, flags.read_only);
    attributes.set(MountAttrFlags::MOUNT_ATTR_NOSUID, flags.no_suid);
    attributes.set(MountAttrFlags::MOUNT_ATTR_NOEXEC, flags.no_exec);
    attributes.set(MountAttrFlags::MOUNT_ATTR_NOATIME, flags.no_atime);
    attributes.bits().into()
}

/// Linux's options of a tmpfs. As on FreeBSD, its root directory has the owner and the mode of the
/// directory that it covers.
fn tmpfs_settings(tmpfs: &Tmpfs, (uid, gid, mode): (u32, u32, u32)) -> Vec<(&'static str, String)> {
    let (uid, gid) = (tmpfs.uid.unwrap_or(uid), tmpfs.gid.unwrap_or(gid));
    let mut settings = vec![
        ("mode", format!("{:o}", tmpfs.mode.unwrap_or(mode))),
        ("uid", uid.to_string()),
        ("gid", gid.to_string()),
    ];
    let limits = [("size", tmpfs.size), ("nr_inodes", tmpfs.inodes)];
    settings
        .extend(limits.into_iter().filter_map(|(name, limit)| Some((name, limit?.to_string()))));
    settings
}
