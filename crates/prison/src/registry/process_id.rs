//! Which process is meant: a number, and a mark that tells the process from a later one with that
//! number.

use crate::registry::unseen::Unseen;
use kernel::child::readable;
use kernel::descriptor::close_many;
use kernel::proc::read_small;
use rustix::event::{PollFd, PollFlags, Timespec, poll};
use rustix::fs::{Mode, OFlags, ResolveFlags, fstat, fstatfs, open, openat2, readlink};
use rustix::io::Errno;
use rustix::process::{Pid, PidfdFlags, getpid, pidfd_open};
use std::os::fd::{AsFd, BorrowedFd, OwnedFd};
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
    /// Inode number of the process's pidfds, from Linux 6.9 on, where these have a file system of
    /// their own. One fstat(2) reads it, where the start time takes a file of /proc.
    Inode(u64),
    /// Clock ticks from boot to the process's start: proc_pid_stat(5), field 22.
    Start(u64),
}

/// What can be said of a process.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) enum Presence {
    Lives,
    /// The process has ended; it may wait to be collected.
    Gone,
    /// The process cannot be looked at.
    Unseen(Unseen),
}

/// Processes that [`ProcessId::presences`] has open at once.
const AT_ONCE: usize = 64;

/// The type that statfs(2) gives for the file system of pidfds.
const PIDFS_MAGIC: i64 = 0x5049_4446;

impl ProcessId {
    /// The process `pid`, behind `pidfd`.
    pub(crate) fn of(pid: u32, pidfd: BorrowedFd<'_>) -> Option<Self> {
        // Before, all pidfds shared one inode, which tells nothing.
        let has_inodes = fstatfs(pidfd).is_ok_and(|fs| fs.f_type == PIDFS_MAGIC);
        let mark = if has_inodes { Mark::Inode(fstat(pidfd).ok()?.st_ino) } else { start(pid)? };
        Some(Self { pid, mark })
    }

    /// This process.
    ///
    /// # Errors
    /// Of pidfd_open(2); `ENOENT`: /proc does not show this process.
    pub(crate) fn own() -> rustix::io::Result<Self> {
        let pid = getpid();
        let pidfd = pidfd_open(pid, PidfdFlags::empty())?;
        Self::of(pid.as_raw_pid() as u32, pidfd.as_fd()).ok_or(Errno::NOENT)
    }

    /// Whether this process can find others at all: what it does not find is gone then.
    ///
    /// # Errors
    /// Why it cannot.
    pub(crate) fn can_be_seen() -> Result<(), Unseen> {
        pidfd_open(getpid(), PidfdFlags::empty()).map_err(Unseen::Process)?;
        if proc_is_own() { Ok(()) } else { Err(Unseen::OtherProc) }
    }

    /// Opens a pidfd, if the process still lives.
    pub(crate) fn open(self) -> Option<OwnedFd> {
        let pidfd = self.same().ok()??;
        // A process that has ended and waits to be collected counts as gone.
        (!has_ended(&pidfd)).then_some(pidfd)
    }

    /// Opens the process's root directory, if it still lives. Whoever has that root may have
    /// written everything in it.
    pub(crate) fn root(self) -> Option<OwnedFd> {
        let flags = OFlags::PATH | OFlags::DIRECTORY | OFlags::CLOEXEC;
        let root = open(format!("/proc/{}/root", self.pid), flags, Mode::empty()).ok()?;
        // Looked at afterwards: by the time of open(2) the number may have been another process's.
        self.open().map(|_| root)
    }

    /// Opens the directory `name` in the process's root. A link that the jail has put there leads
    /// neither out nor elsewhere inside.
    ///
    /// # Errors
    /// `SRCH`: the process has ended; what openat2(2) says.
    pub(crate) fn open_directory(self, name: &str) -> rustix::io::Result<OwnedFd> {
        let flags = OFlags::RDONLY | OFlags::DIRECTORY | OFlags::CLOEXEC;
        let resolve = ResolveFlags::IN_ROOT | ResolveFlags::NO_SYMLINKS;
        openat2(self.root().ok_or(Errno::SRCH)?, name, flags, Mode::empty(), resolve)
    }

