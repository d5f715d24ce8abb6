//! How many jails a jail that runs may have inside: sys/kern/kern_jail.c, `children.max`.
//!
//! The jids for them are set aside before the number rises, and stay so when it falls: jails that
//! are inside keep theirs. What falls for a jail falls for those inside, which only fewer can be
//! in.

use crate::error::Error;
use crate::registry::limits::{DIRECTORY, FILE, Limits};
use crate::registry::record::Record;
use crate::registry::reservation::{check_below, with_room};
use crate::registry::{Registry, is_same};
use crate::told::run_directory;
use rustix::fs::{AtFlags, Gid, Mode, OFlags, Uid, fchown, openat, renameat, unlinkat};
use rustix::io::{Errno, write};
use std::path::Path;

impl Registry {
    /// Sets jids aside for up to `max` jails inside the prison of `record`, and writes that down.
    ///
    /// # Errors
    /// [`Error::FixedChildren`]; [`Error::NotBelow`]; [`Error::NoJids`]; [`Error::Died`];
    /// [`Error::Registry`].
    pub(crate) fn make_room(&self, record: &mut Record, max: u32) -> Result<(), Error> {
        if !record.children.has_room() {
            return if max == 0 { Ok(()) } else { Err(Error::FixedChildren) };
        }
        let within = self.limits()?;
        let lock = self.lock_to_write()?;
        let (mut records, held) = self.sweep(&lock)?;
        self.add_those_inside(&mut records);
        let outer = records.iter().find(|other| other.jid == record.parent);
        if let Some(outer) = outer.map(|outer| outer.children).or(within) {
            check_below(max, outer)?;
        }
        let beside = (&records[..], &held[..]);
        let found = with_room(record, max, beside, lock.last_jid(), within);
        let Limits { first, room, .. } = found.ok_or(Error::NoJids)?;
        let children = Limits { max: record.children.max, first, room };
        if children == record.children {
            return Ok(());
        }
        let current = self.read(record.jid)?.filter(|current| is_same(current, record));
        let current = current.ok_or(Error::Died)?;
        self.store(&lock, &Record { children, ..current })?;
        record.children = children;
        Ok(())
    }

    /// Tells the prison of `outer` how many jails may be inside, and lets those inside have fewer
    /// than that.
    ///
    /// # Errors
    /// [`Error::Registry`]; those of [`tell`].
    pub(crate) fn limit_inside(&self, outer: &Record) -> Result<(), Error> {
        tell(outer)?;
        let lock = self.lock_to_write()?;
        for inner in self.look()?.records.into_iter().filter(|inner| inner.is_within(outer)) {
            let level = inner.name.matches('.').count() - outer.name.matches('.').count();
            let most = outer.children.max.saturating_sub(level as u32);
            if inner.children.max <= most {
                continue;
            }
            let children = Limits { max: most, ..inner.children };
            let lowered = Record { children, ..inner };
            self.store(&lock, &lowered)?;
            // Whose root is in the way believes the old number, and has no more jids for that.
            let _ = tell(&lowered);
        }
        Ok(())
    }
}

/// Writes the limits of a prison where its own kletka reads them.
///
/// # Errors
/// [`Error::Died`]; [`Error::Mount`]: the jail's root has put something in the way.
fn tell(record: &Record) -> Result<(), Error> {
    // One that is being made gets them from its maker.
    let Some(init) = record.init else { return Ok(()) };
    let Some(run) = run_directory(init)? else { return Ok(()) };
    let failed = |error: Errno| Error::Mount(Path::new(DIRECTORY).join(FILE), error.into());
    let name = DIRECTORY.trim_start_matches("/run/");
    // The jail's root owns it, and may have put a link there.
    let flags = OFlags::RDONLY | OFlags::DIRECTORY | OFlags::NOFOLLOW | OFlags::CLOEXEC;
    let directory = openat(&run, name, flags, Mode::empty()).map_err(failed)?;
    let new = format!("{FILE}.new");
    match unlinkat(&directory, &new, AtFlags::empty()) {
        Ok(()) | Err(Errno::NOENT) => {}
        Err(error) => return Err(failed(error)),
    }
    let flags = OFlags::CREATE | OFlags::EXCL | OFlags::WRONLY | OFlags::CLOEXEC;
    let file = openat(&directory, &new, flags, Mode::RUSR).map_err(failed)?;
    let (uid, gid) = (Uid::from_raw(record.ids.first), Gid::from_raw(record.ids.first));
    fchown(&file, Some(uid), Some(gid)).map_err(failed)?;
    write(&file, record.children.text().as_bytes()).map_err(failed)?;
    renameat(&directory, &new, &directory, FILE).map_err(failed)
}
