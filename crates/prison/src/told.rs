//! What the host tells a jail of its parameters, as files in the jail's /run: jail(8), `env`,
//! `securelevel`, `osreldate`, `host.hostuuid` and `host.hostid`.
//!
//! The jail's root owns /run, and may remove a file or put anything in its place: a file is written
//! without following what lies there, and is never read from outside. What is told protects
//! nothing; sysctl(8) in the jail shows it.

use crate::error::{Calling, Error};
use crate::registry::process_id::ProcessId;
use rustix::fs::{AtFlags, Mode, OFlags, fchmod, fstatfs, openat, renameat, unlinkat};
use rustix::io::Errno;
use std::fs::File;
use std::io::Write;
use std::os::fd::OwnedFd;

/// Something that a jail is told.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Told {
    /// The text of `env`.
    Env,
    /// The number of `securelevel`.
    Securelevel,
    /// The number of `osreldate`.
    Osreldate,
    /// The text of `host.hostuuid`.
    HostUuid,
    /// The number of `host.hostid`.
    HostId,
}

/// The type that statfs(2) gives for tmpfs.
const TMPFS_MAGIC: i64 = 0x0102_1994;

impl Told {
    /// The file, as the jail sees it. Where there is none, the parameter has its default.
    #[must_use]
    pub const fn file(self) -> &'static str {
        match self {
            Self::Env => "/run/kletka.env",
            Self::Securelevel => "/run/kletka.securelevel",
            Self::Osreldate => "/run/kletka.osreldate",
            Self::HostUuid => "/run/kletka.hostuuid",
            Self::HostId => "/run/kletka.hostid",
        }
    }

    /// Shows `text` to the jail of `init`; an empty text removes the file. A jail whose /run is not
    /// in memory, because its root has no /run or because kletka is not installed, gets no file.
    /// When this fails, the jail reads what it has read before.
    ///
    /// # Errors
    /// [`Error::Died`]; [`Error::Mount`]: something that the jail's root has put into /run is in
    /// the way.
    pub(crate) fn show(self, init: ProcessId, text: &[u8]) -> Result<(), Error> {
        let Some(run) = run_directory(init)? else { return Ok(()) };
        let failed = |error: Errno| Error::Mount(self.file().into(), error.into());
        let name = self.file().trim_start_matches("/run/");
        let new = format!("{name}.new");
        // Removes what a killed command has left under the new name, or with an empty text the file
        // itself.
        let old = if text.is_empty() { name } else { new.as_str() };
        match unlinkat(&run, old, AtFlags::empty()) {
            Ok(()) | Err(Errno::NOENT) => {}
            Err(error) => return Err(failed(error)),
        }
        if text.is_empty() {
            return Ok(());
        }
        // O_EXCL opens nothing that the jail has put there, and follows no link.
        let flags = OFlags::CREATE | OFlags::EXCL | OFlags::WRONLY | OFlags::CLOEXEC;
        let file = openat(&run, &new, flags, Mode::empty()).map_err(failed)?;
        // openat(2)'s mode would be cut by the umask.
        fchmod(&file, Mode::from_raw_mode(0o444)).map_err(failed)?;
        let written = File::from(file).write_all(text);
        written.map_err(|error| Error::Mount(self.file().into(), error))?;
        // The jail reads the old text or the new one, never half of it.
        renameat(&run, &new, &run, name).map_err(failed)
    }
}

/// Opens the jail's /run, if it is in memory: what is written to any other stays on disk.
pub(crate) fn run_directory(init: ProcessId) -> Result<Option<OwnedFd>, Error> {
    let run = match init.open_directory("run") {
        Ok(run) => run,
        Err(Errno::SRCH) => return Err(Error::Died),
        Err(_) => return Ok(None),
    };
    let in_memory = fstatfs(&run).calling("fstatfs")?.f_type == TMPFS_MAGIC;
    Ok(in_memory.then_some(run))
}
