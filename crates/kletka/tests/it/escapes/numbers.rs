//! The numbers of system calls and of errors, by the names that attempts use: perl(1) without its
//! library knows neither.

/// Pairs of names, which begin with a prefix that is left out, and of their values.
macro_rules! named {
    ($prefix:literal $($name:ident)*) => {
        [$((stringify!($name).strip_prefix($prefix), libc::$name as i64)),*]
    };
}

/// Declares `%NUMBERS`, of system calls by name, and `%ERRORS`, names of errors by number.
pub(super) fn in_perl() -> String {
    let calls = calls().map(|(name, number)| format!("'{name}' => {number}, "));
    let errors = errors().map(|(name, number)| format!("{number} => '{name}', "));
    let (calls, errors): (String, String) = (calls.collect(), errors.collect());
    format!("our %NUMBERS = ({calls});\nour %ERRORS = ({errors});\n")
}

#[rustfmt::skip]
fn calls() -> impl Iterator<Item = (&'static str, i64)> {
    let everywhere = named!["SYS_"
        SYS_acct SYS_add_key SYS_adjtimex SYS_bpf SYS_clock_adjtime SYS_clock_gettime
        SYS_clock_settime SYS_clone SYS_clone3 SYS_delete_module SYS_exit_group SYS_fanotify_init
        SYS_finit_module SYS_fsopen SYS_fspick SYS_getppid SYS_init_module SYS_inotify_init1
        SYS_io_uring_enter SYS_io_uring_register SYS_io_uring_setup SYS_ioctl SYS_ioprio_set SYS_kcmp
        SYS_kexec_load SYS_keyctl SYS_kill SYS_memfd_secret SYS_mknodat SYS_mount SYS_mount_setattr
        SYS_move_mount SYS_move_pages SYS_name_to_handle_at SYS_open_by_handle_at SYS_open_tree
        SYS_perf_event_open SYS_personality SYS_pidfd_getfd SYS_pidfd_open SYS_pidfd_send_signal
        SYS_pivot_root SYS_prlimit64 SYS_process_madvise SYS_process_vm_readv SYS_process_vm_writev
        SYS_ptrace SYS_quotactl SYS_reboot SYS_request_key SYS_rt_sigqueueinfo SYS_sched_setaffinity
        SYS_sched_setscheduler SYS_sethostname SYS_setns SYS_setpriority SYS_setresgid SYS_setresuid
        SYS_settimeofday SYS_setxattr SYS_shmget SYS_statfs SYS_swapoff SYS_swapon SYS_syslog
        SYS_tgkill SYS_umount2 SYS_uname SYS_unshare SYS_userfaultfd SYS_vhangup SYS_wait4 SYS_getpriority SYS_fsconfig SYS_sendmsg
    ];
    #[cfg(target_arch = "x86_64")]
    let more = named!["SYS_" SYS_kexec_file_load SYS_iopl SYS_ioperm SYS_modify_ldt];
    // libc lacks this one, and the others are x86's.
    #[cfg(target_arch = "aarch64")]
    let more = [(Some("kexec_file_load"), 294)];
    everywhere.into_iter().chain(more).filter_map(|(name, number)| Some((name?, number)))
}

#[rustfmt::skip]
fn errors() -> impl Iterator<Item = (&'static str, i64)> {
    let errors = named![""
        EPERM ENOENT ESRCH EINTR EIO ENXIO E2BIG ENOEXEC EBADF ECHILD EAGAIN ENOMEM EACCES EFAULT
        ENOTBLK EBUSY EEXIST EXDEV ENODEV ENOTDIR EISDIR EINVAL ENFILE EMFILE ENOTTY ETXTBSY EFBIG
        ENOSPC ESPIPE EROFS EMLINK EPIPE EDOM ERANGE EDEADLK ENAMETOOLONG ENOLCK ENOSYS ENOTEMPTY
        ELOOP EOVERFLOW EUSERS ENOTSOCK EPROTONOSUPPORT ESOCKTNOSUPPORT EOPNOTSUPP EAFNOSUPPORT
        EADDRINUSE EADDRNOTAVAIL ENETDOWN ENETUNREACH ECONNREFUSED ECONNRESET ENOPROTOOPT EHOSTUNREACH ENOTCONN EINPROGRESS ETIMEDOUT EDQUOT ESTALE
    ];
    errors.into_iter().filter_map(|(name, number)| Some((name?, number)))
}
