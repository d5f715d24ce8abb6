//! System calls that rustix has no safe wrapper for. Borrowed descriptors in, `io::Result` out.
//!
//! Each function is one call and names its man page; what the calls are for stands where they are used.

use std::ffi::{CStr, CString, OsStr};
use std::io;
use std::mem::{MaybeUninit, size_of, size_of_val, zeroed};
use std::os::fd::{AsFd, AsRawFd, BorrowedFd, FromRawFd, IntoRawFd, OwnedFd, RawFd};
use std::os::unix::ffi::OsStrExt;
use std::path::{Path, PathBuf};

/// linux/sched.h; libc's constant is too narrow for it.
const CLONE_INTO_CGROUP: u64 = 0x2_0000_0000;

/// The new process is a child of the caller's parent: clone(2).
pub(crate) const CLONE_PARENT: u64 = libc::CLONE_PARENT as u64;

/// The new process has the caller's descriptors, not a copy of them: clone(2).
pub(crate) const CLONE_FILES: u64 = libc::CLONE_FILES as u64;

/// Which of the two processes of a [`clone3`] this is.
pub(crate) enum Side {
    /// The new process.
    Child,
    /// The caller: the new process's id in the caller's pid namespace, and a pidfd of it.
    Parent { pid: u32, pidfd: OwnedFd },
}

fn check(answer: libc::c_long) -> io::Result<libc::c_long> {
    if answer < 0 { Err(io::Error::last_os_error()) } else { Ok(answer) }
}

/// A system call without libc. What may run in a process that shares another one's memory calls the kernel by this:
/// libc's errno would be the same for both. syscall(2)
///
/// # Safety
/// That of the call.
unsafe fn call(number: libc::c_long, arguments: [usize; 5]) -> io::Result<usize> {
    let [a, b, c, d, e] = arguments;
    let answer: isize;
    // SAFETY: the kernel changes no other register than those named; for the rest this function's contract stands.
    #[cfg(target_arch = "x86_64")]
    unsafe {
        std::arch::asm!(
            "syscall",
            inlateout("rax") number as isize => answer,
            in("rdi") a, in("rsi") b, in("rdx") c, in("r10") d, in("r8") e, out("rcx") _, out("r11") _,
            options(nostack),
        );
    }
    // SAFETY: as above.
    #[cfg(target_arch = "aarch64")]
    unsafe {
        std::arch::asm!(
            "svc 0",
            inlateout("x0") a as isize => answer,
            in("x8") number, in("x1") b, in("x2") c, in("x3") d, in("x4") e,
            options(nostack),
        );
    }
    if answer < 0 { Err(io::Error::from_raw_os_error(-answer as i32)) } else { Ok(answer as usize) }
}

/// Makes a process in new `namespaces` (CLONE_NEW* flags; [`CLONE_PARENT`], [`CLONE_FILES`]), born in `cgroup`: clone3(2).
///
/// # Safety
/// The process must have one thread only, as kletka's commands do: the child then is a faithful copy,
/// free to allocate and to run any code.
pub(crate) unsafe fn clone3(namespaces: u64, cgroup: Option<BorrowedFd<'_>>) -> io::Result<Side> {
    let mut pidfd: RawFd = -1;
    // SAFETY: clone_args is plain integers; zero is the documented "not used" of each.
    let mut arguments: libc::clone_args = unsafe { zeroed() };
    arguments.flags = namespaces | libc::CLONE_PIDFD as u64;
    arguments.pidfd = &raw mut pidfd as u64;
    // A sibling ends with its parent's signal, which is this one.
    arguments.exit_signal = if namespaces & CLONE_PARENT == 0 { libc::SIGCHLD as u64 } else { 0 };
    if let Some(cgroup) = cgroup {
        arguments.flags |= CLONE_INTO_CGROUP;
        arguments.cgroup = cgroup.as_raw_fd() as u64;
    }
    // SAFETY: `arguments` lives until the call returns; without CLONE_VM the child works on its own
    // copy of the memory, and by this function's contract no other thread's state is torn.
    let pid = check(unsafe {
        libc::syscall(libc::SYS_clone3, &raw const arguments, size_of_val(&arguments))
    })?;
    if pid == 0 {
        return Ok(Side::Child);
    }
    // SAFETY: the kernel stored a new descriptor in `pidfd`, and nobody else owns it.
    let pidfd = unsafe { OwnedFd::from_raw_fd(pidfd) };
    Ok(Side::Parent { pid: pid as u32, pidfd })
}

