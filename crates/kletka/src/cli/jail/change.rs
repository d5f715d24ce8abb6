//! `jail -m`: what a jail that runs is to become, and whether it can without a restart. FreeBSD's `rdtun_params()`
//! and `update_jail()`.

use crate::cli::jls;
use crate::cli::sources::same_place;
use jailparam::{Access, Handle, Kind, Parameter, Set, Text, Value, param};
use prison::{Change, Prison, Registry};
use std::ffi::OsString;
use std::os::unix::ffi::OsStringExt;

/// The difference between a jail that runs and what its parameters say now.
pub(super) struct Changes {
    /// What the jail would be, were all of it possible.
    set: Set,
    /// Parameters that get another value, and may.
    live: Vec<&'static Parameter>,
    /// The first one that cannot be changed after creation.
    fixed: Option<&'static str>,
}

impl Changes {
    /// Compares `wanted` with what `prison` has. Parameters that are not given stay as they are.
    ///
    /// # Errors
    /// The registry's record of the prison cannot be used, or `meta` or `env` would be too long.
    pub(super) fn find(prison: &Prison, wanted: &Set) -> Result<Self, String> {
        let mut changes =
            Self { set: jls::parameters(prison.record())?, live: Vec::new(), fixed: None };
        for (parameter, value) in wanted.export() {
            let value = match wanted.edited(parameter, &changes.set) {
                Some(edited) => edited.map_err(|error| error.to_string())?,
                None => value,
            };
            let given = wanted.given(parameter).is_some() && !param::JID.is(parameter);
            if !given || changes.has(parameter, &value) {
                continue;
            }
            // A name finds the jail; under another one its processes would still be called the old.
            if parameter.access == Access::Live && !param::NAME.is(parameter) {
                changes.live.push(parameter);
                changes.set.put_value(parameter, value);
            } else {
                changes.fixed.get_or_insert(parameter.name);
            }
        }
        Ok(changes)
    }

    /// All that could be changed of a jail that is like nobody knows what.
    pub(super) fn of_any(wanted: &Set) -> Self {
        let live = |parameter: &&'static Parameter| {
            let given = wanted.given(parameter).is_some();
            given && parameter.access == Access::Live && !param::NAME.is(parameter)
        };
        let live = jailparam::shown().filter(live).collect();
        Self { set: wanted.clone(), live, fixed: None }
    }

    /// Whether the jail has this value already.
    fn has(&self, parameter: &Parameter, value: &Value) -> bool {
        match (self.set.value(parameter), value) {
            (Some(Value::Text(old)), Value::Text(new)) if param::PATH.is(parameter) => {
                same_place(&old, new)
            }
            (Some(old), new) => old == *new,
            (None, Value::Text(text)) => text.is_empty(),
            (None, Value::List(values)) => values.is_empty(),
            (None, _) => false,
        }
    }

    /// The parameter for which the jail would have to be created anew.
    pub(super) fn fixed(&self) -> Option<&'static str> {
        self.fixed
    }

    /// Whether the jail is as it is to be.
    pub(super) fn is_empty(&self) -> bool {
        self.live.is_empty()
    }

    /// What `jail -v` shows of the call.
    /// `jail` is what finds it: `jid=1`.
    pub(super) fn line(&self, jail: &str) -> String {
        let words = self.live.iter().filter_map(|parameter| self.set.assignment(parameter, true));
        let words = words.map(|word| format!(" {}", String::from_utf8_lossy(&word)));
        format!("jail_set(JAIL_UPDATE) {jail}{}", words.collect::<String>())
    }

    /// Permissions that only processes get which enter the jail from now on.
    pub(super) fn for_later(&self) -> impl Iterator<Item = &'static str> {
        self.live.iter().map(|parameter| parameter.name).filter(|name| name.starts_with("allow."))
    }

    /// Changes the jail.
    ///
    /// # Errors
    /// Why it could not be.
    pub(super) fn apply(&self, prison: &mut Prison, registry: &Registry) -> Result<(), String> {
        if self.live.is_empty() {
            return Ok(());
        }
        let text = |of: Text| {
            self.changes(of).then(|| OsString::from_vec(self.set.text(of).unwrap_or_default()))
        };
        let change = Change {
            persist: self.changes(param::PERSIST).then(|| self.set.flag(param::PERSIST)),
            hostname: text(param::HOST_HOSTNAME),
            domainname: text(param::HOST_DOMAINNAME),
            allow: self.for_later().next().map(|_| lifecycle::allowed(&self.set)),
            parameters: Some(self.parameters(&prison.record().parameters)),
        };
        prison.update(registry, &change).map_err(|error| error.to_string())?;
        let env = self.set.text(param::ENV).filter(|_| self.changes(param::ENV));
        env.map_or(Ok(()), |text| prison.show_env(&text)).map_err(|error| error.to_string())
    }

    /// Whether the parameter `one` gets another value.
    fn changes<T>(&self, one: Handle<T>) -> bool {
        self.live.iter().any(|parameter| one.is(parameter))
    }

    /// All parameters as the registry keeps them: `old`, with the new values.
    fn parameters(&self, old: &[(String, Vec<u8>)]) -> Vec<(String, Vec<u8>)> {
        let mut parameters = old.to_vec();
        for parameter in &self.live {
            parameters.retain(|(name, _)| name != parameter.name);
            let value = match self.set.value(parameter) {
                Some(Value::Text(text)) => text,
                Some(Value::List(values)) => values.join(&b','),
                Some(other) => other.to_string().into_bytes(),
                None => continue,
            };
            debug_assert!(
                parameter.kind != Kind::List,
                "no parameter of the prison is such a list"
            );
            parameters.push((parameter.name.to_owned(), value));
        }
        parameters
    }
}
