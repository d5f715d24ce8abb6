//! The files of the directory of records, read: records, files that are broken ones, and files that
//! are none.
//!
//! Whatever lies there is opened without following a link and without waiting: a directory, a FIFO
//! or a text of somebody's among the records keeps no command from the others.

use crate::registry::record::{Broken, LARGEST, Record};
use kernel::descriptor::close_many;
use rustix::fs::{Dir, FileType, Mode, OFlags, RawDir, SeekFrom, open, openat, seek};
use rustix::io::{Errno, read};
use std::ffi::{CStr, OsStr, OsString};
use std::mem::MaybeUninit;
use std::os::fd::{AsFd, BorrowedFd, OwnedFd};
use std::os::unix::ffi::OsStrExt;
use std::path::Path;

/// How many files are open at once while all are read: closed together, they cost one call.
const AT_ONCE: usize = 64;
/// Bytes for the entries that are read at once when some records are read.
const ROOM: usize = 1 << 10;
/// A record while it is being written, under the registry's lock.
pub(crate) const NEW: &str = ".new";

/// What lies in the directory.
#[derive(Debug, Default)]
pub(crate) struct Found {
    /// The records by jid, those of dead prisons too.
    pub(crate) records: Vec<Record>,
    /// The files from which no prison can be found, by jid.
    pub(crate) broken: Vec<(u32, Broken)>,
    /// The names that no record has.
    pub(crate) junk: Vec<OsString>,
}

impl Found {
    fn take(&mut self, name: &CStr, record: Result<Record, Broken>) {
        match (jid(name), record) {
            (Some(jid), Ok(record)) if record.jid == jid => self.records.push(record),
            // Another one's record, as after cp(1): nothing in it is about this jid.
            (Some(jid), Ok(_)) => self.broken.push((jid, Broken::default())),
            (Some(jid), Err(broken)) => self.broken.push((jid, broken)),
            (None, _) => self.junk.push(OsStr::from_bytes(name.to_bytes()).to_owned()),
        }
    }
}

/// Reads everything in the directory `path`. A directory that is missing has no files.
///
/// # Errors
/// The directory cannot be read.
pub(crate) fn all(path: &Path) -> rustix::io::Result<Found> {
    let mut found = Found::default();
    let flags = OFlags::RDONLY | OFlags::DIRECTORY | OFlags::CLOEXEC;
    let directory = match open(path, flags, Mode::empty()) {
        Err(Errno::NOENT) => return Ok(found),
        opened => opened?,
    };
    // One byte more than a record may have shows that a file is too long.
    let mut room = [0; LARGEST + 1];
    // Files stay open until there are this many: to close them all is one call.
    let mut files = Vec::with_capacity(AT_ONCE);
    for entry in Dir::read_from(&directory)? {
        let entry = entry?;
        let name = entry.file_name();
        if matches!(name.to_bytes(), b"." | b"..") || name.to_bytes() == NEW.as_bytes() {
            continue;
        }
        let readable = matches!(entry.file_type(), FileType::RegularFile | FileType::Unknown);
        let opened = if readable { read_record(directory.as_fd(), name, &mut room)? } else { None };
        let Some((file, record)) = opened else {
            found.take(name, Err(Broken::default()));
            continue;
        };
        found.take(name, record);
        files.push(file);
        if files.len() == AT_ONCE {
            close_many(files.drain(..));
        }
    }
    close_many(files.into_iter());
    found.records.sort_by_key(|record| record.jid);
    Ok(found)
}

/// Reads some of the records: those of `count` entries from the offset `from` on. Answers also the
/// offset after them; 0 after the last.
///
/// # Errors
/// The directory cannot be read.
pub(crate) fn some(path: &Path, from: u64, count: usize) -> rustix::io::Result<(Vec<Record>, u64)> {
    let flags = OFlags::RDONLY | OFlags::DIRECTORY | OFlags::CLOEXEC;
    let directory = open(path, flags, Mode::empty())?;
    // An offset of another kernel's may mean nothing: then the first are read.
    let _ = seek(&directory, SeekFrom::Start(from));
    let mut room = [0; LARGEST + 1];
    let mut entries = [MaybeUninit::uninit(); ROOM];
    let mut entries = RawDir::new(&directory, &mut entries);
    let (mut records, mut files) = (Vec::new(), Vec::new());
    let mut next = 0;
    for _ in 0..count {
        let Some(entry) = entries.next() else {
            next = 0;
            break;
        };
        let entry = entry?;
        next = entry.next_entry_cookie();
        let Some(jid) = jid(entry.file_name()) else { continue };
        if let Some((file, record)) = read_record(directory.as_fd(), entry.file_name(), &mut room)?
        {
            records.extend(record.ok().filter(|record| record.jid == jid));
            files.push(file);
        }
    }
    close_many(files.into_iter());
    Ok((records, next))
}

/// Reads the record of this jid, if there is a file of that name.
///
/// # Errors
/// The directory or the file cannot be read.
pub(crate) fn one(path: &Path, jid: u32) -> rustix::io::Result<Option<Result<Record, Broken>>> {
    let mut room = [0; LARGEST + 1];
    let flags = OFlags::PATH | OFlags::DIRECTORY | OFlags::CLOEXEC;
    let read = open(path, flags, Mode::empty()).and_then(|directory| {
        let name = std::ffi::CString::new(jid.to_string()).map_err(|_| Errno::INVAL)?;
        read_record(directory.as_fd(), &name, &mut room)
    });
    match read {
        Err(Errno::NOENT) => Ok(None),
        Ok(None) => Ok(Some(Err(Broken::default()))),
        Ok(Some((_, Ok(record)))) if record.jid != jid => Ok(Some(Err(Broken::default()))),
        read => Ok(read?.map(|(_, record)| record)),
    }
}

/// The jid whose record has this name.
fn jid(name: &CStr) -> Option<u32> {
    let jid: u32 = name.to_str().ok()?.parse().ok()?;
    // Not `+1` and not `01`, which parse too.
    (jid > 0 && jid.to_string().as_bytes() == name.to_bytes()).then_some(jid)
}

/// Reads a file by one read(2), and answers with the open file too. `None`: this is no file with a
/// text.
fn read_record(
    directory: BorrowedFd<'_>,
    name: &CStr,
    room: &mut [u8],
) -> rustix::io::Result<Option<(OwnedFd, Result<Record, Broken>)>> {
    // Without O_NONBLOCK, a FIFO would be waited for.
    let flags = OFlags::RDONLY | OFlags::NOFOLLOW | OFlags::NONBLOCK | OFlags::CLOEXEC;
    let file = match openat(directory, name, flags, Mode::empty()) {
        // A symbolic link, a socket.
        Err(Errno::LOOP | Errno::NXIO) => return Ok(None),
        opened => opened?,
    };
    match read(&file, &mut *room) {
        // A directory, a FIFO.
        Err(Errno::ISDIR | Errno::AGAIN) => Ok(None),
        length => {
            let length = length?;
            let record = Record::parse(&room[..length]);
            Ok(Some((file, if length > LARGEST { Err(Broken::default()) } else { record })))
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn names_of_records() {
        for (name, want) in [
            (c"1", Some(1)),
            (c"999999", Some(999_999)),
            (c"0", None),
            (c"01", None),
            (c"+1", None),
            (c"1.bak", None),
            (c"", None),
        ] {
            assert_eq!(jid(name), want, "{name:?}");
        }
    }
}
