//! jls(8): lists jails, in columns or as parameters.

use super::fail;
use jailconf::Place;
use jailparam::{Set, Value};
use prison::{Record, Registry};
use std::ffi::OsString;
use std::io::Write;
use std::os::unix::ffi::OsStrExt;
use std::process::ExitCode;

const USAGE: &str = "usage: jls [-dhNnqv] [-j jail] [param ...]\n";

/// Runs jls(8).
pub(crate) fn run(arguments: Vec<OsString>) -> ExitCode {
    let options = match Options::parse(arguments) {
        Ok(options) => options,
        Err(Some(line)) => return fail("jls", line),
        Err(None) => {
            eprint!("{USAGE}");
            return ExitCode::FAILURE;
        }
    };
    match options.list() {
        Ok(()) => ExitCode::SUCCESS,
        Err(line) => fail("jls", line),
    }
}

#[derive(Default)]
struct Options {
    /// Only this jail, by jid or name: `-j`.
    jail: Option<String>,
    /// A line of column names: `-h`.
    header: bool,
    /// The name in place of the jid: `-N`.
    name: bool,
    /// `name=value`: `-n`.
    assignments: bool,
    /// Quotes around values with spaces: `-q`.
    quotes: bool,
    /// Several lines a jail: `-v`.
    verbose: bool,
    parameters: Vec<String>,
}

impl Options {
    /// `Err(None)` when the usage is to be shown.
    fn parse(arguments: Vec<OsString>) -> Result<Self, Option<String>> {
        use lexopt::prelude::*;
        let mut parser = lexopt::Parser::from_args(arguments);
        let mut options = Self::default();
        while let Some(argument) = parser.next().map_err(|_| None)? {
            match argument {
                // Jails that are dying: here none stays in that state.
                Short('d' | 'a') => {}
                Short('h') => {
                    options.header = true;
                    options.verbose = false;
                }
                Short('j') => {
                    let jail = parser.value().map_err(|_| None)?;
                    options.jail = Some(jail.to_string_lossy().into_owned());
                }
                Short('N') => options.name = true,
                Short('n') => {
                    options.assignments = true;
                    options.verbose = false;
                }
                Short('q') => options.quotes = true,
                Short('v') => {
                    options.verbose = true;
                    options.header = false;
                    options.assignments = false;
                }
                Short('s') => return Err(Some("option -s is not supported yet".into())),
                Long("libxo") => return Err(Some("option --libxo is not supported yet".into())),
                Value(name) => options.parameters.push(name.to_string_lossy().into_owned()),
                Short(_) | Long(_) => return Err(None),
            }
        }
        Ok(options)
    }

    fn list(&self) -> Result<(), String> {
        let registry = Registry::open().map_err(|error| error.to_string())?;
        let records = match &self.jail {
            None => registry.prisons().map_err(|error| error.to_string())?,
            Some(jail) => {
                let found = registry.find(jail).map_err(|error| error.to_string())?;
                vec![found.ok_or_else(|| format!("jail \"{jail}\" not found"))?]
            }
        };
        for name in &self.parameters {
            if name != "all" && jailparam::shown().iter().all(|known| known.name != name) {
                return Err(format!("unknown parameter: {name}"));
            }
        }
        let mut out = self.headline().into_bytes();
        for record in &records {
            out.extend(self.lines(record)?);
        }
        // A reader that has gone, as with `jls | head`, is no error.
        let _ = std::io::stdout().lock().write_all(&out);
        Ok(())
    }

    /// Whether jails are shown in the default columns.
    fn in_columns(&self) -> bool {
        self.parameters.is_empty() && !self.assignments && !self.header
    }

    fn headline(&self) -> String {
        if self.verbose && self.parameters.is_empty() {
            let lines = [
                format!("{:>6}  {:<29} {}", "JID", "Hostname", "Path"),
                format!("        {:<29} {}", "Name", "State"),
                "        CPUSetID".into(),
                "        IP Address(es)\n".into(),
            ];
            return lines.join("\n");
        }
        if self.in_columns() {
            return if self.name {
                format!(" {:<15} {:<15} {:<29} {}\n", "JID", "IP Address", "Hostname", "Path")
            } else {
                format!("{:>6}  {:<15} {:<29} {}\n", "JID", "IP Address", "Hostname", "Path")
            };
        }
        if self.header { format!("{}\n", self.names().join(" ")) } else { String::new() }
    }

