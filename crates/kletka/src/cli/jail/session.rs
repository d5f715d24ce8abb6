//! One run of jail(8): which jails are meant, what happens to each, and in which order. FreeBSD's `state.c` and the
//! loop of its `main()`.
//!
//! First the jails that are to go, those that depend on them before them; then changes; then starts, those that are
//! depended on first; those that do not wait for each other at once ([`together`]; [`one`] is what each consists of). A jail that fails takes along what
//! waits for it, and nothing else: the exit status tells.

mod one;
mod together;
mod which;

use super::change::Changes;
use super::jids::JidFile;
use super::options::{Options, Target};
use super::plan::Plan;
use crate::cli::answer::reason;
use crate::cli::machine::Machine;
use crate::cli::programs::{Programs, programs};
use crate::cli::report;
use crate::cli::sources::Sources;
use configuration::{Severity, Survey};
use jailparam::{Set, Value, param};
use lifecycle::depend::{DependError, Dependencies, Order};
use lifecycle::schedule::alone;
use lifecycle::{Jail, Verbosity};
use prison::{Error, Prison, Record, Registry};
use std::collections::BTreeSet;
use std::ffi::OsStr;
use std::io::Write;
use std::os::unix::ffi::{OsStrExt, OsStringExt};
use std::rc::Rc;

/// Does what the options say; false when a jail failed, which has been said.
///
/// # Errors
/// What keeps all of it from being done.
pub(super) fn run(options: &Options) -> Result<bool, String> {
    let registry = match Registry::open() {
        Ok(registry) => Some(Rc::new(registry)),
        Err(Error::NotRoot) if options.plan.is_some() => None,
        Err(error) => return Err(error.to_string()),
    };
    let config = match (&options.target, options.named_file()) {
        (Target::Named(_), _) if options.by_force => None,
        (Target::Named(_), Some(file)) => Some(Sources::of_file("jail", file)?),
        (Target::Named(names), None) => {
            Sources::found("jail", names, !options.operation.is_stop())?
        }
        _ => None,
    };
    let mut session = Session {
        options,
        registry,
        programs: programs(),
        dependencies: Dependencies::new(),
        survey: Survey::default(),
        config: None,
        jid_file: JidFile::default(),
        failed: BTreeSet::new(),
        said: BTreeSet::new(),
    };
    if let Some(config) = config {
        session.survey(config);
    }
    if session.registry.is_none() {
        session.say_once(UNKNOWN.to_owned());
    }
    if options.dying {
        session.say_once(DYING.to_owned());
    }
    match &options.target {
        Target::Described { words, .. } => session.described(words),
        Target::Named(names) => session.named(names),
        Target::Printed(_) => Ok(true),
    }
}

/// Who is not root and asks for a plan gets one all the same.
const UNKNOWN: &str =
    "which jails run is for root to know: planned as if those to stop or change ran, and no others";

/// FreeBSD's answer to both.
const DYING: &str = "the 'allow.dying' parameter and '-d' flag are deprecated and have no effect.";

pub(super) struct Session<'a> {
    pub(super) options: &'a Options,
    /// None for who is not root, and only wants a plan.
    pub(super) registry: Option<Rc<Registry>>,
    pub(super) config: Option<Sources>,
    /// Looked for once: there may be as many jails to start.
    programs: Option<Programs>,
    dependencies: Dependencies,
    /// All configured jails, when some are to be started.
    survey: Survey,
    jid_file: JidFile,
    /// Jails that something went wrong with.
    pub(super) failed: BTreeSet<String>,
    /// Lines that have been printed: several jails may wait for the same undefined one.
    said: BTreeSet<String>,
}

/// A jail that is meant.
#[derive(Debug, Clone, PartialEq, Eq)]
struct Meant {
    name: String,
    /// By a pattern, or as one of all: that nothing is to be done with it is no fault.
    wild: bool,
}

/// A jail with its parameters, typed and as they were given.
pub(super) struct Subject {
    pub(super) jail: Jail,
    pub(super) given: Option<jailconf::Jail>,
}

/// A jail that is to go.
pub(super) struct Stop {
    pub(super) name: String,
    /// None when it went by itself: then only what follows is run.
    pub(super) prison: Option<Prison>,
}

/// What happens to a jail.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Action {
    Start,
    Change,
    Stop,
    /// Stop, then start.
    Restart,
    /// What follows a removal.
    Clean,
}

