//! Routing tables by number, FreeBSD's fibs: setfib(1), setfib(2), `-fib` of route(8).
//!
//! Fib 0 is the main table. Every other fib is a table of Linux's, and a rule leads there what has
//! the fib's mark; `prison` gives sockets their mark. A second rule, directly behind, refuses what
//! the table has no route for, which would go by the main table otherwise. The kernel's own table
//! of local addresses comes before all of them.
//!
//! An interface has a fib for what it receives and the host sends on: `fib` of ifconfig(8). That
//! are rules too, by the interface's name, and they alone say so. The routes to the networks of the
//! interface's addresses are in the main table, where the kernel puts them, and once more in that
//! of the fib.
//!
//! Fib 0 has a mark too, and no rule: a process can so be taken back to fib 0 inside a group that
//! has another one.

use std::fmt;
use std::fs;
use std::io;
use std::net::IpAddr;
use std::str::FromStr;

use rustix::io::Errno;
use rustix::net::{AddressFamily, SocketType, socket};

use crate::address::{Prefix, family};
use crate::error::{Error, Request};
use crate::interface::{Flags, Interface};
use crate::name::InterfaceName;
use crate::route::{Route, RouteKind};
use crate::rule::Rule;
use crate::uapi::{af, fra, nlm, rta, rtm};
use crate::wire::Netlink;

use std::os::fd::AsFd;

/// Numbers of protocols: linux/in.h, in6.h.
const IPPROTO_ICMP: u8 = 1;
const IPPROTO_ICMPV6: u8 = 58;
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

impl Rule {
    /// The rules of a fib, in their order.
    fn of(fib: Fib, family: u8) -> [Self; 2] {
        let (mark, mask) = (fib.mark(), Fib::MASK);
        Self { family, mark, mask, ..Self::default() }.leading_to(fib)
    }

    /// The rules for what an interface receives.
    fn of_interface(name: &InterfaceName, fib: Fib, family: u8) -> [Self; 2] {
        Self { family, interface: Some(name.clone()), ..Self::default() }.leading_to(fib)
    }

    /// The rule by which the kernel's own answers from an address leave: echo replies, and that a
    /// port is closed. Nobody's socket is behind them, whose mark would count.
    fn of_answers(source: IpAddr, fib: Fib) -> Self {
        let carries = if source.is_ipv4() { IPPROTO_ICMP } else { IPPROTO_ICMPV6 };
        let family = family(source);
        let [leads, _] =
            Self { family, source: Some(source), carries, ..Self::default() }.leading_to(fib);
        leads
    }

    fn leading_to(self, fib: Fib) -> [Self; 2] {
        let protocol = fra::PROTOCOL_OURS;
        let leads =
            Self { action: fra::LOOK_UP, priority: PRIORITY, table: fib.table(), protocol, ..self };
        let (action, priority, table) = (fra::UNREACHABLE, PRIORITY + 1, 0);
        [leads.clone(), Self { action, priority, table, ..leads }]
    }

