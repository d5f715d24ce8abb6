//! PID 1 of a prison: it builds the prison's file system, then waits until the prison ends.
//!
//! Init lives in the host's user namespace and in the jail's other ones, so that nothing inside can
//! signal, trace or read it. It executes nothing and parses nothing. It is told things by signals
//! with a number, which only the host's root can send: [`ATTACHED`] and the others below. Without
//! `persist` it ends with the last process; either way it first gives the interfaces that came from
//! the host back, because a network namespace that dies takes a veth and its other end with it.

use crate::control::{
    ATTACHED, END, INTERFACE, PERSIST, REMOVE, Report, SIGNALS, Stage, TERMINATE, TRANSIENT, hear,
    tell, word,
};
use crate::files::root::{self, Own, Plan};
use crate::vnet;
use kernel::lean::Recluse;
use kernel::process::exit_now;
use kernel::signal::{self, Caught};
use rustix::event::{PollFd, PollFlags, poll};
use rustix::fs::{Mode, OFlags, open};
use rustix::io::Errno;
use rustix::process::{Pid, PidfdFlags, WaitId, WaitIdOptions, pidfd_open, setsid, umask, waitid};
use rustix::thread::{ThreadNameSpaceType, move_into_thread_name_spaces, set_name};
use std::array;
use std::os::fd::{AsFd, BorrowedFd, OwnedFd};
use std::path::Path;

/// Init's whole life. `control` is its end of the line to the command; `network` the
/// host's network namespace.
pub(crate) fn run(plan: Plan, control: OwnedFd, network: OwnedFd) -> ! {
    // Without its signals init would be deaf; then it is better not to be.
    let Ok(signals) = signal::descriptor(&[&SIGNALS[..], &[END, libc::SIGCHLD]].concat()) else {
        exit_now(1)
    };
    let lines = Lines { signals, control, network };
    let _ = setsid();
    let title = format!("kletka: {} [init]", plan.name);
    let recluse = step_aside(&title);
    // What needs no ids is made while the first process makes its namespaces.
    let own = Own::make(&plan);
    if hear(lines.control.as_fd()) != Some(word::BUILD) {
        exit_now(1);
    }
    let range = plan.ids.first;
    let mut init = Init { persist: plan.persist, range, ..Init::default() };
    init.take_signals(lines.signals.as_fd());
    let built = own.and_then(|own| match init.attached.first() {
        Some((_, first)) => root::build(&plan, &own, first.as_fd()).map(|()| own),
        None => Err(Stage::Namespaces.failed(Path::new("/"), Errno::SRCH)),
    });
    let built = built.and_then(|own| follow(&plan, &init, &lines.control).map(|()| own));
    let told = match &built {
        Ok(_) => Report::up().send(lines.control.as_fd()),
        Err(report) => report.send(lines.control.as_fd()),
    };
    // `own` is still open: the command need not wait until it is closed, which takes 30 µs.
    if built.is_err() || told.is_err() {
        exit_now(1);
    }
    let_go(&recluse, &lines, &mut init);
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

/// Where the jail may mount, goes with the first process into the mount namespace that it makes for
/// that: processes that enter later follow init. What was built in init's own is locked there.
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

/// Lets go of the command's terminal, and of its name in ps(1).
#[expect(unsafe_code, reason = "init alone knows that it never goes back")]
fn step_aside(title: &str) -> Recluse {
    if let Ok(null) = open("/dev/null", OFlags::RDWR | OFlags::CLOEXEC, Mode::empty()) {
        let _ = rustix::stdio::dup2_stdin(&null);
        let _ = rustix::stdio::dup2_stdout(&null);
        let _ = rustix::stdio::dup2_stderr(&null);
    }
    umask(Mode::from_raw_mode(0o022));
    let _ = set_name(c"kletka");
    // SAFETY: init is a copy of a process, so it has one thread; `run` never returns, and reads
    // neither arguments nor environment.
    let recluse = unsafe { Recluse::new() };
    recluse.set_title(title.as_bytes());
    recluse
}

/// Closes all descriptors that init does not need any more.
#[expect(unsafe_code, reason = "init alone knows which descriptors it uses")]
fn let_go(recluse: &Recluse, lines: &Lines, init: &mut Init) {
    // The first process's pidfd is about to be closed with the others: it is opened again.
    let first: Vec<u32> = init.attached.drain(..).map(|(pid, _)| pid).collect();
    let keep = [&lines.signals, &lines.control, &lines.network].map(AsFd::as_fd);
    // SAFETY: `run` never returns, so what the closed descriptors belong to
    // is never dropped or used.
    unsafe { recluse.close_all_but(keep) };
    for pid in first {
        init.watch(pid);
    }
}

/// Goes on without the memory of the command.
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
    network: OwnedFd,
}

/// How far a prison's life has come.
#[derive(PartialEq, Eq)]
enum Life {
    /// The command that has made it has finished with it, and it goes on.
    Settled,
    Over,
}

/// All that init has to remember, once the prison is made: numbers, whose number is limited.
struct Rest {
    lines: Lines,
    persist: bool,
    ending: bool,
    range: u32,
    attached: [Option<(u32, OwnedFd)>; MOST],
    interfaces: [i32; MOST],
    interface_count: usize,
}

/// Init with more to remember than that keeps its memory.
const MOST: usize = 32;

