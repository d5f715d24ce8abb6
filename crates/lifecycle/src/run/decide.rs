//! What happens to each jail that is meant, and in which order: FreeBSD's `main()` and `state.c`,
//! as a value.
//!
//! Stops come first, each jail after those that depend on it; then changes; then starts, each jail
//! after those that it depends on. [`meaning`] is the table of what an operation means for one
//! jail. Nothing is done here: a [`Decided`] is shown as a plan, or carried out.

use super::change::Changes;
use super::check;
use super::configured::Subject;
use super::decided::{Decided, Turn};
use super::facts::Facts;
use super::ledger::Ledger;
use super::request::{Operation, Request};
use super::which::{Meant, Named};
use crate::depend::{self, Order};
use crate::jail::Jail;
use crate::refusal::Refusal;
use jailparam::param;
use prison::Record;
use std::collections::BTreeMap;

/// So many prisons are asked for one by one.
const FEW: usize = 4;

/// What happens to a jail.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Action {
    Start,
    Change,
    Stop,
    /// Stop, then start.
    Restart,
    /// What follows a removal.
    Clean,
}

/// What is known of a jail's prison.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum State {
    /// Only root knows which jails run.
    Unknown,
    /// There is none.
    Gone,
    /// It has ended by itself, and nobody has cleaned up after it.
    Ended,
    /// There is one. If a change was asked for, it may need a restart.
    Runs { change_needs_restart: bool },
}

/// What an operation means for one jail.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Meaning {
    Do(Action),
    /// Nothing is to be done, which is no fault.
    Nothing,
    /// Refused: there is no such jail.
    NotFound,
    /// Refused: the jail is there already.
    Exists,
    /// Refused: the jail still runs.
    Runs,
}

/// What `operation` means for a jail in this state. `cleans`: `-C` was given too. `wild`: the jail
/// is meant by a pattern, or as one of all.
pub(crate) fn meaning(operation: Operation, cleans: bool, wild: bool, state: State) -> Meaning {
    use Action::{Change, Clean, Restart, Start, Stop};
    use Meaning::Do;
    use Operation as Op;
    match (state, operation) {
        // A plan without root takes the jails to be stopped or changed to be running.
        (State::Unknown, Op::Clean) => Do(Clean),
        (State::Unknown, Op::Create) => Do(Start),
        (State::Unknown, Op::Remove) => Do(Stop),
        (State::Unknown, Op::Restart) => Do(Restart),
        (State::Unknown, _) => Do(Change),

        // Nobody else runs what follows the removal.
        (State::Ended, Op::Remove) => Do(Clean),
        (State::Ended, Op::Restart) => Do(Restart),
        (State::Ended, _) => meaning(operation, cleans, wild, State::Gone),

        (State::Gone, Op::Create | Op::CreateOrModify | Op::CreateOrModifyOrRestart) => Do(Start),
        (State::Gone, Op::Restart) if cleans || wild => Do(Start),
        (State::Gone, Op::Clean) => Do(Clean),
        // A jail that ended by itself still needs what follows its removal.
        (State::Gone, Op::Remove | Op::ModifyOrRestart) if cleans => Do(Clean),
        (State::Gone, Op::Remove) if wild => Meaning::Nothing,
        (State::Gone, _) => Meaning::NotFound,

        // No fault, as a pattern means the jail; the jails that it depends on are started.
        (State::Runs { .. }, Op::Create) if wild => Do(Start),
        (State::Runs { .. }, Op::Create) => Meaning::Exists,
        // A pattern means those jails that are gone.
        (State::Runs { .. }, Op::Clean) if wild => Meaning::Nothing,
        (State::Runs { .. }, Op::Clean) => Meaning::Runs,
        (State::Runs { .. }, Op::Remove) => Do(Stop),
        (State::Runs { .. }, Op::Restart) => Do(Restart),
        (State::Runs { .. }, Op::Modify | Op::CreateOrModify) => Do(Change),
        (State::Runs { change_needs_restart: true }, _) => Do(Restart),
        (State::Runs { change_needs_restart: false }, _) => Do(Change),
    }
}

