//! jail(8): creates, changes and removes jails, from jail.conf(5) or from the command line.
//!
//! [`options`] reads the command line; [`lifecycle::run`] decides what happens to which jails, and
//! does it. [`show`] writes what `--plan` prints, [`jids`] the file of `-J`, and [`voice`] prints
//! messages while jails start and stop.

mod jids;
mod options;
mod progress;
mod show;
mod voice;

use crate::cli::answer::{self, fail, faults};
use crate::cli::grammar::jails::JAIL;
use crate::cli::help::usage;
use crate::cli::programs::programs;
use jailconf::{Diagnostic, Diagnostics, Expansion};
use jids::JidFile;
use lifecycle::run::{Configured, Decided, Machine, Prisons, Run, sources};
use lifecycle::{Refusal, Surroundings};
use prison::Registry;
use std::ffi::{OsStr, OsString};
use std::io::{self, IsTerminal};
use std::os::unix::ffi::OsStrExt;
use std::path::Path;
use std::process::ExitCode;
use std::rc::Rc;

pub(crate) use options::{Options, Wrong};
pub(crate) use voice::Speaker;

/// Runs jail(8).
pub(crate) fn run(arguments: Vec<OsString>) -> ExitCode {
    let options = match Options::parse(arguments) {
        Ok(options) => options,
        Err(Wrong::Usage) => return usage(&JAIL),
        Err(Wrong::Line(line)) => return fail("jail", line),
    };
    let done = match &options.separator {
        Some(separator) => {
            print_all(options.named_file().unwrap_or(Path::new(sources::FILE)), separator)
        }
        None => run_jails(&options),
    };
    if done { ExitCode::SUCCESS } else { ExitCode::FAILURE }
}

/// Does what the options say, or shows it. False: a jail failed or nothing was done, and a message
/// has said so.
fn run_jails(options: &Options) -> bool {
    let voice = Speaker::new(options.verbosity, options.prints_jid);
    let surroundings = Surroundings::own(programs());
    let done = carry_out(options, &surroundings, &voice);
    done.unwrap_or_else(|refusal| {
        voice.refuse(&refusal);
        false
    })
}

fn carry_out(
    options: &Options,
    surroundings: &Surroundings,
    voice: &Speaker,
) -> Result<bool, Refusal> {
    let registry = match Registry::open() {
        Ok(registry) => Some(registry),
        // Anybody may ask for a plan. Only root knows which jails run: the plan says that it does
        // not.
        Err(prison::Error::NotRoot) if options.plan.is_some() => None,
        Err(error) => return Err(error.into()),
    };
    let configured = Rc::new(Configured::load(&options.request, options.named_file())?);
    let machine = Machine::new(surroundings);
    let prisons = registry.as_ref().map(|registry| registry as &dyn Prisons);
    let (mut run, decided) = decided(options, configured, prisons, &machine, voice)?;
    match (options.plan, &registry) {
        (Some(form), registry) => {
            let planned = run.plan(decided, surroundings.programs.as_ref());
            // A run that was refused as a whole has printed why: there is no plan to show beside
            // that.
            if run.is_well() || !planned.is_empty() {
                let shown = show::shown(&planned, form, registry.is_some());
                answer::print(shown);
            }
        }
        (None, Some(registry)) => run.carry_out(decided, registry, surroundings),
        (None, None) => {}
    }
    Ok(run.is_well())
}

/// Makes a run that does what the options say, and decides what it is going to do.
pub(crate) fn decided<'a>(
    options: &Options,
    configured: Rc<Configured>,
    prisons: Option<&'a dyn Prisons>,
    machine: &'a Machine<'a>,
    voice: &'a Speaker,
) -> Result<(Run<'a>, Decided), Refusal> {
    let mut run = Run::new(options.request.clone(), configured, prisons, machine, voice);
    let meant = run.meant()?;
    // As on FreeBSD, the file of -J is opened before the first jail starts.
    voice.take(JidFile::open(options)?);
    let decided = run.decide(meant)?;
    let decided = run.rehearse(decided);
    Ok((run, decided))
}

/// Carries out `-e`: prints each configured jail on a line. A parameter that cannot be made out is
/// left out, and a message says why.
fn print_all(file: &Path, separator: &OsStr) -> bool {
    let config = match sources::load(file) {
        Ok(config) => config,
        Err(wrong) => {
            complain_of(&wrong);
            return false;
        }
    };
    for Expansion { jail, faults: wrong } in config.expand_all() {
        complain_of(&wrong);
        let mut line = jail.to_line(separator.as_bytes());
        line.push(b'\n');
        // The separator may be any text, and scripts split the line by it.
        answer::print_as_is(line);
    }
    true
}

/// Prints the faults that `-e` finds.
fn complain_of(wrong: &Diagnostics) {
    if wrong.is_empty() {
        return;
    }
    if io::stderr().is_terminal() {
        return complain!("jail: {}", faults("jail", wrong));
    }
    // Whoever compares this with FreeBSD's jail(8) finds each byte equal.
    let line = |fault: &Diagnostic| [b"jail: ", fault.to_bytes().as_slice(), b"\n"].concat();
    answer::complain_as_is(&wrong.iter().flat_map(line).collect::<Vec<_>>());
}

fn text(name: &OsStr) -> String {
    name.to_string_lossy().into_owned()
}
