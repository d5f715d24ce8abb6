//! `cargo xtask dist`: what is given to others, below target/dist: a Debian package and a tarball
//! for each architecture, a file of their sums, and one that says what they were made with.
//!
//! Two builds of one commit by one toolchain have the same bytes, wherever the checkout lies: paths
//! are taken out of the program ([`program`]), and whatever has a time has that of the commit
//! ([`Epoch`]). The layout is that of `kletka install`, which each package gets its files from.

mod debian;
mod program;
mod reproduced;
mod tarball;

pub(crate) use reproduced::reproducible;

use std::ffi::OsStr;
use std::fs;
use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};

use lexopt::{Arg, Parser, ValueExt};

use crate::{Outcome, packages, text};

/// What is released, in the order in which the programs are built.
pub(crate) const ARCHITECTURES: [&str; 2] = ["x86_64", "aarch64"];

/// The command line.
#[derive(Debug, PartialEq, Eq)]
struct Options {
    architectures: Vec<String>,
    /// A program of this machine's architecture that is packed for a trial, instead of a build for
    /// release.
    binary: Option<PathBuf>,
    /// The directory for what is made.
    directory: PathBuf,
    version: String,
    /// Makes everything a second time in another directory, and compares.
    check: bool,
}

impl Options {
    fn parse(mut arguments: Parser) -> Result<Self, String> {
        let mut options = Self {
            architectures: Vec::new(),
            binary: None,
            directory: "target/dist".into(),
            version: env!("CARGO_PKG_VERSION").to_owned(),
            check: false,
        };
        while let Some(argument) = arguments.next().map_err(text)? {
            match argument {
                Arg::Long("arch") => {
                    let word = arguments.value().and_then(ValueExt::string).map_err(text)?;
                    if !ARCHITECTURES.contains(&word.as_str()) {
                        return Err(format!("{word}: not one of {}", ARCHITECTURES.join(", ")));
                    }
                    options.architectures.push(word);
                }
                Arg::Long("binary") => {
                    options.binary = Some(arguments.value().map_err(text)?.into());
                }
                Arg::Long("dir") => options.directory = arguments.value().map_err(text)?.into(),
                Arg::Long("version") => {
                    options.version = arguments.value().and_then(ValueExt::string).map_err(text)?;
                }
                Arg::Long("check") => options.check = true,
                other => return Err(text(other.unexpected())),
            }
        }
        match (&options.binary, options.architectures.is_empty()) {
            (Some(_), true) => options.architectures = vec![std::env::consts::ARCH.to_owned()],
            (Some(_), false) => return Err("--binary: is for this machine's architecture".into()),
            (None, true) => options.architectures = ARCHITECTURES.map(str::to_owned).to_vec(),
            (None, false) => {}
        }
        Ok(options)
    }
}

/// What the packages of all architectures have in common.
struct Release {
    version: String,
    epoch: Epoch,
    /// A kletka that runs on this machine: it knows the layout.
    here: PathBuf,
    /// Where packages are made.
    directory: PathBuf,
    /// For a trial: packages that are made quickly, and are large.
    is_trial: bool,
}

/// Makes everything that the command line asks for.
pub(crate) fn run(arguments: Parser) -> Outcome {
    let options = Options::parse(arguments)?;
    packages::ensure(packages::DIST)?;
    if options.check {
        return reproducible(&options.architectures);
    }
    let directory = absolute(&options.directory)?;
    fs::create_dir_all(&directory).map_err(|e| format!("{}: {e}", directory.display()))?;
    let epoch = Epoch::of_commit()?;
    let is_trial = options.binary.is_some();
    let here = match &options.binary {
        Some(binary) => absolute(binary)?,
        None => program::build(std::env::consts::ARCH, &directory)?,
    };
    let release = Release { version: options.version, epoch, here, directory, is_trial };
    let mut made = Vec::new();
    for architecture in &options.architectures {
        let binary = match architecture == std::env::consts::ARCH {
            true => release.here.clone(),
            false => program::build(architecture, &release.directory)?,
        };
        made.push(debian::package(&release, architecture, &binary)?);
        made.push(tarball::pack(&release, architecture, &binary)?);
    }
    let sums = sums(&release.directory, &made)?;
    let tools = tools(&release)?;
    for path in made.iter().chain([&sums, &tools]) {
        println!("{}", path.display());
    }
    Ok(())
}

/// The seconds since 1970 that every file of a package has: SOURCE_DATE_EPOCH, as all tools of
/// reproducible builds read it.
#[derive(Debug, Clone)]
struct Epoch(String);

impl Epoch {
    /// The variable's, if it is set, else the time of the last commit.
    fn of_commit() -> Result<Self, String> {
        if let Ok(seconds) = std::env::var("SOURCE_DATE_EPOCH") {
            return Ok(Self(seconds));
        }
        answer(Command::new("git").args(["log", "-1", "--format=%ct"]))
            .map(|seconds| Self(seconds.trim().to_owned()))
            .map_err(|error| format!("no time of a commit: {error}; set SOURCE_DATE_EPOCH"))
    }
}

