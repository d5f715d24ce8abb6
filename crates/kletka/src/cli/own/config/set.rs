//! `kletka config set`: changes parameters of one jail, in the file that has the jail's section.
//! All changes are made, or none.
//!
//! `PARAM=VALUE` replaces what the jail's section gives, `PARAM` alone sets a parameter without a
//! value, `PARAM+=VALUE` adds a value, and `-PARAM` removes the parameter. A list is given by
//! several words: the first replaces, the others add. A value is taken as it is: a `$` begins no
//! variable. A change is written only if jail(8) takes the result.

use super::{NAME, Wrong, configuration_of};
use crate::cli::answer::faults;
use jailconf::{Config, Document, EditError, Files, Loader, same_parameter};
use jailparam::{Problem, Set, param};
use std::ffi::OsString;
use std::io;
use std::os::unix::ffi::OsStrExt;
use std::path::{Path, PathBuf};

/// One word of the command line.
#[derive(Debug, PartialEq, Eq)]
enum Edit {
    Set(Vec<u8>, Vec<Vec<u8>>),
    Append(Vec<u8>, Vec<u8>),
    Remove(Vec<u8>),
}

/// Changes a jail.
pub(super) fn run(arguments: Vec<OsString>) -> Result<bool, Wrong> {
    let mut words = arguments.into_iter().peekable();
    let mut file = None;
    // getopt(3) is of no use here: a word with a dash is an option before the jail's name, and
    // removes a parameter behind it.
    while let Some(option) = words.next_if(|word| word.as_bytes().starts_with(b"-")) {
        match option.as_bytes() {
            b"-f" => file = Some(PathBuf::from(words.next().ok_or(Wrong::Usage)?)),
            _ => return Err(Wrong::Usage),
        }
    }
    let name = words.next().ok_or(Wrong::Usage)?;
    let edits = edits(words.map(|word| word.as_bytes().to_vec()))?;
    let shown = name.to_string_lossy();
    if edits.is_empty() {
        // Only a value or a dash shows that the word is none of a jail.
        if shown.contains('=') {
            let why = format!("{shown}: is not the name of a jail, which stands before parameters");
            return Err(format!("{why}: kletka config set JAIL {shown}").into());
        }
        return Err(Wrong::Usage);
    }
    edits.iter().try_for_each(with_end_of_line)?;
    if file.as_deref() == Some(Path::new("-")) {
        return Err("standard input cannot be changed".to_owned().into());
    }
    let sources = configuration_of(file.as_deref(), &name)?;
    let jail = name.as_bytes();
    let expanded = sources.expand(jail).map_err(|wrong| faults(NAME, &wrong.0))?;
    // The section may stand in an included file, which is the one that is changed. The result is
    // checked from the file that includes it, as jail(8) would read it.
    let section = expanded.place.file.to_path_buf();
    let main = sources.of(jail).and_then(|config| config.files().next()).unwrap_or(&section);
    // The text is read again under the lock of `edit`: another command may have changed the file
    // since.
    let done = conffile::edit(&section, |old| {
        let new = change(&section, old, jail, &edits)?;
        check(main, &section, &new, jail, &edits)?;
        Ok::<_, String>(new)
    });
    done.map_err(|error| error.to_string())?;
    let jail = name.to_string_lossy();
    doubts(&edits).for_each(|doubt| complain!("{NAME}: warning: {jail}: {doubt}"));
    Ok(true)
}

/// Refuses a value with the `;` that ends a line of the file, where it is part of no value. One
/// that is quoted, as for find(1), stays.
fn with_end_of_line(edit: &Edit) -> Result<(), String> {
    let (name, values) = match edit {
        Edit::Set(name, values) => (name, values.as_slice()),
        Edit::Append(name, value) => (name, std::slice::from_ref(value)),
        Edit::Remove(_) => return Ok(()),
    };
    match values.iter().find(|value| value.ends_with(b";") && !value.ends_with(b"\\;")) {
        Some(value) => Err(format!(
            "{}: {}: leave the last \";\" out, which is no part of the value: the file gets its own",
            String::from_utf8_lossy(name),
            String::from_utf8_lossy(value)
        )),
        None => Ok(()),
    }
}

/// What may not be meant, of edits that were made.
fn doubts(edits: &[Edit]) -> impl Iterator<Item = String> {
    let given = edits.iter().filter_map(|edit| match edit {
        Edit::Set(name, values) => Some((name, values.as_slice())),
        Edit::Append(name, value) => Some((name, std::slice::from_ref(value))),
        Edit::Remove(_) => None,
    });
    given.filter_map(|(name, values)| {
        let name = String::from_utf8_lossy(name);
        // A shell has replaced a variable that it does not know by nothing.
        if param::PATH.is_called(name.as_bytes()) && values.iter().any(Vec::is_empty) {
            return Some(format!("{name}: is empty now; a shell replaces $NAME outside of ' '"));
        }
        let variable = values.iter().any(|value| {
            let dollars = value.windows(2).filter(|two| two[0] == b'$');
            dollars.into_iter().any(|two| two[1] == b'{' || two[1].is_ascii_alphabetic())
        });
        // The shell of a command has variables of its own.
        let is_command = name.starts_with("exec.");
        (variable && !is_command).then(|| {
            format!("{name}: $ stands for itself here; a variable is written into the file by hand")
        })
    })
}

