//! Configurations of the shapes that people publish: how many of them run.
//!
//! 123 published files were counted, parameter by parameter, value by value, program by program.
//! The files here are made up after these counts: each line stands in as many of them as it did
//! there. What they have to do with each other is the table's affair (a jail with vnet has no
//! addresses of the host's, but in the two files whose authors got that wrong); all else is spread
//! evenly.

use crate::sandbox::Sandbox;

const FILES: usize = 123;

/// Where a line may stand.
#[derive(Clone, Copy, PartialEq)]
enum In {
    /// In any file.
    Any,
    /// In files whose jails have a network of their own.
    Vnet,
    /// In files whose jails have addresses of the host's.
    Addresses,
    /// In the others.
    Other,
}
use In::{Addresses, Any, Other, Vnet};

/// The kind of a file by its number.
fn kind(file: usize) -> In {
    match file {
        0..45 => Vnet,
        45..100 => Addresses,
        _ => Other,
    }
}

/// Each line with the number of files that have it. Lines of one group exclude each other: a file
/// has at most one of them.
#[rustfmt::skip]
const SHAPES: &[(In, &[(&str, usize)])] = &[
    (Any, &[("path = /home/jails/$name;", 113), ("path = /home/pots/$name/root;", 4), ("path = /;", 1)]),
    (Any, &[
        ("exec.start = \"/bin/sh /etc/rc\";", 80),
        ("exec.start = \"/bin/sh /etc/rc\"; exec.start += \"/sbin/ifconfig lo0 127.0.0.1 up\", \"/sbin/route add default 10.0.0.1\";", 12),
        ("exec.start = \"sh /etc/rc\"; exec.start += \"ifconfig lo0 127.0.0.1 up\"; exec.start += \"route add default 10.0.0.1\";", 8),
        ("exec.start = \"/sbin/init\";", 3),
        ("exec.start = \"/usr/sbin/service sshd start\";", 1),
        ("exec.start = \"/usr/sbin/daemon /bin/true\";", 1),
        ("command = \"/bin/sh\";", 1),
    ]),
    (Any, &[
        ("exec.stop = \"/bin/sh /etc/rc.shutdown\";", 82), ("exec.stop = \"/bin/sh /etc/rc.shutdown jail\";", 12),
        ("exec.stop = \"sh /etc/rc.shutdown\";", 8), ("exec.stop = \"\";", 2),
    ]),
    (Any, &[("host.hostname = $name;", 55), ("host.hostname = \"$name.example.org\";", 50), ("host.hostname = \"${name}.${host.domainname}\"; host.domainname = example.org;", 4)]),
    (Any, &[("mount.devfs;", 103), ("mount.devfs = true;", 1)]),
    (Any, &[("exec.clean;", 90), ("exec.clean = 0;", 2), ("exec.clean = true;", 1)]),
    (Any, &[("allow.raw_sockets;", 36), ("allow.raw_sockets = 1;", 12), ("allow.raw_sockets = 0;", 6), ("allow.raw_sockets = true;", 1), ("allow.noraw_sockets;", 1)]),
    (Any, &[
        ("devfs_ruleset = 5;", 15), ("devfs_ruleset = 4;", 15), ("devfs_ruleset = 6;", 7), ("devfs_ruleset = 11;", 5), ("devfs_ruleset = 10;", 2),
        ("devfs_ruleset = 7;", 1), ("devfs_ruleset = 8;", 1), ("devfs_ruleset = 13;", 1), ("devfs_ruleset = 54;", 1), ("devfs_ruleset = 100;", 1), ("devfs_ruleset = devfsrules_own;", 1), ("devfs.ruleset = 4;", 1),
    ]),
    (Any, &[("exec.consolelog = \"/var/log/jail_console_${name}.log\";", 41), ("exec.consolelog = /dev/null;", 1)]),
    (Any, &[("persist;", 28), ("persist = true;", 2)]),
    (Any, &[("mount.fstab = \"/etc/fstab.$name\";", 26), ("mount.fstab = \"\";", 2)]),
    (Any, &[
        ("enforce_statfs = 1; allow.mount; allow.mount.tmpfs; allow.mount.devfs; allow.mount.procfs;", 7),
        ("enforce_statfs = 1; allow.mount; allow.mount.devfs; allow.mount.zfs;", 6),
        ("enforce_statfs = 1; allow.mount = 1; allow.mount.zfs = true; allow.mount.nullfs = 1;", 2),
        ("enforce_statfs = 1; allow.mount = true; allow.mount.tmpfs = 1; allow.mount.nullfs; allow.mount.fusefs;", 1),
        ("enforce_statfs = 1; allow.mount; allow.mount.nullfs; allow.mount.tmpfs;", 1),
        ("enforce_statfs = 2;", 9),
        ("allow.mount; allow.mount.fdescfs; allow.mount.linprocfs; allow.mount.linsysfs;", 4),
        ("allow.mount; allow.mount.devfs = 1; allow.mount.fdescfs; allow.mount.nullfs; allow.mount.linprocfs;", 1),
        ("allow.nomount;", 1),
    ]),
    (Any, &[("allow.sysvipc = 1;", 11), ("allow.sysvipc = 0;", 6), ("sysvmsg = new; sysvsem = new; sysvshm = new;", 4), ("sysvmsg = inherit; sysvsem = inherit; sysvshm = inherit;", 1), ("sysvmsg = disable; sysvsem = disable; sysvshm = disable;", 1)]),
    (Any, &[("securelevel = 2;", 8), ("securelevel = 3;", 5), ("securelevel = 1;", 2), ("securelevel = -1;", 1)]),
    (Any, &[("exec.jail_user = root; exec.system_user = root;", 12), ("exec.jail_user = root; exec.system_jail_user = false;", 1)]),
    (Any, &[("children.max = 0;", 6), ("children.max = 10;", 3), ("children.max = 6;", 2), ("children.max = 16;", 1)]),
    (Any, &[("allow.set_hostname = 0;", 7), ("allow.set_hostname = 1;", 3)]),
    (Any, &[("allow.chflags;", 8), ("allow.chflags = 0;", 2)]),
    (Any, &[("allow.socket_af;", 6), ("allow.socket_af = 1;", 1), ("allow.socket_af = 0;", 1)]),
    (Any, &[("osrelease = 13.2-RELEASE;", 3), ("osrelease = 14.1-RELEASE-p3; osreldate = 1401000;", 3), ("osrelease = 12.4; osreldate = 1204000;", 1)]),
    (Any, &[("mount.fdescfs; mount.procfs;", 6)]),
    (Any, &[("jid = 7;", 6)]),
    (Any, &[("mount += \"/var/cache /home/jails/$name/tmp nullfs ro 0 0\";", 2), ("mount += \"tmpfs /home/jails/$name/tmp tmpfs rw,mode=1777 0 0\";", 1), ("mount += \"linproc /home/jails/$name/proc linprocfs rw 0 0\"; mount += \"linsys /home/jails/$name/sys linsysfs rw 0 0\"; mount += \"devfs /home/jails/$name/dev devfs rw 0 0\"; mount += \"fdescfs /home/jails/$name/dev/fd fdescfs rw 0 0\";", 2)]),
    (Any, &[("allow.vmm = 1;", 4)]),
    (Any, &[("stop.timeout = 30; exec.timeout = 90;", 3)]),
    (Any, &[("host.hostuuid = 0ae1c8d4-37aa-11ee-9a3c-0050563f1aa0;", 3)]),
    (Any, &[("allow.quotas; allow.reserved_ports;", 1), ("allow.quotas = 0; allow.reserved_ports = 1;", 1)]),
    (Any, &[("allow.mlock;", 1)]),
    (Any, &[("depend = other;", 1)]),
    // A network of its own.
    (Vnet, &[("vnet;", 40), ("vnet = new;", 4), ("vnet = 1;", 1)]),
    (Vnet, &[("vnet.interface = \"epair7b\";", 25), ("vnet.interface = e0b_$name;", 6), ("vnet.interface = vlan7, epair8b;", 2), ("vnet.interface = ng0_$name;", 3), ("vnet.interface = \"\";", 1)]),
    (Vnet, &[
        ("exec.prestart = \"ifconfig epair7 create up\"; exec.prestart += \"ifconfig epair7a up\", \"ifconfig bridge0 addm epair7a\"; exec.poststop = \"ifconfig bridge0 deletem epair7a\"; exec.poststop += \"ifconfig epair7a destroy\";", 17),
        ("exec.prestart = \"/sbin/ifconfig epair7 create up\", \"/sbin/ifconfig bridge0 addm epair7a up\"; exec.poststop = \"/sbin/ifconfig epair7a destroy\";", 7),
        ("exec.prestart = \"jib addm $name em0\"; exec.poststop = \"jib destroy $name\";", 4),
        ("exec.prestart = \"sh /usr/share/examples/jails/jib addm $name em0\"; exec.poststop = \"sh /usr/share/examples/jails/jib destroy $name\";", 1),
        ("exec.prestart = \"jng bridge $name em0\"; exec.poststop = \"jng shutdown $name\";", 1),
        ("exec.prestart = \"/usr/local/sbin/ng_make $name\"; exec.poststop = \"/usr/local/sbin/ng_drop $name\";", 3),
    ]),
    (Vnet, &[("exec.prestop = \"ifconfig epair7b -vnet $name\";", 5)]),
    (Vnet, &[("ip4.addr = 10.0.0.2;", 2)]),
    // Addresses of the host's.
    (Addresses, &[
        ("interface = em0; ip4.addr = 192.0.2.7;", 15), ("interface = lo1; ip4.addr = 10.1.0.7/24;", 8), ("interface = lo0; ip4.addr = 127.0.1.1;", 1),
        ("ip4.addr = \"em0|192.0.2.7/24\";", 7), ("ip4.addr = \"lo1|10.1.0.7\";", 7), ("ip4.addr = \"em0|192.0.2.7\", \"lo1|127.0.0.7/8\"; ip6.addr = \"em0|2001:db8::7\";", 3),
        ("ip4.addr = \"em0|192.0.2.7\"; ip4.addr += \"lo1|127.0.0.7\";", 1), ("ip4.addr = 192.0.2.1;", 10), ("interface = em0; ip4.addr = 192.0.2.7; ip6.addr = 2001:db8::7;", 3),
    ]),
    (Other, &[("interface = em0;", 3), ("ip4 = inherit; ip6 = inherit;", 2), ("ip4 = inherit; ip6 = disable;", 1), ("ip4 = new; ip6 = new;", 1), ("ip4 = disable; ip6 = disable;", 1)]),
    // Other programs of hooks.
    (Any, &[("exec.prestart += \"logger jail $name is about to start\"; exec.poststart += \"logger jail $name has started\"; exec.prestop += \"logger jail $name is about to stop\";", 4)]),
    (Any, &[("exec.prestart += \"/sbin/mount -t nullfs -o ro /var/cache /home/jails/$name/tmp\"; exec.poststop += \"/sbin/umount /home/jails/$name/tmp\";", 2), ("exec.created += \"/sbin/mount -t devfs -o ruleset=4 devfs /home/jails/$name/dev\"; exec.poststop += \"umount /home/jails/$name/dev\";", 1), ("exec.prestart += \"mount_nullfs /var/cache /home/jails/$name/tmp\"; exec.poststop += \"umount /home/jails/$name/tmp\";", 2)]),
    (Any, &[("exec.created += \"zfs jail $name tank/$name\"; exec.release += \"zfs unjail $name tank/$name\";", 2), ("exec.poststart += \"zfs mount tank/$name\";", 1)]),
    (Any, &[("exec.poststart += \"jexec $name service sshd onestart\";", 1), ("exec.prestop += \"/usr/sbin/jexec $name /bin/true\";", 1)]),
    (Any, &[("exec.prepare += \"/usr/local/sbin/own $name && true\"; exec.release += \"/usr/local/sbin/own $name || true\";", 2), ("exec.poststart += \"route add 10.2.0.0/24 10.0.0.1\";", 1), ("exec.prestart += \"kldload -n if_bridge\";", 1), ("exec.poststart += \"service pf reload > /dev/null\";", 1)]),
];

