//! Reading JSON: the grammar of RFC 8259 and nothing beyond it.
//!
//! The work is linear in the text, except for the names of an object, which are sorted to find one
//! that is there twice. [`DEPTH`] bounds the stack, here and wherever a value is visited, written
//! or dropped.

use std::fmt;

use crate::{Json, Number};

/// How deep arrays and objects may be inside each other.
pub const DEPTH: usize = 128;

/// Why a text is refused. Its `Display` begins with the place: `3:14: reason`.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Error {
    /// The line, from 1.
    pub line: usize,
    /// The column in characters, from 1.
    pub column: usize,
    /// What is wrong at this place.
    pub kind: ErrorKind,
}

/// The kinds of faults of a text.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum ErrorKind {
    /// The bytes are not UTF-8.
    NotUtf8,
    /// The text ends in the middle of a value.
    End,
    /// A character that is not possible at this place.
    Unexpected(char),
    /// The text behind a backslash is no escape, or is half of a surrogate pair.
    Escape,
    /// An object has this name already.
    Duplicate(String),
    /// Arrays and objects are nested deeper than [`DEPTH`].
    TooDeep,
}

impl fmt::Display for Error {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}:{}: {}", self.line, self.column, self.kind)
    }
}

impl fmt::Display for ErrorKind {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::NotUtf8 => f.write_str("not UTF-8"),
            Self::End => f.write_str("ends too early"),
            Self::Unexpected(c) => write!(f, "unexpected {c:?}"),
            Self::Escape => f.write_str("invalid escape"),
            Self::Duplicate(name) => write!(f, "{name:?} is there twice"),
            Self::TooDeep => write!(f, "nested deeper than {DEPTH} levels"),
        }
    }
}

impl std::error::Error for Error {}

impl Json {
    /// Reads one value, with nothing but white space around it.
    ///
    /// # Errors
    /// The first place at which `text` is no JSON.
    pub fn read(text: &[u8]) -> Result<Self, Error> {
        let (text, is_utf8) = match str::from_utf8(text) {
            Ok(text) => (text, true),
            Err(error) => {
                // The valid part is kept to count lines and columns up to the fault.
                let valid = text.get(..error.valid_up_to()).unwrap_or_default();
                (str::from_utf8(valid).unwrap_or_default(), false)
            }
        };
        let mut reader = Reader { text, at: 0, depth: 0 };
        let read = if is_utf8 { reader.whole() } else { Err((text.len(), ErrorKind::NotUtf8)) };
        read.map_err(|(at, kind)| {
            // Counted only for a fault: a text without one is read faster.
            let before = text.get(..at).unwrap_or(text);
            let line_start = before.rfind('\n').map_or(0, |end| end + 1);
            let line = before.bytes().filter(|&byte| byte == b'\n').count() + 1;
            let column = before.get(line_start..).unwrap_or_default().chars().count() + 1;
            Error { line, column, kind }
        })
    }
}

/// A fault: its place in bytes, and what is wrong.
type Failure = (usize, ErrorKind);

/// A text, and how far it has been read.
struct Reader<'a> {
    text: &'a str,
    at: usize,
    depth: usize,
}

impl<'a> Reader<'a> {
    fn whole(&mut self) -> Result<Json, Failure> {
        let value = self.value()?;
        match self.peek() {
            None => Ok(value),
            Some(_) => Err(self.unexpected()),
        }
    }

    /// Reads a value and the white space around it.
    fn value(&mut self) -> Result<Json, Failure> {
        self.white_space();
        let value = match self.peek() {
            Some(b'{') => self.nested(Self::object)?,
            Some(b'[') => self.nested(Self::list)?,
            Some(b'"') => Json::Text(self.string()?.into_bytes()),
            Some(b'-' | b'0'..=b'9') => Json::Number(self.number()?),
            Some(b't') => self.literal("true", Json::Bool(true))?,
            Some(b'f') => self.literal("false", Json::Bool(false))?,
            Some(b'n') => self.literal("null", Json::Null)?,
            _ => return Err(self.unexpected()),
        };
        self.white_space();
        Ok(value)
    }

