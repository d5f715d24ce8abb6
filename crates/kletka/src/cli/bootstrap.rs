//! `kletka bootstrap`: a Debian base, and a jail's root made from it.
//!
//! A base is a directory tree that jails are made from, as FreeBSD's `base.txz` is. mmdebstrap(1)
//! makes it from the apt sources of the host; it gets `/etc/rc` and `/etc/rc.shutdown`, so that a
//! jail.conf written for FreeBSD starts it. A base is kept: asked for again, it is there. A jail's
//! root is a copy of it, sharing its blocks where the file system can.
//!
//! Both are there completely or not at all ([`partial`]). What is already there is never changed.

mod fit;
mod partial;
mod progress;
mod sources;

use crate::cli::answer;
use std::ffi::OsString;
use std::fmt;
use std::fs;
use std::io;
use std::path::{Path, PathBuf};
use std::process::{Command, ExitCode};
use std::time::Instant;

pub(super) use fit::{RC_FILES, ShippedFile};
use fit::{fit_base, fit_root};
use partial::{Partial, is_empty};
use progress::{Outcome, say, watch};
use sources::Sources;

const USAGE: &str = "usage: kletka bootstrap [-v] [--suite SUITE] [--include PKG[,PKG ...]] \
                     [--bases DIR] [--root DIR] BASE";

/// Where bases are kept.
const BASES: &str = "/usr/local/kletka/bases";

/// What every base has beyond Debian's required packages: ps(1), and the names of services and
/// protocols.
const PACKAGES: [&str; 2] = ["netbase", "procps"];

/// What dpkg(1) leaves out of a base: documentation and translations, a fifth of its size.
const LEFT_OUT: [&str; 6] = [
    "path-exclude=/usr/share/doc/*",
    "path-include=/usr/share/doc/*/copyright",
    "path-exclude=/usr/share/info/*",
    "path-exclude=/usr/share/locale/*",
    "path-include=/usr/share/locale/locale.alias",
    "path-exclude=/usr/share/man/*",
];

/// Runs the applet.
pub(crate) fn run(arguments: Vec<OsString>) -> ExitCode {
    match Options::parse(arguments).and_then(|options| bootstrap(&options)) {
        Ok(()) => ExitCode::SUCCESS,
        Err(Error::Usage(problem)) => {
            answer::fail("kletka: bootstrap", format_args!("{problem}\n{USAGE}"))
        }
        Err(error) => answer::fail("kletka: bootstrap", error),
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
                Long("suite") => options.suite = Some(word("suite", parser.value()?.string()?)?),
                Long("include") => {
                    for package in parser.value()?.string()?.split(',').filter(|p| !p.is_empty()) {
                        options.include.push(word("package", package.to_owned())?);
                    }
                }
                Long("bases") => options.bases = absolute(parser.value()?)?,
                Long("root") => options.root = Some(absolute(parser.value()?)?),
                Value(name) if base.is_none() => base = Some(word("base", name.string()?)?),
                other => return Err(other.unexpected().into()),
            }
        }
        options.base = base.ok_or_else(|| Error::Usage("no name given for the base".to_owned()))?;
        Ok(options)
    }
}

/// A name that is safe as a file name and as an argument of mmdebstrap.
fn word(kind: &str, name: String) -> Result<String, Error> {
    let is_safe = |c: char| c.is_ascii_alphanumeric() || "+-._".contains(c);
    if name.starts_with(|c: char| c.is_ascii_alphanumeric()) && name.chars().all(is_safe) {
        return Ok(name);
    }
    Err(Error::Usage(format!("\"{name}\" is not the name of a {kind}")))
}

fn absolute(path: OsString) -> Result<PathBuf, Error> {
    std::path::absolute(&path).map_err(|_| Error::NotADirectoryName(path.into()))
}

/// Makes what `options` ask for, as far as it is not there.
fn bootstrap(options: &Options) -> Result<(), Error> {
    if !rustix::process::geteuid().is_root() {
        return Err(Error::NotRoot);
    }
    let base = options.bases.join(&options.base);
    if is_empty(&base).map_err(Error::io("cannot read", &base))? {
        make_base(options, &base)?;
    } else {
        check_base(options, &base)?;
        say(format_args!("base {}: is there: {}", options.base, base.display()));
    }
    let Some(root) = &options.root else { return Ok(()) };
    if is_empty(root).map_err(Error::io("cannot read", root))? {
        make_root(options, &base, root)
    } else if has(root, "bin/sh") && has(root, "etc/rc") {
        say(format_args!("root {0}: is there, and stays as it is", root.display()));
        Ok(())
    } else {
        Err(Error::Occupied(root.clone()))
    }
}

/// Is there something at `path` below `root`? The last name may be a link to anywhere.
fn has(root: &Path, path: &str) -> bool {
    root.join(path).symlink_metadata().is_ok()
}

