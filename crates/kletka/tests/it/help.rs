//! What every command answers alike: help, version, and a line that makes no sense.

use crate::sandbox::Sandbox;
use crate::session::check;

/// Answers the words of the rows below a headline of a help text.
fn rows<'a>(help: &'a str, headline: &str) -> Vec<&'a str> {
    let lines = help.lines().skip_while(|line| *line != headline).skip(1);
    let rows = lines.map_while(|line| line.strip_prefix("  "));
    rows.filter_map(|row| row.split("  ").next()).collect()
}

/// Every applet, by the list that kletka prints.
fn applets(sandbox: &Sandbox) -> Vec<String> {
    let overview = sandbox.ok("kletka --help");
    let titles = ["Jails:", "Network:", "Boot and services:", "Host:", "kletka's own:"];
    let names = titles.iter().flat_map(|title| rows(&overview, title));
    names.flat_map(|names| names.split(", ")).map(str::to_owned).collect()
}

/// Every applet, with all of its verbs: `config`, `config check`.
fn commands(sandbox: &Sandbox) -> Vec<String> {
    let mut left: Vec<(String, String)> =
        applets(sandbox).into_iter().map(|name| (name, String::new())).collect();
    let mut all = Vec::new();
    while let Some((command, above)) = left.pop() {
        let help = sandbox.ok(&format!("kletka {command} --help"));
        // A verb that has nothing to add shows the help of what it belongs to.
        if help != above {
            for verb in rows(&help, "Commands:") {
                // The words of route(8) are followed by their arguments.
                let verb = verb.split([' ', ',']).next().unwrap_or(verb);
                left.push((format!("{command} {verb}"), help.clone()));
            }
        }
        all.push(command);
    }
    all
}

#[test]
fn every_command_has_help_and_a_version() {
    let Some(sandbox) = Sandbox::new() else { return };
    let version = format!("kletka {}\n", env!("CARGO_PKG_VERSION"));
    let commands = commands(&sandbox);
    assert!(commands.len() > 60, "{commands:?}");
    for command in &commands {
        let done = sandbox.run(&format!("kletka {command} --help"));
        let help = done.stdout;
        assert_eq!((done.stderr.as_str(), done.status), ("", 0), "{command}");
        assert!(help.starts_with("usage: ") && help.contains("kletka help "), "{command}: {help}");
        let wide = help.lines().find(|line| line.len() > 110);
        assert_eq!(wide, None, "{command}");
        assert_eq!(sandbox.ok(&format!("kletka {command} --version")), version, "{command}");
        // `-h` is the same, unless FreeBSD's command has an option of this name.
        let own = ["jail", "jls", "netstat", "service", "sysctl", "sysrc", "umount"];
        if !own.contains(&command.as_str()) {
            assert_eq!(sandbox.ok(&format!("kletka {command} -h")), help, "{command}");
        }
    }
}

/// Under each of its names a command is the same.
#[test]
fn by_every_name() {
    let Some(sandbox) = Sandbox::new() else { return };
    for place in ["bin", "libexec/kletka/bin", "libexec/kletka/jail"] {
        for name in applets(&sandbox) {
            let path = format!("/usr/local/{place}/{name}");
            if sandbox.run(&format!("test -L {path}")).status != 0 {
                continue;
            }
            let [named, inside] =
                [path, format!("kletka {name}")].map(|it| sandbox.ok(&format!("{it} --help")));
            assert_eq!(named, inside, "{place}/{name}");
        }
    }
}

/// The service(8) for the inside of jails is a script.
#[test]
fn the_service_of_jails() {
    let Some(sandbox) = Sandbox::new() else { return };
    let service = "/usr/local/libexec/kletka/jail/service";
    let help = sandbox.ok(&format!("{service} --help"));
    assert!(help.starts_with("usage: service ") && help.contains("kletka-service(8)"), "{help}");
    let version = sandbox.ok(&format!("{service} --version"));
    assert_eq!(version, format!("kletka {}\n", env!("CARGO_PKG_VERSION")));
}

