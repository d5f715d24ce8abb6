//! How a script of rc.d speaks: FreeBSD's rc.subr.

use std::fmt::Display;
use std::io::{self, Write};
use std::process::ExitCode;

/// Prints on standard output at once. That nobody reads it is no reason to
/// leave jails half started.
pub(crate) fn say(text: impl AsRef<[u8]>) {
    let mut stdout = io::stdout();
    let _ = stdout.write_all(text.as_ref()).and_then(|()| stdout.flush());
}

/// rc.subr's warn.
pub(crate) fn warn(script: &str, text: impl Display) {
    complain!("{script}: WARNING: {text}");
}

/// rc.subr's err.
pub(crate) fn error(script: &str, text: impl Display) -> ExitCode {
    complain!("{script}: ERROR: {text}");
    ExitCode::FAILURE
}
