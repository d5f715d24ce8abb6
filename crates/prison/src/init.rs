//! PID 1 of a prison: it builds the prison's file system, then waits until the prison ends.
//!
//! Init lives in the host's user namespace and in the jail's other ones, so that nothing inside can
//! signal, trace or read it. Init executes nothing and parses nothing. Its orders are signals with
//! a number, which only the host's root can send: [`ATTACHED`] and the others below; and what comes
//! through init's door, which only the host's root can use: a process that is to end with another
//! one ([`crate::tie`]), or is to be made ([`crate::enter::delegate`]), the jail's new name
//! ([`crate::title`]), and listeners for calls of the jail, which processes of init's answer
//! ([`crate::mediate`]). Without `persist` init ends
//! with the last process. Before any end, init gives the interfaces that came from the host back,
//! because a network namespace that dies takes a veth and its other end along.

use crate::cgroup::legacy::Groups;
use crate::confine::ids::Ids;
use crate::control::{
    self, ATTACHED, END, INTERFACE, PERSIST, REMOVE, Report, SIGNALS, Stage, TERMINATE, TRANSIENT,
    hear, tell, word,
};
use crate::enter::delegate::{self, Born, Order};
use crate::files::launcher::Birthplace;
use crate::files::root::{self, Own, Plan};
use crate::mediate::privileges::{PRIVILEGES, Privileges};
use crate::mediate::{self, FileSystems, Mediator};
use crate::tie::{self, Tie};
use crate::title;
use crate::vnet;
use kernel::child::Ended;
use kernel::landlock;
use kernel::lean::Recluse;
use kernel::process::exit_now;
use kernel::signal::{self, Caught};
use rustix::event::{PollFd, PollFlags, poll};
use rustix::fs::{Mode, OFlags, open};
use rustix::io::{Errno, write};
use rustix::net::RecvFlags;
use rustix::process::{Pid, PidfdFlags, WaitOptions, pidfd_open, setsid, umask, wait};
use rustix::thread::{ThreadNameSpaceType, move_into_thread_name_spaces, set_name};
use std::array;
use std::io;
use std::os::fd::{AsFd, BorrowedFd, OwnedFd};
use std::path::Path;

/// What init keeps open for its prison.
pub(crate) struct Kept {
    /// The host's network namespace, which interfaces are given back to.
    pub(crate) network: OwnedFd,
    /// What lets packets find the sockets of a prison on the host's stack: [`crate::shared`].
    pub(crate) link: Option<OwnedFd>,
    /// Where orders, ties and listeners arrive.
    pub(crate) door: OwnedFd,
}

/// Runs init's whole life. `control` is init's end of the line to the command; `groups` are the
/// prison's in cgroup v1. With a birthplace, init still has the command's root.
pub(crate) fn run(
    (plan, birthplace): (Plan, Option<Birthplace>),
    control: OwnedFd,
    kept: Kept,
    outer_door: OwnedFd,
    groups: &Groups,
) -> ! {
    // Without its signals init could not even be told to end: better no prison at all.
    let Ok(signals) = signal::descriptor(&[&SIGNALS[..], &[END, libc::SIGCHLD]].concat()) else {
        exit_now(1)
    };
    // In a session of its own, init gets no signals from the keys of the command's terminal.
    let _ = setsid();
    let title = title::of(&plan.name);
    let recluse = step_aside(&title);
    if tie::hang(outer_door).is_err() {
        exit_now(1)
    }
    let lines = Lines { signals, control, kept };
    // Made now, while the first process joins its namespaces on another processor: these file
    // systems need no ids of the jail.
    let entered = groups.enter();
    let entered = entered.map_err(|error| Stage::Namespaces.failed(Path::new("/"), error));
    let own = entered.and_then(|()| Own::make(&plan));
    // Otherwise the command has died or given up; with init, everything that was made is gone.
    if hear(lines.control.as_fd()) != Some(word::BUILD) {
        exit_now(1);
    }
    let range = plan.ids.first;
    let mediator = Mediator::new(plan.allowed);
    let mut init = Init { persist: plan.persist, range, mediator, ..Init::default() };
    // BUILD is said when the first process has joined, so that its announcement waits here.
    init.take_signals(lines.signals.as_fd());
    let built = own.and_then(|own| match init.attached.first() {
        Some((_, first)) => {
            go_to(birthplace).and_then(|()| root::build(&plan, &own, first.as_fd())).map(|()| own)
        }
        None => Err(Stage::Namespaces.failed(Path::new("/"), Errno::SRCH)),
    });
    let built = built.and_then(|own| follow(&plan, &init, &lines.control).map(|()| own));
    // Last: from a domain no namespace of a process outside can be joined.
    let built = built.and_then(|own| enter_domain(&plan).map(|()| own));
    let told = match &built {
        Ok(_) => Report::up().send(lines.control.as_fd()),
        Err(report) => report.send(lines.control.as_fd()),
    };
    // `own` is still open: the command has its report already and need not wait for the closing,
    // which takes 30 µs.
    if built.is_err() || told.is_err() {
        exit_now(1);
    }
    // After the report too: the command does not wait for it.
    let_go(&recluse, &lines, &mut init);
    // A prison that is in no record would be found by nobody.
    if hear(lines.control.as_fd()) != Some(word::RECORDED) {
        exit_now(1);
    }
    if init.live(&lines) == Life::Over {
        init.end(&lines)
    }
    match init.into_rest(lines) {
        Ok(rest) => shed(recluse, &title, rest),
        Err((mut init, lines)) => init.live_to_the_end(&lines),
    }
}

