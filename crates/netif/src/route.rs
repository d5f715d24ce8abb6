//! The routing table: route(8).

use std::net::{IpAddr, Ipv4Addr, Ipv6Addr};

use rustix::io::Errno;

use crate::address::{Prefix, family, from_octets, octets};
use crate::error::{Error, Request};
use crate::fib::Fib;
use crate::uapi::{af, nlm, rta, rtm};
use crate::wire::{Message, Netlink, attributes, find, u32_at};

/// Length of `struct rtmsg`.
const BODY: usize = 12;

/// A route: the way to a network or a host.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Route {
    /// The network that the route leads to; length 0 is `default`, the full length a host.
    pub destination: Prefix,
    /// The next hop; `None`: the destination is on the link.
    pub gateway: Option<IpAddr>,
    /// The number of the interface; `None`: the interface that the gateway is behind.
    pub interface: Option<u32>,
    /// What becomes of the packets.
    pub kind: RouteKind,
    /// The largest packet, if the route limits it.
    pub mtu: Option<u32>,
    /// The table that the route is in.
    pub fib: Fib,
    /// An administrator has put the route there: FreeBSD's flag `STATIC`.
    pub is_static: bool,
}

/// What becomes of the packets on a route.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum RouteKind {
    /// They are sent.
    Unicast,
    /// They are dropped, and the sender is told: `-reject`.
    Reject,
    /// They are dropped: `-blackhole`.
    Blackhole,
}

impl Route {
    /// A static route to `destination` through `gateway`.
    #[must_use]
    pub fn through(destination: Prefix, gateway: IpAddr) -> Self {
        let kind = RouteKind::Unicast;
        let gateway = Some(gateway);
        let fib = Fib::DEFAULT;
        Self { destination, gateway, interface: None, kind, mtu: None, fib, is_static: true }
    }

    fn message(&self, kind: u16, flags: u16, body: [u8; BODY]) -> Message {
        let mut message = Message::new(kind, flags, &body);
        message.number(rta::TABLE, self.fib.table());
        // Linux refuses bits of the destination that are beyond its length.
        if self.destination.length > 0 {
            message.attribute(rta::DST, &octets(self.destination.network().address));
        }
        if let Some(gateway) = self.gateway {
            message.attribute(rta::GATEWAY, &octets(gateway));
        }
        if let Some(interface) = self.interface {
            message.number(rta::OIF, interface);
        }
        if let Some(mtu) = self.mtu {
            message.nest(rta::METRICS, |metrics| {
                metrics.number(rta::METRIC_MTU, mtu);
            });
        }
        message
    }

    fn body(&self, scope: u8, kind: u8) -> [u8; BODY] {
        let family = family(self.destination.address);
        // The table is an attribute: those of fibs have no room here.
        let (length, table) = (self.destination.length, 0);
        let protocol = if self.is_static { rta::PROTOCOL_STATIC } else { rta::PROTOCOL_KERNEL };
        [family, length, 0, 0, table, protocol, scope, kind, 0, 0, 0, 0]
    }
}

impl Netlink {
    /// `add`: adds a route.
    ///
    /// # Errors
    /// `EEXIST`: there is a route to the same destination; `ENETUNREACH`: nothing leads to the
    /// gateway.
    pub fn add_route(&mut self, route: &Route) -> Result<(), Error> {
        self.put_route(route, nlm::CREATE | nlm::EXCL)
    }

    /// `change`: changes the route to a destination.
    ///
    /// # Errors
    /// `ESRCH`: there is no route to this destination; `ENETUNREACH`: nothing leads to the gateway.
    pub fn change_route(&mut self, route: &Route) -> Result<(), Error> {
        self.put_route(route, nlm::REPLACE)
    }

    fn put_route(&mut self, route: &Route, flags: u16) -> Result<(), Error> {
        // IPv6's routes have no scope.
        let on_link = route.gateway.is_none() && route.destination.address.is_ipv4();
        let (scope, kind) = match route.kind {
            RouteKind::Unicast if on_link => (rta::SCOPE_LINK, rta::TYPE_UNICAST),
            RouteKind::Unicast => (rta::SCOPE_UNIVERSE, rta::TYPE_UNICAST),
            RouteKind::Reject => (rta::SCOPE_UNIVERSE, rta::TYPE_UNREACHABLE),
            RouteKind::Blackhole => (rta::SCOPE_UNIVERSE, rta::TYPE_BLACKHOLE),
        };
        let message = route.message(rtm::NEWROUTE, flags, route.body(scope, kind));
        self.change(message).map_err(|errno| {
            Request::Route.refused(match errno {
                // Linux has other errors for IPv6, and for a route to be changed that is not there.
                Errno::HOSTUNREACH => Errno::NETUNREACH,
                Errno::NOENT => Errno::SRCH,
                errno => errno,
            })
        })
    }

