//! What the registry keeps of one prison, as text: a `key=value` line each, written whole or not at all.

use crate::attach::readable;
use crate::ids::Ids;
use crate::nested::Limits;
use crate::spec::Users;
use crate::sys;
use rustix::event::{PollFd, PollFlags, Timespec, poll};
use rustix::fs::{Mode, OFlags, fstat, fstatfs, open};
use rustix::io::{Errno, read};
use rustix::process::{Pid, PidfdFlags, getpid, pidfd_open};
use std::ffi::OsStr;
use std::os::fd::{AsFd, BorrowedFd, OwnedFd};
use std::os::unix::ffi::OsStrExt;
use std::path::PathBuf;
use std::time::Duration;

/// A process that cannot be mistaken for a later one with the same number.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct ProcessId {
    pub(crate) pid: u32,
    pub(crate) mark: Mark,
}

/// What tells two processes with the same number apart, until the machine is started again.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Mark {
    /// Inode number of its pidfds: Linux 6.9, where they have a file system of their own.
    Inode(u64),
    /// Clock ticks from boot to its start: proc_pid_stat(5), field 22.
    Start(u64),
}

/// Processes that [`ProcessId::living`] has open at once.
const AT_ONCE: usize = 64;

/// The type that statfs(2) gives for the file system of pidfds.
const PIDFS_MAGIC: i64 = 0x5049_4446;

impl ProcessId {
    /// The process `pid`, which `pidfd` is of.
    pub(crate) fn of(pid: u32, pidfd: BorrowedFd<'_>) -> Option<Self> {
        let has_inodes = fstatfs(pidfd).is_ok_and(|fs| fs.f_type == PIDFS_MAGIC);
        let mark = if has_inodes { Mark::Inode(fstat(pidfd).ok()?.st_ino) } else { start(pid)? };
        Some(Self { pid, mark })
    }

    /// This process.
    pub(crate) fn own() -> Option<Self> {
        let pid = getpid();
        let pidfd = pidfd_open(pid, PidfdFlags::empty()).ok()?;
        Self::of(pid.as_raw_pid() as u32, pidfd.as_fd())
    }

    /// A pidfd, if the process still lives.
    pub(crate) fn open(self) -> Option<OwnedFd> {
        let pidfd = self.same().ok()??;
        // One that has ended and waits to be collected counts as gone.
        let ended = readable(pidfd.as_fd(), Some(Duration::ZERO)).unwrap_or(true);
        (!ended).then_some(pidfd)
    }

    /// Its root directory, if the process still lives. Whose root that is may have written all that is in it.
    pub(crate) fn root(self) -> Option<OwnedFd> {
        let flags = OFlags::PATH | OFlags::DIRECTORY | OFlags::CLOEXEC;
        let root = open(format!("/proc/{}/root", self.pid), flags, Mode::empty()).ok()?;
        // The number may have been another process's by then.
        self.open().map(|_| root)
    }

    /// A pidfd, if there is a process of this number and it is the same; it may have ended, and wait to be
    /// collected. Opened before the mark is compared, so that the descriptor is of the very process that was asked
    /// for. Fails when there is no descriptor left for it.
    fn same(self) -> rustix::io::Result<Option<OwnedFd>> {
        let Some(pid) = i32::try_from(self.pid).ok().and_then(Pid::from_raw) else {
            return Ok(None);
        };
        let pidfd = match pidfd_open(pid, PidfdFlags::empty()) {
            Err(error @ (Errno::MFILE | Errno::NFILE | Errno::NOMEM)) => return Err(error),
            Err(_) => return Ok(None),
            Ok(pidfd) => pidfd,
        };
        let same = match self.mark {
            Mark::Inode(inode) => fstat(&pidfd)?.st_ino == inode,
            Mark::Start(_) => start(self.pid) == Some(self.mark),
        };
        Ok(same.then_some(pidfd))
    }

    /// Which of these processes live: [`ProcessId::open`] for many, in fewer system calls. One that cannot be looked
    /// at counts as living: what is taken for dead is cleared away.
    pub(crate) fn living(processes: &[Option<Self>]) -> Vec<bool> {
        let mut living = Vec::with_capacity(processes.len());
        for some in processes.chunks(AT_ONCE) {
            let same = some.iter().map(|process| process.map_or(Ok(None), Self::same));
            let same: Vec<_> = same.collect();
            let opened = same.iter().flatten().flatten();
            let mut fds: Vec<_> = opened.map(|pidfd| PollFd::new(pidfd, PollFlags::IN)).collect();
            // Nothing is waited for, so nothing interrupts it; should it fail, no process has ended.
            let _ = poll(&mut fds, Some(&Timespec { tv_sec: 0, tv_nsec: 0 }));
            let mut ended = fds.iter().map(|fd| !fd.revents().is_empty());
            living.extend(same.iter().map(|pidfd| match pidfd {
                Ok(pidfd) => pidfd.is_some() && ended.next() == Some(false),
                Err(_) => true,
            }));
            drop(fds);
            sys::close_many(same.into_iter().filter_map(|pidfd| pidfd.ok().flatten()));
        }
        living
    }

    fn text(self) -> String {
        match self.mark {
            Mark::Inode(inode) => format!("{} inode {inode}", self.pid),
            Mark::Start(ticks) => format!("{} start {ticks}", self.pid),
        }
    }

