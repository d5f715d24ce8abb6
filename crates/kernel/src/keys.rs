//! The keys of a terminal, for children that lead sessions of their own.
//!
//! Such a child is not in the foreground of its parent's terminal, and the keys that end a program
//! do not reach it. So its parent, whom they end, passes them on before it ends: both end by the
//! key, as if they were in one process group.

use crate::signal;
use std::mem::MaybeUninit;
use std::sync::atomic::{AtomicI32, Ordering};

/// What a terminal sends to its foreground, and what ends a program by default.
const KEYS: [i32; 3] = [libc::SIGINT, libc::SIGQUIT, libc::SIGHUP];

/// The groups that get the keys; 0 is a free place. A child that finds no place is left to itself.
static GROUPS: [AtomicI32; 256] = [const { AtomicI32::new(0) }; 256];

/// Passes the keys on to the group of the child `pid`, which leads it.
pub(crate) fn pass_on_to(pid: u32) {
    let change = |place: &AtomicI32| {
        place.compare_exchange(0, pid as i32, Ordering::Relaxed, Ordering::Relaxed).is_ok()
    };
    GROUPS.iter().any(change);
    for signal in KEYS {
        catch(signal);
    }
}

/// Passes nothing on to the group of the child `pid` any more.
pub(crate) fn forget(pid: u32) {
    for place in &GROUPS {
        let _ = place.compare_exchange(pid as i32, 0, Ordering::Relaxed, Ordering::Relaxed);
    }
}

/// Has [`pass_on`] called for `signal`, unless this process was told to ignore that.
fn catch(signal: i32) {
    let mut action = MaybeUninit::<libc::sigaction>::zeroed();
    // SAFETY: the kernel fills the structure in, which is valid with zeros too.
    let mut action = unsafe {
        libc::sigaction(signal, std::ptr::null(), action.as_mut_ptr());
        action.assume_init()
    };
    if action.sa_sigaction == libc::SIG_IGN {
        return;
    }
    let handler: extern "C" fn(i32, *const libc::siginfo_t, *const libc::c_void) = pass_on;
    action.sa_sigaction = handler as *const () as usize;
    action.sa_flags = libc::SA_SIGINFO | libc::SA_RESTART;
    // SAFETY: the handler makes system calls only, and reads nothing but atomics and the
    // information that the kernel gives it.
    unsafe { libc::sigaction(signal, &raw const action, std::ptr::null_mut()) };
}

/// Passes a key on, and ends this process by the same signal.
extern "C" fn pass_on(signal: i32, how: *const libc::siginfo_t, _: *const libc::c_void) {
    // SAFETY: with SA_SIGINFO the kernel points at the signal's information.
    if unsafe { (*how).si_code } == libc::SI_KERNEL {
        for group in &GROUPS {
            let group = group.load(Ordering::Relaxed);
            if group != 0 {
                let _ = signal::kill(-group, signal);
            }
        }
    }
    signal::default(&[signal]);
    // Delivered when this function returns.
    let _ = signal::kill(std::process::id() as i32, signal);
}
