//! Making processes, executing programs, ending: clone3(2), execve(2), _exit(2).
//!
//! A process is made as a copy of this one ([`clone3`]), or to work in this one's memory
//! ([`clone3_sharing`]), which costs a fifth of a copy.

use crate::call::{call, check};
use crate::namespace;
use std::ffi::{CStr, CString};
use std::io;
use std::mem::{size_of_val, zeroed};
use std::os::fd::{AsRawFd, BorrowedFd, FromRawFd, OwnedFd, RawFd};
use std::os::unix::process::CommandExt;
use std::process::Command;
use std::ptr;

/// linux/sched.h. libc's constants of clone(2) have 32 bits, which is too narrow for this one.
const CLONE_INTO_CGROUP: u64 = 0x2_0000_0000;

/// Which of the two processes of a [`clone3`] this is.
#[derive(Debug)]
pub enum Side {
    /// The new process.
    Child,
    /// The caller.
    Parent {
        /// The new process's id in the caller's pid namespace.
        pid: u32,
        /// A pidfd of it.
        pidfd: OwnedFd,
    },
}

/// Makes a copy of this process in new `namespaces` (CLONE_NEW* flags),
/// born in `cgroup`: clone3(2).
///
/// The calling process should have one thread, as kletka's commands do: a lock that another thread
/// holds at the time stays locked in the copy for ever.
///
/// # Errors
/// Of clone3(2).
pub fn clone3(namespaces: u64, cgroup: Option<BorrowedFd<'_>>) -> io::Result<Side> {
    // Any other flag, such as CLONE_VM, would make this function unsafe to call.
    let namespaces = namespaces & namespace::NEW as u32 as u64;
    // SAFETY: with namespaces alone, the child has memory and descriptors of its own.
    unsafe { clone3_with(namespaces, cgroup) }
}

/// Does what [`clone3`] does; `flags` may have CLONE_FILES and CLONE_PARENT too.
///
/// # Safety
/// `flags` must not have CLONE_VM. With CLONE_FILES, neither process closes a descriptor that the
/// other one owns.
pub(crate) unsafe fn clone3_with(flags: u64, cgroup: Option<BorrowedFd<'_>>) -> io::Result<Side> {
    let mut pidfd: RawFd = -1;
    let mut arguments = arguments(flags, &mut pidfd, cgroup);
    // With CLONE_PARENT clone3(2) takes no signal: a sibling ends with the caller's, SIGCHLD.
    let is_sibling = flags & libc::CLONE_PARENT as u64 != 0;
    arguments.exit_signal = if is_sibling { 0 } else { libc::SIGCHLD as u64 };
    // SAFETY: `arguments` lives until the call returns. Without CLONE_VM the child works on its own
    // copy of the memory, taken at one instant: a lock there guards what another thread had half
    // done.
    let pid = check(unsafe {
        libc::syscall(libc::SYS_clone3, &raw const arguments, size_of_val(&arguments))
    })?;
    if pid == 0 {
        #[cfg(debug_assertions)]
        crate::memory::is_a_copy();
        return Ok(Side::Child);
    }
    // SAFETY: the kernel stored a new descriptor in `pidfd`, and nobody else owns it.
    let pidfd = unsafe { OwnedFd::from_raw_fd(pidfd) };
    Ok(Side::Parent { pid: pid as u32, pidfd })
}

fn arguments(flags: u64, pidfd: &mut RawFd, cgroup: Option<BorrowedFd<'_>>) -> libc::clone_args {
    // SAFETY: clone_args is plain integers; zero is the documented "not used" of each.
    let mut arguments: libc::clone_args = unsafe { zeroed() };
    // A pidfd from birth: by number, a later process could be opened instead.
    arguments.flags = flags | libc::CLONE_PIDFD as u64;
    arguments.pidfd = std::ptr::from_mut(pidfd) as u64;
    if let Some(cgroup) = cgroup {
        arguments.flags |= CLONE_INTO_CGROUP;
        arguments.cgroup = cgroup.as_raw_fd() as u64;
    }
    arguments
}

