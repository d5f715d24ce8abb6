//! The system calls of a jailed process: seccomp(2), a list of what is allowed.
//!
//! Calls that FreeBSD refuses a jail, and those that would leave its namespaces, answer `EPERM`; calls
//! that this list does not know answer `ENOSYS`, so that programs fall back to older ones. The program
//! is a balanced tree over ranges of numbers with the architecture checked first: the kernel runs a
//! filter once for every number when it is loaded, and a linear one makes that 1 ms.

use crate::record::Rights;
use crate::spec::Users;
use libc::{
    BPF_ABS, BPF_JEQ, BPF_JGE, BPF_JMP, BPF_JSET, BPF_K, BPF_LD, BPF_RET, BPF_W, sock_filter,
};

/// Offsets in `struct seccomp_data`.
const NUMBER: u32 = 0;
const ARCHITECTURE: u32 = 4;
const FIRST_ARGUMENT: u32 = 16;
const SECOND_ARGUMENT: u32 = 24;

#[cfg(target_arch = "x86_64")]
const NATIVE: u32 = 0xc000_003e;
#[cfg(target_arch = "aarch64")]
const NATIVE: u32 = 0xc000_00b7;

/// Every CLONE_NEW* flag: a jail makes no namespaces of its own.
const NAMESPACES: u32 = 0x7e02_0080;
const TIOCSTI: u32 = 0x5412;
const TIOCLINUX: u32 = 0x541c;
/// personality(2): Linux's own, with and without address randomisation, 32-bit uname, and "tell me".
const PERSONALITIES: [u32; 5] = [0, 0x0004_0000, 0x0008, 0x0002_0000, 0xffff_ffff];

/// What becomes of a system call.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Verdict {
    Allow,
    Refuse(i32),
    Check(Check),
}

/// A call that depends on an argument.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Check {
    /// clone(2), unshare(2): no namespace flag in the first argument.
    NoNamespaces,
    /// ioctl(2): the second argument puts no characters into a terminal's input.
    NoTerminalInput,
    /// socket(2), socketpair(2): a protocol family that the jail may use.
    Family(Rights),
    /// personality(2): one that makes no process easier to attack.
    Personality,
    /// rt_sigqueueinfo(2): the first argument is not init.
    NotToInit,
}

const fn statement(code: u32, k: u32) -> sock_filter {
    sock_filter { code: code as u16, jt: 0, jf: 0, k }
}

const fn jump(test: u32, k: u32, jt: u8, jf: u8) -> sock_filter {
    sock_filter { code: (BPF_JMP | test | BPF_K) as u16, jt, jf, k }
}

const fn load(offset: u32) -> sock_filter {
    statement(BPF_LD | BPF_W | BPF_ABS, offset)
}

const ALLOW: sock_filter = statement(BPF_RET | BPF_K, libc::SECCOMP_RET_ALLOW);

const fn refuse(errno: i32) -> sock_filter {
    statement(BPF_RET | BPF_K, libc::SECCOMP_RET_ERRNO | errno as u32)
}

/// The filter of a prison with these rights.
pub(crate) fn program(rights: Rights) -> Vec<sock_filter> {
    let mut program = vec![
        load(ARCHITECTURE),
        jump(BPF_JEQ, NATIVE, 1, 0),
        statement(BPF_RET | BPF_K, libc::SECCOMP_RET_KILL_PROCESS),
        load(NUMBER),
    ];
    program.extend(tree(&ranges(rules(rights))));
    program
}

/// The verdicts by number: each range begins at its number and reaches to the next.
fn ranges(mut rules: Vec<(u32, Verdict)>) -> Vec<(u32, Verdict)> {
    let unknown = Verdict::Refuse(libc::ENOSYS);
    rules.sort_unstable_by_key(|&(number, _)| number);
    let mut ranges = vec![(0, unknown)];
    let mut expected = 0;
    let mut begin = |number, verdict| {
        if ranges.last().is_none_or(|&(_, last)| last != verdict) {
            ranges.push((number, verdict));
        }
    };
    for (number, verdict) in rules {
        if number > expected {
            begin(expected, unknown);
        }
        begin(number, verdict);
        expected = number + 1;
    }
    begin(expected, unknown);
    ranges
}

