//! Addresses, routes, rules and neighbours: as the kernel lists them, and as it takes them back.
//!
//! What the kernel makes when it is asked to is left out: temporary addresses, its table of local
//! addresses, what was learned. So is what changes by itself: counters, ages, states. What the
//! kernel gives once is kept: routes that follow from addresses, link-local addresses, what a
//! router has advertised. Somebody may have deleted that, and the way out with it.

use rustix::io::Errno;

use crate::error::Error;
use crate::neighbour::{NDMSG, ndmsg};
use crate::uapi::{af, ifa, nda, nlm, rta, rtm};
use crate::wire::{Message, Netlink, attributes, u16_at, u32_at};

use super::Numbers;

/// The kinds of objects, in the order in which one needs another.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Table {
    Addresses,
    Rules,
    Routes,
    Neighbours,
}

impl Table {
    pub(super) const ALL: [Self; 4] =
        [Self::Addresses, Self::Rules, Self::Routes, Self::Neighbours];

    /// The request that lists a table, and the fixed structures to send it with.
    fn requests(self) -> (u16, Vec<Vec<u8>>) {
        let of_family = |length: usize| {
            [af::INET, af::INET6].map(|family| {
                let mut body = vec![0; length];
                body[0] = family;
                body
            })
        };
        let neighbours = [
            ndmsg(af::INET, 0, 0, 0),
            // The kernel lists proxies only when they alone are asked for.
            ndmsg(af::INET6, 0, 0, 0),
            ndmsg(af::INET, 0, 0, nda::FLAG_PROXY),
            ndmsg(af::INET6, 0, 0, nda::FLAG_PROXY),
            ndmsg(af::BRIDGE, 0, 0, 0),
        ];
        match self {
            Self::Addresses => (rtm::GETADDR, of_family(8).to_vec()),
            Self::Rules => (rtm::GETRULE, of_family(12).to_vec()),
            Self::Routes => (rtm::GETROUTE, of_family(12).to_vec()),
            Self::Neighbours => (rtm::GETNEIGH, neighbours.map(|body| body.to_vec()).to_vec()),
        }
    }

    /// The requests that make and delete an object, and the length of the fixed structure.
    fn changes(self) -> (u16, u16, usize) {
        match self {
            Self::Addresses => (rtm::NEWADDR, rtm::DELADDR, 8),
            Self::Rules => (rtm::NEWRULE, rtm::DELRULE, 12),
            Self::Routes => (rtm::NEWROUTE, rtm::DELROUTE, 12),
            Self::Neighbours => (rtm::NEWNEIGH, rtm::DELNEIGH, NDMSG),
        }
    }

    /// What an error message calls an object.
    pub(super) fn word(self) -> &'static str {
        match self {
            Self::Addresses => "an address",
            Self::Rules => "a routing rule",
            Self::Routes => "a route",
            Self::Neighbours => "a neighbour",
        }
    }

    /// Reads all objects that are kept.
    pub(super) fn read(self, netlink: &mut Netlink) -> Result<Vec<Object>, Error> {
        let (kind, bodies) = self.requests();
        let mut all = Vec::new();
        for body in bodies {
            let collect = |found: &mut Vec<Object>, body: &[u8]| found.extend(self.keep(body));
            match netlink.dump(|| Message::new(kind, 0, &body), collect) {
                Ok(found) => all.extend(found),
                // A kernel without IPv6, or without rules, has no such table.
                Err(Errno::OPNOTSUPP | Errno::AFNOSUPPORT) => {}
                Err(errno) => return Err(Error::Listing(errno)),
            }
        }
        Ok(all)
    }

    fn keep(self, body: &[u8]) -> Option<Object> {
        let object = Object::parse(body, self.changes().2)?;
        match self {
            Self::Addresses => object.address(),
            Self::Rules => Some(object.rule()),
            Self::Routes => object.route(),
            Self::Neighbours => object.neighbour(),
        }
    }

    /// Makes an object again.
    pub(super) fn add(self, netlink: &mut Netlink, object: &Object) -> Result<(), Errno> {
        let flags = match self {
            // Several ends of a tunnel may have the same address.
            Self::Neighbours if object.head[10] & nda::FLAG_SELF != 0 => nlm::CREATE | nlm::APPEND,
            Self::Neighbours | Self::Addresses => nlm::CREATE | nlm::REPLACE,
            // Several routes of different metrics, and several rules, may look the same.
            Self::Rules | Self::Routes => nlm::CREATE,
        };
        let mut message = object.message(self.changes().0, flags);
        for (kind, value) in &object.once {
            message.attribute(*kind, value);
        }
        match netlink.change(message) {
            // Made by the kernel meanwhile, as a connected route is with its address.
            Err(Errno::EXIST) => Ok(()),
            done => done,
        }
    }

    /// Deletes an object. An object that no longer exists is no error.
    pub(super) fn delete(self, netlink: &mut Netlink, object: &Object) -> Result<(), Errno> {
        match netlink.change(object.message(self.changes().1, 0)) {
            // With an interface or an address the kernel removes the routes that need it.
            Err(Errno::SRCH | Errno::NOENT | Errno::ADDRNOTAVAIL | Errno::NODEV) => Ok(()),
            done => done,
        }
    }

    /// The same object with today's numbers of interfaces. `None`: its interface does not exist.
    pub(super) fn renumbered(self, object: &Object, numbers: &Numbers) -> Option<Object> {
        let mut object = object.clone();
        match self {
            Self::Addresses => numbers.replace(&mut object.head, 4)?,
            Self::Rules => {}
            Self::Routes => {
                for (kind, value) in &mut object.attributes {
                    match *kind {
                        rta::OIF | rta::IIF => numbers.replace(value, 0)?,
                        rta::MULTIPATH => each_hop(value, |hop| numbers.replace(hop, 4))?,
                        _ => {}
                    }
                }
            }
            Self::Neighbours => {
                numbers.replace(&mut object.head, 4)?;
                for (_, value) in object.attributes.iter_mut().filter(|it| it.0 == nda::IFINDEX) {
                    numbers.replace(value, 0)?;
                }
            }
        }
        Some(object)
    }
}

