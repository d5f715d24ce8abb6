//! `kletka config get`: prints the parameters of a jail when sections are merged and variables
//! replaced.
//!
//! Without PARAM, each parameter that the jail is given is on a line, as `jail -e` writes it. With
//! PARAM, the values alone are printed, one a line, or the default. A boolean is `true` or `false`,
//! however it was written and asked for. Values are not checked here.

use super::{NAME, Wrong, configuration_of};
use crate::cli::answer::{faults, print_as_is};
use jailconf::{Jail, Parameter, same_parameter};
use jailparam::{Error, Kind, Problem, param};
use json::Json;
use std::ffi::OsString;
use std::os::unix::ffi::OsStrExt;
use std::path::PathBuf;

/// Prints one jail, or one parameter of it.
pub(super) fn run(arguments: Vec<OsString>) -> Result<bool, Wrong> {
    use lexopt::prelude::*;
    let (mut words, mut file, mut as_json) = (Vec::new(), None, false);
    let mut parser = lexopt::Parser::from_args(arguments);
    while let Some(argument) = parser.next()? {
        match argument {
            Short('f') => file = Some(PathBuf::from(parser.value()?)),
            Long("json") => as_json = true,
            Value(word) => words.push(word),
            _ => return Err(Wrong::Usage),
        }
    }
    let (name, parameter) = match words.as_slice() {
        [name] => (name, None),
        [name, parameter] => (name, Some(parameter.as_bytes())),
        _ => return Err(Wrong::Usage),
    };
    let sources = configuration_of(file.as_deref(), name)?;
    let jail = sources.expand(name.as_bytes());
    let jail = jail.map_err(|wrong| faults(NAME, &wrong.0))?;
    let text = match (parameter, as_json) {
        (None, true) => {
            Json::Object(jail.parameters.iter().map(member).collect()).to_string().into_bytes()
        }
        (None, false) => {
            jail.parameters.iter().map(|it| assignment(&jail, it)).collect::<Vec<_>>().join(&b'\n')
        }
        (Some(parameter), as_json) => {
            let value = asked_for(parameter, form(&effective(&jail, parameter)?));
            if as_json { value.to_json().to_string().into_bytes() } else { value.to_text() }
        }
    };
    let text = if text.is_empty() { text } else { [text, b"\n".to_vec()].concat() };
    print_as_is(text);
    Ok(true)
}

/// Writes a parameter as `jail -e` does.
fn assignment(jail: &Jail, given: &Parameter) -> Vec<u8> {
    // `jail -e` leaves the jid out of its lines.
    if param::JID.is_called(&given.name) {
        return [b"jid=", last(given)].concat();
    }
    let (name, place) = (jail.name.clone(), jail.place.clone());
    Jail { name, place, parameters: vec![given.clone()] }.to_line(b"")
}

/// Answers the parameter `name` as the jail is given it, or else its default.
fn effective(jail: &Jail, name: &[u8]) -> Result<Parameter, String> {
    // Looked up first: a file may give a parameter that the catalogue does not know.
    if let Some(given) = jail.parameters.iter().find(|it| same_parameter(&it.name, name)) {
        return Ok(given.clone());
    }
    let name = String::from_utf8_lossy(name).into_owned();
    let jail_name = String::from_utf8_lossy(&jail.name).into_owned();
    let Some(found) = jailparam::find(&name) else {
        let problem = Problem::Unknown(jailparam::suggest(&name));
        let place = jail.place.clone();
        return Err(Error { jail: jail_name, parameter: name, problem, place }.to_string());
    };
    // Some parameters have another default in a jail with a vnet.
    let vnet = jail.parameters.iter().find(|given| param::VNET.is_called(&given.name)).map(last);
    let vnet = vnet.is_some_and(|it| it.eq_ignore_ascii_case(b"new") || it == b"1");
    let default = found.parameter.default_of(vnet).unwrap_or_default();
    // A boolean without a default is false; of any other type, an empty text would pass for a
    // value.
    if default.is_empty() && found.parameter.kind != Kind::Bool {
        return Err(format!("{jail_name}: {name} is not set and has no default"));
    }
    let (name, values) = (found.parameter.name.into(), vec![default.into()]);
    Ok(Parameter { name, values, place: jail.place.clone() })
}

/// The values of a parameter, by their type. The type follows from the name, or from how the values
/// were written when the name is not known.
enum Form {
    Bool(bool),
    Number(i64),
    List(Vec<Vec<u8>>),
    Text(Vec<u8>),
}

fn form(given: &Parameter) -> Form {
    let found = jailparam::find(&String::from_utf8_lossy(&given.name));
    let number = |text: &[u8]| str::from_utf8(text).ok()?.trim().parse::<i64>().ok();
    match found.map(|found| (found.parameter.kind, found.no)) {
        Some((Kind::Bool, no)) => {
            // A boolean without a value is on.
            let on = given.values.last().is_none_or(|text| {
                text.eq_ignore_ascii_case(b"true") || number(text).is_some_and(|it| it != 0)
            });
            Form::Bool(on != no)
        }
        Some((Kind::Int(..), _)) => match number(last(given)) {
            Some(number) => Form::Number(number),
            None => Form::Text(last(given).to_vec()),
        },
        Some((Kind::List | Kind::Ip4List | Kind::Ip6List, _)) => Form::List(given.values.clone()),
        Some((Kind::Text(_) | Kind::Jailsys, _)) => Form::Text(last(given).to_vec()),
        None if given.values.is_empty() => Form::Bool(true),
        None if given.values.len() > 1 => Form::List(given.values.clone()),
        None => Form::Text(last(given).to_vec()),
    }
}

/// Turns a boolean around when it was asked for by its name with `no`: `nopersist` is the opposite
/// of `persist`.
fn asked_for(name: &[u8], form: Form) -> Form {
    let no = jailparam::find(&String::from_utf8_lossy(name)).is_some_and(|found| found.no);
    match form {
        Form::Bool(on) => Form::Bool(on != no),
        other => other,
    }
}

impl Form {
    fn to_text(&self) -> Vec<u8> {
        match self {
            Self::Bool(on) => on.to_string().into_bytes(),
            Self::Number(number) => number.to_string().into_bytes(),
            Self::List(values) => values.join(&b'\n'),
            Self::Text(text) => text.clone(),
        }
    }

    fn to_json(&self) -> Json {
        match self {
            Self::Bool(on) => Json::Bool(*on),
            Self::Number(number) => Json::number(*number),
            Self::List(values) => Json::texts(values),
            Self::Text(text) => Json::text(text),
        }
    }
}

/// Answers the last value of a parameter, which is the one that counts. A jailsys parameter without
/// a value, such as `vnet`, is `new`.
fn last(given: &Parameter) -> &[u8] {
    let is_jailsys =
        |name: &str| jailparam::find(name).is_some_and(|it| it.parameter.kind == Kind::Jailsys);
    match given.values.last() {
        Some(value) => value,
        None if is_jailsys(&String::from_utf8_lossy(&given.name)) => b"new",
        None => b"",
    }
}

/// Answers a parameter as a member of the jail's object. A boolean has its name without `no` there.
fn member(given: &Parameter) -> (Vec<u8>, Json) {
    let found = jailparam::find(&String::from_utf8_lossy(&given.name)).filter(|found| found.no);
    let name = found.map_or_else(|| given.name.clone(), |found| found.parameter.name.into());
    (name, form(given).to_json())
}
