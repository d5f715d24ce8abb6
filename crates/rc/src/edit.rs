//! Edits of one rc.conf(5) file: every byte but the assignment in question is kept.

use std::ops::Range;

use crate::shell::Assignment;

/// Sets the last assignment to `name` in `text`, or adds one at the end. The kind of quotes is
/// kept. The value is written as it is: a `$` in the value means to the file what it means to
/// sh(1).
pub(crate) fn set(text: &[u8], assignments: &[Assignment], name: &[u8], value: &[u8]) -> Vec<u8> {
    let last = assignments.iter().rfind(|assignment| assignment.name == name);
    // sysrc(8) never changes a value that begins with an expansion, because it never writes such a
    // value itself: the new assignment is added at the end.
    match last {
        Some(last) if !matches!(text.get(last.value.start), Some(b'$' | b'\\')) => {
            // Single quotes stay single unless the value has one: a `$` in them would change its
            // meaning.
            let single = text.get(last.value.start) == Some(&b'\'') && !value.contains(&b'\'');
            let quote = if single { b"'" } else { b"\"" };
            let new = assignment(name, value, quote);
            [&text[..last.span.start], &new, &text[last.span.end..]].concat()
        }
        _ => {
            // A last line that ends in a backslash would continue in ours.
            let line = text.strip_suffix(b"\n").unwrap_or(text);
            let goes_on = line.iter().rev().take_while(|&&byte| byte == b'\\').count() % 2 == 1;
            let newline: &[u8] = match (goes_on, line.len() == text.len()) {
                // At the end of a file, a backslash is only itself: a second one keeps its meaning.
                (true, true) => b"\\\n",
                // The joined line is ended by an empty one.
                (true, false) => b"\n",
                (false, true) if !text.is_empty() => b"\n",
                (false, _) => b"",
            };
            [text, newline, &assignment(name, value, b"\""), b"\n"].concat()
        }
    }
}

fn assignment(name: &[u8], value: &[u8], quote: &[u8]) -> Vec<u8> {
    [name, b"=", quote, value, quote].concat()
}

/// Removes all assignments to `name` from `text`; `None` if there are none. A line that has nothing
/// else is removed with its comment.
pub(crate) fn remove(text: &[u8], assignments: &[Assignment], name: &[u8]) -> Option<Vec<u8>> {
    let mut kept = Vec::with_capacity(text.len());
    let (mut copied, mut previous_end, mut found) = (0, 0, false);
    for Assignment { name: own, start, span, .. } in assignments {
        if own == name {
            let (from, to) = extent(text, previous_end, *start..span.end);
            kept.extend(&text[copied..from]);
            (copied, found) = (to, true);
        }
        previous_end = span.end;
    }
    kept.extend(&text[copied..]);
    found.then_some(kept)
}

