//! What a new prison is given before it is made: jid, name, place among the others, user ids. No
//! system calls are made here: the caller holds the registry's lock and brings its records.

use crate::cgroup;
use crate::confine::ids::{Ids, Ranges};
use crate::error::Error;
use crate::registry::limits::Limits;
use crate::registry::record::{Broken, Record};
use crate::spec::{Spec, Users};
use std::ops::RangeInclusive;

/// The largest jid that is given out before counting starts again: FreeBSD's `JAIL_MAX`.
const JID_MAX: u32 = 999_999;

/// What is taken for a prison.
#[derive(Debug, PartialEq, Eq)]
pub(crate) struct Reservation {
    pub(crate) jid: u32,
    pub(crate) name: String,
    /// The jid of the jail that the prison is in; 0: of none.
    pub(crate) parent: u32,
    pub(crate) children: Limits,
    pub(crate) ids: Ids,
    /// The last jid that this gives out, to the prison or to jails inside it.
    pub(crate) last: u32,
}

impl Reservation {
    /// Chooses for `spec`, beside the prisons of `records` and what others hold. `last` is the jid
    /// that was given out before; `outer` are the limits of the jail whose registry this is;
    /// `ranges` says which ids there are.
    pub(crate) fn choose(
        spec: &Spec,
        (records, held): (&[Record], &[Held]),
        last: u32,
        outer: Option<Limits>,
        ranges: &Ranges,
    ) -> Result<Self, Error> {
        let range = outer.map_or(1..=JID_MAX, |outer| outer.first..=outer.end());
        let jids = Jids { records, held, range };
        let jid = match spec.jid {
            Some(jid) if jids.taken(jid) => return Err(Error::JidTaken(jid)),
            Some(jid) if outer.is_some_and(|outer| !outer.contains(jid)) => {
                return Err(Error::JidOutside(jid));
            }
            Some(jid) => jid,
            None => jids.free(last, 1, None).ok_or(Error::Limit)?,
        };
        let name = spec.name.clone().unwrap_or_else(|| jid.to_string());
        if records.iter().any(|record| record.name == name) {
            return Err(Error::NameTaken(name));
        }
        let parent = match name.rsplit_once('.') {
            None => None,
            Some((outer, _)) => Some(parent(outer, records)?),
        };
        // A dot is no part of a jail's name: what comes before the last one names the outer jail.
        check_name(name.rsplit('.').next().unwrap_or_default(), jid)?;
        let outermost = parent.map(|parent| parent.children).or(outer);
        if let Some(outer) = outermost {
            check_below(spec.children, outer)?;
        }
        let children = match spec.children {
            0 => Limits::default(),
            max => {
                // Set aside here, and never given to others, so that a jail inside has one jid
                // wherever it is seen.
                let first = jids.free(jid, max, Some(jid)).ok_or(Error::Limit)?;
                Limits::new(max, first)
            }
        };
        let of_others = held.iter().filter_map(|one| one.ids);
        let taken: Vec<Ids> = records.iter().map(|record| record.ids).chain(of_others).collect();
        let ids = match spec.users {
            Users::Own => Ids::free(&taken, ranges).ok_or(Error::NoIds)?,
            // No range is taken: these users have ids that somebody else was given.
            Users::Outer | Users::Host => Ids::SAME,
        };
        let parent = parent.map_or(0, |parent| parent.jid);
        Ok(Self { jid, name, parent, children, ids, last: jid.max(children.end()) })
    }
}

/// Refuses more jails inside a jail than the one that it is in may have beside it: kern_jail.c.
pub(crate) fn check_below(max: u32, outer: Limits) -> Result<(), Error> {
    if max > 0 && max >= outer.max { Err(Error::NotBelow(outer.max)) } else { Ok(()) }
}

/// The limits of the prison of `record` when up to `max` jails may be inside. More jids are set
/// aside where they are free, behind those that it has; or elsewhere, when it has no jail inside.
/// `None`: there are not so many.
pub(crate) fn with_room(
    record: &Record,
    max: u32,
    beside: (&[Record], &[Held]),
    last: u32,
    outer: Option<Limits>,
) -> Option<Limits> {
    let Limits { first, room, .. } = record.children;
    if max <= room {
        return Some(Limits { max, first, room });
    }
    let range = outer.map_or(1..=JID_MAX, |outer| outer.first..=outer.end());
    let jids = Jids { records: beside.0, held: beside.1, range };
    let mut behind = first + room..first + max;
    if behind.all(|jid| jids.range.contains(&jid) && !jids.taken(jid)) {
        return Some(Limits::new(max, first));
    }
    let has_some = jids.records.iter().any(|other| other.is_within(record));
    let elsewhere = (!has_some).then(|| jids.free(last, max, None)).flatten();
    elsewhere.map(|first| Limits::new(max, first))
}

