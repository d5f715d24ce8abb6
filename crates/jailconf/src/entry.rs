//! A parameter or a variable of a jail, on its way from pieces of files to values.
//!
//! The pieces of an assignment stay in their file until the value is made; [`crate::substitute`]
//! says when that is.

use crate::names::NameId;
use crate::tree::{Assignment, Config, Piece, Position};

/// A parameter or a variable of a jail.
pub(crate) struct Entry<'c> {
    pub(crate) name: NameId,
    /// Whether this is a variable, not a parameter.
    pub(crate) variable: bool,
    /// Whether the entry refuses a second assignment.
    pub(crate) fixed: bool,
    pub(crate) position: Position,
    /// The pieces that assignments give, each with the number of its file. `values` already has the
    /// pieces of the assignments before `done`.
    pub(crate) given: Vec<(u32, &'c [Piece])>,
    done: usize,
    pub(crate) values: Vec<Vec<u8>>,
    /// The value that is being made: its text so far.
    text: Vec<u8>,
    /// Whether variables in the pieces are still to be substituted.
    pub(crate) unfinished: bool,
    /// Whether the entry is part of a loop or refers to something unknown. Every entry that refers
    /// to a bad one is bad too.
    pub(crate) bad: bool,
    /// The round of [`crate::substitute`] that began this entry last: FreeBSD's `gen`.
    pub(crate) round: u32,
}

impl<'c> Entry<'c> {
    /// Makes an entry without values. The memory of the `old` entry, if there is one, is used
    /// again.
    pub(crate) fn new(
        name: NameId,
        variable: bool,
        position: Position,
        old: Option<Entry<'c>>,
    ) -> Self {
        // 200,000 jails have entries much alike: their vectors are allocated once.
        let (mut given, mut values) = old.map(|old| (old.given, old.values)).unwrap_or_default();
        given.clear();
        values.clear();
        Self {
            name,
            variable,
            fixed: false,
            position,
            given,
            done: 0,
            values,
            text: Vec::new(),
            unfinished: false,
            bad: false,
            round: 0,
        }
    }

    /// Adds the pieces of an assignment.
    pub(crate) fn give(&mut self, config: &'c Config, assignment: &Assignment) {
        let range = assignment.pieces.start as usize..assignment.pieces.end as usize;
        // A bare `name;` gives nothing, which is not the same as one empty value.
        if !range.is_empty() {
            self.given.push((assignment.position.file, &config.pieces[range]));
        }
    }

    /// Whether any piece is a variable.
    pub(crate) fn has_variables(&self) -> bool {
        let is_variable = |piece: &Piece| matches!(piece, Piece::Variable(_));
        self.given.iter().any(|(_, pieces)| pieces.iter().any(is_variable))
    }

    /// Makes values up to the next variable, and answers its name. That variable is then the first
    /// piece at `done`; `None` means that all values are made.
    pub(crate) fn take_text(&mut self, config: &Config) -> Option<NameId> {
        while let Some((file, pieces)) = self.given.get_mut(self.done) {
            let source = &config.files[*file as usize].text;
            while let [piece, rest @ ..] = *pieces {
                match piece {
                    Piece::Text(text) => self.text.extend_from_slice(&text.bytes(source)),
                    Piece::Comma => self.values.push(std::mem::take(&mut self.text)),
                    Piece::Variable(name) => return Some(*name),
                }
                // Behind the `return` above: a variable stays until `skip_variable`, as `has_more`
                // looks at the pieces behind it.
                *pieces = rest;
            }
            self.values.push(std::mem::take(&mut self.text));
            self.done += 1;
        }
        None
    }

    /// Whether the current value has any text besides the variable that is next.
    pub(crate) fn has_more(&self, config: &Config) -> bool {
        let Some(&(file, [_, rest @ ..])) = self.given.get(self.done) else { return false };
        let source = &config.files[file as usize].text;
        let value = rest.iter().take_while(|piece| !matches!(piece, Piece::Comma));
        // FreeBSD asks whether the value's text is empty, not whether it has one piece: `$list""`
        // may be a list.
        let mut texts = value.map(|piece| piece.text(source));
        !self.text.is_empty() || texts.any(|text| text.is_none_or(|text| !text.is_empty()))
    }

    /// Inserts the values of a variable at this point: the first into the text, the others behind
    /// it as values of their own.
    pub(crate) fn insert(&mut self, values: &[Vec<u8>]) {
        for (position, value) in values.iter().enumerate() {
            if position > 0 {
                self.values.push(std::mem::take(&mut self.text));
            }
            self.text.extend_from_slice(value);
        }
    }

    /// Moves behind the variable that is next.
    pub(crate) fn skip_variable(&mut self) {
        if let Some((_, pieces)) = self.given.get_mut(self.done) {
            *pieces = &pieces[1..];
        }
    }
}
