//! `kletka install`: installs the running binary and everything that belongs to it below a prefix.
//!
//! [`layout`] lists the files and links. Three directories have the names of applets: `bin`, in
//! everybody's PATH; `libexec/kletka/bin`, first in the PATH of hooks on the host; and
//! `libexec/kletka/jail`, for the inside of jails, where all of `libexec/kletka` is mounted
//! read-only. A file is replaced by rename ([`replace`]), so that a program that runs meanwhile
//! finds the old file or the new one.
//!
//! A list below the prefix names what was put there ([`installed`]): a newer kletka takes away what
//! is no longer in its layout, and `--remove` takes away all of it ([`remove`]). A package has no
//! list, because its package manager keeps one.

mod boot;
mod error;
mod freebsd_paths;
mod installed;
mod layout;
mod remove;
mod replace;

use crate::cli::answer;
use crate::cli::applet::{Applet, Place};
use crate::cli::grammar::own::INSTALL;
use crate::cli::help::usage;
use error::Error;
use installed::{Installed, Kind, LIST};
use layout::{BINARY, files, links};
use remove::Removed;
use replace::{Link, link, put};
use std::ffi::{OsStr, OsString};
use std::fs::{self, File};
use std::io::{self, Read};
use std::path::{Path, PathBuf};
use std::process::ExitCode;

