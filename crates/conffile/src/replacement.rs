//! Puts a new file in the place of an old one: readers find the old text or the new one, and a
//! crash leaves one of the two.

use rustix::fs::{
    AtFlags, Dir, FileType, FlockOperation, Gid, Mode, OFlags, Uid, XattrFlags, fchmod, fchown,
    flock, fsetxattr, fstat, fsync, getxattr, listxattr, openat, renameat, unlinkat,
};
use rustix::io::Errno;
use std::ffi::{CStr, OsString};
use std::fs::File;
use std::io::{self, Write};
use std::os::fd::{AsRawFd, OwnedFd};
use std::os::unix::ffi::{OsStrExt, OsStringExt};
use std::path::{Path, PathBuf};

/// Puts `text` in the place of the file `name` of `folder`. The new file has the old one's owner,
/// mode, access list and other extended attributes, except digests of the old text and attributes
/// that this process may not set. A new file has mode 644. A symbolic link is replaced, not
/// followed.
///
/// # Errors
/// The file cannot be written, or cannot get the old one's properties. Then the old file is
/// unchanged, and no other file is left.
pub(crate) fn replace(folder: &OwnedFd, name: &Path, text: &[u8]) -> io::Result<()> {
    let old = Old::find(folder, name)?;
    sweep(folder, name);
    let (new, file) = create(folder, name)?;
    let done =
        fill(&file, old.as_ref(), text).and_then(|()| Ok(renameat(folder, &new, folder, name)?));
    if done.is_err() {
        // The first failure is the one to report.
        let _ = unlinkat(folder, &new, AtFlags::empty());
    }
    done.and_then(|()| {
        // The renaming itself is in the directory, which has to reach the disk too.
        let flags = OFlags::RDONLY | OFlags::DIRECTORY | OFlags::CLOEXEC;
        Ok(fsync(openat(folder, ".", flags, Mode::empty())?)?)
    })
}

/// How the names of new files begin until they replace the file `name`. A number follows.
fn prefix(name: &Path) -> Vec<u8> {
    [b".", name.as_os_str().as_bytes(), b"."].concat()
}

/// Creates the new file under a name of its own, in the same directory, because rename(2) does not
/// leave its file system. The file is locked as long as it is open.
fn create(folder: &OwnedFd, name: &Path) -> io::Result<(OsString, File)> {
    let flags = OFlags::CREATE | OFlags::EXCL | OFlags::RDWR | OFlags::NOFOLLOW | OFlags::CLOEXEC;
    let mut number = std::process::id();
    loop {
        let new = [&prefix(name)[..], number.to_string().as_bytes()].concat();
        let new = OsString::from_vec(new);
        // Nobody else reads the text before the file has its own mode.
        match openat(folder, &new, flags, Mode::RUSR | Mode::WUSR) {
            Ok(file) => {
                // Where files cannot be locked, a run beside this one takes the file for one that
                // was left, and this one then fails.
                let _ = flock(&file, FlockOperation::NonBlockingLockExclusive);
                return Ok((new, file.into()));
            }
            // A process of this number in another pid namespace is changing the same file.
            Err(Errno::EXIST) => number = number.wrapping_add(1),
            Err(error) => return Err(error.into()),
        }
    }
}

/// The most files of a directory that are looked at: one that is a jail's may have any number.
const LOOKED_AT: usize = 1 << 12;

/// Removes the new files that runs have left which were killed before the renaming. A failure is
/// ignored: the change itself does not need this.
fn sweep(folder: &OwnedFd, name: &Path) {
    let flags = OFlags::RDONLY | OFlags::DIRECTORY | OFlags::CLOEXEC;
    let Ok(entries) = openat(folder, ".", flags, Mode::empty()).and_then(Dir::new) else { return };
    let prefix = prefix(name);
    for entry in entries.take(LOOKED_AT).map_while(Result::ok) {
        let number = entry.file_name().to_bytes().strip_prefix(&prefix[..]);
        let is_new = number.is_some_and(|it| !it.is_empty() && it.iter().all(u8::is_ascii_digit));
        if is_new && was_left(folder, entry.file_name()) {
            let _ = unlinkat(folder, entry.file_name(), AtFlags::empty());
        }
    }
}

/// New files in a directory that runs have left which were killed before the renaming, with the
/// name of the file that each was to replace. Nothing is removed.
pub fn left(directory: &Path) -> Vec<(PathBuf, OsString)> {
    let flags = OFlags::RDONLY | OFlags::DIRECTORY | OFlags::CLOEXEC;
    let Ok(folder) = rustix::fs::open(directory, flags, Mode::empty()) else { return Vec::new() };
    let Ok(entries) = Dir::read_from(&folder) else { return Vec::new() };
    let mut found = Vec::new();
    for entry in entries.take(LOOKED_AT).map_while(Result::ok) {
        let name = entry.file_name().to_bytes();
        let Some(at) = name.iter().rposition(|&byte| byte == b'.') else { continue };
        let (Some(old), number) = (name[..at].strip_prefix(b"."), &name[at + 1..]) else {
            continue;
        };
        let is_new = !old.is_empty() && !number.is_empty() && number.iter().all(u8::is_ascii_digit);
        if is_new && was_left(&folder, entry.file_name()) {
            let path = directory.join(OsString::from_vec(name.to_vec()));
            found.push((path, OsString::from_vec(old.to_vec())));
        }
    }
    found.sort();
    found
}

