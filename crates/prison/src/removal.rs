//! The end of a prison, in a time that nothing inside can lengthen: jail_remove(2).
//!
//! The prisons inside end first, those furthest inside before all, because each init gives its
//! interfaces back, which the outer init's SIGKILL would prevent. An init that a jail's own record
//! names may be any process of that jail's root, and obey nothing: all such inits together have
//! [`INSIDE`] until they are killed. The init of a prison that this registry has made does what it
//! is told, and is killed only when something keeps it from that for longer than [`OWN`].

use crate::control;
use crate::error::{Calling, Error};
use crate::prison::Prison;
use crate::registry::Registry;
use kernel::child::readable;
use kernel::signal;
use rustix::event::{PollFd, PollFlags, Timespec, poll};
use rustix::io::Errno;
use rustix::process::{Signal, WaitId, WaitIdOptions, pidfd_send_signal, waitid};
use std::os::fd::{AsFd, BorrowedFd};
use std::time::{Duration, Instant};

/// How long inits have that a jail's root has made, all together.
const INSIDE: Duration = Duration::from_secs(3);
/// How long an init of this registry has: to move an interface takes the kernel up to 20 ms, and a
/// prison may have hundreds.
const OWN: Duration = Duration::from_secs(30);
/// How long the kernel has to end a prison inside whose init was killed. After that, the outer
/// prison's end is no longer held up.
const KILLED: Duration = Duration::from_secs(1);

/// What has been done to end a prison.
#[derive(Debug)]
pub(crate) struct Removal {
    /// The prisons inside that are still there.
    inside: Vec<Prison>,
    /// When the outermost of the prisons was told to end.
    begun: Instant,
    pressure: Pressure,
}

/// How hard the init of a prison is pressed to end, and when that was not enough.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Pressure {
    /// Not at all: prisons inside come first.
    None,
    /// Init has been told to end.
    Told(Instant),
    /// Init has been killed.
    Killed(Instant),
}

impl Removal {
    fn new(inside: Vec<Prison>, begun: Instant) -> Self {
        Self { inside, begun, pressure: Pressure::None }
    }

    /// Presses the prisons that are furthest inside, and lets go of those that are gone, until some
    /// of one depth are left.
    fn press_inside(&mut self, registry: &Registry) -> Result<(), Error> {
        while let Some(deepest) = self.inside.iter().map(Prison::depth).max() {
            let (mut now, rest) = std::mem::take(&mut self.inside)
                .into_iter()
                .partition::<Vec<_>, _>(|prison| prison.depth() == deepest);
            self.inside = rest;
            let mut left = Vec::new();
            for mut prison in now.drain(..) {
                if !prison.has_ended(registry)? && !prison.is_given_up() {
                    left.push(prison);
                }
            }
            if !left.is_empty() {
                self.inside.extend(left);
                break;
            }
        }
        Ok(())
    }
}

impl Prison {
    /// Begins to end the prison: every process is killed, interfaces are given back to the host. A
    /// prison that has ended is no error. [`Prison::has_ended`] says when it is gone.
    ///
    /// # Errors
    /// [`Error::Registry`]: the prisons inside could not be found, or a record not be removed.
    pub fn begin_end(&mut self, registry: &Registry) -> Result<(), Error> {
        let begun = Instant::now();
        let inside = registry.inside(&self.record)?.into_iter().filter_map(Self::open);
        let inside = inside.map(|prison| Self {
            removal: Some(Box::new(Removal::new(Vec::new(), begun))),
            ..prison
        });
        self.removal = Some(Box::new(Removal::new(inside.collect(), begun)));
        // Init may be waiting for a word on this line: when it closes, no word is waited for.
        self.hold = None;
        self.press(registry)
    }

