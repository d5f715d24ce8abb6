//! The names as a part of the manual page kletka-sysctl(8).

use std::fmt::Write;

use crate::table::{Oid, Source, TABLE};

/// Writes all names in mdoc(7): those that can be changed, then those that cannot.
#[must_use]
pub fn manual() -> String {
    let mut out = String::new();
    for (title, is_changed) in [("Names to show and to set", true), ("Names to show", false)] {
        // Writing to a `String` cannot fail.
        let _ = writeln!(out, ".Ss {title}\n.Bl -tag -width indent");
        let oids = TABLE.iter().filter(|oid| oid.source.can_be_changed() == is_changed);
        for oid in oids {
            let _ = writeln!(out, ".It Va {}", oid.name);
            mdoc::write(&mut out, &sentences(oid), "Pa");
        }
        out.push_str(".El\n");
    }
    out
}

/// What the value is, and where Linux has it.
fn sentences(oid: &Oid) -> String {
    let about = oid.about;
    match oid.source {
        Source::Switch(file) | Source::Text(file) | Source::File(file) => {
            format!("{about}: `{file}`.")
        }
        Source::Inverse(file) => format!("{about}: the opposite of `{file}`."),
        Source::Module(file, module) => {
            format!("{about}: `{file}`, which the module {module} brings; 0 without.")
        }
        Source::Constant(value) => format!("{about}: always {value}."),
        Source::Computed(_) => format!("{about}."),
    }
}
