//! The parameters of one interface, word by word, each as the catalogue says.

use super::catalogue;
use super::configuration::Configuration;
use super::error::UsageError;
use super::reader::ParameterReader;
use crate::word::Support;

/// Reads the parameters of one interface.
pub(super) fn read(interface: &str, words: &[String]) -> Result<Configuration, UsageError> {
    let mut reader = ParameterReader::new(interface);
    let mut words = words.iter().map(String::as_str);
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
