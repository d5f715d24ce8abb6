//! The life of a port: bound, listened on, given back.

use super::fragments::{
    PASS, Stack, begin, bound_key, errno, fail, hidden_key, if_apart, look_up, make_socket_storage,
    only_our_network, rule_again, socket_storage, stack,
};
use super::{Family, call, protocol, socket_type};
use crate::assembler::Register::{R0, R1, R2, R3, R4, R6, R7, R8, R9, R10};
use crate::assembler::Width::{Double, Half, Word};
use crate::assembler::{Function, If, Label, Program};
use crate::tables::{Table, bound, hidden, rule, socket};

/// struct bpf_sock, linux/bpf.h.
mod sock {
    pub(super) const TYPE: i16 = 8;
    pub(super) const ADDRESS4: i16 = 24;
    pub(super) const ADDRESS6: i16 = 28;
    pub(super) use crate::programs::call::SOCKET_PORT as PORT;
}

/// struct bpf_sock_ops, linux/bpf.h.
mod ops {
    pub(super) const EVENT: i16 = 0;
    pub(super) const FAMILY: i16 = 20;
    pub(super) const LOCAL4: i16 = 28;
    pub(super) const LOCAL6: i16 = 48;
    /// In the processor's order.
    pub(super) const PORT: i16 = 68;
    pub(super) const SOCKET: i16 = 184;

    /// BPF_SOCK_OPS_TCP_LISTEN_CB.
    pub(super) const LISTENS: u32 = 11;
}

/// BPF_NOEXIST.
const NEW: u32 = 1;

/// A bind(2) of this family has worked: the port that the kernel has chosen for a stream socket is
/// counted. A datagram socket that has all addresses is noted, for [`super::arrive`].
pub(super) fn bound(family: Family) -> Program {
    let mut p = Program::default();
    let [stream, end, taken] = [(); 3].map(|()| p.label());
    begin(&mut p);
    if_apart(&mut p, end);
    p.load(Word, R1, R6, sock::TYPE);
    p.jump_if(R1, If::NotEqual, socket_type::DATAGRAM, stream);
    // A datagram socket: noted only if it has all addresses of the machine.
    let words: &[i16] = match family {
        Family::V4 => &[sock::ADDRESS4],
        Family::V6 => &[0, 4, 8, 12].map(|word| sock::ADDRESS6 + word),
    };
    for word in words {
        p.load(Word, R1, R6, *word);
        p.jump_if(R1, If::NotEqual, 0, end);
    }
    only_our_network(&mut p);
    p.copy(R2, R6);
    make_socket_storage(&mut p, end);
    note_datagram(&mut p);
    p.jump(end);
    p.here(stream);
    p.load(Word, R8, R6, sock::PORT);
    p.copy(R2, R6);
    socket_storage(&mut p);
    p.jump_if_null(R0, end);
    p.copy(R9, R0);
    // What was counted is of another port: the socket had been disconnected.
    forget_port(&mut p);
    rule_again(&mut p);
    // Without a port that was asked for, the one that the kernel has chosen is the one that is
    // seen.
    let asked = p.label();
    p.load(Half, R1, R9, bound::PORT);
    p.jump_if(R1, If::NotEqual, 0, asked);
    p.store(Half, R9, bound::PORT, R8);
    p.here(asked);
    note(&mut p, taken);
    p.here(end);
    p.answer(PASS);
    p.here(taken);
    forget_port(&mut p);
    fail(&mut p, errno::IN_USE);
    p
}

/// A datagram of an unconnected socket: where the kernel has given the socket a port, with all
/// addresses, that socket is noted as by bind(2).
pub(super) fn note_sender(p: &mut Program) {
    let end = p.label();
    if_apart(p, end);
    p.load(Word, R1, R6, call::PROTOCOL);
    p.jump_if(R1, If::NotEqual, protocol::UDP, end);
    p.load(Double, R2, R6, call::SOCKET);
    // Of a socket of IPv6 too: with an address, something stands here.
    p.load(Word, R1, R2, call::SOCKET_ADDRESS4);
    p.jump_if(R1, If::NotEqual, 0, end);
    make_socket_storage(p, end);
    note_datagram(p);
    p.here(end);
}

