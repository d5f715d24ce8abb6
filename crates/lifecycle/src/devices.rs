//! The /dev of a jail: jail(8), `mount.devfs` and `devfs_ruleset`. What lies in the host's /dev is
//! shown to the jail as far as the ruleset shows it.
//!
//! Devices, directories and symbolic links are shown. Sockets, FIFOs and files in the host's /dev
//! belong to programs of the host, and what is mounted there has its own file system: neither is a
//! device, and no ruleset shows them.
//!
//! What has a node of its own on FreeBSD, as a volume of ZFS, has on Linux a link that leads to
//! one: `zvol/tank/vol` to `zd0`. So a link that is shown is the device itself in the jail where
//! the ruleset hides the name that the link leads to.

use crate::error::Error;
use crate::run::rulesets;
use devfs::{DeviceType, Filter, Rulesets};
use jailparam::{Set, param};
use prison::{Dev, Device, Node, NodeKind};
use rustix::fs::{FileType, Stat, lstat, major, minor};
use std::collections::HashSet;
use std::ffi::OsStr;
use std::fs;
use std::io;
use std::os::unix::ffi::OsStrExt;
use std::path::{Path, PathBuf};

/// Linux's vmm(4): the devices that `allow.vmm` is about.
const VMM: [&str; 3] = ["kvm", "vhost-net", "vhost-vsock"];

/// Where the host's devices are.
const HOSTS: &str = "/dev";

/// Finds what a jail's /dev has by `ruleset`; `None`: by the parameter `devfs_ruleset`.
///
/// # Errors
/// The rulesets cannot be read, or there is none of this number; the host's /dev cannot be read.
pub(crate) fn dev(parameters: &Set, ruleset: Option<u16>) -> Result<Dev, Error> {
    // FreeBSD's jail(8) mounts a /dev by ruleset 4 where none is given. A 0 does the same here: it
    // is what `jls -n` shows of such a jail, and no jail gets the host's whole /dev by that.
    let number = ruleset.or(given(parameters)).unwrap_or(devfs::JAIL);
    let rulesets = existing(number)?;
    let name = rulesets.name(number).map(|name| String::from_utf8_lossy(name).into_owned());
    let shown = shown(&rulesets.filter(number), parameters.flag(param::ALLOW_VMM));
    let (nodes, terminals) = shown.map_err(|(path, error)| Error::Devices(path, error))?;
    Ok(Dev { ruleset: (number, name), nodes, terminals })
}

/// Looks whether the ruleset exists that a jail without a /dev of its own gives.
///
/// # Errors
/// It does not, or the rulesets cannot be read.
pub(crate) fn check(parameters: &Set) -> Result<(), Error> {
    given(parameters).map_or(Ok(()), |number| existing(number).map(drop))
}

/// The ruleset that a jail gives; 0 is none.
fn given(parameters: &Set) -> Option<u16> {
    let given = parameters.int(param::DEVFS_RULESET)?;
    given.try_into().ok().filter(|&number| number != 0)
}

/// The rulesets of this host, among which there is one of this number.
fn existing(number: u16) -> Result<Rulesets, Error> {
    let rulesets = rulesets().map_err(Error::Rulesets)?;
    if rulesets.exists(number) { Ok(rulesets) } else { Err(Error::NoRuleset(number)) }
}

/// Puts the number of the ruleset in the place of its name, which a jail may give on Linux too: on
/// FreeBSD only rc.conf takes names. A name that no file has stays, and is no number.
pub fn number_the_ruleset(jail: &mut jailconf::Jail) {
    let mut all = jail.parameters.iter_mut();
    let given = all.find(|given| param::DEVFS_RULESET.is_called(&given.name));
    let Some(name) = given.and_then(|given| given.values.last_mut()) else { return };
    if name.first().is_none_or(|first| !first.is_ascii_alphabetic() && *first != b'_') {
        return;
    }
    if let Some(number) = rulesets().ok().and_then(|rulesets| rulesets.number(name)) {
        *name = number.to_string().into_bytes();
    }
}

