//! Attempts to get out of a jail, made as its root: `cargo xtask escapes`.
//!
//! The attempts are tables, a module for each area. All are made in a jail of each [`Kind`], by one
//! perl(1) for each jail, and every answer must be the one that the table names. docs/security.md
//! shows the same tables: a test says when its text is another.

mod addresses;
mod attempt;
mod document;
mod files;
mod kernel;
mod network;
mod numbers;
mod processes;
mod shared;

use std::collections::BTreeMap;
use std::fmt::Write;

use crate::intrusion::perl;
use crate::sandbox::Sandbox;
use attempt::{Attempt, Family, Kind, Layer, Means};

/// All attempts.
const FAMILIES: &[Family] = &[
    Family::new("Paths", files::PATHS),
    Family::new("Owners, flags and read-only files", files::OWNERS),
    Family::new("Mounts", files::MOUNTS),
    Family::new("The kernel's files", files::KERNEL_FILES),
    Family::new("Devices", files::DEVICES),
    Family::new("Init", processes::INIT),
    Family::new("Namespaces", processes::NAMESPACES),
    Family::new("Rights and limits", processes::RIGHTS),
    Family::new("The kernel, by system calls", kernel::CALLS),
    Family { title: "Networks", kinds: Kind::NETWORKS, attempts: network::SOCKETS },
    Family {
        title: "Addresses of the host: to be found at",
        kinds: Kind::HELD,
        attempts: addresses::BINDS,
    },
    Family {
        title: "Addresses of the host: to be reached",
        kinds: Kind::HELD,
        attempts: addresses::CONNECTS,
    },
    Family {
        title: "Addresses of the host: to send from",
        kinds: Kind::HELD,
        attempts: addresses::SOURCES,
    },
    Family {
        title: "Addresses of the host: out of the rules",
        kinds: Kind::HELD,
        attempts: addresses::RULES,
    },
    Family::new("Terminals", shared::TERMINALS),
    Family::new("Descriptors", shared::DESCRIPTORS),
    Family::new("Records of jails inside", shared::RECORDS),
    Family::new("What can be used up", shared::RESOURCES),
];

/// Attempts that do not hold yet, with the answers that they get instead. Either answer passes.
#[rustfmt::skip]
const OPEN: &[(&str, &[&str])] = &[
];

fn is_open(attempt: &Attempt, answer: &str) -> bool {
    OPEN.iter().any(|(what, answers)| *what == attempt.what && answers.contains(&answer))
}

/// What runs before the attempts on the host: `forging SCRIPT` has the jail's root run a script in
/// its registry of jails inside, `forgotten` removes what that left.
///
/// For the script, `first` starts a process, the first of a process namespace where the jail may
/// make one; `forge JID NAME PROCESS LINE…` writes a record; `$next` is the first jid that the jail
/// may give.
const ON_HOST: &str = r#"
words='
first() {
    unshare -p -f sleep 100 >/dev/null 2>&1 </dev/null &
    until pid=$(cat /proc/$!/task/$!/children 2>/dev/null) && test "$pid" || ! kill -0 $! 2>/dev/null; do :; done
    pid=${pid:-$$}
}
forge() {
    jid=$1 name=$2 pid=${3% }; shift 3
    {
        printf "jid=%s\nname=%s\npath=/\nids=0\nboot=%s\n" $jid $name $(cat /proc/sys/kernel/random/boot_id)
        echo "init=$pid start $(sed "s/.*) //" /proc/$pid/stat | cut -d " " -f 20)"
        for line; do echo "$line"; done
    } > $jid
}
mkdir -p /run/kletka.jails/jails
cd /run/kletka.jails/jails
'
forging() { jexec $J sh -c "next=$(($(jls -j $J jid) + 1))$words$1"; }
forgotten() { jexec $J sh -c 'rm -rf /run/kletka.jails/jails; killall -9 sleep 2>/dev/null'; }
"#;

