//! The project's own tasks: `cargo xtask demo | test | fuzz | miri | vm | readme | install | dist
//! | bench | compatibility | words | escapes | surface | figures`.
//!
//! A task that runs as root installs what it needs from the distribution, after saying what and why
//! ([`packages`]); as another user it says what is missing.

mod bench;
mod build;
mod demo;
mod dist;
mod escapes;
mod figures;
mod fuzz;
mod leaks;
mod miri;
mod packages;
mod parameters;
mod readme;
mod shell;
mod sources;
mod surface;
mod test;
#[cfg(test)]
mod tidy;
mod vm;
mod words;

use std::ffi::OsString;
use std::fs;
use std::path::PathBuf;
use std::process::ExitCode;

use lexopt::{Arg, Parser, ValueExt};

/// The outcome of a task: `Err` says why it failed. An empty error means that the reason has been
/// printed already.
type Outcome = Result<(), String>;

const USAGE: &str = "\
usage: cargo xtask demo [--keep]
       cargo xtask test [--slow]
       cargo xtask fuzz [SECONDS]
       cargo xtask miri
       cargo xtask vm [[--init=shell|systemd] [--kernel=6.12|6.1] [--dir=PATH]... COMMAND...]
       cargo xtask readme [--suite bookworm|trixie] [--vm]
       cargo xtask install [--prefix DIR]
       cargo xtask dist [--arch x86_64|aarch64]... [--check | [--binary FILE] [--dir DIR] [--version VERSION]]
       cargo xtask bench [addresses]
       cargo xtask compatibility
       cargo xtask words
       cargo xtask escapes [--check]
       cargo xtask surface [--check]
       cargo xtask figures [--check]";

fn main() -> ExitCode {
    let outcome = go_to_checkout().and_then(|()| task(Parser::from_env()));
    match outcome {
        Ok(()) => ExitCode::SUCCESS,
        Err(error) => {
            if !error.is_empty() {
                eprintln!("xtask: {error}");
            }
            ExitCode::FAILURE
        }
    }
}

fn task(mut arguments: Parser) -> Outcome {
    let Some(Arg::Value(name)) = arguments.next().map_err(text)? else {
        return Err(USAGE.into());
    };
    match name.to_str() {
        Some("demo") => demo::run(demo::Stage::parse(arguments)?),
        Some("test") => test::run(flag(arguments, "slow")?),
        Some("fuzz") => fuzz::run(seconds(arguments)?),
        Some("miri") => no_more(arguments).and_then(|()| miri::run()),
        Some("vm") => vm::run(arguments),
        Some("readme") => readme::run(arguments),
        Some("dist") => dist::run(arguments),
        Some("install") => build::install(&prefix(arguments)?).map(|done| print!("{done}")),
        Some("bench") => bench::run(arguments),
        Some("compatibility") => no_more(arguments).and_then(|()| parameters::write()),
        Some("words") => no_more(arguments).and_then(|()| words::write()),
        Some("escapes") => escapes::run(check(arguments)?),
        Some("surface") => surface::run(check(arguments)?),
        Some("figures") => figures::run(check(arguments)?),
        _ => Err(USAGE.into()),
    }
}

/// Changes to the top of the checkout: tasks use relative paths, which stay valid when the demo
/// mounts over `/home`.
fn go_to_checkout() -> Outcome {
    let checkout = PathBuf::from(env!("CARGO_MANIFEST_DIR")).join("..");
    // A stage of the demo is there already, and the absolute path may be hidden by a mount.
    if fs::exists("xtask/Cargo.toml").unwrap_or(false) {
        return Ok(());
    }
    std::env::set_current_dir(&checkout).map_err(|e| format!("{}: {e}", checkout.display()))
}

fn prefix(mut arguments: Parser) -> Result<PathBuf, String> {
    let mut prefix = OsString::from("/usr/local");
    while let Some(argument) = arguments.next().map_err(text)? {
        match argument {
            Arg::Long("prefix") => prefix = arguments.value().map_err(text)?,
            other => return Err(text(other.unexpected())),
        }
    }
    Ok(prefix.into())
}

fn check(arguments: Parser) -> Result<bool, String> {
    flag(arguments, "check")
}

/// Whether the only argument that may follow, the option `name`, is there.
fn flag(mut arguments: Parser, name: &str) -> Result<bool, String> {
    match arguments.next().map_err(text)? {
        None => Ok(false),
        Some(Arg::Long(word)) if word == name => no_more(arguments).map(|()| true),
        Some(other) => Err(text(other.unexpected())),
    }
}

fn seconds(mut arguments: Parser) -> Result<u64, String> {
    let Some(argument) = arguments.next().map_err(text)? else { return Ok(fuzz::SECONDS) };
    let Arg::Value(seconds) = argument else { return Err(text(argument.unexpected())) };
    let seconds = seconds.parse().map_err(text)?;
    no_more(arguments).map(|()| seconds)
}

fn no_more(mut arguments: Parser) -> Outcome {
    match arguments.next().map_err(text)? {
        None => Ok(()),
        Some(argument) => Err(text(argument.unexpected())),
    }
}

fn text(error: lexopt::Error) -> String {
    format!("{error}\n{USAGE}")
}