/// The nodes that `filter` shows, with those of vmm(4) if the jail `has_vmm`, and whether there are
/// pseudo-terminals among them.
fn shown(filter: &Filter<'_>, has_vmm: bool) -> Result<(Vec<Node>, bool), (PathBuf, io::Error)> {
    let shows = |path: &[u8]| !filter.verdict(devfs::Node { path, device: None }).hidden;
    let terminals = shows(b"pts") && shows(b"pts/0");
    let own = prison::own_nodes(terminals);
    let mut walk = Walk {
        filter,
        own: own.iter().map(|node| node.path.clone()).collect(),
        device: 0,
        nodes: own.into_iter().filter_map(|node| judged(filter, node, None)).collect(),
    };
    let top = lstat(HOSTS).map_err(|error| (HOSTS.into(), error.into()))?;
    walk.device = top.st_dev;
    // On FreeBSD a node of vmm(4) opens by this permission, and no ruleset of FreeBSD's knows
    // Linux's names.
    for name in VMM {
        let node =
            lstat(Path::new(HOSTS).join(name)).ok().and_then(|found| node(name.into(), &found));
        if let Some(node) = node.filter(|_| has_vmm) {
            walk.nodes.push(ruled(filter, node, None).0);
        }
        walk.own.insert(name.into());
    }
    walk.directory(Path::new(HOSTS), Path::new(""))?;
    Ok((walk.nodes, terminals))
}

/// Gives a node what the rules say; `None`: they hide it.
fn judged(filter: &Filter<'_>, node: Node, device: Option<DeviceType>) -> Option<Node> {
    let (node, is_hidden) = ruled(filter, node, device);
    (!is_hidden).then_some(node)
}

/// Gives a node owner and mode by the rules, and answers whether they hide it.
fn ruled(filter: &Filter<'_>, node: Node, device: Option<DeviceType>) -> (Node, bool) {
    let path = node.path.as_os_str().as_bytes();
    let verdict = filter.verdict(devfs::Node { path, device });
    let ruled = Node {
        uid: verdict.uid.unwrap_or(node.uid),
        gid: verdict.gid.unwrap_or(node.gid),
        mode: verdict.mode.unwrap_or(node.mode),
        ..node
    };
    (ruled, verdict.hidden)
}

/// The device that was `found` at `path`, as the host has it; `None`: it is none.
fn node(path: PathBuf, found: &Stat) -> Option<Node> {
    let kind = NodeKind::Device(device(FileType::from_raw_mode(found.st_mode), found.st_rdev)?);
    Some(of_host(path, kind, found))
}

fn of_host(path: PathBuf, kind: NodeKind, found: &Stat) -> Node {
    let mode = found.st_mode & 0o7777;
    Node { path, kind, uid: found.st_uid, gid: found.st_gid, mode }
}

/// A walk through the host's /dev.
struct Walk<'f> {
    filter: &'f Filter<'f>,
    /// What is not to be found by the walk: a jail's /dev has it of its own, or by a permission.
    own: HashSet<PathBuf>,
    /// The file system of the host's /dev.
    device: u64,
    nodes: Vec<Node>,
}

