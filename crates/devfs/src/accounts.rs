//! The users and groups that `user` and `group` may name: passwd(5), group(5).

use std::cell::OnceCell;

/// The names and numbers of the host's files. Without any, only numbers are understood.
#[derive(Debug, Default, Clone)]
pub struct Accounts {
    /// Reads one of the files, when a rule first names a user or a group: few rules do.
    read: Option<fn(&str) -> Vec<u8>>,
    users: OnceCell<Entries>,
    groups: OnceCell<Entries>,
}

/// Names and numbers.
type Entries = Vec<(Vec<u8>, u32)>;

impl Accounts {
    /// Reads the text of `/etc/passwd` and `/etc/group`. Both have the name in the first field and
    /// the number in the third; a line without a number there is skipped.
    pub fn new(passwd: &[u8], group: &[u8]) -> Self {
        Self { read: None, users: entries(passwd).into(), groups: entries(group).into() }
    }

    /// The accounts of the files that `read` reads, as soon as they are needed.
    pub fn of_files(read: fn(&str) -> Vec<u8>) -> Self {
        Self { read: Some(read), ..Self::default() }
    }

    fn users(&self) -> &Entries {
        self.users.get_or_init(|| self.file("/etc/passwd"))
    }

    fn groups(&self) -> &Entries {
        self.groups.get_or_init(|| self.file("/etc/group"))
    }

    fn file(&self, path: &str) -> Entries {
        self.read.map(|read| entries(&read(path))).unwrap_or_default()
    }

    /// The number of user `name`.
    pub fn uid(&self, name: &[u8]) -> Option<u32> {
        number(self.users(), name)
    }

    /// The number of group `name`.
    pub fn gid(&self, name: &[u8]) -> Option<u32> {
        number(self.groups(), name)
    }

    /// Shows user `uid` as `devfs rule show` does: by name, else by number.
    pub fn user(&self, uid: u32) -> String {
        name(self.users(), uid)
    }

    /// Shows group `gid` as `devfs rule show` does.
    pub fn group(&self, gid: u32) -> String {
        name(self.groups(), gid)
    }
}

fn entries(text: &[u8]) -> Entries {
    text.split(|&byte| byte == b'\n')
        .filter_map(|line| {
            let mut fields = line.split(|&byte| byte == b':');
            let (name, number) = (fields.next()?, fields.nth(1)?);
            Some((name.to_vec(), str::from_utf8(number).ok()?.parse().ok()?))
        })
        .collect()
}

fn number(entries: &[(Vec<u8>, u32)], name: &[u8]) -> Option<u32> {
    // Of several lines, the first counts, as in getpwnam(3).
    entries.iter().find(|(known, _)| known == name).map(|&(_, number)| number)
}

fn name(entries: &[(Vec<u8>, u32)], number: u32) -> String {
    match entries.iter().find(|&&(_, known)| known == number) {
        Some((name, _)) => String::from_utf8_lossy(name).into_owned(),
        None => number.to_string(),
    }
}
