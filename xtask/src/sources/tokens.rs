//! Questions about the beginning of a row of tokens.

use proc_macro2::{Delimiter, TokenTree};

/// Whether this attribute begins here.
pub(super) fn is_attribute(rest: &[TokenTree], text: &str) -> bool {
    let [TokenTree::Punct(hash), TokenTree::Group(group), ..] = rest else { return false };
    hash.as_char() == '#'
        && group.delimiter() == Delimiter::Bracket
        && group.stream().to_string().replace(' ', "") == text
}

/// Whether an item ends with this token: its body or its semicolon.
pub(super) fn ends_item(token: &TokenTree) -> bool {
    is_mark(token, ';') || is_braces(token)
}

/// Whether the token is a group in braces.
pub(super) fn is_braces(token: &TokenTree) -> bool {
    matches!(token, TokenTree::Group(group) if group.delimiter() == Delimiter::Brace)
}

/// Whether the token is this mark.
pub(super) fn is_mark(token: &TokenTree, mark: char) -> bool {
    matches!(token, TokenTree::Punct(punct) if punct.as_char() == mark)
}

/// Whether the first token is this word.
pub(super) fn is_word(rest: &[TokenTree], word: &str) -> bool {
    matches!(rest.first(), Some(TokenTree::Ident(ident)) if ident == word)
}

/// Whether the name that begins here is called.
pub(super) fn is_call(rest: &[TokenTree]) -> bool {
    matches!(rest.get(1), Some(TokenTree::Group(group)) if group.delimiter() == Delimiter::Parenthesis)
}

/// The name after the word that `rest` begins with.
pub(super) fn named(rest: &[TokenTree], word: &str) -> Option<String> {
    match rest.get(1) {
        Some(TokenTree::Ident(name)) if is_word(rest, word) => Some(name.to_string()),
        _ => None,
    }
}