    /// `delete`: removes the route to `destination`; if there is a gateway, only the route through
    /// it.
    ///
    /// # Errors
    /// `ESRCH`: there is no such route.
    pub fn delete_route(&mut self, route: &Route) -> Result<(), Error> {
        // This scope and this type match every route.
        let body = route.body(rta::SCOPE_NOWHERE, rta::TYPE_UNSPEC);
        let mut body = body;
        body[5] = 0; // whoever put it there
        let message = route.message(rtm::DELROUTE, 0, body);
        self.change(message).map_err(|errno| Request::Route.refused(errno))
    }

    /// `get`: the route of the fib's table by which packets to `destination` leave, or are dropped.
    ///
    /// # Errors
    /// `ESRCH`: there is no such route.
    pub fn get_route(&mut self, destination: IpAddr, fib: Fib) -> Result<Route, Error> {
        let mut body = [0; BODY];
        body[0] = family(destination);
        body[1] = Prefix::width(destination);
        // Without it the answer is the path to this one host, and not the route of the table.
        body[8..].copy_from_slice(&rta::F_FIB_MATCH.to_ne_bytes());
        let mut message = Message::new(rtm::GETROUTE, 0, &body);
        message.attribute(rta::DST, &octets(destination));
        if fib == Fib::DEFAULT
            && let Ok(answer) = self.get(message)
        {
            return parse(&answer).map(|(_, route)| route).ok_or(Error::Listing(Errno::BADMSG));
        }
        // The kernel does not show a route that drops packets: it answers as if it had dropped
        // ours. And it asks the table of another fib only where that has its rules. So the table is
        // searched for the longest match.
        let leads = |route: &Route| {
            let length = route.destination.length;
            let there = Prefix { address: destination, length }.network();
            there == route.destination.network()
        };
        let found =
            self.routes_of(fib)?.into_iter().filter(leads).max_by_key(|r| r.destination.length);
        found.ok_or_else(|| Request::Route.refused(Errno::SRCH))
    }

    /// The routes of the main table, IPv4 first.
    ///
    /// # Errors
    /// `Listing`.
    pub fn routes(&mut self) -> Result<Vec<Route>, Error> {
        self.routes_of(Fib::DEFAULT)
    }

    /// The routes of a fib's table, IPv4 first.
    ///
    /// # Errors
    /// `Listing`.
    pub fn routes_of(&mut self, fib: Fib) -> Result<Vec<Route>, Error> {
        let routes = self.routes_in(fib.table())?.into_iter();
        Ok(routes.map(|route| Route { fib, ..route }).collect())
    }

    /// The routes of a table, IPv4 first.
    pub(crate) fn routes_in(&mut self, table: u32) -> Result<Vec<Route>, Error> {
        let mut found: Vec<Route> = Vec::new();
        for family in [af::INET, af::INET6] {
            let request = || {
                let mut body = [0; BODY];
                body[0] = family;
                Message::new(rtm::GETROUTE, 0, &body)
            };
            let collect = |found: &mut Vec<Route>, body: &[u8]| {
                let own = parse(body).filter(|&(of, _)| of == table);
                found.extend(own.map(|(_, route)| route));
            };
            match self.dump(request, collect) {
                Ok(routes) => found.extend(routes),
                // A kernel without IPv6 has no such table.
                Err(Errno::OPNOTSUPP | Errno::AFNOSUPPORT) => {}
                Err(errno) => return Err(Error::Listing(errno)),
            }
        }
        Ok(found)
    }
}

/// A route from the body of an `RTM_NEWROUTE`, and the route's table.
fn parse(body: &[u8]) -> Option<(u32, Route)> {
    let &[family, length, _, _, table, protocol, _, kind, ..] = body else { return None };
    let kind = match kind {
        rta::TYPE_BLACKHOLE => RouteKind::Blackhole,
        // `prohibit` differs only in what the sender is told.
        rta::TYPE_UNREACHABLE | rta::TYPE_PROHIBIT => RouteKind::Reject,
        _ => RouteKind::Unicast,
    };
    let unspecified: IpAddr = match family {
        af::INET => Ipv4Addr::UNSPECIFIED.into(),
        af::INET6 => Ipv6Addr::UNSPECIFIED.into(),
        _ => return None,
    };
    let destination = Prefix { address: unspecified, length };
    let is_static = protocol != rta::PROTOCOL_KERNEL;
    let mut route = Route {
        destination,
        gateway: None,
        interface: None,
        kind,
        mtu: None,
        fib: Fib::DEFAULT,
        is_static,
    };
    let mut table = u32::from(table);
    for (attribute, value) in attributes(body.get(BODY..)?) {
        match attribute {
            rta::DST => route.destination.address = from_octets(value)?,
            rta::GATEWAY => route.gateway = from_octets(value),
            rta::OIF => route.interface = u32_at(value, 0),
            // A table above 255 has no room in the fixed structure.
            rta::TABLE => table = u32_at(value, 0)?,
            rta::METRICS => {
                route.mtu = find(value, rta::METRIC_MTU).and_then(|mtu| u32_at(mtu, 0));
            }
            _ => {}
        }
    }
    Some((table, route))
}
