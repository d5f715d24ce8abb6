//! The addresses of the host that a jail has without a network of its own: `ip4.addr`, `ip6.addr`,
//! `interface`, `ip_hostname`, `ip4` and `ip6` of jail(8).

use crate::error::Error;
use crate::jail::Jail;
use jailparam::{Jailsys, List, Parameter, Set, param};
use netif::{Fib, InterfaceName, Netlink, Prefix, Route};
use prison::{Addresses, Prison, Record, Registry, Share, Source};
use std::borrow::Cow;
use std::fmt;
use std::net::{IpAddr, Ipv4Addr, Ipv6Addr, ToSocketAddrs};
use std::os::fd::AsFd;

/// More routes than these are not looked at one by one.
const MOST_ROUTES: usize = 4096;

/// An address that an interface of the host gets when the jail starts, and loses when the jail has
/// stopped.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Alias {
    /// The parameter that asks for it.
    pub parameter: &'static str,
    /// The interface.
    pub interface: InterfaceName,
    /// The address, with the length of its network.
    pub prefix: Prefix,
    /// How the length was given.
    length: Length,
    /// What ifconfig(8) is told behind the address.
    words: Words,
}

/// How the length of an address's network is given.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Length {
    /// Not at all: the address is all there is.
    Whole,
    /// `/24`.
    Bits,
    /// `/255.255.255.0`.
    Mask,
}

/// Words of ifconfig(8) behind an address: `alias`, `broadcast`, `netmask`, `prefixlen`.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
struct Words {
    text: Vec<String>,
    length: Option<u8>,
    broadcast: Option<Ipv4Addr>,
}

impl Words {
    /// Reads the words behind an address. The error is one that is not supported, or that has no
    /// value that can be used.
    fn read(text: &str, address: IpAddr) -> Result<Self, String> {
        let mut read = Self::default();
        let mut words = text.split(' ').filter(|word| !word.is_empty());
        while let Some(word) = words.next() {
            read.text.push(word.to_owned());
            if word == "alias" {
                continue;
            }
            let known = match address {
                IpAddr::V4(_) => ["netmask", "broadcast"].contains(&word),
                IpAddr::V6(_) => word == "prefixlen",
            };
            if !known {
                let some = if address.is_ipv4() { "broadcast and netmask" } else { "prefixlen" };
                return Err(format!(
                    "{word}: not supported behind an address: of ifconfig's words alias, {some} are"
                ));
            }
            let value = words.next().ok_or_else(|| format!("{word}: a value is missing"))?;
            let wrong = || format!("{word} {value}: bad value");
            match word {
                "netmask" => {
                    read.length = Some(netif::netmask_length(value).ok_or_else(wrong)?);
                }
                "broadcast" => read.broadcast = Some(value.parse().map_err(|_| wrong())?),
                _ => {
                    let length = value.parse().ok().filter(|it| *it <= Prefix::width(address));
                    read.length = Some(length.ok_or_else(wrong)?);
                }
            }
            read.text.push(value.to_owned());
        }
        Ok(read)
    }
}

impl fmt::Display for Alias {
    /// Writes the words of ifconfig(8) for the interface and the address, as FreeBSD's jail(8)
    /// shows them.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Prefix { address, length } = self.prefix;
        write!(f, "{} ", self.interface)?;
        match (address, self.length) {
            (IpAddr::V4(address), Length::Whole) => {
                write!(f, "inet {address} netmask 255.255.255.255")
            }
            (IpAddr::V4(address), Length::Mask) => {
                write!(f, "inet {address} netmask {}", self.prefix.mask())
            }
            (IpAddr::V4(address), Length::Bits) => write!(f, "inet {address}/{length}"),
            (IpAddr::V6(address), Length::Whole) => write!(f, "inet6 {address} prefixlen 128"),
            (IpAddr::V6(address), _) => write!(f, "inet6 {address}/{length}"),
        }
    }
}

impl Alias {
    /// What ifconfig(8) is told behind the address when the interface gets it, with a blank in
    /// front of each word.
    pub(crate) fn more(&self) -> String {
        self.words.text.iter().map(|word| format!(" {word}")).collect()
    }

