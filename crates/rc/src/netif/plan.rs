//! What `service netif` does, as plain values in the order of its doing.
//!
//! What rc.conf(5) says in ifconfig(8)'s words is carried as words, split and not understood. What
//! the service wants by itself is a value: a parent, a name, [`Step::Up`].

use std::fmt;
use std::net::IpAddr;

use super::warning::Warning;

/// `start`.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Start {
    /// What is said before anything is made.
    pub warnings: Vec<Warning>,
    /// What is made, in this order; all of it before the first interface is configured.
    pub cloned: Vec<Cloned>,
    /// The default routes, which are added when at least one interface was made.
    pub routes: Vec<Result<DefaultRoute, Warning>>,
    /// The host is to forward IPv4: `gateway_enable`.
    pub forwards: bool,
}

/// What one `create` makes.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Cloned {
    /// What is said of it, whether it has to be made or not.
    pub warnings: Vec<Warning>,
    /// How it is made, unless the first of its interfaces is there.
    pub creation: Result<Creation, Warning>,
    /// The interfaces that are there then, at least one.
    pub interfaces: Vec<Interface>,
}

/// How an interface is made. `Display` is what follows `ifconfig`.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Creation {
    /// What stands before `create`: a kind of interface, with or without a number.
    pub cloner: String,
    /// What a vlan is on, unless the words name another parent.
    pub parent: Option<String>,
    /// What it is called then, where no kind of interface is called so.
    pub name: Option<String>,
    /// `create_args_IF`.
    pub variable: String,
    /// The words of that variable.
    pub words: Vec<String>,
}

/// An interface, and how it is configured.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Interface {
    /// Its name.
    pub name: String,
    /// What is done, in this order. Where a step fails, the others are done all the same.
    pub steps: Vec<Step>,
}

/// A step of an interface's configuration. `Display` is what follows `ifconfig IF`.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Step {
    /// A word has no effect. The interface counts as configured.
    Skip(Warning),
    /// A variable has no effect. The interface does not count as configured.
    Fail(Warning),
    /// What a variable of rc.conf says.
    Words {
        /// `ifconfig_IF` and the like.
        variable: String,
        /// ifconfig's words, at least one.
        words: Vec<String>,
    },
    /// `ifconfig_IF_descr`.
    Describe(String),
    /// The interface is brought up.
    Up,
}

/// `defaultrouter`, `ipv6_defaultrouter`.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct DefaultRoute {
    /// The variable.
    pub variable: &'static str,
    /// Its value, as it was written.
    pub value: String,
    /// Where the route leads.
    pub gateway: IpAddr,
    /// What follows `%`: the interface that a link-local gateway is at.
    pub scope: Option<String>,
}

/// `stop`.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Stop {
    /// The interfaces that one `create` made, in the order in which they are destroyed: vlans
    /// before what they are on. Who destroys the first of several destroys them all.
    pub destroyed: Vec<Vec<String>>,
    /// What kletka made and rc.conf has forgotten since is destroyed too.
    pub forgotten: bool,
}

/// What is said of interfaces that are not kletka's.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct LeftAlone {
    /// Those that were named: the service fails.
    pub refused: Vec<Warning>,
    /// Those that rc.conf has a configuration for: no failure.
    pub remarked: Vec<Warning>,
}

impl fmt::Display for Creation {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{} create", self.cloner)?;
        if let Some(parent) = &self.parent {
            write!(f, " vlandev {parent}")?;
        }
        if let Some(name) = &self.name {
            write!(f, " name {name}")?;
        }
        self.words.iter().try_for_each(|word| write!(f, " {word}"))
    }
}

impl fmt::Display for Step {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Skip(_) | Self::Fail(_) => Ok(()),
            Self::Words { words, .. } => f.write_str(&words.join(" ")),
            Self::Describe(text) => write!(f, "description {text}"),
            Self::Up => f.write_str("up"),
        }
    }
}
