//! Values: read, checked, written.

use std::io;

use rustix::io::Errno;

use crate::error::Error;
use crate::table::{Oid, Source};

impl Oid {
    /// The value, without white space at its end.
    ///
    /// # Errors
    /// The kernel does not give it.
    pub fn read(&self) -> Result<String, Error> {
        let value = match self.source {
            Source::Switch(path) | Source::Text(path) | Source::File(path) => {
                std::fs::read_to_string(path)
            }
            Source::Inverse(path) => std::fs::read_to_string(path).map(|text| inverse(text.trim())),
            Source::Module(path, _) => match std::fs::read_to_string(path) {
                Err(error) if error.kind() == io::ErrorKind::NotFound => Ok("0".to_owned()),
                read => read,
            },
            Source::Computed(compute) => compute(),
            Source::Constant(value) => Ok(value.to_owned()),
        };
        let value = value.map_err(|error| Error::Io { what: self.name.to_owned(), error })?;
        Ok(value.trim_end().to_owned())
    }

    /// The value as the kernel takes it: numbers may be written as in C.
    ///
    /// # Errors
    /// The value can only be read, or a number is none.
    pub fn valid(&self, value: &str) -> Result<String, Error> {
        match self.source {
            Source::File(_) | Source::Computed(_) => return Err(Error::ReadOnly(self.name)),
            Source::Text(_) => return Ok(value.to_owned()),
            _ if value.is_empty() => return Err(Error::Empty),
            _ => {}
        }
        let words = value.split([' ', ',']).filter(|word| !word.is_empty());
        let numbers = words.map(|word| {
            number(word).map(|it| it.to_string()).ok_or_else(|| Error::NoNumber(word.to_owned()))
        });
        Ok(numbers.collect::<Result<Vec<_>, _>>()?.join(" "))
    }

    /// Writes a value that [`Oid::valid`] gave; an error says that `word` could not be done.
    ///
    /// # Errors
    /// The kernel does not take it, or it can be no other here.
    pub fn write(&self, value: &str, word: &str) -> Result<(), Error> {
        let (name, what) = (self.name, word.to_owned());
        let (path, text) = match self.source {
            Source::Switch(path) => (path, value.to_owned()),
            // With its end: nothing at all would be no write, and change nothing.
            Source::Text(path) => (path, format!("{value}\n")),
            Source::Inverse(path) if matches!(value, "0" | "1") => (path, inverse(value)),
            Source::Inverse(_) => {
                return Err(Error::Io { what, error: Errno::INVAL.into() });
            }
            Source::Module(path, module) => match std::fs::exists(path) {
                Ok(true) => (path, value.to_owned()),
                // It is 0, and nothing has to be done for it.
                _ if value == "0" => return Ok(()),
                _ => return Err(Error::NoModule { name, module }),
            },
            Source::Constant(fixed) if fixed == value => return Ok(()),
            Source::Constant(value) => return Err(Error::Fixed { name, value }),
            Source::File(_) | Source::Computed(_) => return Err(Error::ReadOnly(name)),
        };
        std::fs::write(path, text).map_err(|error| Error::Io { what, error })
    }
}

/// 1 for 0, and 0 for all else.
fn inverse(value: &str) -> String {
    if value == "0" { "1" } else { "0" }.to_owned()
}

/// A number as strtol(3) takes it: with a sign, in base 8 behind a `0`, in base 16 behind `0x`.
fn number(word: &str) -> Option<i64> {
    let (negative, digits) = match word.strip_prefix('-') {
        Some(digits) => (true, digits),
        None => (false, word.strip_prefix('+').unwrap_or(word)),
    };
    // A second sign is none, before the digits or behind what says their base.
    if !digits.bytes().all(|byte| byte.is_ascii_alphanumeric()) {
        return None;
    }
    let lower = digits.to_ascii_lowercase();
    let number = match (lower.strip_prefix("0x"), lower.strip_prefix('0')) {
        (Some(hexadecimal), _) => i64::from_str_radix(hexadecimal, 16),
        (None, Some(octal)) if !octal.is_empty() => i64::from_str_radix(octal, 8),
        _ => lower.parse(),
    };
    number.ok().map(|number| if negative { -number } else { number })
}
