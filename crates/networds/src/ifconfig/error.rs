//! What can be wrong with a command line of ifconfig(8), in FreeBSD's words.

use std::fmt;

use netif::{MalformedAddress, MalformedGroup, NameTooLong};

/// How ifconfig is called.
pub(super) const USAGE: &str = "\
ifconfig [-j jail] interface [address_family] [address] [parameters]
       ifconfig interface create [parameters]
       ifconfig [-j jail] -a [-Ldu] [-f type:format] [-g group] [-G group] [address_family]
       ifconfig [-j jail] -l [-du] [-g group] [-G group] [address_family]
       ifconfig -C";

/// What is wrong with a command line. `Display` is what follows `ifconfig: `.
#[derive(Debug, PartialEq, Eq)]
pub enum UsageError {
    /// The line is not understood at all: FreeBSD prints its usage.
    Usage,
    /// A word is not UTF-8.
    Text(String),
    /// An option that FreeBSD has and this program lacks, or that neither has.
    Option(char),
    /// A word in the place of a family that names none.
    UnknownFamily(String),
    /// The word that must follow this one is missing.
    RequiresArgument(String),
    /// A word of FreeBSD's that is not implemented here.
    NotSupported(String),
    /// A word that is neither in the catalogue nor a value.
    BadValue(String),
    /// The length after the slash of this address is wrong.
    BadWidth(String),
    /// No interface can have this name.
    Name(NameTooLong),
    /// The text is no link-level address.
    Ether(MalformedAddress),
    /// The value of `vlan` is no number.
    VlanInvalid,
    /// The value of `vlan` is out of range.
    VlanRange,
    /// The name of a vlan contradicts the words.
    VlanAmbiguous,
    /// One of `vlan` and `vlandev` is missing.
    VlanBoth,
    /// Words that are allowed only with `create`.
    ForCreation(&'static str),
    /// No group can have this name.
    Group {
        /// FreeBSD's word for what was to be done with the group.
        verb: &'static str,
        /// What is wrong with the name.
        error: MalformedGroup,
    },
    /// A message of FreeBSD's, and the word that it is about.
    Invalid(&'static str, String),
    /// A whole message.
    Message(String),
    /// Linux has nothing for a word of FreeBSD's.
    NoCounterpart {
        /// The word.
        word: String,
        /// Why, and the way out.
        because: &'static str,
    },
}

impl std::error::Error for UsageError {}

impl fmt::Display for UsageError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Usage => write!(f, "usage: {USAGE}"),
            Self::Text(word) => write!(f, "{word}: not valid text"),
            Self::Option(option) => write!(f, "-{option}: this option is not supported"),
            Self::UnknownFamily(word) => write!(f, "Address family '{word}' unknown."),
            Self::RequiresArgument(verb) => write!(f, "'{verb}' requires argument"),
            Self::NotSupported(verb) => {
                write!(f, "{verb}: this parameter of FreeBSD's ifconfig is not supported")
            }
            Self::BadValue(word) => write!(f, "{word}: bad value"),
            Self::BadWidth(word) => write!(f, "{word}: bad value (width invalid)"),
            Self::Name(error) => error.fmt(f),
            Self::Ether(error) => error.fmt(f),
            Self::VlanInvalid => f.write_str("invalid value for vlan"),
            Self::VlanRange => f.write_str("value for vlan out of range"),
            Self::VlanAmbiguous => f.write_str("ambiguous vlan specification"),
            Self::VlanBoth => f.write_str("both vlan and vlandev must be specified"),
            Self::ForCreation(reason) => f.write_str(reason),
            Self::Message(text) => f.write_str(text),
            Self::Group { verb, error } => write!(f, "{verb}: {error}"),
            Self::Invalid(message, word) if word.is_empty() => f.write_str(message),
            Self::Invalid(message, word) => write!(f, "{message}: {word}"),
            Self::NoCounterpart { word, because } => {
                write!(f, "{word}: not supported on Linux: {because}")
            }
        }
    }
}