/// Makes a process that works in this one's memory, on a `stack` of its own, and calls `run` with
/// `argument`: clone3(2), `CLONE_VM`. No page table is copied and no page faulted in anew, which is most of
/// what a fork costs. With `CLONE_VFORK` among `flags` it returns when the new process has executed a
/// program or ended.
///
/// # Safety
/// Until it has executed or ended, `run` must neither allocate nor free, nor change what this process
/// uses: it may be killed at any instruction, and what it had half done would stay so. Without
/// `CLONE_VFORK` it must not call what sets errno either. `stack` and `argument` must live as long as it.
pub(crate) unsafe fn clone3_sharing(
    flags: u64,
    cgroup: Option<BorrowedFd<'_>>,
    stack: &mut Stack,
    run: extern "C" fn(*mut libc::c_void) -> !,
    argument: *mut libc::c_void,
) -> io::Result<(u32, OwnedFd)> {
    let mut pidfd: RawFd = -1;
    // SAFETY: clone_args is plain integers; zero is the documented "not used" of each.
    let mut arguments: libc::clone_args = unsafe { zeroed() };
    arguments.flags = flags | (libc::CLONE_PIDFD | libc::CLONE_VM) as u64;
    arguments.pidfd = &raw mut pidfd as u64;
    arguments.exit_signal = libc::SIGCHLD as u64;
    arguments.stack = stack.0.as_mut_ptr() as u64;
    arguments.stack_size = size_of_val(&*stack.0) as u64;
    if let Some(cgroup) = cgroup {
        arguments.flags |= CLONE_INTO_CGROUP;
        arguments.cgroup = cgroup.as_raw_fd() as u64;
    }
    let pid: libc::c_long;
    // SAFETY: the caller's side is a plain system call. The new process begins behind it, with the
    // registers as they are and an empty, aligned stack of its own; it leaves through `run`, which never
    // returns, so nothing that the caller has on its stack is touched.
    #[cfg(target_arch = "x86_64")]
    unsafe {
        std::arch::asm!(
            "syscall", "test rax, rax", "jnz 2f",
            "xor ebp, ebp", "mov rdi, r13", "call r12", "ud2",
            "2:",
            inlateout("rax") libc::SYS_clone3 => pid,
            in("rdi") &raw const arguments, in("rsi") size_of_val(&arguments),
            in("r12") run, in("r13") argument, out("rcx") _, out("r11") _,
        );
    }
    // SAFETY: as above.
    #[cfg(target_arch = "aarch64")]
    unsafe {
        std::arch::asm!(
            "svc 0", "cbnz x0, 2f", "mov x29, xzr", "mov x0, x10", "blr x9", "brk 1",
            "2:",
            inlateout("x0") &raw const arguments => pid,
            in("x1") size_of_val(&arguments), in("x8") libc::SYS_clone3,
            in("x9") run, in("x10") argument,
        );
    }
    if pid < 0 {
        return Err(io::Error::from_raw_os_error(-pid as i32));
    }
    // SAFETY: the kernel stored a new descriptor in `pidfd`, and nobody else owns it.
    Ok((pid as u32, unsafe { OwnedFd::from_raw_fd(pidfd) }))
}

/// The stack of a process that [`clone3_sharing`] makes.
#[derive(Debug)]
pub(crate) struct Stack(Box<[MaybeUninit<u128>]>);

impl Stack {
    /// 32 KiB, of which only what is used is ever backed by memory.
    pub(crate) fn new() -> Self {
        Self(Box::new_uninit_slice((32 << 10) / size_of::<u128>()))
    }
}

/// Ends this process at once: _exit(2). What exit(3) would do belongs to the process that this one is a
/// copy of, or shares its memory with; a copy also pays for every page that it touches.
pub(crate) fn exit_now(status: i32) -> ! {
    // SAFETY: no code of this process runs after it.
    unsafe { libc::_exit(status) }
}

