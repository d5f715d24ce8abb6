//! `cargo xtask demo`: the jail of the article, from nothing to a client that stores files in it.
//!
//! Every command is shown as an administrator would type it. The demonstration runs in a machine of
//! its own, which this program makes in two stages: first mount, process, host name and IPC
//! namespaces, where the base is downloaded through the host's network; then a network namespace.
//! With `--keep` it runs on the host itself and leaves the jail running.

mod acts;

use std::fs;
use std::path::Path;
use std::process::Command;

use lexopt::{Arg, Parser};

use crate::shell::quiet;
use crate::{Outcome, build, packages};

/// How far inside the demonstration's machine this process is.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Stage {
    /// On the host, where the user typed `cargo xtask demo`.
    Outside,
    /// In the machine, but with the host's network.
    Machine,
    /// In the machine, and in its network.
    Network,
    /// On the host, where the jail stays: `--keep`.
    Keep,
}

impl Stage {
    /// Reads the arguments after `demo`.
    pub(crate) fn parse(mut arguments: Parser) -> Result<Self, String> {
        let mut stage = Self::Outside;
        while let Some(argument) = arguments.next().map_err(crate::text)? {
            stage = match argument {
                Arg::Long("keep") => Self::Keep,
                Arg::Value(word) if word == "machine" => Self::Machine,
                Arg::Value(word) if word == "network" => Self::Network,
                other => return Err(crate::text(other.unexpected())),
            };
        }
        Ok(stage)
    }
}

/// Runs the demonstration from `stage` on.
pub(crate) fn run(stage: Stage) -> Outcome {
    match stage {
        Stage::Outside => outside(),
        Stage::Machine => machine(),
        Stage::Network => acts::all(),
        Stage::Keep => keep(),
    }
}

/// The script of the machine's process 1. `$1` is the directory of [`build::scratch`], `$2` is
/// [`SELF`].
///
/// The shell stays the parent of everything, because a shell that waits collects every orphan. The
/// checkout may lie in /home: what is needed of it is mounted elsewhere, before the machine's own
/// /home hides it.
const PROCESS_1: &str = r#"
set -eu
mount -t proc proc /proc
mount --bind "$1/prefix" /usr/local
mount -t tmpfs -o mode=755 tmpfs /mnt
cp -a /etc/. /mnt
rm -rf /mnt/resolv.conf /mnt/jail.conf /mnt/jail.conf.d /mnt/rc.conf /mnt/rc.conf.d
! [ -e /etc/resolv.conf ] || cp -L /etc/resolv.conf /mnt/resolv.conf
mount --move /mnt /etc
mount -t tmpfs -o mode=755 tmpfs /mnt
mkdir /mnt/jails
mount --bind "$1/jails" /mnt/jails
mount --move /mnt /home
for directory in /run /var/log; do
    mount -t tmpfs -o mode=755 tmpfs "$directory"
done
mount -t tmpfs -o mode=1777 tmpfs /tmp
mkdir /run/lock
"$2" demo machine
exit $?
"#;

/// The path of this program in the machine.
const SELF: &str = "/usr/local/libexec/xtask";

fn outside() -> Outcome {
    prepare()?;
    let scratch = build::scratch()?;
    let (prefix, jails) = (scratch.join("prefix"), scratch.join("jails"));
    build::install(&prefix)?;
    // The checkout may be hidden in the machine, so this program goes with kletka.
    let copied = std::env::current_exe().and_then(|me| fs::copy(me, prefix.join("libexec/xtask")));
    copied.map_err(|e| format!("{}: {e}", prefix.join("libexec/xtask").display()))?;
    // An earlier run that was interrupted may have left the root of a jail.
    quiet(&format!("rm -rf {0} && mkdir -p {0}", jails.display()))?;
    let mut unshare = Command::new("unshare");
    // With `--kill-child` the machine ends when the user interrupts unshare(1).
    unshare.args(["--mount", "--pid", "--uts", "--ipc", "--fork", "--kill-child"]);
    unshare.args(["--propagation", "private", "sh", "-c", PROCESS_1, "demo"]);
    let outcome = stage(unshare.arg(&scratch).arg(SELF));
    // The files belong to root and others: `cargo clean` of another user could not remove them.
    quiet(&format!("rm -rf {}", jails.display()))?;
    outcome
}

fn machine() -> Outcome {
    acts::base()?;
    stage(Command::new("unshare").args(["--net", SELF, "demo", "network"]))
}

/// Runs a later stage, which reports its own failure.
fn stage(command: &mut Command) -> Outcome {
    let status = command.status().map_err(|e| format!("unshare: {e}"))?;
    if status.success() { Ok(()) } else { Err(String::new()) }
}

fn keep() -> Outcome {
    prepare()?;
    // All are checked before the first is made: what was there must stay as it was.
    for taken in acts::KEPT {
        if fs::symlink_metadata(taken).is_ok() {
            return Err(format!("demo: {taken} is there already, and --keep would change it"));
        }
    }
    print!("{}", build::install(Path::new("/usr/local"))?);
    acts::kept()
}

/// Makes sure of root's rights and of the packages.
fn prepare() -> Outcome {
    if !packages::is_root() {
        return Err("demo: needs root, for it makes interfaces, mounts and namespaces".into());
    }
    packages::ensure(packages::DEMO)
}
