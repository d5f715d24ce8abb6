//! Start and stop of one jail: their steps, which a plan shows, and the walks that carry them out.

use super::configured::Subject;
use crate::engine::Walk;
use crate::error::Error;
use crate::jail::Jail;
use crate::plan::{CLEAN, START, STOP, Step, plan};
use crate::refusal::Refusal;
use crate::schedule::alone;
use crate::surroundings::Programs;
use crate::system::{Ground, System};
use prison::Prison;

/// A start in steps.
pub(crate) struct Start {
    pub(crate) steps: Vec<Step>,
    /// What follows one that failed.
    pub(crate) on_failure: Vec<Step>,
}

/// The start of `jail`.
pub(crate) fn start_steps(jail: &Jail, programs: Option<&Programs>) -> Result<Start, Refusal> {
    let inside = programs.map(|programs| programs.root.as_path());
    let steps = plan(&START, jail, inside).map_err(Refusal::step(jail))?;
    Ok(Start { steps, on_failure: clean_steps(jail)? })
}

/// The stop of `jail`.
pub(crate) fn stop_steps(jail: &Jail) -> Result<Vec<Step>, Refusal> {
    plan(&STOP, jail, None).map_err(Refusal::step(jail))
}

/// What follows the removal of `jail`.
pub(crate) fn clean_steps(jail: &Jail) -> Result<Vec<Step>, Refusal> {
    plan(&CLEAN, jail, None).map_err(Refusal::step(jail))
}

/// The start of a jail, after what follows a removal when `cleans` says so; none when that failed,
/// which has been said.
pub(crate) fn start<'g>(
    ground: Ground<'g>,
    subject: &Subject,
    cleans: bool,
) -> Result<Option<Walk<System<'g>>>, Refusal> {
    let jail = &subject.jail;
    if cleans && !alone(clean(ground, jail)?).is_well() {
        return Ok(None);
    }
    let Start { steps, on_failure } = start_steps(jail, ground.surroundings.programs.as_ref())?;
    check_files(subject, &steps).map_err(Refusal::step(jail))?;
    let mut system = System::new(ground, jail.clone(), None);
    system.prepare_first(&steps).map_err(Refusal::step(jail))?;
    Ok(Some(Walk::start(system, steps, on_failure)))
}

/// Whether a hook may make what the creation reads before its turn. When none can, the creation is
/// tried on paper before the first hook runs: what is wrong with a file then needs no undoing.
fn check_files(subject: &Subject, steps: &[Step]) -> Result<(), Error> {
    let Some(at) = steps.iter().position(|step| matches!(step, Step::Create(_))) else {
        return Ok(());
    };
    let is_made = subject.given.as_ref().is_some_and(configuration::prepares_files);
    match steps.get(at) {
        Some(Step::Create(creation)) if at > 0 && !is_made => {
            creation.complete(&subject.jail).map(drop)
        }
        _ => Ok(()),
    }
}

/// The stop of a jail that runs.
pub(crate) fn stop<'g>(
    ground: Ground<'g>,
    jail: &Jail,
    prison: Option<Prison>,
    removal_is_expected: bool,
) -> Result<Walk<System<'g>>, Refusal> {
    let mut system = System::new(ground, jail.clone(), prison);
    system.removal_is_expected = removal_is_expected;
    Ok(Walk::stop(system, stop_steps(jail)?))
}

/// What follows a removal, for a jail that went by itself.
pub(crate) fn clean<'g>(ground: Ground<'g>, jail: &Jail) -> Result<Walk<System<'g>>, Refusal> {
    Ok(Walk::stop(System::new(ground, jail.clone(), None), clean_steps(jail)?))
}
