//! Claims: what a jail takes for itself. Another jail that takes the same thing is in its way.

use crate::command::{self, Command, HOOKS};
use jailconf::{Jail, Place};
use jailparam::param::{EXEC_START, IP4_ADDR, IP6_ADDR, JID, NAME, VNET_INTERFACE};
use std::fmt;
use std::net::IpAddr;

/// A thing that only one jail at a time can have.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub(crate) enum Claim<'j> {
    /// `jid`.
    Jid(i32),
    /// `name`.
    Name(&'j str),
    /// An interface of `vnet.interface`.
    Interface(&'j str),
    /// An address: of `ip4.addr`, of `ip6.addr`, or one that `exec.start` gives an interface.
    Address(IpAddr),
    /// A hardware address that a hook gives an interface.
    Ether([u8; 6]),
    /// An interface that a hook creates.
    Created(&'j str),
}

/// How strong a claim is.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Strength {
    /// The kernel refuses a second claim.
    Exclusive,
    /// An address of the host, and the jail's only one. FreeBSD's kernel lets two such jails share
    /// the address.
    OnlyAddress,
    /// The claim may be right nevertheless: the network may be another one, or a script may take
    /// care.
    Usual,
}

/// A claim, its place and its strength.
pub(crate) type Made<'j> = (Claim<'j>, &'j Place, Strength);

/// Lists everything that `jail` claims; some of it may be listed twice.
pub(crate) fn claims(jail: &Jail) -> Vec<Made<'_>> {
    let mut claims: Vec<Made<'_>> = Vec::new();
    for parameter in &jail.parameters {
        let texts = || parameter.values.iter().filter_map(|value| str::from_utf8(value).ok());
        // As everywhere, the last value of a parameter counts if it is no list.
        let last = texts().next_back().unwrap_or_default();
        let mut add = |claim, strength| claims.push((claim, &parameter.place, strength));
        let name = parameter.name.as_slice();
        if JID.is_called(name) {
            // 0 lets the kernel choose; a text that is no number is refused elsewhere.
            let jid = last.parse().ok().filter(|&jid| jid > 0);
            jid.into_iter().for_each(|jid| add(Claim::Jid(jid), Strength::Exclusive));
        } else if NAME.is_called(name) {
            add(Claim::Name(last), Strength::Exclusive);
        } else if VNET_INTERFACE.is_called(name) {
            let names = texts().flat_map(|text| text.split(',')).map(str::trim);
            for name in names.filter(|name| !name.is_empty()) {
                add(Claim::Interface(name), Strength::Exclusive);
            }
        } else if IP4_ADDR.is_called(name) || IP6_ADDR.is_called(name) {
            let each = texts().flat_map(|text| text.split(','));
            let addresses: Vec<IpAddr> = each.filter_map(shared_address).collect();
            let strength = match addresses.len() {
                1 => Strength::OnlyAddress,
                _ => Strength::Exclusive,
            };
            addresses.into_iter().for_each(|address| add(Claim::Address(address), strength));
        }
    }
    for hook in HOOKS.into_iter().chain([EXEC_START]) {
        command::commands(jail, hook).for_each(|command| of_command(&command, &mut claims));
    }
    claims
}

/// Reads an address of `ip4.addr`: `em0|10.0.0.1/24 vhid 7`.
fn shared_address(text: &str) -> Option<IpAddr> {
    let behind_interface = text.rsplit('|').next().unwrap_or(text);
    command::address(behind_interface.split_ascii_whitespace().next()?)
}

/// Adds the claims of a command: what it tells ifconfig(8) to give an interface, or to create.
fn of_command<'j>(command: &Command<'j>, claims: &mut Vec<Made<'j>>) {
    for line in command.ifconfigs() {
        let mut add = |claim| claims.push((claim, command.place, Strength::Usual));
        // An address that a hook sets on the host is the bridge's, which several jails may share.
        if command.parameter == EXEC_START {
            line.addresses().into_iter().map(Claim::Address).for_each(&mut add);
        }
        line.ether().map(Claim::Ether).map(&mut add);
        // Of created interfaces, only epairs are claimed. Bridges are shared: the first jail that
        // needs one makes it.
        let epair = command::epair(line.interface).filter(|_| line.creates());
        epair.map(Claim::Created).map(&mut add);
    }
}

impl Claim<'_> {
    /// Writes the message that `other` makes the same claim.
    pub(crate) fn is_also_of(&self, other: &str) -> String {
        match self {
            Self::Address(_) => format!("{self} is {other}'s address too"),
            Self::Ether(_) => format!("{self} is {other}'s hardware address too"),
            Self::Created(_) => format!("{self} is created by {other} too"),
            Self::Jid(_) | Self::Name(_) | Self::Interface(_) => format!("{self} is {other}'s too"),
        }
    }
}

impl fmt::Display for Claim<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Jid(jid) => write!(f, "{} {jid}", JID.name),
            Self::Name(name) => write!(f, "{} {name}", NAME.name),
            Self::Interface(name) => write!(f, "{}: {name}", VNET_INTERFACE.name),
            Self::Address(address) => address.fmt(f),
            Self::Ether(bytes) => {
                let bytes = bytes.map(|byte| format!("{byte:02x}"));
                f.write_str(&bytes.join(":"))
            }
            Self::Created(name) => f.write_str(name),
        }
    }
}
