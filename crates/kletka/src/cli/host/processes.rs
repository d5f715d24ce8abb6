//! ps(1), pgrep(1) and pkill(1) with FreeBSD's options for jails: `ps -J`, `pgrep -j`, `pkill -j`.
//!
//! The host's own programs do the work. They are told which processes are meant, and get every
//! command line without these options unchanged.

use crate::cli::answer::{self, fail, reason};
use crate::cli::grammar::host::{PGREP, PKILL, PS};
use crate::cli::help::usage;
use crate::cli::others;
use prison::{Prison, Registry};
use rustix::process::{Pid, Signal, kill_process};
use std::ffi::OsString;
use std::os::unix::process::CommandExt;
use std::process::{Command, ExitCode};

/// The option of each program that names jails.
const OPTIONS: [(&str, char); 3] = [("ps", 'J'), ("pgrep", 'j'), ("pkill", 'j')];

/// Hands a command line that is about no jails to the host's program `name`. `None`: the line is
/// for this binary.
pub(crate) fn hand_on(name: &str, arguments: &[OsString]) -> Option<ExitCode> {
    let (_, option) = OPTIONS.iter().find(|(known, _)| *known == name)?;
    if matches!(arguments, [only] if only == "--help" || only == "--version") {
        return None;
    }
    let names_jails = |word: &OsString| {
        let letters = word.to_str().and_then(|word| word.strip_prefix('-'));
        letters.is_some_and(|letters| !letters.starts_with('-') && letters.contains(*option))
    };
    if arguments.iter().any(names_jails) {
        return None;
    }
    others::become_others(name, arguments);
    Some(fail(name, "this host has no such program; with Debian it is in the package procps"))
}

/// Runs ps(1).
pub(crate) fn run_ps(arguments: Vec<OsString>) -> ExitCode {
    let Some(request) = Ps::parse(&words(arguments)) else { return usage(&PS) };
    if request.jails.is_empty() {
        return fail("ps", "-J names no jail; jls lists the jails that run");
    }
    let mut processes = Vec::new();
    for jail in request.jails.split(',').filter(|jail| !jail.is_empty()) {
        match find(jail) {
            Ok(prison) => processes.extend(prison.processes()),
            Err(why) => return fail("ps", why),
        }
    }
    // As on FreeBSD, there is nothing to show and the command has failed.
    if processes.is_empty() {
        return ExitCode::FAILURE;
    }
    let numbers: Vec<String> = processes.iter().map(u32::to_string).collect();
    let Some(program) = others::find("ps") else { return missing("ps") };
    let mut command = Command::new(program);
    command.arg0("ps").args(&request.rest).arg("-p").arg(numbers.join(","));
    fail("ps", reason(command.exec()))
}

/// A command line of ps(1) that names jails.
#[derive(Debug, Default, PartialEq, Eq)]
struct Ps {
    jails: String,
    /// Options in the words of the host's program.
    rest: Vec<String>,
}

impl Ps {
    /// Reads FreeBSD's options. `None`: one is not known.
    fn parse(words: &[String]) -> Option<Self> {
        let mut request = Self::default();
        let mut letters = String::new();
        let mut words = words.iter();
        while let Some(word) = words.next() {
            let mut rest = word.strip_prefix('-')?;
            while let Some(letter) = rest.chars().next() {
                rest = &rest[letter.len_utf8()..];
                let mut value = || {
                    let value = if rest.is_empty() { words.next()?.clone() } else { rest.into() };
                    rest = "";
                    Some(value)
                };
                match letter {
                    'J' => request.jails = format!("{},{}", request.jails, value()?),
                    'o' | 'O' => request.rest.extend([format!("-{letter}"), value()?]),
                    // Which processes are shown says -J; the last two change nothing on Linux.
                    'a' | 'A' | 'x' | 'X' | 'f' | 'h' => {}
                    'd' => letters.push('f'),
                    'm' => request.rest.push("--sort=-rss".into()),
                    'r' => request.rest.push("--sort=-pcpu".into()),
                    'c' | 'e' | 'H' | 'j' | 'l' | 'S' | 'u' | 'v' | 'w' => letters.push(letter),
                    _ => return None,
                }
            }
        }
        // Without a dash these letters mean the same as on BSD.
        if !letters.is_empty() {
            request.rest.insert(0, letters);
        }
        Some(request)
    }
}

/// Runs pgrep(1).
pub(crate) fn run_pgrep(arguments: Vec<OsString>) -> ExitCode {
    match matching("pgrep", words(arguments)) {
        Ok(lines) if lines.is_empty() => ExitCode::FAILURE,
        Ok(lines) => {
            answer::print(lines.concat());
            ExitCode::SUCCESS
        }
        Err(code) => code,
    }
}

/// Runs pkill(1).
pub(crate) fn run_pkill(arguments: Vec<OsString>) -> ExitCode {
    let mut words = words(arguments);
    let mut signal = Signal::TERM;
    if let Some(named) = words.first().and_then(|word| signal_of(word)) {
        signal = named;
        words.remove(0);
    }
    let lines = match matching("pkill", words) {
        Ok(lines) => lines,
        Err(code) => return code,
    };
    let mut code = if lines.is_empty() { ExitCode::FAILURE } else { ExitCode::SUCCESS };
    for pid in lines.iter().filter_map(|line| Pid::from_raw(line.trim().parse().ok()?)) {
        // One that has ended by itself meanwhile is no failure.
        match kill_process(pid, signal) {
            Ok(()) | Err(rustix::io::Errno::SRCH) => {}
            Err(error) => {
                complain!("pkill: signalling pid {}: {}", pid.as_raw_nonzero(), reason(error));
                code = ExitCode::FAILURE;
            }
        }
    }
    code
}

