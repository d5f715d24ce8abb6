//! Rules for the sources that no compiler checks. Each rule is a test, which names every line that
//! breaks it.
//!
//! The table in docs/architecture.md alone says which crates there are, in which order, and which
//! of them make system calls. The rules read that table, so it cannot be stale.

use std::fs;
use std::path::{Path, PathBuf};
use std::sync::LazyLock;

use crate::sources::scan::{BLOCK, IMPL};
use crate::sources::{Crate, Line, Source, workspace};

// Read once for all rules, which run in threads of one program.
static CRATES: LazyLock<Vec<Crate>> = LazyLock::new(|| workspace(&checkout()).unwrap());

/// Paths that lead to the kernel: a crate without system calls names none of them.
const SYSTEM: [&str; 10] = [
    "libc",
    "rustix",
    "std::fs",
    "std::process",
    "std::thread",
    "std::net::TcpListener",
    "std::net::TcpStream",
    "std::net::UdpSocket",
    "std::os::fd",
    "std::os::unix::net",
];

/// The text that lets the lint against `unsafe` pass, and its form with a reason.
// Joined here, so that this file does not break its own rule.
const LEAVE: &str = concat!("(", "unsafe_code");
const REASONED_LEAVE: &str = concat!("#[expect(", "unsafe_code, reason = \"");

/// How wide a line that is a comment may be: as rustfmt has it for code, which it wraps itself.
const WIDTH: usize = 100;

fn checkout() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).parent().unwrap().to_owned()
}

fn read(path: &str) -> String {
    fs::read_to_string(checkout().join(path)).unwrap_or_else(|e| panic!("{path}: {e}"))
}

/// One row of the table of crates.
#[derive(Debug, PartialEq, Eq)]
struct Row {
    name: String,
    /// What the crate does.
    about: String,
    /// Whether it makes no system calls.
    no_calls: bool,
    /// The files that make some nevertheless: `loader.rs`.
    except: Vec<String>,
}

/// Reads the table under the headline `Crates`.
fn table(architecture: &str) -> Vec<Row> {
    let section = architecture.split("\n## ").find(|section| section.starts_with("Crates\n"));
    section.unwrap_or_default().lines().filter_map(row).collect()
}

fn row(line: &str) -> Option<Row> {
    let mut cells = line.strip_prefix('|')?.split('|').map(str::trim);
    let (name, about, calls) = (cells.next()?, cells.next()?, cells.next()?);
    let name = name.strip_prefix('`')?.strip_suffix('`')?;
    let except = calls.split('`').filter(|word| word.ends_with(".rs")).map(str::to_owned);
    Some(Row {
        name: name.to_owned(),
        about: about.to_owned(),
        no_calls: calls.starts_with("none"),
        except: except.collect(),
    })
}

static TABLE: LazyLock<Vec<Row>> = LazyLock::new(|| table(&read("docs/architecture.md")));

/// The row of a crate; `fuzz` and `xtask` have none.
fn row_of(name: &str) -> Option<&'static Row> {
    TABLE.iter().find(|row| row.name == name)
}

/// Asserts that no file breaks a rule. `faults` answers lines, counted from 1, and what is wrong
/// with them.
fn no_file(rule: &str, faults: impl Fn(&Crate, &Source) -> Vec<(usize, String)>) {
    let mut broken = Vec::new();
    for package in CRATES.iter() {
        for file in &package.files {
            let said = faults(package, file).into_iter();
            broken
                .extend(said.map(|(line, what)| format!("{}:{line}: {what}", file.path.display())));
        }
    }
    assert!(broken.is_empty(), "{rule}:\n{}", broken.join("\n"));
}

/// The comment lines of a file, with their numbers.
fn comments(file: &Source) -> impl Iterator<Item = (usize, &str)> {
    let lines = file.text.lines().zip(&file.scan.lines).zip(1..);
    lines
        .filter(|((_, kind), _)| matches!(kind, Line::Doc | Line::Comment))
        .map(|((text, _), at)| (at, text))
}

