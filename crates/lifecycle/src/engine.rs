//! Walking a plan. A start that fails walks back from where it stood: what runs is ended, the prison is
//! removed, and the hooks that follow a removal run, so that nothing of the jail stays.
//!
//! FreeBSD stops at the removal; here exec.poststop and exec.release follow it, as they do in
//! `jail -C`, because an interface that exec.prepare made is otherwise in the next start's way.
//!
//! A step that takes its time is waited for by whoever has all the [`Walk`]s of a run: [`crate::schedule`].

use crate::error::Error;
use crate::plan::{Hook, Step};
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

    /// Goes on with the step that waits: for what it does has happened, or else, its time is `over`.
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
    /// A jail starts: it ends the start; this is what has been done, and these hooks would follow a removal.
    Start { created: bool, touched: bool, clean: Vec<Step> },
    /// A jail stops, and still runs: it ends the stop, and the jail goes on.
    Stop,
    /// The jail is removed, or about to be: the rest follows all the same.
    After,
}

/// A plan on its way, for one jail.
#[derive(Debug)]
pub struct Walk<H> {
    host: H,
    steps: VecDeque<Step>,
    stage: Stage,
    /// Until when the step under way has time; none is under way without this.
    waits: Option<Option<Instant>>,
    /// The step under way, and since when.
    step: Option<(Step, Instant)>,
    /// The first failure.
    failure: Option<Error>,
}

impl<H: Host> Walk<H> {
    /// A start by `plan`. After a failure it removes the prison if it was created, and runs the hooks of `clean` if that
    /// was so or any hook had run before.
    pub fn start(host: H, plan: Vec<Step>, clean: Vec<Step>) -> Self {
        Self::new(host, plan, Stage::Start { created: false, touched: false, clean })
    }

    /// A stop by `plan`. A failure before the prison's removal ends it there and leaves the jail running, as on FreeBSD:
    /// its administrator may want to look. The hooks after the removal all run.
    pub fn stop(host: H, plan: Vec<Step>) -> Self {
        let removes = plan.iter().any(|step| matches!(step, Step::Remove));
        Self::new(host, plan, if removes { Stage::Stop } else { Stage::After })
    }

    fn new(host: H, plan: Vec<Step>, stage: Stage) -> Self {
        Self { host, steps: plan.into(), stage, waits: None, step: None, failure: None }
    }

    /// Walks on until something has to be waited for; false at the end. `over`: the time of the step under way is.
    pub fn go_on(&mut self, over: bool) -> bool {
        if self.waits.take().is_some() {
            let answer = self.host.proceed(over);
            self.note(answer);
        }
        while self.waits.is_none() {
            let Some(step) = self.steps.pop_front() else { return self.end() };
            match (&mut self.stage, &step) {
                (Stage::Start { touched, .. }, Step::Hook(..)) => *touched = true,
                (stage @ Stage::Stop, Step::Remove) => *stage = Stage::After,
                _ => {}
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
                if let (Stage::Start { created, .. }, Some((Step::Create(_), _))) =
                    (&mut self.stage, &self.step)
                {
                    *created = true;
                }
            }
            Ok(Progress::Waits(until)) => self.waits = Some(until),
            Err(failure) => self.fail(failure),
        }
    }

    fn fail(&mut self, failure: Error) {
        self.host.complain(&failure);
        self.failure.get_or_insert(failure);
        match std::mem::replace(&mut self.stage, Stage::After) {
            Stage::Start { created, touched, clean } => {
                let worth_it = |step: &Step| {
                    touched || created || matches!(step, Step::Hook(Hook::Release, _))
                };
                let removal = created.then_some(Step::Remove);
                self.steps =
                    removal.into_iter().chain(clean.into_iter().filter(worth_it)).collect();
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
            if name == self.fails_at { Err(Error::Failed(name)) } else { Ok(Progress::Done) }
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
        let [at_once, later] = [false, true].map(|waits| {
            let mut walk = walk(Paper { done: Vec::new(), fails_at, waits });
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
            ("prepare", "prepare (prepare: failed) poststop release"),
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
    fn a_jail_without_hooks_needs_no_cleaning() {
        let jail = jail("a { path = /; command = x; exec.poststop = poststop; }", "a");
        let steps = plan(&START, &jail, None).unwrap();
        assert!(matches!(steps[1], Step::Inside(Inside::Command, _)));
        let clean = plan(&CLEAN, &jail, None).unwrap();
        for (fails_at, want) in
            [("create", "create (create: failed)"), ("x", "create x (x: failed) remove poststop")]
        {
            let got = walked(fails_at, |paper| Walk::start(paper, steps.clone(), clean.clone()));
            assert_eq!(got, want);
        }
    }
}
