//! `cargo xtask miri`: the unsafe code that needs no kernel, under Miri, which sees what no test
//! sees: a pointer that is used for what it does not point to, a block that overlaps another, what
//! is read before it is written.
//!
//! Miri comes with a nightly toolchain. Where there is none the task says that it skips, and why.

use std::process::{Command, Stdio};

use crate::Outcome;
use crate::shell::succeed;

/// The crates whose tests are run. Tests that make system calls are marked there, with the reason.
const CRATES: [&str; 1] = ["kernel"];

/// Miri imitates this one's system calls best; what it finds holds for all.
const TARGET: &str = "x86_64-unknown-linux-gnu";

/// Why nothing is run where Miri is not installed, and what to type.
pub(crate) const MISSING: &str =
    "rustup has no nightly with miri (rustup toolchain install nightly -c miri,rust-src)";

/// Runs the tests; nothing is run, and that is no failure, where Miri is not installed.
pub(crate) fn run() -> Outcome {
    if !is_installed() {
        println!("skipped: {MISSING}");
        return Ok(());
    }
    let packages = CRATES.iter().flat_map(|name| ["-p", name]);
    succeed(nightly().args(["miri", "test", "--target", TARGET, "--lib"]).args(packages))
}

/// Whether there is a nightly with Miri, and with the standard library's
/// sources, which it interprets.
pub(crate) fn is_installed() -> bool {
    let mut version = nightly();
    version.args(["miri", "--version"]).stdout(Stdio::null()).stderr(Stdio::null());
    version.status().is_ok_and(|status| status.success())
}

/// Cargo of the nightly toolchain, by way of rustup.
fn nightly() -> Command {
    let mut cargo = Command::new("cargo");
    // The program itself was run by another toolchain's cargo, which says so to all that it runs.
    cargo.arg("+nightly").env_remove("RUSTUP_TOOLCHAIN").env_remove("CARGO");
    cargo
}
