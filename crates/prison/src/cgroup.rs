//! A prison's directory in the cgroup v2 tree: cgroups(7). On a host without that tree, prisons
//! have none.
//!
//! A prison that may have prisons inside has two: its processes are in a leaf, and the directory
//! above counts them together with those of the prisons inside, whose directories lie there too.
//! [`legacy`] has the groups of cgroup v1, [`pids`] the number of processes.

pub(crate) mod legacy;
pub(crate) mod pids;

use crate::error::{Calling, Error};
use legacy::Hierarchies;
use rustix::event::{PollFd, PollFlags, Timespec, poll};
use rustix::fs::{Mode, OFlags, open, statfs};
use rustix::io::Errno;
use std::collections::HashSet;
use std::fs;
use std::io::{self, Read, Seek};
use std::os::fd::OwnedFd;
use std::os::unix::fs::MetadataExt;
use std::path::{Path, PathBuf};

/// The type that statfs(2) gives for cgroup v2.
const CGROUP2_MAGIC: i64 = 0x6367_7270;
/// The directory that holds the directories of all prisons.
const PARENT: &str = "kletka";
/// The leaf for the processes of a prison that may have others inside.
const LEAF: &str = "self";

/// Seconds within which killed processes have to be gone.
const PATIENCE: u32 = 5;

/// Where cgroup v2 is mounted: alone, or beside v1 on a hybrid host.
pub(crate) fn hierarchy() -> Option<&'static Path> {
    ["/sys/fs/cgroup", "/sys/fs/cgroup/unified"]
        .map(Path::new)
        .into_iter()
        .find(|path| statfs(*path).is_ok_and(|fs| fs.f_type == CGROUP2_MAGIC))
}

/// What the name of a prison's directory says, so that a prison without a record is found.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct Name {
    /// The prison's jid.
    pub(crate) jid: u32,
    /// The first of its ids.
    pub(crate) ids: u32,
    /// The device that the prison's registry is on: another machine's, or another container's,
    /// registry is on another one.
    pub(crate) registry: u64,
}

impl Name {
    /// Reads the name of a directory.
    fn parse(name: &str) -> Option<Self> {
        let mut parts = name.split('.');
        let (jid, ids) = (parts.next()?.parse().ok()?, parts.next()?.parse().ok()?);
        let registry = u64::from_str_radix(parts.next()?, 16).ok()?;
        parts.next().map(|_| Self { jid, ids, registry })
    }
}

/// Names the directory that a prison is going to have; `unique` tells prisons of two registries
/// apart. `outer` is the directory of the prison that this one is in; `is_outer`: it may have
/// prisons inside itself.
pub(crate) fn path(
    Name { jid, ids, registry }: Name,
    unique: u64,
    outer: Option<&Path>,
    is_outer: bool,
) -> Option<PathBuf> {
    let parent = match outer {
        Some(outer) => whole(outer).to_path_buf(),
        None => hierarchy()?.join(PARENT),
    };
    let whole = parent.join(format!("{jid}.{ids}.{registry:x}.{unique:x}"));
    Some(if is_outer { whole.join(LEAF) } else { whole })
}

/// The directories of prisons of a registry, by what their names say: those of no outer prison, and
/// those in the outer ones among `known`. Those that are `known` are left out.
pub(crate) fn others(registry: u64, known: &[&Path]) -> Vec<(PathBuf, Name)> {
    let outer = known.iter().filter(|cgroup| cgroup.ends_with(LEAF));
    let outer: Vec<PathBuf> = outer.map(|cgroup| whole(cgroup).to_path_buf()).collect();
    let known: HashSet<&Path> = known.iter().map(|cgroup| whole(cgroup)).collect();
    let common = hierarchy().map(|path| path.join(PARENT));
    // Of an outer prison's directories one is its leaf.
    let common = common.map(|path| (path, 0)).into_iter();
    let directories = common.chain(outer.into_iter().map(|path| (path, 1)));
    let entries = directories
        .filter(|(path, leaves)| has_others(path, leaves + count_in(path, &known)))
        .filter_map(|(path, _)| fs::read_dir(path).ok());
    let named = entries.flatten().filter_map(|entry| {
        let entry = entry.ok()?;
        let name = Name::parse(entry.file_name().to_str()?)?;
        Some((entry.path(), name)).filter(|(path, _)| !known.contains(path.as_path()))
    });
    let ours = named.filter(|(_, name)| name.registry == registry);
    ours.map(|(path, name)| (with_leaf(path), name)).collect()
}

