//! What a run is going to do, as a value: rows of jails, in the order in which they begin.

use super::configured::Subject;
use prison::Record;

/// What a run is going to do: a value, made before anything is done. The jails of each row stand in
/// the order in which they begin.
#[derive(Debug, Default)]
pub struct Decided {
    pub(crate) stops: Vec<Turn>,
    pub(crate) changes: Vec<Turn>,
    pub(crate) starts: Vec<Turn>,
    /// The jails that are refused, by name.
    pub(crate) refused: Vec<String>,
}

impl Decided {
    /// The jails that are refused, by name.
    pub fn refused(&self) -> &[String] {
        &self.refused
    }
}

/// A jail's place in a row.
#[derive(Debug, Default)]
pub(crate) struct Turn {
    /// The name by which dependencies know the jail; empty if the command line describes the jail.
    pub(crate) name: String,
    /// The jail with its parameters, if it was asked for. A jail that a dependency brings is looked
    /// up at its turn.
    pub(crate) subject: Option<Subject>,
    /// The record of the prison that the jail had when this was decided.
    pub(crate) record: Option<Record>,
    /// The places in the row of the jails that have to be finished before.
    pub(crate) waits_for: Vec<usize>,
}

impl Turn {
    /// Whether the jail was asked for; a dependency brings the others.
    pub(crate) fn is_asked_for(&self) -> bool {
        self.subject.is_some()
    }
}
