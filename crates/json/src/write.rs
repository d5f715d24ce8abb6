//! Writing JSON, indented for people: each member of an object is on a line of its own, and an
//! array is on one line unless arrays or objects are in it.

use std::fmt::{self, Write};

use crate::Json;

impl Json {
    fn write(&self, f: &mut fmt::Formatter<'_>, level: usize) -> fmt::Result {
        match self {
            Self::Null => f.write_str("null"),
            Self::Text(text) => string(f, text),
            Self::Number(number) => write!(f, "{number}"),
            Self::Bool(on) => write!(f, "{on}"),
            Self::List(values) => {
                let lines = values.iter().any(|it| matches!(it, Self::List(_) | Self::Object(_)));
                elements(f, ['[', ']'], values, lines.then_some(level), |f, value| {
                    value.write(f, level + 1)
                })
            }
            Self::Object(members) => {
                elements(f, ['{', '}'], members, Some(level), |f, (name, value)| {
                    string(f, name)?;
                    f.write_str(": ")?;
                    value.write(f, level + 1)
                })
            }
        }
    }
}

impl fmt::Display for Json {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.write(f, 0)
    }
}

/// Writes what is between two brackets: each element on a line of its own, one level deeper than
/// `level`, or all on this line if there is no `level`.
fn elements<T>(
    f: &mut fmt::Formatter<'_>,
    [open, close]: [char; 2],
    all: &[T],
    level: Option<usize>,
    write: impl Fn(&mut fmt::Formatter<'_>, &T) -> fmt::Result,
) -> fmt::Result {
    let new_line = |f: &mut fmt::Formatter<'_>, more: usize| match level {
        Some(level) if !all.is_empty() => write!(f, "\n{:1$}", "", 2 * (level + more)),
        _ => Ok(()),
    };
    f.write_char(open)?;
    for (at, element) in all.iter().enumerate() {
        f.write_str(match (at, level) {
            (0, _) => "",
            (_, Some(_)) => ",",
            (_, None) => ", ",
        })?;
        new_line(f, 1)?;
        write(f, element)?;
    }
    new_line(f, 0)?;
    f.write_char(close)
}

fn string(f: &mut fmt::Formatter<'_>, text: &[u8]) -> fmt::Result {
    f.write_char('"')?;
    for c in String::from_utf8_lossy(text).chars() {
        match c {
            '"' | '\\' => write!(f, "\\{c}")?,
            '\n' => f.write_str("\\n")?,
            '\t' => f.write_str("\\t")?,
            c if vis::is_plain(c) => f.write_char(c)?,
            // RFC 8259, section 7: characters below the blank have to be escaped, the others may.
            c => {
                for unit in c.encode_utf16(&mut [0; 2]) {
                    write!(f, "\\u{unit:04x}")?;
                }
            }
        }
    }
    f.write_char('"')
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    #[rustfmt::skip]
    fn strings() {
        for (text, want) in [
            (&b"plain"[..],   r#""plain""#),
            (b"a \"b\" \\c",  r#""a \"b\" \\c""#),
            (b"\n\t\x01",     r#""\n\t\u0001""#),
            (b"\x1b\x7f\xc2\x9b", r#""\u001b\u007f\u009b""#),
            ("\u{202e}\u{e0041}".as_bytes(), r#""\u202e\udb40\udc41""#),
            ("Größe".as_bytes(), "\"Größe\""),
            (b"\xff",         "\"\u{fffd}\""),
        ] {
            assert_eq!(Json::text(text).to_string(), want);
        }
    }

    #[test]
    fn shapes() {
        let object = Json::object([
            ("a", Json::texts(["x", "y"])),
            ("b", Json::List(vec![Json::object([("c", Json::number(-1_i64))]), Json::Bool(true)])),
            ("d", Json::List(Vec::new())),
            ("e", Json::object([])),
            ("f", Json::Null),
        ]);
        let want = "{\n  \"a\": [\"x\", \"y\"],\n  \"b\": [\n    {\n      \"c\": -1\n    },\n    true\n  ],\n  \
                    \"d\": [],\n  \"e\": {},\n  \"f\": null\n}";
        assert_eq!(object.to_string(), want);
    }
}