/// Runs the applet. `applets` are the applets to be installed.
pub(crate) fn run(arguments: Vec<OsString>, applets: &[Applet]) -> ExitCode {
    let done = Options::parse(arguments).and_then(|options| match options.remove {
        true => remove(&options, applets),
        false => {
            let mut done = Vec::new();
            let result = install(&options, applets, &mut done);
            // After a failure, too: what has been changed by then stays.
            report(&options, &done, result.is_ok());
            result.and_then(|()| link_freebsd_paths(&options, applets))
        }
    });
    match done {
        Ok(()) => ExitCode::SUCCESS,
        Err(Error::Usage(problem)) => {
            complain!("kletka: install: {problem}");
            usage(&INSTALL)
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
    /// Takes away instead of installing.
    remove: bool,
    /// Makes links where FreeBSD has the programs.
    freebsd_paths: bool,
}

impl Options {
    fn parse(arguments: Vec<OsString>) -> Result<Self, Error> {
        use lexopt::prelude::*;
        let (mut prefix, mut destdir) = (None, None);
        let (mut remove, mut freebsd_paths) = (false, false);
        let mut parser = lexopt::Parser::from_args(arguments);
        while let Some(argument) = parser.next()? {
            match argument {
                Long("prefix") => prefix = Some(PathBuf::from(parser.value()?)),
                Long("destdir") => destdir = Some(PathBuf::from(parser.value()?)),
                Long("remove") => remove = true,
                Long("freebsd-paths") => freebsd_paths = true,
                other => return Err(other.unexpected().into()),
            }
        }
        if remove && destdir.is_some() {
            return Err(Error::Usage("--destdir is for installing".to_owned()));
        }
        if freebsd_paths && (remove || destdir.is_some()) {
            let problem =
                "--freebsd-paths is for installing on this machine; --remove takes the links away";
            return Err(Error::Usage(problem.to_owned()));
        }
        match prefix.or_else(|| remove.then(own_prefix).flatten()) {
            Some(prefix) if prefix.is_absolute() => {
                Ok(Self { prefix, destdir, remove, freebsd_paths })
            }
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

/// The list of the files of the running program, and the command that removes them: ours, or that
/// of Debian's package.
pub(super) fn list() -> Option<(PathBuf, &'static str)> {
    let own = own_prefix().map(|prefix| (prefix.join(LIST), "kletka install --remove"));
    let package = (PathBuf::from("/var/lib/dpkg/info/kletka.list"), "apt-get purge kletka");
    own.into_iter().chain([package]).find(|(list, _)| list.is_file())
}

/// The prefix below which the running program is installed.
fn own_prefix() -> Option<PathBuf> {
    let program = fs::read_link("/proc/self/exe").ok()?;
    let prefix = program.ancestors().nth(BINARY.split('/').count())?;
    (program == prefix.join(BINARY)).then(|| prefix.to_owned())
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
    let old = Installed::read(&top)?;
    let new = layout(applets, &options.prefix, &top, &old);
    if options.destdir.is_none() {
        // Written before the files are: an interruption leaves none that no list names.
        let mut both = new.clone();
        both.join(&old);
        both.write(&top)?;
    }
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
    if options.destdir.is_none() {
        for path in remove::outdated(&top, &old, &new)? {
            done.push(format!("{path}: removed"));
        }
        new.write(&top)?;
    }
    Ok(())
}

/// Lists what is to be below `top`. Directories that an `old` list has were made by kletka then.
fn layout(applets: &[Applet], prefix: &Path, top: &Path, old: &Installed) -> Installed {
    let mut list = Installed::default();
    list.add(top, LIST, Kind::File);
    list.add(top, BINARY, Kind::File);
    for file in files(applets, prefix) {
        list.add(top, &file.path, Kind::File);
    }
    for link in links(applets, prefix) {
        list.add(top, &link.path, Kind::Link);
    }
    list.join_directories(old);
    list
}

/// Prints what was changed and what comes next, or that nothing had to be changed.
fn report(options: &Options, done: &[String], complete: bool) {
    let top = options.top();
    for line in done {
        answer::print(format!("{}\n", top.join(line).display()));
    }
    if complete && done.is_empty() {
        answer::print(format!("{}: up to date\n", top.display()));
    } else if complete && options.destdir.is_none() {
        answer::print(next(&options.prefix, std::env::var_os("PATH").as_deref()));
    }
}

/// Says what comes after an installation, for an administrator with this PATH.
fn next(prefix: &Path, path: Option<&OsStr>) -> String {
    let bin = prefix.join(Place::Everywhere.directory());
    let is_found = path.is_some_and(|path| std::env::split_paths(path).any(|each| each == bin));
    let path = if is_found { String::new() } else { format!("    PATH={}:$PATH\n", bin.display()) };
    format!(
        "\nkletka {} is installed below {}. Next:\n{path}    \
         kletka doctor               # can jails run on this machine?\n    \
         kletka help                 # all commands; {} begins at the beginning\n    \
         kletka service jail enable  # start the jails of /etc/rc.conf with the machine\n",
        env!("CARGO_PKG_VERSION"),
        prefix.display(),
        prefix.join("share/doc/kletka/README.md").display(),
    )
}

/// Makes the links that were asked for, and prints them and the names that are taken.
fn link_freebsd_paths(options: &Options, applets: &[Applet]) -> Result<(), Error> {
    if !options.freebsd_paths {
        return Ok(());
    }
    let linked = freebsd_paths::make(applets, &options.prefix)?;
    let binary = options.prefix.join(BINARY);
    for path in &linked.made {
        answer::print(format!("{} -> {}\n", path.display(), binary.display()));
    }
    for path in &linked.strange {
        answer::print(format!("{}: not kletka's, stays\n", path.display()));
    }
    Ok(())
}

/// Takes away what was installed, and prints what is gone and what stays.
fn remove(options: &Options, applets: &[Applet]) -> Result<(), Error> {
    let (top, mut removed) = (options.top(), Removed::default());
    remove::refuse_running()?;
    let elsewhere = freebsd_paths::made(applets, &options.prefix);
    let result = remove::links(&elsewhere, &mut removed)
        .and_then(|()| remove::disable(&options.prefix, &mut removed))
        .and_then(|()| remove::remove(&top, &mut removed));
    for path in &removed.gone {
        answer::print(format!("{}: removed\n", path.display()));
    }
    for path in &removed.strange {
        answer::print(format!("{}: not kletka's, stays\n", path.display()));
    }
    result?;
    if removed.gone.is_empty() {
        answer::print(format!("{}: nothing that kletka install has put there\n", top.display()));
    } else {
        answer::print("\nThe directories of jails, and files in /etc, are yours and stay.\n");
    }
    Ok(())
}

/// Refuses to replace a program of another origin that has one of our names.
fn refuse_strangers(path: &Path) -> Result<(), Error> {
    let is_missing =
        || path.symlink_metadata().is_err_and(|error| error.kind() == io::ErrorKind::NotFound);
    if remove::is_link(path) || is_missing() {
        Ok(())
    } else {
        Err(Error::Stranger(path.to_owned()))
    }
}

#[cfg(test)]
mod tests;