/// What no new prison may get, although no prison of this registry is known to live with it: a
/// record cannot be read, or a dead prison's is still to be cleared.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Held {
    pub(crate) jid: u32,
    /// The jids that are set aside for jails inside.
    pub(crate) children: Limits,
    /// The ids, if they are known.
    pub(crate) ids: Option<Ids>,
}

impl Held {
    /// What a prison holds that is dead.
    pub(crate) fn of(record: &Record) -> Self {
        Self { jid: record.jid, children: record.children, ids: Some(record.ids) }
    }

    /// What a prison holds whose record is lost.
    pub(crate) fn of_cgroup(name: cgroup::Name) -> Self {
        let ids = Some(Ids { first: name.ids });
        Self { jid: name.jid, children: Limits::default(), ids }
    }

    /// What the prison of a broken record may hold.
    pub(crate) fn of_broken((jid, broken): &(u32, Broken)) -> Self {
        Self { jid: *jid, children: broken.children, ids: broken.ids }
    }
}

/// Finds the jail `name`, which is to have one more inside.
fn parent<'r>(name: &str, records: &'r [Record]) -> Result<&'r Record, Error> {
    let found = records.iter().find(|record| record.name == name);
    let parent = found.ok_or_else(|| Error::NoParent(name.to_owned()))?;
    if parent.is_inside() {
        return Err(Error::OthersJail(name.to_owned()));
    }
    // A jail inside counts at any depth, and for each jail that it is in.
    let mut outer = Some(parent);
    while let Some(record) = outer {
        let inside = records.iter().filter(|other| other.is_within(record)).count();
        if inside >= record.children.max as usize {
            return Err(Error::Limit);
        }
        outer = records.iter().find(|other| other.jid == record.parent);
    }
    Ok(parent)
}

/// Which jids there are, and which are taken: by prisons, or set aside for jails inside them.
struct Jids<'r> {
    records: &'r [Record],
    held: &'r [Held],
    range: RangeInclusive<u32>,
}

impl Jids<'_> {
    fn taken(&self, jid: u32) -> bool {
        self.held.iter().any(|one| one.jid == jid || one.children.contains(jid))
            || self.records.iter().any(|record| record.jid == jid || record.children.contains(jid))
    }

    /// Finds the first of `count` free jids in a row, after `last`: as on FreeBSD, one that was
    /// used lately is not used again soon.
    fn free(&self, last: u32, count: u32, but: Option<u32>) -> Option<u32> {
        let (lowest, highest) = (*self.range.start(), *self.range.end());
        let last = if self.range.contains(&last) { last } else { lowest.checked_sub(1)? };
        let free = |first: &u32| {
            let end = first.checked_add(count - 1).filter(|end| *end <= highest);
            end.is_some_and(|end| (*first..=end).all(|jid| Some(jid) != but && !self.taken(jid)))
        };
        (last + 1..=highest).chain(lowest..=last).find(free)
    }
}

/// The jids of a host in the order in which they are tried after `last`.
pub(crate) fn after(last: u32) -> impl Iterator<Item = u32> {
    let last = last.min(JID_MAX);
    (last + 1..=JID_MAX).chain(1..=last)
}

