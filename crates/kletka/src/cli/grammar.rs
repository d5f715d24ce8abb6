//! The command lines: one [`Grammar`] for each command and each of its verbs.
//!
//! A grammar says how the command is called, which options there are and what may follow. From it
//! come `--help`, the usage after a mistake, the refusal of options that are in no table, and the
//! completions of shells; tests hold the manual pages to it. The words of ifconfig(8) and route(8)
//! are in `networds`, and their grammars lead there.

pub(super) mod boot;
pub(super) mod host;
pub(super) mod jails;
pub(super) mod network;
pub(super) mod own;
mod reader;
mod table;

pub(super) use reader::{Mistake, Question, read};
pub(crate) use table::{Flag, Grammar, Rule, Word};

#[cfg(test)]
mod tests;
