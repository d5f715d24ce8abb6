//! Configuration files on a disk: read within bounds, changed whole or not at all.
//!
//! [`Tree`] reads and replaces rc.conf(5) and its like, on the host or below a directory where
//! somebody else is root. [`edit()`] changes one file that other commands may want to change at the
//! same time. Both put a new file in the old one's place, with the same owner, mode, access list
//! and attributes. The content is left to the language of the file.
//!
//! May use: `rc`, `rustix`, `strerror`; system calls: files.

mod edit;
mod replacement;
mod tree;

pub use edit::{EditError, edit};
pub use replacement::left;
pub use tree::Tree;
