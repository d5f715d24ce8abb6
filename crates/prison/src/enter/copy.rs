//! How a process that enters a jail with the host's users executes its command: by way of a
//! read-only copy of kletka.
//!
//! A script may name /proc/self/exe as its interpreter. The kernel follows that link while the
//! process that enters is still kletka: the script runs kletka's own file of the host, and the
//! jail's root, who is the host's by the number, could open it for writing when it no longer runs.
//! So the process first executes a view of the file that nobody can write to, in the jail and with
//! the jail's rights, and that executes the command.

use crate::enter::process::Program;
use kernel::descriptor::{self, Inherited};
use kernel::mount;
use kernel::process::exit_now;
use rustix::fs::{
    CWD, MemfdFlags, Mode, OFlags, SealFlags, StatVfsMountFlags, fchmod, fcntl_add_seals, fstatvfs,
    memfd_create, open,
};
use rustix::io::{FdFlags, fcntl_setfd, write};
use rustix::mount::{OpenTreeFlags, open_tree};
use std::ffi::{CString, OsStr, OsString};
use std::fs::File;
use std::io;
use std::os::fd::{AsFd, AsRawFd, OwnedFd};
use std::os::unix::ffi::OsStrExt;

/// What the copy is called by.
pub const EXECUTE: &str = "kletka: [execute]";

/// The file of the running program.
const OWN_FILE: &str = "/proc/self/exe";

/// Opens the running program so that it can be executed, and not be written to.
pub(crate) fn of_this_program() -> io::Result<OwnedFd> {
    let own = open(OWN_FILE, OFlags::PATH | OFlags::CLOEXEC, Mode::empty())?;
    // As a jail has kletka, which could not clone a mount either.
    if fstatvfs(&own).is_ok_and(|fs| fs.f_flag.contains(StatVfsMountFlags::RDONLY)) {
        return Ok(own);
    }
    // A mount of another mount namespace cannot be cloned.
    view().or_else(|_| sealed())
}

/// A read-only mount of the file, attached nowhere.
fn view() -> io::Result<OwnedFd> {
    let flags = OpenTreeFlags::OPEN_TREE_CLONE | OpenTreeFlags::OPEN_TREE_CLOEXEC;
    let view = open_tree(CWD, OWN_FILE, flags)?;
    let attributes = libc::MOUNT_ATTR_RDONLY | libc::MOUNT_ATTR_NOSUID;
    mount::set_attributes(view.as_fd(), attributes, None)?;
    Ok(view)
}

/// A copy in memory that is sealed.
fn sealed() -> io::Result<OwnedFd> {
    let flags = MemfdFlags::CLOEXEC | MemfdFlags::ALLOW_SEALING;
    let mut copy = File::from(memfd_create("kletka", flags)?);
    io::copy(&mut File::open(OWN_FILE)?, &mut copy)?;
    fchmod(&copy, Mode::from_raw_mode(0o555))?;
    fcntl_add_seals(
        &copy,
        SealFlags::SHRINK | SealFlags::GROW | SealFlags::WRITE | SealFlags::SEAL,
    )?;
    Ok(copy.into())
}

/// The way by a copy, as a new process has it.
#[derive(Debug, Clone, Copy)]
pub(crate) struct ByCopy {
    program: Inherited,
    /// Where the copy reports a failure.
    line: Inherited,
}

impl ByCopy {
    pub(crate) fn new(program: &OwnedFd, line: Inherited) -> Self {
        Self { program: Inherited::of(program), line }
    }

    /// What the copy is to do, as its arguments: the number of the line, that of the candidates,
    /// these, and the arguments of the command.
    pub(crate) fn arguments(&self, candidates: &[CString], arguments: &[CString]) -> Vec<CString> {
        let number = |number: usize| CString::new(number.to_string()).unwrap_or_default();
        let line = usize::try_from(self.line.as_raw_fd()).unwrap_or_default();
        let mut all = vec![CString::new(EXECUTE).unwrap_or_default(), number(line)];
        all.push(number(candidates.len()));
        all.extend(candidates.iter().chain(arguments).cloned());
        all
    }

    /// The program, when the copy has been given the line. Allocates nothing.
    pub(crate) fn hand_down(&self) -> Inherited {
        let _ = fcntl_setfd(self.line, FdFlags::empty());
        self.program
    }
}

/// Runs the copy's life with these arguments, [`EXECUTE`] left out. Called in a jail by hand, it
/// executes whatever the caller could execute.
pub fn execute(arguments: &[OsString]) -> ! {
    let Some((line, program)) = parse(arguments) else { exit_now(1) };
    let failure = program.execute();
    let _ = write(&line, &failure.in_short());
    exit_now(1)
}

fn parse(arguments: &[OsString]) -> Option<(OwnedFd, Program)> {
    let number = |text: &OsStr| text.to_str()?.parse::<usize>().ok();
    let [line, count, rest @ ..] = arguments else { return None };
    let line = descriptor::handed_down(i32::try_from(number(line)?).ok()?)?;
    let rest: Option<Vec<CString>> =
        rest.iter().map(|text| CString::new(text.as_bytes()).ok()).collect();
    let mut candidates = rest?;
    let arguments = candidates.split_off(number(count)?.min(candidates.len()));
    let environment = std::env::vars_os()
        .map(|(name, value)| CString::new([name.as_bytes(), b"=", value.as_bytes()].concat()));
    let environment = environment.collect::<Result<_, _>>().ok()?;
    Some((line, Program::of(candidates, arguments, environment)))
}
