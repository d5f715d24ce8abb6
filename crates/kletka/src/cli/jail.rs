//! jail(8): creates, changes and removes jails, from jail.conf(5) or from the command line.
//!
//! [`options`] reads the command line, [`session`] finds out which jails are meant and what happens to each, in
//! which order: FreeBSD's `main()` and `state.c`. [`change`] is `-m`, [`jids`] is `-J`, [`plan`] is `--plan`. What a start or stop consists of is
//! `lifecycle`'s.

mod change;
mod jids;
mod options;
mod plan;
mod session;

use super::answer::fail;
use super::report;
use super::sources;
use jailconf::Expansion;
use options::{Options, Target, Wrong};
use std::ffi::{OsStr, OsString};
use std::io::Write;
use std::os::unix::ffi::OsStrExt;
use std::path::Path;
use std::process::ExitCode;

/// As FreeBSD's jail.c has it, which leaves out `-C` and `-p`; the last line is ours.
const USAGE: &str = "\
usage: jail [-dhilqv] [-J jid_file] [-u username] [-U username]
            -[cmr] param=value ... [command=command ...]
       jail [-dqv] [-f file] -[cmr] [jail]
       jail [-qv] [-f file] -[rR] ['*' | jail ...]
       jail [-dhilqv] [-J jid_file] [-u username] [-U username]
            [-n jailname] [-s securelevel]
            path hostname ip[,...] command ...
       jail [-f file] -e separator
       jail --plan[=json] ...
";

/// Runs jail(8).
pub(crate) fn run(arguments: Vec<OsString>) -> ExitCode {
    let options = match Options::parse(arguments) {
        Ok(options) => options,
        Err(Wrong::Usage) => {
            complain!("{}", USAGE.trim_end());
            return ExitCode::FAILURE;
        }
        Err(Wrong::Line(line)) => return fail("jail", line),
    };
    let done = match &options.target {
        Target::Printed(separator) => {
            print_all(options.named_file().unwrap_or(Path::new(sources::FILE)), separator)
        }
        Target::Described { .. } | Target::Named(_) => session::run(&options),
    };
    match done {
        Ok(true) => ExitCode::SUCCESS,
        Ok(false) => ExitCode::FAILURE,
        Err(line) => fail("jail", line),
    }
}

/// `-e`: each configured jail in a line. What of one cannot be made out is left out of it, and said.
fn print_all(file: &Path, separator: &OsStr) -> Result<bool, String> {
    let config = sources::load("jail", file)?;
    let mut out = std::io::stdout().lock();
    for Expansion { jail, faults } in config.expand_all() {
        if !faults.is_empty() {
            complain!("jail: {}", report::lines("jail", &faults));
        }
        let mut line = jail.to_line(separator.as_bytes());
        line.push(b'\n');
        out.write_all(&line).map_err(|error| error.to_string())?;
    }
    Ok(true)
}

fn text(name: &OsStr) -> String {
    name.to_string_lossy().into_owned()
}
