//! jail(8) as a library: it decides which jails are meant, starts and stops them in order, and
//! undoes what was done when a step fails.
//!
//! [`Jail`] is one jail's parameters. [`plan`] turns them, by the tables [`plan::START`] and
//! [`plan::STOP`], into a row of [`Step`]s, which are plain values. [`engine`] walks a row over a
//! [`Host`], which carries the steps out: [`System`] does so on this machine, a test's own `Host`
//! only notes them. [`schedule`] has many such walks under way at once. [`run`] is the policy above
//! these: it decides what happens to which jails. Nothing here prints: every message is given to a
//! [`Voice`].
//!
//! May use: `configuration`, `devfs`, `fstab`, `jailconf`, `jailparam`, `mountinfo`, `nearest`,
//! `netif`, `prison`, `rc`, `rustix`, `strerror`; system calls: the hooks and their files, what a
//! check of the machine looks at, and mounts of the host below a root.

mod absolute;
mod addresses;
mod attempt;
pub mod command;
mod console_log;
pub mod depend;
pub mod devices;
pub mod engine;
mod error;
pub mod exposure;
mod family;
mod fib;
mod hook;
mod host_mounts;
mod identity;
mod ipc;
mod jail;
mod permission;
pub mod plan;
mod process;
pub mod recorded;
mod refusal;
pub mod report;
pub mod run;
pub mod schedule;
mod securelevel;
mod spec;
mod surroundings;
mod system;
mod voice;

pub use absolute::Where;
pub use addresses::{Alias, doubts, of_host_name, uncarry};
pub use command::CommandLine;
pub use engine::{Host, Progress, Walk};
pub use error::Error;
pub use jail::Jail;
pub use permission::allowed;
pub use plan::{Hook, Inside, Step, in_a_row};
pub use refusal::{Prefix, Refusal};
pub use report::Fault;
pub use spec::Creation;
pub use surroundings::{Programs, Streams, Surroundings};
pub use system::{Ground, System};
pub use voice::{Notice, UnderWay, Verbosity, Voice};
