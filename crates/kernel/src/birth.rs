//! Processes that are born in another pid namespace than this process's: pid_namespaces(7).
//!
//! A process stays in its pid namespace for ever; setns(2) only chooses where its children are
//! born. So this process chooses the other namespace, makes a child, and chooses its own again. In
//! a jail, whose pid namespace the host's user namespace owns, setns(2) refuses that way back:
//! there a process in between makes the child, and ends.

use crate::child::Child;
use crate::confine;
use crate::namespace::pid_of;
use crate::process::{Side, Stack, Work, clone3, clone3_sharing, clone3_with, exit_now};
use rustix::io::{Errno, read, write};
use rustix::pipe::{PipeFlags, pipe_with};
use rustix::process::Signal;
use rustix::thread::{
    LinkNameSpaceType, ThreadNameSpaceType, move_into_link_name_space, move_into_thread_name_spaces,
};
use std::fs::File;
use std::io;
use std::os::fd::{AsFd, BorrowedFd, FromRawFd, IntoRawFd, OwnedFd, RawFd};

/// Why a process could not be born.
#[derive(Debug)]
pub enum Error {
    /// The process behind the pid namespace has ended.
    Gone,
    /// This call failed.
    Call(&'static str, io::Error),
}

type Result<T> = std::result::Result<T, Error>;

/// Names the call whose error is turned into an [`Error`].
fn failed<E: Into<io::Error>>(call: &'static str) -> impl Fn(E) -> Error {
    move |error| Error::Call(call, error.into())
}

/// This process's own pid namespace, where its children are to be born again afterwards.
#[derive(Debug)]
pub struct Home(File);

impl Home {
    /// Opens the namespace. `None` in a jail after jexec(8): the host's user namespace owns the pid
    /// namespace there, and a process that has chosen another cannot choose its own again.
    ///
    /// # Errors
    /// /proc cannot be read; setns(2).
    pub fn find() -> Result<Option<Self>> {
        let own = File::open("/proc/self/ns/pid").map_err(failed("/proc/self/ns/pid"))?;
        let home = Self(own);
        // Tried at once, while nothing depends on it: to choose the own namespace changes nothing.
        match home.come_back() {
            Err(Errno::PERM) => Ok(None),
            other => other.map(|()| Some(home)).map_err(failed("setns")),
        }
    }

