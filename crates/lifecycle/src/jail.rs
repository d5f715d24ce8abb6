//! One jail as jail(8) handles it: typed parameters, and how messages name the jail.

use jailparam::{Set, Text, param};
use std::ffi::OsString;
use std::os::unix::ffi::OsStringExt;
use std::path::PathBuf;

/// A jail and its parameters.
#[derive(Debug, Clone)]
pub struct Jail {
    /// The jail's name in jail.conf; `None` if the command line describes the jail, which jail(8)'s
    /// messages then do not name.
    pub configured: Option<String>,
    /// The parameters that the jail is given, and the defaults of all others.
    pub parameters: Set,
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

    /// Jails that must run before this one: `depend`.
    pub fn depends(&self) -> impl Iterator<Item = String> {
        self.parameters
            .list(param::DEPEND)
            .iter()
            .map(|name| String::from_utf8_lossy(name).into_owned())
    }
}
