//! `kletka config`, the check before a start, and the files in which jail(8) finds a jail.

use crate::sandbox::Sandbox;
use crate::session::{check, freebsds};

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
/etc/jail.conf line 7: db: unknown parameter: alow.mount; did you mean allow.mount?
/etc/jail.conf line 9: warning: mail: path /home/jails/web is web's too (/etc/jail.conf line 1)
/etc/jail.conf line 9: mail: mount.fstab: /etc/fstab.mail: No such file or directory; write it, or take mount.fstab out
/etc/jail.conf line 9: mail: depends on undefined jail \"nobody\"
/etc/jail.conf line 10: warning: a: path /home/jails/web is web's too (/etc/jail.conf line 1)
/etc/jail.conf line 10: warning: a: exec.poststop: /bin/nothing: No such file or directory; it is not on the host, where hooks run
/etc/jail.conf line 10: a: vnet.interface: needs a network stack of the jail's own; add \"vnet;\"
/etc/more.conf line 1: b: exec.start: variable \"y\" not found; set it by $y = VALUE; or write \\$ for a dollar sign
/etc/jail.conf.d/one.conf line 1: one: jid 1 is web's too (/etc/jail.conf line 3)
/etc/jail.conf.d/one.conf line 1: warning: one: path /home/jails/none is b's too (/etc/more.conf line 1)
/etc/jail.conf.d/one.conf line 1: one: path /home/jails/none: No such file or directory; kletka bootstrap --root /home/jails/none base makes a root there
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
    // A copy of the jail in which only some names were changed, as happens in haste.
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
jail: none: path /home/jails/none: No such file or directory; kletka bootstrap --root /home/jails/none base makes a root there (/etc/jail.conf line 4)
[1]
$ jls name
web
$ sed -i '/^web/s/}/mount.fstab = fstab.none; }/' /etc/jail.conf; jail -rc web
jail: warning: web: jid 1 is db's too (/etc/jail.conf line 2 and /etc/jail.conf line 3)
jail: web: mount.fstab: fstab.none: No such file or directory; write it, or take mount.fstab out (/etc/jail.conf line 2)
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
jail: \"other\" not found; no section of jail.conf(5) has this name
[1]
$ jail -f /etc/jail.conf -c db
jail: \"db\" not found; no section of jail.conf(5) has this name
[1]
$ jail -p 1 -r web mail db
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
kletka: config: -: unexpected EOF; a \"}\" is missing for the section \"a\" of line 1
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
kletka: config: web: unknown parameter: exec.sotp; did you mean exec.stop?
[1]
$ kletka config get other
kletka: config: \"other\" not found; no section of /etc/jail.conf has this name
[1]
$ kletka config get bad path
kletka: config: bad: path: variable \"nothing\" not found; set it by $nothing = VALUE; or write \\$ for a dollar sign (/etc/jail.conf line 5)
[1]
$ kletka config get
usage: kletka config get [-f FILE] [--json] JAIL [PARAM]
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
kletka: config: web: unknown parameter: alow.mount; did you mean allow.mount?
[1]
$ kletka config set web stop.timeout=soon persist
kletka: config: web: stop.timeout: non-integer value \"soon\"; use a number
[1]
$ kletka config set web -persist
kletka: config: web: persist is not set in /etc/jail.conf
[1]
$ kletka config set other persist
kletka: config: \"other\" not found; no section of /etc/jail.conf has this name
[1]
$ kletka config set -f /etc/none web persist
kletka: config: /etc/none: No such file or directory; jails are described in such a file: jail.conf(5)
[1]
$ kletka config set web
usage: kletka config set [-f FILE] JAIL PARAM[=VALUE] | PARAM+=VALUE | -PARAM ...
[1]
$ kletka config get web stop.timeout
10
",
    );
}

