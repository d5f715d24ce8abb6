//! A command inside a prison: what is to run and as which user, and the last steps of the new
//! process.

use crate::confine::capability;
use crate::confine::filter;
use crate::confine::rights::Rights;
use crate::confine::user::User;
use crate::control::send_with;
use crate::enter::copy::ByCopy;
use crate::error::Error;
use crate::mediate::LISTENER;
use crate::permission::Permission;
use kernel::descriptor::Inherited;
use kernel::process::Strings;
use kernel::{confine, descriptor, landlock, notify, signal};
use rustix::fs::Gid;
use rustix::net::SendFlags;
use rustix::process::{Resource, Rlimit, Uid, chdir, setrlimit, setsid};
use rustix::thread::{CapabilitySet, set_thread_groups, set_thread_res_gid, set_thread_res_uid};
use std::ffi::{CString, OsStr, OsString};
use std::io;
use std::os::fd::{AsFd, OwnedFd};
use std::os::unix::ffi::{OsStrExt, OsStringExt};
use std::path::Path;

/// Where a login finds programs: FreeBSD's login.conf(5), class `default`.
pub const LOGIN_PATH: &str = "/sbin:/bin:/usr/sbin:/usr/bin:/usr/local/sbin:/usr/local/bin";

/// A program to run in a prison.
#[derive(Debug, Default)]
pub struct Command {
    /// The program and its arguments. A program without a slash is looked up in PATH.
    pub arguments: Vec<OsString>,
    /// The environment, to which [`Command::login`] adds.
    pub environment: Vec<(OsString, OsString)>,
    /// Settings that are made last of all, in a clean environment too: jexec(8) `-e`.
    pub additions: Vec<(OsString, OsString)>,
    /// The directory where the command starts; by default the root, or with `clean` the home
    /// directory: jexec(8) `-d`.
    pub directory: Option<OsString>,
    /// Directories that come first in PATH.
    pub path_prefix: Option<OsString>,
    /// The user who runs the command.
    pub identity: Identity,
    /// Sets HOME, SHELL and USER from passwd(5).
    pub login: bool,
    /// Starts in an environment with nothing else but TERM and PATH, in the home directory:
    /// jail(8) `exec.clean`, jexec(8) `-l`.
    pub clean: bool,
    /// Runs the user's shell, interactively, instead of `arguments`: jexec(8) without a command.
    pub shell: bool,
    /// Standard input, output and error.
    pub streams: [StdStream; 3],
    /// Nobody waits for the command, and a terminal is not for it: one that ends in `&`.
    pub background: bool,
}

/// The user as whom a [`Command`] runs.
#[derive(Debug, Default, Clone)]
pub enum Identity {
    /// The jail's root.
    #[default]
    Root,
    /// A user that the host has looked up: jexec(8) `-u`.
    Host(User),
    /// A user to be looked up in the jail: jexec(8) `-U`.
    Jail(OsString),
}

/// What a new process gets as standard input, output and error; `None` leaves what is there.
pub(crate) type Streams = [Option<Inherited>; 3];

/// A standard stream of a [`Command`].
#[derive(Debug, Default)]
pub enum StdStream {
    /// The caller's.
    #[default]
    Inherit,
    /// This file.
    File(OwnedFd),
}

impl StdStream {
    /// The copy that a process is going to have of the file.
    fn inherited(&self) -> Option<Inherited> {
        match self {
            Self::Inherit => None,
            Self::File(file) => Some(Inherited::of(file)),
        }
    }
}

/// Where a new process failed on its way, and what the kernel said.
#[derive(Debug)]
pub(crate) struct Failure {
    pub(crate) step: Step,
    pub(crate) errno: i32,
}