fn make_base(options: &Options, base: &Path) -> Result<(), Error> {
    let began = Instant::now();
    let program = find_mmdebstrap().ok_or(Error::NoMmdebstrap)?;
    let suite = match &options.suite {
        Some(suite) => suite.clone(),
        None => host_suite(&fs::read_to_string("/etc/os-release").unwrap_or_default())?,
    };
    let sources = Sources::read(Path::new("/etc/apt"), &suite)
        .map_err(|(path, error)| Error::io("cannot read", &path)(error))?;
    if sources.is_empty() {
        return Err(Error::NoSource(suite));
    }
    let partial = Partial::begin(base)?;
    if !is_empty(base).map_err(Error::io("cannot read", base))? {
        // Another run made it while this one waited for the lock.
        drop(partial);
        return check_base(options, base);
    }
    let plan = Plan::new(options, &suite, sources, &host_proxies(), partial.path());
    // In a mount namespace of its own: what mmdebstrap mounts goes when it ends, even when it is
    // killed.
    let mut command = Command::new("unshare");
    command.arg("--mount").arg("--").arg(program).args(&plan.arguments);
    let subject = format!("base {}", options.base);
    let first = format!("Debian {suite}, with {}", plan.packages.join(", "));
    run_program("mmdebstrap", &subject, || {
        watch(command, &plan.input, &subject, &first, options.verbose)
    })?;
    fit_base(partial.path())?;
    partial.finish()?;
    let (seconds, path) = (began.elapsed().as_secs(), base.display());
    say(format_args!("{subject}: made in {seconds} s: {path}"));
    Ok(())
}

/// What mmdebstrap is asked for.
#[derive(Debug, PartialEq, Eq)]
struct Plan {
    packages: Vec<String>,
    arguments: Vec<OsString>,
    /// The sources in deb822 form: it reads them on standard input.
    input: String,
}

impl Plan {
    fn new(
        options: &Options,
        suite: &str,
        sources: Sources,
        proxies: &[String],
        target: &Path,
    ) -> Self {
        let mut packages: Vec<String> = PACKAGES.map(str::to_owned).into();
        if sources.over_tls() {
            packages.push("ca-certificates".to_owned());
        }
        packages.extend(options.include.iter().cloned());
        packages.sort();
        packages.dedup();
        let mut arguments: Vec<OsString> =
            ["--mode=root", "--variant=minbase", "--format=directory"].map(OsString::from).into();
        if options.verbose {
            arguments.push("--verbose".into());
        }
        arguments.extend(LEFT_OUT.map(|rule| format!("--dpkgopt={rule}").into()));
        arguments.extend(proxies.iter().map(|setting| format!("--aptopt={setting}").into()));
        arguments.push(format!("--include={}", packages.join(",")).into());
        arguments.extend(["--".into(), suite.into(), target.into()]);
        arguments.extend(sources.lines.into_iter().map(OsString::from));
        if !sources.stanzas.is_empty() {
            arguments.push("-".into());
        }
        Self { packages, arguments, input: sources.stanzas }
    }
}

/// The settings of the host's apt for reaching its mirrors through a proxy: a base needs them as
/// well.
fn host_proxies() -> Vec<String> {
    let dump = Command::new("apt-config").args(["dump", "Acquire"]).output();
    // Without apt-config there is no apt whose settings could matter.
    dump.map(|output| proxies(&String::from_utf8_lossy(&output.stdout))).unwrap_or_default()
}

/// Of a configuration dumped by apt-config(8), the proxies: one line each.
fn proxies(dump: &str) -> Vec<String> {
    let is_proxy = |line: &&str| {
        ["Acquire::http::Proxy", "Acquire::https::Proxy"].iter().any(|key| line.starts_with(key))
            && !line.ends_with(" \"\";")
    };
    dump.lines().filter(is_proxy).map(str::to_owned).collect()
}

/// Where mmdebstrap(1) is, by `PATH` and then where Debian has it.
fn find_mmdebstrap() -> Option<PathBuf> {
    let path = std::env::var_os("PATH").unwrap_or_default();
    let mut directories = std::env::split_paths(&path).chain([PathBuf::from("/usr/bin")]);
    directories.find_map(|d| Some(d.join("mmdebstrap")).filter(|file| file.is_file()))
}

/// The suite of a Debian host, by the text of its os-release(5).
fn host_suite(os_release: &str) -> Result<String, Error> {
    let value = |key: &str| {
        let line = os_release.lines().find_map(|l| l.strip_prefix(key)?.strip_prefix('='));
        line.map(|value| value.trim_matches(['"', '\'']))
    };
    match (value("ID"), value("VERSION_CODENAME")) {
        (Some("debian"), Some(codename)) => word("suite", codename.to_owned()),
        (id, _) => Err(Error::NoSuite(id.unwrap_or("an unknown system").to_owned())),
    }
}

/// Does the base that is there have what `options` ask for?
fn check_base(options: &Options, base: &Path) -> Result<(), Error> {
    let status = base.join("var/lib/dpkg/status");
    let status = fs::read_to_string(&status).map_err(|_| Error::NotABase(base.to_owned()))?;
    if let Some(package) = options.include.iter().find(|package| !is_installed(&status, package)) {
        return Err(Error::Without(base.to_owned(), package.clone()));
    }
    if let Some(suite) = &options.suite {
        let sources = Sources::read(&base.join("etc/apt"), suite)
            .map_err(|(path, error)| Error::io("cannot read", &path)(error))?;
        if sources.is_empty() {
            return Err(Error::OtherSuite(base.to_owned(), suite.clone()));
        }
    }
    Ok(())
}

