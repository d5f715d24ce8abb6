//! What a bootstrap shows while programs work for it.
//!
//! On a terminal one line, rewritten: the step and the seconds so far. Elsewhere, and with `-v`, a
//! plain line for each step. Output that nobody reads any more is no reason to fail, so its errors
//! are dropped.

use std::fmt;
use std::io::{self, IsTerminal, Write};
use std::path::Path;
use std::time::Instant;

use base::{Error, Progress, Tree};

use crate::cli::answer;

/// Prints a line of its own.
pub(super) fn say(text: fmt::Arguments<'_>) {
    let _ = writeln!(io::stdout(), "{text}");
}

/// The line about one piece of work.
pub(super) struct Line {
    /// What is being made: `base bookworm`.
    subject: String,
    step: String,
    since: Instant,
    rewritten: bool,
    verbose: bool,
}

impl Line {
    /// With `verbose`, all that programs write is shown.
    pub(super) fn new(verbose: bool) -> Self {
        let rewritten = io::stdout().is_terminal() && !verbose;
        Self {
            subject: String::new(),
            step: String::new(),
            since: Instant::now(),
            rewritten,
            verbose,
        }
    }

    fn draw(&self) {
        if self.rewritten {
            let (subject, step, seconds) =
                (&self.subject, &self.step, self.since.elapsed().as_secs());
            let mut out = io::stdout();
            let _ = write!(out, "\r{subject}: {step} ({seconds} s)\x1b[K");
            let _ = out.flush();
        }
    }
}

impl Progress for Line {
    fn waits(&mut self, directory: &Path) {
        say(format_args!("waiting for another bootstrap in {}", directory.display()));
    }

    fn begins(&mut self, tree: &Tree, step: &str) {
        (self.subject, self.since) = (tree.to_string(), Instant::now());
        self.step(step);
    }

    fn step(&mut self, step: &str) {
        step.clone_into(&mut self.step);
        if self.rewritten {
            self.draw();
        } else {
            say(format_args!("{}: {step}", self.subject));
        }
    }

    fn second(&mut self) {
        self.draw();
    }

    fn line(&mut self, text: &str) {
        if self.verbose {
            say(format_args!("{text}"));
        }
    }

    fn ends(&mut self) {
        if self.rewritten {
            let mut out = io::stdout();
            let _ = write!(out, "\r\x1b[K");
            let _ = out.flush();
        }
    }

    fn leaves(&mut self, error: &Error) {
        answer::fail("kletka: bootstrap", error);
    }
}
