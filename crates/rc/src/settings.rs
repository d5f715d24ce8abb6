//! The variables for sysrc(8): their values, the file of each, and changes of these files.

use std::fmt;
use std::io;

use crate::conf::{DEFAULTS, LoadError, RcConf, Source};
use crate::edit;
use crate::files::Files;
use crate::shell::{self, SyntaxErrorKind, Variables, name_length};

/// The path that is shown for the defaults, which are built in.
pub const DEFAULTS_FILE: &str = "/etc/defaults/rc.conf";

/// Which files count: the options `-D`, `-f`, `-s` of sysrc(8), and the variables of its
/// environment.
#[derive(Debug, Clone, Default)]
pub struct Selection {
    /// A file of defaults, instead of the built-in ones: `RC_DEFAULTS`.
    pub defaults: Option<String>,
    /// The files, instead of those that `rc_conf_files` names: `RC_CONFS`, `-f`.
    pub files: Option<Vec<String>>,
    /// The service whose files in rc.conf.d are read last, unless `files` selects others.
    pub service: Option<String>,
    /// Whether only files that exist count.
    pub existing: bool,
}

/// The variables of all files, and the files.
pub struct Settings<'a> {
    files: &'a dyn Files,
    defaults_file: String,
    defaults_text: Vec<u8>,
    defaults: RcConf,
    /// Whether a selection replaces rc_conf_files.
    selected: bool,
    /// The files that count, whether they exist or not, in their order.
    paths: Vec<String>,
    sources: Vec<Source>,
    conf: RcConf,
}

impl fmt::Debug for Settings<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Settings").field("paths", &self.paths).finish_non_exhaustive()
    }
}

impl<'a> Settings<'a> {
    /// Reads the files of the `selection`.
    ///
    /// # Errors
    /// A file cannot be read, or has more than assignments.
    pub fn load(files: &'a dyn Files, selection: &Selection) -> Result<Self, LoadError> {
        let (mut defaults, mut defaults_text) = (RcConf::default(), DEFAULTS.as_bytes().to_vec());
        if let Some(path) = &selection.defaults {
            defaults = RcConf::empty();
            defaults_text = defaults.read_defaults(files, path)?;
        }
        let mut selected = selection.files.clone();
        // The files that rc.conf names must be read first: `local_startup` may be set there.
        if let (None, Some(service)) = (&selected, &selection.service) {
            let mut conf = defaults.clone();
            conf.source(files)?;
            let own = conf.service_files(files, service)?;
            selected = Some([conf.words("rc_conf_files"), own].concat());
        }
        if selection.existing {
            let all = selected.unwrap_or_else(|| defaults.words("rc_conf_files"));
            let is_there = |path: &String| matches!(files.read(path), Ok(Some(_)));
            selected = Some(all.into_iter().filter(is_there).collect());
        }
        let defaults_file = selection.defaults.clone().unwrap_or_else(|| DEFAULTS_FILE.to_owned());
        let mut settings = Self {
            files,
            defaults_file,
            defaults_text,
            conf: RcConf::empty(),
            defaults,
            selected: selected.is_some(),
            paths: selected.unwrap_or_default(),
            sources: Vec::new(),
        };
        settings.read()?;
        Ok(settings)
    }

    /// Reads all files; called again after a change.
    fn read(&mut self) -> Result<(), LoadError> {
        let mut conf = self.defaults.clone();
        let selected = self.paths.join(" ");
        if self.selected {
            // Through the variable, as sysrc(8) does: a selected file may add to the list.
            conf.set("rc_conf_files", &selected);
        }
        self.sources = conf.source(self.files)?;
        if !self.selected {
            self.paths = conf.words("rc_conf_files");
        } else if conf.get("rc_conf_files") == selected {
            // No file sets rc_conf_files, so its value is still the selection. The user asks for
            // the value without a selection: the default.
            match self.defaults.value(b"rc_conf_files") {
                Some(_) => conf.set("rc_conf_files", &self.defaults.get("rc_conf_files")),
                None => conf.unset(b"rc_conf_files"),
            }
        }
        self.conf = conf;
        Ok(())
    }

    /// The value of `name`; `None` when it is unset.
    pub fn value(&self, name: &[u8]) -> Option<&[u8]> {
        self.conf.value(name)
    }

    /// Expands `${parameter}`: a name, or a name with an operator of sh(1). `None` if it is
    /// neither, or if it demands a variable that is unset.
    pub fn expand(&self, parameter: &[u8]) -> Option<Vec<u8>> {
        if name_length(parameter) == parameter.len() {
            return self.value(parameter).map(<[u8]>::to_vec);
        }
        // A copy: `${name=word}` assigns, and a question must not change what it asks.
        shell::expand(parameter, &mut self.conf.clone()).ok()
    }

