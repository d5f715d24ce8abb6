//! System calls of a jail that init answers: mount(2) and umount(2) with `allow.mount`, flags of
//! files by ioctl(2) with `allow.chflags`, attributes of files with `allow.extattr`, uname(2) with
//! `osrelease`; seccomp_unotify(2).
//!
//! The mount namespace of such a jail stays the host's, so that what the host has made read-only
//! or has covered stays so, whatever the jail may mount. Each filter of a process that enters has a
//! listener, which the process sends to init's door before it executes anything. Init only watches
//! the listeners. For a call it makes a process ([`serve`]), one at a time, which reads and answers
//! this call and those that follow at once on the same listener; and for each call this process
//! makes another in the rights of the jail ([`maker`]), which resolves all paths and makes what is
//! to be mounted. So no path of a jail is walked with the host's rights, and nothing that a jail
//! writes is read by init. What hangs, in a file system of the jail's own, is ended after
//! [`LIMIT`].

mod attributes;
mod call;
mod caller;
mod flags;
mod ledger;
mod maker;
pub(crate) mod privileges;
mod serve;

use crate::confine::ids::Ids;
use crate::confine::rights::Rights;
use crate::error::{Calling, Error};
use crate::files::mountinfo::is_root_of_mount;
use crate::files::tree::file_system;
use crate::permission::{Allow, Permission};
use crate::registry::record::Record;
use crate::tie::way_behind;
use kernel::child::Ended;
use kernel::namespace;
use kernel::notify;
use kernel::process::{Side, clone3};
use ledger::Ledger;
use privileges::Privileges;
use rustix::event::{PollFd, PollFlags, Timespec};
use rustix::fs::{CWD, Mode, OFlags, fstat, fstatfs, openat};
use rustix::net::{SendFlags, send};
use std::io;
use std::os::fd::{AsFd, BorrowedFd, OwnedFd};

/// The message at init's door that a listener comes with.
pub(crate) const LISTENER: u8 = b'l';
/// The message that says which file systems the jail may mount from now on: [`FileSystems`].
pub(crate) const FILE_SYSTEMS: u8 = b'm';

/// Seconds after which a call that has not been answered fails with `EINTR`: then the process ends
/// that answers it. Init itself has no clock: that is in memory which init has given up.
const LIMIT: u32 = 10;

/// How soon init tries again where it could not make a process.
const AGAIN: Timespec = Timespec { tv_sec: 0, tv_nsec: 100_000_000 };

/// The file systems that a jail may mount, each a bit.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub(crate) struct FileSystems(pub(crate) u8);

impl FileSystems {
    /// The permissions, in the order of their bits.
    const EACH: [Permission; 8] = [
        Permission::MountDevfs,
        Permission::MountFdescfs,
        Permission::MountFusefs,
        Permission::MountLinprocfs,
        Permission::MountLinsysfs,
        Permission::MountNullfs,
        Permission::MountProcfs,
        Permission::MountTmpfs,
    ];

    /// Those that are among these permissions. Without `allow.mount` there is none.
    pub(crate) fn of(allow: Allow) -> Self {
        let given = Self::EACH.into_iter().enumerate().filter(|(_, one)| allow.has(*one));
        let all = given.fold(0, |all, (place, _)| all | 1 << place);
        Self(if allow.has(Permission::Mount) { all } else { 0 })
    }

    pub(crate) fn has(self, permission: Permission) -> bool {
        let place = Self::EACH.into_iter().position(|one| one == permission);
        place.is_some_and(|place| self.0 & 1 << place != 0)
    }
}

/// What init does for a jail.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub(crate) struct Allowed {
    pub(crate) file_systems: FileSystems,
    pub(crate) privileges: Privileges,
}

impl Allowed {
    /// What a prison with these rights gets.
    pub(crate) fn of(rights: Rights) -> Self {
        let file_systems = FileSystems::of(rights.allow);
        Self { file_systems, privileges: Privileges::of(rights) }
    }

    /// As one number, for the ledger.
    fn number(self) -> u64 {
        u16::from_le_bytes([self.file_systems.0, self.privileges.0]).into()
    }

    fn of_number(number: u64) -> Self {
        let [file_systems, privileges, ..] = number.to_le_bytes();
        Self { file_systems: FileSystems(file_systems), privileges: Privileges(privileges) }
    }
}

