//! Values that are computed from files that hold more.

use prison::Told;
use std::io;

/// FreeBSD's names of this kind of machine: `MACHINE` and `MACHINE_ARCH`.
pub(crate) const MACHINE: &str = if cfg!(target_arch = "aarch64") { "arm64" } else { "amd64" };
pub(crate) const MACHINE_ARCH: &str =
    if cfg!(target_arch = "aarch64") { "aarch64" } else { "amd64" };

/// The name of the first processor, or of the kind of machine where the kernel says none.
pub(crate) fn model() -> io::Result<String> {
    let text = std::fs::read_to_string("/proc/cpuinfo")?;
    let named = text.lines().find_map(|line| line.strip_prefix("model name"));
    let named = named.and_then(|rest| rest.split_once(':')).map(|(_, name)| name.trim());
    Ok(named.unwrap_or(MACHINE).to_owned())
}

/// The bytes of a page, which the kernel tells each program: getauxval(3), `AT_PAGESZ`.
pub(crate) fn page_size() -> io::Result<String> {
    const AT_PAGESZ: usize = 6;
    const WORD: usize = size_of::<usize>();
    let vector = std::fs::read("/proc/self/auxv")?;
    let mut words = vector.chunks_exact(WORD).filter_map(|word| word.first_chunk());
    let mut next = move || words.next().map(|word| usize::from_ne_bytes(*word));
    while let (Some(kind), Some(value)) = (next(), next()) {
        if kind == AT_PAGESZ {
            return Ok(value.to_string());
        }
    }
    Err(io::Error::from(io::ErrorKind::InvalidData))
}

/// The three load averages, as `S_loadavg()` of FreeBSD's sysctl.c writes them.
pub(crate) fn load() -> io::Result<String> {
    let text = std::fs::read_to_string("/proc/loadavg")?;
    let numbers: Vec<&str> = text.split_whitespace().take(3).collect();
    Ok(format!("{{ {} }}", numbers.join(" ")))
}

/// When the machine was started, as `S_timeval()` of FreeBSD's sysctl.c writes it, but in UTC.
pub(crate) fn boot_time() -> io::Result<String> {
    let text = std::fs::read_to_string("/proc/stat")?;
    let seconds = text.lines().find_map(|line| line.strip_prefix("btime "));
    let seconds: Option<u64> = seconds.and_then(|seconds| seconds.trim().parse().ok());
    let seconds = seconds.ok_or_else(|| io::Error::from(io::ErrorKind::InvalidData))?;
    Ok(format!("{{ sec = {seconds}, usec = 0 }} {}", ctime(seconds)))
}

/// A time of day in UTC, in the form of ctime(3): `Thu Jan  1 00:00:00 1970`.
fn ctime(seconds: u64) -> String {
    const DAYS: [&str; 7] = ["Thu", "Fri", "Sat", "Sun", "Mon", "Tue", "Wed"];
    const MONTHS: [(&str, u64); 12] = [
        ("Jan", 31),
        ("Feb", 28),
        ("Mar", 31),
        ("Apr", 30),
        ("May", 31),
        ("Jun", 30),
        ("Jul", 31),
        ("Aug", 31),
        ("Sep", 30),
        ("Oct", 31),
        ("Nov", 30),
        ("Dec", 31),
    ];
    let is_leap =
        |year: u64| year.is_multiple_of(4) && !year.is_multiple_of(100) || year.is_multiple_of(400);
    let (days, rest) = (seconds / 86400, seconds % 86400);
    let (mut year, mut day) = (1970, days);
    while day >= 365 + u64::from(is_leap(year)) {
        day -= 365 + u64::from(is_leap(year));
        year += 1;
    }
    let mut name = "Dec";
    for (month, length) in MONTHS {
        let length = length + u64::from(month == "Feb" && is_leap(year));
        if day < length {
            name = month;
            break;
        }
        day -= length;
    }
    let weekday = DAYS.iter().cycle().nth((days % 7) as usize).unwrap_or(&DAYS[0]);
    let (hours, minutes, seconds) = (rest / 3600, rest / 60 % 60, rest % 60);
    format!("{weekday} {name} {:2} {hours:02}:{minutes:02}:{seconds:02} {year}", day + 1)
}

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
    Ok(told_in_jail(Told::Securelevel)?.unwrap_or_else(|| "-1".to_owned()))
}

/// The release of FreeBSD whose jails these are, as its `__FreeBSD_version`; in a jail, what the
/// jail is told.
pub(crate) fn release_number() -> io::Result<String> {
    Ok(told_in_jail(Told::Osreldate)?.unwrap_or_else(|| "1500000".to_owned()))
}

/// The number of the host, or of a jail that has its own: gethostid(3).
pub(crate) fn host_id() -> io::Result<String> {
    if let Some(number) = told_in_jail(Told::HostId)? {
        return Ok(number);
    }
    let bytes = std::fs::read("/etc/hostid").unwrap_or_default();
    let number = bytes.first_chunk().map_or(0, |bytes| u32::from_ne_bytes(*bytes));
    Ok(number.to_string())
}

/// The UUID of the host, or of a jail that has its own: machine-id(5), with the dashes of a UUID.
pub(crate) fn host_uuid() -> io::Result<String> {
    if let Some(uuid) = told_in_jail(Told::HostUuid)? {
        return Ok(uuid);
    }
    let id = std::fs::read_to_string("/etc/machine-id").unwrap_or_default();
    let id = id.trim_end();
    let is_one = id.len() == 32 && id.bytes().all(|byte| byte.is_ascii_hexdigit());
    let id = if is_one { id } else { "00000000000000000000000000000000" };
    let parts = [&id[..8], &id[8..12], &id[12..16], &id[16..20], &id[20..]];
    Ok(parts.join("-"))
}

/// What a jail is told; on the host there is nobody to tell.
fn told_in_jail(what: Told) -> io::Result<Option<String>> {
    let text = if prison::is_jailed() { told(what)? } else { None };
    Ok(text.map(|text| text.trim_end().to_owned()))
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

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn times() {
        for (seconds, want) in [
            (0, "Thu Jan  1 00:00:00 1970"),
            (951_782_400, "Tue Feb 29 00:00:00 2000"),
            (1_700_000_000, "Tue Nov 14 22:13:20 2023"),
            (4_107_542_399, "Sun Feb 28 23:59:59 2100"),
            (4_107_542_400, "Mon Mar  1 00:00:00 2100"),
        ] {
            assert_eq!(ctime(seconds), want);
        }
    }
}