/// The steps of a new process, in order.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
#[repr(u32)]
pub(crate) enum Step {
    /// Nothing failed.
    Done,
    /// setns(2), unshare(2).
    Namespaces,
    /// Becoming root of the jail.
    Ids,
    /// The session of a terminal.
    Terminal,
    /// Session keyring, capabilities, filter.
    Rights,
    /// The user is not known in the jail.
    User,
    /// Standard streams.
    Streams,
    /// chdir(2) to the home directory.
    Directory,
    /// execve(2).
    Execute,
}

impl Failure {
    /// What the failure means to the caller; `subject` is what the step was about.
    pub(crate) fn error(&self, subject: String) -> Error {
        let step = match self.step {
            Step::Done | Step::Namespaces => "jail_attach",
            Step::Ids => "setuid",
            Step::Terminal => "terminal",
            Step::Rights => "seccomp",
            Step::User => return Error::NoSuchUser(subject),
            Step::Streams => "dup2",
            Step::Directory => "chdir",
            Step::Execute => "exec",
        };
        Error::Process { step, subject, error: io::Error::from_raw_os_error(self.errno) }
    }

    /// Step and errno, as they are sent to another process.
    pub(crate) fn in_short(&self) -> [u8; 8] {
        let [a, b, c, d] = (self.step as u32).to_ne_bytes();
        let [e, f, g, h] = self.errno.to_ne_bytes();
        [a, b, c, d, e, f, g, h]
    }

    /// Step and errno, and what the step was about.
    pub(crate) fn to_bytes(&self, subject: &str) -> Vec<u8> {
        [&self.in_short(), subject.as_bytes()].concat()
    }

    /// Reads what the two functions above write; `None`: nothing was sent.
    pub(crate) fn parse(bytes: &[u8]) -> Option<(Self, String)> {
        let (step, rest) = bytes.split_first_chunk()?;
        let (errno, subject) = rest.split_first_chunk()?;
        let number = u32::from_ne_bytes(*step);
        let step = Step::ALL.into_iter().find(|step| *step as u32 == number);
        let failure = Self { step: step.unwrap_or(Step::Done), errno: i32::from_ne_bytes(*errno) };
        Some((failure, String::from_utf8_lossy(subject).into_owned()))
    }
}

impl Step {
    pub(crate) const ALL: [Self; 9] = [
        Self::Done,
        Self::Namespaces,
        Self::Ids,
        Self::Terminal,
        Self::Rights,
        Self::User,
        Self::Streams,
        Self::Directory,
        Self::Execute,
    ];

    /// An error of this step.
    pub(crate) fn failed(self, error: impl Into<io::Error>) -> Failure {
        Failure { step: self, errno: error.into().raw_os_error().unwrap_or(libc::EINVAL) }
    }
}

/// Takes root's ids in the user namespace that has just been entered.
pub(crate) fn become_root() -> rustix::io::Result<()> {
    // The supplementary groups are still those of the caller on the host.
    set_thread_groups(&[])?;
    set_thread_res_gid(Gid::ROOT, Gid::ROOT, Gid::ROOT)?;
    set_thread_res_uid(Uid::ROOT, Uid::ROOT, Uid::ROOT)
}

/// What a jail does not allow, made ready before the process exists that gives it up.
#[derive(Debug)]
pub(crate) struct Confinement {
    /// The process gets a Landlock domain of its own.
    domain: bool,
    /// The process may lock memory, as far as its limit goes.
    locks_memory: bool,
    capabilities: CapabilitySet,
    /// Init answers some calls.
    has_listener: bool,
    /// Where init gets the listener for them.
    door: Option<Inherited>,
    filter: Vec<libc::sock_filter>,
}

impl Confinement {
    pub(crate) fn of(rights: Rights) -> Self {
        let (capabilities, filter) = (capability::refused(rights), filter::program(rights));
        let locks_memory = rights.allow.has(Permission::Mlock);
        let has_listener = rights.has_listener();
        Self { domain: false, locks_memory, capabilities, has_listener, door: None, filter }
    }

