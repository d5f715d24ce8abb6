//! sysrc(8): shows and changes variables of rc.conf(5), and nothing else in its files.
//!
//! Options, output and exit statuses are those of FreeBSD's usr.sbin/sysrc/sysrc, version 7. There
//! are three differences. A file is read and never executed, so a file that contains more than
//! assignments is an error. `-R` runs nothing in the tree. `-L` and `-X` are not supported.

mod session;

use crate::cli::answer;
use crate::cli::programs;
use std::ffi::OsString;
use std::os::unix::ffi::OsStrExt;
use std::path::Path;
use std::process::ExitCode;

use conffile::Tree;
use lexopt::{Arg, Parser};
use rc::{Selection, Settings};

use crate::cli::answer::reason;
use crate::cli::grammar::boot::SYSRC;
use crate::cli::help::usage;
use session::Session;

/// The path of this program inside a jail.
const IN_JAIL: &str = "/run/kletka/jail/sysrc";

/// Runs the applet.
pub(crate) fn run(arguments: Vec<OsString>) -> ExitCode {
    let options = match Options::parse(arguments) {
        Ok(options) => options,
        Err(Refusal::Usage) => return usage(&SYSRC),
        Err(Refusal::Said(text)) => return answer::fail("sysrc", text),
    };
    match &options.jail {
        Some(jail) => in_jail(jail, &options),
        None => here(&options),
    }
}

/// What the command line asks for.
#[derive(Debug, Default)]
#[allow(clippy::struct_excessive_bools)] // each is an option
struct Options {
    /// `-a` or `-A`: all variables. With `-A` those of the defaults are shown, too.
    all: Option<WithDefaults>,
    check: bool,
    describe: bool,
    defaults_only: bool,
    equals: bool,
    show_file: bool,
    ignore_unknown: bool,
    jail: Option<OsString>,
    list: bool,
    no_name: bool,
    no_value: bool,
    quiet: bool,
    root: Option<OsString>,
    verbose: bool,
    delete: bool,
    selection: Selection,
    words: Vec<Vec<u8>>,
    /// The words that a sysrc in a jail is given: all but `-j` and `-R`.
    arguments: Vec<OsString>,
}

type WithDefaults = bool;

/// Why nothing is done.
enum Refusal {
    /// The usage is shown.
    Usage,
    /// This message is shown.
    Said(String),
}

impl Options {
    fn parse(arguments: Vec<OsString>) -> Result<Self, Refusal> {
        let mut options = Self::default();
        options.selection.defaults = environment("RC_DEFAULTS");
        let confs = environment("RC_CONFS");
        // A list of words, as FreeBSD's script has the shell split it.
        let split = |text: String| text.split_ascii_whitespace().map(str::to_owned).collect();
        options.selection.files = confs.map(split);
        let mut parser = Parser::from_args(arguments);
        while let Some(argument) = parser.next().map_err(|_| Refusal::Usage)? {
            match argument {
                Arg::Short(option) => options.take(option, &mut parser)?,
                Arg::Value(word) => {
                    // In the jail the words after `--` are operands as they are here, even if one
                    // begins with a dash.
                    options.arguments.push("--".into());
                    options.word(word);
                    let rest = parser.raw_args().map_err(|_| Refusal::Usage)?;
                    rest.for_each(|word| options.word(word));
                }
                Arg::Long(_) => return Err(Refusal::Usage),
            }
        }
        options.check()?;
        Ok(options)
    }

    fn word(&mut self, word: OsString) {
        self.words.push(word.as_bytes().to_vec());
        self.arguments.push(word);
    }

    fn take(&mut self, option: char, parser: &mut Parser) -> Result<(), Refusal> {
        match option {
            'j' => self.jail = Some(argument(option, parser)?),
            'R' => self.root = Some(argument(option, parser)?),
            _ => {
                self.arguments.push(format!("-{option}").into());
                self.take_inside(option, parser)?;
            }
        }
        Ok(())
    }

