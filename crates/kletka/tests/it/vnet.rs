//! Jails with a network stack of their own: how they reach each other and the LAN, what they cannot
//! touch, and that their interfaces come back to the host however a jail ends.

use crate::record::CLEARED;
use crate::sandbox::Sandbox;
use crate::session;

/// The jails `web`, `db` and `fw`, numbers 1 to 3, each at its end of an epair. `fw` has the host's
/// root, and so the host's programs.
const JAIL_CONF: &str = r#"
path = "/home/jails/$name"; persist; mount.devfs; vnet;
vnet.interface = "epair${jid}b";
exec.prestart = "ifconfig epair${jid} create up", "ifconfig bridge0 addm epair${jid}a";
exec.start = "/run/kletka/jail/ifconfig epair${jid}b 192.168.1.$jid/24 up";
exec.start += "/run/kletka/jail/ifconfig epair${jid}b inet6 fd00::$jid/64";
exec.poststop = "ifconfig epair${jid}a destroy";
web { jid = 1; }
db { jid = 2; }
fw { jid = 3; path = /; }
"#;

/// A machine with these jails on bridge0, and with `re0`, whose cable leads to a host on the LAN.
/// That host is the network namespace `lan` with the addresses 192.168.1.10 and fd00::10.
fn lan(jails: &[&str]) -> Option<Sandbox> {
    let sandbox = Sandbox::new()?;
    sandbox.ok("ip netns add lan && ip link add re0 type veth peer name lan0 netns lan");
    sandbox.ok("ip -n lan link set lan0 up && ip -n lan address add fd00::10/64 nodad dev lan0");
    sandbox.ok("ip -n lan address add 192.168.1.10/24 broadcast + dev lan0");
    sandbox.ok("ifconfig re0 up && ifconfig bridge0 create up addm re0");
    sandbox.write("/etc/jail.conf", JAIL_CONF);
    for jail in jails.iter().filter(|jail| **jail != "fw") {
        sandbox.root(format!("/home/jails/{jail}"));
    }
    for jail in jails {
        sandbox.ok(&format!("jail -q -c {jail} > /dev/null"));
    }
    for jail in jails {
        // An IPv6 address can be used only when the search for duplicates is over.
        let addresses = format!("jexec {jail} /run/kletka/jail/ifconfig -a inet6");
        sandbox.ok(&format!("while {addresses} | grep -q tentative; do :; done"));
    }
    Some(sandbox)
}

fn remove_lan(sandbox: &Sandbox) {
    sandbox.ok("for jail in $(jls name); do jail -q -r $jail > /dev/null || exit; done");
    sandbox.ok("ifconfig bridge0 destroy");
    sandbox.ok("ip link delete re0 && ip netns delete lan && /bin/umount /run/netns");
    assert_eq!(sandbox.ok("ifconfig -l"), "lo0\n");
}

#[test]
fn jails_and_the_lan_reach_each_other() {
    let Some(sandbox) = lan(&["web", "db"]) else { return };
    for (from, to) in [
        ("jexec web", "192.168.1.2"),
        ("jexec web", "192.168.1.10"),
        ("jexec db", "192.168.1.10"),
        ("ip netns exec lan busybox", "192.168.1.2"),
        ("jexec web", "fd00::2"),
        ("jexec web", "fd00::10"),
        ("ip netns exec lan busybox", "fd00::2"),
        ("jexec web", "127.0.0.1"),
        ("jexec web", "::1"),
    ] {
        sandbox.ok(&format!("{from} ping -c 1 -W 10 {to}"));
    }
    // The host only bridges, and has no address in that network.
    assert_ne!(sandbox.run("busybox ping -c 1 -W 1 192.168.1.1").status, 0);
    remove_lan(&sandbox);
}

