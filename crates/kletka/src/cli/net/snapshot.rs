//! What a network looked like, and how to get there again.

use netif::{
    BridgeSetting, Error, Flags, GroupName, Interface, InterfaceAddress, InterfaceName, Kind,
    Netlink, Route, Vlan,
};

/// Interfaces with their addresses, and routes.
pub(super) struct Snapshot {
    interfaces: Vec<Interface>,
    pub(super) routes: Vec<Route>,
}

impl Snapshot {
    pub(super) fn take(netlink: &mut Netlink) -> Result<Self, Error> {
        let mut interfaces = netlink.interfaces()?;
        for interface in &mut interfaces {
            interface.counters = netif::Counters::default();
            interface.addresses.retain(|address| !is_the_kernels(address));
        }
        Ok(Self { interfaces, routes: netlink.routes()? })
    }

    /// Whether nothing that matters here is other than it was.
    pub(super) fn is_unchanged(&self, netlink: &mut Netlink) -> bool {
        let Ok(now) = Self::take(netlink) else { return false };
        let essence = |it: &Interface| {
            (
                it.index,
                it.name.clone(),
                is_up(it),
                it.mtu,
                it.master,
                it.ether,
                it.addresses.iter().map(InterfaceAddress::timeless).collect::<Vec<_>>(),
            )
        };
        now.interfaces.iter().map(essence).eq(self.interfaces.iter().map(essence))
            && now.routes == self.routes
    }

    /// Puts everything back that can be. Answers what could not.
    pub(super) fn restore(&self, netlink: &mut Netlink) -> Vec<String> {
        let mut problems = Vec::new();
        let mut attempt = |what: String, done: Result<(), Error>| {
            problems.extend(done.err().map(|error| format!("{what}: {error}")));
        };
        self.rename(netlink, &mut attempt);
        self.remove_new(netlink, &mut attempt);
        for interface in &self.interfaces {
            attempt(format!("{}", interface.name), self.recreate(netlink, interface));
        }
        for interface in &self.interfaces {
            attempt(format!("{}", interface.name), self.reconfigure(netlink, interface));
        }
        match netlink.routes() {
            Ok(now) => self.reroute(netlink, &now, &mut attempt),
            Err(error) => attempt("routes".to_owned(), Err(error)),
        }
        problems
    }

    /// Interfaces that are called otherwise now.
    fn rename(&self, netlink: &mut Netlink, attempt: &mut impl FnMut(String, Result<(), Error>)) {
        for link in netlink.links().unwrap_or_default() {
            let old = self.interfaces.iter().find(|it| it.index == link.index);
            if let Some(old) = old.filter(|old| old.name != link.name) {
                attempt(link.name.to_string(), netlink.rename(&link.name, &old.name));
            }
        }
    }

    fn remove_new(
        &self,
        netlink: &mut Netlink,
        attempt: &mut impl FnMut(String, Result<(), Error>),
    ) {
        for link in netlink.links().unwrap_or_default() {
            if self.interfaces.iter().any(|it| it.name == link.name) {
                continue;
            }
            match netlink.destroy(&link.name) {
                // The other end of an epair went with the first.
                Ok(()) | Err(Error::NoInterface(_)) => {}
                Err(error) => attempt(link.name.to_string(), Err(error)),
            }
        }
    }

    /// Makes a bridge or a vlan again that has gone.
    fn recreate(&self, netlink: &mut Netlink, was: &Interface) -> Result<(), Error> {
        match netlink.link(&was.name) {
            Ok(_) => return Ok(()),
            Err(Error::NoInterface(_)) => {}
            Err(error) => return Err(error),
        }
        match &was.kind {
            Kind::Bridge(bridge) => {
                netlink.create_bridge_named(&was.name)?;
                for setting in [
                    BridgeSetting::Priority(bridge.priority),
                    BridgeSetting::HelloTime(bridge.hello_time),
                    BridgeSetting::ForwardDelay(bridge.forward_delay),
                    BridgeSetting::MaxAge(bridge.max_age),
                    BridgeSetting::Timeout(bridge.timeout),
                    BridgeSetting::Stp(bridge.stp),
                ] {
                    netlink.set_bridge(&was.name, setting)?;
                }
            }
            Kind::Vlan { tag, stacked, priority, parent } => {
                let parent = self.interfaces.iter().find(|it| Some(it.index) == *parent);
                let parent = parent.ok_or_else(|| Error::NoInterface(was.name.to_string()))?;
                let vlan = Vlan {
                    tag: *tag,
                    parent: parent.name.clone(),
                    stacked: *stacked,
                    priority: *priority,
                };
                netlink.create_vlan_named(&was.name, &vlan)?;
            }
            // What else there was cannot be made again from here.
            _ => return Err(Error::NoInterface(was.name.to_string())),
        }
        for group in was.groups.iter().filter_map(|group| GroupName::parse(group).ok()) {
            netlink.add_group(&was.name, &group)?;
        }
        was.ether.map_or(Ok(()), |ether| netlink.set_ether(&was.name, ether))?;
        was.description.as_ref().map_or(Ok(()), |text| netlink.set_description(&was.name, text))
    }

