//! Walking a plan. A start that fails walks back from where it stood: what runs is ended, the prison is
//! removed, and the hooks that follow a removal run, so that nothing of the jail stays.
//!
//! FreeBSD stops at the removal; here exec.poststop and exec.release follow it, as they do in
//! `jail -C`, because an interface that exec.prepare made is otherwise in the next start's way.

use crate::error::Error;
use crate::plan::{Hook, Step};

/// What carries the steps of one jail out.
pub trait Host {
    /// Carries one step out, to its end.
    ///
    /// # Errors
    /// Why it failed.
    fn perform(&mut self, step: &Step) -> Result<(), Error>;

    /// Ends a start: a jail without `persist` now lives as long as its processes.
    ///
    /// # Errors
    /// Why the jail's end could not be recorded.
    fn settle(&mut self) -> Result<(), Error>;

    /// Shows what went wrong while the jail was being stopped or cleaned up after, which goes on.
    fn complain(&mut self, error: &Error);
}

/// Carries `plan` out. After a failure: removes the prison if it was created, runs the hooks of `clean`
/// if any hook had run before, and returns the failure.
///
/// # Errors
/// Of the first step that failed.
pub fn start(host: &mut dyn Host, plan: &[Step], clean: &[Step]) -> Result<(), Error> {
    let failed_at = plan.iter().enumerate().find_map(|(at, step)| {
        let failure = host.perform(step).err()?;
        Some((at, failure))
    });
    let Some((at, failure)) = failed_at else { return host.settle() };
    host.complain(&failure);
    let created = plan[..at].iter().any(|step| matches!(step, Step::Create(_)));
    if created {
        go_on(host, &[Step::Remove]);
    }
    let touched = plan[..=at].iter().any(|step| matches!(step, Step::Hook(..)));
    let worth_it = |step: &&Step| touched || matches!(step, Step::Hook(Hook::Release, _));
    let clean: Vec<Step> = clean.iter().filter(worth_it).cloned().collect();
    go_on(host, &clean);
    Err(failure)
}

/// Carries `plan` out. A failure before the prison's removal ends it there and leaves the jail running,
/// as on FreeBSD: its administrator may want to look. The hooks after the removal all run.
///
/// # Errors
/// Of the first step that failed.
pub fn stop(host: &mut dyn Host, plan: &[Step]) -> Result<(), Error> {
    let removal = plan.iter().position(|step| matches!(step, Step::Remove)).unwrap_or(0);
    let (before, after) = plan.split_at(removal);
    for step in before {
        if let Err(failure) = host.perform(step) {
            host.complain(&failure);
            return Err(failure);
        }
    }
    go_on(host, after).map_or(Ok(()), Err)
}

/// Carries all of `steps` out, whatever fails; the first failure.
fn go_on(host: &mut dyn Host, steps: &[Step]) -> Option<Error> {
    let mut first = None;
    for step in steps {
        if let Err(failure) = host.perform(step) {
            host.complain(&failure);
            first.get_or_insert(failure);
        }
    }
    first
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::plan::{CLEAN, START, STOP, plan};
    use crate::{Inside, Jail};
    use std::path::Path;

    /// A host on paper: notes the steps, and fails at one of them.
    struct Paper {
        done: Vec<String>,
        fails_at: &'static str,
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
        fn perform(&mut self, step: &Step) -> Result<(), Error> {
            let name = name(step);
            self.done.push(name.clone());
            if name == self.fails_at { Err(Error::Failed(name)) } else { Ok(()) }
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

    fn jail() -> Jail {
        let config = jailconf::Config::parse(Path::new("jail.conf"), JAIL.as_bytes()).unwrap();
        let parameters = jailparam::Set::import(&config.expand(b"web").unwrap()).unwrap();
        Jail { configured: Some("web".into()), parameters }
    }

    fn started(fails_at: &'static str) -> String {
        let mut paper = Paper { done: Vec::new(), fails_at };
        let steps = plan(&START, &jail(), None).unwrap();
        let clean = plan(&CLEAN, &jail(), None).unwrap();
        let answer = start(&mut paper, &steps, &clean);
        assert_eq!(answer.is_err(), !fails_at.is_empty());
        paper.done.join(" ")
    }

    #[test]
    #[rustfmt::skip]
    fn starts() {
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
            assert_eq!(started(fails_at), want, "failure at {fails_at:?}");
        }
    }

    #[test]
    #[rustfmt::skip]
    fn stops() {
        for (fails_at, want) in [
            ("", "prestop stop terminate remove poststop release"),
            ("stop", "prestop stop (stop: failed)"),
            ("poststop", "prestop stop terminate remove poststop (poststop: failed) release"),
        ] {
            let mut paper = Paper { done: Vec::new(), fails_at };
            let answer = stop(&mut paper, &plan(&STOP, &jail(), None).unwrap());
            assert_eq!(answer.is_err(), !fails_at.is_empty());
            assert_eq!(paper.done.join(" "), want, "failure at {fails_at:?}");
        }
    }

    #[test]
    fn a_jail_without_hooks_needs_no_cleaning() {
        let text = b"a { path = /; command = x; exec.poststop = poststop; }";
        let config = jailconf::Config::parse(Path::new("jail.conf"), text).unwrap();
        let parameters = jailparam::Set::import(&config.expand(b"a").unwrap()).unwrap();
        let jail = Jail { configured: Some("a".into()), parameters };
        let mut paper = Paper { done: Vec::new(), fails_at: "create" };
        let steps = plan(&START, &jail, None).unwrap();
        assert!(matches!(steps[1], Step::Inside(Inside::Command, _)));
        let clean = plan(&CLEAN, &jail, None).unwrap();
        assert!(start(&mut paper, &steps, &clean).is_err());
        assert_eq!(paper.done, ["create", "(create: failed)"]);
    }
}
