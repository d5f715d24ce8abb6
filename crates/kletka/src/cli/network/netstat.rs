//! netstat(1) in FreeBSD's dialect: the routing table (`-r`) and the interfaces (`-i`). Nothing
//! else is shown.

use crate::cli::answer;
use std::ffi::OsString;
use std::fmt::Write as _;
use std::net::IpAddr;
use std::process::ExitCode;

use lexopt::{Arg, Parser, ValueExt};
use netif::{Counters, Fib, Flags, Interface, InterfaceAddress, Prefix, Route, RouteKind};

use crate::cli::grammar::network::NETSTAT;
use crate::cli::help::usage;
use crate::cli::network::ifconfig::network::Network;

/// What is asked for.
#[derive(Debug, Default, PartialEq, Eq)]
struct Options {
    routes: bool,
    interfaces: bool,
    /// The only family that is shown: IPv6, or IPv4.
    inet6: Option<bool>,
    /// `-b`: bytes are shown, too.
    bytes: bool,
    /// `-d`: dropped packets are shown, too.
    drops: bool,
    /// `-W`: no address is cut.
    wide: bool,
    interface: Option<String>,
    jail: Option<String>,
    /// The routing table; by default that of this process.
    fib: Option<Fib>,
}

impl Options {
    /// Whether an address of this family is asked for.
    fn is_for(&self, address: &InterfaceAddress) -> bool {
        self.inet6.is_none_or(|only| only == address.prefix.address.is_ipv6())
    }
}

/// What is wrong with the command line.
#[derive(Debug, PartialEq, Eq)]
enum UsageError {
    Usage,
    Message(String),
}

/// Runs the applet.
pub(crate) fn run(arguments: Vec<OsString>) -> ExitCode {
    let options = match parse(arguments) {
        Ok(options) => options,
        Err(UsageError::Usage) => return usage(&NETSTAT),
        Err(UsageError::Message(text)) => return answer::fail("netstat", text),
    };
    let text = Network::open(options.jail.as_deref()).and_then(|network| list(network, &options));
    match text {
        Ok(text) => {
            answer::print(text);
            ExitCode::SUCCESS
        }
        Err(error) => answer::fail("netstat", error),
    }
}

fn parse(arguments: Vec<OsString>) -> Result<Options, UsageError> {
    let mut options = Options::default();
    let mut all = false;
    let mut parser = Parser::from_args(arguments);
    while let Some(argument) = parser.next().map_err(|_| UsageError::Usage)? {
        let Arg::Short(letter) = argument else { return Err(UsageError::Usage) };
        let mut value = || {
            let value = parser.value().and_then(ValueExt::string);
            value.map_err(|_| UsageError::Usage)
        };
        match letter {
            'r' => options.routes = true,
            'i' => options.interfaces = true,
            '4' => options.inet6 = Some(false),
            '6' => options.inet6 = Some(true),
            // Numbers are never turned into names here.
            'n' => {}
            'a' => all = true,
            'W' => options.wide = true,
            'b' => options.bytes = true,
            'd' => options.drops = true,
            'f' => options.inet6 = Some(family(&value()?)?),
            'F' => {
                let text = value()?;
                let invalid = || UsageError::Message(format!("{text}: invalid fib"));
                options.fib = Some(text.parse().map_err(|()| invalid())?);
            }
            'I' => options.interface = Some(value()?),
            'j' => options.jail = Some(value()?),
            letter => {
                let text =
                    format!("-{letter}: not supported: ss(8) shows sockets, nstat(8) counts");
                return Err(UsageError::Message(text));
            }
        }
    }
    // As on FreeBSD, -I implies -i.
    options.interfaces |= options.interface.is_some();
    if options.routes == options.interfaces {
        let sockets = "sockets are not shown here: say -r or -i, or ask ss(8)";
        return Err(UsageError::Message(sockets.to_owned()));
    }
    // With -r, -a changes nothing: all routes are shown in any case.
    if all && options.interfaces {
        let text = "-a: not supported with -i: ip maddress shows the multicast addresses";
        return Err(UsageError::Message(text.to_owned()));
    }
    if options.wide && options.routes {
        return Err(UsageError::Message("-W: not supported with -r".to_owned()));
    }
    Ok(options)
}

