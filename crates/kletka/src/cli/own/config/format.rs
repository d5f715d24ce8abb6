//! `kletka config fmt`: prints files in the one layout. `-w` writes the files, `--check` lists
//! those that differ.

use super::{NAME, Wrong, files};
use crate::cli::answer::{faults, print, print_as_is, reason};
use jailconf::{Files, Loader};
use std::ffi::OsString;
use std::path::{Path, PathBuf};

/// What is done with the formatted text.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Use {
    Print,
    Write,
    Check,
}

/// Formats the files that are named, or all that there are. False: a file could not be formatted,
/// or `--check` found one that differs.
pub(super) fn run(arguments: Vec<OsString>) -> Result<bool, Wrong> {
    use lexopt::prelude::*;
    let (mut named, mut purpose) = (Vec::new(), Use::Print);
    let mut parser = lexopt::Parser::from_args(arguments);
    while let Some(argument) = parser.next()? {
        match argument {
            Short('w') if purpose == Use::Print => purpose = Use::Write,
            Long("check") if purpose == Use::Print => purpose = Use::Check,
            Value(file) => named.push(PathBuf::from(file)),
            _ => return Err(Wrong::Usage),
        }
    }
    let mut good = true;
    for file in if named.is_empty() { files()? } else { named } {
        good &= one(&file, purpose).unwrap_or_else(|line| {
            complain!("{NAME}: {line}");
            false
        });
    }
    Ok(good)
}

/// Formats one file. Answers whether all is well with it.
fn one(file: &Path, purpose: Use) -> Result<bool, String> {
    let text = |text: &[u8]| jailconf::format(file, text).map_err(|wrong| faults(NAME, &wrong.0));
    // Standard input has no file that could be written, so it is printed.
    if purpose == Use::Write && file != Path::new("-") {
        conffile::edit(file, text).map_err(|error| error.to_string())?;
        return Ok(true);
    }
    let is_standard_input = file == Path::new("-");
    let read = if is_standard_input { Files.standard_input() } else { Files.read(file) };
    let old = read.map_err(|error| format!("{}: {}", file.display(), reason(error)))?;
    let new = text(&old)?;
    match purpose {
        Use::Check if old != new => _ = print(format!("{}\n", file.display())),
        Use::Check => {}
        Use::Print | Use::Write => _ = print_as_is(&new),
    }
    Ok(purpose != Use::Check || old == new)
}
