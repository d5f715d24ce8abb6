//! Start and stop of one jail: their steps, which `--plan` shows, and the walks that carry them out.

use super::{Session, Subject, Target};
use lifecycle::plan::{CLEAN, START, STOP, plan};
use lifecycle::schedule::alone;
use lifecycle::{Jail, Step, System, Walk};
use prison::{Prison, Registry};

impl Session<'_> {
    /// Starts one jail and waits for it; what failed has been said.
    pub(super) fn start_alone(&mut self, subject: &Subject) -> Result<bool, String> {
        let registry = self.registry()?;
        let Some(walk) = self.start(&registry, &subject.jail)? else { return Ok(false) };
        self.has_started(subject, &alone(walk))
    }

    /// The start of a jail; none when what failed has been said.
    pub(super) fn start<'r>(
        &mut self,
        registry: &'r Registry,
        jail: &Jail,
    ) -> Result<Option<Walk<System<'r>>>, String> {
        self.note_what_is_deprecated(jail);
        if self.options.cleans && !alone(self.clean(registry, jail)?).is_well() {
            return Ok(None);
        }
        let (steps, clean) = self.start_steps(jail)?;
        let mut system = self.system(registry, jail, None);
        system.prints_jid = self.options.prints_jid;
        system.prepare_first(&steps).map_err(|error| format!("{}{error}", jail.prefix()))?;
        Ok(Some(Walk::start(system, steps, clean)))
    }

    /// The steps of a start, and what follows one that failed.
    pub(in crate::cli::jail) fn start_steps(
        &self,
        jail: &Jail,
    ) -> Result<(Vec<Step>, Vec<Step>), String> {
        let inside = self.programs.as_ref().map(|programs| programs.root.as_path());
        let steps = plan(&START, jail, inside).map_err(|error| told_of(jail, &error))?;
        Ok((steps, self.clean_steps(jail)?))
    }

    pub(in crate::cli::jail) fn stop_steps(&self, jail: &Jail) -> Result<Vec<Step>, String> {
        plan(&STOP, jail, None).map_err(|error| told_of(jail, &error))
    }

    /// What follows a removal.
    pub(in crate::cli::jail) fn clean_steps(&self, jail: &Jail) -> Result<Vec<Step>, String> {
        plan(&CLEAN, jail, None).map_err(|error| told_of(jail, &error))
    }

    /// A start has come to its end: whether the jail runs.
    pub(super) fn has_started(
        &mut self,
        subject: &Subject,
        walk: &Walk<System<'_>>,
    ) -> Result<bool, String> {
        if !walk.is_well() {
            return Ok(false);
        }
        let given = subject.given.as_ref();
        walk.host().record().map_or(Ok(()), |record| self.jid_file.write(given, record))?;
        Ok(true)
    }

    /// The stop of a jail that runs.
    pub(super) fn stop<'r>(
        &self,
        registry: &'r Registry,
        jail: &Jail,
        prison: Option<Prison>,
    ) -> Result<Walk<System<'r>>, String> {
        let steps = self.stop_steps(jail)?;
        let mut system = self.system(registry, jail, prison);
        system.notes_removal = self.notes_removal();
        Ok(Walk::stop(system, steps))
    }

    /// Whether a jail that goes is named: not the only one that was asked for, nor one that is to come again.
    fn notes_removal(&self) -> bool {
        let Target::Named(names) = &self.options.target else { return false };
        let several =
            names.len() > 1 || names.iter().any(|name| jailconf::is_wildcard(name.as_bytes()));
        self.options.operation.is_stop() && (self.config.is_some() || several)
    }

    /// What follows a removal, for a jail that went by itself.
    pub(super) fn clean<'r>(
        &self,
        registry: &'r Registry,
        jail: &Jail,
    ) -> Result<Walk<System<'r>>, String> {
        let steps = self.clean_steps(jail)?;
        Ok(Walk::stop(self.system(registry, jail, None), steps))
    }

    fn system<'r>(
        &self,
        registry: &'r Registry,
        jail: &Jail,
        prison: Option<Prison>,
    ) -> System<'r> {
        let hooks = self.programs.as_ref().map(|programs| programs.for_hooks.clone());
        System::new(registry, jail.clone(), prison, hooks, self.options.verbosity)
    }
}

fn told_of(jail: &Jail, error: &lifecycle::Error) -> String {
    format!("{}{error}", jail.prefix())
}
