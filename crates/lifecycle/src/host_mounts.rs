//! What the host itself has mounted below the root of a jail: by hand, by a hook, or by the jail's
//! own fstab(5).
//!
//! The mounts of a jail are in the jail's mount namespace and end with it. Those of the host stay,
//! and whoever then removes the tree removes the files behind them. As FreeBSD's jail(8) does,
//! what lies where the jail's lines say is unmounted when the jail is gone; the others are named.
//! What the host's /etc/fstab has mounts by itself at every boot, and is left alone.

use crate::jail::Jail;
use crate::spec;
use rustix::mount::{UnmountFlags, unmount};
use std::ffi::OsString;
use std::fs;
use std::os::unix::ffi::OsStringExt;
use std::path::{Path, PathBuf};

/// The file of the host's own mounts.
const FSTAB: &str = "/etc/fstab";

/// The mount points of the host below the directory `root`, in the order of mounting, without those
/// of the host's fstab(5).
pub(crate) fn below(root: &Path) -> Vec<PathBuf> {
    // mountinfo has no links in its paths.
    let Ok(root) = fs::canonicalize(root) else { return Vec::new() };
    // A jail with the host's own root holds all that the host has mounted.
    if root == Path::new("/") {
        return Vec::new();
    }
    if prison::has_mounts_below(&root) == Some(false) {
        return Vec::new();
    }
    let text = fs::read("/proc/self/mountinfo").unwrap_or_default();
    let points =
        mountinfo::lines(&text).map(|line| PathBuf::from(OsString::from_vec(line.target())));
    let mut below: Vec<_> = points.filter(|it| it != &root && it.starts_with(&root)).collect();
    if !below.is_empty() {
        let lasting = fstab::parse(&fs::read(FSTAB).unwrap_or_default()).unwrap_or_default();
        let lasting =
            lasting.into_iter().map(|entry| PathBuf::from(OsString::from_vec(entry.target)));
        let lasting: Vec<_> = lasting.collect();
        below.retain(|point| !lasting.contains(point));
    }
    below
}

/// Unmounts what the host has mounted where the lines of `jail` say, and tells each. What is in use
/// stays.
pub(crate) fn unmount_lines(jail: &Jail, mut tell: impl FnMut(&Path)) {
    let Ok(root) = fs::canonicalize(jail.path()) else { return };
    let targets: Vec<_> = spec::mount_points(jail)
        .into_iter()
        .map(|inside| root.join(inside.strip_prefix("/").unwrap_or(&inside)))
        .collect();
    // The last comes first: it may lie on an earlier one.
    for point in below(&root).iter().rev().filter(|point| targets.contains(point)) {
        // The jail is gone, and can put no link in the way any more.
        if unmount(point, UnmountFlags::NOFOLLOW).is_ok() {
            tell(point);
        }
    }
}
