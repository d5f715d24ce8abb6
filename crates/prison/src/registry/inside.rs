//! Which processes are inside a jail: by what the kernel says of their namespaces, whatever anybody
//! has written of them.
//!
//! A process enters a jail by way of the namespaces of that jail's init. So of a jail that another
//! jail has made, every namespace has to be the outer jail's own, or one that was made below the
//! outer jail's user namespace: there, the outer jail's root has no more rights than before.

use crate::registry::process_id::ProcessId;
use kernel::child::readable;
use kernel::namespace::{self, Identity, Namespace};
use kernel::proc::read_small;
use std::cell::OnceCell;
use std::fs::{self, File};
use std::io;
use std::os::fd::{AsFd, BorrowedFd, OwnedFd};
use std::time::Duration;

/// The namespaces that a process joins when it enters a jail. The pid namespace, in which it is
/// born, is looked at by the numbers of init.
const JOINED: [Namespace; 5] =
    [Namespace::Mount, Namespace::Net, Namespace::Uts, Namespace::Ipc, Namespace::Cgroup];

/// The network stack among these.
const NET: usize = 1;

/// How deep the kernel nests user namespaces, and pid namespaces: create_user_ns(),
/// create_pid_namespace().
const DEEPEST: usize = 33;

/// A jail that lives, as one that others may be inside.
pub(crate) struct Outer {
    init: ProcessId,
    processes: OwnedFd,
    place: Place,
    /// The jail has no user namespace but that of the caller.
    shares_users: bool,
    /// Where the kernel cannot be asked for one process: the first ones of all pid namespaces.
    firsts: OnceCell<Vec<u32>>,
}

/// The init of a jail that is inside another one.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct Inner {
    /// The process, by its number here.
    pub(crate) init: ProcessId,
    /// The jail's users are set apart from those of the outer jail by a user namespace.
    pub(crate) has_users: bool,
    /// The jail has another network stack than the outer one.
    pub(crate) has_network: bool,
}

/// Where a process is that enters a jail.
struct Place {
    /// The namespaces of [`JOINED`], in that order.
    joined: Vec<OwnedFd>,
    users: OwnedFd,
}

impl Place {
    /// Where the jail of the init behind `pidfd` is. An init lives in another user namespace than
    /// its jail, so the owner of its host name's namespace is asked for.
    fn of(pidfd: BorrowedFd<'_>) -> io::Result<Self> {
        let joined = JOINED.into_iter().map(|which| namespace::of_process(pidfd, which));
        let joined = joined.collect::<io::Result<_>>()?;
        let names = namespace::of_process(pidfd, Namespace::Uts)?;
        Ok(Self { joined, users: namespace::owner(names.as_fd())? })
    }
}

impl Outer {
    /// Looks at the jail of this init; `None`: the jail has ended.
    pub(crate) fn of(init: ProcessId) -> Option<Self> {
        let pidfd = init.open()?;
        let processes = namespace::of_process(pidfd.as_fd(), Namespace::Pid).ok()?;
        let place = Place::of(pidfd.as_fd()).ok()?;
        let shares_users = is_own(place.users.as_fd()).ok()?;
        Some(Self { init, processes, place, shares_users, firsts: OnceCell::new() })
    }

    /// Opens the root directory of the jail, while it lives.
    pub(crate) fn root(&self) -> Option<OwnedFd> {
        self.init.root()
    }

    /// Finds the process that the jail's root knows as `claimed`, if it is the first one of a pid
    /// namespace further inside, and all of its namespaces belong to this jail.
    pub(crate) fn find(&self, claimed: ProcessId) -> Option<Inner> {
        // The first process of this jail's own pid namespace is its init.
        let pid = self.number_here(claimed.pid).filter(|_| claimed.pid != 1)?;
        let init = ProcessId { pid, ..claimed };
        let pidfd = init.open()?;
        let is_first = numbers(pid).is_some_and(|numbers| numbers.last() == Some(&1));
        // Looked at afterwards: the number is this process's for as long as it has not ended.
        if !is_first || readable(pidfd.as_fd(), Some(Duration::ZERO)).ok()? {
            return None;
        }
        let place = Place::of(pidfd.as_fd()).ok().filter(|place| self.holds(place))?;
        let has_users = !same(&place.users, &self.place.users);
        let has_network = !same(&place.joined[NET], &self.place.joined[NET]);
        Some(Inner { init, has_users, has_network })
    }