    /// The same for a process that init has not made, and that would be in no domain where the
    /// prison's own processes may be in one. In a domain of its own it does not reach the prison's
    /// abstract sockets either, but no others.
    pub(crate) fn of_outsider(rights: Rights) -> Self {
        Self { domain: rights.shares_network(), ..Self::of(rights) }
    }

    /// The same for a process whose calls are heard by the init behind `door`.
    pub(crate) fn heard_at(self, door: Inherited) -> Self {
        Self { door: Some(door), ..self }
    }

    /// Gives all of it up for ever: session keyring, capabilities, system calls. The caller is root
    /// of the jail's user namespace. Allocates nothing.
    pub(crate) fn apply(&self) -> Result<(), Failure> {
        // While the process has CAP_SYS_ADMIN over itself.
        if self.domain {
            landlock::keep_abstract_sockets().map_err(|error| Step::Rights.failed(error))?;
        }
        if !self.locks_memory {
            // With a limit of 0 the kernel refuses mlock(2), mmap(2) with MAP_LOCKED and shmctl(2)
            // with SHM_LOCK. Only the host's root could raise the limit again.
            let none = Rlimit { current: Some(0), maximum: Some(0) };
            setrlimit(Resource::Memlock, none).map_err(|error| Step::Rights.failed(error))?;
        }
        // Before the filter, which refuses keyctl(2).
        confine::new_session_keyring().map_err(|error| Step::Rights.failed(error))?;
        capability::bound(self.capabilities).map_err(|error| Step::Rights.failed(error))?;
        match self.door.filter(|_| self.has_listener) {
            Some(door) => self.load_filter_heard_at(door),
            // The kernel answers ENOSYS for init.
            None => confine::load_filter(&self.filter),
        }
        .map_err(|error| Step::Rights.failed(error))
    }

    /// Loads the filter, and hands its listener to init.
    fn load_filter_heard_at(&self, door: Inherited) -> io::Result<()> {
        match notify::load_filter(&self.filter) {
            // Without waiting: an init that is stopped would keep the process from running.
            Ok(listener) => {
                let message = [LISTENER, 0];
                let _ = send_with(door, message, &[listener.as_fd()], SendFlags::DONTWAIT);
                // Closed without libc, whose errno is the parent's too.
                Inherited::of(&listener).close();
                std::mem::forget(listener);
                Ok(())
            }
            // A listener further outside, or a kernel before 5.19.
            Err(error) if matches!(error.raw_os_error(), Some(libc::EBUSY | libc::EINVAL)) => {
                confine::load_filter(&self.filter)
            }
            Err(error) => Err(error),
        }
    }
}

impl Command {
    /// The program's name, for messages.
    fn program(&self) -> String {
        self.arguments.first().map_or("/bin/sh".into(), |name| name.to_string_lossy().into_owned())
    }

    /// The directory that was asked for, for messages.
    fn directory_name(&self) -> String {
        self.directory.as_ref().map_or_else(String::new, |name| name.to_string_lossy().into_owned())
    }

    fn user_name(&self) -> String {
        match &self.identity {
            Identity::Root => "root".into(),
            Identity::Host(user) => user.name.to_string_lossy().into_owned(),
            Identity::Jail(name) => name.to_string_lossy().into_owned(),
        }
    }

    /// What a step of the command's process is about, for messages.
    pub(crate) fn subject(&self, step: Step) -> String {
        match step {
            Step::User => self.user_name(),
            Step::Directory => self.directory_name(),
            Step::Execute => self.program(),
            _ => String::new(),
        }
    }

    /// What a failure of the command's process means to the caller.
    pub(crate) fn error(&self, failure: &Failure) -> Error {
        failure.error(self.subject(failure.step))
    }

    /// Whether only the jail's files know the command's user.
    pub(crate) fn is_looked_up_inside(&self) -> bool {
        match self.identity {
            Identity::Root => self.login,
            Identity::Host(_) => false,
            Identity::Jail(_) => true,
        }
    }

