//! The jail.conf(5) language: reading files into a typed tree, and expanding jails out of it.
//!
//! A [`Config`] is what the files say: sections and assignments in file order, each with its place.
//! A [`Jail`] is what jail(8) makes of one section: the parameters of matching wildcard sections
//! are merged in, and variables are substituted. Whatever FreeBSD's own parser accepts has the same
//! meaning here, and whatever that parser refuses is refused here, with its words. There is one
//! exception: a NUL, or a byte above 127 outside quotes, makes FreeBSD drop the rest of the file in
//! silence; here that byte is an error.
//!
//! Which parameters exist, and which values they may have, is left to `jailparam`. No system calls:
//! files come from a [`Loader`], and [`Files`] is the one that reads the disk.
//!
//! May use: `nearest`, `strerror`; no system calls, except in `loader.rs`.
//!
//! ```
//! let text = b"path = \"/jails/$name\"; web { host.hostname = web.example.org; persist; }";
//! let config = jailconf::Config::parse("jail.conf".as_ref(), text)?;
//! let web = config.expand(b"web")?;
//! let line = b"name=web path=/jails/web host.hostname=web.example.org persist";
//! assert_eq!(web.to_line(b" "), line);
//! # Ok::<(), jailconf::Diagnostics>(())
//! ```

mod advice;
mod diagnostic;
mod edit;
mod entry;
mod expand;
mod format;
mod jail;
mod lexer;
mod loader;
mod merge;
mod names;
mod parser;
mod substitute;
mod tree;
mod wildcard;

pub use diagnostic::{Diagnostic, Diagnostics, Place};
pub use edit::{Document, EditError, quote};
pub use expand::Expansion;
pub use format::format;
pub use jail::{Jail, Parameter};
pub use loader::{Files, Loader};
pub use names::same_parameter;
pub use tree::Config;
pub use wildcard::{is_wildcard, wildcard_matches};
