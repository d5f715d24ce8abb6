//! `kletka net guard`: changes the network of the host, and undoes it when that cut the
//! host off. kletka-net(8).
//!
//! A wrong bridge locks an administrator out of the machine. `guard SECONDS COMMAND` looks at the
//! network, runs the command, and then wants to see a sign of life: an answer from the default
//! gateway, or `guard --confirm` from somebody who can still type. Without one in time, or when the
//! command does not end in time, everything is put back. It goes on when its terminal has gone, and
//! waits for nobody to read what it says before it has put back what there was.

mod waiting;
mod watched;

use crate::cli::answer;
use std::ffi::OsString;
use std::os::unix::process::ExitStatusExt;
use std::process::{Command, ExitCode};
use std::time::{Duration, Instant};

use netif::{Netlink, Snapshot, WaysOut};
use rustix::process::setsid;
use waiting::Waiting;
use watched::Outcome;

const USAGE: &str = "usage: kletka net guard SECONDS COMMAND [ARGUMENT ...]\n       \
                     kletka net guard --confirm";

/// How the guard calls itself when it has left its terminal.
const DETACHED: &str = "--detached";
/// How often it looks whether the change was confirmed.
const PAUSE: Duration = Duration::from_millis(50);

/// Runs the applet.
pub(crate) fn run(arguments: Vec<OsString>) -> ExitCode {
    let words: Vec<&str> = arguments.iter().filter_map(|word| word.to_str()).collect();
    match words.as_slice() {
        ["guard", "--confirm"] => match Waiting::confirm() {
            Ok(()) => ExitCode::SUCCESS,
            Err(error) => fail(error),
        },
        ["guard", DETACHED, seconds, ..] if arguments.len() > 3 => match patience(seconds) {
            Some(patience) => guard(patience, &arguments[3..]),
            None => usage(),
        },
        ["guard", seconds, ..] if arguments.len() > 2 => match patience(seconds) {
            Some(_) => detach(&arguments[1..]),
            None => usage(),
        },
        _ => usage(),
    }
}

/// SECONDS: at least one, for the command and then again for the sign of life.
fn patience(seconds: &str) -> Option<Duration> {
    let seconds = seconds.parse::<u32>().ok().filter(|&seconds| seconds > 0)?;
    Some(Duration::from_secs(seconds.into()))
}

fn usage() -> ExitCode {
    complain!("{USAGE}");
    ExitCode::FAILURE
}

fn say(text: impl std::fmt::Display) {
    complain!("kletka: net guard: {text}");
}

fn fail(error: impl std::fmt::Display) -> ExitCode {
    answer::fail("kletka: net guard", error)
}

/// Runs the guard as another process, which lives on when this one loses its terminal.
fn detach(arguments: &[OsString]) -> ExitCode {
    let mut guard = Command::new("/proc/self/exe");
    match guard.args(["net", "guard", DETACHED]).args(arguments).status() {
        Ok(status) => match status.signal() {
            Some(signal) => fail(format_args!("killed by signal {signal}: nothing will be undone")),
            None => watched::exit_code(status),
        },
        Err(error) => fail(format_args!("/proc/self/exe: {error}")),
    }
}

/// Watches over `command`.
fn guard(patience: Duration, command: &[OsString]) -> ExitCode {
    // The leader of a session cannot begin another; then there is no terminal to lose.
    let _ = setsid();
    let mut netlink = match Netlink::open() {
        Ok(netlink) => netlink,
        Err(error) => return fail(error),
    };
    let mut waiting = match Waiting::begin() {
        Ok(waiting) => waiting,
        Err(error) => return fail(error),
    };
    let ways = WaysOut::of(&mut netlink);
    let before = match Snapshot::take(&mut netlink) {
        Ok(before) => before,
        Err(error) => {
            waiting.end();
            return fail(error);
        }
    };
    before.limits().iter().for_each(say);
    let outcome = watched::run(command, patience, &mut waiting);
    let kept = match outcome {
        Outcome::Ended(_) => {
            // A way out that was open is asked for in any case: what is looked at is
            // not all that can close it.
            let needs_none = !ways.were_open() && before.is_unchanged(&mut netlink);
            needs_none || sign_of_life(&mut netlink, &waiting, &ways, patience)
        }
        Outcome::Hung => false,
    };
    let is_confirmed = waiting.end();
    let hung = matches!(outcome, Outcome::Hung);
    if let Outcome::Ended(status) = outcome
        && (kept || is_confirmed)
    {
        return status;
    }
    let was_none = before.is_unchanged(&mut netlink);
    // Before a word is said: whoever would read it may be cut off, and the writer wait for ever.
    let problems = before.restore(&mut netlink);
    let seconds = patience.as_secs();
    if hung {
        let command = command[0].display();
        say(format_args!("{command} has not ended within {seconds} s: killed, and undone"));
    } else if was_none {
        say(format_args!("no sign of life within {seconds} s, and no change that could be undone"));
    } else {
        say(format_args!("no sign of life within {seconds} s: undone"));
    }
    problems.iter().for_each(say);
    ExitCode::FAILURE
}

/// Waits until a gateway answers or somebody confirms. `false`: neither came in time.
fn sign_of_life(
    netlink: &mut Netlink,
    waiting: &Waiting,
    ways: &WaysOut,
    patience: Duration,
) -> bool {
    let end = Instant::now() + patience;
    loop {
        if waiting.is_confirmed() || ways.are_open(netlink) {
            return true;
        }
        let left = end.saturating_duration_since(Instant::now());
        if left.is_zero() {
            return false;
        }
        std::thread::sleep(PAUSE.min(left));
    }
}
