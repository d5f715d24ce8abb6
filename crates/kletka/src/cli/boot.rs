//! What the boot of the host starts: service(8) with its scripts, and sysrc(8) for rc.conf(5).

pub(super) mod netif;
pub(super) mod rc_subr;
pub(super) mod service;
pub(super) mod switch;
pub(super) mod sysrc;
