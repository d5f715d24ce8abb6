//! The command line of jail(8): which of the five styles it has, and what it asks for.

use super::text;
use crate::cli::elsewhere::instead;
use jailparam::{Parameter, param};
use lifecycle::Verbosity;
use lifecycle::run::{Operation, Request, Target};
use std::ffi::{OsStr, OsString};
use std::net::Ipv6Addr;
use std::os::unix::ffi::{OsStrExt, OsStringExt};
use std::path::{Path, PathBuf};

/// Why the command line is refused: the usage is shown, or one line.
#[derive(Debug, PartialEq, Eq)]
pub(crate) enum Wrong {
    Usage,
    Line(String),
}

/// How a plan is printed.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Form {
    /// For people.
    Text,
    /// For programs.
    Json,
}

/// The command line.
#[derive(Debug, PartialEq, Eq)]
pub(crate) struct Options {
    /// What is to be done. With a `separator` nothing is done: jails are only printed.
    pub(crate) request: Request,
    /// `-e`: all configured jails are printed, with this text between their parameters.
    pub(crate) separator: Option<OsString>,
    /// Whether the jail is described by the four words of FreeBSD 4: path, host name, addresses,
    /// command.
    pub(crate) old_form: bool,
    file: Option<PathBuf>,
    pub(crate) verbosity: Verbosity,
    pub(crate) prints_jid: bool,
    /// `-J`
    pub(crate) jid_file: Option<PathBuf>,
    /// `--plan`: nothing is done, and what would be done is printed in this form.
    pub(crate) plan: Option<Form>,
}

impl Options {
    /// Reads the command line.
    ///
    /// # Errors
    /// The command line makes no sense.
    pub(crate) fn parse(arguments: Vec<OsString>) -> Result<Self, Wrong> {
        use lexopt::prelude::*;
        let mut parser = lexopt::Parser::from_args(as_getopt(arguments));
        let mut found = Found::default();
        while let Some(argument) = parser.next().map_err(|_| Wrong::Usage)? {
            match argument {
                Value(first) => {
                    found.words = vec![first];
                    // As with getopt(3), nothing after the first word is an option.
                    found.words.extend(parser.raw_args().map_err(|_| Wrong::Usage)?);
                }
                Short(letter) if takes_value(letter) => {
                    found.take(letter, parser.value().map_err(|_| Wrong::Usage)?)?;
                }
                Short(letter) => found.note(letter)?,
                Long("plan") => {
                    let form = parser.optional_value();
                    found.plan = Some(match form.as_ref().map(|form| form.as_bytes()) {
                        None => Form::Text,
                        Some(b"json") => Form::Json,
                        Some(_) => return Err(Wrong::Usage),
                    });
                }
                Long(_) => return Err(Wrong::Usage),
            }
        }
        found.decide()
    }

    /// Answers the file of `-f`.
    pub(crate) fn named_file(&self) -> Option<&Path> {
        self.file.as_deref()
    }
}

/// Whether an option of one letter has a value.
fn takes_value(letter: char) -> bool {
    matches!(letter, 'e' | 'f' | 'J' | 'n' | 'p' | 's' | 'u' | 'U')
}

/// Doubles the `=` of a value that touches its letter: to getopt(3) it belongs to the value, so
/// that `-e=` has parameters parted by `=`; lexopt takes one away.
fn as_getopt(mut arguments: Vec<OsString>) -> Vec<OsString> {
    let mut at = 0;
    while let Some(argument) = arguments.get(at) {
        let word = argument.as_bytes();
        if !word.starts_with(b"-") || word == b"-" || word == b"--" {
            break;
        }
        at += 1;
        let letters = if word.starts_with(b"--") { &[] } else { word };
        let Some(letter) = letters.iter().position(|&byte| takes_value(byte.into())) else {
            continue;
        };
        match word.get(letter + 1) {
            Some(b'=') => {
                let doubled = [&word[..=letter], b"=", &word[letter + 1..]].concat();
                arguments[at - 1] = OsString::from_vec(doubled);
            }
            Some(_) => {}
            // The value is the next word.
            None => at += 1,
        }
    }
    arguments
}

