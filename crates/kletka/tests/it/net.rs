//! `kletka net guard`: a change that cuts the host off is undone, any other change stays.

use crate::sandbox::Sandbox;

/// A host with re0. The other end of its cable is in the namespace `lan`, which is the gateway
/// 192.168.1.1 or fd00::1.
fn host(gateway: &str) -> Option<Sandbox> {
    let sandbox = Sandbox::new()?;
    sandbox.ok("ip netns add lan && ip link add re0 type veth peer name lan0 netns lan");
    sandbox.ok("ip -n lan link set lan0 up && ip -n lan address add fd00::1/64 nodad dev lan0");
    sandbox.ok("ip -n lan address add 192.168.1.1/24 dev lan0");
    // Without `nodad` the address could not be used before the kernel has looked for duplicates.
    sandbox.ok("ip link set re0 up && ip address add fd00::5/64 nodad dev re0");
    sandbox.ok("ifconfig re0 192.168.1.5/24 && ifconfig bridge7 create up");
    let family = if gateway.contains(':') { "-6" } else { "-4" };
    sandbox.ok(&format!("route -q {family} add default {gateway}"));
    Some(sandbox)
}

/// The whole state of the network. RUNNING is left out, because the kernel notices that a little
/// later.
fn state(sandbox: &Sandbox) -> String {
    sandbox.ok("ifconfig -a | grep -v -e 'inet6 fe80' -e member -e 'bridge flags' -e 'path cost' -e ' role .* state ' -e '^.id' -e '^.root id' | sed -e 's/ tentative//' -e 's/flags=[^ ]*<UP.*>/UP/'; \
                ip -o link | grep ' re0[:@]' | grep -o -e 'qlen [0-9]*' -e PROMISC -e 'link/ether [^ ]*'; \
                ip route show table all | grep -v -e local -e broadcast -e fe80 -e ff00 -e multicast | sed 's/ linkdown//'; \
                ip rule; ip -6 rule; ip neigh show nud permanent; ip neigh show proxy; bridge fdb show | grep static; \
                bridge -d link show | sed 's/^[0-9]*: //' | grep -v -e '^    ' -e '^$' | grep -o '^[^ :@]*.*master [^ ]*'; \
                bridge -d link show | grep '^  *hairpin'; true")
}

/// The message that every run has about re0, because its other end is in the namespace of the LAN.
const RE0: &str = "kletka: net guard: re0: cannot be made again if the command destroys them\n";

/// Runs the guard with a command that cuts the host off. Answers the further messages.
#[track_caller]
fn undone(sandbox: &Sandbox, change: &str) -> String {
    undone_within(sandbox, 1, change)
}

/// The same, with so many seconds for the change and then for the sign of life.
fn undone_within(sandbox: &Sandbox, seconds: u32, change: &str) -> String {
    let done = sandbox.run(&format!("kletka net guard {seconds} sh -c '{change}' > /dev/null"));
    let want = format!("{RE0}kletka: net guard: no sign of life within {seconds} s: undone\n");
    let rest = done.stderr.strip_prefix(&want).unwrap_or_else(|| panic!("{change}\n{done:?}"));
    assert_eq!(done.status, 1, "{change}");
    rest.to_owned()
}

fn end(sandbox: &Sandbox) {
    assert!(!sandbox.outside("/run/kletka/net-guard".as_ref()).exists());
    sandbox.ok(
        "ip link delete re0; ip link delete bridge7; ip netns delete lan; /bin/umount /run/netns",
    );
}

#[test]
fn a_host_that_is_cut_off_gets_its_network_back() {
    for gateway in ["192.168.1.1", "fd00::1"] {
        let Some(sandbox) = host(gateway) else { return };
        let before = state(&sandbox);
        for change in [
            // The usual mistake: the address stays on the member of the bridge.
            "ifconfig bridge7 addm re0",
            "ifconfig re0 inet 192.168.1.5 delete; ifconfig re0 inet6 fd00::5 delete; ifconfig re0 10.0.0.1/24",
            "ifconfig re0 down; route -q add 10.0.0.0/8 192.168.1.1; ifconfig epair9 create",
            "ifconfig bridge0 create up addm re0; ifconfig re0 mtu 1400; ifconfig bridge7 destroy",
            "ip link set re0 down; ifconfig re0 name wan",
            // Two interfaces that have exchanged their names.
            "ip link set re0 name x; ip link set bridge7 name re0; ip link set x name bridge7; for f in -4 -6; do ip $f route flush default; done",
            "ip address flush dev re0; ip link set re0 address 02:00:00:00:00:77 promisc on txqueuelen 7",
            // Another interface has the name of one that was destroyed.
            "ip link set re0 down; ip link delete bridge7; ip link add bridge7 type veth peer name bridge8",
        ] {
            assert_eq!(undone(&sandbox, change), "", "{change}");
            assert_same(&state(&sandbox), &before, change);
        }
        end(&sandbox);
    }
}

