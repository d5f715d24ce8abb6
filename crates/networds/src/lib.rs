//! The words of ifconfig(8) and route(8) in FreeBSD's dialect: what a command line means, and what
//! a listing prints.
//!
//! Each of the two languages has one catalogue: a row for every word of FreeBSD's manual page, with
//! what follows the word, what it does, and how far it does that on Linux. Parsing, the refusals,
//! `--help`, the words of the manual pages and the completions of shells follow from the catalogue.
//! A command line is read as a whole into plain values; the applets carry these out.
//!
//! May use: `mdoc`, `nearest`, `netif`, `rustix`; system calls: none of its own.
//!
//! ```
//! use networds::ifconfig::{self, Change, Purpose};
//!
//! let words = ["bridge0", "mtu", "1400", "up"].map(str::to_owned);
//! let Purpose::Configure(wanted) = ifconfig::parse(&words)?.purpose else { unreachable!() };
//! assert_eq!(wanted.changes, [Change::Mtu(1400), Change::Up]);
//!
//! let refused = ifconfig::parse(&["em0", "metric", "1"].map(str::to_owned)).unwrap_err();
//! let message = "metric: this parameter of FreeBSD's ifconfig is not supported";
//! assert_eq!(refused.to_string(), message);
//! # Ok::<(), networds::ifconfig::UsageError>(())
//! ```

pub mod ifconfig;
pub mod route;

mod completion;
mod document;
mod word;

pub use completion::{Offer, offers};
pub use document::{help, manual};
pub use word::{Argument, Entry, Flag, Language, Section, Standing};
