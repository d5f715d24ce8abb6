//! The real [`Host`]: it runs hooks as children of this process, and makes and removes the prison.

use crate::absolute::{self, Where};
use crate::addresses;
use crate::attempt::Attempt;
use crate::command::CommandLine;
use crate::console_log;
use crate::engine::{Host, Progress};
use crate::error::Error;
use crate::exposure;
use crate::fib;
use crate::hook::Hook;
use crate::host_mounts;
use crate::identity;
use crate::jail::Jail;
use crate::plan::{Inside, Step};
use crate::process::Running;
use crate::run::Configured;
use crate::securelevel;
use crate::spec::{self, Creation};
use crate::surroundings::{Streams, Surroundings};
use crate::voice::{Notice, Voice};
use jailparam::param;
use prison::{
    Command, Identity, Prison, Record, Registry, Spec, StdStream, Told, User, Users, Waiting,
};
use std::ffi::OsString;
use std::fs;
use std::os::fd::{AsFd, BorrowedFd};
use std::path::Path;
use std::time::{Duration, Instant};

/// Where a jail sees kletka's own programs.
const PROGRAMS_IN_JAIL: &str = "/run/kletka/jail";

/// What all jails of a run share while their steps are carried out.
#[derive(Clone, Copy)]
pub struct Ground<'g> {
    /// Where prisons are found and entered.
    pub registry: &'g Registry,
    /// What commands inherit.
    pub surroundings: &'g Surroundings,
    /// The receiver of messages.
    pub voice: &'g dyn Voice,
    /// All configured jails, whose roots may hold what their own root made there.
    pub configured: &'g Configured,
}

/// Carries out the steps of one jail on this machine.
pub struct System<'g> {
    ground: Ground<'g>,
    jail: Jail,
    /// Whether the removal of the prison is all that was asked for.
    pub removal_is_expected: bool,
    /// The attempt at a start, until nothing is to be undone any more.
    attempt: Option<Attempt>,
    /// Whether the hooks undo a start that has failed or was killed.
    undoes: bool,
    prison: Option<Prison>,
    /// Whether the prison was removed here.
    is_removed: bool,
    /// The record of the prison that the jail has or had; hooks need it even after the prison's
    /// end.
    record: Option<Record>,
    /// The first command in the jail, with the process that waits to execute it once the prison is
    /// created.
    first: Option<(Command, Option<Waiting>)>,
    /// What the step under way waits for.
    under_way: Option<UnderWay>,
}

/// A step that has to be waited for.
enum UnderWay {
    /// A hook, or a command in the jail.
    Command(Running),
    /// The end of the prison's processes, which got SIGTERM and have until this time.
    Terminate(Instant),
    /// The end of the prison.
    Remove,
}

impl<'g> System<'g> {
    /// Makes a host for `jail`, with its `prison` if the jail runs.
    pub fn new(ground: Ground<'g>, jail: Jail, prison: Option<Prison>) -> Self {
        Self {
            ground,
            removal_is_expected: jail.configured.is_none(),
            jail,
            record: prison.as_ref().map(|prison| prison.record().clone()),
            attempt: None,
            undoes: false,
            prison,
            is_removed: false,
            first: None,
            under_way: None,
        }
    }

    /// Holds the attempt at a start until the jail has started, or else as long as this value
    /// lives.
    pub(crate) fn holding(self, attempt: Option<Attempt>) -> Self {
        Self { attempt, ..self }
    }

    /// Chooses the command that the prison's first process will execute: the first of `plan` in the
    /// jail, if it comes directly after the creation.
    ///
    /// # Errors
    /// The command's user is not known, or no descriptor is left for its streams.
    pub fn prepare_first(&mut self, plan: &[Step]) -> Result<(), Error> {
        let after_creation =
            plan.iter().skip_while(|step| !matches!(step, Step::Create(_))).skip(1);
        // The first process waits in the memory of this one, as after vfork(2). A hook in between
        // could take long, so then the command gets a process of its own at its turn.
        let mut after_creation = after_creation.skip_while(|step| matches!(step, Step::Carry(_)));
        let Some(Step::Inside(_, line)) = after_creation.next() else { return Ok(()) };
        // A hook may still make the log's directory: only the step itself can say that the log does
        // not open.
        if self.jail.text(param::EXEC_CONSOLELOG).is_none() {
            self.first = Some((self.command(line)?, None));
        }
        Ok(())
    }

    /// The record of the prison that the jail has or had.
    pub fn record(&self) -> Option<&Record> {
        self.record.as_ref()
    }

