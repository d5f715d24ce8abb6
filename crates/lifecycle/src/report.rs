//! How faults of a configuration are shown: one line each, in FreeBSD's form. For people, the line
//! of the file at fault follows, with a caret below.

use configuration::Finding;
use jailconf::{Diagnostic, Place};
use std::collections::HashMap;
use std::fs;
use std::path::Path;

/// A fault, ready to be shown.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Fault {
    /// The text that follows `jail: ` on standard error.
    pub text: String,
    /// The text with the fault's place in front.
    located: String,
    /// Whether the text names the fault's place by itself.
    has_place: bool,
    /// The place of the fault in the configuration.
    pub place: Place,
    /// The place in the section of another jail, if the fault is a conflict with one.
    other: Option<Place>,
}

impl From<&Diagnostic> for Fault {
    fn from(fault: &Diagnostic) -> Self {
        let has_place = names_place(&fault.to_string(), &fault.place);
        let mut text = fault.to_string();
        match &fault.advice {
            // Some of FreeBSD's sentences end with a full stop.
            Some(advice) if text.ends_with('.') => text += &format!(" ({advice})"),
            Some(advice) => text += &format!("; {advice}"),
            None => {}
        }
        Self { has_place, ..Self::new(text, fault.place.clone()) }
    }
}

impl From<&jailparam::Error> for Fault {
    fn from(error: &jailparam::Error) -> Self {
        Self::new(error.to_string(), error.place.clone())
    }
}

impl From<&Finding> for Fault {
    fn from(finding: &Finding) -> Self {
        Self {
            text: finding.to_string(),
            located: finding.located(),
            has_place: finding.other.is_some(),
            place: finding.place.clone(),
            other: finding.other.clone(),
        }
    }
}

impl Fault {
    /// Makes a fault that is about one place.
    pub fn new(text: String, place: Place) -> Self {
        let has_place = names_place(&text, &place);
        let located =
            if has_place { text.clone() } else { format!("{}: {text}", place.in_words()) };
        Self { text, located, has_place, place, other: None }
    }

    /// Puts the fault's place in front of the text.
    #[must_use]
    pub fn located(self) -> Self {
        Self { text: self.located.clone(), has_place: true, ..self }
    }
}

/// Whether a message needs no place beside itself.
fn names_place(text: &str, place: &Place) -> bool {
    // FreeBSD's messages about a file begin with the place; line 0 is the command line's.
    place.line == 0 || text.starts_with(&*place.file.to_string_lossy())
}

/// Writes all faults as lines for standard error, but for the first line's `APPLET: `. With
/// `excerpts`, each is followed by the line of the file at fault; without, each ends with its
/// place.
pub fn lines<F: Into<Fault>>(
    applet: &str,
    faults: impl IntoIterator<Item = F>,
    excerpts: bool,
) -> String {
    let mut sources = Sources::default();
    let mut shown = Vec::new();
    for fault in faults {
        let fault = fault.into();
        let mut text = fault.text;
        for place in std::iter::once(&fault.place).chain(&fault.other).filter(|_| excerpts) {
            text += &sources.excerpt(place);
        }
        if !excerpts && !fault.has_place {
            text += &format!(" ({})", fault.place.in_words());
        }
        shown.push(text);
    }
    let prefix = if applet.is_empty() { String::new() } else { format!("{applet}: ") };
    shown.join(&format!("\n{prefix}"))
}

/// The files of which lines are shown, each read once.
#[derive(Default)]
struct Sources(HashMap<Box<Path>, Vec<u8>>);

impl Sources {
    /// The name of `place`, and below it the line with a caret; nothing if the file cannot be read
    /// any more.
    fn excerpt(&mut self, place: &Place) -> String {
        // Line 0 is the command line: there is no file to read.
        if place.line == 0 {
            return String::new();
        }
        let file = &*place.file;
        let text = self.0.entry(file.into()).or_insert_with(|| fs::read(file).unwrap_or_default());
        let line = text.split(|&byte| byte == b'\n').nth(place.line as usize - 1);
        let excerpt = place.excerpt(&String::from_utf8_lossy(line.unwrap_or_default()));
        if excerpt.is_empty() {
            return excerpt;
        }
        format!("\n{}:\n    {}", place.in_words(), excerpt.replace('\n', "\n    "))
    }
}
