//! The command line of jail(8): options and their combinations, messages, exit statuses.

use crate::sandbox::Sandbox;
use crate::session::check;

/// A machine with a jail's root in /home/jails/web, and this /etc/jail.conf.
fn machine(config: &str) -> Option<Sandbox> {
    let sandbox = Sandbox::new()?;
    sandbox.root("/home/jails/web");
    if !config.is_empty() {
        sandbox.write("/etc/jail.conf", format!("path = /home/jails/web; {config}"));
    }
    Some(sandbox)
}

#[test]
fn a_change_needs_no_restart() {
    let Some(sandbox) = machine("") else { return };
    check(
        &sandbox,
        "\
$ jail -c name=web path=/home/jails/web host.hostname=old persist
$ jail -m name=web host.hostname=new.example.org
$ jexec web hostname; jls host.hostname
new.example.org
new.example.org
$ jail -m name=web allow.raw_sockets enforce_statfs=1
jail: allow.raw_sockets: processes that are in the jail keep what they have; restart it to change theirs
$ jls -n -j web allow.raw_sockets enforce_statfs host.hostname
allow.raw_sockets enforce_statfs=1 host.hostname=new.example.org
$ jail -qm jid=1 allow.noset_hostname
$ jexec web hostname mine
hostname: sethostname: Operation not permitted
[1]
$ jail -m name=web path=/tmp
jail: path cannot be changed after creation; stop the jail, and start it with the new value
[1]
$ jail -m name=web path=/home/jails/../jails/web/
jail: nothing was changed; the jail has these values
$ jail -m name=web vnet
jail: vnet cannot be changed after creation; stop the jail, and start it with the new value
[1]
$ jail -m name=nowhere persist
jail: \"nowhere\" not found; it does not run: jls(8) lists the jails that do
[1]
$ jail -m persist=1
jail: no jail specified; add name=NAME or jid=JID
[1]
$ jail -m name=web allow.vmm_ppt
jail: allow.vmm_ppt: it would hand the host's hardware to the jail
[1]
$ jail -vm name=web host.domainname=example.org
jail_set(JAIL_UPDATE) jid=1 host.domainname=example.org
updated
$ jexec web cat /proc/sys/kernel/domainname
example.org
$ jail -m name=web nopersist
$ jls name
",
    );
}

