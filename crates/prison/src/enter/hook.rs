//! Commands that jail(8) runs on the host: what of FreeBSD's run_command() has to
//! happen between fork and exec.

use crate::confine::user::User;
use crate::enter::process::UserIds;
use kernel::{descriptor, process};
use rustix::process::setsid;
use std::process::Command;

/// Has `command` run as a hook: with the descriptors 0 to 2 alone, in the background in a session
/// of its own, and with the ids and groups of a user, if one is given.
pub fn prepare_hook(command: &mut Command, background: bool, user: Option<&User>) {
    let ids = user.map(UserIds::of);
    process::before_exec(command, move || {
        if background {
            setsid()?;
        }
        descriptor::close_on_exec_from_3()?;
        ids.as_ref().map_or(Ok(()), |ids| Ok(ids.assume()?))
    });
}