    /// Calls `read` one level deeper.
    fn nested(
        &mut self,
        read: impl FnOnce(&mut Self) -> Result<Json, Failure>,
    ) -> Result<Json, Failure> {
        // Each level is a call: without a bound, a text of brackets would exhaust the stack.
        if self.depth == DEPTH {
            return Err((self.at, ErrorKind::TooDeep));
        }
        self.depth += 1;
        let value = read(self)?;
        self.depth -= 1;
        Ok(value)
    }

    fn list(&mut self) -> Result<Json, Failure> {
        let mut values = Vec::new();
        self.elements(b'[', b']', |reader| {
            values.push(reader.value()?);
            Ok(())
        })?;
        Ok(Json::List(values))
    }

    fn object(&mut self) -> Result<Json, Failure> {
        let (mut members, mut places) = (Vec::new(), Vec::new());
        self.elements(b'{', b'}', |reader| {
            reader.white_space();
            places.push(reader.at);
            let name = reader.string()?;
            reader.white_space();
            reader.demand(b':')?;
            members.push((name.into_bytes(), reader.value()?));
            Ok(())
        })?;
        // RFC 8259 lets readers choose one of them: two programs could then disagree about a text.
        match duplicate(&members, &places) {
            Some(failure) => Err(failure),
            None => Ok(Json::Object(members)),
        }
    }

    /// Reads what is between two brackets: nothing, or elements with commas between them.
    fn elements(
        &mut self,
        open: u8,
        close: u8,
        mut element: impl FnMut(&mut Self) -> Result<(), Failure>,
    ) -> Result<(), Failure> {
        self.demand(open)?;
        self.white_space();
        if self.take(close) {
            return Ok(());
        }
        loop {
            element(self)?;
            if self.take(close) {
                return Ok(());
            }
            self.demand(b',')?;
        }
    }

    fn string(&mut self) -> Result<String, Failure> {
        self.demand(b'"')?;
        let mut text = String::new();
        loop {
            let is_special = |byte: u8| byte == b'"' || byte == b'\\' || byte < b' ';
            // All these bytes are ASCII, so the cut is between characters.
            let length = self.rest().bytes().position(is_special);
            text.push_str(self.advance(length.unwrap_or(self.rest().len())));
            match self.peek() {
                Some(b'"') => {
                    self.at += 1;
                    return Ok(text);
                }
                Some(b'\\') => text.push(self.escape()?),
                // A control character, or the end.
                _ => return Err(self.unexpected()),
            }
        }
    }

    /// Reads an escape, and answers its character.
    fn escape(&mut self) -> Result<char, Failure> {
        let failure = (self.at, ErrorKind::Escape);
        self.at += 1;
        let letter = self.peek().ok_or((self.at, ErrorKind::End))?;
        self.at += 1;
        match letter {
            b'"' | b'\\' | b'/' => Ok(char::from(letter)),
            b'b' => Ok('\x08'),
            b'f' => Ok('\x0c'),
            b'n' => Ok('\n'),
            b'r' => Ok('\r'),
            b't' => Ok('\t'),
            b'u' => self.code_point().ok_or(failure),
            _ => Err(failure),
        }
    }

    /// Reads the character of `\uXXXX`, or of two of these that are a surrogate pair. `None` if
    /// they are none.
    fn code_point(&mut self) -> Option<char> {
        let first = self.four_digits()?;
        if !(0xD800..0xDC00).contains(&first) {
            // `from_u32` refuses the second half of a pair.
            return char::from_u32(first);
        }
        if !(self.take(b'\\') && self.take(b'u')) {
            return None;
        }
        let second = self.four_digits().filter(|half| (0xDC00..0xE000).contains(half))?;
        char::from_u32(0x10000 + ((first - 0xD800) << 10) + (second - 0xDC00))
    }

    fn four_digits(&mut self) -> Option<u32> {
        let digits = self.rest().get(..4)?;
        // `from_str_radix` takes a sign too.
        let all_hex = digits.bytes().all(|digit| digit.is_ascii_hexdigit());
        let number = u32::from_str_radix(digits, 16).ok().filter(|_| all_hex)?;
        self.at += 4;
        Some(number)
    }

