//! unionfs(4) by Linux's overlay: a directory of the host over what lies at the mount point, or with `below` under it;
//! mount_unionfs(8).
//!
//! What is written goes to the upper layer, with the owner that it has in the jail. For that the kernel needs a working
//! directory on the same mount as the upper layer: a hidden one is made beside it, `.NAME.kletka-work`, and removed
//! when the prison is gone. Read-only, the two are only looked at, and nothing is made.

use crate::error::Error;
use crate::ids::Ids;
use crate::overlay::{self, Layers, by_descriptor};
use crate::spec::MountOptions;
use crate::tree::{self, attributes};
use rustix::fs::{
    AtFlags, CWD, Mode, OFlags, ResolveFlags, StatxFlags, mkdirat, open, openat2, statx,
};
use rustix::io::Errno;
use std::ffi::{OsStr, OsString};
use std::fs;
use std::io;
use std::os::fd::{BorrowedFd, OwnedFd};
use std::path::{Path, PathBuf};

/// The layer that takes what is written: `inside` of the directory `anchor`, whose mount it is on.
#[derive(Debug)]
pub(crate) struct Upper {
    anchor: PathBuf,
    inside: PathBuf,
    /// The directory beside `anchor` for the kernel's use.
    pub(crate) work: PathBuf,
}

impl Upper {
    /// The layer at `inside` of the host's directory `anchor`.
    ///
    /// # Errors
    /// [`Error::NoPlaceForWork`]: there is nothing beside it on the same mount.
    pub(crate) fn new(anchor: &Path, inside: &Path) -> Result<Self, Error> {
        let failed = |error| Error::Mount(anchor.into(), error);
        let anchor = fs::canonicalize(anchor).map_err(failed)?;
        let no_place = || Error::NoPlaceForWork(anchor.clone());
        let (parent, name) = anchor.parent().zip(anchor.file_name()).ok_or_else(no_place)?;
        let mount = |path: &Path| {
            let found = statx(CWD, path, AtFlags::empty(), StatxFlags::MNT_ID);
            found.map(|found| found.stx_mnt_id).map_err(|error| failed(error.into()))
        };
        if mount(parent)? != mount(&anchor)? {
            return Err(no_place());
        }
        let mut work = OsString::from(".");
        work.push(name);
        for part in inside {
            work.push(".");
            work.push(part);
        }
        work.push(".kletka-work");
        let work = parent.join(work);
        Ok(Self { inside: inside.into(), work, anchor })
    }

    /// Makes the working directory. What a machine that lost power has left of one is used again.
    pub(crate) fn make_work(&self) -> Result<(), Error> {
        let made = parent_and_name(&self.work)
            .and_then(|(parent, name)| mkdirat(parent, name, Mode::RWXU));
        match made {
            Ok(()) | Err(Errno::EXIST) => Ok(()),
            Err(error) => Err(Error::Mount(self.work.clone(), error.into())),
        }
    }

    /// What is to be said when the kernel does not take it.
    pub(crate) fn unable(&self) -> Error {
        let path: PathBuf = self.anchor.components().chain(self.inside.components()).collect();
        let file_system = tree::file_system_of(&path).unwrap_or_else(|| "it".into());
        Error::NotUpper { path, file_system }
    }

    /// Both directories, on one mount with the ids of `users`.
    fn open(&self, users: Option<BorrowedFd<'_>>) -> io::Result<Open> {
        let no_parent = || io::Error::from(Errno::INVAL);
        let (parent, name) =
            self.anchor.parent().zip(self.anchor.file_name()).ok_or_else(no_parent)?;
        let holder = overlay::layer_of(parent, users)?;
        let resolve = ResolveFlags::IN_ROOT | ResolveFlags::NO_SYMLINKS | ResolveFlags::NO_XDEV;
        let flags = OFlags::PATH | OFlags::DIRECTORY | OFlags::CLOEXEC;
        let upper = Path::new(name).join(&self.inside);
        let work = self.work.file_name().ok_or_else(no_parent)?;
        let open = |path: &Path| openat2(&holder, path, flags, Mode::empty(), resolve);
        let (upper, work) = (open(&upper)?, open(Path::new(work))?);
        Ok(Open { _holder: holder, upper, work })
    }
}

/// An upper layer and its working directory, in a mount that lives as long as this.
struct Open {
    _holder: OwnedFd,
    upper: OwnedFd,
    work: OwnedFd,
}

/// A detached union of `directory` and `lies`, what lies at the mount point, both with the jail's ids; with an `upper`
/// layer, which is one of the two, it can be written to.
pub(crate) fn mount(
    (directory, lies): (&Path, &OwnedFd),
    below: bool,
    upper: Option<&Upper>,
    options: MountOptions,
    (ids, users): (Ids, Option<BorrowedFd<'_>>),
) -> io::Result<OwnedFd> {
    let clone = overlay::layer_of(directory, users)?;
    let (over, under) = if below { (lies, &clone) } else { (&clone, lies) };
    let opened = upper.map(|upper| upper.open(users)).transpose()?;
    let (lower, upper) = match &opened {
        Some(Open { upper, work, .. }) => {
            (vec![by_descriptor(under)], Some((by_descriptor(upper), by_descriptor(work))))
        }
        None => (vec![by_descriptor(over), by_descriptor(under)], None),
    };
    Layers::of_ready(lower, upper).mount_ready(ids, attributes(options))
}

/// Removes a working directory when its prison is gone. Whether it is gone too; what is no directory never was one.
pub(crate) fn remove_work(work: &Path) -> bool {
    let Ok((parent, name)) = parent_and_name(work) else { return true };
    // The last part is no link that is followed: fs::remove_dir_all follows none.
    let gone = [io::ErrorKind::NotFound, io::ErrorKind::NotADirectory];
    let removed = fs::remove_dir_all(by_descriptor(&parent).join(name));
    removed.map_or_else(|error| gone.contains(&error.kind()), |()| true)
}

/// The directory that holds `path`, reached without a link: the jail may write to some of it.
fn parent_and_name(path: &Path) -> rustix::io::Result<(OwnedFd, &OsStr)> {
    let (parent, name) = path.parent().zip(path.file_name()).ok_or(Errno::INVAL)?;
    let root = open("/", OFlags::PATH | OFlags::CLOEXEC, Mode::empty())?;
    let inside = parent.strip_prefix("/").ok().filter(|inside| !inside.as_os_str().is_empty());
    let inside = inside.unwrap_or(Path::new("."));
    let flags = OFlags::PATH | OFlags::DIRECTORY | OFlags::CLOEXEC;
    let parent = openat2(root, inside, flags, Mode::empty(), ResolveFlags::NO_SYMLINKS)?;
    Ok((parent, name))
}
