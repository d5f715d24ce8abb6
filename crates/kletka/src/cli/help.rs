//! What kletka prints about itself and its commands: `--help`, `--version`, `kletka help`, and the
//! usage after a command line that makes no sense.
//!
//! All of that follows from the table of applets and from their grammars. `--help` needs no other
//! program; `kletka help APPLET` has man(1) show the page.

use super::answer::{fail, print, reason};
use super::applet::{Applet, Group};
use super::elsewhere::instead;
use super::grammar::{Flag, Grammar, Mistake, Question, own, read};
use super::page::{FURTHER, Page};
use rustix::fs::{MemfdFlags, memfd_create};
use std::ffi::{OsStr, OsString};
use std::fs::File;
use std::io::{self, Seek, Write};
use std::os::unix::process::CommandExt;
use std::process::{Command, ExitCode};

/// Answers the command line `kletka WORDS`, where the first word is no applet.
pub(super) fn kletka(words: &[OsString], applets: &[Applet]) -> ExitCode {
    match read(&own::KLETKA, words) {
        Ok(Some(Question::Version)) => return version(),
        Ok(Some(Question::Help(of))) if of.verbs.is_empty() => return show(of, &FURTHER[0]),
        Ok(Some(Question::Help(_))) => return say(overview(applets)),
        Err((of, mistake)) => return refuse(of, &mistake),
        Ok(None) => {}
    }
    match words {
        [] => usage_of_all(applets),
        [verb, rest @ ..] if verb == "help" => run(rest, applets),
        [verb] if verb == "version" => version(),
        [verb, ..] if verb == "version" => {
            own::KLETKA.find("version").map_or(ExitCode::FAILURE, usage)
        }
        [unknown, rest @ ..] => {
            let name = rest.first().and_then(|name| name.to_str());
            match unknown.to_str().and_then(|word| instead(word, name)) {
                Some(line) => {
                    fail("kletka", format_args!("{}: no such applet; {line}", unknown.display()))
                }
                None => fail("kletka", no_such_applet(unknown, applets)),
            }
        }
    }
}

fn say(text: impl AsRef<[u8]>) -> ExitCode {
    print(text);
    ExitCode::SUCCESS
}

/// Answers `--version`.
pub(super) fn version() -> ExitCode {
    say(concat!("kletka ", env!("CARGO_PKG_VERSION"), "\n"))
}

/// Carries out `kletka help`: prints the overview, or shows the page that is named.
fn run(arguments: &[OsString], applets: &[Applet]) -> ExitCode {
    match arguments {
        [] => say(overview(applets)),
        [name] => match find(name, applets) {
            Some(page) => {
                let applet = applets.iter().find(|applet| name == applet.name);
                show_page(page, applet.map(|applet| applet.name))
            }
            None => fail("kletka: help", no_such_applet(name, applets)),
        },
        _ => own::KLETKA.find("help").map_or(ExitCode::FAILURE, usage),
    }
}

/// Says that `name` is no applet, and which one was meant.
fn no_such_applet(name: &OsStr, applets: &[Applet]) -> String {
    let name = name.to_string_lossy();
    let verbs = own::KLETKA.verbs.iter().map(|verb| verb.name);
    let known = applets.iter().map(|applet| applet.name).chain(verbs);
    let meant = nearest::nearest(&name, known);
    let way_out = if meant.is_none() { "; see kletka --help" } else { "" };
    format!("{name}: no such applet{}{way_out}", nearest::hint(meant))
}

/// Prints how kletka is called after a command line without words.
fn usage_of_all(applets: &[Applet]) -> ExitCode {
    complain!("usage: kletka APPLET [ARGUMENT ...]");
    let mut names: Vec<&str> = applets.iter().map(|applet| applet.name).collect();
    names.sort_unstable();
    complain!("applets: {}", names.join(" "));
    ExitCode::FAILURE
}

/// Prints the usage of a command after a line that makes no sense, and answers the exit status.
pub(crate) fn usage(of: &Grammar) -> ExitCode {
    complain!("{}", complaint(of).trim_end_matches('\n'));
    ExitCode::from(of.status)
}

/// What is printed after a command line that makes no sense.
fn complaint(of: &Grammar) -> String {
    of.complaint.map_or_else(|| forms(of), |text| text())
}

/// The usage, one form below the other.
pub(crate) fn forms(of: &Grammar) -> String {
    format!("usage: {}\n", of.forms().join("\n       "))
}

/// Refuses a command line for a mistake that was found without the command.
pub(super) fn refuse(of: &Grammar, mistake: &Mistake) -> ExitCode {
    let called = of.called;
    match mistake {
        // The words of getopt(3).
        Mistake::Letter(letter) => {
            let hint = of.elsewhere.iter().find(|(letters, _)| letters.contains(*letter));
            let hint = hint.map_or_else(String::new, |(_, hint)| format!("; {hint}"));
            complain!("{called}: illegal option -- {letter}{hint}");
        }
        Mistake::NoValue(name) => complain!("{called}: option requires an argument -- {name}"),
        Mistake::Option(name) => {
            let known = of.all_flags().map(|flag| flag.name).filter(|name| name.starts_with("--"));
            let hint = nearest::hint(nearest::nearest(name, known));
            complain!("{called}: {name}: no such option{hint}");
        }
        Mistake::Operand(word) => {
            // The dashes of an option are easily forgotten.
            let dashed = format!("--{word}");
            let flags = of.all_flags().map(|flag| flag.name);
            let known: Vec<&str> = flags.filter(|name| name.starts_with("--")).collect();
            let exact = known.iter().copied().find(|name| *name == dashed);
            let hint = nearest::hint(exact.or_else(|| nearest::nearest(&dashed, known)));
            complain!("{called}: {word}: unexpected argument{hint}");
        }
        Mistake::Verb(word) => {
            let known = of.verbs.iter().map(|verb| verb.name);
            let hint = nearest::hint(nearest::nearest(word, known));
            complain!("{called}: {word}: no such command{hint}");
        }
    }
    usage(of)
}