/// What the names say of the directories of a registry's prisons that are in no outer prison. Empty
/// where there are exactly `count` directories of all registries, as the caller expects.
pub(crate) fn common_unless(count: u64, registry: u64) -> Vec<Name> {
    let common = hierarchy().map(|path| path.join(PARENT));
    let common = common.filter(|path| has_others(path, count));
    let entries = common.and_then(|path| fs::read_dir(path).ok()).into_iter().flatten();
    let names = entries.filter_map(|entry| Name::parse(entry.ok()?.file_name().to_str()?));
    names.filter(|name| name.registry == registry).collect()
}

/// Whether a prison's directory lies among those of all prisons, and not in an outer prison's.
pub(crate) fn is_in_common(cgroup: &Path) -> bool {
    whole(cgroup).parent().and_then(Path::file_name).is_some_and(|name| name == PARENT)
}

/// How many of these directories lie in `path`.
fn count_in(path: &Path, known: &HashSet<&Path>) -> u64 {
    known.iter().filter(|cgroup| cgroup.parent() == Some(path)).count() as u64
}

/// Whether more directories than these lie in the directory of a cgroup, asked by one call: each is
/// a link to it, beside its name and its own dot. To read the directory takes 60 µs.
fn has_others(path: &Path, count: u64) -> bool {
    fs::metadata(path).is_ok_and(|found| found.nlink() != count + 2)
}

/// Where the processes of the prison with this directory are.
fn with_leaf(whole: PathBuf) -> PathBuf {
    let leaf = whole.join(LEAF);
    if leaf.exists() { leaf } else { whole }
}

/// The directory of all that is in a prison, whose own processes are in `cgroup`.
fn whole(cgroup: &Path) -> &Path {
    let is_leaf = cgroup.file_name().is_some_and(|name| name == LEAF);
    cgroup.parent().filter(|_| is_leaf).unwrap_or(cgroup)
}

/// Makes the directory, and opens it for clone3(2)'s `CLONE_INTO_CGROUP`: to move a process later,
/// by cgroup.procs, takes the kernel 10 ms.
pub(crate) fn create(path: &Path) -> Result<OwnedFd, Error> {
    make(path).map_err(|error| Error::Mount(path.into(), error))?;
    open_directory(path).calling("cgroup")
}

/// Makes a directory, and those that it lies in.
fn make(path: &Path) -> io::Result<()> {
    loop {
        match (fs::create_dir(path), path.parent()) {
            // Missing as yet; or the removal of the last prison has removed it in between.
            (Err(error), Some(parent)) if error.kind() == io::ErrorKind::NotFound => {
                match make(parent) {
                    Err(error) if error.kind() != io::ErrorKind::AlreadyExists => {
                        return Err(error);
                    }
                    _ => {}
                }
            }
            (made, _) => return made,
        }
    }
}

/// Opens a prison's directory.
pub(crate) fn open_directory(path: &Path) -> io::Result<OwnedFd> {
    let flags = OFlags::PATH | OFlags::DIRECTORY | OFlags::CLOEXEC;
    Ok(open(path, flags, Mode::empty())?)
}

/// Opens a prison's directory to ask the kernel about it: bpf(2) takes no `O_PATH`.
pub(crate) fn open_to_query(path: &Path) -> io::Result<OwnedFd> {
    let flags = OFlags::RDONLY | OFlags::DIRECTORY | OFlags::CLOEXEC;
    Ok(open(path, flags, Mode::empty())?)
}

