//! What can go wrong, in the words of ifconfig(8): sbin/ifconfig and err(3).

use std::fmt;
use std::net::IpAddr;

use rustix::io::Errno;

use crate::fib::Fib;
use crate::name::InterfaceName;
use crate::rule::Rule;

/// Why the kernel's network was not read or changed. `Display` is what follows `ifconfig: `.
#[derive(Debug)]
pub enum Error {
    /// No routing socket could be opened.
    Socket(Errno),
    /// The network namespace cannot be entered.
    Namespace(Errno),
    /// The table could not be read.
    Listing(Errno),
    /// No interface has this name.
    NoInterface(String),
    /// The name is taken.
    Exists(String),
    /// A fib cannot be used, because of this rule of somebody else's.
    Taken(Fib, Box<Rule>),
    /// No interface of the host has the address that a jail is to get.
    NotOnHost(IpAddr),
    /// A jail is to have, for itself, the host's own address.
    LastOfHost(IpAddr),
    /// Another jail has the address for itself.
    OfAnother(IpAddr),
    /// An interface cannot carry addresses into jails: why.
    NoParent(InterfaceName, String),
    /// The kernel refused a change.
    Refused {
        /// What was asked for.
        request: Request,
        /// The kernel's answer.
        errno: Errno,
        /// What the kernel's answer means here, where the error number alone does not say it.
        because: Option<&'static str>,
    },
}

/// A change, by the name that FreeBSD's ifconfig gives it in its messages.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Request {
    /// `create`.
    Create(String),
    /// `destroy`.
    Destroy,
    /// `up`.
    Up,
    /// `down`.
    Down,
    /// An address, also a link-level one.
    AddAddress,
    /// `-alias`, `delete`, `remove`.
    DeleteAddress,
    /// `mtu`.
    Mtu,
    /// `name`.
    Name,
    /// `descr`.
    Description,
    /// `addm`.
    AddMember(InterfaceName),
    /// `deletem`.
    DeleteMember(InterfaceName),
    /// An interface is handed to a jail, or back to the host: `vnet`.
    Vnet,
    /// A change of the routing table.
    Route,
    /// Anything else, by the words that FreeBSD's message begins with.
    Other(String),
}

impl Request {
    /// Whether FreeBSD's ifconfig reports this change with Perror(), which has its own words for
    /// `EPERM`.
    fn is_told_by_perror(&self) -> bool {
        matches!(self, Self::Up | Self::Down | Self::AddAddress | Self::DeleteAddress)
    }

    pub(crate) fn refused(self, errno: Errno) -> Error {
        Error::Refused { request: self, errno, because: None }
    }

    pub(crate) fn refused_because(self, errno: Errno, because: &'static str) -> Error {
        Error::Refused { request: self, errno, because: Some(because) }
    }
}

impl fmt::Display for Request {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Create(name) => write!(f, "SIOCIFCREATE2 ({name})"),
            Self::Destroy => f.write_str("SIOCIFDESTROY"),
            Self::Up => f.write_str("up"),
            Self::Down => f.write_str("down"),
            Self::AddAddress => f.write_str("ioctl (SIOCAIFADDR)"),
            Self::DeleteAddress => f.write_str("ioctl (SIOCDIFADDR)"),
            Self::Mtu => f.write_str("ioctl (set mtu)"),
            Self::Name => f.write_str("ioctl (set name)"),
            Self::Description => f.write_str("ioctl (set descr)"),
            Self::AddMember(member) => write!(f, "BRDGADD {member}"),
            Self::DeleteMember(member) => write!(f, "BRDGDEL {member}"),
            Self::Vnet => f.write_str("SIOCSIFVNET"),
            Self::Route => f.write_str("message indicates error"),
            Self::Other(words) => f.write_str(words),
        }
    }
}

impl fmt::Display for Error {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Socket(errno) => {
                write!(f, "unable to open netlink socket: {}", strerror(*errno))
            }
            Self::Namespace(errno) => {
                write!(f, "unable to enter the network of the jail: {}", strerror(*errno))
            }
            Self::Listing(errno) => {
                write!(f, "unable to read the kernel's network tables: {}", strerror(*errno))
            }
            Self::Taken(fib, rule) => write!(
                f,
                "fib {fib}: the rule \"{rule}\" is not kletka's, and about the same marks or the \
                 same table"
            ),
            Self::NoInterface(name) => write!(f, "interface {name} does not exist"),
            Self::NotOnHost(address) => write!(
                f,
                "no interface of the host has {address}; name one in front of it, as in \
                 em0|{address}"
            ),
            Self::LastOfHost(address) => write!(
                f,
                "{address} is the host's own address, which would be out of reach; give the jail \
                 another one"
            ),
            Self::OfAnother(address) => write!(f, "another jail has {address}"),
            Self::NoParent(name, why) => write!(f, "{name}: {why}"),
            Self::Exists(name) => write!(f, "interface {name} already exists"),
            Self::Refused { request, errno, because } => {
                let reason = match *errno {
                    Errno::PERM if request.is_told_by_perror() => "permission denied".into(),
                    errno => strerror(errno),
                };
                write!(f, "{request}: {reason}")?;
                because.map_or(Ok(()), |because| write!(f, " ({because})"))
            }
        }
    }
}

impl std::error::Error for Error {}

/// strerror(3) of an error number.
#[must_use]
pub fn strerror(errno: Errno) -> String {
    strerror::of_number(errno.raw_os_error())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    #[rustfmt::skip]
    fn in_freebsds_words() {
        let member = || InterfaceName::parse("re0.7").unwrap();
        for (error, want) in [
            (Error::NoInterface("epair9a".into()), "interface epair9a does not exist"), // ifconfig.c
            (Error::Exists("epair1".into()), "interface epair1 already exists"),        // ifclone.c
            (Request::Create("wg0".into()).refused(Errno::INVAL), "SIOCIFCREATE2 (wg0): Invalid argument"),
            (Request::Up.refused(Errno::PERM), "up: permission denied"),                // Perror()
            (Request::Destroy.refused(Errno::PERM), "SIOCIFDESTROY: Operation not permitted"), // err(3)
            (Request::AddMember(member()).refused(Errno::NOENT), "BRDGADD re0.7: No such file or directory"),
            (Request::DeleteMember(member()).refused(Errno::NOENT), "BRDGDEL re0.7: No such file or directory"),
            (Request::DeleteAddress.refused(Errno::ADDRNOTAVAIL), "ioctl (SIOCDIFADDR): Can't assign requested address"),
        ] {
            assert_eq!(error.to_string(), want);
        }
    }
}
