//! Which interfaces a listing of ifconfig(8) shows, and what of them.

use super::family::AddressFamily;
use super::format::Format;

/// Which interfaces a listing shows, and what of them.
#[derive(Debug, Default, PartialEq, Eq)]
pub struct Selection {
    /// The only interface that is meant.
    pub interface: Option<String>,
    /// `-u`: `Some(true)`, `-d`: `Some(false)`.
    pub up: Option<bool>,
    /// `-g`: those in this group are meant.
    pub group: Option<String>,
    /// `-G`: those in this group are not meant.
    pub without: Option<String>,
    /// The only addresses that are shown.
    pub family: Option<AddressFamily>,
    /// `-L`: for how long the addresses are there.
    pub lifetimes: bool,
    /// `-f`: how addresses are written.
    pub format: Format,
}

/// What stands between the names of a listing of names.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Separator {
    /// A blank; all names are on one line.
    Blank,
    /// The end of a line.
    Line,
}
