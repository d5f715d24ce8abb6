//! Commands that jail(8) runs on the host: the part of FreeBSD's run_command() that happens between
//! fork and exec.

use crate::confine::user::User;
use crate::enter::process::UserIds;
use kernel::{descriptor, process};
use rustix::process::setsid;
use std::process::Command;

/// Prepares `command` to run as a hook: with the descriptors 0 to 2 alone, in the background in a
/// session of its own, and with the ids and groups of a user, if one is given.
pub fn prepare_hook(command: &mut Command, background: bool, user: Option<&User>) {
    // Looked up before the fork: between fork and exec nothing may be allocated.
    let ids = user.map(UserIds::of);
    process::before_exec(command, move || {
        if background {
            setsid()?;
        }
        // A hook that stays in the background must not hold the registry's lock or a jail's line
        // open.
        descriptor::close_on_exec_from_3()?;
        ids.as_ref().map_or(Ok(()), |ids| Ok(ids.assume()?))
    });
}
