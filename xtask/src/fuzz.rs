//! `cargo xtask fuzz [SECONDS]`: gives the parsers bytes that nobody thought of, and searches for
//! those that reach new code.
//!
//! Every program of fuzz/fuzz_targets runs under libFuzzer, which watches counters that the stable
//! compiler puts into the code because of [`FLAGS`]. What breaks a target becomes one of its seeds,
//! in `fuzz/seeds/TARGET`, and every later run of the tests tries it.

use std::collections::VecDeque;
use std::fs::{self, File};
use std::io;
use std::path::{Path, PathBuf};
use std::process::{Child, Command, ExitStatus, Stdio};
use std::thread;

use crate::shell::{Progress, TICK};
use crate::{Outcome, build, packages};

/// The seconds of a run, unless an argument says otherwise; `cargo xtask test` uses this.
pub(crate) const SECONDS: u64 = 60;

/// How many targets run at the same time, if the machine has the processors.
const LANES: usize = 2;

/// SanitizerCoverage as libFuzzer needs it, and every check that a release leaves out.
const FLAGS: [&str; 8] = [
    "-Cpasses=sancov-module",
    "-Cllvm-args=-sanitizer-coverage-level=4",
    "-Cllvm-args=-sanitizer-coverage-inline-8bit-counters",
    "-Cllvm-args=-sanitizer-coverage-pc-table",
    "-Cllvm-args=-sanitizer-coverage-trace-compares",
    "-Cdebug-assertions",
    "-Coverflow-checks",
    "-Ccodegen-units=1",
];

/// These programs have a target folder of their own, so that nothing else is built again because of
/// them. What they find is there too.
const FOLDER: &str = "target/fuzz";

/// FreeBSD's examples of the language: further seeds for the targets of jail.conf(5).
const VECTORS: &str = "crates/jailconf/tests/vectors";

/// Runs all targets, for so many seconds altogether, and prints the outcome of each.
pub(crate) fn run(seconds: u64) -> Outcome {
    packages::ensure(packages::FUZZ)?;
    let held = all(seconds)?;
    // What broke a target has been printed already.
    if held.contains(&false) { Err(String::new()) } else { Ok(()) }
}

/// Builds all targets and runs them, two at a time. Prints the outcome of each, and answers whether
/// it held.
pub(crate) fn all(seconds: u64) -> Result<Vec<bool>, String> {
    let programs = targets()?;
    let lanes = thread::available_parallelism().map_or(1, usize::from).min(LANES);
    // Each lane has all the seconds, and the targets share the lanes.
    let each = (seconds * lanes as u64 / programs.len().max(1) as u64).max(1);
    println!("{each} seconds for each of {} targets, {lanes} at a time", programs.len());
    let mut waiting: VecDeque<PathBuf> = programs.into();
    let (mut running, mut done) = (Vec::new(), Vec::new());
    let mut progress = Progress::new();
    while !waiting.is_empty() || !running.is_empty() {
        while running.len() < lanes
            && let Some(program) = waiting.pop_front()
        {
            running.push(Run::start(&program, each)?);
        }
        thread::sleep(TICK);
        progress.tick();
        // From the end, as a run that has ended is taken out on the way.
        for index in (0..running.len()).rev() {
            let ended = running[index].child.try_wait();
            if let Some(status) = ended.map_err(|e| format!("{}: {e}", running[index].target))? {
                progress.clear();
                done.push(running.swap_remove(index).end(status)?);
            }
        }
    }
    Ok(done)
}

/// Builds the programs of fuzz/fuzz_targets, and answers their paths.
fn targets() -> Result<Vec<PathBuf>, String> {
    let mut cargo = Command::new(env!("CARGO"));
    cargo
        .args(["build", "--release", "--package", "fuzz", "--features", "libfuzzer", "--bins"])
        // Separated by a character that no flag has: blanks would need quotes.
        .env("CARGO_ENCODED_RUSTFLAGS", FLAGS.join("\x1f"))
        .env("CARGO_TARGET_DIR", FOLDER)
        // Link-time optimization would merge the counters away, and a stripped program has no names
        // in a backtrace.
        .env("CARGO_PROFILE_RELEASE_LTO", "off")
        .env("CARGO_PROFILE_RELEASE_STRIP", "none");
    println!("{}", build::line(&cargo));
    let mut programs = build::programs(cargo)?;
    // Cargo ends its builds in any order.
    programs.sort();
    Ok(programs)
}

/// A target that is running.
struct Run {
    target: String,
    child: Child,
    /// The output of libFuzzer.
    log: PathBuf,
    /// The folder for what breaks the target.
    found: PathBuf,
}

impl Run {
    fn start(program: &Path, seconds: u64) -> Result<Self, String> {
        let target = program.file_name().unwrap_or_default().to_string_lossy().into_owned();
        let log = Path::new(FOLDER).join(format!("{target}.log"));
        let found = Path::new(FOLDER).join("found").join(&target);
        let corpus = Path::new(FOLDER).join("corpus").join(&target);
        // What an earlier run found is among the seeds, or not wanted.
        let _ = fs::remove_dir_all(&found);
        for folder in [&found, &corpus] {
            fs::create_dir_all(folder).map_err(|e| format!("{}: {e}", folder.display()))?;
        }
        let said = File::create(&log).map_err(|e| format!("{}: {e}", log.display()))?;
        let mut fuzzer = Command::new(program);
        fuzzer
            .arg(format!("-max_total_time={seconds}"))
            .arg(format!("-artifact_prefix={}/", found.display()))
            // Long inputs make each try slow and reach little new code; a try that takes ten
            // seconds is a fault.
            .args(["-print_final_stats=1", "-max_len=4096", "-timeout=10", "-rss_limit_mb=2048"])
            // libFuzzer writes what reaches new code to the first folder.
            .args([&corpus, &seeds(&target)])
            .stdin(Stdio::null())
            .stdout(Stdio::null())
            .stderr(said);
        if target.starts_with("jail_conf") {
            fuzzer.arg(VECTORS);
        }
        let child = fuzzer.spawn().map_err(|e| format!("{}: {e}", program.display()))?;
        Ok(Self { target, child, log, found })
    }

