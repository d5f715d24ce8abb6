//! jail(8): creates and removes jails, from jail.conf(5) or from the command line.

use super::{fail, programs};
use jailconf::{Config, Files};
use jailparam::{Set, Value};
use lifecycle::depend::{self, DependError, Dependencies};
use lifecycle::engine;
use lifecycle::plan::{CLEAN, START, STOP, plan};
use lifecycle::{Jail, System, Verbosity};
use prison::{Prison, Registry};
use std::ffi::{OsStr, OsString};
use std::io::Write;
use std::os::unix::ffi::{OsStrExt, OsStringExt};
use std::path::{Path, PathBuf};
use std::process::ExitCode;

const USAGE: &str = "\
usage: jail [-iqv] -c param=value ... [command=command ...]
       jail [-iqv] [-f file] [-p limit] -c [jail]
       jail [-qv] [-f file] -[rR] ['*' | jail ...]
       jail [-iqv] [-f file] -rc [jail]
       jail [-f file] -e separator
";

/// What jail(8) is to do.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Operation {
    Start,
    Stop,
    Restart,
    /// Removal without the configuration: `-R`.
    Remove,
}

/// The command line.
#[derive(Debug)]
struct Options {
    operation: Option<Operation>,
    separator: Option<OsString>,
    file: Option<PathBuf>,
    verbosity: Verbosity,
    prints_jid: bool,
    words: Vec<OsString>,
}

/// Why there is nothing to do: the usage is shown, or one line.
enum Wrong {
    Usage,
    Line(String),
}

/// Runs jail(8).
pub(crate) fn run(arguments: Vec<OsString>) -> ExitCode {
    let options = match Options::parse(arguments) {
        Ok(options) => options,
        Err(Wrong::Usage) => {
            eprint!("{USAGE}");
            return ExitCode::FAILURE;
        }
        Err(Wrong::Line(line)) => return fail("jail", line),
    };
    match options.carry_out() {
        Ok(true) => ExitCode::SUCCESS,
        Ok(false) => ExitCode::FAILURE,
        Err(line) => fail("jail", line),
    }
}

impl Options {
    fn parse(arguments: Vec<OsString>) -> Result<Self, Wrong> {
        use lexopt::prelude::*;
        let mut parser = lexopt::Parser::from_args(arguments);
        let (mut create, mut remove, mut by_force) = (false, false, false);
        let mut options = Self {
            operation: None,
            separator: None,
            file: None,
            verbosity: Verbosity::Normal,
            prints_jid: false,
            words: Vec::new(),
        };
        while let Some(argument) = parser.next().map_err(|_| Wrong::Usage)? {
            match argument {
                Short('c') => create = true,
                Short('r') => remove = true,
                Short('R') => by_force = true,
                Short('e') => options.separator = Some(parser.value().map_err(|_| Wrong::Usage)?),
                Short('f') => {
                    options.file = Some(parser.value().map_err(|_| Wrong::Usage)?.into());
                }
                Short('i') => {
                    options.prints_jid = true;
                    options.verbosity = Verbosity::Quiet;
                }
                Short('q') => options.verbosity = Verbosity::Quiet,
                Short('v') => options.verbosity = Verbosity::Verbose,
                // At most so many commands at once: here it is always one.
                Short('p') => check_limit(&parser.value().map_err(|_| Wrong::Usage)?)?,
                Short(option @ ('C' | 'd' | 'h' | 'J' | 'l' | 'm' | 'n' | 's' | 'u' | 'U')) => {
                    return Err(Wrong::Line(format!("option -{option} is not supported yet")));
                }
                Value(first) => {
                    options.words = vec![first];
                    // As with getopt(3), nothing after the first word is an option.
                    options.words.extend(parser.raw_args().map_err(|_| Wrong::Usage)?);
                }
                Short(_) | Long(_) => return Err(Wrong::Usage),
            }
        }
        options.operation = match (create, remove, by_force) {
            (true, false, false) => Some(Operation::Start),
            (false, true, false) => Some(Operation::Stop),
            (true, true, false) => Some(Operation::Restart),
            (false, _, true) => Some(Operation::Remove),
            (false, false, false) => None,
            (true, _, true) => return Err(Wrong::Usage),
        };
        options.check()
    }

    /// Refuses combinations that mean nothing, as jail(8) does.
    fn check(self) -> Result<Self, Wrong> {
        let described = self.describes_one();
        let makes_sense = match self.operation {
            None => self.separator.is_some() && self.words.is_empty(),
            Some(_) if self.separator.is_some() => false,
            Some(Operation::Stop | Operation::Remove) => !self.words.is_empty() && !described,
            Some(Operation::Start | Operation::Restart) => true,
        };
        if makes_sense {
            return Ok(self);
        }
        if self.operation.is_none() && self.words.len() >= 4 {
            let line = "the form \"path hostname ip command\" is not supported yet; use -c path=…";
            return Err(Wrong::Line(line.into()));
        }
        Err(Wrong::Usage)
    }