/// Compares lines in any order: an interface that was made again comes last in the list.
#[track_caller]
fn assert_same(after: &str, before: &str, change: &str) {
    let lacks = |text: &str, from: &str| -> Vec<String> {
        let has = |line: &&str| !from.lines().any(|other| other == *line);
        text.lines().filter(has).map(str::to_owned).collect()
    };
    let (gone, new) = (lacks(before, after), lacks(after, before));
    assert!(gone.is_empty() && new.is_empty(), "{change}\ngone: {gone:#?}\nnew: {new:#?}");
}

#[test]
fn a_change_that_leaves_the_gateway_in_reach_stays() {
    for gateway in ["192.168.1.1", "fd00::1"] {
        let Some(sandbox) = host(gateway) else { return };
        let change = "ifconfig re0 descr uplink mtu 1400; exit 3";
        let done = sandbox.run(&format!("kletka net guard 20 sh -c '{change}'"));
        assert_eq!((done.stderr.as_str(), done.status), (RE0, 3));
        assert!(sandbox.ok("ifconfig re0").contains("mtu 1400"));
        end(&sandbox);
    }
}

#[test]
fn a_change_that_is_confirmed_stays() {
    let Some(sandbox) = host("192.168.1.1") else { return };
    sandbox.ok("kletka net guard 50 ifconfig re0 inet 10.0.0.1/24 > /tmp/said 2>&1 & guard=$!; \
         until ifconfig re0 | grep -q 10.0.0.1; do :; done; \
         kletka net guard --confirm && wait $guard");
    assert!(sandbox.ok("ifconfig re0").contains("inet 10.0.0.1 "));
    let done = sandbox.run("kletka net guard --confirm");
    let want = "kletka: net guard: nothing waits to be confirmed\n";
    assert_eq!((done.stderr.as_str(), done.status), (want, 1));
    end(&sandbox);
}

#[test]
fn a_command_that_changes_nothing_is_only_run() {
    let Some(sandbox) = host("192.168.1.77") else { return };
    let done = sandbox.run("kletka net guard 50 sh -c 'echo hello; exit 4'");
    assert_eq!((done.stdout.as_str(), done.stderr.as_str(), done.status), ("hello\n", RE0, 4));
    let done = sandbox.run("kletka net guard 50 nosuch");
    assert_eq!(done.status, 127, "{}", done.stderr);
    for seconds in ["soon", "0", "-1"] {
        let done = sandbox.run(&format!("kletka net guard {seconds} true"));
        assert!(done.status == 1 && done.stderr.contains("usage: "), "{}", done.stderr);
    }
    end(&sandbox);
}

/// The guard does not look at a firewall: the gateway may be out of reach although nothing seems
/// changed.
#[test]
fn a_way_out_that_is_closed_is_noticed_whatever_closed_it() {
    let Some(sandbox) = host("192.168.1.1") else { return };
    let before = state(&sandbox);
    let closed = r#"nft "add table ip f; add chain ip f o { type filter hook output priority 0; policy drop; }""#;
    let done = sandbox.run(&format!("kletka net guard 1 sh -c '{closed}'"));
    let says = "no sign of life within 1 s, and no change that could be undone";
    assert_eq!((done.stderr, done.status), (format!("{RE0}kletka: net guard: {says}\n"), 1));
    assert_same(&state(&sandbox), &before, closed);
    sandbox.ok("nft delete table ip f");
    end(&sandbox);
}

