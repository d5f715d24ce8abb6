//! connect(2), and datagrams of unconnected sockets: prison_remote_ip4(9), and in_pcbladdr() for
//! the address that they leave from.
//!
//! 127.0.0.1 and ::1 are the jail's first address, and the rest of 127.0.0.0/8 is nobody's: the
//! host's services listen there. A socket without an address of its own gets the jail's address
//! that the destination's route prefers, or the first.

use super::Family;
use super::call::{self, Given, read_address};
use super::fragments::{
    PASS, Stack, begin, copy_address, errno, fail, if_allowed, if_apart, look_up, mapped,
    only_our_network, stack,
};
use super::listen::note_sender;
use crate::assembler::Register::{R0, R1, R2, R3, R6, R7, R8, R9, R10};
use crate::assembler::Width::{Double, Half, Word};
use crate::assembler::{Function, If, Program};
use crate::tables::{Table, rule};

/// The bits of a key of [`Table::Sources`] that are not the destination's: the list.
const LIST_BITS: u32 = 64;
/// The first byte of 127.0.0.0/8, where an address in network order has it.
const FIRST_BYTE: u32 = u32::from_ne_bytes([0xff, 0, 0, 0]);
const LOOPBACK_NET: u32 = u32::from_ne_bytes([127, 0, 0, 0]);

/// What is done to a call once its destination is known.
type Leave = fn(&mut Program, Family, Given);

pub(super) fn connect(family: Family) -> Program {
    let mut p = Program::default();
    begin(&mut p);
    only_our_network(&mut p);
    destination(p, family, leave_connected)
}

pub(super) fn send(family: Family) -> Program {
    let mut p = Program::default();
    begin(&mut p);
    only_our_network(&mut p);
    note_sender(&mut p);
    destination(p, family, leave_datagram)
}

/// Turns the destination of a call into what it means in the jail, and lets `leave` see to the
/// source.
fn destination(mut p: Program, family: Family, leave: Leave) -> Program {
    let [four, any, ready4, ready6] = [(); 4].map(|()| p.label());
    read_address(&mut p, family, [four, any]);
    if family == Family::V6 {
        Given::SIX.pass_if_all(&mut p);
        Given::SIX.if_ours(&mut p, ready6);
        p.here(ready6);
        source(&mut p, Given::SIX);
        leave(&mut p, family, Given::SIX);
    }
    p.here(four);
    let given = Given::four(family);
    given.pass_if_all(&mut p);
    given.if_ours(&mut p, ready4);
    p.copy(R1, R9);
    p.and(R1, FIRST_BYTE);
    p.jump_if(R1, If::NotEqual, LOOPBACK_NET, ready4);
    fail(&mut p, errno::REFUSED);
    p.here(ready4);
    source(&mut p, given);
    leave(&mut p, family, given);
    // To no address means to this machine.
    p.here(any);
    let itself = Given::zeros(family);
    itself.pass_if_all(&mut p);
    itself.replace_by_first(&mut p);
    p.jump(if family == Family::V4 { ready4 } else { ready6 });
    p
}

/// Finds the jail's address for the destination on the stack, and puts it in the destination's
/// place there.
fn source(p: &mut Program, given: Given) {
    let [first, found, some] = [(); 3].map(|()| p.label());
    given.count(p, R1);
    p.jump_if(R1, If::NotEqual, 0, some);
    fail(p, errno::NOT_AVAILABLE);
    p.here(some);
    let select = match given.family {
        Family::V4 => rule::SELECT4,
        Family::V6 => rule::SELECT6,
    };
    p.load(Word, R1, R7, rule::FLAGS);
    p.and(R1, select);
    p.jump_if(R1, If::Equal, 0, first);
    p.store_value(Word, R10, Stack::SOURCE, LIST_BITS + 128);
    for half in [0, 4] {
        p.load(Word, R1, R7, rule::LIST + half);
        p.store(Word, R10, Stack::SOURCE + 4 + half, R1);
    }
    copy_address(p, (R10, Stack::SOURCE + 12), (R10, Stack::ADDRESS));
    look_up(p, Table::Sources, Stack::SOURCE);
    p.jump_if_null(R0, first);
    copy_address(p, (R10, Stack::ADDRESS), (R0, 0));
    p.jump(found);
    p.here(first);
    given.put_first(p);
    p.here(found);
}

