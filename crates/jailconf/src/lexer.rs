//! Bytes into tokens, as FreeBSD's `jaillex.l` cuts them.
//!
//! A string comes in pieces: text up to an escape, a variable or a quote is one token, and the next
//! one is marked as joined to it when nothing stands between them. A fault inside a token (a quote
//! that does not close) is noted and yields no token, so that reading goes on behind it. Every byte
//! of the text is looked at a bounded number of times.

use std::borrow::Cow;
use std::ops::Range;

/// The text of a token or a piece of a value, as bytes of its file: escapes in it are
/// decoded when it is asked for.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Text {
    range: Range<u32>,
    /// It has backslashes or NULs, and means something else than it says.
    escaped: bool,
}

impl Text {
    /// What it means, in a file that says `source`.
    pub(crate) fn bytes<'t>(&self, source: &'t [u8]) -> Cow<'t, [u8]> {
        let bytes = &source[self.range.start as usize..self.range.end as usize];
        if self.escaped { unescape(bytes).into() } else { bytes.into() }
    }

    /// Makes `next` a part of this text, if they stand side by side and mean what they say.
    pub(crate) fn join(&mut self, next: &Self) -> bool {
        let joins = self.range.end == next.range.start && !self.escaped && !next.escaped;
        if joins {
            self.range.end = next.range.end;
        }
        joins
    }
}

#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) enum Kind {
    /// A piece of a string.
    Text(Text),
    /// A variable in a string; its name.
    Variable(Text),
    /// `+=`
    Append,
    /// One of `, ; = { }`, or a byte that nothing may begin with.
    Symbol(u8),
    /// The end of the file.
    End,
}

#[derive(Clone, Debug)]
pub(crate) struct Token {
    pub(crate) kind: Kind,
    /// Nothing stands between this piece and the one before it: they are one string.
    pub(crate) joined: bool,
    /// The token's bytes, quotes and escapes included.
    pub(crate) span: Range<u32>,
    /// Line and column of its first byte.
    pub(crate) start: (u32, u32),
    /// The line of its last byte: the one that FreeBSD's messages give.
    pub(crate) last_line: u32,
    /// Where that line starts.
    pub(crate) line_start: usize,
}

/// What is wrong inside a token.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) enum Fault {
    UnterminatedComment,
    UnterminatedString,
    UnterminatedVariable,
    /// A byte at which FreeBSD stops reading without a word.
    Byte(u8),
}

/// A fault and where it is: the line of the token's end; in it the column of its
/// start, or the first column.
pub(crate) struct Faulty {
    pub(crate) fault: Fault,
    pub(crate) line: u32,
    pub(crate) column: u32,
    /// Where the line starts.
    pub(crate) line_start: usize,
    pub(crate) at: usize,
}

pub(crate) struct Lexer<'t> {
    text: &'t [u8],
    at: usize,
    line: u32,
    line_start: usize,
    /// Inside double quotes, past a variable: where they close.
    closes: Option<usize>,
    /// The last thing read was a piece of a string.
    joined: bool,
    pub(crate) faults: Vec<Faulty>,
}

/// Bytes of unquoted text; `$ * + / \` are text too, one byte at a time.
const fn is_atom(byte: u8) -> bool {
    byte.is_ascii_alphanumeric()
        || matches!(byte, b'_' | b'!' | b'%' | b'&' | b'(' | b')' | b'-' | b'.' | b':' | b'<')
        || matches!(byte, b'>' | b'?' | b'@' | b'[' | b']' | b'^' | b'`' | b'|' | b'~')
}

const BYTE_ORDER_MARK: &[u8] = b"\xef\xbb\xbf";

/// Bytes that mean no more than themselves in double quotes, and end no line.
const fn is_plain(byte: u8) -> bool {
    !matches!(byte, b'"' | b'$' | b'\\' | b'\n' | 0)
}

/// Classes of bytes: [`is_atom`], [`is_plain`].
const ATOM: u8 = 1;
const PLAIN: u8 = 2;

/// The classes of every byte: the inner loops read a table.
static CLASSES: [u8; 256] = {
    let mut table = [0; 256];
    let mut byte = 0;
    while byte < 256 {
        let atom = if is_atom(byte as u8) { ATOM } else { 0 };
        let plain = if is_plain(byte as u8) { PLAIN } else { 0 };
        table[byte] = atom | plain;
        byte += 1;
    }
    table
};

fn is_of(byte: u8, class: u8) -> bool {
    CLASSES[usize::from(byte)] & class != 0
}

