//! Network interfaces by ioctl: netdevice(7).

use std::io;
use std::mem::zeroed;
use std::os::fd::{AsRawFd, BorrowedFd};

/// An interface by name, for a request of netdevice(7). `None`: the name is too long.
pub(crate) fn request(name: &str, flags: libc::c_int) -> Option<libc::ifreq> {
    // SAFETY: ifreq is plain bytes; zero is an empty name and no flags.
    let mut request: libc::ifreq = unsafe { zeroed() };
    // The last byte stays the NUL that ends the name.
    if name.len() >= request.ifr_name.len() {
        return None;
    }
    for (to, byte) in request.ifr_name.iter_mut().zip(name.bytes()) {
        *to = byte as libc::c_char;
    }
    request.ifr_ifru.ifru_flags = flags as libc::c_short;
    Some(request)
}

/// Brings the loopback interface of this network namespace up: `SIOCSIFFLAGS`. `socket` is any
/// socket of that namespace. Allocates nothing.
///
/// # Errors
/// `EPERM`.
pub fn loopback_up(socket: BorrowedFd<'_>) -> io::Result<()> {
    type SetFlags =
        rustix::ioctl::Setter<{ libc::SIOCSIFFLAGS as rustix::ioctl::Opcode }, libc::ifreq>;
    let request = request("lo", libc::IFF_UP | libc::IFF_RUNNING);
    let request = request.ok_or(io::ErrorKind::InvalidInput)?;
    // SAFETY: the kernel reads one ifreq, which is what this request takes,
    // alive until the call returns.
    Ok(unsafe { rustix::ioctl::ioctl(socket, SetFlags::new(request)) }?)
}

/// The number by which programs of the kernel's know the network namespace of a socket:
/// `SO_NETNS_COOKIE`, socket(7).
///
/// # Errors
/// `ENOPROTOOPT`: the kernel is older than 5.14.
pub fn network_cookie(socket: BorrowedFd<'_>) -> io::Result<u64> {
    option(socket, libc::SO_NETNS_COOKIE).map(u64::from_ne_bytes)
}

/// The mark of a socket's packets, by which the kernel chooses a routing table: `SO_MARK`,
/// socket(7).
///
/// # Errors
/// `ENOTSOCK`.
pub fn socket_mark(socket: BorrowedFd<'_>) -> io::Result<u32> {
    option(socket, libc::SO_MARK).map(u32::from_ne_bytes)
}

/// An option of a socket that has `N` bytes: getsockopt(2).
fn option<const N: usize>(socket: BorrowedFd<'_>, name: libc::c_int) -> io::Result<[u8; N]> {
    let (mut value, mut size) = ([0; N], N as libc::socklen_t);
    // SAFETY: the kernel writes at most `size` bytes to `value`, and their count to `size`.
    let answer = unsafe {
        libc::getsockopt(
            socket.as_raw_fd(),
            libc::SOL_SOCKET,
            name,
            value.as_mut_ptr().cast(),
            &raw mut size,
        )
    };
    crate::call::check(answer.into())?;
    Ok(value)
}
