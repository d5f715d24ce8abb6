//! `kletka doctor`: says what this machine lacks for jails, and what to do about it, one line for
//! each thing. kletka-doctor(8).
//!
//! A thing is tried where that leaves nothing behind; otherwise the doctor reads what the kernel
//! says about it. Exit status 1: something is missing without which no jail runs.

mod host;
mod left;
mod ports;
mod registry;

use super::config;
use crate::cli::answer;
use crate::cli::grammar::own::DOCTOR;
use crate::cli::help::usage;
use std::collections::BTreeSet;
use std::ffi::OsString;
use std::fmt::Write as _;
use std::fs;
use std::path::Path;
use std::process::ExitCode;

use lifecycle::exposure::exposed_root;
use netif::{Capability, Ethtool, Kind, Netlink};
use prison::{Error, Registry};
use rustix::io::Errno;
use rustix::mount::{FsOpenFlags, fsopen};

/// The state of one thing.
#[derive(Debug, Clone, PartialEq, Eq)]
enum State {
    Well,
    /// The thing is missing: what does not work without it, and what to do.
    Missing(String),
    /// The thing is there, and should not be: what to do.
    Wrong(String),
    /// Only root can find out the state.
    Unknown,
    /// Something of kletka is there that nothing needs: what it is, and the command that removes
    /// it.
    Left(String),
    /// Nothing to be mended: what somebody may want to know.
    Told(String),
}

/// One line of the report.
struct Finding {
    name: String,
    state: State,
    /// Whether no jail runs without this thing.
    is_essential: bool,
}

/// Runs the applet.
pub(crate) fn run(arguments: Vec<OsString>) -> ExitCode {
    match arguments.as_slice() {
        [] => {}
        [option] if option == "--mend" => match registry::mend() {
            Ok(lines) => drop(answer::print(lines)),
            Err(error) => {
                complain!("kletka: doctor: {error}");
                return ExitCode::FAILURE;
            }
        },
        _ => return usage(&DOCTOR),
    }
    let findings = examine();
    let fatal = |it: &Finding| it.is_essential && matches!(it.state, State::Missing(_));
    let status = if findings.iter().any(fatal) { ExitCode::FAILURE } else { ExitCode::SUCCESS };
    answer::print(report(&findings));
    status
}

fn report(findings: &[Finding]) -> String {
    let mut text = String::new();
    for Finding { name, state, is_essential } in findings {
        let _ = match state {
            State::Well => writeln!(text, "{name}: ok"),
            State::Missing(advice) if *is_essential => writeln!(text, "{name}: MISSING: {advice}"),
            State::Missing(advice) => writeln!(text, "{name}: missing: {advice}"),
            State::Wrong(advice) => writeln!(text, "{name}: wrong: {advice}"),
            State::Unknown => writeln!(text, "{name}: not known: ask as root"),
            State::Left(advice) => writeln!(text, "{name}: left over: {advice}"),
            State::Told(what) => writeln!(text, "{name}: {what}"),
        };
    }
    text + &verdict(findings) + "\n"
}

/// Says in one sentence whether jails can run here.
fn verdict(findings: &[Finding]) -> String {
    let lacks = |is_essential: bool| {
        let missing = findings
            .iter()
            .filter(|it| it.is_essential == is_essential && matches!(it.state, State::Missing(_)));
        missing.map(|it| it.name.as_str()).collect::<Vec<_>>().join(", ")
    };
    let has = |is_it: fn(&State) -> bool| findings.iter().any(|it| is_it(&it.state));
    let (needed, more) = (lacks(true), lacks(false));
    if !needed.is_empty() {
        return format!("No jail can run here without {needed}.");
    }
    let without = if more.is_empty() { String::new() } else { format!(", without {more}") };
    let rest = if has(|state| matches!(state, State::Wrong(_))) {
        "; mend what is wrong above"
    } else if has(|state| matches!(state, State::Unknown)) {
        ", as far as can be seen without being root"
    } else {
        ""
    };
    format!("Jails can run here{without}{rest}.")
}

