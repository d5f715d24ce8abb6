//! The tree of what the files say: sections in file order, their assignments, and the pieces of
//! each value.
//!
//! Sections and assignments keep their spans in the file, so that an editor can replace exactly
//! them. All assignments are in one vector and all pieces in another, and texts stay in their
//! files: a configuration of 200,000 jails has few allocations.

use std::borrow::Cow;
use std::ops::Range;
use std::path::Path;
use std::sync::Arc;

use crate::diagnostic::Place;
use crate::lexer::Text;
use crate::names::{NameId, Names};
use crate::wildcard::Patterns;

/// A configuration: everything that one or more jail.conf(5) files say.
///
/// [`Config::load`] and [`Config::parse`] make it; [`Config::expand`] makes jails of it.
#[derive(Clone, Debug)]
pub struct Config {
    pub(crate) files: Vec<File>,
    pub(crate) sections: Vec<Section>,
    pub(crate) assignments: Vec<Assignment>,
    pub(crate) pieces: Vec<Piece>,
    pub(crate) names: Names,
    /// The sections that are jails, not patterns, in file order.
    pub(crate) jails: Vec<u32>,
    /// The same, sorted by name; those of one name are in file order.
    pub(crate) by_name: Vec<u32>,
    pub(crate) patterns: Patterns,
}

#[derive(Clone, Debug)]
pub(crate) struct File {
    pub(crate) name: Arc<Path>,
    pub(crate) text: Vec<u8>,
}

/// Where something starts: the number of its file, the byte in that file, and the byte's line and
/// column.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Position {
    pub(crate) file: u32,
    pub(crate) at: u32,
    pub(crate) line: u32,
    pub(crate) column: u32,
}

/// `NAME { … }`; or, with the name `*`, all that is outside of sections.
#[derive(Clone, Debug)]
pub(crate) struct Section {
    /// The full name. The name of a section inside another one begins with the outer one's name and
    /// a dot.
    pub(crate) name: Box<[u8]>,
    pub(crate) position: Position,
    /// Where its name is written; of a section inside another one, that is the last part only.
    pub(crate) name_span: Range<u32>,
    /// How many bytes of the full name come from the outer section.
    pub(crate) outer: u32,
    /// The bytes between its `{` and its `}`; empty for what is outside of sections.
    pub(crate) body: Range<u32>,
    /// The first and the last assignment, or [`NONE`]. Each assignment names the next one, because
    /// those of other sections or files may be between them.
    pub(crate) first: u32,
    pub(crate) last: u32,
}

/// The number of no assignment.
pub(crate) const NONE: u32 = u32::MAX;

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
    /// The pieces of its values, in [`Config::pieces`].
    pub(crate) pieces: Range<u32>,
    /// Where its name starts.
    pub(crate) position: Position,
    /// Where its semicolon is.
    pub(crate) end: u32,
    /// The section's next assignment, or [`NONE`].
    pub(crate) next: u32,
}

impl Assignment {
    /// The bytes from the name to before the semicolon.
    pub(crate) fn span(&self) -> Range<usize> {
        self.position.at as usize..self.end as usize
    }
}

/// A piece of a value. It has 12 bytes, as a large configuration has millions of pieces.
#[derive(Clone, Debug)]
pub(crate) enum Piece {
    /// Text of the assignment's file.
    Text(Text),
    /// A variable.
    Variable(NameId),
    /// The end of one value: another one follows.
    Comma,
}

impl Config {
    pub(crate) fn new() -> Self {
        Self {
            files: Vec::new(),
            sections: Vec::new(),
            assignments: Vec::new(),
            pieces: Vec::new(),
            names: Names::new(),
            jails: Vec::new(),
            by_name: Vec::new(),
            patterns: Patterns::default(),
        }
    }

    /// The names of all jails, in the order of the files. A jail that is described twice is named
    /// twice.
    pub fn jails(&self) -> impl Iterator<Item = &[u8]> {
        self.jails.iter().map(|&section| self.name_of(section))
    }

    /// Whether a jail of this name is configured.
    pub fn has(&self, name: &[u8]) -> bool {
        self.first_of(name).is_some()
    }

    /// The files that were read, in the order of reading.
    pub fn files(&self) -> impl Iterator<Item = &Path> {
        self.files.iter().map(|file| &*file.name)
    }

    pub(crate) fn name_of(&self, section: u32) -> &[u8] {
        &self.sections[section as usize].name
    }

    /// Finds the first section of the jail `name`.
    pub(crate) fn first_of(&self, name: &[u8]) -> Option<u32> {
        // Of equal names, the sort was stable: the first one found is the first in the files.
        let first = self.by_name.partition_point(|&section| self.name_of(section) < name);
        self.by_name.get(first).copied().filter(|&section| self.name_of(section) == name)
    }

    /// The assignments of a section, in the order of the files.
    pub(crate) fn assignments_of(&self, section: &Section) -> impl Iterator<Item = &Assignment> {
        let first = self.assignments.get(section.first as usize);
        std::iter::successors(first, |it| self.assignments.get(it.next as usize))
    }

    pub(crate) fn place(&self, position: Position) -> Place {
        let file = Arc::clone(&self.files[position.file as usize].name);
        Place { file, line: position.line, column: position.column }
    }
}

impl Piece {
    /// The text of the piece, in a file of the bytes `source`; none if the piece is a variable.
    pub(crate) fn text<'t>(&self, source: &'t [u8]) -> Option<Cow<'t, [u8]>> {
        match self {
            Self::Text(text) => Some(text.bytes(source)),
            Self::Variable(_) | Self::Comma => None,
        }
    }
}