/// Leaves the command's root for that of init's own mount namespace.
fn go_to(birthplace: Option<Birthplace>) -> Result<(), Report> {
    let gone = birthplace.map_or(Ok(()), |place| place.go());
    gone.map_err(|error| Stage::Root.failed(Path::new("/"), error))
}

/// Enters the domain that the jail's processes are to be born in.
fn enter_domain(plan: &Plan) -> Result<(), Report> {
    if !plan.domain {
        return Ok(());
    }
    let failed = |error: io::Error| Stage::Domain.failed(Path::new("/"), error);
    landlock::keep_abstract_sockets().map(drop).map_err(failed)
}

/// Where the jail may mount, follows the first process into the mount namespace that this has made
/// for the purpose: processes that enter later are to see the jail's mounts. What init has built is
/// locked in the new namespace.
fn follow(plan: &Plan, init: &Init, control: &OwnedFd) -> Result<(), Report> {
    if !plan.mounts_itself {
        return Ok(());
    }
    let failed = |error| Stage::Namespaces.failed(Path::new("/"), error);
    let told = Report::up().send(control.as_fd()).is_ok();
    if !told || hear(control.as_fd()) != Some(word::FOLLOW) {
        exit_now(1);
    }
    let (_, first) = init.attached.first().ok_or(failed(Errno::SRCH))?;
    move_into_thread_name_spaces(first.as_fd(), ThreadNameSpaceType::MOUNT).map_err(failed)
}

/// Gives up the command's terminal, and the command's name in ps(1).
#[expect(unsafe_code, reason = "init alone knows that it never goes back")]
fn step_aside(title: &str) -> Recluse {
    // Now, while the path means the host's /dev.
    if let Ok(null) = open("/dev/null", OFlags::RDWR | OFlags::CLOEXEC, Mode::empty()) {
        let _ = rustix::stdio::dup2_stdin(&null);
        let _ = rustix::stdio::dup2_stdout(&null);
        let _ = rustix::stdio::dup2_stderr(&null);
    }
    outlast_the_others();
    // The caller's umask must not decide on the modes of the jail's directories.
    umask(Mode::from_raw_mode(0o022));
    let _ = set_name(c"kletka");
    // SAFETY: init is a copy of a process, so it has one thread; `run` never returns, and reads
    // neither arguments nor environment.
    let recluse = unsafe { Recluse::new() };
    recluse.set_title(title.as_bytes());
    recluse
}

/// Has the kernel, where memory ends, kill any other process first: with init the whole jail ends,
/// and init has no memory worth having. Children of init are orphans of the jail, and none of them
/// gets this from init.
fn outlast_the_others() {
    let flags = OFlags::WRONLY | OFlags::CLOEXEC;
    // In a jail init has no right to this, and goes on without.
    let _ = open("/proc/self/oom_score_adj", flags, Mode::empty())
        .and_then(|file| write(&file, b"-1000"));
}

