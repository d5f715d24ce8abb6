//! The network in FreeBSD's dialect: ifconfig(8), route(8), netstat(1), arp(8), ndp(8), setfib(1).

pub(super) mod arp;
pub(super) mod ifconfig;
pub(super) mod netstat;
pub(super) mod route;
pub(super) mod setfib;
