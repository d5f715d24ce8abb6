//! Finds the jails that the words of a command line mean: FreeBSD's `start_state()`.

use super::configured::Subject;
use super::facts::Facts;
use super::ledger::Ledger;
use super::request::Target;
use crate::devices::number_the_ruleset;
use crate::jail::Jail;
use crate::refusal::Refusal;
use jailparam::{Set, Value, param};
use std::ffi::OsStr;
use std::os::unix::ffi::{OsStrExt, OsStringExt};
use std::sync::Arc;

/// The jails that are meant.
#[derive(Debug)]
pub enum Meant {
    /// The jail that the command line describes.
    Described(Box<Subject>),
    /// Jails by their names, in order.
    Named(Vec<Named>),
}

/// A jail that is meant by its name.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Named {
    pub(crate) name: String,
    /// Whether a pattern means the jail, or the jail is one of all: then it is no fault if nothing
    /// is to be done.
    pub(crate) wild: bool,
}

/// Finds the jails that the request means. If jails are only stopped, a name that means none fails
/// in `ledger`, and the others stop all the same.
///
/// # Errors
/// There is no such jail, or the one that is described is at fault.
pub(crate) fn meant(facts: &Facts<'_>, ledger: &mut Ledger<'_>) -> Result<Meant, Refusal> {
    match &facts.request.target {
        Target::Described(words) => described(facts, words).map(Box::new).map(Meant::Described),
        Target::Named(words) => named(facts, ledger, words).map(Meant::Named),
    }
}

/// Reads the jail that the command line describes.
fn described(facts: &Facts<'_>, words: &[Vec<u8>]) -> Result<Subject, Refusal> {
    let mut given = jailconf::Jail::from_words(words)?;
    number_the_ruleset(&mut given);
    // Messages name a jail as a file does, and this one is in no file.
    let nameless = jailconf::Jail { name: Vec::new(), ..given.clone() };
    let mut parameters = Set::import(&nameless)?;
    if let Some(Value::Text(path)) = parameters.given(&param::PATH)
        && !path.is_empty()
    {
        // Made absolute at once: later commands and hooks may have other current directories.
        let path = std::path::absolute(OsStr::from_bytes(path));
        let path = path.map_err(Refusal::CurrentDirectory)?;
        parameters.put(param::PATH, path.into_os_string().into_vec());
    }
    let jail = Jail { configured: None, parameters, given: None };
    // In a file `depend` names jails of the file, here it names jails that run: FreeBSD's
    // dep_setup().
    for name in jail.depends() {
        if facts.find(&name)?.is_none() {
            return Err(Refusal::NoDependency(name));
        }
    }
    Ok(Subject { jail, given: Some(Arc::new(given)) })
}

/// Finds the jails that these words mean, each once.
fn named(
    facts: &Facts<'_>,
    ledger: &mut Ledger<'_>,
    words: &[String],
) -> Result<Vec<Named>, Refusal> {
    let everything = [String::from("*")];
    let mut meant: Vec<Named> = Vec::new();
    for word in if words.is_empty() { &everything } else { words } {
        let wild = jailconf::is_wildcard(word.as_bytes());
        let names = if wild { matching(facts, ledger, word)? } else { resolve(facts, word)? };
        if names.is_empty() && !wild {
            if !facts.request.only_stops() {
                let meant = nearest::nearest(word, facts.configured.names());
                return Err(Refusal::NotConfigured(word.clone(), meant));
            }
            let refusal = Refusal::NotFound(word.clone());
            // As on FreeBSD, a name that is not found ends no removal of others.
            ledger.fail(word, &refusal);
        }
        for name in names {
            if meant.iter().all(|one| one.name != name) {
                meant.push(Named { name, wild });
            }
        }
    }
    Ok(meant)
}

/// The jails that match a pattern: those that are configured, or with `-R` those that run. A
/// prison that may run and cannot be found fails in `ledger`, as its name may match.
fn matching(
    facts: &Facts<'_>,
    ledger: &mut Ledger<'_>,
    pattern: &str,
) -> Result<Vec<String>, Refusal> {
    let matches = |name: &String| jailconf::wildcard_matches(pattern.as_bytes(), name.as_bytes());
    if facts.request.by_force {
        let names = facts.all()?.into_iter().map(|record| record.name).filter(matches).collect();
        facts.broken().iter().for_each(|refusal| ledger.fail(pattern, refusal));
        return Ok(names);
    }
    Ok(facts.configured.names().filter(matches).collect())
}

/// The configured jail of this name. For a stop, also a jail that runs and has this name or jid.
/// Empty if there is none.
fn resolve(facts: &Facts<'_>, word: &str) -> Result<Vec<String>, Refusal> {
    if facts.configured.has(word) {
        return Ok(vec![word.to_owned()]);
    }
    if !facts.request.only_stops() {
        return Ok(Vec::new());
    }
    Ok(facts.find(word)?.map(|record| record.name).into_iter().collect())
}
