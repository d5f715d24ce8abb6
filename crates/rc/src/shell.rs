//! The part of sh(1) in which rc.conf(5) files are written: assignments, one or more a line.
//!
//! Quotes, backslashes, comments, `$name` and `${name…}` with its operators mean what they mean to
//! a shell; `name+=value` adds to a value, as in some shells, and `export` before an assignment has
//! no effect. Nothing is ever executed: a command,
//! a substitution or an `if` is refused by name, with its line. The file may be a jail's, and its
//! author hostile: the size of its expansions and the depth of their nesting are bounded.

mod expansion;
mod pattern;
#[cfg(test)]
mod tests;
pub(crate) mod words;

use std::fmt;
use std::ops::Range;

/// A fault of a file and its line. Its `Display` is `3: reason`.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct SyntaxError {
    /// The line, counted from 1.
    pub line: usize,
    /// The fault.
    pub kind: SyntaxErrorKind,
}

/// The kinds of faults.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum SyntaxErrorKind {
    /// A word is no assignment: a command, `if`, `.`.
    NotAssignment(Vec<u8>),
    /// A quoted string has no end.
    UnterminatedString,
    /// A `${` has no `}`.
    UnterminatedVariable,
    /// `$(…)`, `` `…` ``, `$((…))`, `$1`, …
    Expansion(Vec<u8>),
    /// `|`, `&`, `<`, `>`, `(`, `)`.
    Operator(char),
    /// `${name?…}` demands the variable `name`, which is unset: the name, and the words behind the
    /// `?`.
    Unset(Vec<u8>, Vec<u8>),
    /// Expansions are inside expansions more often than is allowed.
    TooDeep,
    /// Expansions make the values larger than is allowed.
    TooLong,
}

impl fmt::Display for SyntaxError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}: {}", self.line, self.kind)
    }
}

impl fmt::Display for SyntaxErrorKind {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let text = String::from_utf8_lossy;
        match self {
            Self::NotAssignment(word) => {
                write!(f, "{}: not an assignment; this file is read, not executed", text(word))
            }
            Self::UnterminatedString => f.write_str("Syntax error: Unterminated quoted string"),
            Self::UnterminatedVariable => f.write_str("Syntax error: Missing '}'"),
            Self::Expansion(what) => {
                write!(f, "{}: not supported; this file is read, not executed", text(what))
            }
            Self::Operator(byte) => {
                write!(f, "`{byte}` is not supported here; put it in quotes")
            }
            // The words of sh(1).
            Self::Unset(name, said) if said.is_empty() => {
                write!(f, "{}: parameter not set", text(name))
            }
            Self::Unset(name, said) => write!(f, "{}: {}", text(name), text(said)),
            Self::TooDeep => f.write_str("expansions are nested too deeply"),
            Self::TooLong => f.write_str("expansions make the values too long"),
        }
    }
}

impl std::error::Error for SyntaxError {}

/// Receives assignments, and answers the values of variables.
pub(crate) trait Variables {
    /// The value of `name`; `None` if it is unset, which is not the same as empty.
    fn value(&self, name: &[u8]) -> Option<&[u8]>;
    /// Sets `name` to a value.
    fn assign(&mut self, name: Vec<u8>, value: Vec<u8>);
}

/// An assignment and its place in the file, for edits.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Assignment {
    /// The variable.
    pub(crate) name: Vec<u8>,
    /// The first byte of `export` before the name, or of the name.
    pub(crate) start: usize,
    /// The bytes from the name's first to the value's last.
    pub(crate) span: Range<usize>,
    /// The bytes of the value, with its quotes.
    pub(crate) value: Range<usize>,
}

/// Reads `text`, and gives each assignment to `variables` in order. Answers their places.
///
/// # Errors
/// The first thing that is no assignment. The assignments before it have been made by then.
pub(crate) fn assignments<V: Variables>(
    text: &[u8],
    variables: &mut V,
) -> Result<Vec<Assignment>, SyntaxError> {
    let mut reader = Reader::new(text);
    let mut found = Vec::new();
    loop {
        reader.skip_between();
        if reader.peek().is_none() {
            return Ok(found);
        }
        // The line where a value begins: a missing quote is missing there, not where the file ends.
        let line = reader.line;
        let assignment = reader.assignment(variables);
        found.push(assignment.map_err(|kind| SyntaxError { line, kind })?);
    }
}