    /// The interface that has a fib by this rule, and the fib, if the rule is one of ours that
    /// leads there.
    fn of_what(&self) -> Option<(&InterfaceName, Fib)> {
        let fib = Fib::all().find(|fib| fib.table() == self.table)?;
        let interface = self.interface.as_ref()?;
        (self.protocol == fra::PROTOCOL_OURS).then_some((interface, fib))
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
}

/// Whether an interface of the caller's network may have another fib than 0. This is a cheap
/// question: rules are asked for only where the answer is true. An interface that was in a jail
/// meanwhile has to be given its fib again.
#[must_use]
pub fn may_have_fib(name: &InterfaceName) -> bool {
    fs::read_to_string(by_mark(name)).is_ok_and(|text| text.trim() == "1")
}

/// Notes that an interface of the caller's network is going to have a fib. The kernel then looks at
/// marks too where it asks whether a sender could be answered by the interface.
///
/// # Errors
/// The kernel's, as `ioctl (SIOCSIFFIB): …`.
pub fn expects_fib(name: &InterfaceName) -> Result<(), Error> {
    fs::write(by_mark(name), "1").map_err(|error| match error.kind() {
        io::ErrorKind::NotFound => Error::NoInterface(name.to_string()),
        _ => {
            let errno = Errno::from_io_error(&error).unwrap_or(Errno::IO);
            Request::Other("ioctl (SIOCSIFFIB)".to_owned()).refused(errno)
        }
    })
}

fn by_mark(name: &InterfaceName) -> String {
    format!("/proc/sys/net/ipv4/conf/{}/src_valid_mark", name.kernel())
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
            return Err(Error::Taken(fib, Box::new(rule.clone())));
        }
        let wanted = [af::INET, af::INET6].map(|family| Rule::of(fib, family));
        let missing = wanted.into_iter().flatten().filter(|rule| !all.contains(rule)).collect();
        self.make_rules(missing).map_err(|errno| request(fib).refused(errno))
    }

    /// Makes rules; all of them, or none.
    fn make_rules(&mut self, rules: Vec<Rule>) -> Result<(), Errno> {
        let mut made: Vec<Rule> = Vec::new();
        for rule in rules {
            match self.change(rule.message(rtm::NEWRULE, nlm::CREATE | nlm::EXCL)) {
                Ok(()) => made.push(rule),
                // Another command makes them at the same time.
                Err(Errno::EXIST) => {}
                // The kernel has no IPv6.
                Err(Errno::OPNOTSUPP | Errno::AFNOSUPPORT) if rule.family == af::INET6 => {}
                Err(errno) => {
                    for rule in made.iter().rev() {
                        let _ = self.change(rule.message(rtm::DELRULE, 0));
                    }
                    return Err(errno);
                }
            }
        }
        Ok(())
    }

    /// `fib`: what the interface receives, and the host sends on, goes by this table from now on.
    ///
    /// # Errors
    /// As [`Netlink::open_fib`]; `NoInterface`.
    pub fn set_interface_fib(&mut self, name: &InterfaceName, fib: Fib) -> Result<(), Error> {
        let interface = self.link(name)?;
        self.open_fib(fib)?;
        let before = self.fib_of(name)?;
        if before != fib {
            self.lead_interface(name, before, fib)?;
            self.put_connected(&interface, before, &[])?;
        }
        if fib == Fib::DEFAULT {
            return self.answer_by_fibs();
        }
        self.follow_fib(name)
    }

    /// Removes the rules by which an interface had a fib that is gone, and its routes with it.
    ///
    /// # Errors
    /// `Listing`.
    pub fn forget_fib(&mut self, name: &InterfaceName) -> Result<(), Error> {
        let fib = self.fib_of(name)?;
        self.lead_interface(name, fib, Fib::DEFAULT)?;
        self.answer_by_fibs()
    }

    /// Makes the rules of an interface lead to another fib.
    fn lead_interface(&mut self, name: &InterfaceName, from: Fib, to: Fib) -> Result<(), Error> {
        let refused = |errno| Request::Other("ioctl (SIOCSIFFIB)".to_owned()).refused(errno);
        let of = |fib| {
            let families: &[u8] = if fib == Fib::DEFAULT { &[] } else { &[af::INET, af::INET6] };
            let rules = families.iter().flat_map(move |it| Rule::of_interface(name, fib, *it));
            rules.collect::<Vec<_>>()
        };
        let (old, new) = (of(from), of(to));
        // The new ones come first: at no time does a packet go by a table that nobody wants.
        let missing = new.iter().filter(|rule| !old.contains(rule)).cloned().collect();
        self.make_rules(missing).map_err(refused)?;
        for rule in old.iter().filter(|rule| !new.contains(rule)) {
            match self.change(rule.message(rtm::DELRULE, 0)) {
                Ok(()) | Err(Errno::NOENT | Errno::OPNOTSUPP | Errno::AFNOSUPPORT) => {}
                Err(errno) => return Err(refused(errno)),
            }
        }
        Ok(())
    }

    /// The fib of an interface.
    ///
    /// # Errors
    /// `Listing`.
    pub fn fib_of(&mut self, name: &InterfaceName) -> Result<Fib, Error> {
        let all = self.rules()?;
        let own = all.iter().filter_map(Rule::of_what).find(|(interface, _)| *interface == name);
        Ok(own.map_or(Fib::DEFAULT, |(_, fib)| fib))
    }

    /// Looks up the fibs of interfaces.
    ///
    /// # Errors
    /// `Listing`.
    pub fn find_fibs(&mut self, interfaces: &mut [Interface]) -> Result<(), Error> {
        for rule in self.rules()? {
            let Some((name, fib)) = rule.of_what() else { continue };
            interfaces.iter_mut().filter(|it| it.name == *name).for_each(|it| it.fib = fib);
        }
        Ok(())
    }

    /// Gives the table of an interface's fib the routes that follow from the interface's addresses
    /// as they are now, and takes those away that followed from others.
    ///
    /// # Errors
    /// Those of routes.
    pub fn follow_fib(&mut self, name: &InterfaceName) -> Result<(), Error> {
        let fib = self.fib_of(name)?;
        if fib == Fib::DEFAULT {
            return Ok(());
        }
        let interface = self.link(name)?;
        // An interface that is down has no routes.
        if !interface.flags.has(Flags::UP) {
            return Ok(());
        }
        let all = self.addresses()?.into_iter().filter(|(index, _)| *index == interface.index);
        let networks: Vec<Prefix> = all
            .map(|(_, address)| match address.destination {
                Some(end) => Prefix { address: end, length: Prefix::width(end) },
                None => address.prefix.network(),
            })
            .collect();
        self.put_connected(&interface, fib, &networks)?;
        self.answer_by_fibs()
    }

    /// Has the kernel's own answers from addresses of interfaces with a fib leave by it, and those
    /// from no other address.
    fn answer_by_fibs(&mut self) -> Result<(), Error> {
        let refused = |errno| Request::Other("ioctl (SIOCSIFFIB)".to_owned()).refused(errno);
        let (rules, links, addresses) = (self.rules()?, self.links()?, self.addresses()?);
        let fib = |index: u32| {
            let link = links.iter().find(|link| link.index == index)?;
            let own = rules.iter().filter_map(Rule::of_what).find(|it| *it.0 == link.name);
            own.map(|(_, fib)| fib)
        };
        // A link-local address may be that of several interfaces.
        let is_own = |it: &IpAddr| !matches!(it, IpAddr::V6(it) if it.is_unicast_link_local());
        let wanted = addresses.iter().filter_map(|(index, address)| {
            let source = Some(address.prefix.address).filter(is_own)?;
            Some(Rule::of_answers(source, fib(*index)?))
        });
        let wanted: Vec<Rule> = wanted.collect();
        let is_ours = |it: &&Rule| it.protocol == fra::PROTOCOL_OURS && it.source.is_some();
        for rule in rules.iter().filter(is_ours).filter(|rule| !wanted.contains(rule)) {
            match self.change(rule.message(rtm::DELRULE, 0)) {
                Ok(()) | Err(Errno::NOENT) => {}
                Err(errno) => return Err(refused(errno)),
            }
        }
        let missing = wanted.into_iter().filter(|rule| !rules.contains(rule)).collect();
        self.make_rules(missing).map_err(refused)
    }

    /// Makes these the networks to which a fib has routes of the kernel's kind by an interface.
    fn put_connected(
        &mut self,
        interface: &Interface,
        fib: Fib,
        networks: &[Prefix],
    ) -> Result<(), Error> {
        if fib == Fib::DEFAULT {
            return Ok(());
        }
        let of_interface = |it: &Route| it.interface == Some(interface.index) && !it.is_static;
        for route in self.routes_of(fib)?.into_iter().filter(of_interface) {
            if !networks.contains(&route.destination.network()) {
                self.delete_route(&route)?;
            }
        }
        for network in networks {
            let route = Route {
                destination: *network,
                gateway: None,
                interface: Some(interface.index),
                kind: RouteKind::Unicast,
                mtu: None,
                fib,
                is_static: false,
            };
            match self.add_route(&route) {
                Ok(()) | Err(Error::Refused { errno: Errno::EXIST, .. }) => {}
                Err(error) => return Err(error),
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
            (Rule::of(Fib(2), af::INET)[0].clone(), false),
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
