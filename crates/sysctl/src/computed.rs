//! Values that are computed from files that hold more.

use prison::Told;
use std::io;

/// The processors that are online: the lines `cpuN` of /proc/stat.
pub(crate) fn processors() -> io::Result<String> {
    let text = std::fs::read_to_string("/proc/stat")?;
    let each = |line: &&str| {
        // The line `cpu` without a number is the sum of all.
        line.strip_prefix("cpu").is_some_and(|rest| rest.starts_with(|c: char| c.is_ascii_digit()))
    };
    Ok(text.lines().filter(each).count().to_string())
}

/// The memory of the machine in bytes.
pub(crate) fn memory() -> io::Result<String> {
    let text = std::fs::read_to_string("/proc/meminfo")?;
    let line = text.lines().find_map(|line| line.strip_prefix("MemTotal:"));
    let kibibytes = line.and_then(|line| line.split_whitespace().next()?.parse::<u64>().ok());
    let malformed = || io::Error::from(io::ErrorKind::InvalidData);
    // The file says kB and means KiB.
    Ok((kibibytes.ok_or_else(malformed)? * 1024).to_string())
}

/// What the administrator of a jail tells its processes: jail(8), `env`.
pub(crate) fn env() -> io::Result<String> {
    // Without the parameter there is no file; FreeBSD's value is empty then.
    Ok(told(Told::Env)?.unwrap_or_default())
}

/// The jail's securelevel; the host has FreeBSD's lowest.
pub(crate) fn securelevel() -> io::Result<String> {
    let level = if prison::is_jailed() { told(Told::Securelevel)? } else { None };
    Ok(level.map_or_else(|| "-1".to_owned(), |level| level.trim_end().to_owned()))
}

/// What the host tells this jail, if anything.
fn told(what: Told) -> io::Result<Option<String>> {
    match std::fs::read(what.file()) {
        Ok(text) => Ok(Some(String::from_utf8_lossy(&text).into_owned())),
        Err(error) if error.kind() == io::ErrorKind::NotFound => Ok(None),
        Err(error) => Err(error),
    }
}

/// Whether this process is in a jail.
#[expect(clippy::unnecessary_wraps, reason = "as the others of the table")]
pub(crate) fn jailed() -> io::Result<String> {
    Ok(if prison::is_jailed() { "1" } else { "0" }.to_owned())
}

/// The routing table of this process: setfib(2).
#[expect(clippy::unnecessary_wraps, reason = "as the others of the table")]
pub(crate) fn fib() -> io::Result<String> {
    Ok(netif::Fib::own().to_string())
}

/// Whether a jail owns its network; 0 on the host, as on FreeBSD.
pub(crate) fn vnet() -> io::Result<String> {
    use std::os::unix::fs::MetadataExt;
    // The kernel gives a network's settings to the root of the user namespace that owns it:
    // elsewhere they are not root's.
    let own = std::fs::metadata("/proc/sys/net/ipv4/ip_forward")?.uid() == 0;
    Ok(if own && prison::is_jailed() { "1" } else { "0" }.to_owned())
}

/// Whether the kernel has version 6 of the Internet Protocol.
pub(crate) fn has_inet6() -> io::Result<String> {
    Ok(if std::fs::exists("/proc/sys/net/ipv6")? { "1" } else { "0" }.to_owned())
}
