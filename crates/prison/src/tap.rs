//! Interfaces whose other end is a program: tap(4) and tun(4), by Linux's /dev/net/tun.
//!
//! FreeBSD's are there from `create` to `destroy`, whether a program has them open or not; so these
//! outlive the descriptor that made them.

use std::fs::OpenOptions;
use std::io;
use std::os::fd::AsFd;

use crate::sys::{self, TapKind};

const DEVICE: &str = "/dev/net/tun";

/// Makes the interface `name` in the caller's network namespace: a tap, which carries Ethernet frames,
/// or a tun, which carries packets.
///
/// # Errors
/// `EBUSY`: the name is taken. `ENOENT`, `ENODEV`, `ENXIO`: the kernel, or this jail, has no such device.
pub fn create_tap(name: &str, carries_frames: bool) -> io::Result<()> {
    let kind = if carries_frames { TapKind::Tap } else { TapKind::Tun };
    let device = OpenOptions::new().read(true).write(true).open(DEVICE)?;
    // Until it is told to stay, it goes with the descriptor.
    sys::attach_tap(device.as_fd(), name, kind)?;
    sys::keep_tap(device.as_fd())
}