fn family(word: &str) -> Result<bool, UsageError> {
    match word {
        "inet" => Ok(false),
        "inet6" => Ok(true),
        word => {
            let hint = nearest::hint(nearest::nearest(word, ["inet", "inet6"]));
            Err(UsageError::Message(format!("{word}: unknown address family{hint}")))
        }
    }
}

fn list(mut network: Network, options: &Options) -> Result<String, String> {
    let interfaces = network.netlink.interfaces().map_err(|error| error.to_string())?;
    if options.interfaces {
        return interface_table(&interfaces, options);
    }
    let fib = options.fib.unwrap_or_else(Fib::own);
    let routes = network.netlink.routes_of(fib).map_err(|error| error.to_string())?;
    let of = if fib == Fib::DEFAULT { String::new() } else { format!(" (fib: {fib})") };
    let mut text = format!("Routing tables{of}\n");
    for inet6 in [false, true] {
        if options.inet6.is_none_or(|only| only == inet6) {
            text += &route_table(&routes, &interfaces, inet6);
        }
    }
    Ok(text)
}

/// Writes the table of one family, as usr.bin/netstat/route.c of FreeBSD 15 does. Its column of
/// interfaces has 12 places, where FreeBSD 13 has 8. Without routes the text is empty.
fn route_table(routes: &[Route], interfaces: &[Interface], inet6: bool) -> String {
    let of_family = |route: &&Route| route.destination.address.is_ipv6() == inet6;
    let mut routes: Vec<&Route> = routes.iter().filter(of_family).collect();
    if routes.is_empty() {
        return String::new();
    }
    routes.sort_by_key(|route| (route.destination.address, route.destination.length));
    let (name, to, through) = if inet6 { ("Internet6", 33, 29) } else { ("Internet", 18, 18) };
    let mut text = format!("\n{name}:\n");
    let head = ("Destination", "Gateway", "Flags", "Netif");
    let _ = writeln!(
        text,
        "{:<to$.to$} {:<through$.through$} {:<6} {:>12} {:>6}",
        head.0, head.1, head.2, head.3, "Expire"
    );
    for route in routes {
        let interface = interfaces.iter().find(|it| Some(it.index) == route.interface);
        // A route that drops packets has no interface on Linux; FreeBSD puts it on lo0.
        let netif = interface.map_or("lo0", |interface| interface.name.as_str());
        let gateway = gateway(route, netif);
        let destination = destination(&route.destination, netif);
        // As on FreeBSD, a text that is too long for its column takes places from the next column.
        let through = through - destination.len().saturating_sub(to).min(through);
        let for_flags = 6 - gateway.len().saturating_sub(through).min(6);
        let flags = flags(route);
        let _ = writeln!(
            text,
            "{destination:<to$} {gateway:<through$} {flags:<for_flags$} {netif:>12.12}"
        );
    }
    text
}

/// Writes an address. A link-local one is followed by its interface.
fn scoped(address: IpAddr, netif: &str) -> String {
    match address {
        IpAddr::V6(address) if address.is_unicast_link_local() => format!("{address}%{netif}"),
        address => address.to_string(),
    }
}

/// Writes a destination. The address of a link-local network is followed by its interface.
fn destination(prefix: &Prefix, netif: &str) -> String {
    match prefix.address {
        IpAddr::V6(address) if address.is_unicast_link_local() => {
            let plain = networds::route::net(prefix);
            let (address, length) = plain.split_once('/').unwrap_or((&plain, ""));
            let slash = if length.is_empty() { "" } else { "/" };
            format!("{address}%{netif}{slash}{length}")
        }
        _ => networds::route::net(prefix),
    }
}

