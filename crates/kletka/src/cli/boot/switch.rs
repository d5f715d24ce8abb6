//! `service jail enable`, `disable` and `delete`, and the same of netif: the variable in
//! rc.conf(5), and what the machine's init starts by itself.

use std::path::Path;
use std::process::{Command, Stdio};

use rc::{RcConf, Request, Selection, Settings};

use crate::cli::boot::rc_subr::{error, say, warn};
use crate::cli::boot::sysrc::Tree;

/// A service that the machine's boot starts when a variable says so.
#[derive(Debug)]
pub(crate) struct Switch {
    /// Its name, after which files in rc.conf.d are called.
    pub(crate) service: &'static str,
    /// What its script calls itself.
    pub(crate) path: &'static str,
    /// What it is: rc.subr's `desc`.
    pub(crate) describes: &'static str,
    /// rc.subr's `rcvar`.
    pub(crate) variable: &'static str,
    /// What the machine's init calls it.
    pub(crate) unit: &'static str,
}

/// An init whose services are switched by a command: what is there while it runs, the command for
/// on and off, and what the names of its services end in.
const INITS: [(&str, [&[&str]; 2], &str); 2] = [
    (
        "/run/systemd/system",
        [&["systemctl", "--quiet", "enable"], &["systemctl", "--quiet", "disable"]],
        ".service",
    ),
    ("/run/openrc", [&["rc-update", "--quiet", "add"], &["rc-update", "--quiet", "del"]], ""),
];

impl Switch {
    /// Sets the variable; whether all went well.
    pub(crate) fn set(&self, on: bool) -> bool {
        let Some(mut settings) = self.settings() else { return false };
        let variable = self.variable.as_bytes();
        let file = settings.target(variable).unwrap_or_default().to_owned();
        if let Err(failure) = settings.set(variable, if on { b"YES" } else { b"NO" }) {
            error(self.path, failure);
            return false;
        }
        let what = if on { "enabled" } else { "disabled" };
        say(format!("{} {what} in {file}\n", self.service));
        self.init(on)
    }

    /// Removes the variable from every file.
    pub(crate) fn delete(&self) -> bool {
        let Some(mut settings) = self.settings() else { return false };
        let files = settings.files_of(self.variable.as_bytes()).join(" ");
        if let Err(failure) = settings.remove(self.variable.as_bytes()) {
            error(self.path, failure);
            return false;
        }
        if !files.is_empty() {
            say(format!("{} deleted in {files}\n", self.variable));
        }
        self.init(false)
    }

    /// Whether the variable says yes. What is not set properly is no, with a warning.
    pub(crate) fn is_on(&self, conf: &RcConf) -> bool {
        conf.yes(self.variable).unwrap_or_else(|failure| {
            warn(self.path, failure);
            false
        })
    }

    /// What `rcvar` prints.
    pub(crate) fn rcvar(&self, conf: &RcConf, request: Request) -> String {
        rc::rcvar(self.service, self.describes, self.variable, conf, request)
    }

    fn settings(&self) -> Option<Settings<'static>> {
        let selection =
            Selection { service: Some(self.service.to_owned()), ..Selection::default() };
        match Settings::load(&Tree::Host, &selection) {
            Ok(settings) => Some(settings),
            Err(failure) => {
                error(self.path, failure);
                None
            }
        }
    }

    /// Tells the init that runs. Where another one does, its administrator knows what starts there.
    fn init(&self, on: bool) -> bool {
        let running = |(sign, ..): &&(&str, _, _)| Path::new(sign).exists();
        let Some((_, commands, ending)) = INITS.iter().find(running) else { return true };
        let unit = format!("{}{ending}", self.unit);
        let line = commands[usize::from(!on)];
        let mut command = Command::new(line[0]);
        let status = command.args(&line[1..]).arg(&unit).stdin(Stdio::null()).status();
        let good = status.is_ok_and(|status| status.success());
        if !good {
            let line = line.join(" ");
            warn(
                self.path,
                format_args!("{line} {unit}: failed; what starts at boot has not changed"),
            );
        }
        good
    }
}
