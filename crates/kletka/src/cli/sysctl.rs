//! sysctl(8): the names that FreeBSD's network and jail scripts ask for, read from and written to /proc.
//!
//! [`TABLE`] is all that there is: a name, and where Linux keeps its value. Any other name is unknown, as
//! on a FreeBSD without that module. The values are those of the network that the caller is in.

use crate::cli::answer;
use std::ffi::OsString;
use std::fmt::{self, Write as _};
use std::io;
use std::process::ExitCode;

use rustix::io::Errno;

/// A name of FreeBSD, and what stands for it here.
struct Oid {
    name: &'static str,
    source: Source,
    /// What it is: `-d`.
    about: &'static str,
}

/// Where a value comes from.
#[derive(Clone, Copy)]
enum Source {
    /// A file that holds a number; it may be written.
    Switch(&'static str),
    /// A file that holds a text; it may be written.
    Text(&'static str),
    /// A file with a switch that stands the other way round.
    Inverse(&'static str),
    /// The same as [`Source::Switch`], a number of a feature that may not be loaded: then it is 0, and stays so. The
    /// module that would bring it is named when it is asked for.
    Module(&'static str, &'static str),
    /// A file that holds the value; it may not be written.
    File(&'static str),
    /// Worked out from files that hold more than the value.
    Computed(fn() -> io::Result<String>),
    /// Always so.
    Constant(&'static str),
}

#[rustfmt::skip]
const TABLE: &[Oid] = &[
    Oid { name: "hw.ncpu",                          source: Source::Computed(processors), about: "Processors that are running" },
    Oid { name: "hw.physmem",                       source: Source::Computed(memory), about: "Memory of the machine in bytes" },
    Oid { name: "kern.domainname",                  source: Source::Text("/proc/sys/kernel/domainname"), about: "Name of the YP/NIS domain" },
    Oid { name: "kern.features.inet",               source: Source::Constant("1"), about: "Internet Protocol version 4" },
    Oid { name: "kern.features.inet6",              source: Source::Computed(has_inet6), about: "Internet Protocol version 6" },
    Oid { name: "kern.features.vimage",             source: Source::Constant("1"), about: "Jails may have a network of their own" },
    Oid { name: "kern.hostname",                    source: Source::Text("/proc/sys/kernel/hostname"), about: "Name of this machine" },
    Oid { name: "kern.ipc.somaxconn",               source: Source::Switch("/proc/sys/net/core/somaxconn"), about: "Longest queue of connections that wait to be accepted" },
    Oid { name: "kern.osrelease",                   source: Source::File("/proc/sys/kernel/osrelease"), about: "Release of the operating system" },
    Oid { name: "kern.ostype",                      source: Source::File("/proc/sys/kernel/ostype"), about: "Name of the operating system" },
    Oid { name: "net.fibs",                         source: Source::Constant("1"), about: "Number of routing tables" },
    Oid { name: "net.inet.icmp.bmcastecho",         source: Source::Inverse("/proc/sys/net/ipv4/icmp_echo_ignore_broadcasts"), about: "Answer echo requests that were sent to all" },
    Oid { name: "net.inet.ip.forwarding",           source: Source::Switch("/proc/sys/net/ipv4/ip_forward"), about: "Forward packets between interfaces" },
    Oid { name: "net.inet.ip.redirect",             source: Source::Switch("/proc/sys/net/ipv4/conf/all/send_redirects"), about: "Tell senders of better routes" },
    Oid { name: "net.inet.ip.sourceroute",          source: Source::Switch("/proc/sys/net/ipv4/conf/all/accept_source_route"), about: "Forward packets whose sender chose the route" },
    Oid { name: "net.inet.ip.ttl",                  source: Source::Switch("/proc/sys/net/ipv4/ip_default_ttl"), about: "Hops that a packet may take" },
    Oid { name: "net.inet.tcp.syncookies",          source: Source::Switch("/proc/sys/net/ipv4/tcp_syncookies"), about: "Answer floods of connections with cookies" },
    Oid { name: "net.inet6.ip6.accept_rtadv",       source: Source::Switch("/proc/sys/net/ipv6/conf/default/accept_ra"), about: "Accept routers' advertisements on new interfaces" },
    Oid { name: "net.inet6.ip6.dad_count",          source: Source::Switch("/proc/sys/net/ipv6/conf/default/dad_transmits"), about: "Questions by which an address is proven unique" },
    Oid { name: "net.inet6.ip6.forwarding",         source: Source::Switch("/proc/sys/net/ipv6/conf/all/forwarding"), about: "Forward packets between interfaces" },
    Oid { name: "net.inet6.ip6.hlim",               source: Source::Switch("/proc/sys/net/ipv6/conf/default/hop_limit"), about: "Hops that a packet may take" },
    Oid { name: "net.inet6.ip6.use_tempaddr",       source: Source::Switch("/proc/sys/net/ipv6/conf/default/use_tempaddr"), about: "Use temporary addresses on new interfaces" },
    Oid { name: "net.link.bridge.inherit_mac",      source: Source::Constant("0"), about: "A bridge takes the address of its first member" },
    Oid { name: "net.link.bridge.ipfw",             source: Source::Constant("0"), about: "Filter a bridge's frames by layer 2" },
    Oid { name: "net.link.bridge.log_stp",          source: Source::Constant("0"), about: "Log what the spanning tree does" },
    // Frames of a bridge pass the firewall of the bridge itself; the members have none of their own.
    Oid { name: "net.link.bridge.pfil_bridge",      source: Source::Module("/proc/sys/net/bridge/bridge-nf-call-iptables", "br_netfilter"), about: "Filter packets on the bridge" },
    Oid { name: "net.link.bridge.pfil_local_phys",  source: Source::Constant("0"), about: "Filter packets for the bridge on the member that they came by" },
    Oid { name: "net.link.bridge.pfil_member",      source: Source::Constant("0"), about: "Filter packets on the members of a bridge" },
    Oid { name: "net.link.bridge.pfil_onlyip",      source: Source::Constant("1"), about: "Pass only IP when filtering" },
    Oid { name: "net.link.epair.ether_gen_addr",    source: Source::Constant("1"), about: "The addresses of an epair follow from its name" },
    Oid { name: "security.jail.env",                source: Source::Computed(env), about: "What the administrator tells this jail" },
    Oid { name: "security.jail.jail_max_af_ips",    source: Source::Constant("255"), about: "Most addresses of a family that a jail may have" },
    Oid { name: "security.jail.jailed",             source: Source::Computed(jailed), about: "This process is in a jail" },
    Oid { name: "security.jail.vnet",               source: Source::Computed(vnet), about: "This jail has a network of its own" },
];

/// What went wrong with one name. `Display` is what follows `sysctl: `.
#[derive(Debug)]
enum SysctlError {
    Unknown(String),
    Node(String),
    ReadOnly(&'static str),
    Empty,
    NoNumber(String),
    Fixed { name: &'static str, value: &'static str },
    NoModule { name: &'static str, module: &'static str },
    Io { what: String, error: io::Error },
}

impl fmt::Display for SysctlError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Unknown(name) => write!(f, "unknown oid '{name}'"),
            Self::Node(name) => write!(f, "oid '{name}' isn't a leaf node"),
            Self::Empty => f.write_str("empty numeric value"),
            Self::NoNumber(value) => write!(f, "invalid integer '{value}'"),
            Self::ReadOnly(name) => write!(f, "oid '{name}' is read only"),
            Self::Fixed { name, value } => write!(f, "{name}: is always {value} on Linux"),
            Self::NoModule { name, module } => {
                write!(f, "{name}: this kernel has no such filter: load the module {module}")
            }
            Self::Io { what, error } => {
                write!(f, "{what}: {}", reason(error))
            }
        }
    }
}

/// In FreeBSD's words. What only root may do is not permitted there, where Linux denies access to a file.
fn reason(error: &io::Error) -> String {
    match error.raw_os_error().map(Errno::from_raw_os_error) {
        Some(Errno::ACCESS) => netif::strerror(Errno::PERM),
        Some(errno) => netif::strerror(errno),
        None => error.to_string(),
    }
}

/// The options of a command line.
#[derive(Debug, Default, PartialEq, Eq)]
struct Options {
    all: bool,
    names_only: bool,
    values_only: bool,
    descriptions: bool,
    ignore_unknown: bool,
    quiet: bool,
    separator: Option<&'static str>,
    /// A file of names and values, as sysctl.conf(5).
    file: Option<String>,
}

/// A command line that is none.
#[derive(Debug, PartialEq, Eq)]
enum Usage {
    /// Nothing is asked for, or things that exclude each other.
    Nothing,
    /// An option that FreeBSD does not have either.
    Illegal(char),
    /// An option that wants an argument.
    NoArgument(char),
    /// One of FreeBSD's that has no meaning here.
    Unsupported(char),
}

const USAGE: &str = "usage: sysctl [-dehiNnoqwx] [-f filename] name[=value] ...
       sysctl [-dehNnoqwx] -a";

/// What err(3) exits with when there is no file to read: sysexits(3), `EX_NOINPUT`.
const NO_INPUT: u8 = 66;

/// Runs the applet. The exit status is the number of names that something went wrong with.
pub(crate) fn run(arguments: Vec<OsString>) -> ExitCode {
    let words: Vec<String> =
        arguments.into_iter().map(|word| word.to_string_lossy().into_owned()).collect();
    let (options, names) = match parse(&words) {
        Ok(parsed) => parsed,
        Err(Usage::Unsupported(letter)) => {
            return answer::fail("sysctl", format_args!("-{letter}: not supported"));
        }
        Err(usage) => {
            match usage {
                Usage::Illegal(letter) => complain!("sysctl: illegal option -- {letter}"),
                Usage::NoArgument(letter) => {
                    complain!("sysctl: option requires an argument -- {letter}");
                }
                _ => {}
            }
            complain!("{USAGE}");
            return ExitCode::FAILURE;
        }
    };
    let mut text = String::new();
    let mut failed = 0usize;
    let mut count = |done: Result<(), SysctlError>, place: &str| {
        let error = match done {
            Ok(()) => return,
            Err(SysctlError::Unknown(_)) if options.ignore_unknown => return,
            Err(error) => error,
        };
        failed += 1;
        if !(options.quiet && matches!(error, SysctlError::Unknown(_))) {
            complain!("sysctl: {error}{place}");
        }
    };
    if options.all && names.is_empty() && options.file.is_none() {
        TABLE.iter().for_each(|oid| count(show(&mut text, oid, &options), ""));
    }
    if let Some(path) = &options.file {
        let lines = match std::fs::read(path) {
            Ok(lines) => String::from_utf8_lossy(&lines).into_owned(),
            Err(error) => {
                complain!("sysctl: {path}: {}", reason(&error));
                return ExitCode::from(NO_INPUT);
            }
        };
        for (number, line) in (1..).zip(lines.lines()) {
            let line = without_comment(line).trim();
            if !line.is_empty() {
                count(one(&mut text, line, &options), &format!(" at line {number}"));
            }
        }
    }
    names.iter().for_each(|name| count(one(&mut text, name, &options), ""));
    answer::print("sysctl", &text, ExitCode::from(u8::try_from(failed).unwrap_or(u8::MAX)))
}

/// A line of sysctl.conf(5) up to its `#`, if that is not quoted, by a quote or by a backslash.
fn without_comment(line: &str) -> &str {
    let (mut quote, mut before) = (None, ' ');
    for (at, c) in line.char_indices() {
        match c {
            '#' if quote.is_none() && before != '\\' => return &line[..at],
            '"' | '\'' if quote.is_none() => quote = Some(c),
            c if quote == Some(c) => quote = None,
            _ => {}
        }
        before = c;
    }
    line
}

/// Options and names: getopt(3).
fn parse(words: &[String]) -> Result<(Options, &[String]), Usage> {
    let mut options = Options::default();
    let mut rest = words;
    while let [word, after @ ..] = rest {
        let Some(letters) = word.strip_prefix('-').filter(|letters| !letters.is_empty()) else {
            break;
        };
        rest = after;
        if letters == "-" {
            break;
        }
        for (at, letter) in letters.char_indices() {
            match letter {
                'a' | 'A' | 'X' => options.all = true,
                'd' => options.descriptions = true,
                'e' => options.separator = Some("="),
                'f' => {
                    // The rest of the word, or the next one.
                    let joined = Some(&letters[at + 1..]).filter(|path| !path.is_empty());
                    let path = joined.or_else(|| {
                        let (next, others) = rest.split_first()?;
                        rest = others;
                        Some(next)
                    });
                    options.file = Some(path.ok_or(Usage::NoArgument('f'))?.to_owned());
                    break;
                }
                'i' => options.ignore_unknown = true,
                'n' => options.values_only = true,
                'N' => options.names_only = true,
                'q' => options.quiet = true,
                // How numbers are written in other languages, values that are no numbers and no text, and of old:
                // that a value is to be written, which the = says.
                'h' | 'o' | 'x' | 'w' => {}
                'b' | 'B' | 'F' | 'l' | 't' | 'T' | 'W' => {
                    return Err(Usage::Unsupported(letter));
                }
                other => return Err(Usage::Illegal(other)),
            }
        }
    }
    let is_something = !rest.is_empty() || options.all || options.file.is_some();
    if is_something && !(options.names_only && options.values_only) {
        Ok((options, rest))
    } else {
        Err(Usage::Nothing)
    }
}

/// `NAME` or `NAME=VALUE`, also with `:`. A name may be a node: then all below it are shown.
fn one(text: &mut String, word: &str, options: &Options) -> Result<(), SysctlError> {
    let (name, value) = match word.split_once(['=', ':']) {
        Some((name, value)) => (name.trim_end(), Some(unquoted(value.trim_start()))),
        None => (word.trim_end(), None),
    };
    // A description is of the name, whatever value is to be written.
    let value = value.filter(|_| !options.descriptions);
    if let Some(oid) = TABLE.iter().find(|oid| oid.name == name) {
        return match value {
            None => show(text, oid, options),
            Some(value) => set(text, oid, value, word, options),
        };
    }
    let below = |oid: &&Oid| {
        oid.name.strip_prefix(name.trim_end_matches('.')).is_some_and(|end| end.starts_with('.'))
    };
    let mut found = TABLE.iter().filter(below).peekable();
    match (found.peek(), value) {
        (None, _) => Err(SysctlError::Unknown(name.to_owned())),
        (Some(_), Some(_)) => Err(SysctlError::Node(name.to_owned())),
        (Some(_), None) => found.try_for_each(|oid| show(text, oid, options)),
    }
}

/// The value without the quotes around it.
fn unquoted(value: &str) -> &str {
    let Some(quote) = value.chars().next().filter(|c| matches!(c, '"' | '\'')) else {
        return value;
    };
    let inside = &value[1..];
    inside.strip_suffix(quote).unwrap_or(inside)
}

fn show(text: &mut String, oid: &Oid, options: &Options) -> Result<(), SysctlError> {
    if options.names_only {
        *text += oid.name;
    } else {
        let value = if options.descriptions { oid.about.to_owned() } else { read(oid)? };
        label(text, oid, options);
        *text += &value;
    }
    text.push('\n');
    Ok(())
}

/// Shows the old value, and behind it the new one when it could be written, as `word` says.
fn set(
    text: &mut String,
    oid: &Oid,
    value: &str,
    word: &str,
    options: &Options,
) -> Result<(), SysctlError> {
    let value = valid(oid, value)?;
    let old = read(oid)?;
    if options.names_only {
        *text += oid.name;
    } else {
        label(text, oid, options);
        *text += &old;
    }
    let written = write(oid, &value, word).and_then(|()| read(oid));
    let _ = match &written {
        Ok(_) if options.names_only => writeln!(text, " -> {}", oid.name),
        Ok(new) => writeln!(text, " -> {new}"),
        Err(_) => writeln!(text),
    };
    written.map(|_| ())
}

/// The value as the kernel takes it: numbers may be written as in C.
fn valid(oid: &Oid, value: &str) -> Result<String, SysctlError> {
    match oid.source {
        Source::File(_) | Source::Computed(_) => return Err(SysctlError::ReadOnly(oid.name)),
        Source::Text(_) => return Ok(value.to_owned()),
        _ if value.is_empty() => return Err(SysctlError::Empty),
        _ => {}
    }
    let words = value.split([' ', ',']).filter(|word| !word.is_empty());
    let numbers = words.map(|word| {
        let (negative, digits) = match word.strip_prefix('-') {
            Some(digits) => (true, digits),
            None => (false, word.strip_prefix('+').unwrap_or(word)),
        };
        let lower = digits.to_ascii_lowercase();
        let number = match (lower.strip_prefix("0x"), lower.strip_prefix('0')) {
            (Some(hexadecimal), _) => i64::from_str_radix(hexadecimal, 16),
            (None, Some(octal)) if !octal.is_empty() => i64::from_str_radix(octal, 8),
            _ => lower.parse(),
        };
        // A second sign is none, before the digits or behind what says their base.
        let is_plain = digits.bytes().all(|byte| byte.is_ascii_alphanumeric());
        let number = number.ok().filter(|_| is_plain);
        let number = number.map(|number| if negative { -number } else { number });
        number.map(|it| it.to_string()).ok_or_else(|| SysctlError::NoNumber(word.to_owned()))
    });
    Ok(numbers.collect::<Result<Vec<_>, _>>()?.join(" "))
}

fn label(text: &mut String, oid: &Oid, options: &Options) {
    if !options.values_only {
        let _ = write!(text, "{}{}", oid.name, options.separator.unwrap_or(": "));
    }
}

fn read(oid: &Oid) -> Result<String, SysctlError> {
    let value = match oid.source {
        Source::Switch(path) | Source::Text(path) | Source::File(path) => {
            std::fs::read_to_string(path)
        }
        Source::Inverse(path) => std::fs::read_to_string(path).map(|text| inverse(text.trim())),
        Source::Module(path, _) => match std::fs::read_to_string(path) {
            Err(error) if error.kind() == io::ErrorKind::NotFound => Ok("0".to_owned()),
            read => read,
        },
        Source::Computed(compute) => compute(),
        Source::Constant(value) => Ok(value.to_owned()),
    };
    let value = value.map_err(|error| SysctlError::Io { what: oid.name.to_owned(), error })?;
    Ok(value.trim_end().to_owned())
}

/// 1 for 0, and 0 for all else.
fn inverse(value: &str) -> String {
    if value == "0" { "1" } else { "0" }.to_owned()
}

fn write(oid: &Oid, value: &str, word: &str) -> Result<(), SysctlError> {
    let (name, what) = (oid.name, word.to_owned());
    let (path, text) = match oid.source {
        Source::Switch(path) => (path, value.to_owned()),
        // With its end: nothing at all would be no write, and change nothing.
        Source::Text(path) => (path, format!("{value}\n")),
        Source::Inverse(path) if matches!(value, "0" | "1") => (path, inverse(value)),
        Source::Inverse(_) => {
            return Err(SysctlError::Io { what, error: Errno::INVAL.into() });
        }
        Source::Module(path, module) => match std::fs::exists(path) {
            Ok(true) => (path, value.to_owned()),
            // It is 0, and nothing has to be done for it.
            _ if value == "0" => return Ok(()),
            _ => return Err(SysctlError::NoModule { name, module }),
        },
        Source::Constant(fixed) if fixed == value => return Ok(()),
        Source::Constant(value) => return Err(SysctlError::Fixed { name, value }),
        Source::File(_) | Source::Computed(_) => return Err(SysctlError::ReadOnly(name)),
    };
    std::fs::write(path, text).map_err(|error| SysctlError::Io { what, error })
}

/// The processors that are running: the lines `cpuN` of /proc/stat.
fn processors() -> io::Result<String> {
    let text = std::fs::read_to_string("/proc/stat")?;
    let each = |line: &&str| {
        line.strip_prefix("cpu").is_some_and(|rest| rest.starts_with(|c: char| c.is_ascii_digit()))
    };
    Ok(text.lines().filter(each).count().to_string())
}

/// The memory of the machine in bytes.
fn memory() -> io::Result<String> {
    let text = std::fs::read_to_string("/proc/meminfo")?;
    let line = text.lines().find_map(|line| line.strip_prefix("MemTotal:"));
    let kibibytes = line.and_then(|line| line.split_whitespace().next()?.parse::<u64>().ok());
    let malformed = || io::Error::from(io::ErrorKind::InvalidData);
    Ok((kibibytes.ok_or_else(malformed)? * 1024).to_string())
}

/// What the administrator of a jail tells its processes: jail(8), `env`.
fn env() -> io::Result<String> {
    let text = std::fs::read(prison::ENV_FILE).or_else(|error| match error.kind() {
        io::ErrorKind::NotFound => Ok(Vec::new()),
        _ => Err(error),
    })?;
    Ok(String::from_utf8_lossy(&text).into_owned())
}

#[expect(clippy::unnecessary_wraps, reason = "as the others of the table")]
fn jailed() -> io::Result<String> {
    Ok(if prison::is_jailed() { "1" } else { "0" }.to_owned())
}

/// Whether a jail owns its network; 0 on the host, as on FreeBSD. The settings of a network belong to
/// the root that owns it, and nobody else sees them as its own.
fn vnet() -> io::Result<String> {
    use std::os::unix::fs::MetadataExt;
    let own = std::fs::metadata("/proc/sys/net/ipv4/ip_forward")?.uid() == 0;
    Ok(if own && prison::is_jailed() { "1" } else { "0" }.to_owned())
}

fn has_inet6() -> io::Result<String> {
    Ok(if std::fs::exists("/proc/sys/net/ipv6")? { "1" } else { "0" }.to_owned())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_table_is_sorted_and_every_name_can_be_read() {
        assert!(TABLE.is_sorted_by_key(|oid| oid.name));
        for oid in TABLE {
            let may_be_empty = oid.name == "security.jail.env";
            assert!(read(oid).is_ok_and(|value| may_be_empty || !value.is_empty()), "{}", oid.name);
        }
    }

    #[test]
    #[rustfmt::skip]
    fn what_is_said() {
        let ostype = std::env::consts::OS.replace("linux", "Linux");
        for (line, want) in [
            ("kern.ostype",             Ok(format!("kern.ostype: {ostype}\n"))),
            ("-n kern.ostype",          Ok(format!("{ostype}\n"))),
            ("-e kern.ostype",          Ok(format!("kern.ostype={ostype}\n"))),
            ("-N kern.ostype",          Ok("kern.ostype\n".into())),
            ("-N net.link.bridge.pfil", Err("unknown oid 'net.link.bridge.pfil'".to_owned())),
            ("-N kern.ipc",             Ok("kern.ipc.somaxconn\n".into())),
            ("-N net.inet.tcp",         Ok("net.inet.tcp.syncookies\n".into())), // a node
            ("kern.nope",               Err("unknown oid 'kern.nope'".to_owned())),
            ("kern.nope=1",             Err("unknown oid 'kern.nope'".to_owned())),
            ("kern=1",                  Err("oid 'kern' isn't a leaf node".to_owned())),
            ("-d kern.ostype",          Ok("kern.ostype: Name of the operating system\n".into())),
            ("-dn kern.ostype=x",       Ok("Name of the operating system\n".into())),
            ("-dN kern.ostype",         Ok("kern.ostype\n".into())),
            ("-hoxw kern.ostype",       Ok(format!("kern.ostype: {ostype}\n"))),
            ("net.link.bridge.ipfw=",   Err("empty numeric value".to_owned())),
            ("net.link.bridge.ipfw=no", Err("invalid integer 'no'".to_owned())),
            ("net.link.bridge.ipfw=09", Err("invalid integer '09'".to_owned())),
            ("net.link.bridge.ipfw=--0", Err("invalid integer '--0'".to_owned())),
            ("net.link.bridge.ipfw=0+0", Err("invalid integer '0+0'".to_owned())),
            ("net.link.bridge.ipfw=0x-0", Err("invalid integer '0x-0'".to_owned())),
            ("net.link.bridge.ipfw=+0x+0", Err("invalid integer '+0x+0'".to_owned())),
            ("net.link.bridge.ipfw=+0", Ok("net.link.bridge.ipfw: 0 -> 0\n".into())),
            ("net.link.bridge.ipfw:0x0", Ok("net.link.bridge.ipfw: 0 -> 0\n".into())),
            ("-n net.link.bridge.ipfw=\"00\"", Ok("0 -> 0\n".into())),
            ("-N net.link.bridge.ipfw=0", Ok("net.link.bridge.ipfw -> net.link.bridge.ipfw\n".into())),
            ("kern.ostype=FreeBSD",     Err("oid 'kern.ostype' is read only".to_owned())),
            ("hw.ncpu=64",              Err("oid 'hw.ncpu' is read only".to_owned())),
            ("net.link.bridge.pfil_member=0", Ok("net.link.bridge.pfil_member: 0 -> 0\n".into())),
            ("net.link.bridge.pfil_member=1", Err("net.link.bridge.pfil_member: is always 0 on Linux".to_owned())),
        ] {
            let words: Vec<String> = line.split(' ').map(str::to_owned).collect();
            let (options, names) = parse(&words).unwrap();
            let mut text = String::new();
            let done = one(&mut text, &names[0], &options).map_err(|error| error.to_string());
            assert_eq!(done.map(|()| text), want, "{line}");
        }
    }

    #[test]
    #[rustfmt::skip]
    fn command_lines() {
        for (line, want) in [
            ("",               Err(Usage::Nothing)),
            ("-n",             Err(Usage::Nothing)),
            ("-nN kern",       Err(Usage::Nothing)),
            ("-z kern.ostype", Err(Usage::Illegal('z'))),
            ("-t kern.ostype", Err(Usage::Unsupported('t'))),
            ("-nf",            Err(Usage::NoArgument('f'))),
            ("-q -fx",         Ok(("x", 0))),
            ("-qf x kern",     Ok(("x", 1))),
            ("-A",             Ok(("", 0))),
            ("-i -- -n",       Ok(("", 1))),
            ("-",              Ok(("", 1))),
        ] {
            let words: Vec<String> = line.split_whitespace().map(str::to_owned).collect();
            let got = parse(&words).map(|(options, names)| (options.file.unwrap_or_default(), names.len()));
            assert_eq!(got.as_ref().map(|(file, names)| (file.as_str(), *names)), want.as_ref().map(|it| *it), "{line:?}");
        }
    }

    /// Each name is in the manual page, under what can be done with it.
    #[test]
    fn the_manual_page_has_all_names() {
        let page = include_str!("../../../../man/kletka-sysctl.8");
        let (_, names) = page.split_once(".Ss Names").unwrap();
        let (written, read) = names.split_once("These can be read:").unwrap();
        for oid in TABLE {
            let is_written = matches!(
                oid.source,
                Source::Switch(_) | Source::Text(_) | Source::Inverse(_) | Source::Module(..)
            );
            let line = format!(".Va {} ", oid.name);
            let found = [written, read].map(|part| part.contains(&line));
            assert_eq!(found, [is_written, !is_written], "{}", oid.name);
        }
    }

    #[test]
    fn comments() {
        for (line, want) in [
            ("a=1 # one", "a=1 "),
            ("# all of it", ""),
            ("a='#1' # one", "a='#1' "),
            ("a=\"x # y", "a=\"x # y"),
            ("a=\\#1", "a=\\#1"),
        ] {
            assert_eq!(without_comment(line), want);
        }
    }
}
