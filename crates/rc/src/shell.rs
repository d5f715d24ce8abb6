//! The part of sh(1) that rc.conf(5) files are written in: assignments, one or more a line.
//!
//! Quotes, backslashes, comments, `$name` and `${name}` mean what they mean to a shell. Nothing is ever
//! executed: a command, a substitution, an `if` is refused by name, with its line.

use std::fmt;

/// What is wrong in a file, and on which line. `Display` begins with the line: `3: reason`.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct SyntaxError {
    /// Counted from 1.
    pub line: usize,
    /// What is wrong there.
    pub kind: SyntaxErrorKind,
}

/// The things that can be wrong.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum SyntaxErrorKind {
    /// A word that is no assignment: a command, `if`, `name+=value`.
    NotAssignment(Vec<u8>),
    /// A quoted string without an end.
    UnterminatedString,
    /// `${` without `}`.
    UnterminatedVariable,
    /// `$(…)`, `` `…` ``, `$((…))`, `${name#…}`, `$1`, …
    Expansion(Vec<u8>),
    /// `|`, `&`, `<`, `>`, `(`, `)`.
    Operator(char),
}

impl fmt::Display for SyntaxError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}: ", self.line)?;
        match &self.kind {
            SyntaxErrorKind::NotAssignment(word) => write!(
                f,
                "{}: not an assignment; this file is read, not executed",
                String::from_utf8_lossy(word)
            ),
            SyntaxErrorKind::UnterminatedString => {
                f.write_str("Syntax error: Unterminated quoted string")
            }
            SyntaxErrorKind::UnterminatedVariable => f.write_str("Syntax error: Missing '}'"),
            SyntaxErrorKind::Expansion(text) => write!(
                f,
                "{}: not supported; only $name and ${{name}} are",
                String::from_utf8_lossy(text)
            ),
            SyntaxErrorKind::Operator(byte) => {
                write!(f, "`{byte}` is not supported here; put it in quotes")
            }
        }
    }
}

impl std::error::Error for SyntaxError {}

/// Reads `text` and tells `assign` each assignment in order; `lookup` answers for `$name` with what the
/// assignments so far have made of it.
///
/// # Errors
/// The first thing that is not an assignment; what came before it has been told.
pub(crate) fn assignments<V: Variables>(text: &[u8], variables: &mut V) -> Result<(), SyntaxError> {
    let mut reader = Reader { text, at: 0, line: 1 };
    loop {
        reader.skip_between();
        if reader.peek().is_none() {
            return Ok(());
        }
        let line = reader.line;
        let name = reader.name().map_err(|kind| SyntaxError { line, kind })?.to_vec();
        // An error inside a value is on the line where the value began: there the quote is missing.
        let value = reader.value(&*variables).map_err(|kind| SyntaxError { line, kind })?;
        variables.assign(name, value);
    }
}

/// Where assignments go and variables come from.
pub(crate) trait Variables {
    /// The value of `name`; empty when it has none, as in a shell without `set -u`.
    fn value(&self, name: &[u8]) -> &[u8];
    /// Gives `name` a value.
    fn assign(&mut self, name: Vec<u8>, value: Vec<u8>);
}

struct Reader<'a> {
    text: &'a [u8],
    at: usize,
    line: usize,
}

impl<'a> Reader<'a> {
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

    /// Skips what may stand between assignments: blanks, newlines, `;`, comments, joined lines.
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

