//! The start of a jail on paper, before the jail is stopped for it: what can be known to fail is
//! found while the jail still runs.

use super::decided::{Decided, Turn};
use super::facts::Facts;
use super::ledger::Ledger;
use super::one;
use crate::error::Error;
use crate::jail::Jail;
use crate::plan::Step;
use crate::refusal::Refusal;
use crate::spec::{self, Creation};
use jailparam::param;
use netif::{InterfaceName, Netlink};
use prison::{Prison, Record, Spec};
use std::os::fd::AsFd;

/// Rehearses the starts of the jails that are to stop and start again. A jail whose start would
/// fail, or waits for a jail that fails, is refused.
pub(crate) fn rehearsed(facts: &Facts<'_>, ledger: &mut Ledger<'_>, decided: Decided) -> Decided {
    let Decided { stops, starts, .. } = &decided;
    let starts_again =
        |stop: &&Turn| stop.is_asked_for() && starts.iter().any(|start| start.name == stop.name);
    let restarts: Vec<&Turn> = stops.iter().filter(starts_again).collect();
    // A user who is not root does not see all that is there, and carries nothing out.
    if restarts.is_empty() || !facts.knows_prisons() {
        return decided;
    }
    for turn in restarts {
        if !ledger.has_failed(&turn.name)
            && let Err(refusal) = start(facts, turn)
        {
            ledger.fail(&turn.name, &refusal);
        }
    }
    for turn in starts {
        let mut before = turn.waits_for.iter().filter_map(|&on| starts.get(on));
        let blocked = before.any(|turn| ledger.has_failed(&turn.name));
        ledger.skips(&turn.name, blocked, turn.is_asked_for());
    }
    Decided { refused: ledger.failed().map(str::to_owned).collect(), ..decided }
}

/// Plans the start of a jail that runs, and looks at what its steps need.
fn start(facts: &Facts<'_>, turn: &Turn) -> Result<(), Refusal> {
    let Some(subject) = &turn.subject else { return Ok(()) };
    let jail = &subject.jail;
    let makes_files = subject.given.as_deref().is_some_and(configuration::prepares_files);
    let steps = one::start_steps(jail, None)?.steps;
    let mut looked_at = steps.iter().map(|step| match step {
        Step::Create(creation) if !makes_files => create(facts, jail, creation),
        Step::Interface(name) if !has_hooks(jail) => interface(facts, turn.record.as_ref(), name),
        _ => Ok(()),
    });
    looked_at.try_for_each(|looked_at| looked_at).map_err(Refusal::step(jail))
}

fn create(facts: &Facts<'_>, jail: &Jail, creation: &Creation) -> Result<(), Error> {
    let running = facts.all().unwrap_or_default().into_iter().filter(|it| !it.is_inside());
    let running = running.map(|record| record.path);
    let neighbours = facts.configured.roots().iter().cloned().chain(running).collect();
    let spec = Spec { neighbours, ..creation.complete(jail)? };
    Prison::foresee(&spec).map_err(|error| spec::told_of_mount(jail, error))
}

/// Whether a hook runs on the host before interfaces are handed over, and may make one.
fn has_hooks(jail: &Jail) -> bool {
    let hooks = [param::EXEC_PREPARE, param::EXEC_PRESTART, param::EXEC_CREATED];
    hooks.into_iter().any(|hook| !jail.parameters.list(hook).is_empty())
}

/// Looks for an interface on the host, or in the jail that runs, which will give the interface
/// back.
fn interface(facts: &Facts<'_>, record: Option<&Record>, name: &str) -> Result<(), Error> {
    if facts.machine.has_interface(name) || record.is_some_and(|record| holds(record, name)) {
        return Ok(());
    }
    let missing = prison::Error::Interface(name.to_owned(), rustix::io::Errno::NODEV.into());
    Err(Error::Parameter(param::VNET_INTERFACE.name, missing))
}

/// Whether the prison of `record` has an interface of this name, or may have one: what cannot be
/// found out here, the start finds out.
fn holds(record: &Record, name: &str) -> bool {
    let Ok(name) = InterfaceName::parse(name) else { return false };
    let Some(prison) = Prison::open(record.clone()) else { return false };
    let (Ok(there), Ok(here)) = (prison.network(), prison::own_network()) else { return true };
    let netlink = Netlink::open_in(there.as_fd(), here.as_fd());
    netlink.map_or(true, |mut netlink| netlink.index(&name).is_ok())
}
