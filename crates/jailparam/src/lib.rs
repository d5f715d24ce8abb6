//! The parameters of jail(8): one typed catalogue of all of them, and the typed values of one jail.
//!
//! [`CATALOGUE`] is the only place that says which parameters exist, of what type, with what
//! default, and what each does on Linux. Messages, `jls -n`, docs/compatibility.md and the manual's
//! list are made from it. A [`Set`] is the result of libjail's `jailparam_import` for a jail's
//! words: checked, typed, with defaults for the rest. A parameter that is not supported is refused
//! by its name, with the reason; an unknown one is refused with the name that was probably meant.
//! The code asks for parameters by the handles of [`param`]: a name without a parameter does not
//! compile.
//!
//! May use: `jailconf`, `mdoc`, `nearest`; no system calls.
//!
//! ```
//! use jailparam::param::{ALLOW_RAW_SOCKETS, PERSIST, STOP_TIMEOUT};
//!
//! let text = b"web { path = /jails/web; vnet; persist; }";
//! let jail = jailconf::Config::parse("jail.conf".as_ref(), text)?.expand(b"web")?;
//! let set = jailparam::Set::import(&jail).expect("all of these exist");
//! assert!(set.flag(PERSIST) && !set.flag(ALLOW_RAW_SOCKETS));
//! assert_eq!(set.int(STOP_TIMEOUT), Some(10));
//! # Ok::<(), jailconf::Diagnostics>(())
//! ```

mod catalogue;
mod document;
mod error;
mod handle;
mod keys;
mod lookup;
mod manual;
mod outline;
pub mod param;
mod row;
mod set;
mod types;
mod value;

pub use catalogue::CATALOGUE;
pub use document::{compatibility, figure};
pub use error::{Error, Problem};
pub use handle::{Bool, Handle, Int, List, Text};
pub use keys::value_of;
pub use lookup::{Found, find, shown, suggest};
pub use manual::manual;
pub use set::{Set, in_quotes};
pub use types::{Access, Kind, Parameter, Role, Support, Type};
pub use value::{Jailsys, Typed, Value, address};
