//! A directory tree that exists completely or not at all.
//!
//! The tree grows under a temporary name beside its place (`.NAME.partial`) and is renamed when it
//! is ready. A failure before that leaves at most the temporary tree, which the next run removes. A
//! lock on the parent directory keeps two runs apart. The programs that fill the tree inherit the
//! lock: even if this process is killed, the lock is held until the last of them has ended.

use std::ffi::OsString;
use std::fs::{self, DirBuilder};
use std::io;
use std::os::fd::OwnedFd;
use std::os::unix::ffi::OsStringExt;
use std::os::unix::fs::{DirBuilderExt, PermissionsExt};
use std::path::{Path, PathBuf};

use rustix::fs::{FlockOperation, Mode, OFlags};

use crate::error::Error;
use crate::progress::Progress;

/// A tree that is being made. If it is dropped before [`Partial::finish`], it is removed.
pub(crate) struct Partial<'a> {
    path: PathBuf,
    target: PathBuf,
    parent: OwnedFd,
    finished: bool,
    progress: &'a mut dyn Progress,
}

impl<'a> Partial<'a> {
    /// Takes the lock, removes what a killed run has left, and makes the empty temporary directory.
    pub(crate) fn begin(target: &Path, progress: &'a mut dyn Progress) -> Result<Self, Error> {
        let (Some(name), Some(parent)) = (target.file_name(), target.parent()) else {
            return Err(Error::NotADirectoryName(target.to_owned()));
        };
        make_directory_of_trees(parent).map_err(Error::io("cannot make", parent))?;
        // The path without links: /proc/self/mountinfo names mounts by it.
        let parent = fs::canonicalize(parent).map_err(Error::io("cannot find", parent))?;
        let lock = lock(&parent, progress)?;
        let mut hidden = OsString::from(".");
        hidden.push(name);
        hidden.push(".partial");
        let path = parent.join(hidden);
        remove(&path)?;
        fs::create_dir(&path).map_err(Error::io("cannot make", &path))?;
        let target = parent.join(name);
        Ok(Self { path, target, parent: lock, finished: false, progress })
    }

    /// Lets `fill` fill the tree, whose temporary path it gets.
    pub(crate) fn fill(
        &mut self,
        fill: impl FnOnce(&Path, &mut dyn Progress) -> Result<(), Error>,
    ) -> Result<(), Error> {
        fill(&self.path, self.progress)
    }

    /// Moves the complete tree to its place, which must not exist or be an empty directory.
    pub(crate) fn finish(mut self) -> Result<(), Error> {
        // The temporary directory has the umask's mode, and a jail's users must pass through its
        // root.
        let mode = fs::Permissions::from_mode(0o755);
        fs::set_permissions(&self.path, mode).map_err(Error::io("cannot chmod", &self.path))?;
        // Without syncfs(2) a power failure could leave the final name with empty files below it.
        rustix::fs::syncfs(&self.parent)
            .map_err(|e| Error::io("cannot write out", &self.path)(e.into()))?;
        fs::rename(&self.path, &self.target).map_err(Error::io("cannot make", &self.target))?;
        self.finished = true;
        Ok(())
    }
}

impl Drop for Partial<'_> {
    fn drop(&mut self) {
        if !self.finished
            && let Err(error) = remove(&self.path)
        {
            self.progress.leaves(&error);
        }
    }
}

/// Makes the directory `path`, which is to hold trees, and those above it. One that is there keeps
/// its mode: it may hold more than trees.
///
/// Root alone enters the new directory. What the root of a jail makes set-user-ID belongs to root
/// on the host's disk too, and so would run with the rights of the host's root. A jail itself is
/// entered by descriptor: its users pass no directory above its root.
fn make_directory_of_trees(path: &Path) -> io::Result<()> {
    if path.is_dir() {
        return Ok(());
    }
    if let Some(above) = path.parent() {
        // Such as /usr/local, which other programs use too.
        fs::create_dir_all(above)?;
    }
    match DirBuilder::new().mode(0o700).create(path) {
        // Another run has made it meanwhile.
        Err(error) if error.kind() == io::ErrorKind::AlreadyExists && path.is_dir() => Ok(()),
        made => made,
    }
}

/// Locks the directory `parent`: only one process at a time makes a tree in it.
fn lock(parent: &Path, progress: &mut dyn Progress) -> Result<OwnedFd, Error> {
    let fail = |error: rustix::io::Errno| Error::io("cannot lock", parent)(error.into());
    // Without O_CLOEXEC: mmdebstrap and cp inherit the lock and hold it as long as they run.
    let flags = OFlags::RDONLY | OFlags::DIRECTORY;
    let fd = rustix::fs::open(parent, flags, Mode::empty()).map_err(fail)?;
    // Tried without waiting first, so that the user hears why nothing happens.
    match rustix::fs::flock(&fd, FlockOperation::NonBlockingLockExclusive) {
        Err(rustix::io::Errno::WOULDBLOCK) => {
            progress.waits(parent);
            rustix::fs::flock(&fd, FlockOperation::LockExclusive).map_err(fail)?;
        }
        other => other.map_err(fail)?,
    }
    Ok(fd)
}