/// Whether a path begins with all parts of another one.
fn is_below(path: &[String], above: &str) -> bool {
    let mut parts = path.iter();
    above.split("::").all(|part| parts.next().is_some_and(|own| own == part))
}

#[test]
fn the_table_of_crates_is_read() {
    let text = "# A\n\n## Crates\n\n| crate | what | system calls |\n|---|---|---|\n| `a` | one | none; `b.rs` reads files |\n\
        | `c` | everything `unsafe` | sockets |\n\n## Next\n\n| `d` | x | none |\n";
    let row = |name: &str, about: &str, no_calls, except: &[&str]| Row {
        name: name.into(),
        about: about.into(),
        no_calls,
        except: except.iter().map(|&file| file.into()).collect(),
    };
    let want = [row("a", "one", true, &["b.rs"]), row("c", "everything `unsafe`", false, &[])];
    assert_eq!(table(text), want);
}

#[test]
fn the_table_of_crates_is_complete() {
    let mut rows: Vec<&str> = TABLE.iter().map(|row| row.name.as_str()).collect();
    rows.sort_unstable();
    let ours = CRATES.iter().filter(|package| package.files[0].path.starts_with("crates"));
    let ours: Vec<&str> = ours.map(|package| package.name.as_str()).collect();
    assert_eq!(rows, ours, "docs/architecture.md, Crates: not the crates that there are");
}

#[test]
fn a_crate_depends_only_on_those_before_it() {
    for (at, row) in TABLE.iter().enumerate() {
        let package = CRATES.iter().find(|package| package.name == row.name).unwrap();
        for name in &package.dependencies {
            let Some(on) = TABLE.iter().position(|row| row.name == *name) else { continue };
            assert!(on < at, "docs/architecture.md, Crates: {} names {name}, after it", row.name);
            // A crate that makes no system calls must not make them through another one.
            let pure = !row.no_calls || TABLE[on].no_calls;
            assert!(pure, "{}: makes no system calls, but {name} does", row.name);
        }
    }
}

/// What the head of a crate says that it may use: the crates, and the text after the semicolon.
fn may_use(head: &str) -> Option<(Vec<String>, String)> {
    let lines = head.lines().map_while(|line| line.strip_prefix("//!")).map(str::trim);
    let lines = lines.skip_while(|line| !line.starts_with("May use: "));
    let text = lines.take_while(|line| !line.is_empty()).collect::<Vec<_>>().join(" ");
    let (names, calls) = text.strip_prefix("May use: ")?.strip_suffix('.')?.split_once("; ")?;
    let names = names.split('`').skip(1).step_by(2).map(str::to_owned);
    Some((names.collect(), calls.to_owned()))
}

#[test]
fn what_a_crate_may_use_is_read() {
    for (head, want) in [
        (
            "//! A.\n//!\n//! May use: `b`,\n//! `c`; no system calls.\n\nuse d;",
            Some((vec!["b", "c"], "no system calls")),
        ),
        (
            "//! A.\n//!\n//! May use: no other crate; sockets.\n//!\n//! B.",
            Some((vec![], "sockets")),
        ),
        ("//! A.\n\n// May use: `b`; no system calls.", None),
    ] {
        let want = want.map(|(names, calls)| {
            (names.into_iter().map(str::to_owned).collect(), calls.to_owned())
        });
        assert_eq!(may_use(head), want, "{head}");
    }
}