/// Expands `${parameter}`, where `parameter` is a name, or a name with an operator.
///
/// # Errors
/// `parameter` is neither.
pub(crate) fn expand<V: Variables>(
    parameter: &[u8],
    variables: &mut V,
) -> Result<Vec<u8>, SyntaxErrorKind> {
    let text = [b"${", parameter, b"}"].concat();
    let mut reader = Reader::new(&text);
    let mut value = Vec::new();
    reader.variable(&mut Word::quoted(&mut value), variables)?;
    // A `}` inside `parameter` ended the expansion early.
    if reader.peek().is_some() {
        return Err(SyntaxErrorKind::Expansion(text));
    }
    Ok(value)
}

/// How many bytes at the start of `text` are the name of a variable.
pub(crate) fn name_length(text: &[u8]) -> usize {
    if text.first().is_none_or(u8::is_ascii_digit) {
        return 0;
    }
    text.iter().take_while(|&&byte| byte.is_ascii_alphanumeric() || byte == b'_').count()
}

struct Reader<'a> {
    text: &'a [u8],
    at: usize,
    line: usize,
    /// How many `${…}` are open.
    depth: usize,
    /// How many bytes expansions may still add to the values of this file, or search in them.
    budget: usize,
}

/// The word that is being read: where its bytes go, and which of them mean only themselves.
struct Word<'a> {
    out: &'a mut Vec<u8>,
    /// Whether the reader is between double quotes.
    quoted: bool,
    /// Whether the word is a pattern: its quoted bytes get a backslash.
    pattern: bool,
}

impl<'a> Word<'a> {
    fn plain(out: &'a mut Vec<u8>) -> Self {
        Self { out, quoted: false, pattern: false }
    }

    fn quoted(out: &'a mut Vec<u8>) -> Self {
        Self { out, quoted: true, pattern: false }
    }

    /// Continues the same word, between double quotes.
    fn inside(&mut self) -> Word<'_> {
        Word { out: self.out, quoted: true, pattern: self.pattern }
    }

    /// Adds a byte that means only itself.
    fn literal(&mut self, byte: u8) {
        if self.pattern {
            self.out.push(b'\\');
        }
        self.out.push(byte);
    }

    /// Adds the value of a variable.
    fn expanded(&mut self, value: &[u8]) {
        if self.quoted {
            value.iter().for_each(|&byte| self.literal(byte));
        } else {
            self.out.extend(value);
        }
    }
}

impl<'a> Reader<'a> {
    fn new(text: &'a [u8]) -> Self {
        Self { text, at: 0, line: 1, depth: 0, budget: expansion::BUDGET }
    }

    fn peek(&self) -> Option<u8> {
        self.text.get(self.at).copied()
    }

