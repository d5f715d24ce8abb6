//! Fits a tree: adds kletka's own files, removes what belongs to the host.
//!
//! FreeBSD's rc(8) for a Linux base: `/etc/rc` starts a jail and `/etc/rc.shutdown` stops it, so
//! that a jail.conf written for FreeBSD finds what it calls. They are shell scripts, in
//! `share/jail`.

use std::fs::{self, OpenOptions};
use std::io::{self, Write};
use std::os::unix::fs::OpenOptionsExt;
use std::path::Path;

use crate::error::Error;
use crate::services::services;
use crate::tree::has;

/// A file that is put into a tree: its path below the tree's root, its mode, its text.
pub type ShippedFile = (&'static str, u32, &'static str);

/// FreeBSD's rc(8) for a Linux base. These files are always kletka's own and replace those of the
/// tree.
pub const RC_FILES: [ShippedFile; 4] = [
    ("etc/rc", 0o755, include_str!("../../../share/jail/rc")),
    ("etc/rc.shutdown", 0o755, include_str!("../../../share/jail/rc.shutdown")),
    ("etc/rc.subr", 0o644, include_str!("../../../share/jail/rc.subr")),
    ("etc/rc.services", 0o644, include_str!("../../../share/jail/rc.services")),
];

/// The rc.conf(5) of a jail, in which nothing is enabled.
const RC_CONF: &str = include_str!("../../../share/jail/rc.conf");

/// Files that a jail's administrator edits. They are added only where the base has none.
const LOCAL_FILES: [ShippedFile; 3] = [
    ("etc/fstab", 0o644, ""),
    ("etc/hosts", 0o644, "127.0.0.1\tlocalhost\n::1\t\tlocalhost\n"),
    ("etc/rc.conf", 0o644, RC_CONF),
];

/// Makes a base of the tree that mmdebstrap has left: adds rc, removes what names the host.
pub(crate) fn fit_base(tree: &Path) -> Result<(), Error> {
    // mmdebstrap copies the host's name and resolver for its own use; a machine-id must be each
    // machine's own.
    for path in ["etc/hostname", "etc/machine-id", "etc/resolv.conf", "etc/fstab"] {
        remove_file(&tree.join(path))?;
    }
    for &(path, mode, text) in &RC_FILES {
        put(&tree.join(path), mode, text.as_bytes())?;
    }
    Ok(())
}

/// Makes a jail's root of a copied base: adds this kletka's rc, the files to be edited, and the
/// host's resolver.
pub(crate) fn fit_root(tree: &Path) -> Result<(), Error> {
    // Again, because the base may have been made by an older kletka.
    for &(path, mode, text) in &RC_FILES {
        put(&tree.join(path), mode, text.as_bytes())?;
    }
    for &(path, mode, text) in LOCAL_FILES.iter().filter(|(path, ..)| !has(tree, path)) {
        put(&tree.join(path), mode, text.as_bytes())?;
    }
    enable_nothing(tree)?;
    match fs::read("/etc/resolv.conf") {
        Ok(text) if !has(tree, "etc/resolv.conf") => {
            put(&tree.join("etc/resolv.conf"), 0o644, &text)
        }
        // A host without a resolver has none to pass on.
        _ => Ok(()),
    }
}

/// Lists the tree's services in its rc.conf, as comments: each starts when its line is none.
fn enable_nothing(tree: &Path) -> Result<(), Error> {
    let path = tree.join("etc/rc.conf");
    let lines: String =
        services(tree).iter().map(|name| format!("#{name}_enable=\"YES\"\n")).collect();
    // Only the file that was written just now: that of a base is somebody's own.
    match fs::read(&path) {
        Ok(text) if text == RC_CONF.as_bytes() && !lines.is_empty() => {
            put(&path, 0o644, [RC_CONF, &lines].concat().as_bytes())
        }
        _ => Ok(()),
    }
}

/// Writes a new file. A link in its place is replaced, and not followed out of the tree.
fn put(path: &Path, mode: u32, text: &[u8]) -> Result<(), Error> {
    remove_file(path)?;
    let open = OpenOptions::new().write(true).create_new(true).mode(mode).open(path);
    let mut file = open.map_err(Error::io("cannot make", path))?;
    file.write_all(text).map_err(Error::io("cannot write", path))?;
    // The mode of creation was cut by the umask of whoever runs this.
    rustix::fs::fchmod(&file, mode.into()).map_err(|e| Error::io("cannot chmod", path)(e.into()))
}

fn remove_file(path: &Path) -> Result<(), Error> {
    match fs::remove_file(path) {
        Err(error) if error.kind() != io::ErrorKind::NotFound => {
            Err(Error::io("cannot remove", path)(error))
        }
        _ => Ok(()),
    }
}

#[cfg(test)]
mod tests;
