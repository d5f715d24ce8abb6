//! Sessions: a line after `$ ` is what an administrator types, the lines below it are what the
//! machine answers. An exit status other than 0 follows as `[STATUS]`.
//!
//! Standard error follows standard output. Addresses of hardware are written `xx:xx:xx:xx:xx:xx`.
//! Link-local addresses are left out, because they follow from those of hardware and appear in
//! their own time. Options of IPv6 are left out, because a machine may set them for all interfaces
//! that are made.

use crate::sandbox::Sandbox;

/// Runs the lines of `session`, and compares all answers.
#[track_caller]
pub(crate) fn check(sandbox: &Sandbox, session: &str) {
    let mut played = String::new();
    for line in session.lines().filter_map(|line| line.strip_prefix("$ ")) {
        let done = sandbox.run(line);
        played += &format!("$ {line}\n{}{}", steady(&done.stdout), steady(&done.stderr));
        if done.status != 0 {
            played += &format!("[{}]\n", done.status);
        }
    }
    let lines = played.lines().zip(session.lines());
    let (got, want) = lines.into_iter().find(|(got, want)| got != want).unwrap_or_default();
    assert!(played == session, "{played}\nthe first difference:\n- {want}\n+ {got}");
}

/// Answers `stderr` with FreeBSD's words alone: each line is cut where that line of `want` ends, if
/// advice or a place follows.
pub(crate) fn freebsds(stderr: &str, want: &str) -> String {
    let cut = |(line, want): (&str, &str)| match line.strip_prefix(want) {
        Some(rest) if rest.starts_with("; ") || rest.starts_with(" (") => format!("{want}\n"),
        _ => format!("{line}\n"),
    };
    let more = stderr.lines().skip(want.lines().count()).map(|line| format!("{line}\n"));
    stderr.lines().zip(want.lines()).map(cut).chain(more).collect()
}

/// Answers the text without what differs from run to run or, as settings of hardware do, from
/// kernel to kernel.
fn steady(text: &str) -> String {
    let differs = |line: &str| {
        ["inet6 fe80:", "options=", "nd6 options="].iter().any(|start| line.starts_with(start))
    };
    let lines = text.lines().filter(|line| !differs(line.trim_start()));
    lines.map(|line| line.split(' ').map(mask).collect::<Vec<_>>().join(" ") + "\n").collect()
}

fn mask(word: &str) -> &str {
    let bytes: Vec<&str> = word.split(':').collect();
    let hexadecimal = |byte: &&str| byte.len() == 2 && u8::from_str_radix(byte, 16).is_ok();
    let is_ether = bytes.len() == 6 && bytes.iter().all(hexadecimal);
    // Addresses that begin with 02:00:5e are given by the tests themselves.
    if is_ether && !word.starts_with("02:00:5e:") { "xx:xx:xx:xx:xx:xx" } else { word }
}
