//! The typed values of one jail: libjail's `jailparam_import` and `jailparam_export`, and jail(8)'s checks of its own.

use std::collections::BTreeMap;
use std::fmt;

use jailconf::{Jail, Place};

use crate::catalogue::CATALOGUE;
use crate::error::{Error, Problem};
use crate::keys::Edit;
use crate::lookup::{Found, find, shown, suggest};
use crate::types::{Access, Kind, Parameter, Support};

/// What a jail has of a part of the system.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Jailsys {
    /// Nothing.
    Disable,
    /// Its own.
    New,
    /// What the host has.
    Inherit,
}

impl Jailsys {
    /// The word for it.
    pub const fn word(self) -> &'static str {
        match self {
            Self::Disable => "disable",
            Self::New => "new",
            Self::Inherit => "inherit",
        }
    }
}

/// A value of a parameter.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Value {
    /// Of [`Kind::Bool`].
    Bool(bool),
    /// Of [`Kind::Int`].
    Int(i64),
    /// Of [`Kind::Text`].
    Text(Vec<u8>),
    /// Of [`Kind::List`] and lists of addresses.
    List(Vec<Vec<u8>>),
    /// Of [`Kind::Jailsys`].
    Jailsys(Jailsys),
}

impl fmt::Display for Value {
    /// As jls(8) writes it.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Bool(value) => value.fmt(f),
            Self::Int(value) => value.fmt(f),
            Self::Text(value) => f.write_str(&String::from_utf8_lossy(value)),
            Self::List(values) => f.write_str(&String::from_utf8_lossy(&values.join(&b','))),
            Self::Jailsys(value) => f.write_str(value.word()),
        }
    }
}

/// The parameters of one jail: what it was given, and the defaults of all others.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Set {
    values: BTreeMap<&'static str, Value>,
    /// What was said of `meta` and `env`, in order: a jail that runs has its texts changed, not replaced.
    edits: BTreeMap<&'static str, Vec<Edit>>,
}

impl Set {
    /// Reads the parameters of `jail`.
    ///
    /// # Errors
    /// Every parameter that does not exist, has a value that it cannot have, or is not supported on Linux: then it may
    /// be given the value that it has anyway. Addresses of the host's, where `vnet` is given too.
    pub fn import(jail: &Jail) -> Result<Self, Vec<Error>> {
        let mut set = Self::default();
        let mut errors = Vec::new();
        let mut wrong = |given: &jailconf::Parameter, problem| {
            errors.push(Error {
                jail: String::from_utf8_lossy(&jail.name).into_owned(),
                parameter: String::from_utf8_lossy(&given.name).into_owned(),
                problem,
                place: given.place.clone(),
            });
        };
        for given in &jail.parameters {
            if let Err(problem) = set.import_one(given) {
                wrong(given, problem);
            }
        }
        // kern_jail_set(): whatever the values are.
        let restricts = |given: &&jailconf::Parameter| {
            matches!(given.name.as_slice(), b"ip4" | b"ip4.addr" | b"ip6" | b"ip6.addr")
        };
        if set.values.contains_key("vnet")
            && let Some(given) = jail.parameters.iter().find(restricts)
        {
            wrong(given, Problem::VnetAddresses);
        }
        if errors.is_empty() { Ok(set) } else { Err(errors) }
    }

    fn import_one(&mut self, given: &jailconf::Parameter) -> Result<(), Problem> {
        let name = String::from_utf8_lossy(&given.name);
        let found = find(&name).ok_or_else(|| Problem::Unknown(suggest(&name)))?;
        if found.parameter.has_keys() {
            return self.edit(found.parameter, &name, &given.values);
        }
        let Some(value) = typed(found, &given.values)? else { return Ok(()) };
        check(found.parameter, &value)?;
        self.values.insert(found.parameter.name, value);
        Ok(())
    }

