//! The one layout of a file: `kletka config fmt`.
//!
//! Only white space between tokens changes: a tab for each open section, one more for a statement
//! that goes on, one space around `=` and `+=`, none before `;` and `,`, never two empty lines.
//! Line breaks stay where they are, and so do comments, each as it is written.

use std::path::Path;

use crate::diagnostic::Diagnostics;
use crate::edit::Document;
use crate::lexer::{Kind, Lexer};

/// `text` in the one layout; it says the same. Included files are not looked at.
///
/// # Errors
/// All faults of the text; messages call it `name`.
pub fn format(name: &Path, text: &[u8]) -> Result<Vec<u8>, Diagnostics> {
    Document::new(name, text)?;
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
    /// The token before.
    before: Kind,
}

impl Layout {
    /// Writes what stands between two tokens, of which `next` is the second.
    fn gap(&mut self, gap: &[u8], next: &Kind) {
        // Behind a variable, a closing quote is no token.
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
            let next = comment.is_empty().then_some(next);
            match newlines {
                0 => self.space(next, space > 0, comments),
                _ => self.line(next, newlines),
            }
            if comment.is_empty() {
                return;
            }
            comments = true;
            self.out.extend(comment.trim_ascii_end());
            rest = &rest[comment.len()..];
        }
    }

    /// What two things on one line have between them, of which `next` is the
    /// second, or a comment is.
    fn space(&mut self, next: Option<&Kind>, spaced: bool, behind_comment: bool) {
        let spreads = |kind: &Kind| matches!(kind, Kind::Append | Kind::Symbol(b'=' | b'{' | b'}'));
        let before = &self.before;
        let wide = match next {
            _ if self.out.is_empty() => false,
            // A comment that touches the text before it could become part of
            // it: it is left as it is.
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

    /// Begins a new line for `next`, or for a comment.
    fn line(&mut self, next: Option<&Kind>, newlines: usize) {
        self.finish_line();
        if newlines > 1 && !self.out.is_empty() {
            self.out.push(b'\n');
        }
        if next == Some(&Kind::End) {
            return;
        }
        let goes_on = !matches!(self.before, Kind::Symbol(b';' | b'{' | b'}'));
        let closes = next == Some(&Kind::Symbol(b'}'));
        let tabs = (self.depth + usize::from(goes_on)).saturating_sub(usize::from(closes));
        self.out.extend(std::iter::repeat_n(b'\t', tabs));
    }

    fn finish_line(&mut self) {
        if !self.out.is_empty() {
            self.out.push(b'\n');
        }
    }

    /// The end of the file: one line break, if there is anything.
    fn finish(&mut self) {
        let length = self.out.trim_ascii_end().len();
        self.out.truncate(length);
        self.finish_line();
    }
}

/// The comment that `text` begins with.
fn comment(text: &[u8]) -> &[u8] {
    let length = match text {
        [b'#', ..] | [b'/', b'/', ..] => text.iter().position(|&byte| byte == b'\n'),
        [b'/', b'*', ..] => text[2..].windows(2).position(|pair| pair == b"*/").map(|at| at + 4),
        _ => Some(0),
    };
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
