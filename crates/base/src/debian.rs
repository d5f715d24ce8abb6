//! A base from Debian's packages: the call of mmdebstrap(1), and what an existing base must have.

use std::ffi::OsString;
use std::fs;
use std::path::Path;
use std::process::Command;

use crate::error::Error;
use crate::fit::fit_base;
use crate::host;
use crate::partial::Partial;
use crate::program::Program;
use crate::progress::Progress;
use crate::sources::Sources;
use crate::tree::{Outcome, Tree, is_empty};

/// The packages that every base has beyond Debian's essential ones: ps(1), and the names of
/// services and protocols. apt is required by Debian's lists, and not by the lists of a mirror that
/// were made from its packages.
const PACKAGES: [&str; 3] = ["apt", "netbase", "procps"];

/// The files that dpkg(1) leaves out of a base: documentation and translations, a fifth of its
/// size.
const LEFT_OUT: [&str; 6] = [
    "path-exclude=/usr/share/doc/*",
    "path-include=/usr/share/doc/*/copyright",
    "path-exclude=/usr/share/info/*",
    "path-exclude=/usr/share/locale/*",
    "path-include=/usr/share/locale/locale.alias",
    "path-exclude=/usr/share/man/*",
];

/// What a base is made of.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Recipe {
    /// The base's name: [`valid_name`](crate::valid_name).
    pub name: String,
    /// Debian's suite, such as `bookworm`. `None`: the suite of the host.
    pub suite: Option<String>,
    /// Packages beyond those of every base.
    pub include: Vec<String>,
    /// Whether programs write more than their steps.
    pub verbose: bool,
}

impl Recipe {
    /// Makes sure that the directory `base` has the base: makes it there, or checks that an
    /// existing one has what is asked for.
    ///
    /// # Errors
    /// The directory has something else, or making the base fails.
    pub fn provide(&self, base: &Path, progress: &mut dyn Progress) -> Result<Outcome, Error> {
        if !rustix::process::geteuid().is_root() {
            return Err(Error::NotRoot);
        }
        // Looked at before the lock is taken: a base that is found costs nothing, and needs neither
        // mmdebstrap nor a network.
        if is_empty(base).map_err(Error::io("cannot read", base))? {
            return self.make(base, progress);
        }
        check(self, base).map(|()| Outcome::Found)
    }

    fn make(&self, base: &Path, progress: &mut dyn Progress) -> Result<Outcome, Error> {
        let program = host::mmdebstrap().ok_or(Error::NoMmdebstrap)?;
        let suite = match &self.suite {
            Some(suite) => suite.clone(),
            None => host::suite(&fs::read_to_string("/etc/os-release").unwrap_or_default())?,
        };
        let sources = sources(Path::new("/etc/apt"), &suite)?;
        if sources.is_empty() {
            return Err(Error::NoSource(suite));
        }
        let mut partial = Partial::begin(base, progress)?;
        if !is_empty(base).map_err(Error::io("cannot read", base))? {
            // Another run made the base while this one waited for the lock.
            drop(partial);
            return check(self, base).map(|()| Outcome::FoundLater);
        }
        partial.fill(|tree, progress| {
            let plan = Plan::new(self, &suite, sources, &host::proxies(), tree);
            let step = format!("Debian {suite}, with {}", plan.packages.join(", "));
            let made = plan.program(&program).run(&Tree::Base(self.name.clone()), &step, progress);
            made.map_err(|error| without_packages(error, &suite))?;
            fit_base(tree)
        })?;
        partial.finish().map(|()| Outcome::Made)
    }
}

/// Says it shortly if what has failed is that apt-get(8) knows no such package.
fn without_packages(error: Error, suite: &str) -> Error {
    let Error::Program { tree, last_lines, .. } = &error else { return error };
    let name = |line: &String| {
        let unknown = line.strip_prefix("E: Unable to locate package ");
        let gone =
            || line.strip_prefix("E: Package '")?.strip_suffix("' has no installation candidate");
        unknown.or_else(gone).map(str::to_owned)
    };
    let packages: Vec<String> = last_lines.iter().filter_map(name).collect();
    if packages.is_empty() {
        return error;
    }
    let (tree, suite) = (tree.clone(), suite.to_owned());
    Error::NoPackage { tree, packages: packages.join(" "), suite }
}

fn sources(etc_apt: &Path, suite: &str) -> Result<Sources, Error> {
    Sources::read(etc_apt, suite).map_err(|(path, error)| Error::io("cannot read", &path)(error))
}

/// The call of mmdebstrap(1).
#[derive(Debug, PartialEq, Eq)]
struct Plan {
    packages: Vec<String>,
    arguments: Vec<OsString>,
    /// The sources in deb822 form, for its standard input.
    input: String,
}