/// Binds a socket without an address to the one on the stack, and lets it connect. One that has all
/// addresses and a port cannot be bound any more, and would leave from the host's.
fn leave_connected(p: &mut Program, _: Family, given: Given) {
    let [pass, unbound, bind6, bind, refused] = [(); 5].map(|()| p.label());
    p.load(Double, R8, R6, call::SOCKET);
    match given.family {
        Family::V4 => {
            p.load(Word, R9, R8, call::SOCKET_ADDRESS4);
            p.jump_if(R9, If::Equal, 0, unbound);
            mapped(p, Stack::ADDRESS, R9);
        }
        Family::V6 => {
            p.set(R9, 0);
            for word in [0, 4, 8, 12] {
                p.load(Word, R1, R8, call::SOCKET_ADDRESS6 + word);
                p.or(R9, R1);
            }
            p.jump_if_null(R9, unbound);
            copy_address(p, (R10, Stack::ADDRESS), (R8, call::SOCKET_ADDRESS6));
        }
    }
    // An address that the socket has may be of another family than the destination, or be the
    // jail's no more.
    if_allowed(p, pass);
    p.jump(refused);
    p.here(unbound);
    for at in (0..28).step_by(4) {
        p.store_value(Word, R10, Stack::SOCKET + at, 0);
    }
    p.load(Word, R1, R6, call::FAMILY);
    p.store(Half, R10, Stack::SOCKET, R1);
    p.jump_if(R1, If::Equal, Family::V6.number(), bind6);
    p.load(Word, R1, R10, Stack::ADDRESS + 12);
    p.store(Word, R10, Stack::SOCKET + 4, R1);
    p.set(R3, 16);
    p.jump(bind);
    p.here(bind6);
    copy_address(p, (R10, Stack::SOCKET + 8), (R10, Stack::ADDRESS));
    p.set(R3, 28);
    p.here(bind);
    p.copy(R1, R6);
    stack(p, R2, Stack::SOCKET);
    p.call(Function::Bind);
    p.jump_if(R0, If::Equal, 0, pass);
    // One that has a port: on a stack of the jail's it leaves from the jail's address all the same.
    if_apart(p, pass);
    p.jump(refused);
    p.here(pass);
    p.answer(PASS);
    p.here(refused);
    fail(p, errno::NOT_AVAILABLE);
}

/// Lets a datagram leave from the address on the stack, unless it has a source of the jail's.
fn leave_datagram(p: &mut Program, call: Family, _: Given) {
    let [asked, pass] = [(); 2].map(|()| p.label());
    // An IPv4 destination in a call of IPv6 has its source in that form too.
    let words: &[i16] = match call {
        Family::V4 => &[call::SOURCE4],
        Family::V6 => &[0, 4, 8, 12].map(|word| call::SOURCE6 + word),
    };
    for word in words {
        p.load(Word, R1, R6, *word);
        p.jump_if(R1, If::NotEqual, 0, asked);
    }
    match call {
        Family::V4 => {
            p.load(Word, R1, R10, Stack::ADDRESS + 12);
            p.store(Word, R6, call::SOURCE4, R1);
        }
        Family::V6 => copy_address(p, (R6, call::SOURCE6), (R10, Stack::ADDRESS)),
    }
    p.jump(pass);
    p.here(asked);
    match call {
        Family::V4 => {
            p.load(Word, R9, R6, call::SOURCE4);
            mapped(p, Stack::ADDRESS, R9);
        }
        Family::V6 => copy_address(p, (R10, Stack::ADDRESS), (R6, call::SOURCE6)),
    }
    if_allowed(p, pass);
    fail(p, errno::NOT_AVAILABLE);
    p.here(pass);
    p.answer(PASS);
}
