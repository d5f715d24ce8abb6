//! The network that a command line is about: the caller's own, or that of a jail.

use std::collections::BTreeMap;
use std::os::fd::{AsFd, OwnedFd};

use netif::{
    Capabilities, Error, Ethtool, Fib, Identity, Inet6Option, InterfaceName, Maker, Netlink,
    Request, within,
};
use rustix::io::Errno;

use super::identity::{identity, jail_of_hook};
use super::{jail, text};

/// A network namespace, by the sockets in it.
pub(crate) struct Network {
    pub(crate) netlink: Netlink,
    /// The socket for hardware, opened when it is first needed.
    ethtool: Option<Ethtool>,
    /// The namespace of the jail, and the caller's own.
    elsewhere: Option<(OwnedFd, OwnedFd)>,
    /// The name of the jail whose network this is; `None`: the caller's own.
    jail: Option<String>,
}

impl Network {
    /// Opens the network of the jail `name`. `None` is the caller's own network.
    pub(crate) fn open(name: Option<&str>) -> Result<Self, String> {
        let Some(name) = name else {
            let netlink = for_hooks(Netlink::open().map_err(text)?);
            return Ok(Self { netlink, ethtool: None, elsewhere: None, jail: None });
        };
        // Our own namespace is kept open: without it a thread could not come back from the jail's.
        let prison = jail(name)?;
        let there = prison.network().map_err(text)?;
        let own = prison::own_network().map_err(text)?;
        let netlink = for_hooks(Netlink::open_in(there.as_fd(), own.as_fd()).map_err(text)?);
        let jail = Some(prison.record().name.clone());
        Ok(Self { netlink, ethtool: None, elsewhere: Some((there, own)), jail })
    }

    /// Answers what the link-level addresses of interfaces that are made here follow from.
    pub(crate) fn identity(&self) -> Option<Identity> {
        identity(self.jail.as_deref())
    }

    /// Answers the socket for settings of hardware, and opens it when it is first needed. `word` is
    /// named in the error.
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

    /// Reads the settings of all hardware. The answer is empty if the kernel cannot say them.
    pub(crate) fn capabilities(&mut self) -> BTreeMap<u32, Capabilities> {
        self.ethtool("options").and_then(Ethtool::all).unwrap_or_default()
    }

    /// Turns an option of IPv6 on or off, for an interface of this network.
    pub(crate) fn set_inet6(
        &mut self,
        name: &InterfaceName,
        option: Inet6Option,
        on: bool,
    ) -> Result<(), Error> {
        let known = self.netlink.link(name)?.inet6;
        // An option that is on is not written again: addr_gen_mode has several values that give a
        // link-local address. Only accept_rtadv is always written: `on` by default ends when IPv6
        // is forwarded, `on` by this word does not.
        let may_turn = option == Inet6Option::AcceptRtadv;
        if !may_turn && known.is_some_and(|known| known.has(option) == on) {
            return Ok(());
        }
        at(self.elsewhere.as_ref(), || option.set(name, on))?
    }

    /// Gives an interface of this network a fib.
    pub(crate) fn set_fib(&mut self, name: &InterfaceName, fib: Fib) -> Result<(), Error> {
        if fib != Fib::DEFAULT {
            at(self.elsewhere.as_ref(), || netif::expects_fib(name))??;
        }
        self.netlink.set_interface_fib(name, fib)
    }

    /// Whether an interface of this network may have another fib than 0.
    pub(crate) fn may_have_fib(&self, name: &InterfaceName) -> Result<bool, Error> {
        at(self.elsewhere.as_ref(), || netif::may_have_fib(name))
    }

    /// Takes an interface of this network down. The addresses stay.
    pub(crate) fn down(&mut self, name: &InterfaceName) -> Result<(), Error> {
        // Linux drops IPv6 addresses of an interface that goes down unless it is told otherwise;
        // FreeBSD keeps them. This may fail, as the kernel may have no IPv6 and a jail's /proc may
        // be read-only: the interface is taken down all the same.
        let _ = at(self.elsewhere.as_ref(), || netif::keep_inet6_when_down(name));
        self.netlink.down(name)
    }

    /// Makes a tap, a vmnet or a tun in this network.
    pub(crate) fn create_tap(
        &mut self,
        kind: &str,
        unit: Option<u32>,
    ) -> Result<InterfaceName, Error> {
        let place = self.elsewhere.as_ref().map(|(there, own)| (there.as_fd(), own.as_fd()));
        self.netlink.create_tap(kind, unit, place)
    }
}

/// Has interfaces made for the jail for which a hook runs, if this is a hook.
fn for_hooks(mut netlink: Netlink) -> Netlink {
    if let Some(jail) = jail_of_hook() {
        netlink.make_for(Maker::hooks_of(&jail));
    }
    netlink
}

/// Does `work` in the network namespace of `place`. `None` is the caller's own.
fn at<T>(place: Option<&(OwnedFd, OwnedFd)>, work: impl FnOnce() -> T) -> Result<T, Error> {
    // /proc/sys/net shows the namespace of the process that opens it, whatever socket it has.
    match place {
        None => Ok(work()),
        Some((there, own)) => within(there.as_fd(), own.as_fd(), work),
    }
}
