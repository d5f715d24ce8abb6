//! The known name that was probably meant by a word with a slip in it.
//!
//! Options, verbs, parameters and words of ifconfig(8) are all looked for in this way, and
//! [`hint`] is how a message names what was found: behind the message of FreeBSD, which scripts
//! compare from its beginning.
//!
//! May use: no other crate; no system calls.
//!
//! ```
//! assert_eq!(nearest::nearest("jial", ["jls", "jail"]), Some("jail"));
//! assert_eq!(nearest::hint(Some("jail")), "; did you mean jail?");
//! ```

/// The shortest beginning that stands for a whole name.
const BEGINNING: usize = 3;

/// Finds the name of which `word` may be a slip of the pen, the nearest, and of several the first;
/// or else the only name that begins with `word`.
pub fn nearest<N: AsRef<str>>(word: &str, names: impl IntoIterator<Item = N>) -> Option<N> {
    let names: Vec<N> = names.into_iter().collect();
    let begins = |name: &N| {
        word.len() >= BEGINNING
            && name.as_ref().len() > word.len()
            && name.as_ref().starts_with(word)
    };
    let begun = names.iter().filter(|name| begins(name)).count();
    let whole = names.iter().position(begins).filter(|_| begun == 1);
    // Of a short word, many are near: `x` is no slip of `ip4`.
    let most = (word.len() / 3).clamp(1, 3);
    // A name whose length differs by more is farther away than that. A word may be as long as a
    // file: its distance must not be computed.
    let places = names.iter().enumerate();
    let near = places.filter(|(_, it)| it.as_ref().len().abs_diff(word.len()) <= most);
    let near = near.map(|(place, it)| (distance(word, it.as_ref()), place));
    let near = near.filter(|(distance, _)| (1..=most).contains(distance));
    let place = near.min_by_key(|(distance, _)| *distance).map(|(_, place)| place).or(whole)?;
    names.into_iter().nth(place)
}

/// Writes what stands behind a message that has repeated a wrong word. Without a name there is
/// nothing to add.
#[must_use]
pub fn hint(name: Option<&str>) -> String {
    name.map_or_else(String::new, |name| format!("; did you mean {name}?"))
}

/// How many bytes must be inserted, removed, changed or swapped with their neighbour to make `one`
/// into `other`.
fn distance(one: &str, other: &str) -> usize {
    let (one, other) = (one.as_bytes(), other.as_bytes());
    // Three rows of the usual table are enough: the row before the last one is for swaps.
    let mut before: Vec<usize> = Vec::new();
    let mut last: Vec<usize> = (0..=other.len()).collect();
    for i in 1..=one.len() {
        let mut row = vec![i];
        for j in 1..=other.len() {
            let change = last[j - 1] + usize::from(one[i - 1] != other[j - 1]);
            let mut least = change.min(last[j] + 1).min(row[j - 1] + 1);
            if i > 1 && j > 1 && one[i - 1] == other[j - 2] && one[i - 2] == other[j - 1] {
                least = least.min(before[j - 2] + 1);
            }
            row.push(least);
        }
        before = std::mem::replace(&mut last, row);
    }
    last[other.len()]
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    #[rustfmt::skip]
    fn slips() {
        let names = ["jail", "jls", "jexec", "install", "ifconfig", "service"];
        for (word, want) in [
            ("jial",      Some("jail")),     // swapped
            ("jai",       Some("jail")),     // removed
            ("jailx",     Some("jail")),     // inserted
            ("instal",    Some("install")),
            ("ifcofnig",  Some("ifconfig")),
            ("srevcie",   Some("service")),  // two swaps
            ("ls",        Some("jls")),
            ("jail",      None),             // no slip at all
            ("x",         None),
            ("",          None),
            ("list",      None),
            ("ifc",       Some("ifconfig")), // begun
            ("if",        None),             // too short
        ] {
            assert_eq!(nearest(word, names), want, "{word}");
        }
    }

    #[test]
    fn a_long_word_costs_nothing() {
        assert_eq!(nearest(&"x".repeat(1 << 24), ["jail"]), None);
    }
}