fn edits(words: impl Iterator<Item = Vec<u8>>) -> Result<Vec<Edit>, Wrong> {
    let mut edits: Vec<Edit> = Vec::new();
    let mut words = words;
    while let Some(word) = words.next() {
        let removed = match word.as_slice() {
            b"--unset" => Some(words.next().ok_or(Wrong::Usage)?),
            [b'-', name @ ..] => Some(name.to_vec()),
            _ => None,
        };
        let edit = match removed {
            Some(name) => Edit::Remove(name),
            None => assignment(&word, &edits),
        };
        let (Edit::Set(name, _) | Edit::Append(name, _) | Edit::Remove(name)) = &edit;
        if name.is_empty() {
            return Err(Wrong::Usage);
        }
        edits.push(edit);
    }
    Ok(edits)
}

fn assignment(word: &[u8], before: &[Edit]) -> Edit {
    let Some(equals) = word.iter().position(|&byte| byte == b'=') else {
        return Edit::Set(word.to_vec(), Vec::new());
    };
    let (name, value) = (&word[..equals], word[equals + 1..].to_vec());
    let again = |edit: &Edit| matches!(edit, Edit::Set(known, _) if known == name);
    match name.strip_suffix(b"+") {
        Some(name) => Edit::Append(name.to_vec(), value),
        None if before.iter().any(again) => Edit::Append(name.to_vec(), value),
        None => Edit::Set(name.to_vec(), vec![value]),
    }
}

/// Answers the text of the file after all edits.
fn change(file: &Path, old: &[u8], jail: &[u8], edits: &[Edit]) -> Result<Vec<u8>, String> {
    let document = Document::new(file, old);
    let mut document = document.map_err(|wrong| faults(NAME, &wrong.0))?;
    let failed = |error: EditError| match error {
        EditError::Parse(wrong) => faults(NAME, &wrong.0),
        error => format!("{}: {error}", file.display()),
    };
    for edit in edits {
        match edit {
            Edit::Set(name, values) => {
                let values: Vec<&[u8]> = values.iter().map(Vec::as_slice).collect();
                document.set(jail, name, &values).map_err(failed)?;
            }
            Edit::Append(name, value) => document.append(jail, name, &[value]).map_err(failed)?,
            Edit::Remove(name) => {
                if !document.remove(jail, name).map_err(failed)? {
                    let text = String::from_utf8_lossy;
                    let (jail, name) = (text(jail), text(name));
                    return Err(format!("{jail}: {name} is not set in {}", file.display()));
                }
            }
        }
    }
    Ok(document.text().to_vec())
}

/// Checks that jail(8) would take the jail after the change. Errors of parameters that are not
/// changed are ignored: they must not keep anybody from mending a file step by step.
fn check(main: &Path, file: &Path, new: &[u8], jail: &[u8], edits: &[Edit]) -> Result<(), String> {
    let config = Config::load(&Changed { file, new }, main);
    let jail = config.and_then(|config| config.expand(jail));
    let jail = jail.map_err(|wrong| faults(NAME, &wrong.0))?;
    let changed = |name: &[u8]| {
        edits.iter().any(|edit| match edit {
            Edit::Set(known, _) | Edit::Append(known, _) => same_parameter(known, name),
            Edit::Remove(_) => false,
        })
    };
    let mut errors = Set::import(&jail).err().unwrap_or_default();
    // This error is about two parameters: a change of either one can cause it.
    let concerns = |error: &jailparam::Error| match error.problem {
        Problem::VnetAddresses => {
            changed(param::VNET.name.as_bytes()) || changed(error.parameter.as_bytes())
        }
        _ => changed(error.parameter.as_bytes()),
    };
    errors.retain(concerns);
    let lines: Vec<String> = errors.iter().map(ToString::to_string).collect();
    if lines.is_empty() { Ok(()) } else { Err(lines.join(&format!("\n{NAME}: "))) }
}

/// The files as they would be after the change.
struct Changed<'a> {
    file: &'a Path,
    new: &'a [u8],
}

impl Loader for Changed<'_> {
    fn read(&self, path: &Path) -> io::Result<Vec<u8>> {
        if path == self.file { Ok(self.new.to_vec()) } else { Files.read(path) }
    }

    fn glob(&self, pattern: &[u8]) -> io::Result<Vec<PathBuf>> {
        Files.glob(pattern)
    }
}
