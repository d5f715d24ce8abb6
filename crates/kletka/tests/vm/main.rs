//! Tests on the kernels that a jail's host has, in the virtual machine of `cargo xtask vm`.
//!
//! What a machine that builds kletka may lack: 802.1Q VLANs, pure cgroup v2, ext4, a `/` whose
//! mounts are shared as systemd shares them, and Linux 6.1. `cargo test` leaves this program out;
//! run by hand on another machine it skips everything.
#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic)] // a test may fail loudly

mod article;
/// The small machines of the other test program.
#[path = "../it"]
mod it {
    #[allow(dead_code)] // not all of it is used here
    pub(crate) mod sandbox;
    pub(crate) mod session;
}
mod interfaces;
mod links;
mod machine;

use std::io::{self, Write};

use it::sandbox::{self, Sandbox};

/// A sandbox in the virtual machine; `None`, and a line that is counted, elsewhere.
fn sandbox() -> Option<Sandbox> {
    if std::env::var_os("KLETKA_VM").is_some() {
        return Sandbox::new();
    }
    let thread = std::thread::current();
    let name = thread.name().unwrap_or("?");
    let _ = writeln!(io::stderr(), "skipped: {name}: is for the machine of cargo xtask vm");
    None
}
