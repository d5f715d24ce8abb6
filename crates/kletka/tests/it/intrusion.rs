//! What the root of a jail may try: perl(1), which is in every Debian, makes bare system calls, and
//! looks into the processes that enter the jail.

use crate::sandbox::Sandbox;
use std::fmt::Write;

/// Puts perl(1) into the root of a jail, with the libraries that it needs.
pub(crate) fn perl(sandbox: &Sandbox, root: &str) {
    sandbox.ok(&format!(
        "for file in $(realpath /usr/bin/perl) $(ldd /usr/bin/perl | grep -o '/[^ ]*'); do \
         mkdir -p {root}$(dirname $file) && cp -L $file {root}$file; done; \
         cp -L /usr/bin/perl {root}/bin/perl"
    ));
}

/// A machine with a running jail `web` whose root has perl(1).
fn with_perl(parameters: &str) -> Option<Sandbox> {
    let sandbox = Sandbox::new()?;
    sandbox.root("/home/jails/web");
    perl(&sandbox, "/home/jails/web");
    sandbox.ok("mkdir -p /home/jails/web/sys");
    sandbox.write(
        "/etc/jail.conf",
        format!("web {{ path = /home/jails/web; persist; mount.devfs; {parameters} }}\n"),
    );
    sandbox.ok("jail -q -c web");
    Some(sandbox)
}

#[test]
#[rustfmt::skip]
fn system_calls() {
    let Some(sandbox) = with_perl("vnet;") else { return };
    let namespaces = libc::CLONE_NEWUSER as i64 | libc::CLONE_NEWNS as i64;
    let mut script = String::from("my %errors = (1, 'EPERM', 38, 'ENOSYS', 97, 'EAFNOSUPPORT'); \
        sub try { my $name = shift; my $answer = syscall(shift, @_); my $error = $! + 0; \
        print \"$name \", $answer < 0 ? $errors{$error} // $error : 'done', \"\\n\"; } \
        my $b = \"\\0\" x 4096; my $t = \"x\\0\"; my $s = \"/\\0\"; my $v = pack('PQ', $b, 8);\n");
    let mut want = String::new();
    for (name, number, arguments, answer) in [
        // The kernel itself.
        ("init_module",         libc::SYS_init_module,         "$b, 4, $t",                "EPERM"),
        ("finit_module",        libc::SYS_finit_module,        "0, $t, 0",                 "EPERM"),
        ("delete_module",       libc::SYS_delete_module,       "$t, 0",                    "EPERM"),
        ("kexec_load",          libc::SYS_kexec_load,          "0, 0, 0, 0",               "EPERM"),
        ("kexec_file_load",     libc::SYS_kexec_file_load,     "0, 0, 0, 0, 0",            "EPERM"),
        ("reboot",              libc::SYS_reboot,              "0xfee1dead, 672274793, 0x01234567, 0", "EPERM"),
        ("bpf",                 libc::SYS_bpf,                 "0, $b, 64",                "EPERM"),
        ("perf_event_open",     libc::SYS_perf_event_open,     "$b, 0, -1, -1, 0",         "EPERM"),
        ("syslog",              libc::SYS_syslog,              "3, $b, 100",               "EPERM"),
        ("acct",                libc::SYS_acct,                "$t",                       "EPERM"),
        ("swapon",              libc::SYS_swapon,              "$t, 0",                    "EPERM"),
        ("userfaultfd",         libc::SYS_userfaultfd,         "0",                        "EPERM"),
        ("clock_settime",       libc::SYS_clock_settime,       "0, $b",                    "EPERM"),
        ("settimeofday",        libc::SYS_settimeofday,        "$b, 0",                    "EPERM"),
        // Keys, which no namespace sets apart.
        ("add_key",             libc::SYS_add_key,             "$t, $t, $t, 1, -3",        "EPERM"),
        ("request_key",         libc::SYS_request_key,         "$t, $t, 0, -3",            "EPERM"),
        ("keyctl",              libc::SYS_keyctl,              "11, -3, $b, 64",           "EPERM"),
        // Mounts and namespaces.
        ("mount",               libc::SYS_mount,               "$t, $t, $t, 0, 0",         "EPERM"),
        ("umount2",             libc::SYS_umount2,             "$t, 2",                    "EPERM"),
        ("pivot_root",          libc::SYS_pivot_root,          "$t, $t",                   "EPERM"),
        ("open_tree",           libc::SYS_open_tree,           "-100, $t, 1",              "EPERM"),
        ("move_mount",          libc::SYS_move_mount,          "0, $t, 0, $t, 0",          "EPERM"),
        ("fsopen",              libc::SYS_fsopen,              "$t, 0",                    "EPERM"),
        ("mount_setattr",       libc::SYS_mount_setattr,       "-100, $t, 0, $b, 32",      "EPERM"),
        ("setns",               libc::SYS_setns,               "0, 0",                     "EPERM"),
        ("unshare",             libc::SYS_unshare,             &namespaces.to_string(),    "EPERM"),
        ("clone",               libc::SYS_clone,               &namespaces.to_string(),    "EPERM"),
        // A filter cannot see the flags of clone3(2), which lie in memory. With ENOSYS, programs
        // use clone(2) instead.
        ("clone3",              libc::SYS_clone3,              "$b, 64",                   "ENOSYS"),
        ("chroot_is_allowed",   libc::SYS_chroot,              "$s",                       "done"),
        // Calls that get around permissions, or around the filter.
        ("open_by_handle_at",   libc::SYS_open_by_handle_at,   "0, $b, 0",                 "EPERM"),
        ("fanotify_init",       libc::SYS_fanotify_init,       "0, 0",                     "EPERM"),
        ("io_uring_setup",      libc::SYS_io_uring_setup,      "8, $b",                    "EPERM"),
        ("quotactl",            libc::SYS_quotactl,            "0, $t, 0, $b",             "EPERM"),
        ("personality",         libc::SYS_personality,         "0x0400000",                "EPERM"),
        // Other processes: init is the only other process of the jail.
        ("ptrace_attach",       libc::SYS_ptrace,              "16, 1, 0, 0",              "EPERM"),
        ("ptrace_seize",        libc::SYS_ptrace,              "0x4206, 1, 0, 0",          "EPERM"),
        ("process_vm_readv",    libc::SYS_process_vm_readv,    "1, $v, 1, $v, 1, 0",       "EPERM"),
        ("kill",                libc::SYS_kill,                "1, 9",                     "EPERM"),
        // Terminals and protocols.
        ("tiocsti",             libc::SYS_ioctl,               "0, 0x5412, $t",            "EPERM"),
        ("tioclinux",           libc::SYS_ioctl,               "0, 0x541c, $t",            "EPERM"),
        ("vsock",               libc::SYS_socket,              "40, 1, 0",                 "EAFNOSUPPORT"),
        ("alg_socket",          libc::SYS_socket,              "38, 5, 0",                 "EAFNOSUPPORT"),
        ("mknod",               libc::SYS_mknodat,             "-100, $t, 020666, 0x101",  "EPERM"),
        ("unknown",             9999,                          "0",                        "ENOSYS"),
    ] {
        let _ = writeln!(script, "try('{name}', {number}, {arguments});");
        let _ = writeln!(want, "{name} {answer}");
    }
    sandbox.write("/home/jails/web/try.pl", script);
    assert_eq!(sandbox.ok("jexec web perl /try.pl"), want);
    sandbox.ok("jail -q -r web");
}

