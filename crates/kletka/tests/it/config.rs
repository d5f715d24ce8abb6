//! `kletka config`, the check before a start, and where jail(8) finds a jail.

use crate::sandbox::Sandbox;
use crate::session::check;

/// A machine with a jail's root in /home/jails/web, and this /etc/jail.conf.
fn machine(config: &str) -> Option<Sandbox> {
    let sandbox = Sandbox::new()?;
    sandbox.root("/home/jails/web");
    sandbox.write("/etc/jail.conf", config);
    Some(sandbox)
}

#[test]
fn everything_that_is_wrong_is_shown_with_its_place() {
    let Some(sandbox) = machine(
        "\
path = \"/home/jails/$name\";
persist;
web { jid = 1; }
db {
	path = /home/jails/web/db;
	jid = 1;
	alow.mount;
}
mail { path = /home/jails/web; mount.fstab = /etc/fstab.mail; depend = nobody; }
a { path = /home/jails/web; exec.poststop = /bin/nothing; vnet.interface = em9; }
.include \"more.conf\";
",
    ) else {
        return;
    };
    sandbox.ok("mkdir /home/jails/web/db");
    sandbox.write("/etc/more.conf", "b { path = /home/jails/none; exec.start = x$y; }\n");
    sandbox
        .write("/etc/jail.conf.d/one.conf", "one { jid = 1; path = /home/jails/none; persist; }\n");
    check(
        &sandbox,
        "\
$ kletka config check
/etc/jail.conf line 5: warning: db: path /home/jails/web/db is inside /home/jails/web, where the root user of web can change it (/etc/jail.conf line 1)
/etc/jail.conf line 6: db: jid 1 is web's too (/etc/jail.conf line 3)
/etc/jail.conf line 7: db: unknown parameter: alow.mount (did you mean allow.mount?)
/etc/jail.conf line 9: warning: mail: path /home/jails/web is web's too (/etc/jail.conf line 1)
/etc/jail.conf line 9: mail: mount.fstab: /etc/fstab.mail: No such file or directory
/etc/jail.conf line 9: mail: depends on undefined jail \"nobody\"
/etc/jail.conf line 10: warning: a: path /home/jails/web is web's too (/etc/jail.conf line 1)
/etc/jail.conf line 10: warning: a: exec.poststop: /bin/nothing: No such file or directory
/etc/jail.conf line 10: a: vnet.interface: needs a network stack of the jail's own; add \"vnet;\"
/etc/more.conf line 1: b: exec.start: variable \"y\" not found
/etc/jail.conf.d/one.conf line 1: one: jid 1 is web's too (/etc/jail.conf line 3)
/etc/jail.conf.d/one.conf line 1: warning: one: path /home/jails/none is b's too (/etc/more.conf line 1)
/etc/jail.conf.d/one.conf line 1: one: path /home/jails/none: No such file or directory
[1]
",
    );
}

#[test]
fn nothing_is_wrong_with_the_article() {
    let Some(sandbox) = Sandbox::new() else { return };
    sandbox.root("/home/jails/samba");
    let article = include_str!("../../../../examples/samba-vlan/jail.conf");
    sandbox.write("/etc/jail.conf", article);
    sandbox.write("/etc/fstab.samba", "");
    // The same jail twice, as a copy is made in haste.
    let copy = article.replace("samba {", "copy {").replace("jid = 1", "jid = 2");
    let copy = copy.replace("epair${jid}a destroy", "epair1a destroy");
    sandbox.write("/tmp/copy.conf", copy);
    sandbox.root("/home/jails/copy");
    check(
        &sandbox,
        "\
$ kletka config check
$ kletka config check /etc/jail.conf /tmp/copy.conf
/tmp/copy.conf line 51: warning: copy: 192.168.1.240 is samba's address too (/etc/jail.conf line 51)
/tmp/copy.conf line 58: warning: copy: exec.poststop: epair1a is samba's interface (/etc/jail.conf line 40)
",
    );
}

