//! `service netif`: the interfaces of the host that rc.conf(5) has kletka make.

use crate::sandbox::Sandbox;
use crate::session;

/// The rc.conf of the article's host, with a bridge that has addresses. The end of a cable, `re0`,
/// stands for hardware.
const RC_CONF: &str = r#"
cloned_interfaces="bridge7 epair3 vxlan1"
create_args_vxlan1="vxlanid 42 vxlanlocal 10.0.0.1"
ifconfig_re0="inet 192.168.1.2/24"
ifconfig_bridge7="inet 10.7.0.1/24 addm epair3a"
ifconfig_bridge7_alias0="inet 10.7.0.2/32"
ifconfig_bridge7_alias1="inet6 fd00:7::2/64"
ifconfig_bridge7_ipv6="inet6 fd00:7::1/64"
ifconfig_bridge7_descr="for the jails"
ifconfig_epair3b="mtu 1400 descr 'the other end'"
defaultrouter="10.7.0.254"
ipv6_defaultrouter="fd00:7::fe"
"#;

fn host() -> Option<Sandbox> {
    let sandbox = Sandbox::new()?;
    sandbox.ok("ip link add re0 type veth peer name lan0");
    sandbox.write("/etc/rc.conf", RC_CONF);
    Some(sandbox)
}

/// Prints what is configured, and the interfaces in the group of those that kletka has made.
const STATE: &str = "ifconfig -g kletka; ifconfig bridge7 | grep -e descr -e 'inet ' -e 'inet6 fd' -e member: | sed 's/ tentative//' | sort; \
    ifconfig epair3b | grep -e descr -e mtu; netstat -rn | grep default";

#[test]
fn start_restart_stop() {
    let Some(sandbox) = host() else { return };
    let first = sandbox.run("service netif start");
    assert_eq!(first.stderr, "netif: re0: left alone: it was not made by kletka\n");
    assert_eq!(first.status, 0);
    let head = "Starting Network: bridge7 epair3a epair3b vxlan1.\nbridge7: flags=";
    assert!(first.stdout.starts_with(head), "{}", first.stdout);
    let want = "\
bridge7
epair3a
epair3b
vxlan1
	description: for the jails
	inet 10.7.0.1 netmask 0xffffff00 broadcast 10.7.0.255
	inet 10.7.0.2 netmask 0xffffffff
	inet6 fd00:7::1 prefixlen 64
	inet6 fd00:7::2 prefixlen 64
	member: epair3a flags=3<LEARNING,DISCOVER>
epair3b: flags=1008843<UP,BROADCAST,RUNNING,SIMPLEX,MULTICAST,LOWER_UP> metric 0 mtu 1400
	description: the other end
default            10.7.0.254         UGS         bridge7
default                           fd00:7::fe                    UGS         bridge7
";
    let state = sandbox.ok(STATE);
    let sorted = |text: &str| {
        let mut lines: Vec<String> = text.lines().map(str::to_owned).collect();
        lines.sort_unstable();
        lines
    };
    assert_eq!(sorted(&state), sorted(want));
    let again = sandbox.run("service netif restart > /dev/null");
    assert_eq!((again.stderr, again.status), (first.stderr, 0));
    assert_eq!(sorted(&sandbox.ok(STATE)), sorted(want));
    session::check(
        &sandbox,
        "\
$ service netif stop vxlan1
Stopping Network: vxlan1.
$ service netif start vxlan1 | head -n 1
Starting Network: vxlan1.
$ service netif stop
Stopping Network: vxlan1 epair3a epair3b bridge7.
netif: re0: left alone: it was not made by kletka
$ service netif stop 2> /dev/null
$ ifconfig -l
lo0 lan0 re0
$ ifconfig re0 inet
re0: flags=8802<BROADCAST,SIMPLEX,MULTICAST> metric 0 mtu 1500
$ ip link delete re0
",
    );
}