impl<'t> Lexer<'t> {
    /// Reads `text`, which is shorter than 4 GiB: places are kept in 32 bits.
    pub(crate) fn new(text: &'t [u8]) -> Self {
        Self {
            text,
            at: 0,
            line: 1,
            line_start: 0,
            closes: None,
            joined: false,
            faults: Vec::new(),
        }
    }

    /// The next token. At the end, and ever after, [`Kind::End`].
    pub(crate) fn next(&mut self) -> Token {
        loop {
            let start = self.at;
            let place = self.place();
            let kind = match self.closes {
                Some(close) => self.quoted(close),
                None => self.unquoted(),
            };
            if let Some(kind) = kind {
                let string = matches!(kind, Kind::Text(_) | Kind::Variable(_));
                let joined = string && std::mem::replace(&mut self.joined, true);
                self.joined = string;
                let span = start as u32..self.at as u32;
                let (last_line, line_start) = (self.line, self.line_start);
                return Token { kind, joined, span, start: place, last_line, line_start };
            }
        }
    }

    fn unquoted(&mut self) -> Option<Kind> {
        let Some(&byte) = self.text.get(self.at) else { return Some(Kind::End) };
        if is_of(byte, ATOM) {
            return Some(self.atom());
        }
        match (byte, self.text.get(self.at + 1)) {
            (b' ' | b'\t' | b'\r' | b'\n', _) => self.space(),
            (b'#', _) | (b'/', Some(b'/')) => self.line_comment(),
            (b'/', Some(b'*')) => self.comment(),
            (b'+', Some(b'=')) => {
                self.at += 2;
                Some(Kind::Append)
            }
            (b',' | b';' | b'=' | b'{' | b'}', _) => Some(self.symbol(byte)),
            (b'*' | b'+' | b'/', _) => Some(self.one()),
            (b'\'', _) => self.single_quoted(),
            (b'"', _) => self.double_quoted(),
            (b'$', _) => self.variable(false),
            (b'\\', _) => Some(self.escape()),
            (0 | 0x80.., _) => self.refused(byte),
            _ => Some(self.symbol(byte)),
        }
    }

    /// Behind a variable in double quotes that close at `close`.
    fn quoted(&mut self, close: usize) -> Option<Kind> {
        if self.at == close {
            self.at += 1;
            self.closes = None;
            return None;
        }
        if self.at > close {
            // A name in braces ended in `\\"`: it has taken the quote that closed, and the text
            // goes on to the next one.
            self.closes = self.closing(self.at, b'"');
            return None;
        }
        match self.text[self.at] {
            b'$' => self.variable(true),
            b'\\' => Some(self.escape()),
            _ => Some(self.quoted_text(self.at, close)),
        }
    }

    fn atom(&mut self) -> Kind {
        let start = self.at;
        self.at = self.end_of(ATOM, start);
        if let Some(&byte @ 0x80..) = self.text.get(self.at) {
            self.refused(byte);
        }
        Kind::Text(verbatim(start..self.at))
    }

    /// Behind the bytes of a class that begin at `from`.
    fn end_of(&self, class: u8, from: usize) -> usize {
        from + self.text[from..].iter().take_while(|&&byte| is_of(byte, class)).count()
    }

    fn one(&mut self) -> Kind {
        self.at += 1;
        Kind::Text(verbatim(self.at - 1..self.at))
    }

    fn symbol(&mut self, byte: u8) -> Kind {
        self.at += 1;
        Kind::Symbol(byte)
    }

    fn space(&mut self) -> Option<Kind> {
        while let Some(&byte @ (b' ' | b'\t' | b'\r' | b'\n')) = self.text.get(self.at) {
            self.at += 1;
            if byte == b'\n' {
                self.new_line();
            }
        }
        self.joined = false;
        None
    }

    fn line_comment(&mut self) -> Option<Kind> {
        let rest = &self.text[self.at..];
        self.at += rest.iter().position(|&byte| byte == b'\n').unwrap_or(rest.len());
        self.joined = false;
        None
    }

    fn comment(&mut self) -> Option<Kind> {
        let start = self.place();
        let body = self.at + 2;
        match self.text[body..].windows(2).position(|pair| pair == b"*/") {
            Some(length) => {
                self.advance(body + length + 2);
                self.joined = false;
            }
            None => {
                self.advance(self.text.len());
                self.fault(Fault::UnterminatedComment, start);
            }
        }
        None
    }