/// What a jail's root can do to a network: everything to its own, nothing to another.
#[test]
#[rustfmt::skip]
fn sockets_and_capabilities() {
    let Some(sandbox) = with_perl("") else { return };
    sandbox.ok("jail -q -r web; ip link set lo up");
    let mut script = String::from(
        "my %errors = (0, 'done', 1, 'EPERM', 93, 'EPROTONOSUPPORT', 97, 'EAFNOSUPPORT');\n\
         sub try { my $name = shift; $! = 0; syscall(41, @_); print \"$name $errors{$! + 0}, \"; }\n",
    );
    for (name, arguments) in [
        ("raw", "2, 3, 1"),
        ("packet", "17, 3, 0"),
        ("route", "16, 3, 0"),
        ("sock_diag", "16, 3, 4"),
        ("xfrm", "16, 3, 6"),
        ("audit", "16, 3, 9"),
        ("netfilter", "16, 3, 12"),
        ("uevent", "16, 3, 15"),
        ("generic", "16, 3, 16"),
    ] {
        let _ = writeln!(script, "try('{name}', {arguments});");
    }
    script += "open(my $f, '<', '/proc/self/status'); /^CapBnd:\\s*(\\w+)/ && print $1 while <$f>;";
    sandbox.write("/home/jails/web/try.pl", script);
    let elsewhere = "route done, sock_diag done, xfrm EPROTONOSUPPORT, audit EPROTONOSUPPORT, \
                     netfilter EPROTONOSUPPORT, uevent done, generic done, ";
    let in_vnet = "route done, sock_diag done, xfrm done, audit EPROTONOSUPPORT, netfilter done, \
                   uevent done, generic done, ";
    // The last column is the bounding set. Of it, 0x800405fb is what a container of podman's has.
    for (parameters, raw, netlink, capabilities) in [
        ("", "raw EAFNOSUPPORT, packet EAFNOSUPPORT, ", elsewhere, "0000000081acc5fb"),
        ("allow.raw_sockets", "raw EAFNOSUPPORT, packet EAFNOSUPPORT, ", elsewhere, "0000000081ace5fb"),
        ("allow.noset_hostname", "raw EAFNOSUPPORT, packet EAFNOSUPPORT, ", elsewhere, "00000000818cc5fb"),
        ("ip4=inherit", "raw EPERM, packet EAFNOSUPPORT, ", elsewhere, "0000000081acc5fb"),
        ("ip4=inherit allow.raw_sockets", "raw EPERM, packet EAFNOSUPPORT, ", elsewhere, "0000000081ace5fb"),
        ("vnet", "raw done, packet done, ", in_vnet, "0000000081acfdfb"),
        ("kletka.userns=inherit", "raw EAFNOSUPPORT, packet EAFNOSUPPORT, ", elsewhere, "00000000800405fb"),
        ("kletka.userns=inherit ip4=inherit", "raw EPERM, packet EAFNOSUPPORT, ", elsewhere, "00000000800405fb"),
        ("kletka.userns=inherit ip4=inherit allow.raw_sockets", "raw done, packet EAFNOSUPPORT, ", elsewhere, "00000000800425fb"),
        ("kletka.userns=inherit vnet", "raw done, packet done, ", in_vnet, "0000000080043dfb"),
    ] {
        let line = format!("jail -qc path=/home/jails/web {parameters} command=/bin/perl /try.pl");
        let want = format!("{raw}{netlink}{capabilities}");
        assert_eq!(sandbox.ok(&line), want, "{parameters}");
        // iproute2 asks by netlink, of whatever network it is in.
        for command in ["ip -o link show lo", "ss -a"] {
            sandbox.ok(&format!("jail -qc path=/ {parameters} command={command}"));
        }
    }
}

