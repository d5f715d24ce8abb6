//! devfs.rules(5): rules, rulesets, and what a ruleset shows of a `/dev`.
//!
//! [`Rulesets`] holds what FreeBSD's kernel holds after `service devfs start`: numbered rulesets of
//! numbered rules. [`Rulesets::read`] adds a file, and [`Rulesets::verdict`] decides what a ruleset
//! does to one node. No system calls: files come in as bytes, and a real `/dev` is left to the
//! caller.
//!
//! May use: `strerror`; no system calls.

mod accounts;
mod file;
mod glob;
mod mode;
mod rule;
mod verdict;

use std::collections::BTreeMap;
use std::fmt;
use std::io;
use std::path::{Path, PathBuf};

pub use accounts::Accounts;
pub use file::SyntaxError;
pub use glob::matches;
pub use rule::{Actions, Conditions, DeviceType, Rule, RuleError, Visibility};
pub use verdict::{Applied, Beside, Filter, Node, Verdict};

/// The rulesets if there is no `/etc/defaults/devfs.rules`: 1 to 5, as on FreeBSD.
pub const DEFAULT_RULES: &[u8] = include_bytes!("../../../share/devfs.rules");

/// The administrator's copy of the defaults. Where it exists, it replaces [`DEFAULT_RULES`].
pub const DEFAULTS_FILE: &str = "/etc/defaults/devfs.rules";

/// The administrator's own rulesets. This file is read last.
pub const RULES_FILE: &str = "/etc/devfs.rules";

/// The files that are read where rc.conf(5) names no others in `devfs_rulesets`. The
/// administrator's are last: they include rulesets of the defaults by name.
pub const FILES: [&str; 2] = [DEFAULTS_FILE, RULES_FILE];

/// The rulesets as devfs(8) has left them, in place of both files, until `service devfs restart`
/// reads those again. FreeBSD's kernel has them in its memory.
pub const KEPT_FILE: &str = "/run/kletka/devfs.rules";

/// The ruleset of a jail with `mount.devfs` and no `devfs_ruleset`: `devfsrules_jail`.
pub const JAIL: u16 = 4;

/// A ruleset for such a jail with `vnet`: `devfsrules_jail_vnet`.
pub const JAIL_VNET: u16 = 5;

/// All rulesets, by number. Ruleset 0 is always empty, and never one of them.
#[derive(Debug, Default, Clone)]
pub struct Rulesets {
    sets: BTreeMap<u16, BTreeMap<u16, Rule>>,
    /// The numbers of `[name=number]`, for `include $name`.
    names: BTreeMap<Vec<u8>, u16>,
    /// Rules may include rulesets that do not exist yet.
    is_open: bool,
}

impl Rulesets {
    /// Reads the rulesets that hold, by `read`: those that devfs(8) has left, or the defaults and
    /// the administrator's file. A file that does not exist is skipped.
    ///
    /// # Errors
    /// A file cannot be read or is wrong; the error has its path, line and reason.
    pub fn load(
        read: impl Fn(&Path) -> io::Result<Vec<u8>>,
        accounts: &Accounts,
    ) -> Result<Self, LoadError> {
        let kept = Path::new(KEPT_FILE);
        if let Some(text) = read_if_there(&read, kept)? {
            return Self::restore(&text).map_err(|error| LoadError::syntax(kept, error));
        }
        Self::load_files(read, FILES, accounts)
    }

    /// Reads these files in their order, whatever devfs(8) has done since.
    ///
    /// # Errors
    /// As [`Rulesets::load`].
    pub fn load_files<'f>(
        read: impl Fn(&Path) -> io::Result<Vec<u8>>,
        files: impl IntoIterator<Item = &'f str>,
        accounts: &Accounts,
    ) -> Result<Self, LoadError> {
        let mut rulesets = Self::default();
        for file in files {
            let path = Path::new(file);
            match read_if_there(&read, path)? {
                Some(text) => rulesets.read_file(path, &text, accounts)?,
                None if file == DEFAULTS_FILE => {
                    rulesets.read_file(Path::new("devfs.rules"), DEFAULT_RULES, accounts)?;
                }
                None => {}
            }
        }
        Ok(rulesets)
    }

    fn read_file(
        &mut self,
        path: &Path,
        text: &[u8],
        accounts: &Accounts,
    ) -> Result<(), LoadError> {
        self.read(text, accounts).map_err(|error| LoadError::syntax(path, error))
    }

    /// The numbers of the rulesets that exist, as `devfs rule showsets` prints them.
    pub fn numbers(&self) -> impl Iterator<Item = u16> {
        self.sets.keys().copied().filter(|&number| self.exists(number))
    }

    /// The rules of ruleset `number` with their own numbers, in order; none if the ruleset does not
    /// exist.
    pub fn rules(&self, number: u16) -> impl Iterator<Item = (u16, &Rule)> {
        self.sets.get(&number).into_iter().flatten().map(|(&rule_number, rule)| (rule_number, rule))
    }

    /// The number of the ruleset that a file calls `name`.
    pub fn number(&self, name: &[u8]) -> Option<u16> {
        self.names.get(name).copied()
    }

    /// The name that a file gives ruleset `number`.
    pub fn name(&self, number: u16) -> Option<&[u8]> {
        let named = self.names.iter().filter(|(_, named)| **named == number);
        named.map(|(name, _)| name.as_slice()).next()
    }

    /// Whether a ruleset exists: it has rules, or another one includes it. devfs(8), IMPLEMENTATION
    /// NOTES.
    pub fn exists(&self, number: u16) -> bool {
        let Some(rules) = self.sets.get(&number) else { return false };
        !rules.is_empty()
            || self.sets.values().flat_map(BTreeMap::values).any(|r| r.then.include == Some(number))
    }

    /// Removes rule `number` of ruleset `set`: `devfs rule -s set del number`. Answers whether it
    /// was there.
    pub fn remove(&mut self, set: u16, number: u16) -> bool {
        self.sets.get_mut(&set).is_some_and(|rules| rules.remove(&number).is_some())
    }

    /// Removes the rules of ruleset `number`: `devfs rule -s number delset`.
    pub fn clear(&mut self, number: u16) {
        self.sets.entry(number).or_default().clear();
    }

    /// Adds `rule` to ruleset `set` with this `number`, or with one 100 above its last rule: `devfs
    /// rule -s set add`.
    ///
    /// # Errors
    /// The ruleset is 0, the number is taken or too large, or an included ruleset does not exist.
    pub fn add(&mut self, set: u16, number: Option<u16>, rule: Rule) -> Result<(), RuleError> {
        if set == 0 {
            return Err(RuleError::RulesetZero);
        }
        if let Some(included) =
            rule.then.include.filter(|&included| !self.is_open && !self.exists(included))
        {
            return Err(RuleError::NoRuleset(included));
        }
        let rules = self.sets.entry(set).or_default();
        let number = match number {
            Some(number) => number,
            None => match rules.last_key_value() {
                // devfs_rule.c: the gap leaves room for rules in between.
                Some((last, _)) => last.checked_add(100).ok_or(RuleError::TooManyRules)?,
                None => 100,
            },
        };
        if rules.contains_key(&number) {
            return Err(RuleError::RuleExists(number));
        }
        rules.insert(number, rule);
        Ok(())
    }
}

