//! The cost of the calls that init answers for a jail: mount(2) and umount(2) with `allow.mount`,
//! uname(2) with `osrelease`. The same program makes them on the host, in the same rounds. And what
//! the parameters that ask for it add to a start.

use std::process::Command;

use super::{Candidate, Ground, candidate, hyperfine, median, table};
use crate::shell::succeed;

/// Rounds of both sides, and calls of each kind in a round.
const ROUNDS: u32 = 21;
const CALLS: u32 = 200;

/// The parameters that have init answer calls.
const MEDIATED: &str =
    "allow.mount allow.mount.tmpfs allow.mount.nullfs enforce_statfs=1 osrelease=14.1-RELEASE";

/// What is measured: the program's word, and what the table says.
const ROWS: [(&str, &str); 3] = [
    ("tmpfs", "mount and unmount tmpfs"),
    ("nullfs", "mount and unmount nullfs"),
    ("uname", "uname(2)"),
];

/// Measures and prints Markdown tables.
pub(super) fn run(ground: &Ground) -> Result<(), String> {
    let mut make = Command::new(&ground.jail);
    make.args(["-c", "name=bench", "persist"]).args(MEDIATED.split(' '));
    succeed(make.arg(ground.path()))?;
    let measured = rounds(ground);
    // The jail is removed whatever came of it, so the error comes afterwards.
    succeed(Command::new(&ground.jail).args(["-r", "bench"]))?;
    let measured = measured?;
    println!("\nCalls that init answers for a jail, and the same calls on the host; medians:\n");
    println!("| | host, µs | jail, µs | host = 1 |\n|---|--:|--:|--:|");
    for (word, what) in ROWS {
        let side = |which: usize| {
            let all = measured.iter().filter(|(side, name, _)| *side == which && name == word);
            median(all.map(|(_, _, time)| *time).collect())
        };
        let (host, jail) = (side(0)?, side(1)?);
        println!("| {what} | {host:.1} | {jail:.1} | {:.1} |", jail / host);
    }
    println!("\nStarts with these parameters:\n");
    table(&hyperfine(ground, &[], &starts(ground))?);
    Ok(())
}

/// Has the host and the jail make the calls in turn: the side, the word, and the microseconds.
fn rounds(ground: &Ground) -> Result<Vec<(usize, String, f64)>, String> {
    let program = ["/bin/mounts".to_owned(), CALLS.to_string()];
    let mut all = Vec::new();
    for _ in 0..ROUNDS {
        let mut host = Command::new("chroot");
        host.arg(ground.root());
        let mut jail = Command::new(&ground.jexec);
        jail.arg("bench");
        for (side, command) in [host, jail].iter_mut().enumerate() {
            let output = command.args(&program).output().map_err(|e| format!("bench: {e}"))?;
            if !output.status.success() {
                return Err(format!("mounts: {}", String::from_utf8_lossy(&output.stderr).trim()));
            }
            let lines = String::from_utf8_lossy(&output.stdout).into_owned();
            let times = lines.lines().filter_map(time);
            all.extend(times.map(|(name, time)| (side, name.to_owned(), time)));
        }
    }
    Ok(all)
}

/// A line of the program: the word, and the microseconds.
fn time(line: &str) -> Option<(&str, f64)> {
    let (name, time) = line.split_once(' ')?;
    Some((name, time.parse().ok()?))
}

fn starts(ground: &Ground) -> Vec<Candidate> {
    let start = |name, parameters: &str| {
        let (jail, path) = (ground.jail.display(), ground.path());
        candidate(name, format!("{jail} -c {parameters} {path} command=/bin/true"))
    };
    vec![
        start("mount.devfs", "mount.devfs"),
        start("mount.devfs devfs_ruleset=4", "mount.devfs devfs_ruleset=4"),
        start("the same with allow.mount and osrelease", &format!("mount.devfs {MEDIATED}")),
        start("no /dev", ""),
    ]
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn lines_of_the_program() {
        assert_eq!(time("tmpfs 12.50"), Some(("tmpfs", 12.5)));
        assert_eq!(time("tmpfs"), None);
    }
}