    /// Whether the words describe one jail, rather than name configured ones.
    fn describes_one(&self) -> bool {
        let stops = matches!(self.operation, Some(Operation::Stop | Operation::Remove));
        let assigns = |word: &OsString| word.as_bytes().contains(&b'=');
        self.words.iter().any(assigns) || (!stops && self.words.len() > 1)
    }

    fn carry_out(&self) -> Result<bool, String> {
        let file = self.file.clone().unwrap_or_else(|| "/etc/jail.conf".into());
        let Some(operation) = self.operation else { return self.print_all(&file) };
        let registry = Registry::open().map_err(|error| error.to_string())?;
        let mut session = Session { options: self, registry, config: None };
        if self.describes_one() {
            return session.start_described(operation);
        }
        // A jail that is to go needs no configuration, unless one was named.
        let optional =
            matches!(operation, Operation::Stop) && self.file.is_none() && !file.exists();
        if operation != Operation::Remove && !optional {
            session.config = Some(load(&file)?);
        }
        session.operate(operation)
    }

    /// `-e`: each configured jail in a line.
    fn print_all(&self, file: &Path) -> Result<bool, String> {
        let separator = self.separator.clone().unwrap_or_default();
        let config = load(file)?;
        let mut out = std::io::stdout().lock();
        for expansion in config.expand_all() {
            let mut line = expansion.jail.to_line(separator.as_bytes());
            line.push(b'\n');
            out.write_all(&line).map_err(|error| error.to_string())?;
        }
        Ok(true)
    }
}

/// `-p LIMIT`.
fn check_limit(limit: &OsStr) -> Result<(), Wrong> {
    match limit.to_str().map(str::parse::<u32>) {
        Some(Ok(_)) => Ok(()),
        _ => Err(Wrong::Line(format!("-p {}: not a number", text(limit)))),
    }
}

/// Reads a configuration; several errors are several lines, the first without `jail: `, which follows.
fn load(file: &Path) -> Result<Config, String> {
    Config::load(&Files, file).map_err(|errors| lines(&errors.0))
}

fn lines<E: ToString>(errors: impl IntoIterator<Item = E>) -> String {
    let lines: Vec<String> = errors.into_iter().map(|error| error.to_string()).collect();
    lines.join("\njail: ")
}

fn text(name: &OsStr) -> String {
    name.to_string_lossy().into_owned()
}

/// One run of jail(8).
struct Session<'a> {
    options: &'a Options,
    registry: Registry,
    config: Option<Config>,
}

