//! What the registry keeps of one prison, as text: a `key=value` line each, written whole or not at all.

use crate::ids::Ids;
use crate::limits::Limits;
use crate::process_id::ProcessId;
use crate::rights::Rights;
use std::ffi::OsStr;
use std::os::unix::ffi::OsStrExt;
use std::path::PathBuf;

/// Bytes that a record may have; a path and a host name are the longest things in it.
pub(crate) const LARGEST: usize = 16 << 10;

/// One prison as the registry knows it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Record {
    /// Jail identifier, from 1.
    pub jid: u32,
    /// Name; the jid in digits when it was given none.
    pub name: String,
    /// The jid of the jail that it is in; 0: of none.
    pub parent: u32,
    /// The jails that may be in it.
    pub children: Limits,
    /// A jail has made it: it is in that one's registry, not in this.
    pub is_inside: bool,
    /// How many are in it now, at any depth.
    pub inside: u32,
    /// The root, as the host sees it.
    pub path: PathBuf,
    /// The host's ids of its users.
    pub ids: Ids,
    /// Directory in the cgroup v2 tree, on hosts that have one.
    pub cgroup: Option<PathBuf>,
    /// Directories that were made for it and go with it: [`crate::union`].
    pub(crate) work: Vec<PathBuf>,
    /// jail_set(2)'s parameters by name, for jls(8).
    pub parameters: Vec<(String, Vec<u8>)>,
    /// System call filter and capabilities of everything that enters: the spec's, packed.
    pub(crate) rights: Rights,
    /// The command that makes the prison; `None` once it is made.
    pub(crate) creator: Option<ProcessId>,
    /// PID 1 of the prison; `None` while it is being made.
    pub(crate) init: Option<ProcessId>,
    /// kernel.random.boot_id when it was made.
    pub(crate) boot: String,
}

impl Record {
    /// Whether it is inside `outer`, at any depth: its name says so.
    pub(crate) fn is_within(&self, outer: &Self) -> bool {
        self.name.strip_prefix(&outer.name).is_some_and(|rest| rest.starts_with('.'))
    }

    /// A parameter's value as it was given, if it was.
    pub fn parameter(&self, name: &str) -> Option<&[u8]> {
        self.parameters.iter().find(|(key, _)| key == name).map(|(_, value)| value.as_slice())
    }

    pub(crate) fn to_bytes(&self) -> Vec<u8> {
        let mut out = Vec::new();
        let mut line = |key: &str, value: &[u8]| {
            out.extend_from_slice(key.as_bytes());
            out.push(b'=');
            for &byte in value {
                match byte {
                    b'\\' => out.extend_from_slice(b"\\\\"),
                    b'\n' => out.extend_from_slice(b"\\n"),
                    _ => out.push(byte),
                }
            }
            out.push(b'\n');
        };
        line("jid", self.jid.to_string().as_bytes());
        line("name", self.name.as_bytes());
        line("path", self.path.as_os_str().as_bytes());
        if self.parent != 0 {
            line("parent", self.parent.to_string().as_bytes());
        }
        if self.children.max != 0 {
            line("children", self.children.text().as_bytes());
        }
        line("ids", self.ids.first.to_string().as_bytes());
        line("rights", self.rights.text().as_bytes());
        line("boot", self.boot.as_bytes());
        if let Some(cgroup) = &self.cgroup {
            line("cgroup", cgroup.as_os_str().as_bytes());
        }
        for work in &self.work {
            line("work", work.as_os_str().as_bytes());
        }
        for (key, process) in [("creator", self.creator), ("init", self.init)] {
            if let Some(process) = process {
                line(key, process.text().as_bytes());
            }
        }
        for (name, value) in &self.parameters {
            line(&format!("parameter.{name}"), value);
        }
        out
    }

