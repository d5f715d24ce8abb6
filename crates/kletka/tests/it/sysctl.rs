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
$ sysctl kern.hostname kern.ostype security.jail.jailed
kern.hostname: samba.local
kern.ostype: Linux
security.jail.jailed: 0
$ unshare --user --map-root-user sysctl -n security.jail.jailed
1
$ sysctl -n kern.osrelease | diff - /proc/sys/kernel/osrelease
$ sysctl kern.nope -n
sysctl: unknown oid 'kern.nope'
sysctl: unknown oid '-n'
[1]
$ sysctl kern.nope=1 kern.ostype
kern.ostype: Linux
sysctl: unknown oid 'kern.nope'
[1]
$ sysctl -i kern.nope
$ sysctl kern.ostype=FreeBSD
sysctl: oid 'kern.ostype' is read only
[1]
$ sysctl net.inet.ip.forwarding=yes
sysctl: net.inet.ip.forwarding=yes: Invalid argument
[1]
$ sysctl net.link.bridge.pfil_member=0
net.link.bridge.pfil_member: 0 -> 0
",
    );
}