    /// The jid that the jail has or had.
    pub fn jid(&self) -> Option<u32> {
        self.record.as_ref().map(|record| record.jid)
    }

    fn prison(&mut self) -> Result<&mut Prison, Error> {
        self.prison.as_mut().ok_or(Error::Prison(prison::Error::Died))
    }

    fn create(&mut self, creation: &Creation) -> Result<(), Error> {
        let spec = creation.complete(&self.jail)?;
        let mut spec = Spec { neighbours: self.ground.configured.roots(), ..spec };
        let level = securelevel::within(self.ground.registry, &self.jail.parameters, &mut spec)?;
        if spec.users == Users::Host {
            self.ground.voice.tell(&Notice::SharesUsers(&self.jail));
        }
        self.warn_of_files(&spec);
        let first = self.first.as_ref().map(|(command, _)| command);
        let created = Prison::create(self.ground.registry, &spec, first);
        let (prison, waiting) = created.map_err(|error| spec::told_of_mount(&self.jail, error))?;
        if let Some((_, place)) = &mut self.first {
            *place = waiting;
        }
        if let Err(error) = self.furnish(&prison, level) {
            // This step has made the prison, and fails. The first process waits in the prison, and
            // would keep it.
            self.first = None;
            prison.remove(self.ground.registry)?;
            return Err(error);
        }
        self.record = Some(prison.record().clone());
        let prison = self.prison.insert(prison);
        self.ground.voice.tell(&Notice::Created(&self.jail, prison.record().jid));
        Ok(())
    }

    /// Gives a new prison what needs one that exists.
    fn furnish(&self, prison: &Prison, level: i64) -> Result<(), Error> {
        if let Some(text) = self.jail.text(param::ENV) {
            prison.tell_jail(Told::Env, text.as_encoded_bytes())?;
        }
        let level = securelevel::told(level);
        if !level.is_empty() {
            prison.tell_jail(Told::Securelevel, &level)?;
        }
        for (told, text) in identity::told(&self.jail.parameters) {
            prison.tell_jail(told, &text)?;
        }
        fib::of_record(prison.record()).map_or(Ok(()), |fib| fib::open(fib, prison))
    }

    /// Says which files of the jail endanger the host.
    fn warn_of_files(&self, spec: &Spec) {
        if exposure::has_hosts_root_by_default(&self.jail) {
            self.ground.voice.tell(&Notice::HostsRoot(&self.jail));
        }
        if let Some(why) = exposure::open_dev(spec) {
            self.ground.voice.tell(&Notice::OpenDev(&self.jail, &why));
        }
        for exposed in exposure::exposed(spec) {
            self.ground.voice.tell(&Notice::Exposed(&self.jail, &exposed));
        }
    }

    /// Sends SIGTERM to all processes, and begins to wait for their end.
    fn terminate(&mut self, time: Duration) -> Result<Progress, Error> {
        // Listed before the signal, after which the first of them are gone.
        let processes = self.prison()?.processes();
        self.prison()?.terminate();
        if !processes.is_empty() {
            self.ground.voice.tell(&Notice::Terminated(&self.jail, &processes));
        }
        self.see_end(Instant::now() + time)
    }

    /// Waits until all processes have ended, and the prison with them.
    fn see_end(&mut self, until: Instant) -> Result<Progress, Error> {
        // Init cannot end while a process of its pid namespace, a child of this one, is not
        // collected.
        if self.prison()?.collect() {
            return Ok(Progress::Done);
        }
        let left = until.saturating_duration_since(Instant::now());
        Ok(self.wait_for(UnderWay::Terminate(until), Some(left)))
    }

    /// Begins to end the prison.
    fn remove(&mut self) -> Result<Progress, Error> {
        self.first = None;
        if let Some(prison) = &mut self.prison {
            prison.begin_end(self.ground.registry)?;
        }
        self.see_removal()
    }

    /// Waits until the prison is gone.
    fn see_removal(&mut self) -> Result<Progress, Error> {
        if let Some(prison) = &mut self.prison {
            if !prison.has_ended(self.ground.registry)? {
                let asks_again = prison.asks_again();
                self.under_way = Some(UnderWay::Remove);
                return Ok(Progress::Waits(asks_again));
            }
            self.prison = None;
            self.is_removed = true;
        }
        let is_expected = self.removal_is_expected;
        self.ground.voice.tell(&Notice::Removed { jail: &self.jail, is_expected });
        Ok(Progress::Done)
    }

