//! jls.

use std::ffi::OsString;
use std::process::ExitCode;

/// Runs the applet.
pub(crate) fn run(_arguments: Vec<OsString>) -> ExitCode {
    super::fail("jls", "is not there yet")
}
