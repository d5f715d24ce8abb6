//! Patterns of sh(1): `*`, `?`, `[…]`, and a backslash before a byte that means itself.
//!
//! One pass over a value finds all prefixes (or suffixes) that match: no pattern can be made slow.

/// One place in a pattern.
enum Part {
    Byte(u8),
    /// `?`
    One,
    /// `*`
    Any,
    /// `[…]`: ranges, and whether a byte outside of them matches instead.
    Set(Vec<(u8, u8)>, bool),
}

/// A pattern, as its places.
pub(super) struct Pattern(Vec<Part>);

impl Pattern {
    /// Reads a pattern. Every text is one.
    pub(super) fn new(text: &[u8]) -> Self {
        let mut parts = Vec::new();
        let mut rest = text;
        while let [first, after @ ..] = rest {
            rest = after;
            parts.push(match (first, after) {
                (b'?', _) => Part::One,
                (b'*', _) => Part::Any,
                (b'\\', [byte, after @ ..]) => {
                    rest = after;
                    Part::Byte(*byte)
                }
                (b'[', _) => match set(after) {
                    Some((part, after)) => {
                        rest = after;
                        part
                    }
                    // A bracket that does not close is a letter.
                    None => Part::Byte(b'['),
                },
                _ => Part::Byte(*first),
            });
        }
        Self(parts)
    }

    /// The number of places of the pattern.
    pub(super) fn len(&self) -> usize {
        self.0.len()
    }

    /// The lengths of the shortest and of the longest prefix that match; 0 if none does.
    pub(super) fn prefixes(&self, value: &[u8]) -> (usize, usize) {
        let parts: Vec<&Part> = self.0.iter().collect();
        extremes(&parts, value.iter().copied()).unwrap_or_default()
    }

    /// Where the shortest and the longest matching suffix begin; the end if none matches.
    pub(super) fn suffixes(&self, value: &[u8]) -> (usize, usize) {
        // A suffix matches if it matches backwards: one search serves both.
        let parts: Vec<&Part> = self.0.iter().rev().collect();
        let (shortest, longest) = extremes(&parts, value.iter().rev().copied()).unwrap_or_default();
        (value.len() - shortest, value.len() - longest)
    }
}

/// The least and the greatest number of bytes after which all of `parts` have matched.
fn extremes(parts: &[&Part], bytes: impl Iterator<Item = u8>) -> Option<(usize, usize)> {
    // `reached[i]`: the first i parts match the bytes so far. All ways to match are followed at
    // once, instead of one after the other.
    let mut reached = vec![false; parts.len() + 1];
    reached[0] = true;
    pass_stars(parts, &mut reached);
    let mut found = reached[parts.len()].then_some((0, 0));
    for (before, byte) in bytes.enumerate() {
        let mut next = vec![false; parts.len() + 1];
        for (i, part) in parts.iter().enumerate().filter(|&(i, _)| reached[i]) {
            match part {
                Part::Any => next[i] = true,
                _ if part.takes(byte) => next[i + 1] = true,
                _ => {}
            }
        }
        pass_stars(parts, &mut next);
        reached = next;
        if reached[parts.len()] {
            let (shortest, _) = found.unwrap_or((before + 1, 0));
            found = Some((shortest, before + 1));
        }
    }
    found
}

/// Goes past each star that is reached: a star matches no byte, too.
fn pass_stars(parts: &[&Part], reached: &mut [bool]) {
    for (i, part) in parts.iter().enumerate() {
        if reached[i] && matches!(part, Part::Any) {
            reached[i + 1] = true;
        }
    }
}

/// Reads a set behind its `[`. Answers the text behind its `]`; `None` if it has none.
fn set(text: &[u8]) -> Option<(Part, &[u8])> {
    // sh(1) has `!`; shells take `^` as well.
    let negated = matches!(text, [b'!' | b'^', ..]);
    let mut rest = &text[usize::from(negated)..];
    let mut ranges = Vec::new();
    loop {
        let from = match rest {
            // A `]` in the first place is a letter.
            [b']', after @ ..] if !ranges.is_empty() => {
                return Some((Part::Set(ranges, negated), after));
            }
            [b'\\', byte, after @ ..] | [byte, after @ ..] => {
                rest = after;
                *byte
            }
            [] => return None,
        };
        let to = match rest {
            [b'-', b'\\', to, after @ ..] | [b'-', to, after @ ..] if *to != b']' => {
                rest = after;
                *to
            }
            _ => from,
        };
        ranges.push((from, to));
    }
}

impl Part {
    fn takes(&self, byte: u8) -> bool {
        match self {
            Self::Byte(own) => *own == byte,
            Self::One | Self::Any => true,
            Self::Set(ranges, negated) => {
                ranges.iter().any(|&(from, to)| (from..=to).contains(&byte)) != *negated
            }
        }
    }
}
