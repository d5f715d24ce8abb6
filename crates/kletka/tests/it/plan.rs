//! `jail --plan`, which prints what would be done and does none of it, and `jls --diff`, which
//! prints where jails differ from their files.

use crate::record::CLEARED;
use crate::sandbox::{Done, Sandbox};
use crate::session::check;
use std::path::Path;

/// A machine with a jail's root in /home/jails/web, and this /etc/jail.conf.
fn machine(config: &str) -> Option<Sandbox> {
    let sandbox = Sandbox::new()?;
    sandbox.root("/home/jails/web");
    sandbox.write("/etc/jail.conf", format!("path = /home/jails/web; {config}"));
    Some(sandbox)
}

/// Compares with a file beside this source file. `BLESS=1` rewrites that file.
#[track_caller]
fn golden(name: &str, got: &str) {
    let file = Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/it/plan").join(name);
    if std::env::var_os("BLESS").is_some() {
        std::fs::create_dir_all(file.parent().unwrap()).unwrap();
        std::fs::write(&file, got).unwrap();
    }
    let want = std::fs::read_to_string(&file).unwrap();
    assert!(got == want, "{name}: BLESS=1 makes this the answer:\n{got}");
}

/// The plan of the article's file server, for root and for a user who may not start it.
#[test]
fn the_article() {
    let Some(sandbox) = Sandbox::new() else { return };
    sandbox.root("/home/jails/samba");
    sandbox.write("/etc/jail.conf", include_str!("../../../../examples/samba-vlan/jail.conf"));
    sandbox.write(
        "/etc/fstab.samba",
        "/home/share /home/jails/samba/mnt nullfs rw,noexec 0 0\ntmpfs /home/jails/samba/tmp tmpfs rw,size=16m,mode=1777 0 0\n",
    );
    sandbox.ok("mkdir -p /home/share /home/jails/samba/mnt /home/jails/samba/etc /var/log/jail");
    sandbox.ok("touch /home/jails/samba/etc/rc");
    let before = sandbox.ok("find /run /var/log /home /etc /tmp | sort");
    let plan = sandbox.ok("jail --plan -c samba");
    golden("samba-start.txt", &plan);
    golden("samba-stop.txt", &sandbox.ok("su -s /bin/sh nobody -c 'jail --plan -r samba'"));
    golden("samba-start.json", &sandbox.ok("jail --plan=json -c samba"));
    let Done { stdout, stderr, status } =
        sandbox.run("su -s /bin/sh nobody -c 'jail --plan -c samba'");
    assert_eq!((stdout, status), (plan, 0));
    assert_eq!(
        stderr,
        "jail: only root knows which jails run; this plan takes those to be stopped or changed to be running\n"
    );
    // A plan does nothing: neither an interface nor a file was made.
    let after = sandbox.ok("find /run /var/log /home /etc /tmp | sort");
    let made: Vec<_> = after.lines().filter(|line| !before.lines().any(|it| it == *line)).collect();
    assert!(made.iter().all(|path| path.starts_with("/run/kletka")), "{made:?}");
    sandbox.check();
}

#[test]
fn several_jails_in_their_order() {
    let config = "persist; exec.prestart = 'touch /tmp/ran';
         db { } web { depend = db; exec.system_user = nobody; } shop { depend = web; exec.start = 'sleep 5 &'; }\n";
    let Some(sandbox) = machine(config) else { return };
    sandbox.ok("jail -qc db; rm /tmp/ran");
    check(
        &sandbox,
        "\
$ jail --plan -c shop | grep -v -e ':  ' -e '^               '
db: nothing to do
web: start, after db
    parameters
        name: full
        path: full
        persist: full
        exec.prestart: full
        depend: full
        exec.system_user: full
    steps
        1. exec.prestart, on the host as nobody: touch /tmp/ran
        2. create the prison
shop: start, after web
    parameters
        name: full
        path: full
        persist: full
        exec.prestart: full
        depend: full
        exec.start: full
    steps
        1. exec.prestart, on the host: touch /tmp/ran
        2. create the prison
        3. exec.start, in the jail, not waited for: sleep 5
$ jail --plan -r db | grep -v '^ '
shop: nothing to do
web: nothing to do, after shop
db: stop, after web
$ jail --plan -rc db | grep -v '^ '
shop: nothing to do
web: nothing to do, after shop
db: stop, after web
db: start
$ su -s /bin/sh nobody -c 'jail --plan -rc db' 2> /dev/null | grep -v '^ '
shop: stop
web: stop, after shop
db: stop, after web
db: start
$ jail --plan -J /tmp/jids -c web > /dev/null; jls -N name; ls /tmp
db
",
    );
    sandbox.ok("jail -r db");
}

