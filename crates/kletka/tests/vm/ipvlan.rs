//! Jails whose addresses of the host are in a network of their own: `kletka.net = ipvlan`. The
//! kernel of a machine that builds kletka may have no ipvlan.

use crate::it::session::check;
use crate::sandbox::Sandbox;

/// A machine with a card whose other end, `wire`, is another machine; a root that serves a page.
fn machine(jail_conf: &str) -> Option<Sandbox> {
    let sandbox = crate::sandbox()?;
    sandbox.root("/home/r");
    sandbox.write("/home/r/www/page", "jail\n");
    sandbox.write("/home/host/page", "host\n");
    sandbox.write("/etc/jail.conf", jail_conf);
    sandbox.ok(
        "ip netns add wire; ip link add em0 type veth peer name w0 netns wire; ip link set em0 up; \
         ip -n wire link set w0 up; ip addr add 192.0.2.9/24 dev em0; \
         ip addr add 2001:db8::9/64 dev em0 nodad; ip -n wire addr add 192.0.2.100/24 dev w0; \
         ip -n wire addr add 2001:db8::100/64 dev w0 nodad; ip route add default via 192.0.2.100; \
         echo '0 65535' > /proc/sys/net/ipv4/ping_group_range",
    );
    Some(sandbox)
}

/// Takes the machine's network away again. Nothing of the jails may be left by then.
fn end(sandbox: &Sandbox) {
    check(
        sandbox,
        "\
$ ip rule; ip -6 rule; ip route show table 27499 2>&1 | grep -v FIB; ip -o link | grep -c kletka; ip -o address show dev em0 scope global | awk '{ print $4 }'
0:	from all lookup local
32766:	from all lookup main
32767:	from all lookup default
0:	from all lookup local
32766:	from all lookup main
0
192.0.2.9/24
2001:db8::9/64
",
    );
    sandbox.ok("ip link delete em0; ip netns delete wire; /bin/umount /run/netns");
}

const WEB: &str = r#"
kletka.net = ipvlan;
exec.start = "/bin/busybox httpd -p 80 -h /www";
path = /home/r; mount.devfs; persist; interface = em0; allow.reserved_ports;
a { ip4.addr = 192.0.2.1/24, 192.0.2.2/24; ip6.addr = 2001:db8::1/64; host.hostname = a; allow.raw_sockets; }
b { ip4.addr = 192.0.2.3/24; ip6.addr = 2001:db8::3/64; host.hostname = b; }
c { ip4.addr = 192.0.2.9; ip6.addr = ""; }
d { ip4.addr = 192.0.2.1/24; }
"#;