/// The guard that was started dies with its terminal. The guard in a session of its own goes on.
#[test]
fn it_outlives_its_terminal() {
    let Some(sandbox) = host("192.168.1.1") else { return };
    let before = state(&sandbox);
    sandbox.ok("kletka net guard 1 ifconfig re0 down 2> /dev/null & guard=$!; \
         until ifconfig re0 | grep -q BROADCAST,SIMPLEX; do :; done; kill -HUP $guard");
    sandbox.ok("until ifconfig re0 | grep -q UP && ! test -e /run/kletka/net-guard; do :; done");
    sandbox.ok("while pidof kletka; do :; done");
    assert_same(&state(&sandbox), &before, "down");
    end(&sandbox);
}

/// Changes that cut a host off and leave its interfaces alone, and changes that a listing of
/// interfaces does not show.
#[test]
fn routes_rules_and_neighbours() {
    let Some(sandbox) = host("192.168.1.1") else { return };
    sandbox.ok(
        "ip address add 192.168.1.6/24 dev re0 && ip address add 192.168.1.7/32 dev re0 label re0:1 && \
         ip route add 10.1.0.0/16 via 192.168.1.1 metric 7 src 192.168.1.6 mtu 1400 && \
         ip route add 10.2.0.0/16 nexthop via 192.168.1.2 weight 2 nexthop via 192.168.1.3 && \
         ip route add blackhole 10.3.0.0/16 && ip route add 10.4.0.0/16 via 192.168.1.1 table 7 && \
         ip route add 10.6.0.0/16 via 172.16.0.1 dev re0 onlink && \
         ip -6 route add fd01::/64 via fd00::1 metric 9 && ip -6 route add unreachable fd02::/64 && \
         ip -6 route add fd03::/64 nexthop via fd00::2 nexthop via fd00::3 && \
         ip rule add from 192.168.1.6 table 7 priority 100 && ip -6 rule add to fd01::/64 table 8 priority 101 && \
         ip neigh add 192.168.1.9 lladdr 02:00:00:00:00:09 dev re0 nud permanent && \
         ip neigh add fd00::9 lladdr 02:00:00:00:00:09 dev re0 nud permanent && \
         ip neigh add proxy 192.168.1.50 dev re0",
    );
    let before = state(&sandbox);
    for change in [
        "ip route flush table main; ip route flush table 7",
        "ip -6 route flush table main; ip route delete default",
        "ip link set re0 down",
        "ip route delete default; ip rule delete priority 100; ip -6 rule flush; ip rule add from all table 7 priority 5",
        "ip route change default via 192.168.1.2; ip route add 10.9.0.0/16 via 192.168.1.1; ip neigh flush all nud permanent; \
         ip neigh delete proxy 192.168.1.50 dev re0; ip -6 rule delete priority 101",
        // Packets come from the first address. Without it, they would come from the second.
        "ip route delete default; ip address delete 192.168.1.5/24 dev re0",
        "ip route delete default; ip address flush dev re0; ip address add 192.168.1.6/24 dev re0; ip address add 192.168.1.5/24 dev re0",
    ] {
        assert_eq!(undone(&sandbox, change), "", "{change}");
        assert_same(&state(&sandbox), &before, change);
    }
    assert!(sandbox.ok("ip -4 -o address show dev re0 | head -n 1").contains("192.168.1.5/24"));
    sandbox.ok("ip rule delete priority 100; ip -6 rule delete priority 101");
    end(&sandbox);
}

/// A router's advertisement. It offers a default route for half an hour, the network fd0a::/64 on
/// the link, and addresses in that network.
const ADVERTISEMENT: &str = r#"use Socket qw(:all);
socket(S, AF_INET6, SOCK_RAW, 58) and setsockopt(S, 41, 18, pack("i", 255)) and setsockopt(S, 41, 17, pack("i", $ARGV[0])) or die $!;
my $router = pack("CCnCCnNN", 134, 0, 0, 64, 0, 1800, 0, 0);
my $prefix = pack("CCCCNNN", 3, 4, 64, 0xc0, 900, 600, 0) . inet_pton(AF_INET6, "fd0a::");
send(S, $router . $prefix, 0, pack_sockaddr_in6(0, inet_pton(AF_INET6, "ff02::1"), $ARGV[0])) or die $!;
"#;

