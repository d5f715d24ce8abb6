//! The jails of `service jail`. They are started and stopped by the library of jail(8), as jail(8)
//! does it.
//!
//! The output that each jail(8) would have is kept, and is printed only if the jail does not start
//! or stop: rc.d/jail writes the output into a file for the same purpose. Commands of the jails
//! have the environment of an rc.d script, and an empty standard input.

use super::JAIL;
use crate::cli::answer::reason;
use crate::cli::boot::rc_subr::warn;
use crate::cli::grammar::jails;
use crate::cli::help::forms;
use crate::cli::jails::jail::{Options, Speaker, Wrong, decided};
use crate::cli::programs::programs;
use lifecycle::run::{
    Configured, Decided, Errand, Machine, Operation, Prisons, Request, Run, Target,
};
use lifecycle::{Refusal, Streams, Surroundings, Verbosity};
use prison::{Record, Registry};
use rustix::fs::{MemfdFlags, memfd_create};
use std::cell::RefCell;
use std::ffi::OsString;
use std::fs::{self, File};
use std::io::{self, Read, Seek, Write};
use std::path::PathBuf;
use std::rc::Rc;

/// The environment of rc.d scripts, however service(8) was called.
const ENVIRONMENT: [(&str, &str); 2] = [("HOME", "/"), ("PATH", "/sbin:/bin:/usr/sbin:/usr/bin")];

/// How a jail(8) has ended.
pub(super) struct Done {
    /// Whether all went well.
    pub(super) good: bool,
    /// The output of jail(8) and of the commands of its jails.
    pub(super) said: Vec<u8>,
    /// The name and the jid of each prison that was to be started and now runs.
    runs: Vec<(String, u32)>,
}

impl Done {
    /// Answers the jid of the jail `name`, if that jail was started.
    pub(super) fn jid(&self, name: &str) -> Option<u32> {
        self.runs.iter().find(|(known, _)| known == name).map(|&(_, jid)| jid)
    }

    /// Answers the end of a jail(8) that could not begin.
    fn failed(error: io::Error) -> Self {
        let said = format!("service: {}\n", reason(error)).into_bytes();
        Self { good: false, said, runs: Vec::new() }
    }
}

/// The jails of this host.
pub(super) struct Jails {
    registry: Result<Registry, prison::Error>,
    /// What an ordinary user, who cannot open the registry, may know of the jails.
    listing: Option<Registry>,
    surroundings: Surroundings,
    /// Configurations that have been read, by file and operation: a file with many jails is read
    /// and expanded once.
    configured: RefCell<Vec<(PathBuf, Operation, Rc<Configured>)>>,
}

impl Jails {
    /// Opens the jails of this host, and makes the surroundings of their commands.
    ///
    /// # Errors
    /// The directory / cannot be entered.
    pub(super) fn new() -> io::Result<Self> {
        // As FreeBSD's service(8) does: a hook must not depend on the caller's directory.
        std::env::set_current_dir("/")?;
        let environment = ENVIRONMENT.map(|(name, value)| (name.into(), value.into())).into();
        let programs = programs();
        let surroundings = Surroundings { programs, environment, streams: Streams::Own };
        let registry = Registry::open();
        let listing = if registry.is_err() { Registry::open_to_list().ok() } else { None };
        Ok(Self { registry, listing, surroundings, configured: RefCell::default() })
    }

    /// The jails as the caller may read about them.
    fn readable(&self) -> Result<&Registry, &prison::Error> {
        self.listing.as_ref().map_or(self.registry.as_ref(), Ok)
    }

    /// Lists the jails that run, by jid. The list is empty if only root may see them, and a message
    /// says so as jls(8) does.
    pub(super) fn all(&self) -> Vec<Record> {
        let complain = |error: &prison::Error| complain!("jls: {error}");
        let Ok(registry) = self.readable().inspect_err(|&error| complain(error)) else {
            return Vec::new();
        };
        let Ok(records) = registry.prisons().inspect_err(complain) else { return Vec::new() };
        registry.broken().iter().chain(&registry.junk()).for_each(complain);
        records
    }

