//! sysctl(8): FreeBSD's names for what Linux keeps in /proc/sys.

use crate::sandbox::Sandbox;
use crate::session;

#[test]
fn names_and_values() {
    let Some(sandbox) = Sandbox::new() else { return };
    sandbox.ok("hostname samba.local");
    session::check(
        &sandbox,
        "\
$ sysctl net.inet.ip.forwarding
net.inet.ip.forwarding: 0
$ sysctl net.inet.ip.forwarding=1
net.inet.ip.forwarding: 0 -> 1
$ cat /proc/sys/net/ipv4/ip_forward
1
$ sysctl -n net.inet.ip.forwarding
1
$ sysctl -w net.inet6.ip6.forwarding=1
net.inet6.ip6.forwarding: 0 -> 1
$ sysctl -n kern.boottime | cut -d, -f 1 | sed s/.*=.// > /tmp/was; grep -c ^btime.$(cat /tmp/was)$ /proc/stat; rm /tmp/was
1
$ sysctl -t kern.boottime kern.hostname
kern.boottime: opaque
kern.hostname: string
$ sysctl kern.hostname kern.ostype security.jail.jailed
kern.hostname: samba.local
kern.ostype: Linux
security.jail.jailed: 0
$ unshare --user --map-root-user sysctl -n security.jail.jailed
0
$ sysctl net.inet.icmp.bmcastecho=1; cat /proc/sys/net/ipv4/icmp_echo_ignore_broadcasts
net.inet.icmp.bmcastecho: 0 -> 1
0
$ sysctl net.inet.icmp.bmcastecho=2
net.inet.icmp.bmcastecho: 1
sysctl: net.inet.icmp.bmcastecho=2: Invalid argument
[1]
$ sysctl kern.features
kern.features.inet: 1
kern.features.inet6: 1
kern.features.vimage: 1
$ sysctl security.jail.vnet security.jail.jail_max_af_ips net.fibs
security.jail.vnet: 0
security.jail.jail_max_af_ips: 255
net.fibs: 16
$ sysctl -n kern.osrelease | diff - /proc/sys/kernel/osrelease
$ sysctl kern.nope -n
sysctl: unknown oid 'kern.nope'
sysctl: unknown oid '-n'
[2]
$ sysctl kern.nope=1 kern.ostype
kern.ostype: Linux
sysctl: unknown oid 'kern.nope'
[1]
$ sysctl -i kern.nope
$ sysctl kern.ostype=FreeBSD
sysctl: oid 'kern.ostype' is read only
[1]
$ sysctl net.inet.ip.forwarding=yes
sysctl: invalid integer 'yes'
[1]
$ sysctl net.inet.ip.ttl=0x100
net.inet.ip.ttl: 64
sysctl: net.inet.ip.ttl=0x100: Invalid argument
[1]
$ sysctl net.inet.ip.ttl=0+100
sysctl: invalid integer '0+100'
[1]
$ sysctl -q kern.nope
[1]
$ sysctl -d net.inet.ip.ttl net.fibs
net.inet.ip.ttl: Hops that a packet may take
net.fibs: Number of routing tables
$ sysctl -e kern.features.inet
kern.features.inet=1
$ sysctl -aN | grep -c .
48
$ sysctl -an | grep -x Linux
Linux
$ sysctl -a | grep ostype
kern.ostype: Linux
$ printf 'net.inet.ip.ttl = 65 # hops\\n\\n#\\nkern.nope=1\\nkern.hostname: \"a # b\"\\n' > /tmp/conf; sysctl -f /tmp/conf
net.inet.ip.ttl: 64 -> 65
kern.hostname: samba.local -> a # b
sysctl: unknown oid 'kern.nope' at line 4
[1]
$ sysctl kern.hostname=; hostname | od -A n -c
kern.hostname: a # b ->\u{20}
  \\n
$ sysctl kern.hostname=\"\"
kern.hostname:  ->\u{20}
$ sysctl kern.hostname='two words'
kern.hostname:  -> two words
$ sysctl -f /nowhere
sysctl: /nowhere: No such file or directory
[66]
$ setpriv --reuid 65534 --clear-groups sysctl net.inet.ip.ttl=9
net.inet.ip.ttl: 65
sysctl: net.inet.ip.ttl=9: Operation not permitted
[1]
$ sysctl -t kern.ostype
kern.ostype: string
$ sysctl -z
sysctl: illegal option -- z
usage: sysctl [-dehiNnoqtwx] [-f filename] name[=value] ...
       sysctl [-dehNnoqtwx] -a
[1]
$ sysctl net.link.bridge.pfil_member=0
net.link.bridge.pfil_member: 0 -> 0
",
    );
}

/// What a jail can ask about itself. The jails have the host's root, because they need its
/// programs.
#[test]
fn in_jails() {
    let Some(sandbox) = Sandbox::new() else { return };
    sandbox.ok("jail -q -c name=own path=/ vnet persist && jail -q -c name=shared path=/ ip4=inherit persist");
    let sysctl = "/usr/local/libexec/kletka/bin/sysctl -n security.jail.jailed security.jail.vnet";
    assert_eq!(sandbox.ok(&format!("jexec own {sysctl}")), "1\n1\n");
    assert_eq!(sandbox.ok(&format!("jexec shared {sysctl}")), "1\n0\n");
    // A jail that has the host's users is still a jail.
    sandbox.ok("jail -q -c name=users path=/ ip4=inherit kletka.userns=inherit persist");
    assert_eq!(
        sandbox.ok("jexec users /usr/local/libexec/kletka/bin/sysctl -n security.jail.jailed"),
        "1\n"
    );
    sandbox.ok("jail -q -r own shared users");
}
