//! What the files say, as they say it: sections in file order, their assignments, and the pieces of each value.
//!
//! Sections and assignments keep their spans in their file, so that an editor can replace exactly them. Values lie in
//! one vector, their pieces in another: a configuration of 200,000 jails has few allocations.

use std::collections::HashMap;
use std::ops::Range;
use std::path::Path;
use std::sync::Arc;

use crate::diagnostic::Place;
use crate::names::{NameId, Names};
use crate::wildcard::Patterns;

/// A configuration: everything that one or more jail.conf(5) files say.
///
/// Made by [`Config::load`] or [`Config::parse`]; jails come out of it by [`Config::expand`].
#[derive(Clone, Debug)]
pub struct Config {
    pub(crate) files: Vec<File>,
    pub(crate) sections: Vec<Section>,
    pub(crate) values: Vec<Value>,
    pub(crate) pieces: Vec<Piece>,
    /// What escapes made of texts, one after the other.
    pub(crate) decoded: Vec<u8>,
    pub(crate) names: Names,
    /// The sections that are jails, not patterns, in file order.
    pub(crate) jails: Vec<u32>,
    /// The first section of each jail's name.
    pub(crate) by_name: HashMap<Box<[u8]>, u32>,
    pub(crate) patterns: Patterns,
}

#[derive(Clone, Debug)]
pub(crate) struct File {
    pub(crate) name: Arc<Path>,
    pub(crate) text: Vec<u8>,
}

/// Where something starts: a file by its number, a line and a column.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Position {
    pub(crate) file: u32,
    pub(crate) line: u32,
    pub(crate) column: u32,
}

/// `NAME { … }`; or, named `*`, all that stands outside of sections.
#[derive(Clone, Debug)]
pub(crate) struct Section {
    /// The full name: a section inside another one has the outer one's name and a dot before its own.
    pub(crate) name: Box<[u8]>,
    pub(crate) position: Position,
    /// Its name as it is written, which for a section inside another one is the last part only.
    pub(crate) name_span: Range<u32>,
    /// How many bytes of the name are the outer section's.
    pub(crate) outer: u32,
    /// From behind its `{` to before its `}`; empty for what stands outside of sections.
    pub(crate) body: Range<u32>,
    pub(crate) assignments: Vec<Assignment>,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Operator {
    /// `name;`
    Bare,
    /// `name = value;` or `name value;`
    Set,
    /// `name += value;`
    Append,
}

/// One statement that gives a parameter or a variable its value.
#[derive(Clone, Debug)]
pub(crate) struct Assignment {
    pub(crate) name: NameId,
    pub(crate) variable: bool,
    pub(crate) operator: Operator,
    /// Its values, in [`Config::values`].
    pub(crate) values: Range<u32>,
    pub(crate) position: Position,
    /// From the name's first byte to before the semicolon.
    pub(crate) span: Range<u32>,
}

/// One value of a list; a value that is no list is a list of one.
#[derive(Clone, Debug)]
pub(crate) struct Value {
    /// Its pieces, in [`Config::pieces`].
    pub(crate) pieces: Range<u32>,
    /// The file that it stands in.
    pub(crate) file: u32,
}

/// A part of a value: 12 bytes, as there are millions of them in a large configuration.
#[derive(Clone, Debug)]
pub(crate) enum Piece {
    /// These bytes of the file.
    Source(Range<u32>),
    /// These bytes of [`Config::decoded`].
    Decoded(Range<u32>),
    /// A variable.
    Variable(NameId),
}

impl Config {
    pub(crate) fn new() -> Self {
        Self {
            files: Vec::new(),
            sections: Vec::new(),
            values: Vec::new(),
            pieces: Vec::new(),
            decoded: Vec::new(),
            names: Names::new(),
            jails: Vec::new(),
            by_name: HashMap::new(),
            patterns: Patterns::default(),
        }
    }

    /// The names of all jails, in the order of the files; a jail that stands there twice is named twice.
    pub fn jails(&self) -> impl Iterator<Item = &[u8]> {
        self.jails.iter().map(|&section| &*self.sections[section as usize].name)
    }

    /// Whether a jail of this name is configured.
    pub fn has(&self, name: &[u8]) -> bool {
        self.by_name.contains_key(name)
    }

    /// The files that were read, in the order of reading.
    pub fn files(&self) -> impl Iterator<Item = &Path> {
        self.files.iter().map(|file| &*file.name)
    }

    pub(crate) fn place(&self, position: Position) -> Place {
        let file = Arc::clone(&self.files[position.file as usize].name);
        Place { file, line: position.line, column: position.column }
    }

    /// The text that a piece is, in a file that says `source`; none if it is a variable.
    pub(crate) fn text_of<'t>(&'t self, source: &'t [u8], piece: &Piece) -> Option<&'t [u8]> {
        match piece {
            Piece::Source(range) => Some(&source[range.start as usize..range.end as usize]),
            Piece::Decoded(range) => Some(&self.decoded[range.start as usize..range.end as usize]),
            Piece::Variable(_) => None,
        }
    }

    pub(crate) fn pieces_of(&self, value: &Value) -> &[Piece] {
        &self.pieces[value.pieces.start as usize..value.pieces.end as usize]
    }
}
