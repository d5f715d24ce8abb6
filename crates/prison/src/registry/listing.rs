//! What ordinary users of the host know of its prisons: a file for each in a directory that
//! everybody can read. FreeBSD's jls(8) needs no privilege either.
//!
//! The files are records without what only commands that change prisons need: jls(8) prints all
//! that is in them, but for what tells whether the prison lives. The registry itself stays root's.

use crate::error::Error;
use crate::registry::create_new;
use crate::registry::directory::NEW;
use crate::registry::record::Record;
use rustix::fs::{Mode, chmod};
use std::fs;
use std::io::{self, Write};
use std::os::unix::fs::PermissionsExt;
use std::path::{Path, PathBuf};

/// The directory, beside the registry: below that one, everybody would have to pass it.
pub(super) const DIRECTORY: &str = "/run/kletka.list";

/// Lets everybody read about the prison of `record`. The caller holds the registry's lock.
///
/// # Errors
/// [`Error::Registry`] names the file that could not be written.
pub(super) fn publish(record: &Record) -> Result<(), Error> {
    let (path, new) = (file(record.jid), Path::new(DIRECTORY).join(NEW));
    let written = make_directory().and_then(|()| write(&new, &public(record).to_bytes()));
    written.and_then(|()| fs::rename(&new, &path)).map_err(|error| {
        let _ = fs::remove_file(&new);
        Error::Registry(path, error)
    })
}

/// Takes back what [`publish`] has written.
pub(super) fn withdraw(record: &Record) {
    // Should the file stay, its prison is found to be dead.
    let _ = fs::remove_file(file(record.jid));
}

/// What of a record everybody may know.
fn public(record: &Record) -> Record {
    Record {
        jid: record.jid,
        name: record.name.clone(),
        parent: record.parent,
        children: record.children,
        path: record.path.clone(),
        parameters: record.parameters.clone(),
        init: record.init,
        boot: record.boot.clone(),
        pid_namespace: record.pid_namespace,
        ..Record::empty()
    }
}

fn file(jid: u32) -> PathBuf {
    Path::new(DIRECTORY).join(jid.to_string())
}

/// Makes the directory, if it is missing.
pub(super) fn make_directory() -> io::Result<()> {
    match fs::create_dir(DIRECTORY) {
        Ok(()) => {}
        Err(error) if error.kind() == io::ErrorKind::AlreadyExists => return Ok(()),
        Err(error) => return Err(error),
    }
    // Whatever the umask of the command that comes first.
    Ok(chmod(DIRECTORY, Mode::from_raw_mode(0o755))?)
}

fn write(path: &Path, bytes: &[u8]) -> io::Result<()> {
    let mut file = create_new(path)?;
    file.write_all(bytes)?;
    file.set_permissions(fs::Permissions::from_mode(0o644))
}
