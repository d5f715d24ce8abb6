//! Marks of sockets, by which the kernel chooses a routing table: what FreeBSD's setfib(2) is made
//! of here.
//!
//! FreeBSD's processes have a routing table each. Linux chooses a table by rules, and a rule can
//! look at the mark of a socket. A program in the kernel gives it to each socket that the processes
//! of a control group make, so that a mark belongs to a group: that of a prison, or one that
//! [`join_group_with`] makes for one process and its children.

use crate::cgroup;
use crate::error::{Calling, Error};
use crate::registry::is_jailed;
use kernel::descriptor;
use kernel::process::{Side, clone3, exit_now};
use rustix::event::{PollFd, PollFlags, Timespec, poll};
use rustix::fs::{Mode, OFlags, open};
use rustix::io::{Errno, read, write};
use rustix::pipe::{PipeFlags, pipe_with};
use rustix::process::{WaitId, WaitIdOptions, chdir, setsid, waitid};
use rustix::stdio::{dup2_stderr, dup2_stdin, dup2_stdout};
use rustix::time::{ClockId, clock_gettime};
use std::fmt;
use std::fs;
use std::io::{self, Read, Seek};
use std::os::fd::{AsFd, BorrowedFd, OwnedFd};
use std::os::unix::fs::MetadataExt;
use std::path::{Path, PathBuf};

/// How often an empty group is tried to be removed.
const ATTEMPTS: u32 = 50;
/// The time between two of these, and that after which a group is looked at anyway.
const SHORT: Timespec = Timespec { tv_sec: 0, tv_nsec: 100_000_000 };
const LONG: Timespec = Timespec { tv_sec: 600, tv_nsec: 0 };

/// The mark of all sockets that some processes make: `SO_MARK` of socket(7), among the bits of a
/// mask. The other bits are for others.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Mark {
    /// The bits that are set.
    pub value: u32,
    /// The bits that are ours.
    pub mask: u32,
}

impl fmt::Display for Mark {
    /// The form of ip-rule(8): `0x3000000/0x1f000000`.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{:#x}/{:#x}", self.value, self.mask)
    }
}

impl Mark {
    /// Reads what `Display` writes.
    pub(crate) fn parse(text: &str) -> Option<Self> {
        let (value, mask) = text.split_once('/')?;
        let number = |text: &str| u32::from_str_radix(text.strip_prefix("0x")?, 16).ok();
        Some(Self { value: number(value)?, mask: number(mask)? })
    }

    /// Gives the mark to the sockets of a control group.
    pub(crate) fn give(self, group: Option<&Path>) -> Result<(), Error> {
        if is_jailed() {
            return Err(Error::NoMarks("only the host can".into()));
        }
        let group = group.ok_or_else(no_groups)?;
        let group = cgroup::open_to_query(group).map_err(failed)?;
        ::addresses::mark_sockets(group.as_fd(), self.value, self.mask).map_err(failed)
    }
}

/// How the names of groups begin that [`join_group_with`] makes: with the pid namespace, as the
/// processes of several machines, which are containers, may be in one group.
fn prefix() -> Result<String, Error> {
    let namespace = fs::metadata("/proc/self/ns/pid").calling("/proc/self/ns/pid")?.ino();
    Ok(format!("kletka-setfib.{namespace:x}."))
}

/// No socket can have a mark, because of `error`.
fn failed(error: io::Error) -> Error {
    Error::NoMarks(strerror::of(&error).to_string())
}

fn no_groups() -> Error {
    Error::NoMarks("cgroup v2 is not mounted".into())
}

/// Moves this process into a control group of its own, inside the one that the process is in, so
/// that its sockets and those of its children have the mark. Limits stay what they are, and a
/// manager of services finds the process where it was.
///
/// The group is removed when its last process has ended: by a small process that waits for nothing
/// else, because the caller is about to execute a command.
///
/// # Errors
/// [`Error::NoMarks`]; then the process is where it was.
pub fn join_group_with(mark: Mark) -> Result<(), Error> {
    let (own, prefix) = (own_group()?, prefix()?);
    clear(&own, &prefix);
    let now = clock_gettime(ClockId::Monotonic);
    let unique = format!("{:x}{:08x}", now.tv_sec, now.tv_nsec);
    // The keeper's number tells whether the group has one.
    let of = |keeper: u32| own.join(format!("{prefix}{keeper}.{unique}"));
    let (waits, keeper) = start_keeper(of)?;
    let group = of(keeper);
    fs::create_dir(&group).map_err(failed)?;
    mark.give(Some(&group))?;
    fs::write(group.join("cgroup.procs"), "0").map_err(failed)?;
    // The keeper looks at the group from the moment that this descriptor is closed: by execve(2),
    // or by the end of this process.
    std::mem::forget(waits);
    Ok(())
}

/// Removes groups in `own` whose keeper was killed, if no process is in them.
fn clear(own: &Path, prefix: &str) {
    for entry in fs::read_dir(own).into_iter().flatten().flatten() {
        let name = entry.file_name().to_string_lossy().into_owned();
        let keeper = name.strip_prefix(prefix).and_then(|rest| rest.split('.').next());
        // A keeper would not see that somebody else removes its group, and wait for ever.
        if keeper.is_some_and(|pid| !fs::exists(format!("/proc/{pid}")).unwrap_or(true)) {
            let _ = fs::remove_dir(entry.path());
        }
    }
}

