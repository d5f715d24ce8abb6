//! Findings: what is wrong, and where.

use jailconf::Place;
use std::fmt;

/// How bad a finding is.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum Severity {
    /// The jail may work nevertheless.
    Warning,
    /// The start of the jail would fail.
    Error,
}

/// One thing that is wrong with a jail. Its `Display` is the text behind `jail: ` on standard
/// error.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Finding {
    /// How bad it is.
    pub severity: Severity,
    /// The name of the jail.
    pub jail: String,
    /// The message, without jail and place.
    pub message: String,
    /// Where the configuration of this jail is wrong.
    pub place: Place,
    /// Where the other jail, if there is one, has the same.
    pub other: Option<Place>,
}

impl Finding {
    /// Writes the finding behind its place, for the check of a file rather than for a start.
    pub fn located(&self) -> String {
        let other = self.other.as_ref().map(|other| format!(" ({})", other.in_words()));
        let (place, warning, jail) = (self.place.in_words(), self.warning(), &self.jail);
        format!("{place}: {warning}{jail}: {}{}", self.message, other.unwrap_or_default())
    }

    fn warning(&self) -> &'static str {
        if self.severity == Severity::Warning { "warning: " } else { "" }
    }
}

impl fmt::Display for Finding {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}{}: {}", self.warning(), self.jail, self.message)?;
        match &self.other {
            None => Ok(()),
            // One line gives both jails the value: naming it once is enough.
            Some(other) if (other.line, &other.file) == (self.place.line, &self.place.file) => {
                write!(f, " ({})", other.in_words())
            }
            Some(other) => write!(f, " ({} and {})", self.place.in_words(), other.in_words()),
        }
    }
}

/// All findings, in the order of the jails that were checked.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Findings(pub Vec<Finding>);

impl Findings {
    /// The findings, from the first to the last.
    pub fn iter(&self) -> std::slice::Iter<'_, Finding> {
        self.0.iter()
    }

    /// The findings that keep jails from being started.
    pub fn errors(&self) -> impl Iterator<Item = &Finding> {
        self.iter().filter(|finding| finding.severity == Severity::Error)
    }

    /// The findings that the administrator may want to know.
    pub fn warnings(&self) -> impl Iterator<Item = &Finding> {
        self.iter().filter(|finding| finding.severity == Severity::Warning)
    }
}

impl<'a> IntoIterator for &'a Findings {
    type Item = &'a Finding;
    type IntoIter = std::slice::Iter<'a, Finding>;

    fn into_iter(self) -> Self::IntoIter {
        self.iter()
    }
}
