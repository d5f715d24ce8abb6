//! What parameters take from a jail or give it, as programs in the jail see it: `securelevel`,
//! `sysvmsg`, `sysvsem`, `sysvshm`, `allow.sysvipc`.

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
