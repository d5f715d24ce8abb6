//! Addresses of the host in a jail's own network stack: `kletka.net = ipvlan`.
//!
//! The interface that has such an address, the *parent*, gets a second end, an ipvlan in mode l3s,
//! which has the parent's number and name in the jail's stack. Packets that come to the parent for
//! the jail's address go to the jail, by way of the host's own rules for what comes in and goes
//! out; so the parent keeps the address, by which neighbours find it. What the jail sends, the host
//! routes as if a process of its own had sent it.
//!
//! To the host itself the address is the host's own, as it stands on an interface. So three things
//! lead the host's packets to the jail: an ipvlan on the host for each parent, the *shim*; a table
//! of routes by the shims, [`TABLE`]; and a rule that has this table asked before the table of the
//! host's own addresses, for what the host itself sends. All of these have a mark: the routes and
//! rules the protocol [`MARK`], the interfaces a maker's number. They are made when the first jail
//! needs them and go with the last.

use rustix::io::Errno;
use std::fs;
use std::net::IpAddr;
use std::os::fd::{AsRawFd, BorrowedFd};

use crate::address::{Prefix, family, octets};
use crate::change::{by_index, flags_by_index};
use crate::error::{Error, Request};
use crate::fib::Fib;
use crate::inet::{deletion, request};
use crate::interface::Interface;
use crate::kind::{self, Kind};
use crate::maker::Maker;
use crate::name::InterfaceName;
use crate::route::{Route, RouteKind};
use crate::rule::Rule;
use crate::uapi::{af, fra, ifa, iff, ifla, nlm, rta, rtm};
use crate::wire::{LINK_BODY, Message, Netlink, attributes, find, text, u16_at, u32_at, within};

/// The table of the routes by which the host reaches addresses of jails.
pub const TABLE: u32 = 27_499;
/// The protocol of these routes and of the rule: who has made them.
const MARK: u8 = fra::PROTOCOL_OURS;

/// The setting that says which groups may send echo requests: in a new network stack none.
const PING: &str = "/proc/sys/net/ipv4/ping_group_range";
/// All groups. Whether a jail may is for `allow.raw_sockets` to say.
const EVERYBODY: &str = "0 2147483647";
/// The setting by which an address does not take along those that were added behind it.
const PROMOTE: &str = "/proc/sys/net/ipv4/conf/all/promote_secondaries";

/// A jail gets no more routes than these one by one.
const MOST_ROUTES: usize = 4096;

/// What leads the host's packets to jails.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Ways {
    /// The addresses of jails that the host reaches.
    pub addresses: Vec<IpAddr>,
    /// The interfaces by which it does: one for each parent.
    pub shims: Vec<InterfaceName>,
    /// Whether a rule has the table asked.
    pub has_rule: bool,
    /// Whether no rule does for some of the addresses.
    pub lacks_rule: bool,
}

/// An address, and the interface of the host that has it.
struct Place {
    parent: u32,
    prefix: Prefix,
    /// An address that the host keeps there for itself.
    hosts: Option<IpAddr>,
}

/// An ipvlan.
struct Slave {
    index: u32,
    name: InterfaceName,
    /// The number of the parent, if that is in the same network.
    parent: Option<u32>,
    is_l3s: bool,
    is_ours: bool,
}

/// The name of the shim of a parent.
fn shim_name(parent: u32) -> String {
    format!("kletka{parent}")
}

