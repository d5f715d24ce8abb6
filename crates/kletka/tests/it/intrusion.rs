//! What the root of a jail finds: perl(1), which is in every Debian, opens sockets, and looks into
//! the processes that enter the jail. What it tries beside that stands in [`crate::escapes`].

use crate::sandbox::Sandbox;
use std::fmt::Write;
use std::path::Path;

/// Puts perl(1) into the root of a jail, with the libraries that it needs.
pub(crate) fn perl(sandbox: &Sandbox, root: &str) {
    program(sandbox, root, "/usr/bin/perl");
    sandbox.ok(&format!("cp -L /usr/bin/perl {root}/bin/perl"));
}

/// Puts a program of the machine into the root of a jail, with the libraries that it needs.
pub(crate) fn program(sandbox: &Sandbox, root: &str, path: &str) {
    sandbox.ok(&format!(
        "for file in $(realpath {path}) $(ldd {path} | grep -o '/[^ ]*'); do \
         mkdir -p {root}$(dirname $file) && cp -L $file {root}$file; done"
    ));
}

/// A machine with a running jail `web` whose root has perl(1).
pub(crate) fn with_perl(parameters: &str) -> Option<Sandbox> {
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

/// Families of sockets, and what allow.socket_af adds: buses, over a network of the jail's own.
#[test]
fn families_of_sockets() {
    let Some(sandbox) = with_perl("") else { return };
    // AF_UNIX, AF_INET, AF_INET6, AF_NETLINK, AF_PACKET and AF_CAN, each with its first type.
    let script = "for my $family (1 .. 45) { my $is = 0;
            for my $type (1, 2, 3, 5) { $is ||= socket(my $s, $family, $type, $family == 29) }
            print \"$family \" if $is }";
    sandbox.write("/home/jails/web/try.pl", script);
    let on_the_host = sandbox.ok("perl /home/jails/web/try.pl");
    let has_can = on_the_host.split(' ').any(|family| family == "29");
    if !has_can {
        println!(
            "skipped: families_of_sockets: the kernel has no CAN, which is what there is to add"
        );
    }
    sandbox.ok("jail -q -r web; ip link set lo up");
    let can = if has_can { "29 " } else { "" };
    for (parameters, want) in [
        ("", "1 16 ".to_owned()),
        ("ip4=inherit", "1 2 16 ".to_owned()),
        ("ip4=inherit allow.socket_af", "1 2 16 ".to_owned()),
        ("ip4.addr=127.0.0.1 allow.socket_af kletka.userns=inherit", "1 2 16 ".to_owned()),
        ("vnet", "1 2 10 16 17 ".to_owned()),
        ("vnet allow.socket_af", format!("1 2 10 16 17 {can}")),
    ] {
        let line = format!("jail -qc path=/home/jails/web {parameters} command=/bin/perl /try.pl");
        assert_eq!(sandbox.ok(&line), want, "{parameters}");
    }
    // A change is for what enters from then on.
    sandbox.ok("jail -qc name=web path=/home/jails/web vnet persist allow.socket_af");
    sandbox.ok("jail -m name=web allow.nosocket_af");
    assert_eq!(sandbox.ok("jexec web perl /try.pl"), "1 2 10 16 17 ");
    sandbox.ok("jail -q -r web");
}

/// What tells of the host reads empty or not at all, and what its root could write to is read-only:
/// in /proc, in /sys, and in a second view of /proc.
#[test]
fn what_proc_and_sys_hide() {
    let Some(sandbox) = Sandbox::new() else { return };
    sandbox.root("/home/jails/web");
    sandbox.ok("mkdir /home/jails/web/sys /home/jails/web/mnt");
    let files = "kcore keys timer_list sched_debug latency_stats timer_stats interrupts";
    let of_root = "slabinfo vmallocinfo pagetypeinfo kpagecount kpageflags kpagecgroup";
    let script = format!(
        "for proc in /proc /mnt; do cd $proc
             for file in {files} {of_root}; do
                 [ ! -e $file ] || [ -z \"$(head -c 1 $file 2> /tmp/error)\" ] || echo $file shows
             done
             for dir in acpi asound scsi; do ls -A $dir 2> /dev/null; done
         done
         for dir in /sys/firmware /sys/devices/virtual/powercap \
             /sys/devices/system/cpu/cpu*/thermal_throttle; do ls -A $dir 2> /dev/null; done
         chmod 0444 /proc/keys; chmod 0755 /proc/acpi
         for file in /proc/sys/kernel/panic /mnt/sys/kernel/panic /proc/mtrr /mnt/mtrr; do
             if [ -e $file ] && (: >> $file) 2> /tmp/error; then echo $file is writable; fi
         done
         cut -d' ' -f4,5 /proc/self/mountinfo | grep '^/null'; true"
    );
    sandbox.write("/home/jails/web/look", script);
    let before = sandbox.ok("stat -c %Z /dev/null");
    for parameters in ["", "vnet", "kletka.userns=inherit"] {
        let line = format!(
            "jail -qc path=/home/jails/web {parameters} \
             mount='proc /home/jails/web/mnt linprocfs rw 0 0' command=/bin/sh /look"
        );
        let done = sandbox.run(&line);
        assert_eq!((&*done.stdout, done.status), ("", 0), "{parameters}\n{}", done.stderr);
        for file in ["/proc/keys", "/proc/acpi"] {
            if Path::new(file).exists() {
                let chmod = format!("chmod: {file}: Read-only file system\n");
                assert!(done.stderr.contains(&chmod), "{parameters}\n{}", done.stderr);
            }
        }
    }
    assert_eq!(sandbox.ok("stat -c %Z /dev/null"), before);
}

/// Until a process that enters the jail executes its command, it has kletka's program, memory and
/// descriptors of the host. None of these can be reached from inside.
#[test]
fn processes_that_enter() {
    nothing_is_seen_of_them("ip4 = inherit;");
}

/// The same where both have the host's user ids. The numbers of descriptors can be listed there,
/// which says nothing of what they are.
#[test]
fn processes_that_enter_with_the_hosts_ids() {
    nothing_is_seen_of_them("kletka.userns = inherit;");
}

fn nothing_is_seen_of_them(parameters: &str) {
    let Some(sandbox) = with_perl(parameters) else { return };
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
        for my $name ('root', 'cwd') {
            push @got, $name if opendir(my $d, "$dir/$name/");
        }
        for my $number (0 .. 40) {
            push @got, 'descriptor' if defined readlink("$dir/fd/$number") or open(my $f, '<', "$dir/fd/$number");
        }
        push @got, 'exe to write' if open(my $f, '>>', "$dir/exe");
        # It may have executed meanwhile: then it is the jail's. So is the read-only copy of kletka by
        # way of which it executes where ids are the host's; that copy lies at no path.
        my $copy = (readlink("$dir/exe") // '') eq '/';
        if (!$copy && $comm->() =~ /^(jexec|kletka|jail)/) { $seen{$_} = 1 for @got; }
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
