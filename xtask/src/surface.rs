//! `cargo xtask surface`: writes the tables of docs/security.md that say what a jail reaches of the
//! kernel: system calls, capabilities, and what of /proc and /sys is hidden.
//!
//! The tables follow from what the crate `prison` carries out. Beside that stands what two others
//! let through ([`peers`]), and why kletka differs ([`reasons`]). A difference without a reason
//! fails, and so does a reason without a difference.

mod peers;
mod reasons;

use std::collections::BTreeMap;
use std::fmt::Write;
use std::fs;

use prison::surface::{self, SystemCall};

use crate::Outcome;
use peers::{PODMAN, SYSTEMD};

const DOCUMENT: &str = "docs/security.md";

/// A part of the document: the text between two markers of this name.
type Part = (&'static str, fn() -> Result<String, String>);

const PARTS: [Part; 3] =
    [("system calls", system_calls), ("capabilities", capabilities), ("masks", masks)];

/// Writes the tables or, to `check`, says whether they are stale.
pub(crate) fn run(check: bool) -> Outcome {
    let now = fs::read_to_string(DOCUMENT).map_err(|error| format!("{DOCUMENT}: {error}"))?;
    let wanted = with_tables(&now)?;
    match (now == wanted, check) {
        (true, _) => Ok(()),
        (false, true) => Err(format!("{DOCUMENT} is stale: run cargo xtask surface")),
        (false, false) => {
            fs::write(DOCUMENT, wanted).map_err(|error| format!("{DOCUMENT}: {error}"))
        }
    }
}

/// The document with the tables that it should have.
fn with_tables(document: &str) -> Result<String, String> {
    PARTS.iter().try_fold(document.to_owned(), |document, (name, make)| {
        let (begin, end) = (format!("<!-- {name} -->\n"), format!("<!-- end of {name} -->"));
        let (before, rest) = split(&document, &begin)?;
        let (_, after) = split(rest, &end)?;
        Ok(format!("{before}{begin}{}{end}{after}", make()?))
    })
}

fn split<'t>(text: &'t str, marker: &str) -> Result<(&'t str, &'t str), String> {
    text.split_once(marker).ok_or_else(|| format!("{DOCUMENT}: no line {}", marker.trim_end()))
}

/// Who lets a call through: kletka without any permission, podman, systemd.
fn verdicts(call: &str, ours: &BTreeMap<&str, SystemCall>) -> [bool; 3] {
    let by_default = ours.get(call).is_some_and(|call| call.by_default);
    [by_default, PODMAN.allows(call), SYSTEMD.allows(call)]
}

/// The calls about which the three do not agree, with the reason of each.
fn system_calls() -> Result<String, String> {
    let ours: BTreeMap<_, _> = surface::system_calls().map(|call| (call.name, call)).collect();
    let all = ours.keys().copied().chain(PODMAN.calls()).chain(SYSTEMD.calls());
    let mut differing: Vec<_> = all
        .filter(|call| {
            let [ours, podman, systemd] = verdicts(call, &ours);
            ours != podman || ours != systemd
        })
        .collect();
    differing.sort_unstable();
    differing.dedup();

    let mut out = counts(&ours);
    for (calls, why) in reasons::SYSTEM_CALLS {
        let mut rows: BTreeMap<_, Vec<_>> = BTreeMap::new();
        for call in calls.split_whitespace() {
            let place = differing.iter().position(|differing| *differing == call);
            differing.remove(place.ok_or(format!("{call}: a reason, and no difference"))?);
            let answer = ours.get(call).map_or("`ENOSYS`", |call| call.answer);
            let [_, podman, systemd] = verdicts(call, &ours);
            rows.entry((answer, podman, systemd)).or_default().push(format!("`{call}`"));
        }
        for ((answer, podman, systemd), calls) in rows {
            let calls = calls.join(", ");
            let [podman, systemd] = [podman, systemd].map(yes);
            let _ = writeln!(out, "| {calls} | {answer} | {podman} | {systemd} | {why} |");
        }
    }
    match differing.first() {
        Some(call) => Err(format!("{call}: kletka and its peers differ, without a reason")),
        None => Ok(out),
    }
}

