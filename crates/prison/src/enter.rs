//! How a process gets into a prison: jail_attach(2).
//!
//! [`process`] is the command and the steps that every process takes, [`attach`] a process that
//! enters from outside, [`delegate`] one that init makes of a [`parcel`], [`waiting`] one that
//! another program starts later, [`namespaces`] the namespaces with which the prison is made,
//! [`streams`] what a process gets as its standard streams, [`terminal`] a command on a terminal,
//! [`copy`] the way of a command into a jail with the host's users. [`hook`] is about commands on
//! the host.

pub(crate) mod attach;
pub(crate) mod copy;
pub(crate) mod delegate;
pub(crate) mod hook;
pub(crate) mod namespaces;
pub(crate) mod parcel;
pub(crate) mod process;
pub(crate) mod streams;
pub(crate) mod terminal;
pub(crate) mod waiting;
