//! The start of a jail on paper, before the jail is stopped for it: what can be known to fail is
//! found while the jail still runs.

use super::decided::{Decided, Turn};
use super::facts::Facts;
use super::ledger::Ledger;
use super::one;
use crate::addresses;
use crate::command::CommandLine;
use crate::console_log;
use crate::error::Error;
use crate::jail::Jail;
use crate::plan::Step;
use crate::refusal::Refusal;
use crate::spec::{self, Creation};
use jailparam::param;
use netif::{InterfaceName, Netlink};
use prison::{Prison, Record, Spec, User};
use std::net::IpAddr;
use std::os::fd::AsFd;
use std::path::Path;

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
    let has_hooks = has_hooks(jail);
    let is_there = |name| facts.machine.has_interface(name) || holds(turn.record.as_ref(), name);
    // The first command tells: it may make the user of later ones.
    let mut commands = steps.iter().filter_map(|step| match step {
        Step::Hook(_, line) => Some((line, false)),
        Step::Inside(_, line) => Some((line, true)),
        _ => None,
    });
    if let Some((line, is_inside)) = commands.next() {
        user(jail, line, is_inside).map_err(Refusal::step(jail))?;
    }
    if !has_hooks {
        carried(jail).map_err(Refusal::step(jail))?;
    }
    let mut looked_at = steps.iter().map(|step| match step {
        Step::Create(creation) if !makes_files => create(facts, jail, creation),
        // The kernel gives no loopback away, whatever hooks make.
        Step::Interface(name) if name == "lo0" => Err(no_interface(name)),
        Step::Interface(name) if !has_hooks && !is_there(name) => Err(no_interface(name)),
        Step::Alias(alias) if !has_hooks && !is_there(alias.interface.as_str()) => {
            Err(alias.has_no_interface())
        }
        Step::Inside(..) if !has_hooks => log(jail),
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

fn no_interface(name: &str) -> Error {
    let missing = prison::Error::Interface(name.to_owned(), rustix::io::Errno::NODEV.into());
    Error::Parameter(param::VNET_INTERFACE.name, missing)
}

/// Looks for addresses that the jail is to have in a network of its own on the host's interfaces.
fn carried(jail: &Jail) -> Result<(), Error> {
    let Some(wanted) = addresses::carried(jail)? else { return Ok(()) };
    let lent = addresses::aliases(jail)?;
    // What cannot be found out here, the start finds out.
    let Ok(there) = Netlink::open().and_then(|mut netlink| netlink.addresses()) else {
        return Ok(());
    };
    let is_there = |wanted: &IpAddr| {
        there.iter().any(|(_, it)| it.prefix.address == *wanted)
            || lent.iter().any(|alias| alias.prefix.address == *wanted)
    };
    match wanted.into_iter().find(|wanted| !is_there(wanted)) {
        Some(missing) => Err(Error::Carried(netif::Error::NotOnHost(missing))),
        None => Ok(()),
    }
}

/// Looks for the user as whom `line` runs. A user of the jail's own is looked for in its root,
/// unless something is mounted over the file by the start.
fn user(jail: &Jail, line: &CommandLine, is_inside: bool) -> Result<(), Error> {
    let is_the_hosts = !is_inside || jail.parameters.flag(param::EXEC_SYSTEM_JAIL_USER);
    let Some(name) = &line.user else { return Ok(()) };
    if !is_the_hosts {
        let is_covered =
            spec::mount_points(jail).iter().any(|it| Path::new("/etc/passwd").starts_with(it));
        return match User::is_known_below(&jail.path(), name) {
            Some(false) if !is_covered => {
                let name = name.to_string_lossy().into_owned();
                Err(prison::Error::NoSuchUser(name).into())
            }
            _ => Ok(()),
        };
    }
    let unknown = || Error::NoSuchUser(name.to_string_lossy().into_owned());
    User::by_name(name).map(drop).ok_or_else(unknown)
}

fn log(jail: &Jail) -> Result<(), Error> {
    let log = jail.text(param::EXEC_CONSOLELOG);
    log.map_or(Ok(()), |log| console_log::check(&jail.path(), Path::new(&log)))
}

/// Whether the prison of `record`, which will give its interfaces back, has one of this name, or
/// may have one: what cannot be found out here, the start finds out.
fn holds(record: Option<&Record>, name: &str) -> bool {
    let Some(record) = record else { return false };
    let Ok(name) = InterfaceName::parse(name) else { return false };
    let Some(prison) = Prison::open(record.clone()) else { return false };
    let (Ok(there), Ok(here)) = (prison.network(), prison::own_network()) else { return true };
    let netlink = Netlink::open_in(there.as_fd(), here.as_fd());
    netlink.map_or(true, |mut netlink| netlink.index(&name).is_ok())
}
