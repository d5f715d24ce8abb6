//! `cargo xtask compatibility`: writes what follows from the catalogue of parameters.
//!
//! These are docs/compatibility.md, and the list in the manual page jail.conf(5). A test reports a
//! file that differs from the catalogue.

use std::fs;
use std::path::Path;

use mdoc::Stale;

use crate::Outcome;

const TASK: &str = "cargo xtask compatibility";

/// Makes a file's text from the file's present text.
type Make = fn(&str) -> Result<String, Stale>;

const FILES: [(&str, Make); 2] = [
    ("docs/compatibility.md", |_| Ok(jailparam::compatibility())),
    ("man/jail.conf.5", |page| mdoc::insert(page, "Parameters", TASK, &jailparam::manual())),
];

/// Writes both files.
pub(crate) fn write() -> Outcome {
    for (path, now, wanted) in files(Path::new("."))? {
        if now != wanted {
            fs::write(path, wanted).map_err(|error| format!("{path}: {error}"))?;
            println!("{path}");
        }
    }
    Ok(())
}

/// Every file below `checkout`: its path, its present text, and the text that it should have.
fn files(checkout: &Path) -> Result<Vec<(&'static str, String, String)>, String> {
    let file = |(path, make): (&'static str, Make)| {
        let now = fs::read_to_string(checkout.join(path)).unwrap_or_default();
        let wanted = make(&now).map_err(|Stale| format!("{path}: no place for the parameters"))?;
        Ok((path, now, wanted))
    };
    FILES.into_iter().map(file).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Both files follow from the catalogue.
    #[test]
    fn no_file_is_stale() {
        let checkout = Path::new(concat!(env!("CARGO_MANIFEST_DIR"), "/.."));
        for (path, now, wanted) in files(checkout).unwrap() {
            assert!(now == wanted, "{path} is stale: {TASK}");
        }
    }
}
