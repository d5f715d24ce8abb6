//! How the scripts of rc.d print messages: FreeBSD's rc.subr.

use crate::cli::answer;
use std::fmt::Display;
use std::process::ExitCode;

/// Prints `text` on standard output at once.
pub(crate) fn say(text: impl AsRef<[u8]>) {
    answer::print(text);
}

/// Prints a warning as rc.subr's `warn` does.
pub(crate) fn warn(script: &str, text: impl Display) {
    complain!("{script}: WARNING: {text}");
}

/// Prints an error as rc.subr's `err` does, and answers exit status 1.
pub(crate) fn error(script: &str, text: impl Display) -> ExitCode {
    complain!("{script}: ERROR: {text}");
    ExitCode::FAILURE
}
