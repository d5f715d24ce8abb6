//! service.

use std::ffi::OsString;
use std::process::ExitCode;

/// Runs the applet.
pub(crate) fn run(_arguments: Vec<OsString>) -> ExitCode {
    super::fail("service", "is not there yet")
}
