//! The catalogues as completions for bash(1) and zsh(1).
//!
//! The word before decides what is offered: names of interfaces, jails or groups, a choice, or
//! nothing, where a shell cannot know the value. In all other places the words of the catalogue are
//! offered.

use std::fmt::Write;
use std::iter;

use crate::word::{Argument, Entry, Language, Section};

/// The names of interfaces, FreeBSD's `lo0` for Linux's `lo`; both shells expand this.
const INTERFACES: &str = "$(ls /sys/class/net | sed 's/^lo$/lo0/')";
const JAILS: &str = "$(jls name 2>/dev/null)";
const GROUPS: &str = "all";

/// A completion for bash(1).
#[must_use]
pub fn bash_completion(language: &Language) -> String {
    let command = language.command;
    let mut out = format!(
        "# What may follow {command}, for bash(1). Made from the catalogue by `cargo xtask words`.\n\n\
         _kletka_{command}() {{\n    \
         local word=${{COMP_WORDS[COMP_CWORD]}} before=${{COMP_WORDS[COMP_CWORD - 1]}} words known\n    \
         case $before in\n"
    );
    for (names, words) in followers(language) {
        let _ = writeln!(out, "    {}) words=\"{words}\" ;;", names.join(" | "));
    }
    let _ = write!(
        // The names of interfaces are data from elsewhere: compgen -W would run a command in such a
        // name.
        out,
        "    *)\n        \
         if [[ $COMP_CWORD -eq 1 ]]; then\n            \
         words=\"{}\"\n        \
         else\n            \
         words=\"{}\"\n        \
         fi\n        ;;\n    \
         esac\n    \
         COMPREPLY=()\n    \
         # Others choose names of interfaces: none is expanded, as by compgen -W, each is quoted.\n    \
         while IFS= read -r known; do\n        \
         if [[ -n $known && $known == \"$word\"* ]]; then\n            \
         printf -v known %q \"$known\"\n            \
         COMPREPLY+=(\"$known\")\n        \
         fi\n    \
         done < <(tr ' ' '\\n' <<< \"$words\")\n}}\n\n\
         complete -F _kletka_{command} {command}\n",
        first_words(language).join(" "),
        later_words(language).join(" ")
    );
    out
}

/// A completion for zsh(1).
#[must_use]
pub fn zsh_completion(language: &Language) -> String {
    let command = language.command;
    let mut out = format!(
        "#compdef {command}\n\
         # What may follow {command}, for zsh(1). Made from the catalogue by `cargo xtask words`.\n\n\
         local -a known\n\
         case $words[CURRENT-1] in\n"
    );
    for (names, words) in followers(language) {
        let _ = writeln!(out, "({}) known=({words}) ;;", names.join("|"));
    }
    let _ = write!(
        out,
        "*)\n    if (( CURRENT == 2 )); then\n        known=({})\n    else\n        known=(\n",
        first_words(language).join(" ")
    );
    for entry in taken(&language.sections) {
        // Quotes of either kind would end the string of the completion.
        let about = entry.about.replace(['`', '\''], "");
        for name in &entry.names {
            let _ = writeln!(out, "            '{name}:{about}'");
        }
    }
    if let Some(word) = language.operand.and_then(known) {
        let _ = writeln!(out, "            {word}");
    }
    out.push_str("        )\n    fi\n    ;;\nesac\n_describe word known\n");
    out
}

fn taken<'a>(sections: impl IntoIterator<Item = &'a Section>) -> impl Iterator<Item = &'a Entry> {
    let entries = sections.into_iter().flat_map(|section| &section.entries);
    entries.filter(|entry| entry.is_taken())
}

/// The words that may come first.
fn first_words(language: &Language) -> Vec<String> {
    let mut words: Vec<String> =
        language.flags.iter().map(|flag| format!("-{}", flag.letter)).collect();
    words.push("--help".to_owned());
    words.extend(taken([&language.firsts]).flat_map(|entry| entry.names.clone()));
    words.extend(language.subject.and_then(known));
    words
}

/// The words that may come later, unless the word before decides otherwise.
fn later_words(language: &Language) -> Vec<String> {
    let words = taken(&language.sections).flat_map(|entry| entry.names.clone());
    words.chain(language.operand.and_then(known)).collect()
}

/// The words that decide what follows, and what that is. Words with equal followers share a row.
fn followers(language: &Language) -> Vec<(Vec<String>, String)> {
    let flags = language.flags.iter().filter_map(|flag| {
        let argument = flag.argument?;
        Some((vec![format!("-{}", flag.letter)], known(argument)?))
    });
    let words = taken(iter::once(&language.firsts).chain(&language.sections)).filter_map(|entry| {
        // Only the first argument follows the word itself, and only it can be known by that.
        let first = *entry.arguments.first()?;
        Some((entry.names.clone(), known(first)?))
    });
    let mut rows: Vec<(Vec<String>, String)> = Vec::new();
    for (names, words) in flags.chain(words) {
        match rows.iter_mut().find(|(_, known)| *known == words) {
            // One branch of the `case` for all: the completion is shorter and faster to search.
            Some((row, _)) => row.extend(names),
            None => rows.push((names, words)),
        }
    }
    rows
}

/// What a shell knows of an argument. `None`: other words may come before the argument.
fn known(argument: Argument) -> Option<String> {
    Some(match argument {
        Argument::Interface => INTERFACES.to_owned(),
        Argument::Jail => JAILS.to_owned(),
        Argument::Group => GROUPS.to_owned(),
        Argument::Choice(words) => words.join(" "),
        // Modifiers of route(8) may come before the destination.
        Argument::Value("destination") => return None,
        Argument::Value(_) => String::new(),
    })
}