impl Netlink {
    /// Carries addresses that interfaces of this network have into the network `network`, which has
    /// the addresses that it was given before and no others: those that are not among `addresses`
    /// leave it. `here` is the caller's network, and this socket's.
    ///
    /// # Errors
    /// [`Error::NotOnHost`], [`Error::LastOfHost`], [`Error::NoParent`]; the kernel's, as
    /// `EADDRINUSE` where another jail has the address.
    pub fn carry(
        &mut self,
        addresses: &[IpAddr],
        network: BorrowedFd<'_>,
        here: BorrowedFd<'_>,
    ) -> Result<(), Error> {
        let places = self.places(addresses)?;
        let links = self.links()?;
        let routes = self.routes()?;
        let mut inside = Self::open_in(network, here)?;
        let mut parents: Vec<u32> = places.iter().map(|place| place.parent).collect();
        parents.sort_unstable();
        parents.dedup();
        // A kernel without that setting sends no echo requests for anybody.
        let _ = within(network, here, || fs::write(PING, EVERYBODY))?;
        let promotes = within(network, here, || fs::write(PROMOTE, "1"))?;
        promotes.map_err(|error| {
            let errno = Errno::from_io_error(&error).unwrap_or(Errno::IO);
            Request::Other(PROMOTE.to_owned()).refused(errno)
        })?;
        inside.prepare()?;
        for parent in parents {
            let Some(parent) = links.iter().find(|link| link.index == parent) else { continue };
            self.make_shim(parent)?;
            let slave = match inside.slave(&parent.name)? {
                Some(slave) => slave,
                None => self.make_slave(parent, network, &mut inside)?,
            };
            let own: Vec<Prefix> = places
                .iter()
                .filter(|place| place.parent == parent.index)
                .map(|place| place.prefix)
                .collect();
            inside.dress(slave, &own)?;
            inside.follow(parent.index, slave, &routes, &own)?;
        }
        inside.strip(&places)?;
        places.iter().try_for_each(|place| self.lead(place))?;
        for family in [af::INET, af::INET6] {
            if addresses.iter().any(|address| crate::address::family(*address) == family) {
                self.ask_first(family)?;
            }
        }
        Ok(())
    }

    /// Takes away what leads to addresses that are not among those to `keep`; with the last, the
    /// rule goes too. As long as one is left, the rule is there afterwards.
    ///
    /// # Errors
    /// The kernel's.
    pub fn forget_carried(&mut self, keep: &[IpAddr]) -> Result<(), Error> {
        let (mut left, mut shims) = (Vec::new(), Vec::new());
        for route in self.carried_routes()? {
            if keep.contains(&route.destination.address) {
                left.push(family(route.destination.address));
                shims.extend(route.interface);
            } else {
                let message = way(rtm::DELROUTE, 0, &route, None);
                gone(self.change(message), Request::Route)?;
            }
        }
        // Programs that manage the rules of the host may have removed ours.
        for family in left.iter().copied() {
            self.ask_first(family)?;
        }
        if left.is_empty() {
            for family in [af::INET, af::INET6] {
                for _ in self.rules_of(family)?.iter().filter(|it| is_our_rule(it)) {
                    let message = our_rule(family).message(rtm::DELRULE, 0);
                    gone(self.change(message), Request::Other("rule".into()))?;
                }
            }
        }
        let slaves = self.slaves()?;
        for slave in slaves.iter().filter(|it| it.is_ours && !shims.contains(&it.index)) {
            let message =
                Message::new(rtm::DELLINK, 0, &crate::change::link_body(slave.index, 0, 0));
            gone(self.change(message), Request::Destroy)?;
        }
        Ok(())
    }

    /// What leads this network's packets to jails.
    ///
    /// # Errors
    /// `Listing`.
    pub fn ways_to_carried(&mut self) -> Result<Ways, Error> {
        let routes = self.carried_routes()?;
        let addresses: Vec<IpAddr> = routes.iter().map(|route| route.destination.address).collect();
        let mut with_rule = Vec::new();
        for family in [af::INET, af::INET6] {
            if self.rules_of(family)?.iter().any(is_our_rule) {
                with_rule.push(family);
            }
        }
        let lacks_rule = |address: &IpAddr| !with_rule.contains(&family(*address));
        let shims = self.slaves()?.into_iter().filter(|slave| slave.is_ours);
        Ok(Ways {
            shims: shims.map(|slave| slave.name).collect(),
            has_rule: !with_rule.is_empty(),
            lacks_rule: addresses.iter().any(lacks_rule),
            addresses,
        })
    }

