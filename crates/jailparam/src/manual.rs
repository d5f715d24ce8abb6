//! The catalogue as a part of a manual page: the parameters in jail.conf(5).

use std::fmt::Write;

use crate::catalogue::CATALOGUE;
use crate::document::{default, kind};
use crate::outline::{OUTLINE, Section};
use crate::types::{Access, Kind, Parameter, Role, Support};

/// The macro for words in backquotes.
const QUOTED: &str = "Ql";

/// Writes the list of all parameters in mdoc(7).
pub fn manual() -> String {
    let mut out = String::new();
    OUTLINE.iter().for_each(|section| write_section(&mut out, section));
    out
}

fn write_section(out: &mut String, section: &Section) {
    // Writing to a `String` cannot fail.
    let _ = writeln!(out, ".Ss {}", section.title);
    for (index, paragraph) in section.text.iter().enumerate() {
        if index > 0 {
            out.push_str(".Pp\n");
        }
        mdoc::write(out, paragraph, QUOTED);
    }
    out.push_str(".Bl -tag -width indent\n");
    for (name, more) in section.rows {
        let parameter = CATALOGUE.iter().find(|parameter| parameter.name == *name);
        parameter.into_iter().for_each(|parameter| write_parameter(out, parameter, more));
    }
    out.push_str(".El\n");
}

/// An item of the list: name, type, default and time, then the sentences.
fn write_parameter(out: &mut String, parameter: &Parameter, more: &str) {
    let _ = writeln!(out, ".It Va {} Pq {}", parameter.name, facts(parameter).join(" ; "));
    mdoc::write(out, &format!("{}.", parameter.about), QUOTED);
    if !more.is_empty() {
        mdoc::write(out, more, QUOTED);
    }
    let before = match parameter.support {
        Support::Full(_) => "On Linux:",
        Support::Partly(_) => "On Linux, in part:",
        Support::Refused(_) => "Refused:",
    };
    mdoc::write(out, &format!("{before} {}.", parameter.support.reason()), QUOTED);
    if let [values @ .., last] = parameter.only {
        let mut only =
            values.iter().map(|value| format!("`{value}`")).collect::<Vec<_>>().join(", ");
        if !only.is_empty() {
            only.push_str(" and ");
        }
        mdoc::write(out, &format!("Supported: {only}`{last}`."), QUOTED);
    }
}

/// What the head of an item says behind the name.
fn facts(parameter: &Parameter) -> Vec<String> {
    let mut facts = vec![match parameter.kind {
        Kind::Text(most) => format!("text of up to {most} bytes"),
        other => kind(other),
    }];
    facts.extend(default(parameter, "").map(|default| format!("default {default}")));
    let access = match (parameter.role, parameter.access) {
        // No value can be given at all.
        _ if matches!(parameter.support, Support::Refused(_)) => None,
        (Role::Core, Access::ReadOnly) => Some("read-only"),
        (Role::Core, Access::Create) => Some("at creation only"),
        (Role::Core, Access::Live) => Some("can be changed by jail -m"),
        // A pseudo-parameter is read anew at every use.
        (Role::Pseudo, _) => None,
    };
    facts.extend(access.map(str::to_owned));
    facts
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_parameter_has_one_item() {
        let text = manual();
        for parameter in CATALOGUE {
            let start = format!(".It Va {} Pq ", parameter.name);
            assert_eq!(text.lines().filter(|line| line.starts_with(&start)).count(), 1, "{start}");
        }
    }

    #[test]
    #[rustfmt::skip]
    fn heads() {
        for (name, want) in [
            ("children.max",  "number 0 to 1000 ; default 0 ; can be changed by jail -m"),
            ("path",          "text of up to 4095 bytes ; default / ; at creation only"),
            ("ip4",           "disable, new, inherit ; default disable, with vnet inherit ; at creation only"),
            ("host.hostname", "text of up to 64 bytes ; can be changed by jail -m"),
            ("dying",         "boolean ; default false ; read-only"),
            ("exec.start",    "list"),
            ("allow.nfsd",    "boolean ; default false ; at creation only"),
            ("stop.timeout",  "number from 0 ; default 10"),
        ] {
            let parameter = CATALOGUE.iter().find(|parameter| parameter.name == name).unwrap();
            assert_eq!(facts(parameter).join(" ; "), want, "{name}");
        }
    }
}