/// A machine with a running jail of each kind, with the host's things that they are not to reach.
fn machine() -> Option<Sandbox> {
    let sandbox = Sandbox::new()?;
    let template = "/home/jails/default";
    sandbox.root(template);
    perl(&sandbox, template);
    let mut script = numbers::in_perl() + include_str!("escapes/inside.pl");
    for (number, (family, attempt)) in numbered().enumerate() {
        if let Means::Inside(code) = attempt.means {
            let jails: Vec<_> = family.kinds.iter().map(|kind| kind.jail()).collect();
            let jails = jails.join(" ");
            let _ = writeln!(script, "attempt {number}, sub {{ {code} }} if is_in(qw({jails}));");
        }
    }
    script += "print \"end\\n\";\n";
    sandbox.write(format!("{template}/escapes.pl"), script);
    sandbox.write("/home/secret", "secret\n");
    sandbox.write("/home/share/file", "file\n");
    sandbox.ok("chmod 600 /home/secret; chmod 700 /home/jails; chown 0:0 /home/share/file
         cp -L /usr/bin/perl /home/share/setuid; chmod 4755 /home/share/setuid
         mknod /home/share/node c 1 3; mknod /home/jails/default/node c 1 3
         cd /home/jails/default; mkdir -p sys mnt/ro mnt/rw mnt/nosuid mnt/tmpfs
         hostname machine; ip link add hostonly0 type bridge
         ip link add em0 type veth peer name w0; ip link set em0 up; ip link set w0 up
         echo 0 2147483647 > /proc/sys/net/ipv4/ping_group_range
         ip addr add 192.0.2.9/24 dev em0; ip addr add 2001:db8::9/64 dev em0 nodad");
    let mut configuration = String::from(
        r#"* {
    path = "/home/jails/$name"; persist; mount.devfs; exec.clean; kletka.maxproc = 200;
    mount  = "/home/share /home/jails/$name/mnt/ro nullfs ro 0 0";
    mount += "/home/share /home/jails/$name/mnt/rw nullfs rw 0 0";
    mount += "/home/share /home/jails/$name/mnt/nosuid nullfs rw,nosuid 0 0";
    mount += "tmpfs /home/jails/$name/mnt/tmpfs tmpfs rw 0 0";
}
"#,
    );
    for kind in Kind::ALL {
        let (jail, parameters) = (kind.jail(), kind.parameters());
        let _ = writeln!(configuration, "{jail} {{ {parameters} }}");
        if kind != Kind::Default {
            sandbox.ok(&format!("cp -a {template} /home/jails/{jail}"));
        }
    }
    configuration += addresses::OTHER;
    sandbox.ok(&format!("cp -a {template} /home/jails/other"));
    sandbox.write("/home/jails/other/serve.pl", addresses::SERVE);
    sandbox.write("/etc/jail.conf", configuration);
    sandbox.write("/home/host.pl", HOST);
    sandbox.ok("perl /home/host.pl & until [ -e /home/ready ]; do :; done");
    let jails: Vec<_> = Kind::NETWORKS.iter().map(|kind| kind.jail()).collect();
    sandbox
        .ok(&format!("for jail in {} other; do jail -q -c $jail || exit; done", jails.join(" ")));
    Some(sandbox)
}

/// Things of the host that are not files: an abstract socket, services on 127.0.0.1, 127.0.0.53 and
/// the host's own addresses, and shared memory.
const HOST: &str = r#"
socket(my $abstract, 1, 1, 0); bind($abstract, pack('S a*', 1, "\0kletka-escapes")); listen($abstract, 8);
socket(my $datagrams, 1, 2, 0); bind($datagrams, pack('S a*', 1, "\0kletka-datagrams"));
socket(my $service, 2, 1, 0); bind($service, pack('SnC4x8', 2, 7777, 127, 0, 0, 1)); listen($service, 8);
socket(my $resolver, 2, 1, 0); bind($resolver, pack('SnC4x8', 2, 53, 127, 0, 0, 53)); listen($resolver, 8);
socket(my $names, 2, 2, 0); bind($names, pack('SnC4x8', 2, 53, 127, 0, 0, 53));
socket(my $group, 2, 2, 0); setsockopt($group, 1, $_, 1) for 2, 15; bind($group, pack('Sn x12', 2, 5353));
socket(my $hears, 2, 2, 0); bind($hears, pack('SnC4x8', 2, 7779, 192, 0, 2, 9));
socket(my $hears6, 10, 2, 0); bind($hears6, pack('SnN n8 N', 10, 7779, 0, 0x2001, 0xdb8, 0, 0, 0, 0, 0, 9, 0));
shmget(0x6b6c6574, 4096, 0600 | 01000);
open(my $ready, '>', '/home/ready'); print $ready $$; close $ready;
sleep 600;
"#;