    fn single_quoted(&mut self) -> Option<Kind> {
        let open = self.at;
        let close = self.closing(open + 1, b'\'');
        let Some(close) = close else { return self.unterminated_string(b'\'') };
        self.advance(close + 1);
        Some(Kind::Text(self.piece(open + 1..close)))
    }

    fn double_quoted(&mut self) -> Option<Kind> {
        let from = self.at + 1;
        let end = self.end_of(PLAIN, from);
        if self.text.get(end) == Some(&b'"') {
            // Most strings: nothing special in them, and read once.
            self.at = end + 1;
            return Some(Kind::Text(verbatim(from..end)));
        }
        let close = self.closing(from, b'"');
        let Some(close) = close else { return self.unterminated_string(b'"') };
        Some(self.quoted_text(from, close))
    }

    /// The text from `from` to the next variable, or to the closing quote, which is then read too.
    fn quoted_text(&mut self, from: usize, close: usize) -> Kind {
        let mut end = from;
        while end < close && self.text[end] != b'$' {
            end += if self.text[end] == b'\\' { 2 } else { 1 };
        }
        let variable = end < close;
        self.closes = variable.then_some(close);
        self.advance(if variable { end } else { close + 1 });
        Kind::Text(self.piece(from..end.min(close)))
    }

    /// Where a quoted text closes whose byte `at` this is: at the next `quote` that no
    /// backslash stands before.
    fn closing(&self, at: usize, quote: u8) -> Option<usize> {
        let mut at = at;
        while let Some(&byte) = self.text.get(at) {
            match byte {
                b'\\' => at += 2,
                _ if byte == quote => return Some(at),
                _ => at += 1,
            }
        }
        None
    }

    /// A quote that never closes is skipped to the end of its line.
    fn unterminated_string(&mut self, quote: u8) -> Option<Kind> {
        let start = self.place();
        self.at += 1;
        while let Some(&byte) = self.text.get(self.at) {
            match byte {
                b'\n' => break,
                b'\\' if matches!(self.text.get(self.at + 1), None | Some(b'\n')) => break,
                b'\\' => self.at += 2,
                _ if byte == quote => break,
                _ => self.at += 1,
            }
        }
        self.fault(Fault::UnterminatedString, start);
        None
    }

    /// `$name` or `${name}`; a `$` before anything else is text.
    fn variable(&mut self, in_quotes: bool) -> Option<Kind> {
        let after = &self.text[self.at + 1..];
        match after.first() {
            Some(b'{') => self.braced_variable(in_quotes),
            Some(byte) if byte.is_ascii_alphabetic() || *byte == b'_' => {
                let length = after
                    .iter()
                    .take_while(|byte| byte.is_ascii_alphanumeric() || **byte == b'_')
                    .count();
                let name = self.at + 1..self.at + 1 + length;
                self.at = name.end;
                Some(Kind::Variable(verbatim(name)))
            }
            _ => Some(self.one()),
        }
    }

    fn braced_variable(&mut self, in_quotes: bool) -> Option<Kind> {
        let (start, name) = (self.place(), self.at + 2);
        let (closed, open) = braces(self.text, name, in_quotes);
        match closed {
            // The longer match wins: a brace that a backslash stands before closes
            // only if nothing follows it.
            Some(close) if close >= open => {
                self.advance(close);
                Some(Kind::Variable(self.piece(name..close - 1)))
            }
            _ => {
                self.advance(open);
                self.fault(Fault::UnterminatedVariable, start);
                None
            }
        }
    }

    /// A backslash outside quotes, or behind a variable inside them: a piece of its own.
    fn escape(&mut self) -> Kind {
        let start = self.at;
        let digits = |from: usize, most: usize, is: fn(&u8) -> bool| {
            self.text[from..].iter().take(most).take_while(|byte| is(byte)).count()
        };
        let length = match self.text.get(start + 1) {
            None => 1,
            Some(b'0'..=b'7') => 1 + digits(start + 1, 3, |byte| matches!(byte, b'0'..=b'7')),
            Some(b'x') => 2 + digits(start + 2, 2, u8::is_ascii_hexdigit),
            Some(_) => 2,
        };
        self.advance(start + length);
        Kind::Text(self.piece(start..start + length))
    }