    /// Prints the outcome, and answers whether the target held.
    fn end(self, status: ExitStatus) -> Result<bool, String> {
        let said = fs::read(&self.log).map_err(|e| format!("{}: {e}", self.log.display()))?;
        let said = String::from_utf8_lossy(&said);
        let figures = figures(&said);
        println!("{}: {figures}", self.target);
        if status.success() {
            return Ok(true);
        }
        let broken = broken(&said).unwrap_or_else(|| status.to_string());
        let kept = keep(&self.found, &seeds(&self.target))?;
        let bytes = match kept.as_slice() {
            [] => format!("see {}", self.log.display()),
            kept => format!("the bytes are in {}", kept.join(" and ")),
        };
        println!("{}: {broken}; {bytes}", self.target);
        Ok(false)
    }
}

fn seeds(target: &str) -> PathBuf {
    Path::new("fuzz/seeds").join(target)
}

/// Copies what broke a target to its seeds, and answers their paths.
fn keep(found: &Path, seeds: &Path) -> Result<Vec<String>, String> {
    let failed = |path: &Path, error: io::Error| format!("{}: {error}", path.display());
    let mut kept = Vec::new();
    for entry in fs::read_dir(found).map_err(|e| failed(found, e))? {
        let name = entry.map_err(|e| failed(found, e))?.file_name();
        // Slow bytes are no fault: libFuzzer reports them, and they are not kept.
        if name.to_string_lossy().starts_with("slow-unit-") {
            continue;
        }
        let seed = seeds.join(&name);
        fs::copy(found.join(&name), &seed).map_err(|e| failed(&seed, e))?;
        kept.push(seed.display().to_string());
    }
    kept.sort();
    Ok(kept)
}

/// How much a target did, from libFuzzer's output.
fn figures(said: &str) -> String {
    let stat = |name: &str| {
        let line = said.lines().rev().find_map(|line| line.strip_prefix(name));
        line.map_or("?", str::trim)
    };
    let edges = said.rsplit_once(" cov: ").and_then(|(_, rest)| rest.split(' ').next());
    format!(
        "{} executions, {} a second, {} edges reached",
        stat("stat::number_of_executed_units:"),
        stat("stat::average_exec_per_sec:"),
        edges.unwrap_or("?")
    )
}

/// How a target broke, from its output: a panic with its message, or libFuzzer's own error.
fn broken(said: &str) -> Option<String> {
    let mut lines = said.lines().skip_while(|line| !line.contains("panicked at "));
    if let Some(panic) = lines.next() {
        let (_, place) = panic.split_once("panicked at ")?;
        // The lines below the panic are its message: what was compared, if it was a comparison.
        let message =
            lines.take_while(|line| !line.starts_with("==") && !line.starts_with("stack "));
        let message: Vec<&str> = message.map(str::trim).take(3).collect();
        return Some(format!("panicked at {place} {}", message.join(" ")));
    }
    let error = said.lines().find_map(|line| line.split_once("ERROR: libFuzzer: "))?;
    Some(error.1.to_owned())
}

#[cfg(test)]
mod tests {
    use super::*;

    const SAID: &str = "\
#1248\tINITED cov: 3310 ft: 11211 corp: 731/90Kb exec/s: 0 rss: 61Mb
#65536\tpulse  cov: 3342 ft: 11523 corp: 790/99Kb lim: 4096 exec/s: 21845 rss: 88Mb
thread '<unnamed>' (8) panicked at fuzz/src/jailconf.rs:94:5:
assertion `left == right` failed
  left: 1
 right: 2
stack backtrace:
==8== ERROR: libFuzzer: deadly signal
stat::number_of_executed_units: 70112
stat::average_exec_per_sec:     23370
";

    #[test]
    fn what_libfuzzer_says() {
        assert_eq!(figures(SAID), "70112 executions, 23370 a second, 3342 edges reached");
        assert_eq!(figures(""), "? executions, ? a second, ? edges reached");
        let panic = "panicked at fuzz/src/jailconf.rs:94:5: assertion `left == right` failed left: 1 right: 2";
        assert_eq!(broken(SAID).as_deref(), Some(panic));
        let timeout = "==8== ERROR: libFuzzer: timeout after 11 seconds";
        assert_eq!(broken(timeout).as_deref(), Some("timeout after 11 seconds"));
        assert_eq!(broken("stat::number_of_executed_units: 1"), None);
    }

    #[test]
    fn what_breaks_a_target_becomes_a_seed() {
        let folder = std::env::temp_dir().join(format!("kletka-fuzz-{}", std::process::id()));
        let (found, seeds) = (folder.join("found"), folder.join("seeds"));
        for folder in [&found, &seeds] {
            fs::create_dir_all(folder).unwrap();
        }
        fs::write(found.join("crash-1"), "a {").unwrap();
        fs::write(found.join("slow-unit-2"), "b {").unwrap();
        let kept = keep(&found, &seeds).unwrap();
        assert_eq!(kept, [seeds.join("crash-1").display().to_string()]);
        assert_eq!(fs::read(seeds.join("crash-1")).unwrap(), b"a {");
        assert!(!seeds.join("slow-unit-2").exists());
        fs::remove_dir_all(&folder).unwrap();
    }
}
