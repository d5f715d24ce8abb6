//! The commands that make, list and enter jails: jail(8), jls(8), jexec(8).

pub(super) mod jail;
pub(super) mod jexec;
pub(super) mod jls;
