//! The applets: one module each, one row each in [`APPLETS`].

#[macro_use]
mod answer;
mod applet;
#[macro_use]
mod page;
mod boot;
mod complete;
mod elsewhere;
mod grammar;
mod help;
mod host;
mod jails;
mod network;
mod others;
mod own;
mod programs;

use answer::settled;
use applet::Applet;
use applet::Group::{Boot, Host, Jails, Network, Own};
use applet::Place::{Everywhere, Hooks, Jails as InJails};
use boot::{service, sysrc};
use grammar::Question;
use host::{devfs, mount, processes, sysctl, umount};
use jails::{jail, jexec, jls};
use network::{arp, ifconfig, netstat, route, setfib};
use own::{bootstrap, config, doctor, install, net};
use std::ffi::{OsStr, OsString};
use std::path::Path;
use std::process::ExitCode;

/// All applets of this binary.
///
/// Most commands of the network, the boot and the host are linked for hooks and jails only: in
/// everybody's PATH Linux has other programs of these names.
static APPLETS: [Applet; 24] = [
    Applet::new(&grammar::jails::JAIL, jail::run, Jails, page!("jail.8"))
        .linked(&[Everywhere, InJails]),
    Applet::new(&grammar::jails::JLS, jls::run, Jails, page!("jls.8"))
        .linked(&[Everywhere, InJails]),
    Applet::new(&grammar::jails::JEXEC, jexec::run, Jails, page!("jexec.8"))
        .linked(&[Everywhere, InJails]),
    Applet::new(&grammar::network::IFCONFIG, ifconfig::run, Network, page!("kletka-ifconfig.8"))
        .linked(&[Hooks, InJails]),
    Applet::new(&grammar::network::ROUTE, route::run, Network, page!("kletka-route.8"))
        .linked(&[Hooks, InJails]),
    Applet::new(&grammar::network::NETSTAT, netstat::run, Network, page!("kletka-netstat.8"))
        .linked(&[Hooks, InJails]),
    Applet::new(&grammar::network::ARP, arp::run, Network, page!("kletka-arp.8"))
        .linked(&[Hooks, InJails]),
    Applet::new(&grammar::network::NDP, arp::run_ndp, Network, page!("kletka-arp.8"))
        .linked(&[Hooks, InJails]),
    Applet::new(&grammar::network::SETFIB, setfib::run, Network, page!("setfib.1"))
        .linked(&[Everywhere, Hooks, InJails]),
    Applet::new(&grammar::boot::SERVICE, service::run, Boot, page!("kletka-service.8"))
        .linked(&[Hooks]),
    Applet::new(&grammar::boot::SYSRC, sysrc::run, Boot, page!("sysrc.8"))
        .linked(&[Everywhere, Hooks, InJails]),
    Applet::new(&grammar::host::SYSCTL, sysctl::run, Host, page!("kletka-sysctl.8"))
        .linked(&[Hooks, InJails]),
    Applet::new(&grammar::host::DEVFS, devfs::run, Host, page!("kletka-devfs.8")).linked(&[Hooks]),
    Applet::new(&grammar::host::MOUNT, mount::run, Host, page!("kletka-mount.8")).linked(&[Hooks]),
    Applet::new(&grammar::host::MOUNT_NULLFS, mount::run_nullfs, Host, page!("kletka-mount.8"))
        .linked(&[Hooks]),
    Applet::new(&grammar::host::UMOUNT, umount::run, Host, page!("kletka-mount.8"))
        .linked(&[Hooks]),
    Applet::new(&grammar::host::PS, processes::run_ps, Host, page!("kletka-ps.8")).linked(&[Hooks]),
    Applet::new(&grammar::host::PGREP, processes::run_pgrep, Host, page!("kletka-ps.8"))
        .linked(&[Hooks]),
    Applet::new(&grammar::host::PKILL, processes::run_pkill, Host, page!("kletka-ps.8"))
        .linked(&[Hooks]),
    Applet::new(&grammar::own::BOOTSTRAP, bootstrap::run, Own, page!("kletka-bootstrap.8")),
    Applet::new(&grammar::own::CONFIG, config::run, Own, page!("kletka-config.8")),
    Applet::new(&grammar::own::DOCTOR, doctor::run, Own, page!("kletka-doctor.8")),
    Applet::new(
        &grammar::own::INSTALL,
        |words| install::run(words, &APPLETS),
        Own,
        page!("kletka-install.8"),
    ),
    Applet::new(&grammar::own::NET, net::run, Own, page!("kletka-net.8")),
];

/// Runs the applet that is named by `called` (a path or a name), or else by the first argument.
pub(crate) fn dispatch(called: &OsStr, mut arguments: Vec<OsString>) -> ExitCode {
    let name = Path::new(called).file_name().unwrap_or_default();
    if let Some(applet) = find(name) {
        if let Some(status) = processes::hand_on(applet.name, &arguments) {
            return status;
        }
        return run(applet, arguments);
    }
    match arguments.first().and_then(|first| find(first)) {
        Some(applet) => run(applet, arguments.split_off(1)),
        // Its words are a command line of another command, and are never taken for its own.
        None if arguments.first().is_some_and(|first| first == "complete") => {
            complete::run(&arguments[1..], &APPLETS)
        }
        None => settled("kletka", help::kletka(&arguments, &APPLETS)),
    }
}

/// Runs the applet, unless its command line asks for help or the version, or is mistaken.
fn run(applet: &Applet, arguments: Vec<OsString>) -> ExitCode {
    let status = match grammar::read(applet.grammar, &arguments) {
        Ok(None) => (applet.run)(arguments),
        Ok(Some(Question::Help(of))) => help::show(of, &applet.page),
        Ok(Some(Question::Version)) => help::version(),
        Err((of, mistake)) => {
            // In a jail, scripts of its own system mean the program of its own.
            if applet.name == "sysctl" && prison::is_jailed() {
                others::become_others(applet.name, &arguments);
            }
            help::refuse(of, &mistake)
        }
    };
    settled(applet.grammar.called, status)
}

/// Finds the applet that has this name.
fn find(name: &OsStr) -> Option<&'static Applet> {
    APPLETS.iter().find(|applet| name == applet.name)
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Every program of FreeBSD's that has a link is known by its absolute name, to those who have
    /// the link.
    #[test]
    fn absolute_names_are_those_of_links() {
        for applet in APPLETS.iter().filter(|applet| !applet.links.is_empty()) {
            let known = programs::FREEBSDS.iter().find(|known| known.name == applet.name);
            let known = known.map(|known| known.in_jails);
            assert_eq!(known, Some(applet.links.contains(&InJails)), "{}", applet.name);
        }
        let is_applet = |name| APPLETS.iter().any(|applet| applet.name == name);
        assert!(programs::FREEBSDS.iter().all(|known| is_applet(known.name)));
    }
}
