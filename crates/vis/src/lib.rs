//! vis(3): text that somebody else has written, in a form that no terminal obeys and that looks
//! like nothing else.
//!
//! A jail's root chooses host names, names of interfaces and whole records that the host shows. A
//! control character in them could clear a screen, retitle a window or type ahead; a line feed
//! could begin a line that seems to be another jail's; a bidirectional control shows a name as
//! another one. [`text`] and [`lines`] write such a character as vis(3) does with `VIS_CSTYLE`,
//! `VIS_OCTAL`, `VIS_TAB` and `VIS_NL`: `\n`, `\033`. As with `VIS_NOSLASH`, a backslash stays
//! alone, so what has been written this way stays as it is. Bytes that are not UTF-8 are written as
//! numbers too.
//!
//! May use: no other crate; no system calls.

use std::borrow::Cow;
use std::fmt::Write;

/// Characters beside controls that show text as something else than it is: they turn the direction,
/// end a line or a paragraph, or are not seen at all. Joiners are none of these: words of several
/// languages need them.
const DECEIVING: [std::ops::RangeInclusive<char>; 10] = [
    '\u{61c}'..='\u{61c}',
    '\u{180e}'..='\u{180e}',
    '\u{200b}'..='\u{200b}',
    '\u{200e}'..='\u{200f}',
    '\u{2028}'..='\u{202e}',
    '\u{2060}'..='\u{206f}',
    '\u{feff}'..='\u{feff}',
    '\u{fff9}'..='\u{fffb}',
    '\u{1bca0}'..='\u{1bca3}',
    '\u{e0000}'..='\u{e007f}',
];

/// Whether a terminal shows `c` itself, instead of obeying it or being deceived by it.
#[must_use]
pub fn is_plain(c: char) -> bool {
    // Nearly every character is one of these.
    if c.is_ascii() {
        return !c.is_ascii_control();
    }
    !c.is_control() && !DECEIVING.iter().any(|some| some.contains(&c))
}

/// Writes `bytes`, a value that stands within a line.
#[must_use]
pub fn text(bytes: &[u8]) -> Cow<'_, str> {
    written(bytes, |_| false)
}

/// Writes `bytes`, whole lines: line feeds and tabs stay.
#[must_use]
pub fn lines(bytes: &[u8]) -> Cow<'_, str> {
    written(bytes, |c| matches!(c, '\n' | '\t'))
}

/// Writes `bytes`, and leaves every character that is plain or that `stays`.
fn written(bytes: &[u8], stays: impl Fn(char) -> bool) -> Cow<'_, str> {
    let is_left = |c: char| is_plain(c) || stays(c);
    if let Ok(text) = std::str::from_utf8(bytes)
        && text.chars().all(is_left)
    {
        return Cow::Borrowed(text);
    }
    let mut out = String::with_capacity(bytes.len() + 16);
    for chunk in bytes.utf8_chunks() {
        let mut chars = chunk.valid().chars().peekable();
        while let Some(c) = chars.next() {
            if is_left(c) {
                out.push(c);
            } else {
                escape(c, chars.peek().is_some_and(|next| next.is_digit(8)), &mut out);
            }
        }
        chunk.invalid().iter().for_each(|byte| octal(*byte, &mut out));
    }
    Cow::Owned(out)
}

/// Writes a character that cannot stay. `digit`: an octal digit follows.
fn escape(c: char, digit: bool, out: &mut String) {
    let short = match c {
        '\n' => "\\n",
        '\r' => "\\r",
        '\t' => "\\t",
        '\u{8}' => "\\b",
        '\u{7}' => "\\a",
        '\u{b}' => "\\v",
        '\u{c}' => "\\f",
        '\0' if digit => "\\000",
        '\0' => "\\0",
        _ => return c.encode_utf8(&mut [0; 4]).bytes().for_each(|byte| octal(byte, out)),
    };
    out.push_str(short);
}

fn octal(byte: u8, out: &mut String) {
    // Writing to a String does not fail.
    let _ = write!(out, "\\{byte:03o}");
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    #[rustfmt::skip]
    fn what_a_terminal_would_obey() {
        // What strvis(3) answers with the flags above: contrib/libc-vis/vis.c, do_mbyte().
        for (bytes, want) in [
            (&b"web-1.example.org"[..],       "web-1.example.org"),
            (b"a b\\c\"'",                    "a b\\c\"'"),
            (b"\x1b[2J\x1b]0;x\x07",          "\\033[2J\\033]0;x\\a"),
            (b"a\nb\rc\td\x08\x0b\x0c\x7f",   "a\\nb\\rc\\td\\b\\v\\f\\177"),
            (b"\x00a\x00001\x00",                   "\\0a\\000001\\0"),
            ("Größe 漢字 é\u{301}".as_bytes(), "Größe 漢字 é\u{301}"),
            ("\u{9b}2J".as_bytes(),           "\\302\\2332J"),
            ("a\u{202e}b\u{2066}".as_bytes(), "a\\342\\200\\256b\\342\\201\\246"),
            ("\u{200b}\u{feff}".as_bytes(),   "\\342\\200\\213\\357\\273\\277"),
            ("a\u{200d}b".as_bytes(),         "a\u{200d}b"),
            (b"\xe4b\xff",                    "\\344b\\377"),
        ] {
            assert_eq!(text(bytes), want, "{}", bytes.escape_ascii());
            // Once is enough, and twice the same.
            assert_eq!(text(want.as_bytes()), want);
        }
    }

    #[test]
    fn lines_keep_their_ends() {
        assert_eq!(lines(b"a\tb\n\x1bc\r\n"), "a\tb\n\\033c\\r\n");
        assert!(matches!(lines(b"a\n"), Cow::Borrowed("a\n")));
    }
}
