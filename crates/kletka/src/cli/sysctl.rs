//! sysctl(8): the names that FreeBSD's network and jail scripts ask for, read from and written to /proc.
//!
//! [`TABLE`] is all that there is: a name, and where Linux keeps its value. Any other name is unknown, as
//! on a FreeBSD without that module. The values are those of the network that the caller is in.

use std::ffi::OsString;
use std::fmt::{self, Write as _};
use std::io;
use std::process::ExitCode;

/// A name of FreeBSD, and what stands for it here.
struct Oid {
    name: &'static str,
    source: Source,
}

/// Where a value comes from.
#[derive(Clone, Copy)]
enum Source {
    /// A file that holds the value; it may be written.
    Switch(&'static str),
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
    Oid { name: "hw.ncpu",                           source: Source::Computed(processors) },
    Oid { name: "hw.physmem",                        source: Source::Computed(memory) },
    Oid { name: "kern.domainname",                   source: Source::Switch("/proc/sys/kernel/domainname") },
    Oid { name: "kern.features.inet",                source: Source::Constant("1") },
    Oid { name: "kern.features.inet6",               source: Source::Computed(has_inet6) },
    Oid { name: "kern.features.vimage",              source: Source::Constant("1") },
    Oid { name: "kern.hostname",                     source: Source::Switch("/proc/sys/kernel/hostname") },
    Oid { name: "kern.ipc.somaxconn",                source: Source::Switch("/proc/sys/net/core/somaxconn") },
    Oid { name: "kern.osrelease",                    source: Source::File("/proc/sys/kernel/osrelease") },
    Oid { name: "kern.ostype",                       source: Source::File("/proc/sys/kernel/ostype") },
    Oid { name: "net.fibs",                          source: Source::Constant("1") },
    Oid { name: "net.inet.icmp.bmcastecho",          source: Source::Inverse("/proc/sys/net/ipv4/icmp_echo_ignore_broadcasts") },
    Oid { name: "net.inet.ip.forwarding",            source: Source::Switch("/proc/sys/net/ipv4/ip_forward") },
    Oid { name: "net.inet.ip.redirect",              source: Source::Switch("/proc/sys/net/ipv4/conf/all/send_redirects") },
    Oid { name: "net.inet.ip.sourceroute",           source: Source::Switch("/proc/sys/net/ipv4/conf/all/accept_source_route") },
    Oid { name: "net.inet.ip.ttl",                   source: Source::Switch("/proc/sys/net/ipv4/ip_default_ttl") },
    Oid { name: "net.inet.tcp.syncookies",           source: Source::Switch("/proc/sys/net/ipv4/tcp_syncookies") },
    Oid { name: "net.inet6.ip6.accept_rtadv",        source: Source::Switch("/proc/sys/net/ipv6/conf/default/accept_ra") },
    Oid { name: "net.inet6.ip6.dad_count",           source: Source::Switch("/proc/sys/net/ipv6/conf/default/dad_transmits") },
    Oid { name: "net.inet6.ip6.forwarding",          source: Source::Switch("/proc/sys/net/ipv6/conf/all/forwarding") },
    Oid { name: "net.inet6.ip6.hlim",                source: Source::Switch("/proc/sys/net/ipv6/conf/default/hop_limit") },
    Oid { name: "net.inet6.ip6.use_tempaddr",        source: Source::Switch("/proc/sys/net/ipv6/conf/default/use_tempaddr") },
    Oid { name: "net.link.bridge.inherit_mac",       source: Source::Constant("0") },
    Oid { name: "net.link.bridge.ipfw",              source: Source::Constant("0") },
    Oid { name: "net.link.bridge.log_stp",           source: Source::Constant("0") },
    // Frames of a bridge pass the firewall of the bridge itself; the members have none of their own.
    Oid { name: "net.link.bridge.pfil_bridge",       source: Source::Module("/proc/sys/net/bridge/bridge-nf-call-iptables", "br_netfilter") },
    Oid { name: "net.link.bridge.pfil_local_phys",   source: Source::Constant("0") },
    Oid { name: "net.link.bridge.pfil_member",       source: Source::Constant("0") },
    Oid { name: "net.link.bridge.pfil_onlyip",       source: Source::Constant("1") },
    Oid { name: "net.link.epair.ether_gen_addr",     source: Source::Constant("1") },
    Oid { name: "security.jail.env",                 source: Source::Computed(env) },
    Oid { name: "security.jail.jail_max_af_ips",     source: Source::Constant("255") },
    Oid { name: "security.jail.jailed",              source: Source::Computed(jailed) },
    Oid { name: "security.jail.vnet",                source: Source::Computed(vnet) },
];

/// What went wrong with one name. `Display` is what follows `sysctl: `.
#[derive(Debug)]
enum SysctlError {
    Unknown(String),
    ReadOnly(&'static str),
    Fixed { name: &'static str, value: &'static str },
    NoModule { name: &'static str, module: &'static str },
    Io { what: String, error: io::Error },
}

impl fmt::Display for SysctlError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Unknown(name) => write!(f, "unknown oid '{name}'"),
            Self::ReadOnly(name) => write!(f, "oid '{name}' is read only"),
            Self::Fixed { name, value } => write!(f, "{name}: is always {value} on Linux"),
            Self::NoModule { name, module } => {
                write!(f, "{name}: this kernel has no such filter: load the module {module}")
            }
            Self::Io { what, error } => {
                let errno = error.raw_os_error().map(rustix::io::Errno::from_raw_os_error);
                let reason = errno.map_or_else(|| error.to_string(), netif::strerror);
                write!(f, "{what}: {reason}")
            }
        }
    }
}

