//! `cargo xtask test`: everything that must hold before a change lands.
//!
//! Formatting, clippy, a build for the other architecture, unit, documentation and integration
//! tests, a minute of fuzzing, the demonstration, tests on other kernels in a virtual machine, and
//! a check that this machine is as it was before. Every check counts as one in the closing line.
//! What needs root is skipped for other users, and counted as skipped.

use std::collections::BTreeSet;
use std::io::{BufRead, BufReader, Write};
use std::process::{Command, Stdio};
use std::sync::{Mutex, PoisonError};
use std::thread;
use std::time::Instant;

use crate::leaks::{Left, Processes};
use crate::readme::{Given, SUITES};
use crate::{Outcome, build, dist, fuzz, miri, packages, vm};

/// How many passed, failed and were skipped.
#[derive(Debug, Default, Clone, Copy, PartialEq, Eq)]
struct Count {
    passed: usize,
    failed: usize,
    skipped: usize,
}

impl Count {
    fn one(passed: bool) -> Self {
        Self { passed: usize::from(passed), failed: usize::from(!passed), skipped: 0 }
    }

    fn add(&mut self, other: Self) {
        self.passed += other.passed;
        self.failed += other.failed;
        self.skipped += other.skipped;
    }
}

/// Runs everything, and fails if anything fails. `slow`: what takes more than minutes, too.
pub(crate) fn run(slow: bool) -> Outcome {
    let started = Instant::now();
    if packages::is_root() {
        packages::ensure(packages::TEST)?;
    } else {
        println!("not root: the tests that make jails, and the demonstration, are skipped");
    }
    let before = Left::now(Processes::Kletka);
    let parts: [(&str, &dyn Fn() -> Count); 12] = [
        ("format", &|| check(&["fmt", "--all", "--check"])),
        ("lint", &|| {
            check(&["clippy", "--workspace", "--all-targets", "--", "--deny", "warnings"])
        }),
        ("architecture", &other_architecture),
        ("tests", &|| tests(&["test", "--workspace", "--no-fail-fast"])),
        ("servers", &|| servers(slow)),
        ("miri", &unsafe_code),
        ("fuzz", &fuzzing),
        ("demo", &demo),
        ("readme", &|| readme(slow)),
        ("vm", &virtual_machines),
        ("dist", &|| distribution(slow)),
        // Last, because it counts what all others have left.
        ("leaks", &|| nothing_left(&before)),
    ];
    let (mut all, mut times) = (Count::default(), Vec::new());
    for (name, part) in parts {
        let since = Instant::now();
        all.add(part());
        // Printed, so that a part that has become slow is seen.
        times.push(format!("{name} {}", since.elapsed().as_secs()));
    }
    println!("\nin {} s: {}", started.elapsed().as_secs(), times.join(", "));
    println!("{} passed, {} failed, {} skipped", all.passed, all.failed, all.skipped);
    // The line above has to be the last one, so the error is empty.
    if all.failed == 0 { Ok(()) } else { Err(String::new()) }
}

/// Runs one check: a cargo command that succeeds or fails.
fn check(arguments: &[&str]) -> Count {
    heading(arguments);
    let passed = Command::new(env!("CARGO")).args(arguments).status().is_ok_and(|s| s.success());
    Count::one(passed)
}

/// Checks that kletka builds for the other architecture, with its system calls and assembly.
/// Nothing of it runs.
fn other_architecture() -> Count {
    let Some(mut cargo) = build::other_architecture() else {
        println!("\n==> another architecture\nskipped: Rust has no library for it here");
        return Count { skipped: 1, ..Count::default() };
    };
    println!("\n==> {}", build::line(&cargo));
    Count::one(cargo.status().is_ok_and(|status| status.success()))
}

/// The unsafe code that needs no kernel, under Miri: skipped where no nightly toolchain has Miri.
fn unsafe_code() -> Count {
    println!("\n==> cargo xtask miri");
    if !miri::is_installed() {
        println!("skipped: {}", miri::MISSING);
        return Count { skipped: 1, ..Count::default() };
    }
    let miri = miri::run();
    if let Err(error) = &miri {
        println!("{error}");
    }
    Count::one(miri.is_ok())
}

