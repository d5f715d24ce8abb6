//! ifconfig(8) in FreeBSD's dialect: interfaces, their addresses, bridges, epairs, vlans, tunnels.
//!
//! The command runs on the host and in jails. [`networds::ifconfig`] reads the whole command line
//! before anything is changed; this module carries out what was read.

mod configure;
mod identity;
pub(crate) mod network;

use crate::cli::answer;
use std::ffi::OsString;
use std::fmt::Display;
use std::process::ExitCode;

use netif::{Error, Interface, InterfaceName, Kind, Netlink};
use networds::ifconfig::{
    self, Configuration, Format, Invocation, Purpose, Selection, Separator, UsageError, listing,
};
use prison::{Prison, Registry};

use crate::cli::answer::not_found;
use network::Network;

/// Runs the applet.
pub(crate) fn run(arguments: Vec<OsString>) -> ExitCode {
    match read(arguments) {
        Ok(invocation) => finish(execute(&invocation)),
        Err(UsageError::Usage) => {
            complain!("{}", UsageError::Usage);
            ExitCode::FAILURE
        }
        Err(error) => answer::fail("ifconfig", format_args!("{error}{}", hint(&error))),
    }
}

/// Names the word that was meant, behind the message about a word that is neither known nor a
/// value.
fn hint(error: &UsageError) -> String {
    let UsageError::BadValue(word) = error else { return String::new() };
    nearest::hint(nearest::nearest(word, ifconfig::words()))
}

fn read(arguments: Vec<OsString>) -> Result<Invocation, UsageError> {
    let text = |word: OsString| {
        word.into_string().map_err(|word| UsageError::Text(word.to_string_lossy().into_owned()))
    };
    let words: Vec<String> = arguments.into_iter().map(text).collect::<Result<_, _>>()?;
    ifconfig::parse_with(format(), &words)
}

/// Reads the format that `IFCONFIG_FORMAT` asks for. The option `-f` overrides this format.
fn format() -> Format {
    let value = std::env::var_os("IFCONFIG_FORMAT").unwrap_or_default();
    if value.is_empty() {
        return Format::default();
    }
    let value = value.to_string_lossy();
    let (format, unknown) = Format::of_environment(&value);
    // Named and left out, as on FreeBSD: a variable that was set for another ifconfig must not stop
    // every hook.
    for one in unknown {
        complain!("ifconfig: Skipping invalid format specification: {one}");
    }
    format
}

fn finish(outcome: Result<String, String>) -> ExitCode {
    match outcome {
        Ok(text) => {
            answer::print(text);
            ExitCode::SUCCESS
        }
        Err(error) => answer::fail("ifconfig", error),
    }
}

/// Makes the changes of one interface for another applet, which has no use for what they print.
pub(crate) fn change(network: &mut Network, wanted: &Configuration) -> Result<(), String> {
    configure::configure(network, wanted, jail).map(drop).map_err(text)
}

/// What ifconfig prints of one interface, for another applet.
pub(crate) fn entry(network: &mut Network, name: &str) -> Result<String, String> {
    list(network, &Selection { interface: Some(name.to_owned()), ..Selection::default() })
}

/// Does what was asked. Answers what is to be printed.
fn execute(invocation: &Invocation) -> Result<String, String> {
    let mut network = Network::open(invocation.jail.as_deref())?;
    match &invocation.purpose {
        Purpose::Cloners => Ok(ifconfig::cloners()),
        Purpose::Names(selection, separator) => names(&mut network.netlink, selection, *separator),
        Purpose::List(selection) => list(&mut network, selection),
        Purpose::Configure(wanted) => {
            configure::configure(&mut network, wanted, jail).map_err(text)
        }
    }
}

fn names(
    netlink: &mut Netlink,
    selection: &Selection,
    separator: Separator,
) -> Result<String, String> {
    let all = netlink.interfaces().map_err(text)?;
    let chosen = listing::chosen(&all, selection);
    let names: Vec<&str> = chosen.iter().map(|interface| interface.name.as_str()).collect();
    Ok(match separator {
        Separator::Blank => names.join(" ") + "\n",
        Separator::Line => names.iter().map(|name| format!("{name}\n")).collect(),
    })
}

fn list(network: &mut Network, selection: &Selection) -> Result<String, String> {
    let netlink = &mut network.netlink;
    let mut all = match &selection.interface {
        Some(name) => around(netlink, name),
        None => netlink.interfaces(),
    }
    .map_err(text)?;
    // Span ports are filters of tc(8), which no listing of interfaces contains: a request of its
    // own reads them.
    netlink.find_spans(&mut all).map_err(text)?;
    netlink.find_vlans(&mut all).map_err(text)?;
    netlink.find_fibs(&mut all).map_err(text)?;
    let capabilities = network.capabilities();
    let entry = |interface: &Interface| {
        let own = capabilities.get(&interface.index);
        listing::entry(interface, own, &all, selection)
    };
    Ok(listing::chosen(&all, selection).into_iter().map(entry).collect())
}

/// Reads the interface of this name. All interfaces are read if its entry in a listing names
/// others.
fn around(netlink: &mut Netlink, name: &str) -> Result<Vec<Interface>, Error> {
    let unknown = |_| Error::NoInterface(name.to_owned());
    let mut interface = netlink.link(&InterfaceName::parse(name).map_err(unknown)?)?;
    // The entries of these kinds name members, ports or a parent.
    if matches!(interface.kind, Kind::Bridge(_) | Kind::Vlan { .. } | Kind::Lagg { .. }) {
        return netlink.interfaces();
    }
    let addresses = netlink.addresses()?.into_iter();
    let own = addresses.filter(|(index, _)| *index == interface.index);
    interface.addresses = own.map(|(_, address)| address).collect();
    Ok(vec![interface])
}

fn text(error: impl Display) -> String {
    error.to_string()
}

/// Finds the running jail that has this name or number.
fn jail(name: &str) -> Result<Prison, String> {
    let registry = Registry::open().map_err(|error| error.to_string())?;
    let record = registry.find(name).map_err(|error| error.to_string())?;
    record.and_then(Prison::open).ok_or_else(|| not_found(name))
}
