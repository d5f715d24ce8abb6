//! Rules by which the kernel chooses a routing table: ip-rule(8), linux/fib_rules.h.

use std::fmt;
use std::net::IpAddr;

use rustix::io::Errno;

use crate::address::{Prefix, from_octets, octets};
use crate::error::Error;
use crate::name::InterfaceName;
use crate::uapi::{af, fra, rtm};
use crate::wire::{Message, Netlink, attributes, text, u32_at};

/// Length of `struct fib_rule_hdr`.
const BODY: usize = 12;

/// A rule by which the kernel chooses a routing table.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct Rule {
    pub(crate) family: u8,
    /// The interface that a packet has come by.
    pub(crate) interface: Option<InterfaceName>,
    /// The address that a packet is from.
    pub(crate) source: Option<IpAddr>,
    /// What a packet carries: IPPROTO_ICMP and the like; 0 for all.
    pub(crate) carries: u8,
    pub(crate) action: u8,
    pub(crate) inverts: bool,
    pub(crate) priority: u32,
    pub(crate) mark: u32,
    pub(crate) mask: u32,
    pub(crate) table: u32,
    pub(crate) protocol: u8,
}

impl fmt::Display for Rule {
    /// The rule as ip-rule(8) takes it.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let family = if self.family == af::INET6 { "-6 " } else { "" };
        let not = if self.inverts { "not " } else { "" };
        let Self { priority, mark, mask, table, .. } = self;
        write!(f, "ip {family}rule pref {priority} {not}")?;
        if let Some(interface) = &self.interface {
            write!(f, "iif {}", interface.kernel())?;
        }
        if let Some(source) = self.source {
            write!(f, "from {source}")?;
        }
        if *mask != 0 {
            write!(f, "fwmark {mark:#x}/{mask:#x}")?;
        }
        match self.action {
            fra::UNREACHABLE => f.write_str(" unreachable"),
            _ => write!(f, " table {table}"),
        }
    }
}

impl Rule {
    /// A request about the rule.
    pub(crate) fn message(&self, kind: u16, flags: u16) -> Message {
        let mut body = [0; BODY];
        (body[0], body[7]) = (self.family, self.action);
        body[2] = self.source.map_or(0, Prefix::width);
        let mut message = Message::new(kind, flags, &body);
        message.number(fra::PRIORITY, self.priority);
        if let Some(interface) = &self.interface {
            message.string(fra::IIFNAME, interface.kernel());
        }
        if let Some(source) = self.source {
            message.attribute(fra::SRC, &octets(source));
        }
        if self.carries != 0 {
            message.attribute(fra::IP_PROTO, &[self.carries]);
        }
        if self.mask != 0 {
            message.number(fra::FWMARK, self.mark).number(fra::FWMASK, self.mask);
        }
        if self.table != 0 {
            message.number(fra::TABLE, self.table);
        }
        message.attribute(fra::PROTOCOL, &[self.protocol]);
        message
    }

    /// Reads the rule that the kernel tells of; `None`: that is not whole.
    pub(crate) fn parse(body: &[u8]) -> Option<Self> {
        let &[family, _, _, _, table, _, _, action, ..] = body else { return None };
        let inverts = u32_at(body, 8)? & fra::INVERT != 0;
        let mut rule = Self { family, action, inverts, table: table.into(), ..Self::default() };
        for (attribute, value) in attributes(body.get(BODY..)?) {
            match attribute {
                fra::IIFNAME => rule.interface = Some(InterfaceName::from_kernel(text(value))),
                fra::SRC => rule.source = from_octets(value),
                fra::IP_PROTO => rule.carries = *value.first()?,
                fra::PRIORITY => rule.priority = u32_at(value, 0)?,
                fra::FWMARK => rule.mark = u32_at(value, 0)?,
                fra::FWMASK => rule.mask = u32_at(value, 0)?,
                fra::TABLE => rule.table = u32_at(value, 0)?,
                fra::PROTOCOL => rule.protocol = *value.first()?,
                _ => {}
            }
        }
        Some(rule)
    }
}

impl Netlink {
    /// The rules of this network, of both families.
    pub(crate) fn rules(&mut self) -> Result<Vec<Rule>, Error> {
        let mut all = self.rules_of(af::INET)?;
        all.extend(self.rules_of(af::INET6)?);
        Ok(all)
    }

    /// The rules of a family, in the order in which they are asked.
    pub(crate) fn rules_of(&mut self, family: u8) -> Result<Vec<Rule>, Error> {
        let request = || {
            let mut body = [0; BODY];
            body[0] = family;
            Message::new(rtm::GETRULE, 0, &body)
        };
        let collect = |found: &mut Vec<Rule>, body: &[u8]| found.extend(Rule::parse(body));
        match self.dump(request, collect) {
            Ok(rules) => Ok(rules),
            // The kernel does not have the family.
            Err(Errno::OPNOTSUPP | Errno::AFNOSUPPORT) => Ok(Vec::new()),
            Err(errno) => Err(Error::Listing(errno)),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_rule_is_read_as_it_is_written() {
        let interface = Some(InterfaceName::from_kernel("lo".into()));
        for rule in [
            Rule { table: 27_499, interface, ..Rule::default() },
            Rule { table: 255, protocol: 2, ..Rule::default() },
            Rule {
                mark: 1,
                mask: 3,
                priority: 9,
                source: Some([192, 0, 2, 1].into()),
                ..Rule::default()
            },
        ] {
            let rule = Rule { family: af::INET, action: fra::LOOK_UP, ..rule };
            let message = rule.message(rtm::NEWRULE, 0);
            assert_eq!(Rule::parse(&message.bytes()[16..]), Some(rule));
        }
        assert_eq!(Rule::parse(&[0; 7]), None);
    }
}
