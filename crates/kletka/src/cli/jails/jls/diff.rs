//! `jls --diff`: shows where a jail that runs differs from its file. FreeBSD has no such option.
//!
//! Each line says whether `jail -m` can remove the difference, or only a new start. The parameters
//! of the prison are compared, and what is mounted in it. Commands and all else that only jail(8)
//! acts on are read anew at each use, and a prison has none of them. The exit status is that of
//! diff(1): 0 without differences, 1 with some, 2 when something went wrong.

use crate::cli::answer::{self, faults, not_found};
use crate::cli::grammar::jails::JLS;
use crate::cli::help::usage;
use jailparam::{Access, Kind, Parameter, Set, Value, param};
use lifecycle::recorded::{self, same_place};
use lifecycle::run::{Sources, mounts_that_differ};
use prison::{Record, Registry};
use std::ffi::OsString;
use std::process::ExitCode;

/// diff(1): there are differences.
const DIFFERENT: u8 = 1;
/// diff(1): trouble.
const TROUBLE: u8 = 2;

/// Compares the jails that run, or the one that is named.
pub(super) fn run(arguments: &[OsString]) -> ExitCode {
    let one = match arguments {
        [] => None,
        [one] if !one.as_encoded_bytes().starts_with(b"-") => Some(one.to_string_lossy()),
        _ => {
            let _ = usage(&JLS);
            return ExitCode::from(TROUBLE);
        }
    };
    let (lines, well) = compare(one.as_deref()).unwrap_or_else(|line| {
        complain!("jls: {line}");
        (String::new(), false)
    });
    let is_shown = answer::print(&lines);
    match (well && is_shown, lines.is_empty()) {
        (false, _) => ExitCode::from(TROUBLE),
        (true, false) => ExitCode::from(DIFFERENT),
        (true, true) => ExitCode::SUCCESS,
    }
}

/// Compares one jail or all. Answers a line for each difference. False: a jail could not be
/// compared, and a message has said so.
fn compare(one: Option<&str>) -> Result<(String, bool), String> {
    let registry = Registry::open().map_err(|error| error.to_string())?;
    let records = match one {
        None => registry.prisons().map_err(|error| error.to_string())?,
        Some(jail) => {
            let found = registry.find(jail).map_err(|error| error.to_string())?;
            vec![found.ok_or_else(|| not_found(jail))?]
        }
    };
    // A jail that another jail has made is described by files inside that jail, which are not read
    // here.
    let records: Vec<Record> = records.into_iter().filter(|record| !record.is_inside()).collect();
    let names: Vec<String> = records.iter().map(|record| record.name.clone()).collect();
    // All names at once: /etc/jail.conf is read only once for them.
    let sources = Sources::found(&names, false);
    let sources = sources.map_err(|wrong| faults("jls", &wrong.0))?;
    let (mut lines, mut well) = (String::new(), true);
    for error in if one.is_none() { registry.broken() } else { Vec::new() } {
        complain!("jls: {error}");
        well = false;
    }
    if one.is_none() {
        registry.junk().iter().for_each(|junk| complain!("jls: {junk}"));
    }
    for record in &records {
        let compared = match wanted(record, sources.as_ref()) {
            Ok(Some(wanted)) => differences(record, &wanted),
            Ok(None) if one.is_some() => Err(format!("{}: no file describes it", record.name)),
            // The jail was described on a command line: no file is there to differ from.
            Ok(None) => Ok(String::new()),
            Err(line) => Err(line),
        };
        match compared {
            Ok(more) => lines += &more,
            Err(line) => {
                complain!("jls: {line}");
                well = false;
            }
        }
    }
    Ok((lines, well))
}