/// Has the init behind `pidfd` mount what the record permits, and nothing else from now on.
///
/// # Errors
/// [`Error::Call`]: Yama forbids it. [`Error::Died`].
pub(crate) fn permit(record: &Record, pidfd: BorrowedFd<'_>) -> Result<(), Error> {
    let door = way_behind(pidfd).calling("pidfd_getfd")?;
    let FileSystems(all) = FileSystems::of(record.rights.allow);
    let sent = send(door, &[FILE_SYSTEMS, all], SendFlags::NOSIGNAL);
    sent.map(drop).map_err(|_| Error::Died)
}

/// What init keeps open for the processes that answer. Made with the first listener: before that
/// the jail has mounted nothing, and its paths mean what init has built.
#[derive(Debug)]
pub(crate) struct Kept {
    /// A /proc that is mounted nowhere: over one that is, the jail could mount.
    proc: OwnedFd,
    /// The jail's user namespace. A jail with the host's users has none.
    users: Option<OwnedFd>,
    /// Init's own mount namespace.
    mounts: OwnedFd,
    /// What the jail sees as /proc, /sys and /dev, with what covers parts of them.
    views: [Option<OwnedFd>; 3],
    ledger: Ledger,
}

/// The directories of [`Kept::views`], and the types that statfs(2) gives for them.
const VIEWS: [(&str, &[i64]); 3] =
    [("proc", &[0x9fa0]), ("sys", &[0x6265_6572]), ("dev", &[0x0102_1994])];

impl Kept {
    /// Opens all of it, in init.
    fn open(ids: Ids) -> io::Result<Self> {
        let proc = file_system("proc", &[], 0)?;
        let own = |path| openat(&proc, path, OFlags::RDONLY | OFlags::CLOEXEC, Mode::empty());
        let users = (ids != Ids::SAME).then(|| own("self/ns/uts"));
        let users = users.transpose()?.map(|names| namespace::owner(names.as_fd())).transpose()?;
        let mounts = own("self/ns/mnt")?;
        let views = VIEWS.map(|(name, types)| {
            let flags = OFlags::PATH | OFlags::DIRECTORY | OFlags::NOFOLLOW | OFlags::CLOEXEC;
            let opened = openat(CWD, format!("/{name}"), flags, Mode::empty()).ok()?;
            let kind = fstatfs(&opened).ok()?.f_type;
            let is_whole = is_root_of_mount(opened.as_fd()).unwrap_or(false);
            (types.contains(&kind) && is_whole).then_some(opened)
        });
        Ok(Self { proc, users, mounts, views, ledger: Ledger::new()? })
    }

    /// The number of the file system that is the jail's /dev.
    fn device_of_dev(&self) -> Option<u64> {
        let dev = self.views.last().and_then(Option::as_ref);
        dev.and_then(|dev| fstat(dev).ok()).map(|about| about.st_dev)
    }
}

/// Init's part.
#[derive(Debug, Default)]
pub(crate) struct Mediator {
    allowed: Allowed,
    kept: Option<Kept>,
    listeners: Vec<OwnedFd>,
    serving: Option<Serving>,
    /// The place of the listener that is looked at first.
    first: usize,
}

/// The listener whose calls are being answered.
#[derive(Debug)]
struct Serving {
    /// The process that answers; `None`: it could not be made.
    process: Option<u32>,
    /// The place of the listener.
    at: usize,
}

/// What of a mediator outlasts the memory of init.
pub(crate) struct Rest<const MOST: usize> {
    allowed: Allowed,
    kept: Option<Kept>,
    listeners: [Option<OwnedFd>; MOST],
}

impl Mediator {
    /// A mediator that does this.
    pub(crate) fn new(allowed: Allowed) -> Self {
        Self { allowed, ..Self::default() }
    }

    /// Whether a [`Rest`] has room for all of it.
    pub(crate) fn fits(&self, most: usize) -> bool {
        self.listeners.len() <= most && self.serving.is_none()
    }

    pub(crate) fn into_rest<const MOST: usize>(self) -> Rest<MOST> {
        let mut listeners = self.listeners.into_iter();
        let listeners = std::array::from_fn(|_| listeners.next());
        Rest { allowed: self.allowed, kept: self.kept, listeners }
    }

