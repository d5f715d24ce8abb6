//! Configurations and their findings: one row, one fact.

use crate::{Anything, Host, Survey, check};
use jailconf::Config;
use std::io;
use std::path::Path;

/// Checks the start of `names` in a file of these lines; the places are line numbers.
fn found(names: &str, text: &str, host: &dyn Host) -> Vec<String> {
    let config = Config::parse(Path::new("f"), text.as_bytes()).unwrap();
    let names: Vec<&[u8]> = names.split(' ').map(str::as_bytes).collect();
    let lines = |findings: crate::Findings| -> Vec<String> {
        findings.iter().map(|it| it.to_string().replace("f line ", "")).collect()
    };
    lines(check(&config, &names, host))
}

#[test]
#[rustfmt::skip]
fn what_two_jails_claim() {
    for (names, text, want) in [
        // The later of two jails that start is at fault. A jail and one that does not start may be
        // meant to take turns.
        ("a b", "a { jid = 1; }\nb { jid = 1; }",                     &["b: jid 1 is a's too (2 and 1)"][..]),
        ("b a", "a { jid = 1; }\nb { jid = 1; }",                     &["a: jid 1 is b's too (1 and 2)"]),
        ("a",   "a { jid = 1; }\nb { jid = 1; }",                     &["warning: a: jid 1 is b's too (1 and 2)"]),
        ("a 1", "a { jid = 1; }\n1 { name = b; }",                    &["1: jid 1 is a's too (2 and 1)"]),
        ("a 2", "a { }\n2 { name = a; }",                             &["2: name a is a's too (2 and 1)"]),
        ("a b", "a { jid = 1; }\nb { jid = 2; }",                     &[]),
        ("a b", "vnet;\na { vnet.interface = e0b, e1b; }\nb { vnet.interface = e1b; }",
            &["b: vnet.interface: e1b is a's too (3 and 2)"]),
        // Jails without a second address may share one, as in FreeBSD's kernel: then one line gives
        // it to both.
        ("a b", "a { ip4.addr = 10.0.0.1; }\nb { ip4.addr = 'em0|10.0.0.1/24'; }", &["warning: b: 10.0.0.1 is a's address too (2 and 1)"]),
        ("a b", "ip4.addr = 10.0.0.1;\na { }\nb { }",                 &[]),
        ("a b", "a { ip4.addr = 10.0.0.1, 10.0.0.2; }\nb { ip4.addr = 10.0.0.2; }", &["b: 10.0.0.2 is a's address too (2 and 1)"]),
        ("a b", "a { ip6.addr = fd00::1; }\nb { ip6.addr = fd00::0:1; }", &["warning: b: fd00::1 is a's address too (2 and 1)"]),
        // In networks of their own, both may be right.
        ("a b", "vnet;\na { exec.start = 'ifconfig e0b 10.0.0.1/24 up'; }\nb { exec.start = 'ifconfig e1b inet 10.0.0.1'; }",
            &["warning: b: 10.0.0.1 is a's address too (3 and 2)"]),
        ("a b", "a { exec.prestart = 'ifconfig bridge0 inet 10.0.0.1'; }\nb { exec.prestart = 'ifconfig bridge0 inet 10.0.0.1'; }", &[]),
        ("a b", "a { exec.prestart = 'ifconfig e0a ether 02:00:5e:00:00:01'; }\nb { exec.start = 'ifconfig e1b ether 2:0:5E:0:0:1'; }",
            &["warning: b: 02:00:5e:00:00:01 is a's hardware address too (2 and 1)"]),
        ("a b", "a { exec.prepare = 'ifconfig epair1 create'; }\nb { exec.prepare = 'ifconfig epair1 create'; }",
            &["warning: b: epair1 is created by a too (2 and 1)"]),
        // Reported once: the end that both take is the same mistake.
        ("a b", "exec.prepare = 'ifconfig epair1 create'; vnet.interface = epair1b;\na { }\nb { }", &["b: vnet.interface: epair1b is a's too (1)"]),
    ] {
        assert_eq!(found(names, text, &Anything), want, "{names}: {text}");
    }
}

