//! `cargo xtask words`: writes what follows from the catalogues of ifconfig's and route's words,
//! and of sysctl's names.
//!
//! These are the middle parts of the manual pages. A test reports a page that differs from the
//! catalogue.

use std::fs;
use std::path::Path;

use mdoc::Stale;
use networds::manual;

use crate::Outcome;

/// The page of a language; `NAME` is replaced by its command.
const PAGE: &str = "man/kletka-NAME.8";

/// The page of sysctl(8).
const SYSCTL: &str = "man/kletka-sysctl.8";

const TASK: &str = "cargo xtask words";

/// Writes all files.
pub(crate) fn write() -> Outcome {
    for (path, now, wanted) in files(Path::new("."))? {
        if now != wanted {
            fs::write(&path, wanted).map_err(|error| format!("{path}: {error}"))?;
            println!("{path}");
        }
    }
    Ok(())
}

/// Every file below `checkout`: its path, its present text, and the text that it should have.
fn files(checkout: &Path) -> Result<Vec<(String, String, String)>, String> {
    let mut files = Vec::new();
    for language in [networds::ifconfig::language(), networds::route::language()] {
        let path = PAGE.replace("NAME", language.command);
        let now = fs::read_to_string(checkout.join(&path)).unwrap_or_default();
        let wanted = mdoc::insert(&now, "Words", TASK, &manual(&language));
        let wanted = wanted.map_err(|Stale| format!("{path}: no place for the words"))?;
        files.push((path, now, wanted));
    }
    let now = fs::read_to_string(checkout.join(SYSCTL)).unwrap_or_default();
    let wanted = mdoc::insert(&now, "Names", TASK, &sysctl::manual());
    let wanted = wanted.map_err(|Stale| format!("{SYSCTL}: no place for the names"))?;
    files.push((SYSCTL.to_owned(), now, wanted));
    Ok(files)
}

#[cfg(test)]
mod tests {
    use super::*;

    const CHECKOUT: &str = concat!(env!("CARGO_MANIFEST_DIR"), "/..");

    /// Every file follows from the catalogues; else run `cargo xtask words`.
    #[test]
    fn no_file_is_stale() {
        for (path, now, wanted) in files(Path::new(CHECKOUT)).unwrap() {
            assert!(now == wanted, "{path} is stale: cargo xtask words");
        }
    }
}
