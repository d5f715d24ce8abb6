//! Where configured jails come from: the file of `-f`, or /etc/jail.conf and the files of single
//! jails.
//!
//! FreeBSD's jail(8) reads /etc/jail.conf alone; `service jail` looks for /etc/jail.NAME.conf and
//! /etc/jail.conf.d/NAME.conf first. Here a name that /etc/jail.conf lacks is looked for in those
//! two as well, so that `jail -c NAME` starts what `service jail start NAME` does. Such a file is a
//! configuration of its own: what stands outside of its sections holds for its jails only.

use crate::devices::number_the_ruleset;
use jailconf::{Config, Diagnostics, Files};
use rustix::fs::{Access, access};
use std::path::{Path, PathBuf};

/// The file in which jails are looked for first.
pub const FILE: &str = "/etc/jail.conf";

/// One or more configurations. The first is the main one: patterns mean its jails.
#[derive(Debug)]
pub struct Sources(Vec<Config>);

/// Reads one file and what it includes.
///
/// # Errors
/// All faults of the file.
pub fn load(file: &Path) -> Result<Config, Diagnostics> {
    Config::load(&Files, file).map_err(|mut faults| {
        if let Some(fault) = faults.0.first_mut()
            && !file.exists()
        {
            fault.advice = Some("jails are described in such a file: jail.conf(5)".to_owned());
        }
        faults
    })
}

/// The file that describes the jail `name` alone, if there is one.
pub fn file_of(name: &str) -> Option<PathBuf> {
    // A `/` would lead to a file elsewhere.
    if name.is_empty() || name.contains('/') {
        return None;
    }
    let files = rc::configuration_files(name).map(PathBuf::from);
    files.into_iter().find(|file| access(file, Access::READ_OK).is_ok())
}

impl From<Config> for Sources {
    fn from(config: Config) -> Self {
        Self(vec![config])
    }
}

impl Sources {
    /// The jails of `file` alone.
    ///
    /// # Errors
    /// All faults of the file.
    pub fn of_file(file: &Path) -> Result<Self, Diagnostics> {
        Ok(Self(vec![load(file)?]))
    }

    /// Reads /etc/jail.conf, and the files of those `names` that it lacks. `None` if no file
    /// describes any of them and none is `needed`: a jail that runs can be stopped without one.
    ///
    /// # Errors
    /// All faults of a file, or that /etc/jail.conf is needed and does not exist.
    pub fn found(names: &[String], needed: bool) -> Result<Option<Self>, Diagnostics> {
        let is_single = |name: &&String| !jailconf::is_wildcard(name.as_bytes());
        let main = Path::new(FILE);
        let can_do_without = |name: &String| is_single(&name) && file_of(name).is_some();
        let has_own = !names.is_empty() && names.iter().all(can_do_without);
        let mut configs = Vec::new();
        // As with `service jail`, jails that have files of their own do without /etc/jail.conf.
        if main.exists() || (needed && !has_own) {
            configs.push(load(main)?);
        }
        for name in names.iter().filter(is_single) {
            if !configs.iter().any(|config| config.has(name.as_bytes()))
                && let Some(file) = file_of(name)
            {
                configs.push(load(&file)?);
            }
        }
        Ok((!configs.is_empty()).then_some(Self(configs)))
    }

    /// Whether a jail of this name is configured.
    pub fn has(&self, name: &[u8]) -> bool {
        self.of(name).is_some()
    }

    /// The configuration that has the jail `name`.
    pub fn of(&self, name: &[u8]) -> Option<&Config> {
        self.0.iter().find(|config| config.has(name))
    }

    /// The names that a pattern can mean.
    pub(crate) fn main_jails(&self) -> impl Iterator<Item = &[u8]> {
        self.0.first().into_iter().flat_map(Config::jails)
    }

    /// All jails, each once.
    pub(crate) fn all_jails(&self) -> impl Iterator<Item = &[u8]> {
        let is_first = |at: usize, name: &[u8]| !self.0[..at].iter().any(|config| config.has(name));
        let each = self.0.iter().enumerate();
        each.flat_map(move |(at, config)| config.jails().filter(move |name| is_first(at, name)))
    }

    /// The jail `name` with all its parameters.
    ///
    /// # Errors
    /// All faults of this jail, or that it does not exist.
    pub fn expand(&self, name: &[u8]) -> Result<jailconf::Jail, Diagnostics> {
        // The main configuration has the words for a jail that no file describes.
        let config = self.of(name).or(self.0.first()).ok_or_else(Diagnostics::default)?;
        let mut jail = config.expand(name)?;
        number_the_ruleset(&mut jail);
        Ok(jail)
    }
}
