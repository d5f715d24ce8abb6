//! Why a jail's parameters are not usable, in the words of libjail and jail(8).

use std::fmt;

use jailconf::Place;

/// A parameter that is wrong. `Display` is what follows `jail: ` on standard error.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Error {
    /// The jail; empty when it has no name yet.
    pub jail: String,
    /// The parameter, as it was written.
    pub parameter: String,
    /// What is wrong with it.
    pub problem: Problem,
    /// Where it was given.
    pub place: Place,
}

/// What can be wrong with a parameter.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Problem {
    /// There is none of this name; the name that may have been meant.
    Unknown(Option<String>),
    /// A boolean has this value.
    Bool(String),
    /// A number has this value.
    Integer(String),
    /// A number is this, and may be from the second to the third.
    Range(i64, i64, i64),
    /// A jailsys parameter has this value.
    Jailsys(String),
    /// A text is longer than so many bytes.
    Length(usize),
    /// A text of keys is longer than so many bytes.
    TooLarge(usize),
    /// It only tells.
    ReadOnly,
    /// Addresses of the host's for a jail that has, or is said to share, a network
    /// stack: `vnet` is given too.
    VnetAddresses,
    /// It does nothing on Linux, for this reason.
    Refused(&'static str),
    /// It does not do this value on Linux, for this reason; the values that it does.
    Value(String, &'static str, &'static [&'static str]),
}

impl fmt::Display for Error {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        if !self.jail.is_empty() {
            write!(f, "{}: ", self.jail)?;
        }
        let name = &self.parameter;
        match &self.problem {
            Problem::Unknown(None) => write!(f, "unknown parameter: {name}"),
            Problem::Unknown(Some(meant)) => {
                write!(f, "unknown parameter: {name} (did you mean {meant}?)")
            }
            Problem::Bool(value) => write!(f, "{name}: unknown boolean value \"{value}\""),
            Problem::Integer(value) => write!(f, "{name}: non-integer value \"{value}\""),
            Problem::Range(value, from, to) => {
                write!(f, "{name}: {value} is out of range: {from} to {to}")
            }
            Problem::Jailsys(value) => write!(f, "{name}: unknown jailsys value \"{value}\""),
            Problem::Length(most) => write!(f, "{name}: longer than {most} bytes"),
            // jail_set(2) and strerror(3).
            Problem::TooLarge(most) => {
                write!(f, "jail_set: File too large: {name} may have {most} bytes")
            }
            Problem::ReadOnly => write!(f, "{name}: read-only parameter"),
            Problem::VnetAddresses => f.write_str("vnet jails cannot have IP address restrictions"),
            Problem::Refused(why) => write!(f, "{name}: {why}"),
            Problem::Value(value, why, only) => {
                write!(f, "{name}: \"{value}\" is not supported: {why}; use {}", only.join(" or "))
            }
        }
    }
}

impl std::error::Error for Error {}
