//! Interfaces whose other end is a program: tap(4) and tun(4), by Linux's /dev/net/tun.
//!
//! FreeBSD's interfaces exist from `create` to `destroy`, whether a program has them open or not;
//! so an interface made here can outlive the descriptor that made it: [`Tap::keep`].

use crate::interface;
use std::fs::{File, OpenOptions};
use std::io;
use std::os::fd::{AsFd, BorrowedFd};

const DEVICE: &str = "/dev/net/tun";

/// An interface that was made just now, and vanishes with this value unless it is kept.
#[derive(Debug)]
#[must_use]
pub struct Tap(File);

/// Makes the interface `name` in the caller's network namespace: a tap, which carries Ethernet
/// frames, or a tun, which carries packets.
///
/// # Errors
/// `EBUSY`: the name is taken. `ENOENT`, `ENODEV`, `ENXIO`: the kernel, or this
/// jail, has no such device.
pub fn create(name: &str, carries_frames: bool) -> io::Result<Tap> {
    let kind = if carries_frames { libc::IFF_TAP } else { libc::IFF_TUN };
    let device = OpenOptions::new().read(true).write(true).open(DEVICE)?;
    attach(device.as_fd(), name, kind)?;
    Ok(Tap(device))
}

impl Tap {
    /// Makes the interface stay.
    ///
    /// # Errors
    /// The kernel refused; then the interface has vanished.
    pub fn keep(self) -> io::Result<()> {
        keep(self.0.as_fd())
    }
}

/// Makes the interface `name` and ties it to `device`, a descriptor of /dev/net/tun: `TUNSETIFF`,
/// linux/if_tun.h.
///
/// # Errors
/// `EBUSY`: there is an interface of this name. `EINVAL`: an interface cannot have this name.
fn attach(device: BorrowedFd<'_>, name: &str, kind: libc::c_int) -> io::Result<()> {
    type Attach<'a> =
        rustix::ioctl::Updater<'a, { libc::TUNSETIFF as rustix::ioctl::Opcode }, libc::ifreq>;
    // IFF_NO_PI: packets come without a header of the device's. IFF_TUN_EXCL: an interface that
    // exists already is refused, where Linux would attach to it.
    let flags = kind | libc::IFF_NO_PI | libc::IFF_TUN_EXCL;
    let mut request = interface::request(name, flags).ok_or(io::ErrorKind::InvalidInput)?;
    // SAFETY: the kernel reads and writes one ifreq, which is what this request takes; it is ours
    // alone until the call returns, and no pointer to it is kept.
    Ok(unsafe { rustix::ioctl::ioctl(device, Attach::new(&mut request)) }?)
}

/// Makes the interface of `device` stay when the descriptor is closed: `TUNSETPERSIST`.
fn keep(device: BorrowedFd<'_>) -> io::Result<()> {
    type Keep = rustix::ioctl::IntegerSetter<{ libc::TUNSETPERSIST as rustix::ioctl::Opcode }>;
    // SAFETY: the argument of this request is a number, no pointer.
    Ok(unsafe { rustix::ioctl::ioctl(device, Keep::new_usize(1)) }?)
}
