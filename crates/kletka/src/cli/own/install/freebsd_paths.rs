//! `kletka install --freebsd-paths`: the names in /usr/sbin by which scripts call jail(8) and its
//! kin on FreeBSD.
//!
//! A name that the host has already, of another origin, is left alone: what scripts of the host
//! mean by it stays what it is. The links lead to the binary below the prefix, by which `--remove`
//! knows them.

use super::error::Error;
use super::layout::BINARY;
use super::replace::link;
use crate::cli::applet::{Applet, Place};
use std::fs;
use std::path::{Path, PathBuf};

/// Where FreeBSD has them: hier(7).
const DIRECTORY: &str = "/usr/sbin";

/// Where a host could have another program of the name.
const TAKEN: [&str; 4] = [DIRECTORY, "/usr/bin", "/sbin", "/bin"];

/// What has become of the names.
#[derive(Debug, Default)]
pub(super) struct Linked {
    /// The links that were made.
    pub(super) made: Vec<PathBuf>,
    /// The programs of another origin that have a name already.
    pub(super) strange: Vec<PathBuf>,
}

/// Makes the links to the binary below `prefix`.
pub(super) fn make(applets: &[Applet], prefix: &Path) -> Result<Linked, Error> {
    let (binary, mut linked) = (prefix.join(BINARY), Linked::default());
    for name in names(applets) {
        let strange = TAKEN.iter().map(|directory| Path::new(directory).join(name));
        match strange.into_iter().find(|path| is_there(path) && !leads_to(path, &binary)) {
            Some(strange) => linked.strange.push(strange),
            None => {
                let path = Path::new(DIRECTORY).join(name);
                // Below /usr the layout has these names itself.
                if !leads_to(&path, &binary) && link(&path, &binary)? {
                    linked.made.push(path);
                }
            }
        }
    }
    Ok(linked)
}

/// Answers the links to the binary below `prefix` that are there.
pub(super) fn made(applets: &[Applet], prefix: &Path) -> Vec<PathBuf> {
    let binary = prefix.join(BINARY);
    let paths = names(applets).map(|name| Path::new(DIRECTORY).join(name));
    paths.filter(|path| fs::read_link(path).is_ok_and(|to| to == binary)).collect()
}

/// The names that are for everybody's PATH.
fn names(applets: &[Applet]) -> impl Iterator<Item = &'static str> {
    let everywhere = |applet: &&Applet| applet.links.contains(&Place::Everywhere);
    applets.iter().filter(everywhere).map(|applet| applet.name)
}

fn is_there(path: &Path) -> bool {
    path.symlink_metadata().is_ok()
}

fn leads_to(path: &Path, binary: &Path) -> bool {
    fs::canonicalize(path).is_ok_and(|found| fs::canonicalize(binary).is_ok_and(|to| to == found))
        || fs::read_link(path).is_ok_and(|to| to == binary)
}
