//! Whether the default gateway is still there: whether it answers who has its address.

use std::net::{IpAddr, SocketAddr, SocketAddrV6, UdpSocket};
use std::time::{Duration, Instant};

use netif::{InterfaceAddress, NeighbourState, Netlink, Prefix};

use super::snapshot::Snapshot;

/// The port that throws everything away: RFC 863. What counts is the question before the packet.
const DISCARD: u16 = 9;
/// How long an answer may take before the question is asked again.
const ANSWER: Duration = Duration::from_millis(1000);
const PAUSE: Duration = Duration::from_millis(10);

/// The way out, as it was before the change.
#[derive(Debug, Clone, Copy)]
pub(super) struct Gateway {
    address: IpAddr,
    /// The interface that a link-local address is on.
    interface: u32,
}

impl Gateway {
    /// The default gateway: that of IPv4, else that of IPv6.
    pub(super) fn of(before: &Snapshot) -> Option<Self> {
        let route =
            before.routes.iter().find(|it| it.destination.length == 0 && it.gateway.is_some())?;
        Some(Self { address: route.gateway?, interface: route.interface.unwrap_or(0) })
    }

    /// Asks once more for the gateway, forgetting what was known, and waits a little for the answer.
    pub(super) fn answers(self, netlink: &mut Netlink) -> bool {
        let known = |netlink: &mut Netlink| {
            let all = netlink.neighbours(self.address.is_ipv6()).unwrap_or_default();
            all.into_iter().filter(|it| it.address == self.address).collect::<Vec<_>>()
        };
        for old in known(netlink) {
            // What is permanent was put there and proves nothing.
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

    /// Whether `interface` has an address in the gateway's network. A gateway answers strangers on its
    /// link too; but what it sends to us then goes elsewhere.
    fn is_on_our_network(self, netlink: &mut Netlink, interface: u32) -> bool {
        let holds = |address: &InterfaceAddress| {
            let there = Prefix { address: self.address, length: address.prefix.length };
            let same_family = self.address.is_ipv4() == address.prefix.address.is_ipv4();
            same_family && there.network() == address.prefix.network()
                || address.destination == Some(self.address)
        };
        let addresses = netlink.addresses().unwrap_or_default();
        addresses.iter().any(|(owner, address)| *owner == interface && holds(address))
    }

    /// Sends a packet that makes the kernel ask.
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
