//! The lines of fstab(5) that a prison has, as its record keeps them: enough to tell which of them
//! other lines would leave, and where to unmount the rest.
//!
//! While lines change, the record has those of before and the new ones, each of these with the
//! kernel's numbers of its mounts. So after a command that was killed at any point, the list of the
//! prison's mounts tells which of these lines it has.

use crate::files::mountinfo::MountLine;
use crate::spec::{Mount, MountOptions, MountSource};
use std::fmt::Write;
use std::path::{Path, PathBuf};

/// Bytes that all lines of a record may have: a prison with more has no record of them.
const MOST: usize = 6 << 10;

/// A line that is mounted.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Mounted {
    /// Where, as the prison sees it.
    pub target: PathBuf,
    /// What and how, as in fstab(5): its first, third and fourth field.
    pub what: String,
    /// `Some`: the line is mounted only if the prison has one of these mounts, as a change is under
    /// way, or was killed.
    pub(crate) only_as: Option<Vec<u64>>,
}

/// What a prison has to lose and to get for other lines than those that it has.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Moves {
    /// The lines to unmount, in the order in which they were mounted.
    pub gone: Vec<Mounted>,
    /// The places among the new lines of those to mount.
    pub new: Vec<usize>,
}

impl Mounted {
    /// What the record keeps of a mount.
    #[must_use]
    pub fn of(mount: &Mount) -> Self {
        let (source, kind) = match &mount.source {
            MountSource::Nullfs(source) => (source.to_string_lossy().into_owned(), "nullfs"),
            MountSource::Proc => ("proc".to_owned(), "procfs"),
            MountSource::Sys => ("sys".to_owned(), "linsysfs"),
            MountSource::Disk { kind, device } => {
                (device.to_string_lossy().into_owned(), kind.as_str())
            }
            MountSource::Overlay { lower, upper } => (overlay(lower, upper.as_ref()), "overlay"),
            MountSource::Union { directory, .. } => {
                (directory.to_string_lossy().into_owned(), "unionfs")
            }
            MountSource::Tmpfs { .. } => ("tmpfs".to_owned(), "tmpfs"),
        };
        let what = format!("{source} {kind} {}", options(&mount.source, mount.options));
        Self { target: mount.target.clone(), what, only_as: None }
    }

    /// The third field.
    fn kind(&self) -> &str {
        self.what.rsplit(' ').nth(1).unwrap_or_default()
    }

    fn is_read_only(&self) -> bool {
        let options = self.what.rsplit(' ').next().unwrap_or_default();
        options.split(',').next() == Some("ro")
    }

    /// The line, if the prison with these mounts has it.
    pub(crate) fn among(self, mounts: &[MountLine]) -> Option<Self> {
        let is_this = |numbers: &[u64], mount: &MountLine| {
            // A number may be another mount's by now.
            numbers.contains(&mount.id) && mount.point == self.target
        };
        let is_mounted = match &self.only_as {
            Some(numbers) => mounts.iter().any(|mount| is_this(numbers, mount)),
            None => true,
        };
        is_mounted.then_some(Self { only_as: None, ..self })
    }

    /// The line without the number of its dump, as an administrator could have written it.
    #[must_use]
    pub fn line(&self) -> String {
        let (source, rest) = self.what.split_once(' ').unwrap_or((&self.what, ""));
        format!("{source} {} {rest}", self.target.display())
    }
}

fn overlay(lower: &[PathBuf], upper: Option<&(PathBuf, PathBuf)>) -> String {
    let layers = upper.iter().map(|(upper, _)| upper).chain(lower);
    layers.map(|layer| layer.to_string_lossy()).collect::<Vec<_>>().join(":")
}

/// The words of the fourth field.
fn options(source: &MountSource, options: MountOptions) -> String {
    let mut words = String::from(if options.read_only { "ro" } else { "rw" });
    let MountOptions { nosuid, noexec, noatime, .. } = options;
    let below = matches!(source, MountSource::Union { below: true, .. });
    let flags =
        [(nosuid, ",nosuid"), (noexec, ",noexec"), (noatime, ",noatime"), (below, ",below")];
    flags.iter().filter(|(is_on, _)| *is_on).for_each(|(_, word)| words.push_str(word));
    if let MountSource::Tmpfs { size, inodes, mode, uid, gid } = source {
        // Writing to a `String` cannot fail.
        let mut word = |name: &str, value: Option<String>| {
            let _ = value.map(|value| write!(words, ",{name}={value}"));
        };
        word("size", size.map(|size| size.to_string()));
        word("nr_inodes", inodes.map(|inodes| inodes.to_string()));
        word("mode", mode.map(|mode| format!("{mode:o}")));
        word("uid", uid.map(|uid| uid.to_string()));
        word("gid", gid.map(|gid| gid.to_string()));
    }
    words
}

