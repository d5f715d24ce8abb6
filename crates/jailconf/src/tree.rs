//! What the files say, as they say it: sections in file order, their assignments, and
//! the pieces of each value.
//!
//! Sections and assignments keep their spans in their file, so that an editor can replace exactly
//! them. All assignments lie in one vector and all pieces in another, and texts stay in their
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
/// Made by [`Config::load`] or [`Config::parse`]; jails come out of it by [`Config::expand`].
#[derive(Clone, Debug)]
pub struct Config {
    pub(crate) files: Vec<File>,
    pub(crate) sections: Vec<Section>,
    pub(crate) assignments: Vec<Assignment>,
    pub(crate) pieces: Vec<Piece>,
    pub(crate) names: Names,
    /// The sections that are jails, not patterns, in file order.
    pub(crate) jails: Vec<u32>,
    /// The same by name; those of one name in file order.
    pub(crate) by_name: Vec<u32>,
    pub(crate) patterns: Patterns,
}

#[derive(Clone, Debug)]
pub(crate) struct File {
    pub(crate) name: Arc<Path>,
    pub(crate) text: Vec<u8>,
}

/// Where something starts: a file by its number, a byte in it, and that byte's line and column.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Position {
    pub(crate) file: u32,
    pub(crate) at: u32,
    pub(crate) line: u32,
    pub(crate) column: u32,
}

/// `NAME { … }`; or, named `*`, all that stands outside of sections.
#[derive(Clone, Debug)]
pub(crate) struct Section {
    /// The full name: a section inside another one has the outer one's name
    /// and a dot before its own.
    pub(crate) name: Box<[u8]>,
    pub(crate) position: Position,
    /// Its name as it is written, which for a section inside another one is the last part only.
    pub(crate) name_span: Range<u32>,
    /// How many bytes of the name are the outer section's.
    pub(crate) outer: u32,
    /// From behind its `{` to before its `}`; empty for what stands outside of sections.
    pub(crate) body: Range<u32>,
    /// Its first and its last assignment, or [`NONE`]; each leads to the next, as those of other
    /// sections, or of another file, may stand between them.
    pub(crate) first: u32,
    pub(crate) last: u32,
}

/// No assignment has this number.
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
    /// What it is given, in [`Config::pieces`].
    pub(crate) pieces: Range<u32>,
    /// Where its name starts.
    pub(crate) position: Position,
    /// Where its semicolon is.
    pub(crate) end: u32,
    /// The section's next one, or [`NONE`].
    pub(crate) next: u32,
}

impl Assignment {
    /// From the name's first byte to before the semicolon.
    pub(crate) fn span(&self) -> Range<usize> {
        self.position.at as usize..self.end as usize
    }
}

/// A part of what is given: 12 bytes, as there are millions of them in a large configuration.
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

    /// The names of all jails, in the order of the files; a jail that stands
    /// there twice is named twice.
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

    /// The first section of the jail `name`.
    pub(crate) fn first_of(&self, name: &[u8]) -> Option<u32> {
        let first = self.by_name.partition_point(|&section| self.name_of(section) < name);
        self.by_name.get(first).copied().filter(|&section| self.name_of(section) == name)
    }

    /// What a section is given, in the order of the files.
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
    /// The text that it is, in a file that says `source`; none if it is a variable.
    pub(crate) fn text<'t>(&self, source: &'t [u8]) -> Option<Cow<'t, [u8]>> {
        match self {
            Self::Text(text) => Some(text.bytes(source)),
            Self::Variable(_) | Self::Comma => None,
        }
    }
}
