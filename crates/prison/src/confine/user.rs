//! Users by name, from a passwd(5) and a group(5) file: the host's, or the jail's when read inside
//! it.
//!
//! A static program has no name service switch; and a switch would run the jail's code inside a
//! process that has not yet given up its rights. So the two files are the only source.

use rustix::fs::{Mode, OFlags, ResolveFlags, open, openat2};
use std::ffi::{OsStr, OsString};
use std::fs;
use std::io::Read;
use std::os::unix::ffi::{OsStrExt, OsStringExt};
use std::path::{Path, PathBuf};

/// Bytes that are read of either file at most: a jail may put anything there.
const LIMIT: u64 = 16 << 20;

/// A line of passwd(5), with the groups that group(5) adds.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct User {
    /// Login name.
    pub name: OsString,
    /// User id.
    pub uid: u32,
    /// Group id of the line itself.
    pub gid: u32,
    /// All groups, `gid` first: initgroups(3).
    pub groups: Vec<u32>,
    /// Home directory.
    pub home: PathBuf,
    /// Login shell; /bin/sh when the line names none.
    pub shell: PathBuf,
}

impl User {
    /// The user of this name in /etc/passwd.
    pub fn by_name(name: &OsStr) -> Option<Self> {
        Self::find(&read("/etc/passwd"), |fields| fields[0] == name.as_bytes())
    }

    /// Whether /etc/passwd below the directory `root` has a user of this name. `None`: there is no
    /// such file that can be read. No link leads out of `root`.
    #[must_use]
    pub fn is_known_below(root: &Path, name: &OsStr) -> Option<bool> {
        let root = open(root, OFlags::PATH | OFlags::DIRECTORY, Mode::empty()).ok()?;
        let resolve = ResolveFlags::IN_ROOT | ResolveFlags::NO_MAGICLINKS;
        let opened = openat2(root, "etc/passwd", READ, Mode::empty(), resolve).ok()?;
        let passwd = read_file(opened.into());
        Some(Self::find(&passwd, |fields| fields[0] == name.as_bytes()).is_some())
    }

    /// The user of this number in /etc/passwd. The superuser exists even where the file does not.
    pub fn by_uid(uid: u32) -> Option<Self> {
        let text = uid.to_string();
        let found = Self::find(&read("/etc/passwd"), |fields| fields[2] == text.as_bytes());
        found.or_else(|| (uid == 0).then(Self::root))
    }

    fn root() -> Self {
        let (home, shell) = (PathBuf::from("/"), PathBuf::from("/bin/sh"));
        Self { name: "root".into(), uid: 0, gid: 0, groups: vec![0], home, shell }
    }

    fn find(passwd: &[u8], wanted: impl Fn(&[&[u8]]) -> bool) -> Option<Self> {
        let user = passwd.split(|&byte| byte == b'\n').find_map(|line| {
            let fields: Vec<_> = line.split(|&byte| byte == b':').collect();
            (fields.len() >= 7 && wanted(&fields)).then(|| Self::from_fields(&fields)).flatten()
        })?;
        let mut groups = vec![user.gid];
        groups.extend(groups_of(user.name.as_bytes(), &read("/etc/group")));
        Some(Self { groups, ..user })
    }

    fn from_fields(fields: &[&[u8]]) -> Option<Self> {
        let text = |field: &[u8]| OsString::from_vec(field.to_vec());
        let shell = if fields[6].is_empty() { "/bin/sh".into() } else { text(fields[6]) };
        Some(Self {
            name: text(fields[0]),
            uid: number(fields[2])?,
            gid: number(fields[3])?,
            groups: Vec::new(),
            home: text(fields[5]).into(),
            shell: shell.into(),
        })
    }
}

/// Where the jail has made a FIFO of a file, opening it would otherwise wait for ever.
const READ: OFlags =
    OFlags::RDONLY.union(OFlags::NONBLOCK).union(OFlags::NOCTTY).union(OFlags::CLOEXEC);

fn read(path: &str) -> Vec<u8> {
    open(path, READ, Mode::empty()).map_or_else(|_| Vec::new(), |file| read_file(file.into()))
}

/// Reads a file, if it is a regular one.
fn read_file(file: fs::File) -> Vec<u8> {
    let mut bytes = Vec::new();
    if file.metadata().is_ok_and(|metadata| metadata.is_file()) {
        let _ = file.take(LIMIT).read_to_end(&mut bytes);
    }
    bytes
}

fn number(field: &[u8]) -> Option<u32> {
    std::str::from_utf8(field).ok()?.parse().ok()
}

/// Ids of the groups that list `name` as a member: group(5).
fn groups_of(name: &[u8], group: &[u8]) -> Vec<u32> {
    let ids = group.split(|&byte| byte == b'\n').filter_map(|line| {
        let fields: Vec<_> = line.split(|&byte| byte == b':').collect();
        let members = fields.get(3)?;
        let listed = members.split(|&byte| byte == b',').any(|member| member == name);
        if listed { number(fields[2]) } else { None }
    });
    ids.collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn lines_of_passwd() {
        let passwd = b"# a comment\nroot:x:0:0:root:/root:/bin/bash\nbad:x:one:1::/:\nwww:x:33:33::/var/www:\n";
        let user = User::find(passwd, |fields| fields[0] == b"www").unwrap();
        assert_eq!((user.uid, user.gid), (33, 33));
        assert_eq!(user.home, PathBuf::from("/var/www"));
        assert_eq!(user.shell, PathBuf::from("/bin/sh"));
        assert_eq!(User::find(passwd, |fields| fields[0] == b"bad"), None);
        assert_eq!(User::find(passwd, |fields| fields[0] == b"nobody"), None);
    }

    #[test]
    fn lines_of_group() {
        let group = b"root:x:0:\nadm:x:4:www,anna\nmail:x:8:annabel\n";
        assert_eq!(groups_of(b"anna", group), [4]);
        assert!(groups_of(b"root", group).is_empty());
    }
}
