//! `kletka config check`: prints everything that is wrong, in all files, by file and line.
//!
//! Faults are what jail(8) would refuse, in its words, and what the crate `configuration` finds.
//! The exit status is 1 if there is an error, and 0 if there are warnings alone.

use super::{Wrong, files};
use crate::cli::answer;
use crate::cli::programs::programs;
use configuration::{Findings, Survey};
use jailconf::{Config, Files, Place};
use jailparam::Set;
use lifecycle::devices::number_the_ruleset;
use lifecycle::plan::{START, plan};
use lifecycle::run::Machine;
use lifecycle::{Error, Fault, Jail, Step, Surroundings, doubts, exposure};
use prison::Spec;
use std::collections::HashMap;
use std::ffi::OsString;
use std::path::PathBuf;
use std::sync::Arc;

/// Checks the files that are named, or all that there are.
pub(super) fn run(arguments: Vec<OsString>) -> Result<bool, Wrong> {
    use lexopt::prelude::*;
    let mut named = Vec::new();
    let mut parser = lexopt::Parser::from_args(arguments);
    while let Some(argument) = parser.next()? {
        match argument {
            Value(file) => named.push(PathBuf::from(file)),
            _ => return Err(Wrong::Usage),
        }
    }
    let mut check = Check::default();
    for file in if named.is_empty() { files()? } else { named } {
        check.file(&file);
    }
    check.finish();
    // Printed at the end, because faults of several jails are sorted by their places.
    if !check.faults.is_empty() {
        complain!("{}", answer::faults("", check.faults.into_iter().map(Fault::located)));
    }
    Ok(check.good)
}

/// Finds the configured jails that endanger the host: the name of each, and how.
pub(super) fn dangers() -> Vec<(String, String)> {
    let mut check = Check::default();
    for file in files().unwrap_or_default() {
        check.file(&file);
    }
    check.dangers
}

struct Check {
    survey: Survey,
    jails: Vec<jailconf::Jail>,
    /// The files that have been read, with their order. A file that another one includes is not
    /// read again.
    read: HashMap<PathBuf, usize>,
    faults: Vec<Fault>,
    /// The name of each jail that endangers the host, and how.
    dangers: Vec<(String, String)>,
    /// Whether there was no error so far.
    good: bool,
}

impl Default for Check {
    fn default() -> Self {
        let (jails, read, faults, dangers) = (Vec::new(), HashMap::new(), Vec::new(), Vec::new());
        Self { survey: Survey::default(), jails, read, faults, dangers, good: true }
    }
}

impl Check {
    fn file(&mut self, file: &PathBuf) {
        // Otherwise the jails of an included file would be reported as configured twice.
        if self.read.contains_key(file) {
            return;
        }
        let config = match Config::load(&Files, file) {
            Ok(config) => config,
            Err(faults) => return self.errors(&faults.0),
        };
        for file in config.files() {
            let rank = self.read.len();
            self.read.entry(file.to_owned()).or_insert(rank);
        }
        for mut expansion in config.expand_all() {
            number_the_ruleset(&mut expansion.jail);
            // A jail with faults is known, too: another jail may depend on it.
            self.survey.add(&expansion.jail);
            if expansion.faults.is_empty() {
                self.jail(&expansion.jail);
                self.jails.push(expansion.jail);
            } else {
                self.errors(&expansion.faults.0);
            }
        }
    }

    /// Finds what jail(8) would refuse of one jail.
    fn jail(&mut self, given: &jailconf::Jail) {
        let parameters = match Set::import(given) {
            Ok(parameters) => parameters,
            Err(errors) => return self.errors(&errors),
        };
        let name = String::from_utf8_lossy(&given.name).into_owned();
        let own = Some(Arc::new(given.clone()));
        let jail = Jail { configured: Some(name), parameters, given: own };
        match try_on_paper(&jail, given) {
            Ok(spec) => self.warnings(&jail, given, &spec),
            Err(error) => {
                let place = jail.place_of(&error).unwrap_or_else(|| given.place.clone());
                self.errors([Fault::new(format!("{}{error}", jail.prefix()), place)]);
            }
        }
    }

    /// Finds what endangers the host, and what a jail's addresses may do that is not meant.
    fn warnings(&mut self, jail: &Jail, given: &jailconf::Jail, spec: &Spec) {
        let place = |name: &str| {
            let found = given.parameters.iter().find(|it| it.name == name.as_bytes());
            found.map_or(&given.place, |found| &found.place).clone()
        };
        let mut warn = |text: String, place| {
            self.dangers.push((jail.configured.clone().unwrap_or_default(), text.clone()));
            self.faults.push(Fault::new(format!("warning: {}{text}", jail.prefix()), place));
        };
        if exposure::has_hosts_root_by_default(jail) {
            warn(exposure::HOSTS_ROOT.to_owned(), place("path"));
        }
        if let Some(why) = exposure::open_dev(spec) {
            warn(why, place("devfs_ruleset"));
        }
        for exposed in exposure::exposed(spec) {
            warn(exposed.to_string(), place(exposed.parameter()));
        }
        for (parameter, doubt) in spec.addresses.iter().flat_map(doubts) {
            let text = format!("warning: {}{doubt}", jail.prefix());
            self.faults.push(Fault::new(text, place(parameter)));
        }
    }

    /// Finds the faults that only show when all jails are known, and sorts all faults.
    fn finish(&mut self) {
        let structure = self.survey.check_structure();
        let surroundings = Surroundings::own(programs());
        let findings = self.survey.check(&self.jails, &Machine::new(&surroundings));
        for Findings(findings) in [structure, findings] {
            for finding in &findings {
                if finding.severity == configuration::Severity::Error {
                    self.errors([finding]);
                } else {
                    self.faults.push(finding.into());
                }
            }
        }
        // Sorted by file, in the order of reading, then from top to bottom. A fault that two checks
        // have found is shown once.
        let rank = |place: &Place| self.read.get(&*place.file);
        self.faults.sort_by_key(|Fault { place, .. }| (rank(place), place.line, place.column));
        self.faults.dedup_by(|one, other| one.text == other.text);
    }

    fn errors<F: Into<Fault>>(&mut self, faults: impl IntoIterator<Item = F>) {
        self.good = false;
        self.faults.extend(faults.into_iter().map(Into::into));
    }
}

/// Plans the start of a jail, and answers the prison that it creates. Files that one of the jail's
/// hooks may write are left to the start itself.
fn try_on_paper(jail: &Jail, given: &jailconf::Jail) -> Result<Spec, Error> {
    let steps = plan(&START, jail, None)?;
    let mut creations = steps.iter().filter_map(|step| match step {
        Step::Create(creation) => Some(creation),
        _ => None,
    });
    let Some(creation) = creations.next() else { return Ok(Spec::default()) };
    if configuration::prepares_files(given) {
        return creation.without_files(jail);
    }
    creation.complete(jail)
}
