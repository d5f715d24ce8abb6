//! Files of the jail's root and of its /proc that the jail sees with other contents than they have:
//! its /etc/machine-id, for one.
//!
//! Nothing is written to the root. Each text is a file of a small tmpfs of the jail's own, and a
//! mount that covers the file which the root has.

use crate::control::{Report, Stage};
use crate::files::root;
use crate::files::tree::file_system;
use crate::spec::Text;
use kernel::mount;
use rustix::fs::{CWD, FileType, Mode, OFlags, fchmod, fstat, openat};
use rustix::io::Errno;
use rustix::mount::{MoveMountFlags, OpenTreeFlags, move_mount, open_tree};
use std::fs::File;
use std::io::{self, Write};
use std::os::fd::{AsFd, BorrowedFd, OwnedFd};
use std::path::Path;

const ATTRIBUTES: u64 = libc::MOUNT_ATTR_RDONLY
    | libc::MOUNT_ATTR_NOSUID
    | libc::MOUNT_ATTR_NODEV
    | libc::MOUNT_ATTR_NOEXEC;

/// Texts that are ready to be attached, each for its place.
pub(crate) struct Texts<'t>(Vec<(&'t Path, OwnedFd)>);

impl<'t> Texts<'t> {
    /// Makes the files. The caller is init, whose mount namespace is private, and still has the
    /// host's root.
    pub(crate) fn make(texts: &'t [Text]) -> Result<Self, Report> {
        if texts.is_empty() {
            return Ok(Self(Vec::new()));
        }
        let failed = |error| Stage::FileSystem.failed(Path::new("tmpfs"), error);
        let mounts = files(texts).map_err(failed)?;
        let targets = texts.iter().map(|text| text.target.as_path());
        Ok(Self(targets.zip(mounts).collect()))
    }

    /// Covers the files of `root` that are there. No link is followed.
    pub(crate) fn attach(&self, root: BorrowedFd<'_>) -> Result<(), Report> {
        self.0.iter().try_for_each(|(target, text)| {
            let failed = |error: Errno| Stage::Mount.failed(target, error);
            let place = match root::place(root, target) {
                Ok(place) if is_file(place.as_fd()).map_err(failed)? => place,
                _ => return Ok(()),
            };
            root::put(text.as_fd(), place.as_fd()).map_err(failed)
        })
    }
}

fn is_file(place: BorrowedFd<'_>) -> rustix::io::Result<bool> {
    Ok(FileType::from_raw_mode(fstat(place)?.st_mode) == FileType::RegularFile)
}

/// Makes a file for each text, and a mount of each file.
fn files(texts: &[Text]) -> io::Result<Vec<OwnedFd>> {
    // A page for each file, and an inode for each and for the directory.
    let inodes = (texts.len() + 1).to_string();
    let size = format!("{}k", 4 * texts.len());
    let settings = [("mode", "555"), ("size", size.as_str()), ("nr_inodes", inodes.as_str())];
    let tmpfs = file_system("tmpfs", &settings, 0)?;
    for (number, text) in texts.iter().enumerate() {
        let flags = OFlags::CREATE | OFlags::EXCL | OFlags::WRONLY | OFlags::CLOEXEC;
        let file = openat(&tmpfs, number.to_string(), flags, Mode::empty())?;
        // openat(2)'s mode would be cut by the umask.
        fchmod(&file, Mode::from_raw_mode(0o444))?;
        File::from(file).write_all(&text.contents)?;
    }
    mount::set_attributes(tmpfs.as_fd(), ATTRIBUTES, None)?;
    // Linux before 6.15 clones attached mounts only. The host's /proc is not needed any more: it
    // leaves this mount namespace with the host's root, and this mount with both.
    move_mount(&tmpfs, "", CWD, "/proc", MoveMountFlags::MOVE_MOUNT_F_EMPTY_PATH)?;
    let clone = OpenTreeFlags::OPEN_TREE_CLONE | OpenTreeFlags::OPEN_TREE_CLOEXEC;
    let each = (0..texts.len()).map(|number| open_tree(&tmpfs, number.to_string(), clone));
    Ok(each.collect::<Result<_, _>>()?)
}
