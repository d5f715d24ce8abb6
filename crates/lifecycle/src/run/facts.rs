//! What a run knows as it decides: what is asked, what is configured, which prisons there are, what
//! the machine is like.

use super::configured::{Configured, Subject};
use super::decided::Turn;
use super::request::{Request, Target};
use crate::jail::Jail;
use crate::refusal::Refusal;
use configuration::Host;
use prison::{Prison, Record, Registry};
use std::rc::Rc;

/// Which prisons there are.
pub trait Prisons {
    /// All that live.
    ///
    /// # Errors
    /// They cannot be found out.
    fn all(&self) -> Result<Vec<Record>, prison::Error>;

    /// The one that has this jid or name.
    ///
    /// # Errors
    /// It cannot be found out.
    fn find(&self, jid_or_name: &str) -> Result<Option<Record>, prison::Error>;
}

impl Prisons for Registry {
    fn all(&self) -> Result<Vec<Record>, prison::Error> {
        self.prisons()
    }

    fn find(&self, jid_or_name: &str) -> Result<Option<Record>, prison::Error> {
        Self::find(self, jid_or_name)
    }
}

/// What a run knows.
#[derive(Clone)]
pub(crate) struct Facts<'a> {
    pub(crate) request: Request,
    pub(crate) configured: Rc<Configured>,
    /// `None` for who is not root, and only wants a plan.
    pub(crate) prisons: Option<&'a dyn Prisons>,
    pub(crate) machine: &'a dyn Host,
}

impl Facts<'_> {
    /// Whether it is known which jails run.
    pub(crate) fn knows_prisons(&self) -> bool {
        self.prisons.is_some()
    }

    /// The prisons that live, as far as that is known.
    pub(crate) fn all(&self) -> Result<Vec<Record>, Refusal> {
        Ok(self.prisons.map_or(Ok(Vec::new()), Prisons::all)?)
    }

    /// The prison that has this jid or name.
    pub(crate) fn find(&self, jid_or_name: &str) -> Result<Option<Record>, Refusal> {
        Ok(self.prisons.map_or(Ok(None), |prisons| prisons.find(jid_or_name))?)
    }

    /// The prison of `jail`, if there is one now.
    pub(crate) fn prison_of(&self, jail: &Jail) -> Result<Option<Record>, Refusal> {
        jail.key().map_or(Ok(None), |key| self.find(&key))
    }

    /// The jail of a turn.
    pub(crate) fn subject_of(&self, turn: &Turn) -> Result<Subject, Refusal> {
        turn.subject.clone().map_or_else(|| self.configured.subject(&turn.name), Ok)
    }

    /// Whether a jail that goes is named: not the only one that was asked for, nor one that is to
    /// come again.
    pub(crate) fn names_removals(&self) -> bool {
        let Target::Named(names) = &self.request.target else { return false };
        let is_wild = |name: &String| jailconf::is_wildcard(name.as_bytes());
        let several = names.len() > 1 || names.iter().any(is_wild);
        self.request.only_stops() && (self.configured.is_there() || several)
    }

    /// The same, to do something with it.
    pub(crate) fn open(&self, jail: &Jail) -> Result<Option<Prison>, Refusal> {
        Ok(self.prison_of(jail)?.and_then(Prison::open))
    }
}
