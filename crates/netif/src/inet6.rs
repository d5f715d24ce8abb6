//! What an interface does about IPv6: `accept_rtadv`, `ifdisabled` … of ifconfig(8), its
//! `nd6 options`.
//!
//! The kernel reports these settings in every listing of links. It takes them through files below
//! /proc/sys/net, which are those of the caller's network namespace.

use std::path::{Path, PathBuf};

use rustix::io::Errno;

use crate::error::{Error, Request};
use crate::name::InterfaceName;
use crate::uapi::{af, ifla};
use crate::wire::{find, i32_at};

/// One thing that an interface does, or does not do, about IPv6.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Inet6Option {
    /// The interface configures itself by what routers advertise: `accept_rtadv`.
    AcceptRtadv,
    /// The interface has no IPv6: `ifdisabled`.
    Disabled,
    /// The interface gets a link-local address when it comes up: `auto_linklocal`.
    AutoLinkLocal,
    /// A router that advertises itself does not become the default router: `no_radr`.
    NoDefaultRouter,
    /// A new address is used without asking the link for duplicates: `no_dad`.
    NoDuplicateDetection,
}

/// The options that are on, in the numbering of FreeBSD's netinet6/nd6.h.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct Inet6Options(pub u32);

/// `PERFORMNUD`: neighbours are asked whether they are still there. Linux always does so.
const PERFORM_NUD: u32 = 0x1;

/// Advertisements count even on an interface that forwards. With 1, the kernel's default, they do
/// not count there; on FreeBSD forwarding makes no difference.
const ACCEPT_RA_ALWAYS: &str = "2";

/// How an option is known: FreeBSD has a bit and a name; Linux has a file, and values that turn the
/// option on and off.
struct Known {
    option: Inet6Option,
    bit: u32,
    name: &'static str,
    file: &'static str,
    on: &'static str,
    off: &'static str,
}

#[rustfmt::skip]
const TABLE: [Known; 5] = [
    Known { option: Inet6Option::AcceptRtadv,          bit: 0x2,   name: "ACCEPT_RTADV",   file: "accept_ra",        on: ACCEPT_RA_ALWAYS, off: "0" },
    Known { option: Inet6Option::Disabled,             bit: 0x8,   name: "IFDISABLED",     file: "disable_ipv6",     on: "1", off: "0" },
    Known { option: Inet6Option::AutoLinkLocal,        bit: 0x20,  name: "AUTO_LINKLOCAL", file: "addr_gen_mode",    on: "0", off: "1" },
    Known { option: Inet6Option::NoDefaultRouter,      bit: 0x40,  name: "NO_RADR",        file: "accept_ra_defrtr", on: "0", off: "1" },
    Known { option: Inet6Option::NoDuplicateDetection, bit: 0x100, name: "NO_DAD",         file: "accept_dad",       on: "0", off: "1" },
];

impl Inet6Options {
    /// Whether `option` is on.
    #[must_use]
    pub fn has(self, option: Inet6Option) -> bool {
        TABLE.iter().any(|known| known.option == option && self.0 & known.bit != 0)
    }

    /// The names of the options that are on, in the order of their bits.
    pub fn names(self) -> impl Iterator<Item = &'static str> {
        let first = [(PERFORM_NUD, "PERFORMNUD")].into_iter();
        let all = first.chain(TABLE.iter().map(|known| (known.bit, known.name)));
        all.filter(move |(bit, _)| self.0 & bit != 0).map(|(_, name)| name)
    }
}

impl Inet6Option {
    /// Turns the option on or off for `interface`, in the caller's network namespace.
    ///
    /// # Errors
    /// `EAFNOSUPPORT`: this kernel has no IPv6; `EROFS`, `EACCES`: a jail whose /proc is the
    /// host's.
    pub fn set(self, interface: &InterfaceName, on: bool) -> Result<(), Error> {
        let Some(known) = TABLE.iter().find(|known| known.option == self) else { return Ok(()) };
        let value = if on { known.on } else { known.off };
        // A jail that may not write need not fail where the setting is right already.
        if std::fs::read_to_string(file(interface, known.file)).is_ok_and(|it| it.trim() == value) {
            return Ok(());
        }
        write(interface, known.file, value)
    }
}

