//! What other users of the host can do with the files of a jail.
//!
//! What the root of a jail makes set-user-ID, or gives file capabilities, is root's own on the
//! host's disk, and works for whoever reaches the file; FreeBSD's jail(8) warns of that. So does
//! this module: of a root or a share that the jail can write to, unless a directory above is closed
//! to other users, or the host has the file system mounted `nosuid`. A `nosuid` of the jail's own
//! mount does not help: it holds in the jail alone.

use crate::jail::Jail;
use jailparam::param;
use prison::{MountSource, Spec};
use rustix::fs::{Mode, OFlags, StatVfsMountFlags, fstatvfs, open};
use std::collections::BTreeSet;
use std::fmt;
use std::fs;
use std::os::fd::AsRawFd;
use std::os::unix::fs::MetadataExt;
use std::path::{Path, PathBuf};

/// A directory whose set-user-ID files other users of the host can execute. `Display` is what
/// follows the jail's name in a warning.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Exposed {
    parameter: &'static str,
    directory: PathBuf,
    /// A jail needs set-user-ID files in its root, and seldom in a share.
    is_share: bool,
    /// The directory that could be closed: none that is the host's own, such as /home.
    above: Option<PathBuf>,
}

impl fmt::Display for Exposed {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let (parameter, directory) = (self.parameter, self.directory.display());
        write!(
            f,
            "{parameter} {directory}: other users of the host can execute what the jail's root makes \
             set-user-ID there; "
        )?;
        match &self.above {
            Some(above) => write!(f, "chmod 700 {}", above.display())?,
            None => write!(f, "keep it below a directory of mode 0700")?,
        }
        if self.is_share { write!(f, ", or mount it nosuid on the host") } else { Ok(()) }
    }
}

/// Finds the exposed directories of the jail that `spec` describes: its root and its shares. Of
/// several below one directory the first is named.
pub fn exposed(spec: &Spec) -> Vec<Exposed> {
    let mut told = BTreeSet::new();
    let each = writable(spec).into_iter();
    let each = each.filter_map(|(parameter, directory)| Exposed::find(parameter, directory));
    each.filter(|it| it.above.is_none() || told.insert(it.above.clone())).collect()
}

/// Looks whether the root of a jail at `path` is exposed.
pub fn exposed_root(path: &Path) -> Option<Exposed> {
    // The host's own tree: a jail there is warned of by itself.
    if path == Path::new("/") { None } else { Exposed::find(param::PATH.name, path) }
}

/// The directories of the host that the jail's root can write to, with the parameter of each.
fn writable(spec: &Spec) -> Vec<(&'static str, &Path)> {
    let mut all = Vec::new();
    // What is mounted on the jail's root covers it.
    if spec.path != Path::new("/") && !spec.mounts.iter().any(|it| it.target == Path::new("/")) {
        all.push((param::PATH.name, spec.path.as_path()));
    }
    for mount in spec.mounts.iter().filter(|mount| !mount.options.read_only) {
        let directory = match &mount.source {
            MountSource::Nullfs(source)
            | MountSource::Union { directory: source, below: false } => Some(source),
            MountSource::Overlay { upper, .. } => upper.as_ref().map(|(upper, _)| upper),
            _ => None,
        };
        all.extend(directory.map(|directory| (param::MOUNT.name, directory.as_path())));
    }
    all
}

/// Whether the jail has the host's own root, and nothing says that this is meant: `path` is
/// missing, or is `/` without a word about /dev. FreeBSD's service jails have `path=/` and
/// `mount.nodevfs`.
pub fn has_hosts_root_by_default(jail: &Jail) -> bool {
    let is_meant = || {
        jail.parameters.given(&param::PATH).is_some()
            && jail.parameters.given(&param::MOUNT_DEVFS).is_some()
    };
    jail.path() == Path::new("/") && !is_meant()
}

/// What is said of such a jail.
pub const HOSTS_ROOT: &str =
    "the jail's root is the host's /; set path (path=/ with mount.devfs if that is meant)";

/// What is said of a jail whose ruleset hides nothing but what it names, as 2 and 3 do by
/// themselves; `None`: it is not such a jail.
pub fn open_dev(spec: &Spec) -> Option<String> {
    let (number, _) = &spec.dev.as_ref().filter(|dev| dev.is_open)?.ruleset;
    Some(format!(
        "devfs_ruleset {number} hides no device that it does not name, and shows the host's disks and \
         memory; begin it with \"add include $devfsrules_hide_all\""
    ))
}

impl Exposed {
    /// The parameter that names the directory.
    pub fn parameter(&self) -> &'static str {
        self.parameter
    }

    fn find(parameter: &'static str, directory: &Path) -> Option<Self> {
        let opened = open(directory, OFlags::PATH | OFlags::CLOEXEC, Mode::empty()).ok()?;
        if fstatvfs(&opened).ok()?.f_flag.contains(StatVfsMountFlags::NOSUID) {
            return None;
        }
        // Without links: every way to the directory ends with these. Its own mode is the jail's to
        // change.
        let real = fs::read_link(format!("/proc/self/fd/{}", opened.as_raw_fd())).ok()?;
        if real.ancestors().skip(1).any(is_closed) {
            return None;
        }
        // /home and its like are not kletka's to close.
        let above = real.parent().filter(|above| above.components().count() > 2);
        let (directory, above) = (directory.to_owned(), above.map(Path::to_owned));
        Some(Self { parameter, directory, is_share: parameter != param::PATH.name, above })
    }
}

/// Whether root alone passes a directory.
fn is_closed(path: &Path) -> bool {
    fs::metadata(path).is_ok_and(|found| {
        let (mode, owner, group) = (found.mode(), found.uid(), found.gid());
        owner == 0 && mode & 0o001 == 0 && (group == 0 || mode & 0o010 == 0)
    })
}
