//! What one command line asks of one interface: how the interface is made, and what changes then.

use super::change::Change;
use super::creation::Creation;

/// What one command line asks of one interface.
#[derive(Debug, Default, PartialEq, Eq)]
pub struct Configuration {
    /// The interface as it was written; with `create` this may be a kind without a number.
    pub interface: String,
    /// Whether the interface is made first.
    pub create: bool,
    /// What `create` needs to know of the kind.
    pub creation: Creation,
    /// What is changed afterwards, in this order.
    pub changes: Vec<Change>,
}
