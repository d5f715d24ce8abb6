//! Which jails the words of a command line mean: FreeBSD's `start_state()`.

use super::configured::Subject;
use super::facts::Facts;
use super::ledger::Ledger;
use super::request::Target;
use crate::jail::Jail;
use crate::refusal::Refusal;
use jailparam::{Set, Value, param};
use std::ffi::OsStr;
use std::os::unix::ffi::{OsStrExt, OsStringExt};

/// The jails that are meant.
#[derive(Debug)]
pub enum Meant {
    /// The one that the command line describes.
    Described(Box<Subject>),
    /// These, in order.
    Named(Vec<Named>),
}

/// A jail that is meant by its name.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Named {
    pub(crate) name: String,
    /// By a pattern, or as one of all: that nothing is to be done with it is no fault.
    pub(crate) wild: bool,
}

/// The jails that the request means. Names that mean none fail in `ledger` when jails are only
/// stopped: others that are named stop all the same.
///
/// # Errors
/// There is no such jail, or the described one cannot be.
pub(crate) fn meant(facts: &Facts<'_>, ledger: &mut Ledger<'_>) -> Result<Meant, Refusal> {
    match &facts.request.target {
        Target::Described(words) => described(facts, words).map(Box::new).map(Meant::Described),
        Target::Named(words) => named(facts, ledger, words).map(Meant::Named),
    }
}

/// The jail that the command line describes.
fn described(facts: &Facts<'_>, words: &[Vec<u8>]) -> Result<Subject, Refusal> {
    let given = jailconf::Jail::from_words(words)?;
    // Messages call a jail by the name that a file gives it, and this one by none.
    let nameless = jailconf::Jail { name: Vec::new(), ..given.clone() };
    let mut parameters = Set::import(&nameless)?;
    if let Some(Value::Text(path)) = parameters.given(&param::PATH)
        && !path.is_empty()
    {
        // On the command line it may be relative; the jail keeps where that was.
        let path = std::path::absolute(OsStr::from_bytes(path));
        let path = path.map_err(Refusal::CurrentDirectory)?;
        parameters.put(param::PATH, path.into_os_string().into_vec());
    }
    let jail = Jail { configured: None, parameters };
    for name in jail.depends() {
        if facts.find(&name)?.is_none() {
            return Err(Refusal::NoDependency(name));
        }
    }
    Ok(Subject { jail, given: Some(given) })
}

/// The jails that these words mean, each once.
fn named(
    facts: &Facts<'_>,
    ledger: &mut Ledger<'_>,
    words: &[String],
) -> Result<Vec<Named>, Refusal> {
    let everything = [String::from("*")];
    let mut meant: Vec<Named> = Vec::new();
    for word in if words.is_empty() { &everything } else { words } {
        let wild = jailconf::is_wildcard(word.as_bytes());
        let names = if wild { matching(facts, word)? } else { resolve(facts, word)? };
        if names.is_empty() && !wild {
            let refusal = Refusal::NotFound(word.clone());
            if !facts.request.only_stops() {
                return Err(refusal);
            }
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

/// The jails that match a pattern: those that are configured, or with `-R` those that run.
fn matching(facts: &Facts<'_>, pattern: &str) -> Result<Vec<String>, Refusal> {
    let matches = |name: &String| jailconf::wildcard_matches(pattern.as_bytes(), name.as_bytes());
    if facts.request.by_force {
        let names = facts.all()?.into_iter().map(|record| record.name);
        return Ok(names.filter(matches).collect());
    }
    Ok(facts.configured.names().filter(matches).collect())
}

/// The configured jail of this name, or to be stopped, one that runs and has this name or number.
/// None is no jail.
fn resolve(facts: &Facts<'_>, word: &str) -> Result<Vec<String>, Refusal> {
    if facts.configured.has(word) {
        return Ok(vec![word.to_owned()]);
    }
    if !facts.request.only_stops() {
        return Ok(Vec::new());
    }
    Ok(facts.find(word)?.map(|record| record.name).into_iter().collect())
}
