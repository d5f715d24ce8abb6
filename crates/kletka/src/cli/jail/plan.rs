//! `jail --plan`: what an operation would do, step by step, without doing it. FreeBSD has no such thing.
//!
//! The steps are the values that a start or stop carries out: the same functions make them. Jails come in the order in
//! which they would be begun with, each with those that it waits for. Nothing is written, no command is run. Which jails
//! run is for root to know: for anybody else those that are to stop or change are taken to run, and no others.

mod show;

use super::change::Changes;
use super::options::Form;
use super::session::{Session, Stop, Subject};
use jailparam::{Parameter, Set, Support, param};
use lifecycle::depend::Order;
use lifecycle::{Jail, Step};
use std::collections::BTreeSet;
use std::io::Write;

/// What would be done to one jail.
pub(super) struct Planned {
    /// Its name; none for one that the command line describes.
    jail: Option<String>,
    action: Action,
    /// Jails of the same phase that have to be at their end before this one begins.
    waits_for: Vec<String>,
    parameters: Vec<Verdict>,
    steps: Vec<Step>,
    /// What follows the removal of a prison that did not start.
    on_failure: Vec<Step>,
    /// The call that changes a prison.
    change: Option<String>,
    /// The file that commands in the jail print to.
    log: Option<Vec<u8>>,
}

/// What happens to it.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Action {
    Start,
    Stop,
    Change,
    Clean,
    /// It runs already, or does not run.
    Nothing,
    /// It cannot be: why stands on standard error.
    Refused,
}

/// How far a parameter that is given does what it does on FreeBSD.
struct Verdict {
    name: String,
    values: Vec<Vec<u8>>,
    verdict: &'static str,
    why: String,
}

/// What a stop looks at.
const OF_A_STOP: [&Parameter; 11] = [
    param::EXEC_PRESTOP.parameter(),
    param::EXEC_STOP.parameter(),
    param::EXEC_POSTSTOP.parameter(),
    param::EXEC_RELEASE.parameter(),
    param::EXEC_CLEAN.parameter(),
    param::EXEC_JAIL_USER.parameter(),
    param::EXEC_SYSTEM_JAIL_USER.parameter(),
    param::EXEC_SYSTEM_USER.parameter(),
    param::EXEC_TIMEOUT.parameter(),
    param::EXEC_CONSOLELOG.parameter(),
    param::STOP_TIMEOUT.parameter(),
];

fn is_of_a_stop(name: &str) -> bool {
    OF_A_STOP.iter().any(|parameter| parameter.name == name)
}

impl Planned {
    fn new(jail: Option<&str>, action: Action) -> Self {
        Self {
            jail: jail.map(str::to_owned),
            action,
            waits_for: Vec::new(),
            parameters: Vec::new(),
            steps: Vec::new(),
            on_failure: Vec::new(),
            change: None,
            log: None,
        }
    }

    fn with_parameters(mut self, subject: &Subject, matters: impl Fn(&str) -> bool) -> Self {
        let all = subject.given.iter().flat_map(verdicts);
        self.parameters = all.filter(|verdict| matters(&verdict.name)).collect();
        let runs_inside = self.steps.iter().any(|step| matches!(step, Step::Inside(..)));
        let log = subject.jail.parameters.text(param::EXEC_CONSOLELOG);
        self.log = log.filter(|log| runs_inside && !log.is_empty());
        self
    }
}

/// A run of jail(8) that only looks.
pub(super) struct Plan<'s, 'o> {
    session: &'s mut Session<'o>,
    planned: Vec<Planned>,
    /// Jails that would be gone by now.
    gone: BTreeSet<String>,
}

impl<'s, 'o> Plan<'s, 'o> {
    pub(super) fn new(session: &'s mut Session<'o>) -> Self {
        Self { session, planned: Vec::new(), gone: BTreeSet::new() }
    }

    /// Stops, in this order.
    pub(super) fn stops(&mut self, stops: &[Stop], order: &Order) {
        for (at, name) in order.names.iter().enumerate() {
            let asked = stops.iter().find(|stop| stop.name == *name);
            if !self.skips(order, at, asked.is_some()) {
                let planned = self.stop(name, asked);
                self.take(name, order.waits_for[at].iter().map(|&on| &order.names[on]), planned);
            }
        }
    }

    /// Starts, in this order; those of `asked` were asked for.
    pub(super) fn starts(&mut self, asked: &[String], order: &Order) {
        for (at, name) in order.names.iter().enumerate() {
            if !self.skips(order, at, asked.contains(name)) {
                let planned = self.start_by_name(name);
                self.take(name, order.waits_for[at].iter().map(|&on| &order.names[on]), planned);
            }
        }
    }

    pub(super) fn changes(&mut self, names: &[String]) {
        for name in names {
            let subject = self.session.configured(name);
            let planned = subject.and_then(|subject| self.change(&subject));
            self.take(name, [].iter(), planned);
        }
    }

    /// The jail that the command line describes.
    ///
    /// # Errors
    /// Why it cannot be.
    pub(super) fn described(
        &mut self,
        subject: &Subject,
        action: super::session::Action,
    ) -> Result<(), String> {
        use super::session::Action;
        let jail = &subject.jail;
        if action == Action::Restart {
            let steps = self.session.stop_steps(jail)?;
            let stop = Planned { steps, ..Planned::new(None, self::Action::Stop) };
            self.planned.push(stop.with_parameters(subject, is_of_a_stop));
        }
        let planned = match action {
            Action::Start | Action::Restart => self.start(subject)?,
            Action::Change => self.change(subject)?,
            Action::Stop | Action::Clean => return Ok(()),
        };
        self.planned.push(planned);
        Ok(())
    }