    /// Gives the interface the address, unless it has that already.
    pub(crate) fn add(&self) -> Result<(), Error> {
        let length = self.words.length.unwrap_or(self.prefix.length);
        let prefix = Prefix { length, ..self.prefix };
        let broadcast = self.words.broadcast;
        let added = Netlink::open().and_then(|mut it| it.lend(&self.interface, prefix, broadcast));
        added.map_err(|error| self.failed(error))
    }

    /// Takes the address from the interface, if it was given for a jail and none of the `prisons`
    /// has it.
    pub(crate) fn remove(&self, prisons: &[Record]) -> Result<(), Error> {
        take_unused([self.prefix.address].into_iter(), prisons).map_err(|error| self.failed(error))
    }

    /// What giving the address fails with when the interface is missing.
    pub(crate) fn has_no_interface(&self) -> Error {
        self.failed(netif::Error::NoInterface(self.interface.to_string()))
    }

    fn failed(&self, error: netif::Error) -> Error {
        Error::Address(self.parameter, self.interface.clone(), error)
    }
}

/// One value of `ip4.addr` or `ip6.addr`.
struct Given {
    interface: Option<InterfaceName>,
    prefix: Prefix,
    length: Length,
    words: Words,
}

/// What a jail has of the addresses of the host's stack. `None`: the jail is not held to any, and
/// has all of them or none, as `ip4` and `ip6` say.
///
/// # Errors
/// An address cannot be read.
pub(crate) fn of(jail: &Jail) -> Result<Option<Addresses>, Error> {
    let mut all = Addresses::default();
    for given in given(jail)? {
        match given.prefix.address {
            IpAddr::V4(address) => all.v4.push(address),
            IpAddr::V6(address) => all.v6.push(address),
        }
    }
    if all.v4.own().is_empty() && all.v6.own().is_empty() {
        return Ok(None);
    }
    let inherits = |family| jail.parameters.jailsys(family) == Jailsys::Inherit;
    if all.v4.own().is_empty() && inherits(param::IP4) {
        all.v4 = Share::All;
    }
    if all.v6.own().is_empty() && inherits(param::IP6) {
        all.v6 = Share::All;
    }
    Ok(Some(all))
}

/// What a jail's addresses of the host may do that is not meant: the parameter, and the text behind
/// the jail's name in a warning. jail(8) starts such a jail without a word, as FreeBSD's does.
pub fn doubts(all: &Addresses) -> Vec<(&'static str, String)> {
    let (v4, v6) = (all.v4.own(), all.v6.own());
    let firsts = [
        (v4.first().map(|first| IpAddr::V4(*first)), "127.0.0.1", v4.len() == 1),
        // A socket of IPv6 may speak IPv4 too, and keeps all addresses then.
        (v6.first().map(|first| IpAddr::V6(*first)), "::1", v6.len() == 1 && all.v4.is_nothing()),
    ];
    let doubts = firsts.into_iter().filter_map(|(first, loopback, is_only)| {
        let first = first.filter(|first| !first.is_loopback())?;
        let deaf = if is_only {
            ", and neither broadcast nor multicast arrives at sockets for all addresses"
        } else {
            ""
        };
        let text = format!(
            "{loopback} is {first} in the jail: what listens there alone can be reached from outside{deaf}"
        );
        let name = parameter(first).name;
        Some((name, format!("{name}: {text}")))
    });
    doubts.collect()
}

/// Whether the jail's addresses of the host are to be in a network of the jail's: `kletka.net`.
pub(crate) fn is_carried(jail: &Jail) -> bool {
    jail.parameters.text(param::KLETKA_NET).as_deref() == Some(b"ipvlan")
}

/// The addresses that are to be in a network of the jail's, if they are.
///
/// # Errors
/// As [`of`].
pub(crate) fn carried(jail: &Jail) -> Result<Option<Vec<IpAddr>>, Error> {
    let addresses = of(jail)?.filter(|_| is_carried(jail));
    Ok(addresses.map(|all| prison::both(&all.v4, &all.v6).collect()))
}

