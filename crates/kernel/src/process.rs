//! Making processes, executing programs, ending: clone3(2), execve(2), _exit(2).
//!
//! A process is made as a copy of this one ([`clone3`]), or to work in this one's memory
//! ([`clone3_sharing`]), which costs a fifth of that.

use crate::call::{call, check};
use crate::namespace;
use std::ffi::{CStr, CString};
use std::io;
use std::mem::{MaybeUninit, size_of, size_of_val, zeroed};
use std::os::fd::{AsRawFd, BorrowedFd, FromRawFd, OwnedFd, RawFd};
use std::os::unix::process::CommandExt;
use std::process::Command;

/// linux/sched.h; libc's constant is too narrow for it.
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
/// It is meant for a process with one thread, as kletka's commands have: a lock that another thread
/// holds at the time stays locked in the copy for ever.
///
/// # Errors
/// Of clone3(2).
pub fn clone3(namespaces: u64, cgroup: Option<BorrowedFd<'_>>) -> io::Result<Side> {
    let namespaces = namespaces & namespace::NEW as u32 as u64;
    // SAFETY: with namespaces alone, the child has memory and descriptors of its own.
    unsafe { clone3_with(namespaces, cgroup) }
}

/// The same with any flags, those of [`clone3`] and CLONE_FILES, CLONE_PARENT.
///
/// # Safety
/// Not CLONE_VM. With CLONE_FILES, neither process closes a descriptor that the other one owns.
pub(crate) unsafe fn clone3_with(flags: u64, cgroup: Option<BorrowedFd<'_>>) -> io::Result<Side> {
    let mut pidfd: RawFd = -1;
    let mut arguments = arguments(flags, &mut pidfd, cgroup);
    // A sibling ends with its parent's signal, which is this one.
    let is_sibling = flags & libc::CLONE_PARENT as u64 != 0;
    arguments.exit_signal = if is_sibling { 0 } else { libc::SIGCHLD as u64 };
    // SAFETY: `arguments` lives until the call returns. Without CLONE_VM the child works on its own
    // copy of the memory, taken at one instant: what another thread had half
    // done is behind a lock there.
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

fn arguments(flags: u64, pidfd: &mut RawFd, cgroup: Option<BorrowedFd<'_>>) -> libc::clone_args {
    // SAFETY: clone_args is plain integers; zero is the documented "not used" of each.
    let mut arguments: libc::clone_args = unsafe { zeroed() };
    arguments.flags = flags | libc::CLONE_PIDFD as u64;
    arguments.pidfd = std::ptr::from_mut(pidfd) as u64;
    if let Some(cgroup) = cgroup {
        arguments.flags |= CLONE_INTO_CGROUP;
        arguments.cgroup = cgroup.as_raw_fd() as u64;
    }
    arguments
}

/// What a process does that shares its parent's memory.
pub trait Work {
    /// Its whole life: it executes a program, or ends by [`exit_now`].
    fn work(&self) -> !;
}

/// Makes a process that does `work` in this one's memory, on a `stack` of its own: clone3(2),
/// `CLONE_VM`. No page table is copied and no page faulted in anew, which is most of what a fork
/// costs. The process has copies of the descriptors ([`crate::descriptor::Inherited`]). With
/// `CLONE_VFORK` among `flags` the call returns when the new process has
/// executed a program or ended.
///
/// # Errors
/// Of clone3(2); then there is no process.
///
/// # Safety
/// Until it has executed or ended, `work` must neither allocate nor free, nor change what this
/// process uses: it may be killed at any instruction, and what it had half done would stay so.
/// Without `CLONE_VFORK` it must not call what sets errno either. `stack` and `work`
/// must live as long as it.
pub unsafe fn clone3_sharing<T: Work>(
    flags: u64,
    cgroup: Option<BorrowedFd<'_>>,
    stack: &mut Stack,
    work: &T,
) -> io::Result<(u32, OwnedFd)> {
    /// The first function of the new process.
    extern "C" fn begin<T: Work>(work: *const T) -> ! {
        // SAFETY: it is the reference below, which by the outer function's
        // contract outlives the process.
        unsafe { &*work }.work()
    }
    let mut pidfd: RawFd = -1;
    let mut arguments = arguments(flags | libc::CLONE_VM as u64, &mut pidfd, cgroup);
    arguments.exit_signal = libc::SIGCHLD as u64;
    arguments.stack = stack.0.as_mut_ptr() as u64;
    arguments.stack_size = size_of_val(&*stack.0) as u64;
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

/// The stack of a process that [`clone3_sharing`] makes.
#[derive(Debug)]
pub struct Stack(Box<[MaybeUninit<u128>]>);

impl Stack {
    /// 32 KiB, of which only what is used is ever backed by memory.
    #[must_use]
    #[expect(
        clippy::new_without_default,
        reason = "no stack is like another: each is one process's"
    )]
    pub fn new() -> Self {
        Self(Box::new_uninit_slice((32 << 10) / size_of::<u128>()))
    }
}

/// Ends this process at once: _exit(2). What exit(3) would do belongs to the process that this one
/// is a copy of, or shares its memory with; a copy also pays for every page that it touches.
pub fn exit_now(status: i32) -> ! {
    // SAFETY: no code of this process runs after it.
    unsafe { libc::_exit(status) }
}

/// What a program is given, as execve(2) takes it: arguments and environment.
#[derive(Debug)]
pub struct Strings {
    /// Pointers into the strings beside them, which stay where they are; a null pointer ends them.
    arguments: Vec<*const libc::c_char>,
    environment: Vec<*const libc::c_char>,
    _strings: [Vec<CString>; 2],
}

impl Strings {
    /// Of arguments, the program's name first, and `NAME=VALUE` settings.
    #[must_use]
    pub fn new(arguments: Vec<CString>, environment: Vec<CString>) -> Self {
        Self {
            arguments: pointers(&arguments),
            environment: pointers(&environment),
            _strings: [arguments, environment],
        }
    }

    /// Replaces this process by the program at `path`: execve(2). Returns only to say why it
    /// could not. Allocates nothing.
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

fn pointers(strings: &[CString]) -> Vec<*const libc::c_char> {
    strings.iter().map(|text| text.as_ptr()).chain([std::ptr::null()]).collect()
}

/// Has the process of `command` call `prepare` between fork(2) and execve(2). What `prepare` calls
/// must allocate nothing: it may be that another thread had a lock when the process was made.
pub fn before_exec(
    command: &mut Command,
    prepare: impl FnMut() -> io::Result<()> + Send + Sync + 'static,
) {
    // SAFETY: the process has its own memory and descriptors; a lock that it waits for in vain
    // keeps it from executing, and touches nothing.
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
        let (adds, mut stack) = (Adds(AtomicU32::new(1)), Stack::new());
        // SAFETY: it adds to an atomic and ends, and its end is waited for.
        let made = unsafe { clone3_sharing(0, None, &mut stack, &adds) };
        let (pid, pidfd) = made.unwrap();
        assert_eq!(Child::new(pid, pidfd).wait(None).unwrap(), Some(Ended::Exited(3)));
        assert_eq!(adds.0.load(Ordering::Acquire), 2);
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
