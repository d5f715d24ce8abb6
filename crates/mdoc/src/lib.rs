//! mdoc(7), the language of manual pages: plain sentences turned into it, and the part of a page
//! that is made from a table.
//!
//! In a sentence, words in backquotes are words of a computer language, and `name(8)` is a manual
//! page. Pages of section 4 stay text: they are about drivers of FreeBSD, which Linux has no page
//! of.
//!
//! May use: no other crate; no system calls.

use std::fmt::Write;

/// The longest line of a page's text, in bytes.
const WIDTH: usize = 78;

/// The characters that mdoc(7) sets in the plain font behind a macro, each as a word of its own.
const PUNCTUATION: [char; 7] = ['.', ',', ':', ';', ')', '?', '!'];

/// The page has no place for the part.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Stale;

/// Puts `part` into `page`, between the lines that mark the part `title`, in place of what is
/// there. `task` is the command that does so.
///
/// # Errors
/// The page lacks one of the two lines.
pub fn insert(page: &str, title: &str, task: &str, part: &str) -> Result<String, Stale> {
    let begin = format!(".\\\" {title}: made from the catalogue by `{task}`.\n");
    let end = format!(".\\\" End of the {}.\n", title.to_lowercase());
    let (before, rest) = page.split_once(&begin).ok_or(Stale)?;
    let (_, after) = rest.split_once(&end).ok_or(Stale)?;
    Ok([before, &begin, part, &end, after].concat())
}

/// Breaks a text into lines of at most `width` bytes. Lines break only at blanks.
#[must_use]
pub fn fill(text: &str, width: usize) -> Vec<String> {
    let mut lines: Vec<String> = Vec::new();
    for word in text.split_whitespace() {
        match lines.last_mut() {
            Some(line) if line.len() + 1 + word.len() <= width => {
                line.push(' ');
                line.push_str(word);
            }
            _ => lines.push(word.to_owned()),
        }
    }
    lines
}

/// Appends sentences to `out`, each on a line of its own. `quoted` is the macro for words in
/// backquotes, such as `Cm`.
pub fn write(out: &mut String, text: &str, quoted: &str) {
    for sentence in sentences(text) {
        let mut paragraph = Paragraph { out, plain: String::new() };
        let mut rest = sentence.trim();
        while !rest.is_empty() {
            rest = paragraph.take(rest, quoted).trim_start();
        }
        paragraph.flush();
    }
}

/// Splits a text behind each full stop that a capital letter or a backquote follows.
fn sentences(text: &str) -> Vec<&str> {
    let mut found = Vec::new();
    let mut from = 0;
    for (at, _) in text.match_indices(". ") {
        let next = text[at + 2..].chars().next();
        if next.is_some_and(|next| next.is_uppercase() || next == '`') {
            found.push(&text[from..=at]);
            from = at + 2;
        }
    }
    found.push(&text[from..]);
    found
}

/// A sentence on its way into a page.
struct Paragraph<'a> {
    out: &'a mut String,
    /// Plain words that are not written yet.
    plain: String,
}

