//! The real [`Host`]: hooks are this process's children, the prison is the kernel's.

use crate::command::CommandLine;
use crate::engine::{Host, Progress};
use crate::error::Error;
use crate::family;
use crate::jail::Jail;
use crate::plan::{Inside, Step};
use crate::spec;
use jailparam::param;
use prison::{
    Child, Command, Ended, Identity, LOGIN_PATH, Prison, Record, Registry, StdStream, User, Users,
    Waiting,
};
use rustix::fs::{Mode, OFlags, ResolveFlags, open, openat2};
use rustix::io::Errno;
use rustix::process::{Pid, PidfdFlags, Signal, pidfd_open};
use std::env;
use std::ffi::OsString;
use std::fs;
use std::io::{self, Write};
use std::os::fd::{AsFd, BorrowedFd, OwnedFd};
use std::os::unix::process::ExitStatusExt;
use std::path::{Path, PathBuf};
use std::process;
use std::time::{Duration, Instant};

/// kletka's own programs as they are seen in a jail.
const PROGRAMS_IN_JAIL: &str = "/run/kletka/jail";

/// How much jail(8) says.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub enum Verbosity {
    /// `-q`, `-i`: only what fails.
    Quiet,
    /// Jails that are created and removed.
    Normal,
    /// `-v`: every step.
    Verbose,
}

/// Carries out the steps of one jail on this machine.
pub struct System<'a> {
    registry: &'a Registry,
    jail: Jail,
    verbosity: Verbosity,
    /// Says so when the prison is removed; a command that removes one jail by name is silent.
    pub notes_removal: bool,
    /// Prints the jid of a prison that is created: `-i`.
    pub prints_jid: bool,
    /// Directory with the programs for hooks.
    programs: Option<PathBuf>,
    prison: Option<Prison>,
    /// The prison that this jail has or had, for the hooks that run after its end.
    record: Option<Record>,
    /// The first command inside, while its process waits to execute it.
    first: Option<(Command, Option<Waiting>)>,
    /// What the step under way waits for.
    under_way: Option<UnderWay>,
}

/// A step that takes its time.
enum UnderWay {
    /// A hook: a process on the host.
    Hook { child: process::Child, pidfd: OwnedFd, line: String, late: bool },
    /// A command in the jail.
    Inside { child: Child, line: String, late: bool },
    /// The processes of the prison, which have been asked to end by then.
    Terminate(Instant),
    /// The end of the prison.
    Remove,
}

impl<'a> System<'a> {
    /// A host for `jail`, whose `prison` runs or is none yet. `programs` come first in the hooks' PATH.
    pub fn new(
        registry: &'a Registry,
        jail: Jail,
        prison: Option<Prison>,
        programs: Option<PathBuf>,
        verbosity: Verbosity,
    ) -> Self {
        Self {
            registry,
            verbosity,
            notes_removal: jail.configured.is_some(),
            jail,
            prints_jid: false,
            programs,
            record: prison.as_ref().map(|prison| prison.record().clone()),
            prison,
            first: None,
            under_way: None,
        }
    }

    /// Makes the first command that `plan` runs inside the one that the prison's first process executes.
    ///
    /// # Errors
    /// Its user is not known, or its log cannot be opened.
    pub fn prepare_first(&mut self, plan: &[Step]) -> Result<(), Error> {
        let mut after_creation =
            plan.iter().skip_while(|step| !matches!(step, Step::Create(_))).skip(1);
        // It waits in this process's memory, and so not while hooks run.
        let Some(Step::Inside(_, line)) = after_creation.next() else { return Ok(()) };
        // A log that cannot be opened yet may be made by a hook: then the step itself says so.
        if self.jail.text(param::EXEC_CONSOLELOG).is_none() {
            self.first = Some((self.command(line)?, None));
        }
        Ok(())
    }

    /// The prison that the jail has or had.
    pub fn record(&self) -> Option<&Record> {
        self.record.as_ref()
    }

    fn note(&self, least: Verbosity, text: &str) {
        if self.verbosity >= least {
            say(&format!("{}{text}", self.jail.prefix()));
        }
    }

    fn prison(&mut self) -> Result<&mut Prison, Error> {
        self.prison.as_mut().ok_or(Error::Prison(prison::Error::Died))
    }

