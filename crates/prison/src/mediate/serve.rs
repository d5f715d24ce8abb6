//! The process that answers calls, one after the other, and ends when no other comes soon. It has
//! init's rights and namespaces.
//!
//! It attaches, moves, changes and unmounts by descriptors that a maker has opened, and only mounts
//! that are in the ledger.

use crate::confine::ids::Ids;
use crate::files::mountinfo::is_root_of_mount;
use crate::files::overlay::CLONE;
use crate::files::root::put;
use crate::mediate::attributes::{Access, By, Kind};
use crate::mediate::call::{self, CHANGED, Setting};
use crate::mediate::caller::{Caller, SYS_ADMIN, memory, text_of};
use crate::mediate::ledger::{As, Id};
use crate::mediate::maker::{Made, Order, What, make};
use crate::mediate::privileges::Privileges;
use crate::mediate::{Allowed, Kept, LIMIT, attributes, flags};
use kernel::notify::{self, Request};
use kernel::process::exit_now;
use kernel::{confine, mount, signal};
use rustix::event::{PollFd, PollFlags, Timespec, poll};
use rustix::fs::{
    CWD, FileType, Mode, OFlags, ResolveFlags, XattrFlags, fstat, openat, openat2, readlinkat,
};
use rustix::io::{Errno, pwrite, read};
use rustix::mount::{OpenTreeFlags, UnmountFlags, open_tree, unmount};
use rustix::process::{chdir, fchdir};
use rustix::system::uname;
use std::ffi::{CStr, OsStr};
use std::fs::File;
use std::io::{self, Read};
use std::os::fd::{AsFd, AsRawFd, BorrowedFd, OwnedFd};
use std::os::unix::ffi::OsStrExt;

/// How long this process waits for another call: to make a process for each call costs more than
/// what most calls do.
const SOON: Timespec = Timespec { tv_sec: 0, tv_nsec: 2_000_000 };

/// After so many calls other listeners get their turn.
const MOST: usize = 64;

/// Receives calls and answers them.
pub(super) fn run(kept: &Kept, listener: BorrowedFd<'_>, ids: Ids) -> ! {
    let hidden = confine::hide_from_ptrace();
    notify::wake_in_place(listener);
    for _ in 0..MOST {
        signal::die_after(LIMIT);
        // The caller may have been killed.
        let Ok(request) = notify::receive(listener) else { break };
        kept.ledger.set_request(request.id);
        let server = Server { kept, listener, allowed: kept.ledger.allowed(), ids, request };
        let done = if hidden.is_ok() { server.answer() } else { Err(Errno::PERM.into()) };
        let failed = |error: io::Error| error.raw_os_error().unwrap_or(libc::EINVAL);
        let _ = match done.map_err(failed) {
            Ok(Answer::Kernels) => notify::leave(listener, request.id),
            Ok(Answer::Done(value)) => notify::answer(listener, request.id, Ok(value)),
            Err(errno) => notify::answer(listener, request.id, Err(errno)),
        };
        kept.ledger.forget_request();
        let mut next = [PollFd::new(&listener, PollFlags::IN)];
        if poll(&mut next, Some(&SOON)) != Ok(1) || next[0].revents() != PollFlags::IN {
            break;
        }
    }
    exit_now(0)
}

struct Server<'a> {
    kept: &'a Kept,
    listener: BorrowedFd<'a>,
    allowed: Allowed,
    ids: Ids,
    request: Request,
}

/// Where a call acts, and who has made it.
#[derive(Clone, Copy)]
struct Place<'a> {
    caller: &'a Caller,
    target: &'a CStr,
}

/// How a call is answered that has not failed.
enum Answer {
    Done(i64),
    /// By the kernel itself, with the caller's rights.
    Kernels,
}