/// Runs every parser on bytes that nobody thought of; each parser is one test.
fn fuzzing() -> Count {
    println!("\n==> cargo xtask fuzz {}", fuzz::SECONDS);
    if let Err(missing) = packages::ensure(packages::FUZZ) {
        println!("skipped: {missing}");
        return Count { skipped: 1, ..Count::default() };
    }
    match fuzz::all(fuzz::SECONDS) {
        Ok(held) => {
            let passed = held.iter().filter(|&&held| held).count();
            Count { passed, failed: held.len() - passed, skipped: 0 }
        }
        Err(why) => {
            println!("{why}");
            Count::one(false)
        }
    }
}

/// Runs the demonstration: it is the first command that the README names, so it has to work.
fn demo() -> Count {
    println!("\n==> cargo xtask demo");
    if !packages::is_root() {
        println!("skipped: needs root");
        return Count { skipped: 1, ..Count::default() };
    }
    let demo = crate::demo::run(crate::demo::Stage::Outside);
    if let Err(error) = &demo {
        println!("{error}");
    }
    Count::one(demo.is_ok())
}

/// Runs the tests on other kernels; they are skipped where the virtual machine cannot be had.
fn virtual_machines() -> Count {
    println!("\n==> cargo xtask vm");
    vm::suites().map_or_else(without, at_once)
}

/// Runs `suites`, as many at once as this machine has processors: a virtual machine has one. The
/// name of a suite is in front of each line that the suite prints.
fn at_once(suites: Vec<(String, Command)>) -> Count {
    let processors = thread::available_parallelism().map_or(1, usize::from);
    let (waiting, all) = (Mutex::new(suites.into_iter()), Mutex::new(Count::default()));
    let take = || locked(&waiting).next();
    thread::scope(|threads| {
        for _ in 0..processors {
            threads.spawn(|| {
                while let Some((name, mut suite)) = take() {
                    let count = counting_behind(&format!("{name}: "), &mut suite);
                    locked(&all).add(count);
                }
            });
        }
    });
    all.into_inner().unwrap_or_else(PoisonError::into_inner)
}

/// What `mutex` holds: a thread that panicked cannot have left half of a count or of a list.
fn locked<T>(mutex: &Mutex<T>) -> std::sync::MutexGuard<'_, T> {
    mutex.lock().unwrap_or_else(PoisonError::into_inner)
}

/// Types the lines of README.md on a new Debian. In namespaces that takes a minute or two; in a
/// virtual machine with systemd, up to half an hour for each release.
fn readme(slow: bool) -> Count {
    let mut all = Count::default();
    for suite in if slow { &SUITES[..] } else { &SUITES[..1] } {
        println!("\n==> cargo xtask readme --suite {suite}");
        let typed = Given::make(suite).and_then(|given| {
            all.add(given.in_namespaces(counting).map_err(vm::NoSuites::Failed)?);
            if slow {
                println!("\n==> cargo xtask readme --suite {suite} --vm");
                all.add(counting(&mut given.in_machine().map_err(vm::NoSuites::Failed)?));
            }
            Ok(())
        });
        all.add(typed.map_or_else(without, |()| Count::default()));
    }
    all
}

/// Makes the packages twice and compares them. Takes minutes, as nothing is built that was built
/// before.
fn distribution(slow: bool) -> Count {
    if !slow {
        return Count::default();
    }
    println!("\n==> cargo xtask dist --check");
    let made = dist::reproducible(&dist::ARCHITECTURES.map(str::to_owned));
    if let Err(error) = &made {
        println!("{error}");
    }
    Count::one(made.is_ok())
}

/// More servers of Debian's in jails and on the host, whose base takes a minute to make.
fn servers(slow: bool) -> Count {
    if !slow {
        return Count::default();
    }
    let test = "servers::more_servers_on_one_port";
    tests(&["test", "--package", "kletka", "--test", "it", "--", "--ignored", test])
}

/// Says why there are no suites, and counts that.
fn without(why: vm::NoSuites) -> Count {
    match why {
        vm::NoSuites::Skipped(why) => {
            println!("skipped: {why}");
            Count { skipped: 1, ..Count::default() }
        }
        vm::NoSuites::Failed(why) => {
            println!("{why}");
            Count::one(false)
        }
    }
}

