//! Routing tables by number: setfib(1), `exec.fib`, `route -fib`, net.fibs.

use crate::sandbox::Sandbox;
use crate::session::check;

/// A machine between two routers, `r1` behind e1 and `r2` behind e2. Both have 203.0.113.9 and
/// 2001:db8::9, where a web server says which router it is and who asks. r2 alone has 198.51.100.7.
/// The main table leads to r1, fib 2 to r2.
fn between_two_routers() -> Option<Sandbox> {
    let sandbox = Sandbox::new()?;
    for n in [1, 2] {
        let script = format!("#!/bin/sh\necho\necho r{n} $REMOTE_ADDR\n");
        sandbox.write(format!("/home/r{n}/cgi-bin/who"), script);
        sandbox.ok(&format!(
            "chmod 755 /home/r{n}/cgi-bin/who; ip netns add r{n}
             ip link add e{n} type veth peer name w{n} netns r{n}; ip link set e{n} up
             ip addr add 10.0.{n}.1/24 dev e{n}; ip addr add fd00:{n}::1/64 dev e{n} nodad
             on() {{ ip -n r{n} $*; }}; on link set lo up; on link set w{n} up
             on addr add 10.0.{n}.254/24 dev w{n}; on addr add fd00:{n}::fe/64 dev w{n} nodad
             on addr add 203.0.113.9/32 dev lo; on addr add 2001:db8::9/128 dev lo nodad
             on route add default via 10.0.{n}.1
             ip netns exec r{n} busybox httpd -h /home/r{n}"
        ));
    }
    sandbox.ok("ip -n r2 addr add 198.51.100.7/32 dev lo");
    sandbox.ok("route add default 10.0.1.254; route -6 add default fd00:1::fe");
    sandbox.ok("route add -fib 2 default 10.0.2.254; route -6 add default fd00:2::fe -fib 2");
    sandbox.write("/home/who", WHO);
    sandbox.ok("chmod 755 /home/who");
    Some(sandbox)
}

/// Asks both families' servers who this is, and shows the address of a connected UDP socket.
const WHO: &str = "#!/bin/bash
for host in 203.0.113.9 '[2001:db8::9]'; do
    busybox wget -q -O - http://$host/cgi-bin/who 2>&1
done
exec 3<> /dev/udp/203.0.113.9/9
busybox awk '/097100CB/ { print $2 }' /proc/self/net/udp | sed 's/0101000A:.*/10.0.1.1/; s/0102000A:.*/10.0.2.1/'
";

fn end(sandbox: &Sandbox) {
    sandbox.ok("kill $(pidof busybox); ip link delete e1; ip link delete e2");
    sandbox.ok("ip netns delete r1; ip netns delete r2; /bin/umount /run/netns");
}

#[test]
fn a_command_leaves_by_its_own_table() {
    let Some(sandbox) = between_two_routers() else { return };
    check(
        &sandbox,
        "\
$ /home/who
r1 [::ffff:10.0.1.1]
r1 [fd00:1::1]
10.0.1.1
$ setfib 2 /home/who
r2 [::ffff:10.0.2.1]
r2 [fd00:2::1]
10.0.2.1
$ setfib -2 setfib -F 0 /home/who
r1 [::ffff:10.0.1.1]
r1 [fd00:1::1]
10.0.1.1
$ sysctl net.fibs net.my_fibnum; setfib -F2 sysctl -n net.my_fibnum
net.fibs: 16
net.my_fibnum: 0
2
$ setfib 2 busybox ping -c 1 -W 5 198.51.100.7 | grep -c 'bytes from'; busybox ping -c 1 -W 1 198.51.100.7 | grep -c 'bytes from'
1
0
[1]
$ setfib 3 busybox ping -c 1 203.0.113.9; setfib 3 busybox ping -c 1 -W 5 10.0.1.1 | grep -c 'bytes from'
PING 203.0.113.9 (203.0.113.9): 56 data bytes
1
ping: sendto: Network is unreachable
$ ip rule; ip -6 rule | grep fwmark
0:	from all lookup local
1100:	from all fwmark 0x3000000/0x1f000000 lookup 9002 proto 107
1100:	from all fwmark 0x4000000/0x1f000000 lookup 9003 proto 107
1101:	from all fwmark 0x3000000/0x1f000000 unreachable proto 107
1101:	from all fwmark 0x4000000/0x1f000000 unreachable proto 107
32766:	from all lookup main
32767:	from all lookup default
1100:	from all fwmark 0x3000000/0x1f000000 lookup 9002 proto 107
1100:	from all fwmark 0x4000000/0x1f000000 lookup 9003 proto 107
1101:	from all fwmark 0x3000000/0x1f000000 unreachable proto 107
1101:	from all fwmark 0x4000000/0x1f000000 unreachable proto 107
",
    );
    end(&sandbox);
}

