//! One run of jail(8): it finds the jails that are meant, decides what happens to each, in which
//! order, and what is refused, and carries that out.
//!
//! A [`Run`] knows what is asked, what is configured, which prisons exist and what the machine is
//! like. [`Run::meant`] finds the jails, and [`Run::decide`] makes a value of what happens to them,
//! [`Decided`]. The value is shown by [`Run::plan`] or carried out by [`Run::carry_out`]. When a
//! jail fails, the jails that wait for it fail too, and no others. Every message is given to a
//! [`Voice`].

mod change;
mod check;
mod configured;
mod decide;
mod decided;
mod facts;
mod ledger;
mod machine;
mod name;
mod one;
mod planned;
mod rehearsal;
mod request;
pub mod sources;
mod together;
mod which;

pub use change::mounts_that_differ;
pub use configured::{Configured, Subject};
pub use decided::Decided;
pub use facts::Prisons;
pub use machine::{Machine, accounts, rulesets, rulesets_of};
pub use planned::{Foreseen, Given, Outcome, Planned, Verdict};
pub use request::{Operation, Request, Target};
pub use sources::Sources;
pub use which::{Meant, Named};

use crate::refusal::Refusal;
use crate::surroundings::{Programs, Surroundings};
use crate::system::Ground;
use crate::voice::{Notice, Voice};
use configuration::Host;
use facts::Facts;
use ledger::Ledger;
use prison::Registry;
use std::rc::Rc;
use together::{Row, Task, together};

/// One run of jail(8).
pub struct Run<'a> {
    facts: Facts<'a>,
    ledger: Ledger<'a>,
}

impl<'a> Run<'a> {
    /// Makes a run that does what `request` asks to jails of `configured`. Only root may see the
    /// `prisons`: without them the run can be planned, and not carried out.
    pub fn new(
        request: Request,
        configured: Rc<Configured>,
        prisons: Option<&'a dyn Prisons>,
        machine: &'a dyn Host,
        voice: &'a dyn Voice,
    ) -> Self {
        let mut ledger = Ledger::new(voice, request.hides_refusals());
        configured.faults.iter().for_each(|refusal| ledger.say(refusal));
        if prisons.is_none() {
            ledger.tell(&Notice::RunningUnknown);
        }
        if request.dying {
            ledger.tell(&Notice::DyingIsDeprecated);
        }
        Self { facts: Facts { request, configured, prisons, machine }, ledger }
    }

    /// Finds the jails that are meant.
    ///
    /// # Errors
    /// There is no such jail.
    pub fn meant(&mut self) -> Result<Meant, Refusal> {
        which::meant(&self.facts, &mut self.ledger)
    }

    /// Decides what happens to these jails.
    ///
    /// # Errors
    /// Why nothing at all can be done.
    pub fn decide(&mut self, meant: Meant) -> Result<Decided, Refusal> {
        decide::decide(&self.facts, &mut self.ledger, meant)
    }

    /// Refuses the jails that are to stop and start again, and could not start: what their starts
    /// need is looked for on this machine.
    pub fn rehearse(&mut self, decided: Decided) -> Decided {
        rehearsal::rehearsed(&self.facts, &mut self.ledger, decided)
    }

    /// Lists what would be done, step by step. `programs` are kletka's own, as jails would see
    /// them.
    pub fn plan(&mut self, decided: Decided, programs: Option<&Programs>) -> Vec<Planned> {
        planned::plan(&self.facts, &mut self.ledger, decided, programs)
    }

    /// Carries out what was decided: first the stops, then changes, then starts.
    pub fn carry_out(
        &mut self,
        decided: Decided,
        registry: &Registry,
        surroundings: &Surroundings,
    ) {
        carry_out_together(vec![Errand { run: self, decided, surroundings }], registry);
    }

    /// Whether nothing has failed so far.
    pub fn is_well(&self) -> bool {
        self.ledger.is_well()
    }
}

/// A run that is to be carried out with others.
pub struct Errand<'r, 'a> {
    /// The run.
    pub run: &'r mut Run<'a>,
    /// What the run has decided.
    pub decided: Decided,
    /// What the commands of the run inherit.
    pub surroundings: &'r Surroundings,
}

/// Carries out several runs. Stops and changes are done for one run after the other, the starts of
/// all at the same time.
pub fn carry_out_together(errands: Vec<Errand<'_, '_>>, registry: &Registry) {
    let mut starts = Vec::new();
    for Errand { run, decided, surroundings } in errands {
        let Run { facts, ledger } = run;
        let ground =
            Ground { registry, surroundings, voice: ledger.voice, configured: &facts.configured };
        together(vec![Row::new(facts, ledger, ground, Task::Stop, decided.stops)]);
        // A start does the same when it takes its jid.
        if facts.request.only_clears()
            && let Err(error) = registry.clear_dead()
        {
            ledger.fail("", &Refusal::from(error));
        }
        for turn in decided.changes {
            let changed = facts
                .subject_of(&turn)
                .and_then(|subject| change::change(facts, ledger, registry, &subject));
            if let Err(refusal) = changed {
                ledger.fail(&turn.name, &refusal);
            }
        }
        // Begun below, with those of the other runs: a start may take its time.
        starts.push(Row::new(facts, ledger, ground, Task::Start, decided.starts));
    }
    together(starts);
}
