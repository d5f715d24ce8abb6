//! The typed values of one jail: libjail's `jailparam_import` and `jailparam_export`, and the
//! checks that jail(8) itself makes.

use std::collections::BTreeMap;

use jailconf::{Jail, Place};

use crate::error::{Error, Problem};
use crate::handle::{Bool, Handle, Int, List, Text};
use crate::keys::Edit;
use crate::lookup::{find, shown, suggest};
use crate::param;
use crate::types::{Access, Kind, Parameter, Support};
use crate::value::{self, Jailsys, Typed, Value, jailsys};

/// The parameters of one jail: the given ones with their values, and all others with their
/// defaults.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Set {
    /// The given values, by the place of their parameter in the catalogue. Each is of its
    /// parameter's type.
    values: BTreeMap<usize, Value>,
    /// The changes of `meta` and `env`, in order: those texts of a running jail are changed, not
    /// replaced.
    edits: BTreeMap<usize, Vec<Edit>>,
}

impl Set {
    /// Reads the parameters of `jail`.
    ///
    /// # Errors
    /// Every parameter that does not exist, has an impossible value, or is not supported on Linux;
    /// even then it may be given the value that it has anyway. And addresses of the host's together
    /// with `vnet`.
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
        // kern_jail_set() refuses both together, whatever their values are.
        let addresses: [&Parameter; 4] =
            [&param::IP4, &param::IP4_ADDR, &param::IP6, &param::IP6_ADDR];
        let restricts =
            |given: &&jailconf::Parameter| addresses.iter().any(|it| it.is_called(&given.name));
        if set.given(&param::VNET).is_some()
            && let Some(given) = jail.parameters.iter().find(restricts)
        {
            wrong(given, Problem::VnetAddresses);
        }
        // All errors at once: an administrator should not find them one by one.
        if errors.is_empty() { Ok(set) } else { Err(errors) }
    }

    fn import_one(&mut self, given: &jailconf::Parameter) -> Result<(), Problem> {
        let name = String::from_utf8_lossy(&given.name);
        let found = find(&name).ok_or_else(|| Problem::Unknown(suggest(&name)))?;
        // Before the types: a key has a text of its own, which changes the whole one.
        if found.parameter.has_keys() {
            return self.edit(found.parameter, &name, &given.values);
        }
        let Some(value) = value::typed(found, &given.values)? else { return Ok(()) };
        check(found.parameter, &value)?;
        self.values.insert(found.parameter.place, value);
        Ok(())
    }

    /// Takes a value of `meta`, of `env`, or of one of their keys.
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
        // The whole text has the limit, so every change is checked with what was there.
        check(parameter, &text)?;
        self.values.insert(parameter.place, text);
        self.edits.entry(parameter.place).or_default().push(edit);
        Ok(())
    }

    /// Applies the changes of `parameter`, `meta` or `env`, to its text in the set `old`; `None` if
    /// there are none.
    ///
    /// # Errors
    /// The text would be too long.
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

    /// Gives a parameter a value that the configuration does not have: the jid, when one has been
    /// found.
    pub fn put<T: Typed>(&mut self, parameter: Handle<T>, value: T) {
        self.values.insert(parameter.place, value.into_value());
    }

    /// Gives a parameter a value that another set had for it.
    pub fn put_value(&mut self, parameter: &Parameter, value: Value) {
        debug_assert_eq!(value.type_of(), parameter.kind.type_of(), "{}", parameter.name);
        self.values.insert(parameter.place, value);
    }

    /// The value that a parameter was given; its default does not count.
    pub fn given(&self, parameter: &Parameter) -> Option<&Value> {
        self.values.get(&parameter.place)
    }

    /// The value of a parameter; none if it was given none and has no default.
    pub fn value(&self, parameter: &Parameter) -> Option<Value> {
        self.given(parameter).cloned().or_else(|| self.default_of(parameter))
    }

    fn typed<T: Typed>(&self, parameter: &Parameter) -> Option<T> {
        T::of(self.value(parameter)?)
    }

    fn default_of(&self, parameter: &Parameter) -> Option<Value> {
        // A jail with addresses has something of its own of their family.
        let lists = [(param::IP4, param::IP4_ADDR), (param::IP6, param::IP6_ADDR)];
        let list = lists.iter().find(|(family, _)| family.is(parameter)).map(|(_, list)| list);
        if list.is_some_and(|list| !self.list(*list).is_empty()) {
            return Some(Value::Jailsys(Jailsys::New));
        }
        // A closure, because most defaults do not depend on `vnet`.
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

    /// The value of a number.
    pub fn int(&self, parameter: Int) -> Option<i64> {
        self.typed(&parameter)
    }

    /// The value of a text.
    pub fn text(&self, parameter: Text) -> Option<Vec<u8>> {
        self.typed(&parameter)
    }

    /// The values of a list; there may be none.
    pub fn list(&self, parameter: List) -> &[Vec<u8>] {
        if let Some(Value::List(values)) = self.given(&parameter) { values } else { &[] }
    }

    /// The value of a jailsys parameter, such as `vnet`; `disable` if it has no default.
    pub fn jailsys(&self, parameter: Handle<Jailsys>) -> Jailsys {
        self.typed(&parameter).unwrap_or(Jailsys::Disable)
    }

    /// The parameters of the prison that have a value, in the order of `jls -n`.
    ///
    /// Lists of addresses have a value even if they are empty: jls(8) shows them.
    pub fn export(&self) -> Vec<(&'static Parameter, Value)> {
        shown().filter_map(|it| Some((it, self.exported(it)?))).collect()
    }

    /// The value of a parameter as a prison has it: of `em0|192.0.2.1/24` the address alone. A list
    /// of addresses that is not given is empty.
    pub fn exported(&self, parameter: &Parameter) -> Option<Value> {
        let value = self.value(parameter);
        if !matches!(parameter.kind, Kind::Ip4List | Kind::Ip6List) {
            return value;
        }
        // A prison has addresses. Interfaces and networks are jail(8)'s affair.
        match value {
            Some(Value::List(given)) => {
                Some(Value::List(given.iter().map(|one| value::address(one).to_vec()).collect()))
            }
            _ => Some(Value::List(Vec::new())),
        }
    }

    /// Writes one parameter as `jls -n` does; none if it has no value.
    pub fn assignment(&self, parameter: &Parameter, quoted: bool) -> Option<Vec<u8>> {
        self.exported(parameter).map(|value| word(parameter, &value, quoted))
    }

    /// Writes the line of `jls -n`; with `quoted`, the line of `jls -nq`, where values that need
    /// quotes have them.
    pub fn to_line(&self, quoted: bool) -> Vec<u8> {
        let words =
            self.export().into_iter().map(|(parameter, value)| word(parameter, &value, quoted));
        words.collect::<Vec<_>>().join(&b' ')
    }
}

