//! The program that is released: linked statically with musl, and the same bytes from every
//! checkout and machine that has this toolchain.

use std::path::{Path, PathBuf};
use std::process::Command;

use crate::build;

/// Builds kletka for `architecture`, with Cargo's files below `directory`. Answers the program.
pub(super) fn build(architecture: &str, directory: &Path) -> Result<PathBuf, String> {
    let target = format!("{architecture}-unknown-linux-musl");
    if !build::is_installed(&target) {
        return Err(format!("{target}: Rust cannot build for it here: rustup target add {target}"));
    }
    let checkout = std::env::current_dir().map_err(|e| format!(".: {e}"))?;
    let home = cargo_home()?;
    // A place in the sources is named by messages of panics, and would be in the program.
    let remap = |from: &Path, to: &str| format!("--remap-path-prefix={}={to}", from.display());
    let flags = [remap(&checkout, "kletka"), remap(&home, "cargo")];
    let flags = flags.map(|flag| format!("{flag:?}")).join(", ");
    let linker = format!("CARGO_TARGET_{}_LINKER", target.to_uppercase().replace('-', "_"));
    let mut cargo = Command::new(env!("CARGO"));
    cargo.args(["build", "--release", "--locked", "--package", "kletka", "--target", &target]);
    // Added to those of .cargo/config.toml, which the variable RUSTFLAGS would replace.
    cargo.arg("--config").arg(format!("target.{target}.rustflags=[{flags}]"));
    cargo.env_remove("RUSTFLAGS").env_remove("CARGO_ENCODED_RUSTFLAGS");
    cargo.env("CARGO_TARGET_DIR", directory.join("build"));
    // Rust's own linker knows all architectures, and is the same wherever the toolchain is: the
    // system's has a version of its own. musl comes with Rust.
    cargo.env(linker, "rust-lld");
    println!("cargo build --release --target {target}");
    let program = build::programs(cargo)?.pop();
    program.ok_or_else(|| "cargo build: package kletka has no program".to_owned())
}

/// The directory into which Cargo unpacks what it downloads.
fn cargo_home() -> Result<PathBuf, String> {
    if let Some(home) = std::env::var_os("CARGO_HOME") {
        return Ok(home.into());
    }
    let home = std::env::var_os("HOME").ok_or("HOME: not set, nor is CARGO_HOME")?;
    Ok(Path::new(&home).join(".cargo"))
}
