//! `cargo xtask readme`: types every line of README.md, in the order in which the lines stand, as
//! root on a new Debian host, and compares what is shown below a line with what came.
//!
//! Nothing is written twice: [`steps`] reads README.md itself. A block `console` has lines to be
//! typed, `# ` by root on the host, `$ ` on another computer of the network. A block whose first
//! line has a path behind its kind is the content of that file, which the text before it must name
//! too. `…` in what is shown stands for anything.
//!
//! The host is an image of Debian without a network of its own ([`vm`](crate::vm)); packages come
//! from a mirror in a directory. It runs in namespaces on this machine's kernel, without an init,
//! or as a virtual machine with systemd.

use std::ffi::OsStr;
use std::fs;
use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};

use lexopt::{Arg, Parser, ValueExt};

use crate::shell::{hushed, quiet, succeed};
use crate::vm::{self, NoSuites};
use crate::{Outcome, build, packages, text};

/// The Debian releases that README.md is for.
pub(crate) const SUITES: [&str; 2] = ["bookworm", "trixie"];

/// The beginning of the script: the machine around the lines.
const MACHINE: &str = "tests/vm/readme";

/// What README.md has a reader do.
#[derive(Debug, PartialEq, Eq)]
enum Step {
    /// Writes a file of the host.
    File { path: String, text: String },
    /// Types a line: at `#`, the host's prompt, or at `$`, that of another computer. `shown` is
    /// what stands below the line.
    Line { prompt: char, line: String, shown: Vec<String> },
}

/// Reads the command line, and types README.md's lines.
pub(crate) fn run(mut arguments: Parser) -> Outcome {
    let (mut suite, mut in_vm) = (SUITES[0], false);
    while let Some(argument) = arguments.next().map_err(text)? {
        match argument {
            Arg::Long("vm") => in_vm = true,
            Arg::Long("suite") => {
                let word = arguments.value().and_then(ValueExt::string).map_err(text)?;
                let known = SUITES.into_iter().find(|suite| *suite == word);
                suite = known.ok_or_else(|| format!("{word}: not one of {}", SUITES.join(", ")))?;
            }
            other => return Err(text(other.unexpected())),
        }
    }
    let given =
        Given::make(suite).map_err(|(NoSuites::Skipped(why) | NoSuites::Failed(why))| why)?;
    if in_vm { succeed(&mut given.in_machine()?) } else { given.in_namespaces(succeed)? }
}

/// Writes the script of all lines, and answers its path.
fn script(directory: &Path) -> Result<PathBuf, String> {
    let read = |path: &str| fs::read_to_string(path).map_err(|e| format!("{path}: {e}"));
    let mut script = read(MACHINE)?;
    for step in steps(&read("README.md")?)? {
        script += &step.command();
    }
    script += END;
    let path = directory.join("readme");
    fs::write(&path, script).map_err(|e| format!("{}: {e}", path.display()))?;
    Ok(path)
}

/// The end of the script, in the form in which test programs count.
const END: &str = r#"
[ "$faults" = 0 ] && word=ok || word=FAILED
echo
echo "test result: $word. $((lines - faults)) passed; $faults failed; 0 ignored; 0 measured; 0 filtered out"
[ "$faults" = 0 ]
"#;

/// A new Debian host: its release and image, and what it is given, which are the script, the
/// mirror and the package of kletka.
pub(crate) struct Given {
    suite: String,
    image: PathBuf,
    script: PathBuf,
    mirror: PathBuf,
    package: PathBuf,
}

impl Given {
    /// Makes what is not there yet.
    pub(crate) fn make(suite: &str) -> Result<Self, NoSuites> {
        if !packages::is_root() {
            return Err(NoSuites::Skipped("needs root".into()));
        }
        if !cfg!(target_arch = "x86_64") {
            return Err(NoSuites::Skipped("the images run programs for x86_64".into()));
        }
        packages::ensure(packages::VM).map_err(NoSuites::Skipped)?;
        let mut images = vm::script().map_err(NoSuites::Failed)?;
        images.args([
            &format!("--image={suite}"),
            &format!("--kernel={}", kernel(suite)),
            "--build",
        ]);
        // The images come from the network, which not every machine has.
        hushed(&mut images).map_err(NoSuites::Skipped)?;
        Self::with(suite).map_err(NoSuites::Failed)
    }