#[test]
fn a_start_is_checked_first() {
    let Some(sandbox) = machine(
        "\
path = /home/jails/web; persist;
web { jid = 1; exec.prepare = \"echo prepare\"; }
db { jid = 1; exec.prepare = \"echo prepare\"; }
none { path = /home/jails/none; exec.prestart = \"echo prestart\"; }
",
    ) else {
        return;
    };
    check(
        &sandbox,
        "\
$ jail -c web
prepare
web: created
jail: warning: web: jid 1 is db's too (/etc/jail.conf line 2 and /etc/jail.conf line 3)
$ jail -r web
web: removed
$ jail -qc web
prepare
$ jail -qr web
$ jail -c
prepare
web: created
jail: db: jid 1 is web's too (/etc/jail.conf line 3 and /etc/jail.conf line 2)
jail: none: path /home/jails/none: No such file or directory
[1]
$ jls name
web
$ sed -i '/^web/s/}/mount.fstab = fstab.none; }/' /etc/jail.conf; jail -rc web
jail: warning: web: jid 1 is db's too (/etc/jail.conf line 2 and /etc/jail.conf line 3)
jail: web: mount.fstab: fstab.none: No such file or directory
[1]
$ jls name
web
$ jail -r web
web: removed
",
    );
}

#[test]
fn jails_of_files_of_their_own() {
    let Some(sandbox) = machine("persist; web { path = /home/jails/web; }\n") else { return };
    sandbox.root("/home/jails/db");
    sandbox.root("/home/jails/mail");
    sandbox.write(
        "/etc/jail.db.conf",
        "path = /home/jails/db; db { persist; depend = web; host.hostname = dbhost; }\n",
    );
    sandbox.write("/etc/jail.conf.d/mail.conf", "mail { path = /home/jails/mail; persist; }\n");
    sandbox.write("/etc/jail.conf.d/db.conf", "db { path = /nowhere; persist; }\n");
    check(
        &sandbox,
        "\
$ jail -c db; jail -c mail
web: created
db: created
mail: created
$ jls name host.hostname
web \"\"
db dbhost
mail \"\"
$ jail -c other
jail: \"other\" not found
[1]
$ jail -f /etc/jail.conf -c db
jail: \"db\" not found
[1]
$ jail -r web mail db
db: removed
mail: removed
web: removed
$ rm /etc/jail.conf; jail -c mail
mail: created
$ jail -r mail
mail: removed
",
    );
}

#[test]
fn layout() {
    let Some(sandbox) = machine("web{path=/home/jails/web;# root\n\n\n  persist;}\n") else {
        return;
    };
    sandbox.ok("cp /etc/jail.conf /tmp/ugly; chmod 640 /etc/jail.conf; chown 1:2 /etc/jail.conf; \
                mkdir -p /tmp/real; mv /etc/jail.conf /tmp/real/; ln -s /tmp/real/jail.conf /etc/");
    check(
        &sandbox,
        "\
$ kletka config fmt
web { path = /home/jails/web;# root

	persist; }
$ kletka config fmt --check /etc/jail.conf /tmp/ugly
/etc/jail.conf
/tmp/ugly
[1]
$ kletka config fmt -w
$ kletka config fmt --check && cat /etc/jail.conf
web { path = /home/jails/web;# root

	persist; }
$ stat -c '%a %u:%g' /tmp/real/jail.conf; stat -c %F /etc/jail.conf; ls -A /tmp/real
640 1:2
symbolic link
jail.conf
$ echo 'a {' | kletka config fmt /tmp/ugly - /tmp/none
web { path = /home/jails/web;# root

	persist; }
kletka: config: -: unexpected EOF
kletka: config: /tmp/none: No such file or directory
[1]
",
    );
}

#[test]
fn what_a_jail_has() {
    let Some(sandbox) = machine(
        "\
$domain = example.org;
path = \"/home/jails/$name\";
web { jid = 7; host.hostname = \"$name.$domain\"; nopersist; vnet; allow.raw_sockets = 1;
	exec.start = \"/bin/sh /etc/rc\", \"echo \\\"x\\\"\"; stop.timeout = 30; }
bad { path = \"$nothing\"; }
",
    ) else {
        return;
    };
    check(
        &sandbox,
        "\
$ kletka config get web
name=web
path=/home/jails/web
jid=7
host.hostname=web.example.org
nopersist
vnet
allow.raw_sockets=1
exec.start=\"/bin/sh /etc/rc\",'echo \"x\"'
stop.timeout=30
$ kletka config get --json web
{
  \"name\": \"web\",
  \"path\": \"/home/jails/web\",
  \"jid\": 7,
  \"host.hostname\": \"web.example.org\",
  \"persist\": false,
  \"vnet\": \"new\",
  \"allow.raw_sockets\": true,
  \"exec.start\": [\"/bin/sh /etc/rc\", \"echo \\\"x\\\"\"],
  \"stop.timeout\": 30
}
$ kletka config get web host.hostname
web.example.org
$ kletka config get web exec.start
/bin/sh /etc/rc
echo \"x\"
$ kletka config get --json web exec.start
[\"/bin/sh /etc/rc\", \"echo \\\"x\\\"\"]
$ kletka config get web persist; kletka config get web allow.raw_sockets; kletka config get web vnet
false
true
new
$ kletka config get web exec.timeout
0
$ kletka config get web exec.stop
kletka: config: web: exec.stop is not set and has no default
[1]
$ kletka config get web exec.sotp
kletka: config: web: unknown parameter: exec.sotp (did you mean exec.stop?)
[1]
$ kletka config get other
kletka: config: \"other\" not found
[1]
$ kletka config get bad path
kletka: config: bad: path: variable \"nothing\" not found
[1]
$ kletka config get
usage: kletka config check [FILE ...]
       kletka config fmt [-w | --check] [FILE ...]
       kletka config get [-f FILE] [--json] JAIL [PARAM]
       kletka config set [-f FILE] JAIL PARAM[=VALUE] | PARAM+=VALUE | -PARAM ...
[1]
",
    );
}

#[test]
fn changes() {
    let Some(sandbox) = machine(
        "\
# Our jails
path = \"/home/jails/$name\";
web {
	persist;    # always
	exec.start = \"one\";
}
.include \"more.conf\";
",
    ) else {
        return;
    };
    sandbox.write("/etc/more.conf", "db {\n}\n");
    check(
        &sandbox,
        "\
$ kletka config set web host.hostname=web.example.org exec.start+=two allow.raw_sockets -persist
$ cat /etc/jail.conf
# Our jails
path = \"/home/jails/$name\";
web {
	# always
	exec.start = \"one\";
	host.hostname = web.example.org;
	exec.start += two;
	allow.raw_sockets;
}
.include \"more.conf\";
$ kletka config set web exec.start='echo $HOME' exec.start=second --unset host.hostname
$ kletka config get web exec.start
echo $HOME
second
$ kletka config set db vnet vnet.interface=e0b
$ cat /etc/more.conf
db {
	vnet;
	vnet.interface = e0b;
}
$ kletka config set web alow.mount
kletka: config: web: unknown parameter: alow.mount (did you mean allow.mount?)
[1]
$ kletka config set web stop.timeout=soon persist
kletka: config: web: stop.timeout: non-integer value \"soon\"
[1]
$ kletka config set web -persist
kletka: config: web: persist is not set in /etc/jail.conf
[1]
$ kletka config set other persist
kletka: config: \"other\" not found
[1]
$ kletka config set -f /etc/none web persist
kletka: config: /etc/none: No such file or directory
[1]
$ kletka config set web
usage: kletka config check [FILE ...]
       kletka config fmt [-w | --check] [FILE ...]
       kletka config get [-f FILE] [--json] JAIL [PARAM]
       kletka config set [-f FILE] JAIL PARAM[=VALUE] | PARAM+=VALUE | -PARAM ...
[1]
$ kletka config get web stop.timeout
10
",
    );
}

#[test]
fn on_a_terminal_the_line_is_shown() {
    let Some(sandbox) = machine(
        "persist; web { path = /home/jails/web; jid = 1; }\ndb {\tpath = /home/jails/none;\n\tjid = 1; }\nbad { }}\n",
    ) else {
        return;
    };
    let terminal = |line: &str| {
        let done = sandbox.run(&format!("script -qec '{line}' /dev/null"));
        done.stdout.replace('\r', "")
    };
    let syntax = "\
jail: /etc/jail.conf line 4: }: syntax error
/etc/jail.conf line 4:
    bad { }}
           ^
";
    assert_eq!(terminal("jail -c web"), syntax);
    sandbox.ok("sed -i /^bad/d /etc/jail.conf");
    let conflict = "\
/etc/jail.conf line 3: db: jid 1 is web's too (/etc/jail.conf line 1)
/etc/jail.conf line 3:
    \tjid = 1; }
    \t^
/etc/jail.conf line 1:
    persist; web { path = /home/jails/web; jid = 1; }
                                           ^
";
    let check = terminal("kletka config check");
    assert!(check.ends_with(conflict), "{check}");
    let missing = "\
jail: db: path /home/jails/none: No such file or directory
/etc/jail.conf line 2:
    db {\tpath = /home/jails/none;
        \t^
";
    let start = terminal("jail -c db");
    assert!(start.ends_with(missing), "{start}");
    sandbox.ok("echo 'db { exec.sotp = x; }' > /etc/jail.conf");
    let unknown = "\
jail: db: unknown parameter: exec.sotp (did you mean exec.stop?)
/etc/jail.conf line 1:
    db { exec.sotp = x; }
         ^
";
    assert_eq!(terminal("jail -c db"), unknown);
}
