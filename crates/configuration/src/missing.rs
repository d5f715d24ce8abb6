//! What a jail names and the machine lacks: its root, its fstab, its ruleset, the programs of its
//! commands.

use crate::command::{Command, HOOKS, commands};
use crate::finding::{Finding, Severity};
use crate::host::Host;
use jailconf::{Jail, Parameter, Place};
use jailparam::Handle;
use jailparam::param::{
    DEVFS_RULESET, EXEC_CREATED, EXEC_POSTSTART, EXEC_POSTSTOP, EXEC_PREPARE, EXEC_PRESTART,
    EXEC_PRESTOP, EXEC_RELEASE, EXEC_START, EXEC_STOP, MOUNT, MOUNT_FSTAB, PATH,
};
use std::ffi::OsStr;
use std::fmt::Display;
use std::io;
use std::os::unix::ffi::OsStrExt;
use std::path::Path;

/// Whether the start of `jail` may make something that other jails need: by its hooks, or in the
/// directories of the host that are mounted in it.
pub(crate) fn makes(jail: &Jail) -> bool {
    let hooks = [EXEC_PREPARE, EXEC_PRESTART, EXEC_CREATED, EXEC_POSTSTART];
    let shown = [MOUNT, MOUNT_FSTAB];
    hooks.into_iter().any(|hook| commands(jail, hook).any(|it| it.may_make_files()))
        || jail.parameters.iter().any(|given| shown.iter().any(|it| it.is_called(&given.name)))
}

/// Whether a hook may make files, such as the root or the fstab, before the prison of `jail` is
/// created.
pub fn prepares_files(jail: &Jail) -> bool {
    let mut hooks = [EXEC_PREPARE, EXEC_PRESTART].into_iter();
    hooks.any(|hook| commands(jail, hook).any(|it| it.may_make_files()))
}

/// Looks for the things that `jail` names. A thing that a hook may make before it is needed is not
/// missed. For a jail that is `helped` by jails that it waits for, only the ruleset and the fstab
/// are looked for.
pub(crate) fn check(jail: &Jail, helped: bool, host: &dyn Host, findings: &mut Vec<Finding>) {
    let made = prepares_files(jail);
    let mut search = Search { jail, host, findings };
    search.ruleset();
    if !made {
        search.fstab();
    }
    if helped {
        return;
    }
    let makes_more = || commands(jail, EXEC_CREATED).any(|it| it.may_make_files());
    if !made && search.path() && !makes_more() {
        search.inside();
    }
    search.hooks();
}

struct Search<'a> {
    jail: &'a Jail,
    host: &'a dyn Host,
    findings: &'a mut Vec<Finding>,
}

impl<'a> Search<'a> {
    fn missing(&mut self, severity: Severity, message: impl Display, place: &Place) {
        self.findings.push(Finding {
            severity,
            jail: String::from_utf8_lossy(&self.jail.name).into_owned(),
            message: message.to_string(),
            place: place.clone(),
            other: None,
        });
    }

