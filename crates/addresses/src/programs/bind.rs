//! bind(2): prison_local_ip4(9), and ports that several jails and the host listen on at once.
//!
//! An address must be the jail's. Zeros are the jail's only address where there is one, and stay
//! otherwise. A stream socket gets no port of the machine's: the kernel chooses one for it, which
//! stays hidden, and [`super::lookup`] finds the socket by the port that was asked for.
//!
//! Who asks for zeros and for no port, as resolvers do, wants to connect: of several addresses the
//! socket gets the first, as none can be given to it later. So it is with datagrams and a high
//! port. Should a stream socket listen all the same, it is found by all addresses of the jail.

use super::call::{self, Given, read_address};
use super::fragments::{
    PASS, PRIVILEGED, Stack, begin, errno, fail, if_apart, look_up, make_socket_storage,
    only_our_network, rule_again, socket_storage, stack,
};
use super::listen::forget_port;
use super::{Family, socket_type};
use crate::assembler::Register::{R0, R1, R2, R3, R4, R5, R6, R7, R8, R9, R10};
use crate::assembler::Width::{self, Double, Half, Word};
use crate::assembler::{Function, If, Label, Program};
use crate::layout::{self, Layout};
use crate::tables::{Table, bound, rule, socket};

/// SOL_SOCKET, SO_REUSEADDR and SO_REUSEPORT: socket(7).
const SOL_SOCKET: u32 = 1;
const SO_REUSEADDR: u32 = 2;
const SO_REUSEPORT: u32 = 15;
/// BPF_F_CURRENT_NETNS.
const THIS_NETWORK: u32 = u32::MAX;

/// The first port that Linux gives to a socket on its own: ip(7), ip_local_port_range. A resolver
/// that chooses a port for each question chooses among these too.
const OWN_CHOICE: u32 = 32_768;

pub(super) fn program(family: Family) -> Program {
    let mut p = Program::default();
    let [four, any, port, foreign] = [(); 4].map(|()| p.label());
    let unbound = p.label();
    begin(&mut p);
    only_our_network(&mut p);
    p.load(Double, R1, R6, call::SOCKET);
    p.load(Word, R1, R1, call::SOCKET_PORT);
    p.jump_if(R1, If::Equal, 0, unbound);
    // The kernel refuses a socket that is bound already.
    p.answer(PASS);
    p.here(unbound);
    read_address(&mut p, family, [four, any]);
    if family == Family::V6 {
        pass_if_all(&mut p, Given::SIX);
        Given::SIX.if_ours(&mut p, port);
        p.jump(foreign);
    }
    p.here(four);
    let given = Given::four(family);
    pass_if_all(&mut p, given);
    given.if_ours(&mut p, port);
    p.here(foreign);
    fail(&mut p, errno::NOT_AVAILABLE);
    p.here(any);
    pass_if_all(&mut p, Given::zeros(family));
    all_addresses(&mut p, family, port);
    p.here(port);
    let [free, denied] = [(); 2].map(|()| p.label());
    p.load(Word, R8, R6, call::PORT);
    p.swap_half(R8);
    p.jump_if(R8, If::Equal, 0, free);
    privilege(&mut p, denied);
    hide(&mut p, family, free);
    p.here(denied);
    fail(&mut p, errno::ACCESS);
    p.here(free);
    p.answer(PRIVILEGED);
    p
}

/// Zeros were asked for: on the stack is the address that the socket is found under.
fn all_addresses(p: &mut Program, family: Family, port: Label) {
    let stays = p.label();
    match family {
        Family::V4 => {
            let [only, datagram] = [(); 2].map(|()| p.label());
            p.load(Word, R1, R7, rule::COUNT4);
            p.jump_if(R1, If::Equal, 1, only);
            if_apart(p, stays);
            p.load(Word, R8, R6, call::PORT);
            p.swap_half(R8);
            p.load(Word, R1, R6, call::TYPE);
            p.jump_if(R1, If::NotEqual, socket_type::STREAM, datagram);
            p.jump_if(R8, If::NotEqual, 0, stays);
            any_address_and_port(p, only);
            p.jump(only);
            p.here(datagram);
            p.jump_if(R8, If::Equal, 0, only);
            p.jump_if(R8, If::Below, OWN_CHOICE, stays);
            p.here(only);
            Given::FOUR.replace_by_first(p);
            p.jump(port);
        }
        // A socket of IPv6 may speak IPv4 too, which this hook cannot see: only where the jail has
        // no IPv4, or another socket for it, the only address is all that the socket can have.
        Family::V6 => {
            let only = p.label();
            p.load(Word, R1, R7, rule::COUNT6);
            p.jump_if(R1, If::NotEqual, 1, stays);
            p.load(Word, R1, R7, rule::COUNT4);
            p.jump_if(R1, If::Equal, 0, only);
            if_apart(p, stays);
            p.load(Word, R1, R6, call::TYPE);
            p.jump_if(R1, If::Equal, socket_type::STREAM, stays);
            beside_ipv4(p, stays);
            p.here(only);
            Given::SIX.replace_by_first(p);
            p.jump(port);
        }
    }
    p.here(stays);
    alone(p, family);
    for half in [0, 8] {
        p.store_value(Double, R10, Stack::ADDRESS + half, 0);
    }
}

