//! What a catalogue says of a word, and how a word is found in it.
//!
//! [`word`] begins a row. A row becomes a [`Word`] only by what the word does or why it does
//! nothing: a row without either does not compile. Each language has its own actions, of which this
//! module knows only how many words must follow.

/// A row of a catalogue. `A` is the type of what words do in that language.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Word<A> {
    /// All spellings, the usual one first; or several words that are refused together.
    pub(crate) names: &'static [&'static str],
    /// Each spelling also exists with `-` before it, and then turns off what the word turns on.
    pub(crate) is_switch: bool,
    /// What the word does: one sentence without a full stop, other words in `backquotes`.
    pub(crate) about: &'static str,
    pub(crate) support: Support<A>,
}

/// How much of what a word does on FreeBSD it does on Linux.
#[derive(Debug, Clone, Copy)]
pub(crate) enum Support<A> {
    /// All of it.
    Full(A),
    /// The word does something; the text says what is different or missing.
    Partly(A, &'static str),
    /// Linux has nothing for the word; the text says why, and the way out.
    Refused(&'static str),
    /// The word is not implemented here.
    Absent,
}

/// The words of one subject.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Group<A: 'static> {
    /// The subject: the title of this part of the manual page.
    pub(crate) title: &'static str,
    pub(crate) words: &'static [Word<A>],
}

/// An action, seen as the arguments that its word needs.
pub(crate) trait Takes {
    /// The arguments: one for each word that must follow.
    fn arguments(&self) -> Vec<Argument>;
}

/// What may follow a word.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Argument {
    /// The name of an interface that exists.
    Interface,
    /// The name or number of a jail.
    Jail,
    /// A group of interfaces.
    Group,
    /// One of these words.
    Choice(&'static [&'static str]),
    /// Any other value, by its name in a manual page: `number`, `address`.
    Value(&'static str),
}

impl Argument {
    /// The name of the argument in a manual page.
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

/// An option before the words: a letter and its argument.
#[derive(Debug, Clone, Copy)]
pub struct Flag {
    /// The letter after the minus.
    pub letter: char,
    /// The argument of the option.
    pub argument: Option<Argument>,
    /// What the option does, in the manner of a row of the catalogue.
    pub about: &'static str,
}

/// The beginning of a row.
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

/// Begins the row of a word that a `-` before it turns off.
pub(crate) const fn switch(names: &'static [&'static str], about: &'static str) -> Draft {
    Draft { names, is_switch: true, about }
}

impl Draft {
    // Constant, so that a catalogue is data of the program and costs nothing at its start.
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

/// A word as the command line has it.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct Said<'a> {
    /// The word, including a minus.
    pub(crate) word: &'a str,
    /// Whether the word turns something on: `false` for a switch with `-`.
    pub(crate) on: bool,
}

/// Looks `word` up in a catalogue.
pub(crate) fn find<'a, A>(groups: &'static [Group<A>], word: &'a str) -> Option<Found<'a, A>> {
    let mut rows = groups.iter().flat_map(|group| group.words);
    let off = word.strip_prefix('-');
    rows.find_map(|row| {
        // As it stands first: `-vnet` and the like are words of their own, and no switch that is
        // off.
        let on = row.names.contains(&word);
        let is_off = row.is_switch && off.is_some_and(|word| row.names.contains(&word));
        (on || is_off).then_some(Found { row, said: Said { word, on } })
    })
}

/// The words of a catalogue that do something here.
pub(crate) fn taken<A>(groups: &'static [Group<A>]) -> impl Iterator<Item = &'static str> {
    let rows = groups.iter().flat_map(|group| group.words);
    let rows = rows.filter(|row| matches!(row.support, Support::Full(_) | Support::Partly(..)));
    rows.flat_map(|row| row.names).copied()
}

/// A language in the form that documents need.
#[derive(Debug, Clone)]
pub struct Language {
    /// The command: `ifconfig`.
    pub command: &'static str,
    /// How the command is called, one form on a line; wrong usage prints this.
    pub usage: &'static str,
    /// The options before the words.
    pub flags: &'static [Flag],
    /// The words that come first: kinds of interfaces, or commands.
    pub firsts: Section,
    /// The argument that may come first in their place.
    pub subject: Option<Argument>,
    /// All other words of the catalogue, by subject.
    pub sections: Vec<Section>,
    /// The argument that may come later in place of these words.
    pub operand: Option<Argument>,
}

/// The words of one subject, for documents.
#[derive(Debug, Clone)]
pub struct Section {
    /// The subject.
    pub title: &'static str,
    /// Its words.
    pub entries: Vec<Entry>,
}

/// A row of the catalogue, for documents.
#[derive(Debug, Clone)]
pub struct Entry {
    /// All spellings; those with a minus come last.
    pub names: Vec<String>,
    /// The arguments of the word.
    pub arguments: Vec<Argument>,
    /// What the word does: one sentence without a full stop, other words in `backquotes`.
    pub about: &'static str,
    /// How much of that the word does here.
    pub standing: Standing,
}

/// How much of what a word does on FreeBSD it does here.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Standing {
    /// The word does what it does on FreeBSD.
    Full,
    /// What is different or missing.
    Partly(&'static str),
    /// Why it is refused.
    Refused(&'static str),
    /// The word is refused because it is not implemented here.
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
    /// Prepares the group for documents.
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
            // After the plain spellings: documents show the first name, and the usual form turns
            // on.
            names.extend(self.names.iter().map(|name| format!("-{name}")));
        }
        let arguments = action.map_or_else(Vec::new, Takes::arguments);
        Entry { names, arguments, about: self.about, standing }
    }
}