impl Session<'_> {
    /// A jail made of the command line's words.
    fn start_described(&mut self, operation: Operation) -> Result<bool, String> {
        let words: Vec<Vec<u8>> =
            self.options.words.iter().map(|word| word.clone().into_vec()).collect();
        let described = jailconf::Jail::from_words(&words).map_err(|errors| lines(&errors.0))?;
        let parameters = Set::import(&described).map_err(lines)?;
        let jail = Jail { configured: None, parameters };
        if operation == Operation::Restart && self.running(&jail)?.is_some() {
            self.stop(&jail)?;
        }
        self.start(&jail)
    }

    /// Starts, stops or restarts the named jails, and those that `depend` ties to them.
    fn operate(&mut self, operation: Operation) -> Result<bool, String> {
        let dependencies = self.dependencies()?;
        let names = self.names(operation, &dependencies)?;
        let starts = matches!(operation, Operation::Start | Operation::Restart);
        if let Some(name) = names.iter().find(|name| starts && !dependencies.contains_key(*name)) {
            return Err(format!("\"{name}\" not found"));
        }
        let wrong = |error: DependError| error.to_string();
        let mut good = true;
        if operation != Operation::Start {
            let order = match operation {
                Operation::Remove => names.clone(),
                _ => self.stop_order(&names, &dependencies).map_err(wrong)?,
            };
            for name in &order {
                let asked_for = names.contains(name) && operation != Operation::Restart;
                good &= self.stop_named(name, asked_for)?;
            }
        }
        if starts && good {
            for name in depend::start_order(&names, &dependencies).map_err(wrong)? {
                let asked_for = names.contains(&name) && !self.options.words.is_empty();
                // A jail whose dependency did not start is not started.
                if !self.start_named(&name, asked_for)? {
                    return Ok(false);
                }
            }
        }
        Ok(good)
    }

    /// Jails without a configuration depend on nothing.
    fn stop_order(&self, names: &[String], all: &Dependencies) -> Result<Vec<String>, DependError> {
        let (configured, others): (Vec<_>, Vec<_>) =
            names.iter().cloned().partition(|name| all.contains_key(name));
        Ok([depend::stop_order(&configured, all)?, others].concat())
    }

    /// The jails meant: those named, all configured ones, or all that run.
    fn names(&self, operation: Operation, all: &Dependencies) -> Result<Vec<String>, String> {
        let everything = self.options.words.is_empty() || self.options.words == ["*"];
        if !everything {
            return Ok(self.options.words.iter().map(|word| text(word)).collect());
        }
        let running = self.registry.prisons().map_err(|error| error.to_string())?;
        let running: Vec<String> = running.into_iter().map(|record| record.name).collect();
        Ok(match operation {
            Operation::Remove => running,
            Operation::Stop => all.keys().filter(|name| running.contains(name)).cloned().collect(),
            Operation::Start | Operation::Restart => all.keys().cloned().collect(),
        })
    }

    fn dependencies(&self) -> Result<Dependencies, String> {
        let Some(config) = &self.config else { return Ok(Dependencies::new()) };
        let mut all = Dependencies::new();
        for name in config.jails() {
            let expanded = config.expand(name).map_err(|errors| lines(&errors.0))?;
            let depends = expanded.parameters.iter().filter(|given| given.name == b"depend");
            let depends = depends.flat_map(|given| given.values.iter());
            let depends = depends.map(|name| String::from_utf8_lossy(name).into_owned());
            all.insert(String::from_utf8_lossy(name).into_owned(), depends.collect());
        }
        Ok(all)
    }

    /// The configured jail `name`.
    fn configured(&self, name: &str) -> Result<Option<Jail>, String> {
        let Some(config) = self.config.as_ref().filter(|config| config.has(name.as_bytes())) else {
            return Ok(None);
        };
        let expanded = config.expand(name.as_bytes()).map_err(|errors| lines(&errors.0))?;
        let parameters = Set::import(&expanded).map_err(lines)?;
        Ok(Some(Jail { configured: Some(name.into()), parameters }))
    }

    fn running(&self, jail: &Jail) -> Result<Option<Prison>, String> {
        let Some(key) = jail.key() else { return Ok(None) };
        let record = self.registry.find(&key).map_err(|error| error.to_string())?;
        Ok(record.and_then(Prison::open))
    }

    fn start_named(&mut self, name: &str, asked_for: bool) -> Result<bool, String> {
        let Some(jail) = self.configured(name)? else {
            return Err(format!("\"{name}\" not found"));
        };
        if self.running(&jail)?.is_none() {
            return self.start(&jail);
        }
        if asked_for {
            eprintln!("jail: \"{name}\" already exists");
        }
        Ok(!asked_for)
    }

    /// Starts a jail; what failed has been said.
    fn start(&self, jail: &Jail) -> Result<bool, String> {
        if jail.configured.is_none() && self.running(jail)?.is_some() {
            let key = jail.key().unwrap_or_default();
            eprintln!("jail: \"{key}\" already exists");
            return Ok(false);
        }
        let programs = programs();
        let inside = programs.as_ref().map(|programs| programs.root.as_path());
        let plans =
            plan(&START, jail, inside).and_then(|steps| Ok((steps, plan(&CLEAN, jail, None)?)));
        let (steps, clean) = plans.map_err(|error| format!("{}{error}", jail.prefix()))?;
        let hooks = programs.as_ref().map(|programs| programs.for_hooks.clone());
        let mut system = System::new(&self.registry, jail, None, hooks, self.options.verbosity);
        system.prints_jid = self.options.prints_jid;
        system.prepare_first(&steps).map_err(|error| format!("{}{error}", jail.prefix()))?;
        Ok(engine::start(&mut system, &steps, &clean).is_ok())
    }

    fn stop_named(&mut self, name: &str, asked_for: bool) -> Result<bool, String> {
        let configured = self.configured(name)?;
        let jail = configured.unwrap_or_else(|| {
            let mut parameters = Set::default();
            match name.parse() {
                Ok(jid) => parameters.put("jid", Value::Int(jid)),
                Err(_) => parameters.put("name", Value::Text(name.into())),
            }
            Jail { configured: Some(name.into()), parameters }
        });
        if self.running(&jail)?.is_none() {
            if asked_for && self.options.verbosity > Verbosity::Quiet {
                eprintln!("jail: \"{name}\" not found");
            }
            return Ok(!asked_for);
        }
        self.stop(&jail)
    }

    /// Stops a jail that runs; what failed has been said.
    fn stop(&self, jail: &Jail) -> Result<bool, String> {
        let steps = plan(&STOP, jail, None).map_err(|error| format!("{}{error}", jail.prefix()))?;
        let hooks = programs().map(|programs| programs.for_hooks);
        let prison = self.running(jail)?;
        let mut system = System::new(&self.registry, jail, prison, hooks, self.options.verbosity);
        let many = self.config.is_some() || self.options.words.len() > 1;
        system.notes_removal = many || self.options.words == ["*"];
        Ok(engine::stop(&mut system, &steps).is_ok())
    }
}