/// A balanced search tree over `ranges`; the accumulator holds the number.
fn tree(ranges: &[(u32, Verdict)]) -> Vec<sock_filter> {
    if let [(_, verdict)] = ranges {
        return leaf(*verdict);
    }
    let (low, high) = ranges.split_at(ranges.len() / 2);
    let (below, above) = (tree(low), tree(high));
    let mut program = Vec::with_capacity(below.len() + above.len() + 2);
    match u8::try_from(below.len()) {
        Ok(distance) => program.push(jump(BPF_JGE, high[0].0, distance, 0)),
        Err(_) => {
            program.push(jump(BPF_JGE, high[0].0, 0, 1));
            program.push(statement(BPF_JMP | libc::BPF_JA, below.len() as u32));
        }
    }
    program.extend(below);
    program.extend(above);
    program
}

fn leaf(verdict: Verdict) -> Vec<sock_filter> {
    match verdict {
        Verdict::Allow => vec![ALLOW],
        Verdict::Refuse(errno) => vec![refuse(errno)],
        Verdict::Check(Check::NoNamespaces) => {
            vec![load(FIRST_ARGUMENT), jump(BPF_JSET, NAMESPACES, 1, 0), ALLOW, refuse(libc::EPERM)]
        }
        Verdict::Check(Check::NoTerminalInput) => vec![
            load(SECOND_ARGUMENT),
            jump(BPF_JEQ, TIOCSTI, 2, 0),
            jump(BPF_JEQ, TIOCLINUX, 1, 0),
            ALLOW,
            refuse(libc::EPERM),
        ],
        Verdict::Check(Check::Family(rights)) => one_of(&families(rights), libc::EAFNOSUPPORT),
        Verdict::Check(Check::Personality) => one_of(&PERSONALITIES, libc::EPERM),
        Verdict::Check(Check::NotToInit) => {
            vec![load(FIRST_ARGUMENT), jump(BPF_JEQ, 1, 0, 1), refuse(libc::EPERM), ALLOW]
        }
    }
}

/// Allows the call when its first argument is one of `values`.
fn one_of(values: &[u32], otherwise: i32) -> Vec<sock_filter> {
    let mut program = vec![load(FIRST_ARGUMENT)];
    for (index, &value) in values.iter().enumerate() {
        program.push(jump(BPF_JEQ, value, (values.len() - index) as u8, 0));
    }
    program.extend([refuse(otherwise), ALLOW]);
    program
}

/// Protocol families: jail(8), `allow.socket_af`, and `ip4`, `ip6`, `allow.raw_sockets`.
fn families(rights: Rights) -> Vec<u32> {
    let all = [
        (true, libc::AF_UNIX),
        (true, libc::AF_NETLINK),
        (rights.families.inet, libc::AF_INET),
        (rights.families.inet6, libc::AF_INET6),
        (rights.allow.raw_sockets, libc::AF_PACKET),
    ];
    all.into_iter().filter(|(on, _)| *on).map(|(_, family)| family as u32).collect()
}

