//! The order in which a jail starts and stops: jail(8), and the tables in FreeBSD's `jail.c`.
//!
//! [`START`], [`STOP`] and [`CLEAN`] are those tables; a plan is what a table becomes for one jail.
//! File systems have no rows of their own at a start: on Linux they belong to the prison, are
//! mounted as it is created, and vanish with it. A stop has one for what the host has mounted in
//! their places.

use crate::addresses::{self, Alias};
use crate::command::CommandLine;
use crate::error::Error;
use crate::jail::Jail;
use crate::spec::Creation;
use jailparam::{Kind, List, in_quotes, param};
use std::ffi::OsString;
use std::fmt;
use std::net::IpAddr;
use std::os::unix::ffi::OsStringExt;
use std::path::Path;
use std::time::Duration;

/// A hook: commands that run on the host.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Hook {
    /// Before anything else.
    Prepare,
    /// Before the prison is created.
    Prestart,
    /// When the prison is created, and nothing runs in it yet.
    Created,
    /// When the jail has started.
    Poststart,
    /// Before the jail is stopped.
    Prestop,
    /// When the prison is gone.
    Poststop,
    /// After everything else.
    Release,
}

impl Hook {
    /// The parameter that holds its commands.
    pub const fn parameter(self) -> List {
        match self {
            Self::Prepare => param::EXEC_PREPARE,
            Self::Prestart => param::EXEC_PRESTART,
            Self::Created => param::EXEC_CREATED,
            Self::Poststart => param::EXEC_POSTSTART,
            Self::Prestop => param::EXEC_PRESTOP,
            Self::Poststop => param::EXEC_POSTSTOP,
            Self::Release => param::EXEC_RELEASE,
        }
    }
}

/// Commands that run in the jail.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Inside {
    /// `exec.start`.
    Start,
    /// `command`.
    Command,
    /// `exec.stop`.
    Stop,
}

impl Inside {
    /// The parameter that holds its commands.
    pub const fn parameter(self) -> List {
        match self {
            Self::Start => param::EXEC_START,
            Self::Command => param::COMMAND,
            Self::Stop => param::EXEC_STOP,
        }
    }
}

/// A row of a table.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Row {
    /// The commands of a hook.
    Hook(Hook),
    /// Addresses for interfaces of the host: `ip4.addr`, `ip6.addr`.
    Aliases,
    /// jail_set(2), with all mounts.
    Create,
    /// Addresses of the host in a network of the jail's: `kletka.net`.
    Carry,
    /// `vnet.interface`, one after the other.
    Interfaces,
    /// Commands in the jail.
    Inside(Inside),
    /// SIGTERM, and `stop.timeout`.
    Terminate,
    /// jail_remove(2).
    Remove,
    /// What the host has mounted where the lines of the jail say.
    Unmount,
    /// What led the host's packets to addresses in a network of the jail's.
    Uncarry,
    /// The addresses that interfaces of the host had for the jail.
    Unalias,
}

/// The rows of a start, in order.
pub const START: [Row; 10] = [
    Row::Hook(Hook::Prepare),
    Row::Aliases,
    Row::Hook(Hook::Prestart),
    Row::Create,
    Row::Carry,
    Row::Hook(Hook::Created),
    Row::Interfaces,
    Row::Inside(Inside::Start),
    Row::Inside(Inside::Command),
    Row::Hook(Hook::Poststart),
];

/// The rows of a stop, in order.
pub const STOP: [Row; 9] = [
    Row::Hook(Hook::Prestop),
    Row::Inside(Inside::Stop),
    Row::Terminate,
    Row::Remove,
    Row::Hook(Hook::Poststop),
    Row::Unmount,
    Row::Uncarry,
    Row::Unalias,
    Row::Hook(Hook::Release),
];

/// The rows that follow the removal of a jail: after a start that failed, or when the jail ended by
/// itself.
pub const CLEAN: [Row; 4] =
    [Row::Hook(Hook::Poststop), Row::Uncarry, Row::Unalias, Row::Hook(Hook::Release)];

/// One step of a plan.
#[derive(Debug, Clone)]
pub enum Step {
    /// Run this on the host.
    Hook(Hook, CommandLine),
    /// Give an interface of the host this address.
    Alias(Alias),
    /// Take from an interface of the host this address, which was given it for the jail.
    Unalias(Alias),
    /// Create the prison, which is described here as far as the parameters alone do.
    Create(Box<Creation>),
    /// Put these addresses of the host into the prison's network.
    Carry(Vec<IpAddr>),
    /// Take away what leads to addresses in networks of prisons that are gone.
    Uncarry,
    /// Give the prison this interface of the host.
    Interface(String),
    /// Run this in the jail.
    Inside(Inside, CommandLine),
    /// Send SIGTERM to all processes, and wait at most this long for their end.
    Terminate(Duration),
    /// Remove the prison.
    Remove,
    /// Unmount what the host has mounted where the lines of the jail say.
    Unmount,
}

impl Step {
    /// Writes the step in words, for a jail that has this jid or none yet: as the line of
    /// `jail -v`, and while the step is under way.
    pub fn shown(&self, jid: Option<u32>) -> impl fmt::Display + '_ {
        Shown { step: self, jid }
    }
}

struct Shown<'s> {
    step: &'s Step,
    jid: Option<u32>,
}

