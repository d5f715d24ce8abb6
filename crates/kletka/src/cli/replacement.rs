//! A new file in the place of an old one: readers find the old text or the new one, and a crash leaves one of them.

use rustix::fs::{
    AtFlags, Gid, Mode, OFlags, Uid, fchmod, fchown, fstat, openat, renameat, unlinkat,
};
use rustix::io::Errno;
use std::fs::File;
use std::io::{self, Write};
use std::os::fd::{AsFd, OwnedFd};
use std::path::Path;

/// Puts `text` in the place of the file `name` of `folder`, with this mode, and with this owner and group if there are any
/// to keep. A link that stands there is replaced, not followed.
///
/// # Errors
/// It cannot be written; then the old file is as it was, and nothing is beside it.
pub(super) fn replace(
    folder: &OwnedFd,
    name: &Path,
    owner: Option<(u32, u32)>,
    mode: Mode,
    text: &[u8],
) -> io::Result<()> {
    let new = format!(".{}.{}", name.to_string_lossy(), std::process::id());
    let flags = OFlags::CREATE | OFlags::EXCL | OFlags::WRONLY | OFlags::NOFOLLOW | OFlags::CLOEXEC;
    let create = || openat(folder, &new, flags, Mode::RUSR | Mode::WUSR);
    let file = create().or_else(|error| match error {
        // A run that was killed has left it; in a jail process numbers come again soon.
        Errno::EXIST => unlinkat(folder, &new, AtFlags::empty()).and_then(|()| create()),
        error => Err(error),
    })?;
    let done = fill(File::from(file), owner, mode, text)
        .and_then(|()| Ok(renameat(folder, &new, folder, name)?));
    if done.is_err() {
        // The first failure is the one to tell.
        let _ = unlinkat(folder, &new, AtFlags::empty());
    }
    done
}

/// Gives the new file its owner, its mode and its text.
fn fill(mut file: File, owner: Option<(u32, u32)>, mode: Mode, text: &[u8]) -> io::Result<()> {
    let now = fstat(file.as_fd())?;
    // Only root may give a file away; for others it is theirs already, or this fails.
    if let Some((uid, gid)) = owner.filter(|&owner| owner != (now.st_uid, now.st_gid)) {
        fchown(&file, Some(Uid::from_raw(uid)), Some(Gid::from_raw(gid)))?;
    }
    fchmod(&file, mode)?;
    file.write_all(text)?;
    file.sync_all()
}