/// The verdict of every call that is known, in no order.
fn rules(rights: Rights) -> Vec<(u32, Verdict)> {
    let permitted = |on| if on { Verdict::Allow } else { Verdict::Refuse(libc::EPERM) };
    let allowed = ALLOWED.iter().chain(LEGACY).map(|&number| (number, Verdict::Allow));
    let refused = REFUSED.iter().map(|&number| (number, Verdict::Refuse(libc::EPERM)));
    let mut rules: Vec<_> =
        allowed.chain(refused).map(|(n, verdict)| (n as u32, verdict)).collect();
    for (number, verdict) in [
        (libc::SYS_clone, Verdict::Check(Check::NoNamespaces)),
        (libc::SYS_unshare, Verdict::Check(Check::NoNamespaces)),
        // Its flags are in memory, which a filter cannot read: programs fall back to clone(2).
        (libc::SYS_clone3, Verdict::Refuse(libc::ENOSYS)),
        (libc::SYS_ioctl, Verdict::Check(Check::NoTerminalInput)),
        (libc::SYS_socket, Verdict::Check(Check::Family(rights))),
        (libc::SYS_socketpair, Verdict::Check(Check::Family(rights))),
        (libc::SYS_personality, Verdict::Check(Check::Personality)),
        (libc::SYS_quotactl, permitted(rights.allow.quotas)),
        (libc::SYS_quotactl_fd, permitted(rights.allow.quotas)),
        (libc::SYS_sethostname, permitted(rights.allow.set_hostname)),
        (libc::SYS_setdomainname, permitted(rights.allow.set_hostname)),
    ] {
        rules.push((number as u32, verdict));
    }
    if rights.users != Users::Own {
        forbid_orders_to_init(&mut rules);
    }
    if rights.children {
        allow(&mut rules, &NAMESPACE_CALLS);
    }
    if rights.children || rights.allow.mount {
        allow(&mut rules, &MOUNT_CALLS);
    }
    rules
}

/// Calls that make and enter namespaces, for jails with jails inside.
const NAMESPACE_CALLS: [libc::c_long; 5] =
    [libc::SYS_clone, libc::SYS_clone3, libc::SYS_unshare, libc::SYS_setns, libc::SYS_pivot_root];

/// Calls that mount. They act on a mount namespace of the jail's own, a copy of the one that the host has made: the
/// kernel keeps what is copied as it is, so that what was read-only or covered stays so.
const MOUNT_CALLS: [libc::c_long; 9] = [
    libc::SYS_mount,
    libc::SYS_umount2,
    libc::SYS_open_tree,
    libc::SYS_move_mount,
    libc::SYS_fsopen,
    libc::SYS_fsconfig,
    libc::SYS_fsmount,
    libc::SYS_fspick,
    libc::SYS_mount_setattr,
];

fn allow(rules: &mut [(u32, Verdict)], calls: &[libc::c_long]) {
    for (number, verdict) in rules {
        if calls.contains(&libc::c_long::from(*number)) {
            *verdict = Verdict::Allow;
        }
    }
}

/// Where the jail's root has the id of init's user, the kernel lets it signal init. Who has sent a signal with a number can be
/// made up, so none may go there.
fn forbid_orders_to_init(rules: &mut [(u32, Verdict)]) {
    for (number, verdict) in rules {
        match libc::c_long::from(*number) {
            libc::SYS_rt_sigqueueinfo | libc::SYS_rt_tgsigqueueinfo => {
                *verdict = Verdict::Check(Check::NotToInit);
            }
            // Whom it is for cannot be seen; programs fall back to kill(2).
            libc::SYS_pidfd_send_signal => *verdict = Verdict::Refuse(libc::ENOSYS),
            _ => {}
        }
    }
}

/// Refused as FreeBSD refuses them to a jail, or because they act on what all jails share.
#[rustfmt::skip]
const REFUSED: &[libc::c_long] = &[
    // The kernel itself.
    libc::SYS_init_module, libc::SYS_finit_module, libc::SYS_delete_module, libc::SYS_kexec_load,
    libc::SYS_kexec_file_load, libc::SYS_reboot, libc::SYS_bpf, libc::SYS_perf_event_open, libc::SYS_syslog,
    libc::SYS_acct, libc::SYS_swapon, libc::SYS_swapoff, libc::SYS_userfaultfd, libc::SYS_vhangup,
    // Keys are not namespaced.
    libc::SYS_add_key, libc::SYS_request_key, libc::SYS_keyctl,
    // Mounts and namespaces.
    libc::SYS_mount, libc::SYS_umount2, libc::SYS_pivot_root, libc::SYS_setns, libc::SYS_open_tree,
    libc::SYS_move_mount, libc::SYS_fsopen, libc::SYS_fsconfig, libc::SYS_fsmount, libc::SYS_fspick,
    libc::SYS_mount_setattr,
    // Around the file system's permissions, or around this filter.
    libc::SYS_open_by_handle_at, libc::SYS_fanotify_init, libc::SYS_io_uring_setup,
    libc::SYS_io_uring_enter, libc::SYS_io_uring_register,
];

