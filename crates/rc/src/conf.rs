//! The variables of rc.conf(5). The files are read in the order of rc.subr's load_rc_config.

use std::collections::BTreeMap;
use std::fmt;
use std::io;

use crate::defaults;
use crate::files::Files;
use crate::shell::{self, Assignment, SyntaxError, Variables};

/// The values if no file says otherwise: /etc/defaults/rc.conf, built in.
pub(crate) const DEFAULTS: &str = include_str!("../../../share/defaults/rc.conf");

/// Variables and their values.
#[derive(Debug, Clone)]
pub struct RcConf {
    variables: BTreeMap<Vec<u8>, Vec<u8>>,
}

impl Default for RcConf {
    /// The defaults, before any file.
    fn default() -> Self {
        let mut conf = Self::empty();
        // A test makes sure that they can be read.
        let _ = conf.read(DEFAULTS.as_bytes());
        conf
    }
}

impl Variables for RcConf {
    fn value(&self, name: &[u8]) -> Option<&[u8]> {
        self.variables.get(name).map(Vec::as_slice)
    }

    fn assign(&mut self, name: Vec<u8>, value: Vec<u8>) {
        self.variables.insert(name, value);
    }
}

impl RcConf {
    /// Holds no variables at all.
    pub(crate) fn empty() -> Self {
        Self { variables: BTreeMap::new() }
    }

    /// Reads the files that apply to `service`: rc.conf and rc.conf.local (or the files that
    /// `rc_conf_files` names), then rc.conf.d/SERVICE, a file or a directory of files, in /etc and
    /// beside the directories of `local_startup`. Files that do not exist are skipped.
    ///
    /// # Errors
    /// A file cannot be read, or has more than assignments.
    pub fn load(files: &dyn Files, service: &str) -> Result<Self, LoadError> {
        let mut conf = Self::default();
        conf.source(files)?;
        for path in conf.service_files(files, service)? {
            conf.read_file(files, &path)?;
        }
        Ok(conf)
    }

    /// Reads the files that `rc_conf_files` names, as source_rc_confs does. Answers those that were
    /// there, with their text.
    pub(crate) fn source(&mut self, files: &dyn Files) -> Result<Vec<Source>, LoadError> {
        let mut done: Vec<String> = Vec::new();
        let mut sources = Vec::new();
        // A file may name further ones in rc_conf_files. FreeBSD reads that list twice, and no
        // more.
        for _ in 0..2 {
            for path in self.words("rc_conf_files") {
                if !done.contains(&path) {
                    sources.extend(self.read_file(files, &path)?);
                    done.push(path);
                }
            }
        }
        Ok(sources)
    }

    /// The files of rc.conf.d that apply to `service`, whether they are there or not: rc.subr's
    /// load_rc_config.
    pub(crate) fn service_files(
        &self,
        files: &dyn Files,
        service: &str,
    ) -> Result<Vec<String>, LoadError> {
        let mut found = Vec::new();
        for directory in [vec!["/etc".to_owned()], self.words("local_startup")].concat() {
            // `local_startup` names the directories of scripts: /usr/local/etc/rc.d.
            let directory = directory.strip_suffix("/rc.d").unwrap_or(&directory);
            let path = format!("{directory}/rc.conf.d/{service}");
            match files.list(&path).map_err(|error| LoadError::read(&path, error))? {
                Some(names) => found.extend(names.iter().map(|name| format!("{path}/{name}"))),
                // No directory: perhaps a file, perhaps nothing.
                None => found.push(path),
            }
        }
        Ok(found)
    }

    /// Reads the text of one file; its assignments replace earlier values.
    ///
    /// # Errors
    /// The text has something that is no assignment.
    pub fn read(&mut self, text: &[u8]) -> Result<(), SyntaxError> {
        shell::assignments(text, self).map(drop)
    }

    /// Reads the file of defaults `path`, which must be there; answers its text.
    pub(crate) fn read_defaults(
        &mut self,
        files: &dyn Files,
        path: &str,
    ) -> Result<Vec<u8>, LoadError> {
        let missing = || LoadError::read(path, io::ErrorKind::NotFound.into());
        let text = files.read(path).map_err(|error| LoadError::read(path, error))?;
        let text = defaults::assignments_alone(&text.ok_or_else(missing)?);
        let syntax = |error| LoadError { path: path.to_owned(), reason: Reason::Syntax(error) };
        shell::assignments(&text, self).map_err(syntax)?;
        // What the end of FreeBSD's file does with this one.
        self.read_file(files, defaults::OF_VENDOR)?;
        Ok(text)
    }