#[test]
#[rustfmt::skip]
fn paths_in_paths() {
    for (names, text, want) in [
        ("a b", "path = \"/j/$name\";\na { }\nb { }",           &[][..]),
        ("a b", "path = /j;\na { }\nb { }",                     &[]),           // one line for both: meant
        ("a b", "a { path = /j; }\nb { path = /j; }",           &["warning: b: path /j is a's too (2 and 1)"]),
        ("a b", "a { path = /j; }\nb { path = /j/b; }",         &["warning: b: path /j/b is inside /j, where the root user of a can change it (2 and 1)"]),
        ("a",   "a { path = /j; }\nb { path = /j/b; }",         &["warning: a: path /j holds /j/b, the root of b, which this jail can change (1 and 2)"]),
        ("a b", "a { path = /j; }\nb { path = /jb; }",          &[]),
        ("a b", "a { path = /; }\nb { path = /j/b; }",          &[]),           // a jail of the host's programs
        ("a b", "a { path = '/j//x/'; }\nb { path = /j/./x; }",   &["warning: b: path /j/x is a's too (2 and 1)"]),
        ("a b", "a { path = /j/x; }\nb { path = /j/y/../x; }",  &[]),           // a link may be in between
        ("a b", "a { path = j; }\nb { path = j/b; }",           &["a: path j: not an absolute pathname; begin it with /", "b: path j/b: not an absolute pathname; begin it with /"]),
    ] {
        assert_eq!(found(names, text, &Anything), want, "{names}: {text}");
    }
}

/// A machine that lacks most things.
struct Little;

impl Host for Little {
    fn directory(&self, path: &Path) -> io::Result<()> {
        exists(path == Path::new("/j/a"))
    }

    fn file(&self, path: &Path) -> io::Result<()> {
        exists(path == Path::new("/etc/fstab.a"))
    }

    fn program(&self, program: &Path) -> io::Result<()> {
        exists(matches!(program.to_str(), Some("ifconfig" | "/bin/sh" | "mkdir")))
    }

    fn program_in(&self, root: &Path, program: &Path) -> io::Result<()> {
        exists(
            root == Path::new("/j/a")
                && [Path::new("/bin/sh"), Path::new("/etc/rc")].contains(&program),
        )
    }

    fn has_ruleset(&self, number: u16) -> bool {
        number < 6
    }

    fn has_interface(&self, name: &str) -> bool {
        name == "epair9a"
    }

    fn tells_messages(&self) -> bool {
        false
    }
}

fn exists(it: bool) -> io::Result<()> {
    if it { Ok(()) } else { Err(io::Error::from_raw_os_error(2)) }
}

#[test]
#[rustfmt::skip]
fn what_is_missing() {
    const GONE: &str = "No such file or directory";
    for (parameters, want) in [
        ("path = /j/a; devfs_ruleset = 4; mount.fstab = /etc/fstab.a; exec.start = '/bin/sh /etc/rc'", String::new()),
        ("path = /j/a; allow.read_msgbuf",                     "warning: a: allow.read_msgbuf: no effect while the host's kernel.dmesg_restrict is 1; set it to 0".to_owned()),
        ("path = /j/a; allow.noread_msgbuf",                   String::new()),
        ("path = /j/a; devfs_ruleset = 11",                    "a: devfs_ruleset: no ruleset 11; add it to /etc/devfs.rules".to_owned()),
        ("path = /j/a; mount.fstab = /etc/fstab.b",            format!("a: mount.fstab: /etc/fstab.b: {GONE}; write it, or take mount.fstab out")),
        ("path = /j/b",                                        format!("a: path /j/b: {GONE}; kletka bootstrap --root /j/b base makes a root there")),
        ("path = /j/b; exec.prepare = 'ifconfig e0 create'",   format!("a: path /j/b: {GONE}; kletka bootstrap --root /j/b base makes a root there")),
        ("path = /j/b; exec.prepare = 'mkdir /j/b'",           String::new()),          // it will be there
        ("path = /j/a; exec.start = '/bin/rc'",                format!("a: exec /bin/rc: {GONE}; it is not in the jail's root, /j/a")),
        ("path = /j/a; exec.stop = '/bin/rc'",                 format!("warning: a: exec.stop: /bin/rc: {GONE}; it is not in the jail's root, /j/a")),
        ("path = /j/a; exec.start = '/bin/rc'; mount = '/x /j/a/bin nullfs ro'", String::new()),
        ("path = /j/a; exec.start = 'rc'",                     String::new()),          // in the jail's own PATH
        ("path = /j/a; exec.start = '/run/kletka/jail/route'", String::new()),
        ("path = /j/a; mount.fstab = /etc/fstab.b; exec.prepare = 'mkdir /x'", String::new()), // read after that
        ("path = /j/a; mount.fstab = /etc/fstab.b; exec.prepare = 'ifconfig e0 create'", format!("a: mount.fstab: /etc/fstab.b: {GONE}; write it, or take mount.fstab out")),
        ("path = /j/a; exec.prestart = /bin/nothing",          format!("a: exec /bin/nothing: {GONE}; it is not on the host, where hooks run")),
        ("path = /j/a; exec.poststart = 'nothing -x'",         format!("a: exec nothing: {GONE}; it is not in PATH on the host, where hooks run")),
        ("path = /j/a; exec.poststop = 'nothing -x'",          format!("warning: a: exec.poststop: nothing: {GONE}; it is not in PATH on the host, where hooks run")),
        ("path = /j/a; exec.prestart = 'nothing || true'",     String::new()),          // a script may know better
        ("path = /j/a; exec.prestart = 'mkdir /x', /x/made",   String::new()),
        ("path = /j/a; exec.start = '/bin/sh /etc/rc'; exec.poststart = /j/a/made", String::new()), // by the jail
        ("path = /j/a; exec.start = '/bin/sh /etc/rc'; exec.created = /j/a/none", format!("a: exec /j/a/none: {GONE}; it is not in the jail's root")),
    ] {
        assert_eq!(found("a", &format!("a {{ {parameters}; }}"), &Little).join("\n"), want, "{parameters}");
    }
}

