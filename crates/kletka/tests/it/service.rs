//! service(8): `service jail` byte by byte, as FreeBSD's libexec/rc/rc.d/jail and rc.subr have it.

use crate::sandbox::Sandbox;

/// Runs each line, and compares its exit status, standard output and standard error.
fn session(sandbox: &Sandbox, rows: &[(&str, i32, &str, &str)]) {
    for (line, status, stdout, stderr) in rows {
        let done = sandbox.run(line);
        let got = (done.status, &*done.stdout, &*done.stderr);
        assert_eq!(got, (*status, *stdout, *stderr), "{line}");
    }
}

#[test]
#[rustfmt::skip]
fn what_needs_no_jail() {
    let Some(sandbox) = Sandbox::new() else { return };
    sandbox.write("/etc/jail.conf", "www { path = /home/jails/www; persist; }\n");
    session(&sandbox, &[
        ("service jail start",   0, "Cannot 'start' jail. Set jail_enable to YES in /etc/rc.conf or use 'onestart' instead of 'start'.\n", ""),
        ("service jail stop x",  0, "Cannot 'stop' jail. Set jail_enable to YES in /etc/rc.conf or use 'onestop' instead of 'stop'.\n", ""),
        ("service jail restart", 0, "Cannot 'restart' jail. Set jail_enable to YES in /etc/rc.conf or use 'onerestart' instead of 'restart'.\n", ""),
        ("service jail quietstart", 0, "", ""),
        ("service jail rcvar",   0, "# jail : Manage system jails\n#\njail_enable=\"NO\"\n#   (default: \"\")\n\n", ""),
        ("service jail enabled", 1, "", ""),
        ("service jail oneconfig www", 0, "www: parameters are in /etc/jail.conf.\n", ""),
        ("service jail describe", 0, "Manage system jails\n", ""),
        ("echo jail_enable=perhaps > /etc/rc.conf; service jail enabled", 1, "",
            "/etc/rc.d/jail: WARNING: $jail_enable is not set properly - see rc.conf(5).\n"),
        ("echo reboot >> /etc/rc.conf; service jail start", 1, "",
            "/etc/rc.d/jail: ERROR: /etc/rc.conf:2: reboot: not an assignment; this file is read, not executed\n"),
        ("service jail halt",    1, "", "/etc/rc.d/jail: unknown directive 'halt'.\n\
            Usage: /etc/rc.d/jail [fast|force|one|quiet](start|stop|restart|rcvar|enable|disable|delete|enabled|describe|extracommands|config|console|status|poll)\n"),
        ("rm /etc/rc.conf; service jail oneconsole", 3, "", "/etc/rc.d/jail: ERROR: Specify a jail name.\n"),
        ("service jail oneconsole www", 1, "", "jexec: jail \"www\" not found; jls(8) lists the jails that run, jail -c starts one of jail.conf\n"),
        ("service jail onepoll", 0, "", ""),
        ("service nginx start",  1, "nginx does not exist in /etc/rc.d or the local startup\n\
            directories (/usr/local/etc/rc.d), or is not executable; a service in a jail: service -j JAIL nginx start\n", ""),
        ("service -R",           1, "", "service: -R: not supported, but with -j in a jail\n"),
        ("service -l; service -vl", 0, "devfs\njail\nnetif\nFrom /etc/rc.d:\ndevfs\njail\nnetif\nFrom /usr/local/etc/rc.d:\n", ""),
        ("service -r; service -e",  0, "/etc/rc.d/devfs\n/etc/rc.d/netif\n/etc/rc.d/jail\n", ""),
        ("service -j www sshd start", 1, "", "jexec: jail \"www\" not found; jls(8) lists the jails that run, jail -c starts one of jail.conf\n"),
    ]);
}

#[test]
#[rustfmt::skip]
fn named_jails() {
    let Some(sandbox) = Sandbox::new() else { return };
    for name in ["www", "db"] {
        sandbox.root(format!("/home/jails/{name}"));
    }
    sandbox.write("/etc/jail.conf", "path = \"/home/jails/$name\";\npersist;\nwww { jid = 7; }\nbad { mount.fstab = /etc/fstab.bad; }\n");
    sandbox.write("/etc/jail.conf.d/db.conf", "db { path = /home/jails/db; jid = 8; persist; }\n");
    sandbox.write("/etc/rc.conf", "jail_enable=\"YES\"\njail_parallel_start=\"YES\"\njail_list=\"www db\"\n");
    session(&sandbox, &[
        ("service jail start",           0, "Starting jails: www db.\n", ""),
        ("cat /var/run/jail_www.id",     0, "7\n", ""),
        ("jls name | sort",              0, "db\nwww\n", ""),
        ("service jail stop db",         0, "Stopping jails: db.\n", ""),
        ("service jail stop db",         0, "Stopping jails:.\n", ""), // it does not run
        ("service jail restart www",     0, "Stopping jails: www.\nStarting jails: www.\n", ""),
        ("service jail stop",            0, "Stopping jails: www.\n", ""),
        ("jls name; ls /run | grep jail_", 1, "", ""),
    ]);
    let done = sandbox.run("service jail start bad www");
    assert_eq!(done.status, 1, "{done:?}");
    assert!(done.stdout.starts_with("Starting jails: cannot start jail  \"bad\": \n"), "{done:?}");
    assert!(done.stdout.contains("/etc/fstab.bad"), "{done:?}");
    assert!(done.stdout.ends_with(" www.\n"), "{done:?}");
    session(&sandbox, &[("service jail stop", 0, "Stopping jails: www.\n", "")]);
}

