//! rc.conf(5): its variables, the plan of `service jail`, and the changes of sysrc(8).
//!
//! [`RcConf`] holds the variables. [`Service`] turns a verb and jail names into [`Action`]s, values
//! that say which jail(8) command lines run, in which order. [`Settings`] changes the files.
//! Nothing is run here, and files are reached through [`Files`] alone.
//!
//! May use: `strerror`; no system calls.

mod conf;
mod edit;
mod files;
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