#[test]
fn a_server_answers_by_its_own_table() {
    let Some(sandbox) = between_two_routers() else { return };
    sandbox.write("/home/web/page", "page\n");
    // Only fib 2 leads back to this client.
    sandbox.ok("ip -n r2 route add 10.0.2.1/32 dev w2 src 198.51.100.7");
    sandbox.ok("setfib 2 busybox httpd -p 82 -h /home/web; busybox httpd -p 80 -h /home/web");
    check(
        &sandbox,
        "\
$ ip netns exec r2 timeout 5 busybox wget -q -O - http://10.0.2.1:82/page
page
$ ip netns exec r2 timeout 1 busybox wget -q -O - http://10.0.2.1:80/page
[124]
",
    );
    end(&sandbox);
}

#[test]
fn tables_are_changed_and_shown() {
    let Some(sandbox) = between_two_routers() else { return };
    check(
        &sandbox,
        "\
$ netstat -rn -4 -F 2
Routing tables (fib: 2)

Internet:
Destination        Gateway            Flags         Netif Expire
default            10.0.2.254         UGS              e2
$ setfib 2 netstat -rn -4 | head -1; netstat -rn -4 -F 5
Routing tables (fib: 2)
Routing tables (fib: 5)
$ setfib 2 route -n get default | grep -e gateway -e fib; route -n get -fib 2 8.8.8.8 | grep -e gateway -e fib
    gateway: 10.0.2.254
        fib: 2
    gateway: 10.0.2.254
        fib: 2
$ route add -net 172.16.0.0/12 10.0.1.254 -fib 0,4-5; route delete -net 172.16.0.0/12 -fib 0-1
add net 172.16.0.0: gateway 10.0.1.254 fib 0,4,5
delete net 172.16.0.0 fib 0
delete net 172.16.0.0 fib 1: not in table
route: route has not been found
[1]
$ route change -net 172.16.0.0/12 10.0.1.253 -fib 4; route flush -fib 4,5
change net 172.16.0.0: gateway 10.0.1.253 fib 4
172.16.0.0/12        10.0.1.253           -fib 4   done
172.16.0.0/12        10.0.1.254           -fib 5   done
$ setfib 2 route delete default; setfib 2 route add default -iface e2
delete net default fib 2
add net default: gateway e2 fib 2
$ route -n get default | grep gateway
    gateway: 10.0.1.254
$ route get -fib 9 8.8.8.8
route: route has not been found
[1]
$ route add default 10.0.1.254 -fib 16
route: invalid fib number: 16
[64]
",
    );
    end(&sandbox);
}

/// The group that a command has ends with the last of its processes, however they end.
#[test]
fn nothing_stays_of_a_command() {
    let Some(sandbox) = Sandbox::new() else { return };
    let group = "group() { find /sys/fs/cgroup -path \"*$(sed -n s/^0:://p /tmp/group)\" -type d 2> /dev/null; }; \
                 gone() { until [ -z \"$(group)\" ]; do :; done; }; ";
    let own = "cat /proc/self/cgroup > /tmp/group";
    for line in [
        "setfib 1 cat /proc/self/cgroup > /tmp/group",
        "setfib 1 sh -c 'cat /proc/self/cgroup > /tmp/group; kill -9 $$' 2> /dev/null",
        "setfib 1 sh -c 'OWN; sleep 100 & echo $! > /tmp/pid'; [ -n \"$(group)\" ]; kill -9 $(cat /tmp/pid)",
        "setfib 1 sh -c 'OWN; exec setfib 2 true'",
    ] {
        let line = line.replace("OWN", own);
        let done = sandbox.run(&format!("{group}{line}; gone"));
        assert_eq!((done.status, done.stderr.as_str()), (0, ""), "{line}");
    }
    check(
        &sandbox,
        "\
$ grep -c kletka-setfib /tmp/group
1
$ setfib 1 nothing
setfib: nothing: No such file or directory
[127]
$ setfib 1 /etc/passwd
setfib: /etc/passwd: Permission denied
[126]
$ setfib 1 sh -c 'exit 3'
[3]
$ setfib 16 true
setfib: 16: invalid FIB (max 15)
[1]
$ setfib 1
usage: setfib [-[F]]value command
[1]
$ sh -c 'echo $$; exec setfib 1 sh -c \"echo \\$\\$\"' | uniq | wc -l
1
",
    );
}

