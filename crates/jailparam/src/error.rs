//! Why a jail's parameters cannot be used, in the words of libjail and jail(8).

use std::fmt;

use jailconf::Place;

use crate::lookup::find;

/// A parameter that is wrong. Its `Display` is the text behind `jail: ` on standard error.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Error {
    /// The jail; empty when it has no name yet.
    pub jail: String,
    /// The parameter as the configuration writes it.
    pub parameter: String,
    /// What is wrong with it.
    pub problem: Problem,
    /// Where the parameter is given its value.
    pub place: Place,
}

/// What can be wrong with a parameter.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Problem {
    /// No parameter has this name; with the name that may have been meant.
    Unknown(Option<String>),
    /// This is no value of a boolean.
    Bool(String),
    /// This text is no number.
    Integer(String),
    /// The first number is not between the second and the third.
    Range(i64, i64, i64),
    /// This is no value of a jailsys parameter.
    Jailsys(String),
    /// The text is longer than so many bytes.
    Length(usize),
    /// The text of keys is longer than so many bytes.
    TooLarge(usize),
    /// The parameter cannot be given a value.
    ReadOnly,
    /// The jail restricts addresses of the host's, and `vnet` is given too: whatever its value is,
    /// FreeBSD refuses both together.
    VnetAddresses,
    /// The parameter is not supported on Linux, for this reason.
    Refused(&'static str),
    /// This value is not supported on Linux, for this reason; the last field has the values that
    /// are.
    Value(String, &'static str, &'static [&'static str]),
}

impl fmt::Display for Error {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        if !self.jail.is_empty() {
            write!(f, "{}: ", self.jail)?;
        }
        let name = &self.parameter;
        match &self.problem {
            // The first word behind `jail -m` is often meant as the name of a jail.
            Problem::Unknown(None) if self.place.line == 0 && self.jail.is_empty() => {
                write!(f, "unknown parameter: {name}; if it is a jail, write name={name}")
            }
            Problem::Unknown(None) => {
                write!(f, "unknown parameter: {name}; jail.conf(5) lists all of them")
            }
            Problem::Unknown(meant) => {
                write!(f, "unknown parameter: {name}{}", nearest::hint(meant.as_deref()))
            }
            Problem::Bool(value) => {
                write!(f, "{name}: unknown boolean value \"{value}\"; use true or false")
            }
            Problem::Integer(value) => {
                write!(f, "{name}: non-integer value \"{value}\"; use a number")
            }
            Problem::Range(value, from, to) => {
                write!(f, "{name}: {value} is out of range: {from} to {to}")
            }
            Problem::Jailsys(value) => {
                let only = find(name).map_or(&[][..], |found| found.parameter.only);
                let values = if only.is_empty() { &["disable", "new", "inherit"] } else { only };
                write!(f, "{name}: unknown jailsys value \"{value}\"; use {}", values.join(" or "))
            }
            Problem::Length(most) => write!(f, "{name}: longer than {most} bytes"),
            // FreeBSD's kernel answers EFBIG to jail_set(2); jail(8) prints the call and these
            // words.
            Problem::TooLarge(most) => {
                write!(f, "jail_set: File too large: {name} may have {most} bytes")
            }
            Problem::ReadOnly => {
                write!(f, "{name}: read-only parameter; jls(8) shows its value")
            }
            Problem::VnetAddresses => f.write_str(
                "vnet jails cannot have IP address restrictions; give an interface of the jail its \
                 address by ifconfig in exec.start",
            ),
            Problem::Refused(why) => write!(f, "{name}: {why}"),
            Problem::Value(value, why, only) => {
                write!(f, "{name}: \"{value}\" is not supported: {why}; use {}", only.join(" or "))
            }
        }
    }
}

impl std::error::Error for Error {}
