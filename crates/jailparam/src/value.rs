//! The values of parameters: their Rust types, and how libjail's `jailparam_import` reads texts.
//!
//! A text is read as a value of its parameter's type. Whether the parameter may have that value on
//! Linux is left to [`crate::Set`].

use std::fmt;

use crate::error::Problem;
use crate::lookup::Found;
use crate::types::{Kind, Type};

/// What a jail has of a part of the system: libjail's jailsys.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Jailsys {
    /// Nothing.
    Disable,
    /// Its own.
    New,
    /// The host's.
    Inherit,
}

impl Jailsys {
    /// The word for this value.
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

impl Value {
    /// The type of the value.
    pub const fn type_of(&self) -> Type {
        match self {
            Self::Bool(_) => Type::Bool,
            Self::Int(_) => Type::Int,
            Self::Text(_) => Type::Text,
            Self::List(_) => Type::List,
            Self::Jailsys(_) => Type::Jailsys,
        }
    }
}

impl fmt::Display for Value {
    /// Writes the value as jls(8) does.
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

/// A Rust type of values: `bool`, `i64`, texts, lists of texts, [`Jailsys`].
pub trait Typed: Sized {
    /// The type of the parameters that have such values.
    const TYPE: Type;

    /// Takes the Rust value out; `None` if `value` is of another type.
    fn of(value: Value) -> Option<Self>;

    /// Makes a [`Value`] of this.
    fn into_value(self) -> Value;
}

/// The Rust type of each variant of [`Value`].
macro_rules! typed {
    ($($type:ty: $variant:ident;)*) => {$(
        impl Typed for $type {
            const TYPE: Type = Type::$variant;

            fn of(value: Value) -> Option<Self> {
                if let Value::$variant(value) = value { Some(value) } else { None }
            }

            fn into_value(self) -> Value {
                Value::$variant(self)
            }
        }
    )*};
}

typed! {
    bool: Bool;
    i64: Int;
    Vec<u8>: Text;
    Vec<Vec<u8>>: List;
    Jailsys: Jailsys;
}

/// Reads the value of a parameter from its texts; none if a pseudo-parameter that needs a value has
/// none.
pub(crate) fn typed(found: Found, values: &[Vec<u8>]) -> Result<Option<Value>, Problem> {
    let Found { parameter, no } = found;
    // As in jail(8): of several values, only a list keeps more than the last.
    let last = values.last().map(Vec::as_slice);
    let lossy = |text: &[u8]| String::from_utf8_lossy(text).into_owned();
    let value = match (parameter.kind, last) {
        (Kind::Bool, None) => Value::Bool(!no),
        (Kind::Bool, Some(text)) => {
            let on = boolean(text).ok_or_else(|| Problem::Bool(lossy(text)))?;
            // libjail: `nopersist = false` is `persist`.
            Value::Bool(on != no)
        }
        (Kind::List, _) => Value::List(values.to_vec()),
        (Kind::Ip4List | Kind::Ip6List, _) => Value::List(addresses(values)),
        // jail(8) takes `stop.timeout;` for a parameter that is not there.
        (_, None) if parameter.is_pseudo() => return Ok(None),
        // libjail: a bare name has the empty value, which is the number 0.
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

/// Reads `true`, `false`, or a number.
fn boolean(text: &[u8]) -> Option<bool> {
    // jailparam_import_enum() compares without regard to case.
    if text.eq_ignore_ascii_case(b"true") {
        Some(true)
    } else if text.eq_ignore_ascii_case(b"false") || text.is_empty() {
        Some(false)
    } else {
        number(text).map(|number| number != 0)
    }
}

/// Reads `disable`, `new`, `inherit`, or their numbers.
pub(crate) fn jailsys(text: &[u8]) -> Option<Jailsys> {
    // In the order of FreeBSD's JAIL_SYS_DISABLE, 0, and those that follow it.
    let all = [Jailsys::Disable, Jailsys::New, Jailsys::Inherit];
    let word = all.into_iter().find(|value| text.eq_ignore_ascii_case(value.word().as_bytes()));
    word.or_else(|| all.get(usize::try_from(number(text)?).ok()?).copied())
}

/// Reads the whole text as strtol(3) would: white space and a sign may come first.
fn number(text: &[u8]) -> Option<i64> {
    std::str::from_utf8(text)
        .ok()?
        // The blanks of isspace(3): Rust's `trim_start` has more, those of Unicode.
        .trim_start_matches([' ', '\t', '\n', '\x0b', '\x0c', '\r'])
        .parse()
        .ok()
}

/// The address in a value such as `em0|192.0.2.1/24`.
pub fn address(value: &[u8]) -> &[u8] {
    let behind = value.iter().position(|&byte| byte == b'|').map_or(value, |at| &value[at + 1..]);
    let is_end = |byte: &u8| matches!(byte, b'/' | b' ' | b'\t');
    behind.split(is_end).find(|part| !part.is_empty()).unwrap_or_default()
}

/// Splits the values at commas. An empty address or a `-` is none.
fn addresses(values: &[Vec<u8>]) -> Vec<Vec<u8>> {
    let each = values.iter().flat_map(|value| value.split(|&byte| byte == b','));
    each.filter(|address| !matches!(*address, b"" | b"-")).map(<[u8]>::to_vec).collect()
}
