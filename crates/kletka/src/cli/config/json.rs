//! Writing JSON: strings, and objects with a member on each line. What `get` prints has no other shapes, so that a
//! crate for it would be most of the code.

use std::fmt::Write;

/// `text` as a JSON string. What is not UTF-8 becomes U+FFFD: JSON has no other bytes.
pub(super) fn string(text: &[u8]) -> String {
    let mut out = String::from("\"");
    for c in String::from_utf8_lossy(text).chars() {
        match c {
            '"' | '\\' => out.extend(['\\', c]),
            '\n' => out.push_str("\\n"),
            '\t' => out.push_str("\\t"),
            // Writing to a `String` cannot fail.
            c if c < ' ' => drop(write!(out, "\\u{:04x}", u32::from(c))),
            c => out.push(c),
        }
    }
    out + "\""
}

/// An array.
pub(super) fn array(values: &[Vec<u8>]) -> String {
    let values: Vec<String> = values.iter().map(|value| string(value)).collect();
    format!("[{}]", values.join(", "))
}

/// An object of members that are JSON already.
pub(super) fn object(members: &[(Vec<u8>, String)]) -> String {
    let members = members.iter().map(|(name, value)| format!("  {}: {value}", string(name)));
    format!("{{\n{}\n}}", members.collect::<Vec<_>>().join(",\n"))
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
            ("Größe".as_bytes(), "\"Größe\""),
            (b"\xff",         "\"\u{fffd}\""),
        ] {
            assert_eq!(string(text), want);
        }
    }
}
