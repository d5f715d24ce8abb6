//! getsockname(2): a socket whose port is hidden shows the one that it was bound to.

use super::call;
use super::fragments::{PASS, socket_storage};
use crate::assembler::Register::{R0, R1, R2, R6};
use crate::assembler::Width::{Double, Half, Word};
use crate::assembler::{If, Program};
use crate::tables::{bound, socket};

pub(super) fn program() -> Program {
    let mut p = Program::default();
    let end = p.label();
    p.copy(R6, R1);
    p.load(Double, R2, R6, call::SOCKET);
    socket_storage(&mut p);
    p.jump_if_null(R0, end);
    p.load(Word, R1, R0, socket::PROTOCOL);
    p.jump_if(R1, If::Equal, super::protocol::UDP, end);
    p.load(Half, R1, R0, bound::PORT);
    p.swap_half(R1);
    p.store(Word, R6, call::PORT, R1);
    p.here(end);
    p.answer(PASS);
    p
}