/// if_ether.c, `arp_iflladdr()`, nd6.c, `nd6_iflladdr()`: an interface that gets another link-level
/// address says so. Without that a neighbour would send to the old one until the entry is stale.
#[test]
fn neighbours_are_told_of_a_new_address() {
    let Some(sandbox) = lan(&["web"]) else { return };
    for address in ["192.168.1.1", "fd00::1"] {
        sandbox.ok(&format!("ip netns exec lan busybox ping -c 1 -W 10 {address}"));
    }
    sandbox.ok("ifconfig -j web epair1b ether 02:00:5e:00:00:99");
    for address in ["192.168.1.1", "fd00::1"] {
        sandbox.ok(&format!(
            "until ip -n lan neighbour show {address} | grep 02:00:5e:00:00:99; do :; done"
        ));
    }
    remove_lan(&sandbox);
}

/// The reason why the article uses a vnet: broadcasts of a jail are heard on the LAN.
#[test]
fn a_broadcast_is_heard_on_the_lan() {
    let Some(sandbox) = lan(&["web"]) else { return };
    // By default Linux does not answer to a ping of everybody.
    let answers = "echo 0 > /proc/sys/net/ipv4/icmp_echo_ignore_broadcasts";
    sandbox.ok(&format!("ip netns exec lan sh -c '{answers}'"));
    let heard = sandbox.ok("jexec web ping -c 1 -W 10 192.168.1.255");
    assert!(heard.contains("from 192.168.1.10"), "{heard}");
    remove_lan(&sandbox);
}

/// The root of a jail with a vnet may do everything in its network, and needs nothing of the
/// host's.
#[test]
fn a_firewall_in_one_jail_is_nowhere_else() {
    let Some(sandbox) = lan(&["web", "fw"]) else { return };
    for jail in ["web", "fw"] {
        let servers = "for port in 80 81; do busybox nc -ll -p $port -e echo $port & done > /dev/null 2>&1; \
             until busybox netstat -ltn | grep -q :81; do :; done; until busybox netstat -ltn | grep -q :80; do :; done";
        sandbox.ok(&format!("jexec {jail} sh -c '{servers}'"));
    }
    // A port whose packets are dropped never answers. Any other port gets enough time to answer.
    let ask = |address: &str, port: u16, seconds: u8| {
        let client = format!("busybox nc -w {seconds} {address} {port} < /dev/null");
        sandbox.run(&format!("ip netns exec lan {client}")).stdout
    };
    assert_eq!(ask("192.168.1.3", 80, 10), "80\n");
    assert_eq!(ask("fd00::3", 80, 10), "80\n");
    let rules =
        "table inet t { chain in { type filter hook input priority 0; tcp dport 80 drop; }; }";
    let done = sandbox.run(&format!("jexec fw nft '{rules}'"));
    assert_eq!((done.status, done.stderr.as_str()), (0, ""));
    #[rustfmt::skip]
    let cases = [
        ("192.168.1.3", 80, ""),
        ("192.168.1.3", 81, "81\n"),
        ("fd00::3",     80, ""),
        ("fd00::3",     81, "81\n"),
        ("192.168.1.1", 80, "80\n"),
        ("fd00::1",     80, "80\n"),
    ];
    for (address, port, want) in cases {
        let seconds = if want.is_empty() { 1 } else { 10 };
        assert_eq!(ask(address, port, seconds), want, "{address} port {port}");
    }
    assert_eq!(sandbox.ok("nft list ruleset"), "");
    remove_lan(&sandbox);
}

#[test]
fn a_jail_cannot_touch_the_hosts_network() {
    let Some(sandbox) = lan(&["web", "fw"]) else { return };
    // `tentative` is left out: how long the search for duplicates takes is a matter of time.
    let state = "ifconfig -a | sed 's/ tentative//'; ip route; ip -6 route; ip rule";
    let before = sandbox.ok(state);
    for line in [
        "jexec web ip link set re0 down",
        "jexec web ip link set bridge0 down",
        "jexec web ip link delete epair1a",
        "jexec web /run/kletka/jail/ifconfig bridge0 destroy",
        "jexec web /run/kletka/jail/ifconfig re0 vnet web",
        "jexec fw /usr/local/libexec/kletka/bin/ifconfig epair3b -vnet fw",
        "jexec fw nsenter --net=/run/netns/lan true",
        "jexec fw ip netns exec lan true",
    ] {
        assert_ne!(sandbox.run(line).status, 0, "{line}");
    }
    // The jail can change routes and settings of its own network.
    sandbox.ok("jexec web ip route add default via 192.168.1.10");
    sandbox.ok("jexec web ip route add blackhole 10.0.0.0/8");
    sandbox.ok("jexec web sh -c 'echo 1 > /proc/sys/net/ipv4/ip_forward'");
    assert_eq!(sandbox.ok("cat /proc/sys/net/ipv4/ip_forward"), "0\n");
    assert_eq!(sandbox.ok("jexec web /run/kletka/jail/ifconfig -l"), "lo0 epair1b\n");
    assert_eq!(sandbox.ok(state), before);
    remove_lan(&sandbox);
}

