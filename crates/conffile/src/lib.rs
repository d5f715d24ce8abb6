//! Configuration files on a disk: read within bounds, changed whole or not at all.
//!
//! [`Tree`] reaches rc.conf(5) and its like on the host, or below a directory where somebody else is root;
//! [`edit`] changes one file that other commands may want to change too. Both put a new file in the old one's
//! place, with the same owner, mode, access list and attributes. What a file says is left to its language.
//!
//! May use: `rc`, `rustix`, `strerror`; system calls: files.

mod edit;
mod replacement;
mod tree;

pub use edit::{EditError, edit};
pub use tree::Tree;