    /// Reads `name=`.
    fn name(&mut self) -> Result<&'a [u8], SyntaxErrorKind> {
        let rest = self.rest();
        let length = name_length(rest);
        if length > 0 && rest.get(length) == Some(&b'=') {
            self.advance(length + 1);
            return Ok(&rest[..length]);
        }
        let word = rest.iter().take_while(|byte| !b" \t\r\n;".contains(byte)).count();
        Err(SyntaxErrorKind::NotAssignment(rest[..word].to_vec()))
    }

    /// Reads a value up to the blank, newline or `;` that ends it.
    fn value(&mut self, variables: &impl Variables) -> Result<Vec<u8>, SyntaxErrorKind> {
        let mut value = Vec::new();
        while let Some(byte) = self.peek() {
            match byte {
                b' ' | b'\t' | b'\n' | b';' => break,
                b'\r' if matches!(self.rest(), [_, b'\n', ..] | [_]) => break,
                b'\'' => self.single_quoted(&mut value)?,
                b'"' => self.double_quoted(&mut value, variables)?,
                b'\\' => self.escaped(&mut value),
                b'$' => self.variable(&mut value, variables)?,
                b'`' => return Err(self.backquoted()),
                b'|' | b'&' | b'<' | b'>' | b'(' | b')' => {
                    return Err(SyntaxErrorKind::Operator(char::from(byte)));
                }
                _ => {
                    value.push(byte);
                    self.advance(1);
                }
            }
        }
        Ok(value)
    }

    fn single_quoted(&mut self, value: &mut Vec<u8>) -> Result<(), SyntaxErrorKind> {
        let inside = &self.rest()[1..];
        let end = inside.iter().position(|&byte| byte == b'\'');
        let end = end.ok_or(SyntaxErrorKind::UnterminatedString)?;
        value.extend(&inside[..end]);
        self.advance(end + 2);
        Ok(())
    }

    fn double_quoted(
        &mut self,
        value: &mut Vec<u8>,
        variables: &impl Variables,
    ) -> Result<(), SyntaxErrorKind> {
        self.advance(1);
        loop {
            match self.rest() {
                [] => return Err(SyntaxErrorKind::UnterminatedString),
                [b'"', ..] => {
                    self.advance(1);
                    return Ok(());
                }
                [b'$', ..] => self.variable(value, variables)?,
                [b'`', ..] => return Err(self.backquoted()),
                [b'\\', b'$' | b'`' | b'"' | b'\\' | b'\n', ..] => self.escaped(value),
                [byte, ..] => {
                    value.push(*byte);
                    self.advance(1);
                }
            }
        }
    }

    /// Reads a backslash and what it protects; before a newline both vanish.
    fn escaped(&mut self, value: &mut Vec<u8>) {
        match self.rest() {
            [_, b'\n', ..] => {}
            [_, byte, ..] => value.push(*byte),
            _ => value.push(b'\\'),
        }
        self.advance(2);
    }

    fn variable(
        &mut self,
        value: &mut Vec<u8>,
        variables: &impl Variables,
    ) -> Result<(), SyntaxErrorKind> {
        let after = &self.rest()[1..];
        match after {
            [b'{', inside @ ..] => {
                let end = inside.iter().position(|&byte| byte == b'}' || byte == b'\n');
                let end = end.filter(|&end| inside[end] == b'}');
                let end = end.ok_or(SyntaxErrorKind::UnterminatedVariable)?;
                if end == 0 || name_length(inside) != end {
                    return Err(SyntaxErrorKind::Expansion(self.rest()[..end + 3].to_vec()));
                }
                value.extend(variables.value(&inside[..end]));
                self.advance(end + 3);
            }
            [b'(', ..] => return Err(self.up_to(b')')),
            _ => match name_length(after) {
                // A dollar before nothing that it could name is a dollar; `$1`, `$?`, … are not ours.
                0 if after.first().is_none_or(|byte| b" \t\r\n;\"/.:".contains(byte)) => {
                    value.push(b'$');
                    self.advance(1);
                }
                0 => return Err(SyntaxErrorKind::Expansion(self.rest()[..2].to_vec())),
                length => {
                    value.extend(variables.value(&after[..length]));
                    self.advance(1 + length);
                }
            },
        }
        Ok(())
    }

    fn backquoted(&self) -> SyntaxErrorKind {
        let inside = &self.rest()[1..];
        let end = inside.iter().position(|&byte| byte == b'`' || byte == b'\n');
        SyntaxErrorKind::Expansion(self.rest()[..end.map_or(1, |end| end + 2)].to_vec())
    }

    /// The text up to `end`, or to the end of the line, as an expansion that is not supported.
    fn up_to(&self, end: u8) -> SyntaxErrorKind {
        let rest = self.rest();
        let length = rest.iter().take_while(|&&byte| byte != end && byte != b'\n').count();
        let closed = usize::from(rest.get(length) == Some(&end));
        SyntaxErrorKind::Expansion(rest[..length + closed].to_vec())
    }
}

