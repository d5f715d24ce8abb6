//! rc.conf(5), and what `service jail` makes of it.
//!
//! [`RcConf`] holds the variables; [`Service`] turns a verb and jail names into an [`Action`]: a value that
//! says which jail(8) command lines run, in which order. Nothing is run here.

mod conf;
mod request;
mod service;
mod shell;

pub use conf::{LoadError, NotSetProperly, RcConf};
pub use request::{KEYWORDS, Request, UnknownVerb, Verb};
pub use service::{
    Action, Blocked, CONFIGURATION_FILES, Jail, Service, Skipped, StartAll, StopAll, Unsupported,
    configuration_files,
};
pub use shell::{SyntaxError, SyntaxErrorKind};
