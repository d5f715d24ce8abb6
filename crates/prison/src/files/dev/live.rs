//! The /dev of a prison that runs, brought to what a [`Dev`] says.
//!
//! The names in a prison's /dev belong to its root, who may rename and link them, and mount over
//! them where it may mount. So the tmpfs is known by its number; nothing is reached by a link or
//! beyond a mount; and what the prison has put there stays. A device that is gone from the host or
//! hidden from the prison opens by no name any more, which [`crate::confine::devices`] sees to:
//! here its names are removed.

use super::{PTMX, SHARED_MEMORY, TERMINALS, id_on_host, own_nodes};
use crate::confine::ids::Ids;
use crate::registry::process_id::ProcessId;
use crate::spec::{Dev, Device, Node, NodeKind};
use kernel::proc::by_descriptor;
use rustix::fs::{
    AtFlags, Dir, FileType, Gid, Mode, OFlags, ResolveFlags, Stat, Uid, chmod, chownat, fstat,
    mkdirat, mknodat, openat2, readlinkat, statat, symlinkat, unlinkat,
};
use rustix::io::Errno;
use rustix::process::umask;
use std::collections::{HashMap, HashSet};
use std::ffi::OsStr;
use std::os::fd::{AsFd, BorrowedFd, OwnedFd};
use std::os::unix::ffi::OsStrExt;
use std::path::{Component, Path, PathBuf};

/// How deep directories are looked into. The host makes none that lie deeper.
const DEPTH: usize = 32;

/// The number of the file system that is the prison's /dev.
pub(crate) fn number(init: ProcessId) -> Option<u64> {
    Some(fstat(init.open_directory("dev").ok()?).ok()?.st_dev)
}

/// Brings the /dev of the prison of `init`, the file system `number`, to what `dev` says. `hosts`
/// is all that the host's /dev has. With `rules`, nodes that are there get owner and mode anew.
///
/// # Errors
/// `SRCH`: the prison has ended. `BUSY`: it has mounted something over its /dev.
pub(crate) fn renew(
    (init, number): (ProcessId, u64),
    dev: &Dev,
    hosts: &[Node],
    ids: Ids,
    rules: bool,
) -> rustix::io::Result<()> {
    let top = init.open_directory("dev")?;
    if fstat(&top)?.st_dev != number {
        return Err(Errno::BUSY);
    }
    let wanted = dev.nodes.iter().filter(|node| !is_settled(&node.path));
    let renewal = Renewal {
        top,
        wanted: wanted.map(|node| (node.path.as_path(), node)).collect(),
        hosts: hosts.iter().map(|node| (node.path.as_path(), &node.kind)).collect(),
        ids,
        rules,
    };
    // As in `trees`: modes are meant as they are written.
    let mask = umask(Mode::empty());
    let renewed = renewal.carry_out(&dev.nodes);
    umask(mask);
    renewed
}

/// Whether something is mounted there, or leads to that: it stays as it was made.
fn is_settled(path: &Path) -> bool {
    [TERMINALS, SHARED_MEMORY, PTMX].iter().any(|name| path == Path::new(name))
}

struct Renewal<'d> {
    top: OwnedFd,
    wanted: HashMap<&'d Path, &'d Node>,
    hosts: HashMap<&'d Path, &'d NodeKind>,
    ids: Ids,
    rules: bool,
}

/// Something that the prison's /dev has.
struct Found {
    path: PathBuf,
    kind: NodeKind,
}

