//! Routing tables by number, FreeBSD's fibs: setfib(1), setfib(2), `-fib` of route(8).
//!
//! Fib 0 is the main table. Every other fib is a table of Linux's, and a rule leads there what has
//! the fib's mark; `prison` gives sockets their mark. A second rule, directly behind, refuses what
//! the table has no route for, which would go by the main table otherwise. The kernel's own table
//! of local addresses comes before all of them.
//!
//! Fib 0 has a mark too, and no rule: a process can so be taken back to fib 0 inside a group that
//! has another one.

use std::fmt;
use std::str::FromStr;

use rustix::io::Errno;
use rustix::net::{AddressFamily, SocketType, socket};

use crate::error::{Error, Request};
use crate::uapi::{af, fra, nlm, rta, rtm};
use crate::wire::{Message, Netlink, attributes, u32_at};

use std::os::fd::AsFd;

/// Length of `struct fib_rule_hdr`.
const BODY: usize = 12;
/// The table of fib N is this number and N. Numbers below 256 are Linux's own, or what people
/// choose by hand.
const FIRST_TABLE: u32 = 9000;
/// The place of the rules: behind the kernel's for local addresses (0) and VRF devices (1000),
/// before those that VPNs put in front of the main table.
const PRIORITY: u32 = 1100;

/// The number of a routing table: FreeBSD's fib.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Default, Hash)]
pub struct Fib(u8);

impl Fib {
    /// How many there are: sysctl(8), `net.fibs`.
    pub const COUNT: u8 = 16;
    /// The bits of a socket's mark that say its fib. Those below 24 are what Kubernetes, Tailscale,
    /// Calico and others use.
    pub const MASK: u32 = 0x1f00_0000;
    /// The one that everything has by default: the main table.
    pub const DEFAULT: Self = Self(0);

    /// The fib of this number, if there is one.
    #[must_use]
    pub fn new(number: u32) -> Option<Self> {
        u8::try_from(number).ok().filter(|number| *number < Self::COUNT).map(Self)
    }

    /// All of them.
    pub fn all() -> impl Iterator<Item = Self> {
        (0..Self::COUNT).map(Self)
    }

    /// The number.
    #[must_use]
    pub fn number(self) -> u32 {
        self.0.into()
    }

    /// The kernel's number of the table.
    #[must_use]
    pub fn table(self) -> u32 {
        if self == Self::DEFAULT { rta::TABLE_MAIN.into() } else { FIRST_TABLE + self.number() }
    }

    /// The mark of the fib's sockets, among the bits of [`Fib::MASK`].
    #[must_use]
    pub fn mark(self) -> u32 {
        (self.number() + 1) << Self::MASK.trailing_zeros()
    }

    /// The fib that a mark says.
    #[must_use]
    pub fn of_mark(mark: u32) -> Option<Self> {
        Self::new(((mark & Self::MASK) >> Self::MASK.trailing_zeros()).checked_sub(1)?)
    }

    /// The fib that has been given to this process: setfib(2). `None`: nobody has given it one, and
    /// it is 0.
    #[must_use]
    pub fn given() -> Option<Self> {
        // The kernel marks sockets at their birth, and tells the mark to everybody.
        let of = |family| {
            let socket = socket(family, SocketType::DGRAM, None).ok()?;
            kernel::interface::socket_mark(socket.as_fd()).ok()
        };
        of(AddressFamily::INET).or_else(|| of(AddressFamily::INET6)).and_then(Self::of_mark)
    }

    /// The fib of this process: sysctl(8), `net.my_fibnum`.
    #[must_use]
    pub fn own() -> Self {
        Self::given().unwrap_or_default()
    }
}

impl fmt::Display for Fib {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.0.fmt(f)
    }
}

impl FromStr for Fib {
    type Err = ();

    fn from_str(text: &str) -> Result<Self, ()> {
        text.parse().ok().and_then(Self::new).ok_or(())
    }
}

/// A rule by which the kernel chooses a routing table.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub struct Rule {
    family: u8,
    action: u8,
    inverts: bool,
    priority: u32,
    mark: u32,
    mask: u32,
    table: u32,
    protocol: u8,
}

impl fmt::Display for Rule {
    /// The rule as ip-rule(8) takes it.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let family = if self.family == af::INET6 { "-6 " } else { "" };
        let not = if self.inverts { "not " } else { "" };
        let Self { priority, mark, mask, table, .. } = self;
        write!(f, "ip {family}rule pref {priority} {not}fwmark {mark:#x}/{mask:#x}")?;
        match self.action {
            fra::UNREACHABLE => f.write_str(" unreachable"),
            _ => write!(f, " table {table}"),
        }
    }
}

impl Rule {
    /// The rules of a fib, in their order.
    fn of(fib: Fib, family: u8) -> [Self; 2] {
        let (mark, mask, protocol) = (fib.mark(), Fib::MASK, fra::PROTOCOL_OURS);
        let (action, priority, table) = (fra::LOOK_UP, PRIORITY, fib.table());
        let inverts = false;
        let leads = Self { family, action, inverts, priority, mark, mask, table, protocol };
        let (action, priority, table) = (fra::UNREACHABLE, PRIORITY + 1, 0);
        [leads, Self { action, priority, table, ..leads }]
    }

    /// The command that removes the rule.
    #[must_use]
    pub fn removal(&self) -> String {
        let family = if self.family == af::INET6 { "-6 " } else { "" };
        let Self { priority, mark, mask, .. } = self;
        format!("ip {family}rule del pref {priority} fwmark {mark:#x}/{mask:#x}")
    }

    /// The fib whose rule this is, if it is one of ours.
    fn fib(&self) -> Option<Fib> {
        Fib::of_mark(self.mark).filter(|_| self.protocol == fra::PROTOCOL_OURS)
    }