    /// Opens a pidfd, if there is a process of this number and it is the same one; it may have
    /// ended, and wait to be collected. Fails when that cannot be found out.
    fn same(self) -> Result<Option<OwnedFd>, Unseen> {
        let pid = i32::try_from(self.pid).ok().and_then(Pid::from_raw);
        let pid = pid.ok_or(Unseen::Process(Errno::INVAL))?;
        // Opened before the mark is compared, so that the comparison is about the process of the
        // pidfd.
        let pidfd = match pidfd_open(pid, PidfdFlags::empty()) {
            // There is no such process; EINVAL and, on newer kernels, ENOENT: the number is that of
            // a thread.
            Err(Errno::SRCH | Errno::INVAL | Errno::NOENT) => return Ok(None),
            Err(error) => return Err(Unseen::Process(error)),
            Ok(pidfd) => pidfd,
        };
        let same = match self.mark {
            Mark::Inode(inode) => fstat(&pidfd).map_err(Unseen::Process)?.st_ino == inode,
            Mark::Start(_) => match start(self.pid) {
                Some(found) if found == self.mark => true,
                None if !has_ended(&pidfd) => return Err(Unseen::OtherProc),
                _ if !proc_is_own() => return Err(Unseen::OtherProc),
                _ => false,
            },
        };
        Ok(same.then_some(pidfd))
    }

    /// What can be said of each of these processes: [`ProcessId::open`] for many, by fewer system
    /// calls.
    pub(crate) fn presences(processes: &[Self]) -> Vec<Presence> {
        let mut presences = Vec::with_capacity(processes.len());
        for some in processes.chunks(AT_ONCE) {
            let same: Vec<_> = some.iter().map(|process| process.same()).collect();
            let opened = same.iter().flatten().flatten();
            let mut fds: Vec<_> = opened.map(|pidfd| PollFd::new(pidfd, PollFlags::IN)).collect();
            // With a timeout of 0 nothing interrupts poll(2); should it fail, no process counts as
            // ended.
            let _ = poll(&mut fds, Some(&Timespec { tv_sec: 0, tv_nsec: 0 }));
            let mut ended = fds.iter().map(|fd| !fd.revents().is_empty());
            presences.extend(same.iter().map(|pidfd| match pidfd {
                Ok(Some(_)) if ended.next() == Some(false) => Presence::Lives,
                Ok(_) => Presence::Gone,
                Err(why) => Presence::Unseen(why.clone()),
            }));
            drop(fds);
            close_many(same.into_iter().filter_map(|pidfd| pidfd.ok().flatten()));
        }
        presences
    }

    pub(crate) fn text(self) -> String {
        match self.mark {
            Mark::Inode(inode) => format!("{} inode {inode}", self.pid),
            Mark::Start(ticks) => format!("{} start {ticks}", self.pid),
        }
    }

    pub(crate) fn parse(text: &str) -> Option<Self> {
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

fn has_ended(pidfd: &OwnedFd) -> bool {
    readable(pidfd.as_fd(), Some(Duration::ZERO)).unwrap_or(true)
}

/// Whether /proc shows the processes of this process's own pid namespace.
fn proc_is_own() -> bool {
    let own = getpid().as_raw_pid().to_string();
    readlink("/proc/self", Vec::new()).is_ok_and(|link| link.to_bytes() == own.as_bytes())
}

fn start(pid: u32) -> Option<Mark> {
    let stat = read_small(&format!("/proc/{pid}/stat"))?;
    // The name, field 2, may have spaces and parentheses in it: fields count from the last one.
    let field = stat.rsplit_once(')')?.1.split_ascii_whitespace().nth(22 - 3)?;
    field.parse().ok().map(Mark::Start)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn many_processes_at_once() {
        use Presence::{Gone, Lives, Unseen as Unknown};
        let own = ProcessId::own().unwrap();
        let gone = ProcessId { mark: Mark::Inode(1), ..own };
        let none = ProcessId { pid: 0, ..own };
        let mut ended = std::process::Command::new("/bin/true").spawn().unwrap();
        let pid = Pid::from_raw(ended.id() as i32).unwrap();
        let pidfd = pidfd_open(pid, PidfdFlags::empty()).unwrap();
        let uncollected = ProcessId::of(ended.id(), pidfd.as_fd()).unwrap();
        assert!(readable(pidfd.as_fd(), None).unwrap());
        for count in [0, 1, AT_ONCE, AT_ONCE + 1] {
            let processes = [vec![own; count], vec![gone, own, none, uncollected, own]].concat();
            let unknown = Unknown(Unseen::Process(Errno::INVAL));
            let want = [vec![Lives; count], vec![Gone, Lives, unknown, Gone, Lives]].concat();
            assert_eq!(ProcessId::presences(&processes), want);
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
