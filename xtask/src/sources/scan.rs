//! One Rust file by its tokens: the kinds of its lines, functions, `unsafe` blocks, ways to panic,
//! tests, names.
//!
//! The tokens are rustc's, by proc-macro2, so a brace in a string or a word in a comment is never
//! taken for code. Types are not known: `.expect(` with a text counts as a way to panic, and
//! without one as a method of the project's own.

use std::ops::RangeInclusive;

use proc_macro2::{Group, LexError, Span, TokenStream, TokenTree};

use super::paths::{self, Import};
use super::tokens::{ends_item, is_attribute, is_braces, is_call, is_mark, is_word, named};

/// The kind of a line.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Line {
    /// Nothing but blanks.
    Blank,
    /// At least one token of code; a comment may follow.
    Code,
    /// A comment that rustdoc reads, and nothing else.
    Doc,
    /// Any other comment, and nothing else.
    Comment,
}

/// A function that has a body. Lines count from 1.
#[derive(Debug, PartialEq, Eq)]
pub(crate) struct Function {
    pub(crate) name: String,
    /// From the line of `fn` to that of the closing brace, without the attributes and comments
    /// above.
    pub(crate) lines: RangeInclusive<usize>,
    /// The depth of nested braces; those of the body are 1.
    pub(crate) depth: usize,
    /// Whether the function is compiled for tests only.
    pub(crate) test: bool,
}

/// A word on a line.
#[derive(Debug, PartialEq, Eq)]
pub(crate) struct Spot {
    /// The line, counted from 1.
    pub(crate) line: usize,
    /// The word itself, such as `unwrap`.
    pub(crate) word: &'static str,
    /// Whether the place is compiled for tests only.
    pub(crate) test: bool,
}

/// What the tokens of one file show.
#[derive(Debug, Default)]
pub(crate) struct Scan {
    /// The kind of each line, from the first on.
    pub(crate) lines: Vec<Line>,
    /// The lines that are compiled for tests only, in a file that is not.
    pub(crate) test_lines: Vec<RangeInclusive<usize>>,
    pub(crate) functions: Vec<Function>,
    /// The places of `unsafe`: before a [`BLOCK`], an [`IMPL`], or a function.
    pub(crate) unsafes: Vec<Spot>,
    /// The named ways to panic.
    pub(crate) panics: Vec<Spot>,
    /// The number of `#[test]`.
    pub(crate) tests: usize,
    /// The modules that are declared for tests only and have a file of their own.
    pub(crate) test_modules: Vec<String>,
    /// The paths that code outside tests names.
    pub(crate) imports: Vec<Import>,
}

/// A block of code that is `unsafe`.
pub(crate) const BLOCK: &str = "block";
/// An implementation of a trait that is `unsafe`.
pub(crate) const IMPL: &str = "impl";

/// Methods and macros that end the program if its author was wrong.
const METHODS: [&str; 2] = ["unwrap", "expect"];
const MACROS: [&str; 3] = ["panic", "todo", "unimplemented"];

impl Scan {
    /// Reads the text of one file.
    pub(crate) fn of(text: &str) -> Result<Self, LexError> {
        // proc-macro2 drops plain comments: a line without a token, and not blank, is one.
        let kind = |line: &str| if line.trim().is_empty() { Line::Blank } else { Line::Comment };
        let mut scan = Self { lines: text.lines().map(kind).collect(), ..Self::default() };
        scan.walk(text.parse()?, false);
        Ok(scan)
    }

    /// Whether a line, counted from 1, is compiled for tests only.
    pub(crate) fn is_test(&self, line: usize) -> bool {
        self.test_lines.iter().any(|lines| lines.contains(&line))
    }

    /// Walks the tokens between two delimiters, and those inside them.
    fn walk(&mut self, tokens: TokenStream, test: bool) {
        let tokens: Vec<TokenTree> = tokens.into_iter().collect();
        // The first line of an item for tests, until the item ends.
        let mut item: Option<usize> = None;
        for (at, token) in tokens.iter().enumerate() {
            let rest = &tokens[at..];
            if is_doc(&tokens, at) {
                self.mark(token.span(), Line::Doc);
                continue;
            }
            // Inside an item for tests another one adds nothing.
            if is_attribute(rest, "cfg(test)") && !test {
                item.get_or_insert(token.span().start().line);
            }
            let test = test || item.is_some();
            self.note(&tokens, at, test);
            match token {
                TokenTree::Group(group) => {
                    self.mark(group.span_open(), Line::Code);
                    self.mark(group.span_close(), Line::Code);
                    self.walk(group.stream(), test);
                }
                other => self.mark(other.span(), Line::Code),
            }
            if let Some(first) = item.filter(|_| ends_item(token)) {
                self.test_lines.push(first..=token.span().end().line);
                item = None;
            }
        }
    }

