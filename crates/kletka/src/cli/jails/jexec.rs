//! jexec(8): executes a command inside a jail as if it were run directly. The command is in the
//! foreground of the terminal, with its keys and its size, may stand in a pipeline or in the
//! background, and has the exit status that a shell would see.
//!
//! On a terminal the command gets one of the jail's own: [`Prison::run`].

use crate::cli::answer::fail;
use crate::cli::answer::not_found;
use crate::cli::grammar::jails::JEXEC;
use crate::cli::help::usage;
use crate::cli::programs::programs;
use netif::Fib;
use prison::{Command, Ended, Identity, Prison, Record, Registry, User, is_jailed};
use std::ffi::OsString;
use std::io;
use std::process::ExitCode;

/// Runs jexec(8).
pub(crate) fn run(arguments: Vec<OsString>) -> ExitCode {
    let Some(options) = Options::parse(arguments) else {
        return usage(&JEXEC);
    };
    match options.execute() {
        Ok(Ended::Exited(status)) => ExitCode::from(u8::try_from(status).unwrap_or(1)),
        // The status that a shell reports for a signal.
        Ok(Ended::Signaled(signal)) => ExitCode::from(128 + u8::try_from(signal).unwrap_or(0)),
        Err(line) => fail("jexec", line),
    }
}

#[derive(Default)]
struct Options {
    clean: bool,
    directory: Option<OsString>,
    environment: Vec<(OsString, OsString)>,
    host_user: Option<OsString>,
    jail_user: Option<OsString>,
    jail: String,
    command: Vec<OsString>,
}

impl Options {
    fn parse(arguments: Vec<OsString>) -> Option<Self> {
        use lexopt::prelude::*;
        let mut parser = lexopt::Parser::from_args(arguments);
        let mut options = Self::default();
        while let Some(argument) = parser.next().ok()? {
            match argument {
                Short('l') => options.clean = true,
                // FreeBSD accepts this option, which has no effect there either.
                Short('n') => {}
                Short('d') => options.directory = Some(parser.value().ok()?),
                Short('e') => options.environment.push(assignment(&parser.value().ok()?)?),
                Short('u') => options.host_user = Some(parser.value().ok()?),
                Short('U') => options.jail_user = Some(parser.value().ok()?),
                Value(jail) => {
                    // As with getopt(3), the options end at the first word: all others belong to
                    // the command.
                    options.jail = jail.to_string_lossy().into_owned();
                    options.command = parser.raw_args().ok()?.collect();
                }
                Short(_) | Long(_) => return None,
            }
        }
        let both = options.host_user.is_some() && options.jail_user.is_some();
        (!options.jail.is_empty() && !both).then_some(options)
    }

    fn execute(self) -> Result<Ended, String> {
        // As in FreeBSD's jexec.c, a user that is not there is reported before the jail is looked
        // for.
        let identity = self.identity()?;
        let registry = Registry::open().map_err(|error| error.to_string())?;
        let record = registry.find(&self.jail).map_err(|error| error.to_string())?;
        let prison = record.and_then(Prison::open).ok_or_else(|| not_found(&self.jail))?;
        check_fib(prison.record())?;
        let wording = Wording {
            shell: self.command.is_empty(),
            directory: self.directory.is_some(),
            jail: self.jail.clone(),
        };
        let command = self.command(identity);
        let running = prison.run(&command).map_err(|error| wording.of(&error))?;
        running.wait().map_err(|error| error.to_string())
    }

    /// Answers the user of the command: with `-u` a user of the host's passwd(5), with `-U` a user
    /// of the jail's, with `-l` alone the caller, else root.
    fn identity(&self) -> Result<Identity, String> {
        match (&self.host_user, &self.jail_user) {
            (Some(name), _) => match User::by_name(name) {
                Some(user) => Ok(Identity::Host(user)),
                None => Err(format!(
                    "{}: no such user; -u takes users of the host, -U those of the jail",
                    name.to_string_lossy()
                )),
            },
            (None, Some(name)) => Ok(Identity::Jail(name.clone())),
            (None, None) if self.clean => {
                let uid = rustix::process::getuid().as_raw();
                User::by_uid(uid).map(Identity::Host).ok_or_else(|| format!("unknown uid: {uid}"))
            }
            (None, None) => Ok(Identity::Root),
        }
    }

    fn command(self, identity: Identity) -> Command {
        let login = self.clean || self.host_user.is_some() || self.jail_user.is_some();
        let mut arguments = self.command;
        // With -l, -u and -U the shell is the one that the user has in passwd(5), as on FreeBSD.
        let shell = std::env::var_os("SHELL").filter(|_| !login);
        let mut login_shell = false;
        if arguments.is_empty() {
            login_shell = shell.is_none() && login;
            arguments = vec![shell.unwrap_or_else(|| "/bin/sh".into()), "-i".into()];
        }
        Command {
            arguments,
            environment: std::env::vars_os().collect(),
            additions: self.environment,
            path_prefix: programs().map(|_| "/run/kletka/jail".into()),
            directory: self.directory,
            identity,
            login,
            clean: self.clean,
            shell: login_shell,
            ..Command::default()
        }
    }
}

/// Refuses a caller whose fib the command would not get: it gets the jail's.
fn check_fib(record: &Record) -> Result<(), String> {
    let jails = record.mark.and_then(|mark| Fib::of_mark(mark.value & mark.mask));
    match Fib::given() {
        // All jails inside a jail have the fib of that one.
        Some(_) if is_jailed() => Ok(()),
        Some(own) if own != jails.unwrap_or_default() => Err(format!(
            "a command in jail \"{}\" has fib {}, as all of the jail, and cannot have fib {own}",
            record.name,
            jails.unwrap_or_default()
        )),
        _ => Ok(()),
    }
}

/// The FreeBSD call that a failure is named after.
struct Wording {
    /// No command was given, so a shell is run.
    shell: bool,
    /// `-d` was given.
    directory: bool,
    /// The jail, as the command line names it.
    jail: String,
}

impl Wording {
    /// Writes the error as jexec.c's err(3) does.
    fn of(&self, error: &prison::Error) -> String {
        let line = error.to_string();
        match error {
            prison::Error::Process { step: "exec", subject, error } => {
                let line =
                    line.replacen("exec ", if self.shell { "execlp: " } else { "execvp: " }, 1);
                match error.kind() {
                    _ if subject.starts_with('-') => {
                        format!("{line}; options of jexec stand before the jail's name")
                    }
                    io::ErrorKind::NotFound => {
                        format!("{line}; the jail {} has no such program", self.jail)
                    }
                    _ => line,
                }
            }
            prison::Error::Process { step: "chdir", .. } => {
                line.replacen("chdir ", if self.directory { "chdir(): " } else { "chdir: " }, 1)
            }
            _ => line,
        }
    }
}

/// Reads the `NAME=VALUE` of `-e`.
fn assignment(word: &OsString) -> Option<(OsString, OsString)> {
    use std::os::unix::ffi::OsStrExt;
    let bytes = word.as_bytes();
    let equals = bytes.iter().position(|&byte| byte == b'=').filter(|&at| at > 0)?;
    let part = |bytes: &[u8]| std::ffi::OsStr::from_bytes(bytes).to_owned();
    Some((part(&bytes[..equals]), part(&bytes[equals + 1..])))
}
