//! `kletka config`: checks, formats, reads and changes jail.conf(5) files. FreeBSD has no such
//! command.
//!
//! `check` says what is wrong with the files as a whole, `fmt` lays them out, `get` prints the
//! parameters of a jail when sections are merged and variables replaced, and `set` changes one jail
//! and leaves every other byte as it is. Without FILE, the files are those that jail(8) and
//! `service jail` find: /etc/jail.conf, /etc/jail.NAME.conf and /etc/jail.conf.d/NAME.conf.

mod check;
mod format;
mod get;
mod set;

use crate::cli::answer::{self, fail, faults};
use crate::cli::grammar::own::CONFIG;
use crate::cli::help::usage;
use jailconf::{Files, Loader};
use lifecycle::run::{Sources, sources};
use std::ffi::{OsStr, OsString};
use std::os::unix::ffi::OsStrExt;
use std::path::{Path, PathBuf};
use std::process::ExitCode;

/// The name that messages begin with.
const NAME: &str = "kletka: config";

/// Why the command ends.
enum Wrong {
    /// The command line makes no sense.
    Usage,
    /// The message, in lines. The first line lacks the name that messages begin with.
    Because(String),
}

impl From<String> for Wrong {
    fn from(line: String) -> Self {
        Self::Because(line)
    }
}

impl From<lexopt::Error> for Wrong {
    fn from(_: lexopt::Error) -> Self {
        Self::Usage
    }
}

/// Runs the applet.
pub(crate) fn run(mut arguments: Vec<OsString>) -> ExitCode {
    let rest = if arguments.is_empty() { Vec::new() } else { arguments.split_off(1) };
    let verb = arguments.pop().unwrap_or_default();
    let done = match verb.to_str() {
        Some("check") => check::run(rest),
        Some("fmt") => format::run(rest),
        Some("get") => get::run(rest),
        Some("set") => set::run(rest),
        _ => Err(Wrong::Usage),
    };
    match done {
        Ok(true) => ExitCode::SUCCESS,
        Ok(false) => ExitCode::FAILURE,
        Err(Wrong::Usage) => {
            usage(verb.to_str().and_then(|verb| CONFIG.find(verb)).unwrap_or(&CONFIG))
        }
        Err(Wrong::Because(line)) => fail(NAME, line),
    }
}

/// Finds the configured jails that endanger the host: the name of each, and how.
pub(super) fn dangers() -> Vec<(String, String)> {
    check::dangers()
}

/// Finds the files that configure jails: /etc/jail.conf, then the files of single jails.
fn files() -> Result<Vec<PathBuf>, String> {
    let main = PathBuf::from(sources::FILE);
    let mut found: Vec<PathBuf> = main.exists().then_some(main).into_iter().collect();
    for pattern in rc::CONFIGURATION_FILES {
        let matching = Files.glob(pattern.as_bytes());
        found.extend(matching.map_err(|error| format!("{pattern}: {}", answer::reason(error)))?);
    }
    if found.is_empty() {
        return Err(format!(
            "{}: No such file or directory; jails are described in it: jail.conf(5)",
            sources::FILE
        ));
    }
    Ok(found)
}

/// Loads the configuration of the jail `name`: the file of `-f`, or the one that describes the
/// jail.
fn configuration_of(file: Option<&Path>, name: &OsStr) -> Result<Sources, String> {
    let shown = name.to_string_lossy().into_owned();
    let sources = match file {
        Some(file) => Sources::of_file(file).map(Some),
        None => Sources::found(std::slice::from_ref(&shown), true),
    };
    let sources = sources.map_err(|wrong| faults(NAME, &wrong.0))?;
    let sources = sources.filter(|sources| sources.has(name.as_bytes()));
    sources.ok_or_else(|| {
        let file = file.unwrap_or(Path::new(sources::FILE)).display();
        format!("\"{shown}\" not found; no section of {file} has this name")
    })
}
