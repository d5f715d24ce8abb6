//! The parameters of one interface, word by word, each as the catalogue says.

use super::catalogue;
use super::configuration::Configuration;
use super::error::UsageError;
use super::reader::ParameterReader;
use crate::word::Support;

/// Reads the parameters of one interface: what follows its name on a command line, and in
/// `ifconfig_IF` of rc.conf(5).
///
/// # Errors
/// A word is none of ifconfig's, or is not supported here; all that follows a word is checked.
pub fn read(interface: &str, words: &[String]) -> Result<Configuration, UsageError> {
    let reader = ParameterReader::new(interface);
    read_all(reader, interface, words)
}

/// Reads what follows `create`, as `create_args_IF` of rc.conf(5) has it. A vlan is on `parent`
/// unless the words name another one.
///
/// # Errors
/// As [`read`], or no interface can be called like `parent`.
pub fn read_creation(
    interface: &str,
    parent: Option<&str>,
    words: &[String],
) -> Result<Configuration, UsageError> {
    let mut reader = ParameterReader::new(interface);
    reader.set_create()?;
    if let Some(parent) = parent {
        reader.creation().set_parent(parent)?;
    }
    read_all(reader, interface, words)
}

fn read_all(
    mut reader: ParameterReader,
    interface: &str,
    words: &[String],
) -> Result<Configuration, UsageError> {
    let mut words = words.iter().map(String::as_str).peekable();
    while let Some(word) = words.next() {
        let Some(found) = catalogue::find(word) else {
            // FreeBSD's ifconfig does the same: a word that it does not have is taken for an
            // address.
            reader.value(word)?;
            continue;
        };
        match found.row.support {
            Support::Full(action) | Support::Partly(action, _) => {
                action.run(&mut reader, found.said, &mut words)?;
            }
            Support::Refused(because) => {
                return Err(UsageError::NoCounterpart { word: word.to_owned(), because });
            }
            Support::Absent => return Err(UsageError::NotSupported(word.to_owned())),
        }
    }
    reader.finish(interface)
}
