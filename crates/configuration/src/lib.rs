//! What is wrong with a configuration as a whole: jails that are in each other's way, and things
//! that are missing.
//!
//! A jail can be right by itself and still not run beside another one, or it can name a file that
//! does not exist. A [`Survey`] sees every jail once and remembers the claims of each: its jid, its
//! interfaces, its addresses, its path. [`Survey::check`] then compares the jails that are to be
//! started with all the others, in time that grows with the size of the configuration. FreeBSD's
//! jail(8) has no such check. Where a start would fail later for the same reason, the words are
//! those of that failure.
//!
//! An [error](Severity::Error) would make a start fail, and keeps the jail from being started;
//! everything else is a [warning](Severity::Warning). Silence is preferred to a false alarm. Facts
//! about the machine come from a [`Host`].
//!
//! May use: `jailconf`, `jailparam`, `strerror`; no system calls.
//!
//! ```
//! let text = b"persist; a { jid = 1; path = /jails/a; } b { jid = 1; path = /jails/b; }";
//! let config = jailconf::Config::parse("jail.conf".as_ref(), text)?;
//! let findings = configuration::check(&config, &[b"a", b"b"], &configuration::Anything);
//! let lines: Vec<String> = findings.iter().map(ToString::to_string).collect();
//! assert_eq!(lines, ["b: jid 1 is a's too (jail.conf line 1)"]);
//! # Ok::<(), jailconf::Diagnostics>(())
//! ```

mod claim;
mod command;
mod depend;
mod effect;
mod finding;
mod host;
mod missing;
mod path;
mod survey;

pub use finding::{Finding, Findings, Severity};
pub use host::{Anything, Host};
pub use missing::prepares_files;
pub use survey::Survey;

use jailconf::Config;

/// Checks the jails `names`, in the order in which they are to be started, against all of `config`.
///
/// A jail that cannot be expanded is left out: its faults are reported elsewhere.
pub fn check(config: &Config, names: &[&[u8]], host: &dyn Host) -> Findings {
    let mut survey = Survey::default();
    for expansion in config.expand_all() {
        survey.add(&expansion.jail);
    }
    let jails: Vec<_> = names.iter().filter_map(|name| config.expand(name).ok()).collect();
    survey.check(&jails, host)
}
