//! socket(2): prison_check_af(9). A jail has the families that it has addresses of, and the
//! protocols whose sockets the other programs can hold to them: TCP, UDP, and ICMP without raw
//! sockets.
//!
//! What is refused has a reason each. No hook sees the addresses of UDP-Lite, SCTP, DCCP and L2TP.
//! The sockets that listen for Multipath TCP are the kernel's own, which have no port of a jail's;
//! programs take TCP then. A raw socket writes any source, and hears what is for all jails. A
//! socket of ICMPv6 may be bound to an address of nobody, by which it is no better than a raw one;
//! one of ICMP sends from addresses of the machine alone.

use super::fragments::{PASS, begin, errno, fail, only_our_network};
use super::{Family, protocol, socket_type};
use crate::assembler::Register::{R1, R2, R6, R7};
use crate::assembler::Width::Word;
use crate::assembler::{If, Program};
use crate::tables::rule;

/// struct bpf_sock, linux/bpf.h.
pub(crate) mod socket {
    pub(crate) const FAMILY: i16 = 4;
    pub(crate) const TYPE: i16 = 8;
    pub(crate) const PROTOCOL: i16 = 12;
    pub(crate) const MARK: i16 = 16;
}

pub(super) fn program() -> Program {
    let mut p = Program::default();
    let [six, any, echo, none, unknown, denied] = [(); 6].map(|()| p.label());
    begin(&mut p);
    only_our_network(&mut p);
    p.load(Word, R1, R6, socket::FAMILY);
    p.jump_if(R1, If::Equal, Family::V6.number(), six);
    p.load(Word, R2, R7, rule::COUNT4);
    p.jump(any);
    p.here(six);
    // An AF_INET6 socket can speak IPv4 too, but a jail without IPv6 has none.
    p.load(Word, R2, R7, rule::COUNT6);
    p.here(any);
    p.jump_if(R2, If::Equal, 0, none);
    p.load(Word, R1, R6, socket::TYPE);
    p.jump_if(R1, If::Equal, socket_type::RAW, denied);
    p.load(Word, R1, R6, socket::PROTOCOL);
    for ours in [protocol::TCP, protocol::UDP] {
        let next = p.label();
        p.jump_if(R1, If::NotEqual, ours, next);
        p.answer(PASS);
        p.here(next);
    }
    p.jump_if(R1, If::Equal, protocol::ICMP, echo);
    p.jump_if(R1, If::NotEqual, protocol::ICMP6, unknown);
    p.load(Word, R1, R7, rule::FLAGS);
    p.and(R1, rule::ANY6 | rule::APART);
    p.jump_if(R1, If::Equal, 0, denied);
    p.here(echo);
    p.load(Word, R1, R7, rule::FLAGS);
    p.and(R1, rule::RAW);
    p.jump_if(R1, If::Equal, 0, denied);
    p.answer(PASS);
    p.here(none);
    fail(&mut p, errno::FAMILY);
    p.here(unknown);
    fail(&mut p, errno::PROTOCOL);
    p.here(denied);
    fail(&mut p, errno::PERMISSION);
    p
}
