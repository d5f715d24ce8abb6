//! Walking a plan. A start that fails is undone: commands that run are ended, the prison is
//! removed, and the hooks that follow a removal run, so that nothing of the jail stays.
//!
//! FreeBSD stops at the removal. Here exec.poststop and exec.release follow, as they do in
//! `jail -C`: an interface that exec.prepare made would otherwise be in the way of the next start.
//! These hooks undo only what this start has made. When the very first step fails, nothing was
//! made, and what the hooks would remove belongs to somebody else: a copied section, whose
//! exec.prepare finds the interface taken, leaves the interface to the jail that runs. A command
//! that reports a failure is believed; a command that was killed could not report what was made by
//! then, and is undone.
//!
//! A step that takes time is waited for by the owner of all [`Walk`]s of a run:
//! [`crate::schedule`].

use crate::error::Error;
use crate::plan::Step;
use std::collections::VecDeque;
use std::os::fd::BorrowedFd;
use std::time::Instant;

/// How far a step has come.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Progress {
    /// The step is done.
    Done,
    /// The step waits for something to happen, at most until this time.
    Waits(Option<Instant>),
}

/// The place where the steps of one jail are carried out.
pub trait Host {
    /// Begins to carry out a step. `last` says whether the plan ends with the step.
    ///
    /// # Errors
    /// Why the step failed.
    fn begin(&mut self, step: &Step, last: bool) -> Result<Progress, Error>;

    /// Goes on with the step that waits: something that it waits for has happened, or else its time
    /// is `over`.
    ///
    /// # Errors
    /// Why the step failed.
    fn proceed(&mut self, over: bool) -> Result<Progress, Error>;

    /// The descriptors that the step waits for: the step can go on when one becomes readable.
    fn watched(&self) -> Vec<BorrowedFd<'_>>;

    /// Says that all further steps undo a start that has failed.
    fn undo(&mut self);

    /// Completes a start: from now on a jail without `persist` lives as long as its processes.
    ///
    /// # Errors
    /// The jail has ended, and its end could not be recorded.
    fn settle(&mut self) -> Result<(), Error>;

    /// Reports a failure. The walk decides by itself what follows.
    fn complain(&mut self, error: &Error);

    /// Hears that the walk is at its end.
    fn finish(&mut self) {}
}

/// What a failure means, by how far the walk has come.
#[derive(Debug)]
enum Stage {
    /// The jail is being started. A failure ends the start: what was `made` is undone, at last by
    /// the hooks of `clean`.
    Start { made: Made, clean: Vec<Step> },
    /// The jail is being stopped, and still runs. A failure ends the stop, and the jail goes on.
    Stop,
    /// The jail is being removed, or is gone. The other steps follow even after a failure.
    After,
}

/// What a start has made so far.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
enum Made {
    /// Nothing: no step is completed.
    Nothing,
    /// Something on the host, by a hook.
    OnHost,
    /// The prison, and perhaps something on the host.
    Prison,
}

/// A plan of one jail that is being carried out.
#[derive(Debug)]
pub struct Walk<H> {
    host: H,
    steps: VecDeque<Step>,
    stage: Stage,
    /// The time by which the step under way has to end, if there is a limit; the outer `None` while
    /// no step is under way.
    waits: Option<Option<Instant>>,
    /// The step under way, and when it began.
    step: Option<(Step, Instant)>,
    /// The first failure.
    failure: Option<Error>,
}

impl<H: Host> Walk<H> {
    /// Makes a start by `plan`. After a failure the prison is removed if it was created, and the
    /// hooks of `clean` run if anything was made or may have been.
    pub fn start(host: H, plan: Vec<Step>, clean: Vec<Step>) -> Self {
        Self::new(host, plan, Stage::Start { made: Made::Nothing, clean })
    }

    /// Makes a stop by `plan`. A failure before the prison's removal ends the stop and leaves the
    /// jail running, as on FreeBSD: its administrator may want to look. The hooks after the removal
    /// run even if one of them fails.
    pub fn stop(host: H, plan: Vec<Step>) -> Self {
        let removes = plan.iter().any(|step| matches!(step, Step::Remove));
        Self::new(host, plan, if removes { Stage::Stop } else { Stage::After })
    }

    fn new(host: H, plan: Vec<Step>, stage: Stage) -> Self {
        Self { host, steps: plan.into(), stage, waits: None, step: None, failure: None }
    }