/// Refuses a datagram socket for all addresses that would share its port with one of the host's or
/// of another jail's that has all, too: by SO_REUSEADDR, or by SO_REUSEPORT with the host's users.
/// The kernel gives each datagram to one of them, whosever it is.
fn alone(p: &mut Program, family: Family) {
    let [end, shares] = [(); 2].map(|()| p.label());
    if_apart(p, end);
    p.load(Word, R1, R6, call::TYPE);
    p.jump_if(R1, If::Equal, socket_type::STREAM, end);
    for option in [SO_REUSEADDR, SO_REUSEPORT] {
        ask(p, option);
        p.load(Word, R1, R10, Stack::OPTION);
        p.jump_if(R1, If::NotEqual, 0, shares);
    }
    p.jump(end);
    p.here(shares);
    if family == Family::V6 {
        find_other(p, Family::V6);
    }
    find_other(p, Family::V4);
    p.here(end);
}

/// Goes on at the label unless the jail has a datagram socket of IPv4 with the port. Then the one
/// of IPv6 beside it speaks IPv6 alone, as servers have it that open one for each.
fn beside_ipv4(p: &mut Program, otherwise: Label) {
    let [own, release] = [(); 2].map(|()| p.label());
    find_socket(p, Family::V4, |p| {
        p.load(Word, R1, R7, rule::FIRST4);
        p.store(Word, R10, destination(Family::V4), R1);
    });
    p.jump_if_null(R0, otherwise);
    p.set(R9, 0);
    p.load(Word, R1, R8, call::SOCKET_ADDRESS4);
    p.load(Word, R2, R7, rule::FIRST4);
    p.jump_if_registers(R1, If::Equal, R2, own);
    p.copy(R2, R8);
    socket_storage(p);
    p.jump_if_null(R0, release);
    p.load(Double, R1, R0, bound::GROUP);
    p.load(Double, R2, R7, rule::GROUP);
    p.jump_if_registers(R1, If::NotEqual, R2, release);
    p.here(own);
    p.set(R9, 1);
    p.here(release);
    p.copy(R1, R8);
    p.call(Function::SocketRelease);
    p.jump_if(R9, If::Equal, 0, otherwise);
}

/// Where the destination is in struct bpf_sock_tuple, as it lies on the stack.
const fn destination(family: Family) -> i16 {
    match family {
        Family::V4 => Stack::TUPLE + 4,
        Family::V6 => Stack::TUPLE + 16,
    }
}

/// Finds the datagram socket that gets what is sent to the call's port, and to the address that
/// `put` writes to [`destination`]: R8 and R0, which has to be released unless it is null.
fn find_socket(p: &mut Program, family: Family, put: impl FnOnce(&mut Program)) {
    let (size, port) = match family {
        Family::V4 => (12, 10),
        Family::V6 => (36, 34),
    };
    for word in (0..36).step_by(4) {
        p.store_value(Word, R10, Stack::TUPLE + word, 0);
    }
    put(p);
    p.load(Word, R1, R6, call::PORT);
    p.store(Half, R10, Stack::TUPLE + port, R1);
    p.copy(R1, R6);
    stack(p, R2, Stack::TUPLE);
    p.set(R3, size);
    p.set(R4, THIS_NETWORK);
    p.set(R5, 0);
    p.call(Function::FindDatagramSocket);
    p.copy(R8, R0);
}

