//! The services that a tree brings, under FreeBSD's names: what `NAME_enable="YES"` in the tree's
//! rc.conf(5) starts.
//!
//! The names are those of `share/jail/rc.services`, which starts the services.

use std::fs;
use std::path::Path;

/// The shell script that knows which service of FreeBSD's is which script of a base.
const RC_SERVICES: &str = include_str!("../../../share/jail/rc.services");

/// Lists the services of the tree `root`, by name. None of them is looked into but for its header,
/// and no symbolic link is followed.
pub fn services(root: &Path) -> Vec<String> {
    let scripts = root.join("etc/init.d");
    let is_directory = |path: &Path| path.symlink_metadata().is_ok_and(|found| found.is_dir());
    if !is_directory(&root.join("etc")) || !is_directory(&scripts) {
        return Vec::new();
    }
    let entries = fs::read_dir(&scripts).into_iter().flatten().flatten();
    let files = entries.filter(|entry| entry.file_type().is_ok_and(|kind| kind.is_file()));
    let started = files.filter(|entry| {
        fs::read_to_string(entry.path()).is_ok_and(|text| starts_as_a_service(&text))
    });
    let mut names: Vec<String> = started
        .filter_map(|entry| entry.file_name().into_string().ok())
        .map(|script| freebsds_name(&script))
        .filter(|name| name.bytes().all(|byte| byte.is_ascii_alphanumeric() || byte == b'_'))
        .collect();
    names.sort();
    names.dedup();
    names
}

/// Whether a script of init.d starts a service. Scripts for a machine's boot have the runlevel S,
/// and parts of OpenRC have no header.
fn starts_as_a_service(script: &str) -> bool {
    let header = script.lines().find_map(|line| line.strip_prefix("# Default-Start:"));
    header.is_some_and(|levels| levels.split_whitespace().any(|level| level.parse::<u8>().is_ok()))
}

/// The name of the service that a script of init.d starts: FreeBSD's, or the script's own.
fn freebsds_name(script: &str) -> String {
    if script.starts_with("php") && script.ends_with("-fpm") {
        return "php_fpm".to_owned();
    }
    // `apache24) echo 'apache2|httpd' ;;`
    let names = RC_SERVICES.lines().filter_map(|line| {
        let (name, rest) = line.trim().split_once(") ")?;
        let words = rest.strip_suffix("' ;;")?.rsplit_once('\'')?.1;
        Some((name, words))
    });
    let is_meant =
        |words: &str| words.split(['|', ' ']).any(|word| word.trim_start_matches('-') == script);
    let found = names.into_iter().find(|(_, words)| is_meant(words));
    found.map_or_else(|| script.replace('-', "_"), |(name, _)| name.to_owned())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn names() {
        for (script, want) in [
            ("nginx", "nginx"),
            ("ssh", "sshd"),
            ("apache2", "apache24"),
            ("smbd", "samba_server"),
            ("samba-ad-dc", "samba_server"),
            ("php8.2-fpm", "php_fpm"),
            ("cron", "cron"),
            ("bind9", "named"),
            ("dnsmasq", "dnsmasq"),
            ("mumble-server", "murmur"),
            ("my-own", "my_own"),
        ] {
            assert_eq!(freebsds_name(script), want, "{script}");
        }
    }

    #[test]
    fn headers() {
        for (header, want) in [
            ("# Default-Start:     2 3 4 5", true),
            ("# Default-Start:\t2 3 4 5", true),
            ("# Default-Start:     S", false),
            ("# Default-Start:", false),
            ("#!/sbin/openrc-run", false),
        ] {
            assert_eq!(starts_as_a_service(&format!("#!/bin/sh\n{header}\n")), want, "{header}");
        }
    }
}
