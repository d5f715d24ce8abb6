//! The parameters in a prison's record: how jail(8) writes them, and how jls(8) and `jail -m` read
//! them again.
//!
//! The registry keeps parameters as text by name, and interprets none. A record is written with
//! what the jail was given. Reading gives that, typed, and what the prison has become since: its
//! jid, its name, the jails inside.

use jailconf::Place;
use jailparam::{Parameter, Set, Value, param};
use prison::Record;
use std::ffi::OsStr;
use std::fmt;
use std::fs;
use std::os::unix::ffi::OsStrExt;
use std::path::Path;

/// The parameters of a record: names, and values as text.
pub(crate) type Recorded = Vec<(String, Vec<u8>)>;

/// A record has values that its parameters cannot have.
#[derive(Debug, Clone)]
pub struct Unreadable(Vec<jailparam::Error>);

impl fmt::Display for Unreadable {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.0.first().map_or(Ok(()), |error| write!(f, "/run/kletka: {error}"))
    }
}

impl std::error::Error for Unreadable {}

/// The parameters in the record of a new prison: all that were given, and no defaults.
pub(crate) fn written(given: &Set) -> Recorded {
    let chosen = |(parameter, value): (&Parameter, Value)| {
        let is_given = given.given(parameter).is_some();
        is_given.then(|| (parameter.name.to_owned(), text(value)))
    };
    given.export().into_iter().filter_map(chosen).collect()
}

/// The parameters of the record `old`, after those that were `changed` have taken their values from
/// `set`.
pub(crate) fn rewritten(
    old: &[(String, Vec<u8>)],
    set: &Set,
    changed: &[&'static Parameter],
) -> Recorded {
    let is_changed = |name: &str| changed.iter().any(|parameter| parameter.name == name);
    // Names that only a newer kletka knows are kept as well.
    let kept = old.iter().filter(|(name, _)| !is_changed(name)).cloned();
    let new = changed.iter().filter_map(|parameter| {
        let value = set.value(parameter)?;
        Some((parameter.name.to_owned(), text(value)))
    });
    kept.chain(new).collect()
}

/// Writes a value as the registry keeps it.
fn text(value: Value) -> Vec<u8> {
    match value {
        Value::Text(text) => text,
        Value::List(values) => values.join(&b','),
        other => other.to_string().into_bytes(),
    }
}

/// Reads the parameters of a prison: those that the jail was given, and what the prison has become.
/// A parameter that only a newer kletka knows is left out.
///
/// # Errors
/// The record has a value that the catalogue does not take.
pub fn read(record: &Record) -> Result<Set, Unreadable> {
    let place = Place::command_line();
    let known = record.parameters.iter().filter(|(name, _)| jailparam::find(name).is_some());
    let parameters = known.map(|(name, value)| jailconf::Parameter {
        name: name.clone().into_bytes(),
        values: vec![value.clone()],
        place: place.clone(),
    });
    let jail = jailconf::Jail {
        name: record.name.clone().into_bytes(),
        place: place.clone(),
        parameters: parameters.collect(),
    };
    let imported = match Set::import(&jail) {
        // The record of a jail inside another one is in the registry of that jail, which may write
        // anything: the jail is shown without its parameters then.
        Err(_) if record.is_inside() => {
            Set::import(&jailconf::Jail { parameters: Vec::new(), ..jail })
        }
        imported => imported,
    };
    let mut set = imported.map_err(Unreadable)?;
    // What the prison is now overrides what the jail was given.
    set.put(param::PARENT, record.parent.into());
    if record.children.has_room() {
        set.put(param::CHILDREN_MAX, record.children.max.into());
    }
    set.put(param::CHILDREN_CUR, record.inside.into());
    set.put(param::JID, record.jid.into());
    set.put(param::CPUSET_ID, record.jid.into());
    set.put(param::NAME, record.name.clone().into_bytes());
    set.put(param::PATH, record.path.as_os_str().as_bytes().to_vec());
    Ok(set)
}

/// Whether two values of `path` mean one directory: as they are written, or by where they lead now.
pub fn same_place(one: &[u8], other: &[u8]) -> bool {
    let path = |bytes| Path::new(OsStr::from_bytes(bytes));
    let real = |bytes| fs::canonicalize(path(bytes)).ok();
    path(one) == path(other) || real(one).is_some_and(|one| Some(one) == real(other))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn set(words: &[&str]) -> Set {
        Set::import(&jailconf::Jail::from_words(words).unwrap()).unwrap()
    }

    fn shown(recorded: &Recorded) -> String {
        let word = |(name, value): &(String, Vec<u8>)| {
            format!("{name}={}", String::from_utf8_lossy(value))
        };
        recorded.iter().map(word).collect::<Vec<_>>().join(" ")
    }

    #[test]
    fn what_was_given_is_written_and_what_has_changed_is_rewritten() {
        let old = written(&set(&["path=/jails/web", "persist", "host.hostname=one", "depend=db"]));
        // `depend` is jail(8)'s own: a prison has no such parameter.
        assert_eq!(shown(&old), "path=/jails/web persist=true host.hostname=one");
        let changed =
            ["host.hostname", "allow.quotas"].map(|name| jailparam::find(name).unwrap().parameter);
        let new = rewritten(&old, &set(&["host.hostname=two", "allow.quotas"]), &changed);
        let want = "path=/jails/web persist=true host.hostname=two allow.quotas=true";
        assert_eq!(shown(&new), want);
    }
}