impl Server<'_> {
    fn answer(&self) -> io::Result<Answer> {
        match libc::c_long::from(self.request.number) {
            libc::SYS_ioctl => self.change_flags(),
            number => match attributes::call(number) {
                Some((kind, by)) => self.access_attribute(kind, by),
                None => self.answer_itself().map(|()| Answer::Done(0)),
            },
        }
    }

    /// Changes flags of a file, which no other ioctl(2) does that comes here.
    fn change_flags(&self) -> io::Result<Answer> {
        let [number, _, address, ..] = self.request.arguments;
        // Whatever is wrong with the arguments, the kernel says to the caller.
        let asked = Caller::find(self.kept, self.request.thread, self.ids)
            .and_then(|it| Ok((it.descriptor(number as i32)?, it.number(address)?, it)));
        let Ok((file, wanted, caller)) = asked else { return Ok(Answer::Kernels) };
        self.check_caller_waits()?;
        let (kept, ids, caller) = (self.kept, self.ids, &caller);
        let change = flags::Change { kept, caller, ids, file, wanted };
        let is_done = change.carry_out(self.allowed.privileges)?;
        Ok(if is_done { Answer::Done(0) } else { Answer::Kernels })
    }

    /// Reads or writes an attribute of a file.
    fn access_attribute(&self, kind: Kind, by: By) -> io::Result<Answer> {
        let [first, name, value, length, flags, _] = self.request.arguments;
        // Looked at before the caller is: most calls are about other attributes.
        let name = text_of(self.request.thread, name).ok();
        let name = name.filter(|name| attributes::is_of_system(name, kind));
        let has = self.allowed.privileges.has(Privileges::ATTRIBUTES);
        let Some(name) = name.filter(|_| has && length <= attributes::LARGEST) else {
            return Ok(Answer::Kernels);
        };
        let Ok(caller) = Caller::find(self.kept, self.request.thread, self.ids) else {
            return Ok(Answer::Kernels);
        };
        let access = match kind {
            Kind::Get => Access::Get(length as usize),
            Kind::Set => {
                let flags = XattrFlags::from_bits_retain(flags as u32);
                Access::Set(caller.bytes(value, length as usize)?, flags)
            }
            Kind::Remove => Access::Remove,
        };
        let file = match by {
            By::Descriptor => caller.descriptor(first as i32)?,
            By::Path { follows } => {
                let path = caller.text(first)?;
                self.check_caller_waits()?;
                let order = Order { target: &path, follows, what: What::Nothing };
                make(self.kept, &caller, &order)?.0
            }
        };
        let memory = memory(self.kept, self.request.thread)?;
        self.check_caller_waits()?;
        let governs = caller.governs(self.kept, self.ids, &file)?;
        if !caller.has(SYS_ADMIN) || !governs || !attributes::is_served(&file, by)? {
            return Ok(Answer::Kernels);
        }
        let (read, length) = attributes::carry_out(self.kept, &file, &name, access)?;
        if !read.is_empty() && pwrite(memory, &read, value) != Ok(read.len()) {
            return Err(Errno::FAULT.into());
        }
        Ok(Answer::Done(length as i64))
    }

    fn answer_itself(&self) -> io::Result<()> {
        let number = libc::c_long::from(self.request.number);
        let [first, second, third, fourth, fifth, _] = self.request.arguments;
        // Whoever asks, from whatever namespaces inside the jail's.
        if number == libc::SYS_uname {
            let (names, memory) = (self.names()?, memory(self.kept, self.request.thread)?);
            self.check_caller_waits()?;
            let written = pwrite(memory, &names, first);
            return if written == Ok(names.len()) { Ok(()) } else { Err(Errno::FAULT.into()) };
        }
        let caller = Caller::find(self.kept, self.request.thread, self.ids)?;
        caller.check_may_mount()?;
        match number {
            libc::SYS_mount => {
                let (source, target) = (caller.text(first)?, caller.text(second)?);
                // A remount, a bind and a move have none, but may have anything in their place.
                let kind = caller.text(third).unwrap_or_default();
                let data = caller.text(fifth)?;
                self.check_caller_waits()?;
                let mount = call::mount(fourth, &kind, &data, self.allowed.file_systems)?;
                self.mount(&caller, &source, &target, mount)
            }
            libc::SYS_umount2 => {
                let target = caller.text(first)?;
                self.check_caller_waits()?;
                self.unmount(&caller, &target, second)
            }
            _ => Err(Errno::NOSYS.into()),
        }
    }

    /// What was read of the caller is the caller's only if that still waits.
    fn check_caller_waits(&self) -> io::Result<()> {
        let waits = notify::waits(self.listener, self.request.id);
        if waits { Ok(()) } else { Err(Errno::INTR.into()) }
    }

    fn mount(
        &self,
        caller: &Caller,
        source: &CStr,
        target: &CStr,
        mount: call::Mount,
    ) -> io::Result<()> {
        let place = Place { caller, target };
        let attach =
            |(target, made): Made, attributes| self.attach(&target, made, As::One, attributes);
        match mount {
            call::Mount::Nothing => Ok(()),
            call::Mount::Bind { recursive, attributes } => {
                attach(self.make(place, What::Clone { source, recursive })?, attributes)
            }
            call::Mount::New { kind, settings, attributes, descriptor } => {
                let descriptor = descriptor.map(|number| caller.descriptor(number)).transpose()?;
                self.check_caller_waits()?;
                let settings = &settings[..];
                let what = What::New { kind, source, settings, attributes, descriptor };
                attach(self.make(place, what)?, 0)
            }
            call::Mount::View(number) => {
                let view = self.kept.views.get(number).and_then(Option::as_ref);
                let view = view.ok_or(Errno::NODEV)?;
                let (target, _) = self.make(place, What::Nothing)?;
                let flags = CLONE | OpenTreeFlags::AT_RECURSIVE;
                self.attach(&target, Some(open_tree(view, c"", flags)?), As::View, 0)
            }
            call::Mount::Change { attributes, settings } => {
                self.change(place, attributes, &settings)
            }
            call::Mount::Move => {
                let (target, moved) = self.make(place, What::Path(source))?;
                let moved = moved.ok_or(Errno::INVAL)?;
                self.check_made_by_jail(moved.as_fd())?;
                Ok(put(moved.as_fd(), target.as_fd())?)
            }
        }
    }

    fn make(&self, Place { caller, target }: Place<'_>, what: What<'_>) -> io::Result<Made> {
        make(self.kept, caller, &Order { target, follows: true, what })
    }

    /// Attaches what was made at `target`.
    fn attach(
        &self,
        target: &OwnedFd,
        made: Option<OwnedFd>,
        kind: As,
        attributes: u64,
    ) -> io::Result<()> {
        let made = made.ok_or(Errno::INVAL)?;
        if attributes != 0 {
            mount::change_attributes(made.as_fd(), attributes, 0)?;
        }
        let id = Id::of(made.as_fd())?;
        // Noted first: a mount that is in no list could never be unmounted.
        self.kept.ledger.add(id, kind, || self.mounts())?;
        Ok(put(made.as_fd(), target.as_fd()).inspect_err(|_| drop(self.kept.ledger.remove(id)))?)
    }

    /// Changes a mount, and of memory its size.
    fn change(&self, place: Place<'_>, attributes: u64, settings: &[Setting]) -> io::Result<()> {
        let (target, _) = self.make(place, What::Nothing)?;
        let (_, made) = self.check_made_by_jail(target.as_fd())?;
        // Programs send back all that mountinfo shows, with the host's ids among it.
        let sizes: Vec<Setting> = settings
            .iter()
            .filter(|(key, _)| matches!(key.to_bytes(), b"size" | b"nr_blocks" | b"nr_inodes"))
            .cloned()
            .collect();
        if !sizes.is_empty() {
            self.make(place, What::Change(&sizes))?;
        }
        match made {
            // A mount that says nothing of times keeps them as it does by default.
            As::One => mount::change_attributes(target.as_fd(), attributes, CHANGED),
            // What init has made read-only stays so wherever it is shown, and nothing locks that
            // in a clone of init's.
            As::View => {
                let added = attributes & !libc::MOUNT_ATTR__ATIME;
                mount::change_attributes(target.as_fd(), added, 0)
            }
        }
    }

    /// Refuses what is no mount, or none of the jail's own.
    fn check_made_by_jail(&self, mount: BorrowedFd<'_>) -> io::Result<(Id, As)> {
        if !is_root_of_mount(mount)? {
            return Err(Errno::INVAL.into());
        }
        let id = Id::of(mount)?;
        let made = self.kept.ledger.find(id).ok_or(Errno::PERM)?;
        Ok((id, made))
    }

    fn unmount(&self, caller: &Caller, target: &CStr, flags: u64) -> io::Result<()> {
        let known = UnmountFlags::FORCE
            | UnmountFlags::DETACH
            | UnmountFlags::EXPIRE
            | UnmountFlags::NOFOLLOW;
        let flags = u32::try_from(flags).ok().and_then(UnmountFlags::from_bits);
        let flags = flags.filter(|flags| known.contains(*flags)).ok_or(Errno::INVAL)?;
        let follows = !flags.contains(UnmountFlags::NOFOLLOW);
        let order = Order { target, follows, what: What::Nothing };
        let (target, _) = make(self.kept, caller, &order)?;
        let (id, made) = self.check_made_by_jail(target.as_fd())?;
        let link = format!("self/fd/{}", target.as_raw_fd());
        let path = readlinkat(&self.kept.proc, link, Vec::new())?;
        // An open descriptor would keep the mount busy.
        drop(target);
        let path = path.to_bytes();
        let at = path.iter().rposition(|byte| *byte == b'/').ok_or(Errno::INVAL)?;
        let (parent, name) = (OsStr::from_bytes(&path[..=at]), OsStr::from_bytes(&path[at + 1..]));
        let flags_of_open = OFlags::PATH | OFlags::CLOEXEC;
        let directory = flags_of_open | OFlags::DIRECTORY;
        let parent = openat2(CWD, parent, directory, Mode::empty(), ResolveFlags::NO_SYMLINKS)?;
        fchdir(&parent)?;
        let unmounted = self.unmount_here(parent, name, id, made, flags);
        // Else this process would keep the mount busy in which the directory is.
        chdir(c"/")?;
        unmounted
    }

    /// Unmounts what is known as `id` from `name` in this process's directory, which is `parent`.
    fn unmount_here(
        &self,
        parent: OwnedFd,
        name: &OsStr,
        id: Id,
        made: As,
        flags: UnmountFlags,
    ) -> io::Result<()> {
        // While it is a mount point, the name cannot become another file's, and no other call is
        // answered meanwhile: what is unmounted is what is looked at here.
        let flags_of_open = OFlags::PATH | OFlags::CLOEXEC;
        let found = openat(&parent, name, flags_of_open | OFlags::NOFOLLOW, Mode::empty())?;
        if Id::of(found.as_fd())? != id {
            return Err(Errno::INVAL.into());
        }
        drop((found, parent));
        // What covers parts of a view would keep it busy for ever.
        let whole = if made == As::View { UnmountFlags::DETACH } else { UnmountFlags::empty() };
        unmount(name, flags | whole | UnmountFlags::NOFOLLOW)?;
        self.kept.ledger.remove(id)
    }

    /// The numbers of all mounts in this namespace.
    fn mounts(&self) -> Vec<u64> {
        let open = openat(
            &self.kept.proc,
            "self/mountinfo",
            OFlags::RDONLY | OFlags::CLOEXEC,
            Mode::empty(),
        );
        let text = open.map(|file| {
            let mut text = Vec::new();
            let _ = File::from(file).read_to_end(&mut text);
            text
        });
        let text = text.unwrap_or_default();
        mountinfo::lines(&text).map(|line| line.id).collect()
    }

    /// What uname(2) tells the jail: `struct new_utsname`.
    fn names(&self) -> io::Result<Vec<u8>> {
        const LENGTH: usize = 65;
        let own = uname();
        let release = self.release().unwrap_or_else(|| own.release().to_bytes().to_vec());
        let texts = [
            own.sysname().to_bytes(),
            own.nodename().to_bytes(),
            &release,
            own.version().to_bytes(),
            own.machine().to_bytes(),
            own.domainname().to_bytes(),
        ];
        let mut all = vec![0; texts.len() * LENGTH];
        for (place, text) in all.chunks_exact_mut(LENGTH).zip(texts) {
            let length = text.len().min(LENGTH - 1);
            place[..length].copy_from_slice(&text[..length]);
        }
        Ok(all)
    }

    /// The release that the jail is told, which lies over the kernel's own in its /proc.
    fn release(&self) -> Option<Vec<u8>> {
        let proc = self.kept.views.first()?.as_ref()?;
        let flags = OFlags::RDONLY | OFlags::NONBLOCK | OFlags::CLOEXEC;
        let file = openat(proc, "sys/kernel/osrelease", flags, Mode::empty()).ok()?;
        let is_file = FileType::from_raw_mode(fstat(&file).ok()?.st_mode) == FileType::RegularFile;
        let mut text = vec![0; 128];
        let length = read(&file, &mut text).ok().filter(|_| is_file)?;
        text.truncate(length);
        Some(text.strip_suffix(b"\n").map(<[u8]>::to_vec).unwrap_or(text))
    }
}
