//! What to write instead of what the grammar does not take: the text that follows FreeBSD's words.
//!
//! FreeBSD's parser names the token at which it gave up. What is missing is most often before that
//! token, at the end of another line.

use crate::lexer::{Fault, Kind};

/// What the parser was waiting for when something else came.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Awaited {
    /// A statement, a section or a `}`.
    Statement,
    /// What may follow a name: `;`, `=`, `+=`, `{` or a value.
    Assignment,
    /// A value.
    Value,
    /// The `,` or the `;` behind a value.
    End,
}

/// The lines around a token that was not expected.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Lines {
    /// Where the statement begins.
    pub(crate) statement: u32,
    /// Where the token before ends.
    pub(crate) before: u32,
    /// Where the token begins.
    pub(crate) found: u32,
}

/// Says what to write, where `found` came and something else was awaited.
pub(crate) fn of(awaited: Awaited, found: &Kind, lines: Lines) -> Option<String> {
    let unfinished = |line: u32| format!("line {line} lacks a \";\" at its end");
    let text = match (awaited, found) {
        (Awaited::Statement, Kind::Symbol(b'}')) => "no section is open that it could end",
        (Awaited::Statement, Kind::Symbol(b'{')) => "a section begins with the name of its jail",
        (Awaited::Statement, Kind::Symbol(b'=') | Kind::Append) => "no parameter is named before",
        // In `persist NEWLINE path = /x;` the name is `persist`, and `path` is taken for its value.
        (Awaited::End, Kind::Symbol(b'=')) if lines.statement < lines.found => {
            return Some(unfinished(lines.statement));
        }
        (
            Awaited::End | Awaited::Assignment,
            Kind::Text(_) | Kind::Variable(_) | Kind::Symbol(b'}'),
        ) if lines.before < lines.found => return Some(unfinished(lines.before)),
        (Awaited::End | Awaited::Assignment, Kind::Symbol(b'}')) => "a \";\" is missing before it",
        (Awaited::End, Kind::Text(_) | Kind::Variable(_)) => {
            "put a value with blanks in quotes, and \";\" behind it"
        }
        (Awaited::Assignment, Kind::Text(_)) => "write NAME = VALUE;",
        (Awaited::Value | Awaited::End, Kind::Symbol(b'{')) => "write NAME { PARAMETER = VALUE; }",
        (Awaited::Value, Kind::Symbol(b';' | b',' | b'}')) => "a value is missing before it",
        (Awaited::Value, Kind::Symbol(b'=')) => "one \"=\" is enough",
        _ => return None,
    };
    Some(text.to_owned())
}

/// Says what is missing at the end of a file: the other half of the section that is open, by name
/// and line, or the end of a statement.
pub(crate) fn at_end(open: Option<(&[u8], u32)>) -> String {
    match open {
        Some((name, line)) => {
            let name = String::from_utf8_lossy(name);
            format!("a \"}}\" is missing for the section \"{name}\" of line {line}")
        }
        None => "the last statement lacks its \";\"".to_owned(),
    }
}

/// Says what is missing in a token that has no end.
pub(crate) fn of_fault(fault: &Fault) -> Option<&'static str> {
    match fault {
        Fault::UnterminatedComment => Some("\"*/\" is missing"),
        Fault::UnterminatedString => Some("a quote is missing at the end of the text"),
        Fault::UnterminatedVariable => Some("a \"}\" is missing at the end of its name"),
        // Their messages are not FreeBSD's, and say it.
        Fault::TypographicQuote | Fault::Byte(_) => None,
    }
}

#[cfg(test)]
mod tests {
    use crate::Config;

    #[test]
    #[rustfmt::skip]
    fn what_to_write_instead() {
        for (text, want) in [
            ("x { y = 1 }",                 "a \";\" is missing before it"),
            ("x { y }",                     "a \";\" is missing before it"),
            ("x {\n y = 1\n z = 2;\n}",     "line 2 lacks a \";\" at its end"),
            ("x {\n y\n z = 2;\n}",         "line 2 lacks a \";\" at its end"),
            ("x {\n y = 1\n}",              "line 2 lacks a \";\" at its end"),
            ("x {\n y\n}",                  "line 2 lacks a \";\" at its end"),
            ("x { y = a b; }",              "put a value with blanks in quotes, and \";\" behind it"),
            ("x { y/z = 1; }",              "write NAME = VALUE;"),
            ("x = { y; }",                  "write NAME { PARAMETER = VALUE; }"),
            ("jail x { y; }",               "write NAME { PARAMETER = VALUE; }"),
            ("{ y; }",                      "a section begins with the name of its jail"),
            ("x { = 1; }",                  "no parameter is named before"),
            ("x { y = ; }",                 "a value is missing before it"),
            ("x { y == 1; }",               "one \"=\" is enough"),
            ("x { } }",                     "no section is open that it could end"),
            ("x {\n y { z; }\n",            "a \"}\" is missing for the section \"x\" of line 1"),
            ("x { }\ny { z;",               "a \"}\" is missing for the section \"y\" of line 2"),
            ("y = 1",                       "the last statement lacks its \";\""),
            ("x { y = \"a; }\n}",           "a quote is missing at the end of the text"),
            ("x { y = ${a;\n }",            "a \"}\" is missing at the end of its name"),
            ("x { } /* y",                  "\"*/\" is missing"),
        ] {
            let faults = Config::parse("f".as_ref(), text.as_bytes()).unwrap_err();
            assert_eq!(faults.0[0].advice.as_deref(), Some(want), "{text}");
        }
    }
}
