//! Start and stop of one jail: their steps, which a plan shows, and the walks that carry them out.

use super::configured::Subject;
use crate::addresses;
use crate::attempt::Attempt;
use crate::engine::{Host, Walk};
use crate::error::Error;
use crate::jail::Jail;
use crate::plan::{CLEAN, Row, START, STOP, Step, plan};
use crate::refusal::Refusal;
use crate::schedule::alone;
use crate::surroundings::Programs;
use crate::system::{Ground, System};
use jailparam::param;
use prison::Prison;
use std::borrow::Cow;

/// A start in steps.
pub(crate) struct Start {
    pub(crate) steps: Vec<Step>,
    /// The steps that follow the removal after a failure.
    pub(crate) on_failure: Vec<Step>,
}

/// The steps of the start of `jail`.
pub(crate) fn start_steps(jail: &Jail, programs: Option<&Programs>) -> Result<Start, Refusal> {
    let inside = programs.map(|programs| programs.root.as_path());
    let planned = addresses::found(jail).and_then(|jail| {
        let steps = plan(&START, &jail, inside)?;
        Ok(Start { steps, on_failure: plan(&CLEAN, &jail, None)? })
    });
    planned.map_err(Refusal::step(jail))
}

/// The steps of the stop of `jail`.
pub(crate) fn stop_steps(jail: &Jail) -> Result<Vec<Step>, Refusal> {
    steps_of_an_end(&STOP, jail)
}

/// The steps that follow the removal of `jail`.
pub(crate) fn clean_steps(jail: &Jail) -> Result<Vec<Step>, Refusal> {
    steps_of_an_end(&CLEAN, jail)
}

fn steps_of_an_end(table: &[Row], jail: &Jail) -> Result<Vec<Step>, Refusal> {
    // No name that the resolver does not know any more keeps a jail from ending; the addresses
    // that the prison had are taken back by its record.
    let found = addresses::found(jail).unwrap_or(Cow::Borrowed(jail));
    plan(table, &found, None).map_err(Refusal::step(jail))
}

/// Begins the start of `jail`, if hooks come before the creation. From then on nobody else starts
/// the jail.
pub(crate) fn attempt(ground: Ground<'_>, jail: &Jail) -> Result<Option<Attempt>, Refusal> {
    let mut first = [param::EXEC_PREPARE, param::EXEC_PRESTART].into_iter();
    if first.all(|hook| jail.parameters.list(hook).is_empty()) {
        return Ok(None);
    }
    Attempt::begin(ground.registry, jail).map_err(Refusal::step(jail))
}

/// Makes the walk of a jail's start. With `cleans`, or after a start that was killed, what follows
/// a removal runs first. `None` if that failed when it was asked for, which is reported by then.
pub(crate) fn start<'g>(
    ground: Ground<'g>,
    subject: &Subject,
    attempt: Option<Attempt>,
    cleans: bool,
) -> Result<Option<Walk<System<'g>>>, Refusal> {
    let jail = &subject.jail;
    let Start { steps, on_failure } = start_steps(jail, ground.surroundings.programs.as_ref())?;
    check_files(subject, &steps).map_err(Refusal::step(jail))?;
    let undoes = !cleans && attempt.as_ref().is_some_and(Attempt::follows_a_killed_one);
    if cleans || undoes {
        let mut system = System::new(ground, jail.clone(), None);
        if undoes {
            system.undo();
        }
        let is_clean = alone(Walk::stop(system, on_failure.clone())).is_well();
        if cleans && !is_clean {
            return Ok(None);
        }
    }
    let mut system = System::new(ground, jail.clone(), None).holding(attempt);
    system.prepare_first(&steps).map_err(Refusal::step(jail))?;
    Ok(Some(Walk::start(system, steps, on_failure)))
}

/// Tries the creation on paper before the first hook runs, unless a hook may make files that it
/// reads: a fault of a file is then found while nothing has to be undone.
fn check_files(subject: &Subject, steps: &[Step]) -> Result<(), Error> {
    let Some(at) = steps.iter().position(|step| matches!(step, Step::Create(_))) else {
        return Ok(());
    };
    let is_made = subject.given.as_deref().is_some_and(configuration::prepares_files);
    match steps.get(at) {
        // As the first step, the creation itself finds the fault in time.
        Some(Step::Create(creation)) if at > 0 && !is_made => {
            creation.complete(&subject.jail).map(drop)
        }
        _ => Ok(()),
    }
}

/// Makes the walk of the stop of a jail that runs.
pub(crate) fn stop<'g>(
    ground: Ground<'g>,
    jail: &Jail,
    prison: Option<Prison>,
    removal_is_expected: bool,
) -> Result<Walk<System<'g>>, Refusal> {
    // A start that was killed behind the creation is undone by this stop.
    let attempt = Attempt::take_over(ground.registry, jail);
    let mut system = System::new(ground, jail.clone(), prison).holding(attempt);
    system.removal_is_expected = removal_is_expected;
    Ok(Walk::stop(system, stop_steps(jail)?))
}

/// Makes the walk of what follows a removal, for a jail that ended by itself.
pub(crate) fn clean<'g>(ground: Ground<'g>, jail: &Jail) -> Result<Walk<System<'g>>, Refusal> {
    let attempt = Attempt::begin(ground.registry, jail).map_err(Refusal::step(jail))?;
    let system = System::new(ground, jail.clone(), None).holding(attempt);
    Ok(Walk::stop(system, clean_steps(jail)?))
}