/// Routes and addresses that the kernel gives only once, or that a router has advertised, are put
/// back when they are gone. That needs no gateway.
#[test]
fn what_was_not_made_by_hand_is_missed() {
    let Some(sandbox) = host("192.168.1.1") else { return };
    sandbox.write("/tmp/advertise", ADVERTISEMENT);
    let advertise =
        "ip netns exec lan perl /tmp/advertise $(ip -n lan -o link show lan0 | cut -d: -f1)";
    let given =
        "ip -6 -o address show dev re0 scope link; ip -6 -o address show dev re0 to fd0a::/64";
    sandbox.ok(&format!(
        "route -q delete default; echo 1 > /proc/sys/net/ipv6/conf/re0/accept_ra; \
         until ip -6 address show dev re0 scope link -tentative | grep inet6; do :; done; \
         until ip -6 route show default | grep ra; do {advertise}; done; \
         until ip -6 address show dev re0 to fd0a::/64 -tentative | grep inet6; do :; done; ip -n lan link set lan0 arp off"
    ));
    let addresses = || {
        let text = sandbox.ok(given);
        text.lines().filter_map(|line| line.split_whitespace().nth(3)).collect::<Vec<_>>().join(" ")
    };
    let before = addresses();
    assert!(before.starts_with("fe80") && before.contains(" fd0a::"), "{before}");
    for change in [
        "ip route delete 192.168.1.0/24 dev re0",
        "ip -6 route delete default",
        "ip -6 address flush dev re0 scope link",
        "ip -6 address flush dev re0 to fd0a::/64",
        "ip link set re0 down; ip link set re0 up",
        "ifconfig re0 inet6 ifdisabled",
        "ifconfig re0 inet6 -accept_rtadv no_radr -auto_linklocal no_dad; ip -6 route flush dev re0",
        "ip link set re0 mtu 1000",
    ] {
        let settings = "cd /proc/sys/net/ipv6/conf/re0; grep . accept_ra accept_ra_defrtr accept_dad addr_gen_mode disable_ipv6; ifconfig re0 | grep -v inet6";
        let was = sandbox.ok(settings);
        assert_eq!(undone_within(&sandbox, 2, change), "", "{change}");
        assert_eq!((sandbox.ok(settings), addresses()), (was, before.clone()), "{change}");
        sandbox.ok("ip -6 address show dev re0 to fd0a::/64 | grep 'valid_lft 8[0-9]*sec preferred_lft 5[0-9]*sec'");
        sandbox.ok(
            "ip -6 route show default | grep 'dev re0 proto ra metric 10.* expires 17[0-9]*sec'",
        );
        sandbox.ok("ip -6 route show fd0a::/64 | grep 'dev re0 proto kernel metric 256 expires 8[0-9]*sec'");
    }
    // The route that was put back does not keep the next advertisement from being heard.
    sandbox.ok(&format!("ip -n lan link set lan0 arp on; until ip -6 route show default | grep 'metric 1024 '; do {advertise}; done"));
    end(&sandbox);
}

/// Interfaces that were made by commands are made again, with their settings and members.
#[test]
fn what_was_destroyed_is_made_again() {
    let Some(sandbox) = host("192.168.1.1") else { return };
    sandbox.ok(
        "ifconfig epair3 create up && ifconfig epair3b inet 10.3.0.1/24 mtu 1400 descr 'far end' up group lan && \
         ifconfig bridge7 addm epair3a private epair3a static epair3a 02:00:00:00:00:33 priority 4096 hellotime 1 maxage 10 fwddelay 30 \
             inet 10.7.0.1/24 descr 'for jails' && \
         ip -6 address add fd07::1/64 nodad dev bridge7 && \
         ip link set bridge7 type bridge stp_state 1 mcast_snooping 0 && bridge link set dev epair3a cost 77 hairpin on && \
         ifconfig vxlan5 create vxlanid 42 vxlanlocal 192.168.1.5 vxlanremote 192.168.1.1 vxlandev re0 up && \
         ip link add link re0 name mac0 type macvlan mode bridge && ip link set mac0 up && ip address add 10.8.0.1/24 dev mac0",
    );
    let details = "ip -d -o link | sed -e 's/^[0-9]*: //' -e 's/ state [A-Z]*//' -e 's/@if[0-9]*//' -e 's/[a-z_]*timer *[0-9.]*//g' \
                       -e 's/designated_[a-z]* [^ ]*//g' -e 's/root_[a-z]* [^ ]*//g' -e 's/<[^>]*>//' -e 's/port_[a-z]* [^ ]*//g' \
                       -e 's/topology_change[_a-z]* [0-9]//g' -e 's/state [a-z]*//' -e 's/fdb_n_learned [0-9]*//' -e 's/lower_up//' | sort";
    let (before, detailed) = (state(&sandbox), sandbox.ok(details));
    for change in [
        "ifconfig epair3a destroy",
        "ifconfig bridge7 destroy; ifconfig vxlan5 destroy",
        "ip link delete mac0; ifconfig epair3b destroy; ifconfig bridge7 destroy",
        "ip link set bridge7 type bridge stp_state 0 priority 8 mcast_snooping 1; bridge link set dev epair3a hairpin off isolated off",
    ] {
        let change = format!("{change}; ip route delete default");
        assert_eq!(undone(&sandbox, &change), "", "{change}");
        assert_same(&state(&sandbox), &before, &change);
        assert_same(&sandbox.ok(details), &detailed, &change);
    }
    assert_eq!(sandbox.ok("ifconfig -g lan"), "epair3b\n");
    sandbox.ok("ip link delete mac0; ifconfig epair3a destroy; ifconfig vxlan5 destroy");
    end(&sandbox);
}