#[rustfmt::skip]
const ALLOWED: &[libc::c_long] = &[
    // Processes and threads.
    libc::SYS_execve, libc::SYS_execveat, libc::SYS_exit, libc::SYS_exit_group, libc::SYS_wait4,
    libc::SYS_waitid, libc::SYS_getpid, libc::SYS_getppid, libc::SYS_gettid, libc::SYS_getpgid, libc::SYS_setpgid,
    libc::SYS_getsid, libc::SYS_setsid, libc::SYS_set_tid_address, libc::SYS_set_robust_list,
    libc::SYS_get_robust_list, libc::SYS_rseq, libc::SYS_membarrier, libc::SYS_prctl, libc::SYS_ptrace,
    libc::SYS_process_vm_readv, libc::SYS_process_vm_writev, libc::SYS_kcmp, libc::SYS_pidfd_open,
    libc::SYS_pidfd_getfd, libc::SYS_pidfd_send_signal, libc::SYS_process_madvise, libc::SYS_process_mrelease,
    libc::SYS_futex, libc::SYS_futex_waitv, libc::SYS_restart_syscall, libc::SYS_getcpu, libc::SYS_seccomp,
    libc::SYS_landlock_create_ruleset, libc::SYS_landlock_add_rule, libc::SYS_landlock_restrict_self,
    // Ids, limits and scheduling.
    libc::SYS_getuid, libc::SYS_geteuid, libc::SYS_getgid, libc::SYS_getegid, libc::SYS_getresuid,
    libc::SYS_getresgid, libc::SYS_getgroups, libc::SYS_setuid, libc::SYS_setgid, libc::SYS_setreuid,
    libc::SYS_setregid, libc::SYS_setresuid, libc::SYS_setresgid, libc::SYS_setgroups, libc::SYS_setfsuid,
    libc::SYS_setfsgid, libc::SYS_capget, libc::SYS_capset, libc::SYS_getrlimit, libc::SYS_setrlimit,
    libc::SYS_prlimit64, libc::SYS_getrusage, libc::SYS_times, libc::SYS_getpriority, libc::SYS_setpriority,
    libc::SYS_ioprio_get, libc::SYS_ioprio_set, libc::SYS_sched_yield, libc::SYS_sched_getparam,
    libc::SYS_sched_setparam, libc::SYS_sched_getscheduler, libc::SYS_sched_setscheduler,
    libc::SYS_sched_getaffinity, libc::SYS_sched_setaffinity, libc::SYS_sched_getattr, libc::SYS_sched_setattr,
    libc::SYS_sched_get_priority_max, libc::SYS_sched_get_priority_min, libc::SYS_sched_rr_get_interval,
    libc::SYS_get_mempolicy, libc::SYS_set_mempolicy, libc::SYS_mbind, libc::SYS_set_mempolicy_home_node,
    libc::SYS_migrate_pages, libc::SYS_move_pages,
    // Signals and time.
    libc::SYS_kill, libc::SYS_tkill, libc::SYS_tgkill, libc::SYS_rt_sigaction, libc::SYS_rt_sigprocmask,
    libc::SYS_rt_sigpending, libc::SYS_rt_sigqueueinfo, libc::SYS_rt_tgsigqueueinfo, libc::SYS_rt_sigreturn,
    libc::SYS_rt_sigsuspend, libc::SYS_rt_sigtimedwait, libc::SYS_sigaltstack, libc::SYS_signalfd4,
    libc::SYS_nanosleep, libc::SYS_clock_gettime, libc::SYS_clock_getres, libc::SYS_clock_nanosleep,
    libc::SYS_clock_settime, libc::SYS_clock_adjtime, libc::SYS_adjtimex, libc::SYS_gettimeofday,
    libc::SYS_settimeofday, libc::SYS_getitimer, libc::SYS_setitimer, libc::SYS_timer_create, libc::SYS_timer_delete,
    libc::SYS_timer_getoverrun, libc::SYS_timer_gettime, libc::SYS_timer_settime, libc::SYS_timerfd_create,
    libc::SYS_timerfd_gettime, libc::SYS_timerfd_settime,
    // Memory.
    libc::SYS_brk, libc::SYS_mmap, libc::SYS_munmap, libc::SYS_mprotect, libc::SYS_mremap, libc::SYS_madvise,
    libc::SYS_mincore, libc::SYS_msync, libc::SYS_mlock, libc::SYS_mlock2, libc::SYS_munlock, libc::SYS_mlockall,
    libc::SYS_munlockall, libc::SYS_remap_file_pages, libc::SYS_memfd_create, libc::SYS_pkey_alloc,
    libc::SYS_pkey_free, libc::SYS_pkey_mprotect,
    // Files.
    libc::SYS_read, libc::SYS_write, libc::SYS_readv, libc::SYS_writev, libc::SYS_pread64, libc::SYS_pwrite64,
    libc::SYS_preadv, libc::SYS_pwritev, libc::SYS_preadv2, libc::SYS_pwritev2, libc::SYS_openat, libc::SYS_openat2,
    libc::SYS_close, libc::SYS_close_range, libc::SYS_lseek, libc::SYS_dup, libc::SYS_dup3, libc::SYS_fcntl,
    libc::SYS_flock, libc::SYS_fsync, libc::SYS_fdatasync, libc::SYS_sync, libc::SYS_syncfs,
    libc::SYS_sync_file_range, libc::SYS_truncate, libc::SYS_ftruncate, libc::SYS_fallocate, libc::SYS_fadvise64,
    libc::SYS_readahead, libc::SYS_fstat, libc::SYS_newfstatat, libc::SYS_statx, libc::SYS_statfs, libc::SYS_fstatfs,
    libc::SYS_faccessat, libc::SYS_faccessat2, libc::SYS_getdents64, libc::SYS_getcwd, libc::SYS_chdir,
    libc::SYS_fchdir, libc::SYS_chroot, libc::SYS_umask, libc::SYS_mkdirat, libc::SYS_mknodat, libc::SYS_unlinkat,
    libc::SYS_renameat, libc::SYS_renameat2, libc::SYS_linkat, libc::SYS_symlinkat, libc::SYS_readlinkat,
    libc::SYS_fchmod, libc::SYS_fchmodat, libc::SYS_fchown, libc::SYS_fchownat, libc::SYS_utimensat,
    libc::SYS_setxattr, libc::SYS_lsetxattr, libc::SYS_fsetxattr, libc::SYS_getxattr, libc::SYS_lgetxattr,
    libc::SYS_fgetxattr, libc::SYS_listxattr, libc::SYS_llistxattr, libc::SYS_flistxattr, libc::SYS_removexattr,
    libc::SYS_lremovexattr, libc::SYS_fremovexattr, libc::SYS_name_to_handle_at, libc::SYS_inotify_init1,
    libc::SYS_inotify_add_watch, libc::SYS_inotify_rm_watch, libc::SYS_fanotify_mark, libc::SYS_copy_file_range,
    libc::SYS_sendfile, libc::SYS_splice, libc::SYS_tee, libc::SYS_vmsplice, libc::SYS_fchmodat2,
    // Waiting for many.
    libc::SYS_pselect6, libc::SYS_ppoll, libc::SYS_epoll_create1, libc::SYS_epoll_ctl, libc::SYS_epoll_pwait,
    libc::SYS_epoll_pwait2, libc::SYS_eventfd2, libc::SYS_io_setup, libc::SYS_io_destroy, libc::SYS_io_submit,
    libc::SYS_io_cancel, libc::SYS_io_getevents,
    // Between processes.
    libc::SYS_pipe2, libc::SYS_bind, libc::SYS_listen, libc::SYS_accept, libc::SYS_accept4, libc::SYS_connect,
    libc::SYS_getsockname, libc::SYS_getpeername, libc::SYS_sendto, libc::SYS_recvfrom, libc::SYS_sendmsg,
    libc::SYS_recvmsg, libc::SYS_sendmmsg, libc::SYS_recvmmsg, libc::SYS_setsockopt, libc::SYS_getsockopt,
    libc::SYS_shutdown, libc::SYS_shmget, libc::SYS_shmat, libc::SYS_shmctl, libc::SYS_shmdt, libc::SYS_semget,
    libc::SYS_semop, libc::SYS_semctl, libc::SYS_semtimedop, libc::SYS_msgget, libc::SYS_msgsnd, libc::SYS_msgrcv,
    libc::SYS_msgctl, libc::SYS_mq_open, libc::SYS_mq_unlink, libc::SYS_mq_timedsend, libc::SYS_mq_timedreceive,
    libc::SYS_mq_notify, libc::SYS_mq_getsetattr,
    // What is asked of the system.
    libc::SYS_uname, libc::SYS_sysinfo, libc::SYS_getrandom,
];