/// The signal that `-9`, `-KILL` or `-SIGKILL` names.
fn signal_of(word: &str) -> Option<Signal> {
    const NAMED: [(&str, Signal); 10] = [
        ("HUP", Signal::HUP),
        ("INT", Signal::INT),
        ("QUIT", Signal::QUIT),
        ("KILL", Signal::KILL),
        ("TERM", Signal::TERM),
        ("USR1", Signal::USR1),
        ("USR2", Signal::USR2),
        ("STOP", Signal::STOP),
        ("CONT", Signal::CONT),
        ("WINCH", Signal::WINCH),
    ];
    let name = word.strip_prefix('-')?;
    let name = name.strip_prefix("SIG").unwrap_or(name);
    let number = name.parse().ok();
    let mut named = NAMED.iter();
    let found = named.find(|(known, signal)| *known == name || number == Some(signal.as_raw()));
    found.map(|(_, signal)| *signal)
}

/// The lines that the host's pgrep(1) prints of the jail's processes, for a command line of
/// `name` that names a jail.
fn matching(name: &str, mut words: Vec<String>) -> Result<Vec<String>, ExitCode> {
    let grammar = if name == "pgrep" { &PGREP } else { &PKILL };
    let Some(jail) = take_jail(&mut words) else { return Err(usage(grammar)) };
    // Other forms of its output, which could not be told from another's processes.
    if let Some(word) = words.iter().find(|word| word.starts_with("-c") || word.starts_with("-d")) {
        return Err(fail(name, format_args!("{}: not supported with -j", &word[..2])));
    }
    let prison = find(&jail).map_err(|why| fail(name, why))?;
    let processes = prison.processes();
    let Some(first) = processes.first() else { return Ok(Vec::new()) };
    let program = others::find("pgrep").ok_or_else(|| missing("pgrep"))?;
    let mut command = Command::new(program);
    // The oldest or newest is looked for in the jail alone.
    command.arg0("pgrep").args(["--ns", &first.to_string(), "--nslist", "pid"]).args(&words);
    let output = command.output().map_err(|error| fail(name, reason(error)))?;
    answer::complain(&String::from_utf8_lossy(&output.stderr));
    let text = String::from_utf8_lossy(&output.stdout).into_owned();
    let is_jails = |line: &&str| {
        let pid = line.split(' ').next().and_then(|pid| pid.parse().ok());
        pid.is_some_and(|pid: u32| processes.contains(&pid))
    };
    Ok(text.lines().filter(is_jails).map(|line| format!("{line}\n")).collect())
}

/// Takes `-j JAIL` out of a command line; other letters may stand before the `j`.
fn take_jail(words: &mut Vec<String>) -> Option<String> {
    let place = |word: &String| word.strip_prefix('-')?.find('j').map(|at| at + 1);
    let at = words.iter().position(|word| !word.starts_with("--") && place(word).is_some())?;
    let word = words.remove(at);
    let (before, jail) = word.split_at(place(&word)?);
    let jail = match &jail[1..] {
        "" if at < words.len() => words.remove(at),
        "" => return None,
        joined => joined.to_owned(),
    };
    if before != "-" {
        words.insert(at, before.to_owned());
    }
    Some(jail)
}

fn find(jail: &str) -> Result<Prison, String> {
    let registry = Registry::open().map_err(|error| error.to_string())?;
    let record = registry.find(jail).map_err(|error| error.to_string())?;
    record.and_then(Prison::open).ok_or_else(|| format!("Invalid jail ID: {jail}"))
}

fn missing(name: &str) -> ExitCode {
    fail(name, "this host has no such program; with Debian it is in the package procps")
}

fn words(arguments: Vec<OsString>) -> Vec<String> {
    arguments.into_iter().map(|word| word.to_string_lossy().into_owned()).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn options_of_ps() {
        for (line, want) in [
            ("-J web", Some((",web", ""))),
            ("-auxwwJ 1,db -o pid,command=", Some((",1,db", "uww -o pid,command="))),
            ("-Jweb -dm", Some((",web", "f --sort=-rss"))),
            ("-J", None),
            ("-J web -Z", None),
            ("-J web sleep", None),
        ] {
            let words: Vec<String> = line.split(' ').map(str::to_owned).collect();
            let got = Ps::parse(&words).map(|it| (it.jails, it.rest.join(" ")));
            assert_eq!(got.as_ref().map(|it| (&*it.0, &*it.1)), want, "{line}");
        }
    }

    #[test]
    fn jails_of_pgrep() {
        for (line, want) in [
            ("-j web x", Some(("web", "x"))),
            ("-lfjweb x", Some(("web", "-lf x"))),
            ("-f -lj 1 x", Some(("1", "-f -l x"))),
            ("-j", None),
            ("x", None),
        ] {
            let mut words: Vec<String> = line.split(' ').map(str::to_owned).collect();
            let jail = take_jail(&mut words);
            let got = jail.map(|jail| (jail, words.join(" ")));
            assert_eq!(got.as_ref().map(|it| (&*it.0, &*it.1)), want, "{line}");
        }
    }

    #[test]
    fn signals() {
        for (word, want) in [
            ("-9", Some(Signal::KILL)),
            ("-HUP", Some(Signal::HUP)),
            ("-SIGUSR1", Some(Signal::USR1)),
            ("-f", None),
            ("9", None),
        ] {
            assert_eq!(signal_of(word), want, "{word}");
        }
    }
}
