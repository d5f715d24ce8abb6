//! Values: read, checked, written.

use std::io;

use rustix::io::Errno;

use crate::error::Error;
use crate::table::{Oid, Source};

impl Oid {
    /// The value, without white space at its end.
    ///
    /// # Errors
    /// The kernel refuses.
    pub fn read(&self) -> Result<String, Error> {
        let value = match self.source {
            Source::Switch(path) | Source::Text(path) | Source::File(path) => {
                std::fs::read_to_string(path)
            }
            Source::Inverse(path) => std::fs::read_to_string(path).map(|text| inverse(text.trim())),
            Source::Module(path, _) => match std::fs::read_to_string(path) {
                // Without the module nothing is filtered: 0 is the truth, and scripts that read it
                // go on.
                Err(error) if error.kind() == io::ErrorKind::NotFound => Ok("0".to_owned()),
                read => read,
            },
            Source::Computed(compute) => compute(),
            Source::Constant(value) => Ok(value.to_owned()),
        };
        let value = value.map_err(|error| Error::Io { what: self.name.to_owned(), error })?;
        Ok(value.trim_end().to_owned())
    }

    /// Checks a new value and answers it in the kernel's form. Numbers may be written as in C.
    ///
    /// # Errors
    /// The value can only be read, or is no number where one is needed.
    pub fn valid(&self, value: &str) -> Result<String, Error> {
        match self.source {
            Source::File(_) | Source::Computed(_) => return Err(Error::ReadOnly(self.name)),
            Source::Text(_) => return Ok(value.to_owned()),
            _ if value.is_empty() => return Err(Error::Empty),
            _ => {}
        }
        // FreeBSD's sysctl takes several numbers, separated by blanks or commas.
        let words = value.split([' ', ',']).filter(|word| !word.is_empty());
        let numbers = words.map(|word| {
            number(word).map(|it| it.to_string()).ok_or_else(|| Error::NoNumber(word.to_owned()))
        });
        Ok(numbers.collect::<Result<Vec<_>, _>>()?.join(" "))
    }

    /// Writes a value that [`Oid::valid`] has answered. `word` is what an error is about.
    ///
    /// # Errors
    /// The kernel refuses, or the value cannot be another one here.
    pub fn write(&self, value: &str, word: &str) -> Result<(), Error> {
        let (name, what) = (self.name, word.to_owned());
        let (path, text) = match self.source {
            Source::Switch(path) => (path, value.to_owned()),
            // An empty text would write nothing and so change nothing: with the end of its line it
            // empties the value.
            Source::Text(path) => (path, format!("{value}\n")),
            Source::Inverse(path) if matches!(value, "0" | "1") => (path, inverse(value)),
            Source::Inverse(_) => {
                return Err(Error::Io { what, error: Errno::INVAL.into() });
            }
            Source::Module(path, module) => match std::fs::exists(path) {
                Ok(true) => (path, value.to_owned()),
                // The value is 0 already.
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

/// The opposite of a switch: 1 for 0, and 0 for anything else.
fn inverse(value: &str) -> String {
    if value == "0" { "1" } else { "0" }.to_owned()
}

/// A number as strtol(3) reads it: with a sign, in base 8 after `0`, in base 16 after `0x`.
fn number(word: &str) -> Option<i64> {
    let (negative, digits) = match word.strip_prefix('-') {
        Some(digits) => (true, digits),
        None => (false, word.strip_prefix('+').unwrap_or(word)),
    };
    // Rust's parsers would take a second sign, before the digits or after the prefix.
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
