//! Marks of sockets: what `SO_MARK` of socket(7) sets, for all that a control group makes.

use crate::assembler::Program;
use crate::assembler::Register::{R1, R2, R3};
use crate::assembler::Width::Word;
use crate::programs::{PASS, socket};
use kernel::bpf::{self, Hook};
use std::io;
use std::os::fd::{AsFd, BorrowedFd};

/// Gives every INET socket that the processes of a control group make from now on the bits of
/// `value` among those of `mask`. Other bits stay as they are, and so does a socket that has some
/// bit of `mask` already: the program of a group further inside has run before, and decides.
///
/// # Errors
/// `EPERM` without the host's root; `EINVAL`: the kernel has no such hook.
pub fn mark_sockets(group: BorrowedFd<'_>, value: u32, mask: u32) -> io::Result<()> {
    let code = program(value & mask, mask).finish(|_| -1);
    let program = bpf::load(Hook::SocketCreate, c"kletka_mark", &code)?;
    bpf::attach(group, program.as_fd(), Hook::SocketCreate)
}

fn program(value: u32, mask: u32) -> Program {
    let mut p = Program::default();
    let pass = p.label();
    p.load(Word, R2, R1, socket::MARK);
    p.copy(R3, R2);
    p.and(R3, mask);
    p.jump_unless_null(R3, pass);
    p.set(R3, value);
    p.or(R2, R3);
    p.store(Word, R1, socket::MARK, R2);
    p.here(pass);
    p.answer(PASS);
    p
}
