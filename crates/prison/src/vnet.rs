//! Moving interfaces between the host's network stack and a prison's:
//! rtnetlink(7), `IFLA_NET_NS_FD`.
//!
//! There is one message to the kernel, and it is built by hand: init sends it too, and init is to
//! have no parser and no library for more.

use crate::error::{Calling, Error};
use rustix::net::{
    AddressFamily, RecvFlags, SendFlags, SocketFlags, SocketType, recv, send, socket_with,
};
use std::fs::File;
use std::io;
use std::os::fd::{AsFd, AsRawFd, BorrowedFd, OwnedFd};

const OWN: &str = "/proc/self/ns/net";

const RTM_NEWLINK: u16 = 16;
const NLM_F_REQUEST: u16 = 1;
const NLM_F_ACK: u16 = 4;
const IFLA_IFNAME: u16 = 3;
const IFLA_NET_NS_FD: u16 = 28;
const IFLA_NEW_IFINDEX: u16 = 49;
/// Interface names have at most 15 bytes: `IFNAMSIZ`.
const NAME_SIZE: usize = 16;

/// Opens the network namespace of the caller.
///
/// # Errors
/// [`Error::Call`].
pub fn own_network() -> Result<OwnedFd, Error> {
    Ok(File::open(OWN).calling(OWN)?.into())
}

/// Opens a route socket in the network namespace of the caller.
pub(crate) fn route_socket() -> io::Result<OwnedFd> {
    // Protocol 0 of this family is NETLINK_ROUTE.
    Ok(socket_with(AddressFamily::NETLINK, SocketType::RAW, SocketFlags::CLOEXEC, None)?)
}

/// Moves the interface `index`, as the socket's namespace numbers it, to another network namespace,
/// under a new name or number when one is given.
///
/// # Errors
/// `EEXIST`: the name is taken there; `EBUSY`: the number is taken there. `ENODEV`: there is no
/// such interface.
pub(crate) fn move_interface(
    route: BorrowedFd<'_>,
    index: i32,
    to: BorrowedFd<'_>,
    name: Option<&str>,
    number: Option<i32>,
) -> io::Result<()> {
    let mut message = Vec::with_capacity(64);
    message.extend([0; 4]); // The length comes last.
    message.extend(RTM_NEWLINK.to_ne_bytes());
    message.extend((NLM_F_REQUEST | NLM_F_ACK).to_ne_bytes());
    message.extend([0; 8]); // Sequence and port.
    message.extend([0; 4]); // struct ifinfomsg: family and type,
    message.extend(index.to_ne_bytes());
    message.extend([0; 8]); // flags, which stay as they are.
    attribute(&mut message, IFLA_NET_NS_FD, &to.as_raw_fd().to_ne_bytes());
    // In the same message: a move under the old name would fail before the name could be changed.
    if let Some(name) = name {
        let mut bytes = [0; NAME_SIZE];
        let length = name.len().min(NAME_SIZE - 1);
        bytes[..length].copy_from_slice(&name.as_bytes()[..length]);
        attribute(&mut message, IFLA_IFNAME, &bytes);
    }
    if let Some(number) = number {
        attribute(&mut message, IFLA_NEW_IFINDEX, &number.to_ne_bytes());
    }
    let length = (message.len() as u32).to_ne_bytes();
    message[..4].copy_from_slice(&length);
    send(route, &message, SendFlags::empty())?;
    acknowledged(route)
}

fn attribute(message: &mut Vec<u8>, kind: u16, value: &[u8]) {
    message.extend((4 + value.len() as u16).to_ne_bytes());
    message.extend(kind.to_ne_bytes());
    message.extend(value);
    // Attributes begin on multiples of four; the padding is not in their length.
    message.resize(message.len().next_multiple_of(4), 0);
}

/// Reads the kernel's answer to one request: a struct nlmsgerr whose error is 0 or negative.
fn acknowledged(route: BorrowedFd<'_>) -> io::Result<()> {
    let mut answer = [0; 256];
    let (length, _) = recv(route, &mut answer[..], RecvFlags::empty())?;
    // Behind the header of 16 bytes.
    let error = answer[..length].get(16..20).and_then(|bytes| bytes.try_into().ok());
    match error.map(i32::from_ne_bytes) {
        Some(0) => Ok(()),
        Some(error) => Err(io::Error::from_raw_os_error(-error)),
        None => Err(io::ErrorKind::UnexpectedEof.into()),
    }
}

/// The number of the interface `name` in the namespace of the caller: netdevice(7).
pub(crate) fn index(name: &str) -> io::Result<i32> {
    let route = route_socket()?;
    let index = rustix::net::netdevice::name_to_index(route.as_fd(), name)?;
    Ok(index as i32)
}

/// Whether an interface has the number `index` in the namespace of the caller.
pub(crate) fn has_index(index: i32) -> io::Result<bool> {
    let socket = ioctl_socket()?;
    match rustix::net::netdevice::index_to_name(socket.as_fd(), index as u32) {
        Ok(_) => Ok(true),
        Err(rustix::io::Errno::NODEV | rustix::io::Errno::NXIO) => Ok(false),
        Err(error) => Err(error.into()),
    }
}

/// A socket for netdevice(7)'s ioctls in the caller's network namespace.
pub(crate) fn ioctl_socket() -> io::Result<OwnedFd> {
    // Any socket will do; this family exists whatever protocols the kernel has.
    Ok(socket_with(AddressFamily::UNIX, SocketType::DGRAM, SocketFlags::CLOEXEC, None)?)
}