    /// Makes ready what can be before the process exists; `None` when the process itself has to
    /// look its user up.
    pub(crate) fn ready_ahead(&self, streams: Streams) -> Option<Result<Ready, Failure>> {
        (!self.is_looked_up_inside()).then(|| self.ready(streams, None))
    }

    /// Becomes the user and executes the program. The caller is inside the prison's namespaces, as
    /// its root, and confined. Returns only what failed.
    pub(crate) fn execute(&self, streams: Streams, by: Option<ByCopy>) -> Failure {
        match self.ready(streams, by) {
            Ok(ready) => ready.execute(),
            Err(failure) => failure,
        }
    }

    /// Does the same in the session and the process group of a [`crate::enter::terminal::leader`].
    pub(crate) fn execute_in_session(&self, streams: Streams, by: Option<ByCopy>) -> Failure {
        match self.ready(streams, by) {
            Ok(ready) => {
                signal::reset_stops();
                Ready { session: false, ..ready }.execute()
            }
            Err(failure) => failure,
        }
    }

    /// Does the same in a process that has called [`connect_streams`], and leads a session
    /// already.
    pub(crate) fn execute_in_place(&self, by: Option<ByCopy>) -> Failure {
        match self.ready(Streams::default(), by) {
            Ok(ready) => Ready { session: false, ..ready }.execute(),
            Err(failure) => failure,
        }
    }

    /// What the new process gets as its standard streams.
    pub(crate) fn inherited(&self) -> Streams {
        self.streams.each_ref().map(StdStream::inherited)
    }

    /// Makes ready what the process does last, with these streams; in a jail with the host's users
    /// `by` a copy of this program.
    pub(crate) fn ready(&self, streams: Streams, by: Option<ByCopy>) -> Result<Ready, Failure> {
        let user = self.user()?;
        let home = user.as_ref().map(|user| user.home.as_os_str()).filter(|_| self.clean);
        let directory = self.directory.as_deref().or(home).map(OsStr::as_bytes);
        let environment = self.complete_environment(user.as_ref());
        let shell = user.as_ref().map_or(Path::new("/bin/sh"), |user| &user.shell);
        let arguments = if self.shell {
            vec![shell.as_os_str().to_owned(), "-i".into()]
        } else {
            self.arguments.clone()
        };
        let unusable = |step: Step| move |_| Failure { step, errno: libc::EINVAL };
        Ok(Ready {
            directory: directory
                .map(CString::new)
                .transpose()
                .map_err(unusable(Step::Directory))?,
            program: Program::new(&arguments, &environment, by).map_err(unusable(Step::Execute))?,
            user: user.map(|user| UserIds::of(&user)),
            streams,
            session: true,
        })
    }

    /// The user; `None` when neither an identity nor a login was asked for, and root stays as it
    /// is.
    fn user(&self) -> Result<Option<User>, Failure> {
        let found = match &self.identity {
            Identity::Root if !self.login => return Ok(None),
            Identity::Root => User::by_uid(0),
            Identity::Host(user) => Some(user.clone()),
            Identity::Jail(name) => User::by_name(name),
        };
        found.map(Some).ok_or(Failure { step: Step::User, errno: libc::ENOENT })
    }

    fn complete_environment(&self, user: Option<&User>) -> Vec<(OsString, OsString)> {
        let mut environment: Vec<(OsString, OsString)> = Vec::new();
        let mut set = |name: &OsStr, value: &OsStr| {
            environment.retain(|(old, _)| old != name);
            environment.push((name.to_owned(), value.to_owned()));
        };
        for (name, value) in &self.environment {
            if !self.clean || name == "TERM" {
                set(name, value);
            }
        }
        if let Some(user) = user.filter(|_| self.login) {
            set("USER".as_ref(), &user.name);
            set("HOME".as_ref(), user.home.as_os_str());
            set("SHELL".as_ref(), user.shell.as_os_str());
        }
        let given = self.environment.iter().find(|(name, _)| name == "PATH" && !self.clean);
        let mut path = self.path_prefix.clone().unwrap_or_default();
        if !path.is_empty() {
            path.push(":");
        }
        path.push(given.map_or(OsStr::new(LOGIN_PATH), |(_, path)| path));
        set("PATH".as_ref(), &path);
        for (name, value) in &self.additions {
            set(name, value);
        }
        environment
    }
}