/// Does dpkg's `status` have `package`, by its own name or as provided by another?
fn is_installed(status: &str, package: &str) -> bool {
    status.split("\n\n").filter(|stanza| stanza.contains("\nStatus: install ok installed")).any(
        |stanza| {
            let of = |key: &str| stanza.lines().find_map(|l| l.strip_prefix(key)).unwrap_or("");
            let provided = of("Provides: ").split(',').filter_map(|p| p.split_whitespace().next());
            of("Package: ") == package || provided.into_iter().any(|name| name == package)
        },
    )
}

fn make_root(options: &Options, base: &Path, root: &Path) -> Result<(), Error> {
    let began = Instant::now();
    let partial = Partial::begin(root)?;
    let mut command = Command::new("cp");
    command.args(["--archive", "--reflink=auto", "--one-file-system", "--"]);
    command.arg(base.join(".")).arg(partial.path());
    let subject = format!("root {}", root.display());
    let first = format!("copying base {}", options.base);
    run_program("cp", &subject, || watch(command, "", &subject, &first, options.verbose))?;
    fit_root(partial.path())?;
    partial.finish()?;
    say(format_args!("{subject}: made in {} s", began.elapsed().as_secs()));
    Ok(())
}

/// Turns a program that could not run, or failed, into an error that says how it ended.
fn run_program(
    program: &'static str,
    subject: &str,
    run: impl FnOnce() -> io::Result<Outcome>,
) -> Result<(), Error> {
    let outcome = run().map_err(Error::io("cannot run", Path::new(program)))?;
    if outcome.status.success() {
        return Ok(());
    }
    let (subject, status) = (subject.to_owned(), outcome.status.to_string());
    Err(Error::Program { subject, program, status, last_lines: outcome.last_lines })
}

/// Why there is no base, or no root.
#[derive(Debug)]
enum Error {
    /// The command line makes no sense.
    Usage(String),
    NotRoot,
    NoMmdebstrap,
    /// The host is the named system, not Debian, and no suite was given.
    NoSuite(String),
    /// No apt source carries the suite.
    NoSource(String),
    /// There is something else under the name of the base.
    NotABase(PathBuf),
    /// The base that is there lacks a package that was asked for.
    Without(PathBuf, String),
    /// The base that is there is of another suite.
    OtherSuite(PathBuf, String),
    /// There is something else in the place of the root.
    Occupied(PathBuf),
    /// No directory can have this name.
    NotADirectoryName(PathBuf),
    /// An earlier run was killed and left this mount.
    StillMounted(PathBuf),
    /// A program failed.
    Program {
        subject: String,
        program: &'static str,
        status: String,
        last_lines: Vec<String>,
    },
    /// A file or directory, what was to be done with it, and the kernel's answer.
    Io(&'static str, PathBuf, io::Error),
}

impl Error {
    /// For `map_err`: `what` could not be done with `path`.
    fn io(what: &'static str, path: &Path) -> impl FnOnce(io::Error) -> Self {
        move |error| Self::Io(what, path.to_owned(), error)
    }
}

impl From<lexopt::Error> for Error {
    fn from(error: lexopt::Error) -> Self {
        Self::Usage(error.to_string())
    }
}

impl fmt::Display for Error {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Usage(problem) => f.write_str(problem),
            Self::NotRoot => f.write_str("must be root: the files of a base belong to many users"),
            Self::NoMmdebstrap => {
                f.write_str("mmdebstrap is not installed: apt-get install mmdebstrap")
            }
            Self::NoSuite(id) => {
                write!(f, "this host is {id}, not Debian: name a suite with --suite")
            }
            Self::NoSource(suite) => write!(
                f,
                "no apt source of this host carries {suite} main: add one to /etc/apt/sources.list.d"
            ),
            Self::NotABase(path) => write!(
                f,
                "{}: is not a Debian base: choose another name, or remove it first",
                path.display()
            ),
            Self::Without(path, package) => write!(
                f,
                "{}: was made without {package}: choose another name, or remove it first",
                path.display()
            ),
            Self::OtherSuite(path, suite) => write!(
                f,
                "{}: is not of suite {suite}: choose another name, or remove it first",
                path.display()
            ),
            Self::Occupied(path) => {
                write!(f, "{}: is neither empty nor the root of a jail", path.display())
            }
            Self::NotADirectoryName(path) => {
                write!(f, "{}: no directory can be made there", path.display())
            }
            Self::StillMounted(path) => {
                write!(f, "{}: is still mounted by an earlier run: umount it", path.display())
            }
            Self::Program { subject, program, status, last_lines } => {
                write!(f, "{subject}: {program} failed: {status}")?;
                last_lines.iter().try_for_each(|line| write!(f, "\n\t{line}"))
            }
            Self::Io(what, path, error) => write!(f, "{what} {}: {error}", path.display()),
        }
    }
}

#[cfg(test)]
mod tests;
