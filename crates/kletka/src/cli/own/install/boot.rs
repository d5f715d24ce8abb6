//! The files by which the host starts programs of ours: at boot, and when devices come and go.
//! systemd and udev find theirs below the prefix; the scripts for other inits are to be copied.
//!
//! Each file names programs by absolute paths. A unit, a script and a rule quote these in different
//! ways: systemd.service(5), sh(1), udev(7).

use super::replace::InstalledFile;
use base::ShippedFile;
use std::path::Path;

/// The files below the prefix, and how each quotes a path. In each file [`PROGRAMS`] stands for the
/// directory of programs.
const BOOT: [(ShippedFile, Quoting); 9] = [
    (
        (
            "lib/systemd/system/kletka-netif.service",
            0o644,
            include_str!("../../../../../../share/systemd/kletka-netif.service"),
        ),
        systemd_word,
    ),
    (
        (
            "share/kletka/init.d/kletka-netif",
            0o755,
            include_str!("../../../../../../share/init.d/kletka-netif"),
        ),
        shell_word,
    ),
    (
        (
            "share/kletka/openrc/kletka-netif",
            0o755,
            include_str!("../../../../../../share/openrc/kletka-netif"),
        ),
        shell_word,
    ),
    (
        (
            "lib/systemd/system/jail.service",
            0o644,
            include_str!("../../../../../../share/systemd/jail.service"),
        ),
        systemd_word,
    ),
    (
        (
            "lib/systemd/system/kletka-jails.service",
            0o644,
            include_str!("../../../../../../share/systemd/kletka-jails.service"),
        ),
        systemd_word,
    ),
    (
        (
            "libexec/kletka/stop-jails",
            0o755,
            include_str!("../../../../../../share/systemd/stop-jails"),
        ),
        shell_word,
    ),
    (
        ("share/kletka/init.d/jail", 0o755, include_str!("../../../../../../share/init.d/jail")),
        shell_word,
    ),
    (
        ("share/kletka/openrc/jail", 0o755, include_str!("../../../../../../share/openrc/jail")),
        shell_word,
    ),
    (
        (
            "lib/udev/rules.d/90-kletka.rules",
            0o644,
            include_str!("../../../../../../share/udev/90-kletka.rules"),
        ),
        udev_word,
    ),
];

/// Answers the files for this `prefix`.
pub(super) fn files(prefix: &Path) -> impl Iterator<Item = InstalledFile> {
    let programs = prefix.join("libexec/kletka").to_string_lossy().into_owned();
    BOOT.iter().map(move |&((path, mode, text), quote)| InstalledFile {
        path: path.to_owned(),
        mode,
        text: text.replace(PROGRAMS, &quote(&programs)).into(),
    })
}

/// The text that stands for `PREFIX/libexec/kletka` in the files of [`BOOT`].
const PROGRAMS: &str = "@PROGRAMS@";

type Quoting = fn(&str) -> String;

/// Quotes a path as a word of a command line in a systemd.service(5).
fn systemd_word(path: &str) -> String {
    let special = [("\\", "\\\\"), ("\"", "\\\""), ("%", "%%"), ("$", "$$"), (" ", "\\x20")];
    special.iter().fold(path.to_owned(), |path, (plain, quoted)| path.replace(plain, quoted))
}

/// Quotes a path as a word of a command in a rule of udev's, which is in double quotes. A rule has
/// no way to write a quote.
fn udev_word(path: &str) -> String {
    let path = path.replace('%', "%%").replace('$', "$$");
    if path.contains(' ') { format!("'{path}'") } else { path }
}

/// Quotes a path as a word of sh(1), if it needs quotes.
fn shell_word(path: &str) -> String {
    let is_plain = |c: char| c.is_ascii_alphanumeric() || "/._-+".contains(c);
    if path.chars().all(is_plain) {
        return path.to_owned();
    }
    format!("'{}'", path.replace('\'', "'\\''"))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    #[rustfmt::skip]
    fn the_paths_of_boot_files_follow_the_prefix() {
        for (prefix, unit, script, rule) in [
            ("/usr/local",   "ExecStart=/usr/local/libexec/kletka/bin/service jail start", "service=/usr/local/libexec/kletka/bin/service",
                "/usr/local/libexec/kletka/bin/devfs update"),
            ("/opt/a b",     "ExecStart=/opt/a\\x20b/libexec/kletka/bin/service jail start", "service='/opt/a b/libexec/kletka'/bin/service",
                "'/opt/a b/libexec/kletka'/bin/devfs update"),
            ("/opt/5%'$\"", "ExecStart=/opt/5%%'$$\\\"/libexec/kletka/bin/service jail start", "service='/opt/5%'\\''$\"/libexec/kletka'/bin/service",
                "/opt/5%%'$$\"/libexec/kletka/bin/devfs update"),
        ] {
            let files: Vec<_> = super::files(Path::new(prefix)).collect();
            let has = |path: &str, line: &str| {
                let text = &files.iter().find(|file| file.path == path).unwrap().text;
                assert!(text.lines().any(|own| own == line), "{line}\n{text}");
                assert!(!text.contains(PROGRAMS), "{text}");
            };
            has("lib/systemd/system/jail.service", unit);
            has("share/kletka/init.d/jail", script);
            has("share/kletka/openrc/jail", script);
            has("lib/systemd/system/kletka-netif.service", 
                &unit.replace("jail start", "netif quietstart").replace("Start=", "Start=-"));
            has("lib/systemd/system/kletka-jails.service", &unit.replace("ExecStart", "ExecStop").replace("bin/service jail start", "stop-jails"));
            has("libexec/kletka/stop-jails", &script.replace("service=", "kletka=").replace("bin/service", "kletka"));
            has("share/kletka/init.d/kletka-netif", script);
            let rule = format!("RUN+=\"{rule}\"");
            has("lib/udev/rules.d/90-kletka.rules", &rule);
            has("share/kletka/openrc/kletka-netif", script);
        }
    }
}
