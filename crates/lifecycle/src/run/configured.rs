//! The configured jails of a run: on what each depends, what each claims, and the typed parameters
//! of one.

use super::request::{Request, Target};
use super::sources::Sources;
use crate::depend::Dependencies;
use crate::jail::Jail;
use crate::refusal::Refusal;
use crate::report::Fault;
use configuration::Survey;
use jailparam::{Role, Set, param};
use std::cell::OnceCell;
use std::ffi::OsStr;
use std::os::unix::ffi::OsStrExt;
use std::path::{Path, PathBuf};
use std::sync::Arc;

/// A jail with its parameters, typed and as they were given.
#[derive(Debug, Clone)]
pub struct Subject {
    /// The jail.
    pub jail: Jail,
    /// The parameters as its section or the command line says them; `None` for a jail that runs and
    /// is in no file.
    pub given: Option<Arc<jailconf::Jail>>,
}

/// All configured jails, looked at once.
#[derive(Debug, Default)]
pub struct Configured {
    sources: Option<Sources>,
    pub(crate) dependencies: Dependencies,
    /// What every jail claims; empty if no jail is to be started.
    pub(crate) survey: Survey,
    /// The faults of jails that cannot be expanded.
    pub(crate) faults: Vec<Refusal>,
    /// Whether jails are only stopped.
    only_stops: bool,
    /// The roots of the jails in the survey, once they have been asked for.
    roots: OnceCell<Arc<[PathBuf]>>,
}

impl Configured {
    /// Reads the jails that `request` is about: those of `file` alone, or those of the files in
    /// /etc.
    ///
    /// # Errors
    /// All faults of a file.
    pub fn load(request: &Request, file: Option<&Path>) -> Result<Self, Refusal> {
        let sources = match (&request.target, file) {
            (Target::Described(_), _) => None,
            // `-R` works without a configuration.
            (Target::Named(_), _) if request.by_force => None,
            (Target::Named(_), Some(file)) => Some(Sources::of_file(file)?),
            (Target::Named(names), None) => Sources::found(names, !request.only_stops())?,
        };
        let none = || Self { only_stops: request.only_stops(), ..Self::default() };
        Ok(sources.map_or_else(none, |sources| Self::of(sources, request)))
    }

    /// Looks at the jails of `sources`, as far as `request` needs.
    pub fn of(sources: Sources, request: &Request) -> Self {
        let mut configured = Self { only_stops: request.only_stops(), ..Self::default() };
        configured.look_at(sources, request.operation.creates());
        configured
    }

    /// Finds out on what each jail depends and, if some are to start, what each claims. A jail that
    /// cannot be expanded is reported, as on FreeBSD, and fails only when something is to be done
    /// with it.
    fn look_at(&mut self, sources: Sources, some_start: bool) {
        for name in sources.all_jails() {
            let mut depends = Vec::new();
            match sources.expand(name) {
                Ok(jail) => {
                    if some_start {
                        // Every jail, not only those that start: another one that runs may claim
                        // the same address.
                        self.survey.add(&jail);
                    }
                    let given =
                        jail.parameters.iter().filter(|given| param::DEPEND.is_called(&given.name));
                    depends.extend(given.flat_map(|given| given.values.iter().map(text)));
                }
                Err(faults) => self.faults.push(faults.into()),
            }
            self.dependencies.insert(text(name), depends);
        }
        // A jail inside another one depends on the outer one, if a file has that: FreeBSD's
        // dep_setup().
        let outer = |name: &String| Some((name.clone(), name.rsplit_once('.')?.0.to_owned()));
        let inside: Vec<_> = self.dependencies.keys().filter_map(outer).collect();
        for (name, outer) in inside.into_iter().filter(|(_, outer)| sources.has(outer.as_bytes())) {
            self.dependencies.entry(name).or_default().push(outer);
        }
        self.sources = Some(sources);
    }

    /// The roots of all jails, if some are to start.
    pub(crate) fn roots(&self) -> Arc<[PathBuf]> {
        let all = || self.survey.roots().map(|path| OsStr::from_bytes(path).into()).collect();
        Arc::clone(self.roots.get_or_init(all))
    }

    /// Whether there is a configuration.
    pub(crate) fn is_there(&self) -> bool {
        self.sources.is_some()
    }

    /// Whether a jail of this name is configured.
    pub(crate) fn has(&self, name: &str) -> bool {
        self.sources.as_ref().is_some_and(|sources| sources.has(name.as_bytes()))
    }

    /// The names that a pattern can mean.
    pub(crate) fn names(&self) -> impl Iterator<Item = String> {
        self.sources.iter().flat_map(Sources::main_jails).map(text)
    }

    /// The parameters of the jail `name` as its section says them, if they can be expanded.
    pub(crate) fn given(&self, name: &str) -> Option<jailconf::Jail> {
        self.sources.as_ref()?.expand(name.as_bytes()).ok()
    }

    /// The jail `name`, as it is configured. A jail that runs and is in no file has nothing but its
    /// name.
    ///
    /// # Errors
    /// As [`Configured::jail`].
    pub(crate) fn subject(&self, name: &str) -> Result<Subject, Refusal> {
        if self.dependencies.contains_key(name) {
            return self.jail(name);
        }
        let mut parameters = Set::default();
        match name.parse() {
            Ok(jid) => parameters.put(param::JID, jid),
            Err(_) => parameters.put(param::NAME, name.into()),
        }
        Ok(Subject {
            jail: Jail { configured: Some(name.into()), parameters, given: None },
            given: None,
        })
    }

    /// The configured jail `name`. Faulty parameters of the prison do not keep a jail from being
    /// stopped: they are left out.
    ///
    /// # Errors
    /// The jail is not configured, or its parameters cannot be used.
    pub(crate) fn jail(&self, name: &str) -> Result<Subject, Refusal> {
        let sources =
            self.sources.as_ref().ok_or_else(|| Refusal::NotConfigured(name.into(), None))?;
        let mut given = sources.expand(name.as_bytes())?;
        let imported = Set::import(&given).or_else(|errors| {
            if !self.only_stops || errors.iter().any(is_of_a_stop) {
                return Err(errors);
            }
            let wrong = |name: &[u8]| errors.iter().any(|error| error.parameter.as_bytes() == name);
            given.parameters.retain(|parameter| !wrong(&parameter.name));
            Set::import(&given)
        });
        let parameters = imported?;
        let path = parameters.text(param::PATH).unwrap_or_default();
        // As in FreeBSD's create_jail(): only on the command line may a path be relative.
        if !path.is_empty() && !path.starts_with(b"/") && !self.only_stops {
            let place = given.parameters.iter().find(|given| param::PATH.is_called(&given.name));
            let place = place.map_or(&given.place, |given| &given.place).clone();
            let message =
                format!("{name}: path {}: not an absolute pathname; begin it with /", text(&path));
            return Err(Refusal::faults([Fault::new(message, place)]));
        }
        let given = Some(Arc::new(given));
        let jail = Jail { configured: Some(name.into()), parameters, given: given.clone() };
        Ok(Subject { jail, given })
    }
}

/// Whether a stop needs the parameter at fault: only jail(8)'s own, hooks among them.
fn is_of_a_stop(error: &jailparam::Error) -> bool {
    let found = jailparam::find(&error.parameter);
    found.is_some_and(|found| found.parameter.role == Role::Pseudo)
}

fn text(bytes: impl AsRef<[u8]>) -> String {
    String::from_utf8_lossy(bytes.as_ref()).into_owned()
}