/// Makes new namespaces for this process: unshare(2), for the flags that rustix leaves out as unsafe.
pub(crate) fn unshare(namespaces: i32) -> io::Result<()> {
    let flags = (namespaces & !libc::CLONE_FILES) as usize;
    // SAFETY: only namespaces change, no memory and, without CLONE_FILES, no descriptor.
    unsafe { call(libc::SYS_unshare, [flags, 0, 0, 0, 0]) }.map(drop)
}

/// Shows the files of `tree` under the ids of `userns`, if there is one, sets MOUNT_ATTR_* flags, and makes it private:
/// mount_setattr(2).
///
/// `tree` is detached: made by open_tree(2) with `OPEN_TREE_CLONE`, and never attached yet.
///
/// # Errors
/// `EINVAL`: the file system cannot be idmapped. `EPERM`: the mount already is.
pub(crate) fn mount_setattr(
    tree: BorrowedFd<'_>,
    attributes: u64,
    userns: Option<BorrowedFd<'_>>,
) -> io::Result<()> {
    let attr = libc::mount_attr {
        attr_set: attributes | userns.map_or(0, |_| libc::MOUNT_ATTR_IDMAP),
        attr_clr: 0,
        // Of a shared mount of the host the clone is a peer: pivot_root(2) refuses it, and what is mounted
        // on the one would appear on the other.
        propagation: libc::MS_PRIVATE,
        userns_fd: userns.map_or(0, |userns| userns.as_raw_fd() as u64),
    };
    let (fd, flags, size) = (tree.as_raw_fd(), libc::AT_EMPTY_PATH, size_of_val(&attr));
    // SAFETY: the kernel reads the NUL-terminated literal and `size` bytes of `attr`, both alive until
    // it returns; it writes nothing, keeps no pointer. Both descriptors are borrowed: open.
    check(unsafe {
        libc::syscall(libc::SYS_mount_setattr, fd, c"".as_ptr(), flags, &raw const attr, size)
    })
    .map(drop)
}

/// A namespace of the process behind a pidfd, by ioctl: ioctl_ns(2), linux/pidfd.h.
#[derive(Clone, Copy)]
pub(crate) enum Namespace {
    Net = 0xff04,
    Pid = 0xff05,
    User = 0xff09,
    Uts = 0xff0a,
}

/// Opens a namespace of the process behind `pidfd`: `PIDFD_GET_*_NAMESPACE`; on Linux before 6.11,
/// which has no such request, by its file in /proc.
pub(crate) fn namespace(pidfd: BorrowedFd<'_>, which: Namespace) -> io::Result<OwnedFd> {
    match open_by_ioctl(pidfd, which as libc::Ioctl) {
        Err(error) if error.raw_os_error() == Some(libc::ENOTTY) => namespace_file(pidfd, which),
        opened => opened,
    }
}

fn namespace_file(pidfd: BorrowedFd<'_>, which: Namespace) -> io::Result<OwnedFd> {
    let name = match which {
        Namespace::Net => "net",
        Namespace::Pid => "pid",
        Namespace::User => "user",
        Namespace::Uts => "uts",
    };
    let pid = pid_of(pidfd)?;
    let file = std::fs::File::open(format!("/proc/{pid}/ns/{name}"))?;
    // Another process may have got the number of one that has ended.
    if pid_of(pidfd)? == pid { Ok(file.into()) } else { Err(io::ErrorKind::NotFound.into()) }
}

/// The number of the process behind `pidfd`, -1 when it has ended: pidfd_open(2), proc_pid_fdinfo(5).
fn pid_of(pidfd: BorrowedFd<'_>) -> io::Result<i32> {
    let about = std::fs::read_to_string(format!("/proc/self/fdinfo/{}", pidfd.as_raw_fd()))?;
    let pid = about.lines().find_map(|line| line.strip_prefix("Pid:"));
    pid.and_then(|pid| pid.trim().parse().ok()).ok_or(io::ErrorKind::NotFound.into())
}

/// Opens the user namespace that owns `namespace`: `NS_GET_USERNS`, ioctl_ns(2).
pub(crate) fn owner(namespace: BorrowedFd<'_>) -> io::Result<OwnedFd> {
    open_by_ioctl(namespace, 0xb701)
}

