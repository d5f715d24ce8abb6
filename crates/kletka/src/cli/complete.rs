//! `kletka complete WORD ...`: answers what may stand in the place of the last word, for the
//! completions of shells.
//!
//! The scripts in share/completions ask this command, so that every shell offers the same, and
//! everything follows from the tables of [`grammar`](super::grammar). The first word is the name of
//! the command that is being typed.
//!
//! The first line of the answer says, in words, what the shell itself has to offer: `files`,
//! `directories`, `users`, or `command N`, where a command line of its own begins with word N,
//! counted from 0. `nospace` means that typing goes on behind a word. Each other line is a word,
//! and behind a tab what the word does.

mod names;

use super::answer::print_as_is;
use super::applet::Applet;
use super::grammar::{Flag, Grammar, Rule, Word, own};
use names::{Name, plain};
use networds::{Argument, Offer};
use std::ffi::OsString;
use std::path::Path;
use std::process::ExitCode;

/// Answers what may stand in the place of the last of `words`.
pub(super) fn run(words: &[OsString], applets: &'static [Applet]) -> ExitCode {
    let words: Vec<String> = words.iter().map(|word| word.to_string_lossy().into_owned()).collect();
    print_as_is(answer(&words, applets).text());
    ExitCode::SUCCESS
}

/// What is offered.
#[derive(Default)]
struct Answer {
    directives: Vec<String>,
    names: Vec<Name>,
}

impl Answer {
    fn directive(directive: impl Into<String>) -> Self {
        Self { directives: vec![directive.into()], ..Self::default() }
    }

    fn of(names: impl IntoIterator<Item = Name>) -> Self {
        Self { names: names.into_iter().collect(), ..Self::default() }
    }

    fn and(mut self, other: Self) -> Self {
        self.directives.extend(other.directives);
        self.names.extend(other.names);
        self
    }

    /// Leaves only the names that go on from what was typed.
    fn that_begin(mut self, typed: &str) -> Self {
        self.names.retain(|name| name.word.starts_with(typed));
        self
    }

    /// Puts what was typed before a value in front of each value.
    fn behind(mut self, typed: &str) -> Self {
        self.names.iter_mut().for_each(|name| name.word.insert_str(0, typed));
        self
    }

    fn text(&self) -> String {
        let mut text = self.directives.join(" ") + "\n";
        for Name { word, about } in &self.names {
            // Others choose names of interfaces and jails. Nothing of them ends a line or a word.
            if word.is_empty() || word.contains(|c: char| c.is_control()) {
                continue;
            }
            text += word;
            if !about.is_empty() {
                text += &format!("\t{}", about.replace('`', ""));
            }
            text.push('\n');
        }
        text
    }
}

fn answer(words: &[String], applets: &'static [Applet]) -> Answer {
    let [called, before @ .., typed] = words else { return Answer::default() };
    let called = Path::new(called).file_name().map(|name| name.to_string_lossy());
    let called = called.unwrap_or_default();
    if called == own::KLETKA.name {
        return kletka(before, typed, applets);
    }
    match applets.iter().find(|applet| called == applet.name) {
        Some(applet) => {
            Line::new(applets, applet.grammar).complete(before, typed, 1).that_begin(typed)
        }
        None => Answer::default(),
    }
}

/// Completes the binary's own command line, whose first word may be an applet.
fn kletka(before: &[String], typed: &str, applets: &'static [Applet]) -> Answer {
    let applet = |word: &String| applets.iter().find(|applet| *word == applet.name);
    match before.split_first() {
        Some((first, before)) if applet(first).is_some() => {
            let grammar = applet(first).map_or(&own::KLETKA, |applet| applet.grammar);
            Line::new(applets, grammar).complete(before, typed, 2)
        }
        _ => {
            let offered = Line::new(applets, &own::KLETKA).complete(before, typed, 1);
            let applets = applets.iter().filter(|_| before.is_empty() && !typed.starts_with('-'));
            offered.and(Answer::of(applets.map(|it: &Applet| Name::new(it.name, it.page.about()))))
        }
    }
    .that_begin(typed)
}

fn of_language(offer: Offer) -> Vec<Name> {
    match offer {
        Offer::Word(word, about) => vec![Name::new(&word, about)],
        Offer::Argument(Argument::Interface) => names::interfaces(),
        Offer::Argument(Argument::Jail) => names::running(),
        Offer::Argument(Argument::Group) => plain(["all"]),
        Offer::Argument(Argument::Choice(words)) => plain(words),
        Offer::Argument(Argument::Value(_)) => Vec::new(),
    }
}

/// The options of a command, without the `-h` that only stands for `--help`.
fn options(grammar: &'static Grammar) -> impl Iterator<Item = Name> {
    let flags = grammar.all_flags().filter(|flag| grammar.has_own_h() || flag.name != "-h");
    flags.map(|flag| Name::new(flag.name, flag.about))
}

/// The words before the one that is completed.
struct Line {
    applets: &'static [Applet],
    grammar: &'static Grammar,
    /// The options that stand there.
    given: Vec<&'static str>,
    /// The places of the operands, among all words.
    operands: Vec<usize>,
    /// The option whose value comes next.
    takes: Option<&'static Flag>,
    /// Whether a `--` has ended the options.
    ended: bool,
}

impl Line {
    fn new(applets: &'static [Applet], grammar: &'static Grammar) -> Self {
        let (given, operands) = (Vec::new(), Vec::new());
        Self { applets, grammar, given, operands, takes: None, ended: false }
    }

