//! How jail(8) prints messages: faults on standard error, everything else on standard output. Or
//! both are written into one file: `service jail` keeps them there until it is known whether the
//! jail starts.

use super::jids::JidFile;
use super::progress::Progress;
use crate::cli::answer;
use lifecycle::{Notice, Refusal, UnderWay, Verbosity, Voice};
use prison::Record;
use std::cell::RefCell;
use std::fs::File;
use std::io::{self, IsTerminal, Write};

/// The name that messages about faults begin with.
const NAME: &str = "jail";

/// The voice of jail(8).
pub(crate) struct Speaker {
    verbosity: Verbosity,
    /// `-i`: the jid of a prison that is created is printed.
    prints_jid: bool,
    /// The file that messages are written into instead of being printed.
    kept: Option<File>,
    jids: RefCell<JidFile>,
    /// The name and the jid of each prison that was to be started and now runs.
    running: RefCell<Vec<(String, u32)>>,
    progress: RefCell<Progress>,
}

impl Speaker {
    /// Makes a speaker of this verbosity. With `prints_jid`, the jids of prisons that are created
    /// are printed.
    pub(crate) fn new(verbosity: Verbosity, prints_jid: bool) -> Self {
        // With -v each step has a line of its own, with -q nothing is to be shown: the line of
        // progress is for neither.
        let progress = Progress::new(verbosity == Verbosity::Normal && io::stderr().is_terminal());
        let (jids, running) = (RefCell::default(), RefCell::default());
        Self { verbosity, prints_jid, kept: None, jids, running, progress: progress.into() }
    }

    /// Has all messages written into `file` instead.
    pub(crate) fn into_file(self, file: File) -> Self {
        let progress = RefCell::new(Progress::new(false));
        Self { kept: Some(file), progress, ..self }
    }

    /// Answers the name and the jid of each prison that was to be started and now runs.
    pub(crate) fn into_running(self) -> Vec<(String, u32)> {
        self.running.into_inner()
    }

    /// Has a line written for each jail that runs: `-J`.
    pub(super) fn take(&self, jids: JidFile) {
        self.jids.replace(jids);
    }

    /// Says why something is not done.
    pub(crate) fn refuse(&self, refusal: &Refusal) {
        self.complain(&refusal.lines(NAME, self.shows_excerpts()));
    }

    /// Whether messages show the lines of files that they are about. Such excerpts are for people
    /// at a terminal.
    fn shows_excerpts(&self) -> bool {
        self.kept.is_none() && io::stderr().is_terminal()
    }

    fn complain(&self, line: &str) {
        match &self.kept {
            Some(file) => keep(file, &format!("{NAME}: {line}\n")),
            None => complain!("{NAME}: {line}"),
        }
    }

    fn say(&self, line: &str) {
        let line = format!("{line}\n");
        match &self.kept {
            Some(file) => keep(file, &line),
            None => _ = answer::print(line),
        }
    }
}

/// Writes into a file that keeps messages.
fn keep(mut file: &File, text: &str) {
    // A failure is ignored: jails must not be left half done because of a message.
    let _ = file.write_all(text.as_bytes());
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
