//! What rc and rc.shutdown do for an rc.conf, in every shell that a base may have.

use super::*;
use std::path::PathBuf;
use std::process::Command;

/// A directory with the scripts and an `etc` that they read; it is removed when the test ends.
struct Base(PathBuf);

impl Base {
    /// A base with `rc_conf`, and for each of `services` an init.d script with this LSB header.
    fn new(name: &str, rc_conf: &str, services: &[(&str, &str)]) -> Self {
        let path = std::env::temp_dir().join(format!("kletka-rc-{name}-{}", std::process::id()));
        fs::create_dir_all(path.join("etc/init.d")).unwrap();
        for (file, mode, text) in RC_FILES {
            put(&path.join(file), mode, text.as_bytes()).unwrap();
        }
        put(&path.join("etc/rc.conf"), 0o644, rc_conf.as_bytes()).unwrap();
        for (service, header) in services {
            let text = format!("#!/bin/sh\n### BEGIN INIT INFO\n{header}\n### END INIT INFO\n");
            put(&path.join("etc/init.d").join(service), 0o755, text.as_bytes()).unwrap();
        }
        Self(path)
    }

    /// Runs `commands` after rc.subr in `shell`, and answers the texts of the two outputs.
    fn run(&self, shell: &[&str], commands: &str) -> (String, String) {
        let root = self.0.display();
        let files = format!(". {root}/etc/rc.subr; . {root}/etc/rc.services");
        let text = format!(
            "{files}; rc_etc={root}/etc rc_local={root}/usr/local/etc rc_proc={root}/proc; {commands}"
        );
        let output = Command::new(shell[0])
            .args(&shell[1..])
            .args(["-c", &text, "/etc/rc"])
            .output()
            .unwrap();
        // Paths as the jail has them.
        let root = format!("{root}/");
        let lines = |bytes: &[u8]| String::from_utf8_lossy(bytes).trim_end().replace(&root, "/");
        (lines(&output.stdout), lines(&output.stderr))
    }
}

impl Drop for Base {
    fn drop(&mut self) {
        let _ = fs::remove_dir_all(&self.0);
    }
}

/// The host's sh, and busybox's if it is installed.
fn shells() -> Vec<&'static [&'static str]> {
    let mut shells: Vec<&[&str]> = vec![&["sh"]];
    if Command::new("busybox").arg("true").status().is_ok() {
        shells.push(&["busybox", "sh"]);
    }
    shells
}

const SMBD: (&str, &str) = ("smbd", "# Provides: smbd\n# Required-Start: $network $syslog");
const NMBD: (&str, &str) = ("nmbd", "# Provides: nmbd\n# X-Start-Before: smbd");
const RSYSLOG: (&str, &str) = ("rsyslog", "# Provides: rsyslog");
const SSH: (&str, &str) = ("ssh", "# Provides: sshd\n# Required-Start: $syslog");
const LAST: (&str, &str) = ("last", "# Provides: last\n# Required-Start: $all");

#[test]
fn services_start_in_the_order_of_their_headers() {
    let order = "load_rc_config; rc_enabled start | rc_order | sed 's,.*/,,' | tr '\\n' ' '";
    for (name, rc_conf, services, want) in [
        ("samba", "samba_server_enable=YES", &[SMBD, NMBD][..], "nmbd smbd"),
        ("syslog", "syslogd_enable=YES\nsamba_server_enable=on", &[SMBD, NMBD, RSYSLOG], ""),
        ("all", "last_enable=1\nsshd_enable=\"TRUE\"", &[LAST, SSH], "ssh last"),
        ("none", "sshd_enable=NO\nsendmail_enable=NONE\nclear_tmp_enable=YES", &[SSH], ""),
    ] {
        let base = Base::new(name, rc_conf, services);
        for shell in shells() {
            let (got, errors) = base.run(shell, order);
            assert_eq!(errors, "", "{name}");
            if name == "syslog" {
                let at = |service| got.split(' ').position(|word| word == service).unwrap();
                assert!(at("rsyslog") < at("smbd") && at("nmbd") < at("smbd"), "{got}");
            } else {
                assert_eq!(got.trim_end(), want, "{name}, {shell:?}");
            }
        }
    }
}

