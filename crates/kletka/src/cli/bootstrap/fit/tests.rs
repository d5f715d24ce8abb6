//! What rc and rc.shutdown make of an rc.conf, in every shell that a base may have.

use super::*;
use std::path::PathBuf;
use std::process::Command;

/// A directory with the scripts, and an `etc` for them to read; removed when the test ends.
struct Base(PathBuf);

impl Base {
    /// A base with `rc_conf` and, for each of `services`, an init.d script with that LSB header.
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

    /// Runs `commands` after rc.subr in `shell`; answers what they print on the two outputs.
    fn run(&self, shell: &[&str], commands: &str) -> (String, String) {
        let (root, script) = (self.0.display(), "rc.subr");
        let text = format!(". {root}/etc/{script}; rc_etc={root}/etc; {commands}");
        let output = Command::new(shell[0])
            .args(&shell[1..])
            .args(["-c", &text, "/etc/rc"])
            .output()
            .unwrap();
        let lines = |bytes: &[u8]| String::from_utf8_lossy(bytes).trim_end().to_owned();
        (lines(&output.stdout), lines(&output.stderr))
    }
}

impl Drop for Base {
    fn drop(&mut self) {
        let _ = fs::remove_dir_all(&self.0);
    }
}

/// The host's sh, and busybox's where it is installed.
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
    let order = "load_rc_config; rc_enabled start | rc_order | tr '\\n' ' '";
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
        let (path, last) = (base.0.join("etc/rc.conf"), errors.lines().last().unwrap());
        let path = path.display();
        assert_eq!(last, format!("/etc/rc: ERROR: {path} cannot be read: nothing was done"));
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
