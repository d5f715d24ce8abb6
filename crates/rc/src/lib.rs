//! rc.conf(5): its variables, and what `service jail`, `service netif` and sysrc(8) make of it.
//!
//! [`RcConf`] holds the variables. [`Service`] turns a verb and jail names into [`Action`]s, values
//! that say which jail(8) command lines run, in which order. [`netif::Netif`] plans in the same way
//! which interfaces are made and how they are configured. [`Settings`] changes the files.
//! Nothing is run here, and files are reached through [`Files`] alone.
//!
//! May use: `strerror`; no system calls.

mod conf;
mod defaults;
mod edit;
mod files;
pub mod netif;
mod request;
mod service;
mod settings;
mod shell;

pub use conf::{LoadError, NotSetProperly, RcConf};
pub use files::Files;
pub use request::{KEYWORDS, Request, UnknownVerb, Verb};
pub use service::{
    Action, Blocked, CONFIGURATION_FILES, Jail, Service, Skipped, StartAll, StopAll, Unsupported,
    configuration_files, rcvar,
};
pub use settings::{DEFAULTS_FILE, Selection, SetError, Settings};
pub use shell::{SyntaxError, SyntaxErrorKind};
