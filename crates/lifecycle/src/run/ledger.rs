//! Which jails something went wrong with, and what has been said in this run.

use crate::depend::{DependError, Order};
use crate::jail::Jail;
use crate::refusal::Refusal;
use crate::voice::{Notice, Voice};
use jailparam::param;
use std::collections::BTreeSet;

/// The faults of a run so far.
pub(crate) struct Ledger<'v> {
    pub(crate) voice: &'v dyn Voice,
    /// Refusals are of a stop, which `-q` hides.
    hides_refusals: bool,
    failed: BTreeSet<String>,
    /// Lines that have been said: several jails may wait for the same undefined one.
    said: BTreeSet<String>,
}

impl<'v> Ledger<'v> {
    pub(crate) fn new(voice: &'v dyn Voice, hides_refusals: bool) -> Self {
        Self { voice, hides_refusals, failed: BTreeSet::new(), said: BTreeSet::new() }
    }

    /// Says something, once.
    pub(crate) fn tell(&mut self, notice: &Notice<'_>) {
        if self.said.insert(notice.to_string()) {
            self.voice.tell(notice);
        }
    }

    /// Says what is refused, and goes on.
    pub(crate) fn say(&mut self, refusal: &Refusal) {
        self.tell(&Notice::Refused { refusal, of_a_stop: false });
    }

    /// The jail has failed, for this reason.
    pub(crate) fn fail(&mut self, name: &str, refusal: &Refusal) {
        self.fail_silently(name);
        self.say(refusal);
    }

    /// What was to be done with the jail cannot be decided, for this reason.
    pub(crate) fn refuse(&mut self, name: &str, refusal: &Refusal) {
        self.fail_silently(name);
        self.tell(&Notice::Refused { refusal, of_a_stop: self.hides_refusals });
    }

    /// The jail has failed, and the reason has been said.
    pub(crate) fn fail_silently(&mut self, name: &str) {
        self.failed.insert(name.to_owned());
    }

    /// Says that `allow.dying` is given, if it is.
    pub(crate) fn note_what_is_deprecated(&mut self, jail: &Jail) {
        if jail.parameters.given(&param::ALLOW_DYING).is_some() {
            self.tell(&Notice::DyingIsDeprecated);
        }
    }

    /// Jails that cannot be ordered fail.
    pub(crate) fn fail_unordered(&mut self, order: &Order) {
        for (name, error) in &order.failed {
            if self.has_failed(name) {
                continue;
            }
            self.fail(name, &Refusal::Depend(error.clone()));
            if let DependError::Loop(circle) = error {
                // Reported once for all that are in it.
                self.failed.extend(circle.iter().cloned());
            }
        }
    }

    /// Whether a jail is left out: it failed before, or is `blocked` by one that did.
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

    /// All jails that have failed, by name.
    pub(crate) fn failed(&self) -> impl Iterator<Item = &str> {
        self.failed.iter().map(String::as_str)
    }

    /// Whether nothing has failed.
    pub(crate) fn is_well(&self) -> bool {
        self.failed.is_empty()
    }
}
