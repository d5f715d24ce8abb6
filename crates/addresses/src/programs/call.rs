//! What bind(2), connect(2), sendto(2) and getsockname(2) hand over: struct bpf_sock_addr,
//! linux/bpf.h.

use super::Family;
use super::fragments::{
    LOOPBACK, LOOPBACK6, MAPPED, PASS, Stack, copy_address, if_allowed, mapped,
};
use crate::assembler::Register::{R1, R2, R6, R7, R9, R10};
use crate::assembler::Width::{Double, Word};
use crate::assembler::{If, Label, Program, Register};
use crate::tables::rule;

/// The address of an IPv4 call.
const ADDRESS4: i16 = 4;
/// The address of an IPv6 call.
const ADDRESS6: i16 = 8;
/// The port, in network order, in the lower half of a word.
pub(super) const PORT: i16 = 24;
/// The socket's family, which may be AF_INET6 in an IPv4 call.
pub(super) const FAMILY: i16 = 28;
/// The socket's type.
pub(super) const TYPE: i16 = 32;
/// The socket's protocol.
pub(super) const PROTOCOL: i16 = 36;
/// Of an IPv4 datagram, the source that was asked for.
pub(super) const SOURCE4: i16 = 40;
/// Of an IPv6 datagram, the source that was asked for.
pub(super) const SOURCE6: i16 = 44;
/// The address of struct bpf_sock.
pub(super) const SOCKET: i16 = 64;

/// In struct bpf_sock: the IPv4 address that the socket has.
pub(super) const SOCKET_ADDRESS4: i16 = 24;
/// In struct bpf_sock: the IPv6 address that the socket has.
pub(super) const SOCKET_ADDRESS6: i16 = 28;
/// In struct bpf_sock: the port that the socket has, in the processor's order.
pub(super) const SOCKET_PORT: i16 = 44;

/// An address of a call: where its last word is, and of which family it really is.
#[derive(Clone, Copy)]
pub(super) struct Given {
    /// The family of the address: a call of IPv6 may give `::ffff:a.b.c.d`.
    pub(super) family: Family,
    last: i16,
}

impl Given {
    /// The address of an IPv4 call.
    pub(super) const FOUR: Self = Self { family: Family::V4, last: ADDRESS4 };
    /// An IPv4 address of an IPv6 call.
    pub(super) const MAPPED: Self = Self { family: Family::V4, last: ADDRESS6 + 12 };
    /// An IPv6 address of an IPv6 call.
    pub(super) const SIX: Self = Self { family: Family::V6, last: ADDRESS6 + 12 };

    /// An IPv4 address of a call of this family.
    pub(super) const fn four(call: Family) -> Self {
        match call {
            Family::V4 => Self::FOUR,
            Family::V6 => Self::MAPPED,
        }
    }

    /// The zeros of a call of this family.
    pub(super) const fn zeros(call: Family) -> Self {
        match call {
            Family::V4 => Self::FOUR,
            Family::V6 => Self::SIX,
        }
    }

    /// Puts the jail's first address of the family on the stack, an IPv4 one into R9 too.
    pub(super) fn put_first(self, p: &mut Program) {
        match self.family {
            Family::V4 => {
                p.load(Word, R9, R7, rule::FIRST4);
                mapped(p, Stack::ADDRESS, R9);
            }
            Family::V6 => copy_address(p, (R10, Stack::ADDRESS), (R7, rule::FIRST6)),
        }
    }

    /// Replaces the address, and its copy on the stack, by the jail's first one.
    pub(super) fn replace_by_first(self, p: &mut Program) {
        self.put_first(p);
        match self.family {
            Family::V4 => p.store(Word, R6, self.last, R9),
            Family::V6 => copy_address(p, (R6, ADDRESS6), (R7, rule::FIRST6)),
        }
    }

    /// Lets the call pass if the jail has all addresses of the family.
    pub(super) fn pass_if_all(self, p: &mut Program) {
        let limited = p.label();
        self.unless_all(p, limited);
        p.answer(PASS);
        p.here(limited);
    }

    /// Goes on at the label unless the jail has all addresses of the family.
    pub(super) fn unless_all(self, p: &mut Program, limited: Label) {
        let all = match self.family {
            Family::V4 => rule::ANY4,
            Family::V6 => rule::ANY6,
        };
        p.load(Word, R1, R7, rule::FLAGS);
        p.and(R1, all);
        p.jump_if(R1, If::Equal, 0, limited);
    }

    /// How many addresses of the family the jail has.
    pub(super) fn count(self, p: &mut Program, to: Register) {
        let count = match self.family {
            Family::V4 => rule::COUNT4,
            Family::V6 => rule::COUNT6,
        };
        p.load(Word, to, R7, count);
    }

    /// Goes on at the label if the address on the stack means this machine: 127.0.0.1 or ::1.
    pub(super) fn if_loopback(self, p: &mut Program, label: Label) {
        let not = p.label();
        match self.family {
            Family::V4 => p.jump_if(R9, If::Equal, LOOPBACK, label),
            Family::V6 => {
                p.load(Double, R1, R10, Stack::ADDRESS);
                p.jump_unless_null(R1, not);
                p.load(Word, R1, R10, Stack::ADDRESS + 8);
                p.jump_unless_null(R1, not);
                p.load(Word, R1, R10, Stack::ADDRESS + 12);
                p.jump_if(R1, If::Equal, LOOPBACK6, label);
            }
        }
        p.here(not);
    }

    /// Makes 127.0.0.1 and ::1 the jail's first address, unless the jail has them as such; goes on
    /// at `ours` when the address is the jail's then, and with what follows otherwise.
    pub(super) fn if_ours(self, p: &mut Program, ours: Label) {
        let [loopback, end] = [(); 2].map(|()| p.label());
        if_allowed(p, ours);
        self.if_loopback(p, loopback);
        p.jump(end);
        p.here(loopback);
        self.count(p, R2);
        p.jump_if(R2, If::Equal, 0, end);
        self.replace_by_first(p);
        p.jump(ours);
        p.here(end);
    }
}

/// Reads the address of a call of this family to the stack, an IPv4 one into R9 too. Goes on with
/// what follows for an IPv6 address, at `four` for an IPv4 one, and at `any` for zeros.
pub(super) fn read_address(p: &mut Program, call: Family, [four, any]: [Label; 2]) {
    if call == Family::V4 {
        p.load(Word, R9, R6, ADDRESS4);
        mapped(p, Stack::ADDRESS, R9);
        p.jump_if(R9, If::Equal, 0, any);
        return p.jump(four);
    }
    let six = p.label();
    copy_address(p, (R10, Stack::ADDRESS), (R6, ADDRESS6));
    p.load(Double, R1, R10, Stack::ADDRESS);
    p.jump_unless_null(R1, six);
    p.load(Word, R9, R10, Stack::ADDRESS + 12);
    p.load(Word, R1, R10, Stack::ADDRESS + 8);
    p.jump_if(R1, If::Equal, MAPPED, four);
    p.or(R1, R9);
    p.jump_if_null(R1, any);
    p.here(six);
}