/// The options and words that have been read so far.
#[derive(Default)]
#[allow(clippy::struct_excessive_bools)] // each is an option
struct Found {
    /// `-c`
    create: bool,
    /// `-m`
    modify: bool,
    /// `-r`, `-R`
    remove: bool,
    by_force: bool,
    cleans: bool,
    dying: bool,
    prints_jid: bool,
    verbosity: Option<Verbosity>,
    file: Option<PathBuf>,
    jid_file: Option<PathBuf>,
    limit: Option<usize>,
    plan: Option<Form>,
    separator: Option<OsString>,
    /// Parameters that options stand for: `-l` is `exec.clean`.
    parameters: Vec<Vec<u8>>,
    words: Vec<OsString>,
}

impl Found {
    /// Takes an option without a value.
    fn note(&mut self, letter: char) -> Result<(), Wrong> {
        match letter {
            'c' => self.create = true,
            'C' => self.cleans = true,
            'd' => self.dying = true,
            'h' => self.parameters.push(param::IP_HOSTNAME.name.into()),
            // As on FreeBSD, -i implies -q: nothing but the jid is printed.
            'i' => (self.prints_jid, self.verbosity) = (true, Some(Verbosity::Quiet)),
            'l' => self.parameters.push(param::EXEC_CLEAN.name.into()),
            'm' => self.modify = true,
            'q' => self.verbosity = Some(Verbosity::Quiet),
            'r' => self.remove = true,
            'R' => (self.remove, self.by_force) = (true, true),
            'v' => self.verbosity = Some(Verbosity::Verbose),
            _ => return Err(Wrong::Usage),
        }
        Ok(())
    }

    /// Takes an option with a value.
    fn take(&mut self, letter: char, value: OsString) -> Result<(), Wrong> {
        // As in FreeBSD's jail.c, some options are parameters: `-n web name=web` gives
        // one twice, and is refused.
        match letter {
            'e' => self.separator = Some(value),
            'f' => self.file = Some(value.into()),
            'J' => self.jid_file = Some(value.into()),
            'p' => self.limit = limit(&value)?,
            'n' => self.parameters.push(assignment(&param::NAME, &value)),
            's' => self.parameters.push(assignment(&param::SECURELEVEL, &value)),
            _ => {
                self.parameters.push(assignment(&param::EXEC_JAIL_USER, &value));
                let of_system = &param::EXEC_SYSTEM_JAIL_USER;
                self.parameters.push(if letter == 'u' {
                    of_system.name.into()
                } else {
                    assignment(of_system, OsStr::new("false"))
                });
            }
        }
        Ok(())
    }

    /// Finds out which style the command line has, as FreeBSD's `main()` does.
    fn decide(mut self) -> Result<Options, Wrong> {
        let operation = Operation::of(self.create, self.modify, self.remove);
        let separator = self.separator.take();
        // Without -c, -m and -r the line is `-C` alone, `-e`, or the old form.
        let has_none = operation == Operation::Clean && !self.cleans;
        let old_form = has_none && separator.is_none();
        let target = if separator.is_some() {
            check(has_none && self.words.is_empty() && self.plan.is_none())?;
            Target::Named(Vec::new())
        } else if old_form {
            Target::Described(self.old_form()?)
        } else {
            self.target(operation)?
        };
        let Self { by_force, cleans, dying, limit, .. } = self;
        let operation = if old_form { Operation::Create } else { operation };
        Ok(Options {
            request: Request { target, operation, by_force, cleans, dying, limit },
            separator,
            old_form,
            file: self.file,
            verbosity: self.verbosity.unwrap_or(Verbosity::Normal),
            prints_jid: self.prints_jid,
            jid_file: self.jid_file,
            plan: self.plan,
        })
    }

