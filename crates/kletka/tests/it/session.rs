//! Sessions: what an administrator types after `$ `, what the machine
//! answers, `[STATUS]` when not 0.
//!
//! Standard error follows standard output. Addresses of hardware are written `xx:xx:xx:xx:xx:xx`,
//! and link-local addresses, which follow from them and appear in their own time, are left out; so
//! is what an interface does about IPv6, which a machine may set for all that are made.

use crate::sandbox::Sandbox;

/// Plays `session` and compares all of its answers.
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

/// The text without what differs from run to run, or from kernel to kernel:
/// what hardware does for it.
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
    // 02:00:5e is what the tests themselves give out.
    if is_ether && !word.starts_with("02:00:5e:") { "xx:xx:xx:xx:xx:xx" } else { word }
}
