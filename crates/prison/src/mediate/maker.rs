//! The process that resolves the paths of a call, and makes what is to be mounted, in the rights
//! of the jail and of the user who has made the call.
//!
//! What it makes belongs to the jail's user namespace, so devices in it open nothing, and its ids
//! are the jail's. What it clones, it clones in a copy of the mount namespace that is the jail's
//! own: there the kernel locks everything, so nothing is uncovered that was covered, and nothing
//! becomes writable that was not.
//!
//! A maker is not dumpable, as the process is not in whose memory it works: root of the jail may
//! kill the maker, and neither trace it nor look at its descriptors.

use crate::enter::process::become_root;
use crate::files::overlay::CLONE;
use crate::mediate::Kept;
use crate::mediate::call::Setting;
use crate::mediate::caller::Caller;
use kernel::process::{Stack, Work, clone3_sharing, exit_now};
use kernel::{confine, mount, namespace};
use rustix::fs::{CWD, Mode, OFlags, ResolveFlags, openat2};
use rustix::io::Errno;
use rustix::mount::{
    FsMountFlags, FsOpenFlags, FsPickFlags, MountAttrFlags, OpenTreeFlags, fsconfig_create,
    fsconfig_reconfigure, fsconfig_set_flag, fsconfig_set_string, fsmount, fsopen, fspick,
    open_tree,
};
use rustix::process::{WaitId, WaitIdOptions, chroot, fchdir, waitid};
use rustix::thread::{LinkNameSpaceType, move_into_link_name_space};
use std::cell::Cell;
use std::ffi::{CStr, CString};
use std::io;
use std::os::fd::{AsFd, AsRawFd, BorrowedFd, OwnedFd};

/// What is to be resolved and made.
#[derive(Debug)]
pub(super) struct Order<'a> {
    pub(super) target: &'a CStr,
    /// A link at the end of the target is followed.
    pub(super) follows: bool,
    pub(super) what: What<'a>,
}

#[derive(Debug)]
pub(super) enum What<'a> {
    Nothing,
    /// Another path, to be opened too.
    Path(&'a CStr),
    Clone {
        source: &'a CStr,
        recursive: bool,
    },
    New {
        kind: &'a CStr,
        source: &'a CStr,
        settings: &'a [Setting],
        attributes: u64,
        descriptor: Option<OwnedFd>,
    },
    /// The file system at the target gets these settings.
    Change(&'a [Setting]),
}

/// What a maker has opened, and what it has made or opened besides.
pub(super) type Made = (OwnedFd, Option<OwnedFd>);

/// Has a maker carry out an order for the caller. The maker works in this process's memory and with
/// its descriptors, while this process waits: that costs a third of a copy.
///
/// # Errors
/// What the kernel has answered to the maker. Where somebody has killed the maker, this process
/// ends too: nobody knows which of its descriptors the maker had opened.
#[expect(unsafe_code, reason = "what the maker does in shared memory is known here alone")]
pub(super) fn make(kept: &Kept, caller: &Caller, order: &Order<'_>) -> io::Result<Made> {
    let number = match &order.what {
        What::New { descriptor: Some(descriptor), .. } => descriptor.as_raw_fd(),
        _ => -1,
    };
    let number = CString::new(number.to_string())?;
    let job = Job { kept, caller, order, number: &number, done: Cell::new(None) };
    let mut stack = Stack::new()?;
    let flags = (libc::CLONE_VFORK | libc::CLONE_FILES) as u64;
    // SAFETY: the job neither allocates nor frees, and changes nothing but its own answer, which is
    // read only when the maker has come to its end. The call returns when that end has come, so the
    // stack and the job outlive the maker; where this process is killed before, no code of it runs
    // any more.
    let (_, process) = unsafe { clone3_sharing(flags, None, &mut stack, &job) }?;
    // Before anything else: a maker is in the mount namespace that it has copied, which holds
    // every mount.
    let ended = waitid(WaitId::PidFd(process.as_fd()), WaitIdOptions::EXITED)?;
    if ended.and_then(|ended| ended.exit_status()) != Some(0) {
        exit_now(1);
    }
    Ok(job.done.take().unwrap_or(Err(Errno::INTR))?)
}

/// A maker's work.
struct Job<'a> {
    kept: &'a Kept,
    caller: &'a Caller,
    order: &'a Order<'a>,
    /// The number of the order's descriptor, as fsconfig(2) takes it.
    number: &'a CStr,
    done: Cell<Option<rustix::io::Result<Made>>>,
}