#[test]
fn a_crates_head_says_what_it_may_use() {
    for (package, row) in
        CRATES.iter().filter_map(|package| Some((package, row_of(&package.name)?)))
    {
        let root = |file: &&Source| {
            ["src/lib.rs", "src/main.rs"].iter().any(|root| file.path.ends_with(root))
        };
        let root = package.files.iter().find(root).unwrap();
        let said = may_use(&root.text);
        let (names, calls) =
            said.unwrap_or_else(|| panic!("{}: no `May use: …; ….`", root.path.display()));
        assert_eq!(names, package.dependencies, "{}: May use", root.path.display());
        let none = calls.starts_with("no system calls");
        assert_eq!(none, row.no_calls, "{}: May use: {calls}", root.path.display());
    }
}

#[test]
fn crates_without_system_calls_make_none() {
    no_file("docs/architecture.md, Crates: says that this crate makes none", |package, file| {
        let Some(row) = row_of(&package.name).filter(|row| row.no_calls && !file.test) else {
            return Vec::new();
        };
        if row.except.iter().any(|except| file.path.ends_with(except)) {
            return Vec::new();
        }
        let system = |path: &[String]| SYSTEM.iter().any(|system| is_below(path, system));
        let named = file.scan.imports.iter().filter(|import| system(&import.path));
        named.map(|import| (import.line, import.path.join("::"))).collect()
    });
}

/// In other crates a function may keep the promise of an `unsafe` one, if it says why it alone can.
#[test]
fn unsafe_has_a_crate_of_its_own() {
    no_file("unsafe outside the crate that docs/architecture.md names for it", |package, file| {
        let row = row_of(&package.name);
        if row.is_some_and(|row| row.about.contains("everything `unsafe`")) {
            return Vec::new();
        }
        let more = file.scan.unsafes.iter().filter(|spot| spot.word != BLOCK);
        let more = more.map(|spot| (spot.line, format!("unsafe {}", spot.word)));
        let code = file.text.lines().zip(&file.scan.lines).zip(1..);
        let code = code.filter(|((_, kind), _)| **kind == Line::Code);
        let leave = code.filter(|((text, _), _)| text.contains(LEAVE));
        let silent = leave.filter(|((text, _), _)| !text.trim().starts_with(REASONED_LEAVE));
        more.chain(silent.map(|((text, _), at)| (at, text.trim().to_owned()))).collect()
    });
}

#[test]
fn unsafe_is_argued_for() {
    no_file("unsafe without SAFETY above it", |_, file| {
        let spots = file.scan.unsafes.iter().filter(|spot| [BLOCK, IMPL].contains(&spot.word));
        let bare = spots.filter(|spot| !file.argues(spot.line));
        bare.map(|spot| (spot.line, spot.word.to_owned())).collect()
    });
}

#[test]
fn nothing_can_panic() {
    no_file("a way to panic outside tests", |_, file| {
        let spots = file.scan.panics.iter().filter(|spot| !spot.test && !file.test);
        spots.map(|spot| (spot.line, spot.word.to_owned())).collect()
    });
}

#[test]
fn a_file_opens_with_what_it_is() {
    no_file("no head: `//!` in the first line", |_, file| {
        let head = file.text.starts_with("//! ");
        if head { Vec::new() } else { vec![(1, file.text.lines().next().unwrap_or("").to_owned())] }
    });
}

/// Lines of code are rustfmt's: only tables that it skips, and texts that
/// it cannot part, are wider.
#[test]
fn comments_are_no_wider_than_code() {
    no_file("a comment wider than 100 columns", |_, file| {
        let wide = comments(file).filter(|(_, text)| text.chars().count() > WIDTH);
        wide.map(|(at, text)| (at, text.trim().to_owned())).collect()
    });
}

#[test]
fn comments_name_no_issue() {
    no_file("a reason is written down, not pointed at by a number", |_, file| {
        let numbered = |text: &str| {
            let mut words = text.split([' ', '(', ',']).filter_map(|word| word.strip_prefix('#'));
            words.any(|word| word.starts_with(|c: char| c.is_ascii_digit()))
        };
        let lines = comments(file).filter(|(_, text)| numbered(text));
        lines.map(|(at, text)| (at, text.trim().to_owned())).collect()
    });
}

