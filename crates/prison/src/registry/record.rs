//! What the registry keeps of one prison, as text: a `key=value` line each, written whole or not at
//! all.
//!
//! A record outlives the program that wrote it. The first line is the format's [`VERSION`], which
//! the oldest records lack. Keys are only ever added, and none changes its meaning. A line that is
//! not understood, and a right whose word is not, is kept and written back. A record that does not
//! say how to find its prison is [`Broken`], and nobody takes that prison for dead.

use crate::confine::ids::Ids;
use crate::confine::rights::Rights;
use crate::files::lines::Mounted;
use crate::mark::Mark;
use crate::pending::Pending;
use crate::permission::{Allow, Permission};
use crate::registry::limits::Limits;
use crate::registry::process_id::ProcessId;
use crate::spec::{Addresses, IpcKinds};
use std::ffi::OsStr;
use std::os::unix::ffi::OsStrExt;
use std::path::PathBuf;
use std::str::FromStr;

/// Bytes that a record may have; a path and a host name are the longest things in it.
pub(crate) const LARGEST: usize = 16 << 10;

/// The version of the format that is written here. An older program that changes a newer one's
/// record leaves the number as it is.
///
/// In version 2 the rights to change packet filters, to use System V IPC and to lock memory have
/// words of their own; before, every prison had them. In version 3 those of `allow.suser` and
/// `allow.unprivileged_proc_debug` have. In version 4 the right to clear flags of files has;
/// before, whoever could set them could.
const VERSION: u32 = 4;

/// One prison as the registry knows it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Record {
    /// Jail identifier, from 1.
    pub jid: u32,
    /// Name; the jid in digits when no name was given.
    pub name: String,
    /// The jid of the jail that this one is in; 0: of none.
    pub parent: u32,
    /// The jails that may be inside.
    pub children: Limits,
    /// The init of the jail that has made this one: the record is in that jail's registry, not in
    /// this one. `None`: the record is in this registry.
    pub(crate) outer: Option<ProcessId>,
    /// How many jails are inside now, at any depth.
    pub inside: u32,
    /// The root, as the host sees it.
    pub path: PathBuf,
    /// The host's ids of its users.
    pub ids: Ids,
    /// Directory in the cgroup v2 tree, on hosts that have one.
    pub cgroup: Option<PathBuf>,
    /// The addresses of a shared network stack that it is held to, if it is.
    pub(crate) addresses: Option<Addresses>,
    /// The mark of the sockets that its processes make, if they have one.
    pub mark: Option<Mark>,
    /// The prison's own /dev, where that can be changed.
    pub dev: Option<RecordedDev>,
    /// The lines of fstab(5) that are mounted in the prison, in this order. `None`: that is not
    /// known.
    pub mounts: Option<Vec<Mounted>>,
    /// Directories that were made for the prison and are removed with it: [`crate::work`].
    pub(crate) work: Vec<PathBuf>,
    /// jail_set(2)'s parameters by name, for jls(8).
    pub parameters: Vec<(String, Vec<u8>)>,
    /// What a change that is under way, or was killed, has still to carry out.
    pub(crate) pending: Option<Pending>,
    /// The rights that decide on the filter and the capabilities of everything that enters.
    pub(crate) rights: Rights,
    /// The command that makes the prison; `None` once that is made.
    pub(crate) creator: Option<ProcessId>,
    /// Process 1 of the prison; `None` while the prison is being made.
    pub(crate) init: Option<ProcessId>,
    /// A process that waits to be started: [`crate::enter::waiting`].
    pub(crate) waiting: Option<ProcessId>,
    /// The prison's processes live in a Landlock domain of init's, which makes them:
    /// [`crate::enter::delegate`].
    pub(crate) domain: bool,
    /// kernel.random.boot_id when the prison was made: process numbers of another boot mean
    /// nothing.
    pub(crate) boot: String,
    /// The inode number of the pid namespace that process numbers are of; `None` when an older
    /// kletka has made the prison.
    pub(crate) pid_namespace: Option<u64>,
    /// The version of the format that the record is written in.
    pub(crate) version: u32,
    /// Words among the rights that a newer program has written; they grant nothing here.
    pub(crate) unknown_rights: Vec<String>,
    /// Lines that a newer program has written, unchanged.
    pub(crate) unknown: Vec<Vec<u8>>,
}

