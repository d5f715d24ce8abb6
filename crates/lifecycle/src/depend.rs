//! Which jails wait for which: jail.conf(5), `depend`. Starts go along the dependencies, stops against.

use std::collections::BTreeMap;
use std::fmt;

/// What is wrong with the dependencies.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum DependError {
    /// `depend` of the first names the second, which no file defines.
    Undefined(String, String),
    /// These wait for each other in a circle.
    Loop(Vec<String>),
}

impl fmt::Display for DependError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Undefined(jail, on) => write!(f, "{jail}: depends on undefined jail \"{on}\""),
            Self::Loop(names) => write!(f, "{}: dependency loop", names.join(" -> ")),
        }
    }
}

impl std::error::Error for DependError {}

/// Every configured jail with those that it depends on.
pub type Dependencies = BTreeMap<String, Vec<String>>;

/// The jails to start so that all of `wanted` run, in order: those depended on come first.
///
/// # Errors
/// A dependency that is not there, or a circle of them.
pub fn start_order(wanted: &[String], all: &Dependencies) -> Result<Vec<String>, DependError> {
    order(wanted, |name| all.get(name).cloned())
}

/// The jails to stop so that all of `wanted` can, in order: those that depend on them come first.
///
/// # Errors
/// A dependency that is not there, or a circle of them.
pub fn stop_order(wanted: &[String], all: &Dependencies) -> Result<Vec<String>, DependError> {
    let dependents = |name: &str| {
        let on = all.iter().filter(|(_, depends)| depends.iter().any(|on| on == name));
        Some(on.map(|(dependent, _)| dependent.clone()).collect())
    };
    order(wanted, dependents)
}

/// Depth-first search: each name after all that `before` says come before it.
fn order(
    wanted: &[String],
    before: impl Fn(&str) -> Option<Vec<String>>,
) -> Result<Vec<String>, DependError> {
    let mut search = Search { before, ordered: Vec::new(), path: Vec::new() };
    for name in wanted {
        search.visit(name)?;
    }
    Ok(search.ordered)
}

struct Search<F> {
    before: F,
    ordered: Vec<String>,
    /// The names that led to the one being visited.
    path: Vec<String>,
}

impl<F: Fn(&str) -> Option<Vec<String>>> Search<F> {
    fn visit(&mut self, name: &str) -> Result<(), DependError> {
        if self.ordered.iter().any(|ordered| ordered == name) {
            return Ok(());
        }
        if let Some(at) = self.path.iter().position(|waiting| waiting == name) {
            let circle = self.path[at..].iter().cloned().chain([name.to_owned()]);
            return Err(DependError::Loop(circle.collect()));
        }
        let Some(before) = (self.before)(name) else {
            let from = self.path.last().map_or(name, String::as_str);
            return Err(DependError::Undefined(from.to_owned(), name.to_owned()));
        };
        self.path.push(name.to_owned());
        for earlier in before {
            self.visit(&earlier)?;
        }
        self.path.pop();
        self.ordered.push(name.to_owned());
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn all(edges: &[(&str, &[&str])]) -> Dependencies {
        let owned = |names: &[&str]| names.iter().map(ToString::to_string).collect();
        edges.iter().map(|(name, on)| (name.to_string(), owned(on))).collect()
    }

    fn ordered(names: &[&str], answer: Result<Vec<String>, DependError>) {
        assert_eq!(
            answer.as_deref(),
            Ok(&names.iter().map(ToString::to_string).collect::<Vec<_>>()[..])
        );
    }

    #[test]
    fn a_diamond_starts_from_below_and_stops_from_above() {
        let all = all(&[("a", &[]), ("b", &["a"]), ("c", &["a"]), ("d", &["b", "c"]), ("e", &[])]);
        ordered(&["a", "b", "c", "d"], start_order(&["d".into()], &all));
        ordered(&["d", "b", "c", "a"], stop_order(&["a".into()], &all));
    }

    #[test]
    fn what_cannot_be_ordered_is_named() {
        let all = all(&[("a", &["b"]), ("b", &["a"]), ("web", &["db"])]);
        let circle = start_order(&["a".into()], &all).unwrap_err();
        assert_eq!(circle.to_string(), "a -> b -> a: dependency loop");
        let undefined = start_order(&["web".into()], &all).unwrap_err();
        // usr.sbin/jail/state.c
        assert_eq!(undefined.to_string(), "web: depends on undefined jail \"db\"");
    }
}
