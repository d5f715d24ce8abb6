//! Names of interfaces: FreeBSD's outside this crate, Linux's towards the kernel.

use std::fmt;

/// The longest name that the kernel takes: `IFNAMSIZ` without the NUL, on both systems.
const LONGEST: usize = 15;

/// The name of an interface, as a FreeBSD administrator writes it.
///
/// `lo0` is Linux's `lo`; every other name is the same on both sides.
#[derive(Debug, Clone, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub struct InterfaceName(String);

/// The name has more than 15 bytes, or no interface can have it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct NameTooLong(String);

impl InterfaceName {
    /// Takes `name` if an interface may have it.
    ///
    /// # Errors
    /// `name` is longer than the kernel allows, empty, `.` or `..`, or has a blank, `/` or `:` in
    /// it.
    pub fn parse(name: &str) -> Result<Self, NameTooLong> {
        // The kernel's rules, and no control characters, which would garble a listing.
        let odd = |c: char| c == '/' || c == ':' || c.is_whitespace() || c.is_control();
        let fits = (1..=LONGEST).contains(&name.len());
        if !fits || name == "." || name == ".." || name.contains(odd) {
            return Err(NameTooLong(name.to_owned()));
        }
        Ok(Self(name.to_owned()))
    }

    /// The name as FreeBSD's ifconfig prints it.
    #[must_use]
    pub fn as_str(&self) -> &str {
        &self.0
    }

    /// The name as Linux has it.
    pub(crate) fn kernel(&self) -> &str {
        if self.0 == "lo0" { "lo" } else { &self.0 }
    }

    /// The same name with another last character: the other end of an epair.
    pub(crate) fn with_last(&self, last: char) -> Self {
        let mut name = self.0.clone();
        name.pop();
        name.push(last);
        Self(name)
    }

    /// The name of an interface, from the kernel.
    pub(crate) fn from_kernel(name: String) -> Self {
        if name == "lo" { Self("lo0".to_owned()) } else { Self(name) }
    }
}

impl fmt::Display for InterfaceName {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}

impl fmt::Display for NameTooLong {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        if self.0.len() > LONGEST {
            write!(f, "{}: interface name too long", self.0)
        } else {
            write!(f, "{}: no interface can have this name", self.0)
        }
    }
}

impl std::error::Error for NameTooLong {}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    #[rustfmt::skip]
    fn names() {
        for (name, want) in [
            ("re0.7",            Ok("re0.7")),
            ("lo0",              Ok("lo")),
            ("lo",               Ok("lo")),
            ("bridge123456789",  Ok("bridge123456789")),
            ("bridge1234567890", Err("bridge1234567890: interface name too long")),
            ("",                 Err(": no interface can have this name")),
            ("a b",              Err("a b: no interface can have this name")),
            ("..",               Err("..: no interface can have this name")),
        ] {
            let got = InterfaceName::parse(name);
            let got = got.as_ref().map(InterfaceName::kernel).map_err(ToString::to_string);
            assert_eq!(got, want.map_err(str::to_owned), "{name:?}");
        }
    }
}