    fn create(&mut self, spec: &prison::Spec) -> Result<(), Error> {
        if spec.users == Users::Host {
            let prefix = self.jail.prefix();
            warn(&format!("{prefix}kletka.userns=inherit: root in the jail is root of the host"));
        }
        let first = self.first.as_ref().map(|(command, _)| command);
        let created = Prison::create(self.registry, spec, first);
        let (prison, waiting) = created.map_err(|error| spec::told_of_mount(&self.jail, error))?;
        if let Some((_, place)) = &mut self.first {
            *place = waiting;
        }
        if self.prints_jid {
            say(&prison.record().jid.to_string());
        }
        self.record = Some(prison.record().clone());
        let prison = self.prison.insert(prison);
        if let Some(text) = self.jail.text(param::ENV) {
            prison.show_env(text.as_encoded_bytes())?;
        }
        let quiet_one = self.jail.configured.is_none();
        self.note(if quiet_one { Verbosity::Verbose } else { Verbosity::Normal }, "created");
        Ok(())
    }

    /// Begins to end the prison.
    fn remove(&mut self) -> Result<Progress, Error> {
        self.first = None;
        if let Some(prison) = &mut self.prison {
            prison.begin_end(self.registry)?;
        }
        self.see_removal()
    }

    /// Waits until the prison is gone.
    fn see_removal(&mut self) -> Result<Progress, Error> {
        if let Some(prison) = &mut self.prison {
            if !prison.has_ended(self.registry)? {
                return Ok(self.wait_for(UnderWay::Remove, None));
            }
            self.prison = None;
        }
        let least = if self.notes_removal { Verbosity::Normal } else { Verbosity::Verbose };
        self.note(least, "removed");
        Ok(Progress::Done)
    }

    /// Waits until all processes have ended, and the prison with them.
    fn see_end(&mut self, until: Instant) -> Result<Progress, Error> {
        if self.prison()?.collect() {
            return Ok(Progress::Done);
        }
        let left = until.saturating_duration_since(Instant::now());
        Ok(self.wait_for(UnderWay::Terminate(until), Some(left)))
    }

    fn wait_for(&mut self, what: UnderWay, time: Option<Duration>) -> Progress {
        self.under_way = Some(what);
        Progress::Waits(time.map(|time| Instant::now() + time))
    }

    fn timeout(&self) -> Option<Duration> {
        let seconds = self.jail.parameters.int(param::EXEC_TIMEOUT).unwrap_or(0);
        u64::try_from(seconds).ok().filter(|&seconds| seconds > 0).map(Duration::from_secs)
    }

    /// Runs a command in the jail, to its end unless it is one for the background; the `last` of the start or not.
    fn run_inside(&mut self, line: &CommandLine, last: bool) -> Result<Progress, Error> {
        let child = match self.first.take() {
            Some((command, Some(waiting))) => waiting.go(&command)?,
            _ => {
                let command = self.command(line)?;
                self.prison()?.spawn(&command)?
            }
        };
        if last {
            self.prison()?.runs_last();
        }
        if line.background {
            self.prison()?.leave(child);
            return Ok(Progress::Done);
        }
        let time = self.timeout();
        Ok(self.wait_for(UnderWay::Inside { child, line: line.to_string(), late: false }, time))
    }

    /// The command has ended, or its time is over.
    fn see_inside(
        &mut self,
        (child, line, late): (Child, String, bool),
        over: bool,
    ) -> Result<Progress, Error> {
        let ended = child.wait(Some(Duration::ZERO));
        match ended.map_err(|error| Error::Exec("wait".into(), error))? {
            Some(_) if late => Err(Error::TimedOut(line)),
            Some(Ended::Exited(0)) => Ok(Progress::Done),
            Some(Ended::Exited(_)) => Err(Error::Failed(line)),
            Some(Ended::Signaled(signal)) => Err(Error::Signaled(line, signal)),
            None => {
                let late = late || over;
                if late {
                    // Collected when it has ended.
                    let _ = child.signal(Signal::KILL);
                }
                Ok(self.wait_for(UnderWay::Inside { child, line, late }, None))
            }
        }
    }

    /// A command line with the environment, the user and the log that the parameters give it.
    fn command(&self, line: &CommandLine) -> Result<Command, Error> {
        let parameters = &self.jail.parameters;
        let clean = parameters.flag(param::EXEC_CLEAN);
        let user = self.jail.text(param::EXEC_JAIL_USER);
        let login = clean || user.is_some();
        let identity = match user {
            None => Identity::Root,
            Some(name) if parameters.flag(param::EXEC_SYSTEM_JAIL_USER) => {
                let unknown = || Error::NoSuchUser(name.to_string_lossy().into_owned());
                Identity::Host(User::by_name(&name).ok_or_else(unknown)?)
            }
            Some(name) => Identity::Jail(name),
        };
        let mut streams = <[StdStream; 3]>::default();
        if let Some(log) = self.jail.text(param::EXEC_CONSOLELOG) {
            let log = self.open_log(Path::new(&log))?;
            let copy = log.try_clone().map_err(|error| Error::Exec("dup".into(), error))?;
            streams = [StdStream::Inherit, StdStream::File(log), StdStream::File(copy)];
        }
        Ok(Command {
            arguments: line.arguments.clone(),
            environment: env::vars_os().collect(),
            path_prefix: self.programs.is_some().then(|| PROGRAMS_IN_JAIL.into()),
            identity,
            login,
            clean,
            streams,
            session: line.background,
            ..Command::default()
        })
    }