    fn number(&mut self) -> Result<Number, Failure> {
        let start = self.at;
        self.take(b'-');
        // No digit may follow a leading zero: the caller then reports it as unexpected.
        if !self.take(b'0') {
            self.digits()?;
        }
        if self.take(b'.') {
            self.digits()?;
        }
        if self.take(b'e') || self.take(b'E') {
            if !self.take(b'+') {
                self.take(b'-');
            }
            self.digits()?;
        }
        Ok(Number::written(self.text.get(start..self.at).unwrap_or_default()))
    }

    /// Reads one digit or more.
    fn digits(&mut self) -> Result<(), Failure> {
        let length = self.rest().bytes().take_while(u8::is_ascii_digit).count();
        if length == 0 {
            return Err(self.unexpected());
        }
        self.at += length;
        Ok(())
    }

    fn literal(&mut self, word: &str, value: Json) -> Result<Json, Failure> {
        for byte in word.bytes() {
            self.demand(byte)?;
        }
        Ok(value)
    }

    fn white_space(&mut self) {
        let is_space = |byte: &u8| matches!(byte, b' ' | b'\t' | b'\n' | b'\r');
        self.at += self.rest().bytes().take_while(is_space).count();
    }

    /// The text that has not been read.
    fn rest(&self) -> &'a str {
        self.text.get(self.at..).unwrap_or_default()
    }

    fn peek(&self) -> Option<u8> {
        self.text.as_bytes().get(self.at).copied()
    }

    fn advance(&mut self, length: usize) -> &'a str {
        let read = self.rest().get(..length).unwrap_or_default();
        self.at += read.len();
        read
    }

    fn take(&mut self, byte: u8) -> bool {
        let found = self.peek() == Some(byte);
        self.at += usize::from(found);
        found
    }

    fn demand(&mut self, byte: u8) -> Result<(), Failure> {
        if self.take(byte) { Ok(()) } else { Err(self.unexpected()) }
    }

    /// Answers that the next character, or the end, was not expected.
    fn unexpected(&self) -> Failure {
        (self.at, self.rest().chars().next().map_or(ErrorKind::End, ErrorKind::Unexpected))
    }
}

