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
use crate::recorded;
use crate::run::rulesets;
use crate::securelevel;
use devfs::{Beside, DeviceType, Filter, Rulesets};
use jailparam::{Set, param};
use prison::{Dev, Device, Node, NodeKind, Prison, Record, Registry};
use rustix::fs::{FileType, Stat, lstat};
use std::collections::HashSet;
use std::ffi::OsStr;
use std::fs;
use std::io;
use std::os::unix::ffi::OsStrExt;
use std::os::unix::fs::DirBuilderExt;
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
    dev_with(parameters, ruleset, &[])
}

/// Finds the same, after `applied` rules of its own.
fn dev_with(parameters: &Set, ruleset: Option<u16>, applied: &[Beside]) -> Result<Dev, Error> {
    // FreeBSD's jail(8) mounts a /dev by ruleset 4 where none is given. A 0 does the same here: it
    // is what `jls -n` shows of such a jail, and no jail gets the host's whole /dev by that.
    let number = ruleset.or(given(parameters)).unwrap_or(devfs::JAIL);
    let rulesets = existing(number)?;
    let name = rulesets.name(number).map(|name| String::from_utf8_lossy(name).into_owned());
    let filter = rulesets.filter_with(number, applied);
    let is_open = filter.shows(devfs::Node { path: b"-", device: None });
    let shown = shown(&filter, parameters.flag(param::ALLOW_VMM));
    let (nodes, terminals) = shown.map_err(|(path, error)| Error::Devices(path, error))?;
    let keeps_disks = securelevel::keeps_disks(securelevel::of(parameters));
    let places = Vec::new();
    Ok(Dev { ruleset: (number, name), nodes, terminals, is_open, keeps_disks, places })
}

/// What is to become of the /dev of a jail that runs.
#[derive(Debug, Clone)]
pub enum Renewal {
    /// Devices have come or gone: the nodes that stay are left alone.
    Devices,
    /// The rules are applied anew, to all nodes; rules that were applied by themselves are
    /// forgotten.
    Rules,
    /// Another ruleset.
    Ruleset(u16),
    /// A rule or another ruleset is applied after the others.
    Apply(Beside),
}

/// Renews the /dev of a jail that runs. One without a /dev that can be changed stays as it is.
///
/// # Errors
/// As [`Prison::show_dev`]; the rulesets or the host's /dev cannot be read. Then the jail has what
/// it had.
pub fn renew(registry: &Registry, record: &Record, renewal: &Renewal) -> Result<(), Error> {
    // Read again under the lock: no change that another command makes is to be lost.
    let _changing = registry.changing()?;
    let record = registry.find(&record.jid.to_string())?.ok_or(prison::Error::Died)?;
    let parameters = recorded::read(&record);
    let parameters =
        parameters.map_err(|error| Error::Value("devfs_ruleset", error.to_string()))?;
    let mut prison = Prison::open(record).ok_or(prison::Error::Died)?;
    renew_prison(&mut prison, registry, &parameters, renewal)
}

/// Renews the /dev of a jail that runs and now has these parameters. The caller holds the lock for
/// changes.
///
/// # Errors
/// As [`renew`].
pub(crate) fn renew_prison(
    prison: &mut Prison,
    registry: &Registry,
    parameters: &Set,
    renewal: &Renewal,
) -> Result<(), Error> {
    let Some(recorded) = prison.record().dev.clone() else { return Ok(()) };
    let before = applied(&recorded.applied);
    let (ruleset, applied) = match renewal {
        Renewal::Devices => (recorded.ruleset, before.clone()),
        Renewal::Rules => (recorded.ruleset, Vec::new()),
        Renewal::Ruleset(number) => (*number, Vec::new()),
        Renewal::Apply(rule) => (recorded.ruleset, before.iter().chain([rule]).cloned().collect()),
    };
    let all = hosts()?;
    let new = dev_with(parameters, Some(ruleset).filter(|&number| number != 0), &applied)?;
    let texts = applied.iter().map(Beside::write).collect();
    let rules = !matches!(renewal, Renewal::Devices);
    let shown = prison.show_dev(registry, (&new, texts), &all, rules);
    shown.map_err(|error| {
        // The change may have failed half-way: the jail gets back what it had.
        if let Ok(old) = dev_with(parameters, Some(recorded.ruleset), &before) {
            let _ = prison.show_dev(registry, (&old, recorded.applied), &all, rules);
        }
        Error::Parameter(param::DEVFS_RULESET.name, error)
    })
}