    fn wait_for(&mut self, what: UnderWay, time: Option<Duration>) -> Progress {
        self.under_way = Some(what);
        Progress::Waits(time.map(|time| Instant::now() + time))
    }

    /// The value of `exec.timeout`; 0 sets no limit.
    fn timeout(&self) -> Option<Duration> {
        let seconds = self.jail.parameters.int(param::EXEC_TIMEOUT).unwrap_or(0);
        u64::try_from(seconds).ok().filter(|&seconds| seconds > 0).map(Duration::from_secs)
    }

    /// Runs a hook on the host. Unless it is a background command, the step lasts until the hook
    /// ends.
    fn run_hook(&mut self, line: &CommandLine) -> Result<Progress, Error> {
        let (jail, surroundings) = (&self.jail, self.ground.surroundings);
        let hook = Hook { jail, record: self.record.as_ref(), undoes: self.undoes, surroundings };
        let child = hook.start(line)?;
        if line.background {
            return Ok(Progress::Done);
        }
        let failed = |error| Error::Exec(line.program().to_string_lossy().into_owned(), error);
        let running = Running::hook(child, line.to_string()).map_err(failed)?;
        Ok(self.wait_for(UnderWay::Command(running), self.timeout()))
    }

    /// Runs a command in the jail, the `last` of the start or not. Unless it is a background
    /// command, the step lasts until the command ends.
    fn run_inside(&mut self, line: &CommandLine, last: bool) -> Result<Progress, Error> {
        let child = match self.first.take() {
            Some((command, Some(waiting))) => waiting.go(&command)?,
            _ => {
                let command = self.command(line)?;
                self.prison()?.spawn(&command)?
            }
        };
        if last {
            // Init then ends with the jail's last process, without being asked: 0.1 ms less for a
            // jail that runs one command.
            self.prison()?.runs_last();
        }
        if line.background {
            // Collected later: a child that nobody waits for would keep the pid namespace from
            // ending.
            self.prison()?.leave(child);
            return Ok(Progress::Done);
        }
        let running = Running::inside(child, line.to_string());
        Ok(self.wait_for(UnderWay::Command(running), self.timeout()))
    }

    /// Looks whether the command under way has ended, and kills it if its time is `over`.
    fn see_command(&mut self, mut running: Running, over: bool) -> Result<Progress, Error> {
        if running.has_ended(over)? {
            return Ok(Progress::Done);
        }
        // A command that was killed ends soon: its end is waited for without a limit.
        Ok(self.wait_for(UnderWay::Command(running), None))
    }

    /// Completes a command line with the environment, the user and the streams that the parameters
    /// give it.
    fn command(&self, line: &CommandLine) -> Result<Command, Error> {
        let parameters = &self.jail.parameters;
        let clean = parameters.flag(param::EXEC_CLEAN);
        let user = self.jail.text(param::EXEC_JAIL_USER);
        let login = clean || user.is_some();
        let identity = match user {
            None => Identity::Root,
            // The process inside looks up a user of the jail's own, in the jail's passwd(5).
            Some(name) if parameters.flag(param::EXEC_SYSTEM_JAIL_USER) => {
                let unknown = || Error::NoSuchUser(name.to_string_lossy().into_owned());
                Identity::Host(User::by_name(&name).ok_or_else(unknown)?)
            }
            Some(name) => Identity::Jail(name),
        };
        let surroundings = self.ground.surroundings;
        Ok(Command {
            arguments: self.arguments_inside(line),
            environment: surroundings.environment.clone(),
            path_prefix: surroundings.programs.is_some().then(|| PROGRAMS_IN_JAIL.into()),
            identity,
            login,
            clean,
            streams: self.streams_inside()?,
            background: line.background,
            ..Command::default()
        })
    }

    /// The words of a command in the jail, which may mean kletka's programs if the jail sees these:
    /// in its /run.
    fn arguments_inside(&self, line: &CommandLine) -> Vec<OsString> {
        let programs = self.ground.surroundings.programs.as_ref();
        let ours = absolute::arguments(line, programs, Where::Jail);
        let run = || fs::symlink_metadata(self.jail.path().join("run"));
        let are_shown = ours == line.arguments || run().is_ok_and(|found| found.is_dir());
        if are_shown { ours } else { line.arguments.clone() }
    }