/// One object: the fixed structure, and its attributes.
#[derive(Debug, Clone)]
pub(super) struct Object {
    head: Vec<u8>,
    attributes: Vec<(u16, Vec<u8>)>,
    /// What is said when the object is made, but is no part of what the object is.
    once: Vec<(u16, Vec<u8>)>,
    /// The kernel gives such an object when it sees fit. So one that is new is no change, but one
    /// that is missing is.
    pub(super) is_kernels: bool,
}

impl PartialEq for Object {
    fn eq(&self, other: &Self) -> bool {
        (&self.head, &self.attributes) == (&other.head, &other.attributes)
    }
}

impl Object {
    fn parse(body: &[u8], head: usize) -> Option<Self> {
        let owned = attributes(body.get(head..)?).map(|(kind, value)| (kind, value.to_vec()));
        let (head, attributes) = (body[..head].to_vec(), owned.collect());
        Some(Self { head, attributes, once: Vec::new(), is_kernels: false })
    }

    fn message(&self, kind: u16, flags: u16) -> Message {
        let mut message = Message::new(kind, flags, &self.head);
        for (kind, value) in &self.attributes {
            message.attribute(*kind, value);
        }
        message
    }

    fn find(&self, wanted: u16) -> Option<&[u8]> {
        self.attributes.iter().find(|(kind, _)| *kind == wanted).map(|(_, value)| value.as_slice())
    }

    fn without(mut self, kinds: &[u16]) -> Self {
        self.attributes.retain(|(kind, _)| !kinds.contains(kind));
        self
    }

    /// An address that is kept. `None`: the kernel makes it from another one.
    fn address(self) -> Option<Self> {
        let flags = self.find(ifa::FLAGS).and_then(|value| u32_at(value, 0));
        let flags = flags.unwrap_or(u32::from(self.head[2]));
        let is_inet6 = self.is_inet6();
        // The kernel makes temporary addresses anew from the router's prefix.
        if is_inet6 && flags & ifa::F_TEMPORARY != 0 {
            return None;
        }
        let giver = self.find(ifa::PROTO).and_then(|value| value.first().copied()).unwrap_or(0);
        let mut once: Vec<(u16, Vec<u8>)> = Vec::new();
        // What is left of a lifetime is smaller at each look, so it is no part of what the address
        // is.
        if flags & ifa::F_PERMANENT == 0 {
            once.extend(self.find(ifa::CACHEINFO).map(|life| (ifa::CACHEINFO, life.to_vec())));
        }
        let mut kept = self.without(&[ifa::CACHEINFO, ifa::FLAGS]);
        let flags = flags & ifa::F_SETTABLE;
        kept.head[2] = 0;
        kept.attributes.push((ifa::FLAGS, flags.to_ne_bytes().to_vec()));
        if is_inet6 {
            // Its uniqueness was proved a moment ago. Of two equal attributes the second counts.
            let mut flags = flags | ifa::F_NODAD;
            if giver == ifa::PROTO_KERNEL_RA {
                // The router says apart from the address whether its network is on the link: the
                // route is saved by itself, if there is one.
                flags |= ifa::F_NOPREFIXROUTE;
            }
            once.push((ifa::FLAGS, flags.to_ne_bytes().to_vec()));
        }
        let is_kernels = (1..=ifa::PROTO_KERNEL_LAST).contains(&giver);
        Some(Self { once, is_kernels, ..kept })
    }