impl Walk<'_> {
    /// Adds what is shown of the directory `real`, which is `inside` below /dev.
    fn directory(&mut self, real: &Path, inside: &Path) -> Result<(), (PathBuf, io::Error)> {
        let failed = |error: io::Error| (real.to_owned(), error);
        let entries = match fs::read_dir(real) {
            // Unplugged in between.
            Err(error) if error.kind() == io::ErrorKind::NotFound => return Ok(()),
            entries => entries.map_err(failed)?,
        };
        let mut names = entries
            .map(|entry| entry.map(|entry| entry.file_name()))
            .collect::<io::Result<Vec<_>>>()
            .map_err(failed)?;
        names.sort_unstable();
        for name in names {
            self.entry(real, inside.join(&name), &name)?;
        }
        Ok(())
    }

    /// Adds the entry `name` of the directory `above`, if it is shown, and what lies in it.
    fn entry(
        &mut self,
        above: &Path,
        path: PathBuf,
        name: &OsStr,
    ) -> Result<(), (PathBuf, io::Error)> {
        if self.own.contains(&path) {
            return Ok(());
        }
        let shown = |device| {
            let path = path.as_os_str().as_bytes();
            !self.filter.verdict(devfs::Node { path, device }).hidden
        };
        // Most of a /dev is hidden by its names alone.
        if !self.filter.has_types() && !shown(None) {
            return Ok(());
        }
        let real = above.join(name);
        let Ok(found) = lstat(&real) else { return Ok(()) };
        let kind = match FileType::from_raw_mode(found.st_mode) {
            FileType::Directory if found.st_dev == self.device => NodeKind::Directory,
            FileType::Symlink => match fs::read_link(&real) {
                Ok(target) => NodeKind::Link(target),
                Err(_) => return Ok(()),
            },
            kind => match device(kind, found.st_rdev) {
                Some(device) => NodeKind::Device(device),
                None => return Ok(()),
            },
        };
        let is_link = matches!(kind, NodeKind::Link(_));
        let (kind, found) = match is_link.then(|| self.behind(&real)).flatten() {
            Some((device, found)) => (NodeKind::Device(device), found),
            None => (kind, found),
        };
        let of_type = match &kind {
            NodeKind::Device(device) if self.filter.has_types() => type_of(*device),
            _ => None,
        };
        let is_directory = kind == NodeKind::Directory;
        let node = of_host(path, kind, &found);
        let Some(node) = judged(self.filter, node, of_type) else { return Ok(()) };
        let inside = node.path.clone();
        self.nodes.push(node);
        // What lies in a directory that is hidden is hidden too.
        if is_directory { self.directory(&real, &inside) } else { Ok(()) }
    }

    /// The device of the host's /dev that the link `real` leads to, if its own name is hidden.
    fn behind(&self, real: &Path) -> Option<(Device, Stat)> {
        let target = fs::canonicalize(real).ok()?;
        let inside = target.strip_prefix(HOSTS).ok()?;
        let found = lstat(&target).ok()?;
        let device = device(FileType::from_raw_mode(found.st_mode), found.st_rdev)?;
        let of_type = if self.filter.has_types() { type_of(device) } else { None };
        let shows = |path: &Path, device| {
            let path = path.as_os_str().as_bytes();
            !self.filter.verdict(devfs::Node { path, device }).hidden
        };
        let mut above = inside.ancestors().skip(1).filter(|path| !path.as_os_str().is_empty());
        let is_shown = shows(inside, of_type) && above.all(|path| shows(path, None));
        (!is_shown).then_some((device, found))
    }
}

fn device(kind: FileType, number: u64) -> Option<Device> {
    let is_block = match kind {
        FileType::BlockDevice => true,
        FileType::CharacterDevice => false,
        _ => return None,
    };
    Some(Device { is_block, major: major(number), minor: minor(number) })
}

/// The type that devfs.rules(5) has for a device: Linux's class, which is where its entry in sysfs
/// leads to.
fn type_of(device: Device) -> Option<DeviceType> {
    if device.is_block {
        return Some(DeviceType::Disk);
    }
    let entry = format!("/sys/dev/char/{}:{}/subsystem", device.major, device.minor);
    let class = fs::read_link(entry).ok()?;
    match class.file_name()?.as_bytes() {
        b"mem" => Some(DeviceType::Mem),
        b"tty" => Some(DeviceType::Tty),
        b"scsi_tape" => Some(DeviceType::Tape),
        _ => None,
    }
}
