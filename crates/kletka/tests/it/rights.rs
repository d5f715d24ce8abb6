//! What parameters take from a jail or give it, as programs in the jail see it: `securelevel`,
//! `sysvmsg`, `sysvsem`, `sysvshm`, `allow.sysvipc`; and other permissions, each without, with, and
//! changed while the jail runs.

use crate::intrusion::{perl, with_perl};
use crate::sandbox::Sandbox;
use crate::session::check;

/// Says of each of these system calls whether it works: a netlink socket of nftables, a rule of
/// iptables, one of ip_vs(4), an ordinary option.
const FILTERS: &str = "#!/usr/bin/perl
sub said { print $_[0], ' ', ($_[1] ? 'ok' : $! == 1 || $! == 93 ? 'refused' : 'tried'), qq(\\n) }
said('nftables', socket(my $n, 16, 3, 12));
socket(my $s, 2, 2, 0) or die;
for (['iptables', 0, 64], ['ip_vs', 0, 1156], ['ttl', 0, 2]) {
    said($_->[0], setsockopt($s, $_->[1], $_->[2], pack('I', 64)));
}
";

#[test]
fn packet_filters_at_each_securelevel() {
    let Some(sandbox) = Sandbox::new() else { return };
    sandbox.root("/home/jails/web");
    perl(&sandbox, "/home/jails/web");
    sandbox.write("/home/jails/web/filters", FILTERS);
    for (level, nftables, tables) in [
        ("", "ok", "tried"),
        ("securelevel=2", "ok", "tried"),
        ("securelevel=3", "refused", "refused"),
    ] {
        let start = format!("jail -c name=web path=/home/jails/web vnet persist {level}");
        sandbox.ok(&start);
        let want = format!("nftables {nftables}\niptables {tables}\nip_vs {tables}\nttl ok\n");
        assert_eq!(sandbox.ok("jexec web perl /filters"), want, "{level}");
        // Who starts the jail's processes does not matter.
        sandbox.ok("jail -R web");
        let command = format!("{start} exec.start='perl /filters'");
        assert_eq!(sandbox.ok(&command), want, "{level}");
        sandbox.ok("jail -R web");
    }
}

/// The level is shown by all who ask, is raised where Linux can, and goes down to jails inside.
#[test]
fn levels() {
    let Some(sandbox) = Sandbox::new() else { return };
    sandbox.root("/home/jails/web");
    sandbox.root("/home/jails/web/in");
    check(
        &sandbox,
        "\
$ sysctl kern.securelevel
kern.securelevel: -1
$ jail -c name=web path=/home/jails/web ip4=inherit children.max=2 persist
$ jexec web /run/kletka/bin/sysctl -n kern.securelevel; jls -j web securelevel
-1
-1
$ jail -m name=web securelevel=2
jail: securelevel: processes that are in the jail keep what they have; restart it to change theirs
$ jexec web /run/kletka/bin/sysctl -n kern.securelevel; jls -j web securelevel
2
2
$ jail -c name=web.in path=/home/jails/web/in securelevel=1 persist
jail: securelevel: cannot be lower than 2, which the jail around this one has
[1]
$ jail -c name=web.in path=/home/jails/web/in persist; jls -j web.in securelevel
2
$ jexec web /run/kletka/bin/sysctl kern.securelevel=3
sysctl: oid 'kern.securelevel' is read only
[1]
$ jail -R web
$ jail -c name=web path=/home/jails/web vnet securelevel=1 persist
$ jail -m name=web securelevel=3
jail: securelevel cannot be changed after creation; stop the jail, and start it with the new value
[1]
$ jail -c name=db path=/home/jails/web securelevel=4 persist
jail: securelevel: 4 is out of range: -1 to 3
[1]
$ jail -R web
",
    );
}

/// Which kinds of System V IPC work: msgget(2), semget(2), shmget(2).
const KINDS: &str = "perl -e 'for ([\"msg\", msgget(77, 01600)], [\"sem\", semget(77, 1, 01600)], [\"shm\", shmget(77, 4096, 01600)]) \
    { print $_->[0], defined $_->[1] ? \"+\" : \"-\", \" \" }'";

