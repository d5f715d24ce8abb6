//! The prison: a jail as the Linux kernel sees it; FreeBSD's `struct prison`, jail_set(2), jail_attach(2), jail_remove(2).
//!
//! A prison exists exactly while its [`init`] lives. It is made from a complete [`Spec`], a plain
//! value that knows nothing of jail.conf, by [`Prison::create`]: namespaces, a cgroup, detached mounts
//! and ids come first and are attached in one go, so that a crash at any point leaves no mount behind.
//! [`Prison::spawn`] runs a command inside, [`Prison::remove`] ends it, and the [`Registry`] finds it
//! again by jid or name. All of kletka's unsafe code is here, most of it in [`sys`].
//!
//! May use: `libc`, `rustix`, `strerror`; system calls.

#![allow(unsafe_code)]

mod attach;
mod capability;
mod cgroup;
mod child;
mod control;
mod create;
mod dev;
mod env;
mod error;
mod filter;
mod first;
mod hook;
mod ids;
mod init;
mod lean;
mod limits;
mod memory;
mod mountinfo;
mod namespaces;
mod nested;
mod overlay;
mod prison;
mod process;
mod process_id;
mod record;
mod registry;
mod reservation;
mod rights;
mod root;
mod spec;
mod stack;
mod sys;
mod tap;
mod tree;
mod union;
mod user;
mod vnet;

pub use child::{Child, Ended, hold_foreground_signals, is_in_foreground, readable};
pub use env::ENV_FILE;
pub use error::Error;
pub use first::Waiting;
pub use hook::prepare_hook;
pub use ids::Ids;
pub use limits::Limits;
pub use memory::Memory;
pub use prison::Prison;
pub use process::{Command, Identity, LOGIN_PATH, StdStream};
pub use record::Record;
pub use registry::{Changing, Registry, is_jailed};
pub use spec::{Allow, Change, Families, Mount, MountOptions, MountSource, Network, Spec, Users};
pub use tap::create_tap;
pub use tree::try_idmap;
pub use user::User;
