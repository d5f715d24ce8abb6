//! Which sockets a jail may make: families of protocols, and of netlink each protocol by itself;
//! and which options it may set.
//!
//! A filter sees socket(2)'s arguments, and only the third one tells a firewall's netlink socket
//! from the one by which getifaddrs(3) asks.

use super::{ALLOW, FIRST_ARGUMENT, SECOND_ARGUMENT, THIRD_ARGUMENT, jump, load, refuse};
use crate::confine::rights::Rights;
use crate::permission::Permission;
use libc::{BPF_JEQ, BPF_JGE, sock_filter};

/// The most families and netlink protocols that a jail can have.
const FAMILIES: usize = 5;
const PROTOCOLS: usize = 6;

/// The number of instructions that [`section`] writes at most.
pub(super) const LENGTH: usize = 2 + 2 * FAMILIES + 1 + 1 + 2 * PROTOCOLS + 1;

/// Options of the levels `IPPROTO_IP` and `IPPROTO_IPV6` that replace the rules of a packet filter,
/// or its counters: iptables and ip6tables, arptables, ebtables, by linux/netfilter*/*_tables.h. No
/// other option of either level has one of these numbers.
const FILTER_OPTIONS: [u32; 6] = [64, 65, 96, 97, 128, 129];
/// From here on all options of `IPPROTO_IP` are those of ip_vs(4).
const FIRST_OF_VS: u32 = 1024;

/// The number of instructions that [`options`] writes at most.
pub(super) const OPTIONS_LENGTH: usize = 5 + FILTER_OPTIONS.len() + 3;

/// The instructions that decide about setsockopt(2): jail(8), `securelevel`.
pub(super) fn options(rights: Rights) -> Vec<sock_filter> {
    if rights.packet_filters {
        return vec![ALLOW];
    }
    let mut section = vec![
        load(SECOND_ARGUMENT),
        jump(BPF_JEQ, libc::IPPROTO_IP as u32, 2, 0),
        jump(BPF_JEQ, libc::IPPROTO_IPV6 as u32, 1, 0),
        ALLOW,
        load(THIRD_ARGUMENT),
    ];
    let left = FILTER_OPTIONS.len() as u8;
    let each = FILTER_OPTIONS.into_iter().zip((2..left + 2).rev());
    section.extend(each.map(|(option, distance)| jump(BPF_JEQ, option, distance, 0)));
    section.extend([jump(BPF_JGE, FIRST_OF_VS, 1, 0), ALLOW, refuse(libc::EPERM)]);
    section
}

/// The instructions that decide about socket(2) and socketpair(2).
pub(super) fn section(rights: Rights) -> Vec<sock_filter> {
    let mut by_family = one_of(families(rights), libc::EAFNOSUPPORT);
    let by_protocol = one_of(netlink_protocols(rights), libc::EPROTONOSUPPORT);
    // FAMILIES is small: the distance fits.
    let is_netlink = jump(BPF_JEQ, libc::AF_NETLINK as u32, by_family.len() as u8, 0);
    let mut section = vec![load(FIRST_ARGUMENT), is_netlink];
    section.append(&mut by_family);
    section.push(load(THIRD_ARGUMENT));
    section.extend(by_protocol);
    section
}

/// Allows the call when what was loaded is one of `values`.
fn one_of(values: impl Iterator<Item = i32>, otherwise: i32) -> Vec<sock_filter> {
    let allow = values.flat_map(|value| [jump(BPF_JEQ, value as u32, 0, 1), ALLOW]);
    allow.chain([refuse(otherwise)]).collect()
}

/// Families but netlink: jail(8), `allow.socket_af`, `ip4` and `ip6`.
///
/// With `allow.socket_af` FreeBSD lets a jail have all families. Here it adds what belongs to a
/// network of the jail's own, and what its root could do no more with than with that network. Of
/// the others,
///
/// * AF_VSOCK reaches the hypervisor and its other guests, and AF_BLUETOOTH, AF_NFC, AF_PHONET and
///   AF_IEEE802154 reach devices of the host, whichever network a process is in;
/// * AF_ALG, AF_KEY and AF_RXRPC are doors to the kernel's ciphers and keys, which all share;
/// * AF_SMC, AF_RDS, AF_KCM and AF_TIPC make sockets of the kernel's own, which no rule holds;
/// * AF_XDP needs bpf(2);
/// * AF_AX25, AF_X25, AF_APPLETALK, AF_LLC and the like are in the host's network alone.
fn families(rights: Rights) -> impl Iterator<Item = i32> {
    let all: [(bool, i32); FAMILIES] = [
        (true, libc::AF_UNIX),
        (rights.families.inet, libc::AF_INET),
        (rights.families.inet6, libc::AF_INET6),
        // Frames of the jail's own interfaces. On the host's stack these sockets would hear all
        // that the host and its other jails hear.
        (rights.has_vnet(), libc::AF_PACKET),
        // Frames of buses whose interfaces are the jail's own: can(4), vcan(4).
        (rights.has_vnet() && rights.allow.has(Permission::SocketAf), libc::AF_CAN),
    ];
    given(all)
}

/// Protocols of netlink. What is left out acts on the host as a whole (audit, SELinux, iSCSI, the
/// crypto API), or nobody in a jail speaks it. `EPROTONOSUPPORT` is what a kernel without the
/// protocol answers, so that login(1) and sshd(8) go on without an audit.
fn netlink_protocols(rights: Rights) -> impl Iterator<Item = i32> {
    let all: [(bool, i32); PROTOCOLS] = [
        // getifaddrs(3), and so most programs with a network, asks by this one.
        (true, libc::NETLINK_ROUTE),
        (true, libc::NETLINK_SOCK_DIAG),
        (true, libc::NETLINK_KOBJECT_UEVENT),
        (true, libc::NETLINK_GENERIC),
        // Firewall and IPsec of the jail's own stack.
        (rights.has_vnet() && rights.packet_filters, libc::NETLINK_NETFILTER),
        (rights.has_vnet(), libc::NETLINK_XFRM),
    ];
    given(all)
}

fn given<const N: usize>(all: [(bool, i32); N]) -> impl Iterator<Item = i32> {
    all.into_iter().filter(|(given, _)| *given).map(|(_, value)| value)
}
