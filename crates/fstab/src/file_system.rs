//! What a line of fstab(5) asks for: the file systems that kletka mounts, by their names on FreeBSD
//! and on Linux.

use std::ffi::OsString;
use std::os::unix::ffi::OsStringExt;
use std::path::PathBuf;

use crate::entry::Entry;
use crate::error::{Error, ErrorKind};
use crate::flags::Flags;
use crate::number::number;
use crate::overlay::{Overlay, take_of_union};
use crate::tmpfs::Tmpfs;

/// The meaning of an entry.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Mount {
    /// The mount point.
    pub target: PathBuf,
    /// The file system.
    pub file_system: FileSystem,
    /// The options that every file system has.
    pub flags: Flags,
}

/// The file systems that can be mounted.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum FileSystem {
    /// Another directory (or file), which is shown here too: mount_nullfs(8).
    Nullfs {
        /// That directory.
        source: PathBuf,
    },
    /// Files in memory: tmpfs(5).
    Tmpfs(Tmpfs),
    /// A file system of the kernel itself.
    Kernel(Kernel),
    /// A file system on a device of the host, by Linux's name for it.
    Disk {
        /// The name: `ext4`.
        kind: &'static str,
        /// The device.
        device: PathBuf,
    },
    /// Directories on top of each other: Linux's overlay.
    Overlay(Overlay),
    /// Another directory on top of the mount point's own: mount_unionfs(8).
    Union {
        /// That directory.
        source: PathBuf,
        /// Whether it is below the mount point's own directory instead.
        below: bool,
    },
}

/// The file systems of the kernel itself. Each of Linux's /proc and /sys stands for the one of
/// FreeBSD and for its Linux emulation's.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Kernel {
    /// procfs(5), linprocfs(5).
    Proc,
    /// linsysfs(5).
    Sys,
    /// devfs(5).
    Dev {
        /// The number of the ruleset: the option `ruleset`.
        ruleset: Option<u16>,
    },
    /// fdescfs(5).
    Fd,
}

/// The file systems of disks: the names in fstab(5), and the one that Linux has.
const DISKS: &[(&[&[u8]], &str)] = &[
    // Linux's driver of ext4 mounts all of them.
    (&[b"ext2fs", b"ext2", b"ext3", b"ext4"], "ext4"),
    (&[b"msdosfs", b"vfat"], "vfat"),
    (&[b"cd9660", b"iso9660"], "iso9660"),
    (&[b"xfs"], "xfs"),
    (&[b"btrfs"], "btrfs"),
    (&[b"f2fs"], "f2fs"),
    (&[b"exfat"], "exfat"),
    (&[b"squashfs"], "squashfs"),
    (&[b"erofs"], "erofs"),
    (&[b"udf"], "udf"),
];

impl FileSystem {
    /// Finds the file system that a line calls `fstype`, before its options are read. `None` if
    /// kletka mounts none of that name.
    fn named(fstype: &[u8], source: PathBuf) -> Option<Self> {
        Some(match fstype {
            b"nullfs" => Self::Nullfs { source },
            b"tmpfs" => Self::Tmpfs(Tmpfs::default()),
            b"overlay" => Self::Overlay(Overlay::default()),
            b"unionfs" => Self::Union { source, below: false },
            b"procfs" | b"linprocfs" | b"proc" => Self::Kernel(Kernel::Proc),
            b"linsysfs" | b"sysfs" => Self::Kernel(Kernel::Sys),
            b"devfs" => Self::Kernel(Kernel::Dev { ruleset: None }),
            b"fdescfs" => Self::Kernel(Kernel::Fd),
            other => {
                let (_, kind) = DISKS.iter().find(|(names, _)| names.contains(&other))?;
                Self::Disk { kind, device: source }
            }
        })
    }