    /// `meta`, `env`, or one of their keys.
    fn edit(
        &mut self,
        parameter: &'static Parameter,
        name: &str,
        values: &[Vec<u8>],
    ) -> Result<(), Problem> {
        let last = values.last().cloned();
        let edit = match (name.split_once('.'), last) {
            (Some((_, "")), _) => return Err(Problem::Unknown(Some(parameter.name.into()))),
            (Some((_, key)), Some(value)) => Edit::Key(key.into(), value),
            (Some((_, key)), None) => Edit::NoKey(key.into()),
            (None, text) => Edit::Whole(text.unwrap_or_default()),
        };
        let text = Value::Text(edit.apply(&self.text(parameter.name).unwrap_or_default()));
        check(parameter, &text)?;
        self.values.insert(parameter.name, text);
        self.edits.entry(parameter.name).or_default().push(edit);
        Ok(())
    }

    /// What this makes of the `meta` or `env` of a jail with the parameters `old`; `None` when nothing was said of it.
    ///
    /// # Errors
    /// It would be too long.
    pub fn edited(&self, parameter: &Parameter, old: &Self) -> Option<Result<Value, Error>> {
        let edits = self.edits.get(parameter.name)?;
        let old = old.text(parameter.name).unwrap_or_default();
        let text = Value::Text(edits.iter().fold(old, |text, edit| edit.apply(&text)));
        let wrong = |problem| Error {
            jail: String::new(),
            parameter: parameter.name.to_owned(),
            problem,
            place: Place::command_line(),
        };
        Some(check(parameter, &text).map(|()| text).map_err(wrong))
    }

    /// Gives the parameter `name` a value that no one chose: its jid, when it has been found one.
    pub fn put(&mut self, name: &str, value: Value) {
        match find(name) {
            Some(Found { parameter, no: false }) => {
                self.values.insert(parameter.name, value);
            }
            _ => debug_assert!(false, "no parameter {name}"),
        }
    }

    /// What the parameter `name` was given, without regard to its default.
    pub fn given(&self, name: &str) -> Option<&Value> {
        self.values.get(name)
    }

    /// The value of the parameter `name`; none when it was given none and has no default.
    pub fn get(&self, name: &str) -> Option<Value> {
        match self.values.get(name) {
            Some(value) => Some(value.clone()),
            None => self.default_of(CATALOGUE.iter().find(|parameter| parameter.name == name)?),
        }
    }

    /// The same of a parameter that has been found before.
    pub fn value(&self, parameter: &Parameter) -> Option<Value> {
        self.values.get(parameter.name).cloned().or_else(|| self.default_of(parameter))
    }

    fn default_of(&self, parameter: &Parameter) -> Option<Value> {
        let has_vnet = || self.values.get("vnet") == Some(&Value::Jailsys(Jailsys::New));
        let text = parameter.default_of(parameter.default_with_vnet.is_some() && has_vnet())?;
        match parameter.kind {
            Kind::Bool => Some(Value::Bool(text == "true")),
            Kind::Int(..) => text.parse().ok().map(Value::Int),
            Kind::Text(_) => Some(Value::Text(text.into())),
            Kind::List | Kind::Ip4List | Kind::Ip6List => None,
            Kind::Jailsys => jailsys(text.as_bytes()).map(Value::Jailsys),
        }
    }

    /// Whether the boolean parameter `name` is on.
    pub fn flag(&self, name: &str) -> bool {
        match self.get(name) {
            Some(Value::Bool(value)) => value,
            other => not_a("boolean", name, other.as_ref(), false),
        }
    }

    /// The number that the parameter `name` is.
    pub fn int(&self, name: &str) -> Option<i64> {
        match self.get(name) {
            Some(Value::Int(value)) => Some(value),
            None => None,
            other => not_a("number", name, other.as_ref(), None),
        }
    }

    /// The text that the parameter `name` is.
    pub fn text(&self, name: &str) -> Option<Vec<u8>> {
        match self.get(name) {
            Some(Value::Text(value)) => Some(value),
            None => None,
            other => not_a("text", name, other.as_ref(), None),
        }
    }