/// Notes whose the datagram socket is whose storage is at R9, and that it has all addresses.
fn note_datagram(p: &mut Program) {
    p.load(Double, R1, R7, rule::GROUP);
    p.store(Double, R9, bound::GROUP, R1);
    p.store_value(Word, R9, socket::PROTOCOL, protocol::UDP);
}

/// Counts a stream socket, whose storage is at R9 and whose own port is R8. That port is hidden
/// from now on. Goes on at `taken` if another socket has got the one that was asked for meanwhile.
fn note(p: &mut Program, taken: Label) {
    let [more, counted] = [(); 2].map(|()| p.label());
    p.store(Word, R9, socket::CHOSEN, R8);
    hidden_key(p, R8, protocol::TCP);
    count_hidden(p);
    bound_key(p, R9);
    look_up(p, Table::Bound, Stack::BOUND);
    p.jump_unless_null(R0, more);
    p.store(Word, R10, Stack::VALUE + bound::CHOSEN, R8);
    for (to, from) in [(bound::USER, socket::USER), (bound::SHARED, socket::SHARED)] {
        p.load(Word, R1, R9, from);
        p.store(Word, R10, Stack::VALUE + to, R1);
    }
    p.store_value(Word, R10, Stack::VALUE + bound::COUNT, 1);
    p.table(R1, Table::Bound);
    stack(p, R2, Stack::BOUND);
    stack(p, R3, Stack::VALUE);
    p.set(R4, NEW);
    p.call(Function::MapUpdate);
    p.jump_if(R0, If::NotEqual, 0, taken);
    p.jump(counted);
    p.here(more);
    p.load(Word, R1, R0, bound::CHOSEN);
    p.jump_if_registers(R1, If::NotEqual, R8, taken);
    p.set(R1, 1);
    p.add_at_once(R0, bound::COUNT, R1);
    p.here(counted);
    p.store_value(Word, R9, socket::COUNTED, 1);
}

/// Counts one socket more under the key at [`Stack::PORT`].
fn count_hidden(p: &mut Program) {
    let [more, counted] = [(); 2].map(|()| p.label());
    look_up(p, Table::Hidden, Stack::PORT);
    p.jump_unless_null(R0, more);
    p.store_value(Double, R10, Stack::HIDDEN + hidden::COUNT, 1);
    p.load(Double, R1, R7, rule::GROUP);
    p.store(Double, R10, Stack::HIDDEN + hidden::GROUP, R1);
    p.table(R1, Table::Hidden);
    stack(p, R2, Stack::PORT);
    stack(p, R3, Stack::HIDDEN);
    p.set(R4, 0);
    p.call(Function::MapUpdate);
    p.jump(counted);
    p.here(more);
    p.set(R1, 1);
    p.add_at_once(R0, hidden::COUNT, R1);
    p.here(counted);
}

