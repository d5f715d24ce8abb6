//! How a process gets into a prison: jail_attach(2).
//!
//! [`process`] is the command and the steps that every process takes, [`attach`] a process that
//! enters from outside, [`waiting`] one that another program starts later, [`namespaces`] those
//! that the prison is made with. [`hook`] runs on the host.

pub(crate) mod attach;
pub(crate) mod hook;
pub(crate) mod namespaces;
pub(crate) mod process;
pub(crate) mod waiting;