/// Whether the process that made this new file is gone: then nobody holds its lock.
fn was_left(folder: &OwnedFd, new: &CStr) -> bool {
    // Never waits, whatever a jail has put there.
    let flags = OFlags::RDWR | OFlags::NOFOLLOW | OFlags::NONBLOCK | OFlags::NOCTTY;
    let Ok(file) = openat(folder, new, flags | OFlags::CLOEXEC, Mode::empty()) else {
        return false;
    };
    let is_file = fstat(&file)
        .is_ok_and(|stat| FileType::from_raw_mode(stat.st_mode) == FileType::RegularFile);
    is_file && flock(&file, FlockOperation::NonBlockingLockExclusive).is_ok()
}

/// The properties of the old file that the new one gets.
struct Old {
    owner: (u32, u32),
    mode: Mode,
    /// Extended attributes: name and value. An access list is one of them.
    attributes: Vec<(Vec<u8>, Vec<u8>)>,
}

impl Old {
    fn find(folder: &OwnedFd, name: &Path) -> io::Result<Option<Self>> {
        // `PATH`, because opening a device or a pipe may do something.
        let flags = OFlags::PATH | OFlags::NOFOLLOW | OFlags::CLOEXEC;
        let file = match openat(folder, name, flags, Mode::empty()) {
            Ok(file) => file,
            Err(Errno::NOENT) => return Ok(None),
            Err(error) => return Err(error.into()),
        };
        let stat = fstat(&file)?;
        if FileType::from_raw_mode(stat.st_mode) != FileType::RegularFile {
            return Ok(None);
        }
        Ok(Some(Self {
            owner: (stat.st_uid, stat.st_gid),
            mode: Mode::from_raw_mode(stat.st_mode & 0o7777),
            attributes: attributes(&file)?,
        }))
    }
}

/// The extended attributes of a file that was opened as a path.
fn attributes(file: &OwnedFd) -> io::Result<Vec<(Vec<u8>, Vec<u8>)>> {
    // fgetxattr(2) refuses a descriptor of a path, so the name in /proc is used.
    let path = PathBuf::from(format!("/proc/self/fd/{}", file.as_raw_fd()));
    // xattr(7): no list and no value is longer.
    let mut room = vec![0; 64 << 10];
    let length = match listxattr(&path, &mut room[..]) {
        Ok(length) => length,
        Err(Errno::OPNOTSUPP) => 0,
        Err(error) => return Err(error.into()),
    };
    let names = room[..length].split(|&byte| byte == 0).filter(|name| !name.is_empty());
    let names: Vec<Vec<u8>> = names.map(<[u8]>::to_vec).collect();
    let mut value = |name: Vec<u8>| match getxattr(&path, &name[..], &mut room[..]) {
        Ok(length) => Ok(Some((name, room[..length].to_vec()))),
        Err(error) if may_be_missing(&name, error) => Ok(None),
        Err(error) => Err(error.into()),
    };
    let names = names.into_iter().filter(|name| !DIGESTS.contains(&&name[..]));
    names.filter_map(|name| value(name).transpose()).collect()
}

/// Digests of a file's text by integrity measurement: for another text they would be wrong.
const DIGESTS: [&[u8]; 2] = [b"security.ima", b"security.evm"];

/// Whether a file may lose this attribute if it cannot be set. That is so for those of security
/// modules and of the host's programs with privileges, which nobody in a jail can set. It is not so
/// for access lists and for what users note.
fn may_be_missing(name: &[u8], error: Errno) -> bool {
    (name.starts_with(b"security.") || name.starts_with(b"trusted."))
        && matches!(error, Errno::PERM | Errno::OPNOTSUPP)
}

/// Gives the new file the old one's properties, and writes its text.
fn fill(mut file: &File, old: Option<&Old>, text: &[u8]) -> io::Result<()> {
    let now = fstat(file)?;
    // Only root can give a file away; for others the owner is right already, or this fails.
    let owner = old.map(|old| old.owner).filter(|&owner| owner != (now.st_uid, now.st_gid));
    if let Some((uid, gid)) = owner {
        fchown(file, Some(Uid::from_raw(uid)), Some(Gid::from_raw(gid)))?;
    }
    // After the owner, because a change of the owner clears set-user-ID.
    fchmod(file, old.map_or(Mode::from_raw_mode(0o644), |old| old.mode))?;
    for (name, value) in old.iter().flat_map(|old| &old.attributes) {
        match fsetxattr(file, &name[..], value, XattrFlags::empty()) {
            Err(error) if !may_be_missing(name, error) => return Err(error.into()),
            _ => {}
        }
    }
    file.write_all(text)?;
    // Before the renaming: else a crash could leave the name with an empty file.
    file.sync_all()
}
