//! devfs(8): shows and changes the rulesets, and what of the host's devices a jail that runs has.
//!
//! On FreeBSD the kernel holds the rulesets. Here they are those of the files in /etc until a
//! command changes one: then [`devfs::KEPT_FILE`] has all of them, until `service devfs restart`
//! reads the files again. The /dev of the host is no devfs, so that `-m` names a jail's.

use crate::cli::answer;
use crate::cli::grammar::host::DEVFS;
use crate::cli::help::usage;
use std::ffi::OsString;
use std::fmt::Display;
use std::fs;
use std::io;
use std::os::unix::ffi::OsStringExt;
use std::path::{Path, PathBuf};
use std::process::ExitCode;

use devfs::{Beside, Rule, Rulesets};
use lexopt::{Arg, Parser};
use lifecycle::devices::{self, Renewal};
use lifecycle::run::{accounts, rulesets};
use nearest::{hint, nearest};
use prison::{Record, Registry};

/// Runs the applet.
pub(crate) fn run(arguments: Vec<OsString>) -> ExitCode {
    let done = Request::parse(arguments).and_then(Request::run);
    match done {
        Ok(()) => ExitCode::SUCCESS,
        Err(Failure::Usage) => usage(&DEVFS),
        Err(Failure::Because(program, error)) => answer::fail(program, error),
    }
}

/// What to do, and where.
struct Request {
    /// The /dev that is meant: `-m`.
    mount_point: Option<PathBuf>,
    action: Action,
}

enum Action {
    /// `rule`, for the ruleset of `-s`.
    Rule(Option<u16>, RuleAction),
    /// `ruleset`.
    Ruleset(u16),
    /// `update`.
    Update,
}

enum RuleAction {
    Add(Vec<Vec<u8>>),
    /// A rule, or the number of one.
    Apply(Vec<Vec<u8>>),
    ApplySet,
    Delete(u16),
    DeleteSet,
    Show(Option<u16>),
    ShowSets,
}

enum Failure {
    Usage,
    /// The name that devfs(8) begins its message with, and the message.
    Because(&'static str, String),
}

/// A failure of `devfs rule`.
fn failed(error: impl Display) -> Failure {
    Failure::Because(RULE, error.to_string())
}

const RULE: &str = "devfs rule";

impl Request {
    fn parse(arguments: Vec<OsString>) -> Result<Self, Failure> {
        let mut parser = Parser::from_args(arguments);
        let mut mount_point = None;
        let context = loop {
            match next(&mut parser)? {
                Some(Arg::Short('m')) => {
                    let value = parser.value();
                    let value =
                        value.map_err(|error| Failure::Because("devfs", error.to_string()))?;
                    mount_point = Some(PathBuf::from(value));
                }
                Some(Arg::Value(word)) => break word,
                _ => return Err(Failure::Usage),
            }
        };
        let action = match context.to_str() {
            Some("rule") => parse_rule(&mut parser)?,
            Some("ruleset") => match rest(&mut parser)?.as_slice() {
                [number] => Action::Ruleset(self::number("devfs ruleset", number)?),
                _ => return Err(Failure::Usage),
            },
            Some("update") if rest(&mut parser)?.is_empty() => Action::Update,
            Some("update") => return Err(Failure::Usage),
            _ => {
                let word = context.to_string_lossy();
                let hint = hint(nearest(&word, DEVFS.verbs.iter().map(|verb| verb.name)));
                return Err(Failure::Because("devfs", format!("unknown command: {word}{hint}")));
            }
        };
        Ok(Self { mount_point, action })
    }

