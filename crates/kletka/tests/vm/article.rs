//! The article's file server, whose jail.conf was written for FreeBSD: its network, on VLAN 7.
//!
//! The jail.conf is used byte for byte. In place of Samba the jail has busybox and an rc that only
//! waits, because this test is about the way of the packets.

use crate::sandbox::Sandbox;

const JAIL_CONF: &str = include_str!("../../../../examples/samba-vlan/jail.conf");
const FSTAB: &str = include_str!("../../../../examples/samba-vlan/fstab.samba");

/// The commands of jail.conf, as `jail -v` shows them: in FreeBSD's order, with the article's
/// words.
const START: &str = "\
samba: run command: ifconfig epair1 create
samba: run command: ifconfig bridge1 create
samba: run command: ifconfig re0.7 up
samba: run command: /bin/sh -c ifconfig epair1a up descr 'jail samba side of the epair'
samba: run command: /bin/sh -c ifconfig bridge1 up addm re0.7 addm epair1a descr 'bridge for the jail samba'
samba: run command: /sbin/ifconfig epair1b vnet 1
samba: run command in jail: /bin/sh /etc/rc
samba: run command in jail: /bin/sh -c ifconfig epair1b 192.168.1.240/24 up descr 'jail side of the epair only visible in the jail'
samba: run command in jail: route add default 192.168.1.250
";
const STOP: &str = "\
samba: run command in jail: /bin/sh /etc/rc.shutdown
samba: run command: ifconfig bridge1 deletem epair1a deletem re0.7
samba: run command: ifconfig epair1a destroy
samba: run command: ifconfig bridge1 destroy
";

/// Makes the host's card re0 with its VLAN 7, and at the other end of its cable a LAN with VLANs 7
/// and 8.
fn network(sandbox: &Sandbox) {
    sandbox.ok("ip netns add lan && ip link add re0 type veth peer name trunk netns lan");
    sandbox.ok("ifconfig re0 up && ifconfig re0.7 create vlan 7 vlandev re0");
    sandbox.ok("ip -n lan link set trunk up");
    for (tag, network) in [(7, 1), (8, 8)] {
        sandbox.ok(&format!(
            "ip -n lan link add link trunk name trunk.{tag} up type vlan id {tag} && \
             ip -n lan address add 192.168.{network}.10/24 broadcast + dev trunk.{tag} && \
             ip -n lan address add fd00:{network}::10/64 nodad dev trunk.{tag}"
        ));
    }
}

/// Makes the jail's root on a disk: /home of a sandbox is a tmpfs, which Linux 6.1 cannot idmap.
fn files(sandbox: &Sandbox) {
    sandbox.ok("mkdir -p /srv/article && /bin/mount --bind /srv/article /home");
    sandbox.root("/home/jails/samba");
    // The sh of Debian's busybox prefers its own ifconfig to that in the PATH.
    sandbox.ok("cd /home/jails/samba && rm bin/sh && cp /bin/dash bin/sh && \
         for library in $(ldd /bin/dash | grep -o '/[^ ]*'); do \
             mkdir -p .${library%/*} && cp -L $library .$library; \
         done");
    // A jail without `persist` lives only as long as a process runs in it.
    sandbox.write("/home/jails/samba/etc/rc", "sleep 1000 > /dev/null 2>&1 &\n");
    sandbox.write("/home/jails/samba/etc/rc.shutdown", "exit 0\n");
    sandbox.ok("mkdir -p /home/share /home/jails/samba/srv/share /var/log/jail");
    sandbox.write("/etc/jail.conf", JAIL_CONF);
    sandbox.write("/etc/fstab.samba", FSTAB);
}

fn commands(said: &str) -> String {
    let lines = said.lines().filter(|line| line.contains(": run command"));
    lines.map(|line| format!("{line}\n")).collect()
}

#[test]
fn the_jail_on_its_vlan() {
    let Some(sandbox) = crate::sandbox() else { return };
    network(&sandbox);
    files(&sandbox);
    let before = sandbox.ok("ifconfig -l");
    assert_eq!(commands(&sandbox.ok("jail -v -c samba")), START);
    assert_eq!(sandbox.ok("jls jid host.hostname"), "1 samba.local\n");
    assert_eq!(sandbox.ok("jexec samba hostname"), "samba.local\n");
    sandbox.ok("echo film > /home/share/film && jexec samba cat /srv/share/film | grep film");

    packets(&sandbox);

    assert_eq!(commands(&sandbox.ok("jail -v -r samba")), STOP);
    assert_eq!(sandbox.ok("ifconfig -l"), before);
    sandbox.ok("ifconfig re0.7 destroy && ip link delete re0 && ip netns delete lan");
    sandbox.ok("/bin/umount /run/netns && rm -r /home/* && /bin/umount /home");
    sandbox.check();
}

/// The packets of the jail, broadcasts included, are on the wire with their tag. VLAN 8 hears none
/// of them.
fn packets(sandbox: &Sandbox) {
    sandbox.ok(
        "ip netns exec lan tcpdump -U -l -e -n -i trunk > /tmp/wire 2> /tmp/tcpdump & echo $! > /tmp/pid; \
         until grep -q listening /tmp/tcpdump; do :; done",
    );
    sandbox.ok("jexec samba ping -c 1 -W 20 192.168.1.10");
    let ifconfig = "jexec samba /run/kletka/jail/ifconfig epair1b inet6";
    sandbox.ok(&format!("{ifconfig} fd00:1::240/64"));
    // The address can be used only when the search for duplicates is over.
    sandbox.ok(&format!("while {ifconfig} | grep -q tentative; do :; done"));
    sandbox.ok("jexec samba ping -6 -c 1 -W 20 fd00:1::10");
    sandbox.ok("jexec samba ping -c 1 -W 1 192.168.1.255 > /dev/null || true");
    sandbox.ok("until grep -q '> 192.168.1.255: ICMP echo request' /tmp/wire; do :; done");
    sandbox.ok("kill $(cat /tmp/pid)");

    let wire = sandbox.ok("cat /tmp/wire");
    let own: Vec<&str> = wire.lines().filter(|line| line.contains("192.168.1.240")).collect();
    assert!(own.len() >= 4, "{wire}"); // ARP and echo, each there and back
    assert!(own.iter().all(|line| line.contains("vlan 7,")), "{wire}");
    let own6 = wire.lines().find(|line| line.contains("fd00:1::240 > fd00:1::10: ICMP6, echo"));
    assert!(own6.is_some_and(|line| line.contains("vlan 7,")), "{wire}");
    let heard = "ip netns exec lan cat /sys/class/net/trunk.8/statistics/rx_packets";
    assert_eq!(sandbox.ok(heard), "0\n");
    // The jail cannot reach the other VLAN through its neighbour either.
    let done = sandbox.run("jexec samba ping -c 1 -W 1 192.168.8.10");
    assert_eq!(done.status, 1, "{}", done.stdout);
}