    /// Answers the jid of the jail of this name. `None`: the jail does not run, or the caller may
    /// not know.
    pub(super) fn jid(&self, name: &str) -> Option<u32> {
        self.find(name).ok().flatten()
    }

    /// Answers the same as [`Jails::jid`].
    ///
    /// # Errors
    /// The caller may know, and the registry does not tell.
    pub(super) fn find(&self, name: &str) -> Result<Option<u32>, prison::Error> {
        let Ok(registry) = self.readable() else { return Ok(None) };
        Ok(registry.find(name)?.map(|record| record.jid))
    }

    /// Answers whether [`Jails::all`] has left out a jail that may run.
    pub(super) fn leaves_out(&self) -> bool {
        self.readable().is_ok_and(|registry| !registry.broken().is_empty())
    }

    /// Does what jail(8) would do with these arguments.
    pub(super) fn jail(&self, arguments: &[String]) -> Done {
        let done = self.at_once(&[arguments]).pop();
        done.unwrap_or_else(|| Done { good: true, said: Vec::new(), runs: Vec::new() })
    }

    /// Does what several jail(8) would do at the same time, each with its arguments.
    pub(super) fn at_once(&self, all: &[&[String]]) -> Vec<Done> {
        let machine = Machine::new(&self.surroundings);
        let kept: Vec<_> = all.iter().map(|arguments| self.kept(arguments)).collect();
        let mut runs: Vec<_> = kept
            .iter()
            .map(|kept| kept.as_ref().ok().and_then(|kept| self.decided(kept, &machine)))
            .collect();
        if let Ok(registry) = &self.registry {
            let errands = kept.iter().zip(&mut runs).filter_map(|(kept, run)| {
                let (surroundings, (run, decided)) =
                    (&kept.as_ref().ok()?.surroundings, run.as_mut()?);
                Some(Errand { run, decided: decided.take()?, surroundings })
            });
            lifecycle::run::carry_out_together(errands.collect(), registry);
        }
        let good: Vec<_> =
            runs.iter().map(|run| run.as_ref().is_some_and(|(run, _)| run.is_well())).collect();
        // The runs borrow the voices, whose files are read next.
        drop(runs);
        kept.into_iter().zip(good).map(|(kept, good)| done(kept, good)).collect()
    }

    /// Answers what keeps a jail that runs from starting again, if a jail(8) with these arguments,
    /// which starts jails, were to stop them first.
    pub(super) fn cannot_restart(&self, arguments: &[String]) -> Option<Vec<u8>> {
        let machine = Machine::new(&self.surroundings);
        let mut kept = self.kept(arguments).ok()?;
        // Whatever the arguments say of the start: nothing was asked for yet that could be quiet.
        kept.voice =
            Speaker::new(Verbosity::Normal, false).into_file(kept.output.try_clone().ok()?);
        if let Ok(options) = &mut kept.options {
            options.request.operation = Operation::Restart;
        }
        let decided = self.decided(&kept, &machine).and_then(|(_, decided)| decided);
        let runs = |name: &String| self.jid(name).is_some();
        // Without a decision the file itself cannot be used.
        let is_wrong = decided.is_none_or(|decided| decided.refused().iter().any(runs));
        is_wrong.then(|| done(Ok(kept), false).said)
    }

    /// Prepares a jail(8) with these arguments.
    fn kept(&self, arguments: &[String]) -> io::Result<Kept> {
        let output = File::from(memfd_create("service", MemfdFlags::CLOEXEC)?);
        let streams =
            Streams::Files { input: File::open("/dev/null")?, output: output.try_clone()? };
        let Surroundings { programs, environment, .. } = &self.surroundings;
        let (programs, environment) = (programs.clone(), environment.clone());
        let surroundings = Surroundings { programs, environment, streams };
        let options = Options::parse(arguments.iter().map(OsString::from).collect());
        let (verbosity, prints_jid) = match &options {
            Ok(options) => (options.verbosity, options.prints_jid),
            Err(_) => (Verbosity::Normal, false),
        };
        let voice = Speaker::new(verbosity, prints_jid).into_file(output.try_clone()?);
        Ok(Kept { options, voice, surroundings, output })
    }