    /// Walks on until a step has to be waited for. Answers false at the end of the plan. `over`:
    /// the step under way has run out of time.
    pub fn go_on(&mut self, over: bool) -> bool {
        if self.waits.take().is_some() {
            let answer = self.host.proceed(over);
            self.note(answer);
        }
        while self.waits.is_none() {
            let Some(step) = self.steps.pop_front() else { return self.end() };
            // From here on no jail is left to keep: the hooks run even after a removal that failed.
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
        // What follows a failure is After: one step of the undoing may fail and the others still
        // run.
        match std::mem::replace(&mut self.stage, Stage::After) {
            // What the hooks of `clean` would remove is not of this start, but of a jail that runs.
            Stage::Start { made: Made::Nothing, .. } if !was_killed => self.steps.clear(),
            Stage::Start { made, clean } => {
                self.host.undo();
                let removal = (made == Made::Prison).then_some(Step::Remove);
                self.steps = removal.into_iter().chain(clean).collect();
            }
            Stage::Stop => self.steps.clear(),
            Stage::After => {}
        }
    }

    fn end(&mut self) -> bool {
        // Not before the last command has run: as on FreeBSD, a jail persists until then.
        if let Stage::Start { .. } = self.stage {
            self.stage = Stage::After;
            if let Err(failure) = self.host.settle() {
                self.host.complain(&failure);
                self.failure = Some(failure);
            }
        }
        self.host.finish();
        false
    }

    /// The descriptors that the walk waits for, and the time until which it does.
    pub fn waits(&self) -> (Vec<BorrowedFd<'_>>, Option<Instant>) {
        (self.host.watched(), self.waits.flatten())
    }

    /// The step under way, and when it began.
    pub fn step(&self) -> Option<&(Step, Instant)> {
        self.step.as_ref()
    }

    /// Whether all steps so far were carried out.
    pub fn is_well(&self) -> bool {
        self.failure.is_none()
    }

    /// The host that carries out the steps.
    pub fn host(&self) -> &H {
        &self.host
    }
}

/// What a start has made once `step` is completed.
fn made_by(step: &Step) -> Made {
    match step {
        Step::Hook(..) | Step::Alias(_) => Made::OnHost,
        Step::Create(_) => Made::Prison,
        // These steps follow the creation, and what they make is removed with the prison.
        Step::Carry(_)
        | Step::Interface(_)
        | Step::Inside(..)
        | Step::Terminate(_)
        | Step::Remove
        | Step::Unmount
        | Step::Unalias(_)
        | Step::Uncarry => Made::Nothing,
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::plan::{CLEAN, START, STOP, plan};
    use crate::{Inside, Jail};
    use std::path::Path;

    /// A host on paper: it notes the steps, and fails at one of them, at once or after a while.
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
            Step::Unmount => "unmount".into(),
            Step::Alias(alias) => format!("alias {alias}"),
            Step::Unalias(alias) => format!("unalias {alias}"),
            Step::Carry(addresses) => format!("carry {}", crate::plan::in_a_row(addresses)),
            Step::Uncarry => "uncarry".into(),
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

        fn undo(&mut self) {
            self.done.push("undo:".into());
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
        Jail { configured: Some(name.into()), parameters, given: None }
    }

    /// The steps of a walk, in order: they must be the same whether or not each has to be waited
    /// for.
    fn walked(fails_at: &'static str, walk: impl Fn(Paper) -> Walk<Paper>) -> String {
        walked_to(Error::Failed, fails_at, walk)
    }

    /// Like [`walked`], with a failure of another kind.
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
            ("prestart", "prepare prestart (prestart: failed) undo: poststop release"),
            ("create", "prepare prestart create (create: failed) undo: poststop release"),
            ("created", "prepare prestart create created (created: failed) undo: remove poststop release"),
            ("interface e0b", "prepare prestart create created interface e0b (interface e0b: failed) undo: remove poststop release"),
            ("start2", "prepare prestart create created interface e0b start1 start2 (start2: failed) undo: remove poststop release"),
            ("poststart", "prepare prestart create created interface e0b start1 start2 command poststart (poststart: failed) undo: remove poststop release"),
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
            assert!(got.ends_with(") undo: poststop release"), "{got}");
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
            ("x", "create x (x: failed) undo: remove poststop release"),
        ] {
            let got = walked(fails_at, |paper| Walk::start(paper, steps.clone(), clean.clone()));
            assert_eq!(got, want);
        }
    }
}