    fn run(self) -> Result<(), Failure> {
        let mount_point = self.mount_point.as_deref();
        match self.action {
            Action::Update => update(),
            Action::Ruleset(number) => {
                let (registry, jail) = meant("devfs ruleset", mount_point)?;
                let renewal = Renewal::Ruleset(number);
                devices::renew(&registry, &jail, &renewal)
                    .map_err(|error| Failure::Because("devfs ruleset", error.to_string()))
            }
            Action::Rule(ruleset, action) => rule(mount_point, ruleset, action),
        }
    }
}

/// Reads what stands behind `rule`.
fn parse_rule(parser: &mut Parser) -> Result<Action, Failure> {
    let mut ruleset = None;
    let verb = loop {
        match next(parser)? {
            Some(Arg::Short('s')) => {
                let value = parser.value().map_err(failed)?;
                ruleset = Some(number(RULE, &value.into_vec())?);
            }
            Some(Arg::Value(word)) => break word.to_string_lossy().into_owned(),
            _ => return Err(Failure::Usage),
        }
    };
    let words = rest(parser)?;
    let action = match (verb.as_str(), words.as_slice()) {
        ("add", [_, ..]) => RuleAction::Add(words),
        ("apply", [_, ..]) => RuleAction::Apply(words),
        ("applyset", []) => RuleAction::ApplySet,
        ("del", [rule]) => RuleAction::Delete(number(RULE, rule)?),
        ("delset", []) => RuleAction::DeleteSet,
        ("show", []) => RuleAction::Show(None),
        ("show", [rule]) => RuleAction::Show(Some(number(RULE, rule)?)),
        ("showsets", []) => RuleAction::ShowSets,
        ("add" | "apply" | "applyset" | "del" | "delset" | "show" | "showsets", _) => {
            return Err(Failure::Usage);
        }
        _ => {
            let verbs = DEVFS.verbs.iter().flat_map(|verb| verb.verbs);
            let hint = hint(nearest(verb.as_str(), verbs.map(|verb| verb.name)));
            return Err(failed(format_args!("unknown command: {verb}{hint}")));
        }
    };
    Ok(Action::Rule(ruleset, action))
}

/// Carries out `devfs rule`.
fn rule(
    mount_point: Option<&Path>,
    ruleset: Option<u16>,
    action: RuleAction,
) -> Result<(), Failure> {
    let jail = mount_point.map(|_| meant(RULE, mount_point)).transpose()?;
    let current = jail.as_ref().and_then(|(_, jail)| Some(jail.dev.as_ref()?.ruleset));
    // As on FreeBSD: that of the mount point. The host's /dev has 0, which has no rules.
    let set = ruleset.or(current).unwrap_or(0);
    // No change of another command is to be lost. Before the first jail there is nothing to lock.
    let registry = Registry::open().ok();
    let locked = registry.as_ref().and_then(|registry| registry.changing().ok());
    let mut all = rulesets().map_err(failed)?;
    match action {
        RuleAction::ShowSets => {
            answer::print(all.numbers().map(|number| format!("{number}\n")).collect::<String>());
            return Ok(());
        }
        RuleAction::Show(wanted) => {
            show(&all, set, wanted);
            return Ok(());
        }
        RuleAction::Apply(_) | RuleAction::ApplySet => {
            drop(locked);
            let (registry, jail) = jail.ok_or_else(|| not_a_jails(RULE))?;
            let renewals = renewals(&all, action, set, current == Some(set))?;
            return renewals
                .iter()
                .try_for_each(|renewal| devices::renew(&registry, &jail, renewal))
                .map_err(failed);
        }
        RuleAction::Add(words) => {
            for words in lines(words)? {
                let (number, rule) = rule_of(&words)?;
                all.add(set, number, rule).map_err(failed)?;
            }
        }
        RuleAction::Delete(number) => {
            if !all.remove(set, number) {
                return Err(failed("ioctl DEVFSIO_RDEL: No such file or directory"));
            }
        }
        RuleAction::DeleteSet => all.clear(set),
    }
    devices::keep(Some(&all))
        .map_err(|error| failed(format_args!("{}: {}", devfs::KEPT_FILE, strerror::of(&error))))
}

/// What `apply` and `applyset` do to the /dev of a jail, whose own ruleset `set` may be.
fn renewals(
    all: &Rulesets,
    action: RuleAction,
    set: u16,
    is_current: bool,
) -> Result<Vec<Renewal>, Failure> {
    let RuleAction::Apply(words) = action else {
        if is_current {
            return Ok(vec![Renewal::Rules]);
        }
        if !all.exists(set) {
            return Err(failed(format_args!("no ruleset {set}; add it to /etc/devfs.rules")));
        }
        return Ok(vec![Renewal::Apply(Beside::Ruleset(set))]);
    };
    if let [word] = words.as_slice()
        && let Ok(number) = number(RULE, word)
    {
        let mut rules = all.rules(set);
        let found = rules.find(|(known, _)| *known == number);
        let missing = || failed("ioctl DEVFSIO_RAPPLYID: No such file or directory");
        return Ok(vec![Renewal::Apply(Beside::Rule(found.ok_or_else(missing)?.1.clone()))]);
    }
    let rules = lines(words)?;
    rules.iter().map(|words| Ok(Renewal::Apply(Beside::Rule(rule_of(words)?.1)))).collect()
}

/// Prints the rules of a ruleset, or the one that is `wanted`.
fn show(all: &Rulesets, set: u16, wanted: Option<u16>) {
    let accounts = accounts();
    let rules = all.rules(set).filter(|(number, _)| wanted.is_none_or(|rule| rule == *number));
    let lines = rules.map(|(number, rule)| format!("{number} {}\n", rule.show(&accounts)));
    answer::print(lines.collect::<String>());
}

/// Shows all jails that run the devices that have come to the host since, and takes away those that
/// have gone.
fn update() -> Result<(), Failure> {
    let because = |error: &dyn Display| Failure::Because("devfs", error.to_string());
    let registry = Registry::open().map_err(|error| because(&error))?;
    let failed =
        devices::renew_all(&registry, &Renewal::Devices).map_err(|error| because(&error))?;
    match failed.split_last() {
        None => Ok(()),
        Some(((jail, error), others)) => {
            for (jail, error) in others {
                complain!("devfs: {jail}: {error}");
            }
            Err(because(&format_args!("{jail}: {error}")))
        }
    }
}

/// The jail whose /dev is at this mount point of the host.
fn meant(program: &'static str, mount_point: Option<&Path>) -> Result<(Registry, Record), Failure> {
    let path = mount_point.ok_or_else(|| not_a_jails(program))?;
    let because = |error: prison::Error| Failure::Because(program, error.to_string());
    let registry = Registry::open().map_err(because)?;
    let real = |path: &Path| fs::canonicalize(path).unwrap_or_else(|_| path.to_owned());
    let wanted = real(path);
    let mut running = registry.prisons().map_err(because)?.into_iter();
    let found = running
        .find(|record| record.dev.is_some() && real(&record.path).join("dev") == wanted)
        .ok_or_else(|| {
            let why = "not the /dev of a jail that runs; name it as PATH/dev";
            Failure::Because(program, format!("{}: {why}", path.display()))
        })?;
    Ok((registry, found))
}

fn not_a_jails(program: &'static str) -> Failure {
    let why = "/dev: the host's is not a devfs; name a jail's with -m PATH/dev";
    Failure::Because(program, why.to_owned())
}

/// The rules that these words are: one, or for `-` those of standard input, a line each.
fn lines(words: Vec<Vec<u8>>) -> Result<Vec<Vec<Vec<u8>>>, Failure> {
    if words != [b"-"] {
        return Ok(vec![words]);
    }
    let text = io::read_to_string(io::stdin().lock())
        .map_err(|error| failed(format_args!("stdin: {}", strerror::of(&error))))?;
    let words = |line: &str| line.split_whitespace().map(|word| word.as_bytes().to_vec()).collect();
    Ok(text.lines().map(words).filter(|words: &Vec<_>| !words.is_empty()).collect())
}

fn rule_of(words: &[Vec<u8>]) -> Result<(Option<u16>, Rule), Failure> {
    // A rule is a line where it is kept.
    if words.iter().any(|word| word.contains(&b'\n')) {
        return Err(failed("a rule cannot have a line end in it"));
    }
    Rule::parse(words, &accounts()).map_err(failed)
}

fn next<'a>(parser: &'a mut Parser) -> Result<Option<Arg<'a>>, Failure> {
    parser.next().map_err(|_| Failure::Usage)
}

/// The rest of the command line, in which nothing is an option.
fn rest(parser: &mut Parser) -> Result<Vec<Vec<u8>>, Failure> {
    let words = parser.raw_args().map_err(|_| Failure::Usage)?;
    Ok(words.map(OsString::into_vec).collect())
}

fn number(program: &'static str, text: &[u8]) -> Result<u16, Failure> {
    let number = str::from_utf8(text).ok().and_then(|digits| digits.parse().ok());
    number.ok_or_else(|| {
        let text = String::from_utf8_lossy(text);
        Failure::Because(program, format!("error converting to number: {text}"))
    })
}