/// While a bridge is in a spanning tree, the kernel may show the times of the tree in place of the
/// bridge's. These must not become the bridge's own.
#[test]
fn the_times_of_a_spanning_tree_do_not_stay() {
    let Some(sandbox) = host("192.168.1.1") else { return };
    sandbox.ok(
        "ifconfig epair3 create up && ifconfig epair3b up && ip link add bridge8 type bridge ageing_time 20000 forward_delay 200 && \
         ip link set bridge8 type bridge stp_state 1 && ip link set epair3a master bridge8 && ip link set bridge8 up && \
         until ip -d link show bridge8 | grep -q 'topology_change 1'; do :; done && \
         ip -d link show bridge8 | grep 'ageing_time 400 '",
    );
    let limit = "kletka: net guard: bridge8: not all times are put back: its spanning tree hides what they are set to\n";
    let done = "kletka: net guard: no sign of life within 1 s: undone\n";
    let said = |change: &str| {
        sandbox.run(&format!("kletka net guard 1 sh -c '{change}; ip route delete default'")).stderr
    };
    // While the bridge is down its tree does not change.
    assert_eq!(said("ip link set bridge8 down"), format!("{RE0}{limit}{done}"));
    sandbox.ok("ip link set bridge8 down; ip -d link show bridge8 | grep 'ageing_time 20000 '");

    sandbox.ok(
        "ip link add bridge9 type bridge priority 4096 max_age 900 hello_time 100 && ip link set bridge9 type bridge stp_state 1 && \
         ip link set epair3b master bridge9 && ip link set bridge9 up && ip link set bridge8 up && \
         until ip -d link show bridge8 | grep -q 'max_age 900 '; do :; done",
    );
    assert_eq!(
        said("ip link set epair3a nomaster; ip link set bridge8 down"),
        format!("{RE0}{limit}{done}")
    );
    sandbox.ok("ip link set epair3a nomaster; ip -d link show bridge8 | grep 'max_age 2000 '");
    sandbox.ok("ip link delete bridge8; ip link delete bridge9; ifconfig epair3a destroy");
    end(&sandbox);
}

#[test]
fn span_ports_are_named() {
    let Some(sandbox) = host("192.168.1.1") else { return };
    sandbox.ok("ifconfig epair3 create && ifconfig bridge7 span epair3a");
    let done = sandbox.run("kletka net guard 1 ifconfig bridge7 -span epair3a");
    let limit = "kletka: net guard: bridge7: its span ports are not put back\n";
    assert_eq!((done.stderr, done.status), (format!("{RE0}{limit}"), 0));
    sandbox.ok("ifconfig epair3a destroy");
    end(&sandbox);
}