    /// Reads a record as the registry has it, or as a test makes one up; `None` when it is none.
    pub fn parse(bytes: &[u8]) -> Option<Self> {
        let mut record = Self {
            jid: 0,
            name: String::new(),
            parent: 0,
            children: Limits::default(),
            is_inside: false,
            inside: 0,
            path: PathBuf::new(),
            ids: Ids { first: 0 },
            cgroup: None,
            work: Vec::new(),
            parameters: Vec::new(),
            rights: Rights::parse(""),
            creator: None,
            init: None,
            boot: String::new(),
        };
        for line in bytes.split(|&byte| byte == b'\n').filter(|line| !line.is_empty()) {
            let equals = line.iter().position(|&byte| byte == b'=')?;
            let key = std::str::from_utf8(&line[..equals]).ok()?;
            let value = unescape(&line[equals + 1..]);
            if let Some(name) = key.strip_prefix("parameter.") {
                record.parameters.push((name.to_owned(), value));
                continue;
            }
            let path = PathBuf::from(OsStr::from_bytes(&value));
            match key {
                "path" => record.path = path,
                "cgroup" => record.cgroup = Some(path),
                "work" => record.work.push(path),
                _ => record.take(key, String::from_utf8(value).ok()?)?,
            }
        }
        (record.jid > 0).then_some(record)
    }

    /// Takes a line that is text.
    fn take(&mut self, key: &str, text: String) -> Option<()> {
        match key {
            "jid" => self.jid = text.parse().ok()?,
            "name" => self.name = text,
            "parent" => self.parent = text.parse().ok()?,
            "children" => self.children = Limits::parse(&text)?,
            "ids" => self.ids = Ids { first: text.parse().ok()? },
            "rights" => self.rights = Rights::parse(&text),
            "boot" => self.boot = text,
            "creator" => self.creator = Some(ProcessId::parse(&text)?),
            "init" => self.init = Some(ProcessId::parse(&text)?),
            _ => return None,
        }
        Some(())
    }
}

fn unescape(value: &[u8]) -> Vec<u8> {
    if !value.contains(&b'\\') {
        return value.to_vec();
    }
    let mut out = Vec::with_capacity(value.len());
    let mut bytes = value.iter();
    while let Some(&byte) = bytes.next() {
        out.push(match byte {
            b'\\' => match bytes.next() {
                Some(b'n') => b'\n',
                Some(&other) => other,
                None => b'\\',
            },
            other => other,
        });
    }
    out
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::process_id::Mark;
    use crate::spec::{Allow, Families, Users};

    #[test]
    fn survives_writing_and_reading() {
        let record = Record {
            jid: 7,
            name: "web.a=b".into(),
            parent: 3,
            children: Limits { max: 5, first: 8 },
            is_inside: false,
            inside: 0,
            path: PathBuf::from(OsStr::from_bytes(b"/jails/\xff\n\\n")),
            ids: Ids { first: 0x1000_0000 },
            cgroup: Some("/sys/fs/cgroup/kletka/7".into()),
            work: vec!["/a/.b.kletka-work".into(), "/c\n".into()],
            parameters: vec![("host.hostname".into(), b"a\nb\\".to_vec())],
            rights: Rights {
                allow: Allow { quotas: true, ..Allow::default() },
                families: Families { inet: true, inet6: false },
                users: Users::Host,
                own_network: true,
                children: true,
            },
            creator: Some(ProcessId { pid: 11, mark: Mark::Start(34) }),
            init: Some(ProcessId { pid: 12, mark: Mark::Inode(345) }),
            boot: "b".into(),
        };
        assert_eq!(Record::parse(&record.to_bytes()), Some(record));
    }

    #[test]
    fn what_is_not_a_record_is_refused() {
        for bytes in
            [&b""[..], b"jid", b"jid=x\n", b"name=web\n", b"jid=1\ninit=3\n", b"jid=1\nx=y\n"]
        {
            assert_eq!(Record::parse(bytes), None, "{}", bytes.escape_ascii());
        }
    }
}