impl Renewal<'_> {
    fn carry_out(&self, nodes: &[Node]) -> rustix::io::Result<()> {
        let mut found = Vec::new();
        walk(&self.top, Path::new(""), DEPTH, &mut found);
        let mut left: HashSet<&Path> = HashSet::new();
        for one in found.iter().filter(|one| self.is_over(one)) {
            self.remove(&one.path, AtFlags::empty());
            left.extend(one.path.parent());
        }
        // Directories stand in `nodes` before what lies in them.
        for node in nodes.iter().filter(|node| !is_settled(&node.path)) {
            self.ensure(node)?;
        }
        // Only now is known which links lead nowhere.
        let was_there: HashSet<&Path> = found.iter().map(|one| one.path.as_path()).collect();
        for one in found.iter().filter(|one| self.leads_nowhere(one, &was_there)) {
            self.remove(&one.path, AtFlags::empty());
            left.extend(one.path.parent());
        }
        for one in found.iter().rev().filter(|one| one.kind == NodeKind::Directory) {
            let is_meant = left.contains(one.path.as_path()) || self.is_hosts(one);
            if !self.wanted.contains_key(one.path.as_path()) && is_meant {
                // One in which the prison has something stays.
                self.remove(&one.path, AtFlags::REMOVEDIR);
                left.extend(one.path.parent());
            }
        }
        Ok(())
    }

    /// Whether a device or a link is not to be there any more.
    fn is_over(&self, found: &Found) -> bool {
        let wanted = self.wanted.get(found.path.as_path());
        match &found.kind {
            NodeKind::Directory => false,
            // The prison can make no devices: a node under a name that the host does not have is
            // the prison's link to one, and stays while that does.
            NodeKind::Device(_) => match wanted {
                Some(node) => node.kind != found.kind,
                None => {
                    self.hosts.contains_key(found.path.as_path())
                        || !self.wanted.values().any(|node| node.kind == found.kind)
                }
            },
            NodeKind::Link(_) => wanted.is_none() && self.is_hosts(found),
        }
    }

    /// Whether the host has the same, or every prison.
    fn is_hosts(&self, found: &Found) -> bool {
        let is_own =
            || own_nodes(true).iter().any(|own| own.path == found.path && own.kind == found.kind);
        self.hosts.get(found.path.as_path()).is_some_and(|kind| **kind == found.kind) || is_own()
    }

    /// Whether this is a link to a name of /dev that `was_there`, and is no more.
    fn leads_nowhere(&self, found: &Found, was_there: &HashSet<&Path>) -> bool {
        let NodeKind::Link(target) = &found.kind else { return false };
        if self.wanted.contains_key(found.path.as_path()) {
            return false;
        }
        let target = inside(&found.path, target);
        let Some(target) = target.filter(|it| was_there.contains(it.as_path())) else {
            return false;
        };
        let there = self
            .parent(&target)
            .and_then(|(above, name)| statat(&above, name, AtFlags::SYMLINK_NOFOLLOW).map(drop));
        there == Err(Errno::NOENT)
    }

    /// Opens the directory that `path` lies in.
    fn parent<'p>(&self, path: &'p Path) -> rustix::io::Result<(OwnedFd, &'p OsStr)> {
        let name = path.file_name().ok_or(Errno::INVAL)?;
        let above = path.parent().filter(|above| !above.as_os_str().is_empty());
        let flags = OFlags::PATH | OFlags::DIRECTORY | OFlags::CLOEXEC;
        let above = above.unwrap_or(Path::new("."));
        Ok((openat2(&self.top, above, flags, Mode::empty(), INSIDE)?, name))
    }

    /// Removes a name. One that has gone meanwhile is no failure, and neither is one that the
    /// prison has put something else at.
    fn remove(&self, path: &Path, flags: AtFlags) {
        let _ = self.parent(path).and_then(|(above, name)| unlinkat(above, name, flags));
    }

    /// Makes a node, unless there is one already. Something else of the prison's stays in its
    /// place.
    fn ensure(&self, node: &Node) -> rustix::io::Result<()> {
        let (above, name) = match self.parent(&node.path) {
            // The prison has removed the directory, or put something else there.
            Err(Errno::NOENT | Errno::NOTDIR | Errno::LOOP | Errno::XDEV) => return Ok(()),
            opened => opened?,
        };
        let above = above.as_fd();
        let is_there = |made: rustix::io::Result<()>| match made {
            Err(Errno::EXIST) => Ok(true),
            made => made.map(|()| false),
        };
        match &node.kind {
            NodeKind::Directory => {
                if !is_there(mkdirat(above, name, Mode::from_raw_mode(node.mode)))? {
                    self.own(above, name, node)?;
                }
            }
            NodeKind::Link(target) => {
                if link_at(above, name).is_some_and(|old| old != *target) {
                    unlinkat(above, name, AtFlags::empty())?;
                }
                if !is_there(symlinkat(target, above, name))? {
                    self.own(above, name, node)?;
                }
            }
            NodeKind::Device(device) => {
                let (mode, (kind, number)) = (Mode::from_raw_mode(node.mode), device.node());
                if !is_there(mknodat(above, name, kind, mode, number))? || self.rules {
                    self.own(above, name, node)?;
                }
            }
        }
        Ok(())
    }

    /// Gives the node at `name`, if it still is this one, its owner and its mode.
    fn own(&self, above: BorrowedFd<'_>, name: &OsStr, node: &Node) -> rustix::io::Result<()> {
        let flags = OFlags::PATH | OFlags::NOFOLLOW | OFlags::CLOEXEC;
        // NO_SYMLINKS would refuse to open a link itself.
        let resolve = ResolveFlags::BENEATH | ResolveFlags::NO_XDEV;
        let Ok(opened) = openat2(above, name, flags, Mode::empty(), resolve) else {
            return Ok(());
        };
        let found = fstat(&opened)?;
        let (kind, device) = (FileType::from_raw_mode(found.st_mode), device_of(&found));
        let is_same = match &node.kind {
            NodeKind::Directory => kind == FileType::Directory,
            NodeKind::Device(wanted) => device == Some(*wanted),
            NodeKind::Link(_) => kind == FileType::Symlink,
        };
        if !is_same {
            return Ok(());
        }
        let uid = Uid::from_raw(id_on_host(self.ids, node.uid));
        let gid = Gid::from_raw(id_on_host(self.ids, node.gid));
        chownat(&opened, "", Some(uid), Some(gid), AtFlags::EMPTY_PATH)?;
        match node.kind {
            NodeKind::Link(_) => Ok(()),
            _ => chmod(by_descriptor(&opened), Mode::from_raw_mode(node.mode)),
        }
    }
}

