//! Tokens into the tree, as FreeBSD's `jailparse.y` puts them together, and the files that `.include` names.
//!
//! FreeBSD's grammar, in one place: a file is a list of `name;`, `name [= | +=] value[, value …];`,
//! `.include "glob"[, …];` and `name { … }`. A name is one token; a value is any number of pieces that touch.
//! Reading goes on behind a fault at the next `;`, `{` or `}`, so that one run finds all of them.

use std::collections::hash_map::Entry;
use std::ffi::OsStr;
use std::io;
use std::os::unix::ffi::OsStrExt;
use std::path::{Path, PathBuf};
use std::sync::Arc;

use crate::diagnostic::{Diagnostic, Diagnostics, Place, Subject};
use crate::lexer::{Fault, Faulty, Kind, Lexer, Text, Token};
use crate::loader::{Loader, is_pattern};
use crate::tree::{Assignment, Config, File, Operator, Piece, Position, Section, Value};
use crate::wildcard::is_wildcard;

/// How deep files may include each other: FreeBSD's number.
const MAX_INCLUDE_DEPTH: u32 = 32;

/// How deep sections may stand in each other. No jail can have more components: its name has at most 255 bytes.
const MAX_SECTION_DEPTH: usize = 128;

impl Config {
    /// Reads the file `path` and all that it includes; `-` is standard input.
    ///
    /// # Errors
    /// All faults of all files. A value is not looked into, nor a variable looked up, before [`Config::expand`].
    pub fn load(loader: &dyn Loader, path: &Path) -> Result<Self, Diagnostics> {
        let mut parser = Parser::new(loader);
        parser.load(path, None);
        parser.finish()
    }

    /// Reads `text`; messages call it `name`. It may not include files.
    ///
    /// # Errors
    /// All faults of the text.
    pub fn parse(name: &Path, text: &[u8]) -> Result<Self, Diagnostics> {
        Self::parse_with(&NoFiles, name, text)
    }

    /// As [`Config::parse`]; included files come from `loader`.
    pub(crate) fn parse_with(
        loader: &dyn Loader,
        name: &Path,
        text: &[u8],
    ) -> Result<Self, Diagnostics> {
        let mut parser = Parser::new(loader);
        parser.file(name, text.to_vec(), None);
        parser.finish()
    }
}

/// For a text that stands alone.
struct NoFiles;

impl Loader for NoFiles {
    fn read(&self, _: &Path) -> io::Result<Vec<u8>> {
        Err(io::Error::other("this text may not include files"))
    }

    fn glob(&self, _: &[u8]) -> io::Result<Vec<PathBuf>> {
        Err(io::Error::other("this text may not include files"))
    }
}

struct Parser<'l> {
    loader: &'l dyn Loader,
    config: Config,
    faults: Diagnostics,
    /// The section that holds what stands outside of sections; it is where the first of that stands.
    global: Option<u32>,
    /// How many files deep we are.
    depth: u32,
    /// How many bytes all files have, so far.
    bytes: usize,
    /// No more is read, of any file.
    stopped: bool,
}

/// A file being read.
struct Reader<'t> {
    file: u32,
    text: &'t [u8],
    lexer: Lexer<'t>,
    /// The sections that are open, innermost last. In an included file, the first may be the including file's.
    open: Vec<u32>,
    /// How many of them are open since before this file.
    outer: usize,
}

/// A syntax fault at this token.
struct Unexpected(Token);

impl<'l> Parser<'l> {
    fn new(loader: &'l dyn Loader) -> Self {
        let config = Config::new();
        Self {
            loader,
            config,
            faults: Diagnostics::default(),
            global: None,
            depth: 0,
            bytes: 0,
            stopped: false,
        }
    }

    fn finish(mut self) -> Result<Config, Diagnostics> {
        let config = &mut self.config;
        for (index, section) in config.sections.iter().enumerate() {
            let index = index as u32;
            if is_wildcard(&section.name) {
                config.patterns.insert(&section.name, index);
                continue;
            }
            config.jails.push(index);
            if let Entry::Vacant(entry) = config.by_name.entry(section.name.clone()) {
                entry.insert(index);
            }
        }
        config.names.relate();
        self.faults.or(self.config)
    }

