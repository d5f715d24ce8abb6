//! devfs(8): shows the rulesets that jails get.
//!
//! On FreeBSD the kernel holds the rulesets, and devfs(8) changes them there. Here the rulesets are
//! the files `/etc/defaults/devfs.rules` and `/etc/devfs.rules`, which are read when a jail starts.

use crate::cli::answer;
use crate::cli::grammar::host::DEVFS;
use crate::cli::help::usage;
use std::ffi::OsString;
use std::process::ExitCode;

use lexopt::{Arg, Parser};
use lifecycle::run::{accounts, rulesets};
use nearest::{hint, nearest};

/// Runs the applet.
pub(crate) fn run(arguments: Vec<OsString>) -> ExitCode {
    match Request::parse(arguments) {
        Ok(request) => request.run(),
        Err(Failure::Usage) => usage(&DEVFS),
        Err(Failure::Because(program, error)) => answer::fail(program, error),
    }
}

/// What to show.
enum Request {
    /// The rules of a ruleset, or one of them.
    Show { ruleset: u16, rule: Option<u16> },
    /// The numbers of all rulesets.
    ShowSets,
}

enum Failure {
    Usage,
    /// The name that devfs(8) begins its message with, and the message.
    Because(&'static str, String),
}

impl Request {
    fn parse(arguments: Vec<OsString>) -> Result<Self, Failure> {
        let mut parser = Parser::from_args(arguments);
        let context = match next(&mut parser)? {
            Some(Arg::Value(word)) => word,
            Some(Arg::Short('m')) => {
                return Err(Failure::Because("devfs", "-m: not supported".to_owned()));
            }
            _ => return Err(Failure::Usage),
        };
        match context.to_str() {
            Some("rule") => Self::parse_rule(&mut parser),
            Some("ruleset") => Err(Failure::Because(
                "devfs",
                "ruleset: not supported; a jail's ruleset is its devfs_ruleset".to_owned(),
            )),
            _ => {
                let word = context.to_string_lossy();
                let hint = hint(nearest(&word, DEVFS.verbs.iter().map(|verb| verb.name)));
                Err(Failure::Because("devfs", format!("unknown command: {word}{hint}")))
            }
        }
    }

    fn parse_rule(parser: &mut Parser) -> Result<Self, Failure> {
        let failed = |text| Failure::Because("devfs rule", text);
        // As on FreeBSD, ruleset 0 is the default. It has no rules.
        let mut ruleset = 0;
        let verb = loop {
            match next(parser)? {
                Some(Arg::Short('s')) => {
                    let value = parser.value().map_err(|error| failed(error.to_string()))?;
                    ruleset = number(&value.to_string_lossy())?;
                }
                Some(Arg::Value(word)) => break word.to_string_lossy().into_owned(),
                _ => return Err(Failure::Usage),
            }
        };
        let operand = match next(parser)? {
            None => None,
            Some(Arg::Value(word)) => Some(word.to_string_lossy().into_owned()),
            Some(_) => return Err(Failure::Usage),
        };
        match (verb.as_str(), operand) {
            ("showsets", None) => Ok(Self::ShowSets),
            ("show", operand) => {
                Ok(Self::Show { ruleset, rule: operand.as_deref().map(number).transpose()? })
            }
            ("showsets", Some(_)) => Err(Failure::Usage),
            ("add" | "apply" | "applyset" | "del" | "delset", _) => {
                Err(failed(format!("{verb}: not supported; write the rules into /etc/devfs.rules")))
            }
            _ => {
                let hint = hint(nearest(verb.as_str(), ["show", "showsets"]));
                Err(failed(format!("unknown command: {verb}{hint}")))
            }
        }
    }

    fn run(self) -> ExitCode {
        let rulesets = match rulesets() {
            Ok(rulesets) => rulesets,
            Err(error) => return answer::fail("devfs rule", error),
        };
        let text: String = match self {
            Self::ShowSets => rulesets.numbers().map(|number| format!("{number}\n")).collect(),
            Self::Show { ruleset, rule: wanted } => {
                let accounts = accounts();
                let rules = rulesets.rules(ruleset);
                let wanted = rules.filter(|(number, _)| wanted.is_none_or(|rule| rule == *number));
                wanted
                    .map(|(number, rule)| format!("{number} {}\n", rule.show(&accounts)))
                    .collect()
            }
        };
        answer::print(text);
        ExitCode::SUCCESS
    }
}

fn next<'a>(parser: &'a mut Parser) -> Result<Option<Arg<'a>>, Failure> {
    parser.next().map_err(|_| Failure::Usage)
}

fn number(text: &str) -> Result<u16, Failure> {
    text.parse()
        .map_err(|_| Failure::Because("devfs rule", format!("error converting to number: {text}")))
}
