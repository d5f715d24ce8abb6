//! The network that a command line is about: our own, or a jail's.

use std::collections::BTreeMap;
use std::fs::File;
use std::os::fd::{AsFd, OwnedFd};

use netif::{Capabilities, Error, Ethtool, Inet6Option, InterfaceName, Netlink, Request, within};
use rustix::io::Errno;

use super::{jail, text};

/// A network namespace, by the sockets in it.
pub(crate) struct Network {
    pub(crate) netlink: Netlink,
    /// The socket for hardware, opened when it is first needed.
    ethtool: Option<Ethtool>,
    /// The jail's namespace, and our own.
    elsewhere: Option<(OwnedFd, File)>,
}

impl Network {
    /// Opens the network of the jail, or our own.
    pub(crate) fn open(name: Option<&str>) -> Result<Self, String> {
        let Some(name) = name else {
            let netlink = Netlink::open().map_err(text)?;
            return Ok(Self { netlink, ethtool: None, elsewhere: None });
        };
        let there = jail(name)?.network().map_err(text)?;
        let own = File::open("/proc/self/ns/net")
            .map_err(|error| format!("/proc/self/ns/net: {error}"))?;
        let netlink = Netlink::open_in(there.as_fd(), own.as_fd()).map_err(text)?;
        Ok(Self { netlink, ethtool: None, elsewhere: Some((there, own)) })
    }

    /// The socket for what hardware does; `word` is what was asked for.
    pub(crate) fn ethtool(&mut self, word: &str) -> Result<&mut Ethtool, Error> {
        if self.ethtool.is_none() {
            self.ethtool = match &self.elsewhere {
                None => Ethtool::open()?,
                Some((there, own)) => Ethtool::open_in(there.as_fd(), own.as_fd())?,
            };
        }
        let because = Some("this kernel's ethtool does not speak netlink");
        let (request, errno) = (Request::Other(word.to_owned()), Errno::OPNOTSUPP);
        self.ethtool.as_mut().ok_or(Error::Refused { request, errno, because })
    }

    /// What all hardware does; empty where the kernel cannot say it.
    pub(crate) fn capabilities(&mut self) -> BTreeMap<u32, Capabilities> {
        self.ethtool("options").and_then(Ethtool::all).unwrap_or_default()
    }

    /// Turns an option of IPv6 on or off, for an interface there.
    pub(crate) fn set_inet6(
        &mut self,
        name: &InterfaceName,
        option: Inet6Option,
        on: bool,
    ) -> Result<(), Error> {
        let known = self.netlink.link(name)?.inet6;
        // There is more than one way to have a link-local address: what is on stays as it is.
        // Whether routers are heard also follows from forwarding, so that option is always set.
        let may_turn = option == Inet6Option::AcceptRtadv;
        if !may_turn && known.is_some_and(|known| known.has(option) == on) {
            return Ok(());
        }
        at(self.elsewhere.as_ref(), || option.set(name, on))?
    }

    /// Takes an interface there down. Its addresses stay.
    pub(crate) fn down(&mut self, name: &InterfaceName) -> Result<(), Error> {
        // The kernel may have no IPv6, or a jail's /proc be read-only. The interface is taken down
        // all the same, as was asked.
        let _ = at(self.elsewhere.as_ref(), || netif::keep_inet6_when_down(name));
        self.netlink.down(name)
    }

    /// Makes a tap, or a tun, there.
    pub(crate) fn create_tap(
        &mut self,
        carries_frames: bool,
        unit: Option<u32>,
    ) -> Result<InterfaceName, Error> {
        let place = self.elsewhere.as_ref().map(|(there, own)| (there.as_fd(), own.as_fd()));
        self.netlink.create_tap(carries_frames, unit, place)
    }
}

/// Does `work`, which is no request to a socket, in the network namespace of the place. `None` is
/// our own.
fn at<T>(place: Option<&(OwnedFd, File)>, work: impl FnOnce() -> T) -> Result<T, Error> {
    match place {
        None => Ok(work()),
        Some((there, own)) => within(there.as_fd(), own.as_fd(), work),
    }
}
