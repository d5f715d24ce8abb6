//! What `service netif` says of rc.conf(5) where it does not do what was asked for.

use std::fmt;

use crate::conf::NotSetProperly;

/// Why something is not done. `Display` is what follows `netif: `, or `netif: WARNING: `.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Warning {
    /// The value of a variable of this interface has a quote without its end.
    UnclosedQuote {
        /// What stands first on the command line of ifconfig(8).
        interface: String,
        /// The value.
        value: String,
    },
    /// A word that asks for a DHCP client.
    Dhcp {
        /// The interface that was to be configured so.
        interface: String,
        /// The word, as it was written.
        word: String,
    },
    /// FreeBSD has this variable.
    NotSupported(String),
    /// This variable gives its interface another name: no other variable would find the interface
    /// then, and `stop` would not either.
    Renames(String),
    /// `vlans_IF`, of an interface that is not there: hardware that is missing, or is called
    /// otherwise. The interface is named as in the variable.
    NoParent(String),
    /// The host made this interface, or somebody else did.
    NotOurs(String),
    /// rc.conf makes no interface of this name.
    Unknown(String),
    /// A default route leads to no address.
    BadGateway {
        /// `defaultrouter`, `ipv6_defaultrouter`.
        variable: &'static str,
        /// Its value.
        value: String,
    },
    /// A word of this variable is no address, or a range of too many.
    BadRange {
        /// `ipv4_addrs_IF`.
        variable: String,
        /// The word.
        word: String,
    },
    /// A variable says neither yes nor no.
    NotSetProperly(NotSetProperly),
    /// `ipv6_gateway_enable`: a host that forwards IPv6 takes no router advertisements any more,
    /// and may lose its own way out.
    Forwards6,
    /// The host has a default route, so the one of this variable is not added.
    HasRoute(&'static str),
}

impl fmt::Display for Warning {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::UnclosedQuote { interface, value } => {
                write!(f, "{interface}: a quote is not closed: {value}")
            }
            Self::Dhcp { interface, word } => {
                write!(f, "{interface}: {word}: no DHCP client is started here: use the host's")
            }
            Self::NotSupported(variable) => write!(f, "{variable}: not supported"),
            Self::Renames(variable) => write!(f, "{variable}: name: not supported"),
            Self::NoParent(parent) => {
                write!(f, "vlans_{parent}: there is no interface {parent}")
            }
            Self::NotOurs(name) => write!(f, "{name}: left alone: it was not made by kletka"),
            Self::Unknown(name) => {
                write!(f, "{name}: neither cloned_interfaces nor a vlans_IF of rc.conf names it")
            }
            Self::BadGateway { variable, value } => write!(f, "{variable}: {value}: bad address"),
            Self::BadRange { variable, word } => {
                write!(f, "{variable}: {word}: no address, or a range of too many")
            }
            Self::NotSetProperly(error) => error.fmt(f),
            Self::Forwards6 => f.write_str(
                "ipv6_gateway_enable: not done here, as a host that forwards loses its routes of \
                 router advertisements: sysctl net.inet6.ip6.forwarding=1",
            ),
            Self::HasRoute(variable) => {
                write!(f, "{variable}: left alone: the host has a default route")
            }
        }
    }
}