/// A machine with a jail's root in /home/jails/web, with epair1 and epair2, and with a jail.conf
/// that has `parameters`.
fn with_epairs(parameters: &str) -> Option<Sandbox> {
    let sandbox = Sandbox::new()?;
    sandbox.root("/home/jails/web");
    sandbox.ok("ifconfig epair1 create; ifconfig epair2 create");
    let text = format!("web {{ path = /home/jails/web; mount.devfs; vnet; {parameters} }}\n");
    sandbox.write("/etc/jail.conf", text);
    Some(sandbox)
}

fn remove_epairs(sandbox: &Sandbox) {
    sandbox.ok("ifconfig epair1a destroy; ifconfig epair2a destroy");
    assert_eq!(sandbox.ok("ifconfig -l"), "lo0\n");
}

/// Two interfaces are moved into a jail, and come back to the host in every way in which the jail
/// may end.
#[test]
fn interfaces_come_back() {
    let lasting = "persist; vnet.interface = epair1b, epair2b; exec.start = true;";
    let working = "vnet.interface = epair1b, epair2b; exec.start = \"sh -c 'sleep 1000 > /dev/null 2>&1 &'\";";
    let sleeps = "jail -q -c web; until jexec web pidof sleep > /dev/null; do :; done";
    for (parameters, start, end) in [
        (lasting, "jail -q -c web", "jail -q -r web"),
        (lasting, "jail -q -c web", "jail -q -R web"),
        (working, sleeps, "jexec web sh -c 'kill -9 -1'"),
        (working, sleeps, "jexec web killall sleep"),
        ("vnet.interface = epair1b, epair2b; command = true;", "true", "jail -q -c web"),
    ] {
        let Some(sandbox) = with_epairs(parameters) else { return };
        let all = sandbox.ok("ifconfig -l | tr ' ' '\\n' | sort");
        sandbox.ok(start);
        if start != "true" {
            assert_eq!(sandbox.ok("ifconfig -l"), "lo0 epair1a epair2a\n", "{start}");
            assert_eq!(sandbox.ok("ifconfig -j web -l"), "lo0 epair1b epair2b\n", "{start}");
        }
        // The exit status is not looked at: a command that is killed with its jail fails.
        sandbox.run(end);
        sandbox.ok("until ifconfig epair1b && ifconfig epair2b; do :; done > /dev/null 2>&1");
        assert_eq!(sandbox.ok("ifconfig -l | tr ' ' '\\n' | sort"), all, "{end}");
        // Init gives the interfaces back before it ends, and only then the jail is gone.
        sandbox.ok("until [ -z \"$(jls name)\" ]; do :; done");
        sandbox.ok(CLEARED);
        remove_epairs(&sandbox);
    }
}

/// Meanwhile another interface of the host has the name: the interface that returns gets a new
/// name.
#[test]
fn a_name_that_is_taken_on_return() {
    let Some(sandbox) = with_epairs("persist; vnet.interface = epair1b;") else { return };
    sandbox.ok("jail -q -c web && ifconfig epair2b name epair1b && jail -q -r web");
    let names = sandbox.ok("ifconfig -l");
    assert_eq!(names.split_whitespace().count(), 5, "{names}");
    assert!(names.contains(" vnet") && names.contains(" epair1b"), "{names}");
    remove_epairs(&sandbox);
}

