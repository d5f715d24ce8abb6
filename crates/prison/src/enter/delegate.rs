//! Having init make a process: in a prison whose processes live in a Landlock domain of init's.
//!
//! Nobody can join a domain, a process is only born in one. So init makes what enters, as a child
//! of its own, which becomes the command. Whoever wants a process sends an [`Order`] to init's door
//! ([`crate::tie`]): the command as a [`parcel`], its streams, and lines. On one of them init
//! answers with a pidfd, and later with how the command ended. On others the new process hears when
//! to go on, and says why it could not. In between the caller gives it what a child has of its
//! parent.

use crate::control::{self, receive_with, send_with};
use crate::enter::attach::{Entering, Reporting, executed_or_collected, report};
use crate::enter::copy::ByCopy;
use crate::enter::parcel::{self, Parcel};
use crate::enter::process::{Command, Confinement, Failure, Step, Streams, become_root};
use crate::enter::terminal::leader::{Leader, OnTerminal};
use crate::error::{Calling, Error};
use crate::prison::Prison;
use crate::registry::record::Record;
use crate::tie::{Tie, way_to_init};
use kernel::child::{Child, Ended, hold_foreground_signals};
use kernel::descriptor::Inherited;
use kernel::process::{Side, clone3};
use kernel::{confine, namespace};
use rustix::fs::{MemfdFlags, Mode, fstat, memfd_create};
use rustix::io::{Errno, pread, read, write};
use rustix::net::{RecvFlags, SendFlags, send};
use rustix::pipe::{PipeFlags, pipe_with};
use rustix::process::{
    Pid, PidfdFlags, Resource, getpid, getpriority_process, getrlimit, pidfd_open, prlimit,
    setpriority_process, umask,
};
use rustix::stdio::{stderr, stdin, stdout};
use rustix::thread::{
    LinkNameSpaceType, move_into_link_name_space, sched_getaffinity, sched_setaffinity,
};
use std::fs;
use std::io;
use std::os::fd::{AsFd, BorrowedFd, OwnedFd};

/// The message at init's door that an order comes with; what the order [`with`] follows.
pub(crate) const ORDER: u8 = b'o';

/// Init's answer when it could not make the process; the errno follows.
const FAILED: u8 = b'!';

/// What an order has, or says, beyond the four descriptors of every one: bits, in the order of the
/// descriptors.
mod with {
    pub(super) const STREAMS: [u8; 3] = [1, 2, 4];
    /// The jail's user namespace.
    pub(super) const USERS: u8 = 8;
    /// A pseudo-terminal, and the line to the leader of its session.
    pub(super) const TERMINAL: u8 = 16;
    /// A pidfd of the caller, with which the command is to end.
    pub(super) const LIFE: u8 = 32;
    /// What the process executes first: [`crate::enter::copy`].
    pub(super) const COPY: u8 = 64;
    /// The command has the terminal's keyboard at once.
    pub(super) const KEYBOARD: u8 = 128;
}

/// How a command is bound to its caller.
pub(crate) enum Binding<'a> {
    /// Not at all.
    Free,
    /// The command ends with the caller, whose pidfd this is.
    Tied(OwnedFd),
    /// The command has a terminal, and ends with the caller.
    On(OnTerminal<'a>),
}

/// The way into a prison by its door.
pub(crate) struct Way<'a> {
    door: OwnedFd,
    users: Option<OwnedFd>,
    copy: Option<OwnedFd>,
    record: &'a Record,
}

impl<'a> Way<'a> {
    /// The way into `prison`; `None`: whoever enters makes its own process.
    pub(crate) fn of(prison: &'a Prison) -> Result<Option<Self>, Error> {
        let record = prison.record();
        let Some(door) = record.domain.then(|| way_to_init(prison)).flatten() else {
            return Ok(None);
        };
        let (users, copy) = (prison.user_namespace()?, prison.copy()?);
        Ok(Some(Self { door, users, copy, record }))
    }

