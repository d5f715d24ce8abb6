//! The paths in a row of tokens: those of a `use`, and those in expressions and types.

use proc_macro2::{Delimiter, TokenTree};

use super::tokens::{is_mark, is_word};

/// A path that code names, such as `crate::record::Record`.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Import {
    /// The parts of the path, from the left; a last `self` and `*` are left out.
    pub(crate) path: Vec<String>,
    /// The line of its first token, counted from 1.
    pub(crate) line: usize,
    /// The name that a `use` gives it; `None` elsewhere.
    pub(crate) alias: Option<String>,
}

/// The paths that begin with the token `at`: those of a whole `use`, or one of an expression or
/// type.
pub(super) fn at(tokens: &[TokenTree], at: usize) -> Vec<Import> {
    let mut found = Vec::new();
    let rest = &tokens[at..];
    if is_word(rest, "use") {
        let end = rest.iter().position(|token| is_mark(token, ';')).unwrap_or(rest.len());
        use_tree(&[], &rest[1..end], &mut found);
    // A part after `::` belongs to a path that began before it.
    } else if !at.checked_sub(2).is_some_and(|before| is_path_mark(&tokens[before..at])) {
        let path = path(rest).0;
        // A single name may be a local one, which is no path.
        if path.len() > 1 {
            found.push(Import { path, line: rest[0].span().start().line, alias: None });
        }
    }
    found
}

/// The path at the beginning of `tokens`, and how many tokens it takes, with a last `::`.
fn path(tokens: &[TokenTree]) -> (Vec<String>, usize) {
    let (mut path, mut taken) = (Vec::new(), 0);
    while let Some(TokenTree::Ident(part)) = tokens.get(taken) {
        path.push(part.to_string());
        taken += 1;
        let colons = tokens.get(taken..taken + 2).is_some_and(is_path_mark);
        if !colons {
            break;
        }
        taken += 2;
    }
    (path, taken)
}

/// Whether these two tokens are `::`.
fn is_path_mark(two: &[TokenTree]) -> bool {
    two.iter().all(|token| is_mark(token, ':'))
}

/// The leaves of a `use`, each with the parts `before` it.
fn use_tree(before: &[String], tokens: &[TokenTree], found: &mut Vec<Import>) {
    for branch in tokens.split(|token| is_mark(token, ',')) {
        let (part, taken) = path(branch);
        let mut path = [before, &part].concat();
        match branch.get(taken..).unwrap_or_default() {
            [TokenTree::Group(group), ..] if group.delimiter() == Delimiter::Brace => {
                use_tree(&path, &group.stream().into_iter().collect::<Vec<_>>(), found);
            }
            rest => {
                // `a::{self}` names `a`.
                path.pop_if(|last| last == "self");
                let alias = rest.last().filter(|_| is_word(rest, "as"));
                let alias = alias.map(ToString::to_string).or_else(|| path.last().cloned());
                let line = branch.first().map_or(0, |token| token.span().start().line);
                found.extend(alias.map(|alias| Import { path, line, alias: Some(alias) }));
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use proc_macro2::TokenStream;

    #[test]
    fn a_use_is_its_leaves() {
        for (text, want) in [
            ("use a;", "a a"),
            ("use a::{self, b::{C as D, e}, f::*};", "a a, a::b::C D, a::b::e e, a::f f"),
            ("g::H<crate::I>", "g::H -, crate::I -"),
            ("j::k::<l::M>()", "j::k -, l::M -"),
            ("x: u8", ""),
        ] {
            let tokens: Vec<TokenTree> = text.parse::<TokenStream>().unwrap().into_iter().collect();
            let all = if text.starts_with("use") { 1 } else { tokens.len() };
            let said: Vec<String> = (0..all)
                .flat_map(|place| at(&tokens, place))
                .map(|i| format!("{} {}", i.path.join("::"), i.alias.as_deref().unwrap_or("-")))
                .collect();
            assert_eq!(said.join(", "), want, "{text}");
        }
    }
}