fn gateway(route: &Route, netif: &str) -> String {
    match route.gateway {
        Some(address) => scoped(address, netif),
        // FreeBSD's form for a destination on the link.
        None => route.interface.map_or("link#1".to_owned(), |index| format!("link#{index}")),
    }
}

/// Writes the flags of a route: the letters of netstat(1), in its order.
fn flags(route: &Route) -> String {
    let host = route.destination.length == Prefix::width(route.destination.address);
    let letters = [
        (true, 'U'),
        (route.gateway.is_some(), 'G'),
        (host, 'H'),
        (route.kind == RouteKind::Reject, 'R'),
        (route.is_static, 'S'),
        (route.kind == RouteKind::Blackhole, 'B'),
    ];
    letters.iter().filter(|(set, _)| *set).map(|&(_, letter)| letter).collect()
}

/// Writes the interfaces and what went through them, as usr.bin/netstat/if.c does.
fn interface_table(interfaces: &[Interface], options: &Options) -> Result<String, String> {
    let wanted =
        |it: &&Interface| options.interface.as_deref().is_none_or(|name| it.name.as_str() == name);
    let chosen: Vec<&Interface> = interfaces.iter().filter(wanted).collect();
    if let (Some(name), true) = (&options.interface, chosen.is_empty()) {
        return Err(format!("interface {name} does not exist"));
    }
    let layout = Layout::of(&chosen, options);
    let titles = counts(options, |column| column.title.to_owned());
    let mut text = layout.line(["Name", "Mtu", "Network", "Address"], &titles);
    for interface in chosen {
        let (name, own) = (marked(interface), interface.name.as_str());
        if options.inet6.is_none() {
            let link = format!("<Link#{}>", interface.index);
            let ether = interface.ether.map_or(own.to_owned(), |ether| ether.to_string());
            let numbers = counts(options, |column| (column.count)(&interface.counters).to_string());
            text += &layout.line([&name, &interface.mtu.to_string(), &link, &ether], &numbers);
        }
        // Linux counts by interface and not by address: the lines of addresses have dashes.
        let nothing = counts(options, |_| "-".to_owned());
        for address in interface.addresses.iter().filter(|it| options.is_for(it)) {
            let network = address.prefix.network();
            let network = format!("{}/{}", scoped(network.address, own), network.length);
            let address = scoped(address.prefix.address, own);
            text += &layout.line([&name, "-", &network, &address], &nothing);
        }
    }
    Ok(text)
}

/// The widths of the columns of text. The column of names is as wide as its names need: FreeBSD
/// cuts names to 5 places, where `epair1a` and `epair1b` would be the same.
struct Layout {
    name: usize,
    network: usize,
    address: usize,
    /// Whether a text that is longer than its column is cut.
    cuts: bool,
}

impl Layout {
    fn of(interfaces: &[&Interface], options: &Options) -> Self {
        let name = interfaces.iter().map(|it| marked(it).len()).max().unwrap_or(0).max(5);
        let mut addresses = interfaces.iter().flat_map(|it| &it.addresses);
        let has_inet6 = addresses.any(|it| options.is_for(it) && it.prefix.address.is_ipv6());
        // Scripts count columns: addresses are cut as on FreeBSD unless -W asks for them whole.
        let (network, address) = match (options.wide, has_inet6) {
            (false, _) => (13, 17),
            (true, false) => (18, 17),
            (true, true) => (24, 39),
        };
        Self { name, network, address, cuts: !options.wide }
    }

    fn line(&self, [name, mtu, network, address]: [&str; 4], counts: &str) -> String {
        let network = self.cell(network, self.network);
        let address = self.cell(address, self.address);
        format!("{name:<width$} {mtu:>5} {network} {address} {counts}\n", width = self.name)
    }

    fn cell(&self, text: &str, width: usize) -> String {
        if self.cuts { format!("{text:<width$.width$}") } else { format!("{text:<width$}") }
    }
}