/// Answers `--help` of a command or verb, whose page is `page`.
pub(super) fn show(of: &Grammar, page: &Page) -> ExitCode {
    say(text(of, page))
}

fn text(of: &Grammar, page: &Page) -> String {
    let about = if of.about.is_empty() { page.about() } else { of.about };
    let mut text = format!("{}\n{}.\n", forms(of), capitalised(about));
    match of.language {
        Some(language) => text += &networds::help(&language()),
        None => text += &tables(of),
    }
    let (name, section) = page.title();
    let word = name.strip_prefix("kletka-").unwrap_or(name);
    text + &format!("\nThe manual page is {name}({section}): kletka help {word}\n")
}

/// Lists the verbs and the options of a command.
fn tables(of: &Grammar) -> String {
    let verbs: Vec<Row> = of.verbs.iter().map(|verb| (verb.name.to_owned(), verb.about)).collect();
    let mut flags: Vec<&Flag> = of.all_flags().collect();
    // `-h` stands beside `--help`.
    flags.retain(|flag| of.has_own_h() || flag.name != "-h");
    let flags: Vec<Row> = flags.into_iter().map(|flag| (tag(of, flag), flag.about)).collect();
    let mut text = String::new();
    for (title, rows) in [("Commands", verbs), ("Options", flags)] {
        if !rows.is_empty() {
            text += &format!("\n{title}:\n");
            text.extend(rows.iter().map(|row| line(row, width(&rows))));
        }
    }
    text
}

/// A word, and what the word does.
type Row = (String, &'static str);

/// The widest first column; a longer word pushes its text to the right.
const WIDEST: usize = 22;

fn width(rows: &[Row]) -> usize {
    rows.iter().map(|(tag, _)| tag.len()).filter(|&len| len <= WIDEST).max().unwrap_or(WIDEST)
}

fn line((tag, about): &Row, width: usize) -> String {
    format!("  {tag:<width$}  {about}\n")
}

/// Writes an option as it is given: `-f file`, `--plan[=form]`.
fn tag(of: &Grammar, flag: &Flag) -> String {
    let name = flag.name;
    match flag.value {
        None if name == "--help" && !of.has_own_h() => "-h, --help".to_owned(),
        None => name.to_owned(),
        Some(value) if value.is_optional => format!("{name}[={}]", value.called),
        Some(value) => format!("{name} {}", value.called),
    }
}

fn capitalised(sentence: &str) -> String {
    let mut letters = sentence.chars();
    let first = letters.next().map(|first| first.to_uppercase().to_string());
    first.unwrap_or_default() + letters.as_str()
}

/// Lists every applet by groups, with the line by which its page describes it; then the files that
/// have a page.
fn overview(applets: &[Applet]) -> String {
    let mut text = forms(&own::KLETKA);
    for group in Group::ALL {
        text += &format!("\n{}:\n", group.title());
        let rows: Vec<&Applet> = applets.iter().filter(|applet| applet.group == group).collect();
        // Applets that share a page, as arp and ndp do, share a line.
        for alike in rows.chunk_by(|one, other| one.page.file == other.page.file) {
            let names: Vec<&str> = alike.iter().map(|applet| applet.name).collect();
            let about = alike.first().map_or("", |applet| applet.page.about());
            // More names than the column has room for push their text to the right.
            text += &format!("  {:<14}  {about}\n", names.join(", "));
        }
    }
    text += "\nFiles:\n";
    for page in FURTHER.iter().filter(|page| page.title().1 == "5") {
        let name = page.title().0;
        let name = name.strip_prefix("kletka-").unwrap_or(name);
        text += &format!("  {name:<15} {}\n", page.about());
    }
    text + "\nkletka APPLET --help prints how an applet is called, kletka help NAME shows a page.\n"
}

/// Finds the page of an applet, or a page that is called `name` or `kletka-NAME`.
fn find<'a>(name: &OsStr, applets: &'a [Applet]) -> Option<&'a Page> {
    // An applet may share the page of another one: that of umount is called kletka-mount.
    let of_applets = applets.iter().find(|applet| name == applet.name).map(|applet| &applet.page);
    let mut pages = FURTHER.iter().chain(applets.iter().map(|applet| &applet.page));
    let is_called =
        |title: &str| name == title || Some(name) == title.strip_prefix("kletka-").map(OsStr::new);
    of_applets.or_else(|| pages.find(|page| is_called(page.title().0)))
}

/// Becomes man(1), which shows the page. `applet` is the one that was named, if one was.
fn show_page(page: &Page, applet: Option<&str>) -> ExitCode {
    let (name, section) = page.title();
    // The page is handed over as an open file, because it may not be installed anywhere.
    let error = match open(page.text) {
        Ok(file) => Command::new("man").args(["-l", "/dev/stdin"]).stdin(file).exec(),
        Err(error) => error,
    };
    let why = match error.kind() {
        io::ErrorKind::NotFound => {
            let help = applet.map_or_else(String::new, |it| format!("; or: kletka {it} --help"));
            format!("not installed: install man-db or mandoc{help}")
        }
        _ => reason(error),
    };
    fail("kletka: help", format_args!("{name}({section}): man: {why}"))
}

/// Answers a file in memory that contains `text`.
fn open(text: &str) -> io::Result<File> {
    let mut file = File::from(memfd_create("page", MemfdFlags::CLOEXEC)?);
    file.write_all(text.as_bytes())?;
    file.rewind()?;
    Ok(file)
}
