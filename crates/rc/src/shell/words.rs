//! The words of a value of rc.conf, as the shell's eval splits them: blanks part, quotes hold
//! together.

/// Splits `text`. `None`: a quote is not closed.
pub(crate) fn split(text: &str) -> Option<Vec<String>> {
    let (mut words, mut word, mut quote) = (Vec::new(), None::<String>, None);
    let mut rest = text.chars();
    while let Some(c) = rest.next() {
        match (quote, c) {
            (Some(open), c) if c == open => quote = None,
            (Some('"') | None, '\\') => word.get_or_insert_default().push(rest.next()?),
            (Some(_), c) => word.get_or_insert_default().push(c),
            (None, '"' | '\'') => {
                quote = Some(c);
                word.get_or_insert_default();
            }
            (None, c) if c.is_ascii_whitespace() => words.extend(word.take()),
            (None, c) => word.get_or_insert_default().push(c),
        }
    }
    words.extend(word);
    quote.is_none().then_some(words)
}

#[cfg(test)]
mod tests {
    #[test]
    #[rustfmt::skip]
    fn words() {
        for (text, want) in [
            ("inet 10.0.0.1/24  up",    Some(vec!["inet", "10.0.0.1/24", "up"])),
            ("descr 'a b' up",          Some(vec!["descr", "a b", "up"])),
            ("descr \"it's\"",          Some(vec!["descr", "it's"])),
            ("descr ''",                Some(vec!["descr", ""])),
            (r"a\ b c",                 Some(vec!["a b", "c"])),
            ("",                        Some(vec![])),
            ("descr 'a b",              None),
            ("a\\",                     None),
        ] {
            let got = super::split(text);
            let got: Option<Vec<&str>> = got.as_ref().map(|it| it.iter().map(String::as_str).collect());
            assert_eq!(got, want, "{text:?}");
        }
    }
}
