//! What holds a jail to its addresses on the host's network stack: `ip4.addr` and `ip6.addr` of
//! jail(8), for jails without a network of their own. FreeBSD's kernel has this in in_jail.c,
//! in6_jail.c and in_pcb.c; Linux has hooks where programs can be put, bpf(2), in the kernel itself
//! and so at its speed.
//!
//! A jail's processes are in a control group, and the programs of that group see each socket that
//! they make, bind, connect or send from. An address that is not the jail's is refused. A stream
//! socket that is bound gets a port that the kernel chooses, so that the host and any number of
//! jails can listen on one port; a program of the network's looks up whose an arriving packet's
//! address is, and gives the packet to the socket that has asked for the port.
//!
//! The programs are written here, instruction by instruction ([`assembler`], [`programs`]), and
//! loaded once for all jails of a network ([`Network`]). What differs from jail to jail is in
//! tables ([`tables`]): a [`Rule`] each. A jail's addresses change by one write.
//!
//! A program of its own gives sockets a mark, by which the kernel chooses a routing table:
//! [`mark_sockets`]. Another one lets a jail's root bind ports below 1024 where the jail has all
//! addresses: [`open_ports`].
//!
//! May use: `kernel`; system calls: bpf(2), by way of `kernel`; what the kernel says of its types.

mod assembler;
mod layout;
mod mark;
mod network;
mod ports;
mod programs;
mod rule;
mod tables;

pub use mark::mark_sockets;
pub use network::Network;
pub use ports::{close_ports, open_ports};
pub use rule::{Rule, Share, Source, both};

#[cfg(test)]
mod tests;
