//! Jails inside jails: jail(8), "Hierarchical Jails".
//!
//! A jail with `children.max` above 0 runs kletka itself: its root has a registry of its own,
//! [`DIRECTORY`], and makes prisons in namespaces that its user namespace owns. With the jail's own
//! jid, its maker sets as many jids aside as it may have jails inside, so that each has the same
//! jid wherever it is looked at; [`crate::registry::limits::Limits`] tells the jail which.
//!
//! From outside, [`view`] reads that registry. Whatever stands in it the jail's root may have
//! written: it is read within bounds, no link is followed, and a prison is believed to be there
//! only if a process of that jail's pid namespace is.

use crate::registry::limits::DIRECTORY;
use crate::registry::process_id::ProcessId;
use crate::registry::record::{LARGEST, Record};
use crate::spec::Users;
use kernel::namespace::{self, Namespace};
use kernel::proc::read_small;
use rustix::fs::{Dir, FileType, Mode, OFlags, ResolveFlags, fstat, open, openat, openat2};
use rustix::io::read;
use std::os::fd::{AsFd, BorrowedFd, OwnedFd};
use std::path::Path;

/// Directory entries that are looked at: no jail may keep its outside busy.
const ENTRIES: usize = 10_000;

/// The prisons that the jail `parent` has made, and those inside them, as the registry of
/// `parent` is to know them.
pub(crate) fn view(parent: &Record) -> Vec<Record> {
    let mut found = Vec::new();
    if let Some(init) = parent.init.filter(|_| parent.children.max > 0)
        && let Some(pidfd) = init.open()
        && let Some(directory) = registry_of(init)
        && let Ok(processes) = namespace::of_process(pidfd.as_fd(), Namespace::Pid)
    {
        for record in records(directory.as_fd()) {
            found.extend(seen_from_outside(record, parent, processes.as_fd()));
        }
    }
    found.sort_by_key(|record| record.jid);
    found.dedup_by_key(|record| record.jid);
    let inside: Vec<Record> = found.iter().flat_map(view).collect();
    found.extend(inside);
    found
}

/// Opens the registry in the root of the process `init`.
fn registry_of(init: ProcessId) -> Option<OwnedFd> {
    let root = init.root()?;
    let inside = Path::new(DIRECTORY).strip_prefix("/").ok()?.join("jails");
    let resolve = ResolveFlags::IN_ROOT | ResolveFlags::NO_SYMLINKS | ResolveFlags::NO_MAGICLINKS;
    let flags = OFlags::RDONLY | OFlags::DIRECTORY | OFlags::CLOEXEC;
    openat2(root, inside, flags, Mode::empty(), resolve).ok()
}

/// All that can be understood of a registry's directory.
fn records(directory: BorrowedFd<'_>) -> Vec<Record> {
    let Ok(entries) = Dir::read_from(directory) else { return Vec::new() };
    let mut room = vec![0; LARGEST + 1];
    let mut records = Vec::new();
    for entry in entries.take(ENTRIES).map_while(Result::ok) {
        let flags = OFlags::RDONLY | OFlags::NOFOLLOW | OFlags::NONBLOCK | OFlags::CLOEXEC;
        let Ok(file) = openat(directory, entry.file_name(), flags, Mode::empty()) else { continue };
        let regular = fstat(&file)
            .is_ok_and(|stat| FileType::from_raw_mode(stat.st_mode) == FileType::RegularFile);
        if regular && let Ok(length) = read(&file, &mut room) {
            records.extend(Record::parse(&room[..length]));
        }
    }
    records
}

/// The number here of the init that the pid namespace `processes` knows as `pid`.
fn number_here(processes: BorrowedFd<'_>, pid: u32) -> Option<u32> {
    match namespace::pid_from(processes, pid) {
        // Linux before 6.11.
        Err(error) if error.raw_os_error() == Some(libc::ENOTTY) => {
            let namespace = fstat(processes).ok()?.st_ino;
            let entries = std::fs::read_dir("/proc").ok()?.map_while(Result::ok);
            let mut numbers = entries.filter_map(|entry| entry.file_name().to_str()?.parse().ok());
            numbers.find(|&number| is_init_in(number, namespace, pid))
        }
        answer => answer.ok(),
    }
}

/// Whether the process `number` is the init of a pid namespace inside that with inode `outer`,
/// which knows it as `pid`.
fn is_init_in(number: u32, outer: u64, pid: u32) -> bool {
    let status = read_small(&format!("/proc/{number}/status")).unwrap_or_default();
    let numbers = status.lines().find_map(|line| line.strip_prefix("NSpid:"));
    // From the outermost namespace to its own.
    let numbers = numbers.map(|numbers| numbers.split_whitespace().rev());
    let known = |mut from_inside: std::iter::Rev<std::str::SplitWhitespace<'_>>| {
        from_inside.next() == Some("1") && from_inside.next() == Some(pid.to_string().as_str())
    };
    let outside = || {
        let own = open(format!("/proc/{number}/ns/pid"), OFlags::CLOEXEC, Mode::empty()).ok()?;
        Some(fstat(namespace::parent(own.as_fd()).ok()?).ok()?.st_ino)
    };
    numbers.is_some_and(known) && outside() == Some(outer)
}

/// Whether a parameter has nothing in it that a terminal would obey.
fn is_printable((name, value): &(String, Vec<u8>)) -> bool {
    let shown = std::str::from_utf8(value).is_ok_and(|value| !value.chars().any(char::is_control));
    shown && !name.chars().any(char::is_control)
}

/// A record of a jail's registry in the terms of the registry outside; `None` when
/// it cannot be what it says.
fn seen_from_outside(record: Record, parent: &Record, processes: BorrowedFd<'_>) -> Option<Record> {
    let inner = record.init?;
    let init = ProcessId { pid: number_here(processes, inner.pid)?, ..inner };
    let limits = record.children;
    let fits = parent.children.contains(record.jid)
        && (limits.max == 0
            || (parent.children.contains(limits.first)
                && parent.children.contains(limits.first.checked_add(limits.max - 1)?)));
    let named = crate::registry::reservation::check_name(&record.name, record.jid).is_ok();
    if !fits || !named || record.boot != parent.boot || init.open().is_none() {
        return None;
    }
    let users = match record.rights.users {
        Users::Own => Users::Outer,
        other => other,
    };
    let mut rights = record.rights.within(parent.rights);
    rights.users = users;
    Some(Record {
        name: format!("{}.{}", parent.name, record.name),
        path: parent.path.join(record.path.strip_prefix("/").unwrap_or(&record.path)),
        ids: parent.ids,
        cgroup: parent.cgroup.clone(),
        parent: if record.parent == 0 { parent.jid } else { record.parent },
        rights,
        creator: None,
        work: Vec::new(),
        waiting: None,
        init: Some(init),
        is_inside: true,
        parameters: record.parameters.into_iter().filter(is_printable).collect(),
        ..record
    })
}