/// Writes the name of an interface, with a star if it is down.
fn marked(interface: &Interface) -> String {
    let star = if interface.flags.has(Flags::UP) { "" } else { "*" };
    format!("{}{star}", interface.name)
}

/// A column of numbers.
struct Column {
    title: &'static str,
    width: usize,
    /// The option that asks for the column. `None`: the column is always there.
    option: Option<fn(&Options) -> bool>,
    count: fn(&Counters) -> u64,
}

#[rustfmt::skip]
const COLUMNS: [Column; 9] = [
    Column { title: "Ipkts",  width: 8,  option: None,              count: |it| it.received },
    Column { title: "Ierrs",  width: 5,  option: None,              count: |it| it.receive_errors },
    Column { title: "Idrop",  width: 5,  option: None,              count: |it| it.receive_drops },
    Column { title: "Ibytes", width: 10, option: Some(|it| it.bytes), count: |it| it.received_bytes },
    Column { title: "Opkts",  width: 8,  option: None,              count: |it| it.sent },
    Column { title: "Oerrs",  width: 5,  option: None,              count: |it| it.send_errors },
    Column { title: "Obytes", width: 10, option: Some(|it| it.bytes), count: |it| it.sent_bytes },
    Column { title: "Coll",   width: 5,  option: None,              count: |it| it.collisions },
    Column { title: "Drop",   width: 5,  option: Some(|it| it.drops), count: |it| it.send_drops },
];

/// Writes the columns that are asked for, each in its width, with the text that `each` answers.
fn counts(options: &Options, each: impl Fn(&Column) -> String) -> String {
    let asked = COLUMNS.iter().filter(|column| column.option.is_none_or(|option| option(options)));
    let cells = asked.map(|column| format!("{:>width$}", each(column), width = column.width));
    cells.collect::<Vec<_>>().join(" ")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    #[rustfmt::skip]
    fn command_lines() {
        let any = Options::default;
        for (line, want) in [
            ("-rn -F 2",       Ok(Options { routes: true, fib: Fib::new(2), ..any() })),
            ("-rn -F 16",      Err(UsageError::Message("16: invalid fib".into()))),
            ("-rn -F x",       Err(UsageError::Message("x: invalid fib".into()))),
            ("-rn",            Ok(Options { routes: true, ..any() })),
            ("-rn -f inet6",   Ok(Options { routes: true, inet6: Some(true), ..any() })),
            ("-4r",            Ok(Options { routes: true, inet6: Some(false), ..any() })),
            ("-in",            Ok(Options { interfaces: true, ..any() })),
            ("-I re0 -j web",  Ok(Options { interfaces: true, interface: Some("re0".into()), jail: Some("web".into()), ..any() })),
            ("-iW",            Ok(Options { interfaces: true, wide: true, ..any() })),
            ("-ran",           Ok(Options { routes: true, ..any() })),
            ("-ian",           Err(UsageError::Message("-a: not supported with -i: ip maddress shows the multicast addresses".into()))),
            ("-a -I re0",      Err(UsageError::Message("-a: not supported with -i: ip maddress shows the multicast addresses".into()))),
            ("-rW",            Err(UsageError::Message("-W: not supported with -r".into()))),
            ("-f",             Err(UsageError::Usage)),
            ("-r -f ine",      Err(UsageError::Message("ine: unknown address family; did you mean inet?".into()))),
            ("-r -f ipx",      Err(UsageError::Message("ipx: unknown address family".into()))),
            ("-s",             Err(UsageError::Message("-s: not supported: ss(8) shows sockets, nstat(8) counts".into()))),
            ("",               Err(UsageError::Message("sockets are not shown here: say -r or -i, or ask ss(8)".into()))),
        ] {
            assert_eq!(parse(line.split_whitespace().map(OsString::from).collect()), want, "{line}");
        }
    }
}