#[test]
fn interfaces_of_a_running_jail() {
    let Some(sandbox) = with_epairs("persist;") else { return };
    sandbox.ok("jail -q -c web");
    session::check(
        &sandbox,
        "\
$ ifconfig epair1b descr given vnet web; ifconfig epair2b vnet web
$ ifconfig -l
lo0 epair1a epair2a
$ ifconfig -j web -l
lo0 epair1b epair2b
$ ifconfig -j web epair1b inet 10.0.0.1/24; ifconfig -j web epair1b | grep -e descr -e inet
	description: given
	inet 10.0.0.1 netmask 0xffffff00 broadcast 10.0.0.255
$ ifconfig epair1b -vnet web; ifconfig epair1b | grep -e descr -e inet
	description: given
$ ifconfig epair1b -vnet web
ifconfig: SIOCSIFRVNET(web, epair1b): Device not configured
[1]
$ ifconfig epair1b vnet nosuch
ifconfig: jail \"nosuch\" not found; jls(8) lists the jails that run, jail -c starts one of jail.conf
[1]
$ ifconfig epair1b vnet 99
ifconfig: jail 99 not found; jls(8) lists the jails that run, jail -c starts one of jail.conf
[1]
$ ifconfig -j 99 -l
ifconfig: jail 99 not found; jls(8) lists the jails that run, jail -c starts one of jail.conf
[1]
$ ifconfig epair2b -vnet 1 && ifconfig epair2b vnet 1 && ifconfig -j 1 -l
lo0 epair2b
$ jail -q -r web
$ ifconfig epair2b destroy; ifconfig epair1b destroy; ifconfig -l
lo0
",
    );
}

/// A jail has the same link-level address after each start, by which switches and DHCP servers
/// recognise it.
#[test]
fn a_jail_keeps_its_link_level_address() {
    let Some(sandbox) = Sandbox::new() else { return };
    sandbox.root("/home/jails/web");
    sandbox.root("/home/jails/db");
    sandbox.write(
        "/etc/jail.conf",
        r#"
path = "/home/jails/$name"; persist; mount.devfs; vnet; vnet.interface = "epair${unit}b";
exec.prestart = "ifconfig epair${unit} create"; exec.poststop = "ifconfig epair${unit}a destroy";
web { $unit = 1; }
db { $unit = 1; }
"#,
    );
    sandbox.write("/etc/machine-id", "0123456789abcdef0123456789abcdef\n");
    let ethers = |jail: &str| {
        sandbox.ok(&format!("jail -q -c {jail}"));
        let said = sandbox.ok(&format!("ifconfig epair1a ether; ifconfig -j {jail} epair1b ether"));
        sandbox.ok(&format!("jail -q -r {jail}"));
        let ethers = said.split_whitespace().skip_while(|word| *word != "ether");
        ethers.filter(|word| word.len() == 17).map(str::to_owned).collect::<Vec<_>>()
    };
    let (web, db) = (ethers("web"), ethers("db"));
    assert_eq!(web.len(), 2, "{web:?}");
    assert_ne!(web[0], web[1]);
    assert_eq!(ethers("web"), web);
    assert!(db.iter().all(|ether| !web.contains(ether)), "{web:?} {db:?}");
}

