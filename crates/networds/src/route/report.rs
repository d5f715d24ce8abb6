//! What route(8) prints: the outcome of a change, the route that `get` found, a route that `flush`
//! deleted.

use std::fmt::Write as _;
use std::net::IpAddr;

use netif::{Error, Prefix, Route, RouteKind, strerror};
use rustix::io::Errno;

use super::command::RouteCommand;

/// The line that FreeBSD prints after a change, whether or not the change succeeded.
#[must_use]
pub fn change_line(command: &RouteCommand, error: Option<&Error>) -> String {
    let what = if command.is_host { "host" } else { "net" };
    let mut line = format!("{} {what} {}", command.verb_text, command.destination_text);
    if let Some(gateway) = &command.gateway {
        let _ = write!(line, ": gateway {gateway}");
    }
    if let Some(error) = error {
        // With one table FreeBSD names it only after a failure.
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
            // As FreeBSD's route does for all errors that it has no words of its own for.
            errno => strerror(errno),
        },
        error => error.to_string(),
    }
}

/// The line for a route through `gateway` that `flush` has deleted.
#[must_use]
pub fn flushed_line(destination: &Prefix, gateway: IpAddr) -> String {
    format!("{:<20.20} {gateway:<20.20} done\n", net(destination))
}

/// A destination in netname()'s form: `default`, a host, or a net with the length of its prefix.
#[must_use]
pub fn net(destination: &Prefix) -> String {
    match destination.length {
        0 => "default".to_owned(),
        length if length == Prefix::width(destination.address) => destination.address.to_string(),
        length => format!("{}/{length}", destination.address),
    }
}

/// The answer to `get`, in FreeBSD's form. `asked` is the destination as it was written; `mtu` is
/// in bytes.
#[must_use]
pub fn description(asked: &str, route: &Route, interface: Option<&str>, mtu: u32) -> String {
    let asked = if asked == "0.0.0.0" || asked == "::" { "default" } else { asked };
    let destination = route.destination;
    let mut text = format!("   route to: {asked}\ndestination: {}\n", place(destination.address));
    // FreeBSD prints no mask of a host.
    if destination.length < Prefix::width(destination.address) {
        let _ = writeln!(text, "       mask: {}", place(destination.mask()));
    }
    if let Some(gateway) = route.gateway {
        let _ = writeln!(text, "    gateway: {gateway}");
    }
    // There is only one table as yet.
    text += "        fib: 0\n";
    if let Some(interface) = interface {
        let _ = writeln!(text, "  interface: {interface}");
    }
    let _ = write!(
        text,
        "      flags: <{}>\n recvpipe  sendpipe  ssthresh  rtt,msec    mtu        weight    expire\n\
         {:8}  {:8}  {:8}  {:8}  {mtu:8}  {:8}  {:8} \n",
        flags(route),
        0,
        0,
        0,
        0,
        1,
        0
    );
    text
}

/// The RTF_* flags of a route: route(4).
fn flags(route: &Route) -> String {
    let host = route.destination.length == Prefix::width(route.destination.address);
    let flags: Vec<&str> = [
        (true, "UP"),
        (route.gateway.is_some(), "GATEWAY"),
        (host, "HOST"),
        (route.kind == RouteKind::Reject, "REJECT"),
        // The kernel sets DONE on each answer that FreeBSD's route reads.
        (true, "DONE"),
        (route.is_static, "STATIC"),
        (route.kind == RouteKind::Blackhole, "BLACKHOLE"),
        // What the kernel has made cannot be changed by hand.
        (!route.is_static, "PINNED"),
    ]
    .into_iter()
    .filter_map(|(set, name)| set.then_some(name))
    .collect();
    flags.join(",")
}

/// An address in routename()'s form: the unspecified one is `default`.
fn place(address: IpAddr) -> String {
    if address.is_unspecified() { "default".to_owned() } else { address.to_string() }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::route::parse;

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
        assert_eq!(description("default", &route, Some("epair1b"), 1500), want);
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
            let Ok(command) = parse(&words) else { panic!("{line}") };
            assert_eq!(change_line(&command, error.as_ref()), want, "{line}");
        }
    }
}
