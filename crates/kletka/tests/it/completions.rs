//! The installed completions: bash(1), zsh(1) and fish(1) ask them what follows.

use crate::sandbox::Sandbox;
use crate::session::check;
use std::io::Write;

/// `complete COMMAND WORD...` calls the completion as bash does for that line, and prints on one
/// line what is offered for the last word. bash cuts words at `=`.
const BASH: &str = r#"#!/bin/bash
compopt() { :; }
complete() { :; }
for share in share libexec/kletka/share; do
    file=/usr/local/$share/bash-completion/completions/$1
    if [[ -e $file ]]; then . "$file"; fi
done
COMP_WORDS=()
for word; do
    if [[ $word == *=* ]]; then
        COMP_WORDS+=("${word%%=*}" =)
        word=${word#*=}
        if [[ -z $word ]]; then continue; fi
    fi
    COMP_WORDS+=("$word")
done
COMP_LINE=$* COMP_POINT=${#COMP_LINE} COMP_CWORD=$((${#COMP_WORDS[@]} - 1))
_kletka
echo "${COMPREPLY[@]}"
"#;

/// The same for zsh, with functions in place of the builtins that exist while zsh completes.
const ZSH: &str = r#"#!/usr/bin/env -S zsh -f
compadd() { local array=${@[-1]}; offered+=(${(P)array}) }
compset() { PREFIX=${PREFIX#*=} }
_files() { offered+=(files) }
_users() { offered+=(users) }
_normal() { offered+=("command $words") }
offered=() words=("$@") CURRENT=$# PREFIX=${@[-1]}
for share in share libexec/kletka/share; do
    file=/usr/local/$share/zsh/site-functions/_$1
    if [[ -e $file ]]; then . $file; fi
done
print -r -- $offered
"#;

/// fish completes a line without a terminal.
const FISH: &str = r#"#!/bin/sh
line=$1
shift
for word; do
    line="$line $word"
done
HOME=/tmp XDG_DATA_DIRS=/usr/local/share:/usr/local/libexec/kletka/share:/usr/share \
    exec fish -c 'echo (complete -C $argv[1] | string split -f 1 \t)' "$line"
"#;

fn machine(complete: &str) -> Option<Sandbox> {
    let sandbox = Sandbox::new()?;
    sandbox.write("/tmp/bin/complete", complete);
    sandbox.ok("chmod 755 /tmp/bin/complete && cp /tmp/bin/complete /tmp/bin/only-here");
    sandbox.root("/home/jails/web");
    let jails = "path = \"/home/jails/$name\"; persist;\nweb { } db { }\n* { vnet = inherit; }\n";
    sandbox.write("/etc/jail.conf", jails);
    sandbox.write("/etc/jail.conf.d/mail.conf", "mail { }\n");
    Some(sandbox)
}

/// The words that every shell offers for these lines, in the order of the answer.
const SAME: &str = "\
$ PATH=/tmp/bin:$PATH; complete jail -vc w; complete jail -c allow.mount.t; complete jail -c vnet=n
web
allow.mount.tmpfs
VNET
$ PATH=/tmp/bin:$PATH; complete jail -r w; complete jail -c devfs_ruleset=; complete jail -c depend=d
web
RULESETS
DEPEND
$ PATH=/tmp/bin:$PATH; complete jls -j w; complete jls host.hostn; complete jls --dif
web
host.hostname
--diff
$ PATH=/tmp/bin:$PATH; complete jexec -l w; complete service jail sto; complete service jail stop w
web
stop
web
$ PATH=/tmp/bin:$PATH; complete ifconfig bridge0 addm l; complete ifconfig lo0 prom; complete service netif start l; complete sysrc jail_en
lo0
promisc
lo0
jail_enable
$ PATH=/tmp/bin:$PATH; complete kletka jl; complete kletka config g; complete kletka config get w; complete kletka config set web exec.sto
jls
get
web
exec.stop=
";

/// Plays [`SAME`], where `value` writes how the shell's answer names the value of a parameter.
fn same(sandbox: &Sandbox, value: impl Fn(&str, &str) -> String) {
    sandbox.ok("jail -qc web");
    let rulesets = sandbox.ok("devfs rule showsets");
    let rulesets = rulesets.lines().map(|ruleset| value("devfs_ruleset", ruleset));
    let session = SAME
        .replace("VNET", &value("vnet", "new"))
        .replace("DEPEND", &value("depend", "db"))
        .replace("RULESETS", &rulesets.collect::<Vec<_>>().join(" "));
    check(sandbox, &session);
    sandbox.ok("jail -R web");
}

/// Whether a shell is installed here. A test without its shell says that nothing was tested.
fn has(shell: &str, test: &str) -> bool {
    let path = std::env::var_os("PATH").unwrap_or_default();
    let found = std::env::split_paths(&path).any(|folder| folder.join(shell).exists());
    if !found {
        // Not by eprintln!, whose output the harness shows for failed tests only.
        let _ = writeln!(std::io::stderr(), "skipped: completions::{test}: needs {shell}");
    }
    found
}

#[test]
fn bash_asks_them() {
    let Some(sandbox) = machine(BASH) else { return };
    same(&sandbox, |_, value| value.to_owned());
    check(
        &sandbox,
        "\
$ PATH=/tmp/bin:$PATH; complete jail -c ''; complete jail -f /etc/jail.conf.d/; complete jail -c path=/home/ja
db mail web jid= name= path= persist children.max= securelevel= enforce_statfs= osrelease= osreldate= meta= env= mac.do= kletka.userns= kletka.maxproc= host= host.hostname= host.domainname= host.hostuuid= host.hostid= vnet= ip4= ip4.addr= ip4.saddrsel ip6= ip6.addr= ip6.saddrsel kletka.net= vnet.interface= interface= ip_hostname devfs_ruleset= mount= mount.fstab= mount.devfs mount.fdescfs mount.procfs zfs= zfs.mount_snapshot= exec.prepare= exec.prestart= exec.created= exec.start= command= exec.poststart= exec.prestop= exec.stop= exec.poststop= exec.release= exec.clean exec.jail_user= exec.system_jail_user exec.system_user= exec.timeout= exec.consolelog= exec.fib= stop.timeout= depend= allow.set_hostname allow.raw_sockets allow.chflags allow.quotas allow.socket_af allow.mlock allow.reserved_ports allow.read_msgbuf allow.unprivileged_proc_debug allow.unprivileged_parent_tampering allow.suser allow.nfsd allow.extattr allow.adjtime allow.settime allow.routing allow.sysvipc allow.dying allow.mount allow.mount.devfs allow.mount.fdescfs allow.mount.fusefs allow.mount.nullfs allow.mount.procfs allow.mount.linprocfs allow.mount.linsysfs allow.mount.tmpfs allow.mount.zfs allow.vmm sysvmsg= sysvsem= sysvshm= linux= linux.osname= linux.osrelease= linux.oss_version=
/etc/jail.conf.d/mail.conf
/home/jails
$ PATH=/tmp/bin:$PATH; complete jexec -u nobod; complete jexec web only-; complete kletka bootstrap --root /home/
nobody
only-here
/home/jails
",
    );
}

#[test]
fn zsh_asks_them() {
    if !has("zsh", "zsh_asks_them") {
        return;
    }
    let Some(sandbox) = machine(ZSH) else { return };
    same(&sandbox, |name, value| format!("{name}={value}"));
    check(
        &sandbox,
        "\
$ PATH=/tmp/bin:$PATH; complete jail -f /etc/; complete jexec -u nobod; complete jexec web only-
files
users
command only-
",
    );
}

#[test]
fn fish_asks_them() {
    if !has("fish", "fish_asks_them") {
        return;
    }
    let Some(sandbox) = machine(FISH) else { return };
    same(&sandbox, |name, value| format!("{name}={value}"));
    check(
        &sandbox,
        "\
$ PATH=/tmp/bin:$PATH; complete jail -f /etc/jail.conf.d/; complete jail -c path=/home/ja; complete jexec -u nobod; complete jexec web only-
/etc/jail.conf.d/mail.conf
path=/home/jails/
nobody
only-here
",
    );
}

/// Names may be chosen by others than the administrator: a command in a name is not run.
#[test]
fn names_are_not_expanded() {
    let shells = [
        ("bash", BASH, "\\$\\(touch\\ here\\)"),
        ("zsh", ZSH, "$(touch here)"),
        ("fish", FISH, "$(touch here)"),
    ];
    for (shell, complete, offered) in shells {
        if !has(shell, "names_are_not_expanded") {
            continue;
        }
        let Some(sandbox) = machine(complete) else { return };
        sandbox.ok("rm /etc/jail.conf /etc/jail.conf.d/*");
        sandbox.write("/etc/jail.conf.d/$(touch here).conf", "a { }\n");
        check(&sandbox, &format!("$ cd /tmp; bin/complete jail -C ''; ls\n{offered}\nbin\n"));
    }
}

/// What the shells themselves say of the scripts.
#[test]
fn scripts_are_read() {
    let Some(sandbox) = Sandbox::new() else { return };
    sandbox.ok("! command -v zsh > /dev/null || for file in /usr/local/share/zsh/site-functions/_*; do zsh -n $file || exit; done");
    sandbox.ok("! command -v fish > /dev/null || for file in /usr/local/share/fish/vendor_completions.d/*; do HOME=/tmp fish -n $file || exit; done");
    sandbox.ok("! command -v shellcheck > /dev/null || shellcheck /usr/local/share/bash-completion/completions/kletka");
}

/// Whatever stands on a line, the answer has its first line, and no error.
#[test]
fn odd_words_are_answered() {
    let Some(sandbox) = Sandbox::new() else { return };
    sandbox.write(
        "/tmp/odd",
        "#!/bin/bash
odd=('' - -- --- --= $'-\\xff' $'--\\xff=' -é -j --plan= jail $'\\xff')
for command in '' kletka nothing jail jls jexec ifconfig route netstat arp service sysrc devfs umount; do
    for first in \"${odd[@]}\"; do
        for second in \"${odd[@]}\"; do
            said=$(kletka complete \"$command\" \"$first\" \"$second\" 2>&1; echo $?)
            [[ $said == *0 && $said != *panicked* ]] || echo \"$command $first $second: $said\"
        done
    done
done
",
    );
    assert_eq!(sandbox.ok("bash /tmp/odd"), "");
}
