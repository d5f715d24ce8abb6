//! `kletka net guard`: changes the network of the host, and undoes the change if it has cut the
//! host off. kletka-net(8).
//!
//! A wrong bridge locks an administrator out of the machine. `guard SECONDS COMMAND` takes a
//! snapshot of the network, runs the command, and then waits for a sign of life: an answer from the
//! default gateway, or `guard --confirm` from somebody who can still type. Without a sign of life
//! in time, or when the command does not end in time, everything is put back.
//!
//! The guard lives on when its terminal has gone. It prints nothing before the network is put back,
//! because nobody may be there to read.

mod waiting;
mod watched;

use crate::cli::answer;
use crate::cli::grammar::own::NET;
use crate::cli::help::usage;
use std::ffi::OsString;
use std::os::unix::process::ExitStatusExt;
use std::process::{Command, ExitCode};
use std::time::{Duration, Instant};

use netif::{Netlink, Snapshot, WaysOut};
use rustix::process::setsid;
use waiting::Waiting;
use watched::Outcome;

/// The word by which the guard is called when it is to leave its terminal.
const DETACHED: &str = "--detached";
/// The time between two looks at whether the change was confirmed.
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
            None => no_seconds(seconds),
        },
        // Checked before the guard is detached: the usage belongs on the terminal of the caller.
        ["guard", seconds, ..] if arguments.len() > 2 => match patience(seconds) {
            Some(_) => detach(&arguments[1..]),
            None => no_seconds(seconds),
        },
        ["guard", word] => match patience(word) {
            Some(_) => no_command(),
            None => no_seconds(word),
        },
        _ => usage(&NET),
    }
}

fn no_seconds(word: &str) -> ExitCode {
    say(format_args!("{word}: not a number of seconds, which stand before the command"));
    usage(&NET)
}

fn no_command() -> ExitCode {
    say("the command is missing");
    usage(&NET)
}

/// Reads SECONDS, at least one: the time for the command, and then again for the sign of life.
fn patience(seconds: &str) -> Option<Duration> {
    let seconds = seconds.parse::<u32>().ok().filter(|&seconds| seconds > 0)?;
    Some(Duration::from_secs(seconds.into()))
}

fn say(text: impl std::fmt::Display) {
    complain!("kletka: net guard: {text}");
}

fn fail(error: impl std::fmt::Display) -> ExitCode {
    answer::fail("kletka: net guard", error)
}

/// Runs the guard as another process, which lives on when this process loses its terminal.
fn detach(arguments: &[OsString]) -> ExitCode {
    // setsid(2) fails for the leader of a process group, which a shell makes of this process: a
    // child is none.
    let mut guard = Command::new("/proc/self/exe");
    match guard.args(["net", "guard", DETACHED]).args(arguments).status() {
        Ok(status) => match status.signal() {
            Some(signal) => fail(format_args!("killed by signal {signal}: nothing will be undone")),
            None => watched::exit_code(status),
        },
        Err(error) => fail(format_args!("/proc/self/exe: {error}")),
    }
}

/// Runs `command`, and undoes what it did unless a sign of life comes.
fn guard(patience: Duration, command: &[OsString]) -> ExitCode {
    // A session of its own has no terminal: the end of ssh(1) sends it no SIGHUP, and control-C no
    // SIGINT. setsid(2) fails only where `detach` has not made this process.
    let _ = setsid();
    let mut netlink = match Netlink::open() {
        Ok(netlink) => netlink,
        Err(error) => return fail(error),
    };
    let mut waiting = match Waiting::begin() {
        Ok(waiting) => waiting,
        Err(error) => return fail(error),
    };
    // Asked before the command runs: only a gateway that answered before has to answer afterwards.
    let ways = WaysOut::of(&mut netlink);
    let before = match Snapshot::take(&mut netlink) {
        Ok(before) => before,
        Err(error) => {
            waiting.end();
            return fail(error);
        }
    };
    // What cannot be made again is named while the administrator can still decide against the
    // command.
    before.limits().iter().for_each(say);
    let outcome = watched::run(command, patience, &mut waiting);
    let kept = match outcome {
        Outcome::Ended(_) => {
            // A gateway that answered before is asked again even if nothing seems changed: a
            // firewall or sysctl(8), which the snapshot leaves out, may have closed the way.
            let needs_none = !ways.were_open() && before.is_unchanged(&mut netlink);
            needs_none || sign_of_life(&mut netlink, &waiting, &ways, patience)
        }
        Outcome::Hung => false,
    };
    // From here on `--confirm` fails: nobody is told that a change stays while it is being undone.
    let is_confirmed = waiting.end();
    let hung = matches!(outcome, Outcome::Hung);
    if let Outcome::Ended(status) = outcome
        && (kept || is_confirmed)
    {
        return status;
    }
    let was_none = before.is_unchanged(&mut netlink);
    // Put back before anything is printed: the terminal of a dead connection takes no more output,
    // and a write to it would wait for ever.
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

/// Waits until a gateway answers or somebody confirms. `false`: neither has happened in time.
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