/// Opens the pid namespace that the pid namespace `inner` is in: `NS_GET_PARENT`, ioctl_ns(2).
pub(crate) fn parent(inner: BorrowedFd<'_>) -> io::Result<OwnedFd> {
    open_by_ioctl(inner, 0xb702)
}

/// The number here of the process that a pid namespace knows as `pid`: `NS_GET_TGID_FROM_PIDNS`, ioctl_nsfs(2).
///
/// # Errors
/// `ESRCH`: there is none. `ENOTTY`: Linux before 6.11.
pub(crate) fn pid_from(namespace: BorrowedFd<'_>, pid: u32) -> io::Result<u32> {
    const NS_GET_TGID_FROM_PIDNS: libc::Ioctl = 0x8004_b707_u32 as libc::Ioctl;
    // SAFETY: the argument of this request is a number, no pointer.
    let answer = unsafe { libc::ioctl(namespace.as_raw_fd(), NS_GET_TGID_FROM_PIDNS, pid) };
    check(answer.into()).map(|pid| pid as u32)
}

fn open_by_ioctl(fd: BorrowedFd<'_>, request: libc::Ioctl) -> io::Result<OwnedFd> {
    // SAFETY: these requests take no argument and touch no memory of ours.
    let answer = check(unsafe { libc::ioctl(fd.as_raw_fd(), request, 0) }.into())?;
    // SAFETY: the answer is a new descriptor that nobody else owns.
    Ok(unsafe { OwnedFd::from_raw_fd(answer as RawFd) })
}

/// Queues `signal` with a `value` to the process behind `pidfd`: pidfd_send_signal(2), sigqueue(3).
pub(crate) fn sigqueue(pidfd: BorrowedFd<'_>, signal: i32, value: i32) -> io::Result<()> {
    /// The part of siginfo_t that SI_QUEUE uses.
    #[repr(C)]
    struct Queued {
        signal: i32,
        errno: i32,
        code: i32,
        padding: i32,
        pid: i32,
        uid: u32,
        value: u64,
        rest: [u64; 12],
    }
    const { assert!(size_of::<Queued>() == size_of::<libc::siginfo_t>()) };
    let info = Queued {
        signal,
        errno: 0,
        code: libc::SI_QUEUE,
        padding: 0,
        pid: 0,
        uid: 0,
        value: u64::from(value as u32),
        rest: [0; 12],
    };
    let fd = pidfd.as_raw_fd();
    // SAFETY: the kernel copies one siginfo_t, whose size `info` has, and keeps no pointer.
    check(unsafe { libc::syscall(libc::SYS_pidfd_send_signal, fd, signal, &raw const info, 0) })
        .map(drop)
}

/// Takes over the pidfd of a new process from one that shared this one's descriptors and has ended.
///
/// # Errors
/// It is no pidfd, or its process has ended.
pub(crate) fn adopt_pidfd(number: RawFd) -> io::Result<Side> {
    // SAFETY: whoever opened it has ended without closing it, and told only this process its number.
    let pidfd = unsafe { OwnedFd::from_raw_fd(number) };
    let pid = u32::try_from(pid_of(pidfd.as_fd())?).map_err(|_| io::ErrorKind::NotFound)?;
    Ok(Side::Parent { pid, pidfd })
}

/// This process's group; 0 when it is one of outside the pid namespace, as after jexec(8). getpgid(2)
pub(crate) fn process_group() -> i32 {
    // SAFETY: no memory is touched.
    unsafe { libc::getpgid(0) }
}

/// Sends `signal`, which may be a real-time one, to the process behind `pidfd`: pidfd_send_signal(2).
pub(crate) fn signal(pidfd: BorrowedFd<'_>, signal: i32) -> io::Result<()> {
    let (fd, none) = (pidfd.as_raw_fd(), std::ptr::null::<libc::siginfo_t>());
    // SAFETY: integers and a null pointer, which asks the kernel to fill the information in.
    check(unsafe { libc::syscall(libc::SYS_pidfd_send_signal, fd, signal, none, 0) }).map(drop)
}