/// The groups that [`join_group_with`] has made on this machine and that are there now, each with
/// whether processes are in it. One without has lost the process that was to remove it, or is about
/// to be removed.
#[must_use]
pub fn groups_with_marks() -> Vec<(PathBuf, bool)> {
    let mut found = Vec::new();
    let Ok(prefix) = prefix() else { return found };
    let mut folders: Vec<PathBuf> = cgroup::hierarchy().into_iter().map(PathBuf::from).collect();
    while let Some(folder) = folders.pop() {
        for entry in fs::read_dir(folder).into_iter().flatten().flatten() {
            if !entry.file_type().is_ok_and(|kind| kind.is_dir()) {
                continue;
            }
            let path = entry.path();
            if entry.file_name().as_encoded_bytes().starts_with(prefix.as_bytes()) {
                let is_used = cgroup::is_populated(&path).unwrap_or(true);
                found.push((path.clone(), is_used));
            }
            folders.push(path);
        }
    }
    found.sort();
    found
}

/// The directory of the control group that this process is in.
fn own_group() -> Result<PathBuf, Error> {
    let hierarchy = cgroup::hierarchy().ok_or_else(no_groups)?;
    let text = fs::read_to_string("/proc/self/cgroup").calling("/proc/self/cgroup")?;
    let own = text.lines().find_map(|line| line.strip_prefix("0::/")).ok_or_else(no_groups)?;
    if own.starts_with("..") {
        return Err(Error::NoMarks("this process's control group lies outside".into()));
    }
    Ok(hierarchy.join(own))
}

/// Starts the process that removes a group, which need not exist yet; `group` names the group by
/// that process's number. The process belongs to no session that a terminal could end, and is
/// nobody's child who would be surprised by it. It begins when the answered descriptor is closed.
fn start_keeper(group: impl Fn(u32) -> PathBuf) -> Result<(OwnedFd, u32), Error> {
    let (theirs, ours) = pipe_with(PipeFlags::CLOEXEC).calling("pipe2")?;
    let (told, tells) = pipe_with(PipeFlags::CLOEXEC).calling("pipe2")?;
    match clone3(0, None).calling("clone3")? {
        Side::Child => {
            drop(ours);
            match clone3(0, None) {
                Ok(Side::Child) => keep(&group(std::process::id()), theirs.as_fd()),
                Ok(Side::Parent { pid, .. }) => drop(write(&tells, &pid.to_ne_bytes())),
                Err(_) => {}
            }
            exit_now(0)
        }
        Side::Parent { pidfd, .. } => {
            let _ = waitid(WaitId::PidFd(pidfd.as_fd()), WaitIdOptions::EXITED);
            drop(tells);
            let mut number = [0; 4];
            // Nothing was told: there is no second process.
            match read(&told, &mut number).calling("read")? {
                4 => Ok((ours, u32::from_ne_bytes(number))),
                _ => Err(Error::Call("clone3", Errno::AGAIN.into())),
            }
        }
    }
}

/// What the keeper does.
#[expect(unsafe_code, reason = "that nothing else is open is known here alone")]
fn keep(group: &Path, caller: BorrowedFd<'_>) {
    let _ = setsid();
    let _ = chdir("/");
    // Whoever reads what the command writes must see its end.
    if let Ok(null) = open("/dev/null", OFlags::RDWR | OFlags::CLOEXEC, Mode::empty()) {
        let _ = (dup2_stdin(&null), dup2_stdout(&null), dup2_stderr(&null));
        std::mem::forget(null);
    }
    // SAFETY: this process uses none of the other descriptors, and drops no owner of them: it has
    // forgotten the one that it has opened, and leaves by _exit(2).
    unsafe { descriptor::close_all_but([caller]) };
    while matches!(read(caller, &mut [0; 1]), Err(Errno::INTR)) {}
    let Ok(mut events) = fs::File::open(group.join("cgroup.events")) else { return };
    let mut attempts = ATTEMPTS;
    while attempts > 0 {
        let mut text = String::new();
        if events.rewind().and_then(|()| events.read_to_string(&mut text)).is_err() {
            return;
        }
        let is_empty = text.contains("populated 0");
        if is_empty && fs::remove_dir(group).is_ok() {
            return;
        }
        // A group that has lost its last process can still be busy for a moment.
        attempts -= u32::from(is_empty);
        // The kernel reports a change of the file as a priority event, once it has been read, but
        // not that somebody else has removed the group.
        let time = if is_empty { SHORT } else { LONG };
        let _ = poll(&mut [PollFd::new(&events, PollFlags::PRI)], Some(&time));
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn marks_are_written_as_they_are_read() {
        let mark = Mark { value: 0x300_0000, mask: 0x1f00_0000 };
        assert_eq!(mark.to_string(), "0x3000000/0x1f000000");
        assert_eq!(Mark::parse(&mark.to_string()), Some(mark));
        for text in ["", "0x3", "3/4", "0x3/0x1ffffffff"] {
            assert_eq!(Mark::parse(text), None, "{text}");
        }
    }
}