    fn read_file(&mut self, files: &dyn Files, path: &str) -> Result<Option<Source>, LoadError> {
        let text = files.read(path).map_err(|error| LoadError::read(path, error))?;
        let Some(text) = text else { return Ok(None) };
        match shell::assignments(&text, self) {
            Ok(assignments) => Ok(Some(Source { path: path.to_owned(), text, assignments })),
            Err(error) => Err(LoadError { path: path.to_owned(), reason: Reason::Syntax(error) }),
        }
    }

    /// The names of the variables, sorted.
    pub fn names(&self) -> impl Iterator<Item = &[u8]> {
        self.variables.keys().map(Vec::as_slice)
    }

    /// Removes the variable `name`.
    pub(crate) fn unset(&mut self, name: &[u8]) {
        self.variables.remove(name);
    }

    /// The value of `name`; empty if it is unset. Bytes that are not UTF-8 become U+FFFD.
    pub fn get(&self, name: &str) -> String {
        String::from_utf8_lossy(self.value(name.as_bytes()).unwrap_or_default()).into_owned()
    }

    /// The value of `name`; none if it is unset or empty.
    pub fn get_set(&self, name: &str) -> Option<String> {
        Some(self.get(name)).filter(|value| !value.is_empty())
    }

    /// The value of `name`, split at blanks and line feeds as a shell splits it.
    pub fn words(&self, name: &str) -> Vec<String> {
        self.get(name).split_ascii_whitespace().map(str::to_owned).collect()
    }

    /// Sets `name` to a value.
    pub fn set(&mut self, name: &str, value: &str) {
        self.assign(name.into(), value.into());
    }

    /// Whether the value of `name` is a word for yes: rc.subr's checkyesno.
    ///
    /// # Errors
    /// The value is a word for neither; checkyesno warns, and takes it for no.
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

/// A file that has been read.
#[derive(Debug)]
pub(crate) struct Source {
    pub(crate) path: String,
    pub(crate) text: Vec<u8>,
    pub(crate) assignments: Vec<Assignment>,
}

/// A variable whose value must be yes or no, and is neither. Its `Display` is rc.subr's warning.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct NotSetProperly(pub String);

impl fmt::Display for NotSetProperly {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "${} is not set properly - see rc.conf(5).", self.0)
    }
}

impl std::error::Error for NotSetProperly {}

/// Why the variables could not be read. Its `Display` is `FILE:LINE: reason`, or `FILE: reason`.
#[derive(Debug)]
pub struct LoadError {
    path: String,
    reason: Reason,
}

impl LoadError {
    fn read(path: &str, error: io::Error) -> Self {
        Self { path: path.to_owned(), reason: Reason::Read(error) }
    }
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
                write!(f, "{}: {}", self.path, strerror::of(error))
            }
            Reason::Syntax(error) => write!(f, "{}:{error}", self.path),
        }
    }
}

impl std::error::Error for LoadError {}

#[cfg(test)]
mod tests {
    use super::*;

    use crate::files::Memory;

    #[test]
    fn the_defaults_are_read() {
        assert_eq!(RcConf::empty().read(DEFAULTS.as_bytes()), Ok(()));
        assert_eq!(RcConf::default().get("jail_conf"), "/etc/jail.conf");
    }

    #[test]
    fn later_files_win() {
        let files = Memory::with(&[
            (
                "/etc/rc.conf",
                "a=conf\nb=conf\nc=conf\nd=conf\nrc_conf_files=\"${rc_conf_files} /etc/more\"",
            ),
            ("/etc/rc.conf.local", "b=local\nc=local\nd=local"),
            ("/etc/more", "e=more"),
            ("/etc/rc.conf.d/jail", "c=service\nd=service"),
            ("/etc/rc.conf.d/other", "a=other"),
            ("/usr/local/etc/rc.conf.d/jail/10-first", "d=first\nf=first"),
            ("/usr/local/etc/rc.conf.d/jail/20-second", "f=second"),
        ]);
        let conf = RcConf::load(&files, "jail").unwrap();
        let got = ["a", "b", "c", "d", "e", "f", "jail_conf"].map(|name| conf.get(name));
        assert_eq!(got, ["conf", "local", "service", "first", "more", "second", "/etc/jail.conf"]);
    }

    #[test]
    fn errors_have_file_and_line() {
        let files = Memory::with(&[("/etc/rc.conf.local", "a=1\nreboot\n")]);
        let error = RcConf::load(&files, "jail").unwrap_err().to_string();
        let want =
            "/etc/rc.conf.local:2: reboot: not an assignment; this file is read, not executed";
        assert_eq!(error, want);
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
