//! A program that works on a tree: run to its end, its lines handed on as it writes them.

use std::io::{self, Read, Write};
use std::os::fd::AsFd;
use std::path::Path;
use std::process::{Command, ExitStatus, Stdio};

use rustix::event::{PollFd, PollFlags, Timespec, poll};

use crate::error::Error;
use crate::progress::Progress;
use crate::tree::Tree;

/// How many of a program's last lines are kept for the message about its failure.
const KEPT_LINES: usize = 10;

/// A program, ready to run.
pub(crate) struct Program {
    /// Its name in messages.
    pub(crate) name: &'static str,
    pub(crate) command: Command,
    /// What it reads on standard input.
    pub(crate) input: String,
}

/// What became of a program.
struct Ended {
    status: ExitStatus,
    last_lines: Vec<String>,
}

impl Program {
    /// Runs the program on `tree`; `step` says what it begins with.
    ///
    /// # Errors
    /// It cannot be run, or it fails: then with its last lines.
    pub(crate) fn run(
        self,
        tree: &Tree,
        step: &str,
        progress: &mut dyn Progress,
    ) -> Result<(), Error> {
        let name = self.name;
        progress.begins(tree, step);
        let ended = self.watch(progress).map_err(Error::io("cannot run", Path::new(name)))?;
        progress.ends();
        if ended.status.success() {
            return Ok(());
        }
        let (status, last_lines) = (ended.status.to_string(), ended.last_lines);
        Err(Error::Program { tree: tree.clone(), program: name, status, last_lines })
    }

    /// A line `I: TEXT` on standard error is a new step: mmdebstrap(1) writes them so.
    fn watch(mut self, progress: &mut dyn Progress) -> io::Result<Ended> {
        let command = self.command.stdin(Stdio::piped()).stdout(Stdio::null());
        let mut child = command.stderr(Stdio::piped()).spawn()?;
        if let Some(mut stdin) = child.stdin.take() {
            // A program that ended without reading its input says why by itself.
            let _ = stdin.write_all(self.input.as_bytes());
        }
        let mut last_lines = Vec::new();
        if let Some(stderr) = child.stderr.take() {
            read_lines(stderr, progress, |progress, text| match text.strip_prefix("I: ") {
                // Whoever made the tree says when it is done.
                Some(step) if step.starts_with("success") => {}
                Some(step) => progress.step(step),
                None => {
                    progress.line(text);
                    if last_lines.len() == KEPT_LINES {
                        last_lines.remove(0);
                    }
                    last_lines.push(text.to_owned());
                }
            })?;
        }
        Ok(Ended { status: child.wait()?, last_lines })
    }
}

/// Hands every line of `from` to `take`, and tells `progress` of each second in which there is none.
fn read_lines(
    mut from: impl Read + AsFd,
    progress: &mut dyn Progress,
    mut take: impl FnMut(&mut dyn Progress, &str),
) -> io::Result<()> {
    let second = Timespec { tv_sec: 1, tv_nsec: 0 };
    let (mut unread, mut buffer) = (Vec::new(), [0; 4096]);
    loop {
        let ready = match poll(&mut [PollFd::new(&from, PollFlags::IN)], Some(&second)) {
            Err(rustix::io::Errno::INTR) => continue,
            other => other?,
        };
        if ready == 0 {
            progress.second();
            continue;
        }
        let count = from.read(&mut buffer)?;
        unread.extend_from_slice(buffer.get(..count).unwrap_or_default());
        while let Some(end) = unread.iter().position(|&byte| byte == b'\n') {
            let text: Vec<u8> = unread.drain(..=end).collect();
            take(progress, String::from_utf8_lossy(&text).trim_end());
        }
        if count == 0 {
            return Ok(());
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::progress::Told;

    #[test]
    fn last_lines_and_status() {
        let mut command = Command::new("sh");
        let script = "cat >&2; echo 'I: step' >&2; echo 'I: success in 1 s' >&2; \
                      for i in 1 2 3 4 5 6 7 8 9 10; do echo $i >&2; done; exit 7";
        command.args(["-c", script]);
        let program = Program { name: "sh", command, input: "input\n".to_owned() };
        let mut told = Told::default();
        let error = program.run(&Tree::Base("x".to_owned()), "goes", &mut told).unwrap_err();
        let lines: String = (1..=10).map(|line| format!("\n\t{line}")).collect();
        assert_eq!(error.to_string(), format!("base x: sh failed: exit status: 7{lines}"));
        assert_eq!(told.0.join(" "), "base x: goes input step step 1 2 3 4 5 6 7 8 9 10 ends");
    }

    #[test]
    fn a_program_that_is_not_there() {
        let command = Command::new("/nowhere/program");
        let program = Program { name: "program", command, input: String::new() };
        let error = program.run(&Tree::Root("/r".into()), "goes", &mut Told::default());
        let want = "cannot run program: No such file or directory (os error 2)";
        assert_eq!(error.unwrap_err().to_string(), want);
    }
}