    /// A byte at which FreeBSD stops reading: noted, and read as if it were allowed, so
    /// that it is the only fault.
    fn refused(&mut self, byte: u8) -> Option<Kind> {
        let start = self.at;
        self.fault(Fault::Byte(byte), self.place());
        if byte == 0 {
            self.at += 1;
            return None;
        }
        if start == 0 && self.text.starts_with(BYTE_ORDER_MARK) {
            self.at += BYTE_ORDER_MARK.len();
            return None;
        }
        let text = |byte: &&u8| **byte >= 0x80 || is_of(**byte, ATOM);
        self.at += self.text[start..].iter().take_while(text).count();
        Some(Kind::Text(verbatim(start..self.at)))
    }

    /// A text that may have escapes.
    fn piece(&self, range: Range<usize>) -> Text {
        let escaped = self.text[range.clone()].iter().any(|&byte| byte == b'\\' || byte == 0);
        Text { escaped, ..verbatim(range) }
    }

    /// Moves on to byte `to`, counting lines.
    fn advance(&mut self, to: usize) {
        let to = to.min(self.text.len());
        while let Some(newline) = self.text[self.at..to].iter().position(|&byte| byte == b'\n') {
            self.at += newline + 1;
            self.new_line();
        }
        self.at = to;
    }

    /// A line starts here.
    fn new_line(&mut self) {
        self.line += 1;
        self.line_start = self.at;
    }

    /// The line and the column of the next byte.
    fn place(&self) -> (u32, u32) {
        (self.line, (self.at - self.line_start) as u32 + 1)
    }

    /// Notes a fault that began at `start` and ends here.
    fn fault(&mut self, fault: Fault, start: (u32, u32)) {
        let column = if start.0 == self.line { start.1 } else { 1 };
        let Self { at, line, line_start, .. } = *self;
        self.faults.push(Faulty { fault, line, column, line_start, at });
    }
}

/// A text that means what it says.
fn verbatim(range: Range<usize>) -> Text {
    Text { range: range.start as u32..range.end as u32, escaped: false }
}

/// How far `${` reaches whose name starts at `name`: behind its brace, if it closes, and as far as
/// it could reach without one. A backslash takes the next byte with it, or is a byte of the name.
fn braces(text: &[u8], name: usize, in_quotes: bool) -> (Option<usize>, usize) {
    let plain = |byte: u8| !matches!(byte, b'\n' | b'{' | b'}') && (byte != b'"' || !in_quotes);
    let (mut closed, mut open) = (None, name);
    // `escaped`: a backslash stands before, so any byte goes on. `line`: no escaped newline yet,
    // behind which only a closed name may go on.
    let (mut escaped, mut line) = (false, true);
    for (at, &byte) in text.iter().enumerate().skip(name) {
        if byte == b'}' {
            closed = Some(at + 1);
        }
        if !escaped && !plain(byte) {
            break;
        }
        line &= byte != b'\n';
        escaped = byte == b'\\';
        if line {
            open = at + 1;
        }
    }
    (closed, open)
}

/// Decodes backslashes: C's letters, one to three octal digits, `x` and up to two hexadecimal ones;
/// an escaped newline is nothing, any other byte is itself. A NUL ends the text,
/// as it ends a string in C.
fn unescape(bytes: &[u8]) -> Vec<u8> {
    let mut out = Vec::with_capacity(bytes.len());
    let mut rest = bytes.iter().copied().peekable();
    while let Some(byte) = rest.next() {
        let decoded = if byte == b'\\' {
            match rest.next() {
                None => break,
                Some(b'\n') => continue,
                Some(digit @ b'0'..=b'7') => number(&mut rest, 8, u32::from(digit - b'0'), 2),
                Some(b'x') => number(&mut rest, 16, 0, 2),
                Some(letter) => escaped_letter(letter),
            }
        } else {
            byte
        };
        if decoded == 0 {
            break;
        }
        out.push(decoded);
    }
    out
}

/// Reads up to `most` further digits; more than a byte holds wraps.
fn number(
    rest: &mut std::iter::Peekable<impl Iterator<Item = u8>>,
    radix: u32,
    first: u32,
    most: usize,
) -> u8 {
    let mut value = first;
    for _ in 0..most {
        let Some(digit) = rest.peek().and_then(|&byte| char::from(byte).to_digit(radix)) else {
            break;
        };
        value = value * radix + digit;
        rest.next();
    }
    value as u8
}

fn escaped_letter(letter: u8) -> u8 {
    match letter {
        b'a' => 7,
        b'b' => 8,
        b'f' => 12,
        b'n' => b'\n',
        b'r' => b'\r',
        b't' => b'\t',
        b'v' => 11,
        other => other,
    }
}
