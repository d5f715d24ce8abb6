//! Tests on kernels that hosts of jails have, in the virtual machine of `cargo xtask vm`.
//!
//! A machine that builds kletka may lack 802.1Q VLANs, pure cgroup v2, ext4, Linux 6.1, or a `/`
//! whose mounts are shared as systemd shares them. `cargo test` leaves this program out. On another
//! machine the program skips all of its tests.
#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic)] // a test may fail loudly

mod article;
/// The sandboxes of the other test program.
#[path = "../it"]
mod it {
    #[allow(dead_code)] // not all of it is used here
    pub(crate) mod sandbox;
    #[allow(dead_code)]
    pub(crate) mod session;
}
mod interfaces;
mod ipvlan;
mod links;
mod machine;
mod nfs;

use std::io::{self, Write};

use it::sandbox::{self, Sandbox};

/// Makes a sandbox in the virtual machine. `None`: this is another machine, and a line that `cargo
/// xtask test` counts says so.
fn sandbox() -> Option<Sandbox> {
    if std::env::var_os("KLETKA_VM").is_some() {
        return Sandbox::new();
    }
    let thread = std::thread::current();
    let name = thread.name().unwrap_or("?");
    let _ = writeln!(io::stderr(), "skipped: {name}: is for the machine of cargo xtask vm");
    None
}