/// Calls that later architectures have under newer names only.
#[cfg(target_arch = "x86_64")]
#[rustfmt::skip]
const LEGACY: &[libc::c_long] = &[
    libc::SYS_open, libc::SYS_creat, libc::SYS_stat, libc::SYS_lstat, libc::SYS_access, libc::SYS_getdents,
    libc::SYS_mkdir, libc::SYS_rmdir, libc::SYS_mknod, libc::SYS_unlink, libc::SYS_rename, libc::SYS_link,
    libc::SYS_symlink, libc::SYS_readlink, libc::SYS_chmod, libc::SYS_chown, libc::SYS_lchown, libc::SYS_utime,
    libc::SYS_utimes, libc::SYS_futimesat, libc::SYS_dup2, libc::SYS_pipe, libc::SYS_poll, libc::SYS_select,
    libc::SYS_epoll_create, libc::SYS_epoll_wait, libc::SYS_eventfd, libc::SYS_signalfd, libc::SYS_inotify_init,
    libc::SYS_fork, libc::SYS_vfork, libc::SYS_getpgrp, libc::SYS_alarm, libc::SYS_pause, libc::SYS_time,
    libc::SYS_arch_prctl, libc::SYS_ustat, libc::SYS_sysfs,
];
#[cfg(not(target_arch = "x86_64"))]
const LEGACY: &[libc::c_long] = &[];