/// How many bytes at the start of `text` are a variable's name.
fn name_length(text: &[u8]) -> usize {
    if text.first().is_none_or(u8::is_ascii_digit) {
        return 0;
    }
    text.iter().take_while(|&&byte| byte.is_ascii_alphanumeric() || byte == b'_').count()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[derive(Default)]
    struct List(Vec<(Vec<u8>, Vec<u8>)>);

    impl Variables for List {
        fn value(&self, name: &[u8]) -> &[u8] {
            self.0.iter().rev().find(|(known, _)| known == name).map_or(b"", |(_, value)| value)
        }
        fn assign(&mut self, name: Vec<u8>, value: Vec<u8>) {
            self.0.push((name, value));
        }
    }

    fn read(text: &str) -> Result<String, String> {
        let mut list = List::default();
        assignments(text.as_bytes(), &mut list).map_err(|error| error.to_string())?;
        let shown = list.0.iter().map(|(name, value)| {
            format!("{}={}", String::from_utf8_lossy(name), String::from_utf8_lossy(value))
        });
        Ok(shown.collect::<Vec<_>>().join("|"))
    }

    #[test]
    #[rustfmt::skip]
    fn values() {
        // What `sh -c '. ./file; set'` would say.
        for (text, want) in [
            ("",                                          ""),
            ("# nothing\n\n  \n",                         ""),
            ("jail_enable=\"YES\"\njail_list=\"samba\"\n", "jail_enable=YES|jail_list=samba"),
            ("rpcbind_enable=\"NO\"     # off\n",         "rpcbind_enable=NO"),
            ("a=x#y",                                     "a=x#y"),
            ("a=",                                        "a="),
            ("a=1 b=2; c=3",                              "a=1|b=2|c=3"),
            ("a='$b `c` \"d\"'",                          "a=$b `c` \"d\""),
            ("a=x\nb=\"${a} and $a.y\"",                  "a=x|b=x and x.y"),
            ("list=a\nlist=\"${list} b\"\nlist=\"${list} c\"", "list=a|list=a b|list=a b c"),
            ("a=\"$nothing\"",                            "a="),
            ("a=\"one \\\n two\"",                        "a=one  two"),
            ("a=one\\\ntwo",                              "a=onetwo"),
            ("a=\"two\nlines\"",                          "a=two\nlines"),
            ("a=\"q\\\"q \\$x \\n\"",                     "a=q\"q $x \\n"),
            ("a=b\\ c",                                   "a=b c"),
            ("a='x'\"y\"z",                               "a=xyz"),
            ("a=\"5$\"",                                  "a=5$"),
            ("a=1\r\nb=\"2\"\r\n",                        "a=1|b=2"),
            ("ifconfig_re0_alias0=\"inet 10.0.0.1/24\"",  "ifconfig_re0_alias0=inet 10.0.0.1/24"),
        ] {
            assert_eq!(read(text).as_deref(), Ok(want), "{text:?}");
        }
    }

    #[test]
    #[rustfmt::skip]
    fn what_is_not_an_assignment_is_named() {
        for (text, want) in [
            ("a=1\nifconfig re0 up\n",  "2: ifconfig: not an assignment; this file is read, not executed"),
            ("if [ -f /x ]; then",      "1: if: not an assignment; this file is read, not executed"),
            ("a=1 reboot",              "1: reboot: not an assignment; this file is read, not executed"),
            ("jail_list+=\" b\"",       "1: jail_list+=\": not an assignment; this file is read, not executed"),
            ("export a=1",              "1: export: not an assignment; this file is read, not executed"),
            ("1a=2",                    "1: 1a=2: not an assignment; this file is read, not executed"),
            ("\na=$(hostname)",         "2: $(hostname): not supported; only $name and ${name} are"),
            ("a=\"`hostname` x\"",      "1: `hostname`: not supported; only $name and ${name} are"),
            ("a=${b:-c}",               "1: ${b:-c}: not supported; only $name and ${name} are"),
            ("a=$1",                    "1: $1: not supported; only $name and ${name} are"),
            ("a=${b",                   "1: Syntax error: Missing '}'"),
            ("a=1\nb=\"open\nc=2\n",    "2: Syntax error: Unterminated quoted string"),
            ("a='open",                 "1: Syntax error: Unterminated quoted string"),
            ("a=b&",                    "1: `&` is not supported here; put it in quotes"),
            ("a=b >/dev/null",          "1: >/dev/null: not an assignment; this file is read, not executed"),
        ] {
            assert_eq!(read(text), Err(want.to_owned()), "{text:?}");
        }
    }

    #[test]
    fn no_bytes_make_it_panic() {
        let pieces: [&[u8]; 14] = [
            b"a=", b"$", b"{", b"}", b"(", b"\"", b"'", b"\\", b"\n", b"`", b" ", b"#", b"\xff",
            b";",
        ];
        for a in pieces {
            for b in pieces {
                for c in pieces {
                    for d in pieces {
                        let _ = assignments(&[a, b, c, d].concat(), &mut List::default());
                    }
                }
            }
        }
    }
}