/// Decides what happens to the jails that are meant. A refusal is reported, and its jail fails in
/// `ledger`.
///
/// # Errors
/// Why nothing at all can be done.
pub(crate) fn decide(
    facts: &Facts<'_>,
    ledger: &mut Ledger<'_>,
    meant: Meant,
) -> Result<Decided, Refusal> {
    let candidates = match meant {
        Meant::Described(subject) => vec![described(facts, *subject)?],
        Meant::Named(names) => named(facts, ledger, names)?,
    };
    let mut rows = Rows::default();
    for candidate in candidates {
        let Candidate { name, wild, .. } = &candidate;
        let is_described = candidate.subject.jail.configured.is_none();
        match action(&facts.request, facts, &candidate, *wild) {
            Ok(action) => rows.add(action, candidate),
            Err(refusal) if is_described => return Err(refusal),
            Err(refusal) => ledger.refuse(name, &refusal),
        }
    }
    rows.in_order(facts, ledger)
}

/// A jail that is meant, with its parameters and its prison.
struct Candidate {
    name: String,
    wild: bool,
    subject: Subject,
    record: Option<Record>,
    /// There is no prison, but one that has ended and that nobody has cleaned up after.
    has_ended: bool,
}

fn described(facts: &Facts<'_>, subject: Subject) -> Result<Candidate, Refusal> {
    let record = facts.prison_of(&subject.jail)?;
    Ok(Candidate { name: String::new(), wild: false, subject, record, has_ended: false })
}

fn named(
    facts: &Facts<'_>,
    ledger: &mut Ledger<'_>,
    names: Vec<Named>,
) -> Result<Vec<Candidate>, Refusal> {
    // As many jails may be named as there are prisons: these are looked up in a list, read once.
    let known = if names.len() > FEW { Some((facts.all()?, facts.ended())) } else { None };
    // Only then may a jail that is not in the list live.
    let some_broken = known.is_some() && !facts.broken().is_empty();
    let find = |jail: &Jail| -> Result<(Option<Record>, bool), Refusal> {
        let is_it = |record: &&Record| is_of(record, jail);
        let found = known.as_ref().and_then(|(prisons, _)| prisons.iter().find(is_it));
        let record = match found {
            None if known.is_none() || some_broken => facts.prison_of(jail)?,
            found => found.cloned(),
        };
        let has_ended = record.is_none()
            && match &known {
                Some((_, ended)) => ended.iter().any(|record| is_of(record, jail)),
                None => facts.ended().iter().any(|record| is_of(record, jail)),
            };
        Ok((record, has_ended))
    };
    let mut candidates = Vec::new();
    for Named { name, wild } in names {
        let subject = facts.configured.subject(&name);
        let found = subject.and_then(|subject| Ok((find(&subject.jail)?, subject)));
        match found {
            Ok(((record, has_ended), subject)) => {
                candidates.push(Candidate { name, wild, subject, record, has_ended });
            }
            Err(refusal) => ledger.refuse(&name, &refusal),
        }
    }
    Ok(candidates)
}

/// Whether this is the record of the jail's prison.
fn is_of(record: &Record, jail: &Jail) -> bool {
    match jail.jid() {
        Some(jid) => record.jid == jid,
        None => record.name.as_bytes() == jail.parameters.text(param::NAME).unwrap_or_default(),
    }
}

/// Decides what is to be done with a jail, if anything.
fn action(
    request: &Request,
    facts: &Facts<'_>,
    candidate: &Candidate,
    wild: bool,
) -> Result<Option<Action>, Refusal> {
    let jail = &candidate.subject.jail;
    let state = state(request.operation, facts, candidate)?;
    match meaning(request.operation, request.cleans, wild, state) {
        Meaning::Do(action) => Ok(Some(action)),
        Meaning::Nothing => Ok(None),
        Meaning::NotFound => Err(Refusal::not_found(jail)),
        Meaning::Exists => Err(Refusal::Exists(jail.called())),
        Meaning::Runs => Err(Refusal::Runs(jail.called().unwrap_or_default())),
    }
}

