//! Roots of jails that are the same directory, or one inside the other.
//!
//! Paths are compared as they are written; symbolic links are not followed, as this crate makes no
//! system calls.

use jailconf::{Jail, Place};
use jailparam::param::PATH;
use std::borrow::Cow;
use std::collections::{HashMap, HashSet};

/// The jails that are checked, each with its place in the order of starting.
pub(crate) type Ranks = HashMap<usize, usize>;

/// The root of a jail: its path without slashes and dots that have no meaning.
#[derive(Debug)]
pub(crate) struct Root {
    pub(crate) jail: usize,
    path: Box<[u8]>,
    pub(crate) place: Place,
}

/// The path of a jail's root; none if that is the host's root or no absolute path.
pub(crate) fn path_of(jail: &Jail) -> Option<(Cow<'_, [u8]>, &Place)> {
    let given = jail.parameters.iter().find(|given| PATH.is_called(&given.name))?;
    let path = plain(given.values.last()?);
    path.starts_with(b"/").then_some((path, &given.place))
}

/// Shortens `path`: no slash at its end, no `//` and no `/./`. A `..` is kept, as its meaning
/// depends on symbolic links.
fn plain(mut path: &[u8]) -> Cow<'_, [u8]> {
    while let [shorter @ .., b'/'] = path {
        path = shorter;
    }
    let says_nothing = |part: &&[u8]| matches!(*part, b"" | b".");
    // Most paths have nothing to shorten, and are borrowed.
    if path.is_empty() || !path.split(|&byte| byte == b'/').skip(1).any(|part| says_nothing(&part))
    {
        return path.into();
    }
    let parts = path.split(|&byte| byte == b'/').filter(|part| !says_nothing(part));
    let slash: &[u8] = if path.starts_with(b"/") { b"/" } else { b"" };
    [slash, &parts.collect::<Vec<_>>().join(&b'/')].concat().into()
}

/// The directories above `path`, the nearest first, without `/`: a jail in `/` is one with the
/// host's programs, which holds all other roots on purpose.
fn above(path: &[u8]) -> impl Iterator<Item = &[u8]> {
    let slashes = path.iter().enumerate().skip(1).rev().filter(|(_, byte)| **byte == b'/');
    slashes.map(|(at, _)| &path[..at])
}

impl Root {
    /// Takes the root of `jail`, which has the number `index`.
    pub(crate) fn new(index: usize, jail: &Jail) -> Option<Self> {
        let (path, place) = path_of(jail)?;
        Some(Self { jail: index, path: path.into_owned().into(), place: place.clone() })
    }

    /// The path, as it is written but for slashes and dots that say nothing.
    pub(crate) fn path(&self) -> &[u8] {
        &self.path
    }

    /// The path, for a message.
    pub(crate) fn show(&self) -> String {
        String::from_utf8_lossy(&self.path).into_owned()
    }
}

/// The roots that concern the jails that are checked.
pub(crate) struct Roots<'s> {
    /// The roots of these jails, and those around them.
    by_path: HashMap<&'s [u8], Vec<&'s Root>>,
    /// For each root of these jails, one root inside it that belongs to a jail that is not checked.
    /// The check of the inner jail reports all others.
    inside: HashMap<&'s [u8], &'s Root>,
}

impl<'s> Roots<'s> {
    /// Looks at each root once. `ranks` are the jails that are checked.
    pub(crate) fn new(all: &'s [Root], ranks: &Ranks) -> Self {
        let is_checked = |root: &&Root| ranks.contains_key(&root.jail);
        let checked: HashSet<&[u8]> =
            all.iter().filter(is_checked).map(|root| &*root.path).collect();
        let around: HashSet<&[u8]> = checked.iter().copied().flat_map(above).collect();
        let mut roots = Self { by_path: HashMap::new(), inside: HashMap::new() };
        for root in all {
            if checked.contains(&*root.path) || around.contains(&*root.path) {
                roots.by_path.entry(&root.path).or_default().push(root);
            }
            if !is_checked(&root) {
                for outer in above(&root.path).filter_map(|outer| checked.get(outer)) {
                    roots.inside.entry(outer).or_insert(root);
                }
            }
        }
        roots
    }

    /// All roots that are `path`.
    pub(crate) fn same(&self, path: &[u8]) -> &[&'s Root] {
        self.by_path.get(path).map_or(&[], Vec::as_slice)
    }

    /// The nearest root around `path`.
    pub(crate) fn around(&self, path: &[u8]) -> Option<&'s Root> {
        above(path).find_map(|outer| self.by_path.get(outer)?.first().copied())
    }

    /// One root inside `path`, of a jail that is not checked.
    pub(crate) fn inside(&self, path: &[u8]) -> Option<&'s Root> {
        self.inside.get(path).copied()
    }
}