/// A base with these rc.d scripts, each a path and the lines of its header, and with these scripts
/// of OpenRC, each a name and what it depends on.
fn with_scripts(
    name: &str,
    rc_conf: &str,
    services: &[(&str, &str)],
    scripts: &[(&str, &str)],
) -> Base {
    let base = Base::new(name, rc_conf, services);
    for (path, header) in scripts {
        let path = base.0.join(path.trim_start_matches('/'));
        fs::create_dir_all(path.parent().unwrap()).unwrap();
        let text = match header.strip_prefix("depend: ") {
            Some(lines) => format!("#!/sbin/openrc-run\ndepend() {{\n{lines}\n}}\n"),
            None => format!("#!/bin/sh\n{header}\n"),
        };
        put(&path, 0o755, text.as_bytes()).unwrap();
    }
    base
}

#[test]
#[rustfmt::skip]
fn all_scripts_have_one_order() {
    let [a, b, c] = ["/etc/rc.d/a", "/etc/rc.d/b", "/usr/local/etc/rc.d/c"];
    for (name, rc_conf, services, scripts, want, errors) in [
        // rcorder(8): PROVIDE, REQUIRE, BEFORE; what nobody provides asks for nothing
        ("require", "", &[][..], &[(a, "# PROVIDE: a\n# REQUIRE: b nobody"), (b, "# PROVIDE: b")][..], "/etc/rc.d/b /etc/rc.d/a", ""),
        ("before",  "", &[], &[(a, "# PROVIDE: a"), (c, "# BEFORE: a")], "/usr/local/etc/rc.d/c /etc/rc.d/a", ""),
        ("names",   "", &[], &[(a, "#REQUIRE:\tx y"), (b, "# PROVIDE: other y"), (c, "# PROVIDES: x")], "/usr/local/etc/rc.d/c /etc/rc.d/b /etc/rc.d/a", ""),
        ("points",  "", &[], &[(a, "# REQUIRE: LOGIN"), (b, "# REQUIRE: DAEMON\n# BEFORE: LOGIN"), (c, "# BEFORE: SERVERS")],
         "/usr/local/etc/rc.d/c /etc/rc.d/b /etc/rc.d/a", ""),
        ("keyword", "", &[], &[(a, "# KEYWORD: nojail"), (b, "# KEYWORD: nostart shutdown"), (c, "# KEYWORD: shutdown")], "/usr/local/etc/rc.d/c", ""),
        ("loop",    "", &[], &[(a, "# PROVIDE: a\n# REQUIRE: b"), (b, "# PROVIDE: b\n# REQUIRE: a")], "/etc/rc.d/b /etc/rc.d/a",
         "/etc/rc: WARNING: circular dependency on file /etc/rc.d/a"),
        ("scratch", "", &[], &[("/etc/rc.d/a~", "")], "", "/etc/rc: WARNING: Ignoring scratch file /etc/rc.d/a~"),
        // A service of the base has FreeBSD's name, its own, and what its header provides.
        ("mixed",   "sshd_enable=YES\nsyslogd_enable=YES", &[SSH, RSYSLOG], &[(a, "# REQUIRE: sshd"), (c, "# BEFORE: syslogd")],
         "/usr/local/etc/rc.d/c /etc/init.d/rsyslog /etc/init.d/ssh /etc/rc.d/a", ""),
        ("servers", "syslogd_enable=YES", &[RSYSLOG], &[(a, "# REQUIRE: SERVERS")], "/etc/init.d/rsyslog /etc/rc.d/a", ""),
        // A variable of a script in FreeBSD's manner is not of a service that the base lacks.
        ("own",     "a_enable=YES c_program_enable=YES d_enable=YES", &[], &[(a, ""), (c, ": ${c_program_enable:=NO}"), (b, "name=\"d\"")],
         "/etc/rc.d/a /etc/rc.d/b /usr/local/etc/rc.d/c", ""),
        // OpenRC
        ("openrc",  "x_enable=YES y_enable=YES syslogd_enable=YES z_enable=YES", &[],
         &[("/etc/init.d/x", "depend: need net y\nuse logger"), ("/etc/init.d/y", "depend: after z"), ("/etc/init.d/z", "depend: provide zz\nbefore syslog"),
           ("/etc/init.d/syslog", "depend: use nothing")],
         "/etc/init.d/z /etc/init.d/syslog /etc/init.d/y /etc/init.d/x", ""),
    ] {
        let base = with_scripts(&format!("order-{name}"), rc_conf, services, scripts);
        for shell in shells() {
            let (got, said) = base.run(shell, "load_rc_config; rc_enabled start | rc_order | tr '\\n' ' '");
            assert_eq!((got.trim_end(), &*said), (want, errors), "{name}, {shell:?}");
        }
    }
}