    /// Those that are refused before anything is done, with the verdicts on their parameters.
    pub(super) fn refused(&mut self, names: impl Iterator<Item = String>) {
        for name in names {
            let given = self.session.config.as_ref().and_then(|it| it.expand(name.as_bytes()).ok());
            let planned = Planned::new(Some(&name), Action::Refused);
            let parameters = given.iter().flat_map(verdicts).collect();
            self.planned.push(Planned { parameters, ..planned });
        }
    }

    /// Prints it.
    ///
    /// # Errors
    /// Of write(2).
    pub(super) fn print(&self, form: Form) -> Result<(), String> {
        let text = match form {
            Form::Text => show::text(&self.planned),
            Form::Json => show::json(&self.planned, self.session.registry.is_some()),
        };
        std::io::stdout().write_all(text.as_bytes()).map_err(|error| error.to_string())
    }

    fn skips(&mut self, order: &Order, at: usize, asked: bool) -> bool {
        let failed = &self.session.failed;
        let blocked = order.waits_for[at].iter().any(|&on| failed.contains(&order.names[on]));
        self.session.skips(&order.names[at], blocked, asked)
    }

    fn take<'n>(
        &mut self,
        name: &str,
        waits_for: impl Iterator<Item = &'n String>,
        planned: Result<Planned, String>,
    ) {
        match planned {
            Ok(planned) => {
                let waits_for = waits_for.cloned().collect();
                self.planned.push(Planned { waits_for, ..planned });
            }
            Err(line) => {
                self.session.complain(name, Some(line));
                self.refused(std::iter::once(name.to_owned()));
            }
        }
    }

    fn stop(&mut self, name: &str, asked: Option<&Stop>) -> Result<Planned, String> {
        let subject = self.session.subject(name)?;
        let cleans = self.session.options.operation.is_none();
        let runs = match asked {
            Some(Stop { prison, .. }) => prison.is_some() || (!self.knows() && !cleans),
            None => !self.knows() || self.session.running(&subject.jail)?.is_some(),
        };
        self.gone.insert(name.to_owned());
        let (action, steps) = match (runs, asked) {
            (true, _) => (Action::Stop, self.session.stop_steps(&subject.jail)?),
            (false, Some(_)) => (Action::Clean, self.session.clean_steps(&subject.jail)?),
            (false, None) => return Ok(Planned::new(Some(name), Action::Nothing)),
        };
        let planned = Planned { steps, ..Planned::new(Some(name), action) };
        Ok(planned.with_parameters(&subject, is_of_a_stop))
    }

    fn start_by_name(&mut self, name: &str) -> Result<Planned, String> {
        let subject = self.session.configured(name)?;
        if !self.gone.contains(name) && self.session.running(&subject.jail)?.is_some() {
            return Ok(Planned::new(Some(name), Action::Nothing));
        }
        self.start(&subject)
    }

    fn start(&mut self, subject: &Subject) -> Result<Planned, String> {
        let Subject { jail, .. } = subject;
        let (mut steps, on_failure) = self.session.start_steps(jail)?;
        if self.session.options.cleans {
            steps.splice(0..0, on_failure.clone());
        }
        let planned = Planned::new(jail.configured.as_deref(), Action::Start);
        Ok(Planned { steps, on_failure, ..planned }.with_parameters(subject, |_| true))
    }

    fn change(&mut self, subject: &Subject) -> Result<Planned, String> {
        let Subject { jail, .. } = subject;
        let changes = self.changes_of(jail).map_err(|line| format!("{}{line}", jail.prefix()))?;
        let planned = Planned::new(jail.configured.as_deref(), Action::Change);
        let is_core =
            |name: &str| jailparam::find(name).is_some_and(|it| !it.parameter.is_pseudo());
        Ok(Planned { change: Some(changes), ..planned }.with_parameters(subject, is_core))
    }

    /// The call that would change the jail.
    fn changes_of(&self, jail: &Jail) -> Result<String, String> {
        let Some(prison) = self.session.running(jail)? else {
            let key = jail.key().unwrap_or_default();
            let name = if jail.jid().is_some() { param::JID.name } else { param::NAME.name };
            let all = Changes::of_any(&jail.parameters).line(&format!("{name}={key}"));
            return Ok(format!("{all}: those of these that differ"));
        };
        let changes = Changes::find(&prison, &jail.parameters)?;
        match changes.fixed() {
            Some(fixed) => Err(format!("{fixed} cannot be changed after creation")),
            None if changes.is_empty() => Ok("nothing differs".to_owned()),
            None => Ok(changes.line(&format!("jid={}", prison.record().jid))),
        }
    }

    fn knows(&self) -> bool {
        self.session.registry.is_some()
    }
}

/// What there is to say of each parameter that a jail is given.
fn verdicts(jail: &jailconf::Jail) -> Vec<Verdict> {
    let nameless = jailconf::Jail { name: Vec::new(), ..jail.clone() };
    let errors = Set::import(&nameless).err().unwrap_or_default();
    let of = |given: &jailconf::Parameter| {
        let name = String::from_utf8_lossy(&given.name).into_owned();
        let error = errors.iter().find(|error| error.parameter == name);
        let support = jailparam::find(&name).map(|found| found.parameter.support);
        let (verdict, why) = match (error, support) {
            (Some(error), _) => {
                let line = error.to_string();
                ("refused", line.trim_start_matches(&format!("{name}: ")).to_owned())
            }
            (None, Some(Support::Partly(why))) => ("partly", why.to_owned()),
            (None, Some(Support::Full(how))) => ("full", how.to_owned()),
            // Then it would not have been taken.
            (None, Some(Support::Refused(_)) | None) => ("full", "it is so anyway".to_owned()),
        };
        Verdict { name, values: given.values.clone(), verdict, why }
    };
    jail.parameters.iter().map(of).collect()
}
