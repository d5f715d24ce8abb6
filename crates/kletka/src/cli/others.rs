//! Programs of others that have the name of one of ours: what is meant for them is handed to them,
//! unchanged.

use std::env;
use std::ffi::{OsStr, OsString};
use std::os::unix::process::CommandExt;
use std::path::{Path, PathBuf};
use std::process::Command;

/// Where programs are looked for without PATH.
const USUAL: &str = "/usr/sbin:/usr/bin:/sbin:/bin";

/// The name of this binary's file, which all links to it end at.
const OWN: &str = "kletka";

/// Finds the program `name` behind all of ours in PATH.
pub(crate) fn find(name: &str) -> Option<PathBuf> {
    let path = env::var_os("PATH").unwrap_or_else(|| USUAL.into());
    let candidates = env::split_paths(&path).map(|directory| directory.join(name));
    candidates.into_iter().find(|candidate| is_others(candidate))
}

/// Whether there is a program at this path that is not this binary by another name.
fn is_others(path: &Path) -> bool {
    let file = path.canonicalize().ok().filter(|file| file.is_file());
    file.is_some_and(|file| file.file_name() != Some(OsStr::new(OWN)))
}

/// Becomes the program of others that has this name, if there is one. Returns only if there is
/// none, or if it cannot be executed.
pub(crate) fn become_others(name: &str, arguments: &[OsString]) {
    if let Some(program) = find(name) {
        // By this name: busybox looks at nothing else.
        let _ = Command::new(program).arg0(name).args(arguments).exec();
    }
}
