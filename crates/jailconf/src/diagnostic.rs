//! What is wrong with a configuration, and where: FreeBSD's messages of one line, each with its
//! place beside the message.

use std::fmt;
use std::path::Path;
use std::sync::Arc;

/// A place in a file: its line and its column, both counted from 1, columns in bytes.
///
/// The words of a command line have no lines: for them, `line` and `column` are 0.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Place {
    /// The file as it was named: on the command line, or by the `.include` that led to it.
    pub file: Arc<Path>,
    /// The line.
    pub line: u32,
    /// The byte in the line, counted from 1.
    pub column: u32,
}

impl Place {
    /// The place of jail(8)'s own arguments.
    pub fn command_line() -> Self {
        Self { file: Arc::from(Path::new("command line")), line: 0, column: 0 }
    }

    /// Answers `FILE line N`, as FreeBSD's messages write a place.
    pub fn in_words(&self) -> String {
        format!("{} line {}", self.file.display(), self.line)
    }

    /// Shows `source`, the line of this place, with a caret under the place, for a terminal;
    /// nothing when the line is empty.
    ///
    /// A long line is cut to the part around the caret.
    pub fn excerpt(&self, source: &str) -> String {
        self.excerpt_of(source.as_bytes())
    }

    /// Does what [`Place::excerpt`] does, for a line that need not be UTF-8.
    pub(crate) fn excerpt_of(&self, line: &[u8]) -> String {
        if line.is_empty() {
            return String::new();
        }
        let (before, after) = line.split_at(line.len().min(self.column.saturating_sub(1) as usize));
        let before = shown(&before[before.len().saturating_sub(EXCERPT)..]);
        let after = shown(&after[..after.len().min(EXCERPT)]);
        // A tab stays a tab: the caret is then in the right column whatever the tab stops are.
        let indent: String = before.chars().map(|c| if c == '\t' { '\t' } else { ' ' }).collect();
        format!("{before}{after}\n{indent}^")
    }
}

/// How many bytes of a line an excerpt shows before the caret, and how many from the caret on.
// Two lines or so of a terminal on either side; a line may be as long as the file.
const EXCERPT: usize = 120;

/// Replaces the bytes of a file that a terminal would obey: control characters.
fn shown(bytes: &[u8]) -> String {
    // An escape sequence in a jail.conf that somebody else wrote must not reach the terminal of
    // root.
    let replace =
        |c: char| if c.is_control() && c != '\t' { char::REPLACEMENT_CHARACTER } else { c };
    String::from_utf8_lossy(bytes).chars().map(replace).collect()
}

impl fmt::Display for Place {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self.line {
            // Only the command line has no lines.
            0 => write!(f, "{}", self.file.display()),
            line => write!(f, "{}:{line}:{}", self.file.display(), self.column),
        }
    }
}

/// What a message is about: the word that FreeBSD writes before the message.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) enum Subject {
    /// `FILE line N: …`
    Line,
    /// `FILE: …`
    File,
    /// `JAIL: …`
    Jail(Box<[u8]>),
    /// The message alone.
    Nothing,
}

/// One fault. Its `Display` is the text behind `jail: ` on standard error, in FreeBSD's words.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Diagnostic {
    pub(crate) subject: Subject,
    /// The fault itself, without file, line or jail.
    pub message: String,
    /// Where it is.
    pub place: Place,
    /// What to write instead, to follow FreeBSD's words.
    pub advice: Option<String>,
    /// The message byte for byte, where it quotes what is no UTF-8 perhaps; else empty.
    pub(crate) exact: Vec<u8>,
    excerpt: String,
}

impl Diagnostic {
    /// Makes a fault that has no line to show.
    pub(crate) fn new(subject: Subject, message: String, place: Place) -> Self {
        let (exact, excerpt) = (Vec::new(), String::new());
        Self { subject, message, place, advice: None, exact, excerpt }
    }

    /// Makes a fault in the line of `text` that starts at byte `line_start`.
    pub(crate) fn in_line(
        subject: Subject,
        message: String,
        place: Place,
        (text, line_start): (&[u8], usize),
    ) -> Self {
        let rest = &text[line_start.min(text.len())..];
        let before = place.column.saturating_sub(1) as usize;
        // A line may be as long as the file: no byte behind the excerpt is searched for the line's
        // end. Otherwise many faults in one long line would take quadratic time.
        let end = rest.iter().skip(before).take(EXCERPT).position(|&byte| byte == b'\n');
        let line = &rest[..rest.len().min(before + end.unwrap_or(EXCERPT))];
        let excerpt = place.excerpt_of(line);
        Self { subject, message, place, advice: None, exact: Vec::new(), excerpt }
    }

    /// What FreeBSD's jail(8) writes behind `jail: `, byte for byte: the bytes of the file are in
    /// it as they are, which no terminal should get.
    pub fn to_bytes(&self) -> Vec<u8> {
        match self.exact.as_slice() {
            [] => self.to_string().into_bytes(),
            exact => [self.place.in_words().as_bytes(), b": ", exact].concat(),
        }
    }

    /// The source line with a caret under the fault, for a terminal; nothing when there is no line
    /// to show.
    ///
    /// A long line is cut to the part around the caret.
    pub fn excerpt(&self) -> &str {
        &self.excerpt
    }
}

impl fmt::Display for Diagnostic {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let file = self.place.file.display();
        match &self.subject {
            Subject::Line => write!(f, "{}: {}", self.place.in_words(), self.message),
            Subject::File => write!(f, "{file}: {}", self.message),
            Subject::Jail(name) => write!(f, "{}: {}", String::from_utf8_lossy(name), self.message),
            Subject::Nothing => f.write_str(&self.message),
        }
    }
}

/// All faults that were found, in the order of finding. As an error, the list is never empty.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Diagnostics(pub Vec<Diagnostic>);

impl Diagnostics {
    /// Whether nothing is wrong.
    pub fn is_empty(&self) -> bool {
        self.0.is_empty()
    }

    /// The faults, first to last.
    pub fn iter(&self) -> std::slice::Iter<'_, Diagnostic> {
        self.0.iter()
    }

    pub(crate) fn push(&mut self, diagnostic: Diagnostic) {
        self.0.push(diagnostic);
    }

    /// Answers `value` when nothing is wrong, else the faults.
    pub(crate) fn or<T>(self, value: T) -> Result<T, Self> {
        if self.is_empty() { Ok(value) } else { Err(self) }
    }
}

impl<'a> IntoIterator for &'a Diagnostics {
    type Item = &'a Diagnostic;
    type IntoIter = std::slice::Iter<'a, Diagnostic>;

    fn into_iter(self) -> Self::IntoIter {
        self.iter()
    }
}

impl fmt::Display for Diagnostics {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        for (index, diagnostic) in self.0.iter().enumerate() {
            if index > 0 {
                f.write_str("\n")?;
            }
            diagnostic.fmt(f)?;
        }
        Ok(())
    }
}

impl std::error::Error for Diagnostics {}