/// A jail that starts first may make what another one needs, but not before the configuration is
/// read.
#[test]
#[rustfmt::skip]
fn what_is_missing_until_another_jail_has_started() {
    const MISSING: [&str; 2] = ["b: path /j/b: No such file or directory; kletka bootstrap --root /j/b base makes a root there", "b: exec nothing: No such file or directory; it is not in PATH on the host, where hooks run"];
    let b = "b { path = /j/b; exec.poststart = nothing;";
    for (names, text, want) in [
        ("a b", format!("a {{ }}\n{b} depend = a; }}"),                               &MISSING[..]),
        ("a b", format!("a {{ exec.poststart = 'mkdir /j/b'; }}\n{b} depend = a; }}"), &[]),
        ("a b", format!("a {{ exec.poststart = 'mkdir /j/b'; }}\n{b} }}"),             &MISSING),    // FreeBSD starts both at once
        ("b",   format!("a {{ exec.poststart = 'mkdir /j/b'; }}\n{b} depend = a; }}"), &MISSING),    // that one runs
        ("c a b", format!("c {{ mount = '/j /j/a/j nullfs rw'; }}\na {{ depend = c; }}\n{b} depend = a; }}"), &[]),
        ("a b", format!("a {{ exec.poststart = 'mkdir /j/b'; }}\n{b} depend = a; mount.fstab = /etc/none; }}"),
            &["b: mount.fstab: /etc/none: No such file or directory; write it, or take mount.fstab out"]),
    ] {
        assert_eq!(found(names, &text, &Little), want, "{names}: {text}");
    }
}

/// Each kind of finding about two jails, as `kletka config check` prints it: two places, and how
/// bad it is.
#[test]
#[rustfmt::skip]
fn both_places() {
    for (text, want) in [
        ("a { jid = 1; }\nb { jid = 1; }",                       "f line 2: b: jid 1 is a's too (f line 1)"),
        ("a { }\n2 { name = a; }",                               "f line 2: 2: name a is a's too (f line 1)"),
        ("a { vnet.interface = e; }\nb { vnet.interface = e; }", "f line 2: b: vnet.interface: e is a's too (f line 1)"),
        ("a { ip4.addr = 10.0.0.1; }\nb { ip4.addr = 10.0.0.1; }",
            "f line 2: warning: b: 10.0.0.1 is a's address too (f line 1)"),
        ("a { ip4.addr = 10.0.0.1; }\nb { ip4.addr = 10.0.0.2, 10.0.0.1; }", "f line 2: b: 10.0.0.1 is a's address too (f line 1)"),
        ("a { exec.start = 'ifconfig e ether 2:0:0:0:0:1'; }\nb { exec.start = 'ifconfig f link 2:0:0:0:0:1'; }",
            "f line 2: warning: b: 02:00:00:00:00:01 is a's hardware address too (f line 1)"),
        ("a { exec.prepare = 'ifconfig epair1 create'; }\nb { exec.prepare = 'ifconfig epair1 create'; }",
            "f line 2: warning: b: epair1 is created by a too (f line 1)"),
        ("a { vnet.interface = epair1b; }\nb { exec.poststop = 'ifconfig epair1b destroy'; }",
            "f line 2: warning: b: exec.poststop: epair1b is a's interface (f line 1)"),
        ("a { path = /j; }\nb { path = /j; }",                   "f line 2: warning: b: path /j is a's too (f line 1)"),
        ("a { path = /j; }\nb { path = /j/b; }",
            "f line 2: warning: b: path /j/b is inside /j, where the root user of a can change it (f line 1)"),
        ("a { }\na { }",                                         "f line 2: warning: a: configured twice; the first one is used (f line 1)"),
        ("a { depend = b; }\nb { depend = a; }",                 "f line 2: b: dependency loop: a -> b -> a (f line 1)"),
        // A finding about one jail has one place.
        ("a { depend = b; }",                                    "f line 1: a: depends on undefined jail \"b\""),
        ("a { depend = a; }",                                    "f line 1: a: dependency loop: a -> a"),
    ] {
        let config = Config::parse(Path::new("f"), text.as_bytes()).unwrap();
        let mut survey = Survey::default();
        config.expand_all().for_each(|expansion| survey.add(&expansion.jail));
        let jails: Vec<_> = config.jails().filter_map(|name| config.expand(name).ok()).collect();
        let (structure, findings) = (survey.check_structure(), survey.check(&jails, &Anything));
        let found: Vec<_> = structure.iter().chain(&findings).map(crate::Finding::located).collect();
        assert_eq!(found, [want], "{text}");
    }
}

