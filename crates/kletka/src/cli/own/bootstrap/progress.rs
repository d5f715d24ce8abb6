//! What `kletka bootstrap` shows while other programs make a base.
//!
//! On a terminal, one line with the step and the seconds so far is rewritten. Elsewhere, and with
//! `-v`, each step has a plain line. A base is made whether or not the lines can be written.

use std::fmt;
use std::io::{self, IsTerminal};
use std::path::Path;
use std::time::Instant;

use base::{Error, Progress, Tree};

use crate::cli::answer;

/// Prints a line.
pub(super) fn say(text: fmt::Arguments<'_>) {
    answer::print(format!("{text}\n"));
}

/// The line about one piece of work.
pub(super) struct Line {
    /// The tree that is being made: `base bookworm`.
    subject: String,
    step: String,
    since: Instant,
    rewritten: bool,
    verbose: bool,
}

impl Line {
    /// Makes a line for work that has not begun. With `verbose`, all that programs write is shown.
    pub(super) fn new(verbose: bool) -> Self {
        // The lines of programs would run into a line that is rewritten.
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
            let step = vis::text(step.as_bytes());
            answer::print_as_is(format!("\r{subject}: {step} ({seconds} s)\x1b[K"));
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
            answer::print_as_is("\r\x1b[K");
        }
    }

    fn leaves(&mut self, error: &Error) {
        answer::fail("kletka: bootstrap", error);
    }
}
