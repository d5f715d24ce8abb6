//! jail(8)'s engine: the order in which jails start and stop, and what is undone when a step fails.
//!
//! [`Jail`] is one jail's parameters; [`plan`] turns them, by the tables [`plan::START`] and
//! [`plan::STOP`], into a row of [`Step`]s, plain values; [`engine`] walks a row over a [`Host`], which
//! carries the steps out: [`System`] on this machine, a test's own `Host` on paper. [`schedule`] has many
//! such walks under way at once.
//!
//! May use: `fstab`, `jailconf`, `jailparam`, `prison`, `rustix`, `strerror`; system calls: the hooks and
//! their files.

pub mod command;
pub mod depend;
pub mod engine;
mod error;
mod family;
mod jail;
mod permission;
pub mod plan;
pub mod schedule;
mod spec;
mod system;

pub use command::CommandLine;
pub use engine::{Host, Progress, Walk};
pub use error::Error;
pub use jail::Jail;
pub use permission::allowed;
pub use plan::{Hook, Inside, Step};
pub use system::{System, Verbosity};
