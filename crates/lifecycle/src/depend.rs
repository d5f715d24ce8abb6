//! The order of jails by `depend` of jail.conf(5). A jail starts after the jails that it depends
//! on, and stops before them.

use std::collections::{BTreeMap, BTreeSet};
use std::fmt;

/// Why jails cannot be put in order.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum DependError {
    /// The first jail depends on the second, which no file defines.
    Undefined(String, String),
    /// These jails depend on each other in a circle. The last name is the first again.
    Loop(Vec<String>),
}

impl fmt::Display for DependError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Undefined(jail, on) if on.contains(char::is_whitespace) => write!(
                f,
                "{jail}: depends on undefined jail \"{on}\"; write several as depend = {};",
                on.split_whitespace().collect::<Vec<_>>().join(", ")
            ),
            Self::Undefined(jail, on) => {
                write!(f, "{jail}: depends on undefined jail \"{on}\"; add it, or correct depend")
            }
            Self::Loop(names) => write!(
                f,
                "{}: dependency loop; take one of these out of depend",
                names.join(" -> ")
            ),
        }
    }
}

impl std::error::Error for DependError {}

impl DependError {
    /// The jail whose `depend` is at fault; of a circle, the first.
    pub fn jail(&self) -> &str {
        match self {
            Self::Undefined(jail, _) => jail,
            Self::Loop(names) => names.first().map_or("", String::as_str),
        }
    }
}

/// Every configured jail, with the names of the jails that it waits for.
pub type Dependencies = BTreeMap<String, Vec<String>>;

/// Jails in the order in which they start or stop.
#[derive(Debug, Default, PartialEq, Eq)]
pub struct Order {
    /// The jails, each after all that it waits for.
    pub names: Vec<String>,
    /// For each of `names`, the places in `names` of the jails that it waits for.
    pub waits_for: Vec<Vec<usize>>,
    /// The wanted jails that cannot be put in order, and why.
    pub failed: Vec<(String, DependError)>,
}

/// Turns dependencies around, for stops: every jail, with the jails that depend on it.
pub fn dependents(all: &Dependencies) -> Dependencies {
    let mut dependents: Dependencies = all.keys().map(|name| (name.clone(), Vec::new())).collect();
    for (name, on) in all {
        for on in on {
            if let Some(dependents) = dependents.get_mut(on) {
                dependents.push(name.clone());
            }
        }
    }
    dependents
}

impl Order {
    /// Puts the jails of `wanted` in order, with all jails that they wait for according to `all`. A
    /// jail that `all` lacks waits for nothing.
    pub fn of(wanted: &[String], all: &Dependencies) -> Self {
        let mut search =
            Search { all, order: Self::default(), done: BTreeSet::new(), bad: BTreeMap::new() };
        for name in wanted {
            let before = search.order.names.len();
            if let Err(error) = search.visit(name) {
                // Jails that only this one needs must not be started without it.
                for name in search.order.names.drain(before..) {
                    search.done.remove(&name);
                }
                search.order.failed.push((name.clone(), error));
            }
        }
        let mut order = search.order;
        order.waits_for = order.edges(all);
        order
    }

    /// Takes the jails in the order of `names`, none waiting for another.
    pub fn as_it_stands(names: Vec<String>) -> Self {
        let waits_for = vec![Vec::new(); names.len()];
        Self { names, waits_for, failed: Vec::new() }
    }

    fn edges(&self, all: &Dependencies) -> Vec<Vec<usize>> {
        let places: BTreeMap<&str, usize> =
            self.names.iter().enumerate().map(|(at, name)| (name.as_str(), at)).collect();
        let edges = self.names.iter().map(|name| {
            let on = all.get(name).into_iter().flatten();
            on.filter_map(|on| places.get(on.as_str()).copied()).collect()
        });
        edges.collect()
    }
}

/// A depth-first search, which lists each jail after all that it waits for.
struct Search<'a> {
    all: &'a Dependencies,
    order: Order,
    done: BTreeSet<String>,
    /// Jails that cannot be put in order, each with the first reason found.
    bad: BTreeMap<String, DependError>,
}

