//! Who has which address on the link: arp(8), ndp(8).

use std::net::IpAddr;

use crate::address::{EtherAddress, family, from_octets, octets};
use crate::error::{Error, Request};
use crate::interface::USER_HZ;
use crate::uapi::{af, nda, nlm, rtm};
use crate::wire::{Message, Netlink, attributes, u16_at, u32_at};

/// Length of `struct ndmsg`.
pub(crate) const NDMSG: usize = 12;

/// A host on the link, or the question for one.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Neighbour {
    /// The address that is asked for.
    pub address: IpAddr,
    /// The number of the interface that the host is behind.
    pub interface: u32,
    /// The host's link-level address; `None`: not yet known.
    pub ether: Option<EtherAddress>,
    /// What is known of the host.
    pub state: NeighbourState,
    /// IPv6: the host is a router.
    pub is_router: bool,
    /// We answer for this address: `published`.
    pub is_proxy: bool,
    /// The seconds since the host last confirmed its address.
    pub age: u32,
}

/// What is known of a neighbour.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
#[allow(missing_docs)] // the words of ndp(8)
pub enum NeighbourState {
    Incomplete,
    Reachable,
    Stale,
    Delay,
    Probe,
    Permanent,
}

impl Netlink {
    /// The neighbours of one family, in the kernel's order.
    ///
    /// # Errors
    /// `Listing`.
    pub fn neighbours(&mut self, inet6: bool) -> Result<Vec<Neighbour>, Error> {
        let request = || {
            let family = if inet6 { af::INET6 } else { af::INET };
            Message::new(rtm::GETNEIGH, 0, &ndmsg(family, 0, 0, 0))
        };
        let collect = |found: &mut Vec<Neighbour>, body: &[u8]| found.extend(parse(body));
        self.dump(request, collect).map_err(Error::Listing)
    }

    /// Puts a neighbour there, in place of what was known of its address; an address that is
    /// published has no link-level address, as we answer with our own. [`Neighbour::age`] means
    /// nothing here.
    ///
    /// # Errors
    /// The kernel's, as `ADDRESS: …`.
    pub fn put_neighbour(&mut self, neighbour: &Neighbour) -> Result<(), Error> {
        let state = match neighbour.state {
            NeighbourState::Permanent => nda::STATE_PERMANENT,
            _ => nda::STATE_REACHABLE,
        };
        let flags = if neighbour.is_proxy { nda::FLAG_PROXY } else { 0 };
        let body = ndmsg(family(neighbour.address), neighbour.interface, state, flags);
        let mut message = Message::new(rtm::NEWNEIGH, nlm::CREATE | nlm::REPLACE, &body);
        message.attribute(nda::DST, &octets(neighbour.address));
        if let Some(ether) = neighbour.ether {
            message.attribute(nda::LLADDR, &ether.0);
        }
        let request = Request::Other(neighbour.address.to_string());
        self.change(message).map_err(|errno| request.refused(errno))
    }

    /// Forgets a neighbour: the next packet to it asks anew.
    ///
    /// # Errors
    /// `ENOENT`: the neighbour is forgotten already.
    pub fn forget_neighbour(&mut self, neighbour: &Neighbour) -> Result<(), Error> {
        let flags = if neighbour.is_proxy { nda::FLAG_PROXY } else { 0 };
        let body = ndmsg(family(neighbour.address), neighbour.interface, 0, flags);
        let mut message = Message::new(rtm::DELNEIGH, 0, &body);
        message.attribute(nda::DST, &octets(neighbour.address));
        let request = Request::Other(neighbour.address.to_string());
        self.change(message).map_err(|errno| request.refused(errno))
    }
}

/// `struct ndmsg`: a neighbour behind `interface`, or an address that a bridge knows.
pub(crate) fn ndmsg(family: u8, interface: u32, state: u16, flags: u8) -> [u8; NDMSG] {
    let mut body = [0; NDMSG];
    body[0] = family;
    body[4..8].copy_from_slice(&interface.to_ne_bytes());
    body[8..10].copy_from_slice(&state.to_ne_bytes());
    body[10] = flags;
    body
}

/// A neighbour from the body of an `RTM_NEWNEIGH`. `None`: a multicast address, which nobody asks
/// for.
fn parse(body: &[u8]) -> Option<Neighbour> {
    let (interface, bits, flags) = (u32_at(body, 4)?, u16_at(body, 8)?, *body.get(10)?);
    let state = match bits {
        // A question without an answer and one that has failed are the same to arp(8): no address.
        nda::STATE_INCOMPLETE | nda::STATE_FAILED => NeighbourState::Incomplete,
        nda::STATE_REACHABLE => NeighbourState::Reachable,
        nda::STATE_STALE => NeighbourState::Stale,
        nda::STATE_DELAY => NeighbourState::Delay,
        nda::STATE_PROBE => NeighbourState::Probe,
        nda::STATE_PERMANENT => NeighbourState::Permanent,
        _ => return None,
    };
    let (mut address, mut ether, mut age) = (None, None, 0);
    for (kind, value) in attributes(body.get(NDMSG..)?) {
        match kind {
            nda::DST => address = from_octets(value),
            nda::LLADDR => ether = value.try_into().ok().map(EtherAddress),
            nda::CACHEINFO => age = u32_at(value, 0)? / USER_HZ,
            _ => {}
        }
    }
    let (is_router, is_proxy) = (flags & nda::FLAG_ROUTER != 0, flags & nda::FLAG_PROXY != 0);
    Some(Neighbour { address: address?, interface, ether, state, is_router, is_proxy, age })
}
