//! User and group ids of prisons: each has 65,536 of its own on the host, disjoint from all others.

use crate::control;
use kernel::namespace::{self, Namespace};
use kernel::process::{Side, clone3, exit_now};
use rustix::fs::Gid;
use rustix::io::{Errno, read, write};
use rustix::pipe::{PipeFlags, pipe_with};
use rustix::process::{Resource, Rlimit, Uid, WaitId, WaitIdOptions, getrlimit, setrlimit, waitid};
use rustix::thread::{
    CapabilitiesSecureBits, set_capabilities_secure_bits, set_thread_groups, set_thread_res_gid,
    set_thread_res_uid,
};
use std::fs;
use std::io;
use std::os::fd::{AsFd, OwnedFd};

/// Ids that a prison has: 0 to 65,535 as seen inside.
pub(crate) const COUNT: u32 = 65_536;
/// Where the ranges begin: above the ids that distributions give to people, services and
/// /etc/subuid.
const FIRST: u32 = 0x1000_0000;
/// No range reaches here: ids stay below 2^31, for programs that hold them in signed numbers.
const END: u32 = 0x7000_0000;

/// A prison's range: id 0 inside is `first` on the host. `first` is 0 when the prison has the
/// host's ids.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Ids {
    /// The host's id of the jail's root.
    pub first: u32,
}

impl Ids {
    /// The ids outside and inside are the same.
    pub(crate) const SAME: Self = Self { first: 0 };

    /// A range for trying something. A jail may have it: nothing is made that lasts.
    pub(crate) const SOME: Self = Self { first: FIRST };

    /// The host's id for an id that the jail sees; `None` when the jail has no such id.
    pub fn on_host(self, inside: u32) -> Option<u32> {
        (inside < COUNT).then(|| self.first + inside)
    }

    /// The id that the jail sees for one of the host's; `None` when the jail does not have that
    /// one.
    pub(crate) fn inside(self, on_host: u32) -> Option<u32> {
        on_host.checked_sub(self.first).filter(|&inside| inside < COUNT)
    }

    /// Writes both maps of the process `pid`, which has just entered its user namespace:
    /// user_namespaces(7).
    pub(crate) fn write_maps(self, pid: u32) -> io::Result<()> {
        let map = format!("0 {} {COUNT}", self.first);
        MAPS.into_iter().try_for_each(|file| write_map(pid, file, &map))
    }

    /// Gives the calling process, which keeps its capabilities, the host's id of the jail's root:
    /// a user namespace that it makes then is counted for the jail. Allocates nothing.
    pub(crate) fn become_owner(self) -> io::Result<()> {
        // The whole jail gets the limits that its maker has, and not each of its users: those of
        // the caller's login would be too few processes for all of them.
        raise_process_limit()?;
        // With the capabilities lost, a host that forbids user namespaces to users would refuse
        // this one.
        set_capabilities_secure_bits(CapabilitiesSecureBits::NO_SETUID_FIXUP)?;
        let (uid, gid) = (Uid::from_raw(self.first), Gid::from_raw(self.first));
        set_thread_groups(&[])?;
        set_thread_res_gid(gid, gid, gid)?;
        Ok(set_thread_res_uid(uid, uid, uid)?)
    }

    /// Makes a user namespace with these maps, by a process that ends at once: for mounts that have
    /// to be idmapped before the jail's own namespace exists.
    pub(crate) fn user_namespace(self) -> io::Result<OwnedFd> {
        self.user_namespace_with(|pid| self.write_maps(pid))
    }

    /// Makes a user namespace that gives each id of the caller's to itself, by a process that ends
    /// at once: what is mounted with it has the ids that it had, and is an id-mapped mount.
    pub(crate) fn same_user_namespace() -> io::Result<OwnedFd> {
        Self::SAME.user_namespace_with(|pid| {
            MAPS.into_iter().try_for_each(|file| {
                let callers = fs::read_to_string(format!("/proc/self/{file}"))?;
                write_map(pid, file, &to_itself(&callers))
            })
        })
    }

    /// Makes a user namespace by a process that ends at once. `write_maps` maps the ids of that
    /// process.
    fn user_namespace_with(
        self,
        write_maps: impl FnOnce(u32) -> io::Result<()>,
    ) -> io::Result<OwnedFd> {
        let (done, says_so) = pipe_with(PipeFlags::CLOEXEC)?;
        let (wait, hold) = pipe_with(PipeFlags::CLOEXEC)?;
        let (pid, pidfd) = match clone3(0, None)? {
            Side::Child => {
                // With copies of these ends open, each side would wait for itself.
                drop((done, hold));
                let made =
                    self.become_owner().and_then(|()| namespace::unshare(libc::CLONE_NEWUSER));
                let _ = write(&says_so, &control::told(made));
                // Waits until the parent closes its end, or dies.
                let _ = read(&wait, &mut [0]);
                exit_now(0)
            }
            Side::Parent { pid, pidfd } => (pid, pidfd),
        };
        drop(says_so);
        let made = answer(&done)
            .and_then(|()| write_maps(pid))
            .and_then(|()| namespace::of_process(pidfd.as_fd(), Namespace::User));
        drop(hold);
        // The descriptor keeps the namespace when its only process is gone.
        waitid(WaitId::PidFd(pidfd.as_fd()), WaitIdOptions::EXITED)?;
        made
    }

