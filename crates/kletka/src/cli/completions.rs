//! The scripts of share/completions, by which bash(1) and zsh(1) complete command lines.
//!
//! [`grammar`] says which words a command line may have at each place; [`bash`] and [`zsh`] write
//! that as a script. The names come from the tables of applets, parameters and services, so that
//! none is forgotten.
//!
//! This module is compiled for tests only: the program contains the finished files. `cargo xtask
//! completions` has a test write the files; otherwise the same test fails when a file is stale.

mod bash;
mod fill;
mod grammar;
mod names;
mod zsh;

use super::APPLETS;
use std::collections::BTreeSet;
use std::fs;
use std::path::{Path, PathBuf};

/// The second line of a script: it says what has written the script.
const ORIGIN: &str =
    "Written by `cargo xtask completions`: change crates/kletka/src/cli/completions.";

fn directory() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("../../share/completions")
}

/// Compares the scripts with the files. `BLESS=1` rewrites the files.
#[test]
fn files_are_what_the_tables_say() {
    for command in grammar::commands() {
        for (file, text) in [
            (format!("bash/{}", command.name), bash::script(&command)),
            (format!("zsh/_{}", command.name), zsh::script(&command)),
        ] {
            let path = directory().join(&file);
            if std::env::var_os("BLESS").is_some() {
                fs::write(&path, &text).unwrap();
            }
            let found = fs::read_to_string(&path).unwrap_or_default();
            assert!(found == text, "share/completions/{file}: stale: cargo xtask completions");
        }
    }
}

#[test]
fn every_file_belongs_to_an_applet() {
    let files = |shell: &str| -> BTreeSet<String> {
        let files = fs::read_dir(directory().join(shell)).unwrap();
        let names = files.map(|file| file.unwrap().file_name().into_string().unwrap());
        names.map(|name| name.trim_start_matches('_').to_owned()).collect()
    };
    let completed = APPLETS.iter().filter(|applet| applet.completion.is_some());
    let mut known: BTreeSet<String> = completed.map(|applet| applet.name.to_owned()).collect();
    known.insert("kletka".to_owned());
    assert_eq!((&files("bash"), &files("zsh")), (&known, &known));
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
    options
}

/// The page of a command and its completion name the same options.
#[test]
fn options_are_those_of_the_page() {
    for command in grammar::commands() {
        let Some(applet) = APPLETS.iter().find(|applet| applet.name == command.name) else {
            continue;
        };
        let known: BTreeSet<String> =
            command.flags.iter().map(|flag| flag.name.to_owned()).collect();
        assert_eq!(known, options_of_page(applet.page.text), "{}", command.name);
    }
}

/// The texts of the tables stand in single quotes in a script: none has a character that ends them,
/// or that zsh's _arguments would read.
#[test]
fn texts_are_plain() {
    for command in
        grammar::commands().iter().flat_map(|command| [command].into_iter().chain(&command.inner))
    {
        for flag in &command.flags {
            assert!(!flag.about.contains(['\'', '[', ']', ':', '\\']), "{}", flag.about);
        }
    }
}