/// Every message of jail(8) about a name that is no parameter, from a file and from the command
/// line.
#[test]
#[rustfmt::skip]
fn unknown_parameters() {
    let Some(sandbox) = machine("") else { return };
    for (given, want) in [
        ("pth=/home/jails/web",        "unknown parameter: pth; did you mean path?"),
        ("hostname=web",               "unknown parameter: hostname; did you mean host.hostname?"),
        ("alow.raw_sockets",           "unknown parameter: alow.raw_sockets; did you mean allow.raw_sockets?"),
        ("allow.mount.nozsf",          "unknown parameter: allow.mount.nozsf; did you mean allow.mount.nozfs?"),
        ("exec.pre_start=/bin/true",   "unknown parameter: exec.pre_start; did you mean exec.prestart?"),
        ("novnet",                     "unknown parameter: novnet; did you mean vnet?"),
        ("something.else=1",           "unknown parameter: something.else"),
    ] {
        sandbox.write("/etc/jail.conf", format!("web {{ path = /home/jails/web; persist; {given}; }}\n"));
        for (command, prefix) in [
            ("jail -c web", "jail: web: "),
            (&*format!("jail -c path=/home/jails/web persist {given}"), "jail: "),
            ("kletka config check", "/etc/jail.conf line 1: web: "),
        ] {
            let done = sandbox.run(command);
            let want = format!("{prefix}{want}\n");
            let answer = (&*done.stdout, freebsds(&done.stderr, &want), done.status);
            assert_eq!(answer, ("", want, 1), "{command}: {given}");
        }
    }
    assert_eq!(sandbox.ok("jls -N"), " JID             IP Address      Hostname                      Path\n");
}

#[test]
fn files_and_standard_input() {
    let Some(sandbox) = machine("web { path = /home/jails/web; persist; }\n") else { return };
    sandbox.write("/tmp/bad.conf", "web { path = /home/jails/web;\n  oops }\n");
    sandbox.write(
        "/tmp/warned.conf",
        "a { path = /home/jails/web; persist; }\nb { path = /home/jails/web; persist; }\n",
    );
    sandbox.write(
        "/tmp/shared.conf",
        "a {\n\tpath = /home/jails/web;\n\tpersist;\n\tip4.addr = 192.0.2.1;\n}\n",
    );
    sandbox.write("/tmp/ugly.conf", "a{persist;}\n");
    check(
        &sandbox,
        "\
$ kletka config check
$ kletka config check /tmp/none.conf
/tmp/none.conf: No such file or directory
[1]
$ kletka config check /tmp/warned.conf
/tmp/warned.conf line 2: warning: b: path /home/jails/web is a's too (/tmp/warned.conf line 1)
$ kletka config check /tmp/bad.conf /tmp/warned.conf
/tmp/bad.conf line 2: }: syntax error; a \";\" is missing before it
/tmp/warned.conf line 2: warning: b: path /home/jails/web is a's too (/tmp/warned.conf line 1)
[1]
$ kletka config check /tmp/shared.conf
/tmp/shared.conf line 4: warning: a: ip4.addr: 127.0.0.1 is 192.0.2.1 in the jail: what listens there alone can be reached from outside, and neither broadcast nor multicast arrives at sockets for all addresses
$ kletka config check - < /tmp/warned.conf
STDIN line 2: warning: b: path /home/jails/web is a's too (STDIN line 1)
$ kletka config check - < /etc/jail.conf
$ kletka config check --all
kletka: config: --all: no such option
usage: kletka config check [FILE ...]
[1]
$ kletka config fmt - < /tmp/ugly.conf
a { persist; }
$ kletka config fmt -w - < /tmp/ugly.conf
a { persist; }
$ kletka config fmt --check - < /tmp/ugly.conf
-
[1]
$ kletka config fmt --check /etc/jail.conf
$ kletka config fmt --check -w /etc/jail.conf 2>/dev/null
[1]
$ kletka config fmt /tmp/bad.conf /tmp/none.conf /tmp/ugly.conf
a { persist; }
kletka: config: /tmp/bad.conf line 2: }: syntax error; a \";\" is missing before it
kletka: config: /tmp/none.conf: No such file or directory
[1]
$ kletka config get -f - a persist < /tmp/ugly.conf
true
$ kletka config set -f - a nopersist < /tmp/ugly.conf
kletka: config: standard input cannot be changed
[1]
$ kletka config fmt -w /tmp
kletka: config: /tmp: not a regular file
[1]
$ mkfifo /tmp/pipe; kletka config fmt -w /tmp/pipe
kletka: config: /tmp/pipe: not a regular file
[1]
",
    );
}

