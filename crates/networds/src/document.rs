//! The catalogues as documents: the text of `--help`, and the words of the manual pages in mdoc(7).

use std::fmt::Write;
use std::iter;

use mdoc::fill;

use crate::word::{Argument, Entry, Flag, Language, Section, Standing};

/// The middle part of `--help`: options and words.
#[must_use]
pub fn help(language: &Language) -> String {
    let mut out = "\nOptions:\n".to_owned();
    let flags = language.flags.iter().map(|flag| (flag_tag(flag), flag.about));
    let common = COMMON.iter().map(|&(tag, about)| (tag.to_owned(), about));
    let rows: Vec<_> = flags.chain(common).collect();
    write_rows(&mut out, &rows);
    let sections = || iter::once(&language.firsts).chain(&language.sections);
    sections().for_each(|section| write_section(&mut out, section));
    let entries = || sections().flat_map(|section| &section.entries);
    let refused = refused(entries());
    if !refused.is_empty() {
        out.push_str("\nRefused, for Linux has nothing for them:\n");
        let row = |(names, because): &(Vec<&str>, _)| (names.join(", "), *because);
        write_rows(&mut out, &refused.iter().map(row).collect::<Vec<_>>());
    }
    let absent = entries().filter(|entry| entry.standing == Standing::Absent);
    let names: Vec<&str> = absent.map(|entry| entry.names.as_slice()).flat_map(plain).collect();
    let _ = write!(out, "\nRefused as yet:\n{}", wrapped(&names));
    out
}

fn write_section(out: &mut String, section: &Section) {
    let taken = section.entries.iter().filter(|entry| entry.is_taken());
    let rows: Vec<_> = taken.map(|entry| (tag(entry), entry.about)).collect();
    if !rows.is_empty() {
        let _ = write!(out, "\n{}:\n", section.title);
        write_rows(out, &rows);
    }
}

/// The spellings of a row, without those that only add a minus.
fn plain(names: &[String]) -> impl Iterator<Item = &str> {
    // Only a minus before a name of the row: `-vnet` is a word of its own and stays.
    let is_off =
        |name: &str| name.strip_prefix('-').is_some_and(|on| names.iter().any(|it| it == on));
    names.iter().map(String::as_str).filter(move |name| !is_off(name))
}