/// What a record says of a prison's own /dev.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct RecordedDev {
    /// The number of its devfs ruleset.
    pub ruleset: u16,
    /// Rules that were applied to it since, in the words of devfs(8).
    pub applied: Vec<Vec<u8>>,
    /// The number of the file system.
    pub(crate) device: u64,
}

impl RecordedDev {
    /// Reads the value of a record's line.
    fn parse(text: &str) -> Option<Self> {
        let (ruleset, device) = text.split_once(' ')?;
        let (ruleset, device) = (ruleset.parse().ok()?, device.parse().ok()?);
        Some(Self { ruleset, applied: Vec::new(), device })
    }
}

/// What can still be said of a record that does not say how to find its prison.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub(crate) struct Broken {
    pub(crate) name: Option<String>,
    /// The jids of jails inside.
    pub(crate) children: Limits,
    pub(crate) ids: Option<Ids>,
    /// A newer program has written it.
    pub(crate) is_newer: bool,
}

impl Record {
    /// Whether a jail has made this one: then the record is in that jail's registry, and only what
    /// can be true of it is in this value.
    pub fn is_inside(&self) -> bool {
        self.outer.is_some()
    }

    /// Whether this jail is inside `outer`, at any depth: its name says so.
    pub(crate) fn is_within(&self, outer: &Self) -> bool {
        self.name.strip_prefix(&outer.name).is_some_and(|rest| rest.starts_with('.'))
    }

    /// A parameter's value as it was given, if one was.
    pub fn parameter(&self, name: &str) -> Option<&[u8]> {
        self.parameters.iter().find(|(key, _)| key == name).map(|(_, value)| value.as_slice())
    }

    /// The lines that only a newer kletka understands, as `key=value`, and the words of `rights`
    /// that are not understood.
    pub fn unknown(&self) -> impl Iterator<Item = Vec<u8>> {
        let rights = self.unknown_rights.join(" ");
        let rights = (!rights.is_empty()).then(|| format!("rights={rights}").into_bytes());
        rights.into_iter().chain(self.unknown.iter().cloned())
    }

    pub(crate) fn to_bytes(&self) -> Vec<u8> {
        let mut out = Vec::new();
        let mut line = |key: &str, value: &[u8]| {
            out.extend_from_slice(key.as_bytes());
            out.push(b'=');
            for &byte in value {
                match byte {
                    b'\\' => out.extend_from_slice(b"\\\\"),
                    // A value may be anything that jail.conf can hold: a line end in it would begin
                    // another key.
                    b'\n' => out.extend_from_slice(b"\\n"),
                    _ => out.push(byte),
                }
            }
            out.push(b'\n');
        };
        // Kept when it is higher: the lines that only the newer program knows are written back too.
        line("version", self.version.max(VERSION).to_string().as_bytes());
        line("jid", self.jid.to_string().as_bytes());
        line("name", self.name.as_bytes());
        line("path", self.path.as_os_str().as_bytes());
        if self.parent != 0 {
            line("parent", self.parent.to_string().as_bytes());
        }
        if self.children.has_room() {
            let Limits { max, first, room } = self.children;
            line("children", Limits::new(max, first).text().as_bytes());
            if room != max {
                line("children.room", room.to_string().as_bytes());
            }
        }
        line("ids", self.ids.first.to_string().as_bytes());
        let mut rights: Vec<&str> = self.rights.words().collect();
        rights.extend(self.unknown_rights.iter().map(String::as_str));
        line("rights", rights.join(" ").as_bytes());
        line("boot", self.boot.as_bytes());
        if let Some(namespace) = self.pid_namespace {
            line("pidns", namespace.to_string().as_bytes());
        }
        if let Some(cgroup) = &self.cgroup {
            line("cgroup", cgroup.as_os_str().as_bytes());
        }
        if let Some(addresses) = &self.addresses {
            line("addresses", addresses.to_string().as_bytes());
        }
        if let Some(mark) = self.mark {
            line("mark", mark.to_string().as_bytes());
        }
        if let Some(dev) = &self.dev {
            line("devfs", format!("{} {}", dev.ruleset, dev.device).as_bytes());
            dev.applied.iter().for_each(|rule| line("devfs.applied", rule));
        }
        if let Some(mounts) = &self.mounts {
            // Said even of none: an older kletka's record says nothing.
            line("mounts", mounts.len().to_string().as_bytes());
            for mounted in mounts {
                line("mounted", mounted.target.as_os_str().as_bytes());
                line("mounted.as", mounted.what.as_bytes());
                if let Some(numbers) = &mounted.only_as {
                    let words: Vec<_> = numbers.iter().map(u64::to_string).collect();
                    line("mounted.only", words.join(" ").as_bytes());
                }
            }
        }
        for work in &self.work {
            line("work", work.as_os_str().as_bytes());
        }
        for (key, process) in
            [("creator", self.creator), ("init", self.init), ("waiting", self.waiting)]
        {
            if let Some(process) = process {
                line(key, process.text().as_bytes());
            }
        }
        if self.domain {
            line("domain", b"init");
        }
        for (name, value) in &self.parameters {
            line(&format!("parameter.{name}"), value);
        }
        for (key, value) in self.pending.iter().flat_map(Pending::lines) {
            line(key, &value);
        }
        for line in &self.unknown {
            out.extend_from_slice(line);
            out.push(b'\n');
        }
        out
    }

