//! The verbs `enable`, `disable` and `delete` of `service jail` and `service netif`: they change
//! the variable in rc.conf(5), and what the machine's init starts at boot.

use std::path::Path;
use std::process::{Command, Stdio};

use conffile::Tree;
use rc::{RcConf, Request, Selection, Settings};

use crate::cli::boot::rc_subr::{error, say, warn};

/// A service that is started at boot when a variable says so.
#[derive(Debug)]
pub(crate) struct Switch {
    /// The name of the service, after which its files in rc.conf.d are called.
    pub(crate) service: &'static str,
    /// The path by which the service's script names itself in messages.
    pub(crate) path: &'static str,
    /// A description of the service: rc.subr's `desc`.
    pub(crate) describes: &'static str,
    /// The variable that enables the service: rc.subr's `rcvar`.
    pub(crate) variable: &'static str,
    /// The name that the machine's init has for the service.
    pub(crate) unit: &'static str,
}

/// The inits whose services a command switches. Each has a path that exists while the init runs,
/// the commands for on and off, and the ending of its services' names.
const INITS: [(&str, [&[&str]; 2], &str); 2] = [
    (
        "/run/systemd/system",
        [&["systemctl", "--quiet", "enable"], &["systemctl", "--quiet", "disable"]],
        ".service",
    ),
    ("/run/openrc", [&["rc-update", "--quiet", "add"], &["rc-update", "--quiet", "del"]], ""),
];

impl Switch {
    /// Sets the variable to `YES` or `NO`. Answers whether all went well.
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

    /// Removes the variable from every file. Answers whether all went well.
    pub(crate) fn delete(&self) -> bool {
        let Some(mut settings) = self.settings() else { return false };
        // Asked before the removal: afterwards no file has the variable.
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

    /// Whether the variable says yes. A value that is neither yes nor no counts as no, with a
    /// warning.
    pub(crate) fn is_on(&self, conf: &RcConf) -> bool {
        conf.yes(self.variable).unwrap_or_else(|failure| {
            warn(self.path, failure);
            false
        })
    }

    /// Answers what the verb `rcvar` prints.
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

    /// Tells the init that runs to start the service at boot, or not. Answers whether that has
    /// worked.
    fn init(&self, on: bool) -> bool {
        let running = |(sign, ..): &&(&str, _, _)| Path::new(sign).exists();
        // Another init has no such command: its administrator copies a script from share/kletka.
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
