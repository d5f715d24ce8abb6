//! One jail as jail(8) handles it: its typed parameters, and how messages call it.

use jailparam::{Set, Text, Value, param};
use std::ffi::OsString;
use std::os::unix::ffi::OsStringExt;
use std::path::PathBuf;

/// A jail and its parameters.
#[derive(Debug, Clone)]
pub struct Jail {
    /// Its name in jail.conf; `None` for one described on the command line, which jail(8) calls by none.
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

    /// What jls(8) is to show of it, as text by name.
    pub(crate) fn shown(&self) -> Vec<(String, Vec<u8>)> {
        let text = |value: Value| match value {
            Value::Text(text) => text,
            Value::List(values) => values.join(&b','),
            other => other.to_string().into_bytes(),
        };
        let given = |(parameter, value): (&jailparam::Parameter, Value)| {
            let chosen = self.parameters.given(parameter).is_some();
            chosen.then(|| (parameter.name.to_owned(), text(value)))
        };
        self.parameters.export().into_iter().filter_map(given).collect()
    }
}