    pub(super) fn is_inet6(&self) -> bool {
        self.head[0] == af::INET6
    }

    /// The number of the interface of an address.
    pub(super) fn interface(&self) -> Option<u32> {
        u32_at(&self.head, 4)
    }

    fn rule(self) -> Self {
        /// The kernel adds a flag if the interface of a rule does not exist, which is none of the
        /// rule's; that a rule is inverted is its own.
        const INVERT: u32 = 2;
        self.with_flags(8, INVERT)
    }

    fn route(self) -> Option<Self> {
        let &[_, _, _, _, table, protocol, ..] = self.head.as_slice() else { return None };
        let table = self.find(rta::TABLE).and_then(|it| u32_at(it, 0)).unwrap_or(table.into());
        let is_cloned = u32_at(&self.head, 8)? & rta::F_CLONED != 0;
        // The kernel makes these routes itself: from a packet, a redirect, or an address of the
        // host.
        if is_cloned || protocol == rta::PROTOCOL_REDIRECT || table == rta::TABLE_LOCAL.into() {
            return None;
        }
        let once = self.route_once(protocol == rta::PROTOCOL_RA);
        let mut kept = self.without(&[rta::CACHEINFO, rta::EXPIRES]).with_flags(8, rta::NH_ONLINK);
        if kept.find(rta::NH_ID).is_some() {
            // The next hop is an object of its own, which has these attributes; the kernel refuses
            // both.
            let said = [rta::OIF, rta::GATEWAY, rta::MULTIPATH, rta::VIA];
            kept = kept.without(&said).without(&[rta::ENCAP, rta::ENCAP_TYPE]);
        }
        for (_, hops) in kept.attributes.iter_mut().filter(|it| it.0 == rta::MULTIPATH) {
            each_hop(hops, |hop| {
                // The other flags say how the hop is at the moment, as by a carrier that is lost.
                hop[2] &= rta::NH_ONLINK as u8;
                Some(())
            })?;
        }
        let is_kernels = [rta::PROTOCOL_KERNEL, rta::PROTOCOL_RA].contains(&protocol);
        Some(Self { once, is_kernels, ..kept })
    }

    /// How long a route is still good, if not for ever, and the place of a route that a router has
    /// advertised.
    fn route_once(&self, is_advertised: bool) -> Vec<(u16, Vec<u8>)> {
        /// The place of the time that is left in a struct rta_cacheinfo.
        const LEFT: usize = 8;
        /// Ticks in a second, in all that programs are told.
        const TICKS: u32 = 100;
        /// The metric of an IPv6 route for which none is given.
        const METRIC: u32 = 1024;
        if !self.is_inet6() {
            return Vec::new();
        }
        let number = |kind, at| self.find(kind).and_then(|value| u32_at(value, at));
        let left = number(rta::CACHEINFO, LEFT).filter(|&left| left > 0);
        let expires = left.map(|left| (rta::EXPIRES, (left / TICKS).max(1).to_ne_bytes().to_vec()));
        let metric = number(rta::PRIORITY, 0).unwrap_or(METRIC).saturating_add(1);
        // One place behind its own: an advertisement does not know a route that was not made by
        // one, and all that it says would be thrown away if such a route had the place.
        let behind = is_advertised.then(|| (rta::PRIORITY, metric.to_ne_bytes().to_vec()));
        expires.into_iter().chain(behind).collect()
    }

    /// A neighbour that somebody has put there. In a bridge or a vxlan it is the way to an address.
    fn neighbour(mut self) -> Option<Self> {
        let (state, flags) = (u16_at(&self.head, 8)?, *self.head.get(10)?);
        let is_permanent = state & nda::STATE_PERMANENT != 0;
        let (is_kept, role) = match self.head[0] {
            // With a master it is an entry of the bridge's table, without one of the vxlan's own.
            af::BRIDGE if self.find(nda::MASTER).is_some() => {
                (state & nda::STATE_NOARP != 0 && !is_permanent, nda::FLAG_MASTER)
            }
            af::BRIDGE => (is_permanent && self.find(nda::DST).is_some(), nda::FLAG_SELF),
            _ => (is_permanent || flags & nda::FLAG_PROXY != 0, 0),
        };
        self.head[10] = flags & (nda::FLAG_PROXY | nda::FLAG_ROUTER | nda::FLAG_STICKY) | role;
        self.head[11] = 0;
        // The rest is about its age, and new at each look.
        let says = [nda::DST, nda::LLADDR, nda::VLAN, nda::PORT, nda::VNI, nda::IFINDEX];
        self.attributes.retain(|(kind, _)| says.contains(kind));
        is_kept.then_some(self)
    }

