//! Where configured jails come from: the file of `-f`, or /etc/jail.conf and the files of single
//! jails.
//!
//! FreeBSD's jail(8) reads /etc/jail.conf alone; `service jail` looks for /etc/jail.NAME.conf and
//! /etc/jail.conf.d/NAME.conf first. Here a name that /etc/jail.conf lacks is looked for in those
//! two as well, so that `jail -c NAME` starts what `service jail start NAME` does. Such a file is a
//! configuration of its own: what it says outside of sections is for its jails only.

use jailconf::{Config, Diagnostics, Files};
use rustix::fs::{Access, access};
use std::path::{Path, PathBuf};

/// The file that all jails are looked for in first.
pub const FILE: &str = "/etc/jail.conf";

/// One or more configurations. The first is the main one: patterns mean its jails.
#[derive(Debug)]
pub struct Sources(Vec<Config>);

/// Reads one file and what it includes.
///
/// # Errors
/// All faults of the file.
pub fn load(file: &Path) -> Result<Config, Diagnostics> {
    Config::load(&Files, file)
}

/// The file that describes the jail `name` alone, if there is one.
pub fn file_of(name: &str) -> Option<PathBuf> {
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

    /// The jails of /etc/jail.conf, and those of `names` that only have files of their own. `None`
    /// when nothing describes any of them and `needed` does not say that something must.
    ///
    /// # Errors
    /// All faults of a file; /etc/jail.conf is needed and not there.
    pub fn found(names: &[String], needed: bool) -> Result<Option<Self>, Diagnostics> {
        let is_single = |name: &&String| !jailconf::is_wildcard(name.as_bytes());
        let main = Path::new(FILE);
        let can_do_without = |name: &String| is_single(&name) && file_of(name).is_some();
        let has_own = !names.is_empty() && names.iter().all(can_do_without);
        let mut configs = Vec::new();
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
    /// All faults of this jail; or that there is none.
    pub fn expand(&self, name: &[u8]) -> Result<jailconf::Jail, Diagnostics> {
        match self.of(name).or(self.0.first()) {
            Some(config) => config.expand(name),
            None => Err(Diagnostics::default()),
        }
    }
}