#[test]
fn the_host_and_jails_on_one_port() {
    let Some(sandbox) = machine(WEB) else { return };
    sandbox.ok("busybox httpd -p 80 -h /home/host");
    let page = "page() { timeout 9 busybox wget -q -O - http://$1/page; }; hosts=\"192.0.2.1 192.0.2.2 \
                192.0.2.3 192.0.2.9 [2001:db8::1] [2001:db8::3] [2001:db8::9]\"; ";
    check(
        &sandbox,
        &format!(
            "\
$ jail -v -c a 2>/dev/null
a: run command: /sbin/ifconfig em0 inet 192.0.2.1/24 alias
a: run command: /sbin/ifconfig em0 inet 192.0.2.2/24 alias
a: run command: /sbin/ifconfig em0 inet6 2001:db8::1/64 alias
a: jail_set(JAIL_CREATE) name=a path=/home/r persist allow.raw_sockets allow.reserved_ports host.hostname=a ip4.addr=192.0.2.1,192.0.2.2 ip6.addr=2001:db8::1 kletka.net=ipvlan
a: created
a: carry 192.0.2.1 192.0.2.2 2001:db8::1
a: run command in jail: /bin/busybox httpd -p 80 -h /www
$ jail -q -c b; sed -i 's,^jail$,b,' /home/r/www/page
$ {page}for host in $hosts; do page $host; done | xargs
b b b host b b host
$ {page}for host in $hosts; do ip netns exec wire timeout 9 busybox wget -q -O - http://$host/page; done | xargs
b b b host b b host
$ for jail in a b; do for host in 192.0.2.1 192.0.2.3 192.0.2.9 127.0.0.1 '[2001:db8::1]' '[2001:db8::9]'; do jexec $jail timeout 9 busybox wget -q -O - http://$host/page; done; done | xargs
b b host b b host b b host b b host
$ jexec a ip -o address | awk '{{ print $2, $4 }}'; jexec a ip route; jls -j a -n kletka.net ip4.addr
em0 192.0.2.1/24
em0 192.0.2.2/24
em0 2001:db8::1/64
default dev em0 scope link 
192.0.2.0/24 dev em0 scope link 
kletka.net=ipvlan ip4.addr=192.0.2.1,192.0.2.2
$ jexec b ping -c 1 -W 5 192.0.2.100 2>&1 | tail -n 1
ping: permission denied (are you root?)
$ jexec a ip address add 192.0.2.77/24 dev em0; jexec a ip link set em0 down; jexec a ip route delete default
ip: RTNETLINK answers: Operation not permitted
ip: SIOCSIFFLAGS: Operation not permitted
ip: RTNETLINK answers: Operation not permitted
[2]
$ jexec a busybox httpd -p 192.0.2.9:81 -h /www; jexec a busybox httpd -p 80 -h /www
httpd: bind: Cannot assign requested address
httpd: bind: Address already in use
[1]
$ jail -q -c d
jail: d: 192.0.2.1 is an address of jail \"a\", and kletka.net=ipvlan gives it to one jail alone
[1]
$ jail -q -c name=s path=/home/r persist ip4.addr=192.0.2.3; jail -q -m name=b ip4.addr='em0|192.0.2.2'; jls -j b ip4.addr
192.0.2.3
jail: 192.0.2.3 is an address of jail \"b\", and kletka.net=ipvlan gives it to one jail alone
jail: 192.0.2.2 is an address of jail \"a\", and kletka.net=ipvlan gives it to one jail alone
$ jail -q -c c
jail: c: kletka.net=ipvlan: 192.0.2.9 is the host's own address, which would be out of reach; give the jail another one (/etc/jail.conf line 2)
[1]
$ kletka doctor | grep ipvlan | sed 's/kletka[0-9]*/KLETKA/'
ipvlan: the host reaches 192.0.2.1 192.0.2.2 192.0.2.3 2001:db8::1 2001:db8::3 by KLETKA, table 27499 and a rule; they go with the last of them
$ jail -v -r a 2>&1 | tail -n 5; ip -o link | grep -c kletka; ip route show table 27499 | wc -l
a: removed
a: carry no more
a: run command: /sbin/ifconfig em0 inet6 2001:db8::1/64 -alias
a: run command: /sbin/ifconfig em0 inet 192.0.2.2/24 -alias
a: run command: /sbin/ifconfig em0 inet 192.0.2.1/24 -alias
1
1
$ {page}page 192.0.2.3; page '[2001:db8::3]'; jail -q -r b
b
b
"
        ),
    );
    sandbox.ok("kill $(pidof busybox)");
    end(&sandbox);
}

/// A server of datagrams, for all addresses, that answers with a name; and a client that hears
/// nobody but the address that it asks.
const DATAGRAMS: [(&str, &str); 2] = [
    (
        "/home/r/serve",
        "use Socket qw(:all); socket(S, AF_INET6, SOCK_DGRAM, 0); setsockopt(S, IPPROTO_IPV6, IPV6_V6ONLY, 0); \
         bind(S, pack_sockaddr_in6(53, IN6ADDR_ANY)) or die \"bind: $!\"; \
         while ($from = recv(S, $text, 9, 0)) { send(S, $ARGV[0], 0, $from) }",
    ),
    (
        "/home/r/ask",
        "use IO::Socket::IP; foreach (@ARGV) { alarm 9; \
         $s = IO::Socket::IP->new(PeerHost => $_, PeerPort => 53, Type => SOCK_DGRAM) or die \"$_: $!\"; \
         send($s, 'x', 0) or die \"$_: $!\"; recv($s, $text, 9, 0); print \"$text \" } print \"\\n\"",
    ),
];