/// A command that only has to be carried out. Nothing here allocates: the process may share its
/// parent's memory.
#[derive(Debug)]
pub(crate) struct Ready {
    user: Option<UserIds>,
    directory: Option<CString>,
    program: Program,
    /// What becomes standard input, output and error.
    streams: Streams,
    /// The process is in its parent's session, and leaves it.
    session: bool,
}

impl Ready {
    /// Becomes the user and executes the program. Returns only what failed.
    pub(crate) fn execute(&self) -> Failure {
        self.prepare().err().unwrap_or_else(|| self.program.execute())
    }

    fn prepare(&self) -> Result<(), Failure> {
        connect_streams(&self.streams)?;
        if let Some(user) = &self.user {
            user.assume().map_err(|error| Step::User.failed(error))?;
        }
        // In its parent's process group, a process could signal its caller and all that the caller
        // belongs to; in its session, it could open the caller's terminal.
        if self.session {
            setsid().map_err(|error| Step::Rights.failed(error))?;
        }
        // As the user: root may enter directories that the user may not.
        if let Some(directory) = &self.directory {
            chdir(directory).map_err(|error| Step::Directory.failed(error))?;
        }
        Ok(())
    }
}

/// Makes these descriptors standard input, output and error, and has execve(2) close all others.
pub(crate) fn connect_streams(streams: &Streams) -> Result<(), Failure> {
    connect(streams).map_err(|error| Step::Streams.failed(error))
}

fn connect(streams: &Streams) -> io::Result<()> {
    for (target, stream) in streams.iter().enumerate() {
        let Some(file) = stream else { continue };
        match target {
            0 => rustix::stdio::dup2_stdin(file)?,
            1 => rustix::stdio::dup2_stdout(file)?,
            _ => rustix::stdio::dup2_stderr(file)?,
        }
    }
    // A descriptor of the host's that a command inherits would be a way out of the jail.
    descriptor::close_on_exec_from_3()
}

/// The ids by which the kernel knows a user.
#[derive(Debug)]
pub(crate) struct UserIds {
    uid: Uid,
    gid: Gid,
    groups: Vec<Gid>,
}

impl UserIds {
    pub(crate) fn of(user: &User) -> Self {
        let groups = user.groups.iter().map(|&gid| Gid::from_raw(gid)).collect();
        Self { uid: Uid::from_raw(user.uid), gid: Gid::from_raw(user.gid), groups }
    }

    /// Becomes the user for good: groups first and the user last, as each step needs root's rights.
    pub(crate) fn assume(&self) -> rustix::io::Result<()> {
        set_thread_groups(&self.groups)?;
        set_thread_res_gid(self.gid, self.gid, self.gid)?;
        set_thread_res_uid(self.uid, self.uid, self.uid)
    }
}

/// The arguments of execve(2).
#[derive(Debug)]
pub(crate) struct Program {
    candidates: Vec<CString>,
    strings: Strings,
    /// The way by a copy, and what the copy is executed with.
    by: Option<(ByCopy, Strings)>,
}