    /// Has init make a process, and that process execute `command`; this process's end is the
    /// command's too, if it `ends_with_this`. Returns when the command has been executed.
    ///
    /// # Errors
    /// [`Error::Process`] says which step failed; [`Error::Died`]: the prison is gone.
    pub(crate) fn spawn(
        &self,
        command: &Command,
        streams: Streams,
        ends_with_this: bool,
    ) -> Result<Child, Error> {
        let line = Reporting::new()?;
        let binding = match ends_with_this {
            true => Binding::Tied(pidfd_open(getpid(), PidfdFlags::empty()).calling("pidfd_open")?),
            false => Binding::Free,
        };
        let child = self.send(command, streams, line.child.as_fd(), &binding)?;
        // With this end open here too, its closing would never be seen.
        drop(line.child);
        executed_or_collected(child, &line.parent, command)
    }

    /// Has init make a process that becomes `command`, or the leader of its session, and reports
    /// there why it could not.
    pub(crate) fn send(
        &self,
        command: &Command,
        streams: Streams,
        report: BorrowedFd<'_>,
        binding: &Binding<'_>,
    ) -> Result<Child, Error> {
        let (answer, inits) = control::line().calling("socketpair")?;
        let (told, go) = pipe_with(PipeFlags::CLOEXEC).calling("pipe2")?;
        let parcel = Parcel { command, rights: self.record.rights.in_effect() }.pack();
        let parcel = in_memory(&parcel).calling("memfd_create")?;
        let mut fds = vec![inits.as_fd(), report, told.as_fd(), parcel.as_fd()];
        let mut has = 0;
        let own = [stdin(), stdout(), stderr()];
        for ((stream, own), bit) in streams.iter().zip(own).zip(with::STREAMS) {
            let stream = stream.as_ref().map_or(own, AsFd::as_fd);
            // A stream that is closed cannot be sent.
            if fstat(stream).is_ok() {
                fds.push(stream);
                has |= bit;
            }
        }
        if let Some(users) = &self.users {
            fds.push(users.as_fd());
            has |= with::USERS;
        }
        match binding {
            Binding::On(terminal) => {
                fds.extend([terminal.terminal, terminal.line]);
                has |= with::TERMINAL | if terminal.at_once { with::KEYBOARD } else { 0 };
            }
            Binding::Tied(own) => {
                fds.push(own.as_fd());
                has |= with::LIFE;
            }
            Binding::Free => {}
        }
        if let Some(copy) = &self.copy {
            fds.push(copy.as_fd());
            has |= with::COPY;
        }
        let sent = send_with(&self.door, [ORDER, has], &fds, SendFlags::empty());
        sent.map_err(|_| Error::Died)?;
        // With these ends open here too, their closing would never be seen.
        drop((inits, told));
        let child = born(answer)?;
        resemble(&child);
        // A process that has died meanwhile is noticed by its line.
        let _ = write(&go, &own_umask().to_ne_bytes());
        Ok(child)
    }
}

/// A file in memory with this content.
fn in_memory(content: &[u8]) -> rustix::io::Result<OwnedFd> {
    let file = memfd_create(c"command", MemfdFlags::CLOEXEC)?;
    let mut rest = content;
    while !rest.is_empty() {
        rest = &rest[write(&file, rest)?..];
    }
    Ok(file)
}

/// Waits for init's answer: the pidfd of the process that it has made.
fn born(answer: OwnedFd) -> Result<Child, Error> {
    let said = receive_with(answer.as_fd(), RecvFlags::empty());
    let ([kind, errno], mut fds) = said.map_err(|_| Error::Died)?;
    if kind == FAILED {
        return Err(Error::Call("clone3", io::Error::from_raw_os_error(errno.into())));
    }
    let pidfd = fds.pop().ok_or(Error::Died)?;
    let pid = namespace::pid_of(pidfd.as_fd()).ok().and_then(|pid| u32::try_from(pid).ok());
    Ok(Child::told_of(pid.ok_or(Error::Died)?, pidfd, answer))
}