/// Nothing is followed, and nothing beyond a mount is reached.
const INSIDE: ResolveFlags =
    ResolveFlags::BENEATH.union(ResolveFlags::NO_SYMLINKS).union(ResolveFlags::NO_XDEV);

/// Lists what `directory`, which is `path` below /dev, has. What cannot be opened is the prison's.
fn walk(directory: &OwnedFd, path: &Path, depth: usize, found: &mut Vec<Found>) {
    let Ok(entries) = Dir::read_from(directory) else { return };
    for entry in entries.flatten() {
        let name = OsStr::from_bytes(entry.file_name().to_bytes());
        let path = path.join(name);
        if name == "." || name == ".." || is_settled(&path) {
            continue;
        }
        let kind = match entry.file_type() {
            FileType::Directory => {
                found.push(Found { path: path.clone(), kind: NodeKind::Directory });
                let flags = OFlags::RDONLY | OFlags::DIRECTORY | OFlags::CLOEXEC;
                let opened = openat2(directory, name, flags, Mode::empty(), INSIDE);
                if let (Ok(opened), 1..) = (opened, depth) {
                    walk(&opened, &path, depth - 1, found);
                }
                continue;
            }
            FileType::Symlink => link_at(directory.as_fd(), name).map(NodeKind::Link),
            _ => {
                let stat = statat(directory, name, AtFlags::SYMLINK_NOFOLLOW);
                stat.ok().and_then(|stat| device_of(&stat)).map(NodeKind::Device)
            }
        };
        found.extend(kind.map(|kind| Found { path, kind }));
    }
}

/// The device that was found, if this is one.
fn device_of(found: &Stat) -> Option<Device> {
    Device::of(FileType::from_raw_mode(found.st_mode), found.st_rdev)
}

/// The text of the link at `name`, if there is one.
fn link_at(directory: BorrowedFd<'_>, name: &OsStr) -> Option<PathBuf> {
    let text = readlinkat(directory, name, Vec::new()).ok()?;
    Some(PathBuf::from(OsStr::from_bytes(text.to_bytes())))
}

/// The path below /dev that the link at `path` leads to; `None`: it leads elsewhere.
fn inside(path: &Path, target: &Path) -> Option<PathBuf> {
    let target = match target.strip_prefix("/dev") {
        Ok(inside) => inside.to_owned(),
        Err(_) if target.is_absolute() => return None,
        Err(_) => path.parent()?.join(target),
    };
    let mut inside = PathBuf::new();
    for part in target.components() {
        match part {
            Component::Normal(name) => inside.push(name),
            Component::ParentDir if inside.pop() => {}
            Component::CurDir => {}
            _ => return None,
        }
    }
    Some(inside)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    #[rustfmt::skip]
    fn where_links_lead() {
        for (path, target, want) in [
            ("disk/by-id/x", "../../sda",     Some("sda")),
            ("cdrom",        "sr0",           Some("sr0")),
            ("mapper/m",     "/dev/dm-0",     Some("dm-0")),
            ("log",          "../run/log",    None),
            ("fd",           "/proc/self/fd", None),
        ] {
            assert_eq!(inside(path.as_ref(), target.as_ref()).as_deref(), want.map(Path::new), "{path}");
        }
    }
}
