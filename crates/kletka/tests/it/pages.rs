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
    check(
        &sandbox,
        "\
$ kletka help | sed -n '/^Files:/,/^$/p'
Files:
  jail.conf       what jails there are, and what each is given
  rc.conf         which jails, interfaces and services start
  devfs.rules     which devices a jail sees
  fstab           lines that say what a jail mounts, in FreeBSD's dialect of fstab
  files           where jails, their configuration and kletka's own files are

",
    );
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
devfs.rules jail jail.conf jexec jls kletka kletka-bootstrap kletka-config kletka-devfs kletka-doctor kletka-files kletka-fstab kletka-ps kletka-service rc.conf
$ cd /usr/local/share/man && for page in $(ls man* | grep '[.]' | sed 's/[.][158]$//'); do man -M . -w $page > /dev/null || echo $page; done
$ cd /usr/local/share/man && for page in $(ls man* | grep '[.]' | sed 's/[.][158]$//'); do whatis -M . $page > /dev/null || echo $page; done
",
    );
    sandbox.ok("umount /var/cache/man");
}

/// Pages whose examples are run in this order, on the machine that [`described`] makes; and what
/// comes before the examples of each.
const RUN: [(&str, &str); 18] = [
    ("man5/jail.conf.5", ""),
    ("man8/jail.8", ""),
    ("man8/jls.8", "jail -c web"),
    ("man8/jexec.8", ""),
    ("man8/kletka-netstat.8", ""),
    ("man8/kletka-arp.8", "jail -c mail"),
    ("man8/kletka-route.8", "ifconfig epair9 create; ifconfig epair9a inet 192.168.1.1/24 up"),
    ("man1/setfib.1", "ifconfig epair9a inet 192.168.9.2/24 alias; route delete -fib 2 default"),
    ("man8/kletka-mount.8", "ifconfig epair9a destroy; mkdir /home/pkg /home/jails/web/pkg"),
    ("man8/kletka-sysctl.8", ""),
    ("man8/kletka-devfs.8", ""),
    ("man5/devfs.rules.5", ""),
    ("man5/rc.conf.5", "touch /etc/rc.conf"),
    ("man8/sysrc.8", ""),
    ("man8/kletka-service.8", "jail -r web"),
    ("man8/kletka-config.8", ""),
    ("man8/kletka-doctor.8", ""),
    ("man5/kletka-files.5", ""),
];

/// Examples that need more than this machine has: packages, a base with services, other programs.
const NOT_RUN: [&str; 5] =
    ["kletka bootstrap ", "| jq ", "service -j web sshd", "-6 add default", "kletka doctor\n"];

/// Lists the examples of a page that an administrator types: lines after a prompt, in the order of
/// the page.
fn typed(page: &str) -> Vec<String> {
    let (_, rest) = page.split_once("\n.Sh EXAMPLES\n").unwrap();
    let (section, _) = rest.split_once("\n.Sh ").unwrap();
    let lines = section.lines().map(|line| line.trim_start_matches(".Dl "));
    let lines = lines.filter_map(|line| line.strip_prefix("# ").or(line.strip_prefix("$ ")));
    lines.map(|line| line.replace("\\&", "").replace("\\e", "\\")).collect()
}

/// Makes the jails that the pages speak of: the file is the one that jail.conf(5) shows.
fn described(sandbox: &Sandbox) {
    for jail in ["web", "db", "mail"] {
        let root = format!("/home/jails/{jail}");
        sandbox.root(&root);
        // What a service leaves running keeps the jail.
        sandbox.write(format!("{root}/etc/rc"), "sleep 1000 > /dev/null 2>&1 &\n");
        sandbox.write(format!("{root}/etc/rc.shutdown"), "");
        sandbox.write(format!("{root}/etc/rc.conf"), "");
        let user = "echo www-data:x:33:33::/var/www:/bin/sh >> etc/passwd; mkdir -p srv var/www";
        sandbox.ok(&format!("cd {root} && {user}"));
    }
    sandbox.ok("chmod 700 /home/jails");
    let page = sandbox.ok("cat /usr/local/share/man/man5/jail.conf.5");
    let (_, examples) = page.split_once("\n.Sh EXAMPLES\n").unwrap();
    let blocks = examples.split(".Bd -literal").skip(1).filter_map(|rest| {
        let (_, block) = rest.split_once('\n')?;
        Some(block.split_once(".Ed\n")?.0.replace("\\&", ""))
    });
    sandbox.write("/etc/jail.conf", blocks.collect::<String>());
}

/// The examples of the pages do what the pages say, one after the other.
#[test]
fn examples_run() {
    let Some(sandbox) = Sandbox::new() else { return };
    described(&sandbox);
    let mut count = 0;
    for (file, before) in RUN {
        sandbox.ok(before);
        let page = sandbox.ok(&format!("cat /usr/local/share/man/{file}"));
        for line in typed(&page) {
            if NOT_RUN.iter().any(|part| format!("{line}\n").contains(part)) {
                continue;
            }
            let done = sandbox.run(&line);
            assert_eq!(done.status, 0, "{file}: {line}\n{}{}", done.stdout, done.stderr);
            count += 1;
        }
    }
    assert!(count > 40, "{count}");
    sandbox.ok("jail -r '*'; ifconfig bridge0 destroy; sysctl net.inet.ip.forwarding=0");
}