    fn given<T>(&self, parameter: Handle<T>) -> Option<&'a Parameter> {
        let jail: &'a Jail = self.jail;
        jail.parameters.iter().find(|given| parameter.is_called(&given.name))
    }

    fn ruleset(&mut self) {
        let Some(given) = self.given(DEVFS_RULESET) else { return };
        let number = given.values.last().and_then(|value| str::from_utf8(value).ok()?.parse().ok());
        // 0 is no ruleset; a text that is no number is refused elsewhere.
        let Some(number) = number.filter(|&number| number > 0) else { return };
        if !self.host.has_ruleset(number) {
            self.missing(
                Severity::Error,
                format_args!(
                    "{}: no ruleset {number}; add it to /etc/devfs.rules",
                    DEVFS_RULESET.name
                ),
                &given.place,
            );
        }
    }

    fn fstab(&mut self) {
        let Some(given) = self.given(MOUNT_FSTAB) else { return };
        for file in given.values.iter().filter(|file| !file.is_empty()) {
            let file = Path::new(OsStr::from_bytes(file));
            if let Err(error) = self.host.file(file) {
                let advice = match error.kind() {
                    io::ErrorKind::NotFound => "; write it, or take mount.fstab out",
                    _ => "",
                };
                let (name, why) = (MOUNT_FSTAB.name, strerror::of(&error));
                let message = format!("{name}: {}: {why}{advice}", file.display());
                self.missing(Severity::Error, message, &given.place);
            }
        }
    }

    /// Looks for the jail's root, and answers whether it is there.
    fn path(&mut self) -> bool {
        let Some(given) = self.given(PATH) else { return false };
        let Some(path) = given.values.last() else { return false };
        let path = Path::new(OsStr::from_bytes(path));
        if !path.is_absolute() {
            let message =
                format!("path {}: not an absolute pathname; begin it with /", path.display());
            self.missing(Severity::Error, message, &given.place);
            return false;
        }
        let Err(error) = self.host.directory(path) else { return true };
        let advice = match error.kind() {
            io::ErrorKind::NotFound => {
                format!("; kletka bootstrap --root {} base makes a root there", path.display())
            }
            _ => String::new(),
        };
        let message = format!("path {}: {}{advice}", path.display(), strerror::of(&error));
        self.missing(Severity::Error, message, &given.place);
        false
    }

    /// Looks for the programs that run in the jail, up to the first command that may have made the
    /// programs of later ones. Where something is mounted in the jail, the mount may bring them:
    /// then nothing is looked for.
    fn inside(&mut self) {
        let mounts = self.given(MOUNT).is_some() || self.given(MOUNT_FSTAB).is_some();
        let root = self.given(PATH).and_then(|given| given.values.last());
        let Some(root) = root.filter(|_| !mounts) else { return };
        let root = Path::new(OsStr::from_bytes(root));
        for parameter in [EXEC_START, EXEC_STOP] {
            for command in commands(self.jail, parameter) {
                let Some(program) = command.program().map(Path::new) else { return };
                // These directories are made anew for every jail: the root on disk does not show
                // their files.
                let made =
                    ["/dev", "/proc", "/run", "/sys"].iter().any(|top| program.starts_with(top));
                if program.is_absolute() && !made {
                    let found = self.host.program_in(root, program);
                    let place = format!("in the jail's root, {}", root.display());
                    let has_shell = found.is_ok();
                    self.program(&command, program, found, &place);
                    if has_shell {
                        let rest = command.text.split_ascii_whitespace().skip(1);
                        self.script(&command, root, rest);
                    }
                }
                if command.may_make_files() {
                    return;
                }
            }
        }
    }

    /// Looks for the script that /bin/sh is to run in the jail: as in FreeBSD's `/bin/sh /etc/rc`,
    /// which a root from elsewhere lacks.
    fn script<'w>(
        &mut self,
        command: &Command<'_>,
        root: &Path,
        mut words: impl Iterator<Item = &'w str>,
    ) {
        let Some(script) = words.next().map(Path::new) else { return };
        let is_shell = command.program().is_some_and(|program| program == "/bin/sh");
        if !is_shell || ![Path::new("/etc/rc"), Path::new("/etc/rc.shutdown")].contains(&script) {
            return;
        }
        // A script need not be executable.
        if let Err(error) = self.host.program_in(root, script)
            && error.kind() == io::ErrorKind::NotFound
        {
            let place = format!("in {}, and roots of kletka bootstrap have it", root.display());
            self.program(command, script, Err(error), &place);
        }
    }

    /// Looks for the programs of hooks, up to the first hook that may have made the programs of
    /// later ones. A program inside the root is not missed once the jail has started: the jail may
    /// have made it.
    fn hooks(&mut self) {
        let root = self.given(PATH).and_then(|given| given.values.last());
        let root = root.map(|root| Path::new(OsStr::from_bytes(root)));
        let starts = self.given(EXEC_START).is_some();
        for hook in HOOKS {
            let before = [EXEC_PREPARE, EXEC_PRESTART, EXEC_CREATED].contains(&hook);
            for command in commands(self.jail, hook) {
                let is_inside = |program: &Path| root.is_some_and(|root| program.starts_with(root));
                let program = command.program().map(Path::new);
                if let Some(program) = program.filter(|it| before || !starts || !is_inside(it)) {
                    let found = self.host.program(program);
                    let place = if is_inside(program) {
                        "in the jail's root"
                    } else if program.is_absolute() {
                        "on the host, where hooks run"
                    } else {
                        "in PATH on the host, where hooks run"
                    };
                    self.program(&command, program, found, place);
                }
                if command.may_make_files() {
                    return;
                }
            }
        }
    }

    /// Reports that a program was not `found`, which would have to be at this `place`.
    fn program(
        &mut self,
        command: &Command<'_>,
        program: &Path,
        found: io::Result<()>,
        place: &str,
    ) {
        let Err(error) = found else { return };
        let why = match error.kind() {
            io::ErrorKind::NotFound => format!("{}; it is not {place}", strerror::of(&error)),
            _ => strerror::of(&error),
        };
        let stops =
            [EXEC_PRESTOP, EXEC_STOP, EXEC_POSTSTOP, EXEC_RELEASE].contains(&command.parameter);
        // A jail whose stop would fail is not kept from starting.
        let severity = if stops { Severity::Warning } else { Severity::Error };
        let message = match severity {
            // The words of the start that fails; a warning names the parameter, as nothing has
            // failed so far.
            Severity::Error => format!("exec {}: {why}", program.display()),
            Severity::Warning => {
                format!("{}: {}: {why}", command.parameter.name, program.display())
            }
        };
        self.missing(severity, message, command.place);
    }
}