/// A wrong option is repeated, the nearest named, and the usage follows on standard error.
#[test]
fn a_wrong_option_is_named() {
    let Some(sandbox) = Sandbox::new() else { return };
    for command in applets(&sandbox) {
        let own = sandbox.ok("kletka --help").find("kletka's own:").unwrap();
        let own = rows(&sandbox.ok("kletka --help")[own..], "kletka's own:").contains(&&*command);
        let called = if own { format!("kletka: {command}") } else { command.clone() };
        // sysexits(3): FreeBSD's route exits with EX_USAGE.
        let status = if command == "route" { 64 } else { 1 };
        for (option, want) in [
            ("--hepl", format!("{called}: --hepl: no such option; did you mean --help?")),
            ("--nothing-near", format!("{called}: --nothing-near: no such option")),
            ("-Z", format!("{called}: illegal option -- Z")),
        ] {
            let done = sandbox.run(&format!("kletka {command} {option}"));
            let mut lines = done.stderr.lines();
            assert_eq!((lines.next(), done.status), (Some(want.as_str()), status), "{command}");
            assert_eq!(done.stdout, "", "{command}");
            let usage = lines.any(|line| line.to_lowercase().starts_with("usage:"));
            assert!(usage, "{command} {option}: {}", done.stderr);
        }
    }
}

#[test]
fn a_wrong_word_is_named() {
    let Some(sandbox) = Sandbox::new() else { return };
    check(
        &sandbox,
        "\
$ kletka instal; kletka nothing; kletka help instal; kletka help nothing
kletka: instal: no such applet; did you mean install?
kletka: nothing: no such applet; see kletka --help
kletka: help: instal: no such applet; did you mean install?
kletka: help: nothing: no such applet; see kletka --help
[1]
$ kletka config chekc; kletka config fmt --chek; kletka net gard; kletka install --prefix
kletka: config: chekc: no such command; did you mean check?
usage: kletka config check [FILE ...]
       kletka config fmt [-w | --check] [FILE ...]
       kletka config get [-f FILE] [--json] JAIL [PARAM]
       kletka config set [-f FILE] JAIL PARAM[=VALUE] | PARAM+=VALUE | -PARAM ...
kletka: config: --chek: no such option; did you mean --check?
usage: kletka config fmt [-w | --check] [FILE ...]
kletka: net: gard: no such command; did you mean guard?
usage: kletka net guard SECONDS COMMAND [ARGUMENT ...]
       kletka net guard --confirm
kletka: install: option requires an argument -- prefix
usage: kletka install --prefix DIR [--destdir DIR | --freebsd-paths]
       kletka install --remove [--prefix DIR]
[1]
$ kletka doctor mend; kletka inst; kletka version now
kletka: doctor: mend: unexpected argument; did you mean --mend?
usage: kletka doctor [--mend]
kletka: inst: no such applet; did you mean install?
kletka: version: now: unexpected argument
usage: kletka version
[1]
$ jexec -x; jexec -u
jexec: illegal option -- x
usage: jexec [-l] [-d working-directory] [-e name=value] [-u username | -U username] jail [command ...]
jexec: option requires an argument -- u
usage: jexec [-l] [-d working-directory] [-e name=value] [-u username | -U username] jail [command ...]
[1]
$ jail --plna -c web 2>&1 | head -n 1; kletka --verison 2>&1 | head -n 1; kletka -x 2>&1 | head -n 1
jail: --plna: no such option; did you mean --plan?
kletka: --verison: no such option; did you mean --version?
kletka: illegal option -- x
",
    );
}

/// Where FreeBSD has a message, scripts compare its beginning: what was meant follows it.
#[test]
fn what_was_meant_follows_freebsds_message() {
    let Some(sandbox) = Sandbox::new() else { return };
    sandbox.root("/home/jails/web");
    sandbox.write("/etc/jail.conf", "web { pth = /home/jails/web; }\n");
    check(
        &sandbox,
        "\
$ service jial start; service jail strat 2>&1 | head -n 1
jial does not exist in /etc/rc.d or the local startup
directories (/usr/local/etc/rc.d), or is not executable; did you mean jail?
/etc/rc.d/jail: unknown directive 'strat'. Did you mean start?
$ devfs rul; devfs rule shwo
devfs: unknown command: rul; did you mean rule?
devfs rule: unknown command: shwo; did you mean show?
[1]
$ sysctl -n kern.hostnam; sysrc jail_enabel
sysctl: unknown oid 'kern.hostnam'; did you mean kern.hostname?
sysrc: unknown variable 'jail_enabel'; did you mean jail_enable?
[1]
$ jls pth; jls mount.devsf; jail -c web; jail -c persits path=/home/jails/web
jls: unknown parameter: pth; did you mean path?
jls: unknown parameter: mount.devsf; jls -n shows all
jail: web: unknown parameter: pth; did you mean path? (/etc/jail.conf line 1)
jail: unknown parameter: persits; did you mean persist?
[1]
$ ifconfig lo0 promsic; route dd default 10.0.0.1
ifconfig: promsic: bad value; did you mean promisc?
route: bad keyword: dd; did you mean add?
route: usage: route [-j jail] [-46nq] command [[modifiers] args]
[64]
",
    );
}

