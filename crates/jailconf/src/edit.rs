//! Changing a file: one statement or section at a time. Every other byte, comments too, is kept.
//!
//! A [`Document`] is the text of one file; included files are not read, as an edit concerns this
//! file alone. Each edit ends with a parse of the new text, so that no edit leaves a file that does
//! not parse.

use std::fmt;
use std::io;
use std::ops::Range;
use std::path::{Path, PathBuf};

use crate::diagnostic::Diagnostics;
use crate::loader::Loader;
use crate::names::same_parameter;
use crate::tree::{Assignment, Config, Section};

/// One file that can be changed.
#[derive(Clone, Debug)]
pub struct Document {
    name: PathBuf,
    text: Vec<u8>,
    config: Config,
}

/// Why an edit was not made.
#[derive(Debug)]
pub enum EditError {
    /// The file has no section of this name.
    NotFound(Vec<u8>),
    /// The file has a section of this name.
    Exists(Vec<u8>),
    /// The section is inside another one, and the new name does not begin with that one's name.
    Moves(Vec<u8>),
    /// No variable can have this name: no text of the language means such a variable.
    NoVariable(Vec<u8>),
    /// A name or a value has a NUL: whoever reads the text would stop there.
    Nul(Vec<u8>),
    /// The file would not parse any more.
    Parse(Diagnostics),
}

impl fmt::Display for EditError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let text = String::from_utf8_lossy;
        match self {
            Self::NotFound(name) => {
                write!(f, "\"{}\" not found; no section has this name", text(name))
            }
            Self::Exists(name) => {
                write!(f, "\"{}\" already exists; choose another name", text(name))
            }
            Self::Moves(name) => {
                write!(f, "\"{}\": a jail inside another one keeps that one's name", text(name))
            }
            Self::NoVariable(name) => {
                write!(f, "\"${}\": a variable cannot have this name", text(name))
            }
            Self::Nul(text_with_nul) => {
                write!(f, "\"{}\": a NUL cannot be written", text(text_with_nul))
            }
            Self::Parse(faults) => faults.fmt(f),
        }
    }
}

impl std::error::Error for EditError {}

/// A loader for which included files are empty.
// An edit must work where an included file is missing, and must not report its faults.
struct Alone;

impl Loader for Alone {
    fn read(&self, _: &Path) -> io::Result<Vec<u8>> {
        Ok(Vec::new())
    }

    // No path: a pattern that matches nothing is no error either.
    fn glob(&self, _: &[u8]) -> io::Result<Vec<PathBuf>> {
        Ok(Vec::new())
    }
}

impl Document {
    /// Reads the file `name`, whose text is `text`.
    ///
    /// # Errors
    /// All faults of the text.
    pub fn new(name: &Path, text: &[u8]) -> Result<Self, Diagnostics> {
        let config = Config::parse_with(&Alone, name, text)?;
        Ok(Self { name: name.to_owned(), text: text.to_vec(), config })
    }

    /// The text of the file as it is now.
    pub fn text(&self) -> &[u8] {
        &self.text
    }

    /// Sets a parameter (or `$variable`) of the section `jail` to these values; without values, to
    /// a bare `name;`. The new statement replaces the last one of the parameter in the section, and
    /// the earlier ones are removed. Without any, it is added at the section's end.
    ///
    /// # Errors
    /// There is no such section.
    pub fn set(
        &mut self,
        jail: &[u8],
        parameter: &[u8],
        values: &[&[u8]],
    ) -> Result<(), EditError> {
        let section = self.section(jail)?;
        let statement = statement(parameter, b" = ", values)?;
        let mut given: Vec<Range<usize>> = self.given(section, parameter).collect();
        // The last one decides the value: the new one takes its place.
        let Some(last) = given.pop() else { return self.insert(jail, &statement) };
        let mut edits = vec![(last, statement)];
        edits.extend(given.into_iter().map(|span| (self.whole(span), Vec::new())));
        self.replace(edits)
    }

    /// Adds values to a parameter of the section `jail`: a `+=` at the section's end.
    ///
    /// # Errors
    /// There is no such section.
    pub fn append(
        &mut self,
        jail: &[u8],
        parameter: &[u8],
        values: &[&[u8]],
    ) -> Result<(), EditError> {
        self.insert(jail, &statement(parameter, b" += ", values)?)
    }

