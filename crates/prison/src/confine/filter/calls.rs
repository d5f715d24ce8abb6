//! Which system call falls under which [`Rule`]; a call that is not here is unknown.
//!
//! No call may stand in two lists: the program would not compile. io_uring's calls are in none: its
//! requests would pass by the filter, and programs take other calls when there is no io_uring.

use super::Rule;

/// A call's name, as libc has it, and its number.
pub(super) type Call = (&'static str, libc::c_long);

/// The numbers of libc, and those that libc lacks for some architectures: linux/unistd.h.
#[expect(non_upper_case_globals, reason = "named as libc names them")]
mod numbers {
    pub(super) use libc::*;
    #[cfg(target_arch = "x86_64")]
    pub(super) const SYS_kexec_file_load: c_long = 320;
    #[cfg(target_arch = "aarch64")]
    pub(super) const SYS_kexec_file_load: c_long = 294;
    #[cfg(target_arch = "x86_64")]
    pub(super) const SYS_io_pgetevents: c_long = 333;
    #[cfg(target_arch = "aarch64")]
    pub(super) const SYS_io_pgetevents: c_long = 292;
    pub(super) const SYS_fchmodat2: c_long = 452;
}

macro_rules! calls {
    ($($name:ident)*) => { &[$((stringify!($name), numbers::$name)),*] };
}

/// The lists, each with its rule.
pub(super) const RULED: &[(Rule, &[Call])] = &[
    (Rule::Allowed, ALLOWED),
    (Rule::Allowed, LEGACY),
    (Rule::Refused, REFUSED),
    (Rule::Namespaces, calls![SYS_clone SYS_unshare]),
    (Rule::Clone3, calls![SYS_clone3]),
    (Rule::Entering, calls![SYS_setns SYS_pivot_root]),
    (Rule::Mounts, calls![SYS_mount SYS_umount2]),
    (Rule::NewMounts, NEW_MOUNTS),
    (Rule::Names, calls![SYS_uname]),
    (Rule::Terminal, calls![SYS_ioctl]),
    (Rule::Attributes, ATTRIBUTES),
    (Rule::Socket, calls![SYS_socket SYS_socketpair]),
    (Rule::SocketOption, calls![SYS_setsockopt]),
    (Rule::Personality, calls![SYS_personality]),
    (Rule::Messages, calls![SYS_msgget SYS_msgsnd SYS_msgrcv SYS_msgctl]),
    (Rule::Semaphores, calls![SYS_semget SYS_semop SYS_semctl SYS_semtimedop]),
    (Rule::SharedMemory, calls![SYS_shmget SYS_shmat SYS_shmctl SYS_shmdt]),
    (Rule::Quotas, calls![SYS_quotactl SYS_quotactl_fd]),
    (Rule::HostName, calls![SYS_sethostname SYS_setdomainname]),
    (Rule::Clock, calls![SYS_clock_settime SYS_settimeofday]),
    (Rule::ClockSpeed, calls![SYS_clock_adjtime SYS_adjtimex]),
    (Rule::Log, calls![SYS_syslog]),
    (Rule::Debugging, DEBUGGING),
    (Rule::ByNumber, calls![SYS_rt_sigqueueinfo SYS_rt_tgsigqueueinfo SYS_prlimit64]),
    (Rule::ByPidfd, calls![SYS_pidfd_send_signal]),
];

/// Calls about an attribute of a file, whose name is a text in memory.
#[rustfmt::skip]
const ATTRIBUTES: &[Call] = calls![
    SYS_setxattr SYS_lsetxattr SYS_fsetxattr SYS_getxattr SYS_lgetxattr SYS_fgetxattr
    SYS_removexattr SYS_lremovexattr SYS_fremovexattr
];

/// Calls that mount, since Linux 5.2. Where they are allowed, they act on a mount namespace of the
/// jail's own, a copy of the one that the host has made: the kernel locks what is copied, so that
/// what was read-only or covered stays so.
const NEW_MOUNTS: &[Call] = calls![
    SYS_open_tree
    SYS_move_mount
    SYS_fsopen
    SYS_fsconfig
    SYS_fsmount
    SYS_fspick
    SYS_mount_setattr
];

/// Calls that look into other processes of the same user, or change them.
const DEBUGGING: &[Call] = calls![
    SYS_ptrace
    SYS_process_vm_readv
    SYS_process_vm_writev
    SYS_kcmp
    SYS_pidfd_getfd
];

/// Refused as FreeBSD refuses them to a jail, or because they act on what all jails share.
#[rustfmt::skip]
const REFUSED: &[Call] = calls![
    // What acts on the kernel itself.
    SYS_init_module SYS_finit_module SYS_delete_module SYS_kexec_load
    SYS_kexec_file_load SYS_reboot SYS_bpf SYS_perf_event_open
    SYS_acct SYS_swapon SYS_swapoff SYS_userfaultfd SYS_vhangup
    // Keys belong to user ids and sessions, not to namespaces.
    SYS_add_key SYS_request_key SYS_keyctl
    // These pass by the permissions of directories.
    SYS_open_by_handle_at SYS_fanotify_init
    // Where pages lie. Attacks on the kernel's memory use these calls, and programs can do without.
    SYS_vmsplice SYS_move_pages SYS_migrate_pages SYS_set_mempolicy_home_node
];

#[rustfmt::skip]
const ALLOWED: &[Call] = calls![
    // Processes and threads.
    SYS_execve SYS_execveat SYS_exit SYS_exit_group SYS_wait4
    SYS_waitid SYS_getpid SYS_getppid SYS_gettid SYS_getpgid SYS_setpgid
    SYS_getsid SYS_setsid SYS_set_tid_address SYS_set_robust_list
    SYS_get_robust_list SYS_rseq SYS_membarrier SYS_prctl SYS_pidfd_open
    SYS_process_madvise SYS_process_mrelease
    SYS_futex SYS_futex_waitv SYS_restart_syscall SYS_getcpu SYS_seccomp
    SYS_landlock_create_ruleset SYS_landlock_add_rule SYS_landlock_restrict_self
    // Ids, limits and scheduling.
    SYS_getuid SYS_geteuid SYS_getgid SYS_getegid SYS_getresuid
    SYS_getresgid SYS_getgroups SYS_setuid SYS_setgid SYS_setreuid
    SYS_setregid SYS_setresuid SYS_setresgid SYS_setgroups SYS_setfsuid
    SYS_setfsgid SYS_capget SYS_capset SYS_getrlimit SYS_setrlimit
    SYS_getrusage SYS_times SYS_getpriority SYS_setpriority
    SYS_ioprio_get SYS_ioprio_set SYS_sched_yield SYS_sched_getparam
    SYS_sched_setparam SYS_sched_getscheduler SYS_sched_setscheduler
    SYS_sched_getaffinity SYS_sched_setaffinity SYS_sched_getattr SYS_sched_setattr
    SYS_sched_get_priority_max SYS_sched_get_priority_min SYS_sched_rr_get_interval
    SYS_get_mempolicy SYS_set_mempolicy SYS_mbind
    // Signals and time.
    SYS_kill SYS_tkill SYS_tgkill SYS_rt_sigaction SYS_rt_sigprocmask
    SYS_rt_sigpending SYS_rt_sigreturn
    SYS_rt_sigsuspend SYS_rt_sigtimedwait SYS_sigaltstack SYS_signalfd4
    SYS_nanosleep SYS_clock_gettime SYS_clock_getres SYS_clock_nanosleep
    SYS_gettimeofday
    SYS_getitimer SYS_setitimer SYS_timer_create SYS_timer_delete
    SYS_timer_getoverrun SYS_timer_gettime SYS_timer_settime SYS_timerfd_create
    SYS_timerfd_gettime SYS_timerfd_settime
    // Memory.
    SYS_brk SYS_mmap SYS_munmap SYS_mprotect SYS_mremap SYS_madvise
    SYS_mincore SYS_msync SYS_mlock SYS_mlock2 SYS_munlock SYS_mlockall
    SYS_munlockall SYS_remap_file_pages SYS_memfd_create SYS_pkey_alloc
    SYS_pkey_free SYS_pkey_mprotect
    // Files.
    SYS_read SYS_write SYS_readv SYS_writev SYS_pread64 SYS_pwrite64
    SYS_preadv SYS_pwritev SYS_preadv2 SYS_pwritev2 SYS_openat SYS_openat2
    SYS_close SYS_close_range SYS_lseek SYS_dup SYS_dup3 SYS_fcntl
    SYS_flock SYS_fsync SYS_fdatasync SYS_sync SYS_syncfs
    SYS_sync_file_range SYS_truncate SYS_ftruncate SYS_fallocate SYS_fadvise64
    SYS_readahead SYS_fstat SYS_newfstatat SYS_statx SYS_statfs SYS_fstatfs
    SYS_faccessat SYS_faccessat2 SYS_getdents64 SYS_getcwd SYS_chdir
    SYS_fchdir SYS_chroot SYS_umask SYS_mkdirat SYS_mknodat SYS_unlinkat
    SYS_renameat SYS_renameat2 SYS_linkat SYS_symlinkat SYS_readlinkat
    SYS_fchmod SYS_fchmodat SYS_fchown SYS_fchownat SYS_utimensat
    SYS_listxattr SYS_llistxattr SYS_flistxattr SYS_name_to_handle_at SYS_inotify_init1
    SYS_inotify_add_watch SYS_inotify_rm_watch SYS_fanotify_mark SYS_copy_file_range
    SYS_sendfile SYS_splice SYS_tee SYS_fchmodat2
    // Waiting for many.
    SYS_pselect6 SYS_ppoll SYS_epoll_create1 SYS_epoll_ctl SYS_epoll_pwait
    SYS_epoll_pwait2 SYS_eventfd2 SYS_io_setup SYS_io_destroy SYS_io_submit
    SYS_io_cancel SYS_io_getevents SYS_io_pgetevents
    // Between processes.
    SYS_pipe2 SYS_bind SYS_listen SYS_accept SYS_accept4 SYS_connect
    SYS_getsockname SYS_getpeername SYS_sendto SYS_recvfrom SYS_sendmsg
    SYS_recvmsg SYS_sendmmsg SYS_recvmmsg SYS_getsockopt
    SYS_shutdown SYS_mq_open SYS_mq_unlink SYS_mq_timedsend SYS_mq_timedreceive
    SYS_mq_notify SYS_mq_getsetattr
    // What is asked of the system.
    SYS_sysinfo SYS_getrandom
];

/// Calls that later architectures have only under newer names.
#[cfg(target_arch = "x86_64")]
#[rustfmt::skip]
const LEGACY: &[Call] = calls![
    SYS_open SYS_creat SYS_stat SYS_lstat SYS_access SYS_getdents
    SYS_mkdir SYS_rmdir SYS_mknod SYS_unlink SYS_rename SYS_link
    SYS_symlink SYS_readlink SYS_chmod SYS_chown SYS_lchown SYS_utime
    SYS_utimes SYS_futimesat SYS_dup2 SYS_pipe SYS_poll SYS_select
    SYS_epoll_create SYS_epoll_wait SYS_eventfd SYS_signalfd SYS_inotify_init
    SYS_fork SYS_vfork SYS_getpgrp SYS_alarm SYS_pause SYS_time
    SYS_arch_prctl
];
#[cfg(not(target_arch = "x86_64"))]
const LEGACY: &[Call] = &[];
