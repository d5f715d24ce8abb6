//! Walking a plan. A start that fails walks back from where it stood: what runs is ended, the
//! prison is removed, and the hooks that follow a removal run, so that nothing of the jail stays.
//!
//! FreeBSD stops at the removal; here exec.poststop and exec.release follow it, as they do in
//! `jail -C`, because an interface that exec.prepare made is otherwise in the next start's way.
//! They undo what this start has made, and nothing else: when its very first step fails, nothing
//! was made, and what those hooks would take away is somebody else's. A copied section whose
//! exec.prepare finds the interface taken leaves it to the jail that runs. A command that says that
//! it failed is taken at its word; one that was killed could not say what it had made by then.
//!
//! A step that takes its time is waited for by whoever has all the [`Walk`]s of a run:
//! [`crate::schedule`].

use crate::error::Error;
use crate::plan::Step;
use std::collections::VecDeque;
use std::os::fd::BorrowedFd;
use std::time::Instant;

/// How far a step is.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Progress {
    /// It is done.
    Done,
    /// Something has to happen first, at most until then.
    Waits(Option<Instant>),
}

/// What carries the steps of one jail out.
pub trait Host {
    /// Begins to carry a step out, the `last` one or not.
    ///
    /// # Errors
    /// Why it failed.
    fn begin(&mut self, step: &Step, last: bool) -> Result<Progress, Error>;

    /// Goes on with the step that waits: for what it does has happened, or else, its time is
    /// `over`.
    ///
    /// # Errors
    /// Why the step failed.
    fn proceed(&mut self, over: bool) -> Result<Progress, Error>;

    /// What the step waits for: any of these to become readable.
    fn watched(&self) -> Vec<BorrowedFd<'_>>;

    /// Ends a start: a jail without `persist` now lives as long as its processes.
    ///
    /// # Errors
    /// Why the jail's end could not be recorded.
    fn settle(&mut self) -> Result<(), Error>;

    /// Shows what went wrong while the jail was being stopped or cleaned up after, which goes on.
    fn complain(&mut self, error: &Error);
}

/// What a failure means where a walk is.
#[derive(Debug)]
enum Stage {
    /// A jail starts: the failure ends the start, and `made` is to be undone, at last by the hooks
    /// `clean`.
    Start { made: Made, clean: Vec<Step> },
    /// A jail stops, and still runs: it ends the stop, and the jail goes on.
    Stop,
    /// The jail is removed, or about to be: the rest follows all the same.
    After,
}

/// What a start has made so far.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
enum Made {
    /// Nothing: no step has come to its end.
    Nothing,
    /// What its hooks make on the host.
    OnHost,
    /// The prison too.
    Prison,
}

/// A plan on its way, for one jail.
#[derive(Debug)]
pub struct Walk<H> {
    host: H,
    steps: VecDeque<Step>,
    stage: Stage,
    /// The time by which the step under way has to end, if it has to; `None` while no step is under
    /// way.
    waits: Option<Option<Instant>>,
    /// The step under way, and since when.
    step: Option<(Step, Instant)>,
    /// The first failure.
    failure: Option<Error>,
}

impl<H: Host> Walk<H> {
    /// A start by `plan`. After a failure the prison is removed if it was created, and the hooks of
    /// `clean` run if any step had been carried out.
    pub fn start(host: H, plan: Vec<Step>, clean: Vec<Step>) -> Self {
        Self::new(host, plan, Stage::Start { made: Made::Nothing, clean })
    }

    /// A stop by `plan`. A failure before the prison's removal ends it there and leaves the jail
    /// running, as on FreeBSD: its administrator may want to look. The hooks after the removal all
    /// run.
    pub fn stop(host: H, plan: Vec<Step>) -> Self {
        let removes = plan.iter().any(|step| matches!(step, Step::Remove));
        Self::new(host, plan, if removes { Stage::Stop } else { Stage::After })
    }

    fn new(host: H, plan: Vec<Step>, stage: Stage) -> Self {
        Self { host, steps: plan.into(), stage, waits: None, step: None, failure: None }
    }

    /// Walks on until something has to be waited for; false at the end. `over`: the step under way
    /// has run out of time.
    pub fn go_on(&mut self, over: bool) -> bool {
        if self.waits.take().is_some() {
            let answer = self.host.proceed(over);
            self.note(answer);
        }
        while self.waits.is_none() {
            let Some(step) = self.steps.pop_front() else { return self.end() };
            if let (Stage::Stop, Step::Remove) = (&self.stage, &step) {
                self.stage = Stage::After;
            }
            let answer = self.host.begin(&step, self.steps.is_empty());
            self.step = Some((step, Instant::now()));
            self.note(answer);
        }
        true
    }