    /// Decides what a jail(8) is going to do. `None`: the arguments are refused, and a message has
    /// said so.
    fn decided<'a>(
        &'a self,
        kept: &'a Kept,
        machine: &'a Machine<'a>,
    ) -> Option<(Run<'a>, Option<Decided>)> {
        let options = match &kept.options {
            Ok(options) => options,
            Err(Wrong::Usage) => {
                kept.say(&forms(&jails::JAIL));
                return None;
            }
            Err(Wrong::Line(line)) => {
                kept.say(&format!("jail: {line}\n"));
                return None;
            }
        };
        let registry = match &self.registry {
            Ok(registry) => registry,
            Err(error) => {
                kept.say(&format!("jail: {error}\n"));
                return None;
            }
        };
        let run = self.configured(options).and_then(|configured| {
            decided(options, configured, Some(registry as &dyn Prisons), machine, &kept.voice)
        });
        match run {
            Ok((run, decided)) => Some((run, Some(decided))),
            Err(refusal) => {
                kept.voice.refuse(&refusal);
                None
            }
        }
    }

    /// Loads the configuration that the options name. Each file is read only once.
    fn configured(&self, options: &Options) -> Result<Rc<Configured>, Refusal> {
        let load = || Configured::load(&options.request, options.named_file()).map(Rc::new);
        // Without a file, the names of the jails decide which files are read.
        let Some(file) = options.named_file() else { return load() };
        let Request { operation, by_force, target, .. } = &options.request;
        if *by_force || matches!(target, Target::Described(_)) {
            return load();
        }
        let mut known = self.configured.borrow_mut();
        let mut found = known.iter().filter(|it| it.0 == file && it.1 == *operation);
        if let Some((.., configured)) = found.next() {
            return Ok(Rc::clone(configured));
        }
        let configured = load()?;
        known.push((file.to_owned(), *operation, Rc::clone(&configured)));
        Ok(configured)
    }
}

/// A jail(8) whose output is kept.
struct Kept {
    options: Result<Options, Wrong>,
    voice: Speaker,
    surroundings: Surroundings,
    /// A file in memory. A pipe would not do: processes that a jail leaves running keep its end
    /// open, and the reader would wait for them.
    output: File,
}

impl Kept {
    fn say(&self, text: &str) {
        let mut output = &self.output;
        // A write into memory does not fail.
        let _ = output.write_all(text.as_bytes());
    }
}

/// Answers how a jail(8) has ended.
fn done(kept: io::Result<Kept>, good: bool) -> Done {
    let said = kept.and_then(|Kept { mut output, voice, .. }| {
        let mut said = Vec::new();
        output.rewind()?;
        output.read_to_end(&mut said)?;
        Ok((said, voice.into_running()))
    });
    match said {
        Ok((said, runs)) => Done { good, said, runs },
        Err(error) => Done::failed(error),
    }
}

/// Answers the path of the file in which scripts look up a jail's jid.
fn id_file(name: &str) -> String {
    format!("/var/run/jail_{name}.id")
}

pub(super) fn write_id(name: &str, jid: u32) {
    let path = id_file(name);
    if let Err(failure) = fs::write(&path, format!("{jid}\n")) {
        warn(JAIL, format_args!("{path}: {}", reason(failure)));
    }
}

pub(super) fn remove_id(name: &str) {
    let path = id_file(name);
    match fs::remove_file(&path) {
        Err(failure) if failure.kind() != io::ErrorKind::NotFound => {
            warn(JAIL, format_args!("{path}: {}", reason(failure)));
        }
        _ => {}
    }
}
