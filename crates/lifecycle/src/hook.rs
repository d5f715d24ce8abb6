//! How a hook is run on the host: by which user, in which directory and environment. FreeBSD's
//! `run_command()`.

use crate::absolute::{self, Where};
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

/// Set for hooks that undo a start that has failed. kletka's ifconfig then takes away only what was
/// made by hooks of the same jail: another jail that runs may have the rest.
const UNDO: &str = "KLETKA_UNDO";

/// A hook of `jail`, whose prison has or had `record`.
pub(crate) struct Hook<'h> {
    pub(crate) jail: &'h Jail,
    pub(crate) record: Option<&'h Record>,
    /// Whether the hook undoes a start that has failed.
    pub(crate) undoes: bool,
    pub(crate) surroundings: &'h Surroundings,
}

impl Hook<'_> {
    /// Starts the command `line`.
    ///
    /// # Errors
    /// The command cannot be executed, its user is unknown, the user's home cannot be entered, or
    /// no descriptor is left for the streams.
    pub(crate) fn start(&self, line: &CommandLine) -> Result<Child, Error> {
        let failed = |error| Error::Exec(line.program().to_string_lossy().into_owned(), error);
        let programs = self.surroundings.programs.as_ref();
        let arguments = absolute::arguments(line, programs, Where::Host);
        let (program, arguments) =
            arguments.split_first().ok_or_else(|| failed(io::ErrorKind::InvalidInput.into()))?;
        let mut command = Command::new(program);
        command.args(arguments);
        self.set_streams(&mut command).map_err(failed)?;
        let user = self.user()?;
        command.env_clear();
        if !self.is_clean() {
            command.envs(self.surroundings.environment.iter().map(|(name, value)| (name, value)));
        } else if let Some(user) = &user {
            // As on FreeBSD, TERM is all that is kept of the environment, and only a clean hook
            // begins in a home: any other begins where jail(8) was started.
            command.envs(self.surroundings.variable("TERM").map(|term| ("TERM", term)));
            command.current_dir(home(user)?);
        }
        if let Some(user) = &user {
            command.env("USER", &user.name).env("HOME", &user.home).env("SHELL", &user.shell);
        }
        command.env("PATH", self.path());
        self.name_the_jail(&mut command);
        command.envs(self.undoes.then_some((UNDO, "YES")));
        // With exec.clean alone the user is this process's own: there are no ids to change.
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

    /// The value of `exec.clean`.
    fn is_clean(&self) -> bool {
        self.jail.parameters.flag(param::EXEC_CLEAN)
    }

    /// The value of `exec.system_user`.
    fn system_user(&self) -> Option<OsString> {
        self.jail.text(param::EXEC_SYSTEM_USER)
    }

    /// The user whose login the environment describes: that of `exec.system_user`, or with
    /// `exec.clean` alone the user of this process.
    fn user(&self) -> Result<Option<User>, Error> {
        let name = self.system_user();
        let found = match &name {
            Some(name) => User::by_name(name),
            None if self.is_clean() => User::by_uid(rustix::process::getuid().as_raw()),
            None => return Ok(None),
        };
        let unknown = || {
            // Only root runs hooks: without a name, root has no line in passwd(5).
            let name = name.as_deref().unwrap_or(OsStr::new("root"));
            Error::NoSuchUser(name.to_string_lossy().into_owned())
        };
        found.map(Some).ok_or_else(unknown)
    }

    /// The PATH of hooks, with kletka's FreeBSD programs first.
    fn path(&self) -> OsString {
        let mut path = OsString::new();
        // Hooks are written for FreeBSD: `ifconfig` is to be kletka's, and not the host's own.
        if let Some(programs) = &self.surroundings.programs {
            path.push(&programs.for_hooks);
            path.push(":");
        }
        let inherited = self.surroundings.variable("PATH").filter(|_| !self.is_clean());
        path.push(inherited.unwrap_or(OsStr::new(LOGIN_PATH)));
        path
    }

    /// Sets JID, JNAME and JPATH.
    fn name_the_jail(&self, command: &mut Command) {
        // Before the creation there is no record, and the parameters may leave the jid open: then
        // there is no JID.
        let jid = self.record.map(|record| record.jid).or(self.jail.jid());
        command.envs(jid.map(|jid| ("JID", jid.to_string())));
        let name = self.record.map(|record| OsString::from(&record.name));
        let name = name.or(self.jail.text(param::NAME));
        // A jail without a name is called by its number.
        let name = name.or(self.jail.jid().map(|jid| jid.to_string().into()));
        command.envs(name.map(|name| ("JNAME", name)));
        command.env("JPATH", self.jail.path());
    }
}

/// The user's home, which has to be a directory.
fn home(user: &User) -> Result<&Path, Error> {
    let failed = |error| Error::Chdir(user.home.clone(), error);
    // Looked at here: execve(2) would be blamed for a home that does not exist.
    if !fs::metadata(&user.home).map_err(failed)?.is_dir() {
        return Err(failed(Errno::NOTDIR.into()));
    }
    Ok(&user.home)
}
