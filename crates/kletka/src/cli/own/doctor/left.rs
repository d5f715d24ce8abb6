//! What the doctor finds left over of jails, and what kletka has ever made: each with the command
//! that removes it.
//!
//! Of a jail's tree nothing but its path is looked at: the root of the jail writes the rest.

use super::State;
use crate::cli::own::{bootstrap, install};
use base::{bases, roots};
use netif::{Fib, InterfaceName, Maker, Netlink, TABLE_OF_CARRIED};
use prison::{Record, Registry, groups_with_marks};
use std::ffi::OsString;
use std::fs;
use std::net::IpAddr;
use std::os::unix::ffi::{OsStrExt, OsStringExt};
use std::path::{Path, PathBuf};

/// Where kletka keeps what does not outlive the machine's boot.
const RUN: &str = "/run/kletka";
const LAUNCHER: &str = "/run/kletka/launcher";

/// Looks for what is left over. Without the right to read the registry nobody knows.
pub(super) fn over() -> Vec<(String, State)> {
    let Ok(registry) = Registry::open() else { return Vec::new() };
    let Ok(running) = registry.prisons() else { return Vec::new() };
    let ended = registry.ended();
    let mut lines: Vec<_> = ended.iter().map(record).collect();
    lines.extend(interfaces(&running));
    lines.extend(fibs(&running));
    lines.extend(addresses(&running).unwrap_or_default());
    lines.extend(mounts(&fs::read("/proc/self/mountinfo").unwrap_or_default()));
    lines.extend(starts(&registry.directory().join("starts")));
    lines.extend(files(Path::new(RUN), "unreadable.", "a record of an older time"));
    lines.extend(changes(Path::new("/etc")));
    let parts = |name: &str| name.ends_with(".partial");
    for path in entries(Path::new(bootstrap::BASES)).into_iter().filter(|path| named(path, parts)) {
        let advice =
            format!("a base that is not ready, unless a bootstrap runs: rm -r {}", path.display());
        lines.push((path.display().to_string(), State::Left(advice)));
    }
    lines
}

fn record(record: &Record) -> (String, State) {
    let advice = "it has ended, and its record is there: kletka doctor --mend".to_owned();
    (format!("jail {}", record.name), State::Left(advice))
}

/// Interfaces that hooks of jails have made which do not run. A bridge with members is in use.
fn interfaces(running: &[Record]) -> Vec<(String, State)> {
    let links = Netlink::open().and_then(|mut netlink| netlink.links()).unwrap_or_default();
    let makers: Vec<Maker> = running
        .iter()
        .map(|record| Maker::hooks_of(&record.name))
        .chain([Maker::service("netif"), Maker::of_carried()])
        .collect();
    let is_left = |link: &&netif::Interface| {
        link.maker.is_some_and(|maker| !makers.contains(&maker))
            && !links.iter().any(|member| member.master == Some(link.index))
    };
    let told = links.iter().filter(is_left).map(|link| {
        let name = &link.name;
        let advice = format!("made by a hook of a jail that does not run: ifconfig {name} destroy");
        (format!("interface {name}"), State::Left(advice))
    });
    told.collect()
}

/// Groups of setfib(1) that have no process; and rules of fibs that have no routes, no jail and no
/// command.
fn fibs(running: &[Record]) -> Vec<(String, State)> {
    let groups = groups_with_marks();
    let told = groups.iter().filter(|(_, is_used)| !is_used).map(|(path, _)| {
        let path = path.display();
        let advice = format!("setfib has made it, and no process is in it: rmdir {path}");
        (format!("control group {path}"), State::Left(advice))
    });
    let mut lines: Vec<_> = told.collect();
    // Which fib the commands of setfib(1) have, no file says.
    if groups.iter().any(|(_, is_used)| *is_used) {
        return lines;
    }
    let Ok(mut netlink) = Netlink::open() else { return lines };
    let jails =
        |fib: Fib| running.iter().any(|it| it.mark.is_some_and(|it| it.value == fib.mark()));
    for (fib, rule) in netlink.open_fibs().unwrap_or_default() {
        if jails(fib) || !netlink.routes_of(fib).is_ok_and(|routes| routes.is_empty()) {
            continue;
        }
        let advice = format!("it has no routes and no jail: {}", rule.removal());
        lines.push((format!("fib {fib}"), State::Left(advice)));
    }
    lines
}