impl Program {
    /// Fails when a text has a NUL, which no program can be given.
    fn new(
        arguments: &[OsString],
        environment: &[(OsString, OsString)],
        by: Option<ByCopy>,
    ) -> Result<Self, std::ffi::NulError> {
        let texts = arguments.iter().map(|text| text.as_bytes().to_vec());
        let settings = environment.iter();
        let settings =
            settings.map(|(name, value)| [name.as_bytes(), b"=", value.as_bytes()].concat());
        let candidates = arguments.first().map_or_else(Vec::new, |it| candidates(it, environment));
        let (arguments, environment) = (strings(texts)?, strings(settings)?);
        let by = by.map(|by| {
            (by, Strings::new(by.arguments(&candidates, &arguments), environment.clone()))
        });
        Ok(Self { by, ..Self::of(candidates, arguments, environment) })
    }

    /// The program that is the first of these candidates that there is.
    pub(crate) fn of(
        candidates: Vec<CString>,
        arguments: Vec<CString>,
        environment: Vec<CString>,
    ) -> Self {
        Self { candidates, strings: Strings::new(arguments, environment), by: None }
    }

    /// Tries each directory of PATH, as execvp(3) does: `EACCES` in one of them is the answer only
    /// when no other has the program.
    pub(crate) fn execute(&self) -> Failure {
        signal::reset();
        if let Some((by, strings)) = &self.by {
            return Step::Execute.failed(strings.execute_file(by.hand_down().as_fd()));
        }
        let mut answer = Failure { step: Step::Execute, errno: libc::ENOENT };
        for path in &self.candidates {
            let failure = Step::Execute.failed(self.strings.execute(path));
            match failure.errno {
                libc::ENOENT | libc::ENOTDIR => {}
                libc::EACCES => answer = failure,
                _ => return failure,
            }
        }
        answer
    }
}

/// The paths where `program` may be, in the order of PATH.
fn candidates(program: &OsStr, environment: &[(OsString, OsString)]) -> Vec<CString> {
    if program.as_bytes().contains(&b'/') {
        return CString::new(program.as_bytes()).into_iter().collect();
    }
    let path = environment.iter().find(|(name, _)| name == "PATH");
    let path = path.map_or(OsStr::new(LOGIN_PATH), |(_, path)| path);
    path.as_bytes()
        .split(|&byte| byte == b':')
        .map(|directory| Path::new(OsStr::from_bytes(directory)).join(program))
        .filter_map(|path| CString::new(path.into_os_string().into_vec()).ok())
        .collect()
}

/// The texts as execve(2) takes them; one with a NUL is an error.
fn strings(texts: impl Iterator<Item = Vec<u8>>) -> Result<Vec<CString>, std::ffi::NulError> {
    texts.map(CString::new).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn pair(name: &str, value: &str) -> (OsString, OsString) {
        (name.into(), value.into())
    }

    #[test]
    fn a_clean_environment_has_login_and_terminal_only() {
        let root = User::by_uid(0).map(|user| User { home: "/root".into(), ..user });
        let command = Command {
            environment: vec![pair("TERM", "xterm"), pair("SECRET", "1"), pair("PATH", "/opt")],
            path_prefix: Some("/run/kletka/jail".into()),
            login: true,
            clean: true,
            ..Command::default()
        };
        let got = command.complete_environment(root.as_ref());
        let value =
            |name: &str| got.iter().find(|(n, _)| n == name).map(|(_, v)| v.to_str().unwrap());
        assert_eq!(value("TERM"), Some("xterm"));
        assert_eq!(value("SECRET"), None);
        assert_eq!(value("HOME"), Some("/root"));
        assert_eq!(value("USER"), Some("root"));
        assert_eq!(value("PATH"), Some(format!("/run/kletka/jail:{LOGIN_PATH}").as_str()));
    }

    #[test]
    fn an_inherited_environment_stays() {
        let environment = vec![pair("PATH", "/opt/bin"), pair("A", "1")];
        let command = Command { environment, ..Command::default() };
        let got = command.complete_environment(None);
        assert_eq!(got, [pair("A", "1"), pair("PATH", "/opt/bin")]);
    }
}
