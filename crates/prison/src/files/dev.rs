//! The /dev of a prison: jail(8), `mount.devfs`. Which nodes are in it, and whose they are, says a
//! [`Dev`]; here they are made.
//!
//! A prison has pseudo-terminals, shared memory and links to its descriptors of its own
//! ([`own_nodes`]); everything else is a device of the host. [`live`] changes the /dev of a prison
//! that runs.

pub(crate) mod live;

use crate::confine::ids::Ids;
use crate::error::{Calling, Error};
use crate::files::bounds;
use crate::files::tree::{Tree, file_system};
use crate::spec::{Dev, MountOptions, Node, NodeKind, Users};
use rustix::fs::{AtFlags, CWD, FileType, Gid, Mode, Uid, chownat, mkdirat, mknodat, symlinkat};
use rustix::io::Errno;
use rustix::mount::{OpenTreeFlags, open_tree};
use rustix::process::umask;
use std::io;
use std::os::fd::{AsFd, BorrowedFd, OwnedFd};
use std::path::{Path, PathBuf};

/// Names that lead to a process's own descriptors (fdescfs(5)), and to the pseudo-terminals.
const LINKS: [(&str, &str); 5] = [
    ("fd", "/proc/self/fd"),
    ("stdin", "fd/0"),
    ("stdout", "fd/1"),
    ("stderr", "fd/2"),
    (PTMX, "pts/ptmx"),
];

const PTMX: &str = "ptmx";
const TERMINALS: &str = "pts";
const SHARED_MEMORY: &str = "shm";

/// So many nodes have room within the bounds of every /dev.
const FEW: usize = 1024;

/// Where shared memory is, as the prison sees it.
pub(crate) const SHM: &str = "/dev/shm";

/// What a prison's /dev has of its own, and not from the host, if a ruleset shows it. A link to the
/// pseudo-terminals is among it only where the prison has `terminals`.
pub fn own_nodes(terminals: bool) -> Vec<Node> {
    let node = |path: &str, kind, mode| Node { path: path.into(), kind, uid: 0, gid: 0, mode };
    let links = LINKS.into_iter().filter(|(name, _)| terminals || *name != PTMX);
    let links = links.map(|(name, target)| node(name, NodeKind::Link(target.into()), 0o777));
    let directories = [(TERMINALS, 0o755), (SHARED_MEMORY, 0o1777)];
    let directories = directories.map(|(name, mode)| node(name, NodeKind::Directory, mode));
    links.chain(directories).collect()
}

/// Group `tty` of Linux distributions, which owns pseudo-terminals.
pub(crate) const TTY_GROUP: u32 = 5;

/// Makes the mounts of a /dev: the directory, its pseudo-terminals and, unless a line of fstab(5)
/// brings that, its shared memory.
pub(crate) fn trees(
    dev: &Dev,
    ids: Ids,
    users: Users,
    shares_memory: bool,
) -> Result<Vec<Tree>, Error> {
    let root = (ids.first, ids.first);
    let no_programs = libc::MOUNT_ATTR_NOSUID | libc::MOUNT_ATTR_NOEXEC;
    // Few machines have more devices; a ruleset may show all of them.
    let beyond = dev.nodes.len().saturating_sub(FEW);
    let settings = bounds::DEV.beyond(beyond).settings("755");
    let tree = Tree::tmpfs_with("/dev".into(), no_programs, &settings, root)?;
    // mknodat(2) and mkdirat(2) cut modes by the umask; these are meant as they are written.
    let mask = umask(Mode::empty());
    let filled = fill(tree.fd.as_fd(), &dev.nodes, ids, users);
    let filled = filled.and_then(|()| make_places(tree.fd.as_fd(), &dev.places));
    umask(mask);
    filled.calling("/dev")?;
    let mut all = vec![tree];
    // The kernel lets no user namespace but the host's make device nodes. What a jail shows its
    // jails are clones of its own.
    if users == Users::Outer {
        all.extend(views(&dev.nodes));
    }
    if dev.terminals {
        all.push(Tree::made(terminals(ids).calling("devpts")?, "/dev/pts".into()));
    }
    if shares_memory && dev.find(Path::new(SHARED_MEMORY)).is_some() {
        let shm = MountOptions { nosuid: true, ..MountOptions::default() };
        all.push(Tree::tmpfs(SHM.into(), shm, &bounds::SHM.settings("1777"), root)?);
    }
    Ok(all)
}