/// Addresses that interfaces have for jails which do not run, and what leads to such addresses; and
/// what leads to those of jails that run.
fn addresses(running: &[Record]) -> Result<Vec<(String, State)>, netif::Error> {
    let mut netlink = Netlink::open()?;
    let ways = netlink.ways_to_carried()?;
    let mut lines = Vec::new();
    for (interface, address) in netlink.lent()? {
        if !running.iter().any(|record| record.has_address(address)) {
            let advice = format!(
                "{interface} has it for a jail that does not run: ifconfig {interface} {address} -alias"
            );
            lines.push((format!("address {address}"), State::Left(advice)));
        }
    }
    let leads =
        |address: &IpAddr| running.iter().any(|it| it.is_carried() && it.has_address(*address));
    let (own, left): (Vec<IpAddr>, Vec<IpAddr>) = ways.addresses.into_iter().partition(leads);
    let words = |all: &[IpAddr]| lifecycle::in_a_row(all);
    let shims: Vec<&str> = ways.shims.iter().map(InterfaceName::as_str).collect();
    let way = format!("{}, table {TABLE_OF_CARRIED} and a rule", shims.join(" "));
    if !own.is_empty() {
        let text =
            format!("the host reaches {} by {way}; they go with the last of them", words(&own));
        let missing = "no rule has it asked, which some program has removed: kletka doctor --mend";
        let state = if ways.lacks_rule {
            State::Wrong(format!("table {TABLE_OF_CARRIED} leads to jails, and {missing}"))
        } else {
            State::Told(text)
        };
        lines.push(("ipvlan".to_owned(), state));
    } else if left.is_empty() && (!shims.is_empty() || ways.has_rule) {
        let advice = format!("{way} lead to no jail: kletka doctor --mend");
        lines.push(("ipvlan".to_owned(), State::Left(advice)));
    }
    if !left.is_empty() {
        let advice = format!("{way} lead to {}, of no jail: kletka doctor --mend", words(&left));
        lines.push(("ipvlan".to_owned(), State::Left(advice)));
    }
    Ok(lines)
}

/// Mounts where the registry is. The launcher, from which starts on a host with many mounts begin,
/// belongs there.
fn mounts(table: &[u8]) -> Vec<(String, State)> {
    let targets =
        mountinfo::lines(table).map(|line| PathBuf::from(OsString::from_vec(line.target())));
    let is_kletkas = |target: &PathBuf| target == Path::new(RUN) || target.starts_with(LAUNCHER);
    let below = targets.filter(|target| target.starts_with(RUN) && !is_kletkas(target));
    let told = below.map(|target| {
        let advice = format!("nothing of kletka is mounted there: umount {}", target.display());
        (format!("mount {}", target.display()), State::Left(advice))
    });
    told.collect()
}

/// Starts that were killed: a file of each has the number of a process that is gone.
fn starts(folder: &Path) -> Vec<(String, State)> {
    let is_gone = |path: &PathBuf| {
        let pid = fs::read_to_string(path).ok().and_then(|text| text.trim().parse::<u32>().ok());
        pid.is_some_and(|pid| !fs::exists(format!("/proc/{pid}")).unwrap_or(true))
    };
    let told = entries(folder).into_iter().filter(is_gone).filter_map(|path| {
        let name = path.file_name()?.to_string_lossy().into_owned();
        let advice = format!("its start was killed: jail -C {name} runs what follows its end");
        Some((format!("jail {name}"), State::Left(advice)))
    });
    told.collect()
}

/// Files of `directory` whose names begin with `start`.
fn files(directory: &Path, start: &str, what: &str) -> Vec<(String, State)> {
    let found =
        entries(directory).into_iter().filter(|path| named(path, |name| name.starts_with(start)));
    let told = found.map(|path| {
        let advice = format!("{what}: rm {}", path.display());
        (path.display().to_string(), State::Left(advice))
    });
    told.collect()
}

