//! What a word of ifconfig(8) does with the line that is being read.

use std::iter::Peekable;

use super::error::UsageError;
use super::family::AddressFamily;
use super::reader::ParameterReader;
use crate::word::{Argument, Said, Takes};

type Outcome = Result<(), UsageError>;

/// What a word does, by how many words follow it.
#[derive(Debug, Clone, Copy)]
pub(super) enum Action {
    /// The word is a family of addresses.
    Family(AddressFamily),
    /// Nothing follows.
    Alone(fn(&mut ParameterReader, Said<'_>) -> Outcome),
    /// One word follows.
    With(Argument, fn(&mut ParameterReader, Said<'_>, &str) -> Outcome),
    /// One word follows, and then any of these words with a value each.
    WithOptions(
        Argument,
        &'static [&'static str],
        fn(&mut ParameterReader, &str, &[(&str, &str)]) -> Outcome,
    ),
    /// Two words follow.
    WithTwo([Argument; 2], fn(&mut ParameterReader, Said<'_>, [&str; 2]) -> Outcome),
}

impl Takes for Action {
    fn arguments(&self) -> Vec<Argument> {
        match self {
            Self::Family(_) | Self::Alone(_) => Vec::new(),
            Self::With(argument, _) | Self::WithOptions(argument, ..) => vec![*argument],
            Self::WithTwo(arguments, _) => arguments.to_vec(),
        }
    }
}

impl Action {
    /// Does what the word does; `rest` are the words after it.
    pub(super) fn run<'a>(
        self,
        reader: &mut ParameterReader,
        said: Said<'a>,
        rest: &mut Peekable<impl Iterator<Item = &'a str>>,
    ) -> Outcome {
        // A word that is missing is reported before the word does anything.
        let mut argument =
            || rest.next().ok_or_else(|| UsageError::RequiresArgument(said.word.to_owned()));
        match self {
            Self::Family(family) => reader.set_family(family),
            Self::Alone(act) => act(reader, said),
            Self::With(_, act) => act(reader, said, argument()?),
            Self::WithOptions(_, options, act) => {
                let first = argument()?;
                let mut said = Vec::new();
                while let Some(option) = rest.next_if(|word| options.contains(word)) {
                    let missing = || UsageError::RequiresArgument(option.to_owned());
                    said.push((option, rest.next().ok_or_else(missing)?));
                }
                act(reader, first, &said)
            }
            Self::WithTwo(_, act) => act(reader, said, [argument()?, argument()?]),
        }
    }
}