    /// The addresses that are lent, and the interfaces that have them.
    ///
    /// # Errors
    /// `Listing`.
    pub fn lent(&mut self) -> Result<Vec<(InterfaceName, IpAddr)>, Error> {
        let links = self.links()?;
        let lent = self.addresses()?.into_iter().filter(|(_, address)| address.is_lent);
        let named = lent.filter_map(|(index, address)| {
            let link = links.iter().find(|link| link.index == index)?;
            Some((link.name.clone(), address.prefix.address))
        });
        Ok(named.collect())
    }

    /// Finds the interfaces that have the addresses.
    fn places(&mut self, addresses: &[IpAddr]) -> Result<Vec<Place>, Error> {
        let all = self.addresses()?;
        let carried = self.carried_routes()?;
        let is_jails = |address: &IpAddr| {
            addresses.contains(address)
                || carried.iter().any(|route| route.destination.address == *address)
        };
        let place = |address: &IpAddr| {
            let found = all.iter().find(|(_, it)| it.prefix.address == *address);
            let (parent, found) = found.ok_or(Error::NotOnHost(*address))?;
            let hosts = all.iter().filter(|(index, it)| index == parent && !it.is_lent);
            let hosts = hosts.map(|(_, it)| it.prefix.address).find(|other| {
                other.is_ipv4() == address.is_ipv4() && !is_jails(other) && !is_link_local(other)
            });
            // Packets to the host's only address would all go to the jail.
            if hosts.is_none() && !found.is_lent {
                return Err(Error::LastOfHost(*address));
            }
            Ok(Place { parent: *parent, prefix: found.prefix, hosts })
        };
        addresses.iter().map(place).collect()
    }

    /// All ipvlans.
    fn slaves(&mut self) -> Result<Vec<Slave>, Error> {
        let request = || Message::new(rtm::GETLINK, 0, &[0; LINK_BODY]);
        let collect = |found: &mut Vec<Slave>, body: &[u8]| found.extend(parse_slave(body));
        self.dump(request, collect).map_err(Error::Listing)
    }

    /// Makes the shim of a parent, if it is not there.
    fn make_shim(&mut self, parent: &Interface) -> Result<(), Error> {
        let slaves = self.slaves()?;
        let on_parent = |slave: &&Slave| slave.parent == Some(parent.index);
        // The mode is the parent's: another one would change what somebody else has made.
        if slaves.iter().filter(on_parent).any(|slave| !slave.is_l3s) {
            let why = "it carries ipvlans of another mode";
            return Err(Error::NoParent(parent.name.clone(), why.into()));
        }
        let name = shim_name(parent.index);
        let there =
            slaves.iter().filter(on_parent).find(|it| it.is_ours && it.name.kernel() == name);
        let index = match there {
            Some(shim) => shim.index,
            None => self.make_ipvlan(parent, &name)?,
        };
        self.bring_up(index)
    }

    /// Brings an ipvlan up, without addresses that the kernel makes up.
    fn bring_up(&mut self, index: u32) -> Result<(), Error> {
        let mut message = by_index(index);
        message.nest(ifla::AF_SPEC, |families| {
            families.nest(u16::from(af::INET6), |inet6| {
                inet6.attribute(ifla::INET6_ADDR_GEN_MODE, &[ifla::ADDR_GEN_NONE]);
            });
        });
        // Without IPv6 there are none.
        let _ = self.change(message);
        let up = flags_by_index(index, iff::UP, iff::UP);
        self.change(up).map_err(|errno| Request::Up.refused(errno))
    }

