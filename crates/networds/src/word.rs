//! What a catalogue says of a word, and finding a word in a catalogue.
//!
//! [`word`] begins a row. Only what the word does, or why it does nothing, makes a [`Word`] of the
//! row: one that lacks both does not compile. Each language has actions of its own; here they only
//! say how many words must follow.

/// A row of a catalogue. `A` is what the words of that language do.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Word<A> {
    /// All spellings, the usual one first; or words that are refused together.
    pub(crate) names: &'static [&'static str],
    /// Each spelling is also a word with `-` before it, which turns off what the word turns on.
    pub(crate) is_switch: bool,
    /// What it does, in one sentence without a full stop; words stand in `backquotes`.
    pub(crate) about: &'static str,
    pub(crate) support: Support<A>,
}

/// How far a word does on Linux what it does on FreeBSD.
#[derive(Debug, Clone, Copy)]
pub(crate) enum Support<A> {
    /// All of it.
    Full(A),
    /// It does something; what is different or missing.
    Partly(A, &'static str),
    /// Linux has nothing for it; why, and the way out.
    Refused(&'static str),
    /// Nothing has been made of it here as yet.
    Absent,
}

/// The words of one subject.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Group<A: 'static> {
    /// What they are words of: the title of their part of the manual page.
    pub(crate) title: &'static str,
    pub(crate) words: &'static [Word<A>],
}

/// An action, by what must follow its word on the command line.
pub(crate) trait Takes {
    /// One for each word that must follow.
    fn arguments(&self) -> Vec<Argument>;
}

/// What may follow a word.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Argument {
    /// The name of an interface that is there.
    Interface,
    /// The name or number of a jail.
    Jail,
    /// A group of interfaces.
    Group,
    /// One of these.
    Choice(&'static [&'static str]),
    /// Anything else, by what it is called in a manual page: `number`, `address`.
    Value(&'static str),
}

impl Argument {
    /// What a manual page calls it.
    #[must_use]
    pub fn label(self) -> String {
        match self {
            Self::Interface => "interface".to_owned(),
            Self::Jail => "jail".to_owned(),
            Self::Group => "group".to_owned(),
            Self::Choice(words) => words.join("|"),
            Self::Value(label) => label.to_owned(),
        }
    }
}

/// An option before the words: a letter, and what follows that.
#[derive(Debug, Clone, Copy)]
pub struct Flag {
    /// The letter after the minus.
    pub letter: char,
    /// What follows it.
    pub argument: Option<Argument>,
    /// What it does, as in a row of the catalogue.
    pub about: &'static str,
}

/// A row begun.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Draft {
    names: &'static [&'static str],
    is_switch: bool,
    about: &'static str,
}

/// Begins a row: the spellings of a word, and one sentence on what it does.
pub(crate) const fn word(names: &'static [&'static str], about: &'static str) -> Draft {
    Draft { names, is_switch: false, about }
}

/// Begins the row of a word that `-` before it turns off.
pub(crate) const fn switch(names: &'static [&'static str], about: &'static str) -> Draft {
    Draft { names, is_switch: true, about }
}

impl Draft {
    pub(crate) const fn full<A: Copy>(self, action: A) -> Word<A> {
        self.row(Support::Full(action))
    }

    pub(crate) const fn partly<A: Copy>(self, missing: &'static str, action: A) -> Word<A> {
        self.row(Support::Partly(action, missing))
    }

    pub(crate) const fn refused<A: Copy>(self, because: &'static str) -> Word<A> {
        self.row(Support::Refused(because))
    }

    pub(crate) const fn absent<A: Copy>(self) -> Word<A> {
        self.row(Support::Absent)
    }

    const fn row<A: Copy>(self, support: Support<A>) -> Word<A> {
        let Self { names, is_switch, about } = self;
        Word { names, is_switch, about, support }
    }
}

/// A word of the command line that is in a catalogue.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Found<'a, A: 'static> {
    pub(crate) row: &'static Word<A>,
    pub(crate) said: Said<'a>,
}

/// A word as it was said.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct Said<'a> {
    /// With its minus.
    pub(crate) word: &'a str,
    /// It turns something on: it is not the form with `-` of a switch.
    pub(crate) on: bool,
}

/// Looks `word` up.
pub(crate) fn find<'a, A>(groups: &'static [Group<A>], word: &'a str) -> Option<Found<'a, A>> {
    let mut rows = groups.iter().flat_map(|group| group.words);
    let off = word.strip_prefix('-');
    rows.find_map(|row| {
        let on = row.names.contains(&word);
        let is_off = row.is_switch && off.is_some_and(|word| row.names.contains(&word));
        (on || is_off).then_some(Found { row, said: Said { word, on } })
    })
}

/// A language as its documents show it.
#[derive(Debug, Clone)]
pub struct Language {
    /// The command: `ifconfig`.
    pub command: &'static str,
    /// How it is called, a line for each form; what wrong usage prints.
    pub usage: &'static str,
    /// The options before the words.
    pub flags: &'static [Flag],
    /// The words that come first: kinds of interfaces, or commands.
    pub firsts: Section,
    /// What else may come first.
    pub subject: Option<Argument>,
    /// All other words of the catalogue, by subject.
    pub sections: Vec<Section>,
    /// What else may come later.
    pub operand: Option<Argument>,
}

/// The words of one subject, as documents show them.
#[derive(Debug, Clone)]
pub struct Section {
    /// The subject.
    pub title: &'static str,
    /// Its words.
    pub entries: Vec<Entry>,
}

/// A row of the catalogue, as documents show it.
#[derive(Debug, Clone)]
pub struct Entry {
    /// All spellings; those with a minus at the end.
    pub names: Vec<String>,
    /// What follows each.
    pub arguments: Vec<Argument>,
    /// What it does, in one sentence without a full stop; words stand in `backquotes`.
    pub about: &'static str,
    /// How far it does that here.
    pub standing: Standing,
}

/// [`Support`] without the action.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Standing {
    /// As on FreeBSD.
    Full,
    /// What is different or missing.
    Partly(&'static str),
    /// Why it is refused.
    Refused(&'static str),
    /// It is refused, for nothing has been made of it as yet.
    Absent,
}

impl Entry {
    /// Whether the word does anything here.
    #[must_use]
    pub fn is_taken(&self) -> bool {
        matches!(self.standing, Standing::Full | Standing::Partly(_))
    }
}

impl<A: Takes> Group<A> {
    /// The group as documents show it.
    pub(crate) fn section(&self) -> Section {
        Section { title: self.title, entries: self.words.iter().map(Word::entry).collect() }
    }
}

impl<A: Takes> Word<A> {
    fn entry(&self) -> Entry {
        let (action, standing) = match &self.support {
            Support::Full(action) => (Some(action), Standing::Full),
            Support::Partly(action, missing) => (Some(action), Standing::Partly(missing)),
            Support::Refused(because) => (None, Standing::Refused(because)),
            Support::Absent => (None, Standing::Absent),
        };
        let mut names: Vec<String> = self.names.iter().map(|&name| name.to_owned()).collect();
        if self.is_switch {
            names.extend(self.names.iter().map(|name| format!("-{name}")));
        }
        let arguments = action.map_or_else(Vec::new, Takes::arguments);
        Entry { names, arguments, about: self.about, standing }
    }
}