/// Blocks `signals`, in this process and in those that it makes.
pub(crate) fn block_signals(signals: &[i32]) -> libc::sigset_t {
    let mut set = MaybeUninit::uninit();
    // SAFETY: sigemptyset initialises `set`; the others read and change that set alone.
    unsafe {
        libc::sigemptyset(set.as_mut_ptr());
        for &signal in signals {
            libc::sigaddset(set.as_mut_ptr(), signal);
        }
        libc::sigprocmask(libc::SIG_BLOCK, set.as_ptr(), std::ptr::null_mut());
        set.assume_init()
    }
}

/// Blocks `signals` and opens a descriptor to read them from: signalfd(2).
pub(crate) fn signalfd(signals: &[i32]) -> io::Result<OwnedFd> {
    let set = block_signals(signals);
    // SAFETY: the kernel copies the set, which is initialised and alive.
    let answer =
        unsafe { libc::signalfd(-1, &raw const set, libc::SFD_CLOEXEC | libc::SFD_NONBLOCK) };
    let fd = check(answer.into())?;
    // SAFETY: a new descriptor that nobody else owns.
    Ok(unsafe { OwnedFd::from_raw_fd(fd as RawFd) })
}

/// A signal read from a [`signalfd`].
pub(crate) struct Caught {
    pub(crate) signal: i32,
    /// Who sent it, in this process's pid namespace; 0: somebody outside.
    pub(crate) sender: u32,
    /// How it was sent: sigaction(2), `si_code`. The sender of an `SI_USER` is the kernel's word.
    pub(crate) code: i32,
    pub(crate) value: i32,
}

/// The next signal, if one is waiting.
pub(crate) fn next_signal(signalfd: BorrowedFd<'_>) -> Option<Caught> {
    let mut info = MaybeUninit::<libc::signalfd_siginfo>::uninit();
    let size = size_of_val(&info);
    // SAFETY: the kernel writes at most `size` bytes into `info`.
    let read = unsafe { libc::read(signalfd.as_raw_fd(), info.as_mut_ptr().cast(), size) };
    if read != size as isize {
        return None;
    }
    // SAFETY: a whole structure has just been read.
    let info = unsafe { info.assume_init() };
    Some(Caught {
        signal: info.ssi_signo as i32,
        sender: info.ssi_pid,
        code: info.ssi_code,
        value: info.ssi_int,
    })
}

/// Gives a program the signals as execve(2) should find them: nothing blocked, SIGPIPE not ignored.
pub(crate) fn reset_signals() {
    let mut set = MaybeUninit::uninit();
    // SAFETY: sigemptyset initialises `set` before sigprocmask reads it; SIG_DFL runs no code of ours.
    unsafe {
        libc::sigemptyset(set.as_mut_ptr());
        libc::sigprocmask(libc::SIG_SETMASK, set.as_ptr(), std::ptr::null_mut());
        for signal in [libc::SIGPIPE, libc::SIGINT, libc::SIGQUIT, libc::SIGTERM, libc::SIGHUP] {
            libc::signal(signal, libc::SIG_DFL);
        }
    }
}

/// Loads a classic BPF program as this process's system call filter: seccomp(2).
/// Needs CAP_SYS_ADMIN in the process's user namespace.
pub(crate) fn load_filter(program: &[libc::sock_filter]) -> io::Result<()> {
    let program = libc::sock_fprog {
        len: u16::try_from(program.len()).map_err(|_| io::ErrorKind::InvalidInput)?,
        filter: program.as_ptr().cast_mut(),
    };
    let (mode, program) = (libc::SECCOMP_SET_MODE_FILTER as usize, &raw const program as usize);
    // SAFETY: the kernel copies `len` instructions from the slice, which outlives the call.
    unsafe { call(libc::SYS_seccomp, [mode, 0, program, 0, 0]) }.map(drop)
}

/// Forbids others of the same ids to trace this process or to open its /proc files: prctl(2),
/// `PR_SET_DUMPABLE`. execve(2) takes it back.
pub(crate) fn hide_from_ptrace() -> io::Result<()> {
    // SAFETY: an integer option without pointers.
    unsafe { call(libc::SYS_prctl, [libc::PR_SET_DUMPABLE as usize, 0, 0, 0, 0]) }.map(drop)
}

