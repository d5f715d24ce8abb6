//! Which process is meant: a number, and what tells it from a later process with the same number.

use kernel::child::readable;
use kernel::descriptor::close_many;
use kernel::proc::read_small;
use rustix::event::{PollFd, PollFlags, Timespec, poll};
use rustix::fs::{Mode, OFlags, fstat, fstatfs, open};
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

    /// Its root directory, if the process still lives. Whose root that is may have
    /// written all that is in it.
    pub(crate) fn root(self) -> Option<OwnedFd> {
        let flags = OFlags::PATH | OFlags::DIRECTORY | OFlags::CLOEXEC;
        let root = open(format!("/proc/{}/root", self.pid), flags, Mode::empty()).ok()?;
        // The number may have been another process's by then.
        self.open().map(|_| root)
    }

    /// A pidfd, if there is a process of this number and it is the same; it may have ended, and
    /// wait to be collected. Opened before the mark is compared, so that the descriptor is of the
    /// very process that was asked for. Fails when there is no descriptor left for it.
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

    /// Which of these processes live: [`ProcessId::open`] for many, in fewer system calls. One that
    /// cannot be looked at counts as living: what is taken for dead is cleared away.
    pub(crate) fn living(processes: &[Option<Self>]) -> Vec<bool> {
        let mut living = Vec::with_capacity(processes.len());
        for some in processes.chunks(AT_ONCE) {
            let same = some.iter().map(|process| process.map_or(Ok(None), Self::same));
            let same: Vec<_> = same.collect();
            let opened = same.iter().flatten().flatten();
            let mut fds: Vec<_> = opened.map(|pidfd| PollFd::new(pidfd, PollFlags::IN)).collect();
            // Nothing is waited for, so nothing interrupts it; should it
            // fail, no process has ended.
            let _ = poll(&mut fds, Some(&Timespec { tv_sec: 0, tv_nsec: 0 }));
            let mut ended = fds.iter().map(|fd| !fd.revents().is_empty());
            living.extend(same.iter().map(|pidfd| match pidfd {
                Ok(pidfd) => pidfd.is_some() && ended.next() == Some(false),
                Err(_) => true,
            }));
            drop(fds);
            close_many(same.into_iter().filter_map(|pidfd| pidfd.ok().flatten()));
        }
        living
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

fn start(pid: u32) -> Option<Mark> {
    let stat = read_small(&format!("/proc/{pid}/stat"))?;
    let field = stat.rsplit_once(')')?.1.split_ascii_whitespace().nth(22 - 3)?;
    field.parse().ok().map(Mark::Start)
}

#[cfg(test)]
mod tests {
    use super::*;

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
