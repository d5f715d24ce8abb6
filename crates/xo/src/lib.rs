//! Output in libxo's four styles: libxo(3), xo_options(7). To the byte what FreeBSD's library writes, as far as
//! the programs here need: containers, lists, instances, fields and leaf lists, plain or pretty.
//!
//! [`Options::take_from`] finds `--libxo` among a program's arguments; a [`Writer`] collects what the program
//! writes. No system calls: the output is handed back as bytes, and printing them is left to the caller.
//! Keys, units, colours and formats are not there; an option that asks for what is missing is refused by name.
//!
//! May use: no other crate; no system calls.

mod options;
mod writer;

pub use options::{Error, Options, Style};
pub use writer::{Value, Writer};