    /// Notes what begins with the token `at`.
    fn note(&mut self, tokens: &[TokenTree], at: usize, test: bool) {
        // The line of the first token; attributes and comments come as tokens of their own before
        // it.
        let (rest, line) = (&tokens[at..], tokens[at].span().start().line);
        let before = at.checked_sub(1).map(|before| &tokens[before]);
        if let Some(name) = named(rest, "fn") {
            self.functions.extend(body(rest).map(|body| Function {
                name,
                lines: line..=body.span_close().end().line,
                depth: 1 + depth(body.stream()),
                test,
            }));
        }
        if is_word(rest, "unsafe") {
            self.unsafes.push(Spot { line, word: unsafe_word(rest), test });
        }
        let method = METHODS.into_iter().find(|name| {
            is_word(rest, name) && before.is_some_and(|b| is_mark(b, '.')) && can_panic(rest)
        });
        let macro_ = MACROS
            .into_iter()
            .find(|name| is_word(rest, name) && rest.get(1).is_some_and(|next| is_mark(next, '!')));
        self.panics.extend(method.or(macro_).map(|word| Spot { line, word, test }));
        self.tests += usize::from(is_attribute(rest, "test"));
        if test {
            let declared =
                named(rest, "mod").filter(|_| rest.get(2).is_some_and(|t| is_mark(t, ';')));
            self.test_modules.extend(declared);
        } else {
            self.imports.extend(paths::at(tokens, at));
        }
    }

    /// Gives the lines that a token covers this kind, unless they have code already.
    fn mark(&mut self, span: Span, kind: Line) {
        let (first, last) = (span.start().line, span.end().line);
        for line in self.lines.iter_mut().take(last).skip(first.saturating_sub(1)) {
            if *line != Line::Code {
                *line = kind;
            }
        }
    }
}

/// Whether the token `at` is part of a comment that rustdoc reads, which the tokens show as
/// `#[doc = …]`.
fn is_doc(tokens: &[TokenTree], at: usize) -> bool {
    // All tokens that a comment becomes have the comment's place, so its marks seem as wide as its
    // text.
    let wide = |token: &TokenTree| match token {
        TokenTree::Punct(_) => {
            let (start, end) = (token.span().start(), token.span().end());
            (end.line, end.column) != (start.line, start.column + 1)
        }
        _ => false,
    };
    let group = matches!(tokens[at], TokenTree::Group(_));
    wide(&tokens[at]) || (group && at > 0 && wide(&tokens[at - 1]))
}

/// The body of the function that begins here; `None`: a declaration.
fn body(rest: &[TokenTree]) -> Option<&Group> {
    match rest.iter().find(|token| ends_item(token)) {
        Some(TokenTree::Group(group)) => Some(group),
        _ => None,
    }
}

/// The greatest depth of nested braces.
fn depth(tokens: TokenStream) -> usize {
    let inside = |token: TokenTree| match &token {
        TokenTree::Group(group) => usize::from(is_braces(&token)) + depth(group.stream()),
        _ => 0,
    };
    tokens.into_iter().map(inside).max().unwrap_or(0)
}

/// Whether the method whose name begins here is called with nothing, or with a text.
fn can_panic(rest: &[TokenTree]) -> bool {
    let Some(TokenTree::Group(arguments)) = rest.get(1).filter(|_| is_call(rest)) else {
        return false;
    };
    match arguments.stream().into_iter().next() {
        None => true,
        Some(TokenTree::Literal(text)) => text.to_string().starts_with(['"', 'r']),
        // A text that is built, as by `&format!(…)`.
        Some(first) => is_mark(&first, '&'),
    }
}

/// What is `unsafe` here: a block, an implementation or a function.
fn unsafe_word(rest: &[TokenTree]) -> &'static str {
    match rest.get(1) {
        Some(token) if is_braces(token) => BLOCK,
        _ if is_word(rest.get(1..).unwrap_or_default(), IMPL) => IMPL,
        _ => "fn",
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const TEXT: &str = r##"//! Head.

/// Says {.
// Reason.
pub fn one(a: &str) -> [u8; { 3 }] {
    let s = "fn two() {";
    if a == s {
        loop {} // unwrap()
    }
    unsafe { go() }
}

trait T {
    fn declared();
    unsafe fn kept(f: fn() -> u8) {
        f.expect("x").expect(b':')
    }
}

#[cfg(test)]
mod tests {
    #[test]
    fn works() {
        one().unwrap();
        panic!("{}", 1)
    }
}
#[cfg(test)]
mod paper;
"##;

    #[test]
    fn lines_are_what_they_are() {
        let scan = Scan::of(TEXT).unwrap();
        let count = |kind| scan.lines.iter().filter(|&&line| line == kind).count();
        assert_eq!(
            [Line::Doc, Line::Comment, Line::Blank, Line::Code].map(count),
            [2, 1, 3, TEXT.lines().count() - 6]
        );
        assert_eq!(scan.test_lines, [20..=27, 28..=29]);
        assert_eq!((scan.tests, scan.test_modules), (1, vec!["paper".to_owned()]));
    }

    #[test]
    fn functions_are_those_with_a_body() {
        let scan = Scan::of(TEXT).unwrap();
        let said: Vec<_> = scan
            .functions
            .iter()
            .map(|f| (f.name.as_str(), f.lines.clone(), f.depth, f.test))
            .collect();
        assert_eq!(
            said,
            [("one", 5..=11, 3, false), ("kept", 15..=17, 1, false), ("works", 23..=26, 1, true)]
        );
    }

    #[test]
    fn what_is_unsafe_and_what_panics_is_found_with_its_line() {
        let scan = Scan::of(TEXT).unwrap();
        let spot = |spot: &Spot| (spot.line, spot.word, spot.test);
        assert_eq!(
            scan.unsafes.iter().map(spot).collect::<Vec<_>>(),
            [(10, BLOCK, false), (15, "fn", false)]
        );
        assert_eq!(
            scan.panics.iter().map(spot).collect::<Vec<_>>(),
            [(16, "expect", false), (24, "unwrap", true), (25, "panic", true)]
        );
    }
}