/// Puts addresses of the host, and no others, into a prison's network.
///
/// Whoever calls has [`Registry::changing`]: nobody else makes or removes ways meanwhile.
pub(crate) fn carry(prison: &Prison, addresses: &[IpAddr]) -> Result<(), Error> {
    let network = prison.network()?;
    let here = prison::own_network()?;
    let carried = Netlink::open()
        .and_then(|mut netlink| netlink.carry(addresses, network.as_fd(), here.as_fd()));
    carried.map_err(Error::Carried)
}

/// Gives interfaces the addresses that a prison is about to have, and its own network if it has
/// one. Where that fails, nothing is changed.
///
/// Whoever calls has [`Registry::changing`].
pub(crate) fn provide(
    prison: &Prison,
    registry: &Registry,
    aliases: &[Alias],
    addresses: &Addresses,
) -> Result<(), Error> {
    registry.check_addresses(prison.record(), addresses)?;
    let provided = aliases.iter().try_for_each(Alias::add).and_then(|()| {
        if !prison.record().is_carried() {
            return Ok(());
        }
        let all: Vec<IpAddr> = prison::both(&addresses.v4, &addresses.v6).collect();
        carry(prison, &all)
    });
    provided.inspect_err(|_| withdraw(prison, registry, aliases))
}

/// Undoes what [`provide`] has done: the prison has the addresses of its record.
pub(crate) fn withdraw(prison: &Prison, registry: &Registry, aliases: &[Alias]) {
    // Whatever fails here, the failure before is the one to tell of; the doctor finds what is left.
    if prison.record().is_carried() {
        let own: Vec<IpAddr> = prison.record().addresses().collect();
        let _ = carry(prison, &own).and_then(|()| forget_carried(registry));
    }
    let prisons = registry.prisons().unwrap_or_default();
    for alias in aliases.iter().rev() {
        let _ = alias.remove(&prisons);
    }
}

/// Takes away what leads the host's packets to addresses in networks of prisons that are gone.
///
/// # Errors
/// The registry cannot be read, or the kernel refuses.
pub fn uncarry(registry: &Registry) -> Result<(), Error> {
    let _changing = registry.changing()?;
    forget_carried(registry)
}

fn forget_carried(registry: &Registry) -> Result<(), Error> {
    let prisons = registry.prisons()?;
    let carried = prisons.iter().filter(|record| record.is_carried());
    let keep: Vec<IpAddr> = carried.flat_map(Record::addresses).collect();
    let forgotten = Netlink::open().and_then(|mut netlink| netlink.forget_carried(&keep));
    forgotten.map_err(Error::Carried)
}

/// The addresses that interfaces of the host get for a jail, in order.
///
/// # Errors
/// An address, or the name of an interface, cannot be read.
pub(crate) fn aliases(jail: &Jail) -> Result<Vec<Alias>, Error> {
    let usual = jail.text(param::INTERFACE).map(|name| name.to_string_lossy().into_owned());
    let usual = usual.map(|name| interface(param::INTERFACE.parameter(), &name)).transpose()?;
    let aliases = given(jail)?.into_iter().filter_map(|given| {
        let Given { interface, prefix, length, words } = given;
        let parameter = parameter(prefix.address).name;
        let interface = interface.or_else(|| usual.clone())?;
        Some(Alias { parameter, interface, prefix, length, words })
    });
    Ok(aliases.collect())
}

fn parameter(address: IpAddr) -> &'static Parameter {
    if address.is_ipv4() { param::IP4_ADDR.parameter() } else { param::IP6_ADDR.parameter() }
}

fn given(jail: &Jail) -> Result<Vec<Given>, Error> {
    let mut all: Vec<Given> = Vec::new();
    for list in [param::IP4_ADDR, param::IP6_ADDR] {
        for value in jail.parameters.list(list) {
            let one = read(list, &String::from_utf8_lossy(value))?;
            all.retain(|other| other.prefix.address != one.prefix.address);
            all.push(one);
        }
    }
    Ok(all)
}