/// Finds the first member whose name an earlier one has; `places` are the places of the names.
fn duplicate(members: &[(Vec<u8>, Json)], places: &[usize]) -> Option<Failure> {
    let mut names: Vec<(&[u8], usize)> =
        members.iter().zip(places).map(|((name, _), &place)| (name.as_slice(), place)).collect();
    // Sorted by name and then by place: equal names are neighbours, the earlier one first.
    names.sort_unstable();
    let twice =
        names.iter().zip(names.iter().skip(1)).filter(|(first, second)| first.0 == second.0);
    let (_, &(name, place)) = twice.min_by_key(|(_, second)| second.1)?;
    Some((place, ErrorKind::Duplicate(String::from_utf8_lossy(name).into_owned())))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn read(text: &str) -> Result<String, String> {
        let compact = |json: Json| format!("{json:?}").replace("Number(Number", "(");
        Json::read(text.as_bytes()).map(compact).map_err(|error| error.to_string())
    }

    #[test]
    #[rustfmt::skip]
    fn values() {
        let text = |text: &str| Ok(Json::text(text));
        let number = |text: &str| Ok(Json::Number(Number::written(text)));
        for (json, want) in [
            ("null",                Ok(Json::Null)),
            (" true\r\n",           Ok(Json::Bool(true))),
            ("\tfalse",             Ok(Json::Bool(false))),
            ("0",                   number("0")),
            ("-0.10E+05",           number("-0.10E+05")),                       // no digit is lost
            ("123456789012345678901234567890", number("123456789012345678901234567890")),
            (r#""""#,               text("")),
            (r#""Größe / \/""#,     text("Größe / /")),
            (r#""\"\\\b\f\n\r\t""#, text("\"\\\x08\x0c\n\r\t")),
            (r#""\u0041\u00e9\u0000""#, text("Aé\0")),
            (r#""\ud83D\uDe00""#,   text("😀")),                                 // RFC 8259, section 7
            ("\"\u{7f}\u{2028}\"",  text("\u{7f}\u{2028}")),
            ("[]",                  Ok(Json::List(vec![]))),
            ("[ 1 , [ ] ]",         Ok(Json::List(vec![Json::number(1_u64), Json::List(vec![])]))),
            ("{}",                  Ok(Json::object([]))),
            (r#"{ "b" : {"b": null}, "a":[true] }"#, Ok(Json::object([
                ("b", Json::object([("b", Json::Null)])), ("a", Json::List(vec![Json::Bool(true)]))]))),
        ] {
            let got: Result<Json, Error> = Json::read(json.as_bytes());
            assert_eq!(got, want, "{json}");
        }
    }

    #[test]
    #[rustfmt::skip]
    fn what_is_no_json_is_refused() {
        for (json, want) in [
            ("",               "1:1: ends too early"),
            (" \n ",           "2:2: ends too early"),
            ("tru",            "1:4: ends too early"),
            ("nul1",           "1:4: unexpected '1'"),
            ("True",           "1:1: unexpected 'T'"),
            ("01",             "1:2: unexpected '1'"),
            ("-",              "1:2: ends too early"),
            ("+1",             "1:1: unexpected '+'"),
            (".5",             "1:1: unexpected '.'"),
            ("1.",             "1:3: ends too early"),
            ("1.e1",           "1:3: unexpected 'e'"),
            ("1e",             "1:3: ends too early"),
            ("0x10",           "1:2: unexpected 'x'"),
            ("NaN",            "1:1: unexpected 'N'"),
            ("1 2",            "1:3: unexpected '2'"),
            ("[1,]",           "1:4: unexpected ']'"),
            ("[1 2]",          "1:4: unexpected '2'"),
            ("[,1]",           "1:2: unexpected ','"),
            ("[1",             "1:3: ends too early"),
            ("[1}",            "1:3: unexpected '}'"),
            ("{\"a\":1,}",     "1:8: unexpected '}'"),
            ("{a:1}",          "1:2: unexpected 'a'"),
            ("{\"a\" 1}",      "1:6: unexpected '1'"),
            ("{\"a\":}",       "1:6: unexpected '}'"),
            ("'a'",            "1:1: unexpected '\\''"),
            ("\"ä\n\"",        "1:3: unexpected '\\n'"),      // control characters are escaped
            ("\"a",            "1:3: ends too early"),
            ("\"a\\",          "1:4: ends too early"),
            (r#""a\x41""#,     "1:3: invalid escape"),
            (r#""\u12""#,      "1:2: invalid escape"),
            (r#""\u+123""#,    "1:2: invalid escape"),
            (r#""\ud800""#,    "1:2: invalid escape"),        // half of a pair
            (r#""\ud800\n""#,  "1:2: invalid escape"),
            (r#""\ud800\u0041""#, "1:2: invalid escape"),
            (r#""\udc00""#,    "1:2: invalid escape"),
            ("/* */ 1",        "1:1: unexpected '/'"),
            ("\u{feff}1",      "1:1: unexpected '\\u{feff}'"), // section 8.1
            ("[1\u{a0}]",      "1:3: unexpected '\\u{a0}'"),
            (r#"{"a":1, "b":2, "\u0061":3, "b":4}"#, "1:16: \"a\" is there twice"),
        ] {
            assert_eq!(read(json), Err(want.to_owned()), "{json}");
        }
        let error = Json::read(b"[\n\"\xff\"]").unwrap_err();
        assert_eq!(error.to_string(), "2:2: not UTF-8");
    }

    #[test]
    fn nesting_is_bounded() {
        for (open, close, step) in [("[", "]", 1), ("{\"a\":", "}", 5)] {
            let deep = |levels: usize| open.repeat(levels) + "1" + &close.repeat(levels);
            assert!(Json::read(deep(DEPTH).as_bytes()).is_ok());
            let want = format!("1:{}: nested deeper than 128 levels", step * DEPTH + 1);
            assert_eq!(read(&deep(DEPTH + 1)), Err(want.clone()));
            assert_eq!(read(&open.repeat(1_000_000)), Err(want));
        }
        // Arrays beside each other are not nested.
        let beside = format!("[{}[]]", "[],".repeat(1000));
        assert!(Json::read(beside.as_bytes()).is_ok());
    }
}
