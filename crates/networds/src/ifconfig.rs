//! The language of ifconfig(8): a command line in, changes and listings as plain values out.
//!
//! [`parse`] turns words into an [`Invocation`]: a listing, or changes in the order in which they
//! are to be made; [`parameters`] reads the same words where rc.conf(5) has them. [`listing`]
//! writes what FreeBSD's ifconfig prints of an interface. All words are in one catalogue.

mod action;
mod address;
mod catalogue;
mod change;
mod configuration;
mod creation;
mod error;
mod family;
mod format;
mod invocation;
pub mod listing;
pub mod parameters;
mod reader;
mod selection;
mod value;

pub use catalogue::{CLONED, Cloned, cloners, language, words};
pub use change::{BridgeChange, Change, NewAddress, OnOff};
pub use configuration::Configuration;
pub use creation::{Creation, VxlanWords};
pub use error::UsageError;
pub use family::AddressFamily;
pub use format::{Format, Mask, Separation};
pub use invocation::{Invocation, Purpose, parse, parse_with};
pub use selection::{Selection, Separator};

#[cfg(test)]
mod tests;
