//! One system call: by libc, or without it. syscall(2)

use std::io;

/// Turns the answer of a libc call into a result: below 0 the call has failed, and errno says why.
pub(crate) fn check(answer: libc::c_long) -> io::Result<libc::c_long> {
    if answer < 0 { Err(io::Error::last_os_error()) } else { Ok(answer) }
}

/// Makes a system call without libc. Code that may run in a process that shares another one's
/// memory calls the kernel this way, because both processes would share libc's errno.
///
/// # Safety
/// The caller keeps the contract of the system call.
pub(crate) unsafe fn call(number: libc::c_long, arguments: [usize; 5]) -> io::Result<usize> {
    let [a, b, c, d, e] = arguments;
    let answer: isize;
    // SAFETY: the kernel changes no other register than those named; for the rest this function's
    // contract stands.
    #[cfg(target_arch = "x86_64")]
    unsafe {
        std::arch::asm!(
            // The instruction itself overwrites rcx and r11: return address and flags.
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
    // The kernel itself has no errno: it answers the number, negative.
    if answer < 0 { Err(io::Error::from_raw_os_error(-answer as i32)) } else { Ok(answer as usize) }
}
