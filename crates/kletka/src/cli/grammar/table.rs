//! The form of the tables: what one says of a command line.

/// A command line.
pub(crate) struct Grammar {
    /// The word that names the command: its own name, or that of a verb.
    pub(crate) name: &'static str,
    /// What messages call the command.
    pub(crate) called: &'static str,
    /// What a verb does. An applet has that in its manual page.
    pub(crate) about: &'static str,
    /// How the command is called, line by line. Without any, the lines are those of the verbs.
    pub(crate) usage: &'static [&'static str],
    /// What wrong usage prints, where that is not the usage alone.
    pub(crate) complaint: Option<fn() -> String>,
    /// The exit status of wrong usage.
    pub(crate) status: u8,
    pub(crate) flags: &'static [Flag],
    /// The letters of options that FreeBSD has. The command itself says that it lacks them.
    pub(crate) refused: &'static str,
    /// Letters of options that other programs of the kind have, and what does the same here.
    pub(crate) elsewhere: &'static [(&'static str, &'static str)],
    /// Whether options may stand behind operands, too. With getopt(3) they may not.
    pub(crate) permutes: bool,
    /// What is offered for operands. The first rule whose pattern fits is taken.
    pub(crate) rules: &'static [Rule],
    /// Commands that the first operand can name. The rest of the line follows their own grammar.
    pub(crate) verbs: &'static [Grammar],
    /// What may stand before the name of a verb: `one` in `onestart`.
    pub(crate) prefixes: &'static [&'static str],
    /// Whether the first operand must be a verb, and a word that is none is refused before the
    /// command runs. Otherwise the command has a message of its own.
    pub(crate) only_verbs: bool,
    /// Whether the command takes no operand at all.
    pub(crate) takes_none: bool,
    /// The words of the command, where `networds` has them.
    pub(crate) language: Option<fn() -> networds::Language>,
}

impl Grammar {
    /// A command without options and operands, from which the tables begin.
    pub(super) const fn new(name: &'static str) -> Self {
        Self {
            name,
            called: name,
            about: "",
            usage: &[],
            complaint: None,
            status: 1,
            flags: &[],
            refused: "",
            elsewhere: &[],
            permutes: false,
            rules: &[],
            verbs: &[],
            prefixes: &[],
            only_verbs: false,
            takes_none: false,
            language: None,
        }
    }

    /// A verb, of which the table says what it does.
    pub(super) const fn verb(name: &'static str, about: &'static str) -> Self {
        Self { about, ..Self::new(name) }
    }

    /// Finds the verb that `word` names.
    pub(crate) fn find(&self, word: &str) -> Option<&'static Self> {
        let bare = self.prefixes.iter().find_map(|prefix| word.strip_prefix(prefix));
        let named = |word| self.verbs.iter().find(|verb| verb.name == word);
        named(word).or_else(|| named(bare?))
    }

    /// Whether `-h` has a meaning of its own, as in FreeBSD's command.
    pub(crate) fn has_own_h(&self) -> bool {
        self.refused.contains('h') || self.flags.iter().any(|flag| flag.name == "-h")
    }

    /// The options that every command has, with those of this one before them.
    pub(crate) fn all_flags(&self) -> impl Iterator<Item = &'static Flag> {
        let with_h = !self.has_own_h();
        let common = COMMON.iter().filter(move |flag| with_h || flag.name != "-h");
        self.flags.iter().filter(|flag| !flag.is_hidden).chain(common)
    }

    /// Writes how the command is called: the text after `usage: `.
    pub(crate) fn forms(&self) -> Vec<&'static str> {
        if let Some(language) = self.language {
            return language().usage.lines().map(str::trim_start).collect();
        }
        if self.usage.is_empty() {
            return self.verbs.iter().flat_map(Self::forms).collect();
        }
        self.usage.to_vec()
    }
}

/// The options of every command.
const COMMON: &[Flag] = &[
    flag("-h", "the same as --help"),
    flag("--help", "print this text"),
    flag("--version", "print the version of kletka"),
];

/// An option.
#[derive(Clone, Copy)]
pub(crate) struct Flag {
    /// The name, with its dashes.
    pub(crate) name: &'static str,
    pub(crate) value: Option<Value>,
    pub(crate) about: &'static str,
    /// Whether the option is taken and not shown.
    pub(crate) is_hidden: bool,
    /// Whether the words behind the option are a command line of another kind, whose mistakes the
    /// command itself reports.
    pub(crate) ends: bool,
}

/// The value of an option.
#[derive(Clone, Copy)]
pub(crate) struct Value {
    /// The name of the value, as a page has it.
    pub(crate) called: &'static str,
    pub(crate) word: Word,
    /// Whether the option stands without its value, too. The value then follows a `=`.
    pub(crate) is_optional: bool,
}

/// The kind of a word, from which follows what is offered for it.
#[derive(Clone, Copy, PartialEq, Eq)]
pub(crate) enum Word {
    /// Any text. Nothing is offered.
    Any,
    /// One of these.
    Choice(&'static [&'static str]),
    /// The name of a jail that jail.conf(5) describes.
    Configured,
    /// The name of a jail that runs.
    Running,
    /// A parameter that jail(8) takes, with `=` where a value follows.
    Assignment,
    /// A parameter that jail(8) takes, without `=`.
    Parameter,
    /// A parameter that jls(8) shows.
    Shown,
    /// A variable of rc.conf(5).
    Variable,
    /// A name of sysctl(8).
    Oid,
    /// An interface of the host.
    Interface,
    /// The number of a ruleset of devfs.rules(5).
    Ruleset,
    /// A file system that is mounted.
    Mounted,
    /// The name of an applet or of a manual page.
    Page,
    File,
    Directory,
    /// A user of the host.
    User,
    /// A command of the host with its own words. It stands behind this number of operands.
    Program(usize),
}

/// What is offered for an operand.
pub(crate) struct Rule {
    /// Only if one of these options stands before the operand. Without any, in all cases.
    pub(crate) options: &'static [&'static str],
    /// Only if the operand is the first one.
    pub(crate) is_first: bool,
    pub(crate) offers: &'static [Word],
}

pub(super) const fn flag(name: &'static str, about: &'static str) -> Flag {
    Flag { name, value: None, about, is_hidden: false, ends: false }
}

pub(super) const fn with(
    name: &'static str,
    called: &'static str,
    word: Word,
    about: &'static str,
) -> Flag {
    let value = Some(Value { called, word, is_optional: false });
    Flag { value, ..flag(name, about) }
}

/// An option that stands with and without its value.
pub(super) const fn may(
    name: &'static str,
    called: &'static str,
    word: Word,
    about: &'static str,
) -> Flag {
    let value = Some(Value { called, word, is_optional: true });
    Flag { value, ..flag(name, about) }
}

pub(super) const fn hidden(name: &'static str) -> Flag {
    Flag { is_hidden: true, ..flag(name, "") }
}

/// What is offered for the first operand.
pub(super) const fn first(offers: &'static [Word]) -> Rule {
    Rule { options: &[], is_first: true, offers }
}

/// What is offered for every operand.
pub(super) const fn each(offers: &'static [Word]) -> Rule {
    Rule { options: &[], is_first: false, offers }
}

impl Rule {
    /// The same rule, for lines with one of these options.
    pub(super) const fn with(self, options: &'static [&'static str]) -> Self {
        Self { options, ..self }
    }
}
