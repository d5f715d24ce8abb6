//! The words of route(8), sorted but not yet understood: their meaning depends on words that
//! follow.

use std::net::IpAddr;

use netif::{Fib, InterfaceName, RouteKind, netmask_length};

use super::command::{Gateway, IpFamily, RouteCommand, Verb};
use super::destination::{self, Hints};
use super::error::UsageError;

/// What has been read so far.
#[derive(Default)]
pub(super) struct RouteReader<'a> {
    pub(super) quiet: bool,
    pub(super) jail: Option<String>,
    /// The family that was named.
    family: Option<IpFamily>,
    pub(super) force_host: bool,
    pub(super) force_net: bool,
    pub(super) through_interface: bool,
    pub(super) kind: Option<RouteKind>,
    destination: Option<&'a str>,
    pub(super) gateway: Option<&'a str>,
    length: Option<u8>,
    mtu: Option<u32>,
    fibs: Vec<Fib>,
}

impl<'a> RouteReader<'a> {
    /// `-inet`, `-6`.
    pub(super) fn set_family(&mut self, family: IpFamily) {
        self.family = Some(family);
    }

    /// `-mtu`.
    pub(super) fn set_mtu(&mut self, text: &str) -> Result<(), UsageError> {
        self.mtu = Some(text.parse().map_err(|_| UsageError::BadValue(text.to_owned()))?);
        Ok(())
    }

    /// `-fib`: numbers and ranges of them, `all`, or `default`, the table of the process.
    pub(super) fn set_fibs(&mut self, text: &str) -> Result<(), UsageError> {
        match text {
            "default" => {}
            "all" => self.fibs.extend(Fib::all()),
            list => {
                for part in list.split(',') {
                    let fibs = fibs(part).ok_or_else(|| UsageError::NoFib(text.to_owned()))?;
                    self.fibs.extend(fibs);
                }
            }
        }
        Ok(())
    }

    /// `-prefixlen`.
    pub(super) fn set_prefix_length(&mut self, text: &str) -> Result<(), UsageError> {
        let bad = |_| UsageError::BadValue(text.to_owned());
        self.length = Some(text.parse().map_err(bad)?);
        // As on FreeBSD a length makes a net of the destination, even of one that looks like a
        // host.
        self.force_net = true;
        Ok(())
    }

    /// `-netmask`.
    pub(super) fn set_mask(&mut self, text: &str) -> Result<(), UsageError> {
        let length = netmask_length(text).ok_or_else(|| UsageError::BadAddress(text.to_owned()))?;
        (self.length, self.force_net) = (Some(length), true);
        Ok(())
    }

    /// Takes a word without a minus: the destination, then the gateway, then a mask.
    pub(super) fn positional(&mut self, word: &'a str) -> Result<(), UsageError> {
        match (self.destination, self.gateway) {
            (None, _) => self.destination = Some(word),
            (Some(_), None) => self.gateway = Some(word),
            // The old form, which route(8) still takes: `add NET GATEWAY MASK`.
            (Some(_), Some(_)) => self.set_mask(word)?,
        }
        Ok(())
    }

    /// Answers what all the words ask for.
    pub(super) fn finish(self, verb: Verb, verb_text: &str) -> Result<RouteCommand, UsageError> {
        let text = match (verb, self.destination) {
            // A command has a destination in any case; `flush` looks at no such thing.
            (Verb::Flush, None) => "default",
            (Verb::Flush, Some(_)) => return Err(UsageError::Usage),
            (_, text) => text.ok_or(UsageError::Usage)?,
        };
        let Self { force_host, force_net, length, .. } = self;
        let hints = Hints { inet6: self.is_inet6(), force_host, force_net, length };
        let (destination, is_host) = destination::parse(text, hints)?;
        // route(8) prints the destination without the length that was written.
        let destination_text = text.split('/').next().unwrap_or(text).to_owned();
        let gateway = self.gateway.map(|text| self.gateway(text)).transpose()?;
        Ok(RouteCommand {
            verb,
            verb_text: verb_text.to_owned(),
            quiet: self.quiet,
            jail: self.jail,
            family: self.family,
            fibs: self.fibs,
            destination,
            destination_text,
            is_host,
            gateway,
            kind: self.kind.unwrap_or(RouteKind::Unicast),
            mtu: self.mtu,
        })
    }

    fn is_inet6(&self) -> bool {
        self.family == Some(IpFamily::Inet6)
    }

    fn gateway(&self, text: &str) -> Result<Gateway, UsageError> {
        let bad = || UsageError::BadAddress(text.to_owned());
        // `-iface` may come after the name: only now is it known what the gateway is.
        if self.through_interface {
            return InterfaceName::parse(text).map(Gateway::Interface).map_err(|_| bad());
        }
        let (address, scope) = match text.split_once('%') {
            Some((address, scope)) => (address, Some(scope)),
            None => (text, None),
        };
        let address: IpAddr = address.parse().map_err(|_| bad())?;
        let scope = scope.map(InterfaceName::parse).transpose().map_err(|_| bad())?;
        // FreeBSD reads the gateway in the family of the line too: `-inet6` must be said for IPv6.
        if address.is_ipv6() == self.is_inet6() {
            Ok(Gateway::Address(address, scope))
        } else {
            Err(bad())
        }
    }
}

/// A fib, or a range of them as in `1-3`.
fn fibs(part: &str) -> Option<impl Iterator<Item = Fib>> {
    let (first, last): (Fib, Fib) = match part.split_once('-') {
        Some((first, last)) => (first.parse().ok()?, last.parse().ok()?),
        None => (part.parse().ok()?, part.parse().ok()?),
    };
    // As on FreeBSD, a range has at least two.
    let is_range = first < last || !part.contains('-');
    is_range.then(|| Fib::all().filter(move |fib| (first..=last).contains(fib)))
}
