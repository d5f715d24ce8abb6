//! What a bootstrap shows while programs work for it.
//!
//! On a terminal one line, rewritten: the step and the seconds so far. Elsewhere, and with `-v`, a
//! plain line for each step. Output that nobody reads any more is no reason to fail, so its errors
//! are dropped.

use std::fmt;
use std::io::{self, IsTerminal, Read, Write};
use std::process::{Command, ExitStatus, Stdio};
use std::time::Instant;

use rustix::event::{PollFd, PollFlags, Timespec, poll};

/// How many of a program's last lines are kept for the message about its failure.
const KEPT_LINES: usize = 10;

/// Prints a line of its own.
pub(super) fn say(text: fmt::Arguments<'_>) {
    let _ = writeln!(io::stdout(), "{text}");
}

/// What became of a program.
pub(super) struct Outcome {
    pub(super) status: ExitStatus,
    /// The last lines that it wrote on standard error, those about its steps left out.
    pub(super) last_lines: Vec<String>,
}

/// The line about one piece of work.
struct Line<'a> {
    /// What is being made: `base bookworm`.
    subject: &'a str,
    step: String,
    since: Instant,
    rewritten: bool,
}

/// Runs `command` with `input` on its standard input, and shows what it does until it ends.
///
/// A line `I: TEXT` on its standard error is a new step: mmdebstrap(1) writes them so.
pub(super) fn watch(
    mut command: Command,
    input: &str,
    subject: &str,
    step: &str,
    verbose: bool,
) -> io::Result<Outcome> {
    let since = Instant::now();
    let rewritten = io::stdout().is_terminal() && !verbose;
    let mut line = Line { subject, step: String::new(), since, rewritten };
    line.step(step);
    let mut child =
        command.stdin(Stdio::piped()).stdout(Stdio::null()).stderr(Stdio::piped()).spawn()?;
    if let Some(mut stdin) = child.stdin.take() {
        // A program that ended without reading its input says why by itself.
        let _ = stdin.write_all(input.as_bytes());
    }
    let mut last_lines = Vec::new();
    if let Some(stderr) = child.stderr.take() {
        read_lines(stderr, &mut line, |line, text| match text.strip_prefix("I: ") {
            // We say ourselves when it is done.
            Some(step) if step.starts_with("success") => {}
            Some(step) => line.step(step),
            None => {
                if verbose {
                    say(format_args!("{text}"));
                }
                if last_lines.len() == KEPT_LINES {
                    last_lines.remove(0);
                }
                last_lines.push(text.to_owned());
            }
        })?;
    }
    let status = child.wait()?;
    line.clear();
    Ok(Outcome { status, last_lines })
}

/// Hands every line of `from` to `take`, and lets the clock of `line` tick while there is none.
fn read_lines(
    mut from: impl Read + std::os::fd::AsFd,
    line: &mut Line<'_>,
    mut take: impl FnMut(&mut Line<'_>, &str),
) -> io::Result<()> {
    let second = Timespec { tv_sec: 1, tv_nsec: 0 };
    let (mut unread, mut buffer) = (Vec::new(), [0; 4096]);
    loop {
        let ready = match poll(&mut [PollFd::new(&from, PollFlags::IN)], Some(&second)) {
            Err(rustix::io::Errno::INTR) => continue,
            other => other?,
        };
        if ready == 0 {
            line.draw();
            continue;
        }
        let count = from.read(&mut buffer)?;
        unread.extend_from_slice(&buffer[..count]);
        while let Some(end) = unread.iter().position(|&byte| byte == b'\n') {
            let text: Vec<u8> = unread.drain(..=end).collect();
            take(line, String::from_utf8_lossy(&text).trim_end());
        }
        if count == 0 {
            return Ok(());
        }
    }
}

impl Line<'_> {
    fn step(&mut self, step: &str) {
        step.clone_into(&mut self.step);
        if self.rewritten {
            self.draw();
        } else {
            say(format_args!("{}: {step}", self.subject));
        }
    }

    fn draw(&self) {
        if self.rewritten {
            let (subject, step, seconds) =
                (self.subject, &self.step, self.since.elapsed().as_secs());
            let mut out = io::stdout();
            let _ = write!(out, "\r{subject}: {step} ({seconds} s)\x1b[K");
            let _ = out.flush();
        }
    }

    fn clear(&self) {
        if self.rewritten {
            let mut out = io::stdout();
            let _ = write!(out, "\r\x1b[K");
            let _ = out.flush();
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn last_lines_and_status() {
        let mut command = Command::new("sh");
        let script = "cat >&2; echo 'I: step' >&2; for i in 1 2 3 4 5 6 7 8 9 10; do echo $i >&2; done; exit 7";
        command.args(["-c", script]);
        let outcome = watch(command, "input\n", "test", "begins", false).unwrap();
        assert_eq!(outcome.status.code(), Some(7));
        assert_eq!(outcome.last_lines.join(" "), "1 2 3 4 5 6 7 8 9 10");
    }
}
