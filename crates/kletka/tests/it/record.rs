//! Records of the registry outlive the program that wrote them: records of a newer kletka, of an
//! older one, and broken ones.

use crate::sandbox::Sandbox;
use crate::session::check;

const RECORD: &str = "/run/kletka/jails/1";

/// A machine with a jail.
fn machine() -> Option<Sandbox> {
    let sandbox = Sandbox::new()?;
    sandbox.root("/home/jails/web");
    sandbox.ok("jail -c name=web path=/home/jails/web allow.raw_sockets persist");
    Some(sandbox)
}

/// Lines of a newer kletka are kept and shown, and a right that is not understood grants nothing.
/// Every command finds the jail.
#[test]
fn a_jail_of_a_newer_kletka() {
    let Some(sandbox) = machine() else { return };
    sandbox
        .ok(&format!("sed -i 's/^version=.*/version=9/; s/^rights=/rights=allow_all /' {RECORD}"));
    sandbox.ok(&format!(r"printf 'colour=blue\\n\nparameter.allow.fly=true\n' >> {RECORD}"));
    check(
        &sandbox,
        "\
$ jls jid name allow.raw_sockets
1 web true
$ jls -n | grep -o 'allow.fly=.*'
allow.fly=true rights=allow_all colour=blue\\\\n
$ jexec web true
$ jexec web unshare -n true 2>/dev/null || echo refused
refused
$ jail -m name=web host.hostname=new.example.org
$ jls -j web host.hostname
new.example.org
",
    );
    let kept = sandbox.ok(&format!(
        "head -1 {RECORD}; grep -E '^(colour|parameter.allow.fly)=' {RECORD}; grep -o 'allow_all' {RECORD}"
    ));
    let want = "version=9\nparameter.allow.fly=true\ncolour=blue\\n\nallow_all\n";
    assert_eq!(kept, want);
    sandbox.ok("jail -r web");
    assert_eq!(sandbox.ok("jls -N | wc -l; ls /run/kletka/jails").trim(), "1");
}

/// Once kletka's records had no version.
#[test]
fn a_jail_of_an_older_kletka() {
    let Some(sandbox) = machine() else { return };
    sandbox.ok(&format!("sed -i /^version=/d {RECORD}"));
    check(&sandbox, "$ jexec web true\n$ jls name\nweb\n$ jail -m name=web persist=false\n");
    sandbox.ok("until test ! -e /run/kletka/jails/1; do sleep 0.1; jls; done");
}

/// A record that does not lead to its jail is reported. No command acts as if the jail did not
/// exist.
#[test]
fn a_broken_record() {
    let Some(sandbox) = machine() else { return };
    sandbox.ok("jail -c name=db path=/home/jails/web persist");
    sandbox.ok(&format!("cp {RECORD} /tmp/record; sed -i /^init=/d {RECORD}"));
    check(
        &sandbox,
        "\
$ jls name
db
jls: /run/kletka/jails/1: no record of a jail, whose jail may run: kill its [init], if ps(1) shows one, and remove this file
[1]
$ jexec web true
jexec: /run/kletka/jails/1: no record of a jail, whose jail may run: kill its [init], if ps(1) shows one, and remove this file
[1]
$ jail -c jid=1 path=/home/jails/web persist
jail: /run/kletka/jails/1: no record of a jail, whose jail may run: kill its [init], if ps(1) shows one, and remove this file
[1]
$ jail -r web
jail: /run/kletka/jails/1: no record of a jail, whose jail may run: kill its [init], if ps(1) shows one, and remove this file
[1]
$ jail -c name=third path=/home/jails/web persist
$ jls name
db
third
jls: /run/kletka/jails/1: no record of a jail, whose jail may run: kill its [init], if ps(1) shows one, and remove this file
[1]
",
    );
    sandbox.ok(&format!("mv /tmp/record {RECORD}"));
    sandbox.ok("jail -R web db third");
}

/// A jail whose record is broken may run: nothing is cleaned up after it, and no command that
/// means it succeeds.
#[test]
fn a_broken_record_of_a_configured_jail() {
    let Some(sandbox) = machine() else { return };
    sandbox.write(
        "/etc/jail.conf",
        "web { path = /home/jails/web; persist; exec.poststop = \"echo gone\"; }\n\
         db { path = /home/jails/web; persist; }\n",
    );
    sandbox.ok("jail -qc db");
    sandbox.ok(&format!("cp {RECORD} /tmp/record; sed -i /^init=/d {RECORD}"));
    let broken = format!(
        "{RECORD}: no record of a jail, whose jail may run: kill its [init], if ps(1) shows one, \
         and remove this file"
    );
    #[rustfmt::skip]
    let cases = [
        ("jail -C web",              "jail", "",                    1),
        ("jail -C '*'",              "jail", "",                    1),
        ("jail -r web",              "jail", "",                    1),
        ("jail -m web",              "jail", "",                    1),
        ("jail -rc web",             "jail", "",                    1),
        ("jls --diff",               "jls",  "",                    2),
        ("service jail onestop web", "jls",  "Stopping jails:.\n",  1),
        ("jail -r '*'",              "jail", "db: removed\n",       1),
        ("jail -R '*'",              "jail", "",                    1),
        ("service jail onestop",     "jls",  "Stopping jails:.\n",  1),
    ];
    for (line, name, stdout, status) in cases {
        let done = sandbox.run(line);
        let want = (stdout, format!("{name}: {broken}\n"), status);
        assert_eq!((done.stdout.as_str(), done.stderr, done.status), want, "{line}");
    }
    sandbox.ok(&format!("mv /tmp/record {RECORD}"));
    sandbox.ok("jail -r web");
}