    /// Removes all statements of the parameter in the section `jail`. Answers false if there was
    /// none.
    ///
    /// # Errors
    /// There is no such section.
    pub fn remove(&mut self, jail: &[u8], parameter: &[u8]) -> Result<bool, EditError> {
        let section = self.section(jail)?;
        let edits: Vec<_> =
            self.given(section, parameter).map(|span| (self.whole(span), Vec::new())).collect();
        let removed = !edits.is_empty();
        self.replace(edits)?;
        Ok(removed)
    }

    /// Adds an empty section at the end.
    ///
    /// # Errors
    /// The file has a section of this name.
    pub fn add_jail(&mut self, name: &[u8]) -> Result<(), EditError> {
        if self.section(name).is_ok() {
            return Err(EditError::Exists(name.to_vec()));
        }
        let start: &[u8] = match self.text.last() {
            None => b"",
            // An empty line before the new section, as people write it.
            Some(b'\n') => b"\n",
            Some(_) => b"\n\n",
        };
        let end = self.text.len();
        self.replace(vec![(end..end, [start, &string(name)?, b" {\n}\n"].concat())])
    }

    /// Renames all sections called `old`.
    ///
    /// # Errors
    /// No section has the old name, one has the new name already, or the section would have to move
    /// out of the one around it.
    pub fn rename_jail(&mut self, old: &[u8], new: &[u8]) -> Result<(), EditError> {
        self.section(old)?;
        if self.section(new).is_ok() {
            return Err(EditError::Exists(new.to_vec()));
        }
        let mut edits = Vec::new();
        // Sections of one name are one jail to the user: FreeBSD uses the first, but a rename of it
        // alone would bring the second one to life.
        for section in self.sections(old) {
            let outer = &section.name[..section.outer as usize];
            let own = new.strip_prefix(outer).ok_or_else(|| EditError::Moves(new.to_vec()))?;
            edits.push((widen(&section.name_span), string(own)?));
        }
        self.replace(edits)
    }

    /// Removes all sections called `name`, with all that they hold.
    ///
    /// # Errors
    /// No section has this name.
    pub fn remove_jail(&mut self, name: &[u8]) -> Result<(), EditError> {
        self.section(name)?;
        let spans = self
            .sections(name)
            .map(|section| section.name_span.start as usize..section.body.end as usize);
        let edits: Vec<_> = spans.map(|span| (self.whole(span), Vec::new())).collect();
        self.replace(edits)
    }

    fn sections(&self, name: &[u8]) -> impl Iterator<Item = &Section> {
        // The section `*` of what is outside has no braces, and no span that could be replaced.
        let in_braces = |section: &&Section| section.name_span.end > 0;
        self.config.sections.iter().filter(in_braces).filter(move |section| &*section.name == name)
    }

    fn section(&self, name: &[u8]) -> Result<&Section, EditError> {
        self.sections(name).next().ok_or_else(|| EditError::NotFound(name.to_vec()))
    }

    /// Where the section's statements of the parameter are.
    fn given(&self, section: &Section, parameter: &[u8]) -> impl Iterator<Item = Range<usize>> {
        let (name, variable) = match parameter.strip_prefix(b"$") {
            Some(name) => (name, true),
            None => (parameter, false),
        };
        let is = move |it: &&Assignment| {
            // `nopersist` and `persist` are one parameter: setting one replaces the other.
            it.variable == variable && same_parameter(self.config.names.bytes(it.name), name)
        };
        self.config.assignments_of(section).filter(is).map(Assignment::span)
    }

    /// Adds a statement at the end of the section `jail`, indented like the statement before it.
    fn insert(&mut self, jail: &[u8], statement: &[u8]) -> Result<(), EditError> {
        let section = self.section(jail)?;
        let end = section.body.end as usize;
        let line = line_start(&self.text, end);
        let blank = self.text[line..end].iter().all(u8::is_ascii_whitespace);
        // The `}` shares its line with the `{` or with a statement: the new statement is put before
        // it, on that line.
        if line <= section.body.start as usize || !blank {
            let gap: &[u8] = if self.text[..end].ends_with(b" ") { b"" } else { b" " };
            return self.replace(vec![(end..end, [gap, statement, b"; "].concat())]);
        }
        let like = self.config.assignments_of(section).last().map(|it| it.span().start);
        let indent = match like {
            Some(start) => indent(&self.text, start).to_vec(),
            None => [&self.text[line..end], b"\t"].concat(),
        };
        self.replace(vec![(line..line, [&indent, statement, b";\n"].concat())])
    }