#[test]
fn what_cannot_be_is_refused() {
    let config = "persist; web { allow.vmm_ppt; } db { depend = web; } away { path = /nowhere; }\n";
    let Some(sandbox) = machine(config) else { return };
    check(
        &sandbox,
        "\
$ jail --plan -c web
web: refused
    parameters
        name: full
        path: full
        persist: full
        allow.vmm_ppt: refused: it would hand the host's hardware to the jail
jail: web: allow.vmm_ppt: it would hand the host's hardware to the jail (/etc/jail.conf line 1)
[1]
$ jail --plan -c away
away: refused
    parameters
        name: full
        path: full
        persist: full
jail: away: path /nowhere: No such file or directory; kletka bootstrap --root /nowhere base makes a root there (/etc/jail.conf line 1)
[1]
$ jail --plan -c nothing
jail: \"nothing\" not found; no section of jail.conf(5) has this name
[1]
$ jail --plan=yaml -c away 2>&1 | tail -n 1
       jail --plan[=json] ...
",
    );
}

#[test]
fn changes_are_planned() {
    let Some(sandbox) = machine("persist; web { host.hostname = one; }\n") else { return };
    sandbox.ok("jail -qc web; sed -i s/one/two/ /etc/jail.conf");
    check(
        &sandbox,
        "\
$ jail --plan -m web | tail -n 2
    steps
        1. jail_set(JAIL_UPDATE) jid=1 host.hostname=two
$ su -s /bin/sh nobody -c 'jail --plan -m web' 2> /dev/null | tail -n 1
        1. jail_set(JAIL_UPDATE) name=web persist host.hostname=two: those of these that differ
$ jls host.hostname
one
$ jail -m web; jail --plan -m web | tail -n 1
web: updated
        1. nothing differs
$ sed -i 's/two;/two; vnet;/' /etc/jail.conf; jail --plan -m web | head -n 1
web: refused
jail: web: vnet cannot be changed after creation; stop the jail, and start it with the new value
$ jail --plan -m name=web persist=0 | tail -n 1
        1. jail_set(JAIL_UPDATE) jid=1 nopersist
$ jail --plan -c path=/home/jails/web persist | head -n 1
start
",
    );
    sandbox.ok("jail -r web");
}

