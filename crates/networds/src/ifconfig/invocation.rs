//! The command line of ifconfig(8), read as a whole before anything is changed.
//!
//! As on FreeBSD the address comes after the other changes, wherever it was written. A parameter
//! that FreeBSD's ifconfig has and this one lacks is refused by name.

use super::catalogue;
use super::configuration::Configuration;
use super::error::UsageError;
use super::family::AddressFamily;
use super::format::Format;
use super::parameters;
use super::selection::{Selection, Separator};

/// A whole command line.
#[derive(Debug, PartialEq, Eq)]
pub struct Invocation {
    /// `-j`: the jail whose network is meant.
    pub jail: Option<String>,
    /// What is asked for.
    pub purpose: Purpose,
}

/// What a command line asks for.
#[derive(Debug, PartialEq, Eq)]
pub enum Purpose {
    /// `-C`: the kinds that `create` knows.
    Cloners,
    /// `-l`, `-g GROUP`: names alone, all on one line or one on each.
    Names(Selection, Separator),
    /// `-a`, no argument, or an interface alone.
    List(Selection),
    /// An interface, and words that change it.
    Configure(Configuration),
}

/// Reads a command line.
///
/// # Errors
/// The command line is wrong, or asks for something that is not supported here.
pub fn parse(arguments: &[String]) -> Result<Invocation, UsageError> {
    parse_with(Format::default(), arguments)
}

/// Reads a command line; addresses are written as in `format` unless the line says otherwise.
///
/// # Errors
/// As [`parse`].
pub fn parse_with(format: Format, arguments: &[String]) -> Result<Invocation, UsageError> {
    let mut options = LeadingOptions::default();
    options.selection.format = format;
    let rest = options.read(arguments)?;
    let jail = options.jail.take();
    let purpose = options.purpose(rest)?;
    Ok(Invocation { jail, purpose })
}

/// The options before the interface.
#[derive(Default)]
struct LeadingOptions {
    all: bool,
    names: bool,
    cloners: bool,
    jail: Option<String>,
    selection: Selection,
}

impl LeadingOptions {
    /// Reads the leading options, as getopt(3) would. Answers the words after them.
    fn read<'a>(&mut self, arguments: &'a [String]) -> Result<&'a [String], UsageError> {
        let mut rest = arguments;
        while let [first, after @ ..] = rest {
            let Some(letters) = first.strip_prefix('-').filter(|letters| !letters.is_empty())
            else {
                break;
            };
            rest = after;
            match letters {
                // getopt(3): what follows `--` is no option.
                "-" => break,
                letters => rest = self.read_letters(letters, rest)?,
            }
        }
        Ok(rest)
    }

    /// Reads the letters of one word. The argument of an option is the rest of the word or the
    /// first word of `rest`. Answers the words after that.
    fn read_letters<'a>(
        &mut self,
        letters: &str,
        rest: &'a [String],
    ) -> Result<&'a [String], UsageError> {
        // As with getopt(3), `-lu` is `-l -u`, and `-gjails` is `-g jails`.
        for (at, letter) in letters.char_indices() {
            let flag = catalogue::FLAGS.iter().find(|flag| flag.letter == letter);
            let flag = flag.ok_or(UsageError::Option(letter))?;
            if flag.argument.is_none() {
                self.set(letter)?;
                continue;
            }
            let attached = &letters[at + letter.len_utf8()..];
            if !attached.is_empty() {
                self.set_to(letter, attached)?;
                return Ok(rest);
            }
            let (value, rest) = rest.split_first().ok_or(UsageError::Usage)?;
            self.set_to(letter, value)?;
            return Ok(rest);
        }
        Ok(rest)
    }

    fn set(&mut self, letter: char) -> Result<(), UsageError> {
        match letter {
            'a' => self.all = true,
            'l' => self.names = true,
            'C' => self.cloners = true,
            'L' => self.selection.lifetimes = true,
            // FreeBSD prints its usage if both `-u` and `-d` are given.
            'u' if self.selection.up != Some(false) => self.selection.up = Some(true),
            'd' if self.selection.up != Some(true) => self.selection.up = Some(false),
            'u' | 'd' => return Err(UsageError::Usage),
            // No module is ever loaded by this program.
            'n' => {}
            other => return Err(UsageError::Option(other)),
        }
        Ok(())
    }

    fn set_to(&mut self, letter: char, value: &str) -> Result<(), UsageError> {
        match letter {
            'f' => self.selection.format.read(value)?,
            'G' => self.selection.without = Some(value.to_owned()),
            'g' => self.selection.group = Some(value.to_owned()),
            'j' => self.jail = Some(value.to_owned()),
            other => return Err(UsageError::Option(other)),
        }
        Ok(())
    }

    /// Decides what these options and the words after them ask for.
    fn purpose(mut self, rest: &[String]) -> Result<Purpose, UsageError> {
        if self.cloners {
            return Ok(Purpose::Cloners);
        }
        // `-l` lists all interfaces anyway. FreeBSD prints its usage for the two together.
        if self.names && self.all {
            return Err(UsageError::Usage);
        }
        // With `-a` the group only limits a full listing.
        let group_alone = self.selection.group.is_some() && !self.all;
        if self.all || self.names || group_alone || rest.is_empty() {
            self.selection.family = match rest {
                [] => None,
                // A listing of several interfaces takes a family and nothing more.
                [word] => Some(family_of(word)?),
                _ => return Err(UsageError::Usage),
            };
            return Ok(match (self.names, group_alone) {
                (true, _) => Purpose::Names(self.selection, Separator::Blank),
                (false, true) => Purpose::Names(self.selection, Separator::Line),
                (false, false) => Purpose::List(self.selection),
            });
        }
        let (interface, words) = rest.split_first().ok_or(UsageError::Usage)?;
        match words {
            [] => self.selection.interface = Some(interface.clone()),
            // An interface and a family: a listing, and no address that could be set.
            [word] if catalogue::family(word).is_some() => {
                self.selection.interface = Some(interface.clone());
                self.selection.family = catalogue::family(word);
            }
            words => return parameters::read(interface, words).map(Purpose::Configure),
        }
        Ok(Purpose::List(self.selection))
    }
}

fn family_of(word: &str) -> Result<AddressFamily, UsageError> {
    catalogue::family(word).ok_or_else(|| UsageError::UnknownFamily(word.to_owned()))
}