/// Starts a session keyring of its own: keyctl(2), `KEYCTL_JOIN_SESSION_KEYRING`. A kernel without
/// keys has nothing to share, and that is no error.
pub(crate) fn new_session_keyring() -> io::Result<()> {
    // SAFETY: a null name asks for an anonymous keyring; no memory is touched.
    let answer = unsafe { call(libc::SYS_keyctl, [1, 0, 0, 0, 0]) };
    // In a jail, which was given one, the filter refuses all use of keys.
    let well_without = [Some(libc::ENOSYS), Some(libc::EPERM)];
    match answer {
        Err(error) if !well_without.contains(&error.raw_os_error()) => Err(error),
        _ => Ok(()),
    }
}

/// Marks every descriptor from 3 upwards to be closed by execve(2): close_range(2).
pub(crate) fn close_on_exec_from_3() -> io::Result<()> {
    let (last, mode) = (u32::MAX as usize, libc::CLOSE_RANGE_CLOEXEC as usize);
    // SAFETY: CLOSE_RANGE_CLOEXEC closes nothing now, so no descriptor is pulled from its owner.
    unsafe { call(libc::SYS_close_range, [3, last, mode, 0, 0]) }.map(drop)
}

/// Closes these; those with numbers in a row by one call: close_range(2).
pub(crate) fn close_many(fds: impl Iterator<Item = OwnedFd>) {
    let mut numbers: Vec<RawFd> = fds.map(IntoRawFd::into_raw_fd).collect();
    numbers.sort_unstable();
    for row in numbers.chunk_by(|before, after| before + 1 == *after) {
        if let (Some(first), Some(last)) = (row.first(), row.last()) {
            // SAFETY: all of the row were owned by this function's caller, who has given them up.
            unsafe { libc::syscall(libc::SYS_close_range, *first, *last, 0) };
        }
    }
}

/// Closes every descriptor from 3 upwards but `keep`: close_range(2).
///
/// # Safety
/// No other descriptor may be used, or dropped, by this process afterwards.
pub(crate) unsafe fn close_all_but(mut keep: [RawFd; 3]) {
    keep.sort_unstable();
    let mut first = 3;
    for fd in keep {
        if fd > first {
            // SAFETY: the caller gives these descriptors up.
            unsafe { libc::syscall(libc::SYS_close_range, first, fd - 1, 0) };
        }
        first = first.max(fd + 1);
    }
    // SAFETY: as above.
    unsafe { libc::syscall(libc::SYS_close_range, first, u32::MAX, 0) };
}

/// Brings the loopback interface of this network namespace up: netdevice(7), `SIOCSIFFLAGS`.
pub(crate) fn loopback_up(socket: BorrowedFd<'_>) -> io::Result<()> {
    // SAFETY: ifreq is plain bytes; zero is an empty name and no flags.
    let mut request: libc::ifreq = unsafe { zeroed() };
    request.ifr_name[0] = b'l' as libc::c_char;
    request.ifr_name[1] = b'o' as libc::c_char;
    request.ifr_ifru.ifru_flags = (libc::IFF_UP | libc::IFF_RUNNING) as libc::c_short;
    type SetFlags =
        rustix::ioctl::Setter<{ libc::SIOCSIFFLAGS as rustix::ioctl::Opcode }, libc::ifreq>;
    // SAFETY: the kernel reads one ifreq, which is what this request takes, alive until the call returns.
    Ok(unsafe { rustix::ioctl::ioctl(socket, SetFlags::new(request)) }?)
}

/// What a descriptor of /dev/net/tun becomes: linux/if_tun.h.
#[derive(Clone, Copy)]
pub(crate) enum TapKind {
    Tun = libc::IFF_TUN as isize,
    Tap = libc::IFF_TAP as isize,
}

