//! What arrives at a datagram socket that has all addresses of the machine, because the jail has
//! several: it gets what was sent to the jail's, and to groups and everybody.
//!
//! [`super::lookup`] cannot see to that. It is asked before the kernel is, and what it refuses is
//! kept from the host's own sockets as well: from a resolver at 127.0.0.53, for one.

use super::fragments::{Stack, begin, copy_address, if_allowed, mapped, socket_storage, stack};
use super::protocol;
use crate::assembler::Register::{R0, R1, R2, R3, R4, R6, R7, R8, R9, R10};
use crate::assembler::Width::{Double, Word};
use crate::assembler::{Function, If, Program};
use crate::tables::{rule, socket};

/// struct __sk_buff, linux/bpf.h.
mod packet {
    /// PACKET_HOST and the like: linux/if_packet.h.
    pub(super) const KIND: i16 = 4;
    /// ETH_P_IP or ETH_P_IPV6, in network order.
    pub(super) const PROTOCOL: i16 = 16;
    /// The address of struct bpf_sock.
    pub(super) const SOCKET: i16 = 168;

    /// PACKET_HOST: for one machine alone.
    pub(super) const UNICAST: u32 = 0;
    pub(super) const IPV4: u32 = (0x0800_u16).to_be() as u32;
}

/// Where the destination is in a packet: RFC 791, RFC 8200.
const DESTINATION4: u32 = 16;
const DESTINATION6: u32 = 24;

/// The answers of this hook.
const DROP: u32 = 0;
const PASS: u32 = 1;

pub(super) fn program() -> Program {
    let mut p = Program::default();
    let [pass, drop, six, judge] = [(); 4].map(|()| p.label());
    p.copy(R6, R1);
    p.load(Double, R2, R6, packet::SOCKET);
    p.jump_if_null(R2, pass);
    socket_storage(&mut p);
    p.jump_if_null(R0, pass);
    p.load(Word, R1, R0, socket::PROTOCOL);
    p.jump_if(R1, If::NotEqual, protocol::UDP, pass);
    p.load(Word, R1, R6, packet::KIND);
    p.jump_if(R1, If::NotEqual, packet::UNICAST, pass);
    p.copy(R1, R6);
    begin(&mut p);
    p.load(Word, R8, R7, rule::FLAGS);
    p.load(Word, R1, R6, packet::PROTOCOL);
    p.jump_if(R1, If::NotEqual, packet::IPV4, six);
    p.and(R8, rule::ANY4);
    p.jump_if(R8, If::NotEqual, 0, pass);
    read(&mut p, DESTINATION4, 4);
    p.jump_if(R0, If::NotEqual, 0, drop);
    p.load(Word, R9, R10, Stack::SOURCE);
    mapped(&mut p, Stack::ADDRESS, R9);
    p.jump(judge);
    p.here(six);
    p.and(R8, rule::ANY6);
    p.jump_if(R8, If::NotEqual, 0, pass);
    read(&mut p, DESTINATION6, 16);
    p.jump_if(R0, If::NotEqual, 0, drop);
    copy_address(&mut p, (R10, Stack::ADDRESS), (R10, Stack::SOURCE));
    p.here(judge);
    if_allowed(&mut p, pass);
    p.here(drop);
    p.answer(DROP);
    p.here(pass);
    p.answer(PASS);
    p
}

/// Reads bytes of the packet to [`Stack::SOURCE`].
fn read(p: &mut Program, from: u32, length: u32) {
    p.copy(R1, R6);
    p.set(R2, from);
    stack(p, R3, Stack::SOURCE);
    p.set(R4, length);
    p.call(Function::LoadBytes);
}
