//! kletka itself: its lists of applets, its pages and its version.

use crate::sandbox::Sandbox;
use crate::session::check;

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
$ test \"$(kletka help)\" = \"$(kletka --help)\"; kletka help | grep -e arp -e umount
  arp, ndp        show neighbours and their link-level addresses, in FreeBSD's form
  mount, umount   mount and unmount file systems, in FreeBSD's dialect
$ kletka version | grep -x 'kletka [0-9.]*' | wc -l; kletka --version | cut -d ' ' -f 1
1
kletka
$ kletka help nothing
kletka: help: nothing: no such applet; see kletka help
[1]
$ kletka; kletka nothing 2> /dev/null || kletka version now 2> /dev/null || kletka --nothing
usage: kletka APPLET [ARGUMENT ...]
applets: arp bootstrap config devfs doctor ifconfig install jail jexec jls mount ndp net netstat route service sysctl sysrc umount
usage: kletka APPLET [ARGUMENT ...]
applets: arp bootstrap config devfs doctor ifconfig install jail jexec jls mount ndp net netstat route service sysctl sysrc umount
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
$ PATH=/tmp/man:$PATH; kletka doctor --help; kletka install --help
.Dt KLETKA-DOCTOR 8
.Dt KLETKA-INSTALL 8
$ jail --help 2>&1 | head -n 1
usage: jail [-dhilqv] [-J jid_file] [-u username] [-U username]
$ kletka=$(readlink -f /usr/local/bin/kletka); PATH=/nowhere $kletka help jail
kletka: help: jail(8): man: not installed: install man-db or mandoc
[1]
",
    );
}