const JAILS: &str = r#"
path = /home/r; persist; mount.devfs; exec.fib = 2; exec.start = "/bin/sh /who";
host { ip4 = inherit; ip6 = inherit; }
some { ip4.addr = 10.0.2.1; ip6.addr = fd00:2::1; }
zero { ip4 = inherit; ip6 = inherit; exec.fib = 0; }
own {
    vnet; vnet.interface = e2;
    exec.start = "ifconfig e2 inet 10.0.2.2/24 up", "route add default 10.0.2.254";
    exec.start += "busybox wget -q -O - http://203.0.113.9/cgi-bin/who";
}
"#;

/// A machine with these jails.
fn with_jails() -> Option<Sandbox> {
    let sandbox = between_two_routers()?;
    sandbox.root("/home/r");
    sandbox.write("/home/r/who", WHO.split("exec").next().unwrap());
    sandbox.write("/etc/jail.conf", JAILS);
    Some(sandbox)
}

#[test]
fn jails_leave_by_their_table() {
    let Some(sandbox) = with_jails() else { return };
    check(
        &sandbox,
        "\
$ jail -c host; jexec host sh /who; jail -q -r host
host: created
r2 [::ffff:10.0.2.1]
r2 [fd00:2::1]
r2 [::ffff:10.0.2.1]
r2 [fd00:2::1]
$ jail -c some; jexec some sh /who; jail -q -r some
some: created
r2 [::ffff:10.0.2.1]
r2 [fd00:2::1]
r2 [::ffff:10.0.2.1]
r2 [fd00:2::1]
$ jail -c zero; jail -q -r zero
zero: created
r1 [::ffff:10.0.1.1]
r1 [fd00:1::1]
$ setfib 2 jail -c path=/home/r ip4=inherit ip6=inherit command=/bin/sh /who
r2 [::ffff:10.0.2.1]
r2 [fd00:2::1]
$ jail -c own; jail -q -r own
own: created
add net default: gateway 10.0.2.254 fib 2
r2 [::ffff:10.0.2.2]
",
    );
    end(&sandbox);
}

#[test]
fn what_a_jail_cannot_have() {
    let Some(sandbox) = with_jails() else { return };
    sandbox.ok("jail -q -c host > /dev/null");
    check(
        &sandbox,
        "\
$ jexec -l host setfib 2 echo same; jexec -l host setfib 3 true
same
setfib: a jail's processes all have one fib, 2 here; exec.fib chooses it on the host
[1]
$ setfib 3 jexec host true
jexec: a command in jail \"host\" has fib 2, as all of the jail, and cannot have fib 3
[1]
$ jail -q -r host; jail -q -c name=x path=/home/r persist exec.fib=16
jail: exec.fib: 16: setfib: Invalid argument; there are fibs 0 to 15
[1]
$ ip rule add pref 50 fwmark 0x1000000/0xff000000 lookup 7; jail -c host
jail: host: exec.fib: fib 2: the rule \"ip rule pref 50 fwmark 0x1000000/0xff000000 table 7\" is not kletka's, and about the same marks or the same table
[1]
$ jls name
$ setfib 2 true
setfib: fib 2: the rule \"ip rule pref 50 fwmark 0x1000000/0xff000000 table 7\" is not kletka's, and about the same marks or the same table
[1]
",
    );
    end(&sandbox);
}

