//! `jail --plan`: what an operation would do, step by step, without doing it. FreeBSD has no such
//! thing.
//!
//! The steps are the values that a start or stop carries out, made by the same functions. Jails are
//! listed in the order in which they would begin, each with those that it waits for. Nothing is
//! written, and no command is run. Only root knows which jails run: anybody else's plan takes the
//! jails to be stopped or changed to be running, and no others.

use super::change::Changes;
use super::configured::Subject;
use super::decided::{Decided, Turn};
use super::facts::Facts;
use super::ledger::Ledger;
use super::one::{self, Start};
use super::request::Operation;
use crate::addresses;
use crate::jail::Jail;
use crate::plan::Step;
use crate::refusal::Refusal;
use crate::spec::Creation;
use crate::surroundings::Programs;
use jailparam::{Parameter, Set, Support, param};
use prison::Spec;
use std::collections::BTreeSet;
use std::path::PathBuf;

/// What would be done to one jail.
#[derive(Debug)]
pub struct Planned {
    /// The jail's name; `None` if the command line describes the jail.
    pub jail: Option<String>,
    /// What happens to the jail.
    pub outcome: Outcome,
    /// Jails of the same row that have to be finished before this one begins.
    pub waits_for: Vec<String>,
    /// The parameters that the jail is given, with a verdict on each.
    pub parameters: Vec<Given>,
    /// The steps, in order.
    pub steps: Vec<Step>,
    /// The prison of the creation among the steps.
    pub prison: Option<Foreseen>,
    /// The steps that follow the removal if the start fails.
    pub on_failure: Vec<Step>,
    /// The call that changes a prison.
    pub change: Option<String>,
    /// The file that commands in the jail print to.
    pub log: Option<Vec<u8>>,
}

/// What happens to a jail.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Outcome {
    /// The jail starts.
    Start,
    /// The jail stops.
    Stop,
    /// The jail is changed while it runs.
    Change,
    /// The hooks that follow a removal run.
    Clean,
    /// Nothing: the jail runs already, or does not run.
    Nothing,
    /// What was asked for is refused, and a [`Voice`](crate::Voice) was told why.
    Refused,
}

/// A prison as it would be if it were created now.
#[derive(Debug)]
pub struct Foreseen {
    /// What the prison would be made of.
    pub spec: Spec,
    /// Files that a hook may write first: they are read when the prison is created.
    pub read_later: Vec<PathBuf>,
}

/// A parameter that a jail is given, and how far it works as on FreeBSD.
#[derive(Debug)]
pub struct Given {
    /// The name, as it is written.
    pub name: String,
    /// The values, as they are written.
    pub values: Vec<Vec<u8>>,
    /// How far the parameter works.
    pub verdict: Verdict,
    /// What the parameter does on Linux, what is missing, or why it is refused.
    pub why: String,
}

/// How far a parameter works as on FreeBSD.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Verdict {
    /// Entirely.
    Full,
    /// In part.
    Partly,
    /// Not at all: no jail gets the parameter.
    Refused,
}

/// The parameters that a stop looks at.
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
    fn new(jail: Option<&str>, outcome: Outcome) -> Self {
        Self {
            jail: jail.map(str::to_owned),
            outcome,
            waits_for: Vec::new(),
            parameters: Vec::new(),
            steps: Vec::new(),
            prison: None,
            on_failure: Vec::new(),
            change: None,
            log: None,
        }
    }

    fn with_parameters(mut self, subject: &Subject, matters: impl Fn(&str) -> bool) -> Self {
        let all = subject.given.iter().map(AsRef::as_ref).flat_map(verdicts);
        self.parameters = all.filter(|given| matters(&given.name)).collect();
        let runs_inside = self.steps.iter().any(|step| matches!(step, Step::Inside(..)));
        let log = subject.jail.parameters.text(param::EXEC_CONSOLELOG);
        self.log = log.filter(|log| runs_inside && !log.is_empty());
        self
    }
}