#[cfg(test)]
mod tests {
    use super::*;
    use crate::spec::{Allow, Families};

    const RIGHTS: Rights = Rights {
        allow: Allow {
            raw_sockets: false,
            quotas: false,
            set_hostname: true,
            chflags: false,
            reserved_ports: true,
            mount: false,
        },
        families: Families { inet: true, inet6: false },
        users: Users::Own,
        own_network: true,
        children: false,
    };

    /// What the kernel would answer: the few instructions that the filter is made of.
    fn run(program: &[sock_filter], architecture: u32, number: u32, arguments: [u32; 2]) -> u32 {
        let (mut at, mut accumulator) = (0, 0);
        loop {
            let instruction = program[at];
            let (code, k) = (u32::from(instruction.code), instruction.k);
            at += 1;
            let mut branch = |taken| {
                at += usize::from(if taken { instruction.jt } else { instruction.jf });
            };
            match code & 0x07 {
                BPF_LD => {
                    accumulator = match k {
                        NUMBER => number,
                        ARCHITECTURE => architecture,
                        FIRST_ARGUMENT => arguments[0],
                        SECOND_ARGUMENT => arguments[1],
                        other => panic!("load of offset {other}"),
                    };
                }
                BPF_JMP => match code & 0xf0 {
                    BPF_JEQ => branch(accumulator == k),
                    BPF_JGE => branch(accumulator >= k),
                    BPF_JSET => branch(accumulator & k != 0),
                    _ => at += k as usize,
                },
                _ => return k,
            }
        }
    }