    /// Answers the jails that a command line of the four newer styles names.
    fn target(&mut self, operation: Operation) -> Result<Target, Wrong> {
        let Self { by_force, cleans, .. } = *self;
        let assigns = |word: &OsString| word.as_bytes().contains(&b'=');
        if matches!(operation, Operation::Remove | Operation::Clean) {
            check(self.parameters.is_empty() && !self.words.is_empty())?;
            check(by_force || !self.words.iter().any(assigns))?;
            check(!(by_force && cleans))?;
            return Ok(Target::Named(self.names()));
        }
        // As in FreeBSD's main(), one word without `=` names a jail; anything else is a list of
        // parameters.
        if self.words.len() > 1 || self.words.iter().any(assigns) {
            check(!by_force && !cleans)?;
            let words = std::mem::take(&mut self.words).into_iter().map(OsStringExt::into_vec);
            let words = std::mem::take(&mut self.parameters).into_iter().chain(words);
            return Ok(Target::Described(words.collect()));
        }
        check(!by_force && self.parameters.is_empty())?;
        Ok(Target::Named(self.names()))
    }

    fn names(&self) -> Vec<String> {
        self.words.iter().map(|word| text(word)).collect()
    }

    /// Turns `path hostname ip[,...] command ...` into parameters.
    fn old_form(&mut self) -> Result<Vec<Vec<u8>>, Wrong> {
        if let Some(line) = elsewhere(&self.words) {
            return Err(Wrong::Line(line));
        }
        let mut words = std::mem::take(&mut self.parameters);
        let [path, hostname, addresses, command @ ..] = self.words.as_slice() else {
            return Err(Wrong::Usage);
        };
        check(!command.is_empty() && path.as_bytes().starts_with(b"/"))?;
        words.push(assignment(&param::PATH, path));
        words.push(assignment(&param::HOST_HOSTNAME, hostname));
        for address in text(addresses).split(',').filter(|address| !address.is_empty()) {
            // The list mixes families, and each has a parameter of its own.
            let is_six = address.parse::<Ipv6Addr>().is_ok();
            let parameter = if is_six { param::IP6_ADDR } else { param::IP4_ADDR };
            words.push(assignment(&parameter, OsStr::new(address)));
        }
        words.push(param::COMMAND.name.into());
        words.extend(command.iter().map(|word| word.as_bytes().to_vec()));
        Ok(words)
    }
}

/// Says what to type instead of a word of another program, or of a jail's name alone.
fn elsewhere(words: &[OsString]) -> Option<String> {
    let first = words.first()?.to_str()?;
    if let Some(instead) = instead(first, words.get(1).and_then(|word| word.to_str())) {
        return Some(format!("{first}: no word of jail(8); {instead}"));
    }
    let is_name = words.len() == 1 && !first.contains('/');
    is_name.then(|| {
        format!("{first}: nothing to do; jail -c {first} starts it, jail -r {first} stops it")
    })
}

fn check(makes_sense: bool) -> Result<(), Wrong> {
    if makes_sense { Ok(()) } else { Err(Wrong::Usage) }
}

fn assignment(parameter: &Parameter, value: &OsStr) -> Vec<u8> {
    [parameter.name.as_bytes(), b"=", value.as_bytes()].concat()
}