#[test]
fn only_those_with_the_keyword_are_stopped() {
    let scripts = [
        ("/etc/rc.d/a", "# KEYWORD: shutdown\n# REQUIRE: b"),
        ("/etc/rc.d/b", "# KEYWORD: nojail shutdown"),
        ("/etc/rc.d/c", ""),
    ];
    let base = with_scripts("shutdown", "sshd_enable=YES", &[SSH], &scripts);
    for shell in shells() {
        let (got, _) =
            base.run(shell, "load_rc_config; reverse_list $(rc_enabled stop | rc_order)");
        assert_eq!(got, "/etc/rc.d/a /etc/rc.d/b /etc/init.d/ssh", "{shell:?}");
    }
}

/// What rc.shutdown prints if the base's rc.shutdown.local is this one.
fn shut_down(shell: &[&str], name: &str, rc_conf: &str, local: &str) -> (String, String) {
    let base = Base::new(name, rc_conf, &[]);
    let root = base.0.display().to_string();
    put(&base.0.join("etc/rc.shutdown.local"), 0o644, local.as_bytes()).unwrap();
    for (file, mode, text) in RC_FILES {
        let text = text.replace("/etc", &format!("{root}/etc"));
        put(&base.0.join(file), mode, text.as_bytes()).unwrap();
    }
    // rc.shutdown.local finds the process id of rc.shutdown in its environment.
    let line = format!("main=$$; export main; exec {} {root}/etc/rc.shutdown", shell.join(" "));
    let output = Command::new("sh").args(["-c", &line]).output().unwrap();
    let lines = |bytes: &[u8]| String::from_utf8_lossy(bytes).replace(&root, "");
    (lines(&output.stdout), lines(&output.stderr))
}

/// FreeBSD's rc.shutdown too ignores the end of a sleep(1) that failed.
#[test]
fn a_timeout_that_is_none_stops_all() {
    // Ends when the watcher has ended, or would have been heard.
    let local = "n=0; while [ -d /proc/$main ] && [ $n -lt 10 ]; do sleep 0.02; n=$((n + 1)); done; echo done";
    for value in ["soon", "-1", "1 2", ""] {
        for shell in shells() {
            let rc_conf = format!("rcshutdown_timeout='{value}'");
            let (got, errors) = shut_down(shell, "timeout", &rc_conf, local);
            let want = "Shutting down local daemons:\ndone\n.\n";
            assert_eq!(got, want, "{value}, {shell:?}, {errors}");
            let is_sleeps = |line: &str| line.contains("sleep") || line.contains("BusyBox");
            assert_eq!(errors.lines().any(is_sleeps), !value.is_empty(), "{value}: {errors}");
        }
    }
}

/// FreeBSD's rc.shutdown traps it too.
#[test]
fn an_interrupt_does_not_end_it_early() {
    // Ends when rc.shutdown has ended, or would have.
    let local = "for time in 1 2; do kill -INT $main; \
                 n=0; while [ -d /proc/$main ] && [ $n -lt 10 ]; do sleep 0.02; n=$((n + 1)); done; done; echo done";
    for shell in shells() {
        let (got, errors) = shut_down(shell, "interrupt", "", local);
        let want = ("Shutting down local daemons:\ndone\n.\n", "");
        assert_eq!((&*got, &*errors), want, "{shell:?}");
    }
}

#[test]
#[rustfmt::skip]
fn what_cannot_be_done_is_named() {
    let systemd = "its package is not installed, or brings a systemd unit only \
                   (Debian's orphan-sysvinit-scripts may help)";
    for (name, rc_conf, want) in [
        ("missing",  "inetd_enable=YES",
         format!("inetd_enable: there is no /etc/init.d/openbsd-inetd or inetutils-inetd or xinetd or inetd: {systemd}")),
        ("part",     "samba_server_enable=YES", // nmbd is not there, winbind may be missing
         format!("samba_server_enable: there is no /etc/init.d/nmbd: {systemd}")),
        ("own name", "my_daemon_enable=YES",
         format!("my_daemon_enable: there is no /etc/init.d/my_daemon or my-daemon: {systemd}")),
        ("flags",    "sshd_enable=YES\nsshd_flags=-4",
         "sshd_flags: not handed over: the base's script takes its options from /etc/default".to_owned()),
        ("article",  "rpcbind_enable=\"NO\"     # off\nsyslogd_flags=\"-ss\"", String::new()),
        ("neither",  "sshd_enable=perhaps",
         "$sshd_enable is not set properly - see rc.conf(5).".to_owned()), // rc.subr, checkyesno()
    ] {
        let base = Base::new(&name.replace(' ', "-"), rc_conf, &[SMBD, SSH]);
        for shell in shells() {
            let (_, errors) = base.run(shell, "load_rc_config; rc_enabled start");
            let want = if want.is_empty() { want.clone() } else { format!("/etc/rc: WARNING: {want}") };
            assert_eq!(errors, want, "{name}, {shell:?}");
        }
    }
}