fn own_umask() -> u32 {
    // The kernel answers the old mask, and only when it is given a new one.
    let mode = umask(Mode::empty());
    umask(mode);
    mode.bits()
}

/// Gives a process that init has made what a child of this process would have of it: limits,
/// priority, processors, and how soon the kernel ends it when memory is short. What this process
/// may not give, a child would not have either.
fn resemble(child: &Child) {
    let Some(pid) = i32::try_from(child.pid()).ok().and_then(Pid::from_raw) else { return };
    for resource in LIMITS {
        let _ = prlimit(Some(pid), resource, getrlimit(resource));
    }
    if let Ok(nice) = getpriority_process(None) {
        let _ = setpriority_process(Some(pid), nice);
    }
    if let Ok(processors) = sched_getaffinity(None) {
        let _ = sched_setaffinity(Some(pid), &processors);
    }
    if let Ok(score) = fs::read("/proc/self/oom_score_adj") {
        let _ = fs::write(format!("/proc/{}/oom_score_adj", child.pid()), score);
    }
}

/// Every limit that a process has: getrlimit(2).
const LIMITS: [Resource; 16] = [
    Resource::As,
    Resource::Core,
    Resource::Cpu,
    Resource::Data,
    Resource::Fsize,
    Resource::Locks,
    Resource::Memlock,
    Resource::Msgqueue,
    Resource::Nice,
    Resource::Nofile,
    Resource::Nproc,
    Resource::Rss,
    Resource::Rtprio,
    Resource::Rttime,
    Resource::Sigpending,
    Resource::Stack,
];

/// What init is asked for, as it arrives.
pub(crate) struct Order {
    /// Where init answers.
    pub(crate) answer: OwnedFd,
    /// Where the new process reports a failure.
    report: OwnedFd,
    /// Where the new process hears when to go on.
    told: OwnedFd,
    parcel: OwnedFd,
    /// `None`: the caller's is closed.
    streams: [Option<OwnedFd>; 3],
    /// `None`: the jail has the host's users.
    users: Option<OwnedFd>,
    /// The pseudo-terminal and the line of a session's leader.
    session: Option<(OwnedFd, OwnedFd)>,
    /// A pidfd of the caller.
    life: Option<OwnedFd>,
    copy: Option<OwnedFd>,
    at_once: bool,
}

/// A process that init has made, and who is told of its end.
#[derive(Debug)]
pub(crate) struct Born {
    pub(crate) pid: u32,
    answer: OwnedFd,
}

impl Born {
    /// Tells whoever has asked for the process how it ended.
    pub(crate) fn tell(&self, ended: Ended) {
        let _ = send(&self.answer, &ended.message(), SendFlags::NOSIGNAL | SendFlags::DONTWAIT);
    }
}

impl Order {
    /// The order that has come with these descriptors. `None`: it is not whole.
    pub(crate) fn of(has: u8, fds: Vec<OwnedFd>) -> Option<Self> {
        let mut fds = fds.into_iter();
        let (answer, report, told, parcel) = (fds.next()?, fds.next()?, fds.next()?, fds.next()?);
        let mut optional = |bit| if has & bit == 0 { None } else { fds.next() };
        let streams = with::STREAMS.map(&mut optional);
        let users = optional(with::USERS);
        let session = optional(with::TERMINAL).zip(optional(with::TERMINAL));
        let life = optional(with::LIFE);
        let copy = optional(with::COPY);
        let at_once = has & with::KEYBOARD != 0;
        Some(Self { answer, report, told, parcel, streams, users, session, life, copy, at_once })
    }

