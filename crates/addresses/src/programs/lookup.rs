//! Which socket a packet is for: in_pcblookup(9), for the packets that belong to no connection yet.
//!
//! The owners of the destination are asked in turn: for a socket that is bound to the address, then
//! for one that is bound to all. If none of them listens, the kernel goes on as always, and the
//! host's own sockets answer; but never those of a jail, by their hidden ports.

use super::fragments::{Stack, copy_address, hidden_key, look_up, mapped};
use super::{Family, protocol};
use crate::assembler::Register::{R0, R1, R2, R3, R6, R7, R8, R9, R10};
use crate::assembler::Width::{Double, Half, Word};
use crate::assembler::{Function, If, Label, Program};
use crate::tables::{Table, bound};

/// struct bpf_sk_lookup, linux/bpf.h.
mod packet {
    pub(super) const FAMILY: i16 = 8;
    pub(super) const PROTOCOL: i16 = 12;
    pub(super) const LOCAL4: i16 = 40;
    pub(super) const LOCAL6: i16 = 44;
    /// In the processor's order.
    pub(super) const PORT: i16 = 60;
}

/// The answers of this hook.
const DROP: u32 = 0;
const PASS: u32 = 1;

/// How many jails may have one address: those beyond are reached by addresses of their own only.
const OWNERS: u32 = 32;

pub(super) fn program() -> Program {
    let mut p = Program::default();
    let [six, read, four, none, found, pass, drop] = [(); 7].map(|()| p.label());
    p.copy(R6, R1);
    // Datagrams have no hidden ports, and [`super::arrive`] looks at those that need it.
    p.load(Word, R1, R6, packet::PROTOCOL);
    p.jump_if(R1, If::NotEqual, protocol::TCP, pass);
    p.load(Word, R8, R6, packet::PORT);
    p.load(Word, R1, R6, packet::FAMILY);
    p.jump_if(R1, If::Equal, Family::V6.number(), six);
    p.load(Word, R2, R6, packet::LOCAL4);
    mapped(&mut p, Stack::OWNER, R2);
    p.jump(read);
    p.here(six);
    copy_address(&mut p, (R10, Stack::OWNER), (R6, packet::LOCAL6));
    p.here(read);
    p.store(Half, R10, Stack::BOUND + bound::PORT, R8);
    p.store_value(Word, R10, Stack::BOUND + bound::SLOT, 0);
    // No socket of IPv4 gets packets of IPv6.
    p.load(Word, R1, R6, packet::FAMILY);
    p.jump_if(R1, If::NotEqual, Family::V4.number(), four);
    bound_by_an_owner(&mut p, Family::V4, found);
    p.here(four);
    // A socket of IPv6 may speak IPv4 too, and the kernel refuses one that does not.
    bound_by_an_owner(&mut p, Family::V6, found);
    p.here(none);
    hidden_key(&mut p, R8, protocol::TCP);
    look_up(&mut p, Table::Hidden, Stack::PORT);
    p.jump_unless_null(R0, drop);
    p.jump(pass);
    p.here(found);
    assign(&mut p, [pass, none]);
    p.here(pass);
    p.answer(PASS);
    p.here(drop);
    p.answer(DROP);
    p
}

/// Looks for a socket of this family among the owners of the address at [`Stack::OWNER`]: one that
/// is bound to the address, then one that is bound to all. Its key stays at [`Stack::BOUND`].
fn bound_by_an_owner(p: &mut Program, family: Family, found: Label) {
    let [owner, none] = [(); 2].map(|()| p.label());
    p.store_value(Half, R10, Stack::BOUND + bound::FAMILY, family.number());
    // R9: which of the owners.
    p.set(R9, 0);
    p.here(owner);
    p.store(Word, R10, Stack::OWNER + 16, R9);
    look_up(p, Table::Owners, Stack::OWNER);
    p.jump_if_null(R0, none);
    p.load(Double, R1, R0, 0);
    p.store(Double, R10, Stack::BOUND + bound::GROUP, R1);
    for half in [0, 8] {
        p.load(Double, R1, R10, Stack::OWNER + half);
        p.store(Double, R10, Stack::BOUND + bound::ADDRESS + half, R1);
    }
    look_up(p, Table::Bound, Stack::BOUND);
    p.jump_unless_null(R0, found);
    for half in [0, 8] {
        p.store_value(Double, R10, Stack::BOUND + bound::ADDRESS + half, 0);
    }
    look_up(p, Table::Bound, Stack::BOUND);
    p.jump_unless_null(R0, found);
    p.add(R9, 1);
    p.jump_if(R9, If::Below, OWNERS, owner);
    p.here(none);
}

/// Gives the packet to a listening socket of the key at [`Stack::BOUND`].
fn assign(p: &mut Program, [pass, none]: [Label; 2]) {
    let [slot, next] = [(); 2].map(|()| p.label());
    p.set(R7, 0);
    p.here(slot);
    p.store(Word, R10, Stack::BOUND + bound::SLOT, R7);
    look_up(p, Table::Listeners, Stack::BOUND);
    p.jump_if_null(R0, next);
    p.copy(R9, R0);
    p.copy(R1, R6);
    p.copy(R2, R0);
    p.set(R3, 0);
    p.call(Function::Assign);
    p.copy(R8, R0);
    p.copy(R1, R9);
    p.call(Function::SocketRelease);
    p.jump_if(R8, If::Equal, 0, pass);
    p.here(next);
    p.add(R7, 1);
    p.jump_if(R7, If::Below, bound::SLOTS, slot);
    p.load(Word, R8, R6, packet::PORT);
    p.jump(none);
}
