//! What a jail is told by its administrator: jail(8), `env`, as a file in the jail's /run.
//!
//! The jail's root owns /run, and may take the file away or put anything in its place: it is
//! written without following what stands there, and never read from outside.

use crate::error::{Calling, Error};
use crate::prison::Prison;
use crate::registry::process_id::ProcessId;
use rustix::fs::{
    AtFlags, Mode, OFlags, ResolveFlags, fchmod, fstatfs, openat, openat2, renameat, unlinkat,
};
use rustix::io::Errno;
use std::fs::File;
use std::io::Write;
use std::os::fd::OwnedFd;

/// The file, as the jail sees it.
pub const ENV_FILE: &str = "/run/kletka.env";

/// Its name in /run.
const NAME: &str = "kletka.env";
/// The same while it is being written.
const NEW: &str = "kletka.env.new";

/// The type that statfs(2) gives for tmpfs.
const TMPFS_MAGIC: i64 = 0x0102_1994;

impl Prison {
    /// Shows `text` to the jail as [`ENV_FILE`]; an empty one is no file. A jail whose /run is not
    /// in memory, because its root has none or because kletka is not installed, is left without.
    ///
    /// # Errors
    /// [`Error::Died`]; or what the jail's root has made of its /run keeps the
    /// file from being written.
    pub fn show_env(&self, text: &[u8]) -> Result<(), Error> {
        let Some(run) = self.run_directory()? else { return Ok(()) };
        let failed = |error: Errno| Error::Mount(ENV_FILE.into(), error.into());
        // What a command that was killed has left, or else the file itself.
        let old = if text.is_empty() { NAME } else { NEW };
        match unlinkat(&run, old, AtFlags::empty()) {
            Ok(()) | Err(Errno::NOENT) => {}
            Err(error) => return Err(failed(error)),
        }
        if text.is_empty() {
            return Ok(());
        }
        let flags = OFlags::CREATE | OFlags::EXCL | OFlags::WRONLY | OFlags::CLOEXEC;
        let file = openat(&run, NEW, flags, Mode::empty()).map_err(failed)?;
        // Whatever the umask is.
        fchmod(&file, Mode::from_raw_mode(0o444)).map_err(failed)?;
        let written = File::from(file).write_all(text);
        written.map_err(|error| Error::Mount(ENV_FILE.into(), error))?;
        renameat(&run, NEW, &run, NAME).map_err(failed)
    }

    /// The jail's /run, if it is in memory: what is written to any other stays on disk.
    fn run_directory(&self) -> Result<Option<OwnedFd>, Error> {
        let root = self.record().init.and_then(ProcessId::root).ok_or(Error::Died)?;
        let flags = OFlags::RDONLY | OFlags::DIRECTORY | OFlags::CLOEXEC;
        let resolve = ResolveFlags::IN_ROOT | ResolveFlags::NO_SYMLINKS;
        let Ok(run) = openat2(root, "run", flags, Mode::empty(), resolve) else { return Ok(None) };
        let in_memory = fstatfs(&run).calling("fstatfs")?.f_type == TMPFS_MAGIC;
        Ok(in_memory.then_some(run))
    }
}
