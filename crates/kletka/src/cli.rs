//! The applets: one module each, one row each in [`APPLETS`].

/// A line on standard error. That nobody reads it any more is no reason to stop half way, let alone to
/// panic, as `eprintln!` does.
macro_rules! complain {
    ($($text:tt)*) => {{
        let line = format!("{}\n", format_args!($($text)*));
        let _ = std::io::Write::write_all(&mut std::io::stderr(), line.as_bytes());
    }};
}

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
mod json;
mod machine;
mod mount;
mod net;
mod netif;
mod netstat;
mod replacement;
mod report;
mod route;
mod service;
mod sysctl;
mod sysrc;
mod umount;

use std::ffi::{OsStr, OsString};
use std::fmt::Display;
use std::io::{self, Write};
use std::os::unix::process::CommandExt;
use std::path::{Path, PathBuf};
use std::process::{Command, ExitCode};

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

/// Where kletka's own programs are installed.
pub(crate) struct Programs {
    /// The directory that jails see as /run/kletka: PREFIX/libexec/kletka.
    pub(crate) root: PathBuf,
    /// The programs that come first in the PATH of hooks.
    pub(crate) for_hooks: PathBuf,
}

/// The programs beside the running binary; `None` when it runs from where it was built.
pub(crate) fn programs() -> Option<Programs> {
    let root = std::fs::read_link("/proc/self/exe").ok()?.parent()?.to_path_buf();
    let for_hooks = root.join("bin");
    (for_hooks.is_dir() && root.join("jail").is_dir()).then_some(Programs { root, for_hooks })
}

/// Prints `text`, and answers `status` when that has worked.
pub(crate) fn print(applet: &str, text: &str, status: ExitCode) -> ExitCode {
    match io::stdout().write_all(text.as_bytes()) {
        Ok(()) => status,
        Err(error) => fail(applet, error),
    }
}

/// This binary under the name of another applet.
pub(crate) fn applet(name: &str) -> Command {
    let mut command = Command::new("/proc/self/exe");
    command.arg0(name);
    command
}

/// Has `applet` become another one. Comes back only to say why it could not.
pub(crate) fn become_another(applet: &str, mut other: Command) -> ExitCode {
    fail(applet, format_args!("/proc/self/exe: {}", mount::reason(other.exec())))
}

/// Prints `error` as err(3) does, after the applet's name, and answers exit status 1.
pub(crate) fn fail(applet: &str, error: impl Display) -> ExitCode {
    complain!("{applet}: {error}");
    ExitCode::FAILURE
}