    fn with_flags(mut self, at: usize, mask: u32) -> Self {
        let flags = u32_at(&self.head, at).unwrap_or(0) & mask;
        self.head[at..at + 4].copy_from_slice(&flags.to_ne_bytes());
        self
    }
}

/// Lets `change` edit each `struct rtnexthop` of a route with several: a length, flags, hops, an
/// interface's number.
fn each_hop(mut hops: &mut [u8], change: impl Fn(&mut [u8]) -> Option<()>) -> Option<()> {
    while let Some(length) = u16_at(hops, 0).map(usize::from) {
        // A length of 0 would never end.
        if length < 8 || length > hops.len() {
            return None;
        }
        change(&mut hops[..length])?;
        let next = length.next_multiple_of(4).min(hops.len());
        hops = &mut hops[next..];
    }
    Some(())
}

#[cfg(test)]
mod tests {
    use super::*;

    fn body(head: &[u8], attributes: &[(u16, &[u8])]) -> Vec<u8> {
        let mut bytes = head.to_vec();
        for (kind, value) in attributes {
            bytes.extend((value.len() as u16 + 4).to_ne_bytes());
            bytes.extend(kind.to_ne_bytes());
            bytes.extend_from_slice(value);
            bytes.resize(bytes.len().next_multiple_of(4), 0);
        }
        bytes
    }

    /// Any answer is an object or none, whatever it looks like.
    #[test]
    fn short_and_odd_answers() {
        for table in Table::ALL {
            for filler in [0, 1, 4, 7, 0xff] {
                for length in 0..48 {
                    let _ = table.keep(&vec![filler; length]);
                }
            }
        }
        let mut hops = [3, 0, 0, 0, 1, 0, 0, 0];
        assert_eq!(each_hop(&mut hops, |_| Some(())), None);
        hops[0] = 9;
        assert_eq!(each_hop(&mut hops, |_| Some(())), None);
    }

    #[test]
    #[rustfmt::skip]
    fn what_is_kept() {
        let address = |flags: u32, proto: u8| body(&[af::INET, 24, 0, 0, 1, 0, 0, 0], &[(ifa::LOCAL, &[10, 0, 0, 1]), (ifa::FLAGS, &flags.to_ne_bytes()), (ifa::PROTO, &[proto])]);
        let route = |table, protocol| body(&[af::INET, 0, 0, 0, table, protocol, 0, 1, 0, 0, 0, 0], &[(rta::OIF, &[1, 0, 0, 0])]);
        let neighbour = |family, state: u8, flags| body(&[family, 0, 0, 0, 1, 0, 0, 0, state, 0, flags, 0], &[(nda::LLADDR, &[2, 0, 0, 0, 0, 1]), (nda::MASTER, &[2, 0, 0, 0])]);
        for (table, body, want) in [
            (Table::Addresses,  address(0x80, 0),            Some(false)),
            (Table::Addresses,  address(0x80, 3),            Some(true)), // link-local, the kernel's
            (Table::Routes,     route(254, 4),               Some(false)),
            (Table::Routes,     route(7, 16),                Some(false)), // a DHCP client's, in a table of its own
            (Table::Routes,     route(254, 2),               Some(true)),
            (Table::Routes,     route(254, 9),               Some(true)), // a router's advertisement
            (Table::Routes,     route(255, 2),               None),
            (Table::Neighbours, neighbour(af::INET, 0x80, 0), Some(false)),
            (Table::Neighbours, neighbour(af::INET, 0x02, 0), None), // learned
            (Table::Neighbours, neighbour(af::INET, 0x04, 8), Some(false)), // proxy
            (Table::Neighbours, neighbour(af::BRIDGE, 0x40, 0), Some(false)),
            (Table::Neighbours, neighbour(af::BRIDGE, 0x80, 0), None), // a member's own
        ] {
            assert_eq!(table.keep(&body).map(|it| it.is_kernels), want, "{table:?} {body:?}");
        }
    }

    /// A route follows an interface that was made again, and is dropped with one that was not.
    #[test]
    fn numbers() {
        let hop = [8, 0, 0, 0, 3, 0, 0, 0];
        let numbers = Numbers([(3, 30)].into());
        for (attribute, at) in [(rta::OIF, 0), (rta::MULTIPATH, 4)] {
            let value = if at == 0 { &hop[4..] } else { &hop[..] };
            let head = [af::INET, 0, 0, 0, 254, 4, 0, 1, 0, 0, 0, 0];
            let object = Table::Routes.keep(&body(&head, &[(attribute, value)])).unwrap();
            let now = Table::Routes.renumbered(&object, &numbers).unwrap();
            assert_eq!(u32_at(now.find(attribute).unwrap(), at), Some(30));
            assert!(Table::Routes.renumbered(&now, &numbers).is_none());
        }
    }
}
