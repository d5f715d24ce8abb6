//! devfs(8) and `service devfs`.

use crate::rc_in_jail::debian;
use crate::sandbox::Sandbox;
use crate::session::check;

#[test]
#[rustfmt::skip]
fn rulesets_are_shown() {
    let Some(sandbox) = Sandbox::new() else { return };
    // The rules of the article.
    sandbox.write("/etc/devfs.rules", "\
[devfsrules_jail_zvol=11]
add include $devfsrules_hide_all
add include $devfsrules_jail
add path 'zvol/over8k/volgames*' unhide mode 660 group operator9
");
    let rows = [
        ("service devfs restart",       1, "", "devfs rule: /etc/devfs.rules:4: error converting to integer: operator9\n\
            /etc/rc.d/devfs: WARNING: devfs_init_rulesets: could not read rules from /etc/devfs.rules\n"),
        ("sed -i 's/operator9/disk/' /etc/devfs.rules", 0, "", ""),
        ("service devfs restart",       0, "", ""),
        ("devfs rule showsets",         0, "1\n2\n3\n4\n5\n11\n", ""),
        ("devfs rule -s 11 show",       0, "100 include 1\n200 include 4\n300 path zvol/over8k/volgames* unhide group disk mode 660\n", ""),
        ("devfs rule -s 11 show 200",   0, "200 include 4\n", ""),
        ("devfs rule show",             0, "", ""), // ruleset 0
        ("devfs rule -s 12 show",       0, "", ""),
        ("devfs rule -s 11 add 50 path \"x y\" hide; devfs rule -s 11 del 200; devfs rule -s 11 show", 0,
            "50 path x y hide\n100 include 1\n300 path zvol/over8k/volgames* unhide group disk mode 660\n", ""),
        ("devfs rule -s 12 add include 11; printf 'path a hide\\n\\npath b mode 600\\n' | devfs rule -s 12 add -; devfs rule -s 12 show", 0,
            "100 include 11\n200 path a hide\n300 path b mode 600\n", ""),
        ("devfs rule -s 12 delset; devfs rule showsets | xargs", 0, "1 2 3 4 5 11\n", ""),
        ("devfs rule -s 12 del 100",    1, "", "devfs rule: ioctl DEVFSIO_RDEL: No such file or directory\n"),
        ("devfs rule add hide",         1, "", "devfs rule: ruleset 0 is always empty\n"),
        ("devfs rule -s 3 add 100 hide", 1, "", "devfs rule: rule 100 exists already\n"),
        ("devfs rule -s 11 add include 77", 1, "", "devfs rule: include 77: no such ruleset\n"),
        ("service devfs restart; devfs rule -s 11 show 50; devfs rule -s 11 show 200; ls /run/kletka", 0, "200 include 4\njails\n", ""),
        ("devfs rule applyset",         1, "", "devfs rule: /dev: the host's is not a devfs; name a jail's with -m PATH/dev\n"),
        ("devfs -m /home rule -s 4 applyset", 1, "", "devfs rule: /home: not the /dev of a jail that runs; name it as PATH/dev\n"),
        ("devfs rule -s x show",        1, "", "devfs rule: error converting to number: x\n"),
        ("devfs rule list",             1, "", "devfs rule: unknown command: list\n"),
        ("devfs ruleset 4",             1, "", "devfs ruleset: /dev: the host's is not a devfs; name a jail's with -m PATH/dev\n"),
        ("devfs update",                0, "", ""),
        ("echo 'devfs_rulesets=\"/etc/defaults/devfs.rules /etc/more.rules\"' > /etc/rc.conf; printf '[more=60]\\nadd include $devfsrules_hide_all\\n' > /etc/more.rules; \
          service devfs restart; devfs rule showsets | xargs", 0, "1 2 3 4 5 60\n", ""),
        (": > /etc/rc.conf; service devfs restart; devfs rule showsets | xargs", 0, "1 2 3 4 5 11\n", ""),
        ("echo devfs_system_ruleset=mine > /etc/rc.conf; service devfs restart", 1, "",
            "/etc/rc.d/devfs: ERROR: $devfs_system_ruleset is not supported; remove it from rc.conf\n"),
    ];
    for (line, status, stdout, stderr) in rows {
        let done = sandbox.run(line);
        assert_eq!((done.status, &*done.stdout, &*done.stderr), (status, stdout, stderr), "{line}");
    }
}

/// A machine whose /dev is known to the last node, and a root for jails. `rules` is its
/// /etc/devfs.rules.
fn machine(rules: &str) -> Option<Sandbox> {
    let sandbox = Sandbox::new()?;
    sandbox.root("/home/r");
    sandbox.write("/etc/devfs.rules", rules);
    sandbox.ok(
        "/bin/mount -t tmpfs -o mode=755 dev /dev; cd /dev; umask 0; \
         mknod null c 1 3; mknod zero c 1 5; mknod full c 1 7; mknod random c 1 8; \
         mknod urandom c 1 9; mknod -m 600 mem c 1 1; mknod -m 640 kmsg c 1 11; mknod tty c 5 0; \
         mknod -m 600 console c 5 1; mknod -m 600 fuse c 10 229; mknod -m 660 kvm c 10 232; \
         mkdir -m 755 net pts shm disk disk/by-id zvol zvol/tank mapper bus bus/usb bus/usb/001; \
         mknod net/tun c 10 200; mknod -m 660 loop0 b 7 0; mknod -m 660 loop1 b 7 1; \
         chown :6 loop0 loop1; ln -s ../../loop0 disk/by-id/ata-x; ln -s ../../loop1 zvol/tank/vol1; \
         ln -s ../loop0 mapper/m; mknod -m 664 bus/usb/001/002 c 189 1; mkfifo initctl; : > file; \
         ln -s /run/log log",
    );
    Some(sandbox)
}

/// Lists the /dev of a jail with these parameters: mode, owner, numbers, path, and where a link
/// leads.
fn listed(sandbox: &Sandbox, parameters: &str) -> String {
    let list = "cd /dev; for node in $(find . -mindepth 1 ! -path \"./pts/?*\" | sort); do \
                stat -c \"%A %u:%g %t,%T ${node#./} $(readlink $node)\" $node; done";
    let listed = format!("jail -qc path=/home/r mount.devfs {parameters} command=sh -c '{list}'");
    let listed = sandbox.ok(&listed);
    listed.lines().map(|line| format!("{}\n", line.trim_end())).collect()
}

/// What ruleset 4 shows of that machine.
const JAIL: &str = "\
lrwxrwxrwx 0:0 0,0 fd /proc/self/fd
crw-rw-rw- 0:0 1,7 full
crw-rw-rw- 0:0 1,3 null
lrwxrwxrwx 0:0 0,0 ptmx pts/ptmx
drwxr-xr-x 0:0 0,0 pts
crw-rw-rw- 0:0 1,8 random
drwxrwxrwt 0:0 0,0 shm
lrwxrwxrwx 0:0 0,0 stderr fd/2
lrwxrwxrwx 0:0 0,0 stdin fd/0
lrwxrwxrwx 0:0 0,0 stdout fd/1
crw-rw-rw- 0:0 5,0 tty
crw-rw-rw- 0:0 1,9 urandom
crw-rw-rw- 0:0 1,5 zero
";

/// All of that machine, as far as it is a device, a directory or a link.
const ALL: &str = "\
drwxr-xr-x 0:0 0,0 bus
drwxr-xr-x 0:0 0,0 bus/usb
drwxr-xr-x 0:0 0,0 bus/usb/001
crw-rw-r-- 0:0 bd,1 bus/usb/001/002
crw------- 0:0 5,1 console
drwxr-xr-x 0:0 0,0 disk
drwxr-xr-x 0:0 0,0 disk/by-id
lrwxrwxrwx 0:0 0,0 disk/by-id/ata-x ../../loop0
lrwxrwxrwx 0:0 0,0 fd /proc/self/fd
crw-rw-rw- 0:0 1,7 full
crw------- 0:0 a,e5 fuse
crw-r----- 0:0 1,b kmsg
lrwxrwxrwx 0:0 0,0 log /run/log
brw-rw---- 0:6 7,0 loop0
brw-rw---- 0:6 7,1 loop1
drwxr-xr-x 0:0 0,0 mapper
lrwxrwxrwx 0:0 0,0 mapper/m ../loop0
crw------- 0:0 1,1 mem
drwxr-xr-x 0:0 0,0 net
crw-rw-rw- 0:0 a,c8 net/tun
crw-rw-rw- 0:0 1,3 null
lrwxrwxrwx 0:0 0,0 ptmx pts/ptmx
drwxr-xr-x 0:0 0,0 pts
crw-rw-rw- 0:0 1,8 random
drwxrwxrwt 0:0 0,0 shm
lrwxrwxrwx 0:0 0,0 stderr fd/2
lrwxrwxrwx 0:0 0,0 stdin fd/0
lrwxrwxrwx 0:0 0,0 stdout fd/1
crw-rw-rw- 0:0 5,0 tty
crw-rw-rw- 0:0 1,9 urandom
crw-rw-rw- 0:0 1,5 zero
drwxr-xr-x 0:0 0,0 zvol
drwxr-xr-x 0:0 0,0 zvol/tank
lrwxrwxrwx 0:0 0,0 zvol/tank/vol1 ../../loop1
";

/// `shown` and these nodes, sorted by path.
fn with(shown: &str, more: &str) -> String {
    let path = |line: &&str| line.split(' ').nth(3).map(str::to_owned);
    let mut lines: Vec<&str> = shown.lines().chain(more.lines()).collect();
    lines.sort_by_key(path);
    lines.into_iter().map(|line| format!("{line}\n")).collect()
}

/// Rulesets like those of real files, by their numbers there.
const RULES: &str = "\
[devfsrules_bpf=6]
add include $devfsrules_hide_all
add include $devfsrules_unhide_basic
add include $devfsrules_unhide_login
add path 'bpf*' unhide
add path net unhide
add path 'net/*' unhide
[usb=7]
add include $devfsrules_jail
add include $devfsrules_hide_all
add path null unhide
add path 'bus' unhide
add path 'bus/*' unhide
add path 'bus/usb/*' unhide
add path 'bus/usb/*/*' unhide mode 666 group 20
[virtual=10]
add include $devfsrules_jail
add include $devfsrules_hide_all
add include $devfsrules_unhide_basic
add path kvm unhide user 7 group 8 mode 600
[devfsrules_jail_zvol=11]
add include $devfsrules_hide_all
add include $devfsrules_unhide_basic
add include $devfsrules_unhide_login
add include $devfsrules_jail
add path 'zvol' unhide
add path 'zvol/tank' unhide
add path 'zvol/tank/vol*' unhide
[disks=13]
add hide
add type disk unhide
add path disk unhide
add path 'disk/by-*' unhide
add path 'disk/by-id/*' unhide
[closed=100]
add include 4
add path 'bus/usb/001/002' unhide
";

#[test]
#[rustfmt::skip]
fn a_dev_is_what_its_ruleset_shows() {
    let Some(sandbox) = machine(RULES) else { return };
    let basic: String = JAIL.lines().filter(|line| {
        ["full", "null", "random", "shm", "urandom", "zero"].iter().any(|name| line.ends_with(&format!(" {name}")))
    }).map(|line| format!("{line}\n")).collect();
    for (parameters, want) in [
        ("",                   JAIL.to_owned()),
        ("devfs_ruleset=0",    JAIL.to_owned()),
        ("devfs_ruleset=1",    String::new()),
        ("devfs_ruleset=2",    ALL.to_owned()), // hides nothing, as on FreeBSD
        ("devfs_ruleset=3",    ALL.to_owned()),
        ("devfs_ruleset=4",    JAIL.to_owned()),
        ("devfs_ruleset=5",    with(JAIL, "drwxr-xr-x 0:0 0,0 net\ncrw-rw-rw- 0:0 a,c8 net/tun\n")),
        ("devfs_ruleset=6",    with(JAIL, "drwxr-xr-x 0:0 0,0 net\ncrw-rw-rw- 0:0 a,c8 net/tun\n")),
        ("devfs_ruleset=7",    "drwxr-xr-x 0:0 0,0 bus\ndrwxr-xr-x 0:0 0,0 bus/usb\ndrwxr-xr-x 0:0 0,0 bus/usb/001\n\
                                crw-rw-rw- 0:20 bd,1 bus/usb/001/002\ncrw-rw-rw- 0:0 1,3 null\n".to_owned()),
        // vmm(4) is a matter of allow.vmm.
        ("devfs_ruleset=10",   basic.clone()),
        ("devfs_ruleset=10 allow.vmm", with(&basic, "crw------- 7:8 a,e8 kvm\n")),
        ("allow.vmm",          with(JAIL, "crw-rw---- 0:0 a,e8 kvm\n")),
        ("devfs_ruleset=devfsrules_jail_vnet", with(JAIL, "drwxr-xr-x 0:0 0,0 net\ncrw-rw-rw- 0:0 a,c8 net/tun\n")),
        // The name that the link leads to is hidden: the link becomes the device.
        ("devfs_ruleset=11",   with(JAIL, "drwxr-xr-x 0:0 0,0 zvol\ndrwxr-xr-x 0:0 0,0 zvol/tank\nbrw-rw---- 0:6 7,1 zvol/tank/vol1\n")),
        ("devfs_ruleset=13",   "drwxr-xr-x 0:0 0,0 disk\ndrwxr-xr-x 0:0 0,0 disk/by-id\nlrwxrwxrwx 0:0 0,0 disk/by-id/ata-x ../../loop0\n\
                                brw-rw---- 0:6 7,0 loop0\nbrw-rw---- 0:6 7,1 loop1\n".to_owned()),
        // Includes do not nest, so that nothing is hidden here.
        ("devfs_ruleset=100",  ALL.to_owned()),
        ("devfs_ruleset=11 kletka.userns=inherit", with(JAIL, "drwxr-xr-x 0:0 0,0 zvol\ndrwxr-xr-x 0:0 0,0 zvol/tank\nbrw-rw---- 0:6 7,1 zvol/tank/vol1\n")),
    ] {
        assert_eq!(listed(&sandbox, parameters), want, "{parameters}");
    }
    sandbox.ok("/bin/umount /dev");
}

/// At securelevel 2 a disk that the ruleset shows is for reading alone, also when a jail that runs
/// is raised to that level.
#[test]
fn disks_at_securelevel_2() {
    let Some(sandbox) = machine(RULES) else { return };
    sandbox.ok("jail -qc name=z path=/home/r mount.devfs vnet persist devfs_ruleset=13");
    sandbox.ok("jail -qc name=y path=/home/r mount.devfs persist devfs_ruleset=13 securelevel=2");
    let attempt = "sh -c 'head -c 0 /dev/loop0 && echo read; : > /dev/loop0 && echo written'";
    let denied = "sh: can't create /dev/loop0: Operation not permitted";
    check(
        &sandbox,
        &format!(
            "\
$ jexec z {attempt}
read
written
$ jexec y {attempt}
read
{denied}
[1]
$ jail -qm name=z securelevel=2; jexec z {attempt}
read
{denied}
[1]
$ jexec z sh -c 'chmod 666 /dev/loop0; mv /dev/loop0 /dev/x; : > /dev/x'
sh: can't create /dev/x: Operation not permitted
[1]
$ jail -q -R z y
$ /bin/umount /dev
"
        ),
    );
}

/// What a ruleset hides does not open by another name either, and what it shows works.
#[test]
fn a_device_that_is_hidden_does_not_open() {
    let Some(sandbox) = machine(RULES) else { return };
    let start = "jail -qc name=z path=/home/r mount.devfs vnet persist";
    sandbox.ok(&format!("{start} devfs_ruleset=5"));
    // Handed in by somebody outside: past the mounts, which let no other node open.
    let smuggle = "dev=/proc/$(sed -n 's/^init=\\([0-9]*\\).*/\\1/p' /run/kletka/jails/*)/root/dev; \
                   mknod -m 666 $dev/zero2 c 1 5; mknod -m 666 $dev/loop b 7 0";
    sandbox.ok(smuggle);
    check(
        &sandbox,
        "\
$ jexec z sh -c 'head -c 3 /dev/zero2 | od -An -tx1'
 00 00 00
$ jexec z head -c 1 /dev/loop
head: /dev/loop: Operation not permitted
[1]
$ jexec z mknod /tmp/disk b 7 0
mknod: /tmp/disk: Operation not permitted
[1]
$ jexec z sh -c 'tunctl -t tap7; ls /proc/sys/net/ipv4/conf | grep 7; tunctl -d tap7'
tap7
tap7
Set 'tap7' nonpersistent
$ jexec z sh -c 'echo works > /dev/null; echo $?'
0
$ jail -q -r z
",
    );
    // The jail's /dev at another place is the same.
    let mounts = "allow.mount allow.mount.devfs enforce_statfs=1";
    sandbox.ok(&format!("{start} {mounts}"));
    sandbox.ok(smuggle);
    check(
        &sandbox,
        "\
$ jexec z sh -c 'mkdir /tmp/dev && mount -t devfs dev /tmp/dev && head -c 3 /tmp/dev/zero | od -An -tx1; head -c 1 /tmp/dev/loop'
 00 00 00
head: /tmp/dev/loop: Operation not permitted
[1]
$ jail -q -r z
",
    );
    // Nothing is shown, and a jail lives with that.
    sandbox.ok(&format!("{start} devfs_ruleset=1"));
    let said = sandbox.ok("jexec z sh -c 'ls -A /dev; echo ok'; jail -q -r z; /bin/umount /dev");
    assert_eq!(said, "ok\n");
}

/// A jail in the host's own root has a /dev like any other, and nothing of it lands in the host's.
#[test]
fn a_jail_in_the_hosts_root() {
    let Some(sandbox) = machine(RULES) else { return };
    check(
        &sandbox,
        "\
$ jail -qc path=/ mount.devfs devfs_ruleset=10 command=sh -c 'touch /dev/mine; ls /dev; rm /dev/null' | xargs; ls -d /dev/null /dev/mine
full mine null random shm urandom zero
/dev/null
ls: cannot access '/dev/mine': No such file or directory
[2]
$ jail -c path=/home/r mount.devfs devfs_ruleset=3 command=true
jail: warning: devfs_ruleset 3 hides no device that it does not name, and shows the host's disks and memory; begin it with \"add include $devfsrules_hide_all\"
$ /bin/umount /dev
",
    );
}

/// A jail never starts with half a ruleset.
#[test]
#[rustfmt::skip]
fn rules_with_a_mistake_start_no_jail() {
    let Some(sandbox) = Sandbox::new() else { return };
    sandbox.root("/home/r");
    for (rules, parameters, want) in [
        ("[a=11]\nadd path x unhde\n", "mount.devfs",                     "devfs_ruleset: /etc/devfs.rules:2: unknown argument: unhde"),
        ("[a=11]\nadd hide\n",         "mount.devfs devfs_ruleset=12",    "devfs_ruleset: no ruleset 12; add it to /etc/devfs.rules"),
        ("[a=11]\nadd hide\n",         "devfs_ruleset=12",                "devfs_ruleset: no ruleset 12; add it to /etc/devfs.rules"),
        ("[a=11]\nadd hide\n",         "mount.devfs devfs_ruleset=b",     "devfs_ruleset: non-integer value \"b\"; use a number"),
        ("[a=11]\n",                   "mount.devfs devfs_ruleset=11",    "devfs_ruleset: no ruleset 11; add it to /etc/devfs.rules"),
    ] {
        sandbox.write("/etc/devfs.rules", rules);
        let done = sandbox.run(&format!("jail -qc path=/home/r {parameters} command=true"));
        assert_eq!((&*done.stderr, done.status), (&*format!("jail: {want}\n"), 1), "{rules} {parameters}");
    }
}

/// Lines of fstab(5): devfs with its ruleset, and what lies in the jail's /dev.
#[test]
#[rustfmt::skip]
fn lines_of_fstab_in_dev() {
    let Some(sandbox) = machine(RULES) else { return };
    sandbox.ok("mkdir /home/data; echo data > /home/data/file");
    let dev = "devfs /home/r/dev devfs";
    let shm = "tmpfs /home/r/dev/shm tmpfs";
    for (fstab, parameters, inside, want) in [
        (format!("{dev} ruleset=10\n"),            "",            "ls /dev | xargs", "full null random shm urandom zero\n"),
        (format!("{dev} rw,ruleset=10\n"),         "mount.devfs devfs_ruleset=7", "ls /dev | xargs", "bus null\n"),
        (format!("{dev} rw\n"),                    "devfs_ruleset=7", "ls /dev | xargs", "bus null\n"),
        (String::new(),                              "mount.devfs", "find /dev -user nobody; stat -c %u:%g /dev/pts", "0:0\n"),
        (format!("{shm} size=8m\n"),               "mount.devfs", "df -k /dev/shm | tail -1 | tr -s \" \" | cut -d\" \" -f2; stat -c %a /dev/shm; grep -c /dev/shm /proc/mounts", "8192\n1777\n1\n"),
        (format!("{shm} size=8m,mode=750,gid=3\n{dev}\n"), "", "stat -c %a:%g /dev/shm; head -c 1 /dev/zero | od -An -tx1", "750:3\n 00\n"),
        ("/home/data /home/r/dev/bus nullfs ro\n".to_owned(), "mount.devfs devfs_ruleset=7", "cat /dev/bus/file", "data\n"),
        ("/home/data/file /home/r/dev/log nullfs rw\n".to_owned(), "mount.devfs", "cat /dev/log; ls /dev | grep -c log", "data\n1\n"),
        // In a root without a /dev of its own it is a directory like any other.
        ("/home/data /home/r/dev nullfs ro\n".to_owned(), "", "cat /dev/file", "data\n"),
    ] {
        sandbox.write("/etc/fstab.r", &fstab);
        let line = format!("jail -qc path=/home/r mount.fstab=/etc/fstab.r {parameters} command=sh -c '{inside}'");
        assert_eq!(sandbox.ok(&line), want, "{fstab} {parameters}");
    }
    sandbox.write("/etc/fstab.r", "devfs /home/r/dev devfs ruleset=77\n/home/data /home/r/dev/none nullfs ro\n");
    check(
        &sandbox,
        "\
$ jail -qc path=/home/r mount.fstab=/etc/fstab.r command=true
jail: devfs_ruleset: no ruleset 77; add it to /etc/devfs.rules
[1]
$ jail -qc path=/home/r mount.fstab=/etc/fstab.r mount.devfs command=true
jail: mount.devfs: /home/r/dev/none: No such file or directory; mkdir -p /home/r/dev/none
[1]
$ /bin/umount /dev
",
    );
}

/// Shell functions: `look` lists a jail's /dev, without what ruleset 4 shows; `disk` asks a process
/// of the jail, which was there from the beginning, to open a disk by its two names.
const LOOK: &str = r#"#!/bin/sh
jexec z find /dev -mindepth 1 ! -path '/dev/pts*' | sort | cut -c 6- |
    grep -Evx 'fd|full|null|ptmx|random|shm|stderr|stdin|stdout|tty|urandom|zero' | xargs
"#;
const DISK: &str = "#!/bin/sh\necho > /home/r/tmp/ask; cat /home/r/tmp/answer\n";
const OPENER: &str = r#"
while read ask < /tmp/ask; do
    for disk in /dev/zvol/tank/vol1 /dev/kept; do
        said=$(head -c 0 $disk 2>&1) && echo opens || echo "${said##*: }"
    done > /tmp/answer
done
"#;

/// The /dev of a jail that runs follows the rules and the host.
#[test]
fn a_jail_that_runs_gets_another_dev() {
    let Some(sandbox) = machine(RULES) else { return };
    sandbox.write("/home/r/opener", OPENER);
    sandbox.write("/tmp/look", LOOK);
    sandbox.write("/tmp/disk", DISK);
    sandbox.ok("mkfifo /home/r/tmp/ask /home/r/tmp/answer; chmod 755 /tmp/look /tmp/disk");
    sandbox
        .ok("chmod 666 /home/r/tmp/ask /home/r/tmp/answer; mv /tmp/look /tmp/disk /usr/local/bin");
    sandbox.ok("jail -qc name=z path=/home/r mount.devfs vnet persist exec.start='sh /opener &'");
    check(
        &sandbox,
        "\
$ look; disk

No such file or directory
No such file or directory
$ jail -qm name=z devfs_ruleset=11; look; jls -j z devfs_ruleset; jexec z ln /dev/zvol/tank/vol1 /dev/kept; disk
zvol zvol/tank zvol/tank/vol1
11
opens
opens
$ jexec z mv /dev/zero /dev/other; jexec z sh -c 'echo mine > /dev/mine; ln -s nothing /dev/own'
$ jail -m name=z allow.vmm; look
kept kvm mine other own zvol zvol/tank zvol/tank/vol1
$ jail -qm name=z devfs_ruleset=13 allow.novmm; look; disk
disk disk/by-id disk/by-id/ata-x kept loop0 loop1 mine own
No such file or directory
opens
$ jail -qm name=z devfs_ruleset=4; look; disk; jexec z cat /dev/mine; jexec z sh -c 'head -c 1 /dev/zero | od -An -tx1'
mine own
No such file or directory
No such file or directory
mine
 00
$ jail -m name=z devfs_ruleset=77; jls -j z devfs_ruleset; look
4
mine own
jail: devfs_ruleset: no ruleset 77; add it to /etc/devfs.rules
$ devfs -m /home/r/dev ruleset 11; look; devfs -m /home/r/dev rule apply path zvol/tank/vol1 mode 666; jexec z stat -c %a /dev/zvol/tank/vol1
mine own zvol zvol/tank zvol/tank/vol1
666
$ devfs -m /home/r/dev rule apply path mem unhide group 9; devfs -m /home/r/dev rule -s 7 applyset; look
bus bus/usb bus/usb/001 bus/usb/001/002 mine own
$ devfs -m /home/r/dev rule applyset; look
mine own zvol zvol/tank zvol/tank/vol1
$ devfs -m /home/r/dev rule show 100; devfs -m /home/r/dev rule add path loop0 unhide; look; devfs -m /home/r/dev rule applyset; look
100 include 1
mine own zvol zvol/tank zvol/tank/vol1
loop0 mine own zvol zvol/tank zvol/tank/vol1
$ service devfs restart; look
mine own zvol zvol/tank zvol/tank/vol1
$ mknod -m 660 /dev/loop2 b 7 2; ln -s ../../loop2 /dev/zvol/tank/vol2; mv /dev/zvol/tank/vol1 /dev/zvol/tank/gone; devfs update; look
mine own zvol zvol/tank zvol/tank/vol2
$ sed -i 's/^add path .zvol\\/tank. unhide/add path mem unhide mode 604/' /etc/devfs.rules; service devfs restart; look; jexec z stat -c %a /dev/mem
mem mine own zvol
604
$ sed -i 's/^add hide/add hde/' /etc/devfs.rules; service devfs restart 2>&1; look
devfs rule: /etc/devfs.rules:30: unknown argument: hde
/etc/rc.d/devfs: WARNING: devfs_init_rulesets: could not read rules from /etc/devfs.rules
mem mine own zvol
$ jail -q -r z
",
    );
    sandbox.ok("/bin/umount /dev");
}

/// A disk of the machine: `/dev/loop3`. The machine has it back in any case.
struct Disk(String);

impl Drop for Disk {
    fn drop(&mut self) {
        let _ = std::process::Command::new("losetup").args(["-d", &self.0]).status();
    }
}

/// Makes a /dev in which zvol/tank/vol1 leads to a disk, which has the lines of /home/disk.
fn volume(sandbox: &Sandbox) -> Option<Disk> {
    let attached = "yes old | head -c 8M > /home/disk; losetup --find --show /home/disk";
    let done = sandbox.run(attached);
    if done.status != 0 {
        eprintln!("skipped: devfs::a_jail_exports_a_volume_by_iscsi: no loop device");
        return None;
    }
    let disk = Disk(done.stdout.trim().to_owned());
    let name = disk.0.trim_start_matches("/dev/");
    let number = name.trim_start_matches("loop");
    sandbox.ok(&format!(
        "/bin/mount -t tmpfs -o mode=755 dev /dev; cd /dev; umask 0; mknod null c 1 3; \
         mknod zero c 1 5; mknod urandom c 1 9; mknod random c 1 8; mkdir -m 755 pts shm zvol zvol/tank; \
         mknod -m 660 {name} b 7 {number}; ln -s ../../{name} zvol/tank/vol1"
    ));
    Some(disk)
}

/// A target of iSCSI in a jail has the one volume that the article's ruleset shows, and an
/// initiator on the other side of an epair writes to it.
#[test]
fn a_jail_exports_a_volume_by_iscsi() {
    let Some(sandbox) = Sandbox::new() else { return };
    let Some(()) = debian("iscsi-test", "tgt,libiscsi-bin") else { return };
    sandbox.ok("kletka bootstrap --root /home/jails/target iscsi-test");
    sandbox.write("/etc/devfs.rules", RULES);
    sandbox.write(
        "/home/jails/target/export",
        "#!/bin/sh -e
tgtd 2> /tmp/log
until tgtadm -m sys -o show > /dev/null 2>&1; do [ $((tries += 1)) -lt 500 ]; done
tgtadm -L iscsi -m target -o new -t 1 -T iqn.2026-11.example:vol1
tgtadm -L iscsi -m logicalunit -o new -t 1 -l 1 -b /dev/zvol/tank/vol1
tgtadm -L iscsi -m target -o bind -t 1 -I ALL
",
    );
    let Some(disk) = volume(&sandbox) else { return };
    sandbox.ok("ifconfig epair1 create; ifconfig epair1a inet 10.0.0.1/24 up");
    sandbox.write(
        "/etc/jail.conf",
        "target { path = /home/jails/target; persist; vnet; vnet.interface = epair1b; mount.devfs;
             devfs_ruleset = devfsrules_jail_zvol; exec.start = 'ifconfig epair1b inet 10.0.0.2/24 up';
             exec.start += 'sh /export'; }\n",
    );
    sandbox.ok("jail -qc target");
    let initiator = "chroot /home/jails/target";
    let unit = "iscsi://10.0.0.2/iqn.2026-11.example:vol1/1";
    let said = sandbox.ok(&format!("{initiator} iscsi-readcapacity16 {unit}"));
    assert!(said.contains("RETURNED LOGICAL BLOCK ADDRESS:16383\n"), "{said}");
    let write = format!("{initiator} iscsi-test-cu --dataloss --test=ALL.Write10.Simple {unit}");
    let dev = "/home/jails/target/dev";
    let said =
        sandbox.ok(&format!("/bin/mount --bind /dev {dev}; {write} 2>&1; /bin/umount {dev}"));
    assert!(said.contains("passed"), "{said}");
    sandbox.ok(&format!("sync {}; ! yes old | head -c 8M | cmp -s - /home/disk", disk.0));
    sandbox.ok("jail -q -r target; ifconfig epair1a destroy; /bin/umount /dev");
}