/// Answers what is removed with the assignment at `span`: its line if nothing else is on it, else
/// the blanks behind it.
fn extent(text: &[u8], previous_end: usize, span: Range<usize>) -> (usize, usize) {
    let before = &text[previous_end..span.start];
    let line = before.iter().rposition(|&byte| byte == b'\n').map(|at| previous_end + at + 1);
    // Without a line feed before it, the first assignment of all is on the first line.
    let line = line.or((previous_end == 0).then_some(0));
    let after = span.end + text[span.end..].iter().take_while(|it| b" \t\r;".contains(it)).count();
    match (line, text.get(after)) {
        (Some(line), None | Some(b'\n' | b'#'))
            if text[line..span.start].iter().all(u8::is_ascii_whitespace) =>
        {
            let rest = text[after..].iter().position(|&byte| byte == b'\n');
            (line, rest.map_or(text.len(), |rest| after + rest + 1))
        }
        _ => (span.start, after),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::conf::RcConf;
    use crate::shell;

    fn parsed(text: &str) -> Vec<Assignment> {
        shell::assignments(text.as_bytes(), &mut RcConf::default()).unwrap()
    }

    #[test]
    #[rustfmt::skip]
    fn one_value_changes() {
        for (text, want) in [
            ("",                                   "a=\"new\"\n"),
            ("b=1",                                "b=1\na=\"new\"\n"),
            ("b=1\n",                              "b=1\na=\"new\"\n"),
            ("# a\na=\"old\"  # why\nb=1\n",       "# a\na=\"new\"  # why\nb=1\n"),
            ("a='old'\n",                          "a='new'\n"),
            ("a=old\n",                            "a=\"new\"\n"),
            ("a=\n",                               "a=\"new\"\n"),
            ("export a=1\n",                       "export a=\"new\"\n"),
            ("  a=1; b=2\n",                       "  a=\"new\"; b=2\n"),
            ("a=1\na=2\n",                         "a=1\na=\"new\"\n"),      // the last one counts
            ("a=1\na+=2\n",                        "a=1\na=\"new\"\n"),
            ("a=$b\n",                             "a=$b\na=\"new\"\n"),     // sysrc.subr: not generated by it
            ("a=\"$b c\"\n",                       "a=\"new\"\n"),
            ("a=\"x\\\ny\"  # z\nb=1",             "a=\"new\"  # z\nb=1"),
            ("a=\"x\"'y'z # w\n",                  "a=\"new\" # w\n"),
            ("a=1\r\nb=2\r\n",                     "a=\"new\"\r\nb=2\r\n"),
        ] {
            let got = set(text.as_bytes(), &parsed(text), b"a", b"new");
            assert_eq!(String::from_utf8(got).as_deref(), Ok(want), "{text:?}");
        }
    }

    #[test]
    #[rustfmt::skip]
    fn all_assignments_go() {
        for (text, want) in [
            ("b=1\n",                              None),
            ("a=1\n",                              Some("")),
            ("# head\na=1 # why\n\nb=2\na=3\n",    Some("# head\n\nb=2\n")),
            ("b=1\n  a=1",                         Some("b=1\n")),
            ("a=1 b=2\n",                          Some("b=2\n")),
            ("b=2; a=1; c=3\n",                    Some("b=2; c=3\n")),
            ("b=2 a=1 # d\n",                      Some("b=2 # d\n")),
            ("a=1 a=2\n",                          Some("\n")),
            ("a=\"x\ny\" # d\nb=1\n",              Some("b=1\n")),
            ("b=\"x\ny\" a=1\n",                   Some("b=\"x\ny\" \n")),
            ("a=1\na+=2\nb=3\n",                   Some("b=3\n")),
        ] {
            let got = remove(text.as_bytes(), &parsed(text), b"a").map(|it| String::from_utf8(it).unwrap());
            assert_eq!(got.as_deref(), want, "{text:?}");
        }
    }

    /// All short texts made of the pieces that edits must not mistake: an edit does what it is
    /// asked, and nothing else.
    #[test]
    fn whatever_the_text_is() {
        let pieces = ["a=", "b=1", "a+=", " ", "\n", "\"", "'", "x", "#", ";", "\\", "$c ", "\r"];
        let length = 5_u32;
        for number in 0..pieces.len().pow(length) {
            let digit = |place| number / pieces.len().pow(place) % pieces.len();
            let text: String = (0..length).map(|place| pieces[digit(place)]).collect();
            let mut before = RcConf::empty();
            let Ok(assignments) = shell::assignments(text.as_bytes(), &mut before) else {
                continue;
            };
            for new in [
                Some(set(text.as_bytes(), &assignments, b"a", b"new value")),
                remove(text.as_bytes(), &assignments, b"a"),
            ]
            .into_iter()
            .flatten()
            {
                let mut after = RcConf::empty();
                let shown = format!("{text:?} became {:?}", String::from_utf8_lossy(&new));
                let read = shell::assignments(&new, &mut after);
                assert!(read.is_ok(), "{shown}: {read:?}");
                let a = after.get_set("a");
                assert!(
                    a.as_deref() == Some("new value") || a.is_none() && new.len() < text.len(),
                    "{shown}"
                );
                assert_eq!(after.get("b"), before.get("b"), "{shown}");
            }
        }
    }
}