    /// The parameters to print: those named, or all.
    fn names(&self) -> Vec<&str> {
        if self.parameters.is_empty() || self.parameters.iter().any(|name| name == "all") {
            return jailparam::shown().into_iter().map(|parameter| parameter.name).collect();
        }
        self.parameters.iter().map(String::as_str).collect()
    }

    fn lines(&self, record: &Record) -> Result<Vec<u8>, String> {
        let set = parameters(record)?;
        if self.verbose && self.parameters.is_empty() {
            return Ok(verbose(record, &set));
        }
        if self.in_columns() {
            return Ok(self.columns(record, &set));
        }
        let words = self.names().into_iter().filter_map(|name| self.word(&set, name));
        let mut line = words.collect::<Vec<_>>().join(&b' ');
        line.push(b'\n');
        Ok(line)
    }

    fn columns(&self, record: &Record, set: &Set) -> Vec<u8> {
        let address = set.list("ip4.addr").first().cloned().unwrap_or_default();
        let address = String::from_utf8_lossy(&address).into_owned();
        let hostname = shown(set, "host.hostname");
        let mut line = if self.name {
            format!(" {:<15} {address:<15.15} {hostname:<29.29} ", record.name)
        } else {
            format!("{:>6}  {address:<15.15} {hostname:<29.29} ", record.jid)
        }
        .into_bytes();
        line.extend(path(record));
        line
    }

    /// One parameter of a line; `None` when this kind of line leaves it out.
    fn word(&self, set: &Set, name: &str) -> Option<Vec<u8>> {
        if self.assignments {
            return set.assignment(name, self.quotes);
        }
        Some(match set.get(name) {
            None | Some(Value::List(_)) if set.given(name).is_none() => b"-".to_vec(),
            Some(Value::Text(text)) if text.is_empty() => b"\"\"".to_vec(),
            Some(Value::Text(text)) if self.quotes => jailparam::in_quotes(&text),
            Some(Value::Text(text)) => text,
            Some(value) => value.to_string().into_bytes(),
            None => b"-".to_vec(),
        })
    }
}

fn shown(set: &Set, name: &str) -> String {
    String::from_utf8_lossy(&set.text(name).unwrap_or_default()).into_owned()
}

/// The path column, the last: at most 74 bytes, as on FreeBSD.
fn path(record: &Record) -> Vec<u8> {
    let path = record.path.as_os_str().as_bytes();
    [&path[..path.len().min(74)], b"\n"].concat()
}

fn verbose(record: &Record, set: &Set) -> Vec<u8> {
    let hostname = shown(set, "host.hostname");
    let mut lines = format!("{:>6}  {hostname:<29.29} ", record.jid).into_bytes();
    lines.extend(path(record));
    let cpuset = set.int("cpuset.id").unwrap_or(0);
    let rest = format!("        {:<29.29} ACTIVE\n        {cpuset}\n", record.name);
    lines.extend(rest.into_bytes());
    for address in set.list("ip4.addr").iter().chain(set.list("ip6.addr")) {
        lines.extend([b"        ", address.as_slice(), b"\n"].concat());
    }
    lines
}

/// The parameters of a prison: those it was given, and what it has become.
fn parameters(record: &Record) -> Result<Set, String> {
    let place = Place::command_line();
    let parameters = record.parameters.iter().map(|(name, value)| jailconf::Parameter {
        name: name.clone().into_bytes(),
        values: vec![value.clone()],
        place: place.clone(),
    });
    let jail = jailconf::Jail {
        name: record.name.clone().into_bytes(),
        place: place.clone(),
        parameters: parameters.collect(),
    };
    let mut set = Set::import(&jail).map_err(|errors| {
        errors.first().map_or_else(String::new, |error| format!("/run/kletka: {error}"))
    })?;
    set.put("jid", Value::Int(record.jid.into()));
    set.put("name", Value::Text(record.name.clone().into_bytes()));
    set.put("path", Value::Text(record.path.as_os_str().as_bytes().to_vec()));
    Ok(set)
}
