//! setfib(1): executes a command with another routing table. The command takes the place of this
//! process, as on FreeBSD.
//!
//! On FreeBSD a process has a routing table, which its children inherit. Here a control group has
//! one: [`prison::join_group_with`].

use std::ffi::{OsStr, OsString};
use std::io::ErrorKind;
use std::os::unix::ffi::OsStrExt;
use std::os::unix::process::CommandExt;
use std::process::{Command, ExitCode};

use netif::{Fib, Netlink};
use prison::{Mark, is_jailed, join_group_with};

use crate::cli::answer::{fail, reason};
use crate::cli::grammar::network::SETFIB;
use crate::cli::help::usage;

/// The exit statuses that sh(1) has for a command that is not there, and for one that cannot be
/// executed.
const NOT_FOUND: u8 = 127;
const NOT_EXECUTED: u8 = 126;

/// Runs the applet.
pub(crate) fn run(arguments: Vec<OsString>) -> ExitCode {
    let Some((number, command)) = parse(arguments) else { return usage(&SETFIB) };
    let Some(fib) = number.to_str().and_then(|text| text.parse::<Fib>().ok()) else {
        let last = Fib::COUNT - 1;
        return fail("setfib", format!("{}: invalid FIB (max {last})", number.to_string_lossy()));
    };
    let Some((program, words)) = command.split_first() else { return usage(&SETFIB) };
    if let Err(why) = enter(fib) {
        return fail("setfib", why);
    }
    let error = Command::new(program).args(words).exec();
    let status = if error.kind() == ErrorKind::NotFound { NOT_FOUND } else { NOT_EXECUTED };
    let _ = fail("setfib", format!("{}: {}", program.to_string_lossy(), reason(error)));
    ExitCode::from(status)
}

/// Reads the number, which may have a `-`, a `-F` or nothing before it, and the command. Without a
/// number it is 0, as on FreeBSD.
fn parse(arguments: Vec<OsString>) -> Option<(OsString, Vec<OsString>)> {
    let mut words = arguments.into_iter().peekable();
    let mut number = OsString::from("0");
    let is_number = |bytes: &[u8]| bytes.first().is_some_and(u8::is_ascii_digit);
    if let Some(first) = words.peek().map(|word| word.as_bytes().to_vec()) {
        let bare = first.strip_prefix(b"-").filter(|rest| is_number(rest)).unwrap_or(&first);
        if is_number(bare) {
            words.next();
            number = OsStr::from_bytes(bare).to_owned();
        }
    }
    while let Some(word) = words.next_if(|word| word.as_bytes().starts_with(b"-")) {
        match word.as_bytes() {
            b"--" => break,
            b"-F" => number = words.next()?,
            option => number = OsStr::from_bytes(option.strip_prefix(b"-F")?).to_owned(),
        }
    }
    Some((number, words.collect()))
}

/// Gives this process the fib.
fn enter(fib: Fib) -> Result<(), String> {
    if Fib::own() == fib {
        return Ok(());
    }
    if is_jailed() {
        let own = Fib::own();
        return Err(format!(
            "a jail's processes all have one fib, {own} here; exec.fib chooses it on the host"
        ));
    }
    Netlink::open().and_then(|mut netlink| netlink.open_fib(fib)).map_err(|it| it.to_string())?;
    let mark = Mark { value: fib.mark(), mask: Fib::MASK };
    join_group_with(mark).map_err(|error| error.to_string())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn command_lines() {
        for (line, want) in [
            ("2 ping -c 1", Some(("2", "ping -c 1"))),
            ("-2 ping", Some(("2", "ping"))),
            ("-F2 ping", Some(("2", "ping"))),
            ("-F 2 ping -F 3", Some(("2", "ping -F 3"))),
            ("-F 2 -- -x", Some(("2", "-x"))),
            ("12", Some(("12", ""))),
            ("2x ls", Some(("2x", "ls"))),
            ("ls 2", Some(("0", "ls 2"))),
            ("-F", None),
            ("-x ls", None),
        ] {
            let got = parse(line.split(' ').map(OsString::from).collect());
            let got = got.map(|(number, command)| {
                let command: Vec<_> =
                    command.iter().map(|word| word.to_string_lossy().into_owned()).collect();
                (number.to_string_lossy().into_owned(), command.join(" "))
            });
            let want = want.map(|(number, command)| (number.to_owned(), command.to_owned()));
            assert_eq!(got, want, "{line}");
        }
    }
}