    /// Reads the file at `path` into `section`.
    fn load(&mut self, path: &Path, section: Option<u32>) {
        match self.loader.read(path) {
            Ok(text) => {
                let name = if path == Path::new("-") { Path::new("STDIN") } else { path };
                self.file(name, text, section);
            }
            Err(error) => self.file_fault(path, reason(&error)),
        }
    }

    fn file_fault(&mut self, name: &Path, message: String) {
        let place = Place { file: Arc::from(name), line: 1, column: 1 };
        self.faults.push(Diagnostic {
            subject: Subject::File,
            message,
            place,
            source: String::new(),
        });
    }

    fn file(&mut self, name: &Path, text: Vec<u8>, section: Option<u32>) {
        // Places in files, and in vectors that never have more items than the files have bytes, are kept in 32 bits.
        self.bytes = self.bytes.saturating_add(text.len());
        if u32::try_from(self.bytes).is_err() {
            return self.file_fault(name, "the configuration is larger than 4 GiB".to_owned());
        }
        let file = self.config.files.len() as u32;
        self.config.files.push(File { name: Arc::from(name), text: Vec::new() });
        let open: Vec<u32> = section.into_iter().collect();
        let outer = open.len();
        let mut reader = Reader { file, text: &text, lexer: Lexer::new(&text), open, outer };
        while !self.stopped {
            match self.item(&mut reader) {
                Ok(true) => {}
                Ok(false) => break,
                Err(Unexpected(token)) => {
                    self.unexpected(&reader, &token);
                    if !self.recover(&mut reader, token) {
                        break;
                    }
                }
            }
        }
        self.config.files[file as usize].text = text;
    }

    /// Reads one statement, or the head or the end of a section; false at the end of the file.
    fn item(&mut self, reader: &mut Reader<'_>) -> Result<bool, Unexpected> {
        let token = self.next(reader);
        let variable = match &token.kind {
            Kind::End if reader.open.len() > reader.outer => return Err(Unexpected(token)),
            Kind::End => return Ok(false),
            Kind::Symbol(b';') => return Ok(true),
            Kind::Symbol(b'}') if reader.open.len() > reader.outer => {
                if let Some(section) = reader.open.pop() {
                    self.config.sections[section as usize].body.end = token.span.start;
                }
                return Ok(true);
            }
            Kind::Text(_) => false,
            Kind::Variable(_) => true,
            Kind::Append | Kind::Symbol(_) => return Err(Unexpected(token)),
        };
        let next = self.next(reader);
        match next.kind {
            Kind::Symbol(b'{') if !variable => self.open_section(reader, &token, next.span.end)?,
            _ => self.statement(reader, &token, next)?,
        }
        Ok(true)
    }

    /// Opens the section that `token` names and whose body begins at byte `body`.
    fn open_section(
        &mut self,
        reader: &mut Reader<'_>,
        token: &Token,
        body: u32,
    ) -> Result<(), Unexpected> {
        if reader.open.len() >= MAX_SECTION_DEPTH {
            self.fault_at(
                reader,
                token,
                format!("more than {MAX_SECTION_DEPTH} sections inside each other"),
            );
            self.stopped = true;
            return Ok(());
        }
        let own = string(token, reader.text);
        let name = match reader.open.last() {
            Some(&outer) => {
                [&self.config.sections[outer as usize].name, b".".as_slice(), own].concat()
            }
            None => own.to_vec(),
        };
        let section = self.section(name.into(), position(reader, token));
        let opened = &mut self.config.sections[section as usize];
        (opened.name_span, opened.body) = (token.span.clone(), body..body);
        opened.outer = (opened.name.len() - own.len()) as u32;
        reader.open.push(section);
        Ok(())
    }

    fn section(&mut self, name: Box<[u8]>, position: Position) -> u32 {
        let section = self.config.sections.len() as u32;
        self.config.sections.push(Section {
            name,
            position,
            name_span: 0..0,
            outer: 0,
            body: 0..0,
            assignments: Vec::new(),
        });
        section
    }

