//! Which file of a crate names which: the arrows inside the crate.
//!
//! An arrow runs from a file whose code names something to the file that defines it. Names are
//! followed through `use` and `pub use`. Tests draw no arrows, and neither does `mod name;` alone.
//! A module is a part of the one above it, so what it takes from there is no arrow. A macro or a
//! trait's method without a path is not seen.

use std::collections::{BTreeMap, BTreeSet};
use std::path::Path;

use super::paths::Import;
use super::{Crate, Source};

/// The files of a crate's program, and the module that each file is.
struct Modules<'a> {
    files: Vec<&'a Source>,
    of_path: BTreeMap<Vec<String>, usize>,
}

/// The files of the crate that are not for tests, and for each file the places in this list of the
/// files that it names.
pub(crate) fn arrows(package: &Crate) -> (Vec<&Source>, Vec<BTreeSet<usize>>) {
    let files: Vec<&Source> = package.files.iter().filter(|file| !file.test).collect();
    let of_path = files.iter().enumerate().map(|(at, file)| (module(&file.path), at)).collect();
    let modules = Modules { files, of_path };
    let mut arrows = Vec::new();
    for file in &modules.files {
        let place = module(&file.path);
        let named = file.scan.imports.iter();
        let mut to: BTreeSet<usize> =
            named.filter_map(|import| modules.resolve(&place, &import.path, 0)).collect();
        // A module belongs to those above it, and to itself.
        to.retain(|&to| !place.starts_with(&module(&modules.files[to].path)));
        arrows.push(to);
    }
    (modules.files, arrows)
}

/// The module that a file is, as the parts of its path below `src`.
fn module(path: &Path) -> Vec<String> {
    let below = path.with_extension("");
    let parts = below.iter().map(|part| part.to_string_lossy().into_owned());
    let mut parts: Vec<String> = parts.skip_while(|part| part != "src").skip(1).collect();
    // These files are the module of their folder.
    parts.pop_if(|last| ["lib", "main", "mod"].contains(&last.as_str()));
    parts
}

impl Modules<'_> {
    /// Finds the file that defines what `path` means in the module `place`. `None`: this crate does
    /// not define it.
    fn resolve(&self, place: &[String], path: &[String], steps: usize) -> Option<usize> {
        let (mut at, mut rest) = self.begin(place, path)?;
        while let Some((name, behind)) = rest.split_first() {
            at.push(name.clone());
            if !self.of_path.contains_key(&at) {
                at.pop();
                break;
            }
            rest = behind;
        }
        let file = *self.of_path.get(&at)?;
        let Some(name) = rest.first() else { return Some(file) };
        // A name that the module has from elsewhere is followed; only so far, because names may
        // form a circle.
        let handed_on = |import: &&Import| import.alias.as_ref() == Some(name);
        let import = self.files.get(file)?.scan.imports.iter().find(handed_on);
        let elsewhere = import.filter(|_| steps < 8);
        elsewhere.and_then(|import| self.resolve(&at, &import.path, steps + 1)).or(Some(file))
    }

    /// Finds where the search for a path begins, and what is left of the path.
    fn begin<'p>(
        &self,
        place: &[String],
        path: &'p [String],
    ) -> Option<(Vec<String>, &'p [String])> {
        let (first, mut rest) = path.split_first()?;
        match first.as_str() {
            "crate" => Some((Vec::new(), rest)),
            "self" => Some((place.to_vec(), rest)),
            "super" => {
                let mut at = place.to_vec();
                at.pop()?;
                while let Some(("super", behind)) = rest.split_first().map(|(f, b)| (f.as_str(), b))
                {
                    at.pop()?;
                    rest = behind;
                }
                Some((at, rest))
            }
            // Anything else is a module below this one, or another crate.
            child => {
                let at = [place, &[child.to_owned()]].concat();
                self.of_path.contains_key(&at).then_some((at, rest))
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn package(files: &[(&str, &str)]) -> Crate {
        let file = |&(path, text): &(&str, &str)| Source::new(path.into(), text.into()).unwrap();
        let files = files.iter().map(file).collect();
        Crate { name: "x".into(), dependencies: Vec::new(), files }
    }

    #[test]
    fn arrows_run_to_the_file_that_defines() {
        let package = package(&[
            (
                "x/src/lib.rs",
                "mod a; mod b; pub use a::A; #[cfg(test)] mod tests { use crate::b::B; }",
            ),
            ("x/src/a.rs", "mod c; use crate::b; use std::fs; fn f() { c::d(); b::e(); }"),
            ("x/src/a/c.rs", "use super::super::A; use super::g;"),
            ("x/src/b.rs", "fn f(_: crate::A) {}"),
        ]);
        let (files, arrows) = arrows(&package);
        let name = |at: &usize| files[*at].path.file_stem().unwrap().to_str().unwrap();
        let said: Vec<String> = (files.iter().zip(&arrows))
            .map(|(file, to)| {
                let to: Vec<&str> = to.iter().map(name).collect();
                format!("{}: {}", file.path.file_stem().unwrap().display(), to.join(" "))
            })
            .collect();
        assert_eq!(said, ["lib: a", "a: c b", "c: ", "b: a"]);
    }
}
