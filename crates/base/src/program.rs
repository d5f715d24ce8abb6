//! Runs a program that works on a tree, and passes its lines on as it writes them.

use std::io::{self, Read, Write};
use std::os::fd::AsFd;
use std::path::Path;
use std::process::{Command, ExitStatus, Stdio};

use rustix::event::{PollFd, PollFlags, Timespec, poll};

use crate::error::Error;
use crate::progress::Progress;
use crate::tree::Tree;

/// How many last lines of a program a message about its failure has.
const KEPT_LINES: usize = 10;

/// A program that is ready to run.
pub(crate) struct Program {
    /// The program's name in messages.
    pub(crate) name: &'static str,
    pub(crate) command: Command,
    /// The program's standard input.
    pub(crate) input: String,
}

/// How a program ended.
struct Ended {
    status: ExitStatus,
    last_lines: Vec<String>,
}

impl Program {
    /// Runs the program on `tree`; `step` is what it does first.
    ///
    /// # Errors
    /// The program cannot be run, or it fails; the error has its last lines then.
    pub(crate) fn run(
        self,
        tree: &Tree,
        step: &str,
        progress: &mut dyn Progress,
    ) -> Result<(), Error> {
        let name = self.name;
        progress.begins(tree, step);
        let ended = self.watch(progress).map_err(Error::io("cannot run", Path::new(name)))?;
        // Before the outcome is looked at: the line about the step must be complete before an
        // error.
        progress.ends();
        if ended.status.success() {
            return Ok(());
        }
        let (status, last_lines) = (ended.status.to_string(), ended.last_lines);
        Err(Error::Program { tree: tree.clone(), program: name, status, last_lines })
    }

    /// Watches the program. A line `I: TEXT` on its standard error is a new step, as mmdebstrap(1)
    /// writes them.
    fn watch(mut self, progress: &mut dyn Progress) -> io::Result<Ended> {
        let command = self.command.stdin(Stdio::piped()).stdout(Stdio::null());
        let mut child = command.stderr(Stdio::piped()).spawn()?;
        if let Some(mut stdin) = child.stdin.take() {
            // A program that ends without reading its input says itself why.
            let _ = stdin.write_all(self.input.as_bytes());
        }
        let mut last_lines = Vec::new();
        if let Some(stderr) = child.stderr.take() {
            read_lines(stderr, progress, |progress, text| match text.strip_prefix("I: ") {
                // The caller reports when the whole tree is ready.
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

/// Passes every line of `from` to `take`, and reports to `progress` each second without output.
fn read_lines(
    mut from: impl Read + AsFd,
    progress: &mut dyn Progress,
    mut take: impl FnMut(&mut dyn Progress, &str),
) -> io::Result<()> {
    let second = Timespec { tv_sec: 1, tv_nsec: 0 };
    let (mut unread, mut buffer) = (Vec::new(), [0; 4096]);
    loop {
        let ready = match poll(&mut [PollFd::new(&from, PollFlags::IN)], Some(&second)) {
            // A signal that this process survives is no end.
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
            // A program may write any bytes.
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
        let want = "cannot run program: No such file or directory";
        assert_eq!(error.unwrap_err().to_string(), want);
    }
}
