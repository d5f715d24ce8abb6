//! What an interface does about IPv6, as it was. The kernel reports it along with the interface,
//! and is told through files.

use rustix::io::Errno;

use crate::inet6::write_setting;
use crate::name::InterfaceName;
use crate::uapi::{af, ifla};
use crate::wire::{find, i32_at};

/// The files below /proc/sys/net/ipv6/conf, and the place of each in the kernel's list; `None`: the
/// setting has an attribute of its own.
// disable_ipv6 is last: when IPv6 comes on, the rest must hold already.
const SETTINGS: [(&str, Option<usize>); 5] = [
    ("accept_ra", Some(ifla::CONF_ACCEPT_RA)),
    ("accept_ra_defrtr", Some(ifla::CONF_ACCEPT_RA_DEFRTR)),
    ("accept_dad", Some(ifla::CONF_ACCEPT_DAD)),
    ("addr_gen_mode", None),
    ("disable_ipv6", Some(ifla::CONF_DISABLE_IPV6)),
];

/// The value of each of [`SETTINGS`], if the kernel reports it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Inet6([Option<i32>; SETTINGS.len()]);

impl Inet6 {
    /// Reads the `IFLA_AF_SPEC` of a link. `None`: the interface has no IPv6 at all.
    pub(super) fn parse(families: &[u8]) -> Option<Self> {
        let inet6 = find(families, u16::from(af::INET6))?;
        let list = find(inet6, ifla::INET6_CONF)?;
        let generates = || Some(i32::from(*find(inet6, ifla::INET6_ADDR_GEN_MODE)?.first()?));
        let value = |place: Option<usize>| match place {
            Some(place) => i32_at(list, place * 4),
            None => generates(),
        };
        Some(Self(SETTINGS.map(|(_, place)| value(place))))
    }

    /// Sets `interface`, which is as `now`, to these values, in the caller's network namespace.
    /// Answers what could not be set.
    pub(super) fn set(
        &self,
        interface: &InterfaceName,
        now: Option<&Self>,
    ) -> Vec<(&'static str, Errno)> {
        let mut refused = Vec::new();
        for (number, (file, _)) in SETTINGS.iter().enumerate() {
            let Some(value) = self.0[number] else { continue };
            if now.and_then(|now| now.0[number]) == Some(value) {
                continue;
            }
            let written = write_setting(interface, file, &value.to_string());
            let errno =
                written.err().map(|error| Errno::from_io_error(&error).unwrap_or(Errno::IO));
            refused.extend(errno.map(|errno| (*file, errno)));
        }
        refused
    }
}
