//! `cargo xtask vm`: runs a command, or the project's tests, in a virtual machine with another
//! kernel.
//!
//! A machine that builds kletka may lack what a jail's host has: VLANs, pure cgroup v2, an older
//! kernel. tests/vm/run boots Debian's kernels under QEMU, emulated, which works on any processor.
//! Programs run slowly there, so one boot runs a whole test program and not a single test. Images
//! are made once, below Cargo's target directory.

use std::ffi::OsStr;
use std::path::PathBuf;
use std::process::Command;

use lexopt::Parser;

use crate::shell::{hushed, succeed};
use crate::{Outcome, build, packages};

/// The script that makes the machine and runs a command in it; its head describes its arguments.
const SCRIPT: &str = "tests/vm/run";

/// The script that runs in a machine with systemd.
const BOOT: &str = "tests/vm/boot";

/// The kernels: the first is the one of most hosts, the second is the oldest that is supported.
const KERNELS: [&str; 2] = ["6.12", "6.1"];

/// Integration tests of `it` that are repeated on both kernels: what file systems can do has
/// changed much between them.
const REPEATED_ON_ALL: [&str; 6] = [
    "roots::",
    "devfs::a_device",
    "devfs::a_jail_that_runs",
    "allow_mount::what_a_jail_does_with",
    "allow_mount::what_the_host",
    "allow_mount::what_is_shown",
];

/// Those that are repeated on the first kernel too: they depend on the kernel more than others. Not
/// all are, because a program starts 37 times slower there.
const REPEATED: [&str; 29] = [
    "ifconfig::",
    "--skip=ifconfig::requests_to_the_kernel",
    "--skip=ifconfig::link_level_addresses",
    "--skip=ifconfig::names_and_numbers",
    "--skip=ifconfig::synonyms",
    "--skip=ifconfig::inet6_addresses",
    "--skip=ifconfig::duplicate_addresses",
    "--skip=ifconfig::taps_and_tuns",
    "--skip=ifconfig::span_ports",
    "--skip=ifconfig::a_name_that_is_taken",
    "--skip=ifconfig::a_wrong_line_changes_nothing",
    "--skip=ifconfig::help",
    "--skip=vnet::link_level_addresses_of_copies",
    "--skip=vnet::from_the_host",
    "--skip=vnet::an_address_by_dhcp",
    "--skip=vnet::inet6_of_its_own",
    "route::",
    "vnet::",
    "jail::the_life_of_a_jail",
    "jail::files_keep_their_owners_on_disk",
    "jail::what_a_jail_cannot_do",
    "nested::",
    // What a jail's registry can hold is read the same way everywhere.
    "--skip=nested::records_that_contain_each_other_and_very_many",
    "--skip=nested::no_jail_inside_looks_like_another_jail",
    "--skip=nested::no_jail_inside_has_the_hosts_users",
    "--skip=nested::nothing_inside_holds_up_the_end_of_a_jail",
    "--skip=nested::an_init_is_the_first_process_of_a_jail_inside",
    "--skip=nested::a_registry_that_lies",
    "--skip=nested::the_host_makes_no_jail_inside_with_its_own_users",
];

/// The seconds that a machine has for a suite: twice what the longest one takes on two quiet
/// processors, as a machine that does something else meanwhile is no fault of the tests.
const PATIENCE: &str = "--timeout=1000";

/// Runs the test programs `"$1"`, `"$2"` and `"$3"`, the last one with arguments; fails if one of
/// them fails.
const SUITE: &str = r#"
modprobe -a 8021q loop tun || exit
# Else every network gets a gre0, a sit0 and more as soon as a test makes a tunnel.
echo 1 > /proc/sys/net/core/fb_tunnels_only_for_init_net
sockets=$1 vm=$2 it=$3 status=0
shift 3
"$sockets" || status=1
"$vm" --color=never || status=1
"$it" --color=never "$@" || status=1
exit $status
"#;

/// Why there are no suites to run.
pub(crate) enum NoSuites {
    /// This machine cannot run them, for this reason.
    Skipped(String),
    /// Something that has to work has failed.
    Failed(String),
}

/// Runs one command in the machine, if the `arguments` name one (they are those of tests/vm/run);
/// else all suites.
pub(crate) fn run(mut arguments: Parser) -> Outcome {
    packages::ensure(packages::VM)?;
    let rest: Vec<_> = arguments.raw_args().map_err(crate::text)?.collect();
    if !rest.is_empty() {
        return succeed(script()?.args(rest));
    }
    let suites = suites().map_err(|(NoSuites::Skipped(why) | NoSuites::Failed(why))| why)?;
    for (name, mut suite) in suites {
        println!("\n==> {name}");
        succeed(&mut suite)?;
    }
    Ok(())
}

