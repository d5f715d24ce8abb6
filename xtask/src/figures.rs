//! `cargo xtask figures`: the shape of the code in numbers, beside the goals that it is to keep.
//!
//! Each figure is taken from the sources alone, in the way that its row says. With `--check` a
//! missed goal makes the command fail. What must hold without exception is a rule and no figure:
//! see `tidy`.

use std::fmt;

use crate::Outcome;
use crate::sources::scan::{BLOCK, Function};
use crate::sources::{Crate, Line, Source, graph, imports, workspace};

/// One figure: what was measured, and what it should be.
struct Figure {
    name: &'static str,
    value: f64,
    /// Digits after the point.
    digits: usize,
    goal: Option<Goal>,
}

/// The bound of a figure, which may be reached.
#[derive(Clone, Copy)]
enum Goal {
    AtMost(f64),
    AtLeast(f64),
}

impl Goal {
    fn is_met(self, value: f64) -> bool {
        match self {
            Self::AtMost(bound) => value <= bound,
            Self::AtLeast(bound) => value >= bound,
        }
    }
}

impl fmt::Display for Goal {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::AtMost(bound) => write!(f, "at most {bound}"),
            Self::AtLeast(bound) => write!(f, "at least {bound}"),
        }
    }
}

impl fmt::Display for Figure {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{:<66}{:>9.*}", self.name, self.digits, self.value)?;
        let Some(goal) = self.goal else { return Ok(()) };
        let missed = if goal.is_met(self.value) { "" } else { ", MISSED" };
        write!(f, "  {goal}{missed}")
    }
}

/// A figure that counts.
fn number(name: &'static str, value: usize) -> Figure {
    Figure { name, value: value as f64, digits: 0, goal: None }
}

/// A figure that divides.
fn rate(name: &'static str, value: f64) -> Figure {
    Figure { name, value, digits: 1, goal: None }
}

impl Figure {
    fn at_most(self, bound: u8) -> Self {
        Self { goal: Some(Goal::AtMost(bound.into())), ..self }
    }

    fn at_least(self, bound: u8) -> Self {
        Self { goal: Some(Goal::AtLeast(bound.into())), ..self }
    }
}

/// Prints all figures. With `check`, a missed goal is a failure.
pub(crate) fn run(check: bool) -> Outcome {
    let crates = workspace(".".as_ref())?;
    print!("{}", structure(&crates));
    let figures = figures(&crates);
    for figure in &figures {
        println!("{figure}");
    }
    let missed = |figure: &&Figure| figure.goal.is_some_and(|goal| !goal.is_met(figure.value));
    match figures.iter().filter(missed).count() {
        // Without `check` the figures are the answer, whatever they are.
        1.. if check => Err("a goal is missed".into()),
        _ => Ok(()),
    }
}

/// The table of crates: their lines, their share, the crates that each names, and the circles of
/// files inside them.
fn structure(crates: &[Crate]) -> String {
    let all: usize = crates.iter().map(lines).sum();
    let mut text = format!("{:<15}{:>7}{:>7}  names\n", "crate", "lines", "%");
    for package in crates {
        let ours =
            package.dependencies.iter().filter(|name| crates.iter().any(|c| c.name == **name));
        let ours: Vec<&str> = ours.map(String::as_str).collect();
        let (lines, share) = (lines(package), percent(lines(package), all));
        text +=
            format!("{:<15}{lines:>7}{share:>7.1}  {}", package.name, ours.join(", ")).trim_end();
        text.push('\n');
    }
    for package in crates {
        let (files, arrows) = imports::arrows(package);
        for circle in graph::circles(&arrows) {
            let names = circle.iter().filter_map(|&at| files.get(at));
            let names: Vec<String> = names.map(|file| file.path.display().to_string()).collect();
            text += &format!("circle: {}\n", names.join(", "));
        }
    }
    text.push('\n');
    text
}

/// The lines of a crate's files that are not for tests.
fn lines(package: &Crate) -> usize {
    package.files.iter().filter(|file| !file.test).map(|file| file.scan.lines.len()).sum()
}

/// All figures of the workspace.
fn figures(crates: &[Crate]) -> Vec<Figure> {
    let all: Vec<&Source> = crates.iter().flat_map(|package| &package.files).collect();
    let files: Vec<&Source> = all.iter().copied().filter(|file| !file.test).collect();
    let mut figures = of_files(crates, &files);
    figures.extend(of_functions(&files));
    figures.extend(of_lines(&files));
    figures.extend(of_safety(&files));
    figures.extend(of_tests(&all, &files));
    figures.extend(of_structure(crates));
    figures
}

