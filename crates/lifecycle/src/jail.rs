//! One jail as jail(8) handles it: its typed parameters, and how messages call it.

use jailparam::{Set, Text, param};
use std::ffi::OsString;
use std::os::unix::ffi::OsStringExt;
use std::path::PathBuf;

/// A jail and its parameters.
#[derive(Debug, Clone)]
pub struct Jail {
    /// Its name in jail.conf; `None` for one described on the command line, which jail(8) calls by
    /// none.
    pub configured: Option<String>,
    /// What it is given, and all defaults.
    pub parameters: Set,
}

impl Jail {
    /// How a message about it begins: `NAME: `, or nothing.
    pub fn prefix(&self) -> String {
        self.configured.as_ref().map_or_else(String::new, |name| format!("{name}: "))
    }

    /// The jid it asks for.
    pub fn jid(&self) -> Option<u32> {
        self.parameters
            .int(param::JID)
            .and_then(|jid| u32::try_from(jid).ok())
            .filter(|&jid| jid > 0)
    }

    /// What finds it in the registry: its jid, else its name.
    pub fn key(&self) -> Option<String> {
        let jid = self.jid().map(|jid| jid.to_string());
        jid.or_else(|| self.text(param::NAME).map(|name| name.to_string_lossy().into_owned()))
    }

    /// What a message calls it that is about the jail and not from it: its name in jail.conf, else
    /// its jid or name.
    pub(crate) fn called(&self) -> Option<String> {
        self.configured.clone().or_else(|| self.key())
    }

    /// A text parameter that is given and not empty.
    pub(crate) fn text(&self, parameter: Text) -> Option<OsString> {
        self.parameters.text(parameter).filter(|text| !text.is_empty()).map(OsString::from_vec)
    }

    /// The root: `path`, by default the host's.
    pub fn path(&self) -> PathBuf {
        self.text(param::PATH).map_or_else(|| "/".into(), PathBuf::from)
    }

    /// Jails that must run before this one: `depend`.
    pub fn depends(&self) -> impl Iterator<Item = String> {
        self.parameters
            .list(param::DEPEND)
            .iter()
            .map(|name| String::from_utf8_lossy(name).into_owned())
    }
}