/// Makes the interface `name` and ties it to `device`, a descriptor of /dev/net/tun: `TUNSETIFF`.
///
/// # Errors
/// `EBUSY`: there is an interface of this name. `EINVAL`: no interface can be called so.
pub(crate) fn attach_tap(device: BorrowedFd<'_>, name: &str, kind: TapKind) -> io::Result<()> {
    type Attach<'a> =
        rustix::ioctl::Updater<'a, { libc::TUNSETIFF as rustix::ioctl::Opcode }, libc::ifreq>;
    // SAFETY: ifreq is plain bytes; zero is an empty name and no flags.
    let mut request: libc::ifreq = unsafe { zeroed() };
    // The last byte stays the NUL that ends the name.
    if name.len() >= request.ifr_name.len() {
        return Err(io::ErrorKind::InvalidInput.into());
    }
    for (to, byte) in request.ifr_name.iter_mut().zip(name.bytes()) {
        *to = byte as libc::c_char;
    }
    // Packets come as they are, without a header of the device's; and no interface that is there is taken.
    let flags = kind as libc::c_int | libc::IFF_NO_PI | libc::IFF_TUN_EXCL;
    request.ifr_ifru.ifru_flags = flags as libc::c_short;
    // SAFETY: the kernel reads and writes one ifreq, which is what this request takes; it is ours alone
    // until the call returns, and no pointer to it is kept.
    Ok(unsafe { rustix::ioctl::ioctl(device, Attach::new(&mut request)) }?)
}

/// Has the interface of `device` stay when the descriptor is closed: `TUNSETPERSIST`.
pub(crate) fn keep_tap(device: BorrowedFd<'_>) -> io::Result<()> {
    type Keep = rustix::ioctl::IntegerSetter<{ libc::TUNSETPERSIST as rustix::ioctl::Opcode }>;
    // SAFETY: the argument of this request is a number, no pointer.
    Ok(unsafe { rustix::ioctl::ioctl(device, Keep::new_usize(1)) }?)
}

/// Makes `id` the user and group that files are looked at and made as: setfsuid(2), setfsgid(2). Both
/// never fail for root.
pub(crate) fn set_file_system_ids(id: u32) {
    // SAFETY: two integers; no memory is touched.
    unsafe {
        libc::setfsgid(id);
        libc::setfsuid(id);
    }
}

/// Replaces this process by a program: execve(2). Returns only to say why it could not.
pub(crate) fn execve(
    path: &CStr,
    arguments: &[*const libc::c_char],
    environment: &[*const libc::c_char],
) -> io::Error {
    debug_assert!(arguments.last().is_some_and(|end| end.is_null()));
    debug_assert!(environment.last().is_some_and(|end| end.is_null()));
    let [path, arguments, environment] =
        [path.as_ptr() as usize, arguments.as_ptr() as usize, environment.as_ptr() as usize];
    // SAFETY: all are NUL-terminated, both arrays end with a null pointer, and all of it is borrowed
    // from the caller for the length of the call.
    let executed = unsafe { call(libc::SYS_execve, [path, arguments, environment, 0, 0]) };
    executed.err().unwrap_or_else(|| io::ErrorKind::Other.into())
}

/// The path without symbolic links, `.` and `..`: realpath(3). The standard library's has libc allocate the answer, by an
/// allocator that nothing else uses and that has to be set up first, 40 µs.
pub(crate) fn realpath(path: &Path) -> io::Result<PathBuf> {
    let path = CString::new(path.as_os_str().as_bytes())?;
    let mut real = [MaybeUninit::<libc::c_char>::uninit(); libc::PATH_MAX as usize];
    // SAFETY: `path` is NUL-terminated, and the answer has room for PATH_MAX bytes, which is what the function may write.
    let answer = unsafe { libc::realpath(path.as_ptr(), real.as_mut_ptr().cast()) };
    if answer.is_null() {
        return Err(io::Error::last_os_error());
    }
    // SAFETY: it is `real`, which now holds a NUL-terminated string.
    let real = unsafe { CStr::from_ptr(answer) };
    Ok(OsStr::from_bytes(real.to_bytes()).into())
}

/// Sends `signal` to the process `pid`, to all processes of the pid namespace when it is -1: kill(2).
pub(crate) fn kill(pid: i32, signal: i32) -> io::Result<()> {
    // SAFETY: kill touches no memory.
    unsafe { call(libc::SYS_kill, [pid as usize, signal as usize, 0, 0, 0]) }.map(drop)
}
