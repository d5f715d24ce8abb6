//! A parameter or a variable of a jail, on its way from pieces of files to values.
//!
//! What assignments give stays where the files have it until the value is made;
//! [`crate::substitute`] says when.

use crate::names::NameId;
use crate::tree::{Assignment, Config, Piece, Position};

/// A parameter or a variable of a jail.
pub(crate) struct Entry<'c> {
    pub(crate) name: NameId,
    pub(crate) variable: bool,
    /// It is set once and for all.
    pub(crate) fixed: bool,
    pub(crate) position: Position,
    /// What assignments give it, and from which file. Those before `done` are in `values`.
    pub(crate) given: Vec<(u32, &'c [Piece])>,
    done: usize,
    pub(crate) values: Vec<Vec<u8>>,
    /// The value that is being made.
    text: Vec<u8>,
    /// It has variables that are not substituted yet.
    pub(crate) unfinished: bool,
    /// It is part of a loop or refers to something unknown, and so does all that refers to it.
    pub(crate) bad: bool,
    /// The round in which it was last begun: FreeBSD's `gen`.
    pub(crate) round: u32,
}

impl<'c> Entry<'c> {
    /// An entry that has nothing, in the memory of an `old` one if there is one.
    pub(crate) fn new(
        name: NameId,
        variable: bool,
        position: Position,
        old: Option<Entry<'c>>,
    ) -> Self {
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

    /// Adds what an assignment gives.
    pub(crate) fn give(&mut self, config: &'c Config, assignment: &Assignment) {
        let range = assignment.pieces.start as usize..assignment.pieces.end as usize;
        if !range.is_empty() {
            self.given.push((assignment.position.file, &config.pieces[range]));
        }
    }

    pub(crate) fn has_variables(&self) -> bool {
        let is_variable = |piece: &Piece| matches!(piece, Piece::Variable(_));
        self.given.iter().any(|(_, pieces)| pieces.iter().any(is_variable))
    }

    /// Makes values up to the next variable, which is then the first piece at `done`.
    pub(crate) fn take_text(&mut self, config: &Config) -> Option<NameId> {
        while let Some((file, pieces)) = self.given.get_mut(self.done) {
            let source = &config.files[*file as usize].text;
            while let [piece, rest @ ..] = *pieces {
                match piece {
                    Piece::Text(text) => self.text.extend_from_slice(&text.bytes(source)),
                    Piece::Comma => self.values.push(std::mem::take(&mut self.text)),
                    Piece::Variable(name) => return Some(*name),
                }
                *pieces = rest;
            }
            self.values.push(std::mem::take(&mut self.text));
            self.done += 1;
        }
        None
    }

    /// Whether anything but the variable that is next makes this value.
    pub(crate) fn has_more(&self, config: &Config) -> bool {
        let Some(&(file, [_, rest @ ..])) = self.given.get(self.done) else { return false };
        let source = &config.files[file as usize].text;
        let value = rest.iter().take_while(|piece| !matches!(piece, Piece::Comma));
        let mut texts = value.map(|piece| piece.text(source));
        !self.text.is_empty() || texts.any(|text| text.is_none_or(|text| !text.is_empty()))
    }

    /// Puts values where this entry is: the first into the text, the others behind it as values of
    /// their own.
    pub(crate) fn insert(&mut self, values: &[Vec<u8>]) {
        for (position, value) in values.iter().enumerate() {
            if position > 0 {
                self.values.push(std::mem::take(&mut self.text));
            }
            self.text.extend_from_slice(value);
        }
    }

    /// Goes on behind the variable that is next.
    pub(crate) fn skip_variable(&mut self) {
        if let Some((_, pieces)) = self.given.get_mut(self.done) {
            *pieces = &pieces[1..];
        }
    }
}
