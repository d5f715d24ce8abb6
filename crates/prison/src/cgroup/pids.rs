//! The number of processes that a prison may have: the pids controller of cgroup v2, or that of v1
//! where v1 has it.

use crate::cgroup::legacy::{self, write_file};
use crate::cgroup::whole;
use std::fs;
use std::io;
use std::path::Path;

/// Lets the prison whose directory is `cgroup`, with the prisons inside it, have at most this many
/// processes and threads beside init; 0 is no limit. Answers false where nothing can count them.
pub(crate) fn limit(cgroup: &Path, most: u32) -> io::Result<bool> {
    let whole = whole(cgroup);
    let value = if most == 0 { "max".to_owned() } else { (u64::from(most) + 1).to_string() };
    let set = match legacy::pids(whole) {
        Some(group) => write_file(&group.join("pids.max"), &value),
        None => limit_unified(whole, &value),
    };
    match set {
        Err(error) if error.kind() == io::ErrorKind::NotFound => Ok(false),
        set => set.map(|()| true),
    }
}

/// The limit that the prison of `cgroup` has; 0 is no limit. `None`: it cannot be read.
pub(crate) fn current(cgroup: &Path) -> Option<u32> {
    let whole = whole(cgroup);
    let directory = legacy::pids(whole).unwrap_or_else(|| whole.to_path_buf());
    let text = fs::read_to_string(directory.join("pids.max")).ok()?;
    match text.trim() {
        "max" => Some(0),
        most => most.parse::<u32>().ok()?.checked_sub(1),
    }
}

fn limit_unified(whole: &Path, value: &str) -> io::Result<()> {
    let file = whole.join("pids.max");
    match write_file(&file, value) {
        Err(error) if error.kind() == io::ErrorKind::NotFound => {
            // systemd may take the controller away between two steps of this, and does so no more
            // once it is in use below.
            let mut enabled = Ok(());
            for _ in 0..5 {
                enabled = whole.parent().map_or(Ok(()), enable);
                if enabled.is_ok() {
                    break;
                }
            }
            // EBUSY, ENOENT, EROFS …: the host does not let its cgroups count processes.
            enabled.map_err(|_| io::ErrorKind::NotFound)?;
            write_file(&file, value)
        }
        written => written,
    }
}

/// Has the groups in this directory count processes.
fn enable(directory: &Path) -> io::Result<()> {
    let control = directory.join("cgroup.subtree_control");
    match (write_file(&control, "+pids"), directory.parent()) {
        // The directory itself has to count first; the mount's root always does.
        (Err(error), Some(parent))
            if error.kind() == io::ErrorKind::NotFound
                && parent.join("cgroup.controllers").exists() =>
        {
            enable(parent)?;
            write_file(&control, "+pids")
        }
        (written, _) => written,
    }
}