    fn note(&mut self, answer: Result<Progress, Error>) {
        match answer {
            Ok(Progress::Done) => {
                if let (Stage::Start { made, .. }, Some((step, _))) = (&mut self.stage, &self.step)
                {
                    *made = (*made).max(made_by(step));
                }
            }
            Ok(Progress::Waits(until)) => self.waits = Some(until),
            Err(failure) => self.fail(failure),
        }
    }

    fn fail(&mut self, failure: Error) {
        self.host.complain(&failure);
        let was_killed = matches!(failure, Error::Signaled(..) | Error::TimedOut(_));
        self.failure.get_or_insert(failure);
        match std::mem::replace(&mut self.stage, Stage::After) {
            Stage::Start { made: Made::Nothing, .. } if !was_killed => self.steps.clear(),
            Stage::Start { made, clean } => {
                let removal = (made == Made::Prison).then_some(Step::Remove);
                self.steps = removal.into_iter().chain(clean).collect();
            }
            Stage::Stop => self.steps.clear(),
            Stage::After => {}
        }
    }

    fn end(&mut self) -> bool {
        if let Stage::Start { .. } = self.stage {
            self.stage = Stage::After;
            if let Err(failure) = self.host.settle() {
                self.host.complain(&failure);
                self.failure = Some(failure);
            }
        }
        false
    }

    /// What it waits for, and until when.
    pub fn waits(&self) -> (Vec<BorrowedFd<'_>>, Option<Instant>) {
        (self.host.watched(), self.waits.flatten())
    }

    /// The step under way, and since when.
    pub fn step(&self) -> Option<&(Step, Instant)> {
        self.step.as_ref()
    }

    /// Whether all steps so far were carried out.
    pub fn is_well(&self) -> bool {
        self.failure.is_none()
    }

    /// Who carries it out.
    pub fn host(&self) -> &H {
        &self.host
    }
}