    fn with(suite: &str) -> Result<Self, String> {
        let cache = vm::cache()?;
        let directory = cache.join("readme");
        fs::create_dir_all(&directory).map_err(|e| format!("{}: {e}", directory.display()))?;
        Ok(Self {
            suite: suite.to_owned(),
            image: cache.join(format!("debian-{suite}.ext4")),
            script: script(&directory)?,
            mirror: cache.join(format!("mirror-{suite}")),
            package: package(&directory)?,
        })
    }

    /// What the host sees of this machine, each at its own path.
    fn seen(&self) -> [&Path; 3] {
        [&self.script, &self.mirror, &self.package]
    }

    /// The words that type all lines at a login shell of root's.
    fn words(&self) -> Vec<&OsStr> {
        let words = ["env", "-i", "HOME=/root", "USER=root", "TERM=dumb", "bash", "--login"];
        let [script, mirror, package] = self.seen().map(Path::as_os_str);
        words
            .map(OsStr::new)
            .into_iter()
            .chain([script, mirror, self.suite.as_ref(), package])
            .collect()
    }

    /// The command that boots the host as a virtual machine, and types all lines there.
    pub(crate) fn in_machine(&self) -> Result<Command, String> {
        let mut command = vm::script()?;
        command
            .args([format!("--image={}", self.suite), format!("--kernel={}", kernel(&self.suite))]);
        command.args(["--init=systemd", PATIENCE]);
        command.args(self.seen().map(|path| format!("--dir={}", path.display())));
        command.arg("--").args(self.words());
        Ok(command)
    }

    /// Has `run` run the command that types all lines on a host in namespaces of this machine.
    pub(crate) fn in_namespaces<T>(
        &self,
        run: impl FnOnce(&mut Command) -> T,
    ) -> Result<T, String> {
        let machine = build::scratch()?.join(format!("readme-{}", std::process::id()));
        let shown = machine.display();
        quiet(&format!(
            "mkdir -p {shown}/root && cp --sparse=always {} {shown}/disk",
            self.image.display()
        ))?;
        let mut unshare = Command::new("unshare");
        // With `--kill-child` the machine ends when the user interrupts unshare(1).
        unshare.args(["--mount", "--pid", "--uts", "--ipc", "--net", "--fork", "--kill-child"]);
        unshare.args(["--propagation", "private", "sh", "-c", PROCESS_1, "readme"]);
        let outcome = run(unshare.arg(&machine).args(self.seen()).args(self.words()));
        quiet(&format!("rm -r {shown}"))?;
        Ok(outcome)
    }
}

/// Each release has its own kernel.
fn kernel(suite: &str) -> &'static str {
    if suite == "bookworm" { "6.1" } else { "6.12" }
}

/// The seconds that a virtual machine has for all lines: programs start slowly there.
const PATIENCE: &str = "--timeout=6000";

/// Makes the package that a reader has downloaded.
fn package(directory: &Path) -> Result<PathBuf, String> {
    let binary = build::release("kletka")?;
    let mut dist = Command::new(std::env::current_exe().map_err(|e| e.to_string())?);
    dist.arg("dist").arg("--binary").arg(binary).arg("--dir").arg(directory);
    succeed(dist.stdout(Stdio::null()))?;
    let packages = fs::read_dir(directory).map_err(|e| format!("{}: {e}", directory.display()))?;
    let mut found = packages.flatten().map(|entry| entry.path());
    found.find(|path| path.extension().is_some_and(|it| it == "deb")).ok_or("no package".into())
}

/// Process 1 of a machine in namespaces: `$1` is its disk, the words after it are three paths that
/// it sees at their places, and the command that runs in it.
const PROCESS_1: &str = r#"
set -eu
root=$1/root disk=$1/disk
mount -o loop,noatime "$disk" "$root"
shift
cd "$root"
mount -t proc proc proc
mount -t sysfs sys sys
mount --rbind /sys/fs/cgroup sys/fs/cgroup
mount --rbind /dev dev
mount -t tmpfs -o mode=755 run run
mkdir -p run/lock
for path in "$1" "$2" "$3"; do
    mkdir -p ".${path%/*}"
    if [ -d "$path" ]; then mkdir -p ".$path"; else : > ".$path"; fi
    mount --bind "$path" ".$path"
done
shift 3
mkdir .outside
pivot_root . .outside
umount --lazy .outside
rmdir .outside
hostname debian
cd /root
# The shell stays, as whoever is process 1 collects the orphans.
"$@"
exit $?
"#;

