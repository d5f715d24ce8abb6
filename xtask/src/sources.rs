//! The workspace as its sources show it: crates, their files, and the tokens of each file.
//!
//! Nothing is compiled and cargo is not asked: only manifests and Rust files are read, so figures
//! and rules take a few seconds. [`scan`] reads one file, [`imports`] finds which file of a crate
//! names which, [`graph`] finds circles.

pub(crate) mod graph;
pub(crate) mod imports;
mod paths;
pub(crate) mod scan;
mod tokens;

use std::collections::BTreeSet;
use std::path::{Path, PathBuf};
use std::{fs, io};

pub(crate) use scan::{Line, Scan};

/// One crate of the workspace.
pub(crate) struct Crate {
    /// The name of the crate, and of its folder.
    pub(crate) name: String,
    /// The crates in `[dependencies]` of the manifest, in its order.
    pub(crate) dependencies: Vec<String>,
    /// The Rust files by path, tests and benchmarks included.
    pub(crate) files: Vec<Source>,
}

/// One Rust file.
pub(crate) struct Source {
    /// The path from the top of the checkout: `crates/prison/src/init.rs`.
    pub(crate) path: PathBuf,
    /// The text of the file.
    pub(crate) text: String,
    /// What its tokens show.
    pub(crate) scan: Scan,
    /// Whether the whole file is for tests or benchmarks only.
    pub(crate) test: bool,
}

impl Source {
    /// Reads the text of a file; fails where rustc's lexer would fail.
    pub(crate) fn new(path: PathBuf, text: String) -> Result<Self, String> {
        let scan = Scan::of(&text).map_err(|e| format!("{}: {e}", path.display()))?;
        let test = path.iter().any(|part| part == "tests" || part == "benches");
        Ok(Self { path, text, scan, test })
    }

    /// Whether the `unsafe` on a line, counted from 1, has its argument: a comment with SAFETY
    /// above the statement that has the word.
    pub(crate) fn argues(&self, line: usize) -> bool {
        let lines: Vec<(&str, Line)> =
            self.text.lines().zip(self.scan.lines.iter().copied()).take(line).collect();
        let is_comment = |line: &&(&str, Line)| matches!(line.1, Line::Comment | Line::Doc);
        let says = |line: &(&str, Line)| line.0.contains("SAFETY");
        let above = |below: &[(&str, Line)]| below.iter().rev().take_while(is_comment).any(says);
        // The statement may begin a few lines before the word.
        lines.last().is_some_and(says) || (1..5).any(|up| above(&lines[..line.saturating_sub(up)]))
    }

    /// The folder with the files of the modules that this file declares.
    fn folder(&self) -> PathBuf {
        let root = ["lib.rs", "main.rs"].iter().any(|root| self.path.ends_with(root));
        if root { self.path.with_file_name("") } else { self.path.with_extension("") }
    }
}

/// Reads every crate below `checkout`: those in `crates/`, by name, then `fuzz` and `xtask`.
pub(crate) fn workspace(checkout: &Path) -> Result<Vec<Crate>, String> {
    let mut folders = entries(&checkout.join("crates")).map_err(|e| format!("crates: {e}"))?;
    folders.extend(["fuzz", "xtask"].map(|name| checkout.join(name)));
    folders.iter().map(|folder| read_crate(checkout, folder)).collect()
}

fn read_crate(checkout: &Path, folder: &Path) -> Result<Crate, String> {
    let failed = |path: &Path, e: io::Error| format!("{}: {e}", path.display());
    let manifest = folder.join("Cargo.toml");
    let manifest = fs::read_to_string(&manifest).map_err(|e| failed(&manifest, e))?;
    let mut paths = Vec::new();
    rust_files(folder, &mut paths).map_err(|e| failed(folder, e))?;
    let mut files = Vec::new();
    for path in paths {
        let text = fs::read_to_string(&path).map_err(|e| failed(&path, e))?;
        files.push(Source::new(path.strip_prefix(checkout).unwrap_or(&path).to_owned(), text)?);
    }
    mark_test_modules(&mut files);
    let name = folder.file_name().unwrap_or_default().to_string_lossy().into_owned();
    Ok(Crate { name, dependencies: dependencies(&manifest), files })
}

/// Marks the files whose module is declared under `#[cfg(test)]`: nothing in the file itself says
/// so.
fn mark_test_modules(files: &mut [Source]) {
    let declared: BTreeSet<PathBuf> = files
        .iter()
        .flat_map(|file| file.scan.test_modules.iter().map(|name| file.folder().join(name)))
        .collect();
    for file in files {
        file.test |= file.path.ancestors().any(|path| declared.contains(&path.with_extension("")));
    }
}

/// The names under `[dependencies]` of a manifest.
fn dependencies(manifest: &str) -> Vec<String> {
    manifest
        .lines()
        .skip_while(|line| line.trim() != "[dependencies]")
        .skip(1)
        .take_while(|line| !line.starts_with('['))
        // Both forms: `name.workspace = true` and `name = "1"`.
        .filter_map(|line| line.split_once(['.', '=']))
        .map(|(name, _)| name.trim().to_owned())
        .filter(|name| !name.starts_with('#'))
        .collect()
}

/// Finds the Rust files below `folder`, sorted; what cargo has built is left out.
fn rust_files(folder: &Path, found: &mut Vec<PathBuf>) -> io::Result<()> {
    for path in entries(folder)? {
        // Builds leave Rust files of other people there.
        if path.is_dir() && !path.ends_with("target") {
            rust_files(&path, found)?;
        } else if path.extension().is_some_and(|extension| extension == "rs") {
            found.push(path);
        }
    }
    Ok(())
}

/// The entries of a folder, sorted.
fn entries(folder: &Path) -> io::Result<Vec<PathBuf>> {
    let mut paths: Vec<PathBuf> =
        fs::read_dir(folder)?.map(|entry| Ok(entry?.path())).collect::<io::Result<_>>()?;
    paths.sort();
    Ok(paths)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn dependencies_are_those_of_the_program() {
        let manifest = "[package]\nname = \"x\"\n\n[dependencies]\n# why\njailconf.workspace = true\nlibc = \"0.2\"\n\n\
            [dev-dependencies]\ndivan.workspace = true\n";
        assert_eq!(dependencies(manifest), ["jailconf", "libc"]);
    }

    #[test]
    fn files_for_tests_are_told_by_their_place_and_by_their_declaration() {
        let file = |path: &str, text: &str| Source::new(path.into(), text.into()).unwrap();
        let mut files = [
            file("x/src/lib.rs", "#[cfg(test)]\nmod paper;\nmod ink;"),
            file("x/src/paper.rs", ""),
            file("x/src/paper/folded.rs", ""),
            file("x/src/ink.rs", "#[cfg(test)] mod tests;"),
            file("x/src/ink/tests.rs", ""),
            file("x/tests/it.rs", ""),
        ];
        mark_test_modules(&mut files);
        assert_eq!(files.map(|file| file.test), [false, true, true, false, true, true]);
    }
}