impl fmt::Display for Shown<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self.step {
            Step::Hook(_, command) => write!(f, "run command{}: {command}", command.as_user()),
            Step::Inside(_, command) => {
                write!(f, "run command in jail{}: {command}", command.as_user())
            }
            Step::Create(creation) => {
                write!(f, "jail_set(JAIL_CREATE)")?;
                let mut parameters = creation.parameters().iter();
                parameters.try_for_each(|(name, value)| write!(f, " {}", word(name, value)))
            }
            // FreeBSD runs ifconfig(8) for these, and shows that command.
            Step::Alias(alias) => {
                write!(f, "run command: /sbin/ifconfig {alias}{} alias", alias.more())
            }
            Step::Unalias(alias) => write!(f, "run command: /sbin/ifconfig {alias} -alias"),
            Step::Carry(addresses) => write!(f, "carry {}", in_a_row(addresses)),
            Step::Uncarry => write!(f, "carry no more"),
            Step::Interface(name) => {
                let jid = self.jid.unwrap_or_default();
                write!(f, "run command: /sbin/ifconfig {name} vnet {jid}")
            }
            Step::Terminate(time) => {
                write!(f, "send SIGTERM, wait at most {} seconds", time.as_secs())
            }
            Step::Remove => write!(f, "jail_remove"),
            Step::Unmount => write!(f, "unmount"),
        }
    }
}

/// Writes addresses with blanks between them.
pub fn in_a_row(addresses: &[IpAddr]) -> String {
    let texts: Vec<String> = addresses.iter().map(ToString::to_string).collect();
    texts.join(" ")
}

/// Writes a parameter as FreeBSD's jailparam_set_note() does: a boolean is its name alone.
fn word(name: &str, value: &[u8]) -> String {
    let parameter = jailparam::find(name).map(|found| found.parameter);
    let boolean = parameter.filter(|parameter| parameter.kind == Kind::Bool);
    match (boolean, value) {
        (Some(parameter), b"false") => parameter.no_name().unwrap_or_default(),
        (Some(_), _) => name.to_owned(),
        (None, b"") => format!("{name}=\"\""),
        (None, value) => format!("{name}={}", String::from_utf8_lossy(&in_quotes(value))),
    }
}

/// Makes the steps of `table` for `jail`. `programs` is the directory of kletka's programs for use
/// in jails.
///
/// # Errors
/// A parameter has a value that cannot be used, whatever the machine is like when the step is
/// carried out.
pub fn plan(table: &[Row], jail: &Jail, programs: Option<&Path>) -> Result<Vec<Step>, Error> {
    let mut steps = Vec::new();
    for row in table {
        match *row {
            Row::Hook(hook) => {
                let commands = commands(jail, hook.parameter());
                steps.extend(commands.into_iter().map(|command| Step::Hook(hook, command)));
            }
            Row::Inside(inside) => {
                let commands = commands(jail, inside.parameter());
                steps.extend(commands.into_iter().map(|command| Step::Inside(inside, command)));
            }
            Row::Aliases => steps.extend(addresses::aliases(jail)?.into_iter().map(Step::Alias)),
            Row::Unalias => {
                // In the order in which they are undone.
                let aliases = addresses::aliases(jail)?.into_iter().rev();
                steps.extend(aliases.map(Step::Unalias));
            }
            Row::Create => {
                let creation = Creation::new(jail, programs)?;
                // On FreeBSD the kernel refuses this at the creation; here no hook has run by then.
                let later = [param::EXEC_START, param::COMMAND, param::EXEC_POSTSTART];
                if !creation.persists() && later.iter().all(|&one| commands(jail, one).is_empty()) {
                    return Err(Error::NothingToKeepIt);
                }
                steps.push(Step::Create(Box::new(creation)));
            }
            Row::Carry => steps.extend(addresses::carried(jail)?.map(Step::Carry)),
            Row::Uncarry => {
                steps.extend(addresses::is_carried(jail).then_some(Step::Uncarry));
            }
            Row::Interfaces => {
                let names = jail.parameters.list(param::VNET_INTERFACE).iter();
                let names = names.map(|name| String::from_utf8_lossy(name).into_owned());
                steps.extend(names.map(Step::Interface));
            }
            Row::Terminate => {
                let seconds = jail.parameters.int(param::STOP_TIMEOUT).unwrap_or(10);
                // FreeBSD's term_procs(): 0 sends no SIGTERM, and the jail is removed at once.
                let seconds = u64::try_from(seconds).unwrap_or(0);
                let some = (seconds > 0).then(|| Step::Terminate(Duration::from_secs(seconds)));
                steps.extend(some);
            }
            Row::Remove => steps.push(Step::Remove),
            Row::Unmount => {
                let lines = [param::MOUNT, param::MOUNT_FSTAB];
                let has_lines = lines.iter().any(|&it| !jail.parameters.list(it).is_empty());
                steps.extend(has_lines.then_some(Step::Unmount));
            }
        }
    }
    Ok(steps)
}

/// The commands of a parameter. On the command line `command` is one command, whose words are
/// separate.
fn commands(jail: &Jail, parameter: List) -> Vec<CommandLine> {
    let values = jail.parameters.list(parameter);
    let is_inside = [Inside::Start, Inside::Command, Inside::Stop]
        .iter()
        .any(|inside| inside.parameter() == parameter);
    let user = jail.text(if is_inside { param::EXEC_JAIL_USER } else { param::EXEC_SYSTEM_USER });
    let commands: Vec<_> = if parameter == param::COMMAND && jail.configured.is_none() {
        // The shell has split these words: they are not split, or given to /bin/sh, a second time.
        let words = values.iter().map(|word| OsString::from_vec(word.clone())).collect();
        CommandLine::from_words(words, false).into_iter().collect()
    } else {
        values.iter().filter_map(|value| CommandLine::parse(value)).collect()
    };
    commands.into_iter().map(|command| CommandLine { user: user.clone(), ..command }).collect()
}