    pub(crate) fn of_rest<const MOST: usize>(rest: Rest<MOST>) -> Self {
        let listeners = rest.listeners.into_iter().flatten().collect();
        Self { allowed: rest.allowed, kept: rest.kept, listeners, ..Self::default() }
    }

    /// Does from now on what is left after `change`, and nothing else.
    pub(crate) fn allow(&mut self, change: impl FnOnce(&mut Allowed)) {
        change(&mut self.allowed);
        if let Some(kept) = &self.kept {
            kept.ledger.set_allowed(self.allowed);
        }
    }

    /// Takes a listener. Where its calls could not be answered, the listener is closed, and the
    /// kernel answers them with `ENOSYS`.
    pub(crate) fn listen(&mut self, fds: Vec<OwnedFd>, ids: Ids) {
        if self.kept.is_none() {
            self.kept = Kept::open(ids).ok();
            self.allow(|_| ());
        }
        if self.kept.is_some() {
            self.listeners.extend(fds);
        }
    }

    /// What is waited for: [`Mediator::look`] gets the answers. While a call is being answered, no
    /// other is waited for.
    pub(crate) fn polled(&self) -> impl Iterator<Item = PollFd<'_>> {
        let waits = self.serving.is_none();
        let listeners = self.listeners.iter().filter(move |_| waits);
        listeners.map(|listener| PollFd::new(listener, PollFlags::IN))
    }

    /// How long init may wait; `None`: for ever.
    pub(crate) fn patience(&self) -> Option<Timespec> {
        let serving = self.serving.as_ref()?;
        serving.process.is_none().then_some(AGAIN)
    }

    /// Looks at what the listeners have: `events`, if they were polled. Begins to answer a call.
    pub(crate) fn look(&mut self, events: &[PollFlags], ids: Ids) {
        self.serving.take_if(|it| it.process.is_none());
        if events.len() != self.listeners.len() {
            return;
        }
        // A listener without processes closes; one that has a call may still have it answered.
        let mut each = events.iter();
        self.listeners.retain(|_| {
            let events = each.next().copied().unwrap_or(PollFlags::IN);
            events.is_empty() || events.contains(PollFlags::IN)
        });
        let left = events.iter().filter(|it| it.is_empty() || it.contains(PollFlags::IN));
        let calls = left.enumerate().filter(|(_, it)| it.contains(PollFlags::IN));
        // In turn: none has to wait for all calls of another.
        let first = self.first;
        let at = calls.map(|(at, _)| at).min_by_key(|&at| (at < first, at));
        if let Some(at) = at.filter(|_| self.serving.is_none()) {
            self.first = at + 1;
            self.serve(at, ids);
        }
    }

    fn serve(&mut self, at: usize, ids: Ids) {
        let (Some(kept), Some(listener)) = (&self.kept, self.listeners.get(at)) else { return };
        kept.ledger.forget_request();
        let process = match clone3(0, None) {
            Ok(Side::Child) => serve::run(kept, listener.as_fd(), ids),
            Ok(Side::Parent { pid, .. }) => Some(pid),
            // The jail has as many processes as it may have.
            Err(_) => None,
        };
        self.serving = Some(Serving { process, at });
    }

    /// Whether the process that answers was this one, which has ended.
    pub(crate) fn has_ended(&mut self, pid: u32, ended: Ended) -> bool {
        let Some(serving) = self.serving.take_if(|it| it.process == Some(pid)) else {
            return false;
        };
        let at = self.listeners.get(serving.at);
        if let (Some(kept), Some(listener), true) = (&self.kept, at, ended != Ended::Exited(0))
            && let Some(id) = kept.ledger.request()
        {
            let _ = notify::answer(listener.as_fd(), id, Err(libc::EINTR));
        }
        true
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn types_are_allowed_one_by_one_and_only_with_allow_mount() {
        for permission in FileSystems::EACH {
            let alone = Allow::NOTHING.with(permission);
            assert_eq!(FileSystems::of(alone), FileSystems::default(), "{permission:?}");
            let both = FileSystems::of(alone.with(Permission::Mount));
            let has: Vec<_> = FileSystems::EACH.into_iter().filter(|one| both.has(*one)).collect();
            assert_eq!(has, [permission]);
        }
    }
}