/// The work of a process that shares its parent's memory.
pub trait Work {
    /// Runs the process's whole life, which ends in a program's execution or in [`exit_now`].
    fn work(&self) -> !;
}

/// Makes a process that does `work` in this one's memory, on a `stack` of its own: clone3(2),
/// `CLONE_VM`. No page table is copied and no page faulted in anew, which is most of what a fork
/// costs. The process has copies of the descriptors ([`crate::descriptor::Inherited`]), and with
/// `CLONE_FILES` among `flags` the same ones. With `CLONE_VFORK` the call returns when the new
/// process has executed a program or ended.
///
/// # Errors
/// Of clone3(2); then there is no process.
///
/// # Safety
/// Until the new process has executed or ended, `work` must neither allocate nor free, nor change
/// what this process uses: the new one may be killed at any instruction, and would leave a change
/// half made. Without `CLONE_VFORK`, `work` must not call what sets errno either. `stack` and
/// `work` must live as long as the new process.
pub unsafe fn clone3_sharing<T: Work>(
    flags: u64,
    cgroup: Option<BorrowedFd<'_>>,
    stack: &mut Stack,
    work: &T,
) -> io::Result<(u32, OwnedFd)> {
    /// The first function of the new process.
    extern "C" fn begin<T: Work>(work: *const T) -> ! {
        // SAFETY: `work` is the reference below, which by the outer function's contract outlives
        // the process.
        unsafe { &*work }.work()
    }
    let mut pidfd: RawFd = -1;
    let mut arguments = arguments(flags | libc::CLONE_VM as u64, &mut pidfd, cgroup);
    // waitid(2) finds only children that end with SIGCHLD, unless it is asked for others.
    arguments.exit_signal = libc::SIGCHLD as u64;
    // clone3(2) takes the lowest address and the size, where clone(2) took the top.
    arguments.stack = stack.lowest() as u64;
    arguments.stack_size = Stack::SIZE as u64;
    #[cfg(debug_assertions)]
    crate::memory::belongs_to_this_process();
    let begin = begin::<T> as extern "C" fn(*const T) -> !;
    let work = std::ptr::from_ref(work);
    let pid: libc::c_long;
    // SAFETY: the caller's side is a plain system call. The new process begins behind it, with the
    // registers as they are and an empty, aligned stack of its own; it leaves through `begin`,
    // which never returns, so nothing that the caller has on its stack is touched.
    #[cfg(target_arch = "x86_64")]
    unsafe {
        std::arch::asm!(
            "syscall", "test rax, rax", "jnz 2f",
            // A frame pointer of 0 ends a backtrace here; ud2 traps should `begin` return.
            "xor ebp, ebp", "mov rdi, r13", "call r12", "ud2",
            "2:",
            inlateout("rax") libc::SYS_clone3 => pid,
            in("rdi") &raw const arguments, in("rsi") size_of_val(&arguments),
            in("r12") begin, in("r13") work, out("rcx") _, out("r11") _,
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
            in("x9") begin, in("x10") work,
        );
    }
    if pid < 0 {
        return Err(io::Error::from_raw_os_error(-pid as i32));
    }
    // SAFETY: the kernel stored a new descriptor in `pidfd`, and nobody else owns it.
    Ok((pid as u32, unsafe { OwnedFd::from_raw_fd(pidfd) }))
}

/// The stack of a process that [`clone3_sharing`] makes: pages of its own, and below them one that
/// cannot be touched. A process that used up its stack dies there, where otherwise it would write
/// over the memory of the process that it shares memory with.
#[derive(Debug)]
pub struct Stack(*mut libc::c_void);

impl Stack {
    /// What a process may use. Only what is used is ever backed by memory.
    const SIZE: usize = 32 << 10;
    /// The page below: as large as the largest page of the kernels that kletka runs on.
    const GUARD: usize = 64 << 10;