/// The options of a command line.
#[derive(Debug, Default, PartialEq, Eq)]
struct Options {
    all: bool,
    names_only: bool,
    values_only: bool,
    ignore_unknown: bool,
    quiet: bool,
    separator: Option<&'static str>,
}

/// Runs the applet.
pub(crate) fn run(arguments: Vec<OsString>) -> ExitCode {
    let words: Vec<String> =
        arguments.into_iter().map(|word| word.to_string_lossy().into_owned()).collect();
    let (options, names) = match parse(&words) {
        Ok(parsed) => parsed,
        Err(letter) => {
            if let Some(letter) = letter {
                return super::fail("sysctl", format_args!("-{letter}: not supported"));
            }
            complain!("usage: sysctl [-einNq] name[=value] ...\n       sysctl [-eNnq] -a");
            return ExitCode::FAILURE;
        }
    };
    let mut status = ExitCode::SUCCESS;
    let mut text = String::new();
    if options.all {
        for oid in TABLE {
            status = show(&mut text, oid, &options).map_or_else(|error| fail(&error), |()| status);
        }
    }
    for name in names {
        match one(&mut text, name, &options) {
            Ok(()) => {}
            Err(SysctlError::Unknown(_)) if options.ignore_unknown => {}
            Err(SysctlError::Unknown(_)) if options.quiet => status = ExitCode::FAILURE,
            Err(error) => status = fail(&error),
        }
    }
    super::print("sysctl", &text, status)
}

fn fail(error: &SysctlError) -> ExitCode {
    super::fail("sysctl", error)
}

/// Options and names; `Err(None)`: neither a name nor `-a`, `Err(Some(letter))`: an option not known.
fn parse(words: &[String]) -> Result<(Options, &[String]), Option<char>> {
    let mut options = Options::default();
    let mut rest = words;
    while let [word, after @ ..] = rest {
        let Some(letters) = word.strip_prefix('-') else { break };
        rest = after;
        for letter in letters.chars() {
            match letter {
                'a' => options.all = true,
                'e' => options.separator = Some("="),
                'i' => options.ignore_unknown = true,
                'n' => options.values_only = true,
                'N' => options.names_only = true,
                'q' => options.quiet = true,
                // Of old: that a value is to be written. The = says it.
                'w' => {}
                other => return Err(Some(other)),
            }
        }
    }
    if rest.is_empty() && !options.all { Err(None) } else { Ok((options, rest)) }
}

