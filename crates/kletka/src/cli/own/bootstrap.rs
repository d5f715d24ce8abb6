//! `kletka bootstrap`: makes a base, and the root of a jail from it. The crate `base` makes both;
//! this module reads the command line and prints.

mod progress;

use crate::cli::answer;
use crate::cli::grammar::own::BOOTSTRAP;
use crate::cli::help::usage;
use ::base::{Error as BaseError, Outcome, Recipe, Tree, valid_name};
use progress::{Line, say};
use std::ffi::OsString;
use std::path::{Path, PathBuf};
use std::process::ExitCode;
use std::time::Instant;

/// Where bases are kept.
pub(super) const BASES: &str = "/usr/local/kletka/bases";

/// Runs the applet.
pub(crate) fn run(arguments: Vec<OsString>) -> ExitCode {
    match Options::parse(arguments).and_then(|options| bootstrap(&options)) {
        Ok(()) => ExitCode::SUCCESS,
        Err(Error::Usage(problem)) => {
            complain!("kletka: bootstrap: {problem}");
            usage(&BOOTSTRAP)
        }
        Err(Error::Base(error)) => answer::fail("kletka: bootstrap", error),
    }
}

/// Why the base or the root was not made.
#[derive(Debug)]
enum Error {
    /// The command line makes no sense.
    Usage(String),
    /// The base or the root could not be made.
    Base(BaseError),
}

impl From<lexopt::Error> for Error {
    fn from(error: lexopt::Error) -> Self {
        Self::Usage(error.to_string())
    }
}

impl From<BaseError> for Error {
    fn from(error: BaseError) -> Self {
        match error {
            // Only a word of the command line can be such a name, so the usage is shown.
            BaseError::NotAName(..) => Self::Usage(error.to_string()),
            error => Self::Base(error),
        }
    }
}

/// The command line.
#[derive(Debug, PartialEq, Eq)]
struct Options {
    verbose: bool,
    suite: Option<String>,
    include: Vec<String>,
    bases: PathBuf,
    root: Option<PathBuf>,
    base: String,
}

impl Options {
    fn parse(arguments: Vec<OsString>) -> Result<Self, Error> {
        use lexopt::prelude::*;
        let mut options = Self {
            verbose: false,
            suite: None,
            include: Vec::new(),
            bases: PathBuf::from(BASES),
            root: None,
            base: String::new(),
        };
        let mut base = None;
        let mut parser = lexopt::Parser::from_args(arguments);
        while let Some(argument) = parser.next()? {
            match argument {
                Short('v') => options.verbose = true,
                Long("suite") => {
                    options.suite = Some(valid_name("suite", parser.value()?.string()?)?);
                }
                // mmdebstrap(1) takes these words on its command line: a name with a dash would be
                // an option of its own.
                Long("include") => {
                    for package in parser.value()?.string()?.split(',').filter(|p| !p.is_empty()) {
                        options.include.push(valid_name("package", package.to_owned())?);
                    }
                }
                Long("bases") => options.bases = absolute(parser.value()?)?,
                Long("root") => options.root = Some(absolute(parser.value()?)?),
                Value(name) if base.is_none() => base = Some(valid_name("base", name.string()?)?),
                other => return Err(other.unexpected().into()),
            }
        }
        options.base = base.ok_or_else(|| Error::Usage("no name given for the base".to_owned()))?;
        Ok(options)
    }
}

fn absolute(path: OsString) -> Result<PathBuf, BaseError> {
    std::path::absolute(&path).map_err(|_| BaseError::NotADirectoryName(path.into()))
}

/// Makes the base and the root that `options` ask for. What is there already is left as it is.
fn bootstrap(options: &Options) -> Result<(), Error> {
    let recipe = Recipe {
        name: options.base.clone(),
        suite: options.suite.clone(),
        include: options.include.clone(),
        verbose: options.verbose,
    };
    let path = options.bases.join(&options.base);
    let mut line = Line::new(options.verbose);
    let (base, began) = (Tree::Base(options.base.clone()), Instant::now());
    let seconds = || began.elapsed().as_secs();
    match recipe.provide(&path, &mut line)? {
        Outcome::Made => {
            say(format_args!("{base}: made in {} s: {}", seconds(), path.display()));
        }
        Outcome::Found => say(format_args!("{base}: is there: {}", path.display())),
        // Another bootstrap has made the base while this one waited, and has said so.
        Outcome::FoundLater => {}
    }
    match &options.root {
        Some(root) => Ok(make_root(&options.base, &path, root, &mut line)?),
        None => Ok(()),
    }
}

fn make_root(name: &str, base: &Path, root: &Path, line: &mut Line) -> Result<(), BaseError> {
    let (tree, began) = (Tree::Root(root.to_owned()), Instant::now());
    match base::provide_root((name, base), root, line)? {
        Outcome::Made => {
            say(format_args!("{tree}: made in {} s", began.elapsed().as_secs()));
            let services = base::services(root);
            if !services.is_empty() {
                let words: String =
                    services.iter().map(|name| format!(" {name}_enable=YES")).collect();
                say(format_args!(
                    "{tree}: no service is enabled; to enable all: sysrc -R {}{words}",
                    root.display()
                ));
            }
        }
        Outcome::Found | Outcome::FoundLater => {
            say(format_args!("{tree}: is there, and stays as it is"));
        }
    }
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::*;

    fn parse(line: &str) -> Result<Options, String> {
        Options::parse(line.split_whitespace().map(OsString::from).collect()).map_err(|error| {
            match error {
                Error::Usage(problem) => problem,
                Error::Base(error) => error.to_string(),
            }
        })
    }

    #[test]
    fn command_line() {
        let options =
            parse("-v --suite trixie --include samba,cron --include=nginx --bases /b web");
        assert_eq!(
            options,
            Ok(Options {
                verbose: true,
                suite: Some("trixie".to_owned()),
                include: ["samba", "cron", "nginx"].map(str::to_owned).into(),
                bases: PathBuf::from("/b"),
                root: None,
                base: "web".to_owned(),
            })
        );
        assert_eq!(parse("--root /home/jails/samba base").unwrap().bases, Path::new(BASES));
    }

    #[test]
    #[rustfmt::skip]
    fn command_line_refused() {
        for (line, want) in [
            ("",                         "no name given for the base"),
            ("../etc",                   "\"../etc\" is not the name of a base: use letters, digits and +-._"),
            (".hidden",                  "\".hidden\" is not the name of a base: use letters, digits and +-._"),
            ("one two",                  "unexpected argument \"two\""),
            ("--include samba,--help b", "\"--help\" is not the name of a package: use letters, digits and +-._"),
            ("--suite http://mirror b",  "\"http://mirror\" is not the name of a suite: use letters, digits and +-._"),
            ("--quick b",                "invalid option '--quick'"),
        ] {
            assert_eq!(parse(line).unwrap_err(), want, "{line:?}");
        }
    }
}
