//! The catalogue as a document: docs/compatibility.md.

use std::fmt::Write;

use crate::catalogue::CATALOGUE;
use crate::types::{Access, Kind, Parameter, Role, Support};

const HEAD: &str = "\
# Parameters

Every parameter of jail(8) in FreeBSD 15, and what it does here. This file is made from the catalogue in
`crates/jailparam`; `cargo xtask` writes it.

**full**: as on FreeBSD. **partly**: taken, with what is missing. **refused**: giving it a value is an error that says
why; a boolean may be given the value that it has anyway.
";

/// The catalogue as Markdown.
pub fn compatibility() -> String {
    let mut out = HEAD.to_owned();
    let roles = [
        (
            Role::Core,
            "Parameters of the jail",
            "`jls -n` shows them. “Change” is when: at creation only, or by `jail -m` too.",
        ),
        (
            Role::Pseudo,
            "Pseudo-parameters",
            "Only jail(8) uses them, to set a jail up and to take it down.",
        ),
    ];
    for (role, title, text) in roles {
        let rows = CATALOGUE.iter().filter(|parameter| parameter.role == role);
        let count = |is: fn(Support) -> bool| {
            rows.clone().filter(|parameter| is(parameter.support)).count()
        };
        let full = count(|support| matches!(support, Support::Full(_)));
        let partly = count(|support| matches!(support, Support::Partly(_)));
        let refused = count(|support| matches!(support, Support::Refused(_)));
        // Writing to a `String` cannot fail.
        let _ = write!(
            out,
            "\n## {title}\n\n{text} {full} are full, {partly} partly, {refused} refused.\n\n"
        );
        out.push_str(
            "| Parameter | Type | Default | Change | Here | |\n|---|---|---|---|---|---|\n",
        );
        rows.clone().for_each(|parameter| row(&mut out, parameter));
    }
    out
}

fn row(out: &mut String, parameter: &Parameter) {
    let default = if parameter.default.is_empty() {
        String::new()
    } else {
        format!("`{}`", parameter.default)
    };
    let change = match (parameter.role, parameter.access) {
        (Role::Pseudo, _) => "",
        (_, Access::ReadOnly) => "read-only",
        (_, Access::Create) => "creation",
        (_, Access::Live) => "live",
    };
    let support = match parameter.support {
        Support::Full(_) => "full",
        Support::Partly(_) => "partly",
        Support::Refused(_) => "**refused**",
    };
    let only = match parameter.only {
        [] => String::new(),
        only => format!(
            "; only {}",
            only.iter().map(|value| format!("`{value}`")).collect::<Vec<_>>().join(", ")
        ),
    };
    let (name, kind, about, reason) =
        (parameter.name, kind(parameter.kind), parameter.about, parameter.support.reason());
    let _ = writeln!(
        out,
        "| `{name}` | {about} | {kind} | {default} | {change} | {support} | {reason}{only} |"
    );
}

fn kind(kind: Kind) -> String {
    match kind {
        Kind::Bool => "boolean".to_owned(),
        Kind::Int(from, to) if to == i64::from(i32::MAX) => format!("number from {from}"),
        Kind::Int(from, to) => format!("number {from} to {to}"),
        Kind::Text(_) => "text".to_owned(),
        Kind::List => "list".to_owned(),
        Kind::Ip4List => "IPv4 addresses".to_owned(),
        Kind::Ip6List => "IPv6 addresses".to_owned(),
        Kind::Jailsys => "disable, new, inherit".to_owned(),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_parameter_has_one_row_of_seven_cells() {
        let text = compatibility();
        for parameter in CATALOGUE {
            let start = format!("| `{}` |", parameter.name);
            let rows: Vec<_> = text.lines().filter(|line| line.starts_with(&start)).collect();
            assert_eq!(rows.len(), 1, "{}", parameter.name);
            assert_eq!(rows[0].matches(" |").count(), 7, "{}", rows[0]);
        }
    }
}
