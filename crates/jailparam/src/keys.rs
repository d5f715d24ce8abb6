//! The texts of `meta` and `env`: lines of `KEY=VALUE`. Each line can be set by itself, as
//! `meta.KEY`. FreeBSD's `kern_jailmeta.c`.

/// One change of such a text.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) enum Edit {
    /// The whole text is replaced: `meta=TEXT`.
    Whole(Vec<u8>),
    /// The key gets this value: `meta.KEY=VALUE`.
    Key(Vec<u8>, Vec<u8>),
    /// The key is removed: `meta.KEY`.
    NoKey(Vec<u8>),
}

impl Edit {
    /// Applies the change to `text`. A key that is set comes first, as on FreeBSD.
    pub(crate) fn apply(&self, text: &[u8]) -> Vec<u8> {
        match self {
            Self::Whole(text) => text.clone(),
            Self::NoKey(key) => without(text, key),
            Self::Key(key, value) => {
                let line = [key, &b"="[..], value].concat();
                let rest = without(text, key);
                if rest.is_empty() { line } else { [line, rest].join(&b'\n') }
            }
        }
    }
}

/// Finds the value of `key` in `text`.
pub fn value_of<'t>(text: &'t [u8], key: &str) -> Option<&'t [u8]> {
    text.split(|&byte| byte == b'\n').find_map(|line| value_in(line, key.as_bytes()))
}

/// Answers the value of a line, if the line is the one of `key`.
fn value_in<'l>(line: &'l [u8], key: &[u8]) -> Option<&'l [u8]> {
    line.strip_prefix(key)?.strip_prefix(b"=")
}

/// Answers the text without the lines of `key`.
fn without(text: &[u8], key: &[u8]) -> Vec<u8> {
    let lines = text.split(|&byte| byte == b'\n').filter(|line| value_in(line, key).is_none());
    lines.collect::<Vec<_>>().join(&b'\n')
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    #[rustfmt::skip]
    fn one_after_the_other() {
        // The cases of FreeBSD's tests/sys/kern/jailmeta.sh, each applied to the result of the one
        // before.
        let mut text = Vec::new();
        for (edits, want) in [
            (&["a=1"][..],                "a=1"),
            (&["=", "c=3", "b=2", "a=1"], "a=1\nb=2\nc=3"),
            (&["=", "a=1"],               "a=1"),
            (&["c=3", "b=2"],             "b=2\nc=3\na=1"),
            (&["a=A", "c=C"],             "c=C\na=A\nb=2"),
            (&["a="],                     "a=\nc=C\nb=2"),
            (&["b"],                      "a=\nc=C"),
            (&["a=1", "=ttt", "b=2"],     "b=2\nttt"),
            (&["b=="],                    "b==\nttt"),
            (&["b"],                      "ttt"),
            (&["tt", "t"],                "ttt"),
        ] {
            for edit in edits {
                let edit = match edit.split_once('=') {
                    None => Edit::NoKey((*edit).into()),
                    Some(("", text)) => Edit::Whole(text.into()),
                    Some((key, value)) => Edit::Key(key.into(), value.into()),
                };
                text = edit.apply(&text);
            }
            assert_eq!(String::from_utf8_lossy(&text), want, "{edits:?}");
        }
    }

    #[test]
    #[rustfmt::skip]
    fn values() {
        for (key, want) in [("a", Some("2")), ("b", Some("")), ("c", Some("=x")), ("d", None), ("aa", Some("1"))] {
            assert_eq!(value_of(b"aa=1\na=2\nb=\nc==x\nd", key), want.map(str::as_bytes), "{key}");
        }
    }
}
