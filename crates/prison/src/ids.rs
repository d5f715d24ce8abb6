//! User and group ids of prisons: each has 65,536 of its own on the host, disjoint from all others.

use crate::sys::{self, Namespace, Side};
use rustix::io::read;
use rustix::pipe::{PipeFlags, pipe_with};
use rustix::process::{WaitId, WaitIdOptions, waitid};
use std::fs;
use std::io;
use std::os::fd::{AsFd, OwnedFd};

/// Ids that a prison has: 0 to 65,535 as seen inside.
pub(crate) const COUNT: u32 = 65_536;
/// Where the ranges begin: above what distributions give to people, services and /etc/subuid.
const FIRST: u32 = 0x1000_0000;
/// Ranges from here on are not used: ids stay below what a signed number holds.
const END: u32 = 0x7000_0000;

/// A prison's range: inside id 0 is `first` on the host; 0 when the prison has the host's ids.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Ids {
    /// The host's id of the jail's root.
    pub first: u32,
}

impl Ids {
    /// The ids outside and inside are the same.
    pub(crate) const SAME: Self = Self { first: 0 };

    /// The host's id for an id as the jail sees it; `None` when the jail has no such id.
    pub fn on_host(self, inside: u32) -> Option<u32> {
        (inside < COUNT).then(|| self.first + inside)
    }

    /// Writes both maps of the process `pid`, which has just entered its user namespace:
    /// user_namespaces(7).
    pub(crate) fn write_maps(self, pid: u32) -> io::Result<()> {
        let map = format!("0 {} {COUNT}", self.first);
        for file in ["uid_map", "gid_map"] {
            // One write(2), and no O_CREAT or O_TRUNC: these files know neither.
            let path = format!("/proc/{pid}/{file}");
            io::Write::write_all(
                &mut fs::OpenOptions::new().write(true).open(path)?,
                map.as_bytes(),
            )?;
        }
        Ok(())
    }

    /// A user namespace with these maps, of a process that is made for it and ends at once. For idmapped
    /// mounts that have to be made before the jail's own namespace is there.
    pub(crate) fn user_namespace(self) -> io::Result<OwnedFd> {
        let (wait, hold) = pipe_with(PipeFlags::CLOEXEC)?;
        // SAFETY: kletka's commands have one thread.
        let (pid, pidfd) = match unsafe { sys::clone3(libc::CLONE_NEWUSER as u64, None)? } {
            Side::Child => {
                drop(hold);
                // Until the parent closes its end, or dies.
                let _ = read(&wait, &mut [0]);
                std::process::exit(0)
            }
            Side::Parent { pid, pidfd } => (pid, pidfd),
        };
        let made =
            self.write_maps(pid).and_then(|()| sys::namespace(pidfd.as_fd(), Namespace::User));
        drop(hold);
        waitid(WaitId::PidFd(pidfd.as_fd()), WaitIdOptions::EXITED)?;
        made
    }

    /// The lowest range that neither `taken` nor a line of subuid(5) uses.
    pub(crate) fn free(taken: &[Ids], subordinate: &[(u32, u32)]) -> Option<Ids> {
        (FIRST..END).step_by(COUNT as usize).map(|first| Ids { first }).find(|ids| {
            let last = ids.first + (COUNT - 1);
            !taken.contains(ids)
                && subordinate.iter().all(|&(from, to)| last < from || to < ids.first)
        })
    }
}

/// The ranges that subuid(5) and subgid(5) give to users, first and last id of each.
pub(crate) fn subordinate_ranges() -> Vec<(u32, u32)> {
    ["/etc/subuid", "/etc/subgid"]
        .iter()
        .filter_map(|file| fs::read_to_string(file).ok())
        .flat_map(|text| text.lines().filter_map(range).collect::<Vec<_>>())
        .collect()
}

fn range(line: &str) -> Option<(u32, u32)> {
    let mut fields = line.trim().rsplit(':');
    let count: u32 = fields.next()?.parse().ok()?;
    let first: u32 = fields.next()?.parse().ok()?;
    Some((first, first.saturating_add(count.checked_sub(1)?)))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn ranges_are_disjoint() {
        let first = Ids::free(&[], &[]);
        assert_eq!(first, Some(Ids { first: FIRST }));
        let second = Ids::free(&[Ids { first: FIRST }], &[]);
        assert_eq!(second, Some(Ids { first: FIRST + COUNT }));
        let after_subordinate = Ids::free(&[], &[(FIRST + 10, FIRST + COUNT)]);
        assert_eq!(after_subordinate, Some(Ids { first: FIRST + 2 * COUNT }));
        assert_eq!(Ids::free(&[], &[(0, u32::MAX)]), None);
    }

    #[test]
    #[rustfmt::skip]
    fn subuid_lines() {
        for (line, want) in [
            ("anna:100000:65536", Some((100_000, 165_535))), // subuid(5)
            ("anna:100000:0",     None),
            ("anna",              None),
            ("",                  None),
        ] {
            assert_eq!(range(line), want, "{line:?}");
        }
    }

    #[test]
    fn only_own_ids_exist() {
        let ids = Ids { first: FIRST };
        assert_eq!(ids.on_host(1000), Some(FIRST + 1000));
        assert_eq!(ids.on_host(COUNT), None);
    }
}
