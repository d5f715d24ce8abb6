//! How faults of a configuration are shown: a line each, in FreeBSD's form; for people with the
//! line of the file that each is about, and a caret under it.

use configuration::Finding;
use jailconf::{Diagnostic, Place};
use std::collections::HashMap;
use std::fs;
use std::path::Path;

/// A fault, ready to be shown.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Fault {
    /// What follows `jail: ` on standard error.
    pub text: String,
    /// The same with its place in front.
    located: String,
    /// Where the configuration says it.
    pub place: Place,
    /// Where the other jail has it, if there is another one.
    other: Option<Place>,
}

impl From<&Diagnostic> for Fault {
    fn from(fault: &Diagnostic) -> Self {
        Self::new(fault.to_string(), fault.place.clone())
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
            place: finding.place.clone(),
            other: finding.other.clone(),
        }
    }
}

impl Fault {
    /// A fault that is about no other place.
    pub fn new(text: String, place: Place) -> Self {
        // FreeBSD's messages about a file begin with its name.
        let has_place = place.line == 0 || text.starts_with(&*place.file.to_string_lossy());
        let located =
            if has_place { text.clone() } else { format!("{}: {text}", place.in_words()) };
        Self { text, located, place, other: None }
    }

    /// The fault, shown with its place in front.
    #[must_use]
    pub fn located(self) -> Self {
        Self { text: self.located.clone(), ..self }
    }
}

/// All faults in lines for standard error, but for the first line's `APPLET: `; with `excerpts`,
/// each with the line of the file that it is about.
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
        shown.push(text);
    }
    let prefix = if applet.is_empty() { String::new() } else { format!("{applet}: ") };
    shown.join(&format!("\n{prefix}"))
}

/// Files that lines have been shown of, each read once.
#[derive(Default)]
struct Sources(HashMap<Box<Path>, Vec<u8>>);

impl Sources {
    /// The line at `place`, below its name, with a caret; nothing when it cannot be read any more.
    fn excerpt(&mut self, place: &Place) -> String {
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