    /// Reads the record that this text is: the content of a file of the registry, or what a test
    /// makes up. `None`: the text is no record.
    pub fn of_text(text: &[u8]) -> Option<Self> {
        Self::parse(text).ok()
    }

    /// Reads what [`Record::to_bytes`] wrote, of this program, an older or a newer one.
    pub(crate) fn parse(bytes: &[u8]) -> Result<Self, Broken> {
        let mut record = Self::empty();
        let mut is_whole = true;
        for line in bytes.split(|&byte| byte == b'\n').filter(|line| !line.is_empty()) {
            match record.take_line(line) {
                Line::Taken => {}
                Line::Unknown => record.unknown.push(line.to_vec()),
                Line::Wrong => is_whole = false,
            }
        }
        if record.version < 2 {
            (record.rights.packet_filters, record.rights.ipc) = (true, IpcKinds::ALL);
            record.rights.allow = record.rights.allow.with(Permission::Mlock);
        }
        if record.version < 3 {
            let always = [Permission::Suser, Permission::ProcDebug];
            record.rights.allow = always.into_iter().fold(record.rights.allow, Allow::with);
        }
        if record.version < 4 {
            record.rights.clears_flags = true;
        }
        if is_whole && record.jid > 0 && record.init.or(record.creator).is_some() {
            return Ok(record);
        }
        // No other prison may be given these.
        let name = Some(record.name).filter(|name| !name.is_empty());
        let ids = Some(record.ids).filter(|ids| *ids != Ids::SAME);
        let is_newer = record.version > VERSION;
        Err(Broken { name, children: record.children, ids, is_newer })
    }

    /// A record that says nothing.
    pub(crate) fn empty() -> Self {
        Self {
            jid: 0,
            name: String::new(),
            parent: 0,
            children: Limits::default(),
            outer: None,
            inside: 0,
            path: PathBuf::new(),
            ids: Ids::SAME,
            cgroup: None,
            addresses: None,
            mark: None,
            dev: None,
            mounts: None,
            work: Vec::new(),
            parameters: Vec::new(),
            pending: None,
            rights: Rights::NONE,
            creator: None,
            init: None,
            waiting: None,
            domain: false,
            boot: String::new(),
            pid_namespace: None,
            version: 0,
            unknown_rights: Vec::new(),
            unknown: Vec::new(),
        }
    }

    /// Takes one line into this record.
    fn take_line(&mut self, line: &[u8]) -> Line {
        let Some(equals) = line.iter().position(|&byte| byte == b'=') else { return Line::Unknown };
        let Ok(key) = std::str::from_utf8(&line[..equals]) else { return Line::Unknown };
        let value = unescape(&line[equals + 1..]);
        if let Some(name) = key.strip_prefix("parameter.") {
            self.parameters.push((name.to_owned(), value));
            return Line::Taken;
        }
        if let Some(part) = key.strip_prefix("pending.") {
            let taken = self.pending.get_or_insert_default().take(part, &value);
            return if taken.is_some() { Line::Taken } else { Line::Unknown };
        }
        let path = || PathBuf::from(OsStr::from_bytes(&value));
        match key {
            "path" => self.path = path(),
            "cgroup" => self.cgroup = Some(path()),
            "work" => self.work.push(path()),
            "mounted" => match &mut self.mounts {
                Some(mounts) => {
                    mounts.push(Mounted { target: path(), what: String::new(), only_as: None });
                }
                None => return Line::Unknown,
            },
            "devfs.applied" => match &mut self.dev {
                Some(dev) => dev.applied.push(value),
                None => return Line::Unknown,
            },
            _ => return self.take_text(key, &value),
        }
        Line::Taken
    }

