//! Where kletka's own programs are, and this binary under another of its names.

use super::answer::{fail, reason};
use lifecycle::Programs;
use std::os::unix::process::CommandExt;
use std::process::{Command, ExitCode};

/// The programs beside the running binary; `None` when it runs from where it was built.
pub(crate) fn programs() -> Option<Programs> {
    let root = std::fs::read_link("/proc/self/exe").ok()?.parent()?.to_path_buf();
    let for_hooks = root.join("bin");
    (for_hooks.is_dir() && root.join("jail").is_dir()).then_some(Programs { root, for_hooks })
}

/// This binary under the name of another applet.
pub(crate) fn applet(name: &str) -> Command {
    let mut command = Command::new("/proc/self/exe");
    command.arg0(name);
    command
}

/// Has `applet` become another one. Comes back only to say why it could not.
pub(crate) fn become_another(applet: &str, mut other: Command) -> ExitCode {
    fail(applet, format_args!("/proc/self/exe: {}", reason(other.exec())))
}