    /// The file whose assignment counts: the last one. Without any, the defaults' path, if they
    /// have a value.
    pub fn file_of(&self, name: &[u8]) -> Option<&str> {
        let name = &name[..name_length(name)];
        let assigns = |source: &Source| source.assignments.iter().any(|it| it.name == name);
        let in_order = self.paths.iter().rev();
        let mut sources = in_order.filter_map(|path| self.source(path));
        match sources.find(|source| assigns(source)) {
            Some(source) => Some(&source.path),
            None => self.defaults.value(name).map(|_| self.defaults_file.as_str()),
        }
    }

    /// The files that assign to `name`.
    pub fn files_of(&self, name: &[u8]) -> Vec<&str> {
        let assigns = |source: &&Source| source.assignments.iter().any(|it| it.name == name);
        self.sources.iter().filter(assigns).map(|source| source.path.as_str()).collect()
    }

    fn source(&self, path: &str) -> Option<&Source> {
        self.sources.iter().find(|source| source.path == path)
    }

    /// The file that a new assignment to `name` changes; `None` if no file is selected.
    pub fn target(&self, name: &[u8]) -> Option<&str> {
        match self.file_of(name) {
            // The defaults are never changed: an update of the system replaces them.
            Some(path) if path != self.defaults_file => Some(path),
            _ => self.paths.first().map(String::as_str),
        }
    }

    /// The files that count, whether they exist or not.
    pub fn paths(&self) -> &[String] {
        &self.paths
    }

    /// The names of the variables that files set; with the defaults, also those that only these
    /// have.
    pub fn names(&self, with_defaults: bool) -> Vec<Vec<u8>> {
        let by_files = |name: &&[u8]| {
            self.sources.iter().flat_map(|it| &it.assignments).any(|it| it.name == *name)
        };
        let all = self.conf.names();
        all.filter(|name| with_defaults || by_files(name)).map(<[u8]>::to_vec).collect()
    }

    /// The comment that describes `name` in the defaults; empty if there is none.
    pub fn description(&self, name: &[u8]) -> String {
        let text = String::from_utf8_lossy(&self.defaults_text);
        let name = String::from_utf8_lossy(name);
        let mut lines = text.lines().map(str::trim_start);
        let of_name = |line: &&str| line.strip_prefix(&*name).is_some_and(|it| it.starts_with('='));
        let Some(line) = lines.find(of_name) else { return String::new() };
        let mut words = vec![line.split_once('#').map_or("", |(_, comment)| comment.trim())];
        // The description continues in the comment lines that follow, up to an assignment that was
        // commented out.
        for line in lines {
            let Some(comment) = line.strip_prefix('#') else { break };
            let length = name_length(comment.as_bytes());
            if length > 0 && comment[length..].starts_with('=') {
                break;
            }
            words.push(comment.trim_start_matches('#').trim());
        }
        words.join(" ").trim().to_owned()
    }

    /// Sets `name` to `value`, in the file that [`Self::target`] names.
    ///
    /// # Errors
    /// The file cannot be written, or its new text could not be read: then the file is not changed.
    pub fn set(&mut self, name: &[u8], value: &[u8]) -> Result<(), SetError> {
        let path = self.target(name).ok_or(SetError::NoFile)?.to_owned();
        let (text, assignments) = match self.source(&path) {
            Some(source) => (&source.text[..], &source.assignments[..]),
            None => (&b""[..], &[][..]),
        };
        let new = edit::set(text, assignments, name, value);
        self.write(&path, &new, SetError::CannotCreate)
    }

    /// Removes all assignments to `name` from all files that count.
    ///
    /// # Errors
    /// The errors of [`Self::set`].
    pub fn remove(&mut self, name: &[u8]) -> Result<(), SetError> {
        for path in self.paths.clone() {
            let edited = self.source(&path).map(|it| edit::remove(&it.text, &it.assignments, name));
            if let Some(Some(new)) = edited {
                self.write(&path, &new, SetError::CannotWrite)?;
            }
        }
        Ok(())
    }

    fn write(
        &mut self,
        path: &str,
        text: &[u8],
        error: fn(String, io::Error) -> SetError,
    ) -> Result<(), SetError> {
        // Read with the variables that are known: a `${name?}` in the file may need one of an
        // earlier file.
        let mut conf = self.conf.clone();
        if let Err(error) = shell::assignments(text, &mut conf) {
            return Err(SetError::Syntax(path.to_owned(), error.kind));
        }
        self.files.replace(path, text).map_err(|failure| error(path.to_owned(), failure))?;
        self.read().map_err(SetError::Unreadable)
    }
}