/// Changes of configuration files that were killed: the text that was to replace a file of kletka's
/// lies beside it.
fn changes(etc: &Path) -> Vec<(String, State)> {
    let is_ours = |name: &str| {
        let of_jail = || name.strip_prefix("jail.")?.strip_suffix(".conf");
        ["jail.conf", "rc.conf", "rc.conf.local"].contains(&name) || of_jail().is_some()
    };
    let own = conffile::left(etc);
    let own = own.into_iter().filter(|(_, name)| name.to_str().is_some_and(is_ours));
    let folders = ["jail.conf.d", "rc.conf.d"].map(|folder| conffile::left(&etc.join(folder)));
    let told = own.chain(folders.into_iter().flatten()).map(|(path, name)| {
        let (path, name) = (path.display(), name.display());
        let advice = format!("a change of {name} was killed before its end: rm {path}");
        (path.to_string(), State::Left(advice))
    });
    told.collect()
}

/// What kletka has made on this machine, and has not removed.
pub(super) fn made() -> Vec<(String, State)> {
    let told = |name: String, text: String| (name, State::Told(text));
    let mut lines = Vec::new();
    let all = Path::new(bootstrap::BASES);
    for base in bases(all).unwrap_or_default() {
        let path = base.display();
        let name = base.file_name().unwrap_or_default().to_string_lossy().into_owned();
        lines.push(told(format!("base {name}"), format!("{path}; to remove it: rm -r {path}")));
    }
    let running = Registry::open().and_then(|registry| registry.prisons()).unwrap_or_default();
    for root in roots(all) {
        let user = running.iter().find(|record| record.path == root);
        let first = user.map_or(String::new(), |record| format!("jail -r {}; ", record.name));
        let path = root.display();
        lines.push(told(format!("root {path}"), format!("to remove it: {first}rm -r {path}")));
    }
    lines.extend(at_boot(Path::new("/")).map(|(service, path)| {
        let path = path.display();
        told(
            format!("boot {service}"),
            format!("{path}; to remove it: kletka service {service} disable"),
        )
    }));
    if let Some((list, command)) = install::list() {
        lines.push(told(
            "files".into(),
            format!("those of {}; to remove them: {command}", list.display()),
        ));
    }
    lines
}

/// The services that start at boot, and the link that has the machine's init do so.
fn at_boot(host: &Path) -> impl Iterator<Item = (&'static str, PathBuf)> {
    let places = |unit: &str| {
        let links = [
            format!("etc/systemd/system/multi-user.target.wants/{unit}.service"),
            format!("etc/runlevels/default/{unit}"),
        ];
        links.map(|link| host.join(link)).into_iter().find(|link| link.symlink_metadata().is_ok())
    };
    let found =
        [("jail", "jail"), ("netif", "kletka-netif")].map(|(name, unit)| (name, places(unit)));
    found.into_iter().filter_map(|(name, link)| Some((name, link?)))
}

/// What is in a directory, sorted; nothing if it cannot be read.
fn entries(directory: &Path) -> Vec<PathBuf> {
    let entries = fs::read_dir(directory).into_iter().flatten().flatten();
    let mut paths: Vec<_> = entries.map(|entry| entry.path()).collect();
    paths.sort();
    paths
}

fn named(path: &Path, is_meant: impl Fn(&str) -> bool) -> bool {
    path.file_name().is_some_and(|name| is_meant(&String::from_utf8_lossy(name.as_bytes())))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn mounts_where_the_registry_is() {
        let table = b"\
20 1 8:1 / / rw - ext4 /dev/sda1 rw
30 20 0:5 / /run rw - tmpfs tmpfs rw
31 30 0:6 / /run/kletka rw - tmpfs tmpfs rw
32 31 0:7 / /run/kletka/jails/a\\040b rw - tmpfs tmpfs rw
34 30 0:9 / /run/kletka/launcher rw - tmpfs tmpfs rw
35 34 0:4 mnt:[4026532567] /run/kletka/launcher/mounts rw - nsfs nsfs rw
33 30 0:8 / /run/kletkas rw - tmpfs tmpfs rw
";
        let want = "nothing of kletka is mounted there: umount /run/kletka/jails/a b".to_owned();
        assert_eq!(mounts(table), [("mount /run/kletka/jails/a b".to_owned(), State::Left(want))]);
    }
}