    /// Completes behind the words `before`, the first of which stands at `start`.
    fn complete(mut self, before: &[String], typed: &str, start: usize) -> Answer {
        if let Some(language) = self.grammar.language {
            let offered = networds::offers(&language(), before).into_iter().flat_map(of_language);
            let common = options(self.grammar).filter(|_| before.is_empty());
            return Answer::of(offered.chain(common));
        }
        for (place, word) in before.iter().enumerate() {
            self.read(word, start + place);
        }
        self.offer(typed, start + before.len())
    }

    fn takes_options(&self) -> bool {
        !self.ended && (self.operands.is_empty() || self.grammar.permutes)
    }

    fn read(&mut self, word: &str, place: usize) {
        if self.takes.take().is_some() {
            return;
        }
        match word.strip_prefix('-').filter(|rest| !rest.is_empty() && self.takes_options()) {
            Some("-") => self.ended = true,
            Some(letters) if !letters.starts_with('-') => self.read_letters(letters),
            Some(_) => {
                let (name, has_value) =
                    word.split_once('=').map_or((word, false), |it| (it.0, true));
                self.note(name, has_value);
            }
            None => match self.grammar.find(word).filter(|_| self.may_be_verb()) {
                Some(verb) => {
                    (self.grammar, self.given, self.ended) = (verb, Vec::new(), false);
                }
                None => self.operands.push(place),
            },
        }
    }

    /// Whether the next operand can name a verb: with `-j`, service(8) has those of the jail.
    fn may_be_verb(&self) -> bool {
        self.operands.is_empty() && self.rule().is_none()
    }

    fn read_letters(&mut self, letters: &str) {
        for (at, letter) in letters.char_indices() {
            let is_last = at + letter.len_utf8() == letters.len();
            if self.note(&format!("-{letter}"), !is_last) {
                break;
            }
        }
    }

    /// Notes an option. Answers whether the option has a value.
    fn note(&mut self, name: &str, has_value: bool) -> bool {
        let Some(flag) = self.grammar.flags.iter().find(|flag| flag.name == name) else {
            return false;
        };
        self.given.push(flag.name);
        let takes = flag.value.is_some_and(|value| !value.is_optional);
        self.takes = Some(flag).filter(|_| takes && !has_value);
        takes
    }

    /// Finds the first rule that fits the next operand.
    fn rule(&self) -> Option<&'static Rule> {
        let fits = |rule: &&Rule| {
            let is_given = rule.options.iter().any(|option| self.given.contains(option));
            (rule.options.is_empty() || is_given) && (!rule.is_first || self.operands.is_empty())
        };
        self.grammar.rules.iter().find(fits)
    }

    /// Answers what may stand at `place`, where `typed` stands so far.
    fn offer(&self, typed: &str, place: usize) -> Answer {
        if let Some(value) = self.takes.and_then(|flag| flag.value) {
            return self.of_kind(value.word, typed, place);
        }
        if typed.starts_with('-') && self.takes_options() {
            return self.option(typed, place);
        }
        if let Some(rule) = self.rule() {
            let offers = rule.offers.iter().map(|word| self.of_kind(*word, typed, place));
            return offers.fold(Answer::default(), Answer::and);
        }
        let verbs = self.grammar.verbs.iter().filter(|_| self.operands.is_empty());
        Answer::of(verbs.map(|verb| Name::new(verb.name, verb.about)))
    }

    /// Completes an option, or the value behind its `=`.
    fn option(&self, typed: &str, place: usize) -> Answer {
        let Some((name, value)) = typed.split_once('=') else {
            return Answer::of(options(self.grammar));
        };
        let flag = self.grammar.flags.iter().find(|flag| flag.name == name);
        match flag.and_then(|flag| flag.value) {
            Some(of) => self.of_kind(of.word, value, place).behind(&format!("{name}=")),
            None => Answer::default(),
        }
    }

    /// Answers the words of a kind.
    fn of_kind(&self, word: Word, typed: &str, place: usize) -> Answer {
        Answer::of(match word {
            Word::Any => return Answer::default(),
            Word::File => return Answer::directive("files"),
            Word::Directory => return Answer::directive("directories"),
            Word::User => return Answer::directive("users"),
            Word::Program(operands) => {
                let begins = self.operands.get(operands).copied().unwrap_or(place);
                return Answer::directive(format!("command {begins}"));
            }
            Word::Assignment => return assignment(typed),
            Word::Variable => {
                return Answer {
                    directives: vec!["nospace".to_owned()],
                    names: names::variables(),
                };
            }
            Word::Choice(words) => plain(words),
            Word::Configured => names::configured(),
            Word::Running => names::running(),
            Word::Parameter => names::parameters(""),
            Word::Shown => names::shown(),
            Word::Oid => names::oids(),
            Word::Interface => names::interfaces(),
            Word::Ruleset => names::rulesets(),
            Word::Mounted => names::mounted(),
            Word::Page => names::pages(self.applets),
        })
    }
}

/// Completes a parameter, or the value behind its `=`.
fn assignment(typed: &str) -> Answer {
    let Some((name, value)) = typed.split_once('=') else {
        let names = names::parameters("=");
        // A `+=` is typed by hand.
        return Answer::of(names);
    };
    let plain_name = name.strip_suffix('+').unwrap_or(name);
    match names::values(plain_name) {
        Some(values) => Answer::of(values).that_begin(value).behind(&format!("{name}=")),
        None => Answer::directive("files"),
    }
}

#[cfg(test)]
mod tests;
