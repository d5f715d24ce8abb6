//! What can be wrong with a command line of ifconfig(8), in FreeBSD's words.

use std::fmt;

use netif::{MalformedAddress, MalformedGroup, NameTooLong};

/// What is wrong with a command line. `Display` is what follows `ifconfig: `.
#[derive(Debug, PartialEq, Eq)]
pub(in super::super) enum UsageError {
    /// Not understood at all: FreeBSD prints its usage.
    Usage,
    Text(String),
    Option(char),
    UnknownFamily(String),
    RequiresArgument(String),
    NotSupported(String),
    BadValue(String),
    BadWidth(String),
    Name(NameTooLong),
    Ether(MalformedAddress),
    VlanInvalid,
    VlanRange,
    VlanAmbiguous,
    VlanBoth,
    /// Words that only `create` can follow.
    ForCreation(&'static str),
    Group {
        verb: &'static str,
        error: MalformedGroup,
    },
    /// A message of FreeBSD's, and the word that it is about.
    Invalid(&'static str, String),
    Message(String),
    /// `maxaddr`, `span` … : why Linux has no such thing.
    NoCounterpart {
        word: String,
        because: &'static str,
    },
}

impl fmt::Display for UsageError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Usage => f.write_str(
                "usage: ifconfig [-j jail] interface [address_family] [address] [parameters]\n       \
                 ifconfig interface create [parameters]\n       \
                 ifconfig [-j jail] -a [-Ldu] [-f type:format] [-g group] [-G group] [address_family]\n       \
                 ifconfig [-j jail] -l [-du] [-g group] [-G group] [address_family]\n       \
                 ifconfig -C",
            ),
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
