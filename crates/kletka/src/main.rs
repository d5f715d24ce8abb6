//! kletka: FreeBSD's jails on Linux. One binary, many names.
//!
//! The applet is chosen by the name it was called by (`jail`, `jls`, `ifconfig`, …) or, when that is
//! `kletka`, by its first argument: `kletka jail -c web` is `jail -c web`.
//!
//! May use: `configuration`, `devfs`, `jailconf`, `jailparam`, `lexopt`, `lifecycle`, `netif`,
//! `prison`, `rc`, `rustix`, `strerror`; system calls.

mod cli;

use std::process::ExitCode;

#[global_allocator]
static MEMORY: prison::Memory = prison::Memory;

fn main() -> ExitCode {
    let mut arguments = std::env::args_os();
    let called = arguments.next().unwrap_or_default();
    cli::dispatch(&called, arguments.collect())
}
