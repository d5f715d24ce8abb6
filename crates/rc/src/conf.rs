//! The variables of rc.conf(5), from the files and in the order in which rc.subr's load_rc_config reads them.

use std::collections::BTreeMap;
use std::fmt;
use std::fs;
use std::io;
use std::path::{Path, PathBuf};

use crate::shell::{self, SyntaxError, Variables};

/// What `/etc/defaults/rc.conf` says of the variables that are used here.
const DEFAULTS: &[(&str, &str)] = &[
    ("rc_conf_files", "/etc/rc.conf /etc/rc.conf.local"),
    ("rc_startmsgs", "YES"),
    ("local_startup", "/usr/local/etc/rc.d"),
    ("devfs_load_rulesets", "YES"),
    ("jail_enable", "NO"),
    ("jail_conf", "/etc/jail.conf"),
    ("jail_confwarn", "YES"),
    ("jail_parallel_start", "NO"),
    ("jail_list", ""),
    ("jail_reverse_stop", "NO"),
];

/// Variables and their values.
#[derive(Debug, Clone)]
pub struct RcConf {
    variables: BTreeMap<Vec<u8>, Vec<u8>>,
}

impl Default for RcConf {
    /// The defaults, before any file.
    fn default() -> Self {
        let own = |text: &str| text.as_bytes().to_vec();
        Self { variables: DEFAULTS.iter().map(|&(name, value)| (own(name), own(value))).collect() }
    }
}

impl Variables for RcConf {
    fn value(&self, name: &[u8]) -> &[u8] {
        self.variables.get(name).map_or(b"", Vec::as_slice)
    }

    fn assign(&mut self, name: Vec<u8>, value: Vec<u8>) {
        self.variables.insert(name, value);
    }
}

impl RcConf {
    /// Reads the files below `root` (`/` for the host) that apply to `service`: rc.conf, rc.conf.local (or
    /// what `rc_conf_files` names), then rc.conf.d/SERVICE, a file or a directory of files, in /etc and
    /// in the directories of `local_startup`. Files that do not exist are skipped.
    ///
    /// # Errors
    /// A file that cannot be read, or that holds more than assignments.
    pub fn load(root: &Path, service: &str) -> Result<Self, LoadError> {
        let mut conf = Self::default();
        let mut done = Vec::new();
        // A file may name further ones in rc_conf_files: FreeBSD looks at that list twice.
        for _ in 0..2 {
            for file in conf.words("rc_conf_files") {
                if !done.contains(&file) {
                    conf.read_file(&below(root, &file))?;
                    done.push(file);
                }
            }
        }
        for directory in [vec!["/etc".to_owned()], conf.words("local_startup")].concat() {
            let directory = directory.strip_suffix("/rc.d").unwrap_or(&directory);
            let path = below(root, directory).join("rc.conf.d").join(service);
            for file in regular_files(&path)? {
                conf.read_file(&file)?;
            }
        }
        Ok(conf)
    }

    /// Reads one file's text on top of what is already here.
    ///
    /// # Errors
    /// The first thing in it that is not an assignment.
    pub fn read(&mut self, text: &[u8]) -> Result<(), SyntaxError> {
        shell::assignments(text, self)
    }

    fn read_file(&mut self, path: &Path) -> Result<(), LoadError> {
        let fail = |reason| LoadError { path: path.to_owned(), reason };
        match fs::read(path) {
            Ok(text) => self.read(&text).map_err(|error| fail(Reason::Syntax(error))),
            Err(error) if error.kind() == io::ErrorKind::NotFound => Ok(()),
            Err(error) => Err(fail(Reason::Read(error))),
        }
    }

    /// The value of `name`; empty when it is unset. Bytes that are not UTF-8 are shown as U+FFFD.
    pub fn get(&self, name: &str) -> String {
        String::from_utf8_lossy(self.value(name.as_bytes())).into_owned()
    }

    /// The value of `name`, unless it is unset or empty.
    pub fn get_set(&self, name: &str) -> Option<String> {
        Some(self.get(name)).filter(|value| !value.is_empty())
    }

    /// The value of `name`, split at blanks and newlines as a shell splits it.
    pub fn words(&self, name: &str) -> Vec<String> {
        self.get(name).split_ascii_whitespace().map(str::to_owned).collect()
    }

    /// Gives `name` a value.
    pub fn set(&mut self, name: &str, value: &str) {
        self.assign(name.into(), value.into());
    }

    /// Whether `name` says yes: rc.subr's checkyesno.
    ///
    /// # Errors
    /// It says neither yes nor no; checkyesno warns, and takes that for no.
    pub fn yes(&self, name: &str) -> Result<bool, NotSetProperly> {
        let value = self.get(name);
        let is_one_of =
            |words: [&str; 4]| words.iter().any(|word| value.eq_ignore_ascii_case(word));
        if is_one_of(["yes", "true", "on", "1"]) {
            Ok(true)
        } else if is_one_of(["no", "false", "off", "0"]) {
            Ok(false)
        } else {
            Err(NotSetProperly(name.to_owned()))
        }
    }
}