/// Opens the directory that holds all of a prison's processes to ask the kernel about it, those of
/// prisons inside among them.
pub(crate) fn open_whole_to_query(path: &Path) -> io::Result<OwnedFd> {
    open_to_query(whole(path))
}

/// Removes the directory of a prison that has ended, and the common one with the last of them.
/// Answers whether it is gone. Processes in it stay, and the directory with them.
pub(crate) fn remove(path: &Path, hierarchies: Hierarchies) -> bool {
    remove_up(path) && legacy::remove(path, hierarchies)
}

/// Removes a directory that has no processes, if it is there, and those that it lies in, up to the
/// common one with the last of all prisons. Answers whether it is gone.
fn remove_up(path: &Path) -> bool {
    let is_gone = |path: &Path| match fs::remove_dir(path) {
        Err(error) => error.kind() == io::ErrorKind::NotFound,
        Ok(()) => true,
    };
    let removed = is_gone(path);
    let is_ours = |parent: &&Path| parent.iter().any(|part| part == PARENT);
    // One that holds other prisons' directories stays, and so do those above.
    let _ = removed && path.ancestors().skip(1).take_while(is_ours).all(is_gone);
    removed
}

/// Kills what is left in the directory of a prison that the caller has ended, and removes the
/// directory. Answers whether it is gone.
pub(crate) fn end(path: &Path, hierarchies: Hierarchies) -> bool {
    // Processes that were killed a moment ago may not have left yet.
    remove(path, hierarchies) || (empty(path) && remove(path, hierarchies))
}

/// Whether there are processes in a prison's directory, or in those of prisons inside it.
pub(crate) fn is_whole_populated(path: &Path) -> Result<bool, Errno> {
    is_populated(whole(path))
}

/// Whether there are processes in a prison's directory or below it. A directory that is gone has
/// none.
pub(crate) fn is_populated(path: &Path) -> Result<bool, Errno> {
    match fs::read_to_string(path.join("cgroup.events")) {
        Ok(text) => Ok(!text.lines().any(|line| line == "populated 0")),
        Err(error) => match Errno::from_io_error(&error) {
            // ENODEV: removed while it was open.
            Some(Errno::NOENT | Errno::NODEV) => Ok(false),
            errno => Err(errno.unwrap_or(Errno::IO)),
        },
    }
}

/// The processes of a prison's directory: `cgroup.procs`.
pub(crate) fn processes(path: &Path) -> Vec<u32> {
    let text = fs::read_to_string(path.join("cgroup.procs")).unwrap_or_default();
    text.lines().filter_map(|line| line.parse().ok()).collect()
}

/// Kills what is left in the directory and waits until nothing is.
fn empty(path: &Path) -> bool {
    // Nobody but the prison's processes was ever put here. Linux before 5.14 has no such file;
    // init's end has killed what was in its pid namespace there too.
    let _ = fs::write(path.join("cgroup.kill"), "1");
    let mut text = String::new();
    let Ok(mut events) = fs::File::open(path.join("cgroup.events")) else { return false };
    for _ in 0..PATIENCE {
        text.clear();
        let read = events.rewind().and_then(|()| events.read_to_string(&mut text));
        if read.is_err() || text.contains("populated 0") {
            return read.is_ok();
        }
        let second = Timespec { tv_sec: 1, tv_nsec: 0 };
        // The kernel reports a change of the file as a priority event, once it has been read.
        let _ = poll(&mut [PollFd::new(&events, PollFlags::PRI)], Some(&second));
    }
    false
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn names_say_whose_a_directory_is() {
        for (name, want) in [
            ("7.268435456.2f.18ec", Some(Name { jid: 7, ids: 268_435_456, registry: 0x2f })),
            ("7.18ec", None),
            ("7.1.2f", None),
            ("cgroup.procs", None),
        ] {
            assert_eq!(Name::parse(name), want, "{name}");
        }
    }
}
