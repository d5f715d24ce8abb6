//! `kletka net guard`: changes the network of the host, and undoes it when that cut the host off.
//!
//! A wrong bridge locks an administrator out of the machine. `guard SECONDS COMMAND` looks at interfaces,
//! addresses and routes, runs the command, and then wants to see a sign of life: an answer from the default
//! gateway, or `guard --confirm` from somebody who can still type. Without one in time everything is put
//! back. It goes on when its terminal has gone.

mod probe;
mod snapshot;

use std::ffi::OsString;
use std::fs;
use std::os::unix::fs::DirBuilderExt;
use std::path::Path;
use std::process::{Command, ExitCode};
use std::time::{Duration, Instant};

use netif::Netlink;
use probe::Gateway;
use rustix::process::setsid;
use snapshot::Snapshot;

const USAGE: &str = "usage: kletka net guard SECONDS COMMAND [ARGUMENT ...]\n       \
                     kletka net guard --confirm";

/// There while a guard waits; who takes it away has confirmed the change.
const WAITING: &str = "/run/kletka/net-guard";
/// How the guard calls itself when it has left its terminal.
const DETACHED: &str = "--detached";
/// How often it looks whether the change was confirmed.
const PAUSE: Duration = Duration::from_millis(50);

/// Runs the applet.
pub(crate) fn run(arguments: Vec<OsString>) -> ExitCode {
    let words: Vec<&str> = arguments.iter().filter_map(|word| word.to_str()).collect();
    match words.as_slice() {
        ["guard", "--confirm"] => confirm(),
        ["guard", DETACHED, seconds, ..] if arguments.len() > 3 => match seconds.parse() {
            Ok(seconds) => guard(Duration::from_secs(seconds), &arguments[3..]),
            Err(_) => usage(),
        },
        ["guard", seconds, ..] if arguments.len() > 2 => match seconds.parse::<u64>() {
            Ok(_) => detach(&arguments[1..]),
            Err(_) => usage(),
        },
        _ => usage(),
    }
}

fn usage() -> ExitCode {
    complain!("{USAGE}");
    ExitCode::FAILURE
}

fn fail(error: impl std::fmt::Display) -> ExitCode {
    super::fail("kletka: net guard", error)
}

fn confirm() -> ExitCode {
    match fs::remove_file(WAITING) {
        Ok(()) => ExitCode::SUCCESS,
        Err(error) if error.kind() == std::io::ErrorKind::NotFound => {
            fail("nothing waits to be confirmed")
        }
        Err(error) => fail(format_args!("{WAITING}: {error}")),
    }
}

/// Runs the guard as another process, which lives on when this one loses its terminal.
fn detach(arguments: &[OsString]) -> ExitCode {
    let mut guard = Command::new("/proc/self/exe");
    let status = guard.args(["net", "guard", DETACHED]).args(arguments).status();
    match status.map(|status| status.code().and_then(|code| u8::try_from(code).ok())) {
        Ok(code) => ExitCode::from(code.unwrap_or(1)),
        Err(error) => fail(format_args!("/proc/self/exe: {error}")),
    }
}

/// Watches over `command`.
fn guard(patience: Duration, command: &[OsString]) -> ExitCode {
    // The leader of a session cannot begin another; then there is no terminal to lose.
    let _ = setsid();
    let (mut netlink, before) = match prepare() {
        Ok(prepared) => prepared,
        Err(error) => return fail(error),
    };
    let gateway = Gateway::of(&before);
    let status = Command::new(&command[0]).args(&command[1..]).status();
    let status = match status {
        Ok(status) => status.code().and_then(|code| u8::try_from(code).ok()).unwrap_or(1),
        Err(error) => {
            let _ = fail(format_args!("{}: {error}", command[0].display()));
            127
        }
    };
    let kept = before.is_unchanged(&mut netlink) || sign_of_life(&mut netlink, gateway, patience);
    // It may have been confirmed in this moment, and be gone.
    let _ = fs::remove_file(WAITING);
    if kept {
        return ExitCode::from(status);
    }
    complain!("kletka: net guard: no sign of life within {} s: undone", patience.as_secs());
    let problems = before.restore(&mut netlink);
    problems.iter().for_each(|problem| complain!("kletka: net guard: {problem}"));
    ExitCode::FAILURE
}

/// What there is now, and the file that says that a guard waits.
fn prepare() -> Result<(Netlink, Snapshot), String> {
    let mut netlink = Netlink::open().map_err(|error| error.to_string())?;
    let before = Snapshot::take(&mut netlink).map_err(|error| error.to_string())?;
    let folder = Path::new(WAITING).parent().unwrap_or(Path::new("/run"));
    let made = fs::DirBuilder::new().recursive(true).mode(0o700).create(folder);
    made.map_err(|error| format!("{}: {error}", folder.display()))?;
    match fs::File::create_new(WAITING) {
        Ok(_) => Ok((netlink, before)),
        Err(error) if error.kind() == std::io::ErrorKind::AlreadyExists => {
            Err(format!("{WAITING} is there: another guard waits; if none does, remove it"))
        }
        Err(error) => Err(format!("{WAITING}: {error}")),
    }
}

/// Waits until the gateway answers or somebody confirms. `false`: neither came in time.
fn sign_of_life(netlink: &mut Netlink, gateway: Option<Gateway>, patience: Duration) -> bool {
    let end = Instant::now() + patience;
    loop {
        let confirmed = fs::exists(WAITING).is_ok_and(|waits| !waits);
        if confirmed || gateway.is_some_and(|gateway| gateway.answers(netlink)) {
            return true;
        }
        let left = end.saturating_duration_since(Instant::now());
        if left.is_zero() {
            return false;
        }
        std::thread::sleep(PAUSE.min(left));
    }
}
