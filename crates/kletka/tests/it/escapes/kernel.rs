//! Attempts on the kernel itself, by system calls. Arguments do no harm where a call were allowed:
//! programs that are none, numbers out of range, the time that it is.

use super::attempt::Kind::Inherit;
use super::attempt::Layer::{Bounding, Filter, Given, Users};
use super::attempt::{Attempt, inside};

/// System calls that act on what all share.
#[rustfmt::skip]
pub(super) const CALLS: &[Attempt] = &[
    inside("a module: init_module(2)",      "call('init_module', 'none', 4, 'x')", Filter, "EPERM"),
    inside("a module: finit_module(2)",     "open(my $f, '<', '/escapes.pl'); call('finit_module', fileno($f), 'x', 0)", Filter, "EPERM"),
    inside("a module taken away: delete_module(2)", "call('delete_module', 'no_such_module', 0)", Filter, "EPERM"),
    inside("another kernel: kexec_load(2)", "call('kexec_load', 0, 17, 0, 0)", Filter, "EPERM"),
    inside("another kernel: kexec_file_load(2)", "call('kexec_file_load', -1, -1, 0, 0, 0)", Filter, "EPERM"),
    inside("reboot(2)",                     "call('reboot', 1, 2, 3, 0)", Filter, "EPERM"),
    inside("programs in the kernel: bpf(2)", "call('bpf', 9999, \\(my $b = \"\\0\" x 64), 64)", Filter, "EPERM"),
    inside("counters: perf_event_open(2)",  "call('perf_event_open', \\(my $b = \"\\0\" x 128), 0, -1, -1, 0)", Filter, "EPERM"),
    inside("page faults: userfaultfd(2)",   "call('userfaultfd', 0)", Filter, "EPERM"),
    inside("requests past the filter: io_uring_setup(2)", "call('io_uring_setup', 8, \\(my $b = \"\\0\" x 120))", Filter, "ENOSYS or EPERM"),
    inside("io_uring_enter(2)",             "call('io_uring_enter', -1, 0, 0, 0, 0, 0)", Filter, "ENOSYS or EPERM"),
    inside("io_uring_register(2)",          "call('io_uring_register', -1, 0, 0, 0)", Filter, "ENOSYS or EPERM"),
    inside("keys: add_key(2)",              "call('add_key', 'user', 'kletka', 'x', 1, -3)", Filter, "EPERM"),
    inside("keys: request_key(2)",          "call('request_key', 'user', 'kletka', 0, -3)", Filter, "EPERM"),
    inside("keys: keyctl(2)",               "call('keyctl', 0, -3, 0)", Filter, "EPERM"),
    inside("the kernel's messages: syslog(2)", "call('syslog', 3, \\(my $b = \"\\0\" x 100), 100)", Filter, "EPERM"),
    inside("accounting of all: acct(2)",    "call('acct', '/no/such/file')", Filter, "EPERM"),
    inside("swap: swapon(2)",               "call('swapon', '/no/such/file', 0)", Filter, "EPERM"),
    inside("swap: swapoff(2)",              "call('swapoff', '/no/such/file')", Filter, "EPERM"),
    inside("the clock: clock_settime(2)",   "my $t = \"\\0\" x 16; call('clock_gettime', 0, \\$t); call('clock_settime', 0, $t)", Filter, "EPERM").in_(Inherit, Bounding, "EPERM"),
    inside("the clock: settimeofday(2)",    "call('settimeofday', pack('qq', time, 2_000_000), 0)", Filter, "EPERM or EINVAL"),
    inside("the clock: adjtimex(2)",        "my $b = \"\\0\" x 208; call('adjtimex', \\$b); substr($b, 0, 4) = pack('L', 0x4000); call('adjtimex', \\$b)", Users, "EPERM").in_(Inherit, Bounding, "EPERM"),
    inside("the clock: clock_adjtime(2)",   "my $b = \"\\0\" x 208; call('clock_adjtime', 0, \\$b); substr($b, 0, 4) = pack('L', 0x4000); call('clock_adjtime', 0, \\$b)", Users, "EPERM").in_(Inherit, Bounding, "EPERM"),
    inside("ports of devices: iopl(2)",     "call('iopl', 3)", Filter, "ENOSYS or EPERM"),
    inside("ports of devices: ioperm(2)",   "call('ioperm', 0x80, 1, 1)", Filter, "ENOSYS or EPERM"),
    inside("segments: modify_ldt(2)",       "call('modify_ldt', 0, \\(my $b = \"\\0\" x 16), 16)", Filter, "ENOSYS"),
    inside("a terminal taken from all: vhangup(2)", "call('vhangup')", Filter, "EPERM"),
    inside("memory that the kernel cannot see: memfd_secret(2)", "call('memfd_secret', 0)", Filter, "ENOSYS"),
    inside("mounts of all: listmount(2)",   "call(458, \\(my $b = pack('L2Q3', 32, 0, -1, 0, 0)), \\(my $l = \"\\0\" x 64), 8, 0)", Filter, "ENOSYS"),
    inside("a call that no kernel has",     "call(9999)", Filter, "ENOSYS"),
    inside("a call by the numbers of x32",  "call(0x40000000 + 39)", Filter, "ENOSYS"),
    inside("a program of another architecture: i386",
        "machine() eq 'x86_64' ? runs(elf32(\"\\xb8\\x01\\x00\\x00\\x00\\x31\\xdb\\xcd\\x80\")) : 'absent: another machine'", Filter, "signal 31 or status 0"),
    inside("a call by i386's door in a program of x86_64",
        "machine() eq 'x86_64' ? runs(elf64(\"\\xb8\\x01\\x00\\x00\\x00\\x31\\xdb\\xcd\\x80\\xb8\\x3c\\x00\\x00\\x00\\xbf\\x07\\x00\\x00\\x00\\x0f\\x05\")) : 'absent: another machine'", Filter, "signal 31"),
    inside("a refused call, put in by a tracer after the filter: PTRACE_POKEUSER",
        "machine() eq 'x86_64' ? traced('getppid', 'keyctl') : 'absent: another machine'", Filter, "EPERM"),
    inside("a host name of the host's",     "call('sethostname', 'escaped', 7)", Given, "done").in_(Inherit, Bounding, "EPERM"),
];