/// `-j`: every command of the network works in a jail's network from the host.
#[test]
fn from_the_host() {
    let Some(sandbox) = with_epairs("persist; vnet.interface = epair1b;") else { return };
    sandbox.ok("jail -q -c web; ifconfig epair1a ether 02:00:5e:00:00:0a inet 10.0.0.1/24");
    sandbox.ok("ifconfig epair1a inet6 no_dad fd00::1/64");
    session::check(
        &sandbox,
        "\
$ ifconfig -j web epair1b ether 02:00:5e:00:00:0b inet 10.0.0.2/24
$ ifconfig -j web epair1b inet6 no_dad fd00::2/64
$ while ifconfig -j web epair1b inet6 | grep -q tentative; do :; done
$ ifconfig -j web epair1b
epair1b: flags=1008843<UP,BROADCAST,RUNNING,SIMPLEX,MULTICAST,LOWER_UP> metric 0 mtu 1500
	ether 02:00:5e:00:00:0b
	inet 10.0.0.2 netmask 0xffffff00 broadcast 10.0.0.255
	inet6 fd00::2 prefixlen 64
	groups: epair
	media: Ethernet 10Gbase-T (10Gbase-T <full-duplex>)
	status: active
$ ifconfig -j web bridge create addm epair1b span epair1b
ifconfig: BRDGADDS epair1b: Device busy
[1]
$ ifconfig -j web tap create
tap0
$ ifconfig -j web -g tap; ifconfig -g tap
tap0
$ ifconfig -j web tap0 destroy
$ ifconfig -j web lo0 inet6 -ifdisabled; ifconfig -j web lo0 inet
lo0: flags=1000049<UP,LOOPBACK,RUNNING,LOWER_UP> metric 0 mtu 65536
	inet 127.0.0.1 netmask 0xff000000
$ route -j web add default 10.0.0.1; route -j web -6 add default fd00::1
add net default: gateway 10.0.0.1
add net default: gateway fd00::1
$ route -j web -n get -6 default | grep gateway
    gateway: fd00::1
$ busybox ping -c 1 10.0.0.2 > /dev/null; busybox ping -c 1 fd00::2 > /dev/null
$ arp -j web -an | sed 's/in .* seconds/in 1200 seconds/'
? (10.0.0.1) at 02:00:5e:00:00:0a on epair1b expires in 1200 seconds [ethernet]
$ ndp -j web -an | grep -o ^fd00.*epair1b
fd00::1                              02:00:5e:00:00:0a epair1b
$ netstat -j web -rn | grep default
default            10.0.0.1           UGS         epair1b
default                           fd00::1                       UGS         epair1b
$ netstat -j web -in -f inet -I epair1b | tail -n 1
epair1b     - 10.0.0.0/24   10.0.0.2                 -     -     -        -     -     -
$ route -j web flush
default              10.0.0.1             done
default              fd00::1              done
$ jail -q -r web
",
    );
    remove_epairs(&sandbox);
}

/// A jail gets its address from a DHCP server on the LAN.
#[test]
fn an_address_by_dhcp() {
    let Some(sandbox) = lan(&["web"]) else { return };
    sandbox.write(
        "/tmp/udhcpd.conf",
        "interface lan0\nstart 192.168.1.100\nend 192.168.1.100\nlease_file /tmp/leases\n\
         option subnet 255.255.255.0\noption router 192.168.1.10\npidfile /tmp/udhcpd.pid\n",
    );
    sandbox.ok("touch /tmp/leases; ip netns exec lan busybox udhcpd -f /tmp/udhcpd.conf > /tmp/said 2>&1 & \
                until grep -q started /tmp/said; do :; done");
    sandbox.write(
        "/home/jails/web/etc/udhcpc.script",
        "#!/bin/sh\n[ $1 = bound ] || exit 0\n\
         /run/kletka/jail/ifconfig $interface $ip netmask $subnet\n\
         /run/kletka/jail/route -q add default $router\n",
    );
    sandbox.ok("chmod 755 /home/jails/web/etc/udhcpc.script");
    sandbox.ok("jexec web udhcpc -n -q -f -i epair1b -s /etc/udhcpc.script 2> /dev/null");
    let inet = sandbox.ok("ifconfig -j web epair1b inet | tail -n 1");
    assert_eq!(inet, "\tinet 192.168.1.100 netmask 0xffffff00 broadcast 192.168.1.255\n");
    let way = sandbox.ok("route -j web -n get default | grep gateway");
    assert_eq!(way, "    gateway: 192.168.1.10\n");
    sandbox.ok("ip netns exec lan busybox ping -c 1 -W 10 192.168.1.100");
    sandbox.ok("kill $(cat /tmp/udhcpd.pid)");
    remove_lan(&sandbox);
}

