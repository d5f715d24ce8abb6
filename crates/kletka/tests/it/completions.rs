//! The installed completions: they are called as bash(1) calls them, and read by zsh(1).

use crate::sandbox::Sandbox;
use crate::session::check;

/// A script for `complete COMMAND WORD...`: prints on one line what is offered for the last word.
const COMPLETE: &str = r#"#!/bin/bash
compopt() { :; }
complete() { :; }
for share in share libexec/kletka/share; do
    file=/usr/local/$share/bash-completion/completions/$1
    if [[ -e $file ]]; then . "$file"; fi
done
COMP_WORDS=("$@")
COMP_CWORD=$(($# - 1))
"_kletka_$1"
echo "${COMPREPLY[@]}"
"#;

fn machine() -> Option<Sandbox> {
    let sandbox = Sandbox::new()?;
    sandbox.write("/tmp/bin/complete", COMPLETE);
    sandbox.ok("chmod 755 /tmp/bin/complete && cp /tmp/bin/complete /tmp/bin/only-here");
    Some(sandbox)
}

#[test]
fn words_by_their_place() {
    let Some(sandbox) = machine() else { return };
    sandbox.root("/home/jails/web");
    let jails = "path = \"/home/jails/$name\"; persist;\nweb { } db { }\n* { vnet = inherit; }\n";
    sandbox.write("/etc/jail.conf", jails);
    sandbox.write("/etc/jail.conf.d/mail.conf", "mail { }\n");
    sandbox.ok("jail -qc web");
    check(
        &sandbox,
        "\
$ PATH=/tmp/bin:$PATH; complete jail -c ''; complete jail -vc w; complete jail -c allow.mount.t
db mail web jid= name= path= persist children.max= enforce_statfs= meta= env= kletka.userns= kletka.maxproc= host= host.hostname= host.domainname= vnet= ip4= ip6= vnet.interface= devfs_ruleset= mount= mount.fstab= mount.devfs mount.fdescfs mount.procfs exec.prepare= exec.prestart= exec.created= exec.start= command= exec.poststart= exec.prestop= exec.stop= exec.poststop= exec.release= exec.clean exec.jail_user= exec.system_jail_user exec.system_user= exec.timeout= exec.consolelog= stop.timeout= depend= allow.set_hostname allow.raw_sockets allow.chflags allow.quotas allow.reserved_ports allow.dying allow.mount allow.mount.fdescfs allow.mount.nullfs allow.mount.tmpfs sysvmsg= sysvsem= sysvshm=
web
allow.mount.tmpfs
$ PATH=/tmp/bin:$PATH; complete jail -r ''; complete jail -rc d; complete jail -v --p; complete jail -f /etc/jail.conf.d/
web
db devfs_ruleset= depend=
--plan
/etc/jail.conf.d/mail.conf
$ PATH=/tmp/bin:$PATH; complete jls -j ''; complete jls -h host.; complete jls --diff ''; complete jls -v -
web
host.domainname host.hostid host.hostname host.hostuuid
web
-c -d -h -j -N -n -q -s -v --diff --libxo
$ PATH=/tmp/bin:$PATH; complete jexec -l ''; complete jexec -u nobod; complete jexec -lu nobody w; complete jexec web only-
web
nobody
web
only-here
$ PATH=/tmp/bin:$PATH; complete service ''; complete service jail st; complete service jail stop ''; complete service jail restart ''; complete service netif start l
devfs netif jail
start stop status
web
db mail web
lo
$ PATH=/tmp/bin:$PATH; complete sysrc -v jail_en; complete sysrc -j ''
jail_enable
web
$ PATH=/tmp/bin:$PATH; complete kletka j; complete kletka help kletka-; complete kletka config g; complete kletka config get w; complete kletka config get web exec.st; complete kletka config set web exec.st
jail jls jexec
kletka-fstab kletka-files kletka-netif
get
web
exec.start exec.stop
exec.start= exec.stop=
$ PATH=/tmp/bin:$PATH; complete kletka install --pre; complete kletka bootstrap --root /home/; complete kletka net ''
--prefix
/home/jails
guard
",
    );
    sandbox.ok("jail -R web");
}

/// Names may be chosen by others than the administrator: a command in a name is not run.
#[test]
fn names_are_not_expanded() {
    let Some(sandbox) = machine() else { return };
    sandbox.write("/etc/jail.conf.d/$(touch here).conf", "a { }\n");
    check(
        &sandbox,
        "\
$ cd /tmp; bin/complete jail -C ''; ls
\\$\\(touch\\ here\\)
bin
",
    );
}

#[test]
fn zsh_reads_them() {
    let Some(sandbox) = machine() else { return };
    sandbox.ok("! command -v zsh > /dev/null || for file in /usr/local/share/zsh/site-functions/_* /usr/local/libexec/kletka/share/zsh/site-functions/_*; do zsh -n $file; done");
}