#[test]
#[rustfmt::skip]
fn system_v_ipc() {
    let Some(sandbox) = with_perl("") else { return };
    sandbox.ok("jail -R web");
    // A queue of the host's.
    sandbox.ok("perl -e 'msgget(99, 01600) // die'");
    for (parameters, want, sees_hosts) in [
        ("",                                                    "msg+ sem+ shm+ ", false),
        ("allow.sysvipc",                                       "msg+ sem+ shm+ ", false),
        ("allow.nosysvipc",                                     "msg- sem- shm- ", false),
        ("sysvmsg=disable",                                     "msg- sem+ shm+ ", false),
        ("sysvsem=disable sysvshm=disable",                     "msg+ sem- shm- ", false),
        ("allow.sysvipc sysvmsg=new sysvsem=new sysvshm=new",   "msg+ sem+ shm+ ", false),
        ("sysvmsg=inherit sysvsem=inherit sysvshm=disable kletka.userns=inherit", "msg+ sem+ shm- ", true),
    ] {
        sandbox.ok(&format!("jail -c name=web path=/home/jails/web mount.devfs persist {parameters}"));
        assert_eq!(sandbox.ok(&format!("jexec web {KINDS}")), want, "{parameters}");
        let found = sandbox.run("jexec web perl -e 'msgget(99, 0) // die'").status == 0;
        assert_eq!(found, sees_hosts, "{parameters}");
        sandbox.ok("jail -R web");
    }
    check(&sandbox, "\
$ jail -c name=web path=/home/jails/web mount.devfs persist sysvshm=inherit
jail: sysvmsg: Linux shares all three kinds of System V IPC or none: inherit or disable here, or new for sysvmsg, sysvsem and sysvshm
[1]
$ jail -c name=web path=/home/jails/web mount.devfs persist sysvmsg=disable
$ jail -m name=web sysvmsg=new
jail: sysvmsg: processes that are in the jail keep what they have; restart it to change theirs
$ jexec web perl -e 'print defined msgget(78, 01600) ? \"yes\\n\" : \"no\\n\"'
yes
$ jail -m name=web sysvmsg=inherit
jail: sysvmsg cannot be changed after creation; stop the jail, and start it with the new value
[1]
$ jls -n -j web sysvmsg sysvsem sysvshm
sysvmsg=new sysvsem=new sysvshm=new
$ jail -R web
");
}

/// Who a jail is: to sysctl(8), to files that programs of Linux read, to jls(8). Its tree stays as
/// it is.
#[test]
fn identity() {
    let Some(sandbox) = Sandbox::new() else { return };
    sandbox.root("/home/jails/web");
    sandbox.write("/home/jails/web/etc/machine-id", "disk\n");
    sandbox.write("/home/jails/web/etc/hostid", "disk\n");
    let names = "kern.hostuuid kern.hostid kern.osrelease kern.osreldate";
    let ask = format!("jexec web /run/kletka/bin/sysctl -n {names}");
    check(
        &sandbox,
        &format!(
            "\
$ jail -c name=web path=/home/jails/web persist host.hostuuid=01234567-89AB-cdef-0123-456789abcdef host.hostid=1684234849 osrelease=14.1-RELEASE osreldate=1401000
$ {ask}
01234567-89AB-cdef-0123-456789abcdef
1684234849
14.1-RELEASE
1401000
$ jexec web uname -r; jexec -l web uname -r
14.1-RELEASE
14.1-RELEASE
$ jexec web cat /etc/machine-id /etc/hostid /proc/sys/kernel/osrelease
0123456789abcdef0123456789abcdef
abcd14.1-RELEASE
$ jexec web sh -c 'echo x > /etc/machine-id'
sh: can't create /etc/machine-id: Read-only file system
[1]
$ jls -n -j web host.hostuuid host.hostid osrelease osreldate
host.hostuuid=01234567-89AB-cdef-0123-456789abcdef host.hostid=1684234849 osrelease=14.1-RELEASE osreldate=1401000
$ jail -m name=web host.hostid=8
jail: host.hostid cannot be changed after creation; stop the jail, and start it with the new value
[1]
$ jail -R web; cat /home/jails/web/etc/machine-id /home/jails/web/etc/hostid
disk
disk
$ rm /home/jails/web/etc/machine-id
$ jail -c name=web path=/home/jails/web persist host.hostuuid=web osreldate=1
$ jexec web /run/kletka/bin/sysctl -n kern.hostuuid; jexec web cat /etc/machine-id
web
cat: can't open '/etc/machine-id': No such file or directory
[1]
$ jexec web /run/kletka/bin/sysctl -n kern.osrelease | diff - /proc/sys/kernel/osrelease
$ jail -R web
$ jail -c name=web path=/home/jails/web persist host.hostname=web host=inherit
jail: host: leaves the jail no host.hostname of its own; leave one of them out
[1]
$ hostname two.example.org; jail -c name=web path=/home/jails/web persist host=inherit; jexec web hostname; jls -n -j web host
two.example.org
host=inherit
$ jail -R web
"
        ),
    );
}

/// Says of a system call what became of it. Numbers are those of x86-64.
const CALLS: &str = "\
%numbers = (ptrace => 101, read_vm => 310, syslog => 103, settime => 227, adjtime => 159, chown => 92);
my ($name, @arguments) = @ARGV;
my $space = qq(\\0) x 4096;
my $tick = pack('I', 0x4000) . $space;
@arguments = map { $_ eq 'space' ? $space : $_ eq 'tick' ? $tick : /^[0-9]+$/ ? $_ + 0 : $_ } @arguments;
$! = 0;
my $answer = syscall($numbers{$name}, @arguments);
print $answer >= 0 ? 'yes' : $! == 1 ? 'no' : 'tried';
";

/// A permission: its name, what the jail has beside it, a command that asks for it, and what that
/// command says without and with the permission.
type Row = (&'static str, &'static str, &'static str, &'static str, &'static str);

#[rustfmt::skip]
const PERMISSIONS: &[Row] = &[
    // Root may give a file away, and a service that is another user's may be ended by root.
    ("allow.suser", "", "touch /tmp/x; chown 33 /tmp/x 2> /dev/null && echo yes || echo no", "no", "yes"),
    ("allow.suser", "", "cat /tmp/secret 2> /dev/null || echo no", "no", "secret"),
    ("allow.suser", "vnet", "ip link set lo mtu 1400 2> /dev/null && echo yes || echo no", "no", "yes"),
    ("allow.suser", "kletka.userns=inherit", "grep -c 'Cap[PEBA].*:.0*$' /proc/self/status", "4", "1"),
    ("allow.suser", "", "hostname two 2> /dev/null && echo yes || echo no", "no", "yes"),
    // PTRACE_TRACEME, and the wish to read nothing.
    ("allow.unprivileged_proc_debug", "", "perl /calls ptrace 0 0 0 0", "no", "yes"),
    ("allow.unprivileged_proc_debug", "exec.clean", "perl /calls read_vm 999999 0 0 0 0 0", "no", "yes"),
    // SYSLOG_ACTION_CLEAR is the host's.
    ("allow.read_msgbuf", "", "perl /calls syslog 5 space 0", "no", "no"),
    // Outside of what a clock can show: the kernel looks at the value before the capability.
    ("allow.settime", "kletka.userns=inherit", "perl /calls settime 0 0", "no", "tried"),
    ("allow.settime", "kletka.userns=inherit", "perl /calls adjtime space", "yes", "no"),
    ("allow.adjtime", "kletka.userns=inherit", "perl /calls adjtime space", "yes", "yes"),
    // A clock that stands still: refused to all, but to those who may set it for another reason.
    ("allow.adjtime", "kletka.userns=inherit", "perl /calls adjtime tick", "no", "tried"),
];

/// What a program in a jail sees without each permission, with it, and when that changes.
#[test]
fn permissions() {
    if cfg!(not(target_arch = "x86_64")) {
        eprintln!("skipped: the numbers of system calls are those of x86-64");
        return;
    }
    let Some(sandbox) = Sandbox::new() else { return };
    sandbox.root("/home/jails/web");
    perl(&sandbox, "/home/jails/web");
    sandbox.write("/home/jails/web/calls", CALLS);
    sandbox.ok("mkdir -p -m 1777 /home/jails/web/tmp");
    sandbox.ok("cd /home/jails/web/tmp; echo secret > secret; chown 33 secret; chmod 400 secret");
    for &(permission, parameters, command, without, with) in PERMISSIONS {
        let no = permission.replace("allow.", "allow.no");
        let ask = |moment: &str, want: &str| {
            let said = sandbox.ok(&format!("jexec web sh -c \"{command}\""));
            assert_eq!(said.trim(), want, "{permission} {moment}: {command}");
        };
        let start =
            format!("jail -q -c name=web path=/home/jails/web mount.devfs persist {parameters}");
        sandbox.ok(&format!("{start} {no}"));
        ask("is not there", without);
        sandbox.ok(&format!("jail -q -m name=web {permission}"));
        ask("is given", with);
        sandbox.ok(&format!("jail -q -m name=web {no}"));
        ask("is taken", without);
        sandbox.ok(&format!("jail -q -R web; {start} {permission}"));
        ask("is there", with);
        sandbox.ok("jail -q -R web");
    }
}

/// Permissions that a jail can have only together with something else: when it starts, and when it
/// runs.
#[test]
fn permissions_that_need_more() {
    let Some(sandbox) = Sandbox::new() else { return };
    sandbox.root("/home/jails/web");
    for (permission, with) in [
        ("allow.settime", "kletka.userns=inherit"),
        ("allow.adjtime", "kletka.userns=inherit"),
        ("allow.unprivileged_parent_tampering", "kletka.userns=inherit"),
        ("allow.routing", "vnet"),
    ] {
        let start = "jail -q -c name=web path=/home/jails/web persist";
        let refused = |command: &str| {
            let done = sandbox.run(command);
            let is_named = done.stderr.starts_with(&format!("jail: {permission}: "));
            assert!(done.status == 1 && is_named, "{command}: {}", done.stderr);
        };
        refused(&format!("{start} {permission}"));
        sandbox.ok(start);
        refused(&format!("jail -m name=web {permission}"));
        sandbox.ok(&format!("jail -q -R web; {start} {permission} {with}"));
        let shown = sandbox.ok(&format!("jls -n -j web {permission}"));
        assert_eq!(shown.trim(), permission);
        sandbox.ok("jail -q -R web");
    }
}

/// Who the jail is to Linux's programs.
#[test]
fn linux() {
    let Some(sandbox) = Sandbox::new() else { return };
    sandbox.root("/home/jails/web");
    check(
        &sandbox,
        "\
$ jail -c name=web path=/home/jails/web persist linux=new linux.osname=Hurd linux.osrelease=5.15.0 linux.oss_version=198144 osrelease=14.1-RELEASE
$ jexec web cat /proc/sys/kernel/ostype /proc/sys/kernel/osrelease
Hurd
5.15.0
$ jexec web uname -sr
Linux 5.15.0
$ jls -n -j web linux linux.osname linux.osrelease linux.oss_version
linux=new linux.osname=Hurd linux.osrelease=5.15.0 linux.oss_version=198144
$ jail -m name=web linux.osrelease=6.1
jail: linux.osrelease cannot be changed after creation; stop the jail, and start it with the new value
[1]
$ jail -m name=web linux.oss_version=7; jls -n -j web linux.oss_version
linux.oss_version=7
$ jail -R web
$ jail -c name=web path=/home/jails/web persist linux=inherit mac.do=disable zfs=disable zfs.mount_snapshot=0
$ jail -R web
",
    );
}
