//! Manual pages on a machine: kletka shows each, and man-db(1) finds each.

use std::io::{self, Write};

use crate::sandbox::Sandbox;
use crate::session::check;

/// Every installed page is shown by its name. A script takes the place of man(1), as the host may
/// have none.
#[test]
fn kletka_help_shows_each() {
    let Some(sandbox) = Sandbox::new() else { return };
    let man = "#!/bin/sh\ngrep -m1 '^.Dt' \"$2\"\n";
    sandbox.write("/tmp/man/man", man);
    sandbox.ok("chmod 755 /tmp/man/man");
    let files = sandbox.ok("cd /usr/local/share/man && ls man*");
    let mut shown = 0;
    for file in files.lines().filter(|line| line.contains('.')) {
        let (name, section) = file.rsplit_once('.').unwrap();
        let want = format!(".Dt {} {section}\n", name.to_uppercase());
        let short = name.strip_prefix("kletka-").unwrap_or(name);
        for called in [name, short] {
            let got = sandbox.ok(&format!("PATH=/tmp/man:$PATH kletka help {called}"));
            assert_eq!(got, want, "kletka help {called}");
        }
        shown += 1;
    }
    assert!(shown > 20, "{files}");
}

/// apropos(1) finds what a newcomer looks for, and man(1) each page by its name.
#[test]
fn man_finds_them() {
    let Some(sandbox) = Sandbox::new() else { return };
    // mandb(8) keeps its index below /var/cache, where the host's own is.
    let index = "mount -t tmpfs tmpfs /var/cache/man && chown man:man /var/cache/man \
                 && mandb --quiet --create /usr/local/share/man";
    if sandbox.run(&format!("command -v mandb && {index}")).status != 0 {
        let _ = writeln!(io::stderr(), "skipped: man_finds_them: needs mandb");
        return;
    }
    check(
        &sandbox,
        "\
$ apropos -M /usr/local/share/man jail | cut -d ' ' -f 1 | sort | xargs
devfs.rules jail jail.conf jexec jls kletka kletka-bootstrap kletka-config kletka-devfs kletka-doctor kletka-files kletka-fstab kletka-service rc.conf
$ cd /usr/local/share/man && for page in $(ls man* | grep '[.]' | sed 's/[.][58]$//'); do man -M . -w $page > /dev/null || echo $page; done
$ cd /usr/local/share/man && for page in $(ls man* | grep '[.]' | sed 's/[.][58]$//'); do whatis -M . $page > /dev/null || echo $page; done
",
    );
    sandbox.ok("umount /var/cache/man");
}
