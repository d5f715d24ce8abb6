//! What kletka prints about itself: `kletka --help`, `kletka help APPLET`, `kletka --version`.
//!
//! Lists and pages follow from the table of applets and their manual pages, which man(1) shows.

use super::answer::{fail, print, reason};
use super::applet::{Applet, Group};
use super::page::{FURTHER, Page};
use rustix::fs::{MemfdFlags, memfd_create};
use std::ffi::{OsStr, OsString};
use std::fs::File;
use std::io::{self, Seek, Write};
use std::os::unix::process::CommandExt;
use std::process::{Command, ExitCode};

const USAGE: &str = "\
usage: kletka APPLET [ARGUMENT ...]
       kletka help [APPLET]
       kletka version
";

/// Answers the command line `kletka FIRST ARGUMENTS`, where `first` is no applet.
pub(super) fn kletka(first: &OsStr, arguments: &[OsString], applets: &[Applet]) -> ExitCode {
    match (first.to_str(), arguments) {
        (Some("help"), _) => run(arguments, applets),
        (Some("--help" | "-h"), []) => show(overview(applets)),
        (Some("--version" | "version"), []) => {
            show(concat!("kletka ", env!("CARGO_PKG_VERSION"), "\n"))
        }
        _ => usage(applets),
    }
}

fn show(text: impl AsRef<[u8]>) -> ExitCode {
    print(text);
    ExitCode::SUCCESS
}

/// Carries out `kletka help`: prints the overview, or shows the page that is named.
pub(super) fn run(arguments: &[OsString], applets: &[Applet]) -> ExitCode {
    match arguments {
        [] => show(overview(applets)),
        [name] => match find(name, applets) {
            Some(page) => show_page(page),
            None => {
                let name = name.to_string_lossy();
                fail("kletka: help", format_args!("{name}: no such applet; see kletka help"))
            }
        },
        _ => usage(applets),
    }
}

/// Prints the usage after a command line that makes no sense.
pub(super) fn usage(applets: &[Applet]) -> ExitCode {
    complain!("usage: kletka APPLET [ARGUMENT ...]");
    let mut names: Vec<&str> = applets.iter().map(|applet| applet.name).collect();
    names.sort_unstable();
    complain!("applets: {}", names.join(" "));
    ExitCode::FAILURE
}

/// Lists every applet by groups, with the line by which its page describes it.
fn overview(applets: &[Applet]) -> String {
    let mut text = USAGE.to_owned();
    for group in Group::ALL {
        text += &format!("\n{}:\n", group.title());
        let rows: Vec<&Applet> = applets.iter().filter(|applet| applet.group == group).collect();
        // Applets that share a page, as arp and ndp do, share a line.
        for alike in rows.chunk_by(|one, other| one.page.file == other.page.file) {
            let names: Vec<&str> = alike.iter().map(|applet| applet.name).collect();
            let about = alike.first().map_or("", |applet| applet.page.about());
            text += &format!("  {:<15} {about}\n", names.join(", "));
        }
    }
    text
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

/// Becomes man(1), which shows the page.
fn show_page(page: &Page) -> ExitCode {
    let (name, section) = page.title();
    // The page is handed over as an open file, because it may not be installed anywhere.
    let error = match open(page.text) {
        Ok(file) => Command::new("man").args(["-l", "/dev/stdin"]).stdin(file).exec(),
        Err(error) => error,
    };
    let why = match error.kind() {
        io::ErrorKind::NotFound => "not installed: install man-db or mandoc".to_owned(),
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
