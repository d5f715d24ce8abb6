//! Interfaces between network namespaces, on the kernel. Needs root: the namespaces are the test's own.
#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic)] // a test may fail loudly

use std::fs::File;
use std::io::{Read, Write};
use std::os::fd::AsFd;
use std::process::{Child, Command, Stdio};

use netif::{Error, InterfaceAddress, InterfaceName, Netlink, Prefix};
use rustix::io::Errno;

/// A network namespace that lives as long as this.
struct Network {
    holder: Child,
    handle: File,
}

impl Network {
    /// `None`, and a line on standard error, when the tests do not run as root.
    fn new() -> Option<Self> {
        if !rustix::process::geteuid().is_root() {
            // Past the harness, which shows the output of failed tests only.
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

impl Drop for Network {
    fn drop(&mut self) {
        // cat(1) reads its input until this end of it closes.
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
