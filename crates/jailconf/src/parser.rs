//! Parsing: from tokens to the tree, as FreeBSD's `jailparse.y` does it, and the files that
//! `.include` names.
//!
//! FreeBSD's grammar in one place: a file is a list of `name;`, `name [= | +=] value[, value …];`,
//! `.include "glob"[, …];` and `name { … }`. A name is one token; a value is any number of pieces
//! that touch. After a fault, reading continues behind the next `;`, and the next two tokens are
//! read without a word: yacc(1)'s recovery, so that one run finds the faults that FreeBSD's finds.

use std::borrow::Cow;
use std::ffi::OsStr;
use std::io;
use std::os::unix::ffi::OsStrExt;
use std::path::{Path, PathBuf};
use std::sync::Arc;

use crate::advice::{self, Awaited, Lines};
use crate::diagnostic::{Diagnostic, Diagnostics, Place, Subject};
use crate::lexer::{Fault, Faulty, Kind, Lexer, Token};
use crate::loader::{Loader, is_pattern};
use crate::tree::{Assignment, Config, File, NONE, Operator, Piece, Position, Section};
use crate::wildcard::is_wildcard;

/// How deep files may include each other: FreeBSD's number.
const MAX_INCLUDE_DEPTH: u32 = 32;

/// The number of faults after which we give up: all of these are shown, and no person reads more.
const MAX_FAULTS: usize = 10_000;

/// How deep sections may be inside each other. No jail can have more components, because its name
/// has at most 255 bytes.
const MAX_SECTION_DEPTH: usize = 128;

impl Config {
    /// Reads the file `path` and all that it includes; `-` is standard input.
    ///
    /// # Errors
    /// All faults of all files. Values are not examined, nor variables looked up, before
    /// [`Config::expand`].
    pub fn load(loader: &dyn Loader, path: &Path) -> Result<Self, Diagnostics> {
        let mut parser = Parser::new(loader);
        if path == Path::new("-") {
            // FreeBSD's name for it in messages.
            parser.text_of(Path::new("STDIN"), loader.standard_input(), None);
        } else {
            parser.load(path, None);
        }
        parser.finish()
    }

    /// Reads `text`, which messages call `name`. The text may not include files.
    ///
    /// # Errors
    /// All faults of the text.
    pub fn parse(name: &Path, text: &[u8]) -> Result<Self, Diagnostics> {
        Self::parse_with(&NoFiles, name, text)
    }

    /// Reads as [`Config::parse`] does; included files come from `loader`.
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

/// The loader of a text that may not include files.
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
    /// The section of all that is outside of sections. Its place among the sections is that of the
    /// first such statement.
    global: Option<u32>,
    /// How deep the file being read is included.
    depth: u32,
    /// How many bytes all files have so far.
    bytes: usize,
    /// Whether reading has ended, for all files.
    stopped: bool,
    /// Whether typographic quotes were reported.
    quotes_told: bool,
}

/// A file being read.
struct Reader<'t> {
    file: u32,
    text: &'t [u8],
    lexer: Lexer<'t>,
    /// The sections that are open, innermost last. In an included file, the first may belong to the
    /// including file.
    open: Vec<u32>,
    /// How many of them were open before this file.
    outer: usize,
    /// The line in which the statement begins that is being read.
    statement: u32,
    /// The lines in which the last two tokens end.
    lines: [u32; 2],
    /// How many tokens more are read without a word about faults: yacc(1)'s `yyerrflag`.
    quiet: u32,
}

/// How many tokens are read in silence after a fault, with the `;` at which reading continues.
const QUIET: u32 = 3;

