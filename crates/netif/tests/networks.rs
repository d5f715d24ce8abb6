//! Interfaces between network namespaces, on the kernel. The tests need root: the namespaces are
//! their own.
#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic)] // a test may fail loudly

use std::fs::File;
use std::io::{Read, Write};
use std::net::{Ipv6Addr, SocketAddrV6};
use std::os::fd::{AsFd, OwnedFd};
use std::process::{Child, Command, Stdio};
use std::time::{Duration, Instant};

use netif::{
    Error, Inet6Option, InterfaceAddress, InterfaceName, Netlink, Prefix, RouteKind, within,
};
use rustix::io::Errno;
use rustix::net::{AddressFamily, SendFlags, SocketFlags, SocketType};
use rustix::net::{ipproto, sendto, socket_with, sockopt};

/// A network namespace that lives as long as this value.
struct Network {
    holder: Child,
    handle: File,
}

impl Network {
    /// `None`, and a line on standard error, when the tests do not run as root.
    fn new() -> Option<Self> {
        if !rustix::process::geteuid().is_root() {
            // Written past the harness, which shows the output of failed tests only.
            let thread = std::thread::current();
            let _ = writeln!(std::io::stderr(), "skipped: {}: needs root", thread.name()?);
            return None;
        }
        let mut holder = Command::new("unshare")
            .args(["--net", "sh", "-c", "echo; exec cat"])
            .stdin(Stdio::piped())
            .stdout(Stdio::piped())
            .spawn()
            .expect("unshare(1), package util-linux");
        holder.stdout.as_mut().unwrap().read_exact(&mut [0]).unwrap();
        let handle = File::open(format!("/proc/{}/ns/net", holder.id())).unwrap();
        Some(Self { holder, handle })
    }

    fn netlink(&self) -> Netlink {
        let own = File::open("/proc/thread-self/ns/net").unwrap();
        Netlink::open_in(self.handle.as_fd(), own.as_fd()).unwrap()
    }
}

impl Network {
    /// Does `work` in this namespace, in the calling thread.
    fn inside<T>(&self, work: impl FnOnce() -> T) -> T {
        let own = File::open("/proc/thread-self/ns/net").unwrap();
        within(self.handle.as_fd(), own.as_fd(), work).unwrap()
    }
}

impl Drop for Network {
    fn drop(&mut self) {
        // cat(1) ends when this end of its input closes.
        drop(self.holder.stdin.take());
        let _ = self.holder.wait();
    }
}

fn name(name: &str) -> InterfaceName {
    InterfaceName::parse(name).unwrap()
}

fn names(netlink: &mut Netlink) -> String {
    let links = netlink.links().unwrap();
    links.iter().map(|link| link.name.as_str()).collect::<Vec<_>>().join(" ")
}

#[test]
fn an_end_goes_to_the_jail_and_comes_back() {
    let (Some(host), Some(jail)) = (Network::new(), Network::new()) else { return };
    let (mut outside, mut inside) = (host.netlink(), jail.netlink());
    let (a, b) = (name("epair1a"), name("epair1b"));
    assert_eq!(outside.create_epair(Some(1), None).unwrap(), a);
    outside.set_description(&b, "jail side").unwrap();
    let ether = outside.link(&b).unwrap().ether;

    outside.move_to(&b, jail.handle.as_fd()).unwrap();
    assert_eq!(names(&mut outside), "lo0 epair1a");
    let moved = inside.link(&b).unwrap();
    assert_eq!((moved.description.as_deref(), moved.ether), (Some("jail side"), ether));

    let prefix = Prefix { address: "10.0.0.1".parse().unwrap(), length: 24 };
    inside.add_address(&b, &InterfaceAddress::new(prefix)).unwrap();
    inside.up(&b).unwrap();
    inside.move_to(&b, host.handle.as_fd()).unwrap();
    assert_eq!(names(&mut inside), "lo0");
    let back = outside.interfaces().unwrap().pop().unwrap();
    assert_eq!((back.name, back.addresses), (b, vec![]), "FreeBSD takes the addresses away, too");
}

#[test]
fn a_taken_name_is_refused() {
    let (Some(host), Some(jail)) = (Network::new(), Network::new()) else { return };
    let (mut outside, mut inside) = (host.netlink(), jail.netlink());
    outside.create_epair(Some(1), None).unwrap();
    inside.create_epair(Some(1), None).unwrap();
    let error = outside.move_to(&name("epair1b"), jail.handle.as_fd()).unwrap_err();
    assert_eq!(error.to_string(), "SIOCSIFVNET: File exists");
    let error = outside.move_to(&name("lo0"), jail.handle.as_fd()).unwrap_err();
    assert!(matches!(error, Error::Refused { errno: Errno::INVAL, .. }), "{error}");
    assert_eq!(names(&mut outside), "lo0 epair1a epair1b");
}

/// The socket holds the namespace: interfaces come back when no process is left in there.
#[test]
fn an_interface_outlives_the_last_process() {
    let (Some(host), Some(jail)) = (Network::new(), Network::new()) else { return };
    let (mut outside, mut inside) = (host.netlink(), jail.netlink());
    outside.create_epair(None, None).unwrap();
    outside.move_to(&name("epair0b"), jail.handle.as_fd()).unwrap();
    drop(jail);
    inside.move_to(&name("epair0b"), host.handle.as_fd()).unwrap();
    assert_eq!(names(&mut outside), "lo0 epair0a epair0b");
}