/// Fails the call if somebody else's socket gets what is sent to the port and to an address that
/// nobody has: 240.0.0.1, of RFC 1112, or 100::1, of RFC 6666.
fn find_other(p: &mut Program, family: Family) {
    let [none, known] = [(); 2].map(|()| p.label());
    find_socket(p, family, |p| {
        let to: &[(i16, [u8; 4])] = match family {
            Family::V4 => &[(0, [240, 0, 0, 1])],
            Family::V6 => &[(0, [1, 0, 0, 0]), (12, [0, 0, 0, 1])],
        };
        for (at, bytes) in to {
            p.store_value(Word, R10, destination(family) + at, u32::from_ne_bytes(*bytes));
        }
    });
    p.jump_if_null(R0, none);
    p.set(R9, 0);
    p.copy(R2, R8);
    socket_storage(p);
    p.jump_if_null(R0, known);
    p.load(Double, R9, R0, bound::GROUP);
    p.here(known);
    p.copy(R1, R8);
    p.call(Function::SocketRelease);
    p.load(Double, R1, R7, rule::GROUP);
    p.jump_if_registers(R9, If::Equal, R1, none);
    fail(p, errno::IN_USE);
    p.here(none);
}

/// Lets the call pass if the jail has all addresses of the family; the jail's root needs no
/// privilege for the port, where it may have those below [`rule::UNPRIVILEGED`].
fn pass_if_all(p: &mut Program, given: Given) {
    let [limited, plain] = [(); 2].map(|()| p.label());
    given.unless_all(p, limited);
    if_root(p, plain);
    p.answer(PRIVILEGED);
    p.here(plain);
    p.answer(PASS);
    p.here(limited);
}

/// Refuses a port that only root may have to everybody but the jail's root, and who has the
/// capability for such ports. R8 is the port.
fn privilege(p: &mut Program, denied: Label) {
    let free = p.label();
    p.load(Word, R1, R7, rule::UNPRIVILEGED);
    p.jump_if_registers(R8, If::AtLeast, R1, free);
    if_root(p, denied);
    p.here(free);
}

/// Goes on at `other` unless the jail's root asks, or who has CAP_NET_BIND_SERVICE in the jail, and
/// they may have ports of root's. Changes R9.
fn if_root(p: &mut Program, other: Label) {
    let root = p.label();
    p.load(Word, R1, R7, rule::FLAGS);
    p.and(R1, rule::RESERVED);
    p.jump_if(R1, If::Equal, 0, other);
    p.call(Function::CurrentUser);
    p.copy(R1, R0);
    p.and(R1, u32::MAX);
    p.load(Word, R2, R7, rule::ROOT);
    p.jump_if_registers(R1, If::Equal, R2, root);
    match layout::of_kernel() {
        Some(layout) => if_capable(p, layout, other),
        None => p.jump(other),
    }
    p.here(root);
}

/// Goes on at `other` unless the process has CAP_NET_BIND_SERVICE, and has it in the user namespace
/// that the host has made for the jail, or in the host's own: whoever makes a user namespace has
/// every capability in that.
fn if_capable(p: &mut Program, layout: Layout, other: Label) {
    /// CAP_NET_BIND_SERVICE, of capabilities(7).
    const BIND_SERVICE: u32 = 1 << 10;
    let [hosts, compare] = [(); 2].map(|()| p.label());
    p.call(Function::CurrentTask);
    p.copy(R3, R0);
    read_kernel(p, Double, layout.credentials);
    p.load(Double, R9, R10, Stack::VALUE);
    p.copy(R3, R9);
    read_kernel(p, Word, layout.capabilities);
    p.load(Word, R1, R10, Stack::VALUE);
    p.and(R1, BIND_SERVICE);
    p.jump_if(R1, If::Equal, 0, other);
    p.copy(R3, R9);
    read_kernel(p, Double, layout.namespace);
    p.load(Double, R3, R10, Stack::VALUE);
    read_kernel(p, Word, layout.level);
    p.set(R2, 1);
    p.load(Word, R1, R7, rule::FLAGS);
    p.and(R1, rule::OWN_USERS);
    p.jump_if(R1, If::Equal, 0, hosts);
    p.jump(compare);
    p.here(hosts);
    p.set(R2, 0);
    p.here(compare);
    p.load(Word, R1, R10, Stack::VALUE);
    p.jump_if_registers(R1, If::NotEqual, R2, other);
}

/// Reads what the kernel has at R3 and so many bytes behind it: [`Stack::VALUE`]. What cannot be
/// read is zeros.
fn read_kernel(p: &mut Program, width: Width, offset: i32) {
    p.add(R3, offset);
    stack(p, R1, Stack::VALUE);
    p.set(R2, if width == Double { 8 } else { 4 });
    p.call(Function::ReadKernel);
}

