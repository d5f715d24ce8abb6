//! What has been found, and where.

use jailconf::Place;
use std::fmt;

/// How bad it is.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum Severity {
    /// The jail may well work.
    Warning,
    /// Its start would fail.
    Error,
}

/// One thing that is wrong with a jail. `Display` is what follows `jail: ` on standard error.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Finding {
    /// How bad it is.
    pub severity: Severity,
    /// The jail.
    pub jail: String,
    /// What is wrong, without jail and place.
    pub message: String,
    /// Where the jail is given what is wrong.
    pub place: Place,
    /// Where the other jail, if there is one, is given the same.
    pub other: Option<Place>,
}

impl Finding {
    /// The finding with its place in front, as it is told of a file rather than of a start.
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
            Some(other) if (other.line, &other.file) == (self.place.line, &self.place.file) => {
                write!(f, " ({})", other.in_words())
            }
            Some(other) => write!(f, " ({} and {})", self.place.in_words(), other.in_words()),
        }
    }
}

/// All that has been found, in the order of the jails that were checked.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Findings(pub Vec<Finding>);

impl Findings {
    /// From the first to the last.
    pub fn iter(&self) -> std::slice::Iter<'_, Finding> {
        self.0.iter()
    }

    /// What keeps jails from being started.
    pub fn errors(&self) -> impl Iterator<Item = &Finding> {
        self.iter().filter(|finding| finding.severity == Severity::Error)
    }

    /// What the administrator may want to know.
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
