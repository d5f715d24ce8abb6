//! What a run knows when it decides: what is asked, what is configured, which prisons exist, what
//! the machine is like.

use super::configured::{Configured, Subject};
use super::decided::Turn;
use super::request::{Request, Target};
use crate::jail::Jail;
use crate::refusal::Refusal;
use configuration::Host;
use prison::{Prison, Record, Registry};
use std::rc::Rc;

/// The prisons of this machine.
pub trait Prisons {
    /// All prisons that live.
    ///
    /// # Errors
    /// The prisons cannot be found out.
    fn all(&self) -> Result<Vec<Record>, prison::Error>;

    /// The prison that has this jid or name.
    ///
    /// # Errors
    /// The prison cannot be found out.
    fn find(&self, jid_or_name: &str) -> Result<Option<Record>, prison::Error>;

    /// What [`Prisons::all`] has come upon that may be a living prison, and cannot be found.
    fn broken(&self) -> Vec<prison::Error>;

    /// The prisons that [`Prisons::all`] or [`Prisons::find`] has just left out because they have
    /// ended, and that nobody has cleared yet.
    fn ended(&self) -> Vec<Record>;
}

impl Prisons for Registry {
    fn all(&self) -> Result<Vec<Record>, prison::Error> {
        self.prisons()
    }

    fn find(&self, jid_or_name: &str) -> Result<Option<Record>, prison::Error> {
        Self::find(self, jid_or_name)
    }

    fn broken(&self) -> Vec<prison::Error> {
        Self::broken(self)
    }

    fn ended(&self) -> Vec<Record> {
        Self::ended(self)
    }
}

/// What a run knows.
#[derive(Clone)]
pub(crate) struct Facts<'a> {
    pub(crate) request: Request,
    pub(crate) configured: Rc<Configured>,
    /// `None` for a user who is not root, and can only plan.
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

    /// Of what [`Facts::all`] leaves out although it may live: why it cannot be found.
    pub(crate) fn broken(&self) -> Vec<Refusal> {
        let broken = self.prisons.map(Prisons::broken).unwrap_or_default();
        broken.into_iter().map(Refusal::from).collect()
    }

    /// Of what [`Facts::all`] or [`Facts::find`] has just left out: the prisons that have ended,
    /// and that nobody has cleaned up after.
    pub(crate) fn ended(&self) -> Vec<Record> {
        self.prisons.map(Prisons::ended).unwrap_or_default()
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

    /// Whether the removal of a jail is reported by its name: not if it is the only one that was
    /// asked for, nor if it starts again. FreeBSD's note_remove.
    pub(crate) fn names_removals(&self) -> bool {
        let Target::Named(names) = &self.request.target else { return false };
        let is_wild = |name: &String| jailconf::is_wildcard(name.as_bytes());
        let several = names.len() > 1 || names.iter().any(is_wild);
        self.request.only_stops() && (self.configured.is_there() || several)
    }

    /// Opens the prison of `jail`, if there is one now.
    pub(crate) fn open(&self, jail: &Jail) -> Result<Option<Prison>, Refusal> {
        Ok(self.prison_of(jail)?.and_then(Prison::open))
    }
}
