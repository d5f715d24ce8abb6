//! kletka's own commands, which FreeBSD does not have. They are called as `kletka VERB`.

pub(super) mod bootstrap;
pub(super) mod config;
pub(super) mod doctor;
pub(super) mod install;
pub(super) mod net;
