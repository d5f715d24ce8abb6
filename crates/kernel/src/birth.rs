//! Processes that are born in another pid namespace than this process's: pid_namespaces(7).
//!
//! A process stays in its pid namespace; setns(2) only says where its children are born. So this
//! process says so, makes one, and takes it back. Inside a pid namespace of its own it cannot take
//! it back: there, a process in between does it, and ends.

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
    /// The process whose pid namespace it was to be in has ended.
    Gone,
    /// This call failed.
    Call(&'static str, io::Error),
}

type Result<T> = std::result::Result<T, Error>;

/// Names the call whose error is turned into an [`Error`].
fn failed<E: Into<io::Error>>(call: &'static str) -> impl Fn(E) -> Error {
    move |error| Error::Call(call, error.into())
}

/// This process's pid namespace, to come back to.
#[derive(Debug)]
pub struct Home(File);

impl Home {
    /// `None` where this process's own pid namespace belongs to the outside, as in a jail after
    /// jexec(8): whoever leaves that cannot come back.
    ///
    /// # Errors
    /// /proc cannot be read; setns(2).
    pub fn find() -> Result<Option<Self>> {
        let own = File::open("/proc/self/ns/pid").map_err(failed("/proc/self/ns/pid"))?;
        let home = Self(own);
        match home.come_back() {
            Err(Errno::PERM) => Ok(None),
            other => other.map(|()| Some(home)).map_err(failed("setns")),
        }
    }

    fn come_back(&self) -> rustix::io::Result<()> {
        move_into_link_name_space(self.0.as_fd(), Some(LinkNameSpaceType::ProcessID))
    }
}

/// Has the children of this process born in the pid namespace behind `init`;
/// itself stays where it is.
fn bear_in(init: BorrowedFd<'_>) -> rustix::io::Result<()> {
    move_into_thread_name_spaces(init, ThreadNameSpaceType::PROCESS_ID)
}

/// Makes a copy of this process in the pid namespace behind the pidfd `init`, in new `namespaces`
/// (CLONE_NEW* flags) and in `cgroup`; with `CLONE_NEWPID` in a pid namespace inside that one. It
/// is meant for a process with one thread: [`clone3`].
///
/// # Errors
/// [`Error::Gone`]; else which call failed.
pub fn copy(init: BorrowedFd<'_>, namespaces: u64, cgroup: Option<BorrowedFd<'_>>) -> Result<Side> {
    if namespaces & libc::CLONE_NEWPID as u64 != 0 {
        // Only a process that is in a pid namespace makes one inside it.
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
    // What the new process is going to say of itself holds for the memory, so
    // it holds from its birth.
    confine::hide_from_ptrace().map_err(failed("prctl"))?;
    bear_in(init).map_err(|_| Error::Gone)?;
    // SAFETY: by this function's contract.
    let made = unsafe { clone3_sharing(flags, cgroup, stack, work) };
    let returned = home.come_back().map_err(failed("setns"));
    let (pid, pidfd) = made.map_err(failed("clone3"))?;
    let child = Child::new(pid, pidfd);
    if let Err(error) = returned {
        // It must not outlive its stack.
        let _ = child.signal(Signal::KILL);
        let _ = child.wait(None);
        return Err(error);
    }
    Ok(child)
}

/// A process in between: it shares this one's descriptors.
fn between() -> Result<Side> {
    // SAFETY: `sibling` alone calls this, and has the process end without closing anything.
    unsafe { clone3_with(libc::CLONE_FILES as u64, None) }.map_err(failed("clone3"))
}

/// The same, in the pid namespace behind `init`.
fn copy_with_files(init: BorrowedFd<'_>) -> Result<Side> {
    let Some(home) = Home::find()? else {
        // SAFETY: as in `between`; the process that makes it leaves its descriptors alone too.
        return sibling(between, libc::CLONE_FILES as u64, None, || bear_in(init));
    };
    bear_in(init).map_err(|_| Error::Gone)?;
    let cloned = between();
    if matches!(cloned, Ok(Side::Child)) {
        // It is the parent's descriptor.
        std::mem::forget(home);
        return Ok(Side::Child);
    }
    home.come_back().map_err(failed("setns"))?;
    cloned
}

/// Has a process that shares this one's descriptors `prepare` itself and make another child of this
/// one. It ends then, and leaves the new one's pidfd here.
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
                        // They are the parent's descriptors.
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
    between.wait(None).map_err(failed("waitid"))?;
    drop(tell);
    let mut number = [0; 4];
    if read(&told, &mut number).map_err(failed("read"))? != number.len() {
        return Err(Error::Gone);
    }
    adopt(i32::from_ne_bytes(number)).map_err(|_| Error::Gone)
}

/// Takes over the pidfd of a new process from one that shared this one's descriptors and has ended.
fn adopt(number: RawFd) -> io::Result<Side> {
    // SAFETY: whoever opened it has ended without closing it, and told only
    // this process its number.
    let pidfd = unsafe { OwnedFd::from_raw_fd(number) };
    let pid = u32::try_from(pid_of(pidfd.as_fd())?).map_err(|_| io::ErrorKind::NotFound)?;
    Ok(Side::Parent { pid, pidfd })
}
