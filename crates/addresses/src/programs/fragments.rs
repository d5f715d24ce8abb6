//! What several programs have in common: pieces of code, and the places of things on the stack.

use crate::assembler::Register::{R0, R1, R2, R3, R4, R6, R7, R9, R10};
use crate::assembler::Width::{Double, Half, Word};
use crate::assembler::{Function, If, Label, Program, Register};
use crate::tables::{Table, bound, rule};

/// What lies where below the end of the stack.
pub(super) struct Stack;

impl Stack {
    /// An address of 16 bytes.
    pub(super) const ADDRESS: i16 = -16;
    /// A key of [`Table::Allowed`]: a list, and the address above.
    pub(super) const ALLOWED: i16 = -24;
    /// A key of [`bound`].
    pub(super) const BOUND: i16 = -64;
    /// A value of [`Table::Bound`].
    pub(super) const VALUE: i16 = -80;
    /// The answer to a socket's option.
    pub(super) const OPTION: i16 = -84;
    /// A key of [`Table::Hidden`].
    pub(super) const PORT: i16 = -88;
    /// A value of [`Table::Hidden`].
    pub(super) const HIDDEN: i16 = -104;
    /// A key of [`Table::Sources`]: its length, a list, and an address.
    pub(super) const SOURCE: i16 = -132;
    /// struct sockaddr_in6.
    pub(super) const SOCKET: i16 = -160;
    /// struct bpf_sock_tuple: 36 bytes, in the place of the two above.
    pub(super) const TUPLE: i16 = Self::SOCKET;
    /// A key of [`Table::Owners`].
    pub(super) const OWNER: i16 = -184;
}

/// `::ffff:0:0`'s third word, as it lies in memory.
pub(super) const MAPPED: u32 = u32::from_ne_bytes([0, 0, 0xff, 0xff]);
/// 127.0.0.1, in network order.
pub(super) const LOOPBACK: u32 = u32::from_ne_bytes([127, 0, 0, 1]);
/// `::1`'s last word.
pub(super) const LOOPBACK6: u32 = u32::from_ne_bytes([0, 0, 0, 1]);

/// What linux/errno.h calls by these names.
pub(super) mod errno {
    pub(in crate::programs) const ACCESS: u32 = 13;
    pub(in crate::programs) const PERMISSION: u32 = 1;
    pub(in crate::programs) const PROTOCOL: u32 = 93;
    pub(in crate::programs) const FAMILY: u32 = 97;
    pub(in crate::programs) const IN_USE: u32 = 98;
    pub(in crate::programs) const NOT_AVAILABLE: u32 = 99;
    pub(in crate::programs) const REFUSED: u32 = 111;
}

/// The answer of a hook: go on.
pub(crate) const PASS: u32 = 1;
/// The answer of a hook of bind(2): go on, and the port needs no privilege.
pub(crate) const PRIVILEGED: u32 = 3;

/// Keeps what the kernel hands over in R6, and puts the rule's address in R7.
pub(super) fn begin(p: &mut Program) {
    p.copy(R6, R1);
    rule_again(p);
}

/// Puts the rule's address in R7, once more if something else is there.
pub(super) fn rule_again(p: &mut Program) {
    p.table(R1, Table::Rules);
    p.set(R2, 0);
    p.call(Function::GroupStorage);
    p.copy(R7, R0);
}

/// Lets pass whatever happens in another network than the rule's: a jail inside may have one of its
/// own, and hooks follow control groups.
pub(super) fn only_our_network(p: &mut Program) {
    let ours = p.label();
    p.copy(R1, R6);
    p.call(Function::NetworkCookie);
    p.load(Double, R1, R7, rule::NETWORK);
    p.jump_if_registers(R0, If::Equal, R1, ours);
    p.answer(PASS);
    p.here(ours);
}

/// Goes on at the label if the jail has its network stack for itself.
pub(super) fn if_apart(p: &mut Program, label: Label) {
    p.load(Word, R1, R7, rule::FLAGS);
    p.and(R1, rule::APART);
    p.jump_if(R1, If::NotEqual, 0, label);
}

/// Ends the program: the system call fails with this error, unless it fails already. For a jail
/// inside another one, its own program comes first, and knows best.
pub(super) fn fail(p: &mut Program, errno: u32) {
    let fails = p.label();
    p.call(Function::GetError);
    p.jump_if(R0, If::NotEqual, 0, fails);
    p.set(R1, errno.wrapping_neg());
    p.call(Function::SetError);
    p.here(fails);
    p.answer(0);
}

/// Puts the address of what lies on the stack into the register.
pub(super) fn stack(p: &mut Program, to: Register, offset: i16) {
    p.copy(to, R10);
    p.add(to, i32::from(offset));
}

/// Writes `::ffff:REGISTER` to a place on the stack.
pub(super) fn mapped(p: &mut Program, at: i16, register: Register) {
    p.store_value(Double, R10, at, 0);
    p.store_value(Word, R10, at + 8, MAPPED);
    p.store(Word, R10, at + 12, register);
}

/// Copies four words through R1.
pub(super) fn copy_address(p: &mut Program, to: (Register, i16), from: (Register, i16)) {
    for word in [0, 4, 8, 12] {
        p.load(Word, R1, from.0, from.1 + word);
        p.store(Word, to.0, to.1 + word, R1);
    }
}

/// Looks a key on the stack up: R0 is the value's address.
pub(super) fn look_up(p: &mut Program, table: Table, key: i16) {
    p.table(R1, table);
    stack(p, R2, key);
    p.call(Function::MapLookup);
}

/// Goes on at the label if the address on the stack is one of the jail's.
pub(super) fn if_allowed(p: &mut Program, label: Label) {
    p.load(Double, R1, R7, rule::LIST);
    p.store(Double, R10, Stack::ALLOWED, R1);
    look_up(p, Table::Allowed, Stack::ALLOWED);
    p.jump_unless_null(R0, label);
}

/// Puts what is stored for a socket into R0, null if there is nothing. R2 is the socket.
pub(super) fn socket_storage(p: &mut Program) {
    storage_of(p, 0);
}

/// Puts what is stored for a socket into R9, and stores zeros if there is nothing. R2 is the
/// socket. Goes on at the label where there is no memory.
pub(super) fn make_socket_storage(p: &mut Program, failed: Label) {
    /// BPF_SK_STORAGE_GET_F_CREATE.
    const CREATE: u32 = 1;
    storage_of(p, CREATE);
    p.jump_if_null(R0, failed);
    p.copy(R9, R0);
}

fn storage_of(p: &mut Program, flags: u32) {
    p.table(R1, Table::Sockets);
    p.set(R3, 0);
    p.set(R4, flags);
    p.call(Function::SocketStorage);
}

/// Writes the key of [`Table::Hidden`] for a port in `port` and a protocol.
pub(super) fn hidden_key(p: &mut Program, port: Register, protocol: u32) {
    p.store(Half, R10, Stack::PORT, port);
    p.store_value(Half, R10, Stack::PORT + 2, protocol);
}

/// Copies a key of [`bound`] to the stack, for all sockets of its port.
pub(super) fn bound_key(p: &mut Program, from: Register) {
    for part in (0..bound::SLOT).step_by(4) {
        p.load(Word, R1, from, part);
        p.store(Word, R10, Stack::BOUND + part, R1);
    }
    p.store_value(Word, R10, Stack::BOUND + bound::SLOT, 0);
}
