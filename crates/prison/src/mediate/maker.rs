//! The process that resolves the paths of a call, and makes what is to be mounted, in the rights
//! of the jail and of the user who has made the call.
//!
//! What it makes belongs to the jail's user namespace, so devices in it open nothing, and its ids
//! are the jail's. What it clones, it clones in a copy of the mount namespace that is the jail's
//! own: there the kernel locks everything, so nothing is uncovered that was covered, and nothing
//! becomes writable that was not.

use crate::control::{self, receive_with, send_with};
use crate::enter::process::become_root;
use crate::files::overlay::CLONE;
use crate::mediate::Kept;
use crate::mediate::call::Setting;
use crate::mediate::caller::Caller;
use kernel::process::{Side, clone3, exit_now};
use kernel::{confine, mount, namespace};
use rustix::fs::{CWD, Mode, OFlags, ResolveFlags, openat2};
use rustix::io::Errno;
use rustix::mount::{
    FsMountFlags, FsOpenFlags, FsPickFlags, MountAttrFlags, OpenTreeFlags, fsconfig_create,
    fsconfig_reconfigure, fsconfig_set_flag, fsconfig_set_string, fsmount, fsopen, fspick,
    open_tree,
};
use rustix::net::{RecvFlags, SendFlags, send};
use rustix::process::{WaitId, WaitIdOptions, chroot, fchdir, waitid};
use rustix::thread::{LinkNameSpaceType, move_into_link_name_space};
use std::ffi::{CStr, CString};
use std::io;
use std::os::fd::{AsFd, AsRawFd, BorrowedFd, OwnedFd};

/// The maker's words: two descriptors, one, or an errno.
const MADE: u8 = b'm';
const FAILED: u8 = b'!';

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

/// Has a maker carry out an order for the caller.
///
/// # Errors
/// What the kernel has answered to the maker. `EINTR`: somebody has killed the maker.
pub(super) fn make(kept: &Kept, caller: &Caller, order: &Order<'_>) -> io::Result<Made> {
    let (ours, theirs) = control::line()?;
    let process = match clone3(0, None)? {
        Side::Child => {
            drop(ours);
            work(kept, caller, order, theirs.as_fd())
        }
        Side::Parent { pidfd, .. } => pidfd,
    };
    drop(theirs);
    let said = receive_with(ours.as_fd(), RecvFlags::empty());
    // Before anything else: a maker is in the mount namespace that it has copied, which holds
    // every mount.
    let _ = waitid(WaitId::PidFd(process.as_fd()), WaitIdOptions::EXITED);
    let ([word, errno], fds) = said.map_err(|_| Errno::INTR)?;
    let mut fds = fds.into_iter();
    match (word, fds.next()) {
        (MADE, Some(target)) => Ok((target, fds.next())),
        (FAILED, _) => Err(io::Error::from_raw_os_error(errno.into())),
        _ => Err(Errno::INTR.into()),
    }
}

/// The maker's whole life.
fn work(kept: &Kept, caller: &Caller, order: &Order<'_>, line: BorrowedFd<'_>) -> ! {
    let _ = match become_caller(kept, caller).and_then(|()| carry_out(order)) {
        Ok((target, other)) => {
            let both = [&target].into_iter().chain(&other).map(AsFd::as_fd);
            send_with(line, [MADE, 0], &both.collect::<Vec<_>>(), SendFlags::empty())
        }
        Err(error) => {
            let errno = error.raw_os_error().unwrap_or(libc::EINVAL) as u8;
            send(line, &[FAILED, errno], SendFlags::NOSIGNAL).map(drop)
        }
    };
    exit_now(0)
}

/// Gives up the host's rights, and takes the place and the user of the caller.
fn become_caller(kept: &Kept, caller: &Caller) -> io::Result<()> {
    confine::hide_from_ptrace()?;
    let users = kept.users.as_ref().ok_or(Errno::PERM)?;
    move_into_link_name_space(users.as_fd(), Some(LinkNameSpaceType::User))?;
    become_root()?;
    fchdir(&caller.root)?;
    chroot(".")?;
    fchdir(&caller.directory)?;
    mount::set_file_system_ids(caller.user, caller.group);
    // Last, as each change of the user has the kernel forget it.
    confine::die_with_parent()
}

fn carry_out(order: &Order<'_>) -> io::Result<Made> {
    // In init's mount namespace, where the mount is to be attached.
    let target = open(order.target, order.follows)?;
    let other = match &order.what {
        What::Nothing => None,
        What::Path(path) => Some(open(path, true)?),
        What::Clone { source, recursive } => {
            namespace::unshare(libc::CLONE_NEWNS)?;
            let mut flags = CLONE;
            flags.set(OpenTreeFlags::AT_RECURSIVE, *recursive);
            Some(open_tree(open(source, true)?, c"", flags)?)
        }
        What::New { kind, source, settings, attributes, descriptor } => {
            namespace::unshare(libc::CLONE_NEWNS)?;
            Some(new(kind, source, settings, *attributes, descriptor.as_ref())?)
        }
        What::Change(settings) => {
            namespace::unshare(libc::CLONE_NEWNS)?;
            change(&target, settings)?;
            None
        }
    };
    Ok((target, other))
}

/// Opens a path of the jail. A link of /proc is not followed: by one of these the maker would come
/// to descriptors of its own.
fn open(path: &CStr, follows: bool) -> rustix::io::Result<OwnedFd> {
    let mut flags = OFlags::PATH | OFlags::CLOEXEC;
    flags.set(OFlags::NOFOLLOW, !follows);
    openat2(CWD, path, flags, Mode::empty(), ResolveFlags::NO_MAGICLINKS)
}

/// Makes a file system.
fn new(
    kind: &CStr,
    source: &CStr,
    settings: &[Setting],
    attributes: u64,
    descriptor: Option<&OwnedFd>,
) -> rustix::io::Result<OwnedFd> {
    let context = fsopen(kind, FsOpenFlags::FSOPEN_CLOEXEC)?;
    if !source.is_empty() {
        fsconfig_set_string(context.as_fd(), c"source", source)?;
    }
    if let Some(descriptor) = descriptor {
        let number = CString::new(descriptor.as_raw_fd().to_string()).map_err(|_| Errno::INVAL)?;
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
