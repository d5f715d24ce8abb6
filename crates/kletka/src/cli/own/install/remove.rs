//! `kletka install --remove`: takes away what the list below the prefix names.
//!
//! A path at which something else has been put meanwhile stays, and so does a directory that holds
//! files of another origin; both are named. A second run goes on where the first was interrupted:
//! the list is removed last.

use super::error::Error;
use super::installed::{Installed, Kind, LIST};
use prison::Registry;
use std::fs;
use std::io;
use std::path::{Path, PathBuf};

/// The units that `service jail enable`, `service netif enable` and the installation of a package
/// enable, where systemctl(1) makes their links.
const ENABLED: [&str; 3] = ["jail.service", "kletka-jails.service", "kletka-netif.service"];
const WANTED: &str = "/etc/systemd/system/multi-user.target.wants";

/// Tells whether what is at a path now was put there by us.
type IsOurs = fn(&Path) -> bool;

/// What is removed, in this order: no link leads to a file that is gone.
const REMOVABLE: [(Kind, IsOurs); 2] = [(Kind::Link, is_link), (Kind::File, is_file)];

/// What a removal has done.
#[derive(Debug, Default)]
pub(super) struct Removed {
    /// What was removed.
    pub(super) gone: Vec<PathBuf>,
    /// What was put there by others, and stays.
    pub(super) strange: Vec<PathBuf>,
}

/// Fails while jails run: without this program nobody could stop them. Unmounts what only their
/// starts need.
pub(super) fn refuse_running() -> Result<(), Error> {
    // Nobody but root has jails, and another user cannot look.
    if !rustix::process::geteuid().is_root() {
        return Ok(());
    }
    let failed = |error: prison::Error| Error::Registry(error.to_string());
    let registry = Registry::open().map_err(failed)?;
    let running = registry.prisons().map_err(failed)?;
    let names = running.iter().map(|record| record.name.as_str());
    // A jail inside another, whose name has a dot, ends with that one.
    let names: Vec<&str> = names.filter(|name| !name.contains('.')).collect();
    if !names.is_empty() {
        return Err(Error::Running(names.join(" ")));
    }
    registry.unmount_launcher().map_err(failed)
}

/// Removes what is listed below `top`, and notes everything in `removed`.
pub(super) fn remove(top: &Path, removed: &mut Removed) -> Result<(), Error> {
    let list = Installed::read(top)?;
    for (kind, is_ours) in REMOVABLE {
        for path in list.paths(kind).filter(|path| *path != LIST).map(|path| top.join(path)) {
            one(&path, is_ours, removed)?;
        }
    }
    if !list.is_empty() {
        one(&top.join(LIST), is_file, removed)?;
    }
    for path in list.paths(Kind::Directory) {
        // rmdir(2) takes no path that ends with a dot, as the prefix's does here.
        directory(&top.join(path).components().collect::<PathBuf>(), removed)?;
    }
    Ok(())
}

/// Removes what is in the `old` list and not in the `new` one. Answers the paths.
pub(super) fn outdated(top: &Path, old: &Installed, new: &Installed) -> Result<Vec<String>, Error> {
    let mut removed = Removed::default();
    for (kind, is_ours) in REMOVABLE {
        for path in old.paths(kind).filter(|path| !new.has(path)) {
            one(&top.join(path), is_ours, &mut removed)?;
        }
    }
    let below = removed.gone.iter().filter_map(|path| path.strip_prefix(top).ok());
    Ok(below.map(|path| path.to_string_lossy().into_owned()).collect())
}

/// Removes the links by which systemd starts the units below `prefix` at boot.
pub(super) fn disable(prefix: &Path, removed: &mut Removed) -> Result<(), Error> {
    for unit in ENABLED {
        let link = Path::new(WANTED).join(unit);
        let own = prefix.join("lib/systemd/system").join(unit);
        if fs::read_link(&link).is_ok_and(|to| to == own) {
            one(&link, |_| true, removed)?;
        }
    }
    Ok(())
}

/// Removes links that are not below the prefix.
pub(super) fn links(paths: &[PathBuf], removed: &mut Removed) -> Result<(), Error> {
    paths.iter().try_for_each(|path| one(path, is_link, removed))
}

/// Removes `path` if it is ours, and notes what became of it.
fn one(path: &Path, is_ours: IsOurs, removed: &mut Removed) -> Result<(), Error> {
    match path.symlink_metadata() {
        Err(error) if is_missing(&error) => return Ok(()),
        _ if !is_ours(path) => removed.strange.push(path.to_owned()),
        _ => {
            fs::remove_file(path).map_err(Error::io("cannot remove", path))?;
            removed.gone.push(path.to_owned());
        }
    }
    Ok(())
}

/// Removes a directory that is empty by now. Otherwise what is in it is noted, if it is a directory
/// for kletka's files: into all others anybody may put something.
fn directory(path: &Path, removed: &mut Removed) -> Result<(), Error> {
    match fs::remove_dir(path) {
        Ok(()) => removed.gone.push(path.to_owned()),
        Err(error) if error.kind() == io::ErrorKind::DirectoryNotEmpty => {
            let is_own = path.iter().any(|part| part == "kletka");
            for entry in fs::read_dir(path).into_iter().flatten().flatten().filter(|_| is_own) {
                let within = entry.path();
                // A directory that is not empty either has been noted by its own files.
                if !removed.strange.iter().any(|strange| strange.starts_with(&within)) {
                    removed.strange.push(within);
                }
            }
        }
        // A link or a file that somebody has put in its place.
        Err(error) if is_missing(&error) => {
            removed.strange.extend(path.symlink_metadata().is_ok().then(|| path.to_owned()));
        }
        Err(error) => return Err(Error::io("cannot remove", path)(error)),
    }
    Ok(())
}

fn is_missing(error: &io::Error) -> bool {
    matches!(error.kind(), io::ErrorKind::NotFound | io::ErrorKind::NotADirectory)
}

/// Whether `path` is a link to the binary.
pub(super) fn is_link(path: &Path) -> bool {
    fs::read_link(path).is_ok_and(|to| to.file_name().is_some_and(|name| name == "kletka"))
}

fn is_file(path: &Path) -> bool {
    path.symlink_metadata().is_ok_and(|found| found.is_file())
}