    /// Takes an option that a sysrc in a jail is given, too.
    fn take_inside(&mut self, option: char, parser: &mut Parser) -> Result<(), Refusal> {
        match option {
            'a' => self.all = self.all.or(Some(false)),
            'A' => self.all = Some(true),
            'c' => self.check = true,
            'd' => self.describe = true,
            // As in FreeBSD's script, where -D empties the list of files and a later -f adds to it.
            'D' => {
                self.defaults_only = true;
                self.selection.files = Some(Vec::new());
            }
            'e' => self.equals = true,
            'E' => self.selection.existing = true,
            'f' => {
                let file = parser.value().map_err(|_| Refusal::Usage)?;
                self.arguments.push(file.clone());
                self.defaults_only = false;
                let file = utf8(file)?;
                let given = (!file.is_empty()).then_some(file);
                self.selection.files.get_or_insert_default().extend(given);
            }
            'F' => self.show_file = true,
            'i' => self.ignore_unknown = true,
            'l' => self.list = true,
            'n' => self.no_name = true,
            'N' => self.no_value = true,
            'q' => (self.quiet, self.verbose) = (true, false),
            's' => {
                let service = argument(option, parser)?;
                self.arguments.push(service.clone());
                self.selection.service = Some(utf8(service)?);
            }
            'v' => (self.verbose, self.quiet) = (true, false),
            'x' => self.delete = true,
            'L' | 'X' => return Err(Refusal::Said(format!("-{option}: not supported"))),
            _ => return Err(Refusal::Usage),
        }
        Ok(())
    }

    /// Refuses what FreeBSD's sysrc refuses before it looks at a file.
    fn check(&mut self) -> Result<(), Refusal> {
        if let Some(word) = self.words.iter().find(|word| !is_name(name_of(word))) {
            let name = String::from_utf8_lossy(name_of(word)).into_owned();
            let why = format!("{name}: name contains characters not allowed in shell");
            return Err(Refusal::Said(why));
        }
        if self.list {
            return if self.words.is_empty() { Ok(()) } else { Err(Refusal::Usage) };
        }
        if self.words.is_empty() && self.all.is_none() {
            return Err(Refusal::Usage);
        }
        let clash =
            |what| Err(Refusal::Said(format!("{what} incompatible with `-a'/`-A' options")));
        if self.all.is_some() && self.delete {
            return clash("`-x' option");
        }
        if self.all.is_some() && self.check {
            return clash("`-c' option");
        }
        // FreeBSD's sysrc ignores -e beside one of these options, and -n beside -N.
        self.equals &= !self.show_file && !self.no_name && !self.no_value;
        self.no_name &= !self.no_value;
        Ok(())
    }
}

/// Reads a variable of the environment as text. An empty one counts as set.
fn environment(name: &str) -> Option<String> {
    std::env::var_os(name).map(|value| value.to_string_lossy().into_owned())
}

/// Reads the argument of an option, which must not be missing or empty.
fn argument(option: char, parser: &mut Parser) -> Result<OsString, Refusal> {
    let value = parser.value().map_err(|_| Refusal::Usage)?;
    if value.is_empty() {
        return Err(Refusal::Said(format!("Missing or null argument to `-{option}' flag")));
    }
    Ok(value)
}

fn utf8(word: OsString) -> Result<String, Refusal> {
    let said = |word: OsString| Refusal::Said(format!("{}: not UTF-8", word.to_string_lossy()));
    word.into_string().map_err(said)
}

/// Answers the name in `name=value`, or in `name` with an operator of sh(1).
fn name_of(word: &[u8]) -> &[u8] {
    let operator = |at: usize| match word[at] {
        b':' => matches!(word.get(at + 1), Some(b'+' | b'=' | b'-')),
        byte => b"%#+=-".contains(&byte),
    };
    let end = (0..word.len()).find(|&at| operator(at));
    &word[..end.unwrap_or(word.len())]
}

fn is_name(name: &[u8]) -> bool {
    name.iter().all(|byte| byte.is_ascii_alphanumeric() || *byte == b'_')
}

/// Runs the same command in the jail, with the rights of the jail's root. The jail may lead any
/// path to another place, which a sysrc on the host must not follow.
fn in_jail(jail: &OsString, options: &Options) -> ExitCode {
    // The host's environment may name files and programs that the jail does not have.
    let mut command = programs::applet("jexec");
    command.arg(jail).arg(IN_JAIL).args(&options.arguments).env_clear();
    for name in ["RC_DEFAULTS", "RC_CONFS"] {
        command.envs(std::env::var_os(name).map(|value| (name, value)));
    }
    programs::become_another("sysrc", command)
}

fn here(options: &Options) -> ExitCode {
    let tree = match &options.root {
        None => Tree::Host,
        Some(root) => match Tree::below(Path::new(root)) {
            Ok(tree) => tree,
            Err(error) => {
                let root = root.to_string_lossy();
                return answer::fail("sysrc", format_args!("{root}: {}", reason(error)));
            }
        },
    };
    let settings = match Settings::load(&tree, &options.selection) {
        Ok(settings) => settings,
        Err(error) => {
            complain!("{error}");
            return answer::fail("sysrc", "Exiting due to previous syntax errors");
        }
    };
    let mut session = Session::new(options, settings);
    let good = session.run();
    answer::print(session.said());
    if good { ExitCode::SUCCESS } else { ExitCode::FAILURE }
}
