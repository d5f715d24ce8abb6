//! kletka: FreeBSD's jails on Linux. One binary, many names.
//!
//! The name under which the program is called (`jail`, `jls`, `ifconfig`, …) chooses the applet.
//! When that name is `kletka`, the first argument does: `kletka jail -c web` is `jail -c web`.
//!
//! May use: `base`, `conffile`, `configuration`, `devfs`, `fstab`, `jailconf`, `jailparam`, `json`,
//! `kernel`, `lexopt`, `lifecycle`, `mountinfo`, `nearest`, `netif`, `networds`, `prison`, `rc`,
//! `rustix`, `strerror`, `sysctl`, `vis`, `xo`; system calls.

mod cli;

use std::process::ExitCode;

// A command lives for a millisecond: the C library's allocators make a jail's start up to 0.2 ms
// longer.
#[global_allocator]
static MEMORY: kernel::memory::Memory = kernel::memory::Memory;

fn main() -> ExitCode {
    let mut arguments = std::env::args_os();
    let called = arguments.next().unwrap_or_default();
    if called == prison::EXECUTE {
        prison::execute(&arguments.collect::<Vec<_>>());
    }
    cli::dispatch(&called, arguments.collect())
}