    /// Makes an ipvlan on a parent, and answers its number.
    fn make_ipvlan(&mut self, parent: &Interface, name: &str) -> Result<u32, Error> {
        let because = |why: &str| Error::NoParent(parent.name.clone(), why.into());
        if parent.kind == Kind::Loopback || parent.ether.is_none() {
            return Err(because("ipvlan needs an Ethernet interface"));
        }
        let mut message = Message::new(rtm::NEWLINK, nlm::CREATE | nlm::EXCL, &[0; LINK_BODY]);
        message.string(ifla::IFNAME, name).number(ifla::LINK, parent.index);
        Maker::of_carried().describe(&mut message);
        kind::describe(&mut message, "ipvlan", |data| {
            data.attribute(ifla::IPVLAN_MODE, &ifla::IPVLAN_L3S.to_ne_bytes());
        });
        self.change(message).map_err(|errno| match errno {
            Errno::OPNOTSUPP => because("this kernel has no ipvlan: load the module ipvlan"),
            Errno::INVAL => because("it carries no ipvlan"),
            Errno::BUSY => because("it is in a bridge or a lagg, or carries macvlans"),
            errno => Request::Create(name.to_owned()).refused(errno),
        })?;
        let slaves = self.slaves()?;
        let made = slaves.iter().find(|slave| slave.name.kernel() == name);
        made.map(|slave| slave.index).ok_or_else(|| Error::NoInterface(name.to_owned()))
    }

    /// Makes the end that a jail gets of a parent, and answers its number there.
    fn make_slave(
        &mut self,
        parent: &Interface,
        network: BorrowedFd<'_>,
        inside: &mut Self,
    ) -> Result<u32, Error> {
        let name = format!("{}j", shim_name(parent.index));
        // What a command has left that was killed here.
        let left = self.slaves()?.into_iter().find(|it| it.is_ours && it.name.kernel() == name);
        let index = match left {
            Some(slave) => slave.index,
            None => self.make_ipvlan(parent, &name)?,
        };
        // With another number than the parent's, what a program asks for by the number that a
        // packet came with would be another interface.
        let moved = self.change(moving(index, network, &parent.name, Some(parent.index)));
        let moved = match moved {
            Err(Errno::BUSY | Errno::EXIST) => {
                self.change(moving(index, network, &parent.name, None))
            }
            moved => moved,
        };
        moved.map_err(|errno| Request::Vnet.refused(errno))?;
        let made = inside.slave(&parent.name)?;
        made.ok_or_else(|| Error::NoInterface(parent.name.to_string()))
    }

    /// The number of the slave of this name, in the network of a jail.
    fn slave(&mut self, name: &InterfaceName) -> Result<Option<u32>, Error> {
        let mut slaves = self.slaves()?.into_iter();
        Ok(slaves.find(|slave| slave.name == *name).map(|slave| slave.index))
    }

    /// Makes a new network ready: what is sent to its own addresses passes lo0, which has none.
    fn prepare(&mut self) -> Result<(), Error> {
        let up = flags_by_index(LOOPBACK, iff::UP, iff::UP);
        self.change(up).map_err(|errno| Request::Up.refused(errno))?;
        for (index, address) in self.addresses()? {
            if index == LOOPBACK {
                gone(self.change(deletion(&address, index)), Request::DeleteAddress)?;
            }
        }
        Ok(())
    }

    /// Brings a jail's end up, and gives it these addresses.
    fn dress(&mut self, slave: u32, own: &[Prefix]) -> Result<(), Error> {
        self.bring_up(slave)?;
        for prefix in own {
            let mut message = request(rtm::NEWADDR, nlm::CREATE | nlm::EXCL, *prefix, slave);
            message.attribute(ifa::ADDRESS, &octets(prefix.address));
            if let Some(broadcast) = prefix.broadcast() {
                message.attribute(ifa::BROADCAST, &broadcast.octets());
            }
            // The routes are the host's, whatever the length is.
            message.number(ifa::FLAGS, ifa::F_NODAD | ifa::F_NOPREFIXROUTE);
            match self.change(message) {
                Ok(()) | Err(Errno::EXIST) => {}
                Err(Errno::ADDRINUSE) => return Err(Error::OfAnother(prefix.address)),
                Err(errno) => return Err(Request::AddAddress.refused(errno)),
            }
        }
        Ok(())
    }