    /// Answers the user namespace of the jail inside whose init is behind `pidfd`; `None`: it is
    /// that of the caller. Fails with `EPERM` if that jail is not inside this one, or would share
    /// the caller's users where this one does not.
    pub(crate) fn users_of(&self, pidfd: BorrowedFd<'_>) -> io::Result<Option<OwnedFd>> {
        let place = Place::of(pidfd)?;
        let shares = is_own(place.users.as_fd())?;
        if !self.holds(&place) || (shares && !self.shares_users) {
            return Err(io::Error::from_raw_os_error(libc::EPERM));
        }
        Ok((!shares).then_some(place.users))
    }

    /// Whether every namespace of `place` is this jail's own, or was made inside.
    fn holds(&self, place: &Place) -> bool {
        let mut each = place.joined.iter().zip(&self.place.joined);
        each.all(|(inner, outer)| same(inner, outer) || self.owns(inner.as_fd()))
    }

    /// Whether this jail's user namespace owns `namespace`, or one that was made below does. The
    /// caller's own user namespace counts for no jail: it owns all that the caller has.
    fn owns(&self, namespace: BorrowedFd<'_>) -> bool {
        let mut owner = namespace::owner(namespace);
        for depth in 0..DEEPEST {
            // EPERM: the owner is outside of the caller's own.
            let Ok(users) = owner else { return false };
            if same(&users, &self.place.users) {
                return depth > 0 || !self.shares_users;
            }
            owner = namespace::parent(users.as_fd());
        }
        false
    }

    /// Answers the number here of the process that is `pid` in this jail.
    fn number_here(&self, pid: u32) -> Option<u32> {
        match namespace::pid_from(self.processes.as_fd(), pid) {
            // Linux before 6.11.
            Err(error) if error.raw_os_error() == Some(libc::ENOTTY) => self.search(pid),
            answer => answer.ok(),
        }
    }

    /// The same, by looking at the first processes of all pid namespaces.
    fn search(&self, pid: u32) -> Option<u32> {
        let own = numbers(self.init.pid)?.len().checked_sub(1)?;
        let firsts = self.firsts.get_or_init(all_firsts);
        let is_it = |number: &&u32| {
            let numbers = numbers(**number).unwrap_or_default();
            numbers.get(own) == Some(&pid) && self.is_above(**number, numbers.len() - 1 - own)
        };
        firsts.iter().find(is_it).copied()
    }

    /// Whether the pid namespace of the process `number`, so many levels further in, is inside this
    /// jail's.
    fn is_above(&self, number: u32, levels: usize) -> bool {
        let mut inner = File::open(format!("/proc/{number}/ns/pid")).map(OwnedFd::from);
        for _ in 0..levels {
            inner = inner.and_then(|inner| namespace::parent(inner.as_fd()));
        }
        inner.is_ok_and(|found| same(&found, &self.processes))
    }
}

/// Whether two descriptors mean one namespace.
pub(crate) fn same(one: &OwnedFd, other: &OwnedFd) -> bool {
    let identity = |namespace: &OwnedFd| Identity::of(namespace.as_fd()).ok();
    identity(one).is_some_and(|one| Some(one) == identity(other))
}

/// Whether a user namespace is that of this process.
pub(crate) fn is_own(users: BorrowedFd<'_>) -> io::Result<bool> {
    Ok(Identity::of(users)? == Identity::of(File::open("/proc/self/ns/user")?.as_fd())?)
}

/// The numbers of a process, from its number here to that in its own pid namespace:
/// proc_pid_status(5), `NSpid`.
pub(crate) fn numbers(pid: u32) -> Option<Vec<u32>> {
    let status = read_small(&format!("/proc/{pid}/status"))?;
    // A process with many groups has a longer file than is read, which may end within this line: 15
    // must not be taken for 1.
    let lines = status.split_inclusive('\n').filter_map(|line| line.strip_suffix('\n'));
    let mut lines = lines.filter_map(|line| line.strip_prefix("NSpid:"));
    lines.next()?.split_whitespace().map(|number| number.parse().ok()).collect()
}

/// The first processes of all pid namespaces within this one, by their numbers here.
fn all_firsts() -> Vec<u32> {
    let Ok(entries) = fs::read_dir("/proc") else { return Vec::new() };
    let pids = entries.map_while(Result::ok).filter_map(|it| it.file_name().to_str()?.parse().ok());
    let is_first = |numbers: Vec<u32>| numbers.len() > 1 && numbers.last() == Some(&1);
    pids.filter(|&pid| numbers(pid).is_some_and(is_first)).collect()
}
