//! unionfs(4) by Linux's overlay: a directory of the host over what lies at the mount point, or
//! with `below` under it; mount_unionfs(8).
//!
//! What the jail writes is kept in the upper layer, with the owner that it has in the jail. For
//! that the kernel needs a working directory on the same mount as the upper layer: a hidden one,
//! `.NAME.kletka-work`, is made beside that layer, and removed when the prison is gone. For a
//! read-only union nothing is made.

use crate::confine::ids::Ids;
use crate::error::{Error, UnionFault};
use crate::files::mountinfo;
use crate::files::overlay::{self, Layers};
use crate::files::own_mounts::OwnMounts;
use crate::files::source::Sources;
use crate::files::tree::attributes;
use crate::spec::MountOptions;
use kernel::proc::by_descriptor;
use rustix::fs::{AtFlags, CWD, Mode, OFlags, ResolveFlags, StatxFlags, openat2, statx};
use rustix::io::Errno;
use std::ffi::OsString;
use std::fs;
use std::io;
use std::os::fd::{BorrowedFd, OwnedFd};
use std::path::{Path, PathBuf};

/// The layer that takes what is written: the directory `inside` of `anchor`, on the mount of
/// `anchor`.
#[derive(Debug)]
pub(crate) struct Upper {
    anchor: PathBuf,
    inside: PathBuf,
    /// The directory beside `anchor` for the kernel's use.
    pub(crate) work: PathBuf,
}

impl Upper {
    /// Finds the layer at `inside` of the host's directory `anchor`, and a name for its working
    /// directory.
    ///
    /// # Errors
    /// [`UnionFault::NoPlaceForWork`]: `anchor` is the root of its mount, and nothing is beside a
    /// root.
    pub(crate) fn new(anchor: &Path, inside: &Path, sources: &Sources<'_>) -> Result<Self, Error> {
        let failed = |error| Error::Mount(anchor.into(), error);
        let opened = sources.open(anchor)?;
        let anchor = fs::read_link(by_descriptor(&opened)).map_err(failed)?;
        let no_place = || Error::Union(anchor.clone(), UnionFault::NoPlaceForWork);
        let (parent, name) = anchor.parent().zip(anchor.file_name()).ok_or_else(no_place)?;
        let mount = |path: &Path| {
            let found = statx(CWD, path, AtFlags::empty(), StatxFlags::MNT_ID);
            found.map(|found| found.stx_mnt_id).map_err(|error| failed(error.into()))
        };
        // Compared by mount, not by device: the kernel wants both directories on one mount.
        if mount(parent)? != mount(&anchor)? {
            return Err(no_place());
        }
        let mut work = OsString::from(".");
        work.push(name);
        // Two unions below one directory have names of their own.
        for part in inside {
            work.push(".");
            work.push(part);
        }
        work.push(".kletka-work");
        let work = parent.join(work);
        Ok(Self { inside: inside.into(), work, anchor })
    }

    /// The error for a layer that the kernel does not take as an upper one.
    pub(crate) fn unable(&self) -> Error {
        let path: PathBuf = self.anchor.components().chain(self.inside.components()).collect();
        let file_system = mountinfo::file_system_of(&path).unwrap_or_else(|| "it".into());
        Error::Union(path, UnionFault::NotUpper(file_system))
    }

    /// Opens both directories, on one mount with the ids of `users`: one clone of their parent, as
    /// two clones would be two mounts.
    fn open(&self, mounts: &OwnMounts, users: Option<BorrowedFd<'_>>) -> io::Result<Open> {
        let no_parent = || io::Error::from(Errno::INVAL);
        let (parent, name) =
            self.anchor.parent().zip(self.anchor.file_name()).ok_or_else(no_parent)?;
        let flags = OFlags::PATH | OFlags::DIRECTORY | OFlags::CLOEXEC;
        // The name had no link when it was read.
        let parent = openat2(CWD, parent, flags, Mode::empty(), ResolveFlags::NO_SYMLINKS)?;
        let holder = overlay::attached_layer(mounts, parent, users)?;
        // A jail that ran here before may have put links below; another mount would be another file
        // system.
        let resolve = ResolveFlags::IN_ROOT | ResolveFlags::NO_SYMLINKS | ResolveFlags::NO_XDEV;
        let upper = Path::new(name).join(&self.inside);
        let work = self.work.file_name().ok_or_else(no_parent)?;
        let open = |path: &Path| openat2(&holder, path, flags, Mode::empty(), resolve);
        let (upper, work) = (open(&upper)?, open(Path::new(work))?);
        Ok(Open { _holder: holder, upper, work })
    }
}

/// An upper layer and its working directory, in a mount that lives as long as this value.
struct Open {
    _holder: OwnedFd,
    upper: OwnedFd,
    work: OwnedFd,
}

/// Makes a detached union of `directory` and `lies`, the directory at the mount point, both with
/// the jail's ids; `lies` is attached in `mounts`. With an `upper` layer, which is one of the two,
/// the union can be written to.
pub(crate) fn mount(
    (mounts, sources): (&OwnMounts, &Sources<'_>),
    (directory, lies): (&Path, &OwnedFd),
    below: bool,
    upper: Option<&Upper>,
    options: MountOptions,
    (ids, users): (Ids, Option<BorrowedFd<'_>>),
) -> Result<OwnedFd, Error> {
    let failed = |error: io::Error| match (upper, error.raw_os_error()) {
        // The kernel's answer for a file system that lacks what an upper layer needs, and no more.
        (Some(upper), Some(libc::EINVAL | libc::EROFS)) => upper.unable(),
        _ => Error::Mount(directory.into(), error),
    };
    let opened = sources.open(directory)?;
    let clone = overlay::attached_layer(mounts, opened, users).map_err(|error| {
        let is_lower = below || upper.is_none();
        if is_lower && users.is_some() && error.raw_os_error() == Some(libc::EINVAL) {
            let file_system = mountinfo::file_system_of(directory).unwrap_or_else(|| "it".into());
            Error::CannotIdmap { path: directory.into(), file_system }
        } else {
            failed(error)
        }
    })?;
    let (over, under) = if below { (lies, &clone) } else { (&clone, lies) };
    let opened = upper.map(|upper| upper.open(mounts, users)).transpose().map_err(failed)?;
    let (lower, writes) = match &opened {
        Some(Open { upper, work, .. }) => {
            (vec![by_descriptor(under)], Some((by_descriptor(upper), by_descriptor(work))))
        }
        None => (vec![by_descriptor(over), by_descriptor(under)], None),
    };
    let made = Layers::of_ready(lower, writes).mount_ready(ids, attributes(options));
    made.map_err(failed)
}