/// What stands above the rows.
fn counts(ours: &BTreeMap<&str, SystemCall>) -> String {
    let count = ours.values().filter(|call| call.by_default).count();
    format!(
        "A jail whose parameters have their defaults may make {count} system calls of x86_64. \
         podman lets {}\nthrough ({}),\nsystemd {} ({}). The table has the calls about which \
         the\nthree do not agree. A call that is in no list is answered `ENOSYS`, so that C \
         libraries take an\nolder one; a program that makes another architecture's calls is \
         killed.\n\n\
         | calls | kletka | podman | systemd | why |\n|---|---|---|---|---|\n",
        PODMAN.calls().count(),
        PODMAN.source,
        SYSTEMD.calls().count(),
        SYSTEMD.source,
    )
}

fn yes(is: bool) -> &'static str {
    if is { "yes" } else { "no" }
}

/// Every capability that some jail has, and why.
fn capabilities() -> Result<String, String> {
    let kinds = surface::capabilities();
    let mut out = String::from("| capability |");
    for (kind, _) in &kinds {
        let _ = write!(out, " {kind} |");
    }
    out += " podman | why |\n|---|";
    out += &"---|".repeat(kinds.len() + 2);
    out += "\n";
    let has = |name: &str| kinds.iter().any(|(_, given)| given.contains(&name));
    for (name, why) in reasons::CAPABILITIES {
        if !has(name) {
            return Err(format!("{name}: a reason, and no jail that has it"));
        }
        let _ = write!(out, "| `{name}` |");
        for (_, given) in &kinds {
            let _ = write!(out, " {} |", yes(given.contains(name)));
        }
        let _ = writeln!(out, " {} | {why} |", yes(reasons::PODMANS.contains(name)));
    }
    let reasoned = |name: &&str| reasons::CAPABILITIES.iter().any(|(reasoned, _)| reasoned == name);
    match kinds.iter().flat_map(|(_, given)| given).find(|name| !reasoned(name)) {
        Some(name) => Err(format!("{name}: some jails have it, without a reason")),
        None => Ok(out),
    }
}

/// What of /proc and /sys is empty, or can only be read.
fn masks() -> Result<String, String> {
    let mut out = String::from(
        "| path | a jail | with `kletka.userns=inherit` | podman |\n|---|---|---|---|\n",
    );
    for mask in surface::masks() {
        let of_podman = |paths: &[&str]| paths.contains(&&*mask.path);
        let podman = match () {
            () if of_podman(&reasons::PODMAN_MASKS) => "empty",
            () if of_podman(&reasons::PODMAN_READS) => "read-only",
            () => "as it is",
        };
        let _ = writeln!(out, "| `{}` | {} | {} | {podman} |", mask.path, mask.own, mask.inherit);
    }
    let ours: Vec<_> = surface::masks().map(|mask| mask.path).collect();
    let peers = reasons::PODMAN_MASKS.iter().chain(&reasons::PODMAN_READS);
    match peers.into_iter().find(|path| !ours.iter().any(|ours| ours == **path)) {
        Some(path) => Err(format!("{path}: podman hides it, kletka does not")),
        None => Ok(out),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// The tables follow from the filter, the capabilities and the masks; else run `cargo xtask
    /// surface`.
    #[test]
    fn the_document_is_not_stale() {
        let path = format!("{}/../{DOCUMENT}", env!("CARGO_MANIFEST_DIR"));
        let now = fs::read_to_string(path).unwrap();
        let wanted = with_tables(&now).unwrap();
        assert!(now == wanted, "{DOCUMENT} is stale: run cargo xtask surface");
    }
}