/// Gives a jail the /dev that it had by the record `before`, after a change of which another part
/// has failed: that failure is the one to report.
pub(crate) fn give_back(prison: &mut Prison, registry: &Registry, before: &Record) {
    let (Some(dev), Ok(parameters)) = (&before.dev, recorded::read(before)) else { return };
    let old = dev_with(&parameters, Some(dev.ruleset), &applied(&dev.applied));
    if let (Ok(old), Ok(all)) = (old, hosts()) {
        let _ = prison.show_dev(registry, (&old, dev.applied.clone()), &all, true);
    }
}

/// Renews the /dev of each jail that runs. Answers the names of those where that failed, and why.
///
/// # Errors
/// It is not known which jails run.
pub fn renew_all(
    registry: &Registry,
    renewal: &Renewal,
) -> Result<Vec<(String, Error)>, prison::Error> {
    let running = registry.prisons()?.into_iter().filter(|record| record.dev.is_some());
    let failed = running.filter_map(|record| {
        let error = renew(registry, &record, renewal).err()?;
        // It has ended meanwhile.
        let has_ended = matches!(error, Error::Prison(prison::Error::Died));
        (!has_ended).then_some((record.name, error))
    });
    Ok(failed.collect())
}

/// Keeps the rulesets as devfs(8) has changed them; `None`: those of the files hold again.
///
/// # Errors
/// /run/kletka cannot be written.
pub fn keep(rulesets: Option<&Rulesets>) -> io::Result<()> {
    let Some(rulesets) = rulesets else {
        return match fs::remove_file(devfs::KEPT_FILE) {
            Err(error) if error.kind() != io::ErrorKind::NotFound => Err(error),
            _ => Ok(()),
        };
    };
    let (kept, new) = (Path::new(devfs::KEPT_FILE), format!("{}.new", devfs::KEPT_FILE));
    if let Some(directory) = kept.parent() {
        fs::DirBuilder::new().recursive(true).mode(0o700).create(directory)?;
    }
    fs::write(&new, rulesets.write())?;
    // Whoever starts a jail reads the old rulesets or the new ones, never half of them.
    fs::rename(&new, kept)
}

/// What a record keeps of rules. What this version does not know has no effect.
fn applied(texts: &[Vec<u8>]) -> Vec<Beside> {
    texts.iter().filter_map(|text| Beside::restore(text)).collect()
}

/// All that the host's /dev has.
fn hosts() -> Result<Vec<Node>, Error> {
    let all = shown(&Rulesets::default().filter(0), true);
    all.map(|(nodes, _)| nodes).map_err(|(path, error)| Error::Devices(path, error))
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
    let shows = |path: &[u8]| filter.shows(devfs::Node { path, device: None });
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
    let kind = NodeKind::Device(device_of(found)?);
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
        // To list a /dev takes longer than to look for the few names that most rulesets show.
        if let Some(mut names) = self.filter.names(inside.components().count()) {
            names.sort_unstable();
            names.dedup();
            let mut names = names.into_iter().map(OsStr::from_bytes);
            return names.try_for_each(|name| self.entry(real, inside.join(name), name));
        }
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
            self.filter.shows(devfs::Node { path, device })
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
            _ => match device_of(&found) {
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
        let device = device_of(&found)?;
        let of_type = if self.filter.has_types() { type_of(device) } else { None };
        let shows = |path: &Path, device| {
            let path = path.as_os_str().as_bytes();
            self.filter.shows(devfs::Node { path, device })
        };
        let mut above = inside.ancestors().skip(1).filter(|path| !path.as_os_str().is_empty());
        let is_shown = shows(inside, of_type) && above.all(|path| shows(path, None));
        (!is_shown).then_some((device, found))
    }
}

/// The device that was found, if this is one.
fn device_of(found: &Stat) -> Option<Device> {
    Device::of(FileType::from_raw_mode(found.st_mode), found.st_rdev)
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
