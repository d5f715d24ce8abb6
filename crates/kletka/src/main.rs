//! kletka: FreeBSD's jails on Linux. One binary, many names.
//!
//! The applet is chosen by the name it was called by (`jail`, `jls`, `ifconfig`, …) or, when that
//! is `kletka`, by its first argument: `kletka jail -c web` is `jail -c web`.
//!
//! May use: `base`, `conffile`, `configuration`, `devfs`, `fstab`, `jailconf`, `jailparam`, `json`,
//! `kernel`, `lexopt`, `lifecycle`, `mountinfo`, `netif`, `networds`, `prison`, `rc`, `rustix`,
//! `strerror`, `sysctl`, `xo`; system calls.

mod cli;

use std::process::ExitCode;

#[global_allocator]
static MEMORY: kernel::memory::Memory = kernel::memory::Memory;

fn main() -> ExitCode {
    let mut arguments = std::env::args_os();
    let called = arguments.next().unwrap_or_default();
    cli::dispatch(&called, arguments.collect())
}