    /// Takes a line whose value must be text; paths and parameters may be any bytes.
    fn take_text(&mut self, key: &str, value: &[u8]) -> Line {
        let text = std::str::from_utf8(value).ok();
        fn number<T: FromStr>(text: Option<&str>) -> Option<T> {
            text?.parse().ok()
        }
        let process = || ProcessId::parse(text?);
        let taken = match key {
            "version" => number(text).map(|version| self.version = version),
            "jid" => number(text).map(|jid| self.jid = jid),
            "name" => text.map(|name| name.clone_into(&mut self.name)),
            "parent" => number(text).map(|parent| self.parent = parent),
            "children" => text.and_then(Limits::parse).map(|children| self.children = children),
            "children.room" => number(text).map(|room| self.children.room = room),
            "ids" => number(text).map(|first| self.ids = Ids { first }),
            "rights" => text.map(|words| self.take_rights(words)),
            "boot" => text.map(|boot| boot.clone_into(&mut self.boot)),
            "pidns" => number(text).map(|namespace| self.pid_namespace = Some(namespace)),
            "creator" => process().map(|creator| self.creator = Some(creator)),
            "init" => process().map(|init| self.init = Some(init)),
            "waiting" => process().map(|waiting| self.waiting = Some(waiting)),
            "addresses" => text.and_then(Addresses::parse).map(|addresses| {
                self.addresses = Some(addresses);
                self.rights.is_held = true;
            }),
            "mark" => text.and_then(Mark::parse).map(|mark| self.mark = Some(mark)),
            "devfs" => text.and_then(RecordedDev::parse).map(|dev| self.dev = Some(dev)),
            "mounts" => text.map(|_| self.mounts = Some(Vec::new())),
            "mounted.as" => text.and_then(|text| {
                let last = self.mounts.as_mut()?.last_mut()?;
                text.clone_into(&mut last.what);
                Some(())
            }),
            "mounted.only" => text.and_then(|text| {
                let last = self.mounts.as_mut()?.last_mut()?;
                let words = text.split(' ').filter(|word| !word.is_empty());
                last.only_as = Some(words.map(|word| word.parse().ok()).collect::<Option<_>>()?);
                Some(())
            }),
            "domain" => text.map(|domain| self.domain = domain == "init"),
            _ => return Line::Unknown,
        };
        taken.map_or(Line::Wrong, |()| Line::Taken)
    }

    fn take_rights(&mut self, words: &str) {
        for word in words.split(' ').filter(|word| !word.is_empty()) {
            // A word that is not understood grants nothing: an older program never gives more than
            // the newer one did.
            if !self.rights.grant(word) {
                self.unknown_rights.push(word.to_owned());
            }
        }
    }
}

/// What became of a line.
enum Line {
    Taken,
    /// The key is not known.
    Unknown,
    /// The key is known, but cannot have this value.
    Wrong,
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
    use crate::registry::process_id::Mark;
    use crate::spec::{Families, Users};

