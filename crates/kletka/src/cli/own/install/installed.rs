//! The list of what `kletka install` has put below a prefix: the file `share/kletka/installed`.
//!
//! One path a line, relative to the prefix and marked as by ls(1) `-F`: `/` follows a directory
//! that was not there before, `@` a link. `./` is the prefix itself. The list is that of all
//! versions of kletka that were ever installed there, until their files are removed.

use super::error::Error;
use super::replace::put;
use std::collections::BTreeMap;
use std::fs;
use std::io;
use std::path::{Component, Path};

/// The path of the list, below the prefix.
pub(super) const LIST: &str = "share/kletka/installed";

/// The prefix, as a path below itself.
const PREFIX: &str = ".";

/// What an installation puts somewhere.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Kind {
    Directory,
    File,
    Link,
}

/// What is, or is to be, below a prefix.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub(super) struct Installed(BTreeMap<String, Kind>);

impl Installed {
    /// Reads the list below `top`. Without a list nothing is installed.
    pub(super) fn read(top: &Path) -> Result<Self, Error> {
        let path = top.join(LIST);
        match fs::read_to_string(&path) {
            Ok(text) => Ok(Self::parse(&text)),
            Err(error) if error.kind() == io::ErrorKind::NotFound => Ok(Self::default()),
            Err(error) => Err(Error::io("cannot read", &path)(error)),
        }
    }

    /// Reads the lines of a list. A line that leads out of the prefix is not ours.
    fn parse(text: &str) -> Self {
        let entry = |line: &str| match line.strip_suffix('/') {
            Some(path) => (path.to_owned(), Kind::Directory),
            None => match line.strip_suffix('@') {
                Some(path) => (path.to_owned(), Kind::Link),
                None => (line.to_owned(), Kind::File),
            },
        };
        let is_down = |part: Component<'_>| matches!(part, Component::Normal(_));
        let is_inside = |(path, kind): &(String, Kind)| match path.as_str() {
            PREFIX => *kind == Kind::Directory,
            path => !path.is_empty() && Path::new(path).components().all(is_down),
        };
        Self(text.lines().map(entry).filter(is_inside).collect())
    }

    fn text(&self) -> String {
        let line = |(path, kind): (&String, &Kind)| match kind {
            Kind::Directory => format!("{path}/\n"),
            Kind::File => format!("{path}\n"),
            Kind::Link => format!("{path}@\n"),
        };
        self.0.iter().map(line).collect()
    }

    /// Writes the list below `top`.
    pub(super) fn write(&self, top: &Path) -> Result<(), Error> {
        put(&top.join(LIST), 0o644, self.text().as_bytes()).map(drop)
    }

    /// Adds a path, and the directories above it that are missing below `top`.
    pub(super) fn add(&mut self, top: &Path, path: &str, kind: Kind) {
        self.0.insert(path.to_owned(), kind);
        let above =
            Path::new(path).ancestors().skip(1).filter(|above| !above.as_os_str().is_empty());
        for missing in above.take_while(|above| !top.join(above).exists()) {
            self.0.insert(missing.to_string_lossy().into_owned(), Kind::Directory);
        }
        if !top.exists() {
            self.0.insert(PREFIX.to_owned(), Kind::Directory);
        }
    }

    /// Adds all of `other`. What both have is of the kind that it has here.
    pub(super) fn join(&mut self, other: &Self) {
        for (path, kind) in &other.0 {
            self.0.entry(path.clone()).or_insert(*kind);
        }
    }

    /// Adds the directories of `other`.
    pub(super) fn join_directories(&mut self, other: &Self) {
        for (path, kind) in other.0.iter().filter(|(_, kind)| **kind == Kind::Directory) {
            self.0.entry(path.clone()).or_insert(*kind);
        }
    }

    pub(super) fn has(&self, path: &str) -> bool {
        self.0.contains_key(path)
    }

    pub(super) fn is_empty(&self) -> bool {
        self.0.is_empty()
    }

    /// Lists the paths of this kind. A directory comes after all that lies in it, and the prefix
    /// last of all: its dot sorts before every name of ours.
    pub(super) fn paths(&self, kind: Kind) -> impl Iterator<Item = &str> {
        let these = self.0.iter().rev().filter(move |(_, own)| **own == kind);
        these.map(|(path, _)| path.as_str())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_list_is_read_as_it_was_written() {
        let text = "./\nbin/\nbin/jls@\nlibexec/kletka/kletka\n";
        let list = Installed::parse(text);
        assert_eq!(list.text(), text);
        assert_eq!(list.paths(Kind::Directory).collect::<Vec<_>>(), ["bin", "."]);
    }

    #[test]
    fn no_line_leads_out_of_the_prefix() {
        let list =
            Installed::parse("../etc/passwd\n/etc/passwd\nbin/../../etc@\n\n/\n.\nbin/jls@\n");
        assert_eq!(list.text(), "bin/jls@\n");
    }
}