#[test]
fn many_interfaces_are_listed() {
    let Some(host) = Network::new() else { return };
    let mut netlink = host.netlink();
    for unit in 0..150 {
        assert_eq!(netlink.create_epair(None, None).unwrap(), name(&format!("epair{unit}a")));
    }
    assert_eq!(netlink.links().unwrap().len(), 301);
}

/// A router's advertisement: it is a router for half an hour, and fd00:1::/64 is on the link for
/// two hours, with addresses that are preferred for one. RFC 4861, 4.2 and 4.6.2; the kernel fills
/// in the checksum.
fn advertisement() -> Vec<u8> {
    let mut packet = vec![134, 0, 0, 0, 64, 0];
    packet.extend(1800u16.to_be_bytes());
    packet.extend([0; 8]);
    packet.extend([3, 4, 64, 0xc0]);
    packet.extend(7200u32.to_be_bytes());
    packet.extend(3600u32.to_be_bytes());
    packet.extend([0; 4]);
    packet.extend("fd00:1::".parse::<Ipv6Addr>().unwrap().octets());
    packet
}

/// A socket of this namespace for messages to all hosts of a link.
fn to_all_hosts() -> OwnedFd {
    let (family, flags) = (AddressFamily::INET6, SocketFlags::CLOEXEC);
    let socket = socket_with(family, SocketType::RAW, flags, Some(ipproto::ICMPV6)).unwrap();
    // Receivers ignore an advertisement with fewer hops left: its router may be far away.
    sockopt::set_ipv6_multicast_hops(&socket, 255).unwrap();
    socket
}

/// Waits until `found` has an answer.
fn wait<T>(mut found: impl FnMut() -> Option<T>) -> T {
    let started = Instant::now();
    loop {
        if let Some(found) = found() {
            return found;
        }
        assert!(started.elapsed() < Duration::from_secs(10), "it did not come to be");
        std::thread::yield_now();
    }
}

/// An address that follows from an advertisement is `autoconf` and expires; one that was added with
/// a lifetime is not `autoconf`. With `no_radr` the router's prefix is taken, but not the router.
#[test]
fn a_router_is_heard() {
    hear(false);
}

/// An interface that is asked to hear routers does so even if it forwards.
#[test]
fn a_router_is_heard_by_another() {
    hear(true);
}

fn hear(forwards: bool) {
    let (Some(host), Some(router)) = (Network::new(), Network::new()) else { return };
    let (mut netlink, mut other) = (host.netlink(), router.netlink());
    let (a, b) = (name("epair0a"), name("epair0b"));
    netlink.create_epair(None, None).unwrap();
    netlink.move_to(&b, router.handle.as_fd()).unwrap();
    let forwarding = "/proc/sys/net/ipv6/conf/all/forwarding";
    host.inside(|| std::fs::write(forwarding, if forwards { "1" } else { "0" })).unwrap();
    for (option, on) in [
        (Inet6Option::AcceptRtadv, true),
        (Inet6Option::NoDefaultRouter, true),
        (Inet6Option::NoDuplicateDetection, true),
    ] {
        host.inside(|| option.set(&a, on)).unwrap();
        assert!(netlink.link(&a).unwrap().inet6.unwrap().has(option), "{option:?}");
    }
    router.inside(|| Inet6Option::NoDuplicateDetection.set(&b, true)).unwrap();
    netlink.up(&a).unwrap();
    other.up(&b).unwrap();
    for netlink in [&mut netlink, &mut other] {
        let own = |it: &InterfaceAddress| it.prefix.length == 64 && !it.tentative;
        wait(|| netlink.addresses().unwrap().iter().any(|(_, it)| own(it)).then_some(()));
    }

    let socket = router.inside(to_all_hosts);
    let link = other.index(&b).unwrap();
    let all_hosts = SocketAddrV6::new("ff02::1".parse().unwrap(), 0, 0, link);
    sendto(&socket, &advertisement(), SendFlags::empty(), &all_hosts).unwrap();
    let heard = |it: &InterfaceAddress| it.prefix.network().address.to_string() == "fd00:1::";
    let address = wait(|| {
        let all = netlink.addresses().unwrap().into_iter().map(|(_, it)| it);
        // Even without a search for duplicates the address is tentative for a moment.
        all.into_iter().find(|it| heard(it) && !it.tentative)
    });
    assert!(address.autoconf && !address.temporary, "{address:?}");
    let within =
        |seconds: Option<u32>, most: u32| seconds.is_some_and(|it| most - 60 < it && it <= most);
    assert!(within(address.lifetimes.preferred, 3600), "{address:?}");
    assert!(within(address.lifetimes.valid, 7200), "{address:?}");
    let default = |route: &netif::Route| {
        route.destination.length == 0
            && route.destination.address.is_ipv6()
            && route.kind == RouteKind::Unicast
    };
    assert!(!netlink.routes().unwrap().iter().any(default), "{:?}", netlink.routes());

    host.inside(|| Inet6Option::NoDefaultRouter.set(&a, false)).unwrap();
    sendto(&socket, &advertisement(), SendFlags::empty(), &all_hosts).unwrap();
    wait(|| netlink.routes().unwrap().iter().any(default).then_some(()));

    let prefix = Prefix { address: "fd00:2::1".parse().unwrap(), length: 64 };
    let mut lasting = InterfaceAddress::new(prefix);
    lasting.lifetimes.valid = Some(1000);
    lasting.lifetimes.preferred = Some(500);
    netlink.add_address(&a, &lasting).unwrap();
    let put = netlink.addresses().unwrap().into_iter().map(|(_, it)| it);
    let put = put.into_iter().find(|it| it.prefix == prefix).unwrap();
    assert!(!put.autoconf && within(put.lifetimes.valid, 1000), "{put:?}");
}