/// Closes all descriptors that init does not need any more.
#[expect(unsafe_code, reason = "init alone knows which descriptors it uses")]
fn let_go(recluse: &Recluse, lines: &Lines, init: &mut Init) {
    // The first process's pidfd is closed with the others: it is opened again below.
    let first: Vec<u32> = init.attached.drain(..).map(|(pid, _)| pid).collect();
    let Kept { network, link, door } = &lines.kept;
    // Where there is no link, the network stands for it once more.
    let link = link.as_ref().unwrap_or(network);
    let keep = [&lines.signals, &lines.control, door, network, link].map(AsFd::as_fd);
    // SAFETY: `run` never returns, so the owners of the closed descriptors are never dropped or
    // used.
    unsafe { recluse.close_all_but(keep) };
    for pid in first {
        init.watch(pid);
    }
}

/// Continues without the memory of the command.
#[expect(unsafe_code, reason = "init alone knows what it keeps")]
fn shed(recluse: Recluse, title: &str, rest: Rest) -> ! {
    // SAFETY: a `Rest` holds numbers, and its life allocates anew what it uses.
    let rest = unsafe { recluse.shed(title.as_bytes(), rest, Rest::live) };
    rest.live()
}

/// The descriptors that init lives with.
struct Lines {
    signals: OwnedFd,
    control: OwnedFd,
    kept: Kept,
}

/// How far a prison's life has come.
#[derive(PartialEq, Eq)]
enum Life {
    /// The command that has made the prison has finished with it, and the prison goes on.
    Settled,
    Over,
}

/// All that init has to remember once the prison is made: numbers and descriptors, and at most
/// [`MOST`] of each. They lie in this value itself, as all other memory is about to be unmapped.
struct Rest {
    lines: Lines,
    persist: bool,
    ending: bool,
    range: u32,
    attached: [Option<(u32, OwnedFd)>; MOST],
    interfaces: [i32; MOST],
    interface_count: usize,
    ties: [Option<Tie>; MOST],
    born: [Option<Born>; MOST],
    mediator: mediate::Rest<MOST>,
}

/// How many processes and interfaces a [`Rest`] has room for. With more of them init keeps the
/// command's memory.
const MOST: usize = 32;

impl Rest {
    /// Runs init's life from when its prison has been made.
    fn live(self) -> ! {
        let mut init = Init {
            persist: self.persist,
            ending: self.ending,
            settled: true,
            runs_last: true,
            attached: self.attached.into_iter().flatten().collect(),
            interfaces: self.interfaces.into_iter().take(self.interface_count).collect(),
            range: self.range,
            ties: self.ties.into_iter().flatten().collect(),
            born: self.born.into_iter().flatten().collect(),
            mediator: Mediator::of_rest(self.mediator),
        };
        init.live_to_the_end(&self.lines)
    }
}

/// What init knows of its prison.
#[derive(Default)]
struct Init {
    persist: bool,
    /// The end has been asked for, by SIGKILL to all.
    ending: bool,
    /// The command that makes the prison has finished with it, or died.
    settled: bool,
    /// The last command of the start runs.
    runs_last: bool,
    /// Processes that were put in from outside, with a pidfd each.
    attached: Vec<(u32, OwnedFd)>,
    /// Interfaces that came from the host, as this network namespace numbers them.
    interfaces: Vec<i32>,
    /// The jail's first id on the host, which no other jail has.
    range: u32,
    /// Processes that end with others.
    ties: Vec<Tie>,
    /// Children that somebody outside has asked for.
    born: Vec<Born>,
    /// Answers calls of the jail.
    mediator: Mediator,
}

impl Init {
    /// Waits, reaps and obeys until the prison ends, or has just been finished.
    fn live(&mut self, lines: &Lines) -> Life {
        let signals = lines.signals.as_fd();
        let was_settled = self.settled;
        loop {
            self.take_signals(signals);
            if self.ending {
                // On every turn: a process may have entered a moment ago, after the last SIGKILL.
                let _ = signal::kill(-1, libc::SIGKILL);
            }
            // Attached processes are children of others: waitid(2) knows nothing of them, their
            // pidfds do.
            let empty = !self.reap() && self.attached.is_empty();
            let may_end = self.settled || self.runs_last;
            if empty && (self.ending || (may_end && !self.persist)) {
                return Life::Over;
            }
            if self.settled && !was_settled {
                return Life::Settled;
            }
            self.wait(lines);
        }
    }