    /// Widens the `span` of a statement or section by its `;` or `}`, and by its line if nothing
    /// else is in the line.
    fn whole(&self, span: Range<usize>) -> Range<usize> {
        let end = span.end + 1;
        let start = line_start(&self.text, span.start);
        let after = self.text[end..]
            .iter()
            .position(|&byte| byte == b'\n')
            .map_or(self.text.len(), |at| end + at);
        let blank = |range: Range<usize>| self.text[range].iter().all(u8::is_ascii_whitespace);
        // Neither an empty line nor a blank at a line's end is left behind.
        if blank(start..span.start) && blank(end..after) {
            return start..(after + 1).min(self.text.len());
        }
        let space = |byte: &&u8| matches!(byte, b' ' | b'\t');
        if blank(end..after) {
            return span.start - self.text[..span.start].iter().rev().take_while(space).count()
                ..end;
        }
        span.start..end + self.text[end..].iter().take_while(space).count()
    }

    /// Replaces each span by its text, and parses the result.
    fn replace(&mut self, mut edits: Vec<(Range<usize>, Vec<u8>)>) -> Result<(), EditError> {
        edits.sort_by_key(|(span, _)| span.start);
        let (mut text, mut done) = (Vec::with_capacity(self.text.len()), 0);
        for (span, new) in edits {
            // The space between two statements on one line can belong to both spans: the second one
            // then begins inside the first.
            text.extend(&self.text[done..span.start.max(done)]);
            text.extend(new);
            done = span.end.max(done);
        }
        text.extend(&self.text[done..]);
        // The document is replaced only by one that parses.
        *self = Self::new(&self.name, &text).map_err(EditError::Parse)?;
        Ok(())
    }
}

fn widen(span: &Range<u32>) -> Range<usize> {
    span.start as usize..span.end as usize
}

/// Where the line of byte `at` begins.
fn line_start(text: &[u8], at: usize) -> usize {
    text[..at].iter().rposition(|&byte| byte == b'\n').map_or(0, |newline| newline + 1)
}

/// The white space that the line of byte `at` begins with.
fn indent(text: &[u8], at: usize) -> &[u8] {
    let start = line_start(text, at);
    let length = text[start..].iter().take_while(|byte| matches!(byte, b' ' | b'\t')).count();
    &text[start..start + length]
}

/// Writes a statement without its semicolon.
fn statement(parameter: &[u8], operator: &[u8], values: &[&[u8]]) -> Result<Vec<u8>, EditError> {
    let mut out = match parameter.strip_prefix(b"$") {
        Some(name) if is_word(name) => parameter.to_vec(),
        // A name in braces has no escape that could write these bytes.
        Some(name) if !fits_braces(name) => return Err(EditError::NoVariable(name.to_vec())),
        Some(name) => [b"${", name, b"}"].concat(),
        None => string(parameter)?,
    };
    if !values.is_empty() {
        let values = values.iter().map(|value| string(value)).collect::<Result<Vec<_>, _>>()?;
        out.extend([operator, &values.join(b", ".as_slice())].concat());
    }
    Ok(out)
}

/// Whether `${name}` means exactly `name`.
fn fits_braces(name: &[u8]) -> bool {
    !name.iter().any(|byte| matches!(byte, b'{' | b'}' | b'\\' | b'\n' | 0))
}

fn is_word(name: &[u8]) -> bool {
    name.iter().all(|byte| byte.is_ascii_alphanumeric() || *byte == b'_')
        && !name.first().is_none_or(u8::is_ascii_digit)
}

/// Quotes as [`quote`] does; refuses a text with a NUL.
fn string(text: &[u8]) -> Result<Vec<u8>, EditError> {
    if text.contains(&0) { Err(EditError::Nul(text.to_vec())) } else { Ok(quote(text)) }
}

/// Writes `text` as one string of the language, without variables; in quotes unless it is plainly a
/// word. The text must not have NULs.
pub fn quote(text: &[u8]) -> Vec<u8> {
    // A subset of what the language takes unquoted: a `/`, for one, could begin a comment.
    let plain = |byte: &u8| byte.is_ascii_alphanumeric() || b"_-.:@%".contains(byte);
    if !text.is_empty() && text.iter().all(plain) {
        return text.to_vec();
    }
    let mut out = vec![b'"'];
    for &byte in text {
        // A line feed needs no escape in double quotes.
        if matches!(byte, b'"' | b'\\' | b'$') {
            out.push(b'\\');
        }
        out.push(byte);
    }
    out.push(b'"');
    out
}

#[cfg(test)]
mod tests {
    use super::*;

    const FILE: &str = "\
# All jails
path = /jails/$name;

web {
\thost.hostname = web;   # its name
\tpersist; vnet;
\texec.start = \"/bin/sh /etc/rc\";
\texec.start += /b; // more
}
db { persist; }
.include \"more/*.conf\";
";