fn examine() -> Vec<Finding> {
    let essential = |name: &str, state| Finding { name: name.into(), state, is_essential: true };
    let optional = |name: &str, state| Finding { name: name.into(), state, is_essential: false };
    let mut findings = vec![
        optional("kletka", State::Told(format!("version {}", env!("CARGO_PKG_VERSION")))),
        essential("user namespaces", namespace("user", "CONFIG_USER_NS")),
        essential("network namespaces", namespace("net", "CONFIG_NET_NS")),
        essential("process namespaces", namespace("pid", "CONFIG_PID_NS")),
        essential("mount namespaces", namespace("mnt", "CONFIG_NAMESPACES")),
        essential("host name namespaces", namespace("uts", "CONFIG_UTS_NS")),
        essential("IPC namespaces", namespace("ipc", "CONFIG_IPC_NS")),
        essential("cgroup v2", cgroup()),
        essential("seccomp", seccomp()),
        optional("idmapped mounts of /", idmapped_mounts()),
        optional("overlay", overlay()),
        optional("abstract sockets", abstract_sockets()),
    ];
    findings.extend(registry::examine().into_iter().map(|(name, state)| optional(&name, state)));
    findings.extend(registry::accounts().into_iter().map(|(name, state)| optional(&name, state)));
    findings.extend(jails().into_iter().map(|(name, state)| optional(&name, state)));
    findings.extend(links().into_iter().map(|(name, state)| optional(&name, state)));
    let more = [receive_offload(), host::examine(), ports::examine(), left::over(), left::made()];
    findings.extend(more.into_iter().flatten().map(|(name, state)| optional(&name, state)));
    findings
}

fn missing(advice: &str) -> State {
    State::Missing(advice.to_owned())
}

/// Whether the kernel has these namespaces, and may make more of them.
fn namespace(kind: &str, option: &str) -> State {
    if !fs::exists(format!("/proc/self/ns/{kind}")).unwrap_or(false) {
        return State::Missing(format!("use a kernel with {option}=y"));
    }
    // The limit holds for each user, root included.
    let limit = format!("user.max_{kind}_namespaces");
    let most = fs::read_to_string(format!("/proc/sys/{}", limit.replace('.', "/")));
    match most.unwrap_or_default().trim() {
        "0" => State::Missing(format!("sysctl {limit} is 0: set it to 15000, or so")),
        _ => State::Well,
    }
}

fn cgroup() -> State {
    let mounts = fs::read_to_string("/proc/self/mountinfo").unwrap_or_default();
    let mounted = mounts.lines().any(|line| line.contains(" - cgroup2 "));
    match file_system("cgroup2", "use a kernel with CONFIG_CGROUPS=y") {
        State::Well | State::Unknown if !mounted => missing(
            "mount -t cgroup2 cgroup2 /sys/fs/cgroup (systemd: boot with systemd.unified_cgroup_hierarchy=1)",
        ),
        // Only root may open a context. A cgroup2 that is mounted proves that the kernel has it.
        State::Unknown => State::Well,
        state => state,
    }
}

fn seccomp() -> State {
    match fs::exists("/proc/sys/kernel/seccomp/actions_avail") {
        Ok(true) => State::Well,
        _ => missing("use a kernel with CONFIG_SECCOMP_FILTER=y"),
    }
}

/// Whether the kernel has a file system.
fn file_system(name: &str, advice: &str) -> State {
    // Opening a context loads the module and mounts nothing. /proc/filesystems would not name a
    // module that is not loaded yet.
    match fsopen(name, FsOpenFlags::FSOPEN_CLOEXEC) {
        Ok(_) => State::Well,
        Err(Errno::PERM) => State::Unknown,
        Err(_) => missing(advice),
    }
}

/// Whether files below / can be shown under a jail's ids. For a jail on another file system, its
/// start says so.
fn idmapped_mounts() -> State {
    let instead = "keep jails on ext4, xfs, btrfs or tmpfs, or say kletka.userns=inherit";
    // Tried, not judged by the file system's name: newer kernels map more of them, and of an
    // overlay its layers count.
    match prison::try_idmap(Path::new("/")) {
        Ok(()) => State::Well,
        Err(_) if !rustix::process::geteuid().is_root() => State::Unknown,
        Err(Error::CannotIdmap { file_system, .. }) => {
            State::Missing(format!("{file_system} has none on this kernel: {instead}"))
        }
        Err(error) => State::Missing(format!("{error}: {instead}")),
    }
}

/// Whether an overlay can be made as that of a jail is.
fn overlay() -> State {
    match prison::try_overlay() {
        Ok(()) => State::Well,
        Err(_) if !rustix::process::geteuid().is_root() => State::Unknown,
        Err(Error::NoFileSystem(_)) => missing("thin jails and unionfs: load the module overlay"),
        Err(error) => State::Missing(format!("thin jails and unionfs cannot be made: {error}")),
    }
}

/// Whether a jail on the host's network stack can be kept from the host's abstract sockets.
fn abstract_sockets() -> State {
    if prison::can_keep_abstract_sockets() {
        return State::Well;
    }
    missing(
        "jails with ip4=inherit or ip6=inherit reach those of the host: use Linux 6.12 or newer, \
         with landlock among the LSMs; or vnet",
    )
}