/// Lists what would be done, in order. A refusal is reported, and its jail fails in `ledger`.
pub(crate) fn plan(
    facts: &Facts<'_>,
    ledger: &mut Ledger<'_>,
    decided: Decided,
    programs: Option<&Programs>,
) -> Vec<Planned> {
    let mut plan = Plan { facts, ledger, programs, planned: Vec::new(), gone: BTreeSet::new() };
    for name in &decided.refused {
        plan.refused(name);
    }
    plan.row(&decided.stops, Plan::stop);
    plan.row(&decided.changes, Plan::change);
    plan.row(&decided.starts, Plan::start);
    plan.planned
}

/// Plans what is done to one jail.
type Act<P> = fn(&mut P, &Turn) -> Result<Planned, Refusal>;

/// A run of jail(8) that only looks.
struct Plan<'p, 'a, 'v> {
    facts: &'p Facts<'a>,
    ledger: &'p mut Ledger<'v>,
    programs: Option<&'p Programs>,
    planned: Vec<Planned>,
    /// The jails that would be gone at this point of the plan.
    gone: BTreeSet<String>,
}

impl Plan<'_, '_, '_> {
    /// Plans the jails of a row, each by `act`.
    fn row(&mut self, turns: &[Turn], act: Act<Self>) {
        for turn in turns {
            let before = turn.waits_for.iter().filter_map(|&on| turns.get(on));
            let waits_for: Vec<String> = before.map(|turn| turn.name.clone()).collect();
            let blocked = waits_for.iter().any(|name| self.ledger.has_failed(name));
            if self.ledger.skips(&turn.name, blocked, turn.is_asked_for()) {
                continue;
            }
            match act(self, turn) {
                Ok(planned) => self.planned.push(Planned { waits_for, ..planned }),
                Err(refusal) => {
                    self.ledger.fail(&turn.name, &refusal);
                    self.refused(&turn.name);
                }
            }
        }
    }

    /// Adds a jail that is refused, with the verdicts on its parameters. If the command line
    /// describes the jail, nothing is shown.
    fn refused(&mut self, name: &str) {
        if name.is_empty() {
            self.planned.clear();
            return;
        }
        let given = self.facts.configured.given(name);
        let parameters = given.iter().flat_map(verdicts).collect();
        self.planned.push(Planned { parameters, ..Planned::new(Some(name), Outcome::Refused) });
    }

    fn stop(&mut self, turn: &Turn) -> Result<Planned, Refusal> {
        let subject = self.facts.subject_of(turn)?;
        let (facts, jail) = (self.facts, &subject.jail);
        let cleans = facts.request.operation == Operation::Clean;
        // Without root, a jail that `-C` alone means is taken to be gone, any other to be running.
        let runs = if turn.is_asked_for() {
            turn.record.is_some() || (!facts.knows_prisons() && !cleans)
        } else {
            !facts.knows_prisons() || facts.prison_of(jail)?.is_some()
        };
        self.gone.insert(turn.name.clone());
        let (outcome, steps) = match (runs, turn.is_asked_for()) {
            (true, _) => (Outcome::Stop, one::stop_steps(jail)?),
            (false, true) => (Outcome::Clean, one::clean_steps(jail)?),
            (false, false) => return Ok(Planned::new(Some(&turn.name), Outcome::Nothing)),
        };
        let planned = Planned { steps, ..Planned::new(jail.configured.as_deref(), outcome) };
        Ok(planned.with_parameters(&subject, is_of_a_stop))
    }

    fn start(&mut self, turn: &Turn) -> Result<Planned, Refusal> {
        let subject = self.facts.subject_of(turn)?;
        let jail = &subject.jail;
        let name = jail.configured.as_deref();
        // A restart: the prison that runs now would be gone before this start.
        let is_gone = name.is_none() || self.gone.contains(&turn.name);
        if !is_gone && self.facts.prison_of(jail)?.is_some() {
            return Ok(Planned::new(name, Outcome::Nothing));
        }
        let Start { mut steps, on_failure } = one::start_steps(jail, self.programs)?;
        let prison = steps.iter().find_map(|step| match step {
            Step::Create(creation) => Some(foreseen(&subject, creation)),
            _ => None,
        });
        let prison = prison.transpose()?;
        if self.facts.request.cleans {
            // `-C`: for a jail that ended by itself, what follows its removal comes first.
            steps.splice(0..0, on_failure.clone());
        }
        let planned = Planned::new(name, Outcome::Start);
        let planned = Planned { steps, prison, on_failure, ..planned };
        Ok(planned.with_parameters(&subject, |_| true))
    }

    fn change(&mut self, turn: &Turn) -> Result<Planned, Refusal> {
        let subject = self.facts.subject_of(turn)?;
        let jail = &subject.jail;
        let change = Some(self.changes_of(jail)?);
        let planned =
            Planned { change, ..Planned::new(jail.configured.as_deref(), Outcome::Change) };
        let is_core =
            |name: &str| jailparam::find(name).is_some_and(|it| !it.parameter.is_pseudo());
        Ok(planned.with_parameters(&subject, is_core))
    }

    /// The call that would change the jail.
    fn changes_of(&self, jail: &Jail) -> Result<String, Refusal> {
        let Some(record) = self.facts.prison_of(jail)? else {
            let key = jail.key().unwrap_or_default();
            let name = if jail.jid().is_some() { param::JID.name } else { param::NAME.name };
            let all = Changes::of_any(&jail.parameters).line(&format!("{name}={key}"));
            return Ok(format!("{all}: those of these that differ"));
        };
        let found = addresses::found(jail).map_err(Refusal::step(jail))?;
        let changes = Changes::find(&record, &found)?;
        match changes.fixed() {
            Some(fixed) => Err(Refusal::Fixed(jail.into(), fixed)),
            None if changes.is_empty() => Ok("nothing differs".to_owned()),
            None => {
                let call = changes.line(&format!("jid={}", record.jid));
                Ok([vec![call], changes.mount_lines()].concat().join("; "))
            }
        }
    }
}

