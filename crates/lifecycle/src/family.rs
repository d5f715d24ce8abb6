//! A process and all that it has started: what has to end when a hook's time is over.

use rustix::process::{Pid, Signal, kill_process};
use std::fs;

/// Kills a child of this process that has not been collected, and its descendants. Each is stopped before its children
/// are looked for, so that it makes no more of them; one that has been given to another parent is not found.
pub(crate) fn kill(child: Pid) {
    let mut family = vec![child];
    let mut looked_at = 0;
    while let Some(&member) = family.get(looked_at) {
        let _ = kill_process(member, Signal::STOP);
        family.extend(children(member));
        looked_at += 1;
    }
    // From the youngest: as long as its parent has not been killed, a number is nobody else's.
    for member in family.into_iter().rev() {
        let _ = kill_process(member, Signal::KILL);
    }
}

/// The children of all of a process's threads: proc_pid_task_tid_children(5).
fn children(process: Pid) -> Vec<Pid> {
    let threads = fs::read_dir(format!("/proc/{}/task", process.as_raw_pid()));
    let threads = threads.into_iter().flatten().filter_map(Result::ok);
    let lists = threads.filter_map(|it| fs::read_to_string(it.path().join("children")).ok());
    let numbers = lists.collect::<Vec<_>>().join(" ");
    let numbers = numbers.split_ascii_whitespace();
    numbers.filter_map(|number| number.parse().ok().and_then(Pid::from_raw)).collect()
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::io::{BufRead, BufReader, Read};
    use std::process::{Command, Stdio};

    #[test]
    fn grandchildren_too() {
        let line = "(sleep 100 & sleep 100) & echo started; sleep 100; true";
        let mut shell =
            Command::new("/bin/sh").args(["-c", line]).stdout(Stdio::piped()).spawn().unwrap();
        let mut output = BufReader::new(shell.stdout.take().unwrap());
        let mut said = String::new();
        output.read_line(&mut said).unwrap();
        let pid = Pid::from_raw(shell.id() as i32).unwrap();
        // Two of the shell, and one of its child at least.
        while children(pid).iter().map(|&child| 1 + children(child).len()).sum::<usize>() < 3 {}
        kill(pid);
        shell.wait().unwrap();
        // All of them had this end of the pipe.
        assert_eq!(output.read_to_end(&mut Vec::new()).unwrap(), 0);
    }
}