    /// Maps a stack: mmap(2).
    ///
    /// # Errors
    /// `ENOMEM`.
    pub fn new() -> io::Result<Self> {
        let (length, kind) = (Self::GUARD + Self::SIZE, libc::MAP_PRIVATE | libc::MAP_ANONYMOUS);
        // SAFETY: new pages, wherever the kernel likes; nothing that is mapped is touched.
        let pages = unsafe { libc::mmap(ptr::null_mut(), length, libc::PROT_NONE, kind, -1, 0) };
        if pages == libc::MAP_FAILED {
            return Err(io::Error::last_os_error());
        }
        let stack = Self(pages);
        let access = libc::PROT_READ | libc::PROT_WRITE;
        // SAFETY: the pages above the guard have just been mapped, and are this value's.
        match unsafe { libc::mprotect(stack.lowest(), Self::SIZE, access) } {
            0 => Ok(stack),
            _ => Err(io::Error::last_os_error()),
        }
    }

    /// The lowest address that the process may use.
    fn lowest(&self) -> *mut libc::c_void {
        self.0.wrapping_byte_add(Self::GUARD)
    }
}

impl Drop for Stack {
    fn drop(&mut self) {
        // SAFETY: the pages are this value's, and by the contract of `clone3_sharing` no process
        // works on them any more.
        unsafe { libc::munmap(self.0, Self::GUARD + Self::SIZE) };
    }
}

/// Ends this process at once: _exit(2). The handlers of exit(3) belong to the process that this one
/// was copied from or shares memory with, and a copy pays for every page that they touch.
pub fn exit_now(status: i32) -> ! {
    // SAFETY: no code of this process runs after the call.
    unsafe { libc::_exit(status) }
}

/// The arguments and the environment of a program, as execve(2) takes them.
#[derive(Debug)]
pub struct Strings {
    /// Pointers into `_strings`, whose texts do not move when this value does; a null pointer ends
    /// each list.
    arguments: Vec<*const libc::c_char>,
    environment: Vec<*const libc::c_char>,
    _strings: [Vec<CString>; 2],
}

impl Strings {
    /// Takes the arguments, the program's name first, and `NAME=VALUE` settings.
    #[must_use]
    pub fn new(arguments: Vec<CString>, environment: Vec<CString>) -> Self {
        Self {
            arguments: pointers(&arguments),
            environment: pointers(&environment),
            _strings: [arguments, environment],
        }
    }

    /// Replaces this process by the program at `path`: execve(2). Returns only when that failed,
    /// with the reason. Allocates nothing.
    #[must_use]
    pub fn execute(&self, path: &CStr) -> io::Error {
        let [path, arguments, environment] = [
            path.as_ptr() as usize,
            self.arguments.as_ptr() as usize,
            self.environment.as_ptr() as usize,
        ];
        // SAFETY: all are NUL-terminated, both arrays end with a null pointer, and all of it is
        // borrowed from the caller for the length of the call.
        let executed = unsafe { call(libc::SYS_execve, [path, arguments, environment, 0, 0]) };
        executed.err().unwrap_or_else(|| io::ErrorKind::Other.into())
    }
}

impl Strings {
    /// Does the same with an open file: execveat(2), `AT_EMPTY_PATH`.
    #[must_use]
    pub fn execute_file(&self, file: BorrowedFd<'_>) -> io::Error {
        let (file, flags) = (file.as_raw_fd() as usize, libc::AT_EMPTY_PATH as usize);
        let (arguments, environment) = (self.arguments.as_ptr(), self.environment.as_ptr());
        let [arguments, environment] = [arguments as usize, environment as usize];
        let all = [file, c"".as_ptr() as usize, arguments, environment, flags];
        // SAFETY: as in `execute`; the path is an empty literal.
        let executed = unsafe { call(libc::SYS_execveat, all) };
        executed.err().unwrap_or_else(|| io::ErrorKind::Other.into())
    }
}