/// Reads a value: `[INTERFACE|]ADDRESS[/LENGTH | /MASK][ WORD …]`.
fn read(list: List, value: &str) -> Result<Given, Error> {
    let name = list.name;
    let (before, rest) = match value.split_once('|') {
        Some((before, rest)) => (Some(before), rest),
        None => (None, value),
    };
    let interface = before.map(|before| interface(list.parameter(), before)).transpose()?;
    let (text, words) = rest.split_once(' ').unwrap_or((rest, ""));
    let (address, length) = match text.split_once('/') {
        Some((address, length)) => (address, Some(length)),
        None => (text, None),
    };
    let is_ip4 = param::IP4_ADDR.is(list.parameter());
    // libjail's words.
    let wrong = || {
        let family = if is_ip4 { "IPv4" } else { "IPv6" };
        Error::Value(name, format!("not an {family} address: {text}"))
    };
    let address: IpAddr = match is_ip4 {
        true => address.parse::<Ipv4Addr>().map_err(|_| wrong())?.into(),
        false => address.parse::<Ipv6Addr>().map_err(|_| wrong())?.into(),
    };
    let most = Prefix::width(address);
    let (how, length) = match length {
        None => (Length::Whole, Some(most)),
        Some(mask) if is_ip4 && mask.contains('.') => (Length::Mask, netif::netmask_length(mask)),
        Some(bits) => (Length::Bits, bits.parse().ok().filter(|bits| *bits <= most)),
    };
    let prefix = Prefix { address, length: length.ok_or_else(wrong)? };
    let words = Words::read(words, address).map_err(|why| Error::Value(name, why))?;
    Ok(Given { interface, prefix, length: how, words })
}

fn interface(parameter: &'static Parameter, name: &str) -> Result<InterfaceName, Error> {
    InterfaceName::parse(name).map_err(|error| Error::Value(parameter.name, error.to_string()))
}

/// The jail with the addresses that its host name has, if `ip_hostname` asks for them.
///
/// # Errors
/// As [`of_host_name`].
pub(crate) fn found(jail: &Jail) -> Result<Cow<'_, Jail>, Error> {
    let parameters = match of_host_name(&jail.parameters)? {
        Cow::Borrowed(_) => return Ok(Cow::Borrowed(jail)),
        Cow::Owned(parameters) => parameters,
    };
    Ok(Cow::Owned(Jail { parameters, ..jail.clone() }))
}

/// `ip_hostname`: the parameters of a jail with the addresses that its host name has, of the
/// families that the jail has, in front of those of `ip4.addr` and `ip6.addr`. As in FreeBSD's
/// check_intparams(), the addresses are the jail's own from then on: the name is looked up once.
///
/// # Errors
/// The resolver does not know the name.
pub fn of_host_name(parameters: &Set) -> Result<Cow<'_, Set>, Error> {
    let name = parameters.text(param::HOST_HOSTNAME).filter(|name| !name.is_empty());
    let Some(name) = name.filter(|_| parameters.flag(param::IP_HOSTNAME)) else {
        return Ok(Cow::Borrowed(parameters));
    };
    let name = String::from_utf8_lossy(&name);
    let found = (name.as_ref(), 0).to_socket_addrs();
    let failed = |error| Error::Value(param::IP_HOSTNAME.name, format!("{name}: {error}"));
    let found: Vec<IpAddr> = found.map_err(failed)?.map(|found| found.ip()).collect();
    let mut complete = parameters.clone();
    complete.put(param::IP_HOSTNAME, false);
    for (family, list) in [(param::IP4, param::IP4_ADDR), (param::IP6, param::IP6_ADDR)] {
        let is_wanted =
            parameters.given(&family).is_none() || parameters.jailsys(family) == Jailsys::New;
        let is_ip4 = param::IP4_ADDR.is(list.parameter());
        let found = found.iter().filter(|address| is_wanted && address.is_ipv4() == is_ip4);
        let mut addresses: Vec<Vec<u8>> =
            found.map(|address| address.to_string().into_bytes()).collect();
        addresses.dedup();
        // With an interface or a network of its own, an address that is given says more.
        let given = parameters.list(list);
        addresses.retain(|one| !given.iter().any(|given| jailparam::address(given) == one));
        addresses.extend_from_slice(given);
        if !addresses.is_empty() {
            complete.put(list, addresses);
        }
    }
    Ok(Cow::Owned(complete))
}