fn of_files(crates: &[Crate], files: &[&Source]) -> Vec<Figure> {
    let whole = sorted(files.iter().map(|file| file.scan.lines.len()));
    let bare = sorted(files.iter().map(|file| without_tests(file)));
    let largest = crates.iter().find(|package| package.name == "kletka").map_or(0, lines);
    let share = percent(largest, whole.iter().sum());
    vec![
        number("files that are not there for tests", files.len()),
        number("lines of code in them: no comment, blank or test", count(files, Line::Code)),
        rate("kletka: % of the lines", share).at_most(26),
        number("lines of a file: median", quantile(&whole, 50)),
        number("lines of a file: 95 % have at most", quantile(&whole, 95)),
        number("lines of a file: the longest", quantile(&whole, 100)),
        number("lines of a file without its tests: median", quantile(&bare, 50)),
        number("lines of a file without its tests: 95 % have at most", quantile(&bare, 95)),
        number("lines of a file without its tests: the longest", quantile(&bare, 100)),
    ]
}

fn of_functions(files: &[&Source]) -> Vec<Figure> {
    let functions = files.iter().flat_map(|file| &file.scan.functions).filter(|f| !f.test);
    let functions: Vec<&Function> = functions.collect();
    let lengths = sorted(functions.iter().map(|f| f.lines.clone().count()));
    let depths = sorted(functions.iter().map(|f| f.depth));
    let long = lengths.iter().filter(|&&length| length > 60).count();
    vec![
        number("functions outside tests", functions.len()),
        number("lines of a function, from `fn` to its brace: median", quantile(&lengths, 50)),
        number("lines of a function: 95 % have at most", quantile(&lengths, 95)).at_most(34),
        number("lines of a function: 99 % have at most", quantile(&lengths, 99)),
        number("lines of a function: the longest", quantile(&lengths, 100)).at_most(80),
        rate("% of the functions have more than 60 lines", percent(long, lengths.len())),
        number("braces in each other: 95 % of the functions have at most", quantile(&depths, 95)),
    ]
}

fn of_lines(files: &[&Source]) -> Vec<Figure> {
    let widths = sorted(files.iter().flat_map(|file| widths(file)));
    let (code, doc) = (count(files, Line::Code), count(files, Line::Doc));
    vec![
        number("width of a line that is not blank: 95 % have at most", quantile(&widths, 95)),
        number("width of a line: the widest", quantile(&widths, 100)),
        rate("lines that rustdoc reads for 100 lines of code", percent(doc, code)),
        rate("other comments for 100 lines of code", percent(count(files, Line::Comment), code)),
    ]
}

fn of_safety(files: &[&Source]) -> Vec<Figure> {
    let (mut blocks, mut argued) = (0, 0);
    for file in files {
        for block in file.scan.unsafes.iter().filter(|spot| spot.word == BLOCK) {
            blocks += 1;
            argued += usize::from(file.argues(block.line));
        }
    }
    let stumbles: usize = files.iter().map(|file| stumbles(file)).sum();
    // Per cent times ten is per thousand.
    let stumbles = 10.0 * percent(stumbles, count(files, Line::Code));
    vec![
        number("`unsafe` blocks", blocks),
        rate("% of them have SAFETY beside", percent(argued, blocks)).at_least(100),
        rate("unwrap, expect, panic, todo, TODO in 1,000 lines of code", stumbles),
    ]
}

fn of_tests(all: &[&Source], files: &[&Source]) -> Vec<Figure> {
    let code = count(files, Line::Code);
    let tests: usize = all.iter().map(|file| file.scan.tests).sum();
    let lines = |file: &&Source| {
        let code = file.scan.lines.iter().zip(1..).filter(|&(&line, _)| line == Line::Code);
        code.filter(|&(_, at)| file.test || file.scan.is_test(at)).count()
    };
    let lines: usize = all.iter().map(lines).sum();
    vec![
        rate("tests for 1,000 lines of code", 10.0 * percent(tests, code)),
        rate("lines of tests for 100 lines of code", percent(lines, code)),
    ]
}

fn of_structure(crates: &[Crate]) -> Vec<Figure> {
    let between = crates.iter().map(|package| named(package, crates)).sum();
    let inside: Vec<_> = crates.iter().map(|package| imports::arrows(package).1).collect();
    let circles = inside.iter().map(|arrows| graph::circles(arrows).len()).sum();
    let up = inside.iter().map(|arrows| graph::up(arrows)).sum();
    vec![
        number("arrows between crates", between),
        number("circles of files inside crates", circles).at_most(0),
        number("arrows up inside crates: imports that close a circle", up).at_most(0),
    ]
}

