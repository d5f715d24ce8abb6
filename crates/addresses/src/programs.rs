//! The programs: what the kernel runs when a process of a jail uses a socket, and when a packet
//! looks for its socket. FreeBSD's in_jail.c, in6_jail.c and in_pcb.c say what is to come out.
//!
//! Registers and stack are used the same way by all of them: R6 is what the kernel hands over, R7
//! the jail's rule ([`rule`]), and [`Stack`] says what lies where.

mod arrive;
mod bind;
mod call;
mod connect;
mod create;
mod fragments;
mod listen;
mod lookup;
mod name;

pub(crate) use create::socket;
pub(crate) use fragments::{PASS, PRIVILEGED};

use crate::assembler::Program;
use kernel::bpf::Hook;
use std::ffi::CStr;

/// The families of addresses.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Family {
    V4,
    V6,
}

impl Family {
    /// AF_INET or AF_INET6.
    const fn number(self) -> u32 {
        match self {
            Self::V4 => 2,
            Self::V6 => 10,
        }
    }
}

/// SOCK_STREAM, SOCK_DGRAM, SOCK_RAW: socket(2).
mod socket_type {
    pub(super) const STREAM: u32 = 1;
    pub(super) const DATAGRAM: u32 = 2;
    pub(super) const RAW: u32 = 3;
}

/// IPPROTO_TCP and the like: linux/in.h.
mod protocol {
    pub(super) const ICMP: u32 = 1;
    pub(super) const TCP: u32 = 6;
    pub(super) const UDP: u32 = 17;
    pub(super) const ICMP6: u32 = 58;
}

/// Where a program of the hook is attached, its name, and what writes it.
pub(crate) struct Source {
    pub(crate) hook: Hook,
    pub(crate) name: &'static CStr,
    pub(crate) write: fn() -> Program,
}

/// The programs that are attached to the control group of each jail.
pub(crate) const OF_A_GROUP: [Source; 14] = [
    Source { hook: Hook::SocketCreate, name: c"kletka_create", write: create::program },
    Source { hook: Hook::Bind4, name: c"kletka_bind4", write: || bind::program(Family::V4) },
    Source { hook: Hook::Bind6, name: c"kletka_bind6", write: || bind::program(Family::V6) },
    Source { hook: Hook::Bound4, name: c"kletka_bound4", write: || listen::bound(Family::V4) },
    Source { hook: Hook::Bound6, name: c"kletka_bound6", write: || listen::bound(Family::V6) },
    Source { hook: Hook::Connect4, name: c"kletka_conn4", write: || connect::connect(Family::V4) },
    Source { hook: Hook::Connect6, name: c"kletka_conn6", write: || connect::connect(Family::V6) },
    Source { hook: Hook::Send4, name: c"kletka_send4", write: || connect::send(Family::V4) },
    Source { hook: Hook::Send6, name: c"kletka_send6", write: || connect::send(Family::V6) },
    Source { hook: Hook::Name4, name: c"kletka_name4", write: name::program },
    Source { hook: Hook::Name6, name: c"kletka_name6", write: name::program },
    Source { hook: Hook::SocketOps, name: c"kletka_listen", write: listen::listen },
    Source { hook: Hook::SocketRelease, name: c"kletka_close", write: listen::release },
    Source { hook: Hook::Arrival, name: c"kletka_arrive", write: arrive::program },
];

/// The program of a network.
pub(crate) const OF_A_NETWORK: Source =
    Source { hook: Hook::Lookup, name: c"kletka_lookup", write: lookup::program };