/// Sources say nothing of the machine on which they were written: neither the checkout's folder nor
/// the folder around it.
#[test]
fn sources_name_no_place_of_this_machine() {
    let checkout = checkout();
    let around = checkout.parent().filter(|around| around.file_name().is_some());
    // The usual places of a checkout are also words of the sources.
    let usual = ["/home", "/root", "/src", "/tmp", "/usr/src", "/var/tmp"];
    let around = around.filter(|around| !usual.iter().any(|usual| around == &Path::new(usual)));
    let places = [Some(checkout.as_path()), around];
    let places: Vec<String> =
        places.into_iter().flatten().map(|p| format!("{}/", p.display())).collect();
    no_file("a path of this machine", |_, file| {
        let lines = file.text.lines().zip(1..);
        let named = lines.filter(|(text, _)| places.iter().any(|place| text.contains(place)));
        named.map(|(text, at)| (at, text.trim().to_owned())).collect()
    });
}

#[test]
fn crates_share_the_lints() {
    for package in CRATES.iter() {
        let folder =
            package.files[0].path.iter().take_while(|&part| part != "src" && part != "tests");
        let folder: PathBuf =
            folder.take(if row_of(&package.name).is_some() { 2 } else { 1 }).collect();
        let manifest = read(&folder.join("Cargo.toml").display().to_string());
        assert!(manifest.contains("[lints]\nworkspace = true\n"), "{}: no lints", package.name);
    }
}

#[test]
fn manual_pages_are_installed() {
    let ours = CRATES.iter().filter(|package| package.name == "kletka");
    let sources: Vec<&Source> = ours.flat_map(|package| &package.files).collect();
    for page in fs::read_dir(checkout().join("man")).unwrap() {
        let name = page.unwrap().file_name().into_string().unwrap();
        // A page is installed if a source of kletka names its file.
        let named = |file: &&Source| file.text.contains(&format!("{name}\""));
        assert!(sources.iter().any(named), "man/{name}: not installed");
    }
}

/// The tests that a row of docs/freebsd-facts.md names in its last cell. Other lines name none.
fn tests_of(line: &str) -> Vec<&str> {
    let cell = line.strip_suffix('|').and_then(|line| line.rsplit_once('|'));
    let words = cell.map_or("", |(_, cell)| cell).split('`').skip(1).step_by(2);
    words.collect()
}

/// Whether there is such a test: `FILE::NAME`, or the name of a vector of jail.conf(5).
fn is_a_test(name: &str) -> bool {
    match name.split_once("::") {
        Some((path, test)) => CRATES
            .iter()
            .flat_map(|package| &package.files)
            .any(|file| file.path.ends_with(path) && file.text.contains(&format!("fn {test}()"))),
        None => checkout().join("crates/jailconf/tests/vectors").join(name).is_dir(),
    }
}

/// Asserts that each of these rows of a document names tests in its last cell.
fn rows_name_tests<'a>(document: &str, rows: impl Iterator<Item = &'a str>) {
    for row in rows {
        let named = tests_of(row);
        assert!(!named.is_empty(), "{document}: no test: {row}");
        for name in named {
            assert!(is_a_test(name), "{document}: {name} is no test: {row}");
        }
    }
}

#[test]
fn a_fact_of_freebsd_has_a_test() {
    let facts = read("docs/freebsd-facts.md");
    let rows = facts.lines().filter(|line| line.starts_with("| ") && !line.starts_with("| fact "));
    rows_name_tests("docs/freebsd-facts.md", rows);
}

#[test]
fn what_holds_a_jail_has_a_test() {
    let document = read("docs/security.md");
    let layers = document.split("\n## ").find(|section| section.starts_with("Layers\n"));
    let rows = layers.unwrap_or_default().lines().filter(|line| line.starts_with("| "));
    // The first row is the head of the table.
    rows_name_tests("docs/security.md", rows.skip(1));
}
