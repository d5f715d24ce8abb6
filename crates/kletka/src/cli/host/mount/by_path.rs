//! Mounting by mount(2), which takes paths: in a jail, whose init answers this call.

use crate::cli::answer::reason;
use fstab::{Entry, FileSystem, Flags, Kernel, Mount, Tmpfs};
use rustix::fs::{StatVfsMountFlags, statvfs};
use rustix::mount::{
    MountFlags, MountPropagationFlags, UnmountFlags, mount, mount_bind, mount_change,
    mount_remount, unmount,
};
use std::ffi::CString;
use std::fs;
use std::io;
use std::os::unix::fs::MetadataExt;
use std::path::Path;

/// Mounts a file system. A mount whose options cannot be set is unmounted again. The error is the
/// text that follows `mount: `.
pub(super) fn apply(entry: &Entry, what: &Mount) -> Result<(), String> {
    let target = &what.target;
    let failed = |error: rustix::io::Errno| format!("{}: {}", target.display(), reason(error));
    match &what.file_system {
        FileSystem::Nullfs { source } => mount_bind(source, target).map_err(failed)?,
        FileSystem::Tmpfs(tmpfs) => {
            let data = tmpfs_data(tmpfs, target)
                .map_err(|error| format!("{}: {}", target.display(), reason(error)))?;
            let (name, flags) = (entry.source.as_slice(), mount_flags(what.flags));
            mount(name, target, "tmpfs", flags, data.as_c_str()).map_err(failed)?;
        }
        FileSystem::Kernel(kind) => {
            let kind = if *kind == Kernel::Proc { "proc" } else { "sysfs" };
            mount(kind, target, kind, mount_flags(what.flags), None).map_err(failed)?;
        }
        FileSystem::Disk { kind, device } => {
            mount(device, target, *kind, mount_flags(what.flags), None).map_err(failed)?;
        }
        // `check` has refused these types.
        FileSystem::Overlay(_) | FileSystem::Union { .. } => {}
    }
    finish(what).map_err(|error| {
        let text = failed(error);
        // Detached, as somebody may have the new mount open already.
        match unmount(target, UnmountFlags::DETACH) {
            Ok(()) => text,
            Err(error) => format!("{text}; and it stays mounted: {}", reason(error)),
        }
    })
}

/// Makes the new mount private, and gives a nullfs its flags: mount(2) ignores flags when it makes
/// a bind mount.
fn finish(what: &Mount) -> rustix::io::Result<()> {
    // systemd shares `/`, and a mount below a shared one is shared, too: its mounts would appear at
    // other places.
    mount_change(&what.target, MountPropagationFlags::PRIVATE)?;
    let flags = mount_flags(what.flags);
    if !matches!(what.file_system, FileSystem::Nullfs { .. }) || flags.is_empty() {
        return Ok(());
    }
    // A remount replaces all flags: those that the source has must be named again, or the kernel
    // clears them.
    let flags = flags | inherited(statvfs(&what.target)?.f_flag) | MountFlags::BIND;
    mount_remount(&what.target, flags, "")
}

fn mount_flags(flags: Flags) -> MountFlags {
    let mut mount_flags = MountFlags::empty();
    mount_flags.set(MountFlags::RDONLY, flags.read_only);
    mount_flags.set(MountFlags::NOSUID, flags.no_suid);
    mount_flags.set(MountFlags::NOEXEC, flags.no_exec);
    mount_flags.set(MountFlags::NOATIME, flags.no_atime);
    mount_flags
}

fn inherited(flags: StatVfsMountFlags) -> MountFlags {
    [
        (StatVfsMountFlags::RDONLY, MountFlags::RDONLY),
        (StatVfsMountFlags::NOSUID, MountFlags::NOSUID),
        (StatVfsMountFlags::NODEV, MountFlags::NODEV),
        (StatVfsMountFlags::NOEXEC, MountFlags::NOEXEC),
        (StatVfsMountFlags::NOATIME, MountFlags::NOATIME),
        (StatVfsMountFlags::NODIRATIME, MountFlags::NODIRATIME),
        (StatVfsMountFlags::RELATIME, MountFlags::RELATIME),
    ]
    .into_iter()
    .filter(|(set, _)| flags.contains(*set))
    .map(|(_, flag)| flag)
    .collect()
}

/// Writes Linux's options of a tmpfs. As on FreeBSD, its root directory has the owner and the mode
/// of the directory that it covers.
fn tmpfs_data(tmpfs: &Tmpfs, target: &Path) -> io::Result<CString> {
    let covered = fs::metadata(target)?;
    let mode = tmpfs.mode.unwrap_or(covered.mode() & 0o7777);
    let (uid, gid) = (tmpfs.uid.unwrap_or(covered.uid()), tmpfs.gid.unwrap_or(covered.gid()));
    let mut data = format!("mode={mode:o},uid={uid},gid={gid}");
    for (name, limit) in [("size", tmpfs.size), ("nr_inodes", tmpfs.inodes)] {
        if let Some(limit) = limit {
            data.push_str(&format!(",{name}={limit}"));
        }
    }
    Ok(CString::new(data)?)
}