/// Jails inside a jail have its fib; those that the host puts there have their own.
#[test]
fn jails_inside_have_the_fib_of_the_outer_one() {
    let Some(sandbox) = with_jails() else { return };
    sandbox.root("/home/r/inner");
    sandbox.write("/home/r/inner/who", WHO.split("exec").next().unwrap());
    sandbox.write(
        "/home/r/etc/jail.conf",
        "path = /inner; persist; ip4 = inherit; ip6 = inherit; exec.start = 'sh /who';
         inner {} same { exec.fib = 2; } other { exec.fib = 0; }\n",
    );
    sandbox.ok("chmod 700 /home/r/inner");
    let outer = "jail -q -c name=outer path=/home/r persist mount.devfs children.max=3 ip4=inherit \
                 ip6=inherit exec.fib=2 2> /dev/null";
    check(
        &sandbox,
        &format!(
            "\
$ {outer}; jexec -l outer jail -q -c inner
r2 [::ffff:10.0.2.1]
r2 [fd00:2::1]
$ jexec -l outer jexec inner sh /who
r2 [::ffff:10.0.2.1]
r2 [fd00:2::1]
$ jexec -l outer jail -q -c same
r2 [::ffff:10.0.2.1]
r2 [fd00:2::1]
$ jexec -l outer jail -q -c other
jail: other: exec.fib: 0: a jail inside a jail has the fib of that one, 2 here (/etc/jail.conf line 2)
[1]
$ jail -q -c name=outer.hosts path=/home/r/inner persist ip4=inherit ip6=inherit exec.fib=0 exec.start='sh /who' 2> /dev/null
r1 [::ffff:10.0.1.1]
r1 [fd00:1::1]
$ jail -q -r outer
"
        ),
    );
    end(&sandbox);
}

/// The kernel's own answers from addresses of an interface with a fib leave by it.
#[test]
fn an_interface_answers_by_its_table() {
    let Some(sandbox) = between_two_routers() else { return };
    // Only fib 2 leads back to these.
    let ask = "for ask in '-I 198.51.100.7 10.0.2.1' '-I 198.51.100.7 10.9.0.1' '-I 2001:db8::9 fd00:2::1'; do \
               ip netns exec r2 busybox ping -c 1 -W 1 $ask | grep -c 'bytes from'; done";
    check(
        &sandbox,
        &format!(
            "\
$ ifconfig e2 inet 10.9.0.1/24 alias; {ask} | xargs
0 0 0
$ ifconfig e2 fib 2; {ask} | xargs
1 1 1
$ (ip rule; ip -6 rule) | grep from.*ipproto
1100:	from 10.0.2.1 ipproto icmp lookup 9002 proto 107
1100:	from 10.9.0.1 ipproto icmp lookup 9002 proto 107
1100:	from fd00:2::1 ipproto ipv6-icmp lookup 9002 proto 107
$ ifconfig e2 inet 10.9.0.1 -alias; ip rule | grep -c ipproto
1
$ ifconfig e2 fib 0; (ip rule; ip -6 rule) | grep -c -e ipproto -e iif; {ask} | xargs
0
0 0 0
"
        ),
    );
    end(&sandbox);
}

/// What comes by an interface with a fib is sent on by that fib's routes, and the networks of the
/// interface's addresses are in the fib's table, however they change.
#[test]
fn an_interface_has_a_table() {
    let Some(sandbox) = between_two_routers() else { return };
    sandbox.ok("sysctl net.inet.ip.forwarding=1 net.inet6.ip6.forwarding=1");
    let ask = "ip netns exec r1 busybox ping -c 1 -W 1 198.51.100.7 | grep -c 'bytes from'";
    check(
        &sandbox,
        &format!(
            "\
$ {ask}
0
[1]
$ ifconfig e1 fib 2; ifconfig e1 | grep -A 1 fib; {ask}
	fib: 2
	media: Ethernet 10Gbase-T (10Gbase-T <full-duplex>)
1
$ netstat -rn -4 -F 2 | tail -n +5; netstat -rn -6 -F 2 | awk '/fd00/ {{ print $1, $NF }}'
default            10.0.2.254         UGS              e2
10.0.1.0/24        link#2             U                e1
default e2
fd00:1::/64 e1
$ ifconfig e1 inet 10.9.0.1/24 alias; ifconfig e1 inet 10.0.1.1 -alias; netstat -rn -4 -F 2 | tail -n +5
default            10.0.2.254         UGS              e2
10.9.0.0/24        link#2             U                e1
$ ifconfig e1 down; netstat -rn -4 -F 2 | grep -c e1; ifconfig e1 up; netstat -rn -4 -F 2 | grep e1
0
10.9.0.0/24        link#2             U                e1
$ ifconfig e1 name wan; ifconfig wan | grep fib; ip rule | grep iif
wan
	fib: 2
1100:	from all iif wan lookup 9002 proto 107
1101:	from all iif wan unreachable proto 107
$ ifconfig wan fib 3; netstat -rn -4 -F 2 | grep -c wan; netstat -rn -4 -F 3 | grep wan; ip rule | grep iif
0
10.9.0.0/24        link#2             U               wan
1100:	from all iif wan lookup 9003 proto 107
1101:	from all iif wan unreachable proto 107
$ ifconfig wan fib 0; ifconfig wan | grep fib; ip rule | grep iif; netstat -rn -4 -F 3
Routing tables (fib: 3)
$ ifconfig wan fib 16
ifconfig: ioctl (SIOCSIFFIB): Invalid argument (there are fibs 0 to 15)
[1]
$ ifconfig nothing0 fib 1
ifconfig: interface nothing0 does not exist
[1]
$ ifconfig wan fib 1 name e1; ifconfig epair5 create > /dev/null; ifconfig epair5a fib 1; ifconfig epair5a destroy; ip rule | grep -c iif
e1
2
"
        ),
    );
    end(&sandbox);
}

