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
/// the `]`.
fn bracket(inside: &[u8], byte: u8) -> Option<(bool, usize)> {
    let negated = matches!(inside.first(), Some(b'!' | b'^'));
    let start = usize::from(negated);
    let mut found = false;
    let mut at = start;
    loop {
        let low = *inside.get(at)?;
        // A `]` in the first place is a letter, as no expression is empty.
        if low == b']' && at > start {
            return Some((found != negated, at + 1));
        }
        let high = match inside.get(at + 1..at + 3) {
            Some(&[b'-', high]) if high != b']' => high,
            _ => low,
        };
        at += if inside.get(at + 1) == Some(&b'-') && inside.get(at + 2) != Some(&b']') {
            3
        } else {
            1
        };
        found |= (low..=high).contains(&byte);
    }
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
        ] {
            assert_eq!(matches(pattern.as_bytes(), name.as_bytes()), want, "{pattern} {name}");
        }
    }
}