/// `NAME` or `NAME=VALUE`. A name may be a node: then all below it are shown.
fn one(text: &mut String, word: &str, options: &Options) -> Result<(), SysctlError> {
    let (name, value) = match word.split_once('=') {
        Some((name, value)) => (name, Some(value)),
        None => (word, None),
    };
    if let Some(oid) = TABLE.iter().find(|oid| oid.name == name) {
        return match value {
            None => show(text, oid, options),
            Some(value) => set(text, oid, value.trim(), options),
        };
    }
    let below = |oid: &&Oid| {
        oid.name.strip_prefix(name.trim_end_matches('.')).is_some_and(|end| end.starts_with('.'))
    };
    let mut found = TABLE.iter().filter(below).peekable();
    if value.is_some() || found.peek().is_none() {
        return Err(SysctlError::Unknown(name.to_owned()));
    }
    found.try_for_each(|oid| show(text, oid, options))
}

fn show(text: &mut String, oid: &Oid, options: &Options) -> Result<(), SysctlError> {
    if options.names_only {
        *text += oid.name;
    } else {
        let value = read(oid)?;
        label(text, oid, options);
        *text += &value;
    }
    text.push('\n');
    Ok(())
}

fn set(text: &mut String, oid: &Oid, value: &str, options: &Options) -> Result<(), SysctlError> {
    let old = read(oid)?;
    write(oid, value)?;
    let new = read(oid)?;
    label(text, oid, options);
    let _ = writeln!(text, "{old} -> {new}");
    Ok(())
}

fn label(text: &mut String, oid: &Oid, options: &Options) {
    if !options.values_only {
        let _ = write!(text, "{}{}", oid.name, options.separator.unwrap_or(": "));
    }
}

fn read(oid: &Oid) -> Result<String, SysctlError> {
    let value = match oid.source {
        Source::Switch(path) | Source::File(path) => std::fs::read_to_string(path),
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

fn write(oid: &Oid, value: &str) -> Result<(), SysctlError> {
    let name = oid.name;
    let path = match oid.source {
        Source::Switch(path) => path,
        Source::Inverse(path) if matches!(value, "0" | "1") => {
            let what = format!("{name}={value}");
            let written = std::fs::write(path, inverse(value));
            return written.map_err(|error| SysctlError::Io { what, error });
        }
        Source::Inverse(_) => {
            let (what, error) = (format!("{name}={value}"), rustix::io::Errno::INVAL.into());
            return Err(SysctlError::Io { what, error });
        }
        Source::Module(path, module) => match std::fs::exists(path) {
            Ok(true) => path,
            // It is 0, and nothing has to be done for it.
            _ if value == "0" => return Ok(()),
            _ => return Err(SysctlError::NoModule { name, module }),
        },
        Source::Constant(fixed) if fixed == value => return Ok(()),
        Source::Constant(value) => return Err(SysctlError::Fixed { name, value }),
        Source::File(_) | Source::Computed(_) => return Err(SysctlError::ReadOnly(name)),
    };
    let what = format!("{name}={value}");
    std::fs::write(path, value).map_err(|error| SysctlError::Io { what, error })
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

fn jailed() -> io::Result<String> {
    Ok(if is_jailed()? { "1" } else { "0" }.to_owned())
}

/// Whether the caller is in a jail: there, user 0 is another one than the host's.
pub(super) fn is_jailed() -> io::Result<bool> {
    let map = std::fs::read_to_string("/proc/self/uid_map")?;
    Ok(!map.split_whitespace().eq(["0", "0", "4294967295"]))
}

/// Whether a jail owns its network; 0 on the host, as on FreeBSD. The settings of a network belong to
/// the root that owns it, and nobody else sees them as its own.
fn vnet() -> io::Result<String> {
    use std::os::unix::fs::MetadataExt;
    let own = std::fs::metadata("/proc/sys/net/ipv4/ip_forward")?.uid() == 0;
    Ok(if own && is_jailed()? { "1" } else { "0" }.to_owned())
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
            ("kern=1",                  Err("unknown oid 'kern'".to_owned())),
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
    fn command_lines() {
        for (line, want) in [("", Err(None)), ("-n", Err(None)), ("-x kern.ostype", Err(Some('x')))]
        {
            let words: Vec<String> = line.split_whitespace().map(str::to_owned).collect();
            assert_eq!(parse(&words).map(|_| ()), want, "{line:?}");
        }
    }
}