impl Dev {
    /// The node at this path below /dev.
    pub(crate) fn find(&self, path: &Path) -> Option<&Node> {
        self.nodes.iter().find(|node| node.path == path)
    }
}

/// Makes an instance of devpts for the jail with these ids, attached nowhere.
pub(crate) fn terminals(ids: Ids) -> io::Result<OwnedFd> {
    // devpts takes the host's ids: an instance cannot be idmapped.
    let owner = (ids.first + TTY_GROUP).to_string();
    let settings =
        [("mode", "620"), ("ptmxmode", "666"), ("gid", owner.as_str()), bounds::TERMINALS];
    let made = file_system("devpts", &settings, libc::MOUNT_ATTR_NOSUID | libc::MOUNT_ATTR_NOEXEC)?;
    let (uid, gid) = (Some(Uid::from_raw(ids.first)), Some(Gid::from_raw(ids.first)));
    // Both are the host's root's, and would be nobody's in the jail. In a jail inside another one
    // they stay so: there no id of such an inode can be changed.
    for name in [c"", c"ptmx"] {
        match chownat(&made, name, uid, gid, AtFlags::EMPTY_PATH) {
            Ok(()) | Err(Errno::PERM | Errno::OVERFLOW) => {}
            Err(error) => return Err(error.into()),
        }
    }
    Ok(made)
}

/// Clones the nodes of this process's /dev, each as a mount.
fn views(nodes: &[Node]) -> impl Iterator<Item = Tree> {
    let flags = OpenTreeFlags::OPEN_TREE_CLONE | OpenTreeFlags::OPEN_TREE_CLOEXEC;
    let devices = nodes.iter().filter(|node| matches!(node.kind, NodeKind::Device(_)));
    devices.filter_map(move |node| {
        let path = Path::new("/dev").join(&node.path);
        Some(Tree::made(open_tree(CWD, &path, flags).ok()?, path))
    })
}

/// Makes `nodes` in the directory `dev`, which nobody else sees yet.
fn fill(dev: BorrowedFd<'_>, nodes: &[Node], ids: Ids, users: Users) -> rustix::io::Result<()> {
    nodes.iter().try_for_each(|node| make(dev, node, ids, users))
}

/// Makes the files that lines of fstab(5) mount on. What is mounted there has an owner of its own.
fn make_places(dev: BorrowedFd<'_>, places: &[PathBuf]) -> rustix::io::Result<()> {
    let mode = Mode::empty();
    places.iter().try_for_each(|path| mknodat(dev, path, FileType::RegularFile, mode, 0))
}

/// Makes one node. The process has no umask.
fn make(dev: BorrowedFd<'_>, node: &Node, ids: Ids, users: Users) -> rustix::io::Result<()> {
    let (path, mode) = (&node.path, Mode::from_raw_mode(node.mode));
    match &node.kind {
        NodeKind::Directory => mkdirat(dev, path, mode)?,
        NodeKind::Link(target) => symlinkat(target, dev, path)?,
        // A regular file is a place to mount a node on.
        NodeKind::Device(_) if users == Users::Outer => {
            mknodat(dev, path, FileType::RegularFile, mode, 0)?;
        }
        NodeKind::Device(device) => {
            let (kind, number) = device.node();
            mknodat(dev, path, kind, mode, number)?;
        }
    }
    // A tmpfs that is made for one jail needs no idmap: its nodes have the host's ids of the
    // jail's users at once.
    let owner =
        (Uid::from_raw(id_on_host(ids, node.uid)), Gid::from_raw(id_on_host(ids, node.gid)));
    match chownat(dev, path, Some(owner.0), Some(owner.1), AtFlags::SYMLINK_NOFOLLOW) {
        // In a jail, its own ids are the only ones that there are.
        Err(Errno::INVAL) if users == Users::Outer => Ok(()),
        owned => owned,
    }
}

/// The host's id of a node's owner. One that the prison does not have is its root.
fn id_on_host(ids: Ids, inside: u32) -> u32 {
    ids.on_host(inside).unwrap_or(ids.first)
}
