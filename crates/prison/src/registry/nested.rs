//! Jails inside jails: jail(8), "Hierarchical Jails".
//!
//! A jail with `children.max` above 0 runs kletka itself: its root has a registry of its own,
//! [`DIRECTORY`], and makes prisons in namespaces that the jail's user namespace owns. When the
//! jail is made, one jid is set aside for each jail that may be inside, so that a jail has the same
//! jid wherever it is looked at; [`crate::registry::limits::Limits`] tells the jail which.
//!
//! From outside, [`view`] reads that registry. The jail's root may have written anything there:
//! files are read within bounds, and no link is followed. A record is believed where it can be
//! true: [`Claims`] compares it with the outer jail's record and with the other records, and a
//! [`Witness`] with what the kernel says. What a record claims of rights is cut to the outer
//! jail's. One loop reads the registries further inside. The jids of an inner jail's registry are a
//! part of the outer one's that leaves out the inner jail's own, so the loop comes to an end.

mod claims;

use crate::registry::inside::{Inner, Outer};
use crate::registry::limits::DIRECTORY;
use crate::registry::process_id::{Mark, ProcessId};
use crate::registry::record::{LARGEST, Record};
use claims::Claims;
use rustix::fs::{Dir, FileType, Mode, OFlags, ResolveFlags, fstat, openat, openat2};
use rustix::io::read;
use std::os::fd::{AsFd, BorrowedFd, OwnedFd};
use std::path::Path;

/// What is read for one jail of this registry, at all depths: no jail may keep its outside busy.
struct Budget {
    /// Directory entries.
    entries: usize,
    /// Bytes of records: as many as fill the entries with records of common length.
    bytes: usize,
}

impl Default for Budget {
    fn default() -> Self {
        Self { entries: 10_000, bytes: 8 << 20 }
    }
}

/// A file of a jail's registry: the jid that is its name, and its record.
type File = (u32, Record);

/// A jail, as one that others may be inside: what can be found out about it.
trait Witness {
    /// The files of the jail's own registry that can be read within `budget`.
    fn files(&self, budget: &mut Budget) -> Vec<File>;

    /// The jail's process `claimed`, if that can be the init of a jail inside.
    fn inner(&self, claimed: ProcessId) -> Option<Inner>;
}

/// Answers the prisons that the jail `outermost` has made, and those inside them, as the registry
/// of `outermost` is to know them. That registry has the records `known`.
pub(crate) fn view(outermost: &Record, known: &[Record]) -> Vec<Record> {
    read_all(outermost, known, |jail| jail.init.and_then(Outer::of))
}

/// Answers what [`view`] makes of registries on paper, where every process that a record names
/// lives and is what the record says. The process `PID` of a record has the registry `PID` modulo
/// the number of all. For tests.
pub fn view_on_paper(outermost: &Record, registries: &[Vec<(u32, &[u8])>]) -> Vec<Record> {
    read_all(outermost, std::slice::from_ref(outermost), |jail| {
        let number = jail.init?.pid as usize;
        Some(Paper(registries.get(number.checked_rem(registries.len())?)?))
    })
}

fn read_all<W: Witness>(
    outermost: &Record,
    known: &[Record],
    open: impl Fn(&Record) -> Option<W>,
) -> Vec<Record> {
    if !outermost.children.has_room() {
        return Vec::new();
    }
    let (mut budget, mut claims) = (Budget::default(), Claims::new(outermost.children.room, known));
    let mut next = Some(outermost.clone());
    // What is believed is its own list of what is still to be looked at.
    for at in 0.. {
        let Some(outer) = next else { break };
        if outer.children.has_room()
            && let Some(witness) = open(&outer)
        {
            claims.take_all(&outer, witness.files(&mut budget), |init| witness.inner(init));
        }
        next = claims.believed().get(at).cloned();
    }
    claims.into_believed()
}