    /// Its bridge, its state and its addresses.
    fn reconfigure(&self, netlink: &mut Netlink, was: &Interface) -> Result<(), Error> {
        let name = &was.name;
        let now = netlink.link(name)?;
        let links = netlink.links()?;
        let called = |list: &[Interface], index: Option<u32>| {
            list.iter().find(|it| Some(it.index) == index).map(|it| it.name.clone())
        };
        let (before, after) = (called(&self.interfaces, was.master), called(&links, now.master));
        if before != after {
            if let Some(bridge) = after {
                netlink.delete_member(&bridge, name)?;
            }
            if let Some(bridge) = before {
                netlink.add_member(&bridge, name)?;
            }
        }
        if now.mtu != was.mtu {
            netlink.set_mtu(name, was.mtu)?;
        }
        if let Some(ether) = was.ether.filter(|_| now.ether != was.ether) {
            netlink.set_ether(name, ether)?;
        }
        match (is_up(&now), is_up(was)) {
            (false, true) => netlink.up(name)?,
            (true, false) => netlink.down(name)?,
            _ => {}
        }
        self.readdress(netlink, name, now.index, &was.addresses)
    }

    fn readdress(
        &self,
        netlink: &mut Netlink,
        name: &InterfaceName,
        index: u32,
        was: &[InterfaceAddress],
    ) -> Result<(), Error> {
        let all = netlink.addresses()?.into_iter();
        let own = all.filter(|(owner, address)| *owner == index && !is_the_kernels(address));
        let now: Vec<InterfaceAddress> = own.map(|(_, address)| address).collect();
        let among = |list: &[InterfaceAddress], it: &InterfaceAddress| {
            list.iter().any(|other| other.prefix == it.prefix)
        };
        for address in now.iter().filter(|it| !among(was, it)) {
            netlink.delete_address(name, address.prefix.address)?;
        }
        for address in was.iter().filter(|it| !among(&now, it)) {
            netlink.add_address(name, address)?;
        }
        Ok(())
    }

    fn reroute(
        &self,
        netlink: &mut Netlink,
        now: &[Route],
        attempt: &mut impl FnMut(String, Result<(), Error>),
    ) {
        // An interface that was made again has another number.
        let mut numbers = Vec::new();
        for interface in &self.interfaces {
            numbers.extend(netlink.index(&interface.name).map(|now| (interface.index, now)));
        }
        let renumbered = |route: &Route| {
            let to = numbers.iter().find(|(was, _)| Some(*was) == route.interface);
            Route { interface: to.map(|&(_, now)| now).or(route.interface), ..*route }
        };
        let were: Vec<Route> = self.routes.iter().map(renumbered).collect();
        // Those of the kernel follow from the addresses.
        for route in now.iter().filter(|it| it.is_static && !were.contains(it)) {
            attempt(super::super::route::net(&route.destination), netlink.delete_route(route));
        }
        // A gateway is reached by a route to its link: that one comes first.
        let mut missing: Vec<&Route> =
            were.iter().filter(|it| it.is_static && !now.contains(it)).collect();
        missing.sort_by_key(|route| route.gateway.is_some());
        for route in missing {
            attempt(super::super::route::net(&route.destination), netlink.add_route(route));
        }
    }
}

fn is_up(interface: &Interface) -> bool {
    interface.flags.has(Flags::UP)
}

/// What the kernel gives an interface by itself, and a router's advertisement.
fn is_the_kernels(address: &InterfaceAddress) -> bool {
    let link_local = match address.prefix.address {
        std::net::IpAddr::V6(address) => address.is_unicast_link_local(),
        std::net::IpAddr::V4(_) => false,
    };
    link_local || address.autoconf
}