impl Rest {
    /// Init's life, from when its prison has been made.
    fn live(self) -> ! {
        let mut init = Init {
            persist: self.persist,
            ending: self.ending,
            settled: true,
            runs_last: true,
            attached: self.attached.into_iter().flatten().collect(),
            interfaces: self.interfaces.into_iter().take(self.interface_count).collect(),
            range: self.range,
        };
        init.live_to_the_end(&self.lines)
    }
}

/// What init knows of its prison.
#[derive(Default)]
struct Init {
    persist: bool,
    /// SIGKILL has been asked for.
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
}

impl Init {
    /// Waits, reaps and obeys until the prison ends, or has just been finished.
    fn live(&mut self, lines: &Lines) -> Life {
        let (signals, control) = (lines.signals.as_fd(), lines.control.as_fd());
        let was_settled = self.settled;
        loop {
            self.take_signals(signals);
            if self.ending {
                // Again on every turn: a process may have been put in a moment ago.
                let _ = signal::kill(-1, libc::SIGKILL);
            }
            let empty = !reap() && self.attached.is_empty();
            let may_end = self.settled || self.runs_last;
            if empty && (self.ending || (may_end && !self.persist)) {
                return Life::Over;
            }
            if self.settled && !was_settled {
                return Life::Settled;
            }
            self.wait(signals, control);
        }
    }

    /// The same, from when the prison has been made.
    fn live_to_the_end(&mut self, lines: &Lines) -> ! {
        self.live(lines);
        self.end(lines)
    }

    /// What there is to remember, if it is not too much.
    fn into_rest(self, lines: Lines) -> Result<Rest, (Self, Lines)> {
        if self.attached.len() > MOST || self.interfaces.len() > MOST {
            return Err((self, lines));
        }
        let mut interfaces = [0; MOST];
        for (place, interface) in interfaces.iter_mut().zip(&self.interfaces) {
            *place = *interface;
        }
        let mut attached = self.attached.into_iter();
        Ok(Rest {
            lines,
            persist: self.persist,
            ending: self.ending,
            range: self.range,
            attached: array::from_fn(|_| attached.next()),
            interfaces,
            interface_count: self.interfaces.len(),
        })
    }

    /// The end of the prison.
    fn end(&self, lines: &Lines) -> ! {
        self.give_interfaces_back(lines.network.as_fd());
        exit_now(0)
    }

    /// Sleeps until something happens, and drops the attached processes that have ended.
    fn wait(&mut self, signals: BorrowedFd<'_>, control: BorrowedFd<'_>) {
        let mut fds = vec![PollFd::from_borrowed_fd(signals, PollFlags::IN)];
        fds.extend(self.attached.iter().map(|(_, pidfd)| PollFd::new(pidfd, PollFlags::IN)));
        if !self.settled {
            fds.push(PollFd::from_borrowed_fd(control, PollFlags::IN));
        }
        if poll(&mut fds, None).is_err() {
            return;
        }
        let ready: Vec<bool> = fds.iter().map(|fd| !fd.revents().is_empty()).collect();
        let mut ended = ready.iter().skip(1);
        self.attached.retain(|_| ended.next() == Some(&false));
        if !self.settled && ready.last() == Some(&true) {
            match hear(control) {
                Some(word::LAST) => self.runs_last = true,
                Some(word::SETTLE) => {
                    self.settled = true;
                    self.answer(control);
                }
                _ => self.settled = true,
            }
        }
    }

    /// Tells the command that has finished with the prison whether the prison goes on.
    fn answer(&self, control: BorrowedFd<'_>) {
        if self.persist || reap() || !self.attached.is_empty() {
            let _ = tell(control, word::SETTLE);
        }
    }

    fn take_signals(&mut self, signals: BorrowedFd<'_>) {
        while let Some(caught) = signal::next(signals) {
            let Caught { signal, sender, value, .. } = caught;
            match signal {
                _ if !is_authentic(&caught) => {}
                ATTACHED => self.watch(sender),
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

    /// Returns the interfaces to the host; one whose name is taken there gets a free one.
    fn give_interfaces_back(&self, network: BorrowedFd<'_>) {
        if self.interfaces.is_empty() {
            return;
        }
        let Ok(route) = vnet::route_socket() else { return };
        for &index in &self.interfaces {
            let moved = vnet::move_interface(route.as_fd(), index, network, None, None);
            if moved.is_err_and(|error| error.raw_os_error() == Some(libc::EEXIST)) {
                let name = format!("vnet{}.{index}", self.range >> 16);
                let _ = vnet::move_interface(route.as_fd(), index, network, Some(&name), None);
            }
        }
    }
}

/// Whether it comes from where it must. With the host's ids (`kletka.userns = inherit`) the jail's
/// root may signal init, but who has sent a plain signal is the kernel's word: 0 is somebody
/// outside. A signal with a number can claim any sender; there the filter forbids
/// to send one to process 1.
fn is_authentic(caught: &Caught) -> bool {
    let (plain, outside) = (caught.code == libc::SI_USER, caught.sender == 0);
    match caught.signal {
        ATTACHED => plain && !outside,
        INTERFACE => caught.code == libc::SI_QUEUE && outside,
        TERMINATE | END | REMOVE | PERSIST | TRANSIENT => plain && outside,
        _ => true,
    }
}

/// Collects children that have ended; whether others are left.
fn reap() -> bool {
    loop {
        match waitid(WaitId::All, WaitIdOptions::EXITED | WaitIdOptions::NOHANG) {
            Ok(Some(_)) | Err(Errno::INTR) => {}
            Ok(None) => return true,
            Err(_) => return false,
        }
    }
}