/// A syntax fault: this token was not expected, but something else.
struct Unexpected(Token, Awaited);

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
            quotes_told: false,
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
        }
        // A stable sort keeps the sections of one name in file order. Most files have their jails
        // sorted already, which makes the sort short.
        config.by_name = config.jails.clone();
        config.by_name.sort_by_key(|&section| &*config.sections[section as usize].name);
        // Only now: a later file may bring a relative of any name.
        config.names.relate();
        self.faults.or(self.config)
    }

    /// Reads the file at `path` into `section`.
    fn load(&mut self, path: &Path, section: Option<u32>) {
        self.text_of(path, self.loader.read(path), section);
    }

    /// Reads what came from the file `name` into `section`.
    fn text_of(&mut self, name: &Path, text: io::Result<Vec<u8>>, section: Option<u32>) {
        match text {
            Ok(text) => self.file(name, text, section),
            Err(error) => self.file_fault(name, strerror::of(&error)),
        }
    }

    fn file_fault(&mut self, name: &Path, message: String) {
        let place = Place { file: Arc::from(name), line: 1, column: 1 };
        self.faults.push(Diagnostic::new(Subject::File, message, place));
    }

    fn file(&mut self, name: &Path, text: Vec<u8>, section: Option<u32>) {
        // Places are kept in 32 bits: those in files, and those in vectors, none of which has more
        // items than the files have bytes.
        self.bytes = self.bytes.saturating_add(text.len());
        if u32::try_from(self.bytes).is_err() {
            return self.file_fault(name, "the configuration is larger than 4 GiB".to_owned());
        }
        let file = self.config.files.len() as u32;
        // The text is added when it has been read: until then the reader borrows it, and `config`
        // changes.
        self.config.files.push(File { name: Arc::from(name), text: Vec::new() });
        let open: Vec<u32> = section.into_iter().collect();
        let outer = open.len();
        let mut reader = Reader {
            file,
            text: &text,
            lexer: Lexer::new(&text),
            open,
            outer,
            statement: 1,
            lines: [1; 2],
            quiet: 0,
        };
        while !self.stopped {
            match self.item(&mut reader) {
                Ok(true) => {}
                Ok(false) => break,
                Err(Unexpected(token, awaited)) => {
                    self.unexpected(&reader, &token, awaited);
                    if !self.recover(&mut reader, token) {
                        break;
                    }
                }
            }
        }
        self.config.files[file as usize].text = text;
    }

    /// Reads one statement, or the head or the end of a section. Answers false at the end of the
    /// file.
    fn item(&mut self, reader: &mut Reader<'_>) -> Result<bool, Unexpected> {
        let token = self.next(reader);
        reader.statement = token.start.0;
        let variable = match &token.kind {
            Kind::End if reader.open.len() > reader.outer => {
                return Err(Unexpected(token, Awaited::Statement));
            }
            Kind::End => return Ok(false),
            Kind::Symbol(b';') => return Ok(true),
            // A file can close only sections that it has opened: jailparse.y reads each file by
            // itself.
            Kind::Symbol(b'}') if reader.open.len() > reader.outer => {
                if let Some(section) = reader.open.pop() {
                    self.config.sections[section as usize].body.end = token.span.start;
                }
                return Ok(true);
            }
            Kind::Text(_) => false,
            Kind::Variable(_) => true,
            Kind::Append | Kind::Symbol(_) => return Err(Unexpected(token, Awaited::Statement)),
        };
        let next = self.next(reader);
        match next.kind {
            // The name of a section may be one piece of text, never a variable.
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
            // Every deeper section would get this message again, and a name that grows with the
            // depth.
            self.stopped = true;
            return Ok(());
        }
        let own = string(token, reader.text);
        let name = match reader.open.last() {
            // A section inside another one inherits nothing but the start of its name.
            Some(&outer) => [self.config.name_of(outer), b".", &own].concat(),
            None => own.to_vec(),
        };
        let section = self.section(name.into(), position(reader, token));
        let opened = &mut self.config.sections[section as usize];
        (opened.name_span, opened.body) = (token.span.clone(), body..body);
        opened.outer = (opened.name.len() - own.len()) as u32;
        reader.open.push(section);
        Ok(())
    }

    /// Adds a section without assignments, and answers its number.
    fn section(&mut self, name: Box<[u8]>, position: Position) -> u32 {
        let section = self.config.sections.len() as u32;
        self.config.sections.push(Section {
            name,
            position,
            name_span: 0..0,
            outer: 0,
            body: 0..0,
            first: NONE,
            last: NONE,
        });
        section
    }

    /// Reads a statement that begins with the tokens `name` and `next`.
    fn statement(
        &mut self,
        reader: &mut Reader<'_>,
        name: &Token,
        next: Token,
    ) -> Result<(), Unexpected> {
        let first_piece = self.config.pieces.len() as u32;
        let (operator, end) = match next.kind {
            Kind::Symbol(b';') => (Operator::Bare, next),
            Kind::Symbol(b'=') => (Operator::Set, self.values(reader, None)?),
            Kind::Append => (Operator::Append, self.values(reader, None)?),
            // `name value;` without `=`. A piece that touches the name is a fault: a name is one
            // token.
            Kind::Text(_) | Kind::Variable(_) if !next.joined => {
                let end = self.values(reader, Some(next))?;
                if !matches!(name.kind, Kind::Variable(_))
                    && *string(name, reader.text) == *b".include"
                {
                    // Only in this form: with `=` or alone, `.include` is a parameter, as on
                    // FreeBSD.
                    self.includes(reader, first_piece, &end);
                    return Ok(());
                }
                (Operator::Set, end)
            }
            _ => return Err(Unexpected(next, Awaited::Assignment)),
        };
        let assignment = Assignment {
            name: self.config.names.intern(&string(name, reader.text)),
            variable: matches!(name.kind, Kind::Variable(_)),
            operator,
            pieces: first_piece..self.config.pieces.len() as u32,
            position: position(reader, name),
            end: end.span.start,
            next: NONE,
        };
        let section = match (reader.open.last(), self.global) {
            (Some(&section), _) | (None, Some(section)) => section,
            // FreeBSD gathers all that is outside of sections in one wildcard jail, which is made
            // at the first such statement.
            (None, None) => self.section(b"*".as_slice().into(), assignment.position),
        };
        if reader.open.is_empty() {
            self.global = Some(section);
        }
        self.assign(section, assignment);
        Ok(())
    }

    /// Adds an assignment to those of the section.
    fn assign(&mut self, section: u32, assignment: Assignment) {
        let Config { sections, assignments, .. } = &mut self.config;
        let (section, index) = (&mut sections[section as usize], assignments.len() as u32);
        match assignments.get_mut(section.last as usize) {
            Some(last) => last.next = index,
            None => section.first = index,
        }
        section.last = index;
        assignments.push(assignment);
    }

    /// Reads a list of values up to its `;`, and answers that token. `first` is the first token of
    /// the list, if it was read already.
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
            loop {
                self.piece(reader, token)?;
                token = self.next(reader);
                if !token.joined {
                    break;
                }
            }
            match token.kind {
                Kind::Symbol(b',') => self.config.pieces.push(Piece::Comma),
                Kind::Symbol(b';') => return Ok(token),
                _ => return Err(Unexpected(token, Awaited::End)),
            }
        }
    }

    /// Adds a token as the next piece of a value.
    fn piece(&mut self, reader: &Reader<'_>, token: Token) -> Result<(), Unexpected> {
        let Config { pieces, names, .. } = &mut self.config;
        match token.kind {
            Kind::Text(text) => {
                // `a/b` is three tokens: joined, they are one piece that borrows from the file.
                let joined = match pieces.last_mut() {
                    Some(Piece::Text(before)) if token.joined => before.join(&text),
                    _ => false,
                };
                if !joined {
                    pieces.push(Piece::Text(text));
                }
            }
            Kind::Variable(name) => {
                pieces.push(Piece::Variable(names.intern(&name.bytes(reader.text))));
            }
            _ => return Err(Unexpected(token, Awaited::Value)),
        }
        Ok(())
    }

    /// Carries out `.include VALUE[, …];`, whose values are the pieces from `first_piece` on. `end`
    /// is the semicolon.
    fn includes(&mut self, reader: &Reader<'_>, first_piece: u32, end: &Token) {
        // They are no value of any parameter.
        let pieces = self.config.pieces.split_off(first_piece as usize);
        for value in pieces.split(|piece| matches!(piece, Piece::Comma)) {
            let texts = value.iter().map(|piece| piece.text(reader.text));
            match texts.collect::<Option<Vec<_>>>() {
                Some(texts) => self.include(reader, &texts.concat(), end),
                None => {
                    let message = "variables not permitted in '.include' filename".to_owned();
                    self.fault_at(reader, end, message);
                }
            }
        }
    }

    /// Includes the files that `name` names, relative to the file that includes them.
    fn include(&mut self, reader: &Reader<'_>, name: &[u8], end: &Token) {
        if self.stopped {
            return;
        }
        if self.depth == MAX_INCLUDE_DEPTH {
            let message = "maximum include depth exceeded".to_owned();
            self.fault_of(reader, Subject::Nothing, message, end);
            self.stopped = true;
            return;
        }
        let including = self.config.files[reader.file as usize].name.as_os_str().as_bytes();
        let folder = including.iter().rposition(|&byte| byte == b'/').map_or(0, |slash| slash + 1);
        let folder = if name.starts_with(b"/") { 0 } else { folder };
        let name = [&including[..folder], name].concat();
        // What is included belongs to the section in which the `.include` is.
        let section = reader.open.last().copied();
        let file = Path::new(OsStr::from_bytes(&name));
        let before = self.faults.0.len();
        self.depth += 1;
        // A name must be there; a pattern may match nothing.
        if !is_pattern(&name) {
            self.load(file, section);
        } else {
            match self.loader.glob(&name) {
                Ok(files) => {
                    for file in &files {
                        self.load(file, section);
                        // FreeBSD's jail(8) ends with the first file that has a fault.
                        if self.faults.0.len() > before {
                            break;
                        }
                    }
                }
                Err(error) => self.file_fault(file, strerror::of(&error)),
            }
        }
        // FreeBSD says which file is missing, and not which line names that file.
        if let Some(fault) = self.faults.0.get_mut(before)
            && fault.subject == Subject::File
            && fault.advice.is_none()
        {
            let including = self.config.files[reader.file as usize].name.display();
            fault.advice = Some(format!(".include in {including} line {}", end.last_line));
        }
        self.depth -= 1;
        // As on FreeBSD, a fault in an included file ends all reading: later statements may depend
        // on the ones that were not read.
        self.stopped |= self.faults.0.len() > before;
    }

    /// Reads the next token, and reports the faults inside tokens on the way.
    fn next(&mut self, reader: &mut Reader<'_>) -> Token {
        let token = reader.lexer.next();
        reader.lines = [reader.lines[1], token.last_line];
        reader.quiet = reader.quiet.saturating_sub(1);
        if reader.lexer.faults.is_empty() {
            return token;
        }
        for faulty in std::mem::take(&mut reader.lexer.faults) {
            // Whoever has pasted one such quote has pasted all of them.
            if faulty.fault == Fault::TypographicQuote
                && std::mem::replace(&mut self.quotes_told, true)
            {
                continue;
            }
            let message = fault_message(&faulty);
            let Faulty { line, column, line_start, .. } = faulty;
            self.fault(reader, Subject::Line, message, (line, column, line_start));
            let advice = advice::of_fault(&faulty.fault);
            self.advise(advice.map(str::to_owned));
        }
        token
    }

    /// Reports an unexpected token, unless it is too near the last one.
    fn unexpected(&mut self, reader: &Reader<'_>, token: &Token, awaited: Awaited) {
        if reader.quiet > 0 {
            return;
        }
        if token.kind == Kind::End {
            self.fault_of(reader, Subject::File, "unexpected EOF".to_owned(), token);
            let own = reader.open.get(reader.outer..).unwrap_or_default();
            let open = own.last().map(|&section| {
                let Section { name, position, .. } = &self.config.sections[section as usize];
                (&**name, *position)
            });
            // The line to look at is the one that begins what has no end.
            if let (Some((_, begin)), Some(fault)) = (open, self.faults.0.last_mut()) {
                let Position { line, column, at, .. } = begin;
                let start = at.saturating_sub(column.saturating_sub(1)) as usize;
                let place = Place { line, column, ..fault.place.clone() };
                let message = fault.message.clone();
                *fault = Diagnostic::in_line(Subject::File, message, place, (reader.text, start));
            }
            let open = open.map(|(name, begin)| (name, begin.line));
            return self.advise(Some(advice::at_end(open)));
        }
        let found = &reader.text[token.span.start as usize..token.span.end as usize];
        // FreeBSD's message is made by printf(3): a NUL ends the token's text.
        let found = found.split(|&byte| byte == 0).next().unwrap_or_default();
        let message = format!("{}: syntax error", String::from_utf8_lossy(found));
        self.fault_at(reader, token, message);
        if let Some(fault) = self.faults.0.last_mut() {
            fault.exact = [found, b": syntax error"].concat();
        }
        let lines =
            Lines { statement: reader.statement, before: reader.lines[0], found: token.start.0 };
        self.advise(advice::of(awaited, &token.kind, lines));
    }

    /// Adds advice to the last fault.
    fn advise(&mut self, advice: Option<String>) {
        if let (Some(last), false) = (self.faults.0.last_mut(), self.stopped) {
            last.advice = advice;
        }
    }

    fn fault_at(&mut self, reader: &Reader<'_>, token: &Token, message: String) {
        self.fault_of(reader, Subject::Line, message, token);
    }

    /// Notes a fault at a token. Its line is the one in which the token ends: the one that
    /// FreeBSD's scanner has reached.
    fn fault_of(&mut self, reader: &Reader<'_>, subject: Subject, message: String, token: &Token) {
        let column = if token.start.0 == token.last_line { token.start.1 } else { 1 };
        let place = (token.last_line, column, token.line_start);
        self.fault(reader, subject, message, place);
    }

    /// Notes a fault at this line and column; the line starts at byte `line_start`.
    fn fault(
        &mut self,
        reader: &Reader<'_>,
        subject: Subject,
        message: String,
        (line, column, line_start): (u32, u32, usize),
    ) {
        let file = Arc::clone(&self.config.files[reader.file as usize].name);
        let place = Place { file, line, column };
        let source = (reader.text, line_start);
        if self.faults.0.len() == MAX_FAULTS {
            self.stopped = true;
            let message = format!("more than {MAX_FAULTS} faults: no more are looked for");
            self.faults.push(Diagnostic::new(Subject::File, message, place));
        } else if !self.stopped {
            self.faults.push(Diagnostic::in_line(subject, message, place, source));
        }
    }

    /// Skips from the unexpected `token` to the next `;`, whatever is between them. Answers false
    /// at the end of the file.
    fn recover(&mut self, reader: &mut Reader<'_>, token: Token) -> bool {
        let mut token = token;
        while token.kind != Kind::Symbol(b';') {
            if token.kind == Kind::End {
                return false;
            }
            token = self.next(reader);
        }
        reader.quiet = QUIET;
        true
    }
}

fn position(reader: &Reader<'_>, token: &Token) -> Position {
    let (line, column) = token.start;
    Position { file: reader.file, at: token.span.start, line, column }
}

/// The text of a piece of a string, or the name of a variable.
fn string<'t>(token: &Token, source: &'t [u8]) -> Cow<'t, [u8]> {
    match &token.kind {
        Kind::Text(text) | Kind::Variable(text) => text.bytes(source),
        Kind::Append | Kind::Symbol(_) | Kind::End => Cow::default(),
    }
}

fn fault_message(faulty: &Faulty) -> String {
    match faulty.fault {
        Fault::UnterminatedComment => "unterminated comment".to_owned(),
        Fault::UnterminatedString => "unterminated string".to_owned(),
        Fault::UnterminatedVariable => "unterminated variable".to_owned(),
        Fault::TypographicQuote => {
            "typographic quotes: FreeBSD would read no further; write \" in their place".to_owned()
        }
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