impl Witness for Outer {
    fn files(&self, budget: &mut Budget) -> Vec<File> {
        self.root().and_then(registry_in).map_or_else(Vec::new, |it| records(it.as_fd(), budget))
    }

    fn inner(&self, claimed: ProcessId) -> Option<Inner> {
        self.find(claimed)
    }
}

/// A registry on paper.
struct Paper<'p>(&'p [(u32, &'p [u8])]);

impl Witness for Paper<'_> {
    fn files(&self, budget: &mut Budget) -> Vec<File> {
        let mut files = Vec::new();
        for (name, bytes) in self.0 {
            if budget.entries == 0 || budget.bytes < bytes.len() {
                break;
            }
            (budget.entries, budget.bytes) = (budget.entries - 1, budget.bytes - bytes.len());
            files.extend(Record::parse(bytes).ok().map(|record| (*name, record)));
        }
        files
    }

    fn inner(&self, claimed: ProcessId) -> Option<Inner> {
        // An odd mark is that of a process with a user namespace and a network of its own.
        let (Mark::Inode(mark) | Mark::Start(mark)) = claimed.mark;
        let has_own = mark % 2 == 1;
        Some(Inner { init: claimed, has_users: has_own, has_network: has_own })
    }
}

/// Opens the registry below the root of a jail.
fn registry_in(root: OwnedFd) -> Option<OwnedFd> {
    let inside = Path::new(DIRECTORY).strip_prefix("/").ok()?.join("jails");
    // A link that the jail has put there could lead to any directory of the host.
    let resolve = ResolveFlags::IN_ROOT | ResolveFlags::NO_SYMLINKS | ResolveFlags::NO_MAGICLINKS;
    let flags = OFlags::RDONLY | OFlags::DIRECTORY | OFlags::CLOEXEC;
    openat2(root, inside, flags, Mode::empty(), resolve).ok()
}

/// Reads all that can be understood of a registry's directory.
fn records(directory: BorrowedFd<'_>, budget: &mut Budget) -> Vec<File> {
    let Ok(mut entries) = Dir::read_from(directory) else { return Vec::new() };
    let mut room = vec![0; LARGEST + 1];
    let mut records = Vec::new();
    while budget.entries > 0
        && let Some(Ok(entry)) = entries.next()
    {
        budget.entries -= 1;
        let Some(jid) = jid(entry.file_name().to_bytes()) else { continue };
        // O_NONBLOCK: to open a FIFO that the jail has put there would wait for ever.
        let flags = OFlags::RDONLY | OFlags::NOFOLLOW | OFlags::NONBLOCK | OFlags::CLOEXEC;
        let Ok(file) = openat(directory, entry.file_name(), flags, Mode::empty()) else { continue };
        let regular = fstat(&file)
            .is_ok_and(|stat| FileType::from_raw_mode(stat.st_mode) == FileType::RegularFile);
        if regular && let Ok(length) = read(&file, &mut room) {
            let Some(rest) = budget.bytes.checked_sub(length) else { break };
            budget.bytes = rest;
            let record = Record::parse(&room[..length]).ok().filter(|_| length <= LARGEST);
            records.extend(record.map(|record| (jid, record)));
        }
    }
    records
}

/// The jid that is the name of a file, as kletka names the files of its registry.
fn jid(name: &[u8]) -> Option<u32> {
    let jid: u32 = std::str::from_utf8(name).ok()?.parse().ok()?;
    (jid.to_string().as_bytes() == name).then_some(jid)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::spec::Users;

    /// A record of a jail's registry; its init has the number `pid`, and with an odd `mark` users
    /// and a network of its own.
    fn text(jid: u32, name: &str, (max, first): (u32, u32), (pid, mark): (u32, u32)) -> Vec<u8> {
        let more = "rights=reserved_ports raw_sockets mount inet host_users own_network children";
        format!(
            "version=4\njid={jid}\nname={name}\npath=/in/{jid}\nboot=b\nchildren={max} {first}\n\
             init={pid} inode {mark}\ncgroup=/etc\nwork=/etc\n{more}\n"
        )
        .into_bytes()
    }

    fn outer(rights: &str) -> Record {
        let text = format!(
            "version=4\njid=2\nname=o\npath=/o\nboot=b\nids=65536\nchildren=10 10\nrights={rights}\ninit=1 inode 1\n\
             cgroup=/cgroup/2\n"
        );
        Record::parse(text.as_bytes()).unwrap()
    }

    /// What is believed of one or more registries: `JID NAME` of each jail.
    fn seen(registries: &[Vec<(u32, Vec<u8>)>]) -> String {
        let registries: Vec<Vec<(u32, &[u8])>> = registries
            .iter()
            .map(|files| files.iter().map(|(jid, text)| (*jid, text.as_slice())).collect())
            .collect();
        let seen = view_on_paper(&outer("inet children"), &registries);
        let seen = seen.iter().map(|record| format!("{} {}", record.jid, record.name));
        seen.collect::<Vec<_>>().join(", ")
    }

    #[test]
    #[rustfmt::skip]
    fn what_can_be_true_is_believed() {
        let none = (0, 0);
        for (files, want) in [
            (vec![(10, text(10, "a", none, (6, 1)))], "10 o.a"),
            (vec![(10, text(10, "a", (2, 11), (6, 1))), (13, text(13, "b", none, (8, 1)))], "10 o.a, 13 o.b"),
            // A jail inside another one of the same registry.
            (vec![(10, text(10, "a.b", none, (6, 1))), (11, text(11, "a", none, (8, 1)))], "11 o.a, 10 o.a.b"),
            (vec![(10, text(10, "x.b", none, (6, 1))), (11, text(11, "a", none, (8, 1)))], "11 o.a"),
            // Jids that were not set aside, or are not the file's, or are taken.
            (vec![(9, text(9, "a", none, (6, 1)))], ""),
            (vec![(20, text(20, "a", none, (6, 1)))], ""),
            (vec![(10, text(11, "a", none, (6, 1)))], ""),
            (vec![(10, text(10, "a", none, (6, 1))), (10, text(10, "b", none, (8, 1)))], "10 o.a"),
            (vec![(10, text(10, "a", (3, 11), (6, 1))), (12, text(12, "b", none, (8, 1)))], "10 o.a"),
            (vec![(10, text(10, "a", (3, 12), (6, 1))), (11, text(11, "b", (2, 14), (8, 1)))], "10 o.a"),
            (vec![(10, text(10, "a", (3, 12), (6, 1))), (11, text(11, "b", (2, 15), (8, 1)))], "10 o.a, 11 o.b"),
            // A range with the jail's own jid in it, or beyond the outer jail's.
            (vec![(10, text(10, "a", (2, 10), (6, 1)))], ""),
            (vec![(10, text(10, "a", (9, 12), (6, 1)))], ""),
            (vec![(10, text(10, "a", (u32::MAX, 12), (6, 1)))], ""),
            (vec![(10, text(10, "a", (2, u32::MAX), (6, 1)))], ""),
            // A name or an init of another one.
            (vec![(10, text(10, "a", none, (6, 1))), (11, text(11, "a", none, (8, 1)))], "10 o.a"),
            (vec![(10, text(10, "a", none, (6, 1))), (11, text(11, "b", none, (6, 1)))], "10 o.a"),
            (vec![(10, text(10, "a", none, (1, 1)))], ""),
            // No names.
            (vec![(10, text(10, "", none, (6, 1)))], ""),
            (vec![(10, text(10, ".a", none, (6, 1)))], ""),
            (vec![(10, text(10, "11", none, (6, 1)))], ""),
            (vec![(10, text(10, "a/b", none, (6, 1)))], ""),
            (vec![(10, text(10, "a\u{1b}", none, (6, 1)))], ""),
        ] {
            let shown: Vec<_> = files.iter().map(|(jid, text)| (*jid, text.escape_ascii().to_string())).collect();
            assert_eq!(seen(&[vec![], files]), want, "{shown:?}");
        }
    }

    #[test]
    fn paths_lead_down_and_are_plain() {
        for (path, want) in [
            ("/a", Some("/o/a")),
            ("/", Some("/o/")),
            ("/a/./b", Some("/o/a/./b")),
            ("/a/../../b", None),
            ("a", None),
            ("", None),
            ("/a\u{1b}[2J", None),
            ("/a\u{9b}", None),
            ("/a\u{202e}b", None),
        ] {
            let text = text(10, "a", (0, 0), (7, 1));
            let text = String::from_utf8(text).unwrap().replace("/in/10", path);
            let seen = view_on_paper(&outer("children"), &[vec![(10, text.as_bytes())]]);
            let path_seen = seen.first().and_then(|record| record.path.to_str());
            assert_eq!(path_seen, want, "{path:?}");
        }
    }

    /// Registries that lead back to each other, or to themselves, are read once for each jail.
    #[test]
    fn a_circle_comes_to_an_end() {
        let first = vec![(10, text(10, "a", (8, 11), (2, 1)))];
        let second = vec![
            (11, text(11, "b", (7, 12), (4, 1))),
            (12, text(12, "c", (6, 13), (5, 1))),
            (13, text(13, "c", (5, 14), (6, 1))),
        ];
        assert_eq!(seen(&[first.clone(), first.clone()]), "10 o.a");
        // The outer jail and `c` have the one registry, `a` and `b` the other.
        assert_eq!(seen(&[second.clone(), first]), "10 o.a, 11 o.a.b, 12 o.a.b.c");
        assert_eq!(seen(&[second.clone(), second]), "11 o.b, 12 o.b.c, 13 o.b.c.c");
    }

    /// No more jails than `children.max`, and no more files and bytes than the budget has.
    #[test]
    fn very_many_records() {
        let small = (0..20_000).map(|jid| (jid, text(jid, &format!("n{jid}"), (0, 0), (jid, 1))));
        let long =
            |jid| [text(jid, &format!("n{jid}"), (0, 0), (jid, 1)), vec![b'x'; LARGEST]].concat();
        let long = (10..10_000).map(|jid| (jid, long(jid)));
        assert_eq!(seen(&[small.collect()]).split(", ").count(), 10);
        assert_eq!(seen(&[long.collect()]).split(", ").count(), 10);
    }

    /// Whatever a record says, the jail has no more than the outer one, and nothing is removed or
    /// written that the record names.
    #[test]
    #[rustfmt::skip]
    fn rights_are_cut() {
        for (outers, mark, want, users) in [
            ("children",                           1, "outer_users own_network inet children", Users::Outer),
            ("inet children own_network",          1, "inet outer_users own_network children", Users::Outer),
            // The outer jail's network is not the inner one's own, and the users are no others.
            ("inet children own_network",          2, "inet host_users children", Users::Host),
            ("raw_sockets children",               2, "raw_sockets host_users children", Users::Host),
            ("raw_sockets mount quotas",           1, "mount raw_sockets inet outer_users own_network", Users::Outer),
            ("host_users",                         2, "host_users", Users::Host),
        ] {
            let text = text(10, "a", (0, 0), (7, mark));
            let seen = view_on_paper(&outer(outers), &[vec![(10, &text)]]).remove(0);
            let (mut words, mut wanted): (Vec<_>, Vec<_>) = (seen.rights.words().collect(), want.split(' ').collect());
            words.sort_unstable();
            wanted.sort_unstable();
            assert_eq!((words, seen.rights.users), (wanted, users), "{outers} {mark}");
            assert_eq!((seen.cgroup.as_deref(), seen.work.len(), seen.ids.first), (Some(Path::new("/cgroup/2")), 0, 65_536));
            assert_eq!((seen.parent, seen.is_inside()), (2, true));
        }
    }
}