/// Describes the prison as the files are now. Files that a hook may write first need not exist yet.
fn foreseen(subject: &Subject, creation: &Creation) -> Result<Foreseen, Refusal> {
    let jail = &subject.jail;
    let is_made = subject.given.as_deref().is_some_and(configuration::prepares_files);
    let read_later = if is_made { creation.files().to_vec() } else { Vec::new() };
    let spec = creation.complete(jail).or_else(|error| {
        // The file at fault may be the one that a hook writes first.
        let can_wait = is_made && !read_later.is_empty();
        if can_wait { creation.without_files(jail) } else { Err(error) }
    });
    Ok(Foreseen { spec: spec.map_err(Refusal::step(jail))?, read_later })
}

/// Gives a verdict on each parameter that a jail is given.
fn verdicts(jail: &jailconf::Jail) -> Vec<Given> {
    // Errors of a jail with a name begin with the name, which the plan shows above.
    let nameless = jailconf::Jail { name: Vec::new(), ..jail.clone() };
    let errors = Set::import(&nameless).err().unwrap_or_default();
    let of = |given: &jailconf::Parameter| {
        let name = String::from_utf8_lossy(&given.name).into_owned();
        let error = errors.iter().find(|error| error.parameter == name);
        let support = jailparam::find(&name).map(|found| found.parameter.support);
        let (verdict, why) = match (error, support) {
            (Some(error), _) => {
                let line = error.to_string();
                let why = line.trim_start_matches(&format!("{name}: ")).to_owned();
                (Verdict::Refused, why)
            }
            (None, Some(Support::Partly(why))) => (Verdict::Partly, why.to_owned()),
            (None, Some(Support::Full(how))) => (Verdict::Full, how.to_owned()),
            // Such a parameter is taken only with the value that Linux has anyway.
            (None, Some(Support::Refused(_)) | None) => {
                (Verdict::Full, "it is so anyway".to_owned())
            }
        };
        Given { name, values: given.values.clone(), verdict, why }
    };
    jail.parameters.iter().map(of).collect()
}
