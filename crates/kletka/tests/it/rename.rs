//! `jail -m jid=JID name=NAME`: a jail that runs gets another name; sys/kern/kern_jail.c,
//! `kern_jail_set()`.

use crate::sandbox::Sandbox;
use crate::session::check;

/// A machine with a root for jails.
fn machine() -> Option<Sandbox> {
    let sandbox = Sandbox::new()?;
    sandbox.root("/home/r");
    Some(sandbox)
}

#[test]
fn a_jail_gets_another_name() {
    let Some(sandbox) = machine() else { return };
    sandbox.write(
        "/etc/jail.conf",
        "path = /home/r; persist;
         old { host.hostname = first; }
         new { exec.prestop = \"echo stop $name\"; exec.poststop = 'echo gone $JNAME'; }
         2 { name = called; }\n",
    );
    let init = "for pid in $(sed -n 's/^init=\\([0-9]*\\).*/\\1/p' /run/kletka/jails/1); do \
                tr -d '\\0' < /proc/$pid/cmdline; done";
    let listed = "grep ^name= /run/kletka.list/*";
    check(
        &sandbox,
        &format!(
            "\
$ jail -c old; jail -c path=/home/r jid=2 persist
old: created
$ {init}; echo
kletka: old [init]
$ jail -vm jid=1 name=new
jail_set(JAIL_UPDATE) jid=1 name=new
updated
$ jls jid name host.hostname
1 new first
2 2 \"\"
$ {init}; echo
kletka: new [init]
$ {listed}
/run/kletka.list/1:name=new
/run/kletka.list/2:name=2
$ jexec new sh -c 'tr -d \"\\0\" < /proc/1/cmdline'; echo
kletka: new [init]
$ jexec old true; jls -j old; jail -m name=old persist
   JID  IP Address      Hostname                      Path
jexec: jail \"old\" not found; jls(8) lists the jails that run, jail -c starts one of jail.conf
jls: jail \"old\" not found; jls(8) lists the jails that run, jail -c starts one of jail.conf
jail: \"old\" not found; it does not run: jls(8) lists the jails that do
[1]
$ jail -m jid=1 name=new
jail: nothing was changed; the jail has these values
$ jail -m jid=1 name=2
jail: name cannot be numeric (unless it is the jid); begin it with a letter
[1]
$ jail -m jid=2 name=new
jail: jail \"new\" already exists; choose another name
[1]
$ jail -m jid=1 name=outer.new
jail: cannot change jail's parent; a jail inside stays in the jail that it is in
[1]
$ jail -m jid=1 name=a/b
jail: name \"a/b\" cannot be used; begin it with a letter, and put neither / nor control characters in it
[1]
$ jail -m jid=1 name=newer host.hostname=second; jls -j newer name host.hostname; jexec newer hostname; jail -m jid=1 name=new
newer second
second
$ jls --diff 2
2: name=2 -> name=called (jail -m)
[1]
$ jail -m 2; jls name
2: updated
new
called
$ jail -m jid=2 name=; jls name
new
2
$ jail -m jid=1 name=1; jls name; jail -m jid=1 name=new
1
2
$ jail -r new
stop new
new: removed
gone new
$ jail -r 2; jls name
2: removed
"
        ),
    );
    sandbox.check();
}

/// The names of jails inside begin with that of the outer one, whoever has made them.
#[test]
fn jails_inside_follow() {
    let Some(sandbox) = machine() else { return };
    sandbox.ok("mkdir -p /home/r/home/in && cp -a /home/r/bin /home/r/home/in/");
    sandbox.ok(
        "for dir in dev proc run tmp etc lib usr sys root; do mkdir -p /home/r/home/in/$dir; done",
    );
    let inside = "jexec 1 /run/kletka/kletka";
    check(
        &sandbox,
        &format!(
            "\
$ jail -qc name=out path=/home/r persist children.max=5 mount.devfs
$ jail -qc name=out.a path=/home/r persist children.max=1; jail -qc name=out.a.b path=/home/r persist; jail -qc name=outer path=/home/r persist
$ {inside} jail -qc name=own path=/home/in persist
$ jls jid parent name
1 0 out
2 1 out.own
7 1 out.a
9 7 out.a.b
10 0 outer
$ jail -m jid=1 name=big; jls jid parent name
1 0 big
2 1 big.own
7 1 big.a
9 7 big.a.b
10 0 outer
$ jexec big.a.b sh -c 'tr -d \"\\0\" < /proc/1/cmdline'; echo
kletka: big.a.b [init]
$ jail -m jid=7 name=own
jail: jail \"big.own\" already exists; choose another name
[1]
$ jail -m jid=7 name=c; jail -m jid=9 name=big.c.d; jls name
big
big.own
big.c
big.c.d
outer
$ jail -m jid=9 name=outer.d
jail: cannot change jail's parent; a jail inside stays in the jail that it is in
[1]
$ jail -m jid=2 name=mine
jail: jail \"big.own\" was made inside a jail: manage it from inside that jail
[1]
$ {inside} jail -m jid=2 name=mine; {inside} jls name; jls -j 2 name
mine
big.mine
$ jail -m jid=9 name=$(printf %250s | tr ' ' x)
jail: jail_set: File name too long
[1]
$ jail -m jid=1 name=$(printf %252s | tr ' ' x)
jail: jail_set: File name too long
[1]
$ jail -r big; jls name
outer
$ jail -r outer
"
        ),
    );
    sandbox.check();
}

/// A command that is killed leaves the old name or the new one, and the jails inside follow with
/// the next look.
#[test]
fn a_change_of_name_that_is_killed() {
    let Some(sandbox) = machine() else { return };
    sandbox.ok("jail -qc name=out path=/home/r persist children.max=1; jail -qc name=out.in path=/home/r persist");
    // As a command leaves the records that is killed between the first and the second of them.
    sandbox.ok("sed -i 's/^name=out$/name=big/; $apending.name=true' /run/kletka/jails/1");
    assert_eq!(sandbox.ok("jls -j big name; jls name"), "big\nbig\nbig.in\n");
    assert_eq!(sandbox.ok("grep -c pending /run/kletka/jails/1; :"), "0\n");
    // And at any moment: each name that jls(8) shows is one that finds the jail.
    let killed =
        sandbox.ok("i=0; while [ $i -lt 60 ]; do i=$((i + 1)); jail -m jid=1 name=n$i & pid=$!; \
         sleep 0.00$((i / 6)); kill -9 $pid 2>/dev/null; wait $pid; \
         names=$(jls name); set -- $names; \
         [ $# = 2 ] && [ $2 = $1.in ] && [ $(jls -j $1 jid) = 1 ] && jexec $2 true \
         || { echo $i: $names; break; }; \
         case $1 in n$i) ;; *) echo x;; esac; done | sort | uniq -c | grep -v ' x$'; :");
    assert_eq!(killed, "");
    sandbox.ok("jail -qR '*'");
    sandbox.check();
}

/// What hooks have made goes by the name of their jail: it goes by the new one too.
#[test]
fn interfaces_of_hooks_follow() {
    let Some(sandbox) = machine() else { return };
    sandbox.write(
        "/etc/jail.conf",
        "path = /home/r; persist;
         web { vnet; vnet.interface = epair1b; exec.prestart = 'ifconfig epair1 create';
               exec.poststop = 'ifconfig epair1a destroy'; }
         new { exec.poststop = 'ifconfig epair1a destroy'; }\n",
    );
    sandbox.ok("jail -qc web");
    let left = "kletka doctor | grep -c 'made by a hook of a jail that does not run'; :";
    assert_eq!(sandbox.ok(left), "0\n");
    sandbox.ok("jail -qm jid=1 name=new");
    assert_eq!(sandbox.ok(left), "0\n");
    sandbox.ok("jail -qr new");
    sandbox.check();
}