/// Reads the steps of a text in Markdown.
fn steps(markdown: &str) -> Result<Vec<Step>, String> {
    let mut steps = Vec::new();
    let (mut lines, mut before) = (markdown.lines(), "");
    while let Some(line) = lines.next() {
        if let Some(kind) = line.strip_prefix("```") {
            let block: Vec<&str> = lines.by_ref().take_while(|line| *line != "```").collect();
            match kind.split_once(' ') {
                Some((_, path)) if !before.contains(path) => {
                    return Err(format!("README.md: the text does not name {path}"));
                }
                Some((_, path)) => {
                    let text = block.iter().flat_map(|line| [*line, "\n"]).collect();
                    steps.push(Step::File { path: path.to_owned(), text });
                }
                None if kind == "console" => typed(&block, &mut steps)?,
                None => {}
            }
        } else if !line.is_empty() {
            before = line;
        }
    }
    Ok(steps)
}

/// Reads the lines of a block `console`.
fn typed(block: &[&str], steps: &mut Vec<Step>) -> Outcome {
    let first = steps.len();
    for text in block {
        let prompt = ['#', '$']
            .into_iter()
            .find(|prompt| text.strip_prefix(*prompt).is_some_and(|rest| rest.starts_with(' ')));
        match (prompt, steps.get_mut(first..).and_then(<[_]>::last_mut)) {
            (Some(prompt), _) => {
                let line = text[2..].to_owned();
                steps.push(Step::Line { prompt, line, shown: Vec::new() });
            }
            (None, Some(Step::Line { shown, .. })) => shown.push((*text).to_owned()),
            (None, _) => return Err(format!("README.md: a block begins with an answer: {text}")),
        }
    }
    Ok(())
}

impl Step {
    /// The step as commands of the script.
    fn command(&self) -> String {
        match self {
            Self::File { path, text } => {
                let path = quoted(path);
                format!(
                    "echo {path}; mkdir -p \"$(dirname {path})\"; printf %s {} > {path}\n",
                    quoted(text)
                )
            }
            Self::Line { prompt, line, shown } if shown.is_empty() => {
                format!("typed '{prompt}' {} || fault \"exit status $?\"\n", quoted(line))
            }
            // A command that answers by its status, as diff(1) does, says more by its output.
            Self::Line { prompt, line, shown } => {
                let shown = shown.join("\n");
                let pattern = shown.split('…').map(quoted).collect::<Vec<_>>().join("*");
                format!(
                    "typed '{prompt}' {} || [ $? = 1 ] || fault \"exit status $?\"\n\
                     case $said in {pattern}) ;; *) fault {} ;; esac\n",
                    quoted(line),
                    quoted(&format!("README.md shows:\n{shown}"))
                )
            }
        }
    }
}

/// Quotes a text for sh(1).
fn quoted(text: &str) -> String {
    format!("'{}'", text.replace('\'', r"'\''"))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn steps_of_a_text() {
        let text = "# T\n\n`/etc/a`:\n\n```jail.conf /etc/a\nx;\n```\n```\npicture\n```\n\
                    ```console\n# one\ntwo…\n$ three\n```\n";
        let line = |prompt, line: &str, shown: &[&str]| Step::Line {
            prompt,
            line: line.to_owned(),
            shown: shown.iter().map(|&shown| shown.to_owned()).collect(),
        };
        let file = Step::File { path: "/etc/a".to_owned(), text: "x;\n".to_owned() };
        let want = [file, line('#', "one", &["two…"]), line('$', "three", &[])];
        assert_eq!(steps(text).unwrap(), want);
        assert!(steps("elsewhere\n```jail.conf /etc/a\n```\n").is_err());
        assert!(steps("```console\nanswer\n```\n").is_err());
    }

    #[test]
    fn readme_has_steps() {
        let steps = steps(include_str!("../../README.md")).unwrap();
        assert!(matches!(steps.first(), Some(Step::Line { prompt: '#', .. })), "{steps:?}");
    }

    /// The figure of README.md follows from the catalogue of parameters.
    #[test]
    fn the_figure_is_that_of_the_catalogue() {
        let readme = include_str!("../../README.md");
        let figure = jailparam::figure();
        assert!(readme.contains(&figure), "README.md has to say: {figure}");
    }
}