    /// Reads a statement that starts with `name` and goes on with `next`.
    fn statement(
        &mut self,
        reader: &mut Reader<'_>,
        name: &Token,
        next: Token,
    ) -> Result<(), Unexpected> {
        let first_value = self.config.values.len() as u32;
        let (operator, end) = match next.kind {
            Kind::Symbol(b';') => (Operator::Bare, next),
            Kind::Symbol(b'=') => (Operator::Set, self.values(reader, None)?),
            Kind::Append => (Operator::Append, self.values(reader, None)?),
            Kind::Text(_) | Kind::Variable(_) if !next.joined => {
                let end = self.values(reader, Some(next))?;
                if !matches!(name.kind, Kind::Variable(_))
                    && string(name, reader.text) == b".include"
                {
                    self.includes(reader, first_value, &end);
                    return Ok(());
                }
                (Operator::Set, end)
            }
            _ => return Err(Unexpected(next)),
        };
        let assignment = Assignment {
            name: self.config.names.intern(string(name, reader.text)),
            variable: matches!(name.kind, Kind::Variable(_)),
            operator,
            values: first_value..self.config.values.len() as u32,
            position: position(reader, name),
            span: name.span.start..end.span.start,
        };
        let section = match (reader.open.last(), self.global) {
            (Some(&section), _) | (None, Some(section)) => section,
            (None, None) => self.section(b"*".as_slice().into(), assignment.position),
        };
        if reader.open.is_empty() {
            self.global = Some(section);
        }
        self.config.sections[section as usize].assignments.push(assignment);
        Ok(())
    }

    /// Reads a list of values, the first of which may have begun with `first`, up to its `;`, which is the answer.
    fn values(
        &mut self,
        reader: &mut Reader<'_>,
        first: Option<Token>,
    ) -> Result<Token, Unexpected> {
        let mut first = first;
        loop {
            let mut token = match first.take() {
                Some(token) => token,
                None => self.next(reader),
            };
            let pieces = self.config.pieces.len() as u32;
            loop {
                let piece = match token.kind {
                    Kind::Text(text) => self.text(text),
                    Kind::Variable(name) => {
                        Piece::Variable(self.config.names.intern(name.bytes(reader.text)))
                    }
                    _ => return Err(Unexpected(token)),
                };
                self.config.pieces.push(piece);
                token = self.next(reader);
                if !token.joined {
                    break;
                }
            }
            let pieces = pieces..self.config.pieces.len() as u32;
            self.config.values.push(Value { pieces, file: reader.file });
            match token.kind {
                Kind::Symbol(b',') => {}
                Kind::Symbol(b';') => return Ok(token),
                _ => return Err(Unexpected(token)),
            }
        }
    }

    fn text(&mut self, text: Text) -> Piece {
        match text {
            Text::Source(range) => Piece::Source(range),
            Text::Decoded(bytes) => {
                let start = self.config.decoded.len() as u32;
                self.config.decoded.extend(bytes);
                Piece::Decoded(start..self.config.decoded.len() as u32)
            }
        }
    }

    /// `.include VALUE[, …];`, where `end` is the semicolon.
    fn includes(&mut self, reader: &Reader<'_>, first_value: u32, end: &Token) {
        let values = self.config.values.split_off(first_value as usize);
        for value in values {
            let pieces = self.config.pieces_of(&value);
            let texts = pieces.iter().map(|piece| self.config.text_of(reader.text, piece));
            match texts.collect::<Option<Vec<_>>>() {
                Some(texts) => self.include(reader, &texts.concat(), end),
                None => self.fault_at(
                    reader,
                    end,
                    "variables not permitted in '.include' filename".to_owned(),
                ),
            }
        }
    }

    /// Includes the files that `name` names, relative to the file that includes them.
    fn include(&mut self, reader: &Reader<'_>, name: &[u8], end: &Token) {
        if self.stopped {
            return;
        }
        if self.depth == MAX_INCLUDE_DEPTH {
            let place = self.config.place(position(reader, end));
            let message = "maximum include depth exceeded".to_owned();
            self.faults.push(Diagnostic {
                subject: Subject::Nothing,
                message,
                place,
                source: String::new(),
            });
            self.stopped = true;
            return;
        }
        let including = self.config.files[reader.file as usize].name.as_os_str().as_bytes();
        let folder = including.iter().rposition(|&byte| byte == b'/').map_or(0, |slash| slash + 1);
        let folder = if name.starts_with(b"/") { 0 } else { folder };
        let name = [&including[..folder], name].concat();
        let section = reader.open.last().copied();
        let file = Path::new(OsStr::from_bytes(&name));
        let before = self.faults.0.len();
        self.depth += 1;
        if !is_pattern(&name) {
            self.load(file, section);
        } else {
            match self.loader.glob(&name) {
                Ok(files) => files.iter().for_each(|file| self.load(file, section)),
                Err(error) => self.file_fault(file, reason(&error)),
            }
        }
        self.depth -= 1;
        // As in FreeBSD, a fault in an included file ends all reading: what follows may rest on what it did not say.
        self.stopped |= self.faults.0.len() > before;
    }