/// Reads what the file says of a jail. `None`: no file describes the jail.
fn wanted(record: &Record, sources: Option<&Sources>) -> Result<Option<Set>, String> {
    let Some(sources) = sources else { return Ok(None) };
    // A section may be named by the jid.
    let jid = record.jid.to_string();
    let mut names = [record.name.as_str(), &jid].into_iter();
    let Some(name) = names.find(|name| sources.has(name.as_bytes())) else { return Ok(None) };
    let given = sources.expand(name.as_bytes());
    let given = given.map_err(|wrong| faults("jls", &wrong.0))?;
    let wanted = Set::import(&given).map_err(|errors| faults("jls", &errors))?;
    let wanted = lifecycle::of_host_name(&wanted);
    let wanted = wanted.map_err(|error| format!("{}: {error}", record.name))?;
    Ok(Some(wanted.into_owned()))
}

fn differences(record: &Record, wanted: &Set) -> Result<String, String> {
    let has = recorded::read(record).map_err(|error| error.to_string())?;
    let mut lines = String::new();
    for parameter in jailparam::shown() {
        if parameter.access == Access::ReadOnly || param::CPUSET_ID.is(parameter) {
            continue;
        }
        let given = wanted.given(parameter).is_some();
        // A parameter that neither the jail nor the file was given cannot differ. A jid or a name
        // that the file leaves open may have any value.
        let open = !given && (param::JID.is(parameter) || param::NAME.is(parameter));
        let was_given = record.parameter(parameter.name).is_some();
        if open || !(given || was_given) || same(parameter, &has, wanted) {
            continue;
        }
        let (old, new) = (word(parameter, &has), word(parameter, wanted));
        let name = &record.name;
        // Without a jid jail(8) finds the jail by its name, and so cannot change that.
        let finds = param::NAME.is(parameter) && wanted.given(param::JID.parameter()).is_none();
        let remedy = if finds { "restart" } else { remedy(parameter, given) };
        lines += &format!("{name}: {old} -> {new} ({remedy})\n");
    }
    Ok(lines + &mounts(record, wanted)?)
}

/// A line for each mount that the jail has to lose or to get.
fn mounts(record: &Record, wanted: &Set) -> Result<String, String> {
    let name = &record.name;
    let differ = mounts_that_differ(record, wanted);
    let (lines, is_live) = differ.map_err(|error| format!("{name}: {error}"))?;
    let remedy = if is_live { "jail -m" } else { "restart" };
    let plain = |line: &String| line.replace('\n', "\\n");
    Ok(lines.iter().map(|line| format!("{name}: {} ({remedy})\n", plain(line))).collect())
}

/// Answers how the jail can get the value of its file.
fn remedy(parameter: &Parameter, given: bool) -> &'static str {
    match (parameter.access, given) {
        (Access::Live, true) if parameter.name.starts_with("allow.") => {
            // Filter and capabilities of a process cannot be widened from outside.
            "jail -m, for processes that enter from then on"
        }
        (Access::Live, true) => "jail -m",
        (Access::Live, false) => "restart, or jail -m once the file says it",
        (Access::Create | Access::ReadOnly, _) => "restart",
    }
}

fn same(parameter: &Parameter, has: &Set, wanted: &Set) -> bool {
    match (value(parameter, has), value(parameter, wanted)) {
        // Two paths may be written differently, and still be one directory.
        (Some(Value::Text(one)), Some(Value::Text(other))) if param::PATH.is(parameter) => {
            same_place(&one, &other)
        }
        (one, other) => one == other,
    }
}

/// Answers the value of a parameter. A text or a list that was not given is empty, so that it
/// equals one that was given as empty.
fn value(parameter: &Parameter, set: &Set) -> Option<Value> {
    set.exported(parameter).or_else(|| match parameter.kind {
        Kind::Text(_) => Some(Value::Text(Vec::new())),
        Kind::List => Some(Value::List(Vec::new())),
        _ => None,
    })
}

/// Writes the parameter as jail(8) takes it.
fn word(parameter: &Parameter, set: &Set) -> String {
    let word = set.assignment(parameter, true);
    let word = word.unwrap_or_else(|| format!("{}=\"\"", parameter.name).into_bytes());
    String::from_utf8_lossy(&word).replace('\n', "\\n")
}
