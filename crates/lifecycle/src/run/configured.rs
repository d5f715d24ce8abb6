//! The configured jails of a run: on what each depends, what each claims, and the typed parameters
//! of one.

use super::request::{Request, Target};
use super::sources::Sources;
use crate::depend::Dependencies;
use crate::jail::Jail;
use crate::refusal::Refusal;
use configuration::Survey;
use jailparam::{Role, Set, param};
use std::path::Path;

/// A jail with its parameters, typed and as they were given.
#[derive(Debug, Clone)]
pub struct Subject {
    /// The jail.
    pub jail: Jail,
    /// What its section or the command line says; nothing of a jail that runs and is in no file.
    pub given: Option<jailconf::Jail>,
}

/// All configured jails, looked at once.
#[derive(Debug, Default)]
pub struct Configured {
    sources: Option<Sources>,
    pub(crate) dependencies: Dependencies,
    /// What every jail claims, when some are to be started.
    pub(crate) survey: Survey,
    /// What is wrong with jails that cannot be expanded.
    pub(crate) faults: Vec<Refusal>,
    /// Jails are only stopped.
    only_stops: bool,
}

impl Configured {
    /// The jails that `request` is about: those of `file` alone, or those that are found.
    ///
    /// # Errors
    /// All faults of a file.
    pub fn load(request: &Request, file: Option<&Path>) -> Result<Self, Refusal> {
        let sources = match (&request.target, file) {
            (Target::Described(_), _) => None,
            (Target::Named(_), _) if request.by_force => None,
            (Target::Named(_), Some(file)) => Some(Sources::of_file(file)?),
            (Target::Named(names), None) => Sources::found(names, !request.only_stops())?,
        };
        let none = || Self { only_stops: request.only_stops(), ..Self::default() };
        Ok(sources.map_or_else(none, |sources| Self::of(sources, request)))
    }

    /// The jails of `sources`, as `request` needs to know them.
    pub fn of(sources: Sources, request: &Request) -> Self {
        let mut configured = Self { only_stops: request.only_stops(), ..Self::default() };
        configured.look_at(sources, request.operation.creates());
        configured
    }

    /// Looks at all jails: on what each depends, and if some are to start, what each claims. A jail
    /// that cannot be expanded is reported, as on FreeBSD; the jail fails when something is to be
    /// done with it.
    fn look_at(&mut self, sources: Sources, some_start: bool) {
        for name in sources.all_jails() {
            let mut depends = Vec::new();
            match sources.expand(name) {
                Ok(jail) => {
                    if some_start {
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
        // A jail inside another one depends on that one.
        let outer = |name: &String| Some((name.clone(), name.rsplit_once('.')?.0.to_owned()));
        let inside: Vec<_> = self.dependencies.keys().filter_map(outer).collect();
        for (name, outer) in inside.into_iter().filter(|(_, outer)| sources.has(outer.as_bytes())) {
            self.dependencies.entry(name).or_default().push(outer);
        }
        self.sources = Some(sources);
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

    /// The parameters of the jail `name` as its section gives them, if it has a right one.
    pub(crate) fn given(&self, name: &str) -> Option<jailconf::Jail> {
        self.sources.as_ref()?.expand(name.as_bytes()).ok()
    }

    /// The jail `name`: as it is configured, or a name alone when it runs and is in no file.
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
        Ok(Subject { jail: Jail { configured: Some(name.into()), parameters }, given: None })
    }

    /// The configured jail `name`. To stop one, parameters of the prison need not be right: it
    /// runs.
    ///
    /// # Errors
    /// The jail is not configured, or its parameters cannot be used.
    pub(crate) fn jail(&self, name: &str) -> Result<Subject, Refusal> {
        let sources = self.sources.as_ref().ok_or_else(|| Refusal::NotFound(name.into()))?;
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
        if !path.is_empty() && !path.starts_with(b"/") && !self.only_stops {
            return Err(Refusal::RelativePath { jail: name.into(), path: text(&path) });
        }
        Ok(Subject { jail: Jail { configured: Some(name.into()), parameters }, given: Some(given) })
    }
}

/// Whether a stop looks at the parameter that is wrong.
fn is_of_a_stop(error: &jailparam::Error) -> bool {
    let found = jailparam::find(&error.parameter);
    found.is_some_and(|found| found.parameter.role == Role::Pseudo)
}

fn text(bytes: impl AsRef<[u8]>) -> String {
    String::from_utf8_lossy(bytes.as_ref()).into_owned()
}
