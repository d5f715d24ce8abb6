//! `cargo xtask escapes`: makes every attempt to get out of a jail, and writes the tables of
//! docs/security.md that show what held each.
//!
//! The attempts are tests of the binary, which have a machine of their own for it. The document is
//! written only when all of them had the answer that the tables name.

use std::process::Command;

use crate::{Outcome, packages, shell};

/// The tests, in the order in which they run: the attempts, and the document.
const TESTS: [&str; 2] = ["escapes::what_holds", "escapes::document::is_not_stale"];

/// Makes the attempts; then writes the document or, to `check`, says whether it is stale.
pub(crate) fn run(check: bool) -> Outcome {
    if !packages::is_root() {
        return Err("escapes: jails are made by root alone".into());
    }
    for name in TESTS {
        let mut test = Command::new(env!("CARGO"));
        test.args(["test", "--quiet", "--package", "kletka", "--test", "it", "--", "--exact"]);
        test.arg(name);
        if !check {
            test.env("BLESS", "1");
        }
        shell::succeed(&mut test)?;
    }
    Ok(())
}