    /// The standard streams of a command in the jail.
    fn streams_inside(&self) -> Result<[StdStream; 3], Error> {
        let copy = |file: BorrowedFd<'_>| {
            let copy = file.try_clone_to_owned();
            copy.map(StdStream::File).map_err(|error| Error::Exec("dup".into(), error))
        };
        let mut streams = match &self.ground.surroundings.streams {
            Streams::Own => <[StdStream; 3]>::default(),
            Streams::Files { input, output } => {
                [copy(input.as_fd())?, copy(output.as_fd())?, copy(output.as_fd())?]
            }
        };
        if let Some(log) = self.jail.text(param::EXEC_CONSOLELOG) {
            let log = console_log::open_to_append(&self.jail.path(), Path::new(&log))?;
            streams[2] = copy(log.as_fd())?;
            streams[1] = StdStream::File(log);
        }
        Ok(streams)
    }
}

impl Host for System<'_> {
    fn begin(&mut self, step: &Step, last: bool) -> Result<Progress, Error> {
        // SIGTERM is reported when the processes are known, a removal when it is complete.
        // Each mount is reported by itself.
        if !matches!(step, Step::Terminate(_) | Step::Remove | Step::Unmount) {
            self.ground.voice.tell(&Notice::Begins(&self.jail, step, self.jid()));
        }
        match step {
            Step::Hook(_, line) => self.run_hook(line),
            Step::Create(creation) => self.create(creation).map(|()| Progress::Done),
            Step::Alias(alias) => alias.add().map(|()| Progress::Done),
            Step::Carry(carried) => {
                let _changing = self.ground.registry.changing()?;
                addresses::carry(self.prison()?, carried).map(|()| Progress::Done)
            }
            Step::Uncarry => addresses::uncarry(self.ground.registry).map(|()| Progress::Done),
            Step::Unalias(alias) => {
                let all = self.ground.registry.prisons()?;
                alias.remove(&all).map(|()| Progress::Done)
            }
            Step::Interface(name) => {
                let given = self.prison()?.give_interface(name);
                let failed = |error| Error::Parameter(param::VNET_INTERFACE.name, error);
                given.map(|()| Progress::Done).map_err(failed)
            }
            Step::Inside(Inside::Start | Inside::Command | Inside::Stop, line) => {
                self.run_inside(line, last)
            }
            Step::Terminate(time) => self.terminate(*time),
            Step::Remove => self.remove(),
            Step::Unmount => {
                let voice = self.ground.voice;
                let tell = |point: &Path| voice.tell(&Notice::Unmounted(&self.jail, point));
                host_mounts::unmount_lines(&self.jail, tell);
                Ok(Progress::Done)
            }
        }
    }

    fn proceed(&mut self, over: bool) -> Result<Progress, Error> {
        match self.under_way.take() {
            Some(UnderWay::Command(running)) => self.see_command(running, over),
            Some(UnderWay::Remove) => self.see_removal(),
            Some(UnderWay::Terminate(until)) if !over => self.see_end(until),
            Some(UnderWay::Terminate(_)) | None => Ok(Progress::Done),
        }
    }

    fn watched(&self) -> Vec<BorrowedFd<'_>> {
        match (&self.under_way, &self.prison) {
            (Some(UnderWay::Command(running)), _) => vec![running.as_fd()],
            (Some(UnderWay::Terminate(_) | UnderWay::Remove), Some(prison)) => {
                prison.watched().collect()
            }
            _ => Vec::new(),
        }
    }

    fn undo(&mut self) {
        self.undoes = true;
    }

    fn settle(&mut self) -> Result<(), Error> {
        (self.first, self.attempt) = (None, None);
        let Some(prison) = &mut self.prison else { return Ok(()) };
        let goes_on = prison.settle(self.ground.registry)?;
        // A jail that the command line describes, or that has a `command`, is meant to end with
        // that command.
        let is_to_stay =
            self.jail.configured.is_some() && self.jail.parameters.list(param::COMMAND).is_empty();
        if !goes_on && is_to_stay {
            self.ground.voice.tell(&Notice::Ended(&self.jail));
        }
        Ok(())
    }

    fn finish(&mut self) {
        let Some(record) = self.record.as_ref().filter(|_| self.is_removed) else { return };
        // A jail that no file describes any more has lost what would name its addresses.
        if let Err(error) = addresses::take_back(record, self.ground.registry) {
            self.ground.voice.tell(&Notice::Failed(&self.jail, &error));
        }
        let left = host_mounts::below(&record.path);
        if !left.is_empty() {
            self.ground.voice.tell(&Notice::StillMounted(&self.jail, &record.path, &left));
        }
    }

    fn complain(&mut self, error: &Error) {
        self.ground.voice.tell(&Notice::Failed(&self.jail, error));
    }
}