    /// Makes the process, in init, and answers with a pidfd, or why there is none.
    pub(crate) fn carry_out(self) -> Option<(Born, Option<Tie>)> {
        match clone3(0, None) {
            Err(error) => {
                let errno = error.raw_os_error().unwrap_or(libc::EAGAIN) as u8;
                let flags = SendFlags::NOSIGNAL | SendFlags::DONTWAIT;
                let _ = send(&self.answer, &[FAILED, errno], flags);
                None
            }
            Ok(Side::Child) => self.serve(),
            Ok(Side::Parent { pid, pidfd }) => {
                // A caller that has died meanwhile leaves a process that ends by itself.
                let _ = send_with(&self.answer, [0; 2], &[pidfd.as_fd()], SendFlags::DONTWAIT);
                let tie = self.life.and_then(|life| Tie::of(vec![pidfd, life]));
                Some((Born { pid, answer: self.answer }, tie))
            }
        }
    }

    /// Becomes the command, or the leader of its session: the life of init's child.
    fn serve(self) -> ! {
        let failure = match self.unpack() {
            Some(parcel) => self.execute(&parcel),
            // Packed by another version of this program.
            None => Step::Namespaces.failed(Errno::NOEXEC),
        };
        report(self.report.as_fd(), &failure)
    }

    fn unpack(&self) -> Option<parcel::Unpacked> {
        let mut bytes = vec![0; usize::try_from(fstat(&self.parcel).ok()?.st_size).ok()?];
        let mut read = 0;
        while read < bytes.len() {
            match pread(&self.parcel, &mut bytes[read..], read as u64).ok()? {
                0 => return None,
                some => read += some,
            }
        }
        parcel::unpack(&bytes)
    }

    fn execute(&self, parcel: &parcel::Unpacked) -> Failure {
        let inside = Inside {
            users: self.users.as_ref().map(AsFd::as_fd),
            told: self.told.as_fd(),
            // Init's standard input is the outer end of its door.
            confinement: Confinement::of(parcel.rights).heard_at(Inherited::of(stdin())),
        };
        // Init's standard output is /dev/null; its standard input is no file for a jail.
        let null = Inherited::of(stdout());
        let streams = self.streams.each_ref();
        let streams = streams.map(|stream| stream.as_ref().map_or(null, Inherited::of)).map(Some);
        let by = self.copy.as_ref();
        let by = by.map(|copy| ByCopy::new(copy, Inherited::of(&self.report)));
        if let Some((terminal, line)) = &self.session {
            // As the caller holds them: a terminal would stop whoever is not in its foreground.
            hold_foreground_signals();
            let (terminal, line) = (terminal.as_fd(), line.as_fd());
            let terminal = OnTerminal { terminal, line, at_once: self.at_once };
            let (command, report) = (&parcel.command, self.report.as_fd());
            Leader { entry: &inside, command, streams, report, terminal, by }.lead()
        }
        let entered = inside.join().and_then(|()| inside.confine());
        entered.err().unwrap_or_else(|| parcel.command.execute(streams, by))
    }
}

/// What a process does that was born in the prison. Init's namespaces are its own from birth.
struct Inside<'a> {
    users: Option<BorrowedFd<'a>>,
    told: BorrowedFd<'a>,
    confinement: Confinement,
}

impl Entering for Inside<'_> {
    fn join(&self) -> Result<(), Failure> {
        let failed = |error| Step::Namespaces.failed(error);
        // The jail's processes could trace this one, which still has the host's rights.
        confine::hide_from_ptrace().map_err(failed)?;
        // The caller is giving this process what it has itself. Without a word, it has died.
        let mut mode = [0; 4];
        if read(self.told, &mut mode) != Ok(mode.len()) {
            return Err(Step::Namespaces.failed(Errno::PIPE));
        }
        umask(Mode::from_bits_truncate(u32::from_ne_bytes(mode)));
        if let Some(users) = self.users {
            move_into_link_name_space(users, Some(LinkNameSpaceType::User))
                .map_err(|error| failed(error.into()))?;
        }
        become_root().map_err(|error| Step::Ids.failed(error))
    }

    fn confine(&self) -> Result<(), Failure> {
        self.confinement.apply()
    }
}
