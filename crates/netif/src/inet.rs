//! Addresses of interfaces: `inet`, `inet6`, `alias`, `delete` of ifconfig(8).

use std::fs;
use std::net::{IpAddr, Ipv4Addr};

use rustix::io::Errno;

use crate::address::{InterfaceAddress, Lifetimes, Prefix, family, from_octets, octets};
use crate::error::{Error, Request};
use crate::interface::{Flags, Interface};
use crate::name::InterfaceName;
use crate::uapi::{af, ifa, nlm, rtm};
use crate::wire::{Message, Netlink, attributes, u32_at};

/// Length of `struct ifaddrmsg`.
const BODY: usize = 8;

impl Netlink {
    /// All addresses, each with the number of its interface. Those of one interface are in the
    /// kernel's order, which begins with the primary one.
    ///
    /// # Errors
    /// `Listing`.
    pub fn addresses(&mut self) -> Result<Vec<(u32, InterfaceAddress)>, Error> {
        let request = || Message::new(rtm::GETADDR, 0, &[0; BODY]);
        let collect =
            |found: &mut Vec<(u32, InterfaceAddress)>, body: &[u8]| found.extend(parse(body));
        self.dump(request, collect).map_err(Error::Listing)
    }

    /// `alias`: gives the interface an address. An address that it has already is no error.
    ///
    /// # Errors
    /// The kernel's, as `ioctl (SIOCAIFADDR): …`.
    pub fn add_address(
        &mut self,
        name: &InterfaceName,
        address: &InterfaceAddress,
    ) -> Result<(), Error> {
        let interface = self.link(name)?;
        self.put_address(&interface, address)
    }

    /// Gives the interface an IPv4 address in place of its first one, if it has any.
    ///
    /// # Errors
    /// As [`Netlink::add_address`].
    pub fn replace_address(
        &mut self,
        name: &InterfaceName,
        address: &InterfaceAddress,
    ) -> Result<(), Error> {
        // Found by looking, because Linux has no request for the first address.
        let interface = self.link(name)?;
        match self.delete_where(name, interface.index, |old| old.prefix.address.is_ipv4()) {
            // There was no address to replace.
            Ok(()) | Err(Error::Refused { errno: Errno::ADDRNOTAVAIL, .. }) => {}
            Err(error) => return Err(error),
        }
        self.put_address(&interface, address)
    }

    fn put_address(
        &mut self,
        interface: &Interface,
        address: &InterfaceAddress,
    ) -> Result<(), Error> {
        // `REPLACE` makes an address that is there already no error.
        let flags = nlm::CREATE | nlm::REPLACE;
        let mut message = request(rtm::NEWADDR, flags, address.prefix, interface.index);
        // Linux's IFA_ADDRESS is the other end of a point-to-point link; elsewhere it repeats the
        // address.
        let destination = address.destination.unwrap_or(address.prefix.address);
        message.attribute(ifa::ADDRESS, &octets(destination));
        // Linux's loopback has no broadcast flag: it receives all that is sent on it anyway.
        let broadcasts = interface.flags.has(Flags::BROADCAST);
        if let Some(broadcast) = address.broadcast.filter(|_| broadcasts) {
            message.attribute(ifa::BROADCAST, &broadcast.octets());
        }
        if address.lifetimes != Lifetimes::default() {
            message.attribute(ifa::CACHEINFO, &address.lifetimes.bytes());
        }
        self.apply(&interface.name, message, Request::AddAddress).map_err(|error| match error {
            // The kernel says EACCES for IPv6 that is turned off, which would read as a lack of
            // rights.
            Error::Refused { request, errno: errno @ Errno::ACCESS, .. } => {
                request.refused_because(errno, "there is no IPv6 on this interface: -ifdisabled")
            }
            error => error,
        })
    }