fn pointers(strings: &[CString]) -> Vec<*const libc::c_char> {
    strings.iter().map(|text| text.as_ptr()).chain([std::ptr::null()]).collect()
}

/// Has the process of `command` call `prepare` between fork(2) and execve(2). `prepare` must
/// allocate nothing: another thread may have held the allocator's lock at the fork, and in the copy
/// nobody opens that lock.
pub fn before_exec(
    command: &mut Command,
    prepare: impl FnMut() -> io::Result<()> + Send + Sync + 'static,
) {
    // SAFETY: the process has its own memory and descriptors; a lock that nobody opens keeps it
    // from executing, and harms nothing else.
    unsafe { command.pre_exec(prepare) };
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::child::{Child, Ended};

    #[test]
    #[cfg_attr(miri, ignore = "clone3(2) is unknown to Miri")]
    fn a_copy_has_its_own_memory() {
        let mut number = 1;
        let child = match clone3(0, None).unwrap() {
            Side::Child => {
                number += 1;
                exit_now(number)
            }
            Side::Parent { pid, pidfd } => Child::new(pid, pidfd),
        };
        assert_eq!((child.wait(None).unwrap(), number), (Some(Ended::Exited(2)), 1));
    }

    #[test]
    #[cfg_attr(miri, ignore = "clone3(2) is unknown to Miri")]
    fn a_process_that_shares_memory_works_here() {
        use std::sync::atomic::{AtomicU32, Ordering};
        struct Adds(AtomicU32);
        impl Work for Adds {
            fn work(&self) -> ! {
                self.0.fetch_add(1, Ordering::Release);
                exit_now(3)
            }
        }
        let (adds, mut stack) = (Adds(AtomicU32::new(1)), Stack::new().unwrap());
        // SAFETY: the process adds to an atomic and ends, and its end is waited for.
        let made = unsafe { clone3_sharing(0, None, &mut stack, &adds) };
        let (pid, pidfd) = made.unwrap();
        assert_eq!(Child::new(pid, pidfd).wait(None).unwrap(), Some(Ended::Exited(3)));
        assert_eq!(adds.0.load(Ordering::Acquire), 2);
    }

    /// The page below a stack cannot be touched; the stack itself can, to its last byte.
    #[test]
    #[cfg_attr(miri, ignore = "reads /proc/self/maps")]
    fn below_a_stack_nothing_can_be_touched() {
        let stack = Stack::new().unwrap();
        let maps = std::fs::read_to_string("/proc/self/maps").unwrap();
        let access_at = |address: usize| {
            let line = maps.lines().find(|line| {
                let (from, to) = line.split(' ').next().unwrap().split_once('-').unwrap();
                let at = |text| usize::from_str_radix(text, 16).unwrap();
                (at(from)..at(to)).contains(&address)
            });
            line.unwrap().split(' ').nth(1).unwrap().to_owned()
        };
        let lowest = stack.lowest() as usize;
        let got = [lowest - 1, lowest, lowest + Stack::SIZE - 1].map(access_at);
        assert_eq!(got, ["---p", "rw-p", "rw-p"]);
    }

    /// What execve(2) gets: every text, in order, and an end.
    #[test]
    fn strings_are_ended_by_a_null_pointer() {
        let strings = Strings::new(vec![c"true".into(), c"a b".into()], vec![c"A=1".into()]);
        let read = |pointers: &[*const libc::c_char]| {
            let (end, texts) = pointers.split_last().unwrap();
            assert!(end.is_null());
            // SAFETY: the strings are beside their pointers.
            let texts = texts.iter().map(|&text| unsafe { CStr::from_ptr(text) }.to_owned());
            texts.collect::<Vec<_>>()
        };
        assert_eq!(read(&strings.arguments), [c"true".to_owned(), c"a b".to_owned()]);
        assert_eq!(read(&strings.environment), [c"A=1".to_owned()]);
    }
}