impl<'a> Search<'a> {
    fn visit(&mut self, name: &str) -> Result<(), DependError> {
        if self.done.contains(name) {
            return Ok(());
        }
        // The jails that led here, each with the number of its dependencies looked at so far. A
        // list and no recursion: a chain of many thousand jails would overflow the stack.
        let mut path: Vec<(&str, usize)> = Vec::new();
        let mut on_path: BTreeSet<&str> = BTreeSet::new();
        // A jail that runs and is in no file can be stopped, and has no dependencies.
        let Some((name, _)) = self.all.get_key_value(name) else {
            self.done.insert(name.to_owned());
            self.order.names.push(name.to_owned());
            return Ok(());
        };
        path.push((name, 0));
        on_path.insert(name);
        while let Some((name, looked_at)) = path.last_mut() {
            let Some(next) = self.all.get(*name).and_then(|before| before.get(*looked_at)) else {
                self.done.insert((*name).to_owned());
                self.order.names.push((*name).to_owned());
                on_path.remove(*name);
                path.pop();
                continue;
            };
            *looked_at += 1;
            if self.done.contains(next) {
                continue;
            }
            let from = *name;
            let problem = if let Some(known) = self.bad.get(next) {
                Some(known.clone())
            } else if on_path.contains(next.as_str()) {
                let circle = path.iter().map(|(name, _)| *name).skip_while(|name| name != next);
                let circle = circle.chain([next.as_str()]).map(str::to_owned);
                Some(DependError::Loop(circle.collect()))
            } else if !self.all.contains_key(next) {
                Some(DependError::Undefined(from.to_owned(), next.clone()))
            } else {
                None
            };
            if let Some(problem) = problem {
                // Every jail of the path waits for the one at fault, so none has to be searched
                // again.
                let path = path.into_iter().map(|(name, _)| (name.to_owned(), problem.clone()));
                self.bad.extend(path);
                return Err(problem);
            }
            path.push((next, 0));
            on_path.insert(next);
        }
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

    fn order(wanted: &[&str], all: &Dependencies) -> String {
        let wanted: Vec<String> = wanted.iter().map(ToString::to_string).collect();
        let Order { names, waits_for, failed } = Order::of(&wanted, all);
        let places = names.iter().zip(waits_for).map(|(name, on)| format!("{name}{on:?}"));
        let failed = failed.into_iter().map(|(name, error)| format!("({name}: {error})"));
        places.chain(failed).collect::<Vec<_>>().join(" ")
    }

    #[test]
    fn a_diamond_starts_from_below_and_stops_from_above() {
        let all = all(&[("a", &[]), ("b", &["a"]), ("c", &["a"]), ("d", &["b", "c"]), ("e", &[])]);
        assert_eq!(order(&["d"], &all), "a[] b[0] c[0] d[1, 2]");
        assert_eq!(order(&["a"], &dependents(&all)), "d[] b[0] c[0] a[1, 2]");
        assert_eq!(order(&["e", "b", "d"], &all), "e[] a[] b[1] c[1] d[2, 3]");
    }

    #[test]
    #[rustfmt::skip]
    fn what_cannot_be_ordered_is_named() {
        let all = all(&[("a", &["b"]), ("b", &["a"]), ("web", &["ok", "db"]), ("ok", &[]), ("w", &["web"])]);
        for (wanted, want) in [
            (&["a"][..],        "(a: a -> b -> a: dependency loop; take one of these out of depend)"),
            // usr.sbin/jail/state.c
            (&["web"],          "(web: web: depends on undefined jail \"db\"; add it, or correct depend)"),
            // A jail that runs and is in no file.
            (&["x", "ok"],      "x[] ok[]"),
            (&["web", "ok"],    "ok[] (web: web: depends on undefined jail \"db\"; add it, or correct depend)"),
            (&["ok", "w", "web"], "ok[] (w: web: depends on undefined jail \"db\"; add it, or correct depend) (web: web: depends on undefined jail \"db\"; add it, or correct depend)"),
        ] {
            assert_eq!(order(wanted, &all), want);
        }
    }

    #[test]
    fn long_chains() {
        let name = |number: usize| format!("j{number:05}");
        let mut all: Dependencies =
            (1..20_000).map(|number| (name(number), vec![name(number - 1)])).collect();
        all.insert(name(0), Vec::new());
        let wanted: Vec<String> = all.keys().rev().cloned().collect();
        let order = Order::of(&wanted, &all);
        assert_eq!(order.names, all.keys().cloned().collect::<Vec<_>>());
        let stops = Order::of(&[name(0)], &dependents(&all));
        assert_eq!(stops.names.len(), all.len());
    }
}