    fn record() -> Record {
        Record {
            jid: 7,
            name: "web.a=b".into(),
            parent: 3,
            children: Limits { max: 5, first: 8, room: 6 },
            path: PathBuf::from(OsStr::from_bytes(b"/jails/\xff\n\\n")),
            ids: Ids { first: 0x1000_0000 },
            cgroup: Some("/sys/fs/cgroup/kletka/7".into()),
            mark: Some(crate::mark::Mark { value: 0x300_0000, mask: 0x1f00_0000 }),
            dev: Some(RecordedDev {
                ruleset: 11,
                applied: vec![b"path x\n unhide".to_vec()],
                device: 57,
            }),
            mounts: Some(vec![
                Mounted { target: "/tmp\nx".into(), what: "/var nullfs ro".into(), only_as: None },
                Mounted {
                    target: "/b".into(),
                    what: "tmpfs tmpfs rw".into(),
                    only_as: Some(vec![7, 12]),
                },
                Mounted { target: "/c".into(), what: String::new(), only_as: Some(vec![]) },
            ]),
            work: vec!["/a/.b.kletka-work".into(), "/c\n".into()],
            parameters: vec![("host.hostname".into(), b"a\nb\\".to_vec())],
            rights: Rights {
                allow: Allow::default().with(Permission::Quotas),
                families: Families { inet: true, inet6: false },
                users: Users::Host,
                own_network: true,
                carried_network: true,
                children: true,
                packet_filters: true,
                clears_flags: true,
                ipc: IpcKinds { messages: true, semaphores: false, memory: true },
                mediated_mounts: true,
                own_release: true,
                is_held: false,
            },
            creator: Some(ProcessId { pid: 11, mark: Mark::Start(34) }),
            init: Some(ProcessId { pid: 12, mark: Mark::Inode(345) }),
            waiting: Some(ProcessId { pid: 13, mark: Mark::Inode(346) }),
            domain: true,
            boot: "b".into(),
            pid_namespace: Some(4_026_531_836),
            version: VERSION,
            ..Record::empty()
        }
    }

    #[test]
    fn survives_writing_and_reading() {
        assert_eq!(Record::parse(&record().to_bytes()), Ok(record()));
        assert!(record().to_bytes().starts_with(b"version=4\njid=7\n"));
    }

    /// What kletka wrote before records had a version.
    #[test]
    fn a_record_of_the_past_is_read() {
        let old = b"jid=1\nname=web\npath=/jails/web\nids=268435456\n\
            rights=set_hostname reserved_ports own_network\nboot=b\ncgroup=/sys/fs/cgroup/kletka/1\n\
            init=42 inode 4711\nparameter.persist=true\n";
        let record = Record::parse(old).unwrap();
        assert_eq!((record.jid, record.version, record.unknown.len()), (1, 0, 0));
        let allow = Allow::default().with(Permission::Mlock);
        assert!(record.rights.own_network && record.rights.allow == allow);
        let words: Vec<_> = record.rights.words().collect();
        assert_eq!(
            words,
            [
                "mlock",
                "reserved_ports",
                "set_hostname",
                "suser",
                "unprivileged_proc_debug",
                "own_network",
                "sysvmsg",
                "sysvsem",
                "sysvshm",
                "packet_filters",
                "clears_flags"
            ]
        );
    }

    /// Lines and rights of a newer kletka are written back as they were, and grant nothing.
    #[test]
    fn a_record_of_the_future_is_kept() {
        let future = b"version=9\njid=1\nname=web\nrights=raw_sockets fly inet\nboot=b\n\
            init=42 inode 4711\ncolour=blue\\n\nno value\n\xff=\xfe\n";
        let record = Record::parse(future).unwrap();
        assert!(record.rights.words().eq(["raw_sockets", "inet"]));
        let unknown: Vec<_> = record.unknown().collect();
        let want = [&b"rights=fly"[..], b"colour=blue\\n", b"no value", b"\xff=\xfe"];
        assert_eq!(unknown, want);
        let written = record.to_bytes();
        assert!(written.starts_with(b"version=9\n"));
        assert!(written.ends_with(b"\ncolour=blue\\n\nno value\n\xff=\xfe\n"));
        assert_eq!(Record::parse(&written), Ok(record));
    }

    #[test]
    fn what_is_not_a_record_is_broken() {
        for bytes in [
            &b""[..],
            b"jid",
            b"jid=x\n",
            b"name=web\n",
            b"jid=1\ninit=3\n",
            b"jid=1\nx=y\n",
            b"jid=1\ninit=3 moon 4\n",
            b"jid=1\ninit=3 inode 4\nchildren=some\n",
        ] {
            assert!(Record::parse(bytes).is_err(), "{}", bytes.escape_ascii());
        }
        let broken = Record::parse(b"name=web\nids=65536\n").unwrap_err();
        let ids = Some(Ids { first: 65_536 });
        let (name, children) = (Some("web".into()), Limits::default());
        assert_eq!(broken, Broken { name, children, ids, is_newer: false });
        assert!(Record::parse(b"version=5\njid=7\ninit=3 moon 4\n").unwrap_err().is_newer);
    }
}
