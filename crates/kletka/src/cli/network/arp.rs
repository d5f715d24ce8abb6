//! arp(8) and ndp(8) in FreeBSD's dialect: they show the neighbours on the link and their
//! link-level addresses, and [`change`] puts entries there and takes them away.

mod change;

use crate::cli::answer;
use std::ffi::OsString;
use std::fmt::Write as _;
use std::net::{IpAddr, Ipv4Addr};
use std::process::ExitCode;

use lexopt::{Arg, Parser, ValueExt};
use netif::{Interface, Kind, Neighbour, NeighbourState};

use crate::cli::grammar::Grammar;
use crate::cli::grammar::network::{ARP, NDP};
use crate::cli::help::usage;
use crate::cli::network::ifconfig::network::Network;

/// Seconds for which FreeBSD keeps an entry of IPv4: `net.link.ether.inet.max_age`. Linux has no
/// such number; what is left is counted from the age of the entry.
const ARP_AGE: u32 = 1200;
/// Seconds for which a neighbour of IPv6 counts as reachable: FreeBSD's reachable time.
const REACHABLE: u32 = 30;
/// Seconds after which Linux may forget a stale entry: `gc_stale_time`.
const STALE: u32 = 60;

/// The command line.
#[derive(Debug, Default, PartialEq, Eq)]
struct Options {
    all: bool,
    interface: Option<String>,
    jail: Option<String>,
    /// What is done to entries; `None`: they are shown.
    change: Option<char>,
    /// The host, and for `-s` what follows it.
    operands: Vec<String>,
}

impl Options {
    fn host(&self) -> Option<&str> {
        self.operands.first().map(String::as_str)
    }
}

/// Runs arp(8).
pub(crate) fn run(arguments: Vec<OsString>) -> ExitCode {
    finish(
        &ARP,
        parse(arguments, "dsS").and_then(|options| match options.change {
            None => arp(&options),
            Some(_) => change::run(&options, false),
        }),
    )
}

/// Runs ndp(8).
pub(crate) fn run_ndp(arguments: Vec<OsString>) -> ExitCode {
    finish(
        &NDP,
        parse(arguments, "dsc").and_then(|options| match options.change {
            None => ndp(&options),
            Some(_) => change::run(&options, true),
        }),
    )
}

/// Why nothing is shown.
enum Failure {
    /// The command line makes no sense.
    Usage,
    /// A text that follows the name of the applet.
    Named(String),
    /// There is no such entry. As on FreeBSD, this text is for standard output.
    NoEntry(String),
}

fn finish(applet: &Grammar, outcome: Result<String, Failure>) -> ExitCode {
    match outcome {
        Ok(text) => {
            answer::print(text);
            ExitCode::SUCCESS
        }
        Err(Failure::Usage) => usage(applet),
        Err(Failure::Named(text)) => answer::fail(applet.called, text),
        Err(Failure::NoEntry(text)) => {
            answer::print(text);
            ExitCode::FAILURE
        }
    }
}

/// Reads a command line; `changes` are the letters that change entries.
fn parse(arguments: Vec<OsString>, changes: &str) -> Result<Options, Failure> {
    let mut options = Options::default();
    let mut parser = Parser::from_args(arguments);
    while let Some(argument) = parser.next().map_err(|_| Failure::Usage)? {
        let letter = match argument {
            Arg::Short(letter) => letter,
            Arg::Value(operand) => {
                options.operands.push(operand.string().map_err(|_| Failure::Usage)?);
                continue;
            }
            _ => return Err(Failure::Usage),
        };
        let mut value = || parser.value().and_then(ValueExt::string).map_err(|_| Failure::Usage);
        match letter {
            'a' => options.all = true,
            // Numbers are never turned into names here.
            'n' => {}
            'i' => options.interface = Some(value()?),
            'j' => options.jail = Some(value()?),
            letter if changes.contains(letter) && options.change.is_none() => {
                options.change = Some(letter);
            }
            'f' => {
                let text = "-f: not supported: say arp -s for each line of the file";
                return Err(Failure::Named(text.to_owned()));
            }
            _ => return Err(Failure::Usage),
        }
    }
    let operands = options.operands.len();
    let fits = match options.change {
        Some('s' | 'S') => !options.all && (2..=6).contains(&operands),
        Some('c') => !options.all && operands == 0,
        // `pub` may follow the host.
        Some(_) if !options.all => (1..=2).contains(&operands),
        _ => operands == usize::from(!options.all),
    };
    if fits { Ok(options) } else { Err(Failure::Usage) }
}