/// `meta` and `env`, as in FreeBSD's tests/sys/kern/jailmeta.sh and in jail(8).
#[test]
fn texts_of_the_administrator() {
    let Some(sandbox) = machine("") else { return };
    sandbox.ok("jail -c name=j path=/home/jails/web persist meta='a b c' env.b=2 env.a=1");
    check(
        &sandbox,
        "\
$ jls -jj meta env
a b c a=1
b=2
$ jls -jj env.b env env.c env.a
2 a=1
b=2  1
$ jail -m name=j meta= env.c=3 env.b; jls -jj meta.c meta meta.a env
 \"\"  c=3
a=1
$ jail -m name=j env.a=1 env=ttt env.b==; jls -jj env env.b
b==
ttt =
$ jls -s -jj meta.missing env.b; jls --libxo json -jj env.b env.c meta
meta.missing env.b==
{\"__version\": \"2\", \"jail-information\": {\"jail\": [{\"env.b\":\"=\",\"meta\":\"\"}]}}
$ jexec j cat /run/kletka.env; jexec j /run/kletka/bin/sysctl -n security.jail.env; jexec j sh -c 'grep -c a=1 /run/kletka.*'
b==
tttb==
ttt
0
[1]
$ jail -m name=j env=; jexec j /run/kletka/bin/sysctl security.jail.env; sysctl security.jail.env; jexec j ls /run
security.jail.env: 
security.jail.env: 
kletka
systemd
$ jexec j sh -c 'ln -s /etc/passwd /run/kletka.env; ln -s /etc/passwd /run/kletka.env.new'; jail -m name=j env=safe
$ jexec j sh -c 'cat /run/kletka.env; echo; grep -c root /etc/passwd'
safe
1
$ jail -m name=j meta=$(printf %4095s | tr ' ' x); jls -jj meta | wc -c
4096
$ jail -m name=j meta.a=1
jail: jail_set: File too large: meta may have 4095 bytes
[1]
$ jail -c name=k path=/home/jails/web persist env=$(printf %4096s | tr ' ' x)
jail: jail_set: File too large: env may have 4095 bytes
[1]
$ jls -s -jj | grep -o 'env=[a-z]*'
env=safe
",
    );
    // No change is lost when several commands change one jail at the same time.
    sandbox.ok(
        "for key in a b c d; do (for i in $(seq 20); do jail -m name=j env.$key=$i; done) & done; wait",
    );
    assert_eq!(sandbox.ok("jls -jj env.a env.b env.c env.d"), "20 20 20 20\n");
    sandbox.write(
        "/etc/jail.conf",
        "j { path = /home/jails/web; persist; meta = \"k=1\nl=2\"; meta.k = 3; }\n",
    );
    check(
        &sandbox,
        "\
$ jail -m j; jls -jj meta
j: updated
k=3
l=2
$ jail -qm name=j meta.k; jail -mr j; jls -jj meta jid
j: updated
k=3
l=2 1
",
    );
    sandbox.ok("jail -R j");
}

#[test]
fn changes_of_configured_jails() {
    let Some(sandbox) = machine("persist; web { host.hostname = one; } db { }\n") else { return };
    sandbox.ok("jail -qc web");
    check(
        &sandbox,
        "\
$ sed -i s/one/two/ /etc/jail.conf; jail -m web; jexec web hostname
web: updated
two
$ jail -m
web: updated
jail: \"db\" not found; it does not run: jls(8) lists the jails that do
[1]
$ jail -cm
web: updated
db: created
$ jail -m other
jail: \"other\" not found; no section of jail.conf(5) has this name
[1]
$ sed -i 's/two;/two; vnet;/' /etc/jail.conf; jail -m web
jail: web: vnet cannot be changed after creation; stop the jail, and start it with the new value
[1]
$ jail -mr web
web: created
$ jls name jid vnet
db 2 inherit
web 3 new
$ jail -mr web
web: updated
$ jail -qr db; jail -mr db
jail: \"db\" not found; it does not run: jls(8) lists the jails that do
[1]
$ jail -cmr
web: updated
db: created
$ jail -cmrq; jls -N name jid
web 3
db 4
",
    );
    sandbox.ok("jail -qr '*'");
}

/// Without a file nothing is configured that `-r` could match; `-R` matches the jails that run. A
/// name is any text that is no number, and without a dot.
#[test]
fn wildcards_without_a_file() {
    let Some(sandbox) = Sandbox::new() else { return };
    sandbox.root("/home/r");
    check(
        &sandbox,
        "\
$ jail -qc name=web path=/home/r persist; jail -qc name='a b' path=/home/r persist; jail -r '*'
$ jls name; jls -j 'a b' -n jid name
web
a b
jid=2 name=a b
$ jexec 'a b' echo hello; jail -r 'a b'
hello
$ jail -qc name='a b' path=/home/r persist; jail -p 1 -R '*'
a b: removed
web: removed
",
    );
}

#[test]
fn starts_and_stops_by_name() {
    let Some(sandbox) = machine("persist; a { } b { } c { exec.poststop = 'echo c: poststop'; }\n")
    else {
        return;
    };
    check(
        &sandbox,
        "\
$ jail -c
a: created
b: created
c: created
$ jail -c; echo $?
0
$ jail -c b
jail: \"b\" already exists; jail -rc starts it anew, jail -m changes it
[1]
$ jail -p 1 -r a nowhere b
b: removed
a: removed
jail: \"nowhere\" not found; it does not run: jls(8) lists the jails that do
[1]
$ jail -r b
jail: \"b\" not found; it does not run: jls(8) lists the jails that do
[1]
$ jail -qr b
[1]
$ jail -r 3
c: removed
c: poststop
$ jail -qc '*'; jail -p 1 -R '*'
c: removed
b: removed
a: removed
$ jail -qc; jail -R c
$ jail -p 1 -r '*'
b: removed
a: removed
$ jail -p 1 -r '*'
$ jail -rc a
jail: \"a\" not found; it does not run: jls(8) lists the jails that do
[1]
$ jail -rc
a: created
b: created
c: created
$ jail -rc c
c: poststop
c: created
$ jail -v -r a
a: removed
$ jail -qR b c nowhere
jail: \"nowhere\" not found; it does not run: jls(8) lists the jails that do
[1]
$ jls name
",
    );
}

#[test]
fn without_its_configuration_a_jail_goes_too() {
    let Some(sandbox) = machine("persist; web { }\n") else { return };
    sandbox.ok("jail -qc web; jail -c name=other path=/home/jails/web persist");
    check(
        &sandbox,
        "\
$ jail -r other
other: removed
$ sed -i 's/web {/web { allow.vmm_ppt; no.such = 1;/' /etc/jail.conf; jail -r web
web: removed
$ jail -c web
jail: web: allow.vmm_ppt: it would hand the host's hardware to the jail (/etc/jail.conf line 1)
jail: web: unknown parameter: no.such; jail.conf(5) lists all of them (/etc/jail.conf line 1)
[1]
$ echo 'rel { path = jails/web; persist; }' > /etc/jail.conf; jail -c rel
jail: rel: path jails/web: not an absolute pathname; begin it with / (/etc/jail.conf line 1)
[1]
$ cd /home; jail -c name=rel path=jails/web persist; jls path; jail -R rel
/home/jails/web
$ rm /etc/jail.conf; jail -c name=other path=/home/jails/web persist; jail -r other; jls name
$ jail -p 1 -r '*'
$ jail -f /etc/none -r other
jail: /etc/none: No such file or directory; jails are described in such a file: jail.conf(5)
[1]
",
    );
}

#[test]
fn a_failure_takes_along_what_waits_for_it() {
    let config = "persist; web { depend = db, cache; } cache { depend = db; } db { exec.prestart = 'false'; } \
                  mail { } lost { depend = nothing; } one { depend = two; } two { depend = one; }\n";
    let Some(sandbox) = machine(config) else { return };
    check(
        &sandbox,
        "\
$ jail -c web
jail: db: false: failed (/etc/jail.conf line 1)
jail: web: skipped; a jail that it waits for has failed
[1]
$ jail -c
mail: created
jail: lost: depends on undefined jail \"nothing\"; add it, or correct depend (/etc/jail.conf line 1)
jail: one -> two -> one: dependency loop; take one of these out of depend (/etc/jail.conf line 1)
jail: db: false: failed (/etc/jail.conf line 1)
jail: cache: skipped; a jail that it waits for has failed
jail: web: skipped; a jail that it waits for has failed
[1]
$ jail -qr mail
$ jail -c name=x path=/home/jails/web persist depend=nobody
jail: depends on nonexistent jail \"nobody\"; start that one first
[1]
",
    );
    sandbox.write(
        "/etc/jail.conf",
        "path = /home/jails/web; persist; web { depend = db; exec.prestop = 'test -e /tmp/may'; } db { }\n",
    );
    check(
        &sandbox,
        "\
$ jail -c web
db: created
web: created
$ jail -r db
jail: web: test -e /tmp/may: failed (/etc/jail.conf line 1)
jail: db: skipped; a jail that it waits for has failed
[1]
$ touch /tmp/may; jail -rc db
db: created
$ jls name
db
$ jail -qr db
",
    );
}

#[test]
fn cleaning_up_after_a_jail_that_went_by_itself() {
    let config = "web { exec.start = true; exec.prestart = 'echo prestart'; exec.poststop = 'echo poststop'; \
                  exec.release = 'echo release'; }\n";
    let Some(sandbox) = machine(config) else { return };
    check(
        &sandbox,
        "\
$ jail -c web
prestart
web: created
jail: web: nothing stays running in the jail, so it has ended; \"persist;\" keeps it; exec.poststop and exec.release have not run: jail -C web
$ jail -C web
poststop
release
$ jail -rC web
poststop
release
$ jail -cC web
poststop
release
prestart
web: created
jail: web: nothing stays running in the jail, so it has ended; \"persist;\" keeps it; exec.poststop and exec.release have not run: jail -C web
$ sed -i 's/true;/true; persist;/' /etc/jail.conf; jail -qc web
prestart
$ jail -C web
jail: \"web\" is running: -C is for jails that are gone; jail -r web stops it
[1]
$ jail -rC web
web: removed
poststop
release
",
    );
}

#[test]
fn files_of_jids() {
    let config = "persist; db { } web { depend = db; host.hostname = 'a \"b\" c'; exec.start = true, 'echo x'; }\n";
    let Some(sandbox) = machine(config) else { return };
    check(
        &sandbox,
        "\
$ jail -q -J /tmp/jids -c web; tr '\\t' '|' < /tmp/jids
x
jid=1|name=db|path=/home/jails/web|persist
jid=2|name=web|path=/home/jails/web|persist|depend=db|host.hostname='a \"b\" c'|exec.start=true,\"echo x\"
$ jail -J /tmp/jids -c name=more path=/home/jails/web persist; tr '\\t' '|' < /tmp/jids
jid=3|name=more|path=/home/jails/web|persist
$ jail -i -J /tmp/jids /home/jails/web host.example.org '' /bin/echo one two; tr '\\t' '|' < /tmp/jids
4
one two
4|/home/jails/web|host.example.org||/bin/echo one two
$ jail -J /nowhere/jids -c name=last path=/home/jails/web persist
jail: open /nowhere/jids: No such file or directory
[1]
$ jls name
db
web
more
",
    );
    sandbox.ok("jail -R '*'");
}

#[test]
fn options_that_are_parameters() {
    let Some(sandbox) = machine("") else { return };
    sandbox.ok("sed -i 's/nobody/someone/' /home/jails/web/etc/passwd");
    check(
        &sandbox,
        "\
$ SECRET=1 jail -l -c path=/home/jails/web command=sh -c 'echo $SECRET $HOME'
/root
$ jail -U someone -c path=/home/jails/web command=id -un
someone
$ jail -U nobody -c path=/home/jails/web command=id -un
jail: nobody: no such user; it is looked for in the jail's /etc/passwd
[1]
$ jail -u nobody -c path=/home/jails/web command=id -u
65534
$ jail -n web -c path=/home/jails/web persist; jls name
web
$ jail -n web -c name=web path=/home/jails/web persist
jail: cannot redefine parameter \"name\".
[1]
$ jail -n web -c path=/home/jails/web persist
jail: \"web\" already exists; jail -rc starts it anew, jail -m changes it
[1]
$ jail -s 1 -n level -c path=/home/jails/web persist; jls -j level securelevel; jail -r level
1
$ echo '10.0.0.7 self' >> /etc/hosts; jail -h -c name=self path=/home/jails/web host.hostname=self persist
$ jls -j self name ip4.addr; jail -r self
self 10.0.0.7
$ jail /home/jails/web host 10.0.0.1 /bin/true
$ jail -d -p 4 -c path=/home/jails/web command=true
jail: the 'allow.dying' parameter and '-d' flag are deprecated and have no effect.
$ jail -p many -c path=/home/jails/web command=true
jail: -p many: not a number
[1]
$ jail 2>&1 | head -n 1; jail -r
usage: jail [-dhilqv] [-J jid_file] [-u username] [-U username]
usage: jail [-dhilqv] [-J jid_file] [-u username] [-U username]
            -[cmr] param=value ... [command=command ...]
       jail [-dqv] [-f file] -[cmr] [jail]
       jail [-qv] [-f file] -[rR] ['*' | jail ...]
       jail [-dhilqv] [-J jid_file] [-u username] [-U username]
            [-n jailname] [-s securelevel]
            path hostname ip[,...] command ...
       jail [-f file] -e separator
       jail --plan[=json] ...
[1]
$ jail -R web
",
    );
}

/// The messages for wrong command lines: those of FreeBSD's jail.c, libjail and kern_jail.c.
#[test]
fn what_is_wrong_with_a_command_line() {
    let Some(sandbox) = machine("") else { return };
    check(
        &sandbox,
        "\
$ jail -c path=/nowhere persist
jail: path /nowhere: No such file or directory; kletka bootstrap --root /nowhere base makes a root there
[1]
$ jail -c path=/etc/passwd persist
jail: path /etc/passwd: Not a directory
[1]
$ jail -c name=web path=/home/jails/web
jail: new jail must persist or attach; add persist, or exec.start with what is to run
[1]
$ jail -c name=5 path=/home/jails/web persist
jail: name cannot be numeric (unless it is the jid); begin it with a letter
[1]
$ jail -c name=web path=/home/jails/web persist=perhaps
jail: persist: unknown boolean value \"perhaps\"; use true or false
[1]
$ jail -c name=web path=/home/jails/web vnet=some persist
jail: vnet: unknown jailsys value \"some\"; use new or inherit
[1]
$ jail -c name=web path=/home/jails/web enforce_statfs=x persist
jail: enforce_statfs: non-integer value \"x\"; use a number
[1]
$ jail -c name=web path=/home/jails/web nothing.of.it persist
jail: unknown parameter: nothing.of.it; if it is a jail, write name=nothing.of.it
[1]
$ jail -c name=web jid=7 path=/home/jails/web allow.raw_sockets=1 allow.noset_hostname persist=true
$ jls -n jid allow.raw_sockets allow.set_hostname persist
jid=7 allow.raw_sockets allow.noset_hostname persist
$ jail -c jid=7 path=/home/jails/web persist
jail: \"7\" already exists; jail -rc starts it anew, jail -m changes it
[1]
$ jail -c jid=8 name=web path=/home/jails/web persist
jail: jail \"web\" already exists; choose another name
[1]
$ jail -m jid=9 persist
jail: \"9\" not found; it does not run: jls(8) lists the jails that do
[1]
$ jail -r 9
jail: \"9\" not found; it does not run: jls(8) lists the jails that do
[1]
$ jail -r 7 9
web: removed
jail: \"9\" not found; it does not run: jls(8) lists the jails that do
[1]
$ jail -c name=web path=/home/jails/web command=echo -c name=x 'a  b'
-c name=x a  b
$ jail -c name=web path=/home/jails/web command
jail: new jail must persist or attach; add persist, or exec.start with what is to run
[1]
$ jls -c -j web
[1]
",
    );
}

#[test]
fn configurations_from_elsewhere() {
    let Some(sandbox) = machine("") else { return };
    check(
        &sandbox,
        "\
$ echo 'a { persist; path = \"/home/jails/web\"; } b { path = /x; }' | jail -f - -c a
a: created
$ echo 'a { exec.prestop = \"echo bye\"; }' | jail -f - -r a
bye
a: removed
$ echo 'a { persist; path = \"/x y\"; } b.c { }' | jail -f - -e '|'
name=a|persist|path=\"/x y\"
name=b.c
$ echo 'a { path = $x; }' | jail -f - -c
jail: a: path: variable \"x\" not found; set it by $x = VALUE; or write \\$ for a dollar sign (STDIN line 1)
[1]
",
    );
}

/// Lines that a start would refuse stop no jail that is to start again, by jail(8) or service(8):
/// what is wrong is said, and the jail goes on.
#[test]
#[rustfmt::skip]
fn a_restart_is_checked_before_the_stop() {
    let Some(sandbox) = machine("") else { return };
    sandbox.ok("mkdir /home/jails/web/mnt; ln -s /tmp /home/jails/web/link; echo '/mnt /home/jails/web/mnt nosuch rw' > /tmp/fstab");
    sandbox.write("/etc/rc.conf", "jail_enable=YES\njail_list=web\n");
    let head = "path = /home/jails/web; persist; exec.poststop = 'echo stopped > /tmp/stopped';\n";
    sandbox.write("/etc/jail.conf", format!("{head} web {{ }}\n"));
    sandbox.ok("jail -q -c web; jexec web touch /tmp/here");
    for (line, want) in [
        ("path = /nowhere;",                                   "web: path /nowhere: No such file or directory"),
        ("mount = '/nowhere /home/jails/web/mnt nullfs rw';",  "web: mount: /nowhere: No such file or directory"),
        ("mount = '/mnt /home/jails/web/none nullfs rw';",     "web: mount: /home/jails/web/none: No such file or directory"),
        ("mount = '/mnt /home/jails/web/link nullfs rw';",     "web: mount: /home/jails/web/link is a symbolic link"),
        ("mount = '/mnt /home/jails/web/mnt nullfs nosuch';",  "web: mount: nosuch: mount option not supported"),
        ("mount.fstab = /tmp/fstab;",                          "web: mount.fstab: /tmp/fstab line 1: "),
        ("mount.fstab = /tmp/none;",                           "web: mount.fstab: /tmp/none: No such file or directory"),
        ("vnet; vnet.interface = em9;",                        "web: vnet.interface: interface em9 does not exist"),
        ("ip4.addr = 'em9|192.0.2.3';",                        "web: ip4.addr: interface em9 does not exist"),
        ("interface = em9; ip6.addr = 2001:db8::3;",           "web: ip6.addr: interface em9 does not exist"),
        ("exec.start = true; exec.consolelog = /none/log;",    "web: open /none/log: No such file or directory; mkdir -p /none"),
        ("exec.start = true; exec.consolelog = /home/jails/web/none/log;",
            "web: open /home/jails/web/none/log: No such file or directory"),
        ("exec.start = true; exec.consolelog = /home/jails/web/link/log;",
            "web: exec.consolelog: /home/jails/web/link is a symbolic link"),
        ("exec.start = true; exec.consolelog = /home;",         "web: open /home: Is a directory"),
        ("mount = '/dev/none /home/jails/web/mnt ext4 rw';",   "web: mount: /dev/none: No such file or directory"),
        ("mount = 'x /home/jails/web/mnt overlay lowerdir=/none:/mnt';", "web: /none: No such file or directory"),
        ("exec.prestart = true; exec.system_user = nosuch;",   "web: nosuch: no such user"),
        ("exec.start = true; exec.system_jail_user; exec.jail_user = nosuch;", "web: nosuch: no such user"),
        ("exec.start = true; exec.jail_user = nosuch;",        "web: nosuch: no such user; it is looked for in the jail's /etc/passwd"),
        ("vnet; vnet.interface = lo0;",                        "web: vnet.interface: interface lo0 does not exist"),
        ("ip4.addr = 192.0.2.3; kletka.net = ipvlan;",         "web: kletka.net=ipvlan: no interface of the host has 192.0.2.3"),
        ("exec.start = /bin/none;",                            "web: exec /bin/none: No such file or directory"),
        ("exec.prestart = /bin/none;",                         "web: exec /bin/none: No such file or directory"),
        ("persist = false;",                                   "web: new jail must persist or attach"),
        ("devfs_ruleset = 77;",                                "web: devfs_ruleset: no ruleset 77; add it to /etc/devfs.rules"),
        ("depend = db; } db { path = /nowhere;",               "db: path /nowhere: No such file or directory"),
        ("depend = none;",                                     "web: depends on undefined jail \"none\""),
        ("kletka.nothing = 1;",                                "web: unknown parameter: kletka.nothing"),
        ("exec.start = ",                                      "/etc/jail.conf line 2: "),
    ] {
        sandbox.write("/etc/jail.conf", format!("{head} web {{ {line} }}\n"));
        let done = sandbox.run("jail -rc web");
        let said = done.stderr.trim_start_matches("jail: ");
        assert!(said.starts_with(want), "{line}: {}", done.stderr);
        assert_eq!((&*done.stdout, done.status), ("", 1), "{line}");
        let done = sandbox.run("service jail restart");
        assert!(done.stdout.contains(want), "{line}: {done:?}");
        assert_eq!(done.stderr, "/etc/rc.d/jail: ERROR: nothing was stopped: not all jails could start again\n", "{line}");
        assert_eq!(done.status, 1, "{line}");
        assert_eq!(sandbox.ok("jexec web ls /tmp/here; ls /tmp/stopped 2>&1 || true"),
            "/tmp/here\nls: cannot access '/tmp/stopped': No such file or directory\n", "{line}");
    }
    // What is right is done; a hook may make what is missing, and the jail gives back what it has.
    sandbox.ok("ifconfig epair1 create");
    for line in [
        "vnet; vnet.interface = epair1b;",
        "vnet; vnet.interface = epair1b; host.hostname = web;",
        "mount = '/mnt /home/jails/web/made nullfs rw'; exec.prestart = '[ -d $JPATH/made ] || mkdir $JPATH/made';",
        "",
    ] {
        sandbox.write("/etc/jail.conf", format!("{head} web {{ {line} }}\n"));
        sandbox.ok("jail -q -rc web; jexec web true; rm /tmp/stopped");
        sandbox.ok("service jail restart > /dev/null; jexec web true; rm /tmp/stopped");
    }
    sandbox.ok("jail -q -r web; ifconfig epair1a destroy");
}

/// What a line mounts: of four fields, in which a `#` of `mount` is a letter, and at a mount point
/// that is named through any link above the jail. A `no` empties what jail(8) reads itself.
#[test]
fn lines_that_mount() {
    let Some(sandbox) = machine("") else { return };
    sandbox.ok("mkdir -p /data/#recycle /home/jails/web/mnt; ln -s /home /homes; echo x > /data/#recycle/file");
    let line = "'/data/#recycle /homes/jails/web/\\mnt nullfs ro, whatever comes behind'";
    sandbox.write(
        "/etc/jail.conf",
        format!(
            "exec.start = /bin/false; mount.fstab = /none; depend = none; mount = {line};\n\
             web {{ path = /home/jails/web; persist; exec.nostart; mount.nofstab; nodepend; }}\n"
        ),
    );
    let said = sandbox.ok("jail -q -c web; jexec web cat /mnt/file; jail -q -r web");
    assert_eq!(said, "x\n");
    sandbox.write("/etc/fstab.web", "tank/data /home/jails/web/mnt zfs rw\n");
    let done =
        sandbox.run("jail -c path=/home/jails/web name=web persist mount.fstab=/etc/fstab.web");
    let want = "jail: mount.fstab: /etc/fstab.web line 1: zfs: file system not supported; give the data set \
                a mountpoint on the host by zfs(8), and show that to a jail by nullfs\n";
    assert_eq!(done.stderr, want);
}