/// Removes the tree at `path`, if there is one, but never across a mount point.
fn remove(path: &Path) -> Result<(), Error> {
    if !path.exists() {
        return Ok(());
    }
    // mmdebstrap may have mounted the host's /dev there: removing the tree would remove what is in
    // it.
    let mounts = Path::new("/proc/self/mountinfo");
    let text = fs::read(mounts).map_err(Error::io("cannot read", mounts))?;
    if let Some(mount) = mount_below(&text, path) {
        return Err(Error::StillMounted(mount));
    }
    fs::remove_dir_all(path).map_err(Error::io("cannot remove", path))
}

/// The first mount point at or below `path`, from the text of /proc/self/mountinfo.
fn mount_below(table: &[u8], path: &Path) -> Option<PathBuf> {
    let mut points = mountinfo::lines(table).map(|line| OsString::from_vec(line.target()));
    points.find(|point| Path::new(point).starts_with(path)).map(PathBuf::from)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::progress::Told;
    use crate::tree::is_empty;
    use std::os::unix::fs::MetadataExt;

    /// A directory of the test's own, which is removed at its end.
    struct Scratch(PathBuf);

    impl Scratch {
        fn new(name: &str) -> Self {
            let path = std::env::temp_dir().join(format!("kletka-{name}-{}", std::process::id()));
            fs::create_dir_all(&path).unwrap();
            Self(fs::canonicalize(path).unwrap())
        }
    }

    impl Drop for Scratch {
        fn drop(&mut self) {
            let _ = fs::remove_dir_all(&self.0);
        }
    }

    #[test]
    fn a_killed_run_leaves_only_what_the_next_one_removes() {
        let scratch = Scratch::new("partial");
        let target = scratch.0.join("bases/web");
        let killed = scratch.0.join("bases/.web.partial");
        fs::create_dir_all(killed.join("usr/bin")).unwrap();

        let mut told = Told::default();
        let mut partial = Partial::begin(&target, &mut told).unwrap();
        assert!(is_empty(&killed).unwrap());
        let write = |tree: &Path, _: &mut dyn Progress| {
            fs::write(tree.join("file"), "new").unwrap();
            Ok(())
        };
        partial.fill(write).unwrap();
        assert!(!target.exists());
        partial.finish().unwrap();
        assert_eq!(fs::read_to_string(target.join("file")).unwrap(), "new");
        assert!(!killed.exists());
    }

    #[test]
    fn a_failed_run_leaves_nothing() {
        let scratch = Scratch::new("failed");
        let target = scratch.0.join("web");
        let mut told = Told::default();
        let mut partial = Partial::begin(&target, &mut told).unwrap();
        let failed = partial.fill(|tree, _| {
            fs::write(tree.join("file"), "half").unwrap();
            Err(Error::NotRoot)
        });
        assert!(failed.is_err());
        drop(partial);
        assert!(is_empty(&scratch.0).unwrap());
        assert_eq!(told.0, [""; 0]);
    }

    #[test]
    fn root_alone_enters_a_new_directory_of_trees() {
        let scratch = Scratch::new("private");
        let mode = |path: &str| fs::metadata(scratch.0.join(path)).unwrap().mode() & 0o7777;
        let make = |target: &str| {
            let mut told = Told::default();
            Partial::begin(&scratch.0.join(target), &mut told).unwrap().finish().unwrap();
        };
        make("kletka/bases/web");
        assert_eq!(mode("kletka/bases"), 0o700);
        assert_eq!(mode("kletka/bases/web"), 0o755);
        // A directory that is there may be /home.
        fs::set_permissions(scratch.0.join("kletka"), fs::Permissions::from_mode(0o755)).unwrap();
        make("kletka/root");
        assert_eq!(mode("kletka"), 0o755);
    }

    #[test]
    fn mounts_below_a_path() {
        let table = b"\
22 1 8:1 / / rw - ext4 /dev/sda1 rw
40 22 0:5 / /bases/.web.partial/dev rw - devtmpfs udev rw
41 22 0:5 / /bases/with\\040space/proc rw - proc proc rw
";
        for (path, want) in [
            ("/bases/.web.partial", Some("/bases/.web.partial/dev")),
            ("/bases/with space", Some("/bases/with space/proc")),
            ("/bases/.web", None),
        ] {
            assert_eq!(mount_below(table, Path::new(path)), want.map(PathBuf::from), "{path}");
        }
    }
}
