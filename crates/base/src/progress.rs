//! Hears what happens while a tree is made.

use std::path::Path;

use crate::error::Error;
use crate::tree::Tree;

/// Shows what happens, or ignores it. No answer is expected.
pub trait Progress {
    /// Another process makes a tree in `directory`, and this one waits for its end.
    fn waits(&mut self, directory: &Path);

    /// A program begins to work on `tree`; its first step is `step`.
    fn begins(&mut self, tree: &Tree, step: &str);

    /// The program has begun another step.
    fn step(&mut self, step: &str);

    /// A second has passed in which the program wrote nothing.
    fn second(&mut self);

    /// The program has written a line that names no step.
    fn line(&mut self, text: &str);

    /// The program has ended, with success or not.
    fn ends(&mut self);

    /// What a failure has left could not be removed; the next call will try again.
    fn leaves(&mut self, error: &Error);
}

/// Writes down what it hears, for tests.
#[cfg(test)]
#[derive(Default)]
pub(crate) struct Told(pub(crate) Vec<String>);

#[cfg(test)]
impl Progress for Told {
    fn waits(&mut self, directory: &Path) {
        self.0.push(format!("waits in {}", directory.display()));
    }

    fn begins(&mut self, tree: &Tree, step: &str) {
        self.0.push(format!("{tree}: {step}"));
    }

    fn step(&mut self, step: &str) {
        self.0.push(format!("step {step}"));
    }

    fn second(&mut self) {}

    fn line(&mut self, text: &str) {
        self.0.push(text.to_owned());
    }

    fn ends(&mut self) {
        self.0.push("ends".to_owned());
    }

    fn leaves(&mut self, error: &Error) {
        self.0.push(error.to_string());
    }
}
