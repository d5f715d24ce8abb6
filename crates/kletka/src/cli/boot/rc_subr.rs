//! How the scripts of rc.d print messages: FreeBSD's rc.subr.

use std::fmt::Display;
use std::io::{self, Write};
use std::process::ExitCode;

/// Prints `text` on standard output at once. A failure to write is ignored: jails must not be left
/// half started because nobody reads.
pub(crate) fn say(text: impl AsRef<[u8]>) {
    // Flushed now: rc.d's lines end without a line feed while a jail is being started.
    let mut stdout = io::stdout();
    let _ = stdout.write_all(text.as_ref()).and_then(|()| stdout.flush());
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
