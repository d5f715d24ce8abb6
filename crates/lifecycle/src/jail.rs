//! One jail as jail(8) handles it: typed parameters, and how messages name the jail.

use crate::command::CommandLine;
use crate::error::Error;
use jailconf::{Parameter, Place};
use jailparam::{Set, Text, param};
use std::ffi::{OsStr, OsString};
use std::os::unix::ffi::OsStringExt;
use std::path::PathBuf;
use std::sync::Arc;

/// A jail and its parameters.
#[derive(Debug, Clone)]
pub struct Jail {
    /// The jail's name in jail.conf; `None` if the command line describes the jail, which jail(8)'s
    /// messages then do not name.
    pub configured: Option<String>,
    /// The parameters that the jail is given, and the defaults of all others.
    pub parameters: Set,
    /// The jail as its section has it, with the places of the parameters.
    pub given: Option<Arc<jailconf::Jail>>,
}

impl Jail {
    /// How a message about the jail begins: `NAME: `, or nothing.
    pub fn prefix(&self) -> String {
        self.configured.as_ref().map_or_else(String::new, |name| format!("{name}: "))
    }

    /// The jid that the jail asks for.
    pub fn jid(&self) -> Option<u32> {
        self.parameters
            .int(param::JID)
            .and_then(|jid| u32::try_from(jid).ok())
            // 0 asks for any jid that is free, as in jail_set(2).
            .filter(|&jid| jid > 0)
    }

    /// The key that finds the jail in the registry: its jid, or else its name. FreeBSD's
    /// running_jid() has the same order.
    pub fn key(&self) -> Option<String> {
        let jid = self.jid().map(|jid| jid.to_string());
        jid.or_else(|| self.text(param::NAME).map(|name| name.to_string_lossy().into_owned()))
    }

    /// How a message names the jail that it is about, as in `"web" not found`: by the name in
    /// jail.conf, or else by jid or name.
    pub(crate) fn called(&self) -> Option<String> {
        self.configured.clone().or_else(|| self.key())
    }

    /// A text parameter that is given and not empty.
    pub(crate) fn text(&self, parameter: Text) -> Option<OsString> {
        self.parameters.text(parameter).filter(|text| !text.is_empty()).map(OsString::from_vec)
    }

    /// The jail's root: `path`, or the host's root without one.
    pub fn path(&self) -> PathBuf {
        self.text(param::PATH).map_or_else(|| "/".into(), PathBuf::from)
    }

    /// The place of what an error is about: a parameter, or the command that failed.
    pub fn place_of(&self, error: &Error) -> Option<Place> {
        let given = self.given.as_ref()?;
        let is_at_fault = |one: &&Parameter| match error {
            Error::File(parameter, ..)
            | Error::SymbolicLink(parameter, _)
            | Error::NotAbsolute(parameter, _)
            | Error::OutsideRoot(parameter, _)
            | Error::Fstab(parameter, ..)
            | Error::MountPoint(parameter, ..)
            | Error::Source(parameter, ..)
            | Error::Value(parameter, _)
            | Error::Parameter(parameter, _) => one.name == parameter.as_bytes(),
            Error::Log(..) => param::EXEC_CONSOLELOG.is_called(&one.name),
            Error::Carried(_) => param::KLETKA_NET.is_called(&one.name),
            Error::Prison(prison::Error::Path(..)) => param::PATH.is_called(&one.name),
            Error::Failed(command) | Error::Signaled(command, _) | Error::TimedOut(command) => {
                commands(one).any(|line| line.to_string() == *command)
            }
            Error::Exec(program, _)
            | Error::Prison(prison::Error::Process { step: "exec", subject: program, .. }) => {
                commands(one).any(|line| line.program() == OsStr::new(program))
            }
            _ => false,
        };
        let place = given.parameters.iter().find(is_at_fault).map(|one| &one.place);
        let is_whole = matches!(error, Error::NothingToKeepIt);
        place.or(is_whole.then_some(&given.place)).cloned()
    }

    /// Jails that must run before this one: `depend`.
    pub fn depends(&self) -> impl Iterator<Item = String> {
        self.parameters
            .list(param::DEPEND)
            .iter()
            .map(|name| String::from_utf8_lossy(name).into_owned())
    }
}

/// The commands of a parameter of jail(8)'s hooks.
fn commands(given: &Parameter) -> impl Iterator<Item = CommandLine> {
    let is_hook = given.name.starts_with(b"exec.");
    let values = given.values.iter().filter(move |_| is_hook);
    values.filter_map(|value| CommandLine::parse(value))
}