    /// Opens `exec.consolelog` to append to. Below the jail's root no link is followed: the jail could
    /// have put it there to have a file of the host written to.
    fn open_log(&self, log: &Path) -> Result<OwnedFd, Error> {
        let parameter = param::EXEC_CONSOLELOG.name;
        if !log.is_absolute() {
            return Err(Error::NotAbsolute(parameter, log.into()));
        }
        let flags =
            OFlags::WRONLY | OFlags::CREATE | OFlags::APPEND | OFlags::CLOEXEC | OFlags::NOCTTY;
        let mode = Mode::RUSR | Mode::WUSR;
        let root = self.jail.path();
        let opened = match log.strip_prefix(&root) {
            Ok(inside) if root != Path::new("/") => {
                let resolve = ResolveFlags::IN_ROOT | ResolveFlags::NO_SYMLINKS;
                let directory = open(&root, OFlags::PATH | OFlags::CLOEXEC, Mode::empty());
                let flags = flags | OFlags::NONBLOCK;
                directory.and_then(|root| openat2(root, inside, flags, mode, resolve))
            }
            _ => open(log, flags, mode),
        };
        opened.map_err(|error| match error {
            Errno::LOOP => {
                let link = spec::first_link(&root, log).unwrap_or_else(|| log.into());
                Error::SymbolicLink(parameter, link)
            }
            error => Error::File(parameter, log.into(), error.into()),
        })
    }

    /// Runs a hook on the host, to its end unless it is one for the background.
    fn run_hook(&mut self, line: &CommandLine) -> Result<Progress, Error> {
        let mut command = process::Command::new(&line.arguments[0]);
        command.args(&line.arguments[1..]);
        let user = self.set_environment(&mut command)?;
        prison::prepare_hook(&mut command, line.background, user.as_ref());
        let program = line.arguments[0].to_string_lossy().into_owned();
        let failed = |error| Error::Exec(program.clone(), error);
        let child = command.spawn().map_err(failed)?;
        if line.background {
            return Ok(Progress::Done);
        }
        // It has not been collected, so the number is its own.
        let pid = i32::try_from(child.id()).ok().and_then(Pid::from_raw).ok_or(Errno::SRCH);
        let pidfd = pid.and_then(|pid| pidfd_open(pid, PidfdFlags::empty()));
        let pidfd = pidfd.map_err(|error| failed(error.into()))?;
        let time = self.timeout();
        let line = line.to_string();
        Ok(self.wait_for(UnderWay::Hook { child, pidfd, line, late: false }, time))
    }

    /// The hook has ended, or its time is over.
    fn see_hook(
        &mut self,
        (mut child, pidfd): (process::Child, OwnedFd),
        line: String,
        late: bool,
    ) -> Result<Progress, Error> {
        let status = child.try_wait().map_err(|error| Error::Exec(line.clone(), error))?;
        match status.map(|status| (status.success(), status.signal())) {
            Some(_) if late => Err(Error::TimedOut(line)),
            Some((true, _)) => Ok(Progress::Done),
            Some((false, Some(signal))) => Err(Error::Signaled(line, signal)),
            Some((false, None)) => Err(Error::Failed(line)),
            None => {
                // It has not been collected: the number is its own.
                if late && let Some(pid) = i32::try_from(child.id()).ok().and_then(Pid::from_raw) {
                    family::kill(pid);
                }
                Ok(self.wait_for(UnderWay::Hook { child, pidfd, line, late }, None))
            }
        }
    }