    /// The values of the list `name`, of which there may be none.
    pub fn list(&self, name: &str) -> &[Vec<u8>] {
        match self.given(name) {
            Some(Value::List(values)) => values,
            None => &[],
            other => not_a("list", name, other, &[]),
        }
    }

    /// What the jail has of `name`: `vnet`, `ip4`, `sysvshm` …
    pub fn jailsys(&self, name: &str) -> Jailsys {
        match self.get(name) {
            Some(Value::Jailsys(value)) => value,
            other => not_a("jailsys", name, other.as_ref(), Jailsys::Disable),
        }
    }

    /// The parameters that `jls -n` prints, in its order: those of the prison that have a value.
    ///
    /// Addresses have one even when there are none of them.
    pub fn export(&self) -> Vec<(&'static Parameter, Value)> {
        let empty = |parameter: &Parameter| match parameter.kind {
            Kind::Ip4List | Kind::Ip6List => Some(Value::List(Vec::new())),
            _ => None,
        };
        let value = |parameter: &Parameter| self.value(parameter).or_else(|| empty(parameter));
        shown().filter_map(|parameter| Some((parameter, value(parameter)?))).collect()
    }

    /// One parameter as `jls -n` prints it; none when it has no value.
    pub fn assignment(&self, name: &str, quoted: bool) -> Option<Vec<u8>> {
        let (parameter, value) =
            self.export().into_iter().find(|(parameter, _)| parameter.name == name)?;
        Some(word(parameter, &value, quoted))
    }

    /// The line of `jls -n`; `quoted` is `jls -nq`, with quotes around values that need them.
    pub fn to_line(&self, quoted: bool) -> Vec<u8> {
        let words =
            self.export().into_iter().map(|(parameter, value)| word(parameter, &value, quoted));
        words.collect::<Vec<_>>().join(&b' ')
    }
}

/// A getter of the wrong type is a mistake in this program: it shows in tests, and in use gives `instead`.
fn not_a<T>(kind: &str, name: &str, value: Option<&Value>, instead: T) -> T {
    debug_assert!(false, "{name} is no {kind}: {value:?}");
    instead
}

/// One parameter as `jls -n` prints it: a boolean by its name alone, all others with `=`.
fn word(parameter: &Parameter, value: &Value, quoted: bool) -> Vec<u8> {
    let name = parameter.name.as_bytes();
    let text = match value {
        Value::Bool(true) => return name.to_vec(),
        Value::Bool(false) => return parameter.no_name().unwrap_or_default().into_bytes(),
        Value::Text(text) => text.clone(),
        Value::List(values) => values.join(&b','),
        Value::Int(_) | Value::Jailsys(_) => value.to_string().into_bytes(),
    };
    let text = match () {
        // A list without values is nothing at all, unless quoted; a text without bytes always has its quotes.
        () if text.is_empty() && matches!(value, Value::List(_)) && !quoted => text,
        () if text.is_empty() => b"\"\"".to_vec(),
        () if quoted => in_quotes(&text),
        () => text,
    };
    [name, b"=", &text].concat()
}

/// A value with quotes around it if it has spaces or quotes: `jls -q`.
pub fn in_quotes(text: &[u8]) -> Vec<u8> {
    let has = |byte| text.contains(&byte);
    let quote: &[u8] = match () {
        () if has(b'\'') => b"\"",
        () if has(b'"') => b"'",
        () if has(b' ') || has(b'\t') => b"\"",
        () => b"",
    };
    [quote, text, quote].concat()
}