/// Notes that a stream socket of IPv4 is to be found by all addresses of the jail, under a port
/// that the kernel is about to choose.
fn any_address_and_port(p: &mut Program, failed: Label) {
    for half in [0, 8] {
        p.store_value(Double, R10, Stack::ADDRESS + half, 0);
    }
    p.store_value(Word, R10, Stack::OPTION, 0);
    p.set(R8, 0);
    forget_earlier(p);
    key(p, Family::V4);
    remember(p, failed);
}

/// Takes the port from a stream socket, and notes it; others go on at `free`. R8 is the port.
fn hide(p: &mut Program, family: Family, free: Label) {
    let [first, taken, noted] = [(); 3].map(|()| p.label());
    p.load(Word, R1, R6, call::TYPE);
    p.jump_if(R1, If::NotEqual, socket_type::STREAM, free);
    if_apart(p, free);
    forget_earlier(p);
    key(p, family);
    ask(p, SO_REUSEPORT);
    // By a register: Linux 6.1 takes no value here.
    p.set(R1, 0);
    p.store(Word, R6, call::PORT, R1);
    look_up(p, Table::Bound, Stack::BOUND);
    p.jump_if_null(R0, first);
    // Another socket of the jail has the port: both must want to share it, and be of one user.
    p.load(Word, R1, R0, bound::SHARED);
    p.load(Word, R2, R10, Stack::OPTION);
    p.jump_if(R1, If::Equal, 0, taken);
    p.jump_if(R2, If::Equal, 0, taken);
    p.load(Word, R1, R0, bound::COUNT);
    p.and(R1, bound::SLOTS - 1);
    p.store(Word, R10, Stack::BOUND + bound::SLOT, R1);
    // The kernel shares what it has chosen for the first, and checks the user.
    p.load(Word, R1, R0, bound::CHOSEN);
    p.swap_half(R1);
    p.store(Word, R6, call::PORT, R1);
    p.here(first);
    remember(p, taken);
    p.jump(noted);
    p.here(taken);
    fail(p, errno::IN_USE);
    p.here(noted);
    p.answer(PASS);
}

/// A socket that was bound before and disconnected has lost its port.
fn forget_earlier(p: &mut Program) {
    let fresh = p.label();
    p.load(Double, R2, R6, call::SOCKET);
    socket_storage(p);
    p.jump_if_null(R0, fresh);
    p.copy(R9, R0);
    forget_port(p);
    rule_again(p);
    p.here(fresh);
}

/// Stores for the socket the key at [`Stack::BOUND`], and whether the socket shares its port.
fn remember(p: &mut Program, failed: Label) {
    p.load(Double, R2, R6, call::SOCKET);
    make_socket_storage(p, failed);
    for part in (0..bound::SIZE).step_by(8) {
        p.load(Double, R1, R10, Stack::BOUND + part);
        p.store(Double, R9, part, R1);
    }
    p.load(Word, R1, R10, Stack::OPTION);
    p.store(Word, R9, socket::SHARED, R1);
    p.store_value(Word, R9, socket::CHOSEN, 0);
    p.store_value(Word, R9, socket::COUNTED, 0);
    p.store_value(Word, R9, socket::PROTOCOL, super::protocol::TCP);
    p.call(Function::CurrentUser);
    p.store(Word, R9, socket::USER, R0);
}

/// Writes the key under which the socket is found. R8 is the port.
fn key(p: &mut Program, family: Family) {
    p.load(Double, R1, R7, rule::GROUP);
    p.store(Double, R10, Stack::BOUND + bound::GROUP, R1);
    for half in [0, 8] {
        p.load(Double, R1, R10, Stack::ADDRESS + half);
        p.store(Double, R10, Stack::BOUND + bound::ADDRESS + half, R1);
    }
    p.store(Half, R10, Stack::BOUND + bound::PORT, R8);
    p.store_value(Half, R10, Stack::BOUND + bound::FAMILY, family.number());
    p.store_value(Word, R10, Stack::BOUND + bound::SLOT, 0);
}

/// Asks for an option of the socket, such as whether it shares its port: [`Stack::OPTION`].
fn ask(p: &mut Program, option: u32) {
    p.store_value(Word, R10, Stack::OPTION, 0);
    p.copy(R1, R6);
    p.set(R2, SOL_SOCKET);
    p.set(R3, option);
    stack(p, R4, Stack::OPTION);
    p.set(R5, 4);
    p.call(Function::GetSocketOption);
}
