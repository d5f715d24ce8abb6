//! The applets: one module each, one row each in [`APPLETS`].

mod bootstrap;
mod devfs;
mod ifconfig;
mod install;
mod jail;
mod jexec;
mod jls;
mod mount;
mod route;
mod service;
mod sysctl;
mod umount;

use std::ffi::{OsStr, OsString};
use std::fmt::Display;
use std::path::Path;
use std::process::ExitCode;

/// A command: what follows its name on the command line in, exit status out.
type Run = fn(Vec<OsString>) -> ExitCode;

/// Every name that this binary answers to.
const APPLETS: &[(&str, Run)] = &[
    ("bootstrap", bootstrap::run),
    ("devfs", devfs::run),
    ("ifconfig", ifconfig::run),
    ("install", install::run),
    ("jail", jail::run),
    ("jexec", jexec::run),
    ("jls", jls::run),
    ("mount", mount::run),
    ("route", route::run),
    ("service", service::run),
    ("sysctl", sysctl::run),
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
    eprintln!("usage: kletka APPLET [ARGUMENT ...]");
    eprint!("applets:");
    for (name, _) in APPLETS {
        eprint!(" {name}");
    }
    eprintln!();
    ExitCode::FAILURE
}

/// Prints `error` as err(3) does, after the applet's name, and answers exit status 1.
pub(crate) fn fail(applet: &str, error: impl Display) -> ExitCode {
    eprintln!("{applet}: {error}");
    ExitCode::FAILURE
}
