//! How every applet answers: lines on standard error, text on standard output, exit statuses, as
//! with err(3) and strerror(3).

use lifecycle::{Fault, report};
use std::fmt::Display;
use std::io::{self, IsTerminal, Write};
use std::process::ExitCode;
use std::sync::OnceLock;

/// Writes a line to standard error: [`complain`].
macro_rules! complain {
    ($($text:tt)*) => { $crate::cli::answer::complain(&format!("{}\n", format_args!($($text)*))) };
}

/// Writes whole lines to standard error, in a form that no terminal obeys.
///
/// `eprintln!` panics when standard error cannot be written, and would end a command half way. So a
/// failure to write is ignored here.
pub(crate) fn complain(lines: &str) {
    // One write(2) for all: hooks that run meanwhile write to the same standard error.
    let _ = io::stderr().write_all(vis::lines(lines.as_bytes()).as_bytes());
}

/// Writes whole lines to standard error, byte for byte: for programs, not for a terminal.
pub(crate) fn complain_as_is(lines: &[u8]) {
    // A failure is ignored, as in `complain`.
    let _ = io::stderr().write_all(lines);
}

/// Why standard output could not be written, the first time.
static UNWRITTEN: OnceLock<io::Error> = OnceLock::new();

/// Prints `text`, whole lines, on standard output at once, in a form that no terminal obeys: a
/// jail's root may have written a part of it. False: a part of the output is missing.
pub(crate) fn print(text: impl AsRef<[u8]>) -> bool {
    print_as_is(vis::lines(text.as_ref()).as_bytes())
}

/// Prints `text` on standard output at once, byte for byte: what no jail has written, and somebody
/// wants exactly. A failure stops nothing, because jails must not be
/// left half started when a disk is full: [`settled`] reports it at the end. False: a part of the
/// output is missing.
pub(crate) fn print_as_is(text: impl AsRef<[u8]>) -> bool {
    // What came after a failure would be a text with a hole.
    if UNWRITTEN.get().is_some() {
        return false;
    }
    let mut stdout = io::stdout().lock();
    // Flushed now: rc.d's lines end without a line feed while a jail is being started.
    let written = stdout.write_all(text.as_ref()).and_then(|()| stdout.flush());
    written.map_err(|error| UNWRITTEN.set(error)).is_ok()
}

/// Answers the exit status of the applet that messages call `name`. With `status` the applet has
/// succeeded or failed by itself; a success of which output is missing is a failure.
pub(crate) fn settled(name: &str, status: ExitCode) -> ExitCode {
    match UNWRITTEN.get() {
        // A reader that has gone, as with `jls | head`, has read all that it wanted.
        Some(error) if error.kind() != io::ErrorKind::BrokenPipe => {
            let failed = fail(name, format_args!("stdout: {}", strerror::of(error)));
            if status == ExitCode::SUCCESS { failed } else { status }
        }
        _ => status,
    }
}

/// Prints `error` as err(3) does, after the applet's name, and answers exit status 1.
pub(crate) fn fail(applet: &str, error: impl Display) -> ExitCode {
    complain!("{applet}: {error}");
    ExitCode::FAILURE
}

/// Answers the text of an error, as strerror(3) does.
pub(crate) fn reason(error: impl Into<io::Error>) -> String {
    strerror::of(&error.into())
}

/// What follows FreeBSD's words for a jail that is not there.
const AMONG_RUNNING: &str = "; jls(8) lists the jails that run, jail -c starts one of jail.conf";

/// Answers that there is no such jail, in the words of FreeBSD's kernel: kern_jail.c.
pub(crate) fn not_found(jail: &str) -> String {
    match jail.parse::<u32>() {
        // FreeBSD's kernel quotes a name, and does not quote a number.
        Ok(jid) => format!("jail {jid} not found{AMONG_RUNNING}"),
        Err(_) => format!("jail \"{jail}\" not found{AMONG_RUNNING}"),
    }
}

/// Writes all faults of a configuration as lines for standard error. The first line lacks its
/// `APPLET: `, which the caller adds. On a terminal each fault is followed by the line of the file
/// that it is about.
pub(crate) fn faults<F: Into<Fault>>(applet: &str, faults: impl IntoIterator<Item = F>) -> String {
    report::lines(applet, faults, io::stderr().is_terminal())
}
