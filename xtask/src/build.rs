//! The release build, and the place of what tasks make.

use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};

/// The folder for what tasks make: below Cargo's target directory, so that `cargo clean` removes
/// it.
pub(crate) fn scratch() -> Result<PathBuf, String> {
    let target = std::env::var_os("CARGO_TARGET_DIR").unwrap_or_else(|| "target".into());
    std::path::absolute(Path::new(&target).join("xtask")).map_err(|e| format!("target: {e}"))
}

/// Builds the program of `package` as for a release, and answers its path.
///
/// The C library is musl where Rust can have it: glibc asks the processor about itself whenever a
/// program starts, and in a virtual machine each question leaves the machine, 0.2 ms in all.
pub(crate) fn release(package: &str) -> Result<PathBuf, String> {
    let mut cargo = Command::new(env!("CARGO"));
    cargo.args(["build", "--release", "--package", package]);
    if let Some(target) = musl() {
        cargo.args(["--target", &target]);
    }
    println!("{}", line(&cargo));
    let program = programs(cargo)?.pop();
    program.ok_or_else(|| format!("cargo build: package {package} has no program"))
}

/// Runs the build `cargo`, and answers the paths of the programs in the order in which cargo named
/// them.
pub(crate) fn programs(mut cargo: Command) -> Result<Vec<PathBuf>, String> {
    let line = line(&cargo);
    // Only cargo knows where a program lies: the folder depends on profile, target and settings.
    cargo.arg("--message-format=json-render-diagnostics").stderr(Stdio::inherit());
    let output = cargo.output().map_err(|e| format!("cargo: {e}"))?;
    if !output.status.success() {
        return Err(format!("{line}: {}", output.status));
    }
    Ok(String::from_utf8_lossy(&output.stdout).lines().filter_map(executable).collect())
}

/// The command line in the form that is shown.
pub(crate) fn line(cargo: &Command) -> String {
    let words = cargo.get_args().map(|word| format!(" {}", word.to_string_lossy()));
    format!("cargo{}", words.collect::<String>())
}

/// The target of this machine with musl; rustup(1) installs what is missing. `None`: it cannot be
/// had.
fn musl() -> Option<String> {
    let target = format!("{}-unknown-linux-musl", std::env::consts::ARCH);
    let there = is_installed(&target);
    if !there {
        println!(
            "no musl for Rust here: built with the system's C library, a start takes 0.2 ms longer"
        );
    }
    there.then_some(target)
}

/// The build of kletka for the architecture that this machine does not have. `None`: Rust cannot
/// build for it here.
pub(crate) fn other_architecture() -> Option<Command> {
    let other = if cfg!(target_arch = "x86_64") { "aarch64" } else { "x86_64" };
    let target = format!("{other}-unknown-linux-musl");
    let linker = format!("CARGO_TARGET_{}_LINKER", target.to_uppercase().replace('-', "_"));
    let mut cargo = Command::new(env!("CARGO"));
    // Rust's own linker knows all architectures, and its musl needs no library of the system's.
    cargo.env(linker, "rust-lld").args(["build", "--package", "kletka", "--target", &target]);
    is_installed(&target).then_some(cargo)
}

/// Whether Rust can build for `target`; rustup(1) is asked to install what is missing.
pub(crate) fn is_installed(target: &str) -> bool {
    if has_library(target) {
        // A toolchain from a distribution has no rustup(1), and then the target cannot be had.
        return true;
    }
    println!("rustup target add {target}");
    let added = Command::new("rustup").args(["target", "add", target]).status();
    added.is_ok_and(|status| status.success()) && has_library(target)
}

/// Whether Rust's standard library for `target` is installed.
fn has_library(target: &str) -> bool {
    let mut rustc = Command::new("rustc");
    rustc.args(["--print", "target-libdir", "--target", target]).stderr(Stdio::null());
    let output = rustc.output().map(|output| output.stdout).unwrap_or_default();
    // rustc prints the folder even of a target that is not installed.
    let library = String::from_utf8_lossy(&output);
    !library.trim().is_empty() && Path::new(library.trim()).is_dir()
}

/// Installs a release build of kletka below `prefix` and answers the report; the binary itself
/// knows how.
pub(crate) fn install(prefix: &Path) -> Result<String, String> {
    let binary = release("kletka")?;
    std::fs::create_dir_all(prefix).map_err(|e| format!("{}: {e}", prefix.display()))?;
    let mut install = Command::new(&binary);
    install.arg("install").arg("--prefix").arg(prefix).stderr(Stdio::inherit());
    let output = install.output().map_err(|e| format!("{}: {e}", binary.display()))?;
    if !output.status.success() {
        return Err(format!("kletka install: {}", output.status));
    }
    Ok(String::from_utf8_lossy(&output.stdout).into_owned())
}

/// The program that one of cargo's messages names.
fn executable(message: &str) -> Option<PathBuf> {
    // Cargo writes one JSON object on each line, of which only this text is wanted.
    let (_, rest) = message.split_once(r#""executable":""#)?;
    let (path, _) = rest.split_once('"')?;
    Some(path.into())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    #[rustfmt::skip]
    fn executables() {
        for (message, want) in [
            (r#"{"reason":"compiler-artifact","executable":"/t/release/kletka","fresh":true}"#, Some("/t/release/kletka")),
            (r#"{"reason":"compiler-artifact","executable":null,"fresh":true}"#,                None),
            (r#"{"reason":"build-finished","success":true}"#,                                   None),
        ] {
            assert_eq!(executable(message), want.map(PathBuf::from), "{message}");
        }
    }
}
