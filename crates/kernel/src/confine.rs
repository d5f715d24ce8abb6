//! What a process gives up for ever: being looked into, the session keyring, system calls. Nothing
//! here allocates: the process may share its parent's memory.

use crate::call::call;
use std::io;

/// Loads a classic BPF program as this process's system call filter: seccomp(2). Needs
/// CAP_SYS_ADMIN in the process's user namespace.
///
/// # Errors
/// `EACCES`: the capability is missing. `EINVAL`: the kernel does not take the program.
pub fn load_filter(program: &[libc::sock_filter]) -> io::Result<()> {
    let program = libc::sock_fprog {
        len: u16::try_from(program.len()).map_err(|_| io::ErrorKind::InvalidInput)?,
        filter: program.as_ptr().cast_mut(),
    };
    // PR_SET_NO_NEW_PRIVS would do instead of the capability, but take set-user-id from the jail.
    let (mode, program) = (libc::SECCOMP_SET_MODE_FILTER as usize, &raw const program as usize);
    // SAFETY: the kernel copies `len` instructions from the slice, which outlives the call.
    unsafe { call(libc::SYS_seccomp, [mode, 0, program, 0, 0]) }.map(drop)
}

/// Forbids others of the same ids to trace this process or to open its /proc files: prctl(2),
/// `PR_SET_DUMPABLE`. execve(2) permits both again.
///
/// # Errors
/// Of prctl(2); none is expected.
pub fn hide_from_ptrace() -> io::Result<()> {
    // SAFETY: an integer option without pointers.
    unsafe { call(libc::SYS_prctl, [libc::PR_SET_DUMPABLE as usize, 0, 0, 0, 0]) }.map(drop)
}

/// Has the kernel end this process when its parent ends: prctl(2), `PR_SET_PDEATHSIG`. The kernel
/// forgets that when the process changes its user, or executes a set-user-ID program.
///
/// # Errors
/// Of prctl(2); none is expected.
pub fn die_with_parent() -> io::Result<()> {
    let (option, signal) = (libc::PR_SET_PDEATHSIG as usize, libc::SIGKILL as usize);
    // SAFETY: an integer option without pointers.
    unsafe { call(libc::SYS_prctl, [option, signal, 0, 0, 0]) }.map(drop)
}

/// Gives this process a session keyring of its own: keyctl(2), `KEYCTL_JOIN_SESSION_KEYRING`. With
/// the caller's, it could use the keys of the caller's login. A kernel without keys has nothing to
/// share, and that is no error.
///
/// # Errors
/// `EDQUOT`, `ENOMEM`: there is no room for one.
pub fn new_session_keyring() -> io::Result<()> {
    // SAFETY: a null name asks for an anonymous keyring; no memory is touched.
    let answer = unsafe { call(libc::SYS_keyctl, [1, 0, 0, 0, 0]) };
    // ENOSYS: the kernel has no keys. EPERM: a jail, whose filter refuses keyctl(2), has a keyring
    // of its own already.
    let well_without = [Some(libc::ENOSYS), Some(libc::EPERM)];
    match answer {
        Err(error) if !well_without.contains(&error.raw_os_error()) => Err(error),
        _ => Ok(()),
    }
}