    /// Gives a jail the host's routes that leave by the parent. The host itself knows the gateways:
    /// here everything is on the link.
    fn follow(
        &mut self,
        parent: u32,
        slave: u32,
        routes: &[Route],
        own: &[Prefix],
    ) -> Result<(), Error> {
        let leave = routes.iter().filter(|route| {
            let to = route.destination.address;
            route.interface == Some(parent)
                && route.kind == RouteKind::Unicast
                && own.iter().any(|own| own.address.is_ipv4() == to.is_ipv4())
                && !is_link_local(&to)
        });
        let mut leave: Vec<Route> = leave.copied().collect();
        if leave.len() > MOST_ROUTES {
            // Every packet goes to the host, which knows all of them.
            leave = own.iter().map(|own| everywhere(own.address)).collect();
        }
        for route in leave {
            let inside = Route { gateway: None, interface: Some(slave), ..route };
            match self.add_route(&inside) {
                Ok(()) | Err(Error::Refused { errno: Errno::EXIST, .. }) => {}
                Err(error) => return Err(error),
            }
        }
        Ok(())
    }

    /// Takes from a jail's network the addresses that are not in these places.
    fn strip(&mut self, places: &[Place]) -> Result<(), Error> {
        for (index, address) in self.addresses()? {
            if !places.iter().any(|place| place.prefix.address == address.prefix.address) {
                gone(self.change(deletion(&address, index)), Request::DeleteAddress)?;
            }
        }
        Ok(())
    }

    /// Adds the route by which the host itself reaches an address.
    fn lead(&mut self, place: &Place) -> Result<(), Error> {
        let shim = InterfaceName::from_kernel(shim_name(place.parent));
        let shim = self.index(&shim)?;
        let Prefix { address, .. } = place.prefix;
        let destination = Prefix { address, length: Prefix::width(address) };
        let route = Route { destination, interface: Some(shim), ..everywhere(address) };
        let message = way(rtm::NEWROUTE, nlm::CREATE | nlm::REPLACE, &route, place.hosts);
        self.change(message).map_err(|errno| Request::Route.refused(errno))
    }

    /// Has the table asked before that of the host's own addresses.
    fn ask_first(&mut self, family: u8) -> Result<(), Error> {
        let refused = |errno| Request::Other("rule".into()).refused(errno);
        let rules = self.rules_of(family)?;
        let is_local = |rule: &Rule| rule.action == fra::LOOK_UP && rule.table == LOCAL;
        let local = |rules: &[Rule]| rules.iter().position(is_local);
        let ours = |rules: &[Rule]| rules.iter().position(is_our_rule);
        let is_before = |rules: &[Rule]| match (ours(rules), local(rules)) {
            (Some(ours), Some(local)) => ours < local,
            (ours, None) => ours.is_some(),
            (None, _) => false,
        };
        if is_before(&rules) {
            return Ok(());
        }
        if ours(&rules).is_none() {
            let message = our_rule(family).message(rtm::NEWRULE, nlm::CREATE | nlm::EXCL);
            self.change(message).map_err(refused)?;
        }
        // Of rules with one priority, the kernel asks the older first. So the rule of the host's
        // own addresses, which has the first priority there is, is added once more, and then the
        // older one removed: there is one at any moment. A command that is killed in between leaves
        // two, which are as good as one.
        let rules = self.rules_of(family)?;
        if is_before(&rules) {
            return Ok(());
        }
        let Some(first) = local(&rules).and_then(|at| rules.get(at)) else {
            return Ok(());
        };
        let again = Rule { protocol: rta::PROTOCOL_KERNEL, ..first.clone() };
        if !ours(&rules).is_some_and(|at| rules[at..].iter().any(is_local)) {
            // Without `EXCL`: such a rule is there.
            let message = again.message(rtm::NEWRULE, nlm::CREATE);
            self.change(message).map_err(refused)?;
        }
        self.change(first.message(rtm::DELRULE, 0)).map_err(refused)
    }

    fn carried_routes(&mut self) -> Result<Vec<Route>, Error> {
        self.routes_in(TABLE)
    }
}

/// The number of lo0 in every network.
const LOOPBACK: u32 = 1;
/// The table of the host's own addresses.
const LOCAL: u32 = rta::TABLE_LOCAL as u32;
/// The rule that is made here, of a family: what this network itself sends is looked up in
/// [`TABLE`].
fn our_rule(family: u8) -> Rule {
    Rule {
        family,
        // What is sent by this network itself has come in by lo.
        interface: Some(InterfaceName::from_kernel("lo".into())),
        action: fra::LOOK_UP,
        table: TABLE,
        protocol: MARK,
        ..Rule::default()
    }
}