fn read_if_there(
    read: impl Fn(&Path) -> io::Result<Vec<u8>>,
    path: &Path,
) -> Result<Option<Vec<u8>>, LoadError> {
    match read(path) {
        Ok(text) => Ok(Some(text)),
        Err(error) if error.kind() == io::ErrorKind::NotFound => Ok(None),
        Err(error) => Err(LoadError { path: path.to_owned(), reason: Reason::Read(error) }),
    }
}

/// Why the rulesets could not be loaded: the file, the line if there is one, and the reason.
#[derive(Debug)]
pub struct LoadError {
    path: PathBuf,
    reason: Reason,
}

#[derive(Debug)]
enum Reason {
    Read(io::Error),
    Syntax(SyntaxError),
}

impl LoadError {
    fn syntax(path: &Path, error: SyntaxError) -> Self {
        Self { path: path.to_owned(), reason: Reason::Syntax(error) }
    }

    /// The file that is wrong.
    pub fn path(&self) -> &Path {
        &self.path
    }
}

impl fmt::Display for LoadError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match &self.reason {
            Reason::Read(error) => {
                write!(f, "{}: {}", self.path.display(), strerror::of(error))
            }
            Reason::Syntax(error) => write!(f, "{}:{error}", self.path.display()),
        }
    }
}

impl std::error::Error for LoadError {}

#[cfg(test)]
mod tests {
    use super::*;

    /// Loads from a file system of two files at most.
    fn load(defaults: Option<&str>, own: Option<&str>) -> Result<Rulesets, String> {
        let read = |path: &Path| {
            let text = match path.to_str() {
                Some(RULES_FILE) => own,
                Some(DEFAULTS_FILE) => defaults,
                _ => None,
            };
            text.map(|text| text.as_bytes().to_vec()).ok_or(io::ErrorKind::NotFound.into())
        };
        Rulesets::load(read, &Accounts::default()).map_err(|error| error.to_string())
    }

    #[test]
    fn defaults_have_freebsds_names_and_numbers() {
        let rulesets = load(None, None).unwrap();
        assert_eq!(rulesets.numbers().collect::<Vec<_>>(), [1, 2, 3, 4, 5]);
        for (name, number) in [
            ("devfsrules_hide_all", 1),
            ("devfsrules_unhide_basic", 2),
            ("devfsrules_unhide_login", 3),
            ("devfsrules_jail", JAIL),
            ("devfsrules_jail_vnet", JAIL_VNET),
        ] {
            assert_eq!(rulesets.number(name.as_bytes()), Some(number), "{name}");
        }
    }

    #[test]
    #[rustfmt::skip]
    fn files_add_up() {
        for (defaults, own, want) in [
            (None,                        Some("[mine=11]\nadd include $devfsrules_hide_all\n"), Ok(vec![1, 2, 3, 4, 5, 11])),
            (Some("[only=7]\nadd hide\n"), Some("[mine=11]\nadd include $only\n"),               Ok(vec![7, 11])),
            (Some("[only=7]\nadd hide\n"), Some("[only=7]\n"),                                   Ok(vec![])), // empty, and no other ruleset includes it
            (Some("[a=7]\nadd hide\n[b=8]\nadd include $a\n"), Some("[a=7]\n"),                  Ok(vec![7, 8])), // still included
            (None, Some("[mine=11]\nadd hde\n"),  Err("/etc/devfs.rules:2: unknown argument: hde".to_owned())),
            (Some("add hide\n"), None,            Err("/etc/defaults/devfs.rules:1: rule outside of a ruleset; begin one with [name=number]".to_owned())),
        ] {
            let got = load(defaults, own).map(|rulesets| rulesets.numbers().collect::<Vec<_>>());
            assert_eq!(got, want, "{defaults:?} {own:?}");
        }
    }
}
