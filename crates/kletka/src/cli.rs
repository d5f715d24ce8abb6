//! The applets: one module each, one row each in [`APPLETS`].

#[macro_use]
mod answer;
mod arp;
mod bootstrap;
mod config;
mod devfs;
mod doctor;
mod ifconfig;
mod install;
mod jail;
mod jexec;
mod jls;
mod mount;
mod net;
mod netif;
mod netstat;
mod programs;
mod rc_subr;
mod route;
mod service;
mod switch;
mod sysctl;
mod sysrc;
mod umount;

use std::ffi::{OsStr, OsString};
use std::path::Path;
use std::process::ExitCode;

/// A command: what follows its name on the command line in, exit status out.
type Run = fn(Vec<OsString>) -> ExitCode;

/// Every name that this binary answers to.
const APPLETS: &[(&str, Run)] = &[
    ("arp", arp::run),
    ("bootstrap", bootstrap::run),
    ("config", config::run),
    ("devfs", devfs::run),
    ("doctor", doctor::run),
    ("ifconfig", ifconfig::run),
    ("install", install::run),
    ("jail", jail::run),
    ("jexec", jexec::run),
    ("jls", jls::run),
    ("mount", mount::run),
    ("ndp", arp::run_ndp),
    ("net", net::run),
    ("netstat", netstat::run),
    ("route", route::run),
    ("service", service::run),
    ("sysctl", sysctl::run),
    ("sysrc", sysrc::run),
    ("umount", umount::run),
];

/// Runs the applet that `called` (a path or a name) or the first argument names.
pub(crate) fn dispatch(called: &OsStr, mut arguments: Vec<OsString>) -> ExitCode {
    let name = Path::new(called).file_name().unwrap_or_default();
    if let Some(run) = find(name) {
        return run(arguments);
    }
    if arguments.is_empty() {
        return usage();
    }
    let applet = arguments.remove(0);
    match find(&applet) {
        Some(run) => run(arguments),
        None => usage(),
    }
}

fn find(name: &OsStr) -> Option<Run> {
    APPLETS.iter().find(|(known, _)| name == *known).map(|&(_, run)| run)
}

fn usage() -> ExitCode {
    complain!("usage: kletka APPLET [ARGUMENT ...]");
    let names: Vec<&str> = APPLETS.iter().map(|(name, _)| *name).collect();
    complain!("applets: {}", names.join(" "));
    ExitCode::FAILURE
}