#[test]
fn datagrams() {
    let jails = WEB.replace(
        "/bin/busybox httpd -p 80 -h /www",
        "/usr/bin/perl /serve $name < /dev/null > /dev/null 2>&1 &",
    ) + "mount = \"/usr /home/r/usr nullfs ro 0 0\";";
    let Some(sandbox) = machine(&jails) else { return };
    for (path, text) in DATAGRAMS {
        sandbox.write(path, text);
    }
    sandbox.ok("mkdir -p /home/r/usr; cd /home/r; rm -rf lib lib64; ln -s usr/lib lib; ln -s usr/lib64 lib64");
    sandbox.ok("perl /home/r/serve host & echo $! > /tmp/pid; jail -q -c a; jail -q -c b");
    let all = "192.0.2.1 192.0.2.3 192.0.2.9 2001:db8::1 2001:db8::3 2001:db8::9";
    // The host may answer from another of its addresses of IPv6.
    let sure = all.trim_end_matches(" 2001:db8::9");
    check(
        &sandbox,
        &format!(
            "\
$ perl /home/r/ask {all}; ip netns exec wire perl /home/r/ask {sure}
a b host a b host 
a b host a b 
$ for jail in a b; do jexec $jail /usr/bin/perl /ask {all}; done
a b host a b host 
a b host a b host 
$ jail -q -r a; jail -q -r b
"
        ),
    );
    sandbox.ok("kill $(cat /tmp/pid)");
    end(&sandbox);
}

/// What a jail has left that was killed is named, and goes with the next command.
#[test]
fn a_jail_that_was_killed() {
    let Some(sandbox) = machine(WEB) else { return };
    sandbox
        .ok("jail -q -c b; kill -9 $(sed -n 's/^init=\\([0-9]*\\).*/\\1/p' /run/kletka/jails/1); \
         while jls -c -j b; do :; done");
    check(
        &sandbox,
        "\
$ kletka doctor | grep -e '^ipvlan' -e '^address' | sed 's/kletka[0-9]*,/KLETKA,/'
address 192.0.2.3: left over: em0 has it for a jail that does not run: ifconfig em0 192.0.2.3 -alias
address 2001:db8::3: left over: em0 has it for a jail that does not run: ifconfig em0 2001:db8::3 -alias
ipvlan: left over: KLETKA, table 27499 and a rule lead to 192.0.2.3 2001:db8::3, of no jail: kletka doctor --mend
$ jail -q -r b
",
    );
    end(&sandbox);
}

/// Addresses change while the jail runs; a bridge carries them too, and loopback does not.
#[test]
fn addresses_change_and_other_parents() {
    let Some(sandbox) = machine(WEB) else { return };
    sandbox.ok("ip link add bridge0 type bridge; ip link set bridge0 up; jail -q -c b");
    check(
        &sandbox,
        "\
$ jail -q -m name=b ip4.addr='em0|192.0.2.4/24,bridge0|10.0.0.5/24'; jexec b ip -o address | awk '{ print $2, $4 }'
em0 192.0.2.4/24
em0 2001:db8::3/64
bridge0 10.0.0.5/24
$ for host in 192.0.2.4 10.0.0.5; do timeout 9 busybox wget -q -O - http://$host/page; done; ip route show table 27499 | wc -l
jail
jail
2
$ jail -q -m name=b ip4.addr='em0|192.0.2.6/24,192.0.2.9'; ip -o -4 address show dev em0 | awk '{ print $4 }'; jexec b ip -o -4 address | awk '{ print $2, $4 }'; jls -j b ip4.addr
192.0.2.9/24
192.0.2.4/24
em0 192.0.2.4/24
bridge0 10.0.0.5/24
192.0.2.4,10.0.0.5
jail: kletka.net=ipvlan: 192.0.2.9 is the host's own address, which would be out of reach; give the jail another one
$ ip rule delete table 27499; kletka doctor | grep ^ipvlan; kletka doctor --mend > /dev/null; ip rule | head -n 2
ipvlan: wrong: table 27499 leads to jails, and no rule has it asked, which some program has removed: kletka doctor --mend
0:	from all iif lo lookup 27499 proto 107
0:	from all lookup local
$ jail -q -r b; ip -o link | grep -c kletka
0
[1]
$ jail -q -c name=l path=/home/r persist kletka.net=ipvlan ip4.addr='lo0|127.0.0.5'
jail: kletka.net=ipvlan: lo0: ipvlan needs an Ethernet interface; kletka.net=stack does without, and so does vnet
[1]
$ ip link add bridge1 type bridge; ip link set em0 master bridge1; jail -q -c b; ip link delete bridge1
jail: b: kletka.net=ipvlan: em0: it is in a bridge or a lagg, or carries macvlans; kletka.net=stack does without, and so does vnet (/etc/jail.conf line 2)
$ ip link add foreign link em0 type ipvlan mode l2; jail -q -c b; ip link delete foreign
jail: b: kletka.net=ipvlan: em0: it carries ipvlans of another mode; kletka.net=stack does without, and so does vnet (/etc/jail.conf line 2)
$ jail -q -c name=l path=/home/r persist kletka.net=ipvlan ip4.addr=192.0.2.55
jail: kletka.net=ipvlan: no interface of the host has 192.0.2.55; name one in front of it, as in em0|192.0.2.55
[1]
$ jail -q -c name=l path=/home/r persist kletka.net=ipvlan vnet; jail -q -c name=l path=/home/r persist kletka.net=ipvlan
jail: kletka.net: a jail with vnet has no addresses of the host; leave one of them out
jail: kletka.net: there is no address to carry; give the jail ip4.addr or ip6.addr
[1]
",
    );
    sandbox.ok("ip link delete bridge0");
    end(&sandbox);
}