/// The line of a group that a file has, if it has one.
fn line(group: usize, file: usize) -> Option<&'static str> {
    let (place, lines) = SHAPES[group];
    let files: Vec<usize> = (0..FILES).filter(|&it| place == Any || kind(it) == place).collect();
    // Another order for each group, and the same in every run: 5 divides none of the counts but 45
    // and 55, where the steps are others.
    let at = files.iter().position(|&it| it == file)?;
    let step = [7, 13, 17, 29, 31, 37][group % 6];
    let mut rank = (at * step + group * 11) % files.len();
    lines.iter().find_map(|&(text, count)| {
        let is_here = rank < count;
        rank = rank.wrapping_sub(count);
        is_here.then_some(text)
    })
}

/// The text of a file: half of the files set all of it outside of the jail, as for many.
fn text(file: usize) -> String {
    let lines = || (0..SHAPES.len()).filter_map(|group| line(group, file));
    let has = |start: &str| lines().any(|line| line.starts_with(start));
    // A jail without a command persists, and one whose path nobody has written mounts nothing.
    let persist = if has("exec.start") || has("command") { "" } else { "persist = true;\n" };
    let is_kept = |line: &&str| {
        has("path = /home/jails") || !line.contains("/home/jails") && !line.contains("fstab")
    };
    let lines: String = lines().filter(is_kept).map(|it| format!("{it}\n")).collect();
    let lines = lines + persist;
    let is_for_all = !lines.contains("path = /;") && file.is_multiple_of(2);
    let other = "other { path = /home/jails/other; persist; host.hostname = $name; }\n";
    let other = if lines.contains("depend") { other } else { "" };
    match is_for_all {
        true => format!("$domain = \"example.org\";\n{lines}web {{\n}}\n{other}"),
        false => format!("{other}# {file}\nweb {{\n{lines}}}\n"),
    }
}

