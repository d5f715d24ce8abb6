//! The catalogues as documents: the answer to `--help`, and the words of the manual pages in mdoc(7).

use std::fmt::Write;

use crate::word::{Argument, Entry, Flag, Language, Section, Standing};

/// Where the words of a manual page begin and end: between these lines the page is made from the
/// catalogue.
const BEGIN: &str = ".\\\" Words: made from the catalogue by `cargo xtask words`.\n";
const END: &str = ".\\\" End of the words.\n";

/// A page has no place for its words.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Stale;

/// The page with its words made anew.
///
/// # Errors
/// The page lacks one of the two lines between which the words stand.
pub fn insert_words(page: &str, words: &str) -> Result<String, Stale> {
    let (before, rest) = page.split_once(BEGIN).ok_or(Stale)?;
    let (_, after) = rest.split_once(END).ok_or(Stale)?;
    Ok([before, BEGIN, words, END, after].concat())
}

/// What `--help` prints.
#[must_use]
pub fn help(language: &Language) -> String {
    let mut out = format!("usage: {}\n\nOptions:\n", language.usage);
    let rows: Vec<_> = language.flags.iter().map(|flag| (flag_tag(flag), flag.about)).collect();
    write_rows(&mut out, &rows);
    for section in &language.sections {
        let taken = section.entries.iter().filter(|entry| entry.is_taken());
        let rows: Vec<_> = taken.map(|entry| (tag(entry), entry.about)).collect();
        if !rows.is_empty() {
            let _ = write!(out, "\n{}:\n", section.title);
            write_rows(&mut out, &rows);
        }
    }
    let entries = || language.sections.iter().flat_map(|section| &section.entries);
    let rows: Vec<_> = entries().filter_map(refused_row).collect();
    if !rows.is_empty() {
        out.push_str("\nRefused, for Linux has nothing for them:\n");
        write_rows(&mut out, &rows);
    }
    let absent = entries().filter(|entry| entry.standing == Standing::Absent);
    let names: Vec<&str> = absent.map(|entry| entry.names.as_slice()).flat_map(plain).collect();
    let _ = write!(out, "\nRefused as yet:\n{}", wrapped(&names));
    out
}

/// The spellings of a row without those that a minus makes of them.
fn plain(names: &[String]) -> impl Iterator<Item = &str> {
    let is_off =
        |name: &str| name.strip_prefix('-').is_some_and(|on| names.iter().any(|it| it == on));
    names.iter().map(String::as_str).filter(move |name| !is_off(name))
}

fn refused_row(entry: &Entry) -> Option<(String, &'static str)> {
    let Standing::Refused(because) = entry.standing else { return None };
    Some((plain(&entry.names).collect::<Vec<_>>().join(", "), because))
}

/// How wide the first column of `--help` may be.
const COLUMN: usize = 28;
/// How wide all of `--help` may be, where words allow it.
const WIDTH: usize = 96;

fn flag_tag(flag: &Flag) -> String {
    let argument = flag.argument.map(|argument| format!(" {}", flag_label(argument)));
    format!("-{}{}", flag.letter, argument.unwrap_or_default())
}

/// What follows an option: the choice among formats is as long as a line.
fn flag_label(argument: Argument) -> String {
    match argument {
        Argument::Choice(_) => "type:format".to_owned(),
        argument => argument.label(),
    }
}

/// `[-]stp interface`.
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
        let about = about.replace('`', "");
        let mut lines = fill(&about, WIDTH - COLUMN).into_iter();
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

/// Names with commas between them, on indented lines.
fn wrapped(names: &[&str]) -> String {
    let lines = fill(&names.join(", "), WIDTH - 2);
    lines.iter().map(|line| format!("  {line}\n")).collect()
}

/// Breaks a text into lines of at most `width` bytes, where blanks allow it.
fn fill(text: &str, width: usize) -> Vec<String> {
    let mut lines: Vec<String> = Vec::new();
    for word in text.split_whitespace() {
        match lines.last_mut() {
            Some(line) if line.len() + 1 + word.len() <= width => {
                line.push(' ');
                line.push_str(word);
            }
            _ => lines.push(word.to_owned()),
        }
    }
    lines
}

/// The words of a language, as sections of its manual page.
#[must_use]
pub fn manual(language: &Language) -> String {
    let mut out = String::new();
    for section in &language.sections {
        manual_section(&mut out, section);
    }
    let entries = || language.sections.iter().flat_map(|section| &section.entries);
    let refused: Vec<&Entry> =
        entries().filter(|entry| matches!(entry.standing, Standing::Refused(_))).collect();
    out.push_str(".Ss Words that are refused\n");
    if !refused.is_empty() {
        out.push_str("Linux has nothing for these, and the message says why:\n");
        out.push_str(".Bl -tag -width \"auto_linklocal\"\n");
        refused.iter().for_each(|entry| manual_entry(&mut out, entry));
        out.push_str(".El\n.Pp\n");
    }
    out.push_str("Nothing has been made of these as yet, and the message names them:\n");
    let absent = entries().filter(|entry| entry.standing == Standing::Absent);
    let names: Vec<&str> = absent.map(|entry| entry.names.as_slice()).flat_map(plain).collect();
    let lines = fill(&names.join(" , "), 76);
    // A comma at the beginning of a line would be set there.
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

/// An item of a list: the spellings and what follows them, then the sentences.
fn manual_entry(out: &mut String, entry: &Entry) {
    let mut tag = format!(".It Cm {}", entry.names.join(" , "));
    for argument in &entry.arguments {
        let label = argument.label();
        let is_choice = matches!(argument, Argument::Choice(_));
        let label = if is_choice {
            format!("Cm {}", label.replace('|', " | "))
        } else {
            format!("Ar {label}")
        };
        let _ = write!(tag, " {label}");
    }
    let _ = writeln!(out, "{tag}");
    match entry.standing {
        Standing::Refused(because) => mdoc(out, because),
        Standing::Partly(missing) => {
            mdoc(out, entry.about);
            mdoc(out, missing);
        }
        Standing::Full | Standing::Absent => mdoc(out, entry.about),
    }
}

/// A sentence in mdoc(7): what stands in backquotes becomes `Cm`, with the punctuation behind it.
fn mdoc(out: &mut String, sentence: &str) {
    let sentence = capitalised(sentence) + ".";
    let mut rest = sentence.as_str();
    while let Some((before, after)) = rest.split_once('`') {
        let (word, after) = after.split_once('`').unwrap_or((after, ""));
        text_lines(out, before);
        let end = after.find(' ').unwrap_or(after.len());
        let punctuation: String = after[..end].chars().map(|c| format!(" {c}")).collect();
        let _ = writeln!(out, ".Cm {word}{punctuation}");
        rest = &after[end..];
    }
    text_lines(out, rest);
}

fn text_lines(out: &mut String, text: &str) {
    for line in fill(text, 98) {
        let _ = writeln!(out, "{line}");
    }
}

fn capitalised(sentence: &str) -> String {
    let mut letters = sentence.chars();
    let first = letters.next().map(|first| first.to_uppercase().to_string());
    first.unwrap_or_default() + letters.as_str()
}