/// An interface that was there before belongs to the host, whatever its name and whatever rc.conf
/// says.
#[test]
fn what_is_the_hosts_is_left_alone() {
    let Some(sandbox) = host() else { return };
    sandbox.ok("ip link add bridge7 type bridge; ifconfig lan0 up; ifconfig re0 10.0.0.1/24 up");
    sandbox.ok("route -q add default 10.0.0.254");
    sandbox.write(
        "/etc/rc.conf",
        "cloned_interfaces=\"bridge7 bridge8\"\nifconfig_bridge7=\"inet 10.7.0.1/24\"\n\
         ifconfig_bridge8=\"inet 10.8.0.1/24 descr 'not closed\"\ndefaultrouter=10.8.0.254\n",
    );
    session::check(
        &sandbox,
        "\
$ service netif start > /dev/null
netif: WARNING: bridge7: left alone: it was not made by kletka
netif: WARNING: bridge8: a quote is not closed: inet 10.8.0.1/24 descr 'not closed
netif: defaultrouter: left alone: the host has a default route
[1]
$ ifconfig bridge7 inet
bridge7: flags=8802<BROADCAST,SIMPLEX,MULTICAST> metric 0 mtu 1500
$ service netif stop re0
netif: WARNING: re0: left alone: it was not made by kletka
[1]
$ service netif start nosuch
netif: WARNING: nosuch: neither cloned_interfaces nor a vlans_IF of rc.conf names it
[1]
$ service netif stop
Stopping Network: bridge8.
$ service netif quietstart
$ ifconfig -l
lo0 lan0 re0 bridge7
$ route get default | grep gateway
    gateway: 10.0.0.254
$ service netif console
/etc/rc.d/netif: unknown directive 'console'.
Usage: /etc/rc.d/netif [fast|force|one|quiet](start|stop|restart|rcvar|enable|disable|delete|enabled|describe|extracommands|cloneup|clonedown)
[1]
$ ip link delete bridge7; ip link delete re0
",
    );
    sandbox.write("/etc/rc.conf", "kletka_netif_enable=YES\ncloned_interfaces=bridge9\n");
    assert!(sandbox.ok("service netif quietstart").starts_with("Starting Network: bridge9.\n"));
    sandbox.ok("service netif stop");
    sandbox.write("/etc/rc.conf", "cloned_interfaces='bridge9 epair4'\nvlans_lan0=7\n");
    session::check(
        &sandbox,
        "\
$ service netif cloneup | head -n 1; ifconfig -l
Starting Network: bridge9 epair4a epair4b.
lo0 bridge9 epair4a epair4b
$ service netif clonedown; ifconfig -l
Stopping Network: epair4a epair4b bridge9.
lo0
$ rm /etc/rc.conf; service netif cloneup; service netif clonedown; service netif extracommands
cloneup clonedown
",
    );
}

/// `stop` also destroys interfaces that rc.conf no longer names. Variables that FreeBSD would heed
/// and kletka does not are reported.
#[test]
fn what_is_not_there_and_what_is_not_done() {
    let Some(sandbox) = host() else { return };
    sandbox.write("/etc/rc.conf", "cloned_interfaces=\"epair3 bridge7\"\n");
    sandbox.ok("service netif start");
    sandbox.write(
        "/etc/rc.conf",
        "cloned_interfaces=bridge7\nvlans_re1=7\nvlans_re2=\nipv4_addrs_bridge7=10.0.0.1-5/24\n\
         ifconfig_bridge7_name=lan\nifconfig_bridge7_aliases=\"inet 10.0.0.9/24\"\n",
    );
    session::check(
        &sandbox,
        "\
$ service netif start > /dev/null
netif: WARNING: vlans_re1: there is no interface re1
netif: WARNING: ifconfig_bridge7_name: not supported
netif: WARNING: ifconfig_bridge7_aliases: not supported
[1]
$ service netif stop
Stopping Network: bridge7 epair3b epair3a.
$ ifconfig -l
lo0 lan0 re0
$ ip link delete re0
",
    );
}

