//! What route(8) prints: the outcome of a change, the route that `get` found, a route that `flush`
//! deleted.

use std::fmt::Write as _;
use std::net::IpAddr;

use netif::{Error, Fib, Prefix, Route, RouteKind, strerror};
use rustix::io::Errno;

use super::command::RouteCommand;

/// The lines that FreeBSD prints after a change of these tables, whether or not the change
/// succeeded: one for all that it succeeded in, and one for each other.
#[must_use]
pub fn change_lines(command: &RouteCommand, outcomes: &[(Fib, Result<(), Error>)]) -> String {
    let what = if command.is_host { "host" } else { "net" };
    let mut line = format!("{} {what} {}", command.verb_text, command.destination_text);
    if let Some(gateway) = &command.gateway {
        let _ = write!(line, ": gateway {gateway}");
    }
    let changed = outcomes.iter().filter(|(_, outcome)| outcome.is_ok());
    let changed: Vec<String> = changed.map(|(fib, _)| fib.to_string()).collect();
    let mut text = match changed.as_slice() {
        [] => String::new(),
        // FreeBSD names the table where there are several, and where there is one it does not. Here
        // there are always several, and whoever has never heard of them reads what he knows.
        [fib] if fib == "0" && outcomes.len() == 1 => format!("{line}\n"),
        fibs => format!("{line} fib {}\n", fibs.join(",")),
    };
    for (fib, outcome) in outcomes {
        if let Err(error) = outcome {
            let _ = writeln!(text, "{line} fib {fib}: {}", reason(error));
        }
    }
    text
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
pub fn flushed_line(destination: &Prefix, gateway: IpAddr, fib: Fib) -> String {
    let of = if fib == Fib::DEFAULT { String::new() } else { format!("-fib {fib:<3} ") };
    format!("{:<20.20} {gateway:<20.20} {of}done\n", net(destination))
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
    let _ = writeln!(text, "        fib: {}", route.fib);
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
        let fib = |number| Fib::new(number).unwrap();
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
            let outcomes = [(Fib::DEFAULT, error.map_or(Ok(()), Err))];
            assert_eq!(change_lines(&command, &outcomes), want, "{line}");
        }
        let Ok(command) = parse(&["add", "default", "10.0.0.1"].map(str::to_owned)) else { panic!() };
        let exists = || Err(error(Errno::EXIST));
        for (outcomes, want) in [
            (vec![(fib(2), Ok(()))],                                "add net default: gateway 10.0.0.1 fib 2\n"),
            (vec![(fib(0), Ok(())), (fib(3), Ok(()))],              "add net default: gateway 10.0.0.1 fib 0,3\n"),
            (vec![(fib(1), Ok(())), (fib(2), exists())],
             "add net default: gateway 10.0.0.1 fib 1\nadd net default: gateway 10.0.0.1 fib 2: route already in table\n"),
        ] {
            assert_eq!(change_lines(&command, &outcomes), want);
        }
    }
}