/// Why a file was not changed. Its `Display` is the text behind `sysrc: `.
#[derive(Debug)]
pub enum SetError {
    /// No file may be changed: `-D`, or `-E` where no file exists.
    NoFile,
    /// The file that would have got an assignment.
    CannotCreate(String, io::Error),
    /// The file that would have lost an assignment.
    CannotWrite(String, io::Error),
    /// The new value would have made the file unreadable.
    Syntax(String, SyntaxErrorKind),
    /// The files cannot be read any more.
    Unreadable(LoadError),
}

impl fmt::Display for SetError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::NoFile => f.write_str("no file to change"),
            Self::CannotCreate(path, error) => {
                write!(f, "cannot create {path}: {}", strerror::of(error))
            }
            Self::CannotWrite(path, error) => write!(f, "{path}: {}", strerror::of(error)),
            // The first line gives the reason, which FreeBSD leaves to sh(1); the second is
            // FreeBSD's.
            Self::Syntax(path, kind) => {
                write!(f, "{kind}\nsysrc: Not overwriting `{path}' due to previous syntax errors")
            }
            Self::Unreadable(error) => error.fmt(f),
        }
    }
}

impl std::error::Error for SetError {}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::files::Memory;

    fn loaded<'a>(files: &'a Memory, selection: &Selection) -> Settings<'a> {
        Settings::load(files, selection).unwrap()
    }

    #[test]
    fn the_file_that_counts_is_changed() {
        let files = Memory::with(&[
            ("/etc/rc.conf", "a=1\nb=1\n"),
            ("/etc/rc.conf.local", "b=2\n"),
            ("/etc/rc.conf.d/jail", "a=3\n"),
        ]);
        let mut settings = loaded(&files, &Selection::default());
        assert_eq!(settings.file_of(b"jail_enable"), Some(DEFAULTS_FILE));
        for (name, target) in
            [("a", "/etc/rc.conf"), ("b", "/etc/rc.conf.local"), ("new", "/etc/rc.conf")]
        {
            assert_eq!(settings.target(name.as_bytes()), Some(target));
            settings.set(name.as_bytes(), b"x").unwrap();
            assert_eq!(settings.value(name.as_bytes()), Some(&b"x"[..]));
        }
        assert_eq!(files.text("/etc/rc.conf"), "a=\"x\"\nb=1\nnew=\"x\"\n");
        assert_eq!(files.text("/etc/rc.conf.local"), "b=\"x\"\n");
        let service = Selection { service: Some("jail".to_owned()), ..Selection::default() };
        let mut settings = loaded(&files, &service);
        assert_eq!(settings.files_of(b"a"), ["/etc/rc.conf", "/etc/rc.conf.d/jail"]);
        settings.remove(b"a").unwrap();
        assert_eq!((settings.value(b"a"), settings.files_of(b"a").len()), (None, 0));
        assert_eq!(files.text("/etc/rc.conf.d/jail"), "");
    }

    #[test]
    fn rc_conf_files_is_asked_for_without_the_selection() {
        let files = Memory::with(&[("/f", "a=1\n"), ("/g", "rc_conf_files=/f\n")]);
        for (file, want) in [("/f", "/etc/rc.conf /etc/rc.conf.local"), ("/g", "/f")] {
            let only = Selection { files: Some(vec![file.to_owned()]), ..Selection::default() };
            let settings = loaded(&files, &only);
            assert_eq!(settings.value(b"rc_conf_files"), Some(want.as_bytes()));
        }
    }

    #[test]
    fn what_could_not_be_read_again_is_not_written() {
        let files = Memory::with(&[("/etc/rc.conf", "a=1\n")]);
        let mut settings = loaded(&files, &Selection::default());
        for value in ["$(reboot)", "x\" reboot", "`", "${b", "x\"y"] {
            let error = settings.set(b"a", value.as_bytes()).unwrap_err().to_string();
            let last = "sysrc: Not overwriting `/etc/rc.conf' due to previous syntax errors";
            assert_eq!(error.lines().last(), Some(last), "{value}");
        }
        assert_eq!(files.text("/etc/rc.conf"), "a=1\n");
    }

    #[test]
    fn descriptions_go_on_in_comments() {
        let text = "a=1 # One\n  # and more.\n#b=2\nc=3\n# Nothing of c's\nd=4 #\n";
        let files = Memory::with(&[("/d", text)]);
        let defaults = Selection { defaults: Some("/d".to_owned()), ..Selection::default() };
        let settings = loaded(&files, &defaults);
        let got = [b"a", b"b", b"c", b"d"].map(|name| settings.description(name));
        assert_eq!(got, ["One and more.", "", "Nothing of c's", ""]);
    }
}