#[test]
fn published_files() {
    let Some(sandbox) = Sandbox::new() else { return };
    for root in ["/home/jails/web", "/home/jails/other", "/home/pots/web/root"] {
        sandbox.root(root);
        sandbox.ok(&format!("cd {root}; mkdir -p sys; touch etc/rc etc/rc.shutdown"));
        // busybox has an init.
        for program in ["usr/sbin/service", "usr/sbin/daemon"] {
            sandbox.ok(&format!("cd {root}; echo '#!/bin/sh' > {program}; chmod 755 {program}"));
        }
    }
    for program in ["own", "ng_make", "ng_drop"] {
        sandbox.write(format!("/usr/local/sbin/{program}"), "#!/bin/sh\n");
        sandbox.ok(&format!("chmod 755 /usr/local/sbin/{program}"));
    }
    sandbox.ok("mkdir -p /var/cache /var/log");
    // For the jail that is in the host's own root.
    sandbox.write("/etc/rc", "");
    sandbox.write("/etc/rc.shutdown", "");
    sandbox.ok(
        "ip link add em0 type bridge; ip link add lo1 type bridge; ip addr add 192.0.2.1/24 dev em0",
    );
    sandbox.write("/etc/fstab.web", "/var/cache /home/jails/web/tmp nullfs ro 0 0\n");
    let rulesets = [
        ("own", 77),
        ("a", 6),
        ("b", 7),
        ("c", 8),
        ("d", 10),
        ("e", 11),
        ("f", 13),
        ("g", 54),
        ("h", 100),
    ];
    let rulesets: String = rulesets
        .iter()
        .map(|(name, number)| {
            format!("[devfsrules_{name}={number}]\nadd include $devfsrules_jail\nadd path 'bpf*' unhide\n")
        })
        .collect();
    sandbox.write("/etc/devfs.rules", rulesets);
    let (mut by_parameters, mut by_programs, mut said) = (0, 0, Vec::new());
    for file in 0..FILES {
        sandbox.write("/etc/jail.conf", text(file));
        let plan = sandbox.run("jail -q --plan -c web");
        let check = sandbox.run("kletka config check /etc/jail.conf");
        let complaints =
            [plan, check].map(|done| if done.status == 0 { String::new() } else { done.stderr });
        let is_of_a_program = |line: &str| line.starts_with("jail: web: exec ");
        by_parameters += usize::from(complaints[0].lines().all(is_of_a_program));
        // A shell is there; the script that it is to run is not.
        let runs =
            complaints.iter().all(String::is_empty) && !text(file).contains("examples/jails/jib");
        by_programs += usize::from(runs);
        said.extend(complaints[0].lines().map(|line| format!("{file}: {line}\n")));
    }
    sandbox.ok("ip link del em0; ip link del lo1");
    eprintln!(
        "of {FILES} files, {by_parameters} run by their parameters, {by_programs} by their programs too\n{}",
        said.concat()
    );
    assert!(by_parameters >= 120 && by_programs >= 110, "{by_parameters} {by_programs}");
}