/// `jls --diff` has the exit statuses of diff(1).
#[test]
fn differences_between_a_jail_and_its_file() {
    let Some(sandbox) = machine("persist; web { host.hostname = one; allow.quotas; } db { }\n")
    else {
        return;
    };
    sandbox.ok("jail -qc; jail -c name=other path=/home/jails/web persist");
    check(
        &sandbox,
        "\
$ jls --diff
$ sed -i -e 's/one;/two; vnet; allow.raw_sockets;/' -e 's/allow.quotas; //' /etc/jail.conf; jls --diff
web: vnet=inherit -> vnet=new (restart)
web: allow.quotas -> allow.noquotas (restart, or jail -m once the file says it)
web: allow.noraw_sockets -> allow.raw_sockets (jail -m, for processes that enter from then on)
web: host.hostname=one -> host.hostname=two (jail -m)
[1]
$ jls --diff web | wc -l
4
$ sed -i 's/ vnet;//' /etc/jail.conf; jail -qm web; jls --diff web
web: allow.quotas -> allow.noquotas (restart, or jail -m once the file says it)
[1]
$ jls --diff db
$ jls --diff other
jls: other: no file describes it
[2]
$ jls --diff nowhere
jls: jail \"nowhere\" not found; jls(8) lists the jails that run, jail -c starts one of jail.conf
[2]
$ jls --diff a b 2>&1 | tail -n 1
       jls --diff [jail]
$ sed -i -e 's/db { }/db { allow.vmm_ppt; }/' -e 's/two/three/' /etc/jail.conf; jls --diff
web: allow.quotas -> allow.noquotas (restart, or jail -m once the file says it)
web: host.hostname=two -> host.hostname=three (jail -m)
jls: db: allow.vmm_ppt: it would hand the host's hardware to the jail (/etc/jail.conf line 1)
[2]
$ echo '}' > /etc/jail.conf; jls --diff
jls: /etc/jail.conf line 1: }: syntax error; no section is open that it could end
[2]
$ su -s /bin/sh nobody -c 'jls --diff'
jls: Operation not permitted: jails are for root alone; run this as root
[2]
",
    );
    sandbox.ok("jail -qR web db other");
}

/// The machine was restarted, or the jail's processes were killed from outside: the hooks that
/// follow a removal run.
#[test]
fn cleaning_up_after_jails_that_are_gone() {
    let config = "persist; exec.poststop = 'echo poststop $JNAME'; exec.release = 'echo release $JNAME';
         exec.prepare = 'ifconfig bridge$JID create'; web { jid = 7; exec.poststop += 'ifconfig bridge7 destroy'; }
         db { jid = 8; exec.poststop += 'ifconfig bridge8 destroy'; } mail { jid = 9; exec.prepare = true; }\n";
    let Some(sandbox) = machine(config) else { return };
    sandbox.ok("jail -q -p 1 -c");
    // With its init all processes of a jail end.
    let kill = |jail| {
        sandbox.ok(&format!(
            "kill -9 $(sed -n 's/^init=\\([0-9]*\\).*/\\1/p' /run/kletka/jails/$(jls -j {jail} jid)); while jls -c -j {jail}; do :; done"
        ))
    };
    kill("web");
    kill("db");
    check(
        &sandbox,
        "\
$ jls name; ifconfig -l
mail
lo0 bridge7 bridge8
$ jail -C web; ifconfig -l
poststop web
release web
lo0 bridge8
$ jail -qc web; jail --plan -C '*' | grep -v '^ '
db: clean up after
$ jail -C '*'; ifconfig -l; jls name
poststop db
release db
lo0 bridge7
web
mail
$ jail -C web
jail: \"web\" is running: -C is for jails that are gone; jail -r web stops it
[1]
$ jail -qr '*' | sort; jail -qc db
poststop mail
poststop web
release mail
release web
",
    );
    // A restart of the machine empties /run.
    kill("db");
    sandbox.ok(CLEARED);
    sandbox.ok("rm -r /run/kletka");
    check(
        &sandbox,
        "$ jail -v -C db; ifconfig -l\ndb: run command: /bin/sh -c echo poststop $JNAME\npoststop db\ndb: run command: ifconfig bridge8 destroy\ndb: run command: /bin/sh -c echo release $JNAME\nrelease db\nlo0\n",
    );
}

/// `jail -v` prints what FreeBSD's run_command() and jailparam_set_note() print.
#[test]
fn what_is_done_is_shown() {
    let Some(sandbox) = machine("") else { return };
    check(
        &sandbox,
        "\
$ jail -v -c name=web path=/home/jails/web persist allow.noset_hostname meta='a b' exec.system_user=nobody exec.jail_user=nobody exec.poststart='id -un' exec.start='id -un'
jail_set(JAIL_CREATE) meta=\"a b\" name=web path=/home/jails/web persist allow.noset_hostname
created
run command in jail as nobody: id -un
nobody
run command as nobody: id -un
nobody
",
    );
    sandbox.ok("jail -R web");
}