    /// Whether this rule, somebody else's, looks at the bits of the fibs or leads to the table of
    /// one. A mark of others that has none of those bits is nothing to us, though its mask be
    /// wider.
    fn clashes(&self) -> bool {
        let is_table = Fib::all().skip(1).any(|fib| fib.table() == self.table);
        self.protocol != fra::PROTOCOL_OURS && (self.mark & self.mask & Fib::MASK != 0 || is_table)
    }

    fn message(&self, kind: u16, flags: u16) -> Message {
        let mut body = [0; BODY];
        (body[0], body[7]) = (self.family, self.action);
        let mut message = Message::new(kind, flags, &body);
        message.number(fra::PRIORITY, self.priority);
        message.number(fra::FWMARK, self.mark).number(fra::FWMASK, self.mask);
        if self.table != 0 {
            message.number(fra::TABLE, self.table);
        }
        message.attribute(fra::PROTOCOL, &[self.protocol]);
        message
    }

    fn parse(body: &[u8]) -> Option<Self> {
        let &[family, _, _, _, table, _, _, action, ..] = body else { return None };
        let inverts = u32_at(body, 8)? & fra::INVERT != 0;
        let mut rule = Self { family, action, inverts, table: table.into(), ..Self::default() };
        for (attribute, value) in attributes(body.get(BODY..)?) {
            match attribute {
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

/// What a rule's change is called in messages.
fn request(fib: Fib) -> Request {
    Request::Other(format!("fib {fib}: ip rule"))
}

impl Netlink {
    /// Makes a fib usable in this network: its rules are made, where they are missing. They stay
    /// until the network ends, as the tables of FreeBSD's do.
    ///
    /// # Errors
    /// `Taken`: a rule of somebody else's is about the same bits of marks, or the same table.
    pub fn open_fib(&mut self, fib: Fib) -> Result<(), Error> {
        if fib == Fib::DEFAULT {
            return Ok(());
        }
        let all = self.rules()?;
        if let Some(rule) = all.iter().find(|rule| rule.clashes()) {
            return Err(Error::Taken(fib, *rule));
        }
        let mut made: Vec<Rule> = Vec::new();
        for family in [af::INET, af::INET6] {
            for rule in Rule::of(fib, family) {
                if all.contains(&rule) {
                    continue;
                }
                match self.change(rule.message(rtm::NEWRULE, nlm::CREATE | nlm::EXCL)) {
                    Ok(()) => made.push(rule),
                    // Another command makes them at the same time.
                    Err(Errno::EXIST) => {}
                    // The kernel has no IPv6.
                    Err(Errno::OPNOTSUPP | Errno::AFNOSUPPORT) if family == af::INET6 => {}
                    Err(errno) => {
                        for rule in made.iter().rev() {
                            let _ = self.change(rule.message(rtm::DELRULE, 0));
                        }
                        return Err(request(fib).refused(errno));
                    }
                }
            }
        }
        Ok(())
    }

    /// Fibs that have rules in this network, and the rules.
    ///
    /// # Errors
    /// `Listing`.
    pub fn open_fibs(&mut self) -> Result<Vec<(Fib, Rule)>, Error> {
        let all = self.rules()?;
        Ok(all.into_iter().filter_map(|rule| Some((rule.fib()?, rule))).collect())
    }

    /// The rules of this network, of both families.
    fn rules(&mut self) -> Result<Vec<Rule>, Error> {
        let mut all = Vec::new();
        for family in [af::INET, af::INET6] {
            let request = || {
                let mut body = [0; BODY];
                body[0] = family;
                Message::new(rtm::GETRULE, 0, &body)
            };
            let collect = |found: &mut Vec<Rule>, body: &[u8]| found.extend(Rule::parse(body));
            match self.dump(request, collect) {
                Ok(rules) => all.extend(rules),
                Err(Errno::OPNOTSUPP | Errno::AFNOSUPPORT) => {}
                Err(errno) => return Err(Error::Listing(errno)),
            }
        }
        Ok(all)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn fibs_have_tables_and_marks() {
        for (number, table, mark) in
            [(0, 254, 0x0100_0000), (1, 9001, 0x0200_0000), (15, 9015, 0x1000_0000)]
        {
            let fib = Fib::new(number).unwrap();
            assert_eq!((fib.table(), fib.mark()), (table, mark));
            assert_eq!(Fib::of_mark(mark | 0x00ff_ffff), Some(fib));
            assert_eq!(fib.mark() & !Fib::MASK, 0);
        }
        assert_eq!((Fib::new(16), Fib::of_mark(0), Fib::of_mark(0x1f00_0000)), (None, None, None));
    }

    #[test]
    fn clashes_with_others() {
        let rule = |mark, mask, table| Rule { mark, mask, table, ..Rule::default() };
        for (rule, clashes) in [
            (rule(0x4000, 0x4000, 0), false),       // Kubernetes
            (rule(0x8_0000, 0xff_0000, 52), false), // Tailscale
            (rule(0xca6c, u32::MAX, 51820), false), // wg-quick
            (rule(0x100_0000, 0xff00_0000, 7), true),
            (rule(0, 0, 9002), true),
            (Rule::of(Fib(2), af::INET)[0], false),
        ] {
            assert_eq!(rule.clashes(), clashes, "{rule}");
        }
        assert_eq!(
            Rule::of(Fib(2), af::INET6).map(|rule| rule.to_string()),
            [
                "ip -6 rule pref 1100 fwmark 0x3000000/0x1f000000 table 9002",
                "ip -6 rule pref 1101 fwmark 0x3000000/0x1f000000 unreachable"
            ]
        );
    }
}