    fn parse(text: &str) -> Option<Self> {
        let mut words = text.split(' ');
        let pid = words.next()?.parse().ok()?;
        let mark = match words.next()? {
            "inode" => Mark::Inode(words.next()?.parse().ok()?),
            "start" => Mark::Start(words.next()?.parse().ok()?),
            _ => return None,
        };
        Some(Self { pid, mark })
    }
}

fn start(pid: u32) -> Option<Mark> {
    let stat = read_small(&format!("/proc/{pid}/stat"))?;
    let field = stat.rsplit_once(')')?.1.split_ascii_whitespace().nth(22 - 3)?;
    field.parse().ok().map(Mark::Start)
}

/// A file of /proc that has less than a kilobyte, in one read(2).
pub(crate) fn read_small(path: &str) -> Option<String> {
    let mut bytes = [0; 1024];
    let file = open(path, OFlags::RDONLY | OFlags::CLOEXEC, Mode::empty()).ok()?;
    let length = read(file, &mut bytes).ok()?;
    String::from_utf8(bytes[..length].to_vec()).ok()
}

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

/// What a process that enters may do: kept, because jexec(8) must give the same as the first start.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct Rights {
    pub(crate) allow: crate::spec::Allow,
    pub(crate) families: crate::spec::Families,
    pub(crate) users: Users,
    /// It has a network stack of its own.
    pub(crate) own_network: bool,
    /// It may have jails inside.
    pub(crate) children: bool,
}

impl Rights {
    fn text(self) -> String {
        let (allow, families) = (self.allow, self.families);
        let all = [
            (allow.raw_sockets, "raw_sockets"),
            (allow.quotas, "quotas"),
            (allow.set_hostname, "set_hostname"),
            (allow.chflags, "chflags"),
            (allow.reserved_ports, "reserved_ports"),
            (allow.mount, "mount"),
            (families.inet, "inet"),
            (families.inet6, "inet6"),
            (self.users == Users::Host, "host_users"),
            (self.users == Users::Outer, "outer_users"),
            (self.own_network, "own_network"),
            (self.children, "children"),
        ];
        all.iter().filter(|(on, _)| *on).map(|(_, name)| *name).collect::<Vec<_>>().join(" ")
    }

    fn parse(text: &str) -> Self {
        let words: Vec<&str> = text.split(' ').collect();
        let has = |name: &str| words.contains(&name);
        Self {
            allow: crate::spec::Allow {
                raw_sockets: has("raw_sockets"),
                quotas: has("quotas"),
                set_hostname: has("set_hostname"),
                chflags: has("chflags"),
                reserved_ports: has("reserved_ports"),
                mount: has("mount"),
            },
            families: crate::spec::Families { inet: has("inet"), inet6: has("inet6") },
            users: match (has("host_users"), has("outer_users")) {
                (true, _) => Users::Host,
                (_, true) => Users::Outer,
                _ => Users::Own,
            },
            own_network: has("own_network"),
            children: has("children"),
        }
    }

    /// What is left of these rights in a jail that has `outer` ones.
    pub(crate) fn within(self, outer: Self) -> Self {
        let (a, b) = (self.allow, outer.allow);
        Self {
            allow: crate::spec::Allow {
                raw_sockets: a.raw_sockets && b.raw_sockets,
                quotas: a.quotas && b.quotas,
                set_hostname: a.set_hostname && b.set_hostname,
                chflags: a.chflags && b.chflags,
                reserved_ports: a.reserved_ports && b.reserved_ports,
                mount: a.mount && b.mount,
            },
            families: crate::spec::Families {
                inet: self.families.inet && (self.own_network || outer.families.inet),
                inet6: self.families.inet6 && (self.own_network || outer.families.inet6),
            },
            ..self
        }
    }
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

    /// Reads what [`Record::to_bytes`] wrote; `None` when it is not that.
    pub(crate) fn parse(bytes: &[u8]) -> Option<Self> {
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
    use crate::spec::{Allow, Families};

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

    #[test]
    fn many_processes_at_once() {
        let own = ProcessId::own();
        let gone = own.map(|own| ProcessId { mark: Mark::Inode(1), ..own });
        let mut ended = std::process::Command::new("/bin/true").spawn().unwrap();
        let pid = Pid::from_raw(ended.id() as i32).unwrap();
        let pidfd = pidfd_open(pid, PidfdFlags::empty()).unwrap();
        let uncollected = ProcessId::of(ended.id(), pidfd.as_fd());
        assert!(readable(pidfd.as_fd(), None).unwrap() && uncollected.is_some());
        for count in [0, 1, AT_ONCE, AT_ONCE + 1] {
            let processes = [vec![own; count], vec![gone, own, None, uncollected, own]].concat();
            let want = [vec![true; count], vec![false, true, false, false, true]].concat();
            assert_eq!(ProcessId::living(&processes), want);
        }
        ended.wait().unwrap();
    }

    #[test]
    fn a_process_is_known_by_more_than_its_number() {
        let own = ProcessId::own().unwrap();
        assert!(own.open().is_some());
        let Some(Mark::Start(ticks)) = start(own.pid) else { panic!("no start time") };
        for (mark, lives) in
            [(Mark::Start(ticks), true), (Mark::Start(ticks + 1), false), (Mark::Inode(1), false)]
        {
            assert_eq!(ProcessId { mark, ..own }.open().is_some(), lives, "{mark:?}");
        }
    }
}
