//! The patterns of `path`: fnmatch(3) with `FNM_PATHNAME`, as the kernel's devfs uses it.

/// Whether `name` matches `pattern`: `*`, `?`, `[a-z]`, `[!a-z]`, `\x`. A slash matches only
/// itself.
pub fn matches(pattern: &[u8], name: &[u8]) -> bool {
    let (mut p, mut n) = (0, 0);
    // Where to try again: behind the last star, with one byte more for it. Earlier stars need no
    // second try, so that no pattern takes exponential time.
    let mut star: Option<(usize, usize)> = None;
    loop {
        if pattern.get(p) == Some(&b'*') {
            p += 1;
            star = Some((p, n));
            continue;
        }
        let step = match name.get(n) {
            None if p == pattern.len() => return true,
            None => None,
            Some(&byte) => one(&pattern[p..], byte),
        };
        match (step, star) {
            (Some(length), _) => {
                p += length;
                n += 1;
            }
            // FNM_PATHNAME: a star stops at a slash.
            (None, Some((after, grown))) if name.get(grown).is_some_and(|&byte| byte != b'/') => {
                star = Some((after, grown + 1));
                (p, n) = (after, grown + 1);
            }
            (None, _) => return false,
        }
    }
}

/// Answers the length of the first element of `pattern`, if it matches `byte`.
fn one(pattern: &[u8], byte: u8) -> Option<usize> {
    match pattern {
        [b'?', ..] => (byte != b'/').then_some(1),
        [b'[', rest @ ..] => match bracket(rest, byte) {
            // FNM_PATHNAME: not even `[/]` matches a slash.
            Some((matched, length)) => (matched && byte != b'/').then_some(1 + length),
            None => (byte == b'[').then_some(1), // no closing bracket: an ordinary character
        },
        // A backslash at the end of the pattern is only itself.
        [b'\\', escaped, ..] => (*escaped == byte).then_some(2),
        [literal, ..] => (*literal == byte).then_some(1),
        [] => None,
    }
}

/// Reads a bracket expression behind its `[`. Answers whether it has `byte`, and its length with
/// the `]`; `None`: it has no end. A backslash quotes, in a range too.
fn bracket(inside: &[u8], byte: u8) -> Option<(bool, usize)> {
    let negated = matches!(inside.first(), Some(b'!' | b'^'));
    let mut at = usize::from(negated);
    let mut found = false;
    loop {
        let low = quotable(inside, &mut at)?;
        if low == b'/' {
            // FNM_PATHNAME: an expression with a slash in it matches nothing.
            return Some((false, at));
        }
        let high = match inside.get(at..at + 2) {
            Some([b'-', high]) if *high != b']' => {
                at += 1;
                quotable(inside, &mut at)?
            }
            _ => low,
        };
        found |= (low..=high).contains(&byte);
        // A `]` in the first place is a letter, as no expression is empty.
        if *inside.get(at)? == b']' {
            return Some((found != negated, at + 1));
        }
    }
}

/// Reads a letter that may have a backslash before it.
fn quotable(inside: &[u8], at: &mut usize) -> Option<u8> {
    *at += usize::from(inside.get(*at) == Some(&b'\\'));
    let letter = *inside.get(*at)?;
    *at += 1;
    Some(letter)
}

#[cfg(test)]
mod tests {
    use super::matches;

    #[test]
    #[rustfmt::skip]
    fn patterns() {
        for (pattern, name, want) in [
            ("null",         "null",        true),
            ("null",         "nullx",       false),
            ("ptyp*",        "ptyp0",       true),
            ("ptyp*",        "ptyp",        true),
            ("pts/*",        "pts/0",       true),
            ("pts/*",        "pts",         false),
            ("zvol/over8k/volgames*", "zvol/over8k/volgames1", true), // the article's rule
            ("zvol*",        "zvol/over8k", false), // FNM_PATHNAME: a star stops at a slash
            ("*",            "a/b",         false),
            ("*/b",          "a/b",         true),
            ("?",            "/",           false),
            ("da[0-9]",      "da7",         true),
            ("da[!0-9]",     "da7",         false),
            ("da[^0-9]",     "dax",         true),
            ("x[]a]",        "x]",          true),
            ("x[",           "x[",          true),
            ("a\\*",         "a*",          true),
            ("a\\*",         "ab",          false),
            ("*a*b*",        "xxaxxbxx",    true),
            ("*a*b*",        "xxbxxaxx",    false),
            ("",             "",            true),
            ("a[/]b",        "a/b",         false),
            ("[a/]",         "a",           false),
            ("[\\]]",        "]",           true),
            ("[a\\-z]",      "-",           true),
            ("[a\\-z]",      "b",           false),
            ("[\\a-\\c]",    "b",           true),
            ("[a-]",         "-",           true),
            ("[!]a]",        "]",           false),
            ("[a\\",         "[a\\",        true),
        ] {
            assert_eq!(matches(pattern.as_bytes(), name.as_bytes()), want, "{pattern} {name}");
        }
    }
}