/// `path`, absolute, seen from `root`.
fn below(root: &Path, path: &str) -> PathBuf {
    root.join(path.trim_start_matches('/'))
}

/// `path` itself when it is a file, the files in it by name when it is a directory.
fn regular_files(path: &Path) -> Result<Vec<PathBuf>, LoadError> {
    let fail = |error| LoadError { path: path.to_owned(), reason: Reason::Read(error) };
    if !path.is_dir() {
        return Ok(vec![path.to_owned()]);
    }
    let entries: io::Result<Vec<_>> = fs::read_dir(path).map_err(fail)?.collect();
    let mut files: Vec<_> = entries.map_err(fail)?.iter().map(fs::DirEntry::path).collect();
    files.retain(|file| file.is_file());
    files.sort();
    Ok(files)
}

/// A variable that must say yes or no and does not. `Display` is rc.subr's warning.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct NotSetProperly(pub String);

impl fmt::Display for NotSetProperly {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "${} is not set properly - see rc.conf(5).", self.0)
    }
}

impl std::error::Error for NotSetProperly {}

/// Why the variables could not be read: `FILE:LINE: reason`, or `FILE: reason`.
#[derive(Debug)]
pub struct LoadError {
    path: PathBuf,
    reason: Reason,
}

#[derive(Debug)]
enum Reason {
    Read(io::Error),
    Syntax(SyntaxError),
}

impl fmt::Display for LoadError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match &self.reason {
            Reason::Read(error) => {
                // strerror(3) alone, without Rust's "(os error 13)".
                let text = error.to_string();
                let reason = text.split(" (os error").next().unwrap_or(&text);
                write!(f, "{}: {reason}", self.path.display())
            }
            Reason::Syntax(error) => write!(f, "{}:{error}", self.path.display()),
        }
    }
}

impl std::error::Error for LoadError {}

#[cfg(test)]
mod tests {
    use super::*;

    /// A directory that is removed when the test ends.
    struct Root(PathBuf);

    impl Root {
        fn with(name: &str, files: &[(&str, &str)]) -> Self {
            let root = std::env::temp_dir().join(format!("rc-{name}-{}", std::process::id()));
            for (path, text) in files {
                let path = root.join(path);
                fs::create_dir_all(path.parent().unwrap()).unwrap();
                fs::write(path, text).unwrap();
            }
            Self(root)
        }
    }

    impl Drop for Root {
        fn drop(&mut self) {
            let _ = fs::remove_dir_all(&self.0);
        }
    }

    #[test]
    fn later_files_win() {
        let root = Root::with(
            "order",
            &[
                (
                    "etc/rc.conf",
                    "a=conf\nb=conf\nc=conf\nd=conf\nrc_conf_files=\"${rc_conf_files} /etc/more\"",
                ),
                ("etc/rc.conf.local", "b=local\nc=local\nd=local"),
                ("etc/more", "e=more"),
                ("etc/rc.conf.d/jail", "c=service\nd=service"),
                ("etc/rc.conf.d/other", "a=other"),
                ("usr/local/etc/rc.conf.d/jail/10-first", "d=first\nf=first"),
                ("usr/local/etc/rc.conf.d/jail/20-second", "f=second"),
            ],
        );
        let conf = RcConf::load(&root.0, "jail").unwrap();
        let got = ["a", "b", "c", "d", "e", "f", "jail_conf"].map(|name| conf.get(name));
        assert_eq!(got, ["conf", "local", "service", "first", "more", "second", "/etc/jail.conf"]);
    }

    #[test]
    fn errors_have_file_and_line() {
        let root = Root::with("error", &[("etc/rc.conf.local", "a=1\nreboot\n")]);
        let error = RcConf::load(&root.0, "jail").unwrap_err().to_string();
        let want =
            "/etc/rc.conf.local:2: reboot: not an assignment; this file is read, not executed";
        assert!(error.ends_with(want), "{error}");
    }

    #[test]
    #[rustfmt::skip]
    fn checkyesno() {
        let no = || Err("$x is not set properly - see rc.conf(5).".to_owned());
        for (value, want) in [
            ("YES", Ok(true)),  ("yes", Ok(true)),  ("True", Ok(true)),   ("oN", Ok(true)),   ("1", Ok(true)),
            ("NO",  Ok(false)), ("no",  Ok(false)), ("False", Ok(false)), ("OFF", Ok(false)), ("0", Ok(false)),
            ("",    no()),      ("y",   no()),      ("2", no()),          ("YES ", no()),
        ] {
            let mut conf = RcConf::default();
            conf.set("x", value);
            assert_eq!(conf.yes("x").map_err(|error| error.to_string()), want, "{value:?}");
        }
    }
}
