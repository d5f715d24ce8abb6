//! The jails of `service jail`: started and stopped as jail(8) does it, by the library that jail(8)
//! is made of.
//!
//! What each jail(8) would print is kept, and shown only when its jail does not start or stop:
//! rc.d/jail sends it into a file for the same purpose. Commands of the jails find the environment
//! of an rc.d script, and nothing to read.

use super::JAIL;
use crate::cli::answer::reason;
use crate::cli::boot::rc_subr::warn;
use crate::cli::jails::jail::{Options, Speaker, USAGE, Wrong, decided};
use crate::cli::programs::programs;
use lifecycle::run::{
    Configured, Decided, Errand, Machine, Operation, Prisons, Request, Run, Target,
};
use lifecycle::{Refusal, Streams, Surroundings};
use prison::{Record, Registry};
use rustix::fs::{MemfdFlags, memfd_create};
use std::cell::RefCell;
use std::ffi::OsString;
use std::fs::{self, File};
use std::io::{self, Read, Seek, Write};
use std::path::PathBuf;
use std::rc::Rc;

/// What rc.d scripts find in their environment, however service(8) was called.
const ENVIRONMENT: [(&str, &str); 2] = [("HOME", "/"), ("PATH", "/sbin:/bin:/usr/sbin:/usr/bin")];

/// How a jail(8) has ended.
pub(super) struct Done {
    /// All went well.
    pub(super) good: bool,
    /// What jail(8) and the commands of its jails have printed.
    pub(super) said: Vec<u8>,
    /// The prisons that it was to start, and that run.
    runs: Vec<(String, u32)>,
}

impl Done {
    /// The jid of the jail `name`, if that was started.
    pub(super) fn jid(&self, name: &str) -> Option<u32> {
        self.runs.iter().find(|(known, _)| known == name).map(|&(_, jid)| jid)
    }

    /// What could not even be begun.
    fn failed(error: io::Error) -> Self {
        let said = format!("service: {}\n", reason(error)).into_bytes();
        Self { good: false, said, runs: Vec::new() }
    }
}

/// The jails of this host.
pub(super) struct Jails {
    registry: Result<Registry, prison::Error>,
    surroundings: Surroundings,
    /// Configurations that have been read, by file and operation: many jails may be in one.
    configured: RefCell<Vec<(PathBuf, Operation, Rc<Configured>)>>,
}

impl Jails {
    /// The jails of this host, and what their commands find around them.
    ///
    /// # Errors
    /// There is no / to run commands in.
    pub(super) fn new() -> io::Result<Self> {
        std::env::set_current_dir("/")?;
        let environment = ENVIRONMENT.map(|(name, value)| (name.into(), value.into())).into();
        let programs = programs();
        let surroundings = Surroundings { programs, environment, streams: Streams::Own };
        Ok(Self { registry: Registry::open(), surroundings, configured: RefCell::default() })
    }

    /// Those that run, by jid; none when only root may see them, which is said as jls(8) does.
    pub(super) fn all(&self) -> Vec<Record> {
        let all = self.registry.as_ref().map(Registry::prisons);
        match all {
            Ok(Ok(records)) => {
                self.registry
                    .iter()
                    .flat_map(Registry::broken)
                    .for_each(|it| complain!("jls: {it}"));
                records
            }
            Ok(Err(error)) => {
                complain!("jls: {error}");
                Vec::new()
            }
            Err(error) => {
                complain!("jls: {error}");
                Vec::new()
            }
        }
    }

    /// The jid of the jail of this name, if the jail runs and we may know.
    pub(super) fn jid(&self, name: &str) -> Option<u32> {
        let found = Registry::find(self.registry.as_ref().ok()?, name);
        found.ok().flatten().map(|record| record.jid)
    }

    /// Does what jail(8) would with these arguments.
    pub(super) fn jail(&self, arguments: &[String]) -> Done {
        let done = self.at_once(&[arguments]).pop();
        done.unwrap_or_else(|| Done { good: true, said: Vec::new(), runs: Vec::new() })
    }

    /// Does what several jail(8) would with these arguments, at the same time.
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
        drop(runs);
        kept.into_iter().zip(good).map(|(kept, good)| done(kept, good)).collect()
    }

    /// A jail(8) with these arguments, before it has done anything.
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
            Err(_) => (lifecycle::Verbosity::Normal, false),
        };
        let voice = Speaker::new(verbosity, prints_jid).into_file(output.try_clone()?);
        Ok(Kept { options, voice, surroundings, output })
    }

    /// What a jail(8) is going to do; nothing when that is refused, which has been said.
    fn decided<'a>(
        &'a self,
        kept: &'a Kept,
        machine: &'a Machine<'a>,
    ) -> Option<(Run<'a>, Option<Decided>)> {
        let options = match &kept.options {
            Ok(options) => options,
            Err(Wrong::Usage) => {
                kept.say(USAGE);
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

    /// The jails of the file that the options name, which is read once.
    fn configured(&self, options: &Options) -> Result<Rc<Configured>, Refusal> {
        let load = || Configured::load(&options.request, options.named_file()).map(Rc::new);
        // Without a file it depends on the names which are read.
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

/// A jail(8) that keeps to itself what it says. Not in a pipe: what a jail leaves running holds the
/// output open.
struct Kept {
    options: Result<Options, Wrong>,
    voice: Speaker,
    surroundings: Surroundings,
    output: File,
}

impl Kept {
    fn say(&self, text: &str) {
        let mut output = &self.output;
        // Memory takes it.
        let _ = output.write_all(text.as_bytes());
    }
}

/// How it has ended.
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

/// The file in which scripts look up a jail's jid.
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