#[test]
#[rustfmt::skip]
fn all_jails() {
    let Some(sandbox) = Sandbox::new() else { return };
    sandbox.root("/home/jails/base");
    sandbox.write("/etc/jail.conf", "path = /home/jails/base;\npersist;\na { jid = 1; }\nb { jid = 2; }\n");
    session(&sandbox, &[
        ("service jail onestart",   0, "Starting jails: a b.\n", ""),
        ("service jail onestop",    0, "Stopping jails: a b.\n", ""),
        ("echo 'jail_enable=YES jail_reverse_stop=YES' > /etc/rc.conf", 0, "", ""),
        ("service jail start",      0, "Starting jails: a b.\n", ""),
        ("service jail stop",       0, "Stopping jails: b a.\n", ""),
        ("rm /etc/jail.conf; service jail onestart a", 1, "Starting jails:.\n",
            "/etc/rc.d/jail: WARNING: Invalid configuration for a  (no jail.conf, no hostname, or no path).   Jail a was ignored.\n"),
    ]);
}

#[test]
#[rustfmt::skip]
fn enabling() {
    let Some(sandbox) = Sandbox::new() else { return };
    session(&sandbox, &[
        ("service jail enable",  0, "jail enabled in /etc/rc.conf\n", ""),
        ("service -e",           0, "/etc/rc.d/jail\n", ""),
        ("echo 'jail_enable=NO # here' > /etc/rc.conf.local; service jail enable", 0, "jail enabled in /etc/rc.conf.local\n", ""),
        ("service jail disable", 0, "jail disabled in /etc/rc.conf.local\n", ""),
        ("cat /etc/rc.conf /etc/rc.conf.local", 0, "jail_enable=\"YES\"\njail_enable=\"NO\" # here\n", ""),
        ("service jail enabled", 1, "", ""),
        ("service jail delete; cat /etc/rc.conf /etc/rc.conf.local", 0, "jail_enable deleted in /etc/rc.conf /etc/rc.conf.local\n", ""),
        ("service jail delete",  0, "", ""),
    ]);
    // A running systemd is told by systemctl(1). In the sandbox a script takes its place.
    sandbox.write("/tmp/bin/systemctl", "#!/bin/sh\necho systemctl \"$@\"; exec test -e /tmp/good\n");
    session(&sandbox, &[
        ("mkdir -p /run/systemd/system; chmod +x /tmp/bin/systemctl", 0, "", ""),
        (": > /tmp/good; PATH=/tmp/bin:$PATH service jail enable", 0,
            "jail enabled in /etc/rc.conf\nsystemctl --quiet enable jail.service\n", ""),
        ("rm /tmp/good; PATH=/tmp/bin:$PATH service jail disable", 1,
            "jail disabled in /etc/rc.conf\nsystemctl --quiet disable jail.service\n",
            "/etc/rc.d/jail: WARNING: systemctl --quiet disable jail.service: failed; what starts at boot has not changed\n"),
    ]);
}

