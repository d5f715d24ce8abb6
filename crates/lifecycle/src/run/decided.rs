//! What a run is going to do, as a value: rows of jails, each in the order in which its jails
//! begin.

use super::configured::Subject;
use prison::Record;

/// What a run is going to do: a value, made before anything is done. Each row is in the order in
/// which its jails begin.
#[derive(Debug, Default)]
pub struct Decided {
    pub(crate) stops: Vec<Turn>,
    pub(crate) changes: Vec<Turn>,
    pub(crate) starts: Vec<Turn>,
    /// The jails that are refused, by name.
    pub(crate) refused: Vec<String>,
}

/// A jail in a row of jails that something is done with.
#[derive(Debug, Default)]
pub(crate) struct Turn {
    /// What dependencies call it; empty for the jail that the command line describes.
    pub(crate) name: String,
    /// Its parameters, if it was asked for. Those of a jail that comes along are looked up at its
    /// turn.
    pub(crate) subject: Option<Subject>,
    /// The prison that it had as this was decided.
    pub(crate) record: Option<Record>,
    /// The places of those in the row that have to be at their end before.
    pub(crate) waits_for: Vec<usize>,
}

impl Turn {
    /// Whether the jail was asked for; others come along because of dependencies.
    pub(crate) fn is_asked_for(&self) -> bool {
        self.subject.is_some()
    }
}