/// What there is once `step` has come to its end.
fn made_by(step: &Step) -> Made {
    match step {
        Step::Hook(..) => Made::OnHost,
        Step::Create(_) => Made::Prison,
        // These follow the creation, and what they make goes with the prison.
        Step::Interface(_) | Step::Inside(..) | Step::Terminate(_) | Step::Remove => Made::Nothing,
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::plan::{CLEAN, START, STOP, plan};
    use crate::{Inside, Jail};
    use std::path::Path;

    /// A host on paper: notes the steps, and fails at one of them, at once or after a while.
    #[derive(Debug)]
    struct Paper {
        done: Vec<String>,
        fails_at: &'static str,
        failure: fn(String) -> Error,
        waits: bool,
    }

    fn name(step: &Step) -> String {
        match step {
            Step::Hook(_, command) | Step::Inside(_, command) => command.to_string(),
            Step::Create(_) => "create".into(),
            Step::Interface(name) => format!("interface {name}"),
            Step::Terminate(_) => "terminate".into(),
            Step::Remove => "remove".into(),
        }
    }

    impl Host for Paper {
        fn begin(&mut self, step: &Step, _: bool) -> Result<Progress, Error> {
            self.done.push(name(step));
            if self.waits { Ok(Progress::Waits(None)) } else { self.proceed(false) }
        }

        fn proceed(&mut self, _: bool) -> Result<Progress, Error> {
            let name = self.done.last().cloned().unwrap_or_default();
            if name == self.fails_at { Err((self.failure)(name)) } else { Ok(Progress::Done) }
        }

        fn watched(&self) -> Vec<BorrowedFd<'_>> {
            Vec::new()
        }

        fn settle(&mut self) -> Result<(), Error> {
            self.done.push("settle".into());
            Ok(())
        }

        fn complain(&mut self, error: &Error) {
            self.done.push(format!("({error})"));
        }
    }

    const JAIL: &str = "web { path = /; vnet; vnet.interface = e0b; \
        exec.prepare = prepare; exec.prestart = prestart; exec.created = created; \
        exec.start = start1, start2; command = command; exec.poststart = poststart; \
        exec.prestop = prestop; exec.stop = stop; exec.poststop = poststop; exec.release = release; }";

    fn jail(text: &str, name: &str) -> Jail {
        let config = jailconf::Config::parse(Path::new("jail.conf"), text.as_bytes()).unwrap();
        let parameters = jailparam::Set::import(&config.expand(name.as_bytes()).unwrap()).unwrap();
        Jail { configured: Some(name.into()), parameters }
    }

    /// What a walk does, in order, whether its steps take their time or not.
    fn walked(fails_at: &'static str, walk: impl Fn(Paper) -> Walk<Paper>) -> String {
        walked_to(Error::Failed, fails_at, walk)
    }

    /// The same with another failure.
    fn walked_to(
        failure: fn(String) -> Error,
        fails_at: &'static str,
        walk: impl Fn(Paper) -> Walk<Paper>,
    ) -> String {
        let [at_once, later] = [false, true].map(|waits| {
            let mut walk = walk(Paper { done: Vec::new(), fails_at, failure, waits });
            while walk.go_on(false) {}
            assert_eq!(walk.is_well(), fails_at.is_empty());
            walk.host().done.join(" ")
        });
        assert_eq!(at_once, later);
        at_once
    }

    #[test]
    #[rustfmt::skip]
    fn starts() {
        let jail = jail(JAIL, "web");
        // jail(8)'s order; then a failure at each step.
        for (fails_at, want) in [
            ("", "prepare prestart create created interface e0b start1 start2 command poststart settle"),
            // Nothing was made, so nothing is undone.
            ("prepare", "prepare (prepare: failed)"),
            ("prestart", "prepare prestart (prestart: failed) poststop release"),
            ("create", "prepare prestart create (create: failed) poststop release"),
            ("created", "prepare prestart create created (created: failed) remove poststop release"),
            ("interface e0b", "prepare prestart create created interface e0b (interface e0b: failed) remove poststop release"),
            ("start2", "prepare prestart create created interface e0b start1 start2 (start2: failed) remove poststop release"),
            ("poststart", "prepare prestart create created interface e0b start1 start2 command poststart (poststart: failed) remove poststop release"),
        ] {
            let [steps, clean] = [&START[..], &CLEAN[..]].map(|table| plan(table, &jail, None).unwrap());
            let got = walked(fails_at, |paper| Walk::start(paper, steps.clone(), clean.clone()));
            assert_eq!(got, want, "failure at {fails_at:?}");
        }
    }

    #[test]
    #[rustfmt::skip]
    fn stops() {
        let jail = jail(JAIL, "web");
        for (fails_at, want) in [
            ("", "prestop stop terminate remove poststop release"),
            ("stop", "prestop stop (stop: failed)"),
            ("terminate", "prestop stop terminate (terminate: failed)"),
            ("remove", "prestop stop terminate remove (remove: failed) poststop release"),
            ("poststop", "prestop stop terminate remove poststop (poststop: failed) release"),
        ] {
            let steps = plan(&STOP, &jail, None).unwrap();
            let got = walked(fails_at, |paper| Walk::stop(paper, steps.clone()));
            assert_eq!(got, want, "failure at {fails_at:?}");
        }
    }

    #[test]
    fn what_a_killed_hook_may_have_made_is_undone() {
        let jail = jail(JAIL, "web");
        let [steps, clean] =
            [&START[..], &CLEAN[..]].map(|table| plan(table, &jail, None).unwrap());
        for failure in [Error::TimedOut, |line| Error::Signaled(line, 9)] {
            let start = |paper| Walk::start(paper, steps.clone(), clean.clone());
            let got = walked_to(failure, "prepare", start);
            assert!(got.ends_with(") poststop release"), "{got}");
        }
    }

    #[test]
    fn a_start_undoes_what_it_has_made_alone() {
        let jail = jail(
            "a { path = /; command = x; exec.poststop = poststop; exec.release = release; }",
            "a",
        );
        let steps = plan(&START, &jail, None).unwrap();
        assert!(matches!(steps[1], Step::Inside(Inside::Command, _)));
        let clean = plan(&CLEAN, &jail, None).unwrap();
        assert_eq!(clean.len(), 2);
        for (fails_at, want) in [
            ("create", "create (create: failed)"),
            ("x", "create x (x: failed) remove poststop release"),
        ] {
            let got = walked(fails_at, |paper| Walk::start(paper, steps.clone(), clean.clone()));
            assert_eq!(got, want);
        }
    }
}