impl Session<'_> {
    /// Looks at all configured jails: on what each depends, and when some are to start, what each claims. One that
    /// cannot be expanded is told of, as FreeBSD does; it fails when something is to be done with it.
    fn survey(&mut self, config: Sources) {
        for name in config.all_jails() {
            let (mut depends, text) = (Vec::new(), String::from_utf8_lossy(name).into_owned());
            match config.expand(name) {
                Ok(jail) => {
                    if self.options.operation.start {
                        self.survey.add(&jail);
                    }
                    let given =
                        jail.parameters.iter().filter(|given| param::DEPEND.is_called(&given.name));
                    let names = given.flat_map(|given| given.values.iter());
                    depends.extend(names.map(|on| String::from_utf8_lossy(on).into_owned()));
                }
                Err(faults) => self.say_once(report::lines("jail", &faults.0)),
            }
            self.dependencies.insert(text, depends);
        }
        // A jail inside another one depends on that one.
        let outer = |name: &String| Some((name.clone(), name.rsplit_once('.')?.0.to_owned()));
        let inside: Vec<_> = self.dependencies.keys().filter_map(outer).collect();
        for (name, outer) in inside.into_iter().filter(|(_, outer)| config.has(outer.as_bytes())) {
            self.dependencies.entry(name).or_default().push(outer);
        }
        self.config = Some(config);
    }

    /// The jail that the command line describes.
    fn described(&mut self, words: &[Vec<u8>]) -> Result<bool, String> {
        let given =
            jailconf::Jail::from_words(words).map_err(|faults| report::lines("jail", &faults.0))?;
        // Messages call a jail by the name that a file gives it, and this one by none.
        let nameless = jailconf::Jail { name: Vec::new(), ..given.clone() };
        let mut parameters =
            Set::import(&nameless).map_err(|errors| report::lines("jail", &errors))?;
        if let Some(Value::Text(path)) = parameters.given(&param::PATH)
            && !path.is_empty()
        {
            // On the command line it may be relative; the jail keeps where that was.
            let path = std::path::absolute(OsStr::from_bytes(path)).map_err(reason)?;
            parameters.put(param::PATH, path.into_os_string().into_vec());
        }
        let subject = Subject { jail: Jail { configured: None, parameters }, given: Some(given) };
        for name in subject.jail.depends() {
            if self.find(&name)?.is_none() {
                return Err(format!("depends on nonexistent jail \"{name}\""));
            }
        }
        self.jid_file = JidFile::open(self.options)?;
        let running = self.running(&subject.jail)?;
        let action = self.action(&subject.jail, running.as_ref(), false)?;
        if matches!(action, Some(Action::Start | Action::Restart)) {
            self.check_described(&subject)?;
        }
        if let Some(form) = self.options.plan {
            let mut plan = Plan::new(self);
            action.map_or(Ok(()), |action| plan.described(&subject, action))?;
            return plan.print(form).map(|()| true);
        }
        match action {
            Some(Action::Change) => self.change(&subject),
            Some(Action::Restart) => {
                let registry = self.registry()?;
                let walk = self.stop(&registry, &subject.jail, running)?;
                Ok(alone(walk).is_well() && self.start_alone(&subject)?)
            }
            Some(Action::Start) => self.start_alone(&subject),
            Some(Action::Stop | Action::Clean) | None => Ok(true),
        }
    }

    /// Configured and running jails, by name.
    fn named(&mut self, names: &[String]) -> Result<bool, String> {
        let meant = self.meant(names)?;
        self.jid_file = JidFile::open(self.options)?;
        let (mut stops, mut changes, mut starts) = (Vec::new(), Vec::new(), Vec::new());
        let mut restarts = BTreeSet::new();
        // Looked up once: there may be as many jails to do something with.
        let running = self.prisons()?;
        for Meant { name, wild } in &meant {
            let Some((action, prison)) = self.decide(name, *wild, &running) else { continue };
            match action {
                Action::Stop | Action::Clean => stops.push(Stop { name: name.clone(), prison }),
                Action::Restart => {
                    stops.push(Stop { name: name.clone(), prison });
                    starts.push(name.clone());
                    restarts.insert(name.clone());
                }
                Action::Change => changes.push(name.clone()),
                Action::Start => starts.push(name.clone()),
            }
        }
        let order = Order::of(&starts, &self.dependencies);
        self.complain_of(&order);
        // Before anything stops: a jail that could not start again goes on running.
        self.check(&order.names, &restarts);
        stops.retain(|stop| !self.failed.contains(&stop.name));
        if let Some(form) = self.options.plan {
            let going = self.order_of_stops(&stops);
            let refused: Vec<_> = self.failed.iter().cloned().collect();
            let mut plan = Plan::new(self);
            plan.refused(refused.into_iter());
            plan.stops(&stops, &going);
            plan.changes(&changes);
            plan.starts(&starts, &order);
            plan.print(form)?;
            return Ok(self.failed.is_empty());
        }
        self.stop_all(stops);
        for name in &changes {
            self.note_failure(name, |session| {
                let subject = session.configured(name)?;
                session.change(&subject)
            });
        }
        self.start_all(starts, order);
        Ok(self.failed.is_empty())
    }

    /// What is to be done with a jail, which runs or not; what keeps it from being done is said.
    fn decide(
        &mut self,
        name: &str,
        wild: bool,
        running: &[Record],
    ) -> Option<(Action, Option<Prison>)> {
        let decided = self.subject(name).and_then(|Subject { jail, .. }| {
            let text = jail.parameters.text(param::NAME).unwrap_or_default();
            let is = |record: &&Record| match jail.jid() {
                Some(jid) => record.jid == jid,
                None => record.name.as_bytes() == text,
            };
            let prison = running.iter().find(is).cloned().and_then(Prison::open);
            let action = self.action(&jail, prison.as_ref(), wild)?;
            Ok(action.map(|action| (action, prison)))
        });
        decided.unwrap_or_else(|line| {
            let operation = self.options.operation;
            let quiet =
                self.options.verbosity == Verbosity::Quiet && operation.stop && !operation.set;
            self.complain(name, (!quiet).then_some(line));
            None
        })
    }

    /// What the operation means for a jail, which runs or not.
    fn action(
        &self,
        jail: &Jail,
        running: Option<&Prison>,
        wild: bool,
    ) -> Result<Option<Action>, String> {
        let operation = self.options.operation;
        let cleans = self.options.cleans;
        if self.registry.is_none() {
            return Ok(Some(match (operation.start, operation.set, operation.stop) {
                (_, true, _) => Action::Change,
                (true, false, true) => Action::Restart,
                (true, false, false) => Action::Start,
                (false, false, true) => Action::Stop,
                (false, false, false) => Action::Clean,
            }));
        }
        let not_found = || Err(about(jail, "not found", "no jail specified"));
        let Some(prison) = running else {
            return match (operation.start, operation.set, operation.stop) {
                (true, true, _) | (true, false, false) => Ok(Some(Action::Start)),
                (true, false, true) if cleans || wild => Ok(Some(Action::Start)),
                (false, _, true) | (false, false, false) if cleans => Ok(Some(Action::Clean)),
                (false, false, true) if wild => Ok(None),
                _ => not_found(),
            };
        };
        match (operation.start, operation.set, operation.stop) {
            // Then what it depends on is looked at all the same.
            (true, false, false) if wild => Ok(Some(Action::Start)),
            (true, false, false) => Err(about(jail, "already exists", "already exists")),
            // All that are gone are meant.
            (false, false, false) if wild => Ok(None),
            (false, false, false) => {
                Err(about(jail, "is running: -C is for jails that are gone", ""))
            }
            (_, true, false) => Ok(Some(Action::Change)),
            (_, true, true) => {
                let fixed = Changes::find(prison, &jail.parameters)?.fixed().is_some();
                Ok(Some(if fixed { Action::Restart } else { Action::Change }))
            }
            (false, false, true) => Ok(Some(Action::Stop)),
            (true, false, true) => Ok(Some(Action::Restart)),
        }
    }

    /// Looks for what would keep these jails, which are about to start, from running, or from running well beside
    /// each other and all others: errors fail a jail before anything is done, warnings are said.
    fn check(&mut self, order: &[String], restarts: &BTreeSet<String>) {
        let Some(config) = &self.config else { return };
        let jails = order.iter().filter_map(|name| config.expand(name.as_bytes()).ok());
        let jails: Vec<_> = jails.collect();
        let findings = self.survey.check(&jails, &Machine::default());
        for finding in &findings {
            let name = &finding.jail;
            // One that runs, for a jail that depends on it or for a pattern, stays as it is.
            let runs = self.configured(name).and_then(|subject| self.running(&subject.jail));
            if matches!(runs, Ok(Some(_))) && !restarts.contains(name) {
                continue;
            }
            let line = report::lines("jail", [finding]);
            match finding.severity {
                // Who is not root does not see all that is there.
                Severity::Error if self.registry.is_none() => self.say_once(line),
                Severity::Error => self.complain(name, Some(line)),
                Severity::Warning if self.options.verbosity == Verbosity::Quiet => {}
                Severity::Warning => self.say_once(line),
            }
        }
    }

    /// The same for the jail that the command line describes: what it names must be there.
    fn check_described(&mut self, subject: &Subject) -> Result<(), String> {
        let Some(mut given) = subject.given.clone() else { return Ok(()) };
        for path in given.parameters.iter_mut().filter(|given| param::PATH.is_called(&given.name)) {
            // Without one, or with an empty one, it is the host's.
            path.values = vec![subject.jail.path().into_os_string().into_vec()];
        }
        let mut survey = Survey::default();
        survey.add(&given);
        let findings = survey.check(&[given], &Machine::default());
        let prefix = subject.jail.prefix();
        if let Some(error) = findings.errors().next().filter(|_| self.registry.is_some()) {
            return Err(format!("{prefix}{}", error.message));
        }
        for warning in findings.warnings().filter(|_| self.options.verbosity > Verbosity::Quiet) {
            self.say_once(format!("warning: {prefix}{}", warning.message));
        }
        Ok(())
    }

    /// Those that cannot be ordered fail.
    fn complain_of(&mut self, order: &Order) {
        for (name, error) in &order.failed {
            if self.failed.contains(name) {
                continue;
            }
            self.complain(name, Some(error.to_string()));
            if let DependError::Loop(circle) = error {
                // Told once for all that are in it.
                self.failed.extend(circle.iter().cloned());
            }
        }
    }

    /// Whether a jail is left out: it failed before, or what it waits for did.
    pub(super) fn skips(&mut self, name: &str, blocked: bool, asked: bool) -> bool {
        if self.failed.contains(name) {
            return true;
        }
        if blocked {
            let says = asked && self.options.verbosity > Verbosity::Quiet;
            self.complain(name, says.then(|| format!("{name}: skipped")));
        }
        blocked
    }

    /// Says what is wrong with a jail.
    pub(super) fn complain(&mut self, name: &str, line: Option<String>) {
        self.failed.insert(name.to_owned());
        if let Some(line) = line {
            self.say_once(line);
        }
    }

    fn say_once(&mut self, line: String) {
        if !self.said.contains(&line) {
            complain!("jail: {line}");
            self.said.insert(line);
        }
    }

    /// Does something with a jail, and remembers when it fails.
    fn note_failure(&mut self, name: &str, act: impl FnOnce(&mut Self) -> Result<bool, String>) {
        match act(self) {
            Ok(true) => {}
            Ok(false) => self.complain(name, None),
            Err(line) => self.complain(name, Some(line)),
        }
    }

    fn note_what_is_deprecated(&mut self, jail: &Jail) {
        if jail.parameters.given(&param::ALLOW_DYING).is_some() {
            self.say_once(DYING.to_owned());
        }
    }

    /// `-m`.
    fn change(&mut self, subject: &Subject) -> Result<bool, String> {
        let jail = &subject.jail;
        self.note_what_is_deprecated(jail);
        // Looked up again, for what another command may have changed until now.
        let registry = self.registry()?;
        let changing = registry.changing().map_err(|error| error.to_string())?;
        let running = self.running(jail)?;
        let mut prison = running.ok_or_else(|| about(jail, "not found", "no jail specified"))?;
        let prefix = jail.prefix();
        let changes = Changes::find(&prison, &jail.parameters);
        let changes = changes.map_err(|error| format!("{prefix}{error}"))?;
        if let Some(fixed) = changes.fixed() {
            return Err(format!("{prefix}{fixed} cannot be changed after creation"));
        }
        if self.options.verbosity == Verbosity::Verbose {
            say(&format!("{prefix}{}", changes.line(&format!("jid={}", prison.record().jid))));
        }
        changes.apply(&mut prison, &registry).map_err(|error| format!("{prefix}{error}"))?;
        drop(changing);
        if self.options.verbosity > Verbosity::Quiet {
            for permission in changes.for_later() {
                complain!(
                    "jail: {prefix}{permission}: processes that are in the jail keep what they have; restart it \
                     to change theirs"
                );
            }
        }
        let named = jail.configured.is_some() && self.options.verbosity > Verbosity::Quiet;
        if named || self.options.verbosity == Verbosity::Verbose {
            say(&format!("{prefix}updated"));
        }
        Ok(true)
    }
}

/// Prints a line. That nobody reads it is no reason to leave jails half done.
fn say(line: &str) {
    let _ = writeln!(std::io::stdout(), "{line}");
}

/// `"NAME" MESSAGE`, or for a jail without a name the other message.
fn about(jail: &Jail, message: &str, without_name: &str) -> String {
    match jail.configured.clone().or_else(|| jail.key()) {
        Some(name) => format!("\"{name}\" {message}"),
        None => without_name.to_owned(),
    }
}
