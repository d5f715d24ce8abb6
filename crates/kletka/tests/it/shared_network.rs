//! Jails on the host's network stack: abstract sockets belong to a network, so that the jail's and
//! the host's would be one lot. Where the kernel can keep them apart, init makes the jail's
//! processes, which must not be seen from outside.

use crate::intrusion::perl;
use crate::sandbox::Sandbox;

/// Listens at the abstract address of its argument, says so in the file `ready`, and stays.
const LISTENS: &str = r#"
socket(my $socket, 1, 1, 0); bind($socket, pack('S a*', 1, "\0kletka-$ARGV[0]")); listen($socket, 8);
open(my $ready, '>', "$ARGV[1]/ready"); print $ready $$; close $ready; sleep 600;
"#;

/// Connects to the abstract addresses of its arguments.
const CONNECTS: &str = r#"
for my $name (@ARGV) {
    socket(my $socket, 1, 1, 0);
    my $done = connect($socket, pack('S a*', 1, "\0kletka-$name"));
    print "$name ", $done ? 'done' : $! + 0 == 1 ? 'EPERM' : $!, "\n";
}
"#;

/// A machine with the jail `web` on its network stack; the host and the jail each have a service at
/// an abstract address.
fn machine(parameters: &str) -> Option<Sandbox> {
    let sandbox = Sandbox::new()?;
    let root = "/home/jails/web";
    sandbox.root(root);
    perl(&sandbox, root);
    for place in ["/home", root] {
        sandbox.write(format!("{place}/listens.pl"), LISTENS);
        sandbox.write(format!("{place}/connects.pl"), CONNECTS);
    }
    let service = "exec.start = 'perl /listens.pl jail / &', 'until [ -e /ready ]; do :; done';";
    sandbox.write("/etc/jail.conf", configuration(&format!("{parameters} {service}")));
    sandbox.ok("perl /home/listens.pl host /home & until [ -e /home/ready ]; do :; done");
    sandbox.ok("jail -q -c");
    Some(sandbox)
}

fn configuration(parameters: &str) -> String {
    format!("web {{ path = /home/jails/web; persist; mount.devfs; ip4 = inherit; {parameters} }}\n")
}

/// Whether this kernel has the scope: Landlock's sixth version, and the fifth does not.
fn keeps_apart(sandbox: &Sandbox) -> bool {
    let asks = "perl -e 'print syscall(444, 0, 0, 1)'";
    let version: i32 = sandbox.ok(asks).parse().unwrap_or(0);
    if version < 6 {
        println!(
            "skipped: the kernel's Landlock (version {version}) has no scope of abstract sockets"
        );
    }
    version >= 6
}

#[test]
fn abstract_sockets_of_the_host() {
    for parameters in ["", "kletka.userns = inherit;", "allow.mount; enforce_statfs = 1;"] {
        let Some(sandbox) = machine(parameters) else { return };
        if !keeps_apart(&sandbox) {
            return;
        }
        let got = sandbox.ok("jexec web perl /connects.pl host jail");
        assert_eq!(got, "host EPERM\njail done\n", "{parameters}");
        // A command of the start, and one of the end.
        sandbox.ok("jail -q -r web");
        let both = "exec.start = 'perl /connects.pl host'; exec.stop = 'perl /connects.pl host';";
        sandbox.write("/etc/jail.conf", configuration(&format!("{parameters} {both}")));
        let got = sandbox.ok("jail -q -c web; jail -q -r web");
        assert_eq!(got, "host EPERM\nhost EPERM\n", "{parameters}");
        // Outside, nothing has changed.
        assert_eq!(sandbox.ok("perl /home/connects.pl host"), "host done\n");
        sandbox.ok("kill $(cat /home/ready)");
    }
}

/// allow.reserved_ports is for root of the jail, over ports of the host's stack too, and changes
/// while the jail runs.
#[test]
fn ports_below_1024() {
    let Some(sandbox) = Sandbox::new() else { return };
    sandbox.root("/home/web");
    sandbox.ok("mkdir /home/web/www; ip link set lo up");
    let parameters = "path=/home/web persist mount.devfs";
    let bind = "jexec $user web busybox httpd -p $port -h /www && kill $(pidof busybox)";
    let root = format!("user=; port=127.0.0.1:80; {bind}");
    let user = format!("user='-U nobody'; port=127.0.0.1:80; {bind}");
    let six = format!("user=; port='[::1]:80'; {bind}");
    for families in ["ip4=inherit", "ip4=inherit ip6=inherit", "ip4.addr=127.0.0.1 ip6=inherit"] {
        sandbox.ok(&format!("jail -q -c name=web {parameters} {families}"));
        let bound = |line: &str| match sandbox.run(line) {
            done if done.status == 0 => "bound".to_owned(),
            done => done.stderr,
        };
        let denied = "httpd: bind: Permission denied\n";
        for (change, wants) in [
            ("true", ["bound", denied]),
            ("jail -q -m name=web allow.noreserved_ports", [denied, denied]),
            ("jail -q -m name=web allow.reserved_ports", ["bound", denied]),
        ] {
            sandbox.ok(change);
            assert_eq!([bound(&root), bound(&user)], wants, "{families}: {change}");
            if families.contains("ip6") {
                assert_eq!(bound(&six), wants[0], "{families}: {change}");
            }
        }
        sandbox.ok("jail -q -r web");
    }
}

/// What a process has of whoever runs jexec, it has when init makes the process, too.
#[test]
fn a_process_is_like_a_child_of_its_caller() {
    let Some(sandbox) = machine("") else { return };
    for (command, want) in [
        ("umask 027; jexec web sh -c umask", "0027\n"),
        ("ulimit -n 77; ulimit -c 0; jexec web sh -c 'ulimit -n; ulimit -c'", "77\n0\n"),
        ("nice -n 5 jexec web perl -e 'print getpriority(0, 0) - shift' $(nice)", "5"),
        ("taskset 1 jexec web grep Cpus_allowed: /proc/self/status", "Cpus_allowed:\t1\n"),
        ("echo 300 >/proc/self/oom_score_adj; jexec web cat /proc/self/oom_score_adj", "300\n"),
        ("echo a | jexec web cat", "a\n"),
        (
            "script -qec \"jexec web sh -c 'tty > /name; exit 7'\" /dev/null > /dev/null < /dev/null; \
             echo $?; cat /home/jails/web/name",
            "7\n/dev/pts/0\n",
        ),
        ("jexec web sh -c 'exit 7'; echo $?", "7\n"),
        ("jexec web sh -c 'kill -USR1 $$'; echo $?", "138\n"),
        (
            "jexec web nosuch 2>&1; echo $?",
            "jexec: execvp: nosuch: No such file or directory; the jail web has no such program\n1\n",
        ),
        ("jexec -U nobody web id -u; jexec web pwd", "65534\n/\n"),
        ("jexec web ls /proc/self/fd | wc -l", "4\n"),
        ("jexec web readlink /proc/self/fd/0 <&-", "/dev/null\n"),
    ] {
        let got = sandbox.run(command);
        assert_eq!(got.stdout, want, "{command}: {}", got.stderr);
    }
    sandbox.ok("jail -q -R web; kill $(cat /home/ready)");
}
