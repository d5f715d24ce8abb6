//! The jails that have failed in this run, and the messages that were given.

use super::configured::Configured;
use crate::depend::{DependError, Order};
use crate::jail::Jail;
use crate::refusal::Refusal;
use crate::report::Fault;
use crate::voice::{Notice, Voice};
use jailparam::param;
use std::collections::BTreeSet;

/// The failures of a run so far.
pub(crate) struct Ledger<'v> {
    pub(crate) voice: &'v dyn Voice,
    /// Whether jails are to be stopped: `-q` then hides refusals.
    hides_refusals: bool,
    failed: BTreeSet<String>,
    /// Messages that were given: each is given once, as several jails may wait for the same
    /// undefined one.
    said: BTreeSet<String>,
}

impl<'v> Ledger<'v> {
    pub(crate) fn new(voice: &'v dyn Voice, hides_refusals: bool) -> Self {
        Self { voice, hides_refusals, failed: BTreeSet::new(), said: BTreeSet::new() }
    }

    /// Gives a message, unless it was given before.
    pub(crate) fn tell(&mut self, notice: &Notice<'_>) {
        if self.said.insert(notice.to_string()) {
            self.voice.tell(notice);
        }
    }

    /// Reports a refusal that fails no jail.
    pub(crate) fn say(&mut self, refusal: &Refusal) {
        self.tell(&Notice::Refused { refusal, of_a_stop: false });
    }

    /// Notes that the jail has failed, and reports the reason.
    pub(crate) fn fail(&mut self, name: &str, refusal: &Refusal) {
        self.fail_silently(name);
        self.say(refusal);
    }

    /// Notes that what was asked cannot be done with the jail, and reports the reason.
    pub(crate) fn refuse(&mut self, name: &str, refusal: &Refusal) {
        self.fail_silently(name);
        self.tell(&Notice::Refused { refusal, of_a_stop: self.hides_refusals });
    }

    /// Notes that the jail has failed for a reason that was reported.
    pub(crate) fn fail_silently(&mut self, name: &str) {
        self.failed.insert(name.to_owned());
    }

    /// Warns of `allow.dying`, if it is given.
    pub(crate) fn note_what_is_deprecated(&mut self, jail: &Jail) {
        if jail.parameters.given(&param::ALLOW_DYING).is_some() {
            self.tell(&Notice::DyingIsDeprecated);
        }
    }

    /// Lets the jails fail that cannot be put in order, and reports why.
    pub(crate) fn fail_unordered(&mut self, order: &Order, configured: &Configured) {
        for (name, error) in &order.failed {
            if self.has_failed(name) {
                continue;
            }
            let of_line = |given: &jailconf::Parameter| param::DEPEND.is_called(&given.name);
            let given = configured.given(error.jail());
            let place =
                given.as_ref().and_then(|jail| jail.parameters.iter().find(|it| of_line(it)));
            let refusal = match place {
                Some(given) => {
                    Refusal::faults([Fault::new(error.to_string(), given.place.clone())])
                }
                None => Refusal::Depend(error.clone()),
            };
            self.fail(name, &refusal);
            if let DependError::Loop(circle) = error {
                // One report names the whole circle: the other jails of it fail without one.
                self.failed.extend(circle.iter().cloned());
            }
        }
    }

    /// Decides whether a jail is left out: it failed before, or is `blocked` by a jail that did.
    /// Only a jail that was `asked` for is reported as skipped.
    pub(crate) fn skips(&mut self, name: &str, blocked: bool, asked: bool) -> bool {
        if self.has_failed(name) {
            return true;
        }
        if blocked {
            self.fail_silently(name);
            if asked {
                self.tell(&Notice::Skipped(name));
            }
        }
        blocked
    }

    pub(crate) fn has_failed(&self, name: &str) -> bool {
        self.failed.contains(name)
    }

    /// The jails that have failed, in the order of their names.
    pub(crate) fn failed(&self) -> impl Iterator<Item = &str> {
        self.failed.iter().map(String::as_str)
    }

    /// Whether nothing has failed.
    pub(crate) fn is_well(&self) -> bool {
        self.failed.is_empty()
    }
}
