//! `kletka bootstrap`: what becomes of a base that exists.

use crate::sandbox::Sandbox;
use crate::session::check;

/// Makes a base by hand, with the services that Debian's nginx and openssh-server bring.
fn with_base() -> Option<Sandbox> {
    let sandbox = Sandbox::new()?;
    let base = "/home/bases/base";
    sandbox.root(base);
    sandbox.write(format!("{base}/var/lib/dpkg/status"), "");
    for (script, runlevels) in [("nginx", "2 3 4 5"), ("ssh", "2 3 4 5"), ("procps", "S")] {
        sandbox.write(
            format!("{base}/etc/init.d/{script}"),
            format!(
                "#!/bin/sh\n### BEGIN INIT INFO\n# Default-Start: {runlevels}\n### END INIT INFO\n"
            ),
        );
    }
    Some(sandbox)
}

/// Whoever has made a root reads what to type so that a service starts in it, once.
#[test]
fn services_are_named() {
    let Some(sandbox) = with_base() else { return };
    check(
        &sandbox,
        "\
$ kletka bootstrap --bases /home/bases --root /home/jails/web base | sed 's/in [0-9]* s$/in N s/'
base base: is there: /home/bases/base
root /home/jails/web: copying base base
root /home/jails/web: made in N s
root /home/jails/web: no service is enabled; to enable all: sysrc -R /home/jails/web nginx_enable=YES sshd_enable=YES
$ kletka bootstrap --bases /home/bases --root /home/jails/web base
base base: is there: /home/bases/base
root /home/jails/web: is there, and stays as it is
$ tail -n 6 /home/jails/web/etc/rc.conf
# A service starts with the jail when its line here says YES. On the host, this says so:
#\tsysrc -j JAIL NAME_enable=YES\t(while the jail runs)
#\tsysrc -R ROOT NAME_enable=YES\t(at any time; ROOT is the jail's path)
# Services have FreeBSD's names, such as sshd for Debian's ssh. Their packages must be installed.
#nginx_enable=\"YES\"
#sshd_enable=\"YES\"
$ sysrc -R /home/jails/web nginx_enable=YES sshd_enable=YES
nginx_enable:  -> YES
sshd_enable: NO -> YES
",
    );
    // The doctor knows what was made, and by which command it is removed.
    sandbox.ok("mkdir -p /usr/local/kletka/bases");
    let doctor = "unshare --mount sh -c \
                  '/bin/mount --bind /home/bases /usr/local/kletka/bases && kletka doctor' | grep '^base\\|^root'";
    let base = "base base: /usr/local/kletka/bases/base; to remove it: rm -r /usr/local/kletka/bases/base\n";
    let root = "root /home/jails/web: to remove it: ";
    assert_eq!(sandbox.ok(doctor), format!("{base}{root}rm -r /home/jails/web\n"));
    sandbox.ok("jail -c name=web path=/home/jails/web persist");
    assert_eq!(sandbox.ok(doctor), format!("{base}{root}jail -r web; rm -r /home/jails/web\n"));
    sandbox.ok("jail -q -r web; rm -r /home/jails/web");
    assert_eq!(sandbox.ok(doctor), base);
}