/// An interface that is made here keeps its name, as no other variable would find a new one. A vlan
/// gets its name by `vlans_IF`.
#[test]
fn names_that_would_be_lost() {
    let Some(sandbox) = host() else { return };
    sandbox.write(
        "/etc/rc.conf",
        "cloned_interfaces=\"bridge1 bridge2 bridge3\"\ncreate_args_bridge1=\"name office\"\n\
         create_args_bridge2=\"descr name\"\nifconfig_bridge2=\"mtu 1400\"\n\
         ifconfig_bridge3=\"descr x name lan\"\n",
    );
    session::check(
        &sandbox,
        "\
$ service netif start | grep Starting
Starting Network: bridge2.
netif: WARNING: create_args_bridge1: name: not supported
netif: WARNING: ifconfig_bridge3: name: not supported
$ ifconfig bridge2 | grep -o -e description.* -e mtu.*
mtu 1400
description: name
$ service netif stop
Stopping Network: bridge3 bridge2.
$ ifconfig -l
lo0 lan0 re0
$ ip link delete re0
",
    );
}

/// A start that is killed at any of its requests to the kernel leaves nothing that is not ours: the
/// next start sets all up, and a stop takes all away.
#[test]
fn a_start_that_is_killed_anywhere() {
    let Some(sandbox) = Sandbox::new() else { return };
    sandbox.write(
        "/etc/rc.conf",
        "cloned_interfaces=\"bridge1 epair3\"\n\
         ifconfig_bridge1=\"inet 192.0.2.1/24 addm epair3a up\"\nifconfig_epair3b=\"up\"\n",
    );
    let state = "ifconfig -l; ifconfig -g kletka; ifconfig bridge1 | grep -e 'inet ' -e member";
    sandbox.ok("service netif start > /dev/null");
    let whole = sandbox.ok(state);
    sandbox.ok("service netif stop > /dev/null");
    let kill = "strace -qq -o /dev/null -e trace=sendto -e inject=sendto:signal=KILL:when=";
    for place in 1.. {
        let killed = sandbox.run(&format!("{kill}{place} service netif start")).status == 137;
        let done = sandbox.run("service netif start > /dev/null");
        // Where the killed start had done all, the words meet a bridge that has its member.
        let is_second = done.stderr.contains("BRDGADD epair3a: File exists");
        assert_eq!(done.status, i32::from(is_second), "{place}: {}", done.stderr);
        assert_eq!(sandbox.ok(state), whole, "{place}");
        // Also a stop alone removes what a killed start has made.
        sandbox.ok("service netif stop > /dev/null");
        let _ = sandbox.run(&format!("{kill}{place} service netif start"));
        sandbox.ok("service netif stop > /dev/null");
        assert_eq!(sandbox.ok("ifconfig -l"), "lo0\n", "{place}");
        if !killed {
            assert!(place > 10, "{place}");
            break;
        }
    }
}

/// What is taken out of the group is not kletka's any more, whatever it was made for.
#[test]
fn what_is_given_away() {
    let Some(sandbox) = Sandbox::new() else { return };
    sandbox.write("/etc/rc.conf", "cloned_interfaces=\"bridge1\"\n");
    sandbox.ok("service netif start > /dev/null; ifconfig bridge1 -group kletka");
    let done = sandbox.run("service netif stop; ifconfig -l; service netif start");
    assert_eq!(done.stdout, "lo0 bridge1\n");
    assert!(
        done.stderr.contains("bridge1: left alone: it was not made by kletka"),
        "{}",
        done.stderr
    );
    sandbox.ok("ifconfig bridge1 destroy");
}

/// A default router at an interface that is not there is reported: without the interface, the route
/// would lead somewhere else.
#[test]
fn a_router_at_an_interface_that_is_not_there() {
    let Some(sandbox) = Sandbox::new() else { return };
    sandbox.write(
        "/etc/rc.conf",
        "cloned_interfaces=\"bridge1\"\nifconfig_bridge1_ipv6=\"inet6 fd00::1/64\"\n\
         ipv6_defaultrouter=\"fe80::1%nosuch0\"\n",
    );
    let done = sandbox.run("service netif start > /dev/null");
    let want = "netif: WARNING: ipv6_defaultrouter: fe80::1%nosuch0: interface nosuch0 does not \
                exist\n";
    assert_eq!((&*done.stderr, done.status), (want, 1));
    assert_eq!(sandbox.ok("netstat -rn | grep default || echo none"), "none\n");
    sandbox.ok("service netif stop > /dev/null");
}
