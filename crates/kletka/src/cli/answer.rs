//! How every applet answers: lines on standard error, text on standard output, exit
//! statuses; err(3), strerror(3).

use lifecycle::{Fault, report};
use std::fmt::Display;
use std::io::{self, IsTerminal, Write};
use std::process::ExitCode;

/// A line on standard error. That nobody reads it any more is no reason to stop half way, let alone
/// to panic, as `eprintln!` does.
macro_rules! complain {
    ($($text:tt)*) => {{
        let line = format!("{}\n", format_args!($($text)*));
        let _ = std::io::Write::write_all(&mut std::io::stderr(), line.as_bytes());
    }};
}

/// Prints `text`, and answers `status` when that has worked.
pub(crate) fn print(applet: &str, text: &str, status: ExitCode) -> ExitCode {
    match io::stdout().write_all(text.as_bytes()) {
        Ok(()) => status,
        Err(error) => fail(applet, error),
    }
}

/// Prints `error` as err(3) does, after the applet's name, and answers exit status 1.
pub(crate) fn fail(applet: &str, error: impl Display) -> ExitCode {
    complain!("{applet}: {error}");
    ExitCode::FAILURE
}

/// strerror(3).
pub(crate) fn reason(error: impl Into<io::Error>) -> String {
    strerror::of(&error.into())
}

/// The kernel's words: kern_jail.c.
pub(crate) fn not_found(jail: &str) -> String {
    match jail.parse::<u32>() {
        Ok(jid) => format!("jail {jid} not found"),
        Err(_) => format!("jail \"{jail}\" not found"),
    }
}

/// All faults of a configuration in lines for standard error, but for the first line's `APPLET: `;
/// on a terminal with the lines of files that they are about.
pub(crate) fn faults<F: Into<Fault>>(applet: &str, faults: impl IntoIterator<Item = F>) -> String {
    report::lines(applet, faults, io::stderr().is_terminal())
}