/// The value of a parameter from its texts; none if a pseudo-parameter that takes a value has been given none.
fn typed(found: Found, values: &[Vec<u8>]) -> Result<Option<Value>, Problem> {
    let Found { parameter, no } = found;
    // One that is no list has its last value.
    let last = values.last().map(Vec::as_slice);
    let lossy = |text: &[u8]| String::from_utf8_lossy(text).into_owned();
    let value = match (parameter.kind, last) {
        (Kind::Bool, None) => Value::Bool(!no),
        (Kind::Bool, Some(text)) => {
            let on = boolean(text).ok_or_else(|| Problem::Bool(lossy(text)))?;
            Value::Bool(on != no)
        }
        (Kind::List, _) => Value::List(values.to_vec()),
        (Kind::Ip4List | Kind::Ip6List, _) => Value::List(addresses(values)),
        (_, None) if parameter.is_pseudo() => return Ok(None),
        // libjail: a bare name has the empty value, which is 0.
        (Kind::Int(..), None) => Value::Int(0),
        (Kind::Int(..), Some(b"")) if !parameter.is_pseudo() => Value::Int(0),
        (Kind::Int(..), Some(text)) => {
            Value::Int(number(text).ok_or_else(|| Problem::Integer(lossy(text)))?)
        }
        (Kind::Text(_), text) => Value::Text(text.unwrap_or_default().to_vec()),
        (Kind::Jailsys, None | Some(b"")) => Value::Jailsys(Jailsys::New),
        (Kind::Jailsys, Some(text)) => {
            Value::Jailsys(jailsys(text).ok_or_else(|| Problem::Jailsys(lossy(text)))?)
        }
    };
    Ok(Some(value))
}

/// Whether the parameter can have this value, here.
fn check(parameter: &Parameter, value: &Value) -> Result<(), Problem> {
    match (parameter.kind, value) {
        (_, _) if parameter.access == Access::ReadOnly => return Err(Problem::ReadOnly),
        (Kind::Int(from, to), Value::Int(value)) if !(from..=to).contains(value) => {
            return Err(Problem::Range(*value, from, to));
        }
        (Kind::Text(most), Value::Text(text)) if text.len() > most => {
            return Err(if parameter.has_keys() {
                Problem::TooLarge(most)
            } else {
                Problem::Length(most)
            });
        }
        _ => {}
    }
    let text = value.to_string();
    match parameter.support {
        // What it is anyway may be said.
        Support::Refused(_) if !text.is_empty() && parameter.default == Some(&text) => Ok(()),
        Support::Refused(why) => Err(Problem::Refused(why)),
        support if !parameter.only.is_empty() && !parameter.only.contains(&text.as_str()) => {
            Err(Problem::Value(text, support.reason(), parameter.only))
        }
        Support::Full(_) | Support::Partly(_) => Ok(()),
    }
}

/// `true`, `false`, or a number.
fn boolean(text: &[u8]) -> Option<bool> {
    match () {
        () if text.eq_ignore_ascii_case(b"true") => Some(true),
        () if text.eq_ignore_ascii_case(b"false") || text.is_empty() => Some(false),
        () => number(text).map(|number| number != 0),
    }
}

/// `disable`, `new`, `inherit`, or their numbers.
fn jailsys(text: &[u8]) -> Option<Jailsys> {
    let all = [Jailsys::Disable, Jailsys::New, Jailsys::Inherit];
    let word = all.into_iter().find(|value| text.eq_ignore_ascii_case(value.word().as_bytes()));
    word.or_else(|| all.get(usize::try_from(number(text)?).ok()?).copied())
}

/// strtol(3) over the whole text: white space and a sign may come first.
fn number(text: &[u8]) -> Option<i64> {
    std::str::from_utf8(text)
        .ok()?
        .trim_start_matches([' ', '\t', '\n', '\x0b', '\x0c', '\r'])
        .parse()
        .ok()
}

/// Each value may be several, between commas; an empty one or a `-` is none.
fn addresses(values: &[Vec<u8>]) -> Vec<Vec<u8>> {
    let each = values.iter().flat_map(|value| value.split(|&byte| byte == b','));
    each.filter(|address| !matches!(*address, b"" | b"-")).map(<[u8]>::to_vec).collect()
}