#[test]
fn values_as_they_are() {
    let Some(sandbox) = machine(
        "web { path = \"/home/jails/gr\\303\\274n\"; host.hostname = \"a\\377b\"; nopersist = false; vnet; meta.a = 1; meta.b = 2;\n\
         exec.start = \"one\\ntwo\", \"\\001\\t\\\\\"; exec.clean = 0; stop.timeout = \" 007\"; devfs_ruleset = 0x4; path.x; }\n\
         \"w\\377\" { persist; }\n",
    ) else {
        return;
    };
    check(
        &sandbox,
        r#"$ kletka config get --json web
{
  "name": "web",
  "path": "/home/jails/grün",
  "host.hostname": "a�b",
  "persist": true,
  "vnet": "new",
  "meta.a": "1",
  "meta.b": "2",
  "exec.start": ["one\ntwo", "\u0001\t\\"],
  "exec.clean": false,
  "stop.timeout": 7,
  "devfs_ruleset": "0x4",
  "path.x": true
}
$ kletka config get --json web host.hostname; kletka config get web host.hostname | od -An -c
"a�b"
   a 377   b  \n
$ kletka config get web persist; kletka config get web nopersist; kletka config get --json web nopersist
true
false
false
$ kletka config get web exec.noclean; kletka config get web allow.nomount; kletka config get web mount.devfs
true
true
false
$ kletka config get web ip4; kletka config get web stop.timeout; kletka config get --json web vnet
inherit
7
"new"
$ kletka config get "$(printf 'w\377')" ip4
disable
$ kletka config get --json web exec.stop
kletka: config: web: exec.stop is not set and has no default
[1]
$ kletka config get '*'
kletka: config: "*" not found; no section of /etc/jail.conf has this name
[1]
$ kletka config get web > /dev/full
kletka: config: stdout: No space left on device
[1]
"#,
    );
}