/// Writes one parameter as `jls -n` does: a boolean by its name alone, all others with `=`.
fn word(parameter: &Parameter, value: &Value, quoted: bool) -> Vec<u8> {
    let name = parameter.name.as_bytes();
    let text = match value {
        Value::Bool(true) => return name.to_vec(),
        Value::Bool(false) => return parameter.no_name().unwrap_or_default().into_bytes(),
        Value::Text(text) => text.clone(),
        Value::List(values) => values.join(&b','),
        Value::Int(_) | Value::Jailsys(_) => value.to_string().into_bytes(),
    };
    // As jls(8) prints them: a list without values is nothing at all, unless quoted; a text without
    // bytes always has its quotes.
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

/// Writes a value in quotes if spaces or quotes are in it: `jls -q`.
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

/// Checks that the parameter can have this value on Linux.
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
        // A file from FreeBSD may say what is true here anyway: `allow.nosettime`.
        Support::Refused(_) if !text.is_empty() && parameter.default == Some(&text) => Ok(()),
        Support::Refused(why) => Err(Problem::Refused(why)),
        support if !parameter.only.is_empty() && !parameter.only.contains(&text.as_str()) => {
            Err(Problem::Value(text, support.reason(), parameter.only))
        }
        Support::Full(_) | Support::Partly(_) => Ok(()),
    }
}