    /// Finds the lowest range that is kletka's to give, and is neither in `taken` nor another
    /// user's.
    pub(crate) fn free(taken: &[Ids], ranges: &Ranges) -> Option<Ids> {
        let mut taken: Vec<u32> = taken.iter().map(|ids| ids.first).collect();
        taken.sort_unstable();
        ranges.given().find(|ids| {
            let last = ids.first + (COUNT - 1);
            let before = taken[..taken.partition_point(|&first| first <= last)].last();
            before.is_none_or(|first| first + (COUNT - 1) < ids.first) && !ranges.is_others(*ids)
        })
    }

    /// Finds the lowest range from `lowest` on that is kletka's to give and not another user's, and
    /// of which `is_taken` says that no prison has it.
    pub(crate) fn free_from(
        lowest: u32,
        ranges: &Ranges,
        is_taken: impl Fn(Self) -> bool,
    ) -> Option<Self> {
        let given = ranges.given().filter(|ids| ids.first >= lowest);
        given.filter(|ids| !ranges.is_others(*ids)).find(|ids| !is_taken(*ids))
    }
}

/// The files of a process that say which ids its user namespace has.
const MAPS: [&str; 2] = ["uid_map", "gid_map"];

/// Writes a map of the process `pid`.
fn write_map(pid: u32, file: &str, map: &str) -> io::Result<()> {
    // The kernel takes a map by one write(2) only, and opens these files without O_CREAT and
    // O_TRUNC.
    let mut file = fs::OpenOptions::new().write(true).open(format!("/proc/{pid}/{file}"))?;
    io::Write::write_all(&mut file, map.as_bytes())
}

/// The map of a user namespace inside that with the map `outer`, with the same ids.
fn to_itself(outer: &str) -> String {
    let ranges = outer.lines().filter_map(|line| {
        let mut words = line.split_ascii_whitespace();
        let (first, count) = (words.next()?, words.nth(1)?);
        Some(format!("{first} {first} {count}\n"))
    });
    ranges.collect()
}

/// Lets this process's user have as many processes as this process may ask for.
fn raise_process_limit() -> rustix::io::Result<()> {
    let unlimited = Rlimit { current: None, maximum: None };
    match setrlimit(Resource::Nproc, unlimited) {
        // Without CAP_SYS_RESOURCE the upper limit cannot be passed.
        Err(Errno::PERM) => {
            let maximum = getrlimit(Resource::Nproc).maximum;
            setrlimit(Resource::Nproc, Rlimit { current: maximum, maximum })
        }
        raised => raised,
    }
}

/// Reads how something went: an errno, and 0 for success.
fn answer(from: &OwnedFd) -> io::Result<()> {
    let mut errno = [0; 4];
    if read(from, &mut errno)? != errno.len() {
        return Err(io::ErrorKind::UnexpectedEof.into());
    }
    control::outcome(errno)
}

/// Ranges of ids, first and last of each: those from which prisons get theirs, and those of others.
#[derive(Debug, Clone)]
pub(crate) struct Ranges {
    ours: Vec<(u32, u32)>,
    others: Vec<(u32, u32)>,
}

/// The user who has kletka's ranges in subuid(5).
const OWNER: &str = "kletka";

impl Ranges {
    /// Reads who has which ids. Prisons get what subuid(5) gives to `kletka`, else all ids from
    /// 0x10000000 to 0x6fffffff, but never what subuid(5) or subgid(5) give to other users, nor
    /// ids of passwd(5) and group(5), nor what systemd-nspawn and its like have locked.
    pub(crate) fn read() -> Self {
        let [subuid, subgid, passwd, group] =
            ["/etc/subuid", "/etc/subgid", "/etc/passwd", "/etc/group"]
                .map(|file| fs::read(file).unwrap_or_default())
                .map(|bytes| String::from_utf8_lossy(&bytes).into_owned());
        let mut ranges = Self::parse(&subuid, &subgid);
        ranges.others.extend(accounts(&passwd).chain(accounts(&group)));
        ranges.others.extend(locked());
        ranges
    }

