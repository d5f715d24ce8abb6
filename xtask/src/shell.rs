//! Runs commands: quietly, or shown as an administrator would type them.

use std::io::{BufRead, BufReader, IsTerminal, Read, Write};
use std::process::{Child, Command, ExitStatus, Stdio};
use std::sync::mpsc::{Receiver, RecvTimeoutError, channel};
use std::thread;
use std::time::{Duration, Instant};

/// The path for typed commands: FreeBSD's dialect first, then kletka, then the system.
const PATH: &str =
    "/usr/local/libexec/kletka/bin:/usr/local/bin:/usr/local/sbin:/usr/sbin:/usr/bin:/sbin:/bin";

/// How often a running command is looked at.
pub(crate) const TICK: Duration = Duration::from_millis(50);

/// Runs `command` with this process's own input and output; a failure is an error.
pub(crate) fn succeed(command: &mut Command) -> Result<(), String> {
    let program = command.get_program().to_string_lossy().into_owned();
    let status = command.status().map_err(|e| format!("{program}: {e}"))?;
    if status.success() { Ok(()) } else { Err(format!("{program}: {status}")) }
}

/// Runs `line` with sh(1) and answers what it prints; nothing is shown.
pub(crate) fn quiet(line: &str) -> Result<String, String> {
    let output = sh(line).stdin(Stdio::null()).output().map_err(|e| format!("sh: {e}"))?;
    if output.status.success() {
        return Ok(String::from_utf8_lossy(&output.stdout).into_owned());
    }
    let said = String::from_utf8_lossy(&output.stderr);
    Err(format!("{line}: {} {}", output.status, said.trim()))
}

fn sh(line: &str) -> Command {
    let mut command = Command::new("sh");
    // Output is searched for words, so it must not be in the user's language.
    command.args(["-c", line]).env("PATH", PATH).env("LC_ALL", "C.UTF-8");
    command
}

/// Shows `# line` and runs it with sh(1). Its output is shown as it comes, and after a second
/// without output that it still runs. Answers the output.
pub(crate) fn typed(line: &str) -> Result<String, String> {
    println!("# {line}");
    // Both outputs in one, in the order in which they were written.
    let (printed, status) = watched(&mut sh(&format!("exec 2>&1\n{line}")))?;
    if status.success() { Ok(printed) } else { Err(format!("{line}: {status}")) }
}

/// Runs `command` and shows its standard output line by line, until the command ends. The end of
/// the pipe is not waited for: a background process may keep it open.
pub(crate) fn watched(command: &mut Command) -> Result<(String, ExitStatus), String> {
    let program = command.get_program().to_string_lossy().into_owned();
    let child = command.stdin(Stdio::null()).stdout(Stdio::piped()).spawn();
    let mut child = child.map_err(|e| format!("{program}: {e}"))?;
    let lines = lines_of(&mut child);
    let mut progress = Progress::new();
    let mut printed = String::new();
    loop {
        let ended = child.try_wait().map_err(|e| format!("{program}: {e}"))?;
        // After the command's end only what is already in the pipe is taken.
        while let Some(line) = next(&lines, if ended.is_some() { TICK } else { 2 * TICK }) {
            progress.clear();
            print!("{line}");
            printed.push_str(&line);
        }
        if let Some(status) = ended {
            progress.clear();
            let _ = std::io::stdout().flush();
            return Ok((printed, status));
        }
        progress.tick();
    }
}

/// Runs `command` and shows only that it runs; its output is the error, if it fails.
pub(crate) fn hushed(command: &mut Command) -> Result<(), String> {
    let program = command.get_program().to_string_lossy().into_owned();
    let child = command.stdin(Stdio::null()).stdout(Stdio::piped()).stderr(Stdio::piped()).spawn();
    let child = child.map_err(|e| format!("{program}: {e}"))?;
    // Both outputs have to be read while it runs: a full pipe would stop it.
    let waiting = thread::spawn(move || child.wait_with_output());
    let mut progress = Progress::new();
    while !waiting.is_finished() {
        progress.tick();
        thread::sleep(TICK);
    }
    progress.clear();
    match waiting.join() {
        Ok(Ok(output)) if output.status.success() => Ok(()),
        Ok(Ok(output)) => {
            let said = [output.stdout, output.stderr].concat();
            Err(format!(
                "{program}: {}\n{}",
                output.status,
                String::from_utf8_lossy(&said).trim_end()
            ))
        }
        Ok(Err(error)) => Err(format!("{program}: {error}")),
        Err(_) => Err(format!("{program}: was not waited for")),
    }
}

/// The lines that `child` prints, as they come.
fn lines_of(child: &mut Child) -> Receiver<String> {
    let (sender, receiver) = channel();
    let stdout: Option<Box<dyn Read + Send>> = child.stdout.take().map(|pipe| Box::new(pipe) as _);
    if let Some(stdout) = stdout {
        thread::spawn(move || {
            let mut stdout = BufReader::new(stdout);
            let mut line = Vec::new();
            while stdout.read_until(b'\n', &mut line).is_ok_and(|count| count > 0) {
                if sender.send(String::from_utf8_lossy(&line).into_owned()).is_err() {
                    return;
                }
                line.clear();
            }
        });
    }
    receiver
}

fn next(lines: &Receiver<String>, patience: Duration) -> Option<String> {
    match lines.recv_timeout(patience) {
        Ok(line) => Some(line),
        Err(RecvTimeoutError::Timeout) => None,
        // Without a sender it returns at once: the caller's loop must not spin.
        Err(RecvTimeoutError::Disconnected) => {
            thread::sleep(TICK.min(patience));
            None
        }
    }
}

/// The line that says that something still runs. On a terminal it is rewritten in place; elsewhere
/// a new line is printed every ten seconds.
pub(crate) struct Progress {
    since: Instant,
    shown: u64,
    terminal: bool,
}

impl Progress {
    pub(crate) fn new() -> Self {
        Self { since: Instant::now(), shown: 0, terminal: std::io::stdout().is_terminal() }
    }

    /// Shows the seconds so far, if they are due.
    pub(crate) fn tick(&mut self) {
        let seconds = self.since.elapsed().as_secs();
        let due = if self.terminal { seconds > self.shown } else { seconds >= self.shown + 10 };
        if !due {
            return;
        }
        self.shown = seconds;
        if self.terminal {
            // No end of line: the next one is written over it.
            print!("\r    … {seconds} s");
            let _ = std::io::stdout().flush();
        } else {
            println!("    … {seconds} s");
        }
    }

    /// Removes the line, to make room for other output.
    pub(crate) fn clear(&mut self) {
        if self.terminal && self.shown > 0 {
            print!("\r\x1b[K");
        }
    }
}
