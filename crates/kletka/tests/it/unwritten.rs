//! Standard output that cannot be written: every applet says so, and fails. What an applet was to
//! do is done all the same.

use crate::sandbox::Sandbox;
use crate::session::check;

#[test]
#[rustfmt::skip]
fn every_applet_that_prints() {
    let Some(sandbox) = Sandbox::new() else { return };
    sandbox.root("/home/jails/web");
    sandbox.write("/etc/jail.conf", "web { path = /home/jails/web; persist; }\n");
    sandbox.ok("jail -c web; sed -i 's/persist;/persist; host.hostname = new;/' /etc/jail.conf");
    for (name, line, status) in [
        ("jls",                "jls",                                1),
        ("jls",                "jls -n --libxo=json",                1),
        ("jls",                "jls --diff",                         2), // 1 means that jails differ
        ("jail",               "jail -e ' '",                        1),
        ("jail",               "jail --plan -r web",                 1),
        ("jail",               "jail -vm web",                       1),
        ("ifconfig",           "ifconfig",                           1),
        ("ifconfig",           "ifconfig -l",                        1),
        ("route",              "route --help",                       1),
        ("netstat",            "netstat -rn",                        1),
        ("arp",                "arp -na",                            0), // has nothing to print
        ("arp",                "arp 192.0.2.1",                      1),
        ("service",            "service -l",                         1),
        ("sysrc",              "sysrc -f /tmp/rc.conf a=1",          1),
        ("sysctl",             "sysctl kern.hostname",               1),
        ("devfs",              "devfs rule showsets",                1),
        ("mount",              "mount",                              1),
        ("kletka: config",     "kletka config get web",              1),
        ("kletka: config",     "kletka config fmt /etc/jail.conf",   1),
        ("kletka: install",    "kletka install --prefix /tmp/other", 1),
        ("kletka",             "kletka --help",                      1),
        ("kletka",             "kletka version",                     1),
    ] {
        let done = sandbox.run(&format!("{line} > /dev/full"));
        let said = format!("{name}: stdout: No space left on device\n");
        assert_eq!(done.stderr, if status == 0 { String::new() } else { said }, "{line}");
        assert_eq!(done.status, status, "{line}");
    }
    assert_eq!(sandbox.ok("cat /tmp/rc.conf; ls /tmp/other/bin/jls"), "a=\"1\"\n/tmp/other/bin/jls\n");
    // A reader that has gone has read what it wanted.
    assert_eq!(sandbox.run("(sleep 0.1; jls; echo $? > /tmp/status) | true").stderr, "");
    assert_eq!(sandbox.ok("until [ -s /tmp/status ]; do :; done; cat /tmp/status"), "0\n");
    sandbox.ok("jail -r web");
}

#[test]
fn that_nobody_listens_stops_nothing() {
    let Some(sandbox) = Sandbox::new() else { return };
    sandbox.root("/home/jails/web");
    sandbox
        .write("/etc/jail.conf", "path = /home/jails/web; persist; web { exec.start = true; }\n");
    check(
        &sandbox,
        "\
$ jail -vc web > /dev/full; jls name
web
jail: stdout: No space left on device
$ jail -vm web > /dev/full; jail -i -cm web > /dev/full; jls name
web
jail: stdout: No space left on device
$ jail -vr web > /dev/full
jail: stdout: No space left on device
[1]
$ jls name
",
    );
}
