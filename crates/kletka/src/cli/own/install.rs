//! `kletka install`: installs the running binary and everything that belongs to it below a prefix.
//!
//! [`layout`] lists the files and links. Three directories have the names of applets: `bin`, in
//! everybody's PATH; `libexec/kletka/bin`, first in the PATH of hooks on the host; and
//! `libexec/kletka/jail`, for the inside of jails, where all of `libexec/kletka` is mounted
//! read-only. A file is replaced by rename ([`replace`]), so that a program that runs meanwhile
//! finds the old file or the new one.

mod boot;
mod error;
mod layout;
mod replace;

use crate::cli::answer;
use crate::cli::applet::Applet;
use error::Error;
use layout::{BINARY, files, links};
use replace::{Link, link, put};
use std::ffi::OsString;
use std::fs::{self, File};
use std::io::{self, Read};
use std::path::{Path, PathBuf};
use std::process::ExitCode;

const USAGE: &str = "usage: kletka install --prefix DIR [--destdir DIR]";

/// Runs the applet. `applets` are the applets to be installed.
pub(crate) fn run(arguments: Vec<OsString>, applets: &[Applet]) -> ExitCode {
    let installed = Options::parse(arguments).and_then(|options| {
        let mut done = Vec::new();
        let result = install(&options, applets, &mut done);
        // After a failure, too: what has been changed by then stays.
        report(&options, &done, result.is_ok());
        result
    });
    match installed {
        Ok(()) => ExitCode::SUCCESS,
        Err(Error::Usage(problem)) => {
            answer::fail("kletka: install", format_args!("{problem}\n{USAGE}"))
        }
        Err(error) => answer::fail("kletka: install", error),
    }
}

/// The command line.
#[derive(Debug, PartialEq, Eq)]
struct Options {
    /// The directory below which the files will be found: an absolute path.
    prefix: PathBuf,
    /// The directory below which the prefix is made, as for building a package.
    destdir: Option<PathBuf>,
}

impl Options {
    fn parse(arguments: Vec<OsString>) -> Result<Self, Error> {
        use lexopt::prelude::*;
        let (mut prefix, mut destdir) = (None, None);
        let mut parser = lexopt::Parser::from_args(arguments);
        while let Some(argument) = parser.next()? {
            match argument {
                Long("prefix") => prefix = Some(PathBuf::from(parser.value()?)),
                Long("destdir") => destdir = Some(PathBuf::from(parser.value()?)),
                other => return Err(other.unexpected().into()),
            }
        }
        match prefix {
            Some(prefix) if prefix.is_absolute() => Ok(Self { prefix, destdir }),
            Some(_) => Err(Error::Usage("the prefix must be an absolute path".to_owned())),
            None => Err(Error::Usage("no prefix given".to_owned())),
        }
    }

    /// Answers the directory below which everything is put.
    fn top(&self) -> PathBuf {
        match &self.destdir {
            Some(destdir) => destdir.join(self.prefix.strip_prefix("/").unwrap_or(&self.prefix)),
            None => self.prefix.clone(),
        }
    }
}

/// Makes the layout, and notes in `done` what had to be changed.
fn install(options: &Options, applets: &[Applet], done: &mut Vec<String>) -> Result<(), Error> {
    let top = options.top();
    // Looked at before anything is changed: if one name is taken, nothing is installed.
    for link in links(applets, &options.prefix) {
        refuse_strangers(&top.join(link.path))?;
    }
    // By this name the kernel opens the running program, even if its file has been replaced
    // meanwhile.
    let running = Path::new("/proc/self/exe");
    let mut binary = Vec::new();
    File::open(running)
        .and_then(|mut file| file.read_to_end(&mut binary))
        .map_err(Error::io("cannot read", running))?;
    // The links come last, so that none leads to a file that is not there yet.
    if put(&top.join(BINARY), 0o755, &binary)? {
        done.push(BINARY.to_owned());
    }
    for file in files(applets, &options.prefix) {
        if put(&top.join(&file.path), file.mode, file.text.as_bytes())? {
            done.push(file.path);
        }
    }
    for Link { path, to } in links(applets, &options.prefix) {
        if link(&top.join(&path), Path::new(to))? {
            done.push(format!("{path} -> {to}"));
        }
    }
    Ok(())
}

/// Prints what was changed, or that nothing had to be changed.
fn report(options: &Options, done: &[String], complete: bool) {
    let top = options.top();
    for line in done {
        answer::print(format!("{}\n", top.join(line).display()));
    }
    if complete && done.is_empty() {
        answer::print(format!("{}: up to date\n", top.display()));
    }
}

/// Refuses to replace a program of another origin that has one of our names.
fn refuse_strangers(path: &Path) -> Result<(), Error> {
    let is_ours = match fs::read_link(path) {
        Ok(to) => to.file_name().is_some_and(|name| name == "kletka"),
        Err(error) => error.kind() == io::ErrorKind::NotFound,
    };
    if is_ours { Ok(()) } else { Err(Error::Stranger(path.to_owned())) }
}

#[cfg(test)]
mod tests;
