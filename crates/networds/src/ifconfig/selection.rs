//! Which interfaces a listing of ifconfig(8) shows, and what of them.

use super::family::AddressFamily;
use super::format::Format;

/// Which interfaces a listing shows, and what of them.
#[derive(Debug, Default, PartialEq, Eq)]
pub struct Selection {
    /// The only interface that is listed.
    pub interface: Option<String>,
    /// `-u`: `Some(true)`, `-d`: `Some(false)`.
    pub up: Option<bool>,
    /// `-g`: only interfaces in this group are listed.
    pub group: Option<String>,
    /// `-G`: interfaces in this group are not listed.
    pub without: Option<String>,
    /// The only family whose addresses are shown.
    pub family: Option<AddressFamily>,
    /// `-L`: the lifetimes of addresses are shown.
    pub lifetimes: bool,
    /// `-f`: how addresses are written.
    pub format: Format,
}

/// The separator in a listing of names.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Separator {
    /// A blank; all names are on one line.
    Blank,
    /// The end of a line.
    Line,
}