/// At boot, nothing is done unless the variable says yes. A `start` that is typed by hand does not
/// ask for the variable.
#[test]
#[rustfmt::skip]
fn enabling_netif() {
    let Some(sandbox) = Sandbox::new() else { return };
    sandbox.write("/etc/rc.conf", "cloned_interfaces=bridge7\n");
    session(&sandbox, &[
        ("service netif describe",      0, "Network interface setup\n", ""),
        ("service netif extracommands", 0, "cloneup clonedown\n", ""),
        ("service netif rcvar",         0, "# netif : Network interface setup\n#\nkletka_netif_enable=\"NO\"\n#   (default: \"\")\n\n", ""),
        ("service netif enabled",       1, "", ""),
        ("service netif quietstart",    0, "", ""),
        ("ifconfig -l; service netif start | head -n 1; service netif stop", 0,
            "lo0\nStarting Network: bridge7.\nStopping Network: bridge7.\n", ""),
        ("service netif enable",        0, "netif enabled in /etc/rc.conf\n", ""),
        ("service netif enabled",       0, "", ""),
        ("service -e",                  0, "/etc/rc.d/netif\n", ""),
        ("service netif quietstart | head -n 1; service netif onestop", 0,
            "Starting Network: bridge7.\nStopping Network: bridge7.\n", ""),
        ("service netif disable; sysrc -n kletka_netif_enable", 0, "netif disabled in /etc/rc.conf\nNO\n", ""),
        ("service netif delete",        0, "kletka_netif_enable deleted in /etc/rc.conf\n", ""),
        ("cat /etc/rc.conf",            0, "cloned_interfaces=bridge7\n", ""),
        ("mkdir -p /etc/rc.conf.d; echo kletka_netif_enable=maybe > /etc/rc.conf.d/netif; service netif enabled", 1, "",
            "/etc/rc.d/netif: WARNING: $kletka_netif_enable is not set properly - see rc.conf(5).\n"),
        ("rm /etc/rc.conf.d/netif", 0, "", ""),
    ]);
    for (sign, program, words) in [
        ("/run/systemd/system", "systemctl", "--quiet enable kletka-netif.service"),
        ("/run/openrc", "rc-update", "--quiet add kletka-netif"),
    ] {
        sandbox.write(format!("/tmp/bin/{program}"), "#!/bin/sh\necho ${0##*/} \"$@\"\n");
        let said = format!("netif enabled in /etc/rc.conf\n{program} {words}\n");
        let line = format!(
            "mkdir -p {sign}; chmod +x /tmp/bin/*; PATH=/tmp/bin:$PATH service netif enable; rmdir {sign}"
        );
        session(&sandbox, &[(&line, 0, &said, "")]);
    }
}

#[test]
#[rustfmt::skip]
fn a_console() {
    let Some(sandbox) = Sandbox::new() else { return };
    sandbox.root("/home/jails/www");
    sandbox.write("/etc/jail.conf", "www { path = /home/jails/www; persist; }\n");
    sandbox.write("/etc/rc.conf", "jail_enable=YES jail_list=www\njail_www_consolecmd=\"/bin/echo console of\"\n");
    session(&sandbox, &[
        ("service jail start",                     0, "Starting jails: www.\n", ""),
        ("service jail console",                   0, "console of\n", ""),
        ("service jail console www sh -c 'exit 7'", 7, "", ""),
        ("echo typed | service jail console www cat", 0, "typed\n", ""),
        ("service jail stop",                      0, "Stopping jails: www.\n", ""),
    ]);
}

/// systemd itself checks that the units are well formed and that their programs exist.
#[test]
fn the_units_are_some() {
    let Some(sandbox) = Sandbox::new() else { return };
    if sandbox.run("command -v systemd-analyze").status != 0 {
        let line = "skipped: service::the_units_are_some: needs systemd-analyze, package systemd\n";
        let _ = std::io::Write::write_all(&mut std::io::stderr(), line.as_bytes());
        return;
    }
    for prefix in ["/tmp/p", "/tmp/with space"] {
        sandbox.ok(&format!("kletka install --prefix '{prefix}'"));
        for unit in ["jail", "kletka-jails", "kletka-netif"] {
            let done = sandbox.run(&format!(
                "systemd-analyze verify --man=no --recursive-errors=no '{prefix}/lib/systemd/system/{unit}.service'"
            ));
            assert_eq!((done.status, &*done.stdout, &*done.stderr), (0, "", ""), "{prefix}");
            for script in ["init.d", "openrc"].iter().filter(|_| unit != "kletka-jails") {
                sandbox.ok(&format!("sh -n '{prefix}/share/kletka/{script}/{unit}'"));
            }
        }
        sandbox.ok(&format!("sh -n '{prefix}/libexec/kletka/stop-jails'"));
        let said = sandbox.run(&format!("'{prefix}/share/kletka/init.d/jail' start"));
        assert!(said.stdout.starts_with("Cannot 'start' jail."), "{said:?}");
        // The same script makes the interfaces of rc.conf, and destroys them.
        let netif = format!("'{prefix}/share/kletka/init.d/kletka-netif'");
        sandbox.write("/etc/rc.conf", "cloned_interfaces=bridge7\n");
        assert_eq!(sandbox.ok(&format!("{netif} start; ifconfig -l")), "lo0\n");
        sandbox.write("/etc/rc.conf", "cloned_interfaces=bridge7\nkletka_netif_enable=YES\n");
        sandbox.ok(&format!("{netif} start && ifconfig bridge7 && {netif} restart"));
        assert_eq!(
            sandbox.ok(&format!("{netif} stop; ifconfig -l")),
            "Stopping Network: bridge7.\nlo0\n"
        );
        sandbox.ok("rm /etc/rc.conf");
    }
}
