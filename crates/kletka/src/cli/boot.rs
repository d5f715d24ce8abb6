//! What starts with the host: service(8) with its scripts, and rc.conf(5) by sysrc(8).

pub(super) mod netif;
pub(super) mod rc_subr;
pub(super) mod service;
pub(super) mod switch;
pub(super) mod sysrc;
