//! The check before anything is done. It finds what would keep the jails that are about to start
//! from running, or from running well beside each other and all others. An error fails its jail, a
//! warning is reported.

use super::configured::Subject;
use super::decided::Turn;
use super::facts::Facts;
use super::ledger::Ledger;
use crate::refusal::Refusal;
use crate::voice::Notice;
use configuration::{Finding, Severity, Survey};
use jailparam::param;
use std::os::unix::ffi::OsStringExt;

/// Checks the jails that are about to start, of which those named in `restarts` run.
///
/// # Errors
/// What is missing for the jail that the command line describes.
pub(crate) fn check(
    facts: &Facts<'_>,
    ledger: &mut Ledger<'_>,
    starts: &[Turn],
    restarts: &[String],
) -> Result<(), Refusal> {
    if !facts.configured.is_there() {
        let described = starts.iter().find_map(|turn| turn.subject.as_ref());
        return described.map_or(Ok(()), |subject| check_described(facts, ledger, subject));
    }
    let given = |turn: &Turn| match &turn.subject {
        Some(subject) => subject.given.as_deref().cloned(),
        None => facts.configured.given(&turn.name),
    };
    let jails: Vec<_> = starts.iter().filter_map(given).collect();
    let survey = &facts.configured.survey;
    let findings = survey.check(&jails, facts.machine);
    for finding in survey.twice(&jails).chain(&findings) {
        // A jail that runs already, and that a pattern or a dependency brings here, stays as it is.
        if restarts.contains(&finding.jail) || !runs(facts, &finding.jail) {
            tell(facts, ledger, finding);
        }
    }
    Ok(())
}

fn runs(facts: &Facts<'_>, name: &str) -> bool {
    let found = facts.configured.jail(name).and_then(|subject| facts.prison_of(&subject.jail));
    matches!(found, Ok(Some(_)))
}

fn tell(facts: &Facts<'_>, ledger: &mut Ledger<'_>, finding: &Finding) {
    match finding.severity {
        // A user who is not root does not see all that is there.
        Severity::Error if !facts.knows_prisons() => ledger.say(&Refusal::faults([finding])),
        Severity::Error => ledger.fail(&finding.jail, &Refusal::faults([finding])),
        Severity::Warning => ledger.tell(&Notice::Warning(finding)),
    }
}

/// Checks the jail that the command line describes: what it names must be there.
fn check_described(
    facts: &Facts<'_>,
    ledger: &mut Ledger<'_>,
    subject: &Subject,
) -> Result<(), Refusal> {
    let Some(mut given) = subject.given.as_deref().cloned() else { return Ok(()) };
    for path in given.parameters.iter_mut().filter(|given| param::PATH.is_called(&given.name)) {
        // Without a path, or with an empty one, the root is the host's.
        path.values = vec![subject.jail.path().into_os_string().into_vec()];
    }
    let mut survey = Survey::default();
    survey.add(&given);
    let findings = survey.check(&[given], facts.machine);
    if let Some(error) = findings.errors().next().filter(|_| facts.knows_prisons()) {
        return Err(Refusal::Missing(error.message.clone()));
    }
    for warning in findings.warnings() {
        ledger.tell(&Notice::Doubt(&warning.message));
    }
    Ok(())
}
