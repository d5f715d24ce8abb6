//! Whether the default gateway is still there: whether it answers when its link-level address is
//! asked for.

use std::net::{IpAddr, SocketAddr, SocketAddrV6, UdpSocket};
use std::time::{Duration, Instant};

use crate::address::{InterfaceAddress, Prefix};
use crate::neighbour::NeighbourState;
use crate::route::Route;
use crate::wire::Netlink;

/// The discard port: RFC 863. Only the question for the address counts, which comes before the
/// packet.
const DISCARD: u16 = 9;
/// How long an answer is waited for; the kernel itself asks again after a second.
const ANSWER: Duration = Duration::from_millis(1000);
const PAUSE: Duration = Duration::from_millis(10);

/// The families of IP whose default gateway answered before a change: the change must leave these
/// in reach.
pub struct WaysOut([bool; 2]);

impl WaysOut {
    /// Asks the gateways that the network has now.
    pub fn of(netlink: &mut Netlink) -> Self {
        Self([false, true].map(|inet6| Gateway::answers_in(netlink, inet6)))
    }

    /// Whether any gateway answered before the change.
    #[must_use]
    pub fn were_open(&self) -> bool {
        self.0.contains(&true)
    }

    /// Whether each of these families has a gateway that answers. If none answered before, one that
    /// answers now is enough.
    pub fn are_open(&self, netlink: &mut Netlink) -> bool {
        let mut answers = |inet6: bool| Gateway::answers_in(netlink, inet6);
        match self.0 {
            [false, false] => answers(false) || answers(true),
            [inet, inet6] => (!inet || answers(false)) && (!inet6 || answers(true)),
        }
    }
}

/// The next hop of a default route.
#[derive(Debug, Clone, Copy)]
struct Gateway {
    address: IpAddr,
    /// The interface of the route; a link-local address means nothing without it.
    interface: u32,
}

impl Gateway {
    /// Whether the default gateway of a family answers, if there is one.
    fn answers_in(netlink: &mut Netlink, inet6: bool) -> bool {
        let routes = netlink.routes().unwrap_or_default();
        let leads_out = |route: &&Route| {
            route.destination.length == 0 && route.destination.address.is_ipv6() == inet6
        };
        let gateway = routes.iter().filter(leads_out).find_map(|route| {
            let interface = route.interface.unwrap_or(0);
            route.gateway.map(|address| Self { address, interface })
        });
        gateway.is_some_and(|gateway| gateway.answers(netlink))
    }

    /// Asks for the gateway's link-level address anew, and waits a little for the answer.
    fn answers(self, netlink: &mut Netlink) -> bool {
        let known = |netlink: &mut Netlink| {
            let all = netlink.neighbours(self.address.is_ipv6()).unwrap_or_default();
            all.into_iter().filter(|it| it.address == self.address).collect::<Vec<_>>()
            // An entry that is still fresh would prove only that the gateway was there before the
            // change.
        };
        for old in known(netlink) {
            // A permanent entry is somebody's own: the kernel asks nothing then, so it proves
            // nothing.
            if old.state == NeighbourState::Permanent {
                return false;
            }
            // An entry that has gone meanwhile is as good as forgotten.
            let _ = netlink.forget_neighbour(&old);
        }
        if self.send().is_none() {
            return false;
        }
        let end = Instant::now() + ANSWER;
        while Instant::now() < end {
            let found = known(netlink);
            let answer = found.iter().find(|it| it.state == NeighbourState::Reachable);
            if let Some(answer) = answer {
                return self.is_on_our_network(netlink, answer.interface);
            }
            std::thread::sleep(PAUSE);
        }
        false
    }

    /// Whether `interface` has an address in the gateway's network.
    fn is_on_our_network(self, netlink: &mut Netlink, interface: u32) -> bool {
        // A gateway answers strangers on its link too, but what it sends to us then leaves by
        // another way.
        let holds = |address: &InterfaceAddress| {
            let there = Prefix { address: self.address, length: address.prefix.length };
            let same_family = self.address.is_ipv4() == address.prefix.address.is_ipv4();
            same_family && there.network() == address.prefix.network()
                || address.destination == Some(self.address)
        };
        let addresses = netlink.addresses().unwrap_or_default();
        addresses.iter().any(|(owner, address)| *owner == interface && holds(address))
    }

    /// Sends a packet, before which the kernel has to ask for the link-level address.
    fn send(self) -> Option<()> {
        let (own, to): (&str, SocketAddr) = match self.address {
            IpAddr::V4(address) => ("0.0.0.0:0", (address, DISCARD).into()),
            IpAddr::V6(address) => {
                let scope = if address.is_unicast_link_local() { self.interface } else { 0 };
                ("[::]:0", SocketAddrV6::new(address, DISCARD, 0, scope).into())
            }
        };
        UdpSocket::bind(own).ok()?.send_to(&[0], to).ok().map(|_| ())
    }
}