/// Refuses what cannot be a jail's name: kern_jail.c, "name cannot be numeric (unless it is the
/// jid)".
pub(crate) fn check_name(name: &str, jid: u32) -> Result<(), Error> {
    let numeric = name.bytes().all(|byte| byte.is_ascii_digit());
    // A slash breaks files, and what a terminal obeys or is deceived by breaks listings; a dash
    // begins an option of the next command.
    let unusable = name.chars().any(|c| c == '/' || !vis::is_plain(c)) || name.starts_with('-');
    if name.is_empty() || unusable || (numeric && name != jid.to_string()) {
        return Err(Error::BadName(name.to_owned()));
    }
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::*;

    fn record(jid: u32, name: &str, parent: u32, children: (u32, u32)) -> Record {
        let line = format!(
            "jid={jid}\nname={name}\nparent={parent}\nchildren={} {}\ninit=1 inode 1\n",
            children.0, children.1
        );
        Record::parse(line.as_bytes()).unwrap()
    }

    fn spec(name: &str, jid: Option<u32>, children: u32) -> Spec {
        Spec { name: (!name.is_empty()).then(|| name.into()), jid, children, ..Spec::default() }
    }

    #[test]
    #[rustfmt::skip]
    fn jids_and_names() {
        let records = [
            record(1, "web", 0, (0, 0)), record(2, "outer", 0, (3, 3)), record(6, "outer.a", 2, (0, 0)),
            record(7, "full", 0, (1, 8)), record(9, "full.a", 7, (0, 0)),
        ];
        let ranges = Ranges::read();
        for (asked, last, outer, want) in [
            (spec("x", None, 0),        9, None, "10 x 0 0"),
            (spec("", None, 0),         9, None, "10 10 0 0"),
            (spec("x", None, 2),        9, None, "10 x 0 11"),
            // The jids 3 to 5 and 8 are for those inside.
            (spec("x", None, 0),        2, None, "10 x 0 0"),
            (spec("x", None, 0),  999_999, None, "10 x 0 0"),
            (spec("x", Some(4), 0),     9, None, "jail 4 already exists; choose another jid, or leave it out"),
            (spec("x", Some(2), 0),     9, None, "jail 2 already exists; choose another jid, or leave it out"),
            (spec("web", None, 0),      9, None, "jail \"web\" already exists; choose another name"),
            (spec("outer.b", None, 0),  9, None, "10 outer.b 2 0"),
            (spec("web.a", None, 0),    9, None, "prison limit exceeded; raise children.max of the outer jail"),
            (spec("full.b", None, 0),   9, None, "prison limit exceeded; raise children.max of the outer jail"),
            (spec("none.b", None, 0),   9, None, "jail \"none\" not found; a name with a dot is that of a jail inside it: start none first, or use no dot"),
            (spec("outer.", None, 0),   9, None, "name \"\" cannot be used; begin it with a letter, and put neither / nor control characters in it"),
            (spec("a\u{1b}", None, 0), 9, None, "name \"a\u{1b}\" cannot be used; begin it with a letter, and put neither / nor control characters in it"),
            (spec("a\u{202e}b", None, 0), 9, None, "name \"a\u{202e}b\" cannot be used; begin it with a letter, and put neither / nor control characters in it"),
            (spec("12", None, 0),       9, None, "name cannot be numeric (unless it is the jid); begin it with a letter"),
            (spec("x", None, 0),        0, Some((2, 20)), "20 x 0 0"),
            (spec("x", None, 1),       20, Some((2, 20)), "21 x 0 20"),
            (spec("x", None, 2),       20, Some((2, 20)), "jail_set: Operation not permitted; children.max has to be less than the outer jail's, 2"),
            (spec("outer.b", None, 2),  9, None, "10 outer.b 2 11"),
            (spec("outer.b", None, 3),  9, None, "jail_set: Operation not permitted; children.max has to be less than the outer jail's, 3"),
            (spec("x", Some(30), 0),   20, Some((2, 20)), "jail 30 is not one of those that this jail may have"),
        ] {
            let outer = outer.map(|(max, first)| Limits::new(max, first));
            let got = match Reservation::choose(&asked, (&records, &[]), last, outer, &ranges) {
                Ok(it) => format!("{} {} {} {}", it.jid, it.name, it.parent, it.children.first),
                Err(error) => error.to_string(),
            };
            assert_eq!(got, want, "{asked:?} after {last}");
        }
    }

    #[test]
    #[rustfmt::skip]
    fn room_for_more_jails_inside() {
        let records = [
            record(1, "web", 0, (2, 2)), record(5, "db", 0, (0, 0)),
            record(10, "outer", 0, (1, 11)), record(11, "outer.a", 10, (0, 0)), record(13, "x", 0, (0, 0)),
            record(20, "last", 0, (2, 21)),
        ];
        let held = [Held { jid: 24, children: Limits::default(), ids: None }];
        for (name, max, outer, want) in [
            ("web",   0, None,          Some((0, 2, 2))),  // those set aside stay so
            ("web",   2, None,          Some((2, 2, 2))),
            ("web",   3, None,          Some((3, 2, 3))),  // 4 is free
            ("web",   4, None,          Some((4, 25, 4))), // 5 is not, and nobody is inside
            ("outer", 2, None,          Some((2, 11, 2))),
            ("outer", 3, None,          None),             // 13 is not free, and outer.a is inside
            ("last",  3, None,          Some((3, 21, 3))),
            ("last",  4, None,          Some((4, 25, 4))), // 24 is held
            ("last",  3, Some((9, 14)), Some((3, 14, 3))), // up to 22 alone, with those of all
            ("last",  4, Some((9, 14)), Some((4, 14, 4))),
            ("last",  7, Some((9, 14)), None),
        ] {
            let of = records.iter().find(|record| record.name == name).unwrap();
            let outer = outer.map(|(max, first)| Limits::new(max, first));
            let got = with_room(of, max, (&records, &held), 20, outer);
            assert_eq!(got.map(|it| (it.max, it.first, it.room)), want, "{name} {max}");
        }
    }

    /// The jids and the ids of a prison whose record is broken are given to no other.
    #[test]
    fn what_cannot_be_read_is_taken() {
        let first = Ids::free(&[], &Ranges::read());
        let children = Limits::new(2, 2);
        let held = [Held { jid: 1, children, ids: first }];
        let choose = |jid| {
            let ranges = Ranges::read();
            Reservation::choose(&spec("x", jid, 0), (&[], &held), 0, None, &ranges)
        };
        let chosen = choose(None).unwrap();
        assert!(chosen.jid == 4 && Some(chosen.ids) != first);
        for jid in [1, 3] {
            assert!(matches!(choose(Some(jid)), Err(Error::JidTaken(taken)) if taken == jid));
        }
    }
}
