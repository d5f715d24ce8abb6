//! What the doctor says of UDP ports that programs of the host have for all addresses. Linux has
//! one space of these ports for a stack, so a jail that is on the host's stack with addresses of
//! its own does not get them: BUGS of jail(8) names what follows from such programs on FreeBSD.

use super::State;
use prison::Registry;
use std::collections::{BTreeMap, BTreeSet};
use std::fs;

/// A line for each program of the host with such ports, where jails run that could want them.
pub(super) fn examine() -> Vec<(String, State)> {
    let prisons = Registry::open().and_then(|registry| registry.prisons()).unwrap_or_default();
    if !prisons.iter().any(|record| record.is_held() && !record.is_carried()) {
        return Vec::new();
    }
    let mut sockets = BTreeMap::new();
    for list in ["/proc/net/udp", "/proc/net/udp6"] {
        sockets.extend(for_all_addresses(&fs::read_to_string(list).unwrap_or_default()));
    }
    let mut lines = Vec::new();
    for process in processes() {
        let ports: BTreeSet<u16> =
            sockets_of(process).iter().filter_map(|socket| sockets.get(socket)).copied().collect();
        if !ports.is_empty() && !is_in_a_jail(process) {
            let name = fs::read(format!("/proc/{process}/comm")).unwrap_or_default();
            let name = vis::text(name.trim_ascii_end());
            lines.push(line(&format!("{name} ({process})"), &ports));
        }
    }
    lines
}

fn line(program: &str, ports: &BTreeSet<u16>) -> (String, State) {
    let ports: Vec<String> = ports.iter().map(ToString::to_string).collect();
    let ports = ports.join(" ");
    let text = format!(
        "{program} has {ports} for all addresses, so that jails with addresses of the host may not \
         have the same: bind it to addresses of the host, or use kletka.net=ipvlan"
    );
    ("UDP ports".to_owned(), State::Told(text))
}

/// The sockets of a list such as /proc/net/udp that have all addresses and are connected to nobody,
/// by inode, with their ports: proc_net(5).
fn for_all_addresses(list: &str) -> BTreeMap<u64, u16> {
    let socket = |line: &str| {
        let words: Vec<&str> = line.split_ascii_whitespace().collect();
        let (address, port) = words.get(1)?.split_once(':')?;
        let is_for_all = address.bytes().all(|digit| digit == b'0');
        let is_connected = words.get(2)?.split_once(':')?.1 != "0000";
        let port = u16::from_str_radix(port, 16).ok()?;
        (is_for_all && !is_connected).then_some((words.get(9)?.parse().ok()?, port))
    };
    list.lines().filter_map(socket).collect()
}

fn processes() -> impl Iterator<Item = u32> {
    let entries = fs::read_dir("/proc").into_iter().flatten().flatten();
    entries.filter_map(|entry| entry.file_name().to_str()?.parse().ok())
}

/// The inodes of the sockets that a process has open. None of one that has ended.
fn sockets_of(process: u32) -> Vec<u64> {
    let entries = fs::read_dir(format!("/proc/{process}/fd")).into_iter().flatten().flatten();
    let inode = |entry: fs::DirEntry| {
        let target = fs::read_link(entry.path()).ok()?;
        target.to_str()?.strip_prefix("socket:[")?.strip_suffix(']')?.parse().ok()
    };
    entries.filter_map(inode).collect()
}

/// Whether a process is in the control group of a jail.
fn is_in_a_jail(process: u32) -> bool {
    let groups = fs::read_to_string(format!("/proc/{process}/cgroup")).unwrap_or_default();
    groups.contains("/kletka/")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn sockets_for_all_addresses() {
        let list = "   sl  local_address rem_address   st tx_queue rx_queue tr tm->when retrnsmt   uid  timeout inode ref pointer drops
  100: 00000000:14E9 00000000:0000 07 00000000:00000000 00:00000000 00000000     0        0 11 2 0000000000000000 0
  101: 3500007F:0035 00000000:0000 07 00000000:00000000 00:00000000 00000000     0        0 12 2 0000000000000000 0
  102: 00000000:8000 090200C0:0035 01 00000000:00000000 00:00000000 00000000     0        0 13 2 0000000000000000 0
";
        assert_eq!(for_all_addresses(list), BTreeMap::from([(11, 5353)]));
    }
}
