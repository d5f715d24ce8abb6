//! `cargo xtask miri`: runs the unsafe code that needs no kernel under Miri. Miri sees what no test
//! sees: a pointer that leaves what it points to, blocks that overlap, a read before the first
//! write.
//!
//! Miri comes with a nightly toolchain. Without one the task says that it skips, and why.

use std::process::{Command, Stdio};

use crate::Outcome;
use crate::shell::succeed;

/// The crates whose tests are run. Tests with system calls are marked there, with the reason.
const CRATES: [&str; 1] = ["kernel"];

/// The target whose system calls Miri imitates best. What it finds holds for all targets.
const TARGET: &str = "x86_64-unknown-linux-gnu";

/// Why nothing is run where Miri is not installed, and what to type.
pub(crate) const MISSING: &str =
    "rustup has no nightly with miri (rustup toolchain install nightly -c miri,rust-src)";

/// Runs the tests. If Miri is not installed nothing is run, which is no failure.
pub(crate) fn run() -> Outcome {
    if !is_installed() {
        println!("skipped: {MISSING}");
        return Ok(());
    }
    let packages = CRATES.iter().flat_map(|name| ["-p", name]);
    succeed(nightly().args(["miri", "test", "--target", TARGET, "--lib"]).args(packages))
}

/// Whether there is a nightly with Miri and the sources of the standard library, which Miri
/// interprets.
pub(crate) fn is_installed() -> bool {
    let mut version = nightly();
    version.args(["miri", "--version"]).stdout(Stdio::null()).stderr(Stdio::null());
    version.status().is_ok_and(|status| status.success())
}

/// The nightly toolchain's cargo, by way of rustup.
fn nightly() -> Command {
    let mut cargo = Command::new("cargo");
    // This program was run by another toolchain's cargo, whose variables would choose that
    // toolchain.
    cargo.arg("+nightly").env_remove("RUSTUP_TOOLCHAIN").env_remove("CARGO");
    cargo
}