    /// Gives the interface an address for somebody who will not keep it: the address is marked, and
    /// is usable at once. `broadcast` stands for what follows from the network. One that an
    /// interface of the machine has already stays as it is, whatever its network is.
    ///
    /// # Errors
    /// As [`Netlink::add_address`].
    pub fn lend(
        &mut self,
        name: &InterfaceName,
        prefix: Prefix,
        broadcast: Option<Ipv4Addr>,
    ) -> Result<(), Error> {
        let interface = self.link(name)?;
        if self.addresses()?.iter().any(|(_, it)| it.prefix.address == prefix.address) {
            return Ok(());
        }
        let flags = nlm::CREATE | nlm::EXCL;
        let mut message = request(rtm::NEWADDR, flags, prefix, interface.index);
        message.attribute(ifa::ADDRESS, &octets(prefix.address));
        message.attribute(ifa::PROTO, &[ifa::PROTO_LENT]);
        if prefix.address.is_ipv6() {
            // The jail's services bind to it in a moment, and could not while the network is asked
            // whether somebody else has it.
            message.number(ifa::FLAGS, ifa::F_NODAD);
        }
        match broadcast.or(prefix.broadcast()) {
            Some(broadcast) if interface.flags.has(Flags::BROADCAST) => {
                message.attribute(ifa::BROADCAST, &broadcast.octets());
            }
            _ => {}
        }
        match self.apply(&interface.name, message, Request::AddAddress) {
            // Somebody else has been faster.
            Err(Error::Refused { errno: Errno::EXIST, .. }) => Ok(()),
            lent => lent,
        }
    }

    /// Takes an address from whatever interface it was lent to. One that was not lent stays; one
    /// that is gone, with its interface or without, is no error.
    ///
    /// # Errors
    /// The kernel's, as `ioctl (SIOCDIFADDR): …`.
    pub fn take_lent(&mut self, address: IpAddr) -> Result<(), Error> {
        for (index, found) in self.addresses()? {
            if found.is_lent && found.prefix.address == address {
                let name = self.name_of(index)?;
                let kept = name.as_ref().and_then(Promoting::begin);
                let deleted = self.change(deletion(&found, index));
                drop(kept);
                match deleted {
                    Ok(()) | Err(Errno::ADDRNOTAVAIL | Errno::NODEV) => {}
                    Err(errno) => return Err(Request::DeleteAddress.refused(errno)),
                }
            }
        }
        Ok(())
    }

    fn name_of(&mut self, index: u32) -> Result<Option<InterfaceName>, Error> {
        let links = self.links()?.into_iter();
        Ok(links.filter(|link| link.index == index).map(|link| link.name).next())
    }

    /// `-alias`, `delete`, `remove`: takes `address` from the interface, whatever its prefix is.
    ///
    /// # Errors
    /// `EADDRNOTAVAIL`: the interface does not have it.
    pub fn delete_address(&mut self, name: &InterfaceName, address: IpAddr) -> Result<(), Error> {
        let index = self.index(name)?;
        self.delete_where(name, index, |candidate| candidate.prefix.address == address)
    }

    /// `delete` without an address: takes the interface's first IPv4 address.
    ///
    /// # Errors
    /// `EADDRNOTAVAIL`: the interface has no IPv4 address.
    pub fn delete_first_inet(&mut self, name: &InterfaceName) -> Result<(), Error> {
        let index = self.index(name)?;
        self.delete_where(name, index, |candidate| candidate.prefix.address.is_ipv4())
    }

    /// Deletes the first address that is `wanted`.
    fn delete_where(
        &mut self,
        name: &InterfaceName,
        index: u32,
        wanted: impl Fn(&InterfaceAddress) -> bool,
    ) -> Result<(), Error> {
        let addresses = self.addresses()?;
        let found = addresses.iter().find(|(owner, found)| *owner == index && wanted(found));
        let Some((_, found)) = found else {
            return Err(Request::DeleteAddress.refused(Errno::ADDRNOTAVAIL));
        };
        self.apply(name, deletion(found, index), Request::DeleteAddress)
    }
}

/// Keeps the addresses of an interface that were added behind one of the same network, while that
/// one is deleted: on Linux they go with it, unless this setting of the interface says otherwise.
struct Promoting {
    setting: String,
    before: String,
}

