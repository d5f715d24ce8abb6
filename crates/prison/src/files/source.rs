//! Opening what an administrator names on the host: the root of a jail, and what is mounted in it.
//!
//! Links that the host's administrator made are followed. Below the root of a jail none is: that
//! jail's root may have made it, and would choose what of the host another jail gets. What was
//! opened is used by descriptor from there on, so that nothing can be exchanged meanwhile.

use crate::error::Error;
use crate::registry::Registry;
use crate::spec::Spec;
use rustix::fs::{
    CWD, FileType, Mode, OFlags, ResolveFlags, fstat, open, openat, openat2, readlinkat,
};
use rustix::io::Errno;
use std::collections::HashSet;
use std::ffi::{OsStr, OsString};
use std::fs;
use std::os::fd::OwnedFd;
use std::os::unix::ffi::OsStrExt;
use std::os::unix::fs::MetadataExt;
use std::path::{Component, Path, PathBuf};

/// As many links as the kernel follows in one path: path_resolution(7).
const MOST_LINKS: usize = 40;

/// Opens directories and files of the host for a new prison.
pub(crate) struct Sources<'r> {
    /// Where jails are found that run.
    registry: Option<&'r Registry>,
    /// The prison, which names other roots; `None`: no jail has anything there.
    spec: Option<&'r Spec>,
}

/// Why a path cannot be opened.
enum Failure {
    /// This link lies below the root of a jail.
    Link(PathBuf),
    Call(Errno),
}

impl From<Errno> for Failure {
    fn from(error: Errno) -> Self {
        Self::Call(error)
    }
}

impl<'r> Sources<'r> {
    /// For the prison of `spec`.
    pub(crate) fn new(registry: &'r Registry, spec: &'r Spec) -> Self {
        Self { registry: Some(registry), spec: Some(spec) }
    }

    /// For a look at what the prison of `spec` needs. Its neighbours are all jails that count.
    pub(crate) fn on_paper(spec: &'r Spec) -> Self {
        Self { registry: None, spec: Some(spec) }
    }

    /// For the host itself, among the jails that run.
    pub(crate) fn of_registry(registry: Option<&'r Registry>) -> Self {
        Self { registry, spec: None }
    }

    /// For a trial that no jail takes part in.
    pub(crate) fn of_host() -> Self {
        Self { registry: None, spec: None }
    }

    /// Opens the directory that becomes the prison's root.
    pub(crate) fn root(&self, path: &Path) -> Result<OwnedFd, Error> {
        let failed = |error: Errno| Error::Path(path.into(), error.into());
        let opened = open_plain(path, OFlags::DIRECTORY);
        match self.or_by_links(opened, path, false) {
            Ok(opened) if is_directory(&opened) => Ok(opened),
            Ok(_) => Err(failed(Errno::NOTDIR)),
            Err(Failure::Call(error)) => Err(failed(error)),
            Err(Failure::Link(link)) => Err(Error::LinkOfJail(path.into(), link)),
        }
    }

    /// Opens a directory or file that is to be mounted.
    pub(crate) fn open(&self, path: &Path) -> Result<OwnedFd, Error> {
        // As a directory first: only so does the kernel mount what it mounts on demand.
        let opened = match open_plain(path, OFlags::DIRECTORY) {
            Err(Errno::NOTDIR) => open_plain(path, OFlags::empty()),
            opened => opened,
        };
        self.or_by_links(opened, path, true).map_err(|failure| match failure {
            Failure::Call(error) => Error::Mount(path.into(), error.into()),
            Failure::Link(link) => Error::LinkOfJail(path.into(), link),
        })
    }

    /// Answers `opened`, or else follows the links of the host's administrator in `path`. The root
    /// of the prison itself is one of a jail, too, as soon as it runs again.
    fn or_by_links(
        &self,
        opened: rustix::io::Result<OwnedFd>,
        path: &Path,
        own: bool,
    ) -> Result<OwnedFd, Failure> {
        match opened {
            Err(Errno::LOOP) => Walk::new(self.roots(own))?.follow(path),
            opened => Ok(opened?),
        }
    }

