//! The language of route(8): a command line in, a [`RouteCommand`] out, and the lines that route(8)
//! prints.

mod catalogue;
mod command;
mod destination;
mod error;
mod reader;
mod report;

pub use catalogue::language;
pub use command::{Gateway, IpFamily, RouteCommand, Verb};
pub use error::UsageError;
pub use report::{change_lines, description, flushed_line, net};

use catalogue::Modifier;
use reader::RouteReader;

use crate::word::{Found, Support};

/// Reads a command line.
///
/// # Errors
/// The command line is wrong, or asks for something that is not supported here.
pub fn parse(arguments: &[String]) -> Result<RouteCommand, UsageError> {
    let mut reader = RouteReader::default();
    let mut words = arguments.iter().map(String::as_str);
    let verb_text = options(&mut reader, &mut words)?;
    let found = catalogue::find_verb(verb_text);
    let verb = action(found, verb_text, verb_text)?;
    while let Some(word) = words.next() {
        // Modifiers may stand anywhere; what has no minus counts by its place.
        let Some(keyword) = word.strip_prefix('-') else {
            reader.positional(word)?;
            continue;
        };
        match action(catalogue::find_modifier(keyword), word, keyword)? {
            Modifier::Alone(act) => act(&mut reader)?,
            Modifier::With(_, act) => act(&mut reader, words.next().ok_or(UsageError::Usage)?)?,
        }
    }
    reader.finish(verb, verb_text)
}

/// The action of a word that was looked up. `word` is the word as it was written, and `keyword` is
/// the same without a minus.
fn action<A: Copy>(
    found: Option<Found<'_, A>>,
    word: &str,
    keyword: &str,
) -> Result<A, UsageError> {
    match found.map(|found| found.row.support) {
        Some(Support::Full(action) | Support::Partly(action, _)) => Ok(action),
        Some(Support::Refused(_) | Support::Absent) => {
            Err(UsageError::NotSupported(word.to_owned()))
        }
        // Said apart from a mistake: the administrator's script is right on FreeBSD.
        None if catalogue::is_freebsds(keyword) => Err(UsageError::NotSupported(word.to_owned())),
        None => {
            let meant = nearest::nearest(keyword, catalogue::keywords());
            Err(UsageError::BadKeyword(keyword.to_owned(), meant))
        }
    }
}

/// Reads the options and answers the verb.
fn options<'a>(
    reader: &mut RouteReader<'a>,
    words: &mut impl Iterator<Item = &'a str>,
) -> Result<&'a str, UsageError> {
    while let Some(word) = words.next() {
        let Some(letters) = word.strip_prefix('-') else { return Ok(word) };
        for (at, letter) in letters.char_indices() {
            match letter {
                '4' => reader.set_family(IpFamily::Inet),
                '6' => reader.set_family(IpFamily::Inet6),
                'q' => reader.quiet = true,
                // Addresses are never turned into names here.
                'n' => {}
                // As with getopt(3), the name is the rest of the word or the next word.
                'j' => {
                    let attached = &letters[at + 1..];
                    let name = Some(attached).filter(|name| !name.is_empty());
                    let name = name.or_else(|| words.next()).ok_or(UsageError::Usage)?;
                    reader.jail = Some(name.to_owned());
                    break;
                }
                'd' | 't' | 'v' => return Err(UsageError::NotSupported(format!("-{letter}"))),
                _ => return Err(UsageError::Usage),
            }
        }
    }
    Err(UsageError::Usage)
}

#[cfg(test)]
mod tests;
