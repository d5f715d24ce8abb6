//! `kletka config`: looks at jail.conf(5) files and changes them. FreeBSD has no such command.
//!
//! `check` says what is wrong with them as a whole, `fmt` lays them out, `get` prints what a jail
//! has once everything is merged and replaced, `set` changes one jail and leaves every other byte
//! as it is. Without FILE it is the files that jail(8) and `service jail` find: /etc/jail.conf,
//! /etc/jail.NAME.conf and /etc/jail.conf.d/NAME.conf.

mod check;
mod format;
mod get;
mod set;

use crate::cli::answer::{self, fail, faults};
use jailconf::{Files, Loader};
use lifecycle::run::{Sources, sources};
use std::ffi::{OsStr, OsString};
use std::os::unix::ffi::OsStrExt;
use std::path::{Path, PathBuf};
use std::process::ExitCode;

const USAGE: &str = "\
usage: kletka config check [FILE ...]
       kletka config fmt [-w | --check] [FILE ...]
       kletka config get [-f FILE] [--json] JAIL [PARAM]
       kletka config set [-f FILE] JAIL PARAM[=VALUE] | PARAM+=VALUE | -PARAM ...";

/// The name under which it complains.
const NAME: &str = "kletka: config";

/// Why there is nothing more to do.
enum Wrong {
    /// The command line makes no sense.
    Usage,
    /// In lines, the first without the name that complaints have in front.
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
            complain!("{USAGE}");
            ExitCode::FAILURE
        }
        Err(Wrong::Because(line)) => fail(NAME, line),
    }
}

/// The files that are there to configure jails: the one of all jails, then those of single ones.
fn files() -> Result<Vec<PathBuf>, String> {
    let main = PathBuf::from(sources::FILE);
    let mut found: Vec<PathBuf> = main.exists().then_some(main).into_iter().collect();
    for pattern in rc::CONFIGURATION_FILES {
        let matching = Files.glob(pattern.as_bytes());
        found.extend(matching.map_err(|error| format!("{pattern}: {}", answer::reason(error)))?);
    }
    if found.is_empty() {
        return Err(format!("{}: No such file or directory", sources::FILE));
    }
    Ok(found)
}

/// The configuration that the jail `name` is in, by `-f` or found.
fn configuration_of(file: Option<&Path>, name: &OsStr) -> Result<Sources, String> {
    let shown = name.to_string_lossy().into_owned();
    let sources = match file {
        Some(file) => Sources::of_file(file).map(Some),
        None => Sources::found(std::slice::from_ref(&shown), true),
    };
    let sources = sources.map_err(|wrong| faults(NAME, &wrong.0))?;
    let sources = sources.filter(|sources| sources.has(name.as_bytes()));
    sources.ok_or_else(|| format!("\"{shown}\" not found"))
}
