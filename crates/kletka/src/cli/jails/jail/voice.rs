//! How jail(8) speaks: what is wrong on standard error, all else on standard output; or both into
//! one file, which is how rc.d/jail keeps it to itself until it is known whether the jail starts.

use super::jids::JidFile;
use super::progress::Progress;
use lifecycle::{Notice, Refusal, UnderWay, Verbosity, Voice};
use prison::Record;
use std::cell::RefCell;
use std::fs::File;
use std::io::{self, IsTerminal, Write};

/// The name under which it complains.
const NAME: &str = "jail";

/// jail(8), speaking.
pub(crate) struct Speaker {
    verbosity: Verbosity,
    /// Prints the jid of a prison that is created: `-i`.
    prints_jid: bool,
    /// What is kept in place of being printed.
    kept: Option<File>,
    jids: RefCell<JidFile>,
    /// The prisons that were to be started, and run: name and jid.
    running: RefCell<Vec<(String, u32)>>,
    progress: RefCell<Progress>,
}

impl Speaker {
    /// One that says so much, and prints the jids of prisons that are created.
    pub(crate) fn new(verbosity: Verbosity, prints_jid: bool) -> Self {
        let progress = Progress::new(verbosity == Verbosity::Normal && io::stderr().is_terminal());
        let (jids, running) = (RefCell::default(), RefCell::default());
        Self { verbosity, prints_jid, kept: None, jids, running, progress: progress.into() }
    }

    /// The same, writing all into `file`.
    pub(crate) fn into_file(self, file: File) -> Self {
        let progress = RefCell::new(Progress::new(false));
        Self { kept: Some(file), progress, ..self }
    }

    /// The prisons that were to be started, and run: their names and jids.
    pub(crate) fn into_running(self) -> Vec<(String, u32)> {
        self.running.into_inner()
    }

    /// Has the lines of jails that run written: `-J`.
    pub(super) fn take(&self, jids: JidFile) {
        self.jids.replace(jids);
    }

    /// Says why something is not done.
    pub(crate) fn refuse(&self, refusal: &Refusal) {
        self.complain(&refusal.lines(NAME, self.shows_excerpts()));
    }

    /// Lines of files are for people, and there are none behind a file.
    fn shows_excerpts(&self) -> bool {
        self.kept.is_none() && io::stderr().is_terminal()
    }

    fn complain(&self, line: &str) {
        self.write(&format!("{NAME}: {line}\n"), io::stderr());
    }

    fn say(&self, line: &str) {
        self.write(&format!("{line}\n"), io::stdout());
    }

    /// Writes a line. That nobody reads it is no reason to leave jails half done.
    fn write(&self, line: &str, mut printed: impl Write) {
        let _ = match &self.kept {
            Some(file) => {
                let mut file: &File = file;
                file.write_all(line.as_bytes())
            }
            None => printed.write_all(line.as_bytes()),
        };
    }
}

impl Voice for Speaker {
    fn tell(&self, notice: &Notice<'_>) {
        if let Notice::Created(_, jid) = notice
            && self.prints_jid
        {
            self.say(&jid.to_string());
        }
        if self.verbosity < notice.least() {
            return;
        }
        let lines = notice.lines(NAME, self.shows_excerpts());
        if notice.is_complaint() { self.complain(&lines) } else { self.say(&lines) }
    }

    fn runs(&self, given: Option<&jailconf::Jail>, record: &Record) -> Result<(), Refusal> {
        self.running.borrow_mut().push((record.name.clone(), record.jid));
        self.jids.borrow_mut().write(given, record).map_err(Refusal::Write)
    }

    fn show(&self, under_way: &UnderWay<'_>) {
        self.progress.borrow_mut().show(under_way);
    }

    fn hide(&self) {
        self.progress.borrow_mut().hide();
    }
}