    fn rest(&self) -> &'a [u8] {
        &self.text[self.at..]
    }

    fn advance(&mut self, length: usize) {
        let end = (self.at + length).min(self.text.len());
        self.line += self.text[self.at..end].iter().filter(|&&byte| byte == b'\n').count();
        self.at = end;
    }

    /// Skips what may be between assignments: blanks, line feeds, `;`, comments, joined lines.
    fn skip_between(&mut self) {
        loop {
            match self.rest() {
                [b' ' | b'\t' | b'\r' | b'\n' | b';', ..] => self.advance(1),
                [b'\\', b'\n', ..] => self.advance(2),
                [b'#', rest @ ..] => {
                    self.advance(1 + rest.iter().take_while(|&&byte| byte != b'\n').count());
                }
                _ => return,
            }
        }
    }

    /// Reads `name=value` or `name+=value`.
    fn assignment<V: Variables>(
        &mut self,
        variables: &mut V,
    ) -> Result<Assignment, SyntaxErrorKind> {
        let first = self.at;
        self.skip_export();
        let (start, rest) = (self.at, self.rest());
        let length = name_length(rest);
        let append = rest[length..].starts_with(b"+=");
        if length == 0 || !(append || rest[length..].starts_with(b"=")) {
            // For the message: the command, without its arguments.
            let word = rest.iter().take_while(|byte| !b" \t\r\n;".contains(byte)).count();
            return Err(SyntaxErrorKind::NotAssignment(rest[..word].to_vec()));
        }
        self.advance(length + 1 + usize::from(append));
        let (name, from) = (rest[..length].to_vec(), self.at);
        let mut value = Vec::new();
        if append {
            value.extend(variables.value(&name).unwrap_or_default());
            // A file of `a+=$a` doubles a value with every line.
            self.spend(value.len())?;
        }
        self.value(&mut value, variables)?;
        variables.assign(name.clone(), value);
        Ok(Assignment { name, start: first, span: start..self.at, value: from..self.at })
    }

    /// Skips `export` before an assignment: nothing is started here that could inherit it.
    fn skip_export(&mut self) {
        let Some(rest) = self.rest().strip_prefix(b"export") else { return };
        let blanks = rest.iter().take_while(|byte| matches!(byte, b' ' | b'\t')).count();
        let length = name_length(&rest[blanks..]);
        let is_assignment = matches!(&rest[blanks + length..], [b'=', ..] | [b'+', b'=', ..]);
        if blanks > 0 && length > 0 && is_assignment {
            self.advance(b"export".len() + blanks);
        }
    }

    /// Reads a value up to the blank, newline or `;` that ends it.
    fn value<V: Variables>(
        &mut self,
        value: &mut Vec<u8>,
        variables: &mut V,
    ) -> Result<(), SyntaxErrorKind> {
        let mut word = Word::plain(value);
        while let Some(byte) = self.peek() {
            match byte {
                b' ' | b'\t' | b'\n' | b';' => break,
                // The line feed of a file from Windows; anywhere else, a carriage return is a
                // letter.
                b'\r' if matches!(self.rest(), [_, b'\n', ..] | [_]) => break,
                // To a shell, these are operators: without quotes, they are never part of a value.
                b'|' | b'&' | b'<' | b'>' | b'(' | b')' => {
                    return Err(SyntaxErrorKind::Operator(char::from(byte)));
                }
                _ => self.piece(&mut word, variables)?,
            }
        }
        Ok(())
    }

    /// Reads the next piece of a word: a string, an expansion, a byte.
    fn piece<V: Variables>(
        &mut self,
        word: &mut Word<'_>,
        variables: &mut V,
    ) -> Result<(), SyntaxErrorKind> {
        match self.peek() {
            // Between double quotes, single ones are letters.
            Some(b'\'') if !word.quoted => self.single_quoted(word),
            Some(b'"') => self.double_quoted(word, variables),
            Some(b'\\') => {
                self.escaped(word);
                Ok(())
            }
            Some(b'$') => self.variable(word, variables),
            Some(b'`') => Err(self.backquoted()),
            Some(byte) => {
                if word.quoted {
                    word.literal(byte);
                } else {
                    word.out.push(byte);
                }
                self.advance(1);
                Ok(())
            }
            None => Ok(()),
        }
    }

    fn single_quoted(&mut self, word: &mut Word<'_>) -> Result<(), SyntaxErrorKind> {
        let inside = &self.rest()[1..];
        let end = inside.iter().position(|&byte| byte == b'\'');
        let end = end.ok_or(SyntaxErrorKind::UnterminatedString)?;
        inside[..end].iter().for_each(|&byte| word.literal(byte));
        self.advance(end + 2);
        Ok(())
    }

    fn double_quoted<V: Variables>(
        &mut self,
        word: &mut Word<'_>,
        variables: &mut V,
    ) -> Result<(), SyntaxErrorKind> {
        self.advance(1);
        let mut word = word.inside();
        loop {
            match self.peek() {
                None => return Err(SyntaxErrorKind::UnterminatedString),
                Some(b'"') => {
                    self.advance(1);
                    return Ok(());
                }
                Some(_) => self.piece(&mut word, variables)?,
            }
        }
    }

    /// Reads a backslash and the byte that it protects; before a line feed, both vanish. Between
    /// double quotes, it protects only bytes with a meaning there.
    fn escaped(&mut self, word: &mut Word<'_>) {
        match self.rest() {
            [_, b'\n', ..] => self.advance(2),
            [_, byte, ..] if !word.quoted || b"$`\"\\}".contains(byte) => {
                // A brace has a meaning only inside `${…}`.
                if *byte == b'}' && word.quoted && self.depth == 0 {
                    word.literal(b'\\');
                }
                word.literal(*byte);
                self.advance(2);
            }
            _ => {
                word.literal(b'\\');
                self.advance(1);
            }
        }
    }

    fn backquoted(&self) -> SyntaxErrorKind {
        let inside = &self.rest()[1..];
        let end = inside.iter().position(|&byte| byte == b'`' || byte == b'\n');
        SyntaxErrorKind::Expansion(self.rest()[..end.map_or(1, |end| end + 2)].to_vec())
    }
}