impl Work for Job<'_> {
    fn work(&self) -> ! {
        let made = become_caller(self.kept, self.caller);
        self.done.set(Some(made.and_then(|()| carry_out(self.order, self.number))));
        exit_now(0)
    }
}

/// Gives up the host's rights, and takes the place and the user of the caller.
fn become_caller(kept: &Kept, caller: &Caller) -> rustix::io::Result<()> {
    let users = kept.users.as_ref().ok_or(Errno::PERM)?;
    move_into_link_name_space(users.as_fd(), Some(LinkNameSpaceType::User))?;
    become_root()?;
    fchdir(&caller.root)?;
    chroot(c".")?;
    fchdir(&caller.directory)?;
    mount::set_file_system_ids(caller.user, caller.group);
    // Last, as each change of the user has the kernel forget it.
    plain(confine::die_with_parent())
}

/// The error number alone, in which nothing is allocated.
fn plain<T>(done: io::Result<T>) -> rustix::io::Result<T> {
    done.map_err(|error| Errno::from_io_error(&error).unwrap_or(Errno::INVAL))
}

fn carry_out(order: &Order<'_>, number: &CStr) -> rustix::io::Result<Made> {
    // In init's mount namespace, where the mount is to be attached.
    let target = open(order.target, order.follows)?;
    let other = match &order.what {
        What::Nothing => None,
        What::Path(path) => Some(open(path, true)?),
        What::Clone { source, recursive } => {
            copy_mounts()?;
            let mut flags = CLONE;
            flags.set(OpenTreeFlags::AT_RECURSIVE, *recursive);
            Some(open_tree(open(source, true)?, c"", flags)?)
        }
        What::New { kind, source, settings, attributes, descriptor } => {
            copy_mounts()?;
            let served = descriptor.as_ref().map(|_| number);
            Some(new(kind, source, settings, *attributes, served)?)
        }
        What::Change(settings) => {
            copy_mounts()?;
            change(&target, settings)?;
            None
        }
    };
    Ok((target, other))
}

/// Takes the maker into a copy of the mount namespace.
fn copy_mounts() -> rustix::io::Result<()> {
    plain(namespace::unshare(libc::CLONE_NEWNS))
}

/// Opens a path of the jail. A link of /proc is not followed: by one of these the maker would come
/// to descriptors of its own.
fn open(path: &CStr, follows: bool) -> rustix::io::Result<OwnedFd> {
    let mut flags = OFlags::PATH | OFlags::CLOEXEC;
    flags.set(OFlags::NOFOLLOW, !follows);
    openat2(CWD, path, flags, Mode::empty(), ResolveFlags::NO_MAGICLINKS)
}

/// Makes a file system. `served`: the number of the descriptor by which a program serves it.
fn new(
    kind: &CStr,
    source: &CStr,
    settings: &[Setting],
    attributes: u64,
    served: Option<&CStr>,
) -> rustix::io::Result<OwnedFd> {
    let context = fsopen(kind, FsOpenFlags::FSOPEN_CLOEXEC)?;
    if !source.is_empty() {
        fsconfig_set_string(context.as_fd(), c"source", source)?;
    }
    if let Some(number) = served {
        fsconfig_set_string(context.as_fd(), c"fd", number)?;
    }
    settings.iter().try_for_each(|setting| set(context.as_fd(), setting))?;
    fsconfig_create(context.as_fd())?;
    let attributes = MountAttrFlags::from_bits_retain(attributes as u32);
    fsmount(context.as_fd(), FsMountFlags::FSMOUNT_CLOEXEC, attributes)
}

fn set(context: BorrowedFd<'_>, (key, value): &Setting) -> rustix::io::Result<()> {
    match value {
        Some(value) => fsconfig_set_string(context, key, value),
        None => fsconfig_set_flag(context, key),
    }
}

/// Gives the file system at `target` other settings.
fn change(target: &OwnedFd, settings: &[Setting]) -> rustix::io::Result<()> {
    let flags = FsPickFlags::FSPICK_CLOEXEC | FsPickFlags::FSPICK_EMPTY_PATH;
    let context = fspick(target, c"", flags)?;
    settings.iter().try_for_each(|setting| set(context.as_fd(), setting))?;
    fsconfig_reconfigure(context.as_fd())
}