    /// A hook's environment: kletka's FreeBSD programs first in PATH, and JID, JNAME, JPATH. Answers with its user, if it
    /// is another one than this process's.
    fn set_environment(&self, command: &mut process::Command) -> Result<Option<User>, Error> {
        let name = self.jail.text(param::EXEC_SYSTEM_USER);
        let clean = self.jail.parameters.flag(param::EXEC_CLEAN);
        let mut path = OsString::new();
        if let Some(programs) = &self.programs {
            path.push(programs);
            path.push(":");
        }
        let inherited = env::var_os("PATH").filter(|_| !clean);
        path.push(inherited.unwrap_or_else(|| LOGIN_PATH.into()));
        if clean {
            command.env_clear();
            command.envs(env::var_os("TERM").map(|term| ("TERM", term)));
        }
        let mut another = None;
        if clean || name.is_some() {
            let user = match &name {
                Some(name) => User::by_name(name),
                None => User::by_uid(rustix::process::getuid().as_raw()),
            };
            let unknown = || name.clone().unwrap_or_else(|| "root".into());
            let user =
                user.ok_or_else(|| Error::NoSuchUser(unknown().to_string_lossy().into_owned()))?;
            command.env("USER", &user.name).env("HOME", &user.home).env("SHELL", &user.shell);
            if clean {
                let home = fs::metadata(&user.home).and_then(|home| {
                    if home.is_dir() { Ok(()) } else { Err(Errno::NOTDIR.into()) }
                });
                home.map_err(|error| Error::Chdir(user.home.clone(), error))?;
                command.current_dir(&user.home);
            }
            another = name.is_some().then_some(user);
        }
        command.env("PATH", path);
        let record = self.record.as_ref();
        let jid = record.map(|record| record.jid).or(self.jail.jid());
        command.envs(jid.map(|jid| ("JID", jid.to_string())));
        let jname =
            record.map(|record| OsString::from(&record.name)).or(self.jail.text(param::NAME));
        command.envs(jname.map(|name| ("JNAME", name)));
        command.env("JPATH", self.jail.path());
        Ok(another)
    }
}

/// Prints a line. That nobody reads it is no reason to leave a jail half made.
fn say(line: &str) {
    let _ = writeln!(io::stdout(), "{line}");
}

/// Prints a warning. That nobody reads it is no reason to stop half way.
fn warn(line: &str) {
    let _ = io::stderr().write_all(format!("jail: {line}\n").as_bytes());
}

impl Host for System<'_> {
    fn begin(&mut self, step: &Step, last: bool) -> Result<Progress, Error> {
        match step {
            // Told of when it is known who they are, and that it was done.
            Step::Terminate(_) | Step::Remove => {}
            Step::Interface(name) => {
                let jid = self.record.as_ref().map_or(0, |record| record.jid);
                let line = format!("run command: /sbin/ifconfig {name} vnet {jid}");
                self.note(Verbosity::Verbose, &line);
            }
            step => self.note(Verbosity::Verbose, &step.to_string()),
        }
        match step {
            Step::Hook(_, line) => return self.run_hook(line),
            Step::Create(spec) => self.create(spec)?,
            Step::Interface(name) => self
                .prison()?
                .give_interface(name)
                .map_err(|error| Error::Parameter(param::VNET_INTERFACE.name, error))?,
            Step::Inside(Inside::Start | Inside::Command | Inside::Stop, line) => {
                return self.run_inside(line, last);
            }
            Step::Terminate(time) => {
                let processes = self.prison()?.processes();
                self.prison()?.terminate();
                if !processes.is_empty() {
                    let numbers: String =
                        processes.iter().map(|process| format!(" {process}")).collect();
                    self.note(Verbosity::Verbose, &format!("sent SIGTERM to:{numbers}"));
                }
                return self.see_end(Instant::now() + *time);
            }
            Step::Remove => return self.remove(),
        }
        Ok(Progress::Done)
    }

    fn proceed(&mut self, over: bool) -> Result<Progress, Error> {
        match self.under_way.take() {
            Some(UnderWay::Hook { child, pidfd, line, late }) => {
                self.see_hook((child, pidfd), line, late || over)
            }
            Some(UnderWay::Inside { child, line, late }) => {
                self.see_inside((child, line, late), over)
            }
            Some(UnderWay::Remove) => self.see_removal(),
            Some(UnderWay::Terminate(until)) if !over => self.see_end(until),
            Some(UnderWay::Terminate(_)) | None => Ok(Progress::Done),
        }
    }

    fn watched(&self) -> Vec<BorrowedFd<'_>> {
        match (&self.under_way, &self.prison) {
            (Some(UnderWay::Hook { pidfd, .. }), _) => vec![pidfd.as_fd()],
            (Some(UnderWay::Inside { child, .. }), _) => vec![child.as_fd()],
            (Some(UnderWay::Terminate(_) | UnderWay::Remove), Some(prison)) => {
                prison.watched().collect()
            }
            _ => Vec::new(),
        }
    }

    fn settle(&mut self) -> Result<(), Error> {
        self.first = None;
        if let Some(prison) = &mut self.prison {
            prison.settle(self.registry)?;
        }
        Ok(())
    }

    fn complain(&mut self, error: &Error) {
        warn(&format!("{}{error}", self.jail.prefix()));
    }
}
