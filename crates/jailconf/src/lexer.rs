//! Bytes into tokens, as FreeBSD's `jaillex.l` cuts them.
//!
//! A string comes in pieces: text up to an escape, a variable or a quote is one token, and the next
//! token is marked as joined if nothing is between them. A fault inside a token, such as a quote
//! that does not close, is noted and yields no token, and reading continues behind the fault. Every
//! byte of the text is read a bounded number of times.

use std::borrow::Cow;
use std::ops::Range;

/// The text of a token or of a piece of a value, as a range of bytes in the file. Escapes in the
/// text are decoded on demand.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Text {
    range: Range<u32>,
    /// Whether backslashes or NULs make the meaning another than the bytes.
    escaped: bool,
}

impl Text {
    /// The meaning of the text, in a file of the bytes `source`.
    pub(crate) fn bytes<'t>(&self, source: &'t [u8]) -> Cow<'t, [u8]> {
        let bytes = &source[self.range.start as usize..self.range.end as usize];
        // Most texts have no escape: those are borrowed from the file.
        if self.escaped { unescape(bytes).into() } else { bytes.into() }
    }

    /// Joins `next` to this text, if they are side by side and both are without escapes. Answers
    /// whether they were joined.
    pub(crate) fn join(&mut self, next: &Self) -> bool {
        // An escaped text must stay alone: a NUL ends its own piece only, not what follows.
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
    /// A variable in a string, by its name.
    Variable(Text),
    /// `+=`
    Append,
    /// One of `, ; = { }`, or a byte that begins no token.
    Symbol(u8),
    /// The end of the file.
    End,
}

#[derive(Clone, Debug)]
pub(crate) struct Token {
    pub(crate) kind: Kind,
    /// Whether nothing is between this piece and the piece before: both are one string.
    pub(crate) joined: bool,
    /// The bytes of the token, with quotes and escapes.
    pub(crate) span: Range<u32>,
    /// Line and column of the first byte.
    pub(crate) start: (u32, u32),
    /// The line of the last byte: the one that FreeBSD's messages name.
    pub(crate) last_line: u32,
    /// The byte at which that line starts.
    pub(crate) line_start: usize,
}

/// What is wrong inside a token.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) enum Fault {
    UnterminatedComment,
    UnterminatedString,
    UnterminatedVariable,
    /// A quote as word processors and web pages set it, which is none to a parser.
    TypographicQuote,
    /// A byte at which FreeBSD stops reading without a word.
    Byte(u8),
}

/// A fault and its place: the line in which the token ends; the column of the token's start if that
/// is in the same line, else the first column.
pub(crate) struct Faulty {
    pub(crate) fault: Fault,
    pub(crate) line: u32,
    pub(crate) column: u32,
    /// The byte at which the line starts.
    pub(crate) line_start: usize,
    pub(crate) at: usize,
}

pub(crate) struct Lexer<'t> {
    text: &'t [u8],
    at: usize,
    line: u32,
    line_start: usize,
    /// Inside double quotes, behind a variable: the byte of the closing quote.
    closes: Option<usize>,
    /// Whether the last thing read was a piece of a string.
    joined: bool,
    pub(crate) faults: Vec<Faulty>,
}

/// The bytes of unquoted text. `$ * + / \` are text too, but each is a token of its own.
const fn is_atom(byte: u8) -> bool {
    byte.is_ascii_alphanumeric()
        || matches!(byte, b'_' | b'!' | b'%' | b'&' | b'(' | b')' | b'-' | b'.' | b':' | b'<')
        || matches!(byte, b'>' | b'?' | b'@' | b'[' | b']' | b'^' | b'`' | b'|' | b'~')
}

// Editors on Windows write it; FreeBSD would read nothing of such a file.
const BYTE_ORDER_MARK: &[u8] = b"\xef\xbb\xbf";

/// A typographic quote, by what was meant.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Quote {
    Single,
    Double,
}

/// The bytes of a typographic quote in UTF-8.
const QUOTE_LENGTH: usize = 3;