    type Edit = fn(&mut Document) -> Result<(), EditError>;

    /// [`FILE`] after an edit, as the lines that differ: `-` before the old ones, `+` before the
    /// new ones.
    fn edited(edit: impl FnOnce(&mut Document) -> Result<(), EditError>) -> String {
        let mut document = Document::new(Path::new("f"), FILE.as_bytes()).unwrap();
        assert_eq!(document.text(), FILE.as_bytes());
        if let Err(error) = edit(&mut document) {
            return error.to_string();
        }
        let text = String::from_utf8(document.text).unwrap();
        let (mut old, mut new): (Vec<_>, Vec<_>) = (FILE.lines().collect(), text.lines().collect());
        while !old.is_empty() && old.first() == new.first() {
            old.remove(0);
            new.remove(0);
        }
        while !old.is_empty() && old.last() == new.last() {
            old.pop();
            new.pop();
        }
        let old = old.iter().map(|line| format!("-{line}\n"));
        old.chain(new.iter().map(|line| format!("+{line}\n"))).collect()
    }

    #[test]
    #[rustfmt::skip]
    fn parameters() {
        for (parameter, values, want) in [
            ("host.hostname", &["a b"][..],  "-\thost.hostname = web;   # its name\n+\thost.hostname = \"a b\";   # its name\n"),
            ("nopersist",     &[],           "-\tpersist; vnet;\n+\tnopersist; vnet;\n"),
            ("exec.start",    &["a", "$b"],  "-\texec.start = \"/bin/sh /etc/rc\";\n-\texec.start += /b; // more\n+\texec.start = a, \"\\$b\"; // more\n"),
            ("path",          &["/x"],       "+\tpath = \"/x\";\n"),
            ("$if",           &["em0"],      "+\t$if = em0;\n"),
        ] {
            let values: Vec<&[u8]> = values.iter().map(|value| value.as_bytes()).collect();
            assert_eq!(edited(|it| it.set(b"web", parameter.as_bytes(), &values)), want);
        }
    }

    #[test]
    #[rustfmt::skip]
    fn other_edits() {
        let cases: [(Edit, &str); 12] = [
            (|it| it.set(b"db", b"vnet", &[]),                   "-db { persist; }\n+db { persist; vnet; }\n"),
            (|it| it.append(b"web", b"exec.start", &[b"c"]),     "+\texec.start += c;\n"),
            (|it| it.remove(b"web", b"vnet").map(drop),          "-\tpersist; vnet;\n+\tpersist;\n"),
            (|it| it.remove(b"web", b"persist").map(drop),       "-\tpersist; vnet;\n+\tvnet;\n"),
            (|it| it.remove(b"web", b"path").map(|it| assert!(!it)), ""),
            (|it| it.add_jail(b"a/b"),                           "+\n+\"a/b\" {\n+}\n"),
            (|it| it.rename_jail(b"web", b"www"),                "-web {\n+www {\n"),
            (|it| it.remove_jail(b"db"),                         "-db { persist; }\n"),
            (|it| it.set(b"nosuch", b"vnet", &[]),               "\"nosuch\" not found; no section has this name"),
            (|it| it.set(b"*", b"vnet", &[]),                    "\"*\" not found; no section has this name"),
            (|it| it.add_jail(b"web"),                           "\"web\" already exists; choose another name"),
            (|it| it.rename_jail(b"web", b"db"),                 "\"db\" already exists; choose another name"),
        ];
        for (edit, want) in cases {
            assert_eq!(edited(edit), want);
        }
    }

    #[test]
    fn names_with_dots() {
        let mut document = Document::new(Path::new("f"), b"'a.b' { }").unwrap();
        document.rename_jail(b"a.b", b"c").unwrap();
        assert_eq!(document.text(), b"c { }");
    }

    #[test]
    fn a_section_inside_another_one() {
        let mut document = Document::new(Path::new("f"), b"a { b { x; } }").unwrap();
        document.rename_jail(b"a.b", b"a.c").unwrap();
        assert_eq!(document.text(), b"a { c { x; } }");
        assert!(matches!(document.rename_jail(b"a.c", b"d"), Err(EditError::Moves(_))));
        document.set(b"a.c", b"x", &[b"1"]).unwrap();
        assert_eq!(document.text(), b"a { c { x = 1; } }");
        document.remove_jail(b"a.c").unwrap();
        assert_eq!(document.text(), b"a { }");
    }
}