/// An interface that could not be made again is named before the command runs, and afterwards if it
/// is gone.
#[test]
fn what_cannot_be_made_again_is_named() {
    let Some(sandbox) = host("192.168.1.1") else { return };
    sandbox.ok(
        "ip netns add jail && ip link add out0 type veth peer name in0 netns jail && ip tuntap add tap3 mode tap",
    );
    let done = sandbox.run(
        "kletka net guard 1 sh -c 'ip link delete tap3; ip link delete out0; ifconfig re0 down'",
    );
    let want = "\
kletka: net guard: re0 out0 tap3: cannot be made again if the command destroys them
kletka: net guard: no sign of life within 1 s: undone
kletka: net guard: out0: is gone, and cannot be made again
kletka: net guard: tap3: is gone, and cannot be made again
";
    assert_eq!((done.stderr.as_str(), done.status), (want, 1));
    // Everything else was put back.
    assert!(sandbox.ok("route -n get default").contains("192.168.1.1"));
    // An interface that was moved into another network may be in use there, and stays there.
    sandbox.ok("ip link add epair4a type veth peer name epair4b");
    let done =
        sandbox.run("kletka net guard 1 sh -c 'ip link set epair4b netns jail; ifconfig re0 down'");
    assert!(
        done.stderr.ends_with("epair4b: its other end has left this network\n"),
        "{}",
        done.stderr
    );
    sandbox.ok("ip link delete epair4a; ip netns delete jail");
    end(&sandbox);
}

#[test]
fn a_command_that_hangs_is_killed_and_undone() {
    let Some(sandbox) = host("192.168.1.1") else { return };
    let before = state(&sandbox);
    let done = sandbox.run("kletka net guard 1 sh -c 'ifconfig re0 down; sleep 1000 & sleep 2000'");
    let want = format!("{RE0}kletka: net guard: sh has not ended within 1 s: killed, and undone\n");
    assert_eq!((done.stderr, done.status), (want, 1));
    assert_same(&state(&sandbox), &before, "down");
    sandbox.ok("! pidof sleep");
    // After a confirmation the guard waits for the command as long as it takes.
    sandbox.ok(
        "kletka net guard 1 sh -c 'ifconfig re0 down; until test -e /tmp/go; do :; done; exit 5' & guard=$!; \
         until ifconfig re0 | grep -q BROADCAST,SIMPLEX; do :; done; kletka net guard --confirm; \
         sleep 1.2; : > /tmp/go; wait $guard; test $? = 5",
    );
    sandbox.ok("ifconfig re0 | grep BROADCAST,SIMPLEX");
    end(&sandbox);
}

/// A confirmation that comes too late fails, also while the command is being killed. The command of
/// this test has much memory, so that its end takes time.
#[test]
fn what_is_killed_cannot_be_confirmed() {
    let Some(sandbox) = host("192.168.1.1") else { return };
    let done = sandbox.run(
        "mkfifo /tmp/full; sleep 1000 < /tmp/full & reader=$!; \
         kletka net guard 1 sh -c 'echo $$ > /tmp/pid; exec dd if=/dev/zero of=/tmp/full bs=256M count=1' 2> /dev/null & guard=$!; \
         until test -s /tmp/pid; do :; done; until grep -qs '^dd$' /proc/$(cat /tmp/pid)/comm; do :; done; pid=$(cat /tmp/pid); \
         while words=; { read -r words < /proc/$pid/cmdline; } 2> /dev/null; test -n \"$words\"; do :; done; \
         kletka net guard --confirm; echo $?; wait $guard; echo $?; kill $reader",
    );
    let says = "kletka: net guard: nothing waits to be confirmed\n";
    assert_eq!((done.stdout.as_str(), done.stderr.as_str()), ("1\n1\n", says));
    end(&sandbox);
}

/// The terminal of a dead connection takes no more output, and whoever writes there waits for ever.
#[test]
fn nobody_has_to_read_what_it_says() {
    let Some(sandbox) = host("192.168.1.1") else { return };
    let before = state(&sandbox);
    sandbox.ok(
        "mkfifo /tmp/terminal; sleep 1000 < /tmp/terminal & echo $! > /tmp/reader; \
         kletka net guard 1 sh -c 'ifconfig re0 down; exec yes' > /tmp/terminal 2>&1 & \
         until ifconfig re0 | grep -q BROADCAST,SIMPLEX; do :; done; \
         until ifconfig re0 | grep -q UP; do :; done; kill $(cat /tmp/reader); while pidof kletka; do :; done",
    );
    assert_same(&state(&sandbox), &before, "down");
    end(&sandbox);
}