fn nothing_left(before: &Left) -> Count {
    println!("\n==> what is left behind on this machine");
    let left: Vec<_> =
        before.since().into_iter().filter(|(_, things)| !things.is_empty()).collect();
    for (kind, things) in &left {
        println!("{kind}: {}", things.join(", "));
    }
    if left.is_empty() {
        println!("nothing");
    }
    Count::one(left.is_empty())
}

/// Runs `cargo test` and counts its tests.
fn tests(arguments: &[&str]) -> Count {
    heading(arguments);
    counting(Command::new(env!("CARGO")).args(arguments))
}

/// Runs a command that runs test suites, and counts what they report. A failure without a failed
/// test counts as one: the tests do not compile, or a test program was killed.
fn counting(command: &mut Command) -> Count {
    counting_behind("", command)
}

/// As [`counting`], with `mark` in front of each line that is printed.
fn counting_behind(mark: &str, command: &mut Command) -> Count {
    let child = command.stdout(Stdio::piped()).stderr(Stdio::piped()).spawn();
    let Ok(mut child) = child else { return Count::one(false) };
    // Both outputs are read at once: a full pipe would stop the tests.
    let (out, err) = (child.stdout.take(), child.stderr.take());
    let (said, errors) = thread::scope(|threads| {
        let errors = err.map(|pipe| threads.spawn(|| relayed(pipe, std::io::stderr(), mark)));
        let said = out.map(|pipe| relayed(pipe, std::io::stdout(), mark)).unwrap_or_default();
        (said, errors.and_then(|thread| thread.join().ok()).unwrap_or_default())
    });
    let mut count = counted(said.iter().chain(&errors));
    // After both outputs have ended: what its own children print is counted too.
    let passed = child.wait().is_ok_and(|status| status.success());
    count.failed += usize::from(!passed && count.failed == 0);
    count
}

/// Passes every line of `from` on behind `mark`, and answers the lines that [`counted`] needs.
fn relayed(from: impl std::io::Read, mut to: impl Write, mark: &str) -> Vec<String> {
    let mut kept = Vec::new();
    for line in BufReader::new(from).lines().map_while(Result::ok) {
        let _ = writeln!(to, "{mark}{line}");
        if line.starts_with(RESULT) || line.starts_with(SKIPPED) {
            kept.push(line);
        }
    }
    kept
}

/// The beginning of the harness's closing line of a suite.
const RESULT: &str = "test result: ";
/// The beginning of the line of a test that passed without doing anything.
const SKIPPED: &str = "skipped: ";

/// Sums the closing lines of suites: `test result: ok. 3 passed; 0 failed; 1 ignored; …`.
fn counted<'a>(lines: impl Iterator<Item = &'a String>) -> Count {
    let mut all = Count::default();
    let mut did_nothing = BTreeSet::new();
    for line in lines {
        if line.starts_with(SKIPPED) {
            // A test that asks twice says so twice, and is one test.
            did_nothing.insert(line);
        }
        let words: Vec<&str> = line.split_whitespace().collect();
        for pair in words.windows(2) {
            let Ok(number) = pair[0].parse::<usize>() else { continue };
            match pair[1] {
                "passed;" => all.passed += number,
                "failed;" => all.failed += number,
                "ignored;" => all.skipped += number,
                _ => {}
            }
        }
    }
    // The harness counts a test that says it was skipped as passed.
    all.passed = all.passed.saturating_sub(did_nothing.len());
    all.skipped += did_nothing.len();
    all
}

fn heading(arguments: &[&str]) {
    println!("\n==> cargo {}", arguments.join(" "));
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn closing_lines() {
        let lines = [
            "test result: ok. 12 passed; 0 failed; 2 ignored; 0 measured; 0 filtered out; finished in 1.25s",
            "skipped: sandbox::statuses: needs root",
            "skipped: sandbox::statuses: needs root",
            "test result: FAILED. 5 passed; 1 failed; 0 ignored; 0 measured; 0 filtered out; finished in 0.00s",
        ]
        .map(str::to_owned);
        // One of the 17 that the harness counts as passed says that it was skipped.
        assert_eq!(counted(lines.iter()), Count { passed: 16, failed: 1, skipped: 3 });
    }
}