/// Takes from interfaces of the host the addresses that a jail had `before` and no jail has now.
pub(crate) fn take_back(before: &Record, registry: &Registry) -> Result<(), Error> {
    if before.addresses().next().is_none() {
        return Ok(());
    }
    if before.is_carried() {
        uncarry(registry)?;
    }
    take_unused(before.addresses(), &registry.prisons()?).map_err(Error::Routes)
}

/// Takes from interfaces of the host those of the addresses that none of the `prisons` has.
fn take_unused(
    addresses: impl Iterator<Item = IpAddr>,
    prisons: &[Record],
) -> Result<(), netif::Error> {
    let is_unused = |it: &IpAddr| !prisons.iter().any(|one| one.has_address(*it));
    let mut unused = addresses.filter(is_unused).peekable();
    if unused.peek().is_none() {
        return Ok(());
    }
    let mut netlink = Netlink::open()?;
    unused.try_for_each(|address| netlink.take_lent(address))
}

/// Adds the sources that routes of the jail's table prefer, where a jail has several addresses of a
/// family: `ip4.saddrsel` and `ip6.saddrsel`.
pub(crate) fn select_sources(
    jail: &Jail,
    fib: Option<Fib>,
    addresses: &mut Addresses,
) -> Result<(), netif::Error> {
    let v4: Vec<IpAddr> = addresses.v4.own().iter().copied().map(IpAddr::V4).collect();
    let v6: Vec<IpAddr> = addresses.v6.own().iter().copied().map(IpAddr::V6).collect();
    let selects = [(param::IP4_SADDRSEL, v4), (param::IP6_SADDRSEL, v6)];
    let selects =
        selects.into_iter().filter(|(flag, own)| own.len() > 1 && jail.parameters.flag(*flag));
    let mut selects = selects.map(|(_, own)| own).peekable();
    if selects.peek().is_none() {
        return Ok(());
    }
    let mut netlink = Netlink::open()?;
    let (carried, routes) = (netlink.addresses()?, netlink.routes_of(fib.unwrap_or_default())?);
    for own in selects {
        let on = |interface: u32| {
            let carries = |one: &&IpAddr| {
                carried.iter().any(|(at, it)| *at == interface && it.prefix.address == **one)
            };
            own.iter().find(carries).copied()
        };
        addresses.sources.extend(sources(&own, &routes, on));
    }
    Ok(())
}

/// From which of its `own` addresses a jail reaches the destinations of routes, if that is not
/// always the first. `on` answers which of them an interface has.
fn sources(own: &[IpAddr], routes: &[Route], on: impl Fn(u32) -> Option<IpAddr>) -> Vec<Source> {
    let Some(first) = own.first() else { return Vec::new() };
    let same = |route: &&Route| route.destination.address.is_ipv4() == first.is_ipv4();
    let chosen = routes.iter().filter(same).filter_map(|route| {
        let address = on(route.interface?).unwrap_or(*first);
        let Prefix { address: prefix, length } = route.destination;
        Some(Source { prefix, length, address })
    });
    let mut chosen: Vec<Source> = chosen.collect();
    // Those that lead to the first are needed only inside others that do not.
    if chosen.len() > MOST_ROUTES || chosen.iter().all(|source| source.address == *first) {
        chosen.retain(|source| source.address != *first);
    }
    chosen
}

#[cfg(test)]
mod tests {
    use super::*;

    fn jail(words: &[&str]) -> Jail {
        let parameters = jailconf::Jail::from_words(words).unwrap();
        Jail {
            configured: None,
            parameters: jailparam::Set::import(&parameters).unwrap(),
            given: None,
        }
    }