    /// The next token; faults inside of tokens are reported on the way.
    fn next(&mut self, reader: &mut Reader<'_>) -> Token {
        let token = reader.lexer.next();
        if reader.lexer.faults.is_empty() {
            return token;
        }
        for faulty in std::mem::take(&mut reader.lexer.faults) {
            let message = fault_message(&faulty);
            let Faulty { line, column, at, .. } = faulty;
            self.fault(reader, (line, column), at, message);
        }
        token
    }

    fn unexpected(&mut self, reader: &Reader<'_>, token: &Token) {
        if token.kind == Kind::End {
            let place = self.config.place(position(reader, token));
            let message = "unexpected EOF".to_owned();
            self.faults.push(Diagnostic {
                subject: Subject::File,
                message,
                place,
                source: String::new(),
            });
            return;
        }
        let found = String::from_utf8_lossy(
            &reader.text[token.span.start as usize..token.span.end as usize],
        );
        self.fault_at(reader, token, format!("{found}: syntax error"));
    }

    fn fault_at(&mut self, reader: &Reader<'_>, token: &Token, message: String) {
        let column = if token.start.0 == token.last_line { token.start.1 } else { 1 };
        self.fault(reader, (token.last_line, column), token.span.end as usize, message);
    }

    /// Notes a fault in the line that byte `at` is in.
    fn fault(
        &mut self,
        reader: &Reader<'_>,
        (line, column): (u32, u32),
        at: usize,
        message: String,
    ) {
        let place = self.config.place(Position { file: reader.file, line, column });
        let start = reader.text[..at]
            .iter()
            .rposition(|&byte| byte == b'\n')
            .map_or(0, |newline| newline + 1);
        let end = reader.text[at..]
            .iter()
            .position(|&byte| byte == b'\n')
            .map_or(reader.text.len(), |end| at + end);
        let source = String::from_utf8_lossy(&reader.text[start..end]).into_owned();
        self.faults.push(Diagnostic { subject: Subject::Line, message, place, source });
    }

    /// Finds, from the unexpected `token` on, where a statement may start again; false at the end of the file.
    fn recover(&mut self, reader: &mut Reader<'_>, token: Token) -> bool {
        let mut token = token;
        loop {
            match token.kind {
                Kind::End => return false,
                Kind::Symbol(b';') => return true,
                Kind::Symbol(b'}') => {
                    if reader.open.len() > reader.outer {
                        reader.open.pop();
                    }
                    return true;
                }
                Kind::Symbol(b'{') => {
                    let body = token.span.end;
                    return self.open_section(reader, &token, body).is_ok();
                }
                _ => token = self.next(reader),
            }
        }
    }
}

fn position(reader: &Reader<'_>, token: &Token) -> Position {
    Position { file: reader.file, line: token.start.0, column: token.start.1 }
}

/// The text of a string's piece, or the name of a variable.
fn string<'t>(token: &'t Token, source: &'t [u8]) -> &'t [u8] {
    match &token.kind {
        Kind::Text(text) | Kind::Variable(text) => text.bytes(source),
        Kind::Append | Kind::Symbol(_) | Kind::End => b"",
    }
}

fn fault_message(faulty: &Faulty) -> String {
    match faulty.fault {
        Fault::UnterminatedComment => "unterminated comment".to_owned(),
        Fault::UnterminatedString => "unterminated string".to_owned(),
        Fault::UnterminatedVariable => "unterminated variable".to_owned(),
        Fault::Byte(0xef) if faulty.at == 0 => {
            "byte order mark: FreeBSD would read nothing of this file; save it without".to_owned()
        }
        Fault::Byte(0) => "byte 0x00: FreeBSD would read no further; remove it".to_owned(),
        Fault::Byte(byte) => {
            format!(
                "byte {byte:#04x} outside quotes: FreeBSD would read no further; put the text in quotes"
            )
        }
    }
}

/// An error of the system in its own words, without Rust's addition to them.
fn reason(error: &io::Error) -> String {
    let text = error.to_string();
    match text.find(" (os error ") {
        Some(end) => text[..end].to_owned(),
        None => text,
    }
}