/// Reads the limit of `-p`; 0 is no limit.
fn limit(limit: &OsStr) -> Result<Option<usize>, Wrong> {
    match limit.to_str().map(str::parse) {
        Some(Ok(limit)) => Ok((limit > 0).then_some(limit)),
        // FreeBSD takes a word for 0, which is no limit, and says nothing.
        _ => Err(Wrong::Line(format!("-p {}: not a number", text(limit)))),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn parse(line: &str) -> Result<Options, Wrong> {
        Options::parse(
            line.split(' ').filter(|word| !word.is_empty()).map(OsString::from).collect(),
        )
    }

    /// The target in short: `words…`, `[name …]`, or `usage`.
    fn target(line: &str) -> String {
        match parse(line) {
            Err(Wrong::Usage) => "usage".into(),
            Err(Wrong::Line(line)) => line,
            Ok(Options { separator: Some(separator), .. }) => format!("print {separator:?}"),
            Ok(Options { request: Request { target: Target::Named(names), .. }, .. }) => {
                format!("{names:?}")
            }
            Ok(Options { request: Request { target: Target::Described(words), .. }, .. }) => {
                let words = words.iter().map(|word| String::from_utf8_lossy(word).into_owned());
                words.collect::<Vec<_>>().join(" ")
            }
        }
    }

    #[test]
    #[rustfmt::skip]
    fn styles() {
        // FreeBSD's main() decides so.
        for (line, want) in [
            ("-c",                             "[]"),
            ("-c web",                         "[\"web\"]"),
            ("-c a b",                         "a b"),                 // two words are parameters
            ("-c persist=1",                   "persist=1"),
            ("-mr name=web persist",           "name=web persist"),
            ("-rc",                            "[]"),
            ("-c -l -u bob path=/",            "exec.clean exec.jail_user=bob exec.system_jail_user path=/"),
            ("-c -U bob path=/",               "exec.jail_user=bob exec.system_jail_user=false path=/"),
            ("-c -n web -s 1 -h path=/",       "name=web securelevel=1 ip_hostname path=/"),
            ("-c path=/ command=ls -l",        "path=/ command=ls -l"), // not the option
            ("-cl",                            "usage"),                // a parameter and no jail
            ("-r",                             "usage"),
            ("-r a b",                         "[\"a\", \"b\"]"),
            ("-r a=b",                         "usage"),
            ("-R a=b",                         "[\"a=b\"]"),
            ("-rl a",                          "usage"),
            ("-Rc a",                          "usage"),
            ("-Rc a=b",                        "usage"),
            ("-C web",                         "[\"web\"]"),
            ("-cC",                            "[]"),
            ("-cC a=b",                        "usage"),
            ("-RC a",                          "usage"),
            ("-e ,",                           "print \",\""),
            ("-e=",                            "print \"=\""),          // as to getopt(3)
            ("-f=web.conf -e=,",               "print \"=,\""),
            ("-e , web",                       "usage"),
            ("-ce ,",                          "usage"),
            ("/a host 10.0.0.1,::1 ls -l",     "path=/a host.hostname=host ip4.addr=10.0.0.1 ip6.addr=::1 command ls -l"),
            ("-l /a host 10.0.0.1 ls",         "exec.clean path=/a host.hostname=host ip4.addr=10.0.0.1 command ls"),
            ("a host 10.0.0.1 ls",             "usage"),                // no path
            ("/a host 10.0.0.1",               "usage"),
            ("/a",                             "usage"),
            ("start web",                      "start: no word of jail(8); jail -c web or service jail start web"),
            ("ls",                             "ls: no word of jail(8); jls lists the jails that run"),
            ("exec web sh",                    "exec: no word of jail(8); jexec web"),
            ("stop",                           "stop: no word of jail(8); jail -r NAME or service jail stop NAME"),
            ("-v web",                         "web: nothing to do; jail -c web starts it, jail -r web stops it"),
            ("",                               "usage"),
            ("-p x -c",                        "-p x: not a number"),
            ("-p -1 -c",                       "-p -1: not a number"),
            ("-p 0 -c",                        "[]"),
            ("-x",                             "usage"),
            ("--help",                         "usage"),
            ("--plan -c web",                  "[\"web\"]"),
            ("--plan=json -rc",                "[]"),
            ("--plan -c path=/ persist",       "path=/ persist"),
            ("--plan=xml -c web",              "usage"),
            ("--plan -e ,",                    "usage"),
        ] {
            assert_eq!(target(line), want, "{line}");
        }
    }

    #[test]
    fn an_empty_address_is_none() {
        let words = ["/a", "host", "", "ls"].map(OsString::from).to_vec();
        let want =
            ["path=/a", "host.hostname=host", "command", "ls"].map(|word| word.as_bytes().to_vec());
        let target = Target::Described(want.to_vec());
        let parsed =
            Options::parse(words).map(|options| (options.request.target, options.old_form));
        assert_eq!(parsed, Ok((target, true)));
    }
}