#[test]
#[rustfmt::skip]
fn interfaces_of_others() {
    for (b, want) in [
        // The jail's own epair, in any of its hooks.
        ("exec.prestart = 'ifconfig epair2a up', 'ifconfig bridge0 addm epair2a'; exec.start = 'ifconfig epair2b 10.0.0.2'", &[][..]),
        ("exec.prestart = 'ifconfig epair1a up'",                    &["warning: b: exec.prestart: epair1a is a's interface (2 and 1)"]),
        ("exec.start = 'ifconfig epair1b 10.0.0.2 up'",              &["warning: b: exec.start: epair1b is a's interface (2 and 1)"]),
        ("exec.poststop = 'ifconfig bridge2 deletem epair1a', 'ifconfig epair1a destroy'",
            &["warning: b: exec.poststop: epair1a is a's interface (2 and 1)"]),
        // An epair of nobody, which is not on the host.
        ("exec.prestart = 'ifconfig epair3a up'",                    &["warning: b: exec.prestart: epair3a is neither this jail's interface nor the host's"]),
        ("exec.prestart = 'ifconfig epair9a up'",                    &[]),
        ("exec.prestart = 'ifconfig em0 up', 'ifconfig bridge1 addm em0'", &[]),
    ] {
        let a = "exec.prepare = 'ifconfig epair1 create', 'ifconfig bridge1 create'; vnet.interface = epair1b;";
        let text = format!("a {{ {a} }}\nb {{ exec.prepare = 'ifconfig epair2 create'; vnet.interface = epair2b; {b}; }}");
        assert_eq!(found("a b", &text, &Little), want, "{b}");
    }
}

#[test]
#[rustfmt::skip]
fn structure() {
    for (text, want) in [
        ("a { depend = b; }\nb { depend = c; }\nc { }", &[][..]),
        ("a { depend = b, c; }\nb { }",                 &["a: depends on undefined jail \"c\""]),
        ("a { depend = a; }",                           &["a: dependency loop: a -> a"]),
        ("a { depend = b; }\nb { depend = c; }\nc { depend = b; }", &["c: dependency loop: b -> c -> b (3 and 2)"]),
        ("a { }\na { }",                                &["warning: a: configured twice; the first one is used (2 and 1)"]),
    ] {
        let config = Config::parse(Path::new("f"), text.as_bytes()).unwrap();
        let mut survey = Survey::default();
        config.expand_all().for_each(|expansion| survey.add(&expansion.jail));
        let found: Vec<_> = survey.check_structure().iter().map(|it| it.to_string().replace("f line ", "")).collect();
        assert_eq!(found, want, "{text}");
    }
}

/// The time for all jails of a large file grows with their number: no jail is compared with every
/// other.
#[test]
fn many_jails() {
    let jail = |n: usize| {
        format!(
            "j{n} {{ jid = {}; vnet.interface = e0b; path = /j/{n}/root; depend = j{}; }}\n",
            n + 1,
            n + 1
        )
    };
    let count = 5_000;
    let mut text: String = (0..count).map(jail).collect();
    text += &format!("j{count} {{ path = /j; }}\n");
    let config = Config::parse(Path::new("f"), text.as_bytes()).unwrap();
    let mut survey = Survey::default();
    config.expand_all().for_each(|expansion| survey.add(&expansion.jail));
    let jails: Vec<_> = config.expand_all().map(|expansion| expansion.jail).collect();
    assert!(survey.check_structure().0.is_empty());
    assert_eq!(survey.check(&jails, &Anything).errors().count(), count - 1);
}