/// The tests on other kernels, one boot each: the name, and the command that runs it.
pub(crate) fn suites() -> Result<Vec<(String, Command)>, NoSuites> {
    if !packages::is_root() {
        return Err(NoSuites::Skipped("needs root".into()));
    }
    // Kernel and modules are Debian's for this processor, and so are the programs that were built.
    if !cfg!(target_arch = "x86_64") {
        return Err(NoSuites::Skipped("the virtual machine runs programs for x86_64".into()));
    }
    packages::ensure(packages::VM).map_err(NoSuites::Skipped)?;
    for kernel in KERNELS {
        let mut images = script().map_err(NoSuites::Failed)?;
        images.arg(format!("--kernel={kernel}")).arg("--build");
        // The images come from the network, which not every machine has.
        hushed(&mut images).map_err(NoSuites::Skipped)?;
    }
    let programs = programs().map_err(NoSuites::Failed)?;
    let suite = |kernel| suite(kernel, &programs).map_err(NoSuites::Failed);
    let boot = boot(&programs).map_err(NoSuites::Failed);
    KERNELS.into_iter().map(suite).chain([boot]).collect()
}

/// The boot in which jails, and the network that they need, start and stop with systemd.
fn boot(programs: &Programs) -> Result<(String, Command), String> {
    let mut command = script()?;
    command.args([&format!("--kernel={}", KERNELS[0]), "--init=systemd", PATIENCE]);
    command.args([format!("--dir={BOOT}"), format!("--dir={}", programs.kletka.display())]);
    command.args(["--", "sh", BOOT]).arg(&programs.kletka);
    Ok(("a boot with systemd".to_owned(), command))
}

fn suite(kernel: &str, programs: &Programs) -> Result<(String, Command), String> {
    let mut command = script()?;
    command.arg(format!("--kernel={kernel}")).arg(PATIENCE);
    for path in [&programs.kletka, &programs.sockets, &programs.vm, &programs.it] {
        command.arg(format!("--dir={}", path.display()));
    }
    command.args(["--dir=examples", "--", "sh", "-c", SUITE, "suite"]);
    command.args([&programs.sockets, &programs.vm, &programs.it]).args(REPEATED_ON_ALL);
    if kernel == KERNELS[0] {
        command.args(REPEATED);
    }
    Ok((format!("tests on Linux {kernel}"), command))
}

/// The script with the place of its images.
pub(crate) fn script() -> Result<Command, String> {
    let mut command = Command::new(SCRIPT);
    command.env("KLETKA_VM_CACHE", cache()?);
    Ok(command)
}

/// The place of images.
pub(crate) fn cache() -> Result<PathBuf, String> {
    let target = std::env::var_os("CARGO_TARGET_DIR").unwrap_or_else(|| "target".into());
    std::path::absolute(PathBuf::from(target).join("vm")).map_err(|e| format!("target: {e}"))
}

/// The programs of a suite, at the paths where they were built: test programs know kletka's path.
struct Programs {
    kletka: PathBuf,
    it: PathBuf,
    sockets: PathBuf,
    vm: PathBuf,
}

/// Builds the programs of a suite.
fn programs() -> Result<Programs, String> {
    let mut cargo = Command::new(env!("CARGO"));
    cargo.args(["test", "--package", "kletka", "--package", "addresses", "--no-run"]);
    cargo.args(["--test", "it", "--test", "sockets", "--test", "vm"]);
    let built = build::programs(cargo)?;
    let program = |name: &str| {
        let is = |path: &&PathBuf| stem(path) == Some(name);
        built.iter().find(is).cloned().ok_or_else(|| format!("cargo test: no program {name}"))
    };
    let [it, sockets, vm] = ["it", "sockets", "vm"].map(program);
    Ok(Programs { kletka: program("kletka")?, it: it?, sockets: sockets?, vm: vm? })
}

/// The name of a program without the hash that Cargo adds to test programs.
fn stem(path: &std::path::Path) -> Option<&str> {
    let name = path.file_name().and_then(OsStr::to_str)?;
    // The names of these programs have no minus of their own.
    Some(name.split_once('-').map_or(name, |(stem, _)| stem))
}