fn state(operation: Operation, facts: &Facts<'_>, it: &Candidate) -> Result<State, Refusal> {
    Ok(match &it.record {
        _ if !facts.knows_prisons() => State::Unknown,
        None if it.has_ended => State::Ended,
        None => State::Gone,
        Some(record) => {
            let asks = operation.restarts_to_change();
            let change_needs_restart =
                asks && Changes::find(record, &it.subject.jail)?.fixed().is_some();
            State::Runs { change_needs_restart }
        }
    })
}

/// The rows of a [`Decided`], before they are in order.
#[derive(Default)]
struct Rows {
    stops: Vec<Turn>,
    changes: Vec<Turn>,
    starts: Vec<Turn>,
    /// The names of the jails that stop and start again.
    restarts: Vec<String>,
}

impl Rows {
    fn add(&mut self, action: Option<Action>, candidate: Candidate) {
        let Candidate { name, subject, record, .. } = candidate;
        let turn = Turn { name, subject: Some(subject), record, waits_for: Vec::new() };
        match action {
            None => {}
            Some(Action::Stop | Action::Clean) => self.stops.push(turn),
            Some(Action::Change) => self.changes.push(turn),
            Some(Action::Start) => self.starts.push(turn),
            Some(Action::Restart) => {
                let Turn { name, subject, .. } = &turn;
                let (name, subject) = (name.clone(), subject.clone());
                self.restarts.push(name.clone());
                // Without the record, whose prison is gone by the time of the start.
                self.starts.push(Turn { name, subject, ..Turn::default() });
                self.stops.push(turn);
            }
        }
    }

    /// Puts the rows in order, and leaves out jails that cannot be put in order.
    fn in_order(self, facts: &Facts<'_>, ledger: &mut Ledger<'_>) -> Result<Decided, Refusal> {
        let Self { mut stops, changes, starts, restarts } = self;
        let names: Vec<String> = starts.iter().map(|turn| turn.name.clone()).collect();
        let order = Order::of(&names, &facts.configured.dependencies);
        ledger.fail_unordered(&order, &facts.configured);
        let starts = row(starts, order);
        // The check comes before anything stops: a jail that could not start again goes on running.
        check::check(facts, ledger, &starts, &restarts)?;
        stops.retain(|turn| !ledger.has_failed(&turn.name));
        let order = order_of_stops(facts, &stops);
        ledger.fail_unordered(&order, &facts.configured);
        let refused = ledger.failed().map(str::to_owned).collect();
        Ok(Decided { stops: row(stops, order), changes, starts, refused })
    }
}

/// The order in which jails stop, with the jails that depend on them. The jail that is named last
/// stops first, as on FreeBSD.
fn order_of_stops(facts: &Facts<'_>, stops: &[Turn]) -> Order {
    let names: Vec<String> = stops.iter().rev().map(|turn| turn.name.clone()).collect();
    if facts.request.by_force {
        // `-R` works without a configuration, and so without dependencies.
        return Order::as_it_stands(names);
    }
    Order::of(&names, &depend::dependents(&facts.configured.dependencies))
}

/// Makes a row of all jails of `order`: those of `asked`, and those that only a dependency brings.
fn row(asked: Vec<Turn>, order: Order) -> Vec<Turn> {
    let mut asked: BTreeMap<String, Turn> =
        asked.into_iter().map(|turn| (turn.name.clone(), turn)).collect();
    let jails = order.names.into_iter().zip(order.waits_for);
    let turns = jails.map(|(name, waits_for)| {
        let turn = asked.remove(&name).unwrap_or_else(|| Turn { name, ..Turn::default() });
        Turn { waits_for, ..turn }
    });
    turns.collect()
}

#[cfg(test)]
mod tests;
