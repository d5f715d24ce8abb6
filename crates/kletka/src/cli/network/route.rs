//! route(8) in FreeBSD's dialect: `add`, `change`, `delete` and `get`, on the host and in jails.
//!
//! Numbers are never turned into names (`-n`). [`networds::route`] reads the command line; this
//! module carries it out.

use crate::cli::answer;
use std::ffi::OsString;
use std::process::ExitCode;

use netif::{Error, Fib, Netlink, Route, RouteKind};
use networds::route::{self, Gateway, IpFamily, RouteCommand, UsageError, Verb};
use rustix::io::Errno;

use crate::cli::network::ifconfig::network::Network;

/// Runs the applet.
pub(crate) fn run(arguments: Vec<OsString>) -> ExitCode {
    let text = |word: OsString| word.into_string().map_err(|word| bad_text(&word));
    let words: Result<Vec<String>, _> = arguments.into_iter().map(text).collect();
    match words.and_then(|words| route::parse(&words)) {
        Ok(command) => execute(&command),
        Err(error) => refuse(&error),
    }
}

fn refuse(error: &UsageError) -> ExitCode {
    let _ = answer::fail("route", error);
    ExitCode::from(error.exit_status())
}

fn bad_text(word: &OsString) -> UsageError {
    UsageError::BadAddress(word.to_string_lossy().into_owned())
}

fn execute(command: &RouteCommand) -> ExitCode {
    let mut netlink = match Network::open(command.jail.as_deref()) {
        Ok(network) => network.netlink,
        Err(error) => return answer::fail("route", error),
    };
    let fibs = if command.fibs.is_empty() { vec![Fib::own()] } else { command.fibs.clone() };
    let change = match command.verb {
        Verb::Flush => return flush(&mut netlink, command, &fibs),
        Verb::Get => return get(&mut netlink, command, &fibs),
        Verb::Add => Netlink::add_route,
        Verb::Change => Netlink::change_route,
        Verb::Delete => Netlink::delete_route,
    };
    let route = match described(&mut netlink, command) {
        Ok(route) => route,
        // FreeBSD looks up a word that is no address as the name of a host, and fails with `bad
        // address`.
        Err(Error::NoInterface(name)) => return refuse(&UsageError::BadAddress(name)),
        Err(error) => return answer::fail("route", error),
    };
    let mut status = ExitCode::SUCCESS;
    let mut outcomes = Vec::new();
    for fib in fibs {
        let outcome = change(&mut netlink, &Route { fib, ..route });
        if let Err(error) = &outcome {
            // With -q, FreeBSD's route prints nothing about the kernel's answer.
            status = if command.quiet { tell_nothing(error) } else { tell(error) };
        }
        outcomes.push((fib, outcome));
    }
    if command.quiet {
        return status;
    }
    print(&route::change_lines(command, &outcomes), status)
}

/// Answers the route that the command line describes. The name of an interface becomes its number.
fn described(netlink: &mut Netlink, command: &RouteCommand) -> Result<Route, Error> {
    let (gateway, interface) = match &command.gateway {
        None => (None, None),
        Some(Gateway::Address(address, scope)) => (Some(*address), scope.as_ref()),
        Some(Gateway::Interface(name)) => (None, Some(name)),
    };
    let interface = interface.map(|name| netlink.index(name)).transpose()?;
    // FreeBSD wants a gateway for routes that drop packets, and does not use it. Linux refuses one.
    let gateway = gateway.filter(|_| command.kind == RouteKind::Unicast);
    Ok(Route {
        destination: command.destination,
        gateway,
        interface,
        kind: command.kind,
        mtu: command.mtu,
        fib: Fib::DEFAULT,
        is_static: true,
    })
}

/// Prints an error on standard error.
fn tell(error: &Error) -> ExitCode {
    // FreeBSD's words for ESRCH.
    if let Error::Refused { errno: Errno::SRCH, .. } = error {
        return answer::fail("route", "route has not been found");
    }
    answer::fail("route", error)
}

/// Carries out `-q`: a refusal of the kernel is not printed, any other error is.
fn tell_nothing(error: &Error) -> ExitCode {
    match error {
        Error::Refused { .. } => ExitCode::FAILURE,
        error => answer::fail("route", error),
    }
}

fn print(text: &str, status: ExitCode) -> ExitCode {
    answer::print(text);
    status
}

/// Carries out `flush`: deletes every route that leads through a gateway, and prints each.
fn flush(netlink: &mut Netlink, command: &RouteCommand, fibs: &[Fib]) -> ExitCode {
    let routes: Result<Vec<Vec<Route>>, Error> =
        fibs.iter().map(|fib| netlink.routes_of(*fib)).collect();
    let routes = match routes {
        Ok(routes) => routes,
        Err(error) => return answer::fail("route", error),
    };
    let (mut text, mut status) = (String::new(), ExitCode::SUCCESS);
    for route in routes.into_iter().flatten() {
        let Some(gateway) = route.gateway else { continue };
        let family = if gateway.is_ipv4() { IpFamily::Inet } else { IpFamily::Inet6 };
        if command.family.is_some_and(|only| only != family) {
            continue;
        }
        match netlink.delete_route(&route) {
            Ok(()) if command.quiet => {}
            Ok(()) => text += &route::flushed_line(&route.destination, gateway, route.fib),
            Err(error) => status = tell(&error),
        }
    }
    print(&text, status)
}

/// Carries out `get`: prints what each table says of a destination.
fn get(netlink: &mut Netlink, command: &RouteCommand, fibs: &[Fib]) -> ExitCode {
    let (mut text, mut status) = (String::new(), ExitCode::SUCCESS);
    for fib in fibs {
        match description(netlink, command, *fib) {
            Ok(description) => text += &description,
            Err(error) => status = tell(&error),
        }
    }
    print(&text, status)
}

/// What the table of a fib says of the destination.
fn description(netlink: &mut Netlink, command: &RouteCommand, fib: Fib) -> Result<String, Error> {
    let wanted = command.destination;
    // A host is asked of the kernel, which chooses the route as it does for packets. A network is
    // looked for in the table, as Linux has no such request.
    let found = if command.is_host {
        netlink.get_route(wanted.address, fib)?
    } else {
        let same = |route: &Route| route.destination.network() == wanted.network();
        let found = netlink.routes_of(fib)?.into_iter().find(same);
        found.ok_or(Error::Refused {
            request: netif::Request::Route,
            errno: Errno::SRCH,
            because: None,
        })?
    };
    let links = netlink.links()?;
    let link = links.iter().find(|link| Some(link.index) == found.interface);
    let interface = link.map(|link| link.name.as_str());
    let mtu = found.mtu.or(link.map(|link| link.mtu)).unwrap_or(0);
    Ok(route::description(&command.destination_text, &found, interface, mtu))
}
