//! The /dev of a prison: jail(8), `mount.devfs`, with what devfs ruleset 4 (`devfsrules_jail`)
//! shows.

use crate::confine::ids::Ids;
use crate::error::{Calling, Error};
use crate::files::bounds;
use crate::files::tree::{Tree, file_system};
use crate::spec::{MountOptions, Users};
use rustix::fs::{
    AtFlags, CWD, FileType, Gid, Mode, Uid, chownat, makedev, mkdirat, mknodat, symlinkat,
};
use rustix::mount::{OpenTreeFlags, open_tree};
use rustix::process::umask;
use std::io;
use std::os::fd::{AsFd, OwnedFd};
use std::path::Path;

/// The devfs ruleset that says what is here: devfs.rules(5), in FreeBSD's /etc/defaults.
pub(crate) const RULESET: (u32, &str) = (4, "devfsrules_jail");

/// Devices that any process may use: name, major and minor number (null(4), random(4), tty(4)).
const NODES: [(&str, u32, u32); 6] = [
    ("null", 1, 3),
    ("zero", 1, 5),
    ("full", 1, 7),
    ("random", 1, 8),
    ("urandom", 1, 9),
    ("tty", 5, 0),
];

/// Names that lead to a process's own descriptors (fdescfs(5)), and to the pseudo-terminals.
const LINKS: [(&str, &str); 5] = [
    ("fd", "/proc/self/fd"),
    ("stdin", "fd/0"),
    ("stdout", "fd/1"),
    ("stderr", "fd/2"),
    ("ptmx", "pts/ptmx"),
];

/// Group `tty` of Linux distributions, which owns pseudo-terminals.
pub(crate) const TTY_GROUP: u32 = 5;

/// Makes the mounts of a /dev: the directory, its pseudo-terminals, its shared memory.
pub(crate) fn trees(ids: Ids, users: Users) -> Result<Vec<Tree>, Error> {
    let root = (ids.first, ids.first);
    let no_programs = libc::MOUNT_ATTR_NOSUID | libc::MOUNT_ATTR_NOEXEC;
    let dev = Tree::tmpfs_with("/dev".into(), no_programs, &bounds::DEV.settings("755"), root)?;
    // mknodat(2) and mkdirat(2) cut modes by the umask; these are meant as they are written.
    let mask = umask(Mode::empty());
    let filled = fill(&dev, ids, users);
    umask(mask);
    filled.calling("/dev")?;
    // The kernel lets no user namespace but the host's make device nodes. What a jail shows its
    // jails are clones of its own.
    let borrowed = if users == Users::Outer { views() } else { Vec::new() };

    let pts = Tree::made(terminals(ids).calling("devpts")?, "/dev/pts".into());

    let shm = MountOptions { nosuid: true, ..MountOptions::default() };
    let shm = Tree::tmpfs("/dev/shm".into(), shm, &bounds::SHM.settings("1777"), root)?;
    Ok([dev].into_iter().chain(borrowed).chain([pts, shm]).collect())
}

/// Makes an instance of devpts for the jail with these ids, attached nowhere.
pub(crate) fn terminals(ids: Ids) -> io::Result<OwnedFd> {
    // devpts takes the host's ids: an instance cannot be idmapped.
    let owner = (ids.first + TTY_GROUP).to_string();
    let settings =
        [("mode", "620"), ("ptmxmode", "666"), ("gid", owner.as_str()), bounds::TERMINALS];
    file_system("devpts", &settings, libc::MOUNT_ATTR_NOSUID | libc::MOUNT_ATTR_NOEXEC)
}

/// Clones the nodes of this process's /dev, each as a mount.
fn views() -> Vec<Tree> {
    let flags = OpenTreeFlags::OPEN_TREE_CLONE | OpenTreeFlags::OPEN_TREE_CLOEXEC;
    let view = |(name, ..): (&str, u32, u32)| {
        let path = Path::new("/dev").join(name);
        Some(Tree::made(open_tree(CWD, &path, flags).ok()?, path))
    };
    NODES.into_iter().filter_map(view).collect()
}

fn fill(dev: &Tree, ids: Ids, users: Users) -> rustix::io::Result<()> {
    let dev = dev.fd.as_fd();
    let owner = (Some(Uid::from_raw(ids.first)), Some(Gid::from_raw(ids.first)));
    let everybody = Mode::RUSR | Mode::WUSR | Mode::RGRP | Mode::WGRP | Mode::ROTH | Mode::WOTH;
    for (name, major, minor) in NODES {
        // A regular file is a place to mount a node on.
        let kind = match users {
            Users::Outer => FileType::RegularFile,
            Users::Own | Users::Host => FileType::CharacterDevice,
        };
        mknodat(dev, name, kind, everybody, makedev(major, minor))?;
        // The node belongs to the jail's root at once: a tmpfs made for one jail needs no idmap.
        chownat(dev, name, owner.0, owner.1, AtFlags::SYMLINK_NOFOLLOW)?;
    }
    for (name, target) in LINKS {
        symlinkat(target, dev, name)?;
    }
    for name in ["pts", "shm"] {
        mkdirat(dev, name, Mode::from_raw_mode(0o755))?;
    }
    Ok(())
}
