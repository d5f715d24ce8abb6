//! A process and all that it has started: what has to end when a hook's time is over.

use rustix::process::{Pid, Signal, kill_process};
use std::fs;
use std::thread;

/// How often a family is looked for again that has not stopped; a process that waits for a device
/// may never do.
const SEARCHES: usize = 200;

/// Kills a child of this process that has not been collected, and its descendants. All are stopped
/// before any is killed, so that they make no more of them; one that has been given to another
/// parent is not found.
pub(crate) fn kill(child: Pid) {
    let mut family = vec![child];
    for _ in 0..SEARCHES {
        // kill(2) returns before they have stopped, and a fork(2) under way still comes to its end:
        // the last search is one that began when all had stopped.
        let have_stopped = family.iter().all(|&member| has_stopped(member));
        let size = family.len();
        let mut looked_at = 0;
        while let Some(&member) = family.get(looked_at) {
            let _ = kill_process(member, Signal::STOP);
            let more = children(member).into_iter().filter(|child| !family.contains(child));
            family.extend(more.collect::<Vec<_>>());
            looked_at += 1;
        }
        if have_stopped && family.len() == size {
            break;
        }
        thread::yield_now();
    }
    // From the youngest: as long as its parent has not been killed, a number is nobody else's.
    for member in family.into_iter().rev() {
        let _ = kill_process(member, Signal::KILL);
    }
}

/// Whether a process has stopped, or ended: proc_pid_stat(5).
fn has_stopped(process: Pid) -> bool {
    let stat = fs::read(format!("/proc/{}/stat", process.as_raw_pid())).unwrap_or_default();
    // Its name, in parentheses, is the process's own choice.
    let end = stat.iter().rposition(|&byte| byte == b')');
    let state = end.and_then(|end| stat.get(end + 2));
    state.is_none_or(|state| b"TtZX".contains(state))
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
    use std::time::{Duration, Instant};

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
        let since = Instant::now();
        while children(pid).iter().map(|&child| 1 + children(child).len()).sum::<usize>() < 3 {
            assert!(since.elapsed() < Duration::from_secs(10), "no list of children");
        }
        kill(pid);
        shell.wait().unwrap();
        // All of them had this end of the pipe.
        assert_eq!(output.read_to_end(&mut Vec::new()).unwrap(), 0);
    }

    #[test]
    fn those_too_that_are_just_made() {
        for _ in 0..10 {
            // It ends by itself, should it be missed.
            let line = "i=0; while [ $((i += 1)) -lt 400 ]; do sleep 60 & done";
            let mut shell =
                Command::new("/bin/sh").args(["-c", line]).stdout(Stdio::piped()).spawn().unwrap();
            let pid = Pid::from_raw(shell.id() as i32).unwrap();
            let since = Instant::now();
            while children(pid).len() < 3 {
                assert!(since.elapsed() < Duration::from_secs(10), "no list of children");
            }
            kill(pid);
            shell.wait().unwrap();
            // Each had this end of the pipe: it closes when the last of them has gone.
            let mut output = shell.stdout.take().unwrap();
            assert_eq!(output.read_to_end(&mut Vec::new()).unwrap(), 0);
            assert!(since.elapsed() < Duration::from_secs(50), "some were missed");
        }
    }
}
