//! Output in libxo's four styles: libxo(3), xo_options(7). Each byte is what FreeBSD's library
//! writes, as far as the programs here need the library: containers, lists, instances, fields and
//! leaf lists, plain or pretty.
//!
//! [`Options::take_from`] finds `--libxo` among a program's arguments; a [`Writer`] collects the
//! program's output. No system calls: the output is returned as bytes, and the caller prints them.
//! There are no keys, units, colours or formats; an option for something that is missing is refused
//! by name.
//!
//! May use: `vis`; no system calls.

mod options;
mod writer;

pub use options::{Error, Options, Style};
pub use writer::{Value, Writer};
