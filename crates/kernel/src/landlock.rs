//! What a process may reach of others: landlock(7), scopes.
//!
//! A domain is entered for ever, and only by the process that asks for one; whatever that process
//! makes is born in the domain. No call moves another process into a domain that exists. Nothing
//! here allocates: the process may share its parent's memory.

use crate::call::call;
use std::io;
use std::os::fd::{AsRawFd, FromRawFd, OwnedFd, RawFd};

/// struct landlock_ruleset_attr, linux/landlock.h.
#[repr(C)]
struct Ruleset {
    files: u64,
    network: u64,
    scoped: u64,
}

/// LANDLOCK_SCOPE_ABSTRACT_UNIX_SOCKET, linux/landlock.h.
const ABSTRACT_SOCKETS: u64 = 1;

/// Puts this process into a domain of its own, from which no abstract Unix socket can be reached
/// that was made outside. False: the kernel has no such scope, which came with Linux 6.12, or
/// Landlock is turned off.
///
/// # Errors
/// `EPERM`: the process has neither CAP_SYS_ADMIN nor PR_SET_NO_NEW_PRIVS. `E2BIG`: sixteen domains
/// lie around this process already.
pub fn keep_abstract_sockets() -> io::Result<bool> {
    let Some(ruleset) = ruleset()? else { return Ok(false) };
    let number = ruleset.as_raw_fd() as usize;
    // SAFETY: the kernel looks at the descriptor; no memory is touched.
    unsafe { call(libc::SYS_landlock_restrict_self, [number, 0, 0, 0, 0]) }?;
    Ok(true)
}

/// The rule alone, as a descriptor; `None` where the kernel does not know it.
fn ruleset() -> io::Result<Option<OwnedFd>> {
    let ruleset = Ruleset { files: 0, network: 0, scoped: ABSTRACT_SOCKETS };
    let arguments = [&raw const ruleset as usize, size_of_val(&ruleset), 0, 0, 0];
    // SAFETY: the kernel copies the structure, which outlives the call.
    match unsafe { call(libc::SYS_landlock_create_ruleset, arguments) } {
        // SAFETY: the kernel made a new descriptor, and nobody else owns it.
        Ok(number) => Ok(Some(unsafe { OwnedFd::from_raw_fd(number as RawFd) })),
        // E2BIG: the kernel knows a shorter structure, without scopes. EOPNOTSUPP: Landlock is
        // turned off.
        Err(error) => match error.raw_os_error() {
            Some(libc::ENOSYS | libc::EOPNOTSUPP | libc::E2BIG | libc::EINVAL) => Ok(None),
            _ => Err(error),
        },
    }
}

/// Whether the kernel can keep abstract sockets apart.
#[must_use]
pub fn can_keep_abstract_sockets() -> bool {
    ruleset().is_ok_and(|ruleset| ruleset.is_some())
}