/// Whether the kernel has the kinds of interfaces that a jail's network is made of.
fn links() -> Vec<(String, State)> {
    let mut netlink = Netlink::open().ok();
    let kinds = [
        ("veth", "epair", "epairs cannot be created: load the module veth"),
        ("bridge", "bridge", "bridges cannot be created: load the module bridge"),
        ("vlan", "vlan (8021q)", "VLANs cannot be created: load the module 8021q"),
    ];
    let look = |(driver, name, advice): (&str, &str, &str)| {
        let state = match netlink.as_mut().map(|netlink| netlink.has_driver(driver)) {
            Some(Ok(true)) => State::Well,
            Some(Ok(false)) => missing(advice),
            _ => State::Unknown,
        };
        (name.to_owned(), state)
    };
    kinds.into_iter().map(look).collect()
}

/// Finds jails, configured ones and others that run, that endanger the host by where their files
/// are.
fn jails() -> Vec<(String, State)> {
    let mut dangers = config::dangers();
    let running = Registry::open().and_then(|registry| registry.prisons()).unwrap_or_default();
    let others: Vec<_> = running
        .into_iter()
        // The files of a jail inside are below the outer one's root.
        .filter(|record| !record.is_inside() && dangers.iter().all(|it| it.0 != record.name))
        .filter_map(|record| Some((record.name, exposed_root(&record.path)?.to_string())))
        .collect();
    dangers.extend(others);
    let told = dangers.into_iter().map(|(name, how)| (format!("jail {name}"), State::Wrong(how)));
    told.collect()
}

/// Finds members of bridges whose hardware joins packets. Connections through such a member stall.
fn receive_offload() -> Vec<(String, State)> {
    let links = Netlink::open().and_then(|mut netlink| netlink.links()).unwrap_or_default();
    let bridges: BTreeSet<u32> = links
        .iter()
        .filter(|link| matches!(link.kind, Kind::Bridge(_)))
        .map(|link| link.index)
        .collect();
    // A kernel whose ethtool does not speak netlink turns LRO off itself when an interface joins a
    // bridge.
    let Ok(Some(Ok(all))) = Ethtool::open().map(|it| it.map(|mut ethtool| ethtool.all())) else {
        return Vec::new();
    };
    let joins = |link: &&netif::Interface| {
        link.master.is_some_and(|master| bridges.contains(&master))
            && all.get(&link.index).is_some_and(|it| it.has(Capability::Lro))
    };
    let told = links.iter().filter(joins).map(|link| {
        let name = &link.name;
        let advice = format!(
            "LRO is on, and a bridge cannot send on what the hardware joins: ifconfig {name} -lro"
        );
        (format!("bridge member {name}"), State::Wrong(advice))
    });
    told.collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn lines() {
        let finding =
            |name: &str, state, is_essential| Finding { name: name.into(), state, is_essential };
        let report = report(&[
            finding("seccomp", State::Well, true),
            finding("cgroup v2", missing("mount it"), true),
            finding("vlan (8021q)", missing("load the module 8021q"), false),
            finding("overlay", State::Unknown, false),
            finding("bridge member re0", State::Wrong("LRO is on".into()), false),
            finding("interface epair1a", State::Left("ifconfig epair1a destroy".into()), false),
            finding("forwarding", State::Told("on".into()), false),
        ]);
        let want = "seccomp: ok\ncgroup v2: MISSING: mount it\nvlan (8021q): missing: load the module 8021q\n\
                    overlay: not known: ask as root\nbridge member re0: wrong: LRO is on\n\
                    interface epair1a: left over: ifconfig epair1a destroy\nforwarding: on\n\
                    No jail can run here without cgroup v2.\n";
        assert_eq!(report, want);
    }

    #[test]
    fn verdicts() {
        let all = |states: &[State]| {
            let finding = |state: &State| Finding {
                name: "x".into(),
                state: state.clone(),
                is_essential: false,
            };
            verdict(&states.iter().map(finding).collect::<Vec<_>>())
        };
        let (wrong, lacking) = (State::Wrong(String::new()), missing(""));
        for (states, want) in [
            (vec![State::Well, State::Told(String::new())], "Jails can run here."),
            (vec![State::Left(String::new())], "Jails can run here."),
            (vec![State::Unknown], "Jails can run here, as far as can be seen without being root."),
            (
                vec![lacking.clone(), State::Unknown],
                "Jails can run here, without x, as far as can be seen without being root.",
            ),
            (vec![wrong, lacking], "Jails can run here, without x; mend what is wrong above."),
        ] {
            assert_eq!(all(&states), want);
        }
    }
}