/// The end of ssh(1) ends the terminal, the shell and all processes in the foreground.
#[test]
fn it_outlives_the_session() {
    let Some(sandbox) = host("192.168.1.1") else { return };
    let before = state(&sandbox);
    sandbox.ok(
        "script -qc 'kletka net guard 1 sh -c \"ifconfig re0 down; sleep 0.5\"' /dev/null < /dev/null > /dev/null 2>&1 & session=$!; \
         until ifconfig re0 | grep -q BROADCAST,SIMPLEX; do :; done; kill -KILL $session; \
         until ifconfig re0 | grep -q UP; do :; done; while pidof kletka; do :; done",
    );
    assert_same(&state(&sandbox), &before, "down");
    end(&sandbox);
}

#[test]
fn one_guard_at_a_time() {
    let Some(sandbox) = host("192.168.1.1") else { return };
    let watched = "kletka net guard 50 ifconfig re0 inet 10.0.0.1/24 2> /tmp/said & guard=$!; \
                   until ifconfig re0 | grep -q 10.0.0.1; do :; done; pid=$(cat /run/kletka/net-guard);";
    let done = sandbox.run(&format!(
        "{watched} kletka net guard 50 true; echo $?; kletka net guard --confirm; wait $guard; echo $?; \
         kletka net guard --confirm; echo $?; echo $pid"
    ));
    let lines: Vec<&str> = done.stdout.lines().collect();
    let [refused, kept, late, pid] = lines[..] else { panic!("{done:?}") };
    assert_eq!((refused, kept, late), ("1", "0", "1"));
    let want = format!(
        "kletka: net guard: another guard waits: process {pid}\n\
         kletka: net guard: nothing waits to be confirmed\n"
    );
    assert_eq!(done.stderr, want);

    // A guard that was killed leaves its file behind, which stops no later guard.
    for (next, status, says) in [
        (
            "--confirm",
            1,
            "nothing waits to be confirmed: the guard that was process PID was killed, its change stays",
        ),
        ("1 true", 0, "the guard that was process PID was killed: its change has not been undone"),
    ] {
        sandbox.ok("ifconfig re0 inet 192.168.1.5/24; route -q add default 192.168.1.1 || true");
        let done = sandbox.run(&format!(
            "{watched} kill -KILL $pid; wait $guard; cat /tmp/said; kletka net guard {next}; echo $?; echo $pid"
        ));
        let pid = done.stdout.lines().last().unwrap();
        let killed = "kletka: net guard: killed by signal 9: nothing will be undone\n";
        assert_eq!(done.stdout, format!("{RE0}{killed}{status}\n{pid}\n"));
        let says = format!("kletka: net guard: {}\n", says.replace("PID", pid));
        assert_eq!(done.stderr.replace(RE0, ""), says);
    }
    end(&sandbox);
}

/// Each family of IP that had a way out needs one afterwards.
#[test]
fn both_families_count() {
    let Some(sandbox) = host("192.168.1.1") else { return };
    sandbox.ok("route -q -6 add default fd00::1");
    let before = state(&sandbox);
    for change in [
        "ip -6 route delete default",
        "ifconfig re0 inet6 fd00::5 delete",
        "ip route delete default",
    ] {
        assert_eq!(undone(&sandbox, change), "", "{change}");
        assert_same(&state(&sandbox), &before, change);
    }
    // Afterwards the way out may lead through another interface that has the addresses, such as a
    // new bridge.
    sandbox.ok(
        "kletka net guard 20 sh -c 'ip address flush dev re0; ip -6 route delete default; ifconfig bridge7 addm re0; ifconfig bridge7 192.168.1.5/24; \
             ip address add fd00::5/64 nodad dev bridge7; route -q add default 192.168.1.1; route -q -6 add default fd00::1'",
    );
    assert!(sandbox.ok("ip route show default").contains("dev bridge7"));
    end(&sandbox);
}

/// A gateway with a permanent entry cannot be asked for its address: the guard leaves the entry
/// alone.
#[test]
fn a_permanent_neighbour_proves_nothing() {
    let Some(sandbox) = host("192.168.1.1") else { return };
    sandbox.ok("ip neigh replace 192.168.1.1 lladdr 02:00:00:00:00:01 dev re0 nud permanent");
    let before = state(&sandbox);
    let done = sandbox.run("kletka net guard 1 ifconfig re0 descr uplink");
    assert_eq!(done.status, 1, "{done:?}");
    assert_same(&state(&sandbox), &before, "descr");
    end(&sandbox);
}
