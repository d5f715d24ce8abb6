//! The applets: one module each, one row each in [`APPLETS`].

#[macro_use]
mod answer;
#[macro_use]
mod applet;
#[macro_use]
mod page;
mod boot;
#[cfg(test)]
mod completions;
mod help;
mod host;
mod jails;
mod network;
mod own;
mod programs;

use applet::Applet;
use applet::Group::{Boot, Host, Jails, Network, Own};
use applet::Place::{Everywhere, Hooks, Jails as InJails};
use boot::{service, sysrc};
use host::{devfs, mount, sysctl, umount};
use jails::{jail, jexec, jls};
use network::{arp, ifconfig, netstat, route};
use own::{bootstrap, config, doctor, install, net};
use std::ffi::{OsStr, OsString};
use std::path::Path;
use std::process::ExitCode;

/// All applets of this binary.
///
/// Most commands of the network, the boot and the host are linked for hooks and jails only: in
/// everybody's PATH Linux has other programs of these names.
static APPLETS: [Applet; 19] = [
    Applet::new("jail", jail::run, Jails, page!("jail.8"))
        .linked(&[Everywhere, InJails])
        .completed(completion!("jail")),
    Applet::new("jls", jls::run, Jails, page!("jls.8"))
        .linked(&[Everywhere, InJails])
        .completed(completion!("jls")),
    Applet::new("jexec", jexec::run, Jails, page!("jexec.8"))
        .linked(&[Everywhere, InJails])
        .completed(completion!("jexec")),
    Applet::new("ifconfig", ifconfig::run, Network, page!("kletka-ifconfig.8"))
        .linked(&[Hooks, InJails])
        .completed(completion!("ifconfig")),
    Applet::new("route", route::run, Network, page!("kletka-route.8"))
        .linked(&[Hooks, InJails])
        .completed(completion!("route")),
    Applet::new("netstat", netstat::run, Network, page!("kletka-netstat.8"))
        .linked(&[Hooks, InJails]),
    Applet::new("arp", arp::run, Network, page!("kletka-arp.8")).linked(&[Hooks, InJails]),
    Applet::new("ndp", arp::run_ndp, Network, page!("kletka-arp.8")).linked(&[Hooks, InJails]),
    Applet::new("service", service::run, Boot, page!("kletka-service.8"))
        .linked(&[Hooks])
        .completed(completion!("service")),
    Applet::new("sysrc", sysrc::run, Boot, page!("sysrc.8"))
        .linked(&[Hooks, InJails])
        .completed(completion!("sysrc")),
    Applet::new("sysctl", sysctl::run, Host, page!("kletka-sysctl.8")).linked(&[Hooks]),
    Applet::new("devfs", devfs::run, Host, page!("kletka-devfs.8")).linked(&[Hooks]),
    Applet::new("mount", mount::run, Host, page!("kletka-mount.8")).linked(&[Hooks]),
    Applet::new("umount", umount::run, Host, page!("kletka-mount.8")).linked(&[Hooks]),
    Applet::new("bootstrap", bootstrap::run, Own, page!("kletka-bootstrap.8")),
    Applet::new("config", config::run, Own, page!("kletka-config.8")),
    Applet::new("doctor", doctor::run, Own, page!("kletka-doctor.8")),
    Applet::new("install", |words| install::run(words, &APPLETS), Own, page!("kletka-install.8")),
    Applet::new("net", net::run, Own, page!("kletka-net.8")),
];

/// Runs the applet that is named by `called` (a path or a name), or else by the first argument.
pub(crate) fn dispatch(called: &OsStr, mut arguments: Vec<OsString>) -> ExitCode {
    let name = Path::new(called).file_name().unwrap_or_default();
    if let Some(applet) = find(name) {
        return run(applet, arguments);
    }
    if arguments.is_empty() {
        return help::usage(&APPLETS);
    }
    let first = arguments.remove(0);
    match find(&first) {
        // Only kletka's own commands show their page. A command of FreeBSD's answers to `--help`
        // itself, as it does there.
        Some(applet) if applet.group == Own && arguments == ["--help"] => {
            help::run(&[applet.name.into()], &APPLETS)
        }
        Some(applet) => run(applet, arguments),
        None => answer::settled("kletka", help::kletka(&first, &arguments, &APPLETS)),
    }
}

fn run(applet: &Applet, arguments: Vec<OsString>) -> ExitCode {
    let status = (applet.run)(arguments);
    answer::settled(&applet.called(), status)
}

/// Finds the applet that has this name.
fn find(name: &OsStr) -> Option<&'static Applet> {
    APPLETS.iter().find(|applet| name == applet.name)
}