    /// All ids that prisons may be given, the lowest of each line first.
    fn given(&self) -> impl Iterator<Item = Ids> + '_ {
        let ours = self.ours.iter().flat_map(|&(first, last)| {
            (first..=last).step_by(COUNT as usize).take_while(move |&ids| last - ids >= COUNT - 1)
        });
        ours.map(|first| Ids { first })
    }

    /// Whether another user has some of these ids.
    fn is_others(&self, ids: Ids) -> bool {
        let last = ids.first + (COUNT - 1);
        self.others.iter().any(|&(from, to)| from <= last && ids.first <= to)
    }

    /// Whether these are ids that prisons may be given, whoever has them now.
    pub(crate) fn gives(&self, ids: Ids) -> bool {
        let inside = |&(first, last): &(u32, u32)| {
            let is_step = ids.first >= first && (ids.first - first).is_multiple_of(COUNT);
            is_step && last >= ids.first && last - ids.first >= COUNT - 1
        };
        self.ours.iter().any(inside)
    }

    /// The ranges from which prisons get theirs, in a word. `None`: they overlap, or are in no
    /// order.
    pub(crate) fn text(&self) -> Option<String> {
        if self.ours.windows(2).any(|pair| pair[1].0 <= pair[0].1) {
            return None;
        }
        let ranges = self.ours.iter().map(|(first, last)| format!("{first}-{last}"));
        Some(ranges.collect::<Vec<_>>().join(","))
    }

    /// The ranges from which prisons get theirs.
    pub(crate) fn ours(&self) -> &[(u32, u32)] {
        &self.ours
    }

    /// Whether prisons may get this id.
    pub(crate) fn has(&self, id: u32) -> bool {
        self.ours.iter().any(|&(first, last)| (first..=last).contains(&id))
    }

    fn parse(subuid: &str, subgid: &str) -> Self {
        let lines = |text: &str| text.lines().filter_map(range).collect::<Vec<_>>();
        let (users, groups) = (lines(subuid), lines(subgid));
        let of = |lines: &[(String, (u32, u32))], ours| {
            let these = lines.iter().filter(|(name, _)| (name == OWNER) == ours);
            these.map(|(_, range)| *range).collect::<Vec<_>>()
        };
        let ours = of(&users, true);
        Self {
            ours: if ours.is_empty() { vec![(FIRST, END - 1)] } else { ours },
            others: [of(&users, false), of(&groups, false)].concat(),
        }
    }
}

/// Where systemd-nspawn(1) and others that give away 65,536 ids have a file for each range, by its
/// first id: systemd's docs/UIDS-GIDS.md.
const LOCKS: &str = "/run/systemd/nspawn-uid";

/// The ranges for which there are such files.
fn locked() -> impl Iterator<Item = (u32, u32)> {
    let entries = fs::read_dir(LOCKS).into_iter().flatten().filter_map(Result::ok);
    let firsts = entries.filter_map(|entry| entry.file_name().to_str()?.parse().ok());
    firsts.map(|first: u32| (first, first.saturating_add(COUNT - 1)))
}

/// The ids of the lines of passwd(5) or group(5), in which the third field is the id.
fn accounts(text: &str) -> impl Iterator<Item = (u32, u32)> {
    let ids = text.lines().filter_map(|line| line.split(':').nth(2)?.parse().ok());
    // Those of people and services of this host, as most are, are no prison's anyway.
    ids.filter(|&id| id >= COUNT).map(|id| (id, id))
}

/// A line of subuid(5): name, first and last id.
fn range(line: &str) -> Option<(String, (u32, u32))> {
    let mut fields = line.trim().rsplitn(3, ':');
    let count: u32 = fields.next()?.parse().ok()?;
    let first: u32 = fields.next()?.parse().ok()?;
    Some((fields.next()?.to_owned(), (first, first.saturating_add(count.checked_sub(1)?))))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    #[rustfmt::skip]
    fn ranges_are_disjoint() {
        const SECOND: u32 = FIRST + COUNT;
        for (taken, subuid, subgid, want) in [
            (&[][..],       "",                              "",                            Some(FIRST)),
            (&[FIRST],      "",                              "",                            Some(SECOND)),
            (&[],           "anna:268435466:65536",          "",                            Some(FIRST + 2 * COUNT)),
            (&[],           "",                              "anna:268435466:1",            Some(SECOND)),
            (&[],           "anna:0:4294967295",             "",                            None),
            (&[],           "anna:100000:65536",             "anna:100000:65536",           Some(FIRST)),
            (&[],           "kletka:500000:131072",          "kletka:500000:131072",        Some(500_000)),
            (&[500_000],    "kletka:500000:131072",          "",                            Some(565_536)),
            (&[500_000, 565_536], "kletka:500000:131072",    "",                            None),
            (&[],           "kletka:500000:65535",           "",                            None),
            (&[],           "kletka:500000:131072\nanna:500000:1", "",                     Some(565_536)),
        ] {
            let taken: Vec<Ids> = taken.iter().map(|&first| Ids { first }).collect();
            let got = Ids::free(&taken, &Ranges::parse(subuid, subgid));
            assert_eq!(got, want.map(|first| Ids { first }), "{taken:?} {subuid:?} {subgid:?}");
        }
    }

    #[test]
    fn accounts_above_the_usual() {
        let passwd = "root:x:0:0::/:/bin/sh\nad:x:268435457:1::/:\n+::::::\nnobody:x:65534:1::/:\n";
        assert!(accounts(passwd).eq([(FIRST + 1, FIRST + 1)]));
        assert!(accounts("wheel:*:0:root\nbig:*:1879048191:\n").eq([(END - 1, END - 1)]));
    }

    #[test]
    #[rustfmt::skip]
    fn subuid_lines() {
        for (line, want) in [
            ("anna:100000:65536", Some(("anna".into(), (100_000, 165_535)))), // subuid(5)
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
