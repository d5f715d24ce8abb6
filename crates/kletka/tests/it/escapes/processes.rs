//! Attempts on processes: init, the host's, and what would give rights or namespaces.

use super::attempt::Kind::{Children, Inherit};
use super::attempt::Layer::{Absent, Bounding, Filter, Given, Init, Processes, ReadOnly, Users};
use super::attempt::{Attempt, inside};

/// Ways into init, which has the host's rights.
#[rustfmt::skip]
pub(super) const INIT: &[Attempt] = &[
    inside("traced: PTRACE_ATTACH",         "call('ptrace', 16, 1, 0, 0)", Init, "EPERM"),
    inside("traced: PTRACE_SEIZE",          "call('ptrace', 0x4206, 1, 0, 0)", Init, "EPERM"),
    inside("memory read: process_vm_readv(2)",
        "my $b = \"\\0\" x 8; my $v = pack('PQ', $b, 8); call('process_vm_readv', 1, $v, 1, $v, 1, 0)", Init, "EPERM"),
    inside("memory written: process_vm_writev(2)",
        "my $b = \"\\0\" x 8; my $v = pack('PQ', $b, 8); call('process_vm_writev', 1, $v, 1, $v, 1, 0)", Init, "EPERM"),
    inside("memory opened: /proc/1/mem",    "opens('/proc/1/mem')", Init, "EACCES"),
    inside("its environment",               "opens('/proc/1/environ') eq 'opened' ? reads('/proc/1/environ') : 'EACCES'", Init, "EACCES"),
    inside("its memory map",                "reads('/proc/1/maps')", Init, "EACCES"),
    inside("its program",                   "opens('/proc/1/exe')", Init, "EACCES"),
    inside("its stack in the kernel",       "reads('/proc/1/stack')", Init, "EACCES or EPERM or ENOENT"),
    inside("its descriptors: pidfd_getfd(2)",
        "call('pidfd_open', 1, 0); call('pidfd_getfd', $result, 0, 0)", Init, "EPERM"),
    inside("a signal: kill(2)",             "call('kill', 1, 15)", Init, "EPERM").in_(Inherit, Init, "done"),
    inside("a signal to a thread: tgkill(2)", "call('tgkill', 1, 1, 15)", Init, "EPERM").in_(Inherit, Init, "done"),
    inside("a signal with a made-up sender: rt_sigqueueinfo(2)",
        "call('rt_sigqueueinfo', 1, 34, pack('l32', 34, 0, -1))", Init, "EPERM").in_(Inherit, Filter, "EPERM"),
    inside("a signal by descriptor: pidfd_send_signal(2)",
        "call('pidfd_open', 1, 0); call('pidfd_send_signal', $result, 15, 0, 0)", Init, "EPERM").in_(Inherit, Filter, "ENOSYS"),
    inside("a limit: prlimit(2)",           "call('prlimit64', 1, 7, pack('Q2', 64, 64), 0)", Init, "EPERM").in_(Inherit, Filter, "EPERM"),
    inside("its priority",                  "call('setpriority', 0, 1, 10)", Init, "EPERM or EACCES").in_(Inherit, Bounding, "EPERM"),
    inside("its scheduling",                "call('sched_setscheduler', 1, 0, pack('l', 0))", Init, "EPERM").in_(Inherit, Bounding, "EPERM"),
    inside("its processors",                "call('sched_setaffinity', 1, 8, pack('Q', 1))", Init, "EPERM").in_(Inherit, Bounding, "EPERM"),
    inside("its priority for disks",        "call('ioprio_set', 1, 1, 2 << 13 | 4)", Init, "EPERM").in_(Inherit, Bounding, "EPERM"),
    inside("compared with: kcmp(2)",        "call('kcmp', 1, $$, 0, 0, 0)", Init, "EPERM or ENOSYS"),
    inside("its pages moved: move_pages(2)", "call('move_pages', 1, 0, 0, 0, 0, 0)", Init, "EPERM"),
    inside("its memory advised: process_madvise(2)",
        "call('pidfd_open', 1, 0); call('process_madvise', $result, pack('QQ', 0, 0), 1, 20, 0)", Init, "EPERM or EACCES"),
    inside("first to be killed without memory: /proc/1/oom_score_adj",
        "opens('/proc/1/oom_score_adj', '>')", Init, "EACCES").in_(Inherit, ReadOnly, "EROFS"),
    inside("its descriptors, opened again",  "opens('/proc/1/fd/0')", Init, "EACCES"),
];

