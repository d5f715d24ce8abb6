//! How a hook is run on the host: by whom, where, in which environment. FreeBSD's `run_command()`.

use crate::command::CommandLine;
use crate::error::Error;
use crate::jail::Jail;
use crate::surroundings::{Streams, Surroundings};
use jailparam::param;
use prison::{LOGIN_PATH, Record, User};
use rustix::io::Errno;
use std::ffi::{OsStr, OsString};
use std::fs;
use std::io;
use std::path::Path;
use std::process::{Child, Command, Stdio};

/// A hook of `jail`, whose prison has or had `record`.
pub(crate) struct Hook<'h> {
    pub(crate) jail: &'h Jail,
    pub(crate) record: Option<&'h Record>,
    pub(crate) surroundings: &'h Surroundings,
}

impl Hook<'_> {
    /// Starts the command `line`.
    ///
    /// # Errors
    /// The command cannot be executed, or its user, the user's home or the streams cannot be had.
    pub(crate) fn start(&self, line: &CommandLine) -> Result<Child, Error> {
        let failed = |error| Error::Exec(line.program().to_string_lossy().into_owned(), error);
        let mut command = Command::new(line.program());
        command.args(line.arguments.iter().skip(1));
        self.set_streams(&mut command).map_err(failed)?;
        let user = self.user()?;
        command.env_clear();
        if !self.is_clean() {
            command.envs(self.surroundings.environment.iter().map(|(name, value)| (name, value)));
        } else if let Some(user) = &user {
            command.envs(self.surroundings.variable("TERM").map(|term| ("TERM", term)));
            command.current_dir(home(user)?);
        }
        if let Some(user) = &user {
            command.env("USER", &user.name).env("HOME", &user.home).env("SHELL", &user.shell);
        }
        command.env("PATH", self.path());
        self.name_the_jail(&mut command);
        let another = user.as_ref().filter(|_| self.system_user().is_some());
        prison::prepare_hook(&mut command, line.background, another);
        command.spawn().map_err(failed)
    }

    fn set_streams(&self, command: &mut Command) -> io::Result<()> {
        if let Streams::Files { input, output } = &self.surroundings.streams {
            command.stdin(Stdio::from(input.try_clone()?));
            command.stdout(Stdio::from(output.try_clone()?));
            command.stderr(Stdio::from(output.try_clone()?));
        }
        Ok(())
    }

    /// `exec.clean`.
    fn is_clean(&self) -> bool {
        self.jail.parameters.flag(param::EXEC_CLEAN)
    }

    /// `exec.system_user`.
    fn system_user(&self) -> Option<OsString> {
        self.jail.text(param::EXEC_SYSTEM_USER)
    }

    /// Whose login the environment describes: the named user's, or with `exec.clean` this
    /// process's.
    fn user(&self) -> Result<Option<User>, Error> {
        let name = self.system_user();
        let found = match &name {
            Some(name) => User::by_name(name),
            None if self.is_clean() => User::by_uid(rustix::process::getuid().as_raw()),
            None => return Ok(None),
        };
        let unknown = || {
            let name = name.as_deref().unwrap_or(OsStr::new("root"));
            Error::NoSuchUser(name.to_string_lossy().into_owned())
        };
        found.map(Some).ok_or_else(unknown)
    }

    /// PATH: kletka's FreeBSD programs come first.
    fn path(&self) -> OsString {
        let mut path = OsString::new();
        if let Some(programs) = &self.surroundings.programs {
            path.push(&programs.for_hooks);
            path.push(":");
        }
        let inherited = self.surroundings.variable("PATH").filter(|_| !self.is_clean());
        path.push(inherited.unwrap_or(OsStr::new(LOGIN_PATH)));
        path
    }

    /// JID, JNAME and JPATH.
    fn name_the_jail(&self, command: &mut Command) {
        let jid = self.record.map(|record| record.jid).or(self.jail.jid());
        command.envs(jid.map(|jid| ("JID", jid.to_string())));
        let name = self.record.map(|record| OsString::from(&record.name));
        command.envs(name.or(self.jail.text(param::NAME)).map(|name| ("JNAME", name)));
        command.env("JPATH", self.jail.path());
    }
}

/// The user's home, which has to be a directory.
fn home(user: &User) -> Result<&Path, Error> {
    let failed = |error| Error::Chdir(user.home.clone(), error);
    if !fs::metadata(&user.home).map_err(failed)?.is_dir() {
        return Err(failed(Errno::NOTDIR.into()));
    }
    Ok(&user.home)
}
