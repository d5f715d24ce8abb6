//! Where kletka's own programs lie, and how this binary is run under another of its names.

use super::answer::{fail, reason};
use lifecycle::{Programs, Where};
use std::ffi::OsStr;
use std::os::unix::process::CommandExt;
use std::path::Path;
use std::process::{Command, ExitCode};

/// Finds the programs beside the running binary. `None`: the binary runs from the directory where
/// it was built.
pub(crate) fn programs() -> Option<Programs> {
    // The name that the program was called by may be a symbolic link from another directory. This
    // link leads to the file itself.
    let root = std::fs::read_link("/proc/self/exe").ok()?.parent()?.to_path_buf();
    let for_hooks = root.join("bin");
    let are_there = for_hooks.is_dir() && root.join("jail").is_dir();
    are_there.then_some(Programs { root, for_hooks, name: freebsds })
}

/// A program of FreeBSD's that is kletka's too.
pub(super) struct Known {
    /// The directory that FreeBSD has it in.
    pub(super) directory: &'static str,
    pub(super) name: &'static str,
    /// Commands of a jail have it as well as hooks.
    pub(super) in_jails: bool,
}

impl Known {
    const fn new(directory: &'static str, name: &'static str) -> Self {
        Self { directory, name, in_jails: true }
    }

    const fn for_hooks(self) -> Self {
        Self { in_jails: false, ..self }
    }
}

/// FreeBSD's programs that kletka has, where FreeBSD has them: hier(7).
pub(super) const FREEBSDS: [Known; 19] = [
    Known::new("/bin", "ps").for_hooks(),
    Known::new("/bin", "pgrep").for_hooks(),
    Known::new("/bin", "pkill").for_hooks(),
    Known::new("/sbin", "ifconfig"),
    Known::new("/sbin", "route"),
    Known::new("/sbin", "mount").for_hooks(),
    Known::new("/sbin", "mount_nullfs").for_hooks(),
    Known::new("/sbin", "umount").for_hooks(),
    Known::new("/sbin", "devfs").for_hooks(),
    Known::new("/sbin", "sysctl"),
    Known::new("/usr/bin", "netstat"),
    Known::new("/usr/sbin", "jail"),
    Known::new("/usr/sbin", "jls"),
    Known::new("/usr/sbin", "jexec"),
    Known::new("/usr/sbin", "arp"),
    Known::new("/usr/sbin", "ndp"),
    Known::new("/usr/sbin", "service").for_hooks(),
    Known::new("/usr/sbin", "setfib"),
    Known::new("/usr/sbin", "sysrc"),
];

/// The name of the program that FreeBSD has at `path`, if commands that run there have kletka's.
fn freebsds(path: &OsStr, at: Where) -> Option<&'static str> {
    let path = Path::new(path);
    let (directory, name) = (path.parent()?, path.file_name()?);
    let known = FREEBSDS.iter().find(|it| directory == it.directory && name == it.name)?;
    (at == Where::Host || known.in_jails).then_some(known.name)
}

/// Answers a command that runs this binary under the name of another applet.
pub(crate) fn applet(name: &str) -> Command {
    // Not by a path: the file may have been replaced by a newer kletka since this process began.
    let mut command = Command::new("/proc/self/exe");
    command.arg0(name);
    command
}

/// Executes `other` in place of `applet`. Returns only if that has failed, and says why.
pub(crate) fn become_another(applet: &str, mut other: Command) -> ExitCode {
    fail(applet, format_args!("/proc/self/exe: {}", reason(other.exec())))
}
