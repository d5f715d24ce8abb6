//! Where kletka's own programs lie, and how this binary is run under another of its names.

use super::answer::{fail, reason};
use lifecycle::Programs;
use std::os::unix::process::CommandExt;
use std::process::{Command, ExitCode};

/// Finds the programs beside the running binary. `None`: the binary runs from the directory where
/// it was built.
pub(crate) fn programs() -> Option<Programs> {
    // The name that the program was called by may be a symbolic link from another directory. This
    // link leads to the file itself.
    let root = std::fs::read_link("/proc/self/exe").ok()?.parent()?.to_path_buf();
    let for_hooks = root.join("bin");
    (for_hooks.is_dir() && root.join("jail").is_dir()).then_some(Programs { root, for_hooks })
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
