//! Ports that only root may bind, for jails that have all addresses of the host.
//!
//! Linux lets nobody in a user namespace bind such a port of the host's stack: the capability is
//! asked of the namespace that the stack belongs to. A hook of bind(2) may say that none is needed.

use crate::assembler::Register::R0;
use crate::assembler::{Function, If, Program};
use crate::programs::{PASS, PRIVILEGED};
use kernel::bpf::{self, Hook};
use std::io;
use std::os::fd::{AsFd, BorrowedFd};

/// bind(2) of sockets of IPv4 and of IPv6.
const HOOKS: [Hook; 2] = [Hook::Bind4, Hook::Bind6];

/// Lets processes of a control group bind every port while they are this user, as the host numbers
/// users: ports of IPv4, IPv6, or both. For all others the kernel's own rule stays.
///
/// # Errors
/// `EPERM` without the host's root; `EINVAL`: the kernel has no such hook.
pub fn open_ports(group: BorrowedFd<'_>, user: u32, families: [bool; 2]) -> io::Result<()> {
    let hooks = HOOKS.into_iter().zip(families).filter(|(_, is_wanted)| *is_wanted);
    hooks.map(|(hook, _)| hook).try_for_each(|hook| {
        let program = bpf::load(hook, c"kletka_ports", &program(user).finish(|_| -1))?;
        bpf::attach(group, program.as_fd(), hook)
    })
}

/// Takes back what [`open_ports`] has given.
///
/// # Errors
/// `EPERM` without the host's root.
pub fn close_ports(group: BorrowedFd<'_>) -> io::Result<()> {
    for hook in HOOKS {
        for id in bpf::attached(group, hook)? {
            let program = bpf::program(id)?;
            // Those of a jail with addresses of its own have tables.
            if bpf::maps_of(program.as_fd())?.1.is_empty() {
                bpf::detach(group, program.as_fd(), hook)?;
            }
        }
    }
    Ok(())
}

fn program(user: u32) -> Program {
    let mut p = Program::default();
    let other = p.label();
    p.call(Function::CurrentUser);
    // The lower half: the upper one is the group.
    p.jump_if(R0, If::NotEqual, user, other);
    p.answer(PRIVILEGED);
    p.here(other);
    p.answer(PASS);
    p
}