    /// Does the same until the prison ends, when it has been made already.
    fn live_to_the_end(&mut self, lines: &Lines) -> ! {
        self.live(lines);
        self.end(lines)
    }

    /// What there is to remember, where a [`Rest`] has room for it.
    #[expect(clippy::result_large_err, reason = "without room it is moved once, and lives on")]
    fn into_rest(self, lines: Lines) -> Result<Rest, (Self, Lines)> {
        let others = [self.interfaces.len(), self.ties.len(), self.born.len()];
        let fits = self.mediator.fits(MOST);
        if !fits || others.into_iter().chain([self.attached.len()]).any(|length| length > MOST) {
            return Err((self, lines));
        }
        let mut interfaces = [0; MOST];
        for (place, interface) in interfaces.iter_mut().zip(&self.interfaces) {
            *place = *interface;
        }
        let mut attached = self.attached.into_iter();
        let (mut ties, mut born) = (self.ties.into_iter(), self.born.into_iter());
        Ok(Rest {
            lines,
            persist: self.persist,
            ending: self.ending,
            range: self.range,
            attached: array::from_fn(|_| attached.next()),
            interfaces,
            interface_count: self.interfaces.len(),
            ties: array::from_fn(|_| ties.next()),
            born: array::from_fn(|_| born.next()),
            mediator: self.mediator.into_rest(),
        })
    }

    /// Ends the prison.
    fn end(&self, lines: &Lines) -> ! {
        // Before init ends: its network namespace may die with it, and a veth's other end on the
        // host too.
        self.give_interfaces_back(lines.kept.network.as_fd());
        exit_now(0)
    }

    /// Sleeps until something happens, and drops the attached processes that have ended.
    fn wait(&mut self, lines: &Lines) {
        let control = lines.control.as_fd();
        let mut fds = vec![
            PollFd::new(&lines.signals, PollFlags::IN),
            PollFd::new(&lines.kept.door, PollFlags::IN),
        ];
        fds.extend(self.attached.iter().map(|(_, pidfd)| PollFd::new(pidfd, PollFlags::IN)));
        fds.extend(self.ties.iter().flat_map(Tie::polled));
        let first = fds.len();
        fds.extend(self.mediator.polled());
        let behind = fds.len();
        if !self.settled {
            fds.push(PollFd::from_borrowed_fd(control, PollFlags::IN));
        }
        // EINTR alone is expected, and the caller looks at everything again.
        if poll(&mut fds, self.mediator.patience().as_ref()).is_err() {
            return;
        }
        let heard: Vec<PollFlags> = fds[first..behind].iter().map(PollFd::revents).collect();
        let ready: Vec<bool> = fds.iter().map(|fd| !fd.revents().is_empty()).collect();
        let mut ended = ready.iter().skip(2).copied();
        self.attached.retain(|_| ended.next() == Some(false));
        let mut next = || ended.next().unwrap_or(false);
        self.ties.retain(|tie| tie.holds([next(), next()]));
        self.mediator.look(&heard, Ids { first: self.range });
        if ready.get(1) == Some(&true) {
            self.open(lines.kept.door.as_fd());
        }
        if !self.settled && ready.last() == Some(&true) {
            match hear(control) {
                Some(word::LAST) => self.runs_last = true,
                Some(word::SETTLE) => {
                    self.settled = true;
                    // A process that entered a moment ago has announced itself before the command
                    // said this, and may not be known yet.
                    self.take_signals(lines.signals.as_fd());
                    self.answer(control);
                }
                // The command has died, or let go of the prison: init is on its own.
                _ => self.settled = true,
            }
        }
    }

    /// Tells the command that has finished with the prison that the prison goes on. Silence, and
    /// the closed line, mean that it does not.
    fn answer(&mut self, control: BorrowedFd<'_>) {
        if self.persist || self.reap() || !self.attached.is_empty() {
            let _ = tell(control, word::SETTLE);
        }
    }

