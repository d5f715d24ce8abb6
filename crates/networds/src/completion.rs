//! The catalogues as completions: what may stand behind the words of a command line.
//!
//! The word before decides what is offered: names of interfaces, jails or groups, a choice, or
//! nothing, where nobody can know the value. In all other places the words of the catalogue are
//! offered.

use crate::word::{Argument, Entry, Language, Section};
use std::iter;

/// What may stand at a place.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Offer {
    /// This word, and what the word does.
    Word(String, &'static str),
    /// One of the words that this argument can be.
    Argument(Argument),
}

/// Answers what may stand behind `before`, the words that follow the command's name.
#[must_use]
pub fn offers(language: &Language, before: &[String]) -> Vec<Offer> {
    if let Some(argument) = before.last().and_then(|word| follower(language, word)) {
        return vec![Offer::Argument(argument)];
    }
    if !has_first(language, before) {
        let options = language.flags.iter();
        let options = options.map(|flag| Offer::Word(format!("-{}", flag.letter), flag.about));
        let argument = language.subject.map(Offer::Argument);
        return options.chain(words([&language.firsts])).chain(argument).collect();
    }
    words(&language.sections).chain(language.operand.map(Offer::Argument)).collect()
}

/// Whether there is a word that is neither an option nor the value of one.
fn has_first(language: &Language, before: &[String]) -> bool {
    let mut before = before.iter();
    while let Some(word) = before.next() {
        if !word.starts_with('-') {
            return true;
        }
        if of_option(language, word).is_some() {
            before.next();
        }
    }
    false
}

/// The argument of an option. Letters without one may stand before its letter: `-lg`.
fn of_option(language: &Language, word: &str) -> Option<Argument> {
    let last = word.strip_prefix('-')?.chars().next_back()?;
    language.flags.iter().find(|flag| flag.letter == last)?.argument
}

fn words<'a>(sections: impl IntoIterator<Item = &'a Section>) -> impl Iterator<Item = Offer> {
    let names =
        |entry: &'a Entry| entry.names.iter().map(|name| Offer::Word(name.clone(), entry.about));
    taken(sections).flat_map(names)
}

fn taken<'a>(sections: impl IntoIterator<Item = &'a Section>) -> impl Iterator<Item = &'a Entry> {
    let entries = sections.into_iter().flat_map(|section| &section.entries);
    entries.filter(|entry| entry.is_taken())
}

/// Answers the argument that follows `word`. `None`: other words may follow.
fn follower(language: &Language, word: &str) -> Option<Argument> {
    let mut entries = taken(iter::once(&language.firsts).chain(&language.sections));
    let entry = entries.find(|entry| entry.names.iter().any(|name| name == word));
    // Only the first argument follows the word itself, and only it can be known by that.
    let argument = match entry {
        Some(entry) => *entry.arguments.first()?,
        None => of_option(language, word)?,
    };
    // Modifiers of route(8) may come before the destination.
    Some(argument).filter(|argument| *argument != Argument::Value("destination"))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::{ifconfig, route};

    /// Answers the offers that begin with `typed`, in one line.
    fn offered(line: &str) -> String {
        let words: Vec<String> = line.split(' ').map(str::to_owned).collect();
        let language = if words[0] == "route" { route::language() } else { ifconfig::language() };
        let (typed, before) = words[1..].split_last().unwrap();
        let word = |offer: Offer| match offer {
            Offer::Word(word, _) => word,
            Offer::Argument(argument) => format!("<{}>", argument.label()),
        };
        let offers = offers(&language, before).into_iter().map(word);
        let offers = offers.filter(|word| word.starts_with('<') || word.starts_with(typed));
        offers.collect::<Vec<_>>().join(" ")
    }

    #[test]
    #[rustfmt::skip]
    fn by_the_word_before() {
        for (line, want) in [
            ("ifconfig em0 prom",              "promisc"),
            ("ifconfig em0 -prom",             "-promisc"),
            ("ifconfig lagg0 laggproto l",     "<failover|loadbalance|roundrobin|broadcast|lacp>"),
            ("ifconfig epai",                  "epair <interface>"),
            ("ifconfig -l",                    "-l <interface>"),
            ("ifconfig -j ",                   "<jail>"),
            ("ifconfig -j web epai",           "epair <interface>"),
            ("ifconfig -lg ",                  "<group>"),
            ("ifconfig bridge0 addm ",         "<interface>"),
            ("ifconfig em0 mtu 1",             "<bytes>"),
            ("ifconfig em0 stick",             ""),              // nothing on Linux
            ("route fl",                       "flush"),
            ("route add d",                    "<default>"),
            ("route add -bla",                 "-blackhole <default>"),
        ] {
            assert_eq!(offered(line), want, "{line}");
        }
    }
}