/// What nothing needs any more is named by kletka doctor, with the command that removes it.
#[test]
fn what_is_left_over() {
    let Some(sandbox) = Sandbox::new() else { return };
    sandbox.ok("setfib 2 true; ifconfig epair1 create; ifconfig epair1a inet 10.0.0.1/24 up");
    // The group of that command goes in its own time.
    let left = "kletka doctor | grep -e ^fib -e '^control group'";
    sandbox.ok(&format!("until [ \"$({left} | grep -c .)\" = 4 ]; do :; done"));
    let lines = "\
fib 2: left over: it has no routes and no jail: ip rule del pref 1100 fwmark 0x3000000/0x1f000000
fib 2: left over: it has no routes and no jail: ip rule del pref 1101 fwmark 0x3000000/0x1f000000
fib 2: left over: it has no routes and no jail: ip -6 rule del pref 1100 fwmark 0x3000000/0x1f000000
fib 2: left over: it has no routes and no jail: ip -6 rule del pref 1101 fwmark 0x3000000/0x1f000000
";
    assert_eq!(sandbox.ok(left), lines);
    sandbox.root("/home/r");
    for used in [
        ("route -q add -fib 2 default 10.0.0.2", "route -q delete -fib 2 default"),
        ("jail -q -c name=x path=/home/r persist exec.fib=2", "jail -q -r x"),
        ("setfib 5 sh -c 'sleep 100 & echo $! > /tmp/pid'", "kill $(cat /tmp/pid)"),
    ] {
        sandbox.ok(used.0);
        assert_eq!(sandbox.run(left).stdout, "", "{}", used.0);
        sandbox.ok(used.1);
    }
    // A group whose keeper was killed: a command that has ended leaves it.
    sandbox.write(
        "/tmp/alone",
        "cat /proc/self/cgroup > /tmp/group
for process in /proc/[0-9]*; do
    tr '\\0' ' ' < $process/cmdline | grep -q '^setfib 2' && kill -9 ${process#/proc/}
done
true
",
    );
    sandbox.ok("setfib 2 sh /tmp/alone");
    let group =
        "find /sys/fs/cgroup -path \"*$(sed -n s/^0:://p /tmp/group)\" -type d 2> /dev/null";
    let path = sandbox.run(group).stdout;
    let path = path.trim();
    let line = format!(
        "control group {path}: left over: setfib has made it, and no process is in it: rmdir {path}\n"
    );
    assert_eq!(sandbox.ok("kletka doctor | grep '^control group'"), line);
    // The next one clears it.
    sandbox.ok(&format!("setfib 3 true; [ ! -e {path} ]"));
    sandbox.ok("kletka doctor | sed -n 's/^fib.*jail: //p' | sh");
    assert_eq!(sandbox.run(left).stdout, "");
    assert!(!sandbox.ok("ip rule; ip -6 rule").contains("fwmark"));
    sandbox.ok("ifconfig epair1a destroy");
}