/// A jail has IPv6 of its own: others reach it by its link-local address, and its kernel looks for
/// hosts with the same address.
#[test]
fn inet6_of_its_own() {
    let Some(sandbox) = lan(&["web"]) else { return };
    let said = sandbox.ok("ifconfig -j web epair1b inet6 | grep 'inet6 fe80:'");
    let own = said.split([' ', '%']).nth(1).unwrap();
    sandbox.ok(&format!("ip netns exec lan busybox ping -c 1 -W 10 {own}%lan0"));
    let ether = sandbox.ok("ifconfig -j web epair1b ether | tail -n 1");
    assert!(own.ends_with(ether.trim().rsplit(':').next().unwrap()), "{own} {ether}");
    // fd00::10 belongs to the host on the LAN.
    sandbox.ok("jexec web /run/kletka/jail/ifconfig epair1b inet6 fd00::10/64");
    let inside = "jexec web /run/kletka/jail/ifconfig epair1b inet6";
    sandbox.ok(&format!("until {inside} | grep -q 'fd00::10 .*duplicated'; do :; done"));
    sandbox.ok("ip netns exec lan busybox ping -c 1 -W 10 fd00::1");
    // The jail may set the options of IPv6 of its interface.
    sandbox.ok(&format!("{inside} -accept_rtadv no_dad"));
    let options = sandbox.ok("ifconfig -j web epair1b | tail -n 1");
    assert_eq!(options, "\tnd6 options=121<PERFORMNUD,AUTO_LINKLOCAL,NO_DAD>\n");
    // The jail's devfs has no /dev/net/tun.
    let refused = sandbox.run("jexec web /run/kletka/jail/ifconfig tap create");
    let want = "ifconfig: SIOCIFCREATE2 (tap): Operation not supported (there is no /dev/net/tun: \
                load the module tun, or let the jail's devfs have it)\n";
    assert_eq!((refused.stderr.as_str(), refused.status), (want, 1));
    remove_lan(&sandbox);
}

/// Copies of one base, made into jails without host names, have one machine's id. Their interfaces
/// of one name have different link-level addresses all the same, each the same after every start.
#[test]
fn link_level_addresses_of_copies() {
    let Some(sandbox) = Sandbox::new() else { return };
    let id = "0123456789abcdef0123456789abcdef\n";
    sandbox.write("/etc/machine-id", id);
    for jail in ["web", "db"] {
        sandbox.root(format!("/home/jails/{jail}"));
        sandbox.write(format!("/home/jails/{jail}/etc/machine-id"), id);
    }
    sandbox
        .write("/etc/jail.conf", "path = \"/home/jails/$name\"; persist; vnet; web { } db { }\n");
    let ether = |options: &str, name: &str| {
        let said = sandbox.ok(&format!("ifconfig {options} {name} ether"));
        said.split_whitespace().last().unwrap().to_owned()
    };
    let made = || {
        let mut all = Vec::new();
        sandbox
            .ok("jail -q -c web; jail -q -c db; ifconfig bridge0 create; ifconfig epair0 create");
        all.extend(["bridge0", "epair0a", "epair0b"].map(|name| ether("", name)));
        for jail in ["web", "db"] {
            for made in ["bridge0", "epair0"] {
                sandbox.ok(&format!("jexec {jail} /run/kletka/jail/ifconfig {made} create"));
            }
            for made in ["bridge1", "epair1"] {
                sandbox.ok(&format!("ifconfig -j {jail} {made} create"));
            }
            let names = ["bridge0", "epair0a", "epair0b", "bridge1", "epair1a", "epair1b"];
            all.extend(names.map(|name| ether(&format!("-j {jail}"), name)));
        }
        sandbox.ok(
            "jail -q -r web; jail -q -r db; ifconfig bridge0 destroy; ifconfig epair0a destroy",
        );
        all
    };
    let all = made();
    let distinct: std::collections::BTreeSet<&String> = all.iter().collect();
    assert_eq!(distinct.len(), all.len(), "{all:?}");
    assert_eq!(made(), all);
}