    fn errno(errno: i32) -> u32 {
        libc::SECCOMP_RET_ERRNO | errno as u32
    }

    #[test]
    #[rustfmt::skip]
    fn verdicts() {
        const ALLOWED: u32 = libc::SECCOMP_RET_ALLOW;
        let program = program(RIGHTS);
        for (number, arguments, want) in [
            (libc::SYS_read,        [0, 0],                       ALLOWED),
            (libc::SYS_getrandom,   [0, 0],                       ALLOWED),
            (libc::SYS_mount,       [0, 0],                       errno(libc::EPERM)),
            (libc::SYS_init_module, [0, 0],                       errno(libc::EPERM)),
            (libc::SYS_setns,       [0, 0],                       errno(libc::EPERM)),
            (libc::SYS_clone3,      [0, 0],                       errno(libc::ENOSYS)),
            (libc::SYS_clone,       [libc::SIGCHLD as u32, 0],    ALLOWED),
            (libc::SYS_clone,       [libc::CLONE_NEWNET as u32, 0], errno(libc::EPERM)),
            (libc::SYS_unshare,     [libc::CLONE_FS as u32, 0],   ALLOWED),
            (libc::SYS_unshare,     [libc::CLONE_NEWUSER as u32, 0], errno(libc::EPERM)),
            (libc::SYS_unshare,     [0x80, 0],                    errno(libc::EPERM)), // CLONE_NEWTIME
            (libc::SYS_ioctl,       [0, 0x5401],                  ALLOWED),            // TCGETS
            (libc::SYS_ioctl,       [0, TIOCSTI],                 errno(libc::EPERM)),
            (libc::SYS_socket,      [libc::AF_INET as u32, 0],    ALLOWED),
            (libc::SYS_socket,      [libc::AF_INET6 as u32, 0],   errno(libc::EAFNOSUPPORT)),
            (libc::SYS_socket,      [libc::AF_PACKET as u32, 0],  errno(libc::EAFNOSUPPORT)),
            (libc::SYS_socket,      [libc::AF_VSOCK as u32, 0],   errno(libc::EAFNOSUPPORT)),
            (libc::SYS_personality, [0xffff_ffff, 0],             ALLOWED),
            (libc::SYS_personality, [0x0040_0000, 0],             errno(libc::EPERM)), // READ_IMPLIES_EXEC
            (libc::SYS_quotactl,    [0, 0],                       errno(libc::EPERM)),
            (libc::SYS_sethostname, [0, 0],                       ALLOWED),
            (9999,                  [0, 0],                       errno(libc::ENOSYS)),
            (0x4000_0000,           [0, 0],                       errno(libc::ENOSYS)), // x32's read
        ] {
            assert_eq!(run(&program, NATIVE, number as u32, arguments), want, "{number} {arguments:x?}");
        }
    }

    #[test]
    fn the_tree_agrees_with_the_list() {
        let program = program(RIGHTS);
        let rules = rules(RIGHTS);
        for number in 0..1000 {
            let listed = rules.iter().find(|(listed, _)| *listed == number);
            let want = match listed.map(|(_, verdict)| *verdict) {
                Some(Verdict::Check(_)) => continue,
                Some(Verdict::Allow) => libc::SECCOMP_RET_ALLOW,
                Some(Verdict::Refuse(number)) => errno(number),
                None => errno(libc::ENOSYS),
            };
            assert_eq!(run(&program, NATIVE, number, [0, 0]), want, "{number}");
        }
    }

    #[test]
    fn no_call_is_listed_twice() {
        let mut numbers: Vec<u32> = rules(RIGHTS).into_iter().map(|(number, _)| number).collect();
        numbers.sort_unstable();
        let total = numbers.len();
        numbers.dedup();
        assert_eq!(numbers.len(), total);
    }

    #[test]
    fn foreign_architectures_are_killed() {
        let killed = run(&program(RIGHTS), 0x4000_0003, 0, [0, 0]); // AUDIT_ARCH_I386
        assert_eq!(killed, libc::SECCOMP_RET_KILL_PROCESS);
    }
}
