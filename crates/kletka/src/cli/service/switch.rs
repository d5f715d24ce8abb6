//! `service jail enable`, `disable` and `delete`: the variable in rc.conf(5), and what the machine's init starts by itself.

use std::path::Path;
use std::process::{Command, Stdio};

use rc::{Selection, Settings};

use super::{JAIL, Tree, error, say, warn};

const VARIABLE: &[u8] = b"jail_enable";

/// An init whose services are switched by a command: what is there while it runs, and the command for on and off.
const INITS: [(&str, [&[&str]; 2]); 2] = [
    (
        "/run/systemd/system",
        [
            &["systemctl", "--quiet", "enable", "jail.service"],
            &["systemctl", "--quiet", "disable", "jail.service"],
        ],
    ),
    (
        "/run/openrc",
        [&["rc-update", "--quiet", "add", "jail"], &["rc-update", "--quiet", "del", "jail"]],
    ),
];

/// Sets the variable; whether all went well.
pub(super) fn set(on: bool) -> bool {
    let Some(mut settings) = settings() else { return false };
    let file = settings.target(VARIABLE).unwrap_or_default().to_owned();
    if let Err(failure) = settings.set(VARIABLE, if on { b"YES" } else { b"NO" }) {
        error(JAIL, failure);
        return false;
    }
    let what = if on { "enabled" } else { "disabled" };
    say(format!("jail {what} in {file}\n"));
    init(on)
}

/// Removes the variable from every file.
pub(super) fn delete() -> bool {
    let Some(mut settings) = settings() else { return false };
    let files = settings.files_of(VARIABLE).join(" ");
    if let Err(failure) = settings.remove(VARIABLE) {
        error(JAIL, failure);
        return false;
    }
    if !files.is_empty() {
        say(format!("jail_enable deleted in {files}\n"));
    }
    init(false)
}

fn settings() -> Option<Settings<'static>> {
    let selection = Selection { service: Some("jail".to_owned()), ..Selection::default() };
    match Settings::load(&Tree::Host, &selection) {
        Ok(settings) => Some(settings),
        Err(failure) => {
            error(JAIL, failure);
            None
        }
    }
}

/// Tells the init that runs. Where another one does, its administrator knows what starts there.
fn init(on: bool) -> bool {
    let Some((_, commands)) = INITS.iter().find(|(running, _)| Path::new(running).exists()) else {
        return true;
    };
    let line = commands[usize::from(!on)];
    let status = Command::new(line[0]).args(&line[1..]).stdin(Stdio::null()).status();
    let good = status.is_ok_and(|status| status.success());
    if !good {
        warn(JAIL, format_args!("{}: failed; what starts at boot has not changed", line.join(" ")));
    }
    good
}