    /// The roots of all jails that run or are configured, by device and inode. A jail in `/` is one
    /// with the host's own files, all of which would count as its.
    fn roots(&self, own: bool) -> HashSet<(u64, u64)> {
        // A registry that cannot be read is reported by those that need it.
        let running = self.registry.and_then(|registry| registry.prisons().ok());
        let running = running.unwrap_or_default();
        // What a jail says of the jails inside it is only its word, and its own root is around
        // theirs.
        let running = running.into_iter().filter(|record| !record.is_inside());
        let configured = self
            .spec
            .into_iter()
            .flat_map(|spec| spec.neighbours.iter().cloned().chain(own.then(|| spec.path.clone())));
        let paths = running.map(|record| record.path).chain(configured);
        let found = paths.filter_map(|path| fs::metadata(path).ok());
        let mut roots: HashSet<_> = found.map(|found| (found.dev(), found.ino())).collect();
        if let Ok(host) = fs::metadata("/") {
            roots.remove(&(host.dev(), host.ino()));
        }
        roots
    }
}

/// Opens a path that has no link, which is nearly every one: whoever owns the directories on the
/// way, it leads nowhere else.
fn open_plain(path: &Path, flags: OFlags) -> rustix::io::Result<OwnedFd> {
    if path.components().any(|part| part == Component::ParentDir) {
        // A directory that is moved meanwhile would change what lies above it.
        return Err(Errno::LOOP);
    }
    let flags = OFlags::PATH | OFlags::CLOEXEC | flags;
    openat2(CWD, path, flags, Mode::empty(), ResolveFlags::NO_SYMLINKS)
}

fn is_directory(file: &OwnedFd) -> bool {
    fstat(file).is_ok_and(|stat| FileType::from_raw_mode(stat.st_mode).is_dir())
}

/// The way along a path, part by part.
struct Walk {
    roots: HashSet<(u64, u64)>,
    /// The directories from `/` to where the walk stands, and the name of each.
    way: Vec<Step>,
    links: usize,
}

struct Step {
    opened: OwnedFd,
    name: OsString,
    /// Whether this is the root of a jail, or lies below one.
    is_jails: bool,
}

impl Walk {
    fn new(roots: HashSet<(u64, u64)>) -> rustix::io::Result<Self> {
        let opened = open("/", OFlags::PATH | OFlags::CLOEXEC, Mode::empty())?;
        let root = Step { opened, name: OsString::new(), is_jails: false };
        Ok(Self { roots, way: vec![root], links: 0 })
    }

    fn follow(mut self, path: &Path) -> Result<OwnedFd, Failure> {
        self.along(path)?;
        self.way.pop().map(|step| step.opened).ok_or(Failure::Call(Errno::NOENT))
    }

    fn along(&mut self, path: &Path) -> Result<(), Failure> {
        for part in path.components() {
            match part {
                Component::RootDir => self.way.truncate(1),
                // Back to the very directory that the walk came from.
                Component::ParentDir => self.way.truncate(self.way.len().max(2) - 1),
                Component::Normal(name) => self.enter(name)?,
                Component::CurDir | Component::Prefix(_) => {}
            }
        }
        Ok(())
    }

    fn enter(&mut self, name: &OsStr) -> Result<(), Failure> {
        let here = self.way.last().ok_or(Errno::NOENT)?;
        let flags = OFlags::PATH | OFlags::NOFOLLOW | OFlags::CLOEXEC;
        let opened = openat(&here.opened, name, flags, Mode::empty())?;
        let stat = fstat(&opened)?;
        if FileType::from_raw_mode(stat.st_mode).is_symlink() {
            if here.is_jails {
                return Err(Failure::Link(self.path().join(name)));
            }
            self.links += 1;
            if self.links > MOST_LINKS {
                return Err(Errno::LOOP.into());
            }
            let target = readlinkat(&opened, "", Vec::new())?;
            return self.along(Path::new(OsStr::from_bytes(target.to_bytes())));
        }
        let is_jails = here.is_jails || self.roots.contains(&(stat.st_dev, stat.st_ino));
        self.way.push(Step { opened, name: name.to_owned(), is_jails });
        Ok(())
    }

    /// Where the walk stands.
    fn path(&self) -> PathBuf {
        Path::new("/").join(self.way.iter().map(|step| &step.name).collect::<PathBuf>())
    }
}