/// The words that Linux has nothing for, and why. Words with one reason share a row.
fn refused<'a>(entries: impl Iterator<Item = &'a Entry>) -> Vec<(Vec<&'a str>, &'static str)> {
    let mut rows: Vec<(Vec<&str>, &'static str)> = Vec::new();
    for entry in entries {
        let Standing::Refused(because) = entry.standing else { continue };
        match rows.iter_mut().find(|(_, known)| *known == because) {
            Some((names, _)) => names.extend(plain(&entry.names)),
            None => rows.push((plain(&entry.names).collect(), because)),
        }
    }
    rows
}

/// The options that every command has, which are read before its words.
const COMMON: [(&str, &str); 2] =
    [("-h, --help", "Prints this text"), ("--version", "Prints the version of kletka")];

/// The width of the first column of `--help`.
const COLUMN: usize = 28;
/// The greatest width of `--help`; a long word may exceed it.
const WIDTH: usize = 96;

fn flag_tag(flag: &Flag) -> String {
    let argument = flag.argument.map(|argument| format!(" {}", flag_label(argument)));
    format!("-{}{}", flag.letter, argument.unwrap_or_default())
}

/// The label of an option's argument. The choice of formats would be as long as a line, so it has a
/// short name.
fn flag_label(argument: Argument) -> String {
    match argument {
        Argument::Choice(_) => "type:format".to_owned(),
        argument => argument.label(),
    }
}

/// The first column of a row, as in `[-]stp interface`.
fn tag(entry: &Entry) -> String {
    let names: Vec<&str> = plain(&entry.names).collect();
    let minus = if names.len() < entry.names.len() { "[-]" } else { "" };
    let mut tag = names.iter().map(|name| format!("{minus}{name}")).collect::<Vec<_>>().join(", ");
    for argument in &entry.arguments {
        let _ = write!(tag, " {}", argument.label());
    }
    tag
}

fn write_rows(out: &mut String, rows: &[(String, &'static str)]) {
    for (tag, about) in rows {
        // A terminal shows no `Cm`, so the quotes would be noise.
        let about = about.replace('`', "");
        let mut lines = fill(&about, WIDTH - COLUMN).into_iter();
        // A tag that leaves no room for the sentence gets a line of its own.
        if tag.len() + 4 > COLUMN {
            let _ = writeln!(out, "  {tag}");
        } else {
            let first = lines.next().unwrap_or_default();
            let _ = writeln!(out, "  {tag:<width$}{first}", width = COLUMN - 2);
        }
        for line in lines {
            let _ = writeln!(out, "{:COLUMN$}{line}", "");
        }
    }
}

/// The names separated by commas, on indented lines.
fn wrapped(names: &[&str]) -> String {
    let lines = fill(&names.join(", "), WIDTH - 2);
    lines.iter().map(|line| format!("  {line}\n")).collect()
}

/// The words of a language, as sections of its manual page.
#[must_use]
pub fn manual(language: &Language) -> String {
    let mut out = String::new();
    let sections = || iter::once(&language.firsts).chain(&language.sections);
    sections().for_each(|section| manual_section(&mut out, section));
    let entries = || sections().flat_map(|section| &section.entries);
    let refused = refused(entries());
    out.push_str(".Ss Words that are refused\n");
    if !refused.is_empty() {
        out.push_str("Linux has nothing for these, also with\n.Sq -\nbefore them.\n");
        out.push_str("The message says why:\n.Bl -tag -width \"auto_linklocal\"\n");
        for (names, because) in refused {
            let _ = writeln!(out, ".It Cm {}", names.join(" , "));
            sentence(&mut out, because);
        }
        out.push_str(".El\n.Pp\n");
    }
    out.push_str("Nothing has been made of these as yet, and the message names them:\n");
    let absent = entries().filter(|entry| entry.standing == Standing::Absent);
    let names: Vec<&str> = absent.map(|entry| entry.names.as_slice()).flat_map(plain).collect();
    let lines = fill(&names.join(" , "), 76);
    // mdoc(7) prints a comma where it finds one: each belongs to the end of a line.
    let lines = lines.iter().map(|line| line.trim_end_matches(" ,").trim_start_matches(", "));
    let lines: Vec<String> = lines.map(|line| format!(".Cm {line}")).collect();
    let _ = writeln!(out, "{} .", lines.join(" ,\n"));
    out
}

fn manual_section(out: &mut String, section: &Section) {
    let mut taken = section.entries.iter().filter(|entry| entry.is_taken()).peekable();
    if taken.peek().is_none() {
        return;
    }
    let _ = write!(out, ".Ss {}\n.Bl -tag -width \"auto_linklocal\"\n", section.title);
    taken.for_each(|entry| manual_entry(out, entry));
    out.push_str(".El\n");
}

/// An item of a list: the spellings and their arguments, then the sentences.
fn manual_entry(out: &mut String, entry: &Entry) {
    let mut tag = format!(".It Cm {}", entry.names.join(" , "));
    for argument in &entry.arguments {
        let label = argument.label();
        let label = match argument {
            Argument::Choice(_) => format!("Cm {}", label.replace('|', " | ")),
            _ => format!("Ar {label}"),
        };
        let _ = write!(tag, " {label}");
    }
    let _ = writeln!(out, "{tag}");
    match entry.standing {
        Standing::Partly(missing) => {
            sentence(out, entry.about);
            sentence(out, &capitalised(missing));
        }
        Standing::Full | Standing::Refused(_) | Standing::Absent => sentence(out, entry.about),
    }
}

/// A sentence of the catalogue, which has no full stop there.
fn sentence(out: &mut String, sentence: &str) {
    mdoc::write(out, &format!("{sentence}."), "Cm");
}

fn capitalised(sentence: &str) -> String {
    let mut letters = sentence.chars();
    let first = letters.next().map(|first| first.to_uppercase().to_string());
    first.unwrap_or_default() + letters.as_str()
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::{ifconfig, route};

    /// Every word is in both documents, and no line of `--help` is wider than a screen.
    #[test]
    fn no_word_is_left_out() {
        for language in [ifconfig::language(), route::language()] {
            let (help, manual) = (help(&language), manual(&language));
            let is_part = |c: char| !c.is_ascii_alphanumeric() && !"_-+".contains(c);
            let has = |text: &str, name: &str| text.split(is_part).any(|word| word == name);
            for entry in language.sections.iter().flat_map(|section| &section.entries) {
                for name in plain(&entry.names) {
                    assert!(has(&manual, name), "{name} in the manual");
                    let bare = name.trim_start_matches('-');
                    let said = [name.to_owned(), format!("-{bare}"), bare.to_owned()];
                    assert!(said.iter().any(|name| has(&help, name)), "{name} in --help");
                }
            }
            let wide = help.lines().find(|line| line.len() > WIDTH);
            assert_eq!(wide, None);
        }
    }
}