fn attempts() -> impl Iterator<Item = &'static Attempt> {
    FAMILIES.iter().flat_map(|family| family.attempts)
}

/// The answers of the jails' perl(1), and of the host's commands, by the number of the attempt.
fn answers(sandbox: &Sandbox, kind: Kind) -> BTreeMap<usize, String> {
    let jail = kind.jail();
    let mut said = sandbox.ok(&format!("jexec {jail} perl /escapes.pl {jail} 2>&1"));
    assert!(said.ends_with("\nend\n"), "perl: {jail}: {said}");
    let mut script = format!("J={jail}\n{ON_HOST}");
    for (number, (family, attempt)) in numbered().enumerate() {
        if !family.kinds.contains(&kind) {
            continue;
        }
        if let Means::OnHost(line) = attempt.means {
            let _ =
                writeln!(script, "said=$(\n{line}\n)\nprintf '{number}\\t%s\\n' \"$(echo $said)\"");
        }
    }
    sandbox.write("/home/attempts", script);
    said += &sandbox.ok("sh /home/attempts");
    let lines = said.lines().filter_map(|line| line.split_once('\t'));
    lines.map(|(number, answer)| (number.parse().unwrap(), answer.to_owned())).collect()
}

#[test]
fn what_holds() {
    let Some(sandbox) = machine() else { return };
    let mut wrong = Vec::new();
    for kind in Kind::ALL {
        // All of these have the same addresses, which no two jails may have at once.
        let (start, end) = match Kind::HELD.contains(&kind) {
            true => (format!("jail -q -c {}", kind.jail()), format!("jail -q -r {}", kind.jail())),
            false => (String::new(), String::new()),
        };
        sandbox.ok(&start);
        let answers = answers(&sandbox, kind);
        sandbox.ok(&end);
        for (number, (family, attempt)) in numbered().enumerate() {
            if !family.kinds.contains(&kind) {
                continue;
            }
            let held = attempt.held(kind);
            let answer = answers.get(&number).map_or("no answer", String::as_str);
            let answer = answer.replace(kind.jail(), "$J");
            if let Some(why) = answer.strip_prefix("absent: ") {
                eprintln!("not tried: {}: {why}", attempt.what);
            } else if !held.expects(&answer) && !is_open(attempt, &answer) {
                let (what, title) = (attempt.what, kind.title());
                wrong.push(format!("{what}: {title}: {answer:?}, not {:?}", held.answer));
            }
        }
    }
    sandbox.ok("kill $(cat /home/ready); ipcrm -M 0x6b6c6574; ip link delete hostonly0");
    sandbox.ok("jail -q -r '*'; hostname; ip link delete em0");
    assert!(wrong.is_empty(), "{} answers:\n{}", wrong.len(), wrong.join("\n"));
    sandbox.check();
}

fn numbered() -> impl Iterator<Item = (&'static Family, &'static Attempt)> {
    FAMILIES.iter().flat_map(|family| family.attempts.iter().map(move |attempt| (family, attempt)))
}

/// What a row must not say, whatever the kernel answers.
#[test]
fn what_a_layer_cannot_hold() {
    let all: Vec<_> = attempts().collect();
    assert!(all.len() >= 80, "{}", all.len());
    let names: std::collections::BTreeSet<_> = all.iter().map(|attempt| attempt.what).collect();
    assert_eq!(names.len(), all.len(), "two attempts have one name");
    for (family, attempt) in numbered() {
        // A jail without ids of its own has no user namespace, and none but `allow.mount` and
        // `children.max` lets a jail make copies of mounts, which the kernel could lock.
        let has_hosts_users = |kind: &&Kind| matches!(kind, Kind::Inherit | Kind::HeldInherit);
        for kind in family.kinds.iter().filter(has_hosts_users) {
            assert_ne!(attempt.held(*kind).by, Layer::Users, "{}", attempt.what);
        }
        for kind in [Kind::Default, Kind::Inherit, Kind::Vnet, Kind::Shared, Kind::Held] {
            assert_ne!(attempt.held(kind).by, Layer::Locked, "{}", attempt.what);
        }
    }
}