/// Until a process that enters the jail executes its command, it has kletka's program, memory and
/// descriptors of the host. None of these can be reached from inside.
#[test]
fn processes_that_enter() {
    let Some(sandbox) = with_perl("ip4 = inherit;") else { return };
    sandbox.write(
        "/home/jails/web/look.pl",
        r#"open(my $ready, '>', '/tmp/ready'); close($ready); my %seen;
while (!-e '/tmp/stop') {
    opendir(my $proc, '/proc'); for my $dir (map { "/proc/$_" } grep { /^\d+$/ && $_ != 1 } readdir($proc)) {
        my $exe = readlink("$dir/exe");
        $seen{"exe $exe"} = 1 if defined $exe && $exe =~ /kletka|jexec/;
        my $comm = sub { open(my $f, '<', "$dir/comm") or return ''; my $c = <$f> // ''; chomp $c; $c };
        next unless $comm->() =~ /^(jexec|kletka|jail)/;
        $met++;
        my @got;
        for my $name ('environ', 'mem', 'maps', 'exe', 'auxv') {
            push @got, $name if open(my $f, '<', "$dir/$name");
        }
        for my $name ('root', 'cwd', 'fd') {
            push @got, $name if opendir(my $d, "$dir/$name");
        }
        push @got, 'exe to write' if open(my $f, '>>', "$dir/exe");
        # It may have executed meanwhile: then it is the jail's.
        if ($comm->() =~ /^(jexec|kletka|jail)/) { $seen{$_} = 1 for @got; }
    }
}
print join(', ', sort keys %seen), "\n", ($met ? "met some\n" : "met none\n");
"#,
    );
    sandbox.ok(
        "jexec web perl /look.pl > /home/seen & until [ -e /home/jails/web/tmp/ready ]; do :; done",
    );
    let mut rounds = 0;
    // Many rounds: the process can be met only in the moment between entering and executing.
    while rounds < 20 {
        sandbox.ok("for i in $(seq 30); do jexec web true; done");
        rounds += 1;
    }
    sandbox.ok("touch /home/jails/web/tmp/stop; until [ -s /home/seen ]; do :; done");
    let seen = sandbox.ok("cat /home/seen");
    assert!(seen == "\nmet some\n" || seen == "\nmet none\n", "{seen}");
    // The program lies on a read-only mount. While init runs it, the kernel refuses to open it for
    // writing as well.
    let line = "jexec web sh -c 'echo x >> /run/kletka/kletka; rm /run/kletka/kletka; touch /run/kletka/x' 2>&1";
    assert_eq!(
        sandbox.run(line).stdout,
        "sh: can't create /run/kletka/kletka: Text file busy\n\
         rm: can't remove '/run/kletka/kletka': Read-only file system\n\
         touch: /run/kletka/x: Read-only file system\n"
    );
    sandbox.ok("jail -q -r web");
}