    #[test]
    fn values_become_addresses_and_aliases() {
        #[rustfmt::skip]
        let cases: [(&[&str], &str, &str); 11] = [
            (&["ip4.addr=192.0.2.1"],                                "192.0.2.1", ""),
            (&["ip4.addr=em0|192.0.2.1/24,192.0.2.2"],               "192.0.2.1 192.0.2.2", "em0 inet 192.0.2.1/24"),
            (&["interface=em0", "ip4.addr=192.0.2.1,lo1|10.0.0.1"],  "192.0.2.1 10.0.0.1", "em0 inet 192.0.2.1 netmask 255.255.255.255, lo1 inet 10.0.0.1 netmask 255.255.255.255"),
            (&["ip4.addr=em0|192.0.2.1/255.255.255.0"],              "192.0.2.1", "em0 inet 192.0.2.1 netmask 255.255.255.0"),
            (&["ip4.addr=em0|192.0.2.1/24 broadcast 192.0.2.127"],   "192.0.2.1", "em0 inet 192.0.2.1/24 broadcast 192.0.2.127"),
            (&["ip4.addr=em0|192.0.2.1 netmask 0xffffff00 alias"],   "192.0.2.1", "em0 inet 192.0.2.1 netmask 255.255.255.255 netmask 0xffffff00 alias"),
            (&["ip6.addr=em0|2001:db8::1 prefixlen 64"],             "2001:db8::1", "em0 inet6 2001:db8::1 prefixlen 128 prefixlen 64"),
            (&["ip6.addr=em0|2001:db8::1/64", "ip4=inherit"],        "inet 2001:db8::1", "em0 inet6 2001:db8::1/64"),
            (&["ip6.addr=em0|2001:db8::1"],                          "2001:db8::1", "em0 inet6 2001:db8::1 prefixlen 128"),
            (&["interface=em0"],                                     "none", ""),
            (&["ip4=inherit"],                                       "none", ""),
        ];
        for (words, addresses, aliased) in cases {
            let jail = jail(words);
            let got = of(&jail).unwrap().map_or("none".into(), |all| all.to_string());
            assert_eq!(got, addresses, "{words:?}");
            let aliases = aliases(&jail).unwrap();
            let got: Vec<String> =
                aliases.iter().map(|alias| format!("{alias}{}", alias.more())).collect();
            assert_eq!(got.join(", "), aliased, "{words:?}");
        }
    }

    #[test]
    fn what_is_reached_from_outside() {
        const DEAF: &str =
            ", and neither broadcast nor multicast arrives at sockets for all addresses";
        for (words, want) in [
            (&["ip4.addr=192.0.2.1"][..], vec![("127.0.0.1 is 192.0.2.1", DEAF)]),
            (&["ip4.addr=192.0.2.1,192.0.2.2"], vec![("127.0.0.1 is 192.0.2.1", "")]),
            (&["ip6.addr=2001:db8::1"], vec![("::1 is 2001:db8::1", DEAF)]),
            (
                &["ip4.addr=192.0.2.1", "ip6.addr=2001:db8::1"],
                vec![("127.0.0.1 is 192.0.2.1", DEAF), ("::1 is 2001:db8::1", "")],
            ),
            (&["ip4.addr=127.0.1.1"], vec![]),
        ] {
            let got = doubts(&of(&jail(words)).unwrap().unwrap());
            let want: Vec<String> = want
                .iter()
                .map(|(is, deaf)| {
                    format!("{is} in the jail: what listens there alone can be reached from outside{deaf}")
                })
                .collect();
            let got: Vec<String> = got
                .into_iter()
                .map(|(name, text)| text.strip_prefix(&format!("{name}: ")).unwrap().to_owned())
                .collect();
            assert_eq!(got, want, "{words:?}");
        }
    }

    #[test]
    fn what_is_no_address() {
        for (word, want) in [
            ("ip4.addr=192.0.2", "ip4.addr: not an IPv4 address: 192.0.2"),
            ("ip4.addr=2001:db8::1", "ip4.addr: not an IPv4 address: 2001:db8::1"),
            ("ip4.addr=192.0.2.1/33", "ip4.addr: not an IPv4 address: 192.0.2.1/33"),
            ("ip6.addr=192.0.2.1", "ip6.addr: not an IPv6 address: 192.0.2.1"),
            (
                "ip4.addr=em0|192.0.2.1/24 vhid 1",
                "ip4.addr: vhid: not supported behind an address: of ifconfig's words alias, broadcast and netmask are",
            ),
            ("ip4.addr=em0|192.0.2.1 broadcast", "ip4.addr: broadcast: a value is missing"),
            ("ip6.addr=em0|2001:db8::1 prefixlen 129", "ip6.addr: prefixlen 129: bad value"),
        ] {
            assert_eq!(of(&jail(&[word])).unwrap_err().to_string(), want, "{word}");
        }
    }
}