impl Promoting {
    /// Sets the interface so, in the network of this process. `None`: it is so, or has no such
    /// setting.
    fn begin(name: &InterfaceName) -> Option<Self> {
        let setting = format!("/proc/sys/net/ipv4/conf/{}/promote_secondaries", name.kernel());
        let before = fs::read_to_string(&setting).ok().filter(|before| before.trim() == "0")?;
        fs::write(&setting, "1").ok()?;
        Some(Self { setting, before })
    }
}

impl Drop for Promoting {
    fn drop(&mut self) {
        // An interface that is gone has no settings either.
        let _ = fs::write(&self.setting, &self.before);
    }
}

/// A request to delete an address of the interface `index`. Linux deletes an address only with its
/// prefix, which ifconfig(8) does not ask for.
pub(crate) fn deletion(found: &InterfaceAddress, index: u32) -> Message {
    let mut message = request(rtm::DELADDR, 0, found.prefix, index);
    // Without this the kernel does not look at the prefix, and an address may be there twice.
    let other_end = found.destination.unwrap_or(found.prefix.address);
    message.attribute(ifa::ADDRESS, &octets(other_end));
    message
}

/// A request about the address `prefix` of the interface `index`.
pub(crate) fn request(kind: u16, flags: u16, prefix: Prefix, index: u32) -> Message {
    let mut body = [0; BODY];
    body[0] = family(prefix.address);
    body[1] = prefix.length;
    // Linux wants one scope for all addresses of a network, and its own 127.0.0.1 is of this scope.
    if matches!(prefix.address, IpAddr::V4(address) if address.is_loopback()) {
        body[3] = ifa::SCOPE_HOST;
    }
    body[4..].copy_from_slice(&index.to_ne_bytes());
    let mut message = Message::new(kind, flags, &body);
    message.attribute(ifa::LOCAL, &octets(prefix.address));
    message
}

/// An address from the body of an `RTM_NEWADDR`, and the number of its interface.
fn parse(body: &[u8]) -> Option<(u32, InterfaceAddress)> {
    let &[family, length, flags, ..] = body else { return None };
    let index = u32_at(body, 4)?;
    // The 8 bits of the header are too few for IPv6's flags: IFA_FLAGS, where there is one, has
    // all.
    let mut flags = u32::from(flags);
    let (mut local, mut address, mut broadcast) = (None, None, None);
    let (mut lifetimes, mut from) = (Lifetimes::default(), 0);
    for (kind, value) in attributes(body.get(BODY..)?) {
        match kind {
            ifa::LOCAL => local = from_octets(value),
            ifa::ADDRESS => address = from_octets(value),
            ifa::BROADCAST => broadcast = from_octets(value),
            ifa::FLAGS => flags = u32_at(value, 0)?,
            ifa::CACHEINFO => lifetimes = Lifetimes::parse(value),
            ifa::PROTO => from = value.first().copied().unwrap_or(0),
            _ => {}
        }
    }
    // An IPv6 address has an IFA_LOCAL only if it has another end.
    let mine = local.or(address)?;
    // The low bits mean other things for IPv4: 0x1 is a secondary address there.
    let has = |flag| family == af::INET6 && flags & flag != 0;
    let address = InterfaceAddress {
        prefix: Prefix { address: mine, length },
        destination: address.filter(|&other| other != mine),
        broadcast: broadcast.and_then(|b| if let IpAddr::V4(b) = b { Some(b) } else { None }),
        // IFA_PROTO exists since Linux 5.18; before, only a temporary address is known to come from
        // a router.
        tentative: has(ifa::F_TENTATIVE),
        duplicated: has(ifa::F_DADFAILED),
        deprecated: has(ifa::F_DEPRECATED),
        autoconf: from == ifa::PROTO_KERNEL_RA || has(ifa::F_TEMPORARY),
        temporary: has(ifa::F_TEMPORARY),
        is_lent: from == ifa::PROTO_LENT,
        lifetimes,
    };
    Some((index, address))
}