fn is_our_rule(rule: &Rule) -> bool {
    rule.action == fra::LOOK_UP && rule.table == TABLE && rule.protocol == MARK
}

/// The route to everybody of a family.
fn everywhere(like: IpAddr) -> Route {
    Route {
        destination: Prefix::default_of(like),
        gateway: None,
        interface: None,
        kind: RouteKind::Unicast,
        mtu: None,
        is_static: false,
        fib: Fib::DEFAULT,
    }
}

/// A request about the route of [`TABLE`] to an address of a jail; `from` is the host's own
/// address.
fn way(kind: u16, flags: u16, route: &Route, from: Option<IpAddr>) -> Message {
    let to = route.destination;
    let scope = if to.address.is_ipv4() { rta::SCOPE_LINK } else { rta::SCOPE_UNIVERSE };
    let (family, table) = (family(to.address), rta::TABLE_UNSPEC);
    let unicast = rta::TYPE_UNICAST;
    let body = [family, to.length, 0, 0, table, MARK, scope, unicast, 0, 0, 0, 0];
    let mut message = Message::new(kind, flags, &body);
    message.attribute(rta::DST, &octets(to.address)).number(rta::TABLE, TABLE);
    if let Some(interface) = route.interface {
        message.number(rta::OIF, interface);
    }
    if let Some(from) = from {
        message.attribute(rta::PREFSRC, &octets(from));
    }
    message
}

/// A request to move an ipvlan into a jail's network.
fn moving(
    index: u32,
    network: BorrowedFd<'_>,
    name: &InterfaceName,
    number: Option<u32>,
) -> Message {
    let mut message = by_index(index);
    message.number(ifla::NET_NS_FD, network.as_raw_fd().cast_unsigned());
    message.string(ifla::IFNAME, name.kernel());
    if let Some(number) = number {
        message.number(ifla::NEW_IFINDEX, number);
    }
    message
}

fn parse_slave(body: &[u8]) -> Option<Slave> {
    let mut slave = Slave {
        index: u32_at(body, 4)?,
        name: InterfaceName::from_kernel(String::new()),
        parent: None,
        is_l3s: false,
        is_ours: false,
    };
    let (mut is_ipvlan, mut elsewhere) = (false, false);
    for (kind, value) in attributes(body.get(LINK_BODY..)?) {
        match kind {
            ifla::IFNAME => slave.name = InterfaceName::from_kernel(text(value)),
            ifla::LINK => slave.parent = u32_at(value, 0),
            ifla::LINK_NETNSID => elsewhere = true,
            ifla::GROUP => {
                let made_by = u32_at(value, 0).and_then(Maker::from_group);
                slave.is_ours = made_by == Some(Maker::of_carried());
            }
            ifla::LINKINFO => {
                is_ipvlan = find(value, ifla::INFO_KIND).map(text).as_deref() == Some("ipvlan");
                let data = find(value, ifla::INFO_DATA).unwrap_or_default();
                let mode = find(data, ifla::IPVLAN_MODE).and_then(|mode| u16_at(mode, 0));
                slave.is_l3s = mode == Some(ifla::IPVLAN_L3S);
            }
            _ => {}
        }
    }
    slave.parent = slave.parent.filter(|_| !elsewhere);
    is_ipvlan.then_some(slave)
}

fn is_link_local(address: &IpAddr) -> bool {
    match address {
        IpAddr::V4(address) => address.is_link_local(),
        IpAddr::V6(address) => address.is_unicast_link_local(),
    }
}

/// What is gone already is no error.
fn gone(done: Result<(), Errno>, request: Request) -> Result<(), Error> {
    match done {
        Ok(()) | Err(Errno::ADDRNOTAVAIL | Errno::NODEV | Errno::SRCH | Errno::NOENT) => Ok(()),
        Err(errno) => Err(request.refused(errno)),
    }
}