    /// Takes what has come through the door: ties, and orders, which are carried out.
    fn open(&mut self, door: BorrowedFd<'_>) {
        while let Ok((message, fds)) = control::receive_with(door, RecvFlags::DONTWAIT) {
            match message {
                [tie::TIE, _] => self.ties.extend(Tie::of(fds)),
                [title::TITLE, _] => title::take(fds),
                [mediate::LISTENER, _] => self.mediator.listen(fds, Ids { first: self.range }),
                [mediate::FILE_SYSTEMS, all] => {
                    self.mediator.allow(|it| it.file_systems = FileSystems(all));
                }
                [PRIVILEGES, all] => self.mediator.allow(|it| it.privileges = Privileges(all)),
                [delegate::ORDER, has] => {
                    let made = Order::of(has, fds).and_then(Order::carry_out);
                    let (born, tie) = made.unzip();
                    self.born.extend(born);
                    self.ties.extend(tie.flatten());
                }
                _ => {}
            }
        }
    }

    /// Collects children that have ended, and tells who has asked for them; answers whether others
    /// are left. Orphans of the jail are init's children, as of any process 1.
    fn reap(&mut self) -> bool {
        loop {
            match wait(WaitOptions::NOHANG) {
                Ok(Some((pid, status))) => {
                    let ended = Ended::of(status.exit_status(), status.terminating_signal());
                    self.tell_of(pid.as_raw_nonzero().get() as u32, ended);
                }
                Err(Errno::INTR) => {}
                Ok(None) => return true,
                Err(_) => return false,
            }
        }
    }

    fn tell_of(&mut self, pid: u32, ended: Ended) {
        if self.mediator.has_ended(pid, ended) {
            return;
        }
        if let Some(at) = self.born.iter().position(|born| born.pid == pid) {
            self.born.swap_remove(at).tell(ended);
        }
    }

    fn take_signals(&mut self, signals: BorrowedFd<'_>) {
        while let Some(caught) = signal::next(signals) {
            let Caught { signal, sender, value, .. } = caught;
            match signal {
                _ if !is_authentic(&caught) => {}
                ATTACHED => self.watch(sender),
                // Its number may be another interface's by the end of the prison.
                INTERFACE if value < 0 => self.interfaces.retain(|&index| index != -value),
                INTERFACE => self.interfaces.push(value),
                TERMINATE | END => {
                    let _ = signal::kill(-1, libc::SIGTERM);
                    self.persist = false;
                }
                REMOVE => self.ending = true,
                PERSIST => self.persist = true,
                TRANSIENT => self.persist = false,
                _ => {}
            }
        }
    }

    fn watch(&mut self, pid: u32) {
        let pid = i32::try_from(pid).ok().and_then(Pid::from_raw);
        if let Some(pid) = pid
            && let Ok(pidfd) = pidfd_open(pid, PidfdFlags::empty())
        {
            self.attached.push((pid.as_raw_nonzero().get() as u32, pidfd));
        }
    }

    /// Returns the interfaces to the host. An interface whose name is taken there gets a free name.
    fn give_interfaces_back(&self, network: BorrowedFd<'_>) {
        if self.interfaces.is_empty() {
            return;
        }
        let Ok(route) = vnet::route_socket() else { return };
        for &index in &self.interfaces {
            let moved = vnet::move_interface(route.as_fd(), index, network, None, None);
            if moved.is_err_and(|error| error.raw_os_error() == Some(libc::EEXIST)) {
                // Made of the jail's ids: init's own number, 1, is the same in every jail.
                let name = format!("vnet{}.{index}", self.range >> 16);
                let _ = vnet::move_interface(route.as_fd(), index, network, Some(&name), None);
            }
        }
    }
}

/// Answers whether a signal comes from where it must. With the host's ids (`kletka.userns =
/// inherit`) the jail's root may signal init; but the sender of a plain signal is the kernel's
/// word, and 0 is a process outside. The sender of a signal with a number can be made up: the
/// filter forbids such a jail to send one to process 1.
fn is_authentic(caught: &Caught) -> bool {
    let (plain, outside) = (caught.code == libc::SI_USER, caught.sender == 0);
    match caught.signal {
        ATTACHED => plain && !outside,
        INTERFACE => caught.code == libc::SI_QUEUE && outside,
        TERMINATE | END | REMOVE | PERSIST | TRANSIENT => plain && outside,
        _ => true,
    }
}