/// The host's rules for what comes in and goes out hold for the jail, and those for what it sends
/// on do not; its rules of routing may be in another order than the kernel's.
#[test]
fn rules_of_the_host() {
    let Some(sandbox) = machine(WEB) else { return };
    let ask = "ask() { timeout ${2:-9} busybox wget -q -O - http://$1/page || echo none; }";
    check(
        &sandbox,
        &format!(
            "\
$ ip rule add pref 32765 lookup local; ip rule del pref 0; ip link add vrf0 type vrf table 77; jail -q -c b; ip rule
0:	from all iif lo lookup 27499 proto 107
1000:	from all lookup [l3mdev-table]
32765:	from all lookup local
32766:	from all lookup main
32767:	from all lookup default
$ {ask}; nft 'add table inet t; add chain inet t f {{ type filter hook forward priority 0; policy drop; }}'; ask 192.0.2.3; ip netns exec wire busybox wget -q -O - http://192.0.2.3/page
jail
jail
$ nft 'add chain inet t i {{ type filter hook input priority 0; }}; add rule inet t i ip daddr 192.0.2.3 tcp dport 80 reject with tcp reset'; ip netns exec wire busybox wget -q -O - http://192.0.2.3/page
wget: can't connect to remote host (192.0.2.3): Connection refused
[1]
$ ip -n wire address add 192.0.2.101/24 dev w0; nft 'add chain inet t o {{ type filter hook output priority 0; }}; add rule inet t o ip saddr 192.0.2.3 tcp dport 80 counter reject with tcp reset'; ip netns exec wire busybox httpd -h /home/host; jexec b busybox wget -q -O - http://192.0.2.101/page
wget: can't connect to remote host (192.0.2.101): Connection refused
[1]
$ nft list table inet t | grep -o 'counter packets [1-9]' | grep -c counter; nft delete table inet t; jexec b busybox wget -q -O - http://192.0.2.101/page
1
host
$ jail -q -r b; ip rule add pref 0 lookup local protocol kernel; ip rule del pref 32765; ip link delete vrf0; ip rule del pref 1000; ip -6 rule del pref 1000
"
        ),
    );
    sandbox.ok("kill $(pidof busybox)");
    end(&sandbox);
}

/// With the host's user ids too, nobody in the jail changes its network.
#[test]
fn root_of_the_host_inside() {
    let Some(sandbox) = machine(&WEB.replace("kletka.net", "kletka.userns = inherit; kletka.net"))
    else {
        return;
    };
    check(
        &sandbox,
        "\
$ jail -q -c b 2> /dev/null; timeout 9 busybox wget -q -O - http://192.0.2.3/page
jail
$ jexec b ip address add 192.0.2.77/24 dev em0; jexec b ip link set em0 down
ip: RTNETLINK answers: Operation not permitted
ip: SIOCSIFFLAGS: Operation not permitted
[2]
$ jexec b sh -c 'echo 1 > /proc/sys/net/ipv4/ip_forward'
sh: can't create /proc/sys/net/ipv4/ip_forward: Read-only file system
[1]
$ jail -q -r b
",
    );
    end(&sandbox);
}

/// However far a start has come when it is killed, the next one works, and nothing is left.
#[test]
fn starts_that_are_killed() {
    let Some(sandbox) = machine(WEB) else { return };
    for hundredths in (0..40).step_by(4) {
        sandbox.run(&format!(
            "jail -q -c b & sleep 0.{hundredths:02}; kill -9 $!; wait $! 2> /dev/null; jail -q -R b; jail -q -C b"
        ));
    }
    check(
        &sandbox,
        "\
$ jail -q -c a & jail -q -c b & wait; for host in 192.0.2.1 192.0.2.3; do timeout 9 busybox wget -q -O - http://$host/page; done
jail
jail
$ jail -q -rc b; timeout 9 busybox wget -q -O - http://192.0.2.3/page; jail -q -r a b
jail
",
    );
    end(&sandbox);
}
