//! Which jails the words of a command line mean, and what is known of each: FreeBSD's `start_state()`.

use super::{Meant, Session, Sources, Subject};
use crate::cli::report;
use jailparam::{Role, Set, param};
use lifecycle::Jail;
use prison::{Prison, Record, Registry};
use std::rc::Rc;

impl Session<'_> {
    /// The jails that the words mean, in order.
    pub(super) fn meant(&mut self, words: &[String]) -> Result<Vec<Meant>, String> {
        let everything = [String::from("*")];
        let mut meant: Vec<Meant> = Vec::new();
        for word in if words.is_empty() { &everything } else { words } {
            let names = if jailconf::is_wildcard(word.as_bytes()) {
                self.matching(word)?
            } else if let Some(name) = self.resolve(word)? {
                vec![name]
            } else if self.options.operation.is_stop() {
                // Others that are named go all the same.
                self.complain(word, Some(format!("\"{word}\" not found")));
                continue;
            } else {
                return Err(format!("\"{word}\" not found"));
            };
            let wild = jailconf::is_wildcard(word.as_bytes());
            let new = names.into_iter().filter(|name| meant.iter().all(|one| one.name != *name));
            meant.extend(new.map(|name| Meant { name, wild }).collect::<Vec<_>>());
        }
        Ok(meant)
    }

    /// The jails that match a pattern: those that are configured, or with `-R` those that run.
    fn matching(&self, pattern: &str) -> Result<Vec<String>, String> {
        let matches = |name: &str| jailconf::wildcard_matches(pattern.as_bytes(), name.as_bytes());
        if self.options.by_force {
            let names = self.prisons()?.into_iter().map(|record| record.name);
            return Ok(names.filter(|name| matches(name)).collect());
        }
        let names = self.config.iter().flat_map(Sources::main_jails);
        let names = names.map(|name| String::from_utf8_lossy(name).into_owned());
        Ok(names.filter(|name| matches(name)).collect())
    }

    /// The jail of this name, or one that runs and has this name or number.
    fn resolve(&self, word: &str) -> Result<Option<String>, String> {
        if self.config.as_ref().is_some_and(|config| config.has(word.as_bytes())) {
            return Ok(Some(word.to_owned()));
        }
        if !self.options.operation.is_stop() {
            return Ok(None);
        }
        Ok(self.find(word)?.map(|record| record.name))
    }

    pub(in crate::cli::jail) fn subject(&self, name: &str) -> Result<Subject, String> {
        if self.dependencies.contains_key(name) {
            return self.configured(name);
        }
        // It runs, and is in no file.
        let mut parameters = Set::default();
        match name.parse() {
            Ok(jid) => parameters.put(param::JID, jid),
            Err(_) => parameters.put(param::NAME, name.into()),
        }
        Ok(Subject { jail: Jail { configured: Some(name.into()), parameters }, given: None })
    }

    /// The configured jail `name`. To stop one, parameters of the prison need not be right: it runs.
    pub(in crate::cli::jail) fn configured(&self, name: &str) -> Result<Subject, String> {
        let config = self.config.as_ref().ok_or_else(|| format!("\"{name}\" not found"))?;
        let mut given =
            config.expand(name.as_bytes()).map_err(|faults| report::lines("jail", &faults.0))?;
        let imported = Set::import(&given).or_else(|errors| {
            let matters = |error: &jailparam::Error| {
                let found = jailparam::find(&error.parameter);
                found.is_some_and(|found| found.parameter.role == Role::Pseudo)
            };
            if !self.options.operation.is_stop() || errors.iter().any(matters) {
                return Err(errors);
            }
            let wrong = |name: &[u8]| errors.iter().any(|error| error.parameter.as_bytes() == name);
            given.parameters.retain(|parameter| !wrong(&parameter.name));
            Set::import(&given)
        });
        let parameters = imported.map_err(|errors| report::lines("jail", &errors))?;
        let path = parameters.text(param::PATH).unwrap_or_default();
        if !path.is_empty() && !path.starts_with(b"/") && !self.options.operation.is_stop() {
            let path = String::from_utf8_lossy(&path);
            return Err(format!("{name}: path {path}: not an absolute pathname"));
        }
        Ok(Subject { jail: Jail { configured: Some(name.into()), parameters }, given: Some(given) })
    }

    pub(super) fn registry(&self) -> Result<Rc<Registry>, String> {
        self.registry.clone().ok_or_else(|| prison::Error::NotRoot.to_string())
    }

    /// The prisons that live.
    pub(super) fn prisons(&self) -> Result<Vec<Record>, String> {
        let Some(registry) = &self.registry else { return Ok(Vec::new()) };
        registry.prisons().map_err(|error| error.to_string())
    }

    pub(super) fn find(&self, jid_or_name: &str) -> Result<Option<Record>, String> {
        let Some(registry) = &self.registry else { return Ok(None) };
        registry.find(jid_or_name).map_err(|error| error.to_string())
    }

    pub(in crate::cli::jail) fn running(&self, jail: &Jail) -> Result<Option<Prison>, String> {
        let Some(key) = jail.key() else { return Ok(None) };
        Ok(self.find(&key)?.and_then(Prison::open))
    }
}