/// How many crates of the workspace this one depends on.
fn named(package: &Crate, crates: &[Crate]) -> usize {
    package.dependencies.iter().filter(|name| crates.iter().any(|c| c.name == **name)).count()
}

/// How many lines of a file are not for tests.
fn without_tests(file: &Source) -> usize {
    (1..=file.scan.lines.len()).filter(|&line| !file.scan.is_test(line)).count()
}

/// How many lines of a kind the files have, without tests.
fn count(files: &[&Source], kind: Line) -> usize {
    let of = |file: &&Source| {
        let lines = file.scan.lines.iter().zip(1..);
        lines.filter(|&(&line, at)| line == kind && !file.scan.is_test(at)).count()
    };
    files.iter().map(of).sum()
}

/// The widths in characters of a file's lines, without blank ones and tests.
fn widths(file: &Source) -> impl Iterator<Item = usize> {
    let lines = file.text.lines().zip(1..).filter(|&(_, at)| !file.scan.is_test(at));
    lines.map(|(line, _)| line.trim_end().chars().count()).filter(|&width| width > 0)
}

/// How many named ways to panic, and notes of unfinished work, a file has.
fn stumbles(file: &Source) -> usize {
    let panics = file.scan.panics.iter().filter(|spot| !spot.test).count();
    let comment = |line: &Line| matches!(line, Line::Doc | Line::Comment);
    let notes = file
        .text
        .lines()
        .zip(&file.scan.lines)
        .filter(|(text, line)| comment(line) && text.contains("TODO"));
    panics + notes.count()
}

/// The values from the least to the greatest.
fn sorted(values: impl Iterator<Item = usize>) -> Vec<usize> {
    let mut values: Vec<usize> = values.collect();
    values.sort_unstable();
    values
}

/// The least value that is not exceeded by at least `share` per cent of the sorted values.
fn quantile(sorted: &[usize], share: usize) -> usize {
    let at = (sorted.len() * share).div_ceil(100).saturating_sub(1);
    sorted.get(at).copied().unwrap_or(0)
}

/// What percentage of the whole the part is; 0 if the whole is nothing.
fn percent(part: usize, whole: usize) -> f64 {
    if whole == 0 { 0.0 } else { 100.0 * part as f64 / whole as f64 }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn quantiles_are_values_that_are_there() {
        let values: Vec<usize> = (1..=20).collect();
        let said = [0, 50, 95, 99, 100].map(|share| quantile(&values, share));
        assert_eq!(said, [1, 10, 19, 20, 20]);
        assert_eq!((quantile(&[], 95), quantile(&[7], 50)), (0, 7));
    }

    #[test]
    fn a_goal_that_is_missed_is_named() {
        for (figure, missed) in [
            (number("x", 34).at_most(34), false),
            (number("x", 35).at_most(34), true),
            (rate("x", 99.9).at_least(100), true),
            (rate("x", 100.0).at_least(100), false),
            (rate("x", 7.0), false),
        ] {
            assert_eq!(figure.to_string().ends_with("MISSED"), missed, "{figure}");
        }
    }

    /// A crate of two files that name each other, with a long function and a test.
    #[test]
    fn figures_of_a_small_crate() {
        let file = |path: &str, text: &str| Source::new(path.into(), text.into()).unwrap();
        let long = format!("use crate::a;\nfn long() {{\n{}}}\n", "    go();\n".repeat(61));
        let files = vec![
            file(
                "kletka/src/a.rs",
                "use crate::b;\n// TODO\n#[test]\nfn f() { unsafe { go() } }\n",
            ),
            file("kletka/src/b.rs", &long),
        ];
        let crates = [Crate { name: "kletka".into(), dependencies: vec!["libc".into()], files }];
        let figures = figures(&crates);
        let value = |name: &str| figures.iter().find(|figure| figure.name == name).unwrap().value;
        assert_eq!(value("kletka: % of the lines"), 100.0);
        assert_eq!(value("lines of a function: the longest"), 63.0);
        assert_eq!(value("% of the functions have more than 60 lines"), 50.0);
        assert_eq!(value("% of them have SAFETY beside"), 0.0);
        assert_eq!(value("circles of files inside crates"), 1.0);
        assert_eq!(value("arrows up inside crates: imports that close a circle"), 1.0);
        assert_eq!(value("arrows between crates"), 0.0);
        assert!(structure(&crates).contains("circle: kletka/src/a.rs, kletka/src/b.rs\n"));
    }
}