/// The typographic quote that `text` begins with, low or high, opening or closing.
fn typographic_quote(text: &[u8]) -> Option<Quote> {
    match text {
        [0xe2, 0x80, 0x98..=0x9b, ..] => Some(Quote::Single),
        [0xe2, 0x80, 0x9c..=0x9f, ..] => Some(Quote::Double),
        _ => None,
    }
}

/// The bytes of double quotes that are only themselves, and end no line.
const fn is_plain(byte: u8) -> bool {
    !matches!(byte, b'"' | b'$' | b'\\' | b'\n' | 0)
}

/// The classes of bytes: [`is_atom`], [`is_plain`].
const ATOM: u8 = 1;
const PLAIN: u8 = 2;

/// The classes of every byte, for the inner loops: they look a byte up once instead of comparing it
/// with each character of a class.
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
    /// Begins to read `text`, which is shorter than 4 GiB: places are kept in 32 bits.
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

    /// Reads the next token. At the end of the text, and ever after, that is [`Kind::End`].
    pub(crate) fn next(&mut self) -> Token {
        loop {
            let start = self.at;
            let place = self.place();
            // `None`: a blank, a comment, a closing quote or a fault, none of which is a token.
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
            // Outside quotes, each of these ends the file in silence on FreeBSD.
            (0 | 0x80.., _) => self.refused(byte),
            _ => Some(self.symbol(byte)),
        }
    }

    /// Reads on behind a variable, in double quotes that close at `close`.
    fn quoted(&mut self, close: usize) -> Option<Kind> {
        if self.at == close {
            self.at += 1;
            self.closes = None;
            return None;
        }
        if self.at > close {
            // A name in braces that ends in `\"` has taken the closing quote for itself: the text
            // then reaches to the next quote, as in FreeBSD's lexer.
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
        // The refused bytes stay in this word: the byte is then the only fault.
        if let Some(&byte @ 0x80..) = self.text.get(self.at) {
            self.refused(byte);
        }
        Kind::Text(verbatim(start..self.at))
    }

    /// Answers the first byte, from `from` on, that is not of the `class`.
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
        // Form feed and vertical tab are no blanks: jaillex.l.
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
        // The line feed is left: `space` counts the lines.
        let rest = &self.text[self.at..];
        self.at += rest.iter().position(|&byte| byte == b'\n').unwrap_or(rest.len());
        self.joined = false;
        None
    }

    fn comment(&mut self) -> Option<Kind> {
        let start = self.place();
        // Behind both bytes: `/*/` does not close itself.
        let body = self.at + 2;
        match self.text[body..].windows(2).position(|pair| pair == b"*/") {
            Some(length) => {
                self.advance(body + length + 2);
                self.joined = false;
            }
            None => {
                // Nothing tells where the comment should have ended: no other fault is found behind
                // it.
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
            // Most strings have nothing special in them: those are read once.
            self.at = end + 1;
            return Some(Kind::Text(verbatim(from..end)));
        }
        let close = self.closing(from, b'"');
        let Some(close) = close else { return self.unterminated_string(b'"') };
        Some(self.quoted_text(from, close))
    }

    /// Reads the text from `from` to the next variable, or up to and with the closing quote.
    fn quoted_text(&mut self, from: usize, close: usize) -> Kind {
        let mut end = from;
        while end < close && self.text[end] != b'$' {
            // `\$` is no variable.
            end += if self.text[end] == b'\\' { 2 } else { 1 };
        }
        let variable = end < close;
        self.closes = variable.then_some(close);
        self.advance(if variable { end } else { close + 1 });
        Kind::Text(self.piece(from..end.min(close)))
    }

    /// Finds where the quoted text of byte `at` closes: at the next `quote` without a backslash
    /// before it.
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

    /// Skips a quote that never closes to the end of its line, so that the lines behind it are read
    /// as they were meant.
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

    /// Reads `$name` or `${name}`. A `$` before anything else is text.
    fn variable(&mut self, in_quotes: bool) -> Option<Kind> {
        let after = &self.text[self.at + 1..];
        match after.first() {
            Some(b'{') => self.braced_variable(in_quotes),
            // A dot ends a bare name: `$host.hostname` is the variable `host`.
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
            // lex(1) takes the longer of two matches: a brace behind a backslash closes the name
            // only if nothing more could belong to it.
            Some(close) if close >= open => {
                self.advance(close);
                // A backslash before the brace takes the brace into the name, which ends there all
                // the same.
                let before = self.text[name..close - 1].iter().rev();
                let escaped = before.take_while(|&&byte| byte == b'\\').count() % 2 == 1;
                let end = if escaped { close } else { close - 1 };
                Some(Kind::Variable(self.piece(name..end)))
            }
            _ => {
                self.advance(open);
                self.fault(Fault::UnterminatedVariable, start);
                None
            }
        }
    }

    /// Reads a backslash outside quotes, or behind a variable inside them: a piece of its own.
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

    /// Notes a byte at which FreeBSD stops reading, and reads on as if the byte were allowed: it is
    /// then the only fault.
    fn refused(&mut self, byte: u8) -> Option<Kind> {
        let start = self.at;
        if let Some(quote) = typographic_quote(&self.text[start..]) {
            return Some(self.typographic(quote));
        }
        self.fault(Fault::Byte(byte), self.place());
        if byte == 0 {
            self.at += 1;
            return None;
        }
        if start == 0 && self.text.starts_with(BYTE_ORDER_MARK) {
            self.at += BYTE_ORDER_MARK.len();
            return None;
        }
        // The rest of the word too: one message for a word in UTF-8, not one for each of its bytes.
        let text = |byte: &&u8| **byte >= 0x80 || is_of(**byte, ATOM);
        self.at += self.text[start..].iter().take_while(text).count();
        Some(Kind::Text(verbatim(start..self.at)))
    }

    /// Reads a word with typographic quotes as one text, to the closing quote if there is one in
    /// the line: the quotes are then the only fault.
    fn typographic(&mut self, quote: Quote) -> Kind {
        let start = self.at;
        self.fault(Fault::TypographicQuote, self.place());
        let line = self.text[start..].split(|&byte| byte == b'\n').next().unwrap_or_default();
        let closing = (1..line.len()).find(|&at| typographic_quote(&line[at..]) == Some(quote));
        self.at += closing.unwrap_or(0) + QUOTE_LENGTH;
        let text = |byte: &&u8| **byte >= 0x80 || is_of(**byte, ATOM);
        self.at += self.text[self.at..].iter().take_while(text).count();
        Kind::Text(verbatim(start..self.at))
    }

    /// Makes a text that may have escapes.
    fn piece(&self, range: Range<usize>) -> Text {
        let escaped = self.text[range.clone()].iter().any(|&byte| byte == b'\\' || byte == 0);
        Text { escaped, ..verbatim(range) }
    }

    /// Moves to byte `to` and counts lines on the way.
    fn advance(&mut self, to: usize) {
        let to = to.min(self.text.len());
        while let Some(newline) = self.text[self.at..to].iter().position(|&byte| byte == b'\n') {
            self.at += newline + 1;
            self.new_line();
        }
        self.at = to;
    }

    /// Notes that a line starts here.
    fn new_line(&mut self) {
        self.line += 1;
        self.line_start = self.at;
    }

    /// Answers line and column of the next byte.
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

/// Makes a text without escapes.
fn verbatim(range: Range<usize>) -> Text {
    Text { range: range.start as u32..range.end as u32, escaped: false }
}

/// Answers how far a `${` reaches whose name starts at `name`: behind its closing brace, if there
/// is one, and as far as it could reach without one. A backslash takes the next byte with it, or is
/// a byte of the name.
fn braces(text: &[u8], name: usize, in_quotes: bool) -> (Option<usize>, usize) {
    let plain = |byte: u8| !matches!(byte, b'\n' | b'{' | b'}') && (byte != b'"' || !in_quotes);
    let (mut closed, mut open) = (None, name);
    // `escaped`: the byte before is a backslash, so any byte continues the name. `line`: no escaped
    // newline so far; behind one, only a name with its brace continues.
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

/// Decodes backslashes: the letters of C, one to three octal digits, `x` with up to two hexadecimal
/// digits. An escaped newline is nothing, and any other byte is itself. A NUL ends the text, as it
/// ends a string in C.
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

/// Reads up to `most` further digits. A value that is larger than a byte wraps.
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
    // As C stores it in a char: `\501` is `A`.
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