    /// Descriptors of which one becomes readable when [`Prison::has_ended`] is to be asked again.
    pub fn watched(&self) -> impl Iterator<Item = BorrowedFd<'_>> {
        let left = self.left.iter().map(AsFd::as_fd);
        let inside = self.removal.iter().flat_map(|removal| &removal.inside);
        [self.init.as_fd()].into_iter().chain(left).chain(inside.map(|it| it.init.as_fd()))
    }

    /// When [`Prison::has_ended`] is to be asked again although nothing has become readable.
    pub fn asks_again(&self) -> Option<Instant> {
        let removal = self.removal.as_ref()?;
        let inside = removal.inside.iter().filter_map(|prison| prison.removal.as_ref());
        let inside = inside.filter_map(|removal| match removal.pressure {
            Pressure::Told(until) | Pressure::Killed(until) => Some(until),
            Pressure::None => None,
        });
        let own = match removal.pressure {
            Pressure::Told(until) => Some(until),
            // Whoever watches sees the end that the kernel gives a process that was killed.
            Pressure::Killed(_) | Pressure::None => None,
        };
        inside.chain(own).min()
    }

    /// Collects the children that this process has left in the prison and that have ended; answers
    /// whether init has ended.
    pub fn collect(&mut self) -> bool {
        // A pid namespace's init cannot end before each of its processes has been collected, and
        // these are nobody else's children.
        self.left.retain(|child| !matches!(child.wait(Some(Duration::ZERO)), Ok(Some(_)) | Err(_)));
        readable(self.init.as_fd(), Some(Duration::ZERO)).unwrap_or(true)
    }

    /// Answers whether the prison is gone; then its cgroup and its record are removed. A prison
    /// that was told to end, and has not done so in its time, is killed.
    ///
    /// # Errors
    /// [`Error::Registry`] when its record could not be removed.
    pub fn has_ended(&mut self, registry: &Registry) -> Result<bool, Error> {
        self.press(registry)?;
        if !self.collect() {
            return Ok(false);
        }
        // Only the process that has made init can collect it; for all others this is ECHILD.
        let _ = waitid(WaitId::PidFd(self.init.as_fd()), WaitIdOptions::EXITED);
        registry.forget(&self.record)?;
        Ok(true)
    }

    /// Ends the prison, and waits until it is gone.
    ///
    /// # Errors
    /// [`Error::Registry`] when its record could not be removed.
    pub fn remove(mut self, registry: &Registry) -> Result<(), Error> {
        self.begin_end(registry)?;
        self.finish(registry)
    }

    /// Waits for the prison's end, and clears what is left.
    pub(crate) fn finish(&mut self, registry: &Registry) -> Result<(), Error> {
        while !self.has_ended(registry)? {
            let time = self.asks_again().map(|at| at.saturating_duration_since(Instant::now()));
            let time = time.and_then(|time| Timespec::try_from(time).ok());
            let watched = self.watched().map(|fd| PollFd::from_borrowed_fd(fd, PollFlags::IN));
            match poll(&mut watched.collect::<Vec<_>>(), time.as_ref()) {
                Err(Errno::INTR) => {}
                answer => drop(answer.calling("poll")?),
            }
        }
        Ok(())
    }

    /// Does what is due to end a prison that is to end: tells the prisons inside, then this one's
    /// init, and kills what has had its time.
    fn press(&mut self, registry: &Registry) -> Result<(), Error> {
        let Some(mut removal) = self.removal.take() else { return Ok(()) };
        let pressed = removal.press_inside(registry);
        if removal.inside.is_empty() {
            removal.pressure = self.next_pressure(removal.pressure, removal.begun);
        }
        self.removal = Some(removal);
        pressed
    }

    /// Presses init harder, if its time is over. An init that is gone already is what was asked
    /// for.
    fn next_pressure(&self, pressure: Pressure, begun: Instant) -> Pressure {
        let now = Instant::now();
        match pressure {
            Pressure::None => {
                let _ = signal::send(self.init.as_fd(), control::REMOVE);
                let is_inside = self.record.is_inside();
                Pressure::Told(if is_inside { begun + INSIDE } else { now + OWN })
            }
            Pressure::Told(until) if until <= now => {
                let _ = pidfd_send_signal(&self.init, Signal::KILL);
                Pressure::Killed(now + KILLED)
            }
            pressure => pressure,
        }
    }

    /// Whether the kernel had its time to end a prison that was killed.
    fn is_given_up(&self) -> bool {
        let pressure = self.removal.as_ref().map(|removal| removal.pressure);
        matches!(pressure, Some(Pressure::Killed(until)) if until <= Instant::now())
    }

    /// How far inside others the prison is.
    fn depth(&self) -> usize {
        self.record.name.matches('.').count()
    }
}