#[test]
fn a_broken_rc_conf_starts_nothing() {
    let base = Base::new("broken", "sshd_enable=\"YES\nhostname=x", &[SSH]);
    for shell in shells() {
        let (out, errors) = base.run(shell, "load_rc_config; echo started");
        assert_eq!(out, "", "{shell:?}");
        let last = errors.lines().last().unwrap();
        assert_eq!(last, "/etc/rc: ERROR: /etc/rc.conf cannot be read: nothing was done");
    }
}

#[test]
fn a_link_is_replaced_and_not_followed() {
    let base = Base::new("link", "", &[]);
    let (outside, inside) = (base.0.join("outside"), base.0.join("etc/resolv.conf"));
    fs::write(&outside, "the host's").unwrap();
    std::os::unix::fs::symlink(&outside, &inside).unwrap();
    put(&inside, 0o644, b"the jail's").unwrap();
    assert_eq!(fs::read_to_string(outside).unwrap(), "the host's");
    assert_eq!(fs::read_to_string(inside).unwrap(), "the jail's");
}

/// A mistake that none of the shells here reports may still be one in another shell.
#[test]
fn the_scripts_are_posix() {
    let root = Path::new(env!("CARGO_MANIFEST_DIR")).join("../..");
    let scripts = [
        "share/jail/rc",
        "share/jail/rc.subr",
        "share/jail/rc.services",
        "share/jail/rc.shutdown",
        "share/jail/service",
        "share/init.d/jail",
        "share/openrc/jail",
    ];
    let mut shellcheck = Command::new("shellcheck");
    let Ok(done) = shellcheck.arg("--external-sources").args(scripts).current_dir(root).output()
    else {
        let line = "skipped: fit::the_scripts_are_posix: needs shellcheck\n";
        return std::io::stderr().write_all(line.as_bytes()).unwrap();
    };
    assert!(done.status.success(), "{}", String::from_utf8_lossy(&done.stdout));
}

