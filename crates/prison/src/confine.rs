//! What a process in a prison may do: FreeBSD's prison_priv_check() in Linux's terms.
//!
//! [`rights`] are the values; [`capability`] and [`filter`] carry them out. [`ids`] and [`user`]
//! say which user or group somebody in the prison is; [`devices`] is what its processes open.

pub(crate) mod capability;
pub(crate) mod devices;
pub(crate) mod filter;
pub(crate) mod ids;
pub(crate) mod rights;
pub(crate) mod user;