impl Plan {
    fn new(
        recipe: &Recipe,
        suite: &str,
        sources: Sources,
        proxies: &[String],
        target: &Path,
    ) -> Self {
        let mut packages: Vec<String> = PACKAGES.map(str::to_owned).into();
        if sources.over_tls() {
            packages.push("ca-certificates".to_owned());
        }
        packages.extend(recipe.include.iter().cloned());
        // Sorted, so that the call does not depend on the order of the options.
        packages.sort();
        packages.dedup();
        let mut arguments: Vec<OsString> =
            // As root the files get their owners; minbase has the required packages and apt, and no
            // more.
            ["--mode=root", "--variant=minbase", "--format=directory"].map(OsString::from).into();
        if recipe.verbose {
            arguments.push("--verbose".into());
        }
        arguments.extend(LEFT_OUT.map(|rule| format!("--dpkgopt={rule}").into()));
        arguments.extend(proxies.iter().map(|setting| format!("--aptopt={setting}").into()));
        arguments.push(format!("--include={}", packages.join(",")).into());
        // `--` ends the options: the suite and the path are never taken for one.
        arguments.extend(["--".into(), suite.into(), target.into()]);
        arguments.extend(sources.lines.into_iter().map(OsString::from));
        if !sources.stanzas.is_empty() {
            arguments.push("-".into());
        }
        Self { packages, arguments, input: sources.stanzas }
    }

    /// mmdebstrap in a mount namespace of its own: its mounts end with it, even when it is killed.
    fn program(self, mmdebstrap: &Path) -> Program {
        let mut command = Command::new("unshare");
        command.arg("--mount").arg("--").arg(mmdebstrap).args(&self.arguments);
        command.env("PATH", host::program_path());
        Program { name: "mmdebstrap", command, input: self.input }
    }
}

/// Checks that the existing base has what `recipe` asks for.
fn check(recipe: &Recipe, base: &Path) -> Result<(), Error> {
    let status = base.join("var/lib/dpkg/status");
    let status = fs::read_to_string(&status).map_err(|_| Error::NotABase(base.to_owned()))?;
    if let Some(package) = recipe.include.iter().find(|package| !is_installed(&status, package)) {
        return Err(Error::Without(base.to_owned(), package.clone()));
    }
    if let Some(suite) = &recipe.suite
        && sources(&base.join("etc/apt"), suite)?.is_empty()
    {
        return Err(Error::OtherSuite(base.to_owned(), suite.clone()));
    }
    Ok(())
}

/// Whether dpkg's `status` has `package`, by its own name or provided by another one.
fn is_installed(status: &str, package: &str) -> bool {
    // A package that was removed keeps a stanza, with another status.
    status.split("\n\n").filter(|stanza| stanza.contains("\nStatus: install ok installed")).any(
        |stanza| {
            let of = |key: &str| stanza.lines().find_map(|l| l.strip_prefix(key)).unwrap_or("");
            let provided = of("Provides: ").split(',').filter_map(|p| p.split_whitespace().next());
            of("Package: ") == package || provided.into_iter().any(|name| name == package)
        },
    )
}

#[cfg(test)]
mod tests {
    use super::*;

    /// What apt-get(8) of Debian 12 says by way of mmdebstrap(1).
    #[test]
    fn packages_that_a_suite_lacks() {
        let failed = |lines: &[&str]| Error::Program {
            tree: Tree::Base("web".to_owned()),
            program: "mmdebstrap",
            status: "exit status: 25".to_owned(),
            last_lines: lines.iter().map(|&line| line.to_owned()).collect(),
        };
        for (lines, want) in [
            (
                &[
                    "Reading package lists...",
                    "E: Unable to locate package ngnix",
                    "E: mmdebstrap failed to run",
                ][..],
                "base web: Debian bookworm has no package ngnix; apt-cache search finds names",
            ),
            (
                &["E: Unable to locate package a", "E: Package 'b' has no installation candidate"],
                "base web: Debian bookworm has no package a b; apt-cache search finds names",
            ),
            (&["E: no space"], "base web: mmdebstrap failed: exit status: 25\n\tE: no space"),
        ] {
            assert_eq!(without_packages(failed(lines), "bookworm").to_string(), want);
        }
    }

    #[test]
    fn plan_for_mmdebstrap() {
        let recipe = Recipe {
            name: "web".to_owned(),
            suite: None,
            include: ["samba", "procps"].map(str::to_owned).into(),
            verbose: false,
        };
        let sources = Sources {
            lines: vec!["deb https://mirror/debian bookworm main".to_owned()],
            stanzas: "Types: deb\n".to_owned(),
        };
        let proxies = ["Acquire::http::Proxy \"http://proxy:3128\";".to_owned()];
        let plan =
            Plan::new(&recipe, "bookworm", sources, &proxies, Path::new("/bases/.web.partial"));
        assert_eq!(plan.packages, ["apt", "ca-certificates", "netbase", "procps", "samba"]);
        assert_eq!(plan.input, "Types: deb\n");
        let arguments: Vec<_> = plan
            .arguments
            .iter()
            .filter(|a| !a.to_string_lossy().starts_with("--dpkgopt="))
            .collect();
        assert_eq!(
            arguments,
            [
                "--mode=root",
                "--variant=minbase",
                "--format=directory",
                "--aptopt=Acquire::http::Proxy \"http://proxy:3128\";",
                "--include=apt,ca-certificates,netbase,procps,samba",
                "--",
                "bookworm",
                "/bases/.web.partial",
                "deb https://mirror/debian bookworm main",
                "-",
            ]
        );
    }

    #[test]
    fn packages_of_a_base() {
        let status = "\
Package: mawk
Status: install ok installed
Provides: awk, posix-awk (= 1)

Package: samba
Status: deinstall ok config-files
";
        for (package, want) in
            [("mawk", true), ("awk", true), ("posix-awk", true), ("samba", false), ("maw", false)]
        {
            assert_eq!(is_installed(status, package), want, "{package}");
        }
    }
}
