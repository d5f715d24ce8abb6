//! What holds for the grammar of every command.

use super::{Grammar, own};
use crate::cli::APPLETS;
use crate::cli::boot::service::SCRIPTS;
use std::collections::BTreeSet;
use std::ffi::OsString;
use std::os::unix::ffi::OsStringExt;

/// Every command and every verb of it.
fn all() -> Vec<&'static Grammar> {
    fn with_verbs(grammar: &'static Grammar) -> Vec<&'static Grammar> {
        let verbs = grammar.verbs.iter().flat_map(with_verbs);
        [grammar].into_iter().chain(verbs).collect()
    }
    let applets = APPLETS.iter().map(|applet| applet.grammar);
    applets.chain([&own::KLETKA]).flat_map(with_verbs).collect()
}

/// Answers the options of a command and of its verbs, but those that every command has.
fn options(grammar: &Grammar) -> BTreeSet<String> {
    if let Some(language) = grammar.language {
        return language().flags.iter().map(|flag| format!("-{}", flag.letter)).collect();
    }
    let own = grammar.flags.iter().filter(|flag| !flag.is_hidden);
    let own = own.map(|flag| flag.name.to_owned());
    own.chain(grammar.verbs.iter().flat_map(options)).collect()
}

/// Reads the options in the SYNOPSIS of a page: the words after each `Fl`, where each letter is an
/// option.
fn options_of_page(text: &str) -> BTreeSet<String> {
    let lines = text.lines().skip_while(|line| *line != ".Sh SYNOPSIS").skip(1);
    let lines = lines.take_while(|line| !line.starts_with(".Sh "));
    let mut options = BTreeSet::new();
    for line in lines {
        let mut after_flag = false;
        for word in line.trim_start_matches('.').split(' ') {
            match word {
                "Fl" => after_flag = true,
                "|" => {}
                _ if !after_flag => {}
                "Ar" | "Cm" | "Ns" | "Op" => after_flag = false,
                // mdoc(7) writes a long option as `Fl -plan`: the macro adds the first dash.
                _ if word.starts_with('-') => {
                    options.insert(format!("-{word}"));
                }
                _ => options.extend(word.chars().map(|letter| format!("-{letter}"))),
            }
        }
    }
    // Every command has these, and a page may name them.
    options.retain(|option| option != "--help" && option != "--version");
    options
}

/// A page names the options of its commands.
#[test]
fn options_are_those_of_the_page() {
    for page in APPLETS.iter().map(|applet| applet.page) {
        let of_it = APPLETS.iter().filter(|applet| applet.page.file == page.file);
        let known: BTreeSet<String> = of_it.flat_map(|applet| options(applet.grammar)).collect();
        assert_eq!(known, options_of_page(page.text), "{}", page.file);
    }
}

/// What the help of a command needs is there: how the command is called, and a line for each verb.
#[test]
fn nothing_is_left_blank() {
    for grammar in all() {
        let name = grammar.called;
        // The usage of a verb of service(8) is that of the script.
        let is_called = grammar.language.is_some() || !grammar.forms().is_empty();
        let has_more = !grammar.verbs.is_empty() || !grammar.flags.is_empty();
        assert!(is_called || !has_more, "{name} {}: no usage", grammar.name);
        let blank = grammar.verbs.iter().find(|verb| verb.about.is_empty());
        assert!(blank.is_none(), "{name} {}: does what?", blank.map_or("", |verb| verb.name));
        let blank = grammar.all_flags().find(|flag| flag.about.is_empty());
        assert!(blank.is_none(), "{name} {}: does what?", blank.map_or("", |flag| flag.name));
    }
}

/// The verbs of service(8) are those that its scripts have.
#[test]
fn verbs_are_those_of_the_scripts() {
    for script in &SCRIPTS {
        let grammar = super::boot::SERVICE.find(script.name).unwrap();
        let known: Vec<&str> = grammar.verbs.iter().map(|verb| verb.name).collect();
        let mut taken = script.keywords.to_vec();
        taken.dedup();
        assert_eq!(known, taken, "{}", script.name);
    }
    assert_eq!(super::boot::SERVICE.verbs.len(), SCRIPTS.len());
}

/// Words that lie at the limits of how a line is read.
const ODD: [&[u8]; 12] = [
    b"",
    b"-",
    b"--",
    b"---",
    b"--=",
    b"-\xff",
    b"--\xff=",
    "-\u{e9}j".as_bytes(),
    b"-j",
    b"--plan=",
    b"jail",
    b"\xff",
];

/// Whatever the words are, a line is read.
#[test]
fn no_line_is_too_odd() {
    let odd = || ODD.iter().map(|word| OsString::from_vec(word.to_vec()));
    for grammar in all() {
        for (first, second) in odd().flat_map(|first| odd().map(move |it| (first.clone(), it))) {
            let _ = super::read(grammar, &[first, second]);
        }
    }
}
