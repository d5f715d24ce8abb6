//! The typed values of one jail: libjail's `jailparam_import` and `jailparam_export`, and
//! jail(8)'s checks of its own.

use std::collections::BTreeMap;

use jailconf::{Jail, Place};

use crate::error::{Error, Problem};
use crate::handle::{Bool, Handle, Int, List, Text};
use crate::keys::Edit;
use crate::lookup::{find, shown, suggest};
use crate::param;
use crate::types::{Access, Kind, Parameter, Support};
use crate::value::{self, Jailsys, Typed, Value, jailsys};

/// The parameters of one jail: what it was given, and the defaults of all others.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Set {
    /// By the place of their parameter in the catalogue, and of its type.
    values: BTreeMap<usize, Value>,
    /// What was said of `meta` and `env`, in order: a jail that runs has its texts changed, not
    /// replaced.
    edits: BTreeMap<usize, Vec<Edit>>,
}

impl Set {
    /// Reads the parameters of `jail`.
    ///
    /// # Errors
    /// Every parameter that does not exist, has a value that it cannot have, or is not supported on
    /// Linux: then it may be given the value that it has anyway. Addresses of the host's,
    /// where `vnet` is given too.
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
        let addresses: [&Parameter; 4] =
            [&param::IP4, &param::IP4_ADDR, &param::IP6, &param::IP6_ADDR];
        let restricts =
            |given: &&jailconf::Parameter| addresses.iter().any(|it| it.is_called(&given.name));
        if set.given(&param::VNET).is_some()
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
        let Some(value) = value::typed(found, &given.values)? else { return Ok(()) };
        check(found.parameter, &value)?;
        self.values.insert(found.parameter.place, value);
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
        let old: Vec<u8> = self.typed(parameter).unwrap_or_default();
        let text = Value::Text(edit.apply(&old));
        check(parameter, &text)?;
        self.values.insert(parameter.place, text);
        self.edits.entry(parameter.place).or_default().push(edit);
        Ok(())
    }

    /// What this makes of the `meta` or `env` of a jail with the parameters `old`; `None`
    /// when nothing was said of it.
    ///
    /// # Errors
    /// It would be too long.
    pub fn edited(&self, parameter: &Parameter, old: &Self) -> Option<Result<Value, Error>> {
        let edits = self.edits.get(&parameter.place)?;
        let old = old.typed(parameter).unwrap_or_default();
        let text = Value::Text(edits.iter().fold(old, |text, edit| edit.apply(&text)));
        let wrong = |problem| Error {
            jail: String::new(),
            parameter: parameter.name.to_owned(),
            problem,
            place: Place::command_line(),
        };
        Some(check(parameter, &text).map(|()| text).map_err(wrong))
    }

    /// Gives a parameter a value that no one chose: its jid, when it has been found one.
    pub fn put<T: Typed>(&mut self, parameter: Handle<T>, value: T) {
        self.values.insert(parameter.place, value.into_value());
    }

    /// Gives a parameter a value of its type, which another set had for it.
    pub fn put_value(&mut self, parameter: &Parameter, value: Value) {
        debug_assert_eq!(value.type_of(), parameter.kind.type_of(), "{}", parameter.name);
        self.values.insert(parameter.place, value);
    }

    /// What a parameter was given, without regard to its default.
    pub fn given(&self, parameter: &Parameter) -> Option<&Value> {
        self.values.get(&parameter.place)
    }

    /// The value of a parameter; none when it was given none and has no default.
    pub fn value(&self, parameter: &Parameter) -> Option<Value> {
        self.given(parameter).cloned().or_else(|| self.default_of(parameter))
    }

    fn typed<T: Typed>(&self, parameter: &Parameter) -> Option<T> {
        T::of(self.value(parameter)?)
    }

    fn default_of(&self, parameter: &Parameter) -> Option<Value> {
        let has_vnet = || self.given(&param::VNET) == Some(&Value::Jailsys(Jailsys::New));
        let text = parameter.default_of(parameter.default_with_vnet.is_some() && has_vnet())?;
        match parameter.kind {
            Kind::Bool => Some(Value::Bool(text == "true")),
            Kind::Int(..) => text.parse().ok().map(Value::Int),
            Kind::Text(_) => Some(Value::Text(text.into())),
            Kind::List | Kind::Ip4List | Kind::Ip6List => None,
            Kind::Jailsys => jailsys(text.as_bytes()).map(Value::Jailsys),
        }
    }

    /// Whether a boolean parameter is on.
    pub fn flag(&self, parameter: Bool) -> bool {
        self.typed(&parameter).unwrap_or_default()
    }

    /// The number that a parameter is.
    pub fn int(&self, parameter: Int) -> Option<i64> {
        self.typed(&parameter)
    }

    /// The text that a parameter is.
    pub fn text(&self, parameter: Text) -> Option<Vec<u8>> {
        self.typed(&parameter)
    }

    /// The values of a list, of which there may be none.
    pub fn list(&self, parameter: List) -> &[Vec<u8>] {
        if let Some(Value::List(values)) = self.given(&parameter) { values } else { &[] }
    }

    /// What the jail has of a part of the system, such as `vnet`; nothing where no default says
    /// otherwise.
    pub fn jailsys(&self, parameter: Handle<Jailsys>) -> Jailsys {
        self.typed(&parameter).unwrap_or(Jailsys::Disable)
    }

    /// The parameters that `jls -n` prints, in its order: those of the prison that have a value.
    ///
    /// Addresses have one even when there are none of them.
    pub fn export(&self) -> Vec<(&'static Parameter, Value)> {
        shown().filter_map(|it| Some((it, self.exported(it)?))).collect()
    }

    fn exported(&self, parameter: &Parameter) -> Option<Value> {
        let is_addresses = matches!(parameter.kind, Kind::Ip4List | Kind::Ip6List);
        self.value(parameter).or_else(|| is_addresses.then(|| Value::List(Vec::new())))
    }

    /// One parameter as `jls -n` prints it; none when it has no value.
    pub fn assignment(&self, parameter: &Parameter, quoted: bool) -> Option<Vec<u8>> {
        self.exported(parameter).map(|value| word(parameter, &value, quoted))
    }

    /// The line of `jls -n`; `quoted` is `jls -nq`, with quotes around values that need them.
    pub fn to_line(&self, quoted: bool) -> Vec<u8> {
        let words =
            self.export().into_iter().map(|(parameter, value)| word(parameter, &value, quoted));
        words.collect::<Vec<_>>().join(&b' ')
    }
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
    // A list without values is nothing at all, unless quoted; a text without bytes always has its
    // quotes.
    let is_nothing = matches!(value, Value::List(_)) && !quoted;
    let text = if text.is_empty() && !is_nothing {
        b"\"\"".to_vec()
    } else if quoted {
        in_quotes(&text)
    } else {
        text
    };
    [name, b"=", &text].concat()
}

/// A value with quotes around it if it has spaces or quotes: `jls -q`.
pub fn in_quotes(text: &[u8]) -> Vec<u8> {
    let has = |byte| text.contains(&byte);
    let quote: &[u8] = if has(b'\'') {
        b"\""
    } else if has(b'"') {
        b"'"
    } else if has(b' ') || has(b'\t') {
        b"\""
    } else {
        b""
    };
    [quote, text, quote].concat()
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