#[test]
fn a_change_keeps_what_the_file_is() {
    let Some(sandbox) = machine("") else { return };
    sandbox.write("/tmp/real/jails", "a { persist; }\n# end without newline");
    sandbox.ok("chmod 640 /tmp/real/jails; chown 1:2 /tmp/real/jails; rm /etc/jail.conf; \
                ln -s /tmp/real/jails /tmp/link; ln -s ../tmp/link /etc/jail.conf");
    check(
        &sandbox,
        "\
$ kletka config set a path=/home/jails/web
$ cat /tmp/real/jails; echo .
a { persist; path = \"/home/jails/web\"; }
# end without newline.
$ stat -c '%a %u:%g %F' /tmp/real/jails; readlink /etc/jail.conf /tmp/link; ls -A /tmp/real
640 1:2 regular file
../tmp/link
/tmp/real/jails
jails
$ before=$(stat -c '%i %Y' /tmp/real/jails); kletka config set a persist; test \"$before\" = \"$(stat -c '%i %Y' /tmp/real/jails)\"
$ kletka config set a persist=1x path=/other; cat /tmp/real/jails; echo .
a { persist; path = \"/home/jails/web\"; }
# end without newline.
kletka: config: a: persist: unknown boolean value \"1x\"; use true or false
$ kletka config set a ip4=inherit && kletka config set a vnet
kletka: config: a: vnet jails cannot have IP address restrictions; give an interface of the jail its address by ifconfig in exec.start
[1]
$ kletka config set a --unset ip4 && kletka config set a vnet && kletka config get a
name=a
persist
path=/home/jails/web
vnet
$ for i in 1 2 3 4 5 6 7 8; do kletka config set a depend+=j$i & done; wait; kletka config get a depend | sort | tr '\\n' ' '
j1 j2 j3 j4 j5 j6 j7 j8 
",
    );
}

/// A fault of one jail keeps no other jail of the file from being started and stopped. FreeBSD
/// reports the fault, and goes on.
#[test]
fn a_broken_jail_is_in_nobodys_way() {
    let Some(sandbox) = machine(
        "path = /home/jails/web; persist;\nweb { }\nbad { host.hostname = \"$nothing\"; }\n\
         other { jid = none; }\nneeds { depend = bad; }\n",
    ) else {
        return;
    };
    check(
        &sandbox,
        "\
$ jail -c web
web: created
jail: bad: host.hostname: variable \"nothing\" not found; set it by $nothing = VALUE; or write \\$ for a dollar sign (/etc/jail.conf line 3)
$ jail -r web
web: removed
jail: bad: host.hostname: variable \"nothing\" not found; set it by $nothing = VALUE; or write \\$ for a dollar sign (/etc/jail.conf line 3)
$ jail -c bad
jail: bad: host.hostname: variable \"nothing\" not found; set it by $nothing = VALUE; or write \\$ for a dollar sign (/etc/jail.conf line 3)
[1]
$ jail -c needs
jail: bad: host.hostname: variable \"nothing\" not found; set it by $nothing = VALUE; or write \\$ for a dollar sign (/etc/jail.conf line 3)
jail: needs: skipped; a jail that it waits for has failed
[1]
$ jail -c other
jail: bad: host.hostname: variable \"nothing\" not found; set it by $nothing = VALUE; or write \\$ for a dollar sign (/etc/jail.conf line 3)
jail: other: jid: non-integer value \"none\"; use a number (/etc/jail.conf line 4)
[1]
",
    );
}

/// A file that is missing now may be there when it is needed. A path inside a root is looked up as
/// the jail will do it.
#[test]
fn no_start_is_refused_without_need() {
    let Some(sandbox) = machine(
        "\
persist; path = /home/jails/web;
store { exec.poststart = \"cp -r /home/jails/web /home/jails/made\"; }
made { path = /home/jails/made; depend = store; allow.dying; }
inner { exec.start = /bin/inner; }
outer { exec.start = /bin/outer; }
",
    ) else {
        return;
    };
    // One link leads to a file in the jail's root. The other leads, outside of the jail, to a file
    // on the host.
    for (file, link, target) in [
        ("/home/jails/web/tmp/inner", "inner", "/tmp/inner"),
        ("/tmp/outer", "outer", "../../../../../tmp/outer"),
    ] {
        sandbox.write(file, "#!/bin/sh\n");
        sandbox.ok(&format!("chmod +x {file}; ln -s {target} /home/jails/web/bin/{link}"));
    }
    check(
        &sandbox,
        "\
$ jail -c made
store: created
made: created
jail: the 'allow.dying' parameter and '-d' flag are deprecated and have no effect.
$ jail -c inner
inner: created
$ jail -c outer
jail: outer: exec /bin/outer: No such file or directory; it is not in the jail's root, /home/jails/web (/etc/jail.conf line 5)
[1]
$ jail -p 1 -r store made inner
inner: removed
made: removed
store: removed
$ cd /home/jails; jail -c name=x path=none exec.prepare='echo prepare' persist
jail: path /home/jails/none: No such file or directory; kletka bootstrap --root /home/jails/none base makes a root there
[1]
$ jail -c name=x path=/home/jails/web mount.fstab=/etc/none exec.prepare='echo prepare' persist
jail: mount.fstab: /etc/none: No such file or directory; write it, or take mount.fstab out
[1]
$ jail -c name=x path=/home/jails/web exec.prestart='echo prestart' exec.created=/bin/none persist
jail: exec /bin/none: No such file or directory; it is not on the host, where hooks run
[1]
$ jail -c name=x path=/home/jails/web exec.poststop=/bin/none command=/bin/true
jail: warning: exec.poststop: /bin/none: No such file or directory; it is not on the host, where hooks run
$ jail -qc path=/home/jails/web exec.stop=/bin/none command=/bin/true
",
    );
}

/// Parameters that are taken in part: what docs/compatibility.md says is missing.
#[test]
fn what_is_partly_there() {
    let Some(sandbox) = machine("") else { return };
    sandbox.ok("ip link set lo up");
    check(
        &sandbox,
        "\
$ jail -qc path=/home/jails/web ip4=inherit allow.raw_sockets command=/bin/ping -c1 127.0.0.1 | sed 1d
ping: permission denied (are you root?)
jail: /bin/ping -c1 127.0.0.1: failed
$ jail -qc path=/home/jails/web vnet command=/bin/ping -c1 127.0.0.1 | grep -o '1 packets received'
1 packets received
$ jail -qc path=/home/jails/web ip4=inherit allow.noreserved_ports command=/usr/bin/nc -l -p 80
nc: bind: Permission denied
jail: /usr/bin/nc -l -p 80: failed
[1]
$ jail -qc path=/home/jails/web mount.fdescfs command=/bin/ls /dev
$ jail -qc path=/home/jails/web mount.fdescfs mount.devfs command=/bin/readlink /dev/fd
/proc/self/fd
$ rmdir /home/jails/web/proc; jail -qc path=/home/jails/web mount.procfs command=/bin/ls /proc
ls: /proc: No such file or directory
jail: /bin/ls /proc: failed
[1]
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
jail: /etc/jail.conf line 4: }: syntax error; no section is open that it could end
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
jail: db: path /home/jails/none: No such file or directory; kletka bootstrap --root /home/jails/none base makes a root there
/etc/jail.conf line 2:
    db {\tpath = /home/jails/none;
        \t^
";
    let start = terminal("jail -c db");
    assert!(start.ends_with(missing), "{start}");
    sandbox.ok("echo 'db { exec.sotp = x; }' > /etc/jail.conf");
    let unknown = "\
jail: db: unknown parameter: exec.sotp; did you mean exec.stop?
/etc/jail.conf line 1:
    db { exec.sotp = x; }
         ^
";
    assert_eq!(terminal("jail -c db"), unknown);
}
