//! Commands that end with the program that stands for them: on FreeBSD jexec(8) becomes its
//! command, and who kills the one kills the other.
//!
//! The kernel's PR_SET_PDEATHSIG does not hold: it is forgotten when a process changes its user. So
//! init ends the command. Init has both ends of a line. The host's root takes a copy of the one
//! end, by pidfd_getfd(2), for which a jail's root has no right; the new process, while it has the
//! host's rights, sends two descriptors on it: a pidfd of its own, and one of the program that it
//! is to end with. Nothing is parsed.

use crate::control::{self, send_with};
use crate::prison::Prison;
use kernel::descriptor::Inherited;
use kernel::signal;
use rustix::event::{PollFd, PollFlags};
use rustix::net::SendFlags;
use rustix::process::{PidfdFlags, PidfdGetfdFlags, getpid, pidfd_getfd, pidfd_open};
use std::os::fd::{AsFd, BorrowedFd, OwnedFd};

/// The message at init's door that a tie comes with.
pub(crate) const TIE: u8 = b't';

/// The number of init's descriptor that the host takes a copy of: init reads no standard input.
const OUTER_END: i32 = 0;

/// What the program has that a command is to end with.
pub(crate) struct Life {
    /// The outer end of the line to init.
    line: OwnedFd,
    /// A pidfd of this process.
    own: OwnedFd,
}

/// The same as a process has it that is made later.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Tying {
    line: Inherited,
    life: Inherited,
}

/// The outer end of the line to a prison's init. `None`: a jail has made the prison, whose
/// processes are told nothing of this one; or Yama forbids pidfd_getfd(2).
pub(crate) fn way_to_init(prison: &Prison) -> Option<OwnedFd> {
    if prison.record().is_inside() {
        return None;
    }
    way_behind(prison.init().as_fd()).ok()
}

/// The same line, of the init behind this pidfd.
///
/// # Errors
/// `EPERM`: Yama forbids it.
pub(crate) fn way_behind(init: BorrowedFd<'_>) -> rustix::io::Result<OwnedFd> {
    // /dev/null in an older init, on which nothing can be sent.
    pidfd_getfd(init, OUTER_END, PidfdGetfdFlags::empty())
}

impl Life {
    /// This process's life, for a command in `prison`. `None`: there is no [`way_to_init`].
    pub(crate) fn of_this_process(prison: &Prison) -> Option<Self> {
        let line = way_to_init(prison)?;
        Some(Self { line, own: pidfd_open(getpid(), PidfdFlags::empty()).ok()? })
    }

    pub(crate) fn tying(&self) -> Tying {
        Tying { line: Inherited::of(&self.line), life: Inherited::of(&self.own) }
    }
}

impl Tying {
    /// Has init end the calling process, a new one, with that life. Allocates nothing.
    pub(crate) fn tie(self) -> rustix::io::Result<()> {
        let own = pidfd_open(getpid(), PidfdFlags::empty())?;
        let both = [own.as_fd(), self.life.as_fd()];
        // Without waiting: an init that is stopped would keep the command from running.
        send_with(self.line, [TIE, 0], &both, SendFlags::DONTWAIT)
    }
}

/// A process that is to end with another one.
pub(crate) struct Tie {
    process: OwnedFd,
    life: OwnedFd,
}

/// Makes the line of an init that is born later: the inner end, and the outer one.
pub(crate) fn door() -> std::io::Result<(OwnedFd, OwnedFd)> {
    control::line()
}

/// In init: makes the outer end its standard input, where the host finds it.
pub(crate) fn hang(outer: OwnedFd) -> std::io::Result<()> {
    Ok(rustix::stdio::dup2_stdin(outer)?)
}

impl Tie {
    /// The tie that these descriptors make.
    pub(crate) fn of(fds: Vec<OwnedFd>) -> Option<Self> {
        let [process, life] = fds.try_into().ok()?;
        Some(Self { process, life })
    }

    /// What is waited for: [`Tie::holds`].
    pub(crate) fn polled(&self) -> [PollFd<'_>; 2] {
        [&self.process, &self.life].map(|fd| PollFd::new(fd, PollFlags::IN))
    }

    /// Answers whether both processes live, after one of them may have `ended`. With its life, the
    /// command ends.
    pub(crate) fn holds(&self, ended: [bool; 2]) -> bool {
        if let [false, true] = ended {
            let _ = signal::send(self.process.as_fd(), libc::SIGKILL);
        }
        !ended.contains(&true)
    }
}