/// Reads the entries that are asked for, each with its interface.
fn entries(options: &Options, inet6: bool) -> Result<Vec<(Neighbour, Interface)>, Failure> {
    let named = |error: netif::Error| Failure::Named(error.to_string());
    let mut network = Network::open(options.jail.as_deref()).map_err(Failure::Named)?;
    let links = network.netlink.links().map_err(named)?;
    let known = |name: &&String| links.iter().any(|link| link.name.as_str() == **name);
    if let Some(name) = options.interface.as_ref().filter(|name| !known(name)) {
        return Err(Failure::Named(format!("interface {name} does not exist")));
    }
    let mut found: Vec<(Neighbour, Interface)> = Vec::new();
    for neighbour in network.netlink.neighbours(inet6).map_err(named)? {
        let link = links.iter().find(|link| link.index == neighbour.interface);
        let wanted = |link: &&Interface| {
            options.interface.as_deref().is_none_or(|name| link.name.as_str() == name)
        };
        if let Some(link) = link.filter(wanted) {
            found.push((neighbour, link.clone()));
        }
    }
    // The kernel lists neighbours in the order of its hash table.
    found.sort_by_key(|(neighbour, link)| (link.index, neighbour.address));
    Ok(found)
}

fn arp(options: &Options) -> Result<String, Failure> {
    let mut found = entries(options, false)?;
    if let Some(host) = options.host() {
        let unknown = |_| Failure::Named(format!("{host}: unknown host"));
        let address: Ipv4Addr = host.parse().map_err(unknown)?;
        found.retain(|(neighbour, _)| neighbour.address == IpAddr::V4(address));
        if found.is_empty() {
            return Err(Failure::NoEntry(format!("{host} ({address}) -- no entry\n")));
        }
    }
    Ok(found.iter().map(|(neighbour, link)| arp_line(neighbour, link)).collect())
}

/// Writes a line as print_entry() of usr.sbin/arp/arp.c does.
fn arp_line(neighbour: &Neighbour, link: &Interface) -> String {
    let ether = neighbour.ether.map_or("(incomplete)".to_owned(), |ether| ether.to_string());
    let mut line = format!("? ({}) at {ether} on {}", neighbour.address, link.name);
    let left = ARP_AGE.saturating_sub(neighbour.age);
    let _ = match (neighbour.state, left) {
        (NeighbourState::Permanent, _) => write!(line, " permanent"),
        (NeighbourState::Incomplete, _) | (_, 0) => write!(line, " expired"),
        (_, left) => write!(line, " expires in {left} seconds"),
    };
    if neighbour.is_proxy {
        line += " published";
    }
    let kind = match link.kind {
        Kind::Vlan { .. } => "vlan",
        Kind::Bridge(_) => "bridge",
        _ => "ethernet",
    };
    line + " [" + kind + "]\n"
}

fn ndp(options: &Options) -> Result<String, Failure> {
    let mut found = entries(options, true)?;
    if let Some(host) = options.host() {
        // ndp(8) writes link-local addresses with their interface, and takes them so.
        let plain = host.split('%').next().unwrap_or_default();
        let unknown = |_| Failure::Named(format!("{host}: unknown host"));
        let address: IpAddr = plain.parse().map_err(unknown)?;
        found.retain(|(neighbour, _)| neighbour.address == address);
        if found.is_empty() {
            return Err(Failure::NoEntry(format!("{host} ({host}) -- no entry\n")));
        }
    }
    let mut text = format!(
        "{:<36} {:<17} {:>6} {:<9} {:1} {:>5}\n",
        "Neighbor", "Linklayer Address", "Netif", "Expire", "S", "Flags"
    );
    text.extend(found.iter().map(|(neighbour, link)| ndp_line(neighbour, link)));
    Ok(text)
}

/// Writes a line as dump() of usr.sbin/ndp/ndp.c does.
fn ndp_line(neighbour: &Neighbour, link: &Interface) -> String {
    let address = match neighbour.address {
        IpAddr::V6(address) if address.is_unicast_link_local() => {
            format!("{address}%{}", link.name)
        }
        address => address.to_string(),
    };
    let ether = neighbour.ether.map_or("(incomplete)".to_owned(), |ether| ether.to_string());
    let (letter, limit) = match neighbour.state {
        NeighbourState::Incomplete => ('I', 0),
        NeighbourState::Reachable => ('R', REACHABLE),
        NeighbourState::Stale => ('S', STALE),
        NeighbourState::Delay => ('D', STALE),
        NeighbourState::Probe => ('P', STALE),
        NeighbourState::Permanent => ('R', u32::MAX),
    };
    let expire = match limit.saturating_sub(neighbour.age) {
        _ if limit == u32::MAX => "permanent".to_owned(),
        0 => "expired".to_owned(),
        left => format!("{left}s"),
    };
    let router = if neighbour.is_router { "R" } else { "" };
    let proxy = if neighbour.is_proxy { "p" } else { "" };
    format!(
        "{address:<36} {ether:<17} {:>6} {expire:<9} {letter} {router}{proxy}\n",
        link.name.as_str()
    )
}