/// listen(2) has worked: the socket gets its place among the listeners.
pub(super) fn listen() -> Program {
    let mut p = Program::default();
    let [end, fresh, kept, asked, noted, six, all] = [(); 7].map(|()| p.label());
    p.load(Word, R2, R1, ops::EVENT);
    p.jump_if(R2, If::NotEqual, ops::LISTENS, end);
    begin(&mut p);
    only_our_network(&mut p);
    if_apart(&mut p, end);
    p.load(Double, R2, R6, ops::SOCKET);
    p.jump_if_null(R2, end);
    socket_storage(&mut p);
    p.load(Word, R8, R6, ops::PORT);
    p.jump_if_null(R0, fresh);
    p.copy(R9, R0);
    p.load(Word, R1, R9, socket::CHOSEN);
    p.jump_if_registers(R1, If::Equal, R8, noted);
    // The socket had been disconnected, by which it lost its port, and the kernel has chosen
    // another one. One that nobody asked for changes for the program, too: but what is counted is
    // still under the old one.
    p.store_value(Word, R10, Stack::OPTION, 0);
    p.load(Half, R2, R9, bound::PORT);
    p.jump_if_registers(R1, If::NotEqual, R2, kept);
    p.store_value(Word, R10, Stack::OPTION, 1);
    p.here(kept);
    forget_port(&mut p);
    rule_again(&mut p);
    p.load(Word, R1, R10, Stack::OPTION);
    p.jump_if(R1, If::Equal, 0, asked);
    p.store(Half, R9, bound::PORT, R8);
    p.here(asked);
    p.store_value(Word, R9, bound::SLOT, 0);
    note(&mut p, end);
    p.jump(noted);
    p.here(fresh);
    // Bound to a port that the kernel chose, and to no port at all: the port is the one that is
    // seen. With an address of its own the socket needs no help.
    p.load(Word, R1, R6, ops::FAMILY);
    p.jump_if(R1, If::Equal, Family::V6.number(), six);
    p.load(Word, R1, R6, ops::LOCAL4);
    p.jump_if(R1, If::NotEqual, 0, end);
    p.jump(all);
    p.here(six);
    for word in [0, 4, 8, 12] {
        p.load(Word, R1, R6, ops::LOCAL6 + word);
        p.jump_if(R1, If::NotEqual, 0, end);
    }
    p.here(all);
    p.load(Double, R2, R6, ops::SOCKET);
    p.jump_if_null(R2, end);
    make_socket_storage(&mut p, end);
    p.load(Double, R1, R7, rule::GROUP);
    p.store(Double, R9, bound::GROUP, R1);
    p.store(Half, R9, bound::PORT, R8);
    p.load(Word, R1, R6, ops::FAMILY);
    p.store(Half, R9, bound::FAMILY, R1);
    p.store_value(Word, R9, socket::PROTOCOL, protocol::TCP);
    note(&mut p, end);
    p.here(noted);
    for part in (0..bound::SIZE).step_by(8) {
        p.load(Double, R1, R9, part);
        p.store(Double, R10, Stack::BOUND + part, R1);
    }
    p.copy(R1, R6);
    p.table(R2, Table::Listeners);
    stack(&mut p, R3, Stack::BOUND);
    p.set(R4, 0);
    p.call(Function::SocketsUpdate);
    p.here(end);
    p.answer(PASS);
    p
}

/// The socket is closed: what was counted for it is given back.
pub(super) fn release() -> Program {
    let mut p = Program::default();
    let end = p.label();
    p.copy(R6, R1);
    p.copy(R2, R6);
    socket_storage(&mut p);
    p.jump_if_null(R0, end);
    p.copy(R9, R0);
    forget_port(&mut p);
    p.here(end);
    p.answer(PASS);
    p
}

/// Gives back what was counted for the socket whose storage is at R9. Overwrites R7.
pub(super) fn forget_port(p: &mut Program) {
    let [end, uncounted] = [(); 2].map(|()| p.label());
    p.load(Word, R1, R9, socket::CHOSEN);
    p.jump_if(R1, If::Equal, 0, end);
    p.load(Word, R2, R9, socket::COUNTED);
    p.jump_if(R2, If::Equal, 0, uncounted);
    bound_key(p, R9);
    give_back(p, Table::Bound, Stack::BOUND, bound::COUNT);
    p.store_value(Word, R9, socket::COUNTED, 0);
    p.here(uncounted);
    p.load(Word, R1, R9, socket::CHOSEN);
    hidden_key(p, R1, protocol::TCP);
    p.store_value(Word, R9, socket::CHOSEN, 0);
    give_back(p, Table::Hidden, Stack::PORT, hidden::COUNT);
    p.here(end);
}

/// Counts one socket less in an entry, and removes the entry with the last.
fn give_back(p: &mut Program, table: Table, key: i16, count: i16) {
    let gone = p.label();
    look_up(p, table, key);
    p.jump_if_null(R0, gone);
    p.set(R1, u32::MAX);
    p.copy(R7, R0);
    p.add_at_once(R7, count, R1);
    p.load(Word, R1, R7, count);
    p.jump_if(R1, If::NotEqual, 0, gone);
    p.table(R1, table);
    stack(p, R2, key);
    p.call(Function::MapDelete);
    p.here(gone);
}