/// What the record of a prison with these mounts keeps of them; `None`: they are too many.
pub(crate) fn recorded(mounts: &[Mount]) -> Option<Vec<Mounted>> {
    let lines: Vec<_> = mounts.iter().map(Mounted::of).collect();
    let size = |line: &Mounted| line.target.as_os_str().len() + line.what.len();
    (lines.iter().map(size).sum::<usize>() <= MOST).then_some(lines)
}

/// Compares the lines that are mounted with those that are wanted.
pub(crate) fn moves(mounted: &[Mounted], wanted: &[Mount]) -> Moves {
    let mut left: Vec<Option<&Mounted>> = mounted.iter().map(Some).collect();
    let mut new = Vec::new();
    for (place, mount) in wanted.iter().enumerate() {
        let line = Mounted::of(mount);
        match left.iter_mut().find(|it| **it == Some(&line)) {
            Some(same) => *same = None,
            None => new.push(place),
        }
    }
    Moves { gone: left.into_iter().flatten().cloned().collect(), new }
}

impl Moves {
    /// Whether all lines stay.
    #[must_use]
    pub fn is_empty(&self) -> bool {
        self.gone.is_empty() && self.new.is_empty()
    }

    /// Whether all of it can be done while the prison runs. The root was made together with all
    /// that lies on it. A union that can be written to needs a directory beside the upper one,
    /// which is made and removed with the prison, and a view of /proc or /sys could not be taken
    /// away without showing somebody what is covered there. What one overlay writes to, another one
    /// may have only when the first is gone.
    pub(crate) fn is_possible(&self, wanted: &[Mount]) -> bool {
        let is_root = |target: &Path| target == Path::new("/");
        let new: Vec<_> = self.new.iter().map(|&place| Mounted::of(&wanted[place])).collect();
        let is_kind = |line: &Mounted| match line.kind() {
            "procfs" | "linsysfs" => false,
            "unionfs" => line.is_read_only(),
            _ => true,
        };
        let writes = |line: &Mounted| line.kind() == "overlay" && !line.is_read_only();
        self.gone.iter().chain(&new).all(|line| is_kind(line) && !is_root(&line.target))
            && !(self.gone.iter().any(writes) && new.iter().any(writes))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn nullfs(source: &str, target: &str, read_only: bool) -> Mount {
        let options = MountOptions { read_only, ..MountOptions::default() };
        Mount { source: MountSource::Nullfs(source.into()), target: target.into(), options }
    }

    #[test]
    fn what_lines_leave() {
        let (a, b, ro) =
            (nullfs("/a", "/x", false), nullfs("/b", "/y", false), nullfs("/a", "/x", true));
        let root = nullfs("/c", "/", true);
        let union = |read_only| {
            let source = MountSource::Union { directory: "/d".into(), below: false };
            Mount { source, ..nullfs("", "/z", read_only) }
        };
        let (shown, written) = (union(true), union(false));
        let overlay = |upper: &str| {
            let upper = Some((upper.into(), "/w".into()));
            let source = MountSource::Overlay { lower: vec!["/l".into()], upper };
            Mount { source, ..nullfs("", "/z", false) }
        };
        let (first, second) = (overlay("/u"), overlay("/v"));
        let proc = Mount { source: MountSource::Proc, ..nullfs("", "/z", false) };
        for (has, wanted, gone, new, possible) in [
            (vec![&a, &b], vec![&a, &b], 0, vec![], true),
            (vec![&a, &b], vec![&b], 1, vec![], true),
            (vec![&a], vec![&a, &b], 0, vec![1], true),
            (vec![&a, &b], vec![&ro, &b], 1, vec![0], true),
            (vec![&a], vec![&a, &a], 0, vec![1], true),
            (vec![&root], vec![&a], 1, vec![0], false),
            (vec![], vec![&shown, &first], 0, vec![0, 1], true),
            (vec![&shown, &first], vec![], 2, vec![], true),
            (vec![&first], vec![&second], 1, vec![0], false),
            (vec![], vec![&written], 0, vec![0], false),
            (vec![&written], vec![], 1, vec![], false),
            (vec![], vec![&proc], 0, vec![0], false),
        ] {
            let wanted: Vec<Mount> = wanted.into_iter().cloned().collect();
            let mounted: Vec<Mounted> = has.into_iter().map(Mounted::of).collect();
            let moves = moves(&mounted, &wanted);
            assert_eq!((moves.gone.len(), &moves.new), (gone, &new), "{mounted:?}");
            assert_eq!(moves.is_possible(&wanted), possible, "{mounted:?}");
        }
        assert_eq!(Mounted::of(&ro).line(), "/a /x nullfs ro");
    }

    #[test]
    fn too_many_lines_are_not_recorded() {
        let many = vec![nullfs("/a", "/x", true); 1000];
        assert_eq!((recorded(&many), recorded(&many[..2]).map(|it| it.len())), (None, Some(2)));
    }
}