/// Makes `interface` keep its IPv6 addresses when it goes down, in the caller's network namespace.
/// FreeBSD keeps all addresses; Linux keeps only those of IPv4 unless this is set.
///
/// # Errors
/// As [`Inet6Option::set`].
pub fn keep_inet6_when_down(interface: &InterfaceName) -> Result<(), Error> {
    write(interface, "keep_addr_on_down", "1")
}

fn file(interface: &InterfaceName, name: &str) -> PathBuf {
    Path::new("/proc/sys/net/ipv6/conf").join(interface.kernel()).join(name)
}

/// Writes `value` into the kernel's setting `name`, in the caller's network namespace.
pub(crate) fn write_setting(
    interface: &InterfaceName,
    name: &str,
    value: &str,
) -> std::io::Result<()> {
    std::fs::write(file(interface, name), value)
}

fn write(interface: &InterfaceName, name: &str, value: &str) -> Result<(), Error> {
    write_setting(interface, name, value).map_err(|error| {
        let errno = match Errno::from_io_error(&error) {
            // Without IPv6 in the kernel, or on this interface, the files do not exist.
            Some(Errno::NOENT) | None => Errno::AFNOSUPPORT,
            Some(errno) => errno,
        };
        Request::Other("ioctl(SIOCSIFINFO_IN6)".to_owned()).refused(errno)
    })
}

/// The options of an interface, from the `IFLA_AF_SPEC` of a link. `None`: the interface has no
/// IPv6 at all.
pub(crate) fn parse(families: &[u8]) -> Option<Inet6Options> {
    let inet6 = find(families, u16::from(af::INET6))?;
    let settings = find(inet6, ifla::INET6_CONF)?;
    let setting = |place: usize| i32_at(settings, place * 4);
    let generates = find(inet6, ifla::INET6_ADDR_GEN_MODE).and_then(|value| value.first());
    let is_on = |option| match option {
        Inet6Option::AcceptRtadv => match setting(ifla::CONF_ACCEPT_RA) {
            // What the kernel will not do is not listed: with 1 a forwarding interface ignores
            // routers.
            Some(1) => setting(ifla::CONF_FORWARDING) == Some(0),
            accepts => accepts.is_some_and(|it| it > 0),
        },
        Inet6Option::Disabled => setting(ifla::CONF_DISABLE_IPV6).is_some_and(|it| it != 0),
        Inet6Option::AutoLinkLocal => generates != Some(&ifla::ADDR_GEN_NONE),
        Inet6Option::NoDefaultRouter => setting(ifla::CONF_ACCEPT_RA_DEFRTR) == Some(0),
        // A loopback has -1: it has no link on which a duplicate could be.
        Inet6Option::NoDuplicateDetection => setting(ifla::CONF_ACCEPT_DAD) == Some(0),
    };
    let on = TABLE.iter().filter(|known| is_on(known.option));
    Some(Inet6Options(on.fold(PERFORM_NUD, |bits, known| bits | known.bit)))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    #[rustfmt::skip]
    fn names() {
        for (bits, want) in [ // as FreeBSD prints them
            (0x21,  "PERFORMNUD AUTO_LINKLOCAL"),
            (0x23,  "PERFORMNUD ACCEPT_RTADV AUTO_LINKLOCAL"),
            (0x29,  "PERFORMNUD IFDISABLED AUTO_LINKLOCAL"),
            (0x101, "PERFORMNUD NO_DAD"),
        ] {
            assert_eq!(Inet6Options(bits).names().collect::<Vec<_>>().join(" "), want);
        }
    }

    #[test]
    fn a_short_answer_has_no_options() {
        for bytes in [&[][..], &[8, 0, 10, 0, 4, 0, 2, 0][..4], &[200, 0, 10, 0]] {
            assert_eq!(parse(bytes), None);
        }
    }
}