    fn come_back(&self) -> rustix::io::Result<()> {
        move_into_link_name_space(self.0.as_fd(), Some(LinkNameSpaceType::ProcessID))
    }
}

/// Has the later children of this process born in the pid namespace behind `init`; this process
/// stays in its own.
fn bear_in(init: BorrowedFd<'_>) -> rustix::io::Result<()> {
    move_into_thread_name_spaces(init, ThreadNameSpaceType::PROCESS_ID)
}

/// Makes a copy of this process in the pid namespace behind the pidfd `init`, in new `namespaces`
/// (CLONE_NEW* flags) and in `cgroup`; with `CLONE_NEWPID` in a pid namespace inside that one. The
/// calling process should have one thread, as for [`clone3`].
///
/// # Errors
/// [`Error::Gone`]; else which call failed.
pub fn copy(init: BorrowedFd<'_>, namespaces: u64, cgroup: Option<BorrowedFd<'_>>) -> Result<Side> {
    if namespaces & libc::CLONE_NEWPID as u64 != 0 {
        // After setns(2) into another pid namespace, clone3(2) refuses CLONE_NEWPID with EINVAL: a
        // process that was born in there has to make the new one.
        return sibling(|| copy_with_files(init), namespaces, cgroup, || Ok(()));
    }
    let Some(home) = Home::find()? else {
        return sibling(between, namespaces, cgroup, || bear_in(init));
    };
    bear_in(init).map_err(|_| Error::Gone)?;
    let cloned = clone3(namespaces, cgroup);
    if matches!(cloned, Ok(Side::Child)) {
        return Ok(Side::Child);
    }
    // Even if clone3(2) has failed: later children are to be born here again.
    home.come_back().map_err(failed("setns"))?;
    cloned.map_err(failed("clone3"))
}

/// Makes a process that does `work` in this one's memory, born in the pid namespace behind `init`:
/// [`clone3_sharing`]. `home` is this process's own pid namespace.
///
/// # Errors
/// [`Error::Gone`]; else which call failed. Then no process is left that uses `stack` or `work`.
///
/// # Safety
/// As for [`clone3_sharing`].
pub unsafe fn sharing<T: Work>(
    (init, home): (BorrowedFd<'_>, &Home),
    flags: u64,
    cgroup: Option<BorrowedFd<'_>>,
    stack: &mut Stack,
    work: &T,
) -> Result<Child> {
    // PR_SET_DUMPABLE marks the memory, which both processes share: set here, the mark is there
    // when the new process is born, before anybody inside could trace that.
    confine::hide_from_ptrace().map_err(failed("prctl"))?;
    bear_in(init).map_err(|_| Error::Gone)?;
    // SAFETY: by this function's contract.
    let made = unsafe { clone3_sharing(flags, cgroup, stack, work) };
    // Even if clone3(2) has failed: later children are to be born here again.
    let returned = home.come_back().map_err(failed("setns"));
    let (pid, pidfd) = made.map_err(failed("clone3"))?;
    let child = Child::new(pid, pidfd);
    if let Err(error) = returned {
        // The new process must not outlive its stack, which the caller is about to free.
        let _ = child.signal(Signal::KILL);
        let _ = child.wait(None);
        return Err(error);
    }
    Ok(child)
}

/// Makes a process in between, which shares this one's descriptors: the pidfd that it opens is open
/// here too.
fn between() -> Result<Side> {
    // SAFETY: `sibling` alone calls this, and has the process end without closing anything.
    unsafe { clone3_with(libc::CLONE_FILES as u64, None) }.map_err(failed("clone3"))
}

/// Makes a process in between, in the pid namespace behind `init`.
fn copy_with_files(init: BorrowedFd<'_>) -> Result<Side> {
    let Some(home) = Home::find()? else {
        // SAFETY: as in `between`; the process that makes it leaves its descriptors alone too.
        return sibling(between, libc::CLONE_FILES as u64, None, || bear_in(init));
    };
    bear_in(init).map_err(|_| Error::Gone)?;
    let cloned = between();
    if matches!(cloned, Ok(Side::Child)) {
        // The descriptor is shared with the parent, which still needs it: not closed here.
        std::mem::forget(home);
        return Ok(Side::Child);
    }
    home.come_back().map_err(failed("setns"))?;
    cloned
}

/// Has a process in between, which shares this one's descriptors, `prepare` itself, make another
/// child of this process, and end. The pidfd of the new child stays open here.
fn sibling(
    between: impl FnOnce() -> Result<Side>,
    flags: u64,
    cgroup: Option<BorrowedFd<'_>>,
    prepare: impl FnOnce() -> rustix::io::Result<()>,
) -> Result<Side> {
    let (told, tell) = pipe_with(PipeFlags::CLOEXEC).map_err(failed("pipe2"))?;
    let between = match between()? {
        Side::Parent { pid, pidfd } => Child::new(pid, pidfd),
        Side::Child => {
            // SAFETY: the new process has its own descriptors, or is one in between.
            let clone = || unsafe { clone3_with(flags | libc::CLONE_PARENT as u64, cgroup) };
            match prepare().map(|()| clone()) {
                Ok(Ok(Side::Child)) => {
                    if flags & libc::CLONE_FILES as u64 != 0 {
                        // The descriptors are shared with the parent, which still needs them: not
                        // closed here.
                        std::mem::forget((told, tell));
                    }
                    return Ok(Side::Child);
                }
                Ok(Ok(Side::Parent { pidfd, .. })) => {
                    let _ = write(&tell, &pidfd.into_raw_fd().to_ne_bytes());
                }
                _ => {}
            }
            exit_now(0)
        }
    };
    // When the process in between has ended, the number is in the pipe or never will be.
    between.wait(None).map_err(failed("waitid"))?;
    // With this end open, read(2) would wait for ever where nothing was written.
    drop(tell);
    let mut number = [0; 4];
    if read(&told, &mut number).map_err(failed("read"))? != number.len() {
        return Err(Error::Gone);
    }
    adopt(i32::from_ne_bytes(number)).map_err(|_| Error::Gone)
}

/// Takes over the pidfd `number`, which a process that shared this one's descriptors has opened
/// before it ended.
fn adopt(number: RawFd) -> io::Result<Side> {
    // SAFETY: the process that opened the descriptor has ended without closing it, and told only
    // this process its number.
    let pidfd = unsafe { OwnedFd::from_raw_fd(number) };
    let pid = u32::try_from(pid_of(pidfd.as_fd())?).map_err(|_| io::ErrorKind::NotFound)?;
    Ok(Side::Parent { pid, pidfd })
}
