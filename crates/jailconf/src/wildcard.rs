//! Wildcard sections: which names are patterns, and which patterns match a jail's name.
//!
//! A `*` that is the last component matches one or more components of a jail's name; one before the
//! last matches exactly one. A `*` inside a component is only a letter.

use std::collections::HashMap;

/// Whether a section of this name is a pattern: one of its components is `*`.
pub fn is_wildcard(name: &[u8]) -> bool {
    components(name).any(|component| component == b"*")
}

/// Whether the jail `name` matches `pattern`.
pub fn wildcard_matches(pattern: &[u8], name: &[u8]) -> bool {
    let (mut pattern, mut name) = (pattern, name);
    while let (Some((wild, more_pattern)), Some((component, more_name))) = (cut(pattern), cut(name))
    {
        if wild != component && wild != b"*" {
            return false;
        }
        (pattern, name) = (more_pattern, more_name);
    }
    // Pattern or name is down to its last component: a `*` there takes all that is left of the
    // name.
    pattern == name || pattern == b"*"
}

fn components(name: &[u8]) -> impl Iterator<Item = &[u8]> {
    name.split(|&byte| byte == b'.')
}

/// Cuts off the first component; `None` if there is no other.
fn cut(name: &[u8]) -> Option<(&[u8], &[u8])> {
    let dot = name.iter().position(|&byte| byte == b'.')?;
    Some((&name[..dot], &name[dot + 1..]))
}

/// All patterns of a configuration, as a tree of components: many patterns do not make the search
/// for a jail's longer.
#[derive(Clone, Debug, Default)]
pub(crate) struct Patterns {
    nodes: Vec<Node>,
}

#[derive(Clone, Debug, Default)]
struct Node {
    /// The node behind a `*`.
    star: Option<usize>,
    /// The nodes behind any other component.
    next: HashMap<Box<[u8]>, usize>,
    /// The sections whose pattern ends here.
    sections: Vec<u32>,
}

impl Patterns {
    pub(crate) fn insert(&mut self, pattern: &[u8], section: u32) {
        if self.nodes.is_empty() {
            self.nodes.push(Node::default());
        }
        let mut node = 0;
        for component in components(pattern) {
            let new = self.nodes.len();
            let Node { star, next, .. } = &mut self.nodes[node];
            node = match component {
                b"*" => *star.get_or_insert(new),
                _ => *next.entry(component.into()).or_insert(new),
            };
            if node == new {
                self.nodes.push(Node::default());
            }
        }
        self.nodes[node].sections.push(section);
    }

    /// The sections whose pattern `name` matches, in the order of the files.
    pub(crate) fn matching(&self, name: &[u8]) -> Vec<u32> {
        let mut found = Vec::new();
        let mut reached: Vec<(&Node, &[u8])> =
            self.nodes.first().map(|node| (node, name)).into_iter().collect();
        while let Some((node, name)) = reached.pop() {
            let (component, rest) =
                cut(name).map_or((name, None), |(first, rest)| (first, Some(rest)));
            if let Some(star) = node.star.map(|star| &self.nodes[star]) {
                // A last `*` takes all that is left.
                found.extend(&star.sections);
                reached.extend(rest.map(|rest| (star, rest)));
            }
            if let Some(equal) = node.next.get(component).map(|&next| &self.nodes[next]) {
                match rest {
                    Some(rest) => reached.push((equal, rest)),
                    None => found.extend(&equal.sections),
                }
            }
        }
        // The order of the files decides which value is last; sections are numbered in that order.
        found.sort_unstable();
        found
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    #[rustfmt::skip]
    fn patterns_and_names() {
        for (pattern, name, want) in [
            ("*",      "web",     true),
            ("*",      "a.b.c",   true),   // a last `*`: one or more components
            ("foo.*",  "foo",     false),
            ("foo.*",  "foo.a",   true),
            ("foo.*",  "foo.a.b", true),
            ("foo.*",  "bar.a",   false),
            ("*.a",    "foo.a",   true),   // any other `*`: exactly one
            ("*.a",    "x.foo.a", false),
            ("*.a",    "a",       false),
            ("*.*",    "a",       false),
            ("*.*",    "a.b.c",   true),
            ("a.*.c",  "a.b.c",   true),
            ("a.*.c",  "a.b.b.c", false),
            ("*.a.*",  "foo.a.b", true),
            ("*",      "",        true),
        ] {
            assert!(is_wildcard(pattern.as_bytes()));
            assert_eq!(wildcard_matches(pattern.as_bytes(), name.as_bytes()), want, "{pattern} {name}");
            let mut patterns = Patterns::default();
            patterns.insert(b"other.*", 0);
            patterns.insert(pattern.as_bytes(), 1);
            assert_eq!(patterns.matching(name.as_bytes()) == [1], want, "{pattern} {name}");
        }
    }

    #[test]
    fn a_star_inside_a_component_is_a_letter() {
        for name in ["web*", "a*b", "**", "a.b*"] {
            assert!(!is_wildcard(name.as_bytes()), "{name}");
        }
    }
}
