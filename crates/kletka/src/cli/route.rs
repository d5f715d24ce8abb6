//! route(8) in FreeBSD's dialect: `add`, `change`, `delete` and `get`, on the host and in jails.
//!
//! Numbers stay numbers (`-n`). What it does not know of FreeBSD's words it refuses by name.

mod command;

use crate::cli::answer;
use std::ffi::OsString;
use std::fmt::Write as _;
use std::net::IpAddr;
use std::process::ExitCode;

use netif::{Error, Netlink, Prefix, Route, RouteKind, strerror};
use rustix::io::Errno;

use super::ifconfig::network::Network;
use command::{Command, Family, Gateway, UsageError, Verb};

/// Runs the applet.
pub(crate) fn run(arguments: Vec<OsString>) -> ExitCode {
    let text = |word: OsString| word.into_string().map_err(|word| bad_text(&word));
    let words: Result<Vec<String>, _> = arguments.into_iter().map(text).collect();
    match words.and_then(|words| command::parse(&words)) {
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

fn execute(command: &Command) -> ExitCode {
    let mut netlink = match Network::open(command.jail.as_deref()) {
        Ok(network) => network.netlink,
        Err(error) => return answer::fail("route", error),
    };
    let change = match command.verb {
        Verb::Flush => return flush(&mut netlink, command),
        Verb::Get => {
            return match get(&mut netlink, command) {
                Ok(text) => print(&text, ExitCode::SUCCESS),
                Err(error) => tell(&error),
            };
        }
        Verb::Add => Netlink::add_route,
        Verb::Change => Netlink::change_route,
        Verb::Delete => Netlink::delete_route,
    };
    let route = match route(&mut netlink, command) {
        Ok(route) => route,
        Err(Error::NoInterface(name)) => return refuse(&UsageError::BadAddress(name)),
        Err(error) => return answer::fail("route", error),
    };
    let outcome = change(&mut netlink, &route);
    let status = match &outcome {
        Ok(()) => ExitCode::SUCCESS,
        Err(error) if command.quiet => return tell_nothing(error),
        Err(error) => tell(error),
    };
    if command.quiet {
        return status;
    }
    print(&report(command, outcome.as_ref().err()), status)
}

/// The route that the command line describes. A name of an interface becomes its number.
fn route(netlink: &mut Netlink, command: &Command) -> Result<Route, Error> {
    let (gateway, interface) = match &command.gateway {
        None => (None, None),
        Some(Gateway::Address(address, scope)) => (Some(*address), scope.as_ref()),
        Some(Gateway::Interface(name)) => (None, Some(name)),
    };
    let interface = interface.map(|name| netlink.index(name)).transpose()?;
    // FreeBSD wants a gateway for what it drops, and does not use it.
    let gateway = gateway.filter(|_| command.kind == RouteKind::Unicast);
    Ok(Route {
        destination: command.destination,
        gateway,
        interface,
        kind: command.kind,
        mtu: command.mtu,
        is_static: true,
    })
}

/// The line that FreeBSD prints of a change, well done or not.
fn report(command: &Command, error: Option<&Error>) -> String {
    let what = if command.is_host { "host" } else { "net" };
    let mut line = format!("{} {what} {}", command.verb_text, command.destination_text);
    if let Some(gateway) = &command.gateway {
        let _ = write!(line, ": gateway {gateway}");
    }
    if let Some(error) = error {
        let _ = write!(line, " fib 0: {}", reason(error));
    }
    line + "\n"
}

/// Why a change failed, in the words of route(8), DIAGNOSTICS.
fn reason(error: &Error) -> String {
    match error {
        Error::Refused { errno, .. } => match *errno {
            Errno::SRCH => "not in table".into(),
            Errno::BUSY => "entry in use".into(),
            Errno::NOBUFS => "not enough memory".into(),
            Errno::ADDRINUSE => "gateway uses the same route".into(),
            Errno::EXIST => "route already in table".into(),
            errno => strerror(errno),
        },
        error => error.to_string(),
    }
}

/// Tells of an error on standard error.
fn tell(error: &Error) -> ExitCode {
    if let Error::Refused { errno: Errno::SRCH, .. } = error {
        return answer::fail("route", "route has not been found");
    }
    answer::fail("route", error)
}

/// `-q`: what went wrong with the route is not told, what kept us from asking is.
fn tell_nothing(error: &Error) -> ExitCode {
    match error {
        Error::Refused { .. } => ExitCode::FAILURE,
        error => answer::fail("route", error),
    }
}

fn print(text: &str, status: ExitCode) -> ExitCode {
    answer::print("route", text, status)
}

/// `flush`: deletes every route that leads through a gateway, and says so of each.
fn flush(netlink: &mut Netlink, command: &Command) -> ExitCode {
    let routes = match netlink.routes() {
        Ok(routes) => routes,
        Err(error) => return answer::fail("route", error),
    };
    let (mut text, mut status) = (String::new(), ExitCode::SUCCESS);
    for route in routes {
        let Some(gateway) = route.gateway else { continue };
        let family = if gateway.is_ipv4() { Family::Inet } else { Family::Inet6 };
        if command.family.is_some_and(|only| only != family) {
            continue;
        }
        match netlink.delete_route(&route) {
            Ok(()) if command.quiet => {}
            Ok(()) => {
                let _ = writeln!(text, "{:<20.20} {gateway:<20.20} done", net(&route.destination));
            }
            Err(error) => status = tell(&error),
        }
    }
    print(&text, status)
}

/// A destination as netname() writes it: `default`, a host, or with the length of its prefix.
pub(super) fn net(destination: &Prefix) -> String {
    match destination.length {
        0 => "default".to_owned(),
        length if length == Prefix::width(destination.address) => destination.address.to_string(),
        length => format!("{}/{length}", destination.address),
    }
}

/// `get`: what the table says of a destination.
fn get(netlink: &mut Netlink, command: &Command) -> Result<String, Error> {
    let wanted = command.destination;
    let found = if command.is_host {
        netlink.get_route(wanted.address)?
    } else {
        let same = |route: &Route| route.destination.network() == wanted.network();
        let found = netlink.routes()?.into_iter().find(same);
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
    Ok(describe(&command.destination_text, &found, interface, mtu))
}

/// The answer to `get`, in FreeBSD's form.
fn describe(asked: &str, route: &Route, interface: Option<&str>, mtu: u32) -> String {
    let asked = if asked == "0.0.0.0" || asked == "::" { "default" } else { asked };
    let destination = route.destination;
    let mut text = format!("   route to: {asked}\ndestination: {}\n", place(destination.address));
    if destination.length < Prefix::width(destination.address) {
        let _ = writeln!(text, "       mask: {}", place(destination.mask()));
    }
    if let Some(gateway) = route.gateway {
        let _ = writeln!(text, "    gateway: {gateway}");
    }
    text += "        fib: 0\n";
    if let Some(interface) = interface {
        let _ = writeln!(text, "  interface: {interface}");
    }
    let host = destination.length == Prefix::width(destination.address);
    let flags: Vec<&str> = [
        (true, "UP"),
        (route.gateway.is_some(), "GATEWAY"),
        (host, "HOST"),
        (route.kind == RouteKind::Reject, "REJECT"),
        (true, "DONE"),
        (route.is_static, "STATIC"),
        (route.kind == RouteKind::Blackhole, "BLACKHOLE"),
        (!route.is_static, "PINNED"),
    ]
    .into_iter()
    .filter_map(|(set, name)| set.then_some(name))
    .collect();
    let _ = write!(
        text,
        "      flags: <{}>\n recvpipe  sendpipe  ssthresh  rtt,msec    mtu        weight    expire\n\
         {:8}  {:8}  {:8}  {:8}  {mtu:8}  {:8}  {:8} \n",
        flags.join(","),
        0,
        0,
        0,
        0,
        1,
        0
    );
    text
}

/// An address as routename() writes it: all zero is `default`.
fn place(address: IpAddr) -> String {
    if address.is_unspecified() { "default".to_owned() } else { address.to_string() }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_default_route() {
        let any = Prefix { address: "0.0.0.0".parse().unwrap(), length: 0 };
        let route = Route::through(any, "192.168.1.250".parse().unwrap());
        let want = "   route to: default
destination: default
       mask: default
    gateway: 192.168.1.250
        fib: 0
  interface: epair1b
      flags: <UP,GATEWAY,DONE,STATIC>
 recvpipe  sendpipe  ssthresh  rtt,msec    mtu        weight    expire
       0         0         0         0      1500         1         0 
";
        assert_eq!(describe("default", &route, Some("epair1b"), 1500), want);
    }

    #[test]
    #[rustfmt::skip]
    fn reports() {
        let error = |errno| Error::Refused { request: netif::Request::Route, errno, because: None };
        for (line, error, want) in [
            ("add default 10.0.0.1",       None,                           "add net default: gateway 10.0.0.1\n"),
            ("add 10.0.0.5 10.0.0.1",      None,                           "add host 10.0.0.5: gateway 10.0.0.1\n"),
            ("add -net 10.0.0.0/8 1.2.3.4", None,                          "add net 10.0.0.0: gateway 1.2.3.4\n"),
            ("delete default",             None,                           "delete net default\n"),
            ("add default 10.0.0.1",       Some(error(Errno::EXIST)),      "add net default: gateway 10.0.0.1 fib 0: route already in table\n"),
            ("add default 10.0.0.1",       Some(error(Errno::NETUNREACH)), "add net default: gateway 10.0.0.1 fib 0: Network is unreachable\n"),
            ("delete default",             Some(error(Errno::SRCH)),       "delete net default fib 0: not in table\n"),
        ] {
            let words: Vec<String> = line.split(' ').map(str::to_owned).collect();
            assert_eq!(report(&command::parse(&words).unwrap(), error.as_ref()), want, "{line}");
        }
    }
}
