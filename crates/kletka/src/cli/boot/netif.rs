//! `service netif`: the interfaces of the host that kletka makes, by rc.conf(5).
//!
//! [`rc::netif`] has FreeBSD's variables, and what they come to as a plan; [`networds`] has the
//! meaning of ifconfig(8)'s words; here both are carried out. What is made is put into the group
//! `kletka`: nothing outside that group is ever changed, because the host has a network manager of
//! its own for it.

mod interfaces;

use crate::cli::answer::{self, reason};
use std::fs::File;
use std::io;
use std::os::unix::fs::OpenOptionsExt;
use std::process::ExitCode;

use conffile::Tree;
use rc::{RcConf, Request, Verb};

use crate::cli::boot::rc_subr::say;
use crate::cli::boot::switch::Switch;
use crate::cli::network::ifconfig::network::Network;
use interfaces::Interfaces;

/// What is done with the interfaces.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Action {
    /// Make and configure.
    Start,
    /// Destroy.
    Stop,
    /// Both.
    Restart,
}

/// The verbs of the script.
#[rustfmt::skip]
pub(crate) const KEYWORDS: [&str; 12] = [
    "start", "stop", "restart", "rcvar", "enable", "disable", "delete", "enabled", "describe",
    "extracommands", "cloneup", "clonedown",
];

/// Who holds the lock of this file changes the interfaces.
const LOCK: &str = "/run/kletka-netif.lock";

/// What the script calls itself.
pub(crate) const PATH: &str = "/etc/rc.d/netif";

/// The host's boot makes the network when this says so. Who types `start` is not asked for it: the
/// boot says `quietstart`, and nothing happens without the variable.
pub(crate) const SWITCH: Switch = Switch {
    service: "netif",
    path: PATH,
    describes: "Network interface setup",
    variable: "kletka_netif_enable",
    unit: "kletka-netif",
};

/// `service netif`: a verb of service(8), and interfaces.
pub(crate) fn run(request: Request, names: &[String]) -> ExitCode {
    let conf = match RcConf::load(&Tree::Host, "netif") {
        Ok(conf) => conf,
        Err(failure) => return answer::fail("netif", failure),
    };
    let good = match request.verb {
        Verb::Start if request.quiet && !SWITCH.is_on(&conf) => true,
        Verb::Start => return service(Action::Start, names, &conf),
        Verb::Stop => return service(Action::Stop, names, &conf),
        Verb::Restart => return service(Action::Restart, names, &conf),
        Verb::Rcvar => tell(&SWITCH.rcvar(&conf, request)),
        Verb::Describe => tell(&format!("{}\n", SWITCH.describes)),
        Verb::ExtraCommands => tell("cloneup clonedown\n"),
        Verb::CloneUp => return clones(Action::Start, &conf),
        Verb::CloneDown => return clones(Action::Stop, &conf),
        Verb::Enabled => request.anyway || SWITCH.is_on(&conf),
        Verb::Enable => SWITCH.set(true),
        Verb::Disable => SWITCH.set(false),
        Verb::Delete => SWITCH.delete(),
        _ => return answer::fail(PATH, format_args!("'{}' is not supported", request.word())),
    };
    if good { ExitCode::SUCCESS } else { ExitCode::FAILURE }
}

/// Carries out `action` for the interfaces of `cloned_interfaces` alone.
fn clones(action: Action, conf: &RcConf) -> ExitCode {
    let names = conf.words("cloned_interfaces");
    // Without names, all that rc.conf knows of would be meant.
    if names.is_empty() { ExitCode::SUCCESS } else { service(action, &names, conf) }
}

fn tell(text: &str) -> bool {
    say(text);
    true
}

/// Waits until no other run changes interfaces. The lock lasts as long as the file is open.
fn alone() -> io::Result<File> {
    let file = File::options().create(true).append(true).mode(0o600).open(LOCK)?;
    file.lock()?;
    Ok(file)
}

/// Carries out `action` for the interfaces `names`, or for all that `conf` knows of.
fn service(action: Action, names: &[String], conf: &RcConf) -> ExitCode {
    // What one run is making, another one beside it would take for left half made.
    let _alone = match alone() {
        Ok(lock) => lock,
        Err(error) => return answer::fail("netif", format_args!("{LOCK}: {}", reason(error))),
    };
    let mut network = match Network::open(None) {
        Ok(network) => network,
        Err(error) => return answer::fail("netif", error),
    };
    let mut interfaces = Interfaces::new(&mut network, conf);
    interfaces.undo_half_made();
    interfaces.leave_alone(names);
    if action != Action::Start {
        interfaces.stop(names);
    }
    if action != Action::Stop {
        interfaces.start(names);
    }
    if interfaces.is_good() { ExitCode::SUCCESS } else { ExitCode::FAILURE }
}