/// Runs `command`, which must succeed, and answers what it printed.
fn answer(command: &mut Command) -> Result<String, String> {
    let program = command.get_program().to_string_lossy().into_owned();
    let output = command.stdin(Stdio::null()).output().map_err(|e| format!("{program}: {e}"))?;
    if !output.status.success() {
        let said = String::from_utf8_lossy(&output.stderr);
        return Err(format!("{program}: {}: {}", output.status, said.trim()));
    }
    Ok(String::from_utf8_lossy(&output.stdout).into_owned())
}

/// Makes an empty directory `name` for the files of a package.
fn stage(release: &Release, name: &str) -> Result<PathBuf, String> {
    let stage = release.directory.join("stage").join(name);
    if stage.exists() {
        fs::remove_dir_all(&stage).map_err(|e| format!("{}: {e}", stage.display()))?;
    }
    fs::create_dir_all(&stage).map_err(|e| format!("{}: {e}", stage.display()))?;
    Ok(stage)
}

/// Writes a file, and the directories that it lies in.
fn write(path: &Path, content: impl AsRef<[u8]>, mode: u32) -> Outcome {
    use std::os::unix::fs::PermissionsExt;
    let parent = path.parent().unwrap_or(path);
    fs::create_dir_all(parent)
        .and_then(|()| fs::write(path, content))
        .and_then(|()| fs::set_permissions(path, fs::Permissions::from_mode(mode)))
        .map_err(|e| format!("{}: {e}", path.display()))
}

fn read(path: impl AsRef<Path>) -> Result<String, String> {
    fs::read_to_string(&path).map_err(|e| format!("{}: {e}", path.as_ref().display()))
}

fn absolute(path: &Path) -> Result<PathBuf, String> {
    std::path::absolute(path).map_err(|e| format!("{}: {e}", path.display()))
}

/// Writes beside the packages what somebody else needs who wants to make the same bytes.
fn tools(release: &Release) -> Result<PathBuf, String> {
    let version = |program: &str| {
        let said = answer(Command::new(program).arg("--version"))?;
        Ok::<_, String>(said.lines().next().unwrap_or_default().to_owned())
    };
    let commit = answer(Command::new("git").args(["rev-parse", "HEAD"])).unwrap_or_default();
    let programs = ["rustc", "cargo", "dpkg-deb", "xz", "tar", "gzip"];
    let mut lines = vec![
        format!("kletka {}", release.version),
        format!("commit {}", commit.trim()),
        format!("SOURCE_DATE_EPOCH={}", release.epoch.0),
    ];
    for program in programs {
        lines.push(version(program)?);
    }
    let path = release.directory.join("BUILD");
    write(&path, lines.join("\n") + "\n", 0o644)?;
    Ok(path)
}

/// The file that says what the packages' bytes are.
const SUMS: &str = "SHA256SUMS";

/// Writes [`SUMS`] beside the packages.
fn sums(directory: &Path, made: &[PathBuf]) -> Result<PathBuf, String> {
    let names = made.iter().filter_map(|path| path.file_name()).collect::<Vec<&OsStr>>();
    let sums = answer(Command::new("sha256sum").current_dir(directory).args(names))?;
    let path = directory.join(SUMS);
    write(&path, sums, 0o644)?;
    Ok(path)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn checked_in(path: &str) -> String {
        read(Path::new(env!("CARGO_MANIFEST_DIR")).join("..").join(path)).unwrap()
    }

    /// The version is that of the changelog's newest release, which has a day, and the one that
    /// SECURITY.md calls supported.
    #[test]
    fn the_version_is_the_newest_release() {
        let version = env!("CARGO_PKG_VERSION");
        let changes = checked_in("CHANGELOG.md");
        let mut releases = changes.lines().filter_map(|line| line.strip_prefix("## ["));
        assert_eq!(releases.next(), Some("Unreleased]"));
        let newest = releases.next().and_then(|release| release.split_once("] - "));
        let (newest, day) = newest.unwrap_or_default();
        let digits = day.split('-').map(|part| part.parse::<u32>().is_ok().then_some(part.len()));
        assert_eq!(digits.collect::<Vec<_>>(), [Some(4), Some(2), Some(2)], "{day}");
        assert_eq!(newest, version);
        let (series, _) = version.rsplit_once('.').unwrap();
        let supported = format!("| {series}, the newest release | yes,");
        assert!(checked_in("SECURITY.md").contains(&supported), "{supported}");
    }

    fn parse(line: &str) -> Result<Options, String> {
        Options::parse(Parser::from_args(line.split_whitespace()))
    }

    #[test]
    #[rustfmt::skip]
    fn command_line() {
        let here = std::env::consts::ARCH;
        for (line, want) in [
            ("",                                    Ok(ARCHITECTURES.to_vec())),
            ("--arch aarch64",                      Ok(vec!["aarch64"])),
            ("--binary k --dir d --version 1.0",    Ok(vec![here])),
            ("--binary k --arch x86_64",            Err("--binary: is for this machine's architecture")),
            ("--arch mips",                         Err("mips: not one of x86_64, aarch64")),
        ] {
            let got = parse(line).map(|options| options.architectures);
            assert_eq!(got, want.map(|them| them.iter().map(ToString::to_string).collect()).map_err(str::to_owned), "{line}");
        }
    }
}