    /// The name of this file system in messages.
    fn name(&self) -> &'static str {
        match self {
            Self::Nullfs { .. } => "nullfs",
            Self::Tmpfs(_) => "tmpfs",
            Self::Overlay(_) => "overlay",
            Self::Union { .. } => "unionfs",
            Self::Kernel(Kernel::Proc) => "procfs",
            Self::Kernel(Kernel::Sys) => "linsysfs",
            Self::Kernel(Kernel::Dev { .. }) => "devfs",
            Self::Kernel(Kernel::Fd) => "fdescfs",
            Self::Disk { kind, .. } => kind,
        }
    }

    /// Takes `option`, and answers whether this file system has it. `None` if its value is
    /// impossible.
    fn take(&mut self, option: &[u8]) -> Option<bool> {
        match self {
            Self::Tmpfs(tmpfs) => tmpfs.take(option),
            Self::Overlay(overlay) => Some(overlay.take(option)),
            Self::Union { below, .. } => Some(take_of_union(below, option)),
            // With `linrdlnk`, readlink(2) reads these links: /proc/self/fd of Linux is always like
            // that.
            Self::Kernel(Kernel::Fd) => Some(option == b"linrdlnk"),
            Self::Kernel(Kernel::Dev { ruleset }) => match option.strip_prefix(b"ruleset=") {
                Some(digits) => {
                    *ruleset = Some(number(digits, 10)?);
                    Some(true)
                }
                None => Some(false),
            },
            Self::Nullfs { .. } | Self::Kernel(_) | Self::Disk { .. } => Some(false),
        }
    }

    /// What this file system lacks after all options of the line `entry` have been taken.
    fn lack(&self, entry: &Entry) -> Option<ErrorKind> {
        match self {
            // Checked here, because the kernel would answer no more than EINVAL.
            Self::Overlay(overlay) if !overlay.is_whole() => Some(ErrorKind::NoLayers),
            Self::Disk { device, .. } if !device.is_absolute() => {
                Some(ErrorKind::UnknownDevice(entry.source.clone()))
            }
            _ => None,
        }
    }
}