/// Ways into namespaces.
#[rustfmt::skip]
pub(super) const NAMESPACES: &[Attempt] = &[
    inside("init's mount namespace",        "opens('/proc/1/ns/mnt')", Init, "EACCES"),
    inside("init's user namespace",         "opens('/proc/1/ns/user')", Init, "EACCES"),
    inside("init's process namespace",      "opens('/proc/1/ns/pid')", Init, "EACCES"),
    inside("init's network namespace",      "opens('/proc/1/ns/net')", Init, "EACCES"),
    inside("the parent of the user namespace: NS_GET_PARENT",
        "open(my $n, '<', '/proc/self/ns/user'); call('ioctl', fileno($n), 0xb702, 0)", Users, "EPERM").in_(Inherit, Absent, "EPERM"),
    inside("entered again: setns(2)",
        "open(my $n, '<', '/proc/self/ns/uts'); call('setns', fileno($n), 0)", Filter, "EPERM").in_(Children, Given, "done"),
    inside("entered by process: setns(2)",
        "call('pidfd_open', 1, 0); call('setns', $result, 0x20000)", Filter, "EPERM").in_(Children, Init, "EPERM"),
    inside("a user namespace: unshare(2)",  "call('unshare', 0x10000000)", Filter, "EPERM").in_(Children, Given, "done"),
    inside("a mount namespace",             "call('unshare', 0x00020000)", Filter, "EPERM").in_(Children, Given, "done"),
    inside("a network namespace",           "call('unshare', 0x40000000)", Filter, "EPERM").in_(Children, Given, "done"),
    inside("a process namespace",           "call('unshare', 0x20000000)", Filter, "EPERM").in_(Children, Given, "done"),
    inside("an IPC namespace",              "call('unshare', 0x08000000)", Filter, "EPERM").in_(Children, Given, "done"),
    inside("a host name's namespace",       "call('unshare', 0x04000000)", Filter, "EPERM").in_(Children, Given, "done"),
    inside("a cgroup namespace",            "call('unshare', 0x02000000)", Filter, "EPERM").in_(Children, Given, "done"),
    inside("a time namespace",              "call('unshare', 0x00000080)", Filter, "EPERM").in_(Children, Given, "done or EINVAL"),
    inside("a user namespace: clone(2)",    "call('clone', 0x10000011, 0, 0, 0, 0) ; answer($result < 0, do { leave() if !$result; 'done' })", Filter, "EPERM").in_(Children, Given, "done"),
    inside("a user namespace: clone3(2)",   "call('clone3', pack('Q8', 0x10000000, 0, 0, 0, 17, 0, 0, 0), 64); answer($result < 0, do { leave() if !$result; 'done' })", Filter, "ENOSYS").in_(Children, Given, "done"),
];

/// Rights and limits.
#[rustfmt::skip]
pub(super) const RIGHTS: &[Attempt] = &[
    inside("capabilities over the kernel, gained by execve(2): modules, devices, clocks, restart, accounting, tracing, BPF, audit, mknod",
        "rights(2, 16, 17, 20, 22, 25, 26, 27, 30, 32, 33, 34, 35, 36, 37, 38, 39, 40)", Bounding, "none"),
    inside("capabilities over a network",
        "rights(11, 12)", Bounding, "none"),
    inside("capabilities over other processes and the host's settings: SYS_ADMIN, SYS_PTRACE, SYS_RESOURCE",
        "rights(19, 21, 24)", Users, "19 21 24").in_(Inherit, Bounding, "none"),
    inside("capabilities over processors, memory locks, foreign IPC, leases, audit: SYS_NICE, IPC_LOCK, IPC_OWNER, LEASE, AUDIT_WRITE",
        "rights(14, 15, 23, 28, 29)", Users, "14 15 23").in_(Inherit, Bounding, "none"),
    inside("a limit raised: RLIMIT_NOFILE",
        "call('prlimit64', 0, 7, pack('Q2', 1 << 30, 1 << 30), 0)", Users, "EPERM").in_(Inherit, Bounding, "EPERM"),
    inside("before others: a lower nice value than the caller's",
        "call('getpriority', 0, 0); call('setpriority', 0, 0, 20 - $result - 1)", Users, "EACCES or EPERM").in_(Inherit, Bounding, "EACCES or EPERM"),
    inside("before all: SCHED_FIFO",
        "call('sched_setscheduler', 0, 1, pack('l', 1))", Users, "EPERM").in_(Inherit, Bounding, "EPERM"),
    inside("never killed for want of memory: oom_score_adj of -1000",
        "open(my $f, '>', '/proc/self/oom_score_adj') or return answer(1); answer(!defined(syswrite($f, '-1000')), 'done')", Users, "EACCES").in_(Inherit, Bounding, "EACCES"),
    inside("the host's processes: a number that no process here has",
        "my %own = map { $_ => 1 } lists('/proc') =~ /\\b\\d+\\b/g; my @hit = grep { !$own{$_} && kill(0, $_) } 2 .. 4000; @hit ? 'found' : 'none'", Processes, "none"),
    inside("all processes that there are: kill(2) of -1, with signal 0",
        "call('kill', -1, 0)", Processes, "done or ESRCH"),
    inside("easier attacks: personality(2) READ_IMPLIES_EXEC",
        "call('personality', 0x0400000)", Filter, "EPERM"),
    inside("the user namespace's counts, which must not be the host root's: NS_GET_OWNER_UID",
        "my $u = pack('L', 99); open(my $n, '<', '/proc/self/ns/user'); my $a = call('ioctl', fileno($n), 0xb704, \\$u); $a eq 'done' ? 'owner ' . unpack('L', $u) : $a", Users, "owner 0").in_(Inherit, Given, "owner 0"),
];