/// rc.subr(8), run_rc_command: what the variables of a script do with each verb. Words and order
/// are those of FreeBSD's rc.subr.
#[test]
#[rustfmt::skip]
fn a_script_has_the_verbs_of_freebsd() {
    let usage = "Usage: /etc/rc [fast|force|one|quiet](start|stop|restart|rcvar|enable|disable|delete|enabled|describe|extracommands)";
    let cannot = "Cannot 'start' x. Set x_enable to YES in /etc/rc.conf or use 'onestart' instead of 'start'.";
    let sleeper = "command=/bin/sleep; procname=nothing-of-this-name; command_args='0 && echo $(id -u) $v $PWD'";
    for (script, verb, want, errors, status) in [
        ("start_cmd='echo go'",                          "start a b",  "go a b", "", 0),
        ("start_cmd='echo go'; x_enable=NO",             "start",      cannot, "", 0),
        ("start_cmd='echo go'; x_enable=NO",             "quietstart", "", "", 0),
        ("start_cmd='echo go'; x_enable=NO",             "onestart",   "go", "", 0),
        ("start_cmd='echo go'; x_enable=NO",             "forcestart", "go", "", 0),
        ("start_cmd='echo go'; x_enable=2",              "start",      cannot, "/etc/rc: WARNING: $x_enable is not set properly - see rc.conf(5).", 0),
        ("start_cmd='echo go'; start_precmd=false",      "start",      "", "", 1),
        ("start_cmd='echo go'; start_precmd=false",      "forcestart", "go", "", 0),
        ("start_cmd='echo go'; start_precmd='echo before'; start_postcmd='echo after'", "start", "before\ngo\nafter", "", 0),
        ("start_cmd=false; start_postcmd='echo after'",  "start",      "", "", 1),
        ("start_cmd='echo go'; stop_cmd='echo halt'",    "restart",    "halt\ngo", "", 0),
        ("start_cmd='echo go'; required_files=/nowhere", "start",      "", "/etc/rc: WARNING: /nowhere is not readable.", 1),
        ("start_cmd='echo go'; required_vars=y; y=no",   "start",      "", "/etc/rc: WARNING: $y is not enabled.", 1),
        ("start_cmd='echo go'; x_fib=1",                 "start",      "go", "/etc/rc: WARNING: x_fib: not supported", 0),
        ("extra_commands=configtest; configtest_cmd='echo fine'", "configtest", "fine", "", 0),
        ("start_cmd='echo go'",                          "status",     "", &format!("/etc/rc: unknown directive 'status'.\n{usage}"), 1),
        ("start_cmd='echo go'",                          "",           "", usage, 1),
        ("status_cmd='echo fine'; x_enable=NO",          "status",     "fine", "", 0),
        ("desc='Does x'",                                "describe",   "Does x", "", 0),
        ("desc='Does x'",                                "rcvar",      "# x : Does x\n#\nx_enable=\"YES\"\n#   (default: \"\")\n", "", 0),
        ("x_enable=off",                                 "enabled",    "", "", 1),
        ("unset rcvar; start_cmd='echo go'; x_enable=NO", "start",     "go", "", 0),
        ("command=/nowhere/x",                           "start",      "", "/etc/rc: WARNING: run_rc_command: cannot run /nowhere/x", 1),
        ("command=/nowhere/x",                           "stop",       "", "x not running?", 1),
        ("command=/nowhere/x; pidfile=/nowhere/p",       "stop",       "", "x not running? (check /nowhere/p).", 1),
        ("command=/nowhere/x",                           "faststop",   "", "", 0),
        ("command=/nowhere/x",                           "status",     "x is not running.", "", 1),
        (&format!("{sleeper}; v=w; x_chdir=/usr"),       "start",      &format!("Starting x.\n{} w /usr", rustix::process::getuid().as_raw()), "", 0),
        (&format!("{sleeper}; rc_startmsgs=NO; x_chdir=/"), "faststart", &format!("{} /", rustix::process::getuid().as_raw()), "", 0),
    ] {
        let base = Base::new("verbs", "", &[]);
        for shell in shells() {
            let line = format!("name=x rcvar=x_enable x_enable=YES; {script}; run_rc_command {verb}; echo status $?");
            // A line of usage ends the script.
            let (got, said) = base.run(shell, &format!("({line}) || echo status $?"));
            let want = format!("{want}\nstatus {status}");
            assert_eq!((got.trim_start(), &*said), (want.trim_start(), errors), "{script}; {verb}, {shell:?}");
        }
    }
}

#[test]
fn processes_are_found_by_their_first_words() {
    let base = Base::new("processes", "", &[]);
    let processes = [
        ("1", "/usr/sbin/nginx\0-g\0daemon on;\0"),
        ("22", "nginx: master process /usr/sbin/nginx\0"),
        ("333", "/usr/bin/perl\0-w\0/usr/local/bin/nginx\0"),
        ("4444", ""),
        ("5", "/opt/nginx-debug\0"),
    ];
    for (number, line) in processes {
        let folder = base.0.join("proc").join(number);
        fs::create_dir_all(&folder).unwrap();
        fs::write(folder.join("cmdline"), line).unwrap();
        fs::write(base.0.join(format!("pid.{number}")), format!("{number}\n")).unwrap();
    }
    fs::write(base.0.join("pid.bad"), "x; reboot\n").unwrap();
    let root = base.0.display();
    for (call, want) in [
        ("check_process /usr/sbin/nginx".to_owned(), "1 22"),
        ("check_process /usr/local/bin/nginx /usr/bin/perl".to_owned(), "333"),
        ("check_process /usr/sbin/apache".to_owned(), ""),
        (format!("check_pidfile {root}/pid.22 /usr/sbin/nginx"), "22"),
        (format!("check_pidfile {root}/pid.5 /usr/sbin/nginx"), ""),
        (format!("check_pidfile {root}/pid.4444 /usr/sbin/nginx"), ""),
        (format!("check_pidfile {root}/pid.bad /usr/sbin/nginx"), ""),
        (format!("check_pidfile {root}/pid.none /usr/sbin/nginx"), ""),
    ] {
        for shell in shells() {
            let got = base.run(shell, &call);
            assert_eq!(got, (want.to_owned(), String::new()), "{call}, {shell:?}");
        }
    }
}
