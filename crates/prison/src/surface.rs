//! What a jail reaches of the kernel, as tables for a document: each follows from what carries it
//! out.

use crate::confine::rights::Rights;
use crate::confine::{capability, filter};
use crate::files::masks;
use crate::permission::Allow;
use crate::spec::{Families, Users};

/// A system call that the filter knows.
#[derive(Debug, Clone, Copy)]
pub struct SystemCall {
    /// Its name, without `SYS_`.
    pub name: &'static str,
    /// What a jail is answered, in words.
    pub answer: &'static str,
    /// Whether a jail may make it whose parameters all have their defaults.
    pub by_default: bool,
}

/// Every system call that the filter knows.
pub fn system_calls() -> impl Iterator<Item = SystemCall> {
    filter::answers().map(|(name, answer, by_default)| SystemCall { name, answer, by_default })
}

/// The capabilities of jails whose other parameters have their defaults, by kind of jail.
#[must_use]
pub fn capabilities() -> [(&'static str, Vec<&'static str>); 3] {
    let default = Rights { allow: Allow::default(), own_network: true, ..Rights::NONE };
    let vnet = Rights { families: Families { inet: true, inet6: true }, ..default };
    let inherit = Rights { users: Users::Host, ..default };
    [
        ("a jail", capability::given(default)),
        ("with `vnet`", capability::given(vnet)),
        ("with `kletka.userns=inherit`", capability::given(inherit)),
    ]
}

/// A path that a jail sees otherwise than the host.
#[derive(Debug, Clone)]
pub struct Mask {
    /// The path, as inside the jail.
    pub path: String,
    /// How a jail with ids of its own sees it.
    pub own: &'static str,
    /// How a jail with the host's ids sees it.
    pub inherit: &'static str,
}

/// Every path of /proc and /sys that a jail without jails inside sees otherwise than the host.
pub fn masks() -> impl Iterator<Item = Mask> {
    masks::described().map(|(path, own, inherit)| Mask { path, own, inherit })
}
