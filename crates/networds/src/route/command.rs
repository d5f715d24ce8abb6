//! What a command line of route(8) asks for, as plain values.

use std::fmt;
use std::net::IpAddr;

use netif::{Fib, InterfaceName, Prefix, RouteKind};

/// A change of the table, or a look at it.
#[derive(Debug, PartialEq, Eq)]
pub struct RouteCommand {
    /// What is done.
    pub verb: Verb,
    /// The verb as it was written, because route(8) prints it back.
    pub verb_text: String,
    /// `-q`: only the exit status tells the outcome.
    pub quiet: bool,
    /// `-j`: the jail whose table is meant.
    pub jail: Option<String>,
    /// `flush`: the only family that is flushed.
    pub family: Option<IpFamily>,
    /// `-fib`: the tables that are meant, in the order of the line; none: that of the process.
    pub fibs: Vec<Fib>,
    /// Where the route leads.
    pub destination: Prefix,
    /// The destination as it was written, without the length of its prefix.
    pub destination_text: String,
    /// The destination is a host and not a net.
    pub is_host: bool,
    /// The gateway of the route.
    pub gateway: Option<Gateway>,
    /// What happens to packets on the route.
    pub kind: RouteKind,
    /// The longest packet, in bytes.
    pub mtu: Option<u32>,
}

/// What is done with a route.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Verb {
    /// `add`.
    Add,
    /// `change`.
    Change,
    /// `delete`.
    Delete,
    /// `get`.
    Get,
    /// `flush`.
    Flush,
}

/// A family of addresses that packets are sent to.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum IpFamily {
    /// IPv4.
    Inet,
    /// IPv6.
    Inet6,
}

/// The gateway of a route.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Gateway {
    /// An address; a link-local one has its interface (`fe80::1%epair1b`).
    Address(IpAddr, Option<InterfaceName>),
    /// `-iface`.
    Interface(InterfaceName),
}

impl fmt::Display for Gateway {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Address(address, None) => address.fmt(f),
            Self::Address(address, Some(scope)) => write!(f, "{address}%{scope}"),
            Self::Interface(name) => name.fmt(f),
        }
    }
}
