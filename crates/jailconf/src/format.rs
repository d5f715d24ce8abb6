//! The one layout of a file, as `kletka config fmt` writes it.
//!
//! Only white space between tokens changes. A line begins with a tab for each open section and with
//! one more if a statement goes on; `=` and `+=` have one space around, `;` and `,` none before;
//! two empty lines never follow each other. Line breaks are kept, and so is each comment as
//! written.

use std::path::Path;

use crate::diagnostic::Diagnostics;
use crate::edit::Document;
use crate::lexer::{Kind, Lexer};

/// Answers `text` in the one layout, with the same meaning. Included files are not read.
///
/// # Errors
/// All faults of the text; their messages call the text `name`.
pub fn format(name: &Path, text: &[u8]) -> Result<Vec<u8>, Diagnostics> {
    // Only a text without faults is formatted: the lexer yields no token for a faulty one, whose
    // bytes would be lost.
    Document::new(name, text)?;
    // A file begins as if a statement had just ended: nothing on its first line goes on.
    let mut layout =
        Layout { out: Vec::with_capacity(text.len()), depth: 0, before: Kind::Symbol(b';') };
    let mut lexer = Lexer::new(text);
    let mut end = 0;
    loop {
        let token = lexer.next();
        let (start, bytes) =
            (token.span.start as usize, token.span.start as usize..token.span.end as usize);
        layout.gap(&text[end..start], &token.kind);
        if token.kind == Kind::End {
            layout.finish();
            return Ok(layout.out);
        }
        layout.out.extend(&text[bytes.clone()]);
        match token.kind {
            Kind::Symbol(b'{') => layout.depth += 1,
            Kind::Symbol(b'}') => layout.depth = layout.depth.saturating_sub(1),
            _ => {}
        }
        layout.before = token.kind;
        end = bytes.end;
    }
}

struct Layout {
    out: Vec<u8>,
    depth: usize,
    /// The last token written.
    before: Kind,
}

impl Layout {
    /// Writes the gap between two tokens, of which `next` is the second.
    fn gap(&mut self, gap: &[u8], next: &Kind) {
        // The quote that closes behind a variable is part of no token: it begins the gap.
        let gap = match gap.strip_prefix(b"\"") {
            Some(rest) => {
                self.out.push(b'"');
                rest
            }
            None => gap,
        };
        let mut rest = gap;
        let mut comments = false;
        loop {
            let space = rest.iter().take_while(|byte| byte.is_ascii_whitespace()).count();
            let newlines = rest[..space].iter().filter(|&&byte| byte == b'\n').count();
            rest = &rest[space..];
            let comment = comment(rest);
            // Without a next token, `space` and `line` make room for the comment.
            let next = comment.is_empty().then_some(next);
            match newlines {
                0 => self.space(next, space > 0, comments),
                _ => self.line(next, newlines),
            }
            if comment.is_empty() {
                return;
            }
            comments = true;
            // The blanks at the end of a `#` comment, and the `\r` of a file from Windows, are
            // white space.
            self.out.extend(comment.trim_ascii_end());
            rest = &rest[comment.len()..];
        }
    }

    /// Writes the space between two things on one line; the second is `next`, or a comment without
    /// one.
    fn space(&mut self, next: Option<&Kind>, spaced: bool, behind_comment: bool) {
        let spreads = |kind: &Kind| matches!(kind, Kind::Append | Kind::Symbol(b'=' | b'{' | b'}'));
        let before = &self.before;
        let wide = match next {
            _ if self.out.is_empty() => false,
            // Whether a comment touches the text before it stays as it is: without its space, the
            // comment of `/ /* c */` would begin at the first slash.
            None => spaced,
            Some(Kind::Symbol(b';' | b',')) => behind_comment && spaced,
            Some(Kind::End) => false,
            Some(next) => {
                spaced
                    || spreads(next)
                    || spreads(before)
                    || matches!(before, Kind::Symbol(b';' | b','))
            }
        };
        if wide {
            self.out.push(b' ');
        }
    }

    /// Begins a new line for `next`, or for a comment if there is none.
    fn line(&mut self, next: Option<&Kind>, newlines: usize) {
        self.finish_line();
        if newlines > 1 && !self.out.is_empty() {
            self.out.push(b'\n');
        }
        if next == Some(&Kind::End) {
            return;
        }
        let goes_on = !matches!(self.before, Kind::Symbol(b';' | b'{' | b'}'));
        // A `}` belongs to the section around its own.
        let closes = next == Some(&Kind::Symbol(b'}'));
        let tabs = (self.depth + usize::from(goes_on)).saturating_sub(usize::from(closes));
        self.out.extend(std::iter::repeat_n(b'\t', tabs));
    }

    fn finish_line(&mut self) {
        if !self.out.is_empty() {
            self.out.push(b'\n');
        }
    }

    /// Ends the file with one line break, if the file has anything.
    fn finish(&mut self) {
        let length = self.out.trim_ascii_end().len();
        self.out.truncate(length);
        self.finish_line();
    }
}

/// Answers the comment that `text` begins with; empty if there is none.
fn comment(text: &[u8]) -> &[u8] {
    let length = match text {
        [b'#', ..] | [b'/', b'/', ..] => text.iter().position(|&byte| byte == b'\n'),
        // From byte 2: `/*/` opens and does not close.
        [b'/', b'*', ..] => text[2..].windows(2).position(|pair| pair == b"*/").map(|at| at + 4),
        _ => Some(0),
    };
    // A comment that reaches the end of the file: only `#` and `//` may, the others are faults.
    &text[..length.unwrap_or(text.len())]
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    #[rustfmt::skip]
    fn layouts() {
        for (text, want) in [
            ("",                              ""),
            ("\n\n# a  \n\n\n\n# b",          "# a\n\n# b\n"),
            ("a{x=1;y+=2,3;z;}",              "a { x = 1; y += 2, 3; z; }\n"),
            ("a {\n x=1 ;  # b\n    }\n\n",   "a {\n\tx = 1;  # b\n}\n".replace(";  #", "; #").as_str()),
            ("a {\nb {\nx;\n}\n}",            "a {\n\tb {\n\t\tx;\n\t}\n}\n"),
            ("a {\nx = 1,\n2;\n/* b\n  c */\ny;\n}", "a {\n\tx = 1,\n\t\t2;\n\t/* b\n  c */\n\ty;\n}\n"),
            ("a { x = \"b$name\"   ; y = \"b\n  c\"; }", "a { x = \"b$name\"; y = \"b\n  c\"; }\n"),
            ("a { x = b#c\n; }",              "a { x = b#c\n\t\t; }\n"),
            ("a { x=/b/*c*/; y   z; }",       "a { x = /b/*c*/; y z; }\n"),
        ] {
            let got = format(Path::new("f"), text.as_bytes()).unwrap();
            assert_eq!(String::from_utf8_lossy(&got), want, "{text:?}");
        }
    }
}