/// An option that belongs to another command, or is the value of one, is no question.
#[test]
fn help_is_asked_for_by_options_alone() {
    let Some(sandbox) = Sandbox::new() else { return };
    sandbox.root("/home/jails/web");
    check(
        &sandbox,
        "\
$ jail -c path=/home/jails/web command=/bin/echo --help
--help
$ jls -j --help jid; jail -f --version -c
jls: jail \"--help\" not found; jls(8) lists the jails that run, jail -c starts one of jail.conf
jail: --version: No such file or directory; jails are described in such a file: jail.conf(5)
[1]
$ jls -h name
name
",
    );
}

#[test]
fn applets_and_version() {
    let Some(sandbox) = Sandbox::new() else { return };
    check(
        &sandbox,
        "\
$ kletka --help | head -n 7
usage: kletka APPLET [ARGUMENT ...]
       kletka help [APPLET]
       kletka version

Jails:
  jail            create, change and remove jails
  jls             list jails, or where they are not what their files say
$ test \"$(kletka help)\" = \"$(kletka --help)\" && test \"$(kletka -h)\" = \"$(kletka help)\"; kletka help | grep -e arp -e umount
  arp, ndp        show neighbours and their link-level addresses, in FreeBSD's form
  mount, mount_nullfs, umount  mount and unmount file systems, in FreeBSD's dialect
$ kletka version | grep -x 'kletka [0-9.]*' | wc -l; kletka --version | cut -d ' ' -f 1
1
kletka
$ kletka help --help
usage: kletka help [APPLET | PAGE]

List the applets, or show a manual page.

Options:
  -h, --help  print this text
  --version   print the version of kletka

The manual page is kletka(8): kletka help kletka
$ kletka
usage: kletka APPLET [ARGUMENT ...]
applets: arp bootstrap config devfs doctor ifconfig install jail jexec jls mount mount_nullfs ndp net netstat pgrep pkill ps route service setfib sysctl sysrc umount
[1]
",
    );
}

/// The pages that kletka hands to man(1). A script takes its place, as the host may have no man(1).
#[test]
fn pages() {
    let Some(sandbox) = Sandbox::new() else { return };
    sandbox.ok("mkdir /tmp/man && printf '#!/bin/sh\ncat \"$2\" | grep \"^.Dt\"\n' > /tmp/man/man && chmod 755 /tmp/man/man");
    check(
        &sandbox,
        "\
$ PATH=/tmp/man:$PATH; for of in jail umount kletka-mount net netif jail.conf kletka; do kletka help $of; done
.Dt JAIL 8
.Dt KLETKA-MOUNT 8
.Dt KLETKA-MOUNT 8
.Dt KLETKA-NET 8
.Dt KLETKA-NETIF 8
.Dt JAIL.CONF 5
.Dt KLETKA 8
$ kletka=$(readlink -f /usr/local/bin/kletka); PATH=/nowhere $kletka help jail; PATH=/nowhere $kletka help jail.conf
kletka: help: jail(8): man: not installed: install man-db or mandoc; or: kletka jail --help
kletka: help: jail.conf(5): man: not installed: install man-db or mandoc
[1]
$ kletka=$(readlink -f /usr/local/bin/kletka); PATH=/nowhere $kletka doctor --help
usage: kletka doctor [--mend]

Say what this machine lacks for jails.

Options:
  --mend      jails without a record are adopted or ended
  -h, --help  print this text
  --version   print the version of kletka

The manual page is kletka-doctor(8): kletka help doctor
",
    );
}