impl Paragraph<'_> {
    /// Takes the first word or quotation of `rest`, and answers what follows.
    fn take<'t>(&mut self, rest: &'t str, quoted: &str) -> &'t str {
        let (is_open, inner) = match rest.strip_prefix('(') {
            Some(inner) => (true, inner),
            None => (false, rest),
        };
        if let Some((words, after)) = inner.strip_prefix('`').and_then(|it| it.split_once('`')) {
            return self.call(quoted, is_open, &escaped(words), after);
        }
        let end = rest.find(char::is_whitespace).unwrap_or(rest.len());
        let (word, after) = rest.split_at(end);
        match page(word.trim_start_matches('(')) {
            Some((name, section, tail)) => {
                self.call("Xr", is_open, &format!("{name} {section}"), tail);
            }
            None => {
                self.plain.push_str(word);
                self.plain.push(' ');
            }
        }
        after
    }

    /// Writes a line with a macro, and answers what follows the punctuation behind it.
    fn call<'t>(&mut self, name: &str, is_open: bool, words: &str, after: &'t str) -> &'t str {
        self.flush();
        let end = after.find(char::is_whitespace).unwrap_or(after.len());
        let tail = &after[..end];
        let punctuation = tail.trim_start_matches(PUNCTUATION);
        let punctuation = &tail[..tail.len() - punctuation.len()];
        let open = if is_open { "( " } else { "" };
        let _ = write!(self.out, ".{name} {open}{words}");
        for mark in punctuation.chars() {
            let _ = write!(self.out, " {mark}");
        }
        let rest = &tail[punctuation.len()..];
        if !rest.is_empty() {
            let _ = write!(self.out, " Ns {rest}");
        }
        self.out.push('\n');
        &after[end..]
    }

    /// Writes the plain words.
    fn flush(&mut self) {
        for line in fill(&std::mem::take(&mut self.plain), WIDTH) {
            let line = line.replace('\\', "\\e");
            // A dot or an apostrophe at the beginning of a line would be a macro.
            let guard = if line.starts_with(['.', '\'']) { "\\&" } else { "" };
            let _ = writeln!(self.out, "{guard}{line}");
        }
    }
}

/// Reads the word `name(section)` with what follows it: `name`, `section`, the rest.
fn page(word: &str) -> Option<(&str, &str, &str)> {
    let (name, rest) = word.split_once('(')?;
    let (section, rest) = rest.split_once(')')?;
    let is_name = |c: char| c.is_ascii_alphanumeric() || "._-+".contains(c);
    let is_section = matches!(section, "1" | "2" | "3" | "5" | "7" | "8");
    (!name.is_empty() && name.chars().all(is_name) && is_section).then_some((name, section, rest))
}

/// The words of a macro, so that none of them is taken for more.
fn escaped(words: &str) -> String {
    let words = words.replace('\\', "\\e").replace('"', "\\(dq");
    let word = |word: &str| {
        let is_mark = word.len() == 1 && word.starts_with(|c: char| c.is_ascii_punctuation());
        if is_mark { format!("\\&{word}") } else { word.to_owned() }
    };
    words.split(' ').map(word).collect::<Vec<_>>().join(" ")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    #[rustfmt::skip]
    fn text() {
        for (text, want) in [
            ("A bridge.",                            "A bridge.\n"),
            ("After `ether`: an address.",           "After\n.Cm ether :\nan address.\n"),
            ("Only with `create`.",                  "Only with\n.Cm create .\n"),
            ("`a` and `b`, and more.",               ".Cm a\nand\n.Cm b ,\nand more.\n"),
            ("One. Two.",                            "One.\nTwo.\n"),
            ("Linux 6.12 is needed. `x` says so.",   "Linux 6.12 is needed.\n.Cm x\nsays so.\n"),
            ("See fstab(5), or mount(8).",           "See\n.Xr fstab 5 ,\nor\n.Xr mount 8 .\n"),
            ("No mac_do(4) there.",                  "No mac_do(4) there.\n"),
            ("The host's (`a=b`) is.",               "The host's\n.Cm ( a=b )\nis.\n"),
            ("A jail (see jls(8)) is.",              "A jail (see\n.Xr jls 8 )\nis.\n"),
            ("`kletka`'s own.",                      ".Cm kletka Ns 's\nown.\n"),
            (".profile and `.` and `\"`.",           "\\&.profile and\n.Cm \\&.\nand\n.Cm \\(dq .\n"),
        ] {
            let mut out = String::new();
            write(&mut out, text, "Cm");
            assert_eq!(out, want, "{text}");
        }
    }

    #[test]
    fn a_part_replaces_what_is_between_its_lines() {
        let page = |part| {
            format!(
                "before\n.\\\" Words: made from the catalogue by `x`.\n{part}.\\\" End of the \
                 words.\nafter\n"
            )
        };
        assert_eq!(insert(&page("old\n"), "Words", "x", "new\n"), Ok(page("new\n")));
        assert_eq!(insert("before\n", "Words", "x", "new\n"), Err(Stale));
    }
}