impl Entry {
    /// Reads the file system and the options.
    ///
    /// # Errors
    /// kletka cannot mount what the line asks for.
    pub fn mount(&self) -> Result<Mount, Error> {
        let error = |kind| Error { line: self.line, kind };
        let path = |bytes: &[u8]| PathBuf::from(OsString::from_vec(bytes.to_vec()));
        let unknown = || error(ErrorKind::UnknownFileSystem(self.fstype.clone()));
        let named = FileSystem::named(&self.fstype, path(&self.source));
        let (mut file_system, mut flags) = (named.ok_or_else(unknown)?, Flags::default());
        for option in &self.options {
            let bad_value = || error(ErrorKind::BadValue(option.clone()));
            // Refused, not ignored: a jail without its `nosuid` would be open.
            if !flags.take(option) && !file_system.take(option).ok_or_else(bad_value)? {
                let fstype = file_system.name();
                return Err(error(ErrorKind::UnknownOption { option: option.clone(), fstype }));
            }
        }
        match file_system.lack(self) {
            Some(kind) => Err(error(kind)),
            None => Ok(Mount { target: path(&self.target), file_system, flags }),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::entry::parse_line;

    fn understood(line: &str) -> Result<(FileSystem, Flags), String> {
        let entry = parse_line(line.as_bytes(), 1).unwrap().unwrap();
        let mount = entry.mount().map_err(|error| error.to_string())?;
        Ok((mount.file_system, mount.flags))
    }

    #[test]
    fn options_mean_what_mount_says() {
        let nullfs = |source: &str| FileSystem::Nullfs { source: source.into() };
        let flags = Flags::default();
        #[rustfmt::skip]
        let cases = [
            ("/a /b nullfs rw",              nullfs("/a"), flags),
            ("/a /b nullfs",                 nullfs("/a"), flags),
            ("/a /b nullfs ro,nosuid,noexec,noatime", nullfs("/a"),
                Flags { read_only: true, no_suid: true, no_exec: true, no_atime: true, ..flags }),
            ("/a /b nullfs ro,rw",           nullfs("/a"), flags),
            ("/a /b nullfs rw,late,noauto",  nullfs("/a"), Flags { late: true, no_auto: true, ..flags }),
            ("tmpfs /b tmpfs rw",            FileSystem::Tmpfs(Tmpfs::default()), flags),
            ("x /b tmpfs rw,size=64m,mode=1777,uid=5,gid=6,inodes=1k",
                FileSystem::Tmpfs(Tmpfs { size: Some(64 << 20), inodes: Some(1024), mode: Some(0o1777), uid: Some(5), gid: Some(6) }),
                flags),
            ("/a /b unionfs rw,noatime",     FileSystem::Union { source: "/a".into(), below: false }, Flags { no_atime: true, ..flags }),
            ("/a /b unionfs below,copymode=transparent,whiteout=whenneeded", FileSystem::Union { source: "/a".into(), below: true }, flags),
            ("devfs /b devfs rw",            FileSystem::Kernel(Kernel::Dev { ruleset: None }), flags),
            ("devfs /b devfs rw,ruleset=11", FileSystem::Kernel(Kernel::Dev { ruleset: Some(11) }), flags),
            ("fdescfs /b fdescfs rw,linrdlnk", FileSystem::Kernel(Kernel::Fd), flags),
            ("x /b tmpfs size=4096",         FileSystem::Tmpfs(Tmpfs { size: Some(4096), ..Tmpfs::default() }), flags),
        ];
        for (line, file_system, flags) in cases {
            assert_eq!(understood(line), Ok((file_system, flags)), "{line}");
        }
    }

    #[test]
    #[rustfmt::skip]
    fn what_is_not_supported_is_named() {
        for (line, want) in [
            ("/dev/da0 /b ufs rw",       "1: ufs: file system not supported; mount it by Linux's mount(8), and show it to a jail by nullfs"),
            ("a:b /b nfs rw",            "1: nfs: file system not supported; mount it by Linux's mount(8), and show it to a jail by nullfs"),
            ("da0 /b ext4 rw",           "1: da0: a file system of disks needs a device's absolute path, such as /dev/sda1"),
            ("x /b overlay lowerdir=/a,upperdir=/u", "1: overlay: needs lowerdir=, and upperdir= with workdir="),
            ("x /b overlay rw",          "1: overlay: needs lowerdir=, and upperdir= with workdir="),
            ("/a /b nullfs rw,union",    "1: union: mount option not supported for nullfs; leave it out"),
            ("/a /b nullfs size=1g",     "1: size=1g: mount option not supported for nullfs; leave it out"),
            ("/a /b unionfs copymode=masquerade", "1: copymode=masquerade: mount option not supported for unionfs; leave it out"),
            ("/a /b unionfs copymode=traditional", "1: copymode=traditional: mount option not supported for unionfs; leave it out"),
            ("/a /b unionfs whiteout=always", "1: whiteout=always: mount option not supported for unionfs; leave it out"),
            ("/a /b nullfs below",       "1: below: mount option not supported for nullfs; leave it out"),
            ("x /b tmpfs export",        "1: export: mount option not supported for tmpfs; leave it out"),
            ("x /b devfs ruleset=jail",  "1: ruleset=jail: invalid value"),
            ("x /b devfs ruleset=65536", "1: ruleset=65536: invalid value"),
            ("x /b tmpfs size=lots",     "1: size=lots: invalid value"),
            ("x /b tmpfs size",          "1: size: invalid value"),
            ("x /b tmpfs size=99999999999t", "1: size=99999999999t: invalid value"),
            ("x /b tmpfs mode=888",      "1: mode=888: invalid value"),
            ("x /b tmpfs mode=77777",    "1: mode=77777: invalid value"),
            ("x /b tmpfs uid=root",      "1: uid=root: invalid value"),
            ("x /b tmpfs gid=-1",        "1: gid=-1: invalid value"),
        ] {
            assert_eq!(understood(line), Err(want.to_owned()), "{line}");
        }
    }
}
