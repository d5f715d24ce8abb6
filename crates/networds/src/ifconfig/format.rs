//! How a listing writes addresses: `-f` and `IFCONFIG_FORMAT` of ifconfig(8).

use super::error::UsageError;

/// How each family is written; by default as FreeBSD does.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct Format {
    /// How link-level addresses are separated.
    pub ether: Separation,
    /// How the mask of IPv4 addresses is written.
    pub inet: Mask,
    /// `inet6:cidr`: the length of the prefix follows a slash.
    pub inet6_slash: bool,
}

/// The separators in a link-level address.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub enum Separation {
    /// `:`.
    #[default]
    Colon,
    /// `-`.
    Dash,
    /// A dot after every two bytes.
    Dotted,
}

/// How the mask of an IPv4 address is written.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub enum Mask {
    /// `0xffffff00`.
    #[default]
    Hexadecimal,
    /// `255.255.255.0`.
    Dotted,
    /// The length, after a slash.
    Slash,
}

impl Format {
    /// Reads one or more `TYPE:FORMAT`, separated by commas. `default` undoes what was said before.
    pub(super) fn read(&mut self, text: &str) -> Result<(), UsageError> {
        text.split(',').try_for_each(|one| {
            let message = || format!("-f {one}: this format is not supported");
            self.read_one(one).ok_or_else(|| UsageError::Message(message()))
        })
    }

    /// Reads the environment's `IFCONFIG_FORMAT`. Answers the format and the parts that are
    /// unknown.
    #[must_use]
    pub fn of_environment(text: &str) -> (Self, Vec<&str>) {
        // The variable may be meant for another ifconfig, so an unknown part is no error.
        let mut format = Self::default();
        let unknown = text.split(',').filter(|one| format.read_one(one).is_none()).collect();
        (format, unknown)
    }

    /// Reads one format. `None`: there is no such format.
    fn read_one(&mut self, one: &str) -> Option<()> {
        match one.split_once(':') {
            Some(("ether", "colon" | "default")) => self.ether = Separation::Colon,
            Some(("ether", "dash")) => self.ether = Separation::Dash,
            Some(("ether", "dotted")) => self.ether = Separation::Dotted,
            Some(("inet", "hex" | "default")) => self.inet = Mask::Hexadecimal,
            Some(("inet", "dotted")) => self.inet = Mask::Dotted,
            Some(("inet", "cidr")) => self.inet = Mask::Slash,
            Some(("inet6", "numeric" | "default")) => self.inet6_slash = false,
            Some(("inet6", "cidr")) => self.inet6_slash = true,
            // Addresses are never turned into names here.
            Some(("addr", "numeric" | "default")) => {}
            None if one == "default" => *self = Self::default(),
            _ => return None,
        }
        Some(())
    }
}
