//! The tables of docs/security.md that follow from the attempts.

use std::fmt::Write;
use std::path::Path;

use super::attempt::{Family, Held};
use super::{FAMILIES, OPEN};

const DOCUMENT: &str = concat!(env!("CARGO_MANIFEST_DIR"), "/../../docs/security.md");
const BEGIN: &str = "<!-- escapes: written by cargo xtask escapes -->\n";
const END: &str = "<!-- end of escapes -->";

/// All tables, one for each family.
fn tables() -> String {
    let count: usize = FAMILIES.iter().map(|family| family.attempts.len()).sum();
    let mut text = format!(
        "{count} attempts. A cell says what holds, and the answer that a program gets; “=” is what the \
         first column says. What is marked **open** does not hold yet: its cells say what will.\n"
    );
    for family in FAMILIES {
        text += &table(family);
    }
    text
}

fn table(family: &Family) -> String {
    let mut text = format!("\n### {}\n\n| attempt |", family.title);
    for kind in family.kinds {
        let _ = write!(text, " {} |", kind.title());
    }
    text += "\n|---|";
    text += &"---|".repeat(family.kinds.len());
    text.push('\n');
    for attempt in family.attempts {
        let first = attempt.held(family.kinds[0]);
        let open =
            if OPEN.iter().any(|(what, _)| *what == attempt.what) { " **open**" } else { "" };
        let _ = write!(text, "| {}{open} | {} |", attempt.what, cell(first));
        for &kind in &family.kinds[1..] {
            let held = attempt.held(kind);
            let _ = write!(text, " {} |", if held == first { "=".into() } else { cell(held) });
        }
        text.push('\n');
    }
    text
}

fn cell(held: Held) -> String {
    let answer = if held.answer.is_empty() { "nothing" } else { held.answer };
    format!("{}: {answer}", held.by.word())
}

/// The document with these tables in it.
fn with_tables(document: &str) -> Option<String> {
    let (before, rest) = document.split_once(BEGIN)?;
    let (_, after) = rest.split_once(END)?;
    Some(format!("{before}{BEGIN}\n{}\n{END}{after}", tables()))
}

/// docs/security.md shows the attempts as they are; else run `cargo xtask escapes`, which makes
/// them and writes it.
#[test]
fn is_not_stale() {
    let document = std::fs::read_to_string(DOCUMENT).unwrap();
    let wanted = with_tables(&document).expect("docs/security.md has no place for the attempts");
    if std::env::var_os("BLESS").is_some() {
        std::fs::write(Path::new(DOCUMENT), wanted).unwrap();
    } else {
        assert!(document == wanted, "docs/security.md is stale: cargo xtask escapes");
    }
}
